//! Random programs, all of them valid.

use std::collections::BTreeMap;

use super::{HOUR, OPERATORS, SECOND, conditions, signals, some_of};
use crate::calendar;
use crate::input::{
    ModelBudget, ModelDate, ModelEvery, ModelExpiry, ModelLevel, ModelOver, ModelOverrides,
    ModelProgram, ModelPromotion, ModelRounding, ModelRules, ModelSignal, ModelTiers, ModelVoids,
    ModelWindow, ModelZone,
};
use crate::random::Random;
use crate::workload::events::{ATTO, CATEGORIES, GAMES, PLAYERS, STAKES};

/// What programs are made of in one world.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    /// The operators that were added so far.
    pub(super) operators: Vec<String>,
    /// How many programs may have what came with behaviour 2, in a hundred; before it they are refused.
    pub(super) second_percent: u64,
    /// How many restrictions a program has, in a hundred.
    strictness_percent: u64,
    caps_percent: u64,
    has_great_rates: bool,
    has_jurisdictions: bool,
    promotions_percent: u64,
    budgets_percent: u64,
    conditions_percent: u64,
    tiers_percent: u64,
    lots_percent: u64,
    terms_percent: u64,
    signals_percent: u64,
    /// The tiers of the version before, which often stay.
    tiers: Option<ModelTiers>,
    /// The signals of the version before, of which some stay.
    signals: Vec<ModelSignal>,
    zones: Vec<ModelZone>,
    versions: Vec<(String, i64)>,
}

const ROUNDINGS: [ModelRounding; 3] =
    [ModelRounding::Down, ModelRounding::HalfUp, ModelRounding::HalfEven];

impl Programs {
    pub(super) fn new(random: &mut Random) -> Self {
        let mut zones = calendar::zones();
        random.shuffle(&mut zones);
        zones.truncate(1 + random.index(2));
        Self {
            operators: Vec::new(),
            second_percent: 0,
            strictness_percent: *random.pick(&[0, 5, 20, 50]),
            caps_percent: *random.pick(&[0, 30, 90]),
            has_great_rates: random.percent(15),
            has_jurisdictions: random.percent(60),
            promotions_percent: *random.pick(&[0, 40, 90]),
            budgets_percent: *random.pick(&[0, 40, 80]),
            conditions_percent: *random.pick(&[0, 0, 60]),
            tiers_percent: *random.pick(&[0, 60, 95]),
            lots_percent: *random.pick(&[0, 60, 95]),
            terms_percent: *random.pick(&[0, 50, 90]),
            signals_percent: *random.pick(&[0, 80, 95]),
            tiers: None,
            signals: Vec::new(),
            zones,
            versions: Vec::new(),
        }
    }

    /// An operator that was added, or now and then one that may not have been.
    pub(super) fn operator(&self, random: &mut Random) -> String {
        if self.operators.is_empty() || random.percent(3) {
            return (*random.pick(&OPERATORS)).to_owned();
        }
        random.pick(&self.operators).clone()
    }

    /// A new version: its operator, when it begins, and what it says.
    pub(super) fn version(&mut self, now: i64, random: &mut Random) -> (String, i64, ModelProgram) {
        let operator = self.operator(random);
        let mut begun = self.versions.iter().filter(|(name, _)| *name == operator);
        let latest = begun.next_back().map(|(_, from)| *from);
        let effective_from = match (latest, random.below(4)) {
            // Only the first may begin in the past.
            (None, _) => now - random.between(0, 10 * 24 * HOUR),
            (Some(from), 0) if from >= now => from,
            (_, 0 | 1) => now,
            (_, 2) => now + random.between(1, 10 * 60 * SECOND),
            _ => now + random.between(HOUR, 60 * HOUR),
        };
        self.versions.push((operator.clone(), effective_from));
        let mut program = self.program(now, random);
        if !random.percent(self.second_percent) {
            program.promotions.clear();
            (program.counts_first_only, program.tiers) = (false, None);
            (program.pending_hours, program.expiry) = (0, ModelExpiry::default());
            (program.min_points, program.hold_minutes, program.approval_above) = (None, None, None);
            program.signals.clear();
            program.rules.condition = None;
            let overrides = program.jurisdictions.values_mut();
            overrides.for_each(|overrides| overrides.condition = None);
            if program.voids == ModelVoids::Pending {
                program.voids = ModelVoids::Balance;
            }
            return (operator, effective_from, program);
        }
        if self.tiers.is_some() && random.percent(40) {
            program.tiers.clone_from(&self.tiers);
        } else {
            self.tiers.clone_from(&program.tiers);
        }
        self.signals.clone_from(&program.signals);
        (operator, effective_from, program)
    }

