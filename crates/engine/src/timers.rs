//! What is due when: an index over the rows of all tables, made from them again after a restart.

use std::collections::BTreeSet;

use accolade_domain::time::Timestamp;

pub use crate::tables::Timer;

/// The timers of a partition, by due time, table and key.
#[derive(Debug, Default)]
pub struct Timers(BTreeSet<(Timestamp, Timer)>);

impl Timers {
    /// Moves a timer from when it was due to when it is.
    pub(crate) fn reset(
        &mut self,
        last: Option<Timestamp>,
        next: Option<Timestamp>,
        timer: impl Fn() -> Timer,
    ) {
        if last == next {
            return;
        }
        if let Some(last) = last {
            self.0.remove(&(last, timer()));
        }
        if let Some(next) = next {
            self.0.insert((next, timer()));
        }
    }

    /// When the next timer is due.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.0.first().map(|(due, _)| *due)
    }

    /// The first timer that is due at `now`.
    pub(crate) fn first_due(&self, now: Timestamp) -> Option<&Timer> {
        self.0.first().filter(|(due, _)| *due <= now).map(|(_, timer)| timer)
    }
}
