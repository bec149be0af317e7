//! What players win in tournaments: points are given once, and of things it is kept what has become of them.

use std::borrow::Cow;
use std::sync::Arc;

use accolade_domain::amount::Points;
use accolade_domain::earning::takes_part;
use accolade_domain::ledger::{EntryKind, Moved};
use accolade_domain::lots::Floor;
use accolade_domain::outcome::Declined;
use accolade_domain::ranking::Score;
use accolade_domain::tournament::prizes::{PrizeState, Things};
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
const GIVEN_BEFORE: &str = "the player was given it when the tournament was settled before";
const OUT_OF_RANGE: &str = "the balance would be greater than any may be";

/// Takes note of a place, and pays what is won there as soon as that may be: whoever settles a tournament says so as
/// often as it takes. Where it was settled before, what the player was paid then is not paid again.
pub(super) fn award<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    award: &Award,
) -> Result<Step<'a>, Declined> {
    let player = spending::known(loaded)?;
    let operator = loaded.operator.ok_or(Declined::OperatorUnknown)?;
    let tournament = operator.tournaments.numbered(award.tournament);
    // It has yet to be heard of here that it is settled, or approved.
    let is_so = |it: &&Arc<Tournament>| {
        let is_settled = it.is_settled() && it.terms().stage != Stage::Resettling;
        is_settled && it.settlement() == award.settlement && (it.pays() || !award.pays)
    };
    let tournament = tournament.filter(is_so).ok_or(Declined::Stale)?;
    let Asked::Place(key, known, before) = &loaded.asked else {
        return Err(Declined::NoSuchPrize);
    };
    let before = before.as_deref().filter(|before| before.player == player);
    if award.before > 0 && before.is_none() {
        return Err(Declined::NoSuchPrize);
    }
    let prize = match known {
        Some(known) if known.player != player => return Err(Declined::Malformed),
        // What was paid may be taken back once that is approved.
        Some(known) if tournament.pays() && is_refused_again(known, before) => (**known).clone(),
        Some(known) if known.state != PrizeState::AwaitingApproval || !tournament.pays() => {
            return Ok(Step::done());
        }
        Some(known) => (**known).clone(),
        // Every place was told by then: one of which nobody knows any more is not paid again.
        None if tournament.terms().stage == Stage::Paid => return Err(Declined::NoSuchPrize),
        None => Prize {
            player,
            position: award.position,
            score: Score(award.score.parse().map_err(|_| Declined::Malformed)?),
            events: award.events,
            points: points(award)?,
            paid: before.map_or(Points::ZERO, |before| before.paid),
            before: award.before,
            thing: award.thing,
            given: before.map_or(Things::NONE, |before| before.given),
            state: PrizeState::AwaitingApproval,
            at: input.now,
            why: Box::default(),
            who: Box::default(),
        },
    };
    // What a shadow's place would have won stands in its row, and nobody is told of it.
    if tournament.is_shadow() {
        let prize = Prize { state: PrizeState::Nothing, ..prize };
        return Ok(Step::done().and(Change::row(Row::Prize(*key, Held::Row(prize)))));
    }
    if prize.points.max(prize.paid) == Points::ZERO && prize.thing.is_none() {
        let prize = match before.filter(|before| before.is_refused()) {
            Some(refused) => as_before(prize, refused),
            None => Prize { state: PrizeState::Nothing, ..prize },
        };
        return Ok(Step::done().and(Change::row(Row::Prize(*key, Held::Row(prize)))));
    }
    if !tournament.pays() {
        // What a person has said already waits for nobody's approval.
        let prize = match before.filter(|before| before.is_refused()) {
            Some(refused) => as_before(prize, refused),
            None => prize,
        };
        return Ok(moved(tournament, *key, prize, Step::done()));
    }
    let prize = Prize { at: input.now, ..prize };
    let (prize, step) = settle(loaded, input, tournament, prize, before);
    if step.entries.is_empty() && known.as_ref().is_some_and(|it| is_refused_again(it, before)) {
        return Ok(Step::done());
    }
    let is_as_before = before.is_some_and(|before| {
        let of = |prize: &Prize| (prize.state, prize.points, prize.thing);
        known.is_none() && step.entries.is_empty() && of(before) == of(&prize)
    });
    if is_as_before {
        return Ok(step.and(Change::row(Row::Prize(*key, Held::Row(prize)))));
    }
    Ok(moved(tournament, *key, prize, step))
}

