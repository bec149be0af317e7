//! Who an input is: the hash of its id, the hash of its content, and the partition of its player.

use std::fmt;
use std::hash::Hasher;

use accolade_domain::event::{Event, GameEvent, Void, Wager};
use siphasher::sip::SipHasher13;
use siphasher::sip128::{Hasher128, SipHasher13 as SipHasher13x128};

#[cfg(feature = "contract")]
use crate::dialect::trial;
use crate::json::Broken;
use crate::json::by_value::{self, END};
use crate::problem::Problem;

/// The key of all hashes of a cluster, from its genesis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashKey(pub [u8; 16]);

/// What an id identifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    /// A wager.
    Wager = 1,
    /// The void of a wager, by the wager's id.
    Void = 2,
    /// A game event.
    GameEvent = 3,
    /// A command.
    Command = 4,
}

/// The keyed hash of an id within an operator; the player is left out, so that an id alone can be
/// asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdHash(pub [u64; 2]);

/// The hash of what an input says, with the version of the list of fields that it is made of: the
/// version in the highest 8 bits, 56 bits of the hash below.
///
/// A release that hashes other fields, or hashes them in another way, has a new version and keeps the
/// old ones for as long as an id may have been stored with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content(pub u64);

const VERSION_AT: u32 = 56;

impl Content {
    /// The newest version that this release knows; by which one inputs are hashed says the dialect.
    pub const NEWEST: u8 = 1;

    const fn new(version: u8, hash: u64) -> Self {
        Self((version as u64) << VERSION_AT | hash & ((1 << VERSION_AT) - 1))
    }

    /// The version of the list of fields.
    pub const fn version(self) -> u8 {
        self.0.to_le_bytes()[7]
    }

    /// Whether `earlier` is the content of the same input; `hash` hashes that of `self` by another
    /// version of the list.
    pub fn is_same(
        self,
        earlier: Self,
        hash: impl FnOnce(u8) -> Result<Self, NoContent>,
    ) -> Result<bool, NoContent> {
        let own = match earlier.version() {
            version if version == self.version() => self,
            version => hash(version)?,
        };
        Ok(own == earlier)
    }
}

/// Why there is no content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoContent {
    /// A version of the list of fields that this release does not know.
    UnknownVersion(u8),
    /// The body of a command is no JSON.
    NotJson(Problem),
}

impl fmt::Display for NoContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownVersion(version) => write!(
                f,
                "an id was stored with version `{version}` of the list of fields that make a content; \
                 this release knows version `{}`, a newer one may know it",
                Content::NEWEST
            ),
            Self::NotJson(problem) => problem.fmt(f),
        }
    }
}

impl std::error::Error for NoContent {}

impl HashKey {
    /// The hash of `id` (SipHash-1-3, 128 bits).
    pub fn id(&self, operator: &str, kind: IdKind, id: &str) -> IdHash {
        let mut hasher = SipHasher13x128::new_with_key(&self.0);
        hasher.write(operator.as_bytes());
        hasher.write(&[END, kind as u8]);
        hasher.write(id.as_bytes());
        let hash = hasher.finish128();
        IdHash([hash.h1, hash.h2])
    }

