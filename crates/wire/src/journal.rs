//! The journal: what the fold decided about each batch, as the body of a slice.
//!
//! Body: `format u8 · behaviour u16 · batch time i64`, then what became of each slot in order, slot 0
//! (the batch's time) first. A slot is `tag u8 · [count of entries] · [count of notices] · outcome ·
//! entries · notices`; the tag's low four bits are the outcome's kind, the next two the number of
//! entries, the highest two that of notices, 3 where a varint says how many. An outcome never points
//! into a file.

use std::borrow::Cow;
use std::iter;

use accolade_domain::amount::{Factor, Points, Rate};
use accolade_domain::budget::Given;
use accolade_domain::ledger::{
    ChainHash, Entry, EntryKind, Moved, Parts, Place, Promoted, Subject, TierPart,
};
use accolade_domain::lots::{
    Hour, LOTS_MAX, Lot, Month, PENDING_LOTS_MAX, PendingLot, Source, Taken,
};
use accolade_domain::notice::Notice;
use accolade_domain::outcome::{Declined, Outcome};
use accolade_domain::promotion::PROMOTIONS_MAX;
use accolade_domain::refusal::{DeadReason, Refusal};
use accolade_domain::time::{Day, Timestamp};
use smallvec::SmallVec;

pub mod difference;

use crate::bytes::{BadFormat, Cursor, put_signed, put_text, put_varint};
use crate::id_text::{put_id, read_id};
use crate::ledger::{entry_kind, kind_code};
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

/// Something that others must hear, as it stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredNotice<'a> {
    /// Where what caused it stands, with its own number.
    pub place: Place,
    /// What is to be heard.
    pub notice: Notice<'a>,
}

/// The entries of one slot, of which there is seldom more than one.
pub type Entries<'a> = SmallVec<[StoredEntry<'a>; 1]>;

/// What became of one slot, as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded<'a> {
    /// The record's place; slot 0 is the batch's own time.
    pub place: Place,
    /// The time of its batch.
    pub time: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
    /// The entries that it made, numbered from 0.
    pub entries: Entries<'a>,
    /// What others must hear of it, numbered after its entries.
    pub notices: Vec<StoredNotice<'a>>,
}

impl<'a> Recorded<'a> {
    /// The entry with a number.
    pub fn entry(&self, number: u32) -> Option<&StoredEntry<'a>> {
        self.entries.get(number as usize)
    }
}

/// Begins the body of a slice.
pub fn begin_slice(out: &mut Vec<u8>, behaviour: u16, time: Timestamp) {
    out.push(FORMAT);
    out.extend_from_slice(&behaviour.to_le_bytes());
    out.extend_from_slice(&time.micros().to_le_bytes());
}

/// Entries and notices of slot 0, which many timers make one after the other.
#[derive(Debug, Default)]
pub struct TimeSlot {
    fired: u32,
    entries: Vec<u8>,
    entry_count: u32,
    notices: Vec<u8>,
    notice_count: u32,
    /// Timers that were passed over, by how many fired before them.
    passed_over: Vec<u32>,
}

impl TimeSlot {
    /// The next timer is passed over; it counts as one that fires.
    pub fn pass_over(&mut self) {
        self.passed_over.push(self.fired);
    }

    /// One more timer has fired, and made these.
    pub fn add(&mut self, entries: &[StoredEntry<'_>], notices: &[Notice<'_>]) {
        self.fired += 1;
        for StoredEntry { entry, hash } in entries {
            put_entry(&mut self.entries, entry, hash, None);
        }
        for notice in notices {
            put_notice(&mut self.notices, notice);
        }
        self.entry_count += count_of(entries.len());
        self.notice_count += count_of(notices.len());
    }

    /// How many timers have fired.
    pub const fn fired(&self) -> u32 {
        self.fired
    }

    /// How many entries they made.
    pub const fn entry_count(&self) -> u32 {
        self.entry_count
    }

