//! Sealed runs, however they were sealed and merged, against one list of all ids.

use std::collections::HashMap;
use std::sync::Arc;

use accolade_engine::disk::Disk;
use accolade_engine::ids::{IdEntry, RecentIds};
use accolade_engine::store::{Ask, Earlier, Hours};
use accolade_storage::disk::RealDisk;
use accolade_storage::lookup::{Effort, Limits, Lookup};
use accolade_storage::run::RunEntry;
use accolade_wire::identity::{Content, IdHash};

/// `SplitMix64`, so that the numbers are the same everywhere.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

fn mixed(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn disk() -> (tempfile::TempDir, Arc<dyn Disk>) {
    let folder = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(folder.path()).unwrap());
    disk.sync_dir("lookup").unwrap();
    (folder, disk)
}

/// Small steps, so that what is sealed and asked meanwhile comes between them.
const fn limits(filter_bytes_max: u64) -> Limits {
    Limits { step_ids: 300, ..Limits::new(filter_bytes_max) }
}

/// Few ids, many of them with the same upper half, so that blocks have ties and no id is where it is guessed
/// to be.
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

fn naive<'a>(
    all: impl Iterator<Item = &'a (u16, IdEntry)>,
    partition: u16,
    ask: &Ask,
) -> Option<Earlier> {
    all.filter(|(other, it)| *other == partition && it.id == ask.id && it.player == ask.player)
        .filter(|(_, it)| it.batch < ask.before_batch && ask.hours.include(it.hour))
        .map(|(_, it)| Earlier { batch: it.batch, slot: it.slot, content: it.content })
        .max_by_key(|earlier| (earlier.batch, earlier.slot))
}

fn check(lookup: &Lookup, all: &[(u16, IdEntry)], batch: u64, numbers: &mut Numbers) {
    let partition = u16::try_from(numbers.below(PARTITIONS)).unwrap();
    let ask = |numbers: &mut Numbers| {
        let own = 999 + i64::try_from(numbers.below(HOURS + 2)).unwrap();
        let hours = match numbers.below(4) {
            0 => Hours::ALL,
            1 => Hours { from: 1_001, to: 1_001, own },
            _ => Hours { from: 1, to: 0, own },
        };
        Ask {
            id: id(numbers.below(IDS + 10)),
            player: u32::try_from(numbers.below(2)).unwrap(),
            hours,
            before_batch: batch + 1 - numbers.below(batch),
        }
    };
    let asks: Vec<Ask> = (0..200).map(|_| ask(numbers)).collect();
    let mut found = vec![None];
    lookup.earlier(partition, &asks, &mut found).unwrap();
    for (ask, found) in asks.iter().zip(&found[1..]) {
        assert_eq!(*found, naive(all.iter(), partition, ask), "{ask:?}");
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
    for seed in 0..9 {
        let mut numbers = Numbers(seed);
        let (_folder, disk) = disk();
        // How old hours are decides how sections are merged; how much memory there is, what is read.
        let now_hour = [1_002, 1_040, 2_000][usize::try_from(seed % 3).unwrap()];
        let limits = limits([u64::MAX, 3_000, 0][usize::try_from(seed / 3).unwrap()]);
        let mut lookup = Lookup::recover(Arc::clone(&disk), &[], now_hour, limits).unwrap();
        let (mut all, mut pieces) = (Vec::new(), 0);
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
            while numbers.below(5) > 0 && lookup.tidy().unwrap() {
                pieces += 1;
            }
            check(&lookup, &all, batch, &mut numbers);
            let named = lookup.live();
            lookup.remove_dead(&named).unwrap();
            if numbers.below(4) == 0 {
                lookup = Lookup::recover(Arc::clone(&disk), &named, now_hour, limits).unwrap();
                check(&lookup, &all, batch, &mut numbers);
            }
        }
        assert!(pieces > 15, "there was enough to merge: {pieces}");
        let before = lookup.sections().len();
        while lookup.tidy().unwrap() {}
        check(&lookup, &all, 31, &mut numbers);
        assert!(lookup.sections().len() <= before);
        assert!(lookup.resident().filter_bytes <= limits.filter_bytes_max);
    }
}

const START_HOUR: i64 = 490_000;

/// Ids as they come hour by hour: most on time, some late, a few of dead letters that were released, and now
/// and then one that was there before.
struct Stream {
    numbers: Numbers,
    /// All entries, by id.
    all: HashMap<IdHash, Vec<(u16, IdEntry)>>,
    ids: Vec<IdHash>,
    hour: i64,
    waiting: Vec<RunEntry>,
}

