//! Topics that others write too: in their own ways, and in transactions.

use std::sync::mpsc;
use std::time::Duration;

use accolade_domain::time::Timestamp;
use accolade_engine::ordered::{Event, LogFailed, OrderedLog, Reads};
use accolade_kafka::log::KafkaLog;
use accolade_wire::order::SourceTopic;
use accolade_wire::record::{Kind, Record, Source};
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::TopicPartitionList;

use crate::harness::{Cluster, PATIENCE, TRIES};

const SOON: Duration = Duration::from_secs(30);

/// What a message was read as: offset, operator and body.
type Read = (i64, String, String);

fn read_of(offset: i64, record: &Record<'_>) -> Read {
    let body = String::from_utf8(record.body.to_vec()).unwrap();
    (offset, record.operator.to_owned(), body)
}

fn read(log: &KafkaLog, source: SourceTopic, offsets: std::ops::Range<i64>) -> Vec<Read> {
    let mut found = Vec::new();
    let mut each = |offset, record: &Record<'_>| {
        assert_eq!(record.source, Source::Kafka);
        found.push(read_of(offset, record));
        Ok(())
    };
    log.read_source(source, 0, offsets, &mut each).unwrap();
    found
}

fn hear(log: &KafkaLog, count: usize) -> Vec<Read> {
    let mut heard = Vec::new();
    for _ in 0..TRIES {
        let mut hear = |event: Event<'_>| {
            if let Event::Record { offset, record, .. } = event {
                heard.push(read_of(offset, &record));
            }
        };
        log.hear(PATIENCE, &mut hear).unwrap();
        if heard.len() >= count {
            return heard;
        }
    }
    panic!("{heard:?} should be {count} records");
}

#[test]
fn messages_of_other_producers_are_records() {
    let cluster = Cluster::new(1);
    let log = cluster.node("first");
    let topic = cluster.config("first").topics.game_events.topic;
    let producer: BaseProducer = Cluster::client().create().unwrap();
    let operator = OwnedHeaders::new().insert(Header { key: "operatorId", value: Some("house") });
    let bad = OwnedHeaders::new().insert(Header { key: "operatorId", value: Some(b"\xff") });
    let message = || BaseRecord::<str, str>::to(&topic).partition(0).timestamp(1_700);
    producer.send(message().payload("{\"a\":1}").headers(operator)).unwrap();
    producer.send(message().payload("no json").key("key")).unwrap();
    producer.send(message().key("tombstone")).unwrap();
    producer.send(message().payload("{\"a\":1}").headers(bad)).unwrap();
    producer.flush(SOON).unwrap();
    let expected = [
        (0, "house".into(), "{\"a\":1}".into()),
        (1, String::new(), "no json".into()),
        (2, String::new(), String::new()),
        (3, String::new(), String::new()),
    ];
    assert_eq!(read(&log, SourceTopic::GameEvents, 0..4), expected);
    log.follow(0, [0; 4]).unwrap();
    assert_eq!(hear(&log, 4), expected);
    let mut each = |_, record: &Record<'_>| {
        assert_eq!(record.kind, Kind::GameEvent);
        assert_eq!(record.received_at, Timestamp::from_micros(1_700_000));
        Ok(())
    };
    log.read_source(SourceTopic::GameEvents, 0, 0..4, &mut each).unwrap();
}

#[test]
fn a_producer_that_writes_our_header_sends_no_release_and_ends_none() {
    let cluster = Cluster::new(1);
    let log = cluster.node("first");
    let topic = cluster.config("first").topics.wagers.topic;
    let producer: BaseProducer = Cluster::client().create().unwrap();
    // Released, with the place of somebody's pending release in partition 0.
    let mut forged = vec![1, Source::Released as u8, 1, 5];
    forged.extend_from_slice(&[0; 8 + 2 + 8 + 4]);
    forged.extend_from_slice(b"house");
    // Released, as the header is written now.
    let mut short = vec![1, Source::Released as u8, 5];
    short.extend_from_slice(&[0; 8]);
    short.extend_from_slice(b"house");
    for header in [&forged, &short] {
        let header = Header { key: "accolade-record", value: Some(header) };
        let headers = OwnedHeaders::new().insert(header);
        let message = BaseRecord::<str, str>::to(&topic).partition(0).payload("{}");
        producer.send(message.headers(headers)).unwrap();
    }
    producer.flush(SOON).unwrap();
    let mut count = 0;
    let mut each = |_, record: &Record<'_>| {
        count += 1;
        let found = (record.kind, record.source, record.origin);
        assert_eq!(found, (Kind::Wager, Source::Kafka, None));
        Ok(())
    };
    log.read_source(SourceTopic::Wagers, 0, 0..2, &mut each).unwrap();
    assert_eq!(count, 2);
}

