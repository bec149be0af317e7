//! Opening a family of slices after a crash: what nobody was answered for is cut off.

use std::collections::BTreeMap;
use std::mem::{replace, take};
use std::sync::Arc;

use accolade_domain::time::Timestamp;

use super::content::Content;
use super::footer::{CLOSING_BYTES, parse_closing};
use super::{PACKED_ENDING, Slices};
use crate::bytes::Bytes;
use crate::error::{Result, StorageError};
use crate::index::Index;
use crate::recovery::{Bounds, Found, Recovers, recover};
use crate::segment::{
    FrameHead, Position, Rotated, SEGMENT_HEAD_BYTES, Tail, parse_segment_head, read_segment_head,
    settle,
};

impl Slices {
    /// Opens what is there and reads every frame from `from` on, in order; `frame` gets each one.
    /// Ends at the first frame that is not whole, or at `until`, and returns where.
    ///
    /// What lies beyond the end is removed: frames that nobody was answered for. Where something
    /// says that they were durable, it is damage, and nothing is removed.
    pub fn recover(
        &self,
        from: Option<Position>,
        durable: u64,
        until: Option<Position>,
        frame: &mut dyn FnMut(&FrameHead, &[u8]) -> Result<()>,
    ) -> Result<Option<Position>> {
        let mut segments = Vec::new();
        let mut beyond = Vec::new();
        for (sequence, is_packed) in self.recover_list()? {
            let path = if is_packed { self.packed_path(sequence) } else { self.path(sequence) };
            if until.is_some_and(|until| sequence > until.sequence) {
                beyond.push(path);
                continue;
            }
            let (bytes, head) = self.open(&path, is_packed)?;
            if until.is_some() && head.is_none() {
                return Err(StorageError::damaged(&path, 0, "it has no head"));
            }
            segments.push(Found { sequence, path, bytes, head });
        }
        let tail = Tail::new(durable);
        let (index, newest) = (Index::default(), Timestamp::default());
        let mut opening = Opening { slices: self, from, durable, frame, index, newest, tail };
        let recovered = recover(&segments, Bounds { durable, until }, &mut opening)?;
        let end = recovered.end;
        if end.map_or(1, |end| end.next_frame) <= durable {
            let (sequence, offset) = end.or(from).map_or((1, 0), |at| (at.sequence, at.offset));
            let what = format!("it ends before frame {durable}, which was durable");
            return Err(StorageError::damaged(self.path(sequence), offset, what));
        }
        let superfluous = recovered.superfluous.iter().map(|found| &found.path);
        beyond.iter().chain(superfluous).try_for_each(|path| self.discard(path))?;
        Ok(end)
    }

    /// A closed segment whose frames are not wanted: only its footer is read.
    fn open_closed(
        &self,
        bytes: &Bytes,
        head: &Position,
        next: Option<Position>,
    ) -> Result<Option<Position>> {
        let path = self.path(head.sequence);
        let io = |source| StorageError::io(&path, source);
        let len = bytes.len().map_err(io)?;
        let Some(tail_at) = len.checked_sub(CLOSING_BYTES).filter(|at| *at > head.offset) else {
            return Ok(None);
        };
        let mut tail = [0; CLOSING_BYTES as usize];
        bytes.read_at(&mut tail, tail_at).map_err(io)?;
        let Some(footer_at) = parse_closing(&tail, head.sequence) else { return Ok(None) };
        if next.is_some_and(|next| !footer_at.leads_to(&next)) {
            return Ok(None);
        }
        let (index, newest) = match self.read_footer(head.sequence, bytes, footer_at) {
            // It was torn; or it is damaged, and its frames will tell.
            Err(StorageError::Damaged { .. }) => return Ok(None),
            footer => footer?,
        };
        let ranges = index.ranges();
        let bytes = bytes.clone();
        self.insert(head.sequence, Content::Closed { bytes, footer_at, ranges, newest });
        Ok(Some(footer_at))
    }

    /// Sequence numbers with whether the segment is compressed, in order; unfinished work is removed.
    fn recover_list(&self) -> Result<Vec<(u64, bool)>> {
        let folder = self.family.folder();
        let io = |source| StorageError::io(folder, source);
        let mut found = BTreeMap::new();
        for name in self.disk.list(folder).map_err(io)? {
            let path = format!("{folder}/{name}");
            let (stem, is_packed) = match name.strip_suffix(PACKED_ENDING) {
                Some(stem) => (stem, true),
                None => (name.as_str(), false),
            };
            match stem.parse::<u64>() {
                Ok(sequence) => {
                    if let Some(had_packed) = found.insert(sequence, is_packed) {
                        // The compressed copy is whole once it has its name.
                        found.insert(sequence, true);
                        let plain = self.path(sequence);
                        self.discard(if had_packed { &path } else { &plain })?;
                    }
                }
                Err(_) => self.discard(&path)?,
            }
        }
        Ok(found.into_iter().collect())
    }

