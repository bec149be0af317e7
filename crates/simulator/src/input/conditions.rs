//! Conditions as trees: written as SQL, and evaluated by hand, with what is not known as a third answer.

use std::cmp::Ordering;

use super::{ModelProgram, ModelWager, ModelZone};
use crate::calendar::weekday;
use crate::digits::Digits;

/// What is true, is not, or is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelCondition {
    /// A comparison of two numbers by one of `= <> < <= > >=`.
    Compare(ModelTerm, &'static str, ModelTerm),
    /// A number is between two others, both included.
    Between(ModelTerm, ModelTerm, ModelTerm),
    /// A text is one of several; or none of them.
    In(ModelText, bool, Vec<String>),
    /// A text is like a pattern; or is not.
    Like(ModelText, bool, String),
    /// A text is not known; or is.
    IsNull(ModelText, bool),
    /// The hour of the wager in the zone of the condition, or the day of its week, where Sunday is 0, compared with a number.
    Clock(ModelClock, &'static str, i64),
    /// The opposite.
    Not(Box<Self>),
    /// All of them.
    And(Vec<Self>),
    /// One of them.
    Or(Vec<Self>),
}

/// A number: money in the program's currency, or what is made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelTerm {
    /// The stake.
    Stake,
    /// The return, where it is known.
    Win,
    /// So many hundredths.
    Literal(u64),
    /// Both together.
    Plus(Box<Self>, Box<Self>),
    /// The first where a condition is true, else the second.
    Case(Box<ModelCondition>, Box<Self>, Box<Self>),
    /// The first, or the second where that is not known.
    Coalesce(Box<Self>, Box<Self>),
}

/// A column of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the columns")]
pub enum ModelText {
    GameId,
    GameCategory,
    PlayerSegment,
    Jurisdiction,
    Currency,
}

/// What a clock shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ModelClock {
    Hour,
    Weekday,
}

/// A wager, and the program that judges it.
#[derive(Debug, Clone, Copy)]
pub struct ModelRow<'a> {
    /// The wager.
    pub wager: &'a ModelWager,
    /// The program.
    pub program: &'a ModelProgram,
    /// Where hours and days are those of the condition.
    pub zone: &'a ModelZone,
    /// From the wager's currency to the program's, in 10^-8ths.
    pub rate: u64,
}

impl ModelCondition {
    /// The condition as SQL.
    pub fn sql(&self) -> String {
        let not = |is_not: bool| if is_not { "NOT " } else { "" };
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let all = |conditions: &[Self], by: &str| {
            let all: Vec<_> = conditions.iter().map(|it| format!("({})", it.sql())).collect();
            all.join(by)
        };
        match self {
            Self::Compare(one, by, other) => format!("{} {by} {}", one.sql(), other.sql()),
            Self::Between(it, low, high) => {
                format!("{} BETWEEN {} AND {}", it.sql(), low.sql(), high.sql())
            }
            Self::In(text, is_not, list) => {
                let list: Vec<_> = list.iter().map(|text| quoted(text)).collect();
                format!("{} {}IN ({})", text.sql(), not(*is_not), list.join(", "))
            }
            Self::Like(text, is_not, pattern) => {
                format!("{} {}LIKE {}", text.sql(), not(*is_not), quoted(pattern))
            }
            Self::IsNull(text, is_not) => format!("{} IS {}NULL", text.sql(), not(*is_not)),
            Self::Clock(clock, by, number) => {
                let of = match clock {
                    ModelClock::Hour => "HOUR",
                    ModelClock::Weekday => "DOW",
                };
                format!("EXTRACT({of} FROM timestamp) {by} {number}")
            }
            Self::Not(condition) => format!("NOT ({})", condition.sql()),
            Self::And(conditions) => all(conditions, " AND "),
            Self::Or(conditions) => all(conditions, " OR "),
        }
    }

