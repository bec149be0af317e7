//! The rules in force: settings, operators and their programs, after a number of control records.
//!
//! They are persistent maps: what a control record makes shares everything else with what was before,
//! and nothing is ever taken away. Each part says by which control record it came, so that the rules
//! after any earlier number can be made from the newest.

pub mod budgets;
pub mod keys;
pub mod pauses;
pub mod rewards;
pub mod tournaments;
pub mod webhooks;

mod earlier;
mod history;
mod lazy;
mod snapshot;
mod unknown;

use std::sync::Arc;

use accolade_domain::outcome::{Declined, Outcome};
use accolade_domain::program::{VersionEntry, Versions};
use accolade_domain::time::{HOUR_MICROS, Timestamp, ZoneOffsets};
use accolade_wire::control::{Control, NewKey, Unread};
use accolade_wire::dialect::Dialect;
use accolade_wire::hex::from_hex;
use accolade_wire::identity::HashKey;
use rpds::RedBlackTreeMapSync;

pub use self::history::RulesHistory;
use self::keys::{FirstKey, Keys, Revocation, Rotation};
pub use self::lazy::LazyProgram;
use self::pauses::{Pause, Pauses};
use self::rewards::Rewards;
pub use self::snapshot::{Restoring, Snapshot};
use self::tournaments::Tournaments;
pub use self::unknown::{Unknown, UnknownWhat};
use self::webhooks::{Webhook, Webhooks};
use crate::apply::Following;
use crate::tables::deliveries::WebhookKey;

/// The newest behaviour that this release knows: it decides by any from the first to this one.
pub const BEHAVIOUR: u16 = 2;
/// The first that there was, by which a log is read up to its genesis.
const BEHAVIOUR_FIRST: u16 = 1;

/// Why a control record changes nothing.
enum Not {
    Declined(Declined),
    Unknown(UnknownWhat),
}

impl From<Declined> for Not {
    fn from(why: Declined) -> Self {
        Self::Declined(why)
    }
}

/// Everything that control records have set so far. Never changed, only succeeded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// How many control records these rules come after.
    pub applied: u64,
    /// What genesis fixed, and the behaviour.
    pub settings: Settings,
    /// Which behaviours were switched on, the first by genesis.
    behaviours: Vec<(Since, u16)>,
    /// The key that the first start has printed.
    first_key: Option<Arc<FirstKey>>,
    operators: RedBlackTreeMapSync<Box<str>, Arc<Operator>>,
    names: RedBlackTreeMapSync<u32, Box<str>>,
}

/// The control record by which something came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Since {
    /// 1, 2, 3, … among all control records.
    pub control: u64,
    /// When the record was taken in.
    pub time: Timestamp,
}

/// Something that control records say again and again, as it was from one of them on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said<T> {
    /// What it was.
    pub terms: Arc<T>,
    /// How that came.
    pub since: Since,
}

/// What genesis fixed for ever, and the behaviour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The cluster's random id.
    pub cluster_id: Box<str>,
    /// How many partitions there are.
    pub partitions: u16,
    /// Key of all hashes.
    pub hash_key: HashKey,
    /// How the fold decides.
    pub behaviour: u16,
    /// Hours of event time in which a repeat with its own timestamp is found.
    pub window_hours: u16,
    /// Hours before the batch's time in which a re-stamped repeat is found.
    pub recent_hours: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cluster_id: "".into(),
            partitions: 0,
            hash_key: HashKey([0; 16]),
            behaviour: BEHAVIOUR_FIRST,
            window_hours: 168,
            recent_hours: 24,
        }
    }
}

impl Settings {
    /// The window in microseconds.
    pub fn window_micros(&self) -> i64 {
        i64::from(self.window_hours) * HOUR_MICROS
    }
}

/// An operator and its programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// 1, 2, 3, … in the order of arrival.
    pub number: u32,
    /// The operator's name in events.
    pub id: Box<str>,
    /// Hash of the key that it was added with, in hexadecimal.
    pub key_hash: Box<str>,
    /// Its keys, that one among them.
    pub keys: Keys,
    /// When it was paused.
    pub pauses: Pauses,
    /// Where it is told of what happens.
    pub webhooks: Webhooks,
    /// What its players' points are redeemed for.
    pub rewards: Rewards,
    /// Where its players' events count.
    pub tournaments: Tournaments,
    /// Most events a second that it may send; 0 for no limit.
    pub events_per_second: u32,
    /// Its programs.
    pub versions: Versions<Arc<Published>>,
    /// How it came.
    pub since: Since,
    /// Versions that shall not begin.
    pub withdrawals: RedBlackTreeMapSync<u32, Arc<Withdrawal>>,
    /// The number of the last control record that changed anything of it.
    changed: u64,
}

