//! Who of a leaderboard has another score than some time ago, and where they stand now.

use accolade_domain::time::Timestamp;
use accolade_engine::rules::tournaments::Tournament;
use serde::{Deserialize, Serialize};

use super::asked::{Asked, LINES_MAX};
use super::{Positioned, positioned};
use crate::problem::{Problem, not_yet};
use crate::service::Service;

/// So many positions are looked at, from the first on.
pub(crate) const STANDS_MAX: usize = 10_000;

/// Those whose scores have changed.
#[derive(Debug)]
pub(crate) struct Moved {
    /// How many players have a position beyond those that were looked at.
    pub(crate) untold: u64,
    /// All whose scores have changed before then are among them.
    pub(crate) at: Timestamp,
    /// With their positions, in that order.
    pub(crate) lines: Vec<Positioned>,
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
    /// Where those of the first [`STANDS_MAX`] stand whose scores have changed at a time or later.
    pub(crate) async fn moved_since(
        &self,
        operator: u32,
        tournament: &Tournament,
        after: Timestamp,
    ) -> Result<Moved, Problem> {
        let ties = tournament.decides().ties;
        let asked = Asked { operator, tournament: tournament.number, ..Asked::default() };
        let since = Asked { since: Some(after), ..asked.clone() };
        let part = since.ask(self, ties).await?;
        // Not a node that does not know the question yet.
        let Since { has_changed, time } = part.since.ok_or_else(not_yet)?;
        let untold = part.ranked.saturating_sub(STANDS_MAX as u64);
        let at = Timestamp::from_micros(time);
        if !has_changed {
            return Ok(Moved { untold, at, lines: Vec::new() });
        }
        let part = Asked { top: STANDS_MAX, ..asked }.ask(self, ties).await?;
        let mut lines = positioned(ties, part.top);
        lines.retain(|(_, line)| !line.is_hidden && line.standing.changed_at >= after);
        Ok(Moved { untold, at, lines })
    }
}

const _: () = assert!(STANDS_MAX <= LINES_MAX, "as many are answered");
