//! Reads exact ranges of topics, as often as it is asked.

use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use accolade_engine::ordered::LogFailed;
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::TopicPartitionList;

use crate::clients::{self, ANSWER_PATIENCE, Reports};
use crate::config::KafkaConfig;
use crate::error::{log_failed, passes};

/// How long nothing may come before a range counts as not to be read.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long an end that is still before the range's end may take to move on, after a change of leaders.
const END_PATIENCE: Duration = Duration::from_secs(1);
/// How long a partition may have no leader, as a topic that was just made.
const LEADER_PATIENCE: Duration = Duration::from_secs(3);
/// How long one look for a message takes.
const LOOK: Duration = Duration::from_millis(100);
/// How many consumers are kept for the next range.
const KEPT: usize = 4;

/// Consumers that read one range at a time.
pub(crate) struct Ranges {
    config: KafkaConfig,
    idle: Mutex<Vec<BaseConsumer<Reports>>>,
}

impl fmt::Debug for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ranges").finish_non_exhaustive()
    }
}

impl Ranges {
    pub(crate) fn new(config: &KafkaConfig) -> Result<Self, KafkaError> {
        let first = clients::range(config).create_with_context(Reports)?;
        Ok(Self { config: config.clone(), idle: Mutex::new(vec![first]) })
    }

    /// The first offset of a partition, and the one after the last that can be read.
    pub(crate) fn bounds(&self, topic: &str, partition: u16) -> Result<Range<i64>, LogFailed> {
        self.with_consumer(|consumer| bounds(consumer, topic, partition))
    }

    /// Reads all messages that lie within `offsets`, and none else.
    pub(crate) fn read(
        &self,
        topic: &str,
        partition: u16,
        offsets: Range<i64>,
        each: &mut dyn FnMut(&BorrowedMessage<'_>) -> Result<(), LogFailed>,
    ) -> Result<(), LogFailed> {
        if offsets.is_empty() {
            return Ok(());
        }
        self.with_consumer(|consumer| {
            let mut reading = Reading { consumer, topic, partition, next: offsets.start };
            let read = reading.read(offsets.end, each);
            let unassigned = consumer.unassign();
            read.and(unassigned.map_err(|error| log_failed(topic, &error)))
        })
    }

    /// A consumer that has failed is not kept.
    fn with_consumer<T>(
        &self,
        ask: impl FnOnce(&BaseConsumer<Reports>) -> Result<T, LogFailed>,
    ) -> Result<T, LogFailed> {
        let kept = self.idle().pop();
        let consumer = match kept {
            Some(consumer) => consumer,
            None => clients::range(&self.config)
                .create_with_context(Reports)
                .map_err(|error| log_failed("a consumer", &error))?,
        };
        let answer = match ask(&consumer) {
            Ok(answer) => answer,
            Err(failed) => {
                clients::let_go(consumer);
                return Err(failed);
            }
        };
        let mut idle = self.idle();
        if idle.len() < KEPT {
            idle.push(consumer);
        }
        Ok(answer)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<BaseConsumer<Reports>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bounds(
    consumer: &BaseConsumer<Reports>,
    topic: &str,
    partition: u16,
) -> Result<Range<i64>, LogFailed> {
    let until = Instant::now() + LEADER_PATIENCE;
    loop {
        match consumer.fetch_watermarks(topic, i32::from(partition), ANSWER_PATIENCE) {
            Ok((low, high)) => return Ok(low..high),
            Err(error) if is_led_elsewhere(&error) && Instant::now() < until => {
                std::thread::sleep(LOOK);
            }
            // Said by a client that has lost sight of brokers. That topics are there was seen at the start.
            Err(error) if is_unknown(&error) => {
                return Err(LogFailed::Unavailable(format!("{topic}: {error}")));
            }
            Err(error) => return Err(log_failed(topic, &error)),
        }
    }
}

fn is_unknown(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownTopicOrPartition
        )
    )
}

fn is_led_elsewhere(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::NotLeaderForPartition | RDKafkaErrorCode::LeaderNotAvailable)
    )
}

/// Says what is wrong where a partition does not go on at `next`.
pub(crate) fn lost(topic: &str, partition: u16, next: i64, has: &Range<i64>) -> Option<String> {
    (next < has.start || next > has.end).then(|| {
        format!(
            "`{topic}` partition {partition} has offsets {} to {}, and {next} should come next: it was \
             removed before it was read, or the topic was made anew",
            has.start, has.end
        )
    })
}

/// A range on its way.
struct Reading<'a> {
    consumer: &'a BaseConsumer<Reports>,
    topic: &'a str,
    partition: u16,
    next: i64,
}

impl Reading<'_> {
    /// Markers of transactions take offsets and are never seen. So it ends at the message before `end`,
    /// at one beyond, or at the end of a partition that was known to reach `end` before it was asked.
    fn read(
        &mut self,
        end: i64,
        each: &mut dyn FnMut(&BorrowedMessage<'_>) -> Result<(), LogFailed>,
    ) -> Result<(), LogFailed> {
        self.begin()?;
        let (mut known_end, mut moved_at) = (0, Instant::now());
        while self.next < end {
            match self.consumer.poll(LOOK) {
                Some(Ok(message)) if message.offset() >= end => return Ok(()),
                Some(Ok(message)) if message.offset() >= self.next => {
                    each(&message)?;
                    self.next = message.offset() + 1;
                    moved_at = Instant::now();
                }
                Some(Err(KafkaError::PartitionEOF(_))) if known_end >= end => return Ok(()),
                Some(Err(KafkaError::PartitionEOF(_))) => {
                    known_end = self.reach(end)?;
                    self.begin()?;
                }
                Some(Err(error)) if !passes(&error) => return Err(self.failed(&error)),
                Some(Ok(_) | Err(_)) | None => {}
            }
            if moved_at.elapsed() > PATIENCE {
                let what = format!("{} says nothing at offset {}", self.name(), self.next);
                return Err(LogFailed::Unavailable(what));
            }
        }
        Ok(())
    }

    fn begin(&self) -> Result<(), LogFailed> {
        let mut list = TopicPartitionList::with_capacity(1);
        let offset = Offset::Offset(self.next);
        list.add_partition_offset(self.topic, i32::from(self.partition), offset)
            .and_then(|()| self.consumer.assign(&list))
            .map_err(|error| self.failed(&error))
    }

    /// Waits a moment until the partition reaches `end`.
    fn reach(&self, end: i64) -> Result<i64, LogFailed> {
        let until = Instant::now() + END_PATIENCE;
        loop {
            let found = bounds(self.consumer, self.topic, self.partition)?;
            if found.end >= end {
                return Ok(found.end);
            }
            if Instant::now() > until {
                let what = format!("{} ends at {}, before {end}", self.name(), found.end);
                return Err(LogFailed::Unavailable(what));
            }
            std::thread::sleep(LOOK);
        }
    }

    fn failed(&self, error: &KafkaError) -> LogFailed {
        log_failed(&format!("{} at offset {}", self.name(), self.next), error)
    }

    fn name(&self) -> String {
        format!("`{}` partition {}", self.topic, self.partition)
    }
}
