//! What operators say of their rewards, and what players want of them: the last one at the same time, too.

use accolade_wire::identity::partition_of;

use super::clerk::{About, Asked, Clerk, Sent};
use crate::input::{ModelAsked, ModelPeriod, ModelReward};
use crate::model::Model;
use crate::random::Random;
use crate::workload::OPERATORS;

const REWARDS: [&str; 4] = ["mug", "ten-spins", "h\u{e9}at", "free bet"];
const DAY: i64 = 86_400_000_000;

impl Clerk {
    /// An operator says something of a reward, or puts some into its stock, or all players want one at once.
    pub(super) fn tend(&mut self, models: &[&Model], now: i64, random: &mut Random) -> Asked {
        let operator = if random.percent(90) { OPERATORS[0] } else { *random.pick(&OPERATORS) };
        let known = ids(models[0], operator);
        let id = &an_id(&known, random);
        let set_aside = self.fulfil(models, now, random);
        if !set_aside.is_empty() && random.percent(40) {
            return Asked { requests: set_aside, ..Asked::default() };
        }
        match random.below(10) {
            _ if known.is_empty() || random.percent(20) => {
                let id = *random.pick(&REWARDS);
                let reward = a_reward(models[0], operator, id, now, random);
                Asked { said: vec![(operator.to_owned(), reward)], ..Asked::default() }
            }
            0..=3 => {
                let by = *random.pick(&[1, 1, 2, 3, 64, 64, -1, 0]);
                let count = u16::try_from(models.len()).expect("few");
                let home = partition_of(id, count);
                let key = (operator.to_owned(), String::new());
                let about = About {
                    partition: home,
                    key,
                    account: None,
                    terms: None,
                    now,
                    rewards: Vec::new(),
                };
                let what = ModelAsked::Restock { reward: id.clone(), by };
                Asked { requests: vec![self.sent(&about, what, random)], ..Asked::default() }
            }
            4 | 5 => {
                let requests = self.fulfil(models, now, random);
                Asked { requests, ..Asked::default() }
            }
            _ => {
                let mut requests = Vec::new();
                for (partition, model) in (0..).zip(models) {
                    for key in model.accounts().keys().filter(|(of, _)| of == operator) {
                        let key = key.clone();
                        let about = About {
                            partition,
                            key,
                            account: None,
                            terms: None,
                            now,
                            rewards: Vec::new(),
                        };
                        let (player_id, points) = (about.key.1.clone(), 500);
                        if random.percent(50) {
                            let what = ModelAsked::Adjust { player_id, points };
                            requests.push(self.sent(&about, what, random));
                        }
                        for _ in 0..=random.below(4) {
                            let what = redemption(&about.key.1, id, random);
                            requests.push(self.sent(&about, what, random));
                        }
                    }
                }
                // Whoever is given something may come too late with it.
                let from = requests.len() / 2;
                random.shuffle(&mut requests[from..]);
                Asked { requests, ..Asked::default() }
            }
        }
    }
}

impl Clerk {
    /// What was set aside for rewards is handed out, or it is not.
    fn fulfil(&mut self, models: &[&Model], now: i64, random: &mut Random) -> Vec<Sent> {
        let mut requests = Vec::new();
        for (partition, model) in (0..).zip(models) {
            for (key, account) in model.accounts() {
                let open = account.open().filter(|redemption| redemption.wanted.is_some());
                for (batch, slot) in open.map(|redemption| redemption.place) {
                    let (key, redemption) = (key.clone(), (account.ordinal, batch, slot));
                    let rewards = Vec::new();
                    let about = About { partition, key, account: None, terms: None, now, rewards };
                    let confirms = random.percent(70);
                    let what = if confirms {
                        ModelAsked::Confirm(redemption)
                    } else {
                        ModelAsked::Cancel(redemption)
                    };
                    requests.push(self.sent(&about, what, random));
                }
            }
        }
        requests
    }
}

/// A player wants a reward; now and then one that there is not.
pub(super) fn redemption(player: &str, id: &str, random: &mut Random) -> ModelAsked {
    let reward = if random.percent(3) { "nothing" } else { id }.to_owned();
    let said = |of: &[&str], random: &mut Random| {
        random.percent(60).then(|| (*random.pick(of)).to_owned())
    };
    let segment = said(&["VIP", "regular"], random);
    let jurisdiction = said(&["Malta", "Ontario"], random);
    ModelAsked::Redeem { player_id: player.to_owned(), reward, segment, jurisdiction }
}

/// The rewards of an operator, those that were withdrawn too.
pub(super) fn ids(model: &Model, operator: &str) -> Vec<String> {
    let rewards = model.rewards(operator).into_iter();
    rewards.map(|(reward, _)| reward.id.clone()).collect()
}

/// One of the rewards that are known, most often.
pub(super) fn an_id(known: &[String], random: &mut Random) -> String {
    if known.is_empty() || random.percent(20) {
        return (*random.pick(&REWARDS)).to_owned();
    }
    random.pick(known).clone()
}

/// A reward that is new or other than before, most often open to all.
fn a_reward(model: &Model, operator: &str, id: &str, now: i64, random: &mut Random) -> ModelReward {
    let known = model.rewards(operator).into_iter().find(|(reward, _)| reward.id == id);
    let times = known.map_or(0, |(_, times)| u32::try_from(times).expect("few"));
    let is_stale = random.percent(5);
    let list = |of: &[&str], random: &mut Random| -> Vec<String> {
        let is_for_some = random.percent(8);
        let names = of.iter().filter(|_| is_for_some && random.percent(60));
        names.map(|name| (*name).to_owned()).collect()
    };
    let period = [
        ModelPeriod::Day,
        ModelPeriod::Week,
        ModelPeriod::Month,
        ModelPeriod::Year,
        ModelPeriod::Ever,
    ];
    let points = *random.pick(&[1, 1, 10, 100, 250, 1_000, 0]);
    ModelReward {
        id: id.to_owned(),
        edited_from: times + u32::from(is_stale),
        name: format!("a {id}"),
        points: if points == 0 && random.percent(80) { 5 } else { points },
        from: random.percent(8).then(|| now + random.between(-DAY, DAY)),
        until: random.percent(10).then(|| now + random.between(-DAY / 4, 9 * DAY)),
        tiers: list(&["bronze", "silver", "gold"], random),
        segments: list(&["VIP", "regular"], random),
        jurisdictions: list(&["Malta", "Ontario"], random),
        limit: random
            .percent(70)
            .then(|| (1 + u32::from(random.percent(30)), *random.pick(&period))),
        is_stocked: random.percent(75),
        is_withdrawn: random.percent(10),
    }
}
