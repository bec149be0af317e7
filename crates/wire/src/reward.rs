//! What is said of a reward in a control record.

use accolade_domain::amount::{Amount, Points};
use accolade_domain::reward::{Limit, Period, Reward};
use accolade_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A reward: what points are redeemed for. Whoever changes anything of it says all of it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RewardTerms {
    /// The operator.
    pub operator: String,
    /// Its id, the operator's own or made at the edge.
    pub id: String,
    /// How often it was said before; 0 for a new one.
    pub edited_from: u32,
    /// What players call it.
    pub name: String,
    /// What there is to say about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Where there is a picture of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub picture: String,
    /// Its price, in hundredths of points.
    pub points: i64,
    /// What kind of thing it is, in the operator's words.
    pub kind: String,
    /// What it is worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<RewardValue>,
    /// From when on it can be redeemed, in microseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<i64>,
    /// From when on it cannot any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// The tiers that it is for; all without.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<String>,
    /// The segments that it is for; all without.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<String>,
    /// The jurisdictions that it is for; all without.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jurisdictions: Vec<String>,
    /// How often a player may redeem it; as often as they like without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<RewardLimit>,
    /// There are only so many of it as were put into its stock.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stocked: bool,
    /// Nobody redeems it any more, and it is never changed again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
    /// Who said so.
    pub who: String,
}

/// What a reward is worth: exactly, in a currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RewardValue {
    /// How much, as a decimal with at most 18 decimals.
    pub amount: String,
    /// Of what.
    pub currency: String,
}

/// How often a player may redeem a reward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RewardLimit {
    /// So often.
    pub count: u32,
    /// In each of these.
    pub per: RewardPeriod,
}

/// The period in which a player's redemptions of a reward are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RewardPeriod {
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
    /// All time.
    Ever,
}

impl RewardPeriod {
    /// The names of all.
    pub const NAMES: [&str; 5] = ["day", "week", "month", "year", "ever"];

    /// The one of a name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Day, Self::Week, Self::Month, Self::Year, Self::Ever];
        let at = Self::NAMES.iter().position(|other| *other == name)?;
        all.get(at).copied()
    }

    const fn period(self) -> Period {
        match self {
            Self::Day => Period::Day,
            Self::Week => Period::Week,
            Self::Month => Period::Month,
            Self::Year => Period::Year,
            Self::Ever => Period::Ever,
        }
    }
}

impl RewardValue {
    /// Whether it is an amount of anything.
    pub fn is_well_formed(&self) -> bool {
        let is_some = Amount::parse(&self.amount).is_ok_and(|amount| amount > Amount::ZERO);
        let is_code = |code: &str| code.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_some && (1..=16).contains(&self.currency.len()) && is_code(&self.currency)
    }
}

impl RewardTerms {
    /// What decides about it; nothing where that is no reward.
    pub fn reward(&self) -> Option<Reward> {
        let names = |list: &[String]| list.iter().map(|name| name.as_str().into()).collect();
        let points = Points::from_hundredths(self.points).filter(|points| *points > Points::ZERO);
        let [from, until] = [self.from, self.until].map(|at| at.map(Timestamp::from_micros));
        let limit = self.limit.map(|RewardLimit { count, per }| Limit { count, per: per.period() });
        if from.zip(until).is_some_and(|(from, until)| from >= until)
            || limit.is_some_and(|limit| limit.count == 0)
        {
            return None;
        }
        Some(Reward {
            points: points?,
            from,
            until,
            tiers: names(&self.tiers),
            segments: names(&self.segments),
            jurisdictions: names(&self.jurisdictions),
            limit,
            is_stocked: self.stocked,
            is_withdrawn: self.withdrawn,
        })
    }
}
