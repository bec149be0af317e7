//! Sealed runs of ids: sorted, immutable, in sections.
//!
//! File: for each section `filter · entries`, then a table of the sections, then `table offset u64 · table
//! length u32 · checksum u32`. A section has the ids of one hour of event time, or, once it was merged, of
//! a day, a month or a year. An entry is 42 bytes: `id 16 · content u64 (with its version) · batch u64 (low
//! 48 bits) with the partition above · slot u32 · player u32 · hours since the section's first u16`, in the
//! order of ids. Entries lie in blocks of 4 KiB, each `CRC32C u32` and 97 of them. Where the block of an id is
//! says the [filter]; nothing else leads to it.

pub mod filter;

use std::io;
use std::sync::Arc;

use accolade_engine::disk::{Disk, DiskFile};
use accolade_engine::ids::IdEntry;
use accolade_wire::bytes::{Cursor, put_signed, put_varint};
use accolade_wire::identity::{Content, IdHash};

pub use self::filter::Filter;
use self::filter::{FilterWriter, Shape, Stretch};
use crate::little_endian::{long, word};
use crate::paced::paced;

/// Bytes of an entry on disk.
pub const ENTRY_BYTES: usize = 42;
const CHECKSUM_BYTES: usize = 4;
const BLOCK_ENTRIES: u64 = 97;
const BLOCK_BYTES: u64 = 4096;
/// What a full block leaves of its 4 KiB.
const PADDING_BYTES: usize =
    BLOCK_BYTES as usize - CHECKSUM_BYTES - BLOCK_ENTRIES as usize * ENTRY_BYTES;
/// Blocks that are read at a time where all are.
const BLOCKS_AT_ONCE: u64 = 16;
const TAIL_BYTES: u64 = 16;
const FORMAT: u8 = 1;

/// An id with the partition that holds its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunEntry {
    /// The partition.
    pub partition: u16,
    /// The id.
    pub entry: IdEntry,
}

impl RunEntry {
    pub(crate) fn key(&self) -> (IdHash, u16, u64, u32) {
        (self.entry.id, self.partition, self.entry.batch, self.entry.slot)
    }

    fn write(&self, hour: u16, out: &mut Vec<u8>) {
        let entry = &self.entry;
        out.extend_from_slice(&entry.id.0[0].to_le_bytes());
        out.extend_from_slice(&entry.id.0[1].to_le_bytes());
        out.extend_from_slice(&entry.content.0.to_le_bytes());
        let place = u64::from(self.partition) << 48 | entry.batch;
        out.extend_from_slice(&place.to_le_bytes());
        out.extend_from_slice(&entry.slot.to_le_bytes());
        out.extend_from_slice(&entry.player.to_le_bytes());
        out.extend_from_slice(&hour.to_le_bytes());
    }

    fn read(bytes: &[u8], first_hour: i64) -> Self {
        let place = long(bytes, 24);
        let hour = u16::from_le_bytes([bytes[40], bytes[41]]);
        let entry = IdEntry {
            id: read_id(bytes),
            content: Content(long(bytes, 16)),
            batch: place & ((1 << 48) - 1),
            slot: word(bytes, 32),
            player: word(bytes, 36),
            hour: first_hour.saturating_add(i64::from(hour)),
        };
        Self { partition: (place >> 48) as u16, entry }
    }
}

fn read_id(bytes: &[u8]) -> IdHash {
    IdHash([long(bytes, 0), long(bytes, 8)])
}

/// Sorts ids for [`RunWriter::section`].
pub fn sort(entries: &mut [RunEntry]) {
    entries.sort_unstable_by_key(RunEntry::key);
}

/// What a section has of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The partition.
    pub partition: u16,
    /// How many ids.
    pub count: u64,
    /// The least batch of their outcomes.
    pub least: u64,
    /// The greatest.
    pub greatest: u64,
}

/// What the table says about a section.
#[derive(Debug, Clone)]
struct Layout {
    from: i64,
    to: i64,
    count: u64,
    offset: u64,
    /// In the order of partitions.
    parts: Box<[Part]>,
}

impl Layout {
    fn shape(&self) -> Shape {
        Shape::of(self.count)
    }

    fn entries_at(&self) -> u64 {
        self.offset + self.shape().bytes()
    }

