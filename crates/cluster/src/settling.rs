//! The thread that makes a partition this node's own, or finds out that it is another's.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use accolade_wire::order::Order;

use crate::node::{Inner, lock};
use crate::seat::{Folded, Live, Seat};
use crate::takeover::{self, NotTaken};

/// Takes a partition; with `live`, whose record in flight was acknowledged further on than expected,
/// reads what lies between first.
pub(crate) fn run(
    inner: &Arc<Inner>,
    partition: u16,
    live: Option<(Box<Live>, i64)>,
) -> Result<(), NotTaken> {
    if let Some((mut live, to)) = live {
        match settle(inner, partition, &mut live, to) {
            Ok(true) => {
                put(inner, partition, live, false);
                return Ok(());
            }
            Ok(false) => {}
            Err(NotTaken::Later(why)) => {
                tracing::warn!(partition, why, "the gap could not be read; claiming anew");
            }
            Err(not_taken) => return Err(not_taken),
        }
        drop(live);
        inner.let_go(partition);
    }
    let (live, keeper) = takeover::take(inner, partition)?;
    *lock(&inner.keepers[usize::from(partition)]) = Some(Arc::new(Mutex::new(keeper)));
    put(inner, partition, Box::new(live), true);
    Ok(())
}

/// Reads the gap before the own record; says whether the partition is still owned, and does not stand.
fn settle(inner: &Arc<Inner>, partition: u16, live: &mut Live, to: i64) -> Result<bool, NotTaken> {
    let mut records = Vec::new();
    let from = live.holder.cursor().next;
    inner.log.read_order(partition, from..to + 1, &mut |offset, bytes| {
        let order = Order::read(bytes)
            .map_err(|bad| accolade_engine::ordered::LogFailed::Damaged(bad.to_string()))?;
        records.push((offset, order));
        Ok(())
    })?;
    let judged =
        live.holder.gap(&records).map_err(|broken| NotTaken::Stopped(broken.to_string()))?;
    if let Err(lost) = judged {
        tracing::warn!(partition, epoch = lost.epoch, "another node has claimed the partition");
        return Ok(false);
    }
    live.ordered();
    let folded = live.fold_ready(inner).map_err(NotTaken::Stopped)?;
    Ok(folded == Folded::All)
}

fn put(inner: &Arc<Inner>, partition: u16, live: Box<Live>, is_new: bool) {
    let at = usize::from(partition);
    let (epoch, sources) = (live.holder.epoch(), live.holder.cursor().sources);
    let checkpoint = live.holder.cursor().checkpoint.clone();
    inner.stands(partition, None);
    {
        let mut seat = lock(&inner.seats[at]);
        if !inner.wants(partition) {
            *seat = Seat::Empty;
            drop(seat);
            inner.let_go(partition);
            return;
        }
        if is_new {
            lock(&inner.acks[at]).clear();
            let published = if inner.options.publishes { 0 } else { u64::MAX };
            inner.published[at].store(published, Ordering::Release);
        }
        // It may have been let go while a gap was settled, and be wanted again.
        let mut inbox = lock(&inner.inboxes[at]);
        if is_new || !inbox.is_open() {
            inbox.open(sources);
            lock(&inner.watches[at]).open(sources);
            if let Err(error) = inner.log.follow(partition, sources) {
                tracing::warn!(partition, %error, "the partition's records cannot be followed");
                *seat = Seat::Empty;
                return;
            }
        }
        drop(inbox);
        *lock(&inner.shown[at]) = Arc::downgrade(&live.shown);
        *seat = Seat::Live(live);
    }
    if is_new {
        inner.announce(partition, epoch, checkpoint);
        tracing::info!(partition, epoch, "owned");
    }
    inner.poke(partition);
}
