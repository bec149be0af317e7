//! Checkpoints, sealing, compression, merging and retention.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use accolade_domain::time::{DAY_MICROS, Timestamp};
use accolade_engine::disk::DiskFile;

use super::{Inner, lock};
use crate::checkpoint::{Checkpointer, Part, Sealing, Standing};
use crate::error::{Result, StorageError};
use crate::segment::{Family, create};
use crate::slices::Left;

/// The log's next segment, and those that it left.
#[derive(Debug, Default)]
pub(super) struct Spare {
    pub(super) wanted: Option<(u64, u64)>,
    pub(super) ready: Option<(u64, Arc<dyn DiskFile>)>,
    pub(super) left: Vec<Left>,
}

/// How often small duties are looked at.
const TICK: Duration = Duration::from_millis(20);
/// A dead letter is listed for 30 days; its bytes stay a little longer than any list.
const DEAD_LETTER_DAYS: i64 = 32;
/// Between two parts of a checkpoint: a fold that waits gets the lock before it is taken again.
const BREATH: Duration = Duration::from_millis(1);
/// How often tidying looks for something to do.
const TIDY_EVERY: Duration = Duration::from_millis(200);

pub(super) fn checkpoints(inner: &Arc<Inner>, mut checkpointer: Checkpointer) {
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
            checkpoint(inner, &mut checkpointer)
        });
        if let Err(error) = done {
            inner.fail(format!("no checkpoint: {}", super::writing::in_full(&error)));
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

/// Allocates ahead and closes what was left, so that neither stands in front of a batch.
fn small_duties(inner: &Inner) -> Result<()> {
    let (wanted, left) = {
        let mut spare = lock(&inner.log_spare);
        let wanted = spare.wanted.take().filter(|_| spare.ready.is_none());
        (wanted, std::mem::take(&mut spare.left))
    };
    if let Some((sequence, bytes)) = wanted
        && let Some(file) = allocate(inner, Family::Log, sequence, bytes)?
    {
        lock(&inner.log_spare).ready = Some((sequence, file));
    }
    if let Some((sequence, bytes)) = inner.backing.journal_spare_wanted()
        && let Some(file) = allocate(inner, Family::Journal, sequence, bytes)?
    {
        inner.backing.give_journal_spare(sequence, file);
    }
    for left in left.into_iter().chain(inner.backing.take_left()) {
        left.close()?;
    }
    watch_room(inner);
    Ok(())
}

/// Creates a segment ahead; nothing where its writer was faster or the disk is full.
fn allocate(
    inner: &Inner,
    family: Family,
    sequence: u64,
    bytes: u64,
) -> Result<Option<Arc<dyn DiskFile>>> {
    if inner.disk_full.load(Ordering::Relaxed) {
        return Ok(None);
    }
    match create(&*inner.disk, family, sequence, bytes) {
        Ok(file) => Ok(Some(file)),
        Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::StorageFull) => {
            Ok(None)
        }
        Err(source) => Err(StorageError::io(family.path(sequence), source)),
    }
}

/// Refuses intake while there is too little room, so that what was accepted can be folded.
fn watch_room(inner: &Inner) {
    if let Ok(room) = rustix::fs::statvfs(&inner.options.data_dir) {
        let free = room.f_bavail.saturating_mul(room.f_frsize);
        let is_full = free < inner.options.free_bytes_min;
        if inner.disk_full.swap(is_full, Ordering::Relaxed) != is_full {
            tracing::warn!(is_full, free, "the disk's room has crossed the limit for intake");
        }
    }
}

fn checkpoint(inner: &Inner, checkpointer: &mut Checkpointer) -> Result<()> {
    let began = Instant::now();
    let log_synced = inner.log_synced.load(Ordering::Acquire);
    let ids = inner.ids_in_memory.load(Ordering::Relaxed);
    let seal = ids >= inner.options.seal_ids;
    let mut parts = Vec::with_capacity(inner.cells.len());
    let mut standing = Vec::new();
    let mut ids = 0;
    for (at, cell) in inner.cells.iter().enumerate() {
        let between_frames = lock(&inner.frame_locks[at % inner.frame_locks.len()]);
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
    checkpointer.write(&parts, &inner.backing, log_synced, time)?;
    if let Some(needed) = needed {
        inner.log_needed_from.store(needed, Ordering::Relaxed);
    }
    inner.checkpointed_at.store(time.micros(), Ordering::Relaxed);
    metrics::histogram!("accolade_checkpoint_seconds").record(began.elapsed());
    if seal {
        let sealing = checkpointer.begin_sealing(parts, &standing, time)?;
        self::seal(inner, checkpointer, &sealing)?;
    }
    Ok(())
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
            Err(error) => inner.fail(format!("tidying: {}", super::writing::in_full(&error))),
        }
    }
}

/// Does the next piece of work; says whether there was any.
fn tidy_once(inner: &Inner) -> Result<bool> {
    let now = inner.log_time.load(Ordering::Relaxed);
    let lookup = &inner.backing.lookup;
    lookup.set_now_hour(Timestamp::from_micros(now).hour());
    if retain(inner, now)? {
        return Ok(true);
    }
    let io = |source| StorageError::io("lookup", source);
    if lookup.merge().map_err(io)? {
        return Ok(true);
    }
    if let Some((slices, sequence)) = inner.backing.next_to_pack()? {
        slices.pack(sequence)?;
        return Ok(true);
    }
    Ok(false)
}

/// Removes the oldest segment of the log where it is too old or the log too large; never one that the
/// last checkpoint, or the one before, needs.
fn retain(inner: &Inner, now: i64) -> Result<bool> {
    let closed = inner.backing.log.closed()?;
    let Some(oldest) = closed.first() else { return Ok(false) };
    let needed_from = inner.log_needed_from.load(Ordering::Relaxed);
    let bytes: u64 = closed.iter().map(|segment| segment.bytes).sum();
    let bytes_max = inner.options.log_bytes_max;
    let kept_since = now - i64::from(inner.options.log_days) * DAY_MICROS;
    let is_spent = oldest.newest.micros() < kept_since || (bytes_max > 0 && bytes > bytes_max);
    if is_spent && oldest.sequence < needed_from {
        inner.backing.log.remove(oldest.sequence)?;
        return Ok(true);
    }
    retain_dead_letters(inner, now)
}

/// Removes the bytes of dead letters that the lists have forgotten.
fn retain_dead_letters(inner: &Inner, now: i64) -> Result<bool> {
    let dead_letters = &inner.backing.dead_letters;
    let forgotten = now - DEAD_LETTER_DAYS * DAY_MICROS;
    let closed = dead_letters.closed()?;
    let Some(oldest) = closed.first().filter(|oldest| oldest.newest.micros() < forgotten) else {
        return Ok(false);
    };
    dead_letters.remove(oldest.sequence)?;
    Ok(true)
}
