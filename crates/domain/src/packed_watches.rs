//! What is remembered of a player for signals, as it is kept beside the account.

use crate::packing::{Reader, Writer};
use crate::signal::{Counted, Sums, Watch};
use crate::time::{DAY_MICROS, Timestamp};

/// So many days after the last wager nothing is remembered any more.
const KEPT_DAYS: i64 = 90;

/// What is remembered of a player for each signal of a version of the program, in its order, in some ten bytes for
/// each; nothing where there are none.
///
/// As numbers of variable length, as [`PackedLots`](crate::packed_lots::PackedLots) are: the version; the UTC day of
/// the last wager; then of each signal a number, of which bit 0 says that the last wager was above the line, bits 1
/// and 2 what is counted, and the others how. 0: `last · counts`, of which the others say how many there are up to the
/// last that is not 0. 1: `count · part · stakes`, where the others are 1 if both sums are two numbers, of which the
/// first is of 63 bits. 2: `count · systems, each with its moment`, but for the first as the distance to the one
/// before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackedWatches(Option<Box<[u8]>>);

/// Five signals of most players fit without another place to write to.
const WRITTEN_BYTES: usize = 96;

/// So many bits of a sum are one number.
const HALF_BITS: u32 = 63;
const LOW_BITS: u64 = u64::MAX >> 1;

impl PackedWatches {
    /// Nothing is remembered.
    pub const NONE: Self = Self(None);

    /// What is remembered for each signal of a version, in its order, of whom a wager was seen at `now`.
    #[inline]
    pub fn new(version: u32, now: Timestamp, watches: impl Iterator<Item = Watch>) -> Self {
        let mut out = Writer::<WRITTEN_BYTES>::default();
        out.put(u64::from(version));
        out.put_distance(0, day(now));
        for Watch { is_above, counted } in watches {
            put(&mut out, is_above, &counted);
        }
        Self(Some(out.boxed()))
    }

    /// The version whose signals those are, and what is remembered for each; `None` where nothing is any more.
    #[inline]
    pub fn at(&self, now: Timestamp) -> Option<(u32, Watches<'_>)> {
        let (version, last, watches) = begin(self.bytes()).filter(|_| self.0.is_some())?;
        let is_remembered = day(now).wrapping_sub(last) <= KEPT_DAYS;
        is_remembered.then_some((version, watches))
    }

    /// Exchanges what is remembered with another. Of the same length, it stays where it was: memory that was just let
    /// go of is nearer to the processor than that of a player who was away.
    pub fn swap(&mut self, other: &mut Self) {
        match (&mut self.0, &mut other.0) {
            (Some(one), Some(two)) if one.len() == two.len() => one.swap_with_slice(two),
            (one, two) => std::mem::swap(one, two),
        }
    }

    /// All of it, to be stored.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Takes what [`bytes`](Self::bytes) gave where anything is remembered; `None` for what it never gives.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (version, last, Watches(mut rest)) = begin(bytes)?;
        let mut watches = Vec::new();
        while !rest.is_empty() {
            watches.push(read(&mut rest)?);
        }
        let now = Timestamp::from_micros(last.checked_mul(DAY_MICROS)?);
        let packed = Self::new(version, now, watches.into_iter());
        (packed.bytes() == bytes).then_some(packed)
    }
}

/// What is remembered for each signal of a version, in its order.
#[derive(Debug, Clone)]
pub struct Watches<'a>(Reader<'a>);

impl Iterator for Watches<'_> {
    type Item = Watch;

    #[inline]
    fn next(&mut self) -> Option<Watch> {
        let Self(rest) = self;
        (!rest.is_empty()).then(|| read(rest).expect("it was made from watches"))
    }
}

const fn day(at: Timestamp) -> i64 {
    at.micros().div_euclid(DAY_MICROS)
}

