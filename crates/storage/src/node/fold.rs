//! The threads that fold.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use accolade_domain::amount::Points;
use accolade_domain::outcome::Outcome;
use accolade_engine::intake::{Caller, Refused, Submission};
use accolade_engine::step::Effect;

use super::counting::Tally;
use super::{Inner, lock};
use crate::driver::fold::CatchingUp;
use crate::driver::log::Job;
use crate::error::Result;
use crate::message;
use crate::open;
use crate::segment::Position;
use accolade_engine::error::in_full;

#[derive(Debug, Default)]
struct Jobs {
    jobs: VecDeque<Arc<Job>>,
    is_closed: bool,
}

/// The frames that one fold thread has before it.
#[derive(Debug, Default)]
pub(super) struct FoldQueue {
    jobs: Mutex<Jobs>,
    arrived: Condvar,
}

impl FoldQueue {
    pub(super) fn push(&self, job: Arc<Job>) {
        lock(&self.jobs).jobs.push_back(job);
        self.arrived.notify_one();
    }

    pub(super) fn close(&self) {
        lock(&self.jobs).is_closed = true;
        self.arrived.notify_all();
    }

    fn pop(&self) -> Option<Arc<Job>> {
        let mut jobs = lock(&self.jobs);
        loop {
            if let Some(job) = jobs.jobs.pop_front() {
                return Some(job);
            }
            if jobs.is_closed {
                return None;
            }
            jobs = self.arrived.wait(jobs).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn try_pop(&self) -> Option<Arc<Job>> {
        lock(&self.jobs).jobs.pop_front()
    }

    fn len(&self) -> usize {
        lock(&self.jobs).jobs.len()
    }
}

/// Frames of a replay that wait for a fold at the same time.
const REPLAYED_AHEAD_MAX: usize = 64;

/// Folds what the log holds after the last checkpoint; returns when all of it is folded.
pub(super) fn replay(inner: &Arc<Inner>, from: Position) -> Result<()> {
    let began = Instant::now();
    let mut frames = 0_u64;
    open::replay(&inner.ground.backing().log, from, &mut |frame| {
        frames += 1;
        inner.hand_on(Job::replayed(frame));
        let is_full = || inner.queues.iter().any(|queue| queue.len() > REPLAYED_AHEAD_MAX);
        while is_full() && !inner.has_failed() {
            std::thread::sleep(Duration::from_micros(200));
        }
        Ok(())
    })?;
    while inner.lag_bytes.load(Ordering::Acquire) > 0 && !inner.has_failed() {
        std::thread::sleep(Duration::from_micros(200));
    }
    tracing::info!(frames, seconds = began.elapsed().as_secs_f64(), "the log was replayed");
    Ok(())
}

pub(super) fn run(inner: &Arc<Inner>, number: usize) {
    let folded = || fold(inner, number).map_err(|error| format!("a fold: {}", in_full(&error)));
    let folded = catch_unwind(AssertUnwindSafe(folded));
    if let Err(failure) = folded.unwrap_or_else(|panic| Err(in_words(&*panic))) {
        inner.fail(failure);
    }
    inner.folds_running.fetch_sub(1, Ordering::Release);
    inner.wake_background();
}

/// What comes in is folded first, and what a partition has missed in between.
fn fold(inner: &Inner, number: usize) -> Result<()> {
    let (queue, fold) = (&inner.queues[number], &inner.folds[number]);
    let mut catching_up = CatchingUp::new(&inner.ground);
    let mut tally = Tally::default();
    let latency = metrics::histogram!("accolade_wager_to_balance_seconds");
    let mut is_behind = false;
    loop {
        let job = if is_behind { queue.try_pop() } else { queue.pop() };
        let effects = if let Some(job) = job {
            let effects = {
                let mut fold = lock(fold);
                fold.take(&job, &mut tally)?;
                is_behind = fold.is_behind();
                fold.take_effects()
            };
            if let Some(oldest) = job.oldest {
                latency.record(oldest.elapsed());
            }
            inner.lag_bytes.fetch_sub(job.frame.byte_count(), Ordering::Release);
            effects
        } else if is_behind {
            is_behind = catching_up.step(fold, &mut tally)?;
            lock(fold).take_effects()
        } else {
            return Ok(());
        };
        tally.put_into(&inner.counters);
        for (partition, effect) in effects {
            carry_out(inner, partition, effect);
        }
        if is_behind && inner.has_failed() {
            return Ok(());
        }
    }
}

/// What a panic said.
fn in_words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("a bug: {}", text.unwrap_or_else(|| "it panicked".into()))
}

/// Does what a batch has asked for. If it cannot be done now, a timer asks again.
fn carry_out(inner: &Inner, partition: u16, effect: Effect) {
    let ground = &inner.ground;
    let message = message::of(partition, &effect, ground.backing(), ground.log_time());
    let Some((to, records)) = message else { return };
    if let Some(post) = &inner.options.post {
        return post.take(to, records);
    }
    let length = u32::try_from(records.len()).expect("bodies are limited");
    let submission = Submission {
        records,
        parts: vec![(Some(to), length)],
        known: Vec::new(),
        caller: Arc::new(NobodyCalls),
        wants_outcomes: false,
        taken_at: Instant::now(),
        trace: None,
    };
    if inner.intake.push(submission, usize::MAX).is_err() {
        tracing::debug!("the node is stopping; a timer sends this again");
    }
}

#[derive(Debug)]
struct NobodyCalls;

impl Caller for NobodyCalls {
    fn durable(&self) {}
    fn refused(&self, _: Refused) {}
    fn applied(&self, _: usize, _: &Outcome, _: Option<Points>) {}
}
