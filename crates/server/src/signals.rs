//! Signals: what of a player's wagers looks like abuse, and what a person decides about the points that are held.

use std::collections::BTreeMap;
use std::ops::Bound;

use accolade_domain::amount::{Points, Rate};
use accolade_domain::event::ID_BYTES_MAX;
use accolade_domain::ledger::Place;
use accolade_domain::signal::{OUTSIDE, SignalKind, SignalState};
use accolade_engine::partition::Partition;
use accolade_engine::players::Ordinal;
use accolade_engine::tables::Excerpt;
use accolade_engine::tables::requests::{Found, RequestKey};
use accolade_engine::tables::signals::{Closed, Raised, Signals};
use accolade_wire::control::Command;
use accolade_wire::identity::partition_of;
use accolade_wire::notice::signal::Finding;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use crate::call::Call;
use crate::description::schemas::one_of;
use crate::fields::{fields_of, read_why};
use crate::problem::Problem;
use crate::requests::{Changed, Requests, change, change_of, unless_empty};
use crate::service::{Service, now};
use crate::shapes::{Exact, ExactPoints, ExactRate, Time};
use crate::submit::blocking;

/// A signal that a wager has raised, or somebody outside.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Signal, example = json!({
    "id": "3-17-2045-1", "playerId": "player-456", "operatorId": "operator-789", "state": "open",
    "wagerId": "w-1", "wageredAt": "2026-11-20T10:29:58Z",
    "signals": [{ "name": "jump", "kind": "stakeJump", "observed": 25.5, "line": 20 }],
    "points": 120.00, "programVersion": 3, "raisedAt": "2026-11-20T10:30:00Z", "raisedBy": null, "raisedWhy": null,
    "closedAt": null, "by": null, "why": null
}))]
pub(crate) struct SignalShape {
    /// Nothing in a dry run, and where it is durable and not raised yet.
    #[schema(required)]
    id: Option<String>,
    player_id: String,
    operator_id: String,
    #[schema(schema_with = states)]
    state: &'static str,
    /// The wager that it is about; nothing where it is about none.
    #[schema(required)]
    wager_id: Option<Box<str>>,
    /// The wager's own time; nothing of one that was raised from outside.
    #[schema(required)]
    wagered_at: Option<Time>,
    /// The lines that the wager is above.
    signals: Vec<FindingShape>,
    /// Points of the wager that were held when it was raised; a dry run does not count them.
    points: ExactPoints,
    #[schema(required)]
    program_version: Option<u32>,
    #[schema(required)]
    raised_at: Option<Time>,
    /// Who has raised it from outside.
    #[schema(required)]
    raised_by: Option<Box<str>>,
    /// Why, in words.
    #[schema(required)]
    raised_why: Option<Box<str>>,
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
    one_of(SignalState::ALL.into_iter().map(SignalState::code).chain(["accepted"]))
}

fn kinds() -> Schema {
    one_of(SignalKind::ALL.into_iter().map(SignalKind::code).chain([OUTSIDE]))
}

impl From<Finding> for FindingShape {
    fn from(Finding { name, kind, observed, line }: Finding) -> Self {
        Self { name, kind: SignalKind::code_of(kind), observed: Exact(observed), line: Exact(line) }
    }
}

/// Signals, as requests that are found.
pub(crate) enum Kind {}

impl Requests for Kind {
    type Open = Raised;
    type Closed = Signals;
    type Shape = SignalShape;

    const NOUN: &'static str = "signal";
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

    fn closed(partition: &Partition, from: Bound<&RequestKey>, count: usize) -> Excerpt<Signals> {
        partition.tables().signals.excerpt(from, count)
    }

    fn shape(
        key: RequestKey,
        found: Found<Raised, Closed>,
        operator: &str,
        player: &str,
    ) -> SignalShape {
        let (raised, state, closed_at, by, why) = match found {
            Found::Open(raised) => (raised, SignalState::Held, None, None, None),
            Found::Closed(Closed { raised, state, who, why, closed_at, .. }) => {
                (raised, state, Some(Time(closed_at)), unless_empty(who), unless_empty(why))
            }
        };
        let Raised { findings, wager_id, at, version, raised_at, held, said } = raised;
        SignalShape {
            id: Some(key.id()),
            player_id: player.to_owned(),
            operator_id: operator.to_owned(),
            state: state.code(),
            wager_id: unless_empty(wager_id),
            wagered_at: said.who.is_empty().then_some(Time(at)),
            signals: findings.into_iter().map(FindingShape::from).collect(),
            points: Exact(held.points),
            program_version: Some(version),
            raised_at: Some(Time(raised_at)),
            raised_by: unless_empty(said.who),
            raised_why: unless_empty(said.why),
            closed_at,
            by,
            why,
        }
    }

