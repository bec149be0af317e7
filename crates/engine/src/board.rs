//! The leaderboard of a tournament, or of a game, in one or more partitions: made of the players' scores, and then brought
//! up to date by those that have changed since.
//!
//! Players who are excluded are left out while that holds, and others move up; on a leaderboard that is final they are where
//! they were, since prizes are by those positions. `docs/decisions/062` says why.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use accolade_domain::games::Occurrence;
use accolade_domain::ranking::{self, Leaderboard, Standing, Ties};
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

    /// Whether no record changes a score any more in a partition that has heard of so many control records, and has come to
    /// a time.
    pub fn is_final_at(&self, applied: u64, time: Timestamp) -> bool {
        self.game.is_none() && self.tournament.is_final_at(applied, time)
    }

    fn is_final(&self, partition: &Partition) -> bool {
        self.is_final_at(partition.rules().applied, partition.time())
    }
}

/// What some partitions have of a leaderboard, put together.
#[derive(Debug)]
pub struct Board {
    players: Leaderboard,
    ties: Ties,
    /// How many partitions there are in all.
    partitions: u16,
    followed: BTreeMap<u16, Followed>,
}

/// What a leaderboard has of a partition.
#[derive(Debug, Clone)]
struct Followed {
    /// The batch up to which it has all scores.
    batch: u64,
    /// No player from here on has a standing.
    players: usize,
    /// Whether no position changes any more, and nobody is left out.
    is_final: bool,
    /// Players who have a score and are left out, and until when. Of one whose exclusion has changed since, an earlier end
    /// may be here as well.
    left_out: BTreeSet<(Timestamp, Ordinal)>,
}

impl Board {
    /// One without players, of none of so many partitions.
    pub const fn new(ties: Ties, partitions: u16) -> Self {
        let players = Leaderboard::new(ties);
        Self { players, ties, partitions, followed: BTreeMap::new() }
    }

    /// One that has [begun](Self::begin) with a partition.
    pub fn begun(of: &Of<'_>, partition: &Partition, partitions: u16) -> Self {
        let mut board = Self::new(of.ties(), partitions);
        board.begin(of, partition);
        board
    }

    /// What it has of some of its partitions, beside it: as many steps as it has players.
    #[must_use]
    pub fn only(&self, partitions: &[u16]) -> Self {
        let followed = self.followed.iter().filter(|(number, _)| partitions.contains(number));
        let followed = followed.map(|(number, followed)| (*number, followed.clone())).collect();
        let mut only = Self { followed, ..Self::new(self.ties, self.partitions) };
        for line in self.players.from(1) {
            if partitions.contains(&self.who(line.player).0) {
                only.players.set(line.player, Some(*line.standing));
            }
        }
        only
    }

    /// Who is ahead of whom. Its players are those of all partitions: [`Board::who`] says of which.
    pub const fn board(&self) -> &Leaderboard {
        &self.players
    }

    /// Who is ahead where scores are equal.
    pub const fn ties(&self) -> Ties {
        self.ties
    }

