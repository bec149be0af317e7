//! The threads beside the fold: checkpoints and sealing; compression, merging and retention.

use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::shipping::Offers;
use super::{Inner, lock};
use crate::driver::checkpoints::{Checkpoints, Stepped};
use crate::driver::tidying::Tidying;
use crate::error::{Result, StorageError};
use crate::priority::give_way;
use accolade_engine::error::in_full;

/// How often small duties are looked at.
const TICK: Duration = Duration::from_millis(20);
/// Between two parts of a checkpoint: a fold that waits gets the lock before it is taken again.
const BREATH: Duration = Duration::from_millis(1);
/// How often tidying looks for something to do.
const TIDY_EVERY: Duration = Duration::from_millis(200);
/// Segments that may wait to be compressed until there is an idle moment.
const WAITING_MAX: usize = 64;

pub(super) fn checkpoints(
    inner: &Arc<Inner>,
    mut checkpoints: Checkpoints,
    mut offers: Option<Offers>,
) {
    let mut last = Instant::now();
    loop {
        // Read first: what the folds did before they ended must be in the last checkpoint.
        let is_last = inner.folds_running.load(Ordering::Acquire) == 0;
        let is_due = last.elapsed() >= inner.options.checkpoint_every;
        let done = small_duties(inner, &mut checkpoints).and_then(|()| {
            if inner.has_failed() || !(is_due || is_last) {
                return Ok(());
            }
            last = Instant::now();
            if checkpoint(inner, &mut checkpoints)? {
                offer(inner, &checkpoints, offers.as_mut(), is_last);
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

fn offer(inner: &Inner, checkpoints: &Checkpoints, offers: Option<&mut Offers>, is_last: bool) {
    if let (Some(offers), Some(manifest)) = (offers, checkpoints.last()) {
        let (time, log_durable) = (inner.ground.checkpointed_at(), inner.ground.log_synced());
        offers.offer(manifest, (time, log_durable), is_last);
    }
}

fn small_duties(inner: &Inner, checkpoints: &mut Checkpoints) -> Result<()> {
    checkpoints.small_duties(!inner.disk_full.load(Ordering::Relaxed))?;
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

/// Writes a checkpoint, and seals ids where there are many; none where a fold has failed, which ends the
/// node.
fn checkpoint(inner: &Inner, checkpoints: &mut Checkpoints) -> Result<bool> {
    let mut began = Instant::now();
    checkpoints.begin(inner.ground.ids_in_memory() >= inner.options.seal_ids);
    loop {
        match checkpoints.step(&inner.folds)? {
            Stepped::Idle => return Ok(true),
            Stepped::Refused => return Ok(false),
            Stepped::Taken => std::thread::sleep(BREATH),
            Stepped::Written => {
                metrics::histogram!("accolade_checkpoint_seconds").record(began.elapsed());
                began = Instant::now();
            }
            Stepped::Sealed => {
                metrics::histogram!("accolade_seal_seconds").record(began.elapsed());
            }
        }
    }
}

pub(super) fn tidy(inner: &Arc<Inner>) {
    let options = &inner.options;
    let tidying = Tidying::new(&inner.ground, options.log_days, options.log_bytes_max);
    let mut in_haste = false;
    give_way(in_haste);
    while !inner.log_ended.load(Ordering::Acquire) && !inner.has_failed() {
        match tidying.step() {
            // Only where there was something to do can much wait.
            Ok(Some(_)) => {
                let was = in_haste;
                in_haste = inner.ground.backing().waiting_to_pack() > WAITING_MAX;
                if in_haste != was {
                    give_way(in_haste);
                }
            }
            Ok(None) => std::thread::sleep(TIDY_EVERY),
            Err(error) => inner.fail(format!("tidying: {}", in_full(&error))),
        }
    }
}
