//! The test cases that a program carries: a wager, and the points or the reason it must give.

use std::fmt;

use accolade_domain::amount::{Amount, Points};
use accolade_domain::earning::{Decision, Standing, decide};
use accolade_domain::event::{Consent, Wager};
use accolade_domain::program::Program;
use accolade_domain::refusal::{DeadReason, Refusal};
use accolade_domain::tier::Level;

use super::Reads;
use super::fields::{Field, Problems, Section};
use crate::document::{Node, Position};

/// Reasons that no program gives: the log, or another part of Accolade, decides them.
const OUTSIDE: [Refusal; 5] = [
    Refusal::Voided,
    Refusal::OperatorUnknown,
    Refusal::NoProgram,
    Refusal::TooOldForCap,
    Refusal::SelfExcluded,
];

/// A test case that does not give what it expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// JSON pointer to the case.
    pub pointer: String,
    /// Where in the document the case begins.
    pub at: Position,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// The points or the reason expected.
    pub expected: String,
    /// What the program gives.
    pub given: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: test ", self.at.line, self.at.column)?;
        match &self.name {
            Some(name) => write!(f, "`{name}`")?,
            None => write!(f, "`{}`", self.pointer)?,
        }
        write!(f, ": expected {}, the program gives {}", self.expected, self.given)
    }
}

/// What a wager comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Points(Points),
    Refused(Refusal),
    OutOfRange,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Points(points) => write!(f, "{points} points"),
            Self::Refused(refusal) => write!(f, "`{}`", refusal.code()),
            Self::OutOfRange => write!(f, "`{}`", DeadReason::OutOfRange.code()),
        }
    }
}

struct Case<'d> {
    field: Field<'d>,
    name: Option<&'d str>,
    wager: Wager<'d>,
    consent: Option<Consent>,
    /// The number of the player's level.
    level: Option<u8>,
    expected: Verdict,
}

/// What the cases of a program may speak of.
#[derive(Debug, Clone, Copy)]
struct Known<'d> {
    currency: &'d str,
    /// The levels; nothing where they cannot be read.
    levels: Option<&'d [Level]>,
    reads: Reads,
}

/// Checks the form of the test cases of a document with this `section`.
pub(super) fn check(
    section: &Section<'_>,
    currency: &str,
    levels: Option<&[Level]>,
    reads: Reads,
    problems: &mut Problems,
) {
    read(section, Known { currency, levels, reads }, problems);
}

/// Runs the test cases of a checked document.
pub(super) fn run(root: &Node, program: &Program) -> Vec<Failure> {
    // The document was checked, or else the cases that cannot be read are not run.
    let ignored = &mut Problems::default();
    let section = Field::root(root).section(&["tests"], &[], ignored);
    let levels = Some(program.tiers.as_ref().map_or(&[][..], |tiers| tiers.levels.all()));
    let known = Known { currency: &program.currency, levels, reads: Reads::Second };
    let cases = read(&section, known, ignored);
    cases.into_iter().filter_map(|case| run_one(case, program)).collect()
}

fn run_one(case: Case<'_>, program: &Program) -> Option<Failure> {
    let standing = Standing { consent: case.consent, level: case.level, ..Standing::NEW };
    let given = match decide(program, &case.wager, standing) {
        Decision::Counted(earned) => Verdict::Points(earned.points),
        Decision::Refused(refusal) => Verdict::Refused(refusal),
        Decision::OutOfRange => Verdict::OutOfRange,
    };
    (given != case.expected).then(|| Failure {
        at: case.field.node.at,
        pointer: case.field.pointer,
        name: case.name.map(str::to_owned),
        expected: case.expected.to_string(),
        given: given.to_string(),
    })
}

fn read<'d>(section: &Section<'d>, known: Known<'d>, problems: &mut Problems) -> Vec<Case<'d>> {
    let items = section.get("tests").map_or_else(Vec::new, |tests| tests.items(problems));
    items.into_iter().filter_map(|item| read_one(item, known, problems)).collect()
}

