//! Finding one field of an object that was validated when it came, without reading the others.

use accolade_domain::query::data::{Datum, Path};
use accolade_domain::query::text::Text;

/// The field of a valid JSON object to which a path leads; nothing where there is none, or where it holds an object, a
/// list or `null`.
pub fn find<'d>(object: &'d str, path: &Path) -> Option<Datum<'d>> {
    let (last, outer) = path.split_last()?;
    let inner = outer.iter().try_fold(object, |object, key| field(object, key))?;
    datum(field(inner, last)?)
}

fn datum(value: &str) -> Option<Datum<'_>> {
    match value.as_bytes().first()? {
        b'"' => Some(Datum::Text(value.get(1..value.len() - 1)?)),
        b't' => Some(Datum::Boolean(true)),
        b'f' => Some(Datum::Boolean(false)),
        b'{' | b'[' | b'n' => None,
        _ => Some(Datum::Number(value)),
    }
}

/// The value of a key as it was written.
fn field<'d>(object: &'d str, wanted: &str) -> Option<&'d str> {
    let mut rest = object.strip_prefix('{')?.trim_ascii_start();
    while rest.starts_with('"') {
        let (key, after) = split_value(rest);
        let (value, after) =
            split_value(after.trim_ascii_start().strip_prefix(':')?.trim_ascii_start());
        let key = Text::escaped(key.get(1..key.len() - 1)?);
        if key.letters().eq(wanted.chars()) {
            return Some(value);
        }
        rest = after.trim_ascii_start().strip_prefix(',')?.trim_ascii_start();
    }
    None
}

/// The value that a text begins with, and what follows it.
fn split_value(text: &str) -> (&str, &str) {
    let (mut open, mut in_text, mut is_escaped) = (0_usize, false, false);
    for (index, byte) in text.bytes().enumerate() {
        if in_text {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => {
                    in_text = false;
                    if open == 0 {
                        return text.split_at(index + 1);
                    }
                }
                _ => {}
            }
            continue;
        }
        match byte {
            b'}' | b']' | b',' | b' ' | b'\t' | b'\n' | b'\r' if open == 0 => {
                return text.split_at(index);
            }
            b'"' => in_text = true,
            b'{' | b'[' => open += 1,
            b'}' | b']' => {
                open -= 1;
                if open == 0 {
                    return text.split_at(index + 1);
                }
            }
            _ => {}
        }
    }
    (text, "")
}
