//! The thread that writes the log: group commit, then answers, then the folds.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::Inner;
use super::clock::LogClock;
use crate::driver::log::{Job, Log};
use crate::error::Result;
use crate::random::random;
use accolade_engine::error::in_full;
use accolade_engine::intake::{Refused, Submission};

/// Bytes of records in one frame, after which the rest waits for the next.
const FRAME_BYTES_MAX: usize = 4 << 20;
/// The time between two frames, unless much waits: fewer and larger batches cost less everywhere.
const FRAME_GAP: Duration = Duration::from_millis(1);
/// How long the log is left alone at the most; timers become due meanwhile.
const PATIENCE: Duration = Duration::from_millis(20);

pub(super) fn run(inner: &Arc<Inner>, mut log: Log, mut clock: LogClock) {
    let raised = rustix::process::nice(-10).is_ok();
    tracing::info!(raised, "the log writer asks for a higher priority");
    if let Err(error) = write(inner, &mut log, &mut clock) {
        inner.fail(format!("the log cannot be written: {}", in_full(&error)));
    }
    inner.log_ended.store(true, Ordering::Release);
    for queue in &inner.queues {
        queue.close();
    }
    let mut left_over = Vec::new();
    while !inner.intake.take(Duration::ZERO, usize::MAX, &mut left_over) {
        for submission in left_over.drain(..) {
            submission.caller.refused(Refused::Stopping);
        }
    }
}

fn write(inner: &Inner, log: &mut Log, clock: &mut LogClock) -> Result<()> {
    let fsync_seconds = metrics::histogram!("accolade_log_commit_seconds");
    let frame_records = metrics::histogram!("accolade_log_frame_records");
    let mut came_in: Vec<Submission> = Vec::new();
    let mut last_frame = Instant::now();
    loop {
        let is_over = inner.intake.take(PATIENCE, FRAME_BYTES_MAX, &mut came_in);
        let bytes: usize = came_in.iter().map(|submission| submission.records.len()).sum();
        let gap = FRAME_GAP.saturating_sub(last_frame.elapsed());
        if !came_in.is_empty() && bytes < FRAME_BYTES_MAX / 8 && !gap.is_zero() {
            std::thread::sleep(gap);
            inner.intake.take(Duration::ZERO, FRAME_BYTES_MAX, &mut came_in);
        }
        let (now, stepped) = clock.now();
        if inner.clock_stepped.swap(stepped, Ordering::Relaxed) != stepped {
            tracing::error!(stepped, "the clock is more than an hour from where it should be");
        }
        if !log.stage(&mut came_in, now) {
            if is_over {
                return Ok(());
            }
            continue;
        }
        let began = Instant::now();
        let Some(durable) = log.commit(now, random()?)? else {
            inner.disk_full.store(true, Ordering::Relaxed);
            continue;
        };
        last_frame = Instant::now();
        fsync_seconds.record(began.elapsed());
        #[expect(clippy::cast_precision_loss, reason = "a count of records, for a histogram")]
        frame_records.record(durable.record_count() as f64);
        inner.hand_on(durable.answer());
    }
}

impl Inner {
    /// Gives a frame to the folds.
    pub(super) fn hand_on(&self, job: Job) {
        let job = Arc::new(job);
        for queue in &self.queues {
            self.lag_bytes.fetch_add(job.frame.byte_count(), Ordering::Relaxed);
            queue.push(Arc::clone(&job));
        }
    }
}
