//! Lots as accounts keep them: those of a few months lie where the account lies.

use crate::lots::{Hour, Lot, Lots, Month, PendingLot};
use crate::packing::{Reader, Writer, folded, unfolded};
use crate::time::Day;

/// Where points came from, in 24 bytes; more than a few months of them lie elsewhere, in some five bytes each.
///
/// As numbers of variable length, each of 7 bits a byte, the lowest first: the day of activity and 1, or 0;
/// debt; owed; how many lots can be spent, and of each the month, but for the first as the distance to the
/// one before, and points; then of each pending lot, the hour, so too, its month as the distance to the one
/// before, and points. Numbers that may be below 0 are folded: 0, −1, 1, −2 are 0, 1, 2, 3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedLots(Packed);

const PACKED_BYTES: usize = 22;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Packed {
    Inline { length: u8, bytes: [u8; PACKED_BYTES] },
    Long(Box<[u8]>),
}

impl Default for PackedLots {
    fn default() -> Self {
        Self::from(&Lots::default())
    }
}

impl From<&Lots> for PackedLots {
    fn from(lots: &Lots) -> Self {
        let mut out = Writer::<PACKED_BYTES>::default();
        out.put(lots.active().map_or(0, |day| folded(i64::from(day.0)) + 1));
        out.put_points(lots.debt());
        out.put_points(lots.owed());
        out.put(lots.ready().len() as u64);
        let mut before = Month::default();
        for Lot { month, points } in lots.ready() {
            out.put_distance(before.0, month.0);
            out.put_points(*points);
            before = *month;
        }
        let mut hour_before = Hour::default();
        for PendingLot { matures, month, points } in lots.pending() {
            out.put_distance(hour_before.0, matures.0);
            out.put_distance(before.0, month.0);
            out.put_points(*points);
            (hour_before, before) = (*matures, *month);
        }
        Self(match out.packed() {
            Ok((length, bytes)) => Packed::Inline { length, bytes },
            Err(long) => Packed::Long(long),
        })
    }
}

impl PackedLots {
    /// The lots as they were.
    pub fn unpack(&self) -> Lots {
        read(self.bytes()).expect("it was made from lots")
    }

    /// All of it, to be stored.
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Packed::Inline { length, bytes } => &bytes[..usize::from(*length)],
            Packed::Long(bytes) => bytes,
        }
    }

    /// Takes what [`bytes`](Self::bytes) gave; `None` for what it never gives.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let packed = Self::from(&read(bytes)?);
        (packed.bytes() == bytes).then_some(packed)
    }

    /// How many bytes lie elsewhere.
    pub const fn bytes_elsewhere(&self) -> usize {
        match &self.0 {
            Packed::Inline { .. } => 0,
            Packed::Long(bytes) => bytes.len(),
        }
    }
}