/// Gives the player what the prize is more than what was given before, or takes it back.
fn settle<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    tournament: &Tournament,
    prize: Prize,
    before: Option<&Prize>,
) -> (Prize, Step<'a>) {
    // A person has said so, who knows more than a leaderboard.
    if let Some(before) = before.filter(|it| it.is_refused()) {
        let taken = pay(loaded, input, tournament, Points::ZERO, prize.paid);
        let (paid, step) = taken.unwrap_or_else(|_| (prize.paid, Step::done()));
        return (as_before(Prize { paid, ..prize }, before), step);
    }
    let is_same = |it: &&Prize| it.thing.is_some() && it.thing == prize.thing;
    let same = before.filter(is_same).filter(|it| it.state != PrizeState::NotEligible);
    let is_given = prize.thing.is_some_and(|thing| prize.given.has(thing));
    let is_more = prize.points > prize.paid || prize.thing.is_some() && same.is_none() && !is_given;
    if is_more && let Some(why) = not_eligible(loaded) {
        return (Prize { state: PrizeState::NotEligible, why: why.into(), ..prize }, Step::done());
    }
    let Ok((paid, step)) = pay(loaded, input, tournament, prize.points, prize.paid) else {
        let (state, why) = (PrizeState::Failed, OUT_OF_RANGE.into());
        return (Prize { state, why, ..prize }, Step::done());
    };
    let prize = Prize { paid, ..prize };
    if let Some(same) = same {
        return (as_before(prize, same), step);
    }
    let prize = match prize.thing {
        Some(_) if is_given => Prize { state: PrizeState::Paid, why: GIVEN_BEFORE.into(), ..prize },
        Some(thing) => {
            Prize { state: PrizeState::Processing, given: prize.given.with(thing), ..prize }
        }
        None if prize.points == Points::ZERO => Prize { state: PrizeState::Nothing, ..prize },
        None => Prize { state: PrizeState::Paid, ..prize },
    };
    (prize, step)
}

/// Whether the player was refused the prize when the tournament was settled before, and nothing was taken back since.
fn is_refused_again(known: &Prize, before: Option<&Prize>) -> bool {
    let is_same = |before: &Prize| before.is_refused() && before.paid == known.paid;
    known.is_refused() && before.is_some_and(is_same)
}

fn as_before(prize: Prize, before: &Prize) -> Prize {
    let Prize { state, at, why, who, .. } = before.clone();
    Prize { state, at, why, who, ..prize }
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

/// Gives the points that are won and were not paid before, or takes those back that are not won any more, as far as there are
/// any: only voids take a balance below zero. Says what is paid then.
fn pay<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    tournament: &Tournament,
    won: Points,
    paid: Points,
) -> Result<(Points, Step<'a>), Declined> {
    let more = won.minus(paid).ok_or(Declined::OutOfRange)?;
    let takes_back = tournament.terms().again.as_ref().is_some_and(|again| again.takes_back);
    let mut lots = lots::matured(loaded, input);
    let (by, entered) = if more > Points::ZERO {
        (more, adjusting::give(loaded, input, &mut lots, more)?)
    } else {
        let there = lots.balance().min(more.negated());
        if !takes_back || there <= Points::ZERO {
            return Ok((paid, Step::done()));
        }
        let taken = lots.take(None, there, Floor::Balance).ok_or(Declined::OutOfRange)?;
        (there.negated(), Moved::From(Box::new(taken)))
    };
    let (cause, paid) = (tournament.terms().id.clone(), paid.plus(by).ok_or(Declined::OutOfRange)?);
    let (kind, step) = (EntryKind::Prize, Step::done());
    let step = adjusting::enter(loaded, input, kind, by, entered, &lots, cause, step)?;
    Ok((paid, step))
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
    let Asked::Place(key, Some(before), _) = &loaded.asked else {
        return Err(Declined::NoSuchPrize);
    };
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
    // What failed beside a thing that the player has is no reason to hand that out again.
    let is_had = before.thing.is_some_and(|thing| before.given.has(thing));
    let is_twice = state == PrizeState::Retrying && is_had;
    if !before.state.may_become(state) || !is_handed_out || is_twice {
        return Err(Declined::PrizeClosed);
    }
    let given = match (state, before.thing) {
        (PrizeState::Failed, Some(thing)) => before.given.without(thing),
        (PrizeState::Retrying, Some(thing)) => before.given.with(thing),
        _ => before.given,
    };
    let (paid, step) = if state == PrizeState::NotEligible {
        pay(loaded, input, tournament, Points::ZERO, before.paid)?
    } else {
        (before.paid, Step::done())
    };
    let (why, who) = (why.into(), who.into());
    let prize = Prize { paid, given, state, at: input.now, why, who, ..(**before).clone() };
    Ok(moved(tournament, *key, prize, step))
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
