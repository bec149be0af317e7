//! Expressions over one event, compiled: what is left to do for each event allocates nothing and cannot panic.
//!
//! They are checked where they are made, so that operands have the types that an operation is for; of one that has not,
//! nothing is known (NULL).

use std::cmp::Ordering;

use super::data::Path;
use super::decimal::{Decimal, Failure};
use super::row::{Column, Row};
use super::text::{Case, Pattern};
use super::value::{Literal, Type, Value};
use crate::civil::{Date, Local, Weekday};
use crate::time::HOUR_MICROS;

/// What is computed of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// Always the same.
    Literal(Literal),
    /// What the event says.
    Column(Column),
    /// What a field of its data says, taken for a value of a type.
    Data(Box<Path>, Type),
    /// `NOT`
    Not(Box<Self>),
    /// `AND` of all. What comes after one that is false is not computed.
    All(Box<[Self]>),
    /// `OR` of all. What comes after one that is true is not computed.
    Any(Box<[Self]>),
    /// `IS NULL`
    IsNull(Box<Self>),
    /// A comparison.
    Compare(Relation, Box<[Self; 2]>),
    /// `IN` a list of literals.
    In(Box<Self>, Items),
    /// `LIKE`
    Like(Box<Self>, Pattern),
    /// `+`, `-`, `*`, `/`, `%`
    Calculate(Operator, Box<[Self; 2]>),
    /// A function of one operand.
    Apply(Function, Box<Self>),
    /// `CASE`: the value of the first arm whose condition is true, or else the last.
    Case(Box<[(Self, Self)]>, Box<Self>),
    /// `COALESCE`: the first that is not NULL.
    Coalesce(Box<[Self]>),
    /// `GREATEST` (or `LEAST`) of those that are not NULL.
    Extreme(Extreme, Box<[Self]>),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// How two numbers are calculated with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Times,
    /// `/`, to 18 decimals, half away from zero.
    Divided,
    /// `%`, with the sign of the first.
    Remainder,
}

/// A function of one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// `-`
    Negate,
    /// `ABS`
    Absolute,
    /// `FLOOR`
    Floor,
    /// `ROUND` to so many decimals, half away from zero.
    Round(u8),
    /// `LOWER` or `UPPER`
    Case(Case),
    /// `CAST(… AS DATE)`, in the row's zone.
    Date,
    /// `EXTRACT(… FROM …)`, in the row's zone.
    Extract(Part),
}

/// What `EXTRACT` takes of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The year.
    Year,
    /// The month, from 1.
    Month,
    /// The day of the month, from 1.
    Day,
    /// The day of the week; Sunday is 0.
    DayOfWeek,
    /// The hour, from 0.
    Hour,
    /// The minute, from 0.
    Minute,
}

/// Which of several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extreme {
    /// `GREATEST`
    Greatest,
    /// `LEAST`
    Least,
}

/// The literals of an `IN`, sorted, so that a long list costs hardly more than a short one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Items {
    sorted: Box<[Literal]>,
    has_null: bool,
}

impl Items {
    /// Takes literals of one type, and NULL.
    pub fn new(mut literals: Vec<Literal>) -> Self {
        let count = literals.len();
        literals.retain(|literal| *literal != Literal::Null);
        let has_null = literals.len() < count;
        literals.sort_by(order);
        literals.dedup();
        Self { sorted: literals.into(), has_null }
    }

    /// All, NULL last.
    pub fn all(&self) -> impl Iterator<Item = &Literal> {
        self.sorted.iter().chain(self.has_null.then_some(&Literal::Null))
    }

    /// Whether a value that is not NULL is one of them; unknown where one of them is NULL.
    fn have(&self, value: &Value<'_>) -> Option<bool> {
        let found = self
            .sorted
            .binary_search_by(|item| Value::from(item).compare(value).unwrap_or(Ordering::Less));
        if found.is_err() && self.has_null { None } else { Some(found.is_ok()) }
    }
}

fn order(a: &Literal, b: &Literal) -> Ordering {
    Value::from(a).compare(&Value::from(b)).unwrap_or(Ordering::Equal)
}

impl Expression {
    /// A comparison. A number in it has the decimals that an event's amounts have, so that it is not raised to them for
    /// each event.
    pub fn comparison(relation: Relation, mut sides: Box<[Self; 2]>) -> Self {
        for side in &mut *sides {
            if let Self::Literal(Literal::Number(number)) = side {
                *number = number.like_amounts();
            }
        }
        Self::Compare(relation, sides)
    }

