//! Statements, clause by clause: the expressions in them are parsed, what holds them together is read here.

use accolade_domain::query::expression::Expression;
use accolade_domain::query::row::{Column, Source};
use accolade_domain::query::scoring::{Aggregate, Query, Scoring};
use accolade_domain::query::value::Type;
use sqlparser::ast::{BinaryOperator, Expr};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::check::Checker;
use super::words::{self, Names, aggregate, column, refuse};
use super::{END, QueryProblem, found, parse, position, print, problem};
use crate::document::Position;
use crate::spelling::closest;

/// What says how positions changed: what scored is not in it.
const POSITION_CHANGES: [&str; 2] = ["position_change_events", "leaderboard_updates"];
/// Its fields that no wager has.
const OF_POSITION_CHANGES: [&str; 9] = [
    "positionChangeId",
    "position_change_id",
    "tournamentId",
    "tournament_id",
    "oldPosition",
    "old_position",
    "newPosition",
    "new_position",
    "score",
];
/// What other SQL says of the order of rows and of how many there are.
const OF_THE_LEADERBOARD: [&str; 5] = ["HAVING", "ORDER", "LIMIT", "OFFSET", "FETCH"];

type Result<T> = std::result::Result<T, QueryProblem>;
type Tokens<'t> = &'t [TokenWithSpan];

/// Reads a statement.
pub(super) fn read(text: &str) -> Result<Query> {
    let tokens = words::read_any(text)?;
    let clauses = Clauses::read(&mut Reader::new(&tokens))?;
    let source = clauses.source()?;
    let names = Names::of(source);
    let mut checker = Checker::new(source);
    let scoring = clauses.scoring(names, &mut checker)?;
    let condition = match &clauses.condition {
        Some(tokens) => Some(checker.of(Type::Boolean, &expression(tokens, names)?)?),
        None => None,
    };
    Ok(Query { source, condition, scoring })
}

/// What is left of the words of a statement.
struct Reader<'t> {
    rest: Tokens<'t>,
    end: Position,
}

impl<'t> Reader<'t> {
    fn new(tokens: Tokens<'t>) -> Self {
        let end = tokens.last().map_or(Position { line: 1, column: 1 }, |it| position(it.span.end));
        Self { rest: tokens, end }
    }

    /// The next word or sign, whatever it is.
    fn next(&mut self, expected: &str) -> Result<&'t TokenWithSpan> {
        let (next, rest) = self.rest.split_first().ok_or_else(|| self.ends(expected))?;
        self.rest = rest;
        Ok(next)
    }

    fn ends(&self, expected: &str) -> QueryProblem {
        problem(self.end, END, expected)
    }

    fn take(&mut self, word: &str) -> bool {
        let is_next = self.rest.first().is_some_and(|next| is_word(next, word));
        self.rest = &self.rest[usize::from(is_next)..];
        is_next
    }

    fn expect(&mut self, word: &str) -> Result<()> {
        let expected = format!("`{word}`");
        let next = self.next(&expected)?;
        if is_word(next, word) { Ok(()) } else { refuse(next, expected) }
    }

    /// Everything up to a word, or the end of the statement, that stands in no brackets.
    fn until(&mut self, words: &[&str]) -> Part<'t> {
        let (mut brackets, mut is_key) = (Brackets::default(), false);
        let is_stop = |token: &TokenWithSpan| {
            brackets.pass(&token.token);
            let is_one = !is_key && words.iter().any(|word| is_word(token, word));
            is_key = token.token == Token::Period;
            brackets.open == 0 && (token.token == Token::SemiColon || is_one)
        };
        let count = self.rest.iter().position(is_stop).unwrap_or(self.rest.len());
        let (tokens, rest) = self.rest.split_at(count);
        let after = rest.first().map_or((self.end, END.to_owned()), |next| {
            (position(next.span.start), found(&next.token))
        });
        self.rest = rest;
        Part { tokens, after }
    }

    /// What ksqlDB has before a query.
    fn skip_head(&mut self) -> Result<()> {
        if !self.take("CREATE") {
            return Ok(());
        }
        if self.take("OR") {
            self.expect("REPLACE")?;
        }
        if !self.take("TABLE") {
            self.expect("STREAM")?;
        }
        if self.take("IF") {
            self.expect("NOT")?;
            self.expect("EXISTS")?;
        }
        let name = self.next("a name")?;
        if !matches!(name.token, Token::Word(_)) {
            return refuse(name, "a name");
        }
        if self.take("WITH") {
            self.until(&["AS"]);
        }
        self.expect("AS")
    }

    /// What ksqlDB has after a query, and the end.
    fn skip_tail(&mut self) -> Result<()> {
        if self.take("PARTITION") {
            self.expect("BY")?;
            self.next("a column")?;
        }
        if self.take("EMIT") {
            self.expect("CHANGES")?;
        }
        let is_end = self.rest.first().is_some_and(|next| next.token == Token::SemiColon);
        self.rest = &self.rest[usize::from(is_end)..];
        match self.rest.first() {
            None => Ok(()),
            Some(next) if OF_THE_LEADERBOARD.iter().any(|word| is_word(next, word)) => {
                refuse(next, "the end: who is ahead, and who is shown, is said by the leaderboard")
            }
            Some(next) => refuse(next, "`WHERE`, `GROUP BY` or the end"),
        }
    }
}