fn read_one<'d>(field: Field<'d>, known: Known<'d>, problems: &mut Problems) -> Option<Case<'d>> {
    let Known { currency, levels, reads } = known;
    let keys = ["name", "consent", "wager", "points", "reason", "tier"];
    let (keys, later) =
        keys.split_at(if reads == Reads::First { keys.len() - 1 } else { keys.len() });
    let section = field.section(keys, later, problems);
    let name = section.get("name").and_then(|name| name.name(problems));
    let choices = [("in", Consent::In), ("out", Consent::Out)];
    let consent = section.get("consent").and_then(|field| field.choice(&choices, &[], problems));
    let level = section.get("tier").and_then(|tier| read_level(tier, levels, problems));
    let expected = read_expected(&field, &section, reads, problems);
    let Some(wager) = section.get("wager") else {
        field.missing("wager", "`wager: { gameCategory: slots, wagerAmount: 10.00 }`", problems);
        return None;
    };
    let wager = read_wager(wager, currency, reads, problems);
    Some(Case { name, wager, consent, level, expected: expected?, field })
}

/// The number of the level that a player has by name.
fn read_level(field: &Field<'_>, levels: Option<&[Level]>, problems: &mut Problems) -> Option<u8> {
    let levels = levels?;
    if levels.is_empty() {
        field.wrong("the program has no tiers: leave it out", problems);
        return None;
    }
    let choices: Vec<_> = levels.iter().map(|level| &*level.name).zip(0..).collect();
    field.choice(&choices, &[], problems)
}

fn read_expected(
    case: &Field<'_>,
    section: &Section<'_>,
    reads: Reads,
    problems: &mut Problems,
) -> Option<Verdict> {
    match (section.get("points"), section.get("reason")) {
        (Some(points), None) => points.points(problems).map(Verdict::Points),
        (None, Some(reason)) => {
            let later: &[Refusal] =
                if reads == Reads::First { &[Refusal::NotMatched] } else { &[] };
            let is_given = |it: &Refusal| !OUTSIDE.contains(it) && !later.contains(it);
            let reasons = Refusal::ALL.into_iter().filter(is_given);
            let mut choices: Vec<_> =
                reasons.map(|refusal| (refusal.code(), Verdict::Refused(refusal))).collect();
            choices.push((DeadReason::OutOfRange.code(), Verdict::OutOfRange));
            let later: Vec<_> = later.iter().map(|refusal| refusal.code()).collect();
            reason.choice(&choices, &later, problems)
        }
        (Some(_), Some(_)) => {
            case.wrong("expected either `points` or a `reason`, not both", problems);
            None
        }
        (None, None) => {
            case.missing("points", "`points: 10.00` or `reason: below_minimum`", problems);
            None
        }
    }
}

/// The wager of a test. What it leaves out is a name that no rule can have, the program's own
/// currency, or a stake of 1; fields that no rule looks at may stand there, as they do in events.
fn read_wager<'d>(
    field: &Field<'d>,
    currency: &'d str,
    reads: Reads,
    problems: &mut Problems,
) -> Wager<'d> {
    let keys = [
        "gameCategory",
        "gameId",
        "wagerAmount",
        "currency",
        "playerSegment",
        "playerId",
        "jurisdiction",
        "timestamp",
        "type",
        "wagerId",
        "operatorId",
        "winAmount",
        "gamingSystemId",
        "sequence",
    ];
    let section = field.section(&keys, &[], problems);
    // No rule looked at these before there were conditions.
    let asked = |key| section.get(key).filter(|_| reads == Reads::Second);
    let win = asked("winAmount").and_then(|field| field.amount(problems));
    let sequence = asked("sequence").and_then(|field| field.whole(problems));
    let [wager_id, operator_id] = ["wagerId", "operatorId"]
        .map(|key| asked(key).and_then(|field| field.name(problems)).unwrap_or_default());
    let mut name = |key| section.get(key).and_then(|field| field.name(problems));
    let mut or_none = |key| name(key).unwrap_or_default().into();
    Wager {
        wager_id: wager_id.into(),
        player_id: or_none("playerId"),
        operator_id: operator_id.into(),
        game_id: or_none("gameId"),
        game_category: or_none("gameCategory"),
        jurisdiction: or_none("jurisdiction"),
        currency: name("currency").unwrap_or(currency).into(),
        segment: name("playerSegment").map(Into::into),
        gaming_system: name("gamingSystemId").map(Into::into),
        sequence,
        stake: section
            .get("wagerAmount")
            .and_then(|field| field.amount(problems))
            .or(Amount::parse("1").ok())
            .unwrap_or_default(),
        win,
        at: section.get("timestamp").and_then(|field| field.time(problems)).unwrap_or_default(),
    }
}
