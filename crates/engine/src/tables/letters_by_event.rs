//! Dead letters by the ids of their events: a dead letter occupies no id, and is asked for by it.
//!
//! A letter that is repaired is found by the id that it had and by the one that it has. A row outlives
//! nothing: it is forgotten when its letter is.

use std::cmp::Reverse;

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor};
use accolade_wire::identity::IdHash;

use super::{Paged, Table};
use crate::rules::Settings;

/// The table of letters by event; a value is when the letter is forgotten.
#[derive(Debug, Default)]
pub struct LettersByEvent;

/// A letter of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventLetter {
    /// The event's id, with the operator that the letter belongs to.
    pub event: IdHash,
    /// The letter; of those of one event the newest comes first.
    pub letter: Reverse<Place>,
}

impl EventLetter {
    /// What stands before every letter of an event.
    pub const fn first_of(event: IdHash, partition: u16) -> Self {
        let last = Place { partition, batch: u64::MAX, slot: u32::MAX, number: 0 };
        Self { event, letter: Reverse(last) }
    }
}

impl Table for LettersByEvent {
    type Key = EventLetter;
    type Value = Timestamp;

    const NAME: &'static str = "dead letter of an event";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &EventLetter) {
        for half in key.event.0 {
            out.extend_from_slice(&half.to_be_bytes());
        }
        out.extend_from_slice(&(!key.letter.0.batch).to_be_bytes());
        out.extend_from_slice(&(!key.letter.0.slot).to_be_bytes());
    }

    fn read_key(cursor: &mut Cursor<'_>, partition: u16) -> Result<EventLetter, BadFormat> {
        let half = |cursor: &mut Cursor<'_>| cursor.array().map(u64::from_be_bytes);
        let event = IdHash([half(cursor)?, half(cursor)?]);
        let batch = !half(cursor)?;
        let slot = !u32::from_be_bytes(cursor.array()?);
        Ok(EventLetter { event, letter: Reverse(Place { partition, batch, slot, number: 0 }) })
    }

    fn put_value(out: &mut Vec<u8>, until: &Timestamp) {
        out.extend_from_slice(&until.micros().to_le_bytes());
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Timestamp, BadFormat> {
        Ok(Timestamp::from_micros(cursor.i64()?))
    }
}

impl Paged for LettersByEvent {
    fn ends(_: &EventLetter, until: Option<&Timestamp>, _: &Settings) -> Option<Timestamp> {
        until.copied()
    }
}
