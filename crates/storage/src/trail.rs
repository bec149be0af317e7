//! The trail: who did what, as one chain of records for each node, each with the hash of the one before.
//!
//! It has a directory of its own within the data directory, so that it is shipped and brought back as a home is. A
//! thread writes what waits as one frame and makes it durable; what somebody waits for at once, everything else soon.
//! Where it cannot be written, nothing else of the node stops: whoever asks the trail hears of it.

mod adopting;
mod chain;
mod elsewhere;
mod reading;
mod shipping;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use accolade_domain::time::{DAY_MICROS, Timestamp};
use accolade_engine::disk::Disk;
use accolade_engine::error::in_full;
use accolade_wire::trail::{ChainEnd, TrailEntry};

pub use self::adopting::ship_whole;
pub use self::chain::{NotAppended, Pending, TrailChain};
pub use self::elsewhere::{Elsewhere, Lists, lists};
pub use self::reading::{At, Looked, Readable, Verified};
use self::shipping::Shipping;
use crate::descriptors::Descriptors;
use crate::disk::RealDisk;
use crate::driver::lock;
use crate::node::{ShipOptions, now};
use crate::open::Options;
use crate::segment::Position;

/// The trail's directory within a data directory.
pub const FOLDER: &str = "audit";
/// Days for which the trail is kept where nobody says otherwise: seven years.
pub const KEEP_DAYS: u32 = 2_557;

/// Bytes of a segment; a page of the newest records reads one.
const SEGMENT_BYTES: u64 = 8 << 20;
/// How long what nobody waits for may wait.
const SOON: Duration = Duration::from_millis(250);
/// Bytes that wait, beyond which callers wait too.
const CROWD_BYTES: usize = 1 << 20;
/// Bytes that wait at most, while nothing can be written.
const WAITING_BYTES_MAX: usize = 8 << 20;
/// How long after a failure it is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// How often it is looked for what is older than it has to be.
const REMOVE_EVERY: Duration = Duration::from_hours(1);

/// Hears whether everything up to its place is durable.
pub type Done = Box<dyn FnOnce(Result<(), String>) + Send>;

/// How a node's trail is kept.
#[derive(Debug, Clone)]
pub struct TrailOptions {
    /// The node's name; empty in the embedded form.
    pub node: String,
    /// Days for which it is kept.
    pub keep_days: u32,
    /// Bytes of a segment.
    pub segment_bytes: u64,
    /// Where it is shipped; nothing for nowhere.
    pub ship: Option<ShipOptions>,
}

impl Default for TrailOptions {
    fn default() -> Self {
        let (node, segment_bytes) = (String::new(), SEGMENT_BYTES);
        Self { node, keep_days: KEEP_DAYS, segment_bytes, ship: None }
    }
}

impl TrailOptions {
    /// Those of the node `name`, whose files have these sizes.
    pub fn of_node(name: &str, keep_days: u32, files: &Options, ship: Option<ShipOptions>) -> Self {
        let (node, segment_bytes) = (name.to_owned(), SEGMENT_BYTES.min(files.segment_bytes));
        Self { node, keep_days, segment_bytes, ship }
    }
}

/// A node's trail.
#[derive(Debug)]
pub struct Trail {
    inner: Arc<Inner>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Inner {
    disk: Arc<dyn Disk>,
    options: TrailOptions,
    queue: Mutex<Queue>,
    changed: Condvar,
    /// How far the chain is durable.
    durable: Mutex<Durable>,
    shipping: Option<Shipping>,
    elsewhere: Elsewhere,
    /// Dropped without an end: as a crash would.
    is_crashed: AtomicBool,
}

/// How far a chain is durable.
#[derive(Debug, Clone, Copy, Default)]
struct Durable {
    position: Option<Position>,
    end: Option<ChainEnd>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    /// Something was taken and is not durable yet.
    is_writing: bool,
    /// Somebody waits.
    is_urgent: bool,
    is_closed: bool,
    failure: Option<Failing>,
}

/// Why nothing can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Failing {
    why: String,
    /// Nor can it before the next start.
    is_over: bool,
}

