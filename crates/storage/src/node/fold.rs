//! The threads that fold.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::intake::{Caller, Refused, Submission};
use accolade_engine::partition::{Effect, Observer, Partition, Shared, Stopped};
use accolade_wire::bytes::BadFormat;
use accolade_wire::record::{HAS_CONTROL, Kind, Record, Slice};

use super::counting::Tally;
use super::{Inner, lock, rereading};
use crate::backing::NodeStore;
use crate::error::{Result, StorageError, in_full};
use crate::log::LogFrame;
use crate::message;
use crate::open;
use crate::segment::Position;

/// A partition with where its log goes on.
///
/// While it stands it keeps nothing of what comes in but that place: once it may go on, the log is read
/// again from there.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(super) partition: Partition,
    /// Everything before this has been folded.
    pub(super) folded_to: Position,
    /// Where the partition stands, and what the failure said.
    pub(super) standing: Option<(Place, String)>,
    /// A control record has come since it stands, perhaps the one that lets it go on.
    may_go_on: bool,
}

impl Cell {
    pub(super) const fn new(partition: Partition, folded_to: Position) -> Self {
        Self { partition, folded_to, standing: None, may_go_on: false }
    }

    /// Whether there is something before `live_to` that it has not folded, and could.
    fn is_behind(&self, live_to: Position) -> bool {
        self.folded_to.next_frame < live_to.next_frame
            && (self.standing.is_none() || self.may_go_on)
    }

    /// Folds its slice of a frame, the next one; afterwards it may stand.
    fn fold(
        &mut self,
        slice: &Slice<'_>,
        frame: &LogFrame,
        watches: &[Watch],
        shared: &Shared,
        store: &mut NodeStore,
        tally: &mut Tally,
    ) -> std::result::Result<Vec<Effect>, String> {
        if slice.batch < self.partition.next_batch() {
            return Ok(Vec::new());
        }
        let (partition, records, next_slot) = (slice.partition, slice.records(), 1);
        let mut observer = Watching { partition, watches, records, next_slot, tally };
        match self.partition.fold(slice, &frame.moment, shared, store, &mut observer) {
            Ok(effects) => {
                self.standing = None;
                Ok(effects)
            }
            Err(Stopped::Bug { place, message }) => {
                tracing::error!(?place, message, "the fold failed; the partition stands there");
                self.standing = Some((place, message));
                Ok(Vec::new())
            }
            Err(Stopped::Store(error)) => Err(format!("the store failed: {error}")),
        }
    }
}

/// Held by a fold while it works on a frame, and by a checkpoint while it takes a part: what a part
/// covers must be in the journal.
#[derive(Debug, Default)]
pub(super) struct FrameLock {
    /// Work has failed, or a panic has ended it: part of a frame is in the state, and not in the journal.
    is_broken: Mutex<bool>,
}

impl FrameLock {
    fn work<T>(
        &self,
        work: impl FnOnce() -> std::result::Result<T, String>,
    ) -> std::result::Result<T, String> {
        let mut is_broken = lock(&self.is_broken);
        *is_broken = true;
        let done = work();
        *is_broken = done.is_err();
        done
    }

    /// Keeps the fold between two frames; nothing once it is broken.
    pub(super) fn between_frames(&self) -> Option<MutexGuard<'_, bool>> {
        Some(lock(&self.is_broken)).filter(|is_broken| !**is_broken)
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

/// What one fold thread works with.
struct Fold<'a> {
    inner: &'a Inner,
    number: usize,
    store: NodeStore,
    effects: Vec<(u16, Effect)>,
    tally: Tally,
    latency: metrics::Histogram,
    /// Where the log goes on after the last frame that came in.
    live_to: Position,
    /// One of its partitions has folded less than that, and may go on.
    is_behind: bool,
}

