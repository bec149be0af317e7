//! Opening a family of slices after a crash: what nobody was answered for is cut off.

use std::collections::BTreeMap;
use std::mem::{replace, take};
use std::sync::Arc;

use accolade_domain::time::Timestamp;

use super::closing::NO_INDEX;
use super::content::Content;
use super::footer::Closed;
use super::{PACKED_ENDING, Slices};
use crate::bytes::Bytes;
use crate::error::{Result, StorageError};
use crate::frames::remove_from_end;
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
        let mut known = BTreeMap::new();
        for (sequence, is_packed) in self.recover_list()? {
            let path = if is_packed { self.packed_path(sequence) } else { self.path(sequence) };
            if until.is_some_and(|until| sequence > until.sequence) {
                beyond.push(path);
                continue;
            }
            let bytes = self.open(&path, is_packed)?;
            let closed = if from.is_some_and(|from| sequence < from.sequence) {
                self.read_known(sequence, &bytes)?
            } else {
                None
            };
            let head = match &closed {
                Some(closed) => Some(closed.head),
                None => self.read_head(&path, &bytes)?,
            };
            known.extend(closed.map(|closed| (sequence, closed)));
            if until.is_some() && head.is_none() {
                return Err(StorageError::damaged(&path, 0, "it has no head"));
            }
            segments.push(Found { sequence, path, bytes, head });
        }
        let tail = Tail::new(durable);
        let (index, newest) = (Index::default(), Timestamp::default());
        let mut opening =
            Opening { slices: self, known, from, durable, frame, index, newest, tail };
        let recovered = recover(&segments, Bounds { durable, until }, &mut opening)?;
        let end = recovered.end;
        if end.map_or(1, |end| end.next_frame) <= durable {
            let (sequence, offset) = end.or(from).map_or((1, 0), |at| (at.sequence, at.offset));
            let what = format!("it ends before frame {durable}, which was durable");
            return Err(StorageError::damaged(self.path(sequence), offset, what));
        }
        let superfluous = recovered.superfluous.iter().map(|found| &found.path);
        remove_from_end(&*self.disk, self.family.folder(), superfluous.chain(&beyond))?;
        Ok(end)
    }

    /// What a closed segment says of itself whose frames are not wanted.
    fn read_known(&self, sequence: u64, bytes: &Bytes) -> Result<Option<Closed>> {
        match self.read_closed(sequence, bytes) {
            // Its frames will tell.
            Err(StorageError::Damaged { .. }) => Ok(None),
            closed => closed,
        }
    }

    fn insert_closed(&self, found: &Found, closed: Closed) -> Result<()> {
        let file_len = match &found.bytes {
            Bytes::Plain(_) => found.len()?,
            Bytes::Packed(packed) => packed.file_len(),
        };
        let (bytes, closed) = (found.bytes.clone(), Arc::new(closed));
        self.insert(found.sequence, Content::Closed { bytes, file_len, closed });
        Ok(())
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

    fn open(&self, path: &str, is_packed: bool) -> Result<Bytes> {
        let io = |source| StorageError::io(path, source);
        if is_packed {
            return Ok(Bytes::Packed(Arc::new(self.open_packed(path).map_err(io)?)));
        }
        Ok(Bytes::Plain(self.disk.open_closed(path).map_err(io)?))
    }

    fn read_head(&self, path: &str, bytes: &Bytes) -> Result<Option<Position>> {
        let packed = match bytes {
            Bytes::Plain(file) => return read_segment_head(&**file, self.family, path),
            Bytes::Packed(packed) => packed,
        };
        let mut head = [0; SEGMENT_HEAD_BYTES as usize];
        packed.read_at(&mut head, 0).map_err(|source| StorageError::io(path, source))?;
        let head = parse_segment_head(&head, self.family, path)?;
        let damaged = || StorageError::damaged(path, 0, "a compressed segment has no head");
        head.map(Some).ok_or_else(damaged)
    }

    fn discard(&self, path: &str) -> Result<()> {
        self.disk.remove(path).map_err(|source| StorageError::io(path, source))
    }
}

/// Makes the index of each segment, and closes it.
struct Opening<'a> {
    slices: &'a Slices,
    /// Closed segments whose frames are not wanted.
    known: BTreeMap<u64, Closed>,
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
        _: &Position,
        next: Option<Position>,
    ) -> Result<Option<Position>> {
        let Some(closed) = self.known.remove(&found.sequence) else { return Ok(None) };
        let end = closed.end;
        if next.is_some_and(|next| !end.leads_to(&next)) {
            return Ok(None);
        }
        self.slices.insert_closed(found, closed)?;
        Ok(Some(end))
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
        self.newest = self.newest.max(head.time);
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
            let closed = slices.read_closed(found.sequence, &found.bytes)?;
            let missing = || StorageError::damaged(&found.path, end.offset, NO_INDEX);
            return slices.insert_closed(found, closed.ok_or_else(missing)?);
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
