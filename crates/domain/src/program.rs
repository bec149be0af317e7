//! An operator's program: its loyalty rules, one version of them, compiled for evaluation.
//!
//! A program is made from its document by `accolade-wire`, which merges each jurisdiction's
//! overrides and checks the whole, so everything here is complete and consistent.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

use crate::amount::{Amount, Points, Rate};
use crate::games::Measure;
use crate::lots::{Expiry, Floor, PendingFor};
use crate::promotion::{Combine, Promotion};
use crate::query::expression::Expression;
use crate::redemption::Terms;
use crate::signal::Signal;
use crate::tier::Tiers;
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
    pub voids: Floor,
    /// How long points cannot be spent after they were earned.
    pub pending: PendingFor,
    /// When points expire, if ever.
    pub expiry: Expiry,
    /// How points are spent.
    pub redemption: Terms,
    /// What a person changes a balance by beyond this, a second one must approve; nothing without.
    pub approval_above: Option<Points>,
    /// What of a player's wagers looks like abuse; names are unique.
    pub signals: Arc<[Signal]>,
    /// What leaderboards of games make of scores, by game, where that is not their sum.
    pub game_measures: BTreeMap<Box<str>, Measure>,
    /// From each other currency to the program's, by code.
    pub rates: BTreeMap<Box<str>, Rate>,
    /// The rules where no jurisdiction overrides them.
    pub rules: Rules,
    /// What players rise to, if anything.
    pub tiers: Option<Tiers>,
    /// What changes for a while; of as many, all or the first that holds count.
    pub promotions: Arc<[Promotion]>,
    /// Which of the promotions that hold count.
    pub promotions_combine: Combine,
    /// The merged rules of each jurisdiction that has overrides, by name; they share what is not overridden.
    pub jurisdictions: BTreeMap<Box<str>, Rules>,
}

impl Program {
    /// A program in which every wager counts and none earns anything.
    pub fn new(currency: &str) -> Self {
        Self {
            currency: currency.into(),
            zone: ZoneOffsets::default(),
            mode: Mode::Live,
            consent: ConsentDefault::OptOut,
            voids: Floor::Unlimited,
            pending: PendingFor::default(),
            expiry: Expiry::default(),
            redemption: Terms::default(),
            approval_above: None,
            signals: Arc::default(),
            game_measures: BTreeMap::new(),
            rates: BTreeMap::new(),
            rules: Rules {
                enabled: true,
                eligibility: Eligibility::default(),
                earning: Earning::default(),
            },
            tiers: None,
            promotions: Arc::default(),
            promotions_combine: Combine::default(),
            jurisdictions: BTreeMap::new(),
        }
    }

    /// The rules that hold in `jurisdiction`.
    pub fn rules_for(&self, jurisdiction: &str) -> &Rules {
        self.jurisdictions.get(jurisdiction).unwrap_or(&self.rules)
    }

    /// What the leaderboards of `game` make of scores.
    pub fn measure_of(&self, game: &str) -> Measure {
        self.game_measures.get(game).copied().unwrap_or_default()
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

impl Rules {
    /// The same rules: what they have in common with `base` is in memory once.
    #[must_use]
    pub fn sharing(self, base: &Self) -> Self {
        let Self { enabled, eligibility, earning } = self;
        let (of, from) = (eligibility, &base.eligibility);
        let eligibility = Eligibility {
            categories: shared(of.categories, &from.categories),
            min_wager: of.min_wager,
            segments_allow: shared(of.segments_allow, &from.segments_allow),
            segments_deny: shared(of.segments_deny, &from.segments_deny),
            players_deny: shared(of.players_deny, &from.players_deny),
            condition: shared(of.condition, &from.condition),
        };
        let earning = Earning {
            multipliers: earning.multipliers.over(&base.earning.multipliers),
            games: earning.games.over(&base.earning.games),
            ..earning
        };
        Self { enabled, eligibility, earning }
    }
}

/// Names, sorted.
pub type Names = Arc<[Box<str>]>;

fn shared<T: Clone + PartialEq>(own: T, base: &T) -> T {
    if own == *base { base.clone() } else { own }
}

/// Multipliers by name; those of a jurisdiction are what it changes in those that it shares with others.
#[derive(Clone, Default)]
pub struct Rates {
    shared: Arc<BTreeMap<Box<str>, Rate>>,
    /// `None` where there is none any more.
    changed: BTreeMap<Box<str>, Option<Rate>>,
}

impl Rates {
    /// The multiplier of a name.
    pub fn get(&self, name: &str) -> Option<Rate> {
        match self.changed.get(name) {
            Some(changed) => *changed,
            None => self.shared.get(name).copied(),
        }
    }

    /// Sets the multiplier of a name.
    pub fn insert(&mut self, name: Box<str>, rate: Rate) {
        self.changed.insert(name, Some(rate));
    }

    fn all(&self) -> BTreeMap<&str, Rate> {
        let names = self.shared.keys().chain(self.changed.keys());
        names.filter_map(|name| Some((&**name, self.get(name)?))).collect()
    }

    /// The same, as changes of `base`.
    fn over(self, base: &Self) -> Self {
        let (own, base_all) = (self.all(), base.all());
        let mut changed = base.changed.clone();
        for name in own.keys().chain(base_all.keys()) {
            let rate = own.get(name).copied();
            if rate != base_all.get(name).copied() {
                changed.insert(Box::from(*name), rate);
            }
        }
        Self { shared: Arc::clone(&base.shared), changed }
    }
}

impl From<BTreeMap<Box<str>, Rate>> for Rates {
    fn from(rates: BTreeMap<Box<str>, Rate>) -> Self {
        Self { shared: Arc::new(rates), changed: BTreeMap::new() }
    }
}

impl PartialEq for Rates {
    fn eq(&self, other: &Self) -> bool {
        self.all() == other.all()
    }
}

impl Eq for Rates {}

impl fmt::Debug for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.all()).finish()
    }
}

