//! Tournaments that come again: when each occurrence begins, and when it ends.
//!
//! Occurrences go by the calendar and the clock on the wall of a zone. What clocks leave out comes with the first moment
//! after it, and what they show twice comes the first time alone: a daily tournament takes place once on each day
//! that the zone has. Two times that come to one moment, where clocks leave out both, are one occurrence.

use crate::civil::{
    DAY_MINUTES, Date, Local, Period, Weekday, begin_of_day, first_moment, last_of_month,
    latest_shown,
};
use crate::time::{DAY_MICROS, Day, Timestamp, ZoneOffsets};

/// Longest that an occurrence can be said to last, in days.
pub const LENGTH_DAYS_MAX: u16 = 366;

/// A tournament that comes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurrence {
    /// When occurrences begin.
    pub begins: Schedule,
    /// How long each lasts; until the next begins, where nothing is said. None lasts longer than that.
    pub lasts: Option<Length>,
}

/// One time that a tournament takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// Its first moment.
    pub starts: Timestamp,
    /// The first moment after it.
    pub ends: Timestamp,
    /// What calendar and clock were said to show when it begins; no two of a schedule have the same.
    pub shown: Local,
}

/// How long an occurrence lasts: so many days of the calendar, and then so long as a stopwatch shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length {
    days: u16,
    micros: i64,
}

impl Length {
    /// Takes days, after which clocks show the same time again, however they were set in between, and microseconds; `None`
    /// where that is nothing, or more than [`LENGTH_DAYS_MAX`] days.
    pub const fn new(days: u16, micros: i64) -> Option<Self> {
        let is_some = days > 0 || micros > 0;
        let is_short = days <= LENGTH_DAYS_MAX && micros >= 0;
        let max = (LENGTH_DAYS_MAX as i64 - days as i64) * DAY_MICROS;
        if is_some && is_short && micros <= max { Some(Self { days, micros }) } else { None }
    }
}

impl Recurrence {
    /// The occurrence that is on at a moment; none where it has not begun, or has ended before the next begins.
    pub fn at(&self, at: Timestamp, zone: &ZoneOffsets) -> Option<Occurrence> {
        let slot = self.begins.last_shown(latest_shown(at, zone), zone)?;
        let occurrence = self.occurrence(slot, zone)?;
        (occurrence.starts <= at && at < occurrence.ends).then_some(occurrence)
    }

    /// The first occurrence that begins after a moment; none where calendars end first.
    pub fn next_after(&self, at: Timestamp, zone: &ZoneOffsets) -> Option<Occurrence> {
        let slot = self.begins.first_not_shown(latest_shown(at, zone), zone)?;
        let starts = first_moment(slot, zone);
        // Of two times that come to one moment it is the later that says when the occurrence ends.
        self.at(starts, zone).filter(|occurrence| occurrence.starts > at)
    }

    fn occurrence(&self, slot: Local, zone: &ZoneOffsets) -> Option<Occurrence> {
        let starts = first_moment(slot, zone);
        let next = self.begins.first_not_shown(latest_shown(starts, zone), zone);
        let next = next.map(|slot| first_moment(slot, zone));
        let ends = [self.lasts.map(|lasts| lasts.end(slot, zone)), next];
        let ends = ends.into_iter().flatten().filter(|ends| *ends > starts).min()?;
        Some(Occurrence { starts, ends, shown: slot })
    }
}

impl Length {
    fn end(self, slot: Local, zone: &ZoneOffsets) -> Timestamp {
        let day = Day(slot.day.0.saturating_add(self.days.into()));
        first_moment(Local { day, ..slot }, zone).plus_micros(self.micros)
    }
}

/// When occurrences begin: on which days, and at which minutes of them.
///
/// Whatever it is of, there is always a next one, but at the end of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    days: Days,
    hours: Numbers,
    minutes: Numbers,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Days {
    /// A day of every month, or its last where it has no such day.
    OfMonth(u8),
    /// Those that cron says.
    Cron { days: Numbers, months: Numbers, weekdays: Numbers, either: bool },
}

/// The five fields of cron, which say when something begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cron {
    /// Minutes, from 0 to 59.
    pub minutes: Numbers,
    /// Hours, from 0 to 23.
    pub hours: Numbers,
    /// Days of the month, from 1 to 31; months that have no such day are left out.
    pub days: Numbers,
    /// Months, from 1 to 12.
    pub months: Numbers,
    /// Days of the week, from 0, which is Sunday, to 6.
    pub weekdays: Numbers,
    /// A day of these months counts that is in `days` or in `weekdays`; without, only one that is in both.
    pub either: bool,
}

/// Numbers from 0 to 63, each once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Numbers(u64);

/// Zones leave out a day, and never so many one after the other; where time ends, none of them comes.
const DAYS_LOOKED_AT: usize = 8;
/// Months after which the calendar repeats, weekdays included.
const CYCLE_MONTHS: u32 = 400 * 12;

