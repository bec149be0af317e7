//! The topics: sources, the order and the owners' announcements, as they are for ever.

use std::rc::Rc;

use accolade_engine::ordered::Owner;
use accolade_wire::order::{Offsets, Order, SourceRange, SourceTopic};

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

impl Gathered {
    /// The range that a batch names for it.
    pub(super) fn range(&self, source: SourceTopic, from: i64) -> SourceRange {
        let count = u32::try_from(self.items.len()).expect("few");
        SourceRange { source, from, to: self.to, count, checksum: crc32c::crc32c(&self.bytes) }
    }
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

    pub(super) fn starts(&self, partition: u16) -> Offsets {
        self.starts[usize::from(partition)]
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
            assert_eq!(found.range(range.source, range.from), *range, "a range of a batch");
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

pub(super) fn offset(count: usize) -> i64 {
    i64::try_from(count).expect("few")
}
