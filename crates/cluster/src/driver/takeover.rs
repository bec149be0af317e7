//! Taking a partition: claim it, bring its state to this node, and fold what was ordered since.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use accolade_domain::ledger::Place;
use accolade_engine::disk::Disk;
use accolade_engine::error::in_full;
use accolade_engine::objects::Objects;
use accolade_engine::ordered::{self, AppendFailed, LogFailed, Owner, Reads};
use accolade_engine::ownership::{Counted, Cursor, Holder, is_possible};
use accolade_engine::partition::{Moment, Observer, Shared, Stopped};
use accolade_engine::step::Effect;
use accolade_storage::error::{Result as Stored, StorageError};
use accolade_storage::home::Home;
use accolade_storage::open::Options;
use accolade_storage::ship::{self, BlockCache, Fetch, List, Shipped, Shipper};
use accolade_wire::order::{self, Claim, Order, SourceTopic};
use accolade_wire::record::{HAS_CONTROL, Record, Slice};

use super::keeper::Keeper;
use super::seat::{Batch, Live, written};
use crate::control::ControlBook;
use crate::inbox::Piece;
use crate::rereading::differs;

/// So many records before the end of the order are looked at for epochs and checkpoints, and twice as
/// many before them where they name none. The claim itself shows whether there was a higher epoch before.
const TAIL: i64 = 512;
/// The most that is looked at at once.
const TAIL_MAX: i64 = 64 << 10;
/// Records of the order whose batches are fetched together.
const TOGETHER: i64 = 256;

/// Why a partition could not be taken.
#[derive(Debug)]
pub enum NotTaken {
    /// It is not ours to take any more.
    NotWanted,
    /// It may be tried again.
    Later(String),
    /// A person has to look: what is needed is gone or damaged.
    Stopped(String),
    /// So it is with its files, or the object storage.
    Files(StorageError),
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
        Self::Files(error)
    }
}

impl std::fmt::Display for NotTaken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotWanted => f.write_str("it is not wanted here any more"),
            Self::Later(why) | Self::Stopped(why) => f.write_str(why),
            Self::Files(error) => f.write_str(&in_full(error)),
        }
    }
}

/// The node's disk, which has a folder for each partition.
pub trait Disks {
    /// The partition's folder; an empty one where there was none.
    fn open(&self, partition: u16) -> Stored<Arc<dyn Disk>>;

    /// Removes the partition's folder, and makes an empty one.
    fn replace(&self, partition: u16) -> Stored<Arc<dyn Disk>>;
}

/// What a takeover needs of its node.
#[expect(missing_debug_implementations, reason = "it borrows ports that have none")]
pub struct Around<'a> {
    /// The node's name.
    pub node: &'a str,
    /// The log.
    pub log: &'a dyn Reads,
    /// The object storage.
    pub objects: &'a Arc<dyn Objects>,
    /// What was read of it.
    pub cache: &'a BlockCache,
    /// How it is read.
    pub fetch: Fetch<'a>,
    /// The disk.
    pub disks: &'a dyn Disks,
    /// Sizes of files.
    pub files: Options,
    /// The copy of the ordered batches is kept up to this many bytes; 0 for all.
    pub log_bytes_max: u64,
    /// Control records that were heard.
    pub control: &'a ControlBook,
    /// What the fold decides by.
    pub shared: &'a Shared,
    /// Who announced the partition last.
    pub owner: Option<Owner>,
    /// How much time has passed.
    pub passed: Duration,
}

/// What a step came to.
#[derive(Debug)]
pub enum Step {
    /// This claim is to be appended to the order, and what becomes of it told by
    /// [`Takeover::acknowledged`].
    Claim(Order),
    /// What becomes of the claim is to be told first.
    Waits,
    /// Control records before this offset are to be heard first.
    WantsControl(i64),
    /// The files are open.
    Opened(Files),
    /// What was ordered since is at hand.
    Fetched,
    /// A batch was folded.
    Folded {
        /// The batch.
        batch: Batch,
        /// Where the order goes on after it.
        cursor: Cursor,
        /// What it asks for.
        effects: Vec<Effect>,
    },
    /// The fold failed at a record; it goes on where a control record has come that says so.
    Stands {
        /// Where.
        place: Place,
        /// What the failure said.
        message: String,
    },
    /// Another claim came first: the next step claims anew.
    CameSecond,
    /// The partition is owned.
    Owned(Box<Live>, Box<Keeper>),
}

