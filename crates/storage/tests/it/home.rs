//! The home of one partition beside the embedded node's directory, both given the same batches.

mod broken;
mod shipped;

use std::collections::BTreeSet;
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::{DAY_MICROS, Timestamp};
use accolade_engine::contract::faulty::FAILS_AT_13;
use accolade_engine::disk::{Disk, DiskFile};
use accolade_engine::partition::{Observer, Partition, Shared, Stopped};
use accolade_engine::rules::BEHAVIOUR;
use accolade_storage::backing::NodeStore;
use accolade_storage::disk::RealDisk;
use accolade_storage::error::StorageError;
use accolade_storage::home::{Home, HomeCheckpointer};
use accolade_storage::log::LogFrame;
use accolade_storage::open::{self, Opened, Options};
use accolade_storage::slices::Slices;
use accolade_storage::table_cache::TableCache;
use accolade_wire::bytes::Cursor;
use accolade_wire::control::Control;
use accolade_wire::identity::partition_of;
use accolade_wire::record::{Kind, Record, Slice, Source};

const PARTITIONS: u16 = 8;
const SEVEN: u16 = 7;
/// 2026-01-01, in microseconds since 1970.
const START: i64 = 1_767_225_600_000_000;
const STEP: i64 = 1_000_000;

fn options() -> Options {
    Options {
        partitions: PARTITIONS,
        first_partition: 0,
        log_segment_bytes: 1 << 14,
        journal_segment_bytes: 1 << 13,
        segment_bytes: 1 << 13,
        filter_bytes_max: 1 << 10,
        tables: TableCache::default(),
    }
}

fn disk(folder: &Path) -> Arc<dyn Disk> {
    Arc::new(RealDisk::open(folder).unwrap())
}

fn shared() -> Shared {
    Shared::new(FAILS_AT_13)
}

/// Keeps what it hears.
#[derive(Debug, Default)]
struct Heard(Vec<Outcome>);

impl Observer for Heard {
    fn folded(&mut self, _: u32, outcome: &Outcome, _: Option<Points>) {
        self.0.push(outcome.clone());
    }
}

/// The embedded node's parts, without its threads.
struct Embedded {
    _folder: tempfile::TempDir,
    opened: Opened,
    store: NodeStore,
    shared: Shared,
    now: i64,
    frames: Vec<LogFrame>,
}

impl Embedded {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let opened = open::open(&disk(folder.path()), &options()).unwrap();
        let store = NodeStore::new(Arc::clone(&opened.backing));
        let (shared, now, frames) = (shared(), START, Vec::new());
        let mut node = Self { _folder: folder, opened, store, shared, now, frames };
        node.control(&Control::Genesis {
            cluster_id: "c".into(),
            partitions: PARTITIONS,
            hash_key: "5".repeat(32),
            behaviour: BEHAVIOUR,
            window_hours: 168,
            recent_hours: 24,
        });
        node.control(&Control::Operator {
            operator: "house".into(),
            key_hash: String::new(),
            events_per_second: 0,
        });
        node.control(&Control::Publish {
            operator: "house".into(),
            edited_from: 0,
            effective_from: 0,
            why: String::new(),
            who: String::new(),
            published_at: 0,
            document: r#"{"currency":"EUR","earning":{"multipliers":{"slots":0.1}}}"#.into(),
            zone: vec![],
        });
        node.commit();
        node
    }

    fn record(&self, kind: Kind, body: &[u8]) -> Vec<u8> {
        let (source, operator, origin) = (Source::Http, "house", None);
        let received_at = Timestamp::from_micros(self.now);
        let mut record = Vec::new();
        Record { kind, source, operator, received_at, origin, body }.write(&mut record);
        record
    }

    fn control(&mut self, control: &Control) {
        let record = self.record(Kind::Control, &serde_json::to_vec(control).unwrap());
        self.opened.log.put_control(&record).unwrap();
    }

    fn wager(&mut self, id: &str, player: &str, stake: &str) {
        let at = accolade_wire::timestamp::write(Timestamp::from_micros(self.now));
        let body = format!(
            r#"{{"wagerId":"{id}","playerId":"{player}","operatorId":"house","gameId":"g",
            "gameCategory":"slots","wagerAmount":{stake},"currency":"EUR","jurisdiction":"Malta",
            "timestamp":"{at}"}}"#
        );
        let record = self.record(Kind::Wager, body.as_bytes());
        self.opened.log.put(partition_of(player, PARTITIONS), &record, None).unwrap();
    }

    /// Wagers of forty players, some of them repeats, and bytes that are no event.
    fn round(&mut self, round: u64) {
        for number in 0..40 {
            let id = format!("w{}-{number}", round - u64::from(number % 9 == 3 && round > 1));
            self.wager(&id, &format!("player-{number}"), "10.00");
        }
        let broken = self.record(Kind::Wager, format!("no event {round}").as_bytes());
        for partition in 0..PARTITIONS {
            self.opened.log.put(partition, &broken, None).unwrap();
        }
        self.commit();
    }

    fn commit(&mut self) {
        self.now += STEP;
        let random = [u8::try_from(self.frames.len() % 251).unwrap(); 32];
        let now = Timestamp::from_micros(self.now);
        self.frames.push(self.opened.log.commit(now, random).unwrap().0);
    }

    /// Folds the last frame.
    fn fold(&mut self) {
        let frame = self.frames.last().unwrap();
        for slice in frame.slices() {
            let partition = &mut self.opened.partitions[usize::from(slice.partition)];
            let (store, observer) = (&mut self.store, &mut Heard::default());
            partition.fold(&slice, &frame.moment, &self.shared, store, observer).unwrap();
        }
        self.store.flush(frame.moment.time).unwrap();
    }

    fn folded(rounds: u64) -> Self {
        let mut node = Self::new();
        node.fold();
        for round in 1..=rounds {
            node.round(round);
            node.fold();
        }
        node
    }

    fn slice(&self, frame: usize, partition: u16) -> Slice<'_> {
        self.frames[frame].slices().find(|slice| slice.partition == partition).unwrap()
    }
}

