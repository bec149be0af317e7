//! What others do with Kafka: a producer of wagers, and a reader of balances.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use accolade_kafka::config::{KafkaConfig, OutputTopic};
use accolade_wire::identity::partition_of;
use accolade_wire::order::SourceTopic;
use anyhow::Context;
use hdrhistogram::Histogram;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{
    BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer,
};
use rdkafka::{ClientContext, Offset, TopicPartitionList};

use crate::bench::embedded::now;
use crate::bench::load::{ID, Load, Pace, player_id, wager_id};

const PATIENCE: Duration = Duration::from_secs(20);

/// How the benchmark's own clients reach the brokers.
fn client(kafka: &KafkaConfig) -> anyhow::Result<ClientConfig> {
    let security = &kafka.security;
    anyhow::ensure!(
        security.tls.is_none() && security.sasl.is_none(),
        "the benchmark's load speaks to brokers without TLS and passwords only"
    );
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", &kafka.brokers).set("client.id", "accolade-bench");
    Ok(client)
}

/// Counts what the brokers did not take.
#[derive(Debug, Clone, Default)]
struct Failures(Arc<AtomicU64>);

impl ClientContext for Failures {}

impl ProducerContext for Failures {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_err() {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Produces wagers straight to their topic, keyed by player, as a gaming system would.
pub(crate) struct Sender {
    producer: ThreadedProducer<Failures>,
    failures: Failures,
    topic: String,
    partitions: u16,
}

/// What was sent.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    pub(crate) acknowledged: u64,
    /// What the client could not take when it was due, or the broker did not.
    pub(crate) dropped: u64,
    pub(crate) seconds: f64,
    pub(crate) late_max_ms: f64,
}

impl Sender {
    pub(crate) fn new(kafka: &KafkaConfig) -> anyhow::Result<Self> {
        let failures = Failures::default();
        let producer: ThreadedProducer<_> = client(kafka)?
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("linger.ms", "20")
            .set("compression.type", "lz4")
            .set("delivery.report.only.error", "true")
            .set("queue.buffering.max.messages", "1000000")
            .set("queue.buffering.max.kbytes", "524288")
            .create_with_context(failures.clone())?;
        let topic = kafka.topics.source(SourceTopic::Wagers).to_owned();
        // Connects, so that all threads of the client are there.
        producer.client().fetch_metadata(Some(&topic), PATIENCE).context("the wagers' topic")?;
        Ok(Self { producer, failures, topic, partitions: kafka.partitions })
    }

    /// Sends `count` wagers that `next` makes, `rate` a second: open loop.
    pub(crate) fn send(
        &self,
        load: &mut Load,
        count: u64,
        rate: u64,
        next: impl Fn(&mut Load, u64) -> &[u8],
    ) -> Sent {
        /// Wagers between two looks at the clock.
        const TOGETHER: u64 = 100;
        let failed = || self.failures.0.load(Ordering::Acquire);
        let before = failed();
        let mut pace = Pace::begin(rate);
        let began = Instant::now();
        let mut refused = 0;
        for number in 0..count {
            if number % TOGETHER == 0 {
                pace.wait(number);
            }
            if self.put(next(load, number)).is_err() {
                refused += 1;
            }
        }
        // An error says that not all were acknowledged, which the count of those left tells as well.
        drop(self.producer.flush(PATIENCE));
        let seconds = began.elapsed().as_secs_f64();
        let left = u64::try_from(self.producer.in_flight_count()).unwrap_or(0);
        let dropped = refused + failed() - before + left;
        let acknowledged = count - dropped;
        Sent { acknowledged, dropped, seconds, late_max_ms: pace.late_max_ms() }
    }

    fn put(&self, wager: &[u8]) -> Result<(), KafkaError> {
        let player = player_id(wager);
        let partition = i32::from(partition_of(player, self.partitions));
        let record = BaseRecord::to(&self.topic).key(player).partition(partition).payload(wager);
        self.producer.send(record).map_err(|(error, _)| error)
    }
}

/// The next wager of the load.
pub(crate) fn any(load: &mut Load, _: u64) -> &[u8] {
    load.wager(now())
}

/// Wagers on their way to a reader, with the moments at which they were to be sent.
#[derive(Debug, Default)]
pub(crate) struct OnTheirWay(Mutex<HashMap<[u8; ID], Instant>>);

impl OnTheirWay {
    /// Notes a wager of the load, as JSON.
    pub(crate) fn add(&self, wager: &[u8], intended: Instant) {
        self.0.lock().expect("nobody panics with it").insert(wager_id(wager), intended);
    }

    fn take(&self, balance: &[u8]) -> Option<Instant> {
        const BEFORE: &[u8] = br#""lastWagerId":""#;
        let at = balance.windows(BEFORE.len()).position(|window| window == BEFORE)?;
        let id = balance.get(at + BEFORE.len()..at + BEFORE.len() + ID)?;
        self.0.lock().expect("nobody panics with it").remove(id)
    }
}

/// Reads committed balances, and times them from when their wagers were to be sent.
pub(crate) struct BalancesReader {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Histogram<u64>, KafkaError>>,
}

impl BalancesReader {
    pub(crate) fn start(kafka: &KafkaConfig, sent: Arc<OnTheirWay>) -> anyhow::Result<Self> {
        let consumer: BaseConsumer = client(kafka)?
            .set("group.id", format!("{}-bench", kafka.group))
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .set("fetch.wait.max.ms", "5")
            .set("fetch.queue.backoff.ms", "5")
            .create()?;
        let topic = kafka.topics.output(OutputTopic::Balances);
        consumer.fetch_metadata(Some(topic), PATIENCE).context("the balances' topic")?;
        let mut list = TopicPartitionList::new();
        for partition in 0..kafka.partitions {
            list.add_partition_offset(topic, i32::from(partition), Offset::Beginning)?;
        }
        consumer.assign(&list)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let mut latencies = Histogram::new_with_bounds(1, 600_000_000, 3)?;
        let read = move || {
            while !stopped.load(Ordering::Acquire) {
                let Some(message) = consumer.poll(Duration::from_millis(100)) else { continue };
                let message = message?;
                if let Some(intended) = message.payload().and_then(|balance| sent.take(balance)) {
                    latencies.saturating_record(intended.elapsed().as_micros() as u64);
                }
            }
            Ok(latencies)
        };
        let thread = std::thread::Builder::new().name("reading".into()).spawn(read)?;
        Ok(Self { stop, thread })
    }

    /// Ends, and says what it has seen.
    pub(crate) fn end(self) -> anyhow::Result<Histogram<u64>> {
        self.stop.store(true, Ordering::Release);
        Ok(self.thread.join().expect("the reader does not panic")?)
    }
}

/// Removes all topics of a benchmark's cluster.
pub(crate) fn remove_topics(
    kafka: &KafkaConfig,
    runtime: &tokio::runtime::Runtime,
) -> anyhow::Result<()> {
    let admin: AdminClient<DefaultClientContext> = client(kafka)?.create()?;
    let topics = &kafka.topics;
    let names = SourceTopic::ALL.map(|source| topics.source(source));
    let outputs = topics.outputs.iter().map(String::as_str);
    let names: Vec<_> =
        names.into_iter().chain([&*topics.order, &*topics.owners]).chain(outputs).collect();
    let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
    for removed in runtime.block_on(admin.delete_topics(&names, &options))? {
        if let Err((topic, code)) = removed
            && code != RDKafkaErrorCode::UnknownTopicOrPartition
        {
            anyhow::bail!("`{topic}` could not be removed: {code}");
        }
    }
    Ok(())
}
