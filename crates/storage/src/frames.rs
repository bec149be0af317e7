//! Families whose frames are read in order and nothing else: state, links and recent ids.

use std::sync::Arc;

use accolade_engine::disk::{Disk, DiskFile};

use crate::error::{Result, StorageError};
use crate::segment::{
    Cut, End, Family, FrameHead, Position, Tail, highest_synced, read_segment_head, scan,
};

/// Sequence numbers of a family's segments, in order.
pub fn list(disk: &dyn Disk, family: Family) -> Result<Vec<u64>> {
    let folder = family.folder();
    let names = disk.list(folder).map_err(|source| StorageError::io(folder, source))?;
    Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
}

/// Removes a segment. Segments are removed one after the other, each for ever before the next, so that
/// a crash never leaves a gap.
pub fn remove(disk: &dyn Disk, family: Family, sequence: u64) -> Result<()> {
    let path = family.path(sequence);
    let removed = disk.remove(&path).and_then(|()| disk.sync_dir(family.folder()));
    removed.map_err(|source| StorageError::io(path, source))
}

/// A frame as [`recover`] gives it: the segment's file, what the frame says about itself, where its
/// payload begins, and the payload.
pub type Each<'a> = &'a mut dyn FnMut(&Arc<dyn DiskFile>, &FrameHead, u64, &[u8]) -> Result<()>;

/// Reads every frame of the segments from `first` on, in order, and returns where they end.
///
/// With `until`, that is where they end: what lies beyond was not covered by the checkpoint and is
/// removed, and anything missing before is damage. Without, they end at the last whole frame, unless a
/// later one says that more was durable. What is kept is durable afterwards.
pub fn recover(
    disk: &dyn Disk,
    family: Family,
    first: u64,
    until: Option<Position>,
    each: Each<'_>,
) -> Result<Option<Position>> {
    let mut segments = Vec::new();
    let mut superfluous = Vec::new();
    let mut end: Option<Position> = None;
    let mut cuts: Vec<Arc<dyn DiskFile>> = Vec::new();
    let mut tail = Tail::new(until.map_or(0, |until| until.next_frame - 1));
    for sequence in list(disk, family)? {
        let path = family.path(sequence);
        let io = |source| StorageError::io(&path, source);
        let is_beyond = until.is_some_and(|until| sequence > until.sequence);
        if sequence < first || is_beyond {
            superfluous.push(sequence);
            continue;
        }
        if until.is_some() && segments.is_empty() && sequence > first.max(1) {
            let what = "the checkpoint needs it, and it is not there";
            return Err(StorageError::damaged(family.path(first.max(1)), 0, what));
        }
        let file = disk.open(&path).map_err(io)?;
        let head = read_segment_head(&*file, family, &path)?;
        segments.push((sequence, path, file, head));
    }
    for (at, (sequence, path, file, head)) in segments.iter().enumerate() {
        let io = |source| StorageError::io(path, source);
        let sequence = *sequence;
        let len = file.len().map_err(io)?;
        let mut read = |buffer: &mut [u8], offset| file.read_at(buffer, offset);
        // What was first here may have been lost, and only what came behind it be left.
        let is_first = superfluous.iter().all(|gone| *gone > sequence || *gone < first);
        let follows = |head: &Position| match &end {
            Some(end) => end.leads_to(head),
            None => is_first || head.next_frame == 1,
        };
        let Some(head) = head.filter(follows) else {
            let next = end.map_or(1, |end| end.next_frame);
            if until.is_some() || highest_synced(&mut read, len, 0, next, path)? >= next {
                let what = "it does not follow the segment before it";
                return Err(StorageError::damaged(path, 0, what));
            }
            superfluous.push(sequence);
            continue;
        };
        let wanted = match until {
            Some(until) if until.sequence == sequence => until.offset,
            _ => len,
        };
        let next = segments[at + 1..].iter().find_map(|(.., head)| *head);
        let mut cut = Cut::before(next, head);
        let mut give = |frame: &FrameHead, after: &Position, at: u64, payload: &[u8]| {
            if cut.passes(frame, after) {
                return Ok(());
            }
            tail.note(file, frame, after, at);
            each(file, frame, at, payload)
        };
        let (position, ending) = scan(&mut read, wanted.min(len), head, &mut give, path)?;
        let position = cut.at().unwrap_or(position);
        if let End::Broken { what, synced } = ending
            && cut.at().is_none()
            && (until.is_some() || synced >= position.next_frame)
        {
            return Err(StorageError::damaged(path, position.offset, what));
        }
        if len != position.offset {
            file.set_len(position.offset).map_err(io)?;
            cuts.push(Arc::clone(file));
        }
        end = Some(position);
    }
    if let Some(until) = until
        && end != Some(until)
    {
        let at = end.map_or(0, |end| end.offset);
        let what = format!("it ends before frame {}, which was durable", until.next_frame);
        return Err(StorageError::damaged(family.path(until.sequence), at, what));
    }
    let io = |source| StorageError::io(family.folder(), source);
    tail.settle().map_err(io)?;
    cuts.iter().try_for_each(|file| file.sync()).map_err(io)?;
    superfluous.into_iter().try_for_each(|sequence| remove(disk, family, sequence))?;
    Ok(end)
}
