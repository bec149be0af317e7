//! Checkpoints of a node, part by part, the sealing of ids, and what else must not stand in front of a
//! batch.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use super::fold::{Fold, Given};
use super::{Ground, lock};
use crate::checkpoint::{Checkpointer, Manifest, Part, Sealing, Standing};
use crate::error::Result;
use crate::segment::Family;
use crate::tidying;

/// Writes checkpoints.
#[derive(Debug)]
pub struct Checkpoints {
    ground: Arc<Ground>,
    checkpointer: Checkpointer,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Nothing,
    Taking(Taking),
    Sealing(Sealing),
    /// A piece of work has failed, or a fold has: there is no checkpoint any more.
    Broken,
}

/// Parts that were taken, each between two frames.
#[derive(Debug)]
struct Taking {
    seal: bool,
    /// As of the first part.
    log_synced: u64,
    parts: Vec<Part>,
    /// Of those that stand, where the interval ends.
    standing: Vec<Standing>,
    /// The partition that is asked next.
    next: usize,
    ids: usize,
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stepped {
    /// There is nothing to do until a checkpoint is begun.
    Idle,
    /// A part was taken.
    Taken,
    /// The checkpoint is written; ids may be left to be sealed.
    Written,
    /// The runs of the interval that ended with the checkpoint are written.
    Sealed,
    /// A fold has failed, or a step before: there is no checkpoint any more.
    Refused,
}

/// What small duties came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Duties {
    /// A segment was allocated ahead.
    pub has_allocated: bool,
    /// Segments that were left were closed.
    pub has_closed: bool,
}

impl Checkpoints {
    pub(super) const fn new(ground: Arc<Ground>, checkpointer: Checkpointer) -> Self {
        Self { ground, checkpointer, work: Work::Nothing }
    }

    /// The last checkpoint that was written here.
    pub const fn last(&self) -> Option<&Manifest> {
        self.checkpointer.last()
    }

    /// Begins a checkpoint, unless one is under way. With `seal`, the interval of ids and paged rows ends with it.
    pub fn begin(&mut self, seal: bool) {
        if matches!(self.work, Work::Nothing) {
            let log_synced = self.ground.log_synced();
            let (parts, standing) = (Vec::new(), Vec::new());
            let taking = Taking { seal, log_synced, parts, standing, next: 0, ids: 0 };
            self.work = Work::Taking(taking);
        }
    }

    /// Does the next piece of work: takes a part, writes the checkpoint, or seals ids. A failure is final.
    pub fn step(&mut self, folds: &[Mutex<Fold>]) -> Result<Stepped> {
        match std::mem::replace(&mut self.work, Work::Broken) {
            Work::Broken => Ok(Stepped::Refused),
            Work::Nothing => {
                self.work = Work::Nothing;
                Ok(Stepped::Idle)
            }
            Work::Taking(mut taking) => {
                let at = taking.next;
                if at == self.ground.cells.len() {
                    return self.write(taking);
                }
                let given = lock(&folds[at % folds.len()]).give(at, taking.seal);
                let Some((given, ids)) = given else { return Ok(Stepped::Refused) };
                taking.next += 1;
                taking.ids += ids;
                match given {
                    Given::Part(part) => taking.parts.push(*part),
                    Given::Standing(standing) => taking.standing.extend(standing),
                }
                self.work = Work::Taking(taking);
                Ok(Stepped::Taken)
            }
            Work::Sealing(sealing) => {
                sealing.write(&self.ground.backing)?;
                for partition in sealing.partitions() {
                    let mut cell = lock(&self.ground.cells[usize::from(partition)]);
                    cell.partition.let_go_of_ended();
                }
                self.checkpointer.sealed(&sealing);
                self.work = Work::Nothing;
                Ok(Stepped::Sealed)
            }
        }
    }

    fn write(&mut self, taking: Taking) -> Result<Stepped> {
        let Taking { seal, log_synced, mut parts, standing, next: _, ids } = taking;
        let ground = &self.ground;
        ground.ids_in_memory.store(ids, Ordering::Relaxed);
        let time = ground.log_time();
        let needed = self.checkpointer.last().map(|last| last.log_from.sequence);
        self.checkpointer.write(&mut parts, &ground.backing, log_synced, time)?;
        if let Some(needed) = needed {
            ground.log_needed_from.store(needed, Ordering::Relaxed);
        }
        ground.checkpointed_at.store(time.micros(), Ordering::Relaxed);
        self.work = if seal {
            Work::Sealing(self.checkpointer.begin_sealing(parts, &standing, time)?)
        } else {
            Work::Nothing
        };
        Ok(Stepped::Written)
    }

    /// Allocates ahead, unless there is too little room, and closes what was left. A failure is final, for
    /// checkpoints too: what was not made durable is not covered.
    pub fn small_duties(&mut self, has_room: bool) -> Result<Duties> {
        small_duties(&self.ground, has_room).inspect_err(|_| self.work = Work::Broken)
    }
}

fn small_duties(ground: &Ground, has_room: bool) -> Result<Duties> {
    ground.backing.sync_journal_in_steps()?;
    let (wanted, left) = {
        let mut spare = lock(&ground.spare);
        let wanted = spare.wanted.take().filter(|_| spare.ready.is_none());
        (wanted, std::mem::take(&mut spare.left))
    };
    let mut duties = Duties { has_allocated: false, has_closed: !left.is_empty() };
    if has_room {
        if let Some(wanted) = wanted
            && let Some(file) = tidying::allocate(&*ground.disk, Family::Log, wanted)?
        {
            lock(&ground.spare).ready = Some((wanted.0, file));
            duties.has_allocated = true;
        }
        duties.has_allocated |= tidying::allocate_journal(&*ground.disk, &ground.backing)?;
    }
    for left in left {
        left.close()?;
    }
    duties.has_closed |= tidying::close_left(&ground.backing)?;
    Ok(duties)
}
