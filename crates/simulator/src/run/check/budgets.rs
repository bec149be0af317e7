//! Shares of budgets are what the model says, and together no more is given than there is.

use std::collections::BTreeMap;
use std::ops::Bound;

use accolade_engine::contract::memory::MemoryStore;
use accolade_engine::partition::Partition;

use crate::model::Model;

type Budget = (String, String);

/// What lies in a partition of budgets is the model's, but for who gets which share.
pub(super) fn same(partition: &Partition, model: &Model) {
    let name = |number| operator(partition, number);
    let shares = partition.tables().budget_shares.iter();
    let shares = shares.map(|(key, share)| {
        let counts = (share.rest.hundredths(), share.given.hundredths());
        ((name(key.operator), key.promotion.to_string()), counts)
    });
    let mut shares: BTreeMap<Budget, (i64, i64)> = shares.collect();
    let expected = model.shares().iter();
    let expected = expected.map(|(key, share)| (key.clone(), (share.rest, share.given)));
    let mut expected: BTreeMap<_, _> = expected.collect();
    shares.retain(|_, counts| *counts != (0, 0));
    expected.retain(|_, counts| *counts != (0, 0));
    assert_eq!(shares, expected, "shares of budgets in {}", partition.number());
    let parts = partition.tables().budget_players.excerpt(Bound::Unbounded, usize::MAX);
    let parts = parts.read(partition.number(), &mut MemoryStore::default());
    let parts = parts.expect("nothing is read").rows.into_iter().map(|(key, part)| {
        let part = (part.given.hundredths(), part.changed_at.micros());
        ((key.player, key.promotion.to_string()), part)
    });
    let mut expected = BTreeMap::new();
    for account in model.accounts().values() {
        let given = account.given.iter();
        expected.extend(given.map(|(name, part)| ((account.ordinal, name.clone()), *part)));
    }
    assert_eq!(parts.collect::<BTreeMap<_, _>>(), expected, "what players were given");
}

fn operator(partition: &Partition, number: u32) -> String {
    let operator = partition.rules().operator_numbered(number);
    operator.expect("it has a budget").id.to_string()
}

/// No more of a budget is given, or can be, than it ever had.
pub(crate) fn nothing_is_given_twice<'m>(models: impl Iterator<Item = &'m Model>) {
    let models: Vec<_> = models.collect();
    for (budget, held) in held_of(&models) {
        let most = models.iter().map(|model| model.most_of_budget(&budget.0, &budget.1)).max();
        assert!(Some(held) <= most, "{held} of {budget:?} are held or given, which has {most:?}");
    }
}

/// Once nothing is on its way, what was granted of each budget is in shares, or was given.
pub(crate) fn nothing_is_lost<'p>(all: impl Iterator<Item = (&'p Partition, &'p Model)>) {
    let (partitions, models): (Vec<_>, Vec<_>) = all.unzip();
    let mut granted = BTreeMap::new();
    for partition in partitions {
        for (key, home) in partition.tables().budget_homes.iter() {
            let budget = (operator(partition, key.operator), key.promotion.to_string());
            *granted.entry(budget).or_default() += home.granted.hundredths();
        }
    }
    let mut held = held_of(&models);
    granted.retain(|_, points| *points != 0);
    held.retain(|_, points| *points != 0);
    assert_eq!(granted, held, "what was granted of budgets, and what is held or given");
}

fn held_of(models: &[&Model]) -> BTreeMap<Budget, i64> {
    let mut held = BTreeMap::new();
    for (budget, share) in models.iter().flat_map(|model| model.shares()) {
        *held.entry(budget.clone()).or_default() += share.rest + share.given_of_all;
    }
    held
}
