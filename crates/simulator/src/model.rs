//! Loyalty as the rule book says it, written to be believed: maps, lists and long multiplication.
//!
//! It is the judge of the real system and shares no code with it. It keeps everything for ever and
//! looks at all of it; what the real system may forget, the model leaves out by its hour.

use std::collections::{BTreeMap, BTreeSet};

use crate::digits::Digits;
use crate::input::{
    ModelCommand, ModelEvent, ModelProgram, ModelRight, ModelRow, ModelVoid, ModelVoids, ModelWager,
};

pub mod budgets;
pub mod forecasts;
pub mod letters;
pub mod lots;
pub mod messages;
pub mod positions;
pub mod prizes;
mod promoting;
pub mod requests;
pub mod rewards;
pub mod signals;
pub mod statistics;
pub mod tiers;
pub mod tournaments;

use budgets::{ModelGifts, ModelPart, ModelShare, Rests};
use forecasts::ModelForecast;
use letters::ModelLetter;
use lots::{ModelExpiring, ModelLots, ModelMoved, ModelTaken};
use messages::ModelMessage;
use prizes::ModelPrizeMove;
use promoting::{Promoted, bare, promoted, take_capped};
use requests::{ModelAdjustment, ModelExclusion, ModelRedemption, ModelRedemptionMove};
use rewards::Catalogue;
use signals::{ModelRaised, ModelSignalMove, ModelWatched};
use statistics::ModelStatistics;
use tiers::{ModelMove, ModelPassages, ModelTier};
use tournaments::{Contests, ModelScoredLine, ModelScores};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
/// The greatest number of points in an entry or an account: 10^15, in hundredths.
pub const POINTS_MAX: i64 = 100_000_000_000_000_000;

/// How far the log looks back and ahead, in microseconds.
#[derive(Debug, Clone, Copy)]
pub struct WindowSettings {
    /// An event older than this is too late.
    pub window_micros: i64,
    /// A repeat with another timestamp is found for so long.
    pub restamp_micros: i64,
    /// An event further ahead than this is in the future.
    pub ahead_micros: i64,
}

impl Default for WindowSettings {
    fn default() -> Self {
        Self { window_micros: 7 * 24 * HOUR, restamp_micros: 24 * HOUR, ahead_micros: 120_000_000 }
    }
}

/// One record at its place in the log.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The partition.
    pub partition: u16,
    /// Batch and slot within the partition.
    pub place: (u64, u32),
    /// The operator that the record came from.
    pub operator: &'a str,
    /// What it says.
    pub event: &'a ModelEvent,
    /// Which message of which partition it is, if it is one: it is taken in once.
    pub message: Option<(u16, u64)>,
    /// It is a dead letter that was released: its age does not count, and all hours are asked.
    pub is_released: bool,
}

/// One command about dead letters at its place in the log.
#[derive(Debug, Clone, Copy)]
pub struct CommandInput<'a> {
    /// The partition.
    pub partition: u16,
    /// Batch and slot within the partition.
    pub place: (u64, u32),
    /// The operator that the command came from.
    pub operator: &'a str,
    /// What it says.
    pub command: &'a ModelCommand,
}

/// What must have become of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// What became of it.
    pub outcome: ModelOutcome,
    /// Why it was refused, or is a dead letter.
    pub reason: Option<&'static str>,
    /// What the balance changed by.
    pub points: i64,
    /// The player's balance after it; `None` where the record never got as far as an account.
    pub balance: Option<i64>,
    /// The program version that decided, where one did.
    pub version: Option<u32>,
    /// Where the first occurrence stands, of a record that repeats it.
    pub first: Option<(u64, u32)>,
    /// What changed the points of a wager that counted.
    pub parts: Option<ModelParts>,
    /// What budgets gave and lacked of a wager that counted.
    pub gifts: ModelGifts,
    /// The number of what a command has made; 0 for nothing.
    pub made: u64,
}

/// What changed the points of a wager that counted, beyond its own multiplier and its currency's rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelParts {
    /// The promotions that counted: bit 0 is the first of the document.
    pub promotions: u64,
    /// What they multiply by together: its digits, and how many of them are decimals; no zeros at the end.
    pub multiply: (u128, usize),
    /// What they add together.
    pub bonus: i64,
    /// What the budgets of those lacked that counted.
    pub cut: i64,
    /// The player's level among those of the version that judged, and its multiplier.
    pub tier: Option<(usize, u64)>,
}

/// What can become of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModelOutcome {
    /// It counted.
    Counted,
    /// A rule said no.
    Refused,
    /// The same input came before.
    Repeated,
    /// A void that was carried out, or that waits for its wager.
    Voided,
    /// It could not be processed.
    DeadLetter,
}

