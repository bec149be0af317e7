//! What an event counts in tournaments, and what a void takes back.

use std::borrow::Cow;

use accolade_domain::event::Event;
use accolade_domain::packed_scores::{PackedScores, Packing};
use accolade_domain::query::row::Row as QueryRow;
use accolade_domain::ranking::Score;
use accolade_domain::time::Timestamp;
use accolade_domain::tournament::{Counted, OptIn, Tally, Tournament as Decides};
use accolade_wire::json::find;
use accolade_wire::notice::scores::{Reached, SCORED, Scored, ScoredLine};
use smallvec::SmallVec;

use super::{Input, Loaded, filling, late};
use crate::rules::Operator;
use crate::rules::tournaments::{Asked, Candidate, Tournament};
use crate::step::{Change, NewNotice, Step};
use crate::tables::best_values::{Kept, ValueKey};
use crate::tables::day_sums::{DaySumsKey, KeptSums};
use crate::tables::{Held, Row};

/// In most tournaments at once nothing is allocated.
const AT_ONCE: usize = 32;

pub(super) type Changes<'t> = SmallVec<[(&'t Tournament, Counted); AT_ONCE]>;

/// Counts an event that was not seen before in the tournaments of its operator.
#[inline]
pub(super) fn count(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    event: &Event<'_>,
    step: &mut Step<'_>,
) {
    if let Some(operator) = loaded.operator.filter(|operator| !operator.tournaments.is_empty()) {
        count_in(operator, loaded, input, event, step);
    }
}

fn count_in(
    operator: &Operator,
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    event: &Event<'_>,
    step: &mut Step<'_>,
) {
    let (mut changes, mut late) = (Changes::new(), Changes::new());
    match event {
        Event::Void(_) => taken_back(operator, loaded, input, &mut changes, &mut late),
        _ if loaded.exclusion.is_some() || loaded.voided => {}
        Event::Wager(wager) => {
            // What has no currency of the program cannot be compared with anything.
            let program = loaded.applies.map(|applies| &*applies.program.program);
            let rate = program.and_then(|program| program.rate_from(&wager.currency));
            let Some(rate) = rate else { return };
            let value =
                |decides: &Decides| decides.value(&QueryRow::of_wager(wager, rate, &decides.zone));
            let (changes, asked) = (&mut changes, Asked::of_wager(wager));
            counted(operator, loaded, input, &asked, event, value, changes, &mut late);
        }
        Event::Game(game) => {
            let value =
                |decides: &Decides| decides.value(&QueryRow::of_game(game, find, &decides.zone));
            let (changes, asked) = (&mut changes, Asked::of_game(game));
            counted(operator, loaded, input, &asked, event, value, changes, &mut late);
        }
    }
    let waiting = filling::set_apart(operator, loaded, input, event, &mut changes, &mut late);
    if !changes.is_empty() {
        score(loaded, input, event, &changes, step);
    }
    if !late.is_empty() {
        late::score(operator, loaded, input, event, &late, step);
    }
    if !waiting.is_empty() {
        filling::wait(loaded, input, event, &waiting, step);
    }
}

/// What an event counts, and where; and where it would, had it not come late.
#[expect(clippy::too_many_arguments, reason = "they are what an event is")]
fn counted<'t>(
    operator: &'t Operator,
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    asked: &Asked<'_>,
    event: &Event<'_>,
    value: impl Fn(&Decides) -> Option<Score>,
    changes: &mut Changes<'t>,
    late: &mut Changes<'t>,
) {
    let counts =
        |of: &mut Changes<'t>, last: &mut Option<(u32, Option<Score>)>, it: &'t Candidate| {
            let Candidate { tournament, alike } = it;
            if takes_part(loaded, tournament) {
                let known = last.filter(|(of, _)| of == alike).map(|(_, value)| value);
                let value = known.unwrap_or_else(|| value(tournament.decides()));
                *last = Some((*alike, value));
                of.extend(value.map(|value| (&**tournament, Counted::In(value))));
            }
        };
    let (tournaments, at) = (&operator.tournaments, event.at());
    let (candidates, mut last) = (tournaments.candidates(), None);
    candidates.each_of_event(asked, at, input.now, |it| counts(changes, &mut last, it));
    last = None;
    tournaments.each_late(asked, at, input.now, |it| counts(late, &mut last, it));
    late.sort_unstable_by_key(|(tournament, _)| tournament.number);
    changes.sort_unstable_by_key(|(tournament, _)| tournament.number);
}

/// Whether a tournament counts events of the player, who may have to opt in.
fn takes_part(loaded: &Loaded<'_>, tournament: &Tournament) -> bool {
    let tally = || loaded.scores?.of(tournament.number);
    !tournament.decides().opt_in || tally().is_some_and(|tally| tally.opt_in == Some(OptIn::In))
}