/// `at`: where the log goes on for its partitions.
pub(super) fn run(inner: &Arc<Inner>, number: usize, at: Position) {
    let mut fold = Fold {
        inner,
        number,
        store: NodeStore::new(Arc::clone(&inner.backing)),
        effects: Vec::new(),
        tally: Tally::default(),
        latency: metrics::histogram!("accolade_wager_to_balance_seconds"),
        live_to: at,
        is_behind: false,
    };
    while let Some(job) = inner.folds[number].pop() {
        let folded =
            catch_unwind(AssertUnwindSafe(|| fold.take(&job).and_then(|()| fold.catch_up())));
        if let Err(failure) = folded.unwrap_or_else(|panic| Err(in_words(&*panic))) {
            inner.fail(failure);
            break;
        }
    }
    inner.folds_running.fetch_sub(1, Ordering::Release);
    inner.wake_background();
}

impl Fold<'_> {
    /// Takes the next frame in: folds it for every partition that has come so far.
    fn take(&mut self, job: &Job) -> std::result::Result<(), String> {
        let inner = self.inner;
        inner.frame_locks[self.number].work(|| self.fold_frame(job))?;
        if let Some(oldest) = job.oldest {
            self.latency.record(oldest.elapsed());
        }
        inner.lag_bytes.fetch_sub(job.frame.byte_count(), Ordering::Release);
        self.tally.put_into(&inner.counters);
        self.carry_out();
        Ok(())
    }

    fn fold_frame(&mut self, job: &Job) -> std::result::Result<(), String> {
        let (inner, frame) = (self.inner, &job.frame);
        let number = frame.after.next_frame - 1;
        let is_own = |at: usize| at % inner.folds.len() == self.number;
        let mut has_slice = vec![false; inner.cells.len()];
        for slice in frame.slices() {
            let at = usize::from(slice.partition);
            if !is_own(at) {
                continue;
            }
            has_slice[at] = true;
            let mut cell = lock(&inner.cells[at]);
            cell.partition.read_ahead(&slice);
            if cell.folded_to.next_frame == number {
                let (store, tally) = (&mut self.store, &mut self.tally);
                let caused = cell.fold(&slice, frame, &job.watches, &inner.shared, store, tally)?;
                self.effects.extend(caused.into_iter().map(|effect| (slice.partition, effect)));
            } else if slice.flags & HAS_CONTROL != 0 {
                cell.may_go_on = true;
            }
        }
        self.store.flush(frame.moment.time).map_err(|error| in_full(&error))?;
        self.live_to = frame.after;
        self.is_behind = false;
        for (at, cell) in inner.cells.iter().enumerate().filter(|(at, _)| is_own(*at)) {
            let mut cell = lock(cell);
            if cell.folded_to.next_frame == number && cell.standing.is_none() {
                cell.folded_to = frame.after;
                if has_slice[at] {
                    inner.set_due(at, &cell.partition);
                }
            }
            self.is_behind |= cell.is_behind(self.live_to);
        }
        Ok(())
    }

    /// Folds what has come in while a partition stood, until it is where the others are.
    fn catch_up(&mut self) -> std::result::Result<(), String> {
        while std::mem::take(&mut self.is_behind) {
            for at in (self.number..self.inner.cells.len()).step_by(self.inner.folds.len()) {
                let from = {
                    let mut cell = lock(&self.inner.cells[at]);
                    if !cell.is_behind(self.live_to) {
                        continue;
                    }
                    cell.may_go_on = false;
                    cell.folded_to
                };
                self.catch_up_partition(at, from)?;
            }
        }
        Ok(())
    }

    fn catch_up_partition(&mut self, at: usize, from: Position) -> std::result::Result<(), String> {
        let (inner, until) = (self.inner, self.live_to);
        let mut ended = None;
        let read =
            rereading::frames(inner, from, until, &mut |frame| match self.fold_again(at, &frame) {
                Ok(true) => Ok(()),
                stands_or_failed => {
                    ended = Some(stands_or_failed.map(drop));
                    Err(StorageError::io("log", ErrorKind::Interrupted.into()))
                }
            });
        ended.unwrap_or_else(|| read.map_err(|error| in_full(&error)))
    }

    /// Folds a partition's slice of a frame that was read again, and whatever has come in meanwhile;
    /// `false` where the partition stands there.
    fn fold_again(&mut self, at: usize, frame: &LogFrame) -> std::result::Result<bool, String> {
        let inner = self.inner;
        if !inner.frame_locks[self.number].work(|| self.fold_slice_again(at, frame))? {
            return Ok(false);
        }
        self.tally.put_into(&inner.counters);
        self.carry_out();
        while let Some(job) = inner.folds[self.number].try_pop() {
            self.take(&job)?;
        }
        if inner.has_failed() { Err("another thread has failed".into()) } else { Ok(true) }
    }

    fn fold_slice_again(
        &mut self,
        at: usize,
        frame: &LogFrame,
    ) -> std::result::Result<bool, String> {
        let inner = self.inner;
        let mut cell = lock(&inner.cells[at]);
        let number = cell.partition.number();
        if let Some(slice) = frame.slices().find(|slice| slice.partition == number) {
            let (store, tally) = (&mut self.store, &mut self.tally);
            let caused = cell.fold(&slice, frame, &[], &inner.shared, store, tally)?;
            self.effects.extend(caused.into_iter().map(|effect| (number, effect)));
        }
        let time = Timestamp::from_micros(inner.log_time.load(Ordering::Relaxed));
        self.store.flush(time).map_err(|error| in_full(&error))?;
        if cell.standing.is_some() {
            return Ok(false);
        }
        cell.folded_to = frame.after;
        inner.set_due(at, &cell.partition);
        Ok(true)
    }

    fn carry_out(&mut self) {
        for (partition, effect) in self.effects.drain(..) {
            carry_out(self.inner, partition, effect);
        }
    }
}

