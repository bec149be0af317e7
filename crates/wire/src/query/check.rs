//! From what was parsed to what is evaluated: names, types, and what an expression may cost.

use accolade_domain::query::decimal::{Decimal, READ_DECIMALS_MAX, READ_FIGURES_MAX};
use accolade_domain::query::expression::{
    Expression, Extreme, Function, Items, Operator, Part, Relation,
};
use accolade_domain::query::row::Source;
use accolade_domain::query::text::{Case, Pattern};
use accolade_domain::query::value::{Literal, Type};
use accolade_domain::time::ZoneOffsets;
use sqlparser::ast::{
    BinaryOperator, CastKind, CeilFloorKind, DataType, DateTimeField, ExactNumberInfo, Expr,
    Function as Call, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, InTarget, Spanned,
    UnaryOperator, Value, ValueWithSpan,
};
use sqlparser::tokenizer::Location;

use super::words::{DATA, column, unknown};
use super::{COST_MAX, LEVELS_MAX, QueryProblem, position, quoted};
use crate::{json, timestamp};

/// An expression of known type, and where it begins.
#[derive(Debug, Clone)]
struct Checked {
    expression: Expression,
    /// `None` for NULL, which may be of any type.
    value_type: Option<Type>,
    at: Location,
}

/// Over which rows a text is, and what it has used up.
#[derive(Debug)]
pub(super) struct Checker {
    source: Source,
    cost: u64,
    levels: usize,
}

type Result<T> = std::result::Result<T, QueryProblem>;

impl Checker {
    pub(super) const fn new(source: Source) -> Self {
        Self { source, cost: 0, levels: 0 }
    }

    /// Checks what has to be of a type.
    pub(super) fn of(&mut self, value_type: Type, tree: &Expr) -> Result<Expression> {
        let checked = self.check(tree)?;
        match checked.value_type {
            Some(other) if other != value_type => Err(mismatch(value_type, &checked)),
            Some(_) => Ok(checked.expression),
            None => taken_for(value_type, checked),
        }
    }

    /// Checks what may be of any type.
    pub(super) fn any(&mut self, tree: &Expr) -> Result<Expression> {
        self.check(tree).map(|checked| checked.expression)
    }

    fn boxed(&mut self, value_type: Type, tree: &Expr) -> Result<Box<Expression>> {
        self.of(value_type, tree).map(Box::new)
    }

    fn check(&mut self, tree: &Expr) -> Result<Checked> {
        let at = start(tree);
        if let Expr::Nested(inner) = tree {
            return self.check(inner);
        }
        if self.levels >= LEVELS_MAX {
            let expected = format!("at most {LEVELS_MAX} operations within each other");
            return Err(problem(at, "one more", expected));
        }
        self.levels += 1;
        let (expression, value_type) = self.expression(tree, at)?;
        self.levels -= 1;
        self.charge(expression.own_cost(), at)?;
        Ok(Checked { expression, value_type, at })
    }

    fn charge(&mut self, cost: u64, at: Location) -> Result<()> {
        self.cost += cost;
        if self.cost <= COST_MAX {
            return Ok(());
        }
        let expected = format!("a query that costs at most {COST_MAX} comparisons");
        Err(problem(at, "more from here on", expected))
    }

