//! Shipping checkpoints while the node runs. Whatever fails here is said, and stops nothing.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use accolade_domain::time::Timestamp;
use accolade_engine::disk::Disk;
use accolade_engine::objects::Objects;

use super::{Inner, lock};
use crate::checkpoint::Manifest;
use crate::ship::{List, Shipper, Sweeper, Taken, newest, read_shipped};
use accolade_engine::error::in_full;

/// The keys of a node's objects begin with this.
pub const KEYS: &str = "node";
/// How often objects are looked for that no list names.
const SWEEP_EVERY: Duration = Duration::from_mins(15);

/// Where a node ships its checkpoints.
#[derive(Debug, Clone)]
pub struct ShipOptions {
    /// The object storage; of others' objects in it none is touched.
    pub objects: Arc<dyn Objects>,
    /// Time between two lists.
    pub every: Duration,
}

/// How the shipping is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShippingStatus {
    /// The key of the last list; empty before the first.
    pub list: String,
    /// What was answered up to this time would survive the loss of the disk.
    pub covers: Timestamp,
    /// Why the last try failed; nothing where it did not.
    pub failure: Option<String>,
}

/// What the thread that writes checkpoints and the one that ships them share.
#[derive(Debug)]
pub(super) struct Shipping {
    options: ShipOptions,
    /// Nothing until the object storage has said what it holds. Locked while something is uploaded.
    shipper: Mutex<Option<Shipper>>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    taken: Option<Taken>,
    /// Nothing more will be offered.
    is_over: bool,
    status: ShippingStatus,
}

/// Offers checkpoints to the thread that ships them; dropped, it lets that thread end.
#[derive(Debug)]
pub(super) struct Offers {
    shipping: Arc<Shipping>,
    last: Option<Instant>,
}

impl Shipping {
    pub(super) fn new(options: ShipOptions) -> Self {
        let status = ShippingStatus { covers: now(), ..ShippingStatus::default() };
        let state = Mutex::new(State { taken: None, is_over: false, status });
        Self { options, shipper: Mutex::new(None), state, changed: Condvar::new() }
    }

    pub(super) fn status(&self) -> ShippingStatus {
        lock(&self.state).status.clone()
    }

    fn failed(&self, error: &dyn std::error::Error) {
        let failure = in_full(error);
        tracing::warn!(failure, "the checkpoint was not shipped");
        metrics::counter!("accolade_ship_failures_total").increment(1);
        lock(&self.state).status.failure = Some(failure);
    }

    /// Finds out what was shipped, and goes on from there.
    fn begin(&self, disk: &Arc<dyn Disk>) -> io::Result<Shipper> {
        let objects = &self.options.objects;
        let shipped = read_shipped(&**disk)?;
        let last = match (newest(&**objects, &format!("{KEYS}/"))?, shipped) {
            (None, _) => None,
            (Some(key), Some(shipped)) if shipped.list.name == key => Some(shipped.list),
            (Some(key), Some(shipped)) if shipped.knows(&key) => {
                Some(List::read(&key, &objects.get_all(&key)?)?)
            }
            (Some(key), _) => {
                let what = format!(
                    "the checkpoints there (`{key}`) are of another data directory: ship to a folder \
                     of this one's own, or bring that one back by `accolade restore`"
                );
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
            }
        };
        if let Some(last) = &last {
            let status = &mut lock(&self.state).status;
            (status.list, status.covers) = (last.name.clone(), last.covers);
        }
        let prefix = format!("{KEYS}/{:016x}", now().micros());
        Ok(Shipper::new(Arc::clone(objects), prefix, Arc::clone(disk), last))
    }

    fn upload(&self, taken: &Taken) -> Option<String> {
        let began = Instant::now();
        let mut guard = lock(&self.shipper);
        let shipper = guard.as_mut()?;
        match shipper.upload(taken, now()) {
            Ok(list) => {
                let covers = shipper.last().map(|list| list.covers).unwrap_or_default();
                let status = ShippingStatus { list: list.clone(), covers, failure: None };
                lock(&self.state).status = status;
                metrics::histogram!("accolade_ship_seconds").record(began.elapsed());
                Some(list)
            }
            Err(error) => {
                self.failed(&error);
                None
            }
        }
    }
}

impl Offers {
    pub(super) const fn new(shipping: Arc<Shipping>) -> Self {
        Self { shipping, last: None }
    }

    /// A checkpoint was just written: takes it where one is due, and the one before is on its way no
    /// more. The last one is waited for, unless the object storage does not answer.
    pub(super) fn offer(
        &mut self,
        manifest: &Manifest,
        (time, log_durable): (Timestamp, u64),
        is_last: bool,
    ) {
        let shipping = &*self.shipping;
        let is_due = self.last.is_none_or(|last| last.elapsed() >= shipping.options.every);
        let is_failing = || lock(&shipping.state).status.failure.is_some();
        if !is_due && !is_last || is_last && is_failing() {
            return;
        }
        let guard = match shipping.shipper.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) if is_last => lock(&shipping.shipper),
            Err(TryLockError::WouldBlock) => return,
        };
        // What was waited for may have shown that nobody answers.
        if is_last && is_failing() {
            return;
        }
        let Some(shipper) = guard.as_ref() else { return };
        self.last = Some(Instant::now());
        match shipper.take(manifest, time, Some(log_durable)) {
            Ok(taken) => {
                lock(&shipping.state).taken = Some(taken);
                shipping.changed.notify_all();
            }
            Err(error) => shipping.failed(&error),
        }
    }
}

impl Drop for Offers {
    fn drop(&mut self) {
        lock(&self.shipping.state).is_over = true;
        self.shipping.changed.notify_all();
    }
}

pub(super) fn run(inner: &Inner, shipping: &Shipping) {
    let mut sweeper = Sweeper::default();
    let mut swept: Option<Instant> = None;
    loop {
        if lock(&shipping.shipper).is_none() {
            match shipping.begin(inner.ground.disk()) {
                Ok(shipper) => *lock(&shipping.shipper) = Some(shipper),
                Err(error) => shipping.failed(&error),
            }
        }
        let state = lock(&shipping.state);
        let waits = |state: &mut State| state.taken.is_none() && !state.is_over;
        let waited = shipping.changed.wait_timeout_while(state, shipping.options.every, waits);
        let (taken, is_over) = {
            let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            (state.taken.take(), state.is_over)
        };
        let list = taken.and_then(|taken| shipping.upload(&taken));
        if is_over {
            return;
        }
        if let Some(list) = list
            && swept.is_none_or(|swept| swept.elapsed() >= SWEEP_EVERY)
        {
            swept = Some(Instant::now());
            match sweeper.sweep(&*shipping.options.objects, KEYS, &list) {
                Ok(done) => tracing::debug!(?done, "swept"),
                Err(error) => tracing::warn!(%error, "superseded objects were not swept"),
            }
        }
    }
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
