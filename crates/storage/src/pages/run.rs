//! One sorted run of paged rows: immutable, read block by block.
//!
//! File: blocks, then a table of them, then `table offset u64 · table length u32 · checksum u32`. A block is
//! rows of about 4 KiB together, each `length of the key varint · key · length of the row varint · row`; a
//! key is `partition u16 · tag u8 · key of the table`, with the highest byte first, and a row `format u8 ·
//! value`. The table is `format u8 · count of rows varint`, and for each block `length of its first key varint
//! · that key · length varint · CRC32C u32`.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use accolade_engine::disk::{Disk, DiskFile};
use accolade_wire::bytes::{BadFormat, Cursor, put_varint};

use super::Source;
use crate::paced::paced;
use crate::run::{read_table, write_table};

const FORMAT: u8 = 1;
const BLOCK_BYTES: usize = 4096;

/// A row with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// `partition u16 · tag u8 · key`.
    pub key: Vec<u8>,
    /// `format u8 · value`; the format is 0 where the row was taken away.
    pub row: Vec<u8>,
}

/// The key of a partition's row in a run.
pub(super) fn key_of(partition: u16, key: &[u8]) -> Vec<u8> {
    [&partition.to_be_bytes(), key].concat()
}

/// Whose row a key is of.
pub(super) fn partition_of(key: &[u8]) -> Option<u16> {
    key.first_chunk().map(|number| u16::from_be_bytes(*number))
}

#[derive(Debug, Clone)]
struct Block {
    first: Box<[u8]>,
    at: u64,
    length: u32,
    checksum: u32,
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

fn bad(_: BadFormat) -> io::Error {
    damaged("the table of a run of rows is damaged")
}

/// A run that can be asked.
#[derive(Debug)]
pub struct PageRun {
    sequence: u64,
    count: u64,
    file: Arc<dyn DiskFile>,
    blocks: Vec<Block>,
}

impl PageRun {
    /// Reads the table of a run.
    pub fn open(file: Arc<dyn DiskFile>, sequence: u64) -> io::Result<Self> {
        let (table, table_at) = read_table(&*file)?;
        let mut cursor = Cursor::new(&table, "table of a run of rows");
        let unknown = |error| io::Error::new(ErrorKind::InvalidData, error);
        cursor.format_of("run of rows", FORMAT).map_err(unknown)?;
        let count = cursor.varint().map_err(bad)?;
        let (mut blocks, mut at) = (Vec::new(), 0_u64);
        while !cursor.is_empty() {
            let first = bytes(&mut cursor).map_err(bad)?.into();
            let (length, checksum) = (cursor.small().map_err(bad)?, cursor.u32().map_err(bad)?);
            blocks.push(Block { first, at, length, checksum });
            at += u64::from(length);
        }
        if at != table_at {
            return Err(damaged("the table of a run of rows is damaged"));
        }
        Ok(Self { sequence, count, file, blocks })
    }

    /// The number in its name.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// How many rows it has.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The row of a key.
    pub fn get(&self, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let after = self.blocks.partition_point(|block| *block.first <= *key);
        let Some(block) = after.checked_sub(1) else { return Ok(None) };
        let block = self.read(block)?;
        let mut found = None;
        each(&block, |of, row| {
            if of == key {
                found = Some(row.to_vec());
            }
        })?;
        Ok(found)
    }

    /// The rows from `key` on, in order.
    pub(super) fn from(self: &Arc<Self>, key: &[u8]) -> Source<'static> {
        let first = self.blocks.partition_point(|block| *block.first <= *key).saturating_sub(1);
        let (run, key) = (Arc::clone(self), key.to_vec());
        let pages = (first..self.blocks.len()).flat_map(move |at| {
            let mut pages = Vec::new();
            let read = run.read(at).and_then(|block| {
                each(&block, |of, row| {
                    if of >= &*key {
                        pages.push(Ok(Page { key: of.to_vec(), row: row.to_vec() }));
                    }
                })
            });
            pages.extend(read.err().map(Err));
            pages
        });
        Box::new(pages)
    }

    fn read(&self, at: usize) -> io::Result<Vec<u8>> {
        let Block { at, length, checksum, .. } = self.blocks[at];
        let mut block = vec![0; length as usize];
        self.file.read_at(&mut block, at)?;
        if crc32c::crc32c(&block) != checksum {
            return Err(damaged("a block of a run of rows is damaged"));
        }
        Ok(block)
    }
}

fn bytes<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], BadFormat> {
    let length = cursor.small()?;
    cursor.take(length)
}

fn each(block: &[u8], mut give: impl FnMut(&[u8], &[u8])) -> io::Result<()> {
    let bad = |_| damaged("a block of a run of rows is damaged");
    let mut cursor = Cursor::new(block, "block of rows");
    while !cursor.is_empty() {
        let key = bytes(&mut cursor).map_err(bad)?;
        give(key, bytes(&mut cursor).map_err(bad)?);
    }
    Ok(())
}

/// Writes a run.
#[derive(Debug)]
pub struct PageWriter {
    file: Arc<dyn DiskFile>,
    at: u64,
    count: u64,
    table: Vec<u8>,
    block: Vec<u8>,
    /// The first key of the block, and the last of all.
    first: Vec<u8>,
    last: Vec<u8>,
}

impl PageWriter {
    /// Creates the file.
    pub fn create(disk: &dyn Disk, path: &str) -> io::Result<Self> {
        Ok(Self {
            file: paced(disk.create(path, 0)?),
            at: 0,
            count: 0,
            table: Vec::new(),
            block: Vec::with_capacity(2 * BLOCK_BYTES),
            first: Vec::new(),
            last: Vec::new(),
        })
    }

    /// Appends a row, whose key is above all before.
    pub fn add(&mut self, key: &[u8], row: &[u8]) -> io::Result<()> {
        if self.count > 0 && *key <= *self.last {
            return Err(damaged("rows are not written in the order of their keys"));
        }
        key.clone_into(&mut self.last);
        if self.block.is_empty() {
            key.clone_into(&mut self.first);
        }
        for bytes in [key, row] {
            put_varint(&mut self.block, bytes.len() as u64);
            self.block.extend_from_slice(bytes);
        }
        self.count += 1;
        if self.block.len() >= BLOCK_BYTES { self.end_block() } else { Ok(()) }
    }

    fn end_block(&mut self) -> io::Result<()> {
        self.file.write_at(&self.block, self.at)?;
        put_varint(&mut self.table, self.first.len() as u64);
        self.table.extend_from_slice(&self.first);
        put_varint(&mut self.table, self.block.len() as u64);
        self.table.extend_from_slice(&crc32c::crc32c(&self.block).to_le_bytes());
        self.at += self.block.len() as u64;
        self.block.clear();
        Ok(())
    }

    /// Writes the table and makes the run durable.
    pub fn finish(mut self) -> io::Result<()> {
        if !self.block.is_empty() {
            self.end_block()?;
        }
        let mut table = vec![FORMAT];
        put_varint(&mut table, self.count);
        table.append(&mut self.table);
        write_table(&*self.file, table, self.at)
    }
}