    fn expression(&mut self, tree: &Expr, at: Location) -> Result<(Expression, Option<Type>)> {
        let boolean = |expression| Ok((expression, Some(Type::Boolean)));
        let number = |expression| Ok((expression, Some(Type::Number)));
        match tree {
            Expr::Identifier(ident) => named(ident, self.source),
            Expr::CompoundIdentifier(_)
            | Expr::BinaryOp { op: BinaryOperator::Arrow | BinaryOperator::LongArrow, .. } => {
                Ok((Expression::Data(path(tree, at)?, Type::Text), None))
            }
            Expr::Value(value) => literal(value),
            Expr::TypedString(typed) if typed.data_type == DataType::Date => {
                let day = text_of(&typed.value).and_then(date);
                let day = day.ok_or_else(|| expected_date(at, &typed.value))?;
                Ok((Expression::Literal(day), Some(Type::Date)))
            }
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => {
                boolean(Expression::Not(self.boxed(Type::Boolean, expr)?))
            }
            Expr::UnaryOp { op: UnaryOperator::Plus, expr } => number(self.of(Type::Number, expr)?),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
                number(negated(self.of(Type::Number, expr)?))
            }
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right, tree, at),
            Expr::IsNull(operand) => boolean(self.is_null(operand)?),
            Expr::IsNotNull(operand) => boolean(not(self.is_null(operand)?)),
            Expr::Between { expr, negated, low, high } => {
                boolean(not_if(*negated, self.between([expr, low, high], at)?))
            }
            Expr::In { expr, target: InTarget::List(list), negated, global: false } => {
                boolean(not_if(*negated, self.is_in(expr, list, at)?))
            }
            Expr::Like { negated, any: false, expr, pattern, escape_char: None } => {
                boolean(not_if(*negated, self.like(expr, pattern)?))
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                let conditions = conditions.iter().map(|arm| (&arm.condition, &arm.result));
                let conditions: Vec<_> = conditions.collect();
                self.case(operand.as_deref(), &conditions, else_result.as_deref(), at)
            }
            Expr::Cast { kind: CastKind::Cast, expr, data_type: DataType::Date, format: None } => {
                let at = self.boxed(Type::Time, expr)?;
                Ok((Expression::Apply(Function::Date, at), Some(Type::Date)))
            }
            Expr::Cast {
                kind: CastKind::Cast | CastKind::DoubleColon,
                expr,
                data_type,
                format: None,
            } => {
                let value_type = cast_to(data_type).ok_or_else(|| {
                    let types = "`CAST(… AS DATE)`, or to `NUMERIC`, `TEXT` or `BOOLEAN`";
                    problem(at, quoted(&data_type.to_string()), types)
                })?;
                Ok((self.of(value_type, expr)?, Some(value_type)))
            }
            Expr::Extract { field, expr, .. } => {
                let part = part(field).ok_or_else(|| {
                    let parts = "`EXTRACT` of `YEAR`, `MONTH`, `DAY`, `DOW`, `HOUR` or `MINUTE`";
                    problem(at, quoted(&field.to_string()), parts)
                })?;
                number(Expression::Apply(Function::Extract(part), self.boxed(Type::Time, expr)?))
            }
            Expr::Floor {
                expr,
                field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            } => number(Expression::Apply(Function::Floor, self.boxed(Type::Number, expr)?)),
            Expr::Function(call) => self.call(call, at),
            other => Err(problem(at, shown(other), "an expression of this language")),
        }
    }

    fn binary(
        &mut self,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
        tree: &Expr,
        at: Location,
    ) -> Result<(Expression, Option<Type>)> {
        let relation = match op {
            BinaryOperator::And => {
                return Ok((Expression::All(self.chain(tree, op)?), Some(Type::Boolean)));
            }
            BinaryOperator::Or => {
                return Ok((Expression::Any(self.chain(tree, op)?), Some(Type::Boolean)));
            }
            BinaryOperator::Eq => Relation::Equal,
            BinaryOperator::NotEq => Relation::NotEqual,
            BinaryOperator::Lt => Relation::Less,
            BinaryOperator::LtEq => Relation::LessOrEqual,
            BinaryOperator::Gt => Relation::Greater,
            BinaryOperator::GtEq => Relation::GreaterOrEqual,
            other => {
                let operator = operator(other).ok_or_else(|| {
                    problem(at, quoted(&other.to_string()), "an operator of this language")
                })?;
                let sides = [self.of(Type::Number, left)?, self.of(Type::Number, right)?];
                let expression = Expression::Calculate(operator, Box::new(sides));
                return Ok((expression, Some(Type::Number)));
            }
        };
        let sides = self.compared(&[left, right])?;
        let sides: Box<[Expression; 2]> = sides.try_into().expect("there are two sides");
        Ok((Expression::comparison(relation, sides), Some(Type::Boolean)))
    }

    /// The parts of a chain of one operator: it leans to the left, however long it is.
    fn chain(&mut self, tree: &Expr, chained: &BinaryOperator) -> Result<Box<[Expression]>> {
        let mut parts = Vec::new();
        let mut rest = tree;
        while let Expr::BinaryOp { left, op, right } = rest
            && op == chained
        {
            parts.push(&**right);
            rest = left;
        }
        parts.push(rest);
        parts.into_iter().rev().map(|part| self.of(Type::Boolean, part)).collect()
    }

    fn is_null(&mut self, operand: &Expr) -> Result<Expression> {
        self.any(operand).map(|operand| Expression::IsNull(Box::new(operand)))
    }

    /// `x >= low AND x <= high`, as SQL says.
    fn between(&mut self, parts: [&Expr; 3], at: Location) -> Result<Expression> {
        let parts = self.compared(&parts)?;
        let [value, low, high] = *<Box<[Expression; 3]>>::try_from(parts).expect("there are three");
        self.charge(value.cost() + 2, at)?;
        let low = compare(Relation::GreaterOrEqual, value.clone(), low);
        let high = compare(Relation::LessOrEqual, value, high);
        Ok(Expression::All([low, high].into()))
    }

    fn is_in(&mut self, value: &Expr, list: &[Expr], at: Location) -> Result<Expression> {
        let (value, items) = self.one_and_others(value, list.iter())?;
        if items.iter().all(|item| matches!(item, Expression::Literal(_))) {
            self.cost -= items.iter().map(Expression::own_cost).sum::<u64>();
            let literals = items.into_iter().filter_map(|item| match item {
                Expression::Literal(literal) => Some(literal),
                _ => None,
            });
            return Ok(Expression::In(Box::new(value), Items::new(literals.collect())));
        }
        let mut parts = self.equal_each(&value, items, at)?;
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Any(parts.into()) })
    }

    /// A value, and others of its type.
    fn one_and_others<'t>(
        &mut self,
        one: &'t Expr,
        others: impl Iterator<Item = &'t Expr>,
    ) -> Result<(Expression, Vec<Expression>)> {
        let all: Vec<&Expr> = std::iter::once(one).chain(others).collect();
        let mut all = self.compared(&all)?.into_vec();
        let one = all.remove(0);
        Ok((one, all))
    }

    /// `value = item` for each: the value is there as often, and costs as much.
    fn equal_each(
        &mut self,
        value: &Expression,
        items: Vec<Expression>,
        at: Location,
    ) -> Result<Vec<Expression>> {
        let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
        self.charge((value.cost() + 1).saturating_mul(count), at)?;
        Ok(items.into_iter().map(|item| compare(Relation::Equal, value.clone(), item)).collect())
    }

    fn like(&mut self, text: &Expr, pattern: &Expr) -> Result<Expression> {
        let text = self.boxed(Type::Text, text)?;
        let at = start(pattern);
        let Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(pattern), .. }) = pattern
        else {
            return Err(problem(at, shown(pattern), "a pattern in single quotes"));
        };
        let read = Pattern::read(pattern).ok_or_else(|| {
            problem(at, quoted(pattern), "a pattern in which something follows each `\\`")
        })?;
        Ok(Expression::Like(text, read))
    }

    /// `CASE x WHEN a` is `CASE WHEN x = a`.
    fn case(
        &mut self,
        operand: Option<&Expr>,
        arms: &[(&Expr, &Expr)],
        otherwise: Option<&Expr>,
        at: Location,
    ) -> Result<(Expression, Option<Type>)> {
        let conditions = match operand {
            None => arms
                .iter()
                .map(|(condition, _)| self.of(Type::Boolean, condition))
                .collect::<Result<Vec<_>>>()?,
            Some(operand) => {
                let values = arms.iter().map(|(value, _)| *value);
                let (operand, values) = self.one_and_others(operand, values)?;
                self.equal_each(&operand, values, at)?
            }
        };
        let results: Vec<&Expr> = arms.iter().map(|(_, result)| *result).chain(otherwise).collect();
        let (results, value_type) = self.alike(&results, false)?;
        let mut results = results.into_vec();
        let otherwise = if otherwise.is_some() { results.pop() } else { None };
        let arms = conditions.into_iter().zip(results).collect();
        let otherwise = Box::new(otherwise.unwrap_or(Expression::Literal(Literal::Null)));
        Ok((Expression::Case(arms, otherwise), value_type))
    }

    fn call(&mut self, call: &Call, at: Location) -> Result<(Expression, Option<Type>)> {
        let name = call.name.to_string().to_ascii_uppercase();
        let arguments = arguments(call).ok_or_else(|| {
            problem(at, quoted(&name), format!("`{name}(…)` with operands alone"))
        })?;
        let mut one = |function, value_type| {
            let [operand] = arguments.as_slice() else {
                return Err(count(at, &name, "one operand", arguments.len()));
            };
            Ok((Expression::Apply(function, self.boxed(value_type, operand)?), Some(value_type)))
        };
        match name.as_str() {
            "ABS" => one(Function::Absolute, Type::Number),
            "LOWER" => one(Function::Case(Case::Lower), Type::Text),
            "UPPER" => one(Function::Case(Case::Upper), Type::Text),
            "ROUND" => {
                let (number, places) = match arguments.as_slice() {
                    [number] => (number, 0),
                    [number, decimals] => (number, places(decimals)?),
                    more => return Err(count(at, &name, "one or two operands", more.len())),
                };
                let number = self.boxed(Type::Number, number)?;
                Ok((Expression::Apply(Function::Round(places), number), Some(Type::Number)))
            }
            "COALESCE" | "GREATEST" | "LEAST" if !arguments.is_empty() => {
                let (parts, value_type) = self.alike(&arguments, name != "COALESCE")?;
                let expression = match name.as_str() {
                    "COALESCE" => Expression::Coalesce(parts),
                    "GREATEST" => Expression::Extreme(Extreme::Greatest, parts),
                    _ => Expression::Extreme(Extreme::Least, parts),
                };
                Ok((expression, value_type))
            }
            "COALESCE" | "GREATEST" | "LEAST" => Err(count(at, &name, "at least one operand", 0)),
            _ => Err(unknown(&call.name.to_string(), at, true, self.source)),
        }
    }

    /// Operands that are compared. Fields of data alone do not say whether that is as numbers or as texts.
    fn compared(&mut self, trees: &[&Expr]) -> Result<Box<[Expression]>> {
        let (parts, value_type) = self.alike(trees, true)?;
        let is_null = |part: &&Expression| matches!(part, Expression::Literal(Literal::Null));
        if value_type.is_none() && !parts.iter().all(|part| is_null(&part)) {
            let at = trees.first().map_or(Location::empty(), |first| start(first));
            let expected =
                format!("something that has a type, such as `CAST({DATA}.score AS NUMERIC)`");
            return Err(problem(at, format!("fields of `{DATA}`"), expected));
        }
        Ok(parts)
    }

    /// Operands that must be of one type. A text that stands beside times, or dates, is read as one.
    fn alike(
        &mut self,
        trees: &[&Expr],
        is_ordered: bool,
    ) -> Result<(Box<[Expression]>, Option<Type>)> {
        let all: Vec<Checked> = trees.iter().map(|tree| self.check(tree)).collect::<Result<_>>()?;
        let is_text = |it: &Checked| matches!(it.expression, Expression::Literal(Literal::Text(_)));
        let typed = all.iter().filter(|it| !is_text(it)).find_map(|it| it.value_type);
        let value_type = typed.or_else(|| all.iter().find_map(|it| it.value_type));
        if is_ordered && value_type == Some(Type::Boolean) {
            let at = all.first().map_or(Location::empty(), |first| first.at);
            return Err(problem(at, "a condition", "values that can be compared"));
        }
        let alike = all.into_iter().map(|it| match value_type {
            Some(value_type) => as_type(value_type, it),
            None => Ok(it.expression),
        });
        Ok((alike.collect::<Result<_>>()?, value_type))
    }
}

