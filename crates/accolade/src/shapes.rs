//! What a node answers, as far as the commands read it.
//!
//! Numbers that stand for amounts and points keep their digits: they never become floats.

use std::fmt;

use accolade_domain::amount::Points;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::terminal::printable;

/// A JSON value as it was written.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct Raw(Box<RawValue>);

impl Raw {
    /// The JSON text.
    pub(crate) fn text(&self) -> &str {
        self.0.get()
    }

    /// The points that it stands for.
    pub(crate) fn points(&self) -> Option<Points> {
        match self.text().strip_prefix('-') {
            Some(taken) => Points::parse(taken).ok().map(Points::negated),
            None => Points::parse(self.text()).ok(),
        }
    }
}

/// Texts without their quotes, anything else as JSON.
impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match serde_json::from_str::<String>(self.text()) {
            Ok(text) => f.write_str(&printable(&text)),
            Err(_) => f.write_str(self.text()),
        }
    }
}

/// An error of the API (RFC 9457).
#[derive(Debug, Deserialize)]
pub(crate) struct Problem {
    /// One line for the kind of problem.
    #[serde(default)]
    pub(crate) title: String,
    /// What it is about this time.
    #[serde(default)]
    pub(crate) detail: Option<String>,
    /// Field by field.
    #[serde(default)]
    pub(crate) errors: Vec<FieldProblem>,
    /// The status of the answer.
    #[serde(default)]
    status: u16,
    /// The kind of problem, for programs.
    #[serde(default)]
    code: String,
    /// A URI with the id of the request.
    #[serde(default)]
    instance: Option<String>,
}

impl Problem {
    /// Whether the same could be answered with yes at another time: the node failed, or had too much to do.
    pub(crate) fn is_no_answer(&self) -> bool {
        self.status >= 500 || matches!(self.status, 408 | 429)
    }

    /// By what others find it: title, status, code and the id of the request.
    pub(crate) fn marks(&self) -> String {
        let Self { title, status, code, .. } = self;
        let request = self.instance.as_deref().unwrap_or_default();
        let request = request.strip_prefix("urn:accolade:request:").unwrap_or(request);
        let request =
            if request.is_empty() { String::new() } else { format!(", request {request}") };
        printable(&format!("{title} ({status} {code}{request})"))
    }
}

/// What is wrong with one field.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq, Hash)]
pub(crate) struct FieldProblem {
    /// JSON pointer to it; empty for the whole.
    #[serde(default)]
    pub(crate) pointer: String,
    /// What was expected.
    #[serde(default)]
    pub(crate) detail: String,
    /// The line of the document, where it is one.
    pub(crate) line: Option<u64>,
    /// The column.
    pub(crate) column: Option<u64>,
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, "{line}:{column}: ")?;
        }
        if !self.pointer.is_empty() {
            write!(f, "`{}`: ", printable(&self.pointer))?;
        }
        f.write_str(&printable(&self.detail))
    }
}

impl Problem {
    /// What it says, part by part: of the first field what the whole says is said once.
    pub(crate) fn parts(&self) -> Vec<String> {
        let what = self.detail.as_deref().unwrap_or(&self.title);
        let is_said = self.errors.first().is_some_and(|error| what.ends_with(&error.detail));
        let whole = (!is_said).then(|| printable(what));
        whole.into_iter().chain(self.errors.iter().map(FieldProblem::to_string)).collect()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts().join("\n  "))
    }
}

impl std::error::Error for Problem {}

/// `GET /local/operators`.
#[derive(Debug, Deserialize)]
pub(crate) struct Operators {
    /// All of them.
    pub(crate) items: Vec<Operator>,
}

/// One operator.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Operator {
    /// Its name in events.
    #[serde(rename = "operatorId")]
    pub(crate) id: String,
    /// Most events a second; 0 for no limit.
    #[serde(default)]
    pub(crate) events_per_second: u64,
    /// That nothing is taken in from it, where it is so.
    #[serde(default)]
    pub(crate) paused: Option<serde_json::Value>,
    /// The newest version of its program, where there is one.
    #[serde(default)]
    pub(crate) program_version: Option<u64>,
}

/// The key that the first start prints.
#[derive(Debug, Deserialize)]
pub(crate) struct MadeFirstKey {
    /// It.
    pub(crate) key: String,
    /// Until when it is valid.
    pub(crate) until: String,
}

/// A new operator, and its key.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewOperator {
    /// The API key; shown this once.
    pub(crate) key: String,
}

/// What became of one record.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome {
    /// `counted`, `refused`, `repeated`, `voided`, `dead_letter` or `accepted`.
    #[serde(rename = "outcome")]
    pub(crate) kind: String,
    /// Why, as a code.
    pub(crate) reason: Option<String>,
    /// Points.
    pub(crate) points: Option<Raw>,
    /// The balance after it.
    pub(crate) points_balance: Option<Raw>,
}

/// Where a player stands, as the balance tells it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Standing {
    /// Its name; nothing where there are no tiers.
    pub(crate) tier: Option<String>,
    /// The points that decide.
    pub(crate) tier_points: Option<Raw>,
    /// What can be spent.
    pub(crate) available: Option<Raw>,
}

/// The answer to many items.
#[derive(Debug, Deserialize)]
pub(crate) struct Many {
    /// How many were taken.
    pub(crate) accepted: u64,
    /// Those that were not.
    #[serde(default)]
    pub(crate) rejected: Vec<Rejected>,
    /// What became of those that were, with `wait=applied`.
    #[serde(default)]
    pub(crate) results: Vec<ItemOutcome>,
}

/// An item that was not taken.
#[derive(Debug, Deserialize)]
pub(crate) struct Rejected {
    /// Its index, from 0.
    pub(crate) index: usize,
    /// Why.
    pub(crate) problem: Problem,
}

/// What became of an item.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ItemOutcome {
    /// Its index, from 0.
    pub(crate) index: usize,
    /// `counted`, `refused`, `repeated`, `voided`, `dead_letter` or `accepted`.
    #[serde(rename = "outcome")]
    pub(crate) kind: String,
    /// Why, as a code.
    pub(crate) reason: Option<String>,
    /// Points.
    pub(crate) points: Option<Raw>,
}

/// Where a partition stands or an entry is.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Place {
    /// The partition.
    pub(crate) partition: u16,
    /// The batch in it.
    pub(crate) batch: u64,
    /// The slot in that.
    pub(crate) slot: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.partition, self.batch, self.slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_field_is_said_once() {
        for (text, expected) in [
            (r#"{"title":"A title"}"#, "A title"),
            (r#"{"detail":"no"}"#, "no"),
            (r#"{"detail":"`/a`: x","errors":[{"pointer":"/a","detail":"x"}]}"#, "`/a`: x"),
            (
                r#"{"detail":"`/a`: x","errors":[{"pointer":"/a","detail":"x","line":2,"column":3},{"pointer":"/b","detail":"y"}]}"#,
                "2:3: `/a`: x\n  `/b`: y",
            ),
            (
                r#"{"detail":"two are wrong","errors":[{"pointer":"/a","detail":"x"}]}"#,
                "two are wrong\n  `/a`: x",
            ),
        ] {
            assert_eq!(serde_json::from_str::<Problem>(text).unwrap().to_string(), expected);
        }
    }
}