    /// Appends the slot.
    pub fn put(&self, out: &mut Vec<u8>) {
        let Self { fired, entries, entry_count, notices, notice_count, passed_over } = self;
        let kind = match (*fired, &passed_over[..]) {
            (0, _) => tag::QUIET,
            (_, []) => tag::TIME,
            _ => tag::TIME_PASSED_OVER,
        };
        put_tag(out, kind, *entry_count as usize, *notice_count as usize);
        if *fired != 0 {
            put_varint(out, u64::from(*fired));
        }
        if !passed_over.is_empty() {
            put_varint(out, passed_over.len() as u64);
            for timer in passed_over {
                put_varint(out, u64::from(*timer));
            }
        }
        out.extend_from_slice(entries);
        out.extend_from_slice(notices);
    }
}

fn count_of(length: usize) -> u32 {
    u32::try_from(length).expect("what one batch causes is counted in 32 bits")
}

/// Appends what became of the next record. The first entry's points, version and multiplier are left out
/// where they are those of the outcome.
pub fn put_outcome(
    out: &mut Vec<u8>,
    outcome: &Outcome,
    entries: &[StoredEntry<'_>],
    notices: &[Notice<'_>],
) {
    let own = entries.first().is_some_and(|first| is_told(&first.entry, outcome));
    let kind = match outcome {
        Outcome::Counted { .. } if own => tag::EARNED,
        Outcome::Counted { .. } => tag::COUNTED,
        Outcome::Recorded => tag::RECORDED,
        Outcome::Refused { .. } => tag::REFUSED,
        Outcome::Repeated { .. } => tag::REPEATED,
        Outcome::Voided { owed, .. } if *owed != Points::ZERO => tag::VOIDED_OWED,
        Outcome::Voided { .. } if own => tag::TAKEN_BACK,
        Outcome::Voided { .. } => tag::VOIDED,
        Outcome::DeadLetter { .. } => tag::DEAD_LETTER,
        Outcome::Done { .. } => tag::DONE,
        Outcome::Declined { .. } => tag::DECLINED,
        Outcome::Time { .. } => tag::TIME,
    };
    put_tag(out, kind, entries.len(), notices.len());
    match outcome {
        Outcome::Counted { version, points, capped, parts, cap_day, earned_on, matures, given } => {
            put_varint(out, u64::from(*version));
            put_varint(out, parts.base.units());
            put_varint(out, parts.rate.units());
            put_signed(out, capped.hundredths());
            let has_day =
                set(cap_day.is_some(), HAS_CAP_DAY) | set(earned_on.is_some(), HAS_EARNED_ON);
            let has_more = set(matures.is_some(), HAS_MATURES) | set(!given.is_empty(), HAS_GIVEN);
            out.push(has_day | has_more | parts_bits(parts));
            if let Some(day) = earned_on.or(*cap_day) {
                put_signed(out, i64::from(day.0));
            }
            if let Some(Hour(hour)) = matures {
                put_signed(out, i64::from(*hour));
            }
            put_more_parts(out, parts);
            if !given.is_empty() {
                put_given(out, given);
            }
            if !own {
                put_signed(out, points.hundredths());
            }
        }
        Outcome::Recorded => {}
        Outcome::Refused { refusal, version } => {
            out.push(code_of(&Refusal::ALL, refusal));
            put_varint(out, u64::from(*version));
        }
        Outcome::Repeated { first } => put_place(out, *first),
        Outcome::Voided { wager, points, owed, version } => {
            put_varint(out, u64::from(*version));
            put_place(out, wager.unwrap_or_default());
            if !own {
                put_signed(out, points.hundredths());
            }
            if *owed != Points::ZERO {
                put_signed(out, owed.hundredths());
            }
        }
        Outcome::DeadLetter { reason, detail } => {
            out.push(code_of(&DeadReason::ALL, reason));
            put_text(out, detail);
        }
        Outcome::Done { made } => put_varint(out, *made),
        Outcome::Declined { why } => out.push(code_of(&Declined::ALL, why)),
        Outcome::Time { fired } => put_varint(out, u64::from(*fired)),
    }
    for (at, StoredEntry { entry, hash }) in entries.iter().enumerate() {
        put_entry(out, entry, hash, Some(outcome).filter(|_| at == 0 && own));
    }
    for notice in notices {
        put_notice(out, notice);
    }
}

/// Whether what an entry says of its cause is what `outcome` says.
fn is_told(entry: &Entry<'_>, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Counted { version, points, capped, parts, .. } => {
            entry.kind == EntryKind::Earned
                && (entry.points, entry.program_version) == (*points, *version)
                && (entry.capped, entry.parts) == (*capped, *parts)
        }
        Outcome::Voided { points, owed: Points::ZERO, version, .. } => {
            entry.kind == EntryKind::Voided
                && (entry.points, entry.program_version) == (*points, *version)
                && (entry.capped, entry.parts) == (Points::ZERO, Parts::default())
        }
        Outcome::Voided { .. }
        | Outcome::Recorded
        | Outcome::Refused { .. }
        | Outcome::Repeated { .. }
        | Outcome::DeadLetter { .. }
        | Outcome::Done { .. }
        | Outcome::Declined { .. }
        | Outcome::Time { .. } => false,
    }
}

