//! The rules in force: settings, operators and their programs, after a number of control records.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use accolade_domain::outcome::{Declined, Outcome};
use accolade_domain::program::{Program, Versions};
use accolade_domain::time::{HOUR_MICROS, Timestamp, ZoneOffsets};
use accolade_wire::control::{Control, Unread};
use accolade_wire::identity::HashKey;
use accolade_wire::program;

/// The newest behaviour that this release knows: it decides by any from the first to this one.
pub const BEHAVIOUR: u16 = 1;
/// What a log begins with.
const BEHAVIOUR_FIRST: u16 = 1;

/// A control record that a newer release knows: whoever folds it stands there until he is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// What is not known.
    pub what: UnknownWhat,
    /// The newest behaviour that is.
    pub known: u16,
}

/// What a release does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnknownWhat {
    /// A control record, by its name.
    Control(Box<str>),
    /// A behaviour, by its number.
    Behaviour(u16),
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            UnknownWhat::Control(name) => write!(f, "the control record `{name:.64}`")?,
            UnknownWhat::Behaviour(number) => write!(f, "behaviour {number}")?,
        }
        let Self { known, .. } = self;
        write!(
            f,
            " is not known to this release, which knows behaviours {BEHAVIOUR_FIRST} to {known}: start a \
             newer one"
        )
    }
}

impl std::error::Error for Unknown {}

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
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// How many control records these rules come after.
    pub applied: u64,
    /// What genesis fixed.
    pub settings: Settings,
    operators: BTreeMap<Box<str>, Arc<Operator>>,
    last: Option<Arc<Applied>>,
}

/// A control record that was applied, and the one before it.
#[derive(Debug)]
struct Applied {
    time: Timestamp,
    body: Box<[u8]>,
    before: Option<Arc<Applied>>,
}

/// What genesis fixed for ever.
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
#[derive(Debug, Clone)]
pub struct Operator {
    /// 1, 2, 3, … in the order of arrival.
    pub number: u32,
    /// The operator's name in events.
    pub id: Box<str>,
    /// SHA-256 of its API key, in hexadecimal.
    pub key_hash: Box<str>,
    /// Most events a second that it may send; 0 for no limit.
    pub events_per_second: u32,
    /// Its programs.
    pub versions: Versions<Arc<Published>>,
}

/// One version of a program with what is known about its publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The program, ready to decide.
    pub program: Program,
    /// The document, as canonical JSON.
    pub document: Box<str>,
    /// The version that it was edited from; 0 for the first.
    pub edited_from: u32,
    /// Why, in the editor's words.
    pub why: Box<str>,
    /// Who published it.
    pub who: Box<str>,
    /// When.
    pub published_at: Timestamp,
}

impl Rules {
    /// The operator called `id`.
    pub fn operator(&self, id: &str) -> Option<&Arc<Operator>> {
        self.operators.get(id)
    }

    /// All operators, by name.
    pub fn operators(&self) -> impl Iterator<Item = &Arc<Operator>> {
        self.operators.values()
    }

