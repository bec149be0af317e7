//! The trail on a disk: what was durable is there, and what does not fit is named.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use accolade_domain::time::{DAY_MICROS, Timestamp};
use accolade_engine::disk::Disk;
use accolade_engine::objects::Objects;
use accolade_storage::descriptors::Descriptors;
use accolade_storage::disk::RealDisk;
use accolade_storage::node::ShipOptions;
use accolade_storage::ship::{BlockCache, Fetch};
use accolade_storage::trail::{
    FOLDER, Looked, Pending, Readable, Trail, TrailChain, TrailOptions, lists, ship_whole,
};
use accolade_wire::trail::{TrailEntry, TrailKind};

use crate::ship::Memory;

const SEGMENT_BYTES: u64 = 4_096;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn entry(subject: &str) -> TrailEntry {
    let (kind, subject) = (TrailKind::Change, subject.to_owned());
    TrailEntry { kind, subject, count: 1, ..TrailEntry::default() }
}

fn options() -> TrailOptions {
    let (node, keep_days, segment_bytes) = ("node-a".into(), u32::MAX, SEGMENT_BYTES);
    TrailOptions { node, keep_days, segment_bytes, ..TrailOptions::default() }
}

fn start(directory: &Path, options: TrailOptions) -> Trail {
    Trail::start(directory, &Descriptors::default(), options)
}

/// Puts a record and waits until it is durable.
fn put(trail: &Trail, time: i64, subject: &str) -> Result<(), String> {
    let (sender, done) = channel();
    let tell = move |durable| sender.send(durable).unwrap();
    trail.put(at(time), entry(subject), Some(Box::new(tell)));
    done.recv_timeout(Duration::from_mins(1)).unwrap()
}

fn subjects(readable: &Readable) -> Vec<String> {
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let looked = readable.newest_first(before, &mut |record| {
            found.push(record.entry.subject.clone());
            ControlFlow::Continue(())
        });
        match looked.unwrap() {
            Looked::To(at) => before = Some(at),
            Looked::ToItsEnd => return found,
            Looked::Enough => unreachable!("it never has enough"),
        }
    }
}

