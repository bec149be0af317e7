//! Sealed runs of ids: sorted, immutable, one section for each hour of event time.
//!
//! File: for each section `filter · fences · entries`, then a table of the sections, then `table offset
//! u64 · table length u32 · checksum u32`. An entry is 40 bytes: `id 16 · content u64 (with its version) · batch u64 (low
//! 48 bits) with the partition above · slot u32 · player u32`, in the order of ids. A fence is the upper
//! half of every 64th entry's id and the CRC32C of those 64 entries. The filter is a blocked Bloom
//! filter (Putze, Sanders, Singler 2007): one line of 64 bytes for about 34 ids, seven bits for each, so
//! that "surely new" costs one access and about 1.9 bytes an id.

use std::io;
use std::sync::Arc;

use accolade_engine::disk::{Disk, DiskFile};
use accolade_engine::ids::IdEntry;
use accolade_engine::store::{Ask, Earlier};
use accolade_wire::bytes::{Cursor, put_signed, put_varint};
use accolade_wire::identity::{Content, IdHash};

use crate::little_endian::{long, word};

/// Bytes of an entry on disk.
pub const ENTRY_BYTES: usize = 40;
const GROUP: usize = 64;
const IDS_PER_LINE: u64 = 34;
const WORDS_PER_LINE: usize = 8;
const PROBES: u32 = 7;
const TAIL_BYTES: u64 = 16;
const FORMAT: u8 = 1;

/// An id with the partition that holds its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunEntry {
    /// The partition.
    pub partition: u16,
    /// The id; its hour is that of the section.
    pub entry: IdEntry,
}

impl RunEntry {
    fn key(&self) -> (IdHash, u16, u64, u32) {
        (self.entry.id, self.partition, self.entry.batch, self.entry.slot)
    }

    fn write(&self, out: &mut Vec<u8>) {
        let entry = &self.entry;
        out.extend_from_slice(&entry.id.0[0].to_le_bytes());
        out.extend_from_slice(&entry.id.0[1].to_le_bytes());
        out.extend_from_slice(&entry.content.0.to_le_bytes());
        let place = u64::from(self.partition) << 48 | entry.batch;
        out.extend_from_slice(&place.to_le_bytes());
        out.extend_from_slice(&entry.slot.to_le_bytes());
        out.extend_from_slice(&entry.player.to_le_bytes());
    }

    fn read(bytes: &[u8], hour: i64) -> Self {
        let place = long(bytes, 24);
        let entry = IdEntry {
            id: IdHash([long(bytes, 0), long(bytes, 8)]),
            content: Content(long(bytes, 16)),
            batch: place & ((1 << 48) - 1),
            slot: word(bytes, 32),
            player: word(bytes, 36),
            hour,
        };
        Self { partition: (place >> 48) as u16, entry }
    }
}

/// Sorts ids for [`RunWriter::section`].
pub fn sort(entries: &mut [RunEntry]) {
    entries.sort_unstable_by_key(RunEntry::key);
}

/// The filter of a section.
#[derive(Debug, Clone, Default)]
struct Filter {
    lines: Vec<[u64; WORDS_PER_LINE]>,
}

impl Filter {
    fn for_count(count: u64) -> Self {
        let lines = count.div_ceil(IDS_PER_LINE).max(1) as usize;
        Self { lines: vec![[0; WORDS_PER_LINE]; lines] }
    }

    fn line(&self, id: IdHash) -> usize {
        ((u128::from(id.0[0]) * self.lines.len() as u128) >> 64) as usize
    }

    fn add(&mut self, id: IdHash) {
        let line = self.line(id);
        for probe in 0..PROBES {
            let bits = id.0[1] >> (9 * probe);
            self.lines[line][(bits >> 6 & 7) as usize] |= 1 << (bits & 63);
        }
    }

