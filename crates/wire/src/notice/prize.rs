//! The notice of a prize: a player has won something, or something has become of it.

use accolade_domain::amount::Points;
use accolade_domain::ranking::Score;
use accolade_domain::tournament::prizes::PrizeState;

use crate::bytes::{BadFormat, Cursor, put_text, put_varint};
use crate::tournament::prizes::ThingTerms;

/// The kind of a [`PrizeMoved`].
pub const PRIZE_MOVED: u16 = 10;

const FORMAT: u8 = 1;

/// What a player has won in a tournament, and what has become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrizeMoved {
    /// The id of the tournament.
    pub tournament: Box<str>,
    /// The place, which no other player has.
    pub place: u32,
    /// The position, which others may share.
    pub position: u64,
    /// The score.
    pub score: Score,
    /// How many points are won.
    pub points: Points,
    /// The thing that is won.
    pub thing: Option<ThingTerms>,
    /// What has become of it.
    pub state: PrizeState,
    /// Why, in words; may be empty.
    pub why: Box<str>,
}

impl PrizeMoved {
    /// `format u8 · tournament · place · position · score i128 · points · thing as JSON, or nothing · state u8 · why`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { tournament, place, position, score, points, thing, state, why } = self;
        let mut out = vec![FORMAT];
        put_text(&mut out, tournament);
        put_varint(&mut out, u64::from(*place));
        put_varint(&mut out, *position);
        out.extend_from_slice(&score.0.to_le_bytes());
        put_varint(&mut out, points.hundredths().cast_unsigned());
        let thing = thing.as_ref().map(|thing| serde_json::to_string(thing).expect("plain data"));
        put_text(&mut out, &thing.unwrap_or_default());
        out.push(*state as u8);
        put_text(&mut out, why);
        out
    }

    /// Reads what [`PrizeMoved::to_bytes`] wrote.
    pub fn read(bytes: &[u8]) -> Result<Self, BadFormat> {
        let mut cursor = Cursor::new(bytes, "notice of a prize");
        cursor.format(FORMAT)?;
        let tournament = cursor.text()?.into();
        let (place, position) = (cursor.small()?, cursor.varint()?);
        let score = Score(i128::from_le_bytes(cursor.array()?));
        let points = cursor.varint()?.cast_signed();
        let points = Points::from_hundredths(points).ok_or(cursor.bad())?;
        let thing = match cursor.text()? {
            "" => None,
            thing => Some(serde_json::from_str(thing).map_err(|_| cursor.bad())?),
        };
        let state = read_state(&mut cursor)?;
        let why = cursor.text()?.into();
        Ok(Self { tournament, place, position, score, points, thing, state, why })
    }
}

/// Appends which thing is won: one more than its number, or 0.
pub fn put_thing(out: &mut Vec<u8>, thing: Option<u8>) {
    put_varint(out, thing.map_or(0, |thing| u64::from(thing) + 1));
}

/// Reads what [`put_thing`] wrote.
pub fn read_thing(cursor: &mut Cursor<'_>) -> Result<Option<u8>, BadFormat> {
    let one_more: u16 = cursor.small()?;
    let thing = one_more.checked_sub(1).map(u8::try_from).transpose();
    thing.map_err(|_| cursor.bad())
}

/// Reads the number of a state.
pub fn read_state(cursor: &mut Cursor<'_>) -> Result<PrizeState, BadFormat> {
    PrizeState::ALL.get(usize::from(cursor.u8()?)).copied().ok_or(cursor.bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let moved = PrizeMoved {
            tournament: "race".into(),
            place: 300,
            position: 299,
            score: Score(-12),
            points: Points::from_hundredths(1_050).expect("points"),
            thing: None,
            state: PrizeState::Paid,
            why: "so it is".into(),
        };
        let thing = ThingTerms { kind: "bonus".into(), name: "10 free spins".into(), value: None };
        for thing in [None, Some(thing)] {
            for state in PrizeState::ALL {
                let moved = PrizeMoved { thing: thing.clone(), state, ..moved.clone() };
                assert_eq!(PrizeMoved::read(&moved.to_bytes()), Ok(moved));
            }
        }
    }
}