    /// The first byte behind the section; nothing where there is no such number.
    fn end(&self) -> Option<u64> {
        let checksums = self.count.div_ceil(BLOCK_ENTRIES) * CHECKSUM_BYTES as u64;
        let padding = self.count / BLOCK_ENTRIES * PADDING_BYTES as u64;
        let entries = self.count.checked_mul(ENTRY_BYTES as u64)?;
        let bytes = entries.checked_add(checksums)?.checked_add(padding)?;
        self.offset.checked_add(self.shape().bytes())?.checked_add(bytes)
    }

    /// Whether all of the section lies before `end`, and it is what its parts are.
    fn is_sound(&self, end: u64) -> bool {
        let count = self.parts.iter().try_fold(0, |sum: u64, part| sum.checked_add(part.count));
        self.end().is_some_and(|ends| ends <= end)
            && count == Some(self.count)
            && self.parts.is_sorted_by(|one, next| one.partition < next.partition)
    }

    fn write(&self, table: &mut Vec<u8>) {
        put_signed(table, self.from);
        put_varint(table, self.to.abs_diff(self.from));
        put_varint(table, self.count);
        put_varint(table, self.offset);
        put_varint(table, self.parts.len() as u64);
        for part in &self.parts {
            put_varint(table, u64::from(part.partition));
            put_varint(table, part.count);
            put_varint(table, part.least);
            put_varint(table, part.greatest - part.least);
        }
    }

    /// `None` where what it says cannot be.
    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        let from = cursor.signed().ok()?;
        let to = from.checked_add(i64::from(u16::try_from(cursor.varint().ok()?).ok()?))?;
        let (count, offset) = (cursor.varint().ok()?, cursor.varint().ok()?);
        let mut parts = Vec::new();
        for _ in 0..cursor.varint().ok()? {
            let partition = u16::try_from(cursor.varint().ok()?).ok()?;
            let (count, least) = (cursor.varint().ok()?, cursor.varint().ok()?);
            let greatest = least.checked_add(cursor.varint().ok()?)?;
            parts.push(Part { partition, count, least, greatest });
        }
        Some(Self { from, to, count, offset, parts: parts.into() })
    }
}

/// The ids of some hours in one run. It holds no more in memory than what the table says of it.
#[derive(Debug)]
pub struct Section {
    /// The run's file.
    pub sequence: u64,
    /// Which of its sections.
    pub number: u32,
    layout: Layout,
    file: Arc<dyn DiskFile>,
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn damaged_table() -> io::Error {
    damaged("the table of a sealed run is damaged")
}

impl Section {
    /// The first hour of event time that its ids may have.
    pub const fn from(&self) -> i64 {
        self.layout.from
    }

    /// The last hour of event time that its ids may have.
    pub const fn to(&self) -> i64 {
        self.layout.to
    }

    /// How many ids.
    pub const fn count(&self) -> u64 {
        self.layout.count
    }

    /// What it has of each partition.
    pub const fn parts(&self) -> &[Part] {
        &self.layout.parts
    }

    /// Bytes of the filter, where it is in memory.
    pub fn filter_bytes(&self) -> u64 {
        self.layout.shape().bytes()
    }

    /// Bytes that the section itself takes in memory, without a filter.
    pub fn bytes(&self) -> u64 {
        (size_of::<Self>() + self.layout.parts.len() * size_of::<Part>()) as u64
    }

    /// Reads the filter.
    pub fn filter(&self) -> io::Result<Filter> {
        Filter::read(self.layout.shape(), &*self.file, self.layout.offset)
    }

    /// Gives every entry with `id`; says whether any had to be looked for. Where the filter is not in
    /// memory, the block of it that can say so is read.
    pub fn each(
        &self,
        filter: Option<&Filter>,
        id: IdHash,
        buffer: &mut Vec<u8>,
        give: &mut dyn FnMut(u16, &IdEntry),
    ) -> io::Result<bool> {
        let stretch = if let Some(filter) = filter {
            filter.stretch(id)
        } else {
            let place = (&*self.file, self.layout.offset);
            self.layout.shape().read_stretch(place, id, buffer)?
        };
        let Some(stretch) = stretch else { return Ok(false) };
        self.each_in(stretch, id, buffer, give)?;
        Ok(true)
    }

