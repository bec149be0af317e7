//! Callers that wait for what becomes of a record, known by its source and offset.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use accolade_domain::amount::Points;
use accolade_domain::outcome::Outcome;
use accolade_wire::order::SourceTopic;

use crate::inbox::Piece;

/// So many batches are remembered, for those who ask late.
const REMEMBERED_MAX: usize = 4_096;

/// Hears what became of one record.
pub(crate) trait Hears: Send {
    fn hear(self: Box<Self>, outcome: &Outcome, balance: Option<Points>);
}

impl<F: FnOnce(&Outcome, Option<Points>) + Send> Hears for F {
    fn hear(self: Box<Self>, outcome: &Outcome, balance: Option<Points>) {
        (*self)(outcome, balance);
    }
}

type Waiting = Vec<Box<dyn Hears>>;

/// Where the records of a batch came from, in the order of its slots.
#[derive(Debug, Clone)]
pub(crate) struct Origins {
    pub(crate) batch: u64,
    pub(crate) sources: Arc<[(SourceTopic, Piece)]>,
}

impl Origins {
    /// The origins of a batch of these pieces; their bytes are not needed.
    pub(crate) fn new(batch: u64, pieces: &[(SourceTopic, Piece)]) -> Self {
        let sources = pieces
            .iter()
            .map(|(source, piece)| {
                let (count, stretches, to) = (piece.count, piece.stretches.clone(), piece.to);
                (*source, Piece { bytes: Vec::new(), count, stretches, to })
            })
            .collect();
        Self { batch, sources }
    }

    /// Whether it has records of the source, and all come before `offset`.
    fn ends_before(&self, source: SourceTopic, offset: i64) -> bool {
        self.sources.iter().any(|(other, piece)| *other == source && piece.to <= offset)
    }

    fn slot(&self, source: SourceTopic, offset: i64) -> Option<u32> {
        let mut before = 1;
        for (other, piece) in self.sources.iter() {
            if *other == source
                && let Some(position) = piece.position(offset)
            {
                return Some(before + position);
            }
            before += piece.count;
        }
        None
    }

    fn offset(&self, slot: u32) -> Option<(SourceTopic, i64)> {
        let mut position = slot.checked_sub(1)?;
        for (source, piece) in self.sources.iter() {
            for (first, count) in &piece.stretches {
                if position < *count {
                    return Some((*source, first + i64::from(position)));
                }
                position -= count;
            }
        }
        None
    }
}

/// Those who wait for records of one partition.
#[derive(Default)]
pub(crate) struct Watches {
    waiting: BTreeMap<(SourceTopic, i64), Waiting>,
    remembered: VecDeque<Origins>,
}

impl std::fmt::Debug for Watches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watches").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

/// Where a record was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// In a batch that has been folded.
    At {
        /// The batch.
        batch: u64,
        /// The slot.
        slot: u32,
    },
    /// Not in any batch that is remembered.
    NotYet,
}

impl Watches {
    /// Where the record is, if its batch was folded a short while ago.
    pub(crate) fn find(&self, source: SourceTopic, offset: i64) -> Found {
        for origins in self.remembered.iter().rev() {
            // The newest batch of the source says at once that the record is not folded yet.
            if origins.ends_before(source, offset) {
                break;
            }
            if let Some(slot) = origins.slot(source, offset) {
                return Found::At { batch: origins.batch, slot };
            }
        }
        Found::NotYet
    }

    /// `hears` hears once the record is folded.
    pub(crate) fn wait(&mut self, source: SourceTopic, offset: i64, hears: Box<dyn Hears>) {
        self.waiting.entry((source, offset)).or_default().push(hears);
    }

    /// A batch was folded; `outcomes` of those slots that [`Watches::wanted`] named.
    pub(crate) fn folded(&mut self, origins: Origins, outcomes: &[(u32, Outcome, Option<Points>)]) {
        for (slot, outcome, balance) in outcomes {
            let Some(key) = origins.offset(*slot) else { continue };
            for hears in self.waiting.remove(&key).unwrap_or_default() {
                hears.hear(outcome, *balance);
            }
        }
        if !origins.sources.is_empty() {
            self.remembered.push_back(origins);
        }
        if self.remembered.len() > REMEMBERED_MAX {
            self.remembered.pop_front();
        }
    }

    /// The slots of a batch that somebody waits for, sorted.
    pub(crate) fn wanted(&self, origins: &Origins) -> Vec<u32> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        let mut slots: Vec<u32> = self
            .waiting
            .keys()
            .filter_map(|(source, offset)| origins.slot(*source, *offset))
            .collect();
        slots.sort_unstable();
        slots
    }

    /// Nobody of those who wait will hear from here.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}
