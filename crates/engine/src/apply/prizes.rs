//! What players win in tournaments: points are given once, and of things it is kept what has become of them.

use std::borrow::Cow;
use std::sync::Arc;

use accolade_domain::amount::Points;
use accolade_domain::earning::takes_part;
use accolade_domain::ledger::EntryKind;
use accolade_domain::outcome::Declined;
use accolade_domain::ranking::Score;
use accolade_domain::tournament::prizes::PrizeState;
use accolade_wire::control::{Award, Becomes};
use accolade_wire::notice::prize::{PRIZE_MOVED, PrizeMoved};
use accolade_wire::tournament::Stage;

use super::{Asked, Input, Loaded, adjusting, lots, spending};
use crate::rules::tournaments::Tournament;
use crate::step::{Change, NewNotice, Step};
use crate::tables::prizes::{Prize, PrizeKey};
use crate::tables::{Held, Row};

const EXCLUDED: &str = "the player is excluded";
const NO_CONSENT: &str = "the player does not take part";
const OUT_OF_RANGE: &str = "the balance would be greater than any may be";

/// Takes note of a place, and pays what is won there as soon as that may be: whoever settles a tournament says so as
/// often as it takes.
pub(super) fn award<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    award: &Award,
) -> Result<Step<'a>, Declined> {
    let player = spending::known(loaded)?;
    let operator = loaded.operator.ok_or(Declined::OperatorUnknown)?;
    let tournament = operator.tournaments.numbered(award.tournament);
    // It has yet to be heard of here that it is settled, or approved.
    let is_so = |it: &&Arc<Tournament>| it.is_settled() && (it.pays() || !award.pays);
    let tournament = tournament.filter(is_so).ok_or(Declined::Stale)?;
    let Asked::Place(key, before) = &loaded.asked else { return Err(Declined::NoSuchPrize) };
    let prize = match before {
        Some(before) if before.player != player => return Err(Declined::Malformed),
        Some(before) if before.state != PrizeState::AwaitingApproval || !tournament.pays() => {
            return Ok(Step::done());
        }
        Some(before) => (**before).clone(),
        // Every place was told by then: one of which nobody knows any more is not paid again.
        None if tournament.terms().stage == Stage::Paid => return Err(Declined::NoSuchPrize),
        None => Prize {
            player,
            position: award.position,
            score: Score(award.score.parse().map_err(|_| Declined::Malformed)?),
            events: award.events,
            points: points(award)?,
            thing: award.thing,
            state: PrizeState::AwaitingApproval,
            at: input.now,
            why: Box::default(),
            who: Box::default(),
        },
    };
    if prize.points == Points::ZERO && prize.thing.is_none() {
        let prize = Prize { state: PrizeState::Nothing, ..prize };
        return Ok(Step::done().and(Change::row(Row::Prize(*key, Held::Row(prize)))));
    }
    if !tournament.pays() {
        return Ok(moved(tournament, *key, prize, Step::done()));
    }
    if let Some(why) = not_eligible(loaded) {
        let prize =
            Prize { state: PrizeState::NotEligible, why: why.into(), at: input.now, ..prize };
        return Ok(moved(tournament, *key, prize, Step::done()));
    }
    let Ok(step) = pay(loaded, input, tournament, prize.points) else {
        let (state, why) = (PrizeState::Failed, OUT_OF_RANGE.into());
        let prize = Prize { state, why, at: input.now, ..prize };
        return Ok(moved(tournament, *key, prize, Step::done()));
    };
    let is_more = prize.thing.is_some();
    let state = if is_more { PrizeState::Processing } else { PrizeState::Paid };
    let prize = Prize { state, at: input.now, ..prize };
    Ok(moved(tournament, *key, prize, step))
}

fn points(award: &Award) -> Result<Points, Declined> {
    let points = Points::from_hundredths(award.points).filter(|points| *points >= Points::ZERO);
    points.ok_or(Declined::Malformed)
}

/// Why a player may not win anything at the moment.
fn not_eligible(loaded: &Loaded<'_>) -> Option<&'static str> {
    let consent = loaded.account.and_then(|account| account.consent);
    let program = loaded.in_force.map(|version| &version.program.program);
    if loaded.exclusion.is_some() {
        Some(EXCLUDED)
    } else if program.is_some_and(|program| !takes_part(program.consent, consent)) {
        Some(NO_CONSENT)
    } else {
        None
    }
}

/// Gives the points that are won.
fn pay<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    tournament: &Tournament,
    points: Points,
) -> Result<Step<'a>, Declined> {
    if points == Points::ZERO {
        return Ok(Step::done());
    }
    let mut lots = lots::matured(loaded, input);
    let given = adjusting::give(loaded, input, &mut lots, points)?;
    let cause = tournament.terms().id.clone();
    adjusting::enter(loaded, input, EntryKind::Prize, points, given, &lots, cause, Step::done())
}

/// What has become of something that is won.
pub(super) fn fulfil<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    becomes: Becomes,
    why: &str,
    who: &str,
) -> Result<Step<'a>, Declined> {
    let player = spending::known(loaded)?;
    let Asked::Place(key, Some(before)) = &loaded.asked else { return Err(Declined::NoSuchPrize) };
    if before.player != player {
        return Err(Declined::NoSuchPrize);
    }
    let operator = loaded.operator.ok_or(Declined::OperatorUnknown)?;
    let tournament = operator.tournaments.numbered(key.tournament).ok_or(Declined::NoSuchPrize)?;
    let state = match becomes {
        Becomes::Paid => PrizeState::Paid,
        Becomes::Failed => PrizeState::Failed,
        Becomes::Retrying => PrizeState::Retrying,
        Becomes::NotEligible => PrizeState::NotEligible,
    };
    if before.state == state {
        return Ok(Step::done());
    }
    // Points are given here alone: what failed of them is not tried again.
    let is_handed_out = before.thing.is_some() || state == PrizeState::NotEligible;
    if !before.state.may_become(state) || !is_handed_out {
        return Err(Declined::PrizeClosed);
    }
    let prize =
        Prize { state, at: input.now, why: why.into(), who: who.into(), ..(**before).clone() };
    Ok(moved(tournament, *key, prize, Step::done()))
}

/// The step with what has become of a prize, and with word of it.
fn moved<'a>(tournament: &Tournament, key: PrizeKey, prize: Prize, step: Step<'a>) -> Step<'a> {
    let terms = tournament.terms();
    let notice = PrizeMoved {
        tournament: terms.id.as_str().into(),
        place: key.place,
        position: prize.position,
        score: prize.score,
        points: prize.points,
        thing: prize.thing.and_then(|thing| terms.thing(thing)).cloned(),
        state: prize.state,
        why: prize.why.clone(),
    };
    let mut step = step.and(Change::row(Row::Prize(key, Held::Row(prize))));
    let body = Cow::Owned(notice.to_bytes());
    step.notices.push(NewNotice { kind: PRIZE_MOVED, body });
    step
}
