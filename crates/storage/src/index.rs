//! The index of a segment: where the slice of each batch lies in it.
//!
//! Of an open segment it is in memory. That of a closed one stands behind its frames, in pages of entries, in
//! the order of partitions and batches, each with its checksum: `batch u64 · offset u32 · length u32`, and
//! `CRC32C of the page u32`. In memory stays the range of each partition, as its summary has it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use accolade_wire::bytes::{BadFormat, Cursor, put_varint};
use accolade_wire::record::{SLICE_HEAD_BYTES, Slice};

use crate::little_endian::{long, word};

/// Where one slice lies in its segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SliceAt {
    /// The batch.
    pub batch: u64,
    /// Offset in the segment.
    pub offset: u32,
    /// Bytes of the slice with its head.
    pub length: u32,
}

const ENTRY_BYTES: usize = 16;
/// Entries in a page, which with its checksum has a little less than 4 KiB.
const PAGE_ENTRIES: u32 = 255;
const CHECKSUM_BYTES: usize = 4;
const PAGE_BYTES: u64 = PAGE_ENTRIES as u64 * ENTRY_BYTES as u64 + CHECKSUM_BYTES as u64;

/// Where the slices of an open segment lie, by partition and batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    partitions: BTreeMap<u16, Vec<SliceAt>>,
}

impl Index {
    /// Adds the slices in `bytes`, which begin at `offset` of the segment.
    pub fn add(&mut self, bytes: &[u8], offset: u64) -> Result<(), BadFormat> {
        let mut cursor = Cursor::new(bytes, "list of slices");
        while !cursor.is_empty() {
            let at = offset + (bytes.len() - cursor.rest().len()) as u64;
            let slice = Slice::read_unchecked(&mut cursor)?;
            let slice_at = SliceAt {
                batch: slice.batch,
                offset: u32::try_from(at).map_err(|_| cursor.bad())?,
                length: u32::try_from(SLICE_HEAD_BYTES + slice.body.len())
                    .map_err(|_| cursor.bad())?,
            };
            self.partitions.entry(slice.partition).or_default().push(slice_at);
        }
        Ok(())
    }

    /// Where the slice of a batch lies.
    pub fn find(&self, partition: u16, batch: u64) -> Option<SliceAt> {
        let slices = self.partitions.get(&partition)?;
        slices.binary_search_by_key(&batch, |slice| slice.batch).ok().map(|at| slices[at])
    }

    /// The first and last batch of a partition.
    pub fn range(&self, partition: u16) -> Option<(u64, u64)> {
        let slices = self.partitions.get(&partition)?;
        Some((slices.first()?.batch, slices.last()?.batch))
    }

    /// Appends the pages.
    pub fn write_pages(&self, out: &mut Vec<u8>) {
        let slices: Vec<&SliceAt> = self.partitions.values().flatten().collect();
        for entries in slices.chunks(PAGE_ENTRIES as usize) {
            let from = out.len();
            for SliceAt { batch, offset, length } in entries {
                out.extend_from_slice(&batch.to_le_bytes());
                out.extend_from_slice(&offset.to_le_bytes());
                out.extend_from_slice(&length.to_le_bytes());
            }
            let checksum = crc32c::crc32c(&out[from..]);
            out.extend_from_slice(&checksum.to_le_bytes());
        }
    }

    /// Appends the summary: for each partition its number, how many slices it has, the first batch, and
    /// the last as a difference.
    pub fn write_summary(&self, out: &mut Vec<u8>) {
        put_varint(out, self.partitions.len() as u64);
        for (partition, slices) in &self.partitions {
            let (first, last) = self.range(*partition).unwrap_or_default();
            for value in [u64::from(*partition), slices.len() as u64, first, last - first] {
                put_varint(out, value);
            }
        }
    }
}

/// What stays in memory of the index of a closed segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    ranges: Box<[PartitionRange]>,
    entry_count: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct PartitionRange {
    first: u64,
    last: u64,
    /// The number of its first entry.
    from: u32,
    partition: u16,
}

/// Gives the entries of a page, checked by [`page_entries`].
pub type ReadPage<'a, E> = &'a mut dyn FnMut(u32) -> Result<Arc<[u8]>, E>;

impl Summary {
    /// Reads what [`Index::write_summary`] wrote.
    pub fn read(cursor: &mut Cursor<'_>) -> Result<Self, BadFormat> {
        let count: usize = cursor.small()?;
        let mut ranges: Vec<PartitionRange> = Vec::with_capacity(count.min(cursor.rest().len()));
        let mut entry_count = 0_u32;
        for _ in 0..count {
            let (partition, entries, first): (u16, u32, _) =
                (cursor.small()?, cursor.small()?, cursor.varint()?);
            let last = first.checked_add(cursor.varint()?).ok_or(cursor.bad())?;
            // So many different batches fit between them.
            let fits = entries > 0 && u64::from(entries) - 1 <= last - first;
            let is_next = ranges.last().is_none_or(|before| before.partition < partition);
            if !fits || !is_next {
                return Err(cursor.bad());
            }
            ranges.push(PartitionRange { first, last, from: entry_count, partition });
            entry_count = entry_count.checked_add(entries).ok_or(cursor.bad())?;
        }
        Ok(Self { ranges: ranges.into(), entry_count })
    }

    fn range_at(&self, partition: u16) -> Option<usize> {
        self.ranges.binary_search_by_key(&partition, |range| range.partition).ok()
    }

    /// The first and last batch of a partition.
    pub fn range(&self, partition: u16) -> Option<(u64, u64)> {
        let range = &self.ranges[self.range_at(partition)?];
        Some((range.first, range.last))
    }

