//! Tournaments that come again, as they are said and answered.

use accolade_domain::time::Timestamp;
use accolade_engine::rules::tournaments::Tournaments;
use accolade_engine::rules::tournaments::series::{TIMES_A_DAY_MAX, times_a_day};
use accolade_wire::tournament::recurrence::{Begins, RecurrenceTerms};
use accolade_wire::tournament::{Stage, TournamentTerms};
use serde::Serialize;
use utoipa::ToSchema;

use crate::fields::{Field, malformed};
use crate::problem::Problem;
use crate::shapes::Time;
use crate::zone;

/// So many of the next occurrences are shown.
const SHOWN: usize = 5;
/// So many are looked at of those that were made.
const LOOKED_AT: usize = 100;
/// Most days of a week.
const WEEK: usize = 7;

/// When a tournament takes place again, by calendar and clock of its time zone: one of `daily`, `weekly`, `monthly` and
/// `cron`.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = TournamentRecurrence, example = json!({ "weekly": { "on": ["sat"], "at": "00:00" }, "lasts": "2d" }))]
pub(crate) struct RecursShape {
    /// Every day.
    #[serde(skip_serializing_if = "Option::is_none")]
    daily: Option<DailyShape>,
    /// Some days of the week.
    #[serde(skip_serializing_if = "Option::is_none")]
    weekly: Option<WeeklyShape>,
    /// A day of every month.
    #[serde(skip_serializing_if = "Option::is_none")]
    monthly: Option<MonthlyShape>,
    /// What the five fields of cron say: minute, hour, day of the month, month, day of the week.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 256)]
    cron: Option<String>,
    /// How long each occurrence lasts: days of the calendar, and then hours and minutes, as `2d`, `54h` or `1d12h30m`; until
    /// the next begins without, and never longer than that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20)]
    lasts: Option<String>,
}

/// A time of the clock on every day.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RecursDaily)]
pub(crate) struct DailyShape {
    /// Such as `18:00`.
    #[schema(pattern = "^[0-2][0-9]:[0-5][0-9]$")]
    at: String,
}

/// A time of the clock on some days of the week.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RecursWeekly)]
pub(crate) struct WeeklyShape {
    /// From `mon` to `sun`.
    #[schema(min_items = 1, max_items = 7)]
    on: Vec<String>,
    /// Such as `18:00`.
    #[schema(pattern = "^[0-2][0-9]:[0-5][0-9]$")]
    at: String,
}

/// A time of the clock on a day of every month.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RecursMonthly)]
pub(crate) struct MonthlyShape {
    /// From 1; the last day of months that have no such day.
    #[schema(minimum = 1, maximum = 31)]
    day: u8,
    /// Such as `18:00`.
    #[schema(pattern = "^[0-2][0-9]:[0-5][0-9]$")]
    at: String,
}

impl From<&RecurrenceTerms> for RecursShape {
    fn from(terms: &RecurrenceTerms) -> Self {
        let (mut daily, mut weekly, mut monthly, mut cron) = (None, None, None, None);
        match terms.begins.clone() {
            Begins::Daily { at } => daily = Some(DailyShape { at }),
            Begins::Weekly { on, at } => weekly = Some(WeeklyShape { on, at }),
            Begins::Monthly { day, at } => monthly = Some(MonthlyShape { day, at }),
            Begins::Cron(text) => cron = Some(text),
        }
        Self { daily, weekly, monthly, cron, lasts: terms.lasts.clone() }
    }
}

/// Reads when a tournament takes place again.
pub(super) fn read_recurs(field: &Field<'_>) -> Result<RecurrenceTerms, Problem> {
    let names = ["daily", "weekly", "monthly", "cron", "lasts"];
    let [daily, weekly, monthly, cron, lasts] = field.object(&names)?;
    let said = [&daily, &weekly, &monthly, &cron].map(Field::is_said);
    let begins = match said {
        [true, false, false, false] => {
            let [at] = daily.object(&["at"])?;
            Begins::Daily { at: needed(&at)? }
        }
        [false, true, false, false] => {
            let [on, at] = weekly.object(&["on", "at"])?;
            let days = on.texts(WEEK)?.ok_or_else(|| on.expected("days of the week"))?;
            Begins::Weekly { on: days, at: needed(&at)? }
        }
        [false, false, true, false] => {
            let [day, at] = monthly.object(&["day", "at"])?;
            let of_month = day.whole(1..=31)?.and_then(|day| u8::try_from(day).ok());
            let of_month = of_month.ok_or_else(|| day.expected("a whole number from 1 to 31"))?;
            Begins::Monthly { day: of_month, at: needed(&at)? }
        }
        [false, false, false, true] => Begins::Cron(needed(&cron)?),
        _ => return Err(field.wrong("expected one of `daily`, `weekly`, `monthly` and `cron`")),
    };
    Ok(RecurrenceTerms { begins, lasts: lasts.text()? })
}

fn needed(field: &Field<'_>) -> Result<String, Problem> {
    field.text()?.ok_or_else(|| field.expected("a text"))
}

/// Refuses what never takes place, or too often.
pub(super) fn check(terms: &TournamentTerms) -> Result<(), Problem> {
    let Some(recurs) = &terms.recurs else { return Ok(()) };
    if let Err(problem) = recurs.recurrence() {
        let within = problem.pointer.strip_prefix("/begins").unwrap_or(&problem.pointer);
        return Err(malformed(&format!("/recurs{within}"), problem.detail));
    }
    if times_a_day(terms) > TIMES_A_DAY_MAX {
        let detail = format!("expected at most {TIMES_A_DAY_MAX} times a day");
        return Err(malformed("/recurs/cron", detail));
    }
    Ok(())
}

/// An occurrence that is yet to come.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TournamentOccurrence)]
pub(crate) struct NextShape {
    /// Nothing where the series has no id yet.
    #[schema(required)]
    tournament_id: Option<String>,
    starts: Time,
    ends: Time,
    /// It is a tournament already.
    is_made: bool,
}

/// The next occurrences of a series, those that were made and those that will be; `number` is the series', or 0 for one that
/// is not there.
pub(super) fn next(
    tournaments: &Tournaments,
    number: u32,
    terms: &TournamentTerms,
    now: Timestamp,
) -> Vec<NextShape> {
    let zone = terms.recurs.as_ref().and_then(|_| zone::offsets(&terms.timezone));
    let Some(zone) = zone else { return Vec::new() };
    let time = |micros| Time(Timestamp::from_micros(micros));
    let made = tournaments.occurrences(number).rev().take(LOOKED_AT);
    let made = made.filter(|it| !it.is_cancelled() && it.terms().starts > now.micros());
    let mut made: Vec<_> = made.collect();
    made.sort_by_key(|it| it.terms().starts);
    let made = made.into_iter().map(|it| {
        let terms = it.terms();
        let (starts, ends) = (time(terms.starts), time(terms.ends));
        NextShape { tournament_id: Some(terms.id.clone()), starts, ends, is_made: true }
    });
    let takes_place = terms.stage != Stage::Cancelled;
    let coming =
        tournaments.coming(number, terms, &zone, now).take(if takes_place { SHOWN } else { 0 });
    let coming = coming.map(|coming| {
        let tournament_id = Some(coming.id).filter(|_| !terms.id.is_empty());
        let (starts, ends) = (Time(coming.starts), Time(coming.ends));
        NextShape { tournament_id, starts, ends, is_made: false }
    });
    made.chain(coming).take(SHOWN).collect()
}
