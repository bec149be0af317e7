//! What happens to a row when its time has come.

use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;

use super::{Input, Loaded};
use crate::step::{Change, Effect, Step};
use crate::tables::letter_totals::Totals;
use crate::tables::outbox::{Message, RESEND_MICROS};
use crate::tables::{Held, Row, Tables, Timer};

pub(super) fn apply<'a>(loaded: &Loaded<'_>, input: &Input<'a>, timer: &Timer) -> Step<'a> {
    match timer {
        Timer::Marker(_) => pass_over(loaded, timer),
        Timer::LetterTotals(()) => {
            assert!(loaded.letter.is_some(), "the dead letter that ends first is there");
            letter_ends(loaded)
        }
        Timer::EndedEvents(ended) => event_ends(loaded, *ended),
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
pub(super) fn pass_over<'a>(loaded: &Loaded<'_>, timer: &Timer) -> Step<'a> {
    match timer {
        Timer::LetterTotals(()) => letter_ends(loaded),
        Timer::EndedEvents(ended) => event_ends(loaded, *ended),
        Timer::Marker(_) | Timer::Message(_) | Timer::Sent(_) | Timer::Received(_) => {
            fired().and(Change::row(Tables::removal(timer)))
        }
    }
}

/// A dead letter ends; what found it by its event does so after it.
fn letter_ends<'a>(loaded: &Loaded<'_>) -> Step<'a> {
    let mut totals = loaded.totals.cloned().unwrap_or_default();
    totals.first = loaded.first;
    let mut step = fired();
    if let Some((place, letter)) = &loaded.letter {
        totals = totals.without_open(letter);
        step = step.and(Change::row(Row::DeadLetter(*place, Held::NoRow)));
        let ended = Some(loaded.ended_events + letter.found_by).filter(|count| *count > 0);
        step = step.and(Change::row(Row::EndedEvents(letter.until, ended)));
    }
    let totals = Some(totals).filter(|totals| *totals != Totals::default());
    step.and(Change::row(Row::LetterTotals((), totals)))
}

fn event_ends<'a>(loaded: &Loaded<'_>, ended: Timestamp) -> Step<'a> {
    let left = loaded.ended_events.checked_sub(1).filter(|left| *left > 0);
    fired().and(Change::row(Row::EndedEvents(ended, left)))
}

fn fired<'a>() -> Step<'a> {
    Step::only(Outcome::Time { fired: 1 })
}
