//! The log of a node: group commit, and then answers.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_engine::intake::{Caller, Commit, Refused, Submission};

use super::{Ground, lock};
use crate::error::{Result, StorageError};
use crate::log::{LogFrame, LogWriter};
use crate::segment::Position;

/// Every partition gets a batch at least this often.
const HEARTBEAT_MICROS: i64 = 10_000_000;

/// Writes the log.
#[derive(Debug)]
pub struct Log {
    ground: Arc<Ground>,
    writer: LogWriter,
    last_beat: i64,
    /// Not durable yet: what the first frame begins with.
    first: Option<Vec<u8>>,
    taken: Vec<Submission>,
    /// Where the records of what was taken go, in order.
    places: Vec<Place>,
}

/// A durable frame, of which nobody has heard.
#[derive(Debug)]
#[must_use = "callers wait for an answer, and folds for the frame"]
pub struct Durable {
    frame: LogFrame,
    taken: Vec<Submission>,
    places: Vec<Place>,
    began: Instant,
    ended: Instant,
}

/// A durable frame with those who wait for outcomes in it.
#[derive(Debug)]
pub struct Job {
    /// The frame.
    pub frame: LogFrame,
    /// Sorted by partition and slot.
    pub(super) watches: Vec<Watch>,
    /// When the oldest of its submissions was taken in.
    pub oldest: Option<Instant>,
}

/// A caller that waits for the outcome at a place.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) place: Place,
    pub(super) index: usize,
    pub(super) caller: Arc<dyn Caller>,
}

impl Log {
    pub(super) fn new(ground: &Arc<Ground>, writer: LogWriter) -> Self {
        let (first, taken, places) = (None, Vec::new(), Vec::new());
        let ground = Arc::clone(ground);
        Self { ground, writer, last_beat: i64::MIN, first, taken, places }
    }

    /// The time of the last frame.
    pub const fn time(&self) -> Timestamp {
        self.writer.time()
    }

    /// Where the next frame goes.
    pub const fn position(&self) -> Position {
        self.writer.position()
    }

    /// Puts a control record before all others of the first frame.
    pub fn begin_with(&mut self, record: Vec<u8>) {
        self.first = Some(record);
    }

    /// Puts what came in into the next frame, as well as a batch of every partition with a timer that is
    /// due; says whether there is anything to commit. What came in together stays together, and must
    /// fit into one frame.
    pub fn stage(&mut self, came_in: &mut Vec<Submission>, now: Timestamp) -> bool {
        if let Some(first) = &self.first {
            let put = self.writer.put_control(first);
            put.expect("nobody has put anything before it");
        }
        for submission in came_in.drain(..) {
            put(&mut self.writer, &submission, &mut self.places);
            self.taken.push(submission);
        }
        self.want_batches(now);
        self.writer.has_staged()
    }

    fn want_batches(&mut self, now: Timestamp) {
        // A clock that was set back has a beat at once, and goes on from there.
        let since = now.micros().saturating_sub(self.last_beat);
        let beats = !(0..HEARTBEAT_MICROS).contains(&since);
        if beats {
            self.last_beat = now.micros();
        }
        for (partition, shown) in (0..).zip(&self.ground.shown) {
            let due = &shown.due;
            if beats || due.load(Ordering::Relaxed) <= now.micros() {
                self.writer.want_batch(partition);
                due.store(i64::MAX, Ordering::Relaxed);
            }
        }
    }

    /// Makes durable what was staged. Nothing where the disk was too full for it: then its callers were
    /// refused, and the log goes on. Any other failure is final.
    pub fn commit(&mut self, now: Timestamp, random: [u8; 32]) -> Result<Option<Durable>> {
        self.take_spare();
        let began = Instant::now();
        let committed = self.writer.commit(now, random);
        let (taken, places) = (std::mem::take(&mut self.taken), std::mem::take(&mut self.places));
        let refuse = |why| taken.iter().for_each(|submission| submission.caller.refused(why));
        let (frame, left) = match committed {
            Ok(committed) => committed,
            Err(error) if is_full(&error) && self.writer.undo() => {
                refuse(Refused::DiskFull);
                return Ok(None);
            }
            Err(error) => {
                refuse(Refused::Uncertain);
                return Err(error);
            }
        };
        self.first = None;
        self.ground.log_time.store(frame.moment.time.micros(), Ordering::Relaxed);
        self.ground.log_synced.store(frame.after.next_frame - 1, Ordering::Release);
        lock(&self.ground.spare).left.extend(left);
        Ok(Some(Durable { frame, taken, places, began, ended: Instant::now() }))
    }

    fn take_spare(&mut self) {
        let writer = self.writer.writer().writer();
        if writer.wants_spare() {
            let mut spare = lock(&self.ground.spare);
            spare.wanted = Some(writer.spare_wanted());
            if let Some((sequence, file)) = spare.ready.take() {
                writer.give_spare(sequence, file);
            }
        }
    }
}

/// Puts the records of a submission into their batches, and notes their places, in order.
fn put(log: &mut LogWriter, submission: &Submission, places: &mut Vec<Place>) {
    let mut records = &submission.records[..];
    let known = submission.known.iter().copied().chain(std::iter::repeat(None));
    for ((partition, length), known) in submission.parts.iter().zip(known) {
        let (record, rest) = records.split_at(*length as usize);
        records = rest;
        let put = match partition {
            Some(partition) => log.put(*partition, record, known),
            None => log.put_control(record),
        };
        let (batch, slot) = put.expect("a frame's bytes are limited so that its slots suffice");
        places.push(Place { partition: partition.unwrap_or(0), batch, slot, number: 0 });
    }
}

fn is_full(error: &StorageError) -> bool {
    matches!(error, StorageError::Io { source, .. }
        if matches!(source.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded))
}

impl Durable {
    /// How many records the frame has of those that came in.
    pub const fn record_count(&self) -> usize {
        self.places.len()
    }

    /// Tells the callers; the frame is to be folded.
    pub fn answer(self) -> Job {
        let mut watches = Vec::new();
        let mut commit = None;
        let oldest = self.taken.first().map(|submission| submission.taken_at);
        let mut places = &self.places[..];
        for submission in self.taken {
            let (own, rest) = places.split_at(submission.parts.len());
            places = rest;
            if submission.wants_outcomes {
                for (index, place) in own.iter().enumerate() {
                    let caller = Arc::clone(&submission.caller);
                    watches.push(Watch { place: *place, index, caller });
                }
            }
            if submission.trace.is_some() {
                let commit = commit.get_or_insert_with(|| {
                    let (began, ended, records) = (self.began, self.ended, self.places.len());
                    Arc::new(Commit { began, ended, records, ids: OnceLock::new() })
                });
                submission.caller.committed(commit);
            }
            submission.caller.durable();
        }
        watches.sort_by_key(|watch| (watch.place.partition, watch.place.slot));
        Job { frame: self.frame, watches, oldest }
    }
}

impl Job {
    /// A frame that was replayed: nobody waits for it.
    pub const fn replayed(frame: LogFrame) -> Self {
        Self { frame, watches: Vec::new(), oldest: None }
    }
}