/// What became of a new version of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// It has this number.
    Accepted(u32),
    /// It was edited from another version than the latest.
    Stale,
    /// It has what the behaviour does not know.
    Unknown,
    /// No such operator.
    OperatorUnknown,
}

/// One player's account with one operator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelAccount {
    /// The sum of all entries.
    pub balance: i64,
    /// Everything that changed the balance, in order.
    pub entries: Vec<ModelEntry>,
    /// Whether the player said to take part, or not to.
    pub takes_part: Option<bool>,
    /// Where the player stands, where there are tiers.
    pub tier: Option<ModelTier>,
    /// Every other level that the player got, in order.
    pub moves: Vec<ModelMove>,
    /// Which points there are; none under behaviour 1.
    pub lots: ModelLots,
    /// How often what became of its level.
    pub passages: ModelPassages,
    /// Its number among those of its partition.
    pub ordinal: u32,
    /// What was reserved, by batch and slot.
    pub redemptions: BTreeMap<(u64, u32), ModelRedemption>,
    /// What has become of redemptions, in order.
    pub redemption_moves: Vec<ModelRedemptionMove>,
    /// What people have changed, or have asked for, by batch and slot.
    pub adjustments: BTreeMap<(u64, u32), ModelAdjustment>,
    /// The exclusion that holds, or has been.
    pub exclusion: Option<ModelExclusion>,
    /// What was found of its wagers, by the batch and slot where it stands.
    pub signals: BTreeMap<(u64, u32), ModelRaised>,
    /// What has become of that, in order.
    pub signal_moves: Vec<ModelSignalMove>,
    /// Which points were to expire next, in order.
    pub forecasts: Vec<ModelForecast>,
    /// What budgets gave to the player, by the promotion's name.
    pub given: BTreeMap<String, ModelPart>,
    /// What is remembered of its wagers for that.
    pub watched: Option<ModelWatched>,
    /// What was counted of its game events.
    pub statistics: ModelStatistics,
    /// What its events count in tournaments, by their numbers.
    pub scores: BTreeMap<u32, ModelScores>,
    /// What events and voids have changed of that, in order.
    pub scored: Vec<Vec<ModelScoredLine>>,
    /// The same with what came after the close, of those in which something did, by how often it had been settled again then.
    pub late: BTreeMap<(u32, u32), ModelScores>,
    /// What each event has changed after the close.
    pub scored_late: Vec<Vec<ModelScoredLine>>,
    /// What has become of its places in tournaments, in order.
    pub prize_moves: Vec<ModelPrizeMove>,
    /// Whether a balance of the system before was taken over.
    pub is_opened: bool,
    /// Whether a window ever had more points than there can be.
    pub is_overfull: bool,
    partition: u16,
    /// What a redemption that has ended gives back to its stock: numbers and ids of rewards.
    returned: Vec<(u32, String)>,
    /// When anybody last asked.
    asked_at: Option<i64>,
    /// When it was last changed.
    changed_at: i64,
    /// Whether its points lie in lots.
    has_lots: bool,
    /// The version that was in force when anybody last asked; 0 for none.
    version: u32,
    /// How many of those that nobody has asked for it has been asked for.
    asked: usize,
    /// What was earned on each day.
    earned_on: BTreeMap<i64, i64>,
    /// What has expired and has no entry yet, of which so many stand for themselves.
    expiring: Vec<ModelExpiring>,
    apart: usize,
}

/// One line of an account's ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelEntry {
    /// 1, 2, 3, …
    pub sequence: u64,
    /// `earned`, `voided`, `expired`, `redeemed`, `adjusted`, `opening` or `prize`.
    pub kind: &'static str,
    /// The change.
    pub points: i64,
    /// The balance after it.
    pub balance_after: i64,
    /// The wager, the request or the command that caused it; empty where time did.
    pub wager_id: String,
    /// When: the event's own time, that at which points expired, or the batch's.
    pub at: i64,
    /// The version that decided; 0 for none.
    pub version: u32,
    /// Which lots it has changed.
    pub moved: ModelMoved,
}

