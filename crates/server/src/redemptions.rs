//! Redemptions: points are reserved, and spent once that is confirmed.

use std::collections::BTreeMap;
use std::ops::Bound;

use accolade_domain::event::ID_BYTES_MAX;
use accolade_domain::redemption::RedemptionState;
use accolade_engine::partition::Partition;
use accolade_engine::players::Ordinal;
use accolade_engine::tables::Excerpt;
use accolade_engine::tables::redemptions::{Redemption, Redemptions};
use accolade_engine::tables::requests::RequestKey;
use accolade_engine::tables::reservations::Reservation;
use accolade_wire::control::Command;
use accolade_wire::json;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use crate::call::Call;
use crate::description::schemas::one_of;
use crate::dry_run::respond_to_change;
use crate::players::LotShape;
use crate::problem::{Problem, Refusal};
use crate::program::read_why;
use crate::requests::{Changed, Found, Requests, change, points_of, text_of};
use crate::shapes::{Exact, ExactPoints, Time};
use crate::trail::About;

/// A redemption.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Redemption, example = json!({
    "id": "3-17-2045-1", "playerId": "player-456", "operatorId": "operator-789", "state": "reserved",
    "points": 500.00, "item": "ten free spins", "lots": [{ "month": "2026-10", "points": 500.00, "maturesAt": null }],
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
    /// Why it was cancelled, where somebody has said so.
    #[schema(required)]
    why: Option<Box<str>>,
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
        reservation.hold_until > partition.time()
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
        let (reservation, state, closed_at, why) = match found {
            Found::Open(open) => (open, RedemptionState::Reserved, None, None),
            Found::Closed(Redemption { reservation, state, closed_at, why, .. }) => {
                (reservation, state, Some(Time(closed_at)), Some(why).filter(|why| !why.is_empty()))
            }
        };
        let Reservation { points, lots, item, version, reserved_at, hold_until, .. } = reservation;
        RedemptionShape {
            id: Some(key.id()),
            player_id: player.to_owned(),
            operator_id: operator.to_owned(),
            state: state.code(),
            points: Exact(points),
            item,
            lots: lots.iter().map(|lot| LotShape::of(lot.month, lot.points, None)).collect(),
            program_version: Some(version),
            reserved_at: Some(Time(reserved_at)),
            hold_until: Some(Time(hold_until)),
            closed_at,
            why,
        }
    }
}

/// Reserves points of a player.
pub(crate) async fn reserve(call: Call) -> Result<Response, Problem> {
    let mut asked = None;
    let read = |body: &[u8]| {
        let [points, item] = json::fields(body, &["points", "item"])
            .map_err(|problem| Problem::fields(Refusal::Malformed, [problem]))?;
        let points = points_of(points, "/points", false)?;
        let item = text_of(item, "/item", ID_BYTES_MAX)?;
        asked = Some((points, item.clone()));
        Ok((points.hundredths(), item))
    };
    let changed = change(call, read, |(points, item), asks| Command::Reserve {
        id: asks.id,
        player_id: asks.player,
        points,
        item,
        who: asks.who,
    })
    .await?;
    let (points, item) = asked.expect("the body was read");
    if let Some(shape) = changed.made_now::<Kind>().await? {
        return Ok(respond_to_change(StatusCode::OK, &shape, changed.is_dry));
    }
    let Changed { operator, name, is_dry, carried, made, .. } = changed;
    let state = if made.is_some() { RedemptionState::Reserved.code() } else { "accepted" };
    let shape = RedemptionShape {
        id: None,
        player_id: name,
        operator_id: operator.id.to_string(),
        state,
        points: Exact(points),
        item: item.into(),
        lots: Vec::new(),
        program_version: None,
        reserved_at: None,
        hold_until: None,
        closed_at: None,
        why: None,
    };
    Ok(respond_to_change(carried.status(), &shape, is_dry))
}

/// Spends what is reserved.
pub(crate) async fn confirm(call: Call) -> Result<Response, Problem> {
    let changed = change(
        call,
        |_| Ok(()),
        |(), asks| Command::Confirm { id: asks.id, redemption: asks.request, who: asks.who },
    )
    .await?;
    closed(changed, RedemptionState::Confirmed).await
}

/// Gives back what is reserved.
pub(crate) async fn cancel(call: Call) -> Result<Response, Problem> {
    let changed = change(call, read_why, |why, asks| Command::Cancel {
        id: asks.id,
        redemption: asks.request,
        why,
        who: asks.who,
    })
    .await?;
    closed(changed, RedemptionState::Cancelled).await
}

async fn closed(changed: Changed, state: RedemptionState) -> Result<Response, Problem> {
    let (player, mut shape) = changed.named::<Kind>().await?;
    if changed.is_dry {
        shape.state = state.code();
    }
    let response = respond_to_change(changed.carried.status(), &shape, changed.is_dry);
    Ok(About::put(Some(player), response))
}
