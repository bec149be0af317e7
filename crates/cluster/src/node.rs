//! The node: what its threads share, how it starts and ends.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_engine::behaviour::newest;
use accolade_engine::objects::Objects;
use accolade_engine::ordered::{self, AppendFailed, OrderedLog, Owner};
use accolade_engine::partition::Shared;
use accolade_engine::step::Effect;
use accolade_storage::backing::Backing;
use accolade_storage::host::NotHere;
use accolade_storage::node::ShipOptions;
use accolade_storage::trail::{Trail, TrailOptions};
use accolade_wire::order::SourceTopic;
use accolade_wire::record::{Kind, Record};

use crate::asking::{Later, Open, Peers};
use crate::changes::Changes;
use crate::checkpoints::Keeping;
use crate::clock::Clock;
use crate::control::ControlBook;
use crate::driver::seat::{Figures, Live, Shown};
use crate::driver::takeover::NotTaken;
use crate::inbox::Inbox;
use crate::options::ClusterOptions;
use crate::proving::Proven;
use crate::seat::Seat;
use crate::untaken::Untaken;
use crate::watches::Watches;

/// How long the first reading of the control records, and genesis, may take.
const START_PATIENCE: Duration = Duration::from_mins(1);
/// How long a partition that a person has to look at is left alone.
const STOPPED_AGAIN: Duration = Duration::from_secs(30);
/// More than an order will ever have records, each of which is one owner's at the most.
const EPOCH_MAX: u64 = 1 << 48;
/// How long a handover waits for what is in flight.
const HANDOVER_PATIENCE: Duration = Duration::from_secs(5);

/// A running node of the cluster. Dropping it without [`ClusterNode::stop`] is as a crash.
#[derive(Debug)]
pub struct ClusterNode {
    pub(crate) inner: Arc<Inner>,
    pub(crate) trail: Arc<Trail>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Locked: the directory is this node's until it has ended.
    lock: Mutex<Option<std::fs::File>>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) options: ClusterOptions,
    pub(crate) log: Arc<dyn OrderedLog>,
    pub(crate) objects: Arc<dyn Objects>,
    pub(crate) peers: Arc<dyn Peers>,
    pub(crate) shared: Shared,
    pub(crate) clock: Clock,
    pub(crate) control: ControlBook,
    pub(crate) cache: accolade_storage::ship::BlockCache,
    owners: Mutex<BTreeMap<u16, Owner>>,
    assigned: Mutex<BTreeSet<u16>>,
    pub(crate) seats: Vec<Mutex<Seat>>,
    pub(crate) shown: Vec<Mutex<Weak<Shown>>>,
    pub(crate) keepers: Vec<Mutex<Option<Arc<Mutex<Keeping>>>>>,
    pub(crate) inboxes: Vec<Mutex<Inbox>>,
    pub(crate) inbox_bytes: AtomicUsize,
    pub(crate) watches: Vec<Mutex<Watches>>,
    /// What became of the order record that each partition has in flight, with its epoch.
    pub(crate) acks: Vec<Mutex<Acks>>,
    /// Partitions that want a batch, if only an empty one.
    pub(crate) wanted: Vec<AtomicBool>,
    pub(crate) changes: Changes,
    pub(crate) proven: Mutex<Proven>,
    /// The batch whose outputs leave next; all have left where nobody publishes.
    pub(crate) published: Vec<AtomicU64>,
    /// Who owned a partition before.
    former: Mutex<BTreeMap<u16, String>>,
    standing: Mutex<BTreeMap<u16, (Place, String)>>,
    pub(crate) untaken: Untaken,
    /// When a partition could not be taken because a person has to look.
    stopped: Mutex<BTreeMap<u16, Instant>>,
    pub(crate) open_asks: Mutex<Vec<Open>>,
    pub(crate) later: mpsc::Sender<Later>,
    pub(crate) pokes: Vec<Poke>,
    pub(crate) is_stopping: AtomicBool,
    pub(crate) disk_full: AtomicBool,
    pub(crate) checkpointed_at: AtomicI64,
    pub(crate) takers: AtomicUsize,
    fatal: Mutex<Option<String>>,
    pub(crate) latency: metrics::Histogram,
    pub(crate) folded: metrics::Counter,
}

