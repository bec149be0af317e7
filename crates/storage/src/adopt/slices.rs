//! Copying one partition's slices of a family, one after the other.

use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_engine::disk::Disk;
use accolade_engine::partition::Partition;
use accolade_wire::bytes::Cursor;
use accolade_wire::journal::Outcomes;
use accolade_wire::record::Slice;

use crate::backing::Backing;
use crate::error::{Result, StorageError};
use crate::open::{Options, START};
use crate::segment::{FRAME_HEAD_BYTES, Family, Position, new_frame};
use crate::slices::{SliceWriter, Slices};

/// Slices are brought together in frames of about so many bytes.
const FRAME_BYTES: usize = 64 << 10;

/// Writes slices in frames, and closes and compresses segments as they fill.
struct Copying {
    slices: Arc<Slices>,
    writer: SliceWriter,
    packs: bool,
    frame: Vec<u8>,
    time: Timestamp,
}

impl Copying {
    fn push(&mut self, time: Timestamp, slice: &[u8]) -> Result<()> {
        self.frame.extend_from_slice(slice);
        self.time = time;
        if self.frame.len() >= FRAME_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        if self.frame.len() == FRAME_HEAD_BYTES {
            return Ok(());
        }
        let left = self.writer.append(self.time, 0, &mut self.frame)?;
        self.frame.truncate(FRAME_HEAD_BYTES);
        if let Some(left) = left {
            // Closing makes it durable, and the next one is synced at the end.
            drop(self.writer.writer().to_sync());
            let sequence = left.close()?;
            if self.packs {
                self.slices.pack(sequence)?;
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Position> {
        self.flush()?;
        let writer = self.writer.writer();
        writer.file().sync().map_err(|source| StorageError::io(writer.path(), source))?;
        Ok(self.writer.position())
    }
}

/// Copies the slices of `partition` to `disk`; returns where they end, and how many there are.
///
/// A frame has the time of its last batch, which retention goes by.
pub(super) fn copy(
    from: &Backing,
    partition: &Partition,
    family: Family,
    disk: &Arc<dyn Disk>,
    sizes: &Options,
) -> Result<(Position, u64)> {
    let is_journal = family == Family::Journal;
    let (source, segment_bytes) = if is_journal {
        (&from.journal, sizes.journal_segment_bytes)
    } else {
        (&from.dead_letters, sizes.segment_bytes)
    };
    let slices = Arc::new(Slices::new(Arc::clone(disk), family, 0, &sizes.tables));
    let writer = SliceWriter::begin(Arc::clone(&slices), START, segment_bytes)?;
    let (frame, time) = (new_frame(FRAME_BYTES), Timestamp::default());
    let mut copying = Copying { slices, writer, packs: is_journal, frame, time };
    let number = partition.number();
    let first = source.first_batch(number);
    let last = source.last_batch(number);
    let mut copied = 0;
    for batch in first.unwrap_or(1)..=last.unwrap_or(0) {
        let Some(slice) = source.read(number, batch)? else {
            if is_journal {
                let what = format!("batch {batch} of partition {number} is not there");
                return Err(StorageError::damaged(family.folder(), 0, what));
            }
            continue;
        };
        let time = if is_journal { time_of(&slice) } else { time_in_journal(from, number, batch)? };
        copying.push(time.unwrap_or(partition.time()), &slice)?;
        copied += 1;
    }
    Ok((copying.finish()?, copied))
}

fn time_of(journal: &[u8]) -> Option<Timestamp> {
    let slice = Slice::read_unchecked(&mut Cursor::new(journal, "slice")).ok()?;
    Outcomes::read(&slice).ok().map(|outcomes| outcomes.time)
}

fn time_in_journal(from: &Backing, partition: u16, batch: u64) -> Result<Option<Timestamp>> {
    let journal = from.journal.read(partition, batch)?;
    Ok(journal.and_then(|journal| time_of(&journal)))
}
