//! What an operator's players were given and have spent, by day: what reports are made of, so that nobody goes through
//! years of entries for them. From behaviour 2 on.

use accolade_domain::amount::Points;
use accolade_domain::ledger::EntryKind;
use accolade_domain::redemption::RedemptionState;
use accolade_domain::time::{DAY_MICROS, Day, Timestamp};
use accolade_domain::tournament::prizes::PrizeState;
use accolade_wire::bytes::{BadFormat, Cursor, put_varint};

use super::{Paged, Table};
use crate::rules::Settings;

/// For so long a day is known.
const KEPT_MICROS: i64 = 10 * 366 * DAY_MICROS;

/// The table of days.
#[derive(Debug, Default)]
pub struct OperatorDays;

/// A day of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OperatorDay {
    /// The operator's number.
    pub operator: u32,
    /// The day of the batch's time, in the zone of the program in force then; in UTC without one.
    pub day: Day,
}

/// What was counted on a day, or on several. Sums of points are in hundredths, and have room for more than one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DayCounts {
    /// Wagers that counted.
    pub wagers_counted: u64,
    /// Wagers that did not.
    pub wagers_refused: u64,
    /// Wagers that were taken back.
    pub voids: u64,
    /// Players who were seen for the first time.
    pub new_players: u64,
    /// Entries, in the order of [`EntryKind::ALL`].
    pub entries: [u64; EntryKind::ALL.len()],
    /// Their points, signed, in the same order.
    pub points: [i128; EntryKind::ALL.len()],
    /// Of what was earned, what could not be spent at once.
    pub pending: i128,
    /// Redemptions by what has become of them, in the order of [`RedemptionState::ALL`].
    pub redemptions: [u64; RedemptionState::ALL.len()],
    /// Prizes of tournaments by what has become of them, in the order of [`PrizeState::ALL`].
    pub prizes: [u32; PrizeState::ALL.len()],
    /// By how much balances above 0 have grown together.
    pub liability: i128,
    /// By how much balances below 0 have, as a number above 0 where players owe more.
    pub debt: i128,
}

impl DayCounts {
    /// Adds what was counted elsewhere, or on another day.
    pub fn add(&mut self, other: &Self) {
        self.wagers_counted += other.wagers_counted;
        self.wagers_refused += other.wagers_refused;
        self.voids += other.voids;
        self.new_players += other.new_players;
        self.entries.iter_mut().zip(other.entries).for_each(|(own, more)| *own += more);
        self.points.iter_mut().zip(other.points).for_each(|(own, more)| *own += more);
        self.pending += other.pending;
        self.redemptions.iter_mut().zip(other.redemptions).for_each(|(own, more)| *own += more);
        self.prizes.iter_mut().zip(other.prizes).for_each(|(own, more)| *own += more);
        self.liability += other.liability;
        self.debt += other.debt;
    }

    /// Counts an entry, which has brought an account to `balance_after`.
    pub(crate) fn enter(&mut self, kind: EntryKind, points: Points, balance_after: Points) {
        let points = i128::from(points.hundredths());
        self.entries[kind as usize] += 1;
        self.points[kind as usize] += points;
        let after = i128::from(balance_after.hundredths());
        let before = after - points;
        self.liability += after.max(0) - before.max(0);
        self.debt += before.min(0) - after.min(0);
    }

    /// The points of entries of a kind.
    pub const fn points_of(&self, kind: EntryKind) -> i128 {
        self.points[kind as usize]
    }
}

pub(super) fn put_sum(out: &mut Vec<u8>, sum: i128) {
    out.extend_from_slice(&sum.to_le_bytes());
}

pub(super) fn read_sum(cursor: &mut Cursor<'_>) -> Result<i128, BadFormat> {
    Ok(i128::from_le_bytes(cursor.array()?))
}

impl Table for OperatorDays {
    type Key = OperatorDay;
    type Value = DayCounts;

    const NAME: &'static str = "day of an operator";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &OperatorDay) {
        out.extend_from_slice(&key.operator.to_be_bytes());
        out.extend_from_slice(&(key.day.0 ^ i32::MIN).to_be_bytes());
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<OperatorDay, BadFormat> {
        let operator = u32::from_be_bytes(cursor.array()?);
        let day = i32::from_be_bytes(cursor.array()?) ^ i32::MIN;
        Ok(OperatorDay { operator, day: Day(day) })
    }

