//! Points in time and days. A time zone arrives as its offsets, resolved at the edge.

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Microseconds in one hour.
pub const HOUR_MICROS: i64 = 3_600_000_000;
/// Microseconds in one day.
pub const DAY_MICROS: i64 = 24 * HOUR_MICROS;

impl Timestamp {
    /// Takes microseconds since 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// This time moved by `micros`, held at the ends of the range.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// The hour since 1970 that this time falls into.
    pub const fn hour(self) -> i64 {
        self.0.div_euclid(HOUR_MICROS)
    }
}

/// A calendar day in some zone: days since 1970-01-01.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

/// A time zone's offsets from UTC, each with the moment from which it holds, in order.
///
/// The first offset also holds before its moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ZoneOffsets(pub Vec<(Timestamp, i32)>);

impl ZoneOffsets {
    /// Seconds east of UTC at `at`; UTC where there is no offset at all.
    pub fn offset_s(&self, at: Timestamp) -> i32 {
        let next = self.0.partition_point(|(from, _)| *from <= at);
        self.0.get(next.saturating_sub(1)).map_or(0, |(_, offset)| *offset)
    }

    /// The offsets that hold from one moment to before another.
    #[must_use]
    pub fn within(&self, starts: Timestamp, ends: Timestamp) -> Self {
        let first = self.0.partition_point(|(from, _)| *from <= starts).saturating_sub(1);
        let next = self.0.partition_point(|(from, _)| *from < ends);
        // The first holds before its moment as well.
        Self(self.0.iter().take(next.max(first + 1)).skip(first).copied().collect())
    }

    /// The calendar day at `at` in this zone.
    pub fn day(&self, at: Timestamp) -> Day {
        let local = at.plus_micros(i64::from(self.offset_s(at)) * 1_000_000);
        Day(i32::try_from(local.micros().div_euclid(DAY_MICROS)).unwrap_or(i32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_of_its_zone_on_both_sides_of_a_change() {
        let hour = |hour: i64| Timestamp::from_micros(hour * HOUR_MICROS);
        let zone = ZoneOffsets(vec![(hour(0), 3_600), (hour(48), 7_200)]);
        assert_eq!(zone.day(hour(22)), Day(0));
        assert_eq!(zone.day(hour(23)), Day(1));
        assert_eq!(zone.day(hour(48 + 21)), Day(2));
        assert_eq!(zone.day(hour(48 + 22)), Day(3));
        assert_eq!(zone.day(hour(-2)), Day(-1));
    }

    #[test]
    fn the_offsets_of_a_window_are_those_that_hold_in_it() {
        let hour = |hour: i64| Timestamp::from_micros(hour * HOUR_MICROS);
        let all = [(hour(0), 1), (hour(10), 2), (hour(20), 3)];
        let zone = ZoneOffsets(all.to_vec());
        for (starts, ends, expected) in [
            (-5, -1, &all[..1]),
            (-5, 5, &all[..1]),
            (0, 10, &all[..1]),
            (9, 11, &all[..2]),
            (10, 20, &all[1..2]),
            (10, 21, &all[1..]),
            (30, 40, &all[2..]),
        ] {
            assert_eq!(zone.within(hour(starts), hour(ends)).0, expected, "{starts} to {ends}");
        }
    }
}