    /// From the block where `id` should be, back to the first that can have it, and on to the last.
    fn each_in(
        &self,
        Stretch { first, count, guess }: Stretch,
        id: IdHash,
        buffer: &mut Vec<u8>,
        give: &mut dyn FnMut(u16, &IdEntry),
    ) -> io::Result<()> {
        let end = first.checked_add(u64::from(count)).filter(|end| *end <= self.layout.count);
        let last = end.ok_or(damaged("the filter of a sealed run is damaged"))?.saturating_sub(1);
        let (first, last) = (first / BLOCK_ENTRIES, last / BLOCK_ENTRIES);
        if count == 0 {
            return Ok(());
        }
        let mut at = (guess / BLOCK_ENTRIES).clamp(first, last);
        self.read_block(at, buffer)?;
        while at > first && id <= read_id(&buffer[CHECKSUM_BYTES..]) {
            at -= 1;
            self.read_block(at, buffer)?;
        }
        loop {
            let mut next = None;
            for bytes in buffer[CHECKSUM_BYTES..].chunks_exact(ENTRY_BYTES) {
                let found = read_id(bytes);
                if found > id {
                    return Ok(());
                }
                if found == id {
                    let RunEntry { partition, entry } = RunEntry::read(bytes, self.layout.from);
                    give(partition, &entry);
                }
                next = (at < last).then_some(at + 1);
            }
            let Some(next) = next else { return Ok(()) };
            at = next;
            self.read_block(at, buffer)?;
        }
    }

    fn block_bytes(&self, block: u64) -> usize {
        let count = BLOCK_ENTRIES.min(self.layout.count - block * BLOCK_ENTRIES);
        CHECKSUM_BYTES + count as usize * ENTRY_BYTES
    }

    fn read_block(&self, block: u64, buffer: &mut Vec<u8>) -> io::Result<()> {
        buffer.resize(self.block_bytes(block), 0);
        self.file.read_at(buffer, self.layout.entries_at() + block * BLOCK_BYTES)?;
        check(buffer)
    }

    /// All entries, in order, up to the first that cannot be read.
    pub fn entries(self: &Arc<Self>) -> Entries {
        Entries { section: Arc::clone(self), next_block: 0, buffer: Vec::new(), at: 0 }
    }
}

fn check(block: &[u8]) -> io::Result<()> {
    if crc32c::crc32c(&block[CHECKSUM_BYTES..]) == word(block, 0) {
        return Ok(());
    }
    Err(damaged("a block of ids in a sealed run is damaged"))
}

/// All entries of a section.
#[derive(Debug)]
pub struct Entries {
    section: Arc<Section>,
    next_block: u64,
    /// Entries alone, of some blocks.
    buffer: Vec<u8>,
    at: usize,
}

impl Entries {
    fn read(&mut self) -> io::Result<()> {
        let section = &self.section;
        let blocks = section.layout.count.div_ceil(BLOCK_ENTRIES);
        let to = blocks.min(self.next_block + BLOCKS_AT_ONCE);
        let last = to - 1;
        let whole = (last - self.next_block) * BLOCK_BYTES;
        self.buffer.resize(whole as usize + section.block_bytes(last), 0);
        let from = section.layout.entries_at() + self.next_block * BLOCK_BYTES;
        section.file.read_at(&mut self.buffer, from)?;
        let (mut read, mut kept) = (0, 0);
        for block in self.next_block..to {
            let bytes = section.block_bytes(block);
            check(&self.buffer[read..read + bytes])?;
            self.buffer.copy_within(read + CHECKSUM_BYTES..read + bytes, kept);
            (read, kept) = (read + BLOCK_BYTES as usize, kept + bytes - CHECKSUM_BYTES);
        }
        self.buffer.truncate(kept);
        (self.at, self.next_block) = (0, to);
        Ok(())
    }
}

impl Iterator for Entries {
    type Item = io::Result<RunEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at == self.buffer.len() {
            let blocks = self.section.layout.count.div_ceil(BLOCK_ENTRIES);
            if self.next_block >= blocks {
                return None;
            }
            if let Err(error) = self.read() {
                (self.buffer, self.at, self.next_block) = (Vec::new(), 0, blocks);
                return Some(Err(error));
            }
        }
        let bytes = &self.buffer[self.at..self.at + ENTRY_BYTES];
        self.at += ENTRY_BYTES;
        Some(Ok(RunEntry::read(bytes, self.section.layout.from)))
    }
}