fn as_type(value_type: Type, checked: Checked) -> Result<Expression> {
    match checked.value_type {
        None => return taken_for(value_type, checked),
        Some(other) if other == value_type => return Ok(checked.expression),
        Some(_) => {}
    }
    let Expression::Literal(Literal::Text(text)) = &checked.expression else {
        return Err(mismatch(value_type, &checked));
    };
    let read = match value_type {
        Type::Time => timestamp::read(text).map(Literal::Time),
        Type::Date => date(text),
        Type::Boolean | Type::Number | Type::Text => return Err(mismatch(value_type, &checked)),
    };
    let expected = if value_type == Type::Time { TIME } else { DATE };
    read.map(Expression::Literal).ok_or_else(|| problem(checked.at, quoted(text), expected))
}

/// NULL is of every type, and a field of `data` of the one that is asked for.
fn taken_for(value_type: Type, checked: Checked) -> Result<Expression> {
    fn take(value_type: Type, expression: &mut Expression) -> bool {
        match expression {
            Expression::Data(_, taken_for) => {
                *taken_for = value_type;
                !matches!(value_type, Type::Time | Type::Date)
            }
            Expression::Case(arms, otherwise) => {
                let mut results = arms.iter_mut().map(|(_, result)| result);
                results.all(|result| take(value_type, result)) && take(value_type, otherwise)
            }
            Expression::Coalesce(parts) | Expression::Extreme(_, parts) => {
                parts.iter_mut().all(|part| take(value_type, part))
            }
            _ => true,
        }
    }
    let Checked { mut expression, at, .. } = checked;
    if take(value_type, &mut expression) {
        return Ok(expression);
    }
    Err(problem(at, format!("a field of `{DATA}`"), name(value_type)))
}

