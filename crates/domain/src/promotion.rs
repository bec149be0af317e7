//! Promotions: when they hold, where, and what they give.
//!
//! A promotion is asked with the wager's own timestamp. Recurring ones go by the calendar and the clock on
//! the wall of the program's zone: an hour that clocks show twice counts twice, and one that they leave out
//! does not come.

use crate::amount::{Points, Rate};
use crate::budget::Budget;
use crate::civil::{DAY_MINUTES, Date, Local, Weekday, begin_of_day};
use crate::event::Wager;
use crate::program::Names;
use crate::query::expression::Expression;
use crate::query::row::Row;
use crate::time::{Day, Timestamp, ZoneOffsets};

/// Most promotions of one program: a wager's record keeps those that counted as a set of 64 bits.
pub const PROMOTIONS_MAX: usize = 64;

/// What a program gives beyond its multipliers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promotion {
    /// Shown on the explanation of each wager that it counted for.
    pub name: Box<str>,
    /// When it holds.
    pub when: When,
    /// Jurisdictions in which it holds; empty for all.
    pub jurisdictions: Names,
    /// What a wager must match besides (`where`).
    pub condition: Option<Box<Expression>>,
    /// Multiplies the points; [`Rate::ONE`] where it does not.
    pub multiply: Rate,
    /// Added after all multiplication; [`Points::ZERO`] where nothing is.
    pub bonus: Points,
    /// How much it gives at most, if that is limited; it takes nothing away then.
    pub budget: Option<Budget>,
}

impl Promotion {
    /// Whether it counts for a wager, in whose currency's rate and program's zone conditions are.
    pub fn counts_for(&self, wager: &Wager<'_>, rate: Rate, zone: &ZoneOffsets) -> bool {
        let row = Row::of_wager(wager, rate, zone);
        self.holds(wager.at, &wager.jurisdiction, zone)
            && self.condition.as_ref().is_none_or(|condition| condition.is_true(&row))
    }

    /// Whether it holds for what happens at `at` in a jurisdiction; `zone` is the program's.
    pub fn holds(&self, at: Timestamp, jurisdiction: &str, zone: &ZoneOffsets) -> bool {
        self.holds_in(jurisdiction) && self.when.holds(at, zone)
    }

    fn holds_in(&self, jurisdiction: &str) -> bool {
        let names = &self.jurisdictions;
        names.is_empty() || names.binary_search_by(|name| (**name).cmp(jurisdiction)).is_ok()
    }
}

/// Which of the promotions that hold count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Combine {
    /// All: their `multiply` multiply, their `bonus` add up.
    #[default]
    All,
    /// The one that the program lists first.
    First,
}

/// When a promotion holds; all that is given must be so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct When {
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
    /// At recurring times.
    pub every: Option<Every>,
}

impl When {
    /// Whether it holds at `at`; `zone` is the program's.
    pub fn holds(&self, at: Timestamp, zone: &ZoneOffsets) -> bool {
        self.from.is_none_or(|from| from <= at)
            && self.to.is_none_or(|to| at < to)
            && self.every.as_ref().is_none_or(|every| every.holds(at, zone))
    }
}

/// Recurring times, by the clock on the wall; what is empty restricts nothing, all else must be so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Every {
    /// Days of the week.
    pub days: Weekdays,
    /// Hours of the day, of which one must hold. What is after midnight of hours that reach over it belongs
    /// to the day on which they began: from 22:00 to 02:00 on Fridays ends on Saturday.
    pub hours: Box<[Hours]>,
    /// Dates.
    pub dates: Dates,
}

impl Every {
    fn holds(&self, at: Timestamp, zone: &ZoneOffsets) -> bool {
        let local = Local::at(at, zone);
        if self.hours.is_empty() {
            return self.admits(local.day);
        }
        let minute = local.minute();
        let today = |hours: &Hours| hours.has_today(minute);
        let yesterday = |hours: &Hours| hours.has_from_yesterday(minute);
        self.hours.iter().any(today) && self.admits(local.day)
            || self.hours.iter().any(yesterday) && self.admits(day_before(local.day, zone))
    }

    fn admits(&self, day: Day) -> bool {
        (self.days.is_empty() || self.days.has(Weekday::of(day)))
            && (self.dates.is_empty() || self.dates.has(Date::of(day)))
    }
}

/// The last day before `day` that the zone has.
fn day_before(day: Day, zone: &ZoneOffsets) -> Day {
    zone.day(begin_of_day(day, zone).plus_micros(-1))
}

/// A set of days of the week.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weekdays(u8);

impl Weekdays {
    /// Whether no day is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether a day is in it.
    pub const fn has(self, day: Weekday) -> bool {
        self.0 & Self::bit(day) != 0
    }

    const fn bit(day: Weekday) -> u8 {
        1 << day as u8
    }
}

impl FromIterator<Weekday> for Weekdays {
    fn from_iter<I: IntoIterator<Item = Weekday>>(days: I) -> Self {
        Self(days.into_iter().fold(0, |set, day| set | Self::bit(day)))
    }
}

/// Hours of the day, by the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    from_minute: u16,
    to_minute: u16,
}

impl Hours {
    /// From the one minute of the day on and before the other; over midnight where that is not later.
    ///
    /// `None` where either is beyond the day. Only the end may be 1440, which is 24:00.
    pub const fn between(from_minute: u16, to_minute: u16) -> Option<Self> {
        if from_minute < DAY_MINUTES && to_minute <= DAY_MINUTES {
            Some(Self { from_minute, to_minute })
        } else {
            None
        }
    }

    const fn is_over_midnight(self) -> bool {
        self.to_minute <= self.from_minute
    }

    /// Whether a minute is in the hours that began on its own day.
    const fn has_today(self, minute: u16) -> bool {
        self.from_minute <= minute && (self.is_over_midnight() || minute < self.to_minute)
    }

    /// Whether a minute is in the hours that began on the day before.
    const fn has_from_yesterday(self, minute: u16) -> bool {
        self.is_over_midnight() && minute < self.to_minute
    }
}

/// A set of dates that come again each month or each year.
///
/// Holds for each month the days that are in it, each a bit; bit 0 stands for the month's last day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dates([u32; 12]);

impl Dates {
    /// Adds a day of every month, from 1, which not every month needs to have; `false` where none has.
    pub fn add_monthly(&mut self, day: u8) -> bool {
        let is_day = (1..=31).contains(&day);
        if is_day {
            self.0.iter_mut().for_each(|month| *month |= 1 << day);
        }
        is_day
    }

    /// Adds the last day of every month.
    pub fn add_last_of_months(&mut self) {
        self.0.iter_mut().for_each(|month| *month |= LAST_OF_MONTH);
    }

    /// Adds a date of every year, both from 1; `false` where no year has it. The 29th of February comes in
    /// leap years alone.
    pub fn add_yearly(&mut self, month: u8, day: u8) -> bool {
        const LEAP_YEAR: i32 = 2000;
        let is_date = Date::new(LEAP_YEAR, month, day).is_some();
        if is_date {
            self.0[usize::from(month) - 1] |= 1 << day;
        }
        is_date
    }

    /// Whether no date is in it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a date is in it.
    pub fn has(&self, date: Date) -> bool {
        let last = if date.is_last_of_month() { LAST_OF_MONTH } else { 0 };
        self.0[usize::from(date.month()) - 1] & (1 << date.day_of_month() | last) != 0
    }
}

/// The bit of a month's last day.
const LAST_OF_MONTH: u32 = 1;
