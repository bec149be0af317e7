//! Checkpoints, sealing, compression, merging and retention.

use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use accolade_domain::time::{DAY_MICROS, Timestamp};
use accolade_engine::disk::DiskFile;

use super::shipping::Offers;
use super::{Inner, lock};
use crate::checkpoint::{Checkpointer, Part, Sealing, Standing};
use crate::error::{Result, StorageError, in_full};
use crate::segment::Family;
use crate::slices::Left;
use crate::tidying::{self, Kept};

/// The log's next segment, and those that it left.
#[derive(Debug, Default)]
pub(super) struct Spare {
    pub(super) wanted: Option<(u64, u64)>,
    pub(super) ready: Option<(u64, Arc<dyn DiskFile>)>,
    pub(super) left: Vec<Left>,
}

/// How often small duties are looked at.
const TICK: Duration = Duration::from_millis(20);
/// Between two parts of a checkpoint: a fold that waits gets the lock before it is taken again.
const BREATH: Duration = Duration::from_millis(1);
/// How often tidying looks for something to do.
const TIDY_EVERY: Duration = Duration::from_millis(200);

pub(super) fn checkpoints(
    inner: &Arc<Inner>,
    mut checkpointer: Checkpointer,
    mut offers: Option<Offers>,
) {
    let mut last = Instant::now();
    loop {
        // Read first: what the folds did before they ended must be in the last checkpoint.
        let is_last = inner.folds_running.load(Ordering::Acquire) == 0;
        let is_due = last.elapsed() >= inner.options.checkpoint_every;
        let done = small_duties(inner).and_then(|()| {
            if inner.has_failed() || !(is_due || is_last) {
                return Ok(());
            }
            last = Instant::now();
            if checkpoint(inner, &mut checkpointer)? {
                offer(inner, &checkpointer, offers.as_mut(), is_last);
            }
            Ok(())
        });
        if let Err(error) = done {
            inner.fail(format!("no checkpoint: {}", in_full(&error)));
        }
        if is_last {
            return;
        }
        let (flag, condition) = &inner.wake;
        let woken = lock(flag);
        let waited = condition.wait_timeout_while(woken, TICK, |woken| !*woken);
        *waited.unwrap_or_else(std::sync::PoisonError::into_inner).0 = false;
    }
}

fn offer(inner: &Inner, checkpointer: &Checkpointer, offers: Option<&mut Offers>, is_last: bool) {
    if let (Some(offers), Some(manifest)) = (offers, checkpointer.last()) {
        let time = Timestamp::from_micros(inner.checkpointed_at.load(Ordering::Relaxed));
        let log_durable = inner.log_synced.load(Ordering::Acquire);
        offers.offer(manifest, (time, log_durable), is_last);
    }
}

/// Allocates ahead and closes what was left, so that neither stands in front of a batch.
fn small_duties(inner: &Inner) -> Result<()> {
    let (wanted, left) = {
        let mut spare = lock(&inner.log_spare);
        let wanted = spare.wanted.take().filter(|_| spare.ready.is_none());
        (wanted, std::mem::take(&mut spare.left))
    };
    if !inner.disk_full.load(Ordering::Relaxed) {
        if let Some(wanted) = wanted
            && let Some(file) = tidying::allocate(&*inner.disk, Family::Log, wanted)?
        {
            lock(&inner.log_spare).ready = Some((wanted.0, file));
        }
        tidying::allocate_journal(&*inner.disk, &inner.backing)?;
    }
    for left in left {
        left.close()?;
    }
    tidying::close_left(&inner.backing)?;
    watch_room(inner);
    is_ours(inner).map_err(|source| StorageError::io("LOCK", source))
}

/// Fails where the directory was removed under the node, or another put in its place: what is written
/// to open files would be gone with them, however durable.
fn is_ours(inner: &Inner) -> std::io::Result<()> {
    let (ours, there) =
        (inner.lock_file.metadata()?, std::fs::metadata(inner.options.data_dir.join("LOCK"))?);
    if (ours.dev(), ours.ino()) == (there.dev(), there.ino()) {
        return Ok(());
    }
    Err(std::io::Error::other("another directory was put in the place of the node's own"))
}

