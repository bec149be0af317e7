//! The settings of each client of librdkafka, every one with its reason.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::producer::{DeliveryResult, ProducerContext};

use crate::config::{KafkaConfig, Mechanism};

/// How long a question to a broker may take.
pub(crate) const ANSWER_PATIENCE: Duration = Duration::from_secs(10);

/// After this long without a heartbeat a node's partitions are given to others; the least that brokers
/// allow unless told otherwise.
const SESSION_MS: &str = "6000";
/// With its heartbeat a node hears that partitions are shared out anew: this often, so that a handover
/// is quick.
pub(crate) const HEARTBEAT: Duration = Duration::from_millis(100);
/// A node whose thread that hears stands for so long gives its partitions up, though its heart beats.
const HEARS_WITHIN_MS: &str = "10000";

/// The default of 1,000 costs up to two thirds of the rate once a queue was full.
const FETCH_QUEUE_BACKOFF_MS: &str = "5";
/// A broker that has less than was asked for answers after so long.
const FETCH_WAIT_MS: &str = "5";
/// Less than this is waited for: under load a request would else be answered for every few records.
const FETCH_BYTES_MIN: &str = "16000";
/// Fetching ahead, for the rate of catching up.
const QUEUED_MESSAGES: &str = "200000";
/// What is fetched ahead at most, in KiB.
const QUEUED_KIB: &str = "65536";
/// A range that is read once is mostly short.
const RANGE_QUEUED_MESSAGES: &str = "20000";
const RANGE_QUEUED_KIB: &str = "16384";

/// How long a record is tried to be written: longer than a partition takes to find a new leader.
const WRITTEN_WITHIN_MS: &str = "30000";
/// Records from several callers go out together; one alone waits so long. Each partition makes a request of
/// its own, and brokers are busied by requests rather than by records.
const INTAKE_LINGER_MS: &str = "5";
/// What waits to be written before more is refused.
const INTAKE_QUEUED_MESSAGES: &str = "200000";
const INTAKE_QUEUED_KIB: &str = "131072";

/// A dead owner's open transaction blocks readers for at most this long.
const TRANSACTION_MS: &str = "5000";
/// Within a transaction, or it could not be committed any more.
const OUTPUT_WITHIN_MS: &str = "4000";
/// `send_offsets` often meets the end of the transaction before, and took 50 ms with the defaults.
const TRANSACTION_BACKOFF_MS: &str = "1";
const TRANSACTION_BACKOFF_MAX_MS: &str = "3";
/// The default, and a little less than topics take unless told otherwise.
pub(crate) const OUTPUT_BATCH_BYTES: u32 = 1_000_000;
/// Records of a transaction are written together.
const OUTPUT_LINGER_MS: &str = "1";

/// What all clients share.
fn client(config: &KafkaConfig, purpose: &str) -> ClientConfig {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", &config.brokers);
    client.set("client.id", format!("accolade-{}-{purpose}", config.node));
    // A broker that came back is not waited for any longer than this.
    client.set("reconnect.backoff.max.ms", "1000");
    let security = &config.security;
    client.set(
        "security.protocol",
        match (&security.tls, &security.sasl) {
            (None, None) => "plaintext",
            (Some(_), None) => "ssl",
            (None, Some(_)) => "sasl_plaintext",
            (Some(_), Some(_)) => "sasl_ssl",
        },
    );
    if let Some(tls) = &security.tls {
        if let Some(file) = &tls.ca_file {
            client.set("ssl.ca.location", file.to_string_lossy());
        }
        if let Some(certificate) = &tls.certificate {
            client.set("ssl.certificate.location", certificate.file.to_string_lossy());
            client.set("ssl.key.location", certificate.key_file.to_string_lossy());
        }
    }
    if let Some(sasl) = &security.sasl {
        client.set("sasl.mechanism", Mechanism::name(sasl.mechanism));
        client.set("sasl.username", &sasl.user);
        client.set("sasl.password", sasl.password.reveal());
    }
    for (key, value) in &config.properties {
        client.set(key, value);
    }
    client.set_log_level(RDKafkaLogLevel::Warning);
    client
}

/// Only asks, and creates topics.
pub(crate) fn admin(config: &KafkaConfig) -> ClientConfig {
    client(config, "admin")
}

/// A consumer that is told exactly what to read, and from where.
fn reader(config: &KafkaConfig, purpose: &str) -> ClientConfig {
    let mut client = client(config, purpose);
    // Without a group nothing can be assigned; it is not joined.
    client.set("group.id", &config.group);
    client.set("enable.auto.commit", "false");
    client.set("enable.auto.offset.store", "false");
    // The default would go on elsewhere without a word where an offset is not there any more.
    client.set("auto.offset.reset", "error");
    client.set("isolation.level", "read_committed");
    client.set("fetch.queue.backoff.ms", FETCH_QUEUE_BACKOFF_MS);
    client.set("fetch.wait.max.ms", FETCH_WAIT_MS);
    client.set("check.crcs", "true");
    client
}

/// Reads the partitions that are followed, control and owners.
pub(crate) fn data(config: &KafkaConfig) -> ClientConfig {
    let mut client = reader(config, "data");
    client.set("fetch.min.bytes", FETCH_BYTES_MIN);
    client.set("queued.min.messages", QUEUED_MESSAGES);
    client.set("queued.max.messages.kbytes", QUEUED_KIB);
    client
}

/// Reads a range, and says where its partition ends.
pub(crate) fn range(config: &KafkaConfig) -> ClientConfig {
    let mut client = reader(config, "range");
    client.set("enable.partition.eof", "true");
    client.set("queued.min.messages", RANGE_QUEUED_MESSAGES);
    client.set("queued.max.messages.kbytes", RANGE_QUEUED_KIB);
    client
}

