//! Rewards: redemptions whose price the catalogue says, and the stocks that they are taken from.
//!
//! A stock lies in one partition, and a redemption in that of its player. So the redemption asks, with its points set
//! aside already, and waits for the answer; whichever of the two ends first, one of a stock is a redemption's once and
//! given back once.

use accolade_domain::outcome::Declined;
use accolade_domain::reward::{Limit, Wanting};
use accolade_domain::time::Timestamp;
use accolade_wire::control::{Command, Request};
use accolade_wire::identity::partition_of;
use accolade_wire::record::Record;

use super::spending::{self, Aside};
use super::{Asked, Input, Loaded};
use crate::rules::{Rules, Version};
use crate::settle::today;
use crate::step::{Change, Step};
use crate::tables::redeemed::RedeemedKey;
use crate::tables::redemptions::OUT_OF_STOCK;
use crate::tables::requests::RequestKey;
use crate::tables::reservations::{InStock, Reservation, Wanted};
use crate::tables::restocks::{Restock, RestockKey};
use crate::tables::stocks::RewardKey;
use crate::tables::{Held, Row};

/// What somebody wants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'w> {
    pub(super) reward: &'w str,
    pub(super) segment: Option<&'w str>,
    pub(super) jurisdiction: Option<&'w str>,
}

/// Sets the points of a reward aside, and asks for one where it has a stock.
pub(super) fn redeem<'a>(
    rules: &Rules,
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    wish: Wish<'_>,
    who: &str,
) -> Result<Step<'a>, Declined> {
    let (player, version) = spending::admitted(loaded)?;
    let operator = loaded.operator.ok_or(Declined::OperatorUnknown)?;
    let found = operator.rewards.get(wish.reward).ok_or(Declined::NoSuchReward)?;
    let reward = found.rules();
    let Wish { segment, jurisdiction, .. } = wish;
    let tier = tier_of(loaded, version);
    reward.check(&Wanting { at: input.now, tier, segment, jurisdiction })?;
    let Asked::Wanted(open, redeemed) = &loaded.asked else {
        unreachable!("what is reserved is loaded")
    };
    let key = RewardKey { operator: operator.number, reward: found.number };
    let day = today(version, input.now);
    if let Some(Limit { count, per }) = reward.limit {
        let from = per.first_day(day);
        let counts = |wanted: &Wanted| wanted.key == key && wanted.day >= from;
        let wanted = open.iter().filter_map(|(_, reservation)| reservation.reward.as_ref());
        let open = wanted.filter(|wanted| counts(wanted)).count();
        if open + *redeemed as usize >= count as usize {
            return Err(Declined::RewardLimit);
        }
    }
    let id: Box<str> = wish.reward.into();
    let home = partition_of(&id, rules.settings.partitions);
    let stock = reward.is_stocked.then_some(InStock::Asked);
    let wanted = Wanted { key, id, day, home, stock };
    let item = &*found.terms().name;
    let aside = Aside { points: reward.points, item, who, reward: Some(wanted) };
    let step = spending::set_aside(loaded, input, version, open.len(), aside)?;
    if stock.is_none() {
        return Ok(step);
    }
    let redemption = Request { player, batch: input.place.batch, slot: input.place.slot };
    let ask = Command::TakeStock { reward: key.reward, redemption };
    Ok(step.and(Change::command(home, &operator.id, &ask, input.now)))
}

/// The name of the player's tier, by the program in force.
fn tier_of<'l>(loaded: &Loaded<'_>, version: &'l Version) -> Option<&'l str> {
    let timed = loaded.account?.timed;
    let tiers = version.program.program.tiers.as_ref()?;
    // Of an account that time could not be brought to, the tier is another version's.
    let state = timed.tier.filter(|_| timed.settled_by == version.number)?;
    Some(&tiers.levels.get(state.level()).name)
}

