//! Sealed runs, however they were sealed and merged, against one list of all ids.

use std::sync::Arc;

use accolade_engine::disk::Disk;
use accolade_engine::ids::{IdEntry, RecentIds};
use accolade_engine::store::{Ask, Earlier, Hours};
use accolade_storage::disk::RealDisk;
use accolade_storage::lookup::Lookup;
use accolade_wire::identity::{Content, IdHash};

/// `SplitMix64`, so that the numbers are the same everywhere.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// Few ids, many of them with the same upper half, so that groups and fences have ties.
fn id(number: u64) -> IdHash {
    IdHash([(number / 40) << 40 | number, number.wrapping_mul(0x9e37_79b9_7f4a_7c15)])
}

const IDS: u64 = 700;
const HOURS: u64 = 3;
const PARTITIONS: u64 = 3;

fn entry(batch: u64, slot: u32, numbers: &mut Numbers) -> IdEntry {
    IdEntry {
        id: id(numbers.below(IDS)),
        content: Content(numbers.below(4)),
        batch,
        slot,
        player: u32::try_from(numbers.below(2)).unwrap(),
        hour: 1_000 + i64::try_from(numbers.below(HOURS)).unwrap(),
    }
}

fn naive(all: &[(u16, IdEntry)], partition: u16, ask: &Ask) -> Option<Earlier> {
    all.iter()
        .filter(|(other, it)| *other == partition && it.id == ask.id && it.player == ask.player)
        .filter(|(_, it)| it.batch < ask.before_batch && ask.hours.include(it.hour))
        .map(|(_, it)| Earlier { batch: it.batch, slot: it.slot, content: it.content })
        .max_by_key(|earlier| (earlier.batch, earlier.slot))
}

fn check(lookup: &Lookup, all: &[(u16, IdEntry)], batch: u64, numbers: &mut Numbers) {
    for _ in 0..200 {
        let partition = u16::try_from(numbers.below(PARTITIONS)).unwrap();
        let own = 999 + i64::try_from(numbers.below(HOURS + 2)).unwrap();
        let hours = if numbers.below(3) == 0 { Hours::ALL } else { Hours { from: 1, to: 0, own } };
        let ask = Ask {
            id: id(numbers.below(IDS + 10)),
            player: u32::try_from(numbers.below(2)).unwrap(),
            hours,
            before_batch: batch + 1 - numbers.below(batch),
        };
        let mut found = Vec::new();
        lookup.earlier(partition, &[ask], &mut found).unwrap();
        assert_eq!(found, [naive(all, partition, &ask)], "{ask:?}");
    }
    let asked = id(numbers.below(IDS));
    let mut found: Vec<(u16, IdEntry)> =
        lookup.with_id(asked).unwrap().into_iter().map(|it| (it.partition, it.entry)).collect();
    let mut expected: Vec<_> = all.iter().filter(|(_, it)| it.id == asked).copied().collect();
    found.sort_by_key(|(partition, it)| (*partition, it.batch, it.slot));
    expected.sort_by_key(|(partition, it)| (*partition, it.batch, it.slot));
    assert_eq!(found, expected);
}

#[test]
fn runs_of_any_size_answer_as_one_list_does() {
    for seed in 0..6 {
        let mut numbers = Numbers(seed);
        let folder = tempfile::tempdir().unwrap();
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(folder.path()).unwrap());
        disk.sync_dir("lookup").unwrap();
        // Whether hours are recent decides how sections are merged and whether filters are resident.
        let now_hour = if seed % 2 == 0 { 1_002 } else { 1_040 };
        let mut lookup = Lookup::recover(Arc::clone(&disk), &[], now_hour).unwrap();
        let (mut all, mut merges) = (Vec::new(), 0);
        for batch in 1..=30 {
            let count = [1, 5, 40, 400][usize::try_from(numbers.below(4)).unwrap()];
            let mut tables: Vec<RecentIds> =
                (0..PARTITIONS).map(|_| RecentIds::default()).collect();
            for slot in 1..=count {
                let entry = entry(batch, slot, &mut numbers);
                let partition = u16::try_from(numbers.below(PARTITIONS)).unwrap();
                tables[usize::from(partition)].insert(entry);
                all.push((partition, entry));
            }
            let sealed: Vec<_> =
                (0..).zip(&mut tables).map(|(partition, ids)| (partition, ids.seal())).collect();
            lookup.seal(&sealed).unwrap();
            while numbers.below(3) > 0 && lookup.merge().unwrap() {
                merges += 1;
            }
            check(&lookup, &all, batch, &mut numbers);
            let named = lookup.live();
            lookup.remove_dead(&named).unwrap();
            if numbers.below(4) == 0 {
                lookup = Lookup::recover(Arc::clone(&disk), &named, now_hour).unwrap();
                check(&lookup, &all, batch, &mut numbers);
            }
        }
        assert!(merges > 3, "there was enough to merge: {merges}");
    }
}

#[test]
fn a_run_that_the_checkpoint_names_and_that_is_gone_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(folder.path()).unwrap());
    disk.sync_dir("lookup").unwrap();
    let error = Lookup::recover(disk, &[(7, 0)], 0).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    assert!(error.to_string().contains("lookup/000000000007"), "{error}");
}