/// What a panic said.
fn in_words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("a bug: {}", text.unwrap_or_else(|| "it panicked".into()))
}

impl Inner {
    fn set_due(&self, at: usize, partition: &Partition) {
        let due = partition.next_due().map_or(i64::MAX, Timestamp::micros);
        self.due[at].store(due, Ordering::Relaxed);
    }
}

/// Tells those who wait, and counts.
struct Watching<'a, R> {
    partition: u16,
    watches: &'a [Watch],
    /// The slice's records from `next_slot` on.
    records: R,
    next_slot: u32,
    tally: &'a mut Tally,
}

impl<'a, R: Iterator<Item = std::result::Result<Record<'a>, BadFormat>>> Observer
    for Watching<'_, R>
{
    fn folded(&mut self, slot: u32, outcome: &Outcome, balance: Option<Points>) {
        let record = self.records.nth((slot - self.next_slot) as usize);
        self.next_slot = slot + 1;
        // A control record is ordered in every partition, and is one.
        if let Some(Ok(Record { kind, .. })) = record
            && (kind != Kind::Control || self.partition == 0)
        {
            self.tally.count(kind, outcome);
        }
        if self.watches.is_empty() {
            return;
        }
        let key = |watch: &Watch| (watch.place.partition, watch.place.slot);
        if let Ok(at) = self.watches.binary_search_by_key(&(self.partition, slot), key) {
            let Watch { index, caller, .. } = &self.watches[at];
            caller.applied(*index, outcome, balance);
        }
    }
}

/// Does what a batch has asked for. If it cannot be done now, a timer asks again.
fn carry_out(inner: &Inner, partition: u16, effect: Effect) {
    let now = Timestamp::from_micros(inner.log_time.load(Ordering::Relaxed));
    let partitions = u16::try_from(inner.cells.len()).unwrap_or(u16::MAX);
    let message = message::of(partition, effect, &inner.backing, partitions, now);
    let Some((to, records)) = message else { return };
    let length = u32::try_from(records.len()).expect("bodies are limited");
    let submission = Submission {
        records,
        parts: vec![(Some(to), length)],
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_is_taken_once_a_fold_has_failed_within_a_frame() {
        let frames = FrameLock::default();
        frames.work(|| Ok(())).unwrap();
        assert!(frames.between_frames().is_some());
        frames.work(|| Err::<(), _>("the store failed".into())).unwrap_err();
        assert!(frames.between_frames().is_none());

        let frames = FrameLock::default();
        let panicking = || frames.work(|| -> std::result::Result<(), String> { panic!("a bug") });
        catch_unwind(AssertUnwindSafe(panicking)).unwrap_err();
        assert!(frames.between_frames().is_none());
    }
}
