//! Versions of programs that give players other tiers: from their beginning on, all accounts are gone through.

use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor, put_varint};

use super::Table;
use crate::players::Ordinal;
use crate::rules::Settings;

/// The table of walks.
#[derive(Debug, Default)]
pub struct Walks;

/// A version of an operator's programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WalkKey {
    /// The operator's number.
    pub operator: u32,
    /// The version's.
    pub version: u32,
}

/// How far a walk has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    /// When the version begins.
    pub due: Timestamp,
    /// When it was ordered here.
    pub ordered: Timestamp,
    /// The next account to be looked at.
    pub next: Ordinal,
}

impl Table for Walks {
    type Key = WalkKey;
    type Value = Walk;

    const NAME: &'static str = "walk through the accounts";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &WalkKey) {
        put_varint(out, u64::from(key.operator));
        put_varint(out, u64::from(key.version));
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<WalkKey, BadFormat> {
        Ok(WalkKey { operator: cursor.small()?, version: cursor.small()? })
    }

    fn put_value(out: &mut Vec<u8>, walk: &Walk) {
        for time in [walk.due, walk.ordered] {
            out.extend_from_slice(&time.micros().to_le_bytes());
        }
        put_varint(out, u64::from(walk.next));
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Walk, BadFormat> {
        let [due, ordered] = [cursor.i64()?, cursor.i64()?].map(Timestamp::from_micros);
        Ok(Walk { due, ordered, next: cursor.small()? })
    }

    fn due(_: &WalkKey, walk: &Walk, _: &Settings) -> Option<Timestamp> {
        Some(walk.due)
    }
}
