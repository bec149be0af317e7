//! What came late in tournaments: how much of it, and what came first. From behaviour 2 on.

use accolade_domain::ledger::Place;
use accolade_domain::ranking::Score;
use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor, put_text, put_varint};

use super::redemptions::FOUND_MICROS;
use super::{Paged, Table, put_place, read_place};
use crate::players::Ordinal;
use crate::rules::Settings;
use crate::rules::tournaments::Tournament;

/// So many are remarked one by one of a settlement, in a partition.
pub const FIRST_MAX: usize = 20;

/// The table of remarks.
#[derive(Debug, Default)]
pub struct LateRemarks;

/// A settlement of a tournament.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RemarksKey {
    /// The operator's number.
    pub operator: u32,
    /// The tournament's.
    pub tournament: u32,
    /// How often it had been settled again when it came.
    pub settlement: u32,
}

/// What came after a settlement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remarks {
    /// How many wagers.
    pub wagers: u64,
    /// How many voids.
    pub voids: u64,
    /// How many game events.
    pub game_events: u64,
    /// When the last came.
    pub last: Timestamp,
    /// The first of them.
    pub first: Box<[Remark]>,
}

/// An event that came late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What it is.
    pub kind: LateKind,
    /// Its id; that of the wager for a void.
    pub id: Box<str>,
    /// Whose it is.
    pub player: Ordinal,
    /// By how much the player's score would be more.
    pub delta: Score,
    /// What it would be, with everything that came late before.
    pub score: Score,
    /// When it happened.
    pub at: Timestamp,
    /// When it came: the time of its batch.
    pub came_at: Timestamp,
    /// Where it stands.
    pub place: Place,
}

/// What comes late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum LateKind {
    /// A wager.
    Wager,
    /// A void.
    Void,
    /// A game event.
    GameEvent,
}

impl RemarksKey {
    /// What comes late in a tournament as it is.
    pub fn of(operator: u32, tournament: &Tournament) -> Self {
        Self { operator, tournament: tournament.number, settlement: tournament.settlement() }
    }
}

impl LateKind {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Wager, Self::Void, Self::GameEvent];
}

impl Remarks {
    /// The same with one more.
    pub(crate) fn add(&mut self, remark: Remark) {
        let count = match remark.kind {
            LateKind::Wager => &mut self.wagers,
            LateKind::Void => &mut self.voids,
            LateKind::GameEvent => &mut self.game_events,
        };
        *count += 1;
        self.last = self.last.max(remark.came_at);
        if self.first.len() < FIRST_MAX {
            let mut first = std::mem::take(&mut self.first).into_vec();
            first.push(remark);
            self.first = first.into();
        }
    }
}

impl Table for LateRemarks {
    type Key = RemarksKey;
    type Value = Remarks;

    const NAME: &'static str = "remarks on a tournament";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &RemarksKey) {
        for number in [key.operator, key.tournament, key.settlement] {
            out.extend_from_slice(&number.to_be_bytes());
        }
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<RemarksKey, BadFormat> {
        let numbers = [cursor.array()?, cursor.array()?, cursor.array()?];
        let [operator, tournament, settlement] = numbers.map(u32::from_be_bytes);
        Ok(RemarksKey { operator, tournament, settlement })
    }

    /// `wagers · voids · game events · last i64 · count, (kind u8 · id · player · delta i128 · score i128 · at i64 · came at
    /// i64 · place)*`.
    fn put_value(out: &mut Vec<u8>, remarks: &Remarks) {
        for count in [remarks.wagers, remarks.voids, remarks.game_events] {
            put_varint(out, count);
        }
        out.extend_from_slice(&remarks.last.micros().to_le_bytes());
        put_varint(out, remarks.first.len() as u64);
        for Remark { kind, id, player, delta, score, at, came_at, place } in &remarks.first {
            out.push(*kind as u8);
            put_text(out, id);
            put_varint(out, u64::from(*player));
            for score in [delta, score] {
                out.extend_from_slice(&score.0.to_le_bytes());
            }
            for time in [at, came_at] {
                out.extend_from_slice(&time.micros().to_le_bytes());
            }
            put_place(out, *place);
        }
    }

    fn read_value(cursor: &mut Cursor<'_>, partition: u16) -> Result<Remarks, BadFormat> {
        let (wagers, voids, game_events) = (cursor.varint()?, cursor.varint()?, cursor.varint()?);
        let last = Timestamp::from_micros(cursor.i64()?);
        let count: u32 = cursor.small()?;
        let mut first = Vec::new();
        for _ in 0..count {
            let kind = LateKind::ALL.get(usize::from(cursor.u8()?)).ok_or(cursor.bad())?;
            first.push(Remark {
                kind: *kind,
                id: cursor.text()?.into(),
                player: cursor.small()?,
                delta: Score(i128::from_le_bytes(cursor.array()?)),
                score: Score(i128::from_le_bytes(cursor.array()?)),
                at: Timestamp::from_micros(cursor.i64()?),
                came_at: Timestamp::from_micros(cursor.i64()?),
                place: read_place(cursor, partition)?,
            });
        }
        Ok(Remarks { wagers, voids, game_events, last, first: first.into() })
    }
}

impl Paged for LateRemarks {
    fn ends(_: &RemarksKey, value: Option<&Remarks>, _: &Settings) -> Option<Timestamp> {
        value.map(|remarks| remarks.last.plus_micros(FOUND_MICROS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_their_bytes() {
        let of = |operator, tournament, settlement| RemarksKey { operator, tournament, settlement };
        let keys = [of(1, 1, 0), of(1, 1, 2), of(1, 1, 300), of(1, 256, 1), of(2, 1, 1)];
        assert!(keys.is_sorted());
        let written = keys.map(|key| {
            let mut out = Vec::new();
            LateRemarks::put_key(&mut out, &key);
            assert_eq!(LateRemarks::read_key(&mut Cursor::new(&out, "row"), 3), Ok(key));
            out
        });
        assert!(written.is_sorted());
    }

    #[test]
    fn all_are_counted_and_the_first_are_read_as_they_were_written() {
        let mut remarks = Remarks::default();
        for number in 0..50_u32 {
            let kind = LateKind::ALL[number as usize % 3];
            remarks.add(Remark {
                kind,
                id: format!("w{number}").into(),
                player: number,
                delta: Score(-5),
                score: Score(i128::from(number)),
                at: Timestamp::from_micros(7),
                came_at: Timestamp::from_micros(i64::from(number)),
                place: Place { partition: 3, batch: 9, slot: number, number: 0 },
            });
        }
        assert_eq!((remarks.wagers, remarks.voids, remarks.game_events), (17, 17, 16));
        assert_eq!((remarks.first.len(), remarks.last.micros()), (FIRST_MAX, 49));
        let mut out = Vec::new();
        LateRemarks::put_value(&mut out, &remarks);
        assert_eq!(LateRemarks::read_value(&mut Cursor::new(&out, "row"), 3), Ok(remarks));
    }
}
