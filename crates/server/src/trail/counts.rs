//! What is counted and not put down one by one: intake, what players see of their own, and refused requests beyond a
//! bound.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use accolade_domain::time::Timestamp;
use accolade_wire::trail::{TrailEntry, TrailKind};

use super::{DeniedMax, Outcome};
use crate::lock::lock;
use crate::principal::{Known, Principal};
use crate::routes::Route;

/// How often counts are put down: six times an hour, and never over the end of one.
const EVERY_MICROS: i64 = 600_000_000;
/// Parts that are counted in; threads beyond share them.
const PARTS: usize = 16;
/// Different things that are counted apart, in each part and when they are put down; the rest together.
const APART_MAX: usize = 4_096;
/// Addresses whose refused requests are counted apart.
const ADDRESSES_MAX: usize = 256;
/// Addresses of which it is known how many records they have.
const KNOWN_MAX: usize = 16_384;

/// So many requests of one kind.
#[derive(Debug)]
struct Counted {
    principal: Arc<Principal>,
    operator: Option<Arc<Known>>,
    route: &'static Route,
    outcome: Outcome,
    count: u64,
}

/// The stretch of time that is counted for.
#[derive(Debug, Default)]
struct Slot(i64);

impl Slot {
    /// Whether the one before `at` is over, or its counts are wanted at once.
    fn ends(&mut self, at: Timestamp, at_once: bool) -> bool {
        let before = std::mem::replace(&mut self.0, at.micros().div_euclid(EVERY_MICROS));
        (before != 0 && before != self.0) || at_once
    }
}

/// Requests that are counted: threads have parts of their own, so that none waits for another.
#[derive(Debug, Default)]
pub(super) struct Counts {
    parts: [Mutex<Part>; PARTS],
    slot: Mutex<Slot>,
}

#[derive(Debug, Default)]
struct Part {
    by_what: HashMap<u64, Counted>,
    /// Those for which there was no room.
    rest: u64,
}

impl Part {
    /// Counts `count` more of `what`; `first` says what it is where it is new.
    fn add(&mut self, what: u64, count: u64, first: impl FnOnce() -> Counted) {
        if let Some(counted) = self.by_what.get_mut(&what) {
            counted.count += count;
        } else if self.by_what.len() < APART_MAX {
            self.by_what.insert(what, first());
        } else {
            self.rest += count;
        }
    }
}

impl Counts {
    pub(super) fn add(
        &self,
        principal: &Arc<Principal>,
        operator: Option<&Arc<Known>>,
        route: &'static Route,
        outcome: Outcome,
    ) {
        let mut hasher = DefaultHasher::new();
        let number = operator.map(|operator| operator.number);
        (&principal.subject, number, route.id, outcome.status).hash(&mut hasher);
        lock(&self.parts[own_part()]).add(hasher.finish(), 1, || {
            let (principal, operator) = (Arc::clone(principal), operator.cloned());
            Counted { principal, operator, route, outcome, count: 1 }
        });
    }

    /// What was counted, where its time is over or it is wanted at once.
    pub(super) fn take(&self, at: Timestamp, at_once: bool) -> Vec<TrailEntry> {
        if !lock(&self.slot).ends(at, at_once) {
            return Vec::new();
        }
        let mut whole = Part::default();
        for part in &self.parts {
            let Part { by_what, rest } = std::mem::take(&mut *lock(part));
            for (what, counted) in by_what {
                whole.add(what, counted.count, || counted);
            }
            whole.rest += rest;
        }
        let counted = whole.by_what.into_values().map(|counted| {
            let Counted { principal, operator, route, outcome, count } = counted;
            TrailEntry {
                kind: TrailKind::Counted,
                status: outcome.status,
                code: outcome.code.to_owned(),
                count,
                operator: operator.map(|known| known.id.to_string()).unwrap_or_default(),
                subject: principal.subject.to_string(),
                credential: principal.credential.code().to_owned(),
                key: principal.key.as_ref().map(|key| key.id.to_string()).unwrap_or_default(),
                route: route.id.to_owned(),
                method: route.method.to_string(),
                ..TrailEntry::default()
            }
        });
        let mut entries: Vec<TrailEntry> = counted.collect();
        entries.sort_by(|a, b| {
            (&a.operator, &a.subject, &a.route).cmp(&(&b.operator, &b.subject, &b.route))
        });
        if whole.rest > 0 {
            let (kind, subject, count) = (TrailKind::Counted, "others".to_owned(), whole.rest);
            entries.push(TrailEntry { kind, subject, count, ..TrailEntry::default() });
        }
        entries
    }
}

/// The part of this thread.
fn own_part() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: usize = THREADS.fetch_add(1, Ordering::Relaxed) % PARTS;
    }
    OWN.with(|own| *own)
}

/// Refused requests: which of them have records of their own, and how many more there were.
#[derive(Debug, Default)]
pub(super) struct Denials {
    hour: i64,
    in_all: u32,
    by_address: HashMap<Option<IpAddr>, u32>,
    slot: Slot,
    counted: HashMap<(Option<IpAddr>, u16), (Outcome, u64)>,
    rest: u64,
}

impl Denials {
    /// Whether a refused request gets a record of its own; else it is counted.
    pub(super) fn admit(
        &mut self,
        peer: Option<IpAddr>,
        outcome: Outcome,
        at: Timestamp,
        max: DeniedMax,
    ) -> bool {
        if at.hour() != self.hour {
            (self.hour, self.in_all) = (at.hour(), 0);
            self.by_address.clear();
        }
        let is_known = self.by_address.contains_key(&peer);
        if self.in_all < max.in_all && (is_known || self.by_address.len() < KNOWN_MAX) {
            let records = self.by_address.entry(peer).or_default();
            if *records < max.by_address {
                *records += 1;
                self.in_all += 1;
                return true;
            }
        }
        let what = (peer, outcome.status);
        if self.counted.contains_key(&what) || self.counted.len() < ADDRESSES_MAX {
            self.counted.entry(what).or_insert((outcome, 0)).1 += 1;
        } else {
            self.rest += 1;
        }
        false
    }

