//! The embedded log: batches are collected, written as one frame, and durable before anything of
//! them is answered or folded.

use std::ops::Range;
use std::sync::Arc;

use accolade_domain::account::SLOTS_MAX;
use accolade_domain::time::Timestamp;
use accolade_engine::input::Known;
use accolade_engine::partition::Moment;
use accolade_wire::bytes::Cursor;
use accolade_wire::record::{HAS_CONTROL, SLICE_HEAD_BYTES, Slice};

use crate::error::{Result, StorageError};
use crate::segment::{FRAME_HEAD_BYTES, FrameHead, Position, new_frame};
use crate::slices::{Left, SliceWriter};

/// Random bytes at the front of a frame of the log.
pub const RANDOM_BYTES: usize = 32;

/// One frame of the log, durable: a batch for each partition that has something.
#[derive(Debug, Clone)]
pub struct LogFrame {
    /// Time and random bytes, which its batches have in common.
    pub moment: Moment,
    /// Where the log goes on after it.
    pub after: Position,
    bytes: Arc<Vec<u8>>,
    slices: Vec<(u16, Range<usize>)>,
    /// What is known of the records of each slice; empty for a frame that was read.
    known: Vec<Vec<Option<Known>>>,
}

impl LogFrame {
    /// Reads the payload of a frame of the log.
    pub fn read(head: &FrameHead, payload: &[u8], after: Position) -> Result<Self> {
        Self::parse(head.time, Arc::new(payload.to_vec()), 0, after)
    }

    fn parse(time: Timestamp, bytes: Arc<Vec<u8>>, from: usize, after: Position) -> Result<Self> {
        let mut slices = Vec::new();
        let mut start = from + RANDOM_BYTES;
        let payload = bytes.get(from..).unwrap_or_default();
        let random = each_slice(payload, &mut |slice| {
            let end = start + SLICE_HEAD_BYTES + slice.body.len();
            slices.push((slice.partition, start..end));
            start = end;
        })?;
        let moment = Moment { time, random };
        Ok(Self { moment, after, bytes, slices, known: Vec::new() })
    }

    /// The frame's slices.
    pub fn slices(&self) -> impl Iterator<Item = Slice<'_>> {
        self.slices_with_known().map(|(slice, _)| slice)
    }

    /// The frame's slices, with what is known of the records of each.
    pub fn slices_with_known(&self) -> impl Iterator<Item = (Slice<'_>, &[Option<Known>])> {
        self.slices.iter().enumerate().map(|(at, (_, range))| {
            let mut cursor = Cursor::new(&self.bytes[range.clone()], "slice");
            let slice = Slice::read_unchecked(&mut cursor).expect("the frame was parsed once");
            (slice, self.known.get(at).map_or(&[][..], Vec::as_slice))
        })
    }

    /// Bytes that the frame holds in memory.
    pub fn byte_count(&self) -> usize {
        let known: usize = self.known.iter().map(Vec::len).sum();
        self.bytes.len() + known * size_of::<Option<Known>>()
    }
}

