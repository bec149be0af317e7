//! The notice of a signal: a wager of a player is above a line of the program.

use accolade_domain::amount::Rate;
use accolade_domain::signal::SignalKind;
use accolade_domain::time::Timestamp;

use crate::bytes::{BadFormat, Cursor, put_text, put_varint};

/// The kind of a [`SignalRaised`].
pub const SIGNAL_RAISED: u16 = 3;

const FORMAT: u8 = 1;

/// A wager is above lines that the player's wager before it was not above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalRaised {
    /// The version of the program that was in force.
    pub version: u32,
    /// The wager.
    pub wager_id: Box<str>,
    /// The wager's own time.
    pub at: Timestamp,
    /// Which lines, in the order of the program.
    pub findings: Vec<Finding>,
}

/// A line that a wager is above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The signal's name in the program.
    pub name: Box<str>,
    /// Its kind.
    pub kind: SignalKind,
    /// What was measured, to eight decimals, rounded down.
    pub observed: Rate,
    /// The line.
    pub line: Rate,
}

impl SignalRaised {
    /// `format u8 · version · wager · at i64 · count · findings`, each `name · kind u8 · observed · line`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { version, wager_id, at, findings } = self;
        let mut out = vec![FORMAT];
        put_varint(&mut out, u64::from(*version));
        put_text(&mut out, wager_id);
        out.extend_from_slice(&at.micros().to_le_bytes());
        put_varint(&mut out, findings.len() as u64);
        for Finding { name, kind, observed, line } in findings {
            put_text(&mut out, name);
            out.push(*kind as u8);
            put_varint(&mut out, observed.units());
            put_varint(&mut out, line.units());
        }
        out
    }

    /// Reads what [`SignalRaised::to_bytes`] wrote.
    pub fn read(bytes: &[u8]) -> Result<Self, BadFormat> {
        let mut cursor = Cursor::new(bytes, "notice of a signal");
        cursor.format(FORMAT)?;
        let (version, wager_id) = (cursor.small()?, cursor.text()?.into());
        let at = Timestamp::from_micros(cursor.i64()?);
        let count: usize = cursor.small()?;
        let findings = (0..count).map(|_| Finding::read(&mut cursor)).collect::<Result<_, _>>()?;
        Ok(Self { version, wager_id, at, findings })
    }
}

impl Finding {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, BadFormat> {
        let name = cursor.text()?.into();
        let kind = *SignalKind::ALL.get(usize::from(cursor.u8()?)).ok_or(cursor.bad())?;
        let observed = Rate::from_units(cursor.varint()?).ok_or(cursor.bad())?;
        let line = Rate::from_units(cursor.varint()?).ok_or(cursor.bad())?;
        Ok(Self { name, kind, observed, line })
    }
}
