//! Keys of an operator: who may show what, and for how long.
//!
//! A key is never taken away: a rotation adds a secret, and a revocation ends all of them, each with the control
//! record by which it came.

use std::sync::Arc;

use accolade_domain::outcome::Declined;
use accolade_domain::time::Timestamp;
use accolade_wire::control::NewKey;
use rpds::RedBlackTreeMapSync;

use super::Since;

/// The roles that a key may have, by name.
pub const ROLES: [&str; 6] = ["admin", "product", "support", "auditor", "ingest", "player"];
/// The id of the key that an operator is added with.
pub const FIRST: &str = "first";
/// Most keys of an operator that are neither revoked nor over.
pub const LIVE_MAX: usize = 1_000;
/// Most keys that an operator may ever have made.
pub const EVER_MAX: usize = 100_000;
/// Most secrets of one key, ever.
pub const SECRETS_MAX: usize = 1_000;
/// Most networks, origins or types of events of a key.
pub const LISTED_MAX: usize = 100;
/// Greatest length of each of a key's texts in bytes.
pub const TEXT_BYTES_MAX: usize = 256;

/// All keys of an operator, revoked ones too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    all: RedBlackTreeMapSync<u32, Arc<Key>>,
    numbers: RedBlackTreeMapSync<Box<str>, u32>,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// 1, 2, 3, … for each operator.
    pub number: u32,
    /// What it is, with its first secret.
    pub terms: Arc<NewKey>,
    /// How it came.
    pub since: Since,
    /// Its later secrets, oldest first.
    pub rotations: Vec<Rotation>,
    /// That it opens nothing any more.
    pub revoked: Option<Revocation>,
}

/// Another secret of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// Its identity, made at the edge.
    pub id: Box<str>,
    /// Hash of the secret.
    pub secret_hash: Box<str>,
    /// Until when the secrets before it are valid.
    pub old_until: Timestamp,
    /// Who rotated the key.
    pub who: Box<str>,
    /// How it came.
    pub since: Since,
}

/// That a key opens nothing any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// Who revoked it.
    pub who: Box<str>,
    /// How it came.
    pub since: Since,
}

/// The key that the first start prints: it adds the first operator, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstKey {
    /// Hash of its secret.
    pub secret_hash: Box<str>,
    /// Until when it is valid, unless an operator is added before.
    pub until: Timestamp,
    /// Who made it.
    pub who: Box<str>,
    /// How it came.
    pub since: Since,
}

impl FirstKey {
    pub(super) fn is_well_formed(&self) -> bool {
        is_hash(&self.secret_hash) && (1..=TEXT_BYTES_MAX).contains(&self.who.len())
    }
}

impl Keys {
    /// All keys, oldest first.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Key>> {
        self.all.values()
    }

    /// The keys from `number` on.
    pub(super) fn from(&self, number: u32) -> impl Iterator<Item = &Arc<Key>> {
        self.all.range(number..).map(|(_, key)| key)
    }

    /// The key of an id.
    pub fn get(&self, id: &str) -> Option<&Arc<Key>> {
        self.all.get(self.numbers.get(id)?)
    }

    /// Adds a key that was read, which has the next number, or changes one that is there.
    pub(super) fn put(&mut self, key: Key) -> bool {
        let id = &*key.terms.id;
        let is_next = match self.numbers.get(id) {
            Some(number) => *number == key.number,
            None => key.number as usize == self.all.size() + 1,
        };
        self.numbers.insert_mut(id.into(), key.number);
        self.all.insert_mut(key.number, Arc::new(key));
        is_next
    }

    pub(super) fn make(&mut self, terms: NewKey, since: Since) -> Result<u32, Declined> {
        if !is_well_formed(&terms) {
            return Err(Declined::Malformed);
        }
        if self.get(&terms.id).is_some() {
            return Err(Declined::KeyExists);
        }
        let live = self.all().filter(|key| key.is_live(since.time)).take(LIVE_MAX);
        if self.all.size() >= EVER_MAX || live.count() >= LIVE_MAX {
            return Err(Declined::TooManyKeys);
        }
        Ok(self.add(terms, since))
    }

    /// Adds a key whatever it says.
    pub(super) fn add(&mut self, terms: NewKey, since: Since) -> u32 {
        let number = u32::try_from(self.all.size() + 1).expect("there are fewer than 2^32");
        let (terms, rotations) = (Arc::new(terms), Vec::new());
        self.put(Key { number, terms, since, rotations, revoked: None });
        number
    }

    pub(super) fn rotate(&mut self, id: &str, rotation: Rotation) -> Result<u32, Declined> {
        let mut key = self.open(id)?;
        let is_text = |text: &str| (1..=TEXT_BYTES_MAX).contains(&text.len());
        let Rotation { id, secret_hash, who, .. } = &rotation;
        if ![id, who].into_iter().all(|text| is_text(text)) || !is_hash(secret_hash) {
            return Err(Declined::Malformed);
        }
        if key.rotations.iter().any(|earlier| earlier.id == *id) {
            return Err(Declined::KeyExists);
        }
        if key.rotations.len() + 1 >= SECRETS_MAX {
            return Err(Declined::TooManyKeys);
        }
        key.rotations.push(rotation);
        let number = key.number;
        self.put(key);
        Ok(number)
    }

    pub(super) fn revoke(&mut self, id: &str, revocation: Revocation) -> Result<u32, Declined> {
        let mut key = self.open(id)?;
        let number = key.number;
        key.revoked = Some(revocation);
        self.put(key);
        Ok(number)
    }

    /// A key that was not revoked, to be changed and put back.
    fn open(&self, id: &str) -> Result<Key, Declined> {
        let key = self.get(id).filter(|key| key.revoked.is_none());
        key.map(|key| (**key).clone()).ok_or(Declined::NoSuchKey)
    }
}

