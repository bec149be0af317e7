//! How a tournament that comes again says when.

use accolade_domain::time::HOUR_MICROS;
use accolade_domain::tournament::occurrences::{LENGTH_DAYS_MAX, Length, Recurrence, Schedule};
use serde::{Deserialize, Serialize};

use super::cron;
use crate::clock::{minute, weekday};
use crate::problem::Problem;

/// When a tournament takes place again, by calendar and clock of the operator's zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecurrenceTerms {
    /// When occurrences begin.
    pub begins: Begins,
    /// How long each lasts: days of the calendar, and then hours and minutes as a stopwatch shows them (`2d`, `54h`,
    /// `1d12h30m`); until the next begins without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<String>,
}

/// When occurrences begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Begins {
    /// Every day.
    Daily {
        /// The time of the clock, `18:00`.
        at: String,
    },
    /// Some days of the week.
    Weekly {
        /// Which, from `mon` to `sun`.
        on: Vec<String>,
        /// The time of the clock.
        at: String,
    },
    /// A day of every month.
    Monthly {
        /// Which, from 1; the last of months that have no such day.
        day: u8,
        /// The time of the clock.
        at: String,
    },
    /// What the five fields of [cron] say.
    Cron(String),
}

impl RecurrenceTerms {
    /// What is said, or what is wrong with it.
    pub fn recurrence(&self) -> Result<Recurrence, Problem> {
        let lasts = match &self.lasts {
            None => None,
            Some(text) => Some(length(text).ok_or_else(|| Problem::new("/lasts", lengths()))?),
        };
        Ok(Recurrence { begins: self.begins.schedule()?, lasts })
    }
}

impl Begins {
    fn schedule(&self) -> Result<Schedule, Problem> {
        let time = |form: &str, at: &str| {
            let detail = "expected a time of the clock such as `18:00`";
            let minute = minute(at).filter(|minute| *minute < 24 * 60);
            minute.ok_or_else(|| Problem::new(format!("/begins/{form}/at"), detail))
        };
        match self {
            Self::Daily { at } => Ok(Schedule::daily(time("daily", at)?)
                .expect("every day has each minute of the clock")),
            Self::Weekly { on, at } => {
                let days: Option<Vec<_>> = on.iter().map(|name| weekday(name)).collect();
                let (days, minute) = (days.filter(|_| on.len() <= 7), time("weekly", at)?);
                days.and_then(|days| Schedule::weekly(days, minute)).ok_or_else(|| {
                    let detail = "expected days of the week such as `[\"sat\", \"sun\"]`";
                    Problem::new("/begins/weekly/on", detail)
                })
            }
            Self::Monthly { day, at } => {
                let detail = "expected a day of the month from 1 to 31";
                Schedule::monthly(*day, time("monthly", at)?)
                    .ok_or_else(|| Problem::new("/begins/monthly/day", detail))
            }
            Self::Cron(text) => cron::read(text)
                .map_err(|problem| Problem::new("/begins/cron", problem.to_string())),
        }
    }
}

fn lengths() -> String {
    format!("expected a length such as `2d`, `54h` or `1d12h30m`, at most `{LENGTH_DAYS_MAX}d`")
}

/// Whole numbers, each with its unit, the greater units first.
fn length(text: &str) -> Option<Length> {
    let mut rest = text;
    let mut next = |unit: char| {
        let Some((number, after)) = rest.split_once(unit) else { return Some(0) };
        let is_number =
            (1..=5).contains(&number.len()) && number.bytes().all(|it| it.is_ascii_digit());
        rest = after;
        is_number.then(|| number.parse::<u32>().ok()).flatten()
    };
    let (days, hours, minutes) = (next('d')?, next('h')?, next('m')?);
    let micros = i64::from(hours) * HOUR_MICROS + i64::from(minutes) * MINUTE_MICROS;
    let length = Length::new(u16::try_from(days).ok()?, micros)?;
    rest.is_empty().then_some(length)
}

const MINUTE_MICROS: i64 = 60_000_000;
