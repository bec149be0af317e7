//! What the model and the workload speak about: events and programs as plain values. Amounts are in
//! 10^-18ths, rates in 10^-8ths, points in hundredths, times in microseconds since 1970.

use std::collections::BTreeMap;

use crate::calendar::{date, weekday};
pub use crate::data::{ModelData, ModelNumber};
pub use crate::digits::ModelRounding;

mod budgets;
mod conditions;
mod rewards;
mod signals;
mod tournaments;

pub use budgets::{ModelBudget, ModelSays};
pub use conditions::{ModelClock, ModelCondition, ModelRow, ModelTerm, ModelText};
pub use rewards::{ModelPeriod, ModelReward, ModelSaid};
pub use signals::{ModelOver, ModelSignal};
pub use tournaments::{
    ModelAgain, ModelAggregate, ModelFill, ModelGames, ModelOf, ModelPlaces, ModelPrize,
    ModelQuery, ModelResults, ModelStage, ModelTies, ModelTournament, ModelWin, ModelWorth,
    SCORE_ONE,
};

/// What a record says, whatever its bytes look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelEvent {
    /// A wager.
    Wager(ModelWager),
    /// The taking back of a wager.
    Void(ModelVoid),
    /// A game event.
    Game(ModelGame),
    /// A command of a player about taking part.
    Consent(ModelConsent),
    /// A command that an idempotency key stands for one request.
    Claim(ModelClaim),
    /// Bytes that are no event.
    Malformed,
}

/// A wager.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the wire, by name")]
pub struct ModelWager {
    pub wager_id: String,
    pub player_id: String,
    pub operator_id: String,
    pub game_id: String,
    pub game_category: String,
    pub wager_amount: u128,
    pub win_amount: Option<u128>,
    pub currency: String,
    pub player_segment: Option<String>,
    pub jurisdiction: String,
    pub gaming_system_id: Option<String>,
    pub timestamp: i64,
}

/// The taking back of a wager.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the wire, by name")]
pub struct ModelVoid {
    pub wager_id: String,
    pub player_id: String,
    pub operator_id: String,
    pub reason: String,
    pub timestamp: i64,
}

/// A game event; `data` is an object.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the wire, by name")]
pub struct ModelGame {
    pub event_id: String,
    pub event_type: String,
    pub player_id: String,
    pub game_id: String,
    pub timestamp: i64,
    pub data: Option<ModelData>,
}

/// A command of a player about taking part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelConsent {
    /// Identity of the command within its operator.
    pub command_id: String,
    /// Whose consent.
    pub player_id: String,
    /// Whether the player takes part from now on.
    pub takes_part: bool,
}

/// A command that an idempotency key stands for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelClaim {
    /// Identity of the command within its operator; it also says in which partition the key is at home.
    pub command_id: String,
    /// What is asked.
    pub request: String,
}

/// What becomes of an operator's keys and of itself. Keys and rotations have numbers for names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelRight {
    /// It gets a key.
    Key(u64),
    /// A key gets another secret.
    Rotate(u64, u64),
    /// A key opens nothing any more.
    Revoke(u64),
    /// It is paused, or goes on.
    Pause(bool),
}

/// A command of an operator about a dead letter, named by the batch and slot of its partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelCommand {
    /// Gives it other bytes, which mean `event`.
    Repair {
        /// Identity of the command within its operator.
        command_id: String,
        /// The dead letter.
        letter: (u64, u32),
        /// What it says from now on.
        event: Box<ModelEvent>,
        /// The same as bytes.
        original: String,
    },
    /// Sends it to its player's partition, once.
    Release {
        /// Identity of the command within its operator.
        command_id: String,
        /// The dead letter.
        letter: (u64, u32),
    },
    /// Gives it up.
    Discard {
        /// Identity of the command within its operator.
        command_id: String,
        /// The dead letter.
        letter: (u64, u32),
    },
}

/// A command about a player's points beyond wagers: what is spent, adjusted, excluded and taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRequest {
    /// Identity of the command within its operator.
    pub command_id: String,
    /// Who asks.
    pub who: String,
    /// Why, or what for.
    pub words: String,
    /// What is asked.
    pub what: ModelAsked,
}

