//! Filling tournaments that had begun before they were scheduled: what was played by then is told by whoever reads the log, what
//! comes meanwhile waits, and all of it is added up in the order of its places, as if the tournament had been there.
//! `docs/decisions/061` says why.

use std::borrow::Cow;
use std::sync::Arc;

use accolade_domain::amount::Points;
use accolade_domain::event::Event;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Declined;
use accolade_domain::packed_scores::{PackedScores, filling_number, late_number};
use accolade_domain::query::row::Source;
use accolade_domain::ranking::Score;
use accolade_domain::time::Timestamp;
use accolade_domain::tournament::{Counted, Tally};
use accolade_wire::control::{FillPage, PastDoes};
use accolade_wire::notice::scores::{Reached, SCORED, Scored, ScoredLine};
use accolade_wire::tournament::Fill;

use super::scores::{Changes, in_period, keep};
use super::{Input, Loaded, VoidedWager, late, spending};
use crate::rules::Operator;
use crate::rules::tournaments::Tournament;
use crate::step::{Change, NewNotice, Step};
use crate::tables::day_sums::{DaySumsKey, KeptSums};
use crate::tables::filled::{Does, Filled, FilledKey, Late};
use crate::tables::remarks::{LateKind, Remark};
use crate::tables::{Held, Row};

/// What is to be added up next of a player in a tournament.
#[derive(Debug, Clone, Default)]
pub struct AddedUp {
    /// In the order of places.
    pub next: Vec<Next>,
    /// What the days of these events come to so far, where that is capped.
    pub day_sums: Vec<(DaySumsKey, KeptSums)>,
    /// Nothing comes behind them.
    pub is_last: bool,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct Next {
    /// Its place.
    pub key: FilledKey,
    /// The time of its batch.
    pub now: Timestamp,
    /// What it does, and when the event was that counts, or the wager that is taken back; nothing where that does not count.
    pub counted: Option<(Counted, Timestamp)>,
    /// The wager that is taken back.
    pub wager: Option<Place>,
    /// Of one that came late: it is remarked, and counted apart.
    pub late: Option<Late>,
}

/// Whether what counts in a tournament waits, with a player who has these scores.
pub(crate) fn waits(scores: Option<&PackedScores>, tournament: &Tournament) -> bool {
    match tournament.terms().fill {
        None | Some(Fill::Done) => false,
        Some(Fill::Reading) => true,
        Some(Fill::Counting) => {
            scores.is_some_and(|scores| scores.of(filling_number(tournament.number)).is_some())
        }
    }
}

/// Takes what waits from what counts, and from what comes late, and adds voids, of which it is not known yet what they take back.
pub(super) fn set_apart<'t>(
    operator: &'t Operator,
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    event: &Event<'_>,
    changes: &mut Changes<'t>,
    late: &mut Changes<'t>,
) -> Vec<(&'t Tournament, Does)> {
    let (filled, mut waiting) = (operator.tournaments.filled(), Vec::new());
    if filled.is_empty() {
        return waiting;
    }
    for counted in [changes, late] {
        counted.retain(|(tournament, by)| {
            let is_waiting = waits(loaded.scores, tournament);
            if let Counted::In(value) = *by
                && is_waiting
            {
                let does = Does::Counts { value, at: event.at(), now: input.now };
                waiting.push((*tournament, does));
            }
            !is_waiting
        });
    }
    if let (Event::Void(_), Some(VoidedWager { place, .. })) = (event, loaded.wager) {
        for tournament in filled {
            let is_of_wagers = tournament.decides().query.source == Source::Wagers;
            let is_heard = input.now < tournament.heard_until();
            if is_of_wagers && is_heard && waits(loaded.scores, tournament) {
                let does = Does::Voids { wager: (place.batch, place.slot), now: input.now };
                waiting.push((tournament, does));
            }
        }
    }
    waiting
}

