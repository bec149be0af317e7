//! The contract of [`OrderedLog`]: what is submitted is heard and read alike, what is appended stands
//! gapless, and partitions are shared by whoever is there.

use std::ops::Range;
use std::sync::mpsc;
use std::time::Duration;

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_wire::order::{Offsets, SourceTopic};
use accolade_wire::record::{Kind, Origin, Record, Source};

use crate::ordered::{Event, LogFailed, OrderedLog, Owner};

/// A log under test, empty and of at least two partitions.
pub trait UnderTest {
    /// A node's log.
    type Log: OrderedLog;
    /// Another node of this name joins.
    fn node(&mut self, name: &str) -> Self::Log;
    /// Removes what a source has before `offset`, as retention does.
    fn remove(&mut self, source: SourceTopic, partition: u16, offset: i64);
}

/// How long one call waits, and how often it is tried before a test gives up: 60 s.
const PATIENCE: Duration = Duration::from_millis(20);
const TRIES: usize = 3_000;

/// Runs the whole contract.
pub fn check(test: &mut impl UnderTest) {
    let first = test.node("first");
    let second = test.node("second");
    an_order_is_gapless(&first);
    a_foreign_record_shows_as_a_jump(&first, &second);
    what_is_submitted_is_read_as_it_was(&first);
    what_is_submitted_is_heard_from_an_offset_on(&first);
    nothing_is_heard_of_a_partition_that_was_left(&first);
    control_is_heard_by_every_node_from_the_first_record_on(&first, &second);
    owners_are_heard_by_every_node(&first, &second);
    what_was_removed_is_gone(test, &first);
    first.resign();
    second.resign();
    partitions_are_shared_and_taken_over(&test.node("third"), &test.node("fourth"));
}

/// A record that owns what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Written {
    kind: Kind,
    source: Source,
    operator: String,
    received_at: Timestamp,
    origin: Option<Origin>,
    body: Vec<u8>,
}

impl Written {
    fn new(kind: Kind, number: i64) -> Self {
        let at = usize::try_from(number).unwrap();
        let place = Place { partition: 1, batch: u64::MAX, slot: 7, number: 3 };
        let origin = Origin { place, sequence: 1 << 40 };
        // What others write too is never what a node sends to itself.
        let is_own = matches!(kind, Kind::Command | Kind::Control);
        let sources = [Source::Http, Source::File, Source::Kafka, Source::Node, Source::Released];
        let sources = if is_own { &sources[..] } else { &sources[..3] };
        Self {
            kind,
            source: sources[at % sources.len()],
            operator: ["", "house", "ö".repeat(64).as_str()][at % 3].to_owned(),
            received_at: Timestamp::from_micros(1_700_000_000_123_456 + number),
            origin: (is_own && at.is_multiple_of(3)).then_some(origin),
            body: format!("{{\"number\":{number}}}").into_bytes(),
        }
    }

    fn of(record: &Record<'_>) -> Self {
        let Record { kind, source, received_at, origin, .. } = *record;
        let (operator, body) = (record.operator.to_owned(), record.body.to_vec());
        Self { kind, source, operator, received_at, origin, body }
    }

    fn record(&self) -> Record<'_> {
        let Self { kind, source, received_at, origin, .. } = *self;
        Record { kind, source, operator: &self.operator, received_at, origin, body: &self.body }
    }
}

const SOURCES: [(SourceTopic, Kind); 3] = [
    (SourceTopic::Commands, Kind::Command),
    (SourceTopic::Wagers, Kind::Wager),
    (SourceTopic::GameEvents, Kind::GameEvent),
];

fn append(log: &impl OrderedLog, partition: u16, record: &[u8]) -> i64 {
    let (sender, receiver) = mpsc::channel();
    let done = move |place| sender.send(place).unwrap();
    log.append(partition, record, Box::new(done));
    receiver.recv().unwrap().unwrap().offset
}

/// Submits all at once, and returns their offsets.
fn submit(
    log: &impl OrderedLog,
    source: SourceTopic,
    partition: u16,
    records: &[Written],
) -> Vec<i64> {
    let receivers: Vec<_> = records
        .iter()
        .map(|written| {
            let (sender, receiver) = mpsc::channel();
            let done = move |offset| sender.send(offset).unwrap();
            log.submit(source, partition, &written.record(), None, Box::new(done)).unwrap();
            receiver
        })
        .collect();
    receivers.into_iter().map(|receiver| receiver.recv().unwrap().unwrap()).collect()
}

fn read_order(log: &impl OrderedLog, partition: u16, offsets: Range<i64>) -> Vec<(i64, Vec<u8>)> {
    let mut found = Vec::new();
    let mut each = |offset, record: &[u8]| {
        found.push((offset, record.to_vec()));
        Ok(())
    };
    log.read_order(partition, offsets, &mut each).unwrap();
    found
}

