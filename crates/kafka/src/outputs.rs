//! Publishes what was folded, in transactions that carry their own position: each output is seen once by
//! whoever reads what is committed.
//!
//! The position of a partition is the next batch to publish. It is committed with the outputs, as the
//! metadata of the group's offset on the topic of commands, under the generation in which partitions were
//! assigned: so Kafka itself refuses whoever has lost them.
//!
//! A record that brokers refuse for good is left out, and named to the caller.

mod refusals;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::TopicPartitionList;

use crate::clients::{self, ANSWER_PATIENCE, Reports};
use crate::config::{KafkaConfig, OutputTopic};
use crate::membership::Told;
use crate::outputs::refusals::{Plan, Refusals, is_for_good};

/// How long positions may be blocked by the former owner's open transaction before it is aborted.
const BLOCKED_FOR: Duration = Duration::from_millis(200);
/// How long a transaction is tried again before the caller hears of it.
const PUBLISH_PATIENCE: Duration = Duration::from_secs(10);
/// How long records may wait for acknowledgements of which none comes.
const STUCK_AFTER: Duration = Duration::from_secs(20);
/// Between two tries, and between two looks for acknowledgements.
const PAUSE: Duration = Duration::from_millis(50);
const LOOK: Duration = Duration::from_micros(500);

/// A record of an output topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputRecord<'a> {
    /// The topic.
    pub topic: OutputTopic,
    /// Its partition there, which does not follow from its key.
    pub partition: u16,
    /// The batch that it is derived from.
    pub batch: u64,
    /// Its key.
    pub key: &'a [u8],
    /// Its value.
    pub value: &'a [u8],
}

/// Records in the order in which they leave, in memory that is used again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutputRecords {
    heads: Vec<Head>,
    /// Keys and values, one after the other.
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    topic: OutputTopic,
    partition: u16,
    batch: u64,
    key_end: usize,
    value_end: usize,
}

impl OutputRecords {
    /// Adds one.
    pub fn push(&mut self, record: &OutputRecord<'_>) {
        let OutputRecord { topic, partition, batch, key, value } = *record;
        self.bytes.extend_from_slice(key);
        let key_end = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.heads.push(Head { topic, partition, batch, key_end, value_end: self.bytes.len() });
    }

    /// Keeps the first `len`.
    pub fn truncate(&mut self, len: usize) {
        self.heads.truncate(len);
        self.bytes.truncate(self.heads.last().map_or(0, |last| last.value_end));
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Bytes of all keys and values.
    pub const fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = OutputRecord<'_>> {
        let mut begin = 0;
        self.heads.iter().map(move |head| {
            let Head { topic, partition, batch, key_end, value_end } = *head;
            let (key, value) = (&self.bytes[begin..key_end], &self.bytes[key_end..value_end]);
            begin = value_end;
            OutputRecord { topic, partition, batch, key, value }
        })
    }

    fn named(&self, lost: BTreeMap<usize, RDKafkaErrorCode>) -> Vec<Lost> {
        let named = lost.into_iter().map(|(number, code)| {
            let Head { topic, partition, batch, value_end, .. } = self.heads[number];
            let before = number.checked_sub(1).map_or(0, |before| self.heads[before].value_end);
            Lost { topic, partition, batch, bytes: value_end - before, why: code.to_string() }
        });
        named.collect()
    }
}

/// A record that brokers, or the client's limits, refuse for good. It was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The topic.
    pub topic: OutputTopic,
    /// Its partition there.
    pub partition: u16,
    /// The batch that it was derived from.
    pub batch: u64,
    /// The bytes of its key and value.
    pub bytes: usize,
    /// What was said about it.
    pub why: String,
}

/// A partition whose outputs this node publishes from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken<'a> {
    /// The partition.
    pub partition: u16,
    /// Where nothing was ever published: the batch to begin with.
    pub start: u64,
    /// The node that had it before.
    pub former: Option<&'a str>,
}

