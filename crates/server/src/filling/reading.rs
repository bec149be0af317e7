//! Reading what was played before a tournament was scheduled, and telling it to the players' partitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use accolade_engine::rules::tournaments::Tournament;
use accolade_wire::control::{Command, FillPage, PastEvent};
use tokio::runtime::Handle;

use super::carrying::{COMMANDS_AT_ONCE, name_of};
use super::{Failed, Key};
use crate::service::Service;
use crate::simulation::tournament::filled::{self, Hears, Past};
use crate::submit::blocking_beside;

/// So many events of a player are told by one command at most.
const EVENTS_AT_ONCE: usize = 200;
/// Events are told once there are so many, so that those of a player go together.
const EVENTS_KEPT: usize = 200_000;

impl Service {
    /// Reads what is here of a tournament, where that was not done yet.
    pub(super) async fn read_here(&self, key: Key, tournament: &Arc<Tournament>, unread: Vec<u16>) {
        if unread.is_empty() {
            return;
        }
        let (service, of) = (self.clone(), Arc::clone(tournament));
        let read = move || {
            let (partitions, read) = service.read_and_tell(key, &of, &unread);
            let is_wanted = read.is_ok()
                || service.goes_on_reading(&of, &partitions)
                    && service.host.are_here(&partitions).is_ok();
            (partitions, read, is_wanted)
        };
        let (partitions, read, is_wanted) = match blocking_beside(read).await {
            Ok(read) => read,
            Err(problem) => {
                let why = problem.detail.to_string();
                (Vec::new(), Err(Failed { why, is_held_up: false }), true)
            }
        };
        self.fillings.with(key, |filling| match read {
            // None of them has heard of it yet, or all are elsewhere meanwhile.
            Ok(()) if partitions.is_empty() => {}
            Ok(()) => {
                filling.read.extend(partitions);
                filling.work = None;
            }
            // Whoever has them now reads them, or nobody has to any more.
            Err(_) if !is_wanted => {}
            Err(failed) => filling.failed(failed, tournament),
        });
    }

    /// Reads those of some partitions that have heard of the tournament, and says which those are. What comes to them from then on
    /// waits there by itself. Those that are elsewhere in the end are not among what was read: whoever has them reads them.
    fn read_and_tell(
        &self,
        key: Key,
        tournament: &Arc<Tournament>,
        unread: &[u16],
    ) -> (Vec<u16>, Result<(), Failed>) {
        let control = tournament.changed().control;
        let has_heard = |number: &u16| {
            // What came before it in a batch that is not folded to its end is not in the journal.
            let heard = self.read(*number, |partition| {
                partition.rules().applied >= control && !partition.stands()
            });
            heard.unwrap_or(false)
        };
        let partitions: Vec<u16> = unread.iter().copied().filter(has_heard).collect();
        if partitions.is_empty() {
            return (partitions, Ok(()));
        }
        let goes_on = |batches: u64, expected: u64| {
            self.fillings.with(key, |filling| {
                (filling.batches, filling.expected) = (batches, expected);
            });
            if self.goes_on_reading(tournament, &partitions) {
                Ok(())
            } else {
                Err("it is not read here any more".to_owned())
            }
        };
        let (by, count, is_held_up) = (BTreeMap::new(), 0, false);
        let mut telling = Telling { service: self, key, tournament, by, count, is_held_up };
        let read = filled::read(self, tournament.terms(), &partitions, &goes_on, &mut telling);
        let told = read.and_then(|()| telling.tell());
        let is_held_up = telling.is_held_up;
        let told = told.map_err(|why| Failed { why, is_held_up });
        let is_here = |number: &u16| self.host.are_here(&[*number]).is_ok();
        let partitions = match told {
            Ok(()) => partitions.into_iter().filter(is_here).collect(),
            Err(_) => partitions,
        };
        (partitions, told)
    }

    /// Whether a tournament is still to be read in some partitions: as long as any of them is here the reading goes on, since what
    /// was read of the others harms nobody. May wait: not for a thread of the runtime.
    fn goes_on_reading(&self, tournament: &Tournament, partitions: &[u16]) -> bool {
        let is_here = |number: &u16| self.host.are_here(&[*number]).is_ok();
        let is_wanted = !self.is_retired() && self.is_still(tournament);
        is_wanted && partitions.iter().any(is_here)
    }
}

/// Tells partitions what counts, some of it at once.
struct Telling<'a> {
    service: &'a Service,
    key: Key,
    tournament: &'a Tournament,
    by: BTreeMap<Box<str>, Vec<PastEvent>>,
    count: usize,
    /// They do not take it.
    is_held_up: bool,
}

impl Telling<'_> {
    fn tell(&mut self) -> Result<(), String> {
        self.count = 0;
        let tournament = self.tournament.number;
        let mut commands = Vec::new();
        let by = std::mem::take(&mut self.by);
        for (player, events) in &by {
            for events in events.chunks(EVENTS_AT_ONCE) {
                let (id, player_id) = (name_of(tournament), player.to_string());
                let page = FillPage { id, player_id, tournament, events: events.to_vec() };
                commands.push((&**player, Command::Fill(page)));
            }
        }
        // This thread is none of the runtime's.
        let runtime = Handle::current();
        for some in commands.chunks(COMMANDS_AT_ONCE) {
            let carrying = self.service.have_carried_out(self.key, self.tournament, some);
            let told = runtime.block_on(carrying);
            self.is_held_up = told.is_err();
            told.map_err(|problem| problem.detail.to_string())?;
        }
        Ok(())
    }
}

impl Hears for Telling<'_> {
    fn takes(&mut self, past: Vec<Past>) -> Result<(), String> {
        self.count += past.len();
        for Past { player, event } in past {
            self.by.entry(player).or_default().push(event);
        }
        if self.count >= EVENTS_KEPT { self.tell() } else { Ok(()) }
    }
}
