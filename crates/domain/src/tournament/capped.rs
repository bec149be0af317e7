//! What a player's events of an hour, or of a day, count at most.

use crate::query::scoring::Aggregate;
use crate::ranking::Score;
use crate::time::{Day, HOUR_MICROS, Timestamp};
use crate::tournament::{Counted, Tournament};

const HOURS: i64 = 24;

/// The most that events of a period count together; nothing is cut where it is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PeriodCaps {
    /// Those of one hour, as clocks of the tournament's zone show it.
    pub hour: Option<Score>,
    /// Those of one day of that zone, of what their hours count.
    pub day: Option<Score>,
}

/// An hour of a day. One that clocks show twice is two, by the offset of the zone in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hour {
    /// From 0 to 23.
    pub of_day: u8,
    /// Seconds east of UTC.
    pub offset_s: i32,
}

/// The sums of a player's events of one day, by hours, in their order. They are those of events as they are: what caps cut
/// counts again when another event of the period is voided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DaySums(pub Vec<(Hour, Score)>);

impl PeriodCaps {
    /// Whether nothing is cut.
    pub const fn is_none(self) -> bool {
        self.hour.is_none() && self.day.is_none()
    }
}

impl Tournament {
    /// Whether caps of periods fit: only sums have parts that could be cut.
    pub const fn may_cap_periods(&self) -> bool {
        matches!(self.scoring.aggregate, Aggregate::Sum | Aggregate::Count)
    }

    /// The day and the hour that an event of `at` belongs to; where hours are not capped, all of a day are one.
    pub fn period(&self, at: Timestamp) -> (Day, Hour) {
        if self.period_caps.hour.is_none() {
            return (self.zone.day(at), Hour::default());
        }
        let offset_s = self.zone.offset_s(at);
        let local = at.plus_micros(i64::from(offset_s) * 1_000_000).micros();
        let of_day = local.div_euclid(HOUR_MICROS).rem_euclid(HOURS);
        let hour = Hour { of_day: u8::try_from(of_day).expect("a day has 24"), offset_s };
        (self.zone.day(at), hour)
    }
}

impl Tournament {
    /// The sums of a day once an event of an hour counts, or does not any more, and what that adds to the score, or takes from
    /// it; `None` beyond what a score holds.
    pub fn within_caps(&self, day: DaySums, hour: Hour, by: Counted) -> Option<(DaySums, Counted)> {
        let before = day.counted(self.period_caps)?;
        let value = match by {
            Counted::In(value) => value,
            Counted::Out { value, .. } => Score(-value.0),
        };
        let day = day.with(hour, value)?;
        let added = day.counted(self.period_caps)?.0.checked_sub(before.0)?;
        let adds = match by {
            Counted::In(_) => Counted::In(Score(added)),
            Counted::Out { next, .. } => Counted::Out { value: Score(-added), next },
        };
        Some((day, adds))
    }
}

impl DaySums {
    /// The sums once events of an hour count more, or less; `None` beyond what a score holds.
    #[must_use]
    pub fn with(mut self, hour: Hour, by: Score) -> Option<Self> {
        match self.0.binary_search_by_key(&hour, |(hour, _)| *hour) {
            Ok(at) => self.0[at].1.0 = self.0[at].1.0.checked_add(by.0)?,
            Err(at) => self.0.insert(at, (hour, by)),
        }
        Some(self)
    }

    /// What all of it counts; `None` beyond what a score holds.
    pub fn counted(&self, caps: PeriodCaps) -> Option<Score> {
        let capped = |sum: Score, cap: Option<Score>| cap.map_or(sum, |cap| sum.min(cap));
        let mut hours = self.0.iter().map(|(_, sum)| capped(*sum, caps.hour).0);
        let all = hours.try_fold(0_i128, i128::checked_add)?;
        Some(capped(Score(all), caps.day))
    }
}
