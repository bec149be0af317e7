//! A home: the data directory of one partition of the cluster form.
//!
//! It has the same parts as the embedded form's directory, without a log of its own: what is given to
//! it was ordered elsewhere, for ever. So whatever it holds is a prefix of the truth, and its owner
//! feeds it again from the cursor of its last checkpoint.

mod checkpoints;
mod log_copy;
mod tidier;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use accolade_engine::disk::Disk;
use accolade_engine::partition::{Moment, Observer, Partition, Shared, Stopped};
use accolade_engine::rules::Rules;
use accolade_engine::step::Effect;
use accolade_wire::record::Slice;

pub use self::checkpoints::HomeCheckpointer;
use self::log_copy::LogCopy;
pub use self::tidier::HomeTidier;
use crate::backing::{Backing, NodeStore};
use crate::checkpoint::Part;
use crate::error::{Result, StorageError};
use crate::open::{self, Held, Options, START};
use crate::segment::Family;

/// A partition with its files, for its owner: whoever folds, takes parts or asks has it alone.
///
/// Checkpoints and tidying are objects of their own, so that they do not keep the owner waiting.
#[derive(Debug)]
pub struct Home {
    partition: Partition,
    store: NodeStore,
    log: Arc<LogCopy>,
    cursor: Vec<u8>,
    disk: Arc<dyn Disk>,
    checkpointer: Option<HomeCheckpointer>,
    sealing: Sealing,
}

/// Whether an interval of ids is being sealed: its owner lets go of it once it stands in a run.
#[derive(Debug, Default)]
struct Sealing {
    is_pending: bool,
    is_written: Arc<AtomicBool>,
}

impl Home {
    /// Opens the directory of `partition` on `disk`, at its last checkpoint, and creates what a new one
    /// needs. Of `options` only the sizes are of interest.
    pub fn open(disk: Arc<dyn Disk>, partition: u16, options: &Options) -> Result<Self> {
        let states = open::read_states(&*disk)?;
        let manifest = states.manifest.as_ref();
        if let Some(others) = manifest.filter(|manifest| manifest.needed_from.len() != 1) {
            let what = format!("it holds {} partitions, not one", others.needed_from.len());
            return Err(StorageError::damaged(Family::State.folder(), 0, what));
        }
        let numbers = partition..partition + 1;
        let (partitions, rules) = open::load_partitions(&*disk, &states, numbers.clone())?;
        let partition = partitions.into_iter().next().expect("one partition was asked for");
        let log_from = manifest.map_or(START, |manifest| manifest.log_from);
        let next_batch = partition.next_batch();
        let log = LogCopy::open(&disk, log_from, next_batch, options);
        let held = Held { disk: &disk, options, states: &states, partitions: numbers };
        let backing = Arc::new(held.open_backing(log.slices(), partition.time().hour())?);
        backing.cut_log_from(log_from.sequence);
        let checkpointer = held.begin_checkpointer(rules, log_from)?;
        let sealing = Sealing::default();
        let is_written = Arc::clone(&sealing.is_written);
        let checkpointer = HomeCheckpointer::new(checkpointer, Arc::clone(&backing), is_written);
        Ok(Self {
            partition,
            store: NodeStore::new(backing),
            log: Arc::new(log),
            cursor: manifest.map_or_else(Vec::new, |manifest| manifest.cursor.clone()),
            checkpointer: Some(checkpointer),
            sealing,
            disk,
        })
    }

    /// What was given with the last batch that was folded: after opening, with the last that the
    /// checkpoint covers. `None` for a fresh home.
    pub fn cursor(&self) -> Option<&[u8]> {
        (!self.cursor.is_empty()).then_some(&self.cursor)
    }

    /// The partition, between two batches or while it stands.
    pub const fn partition(&self) -> &Partition {
        &self.partition
    }

    /// Has the partition share the memory of `newest`, the rules of its node, where they are not behind
    /// its own; says whether they are the same.
    pub fn share_rules(&mut self, newest: &Rules) -> bool {
        self.partition.share_rules(newest)
    }

    /// The files, to read records and outcomes by place. The log is a copy, and may lack batches.
    pub const fn backing(&self) -> &Arc<Backing> {
        self.store.backing()
    }

    /// What writes the home's checkpoints.
    ///
    /// # Panics
    ///
    /// If it is taken a second time: one writes them.
    pub const fn take_checkpointer(&mut self) -> HomeCheckpointer {
        self.checkpointer.take().expect("the checkpointer is taken once")
    }

    /// What keeps the home's files in order, with up to `log_bytes_max` of the log's copy; 0 for all.
    pub fn tidier(&self, log_bytes_max: u64) -> HomeTidier {
        let (disk, log) = (Arc::clone(&self.disk), Arc::clone(&self.log));
        HomeTidier::new(disk, Arc::clone(self.backing()), log, log_bytes_max)
    }

    /// Hears of a batch that is not folded yet: what a `skip` in it names is passed over.
    pub fn read_ahead(&mut self, slice: &Slice<'_>) {
        self.partition.read_ahead(slice);
    }

    /// Folds the next batch, and brings its outcomes to the journal. `cursor_after` says where the
    /// owner goes on after it, and is what the next checkpoint holds.
    ///
    /// After [`Stopped::Bug`] the partition stands: the same batch, given again, goes on at the place
    /// where it stopped. It also stands where the journal has the batch, and has it otherwise. After [`Stopped::Store`] the home is of no use any more, and is opened again.
    pub fn fold(
        &mut self,
        slice: &Slice<'_>,
        moment: &Moment,
        shared: &Shared,
        observer: &mut impl Observer,
        cursor_after: &[u8],
    ) -> std::result::Result<Vec<Effect>, Stopped> {
        self.let_go_of_sealed();
        self.log.append(slice, moment);
        let effects = self.partition.fold(slice, moment, shared, &mut self.store, observer)?;
        let flushed = self.store.flush(self.partition.time());
        flushed.map_err(|error| Stopped::Store(io::Error::from(error)))?;
        cursor_after.clone_into(&mut self.cursor);
        Ok(effects)
    }

    /// Takes what the next checkpoint holds; nothing while the partition stands within a batch. With
    /// `seal`, its interval of ids ends here, unless the one before is still being sealed.
    pub fn take_part(&mut self, seal: bool) -> Option<Part> {
        if self.partition.stands() {
            return None;
        }
        self.let_go_of_sealed();
        let seal = seal && !self.sealing.is_pending;
        self.sealing.is_pending |= seal;
        let part = Part::take(&mut self.partition, self.log.position(), seal);
        Some(part.with_cursor(self.cursor.clone()))
    }

    fn let_go_of_sealed(&mut self) {
        if self.sealing.is_pending && self.sealing.is_written.swap(false, Ordering::Acquire) {
            self.partition.let_go_of_ended();
            self.sealing.is_pending = false;
        }
    }
}
