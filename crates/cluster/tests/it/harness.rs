//! A cluster of nodes in this process, with its own brokers and object storage.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use accolade_cluster::{Answered, Answers, Ask, ClusterNode, ClusterOptions, Peers};
use accolade_domain::amount::Points;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::contract::faulty::FAILS_AT_13;
use accolade_engine::intake::{Caller, Commit, Intake, Refused, Submission};
use accolade_engine::objects::{Object, Objects};
use accolade_engine::ordered::OrderedLog;
use accolade_engine::ownership::Cursor;
use accolade_storage::host::{Host, Outcomes};
use accolade_storage::ship::{Directory, List};
use accolade_wire::control::Control;
use accolade_wire::identity::partition_of;
use accolade_wire::order::SourceTopic;
use accolade_wire::record::{Kind, Record, Source};

use crate::memory_log::{Brokers, MemoryLog};

/// How long anything is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

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
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// What a submission has heard.
#[derive(Debug, Default)]
struct What {
    is_durable: bool,
    /// By acknowledgements that it has heard of.
    records_committed: usize,
    outcomes: BTreeMap<usize, (Outcome, Option<Points>)>,
    refused: Option<Refused>,
}

/// Collects what it hears, for a test that waits.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    what: Mutex<What>,
    changed: Condvar,
}

impl Heard {
    fn wait<T>(&self, ready: impl Fn(&What) -> Option<T>) -> Option<T> {
        let until = Instant::now() + PATIENCE;
        let mut what = self.what.lock().unwrap();
        loop {
            if let Some(ready) = ready(&what) {
                return Some(ready);
            }
            let left = until.checked_duration_since(Instant::now())?;
            what = self.changed.wait_timeout(what, left).unwrap().0;
        }
    }

    /// Whether it became durable.
    pub(crate) fn is_durable(&self) -> bool {
        self.wait(|what| (what.is_durable || what.refused.is_some()).then_some(what.is_durable))
            .expect("the caller hears")
    }

    /// How many of its records the acknowledgements had that it has heard of.
    pub(crate) fn records_committed(&self) -> usize {
        self.what.lock().unwrap().records_committed
    }

    /// The first record's outcome.
    pub(crate) fn outcome(&self) -> Option<(Outcome, Option<Points>)> {
        self.wait(|what| what.outcomes.get(&0).cloned())
    }
}

impl Caller for Heard {
    fn committed(&self, commit: &Arc<Commit>) {
        let mut what = self.what.lock().unwrap();
        assert!(!what.is_durable && commit.began <= commit.ended);
        what.records_committed += commit.records;
    }

    fn durable(&self) {
        self.what.lock().unwrap().is_durable = true;
        self.changed.notify_all();
    }

    fn refused(&self, why: Refused) {
        self.what.lock().unwrap().refused = Some(why);
        self.changed.notify_all();
    }

    fn applied(&self, index: usize, outcome: &Outcome, balance: Option<Points>) {
        self.what.lock().unwrap().outcomes.insert(index, (outcome.clone(), balance));
        self.changed.notify_all();
    }
}

/// The nodes that run, by address.
type Nodes = Arc<Mutex<BTreeMap<String, Arc<ClusterNode>>>>;

#[derive(Debug)]
struct Neighbours(Nodes);

impl Peers for Neighbours {
    fn ask(&self, address: &str, ask: Ask, patience: Duration, done: Answers) {
        let node = self.0.lock().unwrap().get(address).cloned();
        std::thread::spawn(move || match node {
            None => done(Err(io::Error::other("nobody is there"))),
            Some(node) => done(answer(&node, &ask, patience)),
        });
    }
}