/// Keeps what waits until all that was before is known.
pub(super) fn wait(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    event: &Event<'_>,
    waiting: &[(&Tournament, Does)],
    step: &mut Step<'_>,
) {
    // The same event may count in other tournaments.
    let changed =
        step.changes.iter().rev().find_map(|change| {
            if let Change::Scores(scores) = change { Some(scores) } else { None }
        });
    let mut scores = changed.or(loaded.scores).unwrap_or(&PackedScores::NONE).clone();
    let mut is_marked = true;
    for (tournament, does) in waiting {
        let Place { batch, slot, .. } = input.place;
        let is_late = input.now >= tournament.closes();
        let late = is_late.then(|| Late { id: event.id().into(), at: event.at() });
        step.changes.push(row(loaded, tournament, (batch, slot), *does, late));
        is_marked &= mark(&mut scores, tournament);
    }
    if !is_marked {
        step.changes.push(Change::Scores(scores));
    }
}

/// Marks that something of the player waits; says whether that was so already.
fn mark(scores: &mut PackedScores, tournament: &Tournament) -> bool {
    let number = filling_number(tournament.number);
    let is_marked = scores.of(number).is_some();
    if !is_marked {
        *scores = scores.with(number, Some(Tally::default()));
    }
    is_marked
}

fn row<'a>(
    loaded: &Loaded<'_>,
    tournament: &Tournament,
    (batch, slot): (u64, u32),
    does: Does,
    late: Option<Late>,
) -> Change<'a> {
    let key = FilledKey { player: loaded.ordinal, tournament: tournament.number, batch, slot };
    let filled = Filled { until: tournament.values_until(), does, late };
    Change::row(Row::Filled(key, Held::Row(filled)))
}

fn filled<'l>(
    loaded: &Loaded<'l>,
    input: &Input<'_>,
    number: u32,
    fill: Fill,
) -> Result<(&'l Tournament, &'l PackedScores), Declined> {
    spending::known(loaded)?;
    let operator = loaded.operator.ok_or(Declined::OperatorUnknown)?;
    let tournament = operator.tournaments.numbered(number);
    let is_so = |it: &&Arc<Tournament>| it.is_scheduled() && it.terms().fill == Some(fill);
    let tournament = tournament.filter(is_so).ok_or(Declined::Stale)?;
    // What was told has ended, or some of it.
    if input.now >= tournament.values_until() {
        return Err(Declined::TournamentOver);
    }
    Ok((tournament, loaded.scores.unwrap_or(&PackedScores::NONE)))
}

/// Takes in what events from before count: as often as it is told, it is the same.
pub(super) fn take<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    page: &FillPage,
) -> Result<Step<'a>, Declined> {
    let (tournament, scores) = filled(loaded, input, page.tournament, Fill::Reading)?;
    let mut step = Step::done();
    for event in &page.events {
        let now = Timestamp::from_micros(event.now);
        let does = match &event.does {
            PastDoes::Counts { value, at } => {
                let value = Score(value.parse().map_err(|_| Declined::Malformed)?);
                Does::Counts { value, at: Timestamp::from_micros(*at), now }
            }
            PastDoes::Voids { wager } => Does::Voids { wager: *wager, now },
        };
        // Nothing stands in batch 0, and what comes late the partition knows by itself.
        if event.batch == 0 || now >= tournament.closes() {
            return Err(Declined::Malformed);
        }
        step.changes.push(row(loaded, tournament, (event.batch, event.slot), does, None));
    }
    let mut scores = scores.clone();
    if !page.events.is_empty() && !mark(&mut scores, tournament) {
        step.changes.push(Change::Scores(scores));
    }
    Ok(step)
}

