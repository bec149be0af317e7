//! Leaderboards of games: one for each day, one for each week, and one of all time.

use crate::civil::Weekday;
use crate::ranking::Score;
use crate::time::{DAY_MICROS, Day, Timestamp};
use crate::tournament::Tally;

/// A player is on the leaderboards of so many games of one day at most, of so many of one week, and of so many of all time:
/// those that came first.
pub const GAMES_MAX: usize = 100;
/// What has ended is kept for so many days more.
const KEPT_DAYS_OF_DAY: i64 = 2;
const KEPT_DAYS_OF_WEEK: i64 = 14;
/// No zone is a day behind UTC, so in none does a day end later.
const ZONE_DAYS: i64 = 1;
/// The Monday of the week that 1970 began in. Nothing is counted of days before it.
const FIRST_MONDAY: i32 = -3;
/// Days beyond this are not counted either: the moments at which they end have numbers.
const DAYS_MAX: u32 = 1 << 26;

/// How long a leaderboard goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// A day of the operator's.
    Daily,
    /// Seven of them, from a Monday on.
    Weekly,
    /// For ever.
    AllTime,
}

impl Period {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Daily, Self::Weekly, Self::AllTime];

    /// The stable code, as the API shows it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::AllTime => "allTime",
        }
    }

    /// The one that a day belongs to; `None` for days of which nothing is counted.
    pub fn of(self, day: Day) -> Option<Occurrence> {
        let days_before = match self {
            Self::Daily => 0,
            Self::Weekly => (Weekday::of(day) as i32 + 6).rem_euclid(7),
            Self::AllTime => return Some(Occurrence { period: self, first: Day(0) }),
        };
        let first = day.0.checked_sub(days_before).map(Day)?;
        index_of(first).is_some().then_some(Occurrence { period: self, first })
    }
}

/// What a game's leaderboards make of a player's scores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Measure {
    /// All of them together.
    #[default]
    Sum,
    /// The greatest.
    Max,
    /// The last, in the order in which they are decided.
    Last,
}

impl Measure {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Sum, Self::Max, Self::Last];

    /// The stable code, in programs and as the API shows it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Max => "max",
            Self::Last => "last",
        }
    }

    /// By how much an event of `value` moves what a player has come to; `None` beyond what a score holds.
    ///
    /// It looks at the score as it stands, whatever events before have counted by. So a tally is the same for each of
    /// these, and a game may go over from one to another at any time.
    pub fn change(self, tally: &Tally, value: Score) -> Option<Score> {
        match self {
            Self::Sum => Some(value),
            Self::Max if tally.events > 0 && value <= tally.total => Some(Score(0)),
            Self::Max | Self::Last => value.0.checked_sub(tally.total.0).map(Score),
        }
    }
}

/// One day, one week, or all time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    period: Period,
    first: Day,
}

impl Occurrence {
    /// All time.
    pub const ALL_TIME: Self = Self { period: Period::AllTime, first: Day(0) };

    /// How long it goes on.
    pub const fn period(self) -> Period {
        self.period
    }

    /// The first day, and the first that does not belong to it any more; `None` for all time.
    pub const fn days(self) -> Option<[Day; 2]> {
        let days = match self.period {
            Period::Daily => 1,
            Period::Weekly => 7,
            Period::AllTime => return None,
        };
        Some([self.first, Day(self.first.0 + days)])
    }

    /// Until when it is kept, and events count in it that come late: at least two days after the end of a day, and two weeks after
    /// that of a week. It is a midnight of UTC, whatever the operator's zone, so that nothing has to be known about that.
    pub fn kept_until(self) -> Timestamp {
        let Some([_, end]) = self.days() else { return Timestamp::from_micros(i64::MAX) };
        let kept = match self.period {
            Period::Daily => KEPT_DAYS_OF_DAY,
            Period::Weekly | Period::AllTime => KEPT_DAYS_OF_WEEK,
        };
        Timestamp::from_micros((i64::from(end.0) + kept + ZONE_DAYS) * DAY_MICROS)
    }

