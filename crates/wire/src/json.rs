//! A strict JSON (RFC 8259) scanner that copies nothing but texts with escapes.
//!
//! Beyond the grammar it refuses what two readers could understand differently: repeated keys at any
//! level, lone surrogates, invalid UTF-8. Numbers stay as they were written, so that no amount passes
//! through a float. Depth and keys are limited, so the work is linear but for one sort of keys.

use std::borrow::Cow;
use std::fmt;

use crate::problem::Problem;
use crate::spelling::hint;

pub(crate) mod by_value;
mod find;

pub use find::find;

/// Greatest depth of objects and arrays within each other.
pub const DEPTH_MAX: usize = 32;
/// Greatest number of keys in one object.
pub const KEYS_MAX: usize = 1_024;
/// Greatest length in bytes of what a problem says was found.
const FOUND_BYTES_MAX: usize = 40;
/// Greatest length in bytes of a key in a pointer: a longer one is cut, so that no answer is as long as its request.
const STEP_BYTES_MAX: usize = 128;

/// One value; objects and arrays were validated and stand as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// `null`
    Null {
        /// Where it begins.
        at: usize,
    },
    /// `true` or `false`
    Bool(bool),
    /// A number as it was written.
    Number(&'a str),
    /// A text without its escapes.
    Text(Cow<'a, str>),
    /// A whole object.
    Object(&'a str),
    /// A whole array.
    Array(&'a str),
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null { .. } => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(text) | Self::Object(text) | Self::Array(text) => f.write_str(text),
            Self::Text(text) => write!(f, "\"{text}\""),
        }
    }
}

impl Value<'_> {
    /// The beginning of the value in backticks, as a problem shows what was found.
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) => {
                let start = &text[..text.floor_char_boundary(FOUND_BYTES_MAX)];
                found(&format!("\"{start}\""))
            }
            Self::Number(text) | Self::Object(text) | Self::Array(text) => found(text),
            Self::Null { .. } | Self::Bool(_) => found(&self.to_string()),
        }
    }
}

/// What is wrong at one place of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// No value where one must be.
    Value,
    /// No object where one must be.
    Object,
    /// Neither an object nor an array where one of them must be.
    ObjectOrArray,
    /// No key where one must be.
    Key,
    /// No colon after a key.
    Colon,
    /// Neither a comma nor the end after a field.
    FieldEnd,
    /// Neither a comma nor the end after an element.
    ElementEnd,
    /// Something after the document.
    End,
    /// A number that breaks off.
    Digit,
    /// A text that never ends.
    Quote,
    /// A control character that is not escaped.
    Control,
    /// An escape that JSON does not have.
    Escape,
    /// Half of a surrogate pair.
    Surrogate,
    /// Bytes that are not UTF-8.
    Encoding,
    /// More than [`DEPTH_MAX`] levels.
    Depth,
    /// More than [`KEYS_MAX`] keys in one object.
    KeyCount,
    /// A key that the object already has.
    RepeatedKey,
    /// A key that means nothing where no other than the known ones may be.
    UnknownKey,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value => "expected a value",
            Self::Object => "expected an object",
            Self::ObjectOrArray => "expected an object or an array",
            Self::Key => "expected a key in quotes",
            Self::Colon => "expected `:`",
            Self::FieldEnd => "expected `,` or `}`",
            Self::ElementEnd => "expected `,` or `]`",
            Self::End => "expected nothing more",
            Self::Digit => "expected a digit",
            Self::Quote => "expected a closing quote",
            Self::Control => "expected control characters to be escaped",
            Self::Escape => "expected an escape of JSON",
            Self::Surrogate => "expected both halves of a surrogate pair",
            Self::Encoding => "expected UTF-8",
            Self::Depth => "expected at most 32 levels",
            Self::KeyCount => "expected at most 1024 keys in one object",
            Self::RepeatedKey => "expected each key once",
            Self::UnknownKey => "expected a known field",
        })
    }
}

/// Where a document breaks, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// Position in bytes.
    pub at: usize,
    /// What is wrong there.
    pub flaw: Flaw,
}

/// Reads one document from its beginning to its end.
#[derive(Debug)]
pub struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// Keys that nobody asked for, of all objects that are open: each object's own stand last.
    keys: Vec<(Cow<'a, str>, usize)>,
    /// Once broken: the way to the break, innermost first.
    path: Vec<String>,
    /// Whether the document itself has no other fields than those that are asked for.
    is_strict: bool,
}

