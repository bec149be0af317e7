//! From the tree to the program: every field, the merging of jurisdictions, and what contradicts.

use std::collections::BTreeMap;
use std::sync::Arc;

use accolade_domain::amount::{Points, Rate};
use accolade_domain::games::Measure;
use accolade_domain::program::{
    ConsentDefault, Earning, Eligibility, Mode, Program, Rounding, Rules,
};
use accolade_domain::time::ZoneOffsets;

use super::Reads;
use super::cases;
use super::conditions::condition;
use super::fields::{Field, Problems, Section, refuse_case_variants};
use super::lots;
use super::promotions;
use super::signals;
use super::spending;
use super::tiers;
use crate::document::{Member, Node, Value};
use crate::event::CURRENCY_BYTES_MAX;

const KEYS: &[&str] = &[
    "currency",
    "timezone",
    "enabled",
    "eligibility",
    "jurisdictions",
    "earning",
    "rates",
    "consent",
    "mode",
    "voids",
    "pending",
    "expiry",
    "tests",
];
const KEYS_SECOND: [&str; 7] = [
    "tiers",
    "promotions",
    "promotionsCombine",
    "redemption",
    "adjustments",
    "signals",
    "gameLeaderboards",
];
/// What a jurisdiction may override.
const RULE_KEYS: [&str; 3] = ["enabled", "eligibility", "earning"];
/// Most jurisdictions: each is merged and checked as a whole.
const JURISDICTIONS_MAX: usize = 256;

/// Reads the whole document. What it returns is of use only where there is no problem.
pub(super) fn program(
    root: &Node,
    zone: ZoneOffsets,
    reads: Reads,
    problems: &mut Problems,
) -> Program {
    let field = Field::root(root);
    let section = match reads {
        Reads::First => field.section(KEYS, &KEYS_SECOND, problems),
        Reads::Second => field.section(&[KEYS, &KEYS_SECOND].concat(), &[], problems),
    };
    let currency = currency(&section, &field, problems);
    if let Some(field) = section.get("timezone") {
        field.name(problems);
    }
    let (voids, pending, expiry) = match reads {
        Reads::First => lots::first(&section, problems),
        Reads::Second => lots::second(&section, problems),
    };
    let mut program = Program {
        currency: currency.into(),
        zone,
        mode: mode(&section, problems),
        consent: consent(&section, problems),
        voids,
        pending,
        expiry,
        redemption: spending::redemption(&section, problems),
        approval_above: spending::approval_above(&section, problems),
        signals: signals::signals(&section, problems),
        game_measures: game_measures(&section, problems),
        rates: rates(&section, currency, problems),
        rules: rules(&section, reads, problems),
        tiers: tiers::tiers(&section, problems),
        promotions: promotions::promotions(&section, problems),
        promotions_combine: promotions::combine(&section, problems),
        jurisdictions: BTreeMap::new(),
    };
    program.jurisdictions = jurisdictions(root, &section, &program.rules, reads, problems);
    let levels = match (section.get("tiers"), &program.tiers) {
        // Which levels there are to be is not known where they are wrong.
        (Some(_), None) => None,
        (_, tiers) => Some(tiers.as_ref().map_or(&[][..], |tiers| tiers.levels.all())),
    };
    cases::check(&section, currency, levels, reads, problems);
    program
}

fn currency<'d>(section: &Section<'d>, root: &Field<'d>, problems: &mut Problems) -> &'d str {
    if let Some(field) = section.get("currency") {
        let code = field.name(problems).unwrap_or_default();
        check_code(code, field, problems);
        return code;
    }
    root.missing("currency", "`currency: EUR`", problems);
    ""
}

/// A longer code would never be that of a wager.
fn check_code(code: &str, field: &Field<'_>, problems: &mut Problems) {
    if code.len() > CURRENCY_BYTES_MAX {
        let detail = format!("expected a currency code of at most {CURRENCY_BYTES_MAX} bytes");
        problems.add(&field.pointer, field.key_at, detail);
    }
}

fn mode(section: &Section<'_>, problems: &mut Problems) -> Mode {
    let choices = [("live", Mode::Live), ("off", Mode::Off)];
    let chosen =
        section.get("mode").and_then(|field| field.choice(&choices, &["shadow"], problems));
    chosen.unwrap_or(Mode::Live)
}

