//! The ids of one partition, sealed and recent.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use accolade_engine::disk::Disk;
use accolade_engine::ids::IdEntry;
use accolade_engine::partition::Partition;

use crate::checkpoint::write_ids;
use crate::error::Result;
use crate::lookup::{self, Lookup, Merge, SectionName};
use crate::run::{RunWriter, Section};
use crate::segment::{FRAME_HEAD_BYTES, Writer, new_frame};

/// Recent ids in one frame.
const FRAME_IDS: usize = 1 << 16;

/// How many sealed ids each partition has, by hour: a section is begun with their number.
#[derive(Debug)]
pub(super) struct Sealed(BTreeMap<(u16, i64), u64>);

impl Sealed {
    pub(super) fn count(lookup: &Lookup) -> Result<Self> {
        let mut counts = BTreeMap::new();
        for section in lookup.sections().iter() {
            for entry in section.entries() {
                let partition = entry.map_err(lookup::failed)?.partition;
                *counts.entry((partition, section.hour())).or_default() += 1;
            }
        }
        Ok(Self(counts))
    }

    /// How many `partition` has.
    pub(super) fn of(&self, partition: u16) -> u64 {
        self.0.range((partition, i64::MIN)..=(partition, i64::MAX)).map(|(_, count)| count).sum()
    }

    /// Writes those of `partition` as runs of one hour each: older ones need not be fetched by whoever
    /// takes the partition over.
    pub(super) fn write(
        &self,
        lookup: &Lookup,
        partition: u16,
        disk: &dyn Disk,
    ) -> Result<Vec<SectionName>> {
        let mut by_hour: BTreeMap<i64, Vec<Arc<Section>>> = BTreeMap::new();
        for section in lookup.sections().iter() {
            by_hour.entry(section.hour()).or_default().push(Arc::clone(section));
        }
        let mut named = Vec::new();
        for (hour, sections) in by_hour {
            let Some(count) = self.0.get(&(partition, hour)) else { continue };
            let sequence = named.len() as u64 + 1;
            let of_all = Merge::new(&sections).map_err(lookup::failed)?;
            let own = of_all
                .filter(|entry| entry.as_ref().map_or(true, |entry| entry.partition == partition));
            write_run(disk, sequence, hour, *count, own).map_err(lookup::failed)?;
            named.push((sequence, 0));
        }
        Ok(named)
    }
}

fn write_run(
    disk: &dyn Disk,
    sequence: u64,
    hour: i64,
    count: u64,
    entries: impl Iterator<Item = io::Result<crate::run::RunEntry>>,
) -> io::Result<()> {
    let mut writer = RunWriter::create(disk, &lookup::path(sequence))?;
    writer.section(hour, count, entries)?;
    writer.finish()
}

/// Writes the ids that are in no run.
pub(super) fn write_recent(partition: &Partition, writer: &mut Writer) -> Result<()> {
    let mut ids = partition.ids().iter();
    let mut some: Vec<&IdEntry> = Vec::new();
    let mut frame = new_frame(0);
    loop {
        some.clear();
        some.extend(ids.by_ref().take(FRAME_IDS));
        if some.is_empty() {
            return writer.sync();
        }
        frame.truncate(FRAME_HEAD_BYTES);
        write_ids(&mut frame, partition.number(), some.iter().copied());
        writer.append(partition.time(), 0, 0, &mut frame)?;
    }
}
