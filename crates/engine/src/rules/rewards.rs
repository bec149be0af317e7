//! Rewards of an operator: what its players' points are redeemed for.
//!
//! None is ever taken away: each change says all of a reward again, with the control record by which it came.

use std::sync::Arc;

use accolade_domain::outcome::Declined;
use accolade_domain::reward;
use accolade_wire::reward::{RewardTerms, RewardValue};
use rpds::RedBlackTreeMapSync;

use super::{Said, Since};

/// The behaviour from which on there are any.
pub const FROM_BEHAVIOUR: u16 = 2;
/// Most rewards of an operator that are not withdrawn.
pub const LIVE_MAX: usize = 1_000;
/// Most rewards that an operator may ever have had.
pub const EVER_MAX: usize = 20_000;
/// How often a reward may be changed; it can always be withdrawn.
pub const SAID_MAX: usize = 500;
/// Most tiers, segments or jurisdictions that a reward names.
pub const NAMES_MAX: usize = 100;
/// Greatest length of an id in bytes.
pub const ID_BYTES_MAX: usize = 64;
/// Greatest length of a name, a kind, and of each name on a list.
pub const TEXT_BYTES_MAX: usize = 128;
/// Greatest length of a description, and of the address of a picture.
pub const LONG_BYTES_MAX: usize = 2_048;
/// How often a player may redeem a reward in a period, where that is limited.
pub const LIMIT_MAX: u32 = 10_000;

/// All rewards of an operator, withdrawn ones too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rewards {
    all: RedBlackTreeMapSync<u32, Arc<Reward>>,
    numbers: RedBlackTreeMapSync<Box<str>, u32>,
}

/// One reward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reward {
    /// 1, 2, 3, … for each operator.
    pub number: u32,
    /// What was said of it, oldest first; at least once.
    said: Vec<Said<RewardTerms>>,
}

impl Rewards {
    /// All rewards, oldest first.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Reward>> {
        self.all.values()
    }

    /// The rewards from `number` on.
    pub fn from(&self, number: u32) -> impl Iterator<Item = &Arc<Reward>> {
        self.all.range(number..).map(|(_, reward)| reward)
    }

    /// The reward of an id.
    pub fn get(&self, id: &str) -> Option<&Arc<Reward>> {
        self.all.get(self.numbers.get(id)?)
    }

    /// The reward with a number.
    pub fn numbered(&self, number: u32) -> Option<&Arc<Reward>> {
        self.all.get(&number)
    }

    /// Adds a reward that was read, which has the next number, or changes one that is there.
    pub(super) fn put(&mut self, reward: Reward) -> bool {
        let id = &*reward.terms().id;
        let is_next = match self.numbers.get(id) {
            Some(number) => *number == reward.number,
            None => reward.number as usize == self.all.size() + 1,
        };
        self.numbers.insert_mut(id.into(), reward.number);
        self.all.insert_mut(reward.number, Arc::new(reward));
        is_next
    }

    /// Makes a reward or changes one, and returns its number.
    pub(super) fn say(&mut self, terms: RewardTerms, since: Since) -> Result<u32, Declined> {
        if !is_well_formed(&terms) {
            return Err(Declined::Malformed);
        }
        let mut reward = match self.get(&terms.id) {
            Some(reward) => (**reward).clone(),
            None => self.next()?,
        };
        let is_over = reward.said.last().is_some_and(|said| said.terms.withdrawn);
        if is_over || reward.said.len() != terms.edited_from as usize {
            return Err(Declined::Stale);
        }
        if reward.said.len() >= SAID_MAX && !terms.withdrawn {
            return Err(Declined::TooManyRewards);
        }
        reward.said.push(Said { terms: Arc::new(terms), since });
        let number = reward.number;
        self.put(reward);
        Ok(number)
    }

    /// A reward of which nothing was said yet.
    fn next(&self) -> Result<Reward, Declined> {
        let live = self.all().filter(|reward| !reward.terms().withdrawn);
        if self.all.size() >= EVER_MAX || live.take(LIVE_MAX).count() >= LIVE_MAX {
            return Err(Declined::TooManyRewards);
        }
        let number = u32::try_from(self.all.size() + 1).expect("there are fewer than 2^32");
        Ok(Reward { number, said: Vec::new() })
    }
}

impl Reward {
    /// One of which this was said; nothing where nothing was, or where that is no reward.
    pub(super) fn of(number: u32, said: Vec<Said<RewardTerms>>) -> Option<Self> {
        let is_one = !said.is_empty() && said.iter().all(|said| said.terms.reward().is_some());
        is_one.then_some(Self { number, said })
    }

    /// What was said of it, oldest first.
    pub fn said(&self) -> &[Said<RewardTerms>] {
        &self.said
    }

    fn last(&self) -> &Said<RewardTerms> {
        self.said.last().expect("something was said of every reward")
    }

    /// What it is.
    pub fn terms(&self) -> &Arc<RewardTerms> {
        &self.last().terms
    }

    /// What decides about it.
    pub fn rules(&self) -> reward::Reward {
        self.terms().reward().expect("what is no reward was never ordered")
    }

    /// How it became what it is.
    pub fn changed(&self) -> Since {
        self.last().since
    }

    /// How it came.
    pub fn since(&self) -> Since {
        self.said.first().expect("something was said of every reward").since
    }

    /// What names the next change.
    pub fn edited_from(&self) -> u32 {
        u32::try_from(self.said.len()).expect("nothing is said so often")
    }

    /// As it was after the first `number` control records.
    pub(super) fn as_of(&self, number: u64) -> Option<Self> {
        let said = self.said.iter().take_while(|said| said.since.control <= number);
        Self::of(self.number, said.cloned().collect())
    }
}

fn is_well_formed(terms: &RewardTerms) -> bool {
    let RewardTerms { id, name, description, picture, kind, value, limit, who, .. } = terms;
    let lists = [&terms.tiers, &terms.segments, &terms.jurisdictions];
    let is_text = |text: &String| (1..=TEXT_BYTES_MAX).contains(&text.len());
    terms.reward().is_some()
        && (1..=ID_BYTES_MAX).contains(&id.len())
        && [name, kind].into_iter().all(is_text)
        && (1..=LONG_BYTES_MAX).contains(&who.len())
        && [description, picture].into_iter().all(|text| text.len() <= LONG_BYTES_MAX)
        && lists.iter().all(|list| list.len() <= NAMES_MAX && list.iter().all(is_text))
        && value.as_ref().is_none_or(RewardValue::is_well_formed)
        && limit.is_none_or(|limit| limit.count <= LIMIT_MAX)
}
