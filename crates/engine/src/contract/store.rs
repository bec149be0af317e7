//! The contract of [`Store`]: what it has taken it gives back, and what it is asked it answers the same
//! whenever it is asked.

use accolade_domain::amount::{Points, Rate};
use accolade_domain::ledger::{Parts, Place};
use accolade_domain::outcome::Outcome;
use accolade_domain::refusal::DeadReason;
use accolade_domain::time::Timestamp;
use accolade_wire::identity::{Content, IdHash};
use accolade_wire::journal::{PassedOver, TimeSlot, begin_slice, put_outcome};
use accolade_wire::record::{Kind, Record, Source};

use crate::ids::IdEntry;
use crate::store::{Ask, Earlier, Folded, Hours, NotCommitted, Store};

/// A store under test.
pub trait UnderTest {
    /// The store.
    type Store: Store;
    /// The store itself.
    fn store(&mut self) -> &mut Self::Store;
    /// Seals ids of a partition into a run of their own.
    fn seal(&mut self, partition: u16, ids: &[IdEntry]);
    /// Brings rows of a partition, in the order of keys, into a run of their own.
    fn seal_rows(&mut self, partition: u16, rows: &[(Vec<u8>, Vec<u8>)]);
    /// Does whatever happens in the background, to its end: merging, closing, compressing.
    fn settle(&mut self);
}

const PARTITION: u16 = 2;

/// Runs the whole contract on an empty store of at least three partitions.
pub fn check(test: &mut impl UnderTest) {
    outcomes_are_read_as_they_were_committed(test);
    what_was_taken_before_is_taken_again_only_if_it_is_the_same(test);
    what_was_passed_over_is_told_of_what_was_taken(test);
    the_newest_occurrence_before_the_batch_is_found(test);
    the_newest_run_that_has_a_row_says_what_it_is(test);
}

fn folded(batch: u64, outcomes: &[Outcome]) -> Folded {
    let mut journal = Vec::new();
    begin_slice(&mut journal, 1, Timestamp::from_micros(7));
    TimeSlot::default().put(&mut journal);
    for outcome in outcomes {
        put_outcome(&mut journal, outcome, &[], &[]);
    }
    let count = u32::try_from(outcomes.len()).unwrap();
    Folded { partition: PARTITION, batch, count, journal, dead_letters: Vec::new() }
}

fn read(test: &mut impl UnderTest, batch: u64, slot: u32) -> Outcome {
    let mut found = None;
    let place = Place { partition: PARTITION, batch, slot, number: 0 };
    test.store().outcome(place, &mut |recorded| found = Some(recorded.outcome.clone())).unwrap();
    found.unwrap()
}

fn outcomes_are_read_as_they_were_committed(test: &mut impl UnderTest) {
    let counted = Outcome::Counted {
        version: 1,
        points: Points::ZERO,
        capped: Points::ZERO,
        parts: Parts::of(Rate::ONE, Rate::ONE),
        cap_day: None,
        earned_on: None,
        matures: None,
        given: Box::default(),
    };
    test.store().commit(&folded(1, &[counted.clone(), Outcome::Recorded])).unwrap();
    test.store().commit(&folded(2, &[Outcome::Done { made: 5 }])).unwrap();
    for _ in 0..2 {
        test.settle();
        assert_eq!(read(test, 1, 1), counted);
        assert_eq!(read(test, 1, 2), Outcome::Recorded);
        assert_eq!(read(test, 2, 1), Outcome::Done { made: 5 });
    }
}

fn what_was_taken_before_is_taken_again_only_if_it_is_the_same(test: &mut impl UnderTest) {
    let done = |made: u64| folded(2, &[Outcome::Done { made }]);
    test.store().commit(&done(5)).unwrap();
    let shorter = folded(1, &[Outcome::Recorded]);
    for (other, slot, what) in [
        (done(6), 1, "the outcome is `Done { made: 6 }` now, and was `Done { made: 5 }`"),
        (folded(2, &[]), 1, "(0, "),
        (shorter, 1, "the outcome is `Recorded` now, and was `Counted"),
    ] {
        let Err(NotCommitted::Differs(differs)) = test.store().commit(&other) else {
            panic!("{other:?} is taken")
        };
        assert_eq!(differs.slot, slot, "{differs:?}");
        assert!(differs.what.contains(what), "{differs:?}");
    }
    test.settle();
    assert_eq!(read(test, 2, 1), Outcome::Done { made: 5 });
    test.store().commit(&done(5)).unwrap();
    test.settle();
    assert_eq!(read(test, 2, 1), Outcome::Done { made: 5 });
}

fn what_was_passed_over_is_told_of_what_was_taken(test: &mut impl UnderTest) {
    let (reason, detail) = (DeadReason::Skipped, "it failed".into());
    let skipped = Outcome::DeadLetter { reason, detail };
    let mut time = TimeSlot::default();
    time.add(&[], &[]);
    time.pass_over();
    time.add(&[], &[]);
    let mut journal = Vec::new();
    begin_slice(&mut journal, 1, Timestamp::from_micros(7));
    time.put(&mut journal);
    for outcome in [&Outcome::Recorded, &skipped] {
        put_outcome(&mut journal, outcome, &[], &[]);
    }
    let letter = |body: &[u8]| {
        let (kind, source, received_at) = (Kind::Wager, Source::Http, Timestamp::default());
        let mut record = Vec::new();
        Record { kind, source, operator: "", received_at, origin: None, body }.write(&mut record);
        vec![(2, record)]
    };
    let dead_letters = letter(b"no event");
    let batch = Folded { partition: PARTITION, batch: 3, count: 2, journal, dead_letters };
    test.store().commit(&batch).unwrap();
    test.settle();
    test.store().commit(&batch).unwrap();
    let skipped = PassedOver { slots: vec![2], timers: vec![1] };
    for (batch, expected) in [(2, Some(PassedOver::default())), (3, Some(skipped)), (4, None)] {
        assert_eq!(test.store().passed_over(PARTITION, batch).unwrap(), expected);
    }
    let other = Folded { dead_letters: letter(b"another"), ..batch };
    let Err(NotCommitted::Differs(differs)) = test.store().commit(&other) else {
        panic!("another dead letter is taken")
    };
    assert_eq!(differs.slot, 2, "{differs:?}");
}

