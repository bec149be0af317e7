//! The output topics, compared record by record with what the wagers had to come to.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use serde_json::{Value, json};

use crate::load::Expected;
use crate::processes::{Cluster, OPERATOR, until};

/// How long nothing comes before a topic is at its end.
const MOMENT: Duration = Duration::from_millis(300);
/// How long a topic's end is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// A reader of what is committed in a topic.
pub(crate) struct Reader {
    topic: &'static str,
    consumer: BaseConsumer,
    partitions: u16,
    /// The partitions of which everything was read.
    ended: BTreeSet<i32>,
}

impl Reader {
    pub(crate) fn new(brokers: &str, prefix: &str, topic: &'static str, partitions: u16) -> Self {
        let mut settings = ClientConfig::new();
        settings.set("bootstrap.servers", brokers).set("group.id", "tests");
        settings.set("enable.partition.eof", "true").set("isolation.level", "read_committed");
        settings.set("enable.auto.commit", "false");
        let consumer: BaseConsumer = settings.create().unwrap();
        let mut all = TopicPartitionList::new();
        for partition in 0..i32::from(partitions) {
            let name = format!("{prefix}{topic}");
            all.add_partition_offset(&name, partition, Offset::Beginning).unwrap();
        }
        consumer.assign(&all).unwrap();
        Self { topic, consumer, partitions, ended: BTreeSet::new() }
    }

    /// Takes key and value of each record that has come since it was read last.
    fn read(&mut self, take: &mut dyn FnMut(&str, &str)) {
        let until = Instant::now() + PATIENCE;
        let mut error = None;
        loop {
            match self.consumer.poll(MOMENT) {
                Some(Ok(message)) => {
                    self.ended.remove(&message.partition());
                    let text = |bytes| std::str::from_utf8(bytes).unwrap();
                    take(text(message.key().unwrap()), text(message.payload().unwrap()));
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    self.ended.insert(partition);
                }
                // A broker that was just started may not be there yet.
                Some(Err(failed)) => error = Some(failed),
                None if self.ended.len() == usize::from(self.partitions) => return,
                None => {}
            }
            let (topic, ended) = (self.topic, &self.ended);
            assert!(Instant::now() < until, "of {topic} only {ended:?} end: {error:?}");
        }
    }
}

/// Every record of every output topic is one that the wagers of a round had to give, and none is missing
/// or there twice.
pub(crate) fn check(cluster: &Cluster, round: &str, expected: &Expected) {
    let counted = |value: &Value, field: &str| {
        let id = value[field].as_str().unwrap_or_default();
        let wager = expected.wagers.get(id);
        (id.to_owned(), wager.unwrap_or_else(|| panic!("it gives no output: {value}")))
    };
    let all = expected.wagers.len();

    let mut players: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let mut times = BTreeMap::new();
    each(cluster, "loyalty.balances", round, all, &mut |player, value| {
        let (id, wager) = counted(&value, "lastWagerId");
        let (version, balance) = players.entry(player.to_owned()).or_default();
        (*version, *balance) = (*version + 1, *balance + wager.points);
        let time = value["lastUpdated"].clone();
        let right = json!({
            "playerId": wager.player, "operatorId": OPERATOR, "pointsBalance": f64::from(*balance),
            "lastWagerId": id, "lastUpdated": time, "version": *version,
        });
        assert_eq!((player, &value), (&*wager.player, &right));
        assert!(times.insert(id, time).is_none(), "twice: {value}");
        true
    });

    let mut seen = BTreeSet::new();
    each(cluster, "loyalty.calculated", round, all, &mut |player, value| {
        let (id, wager) = counted(&value, "wagerId");
        let points = f64::from(wager.points);
        let right = json!({
            "wagerId": id, "playerId": wager.player, "operatorId": OPERATOR, "pointsEarned": points,
            "wagerAmount": points * 10.0, "multiplier": 0.1, "bonusPoints": 0.0,
            "cappedPoints": 0.0, "timestamp": wager.at, "calculatedAt": times[&id],
        });
        assert_eq!((player, &value), (&*wager.player, &right));
        assert!(seen.insert(id), "twice: {value}");
        true
    });

    let mut seen = BTreeSet::new();
    each(cluster, "loyalty.eligible", round, all, &mut |player, value| {
        let (id, wager) = counted(&value, "wagerId");
        let mut right: Value = serde_json::from_str(&wager.line(&id)).unwrap();
        right["eligibilityRuleVersion"] = "v1".into();
        assert_eq!((player, &value), (&*wager.player, &right));
        assert!(seen.insert(id), "twice: {value}");
        true
    });

    // A dead letter occupies no id: whoever sends a record again, a client or a producer that heard nothing from a
    // broker, brings one more. Each of them leaves once.
    let (mut seen, mut places) = (BTreeSet::new(), BTreeSet::new());
    each(cluster, "accolade.dead-letters", round, expected.late.len(), &mut |player, value| {
        let line = value["original"].as_str().unwrap_or_default();
        let of = expected.late.get(line);
        let of = of.unwrap_or_else(|| panic!("it is no dead letter: {value}"));
        let right = json!({
            "id": value["id"], "operatorId": OPERATOR, "reason": "too_late", "error": value["error"],
            "stage": value["stage"], "source": "http", "sourceTopic": "wager.events",
            "partition": value["partition"], "batch": value["batch"], "slot": value["slot"],
            "receivedAt": value["receivedAt"], "time": value["time"], "original": line,
        });
        assert_eq!((player, &value), (&**of, &right));
        assert!(places.insert(value["id"].to_string()), "twice: {value}");
        seen.insert(line.to_owned())
    });
}

/// Reads a topic until `take` has called `count` records of the round new, and to its end.
fn each(
    cluster: &Cluster,
    topic: &'static str,
    round: &str,
    count: usize,
    take: &mut dyn FnMut(&str, Value) -> bool,
) {
    let mut reader = cluster.reader(topic);
    let mut found = 0;
    until(&format!("{count} records in {topic}"), || {
        reader.read(&mut |key, value| {
            let player = key.split_once('/').map_or(key, |(_, player)| player);
            if player.starts_with(round) {
                found += usize::from(take(player, serde_json::from_str(value).unwrap()));
            }
        });
        if found >= count { Ok(()) } else { Err(found) }
    });
}