/// One version of an operator's programs.
pub type Version = VersionEntry<Arc<Published>>;

/// One version of a program with what is known about its publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The program, with its document.
    pub program: Arc<LazyProgram>,
    /// The version that it was edited from; 0 for the first.
    pub edited_from: u32,
    /// Why, in the editor's words.
    pub why: Box<str>,
    /// Who published it.
    pub who: Box<str>,
    /// When.
    pub published_at: Timestamp,
    /// How it came.
    pub since: Since,
}

/// That a scheduled version shall not begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Why, in the editor's words.
    pub why: Box<str>,
    /// Who withdrew it.
    pub who: Box<str>,
    /// How it came.
    pub since: Since,
}

impl Rules {
    /// The operator called `id`.
    pub fn operator(&self, id: &str) -> Option<&Arc<Operator>> {
        self.operators.get(id)
    }

    /// The version that the last control record has published, where it was one that did.
    pub fn just_published(&self) -> Option<(&Operator, &Version)> {
        self.operators().find_map(|operator| {
            let latest = operator.versions.get(operator.versions.latest())?;
            (latest.program.since.control == self.applied).then_some((&**operator, latest))
        })
    }

    /// The webhook that the last control record has made or ended, where it was one that did.
    pub fn webhook_just_said(&self) -> Option<(WebhookKey, Following)> {
        let is_it = |webhook: &&Arc<Webhook>| webhook.changed().control == self.applied;
        let mut changed = self.operators().filter(|operator| operator.changed == self.applied);
        let (operator, webhook) = changed.find_map(|operator| {
            operator.webhooks.all().find(is_it).map(|webhook| (operator.number, webhook))
        })?;
        let key = WebhookKey { operator, webhook: webhook.number };
        match (webhook.terms().deleted, webhook.said().len()) {
            (true, _) => Some((key, Following::Ends)),
            (false, 1) => Some((key, Following::Begins)),
            (false, _) => None,
        }
    }

    /// The operator with a number.
    pub fn operator_numbered(&self, number: u32) -> Option<&Arc<Operator>> {
        self.operator(self.names.get(&number)?)
    }

    /// The key that the first start has printed, where it opens anything still: until there is an operator.
    pub fn first_key(&self) -> Option<&FirstKey> {
        self.first_key.as_deref().filter(|_| self.names.is_empty())
    }

    /// Whether a first start has made its key; there is never another.
    pub const fn has_had_first_key(&self) -> bool {
        self.first_key.is_some()
    }

    /// From when on the fold has decided by a behaviour, or a later one; `None` where it does not yet.
    pub fn decides_by_since(&self, behaviour: u16) -> Option<Timestamp> {
        let since = self.behaviours.iter().find(|(_, number)| *number >= behaviour);
        since.map(|(since, _)| since.time)
    }

    /// Says so where the behaviour in force is beyond `known`.
    pub fn check_known(&self, known: u16) -> Result<(), Unknown> {
        let behaviour = self.settings.behaviour;
        if behaviour > known {
            return Err(Unknown { what: UnknownWhat::Behaviour(behaviour), known });
        }
        Ok(())
    }

    /// All operators, by name.
    pub fn operators(&self) -> impl Iterator<Item = &Arc<Operator>> {
        self.operators.values()
    }

    /// The rules after one more control record, which is read in the dialect of the behaviour in force, and
    /// what became of it.
    ///
    /// `time` is when the record was taken in: batches that order it differ in theirs from partition to
    /// partition. `skip` changes no rule: the driver has acted on it. `known` is the newest behaviour that
    /// there is code for; what is beyond it is [`Unknown`], and nothing may be folded after it.
    pub fn after(
        &self,
        body: &[u8],
        time: Timestamp,
        known: u16,
    ) -> Result<(Self, Outcome), Unknown> {
        let mut next = self.clone();
        next.applied += 1;
        let since = Since { control: next.applied, time };
        let dialect = Dialect::of(self.settings.behaviour);
        let outcome = match (dialect.control)(body) {
            Ok(control) => next.apply(control, since, known),
            Err(Unread::Malformed) => Err(Declined::Malformed.into()),
            Err(Unread::Unknown(name)) => Err(Not::Unknown(UnknownWhat::Control(name.into()))),
        };
        match outcome {
            Ok(made) => Ok((next, Outcome::Done { made })),
            Err(Not::Declined(why)) => {
                let unchanged = Self { applied: next.applied, ..self.clone() };
                Ok((unchanged, Outcome::Declined { why }))
            }
            Err(Not::Unknown(what)) => Err(Unknown { what, known }),
        }
    }

