//! What the storage reads back, with every byte chosen by a fuzzer, behind checksums that fit: an error
//! at the most, and nothing unbounded. Under `cargo test` each target runs a bounded number of random
//! inputs; `make fuzz` goes on for as long as one likes.

use std::io;
use std::sync::{Arc, Mutex};

use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::disk::{Disk, DiskFile};
use accolade_engine::ids::IdEntry;
use accolade_engine::rules::{Restoring, Rules, Snapshot};
use accolade_storage::checkpoint::{Manifest, read_ids};
use accolade_storage::disk::RealDisk;
use accolade_storage::index::{Index, Summary, page_entries};
use accolade_storage::packed::{Packed, pack};
use accolade_storage::run::{self, RunEntry, RunWriter, Section};
use accolade_storage::table_cache::TableCache;
use accolade_wire::bytes::{Cursor, put_signed, put_varint};
use accolade_wire::identity::{Content, IdHash};
use accolade_wire::record::Slice;
use bolero::check;

/// More address space than any of these inputs may ask for.
const ROOM_BYTES: u64 = 256 << 20;

/// How many inputs a target runs: a bounded number, unless a time is set.
fn iterations() -> usize {
    const WITHOUT_TIME: usize = 20_000;
    let has_time = std::env::var_os("BOLERO_RANDOM_TEST_TIME_MS").is_some();
    if has_time { usize::MAX } else { WITHOUT_TIME }
}

/// A file in memory.
#[derive(Debug)]
struct MemoryFile(Mutex<Vec<u8>>);

impl DiskFile for MemoryFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let bytes = self.0.lock().unwrap();
        let from = usize::try_from(offset).ok().and_then(|from| bytes.get(from..));
        let part = from.and_then(|from| from.get(..buffer.len()));
        buffer.copy_from_slice(part.ok_or(io::Error::from(io::ErrorKind::UnexpectedEof))?);
        Ok(())
    }
    fn write_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().len() as u64)
    }
    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// `front`, then `table` and the tail that says where it is and that it is whole.
fn with_table(front: &[u8], table: &[u8]) -> Arc<dyn DiskFile> {
    let mut bytes = [front, table].concat();
    bytes.extend_from_slice(&(front.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(table.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(&crc32c::crc32c(table).to_le_bytes());
    Arc::new(MemoryFile(Mutex::new(bytes)))
}

/// A file as it was written, taken apart: what stands before its table, and the table.
fn taken_apart(file: &dyn DiskFile) -> (Vec<u8>, Vec<u8>) {
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(&mut bytes, 0).unwrap();
    let tail = bytes.split_off(bytes.len() - 16);
    let table_at = usize::try_from(u64::from_le_bytes(tail[..8].try_into().unwrap())).unwrap();
    let table = bytes.split_off(table_at);
    (bytes, table)
}

/// Where, how, and with what.
type Edits = Vec<(u16, u8, u8)>;

/// `sample` with some bytes changed, put in or taken out.
fn edited(sample: &[u8], edits: &[(u16, u8, u8)]) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    for (at, kind, byte) in edits.iter().take(4) {
        let at = usize::from(*at) % (bytes.len() + 1);
        match kind % 3 {
            0 => bytes.insert(at, *byte),
            1 if at < bytes.len() => bytes[at] = *byte,
            _ if at < bytes.len() => drop(bytes.remove(at)),
            _ => {}
        }
    }
    bytes
}

/// Runs `targets`, and sees to it that they never asked for much memory, used or not.
fn bounded(targets: impl FnOnce()) {
    let peak = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmPeak:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
    };
    let before = peak();
    targets();
    let grown = peak() - before;
    assert!(grown < ROOM_BYTES, "{grown} bytes were asked for");
}

#[test]
fn a_manifest_of_any_bytes() {
    bounded(|| {
        check!().with_iterations(iterations()).for_each(|bytes: &[u8]| {
            let mut cursor = Cursor::new(bytes, "checkpoint");
            if let Ok(manifest) = Manifest::read(&mut cursor) {
                assert!(manifest.sections.len() + manifest.needed_from.len() <= bytes.len());
            }
            // The format and positions that can be read, and then lists of any length.
            let mut front = [0; 61];
            front[0] = 1;
            drop(Manifest::read(&mut Cursor::new(&[&front, bytes].concat(), "checkpoint")));
        });
    });
}

fn rules_of(bytes: &[u8]) -> Option<Rules> {
    let mut restoring = Restoring::default();
    restoring.read(&mut Cursor::new(bytes, "rules")).ok()?;
    restoring.finish().ok()
}

fn values_of(rules: &Rules) -> Vec<u8> {
    let mut values = Vec::new();
    Snapshot::default().write_changes(rules, &mut |value| values.extend_from_slice(value));
    values
}

/// Whatever can be read at all is read again from what is written of it.
fn rules_are_read_as_written(bytes: &[u8]) {
    if let Some(rules) = rules_of(bytes).filter(|rules| rules.applied > 0) {
        assert_eq!(rules_of(&values_of(&rules)), Some(rules));
    }
}

#[test]
fn rules_of_any_bytes() {
    bounded(|| {
        check!().with_iterations(iterations()).for_each(|bytes: &[u8]| {
            rules_are_read_as_written(bytes);
        });
    });
}

#[test]
fn rules_with_small_damage() {
    let controls = [
        r#"{"control":"genesis","clusterId":"c","partitions":4,"behaviour":1,"windowHours":168,
        "recentHours":24,"hashKey":"55555555555555555555555555555555"}"#,
        r#"{"control":"operator","operator":"a","keyHash":"k","eventsPerSecond":0}"#,
        r#"{"control":"operator","operator":"b","keyHash":"k","eventsPerSecond":9}"#,
        r#"{"control":"publish","operator":"b","editedFrom":0,"effectiveFrom":9,"why":"w","who":"o",
        "publishedAt":8,"document":"{\"currency\":\"EUR\"}","zone":[[0,3600]]}"#,
        r#"{"control":"publish","operator":"b","editedFrom":1,"effectiveFrom":9,"why":"w","who":"o",
        "publishedAt":8,"document":"{\"currency\":\"EUR\"}","zone":[]}"#,
        r#"{"control":"withdraw","operator":"b","version":2,"why":"w","who":"o"}"#,
    ];
    let after = |rules: Rules, body: &&str| {
        let (next, outcome) = rules.after(body.as_bytes(), Timestamp::default(), 1).unwrap();
        assert!(matches!(outcome, Outcome::Done { .. }), "{body}");
        next
    };
    let sample = values_of(&controls.iter().fold(Rules::default(), after));
    bounded(|| {
        check!().with_type::<Edits>().with_iterations(iterations()).for_each(|edits| {
            rules_are_read_as_written(&edited(&sample, edits));
        });
    });
}

