//! What events counted in tournaments that had begun before they were scheduled: those from before, and those that came until all
//! of it was added up. From behaviour 2 on.
//!
//! They are added up in the order of their places. A void finds here what its wager counted, since the journal does not say it
//! where that stands.

use accolade_domain::ranking::Score;
use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor, put_text, put_varint};

use super::{Paged, Table};
use crate::players::Ordinal;
use crate::rules::Settings;

/// Stands before the kind of what came late.
const LATE: u8 = 5;

/// The table of events of tournaments that are filled.
#[derive(Debug, Default)]
pub struct FilledEvents;

/// An event of a player in a tournament, by its place; batch 0 is none of an event, and says how far they were added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FilledKey {
    /// The player.
    pub player: Ordinal,
    /// The number of the tournament within its operator.
    pub tournament: u32,
    /// The event's batch.
    pub batch: u64,
    /// Its slot.
    pub slot: u32,
}

/// What an event does, and for how long that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// Until when the tournament may need it.
    pub until: Timestamp,
    /// What it does.
    pub does: Does,
    /// Of one that came once the tournament had closed: what is remarked of it.
    pub late: Option<Late>,
}

/// An event that came late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Late {
    /// Its id; that of the wager for a void.
    pub id: Box<str>,
    /// Its own time.
    pub at: Timestamp,
}

/// What an event does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    /// It counts.
    Counts {
        /// So much.
        value: Score,
        /// Its own time.
        at: Timestamp,
        /// The time of its batch.
        now: Timestamp,
    },
    /// It takes back what a wager counts.
    Voids {
        /// The batch and the slot of the wager.
        wager: (u64, u32),
        /// The time of its own batch.
        now: Timestamp,
    },
    /// Nothing: it was beyond what a score holds.
    Nothing,
    /// The events up to this batch and slot are added up.
    AddedUpTo(u64, u32),
}

impl FilledKey {
    /// What is before all events of a player in a tournament, and says how far they are added up.
    pub const fn first(player: Ordinal, tournament: u32) -> Self {
        Self { player, tournament, batch: 0, slot: 0 }
    }

    /// Whether it is of the same player and tournament.
    pub fn is_beside(&self, other: &Self) -> bool {
        (self.player, self.tournament) == (other.player, other.tournament)
    }
}

impl Table for FilledEvents {
    type Key = FilledKey;
    type Value = Filled;

    const NAME: &'static str = "event of a tournament that is filled";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &FilledKey) {
        let FilledKey { player, tournament, batch, slot } = key;
        out.extend_from_slice(&player.to_be_bytes());
        out.extend_from_slice(&tournament.to_be_bytes());
        out.extend_from_slice(&batch.to_be_bytes());
        out.extend_from_slice(&slot.to_be_bytes());
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<FilledKey, BadFormat> {
        let player = u32::from_be_bytes(cursor.array()?);
        let tournament = u32::from_be_bytes(cursor.array()?);
        let batch = u64::from_be_bytes(cursor.array()?);
        let slot = u32::from_be_bytes(cursor.array()?);
        Ok(FilledKey { player, tournament, batch, slot })
    }

    /// `until i64 · kind u8`, and of what counts `value i128 · at i64 · now i64`, of a void `batch · slot · now i64`, of how far it
    /// is `batch · slot`; before the kind of what came late `5 · id · at i64`.
    fn put_value(out: &mut Vec<u8>, Filled { until, does, late }: &Filled) {
        out.extend_from_slice(&until.micros().to_le_bytes());
        if let Some(Late { id, at }) = late {
            out.push(LATE);
            put_text(out, id);
            out.extend_from_slice(&at.micros().to_le_bytes());
        }
        match does {
            Does::Counts { value, at, now } => {
                out.push(1);
                out.extend_from_slice(&value.0.to_le_bytes());
                out.extend_from_slice(&at.micros().to_le_bytes());
                out.extend_from_slice(&now.micros().to_le_bytes());
            }
            Does::Voids { wager: (batch, slot), now } => {
                out.push(2);
                put_varint(out, *batch);
                put_varint(out, u64::from(*slot));
                out.extend_from_slice(&now.micros().to_le_bytes());
            }
            Does::Nothing => out.push(3),
            Does::AddedUpTo(batch, slot) => {
                out.push(4);
                put_varint(out, *batch);
                put_varint(out, u64::from(*slot));
            }
        }
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Filled, BadFormat> {
        let until = Timestamp::from_micros(cursor.i64()?);
        let (mut kind, mut late) = (cursor.u8()?, None);
        if kind == LATE {
            let (id, at) = (cursor.text()?.into(), Timestamp::from_micros(cursor.i64()?));
            (kind, late) = (cursor.u8()?, Some(Late { id, at }));
        }
        let does = match kind {
            1 => Does::Counts {
                value: Score(i128::from_le_bytes(cursor.array()?)),
                at: Timestamp::from_micros(cursor.i64()?),
                now: Timestamp::from_micros(cursor.i64()?),
            },
            2 => Does::Voids {
                wager: (cursor.varint()?, cursor.small()?),
                now: Timestamp::from_micros(cursor.i64()?),
            },
            3 => Does::Nothing,
            4 => Does::AddedUpTo(cursor.varint()?, cursor.small()?),
            _ => return Err(cursor.bad()),
        };
        Ok(Filled { until, does, late })
    }
}

impl Paged for FilledEvents {
    fn ends(_: &FilledKey, value: Option<&Filled>, _: &Settings) -> Option<Timestamp> {
        value.map(|filled| filled.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_they_were_written_in_the_order_of_their_places() {
        let key = |batch, slot| FilledKey { player: 1, tournament: 300, batch, slot };
        let keys = [FilledKey::first(1, 300), key(1, 300), key(2, 1), key(256, 0)];
        assert!(keys.is_sorted());
        let written = keys.map(|key| {
            let mut out = Vec::new();
            FilledEvents::put_key(&mut out, &key);
            assert_eq!(FilledEvents::read_key(&mut Cursor::new(&out, "row"), 3), Ok(key));
            out
        });
        assert!(written.is_sorted());
        let time = Timestamp::from_micros;
        for does in [
            Does::Counts { value: Score(-(1 << 100)), at: time(-5), now: time(7) },
            Does::Voids { wager: (1 << 40, 3), now: time(8) },
            Does::Nothing,
            Does::AddedUpTo(9, 10),
        ] {
            for late in [None, Some(Late { id: "w1".into(), at: time(-9) })] {
                let filled = Filled { until: time(77), does, late };
                let mut out = Vec::new();
                FilledEvents::put_value(&mut out, &filled);
                let read = FilledEvents::read_value(&mut Cursor::new(&out, "row"), 3);
                assert_eq!(read, Ok(filled));
            }
        }
    }
}
