//! A node of the embedded form: threads and queues around what `driver.rs` does.
//!
//! One thread writes the log, one folds for each core (partition p belongs to fold p modulo their
//! number), one writes checkpoints and seals ids, and one compresses, merges and removes. Records are
//! answered when their frame is durable, and only durable frames are folded.

mod background;
mod clock;
mod counting;
mod fold;
mod intake;
mod shipping;
mod writing;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_engine::behaviour::{self, Behaviour, newest};
use accolade_engine::intake::Intake;
use accolade_engine::partition::{Partition, Shared};
use accolade_engine::rules::Rules;
use accolade_wire::identity::{HashKey, IdHash, IdKind};
use accolade_wire::record::{Kind, Record, Source};
use rustix::fs::FlockOperation;

use self::counting::Counters;
use self::fold::FoldQueue;
use self::intake::IntakeQueue;
pub(crate) use self::shipping::now;
pub use self::shipping::{KEYS as SHIPPED_KEYS, ShipOptions, ShippingStatus};
use self::shipping::{Offers, Shipping};
use crate::backing::Backing;
use crate::descriptors::{Counts, Descriptors};
use crate::disk::RealDisk;
use crate::driver::fold::Fold;
use crate::driver::{Driver, Ground, lock};
use crate::error::{Result, StorageError};
use crate::open::Options;
use crate::removing;
use crate::run::RunEntry;
use crate::trail::{Trail, TrailOptions};
pub use accolade_engine::intake::{Caller, Refused, Submission};

/// How a node runs.
#[derive(Debug, Clone)]
pub struct NodeOptions {
    /// The data directory.
    pub data_dir: PathBuf,
    /// Sizes of its files.
    pub files: Options,
    /// Fold threads; 0 for one on each core.
    pub folds: usize,
    /// Time between checkpoints.
    pub checkpoint_every: Duration,
    /// Ids in memory after which they are sealed into a run.
    pub seal_ids: usize,
    /// How long the log is kept.
    pub log_days: u32,
    /// The log is kept up to this many bytes, whatever its age; 0 for no such limit.
    pub log_bytes_max: u64,
    /// Intake is refused while the disk has less room than this.
    pub free_bytes_min: u64,
    /// Bytes that wait for the disk, beyond which intake is refused.
    pub queue_bytes_max: usize,
    /// Bytes that are durable and not folded, beyond which intake is refused.
    pub lag_bytes_max: usize,
    /// A person says that a large step of the clock is right.
    pub accept_clock_step: bool,
    /// Where checkpoints are shipped; nothing for nowhere.
    pub ship: Option<ShipOptions>,
    /// Days for which the trail of who did what is kept.
    pub audit_days: u32,
    /// Descriptors for closed files.
    pub descriptors: Descriptors,
    /// The ways of deciding that are known; a new log begins with the newest.
    pub behaviours: &'static [Behaviour],
    /// Who takes messages between partitions along; the node's own log without.
    pub post: Option<Arc<dyn Post>>,
}

/// Takes messages to the partitions that they are for, where nodes that have a log each pretend to have one together.
pub trait Post: std::fmt::Debug + Send + Sync {
    /// Takes a record along. If that cannot be done now, a timer asks again.
    fn take(&self, to: u16, record: Vec<u8>);
}

impl NodeOptions {
    /// The defaults, for a data directory.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            files: Options::default(),
            folds: 0,
            checkpoint_every: Duration::from_secs(1),
            seal_ids: 2_000_000,
            log_days: 7,
            log_bytes_max: 0,
            free_bytes_min: 1 << 30,
            queue_bytes_max: 64 << 20,
            lag_bytes_max: 256 << 20,
            accept_clock_step: false,
            ship: None,
            audit_days: crate::trail::KEEP_DAYS,
            descriptors: Descriptors::default(),
            behaviours: behaviour::KNOWN,
            post: None,
        }
    }
}

/// A running node. Dropping it without [`Node::stop`] leaves the directory as a crash would.
#[derive(Debug)]
pub struct Node {
    inner: Arc<Inner>,
    trail: Arc<Trail>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// That of the genesis.
    hash_key: HashKey,
}

