//! Feeds frames of the log to partitions, as a node does on its fold threads, but one after the other.

use std::collections::VecDeque;

use accolade_domain::account::Account;
use accolade_domain::amount::Points;
use accolade_domain::earning::{Decision, decide};
use accolade_domain::event::Wager;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::program::Program;
use accolade_domain::time::Timestamp;
use accolade_engine::partition::{Effect, Observer, Partition, Shared, Stopped};
use accolade_engine::rules::RulesHistory;
use accolade_engine::store::Store;
use accolade_storage::backing::NodeStore;
use accolade_storage::error::{Result, StorageError};
use accolade_storage::log::LogFrame;
use accolade_storage::segment::Position;

use crate::workload::FAULTY_STAKE;

/// A store that keeps what was committed until it is told to write it.
pub(crate) trait Flush: Store {
    fn flush(&mut self, time: Timestamp) -> Result<()>;
}

impl Flush for NodeStore {
    fn flush(&mut self, time: Timestamp) -> Result<()> {
        Self::flush(self, time)
    }
}

/// Names what the fold could not read.
pub(crate) const STORE: &str = "what the fold asks for";

/// What the fold said about a record.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) place: Place,
    pub(crate) outcome: Outcome,
    pub(crate) balance: Option<Points>,
}

/// Partitions and the frames that wait for them.
#[derive(Debug)]
pub(crate) struct Folder<S> {
    pub(crate) partitions: Vec<Partition>,
    pub(crate) store: S,
    /// Everything before this in the log has been folded, by partition.
    pub(crate) folded_to: Vec<Position>,
    /// Where a partition stands because its fold failed.
    pub(crate) standing: Vec<Option<Place>>,
    /// What was said and not yet taken.
    pub(crate) heard: Vec<Heard>,
    /// What follows and was not yet taken, with the partition that it follows from.
    pub(crate) effects: Vec<(u16, Effect)>,
    waiting: Vec<VecDeque<LogFrame>>,
    shared: Shared,
}

impl<S: Flush> Folder<S> {
    /// `at`: where the log goes on for the partitions.
    pub(crate) fn new(partitions: Vec<Partition>, store: S, at: Position) -> Self {
        let count = partitions.len();
        Self {
            partitions,
            store,
            folded_to: vec![at; count],
            standing: vec![None; count],
            heard: Vec::new(),
            effects: Vec::new(),
            waiting: vec![VecDeque::new(); count],
            shared: Shared { history: RulesHistory::default(), decide: faulty_decide },
        }
    }

    /// Whether every partition has folded all that was accepted.
    pub(crate) fn is_done(&self) -> bool {
        self.waiting.iter().all(VecDeque::is_empty)
    }

    /// Takes a frame in, and folds what can be folded.
    pub(crate) fn accept(&mut self, frame: &LogFrame) -> Result<()> {
        for slice in frame.slices() {
            let at = usize::from(slice.partition);
            self.partitions[at].read_ahead(&slice);
            if slice.batch >= self.partitions[at].next_batch() {
                self.waiting[at].push_back(frame.clone());
            }
        }
        self.go_on(frame.moment.time)?;
        for at in 0..self.partitions.len() {
            if self.waiting[at].is_empty() {
                self.folded_to[at] = frame.after;
            }
        }
        Ok(())
    }

    /// Folds what waits. After a failure of the store it can be tried again.
    pub(crate) fn go_on(&mut self, time: Timestamp) -> Result<()> {
        for at in 0..self.partitions.len() {
            while let Some(frame) = self.waiting[at].front().cloned() {
                if !self.fold(at, &frame)? {
                    break;
                }
                self.waiting[at].pop_front();
                self.folded_to[at] = frame.after;
                // A void may ask for what the batch before has just decided.
                if !self.waiting[at].is_empty() {
                    self.store.flush(time)?;
                }
            }
        }
        self.store.flush(time)
    }

    /// Folds one batch; `false` where the partition stands.
    fn fold(&mut self, at: usize, frame: &LogFrame) -> Result<bool> {
        let partition = &mut self.partitions[at];
        let is_its =
            |slice: &accolade_wire::record::Slice<'_>| slice.partition == partition.number();
        let slice = frame.slices().find(is_its).expect("the frame was queued for its slice");
        let mut hearing =
            Hearing { partition: slice.partition, batch: slice.batch, heard: &mut self.heard };
        match partition.fold(&slice, &frame.moment, &self.shared, &mut self.store, &mut hearing) {
            Ok(effects) => {
                self.effects.extend(effects.into_iter().map(|effect| (slice.partition, effect)));
                self.standing[at] = None;
                Ok(true)
            }
            Err(Stopped::Bug { place, message }) => {
                assert!(message.contains(FAULT), "the fold failed at {place:?}: {message}");
                self.standing[at] = Some(place);
                Ok(false)
            }
            Err(Stopped::Store(error)) => Err(StorageError::io(STORE, error)),
        }
    }
}

/// Notes what the fold says about the records of a batch.
pub(crate) struct Hearing<'a> {
    pub(crate) partition: u16,
    pub(crate) batch: u64,
    pub(crate) heard: &'a mut Vec<Heard>,
}

impl Observer for Hearing<'_> {
    fn folded(&mut self, slot: u32, outcome: &Outcome, balance: Option<Points>) {
        let place = Place { partition: self.partition, batch: self.batch, slot, number: 0 };
        self.heard.push(Heard { place, outcome: outcome.clone(), balance });
    }
}

/// What the faulty rule says when it fails.
pub(crate) const FAULT: &str = "the simulated rule has failed";

/// The rules, one of which fails at a certain stake.
pub(crate) fn faulty_decide(
    program: &Program,
    wager: &Wager<'_>,
    account: Option<&Account>,
) -> Decision {
    assert!(wager.stake.atto() != FAULTY_STAKE, "{FAULT}");
    decide(program, wager, account)
}
