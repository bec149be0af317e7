//! The calendar, and what clocks on the wall show: days as dates, and the moments at which they begin.
//!
//! Dates are those of the Gregorian calendar, extended over all time. What would lie beyond the range of
//! [`Day`] or [`Timestamp`] is held at its ends.

use crate::time::{DAY_MICROS, Day, Timestamp, ZoneOffsets};

/// A date that the calendar has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: i32,
    month: u8,
    day: u8,
}

/// Days of 400 years, after which the calendar repeats.
const CYCLE_DAYS: i64 = 146_097;
/// Days from 0000-03-01, with which a cycle begins, to 1970-01-01.
const DAYS_BEFORE_1970: i64 = 719_468;

impl Date {
    /// Takes year, month and day of the month, both from 1; `None` where the calendar has no such date.
    pub const fn new(year: i32, month: u8, day: u8) -> Option<Self> {
        let is_date = month >= 1 && month <= 12 && day >= 1 && day <= last_of_month(year, month);
        if is_date { Some(Self { year, month, day }) } else { None }
    }

    /// The date of a day.
    ///
    /// Counts in years that begin with March, so that the leap day is a year's last: see
    /// <https://howardhinnant.github.io/date_algorithms.html>.
    pub fn of(day: Day) -> Self {
        let days = i64::from(day.0) + DAYS_BEFORE_1970;
        let (cycle, in_cycle) = (days.div_euclid(CYCLE_DAYS), days.rem_euclid(CYCLE_DAYS));
        let leap_days = in_cycle.div_euclid(1_460) - in_cycle.div_euclid(36_524)
            + in_cycle.div_euclid(CYCLE_DAYS - 1);
        let year_in_cycle = (in_cycle - leap_days).div_euclid(365);
        let in_year = in_cycle - days_of_years(year_in_cycle);
        let month_from_march = (5 * in_year + 2).div_euclid(153);
        let day = in_year - days_of_months(month_from_march) + 1;
        let (month, years) = if month_from_march < 10 {
            (month_from_march + 3, 0)
        } else {
            (month_from_march - 9, 1)
        };
        let year = cycle * 400 + year_in_cycle + years;
        Self { year: held(year), month: small(month), day: small(day) }
    }

    /// The day of this date.
    pub fn to_day(self) -> Day {
        let month_from_march = (i64::from(self.month) + 9).rem_euclid(12);
        let year = i64::from(self.year) - i64::from(self.month < 3);
        let (cycle, year_in_cycle) = (year.div_euclid(400), year.rem_euclid(400));
        let in_year = days_of_months(month_from_march) + i64::from(self.day) - 1;
        let days = cycle * CYCLE_DAYS + days_of_years(year_in_cycle) + in_year;
        Day(held(days - DAYS_BEFORE_1970))
    }

    /// The year; 0 is the year before year 1.
    pub const fn year(self) -> i32 {
        self.year
    }

    /// The month, from 1.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    pub const fn day_of_month(self) -> u8 {
        self.day
    }

    /// Whether the next day is in another month.
    pub const fn is_last_of_month(self) -> bool {
        self.day == last_of_month(self.year, self.month)
    }

    /// The same day of the month so many months later, or the month's last where it has no such day.
    #[must_use]
    pub fn plus_months(self, months: i32) -> Self {
        let months = i64::from(self.year) * 12 + i64::from(self.month) - 1 + i64::from(months);
        let (year, month) = (held(months.div_euclid(12)), small(months.rem_euclid(12) + 1));
        Self { year, month, day: self.day.min(last_of_month(year, month)) }
    }
}

/// Days of so many years from the beginning of a cycle.
const fn days_of_years(years: i64) -> i64 {
    365 * years + years.div_euclid(4) - years.div_euclid(100)
}

/// Days of so many months from March on: 31, 30, 31, 30, 31 over and over.
const fn days_of_months(months: i64) -> i64 {
    (153 * months + 2).div_euclid(5)
}

/// The last day of a month.
pub(crate) const fn last_of_month(year: i32, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

const fn is_leap(year: i32) -> bool {
    year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0)
}

fn held(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX })
}

fn small(number: i64) -> u8 {
    u8::try_from(number).expect("months and days of a month are small")
}

/// A day of the week, numbered from Sunday, which is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weekday {
    /// 0.
    Sunday,
    /// 1.
    Monday,
    /// 2.
    Tuesday,
    /// 3.
    Wednesday,
    /// 4.
    Thursday,
    /// 5.
    Friday,
    /// 6.
    Saturday,
}

