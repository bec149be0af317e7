//! What one webhook is to be told of one partition: in the order in which it happened, for each player. Whatever fails
//! is set aside with its player, and holds up nobody else.
//!
//! It does no I/O and knows no clock. What it remembers is written into the partition's state, so that another node
//! goes on where this one was.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use accolade_domain::ledger::{Place, Subject};
use accolade_domain::time::Timestamp;
use accolade_engine::tables::deliveries::Told;
use serde::{Deserialize, Serialize};

use crate::sending::{Attempt, Failure, Message};

/// Seconds from an attempt to the next one, by how many have failed: three days and three hours in all.
const WAITS: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// Nothing more is read while so many wait.
pub(crate) const WAITING_MAX: usize = 64;
/// Those that are remembered one by one; what is behind them is read again.
const ASIDE_MAX: usize = 256;
/// Deliveries that have ended and are remembered.
const RECENT_MAX: usize = 25;
/// A lane that had nothing to tell says how far it is this seldom.
const BATCHES_UNSAID: u64 = 1_000;

/// Something that waits to be told.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    subject: Subject,
    kind: &'static str,
    message: Message,
    tries: Tries,
    is_sending: bool,
}

/// How often something was tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tries {
    pub(crate) failed: u32,
    /// When it failed first.
    pub(crate) since: Timestamp,
    /// When it is tried again.
    pub(crate) due: Timestamp,
    /// What was answered last; 0 for nothing.
    pub(crate) status: u16,
}

/// Batch, slot and number of something in a partition.
type Spot = (u64, u32, u32);

/// A delivery that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Batch, slot and number of what was told.
    pub spot: (u64, u32, u32),
    /// Its type.
    pub kind: Box<str>,
    /// The message's id.
    pub message: Box<str>,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// Attempts, the last one too.
    pub attempts: u32,
    /// What was answered; 0 for nothing.
    pub status: u16,
    /// Whether the receiver has taken it; else it was given up.
    pub taken: bool,
}

/// Something that failed, or waits behind what did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aside {
    /// Batch, slot and number of what is to be told.
    pub spot: (u64, u32, u32),
    /// Its type.
    pub kind: Box<str>,
    /// The message's id.
    pub message: Box<str>,
    /// Attempts that have failed.
    pub failed: u32,
    /// When the first did, in microseconds since 1970.
    pub since: i64,
    /// When it is tried again.
    pub due: i64,
    /// What was answered last; 0 for nothing.
    pub status: u16,
}

/// What is remembered of a lane.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// What failed, and what waits behind it; oldest first.
    pub aside: Vec<Aside>,
    /// What has ended; oldest first.
    pub ended: Vec<Ended>,
}

impl Remembered {
    /// Reads what `Remembered::write` wrote; nothing where it is another release's.
    pub fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    fn write(&self) -> String {
        serde_json::to_string(self).expect("what is remembered is plain data")
    }
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    Taken,
    /// It is tried again.
    Failed,
    /// It was tried for the last time.
    GivenUp,
    /// It was tried for the last time, and nothing has been taken since it failed first.
    Dead,
}

/// What one webhook is to be told of one partition.
#[derive(Debug)]
pub(crate) struct Lane {
    /// The next batch to be read.
    pub(crate) next: u64,
    waiting: BTreeMap<Place, Waiting>,
    /// What was remembered and is not read again yet.
    unread: BTreeMap<Place, Aside>,
    /// What was taken behind `next` before a restart.
    taken: BTreeSet<Place>,
    ended: VecDeque<Ended>,
    /// How often it was said how far this is.
    revision: u64,
    said_next: u64,
    is_changed: bool,
    pub(crate) is_saying: bool,
}

impl Lane {
    /// Goes on where the state says.
    pub(crate) fn resume(partition: u16, told: &Told) -> Self {
        let Remembered { aside, ended } = Remembered::read(&told.remembered);
        let at = |(batch, slot, number): Spot| Place { partition, batch, slot, number };
        let taken = ended.iter().filter(|it| it.taken && it.spot.0 >= told.next);
        Self {
            next: told.next,
            waiting: BTreeMap::new(),
            taken: taken.map(|it| at(it.spot)).collect(),
            unread: aside.into_iter().map(|it| (at(it.spot), it)).collect(),
            ended: ended.into(),
            revision: told.revision,
            said_next: told.next,
            is_changed: false,
            is_saying: false,
        }
    }

