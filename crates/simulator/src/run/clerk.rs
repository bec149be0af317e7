//! What is asked of accounts beyond wagers: points are spent, adjusted and taken over, and players are excluded. In any
//! order, again, of others, and just when something ends.

use accolade_wire::identity::partition_of;

use super::item::Item;
use super::{Run, catalogue};
use crate::input::{ModelAsked, ModelProgram, ModelRequest, ModelReward};
use crate::model::requests::ModelAdjustment;
use crate::model::signals::{ModelRaised, SignalState};
use crate::model::{Expected, Model, ModelAccount, ModelOutcome, POINTS_MAX};
use crate::random::Random;
use crate::workload::{OPERATORS, PLAYERS};

/// What can become of a request; whoever looks at many worlds finds all of it.
pub const REQUESTED: &[&str] = &[
    "adjustments",
    "adjustments approved",
    "adjustments rejected",
    "balances taken over",
    "players excluded",
    "places told",
    "players readmitted",
    "points reserved",
    "prizes decided",
    "redemptions cancelled",
    "redemptions confirmed",
    "requests declined: adjustment_closed",
    "requests declined: below_minimum",
    "requests declined: exclusion_holds",
    "requests declined: id_conflict",
    "requests declined: insufficient_points",
    "requests declined: jurisdiction_not_entitled",
    "requests declined: malformed",
    "requests declined: mode_off",
    "requests declined: no_consent",
    "requests declined: no_program",
    "requests declined: no_such_adjustment",
    "requests declined: no_such_player",
    "requests declined: no_such_prize",
    "requests declined: no_such_redemption",
    "requests declined: no_such_reward",
    "requests declined: no_such_signal",
    "requests declined: no_such_wager",
    "requests declined: not_excluded",
    "requests declined: opening_exists",
    "requests declined: operator_unknown",
    "requests declined: out_of_range",
    "requests declined: out_of_stock",
    "requests declined: own_adjustment",
    "requests declined: prize_closed",
    "requests declined: redemption_cancelled",
    "requests declined: redemption_confirmed",
    "requests declined: redemption_lapsed",
    "requests declined: redemption_requested",
    "requests declined: reward_limit",
    "requests declined: reward_not_valid",
    "requests declined: reward_withdrawn",
    "requests declined: segment_not_entitled",
    "requests declined: self_excluded",
    "requests declined: signal_closed",
    "requests declined: stale",
    "requests declined: tier_not_entitled",
    "requests declined: too_many_open",
    "requests repeated",
    "rewards wanted",
    "signals raised from outside",
    "signals released",
    "signals taken",
    "stocks changed",
];

/// What has become of a request, as it is counted.
pub(crate) fn named(what: &ModelAsked, expected: &Expected) -> &'static str {
    if expected.outcome == ModelOutcome::Repeated {
        return "requests repeated";
    }
    let fills = matches!(what, ModelAsked::Fill { .. } | ModelAsked::CountFilled { .. });
    if fills && expected.reason.is_some() {
        return "fillings that came too late";
    }
    if let Some(reason) = expected.reason {
        let is_it = |named: &&&str| named.strip_prefix("requests declined: ") == Some(reason);
        let found = REQUESTED.iter().find(is_it);
        return found.unwrap_or_else(|| panic!("nobody expects that a request is {reason}"));
    }
    match what {
        ModelAsked::Reserve { .. } => "points reserved",
        ModelAsked::Confirm(_) => "redemptions confirmed",
        ModelAsked::Cancel(_) => "redemptions cancelled",
        ModelAsked::Adjust { .. } => "adjustments",
        ModelAsked::Decide { approves: true, .. } => "adjustments approved",
        ModelAsked::Decide { .. } => "adjustments rejected",
        ModelAsked::Exclude { .. } => "players excluded",
        ModelAsked::Readmit { .. } => "players readmitted",
        ModelAsked::TakeOver { .. } => "balances taken over",
        ModelAsked::RaiseSignal { .. } => "signals raised from outside",
        ModelAsked::DecideSignal { takes: true, .. } => "signals taken",
        ModelAsked::DecideSignal { .. } => "signals released",
        ModelAsked::Redeem { .. } => "rewards wanted",
        ModelAsked::Restock { .. } => "stocks changed",
        ModelAsked::Award(_) => "places told",
        ModelAsked::Fulfil { .. } => "prizes decided",
        ModelAsked::Fill { .. } => "pages of the past told",
        ModelAsked::CountFilled { .. } => "pages of the past added up",
    }
}