fn is_word(token: &TokenWithSpan, word: &str) -> bool {
    matches!(&token.token, Token::Word(it) if it.quote_style.is_none() && it.value.eq_ignore_ascii_case(word))
}

/// A part of a statement, and where and what comes after it.
struct Part<'t> {
    tokens: Tokens<'t>,
    after: (Position, String),
}

impl<'t> Part<'t> {
    /// The parts between commas that stand in no brackets.
    fn items(&self) -> Vec<Part<'t>> {
        let mut brackets = Brackets::default();
        let mut items: Vec<Part<'t>> = Vec::new();
        let mut first = 0;
        for (index, token) in self.tokens.iter().enumerate() {
            brackets.pass(&token.token);
            if token.token == Token::Comma && brackets.open == 0 {
                let after = (position(token.span.start), found(&token.token));
                items.push(Part { tokens: &self.tokens[first..index], after });
                first = index + 1;
            }
        }
        items.push(Part { tokens: &self.tokens[first..], after: self.after.clone() });
        items
    }

    /// The same without the name that is given to it.
    fn without_alias(self) -> Self {
        match self.tokens {
            [tokens @ .., before, name]
                if is_word(before, "AS") && matches!(name.token, Token::Word(_)) =>
            {
                Self { tokens, ..self }
            }
            _ => self,
        }
    }

    fn first(&self, expected: &str) -> Result<&'t TokenWithSpan> {
        let (at, found) = &self.after;
        self.tokens.first().ok_or_else(|| problem(*at, found.as_str(), expected))
    }

    fn is_all(&self) -> bool {
        matches!(self.tokens, [all] if all.token == Token::Mul)
    }

    /// The aggregate that an item is, and of what.
    fn aggregate(&self) -> Option<(Aggregate, Part<'t>)> {
        let [name, open, tokens @ .., close] = self.tokens else { return None };
        let Token::Word(word) = &name.token else { return None };
        let is_call = open.token == Token::LParen && close.token == Token::RParen;
        let aggregate = aggregate(&word.value).filter(|_| is_call && is_balanced(tokens))?;
        let after = (position(close.span.start), found(&close.token));
        Some((aggregate, Part { tokens, after }))
    }
}

/// The brackets that are open at a place.
#[derive(Default)]
struct Brackets {
    open: usize,
}

impl Brackets {
    /// Goes past a sign; `false` where that closes a bracket that was not opened.
    fn pass(&mut self, token: &Token) -> bool {
        let left = match token {
            Token::LParen => Some(self.open + 1),
            Token::RParen => self.open.checked_sub(1),
            _ => Some(self.open),
        };
        self.open = left.unwrap_or(0);
        left.is_some()
    }
}

/// Whether no bracket is closed that was not opened.
fn is_balanced(tokens: Tokens<'_>) -> bool {
    let mut brackets = Brackets::default();
    tokens.iter().all(|token| brackets.pass(&token.token))
}

/// The clauses of a statement.
struct Clauses<'t> {
    select: Part<'t>,
    from: &'t TokenWithSpan,
    condition: Option<Part<'t>>,
    group: Option<Part<'t>>,
}

impl<'t> Clauses<'t> {
    fn read(reader: &mut Reader<'t>) -> Result<Self> {
        reader.skip_head()?;
        reader.expect("SELECT")?;
        let select = reader.until(&["FROM"]);
        reader.expect("FROM")?;
        let from = reader.next("the name of a source")?;
        let ends = ["GROUP", "PARTITION", "EMIT"].into_iter().chain(OF_THE_LEADERBOARD);
        let ends: Vec<&str> = ends.collect();
        let condition = reader.take("WHERE").then(|| reader.until(&ends));
        let group = if reader.take("GROUP") {
            reader.expect("BY")?;
            Some(reader.until(&ends))
        } else {
            None
        };
        reader.skip_tail()?;
        Ok(Self { select, from, condition, group })
    }

