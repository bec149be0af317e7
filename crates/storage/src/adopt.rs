//! Bringing the directory of an embedded node into the homes of a cluster's partitions.
//!
//! A home gets the same slices, byte for byte, at the same places; the same state, links and ids; and
//! no log, since what is folded is never folded again. Only the order in which files are written is new.

mod ids;
mod slices;

use std::io;
use std::path::Path;
use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_engine::behaviour::Behaviour;
use accolade_engine::disk::Disk;
use accolade_engine::partition::{Partition, Shared};

use self::slices::copy;
use crate::backing::{Backing, NodeStore};
use crate::checkpoint::{Manifest, append, lists, rules_frames, values_of};
use crate::descriptors::Descriptors;
use crate::disk::{RealDisk, lock_directory};
use crate::error::{Result, StorageError};
use crate::open::{self, Opened, Options, START};
use crate::pages;
use crate::segment::{BEGIN, COMMIT, Family, Writer, new_frame};

/// Nothing is added to the directory but what a replay writes: its new files are small.
const SEGMENT_BYTES: u64 = 1 << 20;

/// The directory of an embedded node that does not run, folded up to its log's end.
#[derive(Debug)]
pub struct Embedded {
    partitions: Vec<Partition>,
    backing: Arc<Backing>,
    /// The control records that have made the rules.
    controls: Vec<(Timestamp, Vec<u8>)>,
    /// Locked: nobody starts a node meanwhile.
    _lock: std::fs::File,
}

/// What a home was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The checkpoint that it begins with.
    pub manifest: Manifest,
    /// Batches in its journal.
    pub batches: u64,
    /// Ids that it knows, sealed and recent.
    pub ids: u64,
}

impl Embedded {
    /// Opens the directory as a node does, and folds what no checkpoint covers. It is left as a crash
    /// would leave it, and can be opened by a node again.
    pub fn open(data_dir: &Path, behaviours: &'static [Behaviour]) -> Result<Self> {
        let disk = RealDisk::open(data_dir)
            .map_err(|source| StorageError::io(data_dir.display().to_string(), source))?;
        let disk = Descriptors::default().over(Arc::new(disk));
        let lock = lock_directory(data_dir)?;
        let sizes = Options {
            log_segment_bytes: SEGMENT_BYTES,
            journal_segment_bytes: SEGMENT_BYTES,
            segment_bytes: SEGMENT_BYTES,
            ..Options::default()
        };
        let mut opened = open::open(&disk, &sizes)?;
        if opened.is_new {
            return Err(StorageError::damaged(Family::Log.folder(), 0, "there is nothing in it"));
        }
        replay(&mut opened, behaviours)?;
        let Opened { mut partitions, backing, .. } = opened;
        // Every control record is in every partition, so all stand at the same rules now.
        let (rules, controls) = partitions[0].rules().retold();
        let rules = Arc::new(rules);
        for partition in &mut partitions {
            partition.retell_rules(Arc::clone(&rules));
        }
        Ok(Self { partitions, backing, controls, _lock: lock })
    }

    /// The control records that make the rules of the homes, each with the time that it had: those that
    /// have changed nothing are left out.
    pub fn controls(&self) -> &[(Timestamp, Vec<u8>)] {
        &self.controls
    }

    /// The partitions, each after its last batch, under the rules that [`Embedded::controls`] make.
    pub fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    /// Writes the home of a partition to `disk`, where there is nothing yet, with a checkpoint that holds
    /// `cursor`. Of `sizes` only those of files are of interest.
    pub fn write_home(
        &self,
        partition: u16,
        disk: &Arc<dyn Disk>,
        sizes: &Options,
        cursor: Vec<u8>,
    ) -> Result<Given> {
        let from = &self.partitions[usize::from(partition)];
        let (journal, batches) = copy(&self.backing, from, Family::Journal, disk, sizes)?;
        let (dead_letters, _) = copy(&self.backing, from, Family::DeadLetters, disk, sizes)?;
        let begin = |family| Writer::begin(Arc::clone(disk), family, START, sizes.segment_bytes);
        let time = from.time();

        let mut links = begin(Family::Links)?;
        let mut written = lists();
        from.write_all_links(&mut written);
        append(&mut links, time, &mut written.into_vec())?;
        links.sync()?;

        let mut recent = begin(Family::Ids)?;
        let ids_from = recent.position().sequence;
        ids::write_recent(from, &mut recent)?;
        let sections = ids::write_sealed(&self.backing.lookup, partition, &**disk)?;

        let rows = from.tables().paged_rows();
        let pages = pages::write_only(&**disk, &self.backing.pages, partition, &rows)
            .map_err(pages::failed)?;

        let mut state = begin(Family::State)?;
        let state_from = state.position().sequence;
        let mut values = values_of(from);
        from.write_all(&mut values);
        let mut flags = BEGIN;
        for frame in &mut values.into_vec() {
            state.append(time, 0, flags, frame)?;
            flags = 0;
        }
        for frame in &mut rules_frames(from.rules()) {
            state.append(time, 0, 0, frame)?;
        }
        let manifest = Manifest {
            log_from: START,
            log_synced: 0,
            journal,
            dead_letters,
            links: links.position(),
            ids: recent.position(),
            ids_from,
            sections,
            pages,
            needed_from: vec![state_from],
            paged_from: vec![0],
            rules_from: state_from,
            cursor,
        };
        let mut frame = new_frame(0);
        manifest.write(&mut frame);
        state.append(time, 0, COMMIT, &mut frame)?;
        state.sync()?;
        let recent = from.ids().iter().count() as u64;
        let ids = ids::sealed_count(&self.backing.lookup, partition) + recent;
        Ok(Given { manifest, batches, ids })
    }
}

/// Folds what the log holds after the last checkpoint. What batches ask to be done is left to timers,
/// which ask again.
fn replay(opened: &mut Opened, behaviours: &'static [Behaviour]) -> Result<()> {
    let Some(from) = opened.replay_from else { return Ok(()) };
    let shared = Shared::new(behaviours);
    let mut store = NodeStore::new(Arc::clone(&opened.backing));
    let partitions = &mut opened.partitions;
    open::replay(&opened.backing.log, from, &mut |frame| {
        for slice in frame.slices() {
            let partition = &mut partitions[usize::from(slice.partition)];
            if slice.batch < partition.next_batch() {
                continue;
            }
            let folded = partition.fold(&slice, &frame.moment, &shared, &mut store, &mut ());
            folded.map_err(|stopped| {
                StorageError::other("the log could not be folded", io::Error::other(stopped))
            })?;
        }
        store.flush(frame.moment.time)
    })
}
