//! Wagers, voids and game events.

use std::borrow::Cow;

use accolade_domain::account::CapDay;
use accolade_domain::amount::Points;
use accolade_domain::earning::{CapUse, Decision, Earned, Standing, decide};
use accolade_domain::event::{Event, Void, Wager};
use accolade_domain::ledger::{EntryKind, Parts};
use accolade_domain::outcome::Outcome;
use accolade_domain::program::VoidFloor;
use accolade_domain::refusal::{DeadReason, Refusal};
use accolade_domain::time::{Day, Timestamp};
use accolade_wire::identity::partition_of;
use accolade_wire::record::{Record, Source};

use super::{Input, Loaded, came_before, dead_letter, tier};
use crate::rules::{Operator, Rules};
use crate::step::{Change, NewEntry, Step};
use crate::tables::cap_days::CapDayKey;
use crate::tables::markers::MarkerKey;
use crate::tables::{Held, Row};

/// An event dated further ahead of the log's time than this is a dead letter.
pub const AHEAD_MICROS_MAX: i64 = 120_000_000;

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

#[inline]
pub(super) fn apply<'a>(
    rules: &Rules,
    loaded: &Loaded<'_>,
    input: &Input<'a>,
    record: &Record<'_>,
    event: &'a Event<'a>,
) -> Step<'a> {
    let Some(operator) = loaded.operator else {
        return refused(Refusal::OperatorUnknown, 0);
    };
    let settings = &rules.settings;
    if partition_of(event.player_id(), settings.partitions) != input.place.partition {
        return dead_letter(DeadReason::WrongPartition, DeadReason::WrongPartition.sentence());
    }
    let out_of_time = out_of_time(event.at(), input.now, settings.window_micros());
    // A released dead letter may be as old as it is.
    let is_forgiven =
        |reason: &DeadReason| record.source == Source::Released && *reason == DeadReason::TooLate;
    if let Some(reason) = out_of_time.filter(|reason| !is_forgiven(reason)) {
        return dead_letter(reason, reason.sentence());
    }
    if loaded.earlier.is_some() {
        let conflict = || dead_letter(DeadReason::IdConflict, DeadReason::IdConflict.sentence());
        return came_before(loaded).unwrap_or_else(conflict);
    }
    let mut step = match event {
        Event::Wager(wager) => apply_wager(loaded, input, wager),
        Event::Void(void) => apply_void(rules, loaded, operator, input, void),
        Event::Game(_) => Step::only(Outcome::Recorded).and(Change::Open),
    };
    if matches!(step.outcome, Outcome::DeadLetter { .. }) {
        return step;
    }
    step.changes.push(Change::Occupy { hour: event.at().hour() });
    step
}

fn refused<'a>(refusal: Refusal, version: u32) -> Step<'a> {
    Step::only(Outcome::Refused { refusal, version })
}

#[inline]
fn apply_wager<'a>(loaded: &Loaded<'_>, input: &Input<'_>, wager: &'a Wager<'a>) -> Step<'a> {
    if loaded.voided {
        return refused(Refusal::Voided, 0).and(Change::Open);
    }
    let Some(applies) = loaded.applies else {
        return refused(Refusal::NoProgram, 0).and(Change::Open);
    };
    let version = applies.number;
    let standing = Standing {
        consent: loaded.account.and_then(|account| account.consent),
        level: tier::level_by(loaded, input, applies),
        cap: loaded.cap.unwrap_or(CapUse::Used(Points::ZERO)),
    };
    let earned = match decide(&applies.program.program, wager, standing) {
        Decision::Counted(earned) => earned,
        Decision::Refused(refusal) => return refused(refusal, version).and(Change::Open),
        Decision::OutOfRange => {
            return dead_letter(DeadReason::OutOfRange, "the points are beyond 10^15");
        }
    };
    let Earned { points, capped, parts, day, has_cap } = earned;
    let (cap_day, earned_on) = (has_cap.then_some(day), loaded.counts_days.then_some(day));
    let outcome = Outcome::Counted { version, points, capped, parts, cap_day, earned_on };
    let mut step = Step::only(outcome);
    step.changes.push(Change::Open);
    if points == Points::ZERO {
        return step;
    }
    let Some(balance_after) = balance(loaded).plus(points) else {
        return dead_letter(DeadReason::OutOfRange, "the balance would be beyond 10^15");
    };
    if cap_day.or(earned_on).is_some() {
        count(loaded, day, points, &mut step);
    }
    if !tier::count(loaded, input, day, points, &mut step) {
        return dead_letter(DeadReason::OutOfRange, "the points of the tier would be beyond 10^15");
    }
    step.entries.push(NewEntry {
        kind: EntryKind::Earned,
        points,
        balance_after,
        capped,
        cause: Cow::Borrowed(&wager.wager_id),
        version,
        parts,
        event_time: wager.at,
    });
    step
}

