//! The contract of the port.

use accolade_engine::contract::ordered::{UnderTest, check};
use accolade_kafka::log::KafkaLog;
use accolade_wire::order::SourceTopic;

use crate::harness::Cluster;

impl UnderTest for Cluster {
    type Log = KafkaLog;

    fn node(&mut self, name: &str) -> KafkaLog {
        Self::node(self, name)
    }

    fn remove(&mut self, source: SourceTopic, partition: u16, offset: i64) {
        Self::remove(self, source, partition, offset);
    }
}

#[test]
fn the_log_keeps_the_contract() {
    check(&mut Cluster::new(3));
}
