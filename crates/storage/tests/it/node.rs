use std::fmt::Debug;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::contract;
use accolade_engine::contract::faulty::FAILS_AT_13;
use accolade_engine::contract::gifts::{self, GIFTS};
use accolade_engine::intake::{Caller, Intake, Refused, Submission};
use accolade_storage::error::StorageError;
use accolade_storage::node::{Node, NodeOptions};
use accolade_wire::control::Control;
use accolade_wire::identity::partition_of;
use accolade_wire::record::{Kind, Record, Source};

/// Whether it is durable, outcomes with balances, and a refusal.
type What = (bool, Vec<(Outcome, Option<Points>)>, Option<Refused>);

/// Collects what it hears, for a test that waits.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    heard: Mutex<What>,
    changed: Condvar,
}

impl Heard {
    fn wait(&self, is_open: impl Fn(&What) -> bool) -> MutexGuard<'_, What> {
        let heard = self.heard.lock().unwrap();
        let still = |heard: &mut What| is_open(heard);
        let (heard, ended) = self.changed.wait_timeout_while(heard, PATIENCE, still).unwrap();
        assert!(!ended.timed_out(), "awaited: an answer; there is: {heard:?}");
        heard
    }

    /// Waits until the records are durable.
    pub(crate) fn durable(&self) {
        let heard = self.wait(|heard| !heard.0 && heard.2.is_none());
        assert!(heard.0, "{:?}", heard.2);
    }

    pub(crate) fn outcome(&self) -> (Outcome, Option<Points>) {
        self.wait(|heard| heard.1.is_empty()).1[0].clone()
    }
}

impl Caller for Heard {
    fn durable(&self) {
        self.heard.lock().unwrap().0 = true;
        self.changed.notify_all();
    }
    fn refused(&self, why: Refused) {
        self.heard.lock().unwrap().2 = Some(why);
        self.changed.notify_all();
    }
    fn applied(&self, _: usize, outcome: &Outcome, balance: Option<Points>) {
        self.heard.lock().unwrap().1.push((outcome.clone(), balance));
        self.changed.notify_all();
    }
}

pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
}

pub(crate) fn submit(node: &Node, partition: Option<u16>, kind: Kind, body: &[u8]) -> Arc<Heard> {
    submit_all(node, kind, &[(partition, body)])
}

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// Looks until there is what is awaited, and returns it. `look` says what is there instead.
pub(crate) fn until<T, Instead: Debug>(
    awaited: &str,
    mut look: impl FnMut() -> Result<T, Instead>,
) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        match look() {
            Ok(found) => return found,
            Err(instead) if Instant::now() > until => {
                panic!("awaited: {awaited}; there is: {instead:?}")
            }
            Err(_) => std::thread::yield_now(),
        }
    }
}

/// Waits until a value is the awaited one.
pub(crate) fn until_is<T: Debug + PartialEq>(what: &str, expected: T, look: impl Fn() -> T) {
    until(&format!("{expected:?} as {what}"), || match look() {
        found if found == expected => Ok(()),
        found => Err(found),
    });
}

/// The place where a partition stands, once one stands elsewhere than at `before`.
pub(crate) fn standing(node: &Node, before: Option<Place>) -> Place {
    until("a partition that stands", || {
        let standing = node.status().standing;
        let place = standing.iter().map(|(place, _)| *place).find(|place| Some(*place) != before);
        place.ok_or((standing, before))
    })
}

/// Submits records together, again while the node is busy, as a client would.
pub(crate) fn submit_all(node: &Node, kind: Kind, bodies: &[(Option<u16>, &[u8])]) -> Arc<Heard> {
    let (source, operator, received_at, origin) = (Source::Http, "house", now(), None);
    let (mut records, mut parts) = (Vec::new(), Vec::new());
    for (partition, body) in bodies {
        let before = records.len();
        Record { kind, source, operator, received_at, origin, body }.write(&mut records);
        parts.push((*partition, u32::try_from(records.len() - before).unwrap()));
    }
    let heard = Arc::new(Heard::default());
    let caller = Arc::clone(&heard) as Arc<dyn Caller>;
    until("a node that takes records", || {
        let taken = node.submit(Submission {
            records: records.clone(),
            parts: parts.clone(),
            known: Vec::new(),
            caller: Arc::clone(&caller),
            wants_outcomes: true,
            taken_at: Instant::now(),
            trace: None,
        });
        if taken == Err(Refused::Busy) {
            return Err("one that is busy");
        }
        taken.unwrap();
        Ok(())
    });
    heard
}

