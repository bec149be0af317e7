//! Taking a partition: claim it, bring its state to this node, and fold what was ordered since.

use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use accolade_engine::ordered::{AppendFailed, LogFailed, Place};
use accolade_engine::ownership::{Counted, Cursor, Holder, is_possible};
use accolade_engine::partition::{Moment, Stopped};
use accolade_storage::error::StorageError;
use accolade_wire::order::{self, Claim, Order, SourceTopic};
use accolade_wire::record::Record;

use crate::checkpoints::Keeper;
use crate::inbox::Piece;
use crate::node::{Inner, lock};
use crate::seat::{Batch, Live};

/// So many records before the end of the order are looked at for epochs and checkpoints, and twice as
/// many before them where they name none. The claim itself shows whether there was a higher epoch before.
const TAIL: i64 = 512;
/// The most that is looked at at once.
const TAIL_MAX: i64 = 64 << 10;
/// Batches that are fetched and folded together.
const TOGETHER: usize = 256;
/// How long a claim's acknowledgement is waited for, before another is made.
const CLAIM_PATIENCE: Duration = Duration::from_secs(40);

/// Why a partition could not be taken.
#[derive(Debug)]
pub(crate) enum NotTaken {
    /// It is not ours to take any more.
    NotWanted,
    /// It may be tried again.
    Later(String),
    /// A person has to look: what is needed is gone or damaged.
    Stopped(String),
}

impl From<LogFailed> for NotTaken {
    fn from(failed: LogFailed) -> Self {
        match failed {
            LogFailed::Unavailable(_) => Self::Later(failed.to_string()),
            LogFailed::Gone(_) | LogFailed::Damaged(_) => Self::Stopped(failed.to_string()),
        }
    }
}

impl From<StorageError> for NotTaken {
    fn from(error: StorageError) -> Self {
        Self::Stopped(error.to_string())
    }
}

/// What the end of an order says.
struct Tail {
    range: Range<i64>,
    epoch: u64,
    checkpoint: String,
}

/// Takes the partition, for as long as it is wanted here.
pub(crate) fn take(inner: &Arc<Inner>, partition: u16) -> Result<(Live, Keeper), NotTaken> {
    let mut epoch = 0;
    loop {
        if !inner.wants(partition) {
            return Err(NotTaken::NotWanted);
        }
        inner.untaken.is_at(partition, "the end of its order is being read");
        let tail = read_tail(inner, partition)?;
        // Whoever owned it had claimed it in this order: any other epoch is not an owner's.
        let owner = inner.owner(partition).filter(|owner| is_possible(owner.epoch, tail.range.end));
        let known = owner.as_ref().map_or(0, |owner| owner.epoch);
        epoch = epoch.max(tail.epoch).max(known) + 1;
        let mut checkpoint = tail.checkpoint;
        if let Some(owner) = owner {
            checkpoint = checkpoint.max(owner.checkpoint);
        }
        let claimed_at = Instant::now();
        inner.untaken.is_at(partition, "it is being claimed");
        let claim = claim(inner, partition, epoch, &checkpoint)?;
        tracing::info!(partition, epoch, claim, checkpoint, "claimed");
        inner.untaken.is_at(partition, "its files are being opened, or fetched");
        let (home, keeper, cursor) =
            crate::checkpoints::open_home(inner, partition, epoch, &checkpoint, &tail.range)?;
        if cursor.next > claim {
            return Err(NotTaken::Stopped(format!(
                "the order of partition {partition} ends at offset {claim}, and its checkpoint \
                 `{checkpoint}` was made at {}: the topic was made anew, or lost its end",
                cursor.next
            )));
        }
        inner.untaken.is_at(partition, "what was ordered since its checkpoint is being folded");
        let mut live = Refolding { inner, partition, home, cursor };
        live.up_to(claim + 1)?;
        let Refolding { home, cursor, .. } = live;
        if home.partition().next_batch() != cursor.next_batch {
            return Err(is_ahead(partition, cursor.next_batch));
        }
        inner.log.check_sources(partition, &cursor.sources)?;
        let highest = cursor.epoch;
        if let Some(holder) = Holder::new(cursor, epoch, claim) {
            let unpublished = keeper.unpublished()?;
            return Ok((Live::new(home, holder, claimed_at, unpublished), keeper));
        }
        epoch = highest;
        tracing::info!(partition, epoch, "another claim came first");
    }
}