fn seven(folder: &Path) -> Home {
    Home::open(disk(folder), SEVEN, &options()).unwrap()
}

fn fold(home: &mut Home, node: &Embedded, at: usize) -> Result<Vec<Outcome>, Stopped> {
    let slice = node.slice(at, home.partition().number());
    let (mut heard, cursor) = (Heard::default(), (at + 1).to_string());
    let moment = &node.frames[at].moment;
    home.fold(&slice, moment, &node.shared, &mut heard, cursor.as_bytes())?;
    Ok(heard.0)
}

fn goes_on_at(home: &Home) -> usize {
    home.cursor().map_or(0, |cursor| std::str::from_utf8(cursor).unwrap().parse().unwrap())
}

/// Folds what the home has not folded, up to the frame before `until`.
fn feed(home: &mut Home, node: &Embedded, until: usize) {
    for at in goes_on_at(home)..until {
        fold(home, node, at).unwrap();
    }
}

fn checkpoint(home: &mut Home, checkpointer: &mut HomeCheckpointer, seal: bool) {
    let part = home.take_part(seal).unwrap();
    checkpointer.write(part, home.partition().time()).unwrap();
}

/// A checkpoint by a checkpointer of its own, which a home has once.
fn last_checkpoint(home: &mut Home) {
    let mut checkpointer = home.take_checkpointer();
    checkpoint(home, &mut checkpointer, false);
}

fn values(partition: &Partition) -> Vec<u8> {
    partition.values()
}

/// State, journal, dead letters and raw records are those of the embedded node, byte for byte.
fn check_same(home: &Home, node: &Embedded) {
    let number = home.partition().number();
    let embedded = &node.opened.partitions[usize::from(number)];
    assert_eq!(home.partition().next_batch(), embedded.next_batch());
    assert_eq!(values(home.partition()), values(embedded));
    for batch in 1..embedded.next_batch() {
        let (ours, theirs) = (home.backing(), &node.opened.backing);
        let journal = ours.journal.read(number, batch).unwrap();
        assert!(journal.is_some());
        assert_eq!(journal, theirs.journal.read(number, batch).unwrap());
        let dead_letters = ours.dead_letters.read(number, batch).unwrap();
        assert_eq!(dead_letters, theirs.dead_letters.read(number, batch).unwrap());
    }
}

fn check_same_records(home: &Home, node: &Embedded, from_batch: u64) {
    let number = home.partition().number();
    for batch in from_batch..home.partition().next_batch() {
        let copy = home.backing().log.read(number, batch).unwrap();
        assert!(copy.is_some(), "batch {batch}");
        assert_eq!(copy, node.opened.backing.log.read(number, batch).unwrap());
    }
}

/// The batches of all frames in closed segments, each once.
fn batches(slices: &Slices, prefix_bytes: usize) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    let from = slices.first_position().unwrap().unwrap();
    slices
        .frames(from, &mut |_, _, payload| {
            let mut cursor = Cursor::new(&payload[prefix_bytes..], "slice");
            while !cursor.is_empty() {
                let batch = Slice::read(&mut cursor).unwrap().batch;
                assert!(found.insert(batch), "batch {batch} is there twice");
            }
            Ok(())
        })
        .unwrap();
    found
}

