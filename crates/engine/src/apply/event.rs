//! Wagers, voids and game events.

use std::borrow::Cow;

use accolade_domain::account::{CapDay, Timed};
use accolade_domain::amount::Points;
use accolade_domain::earning::{CapUse, Decision, Earned, Standing, decide};
use accolade_domain::event::{Event, Void, Wager};
use accolade_domain::ledger::{EntryKind, Moved, Parts};
use accolade_domain::lots::{Floor, HELD};
use accolade_domain::outcome::Outcome;
use accolade_domain::refusal::{DeadReason, Refusal};
use accolade_domain::time::{Day, Timestamp};
use accolade_wire::identity::partition_of;
use accolade_wire::record::{Record, Source};

use super::{
    Input, Loaded, balance, budgets, came_before, dead_letter, games, lots, scores, signals,
    statistics, tier,
};
use crate::rules::{Operator, Rules};
use crate::step::{Change, NewEntry, Step};
use crate::tables::cap_days::CapDayKey;
use crate::tables::markers::MarkerKey;
use crate::tables::signals::HeldPoints;
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
        Event::Wager(wager) => apply_wager(rules, loaded, input, wager),
        Event::Void(void) => apply_void(rules, loaded, operator, input, void),
        Event::Game(event) => statistics::apply(loaded, event),
    };
    if matches!(step.outcome, Outcome::DeadLetter { .. }) {
        return step;
    }
    step.changes.push(Change::Occupy { hour: event.at().hour() });
    scores::count(loaded, input, event, &mut step);
    if let Event::Game(event) = event {
        games::count(loaded, input, event, &mut step);
    }
    step
}

fn refused<'a>(refusal: Refusal, version: u32) -> Step<'a> {
    Step::only(Outcome::Refused { refusal, version })
}