/// A member of the group: it is assigned partitions, and reads none of them.
pub(crate) fn member(config: &KafkaConfig) -> ClientConfig {
    let mut client = reader(config, "member");
    // Static: a node that restarts within its session gets back what it had, without a rebalance.
    client.set("group.instance.id", &config.node);
    // Eager: cooperative assignment with offsets of one's own is broken in librdkafka.
    client.set("partition.assignment.strategy", "range");
    client.set("session.timeout.ms", SESSION_MS);
    client.set("heartbeat.interval.ms", HEARTBEAT.as_millis().to_string());
    client.set("max.poll.interval.ms", HEARS_WITHIN_MS);
    client
}

/// Writes so that a record stands once, and survives the loss of a broker.
fn writer(config: &KafkaConfig, purpose: &str) -> ClientConfig {
    let mut client = client(config, purpose);
    client.set("enable.idempotence", "true");
    client.set("acks", "all");
    client.set("message.timeout.ms", WRITTEN_WITHIN_MS);
    client
}

/// Writes the order: each record alone, and at once.
pub(crate) fn order(config: &KafkaConfig) -> ClientConfig {
    let mut client = writer(config, "order");
    client.set("linger.ms", "0");
    client.set("compression.type", "none");
    client
}

/// Writes what is submitted.
pub(crate) fn intake(config: &KafkaConfig) -> ClientConfig {
    let mut client = writer(config, "intake");
    client.set("linger.ms", INTAKE_LINGER_MS);
    client.set("queue.buffering.max.messages", INTAKE_QUEUED_MESSAGES);
    client.set("queue.buffering.max.kbytes", INTAKE_QUEUED_KIB);
    client.set("compression.type", "lz4");
    client
}

/// Writes outputs in transactions of `node`, with at most `batch_bytes` in a batch.
pub(crate) fn outputs(config: &KafkaConfig, node: &str, batch_bytes: u32) -> ClientConfig {
    let mut client = writer(config, "outputs");
    client.set("transactional.id", config.transactional_id(node));
    // Whether all were written is asked of the transaction, not of each record.
    client.set("delivery.report.only.error", "true");
    client.set("transaction.timeout.ms", TRANSACTION_MS);
    client.set("message.timeout.ms", OUTPUT_WITHIN_MS);
    client.set("retry.backoff.ms", TRANSACTION_BACKOFF_MS);
    client.set("retry.backoff.max.ms", TRANSACTION_BACKOFF_MAX_MS);
    client.set("linger.ms", OUTPUT_LINGER_MS);
    client.set("batch.size", batch_bytes.to_string());
    client.set("compression.type", "lz4");
    client
}

/// Ends a client on a thread of its own: one that has lost its brokers may wait for them without an end, and whoever gives
/// it up has other things to do.
pub(crate) fn let_go<C: Send + 'static>(client: C) {
    std::thread::spawn(move || drop(client));
}

/// Passes on what librdkafka says of itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reports;

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        report(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka");
    }
}

impl ConsumerContext for Reports {}

impl ProducerContext for Reports {
    type DeliveryOpaque = ();

    /// A record of a transaction that was not written fails its commit.
    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

/// How long a kind of line is not repeated: while a broker is away, each client says so all the time.
const SAID_AGAIN: Duration = Duration::from_secs(30);

/// Passes on a line of librdkafka's log; of what may be a warning, each kind once in a while.
pub(crate) fn report(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error
        | RDKafkaLogLevel::Warning
            if is_news(facility) =>
        {
            tracing::warn!(facility, message, "kafka");
        }
        _ => tracing::debug!(facility, message, "kafka"),
    }
}

fn is_news(facility: &str) -> bool {
    static SAID: Mutex<BTreeMap<String, Instant>> = Mutex::new(BTreeMap::new());
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    let is_news = said.get(facility).is_none_or(|at| now.duration_since(*at) >= SAID_AGAIN);
    if is_news {
        said.insert(facility.to_owned(), now);
    }
    is_news
}

#[cfg(all(test, feature = "ssl"))]
mod tests {
    use accolade_wire::secret::Secret;
    use rdkafka::producer::BaseProducer;

    use super::*;
    use crate::config::{Sasl, Tls};

    #[test]
    fn this_build_can_encrypt_and_prove_a_password_in_every_way() {
        for mechanism in [Mechanism::Plain, Mechanism::ScramSha256, Mechanism::ScramSha512] {
            let mut config =
                KafkaConfig::new("127.0.0.1:1", "first", &Secret::new("for tests only"));
            let (user, password) = ("accolade".into(), Secret::new("not shown"));
            config.security.tls = Some(Tls::default());
            config.security.sasl = Some(Sasl { mechanism, user, password });
            assert!(!format!("{config:?}").contains("not shown"));
            order(&config).create_with_context::<_, BaseProducer<Reports>>(Reports).unwrap();
        }
    }

    #[test]
    fn settings_that_exactness_rests_on_cannot_be_changed() {
        let mut config = KafkaConfig::new("127.0.0.1:1", "first", &Secret::new("for tests only"));
        let changed = [("acks", "1"), ("auto.offset.reset", "earliest"), ("client.rack", "a")];
        config.properties = changed.map(|(key, value)| (key.into(), value.into())).into();
        assert_eq!(order(&config).get("acks"), Some("all"));
        assert_eq!(data(&config).get("auto.offset.reset"), Some("error"));
        assert_eq!(data(&config).get("client.rack"), Some("a"));
    }
}
