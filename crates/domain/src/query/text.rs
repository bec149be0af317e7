//! Texts of queries: compared letter by letter, so that `LOWER` and `LIKE` need no copy.

use std::cmp::Ordering;
use std::str::Chars;

/// Which case `LOWER` and `UPPER` give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// `LOWER`
    Lower,
    /// `UPPER`
    Upper,
}

impl Case {
    /// The letter in this case. A letter whose other case takes several letters (`ß`) stays as it is, as in other
    /// SQL engines.
    fn of(self, letter: char) -> char {
        let (mut lower, mut upper) = (letter.to_lowercase(), letter.to_uppercase());
        let single = match self {
            Self::Lower if lower.len() == 1 => lower.next(),
            Self::Upper if upper.len() == 1 => upper.next(),
            Self::Lower | Self::Upper => None,
        };
        single.unwrap_or(letter)
    }
}

/// The letters of a text, as what was done to it makes them.
#[derive(Debug, Clone)]
pub struct Letters<'a> {
    rest: Chars<'a>,
    is_escaped: bool,
    cases: Cases,
}

impl Iterator for Letters<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let letter = match self.rest.next()? {
            '\\' if self.is_escaped => self.escape(),
            letter => letter,
        };
        Some(self.cases.of(letter))
    }
}

impl Letters<'_> {
    /// The letter of an escape of JSON, after its `\`.
    fn escape(&mut self) -> char {
        match self.rest.next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => self.unit(),
            other => other.unwrap_or(char::REPLACEMENT_CHARACTER),
        }
    }

    /// The letter of `\uXXXX`, or of two of them, after the first `u`.
    fn unit(&mut self) -> char {
        const PAIR: &str = "\\u";
        let high = self.hex();
        let is_half = (0xd800..0xdc00).contains(&high) && self.rest.as_str().starts_with(PAIR);
        let code = if is_half {
            self.rest = self.rest.as_str()[PAIR.len()..].chars();
            0x1_0000 + ((high - 0xd800) << 10 | self.hex().wrapping_sub(0xdc00) & 0x3ff)
        } else {
            high
        };
        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> u32 {
        let digits = self.rest.by_ref().take(4);
        digits.fold(0, |code, digit| code << 4 | digit.to_digit(16).unwrap_or(0))
    }
}

/// A text, and the cases that it is put into.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    written: &'a str,
    is_escaped: bool,
    cases: Cases,
}

impl<'a> Text<'a> {
    /// A text as it is written.
    pub const fn new(text: &'a str) -> Self {
        Self { written: text, is_escaped: false, cases: Cases::NONE }
    }

    /// The text of a valid JSON string, as it stands between its quotes.
    pub fn escaped(text: &'a str) -> Self {
        Self { is_escaped: text.contains('\\'), ..Self::new(text) }
    }

    /// The same in lower or upper case.
    #[must_use]
    pub const fn in_case(self, case: Case) -> Self {
        Self { cases: self.cases.then(case), ..self }
    }

    /// Its letters.
    pub fn letters(self) -> Letters<'a> {
        let Self { written, is_escaped, cases } = self;
        Letters { rest: written.chars(), is_escaped, cases }
    }

    /// The order by code points.
    pub fn compare(self, other: Self) -> Ordering {
        let is_as_written = |it: &Self| it.cases == Cases::NONE && !it.is_escaped;
        if is_as_written(&self) && is_as_written(&other) {
            return self.written.cmp(other.written);
        }
        self.letters().cmp(other.letters())
    }
}

/// What is done to each letter, the last first, each a bit below one that says where they end: the lower case of an
/// upper case is not the lower case of each letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cases(u64);

impl Cases {
    const NONE: Self = Self(1);

    /// No expression is so deep that the bits would not do.
    const fn then(self, case: Case) -> Self {
        if self.0.leading_zeros() == 0 { self } else { Self(self.0 << 1 | case as u64) }
    }

    fn of(self, letter: char) -> char {
        let count = u64::BITS - 1 - self.0.leading_zeros();
        (0..count).rev().fold(letter, |letter, bit| {
            let case = if self.0 >> bit & 1 == 0 { Case::Lower } else { Case::Upper };
            case.of(letter)
        })
    }
}

/// The pattern of a `LIKE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Box<[Piece]>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// This letter.
    One(char),
    /// `_`
    AnyOne,
    /// `%`
    Any,
}

impl Pattern {
    /// Reads `%`, `_`, and what a `\` takes literally; `None` where nothing follows a `\`.
    pub fn read(text: &str) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            pieces.push(match letter {
                '%' => Piece::Any,
                '_' => Piece::AnyOne,
                '\\' => Piece::One(letters.next()?),
                letter => Piece::One(letter),
            });
        }
        // As many as one likes are one, and each would be tried.
        pieces.dedup_by(|next, piece| (*next, *piece) == (Piece::Any, Piece::Any));
        Some(Self(pieces.into()))
    }

    /// The text of which it is read.
    pub fn written(&self) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Any => text.push('%'),
                Piece::AnyOne => text.push('_'),
                Piece::One(letter) => {
                    if matches!(letter, '%' | '_' | '\\') {
                        text.push('\\');
                    }
                    text.push(*letter);
                }
            }
        }
        text
    }

    /// Whether the whole text is like this.
    ///
    /// Tries again only what follows the last `%`, so that the time is no more than the product of the lengths.
    pub fn matches(&self, text: Text<'_>) -> bool {
        let mut letters = text.letters();
        let mut at = 0;
        let mut last_any: Option<(usize, Letters<'_>)> = None;
        loop {
            let fits = match self.0.get(at) {
                Some(Piece::Any) => {
                    at += 1;
                    last_any = Some((at, letters.clone()));
                    continue;
                }
                Some(Piece::AnyOne) => match letters.next() {
                    Some(_) => true,
                    None => return false,
                },
                Some(Piece::One(piece)) => match letters.next() {
                    Some(letter) => letter == *piece,
                    None => return false,
                },
                None if letters.next().is_none() => return true,
                None => false,
            };
            if fits {
                at += 1;
                continue;
            }
            let Some((after, from)) = &mut last_any else { return false };
            if from.next().is_none() {
                return false;
            }
            (at, letters) = (*after, from.clone());
        }
    }

    /// What matching costs at most, where comparing two short numbers costs 1.
    pub(super) fn cost(&self) -> u64 {
        let is_any = |piece: &&Piece| **piece == Piece::Any;
        let tries = if self.0.iter().filter(is_any).count() > 0 { TRIES_COST } else { 1 };
        let length = u64::try_from(self.0.len()).unwrap_or(u64::MAX);
        length.saturating_mul(tries).saturating_add(1)
    }
}

/// Texts are short: as often as there are letters the pieces after a `%` are tried, each in much less than 1.
const TRIES_COST: u64 = 16;