/// A request on its way to a partition, and the operator that it comes from.
pub(super) type Sent = (u16, String, ModelRequest);

/// Requests, and the moment at which they arrive, where that is another than now.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// What operators say of their rewards.
    pub(crate) said: Vec<(String, ModelReward)>,
    pub(crate) at: Option<i64>,
    pub(crate) requests: Vec<Sent>,
}

/// Whoever asks in a world.
#[derive(Debug)]
pub(crate) struct Clerk {
    random: Random,
    /// How often anything is asked, in a hundred.
    percent: u64,
    excludes: bool,
    /// How often it is about signals, in a hundred.
    signals_percent: u64,
    /// How often it is about rewards, in a hundred.
    rewards_percent: u64,
    has_great_points: bool,
    sent: Vec<Sent>,
    next_id: u64,
}

/// So many requests are remembered, to be sent again.
const MEMORY: usize = 100;
const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// An account that something is asked of.
pub(super) struct About<'m> {
    pub(super) partition: u16,
    pub(super) key: (String, String),
    pub(super) account: Option<ModelAccount>,
    pub(super) terms: Option<&'m ModelProgram>,
    pub(super) now: i64,
    /// The rewards that there are, where all partitions know of them.
    pub(super) rewards: Vec<String>,
}

impl Clerk {
    /// Of the world of a seed, which goes on as it would without, but for what is asked.
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x00c1_e240);
        Self {
            percent: *random.pick(&[0, 15, 40]),
            excludes: random.percent(50),
            signals_percent: *random.pick(&[0, 10, 30]),
            rewards_percent: *random.pick(&[0, 40, 60]),
            has_great_points: random.percent(30),
            sent: Vec::new(),
            next_id: 0,
            random,
        }
    }

    /// What is asked next, of whoever decides by a behaviour that knows it.
    pub(crate) fn ask(&mut self, models: &[&Model], now: i64) -> Asked {
        let random = &mut self.random.fork();
        let knowing = (0..).zip(models).filter(|(_, model)| model.knows_requests());
        let knowing: Vec<(u16, &Model)> = knowing.map(|(at, model)| (at, *model)).collect();
        // Where there is nobody yet, little can be asked.
        let has_anybody = |(_, model): &(u16, &Model)| !model.accounts().is_empty();
        let percent = if knowing.iter().any(has_anybody) { self.percent } else { 3 };
        if knowing.is_empty() || self.percent == 0 || !random.percent(percent) {
            return Asked::default();
        }
        if random.percent(10) && !self.sent.is_empty() {
            let again = self.again(random);
            return Asked { requests: vec![again], ..Asked::default() };
        }
        // A stock and whoever wants of it are in different partitions.
        if knowing.len() == models.len() && random.percent(self.rewards_percent / 2) {
            return self.tend(models, now, random);
        }
        let peopled: Vec<_> = knowing.iter().copied().filter(has_anybody).collect();
        let from = if peopled.is_empty() || random.percent(10) { &knowing } else { &peopled };
        let (partition, model) = *random.pick(from);
        let key = whose(model, partition, models.len(), random);
        let account = model.accounts().contains_key(&key).then(|| model.account(&key));
        let ends = random.percent(25).then(|| an_end(account.as_ref()?, now, random)).flatten();
        let at = ends.map(|(at, _)| at);
        let now = at.unwrap_or(now);
        let terms = model.program_at(&key.0, now);
        let knows_all = knowing.len() == models.len();
        let rewards = if knows_all { catalogue::ids(model, &key.0) } else { Vec::new() };
        let about = About { partition, key, account, terms, now, rewards };
        let mut asked = match ends {
            Some((_, Some(place))) if random.percent(70) => {
                let redemption = (about.ordinal(), place.0, place.1);
                let confirms = random.percent(60);
                vec![if confirms {
                    ModelAsked::Confirm(redemption)
                } else {
                    ModelAsked::Cancel(redemption)
                }]
            }
            _ => vec![],
        };
        if random.percent(2) {
            asked.extend(about.too_many(random));
        }
        for _ in 0..=random.below(4) {
            let what = self.about(&about, random);
            // What has been done is undone, or done again.
            let again = match &what {
                ModelAsked::Confirm(it) | ModelAsked::Cancel(it) if random.percent(30) => {
                    let confirms = random.percent(50);
                    Some(if confirms { ModelAsked::Confirm(*it) } else { ModelAsked::Cancel(*it) })
                }
                _ => None,
            };
            asked.push(what);
            asked.extend(again);
        }
        let requests = asked.into_iter().map(|what| self.sent(&about, what, random)).collect();
        Asked { at, requests, ..Asked::default() }
    }

    /// The same once more, or other content under its id.
    fn again(&mut self, random: &mut Random) -> Sent {
        let mut sent = random.pick(&self.sent).clone();
        if random.percent(30) {
            sent.2.who.push('!');
        }
        sent
    }

    pub(super) fn sent(
        &mut self,
        about: &About<'_>,
        what: ModelAsked,
        random: &mut Random,
    ) -> Sent {
        // Whose command carries no words is the same command whatever they were.
        let has_words = !matches!(
            what,
            ModelAsked::Confirm(_) | ModelAsked::Redeem { .. } | ModelAsked::TakeOver { .. }
        );
        let words = *random.pick(&["", "mug", "a \"word\"", "\u{e9}\u{1f3b2}"]);
        let number = if random.percent(4) { random.below(self.next_id + 1) } else { self.next_id };
        self.next_id += 1;
        let request = ModelRequest {
            command_id: format!("r-{number}"),
            who: (*random.pick(&["carl", "dora", "shop"])).into(),
            words: if has_words { words.into() } else { String::new() },
            what,
        };
        let operator = if random.percent(3) { *random.pick(&OPERATORS) } else { &*about.key.0 };
        let sent = (about.partition, operator.to_owned(), request);
        if self.sent.len() == MEMORY {
            self.sent.swap_remove(random.index(MEMORY));
        }
        self.sent.push(sent.clone());
        sent
    }

    fn about(&self, about: &About<'_>, random: &mut Random) -> ModelAsked {
        let player_id = about.key.1.clone();
        if random.percent(self.signals_percent) {
            return about.signal(random);
        }
        if !about.rewards.is_empty() && random.percent(self.rewards_percent / 2) {
            let id = catalogue::an_id(&about.rewards, random);
            return catalogue::redemption(&player_id, &id, random);
        }
        match random.below(100) {
            30..57 if !about.has_open() && random.percent(85) => {
                ModelAsked::Reserve { player_id, points: about.to_reserve(random) }
            }
            73..84 if !about.has_waiting() && random.percent(85) => {
                ModelAsked::Adjust { player_id, points: self.to_adjust(about, random) }
            }
            0..30 => ModelAsked::Reserve { player_id, points: about.to_reserve(random) },
            30..48 => ModelAsked::Confirm(about.redemption(random)),
            48..57 => ModelAsked::Cancel(about.redemption(random)),
            57..73 => ModelAsked::Adjust { player_id, points: self.to_adjust(about, random) },
            73..84 => {
                let (adjustment, approves) = (about.adjustment(random), random.percent(70));
                ModelAsked::Decide { adjustment, approves }
            }
            84..91 if self.excludes => {
                ModelAsked::Exclude { player_id, until: about.until(random) }
            }
            84..94 => ModelAsked::Readmit { player_id },
            _ => ModelAsked::TakeOver { player_id, points: self.to_take_over(random) },
        }
    }

    /// Just below and above what a person may change alone, and what there is.
    fn to_adjust(&self, about: &About<'_>, random: &mut Random) -> i64 {
        let above = about.terms.and_then(|terms| terms.approval_above).unwrap_or(1_000);
        let there = about.account.as_ref().map_or(0, |account| account.lots.there());
        let sign = if random.percent(40) { -1 } else { 1 };
        match random.below(10) {
            0 | 1 => sign * above,
            2..=4 => sign * (above + 1),
            7 => -there,
            5 => -(there + 1),
            6 if random.percent(30) => 0,
            6 if self.has_great_points => {
                sign * *random.pick(&[POINTS_MAX, POINTS_MAX - 1, POINTS_MAX + 1])
            }
            _ => sign * random.between(1, 5_000),
        }
    }

    fn to_take_over(&self, random: &mut Random) -> i64 {
        match random.below(10) {
            0 => random.between(-1, 1),
            1 | 2 if self.has_great_points => POINTS_MAX - random.between(-1, 1),
            _ => random.between(1, 100_000),
        }
    }
}

