//! Messages to other partitions, by where they go and their number, until they have arrived.

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor, put_varint};
use accolade_wire::record::Kind;

use super::{Table, put_place, read_place};
use crate::rules::Settings;

/// What was not answered is sent again after so long.
pub const RESEND_MICROS: i64 = 10_000_000;

/// The table of messages that wait to arrive.
#[derive(Debug, Default)]
pub struct Outbox;

/// Which message: where it goes, and its number among those that go there, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageKey {
    /// The partition to which it goes.
    pub to: u16,
    /// Its number.
    pub sequence: u64,
}

/// A message on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What caused it, with the number of the message: its identity.
    pub cause: Place,
    /// What it says.
    pub payload: Payload,
    /// When it is sent again.
    pub due: Timestamp,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// A dead letter that was released, by the place of the record that holds its bytes.
    Letter(Place),
    /// A record of the kind, with the operator and body as they are.
    Record {
        /// What its body is.
        kind: Kind,
        /// The operator that it belongs to.
        operator: Box<str>,
        /// The body.
        body: Box<[u8]>,
    },
}

impl Table for Outbox {
    type Key = MessageKey;
    type Value = Message;

    const NAME: &'static str = "message to another partition";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &MessageKey) {
        out.extend_from_slice(&key.to.to_le_bytes());
        put_varint(out, key.sequence);
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<MessageKey, BadFormat> {
        Ok(MessageKey { to: cursor.u16()?, sequence: cursor.varint()? })
    }

    fn put_value(out: &mut Vec<u8>, message: &Message) {
        put_place(out, message.cause);
        out.extend_from_slice(&message.due.micros().to_le_bytes());
        match &message.payload {
            Payload::Letter(bytes_at) => {
                out.push(0);
                put_place(out, *bytes_at);
            }
            Payload::Record { kind, operator, body } => {
                out.push(*kind as u8);
                for bytes in [operator.as_bytes(), body] {
                    put_varint(out, bytes.len() as u64);
                    out.extend_from_slice(bytes);
                }
            }
        }
    }

    fn read_value(cursor: &mut Cursor<'_>, partition: u16) -> Result<Message, BadFormat> {
        let cause = read_place(cursor, partition)?;
        let due = Timestamp::from_micros(cursor.i64()?);
        let payload = match cursor.u8()? {
            0 => Payload::Letter(read_place(cursor, partition)?),
            kind => {
                let kind = Kind::from_number(kind).ok_or(cursor.bad())?;
                let length = cursor.small()?;
                let operator = std::str::from_utf8(cursor.take(length)?);
                let operator = operator.map_err(|_| cursor.bad())?.into();
                let length = cursor.small()?;
                Payload::Record { kind, operator, body: cursor.take(length)?.into() }
            }
        };
        Ok(Message { cause, payload, due })
    }

    fn due(_: &MessageKey, message: &Message, _: &Settings) -> Option<Timestamp> {
        Some(message.due)
    }
}
