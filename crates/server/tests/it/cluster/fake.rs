//! Two embedded nodes that pretend to have half of the partitions each, and to share one ordered log.
//!
//! Where a partition moves its files stay, and whoever has it then reads them: as if all of it had been brought from a
//! checkpoint and the log.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

use accolade_domain::amount::Points;
use accolade_domain::outcome::Outcome;
use accolade_engine::behaviour::{self, Behaviour};
use accolade_engine::intake::{Caller, Commit, Intake, Refused, Submission};
use accolade_engine::partition::{Partition, Shared as Deciding};
use accolade_engine::rules::Rules;
use accolade_server::{Front, Listener, Neighbours, Service, Settings, Tls, TlsFiles, serve_tcp};
use accolade_storage::backing::Backing;
use accolade_storage::host::{Host, NotHere, Older, Outcomes};
use accolade_storage::node::{Node, Post, Status};
use accolade_storage::run::RunEntry;
use accolade_storage::trail::Trail;
use accolade_wire::bytes::Cursor;
use accolade_wire::control::Command;
use accolade_wire::identity::IdKind;
use accolade_wire::order::SourceTopic;
use accolade_wire::record::{Kind, Record, Slice};
use accolade_wire::secret::Secret;
use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::ServiceExt;

use super::between::{Signer, Tap};
use crate::harness::{Answer, Api, Ask, OPERATOR, PATIENCE, PROGRAM, finish, recorder, start_node};

pub(crate) const SECRET: &str = "what-only-nodes-know";
pub(crate) const A: usize = 0;
pub(crate) const B: usize = 1;

/// A record in a source.
type Key = (u16, SourceTopic, i64);

#[derive(Debug, Default)]
struct Told {
    outcome: Option<(Outcome, Option<Points>)>,
    waiting: Vec<(Arc<dyn Caller>, usize)>,
}

/// A node that dies before it has written another command of a kind, once it has written so many.
#[derive(Debug)]
struct Dying {
    left: usize,
    is_one: fn(&Command) -> bool,
}

/// What both nodes share.
#[derive(Debug)]
struct Shared {
    nodes: [Arc<Node>; 2],
    trails: [Arc<Trail>; 2],
    addresses: OnceLock<[String; 2]>,
    /// As each of the nodes sees it.
    owners: Mutex<[[Option<usize>; 4]; 2]>,
    /// How often somebody was told that a partition has no owner.
    unowned: AtomicUsize,
    /// Nodes that the log does not answer any more.
    cut_off: [AtomicBool; 2],
    /// Those who wait for it.
    unanswered: Mutex<Vec<Arc<dyn Caller>>>,
    dying: [Mutex<Option<Dying>>; 2],
    /// What nodes that have died had on its way, by partition.
    late: Mutex<Vec<(u16, Vec<u8>)>>,
    /// Who has partitions as soon as somebody reads what only the log has.
    moves: Mutex<Vec<(usize, Option<usize>)>>,
    /// Nothing is taken in for partitions.
    is_busy: AtomicBool,
    /// What was not taken in.
    refused: Mutex<Vec<Vec<u8>>>,
    next_offset: AtomicI64,
    told: Mutex<BTreeMap<Key, Told>>,
    traces: Mutex<Vec<String>>,
    /// Batches that a node's files do not have any more, by node, partition and number.
    older: Mutex<BTreeMap<(usize, u16, u64), Vec<u8>>>,
}

/// In whose files a partition is.
const fn home(partition: u16) -> usize {
    if partition < 2 { A } else { B }
}

impl Shared {
    /// Writes a record for a partition; nobody waits to hear what becomes of it.
    fn write(&self, to: u16, records: Vec<u8>) -> Result<(), Refused> {
        self.nodes[home(to)].submit(Submission {
            parts: vec![(Some(to), u32::try_from(records.len()).unwrap())],
            records,
            known: Vec::new(),
            caller: Arc::new(Nobody),
            wants_outcomes: false,
            taken_at: Instant::now(),
            trace: None,
        })
    }

    /// Both nodes see who has a partition now.
    fn give(&self, partition: usize, to: Option<usize>) {
        for seen in &mut *self.owners.lock().unwrap() {
            seen[partition] = to;
        }
    }
}

/// Takes messages between partitions to where they really are.
#[derive(Debug, Default)]
struct Between(OnceLock<Weak<Shared>>);