/// Most keys that lead to a field: no data has more levels.
const KEYS_MAX: usize = json::DEPTH_MAX;

/// The keys of `data.a.b`, or of `data->'a'->>'b'`.
fn path(tree: &Expr, at: Location) -> Result<Box<[Box<str>]>> {
    let is_data = |ident: &Ident| ident.value.eq_ignore_ascii_case(DATA);
    let (mut keys, mut rest) = (Vec::new(), tree);
    loop {
        rest = match rest {
            Expr::BinaryOp {
                left,
                op: BinaryOperator::Arrow | BinaryOperator::LongArrow,
                right,
            } => {
                let key = match &**right {
                    Expr::Value(value) => text_of(value),
                    _ => None,
                };
                let key = key.ok_or_else(|| {
                    problem(start(right), shown(right), "the key of a field in single quotes")
                })?;
                keys.push(key.into());
                left
            }
            Expr::Nested(inner) => inner,
            Expr::Identifier(ident) if is_data(ident) => break,
            Expr::CompoundIdentifier(idents) if idents.first().is_some_and(is_data) => {
                keys.extend(idents[1..].iter().rev().map(|ident| ident.value.as_str().into()));
                break;
            }
            other => return Err(problem(start(other), shown(other), format!("`{DATA}`"))),
        };
        if keys.len() > KEYS_MAX {
            return Err(problem(at, "one more", format!("at most {KEYS_MAX} keys")));
        }
    }
    keys.reverse();
    Ok(keys.into())
}

