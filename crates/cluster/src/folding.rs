//! The threads that order and fold; partition p belongs to thread p modulo their number.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, TryLockError};
use std::time::Duration;

use crate::node::{Inner, in_words, lock};
use crate::seat::{self, Seat, Stepped};

/// Timers become due while nothing is heard.
const PATIENCE: Duration = Duration::from_millis(20);
/// A batch that was put off is due after so long.
const SOON: Duration = Duration::from_millis(1);

pub(crate) fn run(inner: &Arc<Inner>, number: usize) {
    let own: Vec<u16> = (0..inner.log.partitions())
        .filter(|partition| usize::from(*partition) % inner.pokes.len() == number)
        .collect();
    while !inner.is_stopping() {
        let mut worked = false;
        let mut waits = false;
        for partition in &own {
            match step(inner, *partition) {
                Some(has_worked) => worked |= has_worked,
                None => waits = true,
            }
            let at = usize::from(*partition);
            waits |= lock(&inner.inboxes[at]).bytes() > 0;
        }
        if !worked {
            inner.pokes[number].wait(if waits { SOON } else { PATIENCE });
        }
    }
}

/// Does what can be done for a partition; says whether there was anything. Nothing is known where somebody
/// else is at the partition: others of this thread do not wait for it.
fn step(inner: &Arc<Inner>, partition: u16) -> Option<bool> {
    let mut seat = match inner.seats[usize::from(partition)].try_lock() {
        Ok(seat) => seat,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => return None,
    };
    let Seat::Live(live) = &mut *seat else { return Some(false) };
    let stepped = catch_unwind(AssertUnwindSafe(|| seat::step(inner, live)));
    let worked = match stepped.unwrap_or_else(|panic| Err(in_words(&*panic))) {
        Ok(Stepped::Idle) => false,
        Ok(Stepped::Worked) => true,
        Ok(Stepped::Settle(to)) => {
            let taken = std::mem::replace(&mut *seat, Seat::Taking);
            drop(seat);
            if let Seat::Live(live) = taken {
                inner.work_on(partition, Some((live, to)));
            }
            true
        }
        Ok(Stepped::Unknown | Stepped::Stands) => {
            drop(std::mem::replace(&mut *seat, Seat::Taking));
            drop(seat);
            inner.let_go(partition);
            inner.work_on(partition, None);
            true
        }
        Err(failure) => {
            // What is half folded must not come into a checkpoint.
            *seat = Seat::Empty;
            drop(seat);
            inner.fail(format!("partition {partition}: {failure}"));
            true
        }
    };
    Some(worked)
}
