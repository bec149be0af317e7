//! The words, signs and literals of a text: only those of the language, and no more of them than are allowed. Whatever
//! else `sqlparser` can read is refused before it is parsed.

use accolade_domain::query::row::{Column, Source};
use accolade_domain::query::scoring::Aggregate;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Word};

use super::{
    BRACKETS_MAX, BYTES_MAX, LITERAL_BYTES_MAX, QueryProblem, Sql, TOKENS_MAX, found, position,
    problem, quoted,
};
use crate::spelling::closest;

const KEYWORDS: [&str; 29] = [
    "AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "IS", "NULL", "TRUE", "FALSE", "CASE", "WHEN",
    "THEN", "ELSE", "END", "CAST", "AS", "DATE", "EXTRACT", "FROM", "YEAR", "MONTH", "DAY", "DOW",
    "HOUR", "MINUTE", "NUMERIC", "TEXT", "BOOLEAN",
];
const FUNCTIONS: [&str; 8] =
    ["COALESCE", "GREATEST", "LEAST", "ABS", "ROUND", "FLOOR", "LOWER", "UPPER"];

/// The game event's own data.
pub(super) const DATA: &str = "data";

/// Which names expressions may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    /// Whose columns.
    pub(super) source: Source,
    /// Names that nothing has, and that are only to be parsed.
    pub(super) foreign: &'static [&'static str],
}

impl Names {
    /// Those of the rows of a source.
    pub(super) const fn of(source: Source) -> Self {
        Self { source, foreign: &[] }
    }

    fn have(&self, word: &str) -> bool {
        let is = |known: &&str| known.eq_ignore_ascii_case(word);
        let is_data = self.source == Source::GameEvents && is(&DATA);
        is_data || self.foreign.iter().any(is) || column(word, self.source).is_some()
    }
}

/// Reads the words of an expression, without what stands between them.
pub(super) fn read(text: &str) -> Result<Vec<TokenWithSpan>, QueryProblem> {
    let tokens = read_any(text)?;
    check(&tokens, Names::of(Source::Wagers))?;
    Ok(tokens)
}

/// Reads words and signs of any kind.
pub(super) fn read_any(text: &str) -> Result<Vec<TokenWithSpan>, QueryProblem> {
    refuse_long(text)?;
    let mut tokens = Tokenizer::new(&Sql, text).tokenize_with_location().map_err(|error| {
        let (found, expected) = ("one that does not", "a text or a comment that ends");
        problem(position(error.location), found, expected)
    })?;
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    Ok(tokens)
}

/// Refuses what is not of the language of expressions.
pub(super) fn check(tokens: &[TokenWithSpan], names: Names) -> Result<(), QueryProblem> {
    let mut open = Open::default();
    let mut before = None;
    for (index, token) in tokens.iter().enumerate() {
        if index >= TOKENS_MAX {
            return refuse(token, format!("at most {TOKENS_MAX} words and signs"));
        }
        let is_call = tokens.get(index + 1).is_some_and(|next| next.token == Token::LParen);
        check_one(token, before, is_call, names)?;
        if open.after(&token.token) > BRACKETS_MAX {
            return refuse(
                token,
                format!("at most {BRACKETS_MAX} open brackets, `CASE`s and signs"),
            );
        }
        before = Some(&token.token);
    }
    Ok(())
}

fn refuse_long(text: &str) -> Result<(), QueryProblem> {
    if text.len() <= BYTES_MAX {
        return Ok(());
    }
    let allowed = &text[..text.floor_char_boundary(BYTES_MAX)];
    let line = allowed.matches('\n').count() + 1;
    let column = allowed.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let at = position(Location::new(line as u64, column as u64));
    let found = format!("one of {} bytes", text.len());
    Err(problem(at, found, format!("a query of at most {BYTES_MAX} bytes")))
}

/// Refuses a word or a sign that stands where something else is expected.
pub(super) fn refuse<T>(
    token: &TokenWithSpan,
    expected: impl Into<String>,
) -> Result<T, QueryProblem> {
    let TokenWithSpan { token, span } = token;
    Err(problem(position(span.start), found(token), expected))
}

/// What is open at a place: each is a step down for whoever reads on.
#[derive(Debug, Default)]
struct Open {
    brackets: usize,
    signs: usize,
}

