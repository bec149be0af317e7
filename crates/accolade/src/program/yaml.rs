//! A document as YAML, for people to read, edit and publish again.
//!
//! Keys stay in their order, and numbers digit for digit as they were written.

use std::fmt::Write as _;

use accolade_wire::document::{Node, Value};

/// Mappings and lists of nothing but scalars stand on one line up to this width.
const LINE_CHARACTERS_MAX: usize = 90;

/// The document as YAML.
pub(super) fn write(root: &Node) -> String {
    let mut text = String::new();
    block(root, 0, &mut text);
    text
}

fn block(node: &Node, depth: usize, text: &mut String) {
    match &node.value {
        Value::Map(members) if !members.is_empty() => {
            for member in members {
                indent(depth, text);
                scalar_text(&member.key, text);
                text.push(':');
                value(&member.node, depth, text);
            }
        }
        Value::List(nodes) if !nodes.is_empty() => {
            for node in nodes {
                indent(depth, text);
                text.push('-');
                item(node, depth, text);
            }
        }
        _ => {
            indent(depth, text);
            inline(node, text);
            text.push('\n');
        }
    }
}

fn value(node: &Node, depth: usize, text: &mut String) {
    if on_one_line(node, depth) {
        text.push(' ');
        inline(node, text);
        text.push('\n');
    } else {
        text.push('\n');
        block(node, depth + 1, text);
    }
}

/// The first line of a block stands behind its dash.
fn item(node: &Node, depth: usize, text: &mut String) {
    if on_one_line(node, depth) {
        return value(node, depth, text);
    }
    let mut lines = String::new();
    block(node, depth + 1, &mut lines);
    text.push(' ');
    text.push_str(lines.trim_start());
}

fn on_one_line(node: &Node, depth: usize) -> bool {
    let is_scalar = |node: &Node| !matches!(node.value, Value::Map(_) | Value::List(_));
    let is_flat = match &node.value {
        Value::Map(members) => {
            depth > 0 && members.iter().all(|member| is_scalar(&member.node)) || members.is_empty()
        }
        Value::List(nodes) => nodes.iter().all(is_scalar),
        _ => return true,
    };
    let mut line = String::new();
    inline(node, &mut line);
    is_flat && line.chars().count() + 2 * depth < LINE_CHARACTERS_MAX
}

fn inline(node: &Node, text: &mut String) {
    match &node.value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => text.push_str(number),
        Value::Text(words) => scalar_text(words, text),
        Value::List(nodes) => {
            text.push('[');
            for (index, node) in nodes.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                inline(node, text);
            }
            text.push(']');
        }
        Value::Map(members) if members.is_empty() => text.push_str("{}"),
        Value::Map(members) => {
            text.push_str("{ ");
            for (index, member) in members.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                scalar_text(&member.key, text);
                text.push_str(": ");
                inline(&member.node, text);
            }
            text.push_str(" }");
        }
    }
}

/// Plain where no reader can take it for anything but this text, or else in quotes.
fn scalar_text(words: &str, text: &mut String) {
    let is_word = |character: char| character.is_ascii_alphanumeric() || "-_/ ".contains(character);
    let looks_like_another = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        .contains(&words.to_ascii_lowercase().as_str());
    let is_plain = words.starts_with(|first: char| first.is_ascii_alphabetic())
        && !words.ends_with(' ')
        && words.chars().all(is_word)
        && !looks_like_another;
    if is_plain {
        text.push_str(words);
    } else {
        // A JSON text is a YAML text in double quotes.
        write!(text, "{}", serde_json::Value::from(words)).expect("a string takes everything");
    }
}

fn indent(depth: usize, text: &mut String) {
    text.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use accolade_wire::document;
    use expect_test::expect;

    use super::*;

    fn written(text: &str) -> String {
        write(&document::read(text).unwrap())
    }

    #[test]
    fn what_is_written_is_what_was_read() {
        for text in [
            include_str!("../../../../examples/programs/slots-house.yaml"),
            include_str!("../../../../examples/programs/live-tables.yaml"),
            include_str!("../../../../examples/programs/slots-club.yaml"),
            r#"{"a":[[1,[2]],{"b":{"c":[{"d":"x: y"}]}}],"e f":"off","g":{},"h":[],"i":"- no","é":"1"}"#,
        ] {
            let read = document::read(text).unwrap();
            let again = document::read(&write(&read)).unwrap();
            assert_eq!(again.to_string(), read.to_string(), "{}", write(&read));
        }
    }

    #[test]
    fn a_program_is_easy_to_read() {
        let text = r#"{"currency":"EUR","eligibility":{"categories":["slots","table"],"minWager":1.00},
            "earning":{"multipliers":{"slots":0.10},"caps":[{"points":5000,"per":"day"}]},
            "tests":[{"name":"a: b","wager":{"wagerAmount":1e2},"points":10.00}]}"#;
        expect![[r#"
            currency: EUR
            eligibility:
              categories: [slots, table]
              minWager: 1.00
            earning:
              multipliers: { slots: 0.10 }
              caps:
                - { points: 5000, per: day }
            tests:
              - name: "a: b"
                wager: { wagerAmount: 1e2 }
                points: 10.00
        "#]]
        .assert_eq(&written(text));
    }
}
