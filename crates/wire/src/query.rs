//! The query language: SQL as text, read by `sqlparser`, checked by name and type, compiled once.
//!
//! Conditions over a wager are those of programs; statements, which say what a tournament counts, are over wagers or game
//! events. `docs/decisions/033` says what they are and where they differ from other SQL. What can be read is bounded before it is parsed, so that no text takes more than a moment or a stack: whatever
//! is beyond a bound is refused with its place.

mod check;
mod print;
mod statement;
mod words;

use std::fmt;

use accolade_domain::query::expression::Expression;
use accolade_domain::query::row::Source;
use accolade_domain::query::scoring::Query;
use accolade_domain::query::value::Type;
use sqlparser::ast::Expr;
use sqlparser::dialect::{Dialect, PostgreSqlDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use self::check::Checker;
use crate::document::Position;

/// Greatest length of a text in bytes.
pub const BYTES_MAX: usize = 16 << 10;
/// Most words, signs and literals.
pub const TOKENS_MAX: usize = 4_096;
/// Most brackets, `CASE`s and signs before an operand that are open at one place.
pub const BRACKETS_MAX: usize = 48;
/// Most operations within each other; a chain of `AND` or of `OR` is one.
pub const LEVELS_MAX: usize = 24;
/// Most bytes of a text literal: twice what identifiers have.
pub const LITERAL_BYTES_MAX: usize = 256;
/// What an expression may cost, as [`Expression::cost`] counts.
pub const COST_MAX: u64 = 4_096;

/// Most steps down of the parser, each of some 6 KB of stack: what is within the other bounds takes fewer, but for what
/// only looks like a query.
const PARSER_STEPS_MAX: usize = 100;

/// Why a text is no query: what was found, and what was expected instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryProblem {
    /// Where in the text.
    pub at: Position,
    /// What stands there.
    pub found: String,
    /// What could stand there.
    pub expected: String,
    /// The name that was probably meant.
    pub nearest: Option<&'static str>,
    /// A query that does what this one was probably to do.
    pub rewrite: Option<String>,
}

impl fmt::Display for QueryProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, found, expected, nearest, rewrite } = self;
        write!(f, "line {}, column {}: expected {expected}, found {found}", at.line, at.column)?;
        match (nearest, rewrite) {
            (Some(nearest), _) => write!(f, "; did you mean `{nearest}`?"),
            (None, Some(rewrite)) => write!(f, "; did you mean this? {rewrite}"),
            (None, None) => Ok(()),
        }
    }
}

impl std::error::Error for QueryProblem {}

/// Compiles a condition over a wager: an expression that is true or not.
///
/// What is accepted can be printed: the text of [`print()`] is accepted again and compiles to the same.
pub fn compile_condition(text: &str) -> Result<Expression, QueryProblem> {
    let read = |text: &str| {
        let tree = parse(words::read(text)?)?;
        Checker::new(Source::Wagers).of(Type::Boolean, &tree)
    };
    let condition = read(text)?;
    refuse_unprintable(&condition, &print(&condition), read)?;
    Ok(condition)
}

/// An expression as text, with every bracket.
pub fn print(expression: &Expression) -> String {
    print::expression(expression)
}

/// Compiles a statement: what a tournament counts, and how, if it says so.
///
/// `SELECT playerId, SUM(…) AS score FROM wagers WHERE … GROUP BY playerId` does. So does what goes before it and after
/// it in ksqlDB (`CREATE STREAM … AS`, `EMIT CHANGES`), without which it is printed. A `SELECT` of columns says only
/// which events count. What is accepted can be printed: the text of [`print_query()`] compiles to the same.
pub fn compile_query(text: &str) -> Result<Query, QueryProblem> {
    let query = statement::read(text)?;
    refuse_unprintable(&query, &print_query(&query), statement::read)?;
    Ok(query)
}

/// A query as text, with every bracket.
pub fn print_query(query: &Query) -> String {
    print::query(query)
}

