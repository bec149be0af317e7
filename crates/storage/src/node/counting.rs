//! What the folds count: records by kind and outcome, dead letters by reason. Never by player.

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::refusal::DeadReason;
use accolade_wire::record::Kind;
use metrics::{Counter, counter};

use crate::driver::fold::Hears;

const KINDS: [&str; 4] = ["wager", "game_event", "command", "control"];
const OUTCOMES: [&str; 7] =
    ["counted", "refused", "repeated", "voided", "dead_letter", "done", "declined"];

const fn row_of(kind: Kind) -> usize {
    match kind {
        Kind::Wager => 0,
        Kind::GameEvent => 1,
        Kind::Command => 2,
        Kind::Control => 3,
    }
}

const fn column_of(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Counted { .. } | Outcome::Recorded => 0,
        Outcome::Refused { .. } => 1,
        Outcome::Repeated { .. } => 2,
        Outcome::Voided { .. } => 3,
        Outcome::DeadLetter { .. } => 4,
        // A record is never the time of its batch.
        Outcome::Done { .. } | Outcome::Time { .. } => 5,
        Outcome::Declined { .. } => 6,
    }
}

/// Counters that all folds of a node share.
#[derive(Debug)]
pub(super) struct Counters {
    records: [[Counter; OUTCOMES.len()]; KINDS.len()],
    dead_letters: [Counter; DeadReason::ALL.len()],
}

impl Counters {
    pub(super) fn new() -> Self {
        let of = |kind: &'static str, outcome: &'static str| counter!("accolade_records_total", "kind" => kind, "outcome" => outcome);
        Self {
            records: KINDS.map(|kind| OUTCOMES.map(|outcome| of(kind, outcome))),
            dead_letters: DeadReason::ALL
                .map(|reason| counter!("accolade_dead_letters_total", "reason" => reason.code())),
        }
    }
}

/// What one fold has counted since it last put it into the counters.
#[derive(Debug, Default)]
pub(super) struct Tally {
    records: [[u64; OUTCOMES.len()]; KINDS.len()],
    dead_letters: [u64; DeadReason::ALL.len()],
}

impl Hears for Tally {
    fn folded(&mut self, place: Place, kind: Option<Kind>, outcome: &Outcome, _: Option<Points>) {
        // A control record is ordered in every partition, and is one.
        if let Some(kind) = kind.filter(|kind| *kind != Kind::Control || place.partition == 0) {
            self.count(kind, outcome);
        }
    }
}

impl Tally {
    fn count(&mut self, kind: Kind, outcome: &Outcome) {
        self.records[row_of(kind)][column_of(outcome)] += 1;
        if let Outcome::DeadLetter { reason, .. } = outcome {
            self.dead_letters[reason.index()] += 1;
        }
    }

    /// Adds everything to the counters, and begins again.
    pub(super) fn put_into(&mut self, counters: &Counters) {
        let counts = self.records.as_flattened_mut().iter_mut().chain(&mut self.dead_letters);
        let all = counters.records.as_flattened().iter().chain(&counters.dead_letters);
        for (count, counter) in counts.zip(all).filter(|(count, _)| **count > 0) {
            counter.increment(std::mem::take(count));
        }
    }
}
