//! The filter of a section, which can only ever say "surely new", and where else an id can be.
//!
//! A blocked Bloom filter (Putze, Sanders, Singler 2007): one line of 64 bytes for about 34 ids, seven
//! bits for each, so that "surely new" costs one access and about 1.9 bytes an id. The line is chosen by
//! the upper half of the id, so lines have the order of the ids: the filter is written while they come,
//! and 63 lines, with a head in front, are a block of 4 KiB that is read and checked alone.
//!
//! A head is `CRC32C of what follows u32 · count u32 · first u64 · zeros`: which of the section's entries
//! are those of the block. Ids are keyed hashes, evenly spread, so where among these one lies can be
//! guessed.

use std::io;

use accolade_engine::disk::DiskFile;
use accolade_wire::identity::IdHash;

use super::{Stream, damaged};
use crate::little_endian::{long, word};

const IDS_PER_LINE: u64 = 34;
const LINES_PER_BLOCK: u64 = 63;
const LINE_BYTES: usize = 64;
const WORDS_PER_LINE: usize = 8;
const PROBES: u32 = 7;

/// A line of the processor's cache.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Line([u64; WORDS_PER_LINE]);

impl Line {
    fn add(&mut self, id: IdHash) {
        for probe in 0..PROBES {
            let bits = id.0[1] >> (9 * probe);
            self.0[(bits >> 6 & 7) as usize] |= 1 << (bits & 63);
        }
    }

    /// Without a branch for each bit, so that several ids are on their way to memory at once.
    fn may_have(&self, id: IdHash) -> bool {
        let mut all = 1;
        for probe in 0..PROBES {
            let bits = id.0[1] >> (9 * probe);
            all &= self.0[(bits >> 6 & 7) as usize] >> (bits & 63);
        }
        all & 1 == 1
    }

    fn read(bytes: &[u8]) -> Self {
        let mut line = Self::default();
        for (at, word) in line.0.iter_mut().enumerate() {
            *word = long(bytes, 8 * at);
        }
        line
    }

    fn write(&self, out: &mut Vec<u8>) {
        for word in self.0 {
            out.extend_from_slice(&word.to_le_bytes());
        }
    }
}

/// The entries among which an id is, if it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) first: u64,
    pub(super) count: u32,
    /// About where it is.
    pub(super) guess: u64,
}

/// How many lines a filter has, and which of them is an id's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    lines: u64,
}

impl Shape {
    pub(super) fn of(count: u64) -> Self {
        Self { lines: count.div_ceil(IDS_PER_LINE).max(1) }
    }

    const fn blocks(self) -> u64 {
        self.lines.div_ceil(LINES_PER_BLOCK)
    }

    /// Bytes of the filter, on disk and in memory.
    pub(super) const fn bytes(self) -> u64 {
        (self.lines + self.blocks()) * LINE_BYTES as u64
    }

    /// Whether a block may lie across two pages of the disk, unless the filter begins with one.
    pub(super) const fn is_of_blocks(self) -> bool {
        self.lines > LINES_PER_BLOCK
    }

    /// The id's line, and how far behind the line's beginning it stands, in 2^64 parts.
    fn place(self, id: IdHash) -> (u64, u64) {
        let scaled = u128::from(id.0[0]) * u128::from(self.lines);
        ((scaled >> 64) as u64, scaled as u64)
    }

    fn lines_of(self, block: u64) -> u64 {
        (self.lines - block * LINES_PER_BLOCK).min(LINES_PER_BLOCK)
    }

    fn stretch(self, head: &Line, id: IdHash) -> Stretch {
        let (first, count) = (head.0[1], (head.0[0] >> 32) as u32);
        let (line, part) = self.place(id);
        let block = line / LINES_PER_BLOCK;
        let behind = (line - block * LINES_PER_BLOCK) << 32 | part >> 32;
        let share = u128::from(behind) * u128::from(count) / u128::from(self.lines_of(block));
        Stretch { first, count, guess: first.saturating_add((share >> 32) as u64) }
    }

