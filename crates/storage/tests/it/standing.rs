//! A partition that stands: what it keeps, and how it goes on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use accolade_domain::ledger::Place;
use accolade_engine::behaviour::{self, Behaviour};
use accolade_engine::contract::faulty::{CHANGED_AT_20, FAILS_AT_13};
use accolade_engine::disk::Disk;
use accolade_engine::intake::Intake;
use accolade_engine::partition::{Partition, Shared};
use accolade_storage::backing::{Backing, NodeStore};
use accolade_storage::disk::RealDisk;
use accolade_storage::node::{Node, NodeOptions};
use accolade_storage::open;
use accolade_wire::control::Control;
use accolade_wire::identity::partition_of;
use accolade_wire::record::Kind;

use crate::node::{
    balance, copy_folder, options, standing, start, submit, submit_all, until, until_is, wager,
    wager_body,
};

fn with_fault(folder: &Path) -> NodeOptions {
    let mut options = options(folder);
    options.behaviours = FAILS_AT_13;
    options.checkpoint_every = Duration::from_millis(20);
    options
}

/// Makes the partition of `player` stand.
fn stand(node: &Node, id: &str, player: &str) -> Place {
    wager(node, id, player, "13.00").durable();
    standing(node, None)
}

fn skip(node: &Node, place: Place) {
    let Place { partition, batch, slot, .. } = place;
    let skip = Control::Skip { partition, batch, slot, who: "test".into() };
    submit(node, None, Kind::Control, &serde_json::to_vec(&skip).unwrap()).durable();
}

/// Waits until everything that the log has is folded.
fn folds_all(node: &Node) {
    until("a fold of all that the log has", || {
        let log = &node.backing().log;
        let behind: Vec<_> = (0..node.partitions())
            .map(|number| {
                (node.read(number, Partition::next_batch), log.last_batch(number).unwrap())
            })
            .filter(|(next, last)| next <= last)
            .collect();
        if behind.is_empty() { Ok(()) } else { Err((behind, node.status().standing)) }
    });
}

fn state_of(partition: &Partition) -> Vec<u8> {
    partition.values()
}

fn journal_of(backing: &Backing, number: u16) -> Vec<Option<Vec<u8>>> {
    let last = backing.log.last_batch(number).unwrap();
    (1..=last).map(|batch| backing.journal.read(number, batch).unwrap()).collect()
}

/// Folds the log in `folder` from its beginning, one frame after the other; what it skips is known
/// from the start.
fn folded_from_genesis(folder: &Path) -> (Vec<Partition>, Arc<Backing>) {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(folder).unwrap());
    let opened = open::open(&disk, &options(folder).files).unwrap();
    let (mut partitions, backing) = (opened.partitions, opened.backing);
    let mut store = NodeStore::new(Arc::clone(&backing));
    let shared = Shared::new(FAILS_AT_13);
    open::replay(&backing.log, opened.replay_from.unwrap(), &mut |frame| {
        for slice in frame.slices() {
            let partition = &mut partitions[usize::from(slice.partition)];
            partition.fold(&slice, &frame.moment, &shared, &mut store, &mut ()).unwrap();
        }
        store.flush(frame.moment.time)
    })
    .unwrap();
    (partitions, backing)
}

