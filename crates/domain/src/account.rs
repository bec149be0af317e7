//! One player's account with one operator.

use crate::amount::Points;
use crate::event::Consent;
use crate::ledger::{ChainHash, Place, Subject};
use crate::text::ShortText;
use crate::time::{Day, Timestamp};

/// Everything the fold remembers of one player.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Stands for the player in all that is kept for years.
    pub subject: Subject,
    /// The sum of all entries.
    pub balance: Points,
    /// What the player said, if anything.
    pub consent: Option<Consent>,
    /// How many entries there are.
    pub sequence: u64,
    /// The hash of the last entry.
    pub head: ChainHash,
    /// Places of the entries that a later one may point to: see [`Trail`].
    pub trail: Trail,
    /// Points counted against the daily cap, by the event's own day, ascending.
    pub day_use: DayUse,
    /// The wager that last changed the balance.
    pub last_wager: Option<ShortText>,
    /// The time of the batch that last changed the account.
    pub last_updated: Timestamp,
    /// Counts the changes of the account.
    pub version: u64,
}

impl Account {
    /// A new player's account: balance 0, no entries.
    pub fn new(subject: Subject, at: Timestamp) -> Self {
        Self {
            subject,
            balance: Points::ZERO,
            consent: None,
            sequence: 0,
            head: ChainHash::default(),
            trail: Trail::default(),
            day_use: DayUse::default(),
            last_wager: None,
            last_updated: at,
            version: 0,
        }
    }
}

/// What is counted against the cap, by day, ascending. The newest day lies with the account: nearly
/// every wager is of today.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DayUse {
    newest: Option<(Day, Points)>,
    older: Vec<(Day, Points)>,
}

impl DayUse {
    /// Points already counted against the cap of `day`.
    pub fn used_on(&self, day: Day) -> Points {
        match self.newest {
            Some((newest, points)) if newest == day => points,
            Some((newest, _)) if newest > day => {
                let older = self.older.iter().find(|(older, _)| *older == day);
                older.map_or(Points::ZERO, |(_, points)| *points)
            }
            Some(_) | None => Points::ZERO,
        }
    }

    /// Changes what is counted against the cap of `day` by `points`, which may be negative.
    pub fn use_on(&mut self, day: Day, points: Points) {
        let add = |used: &mut Points| {
            *used = used.plus(points).unwrap_or(Points::MAX).max(Points::ZERO);
        };
        match &mut self.newest {
            Some((newest, used)) if *newest == day => return add(used),
            Some((newest, _)) if *newest > day => {
                match self.older.binary_search_by_key(&day, |(day, _)| *day) {
                    Ok(at) => add(&mut self.older[at].1),
                    Err(at) if points > Points::ZERO => self.older.insert(at, (day, points)),
                    Err(_) => {}
                }
                return;
            }
            Some(_) | None => {}
        }
        if points > Points::ZERO {
            self.older.extend(self.newest.replace((day, points)));
        }
    }

    /// The oldest day.
    pub fn oldest(&self) -> Option<Day> {
        self.iter().next().map(|(day, _)| day)
    }

    /// Forgets every day before `day`.
    pub fn forget_before(&mut self, day: Day) {
        self.older.retain(|(older, _)| *older >= day);
        self.newest = self.newest.filter(|(newest, _)| *newest >= day);
    }

    /// All days, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (Day, Points)> {
        self.older.iter().copied().chain(self.newest)
    }

    /// Restores the days, ascending.
    pub fn from_days(mut days: Vec<(Day, Points)>) -> Self {
        let newest = days.pop();
        Self { newest, older: days }
    }
}

/// The places of entries that later entries point to.
///
/// After entry n it holds the place of n, of n − lowbit(n), and so on down to the highest power of
/// two in n: as many places as n has ones (the path of a Fenwick tree), newest last. The batch and
/// slot of a place are packed; the partition is the account's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trail {
    length: u8,
    /// The first few lie with the account; only long histories have more.
    first: [u64; TRAIL_INLINE],
    more: Vec<u64>,
}

const TRAIL_INLINE: usize = 6;

const SLOT_BITS: u32 = 18;
const NUMBER_BITS: u32 = 6;

/// Most records that one batch may hold, so that a place packs into 64 bits.
pub const SLOTS_MAX: u32 = (1 << SLOT_BITS) - 1;

impl Trail {
    /// Restores a trail from its packed places, oldest first.
    pub fn from_packed(packed: &[u64]) -> Self {
        let mut trail = Self::default();
        for place in packed {
            trail.append(*place);
        }
        trail
    }

    /// The packed places, oldest first.
    pub fn packed(&self) -> impl ExactSizeIterator<Item = u64> {
        (0..usize::from(self.length)).map(|at| self.at(at))
    }

    fn at(&self, at: usize) -> u64 {
        self.first.get(at).copied().unwrap_or_else(|| self.more[at - TRAIL_INLINE])
    }

    fn append(&mut self, packed: u64) {
        let at = usize::from(self.length);
        match self.first.get_mut(at) {
            Some(first) => *first = packed,
            None => self.more.push(packed),
        }
        self.length += 1;
    }

    /// The place of the last entry.
    pub fn last(&self, partition: u16) -> Option<Place> {
        let last = usize::from(self.length).checked_sub(1)?;
        Some(unpack(self.at(last), partition))
    }

    /// Appends entry `sequence`, which stands at `place`, and returns the place of entry
    /// `sequence − lowbit(sequence)`.
    pub fn push(&mut self, sequence: u64, place: Place) -> Option<Place> {
        let kept = sequence.count_ones() as usize - 1;
        for at in kept..TRAIL_INLINE.min(usize::from(self.length)) {
            self.first[at] = 0;
        }
        self.more.truncate(kept.saturating_sub(TRAIL_INLINE));
        self.length = u8::try_from(kept).expect("64 bits have at most 64 ones");
        let skip = self.last(place.partition);
        self.append(pack(place));
        skip
    }
}

fn pack(place: Place) -> u64 {
    assert!(
        place.batch < 1 << (64 - SLOT_BITS - NUMBER_BITS)
            && place.slot <= SLOTS_MAX
            && u32::from(place.number) < 1 << NUMBER_BITS,
        "a place is within the bounds that batches are cut to"
    );
    place.batch << (SLOT_BITS + NUMBER_BITS)
        | u64::from(place.slot) << NUMBER_BITS
        | u64::from(place.number)
}

fn unpack(packed: u64, partition: u16) -> Place {
    let bits = |shift: u32, width: u32| {
        u32::try_from(packed >> shift & ((1 << width) - 1)).expect("a masked field fits")
    };
    Place {
        partition,
        batch: packed >> (SLOT_BITS + NUMBER_BITS),
        slot: bits(NUMBER_BITS, SLOT_BITS),
        number: u8::try_from(bits(0, NUMBER_BITS)).expect("six bits fit"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trail_knows_every_place_that_an_entry_points_to() {
        let place = |batch: u64| Place { partition: 3, batch, slot: 7, number: 1 };
        let mut trail = Trail::default();
        for n in 1..=1000_u64 {
            let before = trail.last(3);
            assert_eq!(before, (n > 1).then(|| place(n - 1)));
            let expected = n - (n & n.wrapping_neg());
            assert_eq!(trail.push(n, place(n)), (expected > 0).then(|| place(expected)));
        }
    }
}
