//! Budgets of promotions as the decision record says them: each partition gives what its share has. Who gets which share is
//! decided by messages, which are records; what becomes of a share between them follows from the log alone.

use std::collections::BTreeMap;

use super::messages::{ModelMessage, ModelSent, ModelTo};
use super::{DAY, Expected, Model, ModelAccount, ModelOutcome, Version, expected, refused};
use crate::input::{ModelBudget, ModelProgram, ModelPromotion, ModelSays};

/// What a player was given counts for ten years after it has last changed.
const COUNTS: i64 = 3_660 * DAY;

/// What a wager got of a promotion that has a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelGiven {
    /// The promotion's number in the program that judged, from 0.
    pub promotion: usize,
    /// What came out of the budget.
    pub points: i64,
    /// What the budget lacked.
    pub cut: i64,
}

/// What a wager got of all promotions that have a budget: as many as a program of a world has.
pub type ModelGifts = [Option<ModelGiven>; 4];

/// A partition's share of a budget.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ModelShare {
    /// What can be given still.
    pub rest: i64,
    /// What was given here, less what voids gave back.
    pub given: i64,
    /// The same, where the version that judged said how much there is for all together.
    pub given_of_all: i64,
}

/// What a player was given of a budget, and when that last changed.
pub type ModelPart = (i64, i64);

/// Something that another partition says of a budget, at its place in the log.
#[derive(Debug, Clone, Copy)]
pub struct SaysInput<'a> {
    /// The partition that hears it.
    pub partition: u16,
    /// Batch and slot within the partition.
    pub place: (u64, u32),
    /// The operator that it is about.
    pub operator: &'a str,
    /// The promotion.
    pub promotion: &'a str,
    /// What is said.
    pub says: ModelSays,
    /// Which message of which partition it is.
    pub message: (u16, u64),
}

/// What there is of budgets for a wager, by the numbers of promotions; nothing of those that have none.
pub(super) type Rests = BTreeMap<usize, i64>;

impl Model {
    /// The shares of budgets here, by operator and promotion.
    pub fn shares(&self) -> &BTreeMap<(String, String), ModelShare> {
        &self.shares
    }

    /// The most that a budget has ever had to give to all together.
    pub fn most_of_budget(&self, operator: &str, promotion: &str) -> i64 {
        let versions = self.operators.get(operator).into_iter().flatten();
        let promotions = versions.flat_map(|version| &version.program.promotions);
        let budgets = promotions.filter(|it| it.name == promotion).filter_map(|it| it.budget);
        budgets.filter_map(|budget| budget.points).max().unwrap_or(0)
    }

    /// What there is of each budget of a program for a player.
    pub(super) fn rests(
        &self,
        operator: &str,
        program: &ModelProgram,
        account: Option<&ModelAccount>,
        now: i64,
    ) -> Rests {
        let promotions = (0..).zip(&program.promotions);
        let rest = |(number, promotion): (usize, &ModelPromotion)| {
            let budget = promotion.budget?;
            let key = (operator.to_owned(), promotion.name.clone());
            let share = self.shares.get(&key).map_or(0, |share| share.rest);
            let here = budget.points.map_or(i64::MAX, |_| share);
            let limit = budget.per_player.map(|own| {
                // The newest terms, of versions that were not withdrawn.
                let newest = self.newest(operator, &promotion.name, |budget| budget.per_player);
                let part = account.and_then(|account| account.given.get(&promotion.name));
                let counts = part.filter(|(_, changed_at)| now < changed_at + COUNTS);
                (newest.unwrap_or(own) - counts.map_or(0, |(given, _)| *given)).max(0)
            });
            Some((number, here.min(limit.unwrap_or(i64::MAX))))
        };
        promotions.filter_map(rest).collect()
    }

    fn newest(
        &self,
        operator: &str,
        promotion: &str,
        term: impl Fn(ModelBudget) -> Option<i64>,
    ) -> Option<i64> {
        let versions = self.operators.get(operator).into_iter().flatten().rev();
        let versions = versions.filter(|version| !version.withdrawn);
        let mut terms = versions.filter_map(|version| {
            let mut promotions = version.program.promotions.iter();
            let of_name = promotions.find(|it| it.name == promotion)?;
            term(of_name.budget?)
        });
        terms.next()
    }

    /// Shares and the player's parts have given this to a wager that a version judged.
    pub(super) fn charge(
        &mut self,
        key: &(String, String),
        version: u32,
        gifts: &ModelGifts,
        now: i64,
    ) {
        let given = gifts.iter().flatten().map(|gift| (gift.promotion, gift.points));
        self.change_shares(key, version, given.collect(), now);
    }

    /// A void has taken back some of a wager's points: what the player keeps, budgets have given first of all.
    pub(super) fn give_back_to_budgets(
        &mut self,
        key: &(String, String),
        version: u32,
        gifts: &ModelGifts,
        mut kept: i64,
        now: i64,
    ) {
        let mut back = Vec::new();
        for gift in gifts.iter().flatten() {
            let stays = kept.min(gift.points);
            kept -= stays;
            back.push((gift.promotion, stays - gift.points));
        }
        self.change_shares(key, version, back, now);
    }

    fn change_shares(
        &mut self,
        key: &(String, String),
        version: u32,
        given: Vec<(usize, i64)>,
        now: i64,
    ) {
        for (number, points) in given {
            let mut versions = self.operators[&key.0].iter();
            let judged = versions.find(|judged: &&Version| judged.number == version);
            let promotion = &judged.expect("it has judged").program.promotions[number];
            let budget = promotion.budget.expect("it has given");
            let name = promotion.name.clone();
            let share = self.shares.entry((key.0.clone(), name.clone())).or_default();
            share.given = (share.given + points).max(0);
            if budget.points.is_some() {
                share.rest -= points;
                share.given_of_all += points;
                assert!(share.rest >= 0, "no share gives more than it has: {share:?}");
            }
            let account = self.accounts.get_mut(key).expect("who wagers has one");
            if budget.per_player.is_some() && points != 0 {
                let part = account.given.get(&name).copied();
                let counts = part.filter(|(_, changed_at)| now < changed_at + COUNTS);
                let given = (counts.map_or(0, |(given, _)| given) + points).max(0);
                account.given.insert(name, (given, now));
            }
        }
    }

    /// Hears what another partition says of a budget, once.
    pub fn says(&mut self, input: &SaysInput<'_>) -> Expected {
        let SaysInput { partition, place, operator, promotion, says, message } = *input;
        let (from, number) = message;
        if !self.received.insert((partition, from, number)) {
            return refused("received_before", None, None);
        }
        let key = (operator.to_owned(), promotion.to_owned());
        match says {
            ModelSays::Grants(points) => self.shares.entry(key).or_default().rest += points,
            ModelSays::Recalls => {
                let share = self.shares.entry(key).or_default();
                let rest = std::mem::take(&mut share.rest);
                if rest > 0 {
                    let promotion = promotion.to_owned();
                    let to = ModelTo::Partition(from);
                    let sent = ModelSent::Says(promotion, ModelSays::Returns(rest), to);
                    let message = ModelMessage { operator: operator.to_owned(), sent };
                    self.messages.insert((partition, place.0, place.1), vec![message]);
                }
            }
            // What a budget's home makes of it is who gets which share.
            ModelSays::Asks(_) | ModelSays::Returns(_) => {}
        }
        expected(ModelOutcome::Counted, None)
    }
}
