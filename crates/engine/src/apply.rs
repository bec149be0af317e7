//! The decision about one record: from what was loaded to a step, with no effect of its own.

use accolade_domain::account::Account;
use accolade_domain::amount::{Points, Rate};
use accolade_domain::earning::{Decision, Earned};
use accolade_domain::event::{Event, Void, Wager};
use accolade_domain::ledger::{EntryKind, Parts, Place};
use accolade_domain::outcome::Outcome;
use accolade_domain::program::{Program, VoidFloor};
use accolade_domain::refusal::{DeadReason, Refusal};
use accolade_domain::time::{Day, Timestamp};

use crate::rules::Operator;

/// Decides what a wager earns under a program; [`accolade_domain::earning::decide`], unless a
/// simulation puts a faulty rule in its place.
pub type Decide = fn(&Program, &Wager<'_>, Option<&Account>) -> Decision;

/// An event dated further ahead of the log's time than this is a dead letter.
pub const AHEAD_MICROS_MAX: i64 = 120_000_000;

/// The pieces of state that one event needs.
#[derive(Debug, Clone, Copy)]
pub struct Loaded<'a> {
    /// The operator that the event names.
    pub operator: &'a Operator,
    /// The player's account; `None` for a player who was never seen.
    pub account: Option<&'a Account>,
    /// A void of this wager came before it.
    pub voided: bool,
    /// The wager that this void takes back, where it has come.
    pub wager: Option<VoidedWager>,
}

/// A wager that is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VoidedWager {
    /// Where it stands.
    pub place: Place,
    /// What it gave; zero for one that did not count.
    pub points: Points,
    /// The day whose cap it counts against.
    pub cap_day: Option<Day>,
}

/// What follows from one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What became of it.
    pub outcome: Outcome,
    /// The change of the account, to be entered in the ledger.
    pub change: Option<Change>,
    /// The void waits for its wager.
    pub mark: bool,
}

/// A change of an account, before it has its place in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// What kind of change.
    pub kind: EntryKind,
    /// By how much; zero where a void finds nothing left to take.
    pub points: Points,
    /// The balance after it.
    pub balance_after: Points,
    /// Points that caps took away.
    pub capped: Points,
    /// What the effective multiplier is made of.
    pub parts: Parts,
    /// The program version that decided.
    pub version: u32,
    /// What is counted against the cap of a day; negative to give room back.
    pub day_use: Option<(Day, Points)>,
}

impl Step {
    fn only(outcome: Outcome) -> Self {
        Self { outcome, change: None, mark: false }
    }

    /// An input that could not be processed.
    pub fn dead_letter(reason: DeadReason, detail: impl Into<Box<str>>) -> Self {
        Self::only(Outcome::DeadLetter { reason, detail: detail.into() })
    }

    /// A wager that did not count.
    pub fn refused(refusal: Refusal, version: u32) -> Self {
        Self::only(Outcome::Refused { refusal, version })
    }

    /// Whether the event's id is occupied from now on.
    pub fn occupies_id(&self) -> bool {
        match &self.outcome {
            Outcome::DeadLetter { .. }
            | Outcome::Repeated { .. }
            | Outcome::Declined { .. }
            | Outcome::Refused { refusal: Refusal::OperatorUnknown, .. } => false,
            Outcome::Counted { .. }
            | Outcome::Recorded
            | Outcome::Refused { .. }
            | Outcome::Voided { .. }
            | Outcome::Done { .. } => true,
        }
    }
}

/// Whether an event is too far ahead or too old for the log's time.
pub fn out_of_time(at: Timestamp, now: Timestamp, window_micros: i64) -> Option<DeadReason> {
    if at > now.plus_micros(AHEAD_MICROS_MAX) {
        Some(DeadReason::InFuture)
    } else if at < now.plus_micros(-window_micros) {
        Some(DeadReason::TooLate)
    } else {
        None
    }
}

/// Decides about an event that is of its time and has not come before.
pub fn apply(loaded: &Loaded<'_>, event: &Event<'_>, decide: Decide) -> Step {
    match event {
        Event::Wager(wager) => apply_wager(loaded, wager, decide),
        Event::Void(void) => apply_void(loaded, void),
        Event::Game(_) => Step::only(Outcome::Recorded),
    }
}

fn apply_wager(loaded: &Loaded<'_>, wager: &Wager<'_>, decide: Decide) -> Step {
    if loaded.voided {
        return Step::refused(Refusal::Voided, 0);
    }
    let Some(applies) = loaded.operator.versions.at(wager.at) else {
        return Step::refused(Refusal::NoProgram, 0);
    };
    let version = applies.number;
    let earned = match decide(&applies.program.program, wager, loaded.account) {
        Decision::Counted(earned) => earned,
        Decision::Refused(refusal) => return Step::refused(refusal, version),
        Decision::OutOfRange => {
            return Step::dead_letter(DeadReason::OutOfRange, "the points are beyond 10^15");
        }
    };
    let Earned { points, capped, parts, cap_day } = earned;
    let outcome = Outcome::Counted { version, points, capped, parts, cap_day };
    if points == Points::ZERO {
        return Step::only(outcome);
    }
    let Some(balance_after) = balance(loaded).plus(points) else {
        return Step::dead_letter(DeadReason::OutOfRange, "the balance would be beyond 10^15");
    };
    let change = Change {
        kind: EntryKind::Earned,
        points,
        balance_after,
        capped,
        parts,
        version,
        day_use: cap_day.map(|day| (day, points)),
    };
    Step { outcome, change: Some(change), mark: false }
}

fn apply_void(loaded: &Loaded<'_>, void: &Void<'_>) -> Step {
    let applies = loaded.operator.versions.at(void.at);
    let version = applies.map_or(0, |applies| applies.number);
    let Some(wager) = loaded.wager else {
        let outcome = Outcome::Voided { wager: None, points: Points::ZERO, version };
        return Step { outcome, change: None, mark: true };
    };
    let balance = balance(loaded);
    let taken = match applies.map(|applies| applies.program.program.voids) {
        Some(VoidFloor::Balance) => wager.points.min(balance.max(Points::ZERO)),
        Some(VoidFloor::Unlimited) | None => wager.points,
    };
    let points = taken.negated();
    let outcome = Outcome::Voided { wager: Some(wager.place), points, version };
    if wager.points == Points::ZERO {
        return Step::only(outcome);
    }
    let Some(balance_after) = balance.plus(points) else {
        return Step::dead_letter(DeadReason::OutOfRange, "the balance would be beyond -10^15");
    };
    let change = Change {
        kind: EntryKind::Voided,
        points,
        balance_after,
        capped: Points::ZERO,
        parts: Parts { base: Rate::ZERO, rate: Rate::ZERO },
        version,
        day_use: wager.cap_day.map(|day| (day, wager.points.negated())),
    };
    Step { outcome, change: Some(change), mark: false }
}

fn balance(loaded: &Loaded<'_>) -> Points {
    loaded.account.map_or(Points::ZERO, |account| account.balance)
}