impl About<'_> {
    fn ordinal(&self) -> u32 {
        self.account.as_ref().map_or(0, |account| account.ordinal)
    }

    fn least(&self) -> i64 {
        self.terms.and_then(|terms| terms.min_points).unwrap_or(1)
    }

    fn has_open(&self) -> bool {
        self.account.as_ref().is_some_and(|account| account.reserved() > 0)
    }

    fn has_waiting(&self) -> bool {
        self.account.as_ref().is_some_and(has_waiting)
    }

    /// How many can be reserved, or one more, and as few as can be, or one fewer.
    fn to_reserve(&self, random: &mut Random) -> i64 {
        let ready = self.account.as_ref().map_or(0, |account| account.lots.ready(self.now));
        match random.below(9) {
            0 => ready,
            1 => ready + 1,
            2 => ready / 2,
            3 => self.least(),
            4 => self.least() - 1,
            5 => random.between(-1, 1),
            _ => random.between(1, ready.max(1)),
        }
    }

    /// A redemption of the player's, open ones most often; now and then another's, or none.
    fn redemption(&self, random: &mut Random) -> (u32, u64, u32) {
        let redemptions = self.account.iter().flat_map(|account| account.redemptions.keys());
        let open = self.account.iter().flat_map(ModelAccount::open).map(|it| it.place);
        self.one_of(redemptions.copied().collect(), open.collect(), random)
    }

    /// An adjustment of the player's, those that wait most often.
    fn adjustment(&self, random: &mut Random) -> (u32, u64, u32) {
        let adjustments = || self.account.iter().flat_map(|account| &account.adjustments);
        let waits = |(_, it): &(&(u64, u32), &ModelAdjustment)| it.is_made.is_none();
        let waiting = adjustments().filter(waits).map(|(place, _)| *place);
        self.one_of(adjustments().map(|(place, _)| *place).collect(), waiting.collect(), random)
    }

    fn one_of(
        &self,
        all: Vec<(u64, u32)>,
        open: Vec<(u64, u32)>,
        random: &mut Random,
    ) -> (u32, u64, u32) {
        let from = if open.is_empty() || random.percent(35) { &all } else { &open };
        let (batch, slot) = if from.is_empty() { (1, 1) } else { *random.pick(from) };
        let ordinal = self.ordinal();
        match random.below(30) {
            0 => (ordinal + 1, batch, slot),
            1 => (ordinal, batch, slot + 1),
            2 => (ordinal, batch + 1, slot),
            _ => (ordinal, batch, slot),
        }
    }

    /// Something is found of a player, or said about what was.
    fn signal(&self, random: &mut Random) -> ModelAsked {
        let signals = || self.account.iter().flat_map(|account| &account.signals);
        let is_open = |(_, it): &(&(u64, u32), &ModelRaised)| it.state == SignalState::Open;
        let open: Vec<_> = signals().filter(is_open).map(|(place, _)| *place).collect();
        if random.percent(if open.is_empty() { 15 } else { 60 }) {
            let signal = self.one_of(signals().map(|(place, _)| *place).collect(), open, random);
            return ModelAsked::DecideSignal { signal, takes: random.percent(40) };
        }
        let entries = self.account.iter().flat_map(|account| &account.entries);
        let earned = entries.filter(|entry| entry.kind == "earned");
        let mut wagers: Vec<_> = earned.map(|entry| entry.wager_id.clone()).collect();
        // One that earned nothing, that is another's, or that nobody has heard of.
        wagers.push(format!("id-{}", random.below(40)));
        let wager_id = random.percent(90).then(|| random.pick(&wagers).clone());
        let (player_id, name) = (self.key.1.clone(), "ring \u{e9}".into());
        ModelAsked::RaiseSignal { player_id, name, wager_id, hold: random.percent(75) }
    }

    /// Until when: soon, for ever, or about when what holds ends.
    fn until(&self, random: &mut Random) -> Option<i64> {
        let holds = self.account.as_ref().and_then(|account| account.exclusion.as_ref()?.until);
        match (random.below(10), holds) {
            (0, _) => None,
            (1, _) => Some(self.now - random.between(0, 1)),
            (2..=5, Some(until)) => Some(until + random.between(-1, 1)),
            _ => Some(self.now + *random.pick(&[MINUTE, 90 * MINUTE, DAY, 9 * DAY])),
        }
    }

    /// More than may wait, or be open.
    fn too_many(&self, random: &mut Random) -> Vec<ModelAsked> {
        let player_id = self.key.1.clone();
        let ready = self.account.as_ref().map_or(0, |account| account.lots.ready(self.now));
        let points = self.least();
        if points * 257 <= ready && random.percent(20) {
            return vec![ModelAsked::Reserve { player_id, points }; 257];
        }
        let Some(above) = self.terms.and_then(|terms| terms.approval_above) else { return vec![] };
        vec![ModelAsked::Adjust { player_id, points: above + 1 }; 17]
    }
}

