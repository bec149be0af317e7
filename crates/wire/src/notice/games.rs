//! The notice of scores in games: a game event counts on the leaderboards of its game.

use accolade_domain::games::Occurrence;
use accolade_domain::ranking::Score;

use super::scores::{put_score, read_score};
use crate::bytes::{BadFormat, Cursor, put_text, put_varint};

/// The kind of a [`GameScored`].
pub const GAME_SCORED: u16 = 11;

const FORMAT: u8 = 1;

/// What a game event has changed of the player's scores in its game. Numbers are absolute, so that whoever follows may hear of
/// them again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GameScored {
    /// The game.
    pub game: Box<str>,
    /// What the event counts.
    pub value: Score,
    /// On which leaderboards.
    pub lines: Vec<GameScoredLine>,
}

/// What it has changed on one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GameScoredLine {
    /// Of which day or week, or of all time.
    pub occurrence: Occurrence,
    /// The score after it.
    pub score: Score,
    /// How many events count after it.
    pub events: u64,
}

impl GameScored {
    /// `format u8 · game · value · count · lines`, each `number of the occurrence · score · events`; scores as in
    /// [`Scored`](super::scores::Scored).
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { game, value, lines } = self;
        let mut out = Vec::with_capacity(16 + game.len() + 12 * lines.len());
        out.push(FORMAT);
        put_text(&mut out, game);
        put_score(&mut out, *value);
        put_varint(&mut out, lines.len() as u64);
        for GameScoredLine { occurrence, score, events } in lines {
            put_varint(&mut out, u64::from(occurrence.number()));
            put_score(&mut out, *score);
            put_varint(&mut out, *events);
        }
        out
    }

    /// Reads what [`GameScored::to_bytes`] wrote.
    pub fn read(bytes: &[u8]) -> Result<Self, BadFormat> {
        let mut cursor = Cursor::new(bytes, "notice of scores in a game");
        cursor.format(FORMAT)?;
        let (game, value) = (cursor.text()?.into(), read_score(&mut cursor)?);
        let count: u32 = cursor.small()?;
        let mut lines = Vec::new();
        for _ in 0..count {
            let occurrence = Occurrence::of_number(cursor.small()?).ok_or(cursor.bad())?;
            let (score, events) = (read_score(&mut cursor)?, cursor.varint()?);
            lines.push(GameScoredLine { occurrence, score, events });
        }
        Ok(Self { game, value, lines })
    }
}