    /// The highest last batch of any partition.
    pub fn last_batch(&self) -> u64 {
        self.ranges.iter().map(|range| range.last).max().unwrap_or(0)
    }

    /// Bytes of all pages.
    pub fn pages_bytes(&self) -> u64 {
        let pages = u64::from(self.entry_count.div_ceil(PAGE_ENTRIES));
        u64::from(self.entry_count) * ENTRY_BYTES as u64 + pages * CHECKSUM_BYTES as u64
    }

    /// Where a page lies within them.
    pub fn page_at(&self, number: u32) -> Range<u64> {
        let from = u64::from(number) * PAGE_BYTES;
        from..(from + PAGE_BYTES).min(self.pages_bytes())
    }

    /// Where the slice of a batch lies. Where no batch is left out, one page is read; or else a few.
    pub fn find<E>(
        &self,
        partition: u16,
        batch: u64,
        read: ReadPage<'_, E>,
    ) -> Result<Option<SliceAt>, E> {
        let Some(at) = self.range_at(partition) else { return Ok(None) };
        let range = &self.ranges[at];
        if batch < range.first || batch > range.last {
            return Ok(None);
        }
        let end = self.ranges.get(at + 1).map_or(self.entry_count, |next| next.from);
        let (mut low, mut high) = (range.from, end);
        // Before an entry there are as many as batches at most, and behind it as well.
        let before = u32::try_from(batch - range.first).unwrap_or(u32::MAX);
        let behind = u32::try_from(range.last - batch).unwrap_or(u32::MAX);
        high = high.min(low.saturating_add(before).saturating_add(1));
        low = low.max(end.saturating_sub(behind).saturating_sub(1));
        while low < high {
            let middle = low + (high - low) / 2;
            let page = read(middle / PAGE_ENTRIES)?;
            let slice = entry(&page, (middle % PAGE_ENTRIES) as usize);
            match slice.batch.cmp(&batch) {
                std::cmp::Ordering::Equal => return Ok(Some(slice)),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }
}

fn entry(page: &[u8], number: usize) -> SliceAt {
    let entry = &page[number * ENTRY_BYTES..(number + 1) * ENTRY_BYTES];
    SliceAt { batch: long(entry, 0), offset: word(entry, 8), length: word(entry, 12) }
}

/// The entries of a page, whose checksum fits.
pub fn page_entries(mut page: Vec<u8>) -> Option<Vec<u8>> {
    let entries = page.len().checked_sub(CHECKSUM_BYTES)?;
    if crc32c::crc32c(&page[..entries]) != word(&page, entries) {
        return None;
    }
    page.truncate(entries);
    Some(page)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// An index with slices of some batches, and where they would be found again once it is closed.
    fn closed(batches: &[(u16, Vec<u64>)]) -> (Index, Summary, Vec<u8>) {
        let mut index = Index::default();
        let mut offset = 64;
        for (partition, batches) in batches {
            for &batch in batches {
                let slice_at = SliceAt { batch, offset, length: 40 };
                index.partitions.entry(*partition).or_default().push(slice_at);
                offset += 40;
            }
        }
        let (mut pages, mut summary) = (Vec::new(), Vec::new());
        index.write_pages(&mut pages);
        index.write_summary(&mut summary);
        let summary = Summary::read(&mut Cursor::new(&summary, "summary")).unwrap();
        assert_eq!(pages.len() as u64, summary.pages_bytes());
        (index, summary, pages)
    }

    fn found(
        summary: &Summary,
        pages: &[u8],
        partition: u16,
        batch: u64,
    ) -> (Option<SliceAt>, usize) {
        let mut read = 0;
        let mut page = |number| {
            read += 1;
            let at = summary.page_at(number);
            let page = pages[at.start as usize..at.end as usize].to_vec();
            Ok::<_, Infallible>(page_entries(page).unwrap().into())
        };
        let Ok(found) = summary.find(partition, batch, &mut page);
        (found, read)
    }

    #[test]
    fn every_slice_is_found_in_its_page_as_it_was_in_memory() {
        for count in [1, 254, 255, 256, 2_000] {
            let batches =
                vec![(0, (7..7 + count).collect()), (3, vec![9]), (700, (1..=count).collect())];
            let (index, summary, pages) = closed(&batches);
            for partition in [0, 1, 3, 700, 701] {
                assert_eq!(summary.range(partition), index.range(partition));
                for batch in 0..count + 9 {
                    let (found, read) = found(&summary, &pages, partition, batch);
                    assert_eq!(found, index.find(partition, batch), "{partition}, {batch}");
                    assert!(read <= 1, "{read} pages for {batch}");
                }
            }
        }
    }

    #[test]
    fn slices_of_some_batches_are_found_in_a_few_pages() {
        let batches = (0..20_000_u64).map(|number| number * number + 5).collect();
        let (index, summary, pages) = closed(&[(4, batches)]);
        for number in (0..20_000_u64).step_by(37) {
            for batch in [number * number + 5, number * number + 6] {
                let (found, read) = found(&summary, &pages, 4, batch);
                assert_eq!(found, index.find(4, batch));
                assert!(read <= 16, "{read} looks for {batch}");
            }
        }
    }

    #[test]
    fn a_page_with_a_changed_bit_is_none() {
        let (_, _, pages) = closed(&[(0, (1..20).collect())]);
        assert!(page_entries(pages.clone()).is_some());
        for at in 0..pages.len() {
            let mut changed = pages.clone();
            changed[at] ^= 2;
            assert_eq!(page_entries(changed), None);
        }
    }
}
