//! Places of tournaments that results name: who has them, what is won there, and what has become of that.

use accolade_domain::amount::Points;
use accolade_domain::ranking::Score;
use accolade_domain::time::Timestamp;
use accolade_domain::tournament::prizes::PrizeState;
use accolade_wire::bytes::{BadFormat, Cursor, put_text, put_varint};
use accolade_wire::notice::prize::{put_thing, read_thing};

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
    /// How often it had been settled again, up to 255.
    pub settlement: u32,
    /// The place, from 1.
    pub place: u32,
}

/// Of the last number of a key, so many bits are the place.
const PLACE_BITS: u32 = 24;
/// Greatest place of a key.
pub const PLACE_MAX: u32 = (1 << PLACE_BITS) - 1;
/// Beside a state: what the player was paid and the place before follow.
const AGAIN: u8 = 0x80;

/// Who has a place, and what is won there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prize {
    /// Who.
    pub player: Ordinal,
    /// The position, which others may share; 0 for a player who has no place any more.
    pub position: u64,
    /// The score.
    pub score: Score,
    /// How many events it is made of.
    pub events: u64,
    /// How many points are won.
    pub points: Points,
    /// How many the player was paid of the tournament, in this settlement and those before.
    pub paid: Points,
    /// The place that the player had in the settlement before; 0 for none.
    pub before: u32,
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
        Self { operator, tournament, settlement: 0, place: 0 }
    }

    /// Whether it is one of the same settlement as another.
    pub fn is_beside(&self, other: &Self) -> bool {
        let of = |key: &Self| (key.operator, key.tournament, key.settlement);
        of(self) == of(other)
    }
}

impl Table for Prizes {
    type Key = PrizeKey;
    type Value = Prize;

    const NAME: &'static str = "prize of a tournament";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &PrizeKey) {
        let place = key.settlement << PLACE_BITS | key.place;
        for number in [key.operator, key.tournament, place] {
            out.extend_from_slice(&number.to_be_bytes());
        }
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<PrizeKey, BadFormat> {
        let numbers = [cursor.array()?, cursor.array()?, cursor.array()?];
        let [operator, tournament, place] = numbers.map(u32::from_be_bytes);
        let (settlement, place) = (place >> PLACE_BITS, place & PLACE_MAX);
        Ok(PrizeKey { operator, tournament, settlement, place })
    }

    fn put_value(out: &mut Vec<u8>, prize: &Prize) {
        let Prize { player, position, score, events, points, thing, state, at, why, who, .. } =
            prize;
        put_varint(out, u64::from(*player));
        put_varint(out, *position);
        out.extend_from_slice(&score.0.to_le_bytes());
        put_varint(out, *events);
        put_varint(out, points.hundredths().cast_unsigned());
        put_thing(out, *thing);
        let is_told = (prize.paid, prize.before) != (paid_by(*state, *points), 0);
        out.push(*state as u8 | if is_told { AGAIN } else { 0 });
        if is_told {
            put_varint(out, prize.paid.hundredths().cast_unsigned());
            put_varint(out, u64::from(prize.before));
        }
        out.extend_from_slice(&at.micros().to_le_bytes());
        put_text(out, why);
        put_text(out, who);
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Prize, BadFormat> {
        let (player, position) = (cursor.small()?, cursor.varint()?);
        let score = Score(i128::from_le_bytes(cursor.array()?));
        let events = cursor.varint()?;
        let points = Points::from_hundredths(cursor.varint()?.cast_signed()).ok_or(cursor.bad())?;
        let (thing, state) = (read_thing(cursor)?, cursor.u8()?);
        let is_told = state & AGAIN != 0;
        let state = PrizeState::ALL.get(usize::from(state & !AGAIN)).ok_or(cursor.bad())?;
        let state = *state;
        let (paid, before) = if is_told {
            let paid = Points::from_hundredths(cursor.varint()?.cast_signed());
            (paid.ok_or(cursor.bad())?, cursor.small()?)
        } else {
            (paid_by(state, points), 0)
        };
        let at = Timestamp::from_micros(cursor.i64()?);
        let (why, who) = (cursor.text()?.into(), cursor.text()?.into());
        Ok(Prize {
            player,
            position,
            score,
            events,
            points,
            paid,
            before,
            thing,
            state,
            at,
            why,
            who,
        })
    }
}

/// How many points a player was paid whose prize is in a state, where nothing else is said.
fn paid_by(state: PrizeState, points: Points) -> Points {
    if state == PrizeState::Paid { points } else { Points::ZERO }
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
        let of = |operator, tournament, settlement, place| PrizeKey {
            operator,
            tournament,
            settlement,
            place,
        };
        let keys = [
            PrizeKey::first_of(1, 1),
            of(1, 1, 0, 2),
            of(1, 1, 0, PLACE_MAX),
            of(1, 1, 1, 1),
            of(1, 1, 255, 1),
            of(1, 256, 0, 1),
            of(2, 1, 0, 1),
        ];
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
            paid: Points::ZERO,
            before: 0,
            thing: Some(99),
            state: PrizeState::Retrying,
            at: Timestamp::from_micros(17),
            why: "it was lost".into(),
            who: "carol".into(),
        };
        let paid = |hundredths| Points::from_hundredths(hundredths).expect("points");
        let states = [(PrizeState::Retrying, 0, 0), (PrizeState::Paid, 1_234, 0)];
        let others = [(PrizeState::Paid, 0, 7), (PrizeState::Nothing, 99, 1)];
        for (thing, (state, of_paid, before)) in
            [None, Some(0), Some(99)].into_iter().cycle().zip([states, others].concat().repeat(3))
        {
            let paid = paid(of_paid);
            let prize = Prize { paid, before, thing, state, ..prize.clone() };
            let mut out = Vec::new();
            Prizes::put_value(&mut out, &prize);
            assert_eq!(Prizes::read_value(&mut Cursor::new(&out, "row"), 3), Ok(prize));
        }
    }
}
