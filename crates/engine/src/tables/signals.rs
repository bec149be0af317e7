//! Signals that were raised: those whose points are held, and what has become of the others.

use accolade_domain::amount::Points;
use accolade_domain::ledger::Moved;
use accolade_domain::lots::{HELD, Hour, Month, Source};
use accolade_domain::signal::SignalState;
use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor, put_signed, put_text, put_varint};
use accolade_wire::notice::signal::{Finding, put_findings, read_findings};

use super::redemptions::FOUND_MICROS;
use super::requests::RequestKey;
use super::reservations::read_points;
use super::{Paged, Table};
use crate::rules::Settings;

/// The table of signals whose points are held until a person decides.
#[derive(Debug, Default)]
pub struct HeldSignals;

/// The table of all others.
#[derive(Debug, Default)]
pub struct Signals;

/// A signal as it was raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// Which lines the wager is above.
    pub findings: Vec<Finding>,
    /// The wager.
    pub wager_id: Box<str>,
    /// The wager's own time.
    pub at: Timestamp,
    /// The version of the program that was in force.
    pub version: u32,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// Which of the wager's points are held, or were; zero for none.
    pub held: HeldPoints,
    /// Who has raised it from outside, and why; both are empty where a program has.
    pub said: Said,
}

/// What somebody has said, who was outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Who.
    pub who: Box<str>,
    /// Why, in words.
    pub why: Box<str>,
}

/// Points of a wager that are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldPoints {
    /// How many, when it was raised.
    pub points: Points,
    /// The month that they were earned in.
    pub month: Month,
    /// When they mature, had they not been held.
    pub matures: Option<Hour>,
}

/// A signal that nobody has to decide about any more, or never had to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The signal.
    pub raised: Raised,
    /// What has become of it.
    pub state: SignalState,
    /// How many points were let go of, or taken, or voided with the wager.
    pub points: Points,
    /// Who decided; may be empty.
    pub who: Box<str>,
    /// Why, in words; may be empty.
    pub why: Box<str>,
    /// When that was.
    pub closed_at: Timestamp,
}

impl HeldPoints {
    /// None.
    pub const NONE: Self = Self { points: Points::ZERO, month: Month(0), matures: None };

    /// Those that a wager has put into a lot where they are held; some may have paid for a debt. `matures`: when they
    /// would, had they not been held.
    pub fn of(points: Points, moved: &Moved, matures: Option<Hour>) -> Self {
        match moved {
            Moved::Into { source: Source { month, matures: Some(HELD) }, paid } => {
                let points = points.minus(*paid).expect("what has paid is a part");
                Self { points, month: *month, matures }
            }
            Moved::Untold | Moved::Into { .. } | Moved::From(_) => Self::NONE,
        }
    }
}

impl Raised {
    fn put(&self, out: &mut Vec<u8>) {
        let Self { findings, wager_id, at, version, raised_at, held, said } = self;
        put_findings(out, findings);
        put_text(out, wager_id);
        put_varint(out, u64::from(*version));
        for time in [at, raised_at] {
            out.extend_from_slice(&time.micros().to_le_bytes());
        }
        let HeldPoints { points, month, matures } = held;
        put_signed(out, points.hundredths());
        put_signed(out, i64::from(month.0));
        out.push(u8::from(matures.is_some()));
        if let Some(Hour(hour)) = matures {
            put_signed(out, i64::from(*hour));
        }
        put_text(out, &said.who);
        put_text(out, &said.why);
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, BadFormat> {
        let findings = read_findings(cursor)?;
        let (wager_id, version) = (cursor.text()?.into(), cursor.small()?);
        let [at, raised_at] = [cursor.i64()?, cursor.i64()?].map(Timestamp::from_micros);
        let points = read_points(cursor)?;
        let month = Month(i16::try_from(cursor.signed()?).map_err(|_| cursor.bad())?);
        let matures = match cursor.u8()? {
            0 => None,
            _ => Some(Hour(i32::try_from(cursor.signed()?).map_err(|_| cursor.bad())?)),
        };
        let held = HeldPoints { points, month, matures };
        let said = Said { who: cursor.text()?.into(), why: cursor.text()?.into() };
        Ok(Self { findings, wager_id, at, version, raised_at, held, said })
    }
}

impl Table for HeldSignals {
    type Key = RequestKey;
    type Value = Raised;

    const NAME: &'static str = "signal whose points are held";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &RequestKey) {
        key.put(out);
    }

    fn read_key(cursor: &mut Cursor<'_>, partition: u16) -> Result<RequestKey, BadFormat> {
        RequestKey::read(cursor, partition)
    }

    fn put_value(out: &mut Vec<u8>, raised: &Raised) {
        raised.put(out);
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Raised, BadFormat> {
        Raised::read(cursor)
    }
}

impl Table for Signals {
    type Key = RequestKey;
    type Value = Closed;

    const NAME: &'static str = "signal";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &RequestKey) {
        key.put(out);
    }

    fn read_key(cursor: &mut Cursor<'_>, partition: u16) -> Result<RequestKey, BadFormat> {
        RequestKey::read(cursor, partition)
    }

    fn put_value(out: &mut Vec<u8>, closed: &Closed) {
        let Closed { raised, state, points, who, why, closed_at } = closed;
        raised.put(out);
        out.push(*state as u8);
        put_signed(out, points.hundredths());
        put_text(out, who);
        put_text(out, why);
        out.extend_from_slice(&closed_at.micros().to_le_bytes());
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Closed, BadFormat> {
        let raised = Raised::read(cursor)?;
        let state = SignalState::ALL.get(usize::from(cursor.u8()?)).ok_or(cursor.bad())?;
        let points = read_points(cursor)?;
        let (who, why) = (cursor.text()?.into(), cursor.text()?.into());
        let closed_at = Timestamp::from_micros(cursor.i64()?);
        Ok(Closed { raised, state: *state, points, who, why, closed_at })
    }
}

impl Paged for Signals {
    fn ends(_: &RequestKey, value: Option<&Closed>, _: &Settings) -> Option<Timestamp> {
        value.map(|closed| closed.closed_at.plus_micros(FOUND_MICROS))
    }
}
