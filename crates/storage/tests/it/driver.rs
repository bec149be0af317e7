//! The driver of a node, stepped by hand: what fails, and what is done beside it at the same moment.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::behaviour;
use accolade_engine::disk::Disk;
use accolade_engine::intake::{Caller, Refused, Submission};
use accolade_engine::partition::{Partition, Shared};
use accolade_engine::rules::BEHAVIOUR;
use accolade_storage::disk::RealDisk;
use accolade_storage::driver::Driver;
use accolade_storage::driver::checkpoints::Stepped;
use accolade_storage::driver::fold::Hears;
use accolade_storage::driver::log::{Durable, Job};
use accolade_storage::error::Result;
use accolade_storage::open;
use accolade_wire::record::{Kind, Record, Source};

use crate::breaking::{Breaking, Writes};
use crate::node;

const PARTITIONS: u16 = 4;
const FOLDS: usize = 2;
/// 2026-01-01, in microseconds since 1970.
const START: i64 = 1_767_225_600_000_000;

/// What the caller of a record was told.
#[derive(Debug, Default)]
struct Told(Mutex<Vec<String>>);

impl Caller for Told {
    fn durable(&self) {
        self.0.lock().unwrap().push("durable".into());
    }

    fn refused(&self, why: Refused) {
        self.0.lock().unwrap().push(format!("{why:?}"));
    }

    fn applied(&self, _: usize, _: &Outcome, _: Option<Points>) {
        self.0.lock().unwrap().push("applied".into());
    }
}

struct Nobody;

impl Hears for Nobody {
    fn folded(&mut self, _: Place, _: Option<Kind>, _: &Outcome, _: Option<Points>) {}
}

struct Node {
    driver: Driver,
    frames: i64,
}

impl Node {
    /// Opens the directory, and begins it or folds what is to be replayed.
    fn open(disk: Arc<dyn Disk>, folder: &Path) -> Self {
        let shared = Shared::new(behaviour::KNOWN);
        let mut driver = Driver::open(&disk, &node::options(folder).files, shared, FOLDS).unwrap();
        if driver.is_new {
            let body = accolade_storage::genesis::body(PARTITIONS, BEHAVIOUR).unwrap();
            driver.log.begin_with(record(Kind::Control, &body));
        }
        let node = Self { driver, frames: 0 };
        if let Some(from) = node.driver.replay_from {
            open::replay(&node.driver.ground.backing().log, from, &mut |frame| {
                (0..FOLDS).try_for_each(|fold| node.fold(fold, &Job::replayed(frame.clone())))
            })
            .unwrap();
        }
        node
    }

    /// Commits a record of every partition; nothing where the disk was too full.
    fn commit(&mut self) -> (Arc<Told>, Result<Option<Job>>) {
        self.frames += 1;
        let (mut records, mut parts) = (Vec::new(), Vec::new());
        for partition in 0..PARTITIONS {
            let bytes = record(Kind::Wager, b"no event");
            parts.push((Some(partition), u32::try_from(bytes.len()).unwrap()));
            records.extend(bytes);
        }
        let told = Arc::new(Told::default());
        let caller = Arc::clone(&told) as Arc<dyn Caller>;
        let (wants_outcomes, taken_at) = (true, Instant::now());
        let submission = Submission {
            records,
            parts,
            known: Vec::new(),
            caller,
            wants_outcomes,
            taken_at,
            trace: None,
        };
        let now = Timestamp::from_micros(START + self.frames);
        assert!(self.driver.log.stage(&mut vec![submission], now));
        let committed = self.driver.log.commit(now, [0; 32]);
        (told, committed.map(|durable| durable.map(Durable::answer)))
    }

    fn fold(&self, number: usize, job: &Job) -> Result<()> {
        self.driver.folds[number].lock().unwrap().take(job, &mut Nobody)
    }

    fn commit_and_fold(&mut self) {
        let job = self.commit().1.unwrap().unwrap();
        (0..FOLDS).for_each(|number| self.fold(number, &job).unwrap());
    }

    fn step_checkpoint(&mut self) -> Result<Stepped> {
        self.driver.checkpoints.step(&self.driver.folds)
    }

    /// Every batch before the next of each partition stands in the journal.
    fn check_journal(&self) {
        let ground = &self.driver.ground;
        for partition in 0..PARTITIONS {
            let next = ground.read(partition, Partition::next_batch);
            for batch in 1..next {
                let found = ground.backing().journal.read(partition, batch).unwrap();
                assert!(found.is_some(), "the journal lacks {partition}/{batch}");
            }
        }
    }
}

fn record(kind: Kind, body: &[u8]) -> Vec<u8> {
    let (source, operator, origin) = (Source::Http, "house", None);
    let received_at = Timestamp::from_micros(START);
    let mut record = Vec::new();
    Record { kind, source, operator, received_at, origin, body }.write(&mut record);
    record
}

fn breaking(folder: &Path, broken: &'static str) -> Breaking {
    Breaking::new(RealDisk::open(folder).unwrap(), broken)
}

