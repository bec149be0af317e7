//! Redemptions and adjustments of an operator by when they were asked for, the newest first, open or not: what finds
//! them for whoever does not know whose they are. From behaviour 2 on.

use std::cmp::Reverse;

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor, put_varint};

use super::redemptions::FOUND_MICROS;
use super::requests::RequestKey;
use super::{Paged, Table};
use crate::players::Ordinal;
use crate::rules::Settings;

/// The table of requests by their time.
#[derive(Debug, Default)]
pub struct RequestsByTime;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestKind {
    /// A redemption.
    Redemption = 0,
    /// An adjustment.
    Adjustment = 1,
}

impl RequestKind {
    const ALL: [Self; 2] = [Self::Redemption, Self::Adjustment];
}

/// A request of an operator. Newer ones come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeKey {
    /// The operator's number.
    pub operator: u32,
    /// What is asked for.
    pub kind: RequestKind,
    /// When it was asked for: the time of its batch.
    pub at: Reverse<Timestamp>,
    /// The record that asked for it.
    pub place: Reverse<Place>,
}

impl TimeKey {
    /// That of a request that was made at a time.
    pub const fn of(operator: u32, kind: RequestKind, at: Timestamp, place: Place) -> Self {
        Self { operator, kind, at: Reverse(at), place: Reverse(place) }
    }

    /// The request of a player that it finds.
    pub const fn request(&self, player: Ordinal) -> RequestKey {
        RequestKey { player, place: self.place.0 }
    }
}

/// Bytes in the order of times, before 1970 as well.
const fn ordered(at: Timestamp) -> u64 {
    (at.micros() ^ i64::MIN).cast_unsigned()
}

impl Table for RequestsByTime {
    type Key = TimeKey;
    /// Whose it is.
    type Value = Ordinal;

    const NAME: &'static str = "request by its time";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &TimeKey) {
        let TimeKey { operator, kind, at: Reverse(at), place: Reverse(place) } = key;
        out.extend_from_slice(&operator.to_be_bytes());
        out.push(*kind as u8);
        out.extend_from_slice(&(!ordered(*at)).to_be_bytes());
        out.extend_from_slice(&(!place.batch).to_be_bytes());
        out.extend_from_slice(&(!place.slot).to_be_bytes());
    }

    fn read_key(cursor: &mut Cursor<'_>, partition: u16) -> Result<TimeKey, BadFormat> {
        let operator = u32::from_be_bytes(cursor.array()?);
        let kind = RequestKind::ALL.get(usize::from(cursor.u8()?)).ok_or(cursor.bad())?;
        let at = (!u64::from_be_bytes(cursor.array()?)).cast_signed() ^ i64::MIN;
        let batch = !u64::from_be_bytes(cursor.array()?);
        let slot = !u32::from_be_bytes(cursor.array()?);
        let place = Place { partition, batch, slot, number: 0 };
        Ok(TimeKey::of(operator, *kind, Timestamp::from_micros(at), place))
    }

    fn put_value(out: &mut Vec<u8>, player: &Ordinal) {
        put_varint(out, u64::from(*player));
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Ordinal, BadFormat> {
        cursor.small()
    }
}

impl Paged for RequestsByTime {
    fn ends(key: &TimeKey, _: Option<&Ordinal>, _: &Settings) -> Option<Timestamp> {
        Some(key.at.0.plus_micros(FOUND_MICROS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_their_bytes_the_newest_first() {
        let place = |batch, slot| Place { partition: 3, batch, slot, number: 0 };
        let of = |operator, kind, micros, place| {
            TimeKey::of(operator, kind, Timestamp::from_micros(micros), place)
        };
        let (redemption, adjustment) = (RequestKind::Redemption, RequestKind::Adjustment);
        let keys = [
            of(1, redemption, i64::MAX, place(1, 1)),
            of(1, redemption, 300, place(9, 2)),
            of(1, redemption, 300, place(9, 1)),
            of(1, redemption, 300, place(8, 7)),
            of(1, redemption, 299, place(300, 1)),
            of(1, redemption, -1, place(7, 1)),
            of(1, redemption, i64::MIN, place(6, 1)),
            of(1, adjustment, 300, place(9, 3)),
            of(256, redemption, 5, place(1, 1)),
        ];
        assert!(keys.is_sorted());
        let written = keys.map(|key| {
            let mut out = Vec::new();
            RequestsByTime::put_key(&mut out, &key);
            assert_eq!(RequestsByTime::read_key(&mut Cursor::new(&out, "row"), 3), Ok(key));
            out
        });
        assert!(written.is_sorted());
    }
}
