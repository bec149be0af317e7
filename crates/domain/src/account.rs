//! One player's account with one operator.

use crate::amount::Points;
use crate::event::Consent;
use crate::ledger::{ChainHash, Place, Subject};
use crate::packed_lots::PackedLots;
use crate::text::PackedId;
use crate::tier::TierState;
use crate::time::{DAY_MICROS, Day, Timestamp};

/// Everything the fold remembers of one player.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Stands for the player in all that is kept for years.
    pub subject: Subject,
    /// The sum of all entries.
    pub balance: Points,
    /// What the player said, if anything.
    pub consent: Option<Consent>,
    /// The player was excluded at some time, by a row that says until when.
    pub was_excluded: bool,
    /// The balance of the system before was imported.
    pub is_opened: bool,
    /// How many entries there are.
    pub sequence: u64,
    /// The hash of the last entry.
    pub head: ChainHash,
    /// Places of the entries that a later one may point to: see [`Trail`].
    pub trail: Trail,
    /// What was earned on the newest day on which anything was. Older days are rows of a table, since nearly
    /// every wager is of today.
    pub cap_day: CapDay,
    /// Where the points of the balance came from; from behaviour 2 on.
    pub lots: PackedLots,
    /// How far time has been brought to it; from behaviour 2 on.
    pub timed: Timed,
    /// The wager that last changed the balance; none where something else did.
    pub last_wager: Option<PackedId>,
    /// The time of the batch that last changed the account.
    pub last_updated: Timestamp,
    /// Counts the changes of the account.
    pub version: u32,
}

impl Account {
    /// A new player's account: balance 0, no entries.
    pub fn new(subject: Subject, at: Timestamp) -> Self {
        Self {
            subject,
            balance: Points::ZERO,
            consent: None,
            was_excluded: false,
            is_opened: false,
            sequence: 0,
            head: ChainHash::default(),
            trail: Trail::default(),
            cap_day: CapDay::NONE,
            lots: PackedLots::default(),
            timed: Timed::NOTHING,
            last_wager: None,
            last_updated: at,
            version: 0,
        }
    }
}

/// What time does to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timed {
    /// The tier, by the levels of [`settled_by`](Self::settled_by), where that has any.
    pub tier: Option<TierState>,
    /// The version of the program that was in force when time was last brought to the account; 0 for none.
    pub settled_by: u32,
    /// When time may next change anything; [`Timed::NEVER`] for never.
    pub due: Timestamp,
    /// What time was to change was passed over, since the fold has failed at it: whatever touches the account tries
    /// that first, before it is due again.
    pub is_passed_over: bool,
    /// Of which points it was told last that they expire.
    pub told: ToldOf,
}

/// The moment at which points expire of which it was told: the UTC day of it, in 16 bits that come again after 179 years.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ToldOf(pub u16);

impl ToldOf {
    /// Of none.
    pub const NONE: Self = Self(0);

    /// Of those that expire at a moment.
    pub fn at(at: Timestamp) -> Self {
        const DAYS: i64 = u16::MAX as i64;
        let day = at.micros().div_euclid(DAY_MICROS).rem_euclid(DAYS) + 1;
        Self(u16::try_from(day).expect("it is within 16 bits"))
    }
}

impl Timed {
    /// After every time.
    pub const NEVER: Timestamp = Timestamp::from_micros(i64::MAX);

    /// Nothing.
    pub const NOTHING: Self = Self {
        tier: None,
        settled_by: 0,
        due: Self::NEVER,
        is_passed_over: false,
        told: ToldOf::NONE,
    };
}

/// Points that were earned on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapDay {
    /// The event's own day, in the program's zone.
    pub day: Day,
    /// What is counted already: against the cap, and for the tier.
    pub used: Points,
}