    /// The number under which tallies are kept: 0 for all time; else later ones have greater numbers, and days of a week those
    /// just after it.
    pub fn number(self) -> u32 {
        let index = index_of(self.first).expect("it was made of a day that counts");
        match self.period {
            Period::AllTime => 0,
            Period::Weekly => 1 + 2 * index,
            Period::Daily => 2 + 2 * index,
        }
    }

    /// The one with a number.
    pub fn of_number(number: u32) -> Option<Self> {
        let Some(index) = number.checked_sub(1) else { return Some(Self::ALL_TIME) };
        let period = if index.is_multiple_of(2) { Period::Weekly } else { Period::Daily };
        let day = i32::try_from(index >> 1).ok()?.checked_add(FIRST_MONDAY)?;
        period.of(Day(day)).filter(|occurrence| occurrence.first.0 == day)
    }
}

/// The place of a day among those that are counted.
fn index_of(day: Day) -> Option<u32> {
    let index = i64::from(day.0) - i64::from(FIRST_MONDAY);
    u32::try_from(index).ok().filter(|index| *index < DAYS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::civil::Date;

    fn day(year: i32, month: u8, day: u8) -> Day {
        Date::new(year, month, day).expect("a test's date is one").to_day()
    }

    #[test]
    fn weeks_go_from_monday_to_sunday() {
        for of_week in [day(2024, 11, 11), day(2024, 11, 14), day(2024, 11, 17)] {
            let week = Period::Weekly.of(of_week).expect("it is one");
            assert_eq!(week.days(), Some([day(2024, 11, 11), day(2024, 11, 18)]));
        }
        let next = Period::Weekly.of(day(2024, 11, 18)).expect("it is one");
        assert_eq!(next.days(), Some([day(2024, 11, 18), day(2024, 11, 25)]));
    }

    #[test]
    fn numbers_tell_occurrences_apart_and_grow_with_time() {
        let mut numbers = vec![Occurrence::ALL_TIME.number()];
        for monday in [Day(FIRST_MONDAY), Day(4), day(2024, 11, 11), day(2024, 11, 18)] {
            numbers.extend(Period::Weekly.of(monday).map(Occurrence::number));
            let days = (0..7).map(|after| Period::Daily.of(Day(monday.0 + after)));
            numbers.extend(days.flatten().map(Occurrence::number));
        }
        assert_eq!(numbers.len(), 1 + 4 * 8);
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
        for number in numbers {
            assert_eq!(Occurrence::of_number(number).map(Occurrence::number), Some(number));
        }
        // A week that begins with no Monday, and what is beyond all days.
        for number in [3, u32::MAX] {
            assert_eq!(Occurrence::of_number(number), None, "{number}");
        }
    }

    #[test]
    fn days_far_out_are_not_counted_and_are_in_all_time() {
        for far in [i32::MIN, FIRST_MONDAY - 1, (1 << 26) + 10, i32::MAX] {
            assert_eq!(Period::Daily.of(Day(far)), None, "{far}");
            assert_eq!(Period::Weekly.of(Day(far)), None, "{far}");
            assert_eq!(Period::AllTime.of(Day(far)), Some(Occurrence::ALL_TIME));
        }
        let last = Day((1 << 26) - 4);
        assert!(Period::Daily.of(last).is_some_and(|it| it.kept_until() > Timestamp::default()));
    }

    #[test]
    fn what_has_ended_is_kept_for_days_in_every_zone() {
        let at = |day: Day, hour: i64| {
            Timestamp::from_micros((i64::from(day.0) * 24 + hour) * 3_600_000_000)
        };
        let today = Period::Daily.of(day(2024, 11, 11)).expect("it is one");
        // It ends at noon of UTC where clocks are twelve hours behind.
        assert!(today.kept_until() >= at(day(2024, 11, 14), 12));
        assert_eq!(today.kept_until(), at(day(2024, 11, 15), 0));
        let week = Period::Weekly.of(day(2024, 11, 11)).expect("it is one");
        assert_eq!(week.kept_until(), at(day(2024, 12, 3), 0));
    }
}