/// Counts a redemption that was confirmed.
pub(super) fn count<'a>(loaded: &Loaded<'_>, key: RequestKey, wanted: &Wanted) -> Change<'a> {
    let row = RedeemedKey { player: key.player, reward: wanted.key.reward, day: wanted.day };
    Change::row(Row::Redeemed(row, Held::Row(loaded.redeemed.saturating_add(1))))
}

/// Puts something into a stock, or takes it out.
pub(super) fn restock<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    by: i64,
    why: &str,
    who: &str,
) -> Result<Step<'a>, Declined> {
    loaded.operator.ok_or(Declined::OperatorUnknown)?;
    let (reward, stock) = loaded.stock.ok_or(Declined::NoSuchReward)?;
    let stock = stock.restocked(by).ok_or(Declined::OutOfStock)?;
    let (left, at, who, why) = (stock.left(), input.now, who.into(), why.into());
    let restock = Restock { by, left, at, who, why };
    let place = input.place;
    Ok(Step::done()
        .and(Change::row(Row::Stock(reward, Some(stock))))
        .and(Change::row(Row::Restock(RestockKey { reward, place }, Held::Row(restock)))))
}

/// Takes one of a stock for a redemption of the partition that asks, if there is one, and answers.
pub(super) fn take<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    record: &Record<'_>,
    reward: u32,
    redemption: Request,
) -> Result<Step<'a>, Declined> {
    let taken = loaded.stock.and_then(|(key, stock)| Some((key, stock.with_one_taken()?)));
    let says = Command::StockTaken { reward, redemption, granted: taken.is_some() };
    answer(input, record, &says, taken.map(|(key, stock)| Row::Stock(key, Some(stock))))
}

/// Answers a partition that has asked for one of something, with what is left of that then.
pub(super) fn answer<'a>(
    input: &Input<'_>,
    record: &Record<'_>,
    says: &Command,
    left: Option<Row>,
) -> Result<Step<'a>, Declined> {
    let asking = record.origin.ok_or(Declined::Malformed)?.place.partition;
    let mut step = Step::done().and(Change::command(asking, record.operator, says, input.now));
    step.changes.extend(left.map(Change::row));
    Ok(step)
}

/// Takes one back that a redemption has no more.
pub(super) fn take_back<'a>(
    loaded: &Loaded<'_>,
    record: &Record<'_>,
) -> Result<Step<'a>, Declined> {
    record.origin.ok_or(Declined::Malformed)?;
    let (key, stock) = loaded.stock.ok_or(Declined::NoSuchReward)?;
    Ok(Step::done().and(Change::row(Row::Stock(key, Some(stock.with_one_returned())))))
}

/// What a stock has answered: the redemption is reserved, or its points are given back. An answer that comes too late
/// is given back itself.
pub(super) fn answered<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    record: &Record<'_>,
    reward: u32,
    granted: bool,
) -> Result<Step<'a>, Declined> {
    let home = record.origin.ok_or(Declined::Malformed)?.place.partition;
    let mut step = Step::done();
    let open = if let Asked::Open(key, it) = &loaded.asked { Some((*key, *it)) } else { None };
    let waits = open.filter(|(_, reservation)| reservation.is_requested());
    match waits {
        Some((key, reservation)) if granted => {
            spending::grant(key, reservation, input.now, &mut step);
        }
        Some(open) => {
            spending::give_back(loaded, input, &[open], OUT_OF_STOCK, "", &mut step);
        }
        None if granted => {
            let back = Command::ReturnStock { reward };
            step = step.and(Change::command(home, record.operator, &back, input.now));
        }
        None => {}
    }
    Ok(step)
}

/// Gives back what a redemption that is given up has of a stock. Where it has only asked, its answer will be.
pub(super) fn give_back(
    loaded: &Loaded<'_>,
    reservation: &Reservation,
    now: Timestamp,
    step: &mut Step<'_>,
) {
    let Some(Wanted { key, home, stock: Some(InStock::Taken), .. }) = reservation.reward else {
        return;
    };
    let operator = loaded.operator.expect("a player has an operator");
    let back = Command::ReturnStock { reward: key.reward };
    step.changes.push(Change::command(home, &operator.id, &back, now));
}
