//! Against the broker that `tests/it` uses.

use std::hash::{BuildHasher, Hasher, RandomState};

use accolade_engine::ordered::Event;
use accolade_wire::order::SourceTopic::{Commands, GameEvents, Wagers};
use accolade_wire::secret::Secret;
use rdkafka::admin::AdminOptions;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::*;
use crate::admin::{Admin, block_on};
use crate::clients::admin;

const SOON: Duration = Duration::from_secs(30);

fn hear(data: &Data, count: usize) -> Vec<(SourceTopic, i64)> {
    let mut heard = Vec::new();
    for _ in 0..3_000 {
        let mut hear = |event: Event<'_>| {
            if let Event::Record { source, offset, .. } = event {
                heard.push((source, offset));
            }
        };
        data.hear(Duration::from_millis(20), &mut hear).unwrap();
        if heard.len() >= count {
            break;
        }
    }
    // Once more, so that it is known that nothing is left.
    data.hear(Duration::from_millis(20), &mut |_| {}).unwrap();
    heard
}

/// Topics of two partitions, removed in the end.
struct Topics {
    config: KafkaConfig,
    made: Vec<String>,
}

impl Topics {
    fn new() -> Self {
        let brokers = std::env::var("ACCOLADE_TEST_KAFKA");
        let prefix = format!("test-{:016x}.", RandomState::new().build_hasher().finish());
        let brokers = brokers.unwrap_or_else(|_| "127.0.0.1:19092".into());
        let mut config =
            KafkaConfig::new(brokers, "first", &Secret::new("for tests only")).with_prefix(&prefix);
        (config.partitions, config.replication) = (2, 1);
        let made = Admin::new(&config).unwrap().create_missing().unwrap();
        Self { config, made }
    }

    fn look(&self) -> Look {
        Look::new(&self.config, Arc::new(Ranges::new(&self.config).unwrap())).unwrap()
    }

    fn write(&self, source: SourceTopic) {
        let producer: BaseProducer = admin(&self.config).create().unwrap();
        let topic = self.config.topics.source(source);
        producer.send(BaseRecord::<(), str>::to(topic).partition(1).payload("{}")).unwrap();
        producer.flush(SOON).unwrap();
    }

    fn remove(&self, topics: &[&str]) {
        let client: rdkafka::admin::AdminClient<_> = admin(&self.config).create().unwrap();
        block_on(client.delete_topics(topics, &AdminOptions::new())).unwrap();
    }
}

impl Drop for Topics {
    fn drop(&mut self) {
        let made: Vec<_> = self.made.iter().map(String::as_str).collect();
        self.remove(&made);
    }
}

#[test]
fn a_source_that_has_stopped_is_read_anew_where_it_was() {
    let topics = Topics::new();
    let data = Data::new(&topics.config).unwrap();
    let mut look = topics.look();
    data.follow(1, [0; 4]).unwrap();
    topics.write(Wagers);
    topics.write(GameEvents);
    assert_eq!(hear(&data, 2).len(), 2);
    assert_eq!(look.again(&data).unwrap(), [], "there is nothing to compare with yet");
    data.stall(1, Wagers);
    topics.write(Wagers);
    topics.write(Wagers);
    topics.write(Commands);
    assert_eq!(hear(&data, 1), [(Commands, 0)], "wagers have stopped");
    assert_eq!(look.again(&data).unwrap(), [(1, Wagers)]);
    assert_eq!(hear(&data, 2), [(Wagers, 1), (Wagers, 2)]);
    assert_eq!(look.again(&data).unwrap(), [], "all of it moves");
}

