//! Who of a leaderboard has another score than some time ago, or has come there, and where they stand now.

use std::sync::Arc;

use accolade_domain::ledger::Subject;
use accolade_domain::time::Timestamp;
use accolade_engine::rules::tournaments::Tournament;
use serde::{Deserialize, Serialize};

use super::asked::{Asked, LINES_MAX, Line};
use super::{Positioned, positioned};
use crate::problem::{Problem, not_yet};
use crate::service::Service;

/// So many positions are looked at, from the first on.
pub(crate) const STANDS_MAX: usize = 10_000;

/// Those whose scores have changed, or who have come.
#[derive(Debug)]
pub(crate) struct Moved {
    /// How many players have a position beyond those that were looked at.
    pub(crate) untold: u64,
    /// All whose scores have changed before then are among them.
    pub(crate) at: Timestamp,
    /// With their positions, in that order.
    pub(crate) lines: Vec<Positioned>,
    /// Who stands there now, where that has to be known.
    pub(crate) stood: Option<Stood>,
}

/// Who had a position at a look. It is known of tournaments with fewest events alone: there an event may bring a position and
/// leave the score as it was.
#[derive(Debug, Clone)]
pub(crate) struct Stood {
    /// How many had one.
    ranked: u64,
    /// Those of the first [`STANDS_MAX`], in the order of subjects.
    first: Arc<[Subject]>,
}

impl Stood {
    fn of(ranked: u64, lines: &[Positioned]) -> Self {
        let mut first: Vec<_> = lines.iter().map(|(_, line)| line.standing.subject).collect();
        first.sort_unstable();
        Self { ranked, first: first.into() }
    }

    fn has(&self, line: &Line) -> bool {
        self.first.binary_search(&line.standing.subject).is_ok()
    }
}

/// Whether scores have changed, in some partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Since {
    /// One of the first that many has at least.
    pub(super) has_changed: bool,
    /// The time that all of the partitions have come to, in microseconds since 1970.
    pub(super) time: i64,
}

impl Since {
    /// What two of them are together.
    pub(super) fn and(self, other: Self) -> Self {
        let has_changed = self.has_changed || other.has_changed;
        Self { has_changed, time: self.time.min(other.time) }
    }
}

impl Service {
    /// Where those of the first [`STANDS_MAX`] stand whose scores have changed at a time or later, and who have come since the
    /// last look where that is known.
    pub(crate) async fn moved_since(
        &self,
        operator: u32,
        tournament: &Tournament,
        after: Timestamp,
        stood: Option<&Stood>,
    ) -> Result<Moved, Problem> {
        let decides = tournament.decides();
        let (ties, some_come) = (decides.ties, decides.events_min > 1);
        let asked = Asked { operator, tournament: tournament.number, ..Asked::default() };
        let since = Asked { since: Some(after), ..asked.clone() };
        let part = since.ask(self, ties).await?;
        // Not a node that does not know the question yet.
        let Since { has_changed, time } = part.since.ok_or_else(not_yet)?;
        let untold = part.ranked.saturating_sub(STANDS_MAX as u64);
        let at = Timestamp::from_micros(time);
        let are_others = some_come && stood.is_none_or(|before| before.ranked != part.ranked);
        if !has_changed && !are_others {
            return Ok(Moved { untold, at, lines: Vec::new(), stood: stood.cloned() });
        }
        let part = Asked { top: STANDS_MAX, ..asked }.ask(self, ties).await?;
        let mut lines = positioned(ties, part.top);
        let now = some_come.then(|| Stood::of(part.ranked, &lines));
        let has_come = |line: &Line| some_come && stood.is_some_and(|before| !before.has(line));
        lines.retain(|(_, line)| {
            !line.is_hidden && (line.standing.changed_at >= after || has_come(line))
        });
        Ok(Moved { untold, at, lines, stood: now })
    }
}

const _: () = assert!(STANDS_MAX <= LINES_MAX, "as many are answered");
