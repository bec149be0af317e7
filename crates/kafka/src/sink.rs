//! The output topics as a sink of the journal: a transaction for each group, with its place in it.

use std::fmt;
use std::time::Duration;

use accolade_projections::batch::{Batch, Held};
use accolade_projections::names::Names;
use accolade_projections::sink::{
    Failed, Here, Limits, Position, Positions, Refused, Sink, Step, Written,
};

use crate::outputs::{Lost, OutputRecords, PublishFailed, Publisher, Taken};

/// What people call the projection.
pub const NAME: &str = "kafka";

/// The time between two transactions.
const EVERY: Duration = Duration::from_millis(20);
/// Bytes of outputs in one transaction, after which the rest waits for the next.
const BYTES_MAX: usize = 8 << 20;
/// Whoever has partitions assigned anew begins soon.
const BACK_OFF_MAX: Duration = Duration::from_millis(200);

/// Why topics are not published anew.
pub const NOT_ANEW: &str = "what was published stays published: to publish it again would repeat every record to those \
                        who read the topics; who has lost what they read reads it there again, from the beginning";

/// What the topics are made of, and who has the partitions.
pub trait Outputs: Send + 'static {
    /// The node that had a partition before.
    fn former_owner(&self, partition: u16) -> Option<String>;

    /// The first batch whose outputs leave from this cluster; `None` where the partition is not here.
    fn first_batch(&self, partition: u16) -> Option<u64>;

    /// The outputs of all batches before `next_batch` have left.
    fn published(&self, partition: u16, next_batch: u64);

    /// Adds the outputs of a batch to `records`: all of them, or nothing.
    fn derive(
        &self,
        batch: &Batch<'_>,
        names: &mut Names,
        records: &mut OutputRecords,
    ) -> Result<(), Held>;
}

/// Who writes records with their place.
pub trait Publish: Send + 'static {
    /// See [`Publisher::begin`].
    fn begin(&mut self, taken: &[Taken<'_>]) -> Result<Vec<u64>, PublishFailed>;

    /// See [`Publisher::publish`].
    fn publish(
        &mut self,
        positions: &[(u16, u64)],
        records: &OutputRecords,
    ) -> Result<Vec<Lost>, PublishFailed>;
}

impl Publish for Publisher {
    fn begin(&mut self, taken: &[Taken<'_>]) -> Result<Vec<u64>, PublishFailed> {
        Self::begin(self, taken)
    }

    fn publish(
        &mut self,
        positions: &[(u16, u64)],
        records: &OutputRecords,
    ) -> Result<Vec<Lost>, PublishFailed> {
        Self::publish(self, positions, records)
    }
}

/// The output topics.
pub struct Topics<P, O> {
    publisher: P,
    outputs: O,
    records: OutputRecords,
}

impl<P, O> fmt::Debug for Topics<P, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Topics").finish_non_exhaustive()
    }
}

impl<P: Publish, O: Outputs> Topics<P, O> {
    /// Publishes `outputs` by `publisher`.
    pub fn new(publisher: P, outputs: O) -> Self {
        Self { publisher, outputs, records: OutputRecords::default() }
    }

    fn begin(&mut self, partitions: &[u16]) -> Result<Positions, PublishFailed> {
        let former: Vec<_> = partitions.iter().map(|at| self.outputs.former_owner(*at)).collect();
        let taken = partitions.iter().zip(&former).map(|(partition, former)| Taken {
            partition: *partition,
            start: self.outputs.first_batch(*partition).unwrap_or(1),
            former: former.as_deref(),
        });
        let taken: Vec<_> = taken.collect();
        let next = self.publisher.begin(&taken)?;
        let position = |next| Position { next, time: None };
        Ok(partitions.iter().copied().zip(next.into_iter().map(position)).collect())
    }
}

impl<P: Publish, O: Outputs> Sink for Topics<P, O> {
    const BEGINS_ANEW: bool = false;

    fn limits(&self) -> Limits {
        Limits {
            records_max: u32::MAX,
            bytes_max: BYTES_MAX,
            pause: EVERY,
            back_off_max: BACK_OFF_MAX,
        }
    }

    async fn positions(&mut self, here: &Here<'_>) -> Result<Positions, Failed> {
        self.records.truncate(0);
        if here.partitions.is_empty() {
            return Ok(Positions::new());
        }
        let positions = self.begin(here.partitions)?;
        for (partition, position) in &positions {
            self.outputs.published(*partition, position.next);
        }
        Ok(positions)
    }

    fn take(&mut self, batch: &Batch<'_>, names: &mut Names) -> Result<usize, Held> {
        self.outputs.derive(batch, names, &mut self.records)?;
        Ok(self.records.bytes())
    }

    async fn write(&mut self, steps: &[Step]) -> Result<Written, Failed> {
        let positions: Vec<_> = steps.iter().map(|step| (step.partition, step.next)).collect();
        let lost = self.publisher.publish(&positions, &self.records)?;
        for (partition, next) in positions {
            self.outputs.published(partition, next);
        }
        let records = (self.records.len() - lost.len()) as u64;
        self.records.truncate(0);
        Ok(Written::All { records, refused: lost.into_iter().map(Refused::from).collect() })
    }

    async fn rebuild(&mut self) -> Result<(), Failed> {
        Err(Failed::Refused(NOT_ANEW.into()))
    }
}

impl From<PublishFailed> for Failed {
    fn from(failed: PublishFailed) -> Self {
        Self::Away(failed.to_string())
    }
}

impl From<Lost> for Refused {
    fn from(Lost { topic, partition, batch, bytes, why }: Lost) -> Self {
        Self { partition, batch, what: format!("{bytes} bytes for {topic:?}"), why }
    }
}