impl Stream {
    fn new(seed: u64) -> Self {
        let (numbers, all, ids, waiting) = (Numbers(seed), HashMap::new(), Vec::new(), Vec::new());
        Self { numbers, all, ids, hour: START_HOUR, waiting }
    }

    fn any_id(&mut self) -> IdHash {
        let at = self.numbers.below(self.ids.len() as u64);
        self.ids[usize::try_from(at).unwrap()]
    }

    fn hour(&mut self, ids: u64) {
        self.hour += 1;
        for slot in 0..ids {
            let late = match self.numbers.below(50) {
                0 => self.numbers.below(31 * 24),
                1..=4 => self.numbers.below(168),
                _ => 0,
            };
            let hour = (self.hour - i64::try_from(late).unwrap()).max(START_HOUR);
            let is_again = !self.ids.is_empty() && self.numbers.below(30) == 0;
            let id = if is_again {
                self.any_id()
            } else {
                IdHash([self.numbers.next(), self.numbers.next()])
            };
            let partition = u16::try_from(self.numbers.below(PARTITIONS)).unwrap();
            // Partitions are at batches of their own.
            let batch = self.batch() / (1 + u64::from(partition));
            let (content, slot) = (Content(self.numbers.next() >> 8), u32::try_from(slot).unwrap());
            let entry = IdEntry { id, content, batch, slot, player: 1, hour };
            self.ids.push(id);
            self.all.entry(id).or_default().push((partition, entry));
            self.waiting.push(RunEntry { partition, entry });
        }
    }

    fn batch(&self) -> u64 {
        u64::try_from(self.hour - START_HOUR).unwrap() * 10
    }

    fn recent(&self) -> Hours {
        Hours { from: self.hour - 24, to: self.hour + 1, own: self.hour }
    }

    fn check(&mut self, lookup: &Lookup) {
        for partition in 0..PARTITIONS {
            let partition = u16::try_from(partition).unwrap();
            let asks: Vec<Ask> = (0..100).map(|_| self.ask()).collect();
            let mut found = Vec::new();
            lookup.earlier(partition, &asks, &mut found).unwrap();
            for (ask, found) in asks.iter().zip(found) {
                let all = self.all.get(&ask.id).into_iter().flatten();
                assert_eq!(found, naive(all, partition, ask), "{ask:?}");
            }
        }
    }

    fn ask(&mut self) -> Ask {
        let id = match self.numbers.below(4) {
            0 => IdHash([self.numbers.next(), self.numbers.next()]),
            _ => self.any_id(),
        };
        let own = self.all.get(&id).map_or(self.hour, |found| found[0].1.hour);
        let hours = match self.numbers.below(4) {
            0 => self.recent(),
            1 => Hours::ALL,
            2 => Hours { own, ..self.recent() },
            _ => Hours { from: own - 400, to: own - 2, own: own + 2 },
        };
        let before_batch = match self.numbers.below(3) {
            0 => 1 + self.numbers.below(self.batch() + 10),
            _ => u64::MAX,
        };
        Ask { id, player: 1, hours, before_batch }
    }
}

#[test]
fn two_years_of_ids_stand_in_few_sections_and_answer_as_one_list_does() {
    for (seed, filter_bytes_max) in [(1, 0), (2, 20_000), (3, u64::MAX)] {
        let (folder, disk) = disk();
        let mut stream = Stream::new(seed);
        let limits = limits(filter_bytes_max);
        let mut lookup = Lookup::recover(Arc::clone(&disk), &[], START_HOUR, limits).unwrap();
        let mut sections_at = HashMap::new();
        for day in 1..=730 {
            for _ in 0..24 {
                stream.hour(2);
            }
            // Every three days, so that what is late comes to hours that stand in runs.
            if day % 3 != 0 && day != 1 && day != 730 {
                continue;
            }
            lookup.set_now_hour(stream.hour);
            lookup.write_run(stream.waiting.drain(..)).unwrap();
            if day % 90 == 0 {
                stream.check(&lookup);
            }
            while lookup.tidy().unwrap() {}
            lookup.remove_dead(&[]).unwrap();
            if day % 90 == 0 {
                stream.check(&lookup);
                let named = lookup.live();
                lookup = Lookup::recover(Arc::clone(&disk), &named, stream.hour, limits).unwrap();
                stream.check(&lookup);
                while lookup.tidy().unwrap() {}
            }
            sections_at.insert(day, lookup.sections().len());
            let resident = lookup.resident();
            assert!(resident.filter_bytes <= filter_bytes_max, "{resident:?}");
            if filter_bytes_max == u64::MAX {
                assert_eq!(resident.filtered_ids, resident.ids);
            }
        }
        let most = sections_at.values().max().unwrap();
        assert!(*most <= 160, "{most} sections of 17,520 hours");
        assert!(sections_at[&730] <= sections_at[&60] + 60, "{sections_at:?}");
        let files = std::fs::read_dir(folder.path().join("lookup")).unwrap().count();
        assert!(files <= sections_at[&730], "{files} files");
    }
}

