//! The journal: what the fold decided about each batch, as the body of a slice.
//!
//! Body: `format u8 · behaviour u16 · batch time i64`, then an outcome for each record of the batch,
//! in order, each with its ledger entry if it made one. An outcome never points into a file.

use std::borrow::Cow;

use accolade_domain::amount::{Points, Rate};
use accolade_domain::ledger::{ChainHash, Entry, EntryKind, Parts, Place, Subject};
use accolade_domain::outcome::{Declined, Outcome};
use accolade_domain::refusal::{DeadReason, Refusal};
use accolade_domain::time::{Day, Timestamp};

use crate::bytes::{BadFormat, Cursor, put_signed, put_text, put_varint};
use crate::id_text::{put_id, read_id};
use crate::record::Slice;

const FORMAT: u8 = 1;

/// An entry as it stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry<'a> {
    /// The entry.
    pub entry: Entry<'a>,
    /// Its hash.
    pub hash: ChainHash,
}

/// What became of one record, as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded<'a> {
    /// The record's place.
    pub place: Place,
    /// The time of its batch.
    pub time: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
    /// The entry that it made.
    pub entry: Option<StoredEntry<'a>>,
}

/// Begins the body of a slice.
pub fn begin_slice(out: &mut Vec<u8>, behaviour: u16, time: Timestamp) {
    out.push(FORMAT);
    out.extend_from_slice(&behaviour.to_le_bytes());
    out.extend_from_slice(&time.micros().to_le_bytes());
}

/// Appends the outcome of the next record, with its entry. An entry's points, version, multiplier
/// and times are those of its outcome and place.
pub fn put_outcome(out: &mut Vec<u8>, outcome: &Outcome, entry: Option<(&Entry<'_>, &ChainHash)>) {
    match outcome {
        Outcome::Counted { version, points: _, capped, parts, cap_day } => {
            out.push(if entry.is_some() { tag::EARNED } else { tag::COUNTED });
            put_varint(out, u64::from(*version));
            put_varint(out, parts.base.units());
            put_varint(out, parts.rate.units());
            put_signed(out, capped.hundredths());
            put_optional(out, cap_day.map(|day| i64::from(day.0)));
        }
        Outcome::Recorded => out.push(tag::RECORDED),
        Outcome::Refused { refusal, version } => {
            out.push(tag::REFUSED);
            out.push(code_of(&Refusal::ALL, refusal));
            put_varint(out, u64::from(*version));
        }
        Outcome::Repeated { first } => {
            out.push(tag::REPEATED);
            put_place(out, *first);
        }
        Outcome::Voided { wager, points: _, version } => {
            out.push(if entry.is_some() { tag::TAKEN_BACK } else { tag::VOIDED });
            put_varint(out, u64::from(*version));
            put_place(out, wager.unwrap_or_default());
        }
        Outcome::DeadLetter { reason, detail } => {
            out.push(tag::DEAD_LETTER);
            out.push(code_of(&DeadReason::ALL, reason));
            put_text(out, detail);
        }
        Outcome::Done { made } => {
            out.push(tag::DONE);
            put_varint(out, *made);
        }
        Outcome::Declined { why } => {
            out.push(tag::DECLINED);
            out.push(code_of(&Declined::ALL, why));
        }
    }
    if let Some((entry, hash)) = entry {
        put_entry(out, entry, hash);
    }
}

mod tag {
    pub(super) const EARNED: u8 = 1;
    pub(super) const COUNTED: u8 = 2;
    pub(super) const RECORDED: u8 = 3;
    pub(super) const REFUSED: u8 = 4;
    pub(super) const REPEATED: u8 = 5;
    pub(super) const TAKEN_BACK: u8 = 6;
    pub(super) const VOIDED: u8 = 7;
    pub(super) const DEAD_LETTER: u8 = 8;
    pub(super) const DONE: u8 = 9;
    pub(super) const DECLINED: u8 = 10;
}

fn code_of<T: PartialEq>(all: &[T], one: &T) -> u8 {
    let at = all.iter().position(|other| other == one).expect("`ALL` lists every variant");
    u8::try_from(at).expect("there are fewer than 256")
}

fn by_code<T: Copy>(all: &[T], cursor: &mut Cursor<'_>) -> Result<T, BadFormat> {
    let code = usize::from(cursor.u8()?);
    all.get(code).copied().ok_or(cursor.bad())
}

fn put_optional(out: &mut Vec<u8>, value: Option<i64>) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        put_signed(out, value);
    }
}