impl Queue {
    fn is_over(&self) -> bool {
        self.failure.as_ref().is_some_and(|failing| failing.is_over)
    }

    fn failure(&self) -> Option<String> {
        self.failure.as_ref().map(|failing| failing.why.clone())
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { bytes, failure, .. } = self;
        f.debug_struct("Queue").field("bytes", bytes).field("failure", failure).finish()
    }
}

struct Waiting {
    /// Nothing where somebody only waits for what came before.
    pending: Option<Pending>,
    done: Option<Done>,
}

impl Trail {
    /// Opens the trail of the data directory at `data_dir` and begins to write. What keeps it from that is its
    /// [`Trail::failure`].
    pub fn start(data_dir: &Path, descriptors: &Descriptors, options: TrailOptions) -> Self {
        let opened = RealDisk::open(data_dir).and_then(|whole| {
            whole.sync_dir(FOLDER)?;
            whole.sync_dir("")?;
            RealDisk::open(data_dir.join(FOLDER))
        });
        match opened {
            Ok(disk) => Self::on(descriptors.over(Arc::new(disk)), options),
            Err(error) => {
                let nowhere: Arc<dyn Disk> = Arc::new(crate::ship::Nothing);
                let trail = Self::of(nowhere, options);
                trail.inner.fail(format!("`{FOLDER}`: {error}"), true);
                trail
            }
        }
    }

    /// The same on any disk.
    pub fn on(disk: Arc<dyn Disk>, options: TrailOptions) -> Self {
        let (node, segment_bytes) = (options.node.clone(), options.segment_bytes);
        let trail = Self::of(Arc::clone(&disk), options);
        let inner = &trail.inner;
        let chain = match TrailChain::open(disk, segment_bytes, &node) {
            Ok(chain) => chain,
            Err(error) => {
                inner.fail(in_full(&error), true);
                return trail;
            }
        };
        inner.is_durable(&chain);
        let writing = Arc::clone(inner);
        trail.spawn("trail", move || run(&writing, chain));
        if inner.shipping.is_some() {
            let shipping = Arc::clone(inner);
            trail.spawn("trail-shipping", move || shipping::run(&shipping));
        }
        trail
    }

    fn of(disk: Arc<dyn Disk>, options: TrailOptions) -> Self {
        let inner = Arc::new(Inner {
            disk,
            queue: Mutex::default(),
            changed: Condvar::new(),
            durable: Mutex::default(),
            shipping: options.ship.clone().map(Shipping::new),
            elsewhere: Elsewhere::new(options.ship.clone().map(|ship| ship.objects)),
            is_crashed: AtomicBool::new(false),
            options,
        });
        Self { inner, threads: Mutex::default() }
    }

    fn spawn(&self, name: &str, run: impl FnOnce() + Send + 'static) {
        match std::thread::Builder::new().name(name.into()).spawn(run) {
            Ok(thread) => lock(&self.threads).push(thread),
            Err(error) => self.inner.fail(format!("a thread could not be started: {error}"), true),
        }
    }

    /// The node's name.
    pub fn node(&self) -> &str {
        &self.inner.options.node
    }

    /// Puts a record behind those before it. With `done` it is written at once, and `done` hears once it is durable;
    /// else soon.
    pub fn put(&self, at: Timestamp, entry: TrailEntry, done: Option<Done>) {
        self.enqueue(Waiting { pending: Some(Pending { at, entry }), done });
    }

    /// Has `done` hear once everything is durable that was put before.
    pub fn after_all(&self, done: Done) {
        self.enqueue(Waiting { pending: None, done: Some(done) });
    }