impl Key {
    /// The number of the last control record that changed anything of it.
    pub(super) fn changed(&self) -> u64 {
        let rotated = self.rotations.last().map_or(0, |rotation| rotation.since.control);
        let revoked = self.revoked.as_ref().map_or(0, |revoked| revoked.since.control);
        self.since.control.max(rotated).max(revoked)
    }

    /// Whether there is more to be told of it than that it came with its operator.
    pub(super) fn is_told_apart(&self, operator_since: Since) -> bool {
        self.changed() != operator_since.control
    }

    /// As it was after the first `number` control records.
    pub(super) fn as_of(&self, number: u64) -> Option<Self> {
        let is_known = |since: Since| since.control <= number;
        let mut earlier = is_known(self.since).then(|| self.clone())?;
        earlier.rotations.retain(|rotation| is_known(rotation.since));
        earlier.revoked = earlier.revoked.filter(|revoked| is_known(revoked.since));
        Some(earlier)
    }

    /// Until when it is valid unless it is revoked; `None` for always.
    pub fn until(&self) -> Option<Timestamp> {
        self.terms.until.map(Timestamp::from_micros)
    }

    /// Whether it is neither revoked nor over.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.until().is_none_or(|until| now < until)
    }

    /// The hashes of its secrets, oldest first, and until when each is valid; none where it was revoked.
    pub fn secrets(&self) -> impl Iterator<Item = (&str, Option<Timestamp>)> {
        let hashes = self.rotations.iter().map(|rotation| &*rotation.secret_hash);
        let hashes = std::iter::once(&*self.terms.secret_hash).chain(hashes);
        let secrets = hashes.enumerate().map(|(at, hash)| {
            let replaced = self.rotations[at..].iter().map(|rotation| rotation.old_until);
            (hash, self.until().into_iter().chain(replaced).min())
        });
        secrets.take(if self.revoked.is_some() { 0 } else { usize::MAX })
    }
}

fn is_well_formed(terms: &NewKey) -> bool {
    let NewKey { operator: _, id, name, roles, secret_hash, until: _, .. } = terms;
    let NewKey { networks, event_types, origins, player, who, .. } = terms;
    let is_text = |text: &String| (1..=TEXT_BYTES_MAX).contains(&text.len());
    let is_list = |list: &Vec<String>| list.len() <= LISTED_MAX && list.iter().all(is_text);
    let is_role = |role: &String| ROLES.contains(&&**role);
    [id, name, who].into_iter().chain(player).all(is_text)
        && [networks, event_types, origins].into_iter().all(is_list)
        && (1..=ROLES.len()).contains(&roles.len())
        && roles.iter().all(is_role)
        && is_hash(secret_hash)
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
