//! Which positions of players in tournaments were told last, where the tournament is at home, and up to when all that have changed
//! were. From behaviour 2 on.
//!
//! Players are those of all partitions, so they are found by their subjects.

use accolade_domain::ledger::Subject;
use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor, put_varint};

use super::{Paged, Table};
use crate::rules::Settings;

/// The table of positions.
#[derive(Debug, Default)]
pub struct ToldPositions;

/// A player in a tournament; without a player it is said how far the tournament's are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PositionKey {
    /// The operator's number.
    pub operator: u32,
    /// The tournament's.
    pub tournament: u32,
    /// The player.
    pub subject: Option<Subject>,
}

/// What was told, and for how long that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToldPosition {
    /// Until when the tournament may need it.
    pub until: Timestamp,
    /// What was told.
    pub says: Says,
}

/// What was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// Where the player stands.
    Stands {
        /// The position that was told last.
        position: u64,
        /// When the score had changed of which it was heard last.
        reached: Timestamp,
    },
    /// How far the tournament's positions are told.
    UpTo(ToldUpTo),
}

/// How far the positions of a tournament are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ToldUpTo {
    /// How many pages have told of them.
    pub revision: u64,
    /// Of every player whose score has changed before then it was told.
    pub all: Timestamp,
    /// The look of which more pages are to come.
    pub look: Option<i64>,
}

impl PositionKey {
    /// What says how far a tournament's positions are told: before all of its players.
    pub const fn first_of(operator: u32, tournament: u32) -> Self {
        Self { operator, tournament, subject: None }
    }

    /// That of a player in the same tournament.
    #[must_use]
    pub const fn of(self, subject: Subject) -> Self {
        Self { subject: Some(subject), ..self }
    }
}

impl Table for ToldPositions {
    type Key = PositionKey;
    type Value = ToldPosition;

    const NAME: &'static str = "position that was told";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, PositionKey { operator, tournament, subject }: &PositionKey) {
        out.extend_from_slice(&operator.to_be_bytes());
        out.extend_from_slice(&tournament.to_be_bytes());
        out.push(u8::from(subject.is_some()));
        if let Some(subject) = subject {
            out.extend_from_slice(&subject.0);
        }
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<PositionKey, BadFormat> {
        let operator = u32::from_be_bytes(cursor.array()?);
        let tournament = u32::from_be_bytes(cursor.array()?);
        let subject = match cursor.u8()? {
            0 => None,
            1 => Some(Subject(cursor.array()?)),
            _ => return Err(cursor.bad()),
        };
        Ok(PositionKey { operator, tournament, subject })
    }

    /// `until i64 · kind u8`, and of a player `position · reached i64`, of how far it is `revision · all i64 · look i64`, 0 for none.
    fn put_value(out: &mut Vec<u8>, ToldPosition { until, says }: &ToldPosition) {
        out.extend_from_slice(&until.micros().to_le_bytes());
        match says {
            Says::Stands { position, reached } => {
                out.push(1);
                put_varint(out, *position);
                out.extend_from_slice(&reached.micros().to_le_bytes());
            }
            Says::UpTo(ToldUpTo { revision, all, look }) => {
                out.push(2);
                put_varint(out, *revision);
                out.extend_from_slice(&all.micros().to_le_bytes());
                out.extend_from_slice(&look.unwrap_or_default().to_le_bytes());
            }
        }
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<ToldPosition, BadFormat> {
        let until = Timestamp::from_micros(cursor.i64()?);
        let says = match cursor.u8()? {
            1 => Says::Stands {
                position: cursor.varint()?,
                reached: Timestamp::from_micros(cursor.i64()?),
            },
            2 => Says::UpTo(ToldUpTo {
                revision: cursor.varint()?,
                all: Timestamp::from_micros(cursor.i64()?),
                look: Some(cursor.i64()?).filter(|look| *look != 0),
            }),
            _ => return Err(cursor.bad()),
        };
        Ok(ToldPosition { until, says })
    }
}

impl Paged for ToldPositions {
    fn ends(_: &PositionKey, value: Option<&ToldPosition>, _: &Settings) -> Option<Timestamp> {
        value.map(|told| told.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_they_were_written_how_far_it_is_before_all_players() {
        let first = PositionKey::first_of(1, 300);
        let keys = [
            first,
            first.of(Subject([0; 16])),
            first.of(Subject([7; 16])),
            PositionKey::first_of(1, 301),
            PositionKey::first_of(2, 1),
        ];
        assert!(keys.is_sorted());
        let written = keys.map(|key| {
            let mut out = Vec::new();
            ToldPositions::put_key(&mut out, &key);
            assert_eq!(ToldPositions::read_key(&mut Cursor::new(&out, "row"), 3), Ok(key));
            out
        });
        assert!(written.is_sorted());
        let time = Timestamp::from_micros;
        let up_to = ToldUpTo { revision: 300, all: time(-8), look: None };
        let within = ToldUpTo { look: Some(-9), ..up_to };
        let stands = Says::Stands { position: 1 << 40, reached: time(70) };
        for says in [stands, Says::UpTo(up_to), Says::UpTo(within)] {
            let told = ToldPosition { until: time(77), says };
            let mut out = Vec::new();
            ToldPositions::put_value(&mut out, &told);
            assert_eq!(ToldPositions::read_value(&mut Cursor::new(&out, "row"), 3), Ok(told));
        }
    }
}
