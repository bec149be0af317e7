//! The five fields of cron: minute, hour, day of the month, month, day of the week.
//!
//! Each is `*`, a number, a range (`1-5`), or several of them (`1,3-5`); a range and `*` may have a step (`*/15`, `9-17/2`).
//! Months and days of the week have names as well (`jan`, `mon`), and Sunday is 0 and 7. Where day of the month and day of
//! the week both begin with something else than `*`, a day counts that is one of either: see crontab(5).

use std::fmt;

use accolade_domain::tournament::occurrences::{Cron, Numbers, Schedule};

use crate::clock::weekday;

/// Greatest length of a text in bytes.
pub const BYTES_MAX: usize = 256;

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronProblem {
    /// What stands there, shortened.
    pub found: String,
    /// What could stand there.
    pub expected: String,
}

impl fmt::Display for CronProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { found, expected } = self;
        write!(f, "expected {expected}, found ")?;
        if found.is_empty() { f.write_str("nothing") } else { write!(f, "`{found}`") }
    }
}

impl std::error::Error for CronProblem {}

/// Which numbers a field has.
#[derive(Debug, Clone, Copy)]
struct Field {
    /// One of it, in words.
    one: &'static str,
    first: u8,
    last: u8,
    named: fn(&str) -> Option<u8>,
}

const MINUTE: Field = Field { one: "a minute from 0 to 59", first: 0, last: 59, named: |_| None };
const HOUR: Field = Field { one: "an hour from 0 to 23", first: 0, last: 23, named: |_| None };
const DAY: Field =
    Field { one: "a day of the month from 1 to 31", first: 1, last: 31, named: |_| None };
const MONTH: Field =
    Field { one: "a month from 1 to 12 or from `jan` to `dec`", first: 1, last: 12, named: month };
const WEEKDAY: Field = Field {
    one: "a day of the week from 0 to 7 or from `mon` to `sun`",
    first: 0,
    last: 7,
    named: |name| weekday(name).map(|weekday| weekday as u8),
};

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

fn month(name: &str) -> Option<u8> {
    let known = (1..).zip(MONTHS);
    known.into_iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(number, _)| number)
}

/// Reads five fields: when occurrences begin.
pub fn read(text: &str) -> Result<Schedule, CronProblem> {
    if text.len() > BYTES_MAX {
        return Err(problem(text, format!("at most {BYTES_MAX} bytes")));
    }
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    let [minutes, hours, days, months, weekdays] = fields.as_slice() else {
        let expected = "five fields: minute, hour, day of the month, month, day of the week";
        return Err(problem(text, expected));
    };
    let is_any = |field: &str| field.starts_with('*');
    let cron = Cron {
        minutes: MINUTE.read(minutes)?,
        hours: HOUR.read(hours)?,
        days: DAY.read(days)?,
        months: MONTH.read(months)?,
        weekdays: WEEKDAY.read(weekdays)?,
        either: !is_any(days) && !is_any(weekdays),
    };
    Schedule::cron(&cron).ok_or_else(|| problem(text, "a day that comes"))
}

impl Field {
    const fn is_week(self) -> bool {
        self.last == WEEKDAY.last
    }

    fn read(self, text: &str) -> Result<Numbers, CronProblem> {
        let numbers = text.split(',').map(|part| self.part(part)).collect::<Result<Vec<_>, _>>()?;
        let numbers = numbers.into_iter().flatten();
        // Of days of the week the seventh is the first.
        Ok(numbers.map(|number| if self.is_week() && number == 7 { 0 } else { number }).collect())
    }

    /// The numbers of what stands between commas.
    fn part(self, text: &str) -> Result<impl Iterator<Item = u8>, CronProblem> {
        let (range, step) = match text.split_once('/') {
            None => (text, 1),
            Some((range, step)) if range == "*" || range.contains('-') => {
                let step = number(step).filter(|step| *step > 0);
                (range, step.ok_or_else(|| problem(text, "a step of 1 or more after `/`"))?)
            }
            Some((first, step)) => {
                let expected =
                    format!("a range before `/`, such as `{first}-{}/{step}`", self.last);
                return Err(problem(text, expected));
            }
        };
        let (first, last) = self.range(range)?;
        Ok((first..=last).step_by(step.into()))
    }

    fn range(self, text: &str) -> Result<(u8, u8), CronProblem> {
        if text == "*" {
            return Ok((self.first, self.last - u8::from(self.is_week())));
        }
        let Some((first, last)) = text.split_once('-') else {
            let one = self.one(text)?;
            return Ok((one, one));
        };
        let (first, last) = (self.one(first)?, self.one(last)?);
        // A week may end with its Sunday, as well as begin.
        let last = if self.is_week() && last == 0 && first > 0 { 7 } else { last };
        if first > last {
            return Err(problem(text, "a range that does not end before it begins"));
        }
        Ok((first, last))
    }

    fn one(self, text: &str) -> Result<u8, CronProblem> {
        let number = number(text).or_else(|| (self.named)(text));
        let number = number.filter(|number| (self.first..=self.last).contains(number));
        number.ok_or_else(|| problem(text, self.one))
    }
}

/// One or two figures.
fn number(text: &str) -> Option<u8> {
    let is_number = (1..=2).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

fn problem(found: &str, expected: impl Into<String>) -> CronProblem {
    const LETTERS_MAX: usize = 40;
    let shown: String = found.chars().take(LETTERS_MAX).flat_map(char::escape_debug).collect();
    let more = if found.chars().nth(LETTERS_MAX).is_some() { "…" } else { "" };
    CronProblem { found: format!("{shown}{more}"), expected: expected.into() }
}