fn consent(section: &Section<'_>, problems: &mut Problems) -> ConsentDefault {
    let choices = [("opt-out", ConsentDefault::OptOut), ("opt-in", ConsentDefault::OptIn)];
    let chosen = section.get("consent").and_then(|field| field.choice(&choices, &[], problems));
    chosen.unwrap_or(ConsentDefault::OptOut)
}

/// By game, what its leaderboards make of scores.
fn game_measures(section: &Section<'_>, problems: &mut Problems) -> BTreeMap<Box<str>, Measure> {
    let choices = Measure::ALL.map(|measure| (measure.code(), measure));
    let games = members(section, "gameLeaderboards", problems);
    let measures = games
        .iter()
        .filter_map(|(game, field)| Some(((*game).into(), field.choice(&choices, &[], problems)?)));
    measures.collect()
}

fn rates(
    section: &Section<'_>,
    currency: &str,
    problems: &mut Problems,
) -> BTreeMap<Box<str>, Rate> {
    let mut rates = BTreeMap::new();
    for (code, field) in members(section, "rates", problems) {
        check_code(code, &field, problems);
        let Some(rate) = field.rate(problems) else { continue };
        if code == currency && rate != Rate::ONE {
            let detail =
                format!("the program's own currency `{code}` has the rate 1, not `{rate}`");
            field.wrong(detail, problems);
        }
        if rate == Rate::ZERO {
            field.wrong("expected a rate above 0; to earn nothing, leave it out", problems);
        }
        rates.insert(code.into(), rate);
    }
    rates
}

fn members<'d>(
    section: &Section<'d>,
    key: &str,
    problems: &mut Problems,
) -> Vec<(&'d str, Field<'d>)> {
    section.get(key).map_or_else(Vec::new, |field| field.members(problems))
}

/// The rules of each jurisdiction: its overrides merged over the document's (RFC 7396).
fn jurisdictions(
    root: &Node,
    section: &Section<'_>,
    base: &Rules,
    reads: Reads,
    problems: &mut Problems,
) -> BTreeMap<Box<str>, Rules> {
    let overrides = members(section, "jurisdictions", problems);
    if overrides.len() > JURISDICTIONS_MAX {
        let detail = format!("expected at most {JURISDICTIONS_MAX} jurisdictions");
        problems.add("/jurisdictions", overrides[0].1.key_at, detail);
        return BTreeMap::new();
    }
    refuse_case_variants(overrides.iter().cloned(), problems);
    let shared = shared_rules(root);
    let mut jurisdictions = BTreeMap::new();
    for (name, field) in overrides {
        // First alone, for keys that are set to null and so leave no trace in what is merged.
        rules(&field.section(&RULE_KEYS, &[], problems), reads, problems);
        let merged = merge(&shared, field.node);
        let merged = Field { node: &merged, ..field };
        let section = merged.section(&RULE_KEYS, &[], problems);
        jurisdictions.insert(name.into(), rules(&section, reads, problems).sharing(base));
    }
    jurisdictions
}

/// The part of the document that jurisdictions override.
fn shared_rules(root: &Node) -> Node {
    let Value::Map(members) = &root.value else { return root.clone() };
    let shared = members.iter().filter(|member| RULE_KEYS.contains(&&*member.key));
    Node { at: root.at, value: Value::Map(shared.cloned().collect()) }
}

/// Merges as RFC 7396 does: mappings key by key, null removes, all else replaces.
fn merge(base: &Node, patch: &Node) -> Node {
    let Value::Map(changes) = &patch.value else { return patch.clone() };
    let mut members = match &base.value {
        Value::Map(members) => members.clone(),
        _ => Vec::new(),
    };
    for change in changes {
        let at = members.iter().position(|member| member.key == change.key);
        let before = at.map(|at| members.remove(at));
        if change.node.value == Value::Null {
            continue;
        }
        let nothing = Node { at: change.node.at, value: Value::Null };
        let node = merge(before.as_ref().map_or(&nothing, |member| &member.node), &change.node);
        members.push(Member { key_at: change.key_at, key: change.key.clone(), node });
    }
    Node { at: patch.at, value: Value::Map(members) }
}

