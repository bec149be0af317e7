//! The leaderboard of a tournament in one partition: made of the players' scores, and then brought up to date by those that
//! have changed since.

use accolade_domain::ranking::{Leaderboard, Ties};

use crate::partition::Partition;
use crate::players::Ordinal;
use crate::rules::tournaments::Tournament;

/// What one partition has of a leaderboard.
#[derive(Debug)]
pub struct PartBoard {
    board: Leaderboard,
    ties: Ties,
    /// How often the tournament is settled again for it.
    settlement: u32,
    /// The batch up to which it has all scores; nothing while it is no leaderboard yet.
    batch: Option<u64>,
}

impl PartBoard {
    /// One that has yet to be made.
    pub const fn new(ties: Ties, settlement: u32) -> Self {
        Self { board: Leaderboard::new(ties), ties, settlement, batch: None }
    }

    /// One without players, of which whoever makes it [looks](Self::look) at all of them: what changes from here on is
    /// remembered by the partition.
    pub fn begun(tournament: &Tournament, settlement: u32, partition: &Partition) -> Self {
        let batch = Some(partition.next_batch() - 1);
        Self { batch, ..Self::new(tournament.decides().ties, settlement) }
    }

    /// Who is ahead of whom.
    pub const fn board(&self) -> &Leaderboard {
        &self.board
    }

    /// Takes over what has changed, as far as the partition remembers that; says whether it does. Otherwise it has to be
    /// made anew, as where the order of equal scores is another, which may be so until a tournament begins.
    pub fn follow(
        &mut self,
        operator: u32,
        tournament: &Tournament,
        partition: &Partition,
    ) -> bool {
        let batch = self.batch.filter(|_| self.ties == tournament.decides().ties);
        let changed = batch.and_then(|batch| partition.scored_after(batch));
        let Some(changed) = changed else { return false };
        let players = partition.players().all().len();
        // One that was taken back is not there any more.
        for player in changed.filter(|player| (*player as usize) < players) {
            let standing = partition.standing_of(operator, tournament, self.settlement, player);
            self.board.set(player, standing);
        }
        // What stands within a batch is looked at again.
        self.batch = Some(partition.next_batch() - 1);
        true
    }

    /// Looks at so many players from one on; says whether there are more.
    pub fn look(
        &mut self,
        operator: u32,
        tournament: &Tournament,
        partition: &Partition,
        from: usize,
        count: usize,
    ) -> bool {
        let players = partition.players().all().len();
        let to = from.saturating_add(count).min(players);
        for player in from..to {
            let player = Ordinal::try_from(player).expect("an ordinal of a player");
            let standing = partition.standing_of(operator, tournament, self.settlement, player);
            self.board.set(player, standing);
        }
        to < players
    }
}