#[test]
fn what_stops_again_and_again_is_read_by_another_consumer() {
    let topics = Topics::new();
    let data = Data::new(&topics.config).unwrap();
    let mut look = topics.look();
    data.follow(1, [0; 4]).unwrap();
    topics.write(Wagers);
    assert_eq!(hear(&data, 1).len(), 1);
    look.again(&data).unwrap();
    for _ in 0..IN_VAIN_MAX {
        data.stall(1, Wagers);
        topics.write(Wagers);
        assert_eq!(hear(&data, 0), []);
        assert_eq!(look.again(&data).unwrap(), [(1, Wagers)]);
    }
    topics.write(GameEvents);
    let mut heard = hear(&data, 4);
    heard.sort_unstable_by_key(|(source, offset)| (*source as usize, *offset));
    assert_eq!(heard, [(Wagers, 1), (Wagers, 2), (Wagers, 3), (GameEvents, 0)]);
}

#[test]
fn what_does_not_count_is_passed_once_nothing_else_is_left() {
    let topics = Topics::new();
    let data = Data::new(&topics.config).unwrap();
    let mut look = topics.look();
    data.follow(1, [0; 4]).unwrap();
    let producer: BaseProducer =
        admin(&topics.config).set("transactional.id", "monolith").create().unwrap();
    producer.init_transactions(SOON).unwrap();
    producer.begin_transaction().unwrap();
    let topic = topics.config.topics.source(Wagers);
    producer.send(BaseRecord::<(), str>::to(topic).partition(1).payload("{}")).unwrap();
    producer.flush(SOON).unwrap();
    producer.commit_transaction(SOON).unwrap();
    assert_eq!(hear(&data, 1), [(Wagers, 0)]);
    let mut passed = None;
    for _ in 0..4 {
        look.again(&data).unwrap();
        let mut hear = |event: Event<'_>| {
            if let Event::Passed { partition, source, to, .. } = event {
                passed = Some((partition, source, to));
            }
        };
        data.hear(Duration::from_millis(200), &mut hear).unwrap();
    }
    assert_eq!(passed, Some((1, Wagers, 2)), "the marker takes an offset");
    topics.write(Wagers);
    assert_eq!(hear(&data, 1), [(Wagers, 2)]);
}

#[test]
fn a_source_that_is_made_anew_does_not_go_on() {
    let topics = Topics::new();
    let data = Data::new(&topics.config).unwrap();
    let mut look = topics.look();
    data.follow(1, [0; 4]).unwrap();
    for _ in 0..3 {
        topics.write(Wagers);
    }
    assert_eq!(hear(&data, 3).len(), 3);
    topics.remove(&[topics.config.topics.source(Wagers)]);
    // Brokers may still be at its removal.
    let is_made = (0..300).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        let made = Admin::new(&topics.config).unwrap().create_missing();
        made.is_ok_and(|made| made == [topics.config.topics.source(Wagers)])
    });
    assert!(is_made, "the topic should be made anew");
    topics.write(Wagers);
    let mut lost = None;
    for _ in 0..40 {
        // Brokers may say for a while that they do not know the topic.
        look.again(&data).ok();
        let mut hear = |event: Event<'_>| match event {
            Event::Lost { partition, source, what } => lost = Some((partition, source, what)),
            Event::Record { offset, .. } => panic!("{offset} is another topic's"),
            _ => {}
        };
        data.hear(Duration::from_millis(500), &mut hear).ok();
        if lost.is_some() {
            break;
        }
    }
    let (partition, source, what) = lost.expect("it is found out");
    assert_eq!((partition, source), (1, Wagers));
    assert!(what.contains("has offsets 0 to 1, and 3 should come next"), "{what}");
}

#[test]
fn partitions_that_are_added_later_are_found() {
    let topics = Topics::new();
    let look = topics.look();
    assert_eq!(look.recounted().unwrap(), []);
    let client: rdkafka::admin::AdminClient<_> = admin(&topics.config).create().unwrap();
    let wagers = topics.config.topics.source(Wagers);
    let more = rdkafka::admin::NewPartitions::new(wagers, 3);
    block_on(client.create_partitions(&[more], &AdminOptions::new())).unwrap();
    let found = (0..100).find_map(|_| {
        std::thread::sleep(Duration::from_millis(50));
        look.recounted().unwrap().pop()
    });
    assert_eq!(found, Some((wagers.to_owned(), 3)));
}
