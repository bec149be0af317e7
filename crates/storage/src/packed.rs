//! Closed segments, compressed: in blocks, each with its checksum, so that a slice is read without the
//! rest.
//!
//! `blocks · table · table offset u64 · table length u32 · checksum of the table u32`. A block is
//! `CRC32C of the rest u32 · compressed bytes`; the table has its format u8, the raw length u64, the raw bytes of a block
//! u32 and, for each block, the u32 offset where it begins: the table stays in memory, and blocks are many.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use accolade_engine::disk::{Disk, DiskFile};
use accolade_wire::bytes::Cursor;

use crate::little_endian::{long, word};
use crate::paced::paced;

const LEVEL: i32 = 1;
const TAIL_BYTES: u64 = 16;
const FORMAT: u8 = 1;
const TABLE_HEAD_BYTES: usize = 13;
const CHECKSUM_BYTES: usize = 4;
/// No block is larger: a damaged table asks for no more memory.
const BLOCK_BYTES_MAX: u32 = 1 << 20;

/// A compressed segment that reads as the original did.
#[derive(Debug)]
pub struct Packed {
    file: Arc<dyn DiskFile>,
    raw_len: u64,
    block_bytes: u32,
    /// Where each block begins, and where the last one ends.
    bounds: Vec<u32>,
    last: Mutex<Option<(usize, Arc<Vec<u8>>)>>,
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
    let file = paced(file);
    let mut offset = 0_u32;
    let mut table = vec![FORMAT];
    table.extend_from_slice(&raw_len.to_le_bytes());
    table.extend_from_slice(&block_bytes.to_le_bytes());
    let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
    let (mut block, mut packed) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < raw_len {
        let length = (raw_len - at).min(u64::from(block_bytes)) as usize;
        block.resize(length, 0);
        raw.read_at(&mut block, at)?;
        packed.clear();
        packed.resize(CHECKSUM_BYTES + zstd::zstd_safe::compress_bound(length), 0);
        let count = compressor.compress_to_buffer(&block, &mut packed[CHECKSUM_BYTES..])?;
        packed.truncate(CHECKSUM_BYTES + count);
        let checksum = crc32c::crc32c(&packed[CHECKSUM_BYTES..]);
        packed[..CHECKSUM_BYTES].copy_from_slice(&checksum.to_le_bytes());
        file.write_at(&packed, offset.into())?;
        table.extend_from_slice(&offset.to_le_bytes());
        let end = u64::from(offset) + packed.len() as u64;
        offset = u32::try_from(end).map_err(|_| damaged("a segment has less than 4 GiB"))?;
        at += length as u64;
    }
    let offset = u64::from(offset);
    let mut tail = Vec::with_capacity(TAIL_BYTES as usize);
    tail.extend_from_slice(&offset.to_le_bytes());
    tail.extend_from_slice(&(table.len() as u32).to_le_bytes());
    tail.extend_from_slice(&crc32c::crc32c(&table).to_le_bytes());
    file.write_at(&table, offset)?;
    file.write_at(&tail, offset + table.len() as u64)?;
    file.sync()
}

/// What one thread needs for reading: a decompressor costs more to make than a block to decompress.
struct Unpacking {
    decompressor: zstd::bulk::Decompressor<'static>,
    packed: Vec<u8>,
    block: Vec<u8>,
}

/// Room for compressed blocks that a thread keeps.
const KEPT_BYTES: usize = 1 << 20;

