//! The consumer of everything that is heard: partitions that are followed, control and owners.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use accolade_engine::ordered::{Event, LogFailed, Owner};
use accolade_wire::order::{Offsets, SourceTopic};
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::TopicPartitionList;

use crate::clients::{self, Reports};
use crate::config::KafkaConfig;
use crate::error::{log_failed, passes};
use crate::{owners, records};

/// How often it is said that announcements are not believed, at most.
const SAID_EVERY: Duration = Duration::from_mins(1);

/// What one call hears at most.
const RECORDS_AT_ONCE: usize = 4_096;

/// The sources that are followed by partition; control is always heard.
pub(crate) const FOLLOWED: [SourceTopic; 3] =
    [SourceTopic::Commands, SourceTopic::Wagers, SourceTopic::GameEvents];

/// A consumer that is told what to read.
pub(crate) struct Data {
    config: KafkaConfig,
    /// Always locked before `following` is.
    consumer: RwLock<BaseConsumer<Reports>>,
    following: Mutex<Following>,
    /// When it was said last that an announcement is not believed.
    said_at: Mutex<Option<Instant>>,
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Data").finish_non_exhaustive()
    }
}

/// What is followed, and how far it was heard. Held while a message is taken from the consumer, so that
/// none of an earlier assignment is taken for one of a later.
#[derive(Debug, Default)]
pub(crate) struct Following {
    /// By partition, the next offset of each source.
    next: Vec<Option<Offsets>>,
    control: i64,
    /// How often there was nothing left to hear.
    drained: u64,
    /// What somebody else has seen of sources, and was not told yet.
    seen: Vec<Event<'static>>,
    /// Reading has failed since somebody looked why.
    is_suspect: bool,
}

impl Following {
    /// The next offset of a source that is followed.
    fn next_of(&mut self, partition: u16, source: SourceTopic) -> Option<&mut i64> {
        match source {
            SourceTopic::Control => Some(&mut self.control),
            SourceTopic::Commands | SourceTopic::Wagers | SourceTopic::GameEvents => {
                let next = self.next.get_mut(usize::from(partition))?;
                Some(&mut next.as_mut()?[source as usize])
            }
        }
    }
}

fn is_of(event: &Event<'_>, left: u16) -> bool {
    match event {
        Event::Record { partition, .. } | Event::Passed { partition, .. } => *partition == left,
        Event::Lost { partition, source, .. } => {
            *partition == left && *source != SourceTopic::Control
        }
        Event::Assigned(_) | Event::Control { .. } | Event::Owner(_) => false,
    }
}