fn begin(bytes: &[u8]) -> Option<(u32, i64, Watches<'_>)> {
    let mut bytes = Reader::new(bytes);
    let version = bytes.take_small()?;
    let last = bytes.take_distance(0)?;
    Some((version, last, Watches(bytes)))
}

const SLICES: u64 = 0;
const SUMS: u64 = 1;
const SYSTEMS: u64 = 2;

/// What is counted, how it is written, and whether that is above the line.
fn opening(what: u64, how: u64, is_above: bool) -> u64 {
    how << 3 | what << 1 | u64::from(is_above)
}

fn put(out: &mut Writer<WRITTEN_BYTES>, is_above: bool, counted: &Counted) {
    match counted {
        Counted::Slices(last, counts) => {
            let length = counts.iter().rposition(|count| *count > 0).map_or(0, |at| at + 1);
            out.put(opening(SLICES, length as u64, is_above));
            out.put_distance(0, *last);
            for count in &counts[..length] {
                out.put(u64::from(*count));
            }
        }
        Counted::Sums(Sums { count, part, stakes }) => {
            let is_long = (part | stakes) >> HALF_BITS > 0;
            out.put(opening(SUMS, u64::from(is_long), is_above));
            out.put(u64::from(*count));
            for sum in [part, stakes] {
                out.put(half(*sum));
                if is_long {
                    out.put(half(*sum >> HALF_BITS));
                }
            }
        }
        Counted::Systems(systems) => {
            out.put(opening(SYSTEMS, 0, is_above));
            out.put(systems.len() as u64);
            let mut before = 0;
            for (system, at) in systems {
                out.put(u64::from(*system));
                out.put_distance(before, at.micros());
                before = at.micros();
            }
        }
    }
}

fn half(sum: u128) -> u64 {
    u64::try_from(sum & u128::from(LOW_BITS)).expect("a masked sum fits")
}

