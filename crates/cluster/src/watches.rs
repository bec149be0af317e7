//! Callers that wait for what becomes of a record, known by its source and offset.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use accolade_domain::amount::Points;
use accolade_domain::outcome::Outcome;
use accolade_wire::order::{Offsets, SourceTopic};

use crate::inbox::Piece;

/// So many batches are remembered, for those who ask late.
const REMEMBERED_MAX: usize = 4_096;
/// So many outcomes are at hand without a look into the journal.
const OUTCOMES_MAX: usize = 8_192;

/// So many callers wait for records that are not folded yet: what comes at a great rate in less than a
/// second. Whoever comes after them hears nothing.
const WAITING_MAX: usize = 65_536;

/// Hears what became of one record.
pub(crate) trait Hears: Send {
    fn hear(self: Box<Self>, outcome: &Outcome, balance: Option<Points>);
}

impl<F: FnOnce(&Outcome, Option<Points>) + Send> Hears for F {
    fn hear(self: Box<Self>, outcome: &Outcome, balance: Option<Points>) {
        (*self)(outcome, balance);
    }
}

/// Somebody waits, for so long and no longer.
struct Waiting {
    until: Instant,
    hears: Box<dyn Hears>,
}

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
}

/// What became of the record of a slot, and the player's balance after it.
pub(crate) type Heard = (u32, Outcome, Option<Points>);

/// A batch that was folded.
struct Folded {
    origins: Origins,
    /// By slot; nothing where the journal alone knows.
    outcomes: Vec<Heard>,
}

/// Those who wait for records of one partition, and what became of the latest ones.
#[derive(Default)]
pub(crate) struct Watches {
    /// The offsets that are folded next, while the partition is here.
    next: Option<Offsets>,
    waiting: BTreeMap<(SourceTopic, i64), Vec<Waiting>>,
    waiting_count: usize,
    remembered: VecDeque<Folded>,
    /// So many of the oldest batches have no outcomes any more.
    bare: usize,
    outcomes: usize,
}

impl std::fmt::Debug for Watches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watches").field("waiting", &self.waiting_count).finish_non_exhaustive()
    }
}

/// Where the journal says what became of a record.
pub(crate) struct Recorded {
    pub(crate) batch: u64,
    pub(crate) slot: u32,
    pub(crate) hears: Box<dyn Hears>,
}

impl Watches {
    /// The partition is here; what comes next has these offsets.
    pub(crate) const fn open(&mut self, next: Offsets) {
        self.next = Some(next);
    }

    /// Whether the partition is here.
    pub(crate) const fn is_open(&self) -> bool {
        self.next.is_some()
    }

    /// `hears` hears what becomes of a record: at once where that is known, or once it is folded, if that is
    /// before `until`. What was folded longer ago than is remembered, nobody waits for.
    pub(crate) fn ask(
        &mut self,
        source: SourceTopic,
        offset: i64,
        until: Instant,
        hears: Box<dyn Hears>,
    ) -> Option<Recorded> {
        if self.next.is_some_and(|next| offset >= next[source as usize]) {
            if self.waiting_count < WAITING_MAX {
                let waiting = self.waiting.entry((source, offset)).or_default();
                waiting.push(Waiting { until, hears });
                self.waiting_count += 1;
            }
            return None;
        }
        let found = self.remembered.iter().rev().find_map(|folded| {
            let slot = folded.origins.slot(source, offset)?;
            Some((folded, slot))
        });
        let (Folded { origins, outcomes }, slot) = found?;
        if let Some((_, outcome, balance)) = outcome_of(outcomes, slot) {
            hears.hear(outcome, *balance);
            return None;
        }
        Some(Recorded { batch: origins.batch, slot, hears })
    }

    /// A batch was folded, with `outcomes` by slot, if they were heard.
    pub(crate) fn folded(&mut self, origins: Origins, outcomes: Vec<Heard>) {
        for (source, piece) in origins.sources.iter() {
            if let Some(next) = &mut self.next {
                next[*source as usize] = piece.to;
            }
            for (first, count) in &piece.stretches {
                let offsets = (*source, *first)..(*source, first + i64::from(*count));
                while let Some((key, _)) = self.waiting.range(offsets.clone()).next() {
                    let key = *key;
                    let heard = origins.slot(key.0, key.1).and_then(|at| outcome_of(&outcomes, at));
                    for Waiting { hears, .. } in self.waiting.remove(&key).unwrap_or_default() {
                        self.waiting_count -= 1;
                        if let Some((_, outcome, balance)) = heard {
                            hears.hear(outcome, *balance);
                        }
                    }
                }
            }
        }
        if !origins.sources.is_empty() {
            self.outcomes += outcomes.len();
            self.remembered.push_back(Folded { origins, outcomes });
        }
        while self.outcomes > OUTCOMES_MAX
            && let Some(oldest) = self.remembered.get_mut(self.bare)
        {
            self.outcomes -= std::mem::take(&mut oldest.outcomes).len();
            self.bare += 1;
        }
        if self.remembered.len() > REMEMBERED_MAX
            && let Some(oldest) = self.remembered.pop_front()
        {
            self.outcomes -= oldest.outcomes.len();
            self.bare = self.bare.saturating_sub(1);
        }
    }

    /// Lets those go who have waited long enough.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.waiting.retain(|_, waiting| {
            waiting.retain(|waiting| waiting.until > now);
            !waiting.is_empty()
        });
        self.waiting_count = self.waiting.values().map(Vec::len).sum();
    }

    /// Nobody of those who wait will hear from here.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}

fn outcome_of(outcomes: &[Heard], slot: u32) -> Option<&Heard> {
    outcomes.binary_search_by_key(&slot, |(slot, _, _)| *slot).ok().map(|at| &outcomes[at])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Waits for `offsets`; what is returned is held once more by each that still waits.
    fn ask(watches: &mut Watches, offsets: std::ops::Range<i64>, until: Instant) -> Arc<()> {
        let caller = Arc::new(());
        for offset in offsets {
            let held = Arc::clone(&caller);
            let hears = move |_: &Outcome, _: Option<Points>| drop(held);
            assert!(watches.ask(SourceTopic::Wagers, offset, until, Box::new(hears)).is_none());
        }
        caller
    }

    #[test]
    fn whoever_waits_for_what_is_not_folded_is_let_go_in_the_end() {
        let mut watches = Watches::default();
        watches.open([0; 4]);
        let now = Instant::now();
        let (soon, later) = (now + Duration::from_secs(1), now + Duration::from_secs(2));
        let (first, second) = (ask(&mut watches, 0..10, soon), ask(&mut watches, 5..20, later));
        watches.expire(now);
        assert_eq!((Arc::strong_count(&first), Arc::strong_count(&second)), (11, 16));
        watches.expire(soon);
        assert_eq!((Arc::strong_count(&first), Arc::strong_count(&second)), (1, 16));
        watches.expire(later);
        assert_eq!(Arc::strong_count(&second), 1);
    }

    #[test]
    fn no_more_than_so_many_wait() {
        let mut watches = Watches::default();
        watches.open([0; 4]);
        let max = i64::try_from(WAITING_MAX).unwrap();
        let until = Instant::now();
        let waiting = ask(&mut watches, 0..max + 1_000, until);
        assert_eq!(Arc::strong_count(&waiting), WAITING_MAX + 1);
        watches.expire(until);
        let waiting = ask(&mut watches, 0..10, until);
        assert_eq!(Arc::strong_count(&waiting), 11, "there is room again");
    }
}
