//! What is said of a tournament's prizes.

use accolade_domain::amount::{Amount, Points};
use accolade_domain::tournament::prizes::{
    Places, Prize, Prizes, PrizesProblem, Win, Worth, Wrong,
};
use serde::{Deserialize, Serialize};

use crate::reward::RewardValue;

/// What some places win. Of several that are for a place it is the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PrizeTerms {
    /// Which places.
    pub places: PlacesTerms,
    /// What.
    pub win: WinTerms,
}

/// Some places of a leaderboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PlacesTerms {
    /// From one to another, both included, counted from 1.
    Range {
        /// The first.
        from: u32,
        /// The last.
        to: u32,
    },
    /// So many hundredths of a percent of the players who have a position.
    Top(u16),
}

/// What is won.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WinTerms {
    /// So many hundredths of points, each of the places.
    Points(i64),
    /// So many hundredths of points, all of the places together.
    Pool(i64),
    /// A thing that is no points, each of the places.
    Thing(ThingTerms),
}

/// A thing that is won.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThingTerms {
    /// What kind of thing it is, in the operator's words.
    pub kind: String,
    /// What players call it.
    pub name: String,
    /// What it is worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<RewardValue>,
}

/// What decides about prizes, or which of them is none.
pub fn prizes(terms: &[PrizeTerms]) -> Result<Prizes, PrizesProblem> {
    let all = terms
        .iter()
        .enumerate()
        .map(|(index, terms)| terms.prize().map_err(|why| PrizesProblem { index, why }));
    Prizes::new(all.collect::<Result<_, _>>()?)
}

/// Longest kind of a thing in bytes.
pub const KIND_BYTES_MAX: usize = 64;
/// Longest name of a thing.
pub const THING_BYTES_MAX: usize = 256;

impl PrizeTerms {
    /// Whether what it says in words is no longer than it may be.
    pub fn is_within_bounds(&self) -> bool {
        match &self.win {
            WinTerms::Thing(ThingTerms { kind, name, .. }) => {
                (1..=KIND_BYTES_MAX).contains(&kind.len())
                    && (1..=THING_BYTES_MAX).contains(&name.len())
            }
            WinTerms::Points(_) | WinTerms::Pool(_) => true,
        }
    }

    fn prize(&self) -> Result<Prize, Wrong> {
        let places = match self.places {
            PlacesTerms::Range { from, to } => Places::Range { from, to },
            PlacesTerms::Top(share) => Places::Top(share),
        };
        let points = |hundredths| Points::from_hundredths(hundredths).ok_or(Wrong::TooMuch);
        let win = match &self.win {
            WinTerms::Points(each) => Win::Points(points(*each)?),
            WinTerms::Pool(pool) => Win::Pool(points(*pool)?),
            WinTerms::Thing(ThingTerms { value: None, .. }) => Win::Thing(None),
            WinTerms::Thing(ThingTerms { value: Some(value), .. }) => {
                Win::Thing(Some(worth(value)?))
            }
        };
        Ok(Prize { places, win })
    }
}

fn worth(value: &RewardValue) -> Result<Worth, Wrong> {
    let amount = Amount::parse(&value.amount).ok().filter(|_| value.is_well_formed());
    let amount = amount.ok_or(Wrong::Worthless)?;
    Ok(Worth { amount, currency: value.currency.as_str().into() })
}