const TIME: &str = "a time such as `'2024-11-11T10:30:00Z'`";
const DATE: &str = "a date such as `'2024-11-11'`";

/// Where an expression begins. A long chain leans to the left, so that this and [`shown`] do not climb it by
/// recursion, as the methods of `sqlparser` do.
fn start(tree: &Expr) -> Location {
    let mut first = tree;
    loop {
        first = match first {
            Expr::BinaryOp { left: operand, .. }
            | Expr::IsNull(operand)
            | Expr::IsNotNull(operand)
            | Expr::IsTrue(operand)
            | Expr::IsNotTrue(operand)
            | Expr::IsFalse(operand)
            | Expr::IsNotFalse(operand)
            | Expr::UnaryOp { expr: operand, .. }
            | Expr::Between { expr: operand, .. }
            | Expr::In { expr: operand, .. }
            | Expr::Like { expr: operand, .. }
            | Expr::Cast { expr: operand, .. }
            | Expr::Extract { expr: operand, .. }
            | Expr::Floor { expr: operand, .. }
            | Expr::Nested(operand) => operand,
            Expr::Tuple(items) if !items.is_empty() => &items[0],
            Expr::Identifier(ident) => return ident.span.start,
            Expr::CompoundIdentifier(idents) if !idents.is_empty() => return idents[0].span.start,
            Expr::Value(value) => return value.span.start,
            Expr::TypedString(typed) => return typed.value.span.start,
            Expr::Function(call) => return call.name.span().start,
            Expr::Case { case_token, .. } => return case_token.0.span.start,
            _ => return Location::empty(),
        }
    }
}