#[test]
fn recent_ids_of_any_bytes() {
    bounded(|| {
        check!().with_iterations(iterations()).for_each(|bytes: &[u8]| {
            let mut count = 0;
            read_ids(bytes, &mut |_, _| count += 1).ok();
            assert!(count <= bytes.len());
        });
    });
}

fn index() -> Index {
    let mut index = Index::default();
    let mut offset = 64;
    for batch in 1..=20_u64 {
        for partition in [0, 3, 700] {
            let body = vec![7; usize::try_from(batch * 11).unwrap()];
            let mut bytes = Vec::new();
            Slice { partition, batch, flags: 0, count: 1, body: &body }.write(&mut bytes);
            index.add(&bytes, offset).unwrap();
            offset += bytes.len() as u64;
        }
    }
    index
}

/// Asks an index whose pages are there as far as they go, and of which any may be anything.
fn is_asked_without_harm(summary: &[u8], pages: &[u8]) {
    let Ok(summary) = Summary::read(&mut Cursor::new(summary, "index")) else { return };
    let mut page = |number| {
        let at = summary.page_at(number);
        let bytes = usize::try_from(at.start).unwrap()..usize::try_from(at.end).unwrap();
        pages.get(bytes).map(|page| page[..page.len() - 4].into()).ok_or(())
    };
    for partition in [0, 3, 700, u16::MAX] {
        let (first, last) = summary.range(partition).unwrap_or((1, 20));
        assert!(first <= last);
        for batch in [first, first / 2 + last / 2, last, last.saturating_add(1), u64::MAX] {
            let found = summary.find(partition, batch, &mut page);
            assert!(found.is_err() || found.unwrap().is_none_or(|slice| slice.batch == batch));
        }
    }
}

fn pages_and_summary() -> (Vec<u8>, Vec<u8>) {
    let (mut pages, mut summary) = (Vec::new(), Vec::new());
    index().write_pages(&mut pages);
    index().write_summary(&mut summary);
    (pages, summary)
}

#[test]
fn an_index_of_any_bytes() {
    let sound = pages_and_summary();
    bounded(|| {
        check!().with_iterations(iterations()).for_each(|bytes: &[u8]| {
            let (pages, summary) = &sound;
            is_asked_without_harm(bytes, pages);
            is_asked_without_harm(summary, bytes);
            page_entries(bytes.to_vec());
        });
    });
}