#[test]
fn only_what_is_committed_counts_and_markers_leave_gaps() {
    let cluster = Cluster::new(1);
    let log = cluster.node("first");
    let topic = cluster.config("first").topics.wagers.topic;
    let mut settings = Cluster::client();
    settings.set("transactional.id", format!("{topic}-monolith"));
    let producer: BaseProducer = settings.create().unwrap();
    producer.init_transactions(SOON).unwrap();
    let transaction = |body: &str, count: usize, commits: bool| {
        producer.begin_transaction().unwrap();
        for _ in 0..count {
            producer.send(BaseRecord::<(), str>::to(&topic).partition(0).payload(body)).unwrap();
        }
        producer.flush(SOON).unwrap();
        if commits {
            producer.commit_transaction(SOON).unwrap();
        } else {
            producer.abort_transaction(SOON).unwrap();
        }
    };
    transaction("a", 2, true); // 0, 1, and a marker at 2
    transaction("b", 3, false); // 3, 4, 5, and a marker at 6
    transaction("c", 1, true); // 7, and a marker at 8
    transaction("d", 1, false); // 9, and a marker at 10
    let expected: Vec<_> = [(0, "a"), (1, "a"), (7, "c")]
        .map(|(offset, body)| (offset, String::new(), body.to_owned()))
        .to_vec();
    log.follow(0, [0; 4]).unwrap();
    assert_eq!(hear(&log, 3), expected);
    // Up to a record, up to a marker, between markers, and nothing but what does not count.
    assert_eq!(read(&log, SourceTopic::Wagers, 0..8), expected);
    assert_eq!(read(&log, SourceTopic::Wagers, 0..11), expected);
    assert_eq!(read(&log, SourceTopic::Wagers, 2..7), []);
    assert_eq!(read(&log, SourceTopic::Wagers, 8..11), []);
    let beyond = log.read_source(SourceTopic::Wagers, 0, 8..12, &mut |_, _| Ok(()));
    assert!(matches!(beyond, Err(LogFailed::Unavailable(_))), "{beyond:?}");
}

#[test]
fn a_trace_goes_on_through_the_intake() {
    let cluster = Cluster::new(1);
    let log = cluster.node("first");
    let config = cluster.config("first");
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let (sender, receiver) = mpsc::channel();
    for (source, kind) in
        [(SourceTopic::Wagers, Kind::Wager), (SourceTopic::Commands, Kind::Command)]
    {
        let (operator, received_at, origin) = ("house", Timestamp::from_micros(7), None);
        let record =
            Record { kind, source: Source::Http, operator, received_at, origin, body: b"{}" };
        let sender = sender.clone();
        let done = Box::new(move |offset| sender.send(offset).unwrap());
        log.submit(source, 0, &record, Some(trace), done).unwrap();
        assert_eq!(receiver.recv_timeout(Duration::from_mins(1)).unwrap(), Ok(0));
        let mut settings = Cluster::client();
        settings.set("group.id", &config.group);
        let consumer: BaseConsumer = settings.create().unwrap();
        let mut list = TopicPartitionList::new();
        let topic = config.topics.source(source);
        list.add_partition_offset(topic, 0, Offset::Beginning).unwrap();
        consumer.assign(&list).unwrap();
        let message = consumer.poll(SOON).unwrap().unwrap();
        let mut headers = message.headers().unwrap().iter();
        assert!(headers.any(|header| {
            (header.key, header.value) == ("traceparent", Some(trace.as_bytes()))
        }));
    }
}

#[test]
fn following_from_what_is_gone_is_not_taken_for_following_from_elsewhere() {
    let cluster = Cluster::new(1);
    let log = cluster.node("first");
    let topic = cluster.config("first").topics.wagers.topic;
    let producer: BaseProducer = Cluster::client().create().unwrap();
    for _ in 0..10 {
        producer.send(BaseRecord::<(), str>::to(&topic).partition(0).payload("{}")).unwrap();
    }
    producer.flush(SOON).unwrap();
    cluster.remove(SourceTopic::Wagers, 0, 5);
    log.follow(0, [0, 0, 4, 0]).unwrap();
    let failed = (0..TRIES).find_map(|_| {
        let mut hear = |event: Event<'_>| assert!(!matches!(event, Event::Record { .. }));
        log.hear(PATIENCE, &mut hear).err()
    });
    assert!(matches!(failed, Some(LogFailed::Gone(_))), "{failed:?}");
    log.leave(0);
    log.follow(0, [0, 0, 5, 0]).unwrap();
    assert_eq!(hear(&log, 5).len(), 5);
}
