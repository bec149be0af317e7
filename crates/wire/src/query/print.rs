//! Expressions as text: every operand that is an operation stands in brackets, so that none depends on which operator
//! binds closer.

use std::fmt::Write as _;

use accolade_domain::civil::Date;
use accolade_domain::query::data::Path;
use accolade_domain::query::decimal::Decimal;
use accolade_domain::query::expression::{Expression, Extreme, Function, Operator, Part, Relation};
use accolade_domain::query::scoring::{Query, Scoring};
use accolade_domain::query::text::Case;
use accolade_domain::query::value::{Literal, Type};

use sqlparser::keywords::ALL_KEYWORDS;

use super::words::DATA;
use crate::timestamp;

pub(super) fn expression(expression: &Expression) -> String {
    match expression {
        Expression::Literal(it) => literal(it),
        Expression::Column(column) => column.name().to_owned(),
        Expression::Data(path, _) => data(path),
        Expression::Not(part) => format!("NOT {}", operand(part)),
        Expression::All(parts) => joined(parts, " AND ", operand),
        Expression::Any(parts) => joined(parts, " OR ", operand),
        Expression::IsNull(part) => format!("{} IS NULL", operand(part)),
        Expression::Compare(relation, sides) => {
            let [left, right] = compared(sides);
            format!("{left} {} {right}", sign(*relation))
        }
        Expression::In(part, items) => {
            let items: Vec<String> = items.all().map(literal).collect();
            format!("{} IN ({})", operand(part), items.join(", "))
        }
        Expression::Like(part, pattern) => {
            format!("{} LIKE {}", operand(part), quoted(&pattern.written()))
        }
        Expression::Calculate(operator, sides) => {
            let sign = match operator {
                Operator::Plus => '+',
                Operator::Minus => '-',
                Operator::Times => '*',
                Operator::Divided => '/',
                Operator::Remainder => '%',
            };
            format!("{} {sign} {}", operand(&sides[0]), operand(&sides[1]))
        }
        Expression::Apply(function, part) => apply(*function, part),
        Expression::Case(arms, otherwise) => {
            let mut text = "CASE".to_owned();
            for (condition, value) in arms {
                let (condition, value) = (self::expression(condition), self::expression(value));
                write!(text, " WHEN {condition} THEN {value}").expect("a string takes all");
            }
            format!("{text} ELSE {} END", self::expression(otherwise))
        }
        Expression::Coalesce(parts) => call("COALESCE", parts),
        Expression::Extreme(Extreme::Greatest, parts) => call("GREATEST", parts),
        Expression::Extreme(Extreme::Least, parts) => call("LEAST", parts),
    }
}

/// Both sides of a comparison. Where neither says by itself of what type it is, one is made to.
fn compared(sides: &[Expression; 2]) -> [String; 2] {
    let [left, right] = sides.each_ref().map(operand);
    let cast = |side, wanted| {
        let name = if wanted == Type::Number { "NUMERIC" } else { "TEXT" };
        format!("CAST({} AS {name})", expression(side))
    };
    let says_nothing = |side| is_null(side) || untyped(side).is_some();
    match [untyped(&sides[0]), untyped(&sides[1])] {
        [Some(wanted), _] if says_nothing(&sides[1]) => [cast(&sides[0], wanted), right],
        [None, Some(wanted)] if says_nothing(&sides[0]) => [left, cast(&sides[1], wanted)],
        _ => [left, right],
    }
}

fn is_null(expression: &Expression) -> bool {
    matches!(expression, Expression::Literal(Literal::Null))
}

/// The type for which an expression is taken that has none of its own; `None` where it has.
fn untyped(expression: &Expression) -> Option<Type> {
    match expression {
        Expression::Data(_, taken_for) => Some(*taken_for),
        Expression::Case(arms, otherwise) => {
            let results = arms.iter().map(|(_, result)| result).chain([&**otherwise]);
            untyped_all(results)
        }
        Expression::Coalesce(parts) | Expression::Extreme(_, parts) => untyped_all(parts.iter()),
        _ => None,
    }
}

/// The same of results of which NULL may be one.
fn untyped_all<'e>(results: impl Iterator<Item = &'e Expression>) -> Option<Type> {
    let mut results = results.filter(|it| !is_null(it));
    let first = untyped(results.next()?)?;
    results.all(|result| untyped(result).is_some()).then_some(first)
}

