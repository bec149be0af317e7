//! Begins reading anew where it has stopped: the consumer has nothing to tell, and yet its topic goes on.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use accolade_wire::order::SourceTopic;
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::TopicPartitionList;

use crate::clients::{self, ANSWER_PATIENCE, Reports};
use crate::config::KafkaConfig;
use crate::data::{Data, HeardUpTo};

/// How often it looks. What has not moved from one look to the next has stopped.
const EVERY: Duration = Duration::from_secs(10);

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
    pub(crate) fn start(config: &KafkaConfig, data: Arc<Data>) -> Result<Self, KafkaError> {
        let mut look = Look::new(config)?;
        let (stop, stopped) = channel();
        let mut until_stopped = move |stopped: Receiver<()>| {
            while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                if let Err(error) = look.again(&data) {
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
    before: Option<HeardUpTo>,
    /// The ends for which reading was begun anew: markers of transactions are never heard, so an end can
    /// be ahead for ever.
    begun_anew: BTreeMap<(u16, SourceTopic), i64>,
}

impl Look {
    pub(crate) fn new(config: &KafkaConfig) -> Result<Self, KafkaError> {
        let consumer = clients::range(config).create_with_context(Reports)?;
        let begun_anew = BTreeMap::new();
        Ok(Self { config: config.clone(), consumer, before: None, begun_anew })
    }

    /// Compares with the look before; returns what was begun anew.
    pub(crate) fn again(&mut self, data: &Data) -> Result<Vec<(u16, SourceTopic)>, KafkaError> {
        let now = data.heard();
        let Some(before) = self.before.replace(now.clone()) else { return Ok(Vec::new()) };
        // Where hearing itself is slow, what was fetched waits for it, and nothing has stopped.
        if now.drained == before.drained {
            return Ok(Vec::new());
        }
        let unmoved: Vec<_> =
            now.next.into_iter().filter(|next| before.next.contains(next)).collect();
        let ends = self.ends(&unmoved)?;
        let mut begun_anew = Vec::new();
        for ((partition, source, next), end) in unmoved.into_iter().zip(ends) {
            let known =
                self.begun_anew.get(&(partition, source)).is_some_and(|known| *known >= end);
            if end > next && !known {
                data.ask_again(partition, source, next);
                self.begun_anew.insert((partition, source), end);
                begun_anew.push((partition, source));
            }
        }
        Ok(begun_anew)
    }

    /// Where each source ends, but for open transactions.
    fn ends(&self, of: &[(u16, SourceTopic, i64)]) -> Result<Vec<i64>, KafkaError> {
        if of.is_empty() {
            return Ok(Vec::new());
        }
        let mut list = TopicPartitionList::with_capacity(of.len());
        for (partition, source, _) in of {
            let topic = self.config.topics.source(*source);
            list.add_partition_offset(topic, i32::from(*partition), Offset::End)?;
        }
        let list = self.consumer.offsets_for_times(list, ANSWER_PATIENCE)?;
        Ok(of
            .iter()
            .map(|(partition, source, next)| {
                let topic = self.config.topics.source(*source);
                let found = list.find_partition(topic, i32::from(*partition));
                match found.map(|element| element.offset()) {
                    Some(Offset::Offset(end)) => end,
                    _ => *next,
                }
            })
            .collect())
    }
}

#[cfg(test)]
mod tests;
