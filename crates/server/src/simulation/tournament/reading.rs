//! Batches of several partitions as they lie on disk, in the order of their time: so what lies together is read together.

use std::ops::Range;
use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_storage::backing::Backing;
use accolade_storage::host::Older;
use accolade_wire::bytes::Cursor;
use accolade_wire::record::Slice;

use super::super::Ending;
use super::super::folding::{count_of, failed, journal_of};
use crate::cluster::{first_at, time_in};

/// Bytes of batches that are looked at together.
const CHUNK_BYTES: usize = 1 << 20;

/// A batch with what became of it.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) journal: Vec<u8>,
    /// Its records; empty where none were asked for, or there are none.
    pub(super) log: Vec<u8>,
}

/// The batches of a partition that are to be read.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) number: u16,
    pub(super) backing: Arc<Backing>,
    /// The first, and the one after the last.
    pub(super) from: u64,
    pub(super) end: u64,
    /// Batches before this one are not in the files.
    pub(super) held_from: u64,
}

impl Stretch {
    /// The batches of a time, of those before `end`.
    pub(super) fn of(
        number: u16,
        backing: Arc<Backing>,
        time: Range<Timestamp>,
        end: u64,
    ) -> Result<Self, Ending> {
        let all = backing.journal.first_batch(number).unwrap_or(end).min(end)..end;
        let time_of = |batch| time_of(&journal_of(&backing, number, batch)?);
        let from = first_at(all, time.start, time_of)?;
        let end = first_at(from..end, time.end, time_of)?;
        Ok(Self { number, backing, from, end, held_from: from })
    }

    /// Says from when on everything is there.
    pub(super) fn begins_later(&self, ahead_micros: i64) -> Ending {
        let since = journal_of(&self.backing, self.number, self.held_from);
        let since = since.and_then(|journal| time_of(&journal));
        since.map_or_else(|why| why, |since| Ending::TooEarly(since.plus_micros(ahead_micros)))
    }
}

/// Reads stretches, in the order of time.
#[derive(Debug)]
pub(super) struct Reader {
    ways: Vec<Way>,
    has_records: bool,
}

#[derive(Debug)]
struct Way {
    stretch: Stretch,
    /// Records of batches that are not in the files.
    older: Option<Box<dyn Older>>,
    next: u64,
    /// What became of the next.
    journal: Option<(Timestamp, Vec<u8>)>,
}

impl Reader {
    /// Reads what became of batches, and which of them have no records in the files.
    pub(super) fn of_outcomes(stretches: Vec<Stretch>) -> Result<Self, Ending> {
        Self::new(stretches.into_iter().map(|stretch| (stretch, None)).collect(), false)
    }

    /// Reads records with what became of them.
    pub(super) fn of_records(
        stretches: Vec<(Stretch, Option<Box<dyn Older>>)>,
    ) -> Result<Self, Ending> {
        Self::new(stretches, true)
    }

    fn new(
        stretches: Vec<(Stretch, Option<Box<dyn Older>>)>,
        has_records: bool,
    ) -> Result<Self, Ending> {
        let ways = stretches.into_iter().map(|(stretch, older)| {
            let mut way = Way { next: stretch.from, stretch, older, journal: None };
            way.look()?;
            Ok(way)
        });
        Ok(Self { ways: ways.collect::<Result<_, Ending>>()?, has_records })
    }

    /// How many batches there are.
    pub(super) fn expected(stretches: &[Stretch]) -> u64 {
        stretches.iter().map(|stretch| stretch.end - stretch.from).sum()
    }

    /// The next batches, some of them; none at the end.
    pub(super) fn next(&mut self) -> Result<Vec<Batch>, Ending> {
        let (mut batches, mut bytes) = (Vec::new(), 0);
        while bytes < CHUNK_BYTES {
            let Some(batch) = self.next_batch()? else { break };
            bytes += batch.journal.len() + batch.log.len();
            batches.push(batch);
        }
        Ok(batches)
    }

    fn next_batch(&mut self) -> Result<Option<Batch>, Ending> {
        let timed = self.ways.iter_mut().filter_map(|way| Some((way.journal.as_ref()?.0, way)));
        let Some((_, way)) = timed.min_by_key(|(time, _)| *time) else { return Ok(None) };
        let (_, journal) = way.journal.take().expect("it has a time");
        let log = way.log(&journal, self.has_records)?;
        way.next += 1;
        way.look()?;
        Ok(Some(Batch { journal, log }))
    }

    /// The stretches, once all was read.
    pub(super) fn into_stretches(self) -> Vec<Stretch> {
        self.ways.into_iter().map(|way| way.stretch).collect()
    }
}

impl Way {
    /// Looks at what became of the next batch.
    fn look(&mut self) -> Result<(), Ending> {
        if self.next < self.stretch.end {
            let journal = journal_of(&self.stretch.backing, self.stretch.number, self.next)?;
            self.journal = Some((time_of(&journal)?, journal));
        }
        Ok(())
    }

    /// The records of the next batch, or whether they are there.
    fn log(&mut self, journal: &[u8], is_wanted: bool) -> Result<Vec<u8>, Ending> {
        let Stretch { number, backing, held_from, .. } = &mut self.stretch;
        let count = count_of(journal)?;
        if !is_wanted {
            if count > 0 && !backing.log.has(*number, self.next).map_err(failed)? {
                *held_from = self.next + 1;
            }
            return Ok(Vec::new());
        }
        let log = match self.older.as_mut().filter(|_| self.next < *held_from) {
            Some(older) => older.next().map_err(failed)?,
            None if count == 0 => None,
            None => backing.log.read(*number, self.next).map_err(failed)?,
        };
        let Some(log) = log else {
            if count == 0 {
                return Ok(Vec::new());
            }
            return Err(Ending::Failed("the log's first days have ended meanwhile".into()));
        };
        let slice = Slice::read_unchecked(&mut Cursor::new(&log, "slice")).map_err(failed)?;
        if (slice.batch, slice.count) != (self.next, count) {
            return Err(Ending::Failed("the log has other records than were folded".into()));
        }
        Ok(log)
    }
}

fn time_of(journal: &[u8]) -> Result<Timestamp, Ending> {
    time_in(journal).map_err(failed)
}