#[test]
fn a_partition_that_stands_keeps_nothing_and_ends_as_if_it_had_never_stood() {
    const BODY_BYTES: usize = 60_000;
    const ROUNDS: usize = 20;
    const EACH: usize = 60;
    let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut options = with_fault(folder.path());
    options.files.log_segment_bytes = 1 << 20;
    let node = start(options);
    let number = partition_of("anna", node.partitions());
    wager(&node, "w0", "anna", "10.00").durable();
    let stuck = stand(&node, "w1", "anna");

    let more = "x".repeat(BODY_BYTES);
    let mut waiting = Vec::new();
    for round in 0..ROUNDS {
        let of = |at| wager_body(&format!("r{round}-{at}"), "anna", "10.00", &more);
        let bodies: Vec<String> = (0..EACH).map(of).collect();
        let bodies: Vec<_> = bodies.iter().map(|body| (Some(number), body.as_bytes())).collect();
        let heard = submit_all(&node, Kind::Wager, &bodies);
        heard.durable();
        waiting.push(heard);
    }
    until_is("the bytes before the fold", 0, || node.lag_bytes());
    // A frame is kept together with those who wait for what becomes of it.
    until_is("how often their callers are held", 0, || {
        waiting.iter().map(|heard| Arc::strong_count(heard) - 1).sum()
    });
    assert_eq!(balance(&node, "anna").to_string(), "1.00");
    assert_eq!(node.status().standing[0].0, stuck);
    // Its frames are in the open segment, in closed ones, and in some that are compressed.
    let has_packed = || node.backing().log.closed().iter().any(|segment| segment.packed);
    until_is("whether a segment is compressed", true, has_packed);

    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let others = scope.spawn(|| {
            let mut count = 0;
            while !is_over.load(Ordering::Relaxed) {
                for player in ["anna", "bert", "cleo", "dora"] {
                    wager(&node, &format!("live-{player}-{count}"), player, "10.00").durable();
                }
                count += 1;
            }
            count
        });
        skip(&node, stuck);
        let expected = u64::try_from(ROUNDS * EACH).unwrap();
        let entries = || {
            node.read(number, |partition| {
                let key = partition.rules().settings.hash_key;
                let anna = partition.players().find_by_name(&key, 1, "anna").unwrap();
                partition.players().get(anna).account.sequence
            })
        };
        until(&format!("more than {expected} entries"), || match entries() {
            many if many > expected => Ok(()),
            few => Err(few),
        });
        is_over.store(true, Ordering::Relaxed);
        assert!(others.join().unwrap() > 0);
    });
    folds_all(&node);
    assert!(node.status().standing.is_empty());
    node.stop().unwrap();

    std::fs::create_dir(copy.path().join("log")).unwrap();
    copy_folder(&folder.path().join("log"), &copy.path().join("log"));
    std::fs::copy(folder.path().join("FORMAT"), copy.path().join("FORMAT")).unwrap();
    let (partitions, backing) = folded_from_genesis(copy.path());
    for partition in &partitions {
        let number = partition.number();
        let state = node.read(number, state_of);
        assert!(state == state_of(partition), "the state of partition {number} is another");
        assert!(
            journal_of(node.backing(), number) == journal_of(&backing, number),
            "the journal of partition {number} is another"
        );
    }
}

#[test]
fn a_partition_may_stand_again_and_again_and_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = start(with_fault(folder.path()));
    let mut stuck = stand(&node, "bad-0", "anna");
    for round in 1..=3 {
        for number in 0..20 {
            wager(&node, &format!("w{round}-{number}"), "anna", "10.00").durable();
        }
        wager(&node, &format!("bad-{round}"), "anna", "13.00").durable();
        skip(&node, stuck);
        let next = standing(&node, Some(stuck));
        assert_eq!(balance(&node, "anna").to_string(), format!("{}.00", round * 20));
        // Another place is skipped than the one where it stands: nothing happens.
        skip(&node, stuck);
        stuck = next;
        if round == 2 {
            node.stop().unwrap();
            node = start(with_fault(folder.path()));
            standing(&node, None);
        }
    }
    skip(&node, stuck);
    folds_all(&node);
    wager(&node, "w", "anna", "10.00").durable();
    until_is("the balance", "61.00".to_owned(), || balance(&node, "anna").to_string());
    node.stop().unwrap();
}

#[test]
fn the_log_is_kept_from_where_a_partition_stands() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = with_fault(folder.path());
    // Nothing is kept for its age.
    options.log_days = 0;
    let node = start(options.clone());
    let more = "x".repeat(10_000);
    let fill = |node: &Node, name: &str| {
        for number in 0..40 {
            for player in ["anna", "bert", "cleo", "dora"] {
                let partition = partition_of(player, node.partitions());
                let id = format!("{name}-{number}-{player}");
                let body = wager_body(&id, player, "10.00", &more);
                submit(node, Some(partition), Kind::Wager, body.as_bytes()).durable();
            }
        }
    };
    fill(&node, "before");
    let stuck = stand(&node, "bad", "anna");
    let log = &node.backing().log;
    let is_gone = |batch| log.read(stuck.partition, batch).unwrap().is_none();
    // Retention works, and comes as far as the partition stands.
    until_is("whether the first batch is gone", true, || is_gone(1));
    fill(&node, "behind");
    let checkpoint = || node.status().checkpointed_at;
    for _ in 0..5 {
        let before = checkpoint();
        wager(&node, "any", "bert", "10.00").durable();
        until("another checkpoint", || match checkpoint() {
            at if at > before => Ok(()),
            at => Err(at),
        });
    }
    // Tidying looks for what can be removed before it compresses anything.
    fill(&node, "further");
    until_is("how many closed segments are not compressed", 0, || {
        log.closed().iter().filter(|segment| !segment.packed).count()
    });
    assert!(!is_gone(stuck.batch));
    node.stop().unwrap();

    let node = start(options);
    standing(&node, None);
    skip(&node, stuck);
    folds_all(&node);
    assert_eq!(balance(&node, "anna").to_string(), "120.00");
    let log = &node.backing().log;
    fill(&node, "after");
    let is_gone = || log.read(stuck.partition, stuck.batch).unwrap().is_none();
    until_is("whether the batch where it stood is gone", true, is_gone);
    node.stop().unwrap();
}