fn segments(directory: &Path) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(directory.join(FOLDER).join("trail")).unwrap();
    let mut paths: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn what_was_durable_is_there_after_a_crash_and_the_newest_comes_first() {
    let directory = tempfile::tempdir().unwrap();
    for life in 0..3 {
        let trail = start(directory.path(), options());
        for number in 0..30 {
            put(&trail, life * 1_000 + number, &format!("{life}-{number}")).unwrap();
        }
        // Dropped, not stopped.
    }
    let trail = start(directory.path(), options());
    let (readable, end) = trail.readable();
    let found = subjects(&readable);
    assert_eq!((found.len(), end.unwrap().next), (91, 92));
    assert_eq!((&*found[0], &*found[89], &*found[90]), ("2-29", "0-0", ""));
    assert!(segments(directory.path()).len() > 4);
    let mut found = Vec::new();
    let looked = readable.newest_first(Some((at(1_003), 0)), &mut |record| {
        found.push(record.entry.subject.clone());
        if found.len() == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(looked.unwrap(), Looked::Enough);
    assert_eq!(found, ["1-2", "1-1", "1-0", "0-29"]);
    assert_eq!(readable.verify(&mut |_| ()).unwrap().unwrap().records, 91);
}

#[test]
fn time_never_goes_back_in_the_chain() {
    let directory = tempfile::tempdir().unwrap();
    let trail = start(directory.path(), options());
    put(&trail, 1_000, "first").unwrap();
    put(&trail, 10, "its clock was wrong").unwrap();
    let mut times = Vec::new();
    let each = &mut |record: &accolade_wire::trail::TrailRecord| {
        times.push(record.at);
        ControlFlow::Continue(())
    };
    trail.readable().0.newest_first(None, each).unwrap();
    assert_eq!(times, [at(1_000); 3]);
}

#[test]
fn a_tail_that_was_not_written_whole_is_cut_and_nothing_before_it() {
    let directory = tempfile::tempdir().unwrap();
    let trail = start(directory.path(), options());
    for number in 0..5 {
        put(&trail, number, &number.to_string()).unwrap();
    }
    drop(trail);
    let last = segments(directory.path()).pop().unwrap();
    let bytes = std::fs::read(&last).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    std::fs::write(&last, &bytes[..end - 3]).unwrap();
    let trail = start(directory.path(), options());
    assert_eq!(trail.failure(), None);
    assert_eq!(subjects(&trail.readable().0), ["3", "2", "1", "0", ""]);
    put(&trail, 9, "after").unwrap();
    let verified = trail.readable().0.verify(&mut |_| ()).unwrap().unwrap();
    assert_eq!(verified.records, 6);
}

#[test]
fn a_bent_byte_is_found_wherever_it_is_and_its_record_named() {
    let directory = tempfile::tempdir().unwrap();
    let trail = start(directory.path(), options());
    for number in 0..40 {
        put(&trail, number, &format!("somebody-{number}")).unwrap();
    }
    trail.stop();
    let paths = segments(directory.path());
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(directory.path().join(FOLDER)).unwrap());
    let readable = Readable { disk, durable: trail.readable().0.durable };
    for number in [0, 7, 39] {
        let needle = format!("somebody-{number}");
        let is_in = |path: &&PathBuf| {
            let bytes = std::fs::read(path).unwrap();
            bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
        };
        let path = paths.iter().find(is_in).unwrap();
        let whole = std::fs::read(path).unwrap();
        let place = whole.windows(needle.len()).position(|window| window == needle.as_bytes());
        let mut bent = whole.clone();
        bent[place.unwrap()] ^= 1;
        std::fs::write(path, &bent).unwrap();
        let not_fitting = readable.verify(&mut |_| ()).unwrap().unwrap_err();
        assert_eq!(not_fitting.number, Some(number + 2), "{not_fitting:?}");
        assert!(not_fitting.what.contains("its hash is not that of its content"));
        std::fs::write(path, &whole).unwrap();
    }
    assert_eq!(readable.verify(&mut |_| ()).unwrap().unwrap().records, 41);
    // A whole segment that is gone, and one at the end.
    for gone in [&paths[1], paths.last().unwrap()] {
        let whole = std::fs::read(gone).unwrap();
        std::fs::remove_file(gone).unwrap();
        assert!(readable.verify(&mut |_| ()).unwrap().is_err(), "{}", gone.display());
        std::fs::write(gone, whole).unwrap();
    }
}

#[test]
fn damage_in_the_end_that_is_read_at_a_start_refuses_and_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let trail = start(directory.path(), options());
    for number in 0..5 {
        put(&trail, number, &format!("somebody-{number}")).unwrap();
    }
    trail.stop();
    let last = segments(directory.path()).pop().unwrap();
    let mut bytes = std::fs::read(&last).unwrap();
    bytes[200] ^= 1;
    std::fs::write(&last, bytes).unwrap();
    let trail = start(directory.path(), options());
    assert!(trail.failure().unwrap().contains("is damaged"), "{:?}", trail.failure());
    assert!(put(&trail, 9, "somebody").unwrap_err().contains("is damaged"));
}

#[test]
fn what_nobody_waits_for_is_durable_soon_and_with_whatever_comes_after() {
    let directory = tempfile::tempdir().unwrap();
    let trail = start(directory.path(), options());
    trail.put(at(1), entry("nobody waits"), None);
    let (sender, done) = channel();
    trail.after_all(Box::new(move |durable| sender.send(durable).unwrap()));
    done.recv_timeout(Duration::from_mins(1)).unwrap().unwrap();
    assert_eq!(subjects(&trail.readable().0), ["nobody waits", ""]);
    trail.put(at(2), entry("at the end"), None);
    trail.stop();
    let trail = start(directory.path(), options());
    assert_eq!(subjects(&trail.readable().0), ["at the end", "nobody waits", ""]);
    trail.stop();
    assert!(put(&trail, 3, "too late").unwrap_err().contains("stopping"));
}

