//! Redemptions: points are reserved, and spent once that is confirmed.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::{Duration, Instant};

use accolade_domain::amount::Points;
use accolade_domain::event::ID_BYTES_MAX;
use accolade_domain::outcome::Declined;
use accolade_domain::redemption::RedemptionState;
use accolade_engine::partition::Partition;
use accolade_engine::players::Ordinal;
use accolade_engine::tables::Excerpt;
use accolade_engine::tables::redemptions::{Redemption, Redemptions};
use accolade_engine::tables::requests::{Found, RequestKey};
use accolade_engine::tables::requests_by_time::RequestKind;
use accolade_engine::tables::reservations::Reservation;
use accolade_wire::control::Command;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use crate::call::Call;
use crate::description::schemas::one_of;
use crate::dry_run::respond_to_change;
use crate::fields::{fields_of, read_why};
use crate::players::LotShape;
use crate::principal::Known;
use crate::problem::{Problem, Refusal, not_yet};
use crate::requests::by_time::{Listed, Timed};
use crate::requests::{Changed, Requests, change, change_of, unless_empty};
use crate::service::{Service, now};
use crate::shapes::{Exact, ExactPoints, Time};

/// How often it is looked whether a stock has answered.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A redemption.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Redemption, example = json!({
    "id": "3-17-2045-1", "playerId": "player-456", "operatorId": "operator-789", "state": "reserved",
    "points": 500.00, "item": "ten free spins", "rewardId": null, "lots": [{ "month": "2026-10", "points": 500.00, "maturesAt": null }],
    "programVersion": 3, "reservedAt": "2026-11-20T10:30:00Z", "holdUntil": "2026-11-20T10:45:00Z",
    "closedAt": null, "why": null
}))]
pub(crate) struct RedemptionShape {
    /// Nothing in a dry run, and where it is durable and not made yet.
    #[schema(required)]
    id: Option<String>,
    player_id: String,
    operator_id: String,
    #[schema(schema_with = states)]
    state: &'static str,
    points: ExactPoints,
    /// What they are to be spent on; may be empty.
    item: Box<str>,
    /// The reward, where it is one of the catalogue.
    #[schema(required)]
    reward_id: Option<Box<str>>,
    /// Which points those are, oldest first.
    lots: Vec<LotShape>,
    #[schema(required)]
    program_version: Option<u32>,
    #[schema(required)]
    reserved_at: Option<Time>,
    /// At exactly this time it has lapsed, unless it was confirmed or cancelled before.
    #[schema(required)]
    hold_until: Option<Time>,
    /// When it was confirmed or cancelled, or has lapsed.
    #[schema(required)]
    closed_at: Option<Time>,
    /// Why it was cancelled, where somebody has said so. A player's token does not see it.
    #[schema(required)]
    why: Option<Box<str>>,
    /// Its points were given back since the reward was not in stock.
    #[serde(skip)]
    is_out_of_stock: bool,
}

fn states() -> Schema {
    one_of(RedemptionState::ALL.iter().map(|state| state.code()).chain(["accepted"]))
}

/// Redemptions, as requests that are found.
pub(crate) enum Kind {}

impl Requests for Kind {
    type Open = Reservation;
    type Closed = Redemptions;
    type Shape = RedemptionShape;