    fn apply(&mut self, control: Control, since: Since, known: u16) -> Result<u64, Not> {
        let is_known = |behaviour| match behaviour {
            0 => Err(Declined::Malformed.into()),
            number if number > known => Err(Not::Unknown(UnknownWhat::Behaviour(number))),
            _ => Ok(()),
        };
        match control {
            Control::Genesis {
                cluster_id,
                partitions,
                hash_key,
                behaviour,
                window_hours,
                recent_hours,
            } => {
                // Two nodes may begin a cluster at the same time: the first record counts.
                if self.settings.partitions != 0 {
                    return Err(Declined::Stale.into());
                }
                is_known(behaviour)?;
                if partitions == 0 {
                    return Err(Declined::Malformed.into());
                }
                let hash_key = HashKey(from_hex(&hash_key).ok_or(Declined::Malformed)?);
                let cluster_id = cluster_id.into();
                self.settings = Settings {
                    cluster_id,
                    partitions,
                    hash_key,
                    behaviour,
                    window_hours,
                    recent_hours,
                };
                self.behaviours.push((since, behaviour));
                Ok(0)
            }
            Control::Operator { operator, key_hash, events_per_second } => {
                Ok(self.add_new(operator, key_hash, events_per_second, since)?)
            }
            Control::FirstKey { secret_hash, until, who } => {
                if !self.names.is_empty() {
                    return Err(Declined::OperatorExists.into());
                }
                if self.has_had_first_key() {
                    return Err(Declined::KeyExists.into());
                }
                let (secret_hash, who) = (secret_hash.into(), who.into());
                let until = Timestamp::from_micros(until);
                let key = FirstKey { secret_hash, until, who, since };
                if !key.is_well_formed() {
                    return Err(Declined::Malformed.into());
                }
                self.first_key = Some(Arc::new(key));
                Ok(0)
            }
            Control::FirstOperator { operator, key_hash, events_per_second } => {
                if !self.names.is_empty() {
                    return Err(Declined::OperatorExists.into());
                }
                Ok(self.add_new(operator, key_hash, events_per_second, since)?)
            }
            Control::Publish {
                operator,
                edited_from,
                effective_from,
                why,
                who,
                published_at,
                document,
                zone,
            } => {
                let mut operator = self.operator_known(&operator)?;
                if operator.versions.latest() != edited_from {
                    return Err(Declined::Stale.into());
                }
                let zone = ZoneOffsets(
                    zone.into_iter()
                        .map(|(from, offset)| (Timestamp::from_micros(from), offset))
                        .collect(),
                );
                let program = LazyProgram::new(document.into(), zone, self.settings.behaviour);
                if !program.is_valid() {
                    return Err(Declined::Malformed.into());
                }
                let published = Published {
                    program: Arc::new(program),
                    edited_from,
                    why: why.into(),
                    who: who.into(),
                    published_at: Timestamp::from_micros(published_at),
                    since,
                };
                let from = Timestamp::from_micros(effective_from);
                let number = operator.publish(from, Arc::new(published));
                self.put(operator);
                Ok(u64::from(number))
            }
            Control::Withdraw { operator, version, why, who } => {
                let mut operator = self.operator_known(&operator)?;
                let withdrawal = Withdrawal { why: why.into(), who: who.into(), since };
                if !operator.withdraw(version, Arc::new(withdrawal)) {
                    return Err(Declined::NotScheduled.into());
                }
                self.put(operator);
                Ok(u64::from(version))
            }
            Control::Skip { .. } => Ok(0),
            Control::Behaviour { number } => {
                is_known(number)?;
                if self.behaviours.is_empty() {
                    return Err(Declined::Malformed.into());
                }
                if number <= self.settings.behaviour {
                    return Err(Declined::BehaviourPassed.into());
                }
                self.settings.behaviour = number;
                self.behaviours.push((since, number));
                Ok(u64::from(number))
            }
            Control::Key(terms) => {
                let mut operator = self.operator_known(&terms.operator)?;
                let number = operator.keys.make(terms, since)?;
                Ok(self.put_changed(operator, since, number))
            }
            Control::RotateKey { operator, id, rotation, secret_hash, old_until, who } => {
                let mut operator = self.operator_known(&operator)?;
                let rotation = Rotation {
                    id: rotation.into(),
                    secret_hash: secret_hash.into(),
                    old_until: Timestamp::from_micros(old_until),
                    who: who.into(),
                    since,
                };
                let number = operator.keys.rotate(&id, rotation)?;
                Ok(self.put_changed(operator, since, number))
            }
            Control::RevokeKey { operator, id, who } => {
                let mut operator = self.operator_known(&operator)?;
                let number = operator.keys.revoke(&id, Revocation { who: who.into(), since })?;
                Ok(self.put_changed(operator, since, number))
            }
            Control::Pause { operator, why, who } => self.pause(&operator, true, why, who, since),
            Control::Resume { operator, who } => {
                self.pause(&operator, false, String::new(), who, since)
            }
            Control::Webhook(terms) => {
                let mut operator = self.operator_known(&terms.operator)?;
                let number = operator.webhooks.say(terms, since)?;
                Ok(self.put_changed(operator, since, number))
            }
            Control::Reward(terms) => {
                let mut operator = self.operator_known(&terms.operator)?;
                let number = operator.rewards.say(terms, since)?;
                Ok(self.put_changed(operator, since, number))
            }
            Control::Tournament(terms) => {
                let mut operator = self.operator_known(&terms.operator)?;
                let number = operator.tournaments.say(terms, since)?;
                Ok(self.put_changed(operator, since, number))
            }
        }
    }

