//! A partition that is owned: its owner fixes batches in the order, and folds those that are proven.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use accolade_domain::account::SLOTS_MAX;
use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_engine::ordered;
use accolade_engine::ownership::{Acknowledged, BatchContent, Broken, Cursor, Holder, Lost};
use accolade_engine::partition::{Moment, Observer, Shared, Stopped};
use accolade_engine::step::Effect;
use accolade_storage::backing::Backing;
use accolade_storage::checkpoint::Part;
use accolade_storage::home::Home;
use accolade_wire::order::{Order, SourceTopic};
use accolade_wire::record::{HAS_CONTROL, Slice};

use super::Now;
use crate::control::ControlBook;
use crate::inbox::{Inbox, Piece};
use crate::rereading::Rereading;
use crate::watches::Origins;

/// Bytes of records in one batch, after which the rest waits for the next.
const BATCH_BYTES_MAX: usize = 1 << 20;
/// Bytes that wait, from which on a batch is not put off for more to come.
const MUCH_BYTES: usize = 128 << 10;
/// Every partition gets a batch at least this often.
const HEARTBEAT_MICROS: i64 = 10_000_000;
/// An owner whose clock is further from the broker's stops ordering.
const SKEW_MICROS_MAX: i64 = 2_000_000;

/// What is read of a partition without waiting for its fold.
#[derive(Debug)]
pub(crate) struct Shown {
    /// Its owner is here, and has not let it go.
    is_here: AtomicBool,
    figures: Mutex<Figures>,
    pub(crate) files: Arc<Backing>,
    /// The first batch whose outputs may still have to leave from this cluster.
    pub(crate) first_batch: u64,
    /// The batch after the last that was folded.
    pub(crate) end: AtomicU64,
    /// Where the order is read again.
    pub(crate) rereading: Rereading,
}

/// How a partition was after its owner's last step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) time: Timestamp,
    pub(crate) players: usize,
    pub(crate) ids_in_memory: usize,
    pub(crate) proven_at: Duration,
    pub(crate) waits_since: Option<Duration>,
}

impl Shown {
    /// Whether the partition is still here.
    pub(crate) fn is_here(&self) -> bool {
        self.is_here.load(Ordering::Acquire)
    }

    pub(crate) fn figures(&self) -> Figures {
        *self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A partition that is owned.
#[derive(Debug)]
pub struct Live {
    /// Its state and files.
    pub(crate) home: Home,
    pub(crate) holder: Holder,
    in_flight: Option<Batch>,
    /// Batches that are ordered and not folded.
    ready: VecDeque<(Batch, Cursor)>,
    /// The time of the last batch: the next one's is not before it.
    last_time: Timestamp,
    /// When the last record was sent whose acknowledgement proved that the partition is still owned: that
    /// may have been on its way for long.
    pub(crate) proven_at: Duration,
    ordered_at: Duration,
    /// A shipped checkpoint that no record of the order has named.
    to_name: String,
    pub(crate) shown: Arc<Shown>,
}

/// A batch on its way to be ordered, or to be folded.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Its number.
    pub number: u64,
    /// Its time and random bytes.
    pub moment: Moment,
    flags: u8,
    pub(crate) count: u32,
    body: Arc<Vec<u8>>,
    pub(crate) origins: Origins,
    pub(crate) began: Duration,
}

impl Batch {
    /// A batch of pieces, in the order of their sources.
    pub fn new(
        number: u64,
        moment: Moment,
        pieces: Vec<(SourceTopic, Piece)>,
        began: Duration,
    ) -> Self {
        let origins = Origins::new(number, &pieces);
        let count = pieces.iter().map(|(_, piece)| piece.count).sum();
        let has_control = pieces.iter().any(|(source, _)| *source == SourceTopic::Control);
        let flags = if has_control { HAS_CONTROL } else { 0 };
        let mut pieces = pieces.into_iter().map(|(_, piece)| piece.bytes);
        let mut body = pieces.next().unwrap_or_default();
        for bytes in pieces {
            body.extend_from_slice(&bytes);
        }
        let body = Arc::new(body);
        Self { number, moment, flags, count, body, origins, began }
    }

    /// The batch as it is folded.
    pub fn slice(&self, partition: u16) -> Slice<'_> {
        let Self { number, flags, count, body, .. } = self;
        Slice { partition, batch: *number, flags: *flags, count: *count, body }
    }
}

/// What may be ordered.
#[derive(Debug)]
pub struct Sources<'a> {
    /// Records of the partition.
    pub inbox: &'a Mutex<Inbox>,
    /// Control records.
    pub control: &'a ControlBook,
    /// The least time between two batches, unless much waits.
    pub gap: Duration,
    /// Somebody wants a batch, if only an empty one.
    pub is_wanted: bool,
}