/// Adds up the next of a player's events, by the functions that count what comes; with the last of them the player has a score.
pub(super) fn add_up<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    number: u32,
) -> Result<Step<'a>, Declined> {
    let (tournament, scores) = filled(loaded, input, number, Fill::Counting)?;
    let mut step = Step::done();
    let tally = scores.of(filling_number(number));
    let Some((AddedUp { next, day_sums, is_last }, mut tally)) =
        loaded.added_up.as_deref().zip(tally)
    else {
        return Ok(step);
    };
    let (mut day_sums, mut scores) = (day_sums.clone(), scores.clone());
    for next in next {
        let late = late_number(number, tournament.settlement());
        // What is late is behind all that is not.
        let apart = next.late.as_ref().map(|late_one| (late_one, scores.of(late).unwrap_or(tally)));
        let before = apart.map_or(tally, |(_, before)| before);
        let moved = moved(loaded, input, tournament, before, next, &mut day_sums, &mut step);
        match (moved, apart) {
            (Some(moved), None) => tally = moved,
            (Some(moved), Some((came, _))) => {
                let moved = Tally { opt_in: None, ..moved };
                scores = scores.with(late, Some(moved));
                remark(loaded, input, tournament, next, came, (&before, &moved), &mut step);
            }
            (None, _) => {}
        }
    }
    if !is_last {
        if let Some(Next { key, .. }) = next.last() {
            let does = Does::AddedUpTo(key.batch, key.slot);
            step.changes.push(row(loaded, tournament, (0, 0), does, None));
        }
        let scores = scores.with(filling_number(number), Some(tally));
        return Ok(step.and(Change::Scores(scores)));
    }
    let scores = scores.with(filling_number(number), None);
    // Who has nothing but voids of what never counted has no tally.
    let has_counted = tally != Tally::default();
    let scores = if has_counted { scores.with(number, Some(tally)) } else { scores };
    if has_counted {
        step.notices.push(told(tournament, &tally));
    }
    Ok(step.and(Change::Scores(scores)))
}

/// Remarks what came late.
fn remark(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    tournament: &Tournament,
    Next { key, now, counted, .. }: &Next,
    Late { id, at }: &Late,
    (before, after): (&Tally, &Tally),
    step: &mut Step<'_>,
) {
    let Some(operator) = loaded.operator else { return };
    let decides = tournament.decides();
    let kind = match (counted, decides.query.source) {
        (Some((Counted::Out { .. }, _)), _) => LateKind::Void,
        (_, Source::Wagers) => LateKind::Wager,
        (_, Source::GameEvents) => LateKind::GameEvent,
    };
    let score = decides.score(after);
    let delta = Score(score.0 - decides.score(before).0);
    let place = Place { batch: key.batch, slot: key.slot, ..input.place };
    let (id, player) = (id.clone(), loaded.ordinal);
    let came = Remark { kind, id, player, delta, score, at: *at, came_at: *now, place };
    late::remark(operator, loaded, tournament, came, step);
}

/// The tally with one more event, or one fewer; nothing where that changes nothing.
fn moved(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    tournament: &Tournament,
    tally: Tally,
    next: &Next,
    day_sums: &mut Vec<(DaySumsKey, KeptSums)>,
    step: &mut Step<'_>,
) -> Option<Tally> {
    let Next { key, now, counted, wager, .. } = *next;
    let (by, at) = counted?;
    let place = Place { batch: key.batch, slot: key.slot, ..input.place };
    let input = Input { place, now, what: input.what };
    let of_wager = |place| VoidedWager {
        place,
        points: Points::ZERO,
        day: None,
        source: None,
        taken: Points::ZERO,
    };
    let then = Loaded {
        ordinal: loaded.ordinal,
        day_sums: std::mem::take(day_sums),
        wager: wager.map(of_wager),
        ..Loaded::default()
    };
    let in_period = in_period(&then, tournament, by, at);
    let moved = in_period.and_then(|(sums, adds)| {
        let moved = tally.moved(tournament.decides(), adds, now, place)?;
        Some((sums, moved))
    });
    day_sums.clone_from(&then.day_sums);
    // What would be beyond any score does not count.
    let Some((sums, moved)) = moved else {
        if matches!(by, Counted::In(_)) {
            step.changes.push(row(loaded, tournament, (key.batch, key.slot), Does::Nothing, None));
        }
        return None;
    };
    if let Some((key, kept)) = &sums {
        day_sums.retain(|(other, _)| other != key);
        day_sums.push((*key, kept.clone()));
    }
    keep(&then, &input, tournament, by, sums, step);
    Some(moved)
}

/// Says what a player has come to.
fn told<'a>(tournament: &Tournament, tally: &Tally) -> NewNotice<'a> {
    let Tally { events, changed_at: at, batch, slot, .. } = *tally;
    let (value, delta) = (Score::default(), Score::default());
    let line = ScoredLine {
        tournament: tournament.number,
        value,
        delta,
        score: tournament.decides().score(tally),
        events,
        reached: Some(Reached { at, batch, slot }),
    };
    let body = Cow::Owned(Scored { lines: vec![line], at: None }.to_bytes());
    NewNotice { kind: SCORED, body }
}