/// Asks a node as another would over HTTP.
fn answer(node: &ClusterNode, ask: &Ask, patience: Duration) -> io::Result<Answered> {
    let heard = Arc::new(Heard::default());
    let caller = Arc::clone(&heard) as Arc<dyn Caller>;
    node.outcomes(ask.partition, ask.source, &ask.offsets, caller).map_err(io::Error::other)?;
    let until = Instant::now() + patience;
    let is_done = |what: &What| what.outcomes.len() == ask.offsets.len() || Instant::now() > until;
    heard.wait(|what| is_done(what).then_some(()));
    let what = heard.what.lock().unwrap();
    Ok((0..ask.offsets.len()).map(|index| what.outcomes.get(&index).cloned()).collect())
}

/// A bucket that can be away, and counts what is fetched.
#[derive(Debug)]
pub(crate) struct Bucket {
    folder: Directory,
    pub(crate) gets: AtomicUsize,
    pub(crate) is_away: AtomicBool,
    /// How often it was asked while it was away.
    pub(crate) refusals: AtomicUsize,
}

impl Bucket {
    fn check(&self) -> io::Result<()> {
        if self.is_away.load(Ordering::SeqCst) {
            self.refusals.fetch_add(1, Ordering::SeqCst);
            return Err(io::Error::other("the bucket is away"));
        }
        Ok(())
    }
}

impl Objects for Bucket {
    fn put(&self, key: &str, bytes: Vec<u8>) -> io::Result<()> {
        self.check()?;
        self.folder.put(key, bytes)
    }

    fn get(&self, key: &str, bytes: Range<u64>) -> io::Result<Vec<u8>> {
        self.gets.fetch_add(1, Ordering::SeqCst);
        self.check()?;
        self.folder.get(key, bytes)
    }

    fn get_all(&self, key: &str) -> io::Result<Vec<u8>> {
        self.gets.fetch_add(1, Ordering::SeqCst);
        self.check()?;
        self.folder.get_all(key)
    }

    fn list(&self, prefix: &str) -> io::Result<Vec<Object>> {
        self.check()?;
        self.folder.list(prefix)
    }

    fn remove(&self, key: &str) -> io::Result<()> {
        self.check()?;
        self.folder.remove(key)
    }
}

/// The cluster.
pub(crate) struct Cluster {
    pub(crate) brokers: Arc<Brokers>,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) objects: Arc<Bucket>,
    nodes: Nodes,
    logs: Mutex<BTreeMap<String, Arc<MemoryLog>>>,
}

pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
}

impl Cluster {
    pub(crate) fn new(partitions: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let objects = Bucket {
            folder: Directory::open(folder.path().join("objects")).unwrap(),
            gets: AtomicUsize::new(0),
            is_away: AtomicBool::new(false),
            refusals: AtomicUsize::new(0),
        };
        Self {
            brokers: Brokers::new(partitions),
            objects: Arc::new(objects),
            nodes: Nodes::default(),
            logs: Mutex::default(),
            folder,
        }
    }

