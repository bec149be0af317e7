//! The notice of a game event that was counted: what there is of the player's events with it.

use accolade_domain::time::Timestamp;

use crate::bytes::{BadFormat, Cursor, put_text, put_varint};

/// The kind of an [`EventCounted`].
pub const EVENT_COUNTED: u16 = 9;

const FORMAT: u8 = 1;

/// A game event was counted. Numbers are absolute, so that whoever follows may hear of them again, and needs no event
/// that the log does not have any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventCounted {
    /// How many events of the player were counted, with this one.
    pub total: u64,
    /// The event's type, and how many of it there were; `None` where the type is not counted by itself.
    pub of_type: Option<(Box<str>, u64)>,
    /// When it happened, by the event's own time.
    pub at: Timestamp,
}

impl EventCounted {
    /// `format u8 · total · u8, [type · count] · at i64`, the type behind a byte that says whether it is there.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { total, of_type, at } = self;
        let mut out = vec![FORMAT];
        put_varint(&mut out, *total);
        out.push(u8::from(of_type.is_some()));
        if let Some((name, count)) = of_type {
            put_text(&mut out, name);
            put_varint(&mut out, *count);
        }
        out.extend_from_slice(&at.micros().to_le_bytes());
        out
    }

    /// Reads what [`EventCounted::to_bytes`] wrote.
    pub fn read(bytes: &[u8]) -> Result<Self, BadFormat> {
        let mut cursor = Cursor::new(bytes, "notice of an event that was counted");
        cursor.format(FORMAT)?;
        let total = cursor.varint()?;
        let of_type = match cursor.u8()? {
            0 => None,
            _ => Some((cursor.text()?.into(), cursor.varint()?)),
        };
        Ok(Self { total, of_type, at: Timestamp::from_micros(cursor.i64()?) })
    }
}
