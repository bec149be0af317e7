//! Dead letters by the ids of their events: a dead letter occupies no id, and is asked for by it.
//!
//! A letter that is repaired is found by the id that it had and by the one that it has. A row outlives
//! nothing: it is forgotten when its letter is.

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor};
use accolade_wire::identity::IdHash;

use super::dead_letters::DeadLetter;
use super::{Table, Tables, put_place, read_place};
use crate::rules::Settings;

/// The table of letters by event; a value is when the letter is forgotten.
#[derive(Debug, Default)]
pub struct LettersByEvent;

/// A letter of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventLetter {
    /// The event's id, with the operator that the letter belongs to.
    pub event: IdHash,
    /// The letter.
    pub letter: Place,
}

impl Table for LettersByEvent {
    type Key = EventLetter;
    type Value = Timestamp;

    const NAME: &'static str = "dead letter of an event";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &EventLetter) {
        for half in key.event.0 {
            out.extend_from_slice(&half.to_le_bytes());
        }
        put_place(out, key.letter);
    }

    fn read_key(cursor: &mut Cursor<'_>, partition: u16) -> Result<EventLetter, BadFormat> {
        let event = IdHash([cursor.u64()?, cursor.u64()?]);
        Ok(EventLetter { event, letter: read_place(cursor, partition)? })
    }

    fn put_value(out: &mut Vec<u8>, until: &Timestamp) {
        out.extend_from_slice(&until.micros().to_le_bytes());
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Timestamp, BadFormat> {
        Ok(Timestamp::from_micros(cursor.i64()?))
    }

    fn due(_: &EventLetter, until: &Timestamp, _: &Settings) -> Option<Timestamp> {
        Some(*until)
    }
}

impl Tables {
    /// The dead letters of an event, oldest first.
    pub fn letters_of(&self, event: IdHash) -> Vec<(Place, &DeadLetter)> {
        let first = Place { partition: 0, batch: 0, slot: 0, number: 0 };
        let from = EventLetter { event, letter: first };
        let letters = self.letters_by_event.from(std::ops::Bound::Included(&from));
        let letters = letters.take_while(|(key, _)| key.event == event);
        // A letter is forgotten a moment before its rows here are.
        letters
            .filter_map(|(key, _)| Some((key.letter, self.dead_letters.get(&key.letter)?)))
            .collect()
    }
}
