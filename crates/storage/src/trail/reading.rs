//! Reading a chain: the newest records first, or all of them to see whether each fits.

use std::ops::ControlFlow;
use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_engine::disk::{Disk, DiskFile};
use accolade_wire::trail::{ChainEnd, NotFitting, TrailRecord, read_frame};

use crate::error::{Result, StorageError};
use crate::frames::{self, first_frame};
use crate::segment::{End, FRAME_HEAD_BYTES, Family, Position, read_segment_head, scan};

/// Segments that are read for one page.
const SEGMENTS_MAX: usize = 4;
/// Records that are looked at for one page.
const RECORDS_MAX: usize = 50_000;

/// A place in a chain: the time and the number of a record.
pub type At = (Timestamp, u64);

/// A chain that can be read, here or elsewhere.
#[derive(Debug, Clone)]
pub struct Readable {
    /// Where its files are.
    pub disk: Arc<dyn Disk>,
    /// The last frame that counts; nothing where all do.
    pub durable: Option<u64>,
}

/// What became of a look at a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// At all that there is.
    ToItsEnd,
    /// As far as was wanted.
    Enough,
    /// At as many as one page may cost; older ones than this were not looked at.
    To(At),
}

/// What a chain was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// How many records there are.
    pub records: u64,
    /// Where it goes on; nothing where there is none.
    pub end: Option<ChainEnd>,
}

fn open(disk: &dyn Disk, sequence: u64) -> Result<(String, Arc<dyn DiskFile>)> {
    let path = Family::Trail.path(sequence);
    // The last may still be written, and a look at it is short.
    let file = disk.open(&path).map_err(|source| StorageError::io(&path, source))?;
    Ok((path, file))
}

/// The time of the first record of a segment; nothing where it has none.
pub(super) fn first_time(disk: &dyn Disk, sequence: u64) -> Result<Option<Timestamp>> {
    let (path, file) = open(disk, sequence)?;
    if read_segment_head(&*file, Family::Trail, &path)?.is_none() {
        return Ok(None);
    }
    let head = first_frame(&*file).map_err(|source| StorageError::io(&path, source))?;
    Ok(head.map(|head| head.time))
}

impl Readable {
    fn sequences(&self) -> Result<Vec<u64>> {
        frames::list(&*self.disk, Family::Trail)
    }

    /// How many of `sequences` may have records before `time`: their first one is not younger.
    fn before(&self, sequences: &[u64], time: Timestamp) -> Result<usize> {
        let (mut from, mut to) = (0, sequences.len());
        while from < to {
            let middle = usize::midpoint(from, to);
            // Those that have none yet are the last.
            let first = first_time(&*self.disk, sequences[middle])?;
            if first.is_some_and(|first| first <= time) { from = middle + 1 } else { to = middle }
        }
        Ok(from)
    }

    /// Gives the records before `before`, the newest first, until `each` has enough or a page's worth was looked at.
    pub fn newest_first(
        &self,
        before: Option<At>,
        each: &mut dyn FnMut(&TrailRecord) -> ControlFlow<()>,
    ) -> Result<Looked> {
        let mut sequences = self.sequences()?;
        if let Some((time, _)) = before {
            sequences.truncate(self.before(&sequences, time)?);
        }
        let (mut looked, mut last) = (0, None);
        for (read, sequence) in sequences.into_iter().rev().enumerate() {
            if let Some(last) = last
                && (read >= SEGMENTS_MAX || looked >= RECORDS_MAX)
            {
                return Ok(Looked::To(last));
            }
            let mut frames = self.frames(sequence)?;
            while let Some((path, at, payload)) = frames.pop() {
                let read = read_frame(&payload, None);
                let (mut records, _) =
                    read.map_err(|not_fitting| StorageError::damaged(path, at, not_fitting.what))?;
                while let Some(record) = records.pop() {
                    let at = (record.at, record.number);
                    if before.is_some_and(|before| at >= before) {
                        continue;
                    }
                    looked += 1;
                    last = Some(at);
                    if each(&record).is_break() {
                        return Ok(Looked::Enough);
                    }
                }
                if let Some(last) = last
                    && looked >= RECORDS_MAX
                {
                    return Ok(Looked::To(last));
                }
            }
        }
        Ok(Looked::ToItsEnd)
    }

