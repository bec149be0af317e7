//! What can go wrong with Kafka, by what the caller can do about it.

use accolade_engine::ordered::LogFailed;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::admin::Problem;

/// The log could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenFailed {
    /// The configuration is not one that librdkafka takes.
    #[error("the configuration for Kafka is not valid: {0}")]
    Config(String),
    /// Brokers did not answer: try again.
    #[error("Kafka at `{brokers}` cannot be reached")]
    Unavailable {
        /// The brokers that were asked.
        brokers: String,
        /// What happened.
        #[source]
        source: KafkaError,
    },
    /// Topics are not as they must be: a person must set them right.
    #[error("topics of Kafka are not as they must be: {}", in_words(.0))]
    Topics(Vec<Problem>),
}

fn in_words(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Whether an error of a consumer passes by itself: librdkafka goes on trying.
pub(crate) fn passes(error: &KafkaError) -> bool {
    !matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::AutoOffsetReset
                | RDKafkaErrorCode::OffsetOutOfRange
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::GroupAuthorizationFailed
                | RDKafkaErrorCode::BadMessage
                | RDKafkaErrorCode::InvalidMessage
        )
    ) && !matches!(error, KafkaError::MessageConsumptionFatal(_))
}

/// What an error means to whoever reads the log.
pub(crate) fn log_failed(what: &str, error: &KafkaError) -> LogFailed {
    let said = format!("{what}: {error}");
    match error.rdkafka_error_code() {
        Some(
            RDKafkaErrorCode::AutoOffsetReset
            | RDKafkaErrorCode::OffsetOutOfRange
            | RDKafkaErrorCode::UnknownTopic
            | RDKafkaErrorCode::UnknownTopicOrPartition
            | RDKafkaErrorCode::UnknownPartition,
        ) => LogFailed::Gone(said),
        Some(RDKafkaErrorCode::BadMessage | RDKafkaErrorCode::InvalidMessage) => {
            LogFailed::Damaged(said)
        }
        _ => LogFailed::Unavailable(said),
    }
}
