//! The thread that writes the log: group commit, then answers, then the folds.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;

use super::clock::LogClock;
use super::fold::{Job, Watch};
use super::{Inner, lock, random};
use crate::error::{Result, StorageError, in_full};
use crate::log::LogWriter;
use crate::slices::Left;
use accolade_engine::intake::{Refused, Submission};

/// Bytes of records in one frame, after which the rest waits for the next.
const FRAME_BYTES_MAX: usize = 4 << 20;
/// The time between two frames, unless much waits: fewer and larger batches cost less everywhere.
const FRAME_GAP: Duration = Duration::from_millis(1);
/// How long the log is left alone at the most; timers become due meanwhile.
const PATIENCE: Duration = Duration::from_millis(20);
/// Every partition gets a batch at least this often.
const HEARTBEAT_MICROS: i64 = 10_000_000;

pub(super) fn run(inner: &Arc<Inner>, mut log: LogWriter, mut clock: LogClock) {
    let raised = rustix::process::nice(-10).is_ok();
    tracing::info!(raised, "the log writer asks for a higher priority");
    if let Err(error) = write(inner, &mut log, &mut clock) {
        inner.fail(format!("the log cannot be written: {}", in_full(&error)));
    }
    inner.log_ended.store(true, Ordering::Release);
    for fold in &inner.folds {
        fold.close();
    }
    let mut left_over = Vec::new();
    while !inner.intake.take(Duration::ZERO, usize::MAX, &mut left_over) {
        for submission in left_over.drain(..) {
            submission.caller.refused(Refused::Stopping);
        }
    }
}

fn write(inner: &Inner, log: &mut LogWriter, clock: &mut LogClock) -> Result<()> {
    let fsync_seconds = metrics::histogram!("accolade_log_commit_seconds");
    let frame_records = metrics::histogram!("accolade_log_frame_records");
    let mut taken: Vec<Submission> = Vec::new();
    let mut last_frame = Instant::now();
    let mut last_beat = i64::MIN;
    loop {
        let is_over = inner.intake.take(PATIENCE, FRAME_BYTES_MAX, &mut taken);
        let bytes: usize = taken.iter().map(|submission| submission.records.len()).sum();
        let gap = FRAME_GAP.saturating_sub(last_frame.elapsed());
        if !taken.is_empty() && bytes < FRAME_BYTES_MAX / 8 && !gap.is_zero() {
            std::thread::sleep(gap);
            inner.intake.take(Duration::ZERO, FRAME_BYTES_MAX, &mut taken);
        }
        let (now, stepped) = clock.now();
        if inner.clock_stepped.swap(stepped, Ordering::Relaxed) != stepped {
            tracing::error!(stepped, "the clock is more than an hour from where it should be");
        }
        let places = put(log, &mut taken);
        want_batches(inner, log, now, &mut last_beat);
        if !log.has_staged() {
            if is_over {
                return Ok(());
            }
            continue;
        }
        take_spare(inner, log);
        let began = Instant::now();
        let (frame, left) = match log.commit(now, random()?) {
            Ok(committed) => committed,
            Err(error) if is_full(&error) && log.undo() => {
                inner.disk_full.store(true, Ordering::Relaxed);
                for submission in taken.drain(..) {
                    submission.caller.refused(Refused::DiskFull);
                }
                continue;
            }
            Err(error) => {
                for submission in taken.drain(..) {
                    submission.caller.refused(Refused::Stopping);
                }
                return Err(error);
            }
        };
        last_frame = Instant::now();
        fsync_seconds.record(began.elapsed());
        #[expect(clippy::cast_precision_loss, reason = "a count of records, for a histogram")]
        frame_records.record(places.len() as f64);
        inner.log_time.store(frame.moment.time.micros(), Ordering::Relaxed);
        inner.log_synced.store(frame.after.next_frame - 1, Ordering::Release);
        hand_on(inner, taken.drain(..), &places, frame);
        if let Some(left) = left {
            leave(inner, left);
        }
    }
}

/// Puts all records into their batches and returns their places, in order.
fn put(log: &mut LogWriter, taken: &mut [Submission]) -> Vec<Place> {
    let mut places = Vec::new();
    for submission in taken {
        let mut records = &submission.records[..];
        for (partition, length) in &submission.parts {
            let (record, rest) = records.split_at(*length as usize);
            records = rest;
            let put = match partition {
                Some(partition) => log.put(*partition, record),
                None => log.put_control(record),
            };
            let (batch, slot) = put.expect("a frame's bytes are limited so that its slots suffice");
            places.push(Place { partition: partition.unwrap_or(0), batch, slot, number: 0 });
        }
    }
    places
}

fn want_batches(inner: &Inner, log: &mut LogWriter, now: Timestamp, last_beat: &mut i64) {
    let beats = now.micros() >= last_beat.saturating_add(HEARTBEAT_MICROS);
    if beats {
        *last_beat = now.micros();
    }
    for (partition, due) in (0..).zip(&inner.due) {
        if beats || due.load(Ordering::Relaxed) <= now.micros() {
            log.want_batch(partition);
            due.store(i64::MAX, Ordering::Relaxed);
        }
    }
}

fn take_spare(inner: &Inner, log: &mut LogWriter) {
    let writer = log.writer().writer();
    if writer.wants_spare() {
        let mut spare = lock(&inner.log_spare);
        spare.wanted = Some(writer.spare_wanted());
        if let Some((sequence, file)) = spare.ready.take() {
            writer.give_spare(sequence, file);
        }
    }
}

fn is_full(error: &StorageError) -> bool {
    matches!(error, StorageError::Io { source, .. }
        if matches!(source.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded))
}

/// Answers the callers and gives the frame to the folds.
fn hand_on(
    inner: &Inner,
    taken: impl Iterator<Item = Submission>,
    places: &[Place],
    frame: crate::log::LogFrame,
) {
    let mut watches = Vec::new();
    let mut oldest = None;
    let mut at = 0;
    for submission in taken {
        let own = &places[at..at + submission.parts.len()];
        at += own.len();
        oldest = oldest.or(Some(submission.taken_at));
        if submission.wants_outcomes {
            for (index, place) in own.iter().enumerate() {
                let caller = Arc::clone(&submission.caller);
                watches.push(Watch { place: *place, index, caller });
            }
        }
        submission.caller.durable();
    }
    watches.sort_by_key(|watch| (watch.place.partition, watch.place.slot));
    let job = Arc::new(Job { frame, watches, oldest });
    for fold in &inner.folds {
        inner.lag_bytes.fetch_add(job.frame.byte_count(), Ordering::Relaxed);
        fold.push(Arc::clone(&job));
    }
}

fn leave(inner: &Inner, left: Left) {
    lock(&inner.log_spare).left.push(left);
    inner.wake_background();
}
