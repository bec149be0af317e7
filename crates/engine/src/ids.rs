//! Ids of the current interval: those that are not yet in a sealed run.

use std::sync::Arc;

use accolade_wire::identity::{Content, IdHash};

use crate::by_hash::ByHash;
use crate::chunks::Chunks;
use crate::store::{Ask, Earlier};

/// One id that is occupied, with the place of its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdEntry {
    /// Operator, kind and id.
    pub id: IdHash,
    /// The known business fields.
    pub content: Content,
    /// The batch of its outcome.
    pub batch: u64,
    /// The slot of its outcome.
    pub slot: u32,
    /// Part of the hash of its player.
    pub player: u32,
    /// The hour of event time under which it is filed.
    pub hour: i64,
}

/// A table of ids of one partition. Several entries may have one id.
#[derive(Debug, Clone, Default)]
pub struct IdTable {
    entries: Chunks<IdEntry>,
    by_id: ByHash,
}

impl IdTable {
    fn insert(&mut self, entry: IdEntry) {
        let at = u32::try_from(self.entries.len()).expect("fewer than 2^32 ids in an interval");
        self.entries.push(entry);
        self.by_id.insert(entry.id.0[0], at);
    }

    fn pop(&mut self) {
        let entry = self.entries.pop().expect("an id was inserted");
        let at = u32::try_from(self.entries.len()).expect("fewer than 2^32 ids in an interval");
        self.by_id.remove(entry.id.0[0], at);
    }

    fn newest(&self, ask: &Ask) -> Option<Earlier> {
        self.with_id(ask.id)
            .filter(|entry| entry.player == ask.player && ask.hours.include(entry.hour))
            .map(|entry| Earlier { batch: entry.batch, slot: entry.slot, content: entry.content })
            .max_by_key(|earlier| (earlier.batch, earlier.slot))
    }

    /// All entries with `id`, whatever their player.
    pub fn with_id(&self, id: IdHash) -> impl Iterator<Item = &IdEntry> {
        let entries = self.by_id.all(id.0[0]).map(|at| self.entries.at(at as usize));
        entries.filter(move |entry| entry.id == id)
    }

    /// All entries, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = &IdEntry> {
        self.entries.iter()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// The ids of one partition that are in memory.
#[derive(Debug, Clone, Default)]
pub struct RecentIds {
    current: IdTable,
    sealing: Option<Arc<IdTable>>,
    /// Entries of the current interval from here on are in no checkpoint.
    unwritten: usize,
}

impl RecentIds {
    /// Occupies an id; the next checkpoint writes it.
    pub fn insert(&mut self, entry: IdEntry) {
        self.current.insert(entry);
    }

    /// Frees the id that was just occupied.
    pub(crate) fn take_back(&mut self) {
        self.current.pop();
    }

    /// Puts back an id that a checkpoint had written.
    pub fn restore(&mut self, entry: IdEntry) {
        self.current.insert(entry);
        self.unwritten = self.current.len();
    }

    /// Brings the places where ids would stand towards the processor: one after the other, each waits for memory;
    /// in a short loop over all of them the processor has many under way at once.
    pub(crate) fn warm<'a>(&self, asks: impl Iterator<Item = &'a Ask>) {
        let found = |ask: &Ask| self.current.by_id.all(ask.id.0[0]).next().is_some();
        std::hint::black_box(asks.filter(|ask| found(ask)).count());
    }

    /// The newest occurrence of what `ask` asks for.
    pub fn newest(&self, ask: &Ask) -> Option<Earlier> {
        let sealing = self.sealing.as_ref().and_then(|table| table.newest(ask));
        self.current.newest(ask).or(sealing)
    }

    /// All entries with `id`, whatever their player.
    pub fn with_id(&self, id: IdHash) -> impl Iterator<Item = &IdEntry> {
        self.current.with_id(id).chain(self.sealing.iter().flat_map(move |table| table.with_id(id)))
    }

    /// All ids that are in memory, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &IdEntry> {
        self.current.iter().chain(self.sealing.iter().flat_map(|table| table.iter()))
    }

    /// How many ids the current interval holds.
    pub fn len(&self) -> usize {
        self.current.len()
    }

    /// Whether the current interval holds none.
    pub fn is_empty(&self) -> bool {
        self.current.is_empty()
    }

    /// Ids that no checkpoint has written yet; they count as written from now on.
    pub fn take_unwritten(&mut self) -> impl ExactSizeIterator<Item = &IdEntry> {
        let from = std::mem::replace(&mut self.unwritten, self.current.len());
        self.current.entries.iter_from(from)
    }

    /// Ends the current interval: its ids are asked until [`RecentIds::sealed`], and change no more.
    /// Those that no checkpoint has written stand in the sealed run alone.
    ///
    /// # Panics
    ///
    /// If the interval before is still being sealed.
    pub fn seal(&mut self) -> Arc<IdTable> {
        assert!(self.sealing.is_none(), "one interval is sealed at a time");
        let table = Arc::new(std::mem::take(&mut self.current));
        self.unwritten = 0;
        self.sealing = Some(Arc::clone(&table));
        table
    }

    /// The interval that was ended stands in sealed runs now.
    pub fn sealed(&mut self) {
        self.sealing = None;
    }
}