/// Bytes that are collected before they are written.
const CHUNK_BYTES: usize = 1 << 20;

/// Bytes that come one after the other, and are written so.
#[derive(Debug)]
struct Stream {
    file: Arc<dyn DiskFile>,
    at: u64,
    buffer: Vec<u8>,
}

impl Stream {
    const fn new(file: Arc<dyn DiskFile>, at: u64) -> Self {
        Self { file, at, buffer: Vec::new() }
    }

    fn write_if_full(&mut self) -> io::Result<()> {
        if self.buffer.len() >= CHUNK_BYTES { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.file.write_at(&self.buffer, self.at)?;
            self.at += self.buffer.len() as u64;
            self.buffer.clear();
        }
        Ok(())
    }
}

/// Writes one section, entry by entry.
#[derive(Debug)]
pub struct SectionWriter {
    layout: Layout,
    filter: FilterWriter,
    out: Stream,
    block_at: usize,
    written: u64,
    /// By partition.
    parts: Vec<Part>,
}

impl SectionWriter {
    fn new(file: &Arc<dyn DiskFile>, layout: Layout) -> Self {
        let filter = Stream::new(Arc::clone(file), layout.offset);
        let out = Stream::new(Arc::clone(file), layout.entries_at());
        let filter = FilterWriter::new(layout.shape(), filter);
        Self { layout, filter, out, block_at: 0, written: 0, parts: Vec::new() }
    }

    /// Writes the next entry, in the order of [`sort`].
    pub fn put(&mut self, entry: &RunEntry) -> io::Result<()> {
        let (Layout { from, to, count, .. }, hour) = (&self.layout, entry.entry.hour);
        let hour = hour.checked_sub(*from).filter(|_| hour <= *to);
        let Some(hour) = hour.and_then(|hour| u16::try_from(hour).ok()) else {
            return Err(damaged("an id is not of the hours of the section that it comes to"));
        };
        if self.written == *count {
            return Err(damaged("a section has more ids than it was said to have"));
        }
        if self.written.is_multiple_of(BLOCK_ENTRIES) {
            self.block_at = self.out.buffer.len();
            self.out.buffer.extend_from_slice(&[0; CHECKSUM_BYTES]);
        }
        self.filter.add(entry.entry.id)?;
        self.count(entry);
        entry.write(hour, &mut self.out.buffer);
        self.written += 1;
        if self.written.is_multiple_of(BLOCK_ENTRIES) {
            self.end_block();
            self.out.buffer.extend_from_slice(&[0; PADDING_BYTES]);
            self.out.write_if_full()?;
        }
        Ok(())
    }

    fn count(&mut self, entry: &RunEntry) {
        let (partition, batch) = (entry.partition, entry.entry.batch);
        let at = usize::from(partition);
        while self.parts.len() <= at {
            let partition = self.parts.len() as u16;
            self.parts.push(Part { partition, count: 0, least: u64::MAX, greatest: 0 });
        }
        let part = &mut self.parts[at];
        part.count += 1;
        part.least = part.least.min(batch);
        part.greatest = part.greatest.max(batch);
    }

    fn end_block(&mut self) {
        let (head, entries) = self.out.buffer[self.block_at..].split_at_mut(CHECKSUM_BYTES);
        head.copy_from_slice(&crc32c::crc32c(entries).to_le_bytes());
    }

    fn finish(mut self) -> io::Result<(Layout, u64)> {
        if self.written != self.layout.count {
            return Err(damaged("a section has fewer ids than it was said to have"));
        }
        if !self.written.is_multiple_of(BLOCK_ENTRIES) {
            self.end_block();
        }
        self.out.write()?;
        self.filter.finish()?;
        self.layout.parts = self.parts.into_iter().filter(|part| part.count > 0).collect();
        Ok((self.layout, self.out.at))
    }
}

/// Writes a run.
#[derive(Debug)]
pub struct RunWriter {
    file: Arc<dyn DiskFile>,
    offset: u64,
    layouts: Vec<Layout>,
}

impl RunWriter {
    /// Creates the file.
    pub fn create(disk: &dyn Disk, path: &str) -> io::Result<Self> {
        Ok(Self { file: paced(disk.create(path, 0)?), offset: 0, layouts: Vec::new() })
    }