    /// Without a branch for each bit, so that several ids are on their way to memory at once.
    fn may_have(&self, id: IdHash) -> bool {
        let line = &self.lines[self.line(id)];
        let mut all = 1;
        for probe in 0..PROBES {
            let bits = id.0[1] >> (9 * probe);
            all &= line[(bits >> 6 & 7) as usize] >> (bits & 63);
        }
        all & 1 == 1
    }

    fn to_bytes(&self) -> Vec<u8> {
        self.lines.iter().flatten().flat_map(|word| word.to_le_bytes()).collect()
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let line = |line: &[u8]| {
            let mut words = [0; WORDS_PER_LINE];
            for (at, bytes) in line.chunks_exact(8).enumerate() {
                words[at] = long(bytes, 0);
            }
            words
        };
        Self { lines: bytes.chunks_exact(8 * WORDS_PER_LINE).map(line).collect() }
    }
}

#[derive(Debug, Clone, Copy)]
struct Fence {
    upper: u32,
    checksum: u32,
}

/// What the table says about a section.
#[derive(Debug, Clone, Copy)]
struct Layout {
    hour: i64,
    count: u64,
    offset: u64,
    filter_bytes: u64,
    filter_checksum: u32,
    fences_checksum: u32,
}

impl Layout {
    fn fence_count(&self) -> u64 {
        self.count.div_ceil(GROUP as u64)
    }

    fn entries_at(&self) -> u64 {
        self.offset + self.filter_bytes + 8 * self.fence_count()
    }

    /// Whether all of the section lies before `end`, and has a filter that can be asked.
    fn is_sound(&self, end: u64) -> bool {
        let bytes = self.count.checked_mul(ENTRY_BYTES as u64);
        let parts = [Some(self.filter_bytes), Some(8 * self.fence_count()), bytes];
        let ends = parts.into_iter().try_fold(self.offset, |at, part| at.checked_add(part?));
        ends.is_some_and(|ends| ends <= end) && self.filter_bytes >= 8 * WORDS_PER_LINE as u64
    }
}

/// The ids of one hour in one run.
#[derive(Debug)]
pub struct Section {
    /// The run's file.
    pub sequence: u64,
    /// Which of its sections.
    pub number: u32,
    layout: Layout,
    file: Arc<dyn DiskFile>,
    fences: Vec<Fence>,
    filter: Option<Filter>,
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl Section {
    /// The hour of event time.
    pub const fn hour(&self) -> i64 {
        self.layout.hour
    }

    /// How many ids.
    pub const fn count(&self) -> u64 {
        self.layout.count
    }

    /// Bytes of the filter in memory.
    pub fn filter_bytes(&self) -> usize {
        self.filter.as_ref().map_or(0, |filter| filter.lines.len() * 8 * WORDS_PER_LINE)
    }

    /// Answers those of `asks` that ask this section's hour; a newer answer replaces an older.
    pub fn earlier(
        &self,
        partition: u16,
        asks: &[Ask],
        found: &mut [Option<Earlier>],
        buffer: &mut Vec<u8>,
    ) -> io::Result<()> {
        for (ask, found) in asks.iter().zip(found) {
            let is_asked = ask.hours.include(self.layout.hour);
            if !is_asked || self.filter.as_ref().is_some_and(|filter| !filter.may_have(ask.id)) {
                continue;
            }
            self.each(ask.id, buffer, &mut |other, entry| {
                let is_it = other == partition
                    && entry.player == ask.player
                    && entry.batch < ask.before_batch;
                let is_newer =
                    found.is_none_or(|had| (had.batch, had.slot) < (entry.batch, entry.slot));
                if is_it && is_newer {
                    let (batch, slot, content) = (entry.batch, entry.slot, entry.content);
                    *found = Some(Earlier { batch, slot, content });
                }
            })?;
        }
        Ok(())
    }

    /// Gives every entry with `id`.
    pub fn each(
        &self,
        id: IdHash,
        buffer: &mut Vec<u8>,
        give: &mut dyn FnMut(u16, &IdEntry),
    ) -> io::Result<()> {
        let upper = (id.0[0] >> 32) as u32;
        let first = self.fences.partition_point(|fence| fence.upper < upper).saturating_sub(1);
        for (group, fence) in self.fences.iter().enumerate().skip(first) {
            if fence.upper > upper {
                break;
            }
            self.read_group(group, buffer)?;
            for bytes in buffer.chunks_exact(ENTRY_BYTES) {
                let RunEntry { partition, entry } = RunEntry::read(bytes, self.layout.hour);
                if entry.id == id {
                    give(partition, &entry);
                }
            }
        }
        Ok(())
    }

    fn read_group(&self, group: usize, buffer: &mut Vec<u8>) -> io::Result<()> {
        let from = group * GROUP;
        let count = GROUP.min(self.layout.count as usize - from);
        buffer.resize(count * ENTRY_BYTES, 0);
        self.file.read_at(buffer, self.layout.entries_at() + (from * ENTRY_BYTES) as u64)?;
        if crc32c::crc32c(buffer) != self.fences[group].checksum {
            return Err(damaged("a group of ids in a sealed run is damaged"));
        }
        Ok(())
    }

    /// All entries, in order.
    pub fn entries(&self) -> impl Iterator<Item = io::Result<RunEntry>> + '_ {
        let mut buffer = Vec::new();
        (0..self.fences.len()).flat_map(move |group| {
            let read = self.read_group(group, &mut buffer);
            let hour = self.layout.hour;
            let entries: Vec<_> = match read {
                Err(error) => vec![Err(error)],
                Ok(()) => buffer
                    .chunks_exact(ENTRY_BYTES)
                    .map(|bytes| Ok(RunEntry::read(bytes, hour)))
                    .collect(),
            };
            entries
        })
    }
}

