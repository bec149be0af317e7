//! What a node of the embedded form does, one step at a time. No thread, no waiting, no clock and no
//! randomness is here: whoever drives says when, and what time it is. A node drives from threads
//! (`node.rs`), the simulator from a seed.
//!
//! A fold is behind a mutex: it is held while a frame is worked on, and while a checkpoint takes its
//! part of a partition, so that failing and checking are one after the other.

pub mod checkpoints;
pub mod fold;
pub mod log;
mod rereading;
pub mod tidying;

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_engine::disk::{Disk, DiskFile};
use accolade_engine::partition::{Partition, Shared};

use self::checkpoints::Checkpoints;
use self::fold::{Cell, Fold};
use self::log::Log;
use crate::backing::Backing;
use crate::error::Result;
use crate::open::{self, Opened, Options};
use crate::segment::Position;
use crate::slices::Left;

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An opened data directory with everything that works on it.
#[derive(Debug)]
pub struct Driver {
    /// What they share.
    pub ground: Arc<Ground>,
    /// Writes the log.
    pub log: Log,
    /// Partition p is folded by the one with the number p modulo their count.
    pub folds: Vec<Mutex<Fold>>,
    /// Writes checkpoints.
    pub checkpoints: Checkpoints,
    /// From here on the log is replayed by [`open::replay`], before anything else; nothing where nothing
    /// is missing.
    pub replay_from: Option<Position>,
    /// The log is empty: genesis comes first.
    pub is_new: bool,
}

impl Driver {
    /// Opens the directory for as many folds, or as many as there are partitions.
    pub fn open(
        disk: &Arc<dyn Disk>,
        options: &Options,
        shared: Shared,
        folds: usize,
    ) -> Result<Self> {
        let Opened { partitions, backing, log, checkpointer, replay_from, is_new } =
            open::open(disk, options)?;
        let folded_to = replay_from.unwrap_or(log.position());
        let folds = folds.clamp(1, partitions.len());
        let cell = |partition| Mutex::new(Cell::new(partition, folded_to));
        let ground = Arc::new(Ground {
            disk: Arc::clone(disk),
            backing,
            shared,
            shown: partitions.iter().map(Shown::of).collect(),
            cells: partitions.into_iter().map(cell).collect(),
            spare: Mutex::default(),
            log_time: AtomicI64::new(log.time().micros()),
            log_synced: AtomicU64::new(log.position().next_frame - 1),
            log_needed_from: AtomicU64::new(0),
            ids_in_memory: AtomicUsize::new(0),
            checkpointed_at: AtomicI64::new(0),
        });
        let fold = |number| Mutex::new(Fold::new(&ground, number, folds, folded_to));
        Ok(Self {
            log: Log::new(&ground, log),
            folds: (0..folds).map(fold).collect(),
            checkpoints: Checkpoints::new(Arc::clone(&ground), checkpointer),
            replay_from,
            is_new,
            ground,
        })
    }
}

/// What log, folds, checkpoints and tidying of one node share.
#[derive(Debug)]
pub struct Ground {
    disk: Arc<dyn Disk>,
    backing: Arc<Backing>,
    shared: Shared,
    cells: Vec<Mutex<Cell>>,
    spare: Mutex<Spare>,
    shown: Vec<Shown>,
    log_time: AtomicI64,
    log_synced: AtomicU64,
    log_needed_from: AtomicU64,
    ids_in_memory: AtomicUsize,
    checkpointed_at: AtomicI64,
}

/// How a partition was after its last frame, for whoever does not wait for its fold.
#[derive(Debug)]
struct Shown {
    /// When its next timer is due, in microseconds; `i64::MAX` for none.
    due: AtomicI64,
    players: AtomicUsize,
    /// How often it has changed: even until somebody is told of a change, and from its end on again.
    changes: AtomicU64,
    standing: Mutex<Option<(Place, String)>>,
}

impl Shown {
    fn of(partition: &Partition) -> Self {
        Self {
            due: AtomicI64::new(due(partition)),
            players: AtomicUsize::new(partition.players().all().len()),
            changes: AtomicU64::default(),
            standing: Mutex::default(),
        }
    }
}