    /// The partition of a player, and which of its players it is.
    #[expect(
        clippy::integer_division,
        reason = "a player's number is that of their partition times all, and the partition"
    )]
    pub fn who(&self, player: ranking::Player) -> (u16, Ordinal) {
        let partitions = u32::from(self.partitions);
        let partition = u16::try_from(player % partitions).expect("it is less than 16 bits hold");
        (partition, player / partitions)
    }

    /// A partition's player, as the leaderboard numbers them.
    pub fn number_of(&self, partition: u16, player: Ordinal) -> ranking::Player {
        let number = player.checked_mul(self.partitions.into());
        let number = number.and_then(|number| number.checked_add(partition.into()));
        number.expect("a node has fewer than 2^32 players")
    }

    /// How a partition's player stands.
    pub fn standing(&self, partition: u16, player: Ordinal) -> Option<&Standing> {
        self.players.standing(self.number_of(partition, player))
    }

    /// Has a partition's player stand so.
    pub fn set(&mut self, partition: u16, player: Ordinal, standing: Option<Standing>) {
        self.players.set(self.number_of(partition, player), standing);
    }

    /// Begins with a partition anew, without players, of which whoever makes it [looks](Self::look) at all of them: what
    /// changes from here on is remembered by the partition.
    pub fn begin(&mut self, of: &Of<'_>, partition: &Partition) {
        // The order of equal scores may be another until a tournament begins.
        if self.ties != of.ties() {
            *self = Self::new(of.ties(), self.partitions);
        }
        self.let_go(partition.number());
        let followed = Followed {
            batch: partition.next_batch() - 1,
            players: 0,
            is_final: of.is_final(partition),
            left_out: BTreeSet::new(),
        };
        self.followed.insert(partition.number(), followed);
    }

    /// Lets go of what it has of a partition.
    pub fn let_go(&mut self, partition: u16) {
        let Some(Followed { players, .. }) = self.followed.remove(&partition) else { return };
        for player in 0..players {
            self.set(partition, ordinal(player), None);
        }
    }

    /// Whether no position changes any more in a partition, and nobody of it is left out.
    pub fn is_final_in(&self, partition: u16) -> bool {
        self.followed.get(&partition).is_some_and(|followed| followed.is_final)
    }

    /// The partitions of which it has something.
    pub fn partitions(&self) -> impl Iterator<Item = u16> {
        self.followed.keys().copied()
    }

    /// How many changes of a partition it has yet to take over; nothing where it has to begin anew.
    pub fn lag(&self, of: &Of<'_>, partition: &Partition) -> Option<usize> {
        let followed = self.followed.get(&partition.number()).filter(|_| self.ties == of.ties())?;
        let changed = of.scored(partition).after(followed.batch)?;
        let is_final = followed.is_final || of.is_final(partition);
        Some(changed.len() + followed.comes_back(partition.time(), is_final))
    }

    /// Takes over what has changed in a partition, as far as that remembers it; says whether it does. Otherwise whoever has
    /// it begins with the partition anew.
    pub fn follow(&mut self, of: &Of<'_>, partition: &Partition) -> bool {
        let number = partition.number();
        if self.lag(of, partition).is_none() {
            return false;
        }
        let Some(mut followed) = self.followed.remove(&number) else { return false };
        let changed = of.scored(partition).after(followed.batch).into_iter().flatten();
        // Once it is, it stays so, whatever is said of the tournament afterwards.
        followed.is_final |= of.is_final(partition);
        let back = followed.back(partition.time()).into_iter().map(|(_, player)| player);
        let players = partition.players().all().len();
        // One that was taken back is not there any more.
        for player in changed.chain(back).filter(|player| (*player as usize) < players) {
            self.set(number, player, followed.standing(of, partition, player));
        }
        // What stands within a batch is looked at again.
        followed.batch = partition.next_batch() - 1;
        followed.players = players.max(followed.players);
        self.followed.insert(number, followed);
        true
    }

    /// Looks at so many players of a partition from one on; says whether there are more.
    pub fn look(&mut self, of: &Of<'_>, partition: &Partition, from: usize, count: usize) -> bool {
        let (number, players) = (partition.number(), partition.players().all().len());
        let Some(mut followed) = self.followed.remove(&number) else { return false };
        let to = from.saturating_add(count).min(players);
        for player in (from..to).map(ordinal) {
            self.set(number, player, followed.standing(of, partition, player));
        }
        followed.players = to.max(followed.players);
        self.followed.insert(number, followed);
        to < players
    }
}

impl Followed {
    /// How many are not to be left out any more.
    fn comes_back(&self, now: Timestamp, is_final: bool) -> usize {
        let until = if is_final { Timestamp::from_micros(i64::MAX) } else { now };
        self.left_out.range(..=(until, Ordinal::MAX)).count()
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

    /// How a player stands who is not to be left out.
    fn standing(
        &mut self,
        of: &Of<'_>,
        partition: &Partition,
        player: Ordinal,
    ) -> Option<Standing> {
        let standing = of.standing(partition, player)?;
        if !self.is_final
            && let Some(exclusion) = partition.exclusion(player)
        {
            self.left_out.insert((exclusion.ends(), player));
            return None;
        }
        Some(standing)
    }
}

fn ordinal(player: usize) -> Ordinal {
    Ordinal::try_from(player).expect("an ordinal of a player")
}

#[cfg(test)]
mod tests {
    use accolade_domain::ledger::{Place, Subject};
    use accolade_domain::ranking::Score;

    use super::*;

    #[test]
    fn what_it_has_of_some_partitions_is_beside_what_it_has_of_all() {
        let mut board = Board::new(Ties::First, 3);
        for number in 0..3_u8 {
            let partition = u16::from(number);
            let followed = Followed {
                batch: 7,
                players: 2,
                is_final: partition == 2,
                left_out: BTreeSet::new(),
            };
            board.followed.insert(partition, followed);
            for player in 0..2_u8 {
                let standing = Standing {
                    score: Score(i128::from(10 * player + number)),
                    events: 1,
                    changed_at: Timestamp::default(),
                    changed_by: Place { partition, ..Place::default() },
                    subject: Subject([10 * player + number; 16]),
                };
                board.set(partition, player.into(), Some(standing));
            }
        }
        let only = board.only(&[2, 0]);
        let lines: Vec<_> =
            only.board().from(1).map(|line| (line.position, only.who(line.player))).collect();
        assert_eq!(lines, [(1, (2, 1)), (2, (0, 1)), (3, (2, 0)), (4, (0, 0))]);
        assert!(only.partitions().eq([0, 2]) && only.is_final_in(2) && !only.is_final_in(0));
        assert_eq!((board.board().len(), board.partitions().count()), (6, 3));
    }
}
