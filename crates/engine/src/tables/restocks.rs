//! What was put into stocks of rewards and taken out of them, by whom and why.

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor, put_signed, put_text, put_varint};

use super::redemptions::FOUND_MICROS;
use super::stocks::RewardKey;
use super::{Paged, Table};
use crate::rules::Settings;

/// The table of changes of stocks.
#[derive(Debug, Default)]
pub struct Restocks;

/// A change of a stock: the reward, and the record that asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RestockKey {
    /// The reward.
    pub reward: RewardKey,
    /// The record.
    pub place: Place,
}

/// What was put in or taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restock {
    /// How many; taken out where it is below 0.
    pub by: i64,
    /// How many were left then.
    pub left: u64,
    /// When that was.
    pub at: Timestamp,
    /// Who said so.
    pub who: Box<str>,
    /// Why, in words; may be empty.
    pub why: Box<str>,
}

impl RestockKey {
    /// All keys of a reward are from this one on.
    pub fn first_of(reward: RewardKey) -> Self {
        Self { reward, place: Place::default() }
    }
}

impl Table for Restocks {
    type Key = RestockKey;
    type Value = Restock;

    const NAME: &'static str = "change of a stock";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &RestockKey) {
        key.reward.put(out);
        out.extend_from_slice(&key.place.batch.to_be_bytes());
        out.extend_from_slice(&key.place.slot.to_be_bytes());
    }

    fn read_key(cursor: &mut Cursor<'_>, partition: u16) -> Result<RestockKey, BadFormat> {
        let reward = RewardKey::read(cursor)?;
        let batch = u64::from_be_bytes(cursor.array()?);
        let slot = u32::from_be_bytes(cursor.array()?);
        Ok(RestockKey { reward, place: Place { partition, batch, slot, number: 0 } })
    }

    fn put_value(out: &mut Vec<u8>, restock: &Restock) {
        put_signed(out, restock.by);
        put_varint(out, restock.left);
        out.extend_from_slice(&restock.at.micros().to_le_bytes());
        put_text(out, &restock.who);
        put_text(out, &restock.why);
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Restock, BadFormat> {
        let (by, left) = (cursor.signed()?, cursor.varint()?);
        let at = Timestamp::from_micros(cursor.i64()?);
        let (who, why) = (cursor.text()?.into(), cursor.text()?.into());
        Ok(Restock { by, left, at, who, why })
    }
}

impl Paged for Restocks {
    fn ends(_: &RestockKey, value: Option<&Restock>, _: &Settings) -> Option<Timestamp> {
        value.map(|restock| restock.at.plus_micros(FOUND_MICROS))
    }
}
