//! Segments that hold slices, found again by partition and batch: the log, the journal and the dead
//! letters.

mod closing;
mod content;
mod footer;
mod recovery;
mod writer;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use accolade_engine::disk::{Disk, DiskFile};
use accolade_wire::bytes::Cursor;
use accolade_wire::record::Slice;

pub use self::closing::ClosedSegment;
use self::content::{Content, Segment};
pub(crate) use self::footer::is_closed;
pub use self::writer::{Left, SliceWriter};
use crate::bytes::Bytes;
use crate::error::{Result, StorageError};
use crate::index::{Index, SliceAt};
use crate::segment::{
    End, Family, FrameHead, Position, SEGMENT_HEAD_BYTES, parse_segment_head, scan,
};
use crate::table_cache::TableCache;

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
    /// What was read of late of the tables and indexes of closed segments.
    tables: TableCache,
}

/// Hears of a frame: what it says about itself, where the next one goes, and its payload.
pub type EachWithEnd<'a> = &'a mut dyn FnMut(&FrameHead, &Position, &[u8]) -> Result<()>;

impl Slices {
    /// A family without segments. `prefix_bytes` of each frame's payload come before its slices.
    pub fn new(
        disk: Arc<dyn Disk>,
        family: Family,
        prefix_bytes: usize,
        tables: &TableCache,
    ) -> Self {
        let (segments, tables) = (RwLock::default(), tables.clone());
        Self { disk, family, prefix_bytes, segments, tables }
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
        let bad = |bad| StorageError::bad(self.path(sequence), payload_at, bad);
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

    /// Whether the slice of a batch is there.
    pub fn has(&self, partition: u16, batch: u64) -> Result<bool> {
        Ok(self.locate(partition, batch)?.is_some())
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
        let Some((sequence, segment)) = self.that_may_hold(partition, batch) else {
            return Ok(None);
        };
        let (bytes, closed) = match &*segment.content() {
            Content::Open { file, index } => {
                let found = index.find(partition, batch);
                return Ok(found.map(|at| (sequence, at, Bytes::Plain(Arc::clone(file)))));
            }
            Content::Closed { bytes, closed, .. } => (bytes.clone(), Arc::clone(closed)),
        };
        let found = self.find_closed(&closed, &bytes, partition, batch)?;
        Ok(found.map(|at| (sequence, at, bytes)))
    }

    /// The segment whose range of batches includes `batch`. A partition's batches ascend from segment to
    /// segment, but not every segment has some.
    fn that_may_hold(&self, partition: u16, batch: u64) -> Option<(u64, Arc<Segment>)> {
        let all = self.all();
        let (mut low, mut high) = (*all.first_key_value()?.0, *all.last_key_value()?.0 + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let has_some = |(sequence, segment): (&u64, &Arc<Segment>)| {
                Some((*sequence, segment.range(partition)?, Arc::clone(segment)))
            };
            match all.range(middle..high).find_map(has_some) {
                Some((sequence, (_, last), _)) if batch > last => low = sequence + 1,
                Some((sequence, (first, _), segment)) if batch >= first => {
                    return Some((sequence, segment));
                }
                Some(_) | None => high = middle,
            }
        }
        None
    }

    fn read_slice(&self, sequence: u64, bytes: &Bytes, at: SliceAt) -> Result<Vec<u8>> {
        let path = || self.path(sequence);
        let mut slice = vec![0; at.length as usize];
        bytes
            .read_at(&mut slice, u64::from(at.offset))
            .map_err(|source| StorageError::io(path(), source))?;
        let bad = |bad| StorageError::bad(path(), at.offset.into(), bad);
        Slice::read(&mut Cursor::new(&slice, "slice")).map_err(bad)?;
        Ok(slice)
    }

    /// The first batch of a partition that is still there.
    pub fn first_batch(&self, partition: u16) -> Option<u64> {
        self.all().values().find_map(|segment| segment.range(partition)).map(|range| range.0)
    }

    /// The last batch of a partition.
    pub fn last_batch(&self, partition: u16) -> Option<u64> {
        self.all().values().rev().find_map(|segment| segment.range(partition)).map(|range| range.1)
    }

    /// Where the first frame stands.
    pub fn first_position(&self) -> Result<Option<Position>> {
        let first =
            self.all().iter().next().map(|(sequence, segment)| (*sequence, Arc::clone(segment)));
        let Some((sequence, segment)) = first else { return Ok(None) };
        let bytes = match &*segment.content() {
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
            let bytes = match &*segment.content() {
                Content::Closed { bytes, .. } => bytes.clone(),
                Content::Open { .. } => continue,
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
}
