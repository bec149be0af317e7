//! What the log does on this machine: `cargo test --release -p accolade-kafka --test it -- --ignored
//! --nocapture measure::`.
#![expect(clippy::print_stdout, reason = "figures are printed for whoever asked")]
#![expect(clippy::cast_precision_loss, reason = "figures are rounded anyway")]

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use accolade_domain::time::Timestamp;
use accolade_engine::intake::Refused;
use accolade_engine::ordered::{Event, OrderedLog, Reads};
use accolade_kafka::config::OutputTopic;
use accolade_kafka::log::KafkaLog;
use accolade_kafka::outputs::{OutputRecord, OutputRecords, Taken};
use accolade_wire::order::SourceTopic;
use accolade_wire::record::{Kind, Record, Source};

use crate::harness::{Cluster, PATIENCE, hear_assigned};

const PARTITIONS: u16 = 16;

fn report(what: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let at = |percent: usize| took[(took.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    println!("{what}: p50 {:.2} ms, p99 {:.2} ms, most {:.2} ms", at(50), at(99), at(100));
}

/// Processor time of this thread.
fn thread_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u32 = fields[11].parse::<u32>().unwrap() + fields[12].parse::<u32>().unwrap();
    f64::from(ticks) / 100.0
}

/// Processor time of this process.
fn process_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u32 = fields[11].parse::<u32>().unwrap() + fields[12].parse::<u32>().unwrap();
    f64::from(ticks) / 100.0
}

/// A wager of some 300 bytes, whose ids compress as badly as real ones.
fn wager(number: usize) -> Vec<u8> {
    let id = RandomState::new().hash_one(number);
    let player = RandomState::new().hash_one(number) % 1_000_000;
    let text = format!(
        r#"{{"wagerId":"{id:016x}-{player:012}","playerId":"player-{player}","operatorId":"operator-789","gameId":"slots-ultimate","gameCategory":"slots","wagerAmount":{}.{:02},"currency":"USD","jurisdiction":"Malta","timestamp":"2024-11-11T10:30:{:02}Z","gamingSystemId":"gs-malta-03","sequence":{number}}}"#,
        id % 500,
        id % 100,
        id % 60,
    );
    text.into_bytes()
}

fn submit_all(log: &KafkaLog, count: usize) {
    let bodies: Vec<_> = (0..20_000).map(wager).collect();
    let done = Arc::new(AtomicUsize::new(0));
    let mut refused = 0;
    for number in 0..count {
        let record = Record {
            kind: Kind::Wager,
            source: Source::Http,
            operator: "operator-789",
            received_at: Timestamp::from_micros(1),
            origin: None,
            body: &bodies[number % bodies.len()],
        };
        let partition = u16::try_from(number % usize::from(PARTITIONS)).unwrap();
        loop {
            let done = Arc::clone(&done);
            let heard = Box::new(move |offset: Result<i64, Refused>| {
                offset.unwrap();
                done.fetch_add(1, Ordering::Relaxed);
            });
            if log.submit(SourceTopic::Wagers, partition, &record, None, heard).is_ok() {
                break;
            }
            refused += 1;
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    while done.load(Ordering::Relaxed) < count {
        std::thread::sleep(Duration::from_millis(1));
    }
    println!("submit was refused {refused} times");
}

#[test]
#[ignore = "measures"]
fn append() {
    let cluster = Cluster::new(PARTITIONS);
    let log = cluster.node("first");
    let mut took = Vec::new();
    for number in 0..2_000_u32 {
        let (sender, receiver) = mpsc::channel();
        let begun = Instant::now();
        let done = Box::new(move |place| sender.send((place, Instant::now())).unwrap());
        log.append(0, &[7; 200], done);
        let (place, heard_at) = receiver.recv().unwrap();
        assert_eq!(place.unwrap().offset, i64::from(number));
        took.push(heard_at - begun);
        std::thread::sleep(Duration::from_millis(2));
    }
    report("append of 200 bytes, idle", took.split_off(100));
}

#[test]
#[ignore = "measures"]
fn submit_and_hear() {
    let cluster = Cluster::new(PARTITIONS);
    let log = cluster.node("first");
    submit_all(&log, 20_000);
    let count = 2_000_000;
    let (begun, cpu) = (Instant::now(), process_seconds());
    submit_all(&log, count);
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    println!(
        "submit of some 300 bytes: {rate:.0} records/s, {:.2} µs of processor each",
        (process_seconds() - cpu) / count as f64 * 1e6
    );
    let all = count + 20_000;
    for partition in 0..PARTITIONS {
        log.follow(partition, [0; 4]).unwrap();
    }
    let (mut heard, mut bytes, begun) = (0, 0, Instant::now());
    let (thread, process) = (thread_seconds(), process_seconds());
    while heard < all {
        let mut hear = |event: Event<'_>| {
            if let Event::Record { record, .. } = event {
                heard += 1;
                bytes += record.body.len() + record.operator.len();
            }
        };
        log.hear(PATIENCE, &mut hear).unwrap();
    }
    let rate = heard as f64 / begun.elapsed().as_secs_f64();
    let each = |seconds: f64| seconds / heard as f64 * 1e6;
    println!(
        "hear of some 300 bytes: {rate:.0} records/s, {:.2} µs of the thread that hears, {:.2} µs of all \
         ({bytes} bytes)",
        each(thread_seconds() - thread),
        each(process_seconds() - process),
    );
}

#[test]
#[ignore = "measures"]
fn ranges() {
    let cluster = Cluster::new(PARTITIONS);
    let log = cluster.node("first");
    submit_all(&log, 2_000_000);
    let (begun, mut read) = (Instant::now(), 0);
    let mut each = |_, _: &Record<'_>| {
        read += 1;
        Ok(())
    };
    log.read_source(SourceTopic::Wagers, 3, 0..100_000, &mut each).unwrap();
    println!("read of a range of {read}: {:.0} ms", begun.elapsed().as_secs_f64() * 1e3);
    let mut took = Vec::new();
    for number in 0..300 {
        let begun = Instant::now();
        let from = number * 300;
        log.read_source(SourceTopic::Wagers, 3, from..from + 50, &mut |_, _| Ok(())).unwrap();
        took.push(begun.elapsed());
    }
    report("read of a range of 50", took);
}

