//! A partition that this node owns: it fixes batches in the order, and folds those that are proven.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use accolade_domain::account::SLOTS_MAX;
use accolade_domain::amount::Points;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::ordered;
use accolade_engine::ownership::{Acknowledged, BatchContent, Cursor, Holder};
use accolade_engine::partition::{Moment, Observer, Stopped};
use accolade_storage::backing::Backing;
use accolade_storage::error::in_full;
use accolade_storage::home::Home;
use accolade_wire::order::{Order, SourceTopic};
use accolade_wire::record::{HAS_CONTROL, Slice};

use crate::inbox::Piece;
use crate::node::{Inner, lock};
use crate::watches::{Heard, Origins};

/// Bytes of records in one batch, after which the rest waits for the next.
const BATCH_BYTES_MAX: usize = 1 << 20;
/// Bytes that wait, from which on a batch is not put off for more to come.
const MUCH_BYTES: usize = 128 << 10;
/// Every partition gets a batch at least this often.
const HEARTBEAT_MICROS: i64 = 10_000_000;
/// An owner whose clock is further from the broker's stops ordering.
const SKEW_MICROS_MAX: i64 = 2_000_000;

/// What a partition is to this node.
#[derive(Debug, Default)]
pub(crate) enum Seat {
    /// Nothing.
    #[default]
    Empty,
    /// A thread is at work to own it.
    Taking,
    /// Owned.
    Live(Box<Live>),
}

/// What publishers and projections read of a partition, without waiting for its fold.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) files: Arc<Backing>,
    /// The first batch whose outputs may still have to leave from this cluster.
    pub(crate) first_batch: u64,
    /// The batch after the last that was folded.
    pub(crate) end: AtomicU64,
}

/// A partition that is owned.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) home: Home,
    pub(crate) holder: Holder,
    in_flight: Option<Batch>,
    /// Batches that are ordered and not folded.
    ready: VecDeque<(Batch, Cursor)>,
    /// The time of the last batch: the next one's is not before it.
    last_time: Timestamp,
    /// When the last record was sent whose acknowledgement proved that the partition is still owned: that
    /// may have been on its way for long.
    pub(crate) proven_at: Instant,
    ordered_at: Instant,
    /// A shipped checkpoint that no record of the order has named.
    pub(crate) to_name: String,
    pub(crate) shown: Arc<Shown>,
}

/// A batch on its way to be ordered, or to be folded.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    pub(crate) number: u64,
    pub(crate) moment: Moment,
    pub(crate) flags: u16,
    pub(crate) count: u32,
    pub(crate) body: Arc<Vec<u8>>,
    pub(crate) origins: Origins,
    began: Instant,
}

impl Batch {
    /// A batch of pieces, in the order of their sources.
    pub(crate) fn new(number: u64, moment: Moment, pieces: Vec<(SourceTopic, Piece)>) -> Self {
        let origins = Origins::new(number, &pieces);
        let count = pieces.iter().map(|(_, piece)| piece.count).sum();
        let has_control = pieces.iter().any(|(source, _)| *source == SourceTopic::Control);
        let flags = if has_control { HAS_CONTROL } else { 0 };
        let mut pieces = pieces.into_iter().map(|(_, piece)| piece.bytes);
        let mut body = pieces.next().unwrap_or_default();
        for bytes in pieces {
            body.extend_from_slice(&bytes);
        }
        let (body, began) = (Arc::new(body), Instant::now());
        Self { number, moment, flags, count, body, origins, began }
    }

    pub(crate) fn slice(&self, partition: u16) -> Slice<'_> {
        let Self { number, flags, count, body, .. } = self;
        Slice { partition, batch: *number, flags: *flags, count: *count, body }
    }
}

/// What a step came to.
#[derive(Debug)]
pub(crate) enum Stepped {
    /// Nothing is to be done at this moment.
    Idle,
    /// Something was done.
    Worked,
    /// Somebody may have written in between: the order is to be read up to this offset.
    Settle(i64),
    /// Nobody knows what became of the record in flight: the partition is to be claimed anew.
    Unknown,
    /// The fold failed at a record: whoever takes the partition stands there until it is skipped.
    Stands,
}

/// How far folding came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Folded {
    /// All that is ordered is folded.
    All,
    /// It failed at a record, and the partition is as it was before that batch.
    Stands,
}

