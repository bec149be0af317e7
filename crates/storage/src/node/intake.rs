//! What waits to be written to the log.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;

use super::lock;

/// Records that are made durable together or not at all.
#[derive(Debug)]
pub struct Submission {
    /// The records, one after the other, as [`accolade_wire::record::Record::write`] writes them.
    pub records: Vec<u8>,
    /// The partition of each record, `None` for a control record, and its bytes.
    pub parts: Vec<(Option<u16>, u32)>,
    /// Hears what becomes of them.
    pub caller: Arc<dyn Caller>,
    /// Whether the caller wants to hear of outcomes.
    pub wants_outcomes: bool,
    /// When it was taken in, for the latency histogram.
    pub taken_at: Instant,
}

/// Hears what becomes of a submission. Calls come from the node's threads and must not block.
pub trait Caller: fmt::Debug + Send + Sync {
    /// All records are durable, at these places.
    fn durable(&self, places: &[Place]);
    /// Nothing of it was kept, or nothing is known: the node ended.
    fn refused(&self, why: Refused);
    /// The record at `index` was folded.
    fn applied(&self, index: usize, outcome: &Outcome, balance: Option<Points>);
}

/// Why nothing is taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// More waits than fits; later it will be less.
    #[error("the node is busy")]
    Busy,
    /// The disk has too little room.
    #[error("the disk is full")]
    DiskFull,
    /// The node is stopping, or has failed.
    #[error("the node is stopping")]
    Stopping,
}

#[derive(Debug, Default)]
struct Waiting {
    submissions: VecDeque<Submission>,
    bytes: usize,
    is_closed: bool,
}

/// The queue in front of the log.
#[derive(Debug, Default)]
pub(super) struct IntakeQueue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

impl IntakeQueue {
    pub(super) fn push(&self, submission: Submission, bytes_max: usize) -> Result<(), Refused> {
        let mut waiting = lock(&self.waiting);
        if waiting.is_closed {
            return Err(Refused::Stopping);
        }
        if waiting.bytes > bytes_max {
            return Err(Refused::Busy);
        }
        waiting.bytes += submission.records.len();
        waiting.submissions.push_back(submission);
        self.arrived.notify_one();
        Ok(())
    }

    /// Waits at most `patience` for something to arrive, then takes up to `bytes_max` of it into
    /// `taken`; says whether the queue is closed and empty.
    pub(super) fn take(
        &self,
        patience: Duration,
        bytes_max: usize,
        taken: &mut Vec<Submission>,
    ) -> bool {
        let mut waiting = lock(&self.waiting);
        if waiting.submissions.is_empty() && !waiting.is_closed {
            let waited = self.arrived.wait_timeout(waiting, patience);
            waiting = waited.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
        let mut bytes = 0;
        while bytes < bytes_max
            && let Some(submission) = waiting.submissions.pop_front()
        {
            bytes += submission.records.len();
            taken.push(submission);
        }
        waiting.bytes -= bytes;
        waiting.is_closed && waiting.submissions.is_empty() && taken.is_empty()
    }

    pub(super) fn close(&self) {
        lock(&self.waiting).is_closed = true;
        self.arrived.notify_all();
    }
}