    /// The rules after one more control record, and what became of it.
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
        let before = next.last.take();
        next.last = Some(Arc::new(Applied { time, body: body.into(), before }));
        let outcome = match Control::read(body) {
            Ok(control) => next.apply(control, time, known),
            Err(Unread::Malformed) => Err(Declined::Malformed.into()),
            Err(Unread::Unknown(name)) => Err(Not::Unknown(UnknownWhat::Control(name.into()))),
        };
        match outcome {
            Ok(made) => Ok((next, Outcome::Done { made })),
            Err(Not::Declined(why)) => {
                let unchanged = Self { applied: next.applied, last: next.last, ..self.clone() };
                Ok((unchanged, Outcome::Declined { why }))
            }
            Err(Not::Unknown(what)) => Err(Unknown { what, known }),
        }
    }

    /// The control records after the first `number`, oldest first: number, time and body of each.
    pub fn controls_after(&self, number: u64) -> Vec<(u64, Timestamp, Vec<u8>)> {
        let mut controls = Vec::new();
        let (mut at, mut link) = (self.applied, self.last.as_ref());
        while let Some(applied) = link.filter(|_| at > number) {
            controls.push((at, applied.time, applied.body.to_vec()));
            (at, link) = (at - 1, applied.before.as_ref());
        }
        controls.reverse();
        controls
    }

    fn apply(&mut self, control: Control, time: Timestamp, known: u16) -> Result<u64, Not> {
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
                let hash_key = HashKey(hex_16(&hash_key).ok_or(Declined::Malformed)?);
                let cluster_id = cluster_id.into();
                self.settings = Settings {
                    cluster_id,
                    partitions,
                    hash_key,
                    behaviour,
                    window_hours,
                    recent_hours,
                };
                Ok(0)
            }
            Control::Operator { operator, key_hash, events_per_second } => {
                if self.operators.contains_key(&*operator) {
                    return Err(Declined::OperatorExists.into());
                }
                let number = u32::try_from(self.operators.len() + 1).expect("fewer than 2^32");
                let id: Box<str> = operator.into();
                let (key_hash, versions) = (key_hash.into(), Versions::new());
                let added =
                    Operator { number, id: id.clone(), key_hash, events_per_second, versions };
                self.operators.insert(id, Arc::new(added));
                Ok(u64::from(number))
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
                let operator = self.operator_mut(&operator)?;
                if operator.versions.latest() != edited_from {
                    return Err(Declined::Stale.into());
                }
                let zone = ZoneOffsets(
                    zone.into_iter()
                        .map(|(from, offset)| (Timestamp::from_micros(from), offset))
                        .collect(),
                );
                let program = program::read(&document)
                    .and_then(|document| program::compile(&document, zone))
                    .map_err(|_| Declined::Malformed)?;
                let published = Published {
                    program,
                    document: document.into(),
                    edited_from,
                    why: why.into(),
                    who: who.into(),
                    published_at: Timestamp::from_micros(published_at),
                };
                let from = Timestamp::from_micros(effective_from);
                Ok(u64::from(operator.versions.publish(from, Arc::new(published))))
            }
            Control::Withdraw { operator, version, .. } => {
                let operator = self.operator_mut(&operator)?;
                if operator.versions.withdraw(version, time) {
                    Ok(u64::from(version))
                } else {
                    Err(Declined::NotScheduled.into())
                }
            }
            Control::Skip { .. } => Ok(0),
            Control::Behaviour { number } => {
                is_known(number)?;
                if number <= self.settings.behaviour {
                    return Err(Declined::BehaviourPassed.into());
                }
                self.settings.behaviour = number;
                Ok(u64::from(number))
            }
        }
    }

    fn operator_mut(&mut self, id: &str) -> Result<&mut Operator, Declined> {
        self.operators.get_mut(id).map(Arc::make_mut).ok_or(Declined::OperatorUnknown)
    }
}

fn hex_16(text: &str) -> Option<[u8; 16]> {
    if text.len() != 32 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 16];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// The rules that partitions of one node stand at, so that each control record is carried out once
/// for all of them.
#[derive(Debug)]
pub struct RulesHistory {
    recent: Mutex<BTreeMap<u64, (Arc<Rules>, Outcome)>>,
    known: u16,
}

impl Default for RulesHistory {
    fn default() -> Self {
        Self::knowing(BEHAVIOUR)
    }
}

/// Partitions seldom stand more control records apart than this; if they do, one is carried out again.
const HISTORY_MAX: usize = 64;

impl RulesHistory {
    /// For a fold that knows the behaviours up to `known`.
    pub const fn knowing(known: u16) -> Self {
        Self { recent: Mutex::new(BTreeMap::new()), known }
    }

    /// The rules after the control record `body`, which follows `before`. After [`Unknown`] nothing was
    /// applied, and the partition stands.
    pub fn after(
        &self,
        before: &Rules,
        body: &[u8],
        time: Timestamp,
    ) -> Result<(Arc<Rules>, Outcome), Unknown> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((rules, outcome)) = recent.get(&(before.applied + 1)) {
            return Ok((Arc::clone(rules), outcome.clone()));
        }
        let (rules, outcome) = before.after(body, time, self.known)?;
        let rules = Arc::new(rules);
        recent.insert(rules.applied, (Arc::clone(&rules), outcome.clone()));
        if recent.len() > HISTORY_MAX {
            recent.pop_first();
        }
        Ok((rules, outcome))
    }
}
