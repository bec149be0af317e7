//! How many rows of [`letters_by_event`](super::letters_by_event) have ended with their letters at a moment. Each
//! fires as the letter does, and they are counted here, since none of them is in memory.

use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor, put_varint};

use super::Table;
use crate::rules::Settings;

/// The table of ended rows, by when they have ended.
#[derive(Debug, Default)]
pub struct EndedEvents;

impl Table for EndedEvents {
    type Key = Timestamp;
    type Value = u32;

    const NAME: &'static str = "count of ended rows";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, ended: &Timestamp) {
        out.extend_from_slice(&ended.micros().to_le_bytes());
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<Timestamp, BadFormat> {
        Ok(Timestamp::from_micros(cursor.i64()?))
    }

    fn put_value(out: &mut Vec<u8>, count: &u32) {
        put_varint(out, u64::from(*count));
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<u32, BadFormat> {
        cursor.small()
    }

    fn due(ended: &Timestamp, _: &u32, _: &Settings) -> Option<Timestamp> {
        Some(*ended)
    }
}
