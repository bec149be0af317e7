//! Rewards as the rule book says them: a catalogue, limits of players, and stocks that answer by message.

use std::collections::BTreeMap;

use super::messages::{ModelMessage, ModelSent, ModelTo};
use super::requests::{ModelRedemptionMove, RedemptionState, RequestInput};
use super::{Expected, Model, ModelAccount, ModelOutcome, expected, refused};
use crate::calendar::{date, days_since_1970, weekday};
use crate::input::{ModelPeriod, ModelReward, ModelSaid};

/// Why a redemption is cancelled of which there is none in stock.
const SOLD_OUT: &str = "out of stock";

/// The reward that a redemption is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelWanted {
    /// Its number among those of its operator, from 1.
    pub reward: u32,
    /// Its id.
    pub id: String,
    /// The day by which a player's redemptions are counted.
    pub day: i64,
    /// Where there are only so many, whether one of them is the redemption's.
    pub has_one: Option<bool>,
}

/// How many of a reward there are, in the partition that has its stock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ModelStock {
    /// How many were put in, less those that were taken out again.
    pub put: i64,
    /// How many of them redemptions have.
    pub taken: i64,
}

/// Something was put into a stock, or taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ModelRestock {
    pub operator: String,
    pub reward: u32,
    pub place: (u64, u32),
    pub by: i64,
    pub left: i64,
    pub at: i64,
    pub who: String,
    pub why: String,
}

/// Something that another partition says, at its place in the log.
#[derive(Debug, Clone, Copy)]
pub struct SaidInput<'a> {
    /// The partition that hears it.
    pub partition: u16,
    /// Batch and slot within the partition.
    pub place: (u64, u32),
    /// The operator that it is about.
    pub operator: &'a str,
    /// What is said.
    pub said: ModelSaid,
    /// Which message of which partition it is.
    pub message: (u16, u64),
}

/// Rewards and stocks of all operators.
#[derive(Debug, Clone, Default)]
pub(super) struct Catalogue {
    /// What was said of each reward of an operator, in the order in which they came.
    rewards: BTreeMap<String, Vec<Vec<ModelReward>>>,
    stocks: BTreeMap<(String, u32), ModelStock>,
    restocks: Vec<ModelRestock>,
}

impl ModelPeriod {
    fn first_day(self, day: i64) -> i64 {
        let (year, month, _) = date(day);
        match self {
            Self::Day => day,
            Self::Week => day - weekday(day),
            Self::Month => days_since_1970(year, month, 1),
            Self::Year => days_since_1970(year, 1, 1),
            Self::Ever => i64::MIN,
        }
    }
}

impl ModelReward {
    fn is_one(&self) -> bool {
        let begins = self.from.zip(self.until).is_none_or(|(from, until)| from < until);
        self.points > 0 && begins && self.limit.is_none_or(|(count, _)| count > 0)
    }

    /// Whether a player may have it, or the first reason why not.
    pub(super) fn may_have(
        &self,
        now: i64,
        tier: Option<&str>,
        segment: Option<&str>,
        jurisdiction: Option<&str>,
    ) -> Result<(), &'static str> {
        let is_for = |list: &[String], own: Option<&str>| {
            list.is_empty() || own.is_some_and(|own| list.iter().any(|name| name == own))
        };
        if self.is_withdrawn {
            return Err("reward_withdrawn");
        }
        if self.from.is_some_and(|from| now < from) || self.until.is_some_and(|end| now >= end) {
            return Err("reward_not_valid");
        }
        if !is_for(&self.tiers, tier) {
            return Err("tier_not_entitled");
        }
        if !is_for(&self.segments, segment) {
            return Err("segment_not_entitled");
        }
        if !is_for(&self.jurisdictions, jurisdiction) {
            return Err("jurisdiction_not_entitled");
        }
        Ok(())
    }
}

impl Catalogue {
    /// The reward of an id, as it was said last, with its number.
    pub(super) fn reward(&self, operator: &str, id: &str) -> Option<(u32, &ModelReward)> {
        let rewards = (1..).zip(self.rewards.get(operator).into_iter().flatten());
        let mut rewards = rewards.filter_map(|(number, said)| Some((number, said.last()?)));
        rewards.find(|(_, reward)| reward.id == id)
    }
}

impl Model {
    /// An operator says what a reward is from here on: its number, or nothing where that is declined.
    pub fn reward_said(&mut self, operator: &str, reward: &ModelReward) -> Option<u64> {
        if !self.operators.contains_key(operator) || !reward.is_one() {
            return None;
        }
        let known = self.catalogue.reward(operator, &reward.id).map(|(number, _)| number);
        let rewards = self.catalogue.rewards.entry(operator.to_owned()).or_default();
        let number = known.unwrap_or(u32::try_from(rewards.len()).expect("few") + 1);
        let is_over = |said: &Vec<ModelReward>| said.last().is_some_and(|last| last.is_withdrawn);
        let said = rewards.get(number as usize - 1);
        let times = said.map_or(0, Vec::len);
        if said.is_some_and(is_over) || times != reward.edited_from as usize {
            return None;
        }
        if known.is_none() {
            rewards.push(Vec::new());
        }
        rewards[number as usize - 1].push(reward.clone());
        Some(number.into())
    }

    /// All rewards of an operator as they were said last, and how often; numbers go from 1 on.
    pub fn rewards(&self, operator: &str) -> Vec<(&ModelReward, usize)> {
        let rewards = self.catalogue.rewards.get(operator).into_iter().flatten();
        rewards.filter_map(|said| Some((said.last()?, said.len()))).collect()
    }