    /// Pauses an operator or lets it go on; nothing where it is so already.
    fn pause(
        &mut self,
        operator: &str,
        is_paused: bool,
        why: String,
        who: String,
        since: Since,
    ) -> Result<u64, Not> {
        let mut operator = self.operator_known(operator)?;
        if operator.pauses.is_paused() == is_paused {
            return Ok(0);
        }
        let (why, who) = (why.into(), who.into());
        let number = operator.pauses.add(Arc::new(Pause { is_paused, why, who, since }));
        Ok(self.put_changed(operator, since, number))
    }

    /// The operator, to be changed and put back.
    fn operator_known(&self, id: &str) -> Result<Operator, Declined> {
        self.operator(id).map(|operator| (**operator).clone()).ok_or(Declined::OperatorUnknown)
    }

    /// Adds an operator of a name that none has, and returns its number.
    fn add_new(
        &mut self,
        operator: String,
        key_hash: String,
        events_per_second: u32,
        since: Since,
    ) -> Result<u64, Declined> {
        if self.operators.contains_key(&*operator) {
            return Err(Declined::OperatorExists);
        }
        let number = u32::try_from(self.names.size() + 1).expect("fewer than 2^32");
        let (operator, key_hash) = (operator.into(), key_hash.into());
        self.add(Operator::new(number, operator, key_hash, events_per_second, since));
        Ok(u64::from(number))
    }

    fn add(&mut self, operator: Operator) {
        self.names.insert_mut(operator.number, operator.id.clone());
        self.put(operator);
    }

    /// Puts an operator back of which something was made, and returns its number.
    fn put_changed(&mut self, mut operator: Operator, since: Since, made: u32) -> u64 {
        operator.changed = since.control;
        self.put(operator);
        u64::from(made)
    }

    fn put(&mut self, operator: Operator) {
        self.operators.insert_mut(operator.id.clone(), Arc::new(operator));
    }
}

impl Operator {
    fn new(
        number: u32,
        id: Box<str>,
        key_hash: Box<str>,
        events_per_second: u32,
        since: Since,
    ) -> Self {
        let mut keys = Keys::default();
        if !key_hash.is_empty() {
            keys.add(first_key(&id, &key_hash), since);
        }
        Self {
            number,
            id,
            key_hash,
            keys,
            pauses: Pauses::default(),
            webhooks: Webhooks::default(),
            rewards: Rewards::default(),
            tournaments: Tournaments::default(),
            events_per_second,
            versions: Versions::new(),
            since,
            withdrawals: RedBlackTreeMapSync::new_sync(),
            changed: since.control,
        }
    }

    fn publish(&mut self, effective_from: Timestamp, published: Arc<Published>) -> u32 {
        self.changed = self.changed.max(published.since.control);
        self.versions.publish(effective_from, published)
    }

    fn withdraw(&mut self, version: u32, withdrawal: Arc<Withdrawal>) -> bool {
        let since = withdrawal.since;
        let is_scheduled = self.versions.withdraw(version, since.time);
        if is_scheduled {
            self.changed = self.changed.max(since.control);
            self.withdrawals.insert_mut(version, withdrawal);
        }
        is_scheduled
    }
}

/// The key that an operator is added with: it may do everything for it.
fn first_key(operator: &str, secret_hash: &str) -> NewKey {
    NewKey {
        operator: operator.into(),
        id: keys::FIRST.into(),
        name: keys::FIRST.into(),
        roles: vec![keys::ROLES[0].into()],
        secret_hash: secret_hash.into(),
        until: None,
        networks: Vec::new(),
        event_types: Vec::new(),
        origins: Vec::new(),
        player: None,
        who: "whoever added the operator".into(),
    }
}
