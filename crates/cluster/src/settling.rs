//! The thread that makes a partition this node's own, or finds out that it is another's.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use crate::checkpoints::Keeping;
use crate::driver::seat::Live;
use crate::driver::takeover::{NotTaken, read_gap};
use crate::node::{Inner, lock};
use crate::seat::{self, AllFolded, Seat};
use crate::taking;

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
    let (live, keeper) = taking::take(inner, partition)?;
    let keeping = Arc::new(Mutex::new(Keeping::new(keeper)));
    *lock(&inner.keepers[usize::from(partition)]) = Some(keeping);
    put(inner, partition, Box::new(live), true);
    Ok(())
}

/// Reads the gap before the own record; says whether the partition is still owned, and does not stand.
fn settle(inner: &Arc<Inner>, partition: u16, live: &mut Live, to: i64) -> Result<bool, NotTaken> {
    let records = read_gap(&*inner.log, partition, live.holder.cursor().next, to)?;
    let judged = live.settled(&records);
    let judged = judged.map_err(|broken| NotTaken::Stopped(broken.to_string()))?;
    if let Err(lost) = judged {
        tracing::warn!(partition, epoch = lost.epoch, "another node has claimed the partition");
        return Ok(false);
    }
    let folded = seat::fold_ready(inner, live).map_err(NotTaken::Stopped)?;
    Ok(folded == AllFolded::Yes)
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
        live.show();
        inner.changes.end(partition);
        *lock(&inner.shown[at]) = Arc::downgrade(&live.shown);
        *seat = Seat::Live(live);
    }
    if is_new {
        inner.announce(partition, epoch, checkpoint);
        tracing::info!(partition, epoch, "owned");
    }
    inner.poke(partition);
}
