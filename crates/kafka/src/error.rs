//! What can go wrong with Kafka, by what the caller can do about it.

use accolade_engine::ordered::LogFailed;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::admin::Problem;
use crate::config::KafkaConfig;

/// The log could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenFailed {
    /// The configuration is not one that librdkafka takes.
    #[error("the configuration for Kafka is not valid: {0}")]
    Config(String),
    /// Brokers did not answer: try again.
    #[error("Kafka at `{brokers}` cannot be reached: {why}")]
    Unavailable {
        /// The brokers that were asked.
        brokers: String,
        /// What happened.
        why: String,
    },
    /// Brokers answer and do not let this node in, or it does not trust them: a setting must be mended.
    #[error("Kafka at `{brokers}` cannot be spoken to: {mend}; it says: {why}")]
    Refused {
        /// The brokers that were asked.
        brokers: String,
        /// What happened.
        why: String,
        /// Which settings to look at.
        mend: &'static str,
    },
    /// Brokers know this node, and their rules do not allow it what it needs.
    #[error(
        "Kafka does not allow `{who}` what a node needs of {what}: give it the right; `accolade doctor` \
         prints the commands"
    )]
    NotAllowed {
        /// As whom the brokers know this node.
        who: String,
        /// What it may not use.
        what: String,
    },
    /// Topics are not as they must be: a person must set them right.
    #[error(
        "topics of Kafka are not as they must be: {}; `accolade doctor` says how to set them right",
        in_words(.0)
    )]
    Topics(Vec<Problem>),
}

fn in_words(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// What an error of a question about `what` means to whoever opens the log.
pub(crate) fn failed(config: &KafkaConfig, what: &str, error: KafkaError) -> OpenFailed {
    if is_not_allowed(&error) {
        return OpenFailed::NotAllowed { who: config.principal(), what: what.to_owned() };
    }
    OpenFailed::Unavailable { brokers: config.brokers.clone(), why: format!("{what}: {error}") }
}

/// Whether the brokers' rules do not allow it.
pub(crate) fn is_not_allowed(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::GroupAuthorizationFailed
                | RDKafkaErrorCode::ClusterAuthorizationFailed
                | RDKafkaErrorCode::TransactionalIdAuthorizationFailed
        )
    )
}

/// Where the right comes from that a node lacks.
const RIGHT: &str = "`accolade doctor` prints the commands that give this node the right";

/// An error in words that say what to do about it.
pub(crate) fn said(error: &KafkaError) -> String {
    if is_not_allowed(error) { with_right(&error.to_string()) } else { error.to_string() }
}

/// What brokers do not allow, with what to do about it.
pub(crate) fn with_right(said: &str) -> String {
    format!("{said}: {RIGHT}")
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
    let said = format!("{what}: {}", said(error));
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
