//! A rule that fails, and one that was changed: for the tests of whoever drives partitions.

use accolade_domain::event::Event;
use accolade_domain::outcome::Outcome;
use accolade_domain::refusal::DeadReason;

use crate::apply::{Input, Loaded, What, apply};
use crate::behaviour::{Behaviour, FIRST, SECOND};
use crate::input::Body;
use crate::rules::Rules;
use crate::step::Step;

/// The behaviours that there are, with a rule that fails at a stake of 13.
pub const FAILS_AT_13: &[Behaviour] =
    &[Behaviour { apply: fails_at_13, ..FIRST }, Behaviour { apply: fails_at_13, ..SECOND }];

fn fails_at_13<'a>(rules: &Rules, loaded: &Loaded<'_>, input: &Input<'a>) -> Step<'a> {
    let step = apply(rules, loaded, input);
    assert!(!(is_judged(&step.outcome) && stake_of(input) == Some(13 * ATTO)), "a stake of 13");
    step
}

/// The behaviours of a release that has changed what it must not: a wager of 20 is only recorded.
pub const CHANGED_AT_20: &[Behaviour] =
    &[Behaviour { apply: changed_at_20, ..FIRST }, Behaviour { apply: changed_at_20, ..SECOND }];

fn changed_at_20<'a>(rules: &Rules, loaded: &Loaded<'_>, input: &Input<'a>) -> Step<'a> {
    let step = apply(rules, loaded, input);
    if is_judged(&step.outcome) && stake_of(input) == Some(20 * ATTO) {
        return Step::only(Outcome::Recorded);
    }
    step
}

/// 10^-18 are one unit of a stake.
const ATTO: u128 = 1_000_000_000_000_000_000;

/// Whether a program had to be asked.
pub fn is_judged(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Counted { .. } => true,
        Outcome::Refused { version, .. } => *version > 0,
        Outcome::DeadLetter { reason, .. } => *reason == DeadReason::OutOfRange,
        Outcome::Recorded
        | Outcome::Repeated { .. }
        | Outcome::Voided { .. }
        | Outcome::Done { .. }
        | Outcome::Declined { .. }
        | Outcome::Time { .. } => false,
    }
}

/// The stake of a wager, in units of 10^-18.
pub const fn stake_of(input: &Input<'_>) -> Option<u128> {
    let What::Record(_, Body::Event(Event::Wager(wager), _)) = input.what else { return None };
    Some(wager.stake.atto())
}