    /// The batch that it reads now: one of those that were remembered first.
    pub(crate) fn reads(&self) -> Option<u64> {
        match self.unread.first_key_value() {
            Some((place, _)) if place.batch < self.next => Some(place.batch),
            _ if self.waiting.len() < WAITING_MAX => Some(self.next),
            _ => None,
        }
    }

    /// Whether it wants what stands at a place: of what was read before, only what was remembered.
    pub(crate) fn wants(&self, place: Place) -> bool {
        if place.batch < self.next {
            return self.unread.contains_key(&place);
        }
        !self.taken.contains(&place)
    }

    /// Something that it wants waits from now on.
    pub(crate) fn add(
        &mut self,
        place: Place,
        subject: Subject,
        kind: &'static str,
        message: Message,
    ) {
        let tries = self.unread.remove(&place).map(|it| it.tries()).unwrap_or_default();
        self.waiting.insert(place, Waiting { subject, kind, message, tries, is_sending: false });
    }

    /// All that it wanted of a batch was added.
    pub(crate) fn has_read(&mut self, batch: u64) {
        if batch == self.next {
            self.next += 1;
        }
        let before = self.unread.len();
        self.unread.retain(|place, _| place.batch != batch);
        self.is_changed |= self.unread.len() != before;
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len() + self.unread.len()
    }

    /// What may be sent now: of each player the first that waits.
    pub(crate) fn ready(&self, now: Timestamp) -> Vec<Place> {
        let mut seen = BTreeSet::new();
        // What is not read again yet is older, and may be of any of the players.
        let is_whole = self.unread.keys().all(|place| place.batch >= self.next);
        let first =
            self.waiting.iter().filter(|_| is_whole).filter(|(_, it)| seen.insert(it.subject.0));
        let ready = first.filter(|(_, it)| !it.is_sending && it.tries.due <= now);
        ready.map(|(place, _)| *place).collect()
    }

    /// Begins to send something.
    pub(crate) fn begin(&mut self, place: Place) -> Message {
        let waiting = self.waiting.get_mut(&place).expect("what is ready waits");
        waiting.is_sending = true;
        waiting.message.clone()
    }

    /// An attempt has ended. `last_taken` is when the webhook has last taken anything, as far as this node knows.
    pub(crate) fn heard(
        &mut self,
        place: Place,
        attempt: Attempt,
        now: Timestamp,
        last_taken: Option<Timestamp>,
    ) -> Heard {
        let Some(waiting) = self.waiting.get_mut(&place) else { return Heard::Failed };
        waiting.is_sending = false;
        self.is_changed = true;
        let tries = &mut waiting.tries;
        tries.status = status_of(attempt);
        if attempt.is_taken() {
            let attempts = tries.failed + 1;
            self.end(place, now, attempts, true);
            return Heard::Taken;
        }
        if tries.failed == 0 {
            tries.since = now;
        }
        tries.failed += 1;
        let (failed, since) = (tries.failed, tries.since);
        if let Some(wait) = WAITS.get(failed as usize - 1) {
            tries.due = now.plus_micros(wait * 1_000_000);
            return Heard::Failed;
        }
        let own = self.ended.iter().filter(|it| it.taken).map(|it| Timestamp::from_micros(it.at));
        if own.chain(last_taken).any(|taken| taken > since) {
            self.end(place, now, failed, false);
            return Heard::GivenUp;
        }
        self.begin_anew();
        Heard::Dead
    }

    fn end(&mut self, place: Place, now: Timestamp, attempts: u32, taken: bool) {
        let waiting = self.waiting.remove(&place).expect("what ends has waited");
        self.ended.push_back(Ended {
            spot: spot(place),
            kind: waiting.kind.into(),
            message: waiting.message.id,
            at: now.micros(),
            attempts,
            status: waiting.tries.status,
            taken,
        });
        if self.ended.len() > RECENT_MAX {
            self.ended.pop_front();
        }
    }

