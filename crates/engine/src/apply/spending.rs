//! Redemptions: points are reserved, and then spent or given back.

use std::borrow::Cow;

use accolade_domain::account::Timed;
use accolade_domain::amount::Points;
use accolade_domain::earning::takes_part;
use accolade_domain::ledger::{EntryKind, Moved, Parts};
use accolade_domain::lots::{Lots, Taken};
use accolade_domain::outcome::{Declined, Outcome};
use accolade_domain::packed_lots::PackedLots;
use accolade_domain::program::Mode;
use accolade_domain::redemption::RedemptionState;
use accolade_domain::time::Timestamp;
use accolade_wire::notice::{REDEMPTION_MOVED, RedemptionMoved};

use super::event::timed;
use super::{Asked, Input, Loaded, balance, lots, rewards};
use crate::players::Ordinal;
use crate::rules::Version;
use crate::step::{Change, NewEntry, NewNotice, Step};
use crate::tables::redemptions::Redemption;
use crate::tables::requests::RequestKey;
use crate::tables::requests_by_time::{RequestKind, TimeKey};
use crate::tables::reservations::{InStock, Reservation, Wanted};
use crate::tables::{Held, Row};

/// So many redemptions of a player are open at most.
const OPEN_MAX: usize = 256;

/// What is to be set aside.
#[derive(Debug)]
pub(super) struct Aside<'w> {
    pub(super) points: Points,
    pub(super) item: &'w str,
    pub(super) who: &'w str,
    /// The reward, where it is one of the catalogue.
    pub(super) reward: Option<Wanted>,
}

/// Sets points aside. That they are enough is decided for points that somebody names: the price of a reward is its
/// operator's own.
pub(super) fn reserve<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    points: i64,
    item: &str,
    who: &str,
) -> Result<Step<'a>, Declined> {
    let (_, version) = admitted(loaded)?;
    let points = Points::from_hundredths(points).ok_or(Declined::Malformed)?;
    if points < version.program.program.redemption.min_points {
        return Err(Declined::BelowMinimum);
    }
    let Asked::Reserved(open) = &loaded.asked else { unreachable!("what is reserved is loaded") };
    let aside = Aside { points, item, who, reward: None };
    set_aside(loaded, input, version, open.len(), aside)
}

/// The player, who may redeem something, and the version of the program by which.
pub(super) fn admitted<'l>(loaded: &Loaded<'l>) -> Result<(Ordinal, &'l Version), Declined> {
    let player = known(loaded)?;
    let version = loaded.in_force.ok_or(Declined::NoProgram)?;
    let program = &version.program.program;
    if loaded.exclusion.is_some() {
        return Err(Declined::SelfExcluded);
    }
    if program.mode == Mode::Off {
        return Err(Declined::ModeOff);
    }
    if !takes_part(program.consent, loaded.account.and_then(|account| account.consent)) {
        return Err(Declined::NoConsent);
    }
    Ok((player, version))
}

/// Sets points of a player aside, of whom `open` redemptions are open.
pub(super) fn set_aside<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    version: &Version,
    open: usize,
    aside: Aside<'_>,
) -> Result<Step<'a>, Declined> {
    let player = known(loaded)?;
    if open >= OPEN_MAX {
        return Err(Declined::TooManyOpen);
    }
    let Aside { points, item, who, reward } = aside;
    let mut lots = lots::matured(loaded, input);
    let spent = lots.spend(points).ok_or(Declined::InsufficientPoints)?;
    let reservation = Reservation {
        points,
        lots: spent,
        item: item.into(),
        who: who.into(),
        version: version.number,
        reserved_at: input.now,
        hold_until: version.program.program.redemption.hold_for.until(input.now),
        reward,
    };
    let key = RequestKey { player, place: input.place };
    let timed = due_with(loaded, input, &lots);
    let due = timed.due.min(reservation.hold_until);
    let mut step = Step::only(Outcome::Done { made: input.place.record_number() })
        .and(Change::Lots(PackedLots::from(&lots)))
        .and(Change::Time(Timed { due, ..timed }));
    let is_requested = reservation.is_requested();
    let state = if is_requested { RedemptionState::Requested } else { RedemptionState::Reserved };
    step.notices.push(told(key, &reservation, state, input.now));
    Ok(step.and(Change::row(Row::Reservation(key, Some(reservation)))).and(found_by_time(
        loaded,
        input,
        RequestKind::Redemption,
        player,
    )))
}

/// Has a request that the input makes be found by its time.
pub(super) fn found_by_time<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    kind: RequestKind,
    player: Ordinal,
) -> Change<'a> {
    let operator = loaded.operator.expect("a player has an operator").number;
    let key = TimeKey::of(operator, kind, input.now, input.place);
    Change::row(Row::RequestByTime(key, Held::Row(player)))
}

/// There is one of the reward, and it is the redemption's.
pub(super) fn grant(
    key: RequestKey,
    reservation: &Reservation,
    now: Timestamp,
    step: &mut Step<'_>,
) {
    step.notices.push(told(key, reservation, RedemptionState::Reserved, now));
    let reward = reservation.reward.clone();
    let reward = reward.map(|wanted| Wanted { stock: Some(InStock::Taken), ..wanted });
    let granted = Reservation { reward, ..reservation.clone() };
    step.changes.push(Change::row(Row::Reservation(key, Some(granted))));
}

