//! Closed segments, compressed: in blocks, each with its checksum, so that a slice is read without the
//! rest.
//!
//! `blocks · pages · head · head's offset u64 · its length u32 · its checksum u32`. A block is `CRC32C of the
//! rest u32 · compressed bytes`. The pages hold, for each block, the u32 offset where it begins, and where
//! the last one ends; each page its checksum behind its offsets: they are many, and read when needed. The
//! head has its format u8, the raw length u64 and the raw bytes of a block u32.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;

use accolade_engine::disk::{Disk, DiskFile};
use accolade_wire::bytes::Cursor;

use crate::little_endian::{long, word};
use crate::paced::paced;
use crate::table_cache::TableCache;

const LEVEL: i32 = 1;
const TAIL_BYTES: u64 = 16;
const FORMAT: u8 = 1;
const HEAD_BYTES: usize = 13;
/// Offsets in a page, which has 4 KiB.
const PAGE_OFFSETS: usize = 1_023;
const PAGE_BYTES: u64 = 4 * PAGE_OFFSETS as u64 + CHECKSUM_BYTES as u64;
const CHECKSUM_BYTES: usize = 4;
/// No block is larger: a damaged table asks for no more memory.
const BLOCK_BYTES_MAX: u32 = 1 << 20;

/// A compressed segment that reads as the original did.
#[derive(Debug)]
pub struct Packed {
    file: Arc<dyn DiskFile>,
    file_len: u64,
    raw_len: u64,
    block_bytes: u32,
    /// Where the blocks end and the pages begin.
    pages_at: u64,
    tables: TableCache,
    /// Whose the pages are.
    owner: u64,
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
    let mut bounds = vec![0];
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
        let end = u64::from(offset) + packed.len() as u64;
        offset = u32::try_from(end).map_err(|_| damaged("a segment has less than 4 GiB"))?;
        bounds.push(offset);
        at += length as u64;
    }
    let mut table = Vec::new();
    for offsets in bounds.chunks(PAGE_OFFSETS) {
        let page: Vec<u8> = offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect();
        table.extend_from_slice(&page);
        table.extend_from_slice(&crc32c::crc32c(&page).to_le_bytes());
    }
    let head_at = u64::from(offset) + table.len() as u64;
    let mut head = vec![FORMAT];
    head.extend_from_slice(&raw_len.to_le_bytes());
    head.extend_from_slice(&block_bytes.to_le_bytes());
    table.extend_from_slice(&head);
    table.extend_from_slice(&head_at.to_le_bytes());
    table.extend_from_slice(&(head.len() as u32).to_le_bytes());
    table.extend_from_slice(&crc32c::crc32c(&head).to_le_bytes());
    file.write_at(&table, offset.into())?;
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
    /// Opens a compressed segment, whose pages `tables` keeps.
    pub fn open(file: Arc<dyn DiskFile>, tables: &TableCache) -> io::Result<Self> {
        const ENDING_BYTES: usize = HEAD_BYTES + TAIL_BYTES as usize;
        let file_len = file.len()?;
        let cut = || damaged("a compressed segment is cut");
        let head_at = file_len.checked_sub(ENDING_BYTES as u64).ok_or_else(cut)?;
        let mut ending = [0; ENDING_BYTES];
        file.read_at(&mut ending, head_at)?;
        let (head, tail) = ending.split_at(HEAD_BYTES);
        if long(tail, 0) != head_at || word(tail, 8) as usize != HEAD_BYTES {
            return Err(damaged("a compressed segment has no head"));
        }
        if crc32c::crc32c(head) != word(tail, 12) {
            return Err(damaged("the head of a compressed segment is damaged"));
        }
        let mut cursor = Cursor::new(head, "compressed segment");
        let invalid = |bad| io::Error::new(io::ErrorKind::InvalidData, bad);
        cursor.format(FORMAT).map_err(invalid)?;
        let raw_len = cursor.u64().map_err(invalid)?;
        let block_bytes = cursor.u32().map_err(invalid)?;
        if !(1..=BLOCK_BYTES_MAX).contains(&block_bytes) {
            return Err(damaged("the head of a compressed segment is damaged"));
        }
        let offset_count = u128::from(raw_len.div_ceil(block_bytes.into())) + 1;
        let page_count = offset_count.div_ceil(PAGE_OFFSETS as u128);
        let pages_bytes = u64::try_from(4 * (offset_count + page_count)).map_err(|_| cut())?;
        let pages_at = head_at.checked_sub(pages_bytes).ok_or_else(cut)?;
        let (tables, owner) = (tables.clone(), tables.owner());
        Ok(Self { file, file_len, raw_len, block_bytes, pages_at, tables, owner })
    }

    /// How many offsets there are: one more than blocks.
    fn offset_count(&self) -> usize {
        (self.raw_len.div_ceil(self.block_bytes.into()) + 1) as usize
    }

    /// Where the blocks from `first` to `last` begin, and where the last one ends.
    fn bounds(&self, first: usize, last: usize) -> io::Result<Vec<u32>> {
        let wrong = || damaged("the table of a compressed segment is damaged");
        let mut bounds = Vec::with_capacity(last + 2 - first);
        for number in first / PAGE_OFFSETS..=(last + 1) / PAGE_OFFSETS {
            let page = self.tables.page(self.owner, number as u64, || self.read_page(number))?;
            let begins = number * PAGE_OFFSETS;
            let from = first.saturating_sub(begins);
            let to = (last + 2 - begins).min(PAGE_OFFSETS);
            let offsets = page.get(4 * from..4 * to).ok_or_else(wrong)?;
            bounds.extend(offsets.chunks_exact(4).map(|offset| word(offset, 0)));
        }
        let is_sound =
            bounds.is_sorted() && bounds.last().is_some_and(|end| u64::from(*end) <= self.pages_at);
        if is_sound { Ok(bounds) } else { Err(wrong()) }
    }

    /// The offsets of a page, checked.
    fn read_page(&self, number: usize) -> io::Result<Vec<u8>> {
        let count = (self.offset_count() - number * PAGE_OFFSETS).min(PAGE_OFFSETS);
        let mut page = vec![0; 4 * count + CHECKSUM_BYTES];
        self.file.read_at(&mut page, self.pages_at + number as u64 * PAGE_BYTES)?;
        let checksum = word(&page, 4 * count);
        page.truncate(4 * count);
        if crc32c::crc32c(&page) != checksum {
            return Err(damaged("the table of a compressed segment is damaged"));
        }
        Ok(page)
    }

    /// The length of the original.
    pub const fn raw_len(&self) -> u64 {
        self.raw_len
    }

    /// Bytes on disk.
    pub const fn file_len(&self) -> u64 {
        self.file_len
    }

    /// Says that these bytes of the original will be read soon.
    pub fn will_read(&self, offset: u64, length: u64) {
        let last = offset.saturating_add(length).min(self.raw_len).saturating_sub(1);
        if offset > last {
            return;
        }
        // Whoever reads will hear of what is wrong.
        if let Ok(bounds) = self.bounds(self.number_of(offset), self.number_of(last))
            && let (Some(from), Some(to)) = (bounds.first(), bounds.last())
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
        let mut fetched: Option<Vec<u32>> = None;
        for number in first..=last {
            let begins = number as u64 * u64::from(self.block_bytes);
            let length = (self.raw_len - begins).min(self.block_bytes.into()) as usize;
            let from = offset.saturating_sub(begins) as usize;
            let to = length.min((end - begins) as usize);
            let (part, rest) = buffer.split_at_mut(to - from);
            buffer = rest;
            let is_whole = part.len() == length;
            if !is_whole && let Some(cached) = self.tables.block(self.owner, number as u64) {
                part.copy_from_slice(&cached[from..to]);
                continue;
            }
            let bounds = match &mut fetched {
                Some(bounds) => bounds,
                none => {
                    let bounds = self.bounds(number, last)?;
                    let (from, to) = (bounds[0], bounds[bounds.len() - 1]);
                    packed.resize((to - from) as usize, 0);
                    self.file.read_at(packed, from.into())?;
                    none.insert(bounds)
                }
            };
            // What was fetched begins with a block that nothing after it was cached before.
            let at = number + bounds.len() - (last + 2);
            let bound = |at: usize| (bounds[at] - bounds[0]) as usize;
            let compressed = checked(&packed[bound(at)..bound(at + 1)])?;
            if is_whole {
                decompress(decompressor, compressed, part)?;
                continue;
            }
            block.resize(length, 0);
            decompress(decompressor, compressed, block)?;
            part.copy_from_slice(&block[from..to]);
            if number == last {
                // Who reads on begins with the rest of it.
                self.tables.put_block(self.owner, number as u64, block);
            }
        }
        packed.shrink_to(KEPT_BYTES);
        Ok(())
    }

    fn number_of(&self, offset: u64) -> usize {
        usize::try_from(offset / u64::from(self.block_bytes)).unwrap_or(usize::MAX - 1)
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
            let packed = Packed::open(file, &TableCache::default()).unwrap();
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
    fn a_table_of_several_pages_is_read_by_the_page() {
        for length in [64 * 1_022, 64 * 1_022 + 1, 64 * 1_023, 300_000] {
            let (_folder, bytes, file) = packed(length);
            let tables = TableCache::default();
            let packed = Packed::open(file, &tables).unwrap();
            assert_eq!(tables.bytes(), 0, "opening reads none");
            let mut last = [0; 1];
            packed.read_at(&mut last, length as u64 - 1).unwrap();
            assert!(tables.bytes() <= 2 * PAGE_BYTES, "{length}: {}", tables.bytes());
            for from in (0..length).step_by(9_973) {
                let mut part = vec![0; (length - from).min(70_000)];
                packed.read_at(&mut part, from as u64).unwrap();
                assert_eq!(part, bytes[from..from + part.len()], "{from} of {length}");
            }
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
            let result = Packed::open(Arc::clone(&file), &TableCache::default())
                .and_then(|packed| packed.read_at(&mut read, 0));
            assert_eq!(result.unwrap_err().kind(), io::ErrorKind::InvalidData, "byte {at}");
            file.write_at(&byte, at).unwrap();
        }
    }
}
