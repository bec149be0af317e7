//! What a node's files need done beside the fold.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use accolade_domain::time::DAY_MICROS;

use super::Ground;
use crate::error::Result;
use crate::tidying::{self, Kept};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chore {
    /// The oldest segment of the log was removed.
    LogRemoved,
    /// So was that of the dead letters.
    DeadLettersRemoved,
    /// Runs of ids were merged.
    Merged,
    /// A segment was compressed.
    Packed,
}

/// Keeps the node's files in order.
#[derive(Debug)]
pub struct Tidying {
    ground: Arc<Ground>,
    log_days: u32,
    log_bytes_max: u64,
}

impl Tidying {
    /// The log is kept for so many days, and up to so many bytes, if there is such a limit: 0 for none. Never
    /// less is kept than the last checkpoint, or the one before, needs.
    pub fn new(ground: &Arc<Ground>, log_days: u32, log_bytes_max: u64) -> Self {
        Self { ground: Arc::clone(ground), log_days, log_bytes_max }
    }

    /// Does the next piece of what takes longer; nothing where there is none.
    pub fn step(&self) -> Result<Option<Chore>> {
        let Self { ground, log_days, log_bytes_max } = self;
        let (now, backing) = (ground.log_time(), &ground.backing);
        let kept = Kept {
            since: now.micros() - i64::from(*log_days) * DAY_MICROS,
            bytes_max: *log_bytes_max,
            from: ground.log_needed_from.load(Ordering::Relaxed),
        };
        if tidying::retain_log(&backing.log, kept)? {
            return Ok(Some(Chore::LogRemoved));
        }
        if tidying::retain_dead_letters(backing, now)? {
            return Ok(Some(Chore::DeadLettersRemoved));
        }
        if tidying::merge(backing, now)? {
            return Ok(Some(Chore::Merged));
        }
        let Some((slices, sequence)) = backing.next_to_pack()? else { return Ok(None) };
        slices.pack(sequence)?;
        Ok(Some(Chore::Packed))
    }
}
