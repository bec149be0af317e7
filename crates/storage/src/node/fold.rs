//! The threads that fold.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::partition::{Effect, Observer, Partition, Stopped};
use accolade_wire::control::Command;
use accolade_wire::identity::partition_of;
use accolade_wire::record::{HAS_CONTROL, Kind, Record, Slice, Source};

use super::{Inner, lock};
use crate::backing::NodeStore;
use crate::error::Result;
use crate::log::LogFrame;
use crate::open;
use crate::segment::Position;
use accolade_engine::intake::{Caller, Refused, Submission};

/// A partition with where its log goes on.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(super) partition: Partition,
    /// Everything before this has been folded.
    pub(super) folded_to: Position,
    /// Where the partition stands, and what the failure said.
    pub(super) standing: Option<(Place, String)>,
    /// Frames that wait while the partition stands.
    waiting: VecDeque<Arc<Job>>,
}

impl Cell {
    pub(super) const fn new(partition: Partition, folded_to: Position) -> Self {
        Self { partition, folded_to, standing: None, waiting: VecDeque::new() }
    }
}

/// A durable frame with those who wait for outcomes in it.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) frame: LogFrame,
    /// Sorted by partition and slot.
    pub(super) watches: Vec<Watch>,
    /// When the oldest of its submissions was taken in.
    pub(super) oldest: Option<Instant>,
}

/// A caller that waits for the outcome at a place.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) place: Place,
    pub(super) index: usize,
    pub(super) caller: Arc<dyn Caller>,
}

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
    open::replay(&inner.backing.log, from, &mut |frame| {
        frames += 1;
        let job = Arc::new(Job { frame, watches: Vec::new(), oldest: None });
        for fold in &inner.folds {
            inner.lag_bytes.fetch_add(job.frame.byte_count(), Ordering::Relaxed);
            fold.push(Arc::clone(&job));
        }
        while inner.folds.iter().any(|fold| fold.len() > REPLAYED_AHEAD_MAX) && !inner.has_failed()
        {
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
        Ok(())
    })?;
    while inner.lag_bytes.load(Ordering::Acquire) > 0 && !inner.has_failed() {
        std::thread::sleep(std::time::Duration::from_micros(200));
    }
    tracing::info!(frames, seconds = began.elapsed().as_secs_f64(), "the log was replayed");
    Ok(())
}

pub(super) fn run(inner: &Arc<Inner>, number: usize) {
    let latency = metrics::histogram!("accolade_wager_to_balance_seconds");
    let mut store = NodeStore::new(Arc::clone(&inner.backing));
    let mut effects = Vec::new();
    while let Some(job) = inner.folds[number].pop() {
        {
            let _working = lock(&inner.frame_locks[number]);
            if let Err(failure) = fold_frame(inner, number, &job, &mut store, &mut effects) {
                inner.fail(failure);
                break;
            }
        }
        if let Some(oldest) = job.oldest {
            latency.record(oldest.elapsed());
        }
        inner.lag_bytes.fetch_sub(job.frame.byte_count(), Ordering::Release);
        for (partition, effect) in effects.drain(..) {
            carry_out(inner, partition, effect);
        }
    }
    inner.folds_running.fetch_sub(1, Ordering::Release);
    inner.wake_background();
}

fn fold_frame(
    inner: &Inner,
    number: usize,
    job: &Arc<Job>,
    store: &mut NodeStore,
    effects: &mut Vec<(u16, Effect)>,
) -> std::result::Result<(), String> {
    let mut folded = vec![false; inner.cells.len()];
    for slice in job.frame.slices() {
        let at = usize::from(slice.partition);
        if at % inner.folds.len() != number {
            continue;
        }
        folded[at] = true;
        let mut cell = lock(&inner.cells[at]);
        fold_slice(inner, &mut cell, job, &slice, store, effects)?;
    }
    store.flush(job.frame.moment.time).map_err(|error| super::writing::in_full(&error))?;
    for (at, cell) in inner.cells.iter().enumerate() {
        if at % inner.folds.len() == number {
            let mut cell = lock(cell);
            if cell.standing.is_none() && cell.waiting.is_empty() {
                cell.folded_to = job.frame.after;
            }
            if folded[at] {
                let due = cell.partition.next_due().map_or(i64::MAX, Timestamp::micros);
                inner.due[at].store(due, Ordering::Relaxed);
            }
        }
    }
    Ok(())
}

