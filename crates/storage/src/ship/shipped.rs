//! What a data directory remembers of its shipping, so that a node which keeps its disk fetches nothing.
//!
//! It is written before the list is put: a crash in between leaves the list before as the latest, and
//! that one is remembered too. `format u8 · key before · key · list counted · CRC32C u32`.

use std::io;

use accolade_engine::disk::Disk;
use accolade_wire::bytes::{BadFormat, Cursor, put_text, put_varint};

use super::list::List;
use crate::error::{Result, StorageError};

const FILE: &str = "SHIPPED";
const UNFINISHED: &str = "SHIPPED.tmp";
const FORMAT: u8 = 1;

/// The last list of a data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipped {
    /// The list that was put, or was about to be.
    pub list: List,
    /// The key of the last list that was certainly put before it; empty for none.
    pub before: String,
}

impl Shipped {
    /// Whether the list at `key` is this directory's own: it was its latest, or may have become so.
    pub fn knows(&self, key: &str) -> bool {
        let within = || {
            let (prefix, number) = List::parse_key(key)?;
            let (own, last) = List::parse_key(&self.list.name)?;
            let first = List::parse_key(&self.before).map_or(0, |(_, number)| number);
            Some(prefix == own && (first..=last).contains(&number))
        };
        key == self.before || within().unwrap_or(false)
    }
}

/// The list that the directory on `disk` has last fetched or shipped.
pub fn last_shipped(disk: &dyn Disk) -> Result<Option<List>> {
    Ok(read_shipped(disk)?.map(|shipped| shipped.list))
}

/// What the directory on `disk` remembers of its shipping.
pub fn read_shipped(disk: &dyn Disk) -> Result<Option<Shipped>> {
    let io = |source| StorageError::io(FILE, source);
    let file = match disk.open(FILE) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(io)?,
    };
    let mut bytes = vec![0; file.len().map_err(io)? as usize];
    file.read_at(&mut bytes, 0).map_err(io)?;
    let damaged = || StorageError::damaged(FILE, 0, "it does not name a list");
    let (content, checksum) = bytes.split_last_chunk::<4>().ok_or_else(damaged)?;
    if crc32c::crc32c(content).to_le_bytes() != *checksum {
        return Err(damaged());
    }
    let (before, key, list) = parse(content).map_err(|bad| StorageError::bad(FILE, 0, bad))?;
    Ok(Some(Shipped { list: List::read(key, list)?, before: before.to_owned() }))
}

fn parse(content: &[u8]) -> std::result::Result<(&str, &str, &[u8]), BadFormat> {
    let mut cursor = Cursor::new(content, "name of a list");
    cursor.format(FORMAT)?;
    let (before, key) = (cursor.text()?, cursor.text()?);
    let length = cursor.small()?;
    Ok((before, key, cursor.take(length)?))
}

/// Remembers `list`, durably, in place of what was remembered.
pub(super) fn remember(disk: &dyn Disk, before: &str, list: &List, written: &[u8]) -> Result<()> {
    let mut out = vec![FORMAT];
    put_text(&mut out, before);
    put_text(&mut out, &list.name);
    put_varint(&mut out, written.len() as u64);
    out.extend_from_slice(written);
    let checksum = crc32c::crc32c(&out);
    out.extend_from_slice(&checksum.to_le_bytes());
    replace(disk, FILE, UNFINISHED, &out).map_err(|source| StorageError::io(FILE, source))
}

/// Forgets what was remembered, durably.
pub(super) fn forget(disk: &dyn Disk) -> Result<()> {
    let gone = match disk.remove(FILE) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.and_then(|()| disk.sync_dir("")),
    };
    gone.map_err(|source| StorageError::io(FILE, source))
}

/// Writes a small file whole, or leaves the one that was there.
pub(super) fn replace(
    disk: &dyn Disk,
    path: &str,
    unfinished: &str,
    bytes: &[u8],
) -> io::Result<()> {
    match disk.remove(unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = disk.create(unfinished, 0)?;
    file.write_at(bytes, 0)?;
    file.sync()?;
    disk.rename(unfinished, path)?;
    disk.sync_dir("")
}
