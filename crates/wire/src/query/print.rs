//! Expressions as text: every operand that is an operation stands in brackets, so that none depends on which operator
//! binds closer.

use std::fmt::Write as _;

use accolade_domain::civil::Date;
use accolade_domain::query::decimal::Decimal;
use accolade_domain::query::expression::{Expression, Extreme, Function, Operator, Part, Relation};
use accolade_domain::query::text::Case;
use accolade_domain::query::value::Literal;

use crate::timestamp;

pub(super) fn expression(expression: &Expression) -> String {
    match expression {
        Expression::Literal(it) => literal(it),
        Expression::Column(column) => column.name().to_owned(),
        Expression::Not(part) => format!("NOT {}", operand(part)),
        Expression::All(parts) => joined(parts, " AND ", operand),
        Expression::Any(parts) => joined(parts, " OR ", operand),
        Expression::IsNull(part) => format!("{} IS NULL", operand(part)),
        Expression::Compare(relation, sides) => {
            format!("{} {} {}", operand(&sides[0]), sign(*relation), operand(&sides[1]))
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
        Expression::Literal(_)
        | Expression::Column(_)
        | Expression::Apply(..)
        | Expression::Case(..)
        | Expression::Coalesce(_)
        | Expression::Extreme(..) => text,
    }
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