    /// What was counted, where its time is over or it is wanted at once.
    pub(super) fn take(&mut self, at: Timestamp, at_once: bool) -> Vec<TrailEntry> {
        if !self.slot.ends(at, at_once) {
            return Vec::new();
        }
        let kind = TrailKind::DeniedCounted;
        let counted = self.counted.drain().map(|((peer, status), (outcome, count))| TrailEntry {
            kind,
            status,
            code: outcome.code.to_owned(),
            count,
            peer: peer.map(|peer| peer.to_string()).unwrap_or_default(),
            ..TrailEntry::default()
        });
        let mut entries: Vec<TrailEntry> = counted.collect();
        entries.sort_by(|a, b| (&a.peer, a.status).cmp(&(&b.peer, b.status)));
        let count = std::mem::take(&mut self.rest);
        if count > 0 {
            let peer = "others".to_owned();
            entries.push(TrailEntry { kind, peer, count, ..TrailEntry::default() });
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::thread;

    use super::*;
    use crate::keys::Bounds;
    use crate::principal::{Credential, Operators};
    use crate::roles::Role;
    use crate::routes::all;

    const REFUSED: Outcome = Outcome { status: 401, code: "unauthorized" };

    fn service(name: String) -> Arc<Principal> {
        Arc::new(Principal {
            subject: name.into(),
            operators: Operators::All,
            roles: [Role::Ingest].into(),
            scopes: Role::Ingest.scopes(),
            player: None,
            bounds: Bounds::default(),
            key: None,
            credential: Credential::ApiKey,
            until: None,
        })
    }

    #[test]
    fn what_many_threads_count_at_the_same_time_is_put_down_to_the_last_one() {
        let (counts, at) = (Counts::default(), Timestamp::from_micros(EVERY_MICROS));
        let route = all().next().unwrap().1;
        let taken = thread::scope(|scope| {
            for _ in 0..3 * PARTS {
                scope.spawn(|| {
                    for number in 0..1_000 {
                        let status = 200 + number % 2;
                        let outcome = Outcome { status, code: "" };
                        counts.add(&service("a".into()), None, route, outcome);
                    }
                });
            }
            counts.take(at, true)
        });
        let mut by_status = BTreeMap::new();
        for entry in taken.into_iter().chain(counts.take(at, true)) {
            assert_eq!((&*entry.subject, &*entry.route), ("a", route.id));
            *by_status.entry(entry.status).or_insert(0) += entry.count;
        }
        let each = 3 * PARTS as u64 * 500;
        assert_eq!(by_status, BTreeMap::from([(200, each), (201, each)]));
        assert!(counts.take(at, true).is_empty());
    }

    #[test]
    fn what_there_is_no_room_for_is_counted_as_others() {
        let (counts, at) = (Counts::default(), Timestamp::from_micros(EVERY_MICROS));
        let route = all().next().unwrap().1;
        thread::scope(|scope| {
            for thread in 0..2 {
                let counts = &counts;
                scope.spawn(move || {
                    for number in 0..APART_MAX + 3 {
                        let name = format!("{thread}-{number}");
                        counts.add(&service(name), None, route, REFUSED);
                    }
                });
            }
        });
        let taken = counts.take(at, true);
        assert_eq!(taken.len(), APART_MAX + 1);
        let others = taken.last().unwrap();
        assert_eq!((&*others.subject, others.count), ("others", APART_MAX as u64 + 6));
    }

    fn peer(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    #[test]
    fn a_flood_of_refused_requests_is_counted_by_address_and_leaves_few_records() {
        let (mut denials, at) = (Denials::default(), Timestamp::from_micros(EVERY_MICROS));
        let max = DeniedMax { by_address: 3, in_all: 10 };
        let mut records = 0;
        for number in 0..100_000 {
            records += usize::from(denials.admit(Some(peer(number % 1_000)), REFUSED, at, max));
            records += usize::from(denials.admit(Some(peer(7)), REFUSED, at, max));
        }
        assert_eq!(records, 10);
        let counted = denials.take(at, true);
        assert_eq!(counted.len(), ADDRESSES_MAX + 1);
        assert_eq!(counted.iter().map(|entry| entry.count).sum::<u64>(), 200_000 - 10);
        assert_eq!(counted.last().unwrap().peer, "others");
        let next_hour = at.plus_micros(3_600_000_000);
        assert!(denials.admit(Some(peer(7)), REFUSED, next_hour, max));
        assert!(denials.take(next_hour, true).is_empty());
    }

    #[test]
    fn counts_are_put_down_when_their_time_is_over_and_not_before() {
        let mut denials = Denials::default();
        let max = DeniedMax { by_address: 0, in_all: 0 };
        let at = Timestamp::from_micros(5 * EVERY_MICROS);
        assert!(denials.take(at, false).is_empty());
        denials.admit(Some(peer(1)), REFUSED, at, max);
        assert!(denials.take(at.plus_micros(EVERY_MICROS - 1), false).is_empty());
        let counted = denials.take(at.plus_micros(EVERY_MICROS), false);
        assert_eq!((&*counted[0].peer, counted[0].count), ("0.0.0.1", 1));
    }
}