#[test]
fn an_index_with_small_damage() {
    let (pages, summary) = pages_and_summary();
    bounded(|| {
        check!().with_type::<Edits>().with_iterations(iterations()).for_each(|edits| {
            is_asked_without_harm(&edited(&summary, edits), &pages);
            is_asked_without_harm(&summary, &edited(&pages, edits));
        });
    });
}

/// Reads everything of a compressed segment that says it is one, as far as it goes.
fn unpacks_without_harm(file: Arc<dyn DiskFile>) {
    let Ok(packed) = Packed::open(file, &TableCache::default()) else { return };
    let mut buffer = [0; 300];
    for at in [0, 1, 255, 256, 1_000, packed.raw_len() / 2, packed.raw_len().saturating_sub(300)] {
        drop(packed.read_at(&mut buffer, at));
    }
    let beyond = packed.read_at(&mut buffer, packed.raw_len());
    assert!(beyond.is_err(), "nothing stands behind the end");
}

/// A compressed segment, taken apart.
fn segment() -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let disk = RealDisk::open(folder.path()).unwrap();
    let raw: Vec<u8> = (0..2_000_u32).flat_map(|number| (number / 7).to_le_bytes()).collect();
    let file = disk.create("raw", 0).unwrap();
    file.write_at(&raw, 0).unwrap();
    pack(&disk, &*file, raw.len() as u64, 256, "packed").unwrap();
    let (front, table) = taken_apart(&*disk.open("packed").unwrap());
    let packed = Packed::open(with_table(&front, &table), &TableCache::default()).unwrap();
    let mut read = vec![0; raw.len()];
    packed.read_at(&mut read, 0).unwrap();
    assert_eq!(read, raw, "put together again it is what it was");
    (front, table)
}

/// `front`, in which the page of offsets, which is the last in it, is changed behind a checksum that fits.
fn with_offsets(front: &[u8], table: &[u8], edits: &[(u16, u8, u8)]) -> Arc<dyn DiskFile> {
    let raw_len = u64::from_le_bytes(table[1..9].try_into().unwrap());
    let length = 4 * (usize::try_from(raw_len.div_ceil(256)).unwrap() + 1);
    let (blocks, page) = front.split_at(front.len() - length - 4);
    let mut offsets = edited(&page[..length], edits);
    offsets.resize(length, 0);
    let checksum = crc32c::crc32c(&offsets).to_le_bytes();
    with_table(&[blocks, &offsets, &checksum].concat(), table)
}

#[test]
fn a_compressed_segment_of_any_bytes() {
    let (front, _) = segment();
    bounded(|| {
        check!().with_iterations(iterations()).for_each(|bytes: &[u8]| {
            unpacks_without_harm(Arc::new(MemoryFile(Mutex::new(bytes.to_vec()))));
            unpacks_without_harm(with_table(&front, bytes));
        });
    });
}

#[test]
fn a_compressed_segment_with_small_damage() {
    let (front, table) = segment();
    bounded(|| {
        check!().with_type::<Edits>().with_iterations(iterations()).for_each(|edits| {
            unpacks_without_harm(with_table(&front, &edited(&table, edits)));
            unpacks_without_harm(with_table(&edited(&front, edits), &table));
            unpacks_without_harm(with_offsets(&front, &table, edits));
        });
    });
}

fn entry(number: u64) -> RunEntry {
    let id = IdHash([number.wrapping_mul(0x9e37_79b9_7f4a_7c15), number]);
    let (content, batch, slot, player, hour) = (Content(number), number + 1, 1, 9, 400_000);
    RunEntry { partition: 3, entry: IdEntry { id, content, batch, slot, player, hour } }
}

fn asks_without_harm(section: &Arc<Section>) {
    let id = entry(5).entry.id;
    let mut buffer = Vec::new();
    let filter = section.filter().ok();
    drop(section.each(filter.as_ref(), id, &mut buffer, &mut |_, _| {}));
    drop(section.each(None, id, &mut buffer, &mut |_, _| {}));
    assert!(section.entries().take(1_000).count() <= 1_000);
}

fn opens_without_harm(file: &Arc<dyn DiskFile>) {
    if let Ok(sections) = run::open(file, 1, &|_| true) {
        sections.into_iter().map(Arc::new).for_each(|section| asks_without_harm(&section));
    }
}

