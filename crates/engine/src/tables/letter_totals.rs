//! How many dead letters of each kind are open, and which of all ends first: one row, so that nobody has to walk
//! them.

use accolade_domain::ledger::Place;
use accolade_domain::refusal::DeadReason;
use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor, put_varint};

use super::dead_letters::{DeadLetter, DeadLetterState};
use super::{Table, put_place, read_place};
use crate::rules::Settings;

/// The table of one row.
#[derive(Debug, Default)]
pub struct LetterTotals;

/// What there is of dead letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Those that are open, by reason, in the order of [`DeadReason::ALL`].
    open: [u64; DeadReason::ALL.len()],
    /// The one that ends first.
    pub first: Option<First>,
}

/// The dead letter that ends first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct First {
    /// Its place.
    pub place: Place,
    /// When it ends.
    pub until: Timestamp,
}

impl Totals {
    /// How many letters of a reason are open.
    pub fn open(&self, reason: DeadReason) -> u64 {
        self.open[reason.index()]
    }

    /// With a letter more, which is the newest.
    #[must_use]
    pub(crate) fn with(mut self, place: Place, letter: &DeadLetter) -> Self {
        self.open[letter.reason.index()] += 1;
        self.first.get_or_insert(First { place, until: letter.until });
        self
    }

    /// Without a letter among those that are open, if it is one of them.
    #[must_use]
    pub(crate) fn without_open(mut self, letter: &DeadLetter) -> Self {
        if letter.state == DeadLetterState::Open {
            let open = &mut self.open[letter.reason.index()];
            *open = open.checked_sub(1).expect("an open letter is counted");
        }
        self
    }
}

impl Table for LetterTotals {
    type Key = ();
    type Value = Totals;

    const NAME: &'static str = "count of dead letters";
    const FORMAT: u8 = 1;

    fn put_key(_: &mut Vec<u8>, (): &()) {}

    fn read_key(_: &mut Cursor<'_>, _: u16) -> Result<(), BadFormat> {
        Ok(())
    }

    fn put_value(out: &mut Vec<u8>, totals: &Totals) {
        put_varint(out, totals.open.len() as u64);
        for open in totals.open {
            put_varint(out, open);
        }
        out.push(u8::from(totals.first.is_some()));
        if let Some(First { place, until }) = totals.first {
            put_place(out, place);
            out.extend_from_slice(&until.micros().to_le_bytes());
        }
    }

    fn read_value(cursor: &mut Cursor<'_>, partition: u16) -> Result<Totals, BadFormat> {
        let mut totals = Totals::default();
        for reason in 0..cursor.small::<usize>()? {
            let bad = cursor.bad();
            *totals.open.get_mut(reason).ok_or(bad)? = cursor.varint()?;
        }
        if cursor.u8()? != 0 {
            let place = read_place(cursor, partition)?;
            totals.first = Some(First { place, until: Timestamp::from_micros(cursor.i64()?) });
        }
        Ok(totals)
    }

    fn due((): &(), totals: &Totals, _: &Settings) -> Option<Timestamp> {
        Some(totals.first?.until)
    }
}
