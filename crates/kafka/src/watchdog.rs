//! Begins reading anew where it has stopped: the consumer has nothing to tell, and yet its topic goes on.
//! And finds sources that do not go on where they were heard last, or have other partitions than they had.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use accolade_wire::order::SourceTopic;
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::topic_partition_list::TopicPartitionList;

use crate::clients::{self, ANSWER_PATIENCE, Reports};
use crate::config::KafkaConfig;
use crate::data::{Data, FOLLOWED, HeardUpTo};
use crate::ranges::{Ranges, lost};

/// How often it looks. What has not moved from one look to the next has stopped.
const EVERY: Duration = Duration::from_secs(10);
/// So many looks in a row begin anew what has stopped; then another consumer is taken.
const IN_VAIN_MAX: u8 = 3;
/// How soon it looks where reading has failed.
const SOON: Duration = Duration::from_secs(1);

/// A thread that looks, until it is dropped.
pub(crate) struct Watchdog {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Watchdog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchdog").finish_non_exhaustive()
    }
}

impl Watchdog {
    pub(crate) fn start(
        config: &KafkaConfig,
        data: Arc<Data>,
        ranges: Arc<Ranges>,
    ) -> Result<Self, KafkaError> {
        let mut look = Look::new(config, ranges)?;
        let (stop, stopped) = channel();
        let mut until_stopped = move |stopped: Receiver<()>| {
            let mut looked = Instant::now();
            while stopped.recv_timeout(SOON) == Err(RecvTimeoutError::Timeout) {
                let seen = if looked.elapsed() >= EVERY {
                    looked = Instant::now();
                    look.again(&data).and_then(|_| look.recounted()).map(|recounted| {
                        for (topic, found) in recounted {
                            tracing::error!(
                                topic,
                                found,
                                partitions = look.config.partitions,
                                "a topic has another number of partitions than the cluster was made with: \
                                 what is beyond is read by nobody, and no node will start over it"
                            );
                        }
                    })
                } else if data.is_suspect() {
                    look.for_lost(&data, &data.heard()).map(drop)
                } else {
                    Ok(())
                };
                if let Err(error) = seen {
                    tracing::debug!(%error, "the ends of the sources are not known");
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("kafka-watchdog".into())
            .spawn(move || until_stopped(stopped))
            .map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the watchdog of Kafka has panicked");
        }
    }
}

/// One look after the other.
pub(crate) struct Look {
    config: KafkaConfig,
    consumer: BaseConsumer<Reports>,
    ranges: Arc<Ranges>,
    before: Option<HeardUpTo>,
    /// The ends for which reading was begun anew: markers of transactions are never heard, so an end can
    /// be ahead for ever.
    begun_anew: BTreeMap<(u16, SourceTopic), i64>,
    /// Looks in a row that had to begin something anew.
    in_vain: u8,
}

impl Look {
    pub(crate) fn new(config: &KafkaConfig, ranges: Arc<Ranges>) -> Result<Self, KafkaError> {
        let consumer = clients::range(config).create_with_context(Reports)?;
        let begun_anew = BTreeMap::new();
        let (before, in_vain) = (None, 0);
        Ok(Self { config: config.clone(), consumer, ranges, before, begun_anew, in_vain })
    }

    /// Compares with the look before; returns what was begun anew.
    pub(crate) fn again(&mut self, data: &Data) -> Result<Vec<(u16, SourceTopic)>, KafkaError> {
        let now = data.heard();
        let bounds = self.for_lost(data, &now)?;
        let Some(before) = self.before.replace(now.clone()) else { return Ok(Vec::new()) };
        // Where hearing itself is slow, what was fetched waits for it, and nothing has stopped.
        if now.drained == before.drained {
            return Ok(Vec::new());
        }
        let (mut begun_anew, mut is_stopped) = (Vec::new(), false);
        for (heard, bounds) in now.next.into_iter().zip(bounds) {
            let (Some(Range { end, .. }), true) = (bounds, before.next.contains(&heard)) else {
                continue;
            };
            let (partition, source, next) = heard;
            let known =
                self.begun_anew.get(&(partition, source)).is_some_and(|known| *known >= end);
            if end > next && known {
                is_stopped |= self.pass(data, heard, end);
            } else if end > next {
                data.ask_again(partition, source, next);
                self.begun_anew.insert((partition, source), end);
                begun_anew.push((partition, source));
            }
        }
        is_stopped |= !begun_anew.is_empty();
        self.in_vain = if is_stopped { self.in_vain + 1 } else { 0 };
        if self.in_vain >= IN_VAIN_MAX {
            self.in_vain = 0;
            data.replace()?;
        }
        Ok(begun_anew)
    }

    /// Goes past what is left before the end, if nothing of it counts: retention may remove it one day. Says whether
    /// reading has stopped once more.
    fn pass(
        &self,
        data: &Data,
        (partition, source, next): (u16, SourceTopic, i64),
        end: i64,
    ) -> bool {
        let topic = self.config.topics.source(source);
        let mut is_empty = true;
        let mut each = |_: &BorrowedMessage<'_>| {
            is_empty = false;
            Ok(())
        };
        match self.ranges.read(topic, partition, next..end, &mut each) {
            Ok(()) if is_empty => {
                data.is_passed(partition, source, next, end);
                return false;
            }
            Ok(()) => {
                data.ask_again(partition, source, next);
                return true;
            }
            Err(error) => tracing::debug!(topic, partition, %error, "what is left cannot be read"),
        }
        false
    }

    /// Finds sources that do not go on where they were heard last; returns the offsets that are there.
    fn for_lost(
        &self,
        data: &Data,
        heard: &HeardUpTo,
    ) -> Result<Vec<Option<Range<i64>>>, KafkaError> {
        let starts = self.offsets(heard, Offset::Beginning)?;
        let ends = self.offsets(heard, Offset::End)?;
        let bounds: Vec<_> =
            starts.into_iter().zip(ends).map(|(start, end)| Some(start?..end?)).collect();
        for ((partition, source, next), bounds) in heard.next.iter().zip(&bounds) {
            let topic = self.config.topics.source(*source);
            let lost = bounds.as_ref().and_then(|has| lost(topic, *partition, *next, has));
            if let Some(what) = lost {
                data.is_lost(*partition, *source, *next, what);
            }
        }
        Ok(bounds)
    }

    /// Topics whose number of partitions is not the cluster's, with what it is.
    pub(crate) fn recounted(&self) -> Result<Vec<(String, usize)>, KafkaError> {
        let followed = FOLLOWED.map(|source| self.config.topics.source(source));
        let mut recounted = Vec::new();
        for name in followed.into_iter().chain([self.config.topics.order.as_str()]) {
            let metadata = self.consumer.fetch_metadata(Some(name), ANSWER_PATIENCE)?;
            let found = metadata.topics().iter().map(|topic| topic.partitions().len()).sum();
            if found != usize::from(self.config.partitions) {
                recounted.push((name.to_owned(), found));
            }
        }
        Ok(recounted)
    }

    /// Where each source begins, or ends but for open transactions; `None` where nobody tells.
    fn offsets(&self, of: &HeardUpTo, which: Offset) -> Result<Vec<Option<i64>>, KafkaError> {
        let mut list = TopicPartitionList::with_capacity(of.next.len());
        for (partition, source, _) in &of.next {
            let topic = self.config.topics.source(*source);
            list.add_partition_offset(topic, i32::from(*partition), which)?;
        }
        let list = self.consumer.offsets_for_times(list, ANSWER_PATIENCE)?;
        let offset = |(partition, source, _): &(u16, SourceTopic, i64)| {
            let topic = self.config.topics.source(*source);
            let found = list.find_partition(topic, i32::from(*partition))?;
            match (found.error(), found.offset()) {
                (Ok(()), Offset::Offset(offset)) => Some(offset),
                _ => None,
            }
        };
        Ok(of.next.iter().map(offset).collect())
    }
}

#[cfg(test)]
mod tests;