impl Post for Between {
    fn take(&self, to: u16, records: Vec<u8>) {
        let Some(shared) = self.0.get().and_then(Weak::upgrade) else { return };
        // A node that stops is asked again by a timer.
        let _ = shared.write(to, records);
    }
}

#[derive(Debug)]
struct Nobody;

impl Caller for Nobody {
    fn durable(&self) {}
    fn refused(&self, _: Refused) {}
    fn applied(&self, _: usize, _: &Outcome, _: Option<Points>) {}
}

/// One of the nodes.
#[derive(Debug, Clone)]
struct Fake {
    shared: Arc<Shared>,
    own: usize,
    neighbours: Neighbours,
    runtime: Handle,
}

impl Fake {
    fn node(&self) -> &Node {
        &self.shared.nodes[self.own]
    }

    /// The node in whose files a partition is.
    fn keeper(&self, partition: u16) -> &Node {
        &self.shared.nodes[home(partition)]
    }

    fn is_cut_off(&self) -> bool {
        self.shared.cut_off[self.own].load(Ordering::SeqCst)
    }

    /// Whether it is proven that the partition is here.
    fn is_here(&self, partition: u16) -> Result<(), NotHere> {
        self.whereabouts(partition)?;
        if self.is_cut_off() { Err(NotHere::Nowhere) } else { Ok(()) }
    }

    /// Whether the node has died before it writes a record.
    fn dies_before(&self, record: &[u8]) -> bool {
        let mut dying = self.shared.dying[self.own].lock().unwrap();
        let is_one = |dying: &Dying| command_of(record).is_some_and(|it| (dying.is_one)(&it));
        if let Some(next) = dying.as_mut().filter(|dying| is_one(dying)) {
            if let Some(left) = next.left.checked_sub(1) {
                next.left = left;
            } else {
                *dying = None;
                self.shared.cut_off[self.own].store(true, Ordering::SeqCst);
            }
        }
        drop(dying);
        self.is_cut_off()
    }
}

fn command_of(record: &[u8]) -> Option<Command> {
    let record = Record::read(&mut Cursor::new(record, "record")).unwrap();
    let is_command = record.kind == Kind::Command;
    is_command.then(|| serde_json::from_slice(record.body).unwrap())
}

/// Hears of one record on its way to a node.
#[derive(Debug)]
struct Part {
    shared: Arc<Shared>,
    key: Option<Key>,
    /// Hears of a control record itself.
    direct: Option<(Arc<dyn Caller>, usize)>,
    one_less: Arc<OneLess>,
    caller: Arc<dyn Caller>,
}

impl Caller for Part {
    fn committed(&self, commit: &Arc<Commit>) {
        self.caller.committed(commit);
    }
    fn durable(&self) {
        self.one_less.count();
    }
    fn refused(&self, why: Refused) {
        panic!("a node of the test refuses: {why}");
    }
    fn applied(&self, _: usize, outcome: &Outcome, balance: Option<Points>) {
        if let Some((caller, index)) = &self.direct {
            caller.applied(*index, outcome, balance);
        }
        let Some(key) = self.key else { return };
        let waiting = {
            let mut told = self.shared.told.lock().unwrap();
            let told = told.entry(key).or_default();
            told.outcome = Some((outcome.clone(), balance));
            std::mem::take(&mut told.waiting)
        };
        for (caller, index) in waiting {
            caller.applied(index, outcome, balance);
        }
    }
}

/// What is asked once all parts are durable.
struct OneLess {
    missing: AtomicUsize,
    then: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl std::fmt::Debug for OneLess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OneLess").finish_non_exhaustive()
    }
}

impl OneLess {
    fn count(&self) {
        if self.missing.fetch_sub(1, Ordering::AcqRel) == 1 {
            let then = self.then.lock().unwrap().take().unwrap();
            then();
        }
    }
}