/// What stands there, in a few words.
fn shown(tree: &Expr) -> String {
    match tree {
        Expr::Identifier(_) | Expr::Value(_) => quoted(&tree.to_string()),
        Expr::Tuple(_) => "a list".to_owned(),
        Expr::IsTrue(_) | Expr::IsNotTrue(_) | Expr::IsFalse(_) | Expr::IsNotFalse(_) => {
            "`IS` with a truth".to_owned()
        }
        Expr::Floor { .. } => "`FLOOR` with decimals".to_owned(),
        _ => "an operation".to_owned(),
    }
}

fn problem(at: Location, found: impl Into<String>, expected: impl Into<String>) -> QueryProblem {
    super::problem(position(at), found, expected)
}

fn mismatch(expected: Type, checked: &Checked) -> QueryProblem {
    let found = checked.value_type.map_or("nothing", name);
    problem(checked.at, found, name(expected))
}

const fn name(value_type: Type) -> &'static str {
    match value_type {
        Type::Boolean => "a condition",
        Type::Number => "a number",
        Type::Text => "a text",
        Type::Time => "a time",
        Type::Date => "a date",
    }
}

fn count(at: Location, function: &str, expected: &str, found: usize) -> QueryProblem {
    problem(at, found.to_string(), format!("{expected} of `{function}`"))
}

fn named(ident: &Ident, source: Source) -> Result<(Expression, Option<Type>)> {
    let (name, at) = (&ident.value, ident.span.start);
    if source == Source::GameEvents && name.eq_ignore_ascii_case(DATA) {
        return Err(problem(at, quoted(name), format!("a field of it, such as `{DATA}.score`")));
    }
    let column = column(name, source).ok_or_else(|| unknown(name, at, false, source))?;
    Ok((Expression::Column(column), Some(column.value_type())))
}

fn literal(value: &ValueWithSpan) -> Result<(Expression, Option<Type>)> {
    let at = value.span.start;
    let (literal, value_type) = match &value.value {
        Value::Null => (Literal::Null, None),
        Value::Boolean(truth) => (Literal::Boolean(*truth), Some(Type::Boolean)),
        Value::SingleQuotedString(text) => (Literal::Text(text.as_str().into()), Some(Type::Text)),
        Value::Number(text, false) => {
            let number = decimal(text).ok_or_else(|| {
                let expected = format!(
                    "a number of at most {READ_FIGURES_MAX} figures, {READ_DECIMALS_MAX} of them decimals"
                );
                problem(at, quoted(text), expected)
            })?;
            (Literal::Number(number), Some(Type::Number))
        }
        other => return Err(problem(at, quoted(&other.to_string()), "a number or a text")),
    };
    Ok((Expression::Literal(literal), value_type))
}

