//! Queries that score: which events count for a player, and how much.

use super::decimal::Decimal;
use super::expression::Expression;
use super::row::{Row, Source};

/// Decimals of what an event counts, and of a score.
pub const SCORE_DECIMALS: u32 = 18;

/// What a tournament counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Which events.
    pub source: Source,
    /// Those of them that count; all where there is none.
    pub condition: Option<Expression>,
    /// How they count; said elsewhere where the query does not.
    pub scoring: Option<Scoring>,
}

/// How events count for their player.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scoring {
    /// What is made of the values of a player's events.
    pub aggregate: Aggregate,
    /// The value of an event; `None` for that of `COUNT(*)`, which every event has.
    pub of: Option<Expression>,
}

/// What is made of the values of a player's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// `SUM`
    Sum,
    /// `MAX`
    Greatest,
    /// `MIN`
    Least,
    /// `COUNT`
    Count,
    /// `AVG`, to [`SCORE_DECIMALS`], half away from zero.
    Average,
}

impl Aggregate {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Sum, Self::Greatest, Self::Least, Self::Count, Self::Average];

    /// Its name in SQL.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sum => "SUM",
            Self::Greatest => "MAX",
            Self::Least => "MIN",
            Self::Count => "COUNT",
            Self::Average => "AVG",
        }
    }
}

impl Query {
    /// Whether an event counts.
    pub fn counts(&self, row: &Row<'_>) -> bool {
        self.condition.as_ref().is_none_or(|condition| condition.is_true(row))
    }

    /// The conditions that have to hold together, in the order of the query; none where every event counts.
    pub fn clauses(&self) -> &[Expression] {
        match &self.condition {
            None => &[],
            Some(Expression::All(clauses)) => clauses,
            Some(condition) => std::slice::from_ref(condition),
        }
    }

    /// The one of [`Self::clauses`] that does not hold of an event of which all others do.
    pub fn narrowly_refused_by(&self, row: &Row<'_>) -> Option<usize> {
        let clauses = self.clauses().iter().enumerate();
        let mut refusing = clauses.filter(|(_, clause)| !clause.is_true(row)).map(|(at, _)| at);
        let first = refusing.next();
        first.filter(|_| refusing.next().is_none())
    }
}

impl Scoring {
    /// What an event that counts adds to what the aggregate is of, to [`SCORE_DECIMALS`], half away from zero; `None`
    /// where that is NULL, or cannot be computed.
    pub fn value(&self, row: &Row<'_>) -> Option<Decimal> {
        let one = Decimal::from(1);
        let Some(of) = &self.of else { return Some(one) };
        let value = of.value(row).ok()?;
        match self.aggregate {
            Aggregate::Count => (!value.is_null()).then_some(one),
            Aggregate::Sum | Aggregate::Greatest | Aggregate::Least | Aggregate::Average => {
                value.number()?.rounded_half_away(SCORE_DECIMALS).ok()
            }
        }
    }
}
