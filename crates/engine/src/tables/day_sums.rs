//! What events of a day come to in tournaments that cap hours or days: what was cut counts again once another event of the
//! period is voided. From behaviour 2 on.

use accolade_domain::ranking::Score;
use accolade_domain::time::{Day, Timestamp};
use accolade_domain::tournament::capped::{DaySums, Hour};
use accolade_wire::bytes::{BadFormat, Cursor, put_varint};

use super::{Paged, Table};
use crate::players::Ordinal;
use crate::rules::Settings;

/// The table of sums of days.
#[derive(Debug, Default)]
pub struct SumsOfDays;

/// A day of a player in a tournament.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DaySumsKey {
    /// The player.
    pub player: Ordinal,
    /// The number of the tournament within its operator.
    pub tournament: u32,
    /// The day in the tournament's zone.
    pub day: Day,
}

/// What events of the day come to, and for how long that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSums {
    /// Until when the tournament may need it.
    pub until: Timestamp,
    /// The sums.
    pub sums: DaySums,
}

impl Table for SumsOfDays {
    type Key = DaySumsKey;
    type Value = KeptSums;

    const NAME: &'static str = "sums of a day in a tournament";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &DaySumsKey) {
        let DaySumsKey { player, tournament, day } = key;
        out.extend_from_slice(&player.to_be_bytes());
        out.extend_from_slice(&tournament.to_be_bytes());
        out.extend_from_slice(&(day.0 ^ i32::MIN).to_be_bytes());
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<DaySumsKey, BadFormat> {
        let player = u32::from_be_bytes(cursor.array()?);
        let tournament = u32::from_be_bytes(cursor.array()?);
        let day = Day(i32::from_be_bytes(cursor.array()?) ^ i32::MIN);
        Ok(DaySumsKey { player, tournament, day })
    }

    /// `until i64 · count, (hour u8 · offset in seconds i32 · sum i128)*`.
    fn put_value(out: &mut Vec<u8>, KeptSums { until, sums }: &KeptSums) {
        out.extend_from_slice(&until.micros().to_le_bytes());
        put_varint(out, sums.0.len() as u64);
        for (Hour { of_day, offset_s }, Score(sum)) in &sums.0 {
            out.push(*of_day);
            out.extend_from_slice(&offset_s.to_le_bytes());
            out.extend_from_slice(&sum.to_le_bytes());
        }
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<KeptSums, BadFormat> {
        let until = Timestamp::from_micros(cursor.i64()?);
        let count: u16 = cursor.small()?;
        let mut sums = Vec::new();
        for _ in 0..count {
            let of_day = cursor.u8()?;
            let offset_s = i32::from_le_bytes(cursor.array()?);
            let sum = Score(i128::from_le_bytes(cursor.array()?));
            sums.push((Hour { of_day, offset_s }, sum));
        }
        let is_sorted = sums.is_sorted_by(|(one, _), (next, _)| one < next);
        if is_sorted { Ok(KeptSums { until, sums: DaySums(sums) }) } else { Err(cursor.bad()) }
    }
}

impl Paged for SumsOfDays {
    fn ends(_: &DaySumsKey, value: Option<&KeptSums>, _: &Settings) -> Option<Timestamp> {
        value.map(|kept| kept.until)
    }

    fn weight(kept: &KeptSums) -> usize {
        const ROW: usize = 2;
        ROW + kept.sums.0.len().div_ceil(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_they_were_written_in_the_order_of_their_days() {
        let key = |day| DaySumsKey { player: 1, tournament: 300, day: Day(day) };
        let written = [-1, 0, 256].map(|day| {
            let mut out = Vec::new();
            SumsOfDays::put_key(&mut out, &key(day));
            assert_eq!(SumsOfDays::read_key(&mut Cursor::new(&out, "row"), 3), Ok(key(day)));
            out
        });
        assert!(written.is_sorted());
        let hour = |of_day, offset_s| Hour { of_day, offset_s };
        let sums = vec![(hour(2, 3_600), Score(-5)), (hour(2, 7_200), Score(1 << 100))];
        let kept = KeptSums { until: Timestamp::from_micros(-7), sums: DaySums(sums) };
        let mut out = Vec::new();
        SumsOfDays::put_value(&mut out, &kept);
        assert_eq!(SumsOfDays::read_value(&mut Cursor::new(&out, "row"), 3), Ok(kept.clone()));
        let mut unsorted = kept;
        unsorted.sums.0.reverse();
        out.clear();
        SumsOfDays::put_value(&mut out, &unsorted);
        assert!(SumsOfDays::read_value(&mut Cursor::new(&out, "row"), 3).is_err());
    }
}