/// The lots of an entry that are not written, since its outcome says them.
fn moved_as_told(told: Option<&Outcome>) -> Moved {
    if let Some(Outcome::Counted { earned_on: Some(day), matures, .. }) = told {
        return Moved::Into { source: Source::of(*day, *matures), paid: Points::ZERO };
    }
    Moved::Untold
}

/// What two bits say where there are more.
const MANY: u8 = 3;

fn put_tag(out: &mut Vec<u8>, kind: u8, entries: usize, notices: usize) {
    let few = |count: usize| u8::try_from(count).unwrap_or(MANY).min(MANY);
    let (entry_bits, notice_bits) = (few(entries), few(notices));
    out.push(kind | entry_bits << 4 | notice_bits << 6);
    for (bits, count) in [(entry_bits, entries), (notice_bits, notices)] {
        if bits == MANY {
            put_varint(out, count as u64);
        }
    }
}

/// `kind u16 · operator · subject 16 · length · body`.
fn put_notice(out: &mut Vec<u8>, notice: &Notice<'_>) {
    out.extend_from_slice(&notice.kind.to_le_bytes());
    put_varint(out, u64::from(notice.operator));
    out.extend_from_slice(&notice.subject.0);
    put_varint(out, notice.body.len() as u64);
    out.extend_from_slice(&notice.body);
}

fn read_notice<'a>(cursor: &mut Cursor<'a>) -> Result<Notice<'a>, BadFormat> {
    let (kind, operator) = (cursor.u16()?, cursor.small()?);
    let subject = Subject(cursor.array()?);
    let length = cursor.small()?;
    Ok(Notice { kind, operator, subject, body: Cow::Borrowed(cursor.take(length)?) })
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
    /// Slot 0 in which timers fired.
    pub(super) const TIME: u8 = 11;
    /// Slot 0 in which none did.
    pub(super) const QUIET: u8 = 12;
    /// Slot 0 in which timers fired and some of them were passed over: how many, and which.
    pub(super) const TIME_PASSED_OVER: u8 = 13;
    /// A void that could not take all.
    pub(super) const VOIDED_OWED: u8 = 14;
}

fn code_of<T: PartialEq>(all: &[T], one: &T) -> u8 {
    let at = all.iter().position(|other| other == one).expect("`ALL` lists every variant");
    u8::try_from(at).expect("there are fewer than 256")
}

fn by_code<T: Copy>(all: &[T], cursor: &mut Cursor<'_>) -> Result<T, BadFormat> {
    let code = usize::from(cursor.u8()?);
    all.get(code).copied().ok_or(cursor.bad())
}

const HAS_CAP_DAY: u8 = 1;
/// The day stands there once: it is the same.
const HAS_EARNED_ON: u8 = 2;
const HAS_MATURES: u8 = 4;
const HAS_GIVEN: u8 = 8;
const HAS_TIER: u8 = 16;
const HAS_PROMOTIONS: u8 = 32;
/// What budgets lacked is behind the promotions.
const HAS_CUT: u8 = 128;

/// All that an outcome may say it has.
const OUTCOME_BITS: u8 =
    HAS_CAP_DAY | HAS_EARNED_ON | HAS_MATURES | HAS_GIVEN | HAS_TIER | HAS_PROMOTIONS | HAS_CUT;

const fn set(is_set: bool, flag: u8) -> u8 {
    if is_set { flag } else { 0 }
}

