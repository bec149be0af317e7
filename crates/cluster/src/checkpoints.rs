//! Checkpoints of the partitions that are here: written to this disk, then shipped, then named.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use accolade_domain::time::Timestamp;
use accolade_engine::disk::Disk;
use accolade_engine::ownership::Cursor;
use accolade_storage::disk::RealDisk;
use accolade_storage::error::{Result, StorageError, in_full};
use accolade_storage::home::{Home, HomeCheckpointer, HomeTidier};
use accolade_storage::ship::{self, GRACE_MICROS, Shipper, Sweeper};
use accolade_wire::bytes::BadFormat;

use crate::node::{Inner, lock};
use crate::seat::{Live, Seat};
use crate::takeover::NotTaken;

/// How often small duties are looked at.
const TICK: Duration = Duration::from_millis(200);

/// How often objects that no list names are looked for.
const SWEEP_EVERY: Duration = Duration::from_mins(10);

/// How long a checkpoint waits for the outputs of its batches, before the next one is tried.
const OUTPUTS_PATIENCE: Duration = Duration::from_secs(2);

/// What keeps a partition's checkpoints.
#[derive(Debug)]
pub(crate) struct Keeper {
    checkpointer: HomeCheckpointer,
    tidier: HomeTidier,
    shipper: Shipper,
    sweeper: Sweeper,
    swept_at: Instant,
    is_retired: bool,
}

impl Keeper {
    /// The first batch whose outputs may not have left: those of a shipped checkpoint have.
    pub(crate) fn unpublished(&self) -> std::result::Result<u64, NotTaken> {
        let Some(list) = self.shipper.last() else { return Ok(1) };
        next_batch(&list.cursor)
            .map_err(|bad| NotTaken::Stopped(format!("checkpoint `{}`: {bad}", list.name)))
    }
}

/// The batch after those that a checkpoint covers; one from before the first batch has no cursor.
fn next_batch(cursor: &[u8]) -> std::result::Result<u64, BadFormat> {
    if cursor.is_empty() { Ok(1) } else { Ok(Cursor::read(cursor)?.next_batch) }
}

/// Opens the partition's files for an owner of `epoch`: those on this disk if the latest checkpoint is
/// its own, or else those that were shipped.
pub(crate) fn open_home(
    inner: &Arc<Inner>,
    partition: u16,
    epoch: u64,
    checkpoint: &str,
    order: &Range<i64>,
) -> std::result::Result<(Home, Keeper, Cursor), NotTaken> {
    retire(inner, partition);
    let folder = folder(inner, partition);
    let began = Instant::now();
    let disk = local(&folder)?;
    let shipped = ship::read_shipped(&*disk)?;
    let is_own = shipped.as_ref().map_or(checkpoint.is_empty(), |own| own.knows(checkpoint));
    let (disk, last) = match shipped {
        Some(shipped) if is_own => {
            let list = shipped.list;
            (ship::borrow(&inner.objects, &list, disk, &inner.cache)?, Some(list))
        }
        None if is_own => (disk, None),
        _ if checkpoint.is_empty() => {
            drop(disk);
            std::fs::remove_dir_all(&folder).map_err(|error| io(&folder, error))?;
            (local(&folder)?, None)
        }
        _ => {
            let (disk, list) = ship::fetch(&inner.objects, checkpoint, disk, &inner.cache)?;
            (disk, Some(list))
        }
    };
    let mut home = Home::open(Arc::clone(&disk), partition, &inner.options.files)?;
    // At a start the first control record, which names the cluster, may still be on its way.
    inner.wait_for_control(1)?;
    let (own, cluster) = (home.partition().rules(), inner.control.rules());
    let id = &own.settings.cluster_id;
    if !id.is_empty() && *id != cluster.settings.cluster_id {
        return Err(NotTaken::Stopped(format!(
            "`{}` belongs to the cluster {id}, and this is {}",
            folder.display(),
            cluster.settings.cluster_id
        )));
    }
    let cursor = match home.cursor() {
        Some(bytes) => Cursor::read(bytes).map_err(|bad| {
            NotTaken::Stopped(format!("checkpoint of partition {partition}: {bad}"))
        })?,
        None if order.start > 0 => {
            return Err(NotTaken::Stopped(format!(
                "the order of partition {partition} begins at offset {}, and there is no checkpoint to \
                 go on from: bring back the object storage that belongs to this cluster",
                order.start
            )));
        }
        None => Cursor::start(0),
    };
    if cursor.next < order.start {
        return Err(NotTaken::Stopped(format!(
            "the order of partition {partition} begins at offset {}, and its checkpoint `{checkpoint}` \
             needs it from {}: retention was faster than checkpoints",
            order.start, cursor.next
        )));
    }
    let prefix = format!("p{partition:04}/{epoch:020}");
    let shipper = Shipper::new(Arc::clone(&inner.objects), prefix, disk, last);
    let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(partition, epoch, is_own, next_batch = cursor.next_batch, millis, "opened");
    let checkpointer = home.take_checkpointer();
    let tidier = home.tidier(inner.options.log_bytes_max / inner.seats.len() as u64);
    let keeper = Keeper {
        checkpointer,
        tidier,
        shipper,
        sweeper: Sweeper::new(GRACE_MICROS),
        swept_at: Instant::now(),
        is_retired: false,
    };
    Ok((home, keeper, cursor))
}

