//! The leaderboard of a tournament, or of a game, in one partition: made of the players' scores, and then brought up to date by those that
//! have changed since.
//!
//! Players who are excluded are left out while that holds, and others move up; on a leaderboard that is final they are where
//! they were, since prizes are by those positions. `docs/decisions/062` says why.

use std::collections::BTreeSet;
use std::mem;

use accolade_domain::games::Occurrence;
use accolade_domain::ranking::{Leaderboard, Standing, Ties};
use accolade_domain::time::Timestamp;

use crate::partition::Partition;
use crate::players::Ordinal;
use crate::rules::tournaments::Tournament;
use crate::scores::Scored;

/// What a leaderboard is of.
#[derive(Debug, Clone, Copy)]
pub struct Of<'t> {
    /// The operator's number.
    pub operator: u32,
    /// The tournament; of a game's leaderboard its [definition](crate::rules::tournaments::standing).
    pub tournament: &'t Tournament,
    /// How often it is settled again: with what had come late by then.
    pub settlement: u32,
    /// The game, and which day or week of it.
    pub game: Option<(&'t str, Occurrence)>,
}

impl Of<'_> {
    fn ties(&self) -> Ties {
        self.tournament.decides().ties
    }

    fn standing(&self, partition: &Partition, player: Ordinal) -> Option<Standing> {
        let Self { operator, tournament, settlement, game } = *self;
        match game {
            None => partition.standing_of(operator, tournament, settlement, player),
            Some((game, occurrence)) => {
                partition.standing_in_game(operator, game, occurrence, player)
            }
        }
    }

    /// Who may have another standing since when.
    fn scored<'p>(&self, partition: &'p Partition) -> &'p Scored {
        if self.game.is_none() { &partition.scored } else { &partition.scored_in_games }
    }

    /// Whether no record changes a score in a partition any more.
    pub fn is_final(&self, partition: &Partition) -> bool {
        self.game.is_none() && partition.is_final(self.tournament)
    }
}

/// What one partition has of a leaderboard.
#[derive(Debug)]
pub struct PartBoard {
    board: Leaderboard,
    ties: Ties,
    /// The batch up to which it has all scores; nothing while it is no leaderboard yet.
    batch: Option<u64>,
    /// Whether no position changes any more, and nobody is left out.
    is_final: bool,
    /// Players who have a score and are left out, and until when. Of one whose exclusion has changed since, an earlier end
    /// may be here as well.
    left_out: BTreeSet<(Timestamp, Ordinal)>,
}

impl PartBoard {
    /// One that has yet to be made.
    pub const fn new(ties: Ties) -> Self {
        let board = Leaderboard::new(ties);
        Self { board, ties, batch: None, is_final: false, left_out: BTreeSet::new() }
    }

    /// One without players, of which whoever makes it [looks](Self::look) at all of them: what changes from here on is
    /// remembered by the partition.
    pub fn begun(of: &Of<'_>, partition: &Partition) -> Self {
        let (batch, is_final) = (Some(partition.next_batch() - 1), of.is_final(partition));
        Self { batch, is_final, ..Self::new(of.ties()) }
    }

    /// Who is ahead of whom.
    pub const fn board(&self) -> &Leaderboard {
        &self.board
    }

    /// Takes over what has changed, as far as the partition remembers that; says whether it does. Otherwise it has to be
    /// made anew, as where the order of equal scores is another, which may be so until a tournament begins.
    pub fn follow(&mut self, of: &Of<'_>, partition: &Partition) -> bool {
        let is_final = of.is_final(partition);
        let is_same = self.ties == of.ties() && (is_final || !self.is_final);
        let batch = self.batch.filter(|_| is_same);
        let changed = batch.and_then(|batch| of.scored(partition).after(batch));
        let Some(changed) = changed else { return false };
        self.is_final = is_final;
        let back = self.back(partition.time()).into_iter().map(|(_, player)| player);
        let players = partition.players().all().len();
        // One that was taken back is not there any more.
        for player in changed.chain(back).filter(|player| (*player as usize) < players) {
            self.set(of, partition, player);
        }
        // What stands within a batch is looked at again.
        self.batch = Some(partition.next_batch() - 1);
        true
    }

    /// Looks at so many players from one on; says whether there are more.
    pub fn look(&mut self, of: &Of<'_>, partition: &Partition, from: usize, count: usize) -> bool {
        let players = partition.players().all().len();
        let to = from.saturating_add(count).min(players);
        for player in from..to {
            let player = Ordinal::try_from(player).expect("an ordinal of a player");
            self.set(of, partition, player);
        }
        to < players
    }

    /// Takes those who are not to be left out any more: an exclusion that ends by time is no change of anybody.
    fn back(&mut self, now: Timestamp) -> BTreeSet<(Timestamp, Ordinal)> {
        if self.is_final {
            return mem::take(&mut self.left_out);
        }
        if self.left_out.first().is_none_or(|(until, _)| now < *until) {
            return BTreeSet::new();
        }
        let later = self.left_out.split_off(&(now.plus_micros(1), 0));
        mem::replace(&mut self.left_out, later)
    }

    fn set(&mut self, of: &Of<'_>, partition: &Partition, player: Ordinal) {
        let mut standing = of.standing(partition, player);
        if standing.is_some()
            && !self.is_final
            && let Some(exclusion) = partition.exclusion(player)
        {
            self.left_out.insert((exclusion.ends(), player));
            standing = None;
        }
        self.board.set(player, standing);
    }
}