#[test]
fn records_are_removed_after_their_time_and_what_is_left_still_fits() {
    let directory = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(directory.path()).unwrap());
    let mut chain = TrailChain::open(Arc::clone(&disk), SEGMENT_BYTES, "").unwrap();
    for day in 0..40 {
        let pending = Pending { at: at(day * DAY_MICROS), entry: entry(&day.to_string()) };
        let long = TrailEntry { name: "x".repeat(200), ..pending.entry.clone() };
        let long = Pending { entry: long, ..pending };
        chain.append(&[long]).unwrap();
    }
    let readable = Readable { disk: Arc::clone(&disk), durable: None };
    assert_eq!(chain.remove_before(at(0)).unwrap(), 0);
    assert!(chain.remove_before(at(30 * DAY_MICROS)).unwrap() > 1);
    let found = subjects(&readable);
    assert!(found.contains(&"30".to_owned()) && !found.contains(&"0".to_owned()), "{found:?}");
    let verified = readable.verify(&mut |_| ()).unwrap().unwrap();
    assert_eq!(verified.records, found.len() as u64);
    let chain = TrailChain::open(disk, SEGMENT_BYTES, "").unwrap();
    assert_eq!(chain.end(), verified.end);
}

#[test]
fn a_chain_is_shipped_brought_back_and_read_where_it_was_shipped() {
    let memory = Arc::new(Memory::default());
    let objects = Arc::clone(&memory) as Arc<dyn Objects>;
    let shipping = || TrailOptions {
        ship: Some(ShipOptions { objects: Arc::clone(&objects), every: Duration::from_hours(1) }),
        ..options()
    };
    let directory = tempfile::tempdir().unwrap();
    for life in 0..2 {
        let trail = start(directory.path(), shipping());
        for number in 0..30 {
            put(&trail, life * 100 + number, &format!("{life}-{number}")).unwrap();
        }
        trail.stop();
        assert_eq!(trail.shipping_failure(), None);
    }
    let lists = lists(&*objects).unwrap();
    assert_eq!(lists.len(), 1);
    // Another node sees it there.
    let other = tempfile::tempdir().unwrap();
    let trail = start(other.path(), shipping());
    let shipped = trail.elsewhere().chains(&[]).unwrap();
    assert_eq!((shipped.len(), &*shipped[0].node), (1, "node-a"));
    assert_eq!(subjects(&shipped[0].readable).len(), 61);
    assert_eq!(shipped[0].readable.verify(&mut |_| ()).unwrap().unwrap().records, 61);
    assert!(trail.elsewhere().chains(&[shipped[0].chain]).unwrap().is_empty());
    // And a new disk goes on with it.
    let brought = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(brought.path().join(FOLDER)).unwrap());
    let fetch = Fetch { everything: true, ..Fetch::default() };
    let (list, _) = lists.values().next().unwrap();
    fetch.fetch(&objects, list, disk, &BlockCache::default()).unwrap();
    let trail = start(brought.path(), shipping());
    put(&trail, 300, "restored").unwrap();
    trail.stop();
    assert_eq!(trail.shipping_failure(), None);
    assert_eq!(subjects(&trail.readable().0).len(), 62);
    // The directory it was brought from would make another chain of it.
    let trail = start(directory.path(), shipping());
    put(&trail, 400, "two of one").unwrap();
    trail.stop();
    assert!(trail.shipping_failure().unwrap().contains("goes on otherwise"));
}

#[test]
fn the_chain_of_a_directory_that_is_adopted_is_shipped_whole_however_often_and_the_directory_stays()
{
    let objects: Arc<dyn Objects> = Arc::new(Memory::default());
    let (directory, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let adopt = || {
        let work = tempfile::tempdir().unwrap();
        ship_whole(directory.path(), work.path(), &objects).unwrap()
    };
    assert_eq!(adopt(), None, "there is nothing yet");
    for life in 0..2 {
        let trail = start(directory.path(), TrailOptions { node: String::new(), ..options() });
        for number in 0..30 {
            put(&trail, life * 100 + number, &format!("{life}-{number}")).unwrap();
        }
        trail.stop();
        let shipped_at = adopt().unwrap();
        assert_eq!(shipped_at, at(life * 100 + 29));
        assert_eq!(adopt(), Some(shipped_at), "an adoption that was interrupted is run again");
        assert!(!directory.path().join(FOLDER).join("SHIPPED").exists());
    }
    let ship = Some(ShipOptions { objects, every: Duration::from_hours(1) });
    let trail = start(other.path(), TrailOptions { ship, ..options() });
    let shipped = trail.elsewhere().chains(&[]).unwrap();
    assert_eq!((shipped.len(), &*shipped[0].node), (1, ""));
    assert_eq!(subjects(&shipped[0].readable).len(), 61);
    assert_eq!(shipped[0].readable.verify(&mut |_| ()).unwrap().unwrap().records, 61);
}
