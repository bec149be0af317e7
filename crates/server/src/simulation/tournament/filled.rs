//! What events of the past count in a tournament that had begun before it was scheduled, event by event and void by void, for
//! their players' partitions to be told of.

use std::cell::Cell;
use std::sync::atomic::Ordering;

use accolade_engine::judging::excluded::Excluded;
use accolade_wire::control::{PastDoes, PastEvent};
use accolade_wire::tournament::TournamentTerms;

use super::super::job::Progress;
use super::super::{Awaits, Ending};
use super::looking::{By, Found, Looker, Move};
use super::reading::Reader;
use super::tallying::Worth;
use super::{Prepared, threads};
use crate::service::Service;

/// An event, and whose it is.
#[derive(Debug)]
pub(crate) struct Past {
    pub(crate) player: Box<str>,
    pub(crate) event: PastEvent,
}

/// Whoever hears of them.
pub(crate) trait Hears {
    /// Takes in what was found, in the order of the log. What fails ends it.
    fn takes(&mut self, past: Vec<Past>) -> Result<(), String>;
}

/// Hears how many batches of how many were read, and says why not to go on.
pub(crate) type GoesOn<'a> = dyn Fn(u64, u64) -> Result<(), String> + 'a;

struct Waiting<'a>(&'a GoesOn<'a>, Cell<Progress>);

impl Awaits for Waiting<'_> {
    fn hears(&self, progress: Progress) {
        self.1.set(progress);
    }

    fn goes_on(&self) -> Result<(), Ending> {
        let Progress { batches, expected } = self.1.get();
        (self.0)(batches, expected).map_err(Ending::Failed)
    }
}

/// Reads what partitions that are here have of a tournament up to now. May wait: not for a thread of the runtime.
///
/// # Errors
///
/// Why it has failed, in words.
pub(crate) fn read(
    service: &Service,
    terms: &TournamentTerms,
    partitions: &[u16],
    goes_on: &GoesOn<'_>,
    hears: &mut dyn Hears,
) -> Result<(), String> {
    let waiting = Waiting(goes_on, Cell::default());
    read_all(service, terms, partitions, &waiting, hears)
        .map_err(|ending| ending.why().unwrap_or_else(|| "it was cancelled".to_owned()))
}

fn read_all(
    service: &Service,
    terms: &TournamentTerms,
    partitions: &[u16],
    awaits: &dyn Awaits,
    hears: &mut dyn Hears,
) -> Result<(), Ending> {
    let Prepared { looker, excluded, stretches, mut reading } =
        Prepared::new(service, terms, awaits, partitions)?;
    // Nobody is shown any of them.
    looker.has_matched.store(true, Ordering::Relaxed);
    looker.has_missed.store(true, Ordering::Relaxed);
    let owners = vec![None; looker.voids.count()];
    let mut telling = Telling { looker: &looker, excluded, owners };
    let look = |batches: Vec<_>| looker.look(&batches);
    threads::run(Reader::of_records(stretches)?, look, |found| {
        hears.takes(telling.past(&found)).map_err(Ending::Failed)?;
        reading.has_read(found.batches)
    })?;
    Ok(())
}

struct Telling<'l> {
    looker: &'l Looker,
    excluded: Excluded,
    /// Whose the wagers are that are voided later, of those that count.
    owners: Vec<Option<Box<str>>>,
}

impl Telling<'_> {
    fn past(&mut self, found: &Found) -> Vec<Past> {
        let mut past = Vec::with_capacity(found.moves.len());
        for Move { by, now, place } in &found.moves {
            let (player, does) = match by {
                By::Counted { player, worth: Worth { value, at }, voided, .. } => {
                    let player: Box<str> = found.name(player).into();
                    if self.excluded.holds(&player, *now) {
                        continue;
                    }
                    if let Some(voided) = voided {
                        self.owners[*voided as usize] = Some(player.clone());
                    }
                    let (value, at) = (value.0.to_string(), at.micros());
                    (player, PastDoes::Counts { value, at })
                }
                By::Voided(number) => {
                    // What has not counted is not taken back.
                    let Some(player) = self.owners[*number as usize].take() else { continue };
                    let wager = self.looker.voids.place(*number);
                    (player, PastDoes::Voids { wager: (wager.batch, wager.slot) })
                }
                By::Excluded(exclusion) => {
                    self.excluded.hear(exclusion.clone(), *now);
                    continue;
                }
            };
            let (batch, slot, now) = (place.batch, place.slot, now.micros());
            past.push(Past { player, event: PastEvent { batch, slot, now, does } });
        }
        past
    }
}
