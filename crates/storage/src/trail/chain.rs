//! The chain of a node on its disk: it is opened, appended to and shortened at its front, one step at a time, without
//! threads and clock.

use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_engine::disk::Disk;
use accolade_wire::trail::{ChainEnd, TrailEntry, TrailKind, read_frame};

use super::reading::first_time;
use crate::error::{Result, StorageError};
use crate::frames;
use crate::open::START;
use crate::random::random;
use crate::segment::{Family, Position, Writer, new_frame, sync_all};

/// Bytes of records in a frame, beyond which another is begun.
const FRAME_BYTES: usize = 1 << 20;

/// A record on its way into the chain.
#[derive(Debug)]
pub struct Pending {
    /// When it was made.
    pub at: Timestamp,
    /// What it says.
    pub entry: TrailEntry,
}

/// Why records are not in the chain.
#[derive(Debug)]
pub enum NotAppended {
    /// Nothing was written that counts: it may be tried again.
    Again(StorageError),
    /// What was written may vanish: nothing more is appended before the chain was opened again.
    Never(StorageError),
}

/// The chain of a node.
#[derive(Debug)]
pub struct TrailChain {
    disk: Arc<dyn Disk>,
    segment_bytes: u64,
    node: String,
    /// Begun with the first record of a process: a node that writes none leaves no file.
    writer: Option<Writer>,
    position: Position,
    /// Nothing before the first record of all.
    end: Option<ChainEnd>,
    /// Records of the last append that are there.
    appended: usize,
}

impl TrailChain {
    /// Opens the chain on `disk`, and cuts what of its end was not written whole. `node` is written at the front of a
    /// new one.
    pub fn open(disk: Arc<dyn Disk>, segment_bytes: u64, node: &str) -> Result<Self> {
        // A folder survives a crash only once it was synced into its own.
        for folder in [Family::Trail.folder(), ""] {
            disk.sync_dir(folder).map_err(|source| StorageError::io(folder, source))?;
        }
        let mut end: Option<ChainEnd> = None;
        let found = frames::recover_end(&*disk, Family::Trail, &mut |_, _, at, payload| {
            let read = read_frame(payload, end.as_ref());
            let (_, next) = read.map_err(|not_fitting| {
                StorageError::damaged(Family::Trail.folder(), at, not_fitting.what)
            })?;
            end = Some(next);
            Ok(())
        })?;
        let position = found.unwrap_or(START);
        if end.is_none() && position.next_frame > 1 {
            let what = "the trail goes on from records that are not there";
            return Err(StorageError::damaged(Family::Trail.folder(), 0, what));
        }
        let node = node.to_owned();
        Ok(Self { disk, segment_bytes, node, writer: None, position, end, appended: 0 })
    }

    /// Where the chain goes on; nothing where it has not begun.
    pub const fn end(&self) -> Option<ChainEnd> {
        self.end
    }

    /// Where its frames end.
    pub const fn position(&self) -> Position {
        self.position
    }

    /// Appends records, durably.
    pub fn append(&mut self, records: &[Pending]) -> std::result::Result<(), NotAppended> {
        let mut rest = records;
        self.appended = 0;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |pending: &&Pending| {
                bytes += pending.entry.bytes_max();
                bytes <= FRAME_BYTES
            };
            let count = rest.iter().take_while(fits).count().max(1);
            let (group, after) = rest.split_at(count);
            self.append_frame(group)?;
            self.appended += count;
            rest = after;
        }
        Ok(())
    }

    /// How many records of the last append are there, where it has failed.
    pub const fn appended(&self) -> usize {
        self.appended
    }

    fn append_frame(&mut self, records: &[Pending]) -> std::result::Result<(), NotAppended> {
        let before = match self.end {
            Some(end) => end,
            None => ChainEnd::new(u64::from_le_bytes(random().map_err(NotAppended::Again)?)),
        };
        let mut end = before;
        let mut frame = new_frame(records.len() * 256);
        end.begin_frame(&mut frame);
        let first_at = records[0].at.max(end.at);
        if self.end.is_none() {
            let (kind, name) = (TrailKind::Began, self.node.clone());
            let began = TrailEntry { kind, name, count: 1, ..TrailEntry::default() };
            end.append(first_at, &began, &mut frame);
        }
        for Pending { at, entry } in records {
            end.append(*at, entry, &mut frame);
        }
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => self.writer.insert(self.begin().map_err(NotAppended::Again)?),
        };
        // Each frame is durable before the next is written.
        let synced = writer.position().next_frame - 1;
        writer.append(first_at, synced, 0, &mut frame).map_err(NotAppended::Again)?;
        sync_all(&writer.to_sync()).map_err(NotAppended::Never)?;
        (self.position, self.end) = (writer.position(), Some(end));
        Ok(())
    }

    fn begin(&self) -> Result<Writer> {
        let begin = || {
            let disk = Arc::clone(&self.disk);
            Writer::begin(disk, Family::Trail, self.position, self.segment_bytes)
        };
        begin().inspect_err(|_| {
            // What it may have left is in nobody's way then.
            self.disk.remove(&Family::Trail.path(self.position.sequence + 1)).ok();
        })
    }

    /// Removes the segments all of whose records are older than `time`.
    pub fn remove_before(&self, time: Timestamp) -> Result<usize> {
        let sequences = frames::list(&*self.disk, Family::Trail)?;
        let mut removed = 0;
        for pair in sequences.windows(2) {
            let next = first_time(&*self.disk, pair[1])?;
            if next.is_none_or(|next| next >= time) {
                break;
            }
            frames::remove(&*self.disk, Family::Trail, pair[0])?;
            removed += 1;
        }
        Ok(removed)
    }
}
