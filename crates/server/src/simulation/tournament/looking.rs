//! What batches say of a tournament, looked at without what came before them.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::query::row::Source;
use accolade_domain::time::Timestamp;
use accolade_engine::judging::excluded::Exclusion;
use accolade_engine::judging::{Judge, Looked, Verdict, Why};
use accolade_wire::bytes::Cursor;
use accolade_wire::journal::Outcomes;
use accolade_wire::record::{Kind, Slice};

use super::super::Ending;
use super::super::folding::failed;
use super::board::{Counts, SEEN_MAX, Seen};
use super::reading::Batch;
use super::tallying::Worth;

/// Wagers of a period that are voided in it, of whom a node knows at once.
const VOIDS_MAX: usize = 8_000_000;

/// Which wagers are voided later, in the order of their places.
#[derive(Debug, Default)]
pub(super) struct Voids(Vec<Place>);

impl Voids {
    /// Adds what was found.
    pub(super) fn add(&mut self, mut found: Vec<Place>) -> Result<(), Ending> {
        self.0.append(&mut found);
        if self.0.len() > VOIDS_MAX {
            let why =
                format!("more than {VOIDS_MAX} wagers of the period are voided: make it shorter");
            return Err(Ending::Failed(why));
        }
        Ok(())
    }

    /// All were found.
    pub(super) fn sort(&mut self) {
        self.0.sort_unstable();
        self.0.dedup();
    }

    pub(super) const fn count(&self) -> usize {
        self.0.len()
    }

    /// The numbers of those of a batch.
    fn of_batch(&self, partition: u16, batch: u64) -> Range<usize> {
        let is_before =
            |place: &Place, batch: u64| (place.partition, place.batch) < (partition, batch);
        let first = self.0.partition_point(|place| is_before(place, batch));
        let count = self.0[first..].partition_point(|place| is_before(place, batch + 1));
        first..first + count
    }

    /// The number of a place, which is one of those of `among`.
    fn number(&self, among: Range<usize>, place: Place) -> Option<u32> {
        let place = Place { number: 0, ..place };
        let at = self.0[among.clone()].binary_search(&place).ok()?;
        u32::try_from(among.start + at).ok()
    }

    /// Where the wager of a number stands.
    pub(super) fn place(&self, number: u32) -> Place {
        self.0[number as usize]
    }

    /// The number of the wager at a place.
    fn of(&self, wager: Place) -> Option<u32> {
        self.number(0..self.0.len(), wager)
    }
}

/// The wagers that batches void, and how many batches those are.
pub(super) fn voided(batches: &[Batch], source: Source) -> Result<(u64, Vec<Place>), Ending> {
    let mut found = Vec::new();
    if source == Source::Wagers {
        for batch in batches {
            for recorded in outcomes(batch)?.bare() {
                if let (_, Outcome::Voided { wager: Some(wager), .. }) = recorded.map_err(failed)? {
                    found.push(Place { number: 0, ..wager });
                }
            }
        }
    }
    Ok((batches.len() as u64, found))
}

/// What some batches say.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) batches: u64,
    pub(super) counts: Counts,
    /// The players of the moves, one behind the other.
    names: String,
    pub(super) moves: Vec<Move>,
    /// The first that narrowly do not count.
    pub(super) missed: Vec<Seen>,
}

/// What moves a player's tally, and the record that does.
#[derive(Debug)]
pub(super) struct Move {
    pub(super) by: By,
    pub(super) now: Timestamp,
    pub(super) place: Place,
}

#[derive(Debug)]
pub(super) enum By {
    Counted {
        /// Where among the names the player is.
        player: Range<usize>,
        worth: Worth,
        /// The number of the wager among those that are voided later.
        voided: Option<u32>,
        /// How it is shown, of the first ones.
        seen: Option<Box<Seen>>,
    },
    /// The wager of a number is voided.
    Voided(u32),
    Excluded(Exclusion),
}

