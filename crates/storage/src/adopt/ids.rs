//! The ids of one partition, sealed and recent.

use accolade_engine::disk::Disk;
use accolade_engine::ids::IdEntry;
use accolade_engine::partition::Partition;

use crate::checkpoint::write_ids;
use crate::error::Result;
use crate::lookup::{self, Lookup, SectionName};
use crate::run::RunWriter;
use crate::segment::{FRAME_HEAD_BYTES, Writer, new_frame};

/// Recent ids in one frame.
const FRAME_IDS: usize = 1 << 16;

/// How many sealed ids `partition` has.
pub(super) fn sealed_count(lookup: &Lookup, partition: u16) -> u64 {
    let sections = lookup.sections();
    let parts = sections.iter().flat_map(|section| section.parts());
    parts.filter(|part| part.partition == partition).map(|part| part.count).sum()
}

/// Writes the sealed ids of `partition`, each section as a run of its own: older ones need not be fetched by
/// whoever takes the partition over.
pub(super) fn write_sealed(
    lookup: &Lookup,
    partition: u16,
    disk: &dyn Disk,
) -> Result<Vec<SectionName>> {
    let mut named = Vec::new();
    for section in lookup.sections() {
        let Some(part) = section.parts().iter().find(|part| part.partition == partition) else {
            continue;
        };
        let sequence = named.len() as u64 + 1;
        let write = || {
            let mut writer = RunWriter::create(disk, &lookup::path(sequence))?;
            let mut own = writer.begin((section.from(), section.to()), part.count)?;
            for entry in section.entries() {
                let entry = entry?;
                if entry.partition == partition {
                    own.put(&entry)?;
                }
            }
            writer.end(own)?;
            writer.finish()
        };
        write().map_err(lookup::failed)?;
        named.push((sequence, 0));
    }
    Ok(named)
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