    const NOUN: &'static str = "redemption";
    const OPEN_PATH: &'static str = "/cluster/v1/redemptions";
    const OPEN_STATES: &'static [(&'static str, ())] = &[("reserved", ())];

    fn open(partition: &Partition, player: Ordinal) -> BTreeMap<RequestKey, Reservation> {
        partition.reserved(player).map(|(key, reservation)| (key, reservation.clone())).collect()
    }

    fn all_open(
        partition: &Partition,
        from: RequestKey,
    ) -> impl Iterator<Item = (&RequestKey, &Reservation)> {
        partition.tables().reservations.iter_from(from)
    }

    fn is_open(partition: &Partition, reservation: &Reservation) -> bool {
        // Nobody fulfils what may not be in stock.
        reservation.hold_until > partition.time() && !reservation.is_requested()
    }

    fn closed(
        partition: &Partition,
        from: Bound<&RequestKey>,
        count: usize,
    ) -> Excerpt<Redemptions> {
        partition.tables().redemptions.excerpt(from, count)
    }

    fn shape(
        key: RequestKey,
        found: Found<Reservation, Redemption>,
        operator: &str,
        player: &str,
    ) -> RedemptionShape {
        let is_out_of_stock = matches!(&found, Found::Closed(closed) if closed.is_out_of_stock());
        let (reservation, state, closed_at, why) = match found {
            Found::Open(open) if open.is_requested() => {
                (open, RedemptionState::Requested, None, None)
            }
            Found::Open(open) => (open, RedemptionState::Reserved, None, None),
            Found::Closed(Redemption { reservation, state, closed_at, why, .. }) => {
                (reservation, state, Some(Time(closed_at)), unless_empty(why))
            }
        };
        let Reservation { points, lots, item, version, reserved_at, hold_until, reward, .. } =
            reservation;
        RedemptionShape {
            id: Some(key.id()),
            player_id: player.to_owned(),
            operator_id: operator.to_owned(),
            state: state.code(),
            points: Exact(points),
            item,
            reward_id: reward.map(|wanted| wanted.id),
            lots: lots.iter().map(|lot| LotShape::of(lot.month, lot.points, None)).collect(),
            program_version: Some(version),
            reserved_at: Some(Time(reserved_at)),
            hold_until: Some(Time(hold_until)),
            closed_at,
            why,
            is_out_of_stock,
        }
    }

    fn hide_words(shape: &mut RedemptionShape) {
        shape.why = None;
    }
}

impl Timed for Kind {
    const KIND: RequestKind = RequestKind::Redemption;
    const TIMED_PATH: &'static str = "/cluster/v1/redemptions/by-time";
    const LISTED: &'static [(&'static str, Listed)] = &[
        ("reserved", Listed::Open),
        ("requested", Listed::Other),
        ("confirmed", Listed::Other),
        ("cancelled", Listed::Other),
        ("lapsed", Listed::Other),
        ("all", Listed::All),
    ];

    fn state(shape: &RedemptionShape) -> &'static str {
        shape.state
    }
}

/// What points are to be spent on.
#[derive(Clone)]
enum Spending {
    /// So many, on whatever the operator calls it.
    Points(Points, String),
    /// A reward of the catalogue.
    Reward { id: String, segment: Option<String>, jurisdiction: Option<String> },
}

/// Reads what is asked for; `is_own` where a player's own token asks.
fn read_spending(body: &[u8], is_own: bool) -> Result<Spending, Problem> {
    let [points, item, reward, segment, jurisdiction] =
        fields_of(body, &["points", "item", "rewardId", "playerSegment", "jurisdiction"])?;
    let id = reward.short_text(ID_BYTES_MAX)?;
    let segment = segment.short_text(ID_BYTES_MAX)?;
    let jurisdiction = jurisdiction.short_text(ID_BYTES_MAX)?;
    if is_own && (segment.is_some() || jurisdiction.is_some()) {
        let detail = "a player does not say their own segment or jurisdiction";
        return Err(Problem::new(Refusal::Forbidden, detail));
    }
    let Some(id) = id else {
        let item = item.short_text(ID_BYTES_MAX)?.unwrap_or_default();
        return Ok(Spending::Points(points.points(false)?, item));
    };
    if points.is_said() || item.is_said() {
        let detail = "a reward has its own price and name: expected either `points` or `rewardId`";
        return Err(reward.wrong(detail));
    }
    Ok(Spending::Reward { id, segment, jurisdiction })
}

/// Reserves points of a player.
pub(crate) async fn reserve(call: Call) -> Result<Response, Problem> {
    let is_own = call.principal.player.is_some();
    let (service, operator) = (call.service.clone(), call.operator());
    let mut asked = None;
    let read = |body: &[u8]| {
        let spending = read_spending(body, is_own)?;
        asked = Some(spending.clone());
        Ok(spending)
    };
    let changed = change(call, read, |spending, asks| match spending {
        Spending::Points(points, item) => Command::Reserve {
            id: asks.id,
            player_id: asks.player,
            points: points.hundredths(),
            item,
            who: asks.who,
        },
        Spending::Reward { id: reward, segment, jurisdiction } => Command::Redeem {
            id: asks.id,
            player_id: asks.player,
            reward,
            segment,
            jurisdiction,
            who: asks.who,
        },
    })
    .await
    .map_err(|problem| service.with_minimum(&operator, problem))?;
    if let Some(mut shape) = once_answered(&changed).await? {
        if shape.is_out_of_stock {
            return Err(Declined::OutOfStock.into());
        }
        if is_own {
            Kind::hide_words(&mut shape);
        }
        return Ok(respond_to_change(StatusCode::OK, &shape, changed.is_dry));
    }
    let spending = asked.expect("the body was read");
    let shape = to_be(&changed, spending)?;
    Ok(respond_to_change(changed.carried.status(), &shape, changed.is_dry))
}