fn effort(lookup: &Lookup, ask: Ask) -> (Option<u64>, Effort) {
    let mut found = Vec::new();
    let effort = lookup.earlier(0, &[ask], &mut found).unwrap();
    (found[0].map(|earlier| earlier.batch), effort)
}

/// Thirty hours, each with a batch of its own and a hundred ids; a section for each.
fn thirty_hours(disk: &Arc<dyn Disk>, filter_bytes_max: u64) -> (Lookup, impl Fn(u64) -> IdHash) {
    let id = |hour: u64| IdHash([mixed(hour * 100 + 7), mixed(hour * 100 + 8)]);
    let limits = limits(filter_bytes_max);
    let lookup = Lookup::recover(Arc::clone(disk), &[], START_HOUR, limits).unwrap();
    for hour in 0..30 {
        let entries = (0..100).map(|number| {
            let number_id = IdHash([mixed(hour * 100 + number), mixed(hour * 100 + number + 1)]);
            let (content, player, batch) = (Content(1), 1, hour + 1);
            let (slot, hour) = (1, START_HOUR + i64::try_from(hour).unwrap());
            let entry = IdEntry { id: number_id, content, batch, slot, player, hour };
            RunEntry { partition: 0, entry }
        });
        lookup.write_run(entries).unwrap();
    }
    (lookup, id)
}

#[test]
fn an_id_asks_its_hours_and_a_void_ends_where_it_has_found() {
    let (_folder, disk) = disk();
    let (lookup, id) = thirty_hours(&disk, u64::MAX);
    assert_eq!(lookup.sections().len(), 30);
    let (player, before_batch) = (1, u64::MAX);
    let void = |id| Ask { id, player, hours: Hours::ALL, before_batch };
    for hour in [29, 28, 5, 0] {
        let (found, effort) = effort(&lookup, void(id(hour)));
        assert_eq!(found, Some(hour + 1));
        assert_eq!(effort.sections, 30 - hour, "none that has only older batches");
    }
    let nowhere = IdHash([3, 5]);
    assert_eq!(effort(&lookup, void(nowhere)).1.sections, 30);
    let (from, to) = (START_HOUR + 4, START_HOUR + 9);
    let some = Ask { hours: Hours { from, to, own: from }, ..void(nowhere) };
    assert_eq!(effort(&lookup, some).1.sections, 7);
    let before = Ask { before_batch: 4, ..void(nowhere) };
    assert_eq!(effort(&lookup, before).1.sections, 3, "none that has only later batches");
    let mut found = Vec::new();
    let elsewhere = lookup.earlier(1, &[void(id(3))], &mut found).unwrap();
    assert_eq!((found[0], elsewhere), (None, Effort::default()));
}

#[test]
fn filters_of_the_newest_hours_are_in_memory_as_far_as_it_goes() {
    let (_folder, disk) = disk();
    let all = thirty_hours(&disk, u64::MAX).0.resident();
    assert_eq!((all.ids, all.filtered_ids, all.sections), (3_000, 3_000, 30));
    let each = all.filter_bytes / 30;
    let (_folder, disk) = self::disk();
    let (lookup, id) = thirty_hours(&disk, 10 * each + 1);
    let check = |lookup: &Lookup| {
        assert_eq!(lookup.resident().filter_bytes, 10 * each);
        for (hour, not_resident) in [(29, 0), (20, 0), (19, 1), (2, 2)] {
            let own = START_HOUR + i64::try_from(hour).unwrap();
            let hours = Hours { from: 1, to: 0, own };
            let ask = Ask { id: id(hour), player: 1, hours, before_batch: u64::MAX };
            let (found, effort) = effort(lookup, ask);
            assert_eq!(found, Some(hour + 1));
            assert_eq!(effort.not_resident, not_resident, "its own, and the one after it");
        }
    };
    check(&lookup);
    // Whoever opens them has those of the last hours at once, and others by and by.
    let now_hour = START_HOUR + 50;
    let limits = limits(10 * each + 1);
    let opened = Lookup::recover(Arc::clone(&disk), &lookup.live(), now_hour, limits).unwrap();
    assert_eq!(opened.resident().filter_bytes, 6 * each);
    for more in 7..=10 {
        assert!(opened.tidy().unwrap());
        assert_eq!(opened.resident().filter_bytes, more * each);
    }
    check(&opened);
}

