//! What an event counts in tournaments, and what a void takes back.

use std::borrow::Cow;

use accolade_domain::event::Event;
use accolade_domain::packed_scores::PackedScores;
use accolade_domain::query::row::Row as QueryRow;
use accolade_domain::ranking::Score;
use accolade_domain::tournament::{Counted, Tally};
use accolade_wire::json::find;
use accolade_wire::notice::scores::{SCORED, Scored, ScoredLine};
use smallvec::SmallVec;

use super::{Input, Loaded};
use crate::rules::Operator;
use crate::rules::tournaments::{Asked, Tournament};
use crate::step::{Change, NewNotice, Step};
use crate::tables::best_values::{Kept, ValueKey};
use crate::tables::{Held, Row};

/// In most tournaments at once nothing is allocated.
const AT_ONCE: usize = 32;

type Changes<'t> = SmallVec<[(&'t Tournament, Counted); AT_ONCE]>;

/// Counts an event that was not seen before in the tournaments of its operator.
#[inline]
pub(super) fn count(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    event: &Event<'_>,
    step: &mut Step<'_>,
) {
    let operator = loaded.operator.filter(|operator| !operator.tournaments.is_empty());
    let Some(operator) = operator else { return };
    let changes = match event {
        _ if loaded.exclusion.is_some() && !matches!(event, Event::Void(_)) => return,
        Event::Wager(_) if loaded.voided => return,
        Event::Wager(wager) => {
            // What has no currency of the program cannot be compared with anything.
            let program = loaded.applies.map(|applies| &*applies.program.program);
            let rate = program.and_then(|program| program.rate_from(&wager.currency));
            let Some(rate) = rate else { return };
            let row = |tournament: &Tournament| {
                let decides = tournament.decides();
                decides.value(&QueryRow::of_wager(wager, rate, &decides.zone))
            };
            counted(operator, input, &Asked::of_wager(wager), event, row)
        }
        Event::Game(game) => {
            let row = |tournament: &Tournament| {
                let decides = tournament.decides();
                decides.value(&QueryRow::of_game(game, find, &decides.zone))
            };
            counted(operator, input, &Asked::of_game(game), event, row)
        }
        Event::Void(_) => taken_back(operator, loaded, input),
    };
    if !changes.is_empty() {
        score(loaded, input, &changes, step);
    }
}

/// What an event counts, and where.
fn counted<'t>(
    operator: &'t Operator,
    input: &Input<'_>,
    asked: &Asked<'_>,
    event: &Event<'_>,
    value: impl Fn(&Tournament) -> Option<Score>,
) -> Changes<'t> {
    let candidates = operator.tournaments.candidates().of_event(asked, event.at(), input.now);
    let values = candidates.into_iter().map(|it| value(it).map(|value| (it, Counted::In(value))));
    values.flatten().collect()
}

/// What a void takes back of what its wager counted.
fn taken_back<'t>(operator: &'t Operator, loaded: &Loaded<'_>, input: &Input<'_>) -> Changes<'t> {
    let lines = loaded.scored.iter();
    let open = lines.filter_map(|(ScoredLine { tournament, value, .. }, next)| {
        let tournament = operator.tournaments.numbered(*tournament)?;
        let (value, next) = (*value, next.unwrap_or_default());
        let is_open = tournament.is_scheduled() && input.now < tournament.closes();
        is_open.then_some((&**tournament, Counted::Out { value, next }))
    });
    open.collect()
}

/// Changes the player's tallies, and tells of it.
fn score(loaded: &Loaded<'_>, input: &Input<'_>, changes: &Changes<'_>, step: &mut Step<'_>) {
    let before = loaded.scores.map(PackedScores::all).into_iter().flatten();
    let mut tallies: SmallVec<[(u32, Tally); AT_ONCE]> = before.collect();
    let mut lines = Vec::with_capacity(changes.len());
    for (tournament, by) in changes {
        let number = tournament.number;
        let found = tallies.binary_search_by_key(&number, |(number, _)| *number);
        let tally = found.map_or_else(|_| Tally::default(), |at| tallies[at].1);
        // What would be beyond any score does not count.
        let moved = tally.moved(tournament.decides(), *by, input.now, input.place);
        let Some(moved) = moved else { continue };
        match found {
            Ok(at) => tallies[at].1 = moved,
            Err(at) => tallies.insert(at, (number, moved)),
        }
        let (value, is_out) = match *by {
            Counted::In(value) => (value, false),
            Counted::Out { value, .. } => (value, true),
        };
        let score = tournament.decides().score(&moved);
        let delta = Score(score.0 - tournament.decides().score(&tally).0);
        let events = moved.events;
        lines.push(ScoredLine { tournament: number, value, delta, score, events });
        if let Some(is_greatest) = tournament.decides().best() {
            let place = loaded.wager.filter(|_| is_out).map_or(input.place, |wager| wager.place);
            let key = ValueKey::of(loaded.ordinal, number, value, is_greatest, place);
            let kept = Kept { until: tournament.closes(), is_voided: is_out };
            step.changes.push(Change::row(Row::BestValue(key, Held::Row(kept))));
        }
    }
    if lines.is_empty() {
        return;
    }
    step.changes.push(Change::Scores(PackedScores::new(tallies.into_iter())));
    let body = Cow::Owned(Scored { lines }.to_bytes());
    step.notices.push(NewNotice { kind: SCORED, body });
}