/// Which parts there are beside base and rate.
fn parts_bits(parts: &Parts) -> u8 {
    set(parts.tier.is_some(), HAS_TIER)
        | set(parts.promoted != Promoted::NONE, HAS_PROMOTIONS)
        | set(parts.promoted.cut != Points::ZERO, HAS_CUT)
}

/// `[level u8 · multiplier] · [promotions · length of multiply · multiply · its decimals u8 · bonus · [cut]]`, each where the bits
/// say so.
fn put_more_parts(out: &mut Vec<u8>, parts: &Parts) {
    if let Some(TierPart { level, multiplier }) = parts.tier {
        out.push(level);
        put_varint(out, multiplier.units());
    }
    if parts.promoted != Promoted::NONE {
        let Promoted { counted, multiply, bonus, cut } = parts.promoted;
        put_varint(out, counted);
        let digits = multiply.mantissa().to_le_bytes();
        let length = digits.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        put_varint(out, length as u64);
        out.extend_from_slice(&digits[..length]);
        out.push(multiply.decimals());
        put_signed(out, bonus.hundredths());
        if cut != Points::ZERO {
            put_signed(out, cut.hundredths());
        }
    }
}

/// `count · (promotion u8 · points · cut) …`.
fn put_given(out: &mut Vec<u8>, given: &[Given]) {
    put_varint(out, given.len() as u64);
    for Given { promotion, points, cut } in given {
        out.push(*promotion);
        put_signed(out, points.hundredths());
        put_signed(out, cut.hundredths());
    }
}

fn read_given(cursor: &mut Cursor<'_>) -> Result<Box<[Given]>, BadFormat> {
    let count = read_count(cursor, PROMOTIONS_MAX)?;
    let mut read = || {
        let promotion = cursor.u8()?;
        Ok(Given { promotion, points: read_points(cursor)?, cut: read_points(cursor)? })
    };
    (0..count).map(|_| read()).collect()
}

fn read_more_parts(cursor: &mut Cursor<'_>, bits: u8, parts: Parts) -> Result<Parts, BadFormat> {
    let mut parts = parts;
    if bits & HAS_TIER != 0 {
        parts.tier = Some(TierPart { level: cursor.u8()?, multiplier: read_rate(cursor)? });
    }
    if bits & HAS_PROMOTIONS != 0 {
        let counted = cursor.varint()?;
        let length = cursor.small()?;
        let mut digits = [0; 16];
        let written = cursor.take(length)?;
        digits.get_mut(..written.len()).ok_or(cursor.bad())?.copy_from_slice(written);
        let multiply = Factor::new(u128::from_le_bytes(digits), cursor.u8()?);
        let bonus = read_points(cursor)?;
        let cut = if bits & HAS_CUT == 0 { Points::ZERO } else { read_points(cursor)? };
        parts.promoted = Promoted { counted, multiply, bonus, cut };
    }
    Ok(parts)
}

fn put_place(out: &mut Vec<u8>, place: Place) {
    put_varint(out, u64::from(place.partition));
    put_varint(out, place.batch);
    put_varint(out, u64::from(place.slot));
    put_varint(out, u64::from(place.number));
}

fn read_place(cursor: &mut Cursor<'_>) -> Result<Place, BadFormat> {
    Ok(Place {
        partition: cursor.small()?,
        batch: cursor.varint()?,
        slot: cursor.small()?,
        number: cursor.small()?,
    })
}

const HAS_PREVIOUS: u8 = 1;
const HAS_SKIP: u8 = 2;
const SKIP_IS_PREVIOUS: u8 = 4;
const SAYS_CAUSE: u8 = 8;
const SAYS_MOVED: u8 = 64;

