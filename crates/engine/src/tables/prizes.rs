//! Places of tournaments that results name: who has them, what is won there, and what has become of that.

use accolade_domain::amount::Points;
use accolade_domain::ranking::Score;
use accolade_domain::time::Timestamp;
use accolade_domain::tournament::prizes::{PrizeState, Things};
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
/// Likewise: the things that the player was given follow.
const GIVEN: u8 = 0x40;

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
    /// Which things the player was given of the tournament, in this settlement and those before. One that could not be handed
    /// out is none of them.
    pub given: Things,
    /// What has become of it.
    pub state: PrizeState,
    /// When that was.
    pub at: Timestamp,
    /// Why, in words; may be empty.
    pub why: Box<str>,
    /// Who said so; empty where nobody had to.
    pub who: Box<str>,
}

impl Prize {
    /// A person has said that the player must not have it.
    pub fn is_refused(&self) -> bool {
        self.state == PrizeState::NotEligible && !self.who.is_empty()
    }

    /// It says something that has to be known once the tournament is settled again, though the player has no place then.
    pub fn goes_on(&self) -> bool {
        let was_given = self.paid > Points::ZERO || self.given != Things::NONE;
        was_given || self.thing.is_some() || self.is_refused()
    }
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
        let is_given = prize.given != given_by(*state, *thing);
        let (told, given) = (if is_told { AGAIN } else { 0 }, if is_given { GIVEN } else { 0 });
        out.push(*state as u8 | told | given);
        if is_told {
            put_varint(out, prize.paid.hundredths().cast_unsigned());
            put_varint(out, u64::from(prize.before));
        }
        if is_given {
            out.extend_from_slice(&prize.given.bits().to_le_bytes());
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
        let (is_told, is_given) = (state & AGAIN != 0, state & GIVEN != 0);
        let state = PrizeState::ALL.get(usize::from(state & !(AGAIN | GIVEN)));
        let state = *state.ok_or(cursor.bad())?;
        let (paid, before) = if is_told {
            let paid = Points::from_hundredths(cursor.varint()?.cast_signed());
            (paid.ok_or(cursor.bad())?, cursor.small()?)
        } else {
            (paid_by(state, points), 0)
        };
        let given = if is_given {
            Things::of_bits(u128::from_le_bytes(cursor.array()?))
        } else {
            given_by(state, thing)
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
            given,
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

/// Which things a player was given whose prize is in a state, where nothing else is said.
fn given_by(state: PrizeState, thing: Option<u8>) -> Things {
    match (state, thing) {
        (PrizeState::Processing | PrizeState::Paid | PrizeState::Retrying, Some(thing)) => {
            Things::NONE.with(thing)
        }
        _ => Things::NONE,
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

    fn prize() -> Prize {
        Prize {
            player: 70_000,
            position: 3,
            score: Score(-5),
            events: 12,
            points: Points::from_hundredths(1_234).expect("points"),
            paid: Points::ZERO,
            before: 0,
            thing: Some(99),
            given: Things::NONE,
            state: PrizeState::Retrying,
            at: Timestamp::from_micros(17),
            why: "it was lost".into(),
            who: "carol".into(),
        }
    }

    #[test]
    fn what_was_given_or_refused_goes_on() {
        let nothing =
            Prize { thing: None, state: PrizeState::Nothing, who: Box::default(), ..prize() };
        let (paid, given) = (Points::MAX, Things::NONE.with(3));
        let (state, who) = (PrizeState::NotEligible, prize().who);
        let cases = [
            (nothing.clone(), false),
            (Prize { paid, ..nothing.clone() }, true),
            (Prize { given, ..nothing.clone() }, true),
            (Prize { thing: Some(3), ..nothing.clone() }, true),
            (Prize { state, who, ..nothing.clone() }, true),
            // Nobody has said so: it may be otherwise next time.
            (Prize { state, ..nothing }, false),
        ];
        for (prize, goes_on) in cases {
            assert_eq!(prize.goes_on(), goes_on, "{prize:?}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let prize = prize();
        let paid = |hundredths| Points::from_hundredths(hundredths).expect("points");
        let states = [(PrizeState::Retrying, 0, 0), (PrizeState::Paid, 1_234, 0)];
        let others = [(PrizeState::Paid, 0, 7), (PrizeState::Nothing, 99, 1)];
        for (thing, (state, of_paid, before)) in
            [None, Some(0), Some(99)].into_iter().cycle().zip([states, others].concat().repeat(3))
        {
            let paid = paid(of_paid);
            for given in [Things::NONE, given_by(state, thing), Things::NONE.with(0).with(99)] {
                let prize = Prize { paid, before, thing, given, state, ..prize.clone() };
                let mut out = Vec::new();
                Prizes::put_value(&mut out, &prize);
                assert_eq!(Prizes::read_value(&mut Cursor::new(&out, "row"), 3), Ok(prize));
            }
        }
    }
}
