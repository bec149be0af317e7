//! What is due when: an index over the state, rebuilt from it after a restart.

use std::collections::BTreeSet;

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;

use crate::players::Ordinal;

/// Most timers that fire in one batch. The number belongs to the behaviour.
pub const FIRED_MAX: usize = 1_000;

/// What happens when a timer fires.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A day of a player's cap is so old that no event counts against it any more.
    DayUse(Ordinal),
    /// The marker of a void whose wager never came has stood for a window.
    Marker(MarkerKey),
    /// What was sent to another partition has not been answered: it is sent again.
    Pending(Place),
    /// A dead letter has been kept long enough.
    DeadLetter(Place),
}

/// The wager that a void waits for: operator's number, player and wager.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MarkerKey {
    /// The operator's number.
    pub operator: u32,
    /// The operator's own name for the player.
    pub player: Box<str>,
    /// The wager.
    pub wager: Box<str>,
}

/// The timers of a partition, by the time at which they are due.
#[derive(Debug, Default)]
pub struct Timers(BTreeSet<(Timestamp, Timer)>);

impl Timers {
    /// Sets a timer.
    pub fn set(&mut self, due: Timestamp, timer: Timer) {
        self.0.insert((due, timer));
    }

    /// Takes a timer back.
    pub fn cancel(&mut self, due: Timestamp, timer: Timer) {
        self.0.remove(&(due, timer));
    }

    /// When the next timer is due.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.0.first().map(|(due, _)| *due)
    }

    /// Takes the next timer that is due at `now`.
    pub fn pop(&mut self, now: Timestamp) -> Option<Timer> {
        if self.next_due()? > now {
            return None;
        }
        self.0.pop_first().map(|(_, timer)| timer)
    }

    /// All timers, in order.
    pub fn iter(&self) -> impl Iterator<Item = &(Timestamp, Timer)> {
        self.0.iter()
    }
}
