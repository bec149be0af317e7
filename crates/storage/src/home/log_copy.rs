//! A home's copy of its batches, for whoever asks for raw bytes. The truth is elsewhere: the copy is
//! never synced for its own sake, and a failure of it is only a gap.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use accolade_engine::disk::{Disk, DiskFile};
use accolade_engine::partition::Moment;
use accolade_wire::record::{SLICE_HEAD_BYTES, Slice};

use crate::error::Result;
use crate::log::RANDOM_BYTES;
use crate::open::{Options, START};
use crate::segment::{Family, Position, new_frame};
use crate::slices::{Left, SliceWriter, Slices};

/// The copy of the log: frames as those of the embedded form's log, with one slice each.
#[derive(Debug)]
pub(super) struct LogCopy {
    slices: Arc<Slices>,
    writing: Mutex<Writing>,
}

#[derive(Debug)]
struct Writing {
    /// Nothing once writing has failed: there is no more copy until the home is opened again.
    writer: Option<SliceWriter>,
    /// After the last frame that was written.
    end: Position,
    next_batch: u64,
    left: Vec<Left>,
}

impl LogCopy {
    /// Goes on at `from`, with `next_batch`; where the copy does not lead there, it begins anew.
    pub(super) fn open(
        disk: &Arc<dyn Disk>,
        from: Position,
        next_batch: u64,
        options: &Options,
    ) -> Self {
        let empty = || {
            let disk = Arc::clone(disk);
            Arc::new(Slices::new(disk, Family::Log, RANDOM_BYTES, &options.tables))
        };
        let mut slices = empty();
        match slices.recover(Some(from), 0, Some(from), &mut |_, _| Ok(())) {
            Ok(end) if end == Some(from) || (end.is_none() && from == START) => {}
            recovered => {
                tracing::info!(?recovered, "the copy of the log begins anew");
                slices = empty();
                remove_all(&**disk);
            }
        }
        let writer = SliceWriter::begin(Arc::clone(&slices), from, options.log_segment_bytes)
            .inspect_err(|error| tracing::warn!(%error, "there is no copy of the log"))
            .ok();
        let end = writer.as_ref().map_or(from, SliceWriter::position);
        let writing = Mutex::new(Writing { writer, end, next_batch, left: Vec::new() });
        Self { slices, writing }
    }

    pub(super) const fn slices(&self) -> &Arc<Slices> {
        &self.slices
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the copy ends.
    pub(super) fn position(&self) -> Position {
        self.writing().end
    }

    /// Appends a batch, unless it has it.
    pub(super) fn append(&self, slice: &Slice<'_>, moment: &Moment) {
        let mut writing = self.writing();
        if slice.batch < writing.next_batch {
            return;
        }
        writing.next_batch = slice.batch + 1;
        if let Err(error) = writing.append(slice, moment) {
            tracing::warn!(%error, batch = slice.batch, "the copy of the log ends here");
            writing.writer = None;
        }
    }

    /// Closes what was left; says whether there was anything.
    pub(super) fn close_left(&self) -> bool {
        let left = std::mem::take(&mut self.writing().left);
        for left in &left {
            if let Err(error) = left.close() {
                tracing::warn!(%error, "a segment of the log's copy stays open");
            }
        }
        !left.is_empty()
    }

    /// The sequence number and size of the next segment, where it has to be allocated.
    pub(super) fn spare_wanted(&self) -> Option<(u64, u64)> {
        let mut writing = self.writing();
        let writer = writing.writer.as_mut()?.writer();
        writer.wants_spare().then(|| writer.spare_wanted())
    }

    pub(super) fn give_spare(&self, sequence: u64, file: Arc<dyn DiskFile>) {
        if let Some(writer) = &mut self.writing().writer {
            writer.writer().give_spare(sequence, file);
        }
    }
}

impl Writing {
    fn append(&mut self, slice: &Slice<'_>, moment: &Moment) -> Result<()> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let mut frame = new_frame(RANDOM_BYTES + SLICE_HEAD_BYTES + slice.body.len());
        frame.extend_from_slice(&moment.random);
        slice.write(&mut frame);
        let left = writer.append(moment.time, 0, &mut frame)?;
        self.end = writer.position();
        if left.is_some() {
            drop(writer.writer().to_sync());
        }
        self.left.extend(left);
        Ok(())
    }
}

fn remove_all(disk: &dyn Disk) {
    let folder = Family::Log.folder();
    let names = disk.list(folder).unwrap_or_default();
    for name in names {
        if let Err(error) = disk.remove(&format!("{folder}/{name}")) {
            tracing::warn!(%error, name, "a file of the log's copy stays");
        }
    }
}