/// `flags u8 · [kind u8 · version · capped · base · rate · more parts] · operator · subject 16 · sequence · points ·
/// balance · event time before record time · [previous] · [skip] · [cause] · [lots] · hash 32`; earlier places as
/// batches back, slot, number. What its outcome tells is left out.
fn put_entry(out: &mut Vec<u8>, entry: &Entry<'_>, hash: &ChainHash, told: Option<&Outcome>) {
    let says_moved = entry.moved != moved_as_told(told);
    let same = entry.skip.is_some() && entry.skip == entry.previous;
    out.push(
        set(entry.previous.is_some(), HAS_PREVIOUS)
            | set(entry.skip.is_some() && !same, HAS_SKIP)
            | set(same, SKIP_IS_PREVIOUS)
            | set(says_moved, SAYS_MOVED)
            | told.map_or_else(|| SAYS_CAUSE | parts_bits(&entry.parts), |_| 0),
    );
    if told.is_none() {
        out.push(kind_code(entry.kind));
        put_varint(out, u64::from(entry.program_version));
        put_signed(out, entry.capped.hundredths());
        put_varint(out, entry.parts.base.units());
        put_varint(out, entry.parts.rate.units());
        put_more_parts(out, &entry.parts);
    }
    put_varint(out, u64::from(entry.operator));
    out.extend_from_slice(&entry.subject.0);
    put_varint(out, entry.sequence);
    put_signed(out, entry.points.hundredths());
    put_signed(out, entry.balance_after.hundredths());
    put_signed(out, entry.record_time.micros() - entry.event_time.micros());
    for earlier in [entry.previous, entry.skip.filter(|_| !same)].into_iter().flatten() {
        put_varint(out, entry.place.batch - earlier.batch);
        put_varint(out, u64::from(earlier.slot));
        put_varint(out, u64::from(earlier.number));
    }
    if !entry.kind.is_by_time() {
        put_id(out, &entry.cause);
    }
    if says_moved {
        put_moved(out, &entry.moved);
    }
    out.extend_from_slice(&hash.0);
}

mod moved {
    pub(super) const UNTOLD: u8 = 0;
    pub(super) const INTO: u8 = 1;
    pub(super) const INTO_PENDING: u8 = 2;
    pub(super) const FROM: u8 = 3;
}

/// Nothing; or `month · paid`; or `month · hour · paid`; or `count · (month · points) … · count · (hour ·
/// month · points) … · debt · owed`, behind a byte that says which.
fn put_moved(out: &mut Vec<u8>, moved: &Moved) {
    match moved {
        Moved::Untold => out.push(moved::UNTOLD),
        Moved::Into { source: Source { month, matures }, paid } => {
            out.push(if matures.is_some() { moved::INTO_PENDING } else { moved::INTO });
            put_signed(out, i64::from(month.0));
            if let Some(Hour(hour)) = matures {
                put_signed(out, i64::from(*hour));
            }
            put_signed(out, paid.hundredths());
        }
        Moved::From(taken) => {
            let Taken { ready, pending, debt, owed } = &**taken;
            out.push(moved::FROM);
            put_varint(out, ready.len() as u64);
            for Lot { month, points } in ready {
                put_signed(out, i64::from(month.0));
                put_signed(out, points.hundredths());
            }
            put_varint(out, pending.len() as u64);
            for PendingLot { matures: Hour(hour), month, points } in pending {
                put_signed(out, i64::from(*hour));
                put_signed(out, i64::from(month.0));
                put_signed(out, points.hundredths());
            }
            put_signed(out, debt.hundredths());
            put_signed(out, owed.hundredths());
        }
    }
}

fn read_moved(cursor: &mut Cursor<'_>) -> Result<Moved, BadFormat> {
    let source = |cursor: &mut Cursor<'_>, is_pending: bool| {
        let month = read_month(cursor)?;
        let matures = if is_pending { Some(read_hour(cursor)?) } else { None };
        Ok(Moved::Into { source: Source { month, matures }, paid: read_points(cursor)? })
    };
    match cursor.u8()? {
        moved::UNTOLD => Ok(Moved::Untold),
        moved::INTO => source(cursor, false),
        moved::INTO_PENDING => source(cursor, true),
        moved::FROM => {
            let mut taken = Taken::default();
            for _ in 0..read_count(cursor, LOTS_MAX + PENDING_LOTS_MAX)? {
                taken.ready.push(Lot { month: read_month(cursor)?, points: read_points(cursor)? });
            }
            for _ in 0..read_count(cursor, PENDING_LOTS_MAX)? {
                let (matures, month) = (read_hour(cursor)?, read_month(cursor)?);
                taken.pending.push(PendingLot { matures, month, points: read_points(cursor)? });
            }
            (taken.debt, taken.owed) = (read_points(cursor)?, read_points(cursor)?);
            Ok(Moved::From(Box::new(taken)))
        }
        _ => Err(cursor.bad()),
    }
}