/// Writes a run.
#[derive(Debug)]
pub struct RunWriter {
    file: Arc<dyn DiskFile>,
    offset: u64,
    layouts: Vec<Layout>,
}

/// Bytes that a writer collects before it writes them.
const CHUNK_BYTES: usize = 1 << 20;

impl RunWriter {
    /// Creates the file.
    pub fn create(disk: &dyn Disk, path: &str) -> io::Result<Self> {
        Ok(Self { file: disk.create(path, 0)?, offset: 0, layouts: Vec::new() })
    }

    /// Writes a section of exactly `count` ids, which come sorted by [`sort`].
    pub fn section(
        &mut self,
        hour: i64,
        count: u64,
        entries: impl Iterator<Item = io::Result<RunEntry>>,
    ) -> io::Result<()> {
        let mut filter = Filter::for_count(count);
        let filter_bytes = (filter.lines.len() * 8 * WORDS_PER_LINE) as u64;
        let mut layout = Layout {
            hour,
            count,
            offset: self.offset,
            filter_bytes,
            filter_checksum: 0,
            fences_checksum: 0,
        };
        let mut fences = Vec::with_capacity(8 * layout.fence_count() as usize);
        let mut at = layout.entries_at();
        let mut chunk = Vec::with_capacity(CHUNK_BYTES + ENTRY_BYTES * GROUP);
        let (mut group_at, mut in_group, mut written) = (0, 0, 0);
        for entry in entries {
            let entry = entry?;
            filter.add(entry.entry.id);
            if in_group == 0 {
                fences.extend_from_slice(&entry.entry.id.0[0].to_le_bytes()[4..]);
                group_at = chunk.len();
            }
            entry.write(&mut chunk);
            in_group += 1;
            written += 1;
            if in_group == GROUP || written == count {
                fences.extend_from_slice(&crc32c::crc32c(&chunk[group_at..]).to_le_bytes());
                in_group = 0;
                if chunk.len() >= CHUNK_BYTES || written == count {
                    self.file.write_at(&chunk, at)?;
                    at += chunk.len() as u64;
                    chunk.clear();
                }
            }
        }
        if written != count {
            return Err(damaged("a section has another number of ids than it was said to have"));
        }
        let filter = filter.to_bytes();
        layout.filter_checksum = crc32c::crc32c(&filter);
        layout.fences_checksum = crc32c::crc32c(&fences);
        self.file.write_at(&filter, self.offset)?;
        self.file.write_at(&fences, self.offset + filter_bytes)?;
        self.offset = at;
        self.layouts.push(layout);
        Ok(())
    }

