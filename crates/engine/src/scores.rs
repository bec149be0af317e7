//! What players of a partition have come to in tournaments and games, and who has come to something else.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use accolade_domain::games::Occurrence;
use accolade_domain::packed_scores::{PackedScores, tournament_of};
use accolade_domain::ranking::Standing;
use accolade_domain::time::Timestamp;

use crate::partition::Partition;
use crate::players::{Ordinal, Player};
use crate::rules::Rules;
use crate::rules::tournaments::Tournament;
use crate::rules::tournaments::standing::standing;

/// So many changes are remembered at most.
const CHANGES_MAX: usize = 1 << 16;

/// Whose scores have changed in the last batches: whoever keeps a leaderboard looks at those alone.
///
/// It is no part of the state: batches are the same whoever folds them, so what follows one partition can go on with
/// another copy of it.
#[derive(Debug)]
pub(crate) struct Scored {
    /// The first batch of which all changes are remembered.
    from: u64,
    /// Each batch that has changes, and how many were before them, those that are forgotten too.
    batches: VecDeque<(u64, u64)>,
    players: VecDeque<Ordinal>,
    /// How many changes are forgotten.
    forgotten: u64,
}

impl Scored {
    /// Remembers what changes from a batch on.
    pub(crate) const fn from(batch: u64) -> Self {
        Self { from: batch, batches: VecDeque::new(), players: VecDeque::new(), forgotten: 0 }
    }

    pub(crate) fn add(&mut self, batch: u64, player: Ordinal) {
        if self.batches.back().is_none_or(|(last, _)| *last != batch) {
            self.batches.push_back((batch, self.so_far()));
        }
        self.players.push_back(player);
        while self.players.len() > CHANGES_MAX
            && let Some((first, _)) = self.batches.pop_front()
        {
            let until = self.batches.front().map_or(self.so_far(), |(_, before)| *before);
            self.players.drain(..self.at(until));
            (self.forgotten, self.from) = (until, first + 1);
        }
    }

    fn so_far(&self) -> u64 {
        self.forgotten + self.players.len() as u64
    }

    /// Where the change is that comes after so many.
    fn at(&self, before: u64) -> usize {
        usize::try_from(before - self.forgotten).expect("as many are remembered at most")
    }

    /// Players whose scores have changed after a batch, some of them several times; `None` where that is too long ago to
    /// know.
    pub(crate) fn after(&self, batch: u64) -> Option<impl Iterator<Item = Ordinal>> {
        let first = self.batches.partition_point(|(of, _)| *of <= batch);
        let before = self.batches.get(first).map_or(self.so_far(), |(_, before)| *before);
        let skipped = self.at(before);
        (self.from <= batch + 1).then(|| self.players.range(skipped..).copied())
    }
}

impl Partition {
    /// How a player stands in a tournament of an operator, by its number; `None` for one who has no position.
    pub fn standing(
        &self,
        operator: u32,
        tournament: &Tournament,
        player: Ordinal,
    ) -> Option<Standing> {
        self.standing_of(operator, tournament, tournament.settlement(), player)
    }

    /// The same where it is settled so many times again: with what had come late by then.
    pub fn standing_of(
        &self,
        operator: u32,
        tournament: &Tournament,
        settlement: u32,
        player: Ordinal,
    ) -> Option<Standing> {
        let Player { operator: own, scores, account, .. } = self.players.get(player);
        let tally = scores.settled(tournament.number, settlement).filter(|_| *own == operator)?;
        tournament.decides().standing(&tally, self.number, account.subject)
    }

    /// How a player of an operator stands on a leaderboard of a game; `None` for one who has no position.
    pub fn standing_in_game(
        &self,
        operator: u32,
        game: &str,
        occurrence: Occurrence,
        player: Ordinal,
    ) -> Option<Standing> {
        let Player { operator: own, games, account, .. } = self.players.get(player);
        let tally = (*own == operator).then(|| games.of(game, occurrence))??;
        standing().decides().standing(&tally, self.number, account.subject)
    }

    /// Whether no record changes a score of a tournament here any more: the partition is beyond its close, and has heard of
    /// all that the caller knows of it, which may have ended it earlier, or settled it again.
    pub fn is_final(&self, tournament: &Tournament) -> bool {
        let has_heard = self.rules.applied >= tournament.changed().control;
        has_heard && self.time >= tournament.closes() && !tournament.is_filling()
    }

    /// How often, since this partition is in memory, an event did not count on a leaderboard of a game, since its player is on
    /// those of as many games as there may be.
    pub const fn left_out_of_games(&self) -> u64 {
        self.left_out
    }

    /// Lets go of scores of tournaments that are over for so long that nobody asks for them.
    pub(crate) fn forget_scores(&mut self, player: Ordinal) {
        let (rules, now) = (Arc::clone(&self.rules), self.time);
        self.players
            .forget_scores(player, |operator, number| is_kept(&rules, now, operator, number));
    }

    /// The scores of a player, but for those that [are let go of](Self::forget_scores) at some time.
    pub(crate) fn kept_scores<'p>(&self, player: &'p Player) -> Cow<'p, PackedScores> {
        player.kept_scores(|operator, number| is_kept(&self.rules, self.time, operator, number))
    }
}

/// Whether somebody may still ask for scores of a tournament.
fn is_kept(rules: &Rules, now: Timestamp, operator: u32, number: u32) -> bool {
    let operator = rules.operator_numbered(operator);
    let number = tournament_of(number);
    let tournament = operator.and_then(|operator| operator.tournaments.numbered(number));
    tournament.is_some_and(|tournament| tournament.keeps_scores(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(scored: &Scored, batch: u64) -> Option<Vec<Ordinal>> {
        scored.after(batch).map(Iterator::collect)
    }

    #[test]
    fn changes_are_those_of_later_batches_as_far_as_all_are_remembered() {
        let mut scored = Scored::from(5);
        for (batch, player) in [(5, 1), (5, 2), (7, 1), (9, 3)] {
            scored.add(batch, player);
        }
        assert_eq!(after(&scored, 3), None);
        assert_eq!(after(&scored, 4), Some(vec![1, 2, 1, 3]));
        assert_eq!(after(&scored, 5), Some(vec![1, 3]));
        assert_eq!(after(&scored, 6), Some(vec![1, 3]));
        assert_eq!(after(&scored, 9), Some(vec![]));
        assert_eq!(after(&scored, 20), Some(vec![]));
    }

    #[test]
    fn the_oldest_batches_are_forgotten_whole() {
        let mut scored = Scored::from(1);
        for batch in 1..=3 {
            for _ in 0..CHANGES_MAX.div_ceil(2) {
                scored.add(batch, 7);
            }
        }
        assert_eq!(after(&scored, 0), None);
        assert_eq!(after(&scored, 1).map(|it| it.len()), Some(CHANGES_MAX));
        assert_eq!(scored.players.len(), CHANGES_MAX);
    }
}