    fn program(&self, now: i64, random: &mut Random) -> ModelProgram {
        let (currency, others) = match random.below(3) {
            0 => ("BTC", [("EUR", 1_639), ("USD", 1_508), ("JPY", 10)]),
            _ => ("EUR", [("USD", 92_000_000), ("BTC", 6_100_000_000_000), ("JPY", 612_345)]),
        };
        let mut rates: BTreeMap<String, u64> = BTreeMap::new();
        for (other, rate) in others {
            if !self.restricts(random) {
                rates.insert(other.into(), rate);
            }
        }
        if self.has_great_rates {
            rates.insert("GBP".into(), 1_000_000_000_000_000_000);
        }
        let mut jurisdictions = BTreeMap::new();
        if self.has_jurisdictions {
            for name in some_of(&["Malta", "Ontario", "Sweden"], random) {
                jurisdictions.insert(name, self.overrides(random));
            }
        }
        let signals = self.some_signals(random);
        ModelProgram {
            currency: currency.into(),
            zone: random.pick(&self.zones).clone(),
            is_off: self.restricts(random) && random.percent(30),
            is_opt_in: self.restricts(random),
            voids: self.voids(random),
            rates,
            rules: self.rules_for(&signals, random),
            signals,
            jurisdictions,
            promotions: self.promotions(now, random),
            counts_first_only: self.promotions_percent > 0 && random.percent(30),
            tiers: random.percent(self.tiers_percent).then(|| self.some_tiers(random)),
            pending_hours: self.pending_hours(random),
            expiry: self.expiry(random),
            min_points: self.spends(random).then(|| *random.pick(&[1, 10, 100, 2_500])),
            hold_minutes: self
                .spends(random)
                .then(|| *random.pick(&[1, 15, 60, 90, 1_440, 14_400, 43_200])),
            approval_above: self.spends(random).then(|| *random.pick(&[0, 100, 1_000, 50_000])),
        }
    }

    fn some_signals(&self, random: &mut Random) -> Vec<ModelSignal> {
        if !random.percent(self.signals_percent) {
            return Vec::new();
        }
        signals::some(&self.signals, random)
    }

    /// Some signals look at stakes above the least alone.
    fn rules_for(&self, signals: &[ModelSignal], random: &mut Random) -> ModelRules {
        let rules = self.rules(random);
        let needs_least = signals.iter().any(|it| matches!(it.over, ModelOver::MinimumPlay { .. }));
        if rules.min_wager > 0 || !needs_least || random.percent(20) {
            return rules;
        }
        ModelRules { min_wager: *random.pick(&[ATTO, ATTO / 100, 1_000_000_000_000, 1]), ..rules }
    }

    fn voids(&self, random: &mut Random) -> ModelVoids {
        if self.lots_percent > 0 && random.percent(40) {
            return ModelVoids::Pending;
        }
        if random.percent(50) { ModelVoids::Balance } else { ModelVoids::Unlimited }
    }

    fn pending_hours(&self, random: &mut Random) -> i64 {
        if !random.percent(self.lots_percent) {
            return 0;
        }
        *random.pick(&[1, 2, 5, 24, 30, 48, 168, 8_784])
    }

    fn spends(&self, random: &mut Random) -> bool {
        random.percent(self.terms_percent)
    }

    fn expiry(&self, random: &mut Random) -> ModelExpiry {
        let mut months = |of: &[i64]| {
            let is_said = random.percent(self.lots_percent);
            is_said.then(|| *random.pick(of))
        };
        let (after, inactivity) = (months(&[1, 1, 1, 2, 12, 120]), months(&[1, 2, 3, 12]));
        let tells = after.or(inactivity).is_some() && random.percent(60);
        let notify = tells.then(|| *random.pick(&[1, 7, 30, 90]));
        ModelExpiry { after, inactivity, notify }
    }

