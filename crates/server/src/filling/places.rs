//! Who is read or added up at this moment: one tournament by turn, and beside it the one that is done soonest. So a short one does
//! not wait behind a long one, nor a long one behind many short ones, nor an operator's behind all that another has.

use std::sync::{Arc, Weak};

use accolade_engine::rules::tournaments::Tournament;
use accolade_wire::tournament::Fill;
use tokio::task::JoinHandle;

use super::{EVERY, Failed, Key};
use crate::service::{Inner, Service};

/// The place that goes to whichever has waited longest of the operator whose turn it is, and the one that goes to the shortest.
const PLACES: [Place; 2] = [Place::ByTurn, Place::Shortest];

#[derive(Debug, Clone, Copy)]
enum Place {
    ByTurn,
    Shortest,
}

/// What is done in a place, and for which tournament.
type Taken = Option<(Key, JoinHandle<()>)>;

/// Has read, and added up, what partitions have that are here, for as long as the service is there.
pub(crate) async fn work(service: Weak<Inner>) {
    let mut taken: [Taken; PLACES.len()] = [const { None }; PLACES.len()];
    let mut last = 0;
    while let Some(service) = service.upgrade().map(Service::of) {
        let filling = service.filling();
        service.fillings.keep(&filling);
        if !service.is_retired() {
            service.give_places(&filling, &mut taken, &mut last);
        }
        drop((service, filling));
        tokio::time::sleep(EVERY).await;
    }
}

/// What orders tournaments for a place: the first has it. `last` is the operator whose turn was last.
fn order(place: Place, operator: u32, tournament: &Tournament, last: u32) -> (i64, u64) {
    let since = tournament.changed();
    match place {
        Place::ByTurn => (turn(operator, last).into(), since.control),
        Place::Shortest => (past_micros(tournament), since.control),
    }
}

/// How far an operator's turn is, behind the last one's.
const fn turn(operator: u32, last: u32) -> u32 {
    operator.wrapping_sub(last).wrapping_sub(1)
}

/// How much was before it was scheduled.
fn past_micros(tournament: &Tournament) -> i64 {
    let mut said = tournament.said().iter();
    let scheduled = said.find(|said| said.terms.fill == Some(Fill::Reading));
    let scheduled = scheduled.map_or_else(|| tournament.changed(), |said| said.since);
    scheduled.time.micros().saturating_sub(tournament.terms().starts)
}

impl Service {
    fn give_places(
        &self,
        filling: &[(u32, Arc<Tournament>)],
        taken: &mut [Taken; PLACES.len()],
        last: &mut u32,
    ) {
        for place in &mut *taken {
            place.take_if(|(_, task)| task.is_finished());
        }
        for (at, place) in PLACES.into_iter().enumerate() {
            if taken[at].is_some() {
                continue;
            }
            let here = self.partitions_here();
            let waits = |(operator, tournament): &&(u32, Arc<Tournament>)| {
                let key = (*operator, tournament.number);
                let has_place = taken.iter().flatten().any(|(other, _)| *other == key);
                !has_place && self.has_left(key, tournament, &here)
            };
            let by = |(of, it): &&(u32, Arc<Tournament>)| order(place, *of, it, *last);
            let next = filling.iter().filter(waits).min_by_key(by);
            let Some((operator, tournament)) = next else { continue };
            if matches!(place, Place::ByTurn) {
                *last = *operator;
            }
            let key = (*operator, tournament.number);
            let (service, tournament) = (self.clone(), Arc::clone(tournament));
            let task = async move { service.work_on(key, &tournament, &here).await };
            taken[at] = Some((key, tokio::spawn(task)));
        }
    }

    fn has_left(&self, key: Key, tournament: &Tournament, here: &[u16]) -> bool {
        let fill = tournament.terms().fill;
        fill.is_some_and(|fill| !self.fillings.with(key, |it| it.left(fill, here)).is_empty())
    }

    /// Does what is left of one.
    async fn work_on(&self, key: Key, tournament: &Arc<Tournament>, here: &[u16]) {
        let Some(fill) = tournament.terms().fill else { return };
        let left = self.fillings.with(key, |filling| filling.left(fill, here));
        if fill == Fill::Reading {
            return self.read_here(key, tournament, left).await;
        }
        for number in left {
            match self.count_here(key.0, tournament, number).await {
                // It has not heard of it yet.
                Ok(false) => {}
                Ok(true) => self.fillings.with(key, |filling| {
                    filling.counted.insert(number);
                    filling.work = None;
                }),
                Err(problem) => {
                    let is_wanted = !self.is_retired()
                        && self.is_still(tournament)
                        && self.host.whereabouts(number).is_ok();
                    if is_wanted {
                        let failed = Failed { why: problem.detail.to_string(), is_held_up: false };
                        self.fillings.with(key, |filling| filling.failed(failed, tournament));
                    }
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_take_turns_however_many_tournaments_one_of_them_has() {
        let waiting = [(1, 20), (1, 21), (1, 22), (1, 23), (2, 30), (7, 25), (7, 40)];
        let (mut last, mut left, mut had) = (0, waiting.to_vec(), Vec::new());
        while !left.is_empty() {
            let by = |at: &usize| {
                let (operator, control) = left[*at];
                (turn(operator, last), control)
            };
            let next = (0..left.len()).min_by_key(by).unwrap();
            had.push(left.remove(next));
            last = had.last().unwrap().0;
        }
        assert_eq!(had, [(1, 20), (2, 30), (7, 25), (1, 21), (7, 40), (1, 22), (1, 23)]);
    }
}