impl Schedule {
    /// Every day, at a minute of it; `None` where a day has no such minute.
    pub fn daily(minute: u16) -> Option<Self> {
        let every_weekday = Numbers::from(0..=6);
        Self::at_minute(Days::of_week(every_weekday), minute)
    }

    /// Some days of the week; `None` without any.
    pub fn weekly(days: impl IntoIterator<Item = Weekday>, minute: u16) -> Option<Self> {
        let weekdays: Numbers = days.into_iter().map(|day| day as u8).collect();
        Self::at_minute(Days::of_week(weekdays), minute).filter(Self::ever_comes)
    }

    /// A day of every month, from 1, or the last day of those that have no such day; `None` where no month has it.
    pub fn monthly(day: u8, minute: u16) -> Option<Self> {
        let schedule = Self::at_minute(Days::OfMonth(day), minute)?;
        (1..=31).contains(&day).then_some(schedule)
    }

    /// What five fields say; `None` where that never comes, or a number is none of its field.
    pub fn cron(cron: &Cron) -> Option<Self> {
        let Cron { minutes, hours, days, months, weekdays, either } = *cron;
        let is_within = minutes.are_within(0..=59)
            && hours.are_within(0..=23)
            && days.are_within(1..=31)
            && months.are_within(1..=12)
            && weekdays.are_within(0..=6);
        let days = Days::Cron { days, months, weekdays, either };
        let schedule = Self { days, hours, minutes };
        (is_within && schedule.ever_comes()).then_some(schedule)
    }

    /// How often it comes on a day on which it does.
    pub const fn times_a_day(&self) -> u32 {
        self.hours.count() * self.minutes.count()
    }

    fn at_minute(days: Days, minute: u16) -> Option<Self> {
        let [hour, minute_of_hour] = hour_and_minute(minute)?;
        Some(Self {
            days,
            hours: Numbers::from(hour..=hour),
            minutes: Numbers::from(minute_of_hour..=minute_of_hour),
        })
    }

    fn ever_comes(&self) -> bool {
        self.minute_from(0).is_some() && self.day_from(Day(0)).is_some()
    }

    /// The first time of the clock after what was shown.
    fn first_not_shown(&self, shown: Local, zone: &ZoneOffsets) -> Option<Local> {
        let today = self.minute_from(shown.minute() + 1).filter(|_| self.has(shown.day, zone));
        if let Some(minute) = today {
            return Some(Local::by_clock(shown.day, minute));
        }
        let later = |day: Day| self.day_from(Day(day.0.checked_add(1)?));
        let days = std::iter::successors(later(shown.day), |day| later(*day));
        let day = days.take(DAYS_LOOKED_AT).find(|day| is_in_zone(*day, zone))?;
        Some(Local::by_clock(day, self.minute_from(0)?))
    }

    /// The last time of the clock that was shown.
    fn last_shown(&self, shown: Local, zone: &ZoneOffsets) -> Option<Local> {
        let today = self.minute_up_to(shown.minute()).filter(|_| self.has(shown.day, zone));
        if let Some(minute) = today {
            return Some(Local::by_clock(shown.day, minute));
        }
        let earlier = |day: Day| self.day_up_to(Day(day.0.checked_sub(1)?));
        let days = std::iter::successors(earlier(shown.day), |day| earlier(*day));
        let day = days.take(DAYS_LOOKED_AT).find(|day| is_in_zone(*day, zone))?;
        Some(Local::by_clock(day, self.minute_up_to(DAY_MINUTES - 1)?))
    }

    fn has(&self, day: Day, zone: &ZoneOffsets) -> bool {
        self.day_from(day) == Some(day) && is_in_zone(day, zone)
    }

    /// The first day from one on, month by month.
    fn day_from(&self, day: Day) -> Option<Day> {
        let mut from = day;
        for _ in 0..=CYCLE_MONTHS {
            let date = Date::of(from);
            let found = self.days.of_month(date).first_from(date.day_of_month());
            if let Some(day) = found {
                return Some(moved_to(date, from, day));
            }
            from = Period::Month.next_first_day(from);
        }
        None
    }

    /// The last day up to one.
    fn day_up_to(&self, day: Day) -> Option<Day> {
        let mut to = day;
        for _ in 0..=CYCLE_MONTHS {
            let date = Date::of(to);
            let found = self.days.of_month(date).last_up_to(date.day_of_month());
            if let Some(day) = found {
                return Some(moved_to(date, to, day));
            }
            to = Day(Period::Month.first_day(to).0.checked_sub(1)?);
        }
        None
    }

