//! YAML 1.2 into the tree, from the parser's events.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::{
    DEPTH_MAX, DocumentProblem, Kind, Member, Node, Position, Unquoted, Value, problem, too_deep,
};

/// A mapping or list whose end has not come yet.
struct Open {
    at: Position,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { members: Vec<Member>, key: Option<(Position, Box<str>)> },
}

/// Reads one YAML document.
pub(super) fn read(text: &str) -> Result<(Node, Unquoted), DocumentProblem> {
    let mut unquoted = Unquoted::new();
    let mut open: Vec<Open> = Vec::new();
    let mut root: Option<Node> = None;
    for event in Parser::new_from_str(text.trim_start_matches('\u{feff}')) {
        let (event, span) =
            event.map_err(|error| problem(position(*error.marker()), error.info()))?;
        let at = position(span.start);
        refuse_indirection(&event, at)?;
        let node = match event {
            Event::DocumentStart(_) if root.is_some() => {
                return Err(problem(at, "expected one document, found a second one"));
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => continue,
            // Keys are names, so `404:` or `true:` stands for its text.
            Event::Scalar(text, style, ..) => {
                let is_key = key_is_next(&open);
                let value =
                    if is_key { Value::Text((&*text).into()) } else { scalar(&text, style) };
                if let (Value::Text(_), ScalarStyle::Plain, Some(kind)) =
                    (&value, style, kind(&text))
                {
                    unquoted.insert(at, (kind, text.into()));
                }
                Node { at, value }
            }
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() == DEPTH_MAX => {
                return Err(too_deep(at));
            }
            Event::SequenceStart(..) => {
                open.push(Open { at, content: Content::List(Vec::new()) });
                continue;
            }
            Event::MappingStart(..) => {
                let content = Content::Map { members: Vec::new(), key: None };
                open.push(Open { at, content });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => close(&mut open),
            Event::Alias(_) => unreachable!("an alias was refused"),
        };
        match open.last_mut() {
            None => root = Some(node),
            Some(parent) => parent.content.take(node)?,
        }
    }
    let root =
        root.ok_or_else(|| problem(Position { line: 1, column: 1 }, "the document is empty"))?;
    Ok((root, unquoted))
}

fn position(marker: Marker) -> Position {
    Position { line: marker.line(), column: marker.col() + 1 }
}

fn refuse_indirection(event: &Event<'_>, at: Position) -> Result<(), DocumentProblem> {
    let (anchor, tag) = match event {
        Event::Alias(_) => return Err(problem(at, "aliases (`*name`) are not supported")),
        Event::Scalar(_, _, anchor, tag) => (*anchor, tag.is_some()),
        Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => {
            (*anchor, tag.is_some())
        }
        _ => return Ok(()),
    };
    if anchor > 0 {
        return Err(problem(at, "anchors (`&name`) are not supported"));
    }
    if tag {
        return Err(problem(at, "tags (`!name`) are not supported"));
    }
    Ok(())
}

fn close(open: &mut Vec<Open>) -> Node {
    let Open { at, content } = open.pop().expect("the parser ends only what it began");
    let value = match content {
        Content::List(nodes) => Value::List(nodes),
        Content::Map { members, .. } => Value::Map(members),
    };
    Node { at, value }
}

impl Content {
    fn take(&mut self, node: Node) -> Result<(), DocumentProblem> {
        match self {
            Self::List(nodes) => nodes.push(node),
            Self::Map { members, key } => match key.take() {
                Some((key_at, key)) => members.push(Member { key_at, key, node }),
                None => *key = Some((node.at, key_text(node)?)),
            },
        }
        Ok(())
    }
}

fn key_is_next(open: &[Open]) -> bool {
    matches!(open.last(), Some(Open { content: Content::Map { key: None, .. }, .. }))
}

fn key_text(node: Node) -> Result<Box<str>, DocumentProblem> {
    match node.value {
        Value::Text(text) => Ok(text),
        _ => Err(problem(node.at, "expected a key that is a text")),
    }
}

/// The core schema, but that numbers must be written as in JSON; what else looks like one, such as
/// `.5`, `0x1F` or `.nan`, is a text, and is refused as such where a number is expected.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::Text(text.into());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        number if is_number(number) => Value::Number(number.into()),
        text => Value::Text(text.into()),
    }
}

/// What a scalar without quotes is by the core schema, if it is no text.
fn kind(text: &str) -> Option<Kind> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Some(Kind::Null),
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Some(Kind::Bool),
        text => is_core_number(text).then_some(Kind::Number),
    }
}

/// Whether the core schema reads `text` as a number, in whatever spelling.
fn is_core_number(text: &str) -> bool {
    let is_all = |text: &str, is_digit: fn(&u8) -> bool| {
        !text.is_empty() && text.bytes().all(|byte| is_digit(&byte))
    };
    if let Some(digits) = text.strip_prefix("0x") {
        return is_all(digits, u8::is_ascii_hexdigit);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return is_all(digits, |byte| matches!(byte, b'0'..=b'7'));
    }
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(text, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    let (number, exponent) = text.split_once(['e', 'E']).map_or((text, "0"), |parts| parts);
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_digits = !whole.is_empty() || !part.is_empty() && number.contains('.');
    has_digits && is_digits(whole) && is_digits(part) && is_all(exponent, u8::is_ascii_digit)
}

/// Whether JSON would read `text` as a number.
fn is_number(text: &str) -> bool {
    let Some(first) = text.bytes().next() else { return false };
    (first == b'-' || first.is_ascii_digit())
        && serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
}
