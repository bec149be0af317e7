//! Outputs, as a reader of committed records sees them.

use std::time::Duration;

use accolade_engine::ordered::OrderedLog;
use accolade_kafka::config::{KafkaConfig, OutputTopic};
use accolade_kafka::outputs::{OutputRecord, OutputRecords, PublishFailed, Publisher, Taken};
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::TopicPartitionList;

use crate::harness::{Cluster, TRIES, hear_assigned, hear_assignment};

const SOON: Duration = Duration::from_secs(30);

fn output(batch: u64) -> OutputRecords {
    let (topic, key, value) = (OutputTopic::Balances, b"house/player", batch.to_string());
    let mut records = OutputRecords::default();
    records.push(&OutputRecord { topic, partition: 0, key, value: value.as_bytes() });
    records
}

fn taken(former: Option<&str>) -> [Taken<'_>; 1] {
    [Taken { partition: 0, start: 1, former }]
}

/// Publishes batches up to but not including `until`, one in a transaction.
fn publish(publisher: &mut Publisher, from: u64, until: u64) -> Result<(), PublishFailed> {
    (from..until).try_for_each(|batch| publisher.publish(&[(0, batch + 1)], &output(batch)))
}

/// All that is committed, up to the end.
fn seen(config: &KafkaConfig) -> Vec<u64> {
    let mut settings = Cluster::client();
    settings.set("group.id", &config.group).set("enable.partition.eof", "true");
    settings.set("isolation.level", "read_committed");
    let consumer: BaseConsumer = settings.create().unwrap();
    let mut list = TopicPartitionList::new();
    let topic = config.topics.output(OutputTopic::Balances);
    list.add_partition_offset(topic, 0, Offset::Beginning).unwrap();
    consumer.assign(&list).unwrap();
    let mut seen = Vec::new();
    loop {
        match consumer.poll(SOON).expect("the topic has an end") {
            Ok(message) => {
                let value = std::str::from_utf8(message.payload().unwrap()).unwrap();
                seen.push(value.parse().unwrap());
                assert_eq!(message.key(), Some(&b"house/player"[..]));
            }
            Err(KafkaError::PartitionEOF(_)) => return seen,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn outputs_are_seen_once_where_a_publisher_is_replaced_within_a_transaction() {
    let cluster = Cluster::new(1);
    let config = cluster.config("second");
    let second = cluster.node("second");
    hear_assigned(&second, &[0]);
    // The former owner, who stops for ever with a transaction open.
    let mut settings = Cluster::client();
    settings.set("transactional.id", config.transactional_id("first"));
    let former: BaseProducer = settings.create().unwrap();
    let mut group = Cluster::client();
    group.set("group.id", &config.group);
    let group: BaseConsumer = group.create().unwrap();
    former.init_transactions(SOON).unwrap();
    for batch in 1..=3 {
        former.begin_transaction().unwrap();
        let mut list = TopicPartitionList::new();
        let mut element = list.add_partition(&config.topics.commands, 0);
        element.set_offset(Offset::Offset(batch + 1)).unwrap();
        element.set_metadata((batch + 1).to_string());
        let generation = group.group_metadata().unwrap();
        former.send_offsets_to_transaction(&list, &generation, SOON).unwrap();
        let value = batch.to_string();
        let topic = config.topics.output(OutputTopic::Balances);
        let record = BaseRecord::to(topic).partition(0).key("house/player").payload(&value);
        former.send(record).unwrap();
        former.flush(SOON).unwrap();
        if batch < 3 {
            former.commit_transaction(SOON).unwrap();
        }
    }
    let mut publisher = second.publisher().unwrap();
    let positions = publisher.begin(&taken(Some("first"))).unwrap();
    assert_eq!(positions, [3], "what was open does not count");
    publish(&mut publisher, 3, 6).unwrap();
    assert!(former.commit_transaction(SOON).is_err(), "the former owner cannot go on");
    assert_eq!(seen(&config), [1, 2, 3, 4, 5]);
}

#[test]
fn a_publisher_goes_on_where_it_was_or_begins_where_it_is_told() {
    let cluster = Cluster::new(1);
    let config = cluster.config("first");
    let first = cluster.node("first");
    let mut publisher = first.publisher().unwrap();
    let unassigned = publisher.begin(&taken(None));
    assert!(matches!(unassigned, Err(PublishFailed::Fenced(_))), "{unassigned:?}");
    hear_assigned(&first, &[0]);
    let unbegun = publisher.publish(&[(0, 2)], &output(1));
    assert!(matches!(unbegun, Err(PublishFailed::Fenced(_))), "{unbegun:?}");
    let start = [Taken { partition: 0, start: 7, former: None }];
    assert_eq!(publisher.begin(&start).unwrap(), [7]);
    publish(&mut publisher, 7, 10).unwrap();
    // A batch of time alone moves the position and puts nothing out.
    publisher.publish(&[(0, 11)], &OutputRecords::default()).unwrap();
    assert_eq!(publisher.begin(&start).unwrap(), [11]);
    drop(publisher);
    let mut again = first.publisher().unwrap();
    assert_eq!(again.begin(&start).unwrap(), [11]);
    publish(&mut again, 11, 12).unwrap();
    assert_eq!(seen(&config), [7, 8, 9, 11]);
}

#[test]
fn an_old_generation_is_refused_and_leaves_nothing() {
    let cluster = Cluster::new(2);
    let config = cluster.config("first");
    let first = cluster.node("first");
    hear_assigned(&first, &[0, 1]);
    let mut publisher = first.publisher().unwrap();
    assert_eq!(publisher.begin(&taken(None)).unwrap(), [1]);
    publish(&mut publisher, 1, 3).unwrap();
    let second = cluster.node("second");
    let (mut of_first, mut of_second) = (Vec::new(), Vec::new());
    let shared = (0..TRIES).any(|_| {
        hear_assignment(&first, &mut of_first);
        hear_assignment(&second, &mut of_second);
        of_first.len() == 1 && of_second.len() == 1
    });
    assert!(shared, "{of_first:?}, {of_second:?}");
    let refused = publish(&mut publisher, 3, 4);
    assert!(matches!(refused, Err(PublishFailed::Fenced(_))), "{refused:?}");
    let owner = if of_first == [0] { &first } else { &second };
    let mut publisher = if of_first == [0] { publisher } else { owner.publisher().unwrap() };
    assert_eq!(publisher.begin(&taken(Some("first"))).unwrap(), [3]);
    publish(&mut publisher, 3, 5).unwrap();
    assert_eq!(seen(&config), [1, 2, 3, 4]);
    owner.resign();
}

#[test]
fn a_publisher_that_another_has_stepped_over_begins_again() {
    let cluster = Cluster::new(1);
    let config = cluster.config("first");
    let first = cluster.node("first");
    hear_assigned(&first, &[0]);
    let mut publisher = first.publisher().unwrap();
    publisher.begin(&taken(None)).unwrap();
    publish(&mut publisher, 1, 2).unwrap();
    // As the next owner of one of its partitions does it.
    let mut settings = Cluster::client();
    settings.set("transactional.id", config.transactional_id("first"));
    let other: BaseProducer = settings.create().unwrap();
    other.init_transactions(SOON).unwrap();
    let refused = publish(&mut publisher, 2, 3);
    assert!(matches!(refused, Err(PublishFailed::Fenced(_))), "{refused:?}");
    assert_eq!(publisher.begin(&taken(None)).unwrap(), [2]);
    publish(&mut publisher, 2, 4).unwrap();
    assert_eq!(seen(&config), [1, 2, 3]);
}