fn read_source(
    log: &impl OrderedLog,
    source: SourceTopic,
    partition: u16,
    offsets: Range<i64>,
) -> Result<Vec<(i64, Written)>, LogFailed> {
    let mut found = Vec::new();
    let mut each = |offset, record: &Record<'_>| {
        found.push((offset, Written::of(record)));
        Ok(())
    };
    log.read_source(source, partition, offsets, &mut each)?;
    Ok(found)
}

/// Hears until `enough` says so; panics where that takes too long.
fn hear_until(log: &impl OrderedLog, mut enough: impl FnMut(Option<Event<'_>>) -> bool) {
    for _ in 0..TRIES {
        let mut done = false;
        log.hear(PATIENCE, &mut |event| done |= enough(Some(event))).unwrap();
        if done || enough(None) {
            return;
        }
    }
    panic!("what was waited for was not heard");
}

fn an_order_is_gapless(log: &impl OrderedLog) {
    assert_eq!(log.order_range(0).unwrap(), 0..0);
    let records: Vec<_> = (0..20_u8).map(|number| vec![number; usize::from(number) + 1]).collect();
    let offsets: Vec<_> = records.iter().map(|record| append(log, 0, record)).collect();
    assert_eq!(offsets, (0..20).collect::<Vec<_>>());
    assert_eq!(append(log, 1, b"another partition"), 0);
    assert_eq!(log.order_range(0).unwrap(), 0..20);
    let expected: Vec<_> = (0..20).zip(records).collect();
    assert_eq!(read_order(log, 0, 0..20), expected);
    assert_eq!(read_order(log, 0, 5..6), expected[5..6]);
    assert_eq!(read_order(log, 0, 7..7), []);
    let beyond = log.read_order(0, 10..21, &mut |_, _| Ok(()));
    assert!(beyond.is_err(), "what is not there yet cannot be read");
}

fn a_foreign_record_shows_as_a_jump(first: &impl OrderedLog, second: &impl OrderedLog) {
    let before = append(first, 0, b"mine");
    assert_eq!(append(second, 0, b"of another"), before + 1);
    let after = append(first, 0, b"mine again");
    assert_eq!(after, before + 2);
    let gap = read_order(first, 0, before + 1..after);
    assert_eq!(gap, [(before + 1, b"of another".to_vec())]);
}

fn what_is_submitted_is_read_as_it_was(log: &impl OrderedLog) {
    for (source, kind) in SOURCES {
        let records: Vec<_> = (0..50).map(|number| Written::new(kind, number)).collect();
        let offsets = submit(log, source, 1, &records);
        assert!(offsets.is_sorted(), "{source:?} keeps the order: {offsets:?}");
        let all = offsets[0]..offsets[49] + 1;
        let expected: Vec<_> = offsets.into_iter().zip(records).collect();
        for _ in 0..2 {
            assert_eq!(read_source(log, source, 1, all.clone()).unwrap(), expected);
        }
        let part = expected[10].0..expected[20].0;
        assert_eq!(read_source(log, source, 1, part).unwrap(), expected[10..20]);
    }
    let starts = log.source_starts(1).unwrap();
    assert_eq!(starts, Offsets::default());
}

fn what_is_submitted_is_heard_from_an_offset_on(log: &impl OrderedLog) {
    let expected: Vec<_> = SOURCES
        .iter()
        .map(|(source, kind)| {
            let records: Vec<_> = (0..30).map(|number| Written::new(*kind, number)).collect();
            let offsets = submit(log, *source, 0, &records);
            offsets.into_iter().zip(records).collect::<Vec<_>>()
        })
        .collect();
    // Back and forth, so that whatever was fetched ahead for the later offset must not be heard.
    for from in [20, 3, 25, 0] {
        let mut offsets = Offsets::default();
        for (number, (source, _)) in SOURCES.iter().enumerate() {
            offsets[*source as usize] = expected[number][from].0;
        }
        log.follow(0, offsets).unwrap();
        let mut heard = vec![Vec::new(); SOURCES.len()];
        hear_until(log, |event| {
            if let Some(Event::Record { partition, source, offset, record, .. }) = event {
                assert_eq!(partition, 0);
                let number = SOURCES.iter().position(|(other, _)| *other == source).unwrap();
                heard[number].push((offset, Written::of(&record)));
            }
            heard.iter().all(|heard| heard.len() == 30 - from)
        });
        for (heard, expected) in heard.iter().zip(&expected) {
            assert_eq!(heard, &expected[from..]);
        }
        log.leave(0);
    }
}

fn nothing_is_heard_of_a_partition_that_was_left(log: &impl OrderedLog) {
    let ends = |partition| {
        let mut ends = Offsets::default();
        for (source, kind) in SOURCES {
            let last = submit(log, source, partition, &[Written::new(kind, 1)])[0];
            ends[source as usize] = last + 1;
        }
        ends
    };
    log.follow(0, ends(0)).unwrap();
    log.follow(1, ends(1)).unwrap();
    log.leave(0);
    let left = Written::new(Kind::Wager, 2);
    submit(log, SourceTopic::Wagers, 0, std::slice::from_ref(&left));
    submit(log, SourceTopic::Wagers, 1, &[left]);
    hear_until(log, |event| match event {
        Some(Event::Record { partition, .. }) => {
            assert_eq!(partition, 1, "the other was left");
            true
        }
        Some(_) | None => false,
    });
    log.leave(1);
}

fn control_is_heard_by_every_node_from_the_first_record_on(
    first: &impl OrderedLog,
    second: &impl OrderedLog,
) {
    assert_eq!(first.control_end().unwrap(), 0);
    let records: Vec<_> = (0..10).map(|number| Written::new(Kind::Control, number)).collect();
    let offsets = submit(first, SourceTopic::Control, 0, &records);
    let end = offsets[9] + 1;
    assert_eq!(second.control_end().unwrap(), end);
    let expected: Vec<_> = offsets.into_iter().zip(records).collect();
    assert_eq!(read_source(second, SourceTopic::Control, 0, 0..end).unwrap(), expected);
    assert_eq!(hear_control(first, end), expected);
    assert_eq!(hear_control(second, end), expected);
}

fn hear_control(log: &impl OrderedLog, end: i64) -> Vec<(i64, Written)> {
    let mut heard = Vec::new();
    hear_until(log, |event| {
        if let Some(Event::Control { offset, record }) = event {
            heard.push((offset, Written::of(&record)));
        }
        heard.last().is_some_and(|(offset, _)| offset + 1 == end)
    });
    heard
}

fn owners_are_heard_by_every_node(first: &impl OrderedLog, second: &impl OrderedLog) {
    let owner = |partition: u16, epoch: u64| Owner {
        partition,
        epoch,
        node: "first".into(),
        address: "http://10.0.0.5:8080".into(),
        checkpoint: "p0001/7/list".into(),
    };
    first.announce(&owner(0, 1));
    first.announce(&owner(1, 1));
    first.announce(&owner(0, u64::MAX));
    let expected = [owner(0, 1), owner(1, 1), owner(0, u64::MAX)];
    let mut heard = [Vec::new(), Vec::new()];
    let [by_first, by_second] = &mut heard;
    let hear = |heard: &mut Vec<Owner>, event: Option<Event<'_>>| {
        if let Some(Event::Owner(owner)) = event {
            heard.push(owner);
        }
        heard.len() == expected.len()
    };
    hear_until(first, |event| hear(by_first, event));
    hear_until(second, |event| hear(by_second, event));
    assert_eq!(heard, [&expected[..], &expected[..]]);
}