    fn some_tiers(&self, random: &mut Random) -> ModelTiers {
        let mut names = ["bronze", "silver", "gold", "platinum", "diamond"];
        random.shuffle(&mut names);
        let mut from = 0;
        let mut levels = Vec::new();
        for name in &names[..=random.index(names.len())] {
            let multiplier = random.percent(80).then(|| self.promoted(random));
            levels.push(ModelLevel { name: (*name).into(), from, multiplier });
            // As much as a wager gives, or a few.
            from += *random.pick(&[1, 10, 100, 500, 1_000, 2_500, 20_000]);
        }
        ModelTiers {
            window: match random.below(8) {
                0 => ModelWindow::Month,
                1 => ModelWindow::Quarter,
                2 => ModelWindow::Year,
                _ => ModelWindow::Rolling(*random.pick(&[1, 2, 3, 7, 30, 90, 365, 3_660])),
            },
            levels,
            grace: random.percent(80).then(|| *random.pick(&[0, 1, 2, 5, 10, 30, 100, 3_660])),
        }
    }

    fn promotions(&self, now: i64, random: &mut Random) -> Vec<ModelPromotion> {
        if !random.percent(self.promotions_percent) {
            return Vec::new();
        }
        let count = 1 + random.below(4);
        (0..count).map(|number| self.promotion(number, now, random)).collect()
    }

    /// One that begins, holds or ends about now.
    fn promotion(&self, number: u64, now: i64, random: &mut Random) -> ModelPromotion {
        let from = now + random.between(-3 * 24 * HOUR, 24 * HOUR);
        let to = from + random.between(1, 6 * 24 * HOUR);
        let gives = random.below(3);
        let jurisdictions = if random.percent(25) {
            some_of(&["Atlantis", "Malta", "Ontario"], random)
        } else {
            Vec::new()
        };
        let mut promotion = ModelPromotion {
            name: format!("promotion-{number}"),
            from: random.percent(40).then_some(from),
            to: random.percent(40).then_some(to),
            every: random.percent(50).then(|| every(now, random)),
            jurisdictions,
            condition: random
                .percent(self.conditions_percent)
                .then(|| conditions::condition(random)),
            multiply: (gives > 0).then(|| self.promoted(random)),
            bonus: (gives < 2).then(|| *random.pick(&[500, 1, 25, 0, 333, POINTS_MAX])),
            budget: None,
        };
        if random.percent(self.budgets_percent) {
            promotion.budget = Some(budget(random));
            // Such a promotion takes nothing away.
            promotion.multiply = promotion.multiply.map(|rate| rate.max(100_000_000));
        }
        promotion
    }

    fn promoted(&self, random: &mut Random) -> u64 {
        if self.has_great_rates && random.percent(30) {
            return *random.pick(&[RATE_MAX, RATE_MAX - 1]);
        }
        *random.pick(&[200_000_000, 150_000_000, 50_000_000, 33_333_333, 100_000_001, 100_000_000])
    }

    fn rules(&self, random: &mut Random) -> ModelRules {
        let mut rules = ModelRules {
            enabled: true,
            categories: self.categories(random),
            min_wager: self.min_wager(random),
            segments_allow: self.segments_allow(random),
            segments_deny: self.segments_deny(random),
            players_deny: self.players_deny(random),
            condition: random
                .percent(self.conditions_percent / 4)
                .then(|| conditions::condition(random)),
            multipliers: BTreeMap::new(),
            games: BTreeMap::new(),
            rounding: *random.pick(&ROUNDINGS),
            caps_per_day: self.caps_per_day(random),
        };
        for category in CATEGORIES.iter().chain(&["default"]) {
            if random.percent(75) {
                rules.multipliers.insert((*category).into(), self.multiplier(random));
            }
        }
        for game in some_of(&GAMES[..2], random) {
            rules.games.insert(game, self.multiplier(random));
        }
        rules
    }

    /// Any of the rules again, each said or not.
    fn overrides(&self, random: &mut Random) -> ModelOverrides {
        let says = [(); 8].map(|()| random.percent(25));
        let mut overrides = ModelOverrides {
            enabled: says[0].then(|| random.percent(50)),
            categories: says[1].then(|| self.categories(random)),
            min_wager: says[2].then(|| self.min_wager(random)),
            segments_allow: says[3].then(|| self.segments_allow(random)),
            segments_deny: says[4].then(|| self.segments_deny(random)),
            players_deny: says[5].then(|| self.players_deny(random)),
            condition: random
                .percent(self.conditions_percent / 4)
                .then(|| conditions::condition(random)),
            rounding: says[6].then(|| *random.pick(&ROUNDINGS)),
            caps_per_day: says[7].then(|| self.caps_per_day(random)),
            ..ModelOverrides::default()
        };
        for category in CATEGORIES.iter().chain(&["default"]) {
            if random.percent(25) {
                let multiplier = random.percent(70).then(|| self.multiplier(random));
                overrides.multipliers.insert((*category).into(), multiplier);
            }
        }
        if random.percent(25) {
            let multiplier = random.percent(70).then(|| self.multiplier(random));
            overrides.games.insert(GAMES[0].into(), multiplier);
        }
        overrides
    }