fn read_count(cursor: &mut Cursor<'_>, max: usize) -> Result<usize, BadFormat> {
    let count = cursor.small()?;
    if count <= max { Ok(count) } else { Err(cursor.bad()) }
}

fn read_month(cursor: &mut Cursor<'_>) -> Result<Month, BadFormat> {
    Ok(Month(i16::try_from(cursor.signed()?).map_err(|_| cursor.bad())?))
}

fn read_hour(cursor: &mut Cursor<'_>) -> Result<Hour, BadFormat> {
    Ok(Hour(i32::try_from(cursor.signed()?).map_err(|_| cursor.bad())?))
}

/// What became of the slots of a slice, in order: slot 0 first, then each record.
#[derive(Debug, Clone)]
pub struct Outcomes<'a> {
    cursor: Cursor<'a>,
    /// The behaviour number that the fold had.
    pub behaviour: u16,
    /// The batch's time.
    pub time: Timestamp,
    next: Place,
    /// Slots that have not been read.
    left: u64,
}

impl<'a> Outcomes<'a> {
    /// Begins to read a slice of the journal.
    pub fn read(slice: &Slice<'a>) -> Result<Self, BadFormat> {
        let mut cursor = Cursor::new(slice.body, "journal slice");
        cursor.format(FORMAT)?;
        let behaviour = cursor.u16()?;
        let time = Timestamp::from_micros(cursor.i64()?);
        let next = Place { partition: slice.partition, batch: slice.batch, slot: 0, number: 0 };
        Ok(Self { cursor, behaviour, time, next, left: u64::from(slice.count) + 1 })
    }

    /// What became of `slot`.
    pub fn at(mut self, slot: u32) -> Result<Recorded<'a>, BadFormat> {
        let bad = self.cursor.bad();
        self.nth(slot as usize).unwrap_or(Err(bad))
    }

    /// What became of `slot`, which begins `offset` bytes after the beginning of the slice's body.
    pub fn read_at(slice: &Slice<'a>, slot: u32, offset: usize) -> Result<Recorded<'a>, BadFormat> {
        let mut outcomes = Self::read(slice)?;
        outcomes.cursor = Cursor::new(slice.body, "journal slice");
        outcomes.cursor.take(offset)?;
        outcomes.next.slot = slot;
        outcomes.read_next()
    }

    /// Whether nobody hears of the batch: it has no records, and its time has made nothing.
    pub fn is_quiet(mut self) -> Result<bool, BadFormat> {
        if self.left != 1 {
            return Ok(false);
        }
        let Recorded { entries, notices, .. } = self.read_next()?;
        Ok(entries.is_empty() && notices.is_empty())
    }

    /// What became of the records, without the batch's own time; its damage is told all the same.
    pub fn records(self) -> impl Iterator<Item = Result<Recorded<'a>, BadFormat>> {
        let is_time = |read: &Result<Recorded<'_>, _>| {
            read.as_ref().is_ok_and(|recorded| recorded.place.slot == 0)
        };
        self.skip_while(is_time)
    }

    /// What became of the records, with their places, for whoever asks neither for entries nor for notices.
    pub fn bare(mut self) -> impl Iterator<Item = Result<(Place, Outcome), BadFormat>> {
        let next = move || {
            self.left = self.left.checked_sub(1)?;
            let read = self.read_slot(|_| {}, |_| {});
            if read.is_err() {
                self.left = 0;
            }
            Some(read)
        };
        let is_time = |read: &Result<(Place, _), _>| read.as_ref().is_ok_and(|it| it.0.slot == 0);
        iter::from_fn(next).skip_while(is_time)
    }

    fn read_next(&mut self) -> Result<Recorded<'a>, BadFormat> {
        let (time, mut entries, mut notices) = (self.time, Entries::new(), Vec::new());
        let read = self.read_slot(|entry| entries.push(entry), |notice| notices.push(notice));
        read.map(|(place, outcome)| Recorded { place, time, outcome, entries, notices })
    }

    fn read_slot(
        &mut self,
        mut entry: impl FnMut(StoredEntry<'a>),
        mut notice: impl FnMut(StoredNotice<'a>),
    ) -> Result<(Place, Outcome), BadFormat> {
        let (place, time) = (self.next, self.time);
        let cursor = &mut self.cursor;
        let (kind, entry_count, notice_count) = read_tag(cursor)?;
        let mut outcome = read_outcome(cursor, kind)?;
        for number in 0..entry_count {
            let told = Some(&mut outcome).filter(|_| number == 0);
            entry(read_entry(cursor, Place { number, ..place }, time, told)?);
        }
        if entry_count == 0 && matches!(kind, tag::EARNED | tag::TAKEN_BACK) {
            return Err(cursor.bad());
        }
        for number in (entry_count..).take(notice_count as usize) {
            let place = Place { number, ..place };
            notice(StoredNotice { place, notice: read_notice(cursor)? });
        }
        self.next.slot += 1;
        Ok((place, outcome))
    }
}

impl<'a> Iterator for Outcomes<'a> {
    type Item = Result<Recorded<'a>, BadFormat>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let read = self.read_next();
        if read.is_err() {
            self.left = 0;
        }
        Some(read)
    }
}