/// A batch that is in flight from now on.
#[derive(Debug)]
#[must_use = "its record is to be appended to the order"]
pub struct Begun {
    /// Its record of the order.
    pub order: Order,
    /// Bytes that the inbox has no more.
    pub bytes_taken: usize,
}

/// What a batch came to.
#[derive(Debug)]
pub enum Folded {
    /// No batch is ordered that is not folded.
    Nothing,
    /// It was folded.
    Batch {
        /// The batch.
        batch: Batch,
        /// Where the order goes on after it.
        cursor: Cursor,
        /// What it asks for.
        effects: Vec<Effect>,
    },
    /// The fold failed at a record, and the partition is as it was before that batch: whoever takes it
    /// stands there until the record is skipped.
    Stands {
        /// Where.
        place: Place,
        /// What the failure said.
        message: String,
    },
}

/// What a checkpoint holds of a partition.
#[derive(Debug)]
pub struct Given {
    pub(super) part: Part,
    pub(super) time: Timestamp,
    pub(super) next_batch: u64,
    pub(super) epoch: u64,
}

impl Live {
    /// The owner whose claim was sent at `claimed_at`; outputs of batches before `shipped` have left.
    pub(super) fn new(home: Home, holder: Holder, claimed_at: Duration, shipped: Cursor) -> Self {
        let last_time = home.partition().time();
        let shown = Arc::new(Shown {
            is_here: AtomicBool::new(true),
            figures: Mutex::new(figures(&home, claimed_at, None)),
            files: Arc::clone(home.backing()),
            first_batch: holder.cursor().first_batch.max(shipped.next_batch),
            end: AtomicU64::new(home.partition().next_batch()),
            rereading: Rereading::from(shipped.clone(), shipped),
        });
        Self {
            home,
            holder,
            in_flight: None,
            ready: VecDeque::new(),
            last_time,
            proven_at: claimed_at,
            ordered_at: claimed_at,
            to_name: String::new(),
            shown,
        }
    }

    /// Its state and files.
    pub const fn home(&self) -> &Home {
        &self.home
    }

    /// The owner's epoch, and where the order stands.
    pub const fn holder(&self) -> &Holder {
        &self.holder
    }

    /// When the last record was sent whose acknowledgement proved that the partition is still owned.
    pub const fn proven_at(&self) -> Duration {
        self.proven_at
    }