impl CapDay {
    /// Nothing was ever counted: before every day.
    pub const NONE: Self = Self { day: Day(i32::MIN), used: Points::ZERO };
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

/// Bits of a packed place below the batch: a flag for slot 0, and slot and number.
const BELOW_BITS: u32 = 24;
const SLOT_0: u64 = 1 << (BELOW_BITS - 1);
/// Bits of a slot in what packs a place.
pub(crate) const SLOT_BITS: u32 = 17;
const NUMBER_BITS: u32 = 6;

/// Most records that one batch may hold, so that a place packs into 64 bits.
pub const SLOTS_MAX: u32 = (1 << SLOT_BITS) - 1;
/// Most entries that one record may make, for the same reason.
pub const ENTRIES_MAX: u32 = 1 << NUMBER_BITS;
/// Most entries that the timers of one batch may make, for the same reason.
pub const TIMED_ENTRIES_MAX: u32 = 1 << (BELOW_BITS - 1);

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

/// `batch 40 bits · 1 · number 23 bits` in slot 0, in which many timers fire; else `batch 40 bits · 0 ·
/// slot 17 bits · number 6 bits`.
fn pack(place: Place) -> u64 {
    let Place { batch, slot, number, .. } = place;
    let (below, fits) = if slot == 0 {
        (SLOT_0 | u64::from(number), number < TIMED_ENTRIES_MAX)
    } else {
        let fits = slot <= SLOTS_MAX && number < ENTRIES_MAX;
        (u64::from(slot) << NUMBER_BITS | u64::from(number), fits)
    };
    assert!(
        fits && batch < 1 << (u64::BITS - BELOW_BITS),
        "a place is within the bounds that batches are cut to"
    );
    batch << BELOW_BITS | below
}

fn unpack(packed: u64, partition: u16) -> Place {
    let bits = |shift: u32, width: u32| {
        u32::try_from(packed >> shift & ((1 << width) - 1)).expect("a masked field fits")
    };
    let (slot, number) = if packed & SLOT_0 != 0 {
        (0, bits(0, BELOW_BITS - 1))
    } else {
        (bits(NUMBER_BITS, SLOT_BITS), bits(0, NUMBER_BITS))
    };
    Place { partition, batch: packed >> BELOW_BITS, slot, number }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trail_knows_every_place_that_an_entry_points_to() {
        let place = |batch: u64| Place { partition: 3, batch, slot: 7, number: 1 };
        let mut trail = Trail::default();
        assert!(trail.is_empty());
        for n in 1..=1000_u64 {
            let before = trail.last(3);
            assert_eq!(before, (n > 1).then(|| place(n - 1)));
            let expected = n - (n & n.wrapping_neg());
            assert_eq!(trail.push(n, place(n)), (expected > 0).then(|| place(expected)));
            assert_eq!(trail.len(), n.count_ones() as usize);
            assert!(!trail.is_empty());
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
    fn every_place_that_an_entry_can_have_is_packed_and_found_again() {
        let batch = (1 << 40) - 1;
        let (slots, numbers) = ([1, 2, SLOTS_MAX], [0, 1, ENTRIES_MAX - 1]);
        let recorded = slots.iter().flat_map(|slot| numbers.map(|number| (*slot, number)));
        let timed = [0, 1, ENTRIES_MAX, TIMED_ENTRIES_MAX - 1].map(|number| (0, number));
        for (slot, number) in recorded.chain(timed) {
            for batch in [1, batch] {
                let place = Place { partition: 3, batch, slot, number };
                assert_eq!(unpack(pack(place), 3), place);
            }
        }
    }

    #[test]
    fn no_place_that_does_not_fit_is_packed() {
        let place = Place { partition: 3, batch: 1, slot: 7, number: 1 };
        for place in [
            Place { batch: 1 << 40, ..place },
            Place { slot: SLOTS_MAX + 1, ..place },
            Place { number: ENTRIES_MAX, ..place },
            Place { slot: 0, number: TIMED_ENTRIES_MAX, ..place },
        ] {
            assert!(std::panic::catch_unwind(|| pack(place)).is_err(), "{place:?}");
        }
    }

    #[test]
    fn a_moment_of_expiry_is_known_by_its_day() {
        let at =
            |day: i64, micros: i64| ToldOf::at(Timestamp::from_micros(day * DAY_MICROS + micros));
        assert_eq!((at(0, 0), at(1, 0)), (ToldOf(1), ToldOf(2)));
        assert_eq!((at(20_038, 0), at(20_038, DAY_MICROS - 1)), (ToldOf(20_039), ToldOf(20_039)));
        assert_eq!(
            (at(-1, 0), at(65_534, 0), at(65_535, 0)),
            (ToldOf(65_535), ToldOf(65_535), ToldOf(1))
        );
    }

    #[test]
    fn an_account_is_small() {
        assert_eq!(size_of::<Account>(), 216);
    }
}
