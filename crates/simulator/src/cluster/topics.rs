//! The topics: sources, the order and the owners' announcements, as they are for ever.

use std::ops::Range;
use std::rc::Rc;

use accolade_cluster::control::ControlBook;
use accolade_cluster::inbox::Inbox;
use accolade_engine::ordered::{EachOrdered, LogFailed, Owner, Reads};
use accolade_engine::rules::RulesHistory;
use accolade_wire::bytes::Cursor;
use accolade_wire::order::{Offsets, Order, SourceRange, SourceTopic};
use accolade_wire::record::Record;

use crate::run::item::Item;

/// All topics. An offset of a source without a record is a mark of a transaction, or what retention
/// has removed at the beginning.
#[derive(Debug)]
pub(super) struct Topics {
    control: Vec<Option<Rc<Item>>>,
    sources: Vec<[Vec<Option<Rc<Item>>>; 3]>,
    pub(super) orders: Vec<Vec<Order>>,
    pub(super) owners: Vec<Owner>,
    starts: Vec<Offsets>,
}

/// What a source has between two offsets.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) items: Vec<Rc<Item>>,
    pub(super) bytes: Vec<u8>,
    /// The offset after the last record.
    pub(super) to: i64,
}

impl Topics {
    /// Empty ones, whose sources begin at `starts`, by partition.
    pub(super) fn new(starts: Vec<Offsets>) -> Self {
        let begun = |offset: i64| vec![None; usize::try_from(offset).expect("small")];
        let of = |starts: &Offsets| [begun(starts[1]), begun(starts[2]), begun(starts[3])];
        Self {
            control: Vec::new(),
            sources: starts.iter().map(of).collect(),
            orders: starts.iter().map(|_| Vec::new()).collect(),
            owners: Vec::new(),
            starts,
        }
    }

    fn source(&self, source: SourceTopic, partition: u16) -> &Vec<Option<Rc<Item>>> {
        match source {
            SourceTopic::Control => &self.control,
            other => &self.sources[usize::from(partition)][other as usize - 1],
        }
    }

    pub(super) fn put(&mut self, source: SourceTopic, partition: u16, item: Option<Rc<Item>>) {
        match source {
            SourceTopic::Control => self.control.push(item),
            other => self.sources[usize::from(partition)][other as usize - 1].push(item),
        }
    }

    /// The offset after the last record of a source.
    pub(super) fn end(&self, source: SourceTopic, partition: u16) -> i64 {
        let last = self.source(source, partition).iter().rposition(Option::is_some);
        last.map_or(0, |last| offset(last + 1))
    }

    pub(super) fn between(
        &self,
        source: SourceTopic,
        partition: u16,
        from: i64,
        to: i64,
    ) -> Gathered {
        let records = self.source(source, partition);
        let mut gathered = Gathered { to: from, ..Gathered::default() };
        for at in from..to.min(offset(records.len())) {
            let Some(item) = &records[usize::try_from(at).expect("not negative")] else { continue };
            gathered.bytes.extend_from_slice(&item.encoded());
            gathered.items.push(Rc::clone(item));
            gathered.to = at + 1;
        }
        gathered
    }

    /// The records that a batch names, one after the other; they must be those that it has seen.
    pub(super) fn named(&self, partition: u16, ranges: &[SourceRange]) -> Gathered {
        let mut all = Gathered::default();
        for range in ranges {
            let found = self.between(range.source, partition, range.from, range.to);
            // It may end behind its last record: what lies there does not count.
            let count = u32::try_from(found.items.len()).expect("few");
            let checksum = crc32c::crc32c(&found.bytes);
            assert_eq!((count, checksum), (range.count, range.checksum), "{range:?}");
            assert!(found.to <= range.to, "{range:?}");
            all.bytes.extend(found.bytes);
            all.items.extend(found.items);
        }
        all
    }

    pub(super) fn order_end(&self, partition: u16) -> i64 {
        offset(self.orders[usize::from(partition)].len())
    }

    pub(super) fn order(&self, partition: u16, offset: i64) -> &Order {
        &self.orders[usize::from(partition)][usize::try_from(offset).expect("not negative")]
    }
}

/// Gives the record that an item is.
pub(super) fn with_record<T>(item: &Item, give: impl FnOnce(&Record<'_>) -> T) -> T {
    let bytes = item.encoded();
    let record = Record::read(&mut Cursor::new(&bytes, "record"));
    give(&record.expect("it was just written"))
}

impl Topics {
    /// A reader that has come to `heard` of a source hears it up to `to`.
    pub(super) fn hear(
        &self,
        source: SourceTopic,
        partition: u16,
        heard: &mut i64,
        to: i64,
        inbox: &mut Inbox,
    ) {
        let records = self.source(source, partition);
        for at in *heard..to.min(offset(records.len())) {
            let Some(item) = &records[usize::try_from(at).expect("not negative")] else { continue };
            with_record(item, |record| inbox.push(source, *heard, at, record));
            *heard = at + 1;
        }
        // What comes last does not count, and the reader is told so at some time.
        if *heard < to {
            inbox.pass(source, *heard, to);
            *heard = to;
        }
    }

    /// A node hears the control records that it has not heard.
    pub(super) fn hear_control(&self, control: &ControlBook, history: &RulesHistory) {
        let from = usize::try_from(control.end()).expect("not negative");
        for (at, item) in self.control.iter().enumerate().skip(from) {
            if let Some(item) = item {
                with_record(item, |record| control.add(offset(at), record, history));
            }
        }
    }

    /// The offset after everything that a source has.
    pub(super) fn length(&self, source: SourceTopic, partition: u16) -> i64 {
        offset(self.source(source, partition).len())
    }
}

impl Reads for Topics {
    fn order_range(&self, partition: u16) -> Result<Range<i64>, LogFailed> {
        Ok(0..self.order_end(partition))
    }

    fn read_order(
        &self,
        partition: u16,
        offsets: Range<i64>,
        each: EachOrdered<'_>,
    ) -> Result<(), LogFailed> {
        for offset in offsets {
            let mut bytes = Vec::new();
            self.order(partition, offset).write(&mut bytes);
            each(offset, &bytes)?;
        }
        Ok(())
    }

    fn source_starts(&self, partition: u16) -> Result<Offsets, LogFailed> {
        Ok(self.starts[usize::from(partition)])
    }

    fn check_sources(&self, partition: u16, next: &Offsets) -> Result<(), LogFailed> {
        for source in SourceTopic::ALL {
            let (next, length) = (next[source as usize], self.length(source, partition));
            assert!(next <= length, "{source:?} goes on at {next}, and ends at {length}");
        }
        Ok(())
    }

    fn read_source(
        &self,
        source: SourceTopic,
        partition: u16,
        offsets: Range<i64>,
        each: &mut dyn FnMut(i64, &Record<'_>) -> Result<(), LogFailed>,
    ) -> Result<(), LogFailed> {
        let records = self.source(source, partition);
        for at in offsets {
            if let Some(item) = &records[usize::try_from(at).expect("not negative")] {
                with_record(item, |record| each(at, record))?;
            }
        }
        Ok(())
    }
}

pub(super) fn offset(count: usize) -> i64 {
    i64::try_from(count).expect("few")
}
