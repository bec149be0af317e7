//! Budgets of promotions: what wagers take out of a partition's share, what voids give back, and what partitions say
//! to each other so that shares are where they are needed.

use accolade_domain::amount::Points;
use accolade_domain::budget::{Given, Rest};
use accolade_domain::outcome::Declined;
use accolade_domain::time::Timestamp;
use accolade_wire::budget::Says;
use accolade_wire::control::Command;
use accolade_wire::record::Record;

use super::{Input, Loaded};
use crate::budgets::{HomeOf, ShareOf};
use crate::rules::{Operator, Rules};
use crate::step::{Change, Step};
use crate::tables::Row;
use crate::tables::budgets::{Home, PlayerShare, RECALLS_MAX, Share};

/// After so long a share that got nothing is asked for again: twice as long each time.
const ASK_AGAIN_MICROS: i64 = 10_000_000;
/// So often that doubles.
const ASKED_MAX: u8 = 6;
/// Shares are recalled once in so long at most: twice as long each time that nobody had anything.
const RECALL_MICROS: i64 = 10_000_000;
/// The least that can be asked for.
const LEAST: i64 = 1;

/// What budgets have left for a wager.
pub(super) fn rests(shares: &[ShareOf<'_>]) -> Vec<Rest> {
    shares.iter().map(ShareOf::rest).collect()
}

/// Takes out of shares what they gave to a wager, and asks for more where they run short.
pub(super) fn charge(loaded: &Loaded<'_>, input: &Input<'_>, given: &[Given], step: &mut Step<'_>) {
    for part in given {
        let of = share_of(loaded, part);
        let mut share = of.share.cloned().unwrap_or_default();
        share.given = share.given.plus(part.points).unwrap_or(Points::MAX);
        give_to_player(of, part.points, input.now, step);
        if of.is_limited {
            share.rest = share.rest.minus(part.points).expect("no share gives more than it has");
            let lacked = part.cut > Points::ZERO && of.rest_here() < of.rest_of_player();
            if (lacked || share.is_low()) && share.asks_again <= input.now {
                let whole = part.points.plus(part.cut).unwrap_or(Points::MAX);
                ask(loaded.operator, of, &mut share, whole, input.now, step);
            }
        }
        keep(of, share, step);
    }
}

/// Gives back what a wager of `whole` points took, of which a void has taken back some: what a player keeps, budgets
/// have given first of all, so that none gives more than it has.
pub(super) fn give_back(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    whole: Points,
    taken: Points,
    step: &mut Step<'_>,
) {
    let mut kept = less(whole, taken);
    for part in loaded.given.iter().filter(|part| part.points != Points::ZERO) {
        let points = less(part.points, kept);
        kept = less(kept, part.points);
        let part = &Given { points, ..*part };
        let of = share_of(loaded, part);
        let mut share = of.share.cloned().unwrap_or_default();
        share.given = less(share.given, part.points);
        if of.is_limited {
            share.rest = share.rest.plus(part.points).unwrap_or(Points::MAX);
        }
        give_to_player(of, part.points.negated(), input.now, step);
        keep(of, share, step);
    }
}

fn share_of<'l, 's>(loaded: &'l Loaded<'s>, part: &Given) -> &'l ShareOf<'s> {
    let mut shares = loaded.budgets.iter();
    shares
        .find(|share| share.number == part.promotion)
        .expect("the budget of a promotion is loaded")
}

fn less(points: Points, taken: Points) -> Points {
    points.minus(taken).unwrap_or(Points::ZERO).max(Points::ZERO)
}

fn give_to_player(of: &ShareOf<'_>, points: Points, now: Timestamp, step: &mut Step<'_>) {
    let Some(player) = of.player.filter(|_| points != Points::ZERO) else { return };
    let given = less(player.given, points.negated());
    let share = PlayerShare { given, changed_at: now };
    step.changes.push(Change::PlayerShare(Box::new((of.key.promotion.clone(), share))));
}

fn keep(of: &ShareOf<'_>, share: Share, step: &mut Step<'_>) {
    if of.share != Some(&share) {
        step.changes.push(Change::row(Row::BudgetShare(of.key.clone(), Some(share))));
    }
}

impl Share {
    /// Whether it is time to ask for more: more than half of what came last is used.
    fn is_low(&self) -> bool {
        self.rest.hundredths() * 2 < self.granted_last.hundredths()
    }
}

/// Asks a budget's home for a share.
fn ask(
    operator: Option<&Operator>,
    of: &ShareOf<'_>,
    share: &mut Share,
    whole: Points,
    now: Timestamp,
    step: &mut Step<'_>,
) {
    let operator = operator.expect("a budget is an operator's");
    share.asks_again = now.plus_micros(ASK_AGAIN_MICROS << share.asked);
    share.asked = (share.asked + 1).min(ASKED_MAX);
    let says = Says::Asks { points: whole.hundredths().max(LEAST) };
    send(operator, &of.key.promotion, of.home, says, now, step);
}

fn send(
    operator: &Operator,
    promotion: &str,
    to: u16,
    says: Says,
    now: Timestamp,
    step: &mut Step<'_>,
) {
    let command = Command::Budget { promotion: promotion.into(), says };
    step.changes.push(Change::command(to, &operator.id, &command, now));
}

/// What a control record changes: shares are asked for ahead of their wagers, and homes go by the newest terms.
pub(super) fn control(rules: &Rules, loaded: &Loaded<'_>, input: &Input<'_>, step: &mut Step<'_>) {
    let Some(operator) = rules.just_changed() else { return };
    for of in &loaded.budgets {
        let mut share = of.share.cloned().unwrap_or_default();
        ask(Some(operator), of, &mut share, Points::ZERO, input.now, step);
        keep(of, share, step);
    }
    for of in &loaded.budget_homes {
        let mut home = of.home.cloned().unwrap_or_default();
        // What other terms have left over is wanted at once.
        (home.recalls, home.recalled_at) = (0, Timestamp::default());
        serve(rules, operator, of, home, (None, input.now), step);
    }
}

/// Hears what another partition says, or this one itself.
pub(super) fn hear<'a>(
    rules: &Rules,
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    record: &Record<'_>,
    says: Says,
) -> Result<Step<'a>, Declined> {
    let operator = loaded.operator.ok_or(Declined::OperatorUnknown)?;
    let ([share_of], [home_of]) = (&loaded.budgets[..], &loaded.budget_homes[..]) else {
        return Err(Declined::Malformed);
    };
    let from = record.origin.ok_or(Declined::Malformed)?.place.partition;
    let home_is = match says {
        Says::Asks { .. } | Says::Returns { .. } => input.place.partition,
        Says::Grants { .. } | Says::Recalls => from,
    };
    if home_is != share_of.home {
        return Err(Declined::Malformed);
    }
    let mut step = Step::done();
    let mut home = home_of.home.cloned().unwrap_or_default();
    let mut share = share_of.share.cloned().unwrap_or_default();
    match says {
        Says::Asks { points } => {
            home.waiting.retain(|(partition, _)| *partition != from);
            home.waiting.push((from, positive(points)?));
            serve(rules, operator, home_of, home, (Some(from), input.now), &mut step);
        }
        Says::Returns { points } => {
            // Whoever had something was not in need of it; it asks again when it is.
            home.waiting.retain(|(partition, _)| *partition != from);
            home.granted = home.granted.minus(positive(points)?).ok_or(Declined::OutOfRange)?;
            home.recalls = 0;
            serve(rules, operator, home_of, home, (None, input.now), &mut step);
        }
        Says::Grants { points } => {
            share.granted_last = positive(points)?;
            share.rest = share.rest.plus(share.granted_last).ok_or(Declined::OutOfRange)?;
            (share.asked, share.asks_again) = (0, Timestamp::default());
            keep(share_of, share, &mut step);
        }
        Says::Recalls if share.rest > Points::ZERO => {
            let says = Says::Returns { points: share.rest.hundredths() };
            send(operator, &share_of.key.promotion, from, says, input.now, &mut step);
            share = Share { given: share.given, ..Share::default() };
            keep(share_of, share, &mut step);
        }
        Says::Recalls => {}
    }
    Ok(step)
}