fn apply_void<'a>(
    rules: &Rules,
    loaded: &Loaded<'_>,
    operator: &Operator,
    input: &Input<'_>,
    void: &'a Void<'a>,
) -> Step<'a> {
    let applies = loaded.applies;
    let version = applies.map_or(0, |applies| applies.number);
    let Some(wager) = loaded.wager else {
        let outcome = Outcome::Voided { wager: None, points: Points::ZERO, version };
        let key = marker_key(operator, void.player_id.as_ref(), void.wager_id.as_ref());
        // For a window, the last moment included, in which a wager as old as the void, or as the batch
        // of one that was released late, is accepted.
        let until = void.at.max(input.now).plus_micros(rules.settings.window_micros() + 1);
        let marker = Change::row(Row::Marker(key, Some(until)));
        return Step::only(outcome).and(Change::Open).and(marker);
    };
    let balance = balance(loaded);
    let taken = match applies.map(|applies| applies.program.program.voids) {
        Some(VoidFloor::Balance) => wager.points.min(balance.max(Points::ZERO)),
        Some(VoidFloor::Unlimited) | None => wager.points,
    };
    let points = taken.negated();
    let outcome = Outcome::Voided { wager: Some(wager.place), points, version };
    let mut step = Step::only(outcome).and(Change::Open);
    let Some(balance_after) = balance.plus(points) else {
        return dead_letter(DeadReason::OutOfRange, "the balance would be beyond -10^15");
    };
    if let Some(day) = wager.day {
        count(loaded, day, wager.points.negated(), &mut step);
        let fits = tier::count(loaded, input, day, wager.points.negated(), &mut step);
        assert!(fits, "what was counted can be taken back");
    }
    if points != Points::ZERO {
        step.entries.push(NewEntry {
            kind: EntryKind::Voided,
            points,
            balance_after,
            capped: Points::ZERO,
            cause: Cow::Borrowed(&void.wager_id),
            version,
            parts: Parts::default(),
            event_time: void.at,
        });
    }
    step
}

/// The marker of a void that waits for its wager.
pub(crate) fn marker_key(operator: &Operator, player: &str, wager: &str) -> MarkerKey {
    MarkerKey { operator: operator.number, player: player.into(), wager: wager.into() }
}

/// Counts points that were earned on `day`, or gives it room back. The newest day lies with the account;
/// a newer one takes its place.
fn count(loaded: &Loaded<'_>, day: Day, points: Points, step: &mut Step<'_>) {
    let Some(CapUse::Used(before)) = loaded.cap else { return };
    let used = before.plus(points).unwrap_or(Points::MAX).max(Points::ZERO);
    if used == before {
        return;
    }
    let newest = loaded.account.map_or(CapDay::NONE, |account| account.cap_day);
    let mut keep = |day: Day, used: Points| {
        let player = loaded.player.expect("an account that has counted has a player");
        let row = Row::CapDay(CapDayKey { player, day }, Held::Row(used));
        step.changes.push(Change::row(row));
    };
    if day < newest.day {
        keep(day, used);
        return;
    }
    if newest.day < day && newest != CapDay::NONE {
        keep(newest.day, newest.used);
    }
    step.changes.push(Change::CapDay(CapDay { day, used }));
}

fn balance(loaded: &Loaded<'_>) -> Points {
    loaded.account.map_or(Points::ZERO, |account| account.balance)
}
