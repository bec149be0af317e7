//! Places of tournaments that results name: who has them, what is won there, and what has become of that.

use accolade_domain::amount::Points;
use accolade_domain::ranking::Score;
use accolade_domain::time::Timestamp;
use accolade_domain::tournament::prizes::PrizeState;
use accolade_wire::bytes::{BadFormat, Cursor, put_text, put_varint};
use accolade_wire::notice::prize::{put_thing, read_state, read_thing};

use super::redemptions::FOUND_MICROS;
use super::{Paged, Table};
use crate::players::Ordinal;
use crate::rules::Settings;

/// The table of places.
#[derive(Debug, Default)]
pub struct Prizes;

/// A place of a tournament, which one player has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PrizeKey {
    /// The operator's number.
    pub operator: u32,
    /// The tournament's.
    pub tournament: u32,
    /// The place, from 1.
    pub place: u32,
}

/// Who has a place, and what is won there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prize {
    /// Who.
    pub player: Ordinal,
    /// The position, which others may share.
    pub position: u64,
    /// The score.
    pub score: Score,
    /// How many events it is made of.
    pub events: u64,
    /// How many points are won.
    pub points: Points,
    /// Which of the tournament's prizes, from 0, is a thing that is won.
    pub thing: Option<u8>,
    /// What has become of it.
    pub state: PrizeState,
    /// When that was.
    pub at: Timestamp,
    /// Why, in words; may be empty.
    pub why: Box<str>,
    /// Who said so; empty where nobody had to.
    pub who: Box<str>,
}

impl PrizeKey {
    /// All keys of a tournament are from this one on.
    pub const fn first_of(operator: u32, tournament: u32) -> Self {
        Self { operator, tournament, place: 0 }
    }

    /// Whether it is one of the same tournament.
    pub const fn is_of(&self, operator: u32, tournament: u32) -> bool {
        self.operator == operator && self.tournament == tournament
    }
}

impl Table for Prizes {
    type Key = PrizeKey;
    type Value = Prize;

    const NAME: &'static str = "prize of a tournament";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &PrizeKey) {
        for number in [key.operator, key.tournament, key.place] {
            out.extend_from_slice(&number.to_be_bytes());
        }
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<PrizeKey, BadFormat> {
        let numbers = [cursor.array()?, cursor.array()?, cursor.array()?];
        let [operator, tournament, place] = numbers.map(u32::from_be_bytes);
        Ok(PrizeKey { operator, tournament, place })
    }

    fn put_value(out: &mut Vec<u8>, prize: &Prize) {
        let Prize { player, position, score, events, points, thing, state, at, why, who } = prize;
        put_varint(out, u64::from(*player));
        put_varint(out, *position);
        out.extend_from_slice(&score.0.to_le_bytes());
        put_varint(out, *events);
        put_varint(out, points.hundredths().cast_unsigned());
        put_thing(out, *thing);
        out.push(*state as u8);
        out.extend_from_slice(&at.micros().to_le_bytes());
        put_text(out, why);
        put_text(out, who);
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Prize, BadFormat> {
        let (player, position) = (cursor.small()?, cursor.varint()?);
        let score = Score(i128::from_le_bytes(cursor.array()?));
        let events = cursor.varint()?;
        let points = Points::from_hundredths(cursor.varint()?.cast_signed()).ok_or(cursor.bad())?;
        let (thing, state) = (read_thing(cursor)?, read_state(cursor)?);
        let at = Timestamp::from_micros(cursor.i64()?);
        let (why, who) = (cursor.text()?.into(), cursor.text()?.into());
        Ok(Prize { player, position, score, events, points, thing, state, at, why, who })
    }
}

impl Paged for Prizes {
    fn ends(_: &PrizeKey, value: Option<&Prize>, _: &Settings) -> Option<Timestamp> {
        value.map(|prize| prize.at.plus_micros(FOUND_MICROS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_their_bytes() {
        let of = |operator, tournament, place| PrizeKey { operator, tournament, place };
        let keys = [of(1, 1, 0), of(1, 1, 2), of(1, 1, 300), of(1, 256, 1), of(2, 1, 1)];
        assert!(keys.is_sorted());
        let written = keys.map(|key| {
            let mut out = Vec::new();
            Prizes::put_key(&mut out, &key);
            assert_eq!(Prizes::read_key(&mut Cursor::new(&out, "row"), 3), Ok(key));
            out
        });
        assert!(written.is_sorted());
    }

    #[test]
    fn what_is_written_is_read() {
        let prize = Prize {
            player: 70_000,
            position: 3,
            score: Score(-5),
            events: 12,
            points: Points::from_hundredths(1_234).expect("points"),
            thing: Some(99),
            state: PrizeState::Retrying,
            at: Timestamp::from_micros(17),
            why: "it was lost".into(),
            who: "carol".into(),
        };
        for thing in [None, Some(0), Some(99)] {
            let prize = Prize { thing, ..prize.clone() };
            let mut out = Vec::new();
            Prizes::put_value(&mut out, &prize);
            assert_eq!(Prizes::read_value(&mut Cursor::new(&out, "row"), 3), Ok(prize));
        }
    }
}
