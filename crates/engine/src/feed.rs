//! The port through which publishers and projections read what was folded, batch after batch.

use std::fmt;
use std::io;
use std::sync::Arc;

use accolade_domain::ledger::{Place, Subject};
use accolade_domain::packed_games::PackedGames;
use accolade_domain::packed_scores::PackedScores;
use accolade_domain::statistics::Statistics;
use accolade_wire::record::Record;

use crate::ordered::LogFailed;
use crate::players::{Ordinal, Players};
use crate::rules::Rules;

/// The journal of the partitions that a node has, and what helps to read it.
///
/// Whoever reads keeps its own position, (partition, next batch), and comes back with it however long
/// it was away.
pub trait Feed: fmt::Debug + Send + Sync {
    /// The partitions that are here at this moment.
    fn owned(&self) -> Vec<u16>;

    /// The batch after the last one that was folded; `None` where the partition is not here.
    fn end(&self, partition: u16) -> Option<u64>;

    /// The journal's slice of a batch, as `accolade_wire::record::Slice` writes it. `None` where it is
    /// not there: not yet, or the partition is not here.
    fn journal(&self, partition: u16, batch: u64) -> io::Result<Option<Vec<u8>>>;

    /// The records of a batch, as a slice; `None` where they are not at hand any more.
    fn records(&self, partition: u16, batch: u64) -> io::Result<Option<Vec<u8>>>;

    /// The records of a batch that are not at hand, read from the log itself, which takes its time.
    ///
    /// Fails with [`LogFailed::Gone`] where the log does not have them any more, or where what is at hand is the log.
    fn reread(&self, _partition: u16, batch: u64) -> Result<Vec<u8>, LogFailed> {
        Err(LogFailed::Gone(format!("batch {batch} has left it")))
    }

    /// The bytes of the dead letter at `place`; says whether they are still kept.
    fn dead_letter(&self, place: Place, read: &mut dyn FnMut(&Record<'_>)) -> io::Result<bool>;

    /// Who stands behind the subjects of a partition, from an ordinal on. Every subject of a journal
    /// that could be read before this call is among them.
    fn subjects(&self, partition: u16, from: Ordinal, each: &mut dyn FnMut(Known<'_>));

    /// The names of players of a partition, by ordinals that [`Feed::subjects`] has told, in their order. Tells
    /// nothing of who was erased; says whether the partition is here.
    fn names(&self, partition: u16, ordinals: &[Ordinal], each: &mut dyn FnMut(Known<'_>)) -> bool;

    /// What players of a partition have come to, from an ordinal on, `count` of them at most: as it is after the last batch
    /// that could be read before this call, or after a later one. Says how many it has told of; fewer than `count` are all
    /// that there are. `None` where the partition is not here, or what is at hand is a journal without its state.
    fn standings(
        &self,
        _partition: u16,
        _from: Ordinal,
        _count: usize,
        _each: &mut dyn FnMut(&Stands<'_>),
    ) -> io::Result<Option<usize>> {
        Ok(None)
    }

    /// The same, but for what is counted of their game events: memory alone is looked at. Says how many it has told of.
    fn scores(
        &self,
        _partition: u16,
        _from: Ordinal,
        _count: usize,
        _each: &mut dyn FnMut(&Stands<'_>),
    ) -> Option<usize> {
        None
    }

    /// Tells of each player of a partition who is excluded, or was once, whether that holds now. Says whether the partition
    /// is here.
    fn exclusions(&self, _partition: u16, _each: &mut dyn FnMut(Ordinal, bool)) -> bool {
        false
    }

    /// The rules as they stand.
    fn rules(&self) -> Arc<Rules>;
}

/// What a player has come to.
#[derive(Debug, Clone, Copy)]
pub struct Stands<'a> {
    /// The player.
    pub player: Known<'a>,
    /// The player's tallies in tournaments.
    pub scores: &'a PackedScores,
    /// And in games.
    pub games: &'a PackedGames,
    /// What was counted of the player's game events, where there were any.
    pub statistics: Option<&'a Statistics<'a>>,
    /// Whether the player is excluded: on no leaderboard.
    pub is_excluded: bool,
}

/// A player behind a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known<'a> {
    /// The player's number in the partition.
    pub ordinal: Ordinal,
    /// The operator's number.
    pub operator: u32,
    /// The operator's own name for the player.
    pub player: &'a str,
    /// The subject in the journal.
    pub subject: Subject,
}

/// Tells those of `players` that have the ordinals.
pub fn tell(players: &Players, ordinals: &[Ordinal], each: &mut dyn FnMut(Known<'_>)) {
    for ordinal in ordinals {
        let Some(player) = players.all().get(*ordinal as usize) else { continue };
        let (operator, subject) = (player.operator, player.account.subject);
        each(Known { ordinal: *ordinal, operator, player: &player.name.text(), subject });
    }
}