/// What a partition's files were made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Files {
    /// Nothing: no checkpoint was ever shipped.
    Nothing,
    /// What this disk has: the latest checkpoint is its own.
    Own,
    /// A checkpoint of another node's.
    Fetched,
}

/// A partition on its way to be owned.
#[derive(Debug)]
pub struct Takeover {
    partition: u16,
    /// The highest epoch that is known.
    epoch: u64,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Unclaimed,
    Claiming(Claiming),
    Claimed(Claiming, i64),
    Folding(Box<Refolding>),
}

#[derive(Debug)]
struct Claiming {
    checkpoint: String,
    order: Range<i64>,
    claimed_at: Duration,
}

/// A home that is brought up to the claim.
#[derive(Debug)]
struct Refolding {
    home: Home,
    keeper: Keeper,
    /// Where reading of the order goes on.
    cursor: Cursor,
    /// Fetched and not folded, each with where the order goes on after it.
    batches: VecDeque<(Batch, Cursor)>,
    claim: i64,
    claimed_at: Duration,
    /// Control records before this offset have been heard ahead.
    heard_to: i64,
}

/// What the end of an order says.
struct Tail {
    range: Range<i64>,
    epoch: u64,
    checkpoint: String,
}

impl Takeover {
    /// Nothing is claimed yet.
    pub const fn new(partition: u16) -> Self {
        Self { partition, epoch: 0, stage: Stage::Unclaimed }
    }

    /// What is done next, for whoever waits.
    pub const fn doing(&self) -> &'static str {
        match self.stage {
            Stage::Unclaimed => "the end of its order is being read",
            Stage::Claiming(_) => "it is being claimed",
            Stage::Claimed(..) => "its files are being opened, or fetched",
            Stage::Folding(_) => "what was ordered since its checkpoint is being folded",
        }
    }

    /// The partition's state and files, once they are open.
    pub const fn home(&self) -> Option<&Home> {
        match &self.stage {
            Stage::Folding(refolding) => Some(&refolding.home),
            Stage::Unclaimed | Stage::Claiming(_) | Stage::Claimed(..) => None,
        }
    }

    /// What became of the claim.
    pub fn acknowledged(
        &mut self,
        appended: Result<ordered::Place, AppendFailed>,
    ) -> Result<(), NotTaken> {
        let place = appended.map_err(|AppendFailed(what)| NotTaken::Later(what))?;
        self.stage = match std::mem::replace(&mut self.stage, Stage::Unclaimed) {
            Stage::Claiming(claiming) => Stage::Claimed(claiming, place.offset),
            other => other,
        };
        Ok(())
    }

    /// Does the next piece of work. After a failure the takeover is over.
    pub fn step(
        &mut self,
        around: &Around<'_>,
        observer: &mut impl Observer,
    ) -> Result<Step, NotTaken> {
        match std::mem::replace(&mut self.stage, Stage::Unclaimed) {
            Stage::Unclaimed => self.claim(around),
            Stage::Claiming(claiming) => {
                self.stage = Stage::Claiming(claiming);
                Ok(Step::Waits)
            }
            Stage::Claimed(claiming, claim) => {
                // The first control record, which names the cluster, may still be on its way.
                if around.control.end() < 1 {
                    self.stage = Stage::Claimed(claiming, claim);
                    return Ok(Step::WantsControl(1));
                }
                let opening = Opening { partition: self.partition, epoch: self.epoch, around };
                let (refolding, files) = opening.open(claiming, claim)?;
                self.stage = Stage::Folding(Box::new(refolding));
                Ok(Step::Opened(files))
            }
            Stage::Folding(mut refolding) => {
                let partition = self.partition;
                if let Some(folded) = refolding.fold_next(partition, around, observer)? {
                    self.stage = Stage::Folding(refolding);
                    return Ok(folded);
                }
                if refolding.cursor.next <= refolding.claim {
                    let fetched = refolding.fetch(partition, around)?;
                    self.stage = Stage::Folding(refolding);
                    return Ok(fetched);
                }
                let highest = refolding.cursor.epoch;
                let ended = refolding.end(partition, self.epoch, around)?;
                if matches!(ended, Step::CameSecond) {
                    self.epoch = highest;
                }
                Ok(ended)
            }
        }
    }

    fn claim(&mut self, around: &Around<'_>) -> Result<Step, NotTaken> {
        let tail = read_tail(around.log, self.partition)?;
        // Whoever owned it had claimed it in this order: any other epoch is not an owner's.
        let owner = around.owner.as_ref();
        let owner = owner.filter(|owner| is_possible(owner.epoch, tail.range.end));
        let known = owner.map_or(0, |owner| owner.epoch);
        self.epoch = self.epoch.max(tail.epoch).max(known) + 1;
        let mut checkpoint = tail.checkpoint;
        if let Some(owner) = owner {
            checkpoint = checkpoint.max(owner.checkpoint.clone());
        }
        let claim = Order::Claim(Claim {
            epoch: self.epoch,
            next_batch: 1,
            sources: around.log.source_starts(self.partition)?,
            node: around.node.to_owned(),
            checkpoint: checkpoint.clone(),
        });
        let (order, claimed_at) = (tail.range, around.passed);
        self.stage = Stage::Claiming(Claiming { checkpoint, order, claimed_at });
        Ok(Step::Claim(claim))
    }
}