/// Reads the end of the order: as much of it as names a checkpoint, within limits.
fn read_tail(inner: &Inner, partition: u16) -> Result<Tail, NotTaken> {
    let range = inner.log.order_range(partition)?;
    let mut tail = Tail { range: range.clone(), epoch: 0, checkpoint: String::new() };
    let (mut from, mut length) = (range.end, TAIL);
    while from > range.start && tail.checkpoint.is_empty() && length <= TAIL_MAX {
        let until = from;
        from = range.start.max(until - length);
        inner.log.read_order(partition, from..until, &mut |offset, bytes| {
            let order = read_record(offset, bytes)?;
            if !is_possible(order.epoch(), offset) {
                return Ok(());
            }
            tail.epoch = tail.epoch.max(order.epoch());
            let (Order::Claim(Claim { checkpoint, .. })
            | Order::Batch(order::Batch { checkpoint, .. })) = order;
            if tail.checkpoint < checkpoint {
                tail.checkpoint = checkpoint;
            }
            Ok(())
        })?;
        length *= 2;
    }
    Ok(tail)
}

/// The first claim can name a batch that only a checkpoint leads to.
fn is_ahead(partition: u16, batch: u64) -> NotTaken {
    NotTaken::Later(format!(
        "batch {batch} comes next in the order of partition {partition}, and no checkpoint is known that \
         leads there"
    ))
}

fn read_record(offset: i64, bytes: &[u8]) -> Result<Order, LogFailed> {
    Order::read(bytes).map_err(|bad| LogFailed::Damaged(format!("offset {offset}: {bad}")))
}

/// Appends a claim and returns its offset.
fn claim(
    inner: &Arc<Inner>,
    partition: u16,
    epoch: u64,
    checkpoint: &str,
) -> Result<i64, NotTaken> {
    let sources = inner.log.source_starts(partition)?;
    let (node, checkpoint) = (inner.options.name.clone(), checkpoint.to_owned());
    let claim = Order::Claim(Claim { epoch, next_batch: 1, sources, node, checkpoint });
    let mut bytes = Vec::new();
    claim.write(&mut bytes);
    let (tell, told) = mpsc::sync_channel::<Result<Place, AppendFailed>>(1);
    let done = move |appended| {
        // Whoever waited may have given up.
        tell.send(appended).ok();
    };
    inner.log.append(partition, &bytes, Box::new(done));
    match told.recv_timeout(CLAIM_PATIENCE) {
        Ok(Ok(place)) => Ok(place.offset),
        Ok(Err(AppendFailed(what))) => Err(NotTaken::Later(what)),
        Err(_) => Err(NotTaken::Later("the claim was not acknowledged in time".into())),
    }
}

/// A home that is brought up to the end of the order.
pub(crate) struct Refolding<'a> {
    pub(crate) inner: &'a Arc<Inner>,
    pub(crate) partition: u16,
    pub(crate) home: accolade_storage::home::Home,
    pub(crate) cursor: Cursor,
}