thread_local! {
    static UNPACKING: RefCell<Unpacking> = RefCell::new(Unpacking {
        decompressor: zstd::bulk::Decompressor::new().expect("a decompressor needs only memory"),
        packed: Vec::new(),
        block: Vec::new(),
    });
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
        let (table_at, table_len) = (long(&tail, 0), word(&tail, 8) as usize);
        if table_at.checked_add(table_len as u64) != Some(tail_at) {
            return Err(damaged("a compressed segment has no table"));
        }
        let mut table = vec![0; table_len];
        file.read_at(&mut table, table_at)?;
        if crc32c::crc32c(&table) != word(&tail, 12) || table_len < TABLE_HEAD_BYTES {
            return Err(damaged("the table of a compressed segment is damaged"));
        }
        let mut cursor = Cursor::new(&table, "compressed segment");
        let invalid = |bad| io::Error::new(io::ErrorKind::InvalidData, bad);
        cursor.format(FORMAT).map_err(invalid)?;
        let raw_len = cursor.u64().map_err(invalid)?;
        let block_bytes = cursor.u32().map_err(invalid)?;
        let offsets = table[TABLE_HEAD_BYTES..].chunks_exact(4);
        let end =
            u32::try_from(table_at).map_err(|_| damaged("a compressed segment is too long"))?;
        let bounds: Vec<u32> = offsets.map(|offset| word(offset, 0)).chain([end]).collect();
        let is_sound = (1..=BLOCK_BYTES_MAX).contains(&block_bytes)
            && raw_len.div_ceil(block_bytes.into()) == bounds.len() as u64 - 1
            && bounds.is_sorted();
        if !is_sound {
            return Err(damaged("the table of a compressed segment is damaged"));
        }
        Ok(Self { file, raw_len, block_bytes, bounds, last: Mutex::new(None) })
    }

    /// The length of the original.
    pub const fn raw_len(&self) -> u64 {
        self.raw_len
    }

    /// Bytes on disk.
    pub fn file_len(&self) -> io::Result<u64> {
        self.file.len()
    }

    /// Says that these bytes of the original will be read soon.
    pub fn will_read(&self, offset: u64, length: u64) {
        let last = (offset + length).min(self.raw_len).saturating_sub(1);
        let (first, last) = (self.number_of(offset), self.number_of(last));
        if let (Some(from), Some(to)) = (self.bounds.get(first), self.bounds.get(last + 1))
            && from < to
        {
            self.file.will_read((*from).into(), (to - from).into());
        }
    }

    /// Fills `buffer` from `offset` of the original. All the blocks of it come in one read.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let end = offset.checked_add(buffer.len() as u64).filter(|end| *end <= self.raw_len);
        let end = end.ok_or(io::Error::from(io::ErrorKind::UnexpectedEof))?;
        if buffer.is_empty() {
            return Ok(());
        }
        UNPACKING.with_borrow_mut(|unpacking| self.unpack(buffer, offset, end, unpacking))
    }

    fn unpack(
        &self,
        mut buffer: &mut [u8],
        offset: u64,
        end: u64,
        Unpacking { decompressor, packed, block }: &mut Unpacking,
    ) -> io::Result<()> {
        let (first, last) = (self.number_of(offset), self.number_of(end - 1));
        let mut fetched_from = None;
        for number in first..=last {
            let begins = number as u64 * u64::from(self.block_bytes);
            let length = (self.raw_len - begins).min(self.block_bytes.into()) as usize;
            let from = offset.saturating_sub(begins) as usize;
            let to = length.min((end - begins) as usize);
            let (part, rest) = buffer.split_at_mut(to - from);
            buffer = rest;
            let is_whole = part.len() == length;
            if !is_whole && let Some(cached) = self.cached(number) {
                part.copy_from_slice(&cached[from..to]);
                continue;
            }
            let fetched_at = if let Some(at) = fetched_from {
                at
            } else {
                let at = self.bounds[number];
                packed.resize((self.bounds[last + 1] - at) as usize, 0);
                self.file.read_at(packed, at.into())?;
                *fetched_from.insert(at)
            };
            let bound = |number: usize| (self.bounds[number] - fetched_at) as usize;
            let compressed = checked(&packed[bound(number)..bound(number + 1)])?;
            if is_whole {
                decompress(decompressor, compressed, part)?;
                continue;
            }
            block.resize(length, 0);
            decompress(decompressor, compressed, block)?;
            part.copy_from_slice(&block[from..to]);
            if number == last {
                // Who reads on begins with the rest of it.
                *self.last() = Some((number, Arc::new(std::mem::take(block))));
            }
        }
        packed.shrink_to(KEPT_BYTES);
        Ok(())
    }

    fn number_of(&self, offset: u64) -> usize {
        usize::try_from(offset / u64::from(self.block_bytes)).unwrap_or(usize::MAX - 1)
    }

    fn last(&self) -> MutexGuard<'_, Option<(usize, Arc<Vec<u8>>)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cached(&self, number: usize) -> Option<Arc<Vec<u8>>> {
        let last = self.last();
        last.as_ref().filter(|(cached, _)| *cached == number).map(|(_, bytes)| Arc::clone(bytes))
    }
}