impl Open {
    /// How much is open after a token.
    fn after(&mut self, token: &Token) -> usize {
        let is = |word: &Word, keyword: &str| word.value.eq_ignore_ascii_case(keyword);
        let mut is_sign = false;
        match token {
            Token::LParen => self.brackets += 1,
            Token::RParen => self.brackets = self.brackets.saturating_sub(1),
            Token::Word(word) if is(word, "CASE") => self.brackets += 1,
            Token::Word(word) if is(word, "END") => self.brackets = self.brackets.saturating_sub(1),
            Token::Plus | Token::Minus => is_sign = true,
            Token::Word(word) => is_sign = is(word, "NOT"),
            _ => {}
        }
        self.signs = if is_sign { self.signs + 1 } else { 0 };
        self.brackets + self.signs
    }
}

fn check_one(
    token: &TokenWithSpan,
    before: Option<&Token>,
    is_call: bool,
    names: Names,
) -> Result<(), QueryProblem> {
    let has_data = names.source == Source::GameEvents;
    match &token.token {
        Token::Word(word) if word.quote_style.is_some() => {
            refuse(token, "a name without quotes, or a text in single quotes")
        }
        Token::Word(word) if before == Some(&Token::Period) && has_data => {
            refuse_long_text(token, &word.value)
        }
        Token::Word(word) if is_known(&word.value) || names.have(&word.value) => Ok(()),
        Token::Word(word) if word.value.eq_ignore_ascii_case(DATA) => {
            refuse(token, "a column of a wager: `data` is what `game_events` have")
        }
        Token::Word(word) if aggregate(&word.value).is_some() && is_call => {
            refuse(token, "an aggregate that stands alone, such as `SUM(wagerAmount)`")
        }
        Token::Word(word) => Err(unknown(&word.value, token.span.start, is_call, names.source)),
        Token::SingleQuotedString(text) => refuse_long_text(token, text),
        Token::Number(_, false)
        | Token::Comma
        | Token::LParen
        | Token::RParen
        | Token::Eq
        | Token::Neq
        | Token::Lt
        | Token::LtEq
        | Token::Gt
        | Token::GtEq
        | Token::Plus
        | Token::Minus
        | Token::Mul
        | Token::Div
        | Token::Mod => Ok(()),
        Token::Period | Token::Arrow | Token::LongArrow | Token::DoubleColon if has_data => Ok(()),
        _ => refuse(
            token,
            "a name, a number, a text in single quotes, brackets, or one of \
             = <> < <= > >= + - * / %",
        ),
    }
}

fn refuse_long_text(token: &TokenWithSpan, text: &str) -> Result<(), QueryProblem> {
    if text.len() > LITERAL_BYTES_MAX {
        return refuse(token, format!("a text of at most {LITERAL_BYTES_MAX} bytes"));
    }
    if text.contains(char::is_control) {
        return refuse(token, "a text without control characters");
    }
    Ok(())
}

fn is_known(word: &str) -> bool {
    KEYWORDS.iter().chain(&FUNCTIONS).any(|known| known.eq_ignore_ascii_case(word))
}

/// The aggregate of a name.
pub(super) fn aggregate(word: &str) -> Option<Aggregate> {
    Aggregate::ALL.into_iter().find(|aggregate| aggregate.name().eq_ignore_ascii_case(word))
}

/// The column of a name, in either spelling: `gameCategory` or `game_category`.
pub(super) fn column(word: &str, source: Source) -> Option<Column> {
    let is_name = |column: &&Column| {
        column.name().eq_ignore_ascii_case(word) || snake(column.name()).eq_ignore_ascii_case(word)
    };
    source.columns().iter().find(is_name).copied()
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() {
            snake.push('_');
        }
        snake.push(letter);
    }
    snake
}

/// The problem of a name that is none, or of one that stands where only a column can.
pub(super) fn unknown(word: &str, at: Location, is_call: bool, source: Source) -> QueryProblem {
    let columns: Vec<&'static str> = source.columns().iter().map(|it| it.name()).collect();
    let kinds: [&[&'static str]; 3] =
        if is_call { [&FUNCTIONS, &KEYWORDS, &columns] } else { [&columns, &KEYWORDS, &FUNCTIONS] };
    let nearest = kinds.iter().find_map(|names| closest(word, names.iter().copied()));
    let nearest = nearest.filter(|nearest| !nearest.eq_ignore_ascii_case(word));
    let what = if is_call { "a function" } else { "a column" };
    let expected = match nearest {
        Some(_) => what.to_owned(),
        None => format!("{what}, one of `{}`", kinds[0].join("`, `")),
    };
    QueryProblem { nearest, ..problem(position(at), quoted(word), expected) }
}
