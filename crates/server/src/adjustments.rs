//! What people change balances by, and balances of the system before.

use std::collections::BTreeMap;
use std::ops::Bound;

use accolade_domain::amount::Points;
use accolade_engine::partition::Partition;
use accolade_engine::players::Ordinal;
use accolade_engine::tables::Excerpt;
use accolade_engine::tables::adjustments::{Adjustment, Adjustments, Decided};
use accolade_engine::tables::requests::{Found, RequestKey};
use accolade_engine::tables::requests_by_time::RequestKind;
use accolade_wire::control::Command;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use crate::call::Call;
use crate::description::schemas::one_of;
use crate::dry_run::respond_to_change;
use crate::fields::{fields_of, read_why};
use crate::players::done_or_accepted;
use crate::problem::Problem;
use crate::requests::by_time::{Listed, Timed};
use crate::requests::{Changed, Requests, change, change_of, unless_empty};
use crate::service::now;
use crate::shapes::{Exact, ExactPoints, Time};
use crate::submit::Carried;

/// What a person has changed a balance by, or wants to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Adjustment, example = json!({
    "id": "3-17-2045-1", "playerId": "player-456", "operatorId": "operator-789", "state": "waiting",
    "points": -12.50, "why": "counted twice by the old system", "by": "key:support-1",
    "askedAt": "2026-11-20T10:30:00Z", "decidedAt": null, "decidedBy": null, "decision": null
}))]
pub(crate) struct AdjustmentShape {
    /// Nothing in a dry run, and where it is durable and not carried out yet.
    #[schema(required)]
    id: Option<String>,
    player_id: String,
    operator_id: String,
    #[schema(schema_with = states)]
    state: &'static str,
    points: ExactPoints,
    /// Why, in words. A player's token sees neither this nor who has asked and decided.
    #[schema(required)]
    why: Option<Box<str>>,
    /// Who has asked for it.
    #[schema(required)]
    by: Option<Box<str>>,
    #[schema(required)]
    asked_at: Option<Time>,
    /// When it was made or rejected.
    #[schema(required)]
    decided_at: Option<Time>,
    /// The second person; nothing where none had to approve.
    #[schema(required)]
    decided_by: Option<Box<str>>,
    /// What that person said.
    #[schema(required)]
    decision: Option<Box<str>>,
}

fn states() -> Schema {
    one_of(["waiting", "made", "rejected", "accepted"])
}

/// Adjustments, as requests that are found.
pub(crate) enum Kind {}

impl Requests for Kind {
    type Open = Adjustment;
    type Closed = Adjustments;
    type Shape = AdjustmentShape;

    const NOUN: &'static str = "adjustment";
    const OPEN_PATH: &'static str = "/cluster/v1/adjustments";
    const OPEN_STATES: &'static [(&'static str, ())] = &[("waiting", ())];

    fn open(partition: &Partition, player: Ordinal) -> BTreeMap<RequestKey, Adjustment> {
        let own = partition.tables().waiting_adjustments.of(player);
        own.map(|(key, adjustment)| (*key, adjustment.clone())).collect()
    }

    fn all_open(
        partition: &Partition,
        from: RequestKey,
    ) -> impl Iterator<Item = (&RequestKey, &Adjustment)> {
        partition.tables().waiting_adjustments.iter_from(from)
    }

    fn closed(
        partition: &Partition,
        from: Bound<&RequestKey>,
        count: usize,
    ) -> Excerpt<Adjustments> {
        partition.tables().adjustments.excerpt(from, count)
    }

    fn shape(
        key: RequestKey,
        found: Found<Adjustment, Decided>,
        operator: &str,
        player: &str,
    ) -> AdjustmentShape {
        let (adjustment, state, decided_at, decided_by, decision) = match found {
            Found::Open(adjustment) => (adjustment, "waiting", None, None, None),
            Found::Closed(Decided { adjustment, is_made, who, why, decided_at }) => {
                let state = if is_made { "made" } else { "rejected" };
                (adjustment, state, Some(Time(decided_at)), unless_empty(who), unless_empty(why))
            }
        };
        let Adjustment { points, why, who, asked_at } = adjustment;
        AdjustmentShape {
            id: Some(key.id()),
            player_id: player.to_owned(),
            operator_id: operator.to_owned(),
            state,
            points: Exact(points),
            why: Some(why),
            by: Some(who),
            asked_at: Some(Time(asked_at)),
            decided_at,
            decided_by,
            decision,
        }
    }

    fn hide_words(shape: &mut AdjustmentShape) {
        (shape.why, shape.by, shape.decided_by, shape.decision) = (None, None, None, None);
    }
}