/// A section of a run's table, as a fuzzer wants it: hours, ids, where it begins, and batches.
type Layout = ((i64, u64), u64, u64, (u64, u64));

/// A table of sections that are of one partition.
fn table_of(layouts: &[Layout]) -> Vec<u8> {
    let mut table = vec![1];
    for ((from, hours), count, offset, batches) in layouts {
        put_signed(&mut table, *from);
        for number in [*hours, *count, *offset, 1, 3, *count, batches.0, batches.1] {
            put_varint(&mut table, number);
        }
    }
    table
}

/// A front whose blocks of filter and entries have checksums that fit, where a section of so many ids begins.
fn with_checksums(mut front: Vec<u8>, (count, offset): (u64, u64)) -> Vec<u8> {
    let lines = count.div_ceil(34).max(1);
    let blocks = (0..lines.div_ceil(63)).map(|block| 64 * (1 + (lines - block * 63).min(63)));
    let entries = (0..count.div_ceil(97)).map(|block| match (count - block * 97).min(97) {
        97 => (4 + 97 * 42, 4_096),
        few => (4 + few * 42, 4 + few * 42),
    });
    let mut at = usize::try_from(offset).unwrap();
    for (checked, length) in blocks.map(|bytes| (bytes, bytes)).chain(entries) {
        let end = at + usize::try_from(checked).unwrap();
        let Some(block) = front.get_mut(at..end) else { break };
        let checksum = crc32c::crc32c(&block[4..]);
        block[..4].copy_from_slice(&checksum.to_le_bytes());
        at += usize::try_from(length).unwrap();
    }
    front
}

/// A sealed run, taken apart.
fn sealed_run() -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let disk = RealDisk::open(folder.path()).unwrap();
    let mut entries: Vec<RunEntry> = (0..150).map(entry).collect();
    run::sort(&mut entries);
    let mut writer = RunWriter::create(&disk, "run").unwrap();
    writer.section((400_000, 400_023), &entries).unwrap();
    writer.finish().unwrap();
    let (front, table) = taken_apart(&*disk.open("run").unwrap());
    let whole = run::open(&with_table(&front, &table), 1, &|_| true).unwrap();
    let whole: Vec<Arc<Section>> = whole.into_iter().map(Arc::new).collect();
    assert_eq!(whole[0].entries().flatten().count(), 150);
    assert_eq!(with_checksums(front.clone(), (150, 0)), front);
    (front, table)
}

#[test]
fn a_sealed_run_of_any_bytes() {
    let (front, _) = sealed_run();
    bounded(|| {
        check!().with_iterations(iterations()).for_each(|bytes: &[u8]| {
            let alone: Arc<dyn DiskFile> = Arc::new(MemoryFile(Mutex::new(bytes.to_vec())));
            opens_without_harm(&alone);
            opens_without_harm(&with_table(&front, &[&[1], bytes].concat()));
        });
    });
}

#[test]
fn a_sealed_run_with_small_damage() {
    let (front, table) = sealed_run();
    bounded(|| {
        check!().with_type::<Edits>().with_iterations(iterations()).for_each(|edits| {
            opens_without_harm(&with_table(&front, &edited(&table, edits)));
            opens_without_harm(&with_table(&edited(&front, edits), &table));
            let edited = with_checksums(edited(&front, edits), (150, 0));
            opens_without_harm(&with_table(&edited, &table));
        });
    });
}

#[test]
fn a_sealed_run_with_any_sections() {
    let (front, _) = sealed_run();
    bounded(|| {
        let layouts = check!().with_type::<Vec<(i64, u64, u16, u16, u64)>>();
        layouts.with_iterations(iterations()).for_each(|layouts| {
            // Sections that lie in the file, and ones that have any number of ids.
            let small = layouts.iter().map(|(from, count, hours, offset, batch)| {
                ((*from, u64::from(*hours)), count % 200, u64::from(offset % 500), (*batch, 1))
            });
            let large = layouts.iter().map(|(from, count, hours, offset, batch)| {
                let offset = count.rotate_left(u32::from(*offset));
                ((*from, u64::from(*hours) << 1), *count, offset, (1, *batch))
            });
            for layouts in [small.collect::<Vec<Layout>>(), large.collect()] {
                let mut front = front.clone();
                for (_, count, offset, _) in layouts.iter().filter(|layout| layout.1 < 200) {
                    front = with_checksums(front, (*count, (*offset).min(1 << 20)));
                }
                opens_without_harm(&with_table(&front, &table_of(&layouts)));
            }
        });
    });
}