/// All operators, programs, ids and accounts.
#[derive(Debug, Clone, Default)]
pub struct Model {
    window: WindowSettings,
    faulty_stake: Option<u128>,
    /// The behaviour that was switched on last.
    behaviour: u16,
    /// Behaviour 1 decides the batch that is being folded: only what a cap held for counts on its day, and nobody has
    /// a level.
    is_first: bool,
    /// Versions that were published or withdrawn since the last batch of behaviour 2 began, each with its operator and
    /// the latest number then: nobody has asked which is in force.
    unasked: Vec<(String, u32)>,
    batch_times: BTreeMap<u16, i64>,
    operators: BTreeMap<String, Vec<Version>>,
    rights: BTreeMap<String, ModelRights>,
    occurrences: BTreeMap<Identity, Vec<Occurrence>>,
    /// Voids that came before their wager, by operator, player and wager: partition, and the
    /// moment from which each holds no more.
    waiting_voids: BTreeMap<(String, String, String), (u16, i64)>,
    accounts: BTreeMap<(String, String), ModelAccount>,
    catalogue: Catalogue,
    contests: Contests,
    told_positions: positions::ToldPositions,
    /// The shares of budgets here, by operator and promotion.
    shares: BTreeMap<(String, String), ModelShare>,
    letters: BTreeMap<(u16, u64, u32), ModelLetter>,
    /// What records have sent, by their place.
    messages: BTreeMap<(u16, u64, u32), Vec<ModelMessage>>,
    /// Messages that were taken in: by whom, of whom, which.
    received: BTreeSet<(u16, u16, u64)>,
}

/// Keys of an operator, and whether it is paused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelRights {
    /// Its keys in the order in which they came, but for the one that it was added with.
    pub keys: Vec<ModelKey>,
    /// Whether it is paused.
    pub is_paused: bool,
    changes: u64,
}

/// A key of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelKey {
    /// Its name.
    pub name: u64,
    /// The names of its rotations.
    pub rotations: Vec<u64>,
    /// Whether it opens nothing any more.
    pub is_revoked: bool,
}

#[derive(Debug, Clone)]
struct Version {
    number: u32,
    effective_from: i64,
    withdrawn: bool,
    program: ModelProgram,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    operator: String,
    player: String,
    kind: &'static str,
    id: String,
}

#[derive(Debug, Clone)]
struct Occurrence {
    place: (u64, u32),
    hour: i64,
    content: Vec<Option<String>>,
    earned: Option<Earned>,
    gifts: ModelGifts,
}

#[derive(Debug, Clone, Copy)]
struct Earned {
    points: i64,
    day: i64,
    /// Its month, and when it can be spent; nothing under behaviour 1.
    lot: Option<(i64, Option<i64>)>,
    /// Whether they count on their day.
    counts: bool,
    version: u32,
    parts: ModelParts,
}