impl Intake for Fake {
    fn submit(&self, submission: Submission) -> Result<(), Refused> {
        let Submission { records, parts, known: _, caller, wants_outcomes, taken_at, trace } =
            submission;
        if self.is_cut_off() {
            self.shared.unanswered.lock().unwrap().push(caller);
            return Ok(());
        }
        let is_for_partitions = parts.iter().any(|(partition, _)| partition.is_some());
        if is_for_partitions && self.shared.is_busy.load(Ordering::SeqCst) {
            self.shared.refused.lock().unwrap().push(records);
            return Err(Refused::Busy);
        }
        self.shared.traces.lock().unwrap().extend(trace.clone());
        let mut asks: BTreeMap<u16, Vec<(i64, usize)>> = BTreeMap::new();
        let mut sent = Vec::new();
        let mut rest = &records[..];
        let mut has_died = false;
        for (index, (partition, length)) in parts.iter().enumerate() {
            let (record, after) = rest.split_at(*length as usize);
            rest = after;
            if self.dies_before(record) {
                has_died = true;
                let late = partition.map(|to| (to, record.to_vec()));
                self.shared.late.lock().unwrap().extend(late);
                continue;
            }
            let offset = self.shared.next_offset.fetch_add(1, Ordering::Relaxed);
            if let Some(partition) = partition {
                asks.entry(*partition).or_default().push((offset, index));
                let key = Some((*partition, SourceTopic::Wagers, offset));
                sent.push((home(*partition), Some(*partition), record, key, None));
            } else {
                for node in [A, B] {
                    let own = node == self.own && wants_outcomes;
                    let direct = own.then(|| (Arc::clone(&caller), index));
                    sent.push((node, None, record, None, direct));
                }
            }
        }
        let asking = Arc::clone(&caller);
        let then = {
            let fake = self.clone();
            Box::new(move || {
                caller.durable();
                for (partition, asked) in asks.into_iter().filter(|_| wants_outcomes) {
                    fake.hear(partition, asked, &caller);
                }
            })
        };
        // Of what was not written to its end nobody hears that it was.
        let missing = sent.len() + usize::from(has_died);
        let one_less = Arc::new(OneLess { missing: missing.into(), then: Mutex::new(Some(then)) });
        for (node, partition, record, key, direct) in sent {
            let (shared, one_less) = (Arc::clone(&self.shared), Arc::clone(&one_less));
            let caller = Arc::clone(&asking);
            let caller = Arc::new(Part { shared, key, direct, one_less, caller });
            let parts = vec![(partition, u32::try_from(record.len()).unwrap())];
            let (records, wants_outcomes) = (record.to_vec(), true);
            self.shared.nodes[node].submit(Submission {
                records,
                parts,
                known: Vec::new(),
                caller,
                wants_outcomes,
                taken_at,
                trace: trace.clone(),
            })?;
        }
        Ok(())
    }

    fn partitions(&self) -> u16 {
        4
    }
}