fn control(node: &Node, control: &Control) -> Outcome {
    submit(node, None, Kind::Control, &serde_json::to_vec(control).unwrap()).outcome().0
}

pub(crate) fn wager(node: &Node, id: &str, player: &str, stake: &str) -> Arc<Heard> {
    let partition = partition_of(player, node.partitions());
    submit(node, Some(partition), Kind::Wager, wager_body(id, player, stake, "").as_bytes())
}

/// A wager of this moment, with `more` in a field that is not known.
pub(crate) fn wager_body(id: &str, player: &str, stake: &str, more: &str) -> String {
    let at = accolade_wire::timestamp::write(now());
    format!(
        r#"{{"wagerId":"{id}","playerId":"{player}","operatorId":"house","gameId":"g",
        "gameCategory":"slots","wagerAmount":{stake},"currency":"EUR","jurisdiction":"Malta",
        "timestamp":"{at}","more":"{more}"}}"#
    )
}

pub(crate) fn balance(node: &Node, player: &str) -> Points {
    node.read(partition_of(player, node.partitions()), |partition| {
        let key = partition.rules().settings.hash_key;
        let ordinal = partition.players().find_by_name(&key, 1, player);
        ordinal.map_or(Points::ZERO, |ordinal| partition.players().get(ordinal).account.balance)
    })
}

pub(crate) fn options(folder: &Path) -> NodeOptions {
    let mut options = NodeOptions::new(folder);
    options.files.partitions = 4;
    options.files.log_segment_bytes = 1 << 16;
    options.files.journal_segment_bytes = 1 << 16;
    options.files.segment_bytes = 1 << 16;
    options.free_bytes_min = 0;
    options.folds = 2;
    options
}

pub(crate) fn start(options: NodeOptions) -> Node {
    let node = Node::start(options).unwrap();
    if node.rules().operators().count() == 0 {
        let (operator, key_hash) = ("house".to_string(), String::new());
        let added = Control::Operator { operator, key_hash, events_per_second: 0 };
        assert_eq!(control(&node, &added), Outcome::Done { made: 1 });
        let published = Control::Publish {
            operator: "house".into(),
            edited_from: 0,
            effective_from: 0,
            why: String::new(),
            who: String::new(),
            published_at: 0,
            document: r#"{"currency":"EUR","earning":{"multipliers":{"slots":0.1}}}"#.into(),
            zone: vec![],
        };
        assert_eq!(control(&node, &published), Outcome::Done { made: 1 });
    }
    node
}

#[test]
fn the_node_keeps_the_contract_of_intake() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(options(folder.path())).unwrap();
    contract::intake::check(&node);
    node.stop().unwrap();
}

#[test]
fn a_node_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    for round in 1..=3 {
        let node = start(options(folder.path()));
        for number in 0..200 {
            let id = format!("w{round}-{number}");
            wager(&node, &id, &format!("p{}", number % 10), "10.00").durable();
        }
        let (outcome, _) = wager(&node, "w1-7", "p7", "10.00").outcome();
        assert!(matches!(outcome, Outcome::Repeated { .. }), "{outcome:?}");
        assert_eq!(balance(&node, "p7").to_string(), format!("{}.00", 20 * round));
        node.stop().unwrap();
    }
}

