//! What players of a partition have come to, for those who follow the journal and cannot begin with its first batch.

use std::io;
use std::ops::Bound;

use accolade_domain::ledger::Subject;
use accolade_domain::packed_games::PackedGames;
use accolade_domain::packed_scores::PackedScores;

use crate::feed::{Known, Stands};
use crate::partition::Partition;
use crate::players::Ordinal;
use crate::store::Store;
use crate::tables::Excerpt;
use crate::tables::player_statistics::{PackedStatistics, PlayerStatistics};

/// What memory holds of the next players. The rest is read of the store, while the partition goes on.
#[derive(Debug)]
pub struct Standings {
    partition: u16,
    from: Ordinal,
    players: Vec<Standing>,
    statistics: Option<Excerpt<PlayerStatistics>>,
}

#[derive(Debug)]
struct Standing {
    operator: u32,
    subject: Subject,
    name: String,
    scores: PackedScores,
    games: PackedGames,
    is_excluded: bool,
}

impl Standings {
    /// Of `count` players at most, from an ordinal on.
    pub fn of(partition: &Partition, from: Ordinal, count: usize) -> Self {
        let all = partition.players().all();
        let count = count.min(all.len().saturating_sub(from as usize));
        let players = all.iter_from(from as usize).take(count).zip(from..);
        let players = players.map(|(player, ordinal)| Standing {
            operator: player.operator,
            subject: player.account.subject,
            name: player.name.text().to_string(),
            scores: player.scores.clone(),
            games: player.games.clone(),
            is_excluded: partition.exclusion(ordinal).is_some(),
        });
        let players: Vec<_> = players.collect();
        let table = &partition.tables().player_statistics;
        // A player has one row at most, so these are all of theirs.
        let rows = (count > 0).then(|| table.excerpt(Bound::Included(&from), count));
        Self { partition: partition.number(), from, players, statistics: rows }
    }

    /// Tells of each, and says how many they are.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub fn tell(
        mut self,
        store: &mut impl Store,
        each: &mut dyn FnMut(&Stands<'_>),
    ) -> io::Result<usize> {
        let Some(excerpt) = self.statistics.take() else { return Ok(0) };
        let rows = excerpt.read(self.partition, store)?.rows;
        let mut rows = rows.iter().peekable();
        self.each(|stands| {
            let row = rows.next_if(|(of, _)| *of == stands.player.ordinal);
            let statistics = row.map(|(_, packed)| PackedStatistics::unpack(packed));
            each(&Stands { statistics: statistics.as_ref(), ..*stands });
        });
        Ok(self.players.len())
    }

    /// Tells of each but for what is counted of game events, and says how many they are.
    pub fn tell_scores(self, each: &mut dyn FnMut(&Stands<'_>)) -> usize {
        self.each(each);
        self.players.len()
    }

    fn each(&self, mut each: impl FnMut(&Stands<'_>)) {
        for (ordinal, standing) in (self.from..).zip(&self.players) {
            let Standing { operator, subject, name, scores, games, is_excluded } = standing;
            let player = Known { ordinal, operator: *operator, player: name, subject: *subject };
            let is_excluded = *is_excluded;
            each(&Stands { player, scores, games, statistics: None, is_excluded });
        }
    }
}
