//! What a partition is to this node, and what its thread does with one that is owned.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use accolade_domain::amount::Points;
use accolade_domain::outcome::Outcome;
use accolade_engine::error::in_full;
use accolade_engine::ownership::Acknowledged;
use accolade_engine::partition::Observer;
use accolade_storage::random::random;
use accolade_wire::order::Order;

use crate::driver::seat::{Folded, Live, Sources};
use crate::node::{Inner, lock};
use crate::watches::Heard;

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
pub(crate) enum AllFolded {
    /// All that is ordered is folded.
    Yes,
    /// It failed at a record.
    Stands,
}

/// Does what can be done with a partition at this moment, and shows how it is then.
pub(crate) fn step(inner: &Arc<Inner>, live: &mut Live) -> Result<Stepped, String> {
    let stepped = work(inner, live)?;
    live.show();
    Ok(stepped)
}

fn work(inner: &Arc<Inner>, live: &mut Live) -> Result<Stepped, String> {
    let number = live.home.partition().number();
    let mut worked = false;
    let heard = std::mem::take(&mut *lock(&inner.acks[usize::from(number)]));
    let own = heard.into_iter().find(|(epoch, _)| *epoch == live.holder.epoch());
    match own.map(|(_, appended)| appended) {
        None => {}
        Some(Err(failed)) => {
            tracing::warn!(partition = number, why = failed.0, "an order record's fate is unknown");
            return Ok(Stepped::Unknown);
        }
        Some(Ok(place)) => {
            if let Acknowledged::Gap { to, .. } = live.acknowledged(place, inner.clock.passed())? {
                return Ok(Stepped::Settle(to));
            }
            worked = true;
        }
    }
    // The next batch is on its way while this one is folded.
    if begin_batch(inner, live)? {
        worked = true;
    }
    Ok(match fold_ready(inner, live)? {
        AllFolded::Stands => Stepped::Stands,
        AllFolded::Yes if worked => Stepped::Worked,
        AllFolded::Yes => Stepped::Idle,
    })
}

/// Appends the next batch to the order, if there is one; says so.
fn begin_batch(inner: &Arc<Inner>, live: &mut Live) -> Result<bool, String> {
    if live.is_waiting() {
        return Ok(false);
    }
    let number = live.home.partition().number();
    let at = usize::from(number);
    let is_wanted = inner.wanted[at].swap(false, Ordering::AcqRel);
    let sources = Sources {
        inbox: &inner.inboxes[at],
        control: &inner.control,
        gap: inner.batch_gap(),
        is_wanted,
    };
    let Some(begun) = live.begin_batch(inner.clock.at(), &sources, random_bytes)? else {
        inner.wanted[at].fetch_or(is_wanted, Ordering::AcqRel);
        return Ok(false);
    };
    inner.inbox_bytes.fetch_sub(begun.bytes_taken, Ordering::Relaxed);
    append(inner, number, &begun.order);
    Ok(true)
}

/// Folds what is ordered.
pub(crate) fn fold_ready(inner: &Arc<Inner>, live: &mut Live) -> Result<AllFolded, String> {
    let number = live.home.partition().number();
    loop {
        let mut hearing = Hearing::default();
        if live.has_ordered() {
            inner.changes.begin(number);
        }
        let folded = live.fold_next(&inner.shared, &mut hearing);
        match folded.map_err(|error| format!("the store failed: {}", in_full(&error)))? {
            Folded::Nothing => return Ok(AllFolded::Yes),
            Folded::Stands { place, message } => {
                tracing::error!(?place, message, "the fold failed; the partition stands there");
                return Ok(AllFolded::Stands);
            }
            Folded::Batch { batch, effects, .. } => {
                lock(&inner.watches[usize::from(number)]).folded(batch.origins.clone(), hearing.0);
                inner.latency.record(inner.clock.passed().saturating_sub(batch.began));
                inner.folded.increment(u64::from(batch.count));
                for effect in effects {
                    inner.carry_out(number, effect, live.home.backing());
                }
                inner.changes.end(number);
            }
        }
    }
}

fn append(inner: &Arc<Inner>, partition: u16, order: &Order) {
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

fn random_bytes() -> Result<[u8; 32], String> {
    random().map_err(|error| in_full(&error))
}

/// Notes what became of each record.
#[derive(Default)]
struct Hearing(Vec<Heard>);

impl Observer for Hearing {
    fn folded(&mut self, slot: u32, outcome: &Outcome, balance: Option<Points>) {
        self.0.push((slot, outcome.clone(), balance));
    }
}