fn files(folder: &Path, family: &str) -> Vec<String> {
    disk(folder).list(family).unwrap()
}

#[test]
fn homes_hold_what_the_embedded_node_holds() {
    let node = Embedded::folded(20);
    let mut players = 0;
    for partition in 0..PARTITIONS {
        let folder = tempfile::tempdir().unwrap();
        let mut home = Home::open(disk(folder.path()), partition, &Options::of_home()).unwrap();
        assert_eq!(home.cursor(), None);
        feed(&mut home, &node, node.frames.len());
        check_same(&home, &node);
        check_same_records(&home, &node, 1);
        let letters = home.partition().tables().dead_letters.excerpt(Bound::Unbounded, usize::MAX);
        let mut store = NodeStore::new(Arc::clone(home.backing()));
        assert_eq!(letters.read(partition, &mut store).unwrap().rows.len(), 20);
        players += home.partition().head().players;
    }
    assert_eq!(players, 40);
}

#[test]
fn a_home_goes_on_from_its_checkpoint_and_has_no_slice_twice() {
    let node = Embedded::folded(60);
    for checkpointed in [0, 1, 20, 40] {
        let folder = tempfile::tempdir().unwrap();
        let mut home = seven(folder.path());
        let mut checkpointer = home.take_checkpointer();
        feed(&mut home, &node, checkpointed);
        let part = home.take_part(false).unwrap();
        // The journal is beyond what the checkpoint covers of the state.
        feed(&mut home, &node, checkpointed + 5);
        let manifest = checkpointer.write(part, home.partition().time()).unwrap();
        feed(&mut home, &node, checkpointed + 15);
        drop((home, checkpointer));

        let mut home = seven(folder.path());
        assert_eq!(home.cursor().unwrap_or_default(), manifest.cursor);
        assert_eq!(goes_on_at(&home), checkpointed);
        assert_eq!(home.partition().next_batch(), checkpointed as u64 + 1);
        check_same_records(&home, &node, 1);
        feed(&mut home, &node, node.frames.len());
        check_same(&home, &node);
        check_same_records(&home, &node, 1);
        last_checkpoint(&mut home);
        drop(home);

        let home = seven(folder.path());
        assert_eq!(goes_on_at(&home), node.frames.len());
        check_same(&home, &node);
        let all: BTreeSet<u64> = (1..=node.frames.len() as u64).collect();
        assert_eq!(batches(&home.backing().journal, 0), all);
        assert_eq!(batches(&home.backing().log, accolade_storage::log::RANDOM_BYTES), all);
    }
}

#[test]
fn a_home_without_its_copy_of_the_log_opens_and_begins_it_anew() {
    let node = Embedded::folded(40);
    let spoil: [fn(&Path); 3] = [
        |log| std::fs::remove_dir_all(log).unwrap(),
        |log| std::fs::remove_file(first(log)).unwrap(),
        |log| {
            let length = std::fs::metadata(last(log)).unwrap().len();
            std::fs::write(last(log), vec![7; usize::try_from(length).unwrap()]).unwrap();
        },
    ];
    for spoil in spoil {
        let folder = tempfile::tempdir().unwrap();
        let mut home = seven(folder.path());
        feed(&mut home, &node, 20);
        last_checkpoint(&mut home);
        drop(home);
        spoil(&folder.path().join("log"));
        // The second time, what was begun anew is cut back to the checkpoint.
        for until in [30, node.frames.len()] {
            let mut home = seven(folder.path());
            assert_eq!(goes_on_at(&home), 20);
            feed(&mut home, &node, until);
            check_same_records(&home, &node, 21);
        }
        let mut home = seven(folder.path());
        feed(&mut home, &node, node.frames.len());
        check_same(&home, &node);
        last_checkpoint(&mut home);
        drop(home);
        let home = seven(folder.path());
        let copied = batches(&home.backing().log, accolade_storage::log::RANDOM_BYTES);
        assert!(copied.iter().copied().eq(*copied.first().unwrap()..=node.frames.len() as u64));
        assert!(copied.contains(&21));
    }
}

/// A disk on which nothing in `log/` can be read or written.
#[derive(Debug)]
struct WithoutLog(RealDisk);

fn unless_log(path: &str) -> io::Result<()> {
    if path.starts_with("log") { Err(io::Error::other("nothing of the log")) } else { Ok(()) }
}

impl Disk for WithoutLog {
    fn create(&self, path: &str, allocate: u64) -> io::Result<Arc<dyn DiskFile>> {
        unless_log(path).and_then(|()| self.0.create(path, allocate))
    }