impl Live {
    /// The owner whose claim was sent at `claimed_at`; outputs of batches before `unpublished` have left.
    pub(crate) fn new(home: Home, holder: Holder, claimed_at: Instant, unpublished: u64) -> Self {
        let last_time = home.partition().time();
        let shown = Arc::new(Shown {
            files: Arc::clone(home.backing()),
            first_batch: holder.cursor().first_batch.max(unpublished),
            end: AtomicU64::new(home.partition().next_batch()),
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

    /// Does what can be done at this moment.
    pub(crate) fn step(&mut self, inner: &Arc<Inner>) -> Result<Stepped, String> {
        let number = self.home.partition().number();
        let mut worked = false;
        let heard = std::mem::take(&mut *lock(&inner.acks[usize::from(number)]));
        let own = heard.into_iter().find(|(epoch, _)| *epoch == self.holder.epoch());
        match own.map(|(_, appended)| appended) {
            None => {}
            Some(Err(failed)) => {
                tracing::warn!(
                    partition = number,
                    why = failed.0,
                    "an order record's fate is unknown"
                );
                return Ok(Stepped::Unknown);
            }
            Some(Ok(place)) => {
                if let Some(batch) = &self.in_flight {
                    check_clock(batch, place)?;
                }
                let ordered = self.holder.acknowledged(place.offset);
                match ordered.map_err(|broken| broken.to_string())? {
                    Acknowledged::Gap { to, .. } => return Ok(Stepped::Settle(to)),
                    Acknowledged::Ordered => self.ordered(),
                }
                worked = true;
            }
        }
        // The next batch is on its way while this one is folded.
        if self.in_flight.is_none() && self.begin_batch(inner)? {
            worked = true;
        }
        Ok(match self.fold_ready(inner)? {
            Folded::Stands => Stepped::Stands,
            Folded::All if worked => Stepped::Worked,
            Folded::All => Stepped::Idle,
        })
    }

    /// The batch in flight is ordered.
    pub(crate) fn ordered(&mut self) {
        let batch = self.in_flight.take().expect("what was acknowledged was in flight");
        self.proven_at = batch.began;
        self.ready.push_back((batch, self.holder.cursor().clone()));
    }

    /// Folds what is ordered.
    pub(crate) fn fold_ready(&mut self, inner: &Arc<Inner>) -> Result<Folded, String> {
        while let Some((batch, cursor)) = self.ready.pop_front() {
            if matches!(self.fold(inner, &batch, &cursor)?, Folded::Stands) {
                return Ok(Folded::Stands);
            }
        }
        Ok(Folded::All)
    }

    /// Appends the next batch to the order, if there is one; says so.
    fn begin_batch(&mut self, inner: &Arc<Inner>) -> Result<bool, String> {
        let number = self.home.partition().number();
        let at = usize::from(number);
        let now = inner.clock.now();
        let waits = lock(&inner.inboxes[at]).bytes();
        let cursor = self.holder.cursor();
        let control_from = cursor.sources[SourceTopic::Control as usize];
        let has_control = inner.control.end() > control_from;
        let last = self.last_time;
        let is_due = self.home.partition().next_due().is_some_and(|due| due <= now)
            || now.micros() >= last.micros().saturating_add(HEARTBEAT_MICROS)
            || inner.wanted[at].load(Ordering::Acquire);
        let is_put_off = waits < MUCH_BYTES && self.ordered_at.elapsed() < inner.batch_gap();
        if (waits == 0 && !has_control && !is_due) || is_put_off {
            return Ok(false);
        }
        inner.wanted[at].store(false, Ordering::Release);
        let mut pieces = Vec::with_capacity(4);
        // What ids are hashed with is fixed by the first control record: it is a batch of its own.
        let is_genesis = control_from == 0 && has_control;
        let control_to = if is_genesis { 1 } else { i64::MAX };
        let control = inner.control.between(control_from, control_to);
        let count_max = SLOTS_MAX.saturating_sub(control.count);
        let [_, commands, wagers, events] = if is_genesis {
            Default::default()
        } else {
            lock(&inner.inboxes[at]).take(BATCH_BYTES_MAX, count_max)
        };
        let taken = commands.bytes.len() + wagers.bytes.len() + events.bytes.len();
        inner.inbox_bytes.fetch_sub(taken, Ordering::Relaxed);
        let by_source = SourceTopic::ALL.into_iter().zip([control, commands, wagers, events]);
        let goes_on =
            |(source, piece): &(SourceTopic, Piece)| piece.to > cursor.sources[*source as usize];
        pieces.extend(by_source.filter(goes_on));
        let ranges = pieces
            .iter()
            .map(|(source, piece)| piece.range(*source, cursor.sources[*source as usize]))
            .collect();
        let moment = Moment { time: now.max(last), random: random()? };
        self.last_time = moment.time;
        let content = BatchContent {
            time: moment.time,
            random: moment.random,
            ranges,
            checkpoint: std::mem::take(&mut self.to_name),
        };
        let batch = Batch::new(cursor.next_batch, moment, pieces);
        let order = self.holder.order(content);
        self.in_flight = Some(batch);
        self.ordered_at = Instant::now();
        append(inner, number, &order);
        Ok(true)
    }

    /// Folds a batch that is ordered; `cursor` stands after it.
    fn fold(
        &mut self,
        inner: &Arc<Inner>,
        batch: &Batch,
        cursor: &Cursor,
    ) -> Result<Folded, String> {
        let number = self.home.partition().number();
        let mut after = Vec::with_capacity(128);
        cursor.write(&mut after);
        let watches = &inner.watches[usize::from(number)];
        let mut hearing = Hearing(Vec::with_capacity(batch.count as usize));
        let slice = batch.slice(number);
        let shared = &inner.shared;
        match self.home.fold(&slice, &batch.moment, shared, &mut hearing, &after) {
            Ok(effects) => {
                self.shown.end.store(self.home.partition().next_batch(), Ordering::Release);
                lock(watches).folded(batch.origins.clone(), hearing.0);
                inner.latency.record(batch.began.elapsed());
                inner.folded.increment(u64::from(batch.count));
                for effect in effects {
                    inner.carry_out(number, effect, self.home.backing());
                }
                Ok(Folded::All)
            }
            Err(Stopped::Bug { place, message }) => {
                tracing::error!(?place, message, "the fold failed; the partition stands there");
                Ok(Folded::Stands)
            }
            Err(Stopped::Store(error)) => Err(format!("the store failed: {}", in_full(&error))),
        }
    }
}

/// Has a partition hear the control records from offset `from` up to `to`.
pub(crate) fn hear_control(home: &mut Home, inner: &Inner, from: i64, to: i64) {
    let piece = inner.control.between(from, to);
    let partition = home.partition().number();
    let (batch, flags, count) = (0, HAS_CONTROL, piece.count);
    home.read_ahead(&Slice { partition, batch, flags, count, body: &piece.bytes });
}

pub(crate) fn append(inner: &Arc<Inner>, partition: u16, order: &Order) {
    let mut bytes = Vec::with_capacity(256);
    order.write(&mut bytes);
    let epoch = order.epoch();
    let told = Arc::clone(inner);
    inner.log.append(
        partition,
        &bytes,
        Box::new(move |appended| {
            lock(&told.acks[usize::from(partition)]).push((epoch, appended));
            told.poke(partition);
        }),
    );
}

/// The broker's time of a batch must lie between when it was made and when it was acknowledged.
fn check_clock(batch: &Batch, place: ordered::Place) -> Result<(), String> {
    let Some(appended) = place.time else { return Ok(()) };
    let took = i64::try_from(batch.began.elapsed().as_micros()).unwrap_or(i64::MAX);
    let skew = appended.micros() - batch.moment.time.micros();
    if skew < -SKEW_MICROS_MAX || skew > took.saturating_add(SKEW_MICROS_MAX) {
        return Err(format!(
            "this machine's clock is {skew} µs from the broker's: more than two seconds; set it right"
        ));
    }
    Ok(())
}

fn random() -> Result<[u8; 32], String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| format!("no random bytes: {error}"))?;
    Ok(bytes)
}

/// Notes what became of each record.
struct Hearing(Vec<Heard>);

impl Observer for Hearing {
    fn folded(&mut self, slot: u32, outcome: &Outcome, balance: Option<Points>) {
        self.0.push((slot, outcome.clone(), balance));
    }
}

/// The time of the machine.
#[derive(Debug, Default)]
pub(crate) struct Clock;

impl Clock {
    #[expect(clippy::unused_self, reason = "tests will put another in its place")]
    pub(crate) fn now(&self) -> Timestamp {
        let since =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}
