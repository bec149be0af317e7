//! An operator's program as a document: read, checked whole, compiled, tested and compared.
//!
//! A document is YAML or JSON ([`SCHEMA_SECOND`] describes it) and is stored as JSON. All that is wrong with
//! it is told at once, each with its place; what this version of Accolade does not do yet is refused,
//! so that no document is ever half applied. Whether the time zone exists is for the caller to say,
//! who has a time zone database.

mod cases;
mod compile;
mod conditions;
mod difference;
mod fields;
mod lots;
mod promotions;
mod signals;
mod slips;
mod spending;
mod tiers;

use accolade_domain::program::Program;
use accolade_domain::time::ZoneOffsets;

pub use self::cases::Failure;
pub use self::difference::{Change, ChangeKind};
use self::fields::Problems;
use crate::dialect::Dialect;
use crate::document::{self, DocumentProblem, Node, Unquoted, Value};

/// The JSON Schema (2020-12) of the documents of behaviour 1.
pub const SCHEMA_FIRST: &str = include_str!("../schema/program-1.schema.json");

/// The same of those of behaviour 2.
pub const SCHEMA_SECOND: &str = include_str!("../schema/program-2.schema.json");

/// A program's document, read but not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    root: Node,
    unquoted: Unquoted,
}

/// Reads a YAML or JSON text; says where it is neither.
pub fn read(text: &str) -> Result<Document, Vec<DocumentProblem>> {
    document::read_closely(text).map(|(root, unquoted)| Document { root, unquoted })
}

/// Checks the whole document, but for what `tests` expects (see [`run_tests`]).
pub fn check(document: &Document) -> Result<(), Vec<DocumentProblem>> {
    compile(document, ZoneOffsets::default()).map(|_| ())
}

/// Checks a document that is yet to be published, as `dialect` reads it: beside what is wrong with it, what it says by
/// a slip of the pen, and would mean for ever once it is published.
pub fn check_new(
    document: &Document,
    zone: ZoneOffsets,
    dialect: &Dialect,
) -> Result<Program, Vec<DocumentProblem>> {
    let mut problems = Problems::default();
    slips::find(document, &mut problems);
    match (dialect.program)(document, zone) {
        Ok(program) => problems.or(program),
        Err(wrong) => {
            for DocumentProblem { pointer, at, detail } in wrong {
                problems.add(&pointer, at, detail);
            }
            problems.or(()).map(|()| unreachable!("a document that is refused has a problem"))
        }
    }
}

/// Checks the whole document and makes the program of it.
///
/// `zone` are the offsets of the document's [`timezone`].
pub fn compile(document: &Document, zone: ZoneOffsets) -> Result<Program, Vec<DocumentProblem>> {
    compile_as(Reads::Second, document, zone)
}

/// The same, as what was published under behaviour 1 is read.
pub(crate) fn compile_first(
    document: &Document,
    zone: ZoneOffsets,
) -> Result<Program, Vec<DocumentProblem>> {
    compile_as(Reads::First, document, zone)
}

fn compile_as(
    reads: Reads,
    document: &Document,
    zone: ZoneOffsets,
) -> Result<Program, Vec<DocumentProblem>> {
    let mut problems = Problems::default();
    let program = compile::program(&document.root, zone, reads, &mut problems);
    problems.or(program)
}

/// How much of a document is read; the rest is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reads {
    /// Earning by multipliers.
    First,
    /// Tiers, promotions and conditions too.
    Second,
}

/// The name of the document's time zone; UTC where it says nothing.
pub fn timezone(document: &Document) -> &str {
    match document.root.get("timezone").map(|node| &node.value) {
        Some(Value::Text(name)) => name,
        _ => "UTC",
    }
}

/// The document as JSON without white space, numbers digit for digit as they were written.
///
/// This is the text that is stored: reading it gives the same program and writing it the same text.
pub fn to_json(document: &Document) -> String {
    document.root.to_string()
}

/// Runs the test cases that a checked document carries against its program; publishing requires that
/// none fails.
pub fn run_tests(document: &Document, program: &Program) -> Vec<Failure> {
    cases::run(&document.root, program)
}

/// What changed from `old` to `new`, in the order of `new`, what was removed last in its mapping.
///
/// The order of keys and names and the spelling of numbers do not count.
pub fn diff(old: &Document, new: &Document) -> Vec<Change> {
    difference::between(&old.root, &new.root)
}
