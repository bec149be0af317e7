//! JSON into the tree, by way of raw values, so that numbers keep their text and all their place.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{DEPTH_MAX, DocumentProblem, Member, Node, Position, Value, problem, too_deep};

/// Whether `text` is JSON. A text that almost is goes to the YAML reader, which accepts the same
/// form and says more about what is wrong.
pub(super) fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

/// Reads a text that is JSON.
pub(super) fn read(text: &str) -> Result<Node, DocumentProblem> {
    let at = Position { line: 1, column: 1 };
    let raw = serde_json::from_str(text).map_err(|error| broken(at, &error))?;
    Reader { text, offset: 0, at }.node(raw, 0)
}

/// Reads from front to back, so that positions are counted once.
struct Reader<'a> {
    text: &'a str,
    /// Bytes that were passed.
    offset: usize,
    /// The position there.
    at: Position,
}

impl<'a> Reader<'a> {
    fn pass_to(&mut self, part: &'a RawValue) -> Position {
        let offset = part.get().as_ptr().addr() - self.text.as_ptr().addr();
        for character in self.text[self.offset..offset].chars() {
            if character == '\n' {
                self.at = Position { line: self.at.line + 1, column: 1 };
            } else {
                self.at.column += 1;
            }
        }
        self.offset = offset;
        self.at
    }

    fn node(&mut self, raw: &'a RawValue, depth: usize) -> Result<Node, DocumentProblem> {
        let at = self.pass_to(raw);
        let broken = |error| broken(at, &error);
        let text = raw.get();
        let value = match text.as_bytes()[0] {
            b'{' | b'[' if depth == DEPTH_MAX => return Err(too_deep(at)),
            b'{' => {
                let Members(raw) = serde_json::from_str(text).map_err(broken)?;
                let mut members = Vec::with_capacity(raw.len());
                for (key, value) in raw {
                    let key_at = self.pass_to(key);
                    let key = serde_json::from_str(key.get()).map_err(broken)?;
                    members.push(Member { key_at, key, node: self.node(value, depth + 1)? });
                }
                Value::Map(members)
            }
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(text).map_err(broken)?;
                let nodes = items.into_iter().map(|item| self.node(item, depth + 1));
                Value::List(nodes.collect::<Result<_, _>>()?)
            }
            b'"' => Value::Text(serde_json::from_str(text).map_err(broken)?),
            b't' => Value::Bool(true),
            b'f' => Value::Bool(false),
            b'n' => Value::Null,
            _ => Value::Number(text.into()),
        };
        Ok(Node { at, value })
    }
}

/// The error of a part of the text, without the line and column of that part.
fn broken(at: Position, error: &serde_json::Error) -> DocumentProblem {
    let error = error.to_string();
    let cause = error.split(" at line ").next().unwrap_or_default();
    problem(at, format!("expected JSON: {cause}"))
}

/// The members of an object, repeated keys and all.
struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}
