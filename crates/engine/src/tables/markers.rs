//! Voids that came before their wagers: such a wager is refused when it comes.

use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor, put_varint};
use accolade_wire::id_text::{put_id, read_id};

use super::Table;
use crate::rules::Settings;

/// The table of markers; a value is when the marker has stood long enough.
#[derive(Debug, Default)]
pub struct Markers;

/// The wager that a void waits for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MarkerKey {
    /// The operator's number.
    pub operator: u32,
    /// The operator's own name for the player.
    pub player: Box<str>,
    /// The wager.
    pub wager: Box<str>,
}

impl Table for Markers {
    type Key = MarkerKey;
    type Value = Timestamp;

    const NAME: &'static str = "marker";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &MarkerKey) {
        put_varint(out, u64::from(key.operator));
        put_id(out, &key.player);
        put_id(out, &key.wager);
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<MarkerKey, BadFormat> {
        let operator = cursor.small()?;
        Ok(MarkerKey { operator, player: read_id(cursor)?.into(), wager: read_id(cursor)?.into() })
    }

    fn put_value(out: &mut Vec<u8>, until: &Timestamp) {
        out.extend_from_slice(&until.micros().to_le_bytes());
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Timestamp, BadFormat> {
        Ok(Timestamp::from_micros(cursor.i64()?))
    }

    fn due(_: &MarkerKey, until: &Timestamp, _: &Settings) -> Option<Timestamp> {
        Some(*until)
    }
}