fn due(partition: &Partition) -> i64 {
    partition.next_due().map_or(i64::MAX, Timestamp::micros)
}

/// The log's next segment, and those that it left.
#[derive(Debug, Default)]
struct Spare {
    wanted: Option<(u64, u64)>,
    ready: Option<(u64, Arc<dyn DiskFile>)>,
    left: Vec<Left>,
}

impl Ground {
    /// The data directory.
    pub const fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// What all partitions decide with.
    pub const fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The files, to read records and outcomes by place.
    pub const fn backing(&self) -> &Arc<Backing> {
        &self.backing
    }

    /// How many partitions there are.
    pub fn partitions(&self) -> u16 {
        u16::try_from(self.cells.len()).expect("partitions are counted in 16 bits")
    }

    /// Reads from a partition, between two batches or while it stands.
    pub fn read<T>(&self, partition: u16, read: impl FnOnce(&Partition) -> T) -> T {
        read(&lock(&self.cells[usize::from(partition)]).partition)
    }

    /// As [`Ground::read`], where nobody else has the partition at this moment.
    pub fn read_at_once<T>(&self, partition: u16, read: impl FnOnce(&Partition) -> T) -> Option<T> {
        let cell = match self.cells[usize::from(partition)].try_lock() {
            Ok(cell) => cell,
            Err(TryLockError::Poisoned(left)) => left.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(read(&cell.partition))
    }

    /// How often a partition has changed: nothing that anybody was told of is other than it was when the number was the same.
    /// Nothing while it changes and somebody is told.
    pub fn changes(&self, partition: u16) -> Option<u64> {
        let changes = self.shown[usize::from(partition)].changes.load(Ordering::Acquire);
        changes.is_multiple_of(2).then_some(changes)
    }

    /// Whoever has a partition, and changes it, is about to tell somebody.
    fn tells(&self, at: usize) {
        self.shown[at].changes.fetch_or(1, Ordering::AcqRel);
    }

    /// Whoever has a partition has changed it.
    fn has_changed(&self, at: usize) {
        let changes = &self.shown[at].changes;
        // Nobody else writes it.
        changes.store((changes.load(Ordering::Acquire) | 1) + 1, Ordering::Release);
    }

    /// Where a partition's log goes on: everything before it is folded.
    pub fn folded_to(&self, partition: u16) -> Position {
        lock(&self.cells[usize::from(partition)]).folded_to
    }

    /// Partitions that stand, each with the place and what the failure said.
    pub fn standing(&self) -> Vec<(Place, String)> {
        self.shown.iter().filter_map(|shown| lock(&shown.standing).clone()).collect()
    }

    /// How many players there are.
    pub fn players(&self) -> usize {
        self.shown.iter().map(|shown| shown.players.load(Ordering::Relaxed)).sum()
    }

    /// The time of the log's last frame.
    pub fn log_time(&self) -> Timestamp {
        Timestamp::from_micros(self.log_time.load(Ordering::Relaxed))
    }

    /// The highest durable frame of the log.
    pub fn log_synced(&self) -> u64 {
        self.log_synced.load(Ordering::Acquire)
    }

    /// Ids that are not in a sealed run, as of the last checkpoint.
    pub fn ids_in_memory(&self) -> usize {
        self.ids_in_memory.load(Ordering::Relaxed)
    }

    /// When the last checkpoint was written, by the log's time.
    pub fn checkpointed_at(&self) -> Timestamp {
        Timestamp::from_micros(self.checkpointed_at.load(Ordering::Relaxed))
    }

    fn show(&self, at: usize, cell: &Cell) {
        let shown = &self.shown[at];
        if cell.standing.is_none() {
            shown.due.store(due(&cell.partition), Ordering::Relaxed);
        }
        shown.players.store(cell.partition.players().all().len(), Ordering::Relaxed);
        lock(&shown.standing).clone_from(&cell.standing);
    }
}
