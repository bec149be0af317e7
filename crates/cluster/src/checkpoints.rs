//! The thread that keeps checkpoints of the partitions that are here, and their files in order.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use accolade_domain::time::Timestamp;
use accolade_engine::error::in_full;
use accolade_storage::error::StorageError;

use crate::driver::keeper::{Keeper, Shipped, Written};
use crate::driver::seat::Live;
use crate::node::{Inner, lock};
use crate::seat::Seat;

/// How often small duties are looked at.
const TICK: Duration = Duration::from_millis(200);

/// How often objects that no list names are looked for.
const SWEEP_EVERY: Duration = Duration::from_mins(10);

/// How long a checkpoint waits for the outputs of its batches, before the next one is tried.
const OUTPUTS_PATIENCE: Duration = Duration::from_secs(2);

/// A keeper with when it last swept, and whether it has a successor.
#[derive(Debug)]
pub(crate) struct Keeping {
    keeper: Keeper,
    swept_at: Instant,
    is_retired: bool,
}

impl Keeping {
    pub(crate) fn new(keeper: Keeper) -> Self {
        Self { keeper, swept_at: Instant::now(), is_retired: false }
    }
}

impl Inner {
    /// Waits until nobody writes to the partition's folder any more.
    pub(crate) fn retire(&self, partition: u16) {
        let keeping = lock(&self.keepers[usize::from(partition)]).take();
        if let Some(keeping) = keeping {
            lock(&keeping).is_retired = true;
        }
    }
}

/// Keeps partitions in turn, so that they do not all burden the machine at once.
pub(crate) fn run(inner: &Arc<Inner>) {
    let partitions = inner.log.partitions();
    let every = inner.options.checkpoint_every;
    let turn = every / u32::from(partitions);
    let (mut next, mut due) = (0, Instant::now() + turn);
    while !inner.is_stopping() {
        std::thread::sleep(TICK);
        watch_room(inner);
        // Where shipping is slow, turns that were missed are left out.
        due = due.max(Instant::now().checked_sub(every).unwrap_or(due));
        for _ in 0..partitions {
            if Instant::now() < due || !keep_or_fail(inner, next) {
                break;
            }
            (next, due) = ((next + 1) % partitions, due + turn);
        }
        for partition in 0..partitions {
            tidy(inner, partition);
        }
    }
}

/// Writes and ships a checkpoint of every partition that is here.
pub(crate) fn keep_all(inner: &Arc<Inner>) {
    for partition in 0..inner.log.partitions() {
        if !keep_or_fail(inner, partition) {
            return;
        }
    }
}

/// Says whether the node may go on.
fn keep_or_fail(inner: &Arc<Inner>, partition: u16) -> bool {
    match keep(inner, partition) {
        Ok(()) => true,
        // The order goes on; whoever takes the partition over folds a little more.
        Err(Kept::NotShipped(error)) => {
            tracing::warn!(partition, error = in_full(&error), "a checkpoint could not be shipped");
            metrics::counter!("accolade_ship_failures_total").increment(1);
            true
        }
        Err(Kept::NotWritten(error)) => {
            inner.fail(format!("no checkpoint of partition {partition}: {}", in_full(&error)));
            false
        }
    }
}

enum Kept {
    NotShipped(std::io::Error),
    NotWritten(StorageError),
}

fn keep(inner: &Arc<Inner>, partition: u16) -> Result<(), Kept> {
    let at = usize::from(partition);
    let Some(keeping) = lock(&inner.keepers[at]).clone() else { return Ok(()) };
    let mut keeping = lock(&keeping);
    if keeping.is_retired {
        return Ok(());
    }
    let began = Instant::now();
    let seal_ids = inner.options.seal_ids / inner.seats.len();
    let given = with_live(inner, partition, |live| live.give(seal_ids));
    let Some(given) = given.flatten() else { return Ok(()) };
    let keeper = &mut keeping.keeper;
    let written = keeper.write(given).map_err(Kept::NotWritten)?;
    wait_for_outputs(inner, partition, &written).map_err(Kept::NotShipped)?;
    let to_ship = keeper.take(&written).map_err(Kept::NotShipped)?;
    let shipped = keeper.upload(&to_ship).map_err(Kept::NotShipped)?;
    let Shipped { name, epoch, time, cursor } = shipped;
    with_live(inner, partition, |live| {
        live.name(&name);
        live.shown.rereading.shipped(cursor);
    });
    if keeping.swept_at.elapsed() >= SWEEP_EVERY {
        keeping.swept_at = Instant::now();
        let swept = keeping.keeper.sweep(&inner.objects, &name).map_err(Kept::NotShipped)?;
        tracing::debug!(partition, ?swept, "objects that no list names");
    }
    inner.announce(partition, epoch, name);
    inner.checkpointed_at.store(time.micros(), Ordering::Relaxed);
    metrics::histogram!("accolade_checkpoint_seconds").record(began.elapsed());
    Ok(())
}

fn wait_for_outputs(inner: &Inner, partition: u16, written: &Written) -> std::io::Result<()> {
    let until = Instant::now() + OUTPUTS_PATIENCE;
    let published = &inner.published[usize::from(partition)];
    while !written.may_be_shipped(published.load(Ordering::Acquire)) {
        if Instant::now() > until || inner.is_stopping() {
            return Err(std::io::Error::other("its outputs have not left yet"));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

fn with_live<T>(inner: &Inner, partition: u16, work: impl FnOnce(&mut Live) -> T) -> Option<T> {
    match &mut *lock(&inner.seats[usize::from(partition)]) {
        Seat::Live(live) => Some(work(live)),
        Seat::Empty | Seat::Taking => None,
    }
}

/// Closes, compresses, merges and removes what is due.
fn tidy(inner: &Arc<Inner>, partition: u16) {
    let Some(keeping) = lock(&inner.keepers[usize::from(partition)]).clone() else { return };
    let keeping: &Mutex<Keeping> = &keeping;
    let keeping = lock(keeping);
    if keeping.is_retired {
        return;
    }
    let tidier = keeping.keeper.tidier();
    tidier.keep_from(inner.published[usize::from(partition)].load(Ordering::Acquire));
    if let Err(error) = tidier.tidy(inner.clock.now()) {
        inner.fail(format!("tidying partition {partition}: {}", in_full(&error)));
    }
}

/// Refuses intake while there is too little room, so that what was accepted can be folded.
fn watch_room(inner: &Inner) {
    let free = accolade_storage::disk::free_bytes(&inner.options.data_dir);
    if let Ok(free) = free {
        let is_full = free < inner.options.free_bytes_min;
        if inner.disk_full.swap(is_full, Ordering::Relaxed) != is_full {
            tracing::warn!(is_full, free, "the disk's room has crossed the limit for intake");
        }
    }
}

/// When the last checkpoint was shipped, by its batches' time.
pub(crate) fn last(inner: &Inner) -> Timestamp {
    Timestamp::from_micros(inner.checkpointed_at.load(Ordering::Relaxed))
}
