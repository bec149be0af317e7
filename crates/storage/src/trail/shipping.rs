//! Shipping the trail. Whatever fails here is said, and stops nothing.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use accolade_engine::error::in_full;

use super::elsewhere::{chain_prefix, lists};
use super::{Durable, Inner};
use crate::driver::lock;
use crate::node::{ShipOptions, now};
use crate::ship::{List, Shipper, Sweeper, Taken, read_shipped};

/// How often objects are looked for that no list names.
const SWEEP_EVERY: Duration = Duration::from_mins(15);

#[derive(Debug)]
pub(super) struct Shipping {
    options: ShipOptions,
    failure: Mutex<Option<String>>,
}

impl Shipping {
    pub(super) fn new(options: ShipOptions) -> Self {
        Self { options, failure: Mutex::default() }
    }

    pub(super) fn failure(&self) -> Option<String> {
        lock(&self.failure).clone()
    }

    fn tell(&self, failure: Option<String>) {
        if let Some(failure) = &failure {
            tracing::warn!(failure, "the audit trail was not shipped");
            metrics::counter!("accolade_trail_ship_failures_total").increment(1);
        }
        *lock(&self.failure) = failure;
    }
}

/// What was shipped so far.
#[derive(Default)]
struct Progress {
    shipper: Option<(u64, Shipper)>,
    /// The number of the next record when it was shipped last.
    next: u64,
    sweeper: Sweeper,
    swept: Option<Instant>,
}

pub(super) fn run(inner: &Inner) {
    let Some(shipping) = &inner.shipping else { return };
    let mut progress = Progress::default();
    loop {
        let is_closed = {
            let queue = lock(&inner.queue);
            inner.wait(queue, shipping.options.every, |queue| !queue.is_closed).is_closed
        };
        if inner.is_crashed.load(Ordering::Acquire) {
            return;
        }
        if is_closed {
            // What waited is written first.
            inner.until_written();
        }
        let shipped = progress.ship(inner, shipping);
        shipping.tell(shipped.err().map(|error| in_full(&error)));
        if is_closed {
            return;
        }
    }
}

impl Progress {
    fn ship(&mut self, inner: &Inner, shipping: &Shipping) -> io::Result<()> {
        let Durable { position: Some(position), end: Some(end) } = *lock(&inner.durable) else {
            return Ok(());
        };
        if self.next == end.next {
            return Ok(());
        }
        let objects = &shipping.options.objects;
        let shipper = match &mut self.shipper {
            Some((chain, shipper)) if *chain == end.chain => shipper,
            _ => &mut self.shipper.insert((end.chain, begin(inner, shipping, end.chain)?)).1,
        };
        let cursor = inner.options.node.clone().into_bytes();
        let taken = Taken::take_trail(&*inner.disk, position, end.at, cursor, shipper.last())?;
        let list = shipper.upload(&taken, now())?;
        self.next = end.next;
        if self.swept.is_none_or(|swept| swept.elapsed() >= SWEEP_EVERY) {
            self.swept = Some(Instant::now());
            self.sweeper.sweep(&**objects, &chain_prefix(end.chain), &list)?;
        }
        Ok(())
    }
}

/// Finds out what was shipped of the chain, and goes on from there.
fn begin(inner: &Inner, shipping: &Shipping, chain: u64) -> io::Result<Shipper> {
    let objects = &shipping.options.objects;
    let shipped = read_shipped(&*inner.disk)?;
    let newest = lists(&**objects)?.remove(&chain);
    let last = match (newest, shipped) {
        (None, _) => None,
        (Some((key, _)), Some(shipped)) if shipped.list.name == key => Some(shipped.list),
        (Some((key, _)), Some(shipped)) if shipped.knows(&key) => {
            Some(List::read(&key, &objects.get_all(&key)?)?)
        }
        (Some((key, _)), _) => {
            let what = format!(
                "the chain there (`{key}`) goes on otherwise than this data directory's: two nodes run on \
                 copies of one directory, or it was put back to an earlier state"
            );
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
        }
    };
    let prefix = format!("{}/{:016x}", chain_prefix(chain), now().micros());
    Ok(Shipper::new(Arc::clone(objects), prefix, Arc::clone(&inner.disk), last))
}