impl Fake {
    /// Has the caller hear of records of one partition, wherever that is by then.
    fn hear(&self, partition: u16, asked: Vec<(i64, usize)>, caller: &Arc<dyn Caller>) {
        let (offsets, indexes): (Vec<i64>, Vec<usize>) = asked.into_iter().unzip();
        let caller: Arc<dyn Caller> = Arc::new(Renumbered { caller: Arc::clone(caller), indexes });
        let source = SourceTopic::Wagers;
        if self.outcomes(partition, source, &offsets, Arc::clone(&caller)).is_ok() {
            return;
        }
        let fake = self.clone();
        self.runtime.spawn(async move {
            let (neighbours, patience) = (&fake.neighbours, Duration::from_secs(5));
            let until = Instant::now() + patience;
            while Instant::now() < until {
                match fake.outcomes(partition, source, &offsets, Arc::clone(&caller)) {
                    Ok(()) => return,
                    Err(NotHere::At(address)) => {
                        let told = neighbours
                            .ask_outcomes(&address, partition, source, &offsets, patience);
                        if let Ok(told) = told.await {
                            for (index, told) in told.into_iter().enumerate() {
                                if let Some((outcome, balance)) = told {
                                    caller.applied(index, &outcome, balance);
                                }
                            }
                            return;
                        }
                    }
                    Err(NotHere::Nowhere) => {}
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
    }
}

#[derive(Debug)]
struct Renumbered {
    caller: Arc<dyn Caller>,
    indexes: Vec<usize>,
}

impl Caller for Renumbered {
    fn durable(&self) {}
    fn refused(&self, _: Refused) {}
    fn applied(&self, index: usize, outcome: &Outcome, balance: Option<Points>) {
        self.caller.applied(self.indexes[index], outcome, balance);
    }
}

impl Outcomes for Fake {
    fn outcomes(
        &self,
        partition: u16,
        source: SourceTopic,
        offsets: &[i64],
        caller: Arc<dyn Caller>,
    ) -> Result<(), NotHere> {
        self.whereabouts(partition)?;
        for (index, offset) in offsets.iter().enumerate() {
            let known = {
                let mut told = self.shared.told.lock().unwrap();
                let told = told.entry((partition, source, *offset)).or_default();
                if told.outcome.is_none() {
                    told.waiting.push((Arc::clone(&caller), index));
                }
                told.outcome.clone()
            };
            if let Some((outcome, balance)) = known {
                caller.applied(index, &outcome, balance);
            }
        }
        Ok(())
    }
}

impl Host for Fake {
    fn whereabouts(&self, partition: u16) -> Result<(), NotHere> {
        match self.shared.owners.lock().unwrap()[self.own][usize::from(partition)] {
            Some(owner) if owner == self.own => Ok(()),
            Some(owner) => Err(NotHere::At(self.shared.addresses.get().unwrap()[owner].clone())),
            None => {
                self.shared.unowned.fetch_add(1, Ordering::SeqCst);
                Err(NotHere::Nowhere)
            }
        }
    }

    fn are_here(&self, partitions: &[u16]) -> Result<(), NotHere> {
        partitions.iter().try_for_each(|partition| self.is_here(*partition))
    }

    fn read(&self, partition: u16, read: &mut dyn FnMut(&Partition)) -> Result<(), NotHere> {
        self.is_here(partition)?;
        self.keeper(partition).read(partition, read);
        Ok(())
    }

    fn read_at_once(&self, partition: u16, read: &mut dyn FnMut(&Partition)) -> bool {
        self.is_here(partition).is_ok()
            && self.keeper(partition).read_at_once(partition, read).is_some()
    }

    fn changes(&self, partition: u16) -> Option<u64> {
        self.is_here(partition).ok()?;
        self.keeper(partition).changes(partition)
    }

    fn backing(&self, partition: u16) -> Result<Arc<Backing>, NotHere> {
        self.is_here(partition)?;
        Ok(Arc::clone(self.keeper(partition).backing()))
    }

    fn older(
        &self,
        partition: u16,
        to: u64,
        goes_on: &mut dyn FnMut() -> std::io::Result<()>,
    ) -> std::io::Result<Option<Box<dyn Older>>> {
        let mut moves = self.shared.moves.lock().unwrap();
        for (partition, to) in moves.drain(..) {
            self.shared.give(partition, to);
        }
        drop(moves);
        goes_on()?;
        let (older, home) = (self.shared.older.lock().unwrap(), home(partition));
        let all: BTreeMap<u64, Vec<u8>> = older
            .range((home, partition, 0)..(home, partition, to))
            .map(|((.., batch), slice)| (*batch, slice.clone()))
            .collect();
        let Some((first, _)) = all.first_key_value() else { return Ok(None) };
        Ok(Some(Box::new(Batches { partition, next: *first, first: *first, to, all })))
    }

    fn shared(&self) -> &Deciding {
        self.node().shared()
    }

    fn rules(&self) -> Arc<Rules> {
        self.node().rules()
    }

    fn knows_rules(&self) -> bool {
        !self.is_cut_off()
    }

    fn with_id(&self, operator: &str, kind: IdKind, id: &str) -> std::io::Result<Vec<RunEntry>> {
        let mut found = Vec::new();
        for (at, node) in self.shared.nodes.iter().enumerate() {
            let is_there = |entry: &RunEntry| home(entry.partition) == at;
            found.extend(node.with_id(operator, kind, id)?.into_iter().filter(is_there));
        }
        found.retain(|found| self.whereabouts(found.partition).is_ok());
        Ok(found)
    }

    fn trail(&self) -> &Arc<Trail> {
        &self.shared.trails[self.own]
    }

    fn behaviours(&self) -> Vec<u16> {
        self.node().behaviours()
    }

    fn status(&self) -> Status {
        let partitions_here = (0..4).filter(|number| self.whereabouts(*number).is_ok()).collect();
        Status { partitions_here, cut_off: self.is_cut_off(), ..self.node().status() }
    }

    fn peers(&self) -> Vec<String> {
        let other = 1 - self.own;
        let has_other = self.shared.owners.lock().unwrap()[self.own].contains(&Some(other));
        has_other.then(|| self.shared.addresses.get().unwrap()[other].clone()).into_iter().collect()
    }
}

/// What the log has and the files of a node do not.
#[derive(Debug)]
struct Batches {
    partition: u16,
    first: u64,
    next: u64,
    to: u64,
    all: BTreeMap<u64, Vec<u8>>,
}

impl Older for Batches {
    fn first(&self) -> u64 {
        self.first
    }

    fn controls(&self) -> u64 {
        let slices = self.all.values().map(|slice| Slice::read(&mut Cursor::new(slice, "slice")));
        let controls = slices.map(|slice| {
            let records = slice.unwrap().records().map(Result::unwrap);
            records.filter(|record| record.kind == Kind::Control).count() as u64
        });
        controls.sum()
    }

    fn next(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        if self.next == self.to {
            return Ok(None);
        }
        let (partition, batch) = (self.partition, self.next);
        self.next += 1;
        let nothing = || {
            let mut slice = Vec::new();
            Slice { partition, batch, flags: 0, count: 0, body: &[] }.write(&mut slice);
            slice
        };
        Ok(Some(self.all.remove(&batch).unwrap_or_else(nothing)))
    }
}

/// The two nodes with what answers for them.
pub(crate) struct Cluster {
    apis: [Api; 2],
    shared: Arc<Shared>,
    /// What comes to the address that each has for the other.
    taps: [Arc<Tap>; 2],
    servers: Vec<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Cluster {
    /// Two nodes with [`OPERATOR`] and [`PROGRAM`].
    pub(crate) async fn start() -> Self {
        Self::knowing([behaviour::KNOWN; 2]).await
    }

    /// The same, of releases that know these behaviours.
    pub(crate) async fn knowing(known: [&'static [Behaviour]; 2]) -> Self {
        Self::knowing_with(known, Settings::default).await
    }

    /// The same, with settings too.
    pub(crate) async fn knowing_with(
        known: [&'static [Behaviour]; 2],
        settings: impl Fn() -> Settings,
    ) -> Self {
        Self::of(known, [SECRET; 2], [None, None], settings).await
    }

    /// The same, with settings.
    pub(crate) async fn with(settings: impl Fn() -> Settings) -> Self {
        Self::of([behaviour::KNOWN; 2], [SECRET; 2], [None, None], settings).await
    }

    /// The same, where one has another secret.
    pub(crate) async fn of_secrets(secrets: [&str; 2]) -> Self {
        Self::of([behaviour::KNOWN; 2], secrets, [None, None], Settings::default).await
    }

    /// The same, which talk over TLS.
    pub(crate) async fn over_tls(tls: [TlsFiles; 2]) -> Self {
        let tls = tls.map(|files| Some(Tls::new(files).unwrap()));
        Self::of([behaviour::KNOWN; 2], [SECRET; 2], tls, Settings::default).await
    }

    /// The same, which keep these trails instead of those of their directories.
    pub(crate) async fn with_trails(trails: [Arc<Trail>; 2]) -> Self {
        let (known, trails) = ([behaviour::KNOWN; 2], Some(trails));
        Self::keeping(trails, known, [SECRET; 2], [None, None], Settings::default).await
    }

    async fn of(
        known: [&'static [Behaviour]; 2],
        secrets: [&str; 2],
        tls: [Option<Tls>; 2],
        settings: impl Fn() -> Settings,
    ) -> Self {
        Self::keeping(None, known, secrets, tls, settings).await
    }

    async fn keeping(
        trails: Option<[Arc<Trail>; 2]>,
        known: [&'static [Behaviour]; 2],
        secrets: [&str; 2],
        tls: [Option<Tls>; 2],
        settings: impl Fn() -> Settings,
    ) -> Self {
        // One cluster has one genesis.
        let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        start_node(directories[A].path(), |_| ()).stop().unwrap();
        copy(directories[A].path(), directories[B].path());
        let between = Arc::<Between>::default();
        let nodes = [A, B].map(|own| {
            start_node(directories[own].path(), |options| {
                options.behaviours = known[own];
                options.files.log_segment_bytes = 1 << 16;
                options.post = Some(Arc::clone(&between) as Arc<dyn Post>);
            })
        });
        let shared = Arc::new(Shared {
            trails: trails.unwrap_or_else(|| nodes.each_ref().map(|node| Arc::clone(node.trail()))),
            nodes: nodes.clone(),
            addresses: OnceLock::new(),
            owners: Mutex::new([[0, 1, 2, 3].map(|number| Some(home(number))); 2]),
            unowned: AtomicUsize::new(0),
            cut_off: [AtomicBool::new(false), AtomicBool::new(false)],
            unanswered: Mutex::default(),
            dying: [Mutex::default(), Mutex::default()],
            late: Mutex::default(),
            moves: Mutex::default(),
            is_busy: AtomicBool::new(false),
            refused: Mutex::default(),
            next_offset: AtomicI64::new(0),
            told: Mutex::default(),
            traces: Mutex::default(),
            older: Mutex::default(),
        });
        between.0.set(Arc::downgrade(&shared)).unwrap();
        let mut listeners = Vec::new();
        for _ in [A, B] {
            listeners.push(TcpListener::bind("127.0.0.1:0").await.unwrap());
        }
        let address = |(listener, tls): (&TcpListener, &Option<Tls>)| {
            let port = listener.local_addr().unwrap().port();
            // Certificates are for a name.
            match tls {
                None => format!("http://127.0.0.1:{port}"),
                Some(_) => format!("https://localhost:{port}"),
            }
        };
        let addresses: Vec<String> = listeners.iter().zip(&tls).map(address).collect();
        // Who shares limits asks for the other from the beginning.
        shared.addresses.set(addresses.clone().try_into().unwrap()).unwrap();
        let services = [A, B].map(|own| {
            let neighbours =
                Neighbours::new(&Secret::new(secrets[own]), &addresses[own], tls[own].clone())
                    .unwrap();
            let (shared, runtime) = (Arc::clone(&shared), Handle::current());
            let fake = Fake { shared, own, neighbours: neighbours.clone(), runtime };
            Service::in_cluster(Arc::new(fake), neighbours, settings(), recorder())
        });
        let taps = [A, B].map(|_| Arc::<Tap>::default());
        let mut servers = Vec::new();
        for (((service, listener), tap), tls) in services.iter().zip(listeners).zip(&taps).zip(tls)
        {
            let (stop, stopped) = oneshot::channel();
            let router = tap.over(accolade_server::nodes(service.clone()));
            let front = Front { tls, listener: Listener::Nodes, ..Front::default() };
            let serving = tokio::spawn(async move {
                let until = async { stopped.await.unwrap_or(()) };
                serve_tcp(listener, router, front, until).await.unwrap();
            });
            servers.push((stop, serving));
        }
        let mut apis = nodes.into_iter().zip(services).zip(directories);
        let mut next = || {
            let ((node, service), directory) = apis.next().unwrap();
            Api::of(node, service, directory)
        };
        let mut apis = [next(), next()];
        let key = apis[A].add_operator(OPERATOR, 0).await;
        let body =
            json!({ "effectiveFrom": "2020-01-01T00:00:00Z", "why": "first", "program": PROGRAM });
        for api in &mut apis {
            api.key.clone_from(&key);
        }
        let answer = apis[A].post("/api/v1/program/versions", &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let cluster = Self { apis, shared, taps, servers };
        cluster.agree().await;
        cluster
    }

    /// Waits until both nodes have heard of the same control records.
    pub(crate) async fn agree(&self) {
        let until = Instant::now() + PATIENCE;
        loop {
            let applied = self.shared.nodes.each_ref().map(|node| node.rules().applied);
            if applied[0] == applied[1] {
                return;
            }
            assert!(Instant::now() < until, "awaited: the same rules; there are: {applied:?}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// From now on a node's files lack the records of closed segments, as if it had taken its partitions over since; the
    /// log itself has them. Says how many there were.
    pub(crate) fn forget_records(&self, node: usize) -> usize {
        let log = &self.shared.nodes[node].backing().log;
        // Nothing reads them any more to compress them.
        let closed = crate::harness::compressed(log);
        let mut older = self.shared.older.lock().unwrap();
        for segment in &closed {
            for partition in 0..4 {
                for batch in log.first_batch(partition).unwrap_or(0)..=segment.last_batch {
                    if let Some(slice) = log.read(partition, batch).unwrap() {
                        older.insert((node, partition, batch), slice);
                    }
                }
            }
        }
        for segment in &closed {
            log.remove(segment.sequence).unwrap();
        }
        // What is in files is no older.
        older.retain(|(_, partition, batch), _| log.read(*partition, *batch).unwrap().is_none());
        closed.len()
    }

    /// How often somebody was told that a partition has no owner.
    pub(crate) fn unowned(&self) -> usize {
        self.shared.unowned.load(Ordering::SeqCst)
    }

    /// The traces that submissions came with.
    pub(crate) fn traces(&self) -> Vec<String> {
        self.shared.traces.lock().unwrap().clone()
    }

    pub(crate) fn a(&self) -> &Api {
        &self.apis[A]
    }

    pub(crate) fn b(&self) -> &Api {
        &self.apis[B]
    }

    pub(crate) const fn both(&self) -> [&Api; 2] {
        let [a, b] = &self.apis;
        [a, b]
    }

    /// Who has a partition, as one of the nodes sees it.
    pub(crate) fn set_owner(&self, seen_by: usize, partition: usize, owner: Option<usize>) {
        self.shared.owners.lock().unwrap()[seen_by][partition] = owner;
    }

    /// Who has a partition, as both see it.
    pub(crate) fn give(&self, partition: usize, to: Option<usize>) {
        self.shared.give(partition, to);
    }

    /// The same of some partitions, as soon as somebody reads what only the log has.
    pub(crate) fn give_once_the_log_is_read(&self, moves: Vec<(usize, Option<usize>)>) {
        *self.shared.moves.lock().unwrap() = moves;
    }

    /// Whether nobody has done so yet.
    pub(crate) fn is_to_be_read(&self) -> bool {
        !self.shared.moves.lock().unwrap().is_empty()
    }

    /// The log does not answer a node any more, or does again.
    pub(crate) fn cut_off(&self, node: usize, is_cut_off: bool) {
        self.shared.cut_off[node].store(is_cut_off, Ordering::SeqCst);
    }

    /// A node writes so many commands of a kind, and dies before the next: it is cut off, and what it has handed over together
    /// with that stays on its way.
    pub(crate) fn dies_after(&self, node: usize, count: usize, is_one: fn(&Command) -> bool) {
        *self.shared.dying[node].lock().unwrap() = Some(Dying { left: count, is_one });
    }

    pub(crate) fn is_cut_off(&self, node: usize) -> bool {
        self.shared.cut_off[node].load(Ordering::SeqCst)
    }

    /// What nodes had on its way when they died arrives after all; says how many records that are.
    pub(crate) fn deliver_late(&self) -> usize {
        let late = std::mem::take(&mut *self.shared.late.lock().unwrap());
        let count = late.len();
        for (to, record) in late {
            self.shared.write(to, record).unwrap();
        }
        count
    }

    /// Both nodes are too busy to take anything in but control records, or are so no more.
    pub(crate) fn set_busy(&self, is_busy: bool) {
        self.shared.is_busy.store(is_busy, Ordering::SeqCst);
    }

    /// The records that were not taken in, as often as they were sent.
    pub(crate) fn refused(&self) -> Vec<Vec<u8>> {
        self.shared.refused.lock().unwrap().clone()
    }

    pub(crate) fn forwarded(&self) -> [usize; 2] {
        [A, B].map(|own| self.taps[own].forwarded())
    }

    /// What comes to a node from the other.
    pub(crate) fn tap(&self, node: usize) -> &Tap {
        &self.taps[node]
    }

    /// Where the other node reaches one.
    pub(crate) fn address(&self, node: usize) -> &str {
        &self.shared.addresses.get().unwrap()[node]
    }

    /// Asks a node as another one.
    pub(crate) async fn ask_as_node(&self, node: usize, ask: Ask) -> Answer {
        let request = Signer::new(SECRET).sign(self.address(node), ask).await;
        self.at(node, request).await
    }

    /// Sends a request to the address that a node has for others, as it is.
    pub(crate) async fn at(&self, node: usize, request: Request<Bytes>) -> Answer {
        let router = accolade_server::nodes(self.both()[node].service.clone());
        finish(router.oneshot(request.map(Body::from)).await.unwrap()).await
    }

    /// Nobody reaches B any more.
    pub(crate) async fn disconnect_b(&mut self) {
        let (stop, serving) = self.servers.pop().unwrap();
        stop.send(()).unwrap();
        serving.await.unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
