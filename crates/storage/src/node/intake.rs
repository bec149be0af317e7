//! What waits to be written to the log.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use accolade_engine::intake::{Refused, Submission};

use super::lock;

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
