//! What a program says by a slip of the pen: codes that no wager has, and names that were not meant as names. Asked of
//! what is yet to be published; what was published keeps its reading.

use super::Document;
use super::fields::{Problems, shortened};
use crate::document::{Kind, Member, Node, Position, Value, step_into};
use crate::event::{CURRENCY_BYTES_MAX, is_currency};

/// The ways to lists of names within rules.
const LISTS: [&[&str]; 4] = [
    &["eligibility", "categories"],
    &["eligibility", "segments", "allow"],
    &["eligibility", "segments", "deny"],
    &["eligibility", "players", "deny"],
];
/// The ways to mappings by name.
const MAPPINGS: [&[&str]; 2] = [&["earning", "multipliers"], &["earning", "games"]];

/// Finds the slips of a document.
pub(super) fn find(document: &Document, problems: &mut Problems) {
    let mut slips = Slips { document, problems };
    let root = &document.root;
    for key in ["currency", "timezone"] {
        if let Some(node) = root.get(key) {
            let pointer = format!("/{key}");
            slips.name(node.at, &pointer, true);
            if let (Value::Text(code), "currency") = (&node.value, key) {
                slips.code(code, node.at, &pointer);
            }
        }
    }
    slips.keys(root, &["rates"], "", true);
    for member in members(root, &["rates"]) {
        slips.code(&member.key, member.key_at, &below("/rates", &member.key));
    }
    slips.keys(root, &["jurisdictions"], "", true);
    slips.rules(root, "");
    for member in members(root, &["jurisdictions"]) {
        slips.rules(&member.node, &below("/jurisdictions", &member.key));
    }
}

struct Slips<'d> {
    document: &'d Document,
    problems: &'d mut Problems,
}

impl Slips<'_> {
    fn rules(&mut self, rules: &Node, pointer: &str) {
        for way in LISTS {
            let Some(Value::List(names)) = at(rules, way).map(|node| &node.value) else { continue };
            for (index, name) in names.iter().enumerate() {
                let pointer = format!("{pointer}/{}/{index}", way.join("/"));
                self.name(name.at, &pointer, true);
            }
        }
        for way in MAPPINGS {
            // A game, or a category, may well have a number.
            self.keys(rules, way, pointer, false);
        }
    }

    fn keys(&mut self, node: &Node, way: &[&str], pointer: &str, refuses_numbers: bool) {
        let pointer = format!("{pointer}/{}", way.join("/"));
        for member in members(node, way) {
            self.name(member.key_at, &below(&pointer, &member.key), refuses_numbers);
        }
    }

    /// Refuses a name that YAML takes for something else.
    fn name(&mut self, at: Position, pointer: &str, refuses_numbers: bool) {
        let Some((kind, written)) = self.document.unquoted.get(&at) else { return };
        let found = match kind {
            Kind::Null => "nothing",
            Kind::Bool => "a yes or no",
            Kind::Number if refuses_numbers => "a number",
            Kind::Number => return,
        };
        let written = shortened(written);
        let detail = format!(
            "expected a name, found `{written}`, which YAML reads as {found}; in quotes it is a name: `\"{written}\"`"
        );
        self.problems.add(pointer, at, detail);
    }

    /// Refuses a code that no wager can have; what is too long or empty was told before.
    fn code(&mut self, code: &str, at: Position, pointer: &str) {
        if is_currency(code) || !(1..=CURRENCY_BYTES_MAX).contains(&code.len()) {
            return;
        }
        let meant = code.to_ascii_uppercase();
        let hint =
            if is_currency(&meant) { format!("; did you mean `{meant}`?") } else { String::new() };
        let detail = format!(
            "expected a currency's code of letters A to Z and digits, as wagers have it, found `{code}`{hint}"
        );
        self.problems.add(pointer, at, detail);
    }
}

fn below(pointer: &str, key: &str) -> String {
    let mut pointer = pointer.to_owned();
    step_into(&mut pointer, key);
    pointer
}

fn at<'d>(node: &'d Node, way: &[&str]) -> Option<&'d Node> {
    way.iter().try_fold(node, |node, key| node.get(key))
}

fn members<'d>(node: &'d Node, way: &[&str]) -> &'d [Member] {
    match at(node, way).map(|node| &node.value) {
        Some(Value::Map(members)) => members,
        _ => &[],
    }
}