fn read(bytes: &[u8]) -> Option<Lots> {
    let mut bytes = Reader::new(bytes);
    let active = match bytes.take()?.checked_sub(1) {
        Some(day) => Some(Day(i32::try_from(unfolded(day)).ok()?)),
        None => None,
    };
    let (debt, owed) = (bytes.take_points()?, bytes.take_points()?);
    let mut before = 0;
    let (mut ready, mut pending) = (Vec::new(), Vec::new());
    for _ in 0..bytes.take()? {
        before = bytes.take_distance(before)?;
        let month = Month(i16::try_from(before).ok()?);
        ready.push(Lot { month, points: bytes.take_points()? });
    }
    let mut hour_before = 0;
    while !bytes.is_empty() {
        hour_before = bytes.take_distance(hour_before)?;
        before = bytes.take_distance(before)?;
        let matures = Hour(i32::try_from(hour_before).ok()?);
        let month = Month(i16::try_from(before).ok()?);
        pending.push(PendingLot { matures, month, points: bytes.take_points()? });
    }
    Lots::new(ready, pending, debt, owed, active)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::amount::Points;

    fn points() -> impl Strategy<Value = Points> {
        let hundredths = prop_oneof![1..100_000_i64, 1..1_500_000_000_000_000_i64];
        hundredths.prop_map(|points| Points::from_hundredths(points).expect("it fits"))
    }

    fn lots() -> impl Strategy<Value = Lots> {
        let month = || prop_oneof![600..720_i16, any::<i16>()];
        let hour = || prop_oneof![470_000..480_000_i32, any::<i32>()];
        let ready = prop::collection::btree_map(month(), points(), 0..30);
        let pending = prop::collection::btree_map((hour(), month()), points(), 0..30);
        let active = prop::option::of(prop_oneof![18_000..22_000_i32, any::<i32>()]);
        let all = (ready, pending, active, prop::option::of(points()), points(), any::<bool>());
        all.prop_map(|(ready, pending, active, owed, debt, in_debt)| {
            let ready =
                ready.into_iter().map(|(month, points)| Lot { month: Month(month), points });
            let pending = pending.into_iter().map(|((hour, month), points)| {
                let (matures, month) = (Hour(hour), Month(month));
                PendingLot { matures, month, points }
            });
            let (active, owed) = (active.map(Day), owed.unwrap_or_default());
            let lots = if in_debt {
                Lots::new(Vec::new(), Vec::new(), debt, owed, active)
            } else {
                Lots::new(ready.collect(), pending.collect(), Points::ZERO, owed, active)
            };
            lots.expect("they are in order, and fit")
        })
    }

    proptest! {
        #[test]
        fn what_was_packed_is_what_it_was(lots in lots()) {
            let packed = PackedLots::from(&lots);
            prop_assert_eq!(packed.unpack(), lots);
            let elsewhere = if packed.bytes().len() > PACKED_BYTES { packed.bytes().len() } else { 0 };
            prop_assert_eq!(packed.bytes_elsewhere(), elsewhere);
            let again = PackedLots::from_bytes(packed.bytes());
            prop_assert_eq!(again, Some(packed));
        }

        #[test]
        fn bytes_are_lots_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Some(packed) = PackedLots::from_bytes(&bytes) {
                prop_assert_eq!(packed.bytes(), &bytes);
                prop_assert_eq!(PackedLots::from(&packed.unpack()), packed);
            }
        }

        #[test]
        fn bytes_that_are_nearly_lots_are_lots_or_refused(
            lots in lots(),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let mut bytes = PackedLots::from(&lots).bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Some(packed) = PackedLots::from_bytes(&bytes) {
                prop_assert_eq!(packed.bytes(), &bytes);
            }
            bytes.truncate(at);
            let cut = PackedLots::from_bytes(&bytes);
            prop_assert!(cut.is_none_or(|cut| cut.unpack() != lots));
        }
    }

    #[test]
    fn a_number_has_one_spelling() {
        let none = PackedLots::default();
        assert_eq!(none.bytes(), [0, 0, 0, 0]);
        assert_eq!(PackedLots::from_bytes(&[0, 0, 0x80, 0, 0]), None);
        assert_eq!(PackedLots::from_bytes(&[0, 0, 0]), None);
        assert_eq!(PackedLots::from_bytes(&[]), None);
        let beyond = [&[0xff; 9][..], &[0x02, 0, 0, 0]].concat();
        assert_eq!(PackedLots::from_bytes(&beyond), None);
    }

    #[test]
    fn bytes_are_those_that_are_stored() {
        let ready = vec![month(-1, 127), month(1, 128)];
        let waiting = |hour, month, hundredths| PendingLot {
            matures: Hour(hour),
            month: Month(month),
            points: Points::from_hundredths(hundredths).expect("it fits"),
        };
        let pending = vec![waiting(64, 0, 16_383), waiting(65, 3, 16_384)];
        let owed = Points::from_hundredths(5).expect("it fits");
        let lots = Lots::new(ready, pending, Points::ZERO, owed, Some(Day(-63)));
        let packed = PackedLots::from(&lots.expect("they are lots"));
        let head = [126, 0, 5, 2];
        let ready = [&[1, 127][..], &[4, 0x80, 1]].concat();
        let pending = [&[0x80, 1, 1, 0xff, 0x7f][..], &[2, 6, 0x80, 0x80, 1]].concat();
        assert_eq!(packed.bytes(), [&head[..], &ready, &pending].concat());
    }

    fn month(month: i16, hundredths: i64) -> Lot {
        let points = Points::from_hundredths(hundredths).expect("it fits");
        Lot { month: Month(month), points }
    }

    #[test]
    fn a_few_months_lie_with_the_account() {
        assert_eq!(size_of::<PackedLots>(), 24);
        // To 999.99 points each.
        let ready = vec![month(648, 99_999), month(649, 99_999), month(650, 99_999)];
        let lots = Lots::new(ready, Vec::new(), Points::ZERO, Points::ZERO, Some(Day(19_820)));
        assert_eq!(PackedLots::from(&lots.expect("they are lots")).bytes_elsewhere(), 0);
    }

    #[test]
    fn twelve_months_take_some_sixty_bytes_more() {
        // To 19,999.99 points each.
        let ready = (648..661).map(|at| month(at, 1_999_999)).collect();
        let lots = Lots::new(ready, Vec::new(), Points::ZERO, Points::ZERO, Some(Day(20_200)));
        assert_eq!(PackedLots::from(&lots.expect("they are lots")).bytes_elsewhere(), 59);
    }
}