    /// Begins a section of exactly `count` ids of the hours from `from` to `to`.
    pub fn begin(&self, (from, to): (i64, i64), count: u64) -> io::Result<SectionWriter> {
        if to.checked_sub(from).is_none_or(|hours| u16::try_from(hours).is_err()) {
            return Err(damaged("a section is of more hours than an entry can tell apart"));
        }
        let is_of_blocks = Shape::of(count).is_of_blocks();
        let boundary = if is_of_blocks { BLOCK_BYTES } else { 1 };
        let offset = self.offset.next_multiple_of(boundary);
        let layout = Layout { from, to, count, offset, parts: Box::default() };
        Ok(SectionWriter::new(&self.file, layout))
    }

    /// Ends the section that was begun last.
    pub fn end(&mut self, section: SectionWriter) -> io::Result<()> {
        let (layout, end) = section.finish()?;
        self.layouts.push(layout);
        self.offset = end;
        Ok(())
    }

    /// Writes a section of ids that were sorted by [`sort`].
    pub fn section(&mut self, hours: (i64, i64), entries: &[RunEntry]) -> io::Result<()> {
        let mut section = self.begin(hours, entries.len() as u64)?;
        entries.iter().try_for_each(|entry| section.put(entry))?;
        self.end(section)
    }

    /// Makes durable what is written so far, so that little is left for the end.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }

    /// Writes the table and makes the run durable.
    pub fn finish(self) -> io::Result<()> {
        let mut table = vec![FORMAT];
        self.layouts.iter().for_each(|layout| layout.write(&mut table));
        write_table(&*self.file, table, self.offset)
    }
}

/// Writes the table of a file at `offset`, its end, and makes the file durable.
pub(crate) fn write_table(file: &dyn DiskFile, mut table: Vec<u8>, offset: u64) -> io::Result<()> {
    let checksum = crc32c::crc32c(&table);
    let length = table.len() as u32;
    table.extend_from_slice(&offset.to_le_bytes());
    table.extend_from_slice(&length.to_le_bytes());
    table.extend_from_slice(&checksum.to_le_bytes());
    file.write_at(&table, offset)?;
    file.sync()
}

/// Reads the table at the end of a file, and says where it begins.
pub(crate) fn read_table(file: &dyn DiskFile) -> io::Result<(Vec<u8>, u64)> {
    let len = file.len()?;
    let tail_at = len.checked_sub(TAIL_BYTES).ok_or(damaged("a sealed run is cut"))?;
    let mut tail = [0; TAIL_BYTES as usize];
    file.read_at(&mut tail, tail_at)?;
    let mut cursor = Cursor::new(&tail, "sealed run");
    let bad = |_| damaged_table();
    let (table_at, table_len) = (cursor.u64().map_err(bad)?, cursor.u32().map_err(bad)?);
    let checksum = cursor.u32().map_err(bad)?;
    if table_at.checked_add(u64::from(table_len)) != Some(tail_at) {
        return Err(damaged("a sealed run has no table"));
    }
    let mut table = vec![0; table_len as usize];
    file.read_at(&mut table, table_at)?;
    if crc32c::crc32c(&table) != checksum {
        return Err(damaged_table());
    }
    Ok((table, table_at))
}

/// Opens the sections of a run that `wanted` names.
pub fn open(
    file: &Arc<dyn DiskFile>,
    sequence: u64,
    wanted: &dyn Fn(u32) -> bool,
) -> io::Result<Vec<Section>> {
    let (table, table_at) = read_table(&**file)?;
    let mut cursor = Cursor::new(&table, "table of a sealed run");
    let unknown = |bad| io::Error::new(io::ErrorKind::InvalidData, bad);
    cursor.format_of("sealed run", FORMAT).map_err(unknown)?;
    let mut sections = Vec::new();
    let mut number = 0;
    while !cursor.is_empty() {
        let layout = Layout::read(&mut cursor).ok_or_else(damaged_table)?;
        if !layout.is_sound(table_at) {
            return Err(damaged_table());
        }
        if wanted(number) {
            sections.push(Section { sequence, number, layout, file: Arc::clone(file) });
        }
        number += 1;
    }
    Ok(sections)
}