    /// Shows how the partition is now.
    pub(crate) fn show(&self) {
        let now = figures(&self.home, self.proven_at, self.waits_since());
        *self.shown.figures.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Whether a batch is on its way, or ordered and not folded.
    pub fn is_at_work(&self) -> bool {
        self.in_flight.is_some() || !self.ready.is_empty()
    }

    /// Whether a batch is ordered and not folded.
    pub(crate) fn has_ordered(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Since when a batch is on its way, if one is.
    pub fn waits_since(&self) -> Option<Duration> {
        self.in_flight.as_ref().map(|batch| batch.began)
    }

    /// Whether a batch is on its way.
    pub const fn is_waiting(&self) -> bool {
        self.in_flight.is_some()
    }

    /// The record in flight was acknowledged: its batch is ordered, unless there is a gap before it that
    /// is to be read, and [`settled`](Self::settled).
    pub fn acknowledged(
        &mut self,
        place: ordered::Place,
        passed: Duration,
    ) -> Result<Acknowledged, String> {
        if let Some(batch) = &self.in_flight {
            check_clock(batch, place, passed)?;
        }
        let acknowledged = self.holder.acknowledged(place.offset);
        let acknowledged = acknowledged.map_err(|broken| broken.to_string())?;
        if acknowledged == Acknowledged::Ordered {
            self.ordered();
        }
        Ok(acknowledged)
    }

    /// What lay between was read, the own record included: the batch is ordered, or the partition lost.
    pub fn settled(&mut self, records: &[(i64, Order)]) -> Result<Result<(), Lost>, Broken> {
        let judged = self.holder.gap(records)?;
        if judged.is_ok() {
            self.ordered();
        }
        Ok(judged)
    }

    fn ordered(&mut self) {
        let batch = self.in_flight.take().expect("what was acknowledged was in flight");
        self.proven_at = batch.began;
        self.ready.push_back((batch, self.holder.cursor().clone()));
    }

    /// Begins the next batch, if there is one and none is in flight.
    pub fn begin_batch(
        &mut self,
        now: Now,
        sources: &Sources<'_>,
        random: impl FnOnce() -> Result<[u8; 32], String>,
    ) -> Result<Option<Begun>, String> {
        if self.in_flight.is_some() {
            return Ok(None);
        }
        let inbox = || sources.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = inbox().bytes();
        let cursor = self.holder.cursor();
        let control_from = cursor.sources[SourceTopic::Control as usize];
        let has_control = sources.control.end() > control_from;
        let last = self.last_time;
        let is_due = self.home.partition().next_due().is_some_and(|due| due <= now.time)
            || now.time.micros() >= last.micros().saturating_add(HEARTBEAT_MICROS)
            || sources.is_wanted;
        let is_put_off =
            waits < MUCH_BYTES && now.passed.saturating_sub(self.ordered_at) < sources.gap;
        if (waits == 0 && !has_control && !is_due) || is_put_off {
            return Ok(None);
        }
        let mut pieces = Vec::with_capacity(4);
        // What ids are hashed with is fixed by the first control record: it is a batch of its own.
        let is_genesis = control_from == 0 && has_control;
        let control_to = if is_genesis { 1 } else { i64::MAX };
        let control = sources.control.between(control_from, control_to);
        let count_max = SLOTS_MAX.saturating_sub(control.count);
        let [_, commands, wagers, events] =
            if is_genesis { Default::default() } else { inbox().take(BATCH_BYTES_MAX, count_max) };
        let bytes_taken = commands.bytes.len() + wagers.bytes.len() + events.bytes.len();
        let by_source = SourceTopic::ALL.into_iter().zip([control, commands, wagers, events]);
        let goes_on =
            |(source, piece): &(SourceTopic, Piece)| piece.to > cursor.sources[*source as usize];
        pieces.extend(by_source.filter(goes_on));
        let ranges = pieces
            .iter()
            .map(|(source, piece)| piece.range(*source, cursor.sources[*source as usize]))
            .collect();
        let moment = Moment { time: now.time.max(last), random: random()? };
        self.last_time = moment.time;
        let content = BatchContent {
            time: moment.time,
            random: moment.random,
            ranges,
            checkpoint: std::mem::take(&mut self.to_name),
        };
        let batch = Batch::new(cursor.next_batch, moment, pieces, now.passed);
        let order = self.holder.order(content);
        self.in_flight = Some(batch);
        self.ordered_at = now.passed;
        Ok(Some(Begun { order, bytes_taken }))
    }

    /// Folds the next batch that is ordered. After a failure the partition is of no use any more.
    pub fn fold_next(
        &mut self,
        shared: &Shared,
        observer: &mut impl Observer,
    ) -> io::Result<Folded> {
        let Some((batch, cursor)) = self.ready.pop_front() else { return Ok(Folded::Nothing) };
        let number = self.home.partition().number();
        let after = written(&cursor);
        match self.home.fold(&batch.slice(number), &batch.moment, shared, observer, &after) {
            Ok(effects) => {
                self.shown.end.store(self.home.partition().next_batch(), Ordering::Release);
                Ok(Folded::Batch { batch, cursor, effects })
            }
            Err(Stopped::Bug { place, message }) => {
                self.ready.push_front((batch, cursor));
                Ok(Folded::Stands { place, message })
            }
            Err(Stopped::Store(error)) => Err(error),
        }
    }

    /// Takes what the next checkpoint holds; nothing while the partition stands within a batch. Ids are
    /// sealed once there are so many.
    pub fn give(&mut self, seal_ids: usize) -> Option<Given> {
        let seals = self.home.partition().in_interval() >= seal_ids;
        let part = self.home.take_part(seals)?;
        let partition = self.home.partition();
        let (time, next_batch) = (partition.time(), partition.next_batch());
        Some(Given { part, time, next_batch, epoch: self.holder.epoch() })
    }

    /// A checkpoint was shipped: the next batch names it.
    pub fn name(&mut self, checkpoint: &str) {
        checkpoint.clone_into(&mut self.to_name);
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.shown.is_here.store(false, Ordering::Release);
    }
}

fn figures(home: &Home, proven_at: Duration, waits_since: Option<Duration>) -> Figures {
    let partition = home.partition();
    Figures {
        time: partition.time(),
        players: partition.players().all().len(),
        ids_in_memory: partition.ids().len(),
        proven_at,
        waits_since,
    }
}

/// A cursor as a home keeps it.
pub(super) fn written(cursor: &Cursor) -> Vec<u8> {
    let mut written = Vec::with_capacity(128);
    cursor.write(&mut written);
    written
}

/// The broker's time of a batch must lie between when it was made and when it was acknowledged.
fn check_clock(batch: &Batch, place: ordered::Place, passed: Duration) -> Result<(), String> {
    let Some(appended) = place.time else { return Ok(()) };
    let took = passed.saturating_sub(batch.began).as_micros();
    let took = i64::try_from(took).unwrap_or(i64::MAX);
    let skew = appended.micros() - batch.moment.time.micros();
    if skew < -SKEW_MICROS_MAX || skew > took.saturating_add(SKEW_MICROS_MAX) {
        return Err(format!(
            "this machine's clock is {skew} µs from the broker's: more than two seconds; set it right"
        ));
    }
    Ok(())
}
