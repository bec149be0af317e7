//! A program as the document that a person would write, in YAML or JSON.

use std::collections::BTreeMap;

use crate::input::{ModelOverrides, ModelProgram, ModelRounding, ModelRules};

/// A tree of values, written as YAML or JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tree {
    Null,
    Flag(bool),
    Number(String),
    Text(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

/// The program as JSON.
pub fn json(program: &ModelProgram) -> String {
    tree(program).json()
}

/// The program as YAML.
pub fn yaml(program: &ModelProgram) -> String {
    let mut text = String::new();
    tree(program).yaml(0, &mut text);
    text
}

fn tree(program: &ModelProgram) -> Tree {
    let word = |word: &str| Some(Tree::Text(word.to_owned()));
    let rules = &program.rules;
    assert!(rules.enabled, "only a jurisdiction can be left out");
    map([
        ("currency", word(&program.currency)),
        ("timezone", word(&program.zone.name)),
        ("mode", word(if program.is_off { "off" } else { "live" })),
        ("consent", program.is_opt_in.then(|| Tree::Text("opt-in".into()))),
        ("voids", word(if program.voids_to_zero { "balance" } else { "unlimited" })),
        ("rates", non_empty(rates(&program.rates))),
        ("eligibility", non_empty(eligibility(rules))),
        ("earning", Some(earning(rules))),
        ("jurisdictions", non_empty(named(&program.jurisdictions, overrides))),
    ])
}

fn eligibility(rules: &ModelRules) -> Tree {
    map([
        ("categories", non_empty(words(&rules.categories))),
        ("minWager", (rules.min_wager > 0).then(|| decimal(rules.min_wager, 18))),
        (
            "segments",
            non_empty(map([
                ("allow", non_empty(words(&rules.segments_allow))),
                ("deny", non_empty(words(&rules.segments_deny))),
            ])),
        ),
        ("players", non_empty(map([("deny", non_empty(words(&rules.players_deny)))]))),
    ])
}

fn earning(rules: &ModelRules) -> Tree {
    map([
        ("multipliers", Some(rates(&rules.multipliers))),
        ("games", non_empty(rates(&rules.games))),
        ("rounding", Some(rounding(rules.rounding))),
        ("caps", non_empty(caps(&rules.caps_per_day))),
    ])
}

fn overrides(overrides: &ModelOverrides) -> Tree {
    let list = |names: &Option<Vec<String>>| names.as_deref().map(words);
    let rate = |rate: &Option<u64>| rate.map_or(Tree::Null, |rate| decimal(rate.into(), 8));
    let rates = |rates| non_empty(named(rates, rate));
    map([
        ("enabled", overrides.enabled.map(Tree::Flag)),
        (
            "eligibility",
            non_empty(map([
                ("categories", list(&overrides.categories)),
                ("minWager", overrides.min_wager.map(|min| decimal(min, 18))),
                (
                    "segments",
                    non_empty(map([
                        ("allow", list(&overrides.segments_allow)),
                        ("deny", list(&overrides.segments_deny)),
                    ])),
                ),
                ("players", non_empty(map([("deny", list(&overrides.players_deny))]))),
            ])),
        ),
        (
            "earning",
            non_empty(map([
                ("multipliers", rates(&overrides.multipliers)),
                ("games", rates(&overrides.games)),
                ("rounding", overrides.rounding.map(rounding)),
                ("caps", overrides.caps_per_day.as_deref().map(caps)),
            ])),
        ),
    ])
}

fn rounding(rounding: ModelRounding) -> Tree {
    let word = match rounding {
        ModelRounding::Down => "down",
        ModelRounding::HalfUp => "half-up",
        ModelRounding::HalfEven => "half-even",
    };
    Tree::Text(word.into())
}

fn caps(caps: &[i64]) -> Tree {
    let cap = |points: &i64| {
        let points = decimal(u128::from(points.unsigned_abs()), 2);
        map([("points", Some(points)), ("per", Some(Tree::Text("day".into())))])
    };
    Tree::List(caps.iter().map(cap).collect())
}

fn rates(rates: &BTreeMap<String, u64>) -> Tree {
    named(rates, |rate| decimal((*rate).into(), 8))
}

fn named<T>(items: &BTreeMap<String, T>, tree: impl Fn(&T) -> Tree) -> Tree {
    Tree::Map(items.iter().map(|(name, item)| (name.clone(), tree(item))).collect())
}

fn words(words: &[String]) -> Tree {
    Tree::List(words.iter().cloned().map(Tree::Text).collect())
}

fn map<const N: usize>(members: [(&str, Option<Tree>); N]) -> Tree {
    let member = |(key, value): (&str, Option<Tree>)| value.map(|value| (key.to_owned(), value));
    Tree::Map(members.into_iter().filter_map(member).collect())
}

fn non_empty(tree: Tree) -> Option<Tree> {
    let empty = matches!(&tree, Tree::Map(members) if members.is_empty())
        || matches!(&tree, Tree::List(items) if items.is_empty());
    (!empty).then_some(tree)
}

fn decimal(units: u128, decimals: usize) -> Tree {
    let figures = format!("{units:0width$}", width = decimals + 1);
    let (whole, fraction) = figures.split_at(figures.len() - decimals);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    Tree::Number(format!("{whole}{point}{fraction}"))
}

impl Tree {
    fn json(&self) -> String {
        match self {
            Self::Null => "null".into(),
            Self::Flag(flag) => flag.to_string(),
            Self::Number(number) => number.clone(),
            Self::Text(text) => {
                format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
            }
            Self::List(items) => {
                format!("[{}]", items.iter().map(Self::json).collect::<Vec<_>>().join(","))
            }
            Self::Map(members) => {
                let member = |(key, value): &(String, Self)| format!("\"{key}\":{}", value.json());
                format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
            }
        }
    }

    /// Mappings in blocks, all else as in JSON.
    fn yaml(&self, depth: usize, text: &mut String) {
        let Self::Map(members) = self else {
            text.push_str(&self.json());
            return;
        };
        for (key, value) in members {
            text.push_str(&"  ".repeat(depth));
            text.push_str(key);
            let block = matches!(value, Self::Map(inner) if !inner.is_empty());
            text.push_str(if block { ":\n" } else { ": " });
            value.yaml(depth + 1, text);
            if matches!(value, Self::Map(inner) if inner.is_empty()) {
                text.push_str("{}");
            }
            if !block {
                text.push('\n');
            }
        }
    }
}
