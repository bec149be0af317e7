//! How many seats of a tournament players have, in the one partition that gives them.

use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor, put_varint};

use super::Table;
use crate::rules::Settings;

/// The table of seats.
#[derive(Debug, Default)]
pub struct SeatsTaken;

/// A tournament.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeatsKey {
    /// The operator's number.
    pub operator: u32,
    /// The tournament's.
    pub tournament: u32,
}

/// The seats of a tournament that players have. How many there are, the tournament says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seats {
    /// How many players have one.
    pub taken: u64,
    /// When it is looked whether the tournament is still kept.
    pub until: Timestamp,
}

impl Table for SeatsTaken {
    type Key = SeatsKey;
    type Value = Seats;

    const NAME: &'static str = "seats of a tournament";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &SeatsKey) {
        for number in [key.operator, key.tournament] {
            out.extend_from_slice(&number.to_be_bytes());
        }
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<SeatsKey, BadFormat> {
        let [operator, tournament] = [cursor.array()?, cursor.array()?].map(u32::from_be_bytes);
        Ok(SeatsKey { operator, tournament })
    }

    fn put_value(out: &mut Vec<u8>, seats: &Seats) {
        put_varint(out, seats.taken);
        out.extend_from_slice(&seats.until.micros().to_le_bytes());
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Seats, BadFormat> {
        Ok(Seats { taken: cursor.varint()?, until: Timestamp::from_micros(cursor.i64()?) })
    }

    fn due(_: &SeatsKey, seats: &Seats, _: &Settings) -> Option<Timestamp> {
        Some(seats.until)
    }
}