#[test]
fn a_node_that_was_not_stopped_replays_what_was_durable() {
    let folder = tempfile::tempdir().unwrap();
    let copy = tempfile::tempdir().unwrap();
    let mut slow = options(folder.path());
    slow.checkpoint_every = Duration::from_hours(1);
    let node = start(slow);
    for number in 0..100 {
        wager(&node, &format!("w{number}"), "anna", "10.00").durable();
    }
    copy_folder(folder.path(), copy.path());
    node.stop().unwrap();
    let node = start(options(copy.path()));
    assert_eq!(balance(&node, "anna").to_string(), "100.00");
    let (outcome, _) = wager(&node, "w99", "anna", "10.00").outcome();
    assert!(matches!(outcome, Outcome::Repeated { .. }), "{outcome:?}");
    node.stop().unwrap();
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_partition_stands_where_a_rule_fails_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut with_fault = options(folder.path());
    with_fault.behaviours = FAILS_AT_13;
    let node = start(with_fault.clone());
    let partition_of_anna = partition_of("anna", 4);
    let other = (0..100).map(|n| format!("p{n}")).find(|p| partition_of(p, 4) != partition_of_anna);
    let other = other.unwrap();
    wager(&node, "w1", "anna", "13.00").durable();
    let stuck = standing(&node, None);
    let behind = wager(&node, "w2", "anna", "10.00");
    behind.durable();
    let (outcome, _) = wager(&node, "w3", &other, "10.00").outcome();
    assert!(matches!(outcome, Outcome::Counted { .. }));
    node.stop().unwrap();
    let node = start(with_fault);
    assert_eq!(standing(&node, None), stuck);
    assert_eq!(balance(&node, &other).to_string(), "1.00");
    let Place { partition, batch, slot, .. } = stuck;
    let skip = Control::Skip { partition, batch, slot, who: "test".into() };
    submit(&node, None, Kind::Control, &serde_json::to_vec(&skip).unwrap()).durable();
    // Whoever waits for an outcome while the partition catches up may not hear of it.
    wager(&node, "w4", "anna", "10.00").durable();
    until_is("the balance", "2.00".to_owned(), || balance(&node, "anna").to_string());
    assert!(node.status().standing.is_empty());
    node.stop().unwrap();
}

#[test]
fn what_a_rule_sends_to_another_partition_is_taken_in_there_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut with_gifts = options(folder.path());
    with_gifts.behaviours = GIFTS;
    let node = start(with_gifts.clone());
    let from = partition_of("anna", 4);
    let names = (0..100).map(|n| format!("p{n}"));
    let others: Vec<_> = names.filter(|name| partition_of(name, 4) != from).take(20).collect();
    let give = |node: &Node| {
        for other in &others {
            let gift = gifts::event("gift", &format!("e-{other}"), "anna", other, now());
            submit(node, Some(from), Kind::GameEvent, gift.as_bytes()).durable();
        }
    };
    let expect_arrived = |node: &Node| {
        let is_answered = || node.read(from, |partition| partition.tables().outbox.is_empty());
        while !is_answered() {
            std::thread::yield_now();
        }
        for other in &others {
            assert_eq!(balance(node, other).to_string(), "1.00", "{other}");
        }
    };
    give(&node);
    while others.iter().any(|other| balance(&node, other) == Points::ZERO) {
        std::thread::yield_now();
    }
    expect_arrived(&node);
    node.stop().unwrap();
    let node = start(with_gifts);
    give(&node);
    wager(&node, "w1", "anna", "10.00").outcome();
    expect_arrived(&node);
    let sent: u64 =
        node.read(from, |partition| partition.tables().sent.iter().map(|(_, count)| count).sum());
    assert_eq!(sent, 20);
    node.stop().unwrap();
}

#[test]
fn a_directory_of_a_newer_version_or_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(options(folder.path()));
    let in_use = Node::start(options(folder.path())).unwrap_err();
    assert!(matches!(in_use, StorageError::InUse(_)), "{in_use}");
    node.stop().unwrap();
    std::fs::write(folder.path().join("FORMAT"), "accolade data 2\n").unwrap();
    drop(node);
    let newer = Node::start(options(folder.path())).unwrap_err();
    assert!(matches!(newer, StorageError::Newer { found: 2, known: 1 }), "{newer}");
    std::fs::write(folder.path().join("FORMAT"), "accolade data 1\n").unwrap();
    Node::start(options(folder.path())).unwrap().stop().unwrap();
}

#[test]
fn a_full_disk_refuses_intake_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(options(folder.path()));
    wager(&node, "w1", "anna", "10.00").durable();
    node.stop().unwrap();
    drop(node);
    let mut full = options(folder.path());
    full.free_bytes_min = u64::MAX;
    let node = Node::start(full).unwrap();
    until_is("whether the disk is full", true, || node.status().disk_full);
    let (records, parts, wants_outcomes) = (Vec::new(), Vec::new(), false);
    let (caller, taken_at) = (Arc::new(Heard::default()), Instant::now());
    let refused = node.submit(Submission {
        records,
        parts,
        known: Vec::new(),
        caller,
        wants_outcomes,
        taken_at,
        trace: None,
    });
    assert_eq!(refused, Err(Refused::DiskFull));
    assert_eq!(balance(&node, "anna").to_string(), "1.00");
    node.stop().unwrap();
    drop(node);
    let node = start(options(folder.path()));
    assert_eq!(wager(&node, "w2", "anna", "10.00").outcome().1.unwrap().to_string(), "2.00");
    node.stop().unwrap();
}
