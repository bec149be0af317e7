//! Batches read again from the log itself, where this node's copy of their records has a gap.
//!
//! The order names the ranges of which a batch consists. It is read from the last shipped checkpoint on:
//! whatever is still to leave comes after that.

use std::sync::{Mutex, PoisonError};

use accolade_engine::ordered::LogFailed;
use accolade_engine::ownership::{Counted, Cursor};
use accolade_engine::partition::Moment;
use accolade_wire::order::{self, Order, SourceRange, SourceTopic};

use crate::driver::seat::Batch;
use crate::inbox::Piece;
use crate::node::{ClusterNode, Inner};

/// Records of the order that are looked at together.
const TOGETHER: i64 = 256;

/// Where reading the order of a partition again begins.
#[derive(Debug)]
pub(crate) struct Rereading(Mutex<Places>);

#[derive(Debug)]
struct Places {
    /// Before everything that is still to leave.
    shipped: Cursor,
    /// After the batch that was read last.
    last: Cursor,
}

impl Rereading {
    pub(crate) const fn from(shipped: Cursor, last: Cursor) -> Self {
        Self(Mutex::new(Places { shipped, last }))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Places) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A checkpoint was shipped.
    pub(crate) fn shipped(&self, cursor: Cursor) {
        self.with(|places| places.shipped = cursor);
    }

    /// The last place that is known before `batch`.
    fn before(&self, batch: u64) -> Cursor {
        self.with(|places| {
            let is_before = |cursor: &&Cursor| cursor.next_batch <= batch;
            let known = [&places.last, &places.shipped].into_iter().filter(is_before);
            known.max_by_key(|cursor| cursor.next_batch).cloned().unwrap_or(Cursor::start(0))
        })
    }
}

impl ClusterNode {
    /// The records of a batch that was folded here, as a slice, read from the log itself.
    ///
    /// Fails with [`LogFailed::Gone`] where retention has removed them, or where the order does not tell
    /// any more which they were.
    pub fn reread(&self, partition: u16, batch: u64) -> Result<Vec<u8>, LogFailed> {
        self.inner.reread(partition, batch)
    }
}

impl Inner {
    fn reread(&self, partition: u16, batch: u64) -> Result<Vec<u8>, LogFailed> {
        let Some(shown) = self.shown(partition) else {
            return Err(LogFailed::Unavailable(format!("partition {partition} is not here")));
        };
        let (order, after) = self.find_order(partition, batch, shown.rereading.before(batch))?;
        let mut pieces = Vec::with_capacity(4);
        for range in &order.ranges {
            pieces.push((range.source, self.read_range(partition, batch, range)?));
        }
        let moment = Moment { time: order.time, random: order.random };
        let mut slice = Vec::new();
        Batch::new(batch, moment, pieces, self.clock.passed()).slice(partition).write(&mut slice);
        shown.rereading.with(|places| places.last = after);
        Ok(slice)
    }

    /// The order's record of a batch, and the place behind it.
    fn find_order(
        &self,
        partition: u16,
        batch: u64,
        mut cursor: Cursor,
    ) -> Result<(order::Batch, Cursor), LogFailed> {
        let range = self.log.order_range(partition)?;
        if cursor.next < range.start {
            return Err(LogFailed::Gone(format!(
                "the order of partition {partition} begins at offset {}, and which records batch {batch} \
                 has stands at or behind {}",
                range.start, cursor.next
            )));
        }
        let mut found = None;
        while found.is_none() && cursor.next < range.end {
            let (from, to) = (cursor.next, range.end.min(cursor.next.saturating_add(TOGETHER)));
            self.log.read_order(partition, from..to, &mut |offset, bytes| {
                let damaged = |what: String| LogFailed::Damaged(format!("offset {offset}: {what}"));
                let order = Order::read(bytes).map_err(|bad| damaged(bad.to_string()))?;
                let counted = cursor.pass(offset, &order);
                let counted = counted.map_err(|broken| damaged(broken.to_string()))?;
                if let (Counted::Batch, Order::Batch(order)) = (counted, order)
                    && order.batch == batch
                {
                    found = Some((order, cursor.clone()));
                }
                Ok(())
            })?;
            cursor.next = cursor.next.max(to);
        }
        found.ok_or_else(|| {
            LogFailed::Damaged(format!("the order of partition {partition} has no batch {batch}"))
        })
    }

    fn read_range(
        &self,
        partition: u16,
        batch: u64,
        range: &SourceRange,
    ) -> Result<Piece, LogFailed> {
        let mut piece = Piece { to: range.to, ..Piece::default() };
        if range.source == SourceTopic::Control {
            piece = self.control.between(range.from, range.to);
        } else {
            let offsets = range.from..range.to;
            self.log.read_source(range.source, partition, offsets, &mut |offset, record| {
                piece.push(offset, record);
                Ok(())
            })?;
        }
        let found = piece.range(range.source, range.from);
        if (found.count, found.checksum) == (range.count, range.checksum) {
            return Ok(piece);
        }
        Err(LogFailed::Gone(differs(partition, batch, range, found.count)))
    }
}

/// What is wrong where a source does not have what the order names.
pub(crate) fn differs(partition: u16, batch: u64, range: &SourceRange, found: u32) -> String {
    let SourceRange { source, from, to, count, .. } = range;
    format!(
        "batch {batch} of partition {partition} names {count} records of {source:?} from offset {from} to \
         {to}, and {found} others are there: was the topic made anew, or compacted?"
    )
}
