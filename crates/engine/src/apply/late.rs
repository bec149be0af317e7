//! What comes late in tournaments: it changes no score, but is remarked, and counted apart in case they are settled again.

use std::borrow::Cow;

use accolade_domain::event::Event;
use accolade_domain::packed_scores::{PackedScores, late_number};
use accolade_domain::ranking::Score;
use accolade_domain::tournament::Tally;
use accolade_wire::notice::scores::{SCORED_LATE, Scored, ScoredLine};

use super::scores::{Changes, in_period, keep};
use super::{Input, Loaded};
use crate::rules::Operator;
use crate::rules::tournaments::Tournament;
use crate::step::{Change, NewNotice, Step};
use crate::tables::remarks::{LateKind, Remark, RemarksKey};
use crate::tables::{Held, Row};

/// Changes what the player would come to, and remarks it.
pub(super) fn score(
    operator: &Operator,
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    event: &Event<'_>,
    changes: &Changes<'_>,
    step: &mut Step<'_>,
) {
    // The same event may count in other tournaments.
    let on_time = step
        .changes
        .iter()
        .find_map(|change| if let Change::Scores(scores) = change { Some(scores) } else { None });
    let before = on_time.or(loaded.scores).unwrap_or(&PackedScores::NONE);
    let mut scores = before.clone();
    let mut lines = Vec::with_capacity(changes.len());
    // A void is in the period of its wager.
    let at = loaded.wagered_at.unwrap_or(event.at());
    let mut is_in_period = false;
    for (tournament, by) in changes {
        let (number, decides) = (tournament.number, tournament.decides());
        let settlement = tournament.settlement();
        let tally = scores.settled(number, settlement + 1).unwrap_or_default();
        let in_period = in_period(loaded, tournament, *by, at);
        let moved = in_period.and_then(|(sums, adds)| {
            Some((sums, tally.moved(decides, adds, input.now, input.place)?))
        });
        // What would be beyond any score does not count.
        let Some((sums, moved)) = moved else { continue };
        let late = Tally { opt_in: None, ..moved };
        scores = scores.with(late_number(number, settlement), Some(late));
        let (score, events) = (decides.score(&moved), moved.events);
        let delta = Score(score.0 - decides.score(&tally).0);
        let (value, reached) = (by.value(), None);
        lines.push(ScoredLine { tournament: number, value, delta, score, events, reached });
        is_in_period |= sums.is_some();
        keep(loaded, input, tournament, *by, sums, step);
        let kind = match event {
            Event::Wager(_) => LateKind::Wager,
            Event::Void(_) => LateKind::Void,
            Event::Game(_) => LateKind::GameEvent,
        };
        let (player, at, came_at) = (loaded.ordinal, event.at(), input.now);
        let (id, place) = (event.id().into(), input.place);
        let came = Remark { kind, id, player, delta, score, at, came_at, place };
        remark(operator, loaded, tournament, came, step);
    }
    if lines.is_empty() {
        return;
    }
    step.changes.push(Change::Scores(scores));
    let at = is_in_period.then_some(at);
    let body = Cow::Owned(Scored { lines, at }.to_bytes());
    step.notices.push(NewNotice { kind: SCORED_LATE, body });
}

/// Adds a remark to those that are there.
pub(super) fn remark(
    operator: &Operator,
    loaded: &Loaded<'_>,
    tournament: &Tournament,
    remark: Remark,
    step: &mut Step<'_>,
) {
    let key = RemarksKey::of(operator.number, tournament);
    let known = loaded.remarks.iter().find(|(other, _)| *other == key);
    let mut remarks = known.map(|(_, remarks)| remarks.clone()).unwrap_or_default();
    remarks.add(remark);
    step.changes.push(Change::row(Row::Remarks(key, Held::Row(remarks))));
}
