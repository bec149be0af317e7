//! Leaderboards: who is ahead of whom, exactly, and at which position.

mod tree;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use self::tree::Tree;
use crate::ledger::{Place, Subject};
use crate::time::Timestamp;
use crate::tournament::SCORE_ONE;

/// A score in units of 10^-18.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score(pub i128);

/// How many units of a [`Score`] are a hundredth: 2^16 times an odd number.
const HUNDREDTH: i128 = 10_i128.pow(16);
/// What gives 1 with that odd number, modulo 2^64.
const INVERSE: u64 = {
    let odd = 5_u64.pow(16);
    // Newton: each step doubles the bits that are right, of which there are three at first.
    let (mut inverse, mut bits) = (odd, 3);
    while bits < 64 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
        bits *= 2;
    }
    inverse
};

impl Score {
    /// So many hundredths.
    pub const fn of_hundredths(hundredths: i64) -> Self {
        Self(hundredths as i128 * HUNDREDTH)
    }

    /// How many hundredths it is; `None` where it is no whole ones, or more than these bits hold.
    #[inline]
    pub fn hundredths(self) -> Option<i64> {
        // Only one number could be the quotient: a product modulo 2^64 finds it ten times as fast as a division of 128 bits.
        let low = (self.0 >> 16).cast_unsigned() & u128::from(u64::MAX);
        let low = u64::try_from(low).expect("64 bits fit");
        let hundredths = low.wrapping_mul(INVERSE).cast_signed();
        (Self::of_hundredths(hundredths) == self).then_some(hundredths)
    }
}

/// Written exactly, without zeros at the end.
impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ONE: u128 = SCORE_ONE.unsigned_abs();
        let units = self.0.unsigned_abs();
        let (whole, fraction) = (units.div_euclid(ONE), units.rem_euclid(ONE));
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{whole}")?;
        let fraction = format!("{fraction:018}");
        match fraction.trim_end_matches('0') {
            "" => Ok(()),
            fraction => write!(f, ".{fraction}"),
        }
    }
}

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
    /// Of those who have one, in no order. Most players of a game's leaderboard have none.
    standings: Vec<Stands>,
    /// Where each player's lies.
    seats: BTreeMap<Player, u32>,
    /// Where nobody's does any more.
    free: Vec<u32>,
    tree: Tree<Key>,
}

/// A player who has a standing.
#[derive(Debug, Clone, Copy)]
struct Stands {
    player: Player,
    standing: Standing,
}

/// What mostly decides who is ahead; the rest lies in the standing.
#[derive(Debug, Clone, Copy)]
struct Key {
    score: Score,
    seat: u32,
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
        Self {
            ties,
            standings: Vec::new(),
            seats: BTreeMap::new(),
            free: Vec::new(),
            tree: Tree::new(),
        }
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
        let seat = self.seats.get(&player).copied();
        let before = seat.map(|seat| self.standings[seat as usize].standing);
        if before == standing {
            return;
        }
        if let Some((seat, Standing { score, .. })) = seat.zip(before) {
            let Self { ties, standings, tree, .. } = self;
            let is_out = tree.remove(&Key { score, seat }, &|a, b| order(*ties, standings, a, b));
            assert!(is_out, "whoever has a standing is in the order");
        }
        match (seat, standing) {
            (_, Some(standing)) => self.sit(seat, Stands { player, standing }),
            (Some(seat), None) => {
                self.seats.remove(&player);
                self.free.push(seat);
            }
            (None, None) => {}
        }
    }

    /// Puts a player who is not in the order there, on the seat of before or another.
    fn sit(&mut self, seat: Option<u32>, stands: Stands) {
        let Self { ties, standings, seats, free, tree } = self;
        let seat = seat.or_else(|| free.pop()).unwrap_or_else(|| {
            standings.push(stands);
            u32::try_from(standings.len() - 1).expect("there are fewer than 2^32 players")
        });
        standings[seat as usize] = stands;
        seats.insert(stands.player, seat);
        let key = Key { score: stands.standing.score, seat };
        tree.insert(key, &|a, b| order(*ties, standings, a, b));
    }

    /// What a player has come to.
    pub fn standing(&self, player: Player) -> Option<&Standing> {
        self.seats.get(&player).map(|seat| &self.standings[*seat as usize].standing)
    }

    /// The position of a player.
    pub fn position(&self, player: Player) -> Option<u64> {
        Some(self.ahead(self.standing(player)?) + 1)
    }

    /// The players from a position on, those that share it included; in their order.
    pub fn from(&self, position: u64) -> impl Iterator<Item = Line<'_>> {
        let index = usize::try_from(position.saturating_sub(1)).unwrap_or(usize::MAX);
        self.lines(index)
    }

    /// How many are ahead of whoever stands so, and not beside; the standing may be of somebody who is not here.
    pub fn ahead(&self, standing: &Standing) -> u64 {
        match self.ties {
            Ties::Shared => self.tree.before(|other| other.score > standing.score) as u64,
            Ties::First | Ties::MostEvents | Ties::FewestEvents => self.before(standing) as u64,
        }
    }

    /// The players that are listed around whoever stands so: so many at most before, and from there on.
    pub fn near(
        &self,
        standing: &Standing,
        before: usize,
        from: usize,
    ) -> impl Iterator<Item = Line<'_>> {
        let index = self.before(standing);
        let first = index.saturating_sub(before);
        self.lines(first).take(index - first + from)
    }

    /// How many are listed before whoever stands so.
    fn before(&self, standing: &Standing) -> usize {
        self.tree.before(|other| {
            listed(self.ties, &self.standings[other.seat as usize].standing, standing).is_lt()
        })
    }

    /// The lines from the one with so many before it.
    fn lines(&self, index: usize) -> impl Iterator<Item = Line<'_>> {
        let mut shared: Option<(Score, u64)> = None;
        (index as u64..).zip(self.tree.from(index)).map(move |(before, Key { score, seat })| {
            let Stands { player, standing } = &self.standings[seat as usize];
            let position = match (self.ties, shared) {
                (Ties::Shared, Some((of, position))) if of == score => position,
                (Ties::Shared, _) => self.ahead(standing) + 1,
                (Ties::First | Ties::MostEvents | Ties::FewestEvents, _) => before + 1,
            };
            shared = Some((score, position));
            Line { position, player: *player, standing }
        })
    }
}

/// The one that is ahead is less.
fn order(ties: Ties, standings: &[Stands], a: &Key, b: &Key) -> Ordering {
    b.score.cmp(&a.score).then_with(|| {
        if a.seat == b.seat {
            return Ordering::Equal;
        }
        let standing = |key: &Key| &standings[key.seat as usize].standing;
        tied(ties, standing(a), standing(b))
    })
}

/// How many hundredths of so many players are at a position or behind it, rounded down: 100 at the first.
pub const fn percentile(position: u64, players: u64) -> u64 {
    // One more may have come between two questions.
    let players = if players < position { position } else { players };
    ((players - position + 1) * 100).div_euclid(players)
}

/// The order in which two are listed; the one that is ahead is less.
pub fn listed(ties: Ties, a: &Standing, b: &Standing) -> Ordering {
    b.score.cmp(&a.score).then_with(|| tied(ties, a, b))
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
