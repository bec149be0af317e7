//! What people change balances by, and what is taken over from the system before.

use std::borrow::Cow;

use accolade_domain::amount::Points;
use accolade_domain::event::ID_BYTES_MAX;
use accolade_domain::ledger::{EntryKind, Moved, Parts};
use accolade_domain::lots::{Floor, Lots, Source};
use accolade_domain::outcome::{Declined, Outcome};
use accolade_domain::packed_lots::PackedLots;
use accolade_domain::time::ZoneOffsets;

use super::spending::found_by_time;
use super::{Asked, Input, Loaded, balance, lots, spending};
use crate::settle::today;
use crate::step::{Change, NewEntry, Step};
use crate::tables::adjustments::{Adjustment, Decided};
use crate::tables::requests::RequestKey;
use crate::tables::requests_by_time::RequestKind;
use crate::tables::{Held, Row};

/// So many adjustments of a player wait at most.
const WAITING_MAX: usize = 16;

/// A person changes a balance, or asks for it.
pub(super) fn adjust<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    points: i64,
    why: &str,
    who: &str,
) -> Result<Step<'a>, Declined> {
    let player = spending::known(loaded)?;
    let points = Points::from_hundredths(points).filter(|points| *points != Points::ZERO);
    let points = points.ok_or(Declined::Malformed)?;
    let key = RequestKey { player, place: input.place };
    let adjustment = Adjustment { points, why: why.into(), who: who.into(), asked_at: input.now };
    let step = Step::only(Outcome::Done { made: input.place.record_number() });
    let step = step.and(found_by_time(loaded, input, RequestKind::Adjustment, player));
    if !needs_approval(loaded, points) {
        return carry_out(loaded, input, key, adjustment, "", "", step);
    }
    let Asked::Waiting(waiting) = loaded.asked else { unreachable!("what waits is loaded") };
    if waiting >= WAITING_MAX {
        return Err(Declined::TooManyOpen);
    }
    Ok(step.and(Change::row(Row::WaitingAdjustment(key, Some(adjustment)))))
}

fn needs_approval(loaded: &Loaded<'_>, points: Points) -> bool {
    let program = loaded.in_force.map(|version| &version.program.program);
    let above = program.and_then(|program| program.approval_above);
    above.is_some_and(|above| points.max(points.negated()) > above)
}

/// Another person lets an adjustment be, or not.
pub(super) fn decide<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    approves: bool,
    why: &str,
    who: &str,
) -> Result<Step<'a>, Declined> {
    let Asked::Waits(key, adjustment) = &loaded.asked else {
        let is_decided = matches!(loaded.asked, Asked::Decided);
        let closed = is_decided.then_some(Declined::AdjustmentClosed);
        return Err(closed.unwrap_or(Declined::NoSuchAdjustment));
    };
    let (key, adjustment) = (*key, (*adjustment).clone());
    let step = Step::done().and(Change::row(Row::WaitingAdjustment(key, None)));
    if !approves {
        return Ok(step.and(decided(input, key, adjustment, false, why, who)));
    }
    if *adjustment.who == *who {
        return Err(Declined::OwnAdjustment);
    }
    carry_out(loaded, input, key, adjustment, why, who, step)
}

fn carry_out<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    key: RequestKey,
    adjustment: Adjustment,
    why: &str,
    who: &str,
    step: Step<'a>,
) -> Result<Step<'a>, Declined> {
    let points = adjustment.points;
    let mut lots = lots::matured(loaded, input);
    let moved = if points > Points::ZERO {
        give(loaded, input, &mut lots, points)?
    } else {
        let taken = lots.take(None, points.negated(), Floor::Balance);
        let taken = taken.ok_or(Declined::OutOfRange)?;
        if taken.owed != Points::ZERO {
            return Err(Declined::InsufficientPoints);
        }
        Moved::From(Box::new(taken))
    };
    let row = decided(input, key, adjustment, true, why, who);
    enter(loaded, input, EntryKind::Adjusted, points, moved, &lots, key.id(), step.and(row))
}

fn decided<'a>(
    input: &Input<'_>,
    key: RequestKey,
    adjustment: Adjustment,
    is_made: bool,
    why: &str,
    who: &str,
) -> Change<'a> {
    let (who, why, decided_at) = (who.into(), why.into(), input.now);
    let decided = Decided { adjustment, is_made, who, why, decided_at };
    Change::row(Row::Adjustment(key, Held::Row(decided)))
}

/// Takes over a balance of the system before, once for each account.
pub(super) fn take_over<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    points: i64,
    id: &str,
) -> Result<Step<'a>, Declined> {
    loaded.operator.ok_or(Declined::OperatorUnknown)?;
    let points = Points::from_hundredths(points).filter(|points| *points > Points::ZERO);
    let points = points.filter(|_| id.len() <= ID_BYTES_MAX).ok_or(Declined::Malformed)?;
    if loaded.account.is_some_and(|account| account.is_opened) {
        return Err(Declined::OpeningExists);
    }
    let mut lots = lots::matured(loaded, input);
    let moved = give(loaded, input, &mut lots, points)?;
    let step = Step::done().and(Change::Open).and(Change::Opened);
    enter(loaded, input, EntryKind::Opening, points, moved, &lots, id.to_owned(), step)
}

/// Puts points that no wager earned into the lot of today's month.
pub(super) fn give(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    lots: &mut Lots,
    points: Points,
) -> Result<Moved, Declined> {
    let day = match loaded.in_force {
        Some(version) => today(version, input.now),
        None => ZoneOffsets::default().day(input.now),
    };
    let paid = lots.give(day, None, points).ok_or(Declined::OutOfRange)?;
    Ok(Moved::Into { source: Source::of(day, None), paid })
}

#[expect(clippy::too_many_arguments, reason = "an entry is made of all of them")]
pub(super) fn enter<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    kind: EntryKind,
    points: Points,
    moved: Moved,
    lots: &Lots,
    cause: String,
    step: Step<'a>,
) -> Result<Step<'a>, Declined> {
    let balance_after = balance(loaded).plus(points).ok_or(Declined::OutOfRange)?;
    let timed = spending::due_with(loaded, input, lots);
    let mut step = step.and(Change::Lots(PackedLots::from(lots))).and(Change::Time(timed));
    step.entries.push(NewEntry {
        kind,
        points,
        balance_after,
        capped: Points::ZERO,
        moved,
        cause: Cow::Owned(cause),
        version: loaded.in_force.map_or(0, |version| version.number),
        parts: Parts::default(),
        event_time: input.now,
    });
    Ok(step)
}