fn put_place(out: &mut Vec<u8>, place: Place) {
    put_varint(out, u64::from(place.partition));
    put_varint(out, place.batch);
    put_varint(out, u64::from(place.slot));
    out.push(place.number);
}

fn read_place(cursor: &mut Cursor<'_>) -> Result<Place, BadFormat> {
    Ok(Place {
        partition: cursor.small()?,
        batch: cursor.varint()?,
        slot: cursor.small()?,
        number: cursor.u8()?,
    })
}

const HAS_PREVIOUS: u8 = 1;
const HAS_SKIP: u8 = 2;
const SKIP_IS_PREVIOUS: u8 = 4;

/// `flags u8 · number u8 · operator · subject 16 · sequence · points · balance · event time before
/// record time · [previous] · [skip] · cause · hash 32`; earlier places as batches back, slot, number.
fn put_entry(out: &mut Vec<u8>, entry: &Entry<'_>, hash: &ChainHash) {
    let same = entry.skip.is_some() && entry.skip == entry.previous;
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    out.push(
        flag(entry.previous.is_some(), HAS_PREVIOUS)
            | flag(entry.skip.is_some() && !same, HAS_SKIP)
            | flag(same, SKIP_IS_PREVIOUS),
    );
    out.push(entry.place.number);
    put_varint(out, u64::from(entry.operator));
    out.extend_from_slice(&entry.subject.0);
    put_varint(out, entry.sequence);
    put_signed(out, entry.points.hundredths());
    put_signed(out, entry.balance_after.hundredths());
    put_signed(out, entry.record_time.micros() - entry.event_time.micros());
    for earlier in [entry.previous, entry.skip.filter(|_| !same)].into_iter().flatten() {
        put_varint(out, entry.place.batch - earlier.batch);
        put_varint(out, u64::from(earlier.slot));
        out.push(earlier.number);
    }
    put_id(out, &entry.cause);
    out.extend_from_slice(&hash.0);
}

/// The outcomes of a slice, in order.
#[derive(Debug, Clone)]
pub struct Outcomes<'a> {
    cursor: Cursor<'a>,
    /// The behaviour number that the fold had.
    pub behaviour: u16,
    /// The batch's time.
    pub time: Timestamp,
    next: Place,
    count: u32,
}

impl<'a> Outcomes<'a> {
    /// Begins to read a slice of the journal.
    pub fn read(slice: &Slice<'a>) -> Result<Self, BadFormat> {
        let mut cursor = Cursor::new(slice.body, "journal slice");
        if cursor.u8()? != FORMAT {
            return Err(cursor.bad());
        }
        let behaviour = cursor.u16()?;
        let time = Timestamp::from_micros(cursor.i64()?);
        let next = Place { partition: slice.partition, batch: slice.batch, slot: 1, number: 0 };
        Ok(Self { cursor, behaviour, time, next, count: slice.count })
    }