/// Outputs were not published, or it is not known: [`Publisher::begin`] tells where to go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishFailed {
    /// Partitions were assigned anew since they were begun, or another node has stepped in.
    #[error("another generation publishes: {0}")]
    Fenced(String),
    /// Brokers cannot be reached, or answer with an error that may pass.
    #[error("outputs cannot be published at the moment: {0}")]
    Unavailable(String),
}

/// Writes outputs of the partitions that it has begun.
pub struct Publisher {
    config: KafkaConfig,
    group: Told,
    positions: BaseConsumer<Reports>,
    producer: Option<BaseProducer<Refusals>>,
    /// Bytes of a batch of records, where topics take less than the client puts together.
    batch_bytes: u32,
    /// Nothing until partitions were begun, and after a failure.
    generation: Option<Arc<ConsumerGroupMetadata>>,
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher").field("node", &self.config.node).finish_non_exhaustive()
    }
}

impl Publisher {
    pub(crate) fn new(config: &KafkaConfig, group: Told) -> Result<Self, KafkaError> {
        Ok(Self {
            config: config.clone(),
            group,
            positions: positions_of(config)?,
            producer: None,
            batch_bytes: clients::OUTPUT_BATCH_BYTES,
            generation: None,
        })
    }

    /// Begins to publish, in the present generation, exactly the partitions of `taken`; returns the next
    /// batch of each, in the same order.
    ///
    /// Called whenever partitions were assigned, and after each failure. An open transaction of a former
    /// owner that is in the way is aborted, and with it this owner's producer: it has to begin again.
    pub fn begin(&mut self, taken: &[Taken<'_>]) -> Result<Vec<u64>, PublishFailed> {
        self.generation = None;
        let partitions: Vec<_> = taken.iter().map(|taken| taken.partition).collect();
        let generation = self.group.generation_of(&partitions).ok_or_else(|| {
            PublishFailed::Fenced("the partitions are not assigned to this node, or not yet".into())
        })?;
        self.producer()?;
        let positions = if let Ok(positions) = self.committed(taken, BLOCKED_FOR) {
            positions
        } else {
            self.abort_former(taken)?;
            match self.committed(taken, ANSWER_PATIENCE) {
                Ok(positions) => positions,
                Err(error) => {
                    // After all brokers were away a client sometimes hears nothing any more.
                    let next = positions_of(&self.config).map_err(|error| failed(&error))?;
                    clients::let_go(std::mem::replace(&mut self.positions, next));
                    return Err(failed(&error));
                }
            }
        };
        let positions = taken.iter().zip(positions).map(|(taken, position)| {
            next_batch(&position, taken).map_err(PublishFailed::Unavailable)
        });
        let positions = positions.collect::<Result<_, _>>()?;
        self.generation = Some(generation);
        Ok(positions)
    }

    /// Publishes `records` and, with them, that `positions` come next; returns those that had to be left
    /// out. After a failure nothing more is published until [`Publisher::begin`].
    pub fn publish(
        &mut self,
        positions: &[(u16, u64)],
        records: &OutputRecords,
    ) -> Result<Vec<Lost>, PublishFailed> {
        let mut until = Instant::now() + PUBLISH_PATIENCE;
        let mut plan = Plan::default();
        let generation = self
            .generation
            .take()
            .ok_or_else(|| PublishFailed::Fenced("publishing was not begun".into()))?;
        loop {
            match self.transaction(&generation, positions, records, &mut plan, until) {
                Ok(()) => {
                    self.generation = Some(generation);
                    return Ok(records.named(plan.lost()));
                }
                Err(Stopped::Refused(refused)) => {
                    tracing::debug!(records = refused.len(), "a batch of outputs was refused");
                    let place = |number: usize| {
                        let Head { topic, partition, .. } = records.heads[number];
                        (topic, partition)
                    };
                    until = Instant::now() + PUBLISH_PATIENCE;
                    if plan.learn(refused, place) && self.batch_bytes > 1 {
                        self.batch_bytes /= 2;
                        let bytes = self.batch_bytes;
                        tracing::warn!(
                            bytes,
                            "a topic takes less at once: batches are made smaller"
                        );
                        self.give_up();
                        self.producer()?;
                    } else {
                        self.abort_or_replace()?;
                    }
                }
                Err(Stopped::Before(error)) if may_pass(&error) && Instant::now() < until => {
                    tracing::debug!(%error, "outputs are published again");
                    self.abort_or_replace()?;
                    std::thread::sleep(PAUSE);
                }
                Err(Stopped::Before(error) | Stopped::AtCommit(error)) => {
                    self.abort();
                    // After all brokers were away a producer sometimes writes nothing any more.
                    self.give_up();
                    return Err(failed(&error));
                }
            }
        }
    }

    fn transaction(
        &mut self,
        generation: &ConsumerGroupMetadata,
        positions: &[(u16, u64)],
        records: &OutputRecords,
        plan: &mut Plan,
        until: Instant,
    ) -> Result<(), Stopped> {
        let offsets = self.offsets(positions).map_err(Stopped::Before)?;
        let config = &self.config;
        let Some(producer) = &self.producer else {
            return Err(Stopped::Before(KafkaError::Canceled));
        };
        producer.begin_transaction().map_err(Stopped::Before)?;
        // Before any record, so that a lost generation costs none.
        producer
            .send_offsets_to_transaction(&offsets, generation, ANSWER_PATIENCE)
            .map_err(Stopped::Before)?;
        drop(producer.context().take());
        for (number, record) in records.iter().enumerate() {
            if plan.sends_apart(number) {
                arrived(producer)?;
            }
            if plan.leaves_out(number) {
                continue;
            }
            match send(producer, config, &record, number) {
                Ok(()) => {}
                // Too large for the client itself, which has not taken it.
                Err(KafkaError::MessageProduction(code)) if is_for_good(code) => {
                    plan.lose(number, code);
                }
                // Nothing is taken any more once a broker has refused something.
                Err(error) => {
                    return Err(arrived(producer).err().unwrap_or(Stopped::Before(error)));
                }
            }
        }
        arrived(producer)?;
        loop {
            match producer.commit_transaction(ANSWER_PATIENCE) {
                Ok(()) => return Ok(()),
                Err(KafkaError::Transaction(error))
                    if error.is_retriable() && Instant::now() < until => {}
                Err(error) => return Err(Stopped::AtCommit(error)),
            }
        }
    }

    /// Ends the open transaction, and says whether its producer can. Where it cannot, the next one of this
    /// node's name does.
    fn abort(&self) -> bool {
        let Some(producer) = &self.producer else { return false };
        if producer.client().fatal_error().is_some() {
            return false;
        }
        let aborted = producer.abort_transaction(ANSWER_PATIENCE);
        if let Err(error) = &aborted {
            tracing::debug!(%error, "a transaction cannot be aborted");
        }
        // What is left to be reported must not be taken for a report about the next transaction.
        let until = Instant::now() + ANSWER_PATIENCE;
        while aborted.is_ok() && producer.in_flight_count() > 0 && Instant::now() < until {
            producer.poll(LOOK);
        }
        aborted.is_ok() && producer.in_flight_count() == 0
    }

    fn abort_or_replace(&mut self) -> Result<(), PublishFailed> {
        if !self.abort() {
            self.give_up();
            self.producer()?;
        }
        Ok(())
    }

    /// Makes sure of a producer that can begin a transaction.
    fn producer(&mut self) -> Result<(), PublishFailed> {
        let is_usable = |producer: &BaseProducer<_>| producer.client().fatal_error().is_none();
        if self.producer.as_ref().is_some_and(is_usable) {
            return Ok(());
        }
        self.give_up();
        self.producer = Some(transactional(&self.config, &self.config.node, self.batch_bytes)?);
        Ok(())
    }

    /// Lets go of the producer; the next one ends what it has open.
    fn give_up(&mut self) {
        if let Some(producer) = self.producer.take() {
            clients::let_go(producer);
        }
    }

    fn abort_former(&self, taken: &[Taken<'_>]) -> Result<(), PublishFailed> {
        let mut former: Vec<_> = taken.iter().filter_map(|taken| taken.former).collect();
        former.sort_unstable();
        former.dedup();
        for node in former.into_iter().filter(|node| *node != self.config.node) {
            tracing::info!(node, "an open transaction of the former owner is aborted");
            clients::let_go(transactional(&self.config, node, self.batch_bytes)?);
        }
        Ok(())
    }

    /// What was committed of each partition; waits for open transactions that would change it.
    fn committed(
        &self,
        taken: &[Taken<'_>],
        patience: Duration,
    ) -> Result<Vec<String>, KafkaError> {
        let topic = &self.config.topics.commands;
        let mut list = TopicPartitionList::with_capacity(taken.len());
        for taken in taken {
            list.add_partition(topic, i32::from(taken.partition));
        }
        let list = self.positions.committed_offsets(list, patience)?;
        taken
            .iter()
            .map(|taken| {
                let found = list
                    .find_partition(topic, i32::from(taken.partition))
                    .ok_or(KafkaError::OffsetFetch(RDKafkaErrorCode::UnknownPartition))?;
                found.error()?;
                Ok(found.metadata().to_owned())
            })
            .collect()
    }

    fn offsets(&self, positions: &[(u16, u64)]) -> Result<TopicPartitionList, KafkaError> {
        let topic = &self.config.topics.commands;
        let mut list = TopicPartitionList::with_capacity(positions.len());
        for (partition, next_batch) in positions {
            let mut element = list.add_partition(topic, i32::from(*partition));
            element.set_offset(Offset::Offset(next_batch.cast_signed()))?;
            element.set_metadata(format!("{POSITION}{next_batch}"));
        }
        Ok(list)
    }
}

/// With what a position begins: its format.
const POSITION: &str = "1:";

/// The next batch that a committed position names; the first where there is none.
fn next_batch(position: &str, taken: &Taken<'_>) -> Result<u64, String> {
    if position.is_empty() {
        return Ok(taken.start);
    }
    let next = position.strip_prefix(POSITION).and_then(|next| next.parse().ok());
    next.ok_or_else(|| {
        format!(
            "the position of partition {} is `{position}`, and this release knows positions that begin \
             with `{POSITION}`: start the release that wrote it, or a later one",
            taken.partition
        )
    })
}

/// Where a transaction stopped; before its commit, as after a refusal, it surely left nothing.
enum Stopped {
    Refused(BTreeMap<usize, RDKafkaErrorCode>),
    Before(KafkaError),
    AtCommit(KafkaError),
}

/// A producer under `node`'s name; whatever transaction was open under it is aborted.
fn transactional(
    config: &KafkaConfig,
    node: &str,
    batch_bytes: u32,
) -> Result<BaseProducer<Refusals>, PublishFailed> {
    let producer: BaseProducer<Refusals> = clients::outputs(config, node, batch_bytes)
        .create_with_context(Refusals::default())
        .map_err(|error| failed(&error))?;
    if let Err(error) = producer.init_transactions(ANSWER_PATIENCE) {
        clients::let_go(producer);
        return Err(failed(&error));
    }
    Ok(producer)
}

/// What tells positions.
fn positions_of(config: &KafkaConfig) -> Result<BaseConsumer<Reports>, KafkaError> {
    clients::range(config).create_with_context(Reports)
}

/// Waits until all that was sent has arrived, or was refused.
fn arrived(producer: &BaseProducer<Refusals>) -> Result<(), Stopped> {
    // The client's own wait looks only every 100 ms.
    let mut before = producer.in_flight_count();
    let mut moved_at = Instant::now();
    while before > 0 && producer.context().is_empty() {
        producer.poll(Duration::ZERO);
        let left = producer.in_flight_count();
        // A poll that may wait counts in whole milliseconds, and spins for the rest of one.
        if left < before {
            moved_at = Instant::now();
        } else if moved_at.elapsed() > STUCK_AFTER {
            tracing::warn!(records = left, "outputs do not arrive: another producer is taken");
            return Err(Stopped::Before(KafkaError::Canceled));
        } else {
            std::thread::sleep(LOOK);
        }
        before = left;
    }
    let refused = producer.context().take();
    if refused.is_empty() { Ok(()) } else { Err(Stopped::Refused(refused)) }
}

fn send(
    producer: &BaseProducer<Refusals>,
    config: &KafkaConfig,
    record: &OutputRecord<'_>,
    number: usize,
) -> Result<(), KafkaError> {
    let mut outgoing = BaseRecord::with_opaque_to(config.topics.output(record.topic), number)
        .key(record.key)
        .partition(i32::from(record.partition))
        .payload(record.value);
    let until = Instant::now() + STUCK_AFTER;
    loop {
        match producer.send(outgoing) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back))
                if Instant::now() < until =>
            {
                producer.poll(Duration::ZERO);
                std::thread::sleep(LOOK);
                outgoing = back;
            }
            Err((error, _)) => return Err(error),
        }
    }
}