/// What became of records of an order, each with its owner's epoch.
type Acks = Vec<(u64, Result<ordered::Place, AppendFailed>)>;

/// Wakes a thread that folds.
#[derive(Debug, Default)]
pub(crate) struct Poke {
    poked: Mutex<bool>,
    changed: Condvar,
}

impl Poke {
    pub(crate) fn poke(&self) {
        let mut poked = lock(&self.poked);
        if !*poked {
            *poked = true;
            self.changed.notify_one();
        }
    }

    pub(crate) fn wait(&self, patience: Duration) {
        let poked = lock(&self.poked);
        let waited = self.changed.wait_timeout_while(poked, patience, |poked| !*poked);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }
}

/// What a panic said.
pub(crate) fn in_words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("a bug: {}", text.unwrap_or_else(|| "it panicked".into()))
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ClusterNode {
    /// Joins the cluster. Returns once the rules are known; partitions are taken as they are assigned.
    pub fn start(
        options: ClusterOptions,
        log: Arc<dyn OrderedLog>,
        objects: Arc<dyn Objects>,
        peers: Arc<dyn Peers>,
    ) -> Result<Self, String> {
        let count = usize::from(log.partitions());
        let folds = match options.folds {
            0 => std::thread::available_parallelism().map_or(1, usize::from).min(count),
            folds => folds.min(count),
        };
        std::fs::create_dir_all(&options.data_dir)
            .map_err(|error| format!("`{}`: {error}", options.data_dir.display()))?;
        let lock = accolade_storage::disk::lock_directory(&options.data_dir)
            .map_err(|error| error.to_string())?;
        let (later, to_do) = mpsc::channel();
        let inner = Arc::new(Inner {
            shared: Shared::new(options.behaviours),
            clock: Clock::start(),
            control: ControlBook::default(),
            cache: accolade_storage::ship::BlockCache::default(),
            owners: Mutex::default(),
            assigned: Mutex::default(),
            seats: (0..count).map(|_| Mutex::default()).collect(),
            shown: (0..count).map(|_| Mutex::default()).collect(),
            keepers: (0..count).map(|_| Mutex::default()).collect(),
            inboxes: (0..count).map(|_| Mutex::default()).collect(),
            inbox_bytes: AtomicUsize::new(0),
            watches: (0..count).map(|_| Mutex::default()).collect(),
            acks: (0..count).map(|_| Mutex::default()).collect(),
            wanted: (0..count).map(|_| AtomicBool::new(false)).collect(),
            changes: Changes::new(count),
            proven: Mutex::default(),
            published: (0..count).map(|_| AtomicU64::new(u64::MAX)).collect(),
            former: Mutex::default(),
            standing: Mutex::default(),
            untaken: Untaken::default(),
            stopped: Mutex::default(),
            open_asks: Mutex::default(),
            later,
            pokes: (0..folds).map(|_| Poke::default()).collect(),
            is_stopping: AtomicBool::new(false),
            disk_full: AtomicBool::new(false),
            checkpointed_at: AtomicI64::new(0),
            takers: AtomicUsize::new(0),
            fatal: Mutex::default(),
            latency: metrics::histogram!("accolade_wager_to_balance_seconds"),
            folded: metrics::counter!("accolade_folded_records_total"),
            options,
            log,
            objects,
            peers,
        });
        let mut threads = Vec::new();
        let mut spawn = |name: String, run: Box<dyn FnOnce() + Send>| {
            let (failing, named) = (Arc::clone(&inner), name.clone());
            // A thread that ended by itself would leave the others at work with what it left behind.
            let run = move || {
                if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
                    failing.fail(format!("thread {named}: {}", in_words(&*panic)));
                }
            };
            let thread = std::thread::Builder::new().name(name).spawn(run);
            thread.map(|thread| threads.push(thread)).map_err(|error| error.to_string())
        };
        let hearing = Arc::clone(&inner);
        spawn("hearing".into(), Box::new(move || crate::hearing::run(&hearing)))?;
        let asking = Arc::clone(&inner);
        spawn("asking".into(), Box::new(move || crate::asking::run(&asking, &to_do)))?;
        for number in 0..folds {
            let folding = Arc::clone(&inner);
            let run = move || crate::folding::run(&folding, number);
            spawn(format!("fold-{number}"), Box::new(run))?;
        }
        let proving = Arc::clone(&inner);
        spawn("proving".into(), Box::new(move || crate::proving::run(&proving)))?;
        let keeping = Arc::clone(&inner);
        spawn("checkpoints".into(), Box::new(move || crate::checkpoints::run(&keeping)))?;
        let trail = Arc::new(inner.start_trail());
        let node =
            Self { inner, trail, threads: Mutex::new(threads), lock: Mutex::new(Some(lock)) };
        node.wait_for_rules()?;
        Ok(node)
    }

    /// Makes genesis if there is none, and waits until the rules are known.
    fn wait_for_rules(&self) -> Result<(), String> {
        let until = Instant::now() + START_PATIENCE;
        let (asked_at, end) = loop {
            let asked_at = self.inner.clock.passed();
            match self.inner.log.control_end() {
                Ok(end) => break (asked_at, end),
                Err(error) if Instant::now() > until => return Err(error.to_string()),
                Err(_) => std::thread::sleep(Duration::from_millis(100)),
            }
        };
        if end == 0 {
            let behaviour = newest(self.inner.options.behaviours);
            let body = accolade_storage::genesis::body(self.inner.log.partitions(), behaviour)
                .map_err(|error| error.to_string())?;
            let record = Record {
                kind: Kind::Control,
                source: accolade_wire::record::Source::Node,
                operator: "",
                received_at: self.inner.clock.now(),
                origin: None,
                body: &body,
            };
            // Two nodes may do this at the same time: the first record counts.
            let submitted =
                self.inner.log.submit(SourceTopic::Control, 0, &record, None, Box::new(|_| {}));
            submitted.map_err(|refused| refused.to_string())?;
        }
        while self.inner.control.end() < end || self.inner.control.rules().settings.partitions == 0
        {
            if let Some(failure) = self.inner.failure() {
                return Err(failure);
            }
            if let Some(unknown) = self.inner.control.unknown() {
                return Err(unknown.to_string());
            }
            if Instant::now() > until {
                return Err("the control records could not be read to their end in time".into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let partitions = self.inner.control.rules().settings.partitions;
        if partitions != self.inner.log.partitions() {
            return Err(format!(
                "the cluster was made with {partitions} partitions, and the topics have {}: the number \
                 of partitions is fixed for ever",
                self.inner.log.partitions()
            ));
        }
        *lock(&self.inner.proven) = Proven { brokers: asked_at, rules: asked_at };
        Ok(())
    }

    /// Ships a last checkpoint of every partition, gives them back, and ends.
    pub fn stop(&self) -> Result<(), String> {
        let inner = &self.inner;
        if inner.failure().is_none() {
            crate::checkpoints::keep_all(inner);
        }
        inner.is_stopping.store(true, Ordering::Release);
        inner.log.resign();
        let until = Instant::now() + HANDOVER_PATIENCE;
        while inner.takers.load(Ordering::Acquire) > 0 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        for poke in &inner.pokes {
            poke.poke();
        }
        for thread in std::mem::take(&mut *lock(&self.threads)) {
            if thread.join().is_err() {
                inner.fail("a thread of the node panicked".into());
            }
        }
        for partition in 0..inner.log.partitions() {
            inner.let_go(partition);
        }
        self.trail.stop();
        lock(&self.lock).take();
        inner.failure().map_or(Ok(()), Err)
    }

    /// Ends the threads and nothing else, as a crash would: nothing is handed over.
    pub fn crash(&self) {
        self.inner.is_stopping.store(true, Ordering::Release);
        self.inner.pokes.iter().for_each(Poke::poke);
        for thread in std::mem::take(&mut *lock(&self.threads)) {
            // A thread that panicked has ended as well.
            thread.join().ok();
        }
        while self.inner.takers.load(Ordering::Acquire) > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        for seat in &self.inner.seats {
            *lock(seat) = Seat::Empty;
        }
        self.trail.crash();
        lock(&self.lock).take();
    }

    /// The node that owned a partition before this one, as far as is known.
    pub fn former_owner(&self, partition: u16) -> Option<String> {
        lock(&self.inner.former).get(&partition).cloned()
    }

    /// The first batch of a partition whose outputs leave from this cluster; `None` where the partition
    /// is not here.
    pub fn first_batch(&self, partition: u16) -> Option<u64> {
        self.inner.shown(partition).map(|shown| shown.first_batch)
    }

    /// The outputs of all batches before `next_batch` have left. No checkpoint is shipped that is further:
    /// whoever takes the partition over finds the records of what is to leave.
    pub fn published(&self, partition: u16, next_batch: u64) {
        self.inner.published[usize::from(partition)].store(next_batch, Ordering::Release);
    }

    /// The failure that ended the node.
    pub fn failure(&self) -> Option<String> {
        self.inner.failure()
    }
}

impl Inner {
    fn start_trail(&self) -> Trail {
        let ClusterOptions { name, data_dir, files, descriptors, audit_days, .. } = &self.options;
        let (objects, every) = (Arc::clone(&self.objects), self.options.checkpoint_every);
        let ship = Some(ShipOptions { objects, every });
        let options = TrailOptions::of_node(name, *audit_days, files, ship);
        Trail::start(data_dir, descriptors, options)
    }

    /// Ends the node.
    pub(crate) fn fail(&self, failure: String) {
        tracing::error!(failure, "the node stops");
        lock(&self.fatal).get_or_insert(failure);
        self.is_stopping.store(true, Ordering::Release);
        self.pokes.iter().for_each(Poke::poke);
    }

    pub(crate) fn failure(&self) -> Option<String> {
        lock(&self.fatal).clone()
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Acquire)
    }

    /// Wakes the thread that folds a partition.
    pub(crate) fn poke(&self, partition: u16) {
        self.pokes[usize::from(partition) % self.pokes.len()].poke();
    }

    /// The time between two batches of a partition, unless much waits.
    pub(crate) fn batch_gap(&self) -> Duration {
        let partitions = u32::try_from(self.assigned_count()).unwrap_or(u32::MAX);
        let share = Duration::from_secs(1) * partitions / self.options.batches_a_second.max(1);
        share.max(self.options.batch_gap)
    }

    /// How many partitions should be here.
    pub(crate) fn assigned_count(&self) -> usize {
        lock(&self.assigned).len()
    }

    /// What is shown of a partition that is here.
    pub(crate) fn shown(&self, partition: u16) -> Option<Arc<Shown>> {
        lock(&self.shown[usize::from(partition)]).upgrade().filter(|shown| shown.is_here())
    }

    /// Whether the partition is to be owned here.
    pub(crate) fn wants(&self, partition: u16) -> bool {
        !self.is_stopping() && lock(&self.assigned).contains(&partition)
    }

    /// Who owns a partition, as far as anybody said.
    pub(crate) fn owner(&self, partition: u16) -> Option<Owner> {
        lock(&self.owners).get(&partition).cloned()
    }

    /// Other nodes that own something.
    pub(crate) fn other_owners(&self) -> Vec<String> {
        let owners = lock(&self.owners);
        let others = owners.values().filter(|owner| owner.node != self.options.name);
        let addresses: BTreeSet<_> = others.map(|owner| owner.address.clone()).collect();
        addresses.into_iter().collect()
    }

    /// An owner has announced itself.
    pub(crate) fn heard_owner(&self, owner: Owner) {
        // It would be above every owner's that is still to come.
        if owner.epoch > EPOCH_MAX {
            let Owner { partition, epoch, node, .. } = owner;
            tracing::warn!(partition, epoch, node, "an announcement is not an owner's");
            return;
        }
        let mut owners = lock(&self.owners);
        let is_newer = owners.get(&owner.partition).is_none_or(|known| {
            (known.epoch, &known.checkpoint) <= (owner.epoch, &owner.checkpoint)
        });
        if is_newer {
            let partition = owner.partition;
            let before = owners.insert(partition, owner);
            let before = before.filter(|before| before.node != self.options.name);
            if let Some(before) = before {
                lock(&self.former).insert(partition, before.node);
            }
        }
    }

    /// Tells all nodes that this one owns a partition, with its latest shipped checkpoint.
    pub(crate) fn announce(&self, partition: u16, epoch: u64, checkpoint: String) {
        let (node, address) = (self.options.name.clone(), self.options.address.clone());
        let owner = Owner { partition, epoch, node, address, checkpoint };
        self.heard_owner(owner.clone());
        self.log.announce(&owner);
    }

    /// Partitions that should be here: others are let go, new ones taken.
    pub(crate) fn assign(self: &Arc<Self>, partitions: &[u16]) {
        let new: BTreeSet<u16> = partitions.iter().copied().collect();
        let old = std::mem::replace(&mut *lock(&self.assigned), new.clone());
        tracing::info!(?partitions, "assigned");
        for partition in old.difference(&new) {
            self.let_go(*partition);
        }
        for partition in new {
            self.take(partition);
        }
    }

    /// A partition cannot go on.
    pub(crate) fn stops(&self, partition: u16, why: String) {
        self.let_go(partition);
        self.cannot_take(partition, why);
    }

    fn cannot_take(&self, partition: u16, why: String) {
        tracing::error!(partition, why, "the partition cannot be taken");
        self.untaken.is_at(partition, &why);
        let place = Place { partition, batch: 0, slot: 0, number: 0 };
        self.stands(partition, Some((place, why)));
        lock(&self.stopped).insert(partition, Instant::now());
    }

    /// Stops ordering a partition. What is in flight may still count: whoever comes next sees it.
    pub(crate) fn let_go(&self, partition: u16) {
        let at = usize::from(partition);
        {
            let mut seat = lock(&self.seats[at]);
            if matches!(*seat, Seat::Live(_)) {
                *seat = Seat::Empty;
            }
        }
        self.close_inbox(partition);
        lock(&self.watches[at]).forget();
        self.stands(partition, None);
    }

    pub(crate) fn close_inbox(&self, partition: u16) {
        // Locked first: whoever makes room must not follow it again meanwhile.
        let mut inbox = lock(&self.inboxes[usize::from(partition)]);
        self.log.leave(partition);
        self.inbox_bytes.fetch_sub(inbox.bytes(), Ordering::Relaxed);
        inbox.close();
    }

    /// Begins to take a partition that nobody is at work with.
    pub(crate) fn take(self: &Arc<Self>, partition: u16) {
        {
            let mut seat = lock(&self.seats[usize::from(partition)]);
            if !matches!(*seat, Seat::Empty) {
                return;
            }
            *seat = Seat::Taking;
        }
        self.work_on(partition, None);
    }

    /// Starts a thread that takes a partition whose seat says so; with `live`, a gap is settled first.
    pub(crate) fn work_on(self: &Arc<Self>, partition: u16, live: Option<(Box<Live>, i64)>) {
        let at = usize::from(partition);
        self.takers.fetch_add(1, Ordering::AcqRel);
        let inner = Arc::clone(self);
        let run = move || {
            let taking = AssertUnwindSafe(|| crate::settling::run(&inner, partition, live));
            let done = catch_unwind(taking).unwrap_or_else(|panic| {
                inner.fail(format!("partition {partition}: {}", in_words(&*panic)));
                Err(NotTaken::NotWanted)
            });
            if let Err(not_taken) = done {
                *lock(&inner.seats[at]) = Seat::Empty;
                inner.let_go(partition);
                match not_taken {
                    NotTaken::NotWanted => {}
                    NotTaken::Later(why) => {
                        tracing::warn!(partition, why, "the partition could not be taken");
                        inner.untaken.is_at(partition, &why);
                    }
                    stopped @ (NotTaken::Stopped(_) | NotTaken::Files(_)) => {
                        inner.cannot_take(partition, stopped.to_string());
                    }
                }
            }
            inner.takers.fetch_sub(1, Ordering::AcqRel);
        };
        let spawned = std::thread::Builder::new().name(format!("take-{partition}")).spawn(run);
        if let Err(error) = spawned {
            self.fail(format!("no thread for a partition: {error}"));
        }
    }

    /// Partitions that are assigned and that nobody is at work to take.
    pub(crate) fn take_missing(self: &Arc<Self>) {
        let assigned = lock(&self.assigned).clone();
        for partition in 0..self.log.partitions() {
            let is_missing = assigned.contains(&partition)
                && !matches!(*lock(&self.seats[usize::from(partition)]), Seat::Live(_));
            self.untaken.look(partition, is_missing);
        }
        for partition in assigned {
            let stopped = lock(&self.stopped).get(&partition).copied();
            if stopped.is_some_and(|stopped| stopped.elapsed() < STOPPED_AGAIN) {
                continue;
            }
            let is_empty = matches!(*lock(&self.seats[usize::from(partition)]), Seat::Empty);
            if is_empty && !self.is_stopping() {
                self.take(partition);
            }
        }
    }

    /// Notes where a partition stands, or that it does not.
    pub(crate) fn stands(&self, partition: u16, at: Option<(Place, String)>) {
        let mut standing = lock(&self.standing);
        match at {
            Some(at) => drop(standing.insert(partition, at)),
            None => drop(standing.remove(&partition)),
        }
    }

    pub(crate) fn standing(&self) -> Vec<(Place, String)> {
        lock(&self.standing).values().cloned().collect()
    }

    /// Waits until the control records before offset `to` are known.
    pub(crate) fn wait_for_control(&self, to: i64) -> Result<(), NotTaken> {
        let until = Instant::now() + START_PATIENCE;
        while self.control.end() < to {
            if self.is_stopping() {
                return Err(NotTaken::NotWanted);
            }
            if Instant::now() > until {
                return Err(NotTaken::Later(format!(
                    "control records before offset {to} are not there"
                )));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Whether all of these partitions are here, and nobody else can have one.
    pub(crate) fn are_here(&self, partitions: &[u16]) -> Result<(), NotHere> {
        // All are asked to prove it before any is waited for.
        for partition in partitions {
            self.if_proven(*partition, |_| ())?;
        }
        partitions.iter().try_for_each(|partition| self.with_live(*partition, |_| ()))
    }

    /// Reads from a partition if it is here and nobody else can have it: proven by an acknowledgement that is
    /// young enough. Otherwise a batch is wanted that proves it.
    fn if_proven<T>(
        &self,
        partition: u16,
        read: impl FnOnce(&Live) -> T,
    ) -> Result<Option<T>, NotHere> {
        let at = usize::from(partition);
        {
            let seat = lock(&self.seats[at]);
            let Seat::Live(live) = &*seat else { return Err(self.elsewhere(partition)) };
            if self.clock.passed().saturating_sub(live.proven_at) < self.options.lease {
                return Ok(Some(read(live)));
            }
        }
        self.wanted[at].store(true, Ordering::Release);
        self.poke(partition);
        Ok(None)
    }

    /// Whether a partition is here, or where else.
    pub(crate) fn whereabouts(&self, partition: u16) -> Result<(), NotHere> {
        let here = self.shown(partition).map(|_| ());
        here.ok_or_else(|| self.elsewhere(partition))
    }

    pub(crate) fn elsewhere(&self, partition: u16) -> NotHere {
        match self.owner(partition) {
            Some(owner) if owner.node != self.options.name => NotHere::At(owner.address),
            Some(_) | None => NotHere::Nowhere,
        }
    }

    /// Reads from a partition that is here, once that is proven.
    pub(crate) fn with_live<T>(
        &self,
        partition: u16,
        read: impl FnOnce(&Live) -> T,
    ) -> Result<T, NotHere> {
        let until = Instant::now() + self.options.lease;
        let mut read = Some(read);
        loop {
            let read = |live: &Live| read.take().map(|read| read(live));
            if let Some(found) = self.if_proven(partition, read)? {
                return Ok(found.expect("it is read once"));
            }
            if Instant::now() > until {
                return Err(NotHere::Nowhere);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Reads from a partition that is here, as far as this node knows. What is there was ordered, and is never wrong, but
    /// another may have the partition, and more.
    pub(crate) fn with_unproven<T>(
        &self,
        partition: u16,
        read: impl FnOnce(&Live) -> T,
    ) -> Result<T, NotHere> {
        match &*lock(&self.seats[usize::from(partition)]) {
            Seat::Live(live) => Ok(read(live)),
            Seat::Empty | Seat::Taking => Err(self.elsewhere(partition)),
        }
    }

    /// What the journal says about a record of a partition that is here, with the player's balance: after
    /// the record where it changed that, else now.
    pub(crate) fn recorded(
        &self,
        partition: u16,
        batch: u64,
        slot: u32,
    ) -> Option<(Outcome, Option<Points>)> {
        let files = Arc::clone(&self.shown(partition)?.files);
        let place = Place { partition, batch, slot, number: 0 };
        let recorded = files.recorded(place, |recorded| {
            let balance = recorded.entries.last().map(|entry| entry.entry.balance_after);
            (recorded.outcome.clone(), balance)
        });
        let (outcome, balance) = recorded.ok()??;
        Some((outcome, balance.or_else(|| self.balance_now(&files, place))))
    }

    fn balance_now(&self, files: &Backing, place: Place) -> Option<Points> {
        let named = files.record(place, |record| {
            Some((record.operator.to_owned(), accolade_engine::input::player_of(record)?))
        });
        let (operator, player) = named.ok()???;
        match &*lock(&self.seats[usize::from(place.partition)]) {
            Seat::Live(live) => {
                let (rules, players) =
                    (live.home.partition().rules(), live.home.partition().players());
                let operator = rules.operator(&operator)?.number;
                let ordinal = players.find_by_name(&rules.settings.hash_key, operator, &player)?;
                Some(players.get(ordinal).account.balance)
            }
            Seat::Empty | Seat::Taking => None,
        }
    }

    /// Does what a batch has asked for. If it cannot be done now, a timer asks again.
    pub(crate) fn carry_out(&self, partition: u16, effect: Effect, backing: &Backing) {
        let now = self.clock.now();
        let message = accolade_storage::message::of(partition, &effect, backing, now);
        let Some((to, bytes)) = message else { return };
        let record = Record::read(&mut accolade_wire::bytes::Cursor::new(&bytes, "record"));
        let record = record.expect("the record was just written");
        let sent = self.log.submit(SourceTopic::Commands, to, &record, None, Box::new(|_| {}));
        if let Err(refused) = sent {
            tracing::debug!(%refused, "a message could not be sent; a timer sends it again");
        }
    }

    /// How every partition is that is here.
    pub(crate) fn all_shown(&self) -> impl Iterator<Item = (u16, Figures)> {
        let shown = |partition| Some((partition, self.shown(partition)?.figures()));
        (0..self.log.partitions()).filter_map(shown)
    }
}
