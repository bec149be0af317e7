//! What changed between two documents.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use accolade_domain::amount::Amount;

use crate::document::{Member, Node, Value, step_into};

/// One difference between two documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// JSON pointer to what changed; to the list, where it is a name in a list.
    pub pointer: String,
    /// What kind of change.
    pub kind: ChangeKind,
    /// The value before, as JSON; `None` where there was none.
    pub from: Option<String>,
    /// The value after, as JSON; `None` where there is none.
    pub to: Option<String>,
}

/// What kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// It is no longer there.
    Removed,
    /// It has another value.
    Changed,
}

impl ChangeKind {
    /// The stable code, as the API shows it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |value: &Option<String>| value.clone().unwrap_or_default();
        let (pointer, from, to) = (&self.pointer, side(&self.from), side(&self.to));
        match self.kind {
            ChangeKind::Added => write!(f, "+ {pointer}: {to}"),
            ChangeKind::Removed => write!(f, "- {pointer}: {from}"),
            ChangeKind::Changed => write!(f, "~ {pointer}: {from} → {to}"),
        }
    }
}

/// All changes from `old` to `new`.
pub(super) fn between(old: &Node, new: &Node) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(old, new, &mut String::new(), &mut changes);
    changes
}

fn compare(old: &Node, new: &Node, pointer: &mut String, changes: &mut Vec<Change>) {
    if let (Value::Map(old), Value::Map(new)) = (&old.value, &new.value) {
        return compare_members(old, new, pointer, changes);
    }
    if let (Value::List(old), Value::List(new)) = (&old.value, &new.value) {
        if old.iter().chain(new).all(is_scalar) {
            return compare_names(old, new, pointer, changes);
        }
        return compare_items(old, new, pointer, changes);
    }
    if plain(old) != plain(new) {
        changes.push(change(pointer, ChangeKind::Changed, Some(old), Some(new)));
    }
}

fn change(pointer: &str, kind: ChangeKind, from: Option<&Node>, to: Option<&Node>) -> Change {
    let json = |node: Option<&Node>| node.map(ToString::to_string);
    Change { pointer: pointer.to_owned(), kind, from: json(from), to: json(to) }
}

fn compare_members(
    old: &[Member],
    new: &[Member],
    pointer: &mut String,
    changes: &mut Vec<Change>,
) {
    let by_key = |members| -> BTreeMap<_, _> {
        <[Member]>::iter(members).map(|member| (&member.key, &member.node)).collect()
    };
    let (before, after) = (by_key(old), by_key(new));
    let gone = old.iter().filter(|member| !after.contains_key(&member.key));
    for Member { key, .. } in new.iter().chain(gone) {
        with_step(pointer, key, |pointer| {
            compare_sides(before.get(key).copied(), after.get(key).copied(), pointer, changes);
        });
    }
}

/// Lists of mappings are compared place by place.
fn compare_items(old: &[Node], new: &[Node], pointer: &mut String, changes: &mut Vec<Change>) {
    for index in 0..old.len().max(new.len()) {
        with_step(pointer, &index.to_string(), |pointer| {
            compare_sides(old.get(index), new.get(index), pointer, changes);
        });
    }
}

fn compare_sides(
    old: Option<&Node>,
    new: Option<&Node>,
    pointer: &mut String,
    changes: &mut Vec<Change>,
) {
    match (old, new) {
        (Some(old), Some(new)) => compare(old, new, pointer, changes),
        (None, Some(new)) => changes.push(change(pointer, ChangeKind::Added, None, Some(new))),
        (Some(old), None) => changes.push(change(pointer, ChangeKind::Removed, Some(old), None)),
        (None, None) => {}
    }
}

/// Lists of names are sets.
fn compare_names(old: &[Node], new: &[Node], pointer: &str, changes: &mut Vec<Change>) {
    let set = |nodes| -> BTreeSet<_> { <[Node]>::iter(nodes).map(plain).collect() };
    let (before, after) = (set(old), set(new));
    for node in new.iter().filter(|node| !before.contains(&plain(node))) {
        changes.push(change(pointer, ChangeKind::Added, None, Some(node)));
    }
    for node in old.iter().filter(|node| !after.contains(&plain(node))) {
        changes.push(change(pointer, ChangeKind::Removed, Some(node), None));
    }
}

fn with_step(pointer: &mut String, step: &str, then: impl FnOnce(&mut String)) {
    let parent = pointer.len();
    step_into(pointer, step);
    then(pointer);
    pointer.truncate(parent);
}

fn is_scalar(node: &Node) -> bool {
    !matches!(node.value, Value::List(_) | Value::Map(_))
}

/// A value's JSON, where a number has one spelling only: `1.0` is `1`, and `1e2` is `100`.
fn plain(node: &Node) -> String {
    let Value::Number(text) = &node.value else { return node.to_string() };
    // Numbers of a checked document are decimals of at most 18 places; others keep their text.
    Amount::parse(text).map_or_else(|_| text.to_string(), |amount| amount.to_string())
}
