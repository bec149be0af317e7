//! Parameters of the query, each read by name; one that the route's record does not have is refused, so that a slip
//! of the pen is not a query for everything.

use accolade_domain::civil::Date;
use accolade_domain::time::{Day, Timestamp};
use accolade_wire::timestamp;

use crate::problem::{Problem, Refusal};
use crate::routes::{Form, Parameter, Route};

/// Most items in one page.
pub(crate) const LIMIT_MAX: usize = 500;
pub(crate) const LIMIT: usize = 50;

/// The parameter that asks for a dry run.
pub(crate) const DRY_RUN: &str = "dryRun";
/// The parameter that chooses an operator.
pub(crate) const OPERATOR_ID: &str = "operatorId";

/// The parameters of a query.
#[derive(Debug)]
pub(crate) struct Parameters {
    route: &'static Route,
    given: Vec<(&'static str, String)>,
}

/// Reads four figures, two and two.
fn read_day(text: &str) -> Option<Day> {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return None };
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_spelt = (year.len(), month.len(), day.len()) == (4, 2, 2)
        && parts.iter().all(|part| is_number(part));
    let date = || Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    is_spelt.then(date)?.map(Date::to_day)
}

fn bad(detail: String) -> Problem {
    Problem::new(Refusal::BadQuery, detail)
}

/// The name of a parameter that a route has. `operatorId` may always be there.
fn known(route: &Route, name: &str) -> Option<&'static str> {
    let own = route.query.iter().map(|parameter| parameter.name);
    let dry = route.effect.takes_dry_run().then_some(DRY_RUN);
    own.chain(dry).chain([OPERATOR_ID]).find(|known| *known == name)
}

impl Parameters {
    /// Reads a query that may have the parameters of `route`, each once.
    pub(crate) fn read(query: Option<&str>, route: &'static Route) -> Result<Self, Problem> {
        let mut given: Vec<(&str, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            let name = known(route, &name).ok_or_else(|| unknown(route, &name))?;
            if given.iter().any(|(other, _)| *other == name) {
                return Err(bad(format!("the parameter `{name}` is there twice")));
            }
            given.push((name, value.into_owned()));
        }
        Ok(Self { route, given })
    }

    /// All of them but for the player, in one spelling: what was asked, in words.
    pub(crate) fn written(&self) -> String {
        let mut written = form_urlencoded::Serializer::new(String::new());
        for Parameter { name, .. } in self.route.query.iter().filter(|one| one.name != "playerId") {
            if let Some(value) = self.text(name) {
                written.append_pair(name, value);
            }
        }
        written.finish()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        debug_assert!(known(self.route, name).is_some(), "`{name}` is not of {}", self.route.id);
        self.given.iter().find(|(other, _)| *other == name).map(|(_, value)| &**value)
    }

    /// A parameter that is one of a few words, or else `default`.
    pub(crate) fn choice<T: Copy>(
        &self,
        name: &str,
        default: T,
        choices: &[(&str, T)],
    ) -> Result<T, Problem> {
        debug_assert!(self.offers(name, choices), "`{name}` of {}: other words", self.route.id);
        let Some(value) = self.text(name) else { return Ok(default) };
        let chosen = choices.iter().find(|(word, _)| *word == value).map(|(_, choice)| *choice);
        chosen.ok_or_else(|| {
            let words: Vec<_> = choices.iter().map(|(word, _)| format!("`{word}`")).collect();
            bad(format!("`{name}`: expected {}, found `{value}`", words.join(" or ")))
        })
    }

    /// A parameter that is one of `words`, as it is.
    pub(crate) fn word(
        &self,
        name: &str,
        words: &'static [&'static str],
    ) -> Result<Option<&'static str>, Problem> {
        let choices: Vec<_> = words.iter().map(|word| (*word, Some(*word))).collect();
        self.choice(name, None, &choices)
    }

    /// Whether these are the words of the record.
    fn offers<T>(&self, name: &str, choices: &[(&str, T)]) -> bool {
        let described = self.route.query.iter().find(|parameter| parameter.name == name);
        match described.map(|parameter| parameter.form) {
            Some(Form::OneOf(words)) => words.iter().eq(choices.iter().map(|(word, _)| word)),
            Some(Form::Switch) | None => true,
            Some(_) => false,
        }
    }

    /// A switch, off by default.
    pub(crate) fn switch(&self, name: &str) -> Result<bool, Problem> {
        self.choice(name, false, &[("true", true), ("false", false)])
    }

    pub(crate) fn number(&self, name: &str, min: u64, max: u64) -> Result<Option<u64>, Problem> {
        let Some(value) = self.text(name) else { return Ok(None) };
        let number = value.parse().ok().filter(|number| (min..=max).contains(number));
        let wrong = || bad(format!("`{name}`: expected {min} to {max}, found `{value}`"));
        number.map(Some).ok_or_else(wrong)
    }

    /// A number of 32 bits; 0 without.
    pub(crate) fn small(&self, name: &str) -> Result<u32, Problem> {
        let number = self.number(name, 0, u64::from(u32::MAX))?.unwrap_or_default();
        Ok(u32::try_from(number).expect("it is bounded"))
    }

    /// How many items a page has.
    pub(crate) fn limit(&self) -> Result<usize, Problem> {
        let limit = self.number("limit", 1, LIMIT_MAX as u64)?;
        Ok(limit.map_or(LIMIT, |limit| usize::try_from(limit).unwrap_or(LIMIT_MAX)))
    }

    /// A partition of `count`.
    pub(crate) fn partition(&self, count: u16) -> Result<u16, Problem> {
        let last = u64::from(count.saturating_sub(1));
        let number = self.number("partition", 0, last)?;
        let number = number.and_then(|number| number.try_into().ok());
        number.ok_or_else(|| bad("`partition`: expected one".to_owned()))
    }

    /// Partitions of `count`, at least one.
    pub(crate) fn partitions(&self, count: u16) -> Result<Vec<u16>, Problem> {
        let numbers = self.text("partitions").unwrap_or_default().split(',');
        let numbers: Option<Vec<u16>> =
            numbers.map(|number| number.parse().ok().filter(|number| *number < count)).collect();
        numbers.ok_or_else(|| bad("`partitions`: expected numbers of partitions".to_owned()))
    }

    /// A day such as `2026-11-29`.
    pub(crate) fn day(&self, name: &str) -> Result<Option<Day>, Problem> {
        let Some(value) = self.text(name) else { return Ok(None) };
        read_day(value).map(Some).ok_or_else(|| {
            bad(format!("`{name}`: expected a day such as `2026-11-29`, found `{value}`"))
        })
    }

    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let Some(value) = self.text(name) else { return Ok(None) };
        timestamp::read(value).map(Some).ok_or_else(|| {
            let example = "an RFC 3339 time in UTC such as `2024-11-11T10:30:00Z`";
            bad(format!("`{name}`: expected {example}, found `{value}`"))
        })
    }
}

fn unknown(route: &Route, name: &str) -> Problem {
    let own = route.query.iter().map(|Parameter { name, .. }| *name);
    let dry = route.effect.takes_dry_run().then_some(DRY_RUN);
    let known: Vec<_> = own.chain(dry).collect();
    bad(if known.is_empty() {
        format!("unknown parameter `{name}`: there are none here")
    } else {
        format!("unknown parameter `{name}`: known here are `{}`", known.join("`, `"))
    })
}