/// Gives every slice in the payload of a frame of the log, and returns the frame's random bytes.
pub fn each_slice(payload: &[u8], each: &mut dyn FnMut(&Slice<'_>)) -> Result<[u8; RANDOM_BYTES]> {
    let bad = || StorageError::damaged("log", 0, "a frame is not a list of slices");
    let (random, slices) = payload.split_first_chunk().ok_or_else(bad)?;
    let mut cursor = Cursor::new(slices, "slice");
    while !cursor.is_empty() {
        each(&Slice::read_unchecked(&mut cursor).map_err(|_| bad())?);
    }
    Ok(*random)
}

/// Collects records and writes them.
#[derive(Debug)]
pub struct LogWriter {
    writer: SliceWriter,
    next_batches: Vec<u64>,
    time: Timestamp,
    staged: Vec<Staged>,
    staged_bytes: usize,
    undo: Option<Vec<u64>>,
}

#[derive(Debug, Default)]
struct Staged {
    records: Vec<u8>,
    known: Vec<Option<Known>>,
    count: u32,
    flags: u8,
    is_wanted: bool,
}

impl LogWriter {
    /// Goes on with a log: `next_batches` by partition, `time` of its last frame.
    pub fn new(writer: SliceWriter, next_batches: Vec<u64>, time: Timestamp) -> Self {
        let staged = next_batches.iter().map(|_| Staged::default()).collect();
        Self { writer, next_batches, time, staged, staged_bytes: 0, undo: None }
    }

    /// The writer below.
    pub const fn writer(&mut self) -> &mut SliceWriter {
        &mut self.writer
    }

    /// Where the next frame goes.
    pub const fn position(&self) -> Position {
        self.writer.position()
    }

    /// The time of the last frame.
    pub const fn time(&self) -> Timestamp {
        self.time
    }

    /// How many partitions there are.
    pub fn partitions(&self) -> u16 {
        u16::try_from(self.staged.len()).expect("partitions are counted in 16 bits")
    }

    /// Puts an encoded record into the next batch of its partition, with what is known of it; returns batch
    /// and slot, or nothing where the batch is full.
    pub fn put(
        &mut self,
        partition: u16,
        record: &[u8],
        known: Option<Known>,
    ) -> Option<(u64, u32)> {
        let staged = &mut self.staged[usize::from(partition)];
        if staged.count >= SLOTS_MAX {
            return None;
        }
        staged.records.extend_from_slice(record);
        staged.known.push(known);
        staged.count += 1;
        staged.is_wanted = true;
        self.staged_bytes += record.len();
        Some((self.next_batches[usize::from(partition)], staged.count))
    }

    /// Whether a batch of every partition still has room for `records` more.
    pub fn has_room(&self, records: u32) -> bool {
        self.staged.iter().all(|staged| staged.count + records <= SLOTS_MAX)
    }

    /// Puts a control record into the next batch of every partition; returns the batch and slot of
    /// the first.
    pub fn put_control(&mut self, record: &[u8]) -> Option<(u64, u32)> {
        if !self.has_room(1) {
            return None;
        }
        for partition in (0..self.partitions()).rev() {
            self.staged[usize::from(partition)].flags |= HAS_CONTROL;
            let place = self.put(partition, record, None);
            if partition == 0 {
                return place;
            }
        }
        None
    }

    /// Makes sure that a partition gets a batch, an empty one if need be.
    pub fn want_batch(&mut self, partition: u16) {
        self.staged[usize::from(partition)].is_wanted = true;
    }

    /// Bytes of the records that wait for the next commit.
    pub const fn staged_bytes(&self) -> usize {
        self.staged_bytes
    }

    /// Whether the next commit has anything to write.
    pub fn has_staged(&self) -> bool {
        self.staged.iter().any(|staged| staged.is_wanted)
    }

    /// After a commit that failed before anything was written, for want of room: forgets what was put.
    /// Says whether that could be done; if not, the log must not be written any more.
    pub fn undo(&mut self) -> bool {
        self.undo.take().map(|next_batches| self.next_batches = next_batches).is_some()
    }

    /// Writes what was put as one frame and makes it durable. A failure is final.
    ///
    /// `now` becomes the frame's time unless the log is further already.
    pub fn commit(&mut self, now: Timestamp, random: [u8; 32]) -> Result<(LogFrame, Option<Left>)> {
        self.time = self.time.max(now);
        let before = self.next_batches.clone();
        let mut frame = new_frame(RANDOM_BYTES + self.staged_bytes + 64 * self.staged.len());
        frame.extend_from_slice(&random);
        let (mut slices, mut known) = (Vec::new(), Vec::new());
        for (partition, staged) in (0..).zip(&mut self.staged) {
            if !std::mem::take(&mut staged.is_wanted) {
                continue;
            }
            let batch = self.next_batches[usize::from(partition)];
            let (flags, count) = (staged.flags, staged.count);
            let slice = Slice { partition, batch, flags, count, body: &staged.records };
            let start = frame.len();
            slice.write(&mut frame);
            slices.push((partition, start..frame.len()));
            let room = Vec::with_capacity(staged.known.len());
            known.push(std::mem::replace(&mut staged.known, room));
            (staged.flags, staged.count) = (0, 0);
            staged.records.clear();
            self.next_batches[usize::from(partition)] += 1;
        }
        self.staged_bytes = 0;
        let synced = self.writer.position().next_frame - 1;
        let at = self.writer.position();
        let appended = self.writer.append(self.time, synced, &mut frame);
        let left = appended.inspect_err(|_| {
            // Nothing of the frame was written if the writer stands where it stood.
            self.undo = (self.writer.position() == at).then_some(before);
        })?;
        self.writer.writer().sync()?;
        debug_assert!(frame.len() >= FRAME_HEAD_BYTES + RANDOM_BYTES);
        let moment = Moment { time: self.time, random };
        let after = self.writer.position();
        Ok((LogFrame { moment, after, bytes: Arc::new(frame), slices, known }, left))
    }
}