fn rules(section: &Section<'_>, reads: Reads, problems: &mut Problems) -> Rules {
    let enabled = section.get("enabled").and_then(|field| field.flag(problems));
    let keys = ["categories", "minWager", "segments", "players", "where"];
    let (keys, later) =
        keys.split_at(if reads == Reads::First { keys.len() - 1 } else { keys.len() });
    let eligibility = section.get("eligibility").map(|field| field.section(keys, later, problems));
    let keys = ["multipliers", "games", "rounding", "caps"];
    let earning = section.get("earning").map(|field| field.section(&keys, &[], problems));
    let (eligibility, earning) = (eligibility.unwrap_or_default(), earning.unwrap_or_default());
    let categories = names(&eligibility, "categories", problems);
    let multipliers = members(&earning, "multipliers", problems);
    let of_categories = multipliers.iter().filter(|(name, _)| *name != DEFAULT);
    refuse_case_variants(categories.iter().chain(of_categories).cloned(), problems);
    Rules {
        enabled: enabled.unwrap_or(true),
        eligibility: read_eligibility(&eligibility, &categories, problems),
        earning: read_earning(&earning, &multipliers, problems),
    }
}

/// The key under `multipliers` that stands for all categories not listed.
const DEFAULT: &str = "default";

pub(super) type Named<'d> = Vec<(&'d str, Field<'d>)>;

pub(super) fn names<'d>(section: &Section<'d>, key: &str, problems: &mut Problems) -> Named<'d> {
    section.get(key).map_or_else(Vec::new, |field| field.names(problems))
}

pub(super) fn sorted(names: &Named<'_>) -> Arc<[Box<str>]> {
    names.iter().map(|(name, _)| Box::from(*name)).collect()
}

fn read_eligibility(
    section: &Section<'_>,
    categories: &Named<'_>,
    problems: &mut Problems,
) -> Eligibility {
    let min_wager = section.get("minWager").and_then(|field| field.amount(problems));
    let segments = section.get("segments");
    let segments = segments.map(|field| field.section(&["allow", "deny"], &[], problems));
    let segments = segments.unwrap_or_default();
    let players = section.get("players");
    let players = players.map(|field| field.section(&["deny"], &[], problems)).unwrap_or_default();
    let allow = names(&segments, "allow", problems);
    let deny = names(&segments, "deny", problems);
    for (name, field) in &deny {
        if allow.binary_search_by_key(name, |(name, _)| name).is_ok() {
            field.wrong(format!("the segment `{name}` is both allowed and denied"), problems);
        }
    }
    Eligibility {
        categories: sorted(categories),
        min_wager: min_wager.unwrap_or_default(),
        segments_allow: sorted(&allow),
        segments_deny: sorted(&deny),
        players_deny: sorted(&names(&players, "deny", problems)),
        condition: condition(section, problems).map(Arc::new),
    }
}

fn read_earning(
    section: &Section<'_>,
    multipliers: &Named<'_>,
    problems: &mut Problems,
) -> Earning {
    let mut multipliers = by_name(multipliers, problems);
    let default_multiplier = multipliers.remove(DEFAULT).unwrap_or_default();
    let choices = [
        ("down", Rounding::Down),
        ("half-up", Rounding::HalfUp),
        ("half-even", Rounding::HalfEven),
    ];
    let rounding = section.get("rounding");
    let rounding = rounding.and_then(|field| field.choice(&choices, &[], problems));
    Earning {
        multipliers: multipliers.into(),
        default_multiplier,
        games: by_name(&members(section, "games", problems), problems).into(),
        rounding: rounding.unwrap_or(Rounding::Down),
        cap_per_day: section.get("caps").and_then(|field| cap_per_day(field, problems)),
    }
}

fn by_name(named: &Named<'_>, problems: &mut Problems) -> BTreeMap<Box<str>, Rate> {
    let rate = |(name, field): &(&str, Field<'_>)| Some(((*name).into(), field.rate(problems)?));
    named.iter().filter_map(rate).collect()
}

fn cap_per_day(caps: &Field<'_>, problems: &mut Problems) -> Option<Points> {
    let mut found = None;
    for cap in caps.items(problems) {
        let section = cap.section(&["points", "per"], &[], problems);
        let (points, per) = (section.get("points"), section.get("per"));
        if points.is_none() {
            cap.missing("points", "`points: 5000`", problems);
        }
        if per.is_none() {
            cap.missing("per", "`per: day`", problems);
        }
        let points = points.and_then(|points| points.points(problems));
        let later = ["hour", "week", "month", "quarter", "year"];
        let daily = per.and_then(|per| per.choice(&[("day", ())], &later, problems));
        if daily.is_some() && found.is_some() {
            cap.wrong("there is a daily cap already; expected one", problems);
        }
        found = daily.and(points).or(found);
    }
    found
}