fn the_newest_occurrence_before_the_batch_is_found(test: &mut impl UnderTest) {
    let id = IdHash([1 << 40, 99]);
    let entry = |batch: u64, hour: i64, player: u32| IdEntry {
        id,
        content: Content(batch * 10),
        batch,
        slot: 1,
        player,
        hour,
    };
    test.seal(PARTITION, &[entry(10, 100, 1), entry(30, 102, 1)]);
    test.seal(PARTITION, &[entry(20, 100, 1), entry(25, 100, 2)]);
    test.seal(PARTITION - 1, &[entry(40, 100, 1)]);
    let ask =
        |hours: Hours, player: u32, before_batch: u64| Ask { id, player, hours, before_batch };
    let hour = |hour: i64| Hours { from: hour, to: hour, own: hour };
    let only = |from: i64, to: i64| Hours { from, to, own: 0 };
    let asks = [
        ask(Hours::ALL, 1, 100),
        ask(Hours::ALL, 1, 30),
        ask(hour(100), 1, 100),
        ask(hour(98), 1, 100),
        ask(Hours::ALL, 2, 100),
        ask(Hours::ALL, 3, 100),
        Ask { id: IdHash([1 << 40, 98]), ..ask(Hours::ALL, 1, 100) },
        ask(only(101, 101), 1, 100),
        ask(only(99, 101), 1, 100),
        ask(only(101, 103), 1, 100),
        ask(Hours { from: 1, to: 0, own: 101 }, 1, 20),
        ask(Hours { from: 1, to: 0, own: 103 }, 1, 100),
        ask(Hours { from: 1, to: 0, own: 104 }, 1, 100),
    ];
    let expected = [
        Some(30),
        Some(20),
        Some(20),
        None,
        Some(25),
        None,
        None,
        None,
        Some(20),
        Some(30),
        Some(10),
        Some(30),
        None,
    ];
    for _ in 0..2 {
        let mut found = Vec::new();
        test.store().earlier(PARTITION, &asks, &mut found).unwrap();
        let batches: Vec<_> =
            found.iter().map(|found| found.map(|earlier| earlier.batch)).collect();
        assert_eq!(batches, expected);
        assert_eq!(found[0], Some(Earlier { batch: 30, slot: 1, content: Content(300) }));
        test.settle();
    }
}

fn the_newest_run_that_has_a_row_says_what_it_is(test: &mut impl UnderTest) {
    let row = |key: u16, value: &str| -> (Vec<u8>, Vec<u8>) {
        let mut named = vec![8];
        named.extend_from_slice(&key.to_be_bytes());
        (named, [&[1], value.as_bytes()].concat())
    };
    let gone = |key: u16| (row(key, "").0, vec![0]);
    let many: Vec<_> = (0..2_000).map(|key| row(key, "first")).collect();
    test.seal_rows(PARTITION, &many);
    test.seal_rows(PARTITION - 1, &[row(7, "of another partition")]);
    test.seal_rows(PARTITION, &[row(7, "second"), gone(8), row(3_000, "second")]);
    for _ in 0..2 {
        for key in (0..2_000).filter(|key| ![7, 8].contains(key)) {
            let (named, value) = row(key, "first");
            assert_eq!(test.store().row(PARTITION, &named).unwrap(), Some(value));
        }
        for (named, value) in [row(7, "second"), row(3_000, "second")] {
            assert_eq!(test.store().row(PARTITION, &named).unwrap(), Some(value));
        }
        let found = test.store().row(PARTITION, &row(8, "").0).unwrap();
        assert!(found.is_none() || found == Some(vec![0]), "a row that was taken away: {found:?}");
        let mut given = Vec::new();
        let from = row(6, "").0;
        let take = &mut |named: &[u8], value: &[u8]| {
            if value != [0] {
                given.push((named.to_vec(), value.to_vec()));
            }
            Ok(given.len() < 1_000)
        };
        test.store().rows(PARTITION, &from, take).unwrap();
        let expected = (6..).filter(|key| *key != 8).take(1_000);
        let expected = expected.map(|key| row(key, if key == 7 { "second" } else { "first" }));
        assert_eq!(given, expected.collect::<Vec<_>>(), "rows from a key on");
        let mut given = Vec::new();
        let take = &mut |named: &[u8], _: &[u8]| {
            given.push(named.to_vec());
            Ok(true)
        };
        test.store().rows(PARTITION, &row(1_999, "").0, take).unwrap();
        assert_eq!(
            given,
            [row(1_999, "").0, row(3_000, "").0],
            "to the end, and no other partition's"
        );
        for named in [row(2_500, "").0, row(9_999, "").0, vec![8], vec![7], vec![9]] {
            assert_eq!(test.store().row(PARTITION, &named).unwrap(), None);
        }
        let elsewhere = test.store().row(PARTITION - 1, &row(9, "").0).unwrap();
        assert_eq!(elsewhere, None);
        test.settle();
    }
}
