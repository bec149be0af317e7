//! The words, signs and literals of a text: only those of the language, and no more of them than are allowed. Whatever
//! else `sqlparser` can read is refused before it is parsed.

use accolade_domain::query::row::Column;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Word};

use super::{
    BRACKETS_MAX, BYTES_MAX, LITERAL_BYTES_MAX, QueryProblem, Sql, TOKENS_MAX, found, position,
    quoted,
};
use crate::spelling::closest;

const KEYWORDS: [&str; 26] = [
    "AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "IS", "NULL", "TRUE", "FALSE", "CASE", "WHEN",
    "THEN", "ELSE", "END", "CAST", "AS", "DATE", "EXTRACT", "FROM", "YEAR", "MONTH", "DAY", "DOW",
    "HOUR", "MINUTE",
];
const FUNCTIONS: [&str; 8] =
    ["COALESCE", "GREATEST", "LEAST", "ABS", "ROUND", "FLOOR", "LOWER", "UPPER"];

/// Reads the words of a text, without what stands between them.
pub(super) fn read(text: &str) -> Result<Vec<TokenWithSpan>, QueryProblem> {
    refuse_long(text)?;
    let mut tokens = Tokenizer::new(&Sql, text).tokenize_with_location().map_err(|error| {
        let (found, expected) = ("one that does not", "a text or a comment that ends");
        let at = position(error.location);
        QueryProblem { at, found: found.to_owned(), expected: expected.to_owned(), nearest: None }
    })?;
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    let mut open = Open::default();
    for (index, token) in tokens.iter().enumerate() {
        if index >= TOKENS_MAX {
            return refuse(token, format!("at most {TOKENS_MAX} words and signs"));
        }
        let is_call = tokens.get(index + 1).is_some_and(|next| next.token == Token::LParen);
        check(token, is_call)?;
        if open.after(&token.token) > BRACKETS_MAX {
            return refuse(
                token,
                format!("at most {BRACKETS_MAX} open brackets, `CASE`s and signs"),
            );
        }
    }
    Ok(tokens)
}

fn refuse_long(text: &str) -> Result<(), QueryProblem> {
    if text.len() <= BYTES_MAX {
        return Ok(());
    }
    let allowed = &text[..text.floor_char_boundary(BYTES_MAX)];
    let line = allowed.matches('\n').count() + 1;
    let column = allowed.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Err(QueryProblem {
        at: position(Location::new(line as u64, column as u64)),
        found: format!("one of {} bytes", text.len()),
        expected: format!("a query of at most {BYTES_MAX} bytes"),
        nearest: None,
    })
}

fn refuse<T>(token: &TokenWithSpan, expected: impl Into<String>) -> Result<T, QueryProblem> {
    let TokenWithSpan { token, span } = token;
    let (at, found) = (position(span.start), found(token));
    Err(QueryProblem { at, found, expected: expected.into(), nearest: None })
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

fn check(token: &TokenWithSpan, is_call: bool) -> Result<(), QueryProblem> {
    match &token.token {
        Token::Word(word) if word.quote_style.is_some() => {
            refuse(token, "a name without quotes, or a text in single quotes")
        }
        Token::Word(word) if is_known(&word.value) => Ok(()),
        Token::Word(word) => Err(unknown(&word.value, token.span.start, is_call)),
        Token::SingleQuotedString(text) if text.len() > LITERAL_BYTES_MAX => {
            refuse(token, format!("a text of at most {LITERAL_BYTES_MAX} bytes"))
        }
        Token::SingleQuotedString(text) if text.contains(char::is_control) => {
            refuse(token, "a text without control characters")
        }
        Token::SingleQuotedString(_)
        | Token::Number(_, false)
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
        _ => refuse(
            token,
            "a name, a number, a text in single quotes, brackets, or one of \
             = <> < <= > >= + - * / %",
        ),
    }
}

fn is_known(word: &str) -> bool {
    let words = KEYWORDS.iter().chain(&FUNCTIONS);
    words.clone().any(|known| known.eq_ignore_ascii_case(word)) || column(word).is_some()
}

/// The column of a name, in either spelling: `gameCategory` or `game_category`.
pub(super) fn column(word: &str) -> Option<Column> {
    let is_name = |column: &Column| {
        column.name().eq_ignore_ascii_case(word) || snake(column.name()).eq_ignore_ascii_case(word)
    };
    Column::ALL.into_iter().find(is_name)
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
pub(super) fn unknown(word: &str, at: Location, is_call: bool) -> QueryProblem {
    let columns = Column::ALL.map(Column::name);
    let kinds: [&[&'static str]; 3] =
        if is_call { [&FUNCTIONS, &KEYWORDS, &columns] } else { [&columns, &KEYWORDS, &FUNCTIONS] };
    let nearest = kinds.iter().find_map(|names| closest(word, names.iter().copied()));
    let nearest = nearest.filter(|nearest| !nearest.eq_ignore_ascii_case(word));
    let what = if is_call { "a function" } else { "a column" };
    let expected = match nearest {
        Some(_) => what.to_owned(),
        None => format!("{what}, one of `{}`", kinds[0].join("`, `")),
    };
    QueryProblem { at: position(at), found: quoted(word), expected, nearest }
}