/// What is asked; a redemption, an adjustment or a signal is named by its player's number, batch and slot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the commands")]
pub enum ModelAsked {
    Reserve {
        player_id: String,
        points: i64,
    },
    Confirm((u32, u64, u32)),
    Cancel((u32, u64, u32)),
    Adjust {
        player_id: String,
        points: i64,
    },
    Decide {
        adjustment: (u32, u64, u32),
        approves: bool,
    },
    Exclude {
        player_id: String,
        until: Option<i64>,
    },
    Readmit {
        player_id: String,
    },
    TakeOver {
        player_id: String,
        points: i64,
    },
    RaiseSignal {
        player_id: String,
        name: String,
        wager_id: Option<String>,
        hold: bool,
    },
    DecideSignal {
        signal: (u32, u64, u32),
        takes: bool,
    },
    Redeem {
        player_id: String,
        reward: String,
        segment: Option<String>,
        jurisdiction: Option<String>,
    },
    Restock {
        reward: String,
        by: i64,
    },
    Award(ModelAward),
    Fulfil {
        player_id: String,
        tournament: u32,
        place: u32,
        becomes: ModelBecomes,
    },
    Fill {
        player_id: String,
        tournament: u32,
        events: Vec<ModelPast>,
    },
    CountFilled {
        player_id: String,
        tournament: u32,
    },
}

/// What an event from before a tournament was scheduled counts in it, or a void takes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelPast {
    /// Batch and slot of the event.
    pub place: (u64, u32),
    /// The time of that batch.
    pub now: i64,
    /// What it does.
    pub does: ModelPastDoes,
}

/// What an event of the past does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelPastDoes {
    /// It counts so much, and was at a time of its own.
    Counts(i128, i64),
    /// It takes back what the wager of a batch and a slot counts.
    Voids((u64, u32)),
}

/// A place of a tournament, and what is won there; the tournament has its number among those of its operator.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the command, by name")]
pub struct ModelAward {
    pub player_id: String,
    pub tournament: u32,
    pub settlement: u32,
    pub place: u32,
    pub before: u32,
    pub position: u64,
    pub score: i128,
    pub events: u64,
    pub points: i64,
    pub thing: Option<u8>,
    pub pays: bool,
}

/// Where some players of a tournament stand whose scores have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the command, by name")]
pub struct ModelPage {
    pub tournament: u32,
    pub revision: u64,
    pub look: i64,
    pub page: u32,
    pub after: i64,
    pub at: i64,
    pub is_last: bool,
    pub lines: Vec<ModelPageLine>,
}

/// Where a player stands; the subject is 32 hexadecimal figures.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "as above")]
pub struct ModelPageLine {
    pub player_id: String,
    pub subject: String,
    pub position: u64,
    pub score: i128,
    pub reached: i64,
}

/// What may become of something that is won.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the command")]
pub enum ModelBecomes {
    Paid,
    Failed,
    Retrying,
    NotEligible,
}

/// One version of an operator's rules, as its document says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelProgram {
    /// Points are earned on stakes converted to this currency.
    pub currency: String,
    /// Where caps' days begin.
    pub zone: ModelZone,
    /// Whether the mode is `off` rather than `live`.
    pub is_off: bool,
    /// Whether players are out until they join.
    pub is_opt_in: bool,
    /// Whether a void takes a balance down to zero at most.
    pub voids: ModelVoids,
    /// From other currencies to the program's.
    pub rates: BTreeMap<String, u64>,
    /// What holds where no jurisdiction says otherwise.
    pub rules: ModelRules,
    /// What jurisdictions say otherwise.
    pub jurisdictions: BTreeMap<String, ModelOverrides>,
    /// What changes for a while.
    pub promotions: Vec<ModelPromotion>,
    /// Whether only the first promotion that holds counts, rather than all of them.
    pub counts_first_only: bool,
    /// What players rise to, if anything.
    pub tiers: Option<ModelTiers>,
    /// So many hours points cannot be spent.
    pub pending_hours: i64,
    /// When points expire.
    pub expiry: ModelExpiry,
    /// Fewer points than these are not reserved, where it is said.
    pub min_points: Option<i64>,
    /// So many minutes points are reserved, where it is said.
    pub hold_minutes: Option<i64>,
    /// What of a player's wagers looks like abuse.
    pub signals: Vec<ModelSignal>,
    /// Beyond so many points a second person must approve an adjustment, where it is said.
    pub approval_above: Option<i64>,
}

/// How far down a void may take a balance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ModelVoids {
    #[default]
    Unlimited,
    Balance,
    Pending,
}

/// After how many months points expire: those of a month after its end, and all after the last wager that earned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the program's document, by name")]
pub struct ModelExpiry {
    pub after: Option<i64>,
    pub inactivity: Option<i64>,
    /// So many days ahead players are told.
    pub notify: Option<i64>,
}

impl ModelProgram {
    /// Whether a promotion gives no more than so much.
    pub fn has_budgets(&self) -> bool {
        self.promotions.iter().any(|promotion| promotion.budget.is_some())
    }