    /// Whether it is true of a row; what is unknown is not.
    ///
    /// Whatever cannot be computed (a division by 0, a number of more than 256 bits) is not true either: a condition
    /// has no other answer to give for one wager, and the next wager may well have one.
    pub fn is_true(&self, row: &Row<'_>) -> bool {
        self.truth(row) == Ok(Some(true))
    }

    /// The only texts with which a column can make it true, where it says so itself: what is common to the conditions of
    /// many queries is asked once.
    pub fn texts_of(&self, column: Column) -> Option<Vec<&str>> {
        if let Self::All(conditions) = self {
            return conditions.iter().find_map(|it| it.texts_of(column));
        }
        if let Self::In(operand, items) = self
            && **operand == Self::Column(column)
        {
            return items.sorted.iter().map(Literal::text).collect();
        }
        if let Self::Compare(Relation::Equal, sides) = self
            && let [Self::Column(found), Self::Literal(literal)]
            | [Self::Literal(literal), Self::Column(found)] = &**sides
            && *found == column
        {
            return literal.text().map(|text| vec![text]);
        }
        None
    }

    /// Its value for a row.
    pub fn value<'a>(&'a self, row: &Row<'a>) -> Result<Value<'a>, Failure> {
        Ok(match self {
            Self::Literal(literal) => literal.into(),
            Self::Column(column) => row.value(*column),
            Self::Data(path, wanted) => {
                row.datum(path).map_or(Value::Null, |datum| datum.value(*wanted))
            }
            Self::Not(_)
            | Self::All(_)
            | Self::Any(_)
            | Self::IsNull(_)
            | Self::Compare(..)
            | Self::In(..)
            | Self::Like(..) => self.truth(row)?.into(),
            Self::Calculate(operator, sides) => {
                let [a, b] = &**sides;
                match (a.value(row)?.number(), b.value(row)?.number()) {
                    (Some(a), Some(b)) => Value::Number(operator.calculate(a, b)?),
                    (None, _) | (_, None) => Value::Null,
                }
            }
            Self::Apply(function, operand) => function.apply(operand.value(row)?, row)?,
            Self::Case(arms, otherwise) => {
                for (condition, value) in arms {
                    if condition.truth(row)? == Some(true) {
                        return value.value(row);
                    }
                }
                otherwise.value(row)?
            }
            Self::Coalesce(parts) => {
                for part in parts {
                    let value = part.value(row)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Value::Null
            }
            Self::Extreme(extreme, parts) => extreme.of(parts, row)?,
        })
    }

    /// Its value as a truth: most of a condition has no other, and values are large.
    fn truth(&self, row: &Row<'_>) -> Result<Option<bool>, Failure> {
        Ok(match self {
            Self::Not(operand) => operand.truth(row)?.map(|truth| !truth),
            Self::All(parts) => until(false, parts, row)?,
            Self::Any(parts) => until(true, parts, row)?,
            Self::IsNull(operand) => Some(operand.value(row)?.is_null()),
            Self::Compare(relation, sides) => {
                let [a, b] = &**sides;
                let order = a.value(row)?.compare(&b.value(row)?);
                order.map(|order| relation.holds(order))
            }
            Self::In(operand, items) => {
                let value = operand.value(row)?;
                if value.is_null() { None } else { items.have(&value) }
            }
            Self::Like(operand, pattern) => {
                operand.value(row)?.text().map(|text| pattern.matches(text))
            }
            Self::Literal(_)
            | Self::Column(_)
            | Self::Data(..)
            | Self::Calculate(..)
            | Self::Apply(..)
            | Self::Case(..)
            | Self::Coalesce(_)
            | Self::Extreme(..) => self.value(row)?.truth(),
        })
    }

    /// What evaluating it costs at most, where comparing two short numbers costs 1.
    pub fn cost(&self) -> u64 {
        let mut cost = self.own_cost();
        self.each_part(&mut |part| cost += part.cost());
        cost
    }

    /// The same without its parts.
    pub fn own_cost(&self) -> u64 {
        match self {
            Self::Calculate(Operator::Divided | Operator::Remainder, _) => DIVISION_COST,
            Self::Data(..) => DATA_COST,
            Self::Like(_, pattern) => pattern.cost(),
            Self::In(_, items) => 1 + u64::from(items.sorted.len().checked_ilog2().unwrap_or(0)),
            Self::Calculate(..)
            | Self::Apply(Function::Floor | Function::Round(_) | Function::Case(_), _) => {
                STEPS_COST
            }
            Self::Literal(_)
            | Self::Column(_)
            | Self::Not(_)
            | Self::All(_)
            | Self::Any(_)
            | Self::IsNull(_)
            | Self::Compare(..)
            | Self::Apply(..)
            | Self::Case(..)
            | Self::Coalesce(_)
            | Self::Extreme(..) => 1,
        }
    }

    fn each_part(&self, visit: &mut dyn FnMut(&Self)) {
        match self {
            Self::Literal(_) | Self::Column(_) | Self::Data(..) => {}
            Self::Not(part)
            | Self::IsNull(part)
            | Self::In(part, _)
            | Self::Like(part, _)
            | Self::Apply(_, part) => visit(part),
            Self::Compare(_, sides) | Self::Calculate(_, sides) => sides.iter().for_each(visit),
            Self::All(parts)
            | Self::Any(parts)
            | Self::Coalesce(parts)
            | Self::Extreme(_, parts) => parts.iter().for_each(visit),
            Self::Case(arms, otherwise) => {
                for (condition, value) in arms {
                    visit(condition);
                    visit(value);
                }
                visit(otherwise);
            }
        }
    }
}

/// Division goes bit by bit.
const DIVISION_COST: u64 = 64;
/// Numbers of many figures go digit by digit, `LOWER` letter by letter.
const STEPS_COST: u64 = 16;
/// A field is looked for from the first.
const DATA_COST: u64 = 64;

/// `decisive` as soon as a part is; unknown where one is, and none is decisive.
fn until(decisive: bool, parts: &[Expression], row: &Row<'_>) -> Result<Option<bool>, Failure> {
    let mut outcome = Some(!decisive);
    for part in parts {
        match part.truth(row)? {
            Some(truth) if truth == decisive => return Ok(Some(decisive)),
            Some(_) => {}
            None => outcome = None,
        }
    }
    Ok(outcome)
}

impl Relation {
    const fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

impl Operator {
    fn calculate(self, a: Decimal, b: Decimal) -> Result<Decimal, Failure> {
        match self {
            Self::Plus => a.plus(b),
            Self::Minus => a.minus(b),
            Self::Times => a.times(b),
            Self::Divided => a.divided_half_away(b),
            Self::Remainder => a.remainder(b),
        }
    }
}

impl Function {
    fn apply<'a>(self, value: Value<'a>, row: &Row<'_>) -> Result<Value<'a>, Failure> {
        let number = |calculate: &dyn Fn(Decimal) -> Result<Decimal, Failure>| {
            value.number().map_or(Ok(Value::Null), |number| calculate(number).map(Value::Number))
        };
        match self {
            Self::Negate => number(&|it| Ok(it.negated())),
            Self::Absolute => number(&|it| Ok(it.absolute())),
            Self::Floor => number(&Decimal::floor),
            Self::Round(places) => number(&|it| it.rounded_half_away(places.into())),
            Self::Case(case) => {
                Ok(value.text().map_or(Value::Null, |it| Value::Text(it.in_case(case))))
            }
            Self::Date => Ok(value
                .time()
                .map_or(Value::Null, |at| Value::Date(Local::at(at, row.zone()).day))),
            Self::Extract(part) => match value.time() {
                Some(at) => part.of(Local::at(at, row.zone())).map(Value::Number),
                None => Ok(Value::Null),
            },
        }
    }
}

impl Part {
    fn of(self, local: Local) -> Result<Decimal, Failure> {
        let date = || Date::of(local.day);
        let number = match self {
            Self::Year => i128::from(date().year()),
            Self::Month => date().month().into(),
            Self::Day => date().day_of_month().into(),
            Self::DayOfWeek => Weekday::of(local.day) as i128,
            Self::Hour => local.micros.div_euclid(HOUR_MICROS).into(),
            Self::Minute => local.minute().rem_euclid(60).into(),
        };
        Decimal::from_units(number, 0)
    }
}

impl Extreme {
    fn of<'a>(self, parts: &'a [Expression], row: &Row<'a>) -> Result<Value<'a>, Failure> {
        let mut extreme = Value::Null;
        for part in parts {
            let value = part.value(row)?;
            let is_next = match (value.compare(&extreme), self) {
                (Some(order), Self::Greatest) => order.is_gt(),
                (Some(order), Self::Least) => order.is_lt(),
                (None, _) => extreme.is_null(),
            };
            if is_next {
                extreme = value;
            }
        }
        Ok(extreme)
    }
}
