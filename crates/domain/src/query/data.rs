//! Fields of a game event's own data, of which nothing is known before it comes: what a field is taken for is decided by
//! what the query does with it.

use super::decimal::Decimal;
use super::text::Text;
use super::value::{Type, Value};

/// The keys that lead to a field.
pub type Path = [Box<str>];

/// Finds a field in the data of a game event, a JSON object as it was written.
pub type Find = for<'d> fn(&'d str, &Path) -> Option<Datum<'d>>;

/// What stands in a field; an object, a list and `null` are nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Datum<'a> {
    /// `true` or `false`
    Boolean(bool),
    /// A number as it was written.
    Number(&'a str),
    /// A text as it was written, without its quotes and with its escapes.
    Text(&'a str),
}

impl<'a> Datum<'a> {
    /// The field as a value of a type; NULL where it is none.
    pub(super) fn value(self, wanted: Type) -> Value<'a> {
        match (wanted, self) {
            (Type::Boolean, Self::Boolean(truth)) => Value::Boolean(truth),
            (Type::Number, Self::Number(number)) => {
                Decimal::parse(number).map_or(Value::Null, Value::Number)
            }
            (Type::Number, Self::Text(text)) => number_in(text).map_or(Value::Null, Value::Number),
            (Type::Text, Self::Text(text)) => Value::Text(Text::escaped(text)),
            (Type::Text, Self::Number(text)) => Value::Text(Text::new(text)),
            (Type::Text, Self::Boolean(true)) => Value::Text(Text::new("true")),
            (Type::Text, Self::Boolean(false)) => Value::Text(Text::new("false")),
            (Type::Boolean | Type::Number | Type::Time | Type::Date, _) => Value::Null,
        }
    }
}

/// Of a text with escapes so many letters are read: more than any number has that is not written with zeros in front.
const ESCAPED_MAX: usize = 128;

/// The number that a text is, whichever of its letters are written as escapes.
fn number_in(text: &str) -> Option<Decimal> {
    if !text.contains('\\') {
        return Decimal::parse(text);
    }
    let (mut plain, mut len) = ([0; ESCAPED_MAX], 0);
    for letter in Text::escaped(text).letters() {
        *plain.get_mut(len)? = u8::try_from(letter).ok().filter(u8::is_ascii)?;
        len += 1;
    }
    Decimal::parse(std::str::from_utf8(plain.get(..len)?).ok()?)
}