    /// The hash of a player's name (SipHash-1-3, 64 bits).
    pub fn player(&self, player: &str) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.0);
        hasher.write(player.as_bytes());
        hasher.finish()
    }

    /// The content of an event by a version of the list of fields.
    pub fn content(&self, version: u8, event: &Event<'_>) -> Result<Content, NoContent> {
        match version {
            1 => Ok(Content::new(1, self.event_1(event))),
            #[cfg(feature = "contract")]
            trial::CONTENT => Ok(Content::new(version, !self.event_1(event))),
            version => Err(NoContent::UnknownVersion(version)),
        }
    }

    /// The content of a command by a version of the list of fields.
    pub fn command(&self, version: u8, body: &str) -> Result<Content, NoContent> {
        let by_value = || {
            let hashed = self.command_1(body);
            hashed.map_err(|broken| NoContent::NotJson(broken.problem(body.as_bytes(), "")))
        };
        match version {
            1 => Ok(Content::new(1, by_value()?)),
            #[cfg(feature = "contract")]
            trial::CONTENT => Ok(Content::new(version, !by_value()?)),
            version => Err(NoContent::UnknownVersion(version)),
        }
    }

    /// Version 1: the known business fields, all by value, absent fields as such; no timestamps, no
    /// outbox numbering, no void's reason.
    fn event_1(&self, event: &Event<'_>) -> u64 {
        let hasher = SipHasher13::new_with_key(&self.0);
        let mut fields = Fields(hasher);
        match event {
            Event::Wager(wager) => wager_fields(wager, &mut fields),
            Event::Void(Void { wager_id, player_id, operator_id, reason: _, at: _ }) => {
                fields.text(wager_id);
                fields.text(player_id);
                fields.text(operator_id);
            }
            Event::Game(GameEvent { event_id, event_type, player_id, game_id, at: _, data }) => {
                fields.text(event_id);
                fields.text(event_type);
                fields.text(player_id);
                fields.text(game_id);
                match data {
                    Some(data) => by_value::put(data, &hasher, &mut fields.0)
                        .expect("an event's data was read with it"),
                    None => fields.0.write(&[ABSENT]),
                }
            }
        }
        fields.0.finish()
    }

    /// Version 1: the whole body, by value.
    fn command_1(&self, body: &str) -> Result<u64, Broken> {
        let hasher = SipHasher13::new_with_key(&self.0);
        let mut content = hasher;
        by_value::put(body, &hasher, &mut content)?;
        Ok(content.finish())
    }
}

fn wager_fields(wager: &Wager<'_>, fields: &mut Fields) {
    fields.text(&wager.wager_id);
    fields.text(&wager.player_id);
    fields.text(&wager.operator_id);
    fields.text(&wager.game_id);
    fields.text(&wager.game_category);
    fields.0.write(&wager.stake.atto().to_le_bytes());
    fields
        .0
        .write(&wager.win.map_or(u128::MAX, accolade_domain::amount::Amount::atto).to_le_bytes());
    fields.text(&wager.currency);
    fields.optional(wager.segment.as_deref());
    fields.text(&wager.jurisdiction);
}

/// No byte of UTF-8, and not [`END`].
const ABSENT: u8 = 0xfe;

struct Fields(SipHasher13);

impl Fields {
    fn text(&mut self, text: &str) {
        self.0.write(text.as_bytes());
        self.0.write(&[END]);
    }

    fn optional(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.0.write(&[ABSENT]),
        }
    }
}

/// The partition of a player: Kafka's murmur2 of the name, as the JVM's default partitioner
/// computes it (`org.apache.kafka.common.utils.Utils#murmur2`).
pub fn partition_of(player: &str, partitions: u16) -> u16 {
    let positive = murmur2(player.as_bytes()) & 0x7fff_ffff;
    u16::try_from(positive % u32::from(partitions)).expect("below a number of 16 bits")
}

fn murmur2(data: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let mut hash = SEED ^ length;
    let mut chunks = data.chunks_exact(4);
    for chunk in &mut chunks {
        let word = u32::from_le_bytes(chunk.try_into().expect("a chunk has four bytes"));
        let word = word.wrapping_mul(M);
        let word = (word ^ (word >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ word;
    }
    let tail = chunks.remainder();
    if !tail.is_empty() {
        let word = tail.iter().rev().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        hash = (hash ^ word).wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of `org.apache.kafka.common.utils.UtilsTest#testMurmur2`.
    #[test]
    fn murmur2_is_that_of_kafka() {
        for (text, expected) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(text.as_bytes()).cast_signed(), expected, "{text}");
        }
    }
}