/// What is reserved is gone.
pub(super) fn confirm<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    who: &str,
) -> Result<Step<'a>, Declined> {
    let Some((key, reservation)) = open(loaded, RedemptionState::Confirmed)? else {
        return Ok(Step::done());
    };
    if reservation.is_requested() {
        return Err(Declined::RedemptionRequested);
    }
    let points = reservation.points.negated();
    let balance_after = balance(loaded).plus(points).ok_or(Declined::OutOfRange)?;
    let taken = Taken { ready: reservation.lots.clone(), ..Taken::default() };
    let mut step = Step::done();
    let end = End { state: RedemptionState::Confirmed, at: input.now, who, why: "" };
    close(key, reservation, end, &mut step);
    step.changes
        .extend(reservation.reward.as_ref().map(|wanted| rewards::count(loaded, key, wanted)));
    step.entries.push(NewEntry {
        kind: EntryKind::Redeemed,
        points,
        balance_after,
        capped: Points::ZERO,
        moved: Moved::From(Box::new(taken)),
        cause: Cow::Owned(key.id()),
        version: reservation.version,
        parts: Parts::default(),
        event_time: input.now,
    });
    Ok(step)
}

/// What is reserved is given back.
pub(super) fn cancel<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    why: &str,
    who: &str,
) -> Result<Step<'a>, Declined> {
    let Some((key, reservation)) = open(loaded, RedemptionState::Cancelled)? else {
        return Ok(Step::done());
    };
    let mut step = Step::done();
    give_back(loaded, input, &[(key, reservation)], why, who, &mut step);
    Ok(step)
}

/// Cancels redemptions that are open.
pub(super) fn give_back(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    open: &[(RequestKey, &Reservation)],
    why: &str,
    who: &str,
    step: &mut Step<'_>,
) {
    let mut lots = lots::matured(loaded, input);
    for (key, reservation) in open {
        lots.restore(&reservation.lots).expect("what was reserved is part of the balance");
        close(
            *key,
            reservation,
            End { state: RedemptionState::Cancelled, at: input.now, who, why },
            step,
        );
        rewards::give_back(loaded, reservation, input.now, step);
    }
    step.changes.push(Change::Time(due_with(loaded, input, &lots)));
    step.changes.push(Change::Lots(PackedLots::from(&lots)));
}

/// What is reserved was given back by time.
pub(super) fn lapse(
    loaded: &Loaded<'_>,
    now: Timestamp,
    key: RequestKey,
    reservation: &Reservation,
    step: &mut Step<'_>,
) {
    let (state, at) = (RedemptionState::Lapsed, reservation.hold_until);
    close(key, reservation, End { state, at, who: "", why: "" }, step);
    rewards::give_back(loaded, reservation, now, step);
}

/// How far time has been brought to the account; when it is next may be sooner with these lots.
pub(super) fn due_with(loaded: &Loaded<'_>, input: &Input<'_>, lots: &Lots) -> Timed {
    let mut timed = timed(loaded);
    lots::hasten(loaded, input, lots, &mut timed);
    timed
}

/// The player, who has an account.
pub(super) fn known(loaded: &Loaded<'_>) -> Result<Ordinal, Declined> {
    loaded.operator.ok_or(Declined::OperatorUnknown)?;
    loaded.player.ok_or(Declined::NoSuchPlayer)
}

/// The redemption, which is open; nothing where it has become already what it shall.
fn open<'l>(
    loaded: &'l Loaded<'_>,
    shall_be: RedemptionState,
) -> Result<Option<(RequestKey, &'l Reservation)>, Declined> {
    if let Asked::Open(key, reservation) = &loaded.asked {
        return Ok(Some((*key, reservation)));
    }
    let Asked::Closed(state) = loaded.asked else { return Err(Declined::NoSuchRedemption) };
    match state {
        _ if state == shall_be => Ok(None),
        RedemptionState::Reserved | RedemptionState::Requested => Err(Declined::NoSuchRedemption),
        RedemptionState::Confirmed => Err(Declined::RedemptionConfirmed),
        RedemptionState::Cancelled => Err(Declined::RedemptionCancelled),
        RedemptionState::Lapsed => Err(Declined::RedemptionLapsed),
    }
}

/// How a redemption ends.
#[derive(Debug, Clone, Copy)]
struct End<'e> {
    state: RedemptionState,
    at: Timestamp,
    who: &'e str,
    why: &'e str,
}

fn close(key: RequestKey, reservation: &Reservation, end: End<'_>, step: &mut Step<'_>) {
    let End { state, at, who, why } = end;
    let reservation = reservation.clone();
    step.notices.push(told(key, &reservation, state, at));
    let (who, why) = (who.into(), why.into());
    let redemption = Redemption { reservation, state, closed_at: at, who, why };
    step.changes.push(Change::row(Row::Reservation(key, None)));
    step.changes.push(Change::row(Row::Redemption(key, Held::Row(redemption))));
}

fn told<'a>(
    key: RequestKey,
    reservation: &Reservation,
    state: RedemptionState,
    at: Timestamp,
) -> NewNotice<'a> {
    let Reservation { points, item, hold_until, reward, .. } = reservation.clone();
    let (id, reward) = (key.id().into(), reward.map_or_else(Box::default, |wanted| wanted.id));
    let moved = RedemptionMoved { id, state, points, item, reward, hold_until, at };
    NewNotice { kind: REDEMPTION_MOVED, body: Cow::Owned(moved.to_bytes()) }
}
