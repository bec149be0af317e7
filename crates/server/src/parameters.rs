//! Parameters of the query and the path, each read by name; one that nobody knows is refused, so that
//! a slip of the pen is not a query for everything.

use std::borrow::Cow;

use accolade_domain::time::Timestamp;
use accolade_wire::timestamp;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::problem::{Problem, Refusal};

/// Most items in one page.
pub(crate) const LIMIT_MAX: usize = 500;
const LIMIT: usize = 50;

/// The parameters of a query.
#[derive(Debug, Default)]
pub(crate) struct Parameters<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

fn bad(detail: String) -> Problem {
    Problem::new(Refusal::BadQuery, detail)
}

impl<'a> Parameters<'a> {
    /// Reads a query that may have these parameters, each once. `operatorId` may always be there.
    pub(crate) fn read(query: Option<&'a str>, known: &[&str]) -> Result<Self, Problem> {
        let Some(query) = query else { return Ok(Self::default()) };
        let mut parameters: Vec<(Cow<'_, str>, Cow<'_, str>)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if !known.contains(&&*name) && name != "operatorId" {
                let known = known.join("`, `");
                return Err(bad(if known.is_empty() {
                    format!("unknown parameter `{name}`: there are none here")
                } else {
                    format!("unknown parameter `{name}`: known here are `{known}`")
                }));
            }
            if parameters.iter().any(|(other, _)| *other == name) {
                return Err(bad(format!("the parameter `{name}` is there twice")));
            }
            parameters.push((name, value));
        }
        Ok(Self(parameters))
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| &**value)
    }

    /// A parameter that is one of a few words, or else `default`.
    pub(crate) fn choice<T: Copy>(
        &self,
        name: &str,
        default: T,
        choices: &[(&str, T)],
    ) -> Result<T, Problem> {
        let Some(value) = self.text(name) else { return Ok(default) };
        let chosen = choices.iter().find(|(word, _)| *word == value).map(|(_, choice)| *choice);
        chosen.ok_or_else(|| {
            let words: Vec<_> = choices.iter().map(|(word, _)| format!("`{word}`")).collect();
            bad(format!("`{name}`: expected {}, found `{value}`", words.join(" or ")))
        })
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

    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let Some(value) = self.text(name) else { return Ok(None) };
        timestamp::read(value).map(Some).ok_or_else(|| {
            let example = "an RFC 3339 time in UTC such as `2024-11-11T10:30:00Z`";
            bad(format!("`{name}`: expected {example}, found `{value}`"))
        })
    }

    /// A number in a cursor that this API made.
    pub(crate) fn cursor(&self) -> Result<Option<u64>, Problem> {
        let Some(value) = self.text("cursor") else { return Ok(None) };
        let number = value.strip_prefix('c').and_then(|hex| u64::from_str_radix(hex, 16).ok());
        let wrong = || bad("`cursor`: expected a `nextCursor` of this list".to_owned());
        number.map(Some).ok_or_else(wrong)
    }
}

/// Writes a number as a cursor.
pub(crate) fn cursor_of(number: u64) -> String {
    format!("c{number:x}")
}

/// The one part of the path that varies.
#[derive(Debug)]
pub(crate) struct Named(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let named: Result<Path<String>, PathRejection> =
            Path::from_request_parts(parts, state).await;
        match named {
            Ok(Path(name)) => Ok(Self(name)),
            Err(_) => Err(Problem::not_found("thing")),
        }
    }
}
