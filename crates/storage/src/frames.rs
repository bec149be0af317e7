//! Families whose frames are read in order and nothing else: state, links and recent ids.

use std::sync::Arc;

use accolade_engine::disk::{Disk, DiskFile};

use crate::error::{Result, StorageError};
use crate::segment::{End, Family, FrameHead, Position, read_segment_head, scan};

/// Sequence numbers of a family's segments, in order.
pub fn list(disk: &dyn Disk, family: Family) -> Result<Vec<u64>> {
    let folder = family.folder();
    let names = disk.list(folder).map_err(|source| StorageError::io(folder, source))?;
    Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
}

/// Removes a segment.
pub fn remove(disk: &dyn Disk, family: Family, sequence: u64) -> Result<()> {
    let path = family.path(sequence);
    disk.remove(&path).map_err(|source| StorageError::io(path, source))
}

/// A frame as [`read`] gives it: the segment's file, what the frame says about itself, where its
/// payload begins, and the payload.
pub type Each<'a> = &'a mut dyn FnMut(&Arc<dyn DiskFile>, &FrameHead, u64, &[u8]) -> Result<()>;

/// Reads every frame of the segments from `first` on, in order, and returns where they end.
///
/// With `until`, that is where they end: what lies beyond was not covered by the checkpoint and is
/// removed, and anything missing before is damage. Without, they end at the last whole frame, unless a
/// later one says that more was durable.
pub fn read(
    disk: &dyn Disk,
    family: Family,
    first: u64,
    until: Option<Position>,
    each: Each<'_>,
) -> Result<Option<Position>> {
    let mut end: Option<Position> = None;
    let mut cut_short = false;
    for sequence in list(disk, family)? {
        let path = family.path(sequence);
        let io = |source| StorageError::io(&path, source);
        let is_beyond = cut_short || until.is_some_and(|until| sequence > until.sequence);
        if sequence < first || is_beyond {
            remove(disk, family, sequence)?;
            continue;
        }
        let file = disk.open(&path).map_err(io)?;
        let Some(head) = read_segment_head(&*file, family, &path)? else {
            remove(disk, family, sequence)?;
            continue;
        };
        let follows =
            |end: &Position| end.next_frame == head.next_frame && end.checksum == head.checksum;
        if end.as_ref().is_some_and(|end| !follows(end)) {
            remove(disk, family, sequence)?;
            cut_short = true;
            continue;
        }
        let len = match until {
            Some(until) if until.sequence == sequence => until.offset,
            _ => file.len().map_err(io)?,
        };
        let mut read = |buffer: &mut [u8], offset| file.read_at(buffer, offset);
        let mut give = |head: &FrameHead, _: &Position, at: u64, payload: &[u8]| {
            each(&file, head, at, payload)
        };
        let (position, ending) = scan(&mut read, len, head, &mut give, &path)?;
        if let End::Broken { what, synced } = ending {
            if synced >= position.next_frame {
                return Err(StorageError::damaged(&path, position.offset, what));
            }
            cut_short = true;
        }
        file.set_len(position.offset).map_err(io)?;
        end = Some(position);
    }
    match (end, until) {
        (Some(end), Some(until)) if end == until => Ok(Some(end)),
        (end, Some(until)) => {
            let at = end.map_or(0, |end| end.offset);
            let what = format!("it ends before frame {}, which was durable", until.next_frame - 1);
            Err(StorageError::damaged(family.path(until.sequence), at, what))
        }
        (end, None) => Ok(end),
    }
}