    fn enqueue(&self, mut waiting: Waiting) {
        let inner = &self.inner;
        let refused = {
            let mut queue = lock(&inner.queue);
            let is_full = queue.failure.is_some() && queue.bytes > WAITING_BYTES_MAX;
            if queue.is_over() || queue.is_closed || is_full {
                Some(queue.failure().unwrap_or_else(|| "the node is stopping".to_owned()))
            } else {
                // What waits already is tried again without being asked.
                let failing = queue.failure().filter(|_| waiting.done.is_some());
                let done = failing.as_ref().and_then(|_| waiting.done.take());
                queue.bytes += waiting.pending.as_ref().map_or(0, |new| new.entry.bytes_max());
                queue.is_urgent |= waiting.done.is_some() || queue.bytes > CROWD_BYTES;
                queue.waiting.push_back(waiting);
                drop(queue);
                inner.changed.notify_all();
                if let (Some(failing), Some(done)) = (failing, done) {
                    done(Err(failing));
                }
                return;
            }
        };
        if waiting.pending.is_some() {
            metrics::counter!("accolade_trail_lost_total").increment(1);
        }
        if let (Some(done), Some(why)) = (waiting.done, refused) {
            done(Err(why));
        }
    }

    /// Whether so much waits that whoever adds more should wait for it.
    pub fn is_crowded(&self) -> bool {
        lock(&self.inner.queue).bytes > CROWD_BYTES
    }

    /// Why nothing can be written; nothing where it can.
    pub fn failure(&self) -> Option<String> {
        lock(&self.inner.queue).failure()
    }

    /// Why the last try to ship it has failed; nothing where it has not.
    pub fn shipping_failure(&self) -> Option<String> {
        self.inner.shipping.as_ref().and_then(Shipping::failure)
    }

    /// The chain as far as it is durable, and where it goes on; nothing of the latter before its first record.
    pub fn readable(&self) -> (Readable, Option<ChainEnd>) {
        let Durable { position, end } = *lock(&self.inner.durable);
        let durable = position.map(|position| position.next_frame - 1);
        (Readable { disk: Arc::clone(&self.inner.disk), durable }, end)
    }

    /// Chains of other nodes, and of disks that were lost, as they were shipped.
    pub fn elsewhere(&self) -> &Elsewhere {
        &self.inner.elsewhere
    }

    /// Ends and writes nothing more, as a crash would.
    pub fn crash(&self) {
        self.inner.is_crashed.store(true, Ordering::Release);
        self.stop();
    }

    /// Writes what waits, ships it where it is shipped, and ends.
    pub fn stop(&self) {
        lock(&self.inner.queue).is_closed = true;
        self.inner.changed.notify_all();
        for thread in std::mem::take(&mut *lock(&self.threads)) {
            if thread.join().is_err() {
                self.inner.fail("a thread of the trail panicked".into(), true);
            }
        }
    }
}

impl Drop for Trail {
    fn drop(&mut self) {
        self.crash();
    }
}

impl Inner {
    fn fail(&self, why: String, is_over: bool) {
        let failing = Failing { why, is_over };
        let mut queue = lock(&self.queue);
        if queue.failure.as_ref() != Some(&failing) {
            let Failing { why, is_over } = &failing;
            tracing::error!(why, is_over, "the audit trail cannot be written");
        }
        queue.failure = Some(failing);
    }

    fn is_durable(&self, chain: &TrailChain) {
        let durable = Durable { position: Some(chain.position()), end: chain.end() };
        *lock(&self.durable) = durable;
    }