/// A block without its checksum, which fits.
fn checked(block: &[u8]) -> io::Result<&[u8]> {
    let (checksum, compressed) = block
        .split_first_chunk()
        .ok_or_else(|| damaged("a block of a compressed segment is missing"))?;
    if crc32c::crc32c(compressed) != u32::from_le_bytes(*checksum) {
        return Err(damaged("a block of a compressed segment is damaged"));
    }
    Ok(compressed)
}

/// Decompresses a block, which fills `bytes`.
fn decompress(
    decompressor: &mut zstd::bulk::Decompressor<'static>,
    compressed: &[u8],
    bytes: &mut [u8],
) -> io::Result<()> {
    let count = decompressor.decompress_to_buffer(compressed, bytes)?;
    if count == bytes.len() { Ok(()) } else { Err(damaged("a block has the wrong length")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::RealDisk;

    const BLOCK_BYTES: u32 = 64;

    /// Bytes that compress here and there, in a file and packed.
    fn packed(length: usize) -> (tempfile::TempDir, Vec<u8>, Arc<dyn DiskFile>) {
        let folder = tempfile::tempdir().unwrap();
        let disk = RealDisk::open(folder.path()).unwrap();
        let mixed = |at: usize| (at * at / 7 % 251 * (at / 100 % 2)) as u8;
        let bytes: Vec<u8> = (0..length).map(mixed).collect();
        let raw = disk.create("raw", 0).unwrap();
        raw.write_at(&bytes, 0).unwrap();
        pack(&disk, &*raw, length as u64, BLOCK_BYTES, "packed").unwrap();
        (folder, bytes, disk.open("packed").unwrap())
    }

    #[test]
    fn every_part_reads_as_the_original() {
        for length in [0, 1, 63, 64, 65, 1_000, 1_024] {
            let (_folder, bytes, file) = packed(length);
            let packed = Packed::open(file).unwrap();
            assert_eq!(packed.raw_len(), length as u64);
            for from in (0..length).step_by(7) {
                for to in (from..=length).step_by(13).chain([length]) {
                    packed.will_read(from as u64, (to - from) as u64);
                    let mut part = vec![0xff; to - from];
                    packed.read_at(&mut part, from as u64).unwrap();
                    assert_eq!(part, bytes[from..to], "{from} to {to} of {length}");
                }
            }
            let mut beyond = [0; 2];
            let error = packed.read_at(&mut beyond, (length as u64).saturating_sub(1)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }

    #[test]
    fn no_bit_changes_unnoticed() {
        let (_folder, bytes, file) = packed(500);
        for at in 0..file.len().unwrap() {
            let mut byte = [0];
            file.read_at(&mut byte, at).unwrap();
            file.write_at(&[byte[0] ^ 4], at).unwrap();
            let mut read = vec![0; bytes.len()];
            let result =
                Packed::open(Arc::clone(&file)).and_then(|packed| packed.read_at(&mut read, 0));
            assert_eq!(result.unwrap_err().kind(), io::ErrorKind::InvalidData, "byte {at}");
            file.write_at(&byte, at).unwrap();
        }
    }
}