/// Reads the one object that `raw` is: the values of its fields `names`, in the order of `names`.
///
/// Other fields are validated and left out.
pub fn fields<'a, const N: usize>(
    raw: &'a [u8],
    names: &[&str; N],
) -> Result<[Option<Value<'a>>; N], Problem> {
    read_fields(raw, names, false)
}

/// As [`fields`], and refuses every other field: what somebody asks for is not carried out without the part that was
/// misspelt.
pub fn only_fields<'a, const N: usize>(
    raw: &'a [u8],
    names: &[&str; N],
) -> Result<[Option<Value<'a>>; N], Problem> {
    read_fields(raw, names, true)
}

fn read_fields<'a, const N: usize>(
    raw: &'a [u8],
    names: &[&str; N],
    is_strict: bool,
) -> Result<[Option<Value<'a>>; N], Problem> {
    let text = str::from_utf8(raw).map_err(|error| {
        Broken { at: error.valid_up_to(), flaw: Flaw::Encoding }.problem(raw, "")
    })?;
    let mut slots = [const { None }; N];
    let mut scanner = Scanner { is_strict, ..Scanner::new(text) };
    match scanner.document(names, &mut slots) {
        Ok(()) => Ok(slots),
        Err(Broken { flaw: Flaw::UnknownKey, .. }) => Err(scanner.unknown_field(names)),
        Err(broken) => Err(broken.problem(raw, &scanner.pointer())),
    }
}

/// The elements of an array that was validated; nothing where it has more than `count_max`.
pub fn elements(array: &str, count_max: usize) -> Option<Vec<Value<'_>>> {
    let mut scanner = Scanner::new(array);
    let mut elements = Vec::new();
    scanner.next();
    let read = scanner.items(b']', Flaw::ElementEnd, |scanner| {
        if elements.len() == count_max {
            return Err(scanner.broken(Flaw::End));
        }
        elements.push(scanner.value()?);
        Ok(())
    });
    read.is_ok().then_some(elements)
}

/// The fields of an object that was validated, by their keys; nothing where it has more than `count_max`.
pub fn entries(object: &str, count_max: usize) -> Option<Vec<(Cow<'_, str>, Value<'_>)>> {
    let mut scanner = Scanner::new(object);
    let mut entries = Vec::new();
    scanner.next();
    let read = scanner.items(b'}', Flaw::FieldEnd, |scanner| {
        if entries.len() == count_max {
            return Err(scanner.broken(Flaw::End));
        }
        let key = scanner.string()?;
        scanner.colon()?;
        entries.push((key, scanner.value()?));
        Ok(())
    });
    read.is_ok().then_some(entries)
}

impl Broken {
    /// The problem with the document `raw`, of which `pointer` names the part.
    pub fn problem(self, raw: &[u8], pointer: &str) -> Problem {
        let rest = &raw[self.at.min(raw.len())..];
        let rest = String::from_utf8_lossy(&rest[..rest.len().min(FOUND_BYTES_MAX)]);
        let (flaw, at, found) = (self.flaw, self.at, found(&rest));
        Problem::new(pointer, format!("{flaw} at byte {at}, found {found}"))
    }
}

/// `text` in backticks, on one line and cut to a few bytes; or "nothing".
pub(crate) fn found(text: &str) -> String {
    if text.is_empty() {
        return "nothing".to_owned();
    }
    let start = &text[..text.floor_char_boundary(FOUND_BYTES_MAX)];
    let mut shown = String::new();
    for char in start.chars() {
        match char {
            '"' | '\'' | '\\' => shown.push(char),
            _ => shown.extend(char.escape_debug()),
        }
    }
    if start.len() < text.len() || shown.len() > FOUND_BYTES_MAX {
        shown.truncate(shown.floor_char_boundary(FOUND_BYTES_MAX - '…'.len_utf8()));
        shown.push('…');
    }
    format!("`{shown}`")
}

