//! Makes records durable in the sources.

use accolade_engine::intake::Refused;
use accolade_engine::ordered::{Owner, Submitted};
use accolade_wire::order::SourceTopic;
use accolade_wire::record::Record;
use rdkafka::error::KafkaError;

use crate::clients;
use crate::config::KafkaConfig;
use crate::owners;
use crate::records::carry;
use crate::writing::{Outgoing, WriteFailed, Writer};

/// The producer of sources and announcements. Never in transactions: a dead node's open one would hold
/// up everybody's records.
#[derive(Debug)]
pub(crate) struct IntakeWriter {
    writer: Writer,
    config: KafkaConfig,
}

impl IntakeWriter {
    pub(crate) fn new(config: &KafkaConfig) -> Result<Self, KafkaError> {
        let writer = Writer::new(clients::intake(config))?;
        Ok(Self { writer, config: config.clone() })
    }

    pub(crate) fn submit(
        &self,
        source: SourceTopic,
        partition: u16,
        record: &Record<'_>,
        trace: Option<&str>,
        done: Submitted,
    ) -> Result<(), Refused> {
        let carried = carry(source, record, trace);
        let outgoing = Outgoing {
            topic: self.config.topics.source(source),
            partition,
            key: carried.key.as_deref(),
            value: carried.value.as_deref().unwrap_or(record.body),
            headers: carried.headers,
        };
        let written = Box::new(|result: Result<_, WriteFailed>| {
            done(
                result.map(|place: accolade_engine::ordered::Place| place.offset).map_err(refused),
            );
        });
        self.writer.send(outgoing, written).map_err(|(error, _)| {
            tracing::debug!(%error, "a record was refused");
            Refused::Busy
        })
    }

    pub(crate) fn announce(&self, owner: &Owner) {
        let topic = &self.config.topics.owners;
        let value = owners::write(owner, topic, &self.config.announcing);
        let outgoing = Outgoing {
            topic,
            partition: 0,
            key: Some(&owners::key(owner.partition)),
            value: &value,
            headers: None,
        };
        let partition = owner.partition;
        let written = Box::new(move |result: Result<_, WriteFailed>| {
            if let Err(failed) = result {
                tracing::warn!(partition, failed.what, "an owner was not announced");
            }
        });
        if let Err((error, written)) = self.writer.send(outgoing, written) {
            written(Err(WriteFailed { what: error.to_string() }));
        }
    }
}

/// The record left for the brokers, which may have it.
fn refused(failed: WriteFailed) -> Refused {
    tracing::debug!(failed.what, "a record was not acknowledged");
    Refused::Uncertain
}