/// A node that has never written a checkpoint.
fn without_checkpoint(folder: &Path, behaviours: &'static [Behaviour]) -> NodeOptions {
    let mut options = options(folder);
    options.behaviours = behaviours;
    options.checkpoint_every = Duration::from_hours(1);
    options
}

#[test]
fn what_is_folded_again_by_another_rule_stands_and_goes_on_with_the_first_one() {
    for (first, second) in [(behaviour::KNOWN, CHANGED_AT_20), (CHANGED_AT_20, behaviour::KNOWN)] {
        let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let node = start(without_checkpoint(folder.path(), first));
        let number = partition_of("anna", node.partitions());
        for (id, stake) in [("w1", "10.00"), ("w2", "20.00"), ("w3", "10.00")] {
            wager(&node, id, "anna", stake).outcome();
        }
        let balance_first = balance(&node, "anna");
        // Callers are told before the journal is written.
        until_is("whether the journal has all", true, || {
            journal_of(node.backing(), number).iter().all(Option::is_some)
        });
        let journal = journal_of(node.backing(), number);
        // Its process ends here, as far as the copy is concerned.
        copy_folder(folder.path(), copy.path());
        node.stop().unwrap();

        let mut node = start(without_checkpoint(copy.path(), second));
        for round in 0..2 {
            standing(&node, None);
            let (place, message) = node.status().standing[0].clone();
            assert_eq!((place.partition, place.slot), (number, 1));
            assert!(message.starts_with("the outcome is `"), "{message}");
            assert!(message.contains("is not what the journal holds"), "{message}");
            // A control record has it try again, and it folds no record twice.
            skip(&node, place);
            let other = ["bert", "cleo", "dora", "emil"]
                .into_iter()
                .find(|player| partition_of(player, node.partitions()) != number)
                .unwrap();
            wager(&node, &format!("other-{round}"), other, "10.00").outcome();
            assert_eq!(node.status().standing, [(place, message)]);
            node.stop().unwrap();
            node = start(without_checkpoint(copy.path(), second));
        }
        node.stop().unwrap();

        let node = start(without_checkpoint(copy.path(), first));
        folds_all(&node);
        assert!(node.status().standing.is_empty());
        assert_eq!(balance(&node, "anna"), balance_first);
        assert_eq!(journal_of(node.backing(), number)[..journal.len()], journal);
        node.stop().unwrap();
    }
}

#[test]
fn what_was_skipped_stays_so_with_a_release_that_would_not_fail() {
    let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let node = start(without_checkpoint(folder.path(), FAILS_AT_13));
    let stuck = stand(&node, "bad", "anna");
    skip(&node, stuck);
    // Callers of what a partition that stands passes over are not told.
    wager(&node, "w", "anna", "10.00").durable();
    folds_all(&node);
    assert_eq!(balance(&node, "anna").to_string(), "1.00");
    // Its process ends here, as far as the copies are concerned.
    copy_folder(folder.path(), copy.path());
    node.stop().unwrap();
    let bare = tempfile::tempdir().unwrap();
    std::fs::create_dir(bare.path().join("log")).unwrap();
    copy_folder(&copy.path().join("log"), &bare.path().join("log"));
    std::fs::copy(copy.path().join("FORMAT"), bare.path().join("FORMAT")).unwrap();
    for folder in [copy, bare] {
        let node = start(without_checkpoint(folder.path(), behaviour::KNOWN));
        folds_all(&node);
        assert!(node.status().standing.is_empty());
        assert_eq!(balance(&node, "anna").to_string(), "1.00");
        node.stop().unwrap();
    }
}
