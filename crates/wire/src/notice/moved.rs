//! The notice of a position: a player of a tournament stands elsewhere than it was told last. It stands where the tournament is at
//! home, and its subject may be of another partition.

use accolade_domain::ranking::Score;

use super::scores::{put_score, read_score};
use crate::bytes::{BadFormat, Cursor, put_varint};

/// The kind of a [`PositionMoved`].
pub const POSITION_MOVED: u16 = 15;

const FORMAT: u8 = 1;

/// A player has another position in a tournament.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionMoved {
    /// The number of the tournament within its operator.
    pub tournament: u32,
    /// The position that was told last; `None` where none was.
    pub before: Option<u64>,
    /// The position now, from 1.
    pub after: u64,
    /// The score at that position.
    pub score: Score,
}

impl PositionMoved {
    /// `format u8 · tournament · before, 0 for none · after · score`, that as in [`Scored`](super::scores::Scored).
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { tournament, before, after, score } = self;
        let mut out = Vec::with_capacity(16);
        out.push(FORMAT);
        put_varint(&mut out, u64::from(*tournament));
        put_varint(&mut out, before.unwrap_or(0));
        put_varint(&mut out, *after);
        put_score(&mut out, *score);
        out
    }

    /// Reads what [`PositionMoved::to_bytes`] wrote.
    pub fn read(bytes: &[u8]) -> Result<Self, BadFormat> {
        let mut cursor = Cursor::new(bytes, "notice of a position");
        cursor.format(FORMAT)?;
        let (tournament, before, after) = (cursor.small()?, cursor.varint()?, cursor.varint()?);
        let (before, score) = (Some(before).filter(|it| *it > 0), read_score(&mut cursor)?);
        Ok(Self { tournament, before, after, score })
    }
}
