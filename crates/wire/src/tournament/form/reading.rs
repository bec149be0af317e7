//! From a query to the form that it may be of. Whether it is, to the last detail, is for the caller to see: the form
//! writes the query anew.

use accolade_domain::amount::{Amount, Rate};
use accolade_domain::query::expression::{Expression, Operator, Relation};
use accolade_domain::query::row::{Column, Source};
use accolade_domain::query::scoring::{Aggregate, Query, Scoring};
use accolade_domain::query::value::Literal;

use super::{Form, GameEventForm, GameEventScore, Multipliers, Names, WagerForm, WagerScore};
use crate::tournament::exact::Exact;

pub(super) fn form(query: &Query) -> Option<Form> {
    let scoring = query.scoring.as_ref()?;
    let clauses = match &query.condition {
        None => &[],
        Some(Expression::All(parts)) => &**parts,
        Some(one) => std::slice::from_ref(one),
    };
    match query.source {
        Source::Wagers => wagers(clauses, scoring).map(Form::Wagers),
        Source::GameEvents => game_events(clauses, scoring).map(Form::GameEvents),
    }
}

fn wagers(clauses: &[Expression], scoring: &Scoring) -> Option<WagerForm> {
    let Product { of, points, multipliers } = Product::of(scoring)?;
    let score = match (scoring.aggregate, of) {
        (_, None) => WagerScore::Wagers,
        (Aggregate::Sum, Some(Expression::Column(Column::WagerAmount))) => WagerScore::Stakes,
        (Aggregate::Sum, Some(Expression::Column(Column::WinAmount))) => WagerScore::Returns,
        (Aggregate::Greatest, Some(Expression::Column(Column::WinAmount))) => WagerScore::BestWin,
        (Aggregate::Greatest, Some(Expression::Calculate(..))) => WagerScore::BestRatio,
        _ => return None,
    };
    let mut form = WagerForm { score, points, multipliers, ..WagerForm::default() };
    for clause in clauses {
        match Clause::of(clause)? {
            Clause::OneOf(Column::GameId, names) => form.games = names,
            Clause::OneOf(Column::GameCategory, names) => form.categories = names,
            Clause::OneOf(Column::PlayerSegment, names) => form.segments = names,
            Clause::OneOf(Column::Jurisdiction, names) => form.jurisdictions = names,
            Clause::NoneOf(Column::Jurisdiction, names) => form.except_jurisdictions = names,
            Clause::OneOf(Column::PlayerId, names) => form.players = names,
            Clause::Amount(Relation::GreaterOrEqual, amount) => form.least_stake = Some(amount),
            Clause::Amount(Relation::LessOrEqual, amount) => form.greatest_stake = Some(amount),
            Clause::Amount(Relation::Greater, _) => form.only_winning = true,
            _ => return None,
        }
    }
    Some(form)
}

fn game_events(clauses: &[Expression], scoring: &Scoring) -> Option<GameEventForm> {
    let Product { of, points, multipliers } = Product::of(scoring)?;
    let score = match (scoring.aggregate, of) {
        (_, None) => GameEventScore::Events,
        (Aggregate::Sum, Some(Expression::Data(..))) => GameEventScore::Scores,
        (Aggregate::Greatest, Some(Expression::Data(..))) => GameEventScore::BestScore,
        _ => return None,
    };
    let mut form = GameEventForm { score, points, multipliers, ..GameEventForm::default() };
    for clause in clauses {
        match Clause::of(clause)? {
            Clause::OneOf(Column::EventType, names) => form.event_types = names,
            Clause::OneOf(Column::GameId, names) => form.games = names,
            Clause::OneOf(Column::PlayerId, names) => form.players = names,
            _ => return None,
        }
    }
    Some(form)
}

/// What is multiplied in an aggregate.
struct Product<'q> {
    /// What is counted, if it is not the events themselves.
    of: Option<&'q Expression>,
    points: Exact<Rate>,
    multipliers: Multipliers,
}

impl<'q> Product<'q> {
    fn of(scoring: &'q Scoring) -> Option<Self> {
        let mut factors = scoring.of.as_ref().map_or_else(Vec::new, factors);
        let multipliers = match factors.last() {
            Some(Expression::Case(arms, _)) => {
                factors.pop();
                arms.iter().map(arm).collect::<Option<Multipliers>>()?
            }
            _ => Multipliers::new(),
        };
        let points = match factors.last() {
            Some(Expression::Literal(Literal::Number(points))) => {
                factors.pop();
                Rate::parse(&points.to_string()).ok()?
            }
            _ => Rate::ONE,
        };
        let of = factors.pop();
        factors.is_empty().then_some(Self { of, points: Exact(points), multipliers })
    }
}

/// The factors of a product, from the first.
fn factors(expression: &Expression) -> Vec<&Expression> {
    let (mut factors, mut rest) = (Vec::new(), expression);
    while let Expression::Calculate(Operator::Times, sides) = rest {
        let [left, right] = &**sides;
        factors.push(right);
        rest = left;
    }
    factors.push(rest);
    factors.reverse();
    factors
}

/// The game of an arm of a `CASE`, and what it multiplies by.
fn arm((condition, value): &(Expression, Expression)) -> Option<(String, Exact<Rate>)> {
    let Clause::OneOf(Column::GameId, mut games) = Clause::of(condition)? else { return None };
    let Expression::Literal(Literal::Number(rate)) = value else { return None };
    Some((games.pop_first()?, Exact(Rate::parse(&rate.to_string()).ok()?)))
}

/// A condition as forms have them.
enum Clause {
    OneOf(Column, Names),
    NoneOf(Column, Names),
    Amount(Relation, Exact<Amount>),
}

impl Clause {
    fn of(condition: &Expression) -> Option<Self> {
        match condition {
            Expression::In(..) => {
                listed(condition).map(|(column, names)| Self::OneOf(column, names))
            }
            Expression::Not(part) => {
                listed(part).map(|(column, names)| Self::NoneOf(column, names))
            }
            Expression::Compare(relation, sides) => {
                let [Expression::Column(column), Expression::Literal(literal)] = &**sides else {
                    return None;
                };
                match (relation, literal) {
                    (Relation::Equal, Literal::Text(name)) => {
                        Some(Self::OneOf(*column, Names::from([String::from(&**name)])))
                    }
                    (Relation::NotEqual, Literal::Text(name)) => {
                        Some(Self::NoneOf(*column, Names::from([String::from(&**name)])))
                    }
                    (_, Literal::Number(amount)) => {
                        let amount = Amount::parse(&amount.to_string()).ok()?;
                        Some(Self::Amount(*relation, Exact(amount)))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

fn listed(expression: &Expression) -> Option<(Column, Names)> {
    let Expression::In(part, items) = expression else { return None };
    let Expression::Column(column) = &**part else { return None };
    let name = |item: &Literal| match item {
        Literal::Text(name) => Some(String::from(&**name)),
        _ => None,
    };
    Some((*column, items.all().map(name).collect::<Option<Names>>()?))
}