    fn open(&self, path: &str) -> io::Result<Arc<dyn DiskFile>> {
        unless_log(path).and_then(|()| self.0.open(path))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        unless_log(folder).and_then(|()| self.0.list(folder))
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        unless_log(path).and_then(|()| self.0.remove(path))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        unless_log(from).and_then(|()| self.0.rename(from, to))
    }

    fn sync_dir(&self, folder: &str) -> io::Result<()> {
        self.0.sync_dir(folder)
    }
}

#[test]
fn a_log_that_cannot_be_copied_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let node = Embedded::folded(40);
    let without_log = || {
        let disk = Arc::new(WithoutLog(RealDisk::open(folder.path()).unwrap()));
        Home::open(disk, SEVEN, &options()).unwrap()
    };
    let mut home = without_log();
    feed(&mut home, &node, 20);
    last_checkpoint(&mut home);
    while home.tidier(1).tidy(home.partition().time()).unwrap() {}
    drop(home);
    let mut home = without_log();
    assert_eq!(goes_on_at(&home), 20);
    feed(&mut home, &node, node.frames.len());
    check_same(&home, &node);
    assert!(home.backing().log.read(SEVEN, 21).unwrap().is_none());
    drop(home);
    let mut home = seven(folder.path());
    feed(&mut home, &node, node.frames.len());
    check_same_records(&home, &node, 21);
}

fn first(folder: &Path) -> std::path::PathBuf {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.min().unwrap()
}

fn last(folder: &Path) -> std::path::PathBuf {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.max().unwrap()
}

#[test]
fn a_batch_at_which_the_fold_fails_is_given_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Embedded::folded(2);
    let player = (0..100).map(|n| format!("p{n}")).find(|p| partition_of(p, PARTITIONS) == SEVEN);
    let player = player.unwrap();
    node.wager("before", &player, "10.00");
    node.wager("stuck", &player, "13.00");
    node.wager("after", &player, "10.00");
    node.commit();
    let stuck_at = node.frames.len() - 1;
    let batch = node.slice(stuck_at, SEVEN).batch;
    let skip = Control::Skip { partition: SEVEN, batch, slot: 2, who: "test".into() };
    node.control(&skip);
    node.commit();

    let mut home = seven(folder.path());
    feed(&mut home, &node, stuck_at);
    for _ in 0..3 {
        let stopped = fold(&mut home, &node, stuck_at).unwrap_err();
        let place = Place { partition: SEVEN, batch, slot: 2, number: 0 };
        assert!(matches!(&stopped, Stopped::Bug { place: at, .. } if *at == place), "{stopped}");
        assert!(home.take_part(false).is_none());
        assert_eq!(goes_on_at(&home), stuck_at);
    }
    home.read_ahead(&node.slice(stuck_at + 1, SEVEN));
    let outcomes = fold(&mut home, &node, stuck_at).unwrap();
    assert!(matches!(outcomes[..], [Outcome::DeadLetter { .. }, Outcome::Counted { .. }]));
    feed(&mut home, &node, node.frames.len());
    check_same_records(&home, &node, 1);
    last_checkpoint(&mut home);
    drop(home);

    let home = seven(folder.path());
    let all: BTreeSet<u64> = (1..=node.frames.len() as u64).collect();
    assert_eq!(batches(&home.backing().journal, 0), all);
    assert_eq!(batches(&home.backing().log, accolade_storage::log::RANDOM_BYTES), all);
}

#[test]
fn ids_are_sealed_and_merged_and_stay_known() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Embedded::folded(1);
    let mut home = seven(folder.path());
    let mut checkpointer = home.take_checkpointer();
    let tidier = home.tidier(0);
    for round in 2..=12 {
        node.round(round);
        node.fold();
        feed(&mut home, &node, node.frames.len());
        checkpoint(&mut home, &mut checkpointer, true);
        assert!(home.partition().ids().is_empty());
    }
    let sealed = home.backing().lookup.live().len();
    assert!(sealed >= 11, "{sealed}");
    while tidier.tidy(home.partition().time()).unwrap() {}
    let merged = home.backing().lookup.live().len();
    assert!(merged < sealed, "{merged} of {sealed}");
    for _ in 0..2 {
        checkpoint(&mut home, &mut checkpointer, false);
    }
    let recent = files(folder.path(), "lookup/recent");
    assert!(recent.len() <= 2, "{recent:?}");
    drop((home, checkpointer, tidier));

    let mut home = seven(folder.path());
    assert!(home.partition().ids().is_empty());
    node.round(2);
    node.fold();
    let outcomes = fold(&mut home, &node, node.frames.len() - 1).unwrap();
    let repeated = outcomes.iter().filter(|heard| matches!(heard, Outcome::Repeated { .. }));
    assert_eq!(repeated.count(), outcomes.len() - 1, "all but the bytes that are no event");
    check_same(&home, &node);
}

