//! The bodies of notices: what others must hear of an account, by kind.

pub mod counted;
pub mod games;
pub mod moved;
pub mod prize;
pub mod scores;
pub mod signal;

use accolade_domain::amount::Points;
use accolade_domain::redemption::RedemptionState;
use accolade_domain::time::{Day, Timestamp};

use crate::bytes::{BadFormat, Cursor, put_signed, put_text, put_varint};

/// The kind of a [`TierMoved`].
pub const TIER_MOVED: u16 = 1;
/// The kind of a [`RedemptionMoved`].
pub const REDEMPTION_MOVED: u16 = 2;

/// The kind of a [`PointsExpiring`].
pub const POINTS_EXPIRING: u16 = 6;

const FORMAT: u8 = 1;

/// A player has another tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierMoved {
    /// The version of the program that was in force.
    pub version: u32,
    /// The level before; `None` where the program had no tiers.
    pub before: Option<Box<str>>,
    /// The level after; `None` where the program has no tiers any more.
    pub after: Option<Box<str>>,
    /// The day on which it happened, in the program's zone.
    pub day: Day,
    /// The points in the window then.
    pub points: Points,
    /// Of a level that was lost: the first day on which the points were too few for it.
    pub unqualified_since: Option<Day>,
}

impl TierMoved {
    /// `format u8 · version · [before] · [after] · day · points · [since]`, each that may be missing behind a byte
    /// that says whether it is there.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { version, before, after, day, points, unqualified_since } = self;
        let mut out = vec![FORMAT];
        put_varint(&mut out, u64::from(*version));
        for level in [before, after] {
            out.push(u8::from(level.is_some()));
            if let Some(level) = level {
                put_text(&mut out, level);
            }
        }
        put_signed(&mut out, i64::from(day.0));
        put_signed(&mut out, points.hundredths());
        out.push(u8::from(unqualified_since.is_some()));
        if let Some(since) = unqualified_since {
            put_signed(&mut out, i64::from(since.0));
        }
        out
    }

    /// Reads what [`TierMoved::to_bytes`] wrote.
    pub fn read(bytes: &[u8]) -> Result<Self, BadFormat> {
        let mut cursor = Cursor::new(bytes, "notice of a tier");
        cursor.format(FORMAT)?;
        let version = cursor.small()?;
        let before = read_level(&mut cursor)?;
        let after = read_level(&mut cursor)?;
        let day = read_day(&mut cursor)?;
        let points = Points::from_hundredths(cursor.signed()?).ok_or(cursor.bad())?;
        let unqualified_since = match cursor.u8()? {
            0 => None,
            _ => Some(read_day(&mut cursor)?),
        };
        Ok(Self { version, before, after, day, points, unqualified_since })
    }
}

fn read_level(cursor: &mut Cursor<'_>) -> Result<Option<Box<str>>, BadFormat> {
    Ok(match cursor.u8()? {
        0 => None,
        _ => Some(cursor.text()?.into()),
    })
}

fn read_day(cursor: &mut Cursor<'_>) -> Result<Day, BadFormat> {
    Ok(Day(i32::try_from(cursor.signed()?).map_err(|_| cursor.bad())?))
}

/// A redemption was made, or something has become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedemptionMoved {
    /// The redemption's id.
    pub id: Box<str>,
    /// What has become of it.
    pub state: RedemptionState,
    /// Its points.
    pub points: Points,
    /// What they are to be spent on, as the operator has called it; may be empty.
    pub item: Box<str>,
    /// The id of the reward; empty where it is none of the catalogue.
    pub reward: Box<str>,
    /// When its points are given back, unless it is confirmed before.
    pub hold_until: Timestamp,
    /// When it happened: the time of the batch, or when it lapsed.
    pub at: Timestamp,
}

impl RedemptionMoved {
    /// `format u8 · id · state u8 · points · item · reward · hold until i64 · at i64`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { id, state, points, item, reward, hold_until, at } = self;
        let mut out = vec![FORMAT];
        put_text(&mut out, id);
        out.push(*state as u8);
        put_signed(&mut out, points.hundredths());
        put_text(&mut out, item);
        put_text(&mut out, reward);
        for time in [hold_until, at] {
            out.extend_from_slice(&time.micros().to_le_bytes());
        }
        out
    }

    /// Reads what [`RedemptionMoved::to_bytes`] wrote.
    pub fn read(bytes: &[u8]) -> Result<Self, BadFormat> {
        let mut cursor = Cursor::new(bytes, "notice of a redemption");
        cursor.format(FORMAT)?;
        let id = cursor.text()?.into();
        let state = RedemptionState::ALL.get(usize::from(cursor.u8()?)).ok_or(cursor.bad())?;
        let points = Points::from_hundredths(cursor.signed()?).ok_or(cursor.bad())?;
        let (item, reward) = (cursor.text()?.into(), cursor.text()?.into());
        let [hold_until, at] = [cursor.i64()?, cursor.i64()?].map(Timestamp::from_micros);
        Ok(Self { id, state: *state, points, item, reward, hold_until, at })
    }
}

/// Points expire soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PointsExpiring {
    /// The version of the program by which they do.
    pub version: u32,
    /// When they do.
    pub at: Timestamp,
    /// How many, if none are spent or taken until then.
    pub points: Points,
}

impl PointsExpiring {
    /// `format u8 · version · at i64 · points`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { version, at, points } = self;
        let mut out = vec![FORMAT];
        put_varint(&mut out, u64::from(*version));
        out.extend_from_slice(&at.micros().to_le_bytes());
        put_signed(&mut out, points.hundredths());
        out
    }

    /// Reads what [`PointsExpiring::to_bytes`] wrote.
    pub fn read(bytes: &[u8]) -> Result<Self, BadFormat> {
        let mut cursor = Cursor::new(bytes, "notice of points that expire soon");
        cursor.format(FORMAT)?;
        let (version, at) = (cursor.small()?, Timestamp::from_micros(cursor.i64()?));
        let points = Points::from_hundredths(cursor.signed()?).ok_or(cursor.bad())?;
        Ok(Self { version, at, points })
    }
}