impl Timed for Kind {
    const KIND: RequestKind = RequestKind::Adjustment;
    const TIMED_PATH: &'static str = "/cluster/v1/adjustments/by-time";
    const LISTED: &'static [(&'static str, Listed)] = &[
        ("waiting", Listed::Open),
        ("made", Listed::Other),
        ("rejected", Listed::Other),
        ("all", Listed::All),
    ];

    fn state(shape: &AdjustmentShape) -> &'static str {
        shape.state
    }
}

/// Changes a balance, or has that wait for a second person.
pub(crate) async fn adjust(call: Call) -> Result<Response, Problem> {
    let by: Box<str> = (*call.principal.subject).into();
    let mut asked = None;
    let read = |body: &[u8]| {
        let [points, why] = fields_of(body, &["points", "why"])?;
        let (why, points) = (why.why()?, points.points(true)?);
        asked = Some((points, why.clone()));
        Ok((points.hundredths(), why))
    };
    let changed = change(call, read, |(points, why), asks| Command::Adjust {
        id: asks.id,
        player_id: asks.player,
        points,
        why,
        who: asks.who,
    })
    .await?;
    let (points, why) = asked.expect("the body was read");
    let state = if changed.is_dry { changed.would_be(points)? } else { "accepted" };
    let to_be = |changed: &Changed| AdjustmentShape {
        id: None,
        player_id: changed.name.clone(),
        operator_id: changed.operator.id.to_string(),
        state,
        points: Exact(points),
        why: Some(why.into()),
        by: Some(by),
        asked_at: None,
        decided_at: None,
        decided_by: None,
        decision: None,
    };
    changed.answer::<Kind>(to_be).await
}

impl Changed {
    /// Whether an adjustment that was only tried would be made, or wait for a second person.
    fn would_be(&self, points: Points) -> Result<&'static str, Problem> {
        let operator = self.service.operator(&self.operator)?;
        let version = operator.versions.at(now());
        let above = version.and_then(|version| version.program.program.approval_above);
        let waits = above.is_some_and(|above| points.max(points.negated()) > above);
        Ok(if waits { "waiting" } else { "made" })
    }
}

/// Has an adjustment made that waits.
pub(crate) async fn approve(call: Call) -> Result<Response, Problem> {
    decide(call, true).await
}

/// Has an adjustment that waits not made.
pub(crate) async fn reject(call: Call) -> Result<Response, Problem> {
    decide(call, false).await
}

async fn decide(call: Call, approves: bool) -> Result<Response, Problem> {
    let mut said = None;
    let changed = change_of::<Kind, _>(call, read_why, |why, asks| {
        said = Some(why.clone().into());
        Command::Decide { id: asks.id, adjustment: asks.request, approves, why, who: asks.who }
    })
    .await?;
    let who = changed.who.clone();
    changed
        .answer_named::<Kind>(|shape| {
            shape.state = if approves { "made" } else { "rejected" };
            shape.decided_at = Some(Time(now()));
            (shape.decided_by, shape.decision) = (Some(who), said);
        })
        .await
}

/// A balance of the system before.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OpeningTaken)]
pub(crate) struct OpeningShape {
    player_id: String,
    operator_id: String,
    points: ExactPoints,
    #[schema(schema_with = done_or_accepted)]
    outcome: &'static str,
}

/// Takes over a player's balance of the system before.
pub(crate) async fn open(call: Call) -> Result<Response, Problem> {
    let mut asked = None;
    let read = |body: &[u8]| {
        let [points] = fields_of(body, &["points"])?;
        let points = points.points(false)?;
        asked = Some(points);
        Ok(points.hundredths())
    };
    let changed = change(call, read, |points, asks| Command::TakeOver {
        id: asks.id,
        player_id: asks.player,
        points,
        who: asks.who,
    })
    .await?;
    let Changed { operator, name, is_dry, carried, .. } = changed;
    let shape = OpeningShape {
        player_id: name,
        operator_id: operator.id.to_string(),
        points: Exact(asked.expect("the body was read")),
        outcome: if carried == Carried::NotYet { "accepted" } else { "done" },
    };
    Ok(respond_to_change(carried.status(), &shape, is_dry))
}
