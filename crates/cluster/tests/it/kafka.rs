//! The same over Apache Kafka; `scripts/test.sh` starts it.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use accolade_engine::contract;
use accolade_kafka::admin::Admin;
use accolade_kafka::config::KafkaConfig;
use accolade_kafka::log::KafkaLog;
use accolade_wire::secret::Secret;

use crate::harness::Cluster;

#[test]
fn an_intake_over_kafka_keeps_the_contract() {
    let brokers = std::env::var("ACCOLADE_TEST_KAFKA");
    let prefix = format!("test-{:016x}.", RandomState::new().hash_one(0));
    let brokers = brokers.unwrap_or_else(|_| "127.0.0.1:19092".into());
    let mut config =
        KafkaConfig::new(brokers, "one", &Secret::new("for tests only")).with_prefix(&prefix);
    (config.partitions, config.replication) = (4, 1);
    Admin::new(&config).unwrap().create_missing().unwrap();
    let cluster = Cluster::new(4);
    let node = cluster.start_over("one", Arc::new(KafkaLog::open(config).unwrap()), |_| ());
    contract::intake::check(&*node);
}
