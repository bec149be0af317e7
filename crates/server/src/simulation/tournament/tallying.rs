//! What players of the past would have come to: tallies move as those of the fold do, event by event and void by void.

use std::collections::HashMap;

use accolade_domain::ledger::{Place, Subject};
use accolade_domain::ranking::{Score, Standing};
use accolade_domain::time::{Day, Timestamp};
use accolade_domain::tournament::capped::DaySums;
use accolade_domain::tournament::{Counted, Tally, Tournament};

/// Players of whom a node remembers what they would have come to, some 200 bytes each.
pub(super) const PLAYERS_MAX: usize = 4_000_000;

/// The tallies of players, by name.
#[derive(Debug)]
pub(super) struct Tallies {
    numbers: HashMap<Box<str>, u32>,
    players: Vec<Player>,
    /// Whose the wagers are that are voided later, and what they counted, by their number; nothing for those that do not count,
    /// or not any more.
    values: Vec<Option<(u32, Worth)>>,
    /// What a player's events of a day come to, where that is capped.
    days: HashMap<(u32, Day), DaySums>,
    /// Which of those are a player's, where the best counts.
    voided_later: HashMap<u32, Vec<u32>>,
}

/// What an event counts, and its own time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Worth {
    pub(super) value: Score,
    pub(super) at: Timestamp,
}

#[derive(Debug, Clone, Copy)]
struct Player {
    partition: u16,
    tally: Tally,
    /// The best of what is never voided, where the best counts.
    lasting: Option<Score>,
}

/// There are more players than are remembered.
#[derive(Debug)]
pub(super) struct TooMany;

impl Tallies {
    /// Those of nobody; so many wagers are voided later.
    pub(super) fn new(voids: usize) -> Self {
        let (numbers, players, voided_later) = (HashMap::new(), Vec::new(), HashMap::new());
        Self { numbers, players, values: vec![None; voids], days: HashMap::new(), voided_later }
    }

    /// How many players have any.
    pub(super) fn count(&self) -> usize {
        self.players.iter().filter(|player| player.tally.events > 0).count()
    }

    /// An event of a player's counts, by the record at `place`. `voided` is its number among those that are voided later.
    /// Says whether it does: what would be beyond any score does not.
    pub(super) fn counts(
        &mut self,
        decides: &Tournament,
        player: &str,
        (worth, voided): (Worth, Option<u32>),
        now: Timestamp,
        place: Place,
    ) -> Result<bool, TooMany> {
        let number = self.number(player, place.partition)?;
        let Worth { value, at } = worth;
        if !self.moves(decides, number, (Counted::In(value), at), (now, place)) {
            return Ok(false);
        }
        if let Some(voided) = voided {
            self.values[voided as usize] = Some((number, worth));
        }
        let player = &mut self.players[number as usize];
        if let Some(is_greatest) = decides.best() {
            match voided {
                Some(voided) => self.voided_later.entry(number).or_default().push(voided),
                None => player.lasting = better(is_greatest, player.lasting, Some(value)),
            }
        }
        Ok(true)
    }

    /// A void takes back what the wager of a number counted. Says whether it counted.
    pub(super) fn taken_back(
        &mut self,
        decides: &Tournament,
        voided: u32,
        now: Timestamp,
        place: Place,
    ) -> bool {
        let Some((number, Worth { value, at })) = self.values[voided as usize].take() else {
            return false;
        };
        let player = &self.players[number as usize];
        let next = decides.best().and_then(|is_greatest| {
            let others = self.voided_later.get(&number).into_iter().flatten();
            let others = others.filter_map(|other| self.values[*other as usize]);
            let others = others.map(|(_, worth)| Some(worth.value));
            others.fold(player.lasting, |best, value| better(is_greatest, best, value))
        });
        let by = Counted::Out { value, next: next.unwrap_or_default() };
        self.moves(decides, number, (by, at), (now, place));
        true
    }

    /// Moves a player's tally; says whether it does, which it does not beyond what a score holds.
    fn moves(
        &mut self,
        decides: &Tournament,
        number: u32,
        (by, at): (Counted, Timestamp),
        (now, place): (Timestamp, Place),
    ) -> bool {
        let tally = &mut self.players[number as usize].tally;
        if decides.period_caps.is_none() {
            let moved = tally.moved(decides, by, now, place);
            *tally = moved.unwrap_or(*tally);
            return moved.is_some();
        }
        let (day, hour) = decides.period(at);
        let before = self.days.get(&(number, day)).cloned().unwrap_or_default();
        let Some((sums, adds)) = decides.within_caps(before, hour, by) else { return false };
        let Some(moved) = tally.moved(decides, adds, now, place) else { return false };
        *tally = moved;
        self.days.insert((number, day), sums);
        true
    }

