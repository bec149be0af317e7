//! Batches that are older than what a node has of a partition's records, one after the other, as the log itself has them.
//!
//! A node's copy begins with its takeover; brokers have orders and sources for days. The order is read twice: to find the
//! batch from which on all can be read, and again with the records on the way.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::sync::Arc;

use accolade_engine::ordered::LogFailed;
use accolade_engine::ownership::{Counted, Cursor};
use accolade_engine::partition::Moment;
use accolade_storage::host::{NotHere, Older};
use accolade_wire::order::{self, Offsets, Order, SourceRange, SourceTopic};

use crate::driver::seat::Batch;
use crate::inbox::Piece;
use crate::node::Inner;
use crate::rereading::differs;

/// Records of the order that are looked at together.
const LOOKED_AT_TOGETHER: i64 = 1_024;
/// Batches that are read together: each may have a mebibyte of records.
const READ_TOGETHER: i64 = 64;

/// Follows an order, also where its beginning was removed: then which claim counts, and where batch and sources go on, is
/// learned from what comes.
#[derive(Debug, Clone)]
struct Following {
    cursor: Cursor,
    /// The order's first record.
    start: i64,
    knows_batch: bool,
    knows: [bool; 4],
}

/// What a record of the order has brought.
#[derive(Debug, PartialEq, Eq)]
enum Passed {
    Batch(order::Batch),
    /// Batches before this one were a former owner's, who had not heard of the claim that counts.
    Anew(order::Batch),
    Nothing,
}

impl Following {
    const fn from(start: i64) -> Self {
        let is_whole = start == 0;
        Self { cursor: Cursor::start(start), start, knows_batch: is_whole, knows: [is_whole; 4] }
    }

    fn pass(&mut self, offset: i64, bytes: &[u8]) -> Result<Passed, LogFailed> {
        let damaged = |what: String| LogFailed::Damaged(format!("offset {offset}: {what}"));
        let order = Order::read(bytes).map_err(|bad| damaged(bad.to_string()))?;
        let is_anew = matches!(&order, Order::Batch(batch) if self.learn(batch));
        let counted = self.cursor.pass(offset, &order);
        Ok(match (counted.map_err(|broken| damaged(broken.to_string()))?, order) {
            (Counted::Batch, Order::Batch(batch)) if is_anew => Passed::Anew(batch),
            (Counted::Batch, Order::Batch(batch)) => Passed::Batch(batch),
            _ => Passed::Nothing,
        })
    }

    /// Learns what a batch says of what was before the start; says whether its claim was not known.
    fn learn(&mut self, batch: &order::Batch) -> bool {
        // Nobody orders by a claim that does not count: its owner has read what came before it.
        let is_anew = batch.claim < self.start && batch.epoch > self.cursor.epoch;
        if is_anew {
            (self.cursor.epoch, self.cursor.claim) = (batch.epoch, batch.claim);
            (self.knows_batch, self.knows) = (false, [false; 4]);
        }
        if (batch.epoch, batch.claim) == (self.cursor.epoch, self.cursor.claim) {
            if !mem::replace(&mut self.knows_batch, true) {
                self.cursor.next_batch = batch.batch;
            }
            let is_next = batch.batch == self.cursor.next_batch;
            for range in batch.ranges.iter().filter(|_| is_next) {
                let source = range.source as usize;
                if !mem::replace(&mut self.knows[source], true) {
                    self.cursor.sources[source] = range.from;
                }
            }
        }
        is_anew
    }
}

/// Where batches begin that can be read without one left out.
#[derive(Debug, Clone)]
struct Beginning {
    /// Before the first of them.
    following: Following,
    first: u64,
    /// Control records that they have.
    controls: u64,
}

impl Inner {
    /// The batches of a partition before `to`, as far back as the log has them.
    pub(crate) fn older(
        self: &Arc<Self>,
        partition: u16,
        to: u64,
        goes_on: &mut dyn FnMut() -> io::Result<()>,
    ) -> io::Result<Option<Box<dyn Older>>> {
        if self.shown(partition).is_none() {
            return Err(io::Error::other(NotHere::Nowhere));
        }
        let beginning = self.find_beginning(partition, to, goes_on)?;
        let Some(Beginning { following, first, controls }) = beginning else { return Ok(None) };
        let end = self.log.order_range(partition).map_err(io::Error::other)?.end;
        let (inner, ready) = (Arc::clone(self), VecDeque::new());
        let reading = Reading { inner, partition, following, first, controls, to, end, ready };
        Ok(Some(Box::new(reading)))
    }