    fn hide_words(shape: &mut SignalShape) {
        (shape.raised_by, shape.raised_why, shape.by, shape.why) = (None, None, None, None);
    }
}

/// What somebody outside says of a player.
#[derive(Clone)]
struct Raising {
    name: String,
    wager: Option<String>,
    holds: bool,
    why: String,
}

fn read_raising(body: &[u8]) -> Result<Raising, Problem> {
    let [name, wager, hold, why] = fields_of(body, &["name", "wagerId", "hold", "why"])?;
    let (wager_id, holds) = (wager.short_text(ID_BYTES_MAX)?, hold.flag()?.unwrap_or(false));
    if holds && wager_id.is_none() {
        return Err(wager.wrong("expected the wager whose points are to be held"));
    }
    let a_name = || name.expected(&format!("a text of 1 to {ID_BYTES_MAX} bytes"));
    let (why, said) = (why.why()?, name.short_text(ID_BYTES_MAX)?);
    Ok(Raising { name: said.ok_or_else(a_name)?, wager: wager_id, holds, why })
}

/// Raises a signal that nobody's program has found.
pub(crate) async fn raise(call: Call) -> Result<Response, Problem> {
    let by: Box<str> = (*call.principal.subject).into();
    let (service, player) = (call.service.clone(), call.name());
    let begins = blocking(move || service.next_batch(&player)).await??;
    let mut asked = None;
    let read = |body: &[u8]| {
        let raising = read_raising(body)?;
        asked = Some(raising.clone());
        Ok(raising)
    };
    let changed = change(call, read, |raising, asks| Command::RaiseSignal {
        id: asks.id,
        player_id: asks.player,
        name: raising.name,
        wager_id: raising.wager,
        hold: raising.holds,
        why: raising.why,
        who: asks.who,
    })
    .await?;
    let Raising { name, wager, holds, why } = asked.expect("the body was read");
    let (kind, zero) = (OUTSIDE, Exact(Rate::ZERO));
    let to_be = |changed: &Changed| SignalShape {
        id: None,
        player_id: changed.name.clone(),
        operator_id: changed.operator.id.to_string(),
        state: changed.would_raise(holds, begins),
        wager_id: wager.map(Into::into),
        wagered_at: None,
        signals: vec![FindingShape { name: name.into(), kind, observed: zero, line: zero }],
        points: Exact(Points::ZERO),
        program_version: None,
        raised_at: None,
        raised_by: Some(by),
        raised_why: Some(why.into()),
        closed_at: None,
        by: None,
        why: None,
    };
    changed.answer::<Kind>(to_be).await
}

impl Service {
    /// The batch that a player's partition folds next, where the partition is here.
    fn next_batch(&self, player: &str) -> Result<u64, Problem> {
        let partition = partition_of(player, self.partitions());
        Ok(self.read(partition, Partition::next_batch)?)
    }
}

impl Changed {
    /// The state of a signal that is not there; in a dry run the one that it would have. One whose points are held is
    /// found where its wager stands, which was folded before the batch that begins.
    fn would_raise(&self, holds: bool, begins: u64) -> &'static str {
        let Some(made) = self.made.filter(|_| self.is_dry) else { return "accepted" };
        let is_held = holds && Place::of_record(0, made).batch < begins;
        if is_held { SignalState::Held.code() } else { SignalState::Noted.code() }
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
    let mut said = None;
    let changed = change_of::<Kind, _>(call, read_why, |why, asks| {
        said = Some(why.clone().into());
        Command::DecideSignal { id: asks.id, signal: asks.request, takes, why, who: asks.who }
    })
    .await?;
    let who = changed.who.clone();
    changed
        .answer_named::<Kind>(|shape| {
            // What was decided before is answered as it is.
            if shape.closed_at.is_none() {
                shape.state = state.code();
                shape.closed_at = Some(Time(now()));
                (shape.by, shape.why) = (Some(who), said);
            }
        })
        .await
}
