//! What events counted in tournaments of which the best counts, the best first: once it is voided, the next one is it.
//! From behaviour 2 on.

use accolade_domain::ledger::Place;
use accolade_domain::ranking::Score;
use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor};

use super::{Paged, Table};
use crate::players::Ordinal;
use crate::rules::Settings;

/// The table of values of events.
#[derive(Debug, Default)]
pub struct BestValues;

/// What an event of a player counted in a tournament. Better ones come first, and among equals older ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValueKey {
    /// The player.
    pub player: Ordinal,
    /// The number of the tournament within its operator.
    pub tournament: u32,
    /// The value, with the other sign where the greatest is the best.
    pub order: i128,
    /// The event.
    pub place: Place,
}

/// How long a value is kept, and whether it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Until when the tournament may need it.
    pub until: Timestamp,
    /// The event was voided. Such rows stay, since one that is taken away has no end.
    pub is_voided: bool,
}

impl ValueKey {
    /// The one of an event.
    pub const fn of(
        player: Ordinal,
        tournament: u32,
        value: Score,
        is_greatest: bool,
        place: Place,
    ) -> Self {
        let order = if is_greatest { -value.0 } else { value.0 };
        Self { player, tournament, order, place: Place { number: 0, ..place } }
    }

    /// What is before all of a player's in a tournament.
    pub const fn first(player: Ordinal, tournament: u32, partition: u16) -> Self {
        let place = Place { partition, batch: 0, slot: 0, number: 0 };
        Self { player, tournament, order: i128::MIN, place }
    }

    /// The value.
    pub const fn value(&self, is_greatest: bool) -> Score {
        Score(if is_greatest { -self.order } else { self.order })
    }
}

impl Table for BestValues {
    type Key = ValueKey;
    type Value = Kept;

    const NAME: &'static str = "value of an event in a tournament";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &ValueKey) {
        let ValueKey { player, tournament, order, place } = key;
        out.extend_from_slice(&player.to_be_bytes());
        out.extend_from_slice(&tournament.to_be_bytes());
        out.extend_from_slice(&(order ^ i128::MIN).to_be_bytes());
        out.extend_from_slice(&place.batch.to_be_bytes());
        out.extend_from_slice(&place.slot.to_be_bytes());
    }

    fn read_key(cursor: &mut Cursor<'_>, partition: u16) -> Result<ValueKey, BadFormat> {
        let player = u32::from_be_bytes(cursor.array()?);
        let tournament = u32::from_be_bytes(cursor.array()?);
        let order = i128::from_be_bytes(cursor.array()?) ^ i128::MIN;
        let batch = u64::from_be_bytes(cursor.array()?);
        let slot = u32::from_be_bytes(cursor.array()?);
        let place = Place { partition, batch, slot, number: 0 };
        Ok(ValueKey { player, tournament, order, place })
    }

    fn put_value(out: &mut Vec<u8>, Kept { until, is_voided }: &Kept) {
        out.extend_from_slice(&until.micros().to_le_bytes());
        out.push(u8::from(*is_voided));
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Kept, BadFormat> {
        let until = Timestamp::from_micros(cursor.i64()?);
        Ok(Kept { until, is_voided: cursor.u8()? != 0 })
    }
}

impl Paged for BestValues {
    fn ends(_: &ValueKey, value: Option<&Kept>, _: &Settings) -> Option<Timestamp> {
        value.map(|kept| kept.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_their_bytes_the_best_first() {
        let place = |batch, slot| Place { partition: 3, batch, slot, number: 0 };
        let of = |player, tournament, value, place| {
            ValueKey::of(player, tournament, Score(value), true, place)
        };
        let keys = [
            ValueKey::first(1, 1, 3),
            of(1, 1, i128::MAX, place(9, 9)),
            of(1, 1, 50, place(1, 300)),
            of(1, 1, 50, place(2, 1)),
            of(1, 1, 50, place(256, 1)),
            of(1, 1, -1, place(1, 1)),
            of(1, 2, 80, place(1, 1)),
            of(256, 1, 90, place(1, 1)),
        ];
        assert!(keys.is_sorted());
        let written = keys.map(|key| {
            let mut out = Vec::new();
            BestValues::put_key(&mut out, &key);
            assert_eq!(BestValues::read_key(&mut Cursor::new(&out, "row"), 3), Ok(key));
            out
        });
        assert!(written.is_sorted());
    }
}