fn read_outcome(cursor: &mut Cursor<'_>, kind: u8) -> Result<Outcome, BadFormat> {
    Ok(match kind {
        tag::EARNED | tag::COUNTED => {
            let version = cursor.small()?;
            let parts = Parts::of(read_rate(cursor)?, read_rate(cursor)?);
            let capped = read_points(cursor)?;
            let bits = cursor.u8()?;
            let is_known = bits & !OUTCOME_BITS == 0;
            if !is_known || bits & (HAS_CUT | HAS_PROMOTIONS) == HAS_CUT {
                return Err(cursor.bad());
            }
            let day = match bits & (HAS_CAP_DAY | HAS_EARNED_ON) {
                0 => None,
                _ => Some(Day(i32::try_from(cursor.signed()?).map_err(|_| cursor.bad())?)),
            };
            let cap_day = day.filter(|_| bits & HAS_CAP_DAY != 0);
            let earned_on = day.filter(|_| bits & HAS_EARNED_ON != 0);
            let matures = if bits & HAS_MATURES == 0 { None } else { Some(read_hour(cursor)?) };
            let parts = read_more_parts(cursor, bits, parts)?;
            let given = if bits & HAS_GIVEN == 0 { Box::default() } else { read_given(cursor)? };
            let points = if kind == tag::COUNTED { read_points(cursor)? } else { Points::ZERO };
            Outcome::Counted { version, points, capped, parts, cap_day, earned_on, matures, given }
        }
        tag::RECORDED => Outcome::Recorded,
        tag::REFUSED => {
            let refusal = by_code(&Refusal::ALL, cursor)?;
            Outcome::Refused { refusal, version: cursor.small()? }
        }
        tag::REPEATED => Outcome::Repeated { first: read_place(cursor)? },
        tag::TAKEN_BACK | tag::VOIDED | tag::VOIDED_OWED => {
            let version = cursor.small()?;
            let wager = Some(read_place(cursor)?).filter(|wager| wager.batch != 0);
            let points = if kind == tag::TAKEN_BACK { Points::ZERO } else { read_points(cursor)? };
            let owed = if kind == tag::VOIDED_OWED { read_points(cursor)? } else { Points::ZERO };
            Outcome::Voided { wager, points, owed, version }
        }
        tag::DEAD_LETTER => {
            let reason = by_code(&DeadReason::ALL, cursor)?;
            Outcome::DeadLetter { reason, detail: cursor.text()?.into() }
        }
        tag::DONE => Outcome::Done { made: cursor.varint()? },
        tag::DECLINED => Outcome::Declined { why: by_code(&Declined::ALL, cursor)? },
        tag::TIME => Outcome::Time { fired: cursor.small()? },
        tag::QUIET => Outcome::Time { fired: 0 },
        tag::TIME_PASSED_OVER => {
            let fired = cursor.small()?;
            read_passed_over(cursor)?;
            Outcome::Time { fired }
        }
        _ => return Err(cursor.bad()),
    })
}

fn read_passed_over(cursor: &mut Cursor<'_>) -> Result<Vec<u32>, BadFormat> {
    (0..cursor.varint()?).map(|_| cursor.small()).collect()
}

