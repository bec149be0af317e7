//! One batch of the journal, and what helps to read it.

use std::io;
use std::sync::Arc;

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_engine::error::in_full;
use accolade_engine::feed::Feed;
use accolade_engine::ordered::LogFailed;
use accolade_engine::rules::Rules;
use accolade_wire::bytes::{BadFormat, Cursor};
use accolade_wire::journal::Outcomes;
use accolade_wire::record::{Record, Slice};

use crate::position::now;

/// A dead letter's bytes may follow its outcome; after this long they are gone for good.
const LETTER_DELAY_MICROS: i64 = 60_000_000;
/// The log has records for a week: after this long it is not asked, so that whoever writes years anew does not ask it
/// for each batch.
const LOG_MICROS: i64 = 10 * 24 * 3_600_000_000;

/// A batch as the journal has it.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The partition.
    pub partition: u16,
    /// Its number there.
    pub number: u64,
    /// Its time.
    pub time: Timestamp,
    slice: Slice<'a>,
    feed: &'a dyn Feed,
}

/// Why a partition does not go on for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// What it needs is not there yet, and most likely will be in a moment.
    Waits(String),
    /// It stands: somebody has to see to it.
    Stands(String),
}

impl From<io::Error> for Held {
    fn from(error: io::Error) -> Self {
        Self::Stands(format!("the journal cannot be read: {}", in_full(&error)))
    }
}

impl From<BadFormat> for Held {
    fn from(error: BadFormat) -> Self {
        Self::Stands(format!("the journal cannot be read: {error}"))
    }
}

/// The time of a batch; `None` where there is none of this number, or the journal does not have it.
pub fn time_of(feed: &dyn Feed, partition: u16, batch: u64) -> io::Result<Option<Timestamp>> {
    let bytes = if batch == 0 { None } else { feed.journal(partition, batch)? };
    let Some(bytes) = bytes else { return Ok(None) };
    let batch = Batch::read(&bytes, feed).map_err(io::Error::other)?;
    Ok(Some(batch.time))
}

impl<'a> Batch<'a> {
    /// Reads a slice of the journal, as a feed gives it.
    pub fn read(bytes: &'a [u8], feed: &'a dyn Feed) -> Result<Self, BadFormat> {
        let slice = Slice::read_unchecked(&mut Cursor::new(bytes, "slice"))?;
        let time = Outcomes::read(&slice)?.time;
        Ok(Self { partition: slice.partition, number: slice.batch, time, slice, feed })
    }

    /// The journal's slice.
    pub const fn journal(&self) -> &Slice<'a> {
        &self.slice
    }

    /// What became of its inputs, in order.
    pub fn outcomes(&self) -> Result<Outcomes<'a>, BadFormat> {
        Outcomes::read(&self.slice)
    }

    /// The rules as the node knows them: those of this batch, or later ones.
    pub fn rules(&self) -> Arc<Rules> {
        self.feed.rules()
    }

    /// Its inputs, as a slice; `None` where they are not at hand any more.
    pub fn records(&self) -> io::Result<Option<Vec<u8>>> {
        self.feed.records(self.partition, self.number)
    }

    /// Its inputs, from the log itself where they are not at hand; `None` where nobody has them any more. Where the log
    /// cannot be reached, the batch is held.
    pub fn records_anywhere(&self) -> Result<Option<Vec<u8>>, Held> {
        let (partition, batch) = (self.partition, self.number);
        let at_hand = self.records().unwrap_or_else(|error| {
            tracing::warn!(partition, batch, %error, "the copy of the log cannot be read");
            None
        });
        if at_hand.is_some() || now().micros() - self.time.micros() > LOG_MICROS {
            return Ok(at_hand);
        }
        match self.feed.reread(partition, batch) {
            Ok(records) => Ok(Some(records)),
            Err(away @ LogFailed::Unavailable(_)) => Err(Held::Waits(away.to_string())),
            Err(LogFailed::Gone(_) | LogFailed::Damaged(_)) => Ok(None),
        }
    }

    /// Reads an input of this batch that could not be processed. Says whether it is kept: where it may still
    /// come, the batch is held.
    pub fn letter(&self, place: Place, read: &mut dyn FnMut(&Record<'_>)) -> Result<bool, Held> {
        let is_kept = self.feed.dead_letter(place, read)?;
        if !is_kept && now().micros() - self.time.micros() < LETTER_DELAY_MICROS {
            return Err(Held::Waits("a dead letter's bytes are not there yet".into()));
        }
        Ok(is_kept)
    }
}
