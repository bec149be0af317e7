//! A dry run of a tournament, as it is answered.

use std::collections::BTreeMap;

use accolade_domain::amount::{Amount, Points};
use accolade_domain::ranking::Score;
use accolade_domain::tournament::prizes::Cost;
use accolade_wire::tournament::TournamentTerms;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::{Job, Progress, Told, states};
use super::board::{Board, Seen};
use crate::shapes::{Exact, ExactPoints, Time};
use crate::tournaments::ThingShape;
use accolade_wire::tournament::results::prizes_of;

/// A dry run of a tournament over a past period.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DryRunOfTournament)]
pub(crate) struct DryRunShape {
    id: String,
    operator_id: String,
    #[schema(schema_with = states)]
    state: &'static str,
    from: Time,
    to: Time,
    begun_at: Time,
    #[schema(required)]
    ended_at: Option<Time>,
    /// Batches that were read.
    batches: u64,
    /// Batches that the log has of the period, of the partitions that were begun.
    batches_expected: u64,
    /// Why it failed.
    #[schema(required)]
    why: Option<String>,
    /// From when on the log has everything of a partition, where it failed since the period begins before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    log_since: Option<Time>,
    /// What it has found, once it is done.
    #[schema(required)]
    result: Option<DryRunResult>,
}

impl DryRunShape {
    pub(super) fn of(job: &Job) -> Self {
        let Progress { batches, expected: batches_expected } = job.progress();
        let (state, why, told) = job.state();
        let result = match told {
            Some(Told::Tournament(result)) => Some(result.clone()),
            Some(Told::Program(_)) | None => None,
        };
        Self {
            id: job.id.clone(),
            operator_id: job.operator_id.to_string(),
            state,
            from: Time(job.from),
            to: Time(job.to),
            begun_at: Time(job.begun_at),
            ended_at: job.end().map(|(at, _)| Time(*at)),
            batches,
            batches_expected,
            why,
            log_since: job.log_since(),
            result,
        }
    }
}

/// What would have come of a tournament.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DryRunResult)]
pub(crate) struct DryRunResult {
    /// Which events count, and how, written out in full.
    query: String,
    events: EventCounts,
    /// Players of whom an event counts.
    players: u64,
    /// Those of them who have a position.
    ranked: u64,
    cost: CostShape,
    /// The first hundred of the leaderboard, with what they would have won.
    items: Vec<PlaceShape>,
    /// The first events that count.
    matched: Vec<MatchedShape>,
    /// The first events that one clause of the condition alone has refused.
    missed: Vec<MissedShape>,
}

/// How many events of the period there are, and why some of them do not count. But for `takenBack`, each is one of them.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DryRunEvents)]
pub(crate) struct EventCounts {
    /// Those that were looked at: of the query's source, with a time in the period.
    looked_at: u64,
    /// Those that count, until they were taken back.
    counted: u64,
    /// Wagers that counted and were voided.
    taken_back: u64,
    /// The condition does not hold.
    unmatched: u64,
    /// What they would count is NULL, cannot be computed, or is too much.
    without_value: u64,
    /// They came before.
    repeated: u64,
    /// The player was excluded.
    excluded: u64,
    /// They were voided before they came.
    voided: u64,
    /// No program applied to them that knows their currency.
    unknown_currency: u64,
}

/// What the prizes would have cost, were each given.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DryRunCost)]
pub(crate) struct CostShape {
    #[schema(value_type = f64)]
    points: ExactPoints,
    things: Vec<ThingCount>,
    /// What the things are worth, as far as that is said, by currency.
    worth: Vec<WorthShape>,
}

/// How many of a thing.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = DryRunThings)]
pub(crate) struct ThingCount {
    kind: String,
    name: String,
    count: u64,
}

/// An amount of a currency.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = DryRunWorth)]
pub(crate) struct WorthShape {
    currency: String,
    #[schema(value_type = f64)]
    amount: Exact<Amount>,
}

