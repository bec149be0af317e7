//! Folds for simulations, one at a time for a node, in the order in which they were asked for: its own simulation's, and
//! those of other nodes. Nobody who has a turn waits for another node, so that none waits for ever.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::job::Progress;
use super::{Awaits, Ending};
use crate::lock::lock;

/// How often whoever waits looks whether it is their turn.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Who has the turn, and who waits for it.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    next: u64,
    /// The first has the turn.
    tickets: VecDeque<u64>,
}

/// A place in the queue, left when it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    ticket: u64,
}

impl Turns {
    /// Waits for a turn, so long at most and while it is still wanted.
    pub(super) fn take(&self, awaits: &dyn Awaits, patience: Duration) -> Result<Turn<'_>, Ending> {
        let until = Instant::now() + patience;
        let turn = self.queue();
        while !turn.has_come() {
            if Instant::now() >= until {
                let what = "a node that has some of the partitions is busy with other simulations";
                return Err(Ending::Failed(what.into()));
            }
            std::thread::sleep(LOOK_EVERY);
            awaits.hears(Progress::default());
            awaits.goes_on()?;
        }
        Ok(turn)
    }

    fn queue(&self) -> Turn<'_> {
        let mut queue = lock(&self.0);
        let ticket = queue.next;
        queue.next += 1;
        queue.tickets.push_back(ticket);
        Turn { turns: self, ticket }
    }
}

impl Turn<'_> {
    fn has_come(&self) -> bool {
        lock(&self.turns.0).tickets.front() == Some(&self.ticket)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        lock(&self.turns.0).tickets.retain(|ticket| *ticket != self.ticket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waits so many looks, and is gone then.
    struct Looks(std::cell::Cell<u32>);

    impl Awaits for Looks {
        fn hears(&self, progress: Progress) {
            assert_eq!(progress, Progress::default(), "nothing is folded");
        }

        fn goes_on(&self) -> Result<(), Ending> {
            let left = self.0.get().checked_sub(1).ok_or(Ending::Cancelled)?;
            self.0.set(left);
            Ok(())
        }
    }

    #[test]
    fn turns_come_in_their_order_and_whoever_has_waited_long_enough_hears_why() {
        let (turns, patient) = (Turns::default(), Duration::from_hours(1));
        let take = |looks, patience| turns.take(&Looks(std::cell::Cell::new(looks)), patience);
        let first = take(0, Duration::ZERO).unwrap();
        let Err(Ending::Failed(why)) = take(9, Duration::ZERO) else { panic!("it is busy") };
        assert!(why.contains("busy"), "{why}");
        assert_eq!(take(3, patient).unwrap_err(), Ending::Cancelled, "nobody waits any more");
        let (second, third) = (turns.queue(), turns.queue());
        assert!(!second.has_come() && !third.has_come());
        drop(first);
        assert!(second.has_come() && !third.has_come());
        drop((second, third));
        assert!(take(0, Duration::ZERO).is_ok(), "those who have gone hold up nobody");
    }
}
