//! What is due when: an index over the state, rebuilt from it after a restart.

use std::collections::{BTreeMap, BTreeSet};

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
    /// A marker has stood long enough.
    Marker(MarkerKey),
    /// What was sent to another partition has not been answered: it is sent again.
    Pending(Place),
    /// A dead letter has been kept long enough.
    DeadLetter(Place),
}

/// The wager that a void waits for: operator's number, player and wager. Or, under a name that no player
/// has, a dead letter that was released and became one again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MarkerKey {
    /// The operator's number.
    pub operator: u32,
    /// The operator's own name for the player.
    pub player: Box<str>,
    /// The wager.
    pub wager: Box<str>,
}

impl MarkerKey {
    /// What came from the release at `from` is kept as a dead letter again.
    pub fn returned(from: Place) -> Self {
        let Place { partition, batch, slot, .. } = from;
        let wager = format!("{partition}-{batch}-{slot}").into();
        // The name of a player has no control characters.
        Self { operator: 0, player: "\0".into(), wager }
    }
}

/// The timers of a partition, by the time at which they are due.
///
/// Every account that has used of its cap has one, and they are due at a few times only, the ends of
/// days: for each of these times there is a bit for each player.
#[derive(Debug, Default)]
pub struct Timers {
    days: BTreeMap<Timestamp, Ordinals>,
    others: BTreeSet<(Timestamp, Timer)>,
}

impl Timers {
    /// Sets a timer.
    pub fn set(&mut self, due: Timestamp, timer: Timer) {
        match timer {
            Timer::DayUse(player) => self.days.entry(due).or_default().insert(player),
            Timer::Marker(_) | Timer::Pending(_) | Timer::DeadLetter(_) => {
                self.others.insert((due, timer));
            }
        }
    }

    /// Takes a timer back.
    pub fn cancel(&mut self, due: Timestamp, timer: Timer) {
        let Timer::DayUse(player) = timer else {
            self.others.remove(&(due, timer));
            return;
        };
        if let Some(players) = self.days.get_mut(&due) {
            players.remove(player);
            if players.count == 0 {
                self.days.remove(&due);
            }
        }
    }

    /// When the next timer is due.
    pub fn next_due(&self) -> Option<Timestamp> {
        let day = self.days.keys().next();
        let other = self.others.first().map(|(due, _)| due);
        day.into_iter().chain(other).min().copied()
    }

    /// Takes the next timer that is due at `now`.
    pub fn pop(&mut self, now: Timestamp) -> Option<Timer> {
        let due = self.next_due().filter(|due| *due <= now)?;
        if let Some(mut players) = self.days.first_entry().filter(|day| *day.key() == due) {
            let player = players.get_mut().pop_first();
            if players.get().count == 0 {
                players.remove();
            }
            return player.map(Timer::DayUse);
        }
        self.others.pop_first().map(|(_, timer)| timer)
    }
}

/// A set of players, a bit for each.
#[derive(Debug, Default)]
struct Ordinals {
    words: Vec<u64>,
    count: usize,
    /// All words before this one are empty.
    first: usize,
}

const fn bit(player: Ordinal) -> (usize, u64) {
    ((player >> 6) as usize, 1 << (player & 63))
}

impl Ordinals {
    fn insert(&mut self, player: Ordinal) {
        let (at, bit) = bit(player);
        if at >= self.words.len() {
            self.words.resize(at + 1, 0);
        }
        self.count += usize::from(self.words[at] & bit == 0);
        self.words[at] |= bit;
        self.first = self.first.min(at);
    }

    fn remove(&mut self, player: Ordinal) {
        let (at, bit) = bit(player);
        if let Some(word) = self.words.get_mut(at) {
            self.count -= usize::from(*word & bit != 0);
            *word &= !bit;
        }
    }

    fn pop_first(&mut self) -> Option<Ordinal> {
        let past = self.words[self.first..].iter().take_while(|word| **word == 0).count();
        self.first += past;
        let word = self.words.get(self.first)?;
        let first = Ordinal::try_from(self.first).expect("there are fewer words than players");
        let player = first * u64::BITS + word.trailing_zeros();
        self.remove(player);
        Some(player)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_fire_in_the_order_of_their_times_and_then_of_their_kinds_and_keys() {
        let at = Timestamp::from_micros;
        let dead_letter = Timer::DeadLetter(Place { batch: 3, ..Place::default() });
        let mut expected = vec![
            (at(1), dead_letter.clone()),
            (at(2), Timer::DayUse(0)),
            (at(2), Timer::DayUse(63)),
            (at(2), Timer::DayUse(64)),
            (at(2), Timer::DayUse(1_000)),
            (at(2), dead_letter),
            (at(3), Timer::DayUse(64)),
        ];
        let mut timers = Timers::default();
        for (due, timer) in expected.iter().rev().chain(&expected) {
            timers.set(*due, timer.clone());
        }
        for (due, timer) in [(at(2), Timer::DayUse(63)), (at(3), Timer::DayUse(64))] {
            timers.cancel(due, timer.clone());
            timers.cancel(due, timer.clone());
            expected.retain(|kept| *kept != (due, timer.clone()));
        }
        timers.cancel(at(9), Timer::DayUse(9));
        for (due, timer) in expected {
            assert_eq!(timers.next_due(), Some(due));
            assert_eq!(timers.pop(due.plus_micros(-1)), None);
            assert_eq!(timers.pop(at(5)), Some(timer));
            if due == at(2) {
                timers.set(at(2), Timer::DayUse(0));
                assert_eq!(timers.pop(at(5)), Some(Timer::DayUse(0)));
            }
        }
        assert_eq!(timers.next_due(), None);
        assert_eq!(timers.pop(at(5)), None);
    }
}
