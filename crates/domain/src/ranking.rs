//! Leaderboards: who is ahead of whom, exactly, and at which position.

mod tree;

use std::cmp::Ordering;
use std::fmt;

use self::tree::Tree;
use crate::ledger::{Place, Subject};
use crate::time::Timestamp;

/// A score in units of 10^-18.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score(pub i128);

/// Who is ahead where scores are equal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ties {
    /// Whoever reached the score first.
    #[default]
    First,
    /// Whoever scored with more events, and among those whoever reached it first.
    MostEvents,
    /// Whoever scored with fewer events, and among those whoever reached it first.
    FewestEvents,
    /// Nobody: they share a position, and the next has the one that it would have had. They are listed, and odd
    /// hundredths of their prizes go, by who reached it first.
    Shared,
}

/// What a player has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The score.
    pub score: Score,
    /// How many events it is made of.
    pub events: u64,
    /// When the record was decided that last changed the score, a void included.
    pub changed_at: Timestamp,
    /// That record: the time, then its partition, batch and slot say who reached a score first.
    pub changed_by: Place,
    /// Settles what nothing else does, so that each player has one place in the order.
    pub subject: Subject,
}

/// A player by number, as whoever keeps the leaderboard numbers them: 0, 1, 2, …
pub type Player = u32;

/// The order of all players of a tournament.
///
/// A change takes as many steps as the logarithm of their number, and so does any question but for the players that
/// are listed.
#[derive(Clone)]
pub struct Leaderboard {
    ties: Ties,
    standings: Vec<Option<Standing>>,
    tree: Tree<Key>,
}

/// What mostly decides who is ahead; the rest lies in the standing.
#[derive(Debug, Clone, Copy)]
struct Key {
    score: Score,
    player: Player,
}

/// One line of a leaderboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'l> {
    /// From 1.
    pub position: u64,
    /// Who.
    pub player: Player,
    /// With what.
    pub standing: &'l Standing,
}

impl fmt::Debug for Leaderboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ties, tree, .. } = self;
        f.debug_struct("Leaderboard").field("ties", ties).field("players", &tree.len()).finish()
    }
}

impl Leaderboard {
    /// One without players.
    pub const fn new(ties: Ties) -> Self {
        Self { ties, standings: Vec::new(), tree: Tree::new() }
    }

    /// How many players it has.
    pub const fn len(&self) -> usize {
        self.tree.len()
    }

    /// Whether it has no players.
    pub const fn is_empty(&self) -> bool {
        self.tree.len() == 0
    }

    /// Puts a player where a standing puts it, or takes it out.
    pub fn set(&mut self, player: Player, standing: Option<Standing>) {
        let index = player as usize;
        if self.standings.len() <= index {
            self.standings.resize(index + 1, None);
        }
        let before = self.standings[index];
        if before == standing {
            return;
        }
        if let Some(before) = before {
            let Self { ties, standings, tree } = self;
            let key = Key { score: before.score, player };
            let is_out = tree.remove(&key, &|a, b| order(*ties, standings, a, b));
            assert!(is_out, "whoever has a standing is in the order");
        }
        self.standings[index] = standing;
        if let Some(Standing { score, .. }) = standing {
            let Self { ties, standings, tree } = self;
            tree.insert(Key { score, player }, &|a, b| order(*ties, standings, a, b));
        }
    }

    /// What a player has come to.
    pub fn standing(&self, player: Player) -> Option<&Standing> {
        self.standings.get(player as usize)?.as_ref()
    }

    /// The position of a player.
    pub fn position(&self, player: Player) -> Option<u64> {
        let standing = self.standing(player)?;
        Some(self.ahead_of(standing, player) as u64 + 1)
    }

    /// How many hundredths of all players are at this player's position or behind it, rounded down: 100 for the first.
    pub fn percentile(&self, player: Player) -> Option<u8> {
        let ahead = self.position(player)? - 1;
        let all = self.len() as u64;
        u8::try_from(((all - ahead) * 100).div_euclid(all)).ok()
    }

    /// The players from a position on, those that share it included; in their order.
    pub fn from(&self, position: u64) -> impl Iterator<Item = Line<'_>> {
        let index = usize::try_from(position.saturating_sub(1)).unwrap_or(usize::MAX);
        self.lines(index)
    }

    /// A player with so many that are listed before, and behind.
    pub fn around(&self, player: Player, radius: usize) -> impl Iterator<Item = Line<'_>> {
        let listed = self.standing(player).map(|standing| self.listed_before(standing, player));
        let first = listed.map(|listed| listed.saturating_sub(radius));
        let count = listed.zip(first).map_or(0, |(listed, first)| listed - first + 1 + radius);
        self.lines(first.unwrap_or(usize::MAX)).take(count)
    }

    /// The lines from the one with so many before it.
    fn lines(&self, index: usize) -> impl Iterator<Item = Line<'_>> {
        let mut shared: Option<(Score, u64)> = None;
        (index as u64..).zip(self.tree.from(index)).map(move |(before, Key { score, player })| {
            let standing = self.standing(player).expect("whoever is in the order has a standing");
            let position = match (self.ties, shared) {
                (Ties::Shared, Some((of, position))) if of == score => position,
                (Ties::Shared, _) => self.ahead_of(standing, player) as u64 + 1,
                (Ties::First | Ties::MostEvents | Ties::FewestEvents, _) => before + 1,
            };
            shared = Some((score, position));
            Line { position, player, standing }
        })
    }

    /// How many are ahead of a player, and not beside.
    fn ahead_of(&self, standing: &Standing, player: Player) -> usize {
        match self.ties {
            Ties::Shared => self.tree.before(|other| other.score > standing.score),
            Ties::First | Ties::MostEvents | Ties::FewestEvents => {
                self.listed_before(standing, player)
            }
        }
    }

    fn listed_before(&self, standing: &Standing, player: Player) -> usize {
        let key = Key { score: standing.score, player };
        self.tree.before(|other| order(self.ties, &self.standings, other, &key).is_lt())
    }
}

/// The one that is ahead is less.
fn order(ties: Ties, standings: &[Option<Standing>], a: &Key, b: &Key) -> Ordering {
    b.score.cmp(&a.score).then_with(|| {
        if a.player == b.player {
            return Ordering::Equal;
        }
        let standing = |key: &Key| {
            standings[key.player as usize].as_ref().expect("whoever is in the order has a standing")
        };
        tied(ties, standing(a), standing(b))
    })
}

/// The order of two with one score.
fn tied(ties: Ties, a: &Standing, b: &Standing) -> Ordering {
    let by_events = match ties {
        Ties::First | Ties::Shared => Ordering::Equal,
        Ties::MostEvents => b.events.cmp(&a.events),
        Ties::FewestEvents => a.events.cmp(&b.events),
    };
    let reached = |it: &Standing| (it.changed_at, it.changed_by, it.subject);
    by_events.then_with(|| reached(a).cmp(&reached(b)))
}
