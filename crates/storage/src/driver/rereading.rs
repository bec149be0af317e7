//! The log read again, beside the thread that writes it: for a partition that stood.

use std::cell::Cell;
use std::io;

use super::Ground;
use crate::error::{Result, StorageError};
use crate::log::LogFrame;
use crate::open;
use crate::segment::{Family, FrameHead, Position, read_segment_head, scan};

/// Bytes of frames that are read at once, about.
const BYTES_MAX: usize = 1 << 20;

/// A partition that has not folded all that came in.
#[derive(Debug)]
pub(super) struct Behind {
    pub(super) at: usize,
    pub(super) from: Position,
    pub(super) until: Position,
}

/// Reads the next frames of the log that a partition has not folded, in order; at least one. All of them
/// are durable, and the segments they stand in may be open, closed or compressed, and become so
/// meanwhile.
pub(super) fn some(ground: &Ground, behind: &Behind) -> Result<Vec<LogFrame>> {
    let Behind { from, until, .. } = *behind;
    let mut found: Vec<LogFrame> = Vec::new();
    let (mut at, mut bytes) = (from, 0);
    let is_enough = Cell::new(false);
    let mut give = |at: &mut Position, frame: LogFrame| {
        let is_next = frame.after.next_frame == at.next_frame + 1;
        if !is_next || at.next_frame == until.next_frame {
            return Ok(());
        }
        *at = frame.after;
        bytes += frame.byte_count();
        found.push(frame);
        is_enough.set(bytes >= BYTES_MAX);
        // Nothing else ends a reading.
        let ended = || StorageError::other("enough was read", io::ErrorKind::Interrupted.into());
        if is_enough.get() { Err(ended()) } else { Ok(()) }
    };
    // What was open when closed segments were read may have been compressed before it was looked at.
    for _ in 0..2 {
        let read = open::replay(&ground.backing.log, at, &mut |frame| give(&mut at, frame))
            .and_then(|()| of_open_segments(ground, &mut at, until, &mut give));
        match read {
            Err(error) if !is_enough.get() => return Err(error),
            _ if at != from => return Ok(found),
            _ => {}
        }
    }
    let what = "a frame that is to be folded is not there";
    Err(StorageError::damaged(Family::Log.path(at.sequence), at.offset, what))
}

/// Reads on from `at` in segments that have no index yet.
fn of_open_segments(
    ground: &Ground,
    at: &mut Position,
    until: Position,
    give: &mut dyn FnMut(&mut Position, LogFrame) -> Result<()>,
) -> Result<()> {
    for sequence in at.sequence..=until.sequence {
        let path = Family::Log.path(sequence);
        let io = |source| StorageError::io(&path, source);
        let file = match ground.disk.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            file => file.map_err(io)?,
        };
        let start = if sequence == at.sequence {
            *at
        } else {
            match read_segment_head(&*file, Family::Log, &path)? {
                Some(head) if at.leads_to(&head) => head,
                _ => return Ok(()),
            }
        };
        let len = if sequence == until.sequence { until.offset } else { file.len().map_err(io)? };
        let mut read = |buffer: &mut [u8], offset| file.read_at(buffer, offset);
        let mut frame = |head: &FrameHead, after: &Position, _: u64, payload: &[u8]| {
            give(at, LogFrame::read(head, payload, *after)?)
        };
        // How it ends does not matter: its index may be on its way. The next one must follow.
        scan(&mut read, len, start, &mut frame, &path)?;
    }
    Ok(())
}