impl Service {
    /// A problem with points that are too few says how many would do.
    fn with_minimum(&self, operator: &Known, problem: Problem) -> Problem {
        let operator = self.operator(operator).ok();
        let version = operator.as_ref().and_then(|operator| operator.versions.at(now()));
        match version {
            Some(version) if problem.refusal == Refusal::BelowMinimum => {
                let least = version.program.program.redemption.min_points;
                let detail = format!(
                    "the program in force lets no fewer than {least} be redeemed (`redemption.minPoints`)"
                );
                Problem::field(Refusal::BelowMinimum, "/points", detail)
            }
            Some(_) | None => problem,
        }
    }
}

/// The redemption that was made, once it is known whether its reward is in stock; as it is where that takes too long.
async fn once_answered(changed: &Changed) -> Result<Option<RedemptionShape>, Problem> {
    let until = Instant::now() + Duration::from_millis(changed.service.settings.wait_ms);
    loop {
        let shape = changed.made_now::<Kind>().await?;
        let waits = |shape: &RedemptionShape| shape.state == RedemptionState::Requested.code();
        if !shape.as_ref().is_some_and(waits) || Instant::now() > until {
            return Ok(shape);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// A redemption that is not made yet, or would be.
fn to_be(changed: &Changed, spending: Spending) -> Result<RedemptionShape, Problem> {
    let (points, item, reward_id, is_stocked) = match spending {
        Spending::Points(points, item) => (points, item, None, false),
        Spending::Reward { id, .. } => {
            let reward = changed.service.reward(&changed.operator, &id).map_err(|_| not_yet())?;
            let name = reward.terms().name.clone();
            let rules = reward.rules();
            (rules.points, name, Some(id.into()), rules.is_stocked)
        }
    };
    let state = match changed.made {
        None => "accepted",
        Some(_) if is_stocked => RedemptionState::Requested.code(),
        Some(_) => RedemptionState::Reserved.code(),
    };
    Ok(RedemptionShape {
        id: None,
        player_id: changed.name.clone(),
        operator_id: changed.operator.id.to_string(),
        state,
        points: Exact(points),
        item: item.into(),
        reward_id,
        lots: Vec::new(),
        program_version: None,
        reserved_at: None,
        hold_until: None,
        closed_at: None,
        why: None,
        is_out_of_stock: false,
    })
}

/// Spends what is reserved.
pub(crate) async fn confirm(call: Call) -> Result<Response, Problem> {
    let changed = change_of::<Kind, _>(
        call,
        |_| Ok(()),
        |(), asks| Command::Confirm { id: asks.id, redemption: asks.request, who: asks.who },
    )
    .await?;
    changed
        .answer_named::<Kind>(|shape| {
            shape.state = RedemptionState::Confirmed.code();
            shape.closed_at.get_or_insert_with(|| Time(now()));
        })
        .await
}

/// Gives back what is reserved.
pub(crate) async fn cancel(call: Call) -> Result<Response, Problem> {
    let mut said = None;
    let changed = change_of::<Kind, _>(call, read_why, |why, asks| {
        said = Some(why.clone().into());
        Command::Cancel { id: asks.id, redemption: asks.request, why, who: asks.who }
    })
    .await?;
    changed
        .answer_named::<Kind>(|shape| {
            // What was cancelled before is answered as it is.
            if shape.closed_at.is_none() {
                shape.state = RedemptionState::Cancelled.code();
                (shape.closed_at, shape.why) = (Some(Time(now())), said);
            }
        })
        .await
}