/// A place of the leaderboard.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DryRunPlace)]
pub(crate) struct PlaceShape {
    /// From 1; no other player has it.
    place: u64,
    /// The same for players who share it.
    position: u64,
    player_id: String,
    #[schema(value_type = f64)]
    score: Exact<Score>,
    /// How many events it is made of.
    events: u64,
    /// When the score was reached: the time of the batch that last changed it.
    reached_at: Time,
    /// What is won in points.
    #[schema(value_type = f64)]
    points: ExactPoints,
    /// What else is won.
    #[schema(required)]
    thing: Option<ThingShape>,
}

/// An event that counts.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DryRunMatch)]
pub(crate) struct MatchedShape {
    event_id: String,
    player_id: String,
    timestamp: Time,
    /// What it counts.
    #[schema(value_type = f64)]
    value: Exact<Score>,
}

/// An event that narrowly does not.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DryRunMiss)]
pub(crate) struct MissedShape {
    event_id: String,
    player_id: String,
    timestamp: Time,
    /// The clause that does not hold, while all others do.
    clause: String,
}

impl DryRunResult {
    /// What all partitions have found together.
    pub(in crate::simulation) fn of(board: Board, terms: &TournamentTerms) -> Self {
        let counts = board.counts;
        let (players, ranked) = (board.players, board.ranked);
        let (lines, tied, [matched, missed]) = board.into_lines();
        let prizes = prizes_of(terms);
        let last = lines.last().map_or(0, |(position, _)| *position);
        // Whoever shares the last position shares what is won there, listed or not.
        let others = (0..tied).map(|_| (last, usize::MAX));
        let places = lines.iter().enumerate().map(|(at, (position, _))| (*position, at));
        let won = prizes.won(ranked, places.chain(others)).into_iter();
        let mut won: BTreeMap<usize, _> = won.map(|won| (won.player, won)).collect();
        let items = (1..).zip(lines).enumerate().map(|(at, (place, (position, line)))| {
            let won = won.remove(&at);
            let points = won.as_ref().map_or(Points::ZERO, |won| won.points);
            let thing = won.and_then(|won| u8::try_from(won.thing?).ok());
            PlaceShape {
                place,
                position,
                player_id: line.player,
                score: Exact(line.standing.score),
                events: line.standing.events,
                reached_at: Time(line.standing.changed_at),
                points: Exact(points),
                thing: thing.and_then(|thing| terms.thing(thing)).map(Into::into),
            }
        });
        Self {
            query: terms.query.clone(),
            events: EventCounts {
                looked_at: counts.looked,
                counted: counts.counted,
                taken_back: counts.taken_back,
                unmatched: counts.unmatched,
                without_value: counts.valueless,
                repeated: counts.repeated,
                excluded: counts.excluded,
                voided: counts.voided,
                unknown_currency: counts.currency,
            },
            players,
            ranked,
            items: items.collect(),
            cost: CostShape::of(&prizes.cost(ranked), &prizes.places_won(ranked), terms),
            matched: matched.into_iter().map(Into::into).collect(),
            missed: missed.into_iter().map(Into::into).collect(),
        }
    }
}

impl CostShape {
    fn of(cost: &Cost, places: &[u32], terms: &TournamentTerms) -> Self {
        let mut things: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for (prize, places) in (0..).zip(places).filter(|(_, places)| **places > 0) {
            if let Some(thing) = terms.thing(prize) {
                *things.entry((&thing.kind, &thing.name)).or_default() += u64::from(*places);
            }
        }
        let things = things.into_iter().map(|((kind, name), count)| {
            let (kind, name) = (kind.to_owned(), name.to_owned());
            ThingCount { kind, name, count }
        });
        let worth = cost.worth.iter().map(|(currency, amount)| {
            let currency = currency.to_string();
            WorthShape { currency, amount: Exact(*amount) }
        });
        Self { points: Exact(cost.points), things: things.collect(), worth: worth.collect() }
    }
}

impl From<Seen> for MatchedShape {
    fn from(seen: Seen) -> Self {
        let (timestamp, value) = (Time(seen.at()), Exact(seen.value()));
        Self { event_id: seen.id, player_id: seen.player, timestamp, value }
    }
}

impl From<Seen> for MissedShape {
    fn from(seen: Seen) -> Self {
        let timestamp = Time(seen.at());
        let clause = seen.clause.unwrap_or_default();
        Self { event_id: seen.id, player_id: seen.player, timestamp, clause }
    }
}
