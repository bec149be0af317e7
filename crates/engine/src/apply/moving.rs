//! Telling who has moved on the leaderboard of a tournament: whoever has the partition of its id says now and then where those
//! stand whose scores have changed, and here it is known which positions were told before. `docs/decisions/059` says why.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use accolade_domain::ledger::Subject;
use accolade_domain::outcome::Declined;
use accolade_domain::ranking::Score;
use accolade_domain::time::Timestamp;
use accolade_wire::control::{MOVED_LINES_MAX, MovedLine, MovedPage};
use accolade_wire::hex::from_hex;
use accolade_wire::notice::moved::{POSITION_MOVED, PositionMoved};

use super::{Input, Loaded};
use crate::rules::tournaments::Tournament;
use crate::step::{Change, NewNotice, Step};
use crate::tables::positions::{PositionKey, Says, ToldPosition, ToldUpTo};
use crate::tables::{Held, Row};

/// What was told before of where players of a tournament stand.
#[derive(Debug, Clone)]
pub struct Told {
    /// The row that says how far it is told.
    pub first: PositionKey,
    /// What it says.
    pub up_to: ToldUpTo,
    /// Of those whom a page names, if it is the next: the position that was told last, and when the score had changed of which it
    /// was heard last.
    pub positions: BTreeMap<Subject, (u64, Timestamp)>,
}

impl Told {
    /// Whether nothing is left out before a page, and it did not come before. Pages of different looks do not go together: whoever
    /// stands on one of the first may stand on another of the second.
    pub(crate) fn is_next(&self, page: &MovedPage) -> bool {
        let ToldUpTo { revision, all, look } = self.up_to;
        let goes_on =
            if page.page == 1 { page.after == all.micros() } else { look == Some(page.look) };
        revision.checked_add(1) == Some(page.revision) && goes_on
    }
}

/// Tells of each player who has another score and stands elsewhere than was told last. Who was pushed there by others is not told of.
pub(super) fn take<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    page: &MovedPage,
) -> Result<Step<'a>, Declined> {
    let operator = loaded.operator.ok_or(Declined::OperatorUnknown)?;
    let tournament = operator.tournaments.numbered(page.tournament);
    let moves = |it: &&Arc<Tournament>| it.is_scheduled() && !it.is_series() && !it.is_filling();
    let tournament = tournament.filter(moves).ok_or(Declined::Stale)?;
    let until = tournament.values_until();
    if input.now >= until {
        return Err(Declined::TournamentOver);
    }
    if page.lines.len() > MOVED_LINES_MAX {
        return Err(Declined::Malformed);
    }
    let told = loaded.told_positions.as_deref().filter(|told| told.is_next(page));
    let told = told.ok_or(Declined::Stale)?;
    let row = |key, says| Change::row(Row::Position(key, Held::Row(ToldPosition { until, says })));
    let mut step = Step::done();
    let mut positions = told.positions.clone();
    for line in &page.lines {
        let (subject, position, score) = read(line).ok_or(Declined::Malformed)?;
        let reached = Timestamp::from_micros(line.reached);
        let before = positions.get(&subject).copied();
        if before.is_some_and(|(_, last)| reached <= last) {
            continue;
        }
        positions.insert(subject, (position, reached));
        step.changes.push(row(told.first.of(subject), Says::Stands { position, reached }));
        let before = before.map(|(position, _)| position);
        if before != Some(position) {
            let moved =
                PositionMoved { tournament: page.tournament, before, after: position, score };
            let (kind, body) = (POSITION_MOVED, Cow::Owned(moved.to_bytes()));
            step.elsewhere.push((subject, NewNotice { kind, body }));
        }
    }
    let ToldUpTo { all, .. } = told.up_to;
    let (all, look) = if page.is_last {
        (all.max(Timestamp::from_micros(page.at)), None)
    } else {
        (all, Some(page.look))
    };
    let up_to = ToldUpTo { revision: page.revision, all, look };
    Ok(step.and(row(told.first, Says::UpTo(up_to))))
}

fn read(line: &MovedLine) -> Option<(Subject, u64, Score)> {
    let position = Some(line.position).filter(|position| *position > 0)?;
    Some((Subject(from_hex(&line.subject)?), position, Score(line.score.parse().ok()?)))
}