    /// Reads the block of `id` from a filter that begins at `offset`, and says where the id may be.
    pub(super) fn read_stretch(
        self,
        (file, offset): (&dyn DiskFile, u64),
        id: IdHash,
        buffer: &mut Vec<u8>,
    ) -> io::Result<Option<Stretch>> {
        let (line, _) = self.place(id);
        let block = line / LINES_PER_BLOCK;
        let block_bytes = (LINES_PER_BLOCK + 1) * LINE_BYTES as u64;
        buffer.resize(LINE_BYTES * (1 + self.lines_of(block) as usize), 0);
        file.read_at(buffer, offset + block * block_bytes)?;
        check(buffer)?;
        let within = (line % LINES_PER_BLOCK) as usize;
        let line = Line::read(&buffer[LINE_BYTES * (1 + within)..]);
        Ok(line.may_have(id).then(|| self.stretch(&Line::read(buffer), id)))
    }
}

fn check(block: &[u8]) -> io::Result<()> {
    if crc32c::crc32c(&block[4..]) == word(block, 0) {
        return Ok(());
    }
    Err(damaged("the filter of a sealed run is damaged"))
}

/// A filter in memory.
#[derive(Debug)]
pub struct Filter {
    shape: Shape,
    /// With the heads of the blocks.
    lines: Vec<Line>,
}

impl Filter {
    /// Reads the filter that begins at `offset`.
    pub(super) fn read(shape: Shape, file: &dyn DiskFile, offset: u64) -> io::Result<Self> {
        let mut lines = Vec::with_capacity((shape.bytes() / LINE_BYTES as u64) as usize);
        let mut buffer = Vec::new();
        let mut at = offset;
        for block in 0..shape.blocks() {
            buffer.resize(LINE_BYTES * (1 + shape.lines_of(block) as usize), 0);
            file.read_at(&mut buffer, at)?;
            check(&buffer)?;
            lines.extend(buffer.chunks_exact(LINE_BYTES).map(Line::read));
            at += buffer.len() as u64;
        }
        Ok(Self { shape, lines })
    }

    /// Whether `id` may be in the section.
    pub fn may_have(&self, id: IdHash) -> bool {
        let (line, _) = self.shape.place(id);
        self.lines[(line + line / LINES_PER_BLOCK + 1) as usize].may_have(id)
    }

    pub(super) fn stretch(&self, id: IdHash) -> Option<Stretch> {
        let block = self.shape.place(id).0 / LINES_PER_BLOCK;
        let head = &self.lines[(block * (LINES_PER_BLOCK + 1)) as usize];
        self.may_have(id).then(|| self.shape.stretch(head, id))
    }
}

/// Writes a filter while the ids come, in their order.
#[derive(Debug)]
pub(super) struct FilterWriter {
    shape: Shape,
    out: Stream,
    lines: Vec<Line>,
    block: u64,
    first: u64,
    count: u32,
}

impl FilterWriter {
    pub(super) fn new(shape: Shape, out: Stream) -> Self {
        let lines = vec![Line::default(); shape.lines_of(0) as usize];
        Self { shape, out, lines, block: 0, first: 0, count: 0 }
    }

    pub(super) fn add(&mut self, id: IdHash) -> io::Result<()> {
        let (line, _) = self.shape.place(id);
        if line / LINES_PER_BLOCK < self.block {
            return Err(damaged("ids come to a sealed run in another order than theirs"));
        }
        while self.block < line / LINES_PER_BLOCK {
            self.end_block()?;
        }
        self.lines[(line % LINES_PER_BLOCK) as usize].add(id);
        self.count += 1;
        Ok(())
    }

    fn end_block(&mut self) -> io::Result<()> {
        let from = self.out.buffer.len();
        let mut head = Line::default();
        head.0[..2].copy_from_slice(&[u64::from(self.count) << 32, self.first]);
        head.write(&mut self.out.buffer);
        self.lines.iter().for_each(|line| line.write(&mut self.out.buffer));
        let checksum = crc32c::crc32c(&self.out.buffer[from + 4..]);
        self.out.buffer[from..from + 4].copy_from_slice(&checksum.to_le_bytes());
        self.out.write_if_full()?;
        self.first += u64::from(self.count);
        self.count = 0;
        self.block += 1;
        let next =
            if self.block < self.shape.blocks() { self.shape.lines_of(self.block) } else { 0 };
        self.lines.clear();
        self.lines.resize(next as usize, Line::default());
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        while self.block < self.shape.blocks() {
            self.end_block()?;
        }
        self.out.write()
    }
}
