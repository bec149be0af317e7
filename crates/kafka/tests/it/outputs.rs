//! Outputs, as a reader of committed records sees them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use accolade_engine::ordered::OrderedLog;
use accolade_kafka::config::{KafkaConfig, OutputTopic};
use accolade_kafka::log::KafkaLog;
use accolade_kafka::outputs::{OutputRecord, OutputRecords, PublishFailed, Publisher, Taken};
use rdkafka::Offset;
use rdkafka::admin::{AlterConfig, ResourceSpecifier};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::TopicPartitionList;

use crate::harness::{Cluster, TRIES, block_on, hear_assigned, hear_assignment, options};

const SOON: Duration = Duration::from_secs(30);

fn output(batch: u64) -> OutputRecords {
    let (topic, key, value) = (OutputTopic::Balances, b"house/player", batch.to_string());
    let mut records = OutputRecords::default();
    records.push(&OutputRecord { topic, partition: 0, batch, key, value: value.as_bytes() });
    records
}

fn taken(former: Option<&str>) -> [Taken<'_>; 1] {
    [Taken { partition: 0, start: 1, former }]
}

/// Publishes batches up to but not including `until`, one in a transaction.
fn publish(publisher: &mut Publisher, from: u64, until: u64) -> Result<(), PublishFailed> {
    (from..until).try_for_each(|batch| {
        let lost = publisher.publish(&[(0, batch + 1)], &output(batch))?;
        assert_eq!(lost, []);
        Ok(())
    })
}

/// All that is committed, up to the end.
fn seen(config: &KafkaConfig) -> Vec<u64> {
    let number = |value: &[u8]| std::str::from_utf8(value).unwrap().parse().unwrap();
    seen_in(config, OutputTopic::Balances).iter().map(|value| number(value)).collect()
}

fn seen_in(config: &KafkaConfig, topic: OutputTopic) -> Vec<Vec<u8>> {
    let mut settings = Cluster::client();
    settings.set("group.id", &config.group).set("enable.partition.eof", "true");
    settings.set("isolation.level", "read_committed");
    let consumer: BaseConsumer = settings.create().unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(config.topics.output(topic), 0, Offset::Beginning).unwrap();
    consumer.assign(&list).unwrap();
    let mut seen = Vec::new();
    loop {
        match consumer.poll(SOON).expect("the topic has an end") {
            Ok(message) => {
                seen.push(message.payload().unwrap().to_vec());
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
        element.set_metadata(format!("1:{}", batch + 1));
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

/// What `work` returns; the node hears meanwhile, without which it would be out of the group after ten seconds.
fn while_heard<T>(log: &KafkaLog, work: impl FnOnce() -> T) -> T {
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                hear_assignment(log, &mut Vec::new());
            }
        });
        let made = work();
        is_done.store(true, Ordering::Relaxed);
        made
    })
}

/// Bytes that no compression makes fewer.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..bytes).map(|_| next()).collect()
}

#[test]
fn a_record_that_is_refused_for_good_is_the_only_one_that_is_lost() {
    let cluster = Cluster::new(1);
    let config = cluster.config("first");
    let letters = config.topics.output(OutputTopic::DeadLetters);
    let smaller =
        AlterConfig::new(ResourceSpecifier::Topic(letters)).set("max.message.bytes", "2000");
    let altered = block_on(Cluster::admin().alter_configs([&smaller], &options())).unwrap();
    assert!(altered[0].is_ok(), "{altered:?}");
    let first = cluster.node("first");
    hear_assigned(&first, &[0]);
    let mut publisher = first.publisher().unwrap();
    publisher.begin(&taken(None)).unwrap();

    let mut records = OutputRecords::default();
    let mut push = |topic, batch, value: &[u8]| {
        let key = b"house/player";
        records.push(&OutputRecord { topic, partition: 0, batch, key, value });
    };
    let all = noise(700);
    let small = |number: u64| all[usize::try_from(number).unwrap()..][..300].to_vec();
    // Together the small ones are far more than the topic takes at once.
    for number in 0..400 {
        push(OutputTopic::DeadLetters, number + 1, &small(number));
        push(OutputTopic::Balances, number + 1, number.to_string().as_bytes());
    }
    push(OutputTopic::DeadLetters, 401, &noise(5_000));
    push(OutputTopic::Balances, 402, &noise(2_000_000));
    push(OutputTopic::DeadLetters, 403, &noise(6_000));
    push(OutputTopic::Balances, 404, b"404");
    let lost = while_heard(&first, || publisher.publish(&[(0, 405)], &records)).unwrap();

    let lost: Vec<_> = lost.iter().map(|lost| (lost.topic, lost.batch, lost.bytes)).collect();
    let (letters, balances) = (OutputTopic::DeadLetters, OutputTopic::Balances);
    assert_eq!(lost, [(letters, 401, 5_012), (balances, 402, 2_000_012), (letters, 403, 6_012)]);
    assert_eq!(seen(&config), (0..400).chain([404]).collect::<Vec<_>>());
    assert_eq!(seen_in(&config, letters), (0..400).map(small).collect::<Vec<_>>());
    assert_eq!(
        publisher.begin(&taken(None)).unwrap(),
        [405],
        "the position is beyond what was lost"
    );
    publish(&mut publisher, 405, 406).unwrap();
}