impl Found {
    pub(super) fn name(&self, player: &Range<usize>) -> &str {
        &self.names[player.clone()]
    }
}

/// Who looks at batches, and for what.
#[derive(Debug)]
pub(super) struct Looker {
    pub(super) judge: Judge,
    pub(super) voids: Voids,
    /// There are enough of those that count, and that narrowly do not, to be shown.
    pub(super) has_matched: AtomicBool,
    pub(super) has_missed: AtomicBool,
}

impl Looker {
    /// Looks at some batches.
    pub(super) fn look(&self, batches: &[Batch]) -> Result<Found, Ending> {
        let mut found = Found { batches: batches.len() as u64, ..Found::default() };
        for batch in batches.iter().filter(|batch| !batch.log.is_empty()) {
            self.look_at(batch, &mut found)?;
        }
        Ok(found)
    }

    fn look_at(&self, batch: &Batch, found: &mut Found) -> Result<(), Ending> {
        let slice = Slice::read_unchecked(&mut Cursor::new(&batch.log, "slice")).map_err(failed)?;
        let outcomes = outcomes(batch)?;
        let (behaviour, now) = (outcomes.behaviour, outcomes.time);
        let voided_later = self.voids.of_batch(slice.partition, slice.batch);
        let of_game_events = self.judge.decides.query.source == Source::GameEvents;
        for (record, recorded) in slice.records().zip(outcomes.bare()) {
            let record = record.map_err(failed)?;
            let (place, outcome) = recorded.map_err(failed)?;
            let mut moves = |by| found.moves.push(Move { by, now, place });
            match (record.kind, &outcome) {
                (Kind::Wager, Outcome::Voided { wager: Some(wager), .. }) if !of_game_events => {
                    if let Some(number) = self.voids.of(*wager) {
                        moves(By::Voided(number));
                    }
                    continue;
                }
                (Kind::Command, _)
                    if of_game_events && *record.operator == *self.judge.operator_id =>
                {
                    if let Some(exclusion) = Exclusion::of(&record, &outcome, behaviour) {
                        moves(By::Excluded(exclusion));
                    }
                    continue;
                }
                _ => {}
            }
            let narrowly =
                found.missed.len() < SEEN_MAX && !self.has_missed.load(Ordering::Relaxed);
            let mut hear = |looked: Looked<'_>| {
                let voided = self.voids.number(voided_later.clone(), place);
                self.hear(&looked, voided, (now, place), found);
            };
            self.judge.look(&record, &outcome, (now, behaviour), narrowly, &mut hear);
        }
        Ok(())
    }

    fn hear(
        &self,
        looked: &Looked<'_>,
        voided: Option<u32>,
        (now, place): (Timestamp, Place),
        found: &mut Found,
    ) {
        found.counts.looked += 1;
        match looked.verdict {
            Verdict::Counts(value) => {
                // Whether it is counted is not known yet: those of excluded players are not.
                let is_shown = !self.has_matched.load(Ordering::Relaxed);
                let seen = is_shown.then(|| Box::new(Seen::matched(looked, now, place)));
                let from = found.names.len();
                found.names.push_str(looked.player);
                let player = from..found.names.len();
                let worth = Worth { value, at: looked.at };
                let by = By::Counted { player, worth, voided, seen };
                found.moves.push(Move { by, now, place });
            }
            Verdict::Not(why) => {
                found.counts.add(why);
                if let Why::Condition(Some(clause)) = why {
                    let clause =
                        accolade_wire::query::print(&self.judge.decides.query.clauses()[clause]);
                    found.missed.push(Seen::missed(looked, clause, now, place));
                }
            }
        }
    }
}

fn outcomes(batch: &Batch) -> Result<Outcomes<'_>, Ending> {
    let slice = Slice::read_unchecked(&mut Cursor::new(&batch.journal, "slice")).map_err(failed)?;
    Outcomes::read(&slice).map_err(failed)
}