/// A message and what it is.
enum Heard<'a> {
    /// The source, the partition, and the offset that was to come next.
    Source(SourceTopic, u16, i64, BorrowedMessage<'a>),
    Owner(BorrowedMessage<'a>),
}

impl Data {
    pub(crate) fn new(config: &KafkaConfig) -> Result<Self, KafkaError> {
        let consumer = RwLock::new(consumer_of(config, Offset::Beginning)?);
        let next = vec![None; usize::from(config.partitions)];
        let following = Mutex::new(Following { next, ..Following::default() });
        let said_at = Mutex::new(None);
        Ok(Self { config: config.clone(), consumer, following, said_at })
    }

    pub(crate) fn follow(&self, partition: u16, from: Offsets) -> Result<(), LogFailed> {
        let consumer = self.consumer();
        let mut following = self.following();
        self.leave_if_followed(&consumer, &mut following, partition);
        self.assign(&consumer, partition, FOLLOWED.map(|source| (source, from[source as usize])))?;
        following.next[usize::from(partition)] = Some(from);
        Ok(())
    }

    pub(crate) fn leave(&self, partition: u16) {
        let consumer = self.consumer();
        self.leave_if_followed(&consumer, &mut self.following(), partition);
    }

    fn leave_if_followed(
        &self,
        consumer: &BaseConsumer<Reports>,
        following: &mut Following,
        partition: u16,
    ) {
        let Some(next) = following.next[usize::from(partition)].take() else { return };
        following.seen.retain(|seen| !is_of(seen, partition));
        // One that is not assigned, which may have been lost, must not keep the others.
        for source in FOLLOWED {
            let there = [(source, next[source as usize])];
            if let Err(error) = self.unassign(consumer, partition, there) {
                tracing::debug!(partition, ?source, %error, "it was not assigned");
            }
        }
    }

    fn assign<const N: usize>(
        &self,
        consumer: &BaseConsumer<Reports>,
        partition: u16,
        sources: [(SourceTopic, i64); N],
    ) -> Result<(), LogFailed> {
        self.list(partition, sources)
            .and_then(|list| consumer.incremental_assign(&list))
            .map_err(|error| log_failed("partitions cannot be followed", &error))
    }

    fn unassign<const N: usize>(
        &self,
        consumer: &BaseConsumer<Reports>,
        partition: u16,
        sources: [(SourceTopic, i64); N],
    ) -> Result<(), LogFailed> {
        self.list(partition, sources)
            .and_then(|list| consumer.incremental_unassign(&list))
            .map_err(|error| log_failed("partitions cannot be left", &error))
    }

    fn list<const N: usize>(
        &self,
        partition: u16,
        sources: [(SourceTopic, i64); N],
    ) -> Result<TopicPartitionList, KafkaError> {
        let mut list = TopicPartitionList::with_capacity(N);
        for (source, offset) in sources {
            let topic = self.config.topics.source(source);
            list.add_partition_offset(topic, i32::from(partition), Offset::Offset(offset))?;
        }
        Ok(list)
    }

    /// Lets `hear` hear some of what has come.
    pub(crate) fn hear(
        &self,
        patience: Duration,
        hear: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), LogFailed> {
        let seen = std::mem::take(&mut self.following().seen);
        seen.into_iter().for_each(&mut *hear);
        let mut patience = patience;
        let consumer = self.consumer();
        for _ in 0..RECORDS_AT_ONCE {
            match self.next(&consumer, patience)? {
                None => break,
                Some(Heard::Source(source, partition, expected, message)) => {
                    let operator = self.config.topics.operator(source);
                    let (offset, record) =
                        (message.offset(), records::record(source, &message, operator));
                    hear(match source {
                        SourceTopic::Control => Event::Control { offset, record },
                        SourceTopic::Commands | SourceTopic::Wagers | SourceTopic::GameEvents => {
                            Event::Record { partition, source, expected, offset, record }
                        }
                    });
                }
                Some(Heard::Owner(message)) => {
                    if let Some(owner) = self.announced(&message) {
                        hear(Event::Owner(owner));
                    }
                }
            }
            patience = Duration::ZERO;
        }
        Ok(())
    }

    /// Who owns a partition, if it is one of the cluster that says so: anything else may be a stranger's.
    fn announced(&self, message: &BorrowedMessage<'_>) -> Option<Owner> {
        let KafkaConfig { topics, announcing, .. } = &self.config;
        let read = owners::read(message.key(), message.payload()?, &topics.owners, announcing);
        read.map_err(|error| {
            metrics::counter!("accolade_announcements_refused_total").increment(1);
            let mut said_at = self.said_at.lock().unwrap_or_else(PoisonError::into_inner);
            if said_at.is_none_or(|said_at| said_at.elapsed() > SAID_EVERY) {
                *said_at = Some(Instant::now());
                let (topic, offset) = (&topics.owners, message.offset());
                tracing::error!(
                    topic, offset, %error,
                    "an owner's announcement is not believed: does a node have another secret, or may somebody \
                     else write there?"
                );
            }
        })
        .ok()
    }

    fn next<'c>(
        &self,
        consumer: &'c BaseConsumer<Reports>,
        patience: Duration,
    ) -> Result<Option<Heard<'c>>, LogFailed> {
        let mut following = self.following();
        let mut patience = patience;
        loop {
            match consumer.poll(patience) {
                None => {
                    following.drained += 1;
                    return Ok(None);
                }
                Some(Ok(message)) => {
                    if let Some(heard) = self.accept(&mut following, message) {
                        return Ok(Some(heard));
                    }
                }
                Some(Err(error)) if passes(&error) => {
                    tracing::debug!(%error, "while listening to Kafka");
                }
                Some(Err(error)) => {
                    following.is_suspect = true;
                    return Err(log_failed("sources cannot be read", &error));
                }
            }
            patience = Duration::ZERO;
        }
    }

    /// Takes a message that is the next of what is followed, and no other.
    fn accept<'a>(
        &self,
        following: &mut Following,
        message: BorrowedMessage<'a>,
    ) -> Option<Heard<'a>> {
        let topic = message.topic();
        let partition = u16::try_from(message.partition()).ok()?;
        let Some(source) =
            SourceTopic::ALL.into_iter().find(|source| self.config.topics.source(*source) == topic)
        else {
            return (topic == self.config.topics.owners).then_some(Heard::Owner(message));
        };
        let next = following.next_of(partition, source)?;
        let expected = *next;
        if message.offset() < expected {
            return None;
        }
        *next = message.offset() + 1;
        Some(Heard::Source(source, partition, expected, message))
    }

    fn consumer(&self) -> RwLockReadGuard<'_, BaseConsumer<Reports>> {
        self.consumer.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes another consumer, which goes on where this one has heard: after all brokers were away one sometimes hears
    /// nothing any more from some of them, however it is asked.
    pub(crate) fn replace(&self) -> Result<(), KafkaError> {
        let mut consumer = self.consumer.write().unwrap_or_else(PoisonError::into_inner);
        let following = self.following();
        let next = consumer_of(&self.config, Offset::Offset(following.control))?;
        for (partition, from) in (0_u16..).zip(&following.next) {
            if let Some(from) = from {
                let sources = FOLLOWED.map(|source| (source, from[source as usize]));
                next.incremental_assign(&self.list(partition, sources)?)?;
            }
        }
        clients::let_go(std::mem::replace(&mut *consumer, next));
        tracing::warn!("sources are read by another consumer");
        Ok(())
    }

    fn following(&self) -> MutexGuard<'_, Following> {
        self.following.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far everything that is followed was heard.
    pub(crate) fn heard(&self) -> HeardUpTo {
        let following = self.following();
        let by_partition = (0_u16..).zip(&following.next);
        let next = by_partition
            .filter_map(|(partition, next)| Some((partition, (*next)?)))
            .flat_map(|(partition, next)| {
                FOLLOWED.map(|source| (partition, source, next[source as usize]))
            })
            .chain([(0, SourceTopic::Control, following.control)])
            .collect();
        HeardUpTo { next, drained: following.drained }
    }

    /// Whether reading has failed since this was asked last.
    pub(crate) fn is_suspect(&self) -> bool {
        std::mem::take(&mut self.following().is_suspect)
    }

    /// A source does not go on at `next`, where it was heard last. A source that is not followed any
    /// more is nobody's concern.
    pub(crate) fn is_lost(&self, partition: u16, source: SourceTopic, next: i64, what: String) {
        let mut following = self.following();
        if following.next_of(partition, source).is_some_and(|at| *at == next) {
            following.seen.push(Event::Lost { partition, source, what });
        }
    }

    /// No record of a source lies between `next` and `to`.
    pub(crate) fn is_passed(&self, partition: u16, source: SourceTopic, next: i64, to: i64) {
        let mut following = self.following();
        if let Some(at) = following.next_of(partition, source)
            && *at == next
        {
            *at = to;
            following.seen.push(Event::Passed { partition, source, from: next, to });
        }
    }

    /// Asks again for what comes from `next` on, unless something of it was heard meanwhile.
    pub(crate) fn ask_again(&self, partition: u16, source: SourceTopic, next: i64) {
        let consumer = self.consumer();
        let mut following = self.following();
        if following.next_of(partition, source).is_none_or(|at| *at != next) {
            return;
        }
        // It may be that very assignment which was lost.
        if let Err(error) = self.unassign(&consumer, partition, [(source, next)]) {
            tracing::debug!(partition, ?source, %error, "what has stopped was not assigned");
        }
        match self.assign(&consumer, partition, [(source, next)]) {
            Ok(()) => {
                tracing::warn!(partition, ?source, next, "reading had stopped, and was begun anew");
            }
            Err(error) => tracing::warn!(partition, ?source, %error, "reading has stopped"),
        }
    }
}

/// A consumer of control, from an offset on, and of owners.
fn consumer_of(config: &KafkaConfig, control: Offset) -> Result<BaseConsumer<Reports>, KafkaError> {
    let consumer: BaseConsumer<Reports> = clients::data(config).create_with_context(Reports)?;
    let mut always = TopicPartitionList::new();
    always.add_partition_offset(&config.topics.control, 0, control)?;
    always.add_partition_offset(&config.topics.owners, 0, Offset::Beginning)?;
    consumer.incremental_assign(&always)?;
    Ok(consumer)
}

#[cfg(test)]
impl Data {
    /// Lets reading of a source stop, as it sometimes does by itself.
    pub(crate) fn stall(&self, partition: u16, source: SourceTopic) {
        self.unassign(&self.consumer(), partition, [(source, 0)]).expect("it is followed");
    }
}

/// How far a node has heard, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeardUpTo {
    /// Partition, source, and the next offset.
    pub(crate) next: Vec<(u16, SourceTopic, i64)>,
    /// How often there was nothing left to hear.
    pub(crate) drained: u64,
}