    /// Whatever waits may be tried at once, as if it never had been: nothing of it is lost.
    pub(crate) fn begin_anew(&mut self) {
        for waiting in self.waiting.values_mut() {
            self.is_changed |= waiting.tries != Tries::default();
            waiting.tries = Tries::default();
        }
        for aside in self.unread.values_mut() {
            self.is_changed |= aside.tries() != Tries::default();
            (aside.failed, aside.since, aside.due, aside.status) = (0, 0, 0, 0);
        }
    }

    /// Whatever waits is tried at once: the receiver answers again.
    pub(crate) fn hurry(&mut self) {
        for waiting in self.waiting.values_mut() {
            waiting.tries.due = Timestamp::default();
        }
    }

    /// What is to be said of how far this is, where it is worth it: the next revision, the first batch that is not
    /// done, and what is remembered.
    pub(crate) fn says(&self) -> Option<Told> {
        let (next, aside) = self.far();
        let has_come_far = next >= self.said_next + BATCHES_UNSAID;
        if self.is_saying || !(self.is_changed || has_come_far) {
            return None;
        }
        let remembered = Remembered { aside, ended: self.ended.iter().cloned().collect() };
        let (revision, remembered) = (self.revision + 1, remembered.write().into());
        Some(Told { revision, next, remembered })
    }

    /// It was said, or is being said; what changes from now on is said the next time.
    pub(crate) fn begin_to_say(&mut self) {
        (self.is_saying, self.is_changed) = (true, false);
    }

    /// The state has it.
    pub(crate) fn has_said(&mut self, told: &Told) {
        (self.revision, self.said_next, self.is_saying) = (told.revision, told.next, false);
    }

    /// Nobody knows whether the state has it: it is said again.
    pub(crate) fn has_not_said(&mut self) {
        (self.is_saying, self.is_changed) = (false, true);
    }

    /// The first batch of which something waits that never failed, nor is behind something of the same player that
    /// did; and those before and behind it that did.
    fn far(&self) -> (u64, Vec<Aside>) {
        let mut failing = BTreeSet::new();
        let mut next = self.next;
        let mut all: Vec<_> = self.unread.values().cloned().collect();
        for (place, waiting) in &self.waiting {
            let has_failed = waiting.tries.failed > 0;
            let is_behind = !has_failed && failing.contains(&waiting.subject.0);
            if (has_failed || is_behind) && all.len() < ASIDE_MAX {
                failing.insert(waiting.subject.0);
                all.push(waiting.aside(*place));
            } else {
                next = next.min(place.batch);
            }
        }
        all.sort_unstable_by_key(|it| it.spot);
        (next, all)
    }

    /// Whether nothing is on its way, and all that changed was said.
    pub(crate) fn is_idle(&self) -> bool {
        let is_sending = self.waiting.values().any(|waiting| waiting.is_sending);
        !is_sending && !self.is_saying && !self.is_changed
    }
}

const fn spot(place: Place) -> Spot {
    (place.batch, place.slot, place.number)
}

const fn status_of(attempt: Attempt) -> u16 {
    match attempt {
        Attempt::Answered(status) => status,
        Attempt::Failed(_) => 0,
    }
}

impl Waiting {
    fn aside(&self, place: Place) -> Aside {
        let Tries { failed, since, due, status } = self.tries;
        let (kind, message) = (self.kind.into(), self.message.id.clone());
        let (since, due) = (since.micros(), due.micros());
        Aside { spot: spot(place), kind, message, failed, since, due, status }
    }
}

impl Aside {
    fn tries(&self) -> Tries {
        let [since, due] = [self.since, self.due].map(Timestamp::from_micros);
        Tries { failed: self.failed, since, due, status: self.status }
    }
}

/// How an attempt ended, for whoever counts.
pub(crate) const fn words(attempt: Attempt) -> &'static str {
    match attempt {
        Attempt::Answered(200..=299) => "taken",
        Attempt::Answered(_) => "answered",
        Attempt::Failed(failure) => Failure::code(failure),
    }
}

#[cfg(test)]
mod tests;
