//! A document that people write, YAML or JSON, as one tree with a position for every value.
//!
//! Scalars keep the text that was written, so that no amount passes through a float. Repeated keys,
//! anchors, aliases and tags are refused, and size and depth are limited: what is read is what a
//! person sees on the page, and takes no more room than the page.

mod json;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

/// Greatest length of a document in bytes.
pub const BYTES_MAX: usize = 1 << 20;
/// Greatest depth of mappings and lists within each other.
pub const DEPTH_MAX: usize = 16;

/// Most problems that are told of one document.
pub const PROBLEMS_MAX: usize = 100;

/// Where a value begins: line and column, counted in characters from 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

/// One value and where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it begins.
    pub at: Position,
    /// What it is.
    pub value: Value,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing; the same as leaving it out.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A number as it was written, in the grammar of JSON.
    Number(Box<str>),
    /// A text.
    Text(Box<str>),
    /// Values in order.
    List(Vec<Node>),
    /// Values by key, in the order written; no key twice.
    Map(Vec<Member>),
}

/// What a text without quotes is to readers of YAML, where it stands for a text all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool,
    /// A number.
    Number,
}

/// Texts that a document has without quotes and that YAML does not read as texts, by where they begin.
pub type Unquoted = BTreeMap<Position, (Kind, Box<str>)>;

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Where the key begins.
    pub key_at: Position,
    /// The key.
    pub key: Box<str>,
    /// The value.
    pub node: Node,
}

impl Node {
    /// The value of `key`; `None` where this is no mapping or does not have it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Value::Map(members) = &self.value else { return None };
        members.iter().find(|member| *member.key == *key).map(|member| &member.node)
    }
}

/// Writes JSON without white space: keys in the order written, numbers as they were written.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Number(text) => f.write_str(text),
            Value::Text(text) => write_text(f, text),
            Value::List(nodes) => {
                f.write_char('[')?;
                for (index, node) in nodes.iter().enumerate() {
                    f.write_str(if index > 0 { "," } else { "" })?;
                    node.fmt(f)?;
                }
                f.write_char(']')
            }
            Value::Map(members) => {
                f.write_char('{')?;
                for (index, member) in members.iter().enumerate() {
                    f.write_str(if index > 0 { "," } else { "" })?;
                    write_text(f, &member.key)?;
                    f.write_char(':')?;
                    member.node.fmt(f)?;
                }
                f.write_char('}')
            }
        }
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            control if control.is_control() => write!(f, "\\u{:04x}", u32::from(control))?,
            plain => f.write_char(plain)?,
        }
    }
    f.write_char('"')
}

/// What is wrong at one place of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentProblem {
    /// JSON pointer (RFC 6901) to the field; empty for the whole document.
    pub pointer: String,
    /// Where in the text that is.
    pub at: Position,
    /// What is wrong and what was expected, in words.
    pub detail: String,
}

impl fmt::Display for DocumentProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.at.line, self.at.column)?;
        if !self.pointer.is_empty() {
            write!(f, "`{}`: ", self.pointer)?;
        }
        f.write_str(&self.detail)
    }
}

/// Reads a document: JSON where it is JSON, or else YAML.
pub fn read(text: &str) -> Result<Node, Vec<DocumentProblem>> {
    read_closely(text).map(|(tree, _)| tree)
}

/// As [`read`], and says which of its texts were perhaps not meant as texts.
pub fn read_closely(text: &str) -> Result<(Node, Unquoted), Vec<DocumentProblem>> {
    if text.len() > BYTES_MAX {
        let detail = format!("the document has {} bytes, expected at most {BYTES_MAX}", text.len());
        return Err(vec![problem(Position { line: 1, column: 1 }, detail)]);
    }
    let tree = if json::is_json(text) {
        json::read(text).map(|tree| (tree, Unquoted::new()))
    } else {
        yaml::read(text)
    };
    let (tree, unquoted) = tree.map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    refuse_repeated_keys(&tree, &mut String::new(), &mut problems);
    if problems.is_empty() { Ok((tree, unquoted)) } else { Err(problems) }
}

/// Appends `step` to a JSON pointer, escaped.
pub(crate) fn step_into(pointer: &mut String, step: &str) {
    pointer.push('/');
    pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
}

fn problem(at: Position, detail: impl Into<String>) -> DocumentProblem {
    DocumentProblem { pointer: String::new(), at, detail: detail.into() }
}

fn too_deep(at: Position) -> DocumentProblem {
    problem(at, format!("expected at most {DEPTH_MAX} levels of mappings and lists"))
}

fn refuse_repeated_keys(node: &Node, pointer: &mut String, problems: &mut Vec<DocumentProblem>) {
    let parent = pointer.len();
    match &node.value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
        Value::List(nodes) => {
            for (index, node) in nodes.iter().enumerate() {
                step_into(pointer, &index.to_string());
                refuse_repeated_keys(node, pointer, problems);
                pointer.truncate(parent);
            }
        }
        Value::Map(members) => {
            let mut seen = BTreeSet::new();
            for member in members {
                step_into(pointer, &member.key);
                if !seen.insert(&member.key) && problems.len() < PROBLEMS_MAX {
                    problems.push(DocumentProblem {
                        pointer: pointer.clone(),
                        at: member.key_at,
                        detail: format!("the key `{}` is there twice", member.key),
                    });
                }
                refuse_repeated_keys(&member.node, pointer, problems);
                pointer.truncate(parent);
            }
        }
    }
}
