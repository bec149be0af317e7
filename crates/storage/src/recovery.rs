//! Recovery of the frames of a family, whatever becomes of them: where they end, and what is damage.
//!
//! Frames follow each other over all segments. They end at the first that is not whole, unless a later one,
//! or a checkpoint, says that more was durable: that was answered for, and is damage.

use std::io;
use std::sync::Arc;

use accolade_engine::disk::{Disk, DiskFile};

use crate::bytes::Bytes;
use crate::error::{Result, StorageError};
use crate::segment::{Cut, End, FrameHead, Position, highest_synced, scan};

/// A segment that is there. It is read as one that is closed, since there are many.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) sequence: u64,
    pub(crate) path: String,
    pub(crate) bytes: Bytes,
    /// Where its frames begin; nothing where its head never reached the disk.
    pub(crate) head: Option<Position>,
}

impl Found {
    pub(crate) fn io(&self) -> impl Fn(io::Error) -> StorageError {
        move |source| StorageError::io(&self.path, source)
    }

    pub(crate) fn len(&self) -> Result<u64> {
        self.bytes.len().map_err(self.io())
    }

    /// The file of a segment that is never compressed.
    pub(crate) fn plain(&self) -> &Arc<dyn DiskFile> {
        let Bytes::Plain(file) = &self.bytes else { unreachable!("only slices are compressed") };
        file
    }

    /// The file to be written, where its end is not as it should be.
    pub(crate) fn open_to_write(&self, disk: &dyn Disk) -> Result<Arc<dyn DiskFile>> {
        disk.open(&self.path).map_err(self.io())
    }

    fn damaged(&self, offset: u64, what: &str) -> StorageError {
        StorageError::damaged(&self.path, offset, what)
    }

    /// The highest frame that its frames from `next` on say was durable.
    fn highest_named(&self, next: u64) -> Result<u64> {
        let mut read = |buffer: &mut [u8], offset| self.bytes.read_at(buffer, offset);
        highest_synced(&mut read, self.len()?, 0, next, &self.path)
    }
}

/// What a checkpoint says of a family.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// The highest frame that was durable.
    pub(crate) durable: u64,
    /// Where the frames are to end, whatever comes behind.
    pub(crate) until: Option<Position>,
}

/// Whoever hears of what is recovered, in order.
pub(crate) trait Recovers {
    /// Where the frames of a segment end that need not be read, as its footer says; `next` is where those
    /// of the segment after it begin.
    fn known_end(
        &mut self,
        found: &Found,
        head: &Position,
        next: Option<Position>,
    ) -> Result<Option<Position>>;

    /// The next frame: what it says about itself, where the one after it goes, where its payload begins,
    /// and the payload.
    fn frame(
        &mut self,
        found: &Found,
        head: &FrameHead,
        after: &Position,
        payload_at: u64,
        payload: &[u8],
    ) -> Result<()>;

    /// The segment's frames end here; `is_closed` where its footer follows.
    fn ended(&mut self, found: &Found, end: Position, is_closed: bool) -> Result<()>;
}

/// Where frames end, and the segments that hold none that count.
#[derive(Debug)]
pub(crate) struct Recovered<'a> {
    pub(crate) end: Option<Position>,
    pub(crate) superfluous: Vec<&'a Found>,
}

/// Recovers the frames of `segments`, which are in order.
pub(crate) fn recover<'a>(
    segments: &'a [Found],
    bounds: Bounds,
    recovers: &mut dyn Recovers,
) -> Result<Recovered<'a>> {
    let Bounds { durable, until } = bounds;
    let mut end: Option<Position> = None;
    let mut superfluous: Vec<&Found> = Vec::new();
    for (at, found) in segments.iter().enumerate() {
        let later = &segments[at + 1..];
        let follows = |head: &Position| match &end {
            Some(end) => end.leads_to(head),
            // What was first may have been lost, and only what came behind it be left.
            None => superfluous.is_empty() || head.next_frame == 1,
        };
        let Some(head) = found.head.filter(follows) else {
            let next = end.map_or(1, |end| end.next_frame);
            let named = found.highest_named(next)?;
            if named >= next || (durable >= next && end.is_some()) {
                return Err(found.damaged(0, "it does not follow the segment before it"));
            }
            superfluous.push(found);
            continue;
        };
        let next = later.iter().find_map(|found| found.head);
        if let Some(known) = recovers.known_end(found, &head, next)? {
            end = Some(known);
            continue;
        }
        let len = match until {
            Some(until) if until.sequence == found.sequence => until.offset.min(found.len()?),
            _ => found.len()?,
        };
        let mut cut = Cut::before(next, head);
        let mut each = |frame: &FrameHead, after: &Position, at, payload: &[u8]| {
            if cut.passes(frame, after) {
                return Ok(());
            }
            recovers.frame(found, frame, after, at, payload)
        };
        let mut read = |buffer: &mut [u8], offset| found.bytes.read_at(buffer, offset);
        let (scanned_to, ending) = scan(&mut read, len, head, &mut each, &found.path)?;
        let position = cut.at().unwrap_or(scanned_to);
        // Where they go on in the next segment, a footer was torn, or what was cut came back.
        if let End::Broken { what, synced } = ending
            && cut.at().is_none()
        {
            let mut named = synced.max(durable);
            for found in later {
                named = named.max(found.highest_named(position.next_frame)?);
            }
            if named >= position.next_frame {
                return Err(found.damaged(position.offset, what));
            }
        }
        let is_closed = matches!(ending, End::Footer(_)) && position == scanned_to;
        recovers.ended(found, position, is_closed)?;
        end = Some(position);
    }
    Ok(Recovered { end, superfluous })
}