/// Folds a slice, or keeps it while its partition stands; a `skip` in it may let the partition go on.
fn fold_slice(
    inner: &Inner,
    cell: &mut Cell,
    job: &Arc<Job>,
    slice: &Slice<'_>,
    store: &mut NodeStore,
    effects: &mut Vec<(u16, Effect)>,
) -> std::result::Result<(), String> {
    if slice.batch < cell.partition.next_batch() {
        return Ok(());
    }
    cell.waiting.push_back(Arc::clone(job));
    if cell.standing.is_some() {
        if slice.flags & HAS_CONTROL == 0 {
            return Ok(());
        }
        cell.partition.read_ahead(slice);
    }
    while let Some(next) = cell.waiting.front().cloned() {
        let number = cell.partition.number();
        let slice = next.frame.slices().find(|slice| slice.partition == number);
        let slice = slice.expect("a frame waits only for a partition that it has a slice of");
        let mut observer = Watching { partition: number, job: &next };
        let moment = &next.frame.moment;
        match cell.partition.fold(&slice, moment, &inner.shared, store, &mut observer) {
            Ok(caused) => {
                cell.waiting.pop_front();
                cell.standing = None;
                effects.extend(caused.into_iter().map(|effect| (number, effect)));
            }
            Err(Stopped::Bug { place, message }) => {
                tracing::error!(?place, message, "the fold failed; the partition stands there");
                cell.standing = Some((place, message));
                return Ok(());
            }
            Err(Stopped::Store(error)) => return Err(format!("the store failed: {error}")),
        }
    }
    Ok(())
}

/// Tells those who wait.
struct Watching<'a> {
    partition: u16,
    job: &'a Job,
}

impl Observer for Watching<'_> {
    fn folded(&mut self, slot: u32, outcome: &Outcome, balance: Option<Points>) {
        let watches = &self.job.watches;
        if watches.is_empty() {
            return;
        }
        let key = |watch: &Watch| (watch.place.partition, watch.place.slot);
        if let Ok(at) = watches.binary_search_by_key(&(self.partition, slot), key) {
            let Watch { index, caller, .. } = &watches[at];
            caller.applied(*index, outcome, balance);
        }
    }
}

/// Does what a batch has asked for. If it cannot be done now, a timer asks again.
fn carry_out(inner: &Inner, partition: u16, effect: Effect) {
    let now = inner.log_time.load(Ordering::Relaxed);
    let received_at = Timestamp::from_micros(now);
    let mut records = Vec::new();
    let to = match effect {
        Effect::Send { from, bytes_at } => {
            let partitions = inner.cells.len();
            let sent = inner.backing.dead_letter(bytes_at, |letter| {
                let origin = Some(from);
                Record { source: Source::Released, origin, ..*letter }.write(&mut records);
                let player = player_of(letter);
                player.map_or(partition, |player| {
                    partition_of(&player, u16::try_from(partitions).unwrap_or(u16::MAX))
                })
            });
            let Ok(Some(to)) = sent else {
                tracing::error!(?bytes_at, "the bytes of a dead letter could not be read");
                return;
            };
            to
        }
        Effect::Arrived { to } => {
            let command = Command::Arrived { sent_from: (to.batch, to.slot) };
            let body = serde_json::to_vec(&command).expect("a command is plain data");
            let (kind, source, operator) = (Kind::Command, Source::Node, "");
            Record { kind, source, operator, received_at, origin: None, body: &body }
                .write(&mut records);
            to.partition
        }
    };
    let length = u32::try_from(records.len()).expect("bodies are limited");
    let submission = Submission {
        records,
        parts: vec![(Some(to), length)],
        caller: Arc::new(NobodyCalls),
        wants_outcomes: false,
        taken_at: Instant::now(),
    };
    if inner.intake.push(submission, usize::MAX).is_err() {
        tracing::debug!("the node is stopping; a timer sends this again");
    }
}

/// The player of an event, as far as one can be made out.
fn player_of(record: &Record<'_>) -> Option<String> {
    match record.kind {
        Kind::Wager => {
            accolade_wire::event::read_wager(record.body).ok().map(|event| event.player_id().into())
        }
        Kind::GameEvent => accolade_wire::event::read_game_event(record.body)
            .ok()
            .map(|event| event.player_id.into_owned()),
        Kind::Command | Kind::Control => None,
    }
}

#[derive(Debug)]
struct NobodyCalls;

impl Caller for NobodyCalls {
    fn durable(&self, _: &[Place]) {}
    fn refused(&self, _: Refused) {}
    fn applied(&self, _: usize, _: &Outcome, _: Option<Points>) {}
}
