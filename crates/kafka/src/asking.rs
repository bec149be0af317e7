//! A client that only asks about the cluster, and knows why it is not answered.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use accolade_domain::time::Timestamp;
use rdkafka::ClientContext;
use rdkafka::Offset;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Message, Timestamp as Stamp};
use rdkafka::metadata::Metadata;
use rdkafka::topic_partition_list::TopicPartitionList;

use crate::clients::{self, ANSWER_PATIENCE};
use crate::config::KafkaConfig;
use crate::error::{OpenFailed, failed};

/// How long one question waits before it is looked why there is no answer.
const LOOK: Duration = Duration::from_millis(500);

/// How long it listens to what went wrong: a look without time ends at the first line of a log.
const LISTEN: Duration = Duration::from_millis(20);

/// Asks about the cluster. A consumer, because a producer's question would make a topic that is not there.
pub(crate) struct Asking<'a> {
    config: &'a KafkaConfig,
    consumer: BaseConsumer<Hears>,
}

impl<'a> Asking<'a> {
    pub(crate) fn new(config: &'a KafkaConfig) -> Result<Self, OpenFailed> {
        let consumer = clients::range(config)
            // That a broker has hung up is no more than information.
            .set_log_level(RDKafkaLogLevel::Info)
            .create_with_context(Hears::default())
            .map_err(|error| OpenFailed::Config(error.to_string()))?;
        Ok(Self { config, consumer })
    }

    /// What the brokers say of themselves, and of one topic or all.
    pub(crate) fn metadata(&self, topic: Option<&str>) -> Result<Metadata, OpenFailed> {
        let until = Instant::now() + ANSWER_PATIENCE;
        loop {
            let error = match self.consumer.fetch_metadata(topic, LOOK) {
                Ok(metadata) => return Ok(metadata),
                Err(error) => error,
            };
            // Nothing is assigned, so nothing but what went wrong can come.
            while self.consumer.poll(LISTEN).is_some() {}
            let is_over = Instant::now() > until;
            match self.consumer.context().heard() {
                Some(heard) if heard.is_refusal() || is_over && heard.speaks_otherwise() => {
                    let (brokers, why) = (self.config.brokers.clone(), heard.said.clone());
                    return Err(OpenFailed::Refused { brokers, why, mend: heard.mend() });
                }
                heard if is_over => {
                    let brokers = self.config.brokers.clone();
                    let why = heard.map_or_else(|| error.to_string(), |heard| heard.said);
                    return Err(OpenFailed::Unavailable { brokers, why });
                }
                _ => {}
            }
        }
    }

    /// The name that the cluster has given itself.
    pub(crate) fn cluster_id(&self) -> Option<String> {
        self.consumer.client().fetch_cluster_id(ANSWER_PATIENCE)
    }

    /// The brokers' time of the newest record of a topic that takes it; `None` where there is none.
    pub(crate) fn last_appended(
        &self,
        topic: &str,
        partitions: u16,
    ) -> Result<Option<Timestamp>, OpenFailed> {
        let failed = |error| failed(self.config, topic, error);
        let mut list = TopicPartitionList::new();
        for partition in 0..i32::from(partitions) {
            let (first, end) = self
                .consumer
                .fetch_watermarks(topic, partition, ANSWER_PATIENCE)
                .map_err(failed)?;
            if end > first {
                list.add_partition_offset(topic, partition, Offset::Offset(end - 1))
                    .map_err(failed)?;
            }
        }
        let (mut newest, mut waiting) = (None, list.count());
        self.consumer.assign(&list).map_err(failed)?;
        let until = Instant::now() + ANSWER_PATIENCE;
        while waiting > 0 && Instant::now() < until {
            let Some(Ok(message)) = self.consumer.poll(LOOK) else { continue };
            waiting -= 1;
            if let Stamp::LogAppendTime(ms) = message.timestamp() {
                newest = newest.max(Some(Timestamp::from_micros(ms.saturating_mul(1_000))));
            }
        }
        self.consumer.unassign().map_err(failed)?;
        Ok(newest)
    }
}

/// What went wrong on the way to a broker.
#[derive(Debug, Clone)]
struct Heard {
    code: Option<RDKafkaErrorCode>,
    said: String,
}

impl Heard {
    /// No later try would end otherwise.
    fn is_refusal(&self) -> bool {
        matches!(self.code, Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SSL))
    }

    /// One side encrypts, or wants to know who is there, and the other does not. That has no code: the
    /// broker hangs up at the first word, as one does that is about to stop.
    fn speaks_otherwise(&self) -> bool {
        self.said.contains("security.protocol") || self.said.contains("in state APIVERSION_QUERY")
    }

    fn mend(&self) -> &'static str {
        match self.code {
            Some(RDKafkaErrorCode::Authentication) => {
                "set right `sasl_user`, `sasl_password` and `sasl_mechanism`"
            }
            Some(RDKafkaErrorCode::SSL) => {
                "set `ca_file` to the certificate of the authority that vouches for the brokers, name \
                 them in `brokers` as their certificates do, and set `tls` as they want it"
            }
            _ => "set `tls` and `sasl_mechanism` as the brokers' listener wants them",
        }
    }

    /// That all brokers are down is what everybody knows already.
    fn tells_more_than(&self, other: &Self) -> bool {
        let rank = |heard: &Self| match heard.code {
            _ if heard.is_refusal() => 3,
            _ if heard.speaks_otherwise() => 2,
            Some(RDKafkaErrorCode::AllBrokersDown) => 0,
            _ => 1,
        };
        rank(self) >= rank(other)
    }
}

/// Keeps what tells most of why there is no answer.
#[derive(Debug, Default)]
struct Hears(Mutex<Option<Heard>>);

impl ClientContext for Hears {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(?level, facility, message, "kafka");
        if facility == "FAIL" {
            self.hear(Heard { code: None, said: message.to_owned() });
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.hear(Heard { code: error.rdkafka_error_code(), said: reason.to_owned() });
    }
}

impl Hears {
    fn heard(&self) -> Option<Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hear(&self, heard: Heard) {
        let mut most = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if most.as_ref().is_none_or(|most| heard.tells_more_than(most)) {
            *most = Some(heard);
        }
    }
}

impl ConsumerContext for Hears {}
