//! What people change balances by: what waits for a second person, and what was decided.

use accolade_domain::amount::Points;
use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor, put_signed, put_text};

use super::redemptions::FOUND_MICROS;
use super::requests::RequestKey;
use super::reservations::read_points;
use super::{Paged, Table};
use crate::rules::Settings;

/// The table of adjustments that a second person has yet to approve.
#[derive(Debug, Default)]
pub struct WaitingAdjustments;

/// The table of those that were made, or rejected.
#[derive(Debug, Default)]
pub struct Adjustments;

/// What a person wants to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment {
    /// By how much.
    pub points: Points,
    /// Why, in words.
    pub why: Box<str>,
    /// The person.
    pub who: Box<str>,
    /// When it was asked for.
    pub asked_at: Timestamp,
}

/// An adjustment that is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What was wanted.
    pub adjustment: Adjustment,
    /// Whether it was made.
    pub is_made: bool,
    /// The second person; empty where none had to approve.
    pub who: Box<str>,
    /// What that person said; may be empty.
    pub why: Box<str>,
    /// When it was decided.
    pub decided_at: Timestamp,
}

impl Adjustment {
    fn put(&self, out: &mut Vec<u8>) {
        let Self { points, why, who, asked_at } = self;
        put_signed(out, points.hundredths());
        put_text(out, why);
        put_text(out, who);
        out.extend_from_slice(&asked_at.micros().to_le_bytes());
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, BadFormat> {
        let points = read_points(cursor)?;
        let (why, who) = (cursor.text()?.into(), cursor.text()?.into());
        Ok(Self { points, why, who, asked_at: Timestamp::from_micros(cursor.i64()?) })
    }
}

impl Table for WaitingAdjustments {
    type Key = RequestKey;
    type Value = Adjustment;

    const NAME: &'static str = "adjustment that waits";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &RequestKey) {
        key.put(out);
    }

    fn read_key(cursor: &mut Cursor<'_>, partition: u16) -> Result<RequestKey, BadFormat> {
        RequestKey::read(cursor, partition)
    }

    fn put_value(out: &mut Vec<u8>, adjustment: &Adjustment) {
        adjustment.put(out);
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Adjustment, BadFormat> {
        Adjustment::read(cursor)
    }
}

impl Table for Adjustments {
    type Key = RequestKey;
    type Value = Decided;

    const NAME: &'static str = "adjustment";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &RequestKey) {
        key.put(out);
    }

    fn read_key(cursor: &mut Cursor<'_>, partition: u16) -> Result<RequestKey, BadFormat> {
        RequestKey::read(cursor, partition)
    }

    fn put_value(out: &mut Vec<u8>, decided: &Decided) {
        let Decided { adjustment, is_made, who, why, decided_at } = decided;
        adjustment.put(out);
        out.push(u8::from(*is_made));
        put_text(out, who);
        put_text(out, why);
        out.extend_from_slice(&decided_at.micros().to_le_bytes());
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Decided, BadFormat> {
        let adjustment = Adjustment::read(cursor)?;
        let is_made = cursor.u8()? != 0;
        let (who, why) = (cursor.text()?.into(), cursor.text()?.into());
        let decided_at = Timestamp::from_micros(cursor.i64()?);
        Ok(Decided { adjustment, is_made, who, why, decided_at })
    }
}

impl Paged for Adjustments {
    fn ends(_: &RequestKey, value: Option<&Decided>, _: &Settings) -> Option<Timestamp> {
        value.map(|decided| decided.decided_at.plus_micros(FOUND_MICROS))
    }
}
