//! The port: somewhere to write to, which keeps its own place.

use std::collections::BTreeMap;
use std::time::Duration;

use accolade_domain::time::Timestamp;

use crate::batch::{Batch, Held};
use crate::names::Names;

/// Where the journal is written to, in some form.
///
/// The loop calls `positions` first, then `take` for batch after batch, and `write` for all that were taken
/// since; one at a time, from one thread that is this sink's alone, so it may block. `positions` is called again
/// after every failure, after [`Written::Moved`], and whenever partitions have come or gone. What was taken
/// and not written is forgotten then: it is taken again.
///
/// A future may be dropped where it waits, which ends the projection; whatever was begun must count as not
/// written, or as written whole.
pub trait Sink: Send + 'static {
    /// Others may have it begin anew while it runs, so places are asked for while a partition stands.
    const BEGINS_ANEW: bool;

    /// How much at once, and how often.
    fn limits(&self) -> Limits;

    /// Where each of the partitions of `here` goes on, and maybe of others; connects where it must.
    ///
    /// Partitions that were never written begin with their first batch.
    fn positions(&mut self, here: &Here<'_>) -> impl Future<Output = Result<Positions, Failed>>;

    /// Makes the next batch of a partition ready to be written: all of it, or nothing. Returns the bytes of
    /// all that is ready, by which the loop bounds them.
    fn take(&mut self, batch: &Batch<'_>, names: &mut Names) -> Result<usize, Held>;

    /// Writes all that was taken, and with it, as one, how far `steps` come. They are in the order of their
    /// partitions, each at most once.
    fn write(&mut self, steps: &[Step]) -> impl Future<Output = Result<Written, Failed>>;

    /// Tells whoever looks at the sink from outside how far partitions are behind, and why.
    fn report(&mut self, _behind: &[Behind]) -> impl Future<Output = Result<(), Failed>> {
        async { Ok(()) }
    }

    /// Empties what was written, and has every partition begin anew. [`Failed::Refused`] says why this sink
    /// cannot.
    fn rebuild(&mut self) -> impl Future<Output = Result<(), Failed>>;
}

/// How much a sink takes at once, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Records of the journal in one write; the rest of a batch goes with it.
    pub records_max: u32,
    /// Bytes that are ready, after which no further batch is taken.
    pub bytes_max: usize,
    /// The least time between two writes that were not full.
    pub pause: Duration,
    /// The longest wait between two tries after failures, which begins with a tenth of a second.
    pub back_off_max: Duration,
}

/// Whose journal it is, and which partitions of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Here<'a> {
    /// The cluster's id.
    pub cluster: &'a str,
    /// The partitions that are here, in order.
    pub partitions: &'a [u16],
}

/// How far a sink is, by partition.
pub type Positions = BTreeMap<u16, Position>;

/// How far a sink is in one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The next batch.
    pub next: u64,
    /// The time of the batch before it, by which the loop sees that it came from this journal; `None` where
    /// the sink does not keep it, or there was none.
    pub time: Option<Timestamp>,
}

/// How far one partition is taken by a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The partition.
    pub partition: u16,
    /// The first batch.
    pub from: u64,
    /// The batch after the last one.
    pub next: u64,
    /// The batch after the last one that was folded.
    pub journal_end: u64,
    /// The time of the last batch.
    pub time: Timestamp,
}

/// A partition that is folded further than it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// The partition.
    pub partition: u16,
    /// The next batch.
    pub next: u64,
    /// The batch after the last one that was folded.
    pub end: u64,
    /// What keeps it from going on, if anything does.
    pub trouble: Option<String>,
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// All is written, and will never be again.
    All {
        /// Records of the sink: rows, messages, lines.
        records: u64,
        /// Those that it refuses for good, and that were left out.
        refused: Vec<Refused>,
    },
    /// Nothing is: another node has taken a partition further, or somebody has it begin anew.
    Moved,
}

/// A record that a sink refuses for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The partition of the journal.
    pub partition: u16,
    /// The batch that it was derived from.
    pub batch: u64,
    /// What it is.
    pub what: String,
    /// What was said about it.
    pub why: String,
}

/// Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// The sink cannot be reached, or is not able to write at the moment.
    #[error("{0}")]
    Away(String),
    /// The sink answers, and refuses what it was given. Partitions are then written each by itself, until it
    /// is known which of them stands.
    #[error("{0}")]
    Refused(String),
}