/// Whose account: one most often of which something is reserved, or one with points, and now and then somebody's who
/// has none.
fn whose(
    model: &Model,
    partition: u16,
    partitions: usize,
    random: &mut Random,
) -> (String, String) {
    let those = |is_it: fn(&ModelAccount) -> bool| -> Vec<_> {
        let accounts = model.accounts().iter().filter(|(_, account)| is_it(account));
        accounts.map(|(key, _)| key).collect()
    };
    let from = match random.below(10) {
        0..=3 => those(|account| account.reserved() > 0),
        4 | 5 => those(|account| account.exclusion.is_some() || has_waiting(account)),
        6 => those(|account| account.open_signals() > 0),
        7 | 8 => those(|account| account.lots.there() > 0),
        _ => vec![],
    };
    let from = if from.is_empty() { those(|_| true) } else { from };
    if !from.is_empty() && random.percent(88) {
        return (*random.pick(&from)).clone();
    }
    let partitions = u16::try_from(partitions).expect("few");
    let guests = (0..64).map(|guest| format!("guest-{guest}"));
    let names = PLAYERS.iter().map(|name| (*name).to_owned()).chain(guests);
    let own: Vec<_> = names.filter(|name| partition_of(name, partitions) == partition).collect();
    let any = *random.pick(&[OPERATORS[1], OPERATORS[2], "nobody"]);
    let operator = if random.percent(75) { OPERATORS[0] } else { any };
    (operator.to_owned(), own[random.index(own.len().min(4))].clone())
}

