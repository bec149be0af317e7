//! What happens to a row when its time has come.

use accolade_domain::outcome::Outcome;

use super::{Input, Loaded};
use crate::step::{Change, Effect, Step};
use crate::tables::outbox::{Message, RESEND_MICROS};
use crate::tables::{Row, Tables, Timer};

pub(super) fn apply<'a>(loaded: &Loaded<'_>, input: &Input<'a>, timer: &Timer) -> Step<'a> {
    match timer {
        Timer::Marker(_) | Timer::DeadLetter(_) | Timer::EventLetter(_) => pass_over(timer),
        Timer::Message(_) => {
            let (key, message) = loaded.message.expect("the row of a timer is loaded");
            let Message { cause, payload, .. } = message.clone();
            let due = input.now.plus_micros(RESEND_MICROS);
            let effect = Effect::Send { key, cause, payload: payload.clone() };
            let row = Row::Message(key, Some(Message { cause, payload, due }));
            let mut step = fired().and(Change::row(row));
            step.effects.push(effect);
            step
        }
        Timer::Sent(_) | Timer::Received(_) => unreachable!("these rows are never due"),
    }
}

/// Takes the row away.
pub(super) fn pass_over<'a>(timer: &Timer) -> Step<'a> {
    fired().and(Change::row(Tables::removal(timer)))
}

fn fired<'a>() -> Step<'a> {
    Step::only(Outcome::Time { fired: 1 })
}