    /// The outcome of the record in `slot`, counted from 1.
    pub fn at(mut self, slot: u32) -> Result<Recorded<'a>, BadFormat> {
        let bad = self.cursor.bad();
        let before = slot.checked_sub(1).ok_or(bad)?;
        self.nth(before as usize).unwrap_or(Err(bad))
    }

    fn read_next(&mut self) -> Result<Recorded<'a>, BadFormat> {
        let (place, time) = (self.next, self.time);
        let cursor = &mut self.cursor;
        let (mut entry, outcome) = match cursor.u8()? {
            kind @ (tag::EARNED | tag::COUNTED) => {
                let version = cursor.small()?;
                let parts = Parts { base: read_rate(cursor)?, rate: read_rate(cursor)? };
                let capped = read_points(cursor)?;
                let cap_day = match cursor.u8()? {
                    0 => None,
                    _ => Some(Day(i32::try_from(cursor.signed()?).map_err(|_| cursor.bad())?)),
                };
                let entry = if kind == tag::EARNED {
                    Some(read_entry(cursor, EntryKind::Earned, place, time)?)
                } else {
                    None
                };
                let points = entry.as_ref().map_or(Points::ZERO, |stored| stored.entry.points);
                (entry, Outcome::Counted { version, points, capped, parts, cap_day })
            }
            tag::RECORDED => (None, Outcome::Recorded),
            tag::REFUSED => {
                let refusal = by_code(&Refusal::ALL, cursor)?;
                (None, Outcome::Refused { refusal, version: cursor.small()? })
            }
            tag::REPEATED => (None, Outcome::Repeated { first: read_place(cursor)? }),
            kind @ (tag::TAKEN_BACK | tag::VOIDED) => {
                let version = cursor.small()?;
                let wager = Some(read_place(cursor)?).filter(|wager| wager.batch != 0);
                let entry = if kind == tag::TAKEN_BACK {
                    Some(read_entry(cursor, EntryKind::Voided, place, time)?)
                } else {
                    None
                };
                let points = entry.as_ref().map_or(Points::ZERO, |stored| stored.entry.points);
                (entry, Outcome::Voided { wager, points, version })
            }
            tag::DEAD_LETTER => {
                let reason = by_code(&DeadReason::ALL, cursor)?;
                (None, Outcome::DeadLetter { reason, detail: cursor.text()?.into() })
            }
            tag::DONE => (None, Outcome::Done { made: cursor.varint()? }),
            tag::DECLINED => (None, Outcome::Declined { why: by_code(&Declined::ALL, cursor)? }),
            _ => return Err(cursor.bad()),
        };
        if let Some(StoredEntry { entry, .. }) = &mut entry {
            match &outcome {
                Outcome::Counted { version, capped, parts, .. } => {
                    (entry.program_version, entry.capped, entry.parts) =
                        (*version, *capped, *parts);
                }
                Outcome::Voided { version, .. } => entry.program_version = *version,
                _ => {}
            }
        }
        self.next.slot += 1;
        Ok(Recorded { place, time, outcome, entry })
    }
}

impl<'a> Iterator for Outcomes<'a> {
    type Item = Result<Recorded<'a>, BadFormat>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next.slot > self.count {
            return None;
        }
        let read = self.read_next();
        if read.is_err() {
            self.count = 0;
        }
        Some(read)
    }
}

fn read_rate(cursor: &mut Cursor<'_>) -> Result<Rate, BadFormat> {
    Rate::from_units(cursor.varint()?).ok_or(cursor.bad())
}

fn read_points(cursor: &mut Cursor<'_>) -> Result<Points, BadFormat> {
    Points::from_hundredths(cursor.signed()?).ok_or(cursor.bad())
}

fn read_entry<'a>(
    cursor: &mut Cursor<'a>,
    kind: EntryKind,
    mut place: Place,
    record_time: Timestamp,
) -> Result<StoredEntry<'a>, BadFormat> {
    let flags = cursor.u8()?;
    place.number = cursor.u8()?;
    let operator = cursor.small()?;
    let subject = Subject(cursor.array()?);
    let sequence = cursor.varint()?;
    let (points, balance_after) = (read_points(cursor)?, read_points(cursor)?);
    let age = cursor.signed()?;
    let mut earlier = |flag: u8| {
        if flags & flag == 0 {
            return Ok(None);
        }
        let batch = place.batch.checked_sub(cursor.varint()?).ok_or(cursor.bad())?;
        let (slot, number) = (cursor.small()?, cursor.u8()?);
        Ok(Some(Place { partition: place.partition, batch, slot, number }))
    };
    let previous = earlier(HAS_PREVIOUS)?;
    let skip = earlier(HAS_SKIP)?.or(previous.filter(|_| flags & SKIP_IS_PREVIOUS != 0));
    let cause: Cow<'a, str> = read_id(cursor)?;
    let hash = ChainHash(cursor.array()?);
    let entry = Entry {
        operator,
        subject,
        sequence,
        kind,
        points,
        balance_after,
        capped: Points::ZERO,
        cause,
        program_version: 0,
        parts: Parts::default(),
        event_time: record_time.plus_micros(-age),
        record_time,
        place,
        previous,
        skip,
    };
    Ok(StoredEntry { entry, hash })
}
