//! Checking a program's document without a node, with errors as a compiler prints them.

use std::path::Path;

use accolade_engine::rules::BEHAVIOUR;
use accolade_server::zone;
use accolade_wire::dialect::Dialect;
use accolade_wire::document::{self, DocumentProblem, Position};
use accolade_wire::program::{self, Document};
use anyhow::Context;

use crate::terminal::printable;

/// A file that holds a program.
#[derive(Debug)]
pub(super) struct Source {
    /// Its name, as it was given.
    pub(super) name: String,
    /// What it says.
    pub(super) text: String,
}

/// A document that can be published, as far as can be told without a node.
#[derive(Debug)]
pub(super) struct Checked {
    /// The document.
    pub(super) document: Document,
    /// The currency in which it counts.
    pub(super) currency: String,
    /// How many of its tests passed: all of them.
    pub(super) tests: usize,
}

impl Source {
    /// Reads `file`.
    pub(super) fn read(file: &Path) -> anyhow::Result<Self> {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("the program `{name}` cannot be read"))?;
        Ok(Self { name, text })
    }

    /// Checks it whole and runs its tests; errors are lines, each with its place.
    pub(super) fn check(&self) -> Result<Checked, Vec<String>> {
        let told = |problems: Vec<DocumentProblem>| {
            problems
                .iter()
                .map(|problem| self.error(problem.at, &problem.pointer, &problem.detail))
                .collect()
        };
        let document = program::read(&self.text).map_err(told)?;
        // The node that it is for may decide by an earlier one, and checks it again.
        let dialect = Dialect::of(BEHAVIOUR);
        let zone = zone::offsets(program::timezone(&document));
        let unknown_zone = if zone.is_none() { self.unknown_zone(&document) } else { None };
        let compiled = program::check_new(&document, zone.unwrap_or_default(), dialect);
        let program = match (compiled, unknown_zone) {
            (Ok(program), None) => program,
            (Ok(_), Some(problem)) => return Err(told(vec![problem])),
            (Err(mut problems), unknown_zone) => {
                problems.extend(unknown_zone);
                problems.sort_by_key(|problem| problem.at);
                return Err(told(problems));
            }
        };
        let failures = program::run_tests(&document, &program);
        if !failures.is_empty() {
            let lines = failures.iter().map(|failure| {
                let name = failure.name.as_deref().unwrap_or(&failure.pointer);
                let (expected, given) = (&failure.expected, &failure.given);
                let detail =
                    format!("test `{name}`: expected {expected}, the program gives {given}");
                self.error(failure.at, "", &detail)
            });
            return Err(lines.collect());
        }
        let currency = program.currency.to_string();
        Ok(Checked { currency, tests: self.test_count(), document })
    }

    fn error(&self, at: Position, pointer: &str, detail: &str) -> String {
        let Self { name, .. } = self;
        let field = if pointer.is_empty() { String::new() } else { format!("`{pointer}`: ") };
        let (Position { line, column }, text) = (at, printable(&format!("{field}{detail}")));
        format!("{name}:{line}:{column}: error: {text}")
    }

    fn unknown_zone(&self, document: &Document) -> Option<DocumentProblem> {
        let zone = program::timezone(document);
        let tree = document::read(&self.text).ok()?;
        let at = tree.get("timezone").map(|node| node.at).unwrap_or_default();
        let detail =
            format!("expected the name of a time zone such as `Europe/Malta`, found `{zone}`");
        Some(DocumentProblem { pointer: "/timezone".to_owned(), at, detail })
    }

    fn test_count(&self) -> usize {
        let tree = document::read(&self.text).ok();
        match tree.as_ref().and_then(|tree| tree.get("tests")).map(|node| &node.value) {
            Some(document::Value::List(tests)) => tests.len(),
            _ => 0,
        }
    }
}