impl Weekday {
    /// All, by their numbers.
    pub const ALL: [Self; 7] = [
        Self::Sunday,
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
    ];

    /// The day of the week that a day is.
    pub fn of(day: Day) -> Self {
        // 1970-01-01 was a Thursday.
        let number = (i64::from(day.0) + 4).rem_euclid(7);
        Self::ALL[usize::from(small(number))]
    }
}

/// Stretches of the calendar that follow one another without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// A month.
    Month,
    /// Three months, from January, April, July or October.
    Quarter,
    /// A year.
    Year,
}

impl Period {
    /// The first day of the period that `day` is in.
    pub fn first_day(self, day: Day) -> Day {
        let Date { year, month, .. } = Date::of(day);
        let month = match self {
            Self::Month => month,
            Self::Quarter => month - (month - 1).rem_euclid(3),
            Self::Year => 1,
        };
        Date { year, month, day: 1 }.to_day()
    }

    /// The first day of the period after the one that `day` is in.
    pub fn next_first_day(self, day: Day) -> Day {
        let months = match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Year => 12,
        };
        let Date { year, month, .. } = Date::of(self.first_day(day));
        Date { year, month, day: 1 }.plus_months(months).to_day()
    }
}

/// What calendar and clock on the wall show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Local {
    /// The day.
    pub day: Day,
    /// Microseconds that the clock is past midnight; less than [`DAY_MICROS`].
    pub micros: i64,
}

impl Local {
    /// What they show at `at` in a zone.
    pub fn at(at: Timestamp, zone: &ZoneOffsets) -> Self {
        Self::of(at.plus_micros(offset_micros(zone.offset_s(at))))
    }

    /// What they show in UTC.
    fn of(at: Timestamp) -> Self {
        let (day, micros) =
            (at.micros().div_euclid(DAY_MICROS), at.micros().rem_euclid(DAY_MICROS));
        Self { day: Day(held(day)), micros }
    }

    /// A day, and a minute of it; held within the day.
    pub fn by_clock(day: Day, minute: u16) -> Self {
        Self { day, micros: i64::from(minute.min(DAY_MINUTES - 1)) * MINUTE_MICROS }
    }

    /// Whole minutes that the clock is past midnight.
    pub fn minute(self) -> u16 {
        u16::try_from(self.micros.div_euclid(MINUTE_MICROS)).expect("a day has 1440 minutes")
    }
}

const MINUTE_MICROS: i64 = 60_000_000;
/// Minutes from midnight to midnight.
pub const DAY_MINUTES: u16 = 1_440;

/// No clock is set so far from UTC.
const OFFSET_MICROS_MAX: i64 = 2 * DAY_MICROS;

/// The moment at which a day begins in a zone: the first whose day is this one, or a later one where the
/// zone leaves this one out.
///
/// That is not always midnight: clocks may be set forward over it, or back to before it, which makes the
/// day begin twice; it is the first time that counts.
pub fn begin_of_day(day: Day, zone: &ZoneOffsets) -> Timestamp {
    first_moment(Local { day, micros: 0 }, zone)
}

/// The first moment at which calendar and clock show `local` in a zone, or later where the zone leaves that out.
pub fn first_moment(local: Local, zone: &ZoneOffsets) -> Timestamp {
    let midnight = Timestamp::from_micros(i64::from(local.day.0).saturating_mul(DAY_MICROS));
    let in_utc = midnight.plus_micros(local.micros);
    let offsets = &zone.0;
    // Whatever ended so long before has shown less.
    let long_before = in_utc.plus_micros(-OFFSET_MICROS_MAX);
    let first = offsets.partition_point(|(from, _)| *from <= long_before).saturating_sub(1);
    for (at, (from, offset)) in offsets.iter().enumerate().skip(first) {
        let by_clock = in_utc.plus_micros(-offset_micros(*offset));
        let shown = if at == 0 { by_clock } else { by_clock.max(*from) };
        if offsets.get(at + 1).is_none_or(|(until, _)| shown < *until) {
            return shown;
        }
    }
    in_utc
}