    fn number(&mut self, player: &str, partition: u16) -> Result<u32, TooMany> {
        if let Some(number) = self.numbers.get(player) {
            return Ok(*number);
        }
        if self.players.len() >= PLAYERS_MAX {
            return Err(TooMany);
        }
        let number = u32::try_from(self.players.len()).expect("players are bounded");
        self.numbers.insert(player.into(), number);
        self.players.push(Player { partition, tally: Tally::default(), lasting: None });
        Ok(number)
    }

    /// How everybody stands who has a position, in no order.
    pub(super) fn standings(&self, decides: &Tournament) -> Vec<(&str, Standing)> {
        // No two were changed last by the same record, so nothing is left for subjects to settle.
        let nobody = Subject([0; 16]);
        let all = self.numbers.iter().filter_map(|(name, number)| {
            let Player { partition, tally, .. } = self.players[*number as usize];
            Some((&**name, decides.standing(&tally, partition, nobody)?))
        });
        all.collect()
    }
}

fn better(is_greatest: bool, one: Option<Score>, other: Option<Score>) -> Option<Score> {
    match (one, other) {
        (Some(one), Some(other)) if is_greatest => Some(one.max(other)),
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use accolade_domain::ranking::Ties;
    use accolade_domain::time::{HOUR_MICROS, ZoneOffsets};
    use accolade_domain::tournament::capped::PeriodCaps;
    use accolade_wire::query::compile_query;

    use super::*;

    fn decides(aggregate: &str) -> Tournament {
        let query =
            format!("SELECT playerId, {aggregate}(wagerAmount) FROM wagers GROUP BY playerId");
        let query = compile_query(&query).unwrap();
        Tournament {
            scoring: query.scoring.clone().unwrap(),
            query,
            starts: Timestamp::default(),
            ends: Timestamp::from_micros(1),
            grace_micros: 0,
            zone: ZoneOffsets::default(),
            cap: None,
            period_caps: PeriodCaps::default(),
            ties: Ties::First,
            events_min: 0,
            opt_in: false,
        }
    }

    fn stands(tallies: &Tallies, decides: &Tournament) -> Option<(Score, u64)> {
        let standings = tallies.standings(decides);
        standings.first().map(|(_, standing)| (standing.score, standing.events))
    }

    #[test]
    fn a_void_leaves_what_would_be_there_had_its_wager_never_counted() {
        const COUNT: u32 = 60;
        let place = |at: u32| Place { partition: 0, batch: 1, slot: at, number: 0 };
        let now = Timestamp::default();
        // Of three days.
        let worth = |at: u32| Worth {
            value: Score(i128::from(at * 37 % 23)),
            at: Timestamp::from_micros(i64::from(at % 40) * 2 * HOUR_MICROS),
        };
        for aggregate in ["SUM", "COUNT", "MAX", "MIN", "AVG", "capped SUM"] {
            let caps = PeriodCaps { hour: Some(Score(20)), day: Some(Score(70)) };
            let decides = match aggregate.strip_prefix("capped ") {
                Some(aggregate) => Tournament { period_caps: caps, ..decides(aggregate) },
                None => decides(aggregate),
            };
            for lasting in [2, 3, COUNT + 1] {
                let is_lasting = |at: u32| at % lasting == 1;
                let mut tallies = Tallies::new(COUNT as usize);
                for at in 0..COUNT {
                    let voided = Some(at).filter(|at| !is_lasting(*at));
                    assert!(
                        tallies.counts(&decides, "p", (worth(at), voided), now, place(at)).unwrap()
                    );
                }
                let order = (0..COUNT).map(|at| at * 7 % COUNT);
                let mut gone = Vec::new();
                for at in order.filter(|at| !is_lasting(*at)) {
                    assert!(tallies.taken_back(&decides, at, now, place(COUNT + at)));
                    assert!(
                        !tallies.taken_back(&decides, at, now, place(COUNT + at)),
                        "it is once"
                    );
                    gone.push(at);
                    let mut left = Tallies::new(0);
                    for at in (0..COUNT).filter(|at| !gone.contains(at)) {
                        left.counts(&decides, "p", (worth(at), None), now, place(at)).unwrap();
                    }
                    let expected = stands(&left, &decides);
                    assert_eq!(
                        stands(&tallies, &decides),
                        expected,
                        "{aggregate} without {gone:?}"
                    );
                }
            }
        }
    }
}
