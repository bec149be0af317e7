//! What becomes of segments that do not grow any more: they are closed, compressed and removed.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, PoisonError};

use accolade_domain::time::Timestamp;

use super::content::Content;
use super::footer::write_footer;
use super::{Slices, lock};
use crate::bytes::Bytes;
use crate::error::{Result, StorageError};
use crate::packed::{Packed, pack};
use crate::segment::{Family, Rotated};

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

impl Slices {
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
            // A footer says that all before it is durable.
            left.file.sync().map_err(io)?;
            let footer = write_footer(index, newest, &left.end);
            left.file.write_at(&footer, left.end.offset).map_err(io)?;
            left.file.set_len(left.end.offset + footer.len() as u64).map_err(io)?;
            left.file.sync().map_err(io)?;
            index.ranges()
        };
        let bytes = Bytes::Plain(self.disk.open_closed(&path).map_err(io)?);
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

    pub(super) fn open_packed(&self, path: &str) -> io::Result<Packed> {
        let file = self.disk.open_closed(path)?;
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
}