    /// Writes the table and makes the run durable.
    pub fn finish(self) -> io::Result<()> {
        let mut table = vec![FORMAT];
        for layout in &self.layouts {
            put_signed(&mut table, layout.hour);
            put_varint(&mut table, layout.count);
            put_varint(&mut table, layout.offset);
            put_varint(&mut table, layout.filter_bytes);
            table.extend_from_slice(&layout.filter_checksum.to_le_bytes());
            table.extend_from_slice(&layout.fences_checksum.to_le_bytes());
        }
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
    let bad = |_| damaged("the table of a sealed run is damaged");
    let (table_at, table_len) = (cursor.u64().map_err(bad)?, cursor.u32().map_err(bad)?);
    let checksum = cursor.u32().map_err(bad)?;
    if table_at.checked_add(u64::from(table_len)) != Some(tail_at) {
        return Err(damaged("a sealed run has no table"));
    }
    let mut table = vec![0; table_len as usize];
    file.read_at(&mut table, table_at)?;
    if crc32c::crc32c(&table) != checksum {
        return Err(damaged("the table of a sealed run is damaged"));
    }
    Ok((table, table_at))
}

/// Opens the sections of a run that `wanted` names; `resident` says of which hours the filter is kept
/// in memory.
pub fn open(
    file: &Arc<dyn DiskFile>,
    sequence: u64,
    wanted: &dyn Fn(u32) -> bool,
    resident: &dyn Fn(i64) -> bool,
) -> io::Result<Vec<Section>> {
    let (table, table_at) = read_table(&**file)?;
    let bad = |_| damaged("the table of a sealed run is damaged");
    let mut cursor = Cursor::new(&table, "table of a sealed run");
    let unknown = |bad| io::Error::new(io::ErrorKind::InvalidData, bad);
    cursor.format_of("sealed run", FORMAT).map_err(unknown)?;
    let mut sections = Vec::new();
    let mut number = 0;
    while !cursor.is_empty() {
        let layout = Layout {
            hour: cursor.signed().map_err(bad)?,
            count: cursor.varint().map_err(bad)?,
            offset: cursor.varint().map_err(bad)?,
            filter_bytes: cursor.varint().map_err(bad)?,
            filter_checksum: cursor.u32().map_err(bad)?,
            fences_checksum: cursor.u32().map_err(bad)?,
        };
        if !layout.is_sound(table_at) {
            return Err(damaged("the table of a sealed run is damaged"));
        }
        if wanted(number) {
            sections.push(open_section(file, sequence, number, layout, resident(layout.hour))?);
        }
        number += 1;
    }
    Ok(sections)
}

fn open_section(
    file: &Arc<dyn DiskFile>,
    sequence: u64,
    number: u32,
    layout: Layout,
    resident: bool,
) -> io::Result<Section> {
    let mut bytes = vec![0; 8 * layout.fence_count() as usize];
    file.read_at(&mut bytes, layout.offset + layout.filter_bytes)?;
    if crc32c::crc32c(&bytes) != layout.fences_checksum {
        return Err(damaged("the fences of a sealed run are damaged"));
    }
    let fence = |bytes: &[u8]| Fence { upper: word(bytes, 0), checksum: word(bytes, 4) };
    let fences = bytes.chunks_exact(8).map(fence).collect();
    let filter = if resident {
        let mut bytes = vec![0; layout.filter_bytes as usize];
        file.read_at(&mut bytes, layout.offset)?;
        if crc32c::crc32c(&bytes) != layout.filter_checksum {
            return Err(damaged("the filter of a sealed run is damaged"));
        }
        Some(Filter::from_bytes(&bytes))
    } else {
        None
    };
    Ok(Section { sequence, number, layout, file: Arc::clone(file), fences, filter })
}
