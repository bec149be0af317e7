//! Stocks of rewards, and how often players have redeemed them, are what the model says; no more is redeemed than there is.

use std::collections::BTreeMap;
use std::ops::Bound;

use accolade_domain::ledger::Place;
use accolade_domain::time::{Day, Timestamp};
use accolade_engine::contract::memory::MemoryStore;
use accolade_engine::partition::Partition;
use accolade_engine::tables::redeemed::RedeemedKey;
use accolade_engine::tables::restocks::{Restock, RestockKey};
use accolade_engine::tables::stocks::RewardKey;

use crate::model::Model;
use crate::model::requests::RedemptionState;
use crate::model::rewards::ModelRestock;

/// What lies in a partition of rewards is the model's.
pub(crate) fn same(partition: &Partition, model: &Model) {
    let numbers: BTreeMap<&str, u32> =
        partition.rules().operators().map(|operator| (&*operator.id, operator.number)).collect();
    for operator in partition.rules().operators() {
        let rewards = operator.rewards.all();
        let rewards = rewards.map(|it| (it.terms().id.clone(), it.said().len()));
        let expected = model.rewards(&operator.id);
        let expected = expected.into_iter().map(|(reward, times)| (reward.id.clone(), times));
        assert!(rewards.eq(expected), "rewards of `{}`", operator.id);
    }
    let key = |operator: &str, reward| RewardKey { operator: numbers[operator], reward };
    let stocks = partition.tables().stocks.iter();
    let stocks = stocks.map(|(key, stock)| (*key, (stock.put, stock.taken)));
    let expected = model.stocks().iter().map(|((operator, reward), stock)| {
        let count = |count: i64| u64::try_from(count).expect("no stock is below zero");
        (key(operator, *reward), (count(stock.put), count(stock.taken)))
    });
    // One of which nothing was ever put in or taken has no row.
    let expected = expected
        .filter(|(key, counts)| *counts != (0, 0) || partition.tables().stocks.get(key).is_some());
    let (stocks, expected): (BTreeMap<_, _>, BTreeMap<_, _>) =
        (stocks.collect(), expected.collect());
    assert_eq!(stocks, expected, "stocks in {}", partition.number());
    let restocks = partition.tables().restocks.excerpt(Bound::Unbounded, usize::MAX);
    let restocks = restocks.read(partition.number(), &mut MemoryStore::default());
    let restocks: BTreeMap<_, _> = restocks.expect("nothing is read").rows.into_iter().collect();
    let expected = model.restocks().iter().map(|it| {
        let (batch, slot) = it.place;
        let place = Place { partition: partition.number(), batch, slot, number: 0 };
        (RestockKey { reward: key(&it.operator, it.reward), place }, restock(it))
    });
    assert_eq!(restocks, expected.collect(), "what was put into stocks in {}", partition.number());
    redeemed(partition, model);
}

fn restock(expected: &ModelRestock) -> Restock {
    Restock {
        by: expected.by,
        left: u64::try_from(expected.left).expect("no stock is below zero"),
        at: Timestamp::from_micros(expected.at),
        who: expected.who.as_str().into(),
        why: expected.why.as_str().into(),
    }
}

/// How often each player has redeemed what, by the day.
fn redeemed(partition: &Partition, model: &Model) {
    let redeemed = partition.tables().redeemed.excerpt(Bound::Unbounded, usize::MAX);
    let redeemed = redeemed.read(partition.number(), &mut MemoryStore::default());
    let redeemed: BTreeMap<_, _> = redeemed.expect("nothing is read").rows.into_iter().collect();
    let mut expected: BTreeMap<RedeemedKey, u32> = BTreeMap::new();
    for account in model.accounts().values() {
        let confirmed = account.redemptions.values();
        let confirmed = confirmed.filter(|it| it.state == RedemptionState::Confirmed);
        for wanted in confirmed.filter_map(|it| it.wanted.as_ref()) {
            let day = Day(i32::try_from(wanted.day).expect("a day of this age"));
            let key = RedeemedKey { player: account.ordinal, reward: wanted.reward, day };
            *expected.entry(key).or_default() += 1;
        }
    }
    assert_eq!(redeemed, expected, "what was redeemed in {}", partition.number());
}

/// No more of a reward is redeemed, or set aside, than was taken from its stock; and once nothing is on its way, no less.
pub(crate) fn nothing_is_oversold<'m>(models: impl Iterator<Item = &'m Model>, is_at_rest: bool) {
    let models: Vec<_> = models.collect();
    if models.iter().all(|model| model.stocks().is_empty()) {
        return;
    }
    let (mut holders, mut stocks) = (BTreeMap::<_, i64>::new(), BTreeMap::<_, i64>::new());
    for model in models {
        for (reward, stock) in model.stocks() {
            assert!((0..=stock.put).contains(&stock.taken), "{stock:?} of {reward:?}");
            *stocks.entry(reward.clone()).or_default() += stock.taken;
        }
        for (reward, count) in model.holders() {
            *holders.entry(reward).or_default() += count;
        }
    }
    for (reward, count) in &holders {
        let taken = stocks.get(reward).copied().unwrap_or(0);
        assert!(*count <= taken, "{count} of {reward:?} are redeemed, and {taken} were taken");
    }
    if is_at_rest {
        stocks.retain(|_, taken| *taken > 0);
        assert_eq!(stocks, holders, "what was taken from stocks, and what is redeemed");
    }
}