fn folder(inner: &Inner, partition: u16) -> PathBuf {
    inner.options.data_dir.join(format!("partitions/p{partition:04}"))
}

fn io(folder: &std::path::Path, error: std::io::Error) -> StorageError {
    StorageError::io(folder.display().to_string(), error)
}

fn local(folder: &std::path::Path) -> Result<Arc<dyn Disk>> {
    std::fs::create_dir_all(folder).map_err(|error| io(folder, error))?;
    Ok(Arc::new(RealDisk::open(folder).map_err(|error| io(folder, error))?))
}

/// Waits until nobody writes to the partition's folder any more.
fn retire(inner: &Inner, partition: u16) {
    let keeper = lock(&inner.keepers[usize::from(partition)]).take();
    if let Some(keeper) = keeper {
        lock(&keeper).is_retired = true;
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

fn keep(inner: &Arc<Inner>, partition: u16) -> std::result::Result<(), Kept> {
    let at = usize::from(partition);
    let Some(keeper) = lock(&inner.keepers[at]).clone() else { return Ok(()) };
    let mut keeper = lock(&keeper);
    if keeper.is_retired {
        return Ok(());
    }
    let began = Instant::now();
    let taken = with_live(inner, partition, |live| {
        let partition = live.home.partition();
        let seals = partition.ids().len() >= inner.options.seal_ids / inner.seats.len();
        let part = live.home.take_part(seals)?;
        let partition = live.home.partition();
        Some((part, partition.time(), partition.next_batch(), live.holder.epoch()))
    });
    let Some((part, time, next_batch, epoch)) = taken.flatten() else { return Ok(()) };
    let manifest = keeper.checkpointer.write(part, time).map_err(Kept::NotWritten)?;
    wait_for_outputs(inner, partition, next_batch).map_err(Kept::NotShipped)?;
    let name = keeper.shipper.ship(&manifest, time).map_err(Kept::NotShipped)?;
    with_live(inner, partition, |live| live.to_name.clone_from(&name));
    if keeper.swept_at.elapsed() >= SWEEP_EVERY {
        keeper.swept_at = Instant::now();
        let prefix = format!("p{partition:04}");
        let swept = keeper.sweeper.sweep(&*inner.objects, &prefix, &name);
        let swept = swept.map_err(|error| Kept::NotShipped(error.into()))?;
        tracing::debug!(partition, ?swept, "objects that no list names");
    }
    inner.announce(partition, epoch, name);
    inner.checkpointed_at.store(time.micros(), Ordering::Relaxed);
    metrics::histogram!("accolade_checkpoint_seconds").record(began.elapsed());
    Ok(())
}

/// A new owner has the records only of batches that its checkpoint does not cover.
fn wait_for_outputs(inner: &Inner, partition: u16, next_batch: u64) -> std::io::Result<()> {
    let until = Instant::now() + OUTPUTS_PATIENCE;
    while inner.published[usize::from(partition)].load(Ordering::Acquire) < next_batch {
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
    let Some(keeper) = lock(&inner.keepers[usize::from(partition)]).clone() else { return };
    let keeper: &Mutex<Keeper> = &keeper;
    let keeper = lock(keeper);
    if keeper.is_retired {
        return;
    }
    keeper.tidier.keep_from(inner.published[usize::from(partition)].load(Ordering::Acquire));
    if let Err(error) = keeper.tidier.tidy(inner.clock.now()) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_from_before_the_first_batch_covers_nothing() {
        assert_eq!(next_batch(&[]).unwrap(), 1);
        let mut cursor = Vec::new();
        Cursor { next_batch: 7, ..Cursor::start(0) }.write(&mut cursor);
        assert_eq!(next_batch(&cursor).unwrap(), 7);
        assert!(next_batch(&cursor[1..]).is_err());
    }
}
