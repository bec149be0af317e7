//! Opening a family of slices after a crash: what nobody was answered for is cut off.

use std::collections::BTreeMap;
use std::sync::Arc;

use accolade_domain::time::Timestamp;

use super::content::{Bytes, Content};
use super::footer::{CLOSING_BYTES, parse_closing};
use super::{PACKED_ENDING, Slices};
use crate::error::{Result, StorageError};
use crate::index::Index;
use crate::segment::{
    Cut, End, FrameHead, Position, Rotated, SEGMENT_HEAD_BYTES, Tail, highest_synced,
    parse_segment_head, read_segment_head, scan, settle,
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
        let mut superfluous = Vec::new();
        for (sequence, is_packed) in self.recover_list()? {
            let path = if is_packed { self.packed_path(sequence) } else { self.path(sequence) };
            if until.is_some_and(|until| sequence > until.sequence) {
                superfluous.push(path);
                continue;
            }
            let (bytes, head) = self.open(&path, is_packed)?;
            if until.is_some() && head.is_none() {
                return Err(StorageError::damaged(&path, 0, "it has no head"));
            }
            segments.push((path, bytes, head));
        }
        let mut end: Option<Position> = None;
        for (at, (path, bytes, head)) in segments.iter().enumerate() {
            let follows = |head: &&Position| end.as_ref().is_none_or(|end| end.leads_to(head));
            let Some(head) = head.as_ref().filter(follows) else {
                let next = end.map_or(1, |end| end.next_frame);
                let named = Self::highest_named(path, bytes, next)?;
                if named.max(durable) >= next && (named >= next || end.is_some()) {
                    let what = "it does not follow the segment before it";
                    return Err(StorageError::damaged(path, 0, what));
                }
                superfluous.push(path.clone());
                continue;
            };
            let later = &segments[at + 1..];
            let next = later.iter().find_map(|(.., head)| *head);
            let wanted = from.is_none_or(|from| head.sequence >= from.sequence);
            if !wanted && let Some(closed) = self.open_closed(bytes, head, next)? {
                end = Some(closed);
                continue;
            }
            let position =
                self.recover_segment(path, bytes, *head, from, durable, until, later, frame)?;
            end = Some(position);
        }
        if end.map_or(1, |end| end.next_frame) <= durable {
            let (sequence, offset) = end.or(from).map_or((1, 0), |at| (at.sequence, at.offset));
            let what = format!("it ends before frame {durable}, which was durable");
            return Err(StorageError::damaged(self.path(sequence), offset, what));
        }
        superfluous.iter().try_for_each(|path| self.discard(path))?;
        Ok(end)
    }

    /// The highest frame that frames from `next` on in a segment say was durable.
    fn highest_named(path: &str, bytes: &Bytes, next: u64) -> Result<u64> {
        let len = bytes.len().map_err(|source| StorageError::io(path, source))?;
        let mut read = |buffer: &mut [u8], offset| bytes.read_at(buffer, offset);
        highest_synced(&mut read, len, 0, next, path)
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

    #[expect(clippy::too_many_arguments, reason = "the parts of one recovery")]
    fn recover_segment(
        &self,
        path: &str,
        bytes: &Bytes,
        head: Position,
        from: Option<Position>,
        durable: u64,
        until: Option<Position>,
        later: &[(String, Bytes, Option<Position>)],
        frame: &mut dyn FnMut(&FrameHead, &[u8]) -> Result<()>,
    ) -> Result<Position> {
        let io = |source| StorageError::io(path, source);
        let sequence = head.sequence;
        let len = match until {
            Some(until) if until.sequence == sequence => until.offset.min(bytes.len().map_err(io)?),
            _ => bytes.len().map_err(io)?,
        };
        let file = match bytes {
            Bytes::Plain(file) => Some(Arc::clone(file)),
            Bytes::Packed(_) => None,
        };
        let mut index = Index::default();
        let mut newest = Timestamp::default();
        let mut tail = Tail::new(durable);
        let mut cut = Cut::before(later.iter().find_map(|(.., head)| *head), head);
        let mut read = |buffer: &mut [u8], offset| bytes.read_at(buffer, offset);
        let mut each = |frame_head: &FrameHead, after: &Position, payload_at, payload: &[u8]| {
            if cut.passes(frame_head, after) {
                return Ok(());
            }
            if let Some(file) = &file {
                tail.note(file, frame_head, after, payload_at);
            }
            let slices = payload.get(self.prefix_bytes..).unwrap_or_default();
            index
                .add(slices, payload_at + self.prefix_bytes as u64)
                .map_err(|bad| StorageError::bad(path, payload_at, bad))?;
            newest = frame_head.time;
            let is_wanted = from.is_none_or(|from| frame_head.number >= from.next_frame);
            if is_wanted { frame(frame_head, payload) } else { Ok(()) }
        };
        let (position, end) = scan(&mut read, len, head, &mut each, path)?;
        let ranges = index.ranges();
        let scanned_to = position;
        let position = cut.at().unwrap_or(position);
        match end {
            End::Footer(_) if position == scanned_to => {
                let (bytes, footer_at) = (bytes.clone(), position);
                self.insert(sequence, Content::Closed { bytes, footer_at, ranges, newest });
                return Ok(position);
            }
            // The frames go on in the next segment: a footer was torn, or what was cut came back.
            _ if cut.at().is_some() => {}
            End::Broken { what, synced } => {
                let mut named = synced.max(durable);
                for (path, bytes, _) in later {
                    named = named.max(Self::highest_named(path, bytes, position.next_frame)?);
                }
                if named >= position.next_frame {
                    return Err(StorageError::damaged(path, position.offset, what));
                }
            }
            End::Clean | End::Footer(_) => {}
        }
        let Some(file) = file else {
            return Err(StorageError::damaged(path, position.offset, "it has no index"));
        };
        // Durable before the footer is written, which nobody would doubt.
        settle(&*file, 0, SEGMENT_HEAD_BYTES).map_err(io)?;
        tail.settle().map_err(io)?;
        file.sync().map_err(io)?;
        self.insert(sequence, Content::Open { file: Arc::clone(&file), index });
        self.close(&Rotated { file, end: position }, newest)?;
        Ok(position)
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
            let file = self.disk.open(path).map_err(io)?;
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
