//! What becomes of segments that do not grow any more: they are closed, compressed and removed.

use std::io;
use std::sync::{Arc, PoisonError};

use accolade_domain::time::Timestamp;

use super::Slices;
use super::content::{Content, Segment};
use super::footer::{CLOSING_BYTES, write_footer};
use crate::bytes::Bytes;
use crate::error::{Result, StorageError};
use crate::packed::{Packed, pack};
use crate::segment::{Family, Rotated, read_segment_head};

pub(super) const NO_INDEX: &str = "its index is missing";

/// A closed segment, as retention and compression see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedSegment {
    /// Its sequence number.
    pub sequence: u64,
    /// The highest last batch of any partition in it.
    pub last_batch: u64,
    /// The time of its last frame.
    pub newest: Timestamp,
    /// Bytes on disk.
    pub bytes: u64,
    /// Whether it is compressed.
    pub packed: bool,
}

impl Slices {
    /// Closes a segment that was left: its index goes behind its frames, what was allocated beyond
    /// is given back, and all of it becomes durable.
    pub fn close(&self, left: &Rotated, newest: Timestamp) -> Result<()> {
        let sequence = left.end.sequence;
        let path = self.path(sequence);
        let io = |source| StorageError::io(&path, source);
        let segment = self.segment(sequence).expect("a segment that was left is known");
        let footer = {
            let content = segment.content();
            let Content::Open { index, .. } = &*content else { return Ok(()) };
            let head = read_segment_head(&*left.file, self.family, &path)?;
            let head = head.expect("a segment that was left has a head");
            write_footer(index, newest, &head, &left.end)
        };
        let file_len = left.end.offset + footer.len() as u64;
        let (front, closing) = footer.split_at(footer.len() - CLOSING_BYTES);
        left.file.write_at(front, left.end.offset).map_err(io)?;
        left.file.set_len(file_len).map_err(io)?;
        // The closing says that all before it is durable.
        left.file.sync().map_err(io)?;
        left.file.write_at(closing, file_len - CLOSING_BYTES as u64).map_err(io)?;
        left.file.sync().map_err(io)?;
        let bytes = Bytes::Plain(self.disk.open_closed(&path).map_err(io)?);
        let closed = self.read_closed(sequence, &bytes)?;
        let closed = closed.ok_or_else(|| StorageError::damaged(&path, file_len, NO_INDEX))?;
        let closed = Content::Closed { bytes, file_len, closed: Arc::new(closed) };
        *segment.content.write().unwrap_or_else(PoisonError::into_inner) = closed;
        Ok(())
    }

    /// Compresses a closed segment and removes the original.
    pub fn pack(&self, sequence: u64) -> Result<()> {
        let packed_path = self.packed_path(sequence);
        let io = |source| StorageError::io(&packed_path, source);
        let Some(segment) = self.segment(sequence) else { return Ok(()) };
        let file = match &*segment.content() {
            Content::Closed { bytes: Bytes::Plain(file), .. } => Arc::clone(file),
            Content::Closed { .. } | Content::Open { .. } => return Ok(()),
        };
        let unfinished = packed_path.clone() + ".tmp";
        let raw_len = file.len().map_err(io)?;
        pack(&*self.disk, &*file, raw_len, self.block_bytes(), &unfinished).map_err(io)?;
        self.disk.rename(&unfinished, &packed_path).map_err(io)?;
        self.disk.sync_dir(self.family.folder()).map_err(io)?;
        let packed = self.open_packed(&packed_path).map_err(io)?;
        {
            let mut content = segment.content.write().unwrap_or_else(PoisonError::into_inner);
            if let Content::Closed { bytes, file_len, .. } = &mut *content {
                *file_len = packed.file_len();
                *bytes = Bytes::Packed(Arc::new(packed));
            }
        }
        self.remove_file(&self.path(sequence))
    }

    /// Larger blocks compress better; of the journal single entries are read, and a block is read whole.
    const fn block_bytes(&self) -> u32 {
        match self.family {
            Family::Log => 256 << 10,
            _ => 4 << 10,
        }
    }

    pub(super) fn open_packed(&self, path: &str) -> io::Result<Packed> {
        let file = self.disk.open_closed(path)?;
        if !matches!(self.family, Family::Log) {
            file.expect_scattered_reads();
        }
        Packed::open(file, &self.tables)
    }

    /// The closed segments, oldest first, up to the first that has yet to be closed: what goes in this
    /// order leaves no gap.
    pub fn closed(&self) -> Vec<ClosedSegment> {
        let closed = |(sequence, segment): (&u64, &Arc<Segment>)| {
            let Content::Closed { bytes, file_len, closed } = &*segment.content() else {
                return None;
            };
            Some(ClosedSegment {
                sequence: *sequence,
                last_batch: closed.summary.last_batch(),
                newest: closed.newest,
                bytes: *file_len,
                packed: matches!(bytes, Bytes::Packed(_)),
            })
        };
        self.all().iter().map_while(closed).collect()
    }

    fn remove_file(&self, path: &str) -> Result<()> {
        match self.disk.remove(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(|source| StorageError::io(path, source)),
        }
    }

    /// Removes a closed segment for ever.
    pub fn remove(&self, sequence: u64) -> Result<()> {
        if !self.has_segment(sequence) {
            return Ok(());
        }
        // Both names, since packing may have failed between one and the other.
        for path in [self.path(sequence), self.packed_path(sequence)] {
            self.remove_file(&path)?;
        }
        // The next one goes only once this is gone for ever, so that a crash never leaves a gap.
        let folder = self.family.folder();
        self.disk.sync_dir(folder).map_err(|source| StorageError::io(folder, source))?;
        self.segments.write().unwrap_or_else(PoisonError::into_inner).remove(&sequence);
        Ok(())
    }
}