#[derive(Debug)]
pub(crate) struct Inner {
    options: NodeOptions,
    ground: Arc<Ground>,
    folds: Vec<Mutex<Fold>>,
    intake: IntakeQueue,
    queues: Vec<FoldQueue>,
    lag_bytes: AtomicUsize,
    shipping: Option<Arc<Shipping>>,
    disk_full: AtomicBool,
    clock_stepped: AtomicBool,
    log_ended: AtomicBool,
    folds_running: AtomicUsize,
    counters: Counters,
    fatal: Mutex<Option<String>>,
    wake: (Mutex<bool>, Condvar),
    /// The rules as they were last asked for, and how often partition 0 had changed then: everybody asks for them.
    rules_seen: Mutex<Option<(u64, Arc<Rules>)>>,
    /// Locked: the directory is this node's until it has stopped.
    lock_file: std::fs::File,
}

/// What a node says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// The time of the log's last frame.
    pub log_time: Timestamp,
    /// Bytes that are durable and not folded.
    pub lag_bytes: usize,
    /// Ids that are not in a sealed run.
    pub ids_in_memory: usize,
    /// The partitions that are here.
    pub partitions_here: Vec<u16>,
    /// Players in all partitions that are here.
    pub players: usize,
    /// When the last checkpoint was written, by the log's time.
    pub checkpointed_at: Timestamp,
    /// The disk has too little room: intake is refused.
    pub disk_full: bool,
    /// The clock has made a step that a person has not confirmed.
    pub clock_stepped: bool,
    /// Brokers have not answered for so long that nothing proves any more what is here.
    pub cut_off: bool,
    /// Partitions that stand, each with the place and what the failure said.
    pub standing: Vec<(Place, String)>,
    /// Descriptors: what there is, and what closed files take of it.
    pub descriptors: Counts,
    /// How the shipping of checkpoints is; nothing where there is none.
    pub shipping: Option<ShippingStatus>,
    /// Why the trail of who did what cannot be written: changes are refused.
    pub trail_failure: Option<String>,
    /// The failure that ended the node.
    pub fatal: Option<String>,
}

impl Node {
    /// Opens the data directory, replays what no checkpoint covers, and starts.
    pub fn start(options: NodeOptions) -> Result<Self> {
        let real = RealDisk::open(&options.data_dir)
            .map_err(|source| StorageError::io(options.data_dir.display().to_string(), source))?;
        let lock_file = crate::disk::lock_directory(&options.data_dir)?;
        let disk = options.descriptors.over(Arc::new(real.clone()));
        let folds = match options.folds {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            folds => folds,
        };
        let shared = Shared::new(options.behaviours);
        let driver = Driver::open(&disk, &options.files, shared, folds)?;
        let Driver { ground, mut log, folds, checkpoints, replay_from, is_new } = driver;
        let mut clock = clock::LogClock::start(log.time(), options.accept_clock_step)?;
        if is_new {
            let behaviour = newest(options.behaviours);
            log.begin_with(genesis(ground.partitions(), behaviour, clock.now().0)?);
        }
        let inner = Arc::new(Inner {
            ground,
            intake: IntakeQueue::default(),
            queues: folds.iter().map(|_| FoldQueue::default()).collect(),
            lag_bytes: AtomicUsize::new(0),
            shipping: options.ship.clone().map(Shipping::new).map(Arc::new),
            disk_full: AtomicBool::new(false),
            clock_stepped: AtomicBool::new(false),
            log_ended: AtomicBool::new(false),
            folds_running: AtomicUsize::new(folds.len()),
            counters: Counters::new(),
            fatal: Mutex::new(None),
            wake: (Mutex::new(false), Condvar::new()),
            rules_seen: Mutex::default(),
            folds,
            options,
            lock_file,
        });
        let mut threads = Vec::new();
        let mut spawn =
            |name: String, run: Box<dyn FnOnce() + Send>| -> Result<()> {
                let thread = std::thread::Builder::new().name(name).spawn(run);
                threads.push(thread.map_err(|source| {
                    StorageError::other("a thread could not be started", source)
                })?);
                Ok(())
            };
        for number in 0..inner.folds.len() {
            let inner = Arc::clone(&inner);
            let run = move || fold::run(&inner, number);
            spawn(format!("fold-{number}"), Box::new(run))?;
        }
        if let Some(from) = replay_from {
            fold::replay(&inner, from)?;
        }
        let writing = Arc::clone(&inner);
        spawn("log".into(), Box::new(move || writing::run(&writing, log, clock)))?;
        let writing = Arc::clone(&inner);
        let offers = inner.shipping.clone().map(Offers::new);
        let run = move || background::checkpoints(&writing, checkpoints, offers);
        spawn("checkpoints".into(), Box::new(run))?;
        if let Some(shipping) = inner.shipping.clone() {
            let inner = Arc::clone(&inner);
            spawn("shipping".into(), Box::new(move || shipping::run(&inner, &shipping)))?;
        }
        let tidying = Arc::clone(&inner);
        spawn("tidying".into(), Box::new(move || background::tidy(&tidying)))?;
        let hash_key = HashKey([0; 16]);
        let trail = Arc::new(inner.start_trail());
        let mut node = Self { inner, trail, threads: Mutex::new(threads), hash_key };
        node.hash_key = node.wait_for_genesis()?;
        // Not before: what opening syncs would wait for it.
        real.go_on_removing().map_err(|source| StorageError::io(removing::FOLDER, source))?;
        Ok(node)
    }