/// What a void takes back of what its wager counted.
fn taken_back<'t>(
    operator: &'t Operator,
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    changes: &mut Changes<'t>,
    late: &mut Changes<'t>,
) {
    for (ScoredLine { tournament, value, .. }, next) in &loaded.scored {
        let Some(tournament) = operator.tournaments.numbered(*tournament) else { continue };
        let (value, next) = (*value, next.unwrap_or_default());
        let out = (&**tournament, Counted::Out { value, next });
        if tournament.is_scheduled() && input.now < tournament.closes() {
            changes.push(out);
        } else if tournament.is_scheduled() && input.now < tournament.heard_until() {
            late.push(out);
        }
    }
}

/// Changes the player's tallies, and tells of it.
fn score(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    event: &Event<'_>,
    changes: &Changes<'_>,
    step: &mut Step<'_>,
) {
    let mut before = loaded.scores.map(PackedScores::all).into_iter().flatten().peekable();
    let mut packing = Packing::default();
    let mut lines = Vec::with_capacity(changes.len());
    let mut is_in_period = false;
    // A void is in the period of its wager.
    let at = loaded.wagered_at.unwrap_or(event.at());
    for (tournament, by) in changes {
        let (number, decides) = (tournament.number, tournament.decides());
        while let Some((other, tally)) = before.next_if(|(other, _)| *other < number) {
            packing.put(other, tally);
        }
        let known = before.next_if(|(other, _)| *other == number).map(|(_, tally)| tally);
        let tally = known.unwrap_or_default();
        let (sums, adds) = match in_period(loaded, tournament, *by, at) {
            Some((sums, adds)) => (sums, Some(adds)),
            None => (None, None),
        };
        // What would be beyond any score does not count.
        let Some(moved) = adds.and_then(|adds| tally.moved(decides, adds, input.now, input.place))
        else {
            if let Some(tally) = known {
                packing.put(number, tally);
            }
            continue;
        };
        packing.put(number, moved);
        let (score, events) = (decides.score(&moved), moved.events);
        let delta = Score(score.0 - decides.score(&tally).0);
        let is_older = (moved.batch, moved.slot) != (input.place.batch, input.place.slot);
        let Tally { changed_at: at, batch, slot, .. } = moved;
        let reached =
            (delta == Score::default() && is_older).then_some(Reached { at, batch, slot });
        let value = by.value();
        lines.push(ScoredLine { tournament: number, value, delta, score, events, reached });
        is_in_period |= sums.is_some();
        keep(loaded, input, tournament, *by, sums, step);
    }
    if lines.is_empty() {
        return;
    }
    before.for_each(|(number, tally)| packing.put(number, tally));
    step.changes.push(Change::Scores(packing.finish()));
    let at = is_in_period.then_some(at);
    let body = Cow::Owned(Scored { lines, at }.to_bytes());
    step.notices.push(NewNotice { kind: SCORED, body });
}

/// Keeps what an event counted where a void needs it.
pub(super) fn keep(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    tournament: &Tournament,
    by: Counted,
    sums: Option<(DaySumsKey, KeptSums)>,
    step: &mut Step<'_>,
) {
    if let Some(is_greatest) = tournament.decides().best() {
        let is_voided = matches!(by, Counted::Out { .. });
        let place = loaded.wager.filter(|_| is_voided).map_or(input.place, |wager| wager.place);
        let (number, value) = (tournament.number, by.value());
        let key = ValueKey::of(loaded.ordinal, number, value, is_greatest, place);
        let kept = Kept { until: tournament.values_until(), is_voided };
        step.changes.push(Change::row(Row::BestValue(key, Held::Row(kept))));
    }
    if let Some((key, kept)) = sums {
        step.changes.push(Change::row(Row::SumsOfDay(key, Held::Row(kept))));
    }
}

/// What the events of an event's day come to with it, or without it, where that is capped, and what adds to the score;
/// nothing beyond what a score holds.
pub(super) fn in_period(
    loaded: &Loaded<'_>,
    tournament: &Tournament,
    by: Counted,
    at: Timestamp,
) -> Option<(Option<(DaySumsKey, KeptSums)>, Counted)> {
    let decides = tournament.decides();
    if decides.period_caps.is_none() {
        return Some((None, by));
    }
    let (day, hour) = decides.period(at);
    let key = DaySumsKey { player: loaded.ordinal, tournament: tournament.number, day };
    let known = loaded.day_sums.iter().find(|(other, _)| *other == key);
    let before = known.map(|(_, kept)| kept.sums.clone()).unwrap_or_default();
    let (sums, adds) = decides.within_caps(before, hour, by)?;
    Some((Some((key, KeptSums { until: tournament.values_until(), sums })), adds))
}
