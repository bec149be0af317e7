//! One player's account with one operator.

use crate::amount::Points;
use crate::event::Consent;
use crate::ledger::{ChainHash, Place, Subject};
use crate::text::PackedId;
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
    pub last_wager: Option<PackedId>,
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
/// every wager is of today. Older ones, which only an account that was there before today has, cost it
/// a pointer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DayUse {
    newest: Option<Day>,
    points: Points,
    #[expect(clippy::box_collection, reason = "it is in every account, and most have none")]
    older: Option<Box<Vec<(Day, Points)>>>,
}

impl DayUse {
    fn older(&self) -> &[(Day, Points)] {
        self.older.as_deref().map_or(&[], Vec::as_slice)
    }

    /// Points already counted against the cap of `day`.
    pub fn used_on(&self, day: Day) -> Points {
        match self.newest {
            Some(newest) if newest == day => self.points,
            Some(newest) if newest > day => {
                let older = self.older().iter().find(|(older, _)| *older == day);
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
        match self.newest {
            Some(newest) if newest == day => add(&mut self.points),
            Some(newest) if newest > day => {
                match self.older().binary_search_by_key(&day, |(day, _)| *day) {
                    Ok(at) => add(&mut self.older.get_or_insert_default()[at].1),
                    Err(at) if points > Points::ZERO => {
                        self.older.get_or_insert_default().insert(at, (day, points));
                    }
                    Err(_) => {}
                }
            }
            Some(_) | None if points > Points::ZERO => self.append(day, points),
            Some(_) | None => {}
        }
    }

    /// Adds a day after all others.
    pub fn append(&mut self, day: Day, points: Points) {
        if let Some(newest) = self.newest.replace(day) {
            self.older.get_or_insert_default().push((newest, self.points));
        }
        self.points = points;
    }

    /// The oldest day.
    pub fn oldest(&self) -> Option<Day> {
        self.iter().next().map(|(day, _)| day)
    }

    /// Forgets every day before `day`.
    pub fn forget_before(&mut self, day: Day) {
        if let Some(older) = &mut self.older {
            older.retain(|(older, _)| *older >= day);
            if older.is_empty() {
                self.older = None;
            }
        }
        if self.newest.is_some_and(|newest| newest < day) {
            *self = Self::default();
        }
    }

    /// All days, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (Day, Points)> {
        let newest = self.newest.map(|newest| (newest, self.points));
        self.older().iter().copied().chain(newest)
    }

    /// Restores the days, ascending.
    pub fn from_days(days: impl IntoIterator<Item = (Day, Points)>) -> Self {
        let mut day_use = Self::default();
        for (day, points) in days {
            day_use.append(day, points);
        }
        day_use
    }
}

/// The places of entries that later entries point to.
///
/// After entry n it holds the place of n, of n − lowbit(n), and so on down to the highest power of
/// two in n: as many places as n has ones (the path of a Fenwick tree), newest last. The batch and
/// slot of a place are packed; the partition is the account's.
///
/// The first few places lie with the account; only long histories have more. No place packs to zero,
/// so that is where the places end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trail {
    first: [u64; TRAIL_FIRST],
    more: Option<Box<More>>,
}

/// Places beyond the first; few accounts have so many entries that these are not all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct More {
    places: [u64; TRAIL_MORE],
    more: Option<Box<Self>>,
}

const TRAIL_FIRST: usize = 4;
const TRAIL_MORE: usize = 7;

const SLOT_BITS: u32 = 18;
const NUMBER_BITS: u32 = 6;

/// Most records that one batch may hold, so that a place packs into 64 bits.
pub const SLOTS_MAX: u32 = (1 << SLOT_BITS) - 1;

impl Trail {
    /// Restores a trail from its packed places, oldest first.
    pub fn from_packed(packed: &[u64]) -> Self {
        let mut trail = Self::default();
        for (at, place) in packed.iter().enumerate() {
            trail.set(at, *place);
        }
        trail
    }

    /// The packed places, oldest first.
    pub fn packed(&self) -> impl Iterator<Item = u64> {
        let mut rest = self.more.as_deref();
        let more = std::iter::from_fn(move || {
            let More { places, more } = rest?;
            rest = more.as_deref();
            Some(places)
        });
        self.first.iter().chain(more.flatten()).copied().take_while(|place| *place != 0)
    }

    /// How many places there are.
    pub fn len(&self) -> usize {
        self.packed().count()
    }

    /// Whether there is no place.
    pub const fn is_empty(&self) -> bool {
        self.first[0] == 0
    }

    /// Puts a place behind the first `at`, after which there is nothing.
    fn set(&mut self, at: usize, packed: u64) {
        let (mut places, mut more, mut at) = (&mut self.first[..], &mut self.more, at);
        while at >= places.len() {
            at -= places.len();
            let next = more.get_or_insert_default();
            (places, more) = (&mut next.places[..], &mut next.more);
        }
        places[at] = packed;
        places[at + 1..].fill(0);
        *more = None;
    }

    /// The place of the last entry.
    pub fn last(&self, partition: u16) -> Option<Place> {
        self.packed().last().map(|last| unpack(last, partition))
    }

    /// Appends entry `sequence`, which stands at `place`, and returns the place of entry
    /// `sequence − lowbit(sequence)`.
    pub fn push(&mut self, sequence: u64, place: Place) -> Option<Place> {
        let kept = sequence.count_ones() as usize - 1;
        let skip = kept.checked_sub(1).and_then(|last| self.packed().nth(last));
        self.set(kept, pack(place));
        skip.map(|skip| unpack(skip, place.partition))
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
            assert_eq!(trail.len(), n.count_ones() as usize);
            let packed: Vec<u64> = trail.packed().collect();
            assert_eq!(Trail::from_packed(&packed), trail);
        }
    }

    #[test]
    fn a_trail_has_room_for_every_history() {
        let place = Place { partition: 3, batch: 1, slot: 7, number: 1 };
        let full = Trail::from_packed(&[pack(place); 64]);
        assert_eq!(full.len(), 64);
        let mut next = Trail::from_packed(&[pack(place); 62]);
        next.push(u64::MAX >> 1, place);
        assert_eq!(next.len(), 63);
    }

    #[test]
    fn days_are_counted_in_any_order_and_forgotten_from_the_oldest() {
        let points = |hundredths| Points::from_hundredths(hundredths).expect("few points");
        let mut day_use = DayUse::default();
        for (day, hundredths) in [(5, 10), (3, 20), (7, 30), (5, 1), (3, -50), (4, -1), (7, 2)] {
            day_use.use_on(Day(day), points(hundredths));
        }
        let days: Vec<_> = day_use.iter().map(|(day, used)| (day.0, used.hundredths())).collect();
        assert_eq!(days, [(3, 0), (5, 11), (7, 32)]);
        assert_eq!(day_use.used_on(Day(5)), points(11));
        assert_eq!(day_use.used_on(Day(6)), Points::ZERO);
        assert_eq!(DayUse::from_days(day_use.iter()), day_use);
        day_use.forget_before(Day(6));
        assert_eq!(day_use, DayUse::from_days([(Day(7), points(32))]));
        day_use.forget_before(Day(8));
        assert_eq!(day_use, DayUse::default());
    }

    #[test]
    fn an_account_is_small() {
        assert_eq!(size_of::<Account>(), 176);
    }
}