/// An expression as a part of an operation.
fn operand(part: &Expression) -> String {
    let text = expression(part);
    match part {
        Expression::Literal(Literal::Number(number)) if *number < Decimal::ZERO => {
            format!("({text})")
        }
        Expression::Apply(Function::Negate, _)
        | Expression::Not(_)
        | Expression::All(_)
        | Expression::Any(_)
        | Expression::IsNull(_)
        | Expression::Compare(..)
        | Expression::In(..)
        | Expression::Like(..)
        | Expression::Calculate(..) => format!("({text})"),
        Expression::Data(path, _) if !path.iter().all(|key| is_plain(key)) => format!("({text})"),
        Expression::Literal(_)
        | Expression::Column(_)
        | Expression::Data(..)
        | Expression::Apply(..)
        | Expression::Case(..)
        | Expression::Coalesce(_)
        | Expression::Extreme(..) => text,
    }
}

/// `data.a.b` where that can be read again, or else `data->'a'->>'b'`.
fn data(path: &Path) -> String {
    let mut text = DATA.to_owned();
    let is_plain = path.iter().all(|key| is_plain(key));
    for (index, key) in path.iter().enumerate() {
        let arrow = if index + 1 == path.len() { "->>" } else { "->" };
        if is_plain {
            write!(text, ".{key}").expect("a string takes all");
        } else {
            write!(text, "{arrow}{}", quoted(key)).expect("a string takes all");
        }
    }
    text
}

fn is_plain(key: &str) -> bool {
    let is_word = key.starts_with(|first: char| first.is_ascii_alphabetic())
        && key.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    is_word && !ALL_KEYWORDS.contains(&&*key.to_ascii_uppercase())
}

/// A statement: what counts, and how.
pub(super) fn query(query: &Query) -> String {
    let Query { source, condition, scoring } = query;
    let [source, _] = source.names();
    let counted = scoring.as_ref().map_or_else(
        || "*".to_owned(),
        |Scoring { aggregate, of }| {
            let of = of.as_ref().map_or_else(|| "*".to_owned(), expression);
            format!("playerId, {}({of}) AS score", aggregate.name())
        },
    );
    let condition = condition.as_ref().map(|it| format!(" WHERE {}", expression(it)));
    let group = if scoring.is_some() { " GROUP BY playerId" } else { "" };
    format!("SELECT {counted} FROM {source}{}{group}", condition.unwrap_or_default())
}

fn call(function: &str, parts: &[Expression]) -> String {
    format!("{function}({})", joined(parts, ", ", expression))
}

fn joined(parts: &[Expression], between: &str, write: fn(&Expression) -> String) -> String {
    parts.iter().map(write).collect::<Vec<_>>().join(between)
}

fn apply(function: Function, part: &Expression) -> String {
    let inner = expression(part);
    match function {
        Function::Negate => format!("-{}", operand(part)),
        Function::Absolute => format!("ABS({inner})"),
        Function::Floor => format!("FLOOR({inner})"),
        Function::Round(0) => format!("ROUND({inner})"),
        Function::Round(places) => format!("ROUND({inner}, {places})"),
        Function::Case(Case::Lower) => format!("LOWER({inner})"),
        Function::Case(Case::Upper) => format!("UPPER({inner})"),
        Function::Date => format!("CAST({inner} AS DATE)"),
        Function::Extract(part) => {
            let part = match part {
                Part::Year => "YEAR",
                Part::Month => "MONTH",
                Part::Day => "DAY",
                Part::DayOfWeek => "DOW",
                Part::Hour => "HOUR",
                Part::Minute => "MINUTE",
            };
            format!("EXTRACT({part} FROM {inner})")
        }
    }
}

const fn sign(relation: Relation) -> &'static str {
    match relation {
        Relation::Equal => "=",
        Relation::NotEqual => "<>",
        Relation::Less => "<",
        Relation::LessOrEqual => "<=",
        Relation::Greater => ">",
        Relation::GreaterOrEqual => ">=",
    }
}

fn literal(literal: &Literal) -> String {
    match literal {
        Literal::Null => "NULL".to_owned(),
        Literal::Boolean(true) => "TRUE".to_owned(),
        Literal::Boolean(false) => "FALSE".to_owned(),
        Literal::Number(number) => number.to_string(),
        Literal::Text(text) => quoted(text),
        Literal::Time(at) => quoted(&timestamp::write(*at).to_string()),
        Literal::Date(day) => {
            let date = Date::of(*day);
            let (year, month, day) = (date.year(), date.month(), date.day_of_month());
            format!("DATE '{year:04}-{month:02}-{day:02}'")
        }
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
