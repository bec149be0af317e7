//! The end of a family on a disk that crashes again while what was lost is put in order.

use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_engine::disk::Disk;
use accolade_simulator::disk::{Faults, SimulatedDisk};
use accolade_simulator::random::Random;
use accolade_storage::error::StorageError;
use accolade_storage::segment::{Family, Position, new_frame};
use accolade_storage::slices::{SliceWriter, Slices};
use accolade_storage::table_cache::TableCache;
use accolade_wire::record::Slice;

const START: Position = Position { sequence: 0, offset: 0, next_frame: 1, checksum: 0 };
const SEGMENT_BYTES: u64 = 1_024;
const FRAMES: u64 = 16;

fn slices(disk: &Arc<dyn Disk>) -> Slices {
    Slices::new(Arc::clone(disk), Family::Journal, 0, &TableCache::default())
}

/// The journal of batches 1, 2, 3, …, of which nothing is durable.
fn write(disk: &Arc<dyn Disk>) {
    disk.sync_dir(Family::Journal.folder()).unwrap();
    let mut writer = SliceWriter::begin(Arc::new(slices(disk)), START, SEGMENT_BYTES).unwrap();
    for batch in 1..=FRAMES {
        let mut frame = new_frame(200);
        Slice { partition: 0, batch, flags: 0, count: 0, body: &[7; 100] }.write(&mut frame);
        writer.append(Timestamp::from_micros(1), 0, &mut frame).unwrap();
    }
}

/// The batches that are there.
fn recover(disk: &Arc<dyn Disk>) -> Result<Vec<u64>, StorageError> {
    let mut batches = Vec::new();
    slices(disk).recover(None, 0, None, &mut |head, _| {
        batches.push(head.number);
        Ok(())
    })?;
    Ok(batches)
}

#[test]
fn whatever_two_crashes_take_of_what_was_not_durable_there_is_no_gap_before_what_they_leave() {
    let mut crashes = 0;
    for seed in 0..2_000 {
        let mut random = Random::new(seed);
        let simulated = SimulatedDisk::new();
        let disk: Arc<dyn Disk> = Arc::new(simulated.clone());
        write(&disk);
        simulated.crash(&mut random);
        let crash_at = Some(simulated.operations() + 1 + random.below(120));
        simulated.set_faults(Faults { crash_at, ..Faults::default() });
        crashes += u64::from(recover(&disk).is_err());
        simulated.crash(&mut random);
        simulated.set_faults(Faults::default());
        let batches = recover(&disk).unwrap();
        assert!((1..).zip(&batches).all(|(at, batch)| at == *batch), "seed {seed}: {batches:?}");
    }
    assert!(crashes > 500, "{crashes}");
}