#[inline]
fn read(bytes: &mut Reader<'_>) -> Option<Watch> {
    let begin = bytes.take()?;
    let how = begin >> 3;
    let counted = match begin >> 1 & 3 {
        SLICES => {
            let last = bytes.take_distance(0)?;
            let mut counts = [0; _];
            let length = usize::try_from(how).ok()?;
            for count in counts.get_mut(..length)? {
                *count = bytes.take_small()?;
            }
            Counted::Slices(last, counts)
        }
        SUMS => {
            let count = bytes.take_small()?;
            let mut sum = || {
                let low = u128::from(bytes.take()?);
                let high = if how == 0 { 0 } else { u128::from(bytes.take()?) };
                Some(high << HALF_BITS | low).filter(|sum| *sum <= Sums::MAX)
            };
            let (part, stakes) = (sum()?, sum()?);
            Counted::Sums(Sums { count, part, stakes })
        }
        SYSTEMS => {
            let (count, mut systems, mut before) = (bytes.take()?, Vec::new(), 0);
            for _ in 0..count {
                let system = bytes.take_small()?;
                before = bytes.take_distance(before)?;
                systems.push((system, Timestamp::from_micros(before)));
            }
            Counted::Systems(systems)
        }
        _ => return None,
    };
    Some(Watch { is_above: begin & 1 == 1, counted })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counted() -> impl Strategy<Value = Counted> {
        let slices = (any::<i64>(), any::<[u32; 6]>());
        let sum = || prop_oneof![0..10_000_u128, 0..=Sums::MAX];
        let sums = (any::<u32>(), sum(), sum());
        let systems = prop::collection::vec((any::<u32>(), any::<i64>()), 0..16);
        prop_oneof![
            slices.prop_map(|(last, counts)| Counted::Slices(last, counts)),
            sums.prop_map(|(count, part, stakes)| Counted::Sums(Sums { count, part, stakes })),
            systems.prop_map(|systems| {
                let at = |(system, at)| (system, Timestamp::from_micros(at));
                Counted::Systems(systems.into_iter().map(at).collect())
            }),
        ]
    }

    fn watches() -> impl Strategy<Value = Vec<Watch>> {
        let watch = (any::<bool>(), counted());
        let watch = watch.prop_map(|(is_above, counted)| Watch { is_above, counted });
        prop::collection::vec(watch, 0..8)
    }

    /// 2024-11-11T10:00:00Z
    const NOW: Timestamp = Timestamp::from_micros(1_731_319_200_000_000);

    fn packed(counted: Counted) -> PackedWatches {
        PackedWatches::new(1, NOW, std::iter::once(Watch { is_above: false, counted }))
    }

    #[test]
    fn sums_that_are_large_alike_are_kept_whole() {
        let sum = 1 << HALF_BITS;
        let counted = Counted::Sums(Sums { count: 2, part: sum, stakes: sum });
        let packed = packed(counted.clone());
        let (_, mut kept) = packed.at(NOW).expect("it is remembered");
        assert_eq!(kept.next().map(|watch| watch.counted), Some(counted));
    }

    #[test]
    fn slices_without_anything_at_the_end_take_no_bytes() {
        let bytes = |counts| packed(Counted::Slices(7, counts)).bytes().len();
        assert_eq!(bytes([3, 0, 0, 0, 0, 0]) + 5, bytes([3, 0, 0, 0, 0, 1]));
        assert_eq!(bytes([0; 6]) + 1, bytes([3, 0, 0, 0, 0, 0]));
    }

    proptest! {
        #[test]
        fn what_is_remembered_is_what_was_counted(
            watches in watches(),
            now in any::<i64>(),
            version in any::<u32>(),
        ) {
            let now = Timestamp::from_micros(now);
            let packed = PackedWatches::new(version, now, watches.iter().cloned());
            let (by, kept) = packed.at(now).expect("it is remembered");
            prop_assert_eq!((by, kept.collect::<Vec<_>>()), (version, watches));
            let again = PackedWatches::from_bytes(packed.bytes());
            prop_assert_eq!(again, Some(packed));
        }

        #[test]
        fn bytes_are_watches_or_refused(
            watches in watches(),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let mut bytes = PackedWatches::new(1, NOW, watches.into_iter()).bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Some(packed) = PackedWatches::from_bytes(&bytes) {
                prop_assert_eq!(packed.bytes(), &bytes);
            }
            bytes.truncate(at);
            if let Some(packed) = PackedWatches::from_bytes(&bytes) {
                prop_assert_eq!(packed.bytes(), &bytes);
            }
        }
    }

    #[test]
    fn what_is_exchanged_is_the_others_whatever_its_length() {
        let of = |version| PackedWatches::new(version, NOW, std::iter::empty());
        for (one, two) in [(of(1), of(2)), (of(1), of(1_000)), (of(1), PackedWatches::NONE)] {
            let (mut a, mut b) = (one.clone(), two.clone());
            a.swap(&mut b);
            assert_eq!((a, b), (two, one));
        }
    }

    #[test]
    fn after_ninety_days_nothing_is_remembered() {
        let packed = PackedWatches::new(1, NOW, std::iter::empty());
        let in_days = |days: i64| NOW.plus_micros(days * DAY_MICROS);
        assert!(packed.at(in_days(90)).is_some());
        assert!(packed.at(in_days(91)).is_none());
        assert!(PackedWatches::NONE.at(NOW).is_none());
    }

    #[test]
    fn five_signals_of_a_player_take_little() {
        let sums = Sums { count: 150, part: 180_000_000, stakes: 190_000_000 };
        let counted = [
            Counted::Slices(173_131_920, [20, 20, 20, 20, 20, 20]),
            Counted::Sums(sums),
            Counted::Systems(vec![(1, NOW), (2, NOW)]),
            Counted::Sums(sums),
            Counted::Sums(Sums { stakes: 0, ..sums }),
        ];
        let watches = counted.map(|counted| Watch { is_above: false, counted });
        let packed = PackedWatches::new(1, NOW, watches.into_iter());
        assert_eq!(packed.bytes().len(), 59);
    }
}