    /// Whether it has what came with behaviour 2.
    pub fn is_of_second(&self) -> bool {
        let has_promotions = !self.promotions.is_empty() || self.counts_first_only;
        let has_lots = self.pending_hours > 0 || self.expiry != ModelExpiry::default();
        let has_terms = self.min_points.or(self.hold_minutes).or(self.approval_above).is_some();
        let has_condition = self.rules.condition.is_some()
            || self.jurisdictions.values().any(|overrides| overrides.condition.is_some());
        let pending =
            self.voids == ModelVoids::Pending || !self.signals.is_empty() || has_condition;
        has_promotions || has_lots || has_terms || pending || self.tiers.is_some()
    }
}

/// What players rise to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelTiers {
    /// The days whose points decide.
    pub window: ModelWindow,
    /// The levels, lowest first.
    pub levels: Vec<ModelLevel>,
    /// So many days a level is kept that is not qualified for.
    pub grace: Option<i64>,
}

/// The days whose points decide about a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ModelWindow {
    /// So many, today included.
    Rolling(i64),
    Month,
    Quarter,
    Year,
}

/// A level.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the program's document, by name")]
pub struct ModelLevel {
    pub name: String,
    pub from: i64,
    pub multiplier: Option<u64>,
}

/// What changes for a while, where all that is said holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the program's document, by name")]
pub struct ModelPromotion {
    pub name: String,
    pub from: Option<i64>,
    pub to: Option<i64>,
    pub every: Option<ModelEvery>,
    pub jurisdictions: Vec<String>,
    pub condition: Option<ModelCondition>,
    pub multiply: Option<u64>,
    pub bonus: Option<i64>,
    pub budget: Option<ModelBudget>,
}

/// Times that come again; what is empty restricts nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelEvery {
    /// Days of the week; 0 is Monday.
    pub days: Vec<i64>,
    /// Minutes of the day: from the one on, before the other, which is on the next day if it is not later.
    pub hours: Vec<(i64, i64)>,
    /// Dates.
    pub dates: Vec<ModelDate>,
}

/// Dates that come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelDate {
    /// A day of every month.
    Monthly(i64),
    /// The last day of every month.
    Last,
    /// A month and its day in every year.
    Yearly(usize, i64),
}

/// A time zone: its name, and its offsets from UTC in seconds, each with the moment from which it
/// holds. The first also holds before its moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the type says it")]
pub struct ModelZone {
    pub name: String,
    pub offsets: Vec<(i64, i32)>,
}

/// What counts and what it earns.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the program's document, by name")]
pub struct ModelRules {
    pub enabled: bool,
    pub categories: Vec<String>,
    pub min_wager: u128,
    pub segments_allow: Vec<String>,
    pub segments_deny: Vec<String>,
    pub players_deny: Vec<String>,
    /// `where`: what must be true of a wager.
    pub condition: Option<ModelCondition>,
    pub multipliers: BTreeMap<String, u64>,
    pub games: BTreeMap<String, u64>,
    pub rounding: ModelRounding,
    pub caps_per_day: Vec<i64>,
}

/// A jurisdiction's own words, merged over the rules as RFC 7396 says: what is `None` is not said,
/// lists replace, and a multiplier of `None` (null) takes one away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the program's document, by name")]
pub struct ModelOverrides {
    pub enabled: Option<bool>,
    pub categories: Option<Vec<String>>,
    pub min_wager: Option<u128>,
    pub segments_allow: Option<Vec<String>>,
    pub segments_deny: Option<Vec<String>>,
    pub players_deny: Option<Vec<String>>,
    pub condition: Option<ModelCondition>,
    pub multipliers: BTreeMap<String, Option<u64>>,
    pub games: BTreeMap<String, Option<u64>>,
    pub rounding: Option<ModelRounding>,
    pub caps_per_day: Option<Vec<i64>>,
}

impl ModelEvent {
    /// The player whose partition the event is in; none for a claim and for bytes that are no event.
    pub fn player_id(&self) -> Option<&str> {
        match self {
            Self::Wager(wager) => Some(&wager.player_id),
            Self::Void(void) => Some(&void.player_id),
            Self::Game(event) => Some(&event.player_id),
            Self::Consent(command) => Some(&command.player_id),
            Self::Claim(_) | Self::Malformed => None,
        }
    }

    /// The event's own time, which a command has not.
    pub fn timestamp(&self) -> Option<i64> {
        match self {
            Self::Wager(wager) => Some(wager.timestamp),
            Self::Void(void) => Some(void.timestamp),
            Self::Game(event) => Some(event.timestamp),
            Self::Consent(_) | Self::Claim(_) | Self::Malformed => None,
        }
    }