fn positive(hundredths: i64) -> Result<Points, Declined> {
    let points = Points::from_hundredths(hundredths).filter(|points| *points > Points::ZERO);
    points.ok_or(Declined::Malformed)
}

/// Grants what there is to those who wait, in order. Where that is nothing, or where more is granted than the newest
/// terms have, recalls all shares but that of whoever asks.
fn serve(
    rules: &Rules,
    operator: &Operator,
    of: &HomeOf<'_>,
    mut home: Home,
    (asks, now): (Option<u16>, Timestamp),
    step: &mut Step<'_>,
) {
    let partitions = rules.settings.partitions;
    let mut tell = |to, says| send(operator, &of.key.promotion, to, says, now, step);
    while let Some((to, asked)) = home.waiting.first().copied()
        && let Some(granted) = portion(less(of.points, home.granted), asked, partitions)
    {
        home.waiting.remove(0);
        home.granted = home.granted.plus(granted).expect("no more is granted than there is");
        tell(to, Says::Grants { points: granted.hundredths() });
    }
    let is_short = home.granted > of.points || !home.waiting.is_empty();
    let again = home.recalled_at.plus_micros(RECALL_MICROS << home.recalls);
    if is_short && home.granted > Points::ZERO && again <= now {
        (home.recalled_at, home.recalls) = (now, (home.recalls + 1).min(RECALLS_MAX));
        let others = (0..partitions).filter(|it| asks != Some(*it));
        others.for_each(|it| tell(it, Says::Recalls));
    }
    if of.home != Some(&home) {
        step.changes.push(Change::row(Row::BudgetHome(of.key.clone(), Some(home))));
    }
}

/// How much is granted of what there is: less and less, so that nobody sits on much while others wait, and at least
/// what was asked for. Nothing where there is nothing.
fn portion(room: Points, asked: Points, partitions: u16) -> Option<Points> {
    let fair = room.hundredths().div_euclid(2 * i64::from(partitions));
    let portion = fair.max(asked.hundredths()).min(room.hundredths());
    Points::from_hundredths(portion).filter(|portion| *portion > Points::ZERO)
}
