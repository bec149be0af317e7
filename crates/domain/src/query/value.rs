//! Values of expressions, and the literals among them.

use std::cmp::Ordering;

use super::decimal::Decimal;
use super::text::Text;
use crate::time::{Day, Timestamp};

/// The type of a value that is not NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// True or false.
    Boolean,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A moment.
    Time,
    /// A day of the calendar.
    Date,
}

/// A value of an expression.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// Unknown.
    Null,
    /// True or false.
    Boolean(bool),
    /// A number.
    Number(Decimal),
    /// A text.
    Text(Text<'a>),
    /// A moment.
    Time(Timestamp),
    /// A day of the calendar.
    Date(Day),
}

/// A value that stands in an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// `NULL`
    Null,
    /// `TRUE` or `FALSE`
    Boolean(bool),
    /// A number.
    Number(Decimal),
    /// A text.
    Text(Box<str>),
    /// A moment.
    Time(Timestamp),
    /// A day of the calendar.
    Date(Day),
}

impl Literal {
    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

impl<'a> Value<'a> {
    pub(super) const fn is_null(self) -> bool {
        matches!(self, Self::Null)
    }

    pub(super) const fn truth(self) -> Option<bool> {
        if let Self::Boolean(truth) = self { Some(truth) } else { None }
    }

    pub(super) const fn number(self) -> Option<Decimal> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }

    pub(super) const fn text(self) -> Option<Text<'a>> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(super) const fn time(self) -> Option<Timestamp> {
        if let Self::Time(at) = self { Some(at) } else { None }
    }

    /// The order of two values of one type; unknown where one is NULL. Texts go by their code points.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => Some(a.cmp(b)),
            (Self::Text(a), Self::Text(b)) => Some(a.compare(*b)),
            (Self::Time(a), Self::Time(b)) => Some(a.cmp(b)),
            (Self::Date(a), Self::Date(b)) => Some(a.cmp(b)),
            (Self::Boolean(a), Self::Boolean(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }
}

impl From<Option<bool>> for Value<'_> {
    fn from(truth: Option<bool>) -> Self {
        truth.map_or(Self::Null, Self::Boolean)
    }
}

impl<'a> From<&'a Literal> for Value<'a> {
    fn from(literal: &'a Literal) -> Self {
        match literal {
            Literal::Null => Self::Null,
            Literal::Boolean(truth) => Self::Boolean(*truth),
            Literal::Number(number) => Self::Number(*number),
            Literal::Text(text) => Self::Text(Text::new(text)),
            Literal::Time(at) => Self::Time(*at),
            Literal::Date(day) => Self::Date(*day),
        }
    }
}
