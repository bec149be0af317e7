//! What a data directory needs done beside its fold, in either form: closing, allocating ahead,
//! merging, compressing and removing.

use std::io::ErrorKind;
use std::sync::Arc;

use accolade_domain::time::{DAY_MICROS, Timestamp};
use accolade_engine::disk::{Disk, DiskFile};

use crate::backing::Backing;
use crate::error::{Result, StorageError};
use crate::segment::{Family, create};
use crate::slices::{ClosedSegment, Slices};
use crate::{lookup, pages};

/// A dead letter is listed for 30 days; its bytes stay a little longer than any list.
const DEAD_LETTER_DAYS: i64 = 32;

/// Creates a segment ahead; nothing where its writer was faster or the disk is full.
pub(crate) fn allocate(
    disk: &dyn Disk,
    family: Family,
    (sequence, bytes): (u64, u64),
) -> Result<Option<Arc<dyn DiskFile>>> {
    match create(disk, family, sequence, bytes) {
        Ok(file) => Ok(Some(file)),
        Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::StorageFull) => {
            Ok(None)
        }
        Err(source) => Err(StorageError::io(family.path(sequence), source)),
    }
}

/// Allocates the journal's next segment, where it has none; says whether it did.
pub(crate) fn allocate_journal(disk: &dyn Disk, backing: &Backing) -> Result<bool> {
    let Some(wanted) = backing.journal_spare_wanted() else { return Ok(false) };
    let Some(file) = allocate(disk, Family::Journal, wanted)? else { return Ok(false) };
    backing.give_journal_spare(wanted.0, file);
    Ok(true)
}

/// Closes the segments that journal and dead letters have left; says whether there were any.
pub(crate) fn close_left(backing: &Backing) -> Result<bool> {
    let left = backing.take_left();
    left.iter().try_for_each(|left| left.close().map(drop))?;
    Ok(!left.is_empty())
}

/// Does a piece of what keeps the lookup small and cheap, or merges runs of paged rows; says whether there was
/// anything to do.
pub(crate) fn merge(backing: &Backing, now: Timestamp) -> Result<bool> {
    backing.lookup.set_now_hour(now.hour());
    if backing.lookup.tidy().map_err(lookup::failed)? {
        return Ok(true);
    }
    backing.pages.merge().map_err(pages::failed)
}

/// What of a log is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    /// Frames from this time on, in microseconds.
    pub(crate) since: i64,
    /// So many bytes, however young they are; 0 for no such limit.
    pub(crate) bytes_max: u64,
    /// Segments from this one on, however old or large they are.
    pub(crate) from: u64,
}

/// Removes the oldest segment of the log where it is not kept; says whether it did.
pub(crate) fn retain_log(log: &Slices, kept: Kept) -> Result<bool> {
    let closed = log.closed();
    let Some(oldest) = closed.first().filter(|oldest| oldest.sequence < kept.from) else {
        return Ok(false);
    };
    let bytes: u64 = closed.iter().map(|segment| segment.bytes).sum();
    let is_too_large = kept.bytes_max > 0 && bytes > kept.bytes_max;
    if is_too_large || oldest.newest.micros() < kept.since {
        log.remove(oldest.sequence)?;
        return Ok(true);
    }
    Ok(false)
}

/// Removes the bytes of dead letters that the lists have forgotten; says whether it did. The segment in
/// which the last checkpoint ends stays: opening goes on from there.
pub(crate) fn retain_dead_letters(backing: &Backing, now: Timestamp) -> Result<bool> {
    let forgotten = now.micros() - DEAD_LETTER_DAYS * DAY_MICROS;
    let closed = backing.dead_letters.closed();
    let is_gone = |oldest: &&ClosedSegment| {
        oldest.newest.micros() < forgotten && oldest.sequence < backing.dead_letters_covered()
    };
    let Some(oldest) = closed.first().filter(is_gone) else { return Ok(false) };
    backing.dead_letters.remove(oldest.sequence)?;
    Ok(true)
}
