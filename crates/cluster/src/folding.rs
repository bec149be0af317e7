//! The threads that order and fold; partition p belongs to thread p modulo their number.

use std::sync::Arc;
use std::time::Duration;

use crate::node::{Inner, lock};
use crate::seat::{Seat, Stepped};

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
            worked |= step(inner, *partition);
            let at = usize::from(*partition);
            waits |= lock(&inner.inboxes[at]).bytes() > 0;
        }
        if !worked {
            inner.pokes[number].wait(if waits { SOON } else { PATIENCE });
        }
    }
}

/// Does what can be done for a partition; says whether there was anything.
fn step(inner: &Arc<Inner>, partition: u16) -> bool {
    let mut seat = lock(&inner.seats[usize::from(partition)]);
    let Seat::Live(live) = &mut *seat else { return false };
    let stood = live.standing().is_some();
    let stepped = live.step(inner);
    let stands = live.standing();
    if stood != stands.is_some() {
        inner.stands(partition, stands);
    }
    match stepped {
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
        Ok(Stepped::Unknown) => {
            drop(std::mem::replace(&mut *seat, Seat::Taking));
            drop(seat);
            inner.let_go(partition);
            inner.work_on(partition, None);
            true
        }
        Err(failure) => {
            drop(seat);
            inner.fail(format!("partition {partition}: {failure}"));
            true
        }
    }
}