    fn wait_for_genesis(&self) -> Result<HashKey> {
        loop {
            let rules = self.rules();
            if rules.settings.partitions > 0 {
                return Ok(rules.settings.hash_key);
            }
            if let Some(failure) = self.status().fatal {
                return Err(StorageError::other(
                    "the node has failed",
                    std::io::Error::other(failure),
                ));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// The key of all hashes of the node.
    pub const fn hash_key(&self) -> HashKey {
        self.hash_key
    }

    /// Bytes that are durable and not folded, for whoever asks often: nothing waits for a fold.
    pub fn lag_bytes(&self) -> usize {
        self.inner.lag_bytes.load(Ordering::Acquire)
    }

    /// Takes nothing in any more, folds what is durable, writes a last checkpoint and ends.
    pub fn stop(&self) -> Result<()> {
        self.inner.intake.close();
        self.inner.wake_background();
        self.trail.stop();
        for thread in std::mem::take(&mut *lock(&self.threads)) {
            if thread.join().is_err() {
                self.inner.fail("a thread of the node panicked".into());
            }
        }
        if let Err(error) = rustix::fs::flock(&self.inner.lock_file, FlockOperation::Unlock) {
            tracing::warn!(%error, "the directory's lock ends with the process");
        }
        match lock(&self.inner.fatal).take() {
            None => Ok(()),
            Some(failure) => {
                Err(StorageError::other("the node has failed", std::io::Error::other(failure)))
            }
        }
    }

    /// Reads from a partition, between two batches or while it stands.
    pub fn read<T>(&self, partition: u16, read: impl FnOnce(&Partition) -> T) -> T {
        self.inner.ground.read(partition, read)
    }

    /// As [`Node::read`], where nobody else has the partition at this moment.
    pub fn read_at_once<T>(&self, partition: u16, read: impl FnOnce(&Partition) -> T) -> Option<T> {
        self.inner.ground.read_at_once(partition, read)
    }

    /// How often a partition has changed: nothing that anybody was told of is other than it was when the number was the same.
    /// Nothing while it changes and somebody is told.
    pub fn changes(&self, partition: u16) -> Option<u64> {
        self.inner.ground.changes(partition)
    }

    /// The rules as partition 0 has them.
    pub fn rules(&self) -> Arc<Rules> {
        let seen = self.changes(0).and_then(|changes| {
            let seen = lock(&self.inner.rules_seen);
            seen.as_ref().filter(|(at, _)| *at == changes).map(|(_, rules)| Arc::clone(rules))
        });
        seen.unwrap_or_else(|| {
            self.read(0, |partition| {
                let rules = Arc::clone(partition.rules());
                *lock(&self.inner.rules_seen) = self.changes(0).map(|at| (at, Arc::clone(&rules)));
                rules
            })
        })
    }

    /// What all partitions decide with.
    pub fn shared(&self) -> &Shared {
        self.inner.ground.shared()
    }

    /// The files, to read records and outcomes by place.
    pub fn backing(&self) -> &Arc<Backing> {
        self.inner.ground.backing()
    }

    /// Every occurrence of an id, in memory and sealed, oldest place first.
    pub fn with_id(
        &self,
        operator: &str,
        kind: IdKind,
        id: &str,
    ) -> std::io::Result<Vec<RunEntry>> {
        let hash: IdHash = self.rules().settings.hash_key.id(operator, kind, id);
        let mut found = Vec::new();
        for number in 0..self.partitions() {
            self.read(number, |partition| {
                let entries = partition.ids().with_id(hash);
                found.extend(entries.map(|entry| RunEntry { partition: number, entry: *entry }));
            });
        }
        found.extend(self.backing().lookup.with_id(hash)?);
        found.sort_by_key(|found| (found.partition, found.entry.batch, found.entry.slot));
        found.dedup_by_key(|found| (found.partition, found.entry.batch, found.entry.slot));
        Ok(found)
    }

    /// Who did what.
    pub const fn trail(&self) -> &Arc<Trail> {
        &self.trail
    }

    /// The numbers of the behaviours that the node can decide by.
    pub fn behaviours(&self) -> Vec<u16> {
        self.inner.options.behaviours.iter().map(|behaviour| behaviour.number).collect()
    }

    /// How the node is.
    pub fn status(&self) -> Status {
        let inner = &self.inner;
        let ground = &inner.ground;
        Status {
            log_time: ground.log_time(),
            lag_bytes: inner.lag_bytes.load(Ordering::Relaxed),
            ids_in_memory: ground.ids_in_memory(),
            partitions_here: (0..self.partitions()).collect(),
            players: ground.players(),
            checkpointed_at: ground.checkpointed_at(),
            disk_full: inner.disk_full.load(Ordering::Relaxed),
            clock_stepped: inner.clock_stepped.load(Ordering::Relaxed),
            cut_off: false,
            standing: ground.standing(),
            descriptors: inner.options.descriptors.counts(),
            shipping: inner.shipping.as_ref().map(|shipping| shipping.status()),
            trail_failure: self.trail.failure(),
            fatal: lock(&inner.fatal).clone(),
        }
    }
}

impl Intake for Node {
    fn submit(&self, submission: Submission) -> std::result::Result<(), Refused> {
        self.inner.admit()?;
        self.inner.intake.push(submission, self.inner.options.queue_bytes_max)
    }

    fn partitions(&self) -> u16 {
        self.inner.ground.partitions()
    }
}

impl Inner {
    /// Ends the node: a failure of the disk is never retried.
    pub(crate) fn fail(&self, failure: String) {
        tracing::error!(failure, "the node stops");
        lock(&self.fatal).get_or_insert(failure);
        self.intake.close();
        self.wake_background();
        for queue in &self.queues {
            queue.close();
        }
    }

    fn start_trail(&self) -> Trail {
        let NodeOptions { data_dir, descriptors, files, ship, audit_days, .. } = &self.options;
        let options = TrailOptions::of_node("", *audit_days, files, ship.clone());
        Trail::start(data_dir, descriptors, options)
    }

    pub(crate) fn has_failed(&self) -> bool {
        lock(&self.fatal).is_some()
    }

    fn admit(&self) -> std::result::Result<(), Refused> {
        if self.has_failed() {
            return Err(Refused::Stopping);
        }
        if self.disk_full.load(Ordering::Relaxed) {
            return Err(Refused::DiskFull);
        }
        let options = &self.options;
        if self.lag_bytes.load(Ordering::Relaxed) > options.lag_bytes_max
            || self.ground.ids_in_memory() > options.seal_ids.saturating_mul(4)
        {
            return Err(Refused::Busy);
        }
        Ok(())
    }

    fn wake_background(&self) {
        let (flag, condition) = &self.wake;
        *lock(flag) = true;
        condition.notify_all();
    }
}

fn genesis(partitions: u16, behaviour: u16, received_at: Timestamp) -> Result<Vec<u8>> {
    let body = crate::genesis::body(partitions, behaviour)?;
    let (kind, source, operator, origin) = (Kind::Control, Source::Node, "", None);
    let mut record = Vec::new();
    Record { kind, source, operator, received_at, origin, body: &body }.write(&mut record);
    Ok(record)
}
