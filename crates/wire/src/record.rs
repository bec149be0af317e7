//! A record of the log, and the slice of one batch that holds records of one partition.
//!
//! Record: `length u32 · format u8 · kind u8 · source u8 · flags u8 · operator length u8 · received_at i64
//! · [origin: partition u16, batch u64, slot u32, number u32, sequence u64] · operator · body`; the length
//! counts all after itself. Slice: `checksum u32 · format u8 · flags u8 · partition u16 · count u32 · batch
//! u64 · length u32 · body`; the checksum is CRC32C over all after itself, so that a slice can be read alone.

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;

use crate::bytes::{BadFormat, Cursor};

/// What a record's body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A wager or a void, as JSON.
    Wager = 1,
    /// A game event, as JSON.
    GameEvent = 2,
    /// A command to one partition.
    Command = 3,
    /// A control record, ordered in every partition.
    Control = 4,
}

impl Kind {
    /// The kind of a number.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Wager),
            2 => Some(Self::GameEvent),
            3 => Some(Self::Command),
            4 => Some(Self::Control),
            _ => None,
        }
    }
}

/// Where a record came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The HTTP API.
    Http = 1,
    /// A file given to `accolade ingest`.
    File = 2,
    /// Accolade itself.
    Node = 3,
    /// A dead letter that was released: the age rule does not apply, and all hours are asked.
    Released = 4,
    /// A topic of Kafka that others write too.
    Kafka = 5,
}

impl Source {
    /// The name that the API shows.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::File => "file",
            Self::Node => "node",
            Self::Released => "released",
            Self::Kafka => "kafka",
        }
    }

    /// The source of a number.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Http),
            2 => Some(Self::File),
            3 => Some(Self::Node),
            4 => Some(Self::Released),
            5 => Some(Self::Kafka),
            _ => None,
        }
    }
}

/// One record of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// What the body is.
    pub kind: Kind,
    /// Where it came from.
    pub source: Source,
    /// The operator that the credential named; empty for control records.
    pub operator: &'a str,
    /// When the edge took it in.
    pub received_at: Timestamp,
    /// Who sent this record, where one partition wrote to another.
    pub origin: Option<Origin>,
    /// The bytes as they came.
    pub body: &'a [u8],
}

/// Which message of another partition a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// What caused it: the identity of the message.
    pub place: Place,
    /// The messages of one partition to another are numbered from 1.
    pub sequence: u64,
}

/// Bytes of an origin.
const ORIGIN_BYTES: usize = 26;

impl Origin {
    /// Appends the origin: `partition u16 · batch u64 · slot u32 · number u32 · sequence u64`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.place.partition.to_le_bytes());
        out.extend_from_slice(&self.place.batch.to_le_bytes());
        out.extend_from_slice(&self.place.slot.to_le_bytes());
        out.extend_from_slice(&self.place.number.to_le_bytes());
        out.extend_from_slice(&self.sequence.to_le_bytes());
    }

    /// Reads an origin.
    pub fn read(cursor: &mut Cursor<'_>) -> Result<Self, BadFormat> {
        let (partition, batch) = (cursor.u16()?, cursor.u64()?);
        let (slot, number) = (cursor.u32()?, cursor.u32()?);
        Ok(Self { place: Place { partition, batch, slot, number }, sequence: cursor.u64()? })
    }
}

const HAS_ORIGIN: u8 = 1;
const RECORD_FORMAT: u8 = 1;
const SLICE_FORMAT: u8 = 1;

