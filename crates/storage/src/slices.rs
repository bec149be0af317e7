//! Segments that hold slices, found again by partition and batch: the log, the journal and the dead
//! letters.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use accolade_domain::time::Timestamp;
use accolade_engine::disk::{Disk, DiskFile};
use accolade_wire::bytes::Cursor;
use accolade_wire::record::Slice;

use crate::error::{Result, StorageError};
use crate::index::{Index, SliceAt};
use crate::packed::{Packed, pack};
use crate::segment::{
    Appended, Cut, End, Family, FrameHead, Position, Rotated, SEGMENT_HEAD_BYTES, Tail, Writer,
    highest_synced, new_frame, parse_segment_head, read_segment_head, scan, seal_footer, settle,
};

/// Indexes of closed segments that are kept in memory.
const INDEXES_MAX: usize = 16;
/// Bytes that are asked for ahead where every frame is read.
const READ_AHEAD_BYTES: u64 = 1 << 20;
/// The ending of a compressed segment's name.
pub const PACKED_ENDING: &str = ".zst";

/// All segments of one family of slices.
#[derive(Debug)]
pub struct Slices {
    disk: Arc<dyn Disk>,
    family: Family,
    /// Bytes of a frame's payload before its slices.
    prefix_bytes: usize,
    segments: RwLock<BTreeMap<u64, Arc<Segment>>>,
    indexes: Mutex<Vec<(u64, Arc<Index>)>>,
}

/// One segment.
#[derive(Debug)]
struct Segment {
    content: RwLock<Content>,
}

#[derive(Debug)]
enum Content {
    Open {
        file: Arc<dyn DiskFile>,
        index: Index,
    },
    Closed {
        bytes: Bytes,
        footer_at: Position,
        ranges: BTreeMap<u16, (u64, u64)>,
        newest: Timestamp,
    },
}

#[derive(Debug, Clone)]
enum Bytes {
    Plain(Arc<dyn DiskFile>),
    Packed(Arc<Packed>),
}

impl Bytes {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.read_at(buffer, offset),
            Self::Packed(packed) => packed.read_at(buffer, offset),
        }
    }

    /// Says that these bytes will be read soon. What was written of late is in memory already.
    fn will_read(&self, offset: u64, length: u64) {
        if let Self::Packed(packed) = self {
            packed.will_read(offset, length);
        }
    }

    fn len(&self) -> io::Result<u64> {
        match self {
            Self::Plain(file) => file.len(),
            Self::Packed(packed) => Ok(packed.raw_len()),
        }
    }
}

/// A closed segment, as retention and compression see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedSegment {
    /// Its sequence number.
    pub sequence: u64,
    /// The last batch of each partition in it.
    pub last_batches: BTreeMap<u16, u64>,
    /// The time of its last frame.
    pub newest: Timestamp,
    /// Bytes on disk.
    pub bytes: u64,
    /// Whether it is compressed.
    pub packed: bool,
}

