//! Families whose frames are read in order and nothing else: state, links and recent ids.

use std::sync::Arc;

use accolade_engine::disk::{Disk, DiskFile};

use crate::bytes::Bytes;
use crate::error::{Result, StorageError};
use crate::recovery::{self, Bounds, Found, Recovers};
use crate::segment::{
    FRAME_HEAD_BYTES, Family, FrameHead, Position, SEGMENT_HEAD_BYTES, Tail, frame_head,
    read_segment_head,
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
    remove_for_ever(disk, family.folder(), &family.path(sequence))
}

fn remove_for_ever(disk: &dyn Disk, folder: &str, path: &str) -> Result<()> {
    let removed = disk.remove(path).and_then(|()| disk.sync_dir(folder));
    removed.map_err(|source| StorageError::io(path, source))
}

/// Removes what lies behind the end of a family's frames, the last first, each for ever before the next: what a
/// crash leaves of it must not be taken for the beginning of what was kept.
pub(crate) fn remove_from_end<'a>(
    disk: &dyn Disk,
    folder: &str,
    paths: impl DoubleEndedIterator<Item = &'a String>,
) -> Result<()> {
    paths.rev().try_for_each(|path| remove_for_ever(disk, folder, path))
}

/// A frame as [`recover`] gives it: the segment's file, what the frame says about itself, where its
/// payload begins, and the payload.
pub type Each<'a> = &'a mut dyn FnMut(&Arc<dyn DiskFile>, &FrameHead, u64, &[u8]) -> Result<()>;

/// Recovers the frames of the segments from `first` on, gives each to `each`, in order, and returns where
/// they end.
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
    let (mut before, mut beyond) = (Vec::new(), Vec::new());
    for sequence in list(disk, family)? {
        let path = family.path(sequence);
        if sequence < first {
            before.push(sequence);
            continue;
        }
        if until.is_some_and(|until| sequence > until.sequence) {
            beyond.push(path);
            continue;
        }
        if until.is_some() && segments.is_empty() && sequence > first.max(1) {
            let what = "the checkpoint needs it, and it is not there";
            return Err(StorageError::damaged(family.path(first.max(1)), 0, what));
        }
        let file = disk.open_closed(&path).map_err(|source| StorageError::io(&path, source))?;
        let head = read_segment_head(&*file, family, &path)?;
        segments.push(Found { sequence, path, bytes: Bytes::Plain(file), head });
    }
    let end = finish(disk, family, &segments, until, &beyond, each)?;
    before.into_iter().try_for_each(|sequence| remove(disk, family, sequence))?;
    Ok(end)
}

/// As [`recover`], for a family in which each frame is durable before the next is written, and of which years are kept:
/// of the segments only the last two that hold frames are read, and what comes behind these.
pub fn recover_end(disk: &dyn Disk, family: Family, each: Each<'_>) -> Result<Option<Position>> {
    let mut segments = Vec::new();
    let mut with_frames = 0;
    for sequence in list(disk, family)?.into_iter().rev() {
        let path = family.path(sequence);
        let io = |source| StorageError::io(&path, source);
        let file = disk.open_closed(&path).map_err(io)?;
        let head = read_segment_head(&*file, family, &path)?;
        let has_frames = head.is_some() && first_frame(&*file).map_err(io)?.is_some();
        segments.push(Found { sequence, path, bytes: Bytes::Plain(file), head });
        with_frames += usize::from(has_frames);
        if with_frames == 2 {
            break;
        }
    }
    segments.reverse();
    finish(disk, family, &segments, None, &[], each)
}

/// What the first frame of a segment says about itself, where there is one; whether it is whole is not looked at.
pub(crate) fn first_frame(file: &dyn DiskFile) -> std::io::Result<Option<FrameHead>> {
    let mut head = [0; FRAME_HEAD_BYTES];
    if file.len()? < SEGMENT_HEAD_BYTES + FRAME_HEAD_BYTES as u64 {
        return Ok(None);
    }
    file.read_at(&mut head, SEGMENT_HEAD_BYTES)?;
    let is_there = head[..4] != [0; 4];
    Ok(is_there.then(|| frame_head(&head)))
}

fn finish(
    disk: &dyn Disk,
    family: Family,
    segments: &[Found],
    until: Option<Position>,
    beyond: &[String],
    each: Each<'_>,
) -> Result<Option<Position>> {
    let durable = until.map_or(0, |until| until.next_frame - 1);
    let mut cutting = Cutting { disk, each, tail: Tail::new(durable), cuts: Vec::new() };
    let recovered = recovery::recover(segments, Bounds { durable, until }, &mut cutting)?;
    let end = recovered.end;
    if let Some(until) = until
        && end != Some(until)
    {
        let at = end.map_or(0, |end| end.offset);
        let what = format!("it ends before frame {}, which was durable", until.next_frame);
        return Err(StorageError::damaged(family.path(until.sequence), at, what));
    }
    let io = |source| StorageError::io(family.folder(), source);
    let Cutting { tail, cuts, .. } = cutting;
    tail.settle().map_err(io)?;
    cuts.iter().try_for_each(|path| disk.open(path)?.sync()).map_err(io)?;
    let superfluous = recovered.superfluous.iter().map(|found| &found.path);
    remove_from_end(disk, family.folder(), superfluous.chain(beyond))?;
    Ok(end)
}

/// Cuts segments where their frames end.
struct Cutting<'a> {
    disk: &'a dyn Disk,
    each: Each<'a>,
    tail: Tail,
    cuts: Vec<String>,
}

impl Recovers for Cutting<'_> {
    fn known_end(
        &mut self,
        _: &Found,
        _: &Position,
        _: Option<Position>,
    ) -> Result<Option<Position>> {
        Ok(None)
    }

    fn frame(
        &mut self,
        found: &Found,
        head: &FrameHead,
        after: &Position,
        payload_at: u64,
        payload: &[u8],
    ) -> Result<()> {
        let open = || found.open_to_write(self.disk);
        self.tail.note(found.sequence, open, head, after, payload_at)?;
        (self.each)(found.plain(), head, payload_at, payload)
    }

    fn ended(&mut self, found: &Found, end: Position, _: bool) -> Result<()> {
        if found.len()? != end.offset {
            let file = found.open_to_write(self.disk)?;
            file.set_len(end.offset).map_err(found.io())?;
            self.cuts.push(found.path.clone());
        }
        Ok(())
    }
}
