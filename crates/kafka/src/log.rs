//! The ordered log on Kafka.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use accolade_engine::intake::Refused;
use accolade_engine::ordered::{
    Appended, EachOrdered, Event, LogFailed, OrderedLog, Owner, Reads, Submitted,
};
use accolade_wire::order::{Offsets, SourceTopic};
use accolade_wire::record::Record;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};

use crate::admin::Admin;
use crate::config::KafkaConfig;
use crate::data::Data;
use crate::error::OpenFailed;
use crate::intake::IntakeWriter;
use crate::membership::Membership;
use crate::order::OrderWriter;
use crate::outputs::Publisher;
use crate::ranges::{Ranges, lost};
use crate::records;
use crate::watchdog::Watchdog;

/// The sources, the order and the owners of a cluster, as one node has them.
///
/// Dropped without [`OrderedLog::resign`], its partitions stay this node's until its session has ended,
/// as after a crash.
#[derive(Debug)]
pub struct KafkaLog {
    // Dropped in this order: whoever uses the data first.
    _watchdog: Watchdog,
    membership: Membership,
    data: Arc<Data>,
    ranges: Arc<Ranges>,
    order: OrderWriter,
    intake: IntakeWriter,
    config: KafkaConfig,
}

impl KafkaLog {
    /// Joins the cluster. Refuses where topics are missing or cannot be what the order rests on.
    pub fn open(config: KafkaConfig) -> Result<Self, OpenFailed> {
        let found = Admin::new(&config)?.inspect_made()?;
        let problems = found.into_iter().flat_map(|topic| topic.problems);
        let (forbidding, others): (Vec<_>, Vec<_>) =
            problems.partition(|problem| problem.forbids_start);
        if !forbidding.is_empty() {
            return Err(OpenFailed::Topics(forbidding));
        }
        for problem in others {
            tracing::warn!(%problem, "a topic of Kafka is not as it should be");
        }
        Self::join(config).map_err(|error| OpenFailed::Config(error.to_string()))
    }

    fn join(config: KafkaConfig) -> Result<Self, KafkaError> {
        let data = Arc::new(Data::new(&config)?);
        let ranges = Arc::new(Ranges::new(&config)?);
        Ok(Self {
            _watchdog: Watchdog::start(&config, Arc::clone(&data), Arc::clone(&ranges))?,
            membership: Membership::join(&config)?,
            data,
            ranges,
            order: OrderWriter::new(&config)?,
            intake: IntakeWriter::new(&config)?,
            config,
        })
    }

    /// A publisher of this node's outputs; there is one at a time.
    pub fn publisher(&self) -> Result<Publisher, OpenFailed> {
        Publisher::new(&self.config, self.membership.told())
            .map_err(|error| OpenFailed::Config(error.to_string()))
    }
}

impl Reads for KafkaLog {
    fn order_range(&self, partition: u16) -> Result<Range<i64>, LogFailed> {
        self.ranges.bounds(&self.config.topics.order, partition)
    }

    fn read_order(
        &self,
        partition: u16,
        offsets: Range<i64>,
        each: EachOrdered<'_>,
    ) -> Result<(), LogFailed> {
        let mut each = |message: &BorrowedMessage<'_>| {
            each(message.offset(), message.payload().unwrap_or_default())
        };
        self.ranges.read(&self.config.topics.order, partition, offsets, &mut each)
    }

    fn source_starts(&self, partition: u16) -> Result<Offsets, LogFailed> {
        let mut starts = Offsets::default();
        for source in SourceTopic::ALL {
            let partition = if source == SourceTopic::Control { 0 } else { partition };
            let bounds = self.ranges.bounds(self.config.topics.source(source), partition)?;
            starts[source as usize] = bounds.start;
        }
        Ok(starts)
    }

    fn check_sources(&self, partition: u16, next: &Offsets) -> Result<(), LogFailed> {
        for source in SourceTopic::ALL {
            let partition = if source == SourceTopic::Control { 0 } else { partition };
            let topic = self.config.topics.source(source);
            let bounds = self.ranges.bounds(topic, partition)?;
            let next = next[source as usize];
            if let Some(what) = lost(topic, partition, next, &bounds) {
                return Err(LogFailed::Gone(what));
            }
        }
        Ok(())
    }

    fn read_source(
        &self,
        source: SourceTopic,
        partition: u16,
        offsets: Range<i64>,
        each: &mut dyn FnMut(i64, &Record<'_>) -> Result<(), LogFailed>,
    ) -> Result<(), LogFailed> {
        let operator = self.config.topics.operator(source);
        let mut each = |message: &BorrowedMessage<'_>| {
            each(message.offset(), &records::record(source, message, operator))
        };
        self.ranges.read(self.config.topics.source(source), partition, offsets, &mut each)
    }
}

impl OrderedLog for KafkaLog {
    fn partitions(&self) -> u16 {
        self.config.partitions
    }

    fn submit(
        &self,
        source: SourceTopic,
        partition: u16,
        record: &Record<'_>,
        trace: Option<&str>,
        done: Submitted,
    ) -> Result<(), Refused> {
        self.intake.submit(source, partition, record, trace, done)
    }

    fn append(&self, partition: u16, record: &[u8], done: Appended) {
        self.order.append(partition, record, done);
    }

    fn control_end(&self) -> Result<i64, LogFailed> {
        self.ranges.bounds(&self.config.topics.control, 0).map(|bounds| bounds.end)
    }

    fn follow(&self, partition: u16, from: Offsets) -> Result<(), LogFailed> {
        self.data.follow(partition, from)
    }

    fn leave(&self, partition: u16) {
        self.data.leave(partition);
    }

    fn hear(&self, patience: Duration, hear: &mut dyn FnMut(Event<'_>)) -> Result<(), LogFailed> {
        if let Some(partitions) = self.membership.serve()? {
            hear(Event::Assigned(&partitions));
        }
        self.data.hear(patience, hear)
    }

    fn announce(&self, owner: &Owner) {
        self.intake.announce(owner);
    }

    fn resign(&self) {
        self.membership.leave();
    }
}