impl Refolding<'_> {
    /// Folds every batch that counts before offset `end` of the order.
    pub(crate) fn up_to(&mut self, end: i64) -> Result<(), NotTaken> {
        let began = Instant::now();
        let first = self.cursor.next_batch;
        while self.cursor.next < end {
            let from = self.cursor.next;
            let to = end.min(from.saturating_add(i64::try_from(TOGETHER).unwrap_or(i64::MAX)));
            let mut cursor = self.cursor.clone();
            let mut batches: Vec<(order::Batch, Cursor)> = Vec::new();
            let mut broken = None;
            self.inner.log.read_order(self.partition, from..to, &mut |offset, bytes| {
                let order = read_record(offset, bytes)?;
                match cursor.pass(offset, &order) {
                    Ok(Counted::Batch) => {
                        if let Order::Batch(batch) = order {
                            batches.push((batch, cursor.clone()));
                        }
                    }
                    Ok(Counted::Claim | Counted::Nothing) => {}
                    Err(error) => {
                        broken = Some(error.to_string());
                        return Err(LogFailed::Damaged(error.to_string()));
                    }
                }
                Ok(())
            })?;
            if let Some(broken) = broken {
                return Err(NotTaken::Stopped(broken));
            }
            self.fold_all(batches)?;
            cursor.next = cursor.next.max(to);
            self.cursor = cursor;
        }
        let batches = self.cursor.next_batch - first;
        let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(self.partition, batches, millis, "folded what was ordered since");
        Ok(())
    }

    /// Folds batches that follow each other; their records are fetched source by source.
    fn fold_all(&mut self, batches: Vec<(order::Batch, Cursor)>) -> Result<(), NotTaken> {
        let mut records: [Fetched; 4] = Default::default();
        for source in SourceTopic::ALL {
            let ranges = batches.iter().flat_map(|(batch, _)| &batch.ranges);
            let mut ranges = ranges.filter(|range| range.source == source);
            let Some(first) = ranges.next() else { continue };
            let to = ranges.next_back().map_or(first.to, |last| last.to);
            records[source as usize] = self.fetch(source, first.from..to)?;
        }
        for (batch, cursor) in batches {
            let mut pieces = Vec::with_capacity(4);
            for range in &batch.ranges {
                let piece = records[range.source as usize].take(range.to);
                let found = piece.range(range.source, range.from);
                if (found.count, found.checksum) != (range.count, range.checksum) {
                    return Err(NotTaken::Stopped(format!(
                        "batch {} of partition {} names {} records of {:?} from offset {} to {}, and \
                         {} others are there: was the topic made anew, or compacted?",
                        batch.batch,
                        self.partition,
                        range.count,
                        range.source,
                        range.from,
                        range.to,
                        found.count
                    )));
                }
                pieces.push((range.source, piece));
            }
            if batch.batch != self.home.partition().next_batch() {
                return Err(is_ahead(self.partition, batch.batch));
            }
            let moment = Moment { time: batch.time, random: batch.random };
            self.fold(&Batch::new(batch.batch, moment, pieces), &cursor)?;
        }
        Ok(())
    }

    fn fetch(&self, source: SourceTopic, offsets: Range<i64>) -> Result<Fetched, NotTaken> {
        let mut fetched = Fetched::default();
        if source == SourceTopic::Control {
            self.inner.wait_for_control(offsets.end)?;
            let piece = self.inner.control.between(offsets.start, offsets.end);
            fetched.take_apart(&piece)?;
            return Ok(fetched);
        }
        self.inner.log.read_source(source, self.partition, offsets, &mut |offset, record| {
            fetched.push(offset, record);
            Ok(())
        })?;
        Ok(fetched)
    }

    /// Folds one batch that is ordered; where the fold fails, the partition stands until a control
    /// record says what is to be skipped.
    fn fold(&mut self, batch: &Batch, cursor: &Cursor) -> Result<(), NotTaken> {
        let (inner, partition) = (self.inner, self.partition);
        let mut after = Vec::with_capacity(128);
        cursor.write(&mut after);
        let mut heard_to = -1;
        loop {
            let slice = batch.slice(partition);
            let folded = self.home.fold(&slice, &batch.moment, &inner.shared, &mut (), &after);
            match folded {
                Ok(effects) => {
                    for effect in effects {
                        inner.carry_out(partition, effect, self.home.backing());
                    }
                    lock(&inner.watches[usize::from(partition)])
                        .folded(batch.origins.clone(), Vec::new());
                    return Ok(());
                }
                Err(Stopped::Store(error)) => return Err(NotTaken::Stopped(error.to_string())),
                Err(Stopped::Bug { place, message }) => {
                    let end = inner.control.end();
                    if heard_to < end {
                        heard_to = end;
                        crate::seat::hear_control(&mut self.home, inner, 0, end);
                        continue;
                    }
                    inner.stands(partition, Some((place, message)));
                    if !inner.wants(partition) {
                        return Err(NotTaken::NotWanted);
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
    }
}

/// Records of a source, to be given to the batches that name them.
#[derive(Default)]
struct Fetched {
    records: std::collections::VecDeque<(i64, Vec<u8>)>,
}

impl Fetched {
    fn push(&mut self, offset: i64, record: &Record<'_>) {
        let mut bytes = Vec::new();
        record.write(&mut bytes);
        self.records.push_back((offset, bytes));
    }

    fn take_apart(&mut self, piece: &Piece) -> Result<(), NotTaken> {
        let mut cursor = accolade_wire::bytes::Cursor::new(&piece.bytes, "record");
        for (first, count) in &piece.stretches {
            for offset in *first..first + i64::from(*count) {
                let record = Record::read(&mut cursor)
                    .map_err(|bad| NotTaken::Stopped(format!("a control record: {bad}")))?;
                self.push(offset, &record);
            }
        }
        Ok(())
    }

    /// The records before offset `to`.
    fn take(&mut self, to: i64) -> Piece {
        let mut piece = Piece { to, ..Piece::default() };
        while let Some((offset, bytes)) = self.records.pop_front_if(|(offset, _)| *offset < to) {
            let (count, stretches) = (1, vec![(offset, 1)]);
            piece.append(&Piece { bytes, count, stretches, to: offset + 1 });
        }
        piece.to = to;
        piece
    }
}
