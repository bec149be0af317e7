//! What a home's files need done beside its fold.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use accolade_domain::time::Timestamp;
use accolade_engine::disk::Disk;

use super::log_copy::LogCopy;
use crate::backing::Backing;
use crate::error::Result;
use crate::segment::Family;
use crate::slices::ClosedSegment;
use crate::tidying::{self, Kept};

/// Keeps the files of one home in order.
#[derive(Debug)]
pub struct HomeTidier {
    disk: Arc<dyn Disk>,
    backing: Arc<Backing>,
    log: Arc<LogCopy>,
    log_bytes_max: u64,
    kept_from: AtomicU64,
}

impl HomeTidier {
    pub(super) const fn new(
        disk: Arc<dyn Disk>,
        backing: Arc<Backing>,
        log: Arc<LogCopy>,
        log_bytes_max: u64,
    ) -> Self {
        Self { disk, backing, log, log_bytes_max, kept_from: AtomicU64::new(u64::MAX) }
    }

    /// Closes segments that were left, allocates the next ones, and does one piece of what takes longer:
    /// removes what is not kept, merges lookups or compresses a segment. Says whether there was
    /// anything to do. A failure is final; one of the log's copy is only reported.
    pub fn tidy(&self, now: Timestamp) -> Result<bool> {
        let closed = self.log.close_left() | tidying::close_left(&self.backing)?;
        let allocated =
            or_report(self.allocate_log()) | tidying::allocate_journal(&*self.disk, &self.backing)?;
        let done = or_report(self.retain_log())
            || tidying::retain_dead_letters(&self.backing, now)?
            || tidying::merge(&self.backing, now)?
            || self.pack()?;
        Ok(closed || allocated || done)
    }

    fn allocate_log(&self) -> Result<bool> {
        let Some(wanted) = self.log.spare_wanted() else { return Ok(false) };
        let Some(file) = tidying::allocate(&*self.disk, Family::Log, wanted)? else {
            return Ok(false);
        };
        self.log.give_spare(wanted.0, file);
        Ok(true)
    }

    /// Records of batches from this one on are kept, however many they are: somebody has yet to read them.
    pub fn keep_from(&self, batch: u64) {
        self.kept_from.store(batch, Ordering::Relaxed);
    }

    fn retain_log(&self) -> Result<bool> {
        let kept_from = self.kept_from.load(Ordering::Relaxed);
        let is_kept = |segment: &ClosedSegment| segment.last_batch >= kept_from;
        let kept = self.backing.log.closed().into_iter().find(is_kept);
        let from = kept.map_or(u64::MAX, |kept| kept.sequence).min(self.backing.log_cut_from());
        let bytes_max = self.log_bytes_max;
        tidying::retain_log(&self.backing.log, Kept { since: i64::MIN, bytes_max, from })
    }

    fn pack(&self) -> Result<bool> {
        let Some((slices, sequence)) = self.backing.next_to_pack()? else { return Ok(false) };
        match slices.pack(sequence) {
            Err(error) if Arc::ptr_eq(slices, &self.backing.log) => {
                tracing::warn!(%error, sequence, "the log's copy loses a segment");
                slices.remove(sequence)?;
            }
            packed => packed?,
        }
        Ok(true)
    }
}

fn or_report(done: Result<bool>) -> bool {
    done.unwrap_or_else(|error| {
        tracing::warn!(%error, "the log's copy is not in order");
        false
    })
}
