//! The port to the ordered log of the cluster form: sources that make records durable, and the order
//! that fixes batches of them, partition by partition.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use accolade_domain::time::Timestamp;
use accolade_wire::order::{Offsets, SourceTopic};
use accolade_wire::record::Record;

use crate::intake::Refused;

/// What a partition is made again from: its order, and the sources that the order names.
pub trait Reads {
    /// The offsets that the order of a partition has: the first, and the one after the last.
    fn order_range(&self, partition: u16) -> Result<Range<i64>, LogFailed>;

    /// Reads records of the order, `each` with its offset. All of `offsets` must be there.
    fn read_order(
        &self,
        partition: u16,
        offsets: Range<i64>,
        each: EachOrdered<'_>,
    ) -> Result<(), LogFailed>;

    /// Where each source begins.
    fn source_starts(&self, partition: u16) -> Result<Offsets, LogFailed>;

    /// Fails with [`LogFailed::Gone`] where a source does not go on at its offset of `next`: what comes there
    /// was removed before anybody read it, or the source is another one of the same name.
    fn check_sources(&self, partition: u16, next: &Offsets) -> Result<(), LogFailed>;

    /// Reads the records of a source that lie within `offsets`, `each` with its offset; the same ones
    /// whenever it is asked. Wagers and game events, which others write too, have no origin and are never
    /// released, whatever they say. Fails where some of `offsets` are not there any more.
    fn read_source(
        &self,
        source: SourceTopic,
        partition: u16,
        offsets: Range<i64>,
        each: &mut dyn FnMut(i64, &Record<'_>) -> Result<(), LogFailed>,
    ) -> Result<(), LogFailed>;
}

/// Sources, order and owners of all partitions.
pub trait OrderedLog: Reads + fmt::Debug + Send + Sync {
    /// How many partitions there are.
    fn partitions(&self) -> u16;

    /// Makes a record durable in a source; control records have partition 0. `done` hears the offset
    /// once it survives the loss of a broker, from a thread that must not be blocked. A log with headers
    /// carries `trace` on, as `traceparent` of W3C Trace Context.
    ///
    /// Refused at once where too much waits; then `done` is never called, and nothing is kept. Where the
    /// acknowledgement fails to come, `done` hears [`Refused::Uncertain`] and nothing more assuring.
    fn submit(
        &self,
        source: SourceTopic,
        partition: u16,
        record: &Record<'_>,
        trace: Option<&str>,
        done: Submitted,
    ) -> Result<(), Refused>;

    /// Appends to the order of a partition; `done` hears where, from a thread that must not be blocked.
    fn append(&self, partition: u16, record: &[u8], done: Appended);

    /// The offset after the last control record: a node that has heard all below it has heard every one
    /// that was there when this was asked.
    fn control_end(&self) -> Result<i64, LogFailed>;

    /// From now on [`Event::Record`] is heard of the partition's commands, wagers and game events, each
    /// source from its offset on, until [`OrderedLog::leave`].
    fn follow(&self, partition: u16, from: Offsets) -> Result<(), LogFailed>;

    /// No more of the partition's records.
    fn leave(&self, partition: u16);

    /// Waits at most `patience`, then lets `hear` hear what has come since the last call, some of it.
    /// One thread calls this, again and again; where it stops, membership lapses.
    fn hear(&self, patience: Duration, hear: &mut dyn FnMut(Event<'_>)) -> Result<(), LogFailed>;

    /// Tells all nodes who owns a partition.
    fn announce(&self, owner: &Owner);

    /// Gives all partitions back at once, so that others may take them. Nothing is assigned after it.
    fn resign(&self);
}

/// Hears records of the order, each with its offset.
pub type EachOrdered<'a> = &'a mut dyn FnMut(i64, &[u8]) -> Result<(), LogFailed>;

/// Hears the offset of a submitted record.
pub type Submitted = Box<dyn FnOnce(Result<i64, Refused>) + Send>;

/// Hears where a record of the order was appended.
pub type Appended = Box<dyn FnOnce(Result<Place, AppendFailed>) + Send>;

/// Where a record of the order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its offset.
    pub offset: i64,
    /// The broker's time when it was appended, where the log tells.
    pub time: Option<Timestamp>,
}

/// Nobody knows whether the record stands, or ever will.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendFailed(
    /// What happened.
    pub String,
);

/// What is heard from the log.
#[derive(Debug)]
pub enum Event<'a> {
    /// This node should own these partitions, and no others.
    Assigned(&'a [u16]),
    /// A record of a partition that is followed.
    Record {
        /// The partition; that of its source.
        partition: u16,
        /// The source.
        source: SourceTopic,
        /// The offset that was to come next: what lies between does not count.
        expected: i64,
        /// Its offset there.
        offset: i64,
        /// The record itself.
        record: Record<'a>,
    },
    /// A control record, from the first on; each node hears all of them.
    Control {
        /// Its offset.
        offset: i64,
        /// The record itself.
        record: Record<'a>,
    },
    /// Somebody owns a partition.
    Owner(Owner),
    /// No record of a source is left before an offset: what is there does not count.
    Passed {
        /// The partition; that of its source.
        partition: u16,
        /// The source.
        source: SourceTopic,
        /// The offset that was to come next.
        from: i64,
        /// The offset that comes next now.
        to: i64,
    },
    /// A source does not go on where it was heard last; nothing more of it is heard.
    Lost {
        /// The partition; that of its source.
        partition: u16,
        /// The source.
        source: SourceTopic,
        /// What it has instead.
        what: String,
    },
}

/// Who owns a partition, as the owner has announced it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The partition.
    pub partition: u16,
    /// The owner's epoch; a higher one supersedes.
    pub epoch: u64,
    /// The node's name.
    pub node: String,
    /// Where it answers requests of other nodes, such as `http://10.0.0.5:8080`.
    pub address: String,
    /// Its latest shipped checkpoint; empty for none.
    pub checkpoint: String,
}

/// The log failed, or does not have what it should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogFailed {
    /// Brokers cannot be reached, or answer with an error that may pass.
    Unavailable(String),
    /// What was asked for is not there: removed by retention, or another topic of the same name.
    Gone(String),
    /// What is there is not what it should be.
    Damaged(String),
}

impl fmt::Display for LogFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(what) => write!(f, "the log cannot be reached: {what}"),
            Self::Gone(what) => write!(f, "the log does not have it any more: {what}"),
            Self::Damaged(what) => write!(f, "the log is damaged: {what}"),
        }
    }
}

impl std::error::Error for LogFailed {}