    fn find_beginning(
        &self,
        partition: u16,
        to: u64,
        goes_on: &mut dyn FnMut() -> io::Result<()>,
    ) -> io::Result<Option<Beginning>> {
        let range = self.log.order_range(partition).map_err(io::Error::other)?;
        let starts = self.log.source_starts(partition).map_err(io::Error::other)?;
        let mut following = Following::from(range.start);
        let mut beginning: Option<Beginning> = None;
        let mut last = None;
        while following.cursor.next < range.end && last.is_none_or(|last| last + 1 < to) {
            goes_on()?;
            let from = following.cursor.next;
            let until = range.end.min(from.saturating_add(LOOKED_AT_TOGETHER));
            let looked = self.log.read_order(partition, from..until, &mut |offset, bytes| {
                let before = following.clone();
                let (batch, is_anew) = match following.pass(offset, bytes)? {
                    Passed::Batch(batch) => (batch, false),
                    Passed::Anew(batch) => (batch, true),
                    Passed::Nothing => return Ok(()),
                };
                if batch.batch < to {
                    if is_anew || !can_be_read(&batch, &starts) {
                        beginning = None;
                    }
                    if can_be_read(&batch, &starts) {
                        let begin =
                            || Beginning { following: before, first: batch.batch, controls: 0 };
                        beginning.get_or_insert_with(begin).controls += controls_of(&batch);
                    }
                    last = Some(batch.batch);
                }
                Ok(())
            });
            looked.map_err(io::Error::other)?;
            following.cursor.next = following.cursor.next.max(until);
        }
        // Those between would lack.
        Ok(beginning.filter(|_| last.is_some_and(|last| last + 1 == to)))
    }

    /// Reads the records of batches that follow each other.
    fn read_batches(
        &self,
        partition: u16,
        batches: &[order::Batch],
    ) -> Result<Vec<Vec<u8>>, LogFailed> {
        let mut pieces: Vec<Vec<(SourceTopic, Piece)>> =
            batches.iter().map(|_| Vec::new()).collect();
        for source in SourceTopic::ALL {
            let of_source = |(number, batch): (usize, &order::Batch)| {
                let range = batch.ranges.iter().find(|range| range.source == source)?;
                Some((number, *range))
            };
            let ranges: Vec<_> = batches.iter().enumerate().filter_map(of_source).collect();
            for ((number, range), piece) in ranges.iter().zip(self.read_pieces(partition, &ranges)?)
            {
                let found = piece.range(source, range.from);
                if (found.count, found.checksum) != (range.count, range.checksum) {
                    let batch = batches[*number].batch;
                    return Err(LogFailed::Gone(differs(partition, batch, range, found.count)));
                }
                pieces[*number].push((source, piece));
            }
        }
        let slices = batches.iter().zip(pieces).map(|(order, pieces)| {
            let moment = Moment { time: order.time, random: order.random };
            let mut slice = Vec::new();
            let batch = Batch::new(order.batch, moment, pieces, self.clock.passed());
            batch.slice(partition).write(&mut slice);
            slice
        });
        Ok(slices.collect())
    }

    /// Reads the records of ranges of one source, which follow each other, in one go.
    fn read_pieces(
        &self,
        partition: u16,
        ranges: &[(usize, SourceRange)],
    ) -> Result<Vec<Piece>, LogFailed> {
        let (Some((_, first)), Some((_, last))) = (ranges.first(), ranges.last()) else {
            return Ok(Vec::new());
        };
        if first.source == SourceTopic::Control {
            let read =
                |(_, range): &(usize, SourceRange)| self.control.between(range.from, range.to);
            return Ok(ranges.iter().map(read).collect());
        }
        let mut pieces: Vec<Piece> = ranges.iter().map(|_| Piece::default()).collect();
        if ranges.iter().all(|(_, range)| range.count == 0) {
            return Ok(pieces);
        }
        let offsets = first.from..last.to;
        self.log.read_source(first.source, partition, offsets, &mut |offset, record| {
            let at = ranges.partition_point(|(_, range)| range.to <= offset);
            if let Some(piece) = pieces.get_mut(at) {
                piece.push(offset, record);
            }
            Ok(())
        })?;
        Ok(pieces)
    }
}

/// Whether sources still have what a batch consists of; every node has the control records.
fn can_be_read(batch: &order::Batch, starts: &Offsets) -> bool {
    let is_there = |range: &SourceRange| {
        let is_kept = range.source == SourceTopic::Control || range.count == 0;
        is_kept || range.from >= starts[range.source as usize]
    };
    batch.ranges.iter().all(is_there)
}