#[test]
#[ignore = "measures"]
fn submit_alone() {
    let cluster = Cluster::new(PARTITIONS);
    let log = cluster.node("first");
    log.follow(3, [0; 4]).unwrap();
    let (mut durable, mut heard) = (Vec::new(), Vec::new());
    for _ in 0..1_000 {
        let (sender, receiver) = mpsc::channel();
        let begun = Instant::now();
        let record = Record {
            kind: Kind::Wager,
            source: Source::Http,
            operator: "operator-789",
            received_at: Timestamp::from_micros(1),
            origin: None,
            body: &[b'x'; 300],
        };
        let done = Box::new(move |offset: Result<i64, Refused>| {
            offset.unwrap();
            sender.send(Instant::now()).unwrap();
        });
        log.submit(SourceTopic::Wagers, 3, &record, None, done).unwrap();
        let mut heard_at = None;
        while heard_at.is_none() {
            let mut hear = |event: Event<'_>| {
                if matches!(event, Event::Record { .. }) {
                    heard_at = Some(Instant::now());
                }
            };
            log.hear(Duration::from_millis(5), &mut hear).unwrap();
        }
        durable.push(receiver.recv().unwrap() - begun);
        heard.push(heard_at.unwrap() - begun);
    }
    report("submit of one record, idle, durable", durable.split_off(50));
    report("submit of one record, idle, heard", heard.split_off(50));
}

#[test]
#[ignore = "measures"]
fn publish() {
    let cluster = Cluster::new(PARTITIONS);
    let log = cluster.node("first");
    let all: Vec<_> = (0..PARTITIONS).collect();
    hear_assigned(&log, &all);
    let mut publisher = log.publisher().unwrap();
    let taken: Vec<_> = all
        .iter()
        .map(|partition| Taken { partition: *partition, start: 1, former: None })
        .collect();
    publisher.begin(&taken).unwrap();
    for (partitions, records) in [(1, 1), (1, 100), (16, 100), (16, 2_000)] {
        let mut outputs = OutputRecords::default();
        for number in 0..records {
            outputs.push(&OutputRecord {
                topic: OutputTopic::Balances,
                partition: number % partitions,
                batch: 1,
                key: b"operator-789/player-456",
                value: &[b'x'; 150],
            });
        }
        let mut took = Vec::new();
        for batch in 0..200 {
            let positions: Vec<_> =
                (0..partitions).map(|partition| (partition, 1_000 + batch)).collect();
            let begun = Instant::now();
            publisher.publish(&positions, &outputs).unwrap();
            took.push(begun.elapsed());
            // A node that stopped hearing would lose its partitions.
            log.hear(Duration::ZERO, &mut |_| {}).unwrap();
        }
        report(&format!("transaction of {records} outputs in {partitions} partitions"), took);
    }
}

#[test]
#[ignore = "measures"]
fn hand_over() {
    let cluster = Cluster::new(PARTITIONS);
    let (first, second) = (cluster.node("first"), cluster.node("second"));
    let all: Vec<_> = (0..PARTITIONS).collect();
    let mut assigned = Vec::new();
    let mut of_first = Vec::new();
    while assigned.len() != 8 || of_first.len() != 8 {
        crate::harness::hear_assignment(&first, &mut of_first);
        crate::harness::hear_assignment(&second, &mut assigned);
    }
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            hear_assigned(&second, &all);
            sender.send(Instant::now()).unwrap();
        });
        std::thread::sleep(Duration::from_millis(500));
        let begun = Instant::now();
        first.resign();
        println!("resigning took {:.0} ms", begun.elapsed().as_secs_f64() * 1e3);
        let heard = receiver.recv().unwrap() - begun;
        println!("assigned to the other after {:.0} ms", heard.as_secs_f64() * 1e3);
    });
}
