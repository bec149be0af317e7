//! Budgets by the newest terms: those of the last version, not withdrawn, in which a promotion of the name has one.

use std::collections::BTreeMap;

use accolade_domain::amount::Points;
use accolade_domain::budget::Budget;
use accolade_wire::identity::partition_of;

use super::{Operator, Rules, Settings};

impl Settings {
    /// The partition in which the budget of an operator's promotion is at home.
    pub fn home_of_budget(&self, operator: &str, promotion: &str) -> u16 {
        partition_of(&format!("{operator}/{promotion}"), self.partitions)
    }
}

impl Rules {
    /// The operator of which the last control record has changed anything.
    pub(crate) fn just_changed(&self) -> Option<&Operator> {
        let mut operators = self.operators();
        operators.find(|operator| operator.changed == self.applied).map(AsRef::as_ref)
    }
}

impl Operator {
    /// What is said last of a promotion's budget: `of` picks it.
    fn newest<T>(&self, promotion: &str, of: impl Fn(Budget) -> Option<T>) -> Option<T> {
        let versions = self.versions.all().rev().filter(|version| !version.withdrawn);
        let mut budgets = versions.filter_map(|version| {
            let mut promotions = version.program.program.promotions.iter();
            promotions.find(|other| *other.name == *promotion)?.budget
        });
        budgets.find_map(of)
    }

    /// How much a promotion gives to all players together at most; nothing where no version says so.
    pub fn budget_points(&self, promotion: &str) -> Option<Points> {
        self.newest(promotion, |budget| budget.points)
    }

    /// How much it gives to each player at most.
    pub fn budget_per_player(&self, promotion: &str) -> Option<Points> {
        self.newest(promotion, |budget| budget.per_player)
    }

    /// All budgets that there are or were, by the names of their promotions and the newest terms.
    pub fn budgets(&self) -> BTreeMap<&str, Budget> {
        let versions = self.versions.all().filter(|version| !version.withdrawn);
        let promotions = versions.flat_map(|version| version.program.program.promotions.iter());
        let mut budgets = BTreeMap::<&str, Budget>::new();
        for promotion in promotions {
            let Some(Budget { points, per_player }) = promotion.budget else { continue };
            let budget = budgets.entry(&promotion.name).or_default();
            budget.points = points.or(budget.points);
            budget.per_player = per_player.or(budget.per_player);
        }
        budgets
    }
}