/// The latest that calendar and clock have shown up to `at` in a zone: later than what they show, where they were set
/// back shortly before.
pub fn latest_shown(at: Timestamp, zone: &ZoneOffsets) -> Local {
    let shown = Local::at(at, zone);
    let offsets = &zone.0;
    let begun = offsets.partition_point(|(from, _)| *from <= at);
    // Whatever ended so long before has shown less.
    let long_before = at.plus_micros(-2 * OFFSET_MICROS_MAX);
    let last_of_each = offsets[..begun]
        .windows(2)
        .rev()
        .map(|pair| (pair[1].0.plus_micros(-1), pair[0].1))
        .take_while(|(last, _)| *last >= long_before)
        .map(|(last, offset)| Local::of(last.plus_micros(offset_micros(offset))));
    last_of_each.fold(shown, Ord::max)
}

fn offset_micros(offset_s: i32) -> i64 {
    i64::from(offset_s) * 1_000_000
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(year: i32, month: u8, day: u8) -> Date {
        Date::new(year, month, day).expect("a test's date is one")
    }

    /// The day after, as calendars are read.
    fn next(Date { year, month, day }: Date) -> Date {
        let next_day = Date::new(year, month, day + 1);
        let next_month = || Date::new(year, month + 1, 1);
        next_day.or_else(next_month).unwrap_or(Date { year: year + 1, month: 1, day: 1 })
    }

    #[test]
    fn every_day_of_two_cycles_has_the_next_date_and_is_found_by_it() {
        let mut today = date(1599, 12, 31);
        let first = today.to_day();
        assert_eq!(first, Day(-135_141), "1600-01-01 is 135,140 days before 1970");
        for days in 0..=2 * 146_097 {
            let day = Day(first.0 + days);
            assert_eq!((Date::of(day), today.to_day()), (today, day));
            today = next(today);
        }
        assert_eq!(Date::of(Day(0)), date(1970, 1, 1));
    }

    #[test]
    fn a_leap_year_is_each_fourth_but_for_centuries_that_400_does_not_divide() {
        for (year, has_29) in [(2023, false), (2024, true), (1900, false), (2000, true), (0, true)]
        {
            assert_eq!(Date::new(year, 2, 29).is_some(), has_29, "{year}");
        }
    }

    #[test]
    fn what_the_calendar_does_not_have_is_no_date() {
        for (month, day) in [(0, 1), (13, 1), (1, 0), (1, 32), (4, 31), (2, 30), (255, 255)] {
            assert_eq!(Date::new(2024, month, day), None, "{month}-{day}");
        }
    }

    #[test]
    fn weeks_go_on_from_a_thursday() {
        let weekday = |year, month, day| Weekday::of(date(year, month, day).to_day());
        assert_eq!(weekday(1970, 1, 1), Weekday::Thursday);
        assert_eq!(weekday(1969, 12, 27), Weekday::Saturday);
        assert_eq!(weekday(2024, 2, 29), Weekday::Thursday);
        assert_eq!(weekday(2024, 11, 17), Weekday::Sunday);
    }

    #[test]
    fn months_later_is_the_same_day_or_the_months_last() {
        let plus = |year, month, day, months| {
            let Date { year, month, day } = date(year, month, day).plus_months(months);
            (year, month, day)
        };
        assert_eq!(plus(2024, 1, 31, 1), (2024, 2, 29));
        assert_eq!(plus(2024, 1, 31, 13), (2025, 2, 28));
        assert_eq!(plus(2024, 11, 15, 2), (2025, 1, 15));
        assert_eq!(plus(2024, 1, 31, -2), (2023, 11, 30));
        assert_eq!(plus(2024, 3, 1, -12), (2023, 3, 1));
        assert_eq!(plus(2024, 12, 1, 0), (2024, 12, 1));
    }

    #[test]
    fn periods_begin_with_their_first_month() {
        let day = |year, month, day| date(year, month, day).to_day();
        for (period, first, next) in [
            (Period::Month, day(2024, 2, 1), day(2024, 3, 1)),
            (Period::Quarter, day(2024, 1, 1), day(2024, 4, 1)),
            (Period::Year, day(2024, 1, 1), day(2025, 1, 1)),
        ] {
            for of_period in [day(2024, 2, 1), day(2024, 2, 29)] {
                assert_eq!(period.first_day(of_period), first, "{period:?}");
                assert_eq!(period.next_first_day(of_period), next, "{period:?}");
            }
        }
        assert_eq!(Period::Quarter.first_day(day(2024, 12, 31)), day(2024, 10, 1));
        assert_eq!(Period::Quarter.next_first_day(day(2024, 12, 31)), day(2025, 1, 1));
    }

    /// A zone whose clocks are set by quarters of an hour, over midnight, twice a day or by a whole day.
    fn zone() -> impl Strategy<Value = ZoneOffsets> {
        let change = (1..200_i64, -104..=104_i32);
        prop::collection::vec(change, 0..12).prop_map(|changes| {
            let mut quarter = -300;
            ZoneOffsets(
                changes
                    .into_iter()
                    .map(|(after, offset)| {
                        quarter += after;
                        (Timestamp::from_micros(quarter * QUARTER_MICROS), offset * 900)
                    })
                    .collect(),
            )
        })
    }

    const QUARTER_MICROS: i64 = 900_000_000;

    proptest! {
        #[test]
        fn a_day_begins_with_the_first_moment_that_is_of_it_or_a_later_one(
            zone in zone(),
            day in -6..30_i32,
        ) {
            let day = Day(day);
            let quarters = (-1_000..4_000).map(|quarter| Timestamp::from_micros(quarter * QUARTER_MICROS));
            let slow = quarters.into_iter().find(|at| zone.day(*at) >= day).expect("days come");
            prop_assert_eq!(begin_of_day(day, &zone), slow);
        }

        #[test]
        fn a_time_of_the_clock_comes_with_the_first_moment_that_shows_it_or_more(
            zone in zone(),
            day in -6..30_i32,
            quarter in 0..96_u16,
        ) {
            let local = Local::by_clock(Day(day), quarter * 15);
            let quarters = (-1_000..4_000).map(|quarter| Timestamp::from_micros(quarter * QUARTER_MICROS));
            let slow = quarters.into_iter().find(|at| Local::at(*at, &zone) >= local);
            prop_assert_eq!(first_moment(local, &zone), slow.expect("times come"));
        }

        #[test]
        fn the_latest_that_was_shown_is_what_no_moment_before_has_passed(
            zone in zone(),
            quarter in -500..3_000_i64,
            micros in 0..2_i64,
        ) {
            let moment = |quarter: i64, micros| Timestamp::from_micros(quarter * QUARTER_MICROS + micros);
            let at = moment(quarter, -micros);
            let before = (-1_000..=quarter).flat_map(|quarter| [moment(quarter, -1), moment(quarter, 0)]);
            let slow = before.filter(|before| *before <= at).map(|before| Local::at(before, &zone)).max();
            prop_assert_eq!(latest_shown(at, &zone), slow.expect("something was"));
        }

        #[test]
        fn the_local_day_is_the_one_that_caps_go_by(zone in zone(), at in any::<i64>()) {
            let at = Timestamp::from_micros(at);
            let local = Local::at(at, &zone);
            prop_assert_eq!(local.day, zone.day(at));
            prop_assert!((0..DAY_MICROS).contains(&local.micros));
            prop_assert!(local.minute() < 1440);
        }

        #[test]
        fn no_day_date_or_zone_is_too_far_out(
            day in any::<i32>(),
            months in any::<i32>(),
            offsets in prop::collection::vec((any::<i64>(), any::<i32>()), 0..5),
        ) {
            let date = Date::of(Day(day));
            prop_assert_eq!(date.to_day(), Day(day));
            let _ = Weekday::of(date.plus_months(months).to_day());
            for period in [Period::Month, Period::Quarter, Period::Year] {
                let (first, next) = (period.first_day(Day(day)), period.next_first_day(Day(day)));
                prop_assert!(first <= Day(day) && first < next);
            }
            let mut offsets = offsets;
            offsets.sort_unstable();
            let offsets = offsets.into_iter().map(|(at, offset)| (Timestamp::from_micros(at), offset));
            let zone = ZoneOffsets(offsets.collect());
            let begins = begin_of_day(Day(day), &zone);
            let _ = (Local::at(begins, &zone), latest_shown(begins, &zone));
        }
    }

    #[test]
    fn the_first_and_the_last_day_have_dates() {
        for day in [Day(i32::MIN), Day(i32::MAX)] {
            let date = Date::of(day);
            assert_eq!(date.to_day(), day);
            for period in [Period::Month, Period::Quarter, Period::Year] {
                assert!(period.first_day(day) <= day && day <= period.next_first_day(day));
            }
        }
        let far = Date { year: i32::MAX, month: 12, day: 31 };
        assert_eq!(far.plus_months(i32::MAX).to_day(), Day(i32::MAX));
        let far = Date { year: i32::MIN, month: 1, day: 1 };
        assert_eq!(far.plus_months(i32::MIN).to_day(), Day(i32::MIN));
    }
}