#[inline]
fn apply_wager<'a>(
    rules: &Rules,
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    wager: &'a Wager<'a>,
) -> Step<'a> {
    if loaded.exclusion.is_some() {
        return refused(Refusal::SelfExcluded, 0).and(Change::Open);
    }
    if loaded.voided {
        return refused(Refusal::Voided, 0).and(Change::Open);
    }
    let Some(applies) = loaded.applies else {
        return refused(Refusal::NoProgram, 0).and(Change::Open);
    };
    let version = applies.number;
    let rests = budgets::rests(&loaded.budgets);
    let standing = Standing {
        consent: loaded.account.and_then(|account| account.consent),
        level: tier::level_by(loaded, input, applies),
        cap: loaded.cap.unwrap_or(CapUse::Used(Points::ZERO)),
        rests: &rests,
    };
    let earned = match decide(&applies.program.program, wager, standing) {
        Decision::Counted(earned) => earned,
        Decision::Refused(refusal) => return refused(refusal, version).and(Change::Open),
        Decision::OutOfRange => {
            return dead_letter(DeadReason::OutOfRange, "the points are beyond 10^15");
        }
    };
    let Earned { points, capped, parts, day, has_cap, given } = earned;
    let (cap_day, earned_on) = (has_cap.then_some(day), loaded.settles.then_some(day));
    let pending = applies.program.program.pending;
    let would_mature = if loaded.settles { pending.matures(input.now) } else { None };
    let sight = signals::look(rules, loaded, input, wager, points);
    // What pays for a debt is not held.
    let is_held = sight.as_ref().is_some_and(|sight| sight.holds) && points > lots::debt(loaded);
    let matures = if is_held { Some(HELD) } else { would_mature };
    let mut step = Step::only(Outcome::Recorded).and(Change::Open);
    budgets::charge(loaded, input, &given, &mut step);
    step.outcome =
        Outcome::Counted { version, points, capped, parts, cap_day, earned_on, matures, given };
    if points == Points::ZERO {
        if let Some(sight) = sight {
            sight.tell(loaded, input, wager, HeldPoints::NONE, &mut step);
        }
        return step;
    }
    let Some(balance_after) = balance(loaded).plus(points) else {
        return dead_letter(DeadReason::OutOfRange, "the balance would be beyond 10^15");
    };
    if cap_day.or(earned_on).is_some() {
        count(loaded, day, points, &mut step);
    }
    let mut moved = Moved::Untold;
    if loaded.settles {
        let mut timed = timed(loaded);
        if !tier::count(loaded, input, day, points, &mut timed, &mut step) {
            let detail = "the points of the tier would be beyond 10^15";
            return dead_letter(DeadReason::OutOfRange, detail);
        }
        let earned = lots::earn(loaded, input, day, matures, points, &mut timed, &mut step);
        moved = earned.expect("lots hold what the balance does");
        step.changes.push(Change::Time(timed));
    }
    if let Some(sight) = sight {
        let held = HeldPoints::of(points, &moved, would_mature);
        sight.tell(loaded, input, wager, held, &mut step);
    }
    step.entries.push(NewEntry {
        kind: EntryKind::Earned,
        points,
        balance_after,
        capped,
        moved,
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
        let (points, owed) = (Points::ZERO, Points::ZERO);
        let outcome = Outcome::Voided { wager: None, points, owed, version };
        let key = marker_key(operator, void.player_id.as_ref(), void.wager_id.as_ref());
        // For a window, the last moment included, in which a wager as old as the void, or as the batch
        // of one that was released late, is accepted.
        let until = void.at.max(input.now).plus_micros(rules.settings.window_micros() + 1);
        let marker = Change::row(Row::Marker(key, Some(until)));
        return Step::only(outcome).and(Change::Open).and(marker);
    };
    if wager.points == Points::ZERO {
        let (wager, points, owed) = (Some(wager.place), Points::ZERO, Points::ZERO);
        return Step::only(Outcome::Voided { wager, points, owed, version }).and(Change::Open);
    }
    // What a person has taken of them is not taken twice.
    let left = wager.points.minus(wager.taken).map_or(Points::ZERO, |left| left.max(Points::ZERO));
    let floor = applies.map_or(Floor::Unlimited, |applies| applies.program.program.voids);
    let mut step = Step::only(Outcome::Recorded).and(Change::Open);
    let mut timed = timed(loaded);
    let taken = if loaded.settles {
        let source = signals::held(loaded).or(wager.source);
        let taken = lots::take(loaded, input, source, left, floor, &mut timed, &mut step);
        taken.map(|taken| (taken.owed, taken.owed, Moved::From(Box::new(taken))))
    } else {
        let missing = match floor {
            Floor::Unlimited => Points::ZERO,
            Floor::Balance | Floor::Pending => short(left, balance(loaded)),
        };
        // Behaviour 1 does not say what it could not take.
        Some((missing, Points::ZERO, Moved::Untold))
    };
    let after = taken.and_then(|(missing, owed, moved)| {
        let points = missing.minus(left)?;
        Some((points, balance(loaded).plus(points)?, owed, moved))
    });
    let Some((points, balance_after, owed, moved)) = after else {
        return dead_letter(DeadReason::OutOfRange, "the balance would be beyond -10^15");
    };
    step.outcome = Outcome::Voided { wager: Some(wager.place), points, owed, version };
    budgets::give_back(loaded, input, wager.points, points.negated(), &mut step);
    if let Some(day) = wager.day {
        count(loaded, day, wager.points.negated(), &mut step);
        if loaded.settles {
            let back = wager.points.negated();
            let fits = tier::count(loaded, input, day, back, &mut timed, &mut step);
            assert!(fits, "what was counted can be taken back");
        }
    }
    if loaded.settles {
        step.changes.push(Change::Time(timed));
    }
    signals::void(loaded, input, points.negated(), &mut step);
    if points != Points::ZERO {
        step.entries.push(NewEntry {
            kind: EntryKind::Voided,
            points,
            balance_after,
            capped: Points::ZERO,
            moved,
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

/// By how much `points` are more than a balance has.
fn short(points: Points, balance: Points) -> Points {
    points.minus(balance.max(Points::ZERO)).unwrap_or(points).max(Points::ZERO)
}

/// How far time has been brought to the player's account; that of one who is new is opened now.
pub(super) fn timed(loaded: &Loaded<'_>) -> Timed {
    let settled_by = loaded.in_force.map_or(0, |version| version.number);
    loaded.account.map_or(Timed { settled_by, ..Timed::NOTHING }, |account| account.timed)
}