fn is_fence(error: &KafkaError) -> bool {
    matches!(
        code(error),
        Some(
            RDKafkaErrorCode::Fenced
                | RDKafkaErrorCode::ProducerFenced
                | RDKafkaErrorCode::InvalidProducerEpoch
                | RDKafkaErrorCode::IllegalGeneration
                | RDKafkaErrorCode::UnknownMemberId
                | RDKafkaErrorCode::FencedInstanceId
        )
    )
}

fn may_pass(error: &KafkaError) -> bool {
    match error {
        KafkaError::Transaction(inner) => !inner.is_fatal() && !is_fence(error),
        KafkaError::MessageProduction(code) => *code != RDKafkaErrorCode::Fatal,
        _ => false,
    }
}

fn failed(error: &KafkaError) -> PublishFailed {
    if is_fence(error) {
        PublishFailed::Fenced(error.to_string())
    } else {
        PublishFailed::Unavailable(error.to_string())
    }
}

fn code(error: &KafkaError) -> Option<RDKafkaErrorCode> {
    match error {
        KafkaError::Transaction(error) => Some(error.code()),
        other => other.rdkafka_error_code(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_says_its_format_and_an_unknown_one_is_refused() {
        let taken = Taken { partition: 3, start: 7, former: None };
        assert_eq!(next_batch("", &taken), Ok(7));
        assert_eq!(next_batch("1:42", &taken), Ok(42));
        for unknown in ["42", "2:42", "1:", "1:-1"] {
            let refused = next_batch(unknown, &taken).unwrap_err();
            let expected = format!("the position of partition 3 is `{unknown}`, and this release");
            assert!(refused.starts_with(&expected), "{refused}");
        }
    }

    #[test]
    fn records_come_out_as_they_went_in_and_the_last_can_be_taken_back() {
        let record = |partition, key, value| {
            let topic = OutputTopic::Balances;
            OutputRecord { topic, partition, batch: 1, key, value }
        };
        let all = [record(3, b"anna", b"12"), record(0, b"", b"7"), record(3, b"bob", b"")];
        let mut records = OutputRecords::default();
        for record in &all {
            records.push(record);
        }
        assert_eq!(records.iter().collect::<Vec<_>>(), all);
        records.truncate(1);
        records.push(&all[2]);
        assert_eq!(records.iter().collect::<Vec<_>>(), [all[0], all[2]]);
        assert_eq!((records.len(), records.bytes()), (2, 9));
        records.truncate(0);
        assert_eq!((records.is_empty(), records.bytes()), (true, 0));
    }
}