/// Refuses intake while there is too little room, so that what was accepted can be folded.
fn watch_room(inner: &Inner) {
    if let Ok(free) = crate::disk::free_bytes(&inner.options.data_dir) {
        let is_full = free < inner.options.free_bytes_min;
        if inner.disk_full.swap(is_full, Ordering::Relaxed) != is_full {
            tracing::warn!(is_full, free, "the disk's room has crossed the limit for intake");
        }
    }
}

/// Writes a checkpoint; none where a fold has failed, which ends the node.
fn checkpoint(inner: &Inner, checkpointer: &mut Checkpointer) -> Result<bool> {
    let began = Instant::now();
    let log_synced = inner.log_synced.load(Ordering::Acquire);
    let ids = inner.ids_in_memory.load(Ordering::Relaxed);
    let seal = ids >= inner.options.seal_ids;
    let mut parts = Vec::with_capacity(inner.cells.len());
    let mut standing = Vec::new();
    let mut ids = 0;
    for (at, cell) in inner.cells.iter().enumerate() {
        let frames = &inner.frame_locks[at % inner.frame_locks.len()];
        let Some(between_frames) = frames.between_frames() else { return Ok(false) };
        let mut guard = lock(cell);
        let cell = &mut *guard;
        if cell.partition.stands() {
            standing.push(Standing::copy(&cell.partition));
        } else {
            parts.push(Part::take(&mut cell.partition, cell.folded_to, seal));
        }
        ids += cell.partition.ids().len();
        drop((guard, between_frames));
        std::thread::sleep(BREATH);
    }
    inner.ids_in_memory.store(ids, Ordering::Relaxed);
    let time = Timestamp::from_micros(inner.log_time.load(Ordering::Relaxed));
    let needed = checkpointer.last().map(|last| last.log_from.sequence);
    checkpointer.write(&mut parts, &inner.backing, log_synced, time)?;
    if let Some(needed) = needed {
        inner.log_needed_from.store(needed, Ordering::Relaxed);
    }
    inner.checkpointed_at.store(time.micros(), Ordering::Relaxed);
    metrics::histogram!("accolade_checkpoint_seconds").record(began.elapsed());
    if seal {
        let sealing = checkpointer.begin_sealing(parts, &standing, time)?;
        self::seal(inner, checkpointer, &sealing)?;
    }
    Ok(true)
}

fn seal(inner: &Inner, checkpointer: &mut Checkpointer, sealing: &Sealing) -> Result<()> {
    let began = Instant::now();
    sealing.write(&inner.backing)?;
    for partition in sealing.partitions() {
        lock(&inner.cells[usize::from(partition)]).partition.ids_mut().sealed();
    }
    checkpointer.sealed(sealing);
    metrics::histogram!("accolade_seal_seconds").record(began.elapsed());
    Ok(())
}

pub(super) fn tidy(inner: &Arc<Inner>) {
    if rustix::process::nice(10).is_err() {
        tracing::debug!("tidying runs at the usual priority");
    }
    while !inner.log_ended.load(Ordering::Acquire) && !inner.has_failed() {
        match tidy_once(inner) {
            Ok(true) => {}
            Ok(false) => std::thread::sleep(TIDY_EVERY),
            Err(error) => inner.fail(format!("tidying: {}", in_full(&error))),
        }
    }
}

/// Does the next piece of work; says whether there was any.
fn tidy_once(inner: &Inner) -> Result<bool> {
    let now = Timestamp::from_micros(inner.log_time.load(Ordering::Relaxed));
    let backing = &inner.backing;
    if tidying::retain_log(&backing.log, kept(inner, now))?
        || tidying::retain_dead_letters(backing, now)?
        || tidying::merge(backing, now)?
    {
        return Ok(true);
    }
    if let Some((slices, sequence)) = inner.backing.next_to_pack()? {
        slices.pack(sequence)?;
        return Ok(true);
    }
    Ok(false)
}

/// What of the log is kept: never less than the last checkpoint, or the one before, needs.
fn kept(inner: &Inner, now: Timestamp) -> Kept {
    let from = inner.log_needed_from.load(Ordering::Relaxed);
    let since = now.micros() - i64::from(inner.options.log_days) * DAY_MICROS;
    Kept { since, bytes_max: inner.options.log_bytes_max, from }
}