    pub(crate) fn data_dir(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts a node, which keeps the disk that it had.
    pub(crate) fn start(&self, name: &str) -> Arc<ClusterNode> {
        self.start_with(name, |_| ())
    }

    /// Starts a node with other options.
    pub(crate) fn start_with(
        &self,
        name: &str,
        change: impl FnOnce(&mut ClusterOptions),
    ) -> Arc<ClusterNode> {
        let log = self.brokers.log(name);
        self.logs.lock().unwrap().insert(name.into(), Arc::clone(&log));
        self.start_over(name, log, change)
    }

    /// Starts a node over a log of another kind.
    pub(crate) fn start_over(
        &self,
        name: &str,
        log: Arc<dyn OrderedLog>,
        change: impl FnOnce(&mut ClusterOptions),
    ) -> Arc<ClusterNode> {
        let address = format!("http://{name}");
        let mut options = ClusterOptions::new(name, &address, self.data_dir(name));
        options.checkpoint_every = Duration::from_millis(300);
        options.free_bytes_min = 0;
        options.folds = 2;
        options.behaviours = FAILS_AT_13;
        options.files.journal_segment_bytes = 1 << 18;
        options.files.log_segment_bytes = 1 << 18;
        options.files.segment_bytes = 1 << 17;
        change(&mut options);
        let peers = Arc::new(Neighbours(Arc::clone(&self.nodes)));
        let objects = Arc::clone(&self.objects) as Arc<dyn Objects>;
        let node = ClusterNode::start(options, log, objects, peers).unwrap();
        let node = Arc::new(node);
        self.nodes.lock().unwrap().insert(address, Arc::clone(&node));
        node
    }

    pub(crate) fn log(&self, name: &str) -> Arc<MemoryLog> {
        Arc::clone(&self.logs.lock().unwrap()[name])
    }

    /// The node's process ends without a word; the group notices.
    pub(crate) fn kill(&self, name: &str) {
        let node = self.nodes.lock().unwrap().remove(&format!("http://{name}")).unwrap();
        node.crash();
        self.brokers.expire(name);
    }

    /// The node ends as told.
    pub(crate) fn stop(&self, name: &str) {
        let node = self.nodes.lock().unwrap().remove(&format!("http://{name}")).unwrap();
        node.stop().unwrap();
    }

    pub(crate) fn lose_disk(&self, name: &str) {
        std::fs::remove_dir_all(self.data_dir(name)).unwrap();
    }

    /// Waits until what the node has folded is covered by checkpoints, lets `more` of each partition be
    /// ordered, which names them, and removes what they cover from the source of wagers: who takes a
    /// partition over has that from its checkpoint, or not at all.
    pub(crate) fn leave_to_checkpoints(&self, node: &ClusterNode, more: impl FnOnce()) {
        let partitions = 0..node.partitions();
        let wagers = SourceTopic::Wagers;
        let ends = partitions.clone().map(|partition| self.brokers.source(wagers, partition).len());
        let ends: Vec<_> = ends.collect();
        let names = partitions.clone().map(|partition| {
            until(&format!("a checkpoint of all of partition {partition}"), || {
                let mut folded = None;
                node.read(partition, &mut |partition| folded = Some(partition.next_batch())).ok();
                let name = self.brokers.checkpoint(partition).unwrap_or_default();
                let list = self.objects.folder.get_all(&name).ok();
                let list = list.map(|bytes| List::read(&name, &bytes).unwrap());
                let covered = list.map(|list| Cursor::read(&list.cursor).unwrap().next_batch);
                if folded.is_some() && covered == folded {
                    Ok(name)
                } else {
                    Err((folded, covered))
                }
            })
        });
        let names: Vec<_> = names.collect();
        more();
        for ((partition, end), name) in partitions.zip(ends).zip(names) {
            until(&format!("a batch that names checkpoint {name}"), || {
                match self.brokers.named(partition) {
                    named if named >= name => Ok(()),
                    named => Err(named),
                }
            });
            self.brokers.expire_source(wagers, partition, end);
        }
    }

    fn any(&self) -> Arc<ClusterNode> {
        let nodes = self.nodes.lock().unwrap();
        Arc::clone(nodes.values().next().expect("a node runs"))
    }

    /// An operator with a point for every ten units of currency.
    pub(crate) fn open_house(&self) {
        let add = Control::Operator {
            operator: "house".into(),
            key_hash: "key".into(),
            events_per_second: 0,
        };
        let publish = Control::Publish {
            operator: "house".into(),
            edited_from: 0,
            effective_from: 0,
            why: "first".into(),
            who: "test".into(),
            published_at: now().micros(),
            document: r#"{"currency":"EUR","earning":{"multipliers":{"slots":0.1}}}"#.into(),
            zone: vec![(i64::MIN, 0)],
        };
        let node = self.any();
        for control in [add, publish] {
            let body = serde_json::to_vec(&control).unwrap();
            let heard = submit(&node, None, Kind::Control, &body);
            let (outcome, _) = heard.outcome().expect("control is carried out");
            assert_eq!(outcome, Outcome::Done { made: 1 });
        }
    }

    /// The balance of a player, wherever it is.
    pub(crate) fn balance(&self, player: &str) -> Option<Points> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            let nodes: Vec<_> = self.nodes.lock().unwrap().values().cloned().collect();
            for node in nodes {
                let partition = partition_of(player, node.partitions());
                let mut found = None;
                let read = node.read(partition, &mut |partition| {
                    let key = partition.rules().settings.hash_key;
                    let ordinal = partition.players().find_by_name(&key, 1, player);
                    found = ordinal.map(|ordinal| partition.players().get(ordinal).account.balance);
                });
                if read.is_ok() {
                    return found;
                }
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("nobody has the partition of {player}");
    }

    /// Waits until a partition has no message any more that was not answered.
    pub(crate) fn expect_all_sent(&self, partition: u16) {
        let until = Instant::now() + PATIENCE;
        let mut is_all_sent = false;
        while !is_all_sent {
            assert!(Instant::now() < until, "a message of {partition} was not answered");
            let nodes: Vec<_> = self.nodes.lock().unwrap().values().cloned().collect();
            for node in nodes {
                let read = node.read(partition, &mut |partition| {
                    is_all_sent = partition.tables().outbox.is_empty();
                });
                if read.is_ok() {
                    break;
                }
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until a player has a balance.
    pub(crate) fn expect_balance(&self, player: &str, points: i64) {
        let expected = Points::from_hundredths(points * 100);
        let until = Instant::now() + PATIENCE;
        let mut balance = None;
        while Instant::now() < until {
            balance = self.balance(player);
            if balance == expected {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("expected {points} for {player}, found {balance:?}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let nodes = std::mem::take(&mut *self.nodes.lock().unwrap_or_else(PoisonError::into_inner));
        for node in nodes.values() {
            node.crash();
        }
    }
}

/// Submits one record.
pub(crate) fn submit(
    node: &ClusterNode,
    partition: Option<u16>,
    kind: Kind,
    body: &[u8],
) -> Arc<Heard> {
    submit_traced(node, partition, kind, body, None)
}

/// Submits a wager that belongs to a trace.
pub(crate) fn traced(node: &ClusterNode, body: &str, trace: &str) -> Arc<Heard> {
    submit_traced(node, Some(0), Kind::Wager, body.as_bytes(), Some(trace.to_owned()))
}

fn submit_traced(
    node: &ClusterNode,
    partition: Option<u16>,
    kind: Kind,
    body: &[u8],
    trace: Option<String>,
) -> Arc<Heard> {
    let (source, operator, received_at, origin) = (Source::Http, "house", now(), None);
    let mut records = Vec::new();
    Record { kind, source, operator, received_at, origin, body }.write(&mut records);
    let parts = vec![(partition, u32::try_from(records.len()).unwrap())];
    let heard = Arc::new(Heard::default());
    let caller = Arc::clone(&heard) as Arc<dyn Caller>;
    let (wants_outcomes, taken_at) = (true, Instant::now());
    node.submit(Submission {
        records,
        parts,
        known: Vec::new(),
        caller,
        wants_outcomes,
        taken_at,
        trace,
    })
    .unwrap();
    heard
}

/// A wager of this moment.
pub(crate) fn wager(node: &ClusterNode, id: &str, player: &str, stake: &str) -> Arc<Heard> {
    let partition = partition_of(player, node.partitions());
    submit(node, Some(partition), Kind::Wager, wager_body(id, player, stake).as_bytes())
}

pub(crate) fn wager_body(id: &str, player: &str, stake: &str) -> String {
    let at = accolade_wire::timestamp::write(now());
    format!(
        r#"{{"wagerId":"{id}","playerId":"{player}","operatorId":"house","gameId":"g",
        "gameCategory":"slots","wagerAmount":{stake},"currency":"EUR","jurisdiction":"Malta",
        "timestamp":"{at}"}}"#
    )
}