    fn put_value(out: &mut Vec<u8>, counts: &DayCounts) {
        let DayCounts { wagers_counted, wagers_refused, voids, new_players, .. } = counts;
        let DayCounts { entries, points, pending, redemptions, prizes, liability, debt, .. } =
            counts;
        for count in [wagers_counted, wagers_refused, voids, new_players] {
            put_varint(out, *count);
        }
        put_varint(out, entries.len() as u64);
        for (count, sum) in entries.iter().zip(points) {
            put_varint(out, *count);
            put_sum(out, *sum);
        }
        put_varint(out, redemptions.len() as u64);
        for count in redemptions {
            put_varint(out, *count);
        }
        put_varint(out, prizes.len() as u64);
        for count in prizes {
            put_varint(out, u64::from(*count));
        }
        for sum in [pending, liability, debt] {
            put_sum(out, *sum);
        }
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<DayCounts, BadFormat> {
        let mut counts = DayCounts {
            wagers_counted: cursor.varint()?,
            wagers_refused: cursor.varint()?,
            voids: cursor.varint()?,
            new_players: cursor.varint()?,
            ..DayCounts::default()
        };
        for kind in 0..cursor.small::<usize>()? {
            let bad = cursor.bad();
            *counts.entries.get_mut(kind).ok_or(bad)? = cursor.varint()?;
            counts.points[kind] = read_sum(cursor)?;
        }
        for state in 0..cursor.small::<usize>()? {
            let bad = cursor.bad();
            *counts.redemptions.get_mut(state).ok_or(bad)? = cursor.varint()?;
        }
        for state in 0..cursor.small::<usize>()? {
            let bad = cursor.bad();
            *counts.prizes.get_mut(state).ok_or(bad)? = cursor.small()?;
        }
        for sum in [&mut counts.pending, &mut counts.liability, &mut counts.debt] {
            *sum = read_sum(cursor)?;
        }
        Ok(counts)
    }
}

impl Paged for OperatorDays {
    fn ends(key: &OperatorDay, _: Option<&DayCounts>, _: &Settings) -> Option<Timestamp> {
        let begins = Timestamp::from_micros(i64::from(key.day.0).saturating_mul(DAY_MICROS));
        Some(begins.plus_micros(KEPT_MICROS))
    }

    fn weight(_: &DayCounts) -> usize {
        8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(hundredths: i64) -> Points {
        Points::from_hundredths(hundredths).expect("few points")
    }

    #[test]
    fn liability_is_what_lies_above_zero_and_debt_what_lies_below() {
        let mut counts = DayCounts::default();
        let mut entered = |kind, change, after| {
            counts.enter(kind, points(change), points(after));
            (counts.liability, counts.debt)
        };
        assert_eq!(entered(EntryKind::Earned, 500, 500), (500, 0));
        assert_eq!(entered(EntryKind::Redeemed, -300, 200), (200, 0));
        assert_eq!(entered(EntryKind::Voided, -500, -300), (0, 300));
        assert_eq!(entered(EntryKind::Earned, 1_000, 700), (700, 0));
    }

    #[test]
    fn a_day_is_read_as_it_was_written() {
        let mut counts = DayCounts { wagers_refused: 7, new_players: 300, ..DayCounts::default() };
        counts.enter(EntryKind::Expired, points(-5), points(-3));
        counts.redemptions[2] = 9;
        counts.prizes[3] = 8;
        counts.pending = i128::from(i64::MAX) * 5;
        let mut out = Vec::new();
        OperatorDays::put_value(&mut out, &counts);
        assert_eq!(OperatorDays::read_value(&mut Cursor::new(&out, "row"), 0), Ok(counts));
        let keys = [(1, -1), (1, 0), (1, 20_000), (2, i32::MIN)].map(|(operator, day)| {
            let key = OperatorDay { operator, day: Day(day) };
            let mut out = Vec::new();
            OperatorDays::put_key(&mut out, &key);
            assert_eq!(OperatorDays::read_key(&mut Cursor::new(&out, "row"), 0), Ok(key));
            out
        });
        assert!(keys.is_sorted());
    }
}
