//! The footer of a closed segment: its index, what stays in memory of it, and how it is found.
//!
//! A frame with the pages of the index, the summary, and the closing. That the closing is there says that all
//! before it is durable: opening reads only the end of the file.

use std::io;

use accolade_domain::time::Timestamp;
use accolade_engine::disk::DiskFile;
use accolade_wire::bytes::{BadFormat, Cursor};

use super::Slices;
use crate::bytes::Bytes;
use crate::error::{Result, StorageError};
use crate::index::{Index, SliceAt, Summary, page_entries};
use crate::little_endian::{long, word};
use crate::segment::{FRAME_HEAD_BYTES, Position, SEGMENT_HEAD_BYTES, new_frame, seal_footer};

/// The summary: `format u8 · time of the last frame i64 · number of the first frame u64 · checksum of the
/// frame before it u32`, and that of the index.
const FORMAT: u8 = 1;

/// The closing: `sequence u64 · offset of the footer u64 · number of its frame u64 · checksum of the frame
/// before it u32 · length of the summary u32 · checksum of the summary u32 · checksum of these u32`.
pub(super) const CLOSING_BYTES: usize = 40;

/// Bytes that are read at once of a closed segment's end: most summaries are shorter.
const END_BYTES: u64 = 1 << 10;

/// What stays in memory of a closed segment.
#[derive(Debug)]
pub(super) struct Closed {
    /// Where its frames begin.
    pub(super) head: Position,
    /// Where they end.
    pub(super) end: Position,
    /// The time of the last one.
    pub(super) newest: Timestamp,
    pub(super) summary: Summary,
    /// Whose the pages of its index are.
    owner: u64,
}

pub(super) fn write_footer(
    index: &Index,
    newest: Timestamp,
    head: &Position,
    end: &Position,
) -> Vec<u8> {
    let mut footer = new_frame(1024);
    index.write_pages(&mut footer);
    let mut summary = vec![FORMAT];
    summary.extend_from_slice(&newest.micros().to_le_bytes());
    summary.extend_from_slice(&head.next_frame.to_le_bytes());
    summary.extend_from_slice(&head.checksum.to_le_bytes());
    index.write_summary(&mut summary);
    let behind = summary.len() + CLOSING_BYTES;
    let length = (footer.len() + behind).next_multiple_of(8);
    footer.resize(length - behind, 0);
    footer.extend_from_slice(&summary);
    let at = footer.len();
    for value in [end.sequence, end.offset, end.next_frame] {
        footer.extend_from_slice(&value.to_le_bytes());
    }
    for value in [end.checksum, summary.len() as u32, crc32c::crc32c(&summary)] {
        footer.extend_from_slice(&value.to_le_bytes());
    }
    let checksum = crc32c::crc32c(&footer[at..]);
    footer.extend_from_slice(&checksum.to_le_bytes());
    seal_footer(&mut footer, newest, end);
    footer
}

/// What the closing says.
struct Closing {
    end: Position,
    summary_bytes: u64,
    summary_checksum: u32,
}

impl Closing {
    /// Reads the bytes at the end of a segment; `None` where it is not closed.
    fn read(bytes: &[u8], sequence: u64) -> Option<Self> {
        let is_one = crc32c::crc32c(&bytes[..36]) == word(bytes, 36) && long(bytes, 0) == sequence;
        is_one.then(|| Self {
            end: Position {
                sequence,
                offset: long(bytes, 8),
                next_frame: long(bytes, 16),
                checksum: word(bytes, 24),
            },
            summary_bytes: word(bytes, 28).into(),
            summary_checksum: word(bytes, 32),
        })
    }
}

/// Whether the file of segment `sequence` ends as a closed one does.
pub(crate) fn is_closed(file: &dyn DiskFile, sequence: u64) -> io::Result<bool> {
    let Some(at) = file.len()?.checked_sub(CLOSING_BYTES as u64) else { return Ok(false) };
    let mut closing = [0; CLOSING_BYTES];
    file.read_at(&mut closing, at)?;
    Ok(Closing::read(&closing, sequence).is_some())
}

impl Slices {
    /// Reads the end of a segment, and nothing else of it; `None` where it was not closed.
    pub(super) fn read_closed(&self, sequence: u64, bytes: &Bytes) -> Result<Option<Closed>> {
        let path = self.path(sequence);
        let io = |source| StorageError::io(&path, source);
        let len = bytes.len().map_err(io)?;
        let end_at = len.saturating_sub(END_BYTES);
        let mut end = vec![0; (len - end_at) as usize];
        bytes.read_at(&mut end, end_at).map_err(io)?;
        let Some(within) = end.len().checked_sub(CLOSING_BYTES) else { return Ok(None) };
        let closing = Closing::read(&end.split_off(within), sequence);
        let Some(closing) = closing.filter(|closing| closing.end.offset < len) else {
            return Ok(None);
        };
        let closing_at = len - CLOSING_BYTES as u64;
        let damaged = || StorageError::damaged(&path, closing_at, "its index is damaged");
        let summary_at = closing_at.checked_sub(closing.summary_bytes).ok_or_else(damaged)?;
        if summary_at < end_at {
            end.resize(closing.summary_bytes as usize, 0);
            bytes.read_at(&mut end, summary_at).map_err(io)?;
        }
        let summary = &end[end.len() - closing.summary_bytes as usize..];
        if crc32c::crc32c(summary) != closing.summary_checksum {
            return Err(damaged());
        }
        let closed = self.parse_summary(summary, closing.end);
        let closed = closed.map_err(|bad| StorageError::bad(&path, summary_at, bad))?;
        let pages_end = closed.pages_at() + closed.summary.pages_bytes();
        if pages_end > summary_at { Err(damaged()) } else { Ok(Some(closed)) }
    }

    fn parse_summary(
        &self,
        summary: &[u8],
        end: Position,
    ) -> std::result::Result<Closed, BadFormat> {
        let mut cursor = Cursor::new(summary, "index of a segment");
        cursor.format(FORMAT)?;
        let newest = Timestamp::from_micros(cursor.i64()?);
        let (next_frame, checksum) = (cursor.u64()?, cursor.u32()?);
        let (sequence, offset) = (end.sequence, SEGMENT_HEAD_BYTES);
        let head = Position { sequence, offset, next_frame, checksum };
        let summary = Summary::read(&mut cursor)?;
        Ok(Closed { head, end, newest, summary, owner: self.tables.owner() })
    }

    /// Where the slice of a batch lies in a closed segment.
    pub(super) fn find_closed(
        &self,
        closed: &Closed,
        bytes: &Bytes,
        partition: u16,
        batch: u64,
    ) -> Result<Option<SliceAt>> {
        let path = || self.path(closed.end.sequence);
        let read = |number: u32| {
            let at = closed.summary.page_at(number);
            let mut page = vec![0; (at.end - at.start) as usize];
            let offset = closed.pages_at() + at.start;
            bytes.read_at(&mut page, offset).map_err(|source| StorageError::io(path(), source))?;
            let damaged = || StorageError::damaged(path(), offset, "its index is damaged");
            page_entries(page).ok_or_else(damaged)
        };
        let mut page = |number: u32| self.tables.page(closed.owner, number.into(), || read(number));
        closed.summary.find(partition, batch, &mut page)
    }
}

impl Closed {
    const fn pages_at(&self) -> u64 {
        self.end.offset + FRAME_HEAD_BYTES as u64
    }
}
