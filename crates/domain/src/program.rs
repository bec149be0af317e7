//! An operator's program: its loyalty rules, one version of them, compiled for evaluation.
//!
//! A program is made from its document by `accolade-wire`, which merges each jurisdiction's
//! overrides and checks the whole, so everything here is complete and consistent.

use std::collections::BTreeMap;

use crate::amount::{Amount, Points, Rate};
use crate::time::{Timestamp, ZoneOffsets};

/// One version of an operator's rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Points are earned on stakes converted to this currency.
    pub currency: Box<str>,
    /// Offsets of the program's time zone, in which days begin.
    pub zone: ZoneOffsets,
    /// Whether anything is computed at all.
    pub mode: Mode,
    /// Whether players are in until they leave, or out until they join.
    pub consent: ConsentDefault,
    /// How far down a void may take a balance.
    pub voids: VoidFloor,
    /// From each other currency to the program's, by code.
    pub rates: BTreeMap<Box<str>, Rate>,
    /// The rules where no jurisdiction overrides them.
    pub rules: Rules,
    /// The merged rules of each jurisdiction that has overrides, by name.
    pub jurisdictions: BTreeMap<Box<str>, Rules>,
}

impl Program {
    /// The rules that hold in `jurisdiction`.
    pub fn rules_for(&self, jurisdiction: &str) -> &Rules {
        self.jurisdictions.get(jurisdiction).unwrap_or(&self.rules)
    }

    /// The rate from `currency` to the program's own.
    pub fn rate_from(&self, currency: &str) -> Option<Rate> {
        if *self.currency == *currency {
            return Some(Rate::ONE);
        }
        self.rates.get(currency).copied()
    }
}

/// Whether a program computes points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is computed.
    Off,
    /// Points are earned.
    Live,
}

/// What holds for a player who has said nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsentDefault {
    /// In until they leave.
    OptOut,
    /// Out until they join.
    OptIn,
}

/// How far down a void may take a balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoidFloor {
    /// As far as it goes, below zero too.
    Unlimited,
    /// To zero.
    Balance,
}

/// What counts and what it earns, in one jurisdiction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Whether there is loyalty at all.
    pub enabled: bool,
    /// Which wagers count.
    pub eligibility: Eligibility,
    /// What they earn.
    pub earning: Earning,
}

/// Which wagers count. Lists are sorted; an empty `allow` or `categories` restricts nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Eligibility {
    /// Categories that count.
    pub categories: Vec<Box<str>>,
    /// The least stake, in the program's currency.
    pub min_wager: Amount,
    /// Segments that take part.
    pub segments_allow: Vec<Box<str>>,
    /// Segments that do not.
    pub segments_deny: Vec<Box<str>>,
    /// Players who do not.
    pub players_deny: Vec<Box<str>>,
}

/// What wagers earn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earning {
    /// Points per unit of stake, by category.
    pub multipliers: BTreeMap<Box<str>, Rate>,
    /// The multiplier of a category that is not listed.
    pub default_multiplier: Rate,
    /// Points per unit of stake, by game; wins over the category's.
    pub games: BTreeMap<Box<str>, Rate>,
    /// How points are rounded to two decimals, once, at the end.
    pub rounding: Rounding,
    /// The most points of one event day.
    pub cap_per_day: Option<Points>,
}

impl Earning {
    /// The multiplier of a game, or else of its category.
    pub fn base(&self, game: &str, category: &str) -> Rate {
        let by_category = || self.multipliers.get(category).copied();
        self.games.get(game).copied().or_else(by_category).unwrap_or(self.default_multiplier)
    }
}

/// How points are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Towards zero.
    Down,
    /// To the nearest, halves up.
    HalfUp,
    /// To the nearest, halves to the even neighbour.
    HalfEven,
}

/// Which version applies when: all versions that were ordered so far.
#[derive(Debug, Clone, Default)]
pub struct Versions<P> {
    entries: Vec<VersionEntry<P>>,
}

/// One version's place in time.
#[derive(Debug, Clone)]
pub struct VersionEntry<P> {
    /// 1, 2, 3, … for each operator.
    pub number: u32,
    /// From which event time on it applies.
    pub effective_from: Timestamp,
    /// Withdrawn before it began.
    pub withdrawn: bool,
    /// The program itself.
    pub program: P,
}

impl<P> Versions<P> {
    /// No version yet.
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Adds the next version and returns its number.
    pub fn publish(&mut self, effective_from: Timestamp, program: P) -> u32 {
        let number = self.latest() + 1;
        self.entries.push(VersionEntry { number, effective_from, withdrawn: false, program });
        number
    }

    /// Withdraws a version that has not begun at `now`; says whether it did.
    pub fn withdraw(&mut self, number: u32, now: Timestamp) -> bool {
        let scheduled = |entry: &&mut VersionEntry<P>| {
            entry.number == number && entry.effective_from > now && !entry.withdrawn
        };
        match self.entries.iter_mut().find(scheduled) {
            Some(entry) => {
                entry.withdrawn = true;
                true
            }
            None => false,
        }
    }

    /// The highest number so far; 0 for none.
    pub fn latest(&self) -> u32 {
        self.entries.last().map_or(0, |entry| entry.number)
    }

    /// All versions, oldest first.
    pub fn all(&self) -> &[VersionEntry<P>] {
        &self.entries
    }

    /// The version that applies to an event at `at`: among those whose `effective_from` is not after
    /// it, the one with the latest `effective_from`; the higher number on a tie.
    pub fn at(&self, at: Timestamp) -> Option<&VersionEntry<P>> {
        self.entries
            .iter()
            .filter(|entry| entry.effective_from <= at && !entry.withdrawn)
            .max_by_key(|entry| (entry.effective_from, entry.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_judged_by_the_version_of_its_own_time() {
        let at = Timestamp::from_micros;
        let mut versions = Versions::new();
        versions.publish(at(100), "first");
        versions.publish(at(300), "scheduled");
        versions.publish(at(200), "published later, begins earlier");
        versions.publish(at(300), "same instant, higher number");
        let number = |time| versions.at(at(time)).map(|entry| entry.number);
        assert_eq!(number(99), None);
        assert_eq!(number(100), Some(1));
        assert_eq!(number(299), Some(3));
        assert_eq!(number(300), Some(4));
    }
}