fn has_waiting(account: &ModelAccount) -> bool {
    account.adjustments.values().any(|adjustment| adjustment.is_made.is_none())
}

/// When something ends in an account, or a moment before or after, and what is reserved until then.
fn an_end(
    account: &ModelAccount,
    now: i64,
    random: &mut Random,
) -> Option<(i64, Option<(u64, u32)>)> {
    let lapses = account.open().map(|it| (it.hold_until, Some(it.place)));
    let excluded = account.exclusion.iter().filter_map(|it| Some((it.until?, None)));
    let ends: Vec<_> = lapses.chain(excluded).filter(|(at, _)| *at > now + 1).collect();
    if ends.is_empty() {
        return None;
    }
    let (at, place) = *random.pick(&ends);
    Some((at + *random.pick(&[0, 0, -1, 1]), place))
}

impl Run {
    /// Now and then something is asked of accounts.
    pub(crate) fn ask(&mut self) {
        let now = self.log_time();
        let models: Vec<&Model> = self.models.iter().collect();
        let Asked { at, requests, said } = self.clerk.ask(&models, now);
        self.clock = at.unwrap_or(self.clock);
        for (operator, reward) in said {
            self.put_control(Item::reward(operator, reward, self.clock));
        }
        for (partition, operator, request) in requests {
            self.tell(|| format!("{operator}: {request:?} in partition {partition}"));
            self.put(Some(partition), Item::request(&operator, &request, self.clock));
        }
    }
}
