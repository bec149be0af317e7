//! Which version applies, against the obvious slow way of finding it.

use accolade_domain::program::{VersionEntry, Versions};
use accolade_domain::time::Timestamp;
use proptest::prelude::*;

const fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

#[test]
fn an_event_is_judged_by_the_version_of_its_own_time() {
    let mut versions = Versions::new();
    versions.publish(at(100), "first");
    versions.publish(at(300), "scheduled");
    versions.publish(at(200), "published later, begins earlier");
    versions.publish(at(300), "same instant, higher number");
    let number = |time| versions.at(at(time)).map(|entry| entry.number);
    assert_eq!(number(99), None);
    assert_eq!(number(100), Some(1));
    assert_eq!(number(299), Some(3));
    assert_eq!(number(300), Some(4));
}

#[test]
fn a_version_that_has_begun_or_was_withdrawn_before_is_not_withdrawn() {
    let mut versions = Versions::new();
    versions.publish(at(100), "begun");
    versions.publish(at(300), "scheduled");
    assert!(!versions.withdraw(1, at(100)), "it has begun");
    assert!(!versions.withdraw(3, at(100)), "there is none");
    assert!(versions.withdraw(2, at(299)));
    assert!(!versions.withdraw(2, at(299)), "it was withdrawn before");
    assert_eq!(versions.at(at(300)).map(|entry| entry.number), Some(1));
    assert_eq!(versions.latest(), 2, "its number is not given to another");
}

#[test]
fn what_was_taken_before_a_publication_does_not_see_it() {
    let mut versions = Versions::new();
    versions.publish(at(100), "first");
    versions.publish(at(500), "scheduled");
    let before = versions.clone();
    versions.publish(at(100), "second");
    versions.withdraw(2, at(200));
    let applied = |versions: &Versions<&'static str>, time| versions.at(at(time)).unwrap().program;
    assert_eq!((applied(&before, 100), applied(&before, 500)), ("first", "scheduled"));
    assert_eq!((applied(&versions, 100), applied(&versions, 500)), ("second", "second"));
    assert_eq!((before.all().count(), versions.all().count()), (2, 3));
}

/// A list that is searched from one end to the other.
#[derive(Default)]
struct Slow(Vec<VersionEntry<()>>);

impl Slow {
    fn at(&self, at: Timestamp) -> Option<&VersionEntry<()>> {
        let applies = |entry: &&VersionEntry<()>| entry.effective_from <= at && !entry.withdrawn;
        self.0.iter().filter(applies).max_by_key(|entry| (entry.effective_from, entry.number))
    }

    fn withdraw(&mut self, number: u32, now: Timestamp) -> bool {
        let scheduled = |entry: &&mut VersionEntry<()>| {
            entry.number == number && entry.effective_from > now && !entry.withdrawn
        };
        let found = self.0.iter_mut().find(scheduled);
        found.map(|entry| entry.withdrawn = true).is_some()
    }
}

#[derive(Debug, Clone)]
enum Act {
    Publish(i64),
    Withdraw(u32, i64),
    Ask(i64),
}

fn act() -> impl Strategy<Value = Act> {
    // Few times, so that many versions begin together.
    let time = || -3..12_i64;
    prop_oneof![
        time().prop_map(Act::Publish),
        (0..30_u32, time()).prop_map(|(number, now)| Act::Withdraw(number, now)),
        time().prop_map(Act::Ask),
    ]
}

proptest! {
    #[test]
    fn versions_are_found_as_by_looking_at_each(acts in prop::collection::vec(act(), 1..80)) {
        let (mut versions, mut slow) = (Versions::new(), Slow::default());
        for act in acts {
            match act {
                Act::Publish(from) => {
                    let number = versions.publish(at(from), ());
                    let effective_from = at(from);
                    slow.0.push(VersionEntry { number, effective_from, withdrawn: false, program: () });
                }
                Act::Withdraw(number, now) => {
                    prop_assert_eq!(versions.withdraw(number, at(now)), slow.withdraw(number, at(now)));
                }
                Act::Ask(time) => prop_assert_eq!(versions.at(at(time)), slow.at(at(time))),
            }
            prop_assert!(versions.all().eq(&slow.0));
        }
    }
}