/// The inputs of a batch that a control record had passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PassedOver {
    /// Slots of records.
    pub slots: Vec<u32>,
    /// Timers of slot 0, by how many fired before them.
    pub timers: Vec<u32>,
}

impl PassedOver {
    /// Reads them from a slice of the journal.
    pub fn read(slice: &Slice<'_>) -> Result<Self, BadFormat> {
        let outcomes = Outcomes::read(slice)?;
        let mut timers = Vec::new();
        let mut cursor = outcomes.cursor.clone();
        let (kind, ..) = read_tag(&mut cursor)?;
        if kind == tag::TIME_PASSED_OVER {
            cursor.varint()?;
            timers = read_passed_over(&mut cursor)?;
        }
        let mut slots = Vec::new();
        for recorded in outcomes {
            let recorded = recorded?;
            if matches!(recorded.outcome, Outcome::DeadLetter { reason: DeadReason::Skipped, .. }) {
                slots.push(recorded.place.slot);
            }
        }
        Ok(Self { slots, timers })
    }
}

/// The kind of a slot, and how many entries and notices it has.
fn read_tag(cursor: &mut Cursor<'_>) -> Result<(u8, u32, u32), BadFormat> {
    let tag = cursor.u8()?;
    let mut count = |bits: u8| match bits {
        MANY => cursor.small(),
        few => Ok(u32::from(few)),
    };
    Ok((tag & 15, count(tag >> 4 & MANY)?, count(tag >> 6)?))
}

fn read_rate(cursor: &mut Cursor<'_>) -> Result<Rate, BadFormat> {
    Rate::from_units(cursor.varint()?).ok_or(cursor.bad())
}

fn read_points(cursor: &mut Cursor<'_>) -> Result<Points, BadFormat> {
    Points::from_hundredths(cursor.signed()?).ok_or(cursor.bad())
}

/// Reads an entry. What it leaves out is said by `told`, which in turn has its points from the entry.
fn read_entry<'a>(
    cursor: &mut Cursor<'a>,
    place: Place,
    record_time: Timestamp,
    told: Option<&mut Outcome>,
) -> Result<StoredEntry<'a>, BadFormat> {
    let flags = cursor.u8()?;
    let own = if flags & SAYS_CAUSE != 0 {
        let kind = entry_kind(cursor.u8()?).ok_or(cursor.bad())?;
        let (program_version, capped) = (cursor.small()?, read_points(cursor)?);
        let parts = Parts::of(read_rate(cursor)?, read_rate(cursor)?);
        let parts = read_more_parts(cursor, flags, parts)?;
        Some((kind, program_version, capped, parts))
    } else {
        None
    };
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
        let (slot, number) = (cursor.small()?, cursor.small()?);
        Ok(Some(Place { partition: place.partition, batch, slot, number }))
    };
    let previous = earlier(HAS_PREVIOUS)?;
    let skip = earlier(HAS_SKIP)?.or(previous.filter(|_| flags & SKIP_IS_PREVIOUS != 0));
    let is_by_time = own.is_some_and(|(kind, ..)| kind.is_by_time());
    let cause: Cow<'a, str> = if is_by_time { Cow::default() } else { read_id(cursor)? };
    let moved = if flags & SAYS_MOVED == 0 {
        moved_as_told(told.as_deref().filter(|_| own.is_none()))
    } else {
        read_moved(cursor)?
    };
    let hash = ChainHash(cursor.array()?);
    let (kind, program_version, capped, parts) = match (own, told) {
        (Some(own), _) => own,
        (None, Some(Outcome::Counted { version, points: told, capped, parts, .. })) => {
            *told = points;
            (EntryKind::Earned, *version, *capped, *parts)
        }
        (None, Some(Outcome::Voided { version, points: told, .. })) => {
            *told = points;
            (EntryKind::Voided, *version, Points::ZERO, Parts::default())
        }
        (None, _) => return Err(cursor.bad()),
    };
    let entry = Entry {
        operator,
        subject,
        sequence,
        kind,
        points,
        balance_after,
        capped,
        moved,
        cause,
        program_version,
        parts,
        event_time: record_time.plus_micros(-age),
        record_time,
        place,
        previous,
        skip,
    };
    Ok(StoredEntry { entry, hash })
}