/// A number without an exponent.
fn decimal(text: &str) -> Option<Decimal> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let text = if text.starts_with('.') { format!("0{text}") } else { text.to_owned() };
    if text.contains(['e', 'E']) { None } else { Decimal::parse(&text) }
}

fn text_of(value: &ValueWithSpan) -> Option<&str> {
    if let Value::SingleQuotedString(text) = &value.value { Some(text) } else { None }
}

fn date(text: &str) -> Option<Literal> {
    let midnight = timestamp::read(&format!("{text}T00:00:00Z"))?;
    Some(Literal::Date(ZoneOffsets::default().day(midnight)))
}

fn expected_date(at: Location, value: &ValueWithSpan) -> QueryProblem {
    problem(at, quoted(&value.to_string()), DATE)
}

fn places(decimals: &Expr) -> Result<u8> {
    let places = match decimals {
        Expr::Value(ValueWithSpan { value: Value::Number(text, false), .. }) => text.parse().ok(),
        _ => None,
    };
    places.filter(|places| u32::from(*places) <= READ_DECIMALS_MAX).ok_or_else(|| {
        let expected = format!("a whole number of decimals up to {READ_DECIMALS_MAX}");
        problem(start(decimals), shown(decimals), expected)
    })
}

/// A number with a sign is a literal like any other.
fn negated(operand: Expression) -> Expression {
    match operand {
        Expression::Literal(Literal::Number(number)) => {
            Expression::Literal(Literal::Number(number.negated()))
        }
        operand => Expression::Apply(Function::Negate, Box::new(operand)),
    }
}

fn not(operand: Expression) -> Expression {
    Expression::Not(Box::new(operand))
}

fn not_if(negated: bool, operand: Expression) -> Expression {
    if negated { not(operand) } else { operand }
}

fn compare(relation: Relation, a: Expression, b: Expression) -> Expression {
    Expression::comparison(relation, Box::new([a, b]))
}

const fn operator(op: &BinaryOperator) -> Option<Operator> {
    match op {
        BinaryOperator::Plus => Some(Operator::Plus),
        BinaryOperator::Minus => Some(Operator::Minus),
        BinaryOperator::Multiply => Some(Operator::Times),
        BinaryOperator::Divide => Some(Operator::Divided),
        BinaryOperator::Modulo => Some(Operator::Remainder),
        _ => None,
    }
}

const fn part(field: &DateTimeField) -> Option<Part> {
    match field {
        DateTimeField::Year => Some(Part::Year),
        DateTimeField::Month => Some(Part::Month),
        DateTimeField::Day => Some(Part::Day),
        DateTimeField::Dow => Some(Part::DayOfWeek),
        DateTimeField::Hour => Some(Part::Hour),
        DateTimeField::Minute => Some(Part::Minute),
        _ => None,
    }
}

/// What a field of data can be said to be. Anything else is what it is.
const fn cast_to(data_type: &DataType) -> Option<Type> {
    match data_type {
        DataType::Numeric(ExactNumberInfo::None) => Some(Type::Number),
        DataType::Text => Some(Type::Text),
        DataType::Boolean => Some(Type::Boolean),
        _ => None,
    }
}

/// The operands of a call, where it has nothing else.
fn arguments(call: &Call) -> Option<Vec<&Expr>> {
    let FunctionArguments::List(list) = &call.args else { return None };
    if list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
        return None;
    }
    let operand = |argument| match argument {
        &FunctionArg::Unnamed(FunctionArgExpr::Expr(ref operand)) => Some(operand),
        _ => None,
    };
    list.args.iter().map(operand).collect()
}