impl<'a> Record<'a> {
    /// Appends the record to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        let origin = if self.origin.is_some() { ORIGIN_BYTES } else { 0 };
        let length = 13 + origin + self.operator.len() + self.body.len();
        out.reserve(4 + length);
        out.extend_from_slice(&u32::try_from(length).expect("bodies are limited").to_le_bytes());
        let flags = if self.origin.is_some() { HAS_ORIGIN } else { 0 };
        let operator = u8::try_from(self.operator.len()).expect("an id has at most 128 bytes");
        let (kind, source) = (self.kind as u8, self.source as u8);
        out.extend_from_slice(&[RECORD_FORMAT, kind, source, flags, operator]);
        out.extend_from_slice(&self.received_at.micros().to_le_bytes());
        if let Some(origin) = self.origin {
            origin.write(out);
        }
        out.extend_from_slice(self.operator.as_bytes());
        out.extend_from_slice(self.body);
    }

    /// Reads one record from the front.
    pub fn read(cursor: &mut Cursor<'a>) -> Result<Self, BadFormat> {
        let length = cursor.u32()? as usize;
        let mut fields = Cursor::new(cursor.take(length)?, "record");
        fields.format(RECORD_FORMAT)?;
        let kind = Kind::from_number(fields.u8()?).ok_or(fields.bad())?;
        let source = Source::from_number(fields.u8()?).ok_or(fields.bad())?;
        let flags = fields.u8()?;
        let operator_length = usize::from(fields.u8()?);
        let received_at = Timestamp::from_micros(fields.i64()?);
        let origin = if flags & HAS_ORIGIN != 0 { Some(Origin::read(&mut fields)?) } else { None };
        let operator = fields.take(operator_length)?;
        let operator = std::str::from_utf8(operator).map_err(|_| fields.bad())?;
        Ok(Self { kind, source, operator, received_at, origin, body: fields.rest() })
    }
}

/// What one batch of one partition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice<'a> {
    /// The partition.
    pub partition: u16,
    /// The batch's number in it.
    pub batch: u64,
    /// Format flags; for a slice of the log, whether there is a control record among the records.
    pub flags: u8,
    /// How many records or outcomes.
    pub count: u32,
    /// The records or outcomes, one after the other.
    pub body: &'a [u8],
}

/// A slice of the log holds a control record.
pub const HAS_CONTROL: u8 = 1;

/// Bytes of a slice before its body.
pub const SLICE_HEAD_BYTES: usize = 24;

impl<'a> Slice<'a> {
    /// Appends the slice to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.reserve(SLICE_HEAD_BYTES + self.body.len());
        let head = self.checked_head();
        out.extend_from_slice(&self.checksum_with(&head).to_le_bytes());
        out.extend_from_slice(&head);
        out.extend_from_slice(self.body);
    }

    /// The checksum with which the slice begins where it is written: it covers all that a slice is.
    pub fn checksum(&self) -> u32 {
        self.checksum_with(&self.checked_head())
    }

    fn checksum_with(&self, head: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c(head), self.body)
    }

    /// The head after the checksum.
    fn checked_head(&self) -> [u8; SLICE_HEAD_BYTES - 4] {
        let length = u32::try_from(self.body.len()).expect("a frame has less than 4 GiB");
        let mut head = [0; SLICE_HEAD_BYTES - 4];
        head[..2].copy_from_slice(&[SLICE_FORMAT, self.flags]);
        head[2..4].copy_from_slice(&self.partition.to_le_bytes());
        head[4..8].copy_from_slice(&self.count.to_le_bytes());
        head[8..16].copy_from_slice(&self.batch.to_le_bytes());
        head[16..].copy_from_slice(&length.to_le_bytes());
        head
    }

    /// Reads one slice from the front, and checks it.
    pub fn read(cursor: &mut Cursor<'a>) -> Result<Self, BadFormat> {
        let bytes = cursor.rest();
        let slice = Self::read_unchecked(cursor)?;
        let checked = &bytes[4..SLICE_HEAD_BYTES + slice.body.len()];
        let (checksum, _) = bytes.split_first_chunk().ok_or(cursor.bad())?;
        if crc32c::crc32c(checked) == u32::from_le_bytes(*checksum) {
            Ok(slice)
        } else {
            Err(cursor.bad())
        }
    }

    /// Reads one slice from the front of bytes that were checked with their frame.
    pub fn read_unchecked(cursor: &mut Cursor<'a>) -> Result<Self, BadFormat> {
        cursor.u32()?;
        cursor.format_of("slice", SLICE_FORMAT)?;
        let (flags, partition, count) = (cursor.u8()?, cursor.u16()?, cursor.u32()?);
        let batch = cursor.u64()?;
        let length = cursor.u32()? as usize;
        Ok(Self { partition, batch, flags, count, body: cursor.take(length)? })
    }

    /// The records of a slice of the log, in order.
    pub fn records(&self) -> impl Iterator<Item = Result<Record<'a>, BadFormat>> + use<'a> {
        let mut cursor = Cursor::new(self.body, "record");
        (0..self.count).map(move |_| Record::read(&mut cursor))
    }
}
