//! What is due when: an index over the rows of all tables and over the accounts, made from them again after a
//! restart.

use std::collections::{BTreeMap, BTreeSet};

use accolade_domain::account::Timed;
use accolade_domain::time::Timestamp;

use crate::players::Ordinal;
pub use crate::tables::Timer;

/// The timers of a partition, by due time, table and key; those of accounts come last in one moment.
#[derive(Debug, Default)]
pub struct Timers {
    rows: BTreeSet<(Timestamp, Timer)>,
    /// Apart, since there may be one for each account, and most are due at few midnights.
    accounts: BTreeMap<Timestamp, BTreeSet<Ordinal>>,
}

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
            self.rows.remove(&(last, timer()));
        }
        if let Some(next) = next {
            self.rows.insert((next, timer()));
        }
    }

    /// Moves the timer of an account from when it was due to when it is.
    pub(crate) fn reset_account(&mut self, last: Timestamp, next: Timestamp, player: Ordinal) {
        if last == next {
            return;
        }
        if last != Timed::NEVER
            && let Some(due) = self.accounts.get_mut(&last)
        {
            due.remove(&player);
            if due.is_empty() {
                self.accounts.remove(&last);
            }
        }
        if next != Timed::NEVER {
            self.accounts.entry(next).or_default().insert(player);
        }
    }

    /// When the next timer is due.
    pub fn next_due(&self) -> Option<Timestamp> {
        let row = self.rows.first().map(|(due, _)| *due);
        let account = self.accounts.first_key_value().map(|(due, _)| *due);
        row.into_iter().chain(account).min()
    }

    /// The first timer that is due at `now`.
    pub(crate) fn first_due(&self, now: Timestamp) -> Option<Timer> {
        let row = self.rows.first().filter(|(due, _)| *due <= now);
        let account = self.accounts.first_key_value().filter(|(due, _)| **due <= now);
        let account = account.and_then(|(due, players)| Some((due, players.first()?)));
        match (row, account) {
            (Some((due, timer)), Some((account_due, _))) if due <= account_due => {
                Some(timer.clone())
            }
            (_, Some((_, player))) => Some(Timer::Account(*player)),
            (Some((_, timer)), None) => Some(timer.clone()),
            (None, None) => None,
        }
    }
}