    /// The frames of a segment that count: path, place and payload of each.
    fn frames(&self, sequence: u64) -> Result<Vec<(String, u64, Vec<u8>)>> {
        let (path, file) = open(&*self.disk, sequence)?;
        let Some(head) = read_segment_head(&*file, Family::Trail, &path)? else {
            return Ok(Vec::new());
        };
        let len = file.len().map_err(|source| StorageError::io(&path, source))?;
        let mut frames = Vec::new();
        let mut read = |buffer: &mut [u8], offset| file.read_at(buffer, offset);
        let mut each = |head: &crate::segment::FrameHead, _: &Position, at, payload: &[u8]| {
            if self.durable.is_none_or(|durable| head.number <= durable) {
                frames.push((path.clone(), at, payload.to_vec()));
            }
            Ok(())
        };
        let (end, ending) = scan(&mut read, len, head, &mut each, &path)?;
        match ending {
            End::Broken { what, .. } if self.counts(end.next_frame) => {
                Err(StorageError::damaged(path, end.offset, what))
            }
            End::Broken { .. } | End::Clean | End::Footer(_) => Ok(frames),
        }
    }

    fn counts(&self, frame: u64) -> bool {
        self.durable.is_none_or(|durable| frame <= durable)
    }

    /// Reads all of the chain, and says of the first record that does not fit.
    pub fn verify(
        &self,
        each: &mut dyn FnMut(u64),
    ) -> Result<std::result::Result<Verified, NotFitting>> {
        let mut verified = Verified { records: 0, end: None };
        let mut position: Option<Position> = None;
        for sequence in self.sequences()? {
            let (path, file) = open(&*self.disk, sequence)?;
            let Some(head) = read_segment_head(&*file, Family::Trail, &path)? else { continue };
            let not_fitting = |verified: &Verified, what: &str| {
                let number = verified.end.map(|end| end.next);
                Ok(Err(NotFitting { number, what: format!("`{path}`: {what}") }))
            };
            if position.is_some_and(|position| !position.leads_to(&head)) {
                return not_fitting(&verified, "it does not follow the segment before it");
            }
            let len = file.len().map_err(|source| StorageError::io(&path, source))?;
            let mut found = None;
            let mut read = |buffer: &mut [u8], offset| file.read_at(buffer, offset);
            let mut add = |payload: &[u8]| match read_frame(payload, verified.end.as_ref()) {
                Ok((records, end)) => {
                    verified.records += records.len() as u64;
                    verified.end = Some(end);
                    each(verified.records);
                    Ok(())
                }
                Err(not_fitting) => Err(not_fitting),
            };
            let mut frame = |head: &crate::segment::FrameHead, _: &Position, _, payload: &[u8]| {
                if found.is_none() && self.durable.is_none_or(|durable| head.number <= durable) {
                    found = add(payload).err();
                }
                Ok(())
            };
            let (end, ending) = scan(&mut read, len, head, &mut frame, &path)?;
            if found.is_none()
                && let End::Broken { .. } = ending
                && self.counts(end.next_frame)
            {
                // Which of its records it is, its hashes say.
                found =
                    torn(&*file, &path, end.offset, len)?.and_then(|payload| add(&payload).err());
                if found.is_none() {
                    return not_fitting(&verified, "a frame's checksum does not fit");
                }
            }
            if let Some(found) = found {
                let what = format!("`{path}`: {}", found.what);
                return Ok(Err(NotFitting { what, ..found }));
            }
            position = Some(end);
        }
        let last = position.map_or(0, |position| position.next_frame - 1);
        if self.durable.is_some_and(|durable| durable > last) {
            let number = verified.end.map_or(1, |end| end.next);
            let what = "it was durable, and is not there".to_owned();
            return Ok(Err(NotFitting { number: Some(number), what }));
        }
        Ok(Ok(verified))
    }
}

/// The payload of a frame whose checksum does not fit, where its length may be believed.
fn torn(file: &dyn DiskFile, path: &str, offset: u64, len: u64) -> Result<Option<Vec<u8>>> {
    let io = |source| StorageError::io(path, source);
    let mut length = [0; 4];
    file.read_at(&mut length, offset).map_err(io)?;
    let payload_at = offset + FRAME_HEAD_BYTES as u64;
    let length = u64::from(u32::from_le_bytes(length));
    if length == 0 || payload_at + length > len {
        return Ok(None);
    }
    let mut payload = vec![0; length as usize];
    file.read_at(&mut payload, payload_at).map_err(io)?;
    Ok(Some(payload))
}
