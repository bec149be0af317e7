//! How many players tournaments that are under way have, and what those have scored together.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use accolade_domain::ranking::Score;
use accolade_domain::time::Timestamp;
use accolade_domain::tournament::SCORE_ONE;
use accolade_engine::partition::Partition;
use accolade_engine::players::Ordinal;
use accolade_engine::rules::Operator;
use accolade_engine::rules::tournaments::Tournament;
use accolade_storage::host::NotHere;
use accolade_wire::bytes::{BadFormat, Cursor, put_varint};
use metrics::gauge;

use super::{LOOKED_AT_ONCE, REST};
use crate::lock::lock;
use crate::service::{Service, now};

/// So many of an operator are looked at, the newest.
const OF_OPERATOR_MAX: usize = 100;
/// How many units of a score are a hundredth.
const HUNDREDTH: i128 = SCORE_ONE.div_euclid(100);
/// Metrics look at all players no more often.
const LOOKS_EVERY: Duration = Duration::from_mins(1);

/// The numbers of an operator and of a tournament.
type Key = (u32, u32);

/// Tournaments that have begun and are not paid yet.
#[derive(Debug, Default)]
pub(super) struct UnderWay(BTreeMap<Key, Arc<Tournament>>);

/// Players who have a position, and the sum of their scores in hundredths: what is less of a score is cut off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Scored {
    pub(super) players: u64,
    pub(super) hundredths: i128,
}

impl UnderWay {
    pub(super) fn of<'o>(operators: impl Iterator<Item = &'o Operator>, now: Timestamp) -> Self {
        let mut all = BTreeMap::new();
        for operator in operators {
            let unpaid: Vec<_> = operator.tournaments.unpaid().collect();
            let has_begun =
                |it: &&&Arc<Tournament>| !it.is_series() && it.terms().starts <= now.micros();
            for it in unpaid.iter().rev().filter(has_begun).take(OF_OPERATOR_MAX) {
                all.insert((operator.number, it.number), Arc::clone(it));
            }
        }
        Self(all)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Tournament>> {
        self.0.values()
    }

    fn add(&self, partition: &Partition, player: Ordinal, scored: &mut BTreeMap<Key, Scored>) {
        let operator = partition.players().get(player).operator;
        for (number, tally) in partition.players().get(player).scores.all() {
            // Of one that is filled only some have a score yet.
            let tournament = self.0.get(&(operator, number)).filter(|it| !it.is_filling());
            let Some(tournament) = tournament else { continue };
            let decides = tournament.decides();
            if tally.events >= decides.events_min.max(1) {
                scored.entry((operator, number)).or_default().count(decides.score(&tally));
            }
        }
    }
}

impl Scored {
    fn count(&mut self, Score(score): Score) {
        self.players += 1;
        // A million players of the greatest scores fit.
        let hundredths = score.checked_div(HUNDREDTH).unwrap_or_default();
        self.hundredths = self.hundredths.saturating_add(hundredths);
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.players += other.players;
        self.hundredths = self.hundredths.saturating_add(other.hundredths);
    }

    /// The mean score in hundredths, rounded towards zero; nothing without players.
    pub(super) fn average(&self) -> Option<i128> {
        self.hundredths.checked_div(self.players.into())
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.players);
        out.extend_from_slice(&self.hundredths.to_le_bytes());
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, BadFormat> {
        let players = cursor.varint()?;
        Ok(Self { players, hundredths: i128::from_le_bytes(cursor.array()?) })
    }
}

impl Service {
    /// What players of partitions that are here have scored.
    pub(super) fn scored(
        &self,
        partitions: &[u16],
        under_way: &UnderWay,
    ) -> Result<BTreeMap<Key, Scored>, NotHere> {
        let mut scored = BTreeMap::new();
        if under_way.0.is_empty() {
            return Ok(scored);
        }
        for number in partitions {
            let mut next = 0;
            while self.read(*number, |partition| {
                let players = u32::try_from(partition.players().all().len()).unwrap_or(u32::MAX);
                for player in next..players.min(next + LOOKED_AT_ONCE) {
                    under_way.add(partition, player, &mut scored);
                }
                players > next + LOOKED_AT_ONCE
            })? {
                next += LOOKED_AT_ONCE;
                std::thread::sleep(REST);
            }
        }
        Ok(scored)
    }
}

/// When metrics have looked last.
#[derive(Debug, Default)]
pub(crate) struct Looked(Mutex<Option<Instant>>);

/// Sets the gauges of tournaments that are under way, of players in the partitions that are here.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
pub(super) fn set_gauges(service: &Service, operators: &[&Operator], partitions: &[u16]) {
    {
        let mut looked = lock(&service.tournaments_looked.0);
        if looked.is_some_and(|at| at.elapsed() < LOOKS_EVERY) {
            return;
        }
        *looked = Some(Instant::now());
    }
    let under_way = UnderWay::of(operators.iter().copied(), now());
    // A partition that has just gone counts at its new owner, a minute later.
    let Ok(scored) = service.scored(partitions, &under_way) else { return };
    let ids: BTreeMap<_, _> =
        operators.iter().map(|operator| (operator.number, &*operator.id)).collect();
    for (key, tournament) in &under_way.0 {
        let Scored { players, hundredths } = scored.get(key).copied().unwrap_or_default();
        let (operator, id) = (ids[&key.0].to_owned(), tournament.terms().id.clone());
        let labels = [("operator", operator), ("tournament", id)];
        gauge!("accolade_tournament_players", &labels).set(players as f64);
        gauge!("accolade_tournament_score_sum", &labels).set(hundredths as f64 / 100.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_added_to_the_hundredth_and_their_mean_rounds_towards_zero() {
        let mut scored = Scored::default();
        assert_eq!(scored.average(), None);
        for units in [SCORE_ONE, SCORE_ONE / 3, -SCORE_ONE / 2] {
            scored.count(Score(units));
        }
        assert_eq!((scored.players, scored.hundredths), (3, 100 + 33 - 50));
        assert_eq!(scored.average(), Some(27));
        let mut out = Vec::new();
        scored.put(&mut out);
        assert_eq!(Scored::read(&mut Cursor::new(&out, "it")), Ok(scored));
    }
}