    /// Whether it is true of a wager; nothing where that is not known.
    pub fn holds(&self, row: ModelRow<'_>) -> Option<bool> {
        match self {
            Self::Compare(one, by, other) => {
                Some(compares(compared(&one.value(row)?, &other.value(row)?), by))
            }
            Self::Between(it, low, high) => {
                let it = it.value(row);
                let is = |by: &str, bound: &ModelTerm| {
                    Some(compares(compared(it.as_ref()?, &bound.value(row)?), by))
                };
                all_true([is(">=", low), is("<=", high)].into_iter())
            }
            Self::In(text, is_not, list) => {
                let text = text.value(row.wager)?;
                Some(list.iter().any(|other| other == text) != *is_not)
            }
            Self::Like(text, is_not, pattern) => {
                let pattern: Vec<char> = pattern.chars().collect();
                let text: Vec<char> = text.value(row.wager)?.chars().collect();
                Some(is_like(&text, &pattern) != *is_not)
            }
            Self::IsNull(text, is_not) => Some(text.value(row.wager).is_none() != *is_not),
            Self::Clock(clock, by, number) => {
                let (zone, at) = (row.zone, row.wager.timestamp);
                let shown = match clock {
                    ModelClock::Hour => zone.minute(at) / 60,
                    // Those of the calendar begin with Monday.
                    ModelClock::Weekday => (weekday(zone.day(at)) + 1) % 7,
                };
                Some(compares(shown.cmp(number), by))
            }
            Self::Not(condition) => condition.holds(row).map(|holds| !holds),
            Self::And(all) => all_true(all.iter().map(|it| it.holds(row))),
            Self::Or(all) => {
                let not = |holds: Option<bool>| holds.map(|holds| !holds);
                not(all_true(all.iter().map(|it| not(it.holds(row)))))
            }
        }
    }
}

/// Whether all are true; one that is not decides, also beside what is not known.
fn all_true(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let answers: Vec<_> = answers.collect();
    if answers.contains(&Some(false)) {
        return Some(false);
    }
    (!answers.contains(&None)).then_some(true)
}

fn compares(ordering: Ordering, by: &str) -> bool {
    match by {
        "=" => ordering.is_eq(),
        "<>" => ordering.is_ne(),
        "<" => ordering.is_lt(),
        "<=" => ordering.is_le(),
        ">" => ordering.is_gt(),
        ">=" => ordering.is_ge(),
        other => panic!("{other} compares nothing"),
    }
}

/// A number of 26 decimals: 18 of money and 8 of a rate.
fn compared(one: &Digits, other: &Digits) -> Ordering {
    one.cmp(other)
}

/// `%` is anything, and `_` any one letter.
fn is_like(text: &[char], pattern: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('%', rest)) => (0..=text.len()).any(|from| is_like(&text[from..], rest)),
        Some((letter, rest)) => text.split_first().is_some_and(|(first, others)| {
            (*letter == '_' || first == letter) && is_like(others, rest)
        }),
    }
}

impl ModelTerm {
    /// The term as SQL.
    pub(super) fn sql(&self) -> String {
        match self {
            Self::Stake => "wagerAmount".into(),
            Self::Win => "winAmount".into(),
            Self::Literal(hundredths) => format!("{}.{:02}", hundredths / 100, hundredths % 100),
            Self::Plus(one, other) => format!("({} + {})", one.sql(), other.sql()),
            Self::Case(condition, one, other) => {
                let (condition, one, other) = (condition.sql(), one.sql(), other.sql());
                format!("CASE WHEN {condition} THEN {one} ELSE {other} END")
            }
            Self::Coalesce(one, other) => format!("COALESCE({}, {})", one.sql(), other.sql()),
        }
    }

    /// The number, with 26 decimals; nothing where it is not known.
    pub(super) fn value(&self, row: ModelRow<'_>) -> Option<Digits> {
        let money = |amount: u128| Digits::of(amount).times(&Digits::of(row.rate.into()));
        match self {
            Self::Stake => Some(money(row.wager.wager_amount)),
            Self::Win => Some(money(row.wager.win_amount?)),
            Self::Literal(hundredths) => Some(Digits::of((*hundredths).into()).shifted_up(24)),
            Self::Plus(one, other) => Some(one.value(row)?.plus(&other.value(row)?)),
            Self::Case(condition, one, other) => {
                let holds = condition.holds(row) == Some(true);
                if holds { one.value(row) } else { other.value(row) }
            }
            Self::Coalesce(one, other) => one.value(row).or_else(|| other.value(row)),
        }
    }
}

impl ModelText {
    const fn sql(self) -> &'static str {
        match self {
            Self::GameId => "gameId",
            Self::GameCategory => "gameCategory",
            Self::PlayerSegment => "playerSegment",
            Self::Jurisdiction => "jurisdiction",
            Self::Currency => "currency",
        }
    }

    fn value(self, wager: &ModelWager) -> Option<&str> {
        match self {
            Self::GameId => Some(&wager.game_id),
            Self::GameCategory => Some(&wager.game_category),
            Self::PlayerSegment => wager.player_segment.as_deref(),
            Self::Jurisdiction => Some(&wager.jurisdiction),
            Self::Currency => Some(&wager.currency),
        }
    }
}
