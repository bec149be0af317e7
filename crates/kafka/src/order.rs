//! Appends to the order.

use accolade_engine::ordered::{AppendFailed, Appended};
use rdkafka::error::KafkaError;

use crate::clients;
use crate::config::KafkaConfig;
use crate::error::said;
use crate::writing::{Outgoing, WriteFailed, Writer};

/// The producer of the order: idempotent, so that a retry cannot write a record twice, and without
/// transactions, whose markers would take offsets.
#[derive(Debug)]
pub(crate) struct OrderWriter {
    writer: Writer,
    topic: String,
}

impl OrderWriter {
    pub(crate) fn new(config: &KafkaConfig) -> Result<Self, KafkaError> {
        let writer = Writer::new(clients::order(config))?;
        Ok(Self { writer, topic: config.topics.order.clone() })
    }

    pub(crate) fn append(&self, partition: u16, record: &[u8], done: Appended) {
        let topic = &self.topic;
        let outgoing = Outgoing { topic, partition, key: None, value: record, headers: None };
        let written = Box::new(|result: Result<_, WriteFailed>| {
            done(result.map_err(|failed| AppendFailed(failed.what)));
        });
        if let Err((error, written)) = self.writer.send(outgoing, written) {
            written(Err(WriteFailed { what: said(&error) }));
        }
    }
}