/// Whatever is stored is what was printed: it has to fit within the same bounds.
fn refuse_unprintable<T: PartialEq>(
    compiled: &T,
    printed: &str,
    read: impl FnOnce(&str) -> Result<T, QueryProblem>,
) -> Result<(), QueryProblem> {
    if read(printed).as_ref() == Ok(compiled) {
        return Ok(());
    }
    let found = "one that is too long when it is written out in full";
    Err(problem(Position { line: 1, column: 1 }, found, "a shorter condition"))
}

fn problem(at: Position, found: impl Into<String>, expected: impl Into<String>) -> QueryProblem {
    let (found, expected) = (found.into(), expected.into());
    QueryProblem { at, found, expected, nearest: None, rewrite: None }
}

/// One expression, and nothing after it.
fn parse(tokens: Vec<TokenWithSpan>) -> Result<Expr, QueryProblem> {
    let end = tokens.last().map_or(Location::new(1, 1), |token| token.span.end);
    let mut parser =
        Parser::new(&Sql).with_recursion_limit(PARSER_STEPS_MAX).with_tokens_with_locations(tokens);
    let tree = parser.parse_expr();
    let next = parser.peek_token();
    let (expected, found, at) = match tree {
        Ok(tree) if next.token == Token::EOF => return Ok(tree),
        Ok(_) => ("an operator or the end".to_owned(), found(&next.token), next.span.start),
        Err(ParserError::RecursionLimitExceeded) => {
            ("fewer operations within each other".to_owned(), found(&next.token), next.span.start)
        }
        Err(ParserError::ParserError(message) | ParserError::TokenizerError(message)) => {
            told(&message).unwrap_or_else(|| (named(&message), found(&next.token), next.span.start))
        }
    };
    let at = if at.line == 0 { end } else { at };
    Err(problem(position(at), found, expected))
}

/// The parts of what the parser says: `Expected: X, found: Y at Line: 1, Column: 2`.
fn told(message: &str) -> Option<(String, String, Location)> {
    let (expected, rest) = message.strip_prefix("Expected: ")?.split_once(", found: ")?;
    let Some((found, place)) = rest.rsplit_once(" at Line: ") else {
        return Some((named(expected), END.to_owned(), Location::empty()));
    };
    let (line, column) = place.split_once(", Column: ")?;
    let at = Location::new(line.parse().ok()?, column.parse().ok()?);
    Some((named(expected), quoted(found), at))
}

/// What the parser expects, as far as the language has it.
fn named(expected: &str) -> String {
    match expected {
        after_is if after_is.contains("after IS") => "`NULL` or `NOT NULL`".to_owned(),
        from if from.contains("'FROM'") => "`EXTRACT(… FROM …)`".to_owned(),
        word if !word.contains(' ') => quoted(word),
        words => words.to_owned(),
    }
}

const END: &str = "the end";

fn found(token: &Token) -> String {
    if *token == Token::EOF { END.to_owned() } else { quoted(&token.to_string()) }
}

fn quoted(text: &str) -> String {
    const LETTERS_MAX: usize = 40;
    let mut shown = String::new();
    for letter in text.chars().take(LETTERS_MAX) {
        if letter.is_control() {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    let more = if text.chars().nth(LETTERS_MAX).is_some() { "…" } else { "" };
    format!("`{shown}{more}`")
}

fn position(at: Location) -> Position {
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).max(1);
    Position { line: count(at.line), column: count(at.column) }
}

/// The dialect: words of letters, digits and `_`, and operators that bind as in [`PostgreSqlDialect`].
#[derive(Debug)]
struct Sql;

impl Dialect for Sql {
    fn is_identifier_start(&self, letter: char) -> bool {
        letter.is_alphabetic() || letter == '_'
    }

    fn is_identifier_part(&self, letter: char) -> bool {
        letter.is_alphanumeric() || letter == '_'
    }

    /// So that what is wrong within a `CASE` is told there, and not taken for a name.
    fn is_reserved_for_identifier(&self, _: Keyword) -> bool {
        true
    }

    fn prec_value(&self, precedence: Precedence) -> u8 {
        PostgreSqlDialect {}.prec_value(precedence)
    }
}