fn what_was_removed_is_gone(test: &mut impl UnderTest, log: &impl OrderedLog) {
    let records: Vec<_> = (0..10).map(|number| Written::new(Kind::Wager, number)).collect();
    let offsets = submit(log, SourceTopic::Wagers, 1, &records);
    test.remove(SourceTopic::Wagers, 1, offsets[5]);
    let end = offsets[9] + 1;
    let gone = read_source(log, SourceTopic::Wagers, 1, offsets[0]..end);
    assert!(matches!(gone, Err(LogFailed::Gone(_))), "{gone:?}");
    assert_eq!(read_source(log, SourceTopic::Wagers, 1, offsets[5]..end).unwrap().len(), 5);
    let starts = log.source_starts(1).unwrap();
    assert_eq!(starts, [0, 0, offsets[5], 0]);
    let check = |wagers| log.check_sources(1, &[0, starts[1], wagers, starts[3]]);
    for next in [offsets[5], end] {
        assert_eq!(check(next), Ok(()));
    }
    for next in [offsets[4], end + 1] {
        assert!(matches!(check(next), Err(LogFailed::Gone(_))), "{next}");
    }
}

fn partitions_are_shared_and_taken_over(first: &impl OrderedLog, second: &impl OrderedLog) {
    let all: Vec<_> = (0..first.partitions()).collect();
    let (mut of_first, mut of_second) = (Vec::new(), Vec::new());
    let hear = |log: &dyn OrderedLog, assigned: &mut Vec<u16>| {
        let mut hear = |event: Event<'_>| {
            if let Event::Assigned(partitions) = event {
                partitions.clone_into(assigned);
            }
        };
        log.hear(PATIENCE, &mut hear).unwrap();
    };
    let shared = (0..TRIES).any(|_| {
        hear(first, &mut of_first);
        hear(second, &mut of_second);
        let mut both = [&of_first[..], &of_second[..]].concat();
        both.sort_unstable();
        both == all && !of_first.is_empty() && !of_second.is_empty()
    });
    assert!(shared, "{of_first:?} and {of_second:?} should share {all:?}");
    first.resign();
    let taken = (0..TRIES).any(|_| {
        hear(second, &mut of_second);
        of_second == all
    });
    assert!(taken, "{of_second:?} should be {all:?}");
    first.hear(PATIENCE, &mut |event| assert!(!matches!(event, Event::Assigned(_)))).unwrap();
}