#[test]
fn what_a_broken_log_may_have_kept_is_uncertain_and_what_a_full_disk_refuses_is_surely_not() {
    for (writes, expected, is_kept) in [
        (Writes::AreTooMany, "DiskFull", false),
        (Writes::Fail, "Uncertain", false),
        (Writes::FailToSync, "Uncertain", true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let disk = breaking(folder.path(), "log/");
        let mut node = Node::open(Arc::new(disk.clone()), folder.path());
        node.commit_and_fold();
        let next = |node: &Node| node.driver.ground.read(0, Partition::next_batch);
        let before = next(&node);

        disk.set(writes);
        let (told, committed) = node.commit();
        assert_eq!(committed.is_err(), expected == "Uncertain");
        assert_eq!(*told.0.lock().unwrap(), [expected]);
        drop(node);

        disk.set(Writes::Work);
        let node = Node::open(Arc::new(disk), folder.path());
        assert_eq!(next(&node) > before, is_kept, "{writes:?}");
    }
}

#[test]
fn a_checkpoint_takes_nothing_of_a_fold_that_failed_within_a_frame() {
    for writes in [Writes::Fail, Writes::FailAtHeads, Writes::Panic] {
        for parts_before in 0..=PARTITIONS {
            let folder = tempfile::tempdir().unwrap();
            let disk = breaking(folder.path(), "journal/");
            let mut node = Node::open(Arc::new(disk.clone()), folder.path());
            (0..3).for_each(|_| node.commit_and_fold());
            node.driver.checkpoints.begin(false);
            for _ in 0..parts_before {
                assert_eq!(node.step_checkpoint().unwrap(), Stepped::Taken);
            }

            disk.set(writes);
            let failed = (0..2_000).find(|_| {
                let job = node.commit().1.unwrap().unwrap();
                let fold = || node.fold(1, &job).is_err();
                catch_unwind(AssertUnwindSafe(fold)).unwrap_or(true)
            });
            assert!(failed.is_some(), "the disk is broken");
            let ended = std::iter::repeat_with(|| node.step_checkpoint());
            let ended = ended
                .take(2 + usize::from(PARTITIONS))
                .find(|step| !matches!(step, Ok(Stepped::Taken)));
            assert!(!matches!(ended, None | Some(Ok(Stepped::Written))), "{ended:?}");
            assert!(matches!(node.step_checkpoint(), Ok(Stepped::Refused)));
            drop(node);

            let node = Node::open(Arc::new(breaking(folder.path(), "")), folder.path());
            node.check_journal();
        }
    }
}

#[test]
fn a_directory_with_a_checkpoint_of_nothing_begins_with_genesis() {
    let folder = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(folder.path()).unwrap());
    let mut node = Node::open(Arc::clone(&disk), folder.path());
    node.driver.checkpoints.begin(false);
    while node.step_checkpoint().unwrap() != Stepped::Written {}
    drop(node);
    let mut node = Node::open(disk, folder.path());
    node.commit_and_fold();
    for partition in 0..PARTITIONS {
        let settings = |partition: &Partition| partition.rules().settings.partitions;
        assert_eq!(node.driver.ground.read(partition, settings), PARTITIONS);
    }
}

#[test]
fn the_first_frame_begins_with_genesis_however_often_the_disk_was_full() {
    let folder = tempfile::tempdir().unwrap();
    let disk = breaking(folder.path(), "log/");
    let mut node = Node::open(Arc::new(disk.clone()), folder.path());
    disk.set(Writes::AreTooMany);
    for _ in 0..2 {
        let (told, committed) = node.commit();
        assert!(committed.unwrap().is_none());
        assert_eq!(*told.0.lock().unwrap(), ["DiskFull"]);
    }
    disk.set(Writes::Work);
    let (told, committed) = node.commit();
    let job = committed.unwrap().unwrap();
    (0..FOLDS).for_each(|number| node.fold(number, &job).unwrap());
    assert_eq!(told.0.lock().unwrap()[..2], ["durable", "applied"]);
    for partition in 0..PARTITIONS {
        let settings = |partition: &Partition| partition.rules().settings.partitions;
        assert_eq!(node.driver.ground.read(partition, settings), PARTITIONS);
    }
}

#[test]
fn partitions_get_batches_after_the_clock_was_set_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::open(Arc::new(breaking(folder.path(), "")), folder.path());
    node.commit_and_fold();
    let mut stages = |micros| {
        let log = &mut node.driver.log;
        let is_due = log.stage(&mut Vec::new(), Timestamp::from_micros(START + micros));
        is_due.then(|| log.commit(Timestamp::from_micros(START + micros), [0; 32]).unwrap())
    };
    assert!(stages(5_000_000).is_none(), "no heartbeat is due");
    assert!(stages(11_000_000).is_some());
    assert!(stages(-3_000_000_000).is_some(), "an hour back, nearly");
    assert!(stages(-2_995_000_000).is_none());
    assert!(stages(-2_989_000_000).is_some());
}
