//! The end of a log: what a crash may take, and what it never may.

use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_engine::disk::Disk;
use accolade_storage::disk::RealDisk;
use accolade_storage::error::StorageError;
use accolade_storage::segment::{Family, Position, new_frame};
use accolade_storage::slices::{SliceWriter, Slices};
use accolade_storage::table_cache::TableCache;
use accolade_wire::record::Slice;

const START: Position = Position { sequence: 0, offset: 0, next_frame: 1, checksum: 0 };
const SEGMENT_BYTES: u64 = 1024;

/// Writes `count` frames of one slice each as the log does, and leaves the segments unclosed.
fn written(disk: &Arc<dyn Disk>, count: u64) -> Vec<Position> {
    disk.sync_dir(Family::Log.folder()).unwrap();
    let slices = Arc::new(Slices::new(Arc::clone(disk), Family::Log, 0, &TableCache::default()));
    let mut writer = SliceWriter::begin(slices, START, SEGMENT_BYTES).unwrap();
    let append = |batch: u64| {
        let body = vec![u8::try_from(batch).unwrap(); 100];
        let mut frame = new_frame(200);
        Slice { partition: 0, batch, flags: 0, count: 0, body: &body }.write(&mut frame);
        let at = writer.position();
        let synced = at.next_frame - 1;
        writer.append(Timestamp::from_micros(1), synced, &mut frame).unwrap();
        writer.writer().sync().unwrap();
        writer.position()
    };
    (1..=count).map(append).collect()
}

pub(crate) fn recovered(disk: &Arc<dyn Disk>) -> Result<(Slices, u64), StorageError> {
    let slices = Slices::new(Arc::clone(disk), Family::Log, 0, &TableCache::default());
    let end = slices.recover(None, 0, None, &mut |_, _| Ok(()))?;
    Ok((slices, end.map_or(0, |end| end.next_frame - 1)))
}

pub(crate) fn on_disk(mut test: impl FnMut(&Arc<dyn Disk>, &[Position])) {
    let folder = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(folder.path()).unwrap());
    let ends = written(&disk, 12);
    assert!(ends.last().unwrap().sequence > 2, "there are several segments");
    test(&disk, &ends);
}

fn flip(disk: &Arc<dyn Disk>, sequence: u64, offset: u64) {
    let file = disk.open(&Family::Log.path(sequence)).unwrap();
    let mut byte = [0];
    file.read_at(&mut byte, offset).unwrap();
    file.write_at(&[byte[0] ^ 1], offset).unwrap();
}

#[test]
fn every_frame_is_read_back_and_found_by_its_batch() {
    on_disk(|disk, _| {
        for _ in 0..2 {
            let (slices, frames) = recovered(disk).unwrap();
            assert_eq!(frames, 12);
            for batch in 1..=12 {
                let bytes = slices.read(0, batch).unwrap().unwrap();
                assert!(bytes.ends_with(&[u8::try_from(batch).unwrap(); 100]));
            }
            assert_eq!(slices.read(0, 13).unwrap(), None);
        }
    });
}

#[test]
fn a_torn_last_frame_is_cut_and_every_other_one_is_damage() {
    for torn in 1..=12 {
        on_disk(|disk, ends| {
            let end = ends[torn - 1];
            flip(disk, end.sequence, end.offset - 30);
            match recovered(disk) {
                Ok((_, frames)) => assert_eq!((torn, frames), (12, 11)),
                Err(StorageError::Damaged { path, .. }) => {
                    assert!(torn < 12);
                    assert_eq!(path, Family::Log.path(end.sequence));
                }
                Err(other) => panic!("{other}"),
            }
        });
    }
}

#[test]
fn the_head_of_a_segment_with_durable_frames_is_not_taken_for_an_unused_one() {
    on_disk(|disk, ends| {
        flip(disk, ends[0].sequence, 20);
        assert!(matches!(recovered(disk), Err(StorageError::Damaged { .. })));
    });
}

#[test]
fn a_torn_footer_takes_nothing_of_the_segments_behind_it() {
    on_disk(|disk, ends| {
        // Closed, as a recovery does; then a part of the footer that never reached the disk.
        recovered(disk).unwrap();
        let first = ends.iter().rfind(|end| end.sequence == ends[0].sequence).unwrap();
        flip(disk, first.sequence, first.offset + 60);
        let (slices, frames) = recovered(disk).unwrap();
        assert_eq!(frames, 12);
        assert!(slices.read(0, 1).unwrap().is_some());
    });
}

#[test]
fn a_missing_segment_is_named() {
    on_disk(|disk, ends| {
        disk.remove(&Family::Log.path(ends[6].sequence)).unwrap();
        assert!(matches!(recovered(disk), Err(StorageError::Damaged { .. })));
    });
}

#[test]
fn a_segment_goes_with_both_of_its_names() {
    on_disk(|disk, _| {
        let (slices, _) = recovered(disk).unwrap();
        let first = slices.closed()[0].sequence;
        slices.pack(first).unwrap();
        assert!(slices.closed()[0].packed);
        assert!(slices.read(0, 1).unwrap().is_some());
        slices.remove(first).unwrap();
        assert_eq!(slices.read(0, 1).unwrap(), None);
        let names = disk.list(Family::Log.folder()).unwrap();
        assert!(names.iter().all(|name| !name.starts_with(&format!("{first:012}"))), "{names:?}");
    });
}

#[test]
fn a_segment_is_as_young_as_the_youngest_of_its_frames() {
    // Whoever was left behind goes on where the others were long ago.
    let times = [5, 90, 7, 8, 6, 3, 4, 2, 1, 2, 1, 2];
    let newest = |slices: &Slices| -> Vec<i64> {
        slices.closed().iter().map(|closed| closed.newest.micros()).collect()
    };
    let written = |closes: bool| {
        let folder = tempfile::tempdir().unwrap();
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(folder.path()).unwrap());
        disk.sync_dir(Family::Log.folder()).unwrap();
        let slices = Slices::new(Arc::clone(&disk), Family::Log, 0, &TableCache::default());
        let slices = Arc::new(slices);
        let mut writer = SliceWriter::begin(Arc::clone(&slices), START, SEGMENT_BYTES).unwrap();
        for (batch, time) in (1..).zip(times) {
            let mut frame = new_frame(200);
            Slice { partition: 0, batch, flags: 0, count: 0, body: &[1; 100] }.write(&mut frame);
            let synced = writer.position().next_frame - 1;
            let left = writer.append(Timestamp::from_micros(time), synced, &mut frame).unwrap();
            writer.writer().sync().unwrap();
            if let Some(left) = left.filter(|_| closes) {
                left.close().unwrap();
            }
        }
        (folder, disk, slices)
    };
    let (_folder, _, slices) = written(true);
    let closed = newest(&slices);
    assert_eq!(closed[0], 90);
    assert!(closed[1] < 90, "{closed:?}");
    // Where a crash came before they were closed, the frames say the same.
    let (_folder, disk, _) = written(false);
    let (slices, _) = recovered(&disk).unwrap();
    assert_eq!(newest(&slices)[..closed.len()], closed);
}