    /// The stocks that lie here, by operator and reward.
    pub fn stocks(&self) -> &BTreeMap<(String, u32), ModelStock> {
        &self.catalogue.stocks
    }

    /// What was put into them and taken out.
    pub fn restocks(&self) -> &[ModelRestock] {
        &self.catalogue.restocks
    }

    /// How many of each reward redemptions of this partition have, or have had for good.
    pub fn holders(&self) -> BTreeMap<(String, u32), i64> {
        let mut holders = BTreeMap::new();
        for (key, account) in &self.accounts {
            for redemption in account.redemptions.values() {
                let keeps = redemption.is_open() || redemption.state == RedemptionState::Confirmed;
                let wanted = redemption.wanted.as_ref().filter(|it| it.has_one == Some(true));
                if let Some(wanted) = wanted.filter(|_| keeps) {
                    *holders.entry((key.0.clone(), wanted.reward)).or_default() += 1;
                }
            }
        }
        holders
    }

    pub(super) fn restock(
        &mut self,
        input: &RequestInput<'_>,
        id: &str,
        by: i64,
        now: i64,
    ) -> Result<Expected, &'static str> {
        if !self.operators.contains_key(input.operator) {
            return Err("operator_unknown");
        }
        let (reward, _) = self.catalogue.reward(input.operator, id).ok_or("no_such_reward")?;
        let operator = input.operator.to_owned();
        let stock = self.catalogue.stocks.get(&(operator.clone(), reward)).copied();
        let ModelStock { put, taken } = stock.unwrap_or_default();
        if put + by < taken {
            return Err("out_of_stock");
        }
        let stock = ModelStock { put: put + by, taken };
        self.catalogue.stocks.insert((operator.clone(), reward), stock);
        self.catalogue.restocks.push(ModelRestock {
            operator,
            reward,
            place: input.place,
            by,
            left: stock.put - stock.taken,
            at: now,
            who: input.request.who.clone(),
            why: input.request.words.clone(),
        });
        Ok(expected(ModelOutcome::Counted, None))
    }

    /// Hears what another partition says about a stock, once.
    pub fn said(&mut self, input: &SaidInput<'_>) -> Expected {
        let SaidInput { partition, operator, said, message: (from, number), .. } = *input;
        let owner = match said {
            ModelSaid::StockTaken { redemption, .. } => {
                self.numbered(operator, partition, redemption.0)
            }
            ModelSaid::TakeStock { .. } | ModelSaid::ReturnStock { .. } => None,
        };
        let now = self.batch_times[&partition];
        if let Some(key) = &owner {
            self.ask_account(key, now);
        }
        if !self.received.insert((partition, from, number)) {
            return refused("received_before", None, None);
        }
        match said {
            ModelSaid::TakeStock { reward, redemption } => {
                let stock = self.catalogue.stocks.entry((operator.to_owned(), reward)).or_default();
                let granted = stock.taken < stock.put;
                stock.taken += i64::from(granted);
                let said = ModelSaid::StockTaken { reward, redemption, granted };
                self.send(input, said, ModelTo::Partition(from));
            }
            ModelSaid::StockTaken { reward, redemption, granted } => {
                let place = (redemption.1, redemption.2);
                let account = owner.and_then(|key| self.accounts.get_mut(&key));
                let is_late = account.is_none_or(|it| !it.hear_of_stock(place, granted, now));
                if is_late && granted {
                    let rewards = &self.catalogue.rewards[operator];
                    let id = rewards[reward as usize - 1][0].id.clone();
                    self.send(input, ModelSaid::ReturnStock { reward }, ModelTo::Home(id));
                }
            }
            ModelSaid::ReturnStock { reward } => {
                let stock = self.catalogue.stocks.get_mut(&(operator.to_owned(), reward));
                stock.expect("one was taken").taken -= 1;
            }
        }
        expected(ModelOutcome::Counted, None)
    }

    fn send(&mut self, input: &SaidInput<'_>, said: ModelSaid, to: ModelTo) {
        let at = (input.partition, input.place.0, input.place.1);
        let operator = input.operator.to_owned();
        let message = ModelMessage { operator, sent: ModelSent::Said(said, to) };
        self.messages.entry(at).or_default().push(message);
    }
}

impl ModelAccount {
    /// Whether a player may redeem a reward once more in its period.
    pub(super) fn may_redeem_again(
        &self,
        number: u32,
        reward: &ModelReward,
        day: i64,
    ) -> Result<(), &'static str> {
        let Some((count, period)) = reward.limit else { return Ok(()) };
        let first = period.first_day(day);
        let counts = self.redemptions.values().filter(|redemption| {
            let keeps = redemption.is_open() || redemption.state == RedemptionState::Confirmed;
            let wanted = redemption.wanted.as_ref();
            keeps && wanted.is_some_and(|wanted| wanted.reward == number && wanted.day >= first)
        });
        if counts.count() >= count as usize { Err("reward_limit") } else { Ok(()) }
    }

    /// A stock has answered; `false` where nobody waits for that any more.
    fn hear_of_stock(&mut self, place: (u64, u32), granted: bool, now: i64) -> bool {
        let waits = |state| state == RedemptionState::Requested;
        let waiting = self.redemptions.get_mut(&place).filter(|it| waits(it.state));
        let Some(redemption) = waiting else { return false };
        if granted {
            let state = RedemptionState::Reserved;
            redemption.state = state;
            redemption.wanted.as_mut().expect("it is of a reward").has_one = Some(true);
            self.redemption_moves.push(ModelRedemptionMove { place, state, at: now });
        } else {
            self.give_back(place, RedemptionState::Cancelled, now, "", SOLD_OUT);
        }
        true
    }
}
