//! Players who are excluded, or were.

use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor, put_text, put_varint};

use super::Table;
use crate::players::Ordinal;

/// The table of exclusions, by player.
#[derive(Debug, Default)]
pub struct Exclusions;

/// From when until when a player is excluded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// Since when.
    pub from: Timestamp,
    /// Until when; for ever without.
    pub until: Option<Timestamp>,
    /// Why, in words; may be empty.
    pub why: Box<str>,
    /// Who said so.
    pub who: Box<str>,
}

impl Exclusion {
    /// Whether it holds at a moment.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// When it ends; the last moment for never.
    pub fn ends(&self) -> Timestamp {
        self.until.unwrap_or(Timestamp::from_micros(i64::MAX))
    }
}

impl Table for Exclusions {
    type Key = Ordinal;
    type Value = Exclusion;

    const NAME: &'static str = "exclusion";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, player: &Ordinal) {
        put_varint(out, u64::from(*player));
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<Ordinal, BadFormat> {
        cursor.small()
    }

    fn put_value(out: &mut Vec<u8>, exclusion: &Exclusion) {
        let Exclusion { from, until, why, who } = exclusion;
        out.extend_from_slice(&from.micros().to_le_bytes());
        let until = until.map_or(i64::MAX, Timestamp::micros);
        out.extend_from_slice(&until.to_le_bytes());
        put_text(out, why);
        put_text(out, who);
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Exclusion, BadFormat> {
        let from = Timestamp::from_micros(cursor.i64()?);
        let until = Some(cursor.i64()?).filter(|until| *until != i64::MAX);
        let until = until.map(Timestamp::from_micros);
        Ok(Exclusion { from, until, why: cursor.text()?.into(), who: cursor.text()?.into() })
    }
}
