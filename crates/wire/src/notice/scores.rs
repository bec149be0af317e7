//! The notice of scores: an event counts in tournaments, or does not any more.

use accolade_domain::ranking::Score;
use accolade_domain::time::Timestamp;

use crate::bytes::{BadFormat, Cursor, put_varint};

/// The kind of a [`Scored`].
pub const SCORED: u16 = 8;
/// The kind of one that came late: the scores are those that a tournament has once it is settled again.
pub const SCORED_LATE: u16 = 14;

const FORMAT: u8 = 1;
/// All bits of a score follow.
const WHOLE: u8 = 1;
/// In the place of a delta: it is the value.
const SAME: u8 = 3;

/// What an event, or a void, has changed of the player's scores.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scored {
    /// In the order of the numbers of tournaments.
    pub lines: Vec<ScoredLine>,
    /// The event's own time, where it belongs to a period that is capped: a void takes it out of that one.
    pub at: Option<Timestamp>,
}

/// What it has changed in one tournament.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScoredLine {
    /// The number of the tournament within its operator.
    pub tournament: u32,
    /// What the event counts, or counted until it was voided.
    pub value: Score,
    /// By how much the score is more than before.
    pub delta: Score,
    /// The score after it.
    pub score: Score,
    /// How many events count after it.
    pub events: u64,
    /// The record that has last changed the score, where this one leaves it as it was.
    pub reached: Option<Reached>,
}

/// The record that has last changed a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// The time of its batch.
    pub at: Timestamp,
    /// Its batch of the player's partition.
    pub batch: u64,
    /// Its slot.
    pub slot: u32,
}

impl Scored {
    /// `format u8 · count · lines`, each `number, as the distance to the one before · value · score · events · delta`, and where
    /// the delta is 0 `reached, behind a 1: time i64 · batch · slot`. A score
    /// is twice its hundredths, zig-zag, where it is whole ones, and else 1 and 16 bytes; a delta that is the value is 3.
    /// The time, where there is one, is another eight bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(4 + 16 * self.lines.len());
        out.push(FORMAT);
        put_varint(&mut out, self.lines.len() as u64);
        let mut before = 0;
        for ScoredLine { tournament, value, delta, score, events, reached } in &self.lines {
            put_varint(&mut out, u64::from(tournament.wrapping_sub(before)));
            put_score(&mut out, *value);
            put_score(&mut out, *score);
            put_varint(&mut out, *events);
            if delta == value {
                out.push(SAME);
            } else {
                put_score(&mut out, *delta);
            }
            if *delta == Score::default() {
                put_reached(&mut out, reached.as_ref());
            }
            before = *tournament;
        }
        out.extend(self.at.into_iter().flat_map(|at| at.micros().to_le_bytes()));
        out
    }

    /// Reads what [`Scored::to_bytes`] wrote.
    pub fn read(bytes: &[u8]) -> Result<Self, BadFormat> {
        let mut cursor = Cursor::new(bytes, "notice of scores");
        cursor.format(FORMAT)?;
        let count: u32 = cursor.small()?;
        let (mut lines, mut before) = (Vec::new(), 0_u32);
        for _ in 0..count {
            let distance: u32 = cursor.small()?;
            let tournament = before.checked_add(distance).ok_or(cursor.bad())?;
            let (value, score) = (read_score(&mut cursor)?, read_score(&mut cursor)?);
            let events = cursor.varint()?;
            let begin = cursor.varint()?;
            let delta = if begin == u64::from(SAME) { value } else { after(begin, &mut cursor)? };
            let is_same = delta == Score::default();
            let reached = if is_same { read_reached(&mut cursor)? } else { None };
            lines.push(ScoredLine { tournament, value, delta, score, events, reached });
            before = tournament;
        }
        let at = if cursor.is_empty() { None } else { Some(Timestamp::from_micros(cursor.i64()?)) };
        Ok(Self { lines, at })
    }
}

fn put_reached(out: &mut Vec<u8>, reached: Option<&Reached>) {
    out.push(u8::from(reached.is_some()));
    if let Some(Reached { at, batch, slot }) = reached {
        out.extend_from_slice(&at.micros().to_le_bytes());
        put_varint(out, *batch);
        put_varint(out, u64::from(*slot));
    }
}

fn read_reached(cursor: &mut Cursor<'_>) -> Result<Option<Reached>, BadFormat> {
    if cursor.u8()? == 0 {
        return Ok(None);
    }
    let at = Timestamp::from_micros(cursor.i64()?);
    Ok(Some(Reached { at, batch: cursor.varint()?, slot: cursor.small()? }))
}

pub(super) fn put_score(out: &mut Vec<u8>, score: Score) {
    let fits = |hundredths: &i64| hundredths.unsigned_abs() >> 61 == 0;
    if let Some(whole) = score.hundredths().filter(fits) {
        put_varint(out, ((whole << 1) ^ (whole >> 63)).cast_unsigned() << 1);
    } else {
        out.push(WHOLE);
        out.extend_from_slice(&score.0.to_le_bytes());
    }
}

pub(super) fn read_score(cursor: &mut Cursor<'_>) -> Result<Score, BadFormat> {
    let begin = cursor.varint()?;
    after(begin, cursor)
}

fn after(begin: u64, cursor: &mut Cursor<'_>) -> Result<Score, BadFormat> {
    if begin == u64::from(WHOLE) {
        return Ok(Score(i128::from_le_bytes(cursor.array()?)));
    }
    if begin & 1 == 1 {
        return Err(cursor.bad());
    }
    let folded = begin >> 1;
    let hundredths = (folded >> 1).cast_signed() ^ -((folded & 1).cast_signed());
    Ok(Score::of_hundredths(hundredths))
}
