//! The log read again, beside the thread that writes it: for a partition that stood.

use std::io;

use super::Inner;
use crate::error::{Result, StorageError};
use crate::log::LogFrame;
use crate::open;
use crate::segment::{Family, FrameHead, Position, read_segment_head, scan};

/// Hears of a frame of the log.
type Each<'a> = &'a mut dyn FnMut(LogFrame) -> Result<()>;

/// Reads the frames of the log from `from` up to `until`, in order. All of them are durable, and the
/// segments they stand in may be open, closed or compressed, and become so meanwhile.
pub(super) fn frames(inner: &Inner, from: Position, until: Position, each: Each<'_>) -> Result<()> {
    let mut at = from;
    let mut give = |at: &mut Position, frame: LogFrame| {
        let is_next = frame.after.next_frame == at.next_frame + 1;
        if !is_next || at.next_frame == until.next_frame {
            return Ok(());
        }
        *at = frame.after;
        each(frame)
    };
    let mut progressed = true;
    while at.next_frame < until.next_frame {
        let before = at;
        open::replay(&inner.backing.log, before, &mut |frame| give(&mut at, frame))?;
        of_open_segments(inner, &mut at, until, &mut give)?;
        // One that was open at first may have been compressed before it was looked at.
        if at == before && !std::mem::replace(&mut progressed, false) {
            let what = "a frame that is to be folded is not there";
            return Err(StorageError::damaged(Family::Log.path(at.sequence), at.offset, what));
        }
        progressed |= at != before;
    }
    Ok(())
}

/// Reads on from `at` in segments that have no index yet.
fn of_open_segments(
    inner: &Inner,
    at: &mut Position,
    until: Position,
    give: &mut dyn FnMut(&mut Position, LogFrame) -> Result<()>,
) -> Result<()> {
    for sequence in at.sequence..=until.sequence {
        let path = Family::Log.path(sequence);
        let io = |source| StorageError::io(&path, source);
        let file = match inner.disk.open(&path) {
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