/// Which wagers count. An empty `allow` or `categories` restricts nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Eligibility {
    /// Categories that count.
    pub categories: Names,
    /// The least stake, in the program's currency.
    pub min_wager: Amount,
    /// Segments that take part.
    pub segments_allow: Names,
    /// Segments that do not.
    pub segments_deny: Names,
    /// Players who do not.
    pub players_deny: Names,
    /// What a wager must match besides (`where`).
    pub condition: Option<Arc<Expression>>,
}

/// What wagers earn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Earning {
    /// Points per unit of stake, by category.
    pub multipliers: Rates,
    /// The multiplier of a category that is not listed.
    pub default_multiplier: Rate,
    /// Points per unit of stake, by game; wins over the category's.
    pub games: Rates,
    /// How points are rounded to two decimals, once, at the end.
    pub rounding: Rounding,
    /// The most points of one event day.
    pub cap_per_day: Option<Points>,
}

impl Earning {
    /// The multiplier of a game, or else of its category.
    pub fn base(&self, game: &str, category: &str) -> Rate {
        let by_category = || self.multipliers.get(category);
        self.games.get(game).or_else(by_category).unwrap_or(self.default_multiplier)
    }
}

/// How points are rounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rounding {
    /// Towards zero.
    #[default]
    Down,
    /// To the nearest, halves up.
    HalfUp,
    /// To the nearest, halves to the even neighbour.
    HalfEven,
}

/// Which version applies when: all versions that were ordered so far.
///
/// Cheap to clone: what is published or withdrawn later shares everything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions<P> {
    all: RedBlackTreeMapSync<u32, Arc<VersionEntry<P>>>,
    /// Those that were not withdrawn, by when they begin and number.
    in_force: RedBlackTreeMapSync<(Timestamp, u32), Arc<VersionEntry<P>>>,
}

/// One version's place in time.
#[derive(Debug, Clone, PartialEq, Eq)]
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

impl<P> Default for Versions<P> {
    fn default() -> Self {
        Self { all: RedBlackTreeMapSync::new_sync(), in_force: RedBlackTreeMapSync::new_sync() }
    }
}

impl<P> Versions<P> {
    /// No version yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next version and returns its number.
    pub fn publish(&mut self, effective_from: Timestamp, program: P) -> u32 {
        let number = self.latest() + 1;
        let entry = Arc::new(VersionEntry { number, effective_from, withdrawn: false, program });
        self.in_force.insert_mut((effective_from, number), Arc::clone(&entry));
        self.all.insert_mut(number, entry);
        number
    }

    /// The highest number so far; 0 for none.
    pub fn latest(&self) -> u32 {
        self.all.last().map_or(0, |(number, _)| *number)
    }

    /// The version with a number.
    pub fn get(&self, number: u32) -> Option<&VersionEntry<P>> {
        self.all.get(&number).map(|entry| &**entry)
    }

    /// All versions, oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &VersionEntry<P>> {
        self.all.values().map(|entry| &**entry)
    }

    /// The versions from `number` on, oldest first.
    pub fn all_from(&self, number: u32) -> impl Iterator<Item = &VersionEntry<P>> {
        self.all.range(number..).map(|(_, entry)| &**entry)
    }

    /// The versions that would apply after `since` up to `at`, were each published before it begins.
    pub fn in_force_after(
        &self,
        since: Option<&VersionEntry<P>>,
        at: Timestamp,
    ) -> impl Iterator<Item = &VersionEntry<P>> {
        let since = since.map(|since| (since.effective_from, since.number));
        let from = since.map_or(Bound::Unbounded, Bound::Excluded);
        let begun = self.in_force.range((from, Bound::Included((at, u32::MAX))));
        begun.map(|(_, entry)| &**entry)
    }

    /// The version that applies to an event at `at`: among those whose `effective_from` is not after
    /// it, the one with the latest `effective_from`; the higher number on a tie.
    pub fn at(&self, at: Timestamp) -> Option<&VersionEntry<P>> {
        // Most events come after everything that was published has begun, and a range allocates.
        let (_, last) = self.in_force.last()?;
        if last.effective_from <= at {
            return Some(last);
        }
        let mut begun = self.in_force.range(..=(at, u32::MAX));
        begun.next_back().map(|(_, entry)| &**entry)
    }
}

impl<P: Clone> Versions<P> {
    /// Withdraws a version that has not begun at `now`; says whether it did.
    pub fn withdraw(&mut self, number: u32, now: Timestamp) -> bool {
        let scheduled = |entry: &&VersionEntry<P>| entry.effective_from > now && !entry.withdrawn;
        let Some(entry) = self.get(number).filter(scheduled) else { return false };
        let withdrawn = VersionEntry { withdrawn: true, ..entry.clone() };
        self.in_force.remove_mut(&(withdrawn.effective_from, number));
        self.all.insert_mut(number, Arc::new(withdrawn));
        true
    }
}
