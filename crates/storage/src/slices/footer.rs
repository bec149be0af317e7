//! The footer of a closed segment: its index, and how it is found.

use std::io;

use accolade_domain::time::Timestamp;
use accolade_engine::disk::DiskFile;
use accolade_wire::bytes::{BadFormat, Cursor};

use super::Slices;
use crate::bytes::Bytes;
use crate::error::{Result, StorageError};
use crate::index::Index;
use crate::little_endian::{long, word};
use crate::segment::{End, FrameHead, Position, new_frame, scan, seal_footer};

/// The footer: `format u8 · time of the last frame i64 · index`.
const FORMAT: u8 = 1;

/// Bytes at the end of a closed segment that say where its footer is: `sequence u64 · offset u64 ·
/// next frame u64 · checksum u32 · checksum of these u32`.
pub(super) const CLOSING_BYTES: u64 = 32;

pub(super) fn write_footer(index: &Index, newest: Timestamp, end: &Position) -> Vec<u8> {
    let mut footer = new_frame(1024);
    footer.push(FORMAT);
    footer.extend_from_slice(&newest.micros().to_le_bytes());
    index.write(&mut footer);
    let length = footer.len();
    footer.resize((length + CLOSING_BYTES as usize).next_multiple_of(8), 0);
    let at = footer.len() - CLOSING_BYTES as usize;
    footer[at..at + 8].copy_from_slice(&end.sequence.to_le_bytes());
    footer[at + 8..at + 16].copy_from_slice(&end.offset.to_le_bytes());
    footer[at + 16..at + 24].copy_from_slice(&end.next_frame.to_le_bytes());
    footer[at + 24..at + 28].copy_from_slice(&end.checksum.to_le_bytes());
    let checksum = crc32c::crc32c(&footer[at..at + 28]);
    footer[at + 28..].copy_from_slice(&checksum.to_le_bytes());
    seal_footer(&mut footer, newest, end);
    footer
}

fn parse_footer(footer: &[u8]) -> std::result::Result<(Index, Timestamp), BadFormat> {
    let mut cursor = Cursor::new(footer, "index of a segment");
    cursor.format(FORMAT)?;
    let newest = Timestamp::from_micros(cursor.i64()?);
    Ok((Index::read(cursor.rest())?, newest))
}

/// Whether the file of segment `sequence` ends as a closed one does.
pub(crate) fn is_closed(file: &dyn DiskFile, sequence: u64) -> io::Result<bool> {
    let Some(tail_at) = file.len()?.checked_sub(CLOSING_BYTES) else { return Ok(false) };
    let mut tail = [0; CLOSING_BYTES as usize];
    file.read_at(&mut tail, tail_at)?;
    Ok(parse_closing(&tail, sequence).is_some())
}

pub(super) fn parse_closing(tail: &[u8], sequence: u64) -> Option<Position> {
    let is_it = crc32c::crc32c(&tail[..28]) == word(tail, 28) && long(tail, 0) == sequence;
    is_it.then(|| Position {
        sequence,
        offset: long(tail, 8),
        next_frame: long(tail, 16),
        checksum: word(tail, 24),
    })
}

impl Slices {
    pub(super) fn read_footer(
        &self,
        sequence: u64,
        bytes: &Bytes,
        footer_at: Position,
    ) -> Result<(Index, Timestamp)> {
        let path = self.path(sequence);
        let len = bytes.len().map_err(|source| StorageError::io(&path, source))?;
        let mut read = |buffer: &mut [u8], offset| bytes.read_at(buffer, offset);
        let ignore = &mut |_: &FrameHead, _: &Position, _, _: &[u8]| Ok(());
        match scan(&mut read, len, footer_at, ignore, &path)? {
            (_, End::Footer(footer)) => {
                parse_footer(&footer).map_err(|bad| StorageError::bad(&path, footer_at.offset, bad))
            }
            (at, _) => Err(StorageError::damaged(&path, at.offset, "its index is missing")),
        }
    }
}