    /// Waits for something to write, and takes it; nothing once all is over.
    fn take(&self) -> Option<VecDeque<Waiting>> {
        let mut queue = lock(&self.queue);
        let nothing = |queue: &mut Queue| queue.waiting.is_empty() && !queue.is_closed;
        queue = self.wait(queue, REMOVE_EVERY, nothing);
        let patience = if queue.failure.is_some() { AGAIN } else { SOON };
        let waits = |queue: &mut Queue| {
            !queue.waiting.is_empty()
                && !queue.is_closed
                && (queue.failure.is_some() || !queue.is_urgent)
        };
        queue = self.wait(queue, patience, waits);
        if queue.is_over() || self.is_crashed.load(Ordering::Acquire) {
            return None;
        }
        if queue.is_closed && queue.waiting.is_empty() {
            return None;
        }
        (queue.bytes, queue.is_urgent, queue.is_writing) = (0, false, true);
        Some(std::mem::take(&mut queue.waiting))
    }

    fn wait<'a>(
        &self,
        queue: std::sync::MutexGuard<'a, Queue>,
        patience: Duration,
        waits: impl FnMut(&mut Queue) -> bool,
    ) -> std::sync::MutexGuard<'a, Queue> {
        let waited = self.changed.wait_timeout_while(queue, patience, waits);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits until nothing waits any more, or can be written.
    fn until_written(&self) {
        let waits =
            |queue: &mut Queue| (queue.is_writing || !queue.waiting.is_empty()) && !queue.is_over();
        drop(self.wait(lock(&self.queue), AGAIN, waits));
    }

    /// Puts back what could not be written, in front of what came meanwhile.
    fn put_back(&self, records: Vec<Pending>) {
        let mut queue = lock(&self.queue);
        for pending in records.into_iter().rev() {
            queue.bytes += pending.entry.bytes_max();
            queue.waiting.push_front(Waiting { pending: Some(pending), done: None });
        }
    }
}

/// Writes until the trail ends.
fn run(inner: &Inner, mut chain: TrailChain) {
    let mut removed_at = None;
    while let Some(taken) = inner.take() {
        let mut dones = Vec::new();
        let mut records = Vec::with_capacity(taken.len());
        for Waiting { pending, done } in taken {
            records.extend(pending);
            dones.extend(done);
        }
        let begun = Instant::now();
        let appended = chain.append(&records);
        inner.is_durable(&chain);
        let answer = match appended {
            Ok(()) => {
                let mut queue = lock(&inner.queue);
                if queue.failure.take().is_some() {
                    tracing::info!("the audit trail is written again");
                }
                drop(queue);
                metrics::counter!("accolade_trail_records_total").increment(records.len() as u64);
                metrics::histogram!("accolade_trail_commit_seconds").record(begun.elapsed());
                Ok(())
            }
            Err(NotAppended::Again(error)) => {
                let why = in_full(&error);
                // Of several frames the first may be there.
                records.drain(..chain.appended());
                inner.put_back(records);
                inner.fail(why.clone(), false);
                Err(why)
            }
            Err(NotAppended::Never(error)) => {
                let why = in_full(&error);
                inner.fail(why.clone(), true);
                Err(why)
            }
        };
        lock(&inner.queue).is_writing = false;
        inner.changed.notify_all();
        for done in dones {
            done(answer.clone());
        }
        if answer.is_err() && lock(&inner.queue).is_closed {
            break;
        }
        if removed_at.is_none_or(|at: Instant| at.elapsed() >= REMOVE_EVERY) {
            removed_at = Some(Instant::now());
            remove_old(inner, &chain);
        }
    }
    let left = std::mem::take(&mut lock(&inner.queue).waiting);
    for done in left.into_iter().filter_map(|waiting| waiting.done) {
        done(Err("the audit trail has ended".into()));
    }
}

fn remove_old(inner: &Inner, chain: &TrailChain) {
    let kept = DAY_MICROS.saturating_mul(inner.options.keep_days.into());
    match chain.remove_before(now().plus_micros(-kept)) {
        Ok(0) => {}
        Ok(segments) => {
            tracing::info!(segments, "what the trail has kept for its time was removed");
        }
        Err(error) => tracing::warn!(error = in_full(&error), "the trail's old end stays"),
    }
}
