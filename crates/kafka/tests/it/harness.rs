//! A cluster's topics for one test.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use accolade_engine::ordered::{Event, OrderedLog};
use accolade_kafka::admin::Admin;
use accolade_kafka::config::{KafkaConfig, OutputTopic};
use accolade_kafka::log::KafkaLog;
use accolade_wire::order::SourceTopic;
use accolade_wire::secret::Secret;
use rdkafka::Offset;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::topic_partition_list::TopicPartitionList;

/// How long one call waits, and how often it is tried before a test gives up: 60 s.
pub(crate) const PATIENCE: Duration = Duration::from_millis(20);
pub(crate) const TRIES: usize = 3_000;

/// The brokers that tests use.
pub(crate) fn brokers() -> String {
    std::env::var("ACCOLADE_TEST_KAFKA").unwrap_or_else(|_| "127.0.0.1:19092".into())
}

/// Topics under a prefix of their own, removed in the end.
pub(crate) struct Cluster {
    config: KafkaConfig,
}

impl Cluster {
    /// Without topics yet.
    pub(crate) fn empty(partitions: u16) -> Self {
        let prefix = format!("test-{:016x}.", RandomState::new().build_hasher().finish());
        let mut config = KafkaConfig::new(brokers(), "nobody", &Secret::new("for tests only"))
            .with_prefix(&prefix);
        (config.partitions, config.replication) = (partitions, 1);
        Self { config }
    }

    pub(crate) fn new(partitions: u16) -> Self {
        let cluster = Self::empty(partitions);
        Admin::new(&cluster.config).unwrap().create_missing().unwrap();
        cluster
    }

    pub(crate) fn config(&self, node: &str) -> KafkaConfig {
        KafkaConfig { node: node.into(), ..self.config.clone() }
    }

    pub(crate) fn node(&self, node: &str) -> KafkaLog {
        KafkaLog::open(self.config(node)).unwrap()
    }

    /// A client of its own, as other programs have.
    pub(crate) fn client() -> ClientConfig {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", brokers());
        client
    }

    pub(crate) fn admin() -> AdminClient<DefaultClientContext> {
        Self::client().create().unwrap()
    }

    /// Removes what a source has before `offset`.
    pub(crate) fn remove(&self, source: SourceTopic, partition: u16, offset: i64) {
        let topic = self.config.topics.source(source);
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition.into(), Offset::Offset(offset)).unwrap();
        let removed = block_on(Self::admin().delete_records(&list, &options())).unwrap();
        for element in removed.elements() {
            element.error().unwrap();
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let topics = &self.config.topics;
        let names: Vec<_> = SourceTopic::ALL
            .iter()
            .map(|source| topics.source(*source))
            .chain([topics.order.as_str(), topics.owners.as_str()])
            .chain(OutputTopic::ALL.iter().map(|output| topics.output(*output)))
            .collect();
        let deleted = block_on(Self::admin().delete_topics(&names, &options()));
        if !std::thread::panicking() {
            deleted.unwrap();
        }
    }
}

/// Lets a node hear until it owns exactly `partitions`.
pub(crate) fn hear_assigned(log: &KafkaLog, partitions: &[u16]) {
    let mut assigned = Vec::new();
    for _ in 0..TRIES {
        hear_assignment(log, &mut assigned);
        if assigned == partitions {
            return;
        }
    }
    panic!("{assigned:?} should be {partitions:?}");
}

/// Lets a node hear once, and keeps what it was assigned.
pub(crate) fn hear_assignment(log: &KafkaLog, assigned: &mut Vec<u16>) {
    let mut hear = |event: Event<'_>| {
        if let Event::Assigned(partitions) = event {
            partitions.clone_into(assigned);
        }
    };
    log.hear(PATIENCE, &mut hear).unwrap();
}

pub(crate) fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(Duration::from_secs(10)))
}

pub(crate) fn block_on<F: Future>(answer: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(answer)
}