    fn open(&self, path: &str, is_packed: bool) -> Result<(Bytes, Option<Position>)> {
        let io = |source| StorageError::io(path, source);
        if !is_packed {
            let file = self.disk.open_closed(path).map_err(io)?;
            let head = read_segment_head(&*file, self.family, path)?;
            return Ok((Bytes::Plain(file), head));
        }
        let packed = Arc::new(self.open_packed(path).map_err(io)?);
        let mut head = [0; SEGMENT_HEAD_BYTES as usize];
        packed.read_at(&mut head, 0).map_err(io)?;
        match parse_segment_head(&head, self.family, path)? {
            Some(head) => Ok((Bytes::Packed(packed), Some(head))),
            None => Err(StorageError::damaged(path, 0, "a compressed segment has no head")),
        }
    }

    fn discard(&self, path: &str) -> Result<()> {
        self.disk.remove(path).map_err(|source| StorageError::io(path, source))
    }
}

/// Makes the index of each segment, and closes it.
struct Opening<'a> {
    slices: &'a Slices,
    from: Option<Position>,
    durable: u64,
    frame: &'a mut dyn FnMut(&FrameHead, &[u8]) -> Result<()>,
    index: Index,
    newest: Timestamp,
    tail: Tail,
}

impl Recovers for Opening<'_> {
    fn known_end(
        &mut self,
        found: &Found,
        head: &Position,
        next: Option<Position>,
    ) -> Result<Option<Position>> {
        if self.from.is_none_or(|from| found.sequence >= from.sequence) {
            return Ok(None);
        }
        self.slices.open_closed(&found.bytes, head, next)
    }

    fn frame(
        &mut self,
        found: &Found,
        head: &FrameHead,
        after: &Position,
        payload_at: u64,
        payload: &[u8],
    ) -> Result<()> {
        if let Bytes::Plain(_) = &found.bytes {
            let open = || found.open_to_write(&*self.slices.disk);
            self.tail.note(found.sequence, open, head, after, payload_at)?;
        }
        let prefix_bytes = self.slices.prefix_bytes;
        let slices = payload.get(prefix_bytes..).unwrap_or_default();
        let added = self.index.add(slices, payload_at + prefix_bytes as u64);
        added.map_err(|bad| StorageError::bad(&found.path, payload_at, bad))?;
        self.newest = head.time;
        let is_wanted = self.from.is_none_or(|from| head.number >= from.next_frame);
        if is_wanted { (self.frame)(head, payload) } else { Ok(()) }
    }

    fn ended(&mut self, found: &Found, end: Position, is_closed: bool) -> Result<()> {
        let (index, newest) = (take(&mut self.index), take(&mut self.newest));
        let tail = replace(&mut self.tail, Tail::new(self.durable));
        let slices = self.slices;
        if is_closed {
            // Whoever closed it may have been killed before that was durable.
            if let Bytes::Plain(_) = &found.bytes
                && end.next_frame > self.durable + 1
            {
                let file = found.open_to_write(&*slices.disk)?;
                settle(&*file, 0, SEGMENT_HEAD_BYTES).map_err(found.io())?;
                settle(&*file, end.offset, found.len()?).map_err(found.io())?;
                tail.settle().map_err(found.io())?;
                file.sync().map_err(found.io())?;
            }
            let (bytes, footer_at, ranges) = (found.bytes.clone(), end, index.ranges());
            slices.insert(found.sequence, Content::Closed { bytes, footer_at, ranges, newest });
            return Ok(());
        }
        let Bytes::Plain(_) = &found.bytes else {
            return Err(StorageError::damaged(&found.path, end.offset, "it has no index"));
        };
        let file = found.open_to_write(&*slices.disk)?;
        // Durable before the footer is written, which nobody would doubt.
        settle(&*file, 0, SEGMENT_HEAD_BYTES).map_err(found.io())?;
        tail.settle().map_err(found.io())?;
        file.sync().map_err(found.io())?;
        slices.insert(found.sequence, Content::Open { file: Arc::clone(&file), index });
        slices.close(&Rotated { file, end }, newest)
    }
}