    /// Whether tournaments can count it, or take back what they counted.
    pub fn is_scored(&self) -> bool {
        matches!(self, Self::Wager(_) | Self::Void(_) | Self::Game(_))
    }

    /// Gives the event another time; a command has none.
    pub fn set_timestamp(&mut self, at: i64) {
        match self {
            Self::Wager(wager) => wager.timestamp = at,
            Self::Void(void) => void.timestamp = at,
            Self::Game(event) => event.timestamp = at,
            Self::Consent(_) | Self::Claim(_) | Self::Malformed => {}
        }
    }
}

impl ModelRules {
    /// These rules with a jurisdiction's own words merged over them.
    #[must_use]
    pub fn merged(&self, overrides: &ModelOverrides) -> Self {
        let list =
            |own: &Option<Vec<String>>, base: &Vec<String>| own.as_ref().unwrap_or(base).clone();
        Self {
            enabled: overrides.enabled.unwrap_or(self.enabled),
            categories: list(&overrides.categories, &self.categories),
            min_wager: overrides.min_wager.unwrap_or(self.min_wager),
            segments_allow: list(&overrides.segments_allow, &self.segments_allow),
            segments_deny: list(&overrides.segments_deny, &self.segments_deny),
            players_deny: list(&overrides.players_deny, &self.players_deny),
            condition: overrides.condition.as_ref().or(self.condition.as_ref()).cloned(),
            multipliers: merged_map(&self.multipliers, &overrides.multipliers),
            games: merged_map(&self.games, &overrides.games),
            rounding: overrides.rounding.unwrap_or(self.rounding),
            caps_per_day: overrides.caps_per_day.as_ref().unwrap_or(&self.caps_per_day).clone(),
        }
    }
}

fn merged_map(
    base: &BTreeMap<String, u64>,
    overrides: &BTreeMap<String, Option<u64>>,
) -> BTreeMap<String, u64> {
    let mut merged = base.clone();
    for (name, value) in overrides {
        match value {
            Some(value) => merged.insert(name.clone(), *value),
            None => merged.remove(name),
        };
    }
    merged
}

impl ModelPromotion {
    /// Whether it holds for a wager of `at` in a jurisdiction, where clocks are those of `zone`.
    pub fn holds(&self, at: i64, jurisdiction: &str, zone: &ModelZone) -> bool {
        let is_there = || self.jurisdictions.iter().any(|name| name == jurisdiction);
        self.from.is_none_or(|from| from <= at)
            && self.to.is_none_or(|to| at < to)
            && (self.jurisdictions.is_empty() || is_there())
            && self.every.as_ref().is_none_or(|every| every.holds(zone.day(at), zone.minute(at)))
    }
}

impl ModelEvery {
    fn holds(&self, day: i64, minute: i64) -> bool {
        if self.hours.is_empty() {
            return self.is_day(day);
        }
        let began_today = |(from, to): &(i64, i64)| *from <= minute && (minute < *to || to <= from);
        let began_yesterday = |(from, to): &(i64, i64)| to <= from && minute < *to;
        (self.hours.iter().any(began_today) && self.is_day(day))
            || (self.hours.iter().any(began_yesterday) && self.is_day(day - 1))
    }

    fn is_day(&self, day: i64) -> bool {
        (self.days.is_empty() || self.days.contains(&weekday(day)))
            && (self.dates.is_empty() || self.dates.iter().any(|date| date.is(day)))
    }
}

impl ModelDate {
    fn is(self, day: i64) -> bool {
        let (_, month, of_month) = date(day);
        match self {
            Self::Monthly(wanted) => of_month == wanted,
            Self::Last => date(day + 1).2 == 1,
            Self::Yearly(in_month, wanted) => (month, of_month) == (in_month, wanted),
        }
    }
}

impl ModelZone {
    /// The calendar day at `at`, counted from 1970-01-01.
    pub fn day(&self, at: i64) -> i64 {
        self.wall_clock(at).div_euclid(86_400_000_000)
    }

    /// The minute of the day at `at`.
    pub fn minute(&self, at: i64) -> i64 {
        self.wall_clock(at).rem_euclid(86_400_000_000) / 60_000_000
    }

    fn wall_clock(&self, at: i64) -> i64 {
        let began = self.offsets.iter().rfind(|(from, _)| *from <= at);
        let offset_s = began.or(self.offsets.first()).map_or(0, |(_, offset)| *offset);
        at + i64::from(offset_s) * 1_000_000
    }
}
