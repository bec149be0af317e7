//! Inputs that could not be processed, by place; their bytes are in a file family of their own.
//!
//! All are kept equally long, and the time of batches never goes back: so they end in the order of their places.

use accolade_domain::ledger::Place;
use accolade_domain::refusal::DeadReason;
use accolade_domain::time::{DAY_MICROS, Timestamp};
use accolade_wire::bytes::{BadFormat, Cursor, put_text, put_varint};
use accolade_wire::record::{Kind, Source};

use super::{Paged, Table, put_place, read_place};
use crate::rules::Settings;

/// How long a dead letter is kept.
pub const KEPT_MICROS: i64 = 30 * DAY_MICROS;

/// The table of dead letters.
#[derive(Debug, Default)]
pub struct DeadLetters;

/// A dead letter's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The operator's name, as the record has it.
    pub operator: Box<str>,
    /// Why it could not be processed.
    pub reason: DeadReason,
    /// What its body is.
    pub kind: Kind,
    /// Where it came from.
    pub source: Source,
    /// When the edge took it in.
    pub received_at: Timestamp,
    /// The partition of its player, as far as one can be made out; that of the letter otherwise.
    pub to: u16,
    /// The record that holds its bytes: its own place, or that of the last repair.
    pub bytes_at: Place,
    /// What became of it.
    pub state: DeadLetterState,
    /// When it is forgotten.
    pub until: Timestamp,
    /// By how many ids of events it is found.
    pub found_by: u32,
}

/// What became of a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeadLetterState {
    /// Nothing yet.
    Open,
    /// Sent to its player's partition.
    Released,
    /// Given up.
    Discarded,
}

impl Table for DeadLetters {
    type Key = Place;
    type Value = DeadLetter;

    const NAME: &'static str = "dead letter";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &Place) {
        out.extend_from_slice(&key.batch.to_be_bytes());
        out.extend_from_slice(&key.slot.to_be_bytes());
    }

    fn read_key(cursor: &mut Cursor<'_>, partition: u16) -> Result<Place, BadFormat> {
        let batch = u64::from_be_bytes(cursor.array()?);
        Ok(Place { partition, batch, slot: u32::from_be_bytes(cursor.array()?), number: 0 })
    }

    fn put_value(out: &mut Vec<u8>, letter: &DeadLetter) {
        put_text(out, &letter.operator);
        put_varint(out, letter.reason.index() as u64);
        out.extend_from_slice(&[letter.kind as u8, letter.source as u8]);
        out.extend_from_slice(&letter.received_at.micros().to_le_bytes());
        out.extend_from_slice(&letter.to.to_le_bytes());
        put_place(out, letter.bytes_at);
        out.push(match letter.state {
            DeadLetterState::Open => 0,
            DeadLetterState::Released => 1,
            DeadLetterState::Discarded => 2,
        });
        out.extend_from_slice(&letter.until.micros().to_le_bytes());
        put_varint(out, u64::from(letter.found_by));
    }

    fn read_value(cursor: &mut Cursor<'_>, partition: u16) -> Result<DeadLetter, BadFormat> {
        Ok(DeadLetter {
            operator: cursor.text()?.into(),
            reason: *DeadReason::ALL.get(cursor.small::<usize>()?).ok_or(cursor.bad())?,
            kind: Kind::from_number(cursor.u8()?).ok_or(cursor.bad())?,
            source: Source::from_number(cursor.u8()?).ok_or(cursor.bad())?,
            received_at: Timestamp::from_micros(cursor.i64()?),
            to: cursor.u16()?,
            bytes_at: read_place(cursor, partition)?,
            state: match cursor.u8()? {
                0 => DeadLetterState::Open,
                1 => DeadLetterState::Released,
                2 => DeadLetterState::Discarded,
                _ => return Err(cursor.bad()),
            },
            until: Timestamp::from_micros(cursor.i64()?),
            found_by: cursor.small()?,
        })
    }
}

impl Paged for DeadLetters {
    /// A letter is taken away when it ends, since that is an input of its own.
    fn ends(_: &Place, _: Option<&DeadLetter>, _: &Settings) -> Option<Timestamp> {
        None
    }

    fn weight(letter: &DeadLetter) -> usize {
        const ROW: usize = 3;
        const OPERATOR_BYTES: usize = 64;
        ROW + letter.operator.len().div_ceil(OPERATOR_BYTES)
    }
}