/// Reads the end of the order: as much of it as names a checkpoint, within limits.
fn read_tail(log: &dyn Reads, partition: u16) -> Result<Tail, NotTaken> {
    let range = log.order_range(partition)?;
    let mut tail = Tail { range: range.clone(), epoch: 0, checkpoint: String::new() };
    let (mut from, mut length) = (range.end, TAIL);
    while from > range.start && tail.checkpoint.is_empty() && length <= TAIL_MAX {
        let until = from;
        from = range.start.max(until - length);
        log.read_order(partition, from..until, &mut |offset, bytes| {
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

fn read_record(offset: i64, bytes: &[u8]) -> Result<Order, LogFailed> {
    Order::read(bytes).map_err(|bad| LogFailed::Damaged(format!("offset {offset}: {bad}")))
}

/// The records of the order between the owner's last batch and its own record at `to`, that one
/// included.
pub fn read_gap(
    log: &dyn Reads,
    partition: u16,
    from: i64,
    to: i64,
) -> Result<Vec<(i64, Order)>, NotTaken> {
    let mut records = Vec::new();
    log.read_order(partition, from..to + 1, &mut |offset, bytes| {
        records.push((offset, read_record(offset, bytes)?));
        Ok(())
    })?;
    Ok(records)
}

/// Opens the partition's files: those on this disk if the latest checkpoint is its own, or else those
/// that were shipped.
struct Opening<'a> {
    partition: u16,
    epoch: u64,
    around: &'a Around<'a>,
}

impl Opening<'_> {
    fn open(&self, claiming: Claiming, claim: i64) -> Result<(Refolding, Files), NotTaken> {
        let Self { partition, epoch, around } = *self;
        let Claiming { checkpoint, order, claimed_at } = claiming;
        let disk = around.disks.open(partition)?;
        let shipped = ship::read_shipped(&*disk)?;
        let is_own = shipped.as_ref().map_or(checkpoint.is_empty(), |own| own.knows(&checkpoint));
        let (disk, last, files) = match shipped {
            Some(shipped) if is_own => match self.last_named(shipped, &checkpoint)? {
                Some(list) => {
                    let disk = ship::borrow(around.objects, &list, disk, around.cache)?;
                    (disk, Some(list), Files::Own)
                }
                None => (disk, None, Files::Own),
            },
            None if is_own => (disk, None, Files::Nothing),
            _ if checkpoint.is_empty() => {
                drop(disk);
                (around.disks.replace(partition)?, None, Files::Nothing)
            }
            _ => {
                let fetched =
                    around.fetch.fetch(around.objects, &checkpoint, disk, around.cache)?;
                (fetched.0, Some(fetched.1), Files::Fetched)
            }
        };
        let mut home = Home::open(Arc::clone(&disk), partition, &around.files)?;
        self.check_cluster(&mut home)?;
        let cursor = self.cursor(&home, &order, &checkpoint)?;
        if cursor.next > claim {
            return Err(NotTaken::Stopped(format!(
                "the order of partition {partition} ends at offset {claim}, and its checkpoint \
                 `{checkpoint}` was made at {}: the topic was made anew, or lost its end",
                cursor.next
            )));
        }
        let prefix = format!("p{partition:04}/{epoch:020}");
        let shipper = Shipper::new(Arc::clone(around.objects), prefix, disk, last);
        tracing::info!(partition, epoch, ?files, next_batch = cursor.next_batch, "opened");
        let checkpointer = home.take_checkpointer();
        let tidier = home.tidier(around.log_bytes_max);
        let keeper = Keeper::new(partition, checkpointer, tidier, shipper);
        let batches = VecDeque::new();
        let heard_to = -1;
        let refolding = Refolding { home, keeper, cursor, batches, claim, claimed_at, heard_to };
        Ok((refolding, files))
    }

    /// The last list of this disk that is certainly there. What it remembers was perhaps only about to be
    /// put, and objects that no list names are swept.
    fn last_named(&self, shipped: Shipped, checkpoint: &str) -> Result<Option<List>, StorageError> {
        if shipped.list.name == checkpoint {
            return Ok(Some(shipped.list));
        }
        if checkpoint.is_empty() {
            return Ok(None);
        }
        let written = self.around.objects.get_all(checkpoint);
        let written = written.map_err(|source| StorageError::io(checkpoint, source))?;
        Ok(Some(List::read(checkpoint, &written)?))
    }

    /// Makes sure that the home is the cluster's, and shares the node's rules with it.
    fn check_cluster(&self, home: &mut Home) -> Result<(), NotTaken> {
        let rules = self.around.control.rules();
        let own = &home.partition().rules().settings.cluster_id;
        let (cluster, partition) = (&rules.settings.cluster_id, self.partition);
        if !own.is_empty() && own != cluster {
            return Err(NotTaken::Stopped(format!(
                "the files of partition {partition} on this disk belong to the cluster {own}, and this \
                 is {cluster}"
            )));
        }
        if !home.share_rules(&rules) {
            return Err(NotTaken::Stopped(format!(
                "the checkpoint of partition {partition} has other rules than the cluster's control \
                 records make"
            )));
        }
        Ok(())
    }

    fn cursor(
        &self,
        home: &Home,
        order: &Range<i64>,
        checkpoint: &str,
    ) -> Result<Cursor, NotTaken> {
        let partition = self.partition;
        let cursor = match home.cursor() {
            Some(bytes) => Cursor::read(bytes).map_err(|bad| {
                NotTaken::Stopped(format!("checkpoint of partition {partition}: {bad}"))
            })?,
            None if order.start > 0 => {
                return Err(NotTaken::Stopped(format!(
                    "the order of partition {partition} begins at offset {}, and there is no \
                     checkpoint to go on from: bring back the object storage that belongs to this \
                     cluster",
                    order.start
                )));
            }
            None => Cursor::start(0),
        };
        if cursor.next < order.start {
            return Err(NotTaken::Stopped(format!(
                "the order of partition {partition} begins at offset {}, and its checkpoint \
                 `{checkpoint}` needs it from {}: retention was faster than checkpoints",
                order.start, cursor.next
            )));
        }
        Ok(cursor)
    }
}

impl Refolding {
    /// Reads the order further, and fetches the records of its batches.
    fn fetch(&mut self, partition: u16, around: &Around<'_>) -> Result<Step, NotTaken> {
        let from = self.cursor.next;
        let to = (self.claim + 1).min(from.saturating_add(TOGETHER));
        let mut cursor = self.cursor.clone();
        let mut batches: Vec<(order::Batch, Cursor)> = Vec::new();
        let mut broken = None;
        let read = around.log.read_order(partition, from..to, &mut |offset, bytes| {
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
        });
        if let Some(broken) = broken {
            return Err(NotTaken::Stopped(broken));
        }
        read?;
        let wants = cursor.sources[SourceTopic::Control as usize];
        if around.control.end() < wants {
            return Ok(Step::WantsControl(wants));
        }
        self.batches = fetch_all(partition, around, batches)?;
        cursor.next = cursor.next.max(to);
        self.cursor = cursor;
        Ok(Step::Fetched)
    }

    /// Folds the next batch that is at hand; where the fold fails, the partition stands until a control
    /// record says what is to be skipped.
    fn fold_next(
        &mut self,
        partition: u16,
        around: &Around<'_>,
        observer: &mut impl Observer,
    ) -> Result<Option<Step>, NotTaken> {
        let Some((batch, cursor)) = self.batches.pop_front() else { return Ok(None) };
        if batch.number != self.home.partition().next_batch() {
            return Err(is_ahead(partition, batch.number));
        }
        let after = written(&cursor);
        loop {
            // What was passed over once is passed over again, whether or not it would fail here.
            let end = around.control.end();
            if self.heard_to < end {
                self.heard_to = end;
                hear_skips(&mut self.home, around.control);
            }
            let (slice, moment) = (batch.slice(partition), &batch.moment);
            match self.home.fold(&slice, moment, around.shared, observer, &after) {
                Ok(effects) => return Ok(Some(Step::Folded { batch, cursor, effects })),
                Err(Stopped::Store(error)) => return Err(of_store(error)),
                Err(Stopped::Bug { place, message }) => {
                    if self.heard_to < around.control.end() {
                        continue;
                    }
                    self.batches.push_front((batch, cursor));
                    return Ok(Some(Step::Stands { place, message }));
                }
            }
        }
    }

    /// All that was ordered before the claim is folded.
    fn end(self, partition: u16, epoch: u64, around: &Around<'_>) -> Result<Step, NotTaken> {
        let Self { home, keeper, cursor, claim, claimed_at, .. } = self;
        if home.partition().next_batch() != cursor.next_batch {
            return Err(is_ahead(partition, cursor.next_batch));
        }
        around.log.check_sources(partition, &cursor.sources)?;
        let Some(holder) = Holder::new(cursor, epoch, claim) else { return Ok(Step::CameSecond) };
        let shipped = keeper.shipped()?;
        let live = Live::new(home, holder, claimed_at, shipped);
        Ok(Step::Owned(Box::new(live), Box::new(keeper)))
    }
}

/// Has a partition hear what is to be passed over.
fn hear_skips(home: &mut Home, control: &ControlBook) {
    let piece = control.skips();
    let partition = home.partition().number();
    let (batch, flags, count) = (0, HAS_CONTROL, piece.count);
    home.read_ahead(&Slice { partition, batch, flags, count, body: &piece.bytes });
}

fn of_store(error: io::Error) -> NotTaken {
    NotTaken::Files(StorageError::other(accolade_storage::driver::fold::STORE, error))
}

/// The first claim can name a batch that only a checkpoint leads to.
fn is_ahead(partition: u16, batch: u64) -> NotTaken {
    NotTaken::Later(format!(
        "batch {batch} comes next in the order of partition {partition}, and no checkpoint is known that \
         leads there"
    ))
}

/// Fetches the records of batches that follow each other, source by source.
fn fetch_all(
    partition: u16,
    around: &Around<'_>,
    batches: Vec<(order::Batch, Cursor)>,
) -> Result<VecDeque<(Batch, Cursor)>, NotTaken> {
    let mut records: [Fetched; 4] = Default::default();
    for source in SourceTopic::ALL {
        let ranges = batches.iter().flat_map(|(batch, _)| &batch.ranges);
        let mut ranges = ranges.filter(|range| range.source == source);
        let Some(first) = ranges.next() else { continue };
        let to = ranges.next_back().map_or(first.to, |last| last.to);
        records[source as usize] = fetch(partition, around, source, first.from..to)?;
    }
    let mut fetched = VecDeque::with_capacity(batches.len());
    for (batch, cursor) in batches {
        let mut pieces = Vec::with_capacity(4);
        for range in &batch.ranges {
            let piece = records[range.source as usize].take(range.to);
            let found = piece.range(range.source, range.from);
            if (found.count, found.checksum) != (range.count, range.checksum) {
                let what = differs(partition, batch.batch, range, found.count);
                return Err(NotTaken::Stopped(what));
            }
            pieces.push((range.source, piece));
        }
        let moment = Moment { time: batch.time, random: batch.random };
        fetched.push_back((Batch::new(batch.batch, moment, pieces, around.passed), cursor));
    }
    Ok(fetched)
}

fn fetch(
    partition: u16,
    around: &Around<'_>,
    source: SourceTopic,
    offsets: Range<i64>,
) -> Result<Fetched, NotTaken> {
    let mut fetched = Fetched::default();
    if source == SourceTopic::Control {
        fetched.take_apart(&around.control.between(offsets.start, offsets.end))?;
        return Ok(fetched);
    }
    around.log.read_source(source, partition, offsets, &mut |offset, record| {
        fetched.push(offset, record);
        Ok(())
    })?;
    Ok(fetched)
}

/// Records of a source, to be given to the batches that name them.
#[derive(Default)]
struct Fetched {
    records: VecDeque<(i64, Vec<u8>)>,
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
