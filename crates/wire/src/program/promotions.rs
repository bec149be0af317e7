//! Promotions: when they hold, where, and what they give.

use std::sync::Arc;

use accolade_domain::amount::{Points, Rate};
use accolade_domain::budget::Budget;
use accolade_domain::promotion::{
    Combine, Dates, Every, Hours, PROMOTIONS_MAX, Promotion, Weekdays, When,
};
use accolade_domain::query::expression::Expression;

use super::compile::{names, sorted};
use super::conditions::condition;
use super::fields::{Field, Problems, Section};
use crate::clock::{WEEKDAYS, minute};
use crate::document::Value;
use crate::query::COST_MAX;

const KEYS: [&str; 9] =
    ["name", "from", "to", "every", "jurisdictions", "where", "multiply", "bonus", "budget"];
/// What the conditions of all promotions may cost together: a wager may have to ask each of them.
const CONDITIONS_COST_MAX: u64 = 4 * COST_MAX;

/// Which of the promotions that hold count.
pub(super) fn combine(section: &Section<'_>, problems: &mut Problems) -> Combine {
    let choices = [("all", Combine::All), ("first", Combine::First)];
    let combine = section.get("promotionsCombine");
    combine.and_then(|field| field.choice(&choices, &[], problems)).unwrap_or_default()
}

/// Reads all promotions, in the order of the document.
pub(super) fn promotions(section: &Section<'_>, problems: &mut Problems) -> Arc<[Promotion]> {
    let Some(field) = section.get("promotions") else { return Arc::default() };
    let items = field.items(problems);
    if items.len() > PROMOTIONS_MAX {
        let detail = format!(
            "expected at most {PROMOTIONS_MAX} promotions; leave out what is over, each version has its own"
        );
        field.wrong(detail, problems);
        return Arc::default();
    }
    let mut promotions: Vec<Promotion> = Vec::new();
    for item in items {
        let promotion = promotion(&item, problems);
        if !promotion.name.is_empty() && promotions.iter().any(|other| other.name == promotion.name)
        {
            let detail = format!("there is another promotion of the name `{}`", promotion.name);
            item.wrong(detail, problems);
        }
        promotions.push(promotion);
    }
    let conditions = promotions.iter().filter_map(|promotion| promotion.condition.as_deref());
    if conditions.map(Expression::cost).sum::<u64>() > CONDITIONS_COST_MAX {
        let detail = format!(
            "the conditions of all promotions cost more than {CONDITIONS_COST_MAX} comparisons together"
        );
        field.wrong(detail, problems);
    }
    promotions.into()
}

fn promotion(field: &Field<'_>, problems: &mut Problems) -> Promotion {
    let section = field.section(&KEYS, &[], problems);
    if section.get("name").is_none() {
        field.missing("name", "`name: double-weekend`", problems);
    }
    let name = section.get("name").and_then(|name| name.name(problems)).unwrap_or_default();
    if section.get("multiply").is_none() && section.get("bonus").is_none() {
        field.missing("multiply", "`multiply: 2` or `bonus: 5`", problems);
    }
    Promotion {
        name: name.into(),
        when: when(&section, problems),
        jurisdictions: sorted(&names(&section, "jurisdictions", problems)),
        condition: condition(&section, problems).map(Box::new),
        multiply: multiply(&section, problems),
        bonus: section
            .get("bonus")
            .and_then(|bonus| bonus.points(problems))
            .unwrap_or(Points::ZERO),
        budget: budget(&section, problems),
    }
}

/// How much a promotion gives at most. One that takes points away has nothing that could be limited.
fn budget(section: &Section<'_>, problems: &mut Problems) -> Option<Budget> {
    let field = section.get("budget")?;
    if let Some(multiply) = section.get("multiply")
        && multiply.rate(&mut Problems::default()).is_some_and(|rate| rate < Rate::ONE)
    {
        let detail = "expected a multiplier of 1 or more: a promotion with a budget gives points";
        multiply.wrong(detail, problems);
    }
    let of = field.section(&["points", "perPlayer"], &[], problems);
    let mut limit = |key| of.get(key).and_then(|field| positive(field, problems));
    let budget = Budget { points: limit("points"), per_player: limit("perPlayer") };
    match (of.get("points"), of.get("perPlayer")) {
        (None, None) => {
            field.missing("points", "`points: 100000` or `perPlayer: 500`", problems);
        }
        (Some(_), Some(per_player)) if budget.per_player > budget.points => {
            per_player.wrong("expected no more than `points`, which all players share", problems);
        }
        _ => {}
    }
    Some(budget)
}