    fn restricts(&self, random: &mut Random) -> bool {
        random.percent(self.strictness_percent)
    }

    fn categories(&self, random: &mut Random) -> Vec<String> {
        if self.restricts(random) { some_of(&CATEGORIES, random) } else { Vec::new() }
    }

    fn min_wager(&self, random: &mut Random) -> u128 {
        if !self.restricts(random) {
            return 0;
        }
        // Around the stakes of wagers, so that one smallest unit decides.
        let stake = *random.pick(&STAKES[..4]);
        *random.pick(&[stake, stake + 1, stake - 1, stake * 92 / 100])
    }

    fn segments_allow(&self, random: &mut Random) -> Vec<String> {
        if self.restricts(random) { some_of(&["VIP", "regular"], random) } else { Vec::new() }
    }

    fn segments_deny(&self, random: &mut Random) -> Vec<String> {
        if self.restricts(random) { some_of(&["bonus-abuser"], random) } else { Vec::new() }
    }

    fn players_deny(&self, random: &mut Random) -> Vec<String> {
        if self.restricts(random) { vec![PLAYERS[random.index(3)].into()] } else { Vec::new() }
    }

    fn multiplier(&self, random: &mut Random) -> u64 {
        if self.has_great_rates && random.percent(30) {
            return *random.pick(&[100_000_000_000, 1_000_000_000_000_000_000]);
        }
        *random.pick(&[10_000_000, 5_000_000, 12_000_000, 33_333_333, 50_000, 100_000_000, 1, 0])
    }

    fn caps_per_day(&self, random: &mut Random) -> Vec<i64> {
        if !random.percent(self.caps_percent) {
            return Vec::new();
        }
        vec![*random.pick(&[1_000, 1_501, 333, 50_000, 100_000_000_000_000_000])]
    }
}

/// As much as a few wagers get, and as much as all.
fn budget(random: &mut Random) -> ModelBudget {
    let points = random.percent(80).then(|| *random.pick(&[1, 100, 777, 2_000, 20_000, 1_000_000]));
    let per_player = *random.pick(&[1, 50, 500, 1_500, 50_000]);
    let is_said = points.is_none() || random.percent(40);
    let per_player = is_said.then(|| points.map_or(per_player, |points| per_player.min(points)));
    ModelBudget { points, per_player }
}

/// Recurring times near `now`: in most zones it is another hour, and near midnight another day.
fn every(now: i64, random: &mut Random) -> ModelEvery {
    let near = |random: &mut Random| now + random.between(-24 * HOUR, 24 * HOUR);
    let minute = |random: &mut Random| near(random).div_euclid(60 * SECOND).rem_euclid(24 * 60);
    let mut every = ModelEvery::default();
    let says = 1 + random.below(7);
    if says & 1 != 0 {
        every.days = (0..7).filter(|_| random.percent(40)).collect();
    }
    if says & 2 != 0 {
        let count = 1 + random.below(2);
        every.hours = (0..count).map(|_| (minute(random), minute(random))).collect();
    }
    let is_empty = every.days.is_empty() && every.hours.is_empty();
    if says & 4 != 0 || is_empty {
        let count = 1 + random.below(3);
        every.dates = (0..count).map(|_| near_date(near(random), random)).collect();
    }
    every
}

fn near_date(near: i64, random: &mut Random) -> ModelDate {
    let (_, month, of_month) = calendar::date(near.div_euclid(24 * HOUR));
    match random.below(3) {
        0 => ModelDate::Monthly(of_month),
        1 => ModelDate::Last,
        _ => ModelDate::Yearly(month, of_month),
    }
}

/// The greatest rate: 10^10.
const RATE_MAX: u64 = 1_000_000_000_000_000_000;
/// The greatest number of points, in hundredths: 10^15.
const POINTS_MAX: i64 = 100_000_000_000_000_000;

/// The smallest unit of money is the smallest difference that a minimum can have.
const _: () = assert!(STAKES[0] > 0 && STAKES[3] < 1_000 * ATTO);