#[test]
fn an_interval_that_is_being_sealed_is_not_ended_again() {
    let folder = tempfile::tempdir().unwrap();
    let node = Embedded::folded(6);
    let mut home = seven(folder.path());
    let mut checkpointer = home.take_checkpointer();
    feed(&mut home, &node, 3);
    let part = home.take_part(true).unwrap();
    feed(&mut home, &node, 5);
    let ids = home.partition().ids().len();
    assert!(!home.take_part(true).unwrap().seals());
    assert_eq!(home.partition().ids().len(), ids);
    assert!(part.seals());
    checkpointer.write(part, home.partition().time()).unwrap();
    feed(&mut home, &node, node.frames.len());
    assert!(home.take_part(true).unwrap().seals());
    check_same(&home, &node);
}

#[test]
fn tidying_compresses_what_the_checkpoint_covers_and_keeps_what_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let node = Embedded::folded(80);
    let mut home = seven(folder.path());
    let mut checkpointer = home.take_checkpointer();
    let (all, little) = (home.tidier(0), home.tidier(1));
    feed(&mut home, &node, 60);
    let now = home.partition().time();
    while all.tidy(now).unwrap() {}
    let closed = home.backing().log.closed();
    assert!(closed.len() > 2 && closed.iter().all(|segment| !segment.packed), "{closed:?}");
    while little.tidy(now).unwrap() {}
    assert_eq!(home.backing().log.closed(), closed, "the checkpoint is before all of it");

    checkpoint(&mut home, &mut checkpointer, false);
    feed(&mut home, &node, node.frames.len());
    while all.tidy(now).unwrap() {}
    let packed = |slices: &Slices| slices.closed().iter().filter(|segment| segment.packed).count();
    assert_eq!(packed(&home.backing().log), closed.len());
    assert!(packed(&home.backing().journal) > 2);
    assert!(home.backing().journal.closed().iter().any(|segment| !segment.packed));
    check_same(&home, &node);
    check_same_records(&home, &node, 1);
    drop((home, checkpointer, all, little));

    let mut home = seven(folder.path());
    assert_eq!(goes_on_at(&home), 60);
    check_same_records(&home, &node, 1);
    feed(&mut home, &node, node.frames.len());
    check_same(&home, &node);
    let mut checkpointer = home.take_checkpointer();
    checkpoint(&mut home, &mut checkpointer, false);
    let kept = home.backing().dead_letters.closed().len();
    assert!(kept > 0);
    let (little, later) = (home.tidier(1), Timestamp::from_micros(node.now + 40 * DAY_MICROS));
    while little.tidy(home.partition().time()).unwrap() {}
    assert_eq!(home.backing().log.closed(), []);
    assert!(home.backing().log.read(SEVEN, 1).unwrap().is_none());
    assert_eq!(home.backing().dead_letters.closed().len(), kept);
    while little.tidy(later).unwrap() {}
    assert_eq!(home.backing().dead_letters.closed().len(), 0);
    assert!(home.backing().journal.read(SEVEN, 1).unwrap().is_some(), "the journal is for years");
}

#[test]
fn what_later_checkpoints_supersede_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Embedded::folded(1);
    let mut home = seven(folder.path());
    let mut checkpointer = home.take_checkpointer();
    for round in 2..200 {
        node.round(round);
        node.fold();
        feed(&mut home, &node, node.frames.len());
        checkpoint(&mut home, &mut checkpointer, round % 50 == 0);
    }
    let states = files(folder.path(), "state");
    assert!(!states.contains(&format!("{:012}", 1)), "{states:?}");
    assert!(states.len() < 12, "{states:?}");
    drop((home, checkpointer));
    check_same(&seven(folder.path()), &node);
}

#[test]
fn a_directory_of_other_partitions_is_not_taken_for_a_home() {
    let folder = tempfile::tempdir().unwrap();
    let node = Embedded::folded(3);
    let mut home = seven(folder.path());
    feed(&mut home, &node, 3);
    last_checkpoint(&mut home);
    drop(home);
    let other = Home::open(disk(folder.path()), 3, &options()).unwrap_err();
    assert!(matches!(other, StorageError::Damaged { .. }), "{other}");
    assert_eq!(goes_on_at(&seven(folder.path())), 3);
}