enum Judged {
    Counted(Earned, Box<ModelGifts>),
    Refused(&'static str, Option<u32>),
    DeadLetter(&'static str),
}

impl Model {
    /// A model of an empty log.
    pub fn new(window: WindowSettings) -> Self {
        Self { window, behaviour: 2, ..Self::default() }
    }

    /// Decides as a behaviour does; as the newest unless told.
    #[must_use]
    pub fn under(self, behaviour: u16) -> Self {
        Self { behaviour, ..self }
    }

    /// Wagers of exactly this stake make the rules fail, and are skipped.
    #[must_use]
    pub fn with_faulty_stake(self, stake: u128) -> Self {
        Self { faulty_stake: Some(stake), ..self }
    }

    /// A batch of `partition` begins, ordered at `time`: what has had its time is forgotten.
    pub fn batch(&mut self, partition: u16, time: i64) {
        self.is_first = self.behaviour < 2;
        let before = self.batch_times.insert(partition, time);
        assert!(before.is_none_or(|before| before <= time), "the log's time never goes back");
        if let Some(before) = before {
            self.live(partition, before, time);
        }
        self.waiting_voids.retain(|_, (of, until)| *of != partition || *until > time);
        self.letters.retain(|(of, ..), letter| *of != partition || letter.until > time);
    }

    /// An operator is known from here on: its number, or nothing if it was known before.
    pub fn operator_added(&mut self, name: &str) -> Option<u64> {
        if self.operators.contains_key(name) {
            return None;
        }
        self.operators.insert(name.to_owned(), Vec::new());
        Some(self.operators.len() as u64)
    }

    /// An operator publishes a version that was edited from version `expected` (0 for none).
    pub fn program_published(
        &mut self,
        operator: &str,
        effective_from: i64,
        program: ModelProgram,
        expected: u32,
    ) -> Published {
        let Some(versions) = self.operators.get_mut(operator) else {
            return Published::OperatorUnknown;
        };
        let latest = versions.last().map_or(0, |version| version.number);
        if expected != latest {
            return Published::Stale;
        }
        if self.behaviour < 2 && program.is_of_second() {
            return Published::Unknown;
        }
        let number = latest + 1;
        versions.push(Version { number, effective_from, withdrawn: false, program });
        self.unasked.push((operator.to_owned(), number));
        Published::Accepted(number)
    }

    /// An operator withdraws a version at `time`; whether there was one that had not begun.
    pub fn version_withdrawn(&mut self, operator: &str, number: u32, time: i64) -> bool {
        let mut versions = self.operators.get_mut(operator).into_iter().flatten();
        let scheduled = |version: &&mut Version| {
            version.number == number && !version.withdrawn && version.effective_from > time
        };
        let Some(version) = versions.find(scheduled) else { return false };
        version.withdrawn = true;
        self.unasked.push((operator.to_owned(), self.latest_version(operator)));
        true
    }

    /// Another behaviour is switched on: documents are read by it at once, and from the next batch on it decides. Its
    /// number, or nothing if it has been passed.
    pub fn behaviour_switched(&mut self, number: u16) -> Option<u64> {
        if number <= self.behaviour {
            return None;
        }
        self.behaviour = number;
        Some(number.into())
    }

    /// Something becomes of an operator's keys, or of itself: what the record makes, or nothing where it is
    /// declined.
    pub fn right_changed(&mut self, operator: &str, right: &ModelRight) -> Option<u64> {
        if !self.operators.contains_key(operator) {
            return None;
        }
        let ModelRights { keys, is_paused, changes } =
            self.rights.entry(operator.to_owned()).or_default();
        // The key that the operator was added with is the first.
        let mut open = (2_u64..).zip(keys.iter_mut()).filter(|(_, key)| !key.is_revoked);
        match right {
            ModelRight::Key(name) => {
                if keys.iter().any(|key| key.name == *name) {
                    return None;
                }
                keys.push(ModelKey { name: *name, rotations: Vec::new(), is_revoked: false });
                Some(keys.len() as u64 + 1)
            }
            ModelRight::Rotate(name, rotation) => {
                let (number, key) = open.find(|(_, key)| key.name == *name)?;
                if key.rotations.contains(rotation) {
                    return None;
                }
                key.rotations.push(*rotation);
                Some(number)
            }
            ModelRight::Revoke(name) => {
                let (number, key) = open.find(|(_, key)| key.name == *name)?;
                key.is_revoked = true;
                Some(number)
            }
            ModelRight::Pause(pauses) => {
                if is_paused == pauses {
                    return Some(0);
                }
                *is_paused = *pauses;
                *changes += 1;
                Some(*changes)
            }
        }
    }

    /// Keys and pauses of an operator.
    pub fn rights(&self, operator: &str) -> ModelRights {
        self.rights.get(operator).cloned().unwrap_or_default()
    }

    /// The number of an operator's latest version; 0 for none.
    pub fn latest_version(&self, operator: &str) -> u32 {
        let versions = self.operators.get(operator);
        versions.and_then(|versions| versions.last()).map_or(0, |version| version.number)
    }

    /// What an operator's program says at a moment, where there is one.
    pub fn program_at(&self, operator: &str, at: i64) -> Option<&ModelProgram> {
        let versions = self.operators.get(operator)?;
        Some(&tiers::in_force(versions, at)?.program)
    }

    /// All accounts, by operator and player.
    pub fn accounts(&self) -> &BTreeMap<(String, String), ModelAccount> {
        &self.accounts
    }

    /// All operators, by name.
    pub fn operators(&self) -> impl Iterator<Item = &str> {
        self.operators.keys().map(String::as_str)
    }

    /// Whether an operator is there.
    pub fn knows(&self, operator: &str) -> bool {
        self.operators.contains_key(operator)
    }

    /// Whether accounts have lots.
    pub const fn has_lots(&self) -> bool {
        !self.is_first
    }

    /// Whether a request that comes now is read by a behaviour that knows it: nobody has an operator before the log
    /// has said by which it decides.
    pub fn knows_requests(&self) -> bool {
        self.has_lots() && !self.operators.is_empty()
    }

    /// Folds one record in and says what must become of it.
    pub fn record(&mut self, input: &Input<'_>) -> Expected {
        if let Some((from, number)) = input.message
            && !self.received.insert((input.partition, from, number))
        {
            return refused("received_before", None, None);
        }
        let expected = self.decide(input);
        // A command that conflicts with another is declined, and no dead letter.
        let is_command = matches!(input.event, ModelEvent::Consent(_) | ModelEvent::Claim(_));
        if expected.outcome == ModelOutcome::DeadLetter && !is_command {
            self.keep_letter(input, expected.reason.expect("a dead letter has a reason"));
        }
        expected
    }

    fn decide(&mut self, input: &Input<'_>) -> Expected {
        let now =
            *self.batch_times.get(&input.partition).expect("a batch began before its records");
        let event = input.event;
        let Some(identity) = identity(input.operator, event) else {
            return dead_letter("malformed");
        };
        // A claim is for what belongs to no operator, too.
        let is_claim = matches!(event, ModelEvent::Claim(_));
        if !is_claim && !self.operators.contains_key(&identity.operator) {
            return refused("operator_unknown", None, None);
        }
        if let Some(at) = event.timestamp() {
            if at > now + self.window.ahead_micros {
                return dead_letter("in_future");
            }
            if at < now - self.window.window_micros && !input.is_released {
                return dead_letter("too_late");
            }
        }
        let key = (identity.operator.clone(), identity.player.clone());
        self.ask_account(&key, now);
        let balance = self.accounts.get(&key).map(|account| account.balance);
        let hour = hour_of(event.timestamp().unwrap_or(now));
        let content = content(event);
        let first = match event {
            ModelEvent::Void(_) => self.find(&identity, |_| true),
            _ if input.is_released => self.find(&identity, |_| true),
            _ => self.find(&identity, |asked| self.is_asked(asked, hour, now)),
        };
        if let Some(first) = first {
            if first.content != content {
                return dead_letter("id_conflict");
            }
            let first = Some(first.place);
            return Expected { first, ..expected(ModelOutcome::Repeated, balance) };
        }
        if !is_claim {
            self.open_account(&key, input.partition, now);
        }
        let before = self.accounts.get(&key).map(ModelAccount::changes);
        let (mut earned, mut gifts) = (None, ModelGifts::default());
        let result = match event {
            ModelEvent::Wager(wager) => match self.judge(wager, &key, now) {
                Judged::DeadLetter(reason) => {
                    if balance.is_none() {
                        self.accounts.remove(&key);
                    }
                    return dead_letter(reason);
                }
                Judged::Refused(reason, version) => {
                    refused(reason, version, Some(balance.unwrap_or(0)))
                }
                Judged::Counted(found, given) => {
                    gifts = *given;
                    self.charge(&key, found.version, &gifts, now);
                    let sight = self.look(&key, wager, found.points, now);
                    let debt = self.accounts.get(&key).map_or(0, |account| account.lots.debt);
                    let goes = sight.as_ref().map_or(found, |sight| sight.hold(found, debt));
                    earned = (goes.points > 0).then_some(goes);
                    let expected = Expected { gifts, ..self.earn(&key, wager, goes) };
                    if let (Some(sight), Some(account)) = (sight, self.accounts.get_mut(&key)) {
                        let lot = (found.points, found.lot);
                        account.raise(input.place, wager, sight, lot, now);
                    }
                    expected
                }
            },
            ModelEvent::Void(void) => match self.take_back(input.partition, &key, void, now) {
                Some(voided) => voided,
                None => return dead_letter("out_of_range"),
            },
            ModelEvent::Game(game) => {
                self.give(input, game);
                if let Some(account) = self.accounts.get_mut(&key).filter(|_| !self.is_first) {
                    account.count_event(game);
                }
                expected(ModelOutcome::Counted, Some(balance.unwrap_or(0)))
            }
            ModelEvent::Consent(command) => {
                let account = self.accounts.entry(key.clone()).or_default();
                account.takes_part = Some(command.takes_part);
                expected(ModelOutcome::Counted, Some(account.balance))
            }
            ModelEvent::Claim(_) => expected(ModelOutcome::Counted, None),
            ModelEvent::Malformed => unreachable!("it has no identity"),
        };
        if let Some(account) = self.accounts.get_mut(&key)
            && (matches!(event, ModelEvent::Consent(_)) || Some(account.changes()) != before)
        {
            account.changed_at = now;
        }
        if event.is_scored() {
            self.score(input, &identity);
        }
        let occurrence = Occurrence { place: input.place, hour, content, earned, gifts };
        self.occurrences.entry(identity).or_default().push(occurrence);
        result
    }

    /// Brings an account to a moment, if there is one.
    fn ask_account(&mut self, key: &(String, String), now: i64) {
        if !self.is_first
            && let Some(account) = self.accounts.get_mut(key)
        {
            let versions = &self.operators[&key.0];
            account.ask_in_turn(&key.0, versions, &self.unasked, now);
            account.ask(versions, now);
            account.enter_expired();
        }
    }

    /// Opens an account, where there is none.
    fn open_account(&mut self, key: &(String, String), partition: u16, now: i64) {
        if self.accounts.contains_key(key) {
            return;
        }
        let others = self.accounts.values().filter(|other| other.partition == partition).count();
        let ordinal = u32::try_from(others).expect("few");
        let account = ModelAccount { ordinal, partition, ..ModelAccount::default() };
        let account = self.accounts.entry(key.clone()).or_insert(account);
        if !self.is_first {
            account.asked = self.unasked.len();
            account.ask(&self.operators[&key.0], now);
            account.enter_expired();
        }
    }

    /// The newest occurrence among those whose hour is asked.
    fn find(&self, identity: &Identity, is_asked: impl Fn(i64) -> bool) -> Option<&Occurrence> {
        let occurrences = self.occurrences.get(identity)?.iter();
        occurrences.filter(|occurrence| is_asked(occurrence.hour)).max_by_key(|found| found.place)
    }

    /// The hours asked for a repeat of an event: the last day, and the event's own neighbourhood.
    fn is_asked(&self, hour: i64, own: i64, now: i64) -> bool {
        let oldest = hour_of(now - self.window.restamp_micros);
        let newest = hour_of(now) + 1;
        (oldest <= hour && hour <= newest) || (own - 1 <= hour && hour <= own + 1)
    }

    /// The version whose rules hold at `at`: the latest to begin, the later one on a tie.
    fn version_at(&self, operator: &str, at: i64) -> Option<&Version> {
        tiers::in_force(&self.operators[operator], at)
    }

    fn judge(&self, wager: &ModelWager, key: &(String, String), now: i64) -> Judged {
        if self.accounts.get(key).is_some_and(|account| account.is_excluded(now)) {
            return Judged::Refused("self_excluded", None);
        }
        let waiting = (key.0.clone(), key.1.clone(), wager.wager_id.clone());
        if self.waiting_voids.contains_key(&waiting) {
            return Judged::Refused("voided", None);
        }
        let Some(version) = self.version_at(&key.0, wager.timestamp) else {
            return Judged::Refused("no_program", None);
        };
        if self.faulty_stake == Some(wager.wager_amount) {
            return Judged::DeadLetter("skipped");
        }
        let oldest = now - self.window.window_micros;
        let account = self.accounts.get(key);
        let level = account.and_then(|account| account.level(&self.operators[&key.0]));
        let rests = self.rests(&key.0, &version.program, account, now);
        let judged = ladder(version, wager, account, level.as_deref(), oldest, &rests);
        match (judged, account) {
            (Judged::Counted(Earned { points, day, .. }, _), Some(account))
                if !account.has_room(&self.operators[&key.0], day, points) =>
            {
                Judged::DeadLetter("out_of_range")
            }
            (Judged::Counted(earned, gifts), _) if !self.is_first => {
                let lot = Some(lots::lot_of(&version.program, earned.day, now));
                Judged::Counted(Earned { counts: true, lot, ..earned }, gifts)
            }
            (judged, _) => judged,
        }
    }

    fn earn(&mut self, key: &(String, String), wager: &ModelWager, earned: Earned) -> Expected {
        let account = self.accounts.entry(key.clone()).or_default();
        if earned.points > 0 {
            if earned.counts {
                account.count(&self.operators[&key.0], earned.day, earned.points);
            }
            let moved = earned.lot.map(|lot| account.lots.earn(lot, earned.day, earned.points));
            account.enter(ModelEntry {
                kind: "earned",
                points: earned.points,
                wager_id: wager.wager_id.clone(),
                at: wager.timestamp,
                version: earned.version,
                moved: moved.unwrap_or_default(),
                ..ModelEntry::default()
            });
        }
        Expected {
            points: earned.points,
            version: Some(earned.version),
            parts: Some(earned.parts),
            ..expected(ModelOutcome::Counted, Some(account.balance))
        }
    }

    /// Takes back what a wager has given; nothing where the balance would be lower than there can be.
    fn take_back(
        &mut self,
        partition: u16,
        key: &(String, String),
        void: &ModelVoid,
        now: i64,
    ) -> Option<Expected> {
        let (operator, player) = key.clone();
        let wager = Identity { operator, player, kind: "wager", id: void.wager_id.clone() };
        let original = self.find(&wager, |_| true);
        let (found, earned) =
            (original.is_some(), original.and_then(|it| Some((it.place, it.earned?, it.gifts))));
        let applies = self.version_at(&key.0, void.timestamp);
        let version = applies.map(|version| version.number);
        let voids = applies.map_or(ModelVoids::Unlimited, |version| version.program.voids);
        let (has_lots, oldest) = (self.has_lots(), now - self.window.window_micros);
        let account = self.accounts.entry(key.clone()).or_default();
        if !found {
            let waiting = (wager.operator, wager.player, wager.id);
            let until = void.timestamp.max(now) + self.window.window_micros + 1;
            self.waiting_voids.insert(waiting, (partition, until));
        }
        let mut taken = 0;
        let mut back = None;
        if let Some((place, earned, gifts)) = earned {
            let mut lots = account.lots.clone();
            let (own, left) = account.left_of(place, &earned);
            let from = has_lots.then(|| lots.take(own, left, voids, now));
            taken = match voids {
                _ if has_lots => from.as_ref().map_or(0, ModelTaken::points),
                ModelVoids::Unlimited => earned.points,
                _ => earned.points.min(account.balance.max(0)),
            };
            if account.balance - taken < -POINTS_MAX || !lots.is_in_range() {
                return None;
            }
            // Behaviour 1 gives no room back to a day whose cap nobody asks for any more.
            if earned.counts && (has_lots || !is_too_old_for_cap(earned.day, oldest)) {
                account.count(&self.operators[&key.0], earned.day, -earned.points);
            }
            account.lots = lots;
            account.void_signal(place, taken, now);
            back = Some((earned.version, gifts, earned.points - taken));
            if taken > 0 {
                account.enter(ModelEntry {
                    kind: "voided",
                    points: -taken,
                    wager_id: void.wager_id.clone(),
                    at: void.timestamp,
                    version: version.unwrap_or(0),
                    moved: from.map_or(ModelMoved::Untold, ModelMoved::From),
                    ..ModelEntry::default()
                });
            }
        }
        let (points, balance) = (-taken, Some(account.balance));
        if let Some((version, gifts, kept)) = back {
            self.give_back_to_budgets(key, version, &gifts, kept, now);
        }
        Some(Expected { points, version, ..expected(ModelOutcome::Voided, balance) })
    }
}

impl ModelAccount {
    /// Other than before where anything has been counted.
    fn changes(&self) -> (usize, BTreeMap<i64, i64>) {
        (self.entries.len(), self.earned_on.clone())
    }

    /// The entries up to a number; whatever comes after is due, and time alone causes it.
    pub fn entries_to(&self, sequence: u64) -> &[ModelEntry] {
        let count = usize::try_from(sequence).expect("small").min(self.entries.len());
        let (told, due) = self.entries.split_at(count);
        assert!(due.iter().all(|entry| entry.kind == "expired"), "{due:?} have no entries");
        told
    }

    /// Makes an entry, which has its number and the balance from here.
    fn enter(&mut self, entry: ModelEntry) {
        self.balance += entry.points;
        let (sequence, balance_after) = (self.entries.len() as u64 + 1, self.balance);
        self.entries.push(ModelEntry { sequence, balance_after, ..entry });
    }
}

/// From wager to points, rung by rung. Wagers of `oldest` are the oldest that are not late.
fn ladder(
    version: &Version,
    wager: &ModelWager,
    account: Option<&ModelAccount>,
    level: Option<&str>,
    oldest: i64,
    rests: &Rests,
) -> Judged {
    let program = &version.program;
    let no = |reason| Judged::Refused(reason, Some(version.number));
    if program.is_off {
        return no("mode_off");
    }
    let rules = match program.jurisdictions.get(&wager.jurisdiction) {
        Some(overrides) => program.rules.merged(overrides),
        None => program.rules.clone(),
    };
    if !rules.enabled {
        return no("jurisdiction_disabled");
    }
    let said = account.and_then(|account| account.takes_part);
    if !said.unwrap_or(!program.is_opt_in) {
        return no("no_consent");
    }
    if rules.players_deny.contains(&wager.player_id) {
        return no("player_denied");
    }
    let segment = wager.player_segment.as_ref();
    if segment.is_some_and(|segment| rules.segments_deny.contains(segment)) {
        return no("segment_denied");
    }
    let allowed = segment.is_some_and(|segment| rules.segments_allow.contains(segment));
    if !rules.segments_allow.is_empty() && !allowed {
        return no("segment_not_allowed");
    }
    if !rules.categories.is_empty() && !rules.categories.contains(&wager.game_category) {
        return no("category_not_eligible");
    }
    let rate = match program.rates.get(&wager.currency) {
        _ if wager.currency == program.currency => 100_000_000,
        Some(rate) => *rate,
        None => return no("currency_unsupported"),
    };
    // 18 decimals of the stake and 8 of the rate, against 18 of the minimum.
    let stake = Digits::of(wager.wager_amount).times(&Digits::of(rate.into()));
    if stake < Digits::of(rules.min_wager).shifted_up(8) {
        return no("below_minimum");
    }
    let row = ModelRow { wager, program, zone: &program.zone, rate };
    if rules.condition.as_ref().is_some_and(|condition| condition.holds(row) != Some(true)) {
        return no("not_matched");
    }
    let by_game = rules.games.get(&wager.game_id);
    let by_category = rules.multipliers.get(&wager.game_category);
    let multiplier = by_game.or(by_category).or(rules.multipliers.get("default")).unwrap_or(&0);
    if *multiplier == 0 || rate == 0 {
        return no("zero_multiplier");
    }
    let cap = rules.caps_per_day.iter().min();
    let day = program.zone.day(wager.timestamp);
    if cap.is_some() && is_too_old_for_cap(day, oldest) {
        return no("too_old_for_cap");
    }
    let bare = bare(program, level);
    // All that multiplies, exact and without zeros at the end, then the stake: each has to fit into 256 bits.
    let worth = |parts: &ModelParts| {
        let multiplied = Digits::of(rate.into())
            .times(&Digits::of((*multiplier).into()))
            .times(&Digits::of(parts.tier.map_or(100_000_000, |(_, rate)| rate.into())))
            .times(&Digits::of(parts.multiply.0));
        let (multiplied, decimals) = multiplied.without_zeros(24 + parts.multiply.1);
        let product = multiplied.times(&Digits::of(wager.wager_amount));
        if !multiplied.fits(256) || !product.fits(256) {
            return None;
        }
        // 18 decimals of the stake besides, of which two stay.
        let decimals = decimals + 18;
        let bonus = Digits::of(parts.bonus.unsigned_abs().into()).shifted_up(decimals - 2);
        let points = product.plus(&bonus).shifted_down(decimals - 2, rules.rounding).value()?;
        i64::try_from(points).ok().filter(|points| *points <= POINTS_MAX)
    };
    let Some(Promoted { points, parts, mut gifts }) = promoted(row, bare, &worth, rests) else {
        return Judged::DeadLetter("out_of_range");
    };
    let balance = account.map_or(0, |account| account.balance);
    let used = account.and_then(|account| account.earned_on.get(&day)).unwrap_or(&0);
    let uncapped = points;
    let points = cap.map_or(points, |cap| points.min((cap - used).max(0)));
    take_capped(&mut gifts, uncapped - points);
    if balance + points > POINTS_MAX {
        return Judged::DeadLetter("out_of_range");
    }
    let (counts, lot) = (cap.is_some(), None);
    Judged::Counted(
        Earned { points, day, lot, counts, version: version.number, parts },
        Box::new(gifts),
    )
}

/// A dead letter may be released for 30 days, and a day is over in every zone a day after its end.
const fn is_too_old_for_cap(day: i64, oldest: i64) -> bool {
    (day + 1) * DAY + 31 * DAY <= oldest
}

/// Who an event is; `None` for bytes that are no event. A wager's operator is the one that it names.
fn identity(operator: &str, event: &ModelEvent) -> Option<Identity> {
    let nobody = String::new();
    let (operator, player, kind, id) = match event {
        ModelEvent::Wager(it) => (&*it.operator_id, &it.player_id, "wager", &it.wager_id),
        ModelEvent::Void(it) => (&*it.operator_id, &it.player_id, "void", &it.wager_id),
        ModelEvent::Game(it) => (operator, &it.player_id, "game event", &it.event_id),
        ModelEvent::Consent(it) => (operator, &it.player_id, "command", &it.command_id),
        ModelEvent::Claim(it) => (operator, &nobody, "command", &it.command_id),
        ModelEvent::Malformed => return None,
    };
    Some(Identity { operator: operator.to_owned(), player: player.clone(), kind, id: id.clone() })
}

/// The known business fields beyond the identity, by value.
fn content(event: &ModelEvent) -> Vec<Option<String>> {
    match event {
        ModelEvent::Wager(wager) => vec![
            Some(wager.game_id.clone()),
            Some(wager.game_category.clone()),
            Some(wager.wager_amount.to_string()),
            wager.win_amount.map(|amount| amount.to_string()),
            Some(wager.currency.clone()),
            wager.player_segment.clone(),
            Some(wager.jurisdiction.clone()),
        ],
        ModelEvent::Void(_) | ModelEvent::Malformed => Vec::new(),
        ModelEvent::Game(event) => {
            let data = event.data.as_ref().map(|data| format!("{:?}", data.known()));
            vec![Some(event.event_type.clone()), Some(event.game_id.clone()), data]
        }
        ModelEvent::Consent(command) => vec![Some(command.takes_part.to_string())],
        ModelEvent::Claim(command) => vec![Some(command.request.clone())],
    }
}

fn hour_of(micros: i64) -> i64 {
    micros.div_euclid(HOUR)
}

fn expected(outcome: ModelOutcome, balance: Option<i64>) -> Expected {
    let (reason, version, first, parts) = (None, None, None, None);
    let gifts = ModelGifts::default();
    Expected { outcome, reason, points: 0, balance, version, first, parts, gifts, made: 0 }
}

fn refused(reason: &'static str, version: Option<u32>, balance: Option<i64>) -> Expected {
    Expected { reason: Some(reason), version, ..expected(ModelOutcome::Refused, balance) }
}

fn dead_letter(reason: &'static str) -> Expected {
    Expected { reason: Some(reason), ..expected(ModelOutcome::DeadLetter, None) }
}

#[cfg(test)]
mod tests;
