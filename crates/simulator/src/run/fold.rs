//! What a fold says, the rules that fail on purpose, and the fold that nothing interrupts.

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};

use accolade_domain::amount::Points;
use accolade_domain::ledger::{EntryKind, Moved, Parts, Place};
use accolade_domain::outcome::Outcome;
use accolade_engine::apply::{Input, Loaded, What, apply};
use accolade_engine::behaviour::{Behaviour, FIRST, SECOND};
use accolade_engine::contract::faulty::{is_judged, stake_of};
use accolade_engine::contract::gifts::with_gifts;
use accolade_engine::contract::memory::MemoryStore;
use accolade_engine::input::Body;
use accolade_engine::partition::{Observer, Partition, Shared, Stopped};
use accolade_engine::rules::Rules;
use accolade_engine::step::{Change, NewEntry, Step};
use accolade_engine::tables::walks::WalkKey;
use accolade_storage::log::LogFrame;

use super::{Counts, panics};
use crate::workload::FAULTY_STAKE;

/// What the fold said about a record.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) place: Place,
    pub(crate) outcome: Outcome,
    pub(crate) balance: Option<Points>,
}

/// What time has done to partitions.
#[derive(Debug, Default)]
pub(crate) struct Timings {
    walks: u64,
}

impl Timings {
    /// Folds a batch of a partition, and notes what time has done there.
    pub(crate) fn note<T>(
        &mut self,
        partition: &mut Partition,
        fold: impl FnOnce(&mut Partition) -> T,
    ) -> T {
        let before = walks(partition);
        let folded = fold(partition);
        let after = walks(partition);
        self.walks += before.difference(&after).count() as u64;
        folded
    }

    pub(crate) fn count(&self, counts: &mut Counts) {
        *counts.entry("walks through the accounts").or_default() += self.walks;
    }
}

fn walks(partition: &Partition) -> BTreeSet<WalkKey> {
    partition.tables().walks.iter().map(|(key, _)| *key).collect()
}

/// Partitions over maps, given every frame of the log as it becomes durable; one that stands keeps the
/// frames that come in meanwhile.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) partitions: Vec<Partition>,
    pub(crate) store: MemoryStore,
    /// What was said and not yet taken.
    pub(crate) heard: Vec<Heard>,
    pub(crate) timings: Timings,
    waiting: Vec<VecDeque<LogFrame>>,
    shared: Shared,
}

impl Reference {
    pub(crate) fn new(partitions: u16) -> Self {
        Self {
            partitions: (0..partitions).map(Partition::new).collect(),
            store: MemoryStore::default(),
            heard: Vec::new(),
            timings: Timings::default(),
            waiting: vec![VecDeque::new(); usize::from(partitions)],
            shared: shared(),
        }
    }

    /// Takes a frame in, and folds what can be folded.
    pub(crate) fn accept(&mut self, frame: &LogFrame) {
        for slice in frame.slices() {
            let at = usize::from(slice.partition);
            self.partitions[at].read_ahead(&slice);
            self.waiting[at].push_back(frame.clone());
        }
        for at in 0..self.partitions.len() {
            while let Some(frame) = self.waiting[at].pop_front() {
                if !self.fold(at, &frame) {
                    self.waiting[at].push_front(frame);
                    break;
                }
            }
        }
    }

    /// Folds one batch; `false` where the partition stands.
    fn fold(&mut self, at: usize, frame: &LogFrame) -> bool {
        let partition = &mut self.partitions[at];
        let slice = frame.slices().find(|slice| slice.partition == partition.number());
        let slice = slice.expect("the frame was queued for its slice");
        let mut hearing =
            Hearing { partition: slice.partition, batch: slice.batch, heard: &mut self.heard };
        let (shared, store, moment) = (&self.shared, &mut self.store, &frame.moment);
        let fold = |it: &mut Partition| it.fold(&slice, moment, shared, store, &mut hearing);
        match self.timings.note(partition, fold) {
            Ok(_) => true,
            Err(Stopped::Bug { place, message }) => {
                assert!(message.contains(FAULT), "the fold failed at {place:?}: {message}");
                false
            }
            Err(Stopped::Store(error)) => panic!("maps do not fail: {error}"),
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

/// Whether a fold was meant to fail so.
pub(crate) fn is_meant(message: &str) -> bool {
    message.contains(FAULT) || panics::is_bug(message)
}

/// What a node decides by.
pub(crate) fn shared() -> Shared {
    const FAULTY: &[Behaviour] =
        &[Behaviour { apply: faulty, ..FIRST }, Behaviour { apply: faulty, ..SECOND }];
    Shared::new(FAULTY)
}

/// The rules with gifts, one of which fails at a certain stake, and which fail now and then wherever they
/// may.
fn faulty<'a>(rules: &Rules, loaded: &Loaded<'_>, input: &Input<'a>) -> Step<'a> {
    let mut step = with_gifts(apply(rules, loaded, input), rules, input);
    if is_judged(&step.outcome) {
        panics::pass("panics in a rule");
        assert!(stake_of(input) != Some(FAULTY_STAKE), "{FAULT}");
    }
    if matches!(input.what, What::Timer(_)) {
        panics::pass("panics in a timer");
    }
    if let Some(entry) = step.entries.last_mut()
        && panics::fails("panics while a step is carried")
    {
        // All changes of the step have been carried when its entry turns out not to add up.
        entry.balance_after = Points::ZERO;
        entry.points = Points::ZERO;
    }
    let sends = step.changes.iter().any(|change| matches!(change, Change::Send { .. }));
    if sends && is_of_a_player(input) && panics::fails("panics while a message is sent") {
        step.entries.push(NewEntry {
            kind: EntryKind::Earned,
            points: Points::ZERO,
            balance_after: Points::ZERO,
            capped: Points::ZERO,
            moved: Moved::Untold,
            cause: Cow::Borrowed(""),
            version: 0,
            parts: Parts::default(),
            event_time: input.now,
        });
    }
    step
}

/// Whether an entry can be made.
const fn is_of_a_player(input: &Input<'_>) -> bool {
    matches!(input.what, What::Record(_, Body::Event(..)))
}