impl<'a> Scanner<'a> {
    const fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0, keys: Vec::new(), path: Vec::new(), is_strict: false }
    }

    fn document(&mut self, names: &[&str], slots: &mut [Option<Value<'a>>]) -> Result<(), Broken> {
        if self.next() != Some(b'{') {
            return Err(self.broken(Flaw::Object));
        }
        self.object(names, slots)?;
        match self.next() {
            None => Ok(()),
            Some(_) => Err(self.broken(Flaw::End)),
        }
    }

    /// The way to the break as a JSON pointer.
    fn pointer(&self) -> String {
        let escaped = |name: &String| name.replace('~', "~0").replace('/', "~1");
        self.path.iter().rev().flat_map(|name| ["/".to_owned(), escaped(name)]).collect()
    }

    /// The problem with a field of the document that is none of `names`.
    fn unknown_field(&self, names: &[&str]) -> Problem {
        let field = self.path.first().map_or("", |name| name);
        let meant = hint(field, names.iter().copied());
        let detail = if meant.is_empty() {
            format!("unknown field; expected one of `{}`", names.join("`, `"))
        } else {
            format!("unknown field{meant}")
        };
        Problem::new(self.pointer(), detail)
    }

    /// Reads an object at its `{` and fills the `slots` of the fields that `names` names.
    fn object(&mut self, names: &[&str], slots: &mut [Option<Value<'a>>]) -> Result<(), Broken> {
        let outer_keys = self.keys.len();
        let (mut expected, mut key_count) = (0, 0);
        self.items(b'}', Flaw::FieldEnd, |scanner| {
            let key_at = scanner.at;
            if scanner.peek() != Some(b'"') {
                return Err(scanner.broken(Flaw::Key));
            }
            let (key, index) = if let Some(key) = scanner.expected_key(names.get(expected)) {
                (Cow::Borrowed(key), Some(expected))
            } else {
                let key = scanner.string()?;
                let index = names.iter().position(|name| *name == key);
                (key, index)
            };
            scanner.colon()?;
            key_count += 1;
            if key_count > KEYS_MAX {
                return Err(Broken { at: key_at, flaw: Flaw::KeyCount });
            }
            if index.is_some_and(|index| slots[index].is_some()) {
                let broken = Broken { at: key_at, flaw: Flaw::RepeatedKey };
                return Err(scanner.inside(&key, broken));
            }
            if index.is_none() && scanner.is_strict && scanner.depth == 1 {
                let broken = Broken { at: key_at, flaw: Flaw::UnknownKey };
                return Err(scanner.inside(&key, broken));
            }
            let value = match scanner.value() {
                Ok(value) => value,
                Err(broken) => return Err(scanner.inside(&key, broken)),
            };
            if let Some(index) = index {
                slots[index] = Some(value);
                expected = index + 1;
            } else {
                scanner.keys.push((key, key_at));
            }
            Ok(())
        })?;
        self.refuse_repeated(outer_keys)
    }

    fn colon(&mut self) -> Result<(), Broken> {
        if self.next() != Some(b':') {
            return Err(self.broken(Flaw::Colon));
        }
        self.at += 1;
        Ok(())
    }

    /// Reads what stands between brackets and commas, at the first bracket; `item` begins at what is no
    /// white space.
    #[inline]
    fn items(
        &mut self,
        end: u8,
        flaw: Flaw,
        mut item: impl FnMut(&mut Self) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        self.open()?;
        let mut more = self.next() != Some(end);
        while more {
            item(self)?;
            more = match self.next() {
                Some(b',') => true,
                Some(byte) if byte == end => false,
                _ => return Err(self.broken(flaw)),
            };
            if more {
                self.at += 1;
                self.next();
            }
        }
        self.close();
        Ok(())
    }

    /// Reads a key at its opening quote if it is `name`, which it usually is, since producers keep the
    /// order of their fields: comparing is faster than looking for the end.
    #[inline]
    fn expected_key(&mut self, name: Option<&&str>) -> Option<&'a str> {
        let name = name?;
        let (start, end) = (self.at + 1, self.at + 1 + name.len());
        let key = self.text.get(start..end).filter(|key| key == name)?;
        if self.text.as_bytes().get(end) != Some(&b'"') {
            return None;
        }
        self.at = end + 1;
        Some(key)
    }

    /// Refuses repeated keys among those that nobody asked for, and forgets them.
    fn refuse_repeated(&mut self, outer_keys: usize) -> Result<(), Broken> {
        const FEW: usize = 16;
        let keys = &mut self.keys[outer_keys..];
        let repeated = if keys.len() <= FEW {
            (1..keys.len()).find(|&later| keys[..later].iter().any(|key| key.0 == keys[later].0))
        } else {
            keys.sort_unstable();
            (1..keys.len()).find(|&later| keys[later - 1].0 == keys[later].0)
        };
        if let Some(index) = repeated {
            let (key, at) = keys[index].clone();
            return Err(self.inside(&key, Broken { at, flaw: Flaw::RepeatedKey }));
        }
        self.keys.truncate(outer_keys);
        Ok(())
    }

    fn array(&mut self) -> Result<(), Broken> {
        let mut index = 0_usize;
        self.items(b']', Flaw::ElementEnd, |scanner| {
            if let Err(broken) = scanner.value() {
                return Err(scanner.inside(&index.to_string(), broken));
            }
            index += 1;
            Ok(())
        })
    }

    /// Recursive through `object` and `array`, which [`DEPTH_MAX`] bounds.
    fn value(&mut self) -> Result<Value<'a>, Broken> {
        let first = self.next();
        let start = self.at;
        match first {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b'{') => {
                self.object(&[], &mut [])?;
                Ok(Value::Object(&self.text[start..self.at]))
            }
            Some(b'[') => {
                self.array()?;
                Ok(Value::Array(&self.text[start..self.at]))
            }
            Some(b't') => self.literal("true", Value::Bool(true)),
            Some(b'f') => self.literal("false", Value::Bool(false)),
            Some(b'n') => self.literal("null", Value::Null { at: start }),
            _ => Err(self.broken(Flaw::Value)),
        }
    }

    fn literal(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>, Broken> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.broken(Flaw::Value));
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<&'a str, Broken> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) -> Result<(), Broken> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(self.broken(Flaw::Digit)) }
    }

    /// Reads a text at its opening quote.
    #[inline]
    fn string(&mut self) -> Result<Cow<'a, str>, Broken> {
        let start = self.at + 1;
        self.at = plain_end(self.text.as_bytes(), start);
        let plain = &self.text[start..self.at];
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(plain));
        }
        self.escaped_string(plain).map(Cow::Owned)
    }

    /// Goes on with a text after its `plain` beginning.
    #[cold]
    fn escaped_string(&mut self, plain: &str) -> Result<String, Broken> {
        let mut whole = plain.to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(whole);
                }
                Some(b'\\') => whole.push(self.escape()?),
                Some(_) => return Err(self.broken(Flaw::Control)),
                None => return Err(self.broken(Flaw::Quote)),
            }
            let start = self.at;
            self.at = plain_end(self.text.as_bytes(), start);
            whole.push_str(&self.text[start..self.at]);
        }
    }

    /// Reads an escape at its backslash.
    fn escape(&mut self) -> Result<char, Broken> {
        let start = self.at;
        let broken = |flaw| Broken { at: start, flaw };
        self.at += 2;
        Ok(match self.text.as_bytes().get(start + 1) {
            Some(&char @ (b'"' | b'\\' | b'/')) => char::from(char),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let first = self.hex().ok_or(broken(Flaw::Escape))?;
                let code = match first {
                    0xd800..=0xdbff if self.text.as_bytes()[self.at..].starts_with(b"\\u") => {
                        self.at += 2;
                        let second = self.hex().ok_or(broken(Flaw::Escape))?;
                        let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400);
                        let low = low.ok_or(broken(Flaw::Surrogate))?;
                        0x1_0000 + ((first - 0xd800) << 10) + low
                    }
                    code => code,
                };
                char::from_u32(code).ok_or(broken(Flaw::Surrogate))?
            }
            _ => return Err(broken(Flaw::Escape)),
        })
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4)?;
        self.at += 4;
        digits
            .iter()
            .try_fold(0, |code, digit| Some((code << 4) | char::from(*digit).to_digit(16)?))
    }

    fn open(&mut self) -> Result<(), Broken> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.broken(Flaw::Depth));
        }
        self.at += 1;
        Ok(())
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.at += 1;
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no white space; stays before it.
    fn next(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(self.at) {
            self.at += 1;
        }
        self.peek()
    }

    fn broken(&self, flaw: Flaw) -> Broken {
        Broken { at: self.at, flaw }
    }

    #[cold]
    fn inside(&mut self, name: &str, broken: Broken) -> Broken {
        let start = &name[..name.floor_char_boundary(STEP_BYTES_MAX)];
        let cut = if start.len() < name.len() { "…" } else { "" };
        self.path.push(format!("{start}{cut}"));
        broken
    }
}

/// The position from `at` on of the first byte that ends plain text: a quote, a backslash, a control
/// character or the end. Looks at eight bytes at once.
#[inline]
pub(crate) fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH_BITS: u64 = ONES << 7;
    // The high bit of each byte below `limit`; the lowest of them is exact, what is above a hit is not.
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*chunk);
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        let hits = (quote | backslash | below(word, b' ')) & HIGH_BITS;
        if hits != 0 {
            return at + hits.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | ..b' ');
    at + rest.iter().position(ends).unwrap_or(rest.len())
}
