//! Closed segments, compressed: in blocks, each with its checksum, so that a slice is read without the
//! rest.
//!
//! `blocks · table · table offset u64 · table length u32 · checksum of the table u32`; the table has
//! the raw length u64, the raw bytes of a block u32 and, for each block, its offset, length and CRC32C.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use accolade_engine::disk::{Disk, DiskFile};

const LEVEL: i32 = 1;
const TAIL_BYTES: u64 = 16;
const TABLE_HEAD_BYTES: usize = 12;

/// A compressed segment that reads as the original did.
#[derive(Debug)]
pub struct Packed {
    file: Arc<dyn DiskFile>,
    raw_len: u64,
    block_bytes: u32,
    blocks: Vec<Block>,
    last: Mutex<Option<(usize, Arc<Vec<u8>>)>>,
}

#[derive(Debug, Clone, Copy)]
struct Block {
    offset: u64,
    length: u32,
    checksum: u32,
}

/// Compresses the first `raw_len` bytes of `raw` into a new file at `path`, in blocks of `block_bytes`,
/// and makes it durable.
pub fn pack(
    disk: &dyn Disk,
    raw: &dyn DiskFile,
    raw_len: u64,
    block_bytes: u32,
    path: &str,
) -> io::Result<()> {
    let file = match disk.create(path, 0) {
        // An earlier try did not come to its end.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            disk.remove(path)?;
            disk.create(path, 0)?
        }
        file => file?,
    };
    let mut offset = 0;
    let mut table = Vec::new();
    table.extend_from_slice(&raw_len.to_le_bytes());
    table.extend_from_slice(&block_bytes.to_le_bytes());
    let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
    let mut block = Vec::new();
    let mut at = 0;
    while at < raw_len {
        let length = (raw_len - at).min(u64::from(block_bytes)) as usize;
        block.resize(length, 0);
        raw.read_at(&mut block, at)?;
        let packed = compressor.compress(&block)?;
        file.write_at(&packed, offset)?;
        table.extend_from_slice(&offset.to_le_bytes());
        table.extend_from_slice(&(packed.len() as u32).to_le_bytes());
        table.extend_from_slice(&crc32c::crc32c(&packed).to_le_bytes());
        offset += packed.len() as u64;
        at += length as u64;
    }
    let mut tail = Vec::with_capacity(TAIL_BYTES as usize);
    tail.extend_from_slice(&offset.to_le_bytes());
    tail.extend_from_slice(&(table.len() as u32).to_le_bytes());
    tail.extend_from_slice(&crc32c::crc32c(&table).to_le_bytes());
    file.write_at(&table, offset)?;
    file.write_at(&tail, offset + table.len() as u64)?;
    file.sync()
}

thread_local! {
    /// Making one costs more than a block does.
    static DECOMPRESSOR: RefCell<zstd::bulk::Decompressor<'static>> =
        RefCell::new(zstd::bulk::Decompressor::new().expect("a decompressor needs only memory"));
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl Packed {
    /// Opens a compressed segment.
    pub fn open(file: Arc<dyn DiskFile>) -> io::Result<Self> {
        let len = file.len()?;
        let tail_at = len.checked_sub(TAIL_BYTES).ok_or(damaged("a compressed segment is cut"))?;
        let mut tail = [0; TAIL_BYTES as usize];
        file.read_at(&mut tail, tail_at)?;
        let word = |at: usize| u32::from_le_bytes(tail[at..at + 4].try_into().expect("4 bytes"));
        let table_at = u64::from_le_bytes(tail[..8].try_into().expect("8 bytes"));
        let table_len = word(8) as usize;
        if table_at.checked_add(table_len as u64) != Some(tail_at) {
            return Err(damaged("a compressed segment has no table"));
        }
        let mut table = vec![0; table_len];
        file.read_at(&mut table, table_at)?;
        if crc32c::crc32c(&table) != word(12) || table_len < TABLE_HEAD_BYTES {
            return Err(damaged("the table of a compressed segment is damaged"));
        }
        let raw_len = u64::from_le_bytes(table[..8].try_into().expect("8 bytes"));
        let block_bytes = u32::from_le_bytes(table[8..12].try_into().expect("4 bytes"));
        if block_bytes == 0 {
            return Err(damaged("the table of a compressed segment is damaged"));
        }
        let blocks = table[TABLE_HEAD_BYTES..]
            .chunks_exact(16)
            .map(|block| Block {
                offset: u64::from_le_bytes(block[..8].try_into().expect("8 bytes")),
                length: u32::from_le_bytes(block[8..12].try_into().expect("4 bytes")),
                checksum: u32::from_le_bytes(block[12..].try_into().expect("4 bytes")),
            })
            .collect();
        Ok(Self { file, raw_len, block_bytes, blocks, last: Mutex::new(None) })
    }

    /// The length of the original.
    pub const fn raw_len(&self) -> u64 {
        self.raw_len
    }

    /// Bytes on disk.
    pub fn file_len(&self) -> io::Result<u64> {
        self.file.len()
    }

    /// Fills `buffer` from `offset` of the original.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let mut filled = 0;
        while filled < buffer.len() {
            let at = offset + filled as u64;
            let block = self.block((at / u64::from(self.block_bytes)) as usize)?;
            let from = (at % u64::from(self.block_bytes)) as usize;
            let part = block.get(from..).filter(|part| !part.is_empty());
            let part = part.ok_or(io::Error::from(io::ErrorKind::UnexpectedEof))?;
            let count = part.len().min(buffer.len() - filled);
            buffer[filled..filled + count].copy_from_slice(&part[..count]);
            filled += count;
        }
        Ok(())
    }

    fn block(&self, number: usize) -> io::Result<Arc<Vec<u8>>> {
        if let Some((cached, bytes)) = &*self.last.lock().unwrap_or_else(PoisonError::into_inner)
            && *cached == number
        {
            return Ok(Arc::clone(bytes));
        }
        let eof = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let block = self.blocks.get(number).ok_or_else(eof)?;
        let mut packed = vec![0; block.length as usize];
        self.file.read_at(&mut packed, block.offset)?;
        if crc32c::crc32c(&packed) != block.checksum {
            return Err(damaged("a block of a compressed segment is damaged"));
        }
        let bytes = DECOMPRESSOR.with_borrow_mut(|decompressor| {
            decompressor.decompress(&packed, self.block_bytes as usize)
        })?;
        let bytes = Arc::new(bytes);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((number, Arc::clone(&bytes)));
        Ok(bytes)
    }
}
