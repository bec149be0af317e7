//! How often a player has redeemed a reward, by the day on which it was reserved.
//!
//! Only what is confirmed is counted here, and what is open lies in the reservations: so whatever is given back, by
//! whomever and whenever, needs no row to be changed.

use accolade_domain::time::{Day, Timestamp};
use accolade_wire::bytes::{BadFormat, Cursor, put_varint};

use super::{Paged, Table};
use crate::players::Ordinal;
use crate::rules::Settings;

/// The table of counts.
#[derive(Debug, Default)]
pub struct Redeemed;

/// A player, a reward and a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RedeemedKey {
    /// The player.
    pub player: Ordinal,
    /// The reward's number.
    pub reward: u32,
    /// The day in the zone of the program that was in force.
    pub day: Day,
}

impl Table for Redeemed {
    type Key = RedeemedKey;
    type Value = u32;

    const NAME: &'static str = "count of a player's redemptions of a reward";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &RedeemedKey) {
        out.extend_from_slice(&key.player.to_be_bytes());
        out.extend_from_slice(&key.reward.to_be_bytes());
        // With its sign turned over, days before 1970 come first.
        out.extend_from_slice(&(key.day.0 ^ i32::MIN).to_be_bytes());
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<RedeemedKey, BadFormat> {
        let player = Ordinal::from_be_bytes(cursor.array()?);
        let reward = u32::from_be_bytes(cursor.array()?);
        let day = Day(i32::from_be_bytes(cursor.array()?) ^ i32::MIN);
        Ok(RedeemedKey { player, reward, day })
    }

    fn put_value(out: &mut Vec<u8>, count: &u32) {
        put_varint(out, u64::from(*count));
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<u32, BadFormat> {
        cursor.small()
    }
}

impl Paged for Redeemed {
    /// Never: a reward may be limited for all time.
    fn ends(_: &RedeemedKey, _: Option<&u32>, _: &Settings) -> Option<Timestamp> {
        None
    }
}