fn controls_of(batch: &order::Batch) -> u64 {
    let of_control = batch.ranges.iter().filter(|range| range.source == SourceTopic::Control);
    of_control.map(|range| u64::from(range.count)).sum()
}

/// Batches on their way out of the log.
#[derive(Debug)]
struct Reading {
    inner: Arc<Inner>,
    partition: u16,
    following: Following,
    first: u64,
    controls: u64,
    /// Before this batch it ends.
    to: u64,
    /// The order's end when it was begun.
    end: i64,
    ready: VecDeque<Vec<u8>>,
}

impl Reading {
    fn read_some(&mut self) -> Result<(), LogFailed> {
        let mut batches = Vec::new();
        while batches.is_empty() && self.following.cursor.next < self.end {
            let from = self.following.cursor.next;
            let until = self.end.min(from.saturating_add(READ_TOGETHER));
            let (following, to) = (&mut self.following, self.to);
            self.inner.log.read_order(self.partition, from..until, &mut |offset, bytes| {
                if let Passed::Batch(batch) | Passed::Anew(batch) = following.pass(offset, bytes)?
                    && batch.batch < to
                {
                    batches.push(batch);
                }
                Ok(())
            })?;
            following.cursor.next = following.cursor.next.max(until);
        }
        self.ready.extend(self.inner.read_batches(self.partition, &batches)?);
        Ok(())
    }
}

impl Older for Reading {
    fn first(&self) -> u64 {
        self.first
    }

    fn controls(&self) -> u64 {
        self.controls
    }

    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.ready.is_empty() {
            self.read_some().map_err(io::Error::other)?;
        }
        Ok(self.ready.pop_front())
    }
}

#[cfg(test)]
mod tests {
    use accolade_domain::time::Timestamp;
    use accolade_wire::order::Claim;

    use super::*;

    fn claim(epoch: u64) -> Vec<u8> {
        let (node, checkpoint) = ("one".to_owned(), String::new());
        // What a claim says of the next batch is what its owner knew before it was acknowledged.
        written(&Order::Claim(Claim { epoch, next_batch: 1, sources: [0; 4], node, checkpoint }))
    }

    fn batch(epoch: u64, claim: i64, batch: u64, wagers: i64) -> Vec<u8> {
        let (count, checksum) = (1, 0);
        let (from, to, source) = (wagers, wagers + 1, SourceTopic::Wagers);
        let ranges = vec![SourceRange { source, from, to, count, checksum }];
        let (time, random, checkpoint) = (Timestamp::default(), [0; 32], String::new());
        let batch = order::Batch { epoch, claim, batch, time, random, ranges, checkpoint };
        written(&Order::Batch(batch))
    }

    fn written(order: &Order) -> Vec<u8> {
        let mut bytes = Vec::new();
        order.write(&mut bytes);
        bytes
    }

    /// The batches that count of an order that begins at an offset; behind `anew` those before do not.
    fn counted(start: i64, records: &[Vec<u8>]) -> Vec<String> {
        let mut following = Following::from(start);
        let passed = |(offset, bytes): (i64, &Vec<u8>)| match following.pass(offset, bytes) {
            Ok(Passed::Batch(batch)) => Some(batch.batch.to_string()),
            Ok(Passed::Anew(batch)) => Some(format!("anew {}", batch.batch)),
            Ok(Passed::Nothing) => None,
            Err(error) => Some(error.to_string()),
        };
        (start..).zip(records).filter_map(passed).collect()
    }

    #[test]
    fn an_order_whose_beginning_is_gone_is_followed_by_what_its_batches_say() {
        let whole = [claim(1), batch(1, 0, 1, 0), batch(1, 0, 2, 1)];
        assert_eq!(counted(0, &whole), ["1", "2"]);
        // The owner's claim was removed, and so was a former owner's, who is late.
        let cut = [
            batch(5, 90, 70, 400),
            batch(6, 95, 70, 400),
            batch(5, 90, 71, 401),
            batch(6, 95, 71, 401),
            claim(7),
            batch(6, 95, 72, 402),
            batch(7, 104, 72, 402),
            batch(7, 104, 72, 402),
        ];
        assert_eq!(counted(100, &cut), ["anew 70", "anew 70", "71", "72"]);
        let broken = [batch(5, 90, 70, 400), batch(5, 90, 71, 402)];
        assert!(counted(100, &broken)[1].contains("expected Wagers to go on at 401"));
    }
}