    fn source(&self) -> Result<Source> {
        let Token::Word(word) = &self.from.token else {
            return refuse(self.from, "the name of a source");
        };
        let is = |name: &&str| name.eq_ignore_ascii_case(&word.value);
        let mut sources = [Source::Wagers, Source::GameEvents].into_iter();
        if let Some(source) = sources.find(|source| source.names().iter().any(is)) {
            return Ok(source);
        }
        let at = position(self.from.span.start);
        if POSITION_CHANGES.iter().any(is) {
            let expected = "`wagers` or `game_events`: positions come of what scored, which is what a \
                            tournament is over";
            let rewrite = print::query(&self.over_wagers());
            let rewrite = Some(rewrite).filter(|text| read(text).is_ok());
            return Err(QueryProblem { rewrite, ..problem(at, found(&self.from.token), expected) });
        }
        let names = [Source::Wagers, Source::GameEvents].map(Source::names).concat();
        let nearest = closest(&word.value, names.iter().copied());
        let expected = if nearest.is_some() { "a source" } else { "`wagers` or `game_events`" };
        Err(QueryProblem { nearest, ..problem(at, found(&self.from.token), expected) })
    }

    /// How the events that are selected count, if the statement says so.
    fn scoring(&self, names: Names, checker: &mut Checker) -> Result<Option<Scoring>> {
        const SCORE: &str = "an aggregate such as `SUM(wagerAmount) AS score`";
        let mut score = None;
        let mut others = Vec::new();
        for item in self.select.items().into_iter().map(Part::without_alias) {
            let first = item.first("a column or an aggregate")?;
            let Some((aggregate, of)) = item.aggregate() else {
                others.push(item);
                continue;
            };
            if score.is_some() {
                return refuse(first, "one aggregate, since a player has one score");
            }
            score = Some(Scoring { aggregate, of: of_aggregate(aggregate, &of, names, checker)? });
        }
        let group = self.group.as_ref();
        match (&score, group) {
            (Some(_), Some(group)) => {
                for one in others.iter().chain([group]) {
                    let first = one.first("`playerId`")?;
                    if !is_player(one.tokens) {
                        return refuse(first, "`playerId` alone, whose score it is");
                    }
                }
            }
            (Some(_), None) => {
                let (at, found) = &self.condition.as_ref().unwrap_or(&self.select).after;
                return Err(problem(*at, found.as_str(), "`GROUP BY playerId`"));
            }
            (None, Some(_)) => {
                return refuse(self.select.first(SCORE)?, SCORE);
            }
            // Which columns a stream has makes no difference to what counts; that they are there does.
            (None, None) => {
                for one in others.iter().filter(|one| !one.is_all()) {
                    Checker::new(names.source).any(&expression(one, names)?)?;
                }
            }
        }
        Ok(score)
    }

    /// What a query over changes of positions was probably to count: the stakes of wagers, by the conditions that can be
    /// asked of wagers.
    fn over_wagers(&self) -> Query {
        let names = Names { source: Source::Wagers, foreign: &OF_POSITION_CHANGES };
        let tree = self.condition.as_ref().and_then(|part| expression(part, names).ok());
        let all = tree.iter().flat_map(conjuncts);
        let can_be_asked = |part: &Expr| Checker::new(Source::Wagers).of(Type::Boolean, part).ok();
        let mut kept: Vec<Expression> = all.filter_map(can_be_asked).collect();
        let condition = match kept.len() {
            0 | 1 => kept.pop(),
            _ => Some(Expression::All(kept.into())),
        };
        let of = Some(Expression::Column(Column::WagerAmount));
        let scoring = Some(Scoring { aggregate: Aggregate::Sum, of });
        Query { source: Source::Wagers, condition, scoring }
    }
}

fn of_aggregate(
    aggregate: Aggregate,
    of: &Part<'_>,
    names: Names,
    checker: &mut Checker,
) -> Result<Option<Expression>> {
    let first = of.first("what it is of")?;
    match aggregate {
        Aggregate::Count if of.is_all() => Ok(None),
        _ if of.is_all() => refuse(first, format!("what `{}` is of", aggregate.name())),
        Aggregate::Count => checker.any(&expression(of, names)?).map(Some),
        Aggregate::Sum | Aggregate::Greatest | Aggregate::Least | Aggregate::Average => {
            checker.of(Type::Number, &expression(of, names)?).map(Some)
        }
    }
}

fn is_player(tokens: Tokens<'_>) -> bool {
    let [TokenWithSpan { token: Token::Word(word), .. }] = tokens else { return false };
    column(&word.value, Source::Wagers) == Some(Column::PlayerId)
}

/// The expression that a part is.
fn expression(part: &Part<'_>, names: Names) -> Result<Expr> {
    part.first("an expression")?;
    words::check(part.tokens, names)?;
    parse(part.tokens.to_vec())
}

/// The parts of a chain of `AND`, which leans to the left.
fn conjuncts(tree: &Expr) -> Vec<&Expr> {
    let (mut parts, mut rest) = (Vec::new(), tree);
    while let Expr::BinaryOp { left, op: BinaryOperator::And, right } = rest {
        parts.push(&**right);
        rest = left;
    }
    parts.push(rest);
    parts.reverse();
    parts
}
