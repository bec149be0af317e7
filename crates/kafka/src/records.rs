//! Messages of Kafka as records, and back.
//!
//! A message of a topic that others write too has the event as its value. One that Accolade's intake
//! wrote has a header `accolade-record`: `format u8 = 1 · source u8 · operator length u8 · received_at i64 ·
//! operator`. In Accolade's own topics the value is a whole encoded record.
//!
//! Any producer can write that header. So it says nothing that decides: who took an event in, when, and for
//! which operator, which every producer can name. What only Accolade itself sends, with the record that sent
//! it, goes through its own topics, and is never read from others.
//!
//! No message is an error: what cannot be a record has an empty body, which the fold refuses.

use std::panic::{AssertUnwindSafe, catch_unwind};

use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor};
use accolade_wire::event::{read_game_event, read_wager};
use accolade_wire::order::SourceTopic;
use accolade_wire::record::{Kind, Record, Source};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};

/// The header of records that Accolade's intake wrote.
const RECORD_HEADER: &str = "accolade-record";
/// The header in which producers name the operator.
const OPERATOR_HEADER: &str = "operatorId";
/// The header that carries a trace on.
const TRACE_HEADER: &str = "traceparent";

const FORMAT: u8 = 1;
/// An identifier has at most so many bytes.
const ID_BYTES: usize = 128;

/// What the message that carries a record has.
#[derive(Debug)]
pub(crate) struct Carried {
    /// The player of an event: other readers of its topic find the partition by it.
    pub(crate) key: Option<Vec<u8>>,
    /// The value, where it is not the record's body.
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Option<OwnedHeaders>,
}

/// Packs a record for its source. Panics where it does not belong there.
pub(crate) fn carry(source: SourceTopic, record: &Record<'_>, trace: Option<&str>) -> Carried {
    assert!(belongs(source, record), "{record:?} does not belong to {source:?}");
    let mut headers = trace.map(|trace| {
        OwnedHeaders::new_with_capacity(2).insert(Header { key: TRACE_HEADER, value: Some(trace) })
    });
    let value = match source {
        SourceTopic::Control | SourceTopic::Commands => {
            let mut value = Vec::new();
            record.write(&mut value);
            Some(value)
        }
        SourceTopic::Wagers | SourceTopic::GameEvents => {
            let written = write_header(record);
            let header = Header { key: RECORD_HEADER, value: Some(&written) };
            headers =
                Some(headers.unwrap_or_else(|| OwnedHeaders::new_with_capacity(1)).insert(header));
            None
        }
    };
    Carried { key: player(record), value, headers }
}

fn player(record: &Record<'_>) -> Option<Vec<u8>> {
    let player = match record.kind {
        Kind::Wager => read_wager(record.body).ok()?.player_id().as_bytes().to_vec(),
        Kind::GameEvent => read_game_event(record.body).ok()?.player_id.as_bytes().to_vec(),
        _ => return None,
    };
    Some(player)
}

fn belongs(source: SourceTopic, record: &Record<'_>) -> bool {
    let can_be_foreign = || can_be_foreign(record.source) && record.origin.is_none();
    match source {
        SourceTopic::Control => record.kind == Kind::Control,
        SourceTopic::Commands => record.kind != Kind::Control,
        SourceTopic::Wagers => record.kind == Kind::Wager && can_be_foreign(),
        SourceTopic::GameEvents => record.kind == Kind::GameEvent && can_be_foreign(),
    }
}

/// Whether a record of this source may stand where others write too.
const fn can_be_foreign(source: Source) -> bool {
    match source {
        Source::Http | Source::File | Source::Kafka => true,
        Source::Node | Source::Released => false,
    }
}

fn write_header(record: &Record<'_>) -> Vec<u8> {
    let mut header = Vec::with_capacity(11 + record.operator.len());
    let operator = u8::try_from(record.operator.len()).expect("an id has at most 128 bytes");
    header.extend_from_slice(&[FORMAT, record.source as u8, operator]);
    header.extend_from_slice(&record.received_at.micros().to_le_bytes());
    header.extend_from_slice(record.operator.as_bytes());
    header
}

/// The record that a message of a source carries; `operator` is that of messages without one.
pub(crate) fn record<'a>(
    source: SourceTopic,
    message: &'a impl Message,
    operator: &'a str,
) -> Record<'a> {
    let received_at = message.timestamp().to_millis().unwrap_or(0).saturating_mul(1_000);
    let foreign = Record {
        kind: match source {
            SourceTopic::Control => Kind::Control,
            SourceTopic::Commands => Kind::Command,
            SourceTopic::Wagers => Kind::Wager,
            SourceTopic::GameEvents => Kind::GameEvent,
        },
        source: Source::Kafka,
        operator: "",
        received_at: Timestamp::from_micros(received_at),
        origin: None,
        body: b"",
    };
    let Some(value) = message.payload() else { return foreign };
    match source {
        SourceTopic::Control | SourceTopic::Commands => {
            whole(value).filter(|record| belongs(source, record)).unwrap_or(foreign)
        }
        SourceTopic::Wagers | SourceTopic::GameEvents => {
            with_headers(foreign, value, message.headers(), operator).unwrap_or(foreign)
        }
    }
}

fn whole(value: &[u8]) -> Option<Record<'_>> {
    let mut cursor = Cursor::new(value, "record");
    let record = Record::read(&mut cursor).ok()?;
    cursor.is_empty().then_some(record)
}

fn with_headers<'a>(
    foreign: Record<'a>,
    value: &'a [u8],
    headers: Option<&'a impl Headers>,
    operator: &'a str,
) -> Option<Record<'a>> {
    let mut record = Record { body: value, operator, ..foreign };
    let Some(headers) = headers else { return Some(record) };
    // The client panics at a header whose name is not UTF-8, which any producer can write.
    let found = catch_unwind(AssertUnwindSafe(|| {
        let last = |key| headers.iter().filter(|header| header.key == key).last();
        (last(RECORD_HEADER), last(OPERATOR_HEADER))
    }));
    match found.ok()? {
        (Some(header), _) => read_header(&mut record, header.value?).ok()?,
        (None, Some(header)) => record.operator = operator_id(header.value?)?,
        (None, None) => {}
    }
    Some(record)
}

fn operator_id(value: &[u8]) -> Option<&str> {
    let fits = (1..=ID_BYTES).contains(&value.len());
    std::str::from_utf8(value).ok().filter(|_| fits)
}

fn read_header<'a>(record: &mut Record<'a>, header: &'a [u8]) -> Result<(), BadFormat> {
    let mut cursor = Cursor::new(header, "header of a record");
    cursor.format(FORMAT)?;
    let source = Source::from_number(cursor.u8()?).filter(|source| can_be_foreign(*source));
    let source = source.ok_or(cursor.bad())?;
    let length = usize::from(cursor.u8()?);
    let received_at = Timestamp::from_micros(cursor.i64()?);
    let operator = cursor.take(length)?;
    let operator = std::str::from_utf8(operator).map_err(|_| cursor.bad())?;
    if length > ID_BYTES || !cursor.is_empty() {
        return Err(cursor.bad());
    }
    *record = Record { source, operator, received_at, ..*record };
    Ok(())
}

#[cfg(test)]
mod tests;
