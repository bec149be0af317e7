//! Rewards: what points are redeemed for, by whom, when and how often.

use crate::amount::Points;
use crate::civil;
use crate::outcome::Declined;
use crate::time::{Day, Timestamp};

/// What decides about a reward of an operator's catalogue. How it is described decides nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reward {
    /// Its price; more than 0.
    pub points: Points,
    /// From when on it can be redeemed.
    pub from: Option<Timestamp>,
    /// From when on it cannot any more.
    pub until: Option<Timestamp>,
    /// The names of the tiers that it is for; all where there are none, as of what follows.
    pub tiers: Vec<Box<str>>,
    /// The segments that it is for.
    pub segments: Vec<Box<str>>,
    /// The jurisdictions that it is for.
    pub jurisdictions: Vec<Box<str>>,
    /// How often a player may redeem it.
    pub limit: Option<Limit>,
    /// There are only so many of it.
    pub is_stocked: bool,
    /// Nobody redeems it any more.
    pub is_withdrawn: bool,
}

/// How often a player may redeem a reward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// So often; at least once.
    pub count: u32,
    /// In each of these.
    pub per: Period,
}

/// A period in which a player's redemptions of a reward are counted, by days of the program's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// A day.
    Day,
    /// A week, from Monday on.
    Week,
    /// A calendar month.
    Month,
    /// A calendar year.
    Year,
    /// All time.
    Ever,
}

impl Period {
    /// The first day of the period that has a day.
    pub fn first_day(self, day: Day) -> Day {
        match self {
            Self::Day => day,
            // 1970-01-01 was a Thursday.
            Self::Week => Day(day.0.saturating_sub(day.0.saturating_add(3).rem_euclid(7))),
            Self::Month => civil::Period::Month.first_day(day),
            Self::Year => civil::Period::Year.first_day(day),
            Self::Ever => Day(i32::MIN),
        }
    }
}

/// Who wants a reward, and when.
#[derive(Debug, Clone, Copy)]
pub struct Wanting<'a> {
    /// The moment.
    pub at: Timestamp,
    /// The name of the player's tier, where the program has tiers.
    pub tier: Option<&'a str>,
    /// The player's segment, as far as whoever asks has said it.
    pub segment: Option<&'a str>,
    /// The player's jurisdiction, likewise.
    pub jurisdiction: Option<&'a str>,
}

impl Reward {
    /// Decides whether somebody may have it, and if not, the first reason why.
    pub fn check(&self, wanting: &Wanting<'_>) -> Result<(), Declined> {
        if self.is_withdrawn {
            return Err(Declined::RewardWithdrawn);
        }
        if self.from.is_some_and(|from| wanting.at < from)
            || self.until.is_some_and(|until| wanting.at >= until)
        {
            return Err(Declined::RewardNotValid);
        }
        if !is_for(&self.tiers, wanting.tier) {
            return Err(Declined::TierNotEntitled);
        }
        if !is_for(&self.segments, wanting.segment) {
            return Err(Declined::SegmentNotEntitled);
        }
        if !is_for(&self.jurisdictions, wanting.jurisdiction) {
            return Err(Declined::JurisdictionNotEntitled);
        }
        Ok(())
    }
}

/// Whether a list has somebody's own, or excludes nobody.
fn is_for(list: &[Box<str>], own: Option<&str>) -> bool {
    list.is_empty() || own.is_some_and(|own| list.iter().any(|other| **other == *own))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reward() -> Reward {
        Reward {
            points: Points::from_hundredths(100).expect("a point is points"),
            from: Some(Timestamp::from_micros(10)),
            until: Some(Timestamp::from_micros(20)),
            tiers: vec!["gold".into()],
            segments: vec!["vip".into(), "new".into()],
            jurisdictions: vec!["Malta".into()],
            limit: None,
            is_stocked: false,
            is_withdrawn: false,
        }
    }

    fn wanting(at: i64) -> Wanting<'static> {
        let at = Timestamp::from_micros(at);
        Wanting { at, tier: Some("gold"), segment: Some("new"), jurisdiction: Some("Malta") }
    }

    #[test]
    fn a_reward_is_valid_from_its_first_moment_up_to_its_last() {
        let check = |at| reward().check(&wanting(at));
        assert_eq!([check(9), check(20)], [Err(Declined::RewardNotValid); 2]);
        assert_eq!([check(10), check(19)], [Ok(()); 2]);
    }

    #[test]
    fn whoever_is_not_on_a_list_or_says_nothing_is_not_entitled() {
        let of = |change: fn(&mut Wanting<'static>)| {
            let mut wanting = wanting(10);
            change(&mut wanting);
            reward().check(&wanting)
        };
        assert_eq!(of(|it| it.tier = None), Err(Declined::TierNotEntitled));
        assert_eq!(of(|it| it.tier = Some("silver")), Err(Declined::TierNotEntitled));
        assert_eq!(of(|it| it.segment = None), Err(Declined::SegmentNotEntitled));
        assert_eq!(
            of(|it| it.jurisdiction = Some("malta")),
            Err(Declined::JurisdictionNotEntitled)
        );
    }

    #[test]
    fn what_is_withdrawn_is_so_whoever_asks() {
        let withdrawn = Reward { is_withdrawn: true, ..reward() };
        assert_eq!(withdrawn.check(&wanting(9)), Err(Declined::RewardWithdrawn));
    }

    #[test]
    fn a_period_begins_with_its_first_day() {
        // Wednesday, 2026-02-18.
        let day = Day(20_502);
        let first = |period: Period| day.0 - period.first_day(day).0;
        let all = [Period::Day, Period::Week, Period::Month, Period::Year].map(first);
        assert_eq!(all, [0, 2, 17, 48]);
        assert_eq!(Period::Week.first_day(Day(4)), Day(4), "1970-01-05 was a Monday");
        assert_eq!(Period::Week.first_day(Day(-1)), Day(-3));
    }
}
