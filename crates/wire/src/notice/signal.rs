//! The notice of a signal: a wager of a player is above a line of the program, and what became of its points.

use accolade_domain::amount::{Points, Rate};
use accolade_domain::signal::{SignalKind, SignalState};
use accolade_domain::time::Timestamp;

use crate::bytes::{BadFormat, Cursor, put_signed, put_text, put_varint};

/// The kind of a [`SignalMoved`].
pub const SIGNAL_MOVED: u16 = 3;

const FORMAT: u8 = 1;
/// In the place of a kind: of no program.
const OUTSIDE: u8 = u8::MAX;

/// A wager is above lines of the program, or a person has decided about its points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalMoved {
    /// The signal's id.
    pub id: Box<str>,
    /// What has become of it.
    pub state: SignalState,
    /// The version of the program that was in force when it was raised.
    pub version: u32,
    /// The wager.
    pub wager_id: Box<str>,
    /// The wager's own time.
    pub at: Timestamp,
    /// Points that are held, or were released, taken or voided.
    pub points: Points,
    /// Which lines, in the order of the program.
    pub findings: Vec<Finding>,
}

/// A line that a wager is above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The signal's name in the program.
    pub name: Box<str>,
    /// Its kind; nothing where no program has found it, but somebody outside.
    pub kind: Option<SignalKind>,
    /// What was measured, to eight decimals, rounded down.
    pub observed: Rate,
    /// The line.
    pub line: Rate,
}

impl SignalMoved {
    /// `format u8 · id · state u8 · version · wager · at i64 · points · findings`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { id, state, version, wager_id, at, points, findings } = self;
        let mut out = vec![FORMAT];
        put_text(&mut out, id);
        out.push(*state as u8);
        put_varint(&mut out, u64::from(*version));
        put_text(&mut out, wager_id);
        out.extend_from_slice(&at.micros().to_le_bytes());
        put_signed(&mut out, points.hundredths());
        put_findings(&mut out, findings);
        out
    }

    /// Reads what [`SignalMoved::to_bytes`] wrote.
    pub fn read(bytes: &[u8]) -> Result<Self, BadFormat> {
        let mut cursor = Cursor::new(bytes, "notice of a signal");
        cursor.format(FORMAT)?;
        let id = cursor.text()?.into();
        let state = *SignalState::ALL.get(usize::from(cursor.u8()?)).ok_or(cursor.bad())?;
        let (version, wager_id) = (cursor.small()?, cursor.text()?.into());
        let at = Timestamp::from_micros(cursor.i64()?);
        let points = Points::from_hundredths(cursor.signed()?).ok_or(cursor.bad())?;
        Ok(Self { id, state, version, wager_id, at, points, findings: read_findings(&mut cursor)? })
    }
}

/// Appends `count · findings`, each `name · kind u8 · observed · line`.
pub fn put_findings(out: &mut Vec<u8>, findings: &[Finding]) {
    put_varint(out, findings.len() as u64);
    for Finding { name, kind, observed, line } in findings {
        put_text(out, name);
        out.push(kind.map_or(OUTSIDE, |kind| kind as u8));
        put_varint(out, observed.units());
        put_varint(out, line.units());
    }
}

/// Reads what [`put_findings`] wrote.
pub fn read_findings(cursor: &mut Cursor<'_>) -> Result<Vec<Finding>, BadFormat> {
    let count: usize = cursor.small()?;
    (0..count).map(|_| read_finding(cursor)).collect()
}

fn read_finding(cursor: &mut Cursor<'_>) -> Result<Finding, BadFormat> {
    let name = cursor.text()?.into();
    let kind = match cursor.u8()? {
        OUTSIDE => None,
        kind => Some(*SignalKind::ALL.get(usize::from(kind)).ok_or(cursor.bad())?),
    };
    let observed = Rate::from_units(cursor.varint()?).ok_or(cursor.bad())?;
    let line = Rate::from_units(cursor.varint()?).ok_or(cursor.bad())?;
    Ok(Finding { name, kind, observed, line })
}