/// Hears of a frame: what it says about itself, where the next one goes, and its payload.
pub type EachWithEnd<'a> = &'a mut dyn FnMut(&FrameHead, &Position, &[u8]) -> Result<()>;

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Slices {
    /// A family without segments. `prefix_bytes` of each frame's payload come before its slices.
    pub fn new(disk: Arc<dyn Disk>, family: Family, prefix_bytes: usize) -> Self {
        let (segments, indexes) = (RwLock::default(), Mutex::default());
        Self { disk, family, prefix_bytes, segments, indexes }
    }

    fn segment(&self, sequence: u64) -> Option<Arc<Segment>> {
        self.all().get(&sequence).cloned()
    }

    fn all(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<u64, Arc<Segment>>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn insert(&self, sequence: u64, content: Content) {
        let segment = Arc::new(Segment { content: RwLock::new(content) });
        self.segments.write().unwrap_or_else(PoisonError::into_inner).insert(sequence, segment);
    }

    fn begin(&self, sequence: u64, file: Arc<dyn DiskFile>) {
        self.insert(sequence, Content::Open { file, index: Index::default() });
    }

    fn path(&self, sequence: u64) -> String {
        self.family.path(sequence)
    }

    fn packed_path(&self, sequence: u64) -> String {
        self.family.path(sequence) + PACKED_ENDING
    }

    /// Adds a frame's slices to the index of the open segment `sequence`.
    fn note(&self, sequence: u64, payload_at: u64, payload: &[u8]) -> Result<()> {
        let bad = |error: accolade_wire::bytes::BadFormat| {
            StorageError::damaged(self.path(sequence), payload_at, error.to_string())
        };
        let segment =
            self.segment(sequence).expect("frames are appended to a segment that is open");
        let mut content = segment.content.write().unwrap_or_else(PoisonError::into_inner);
        if let Content::Open { index, .. } = &mut *content {
            let slices = payload.get(self.prefix_bytes..).unwrap_or_default();
            index.add(slices, payload_at + self.prefix_bytes as u64).map_err(bad)?;
        }
        Ok(())
    }

    /// The slice of a batch, whole and checked; `None` where there is none, or none any more.
    pub fn read(&self, partition: u16, batch: u64) -> Result<Option<Vec<u8>>> {
        let found = self.locate(partition, batch)?;
        found.map(|(sequence, at, bytes)| self.read_slice(sequence, &bytes, at)).transpose()
    }

    /// The checksum of the slice of a batch, which covers all of it; `None` where there is none.
    pub fn checksum(&self, partition: u16, batch: u64) -> Result<Option<u32>> {
        let Some((sequence, at, bytes)) = self.locate(partition, batch)? else { return Ok(None) };
        let mut checksum = [0; 4];
        let read = bytes.read_at(&mut checksum, at.offset.into());
        read.map_err(|source| StorageError::io(self.path(sequence), source))?;
        Ok(Some(u32::from_le_bytes(checksum)))
    }

    /// Says that the slice of a batch will be read soon, so that the disk can look for several at once.
    pub fn will_read(&self, partition: u16, batch: u64) -> Result<()> {
        if let Some((_, at, bytes)) = self.locate(partition, batch)? {
            bytes.will_read(at.offset.into(), at.length.into());
        }
        Ok(())
    }

    fn locate(&self, partition: u16, batch: u64) -> Result<Option<(u64, SliceAt, Bytes)>> {
        for (sequence, segment) in self.that_may_hold(partition, batch) {
            if let Some((at, bytes)) = self.find(sequence, &segment, partition, batch)? {
                return Ok(Some((sequence, at, bytes)));
            }
        }
        Ok(None)
    }

    /// Segments whose range of batches includes `batch`: one, but for families with gaps.
    fn that_may_hold(&self, partition: u16, batch: u64) -> Vec<(u64, Arc<Segment>)> {
        let may_hold = |segment: &Segment| match &*segment
            .content
            .read()
            .unwrap_or_else(PoisonError::into_inner)
        {
            Content::Open { index, .. } => index.find(partition, batch).is_some(),
            Content::Closed { ranges, .. } => ranges
                .get(&partition)
                .is_some_and(|(first, last)| (*first..=*last).contains(&batch)),
        };
        let all = self.all();
        let found = all.iter().rev().filter(|(_, segment)| may_hold(segment));
        found.map(|(sequence, segment)| (*sequence, Arc::clone(segment))).collect()
    }

    fn find(
        &self,
        sequence: u64,
        segment: &Segment,
        partition: u16,
        batch: u64,
    ) -> Result<Option<(SliceAt, Bytes)>> {
        let (bytes, footer_at) = {
            let content = segment.content.read().unwrap_or_else(PoisonError::into_inner);
            match &*content {
                Content::Open { file, index } => {
                    let found = index.find(partition, batch);
                    return Ok(found.map(|at| (at, Bytes::Plain(Arc::clone(file)))));
                }
                Content::Closed { bytes, footer_at, .. } => (bytes.clone(), *footer_at),
            }
        };
        let index = self.index(sequence, &bytes, footer_at)?;
        Ok(index.find(partition, batch).map(|at| (at, bytes)))
    }

    fn index(&self, sequence: u64, bytes: &Bytes, footer_at: Position) -> Result<Arc<Index>> {
        {
            let mut indexes = lock(&self.indexes);
            if let Some(at) = indexes.iter().position(|(cached, _)| *cached == sequence) {
                let found = indexes.remove(at);
                let index = Arc::clone(&found.1);
                indexes.push(found);
                return Ok(index);
            }
        }
        // An index has many bytes: whoever needs another one does not wait for it.
        let (index, _) = self.read_footer(sequence, bytes, footer_at)?;
        let index = Arc::new(index);
        self.keep_index(sequence, &index);
        Ok(index)
    }

    /// Keeps an index in memory, and lets go of the one that was not asked for the longest.
    fn keep_index(&self, sequence: u64, index: &Arc<Index>) {
        let mut indexes = lock(&self.indexes);
        if indexes.iter().any(|(cached, _)| *cached == sequence) {
            return;
        }
        if indexes.len() >= INDEXES_MAX {
            indexes.remove(0);
        }
        indexes.push((sequence, Arc::clone(index)));
    }

    fn read_footer(
        &self,
        sequence: u64,
        bytes: &Bytes,
        footer_at: Position,
    ) -> Result<(Index, Timestamp)> {
        let path = self.path(sequence);
        let len = bytes.len().map_err(|source| StorageError::io(&path, source))?;
        let mut read = |buffer: &mut [u8], offset| bytes.read_at(buffer, offset);
        let ignore = &mut |_: &FrameHead, _: &Position, _, _: &[u8]| Ok(());
        match scan(&mut read, len, footer_at, ignore, &path)? {
            (_, End::Footer(footer)) => parse_footer(&footer).ok_or_else(|| {
                StorageError::damaged(&path, footer_at.offset, "its index is damaged")
            }),
            (at, _) => Err(StorageError::damaged(&path, at.offset, "its index is missing")),
        }
    }

    fn read_slice(&self, sequence: u64, bytes: &Bytes, at: SliceAt) -> Result<Vec<u8>> {
        let path = || self.path(sequence);
        let mut slice = vec![0; at.length as usize];
        bytes
            .read_at(&mut slice, u64::from(at.offset))
            .map_err(|source| StorageError::io(path(), source))?;
        let damaged = |error: accolade_wire::bytes::BadFormat| {
            StorageError::damaged(path(), u64::from(at.offset), error.to_string())
        };
        Slice::read(&mut Cursor::new(&slice, "slice")).map_err(damaged)?;
        Ok(slice)
    }

    /// Closes a segment that was left: its index goes behind its frames, what was allocated beyond
    /// is given back, and all of it becomes durable.
    pub fn close(&self, left: &Rotated, newest: Timestamp) -> Result<()> {
        let sequence = left.end.sequence;
        let path = self.path(sequence);
        let io = |source| StorageError::io(&path, source);
        let segment = self.segment(sequence).expect("a segment that was left is known");
        let ranges = {
            let content = segment.content.read().unwrap_or_else(PoisonError::into_inner);
            let Content::Open { index, .. } = &*content else { return Ok(()) };
            let footer = write_footer(index, newest, &left.end);
            left.file.write_at(&footer, left.end.offset).map_err(io)?;
            left.file.set_len(left.end.offset + footer.len() as u64).map_err(io)?;
            left.file.sync().map_err(io)?;
            index.ranges()
        };
        let bytes = Bytes::Plain(Arc::clone(&left.file));
        let closed = Content::Closed { bytes, footer_at: left.end, ranges, newest };
        let mut content = segment.content.write().unwrap_or_else(PoisonError::into_inner);
        if let Content::Open { index, .. } = std::mem::replace(&mut *content, closed) {
            self.keep_index(sequence, &Arc::new(index));
        }
        Ok(())
    }

    /// Compresses a closed segment and removes the original.
    pub fn pack(&self, sequence: u64) -> Result<()> {
        let packed_path = self.packed_path(sequence);
        let io = |source| StorageError::io(&packed_path, source);
        let Some(segment) = self.segment(sequence) else { return Ok(()) };
        let file = {
            let content = segment.content.read().unwrap_or_else(PoisonError::into_inner);
            match &*content {
                Content::Closed { bytes: Bytes::Plain(file), .. } => Arc::clone(file),
                Content::Closed { .. } | Content::Open { .. } => return Ok(()),
            }
        };
        let unfinished = packed_path.clone() + ".tmp";
        let raw_len = file.len().map_err(io)?;
        pack(&*self.disk, &*file, raw_len, self.block_bytes(), &unfinished).map_err(io)?;
        self.disk.rename(&unfinished, &packed_path).map_err(io)?;
        self.disk.sync_dir(self.family.folder()).map_err(io)?;
        let packed = self.open_packed(&packed_path).map_err(io)?;
        {
            let mut content = segment.content.write().unwrap_or_else(PoisonError::into_inner);
            if let Content::Closed { bytes, .. } = &mut *content {
                *bytes = Bytes::Packed(Arc::new(packed));
            }
        }
        self.disk.remove(&self.path(sequence)).map_err(io)
    }

    /// Larger blocks compress better; of the journal single entries are read, and a block is read whole.
    const fn block_bytes(&self) -> u32 {
        match self.family {
            Family::Log => 256 << 10,
            _ => 4 << 10,
        }
    }

    fn open_packed(&self, path: &str) -> io::Result<Packed> {
        let file = self.disk.open(path)?;
        if !matches!(self.family, Family::Log) {
            file.expect_scattered_reads();
        }
        Packed::open(file)
    }

    /// The closed segments, oldest first, up to the first that has yet to be closed: what goes in this
    /// order leaves no gap.
    pub fn closed(&self) -> Result<Vec<ClosedSegment>> {
        let mut closed = Vec::new();
        for (sequence, segment) in &*self.all() {
            let content = segment.content.read().unwrap_or_else(PoisonError::into_inner);
            let Content::Closed { bytes, ranges, newest, .. } = &*content else { break };
            let (packed, length) = match bytes {
                Bytes::Plain(file) => (false, file.len()),
                Bytes::Packed(packed) => (true, packed.file_len()),
            };
            let bytes = length.map_err(|source| StorageError::io(self.path(*sequence), source))?;
            let last_batches =
                ranges.iter().map(|(partition, (_, last))| (*partition, *last)).collect();
            let (sequence, newest) = (*sequence, *newest);
            closed.push(ClosedSegment { sequence, last_batches, newest, bytes, packed });
        }
        Ok(closed)
    }

    /// Removes a closed segment for ever.
    pub fn remove(&self, sequence: u64) -> Result<()> {
        if !self.has_segment(sequence) {
            return Ok(());
        }
        // Both names, since packing may have failed between one and the other.
        for path in [self.path(sequence), self.packed_path(sequence)] {
            match self.disk.remove(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed.map_err(|source| StorageError::io(&path, source))?,
            }
        }
        // The next one goes only once this is gone for ever, so that a crash never leaves a gap.
        let folder = self.family.folder();
        self.disk.sync_dir(folder).map_err(|source| StorageError::io(folder, source))?;
        self.segments.write().unwrap_or_else(PoisonError::into_inner).remove(&sequence);
        lock(&self.indexes).retain(|(cached, _)| *cached != sequence);
        Ok(())
    }

    /// The first batch of a partition that is still there.
    pub fn first_batch(&self, partition: u16) -> Option<u64> {
        self.all().values().find_map(|segment| {
            let content = segment.content.read().unwrap_or_else(PoisonError::into_inner);
            match &*content {
                Content::Open { index, .. } => index.ranges().get(&partition).map(|range| range.0),
                Content::Closed { ranges, .. } => ranges.get(&partition).map(|range| range.0),
            }
        })
    }

    /// The last batch of a partition.
    pub fn last_batch(&self, partition: u16) -> Option<u64> {
        self.all().values().rev().find_map(|segment| {
            let content = segment.content.read().unwrap_or_else(PoisonError::into_inner);
            match &*content {
                Content::Open { index, .. } => index.ranges().get(&partition).map(|range| range.1),
                Content::Closed { ranges, .. } => ranges.get(&partition).map(|range| range.1),
            }
        })
    }

    /// Where the first frame stands.
    pub fn first_position(&self) -> Result<Option<Position>> {
        let first =
            self.all().iter().next().map(|(sequence, segment)| (*sequence, Arc::clone(segment)));
        let Some((sequence, segment)) = first else { return Ok(None) };
        let bytes = match &*segment.content.read().unwrap_or_else(PoisonError::into_inner) {
            Content::Open { file, .. } => Bytes::Plain(Arc::clone(file)),
            Content::Closed { bytes, .. } => bytes.clone(),
        };
        let path = self.path(sequence);
        let mut head = [0; SEGMENT_HEAD_BYTES as usize];
        bytes.read_at(&mut head, 0).map_err(|source| StorageError::io(&path, source))?;
        parse_segment_head(&head, self.family, &path)
    }

    /// Whether segment `sequence` is there.
    pub fn has_segment(&self, sequence: u64) -> bool {
        self.all().contains_key(&sequence)
    }

    /// Reads every frame of closed segments from `from` on, in order, and says where each ends.
    pub fn frames(&self, from: Position, each: EachWithEnd<'_>) -> Result<()> {
        let sequences: Vec<u64> = self.all().range(from.sequence..).map(|entry| *entry.0).collect();
        for sequence in sequences {
            let Some(segment) = self.segment(sequence) else { continue };
            let bytes = {
                let content = segment.content.read().unwrap_or_else(PoisonError::into_inner);
                match &*content {
                    Content::Closed { bytes, .. } => bytes.clone(),
                    Content::Open { .. } => continue,
                }
            };
            let path = self.path(sequence);
            let len = bytes.len().map_err(|source| StorageError::io(&path, source))?;
            let mut asked_to = 0;
            let mut read = |buffer: &mut [u8], offset: u64| {
                let end = offset + buffer.len() as u64;
                if end + READ_AHEAD_BYTES / 2 > asked_to {
                    let from = asked_to.max(offset);
                    asked_to = end + READ_AHEAD_BYTES;
                    bytes.will_read(from, asked_to - from);
                }
                bytes.read_at(buffer, offset)
            };
            let start = if sequence == from.sequence {
                from
            } else {
                let mut head = [0; SEGMENT_HEAD_BYTES as usize];
                read(&mut head, 0).map_err(|source| StorageError::io(&path, source))?;
                parse_segment_head(&head, self.family, &path)?
                    .ok_or_else(|| StorageError::damaged(&path, 0, "it has no head"))?
            };
            let mut give = |head: &FrameHead, after: &Position, _: u64, payload: &[u8]| {
                each(head, after, payload)
            };
            let (at, end) = scan(&mut read, len, start, &mut give, &path)?;
            if let End::Broken { what, .. } = end {
                return Err(StorageError::damaged(&path, at.offset, what));
            }
        }
        Ok(())
    }

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
                .map_err(|error| StorageError::damaged(path, payload_at, error.to_string()))?;
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

/// Bytes at the end of a closed segment that say where its footer is: `sequence u64 · offset u64 ·
/// next frame u64 · checksum u32 · checksum of these u32`.
const CLOSING_BYTES: u64 = 32;

fn write_footer(index: &Index, newest: Timestamp, end: &Position) -> Vec<u8> {
    let mut footer = new_frame(1024);
    footer.extend_from_slice(&newest.micros().to_le_bytes());
    index.write(&mut footer);
    let length = footer.len();
    footer.resize((length + CLOSING_BYTES as usize).next_multiple_of(8), 0);
    let at = footer.len() - CLOSING_BYTES as usize;
    footer[at..at + 8].copy_from_slice(&end.sequence.to_le_bytes());
    footer[at + 8..at + 16].copy_from_slice(&end.offset.to_le_bytes());
    footer[at + 16..at + 24].copy_from_slice(&end.next_frame.to_le_bytes());
    footer[at + 24..at + 28].copy_from_slice(&end.checksum.to_le_bytes());
    let checksum = crc32c::crc32c(&footer[at..at + 28]);
    footer[at + 28..].copy_from_slice(&checksum.to_le_bytes());
    seal_footer(&mut footer, newest, end);
    footer
}

fn parse_footer(footer: &[u8]) -> Option<(Index, Timestamp)> {
    let (newest, index) = footer.split_first_chunk()?;
    let newest = Timestamp::from_micros(i64::from_le_bytes(*newest));
    Some((Index::read(index).ok()?, newest))
}

/// Whether the file of segment `sequence` ends as a closed one does.
pub(crate) fn is_closed(file: &dyn DiskFile, sequence: u64) -> io::Result<bool> {
    let Some(tail_at) = file.len()?.checked_sub(CLOSING_BYTES) else { return Ok(false) };
    let mut tail = [0; CLOSING_BYTES as usize];
    file.read_at(&mut tail, tail_at)?;
    Ok(parse_closing(&tail, sequence).is_some())
}

fn parse_closing(tail: &[u8], sequence: u64) -> Option<Position> {
    let word = |at: usize| u32::from_le_bytes(tail[at..at + 4].try_into().expect("4 bytes"));
    let long = |at: usize| u64::from_le_bytes(tail[at..at + 8].try_into().expect("8 bytes"));
    let is_it = crc32c::crc32c(&tail[..28]) == word(28) && long(0) == sequence;
    is_it.then(|| Position { sequence, offset: long(8), next_frame: long(16), checksum: word(24) })
}

/// Appends frames of slices, and keeps the index.
#[derive(Debug)]
pub struct SliceWriter {
    writer: Writer,
    slices: Arc<Slices>,
    newest: Timestamp,
}

/// A segment to be closed in the background.
#[derive(Debug)]
pub struct Left {
    rotated: Rotated,
    newest: Timestamp,
    slices: Arc<Slices>,
}

impl Left {
    /// Closes it, and returns its sequence number.
    pub fn close(&self) -> Result<u64> {
        self.slices.close(&self.rotated, self.newest)?;
        Ok(self.rotated.end.sequence)
    }
}

impl SliceWriter {
    /// Goes on after `position` in a segment of its own.
    pub fn begin(slices: Arc<Slices>, position: Position, segment_bytes: u64) -> Result<Self> {
        let disk = Arc::clone(&slices.disk);
        let writer = Writer::begin(disk, slices.family, position, segment_bytes)?;
        slices.begin(writer.position().sequence, Arc::clone(writer.file()));
        Ok(Self { writer, slices, newest: Timestamp::default() })
    }

    /// The writer below.
    pub const fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    /// Where the next frame goes.
    pub const fn position(&self) -> Position {
        self.writer.position()
    }

    /// Appends a frame whose payload has the family's prefix and then slices; returns a segment that
    /// was left, if any.
    pub fn append(
        &mut self,
        time: Timestamp,
        synced: u64,
        frame: &mut [u8],
    ) -> Result<Option<Left>> {
        let before = self.newest;
        let Appended { payload_at, rotated } = self.writer.append(time, synced, 0, frame)?;
        self.newest = time;
        if rotated.is_some() {
            self.slices.begin(self.writer.position().sequence, Arc::clone(self.writer.file()));
        }
        let payload = &frame[crate::segment::FRAME_HEAD_BYTES..];
        self.slices.note(self.writer.position().sequence, payload_at, payload)?;
        let slices = Arc::clone(&self.slices);
        Ok(rotated.map(|rotated| Left { rotated, newest: before, slices }))
    }
}