#[test]
fn a_section_of_too_many_ids_is_not_merged() {
    let (_folder, disk) = disk();
    let (lookup, _) = thirty_hours(&disk, 0);
    let limits = Limits { merged_ids_max: 500, ..limits(0) };
    let named = lookup.live();
    let later = START_HOUR + 5_000;
    let lookup = Lookup::recover(Arc::clone(&disk), &named, later, limits).unwrap();
    while lookup.tidy().unwrap() {}
    let sections = lookup.sections();
    assert!(sections.iter().all(|section| section.count() == 500), "{sections:?}");
    assert_eq!(sections.len(), 6);
}

#[test]
fn a_merge_that_was_not_ended_is_begun_again() {
    let (folder, disk) = disk();
    let (lookup, id) = thirty_hours(&disk, 0);
    let (named, later) = (lookup.live(), START_HOUR + 5_000);
    for has_ended in [false, true] {
        let lookup = Lookup::recover(Arc::clone(&disk), &named, later, limits(0)).unwrap();
        assert!(lookup.tidy().unwrap());
        let files = || std::fs::read_dir(folder.path().join("lookup")).unwrap().count();
        assert_eq!(files(), 31, "what is being written is there");
        lookup.remove_dead(&named).unwrap();
        assert_eq!(files(), 31, "and is no dead run");
        while has_ended && lookup.tidy().unwrap() {}
        let void = Ask { id: id(3), player: 1, hours: Hours::ALL, before_batch: u64::MAX };
        assert_eq!(effort(&lookup, void).0, Some(4));
        assert_eq!(lookup.sections().len(), if has_ended { 1 } else { 30 });
        if has_ended {
            lookup.remove_dead(&[]).unwrap();
            assert_eq!(files(), 1);
        }
    }
}

#[test]
fn whatever_byte_is_damaged_no_answer_is_another() {
    let (folder, disk) = disk();
    let limits = limits(u64::MAX);
    let lookup = Lookup::recover(Arc::clone(&disk), &[], START_HOUR, limits).unwrap();
    let mut numbers = Numbers(4);
    let mut entry = |hour| {
        let id = IdHash([numbers.next(), numbers.next()]);
        let (content, batch, slot, player) = (Content(1), 1, 1, 1);
        RunEntry { partition: 0, entry: IdEntry { id, content, batch, slot, player, hour } }
    };
    let entries: Vec<_> = (0..150).map(|at| entry(START_HOUR + at % 2)).collect();
    lookup.write_run(entries.iter().copied()).unwrap();
    let named = lookup.live();
    let path = folder.path().join("lookup/000000000001");
    let whole = std::fs::read(&path).unwrap();
    let hours = Hours::ALL;
    let asks: Vec<Ask> = entries
        .iter()
        .map(|it| Ask { id: it.entry.id, player: 1, hours, before_batch: 2 })
        .collect();
    let mut refused = 0;
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        std::fs::write(&path, &damaged).unwrap();
        // With filters in memory, and without.
        for limits in [limits, self::limits(0)] {
            let found =
                Lookup::recover(Arc::clone(&disk), &named, START_HOUR, limits).and_then(|lookup| {
                    let mut found = Vec::new();
                    lookup.earlier(0, &asks, &mut found).map(|_| found)
                });
            match found {
                Ok(found) => assert!(found.iter().all(Option::is_some), "byte {at}"),
                Err(error) => {
                    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
                    assert!(error.to_string().contains("lookup/000000000001"), "{error}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 2 * (whole.len() - 300), "{refused} of {}", 2 * whole.len());
}

#[test]
fn a_run_that_the_checkpoint_names_and_that_is_gone_is_named() {
    let (_folder, disk) = disk();
    let error = Lookup::recover(disk, &[(7, 0)], 0, limits(0)).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    assert!(error.to_string().contains("lookup/000000000007"), "{error}");
}
