//! What happens to a row when its time has come.

use std::borrow::Cow;

use accolade_domain::account::Timed;
use accolade_domain::amount::Points;
use accolade_domain::ledger::{EntryKind, Moved, Parts};
use accolade_domain::lots::Taken;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::{DAY_MICROS, Timestamp};
use accolade_wire::notice::POINTS_EXPIRING;

use super::{Input, Loaded, balance, opt_ins, spending, tier_moved};
use crate::settle::Expiring;
use crate::step::{Change, Effect, NewEntry, NewNotice, Step};
use crate::tables::letter_totals::Totals;
use crate::tables::outbox::{Message, RESEND_MICROS};
use crate::tables::{Held, Row, Tables, Timer};

pub(super) fn apply<'a>(loaded: &Loaded<'_>, input: &Input<'a>, timer: &Timer) -> Step<'a> {
    match timer {
        Timer::Marker(_) => pass_over(loaded, input.now, timer),
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
        Timer::Account(_) => settled(loaded, input.now),
        Timer::Seats(key) => fired().and(opt_ins::seats_end(loaded, input.now, *key)),
        Timer::Walk(key) => {
            let walked = loaded.walked.expect("the walk of a timer is loaded");
            let step = if loaded.settled.is_some() { settled(loaded, input.now) } else { fired() };
            step.and(Change::row(Row::Walk(*key, walked.walk)))
        }
        Timer::Sent(_)
        | Timer::Received(_)
        | Timer::Reservation(_)
        | Timer::WaitingAdjustment(_)
        | Timer::Exclusion(_)
        | Timer::HeldSignal(_)
        | Timer::Delivery(_)
        | Timer::BudgetHome(_)
        | Timer::BudgetShare(_)
        | Timer::Stock(_)
        | Timer::OperatorTotals(_) => unreachable!("these rows are never due"),
    }
}

/// Takes the row away. An account is tried again a day later.
pub(super) fn pass_over<'a>(loaded: &Loaded<'_>, now: Timestamp, timer: &Timer) -> Step<'a> {
    match timer {
        Timer::LetterTotals(()) => letter_ends(loaded),
        Timer::EndedEvents(ended) => event_ends(loaded, *ended),
        Timer::Account(_) => {
            let timed = loaded.account.map_or(Timed::NOTHING, |account| account.timed);
            let due = now.plus_micros(DAY_MICROS);
            fired().and(Change::Time(Timed { due, is_passed_over: true, ..timed }))
        }
        // The account that it fails at is left out; the walk goes on.
        Timer::Walk(key) => {
            let walk = loaded.walked.and_then(|walked| walked.walk);
            fired().and(Change::row(Row::Walk(*key, walk)))
        }
        Timer::Marker(_)
        | Timer::Message(_)
        | Timer::Sent(_)
        | Timer::Received(_)
        | Timer::Reservation(_)
        | Timer::WaitingAdjustment(_)
        | Timer::Exclusion(_)
        | Timer::HeldSignal(_)
        | Timer::Delivery(_)
        | Timer::BudgetHome(_)
        | Timer::BudgetShare(_)
        | Timer::Stock(_)
        | Timer::Seats(_)
        | Timer::OperatorTotals(_) => fired().and(Change::row(Tables::removal(timer))),
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

/// Time has brought an account somewhere.
fn settled<'a>(loaded: &Loaded<'_>, now: Timestamp) -> Step<'a> {
    let settled = loaded.settled.as_ref().expect("a timer's account is loaded");
    let mut step = fired().and(Change::Time(settled.timed));
    step.changes.extend(settled.lots.clone().map(Change::Lots));
    let mut balance_after = balance(loaded);
    for Expiring { version, expired } in &settled.expired {
        let points = expired.points().negated();
        balance_after = balance_after.plus(points).expect("what expires is part of the balance");
        let taken = Taken { ready: expired.lots.clone(), ..Taken::default() };
        step.entries.push(NewEntry {
            kind: EntryKind::Expired,
            points,
            balance_after,
            capped: Points::ZERO,
            moved: Moved::From(Box::new(taken)),
            cause: Cow::default(),
            version: *version,
            parts: Parts::default(),
            event_time: expired.at,
        });
    }
    step.notices.extend(settled.changes.iter().map(tier_moved));
    for (key, reservation) in &settled.lapsed {
        spending::lapse(loaded, now, *key, reservation, &mut step);
    }
    let expiring = settled.expiring.map(|expiring| expiring.to_bytes());
    let told = expiring.map(|body| NewNotice { kind: POINTS_EXPIRING, body: Cow::Owned(body) });
    step.notices.extend(told);
    step
}

fn event_ends<'a>(loaded: &Loaded<'_>, ended: Timestamp) -> Step<'a> {
    let left = loaded.ended_events.checked_sub(1).filter(|left| *left > 0);
    fired().and(Change::row(Row::EndedEvents(ended, left)))
}

fn fired<'a>() -> Step<'a> {
    Step::only(Outcome::Time { fired: 1 })
}
