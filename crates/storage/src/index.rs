//! The index of a segment: where the slice of each batch lies in it.

use std::collections::BTreeMap;

use accolade_wire::bytes::{BadFormat, Cursor, put_varint};
use accolade_wire::record::{SLICE_HEAD_BYTES, Slice};

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

/// Where the slices of a segment lie, by partition and batch.
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

    /// The first and last batch of each partition.
    pub fn ranges(&self) -> BTreeMap<u16, (u64, u64)> {
        let ends = |slices: &Vec<SliceAt>| Some((slices.first()?.batch, slices.last()?.batch));
        self.partitions
            .iter()
            .filter_map(|(partition, slices)| Some((*partition, ends(slices)?)))
            .collect()
    }

    /// Appends the index: for each partition its number and count, then batches, offsets and lengths
    /// as differences.
    pub fn write(&self, out: &mut Vec<u8>) {
        put_varint(out, self.partitions.len() as u64);
        for (partition, slices) in &self.partitions {
            put_varint(out, u64::from(*partition));
            put_varint(out, slices.len() as u64);
            let (mut batch, mut offset) = (0, 0);
            for slice in slices {
                put_varint(out, slice.batch - batch);
                put_varint(out, u64::from(slice.offset - offset));
                put_varint(out, u64::from(slice.length));
                (batch, offset) = (slice.batch, slice.offset);
            }
        }
    }

    /// Reads what [`Index::write`] wrote.
    pub fn read(bytes: &[u8]) -> Result<Self, BadFormat> {
        let mut cursor = Cursor::new(bytes, "index of a segment");
        let mut index = Self::default();
        for _ in 0..cursor.varint()? {
            let partition = cursor.small()?;
            let count: usize = cursor.small()?;
            let mut slices = Vec::with_capacity(count.min(bytes.len()));
            let (mut batch, mut offset) = (0_u64, 0_u32);
            for _ in 0..count {
                batch = batch.checked_add(cursor.varint()?).ok_or(cursor.bad())?;
                offset = offset.checked_add(cursor.small()?).ok_or(cursor.bad())?;
                slices.push(SliceAt { batch, offset, length: cursor.small()? });
            }
            index.partitions.insert(partition, slices);
        }
        Ok(index)
    }
}
