//! Appending frames of slices.

use std::sync::Arc;

use accolade_domain::time::Timestamp;

use super::Slices;
use crate::error::Result;
use crate::segment::{Appended, FRAME_HEAD_BYTES, Position, Rotated, Writer};

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
        // What a partition catches up with is older than what others have written before.
        self.newest = if rotated.is_some() { time } else { before.max(time) };
        if rotated.is_some() {
            self.slices.begin(self.writer.position().sequence, Arc::clone(self.writer.file()));
        }
        let payload = &frame[FRAME_HEAD_BYTES..];
        self.slices.note(self.writer.position().sequence, payload_at, payload)?;
        let slices = Arc::clone(&self.slices);
        Ok(rotated.map(|rotated| Left { rotated, newest: before, slices }))
    }
}
