//! The port through which records come in.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use accolade_domain::amount::Points;
use accolade_domain::outcome::Outcome;

use crate::input::Known;

/// Makes records durable, in order, and tells what became of them.
pub trait Intake: fmt::Debug + Send + Sync {
    /// Queues records. `Ok` promises nothing but that the caller will hear: [`Caller::durable`] once
    /// all of them survive a crash, or [`Caller::refused`]; whoever hears neither knows nothing.
    ///
    /// Refused at once where nothing can be taken in: then nothing of it is kept, whatever the reason but
    /// [`Refused::Uncertain`].
    fn submit(&self, submission: Submission) -> Result<(), Refused>;

    /// How many partitions there are.
    fn partitions(&self) -> u16;
}

/// Records that are made durable together.
#[derive(Debug)]
pub struct Submission {
    /// The records, one after the other, as [`accolade_wire::record::Record::write`] writes them.
    pub records: Vec<u8>,
    /// The partition of each record, `None` for a control record, and its bytes.
    pub parts: Vec<(Option<u16>, u32)>,
    /// What is known of each record, in their order; those beyond its end are read when they are folded.
    pub known: Vec<Option<Known>>,
    /// Hears what becomes of them.
    pub caller: Arc<dyn Caller>,
    /// Whether the caller wants to hear of outcomes.
    pub wants_outcomes: bool,
    /// When it was taken in, for the latency histogram.
    pub taken_at: Instant,
    /// The trace that it belongs to, as the header `traceparent` of W3C Trace Context has it; logs that
    /// have headers carry it on.
    pub trace: Option<String>,
}

/// What has made records durable: one write of a log for those of many submissions, or the acknowledgement of one.
#[derive(Debug)]
pub struct Commit {
    /// When it began.
    pub began: Instant,
    /// When all was durable.
    pub ended: Instant,
    /// How many records became durable with it.
    pub records: usize,
    /// By which traces name it, once one does: an id of a trace and of a span.
    pub ids: OnceLock<[u8; 24]>,
}

/// Hears what becomes of a submission. Calls come from the node's threads and must not block.
pub trait Caller: fmt::Debug + Send + Sync {
    /// What made some of the records durable; heard before [`Caller::durable`], where the submission has a trace.
    fn committed(&self, _: &Arc<Commit>) {}
    /// All records are durable; heard once, before any outcome.
    fn durable(&self);
    /// Nothing of it is kept, now or later; but for [`Refused::Uncertain`]: then nobody knows.
    fn refused(&self, why: Refused);
    /// The record at `index` was folded.
    fn applied(&self, index: usize, outcome: &Outcome, balance: Option<Points>);
    /// Nobody is going to say what becomes of the record at `index`, which may well be folded: its partition has gone to
    /// another node, or it was waited for long enough.
    fn unheard(&self, _index: usize) {}
}

/// Why nothing is taken in; of what was refused nothing is ever kept, but for what is uncertain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// More waits than fits; later it will be less.
    Busy,
    /// Nobody knows whether all, some or nothing of it was kept, or will be: the same bytes can be sent
    /// again, their ids tell the repeat.
    Uncertain,
    /// The disk has too little room.
    DiskFull,
    /// The node is stopping, or has failed.
    Stopping,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "the node is busy",
            Self::Uncertain => "whether it was kept is not known",
            Self::DiskFull => "the disk is full",
            Self::Stopping => "the node is stopping",
        })
    }
}

impl std::error::Error for Refused {}
