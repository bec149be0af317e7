//! A program as the document that a person would write, in YAML or JSON.

use std::collections::BTreeMap;

use crate::calendar::rfc3339;
use crate::input::{
    ModelBudget, ModelCondition, ModelDate, ModelEvery, ModelExpiry, ModelLevel, ModelOver,
    ModelOverrides, ModelProgram, ModelPromotion, ModelRounding, ModelRules, ModelSignal,
    ModelTiers, ModelVoids, ModelWindow,
};

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
        ("voids", word(voids(program.voids))),
        ("pending", (program.pending_hours > 0).then(|| pending(program.pending_hours))),
        ("expiry", Some(expiry(program.expiry))),
        ("redemption", non_empty(redemption(program))),
        ("adjustments", program.approval_above.map(adjustments)),
        ("rates", non_empty(rates(&program.rates))),
        ("eligibility", non_empty(eligibility(rules))),
        ("earning", Some(earning(rules))),
        ("jurisdictions", non_empty(named(&program.jurisdictions, overrides))),
        ("promotions", non_empty(Tree::List(program.promotions.iter().map(promotion).collect()))),
        ("tiers", program.tiers.as_ref().map(tiers)),
        ("signals", non_empty(Tree::List(program.signals.iter().map(signal).collect()))),
        ("promotionsCombine", program.counts_first_only.then(|| Tree::Text("first".into()))),
    ])
}

const fn voids(voids: ModelVoids) -> &'static str {
    match voids {
        ModelVoids::Unlimited => "unlimited",
        ModelVoids::Balance => "balance",
        ModelVoids::Pending => "pending",
    }
}

fn pending(hours: i64) -> Tree {
    let text = if hours % 48 == 0 { format!("{}d", hours / 24) } else { format!("{hours}h") };
    map([("for", Some(Tree::Text(text)))])
}

fn redemption(program: &ModelProgram) -> Tree {
    let hold_for = |minutes: i64| {
        Tree::Text(match minutes {
            days if days % 1_440 == 0 => format!("{}d", days / 1_440),
            hours if hours % 60 == 0 => format!("{}h", hours / 60),
            minutes => format!("{minutes}m"),
        })
    };
    map([
        ("minPoints", program.min_points.map(points)),
        ("holdFor", program.hold_minutes.map(hold_for)),
    ])
}

fn adjustments(approval_above: i64) -> Tree {
    map([("approvalAbove", Some(points(approval_above)))])
}

fn expiry(ModelExpiry { after, inactivity, notify }: ModelExpiry) -> Tree {
    let months = |months: Option<i64>| months.map(|months| Tree::Text(format!("{months}mo")));
    match (months(after), months(inactivity)) {
        (None, None) => Tree::Text("none".into()),
        (after, inactivity) => map([
            ("after", after),
            ("inactivity", inactivity),
            ("notify", notify.map(|days| Tree::Text(format!("{days}d")))),
        ]),
    }
}

fn tiers(tiers: &ModelTiers) -> Tree {
    let (key, window) = match tiers.window {
        ModelWindow::Rolling(days) => ("rolling", format!("{days}d")),
        ModelWindow::Month => ("calendar", "month".into()),
        ModelWindow::Quarter => ("calendar", "quarter".into()),
        ModelWindow::Year => ("calendar", "year".into()),
    };
    let level = |level: &ModelLevel| {
        map([
            ("name", Some(Tree::Text(level.name.clone()))),
            ("from", Some(points(level.from))),
            ("multiplier", level.multiplier.map(|rate| decimal(rate.into(), 8))),
        ])
    };
    map([
        ("window", Some(map([(key, Some(Tree::Text(window)))]))),
        ("levels", Some(Tree::List(tiers.levels.iter().map(level).collect()))),
        ("grace", tiers.grace.map(|days| Tree::Text(format!("{days}d")))),
    ])
}

fn promotion(promotion: &ModelPromotion) -> Tree {
    let time = |at: Option<i64>| at.map(|at| Tree::Text(rfc3339(at, 6, "Z")));
    map([
        ("name", Some(Tree::Text(promotion.name.clone()))),
        ("from", time(promotion.from)),
        ("to", time(promotion.to)),
        ("every", promotion.every.as_ref().map(every)),
        ("jurisdictions", non_empty(words(&promotion.jurisdictions))),
        ("where", condition(promotion.condition.as_ref())),
        ("multiply", promotion.multiply.map(|rate| decimal(rate.into(), 8))),
        ("bonus", promotion.bonus.map(points)),
        ("budget", promotion.budget.map(budget)),
    ])
}

fn condition(condition: Option<&ModelCondition>) -> Option<Tree> {
    condition.map(|condition| Tree::Text(condition.sql()))
}

fn budget(budget: ModelBudget) -> Tree {
    map([("points", budget.points.map(points)), ("perPlayer", budget.per_player.map(points))])
}

fn signal(signal: &ModelSignal) -> Tree {
    let count = |count: u64| Tree::Number(count.to_string());
    let within = |seconds: i64| {
        Tree::Text(match seconds {
            hours if hours % 3_600 == 0 => format!("{}h", hours / 3_600),
            minutes if minutes % 60 == 0 => format!("{}m", minutes / 60),
            seconds => format!("{seconds}s"),
        })
    };
    let line = |units: u64| decimal(units.into(), 8);
    let over = match signal.over {
        ModelOver::Velocity { wagers, within: time } => {
            [("wagers", count(wagers)), ("within", within(time))]
        }
        ModelOver::StakeJump { times, after } => [("times", line(times)), ("after", count(after))],
        ModelOver::GamingSystems { count: systems, within: time } => {
            [("count", count(systems)), ("within", within(time))]
        }
        ModelOver::WinRatio { ratio, after } => [("ratio", line(ratio)), ("after", count(after))],
        ModelOver::MinimumPlay { share, of } => [("share", line(share)), ("of", count(of))],
    };
    map([
        ("name", Some(Tree::Text(signal.name.clone()))),
        ("kind", Some(Tree::Text(signal.over.kind().into()))),
        ("over", Some(map(over.map(|(name, value)| (name, Some(value)))))),
        ("hold", signal.hold.then_some(Tree::Flag(true))),
    ])
}

fn every(every: &ModelEvery) -> Tree {
    let day = |day: &i64| {
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        Tree::Text(days[usize::try_from(*day).expect("0 to 6")].into())
    };
    let clock = |minute: &i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    let hours = |(from, to): &(i64, i64)| Tree::Text(format!("{}-{}", clock(from), clock(to)));
    let date = |date: &ModelDate| match date {
        ModelDate::Monthly(day) => Tree::Number(day.to_string()),
        ModelDate::Last => Tree::Text("last".into()),
        ModelDate::Yearly(month, day) => Tree::Text(format!("{month:02}-{day:02}")),
    };
    map([
        ("days", non_empty(Tree::List(every.days.iter().map(day).collect()))),
        ("hours", non_empty(Tree::List(every.hours.iter().map(hours).collect()))),
        ("dates", non_empty(Tree::List(every.dates.iter().map(date).collect()))),
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
        ("where", condition(rules.condition.as_ref())),
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
                ("where", condition(overrides.condition.as_ref())),
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
    let cap =
        |cap: &i64| map([("points", Some(points(*cap))), ("per", Some(Tree::Text("day".into())))]);
    Tree::List(caps.iter().map(cap).collect())
}

fn points(points: i64) -> Tree {
    decimal(u128::from(points.unsigned_abs()), 2)
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