    /// The first minute of a day from one on.
    fn minute_from(&self, minute: u16) -> Option<u16> {
        let [hour, of_hour] = hour_and_minute(minute)?;
        let in_hour = self.minutes.first_from(of_hour).filter(|_| self.hours.has(hour));
        let in_hour = in_hour.map(|minute| minute_of_day(hour, minute));
        in_hour.or_else(|| {
            let hour = self.hours.first_from(hour + 1)?;
            Some(minute_of_day(hour, self.minutes.first_from(0)?))
        })
    }

    /// The last minute of a day up to one.
    fn minute_up_to(&self, minute: u16) -> Option<u16> {
        let [hour, of_hour] = hour_and_minute(minute)?;
        let in_hour = self.minutes.last_up_to(of_hour).filter(|_| self.hours.has(hour));
        let in_hour = in_hour.map(|minute| minute_of_day(hour, minute));
        in_hour.or_else(|| {
            let hour = self.hours.last_up_to(hour.checked_sub(1)?)?;
            Some(minute_of_day(hour, self.minutes.last_up_to(59)?))
        })
    }
}

impl Days {
    const fn of_week(weekdays: Numbers) -> Self {
        let (days, months) = (Numbers::from_to(1, 31), Numbers::from_to(1, 12));
        Self::Cron { days, months, weekdays, either: false }
    }

    /// Those of the month that a date is in.
    fn of_month(&self, date: Date) -> Numbers {
        let last = last_of_month(date.year(), date.month());
        match *self {
            Self::OfMonth(day) => Numbers::from_to(day.min(last), day.min(last)),
            Self::Cron { months, .. } if !months.has(date.month()) => Numbers::default(),
            Self::Cron { days, weekdays, either, .. } => {
                let by_weekday = weekdays.as_days_of_month(date);
                let said = if either { days.0 | by_weekday.0 } else { days.0 & by_weekday.0 };
                Numbers(said & Numbers::from_to(1, last).0)
            }
        }
    }
}

impl Numbers {
    /// All from one to another, both included; what is beyond 63 is not among them.
    const fn from_to(first: u8, last: u8) -> Self {
        if first > last || first > 63 {
            return Self(0);
        }
        Self(u64::MAX << first & u64::MAX >> 63_u8.saturating_sub(last))
    }

    /// Whether a number is one of them.
    pub const fn has(self, number: u8) -> bool {
        number < 64 && self.0 & 1 << number != 0
    }

    const fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether there are any, and none beyond the ends.
    fn are_within(self, ends: std::ops::RangeInclusive<u8>) -> bool {
        self.0 != 0 && self.0 & !Self::from(ends).0 == 0
    }

    fn first_from(self, number: u8) -> Option<u8> {
        Numbers(self.0 & Self::from_to(number, 63).0).first()
    }

    fn last_up_to(self, number: u8) -> Option<u8> {
        let bit = (self.0 & Self::from_to(0, number).0).checked_ilog2();
        bit.and_then(|bit| u8::try_from(bit).ok())
    }

    fn first(self) -> Option<u8> {
        let bit = (self.0 != 0).then(|| self.0.trailing_zeros());
        bit.and_then(|bit| u8::try_from(bit).ok())
    }

    /// Days of the week as days of the month that a date is in.
    fn as_days_of_month(self, date: Date) -> Self {
        let first = Date::new(date.year(), date.month(), 1).expect("every month has a first day");
        let weekday = Weekday::of(first.to_day()) as u8;
        // Twice the week, from the first day's weekday on, is the week as this month has it.
        let week = (self.0 | self.0 << 7) >> weekday & 0x7f;
        let month = (0..5).fold(0, |month, number| month | week << (7 * number));
        Self(month << 1)
    }
}

impl From<std::ops::RangeInclusive<u8>> for Numbers {
    fn from(range: std::ops::RangeInclusive<u8>) -> Self {
        Self::from_to(*range.start(), *range.end())
    }
}

impl FromIterator<u8> for Numbers {
    /// Of numbers up to 63; others are not taken.
    fn from_iter<I: IntoIterator<Item = u8>>(numbers: I) -> Self {
        Self(numbers.into_iter().fold(0, |set, number| set | Self::from_to(number, number).0))
    }
}

/// Whether a zone has a day at all: some have left one out when they moved over the date line.
fn is_in_zone(day: Day, zone: &ZoneOffsets) -> bool {
    zone.day(begin_of_day(day, zone)) == day
}

/// Another day of the month of a date, which is a day's.
fn moved_to(date: Date, of: Day, day_of_month: u8) -> Day {
    Day(of.0.saturating_add(i32::from(day_of_month) - i32::from(date.day_of_month())))
}

fn hour_and_minute(minute: u16) -> Option<[u8; 2]> {
    let hour = u8::try_from(minute.div_euclid(60)).ok().filter(|hour| *hour < 24)?;
    Some([hour, u8::try_from(minute.rem_euclid(60)).ok()?])
}

fn minute_of_day(hour: u8, minute: u8) -> u16 {
    u16::from(hour) * 60 + u16::from(minute)
}