fn positive(field: &Field<'_>, problems: &mut Problems) -> Option<Points> {
    let points = field.points(problems)?;
    if points == Points::ZERO {
        field.wrong("expected points above 0; without a limit, leave it out", problems);
        return None;
    }
    Some(points)
}

/// A promotion never takes all away: that is what eligibility is for.
fn multiply(section: &Section<'_>, problems: &mut Problems) -> Rate {
    let Some(field) = section.get("multiply") else { return Rate::ONE };
    let Some(rate) = field.rate(problems) else { return Rate::ONE };
    if rate == Rate::ZERO {
        field.wrong("expected a multiplier above 0; what earns nothing is not eligible", problems);
    }
    rate
}

fn when(section: &Section<'_>, problems: &mut Problems) -> When {
    let mut time = |key| section.get(key).and_then(|field| field.time(problems));
    let (from, to) = (time("from"), time("to"));
    if let (Some(from), Some(to), Some(field)) = (from, to, section.get("to"))
        && to <= from
    {
        field.wrong("expected a time after `from`: the promotion would never hold", problems);
    }
    When { from, to, every: section.get("every").map(|field| every(field, problems)) }
}

fn every(field: &Field<'_>, problems: &mut Problems) -> Every {
    let section = field.section(&["days", "hours", "dates"], &[], problems);
    let mut every = Every::default();
    if let Some(days) = section.get("days") {
        every.days = weekdays(days, problems);
    }
    if let Some(hours) = section.get("hours") {
        every.hours = one_or_more(hours, problems)
            .into_iter()
            .filter_map(|hours| read_hours(&hours, problems))
            .collect();
    }
    if let Some(dates) = section.get("dates") {
        for date in one_or_more(dates, problems) {
            add_date(&mut every.dates, &date, problems);
        }
    }
    if ["days", "hours", "dates"].iter().all(|key| section.get(key).is_none()) {
        field.missing(
            "days",
            "`days: [sat, sun]`, `hours: \"18:00-22:00\"` or `dates: [1]`",
            problems,
        );
    }
    every
}

/// A list of at least one, or what stands for a list of one.
fn one_or_more<'d>(field: &Field<'d>, problems: &mut Problems) -> Vec<Field<'d>> {
    if !matches!(field.node.value, Value::List(_)) {
        return vec![field.clone()];
    }
    let items = field.items(problems);
    if items.is_empty() {
        field.wrong("expected at least one; to restrict nothing, leave it out", problems);
    }
    items
}

fn weekdays(field: &Field<'_>, problems: &mut Problems) -> Weekdays {
    let days = one_or_more(field, problems);
    days.into_iter().filter_map(|day| day.choice(&WEEKDAYS, &[], problems)).collect()
}

/// `18:00-22:00`; over midnight where the end is not later.
fn read_hours(field: &Field<'_>, problems: &mut Problems) -> Option<Hours> {
    let hours = match &field.node.value {
        Value::Text(text) => text
            .split_once('-')
            .and_then(|(from, to)| Hours::between(minute(from.trim())?, minute(to.trim())?)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => None,
    };
    if hours.is_none() {
        field.expected("hours such as `\"18:00-22:00\"`", problems);
    }
    hours
}

/// `15`, `last`, or `12-24` for each year.
fn add_date(dates: &mut Dates, field: &Field<'_>, problems: &mut Problems) {
    let is_date = match &field.node.value {
        Value::Number(day) => day.parse().is_ok_and(|day| dates.add_monthly(day)),
        Value::Text(text) if &**text == "last" => {
            dates.add_last_of_months();
            true
        }
        Value::Text(text) => text.split_once('-').is_some_and(|(month, day)| {
            let (month, day) = (month.parse(), day.parse());
            month.is_ok_and(|month| day.is_ok_and(|day| dates.add_yearly(month, day)))
        }),
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => false,
    };
    if !is_date {
        let form = "a day of the month (`15`), `last`, or a date of the year (`\"12-24\"`)";
        field.expected(form, problems);
    }
}
