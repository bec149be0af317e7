//! Signals: what of a player's wagers looks like abuse, and what a person decides about the points that are held.

use std::collections::BTreeMap;
use std::ops::Bound;

use accolade_domain::signal::{SignalKind, SignalState};
use accolade_engine::partition::Partition;
use accolade_engine::players::Ordinal;
use accolade_engine::tables::Excerpt;
use accolade_engine::tables::requests::RequestKey;
use accolade_engine::tables::signals::{Closed, Raised, Signals};
use accolade_wire::control::Command;
use accolade_wire::notice::signal::Finding;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use crate::call::Call;
use crate::description::schemas::one_of;
use crate::dry_run::respond_to_change;
use crate::problem::Problem;
use crate::program::read_why;
use crate::requests::{Found, Requests, change};
use crate::shapes::{Exact, ExactPoints, ExactRate, Time};
use crate::trail::About;

/// A signal that a wager has raised.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Signal, example = json!({
    "id": "3-17-2045-1", "playerId": "player-456", "operatorId": "operator-789", "state": "open",
    "wagerId": "w-1", "wageredAt": "2026-11-20T10:29:58Z",
    "signals": [{ "name": "jump", "kind": "stakeJump", "observed": 25.5, "line": 20 }],
    "points": 120.00, "programVersion": 3, "raisedAt": "2026-11-20T10:30:00Z",
    "closedAt": null, "by": null, "why": null
}))]
pub(crate) struct SignalShape {
    id: String,
    player_id: String,
    operator_id: String,
    #[schema(schema_with = states)]
    state: &'static str,
    wager_id: Box<str>,
    wagered_at: Time,
    /// The lines that the wager is above.
    signals: Vec<FindingShape>,
    /// Points of the wager that were held when it was raised.
    points: ExactPoints,
    program_version: u32,
    raised_at: Time,
    /// When a person has decided, or the wager was voided; of one that is noted, when it was raised.
    #[schema(required)]
    closed_at: Option<Time>,
    /// Who has decided.
    #[schema(required)]
    by: Option<Box<str>>,
    /// What that person said.
    #[schema(required)]
    why: Option<Box<str>>,
}

/// A line that a wager is above.
#[derive(Serialize, ToSchema)]
#[schema(as = SignalFinding)]
struct FindingShape {
    /// The signal's name in the program.
    name: Box<str>,
    #[schema(schema_with = kinds)]
    kind: &'static str,
    /// What was measured, to eight decimals, rounded down.
    observed: ExactRate,
    line: ExactRate,
}

fn states() -> Schema {
    one_of(SignalState::ALL.map(SignalState::code))
}

fn kinds() -> Schema {
    one_of(SignalKind::ALL.map(SignalKind::code))
}

impl From<Finding> for FindingShape {
    fn from(Finding { name, kind, observed, line }: Finding) -> Self {
        Self { name, kind: kind.code(), observed: Exact(observed), line: Exact(line) }
    }
}

/// Signals, as requests that are found.
pub(crate) enum Kind {}

impl Requests for Kind {
    type Open = Raised;
    type Closed = Signals;
    type Shape = SignalShape;

    const OPEN_PATH: &'static str = "/cluster/v1/signals";
    const OPEN_STATES: &'static [(&'static str, ())] = &[("open", ())];

    fn open(partition: &Partition, player: Ordinal) -> BTreeMap<RequestKey, Raised> {
        partition.held_signals(player).map(|(key, raised)| (key, raised.clone())).collect()
    }

    fn all_open(
        partition: &Partition,
        from: RequestKey,
    ) -> impl Iterator<Item = (&RequestKey, &Raised)> {
        partition.tables().held_signals.iter_from(from)
    }

    fn is_open(_: &Partition, _: &Raised) -> bool {
        true
    }

    fn closed(partition: &Partition, from: Bound<&RequestKey>, count: usize) -> Excerpt<Signals> {
        partition.tables().signals.excerpt(from, count)
    }

    fn shape(
        key: RequestKey,
        found: Found<Raised, Closed>,
        operator: &str,
        player: &str,
    ) -> SignalShape {
        let said = |text: Box<str>| Some(text).filter(|text| !text.is_empty());
        let (raised, state, closed_at, by, why) = match found {
            Found::Open(raised) => (raised, SignalState::Held, None, None, None),
            Found::Closed(Closed { raised, state, who, why, closed_at }) => {
                (raised, state, Some(Time(closed_at)), said(who), said(why))
            }
        };
        let Raised { findings, wager_id, at, version, raised_at, held } = raised;
        SignalShape {
            id: key.id(),
            player_id: player.to_owned(),
            operator_id: operator.to_owned(),
            state: state.code(),
            wager_id,
            wagered_at: Time(at),
            signals: findings.into_iter().map(FindingShape::from).collect(),
            points: Exact(held.points),
            program_version: version,
            raised_at: Time(raised_at),
            closed_at,
            by,
            why,
        }
    }
}

/// Lets go of the points that are held.
pub(crate) async fn release(call: Call) -> Result<Response, Problem> {
    decide(call, SignalState::Released).await
}

/// Takes the points that are held.
pub(crate) async fn take(call: Call) -> Result<Response, Problem> {
    decide(call, SignalState::Taken).await
}

async fn decide(call: Call, state: SignalState) -> Result<Response, Problem> {
    let takes = state == SignalState::Taken;
    let changed = change(call, read_why, |why, asks| Command::DecideSignal {
        id: asks.id,
        signal: asks.request,
        takes,
        why,
        who: asks.who,
    })
    .await?;
    let (player, mut shape) = changed.named::<Kind>().await?;
    if changed.is_dry {
        shape.state = state.code();
    }
    let response = respond_to_change(changed.carried.status(), &shape, changed.is_dry);
    Ok(About::put(Some(player), response))
}
