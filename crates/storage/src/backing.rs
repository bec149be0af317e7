//! What the fold of one node stands on: journal, dead letters, lookup and paged rows.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_engine::store::{Ask, Earlier, Folded, GiveRow, NotCommitted, Store};
use accolade_wire::bytes::Cursor;
use accolade_wire::journal::{Outcomes, PassedOver, Recorded};
use accolade_wire::record::{Record, Slice};

use crate::again::{letters_body, letters_slice};
use crate::error::{Result, StorageError};
use crate::lookup::Lookup;
use crate::paced::STEP_BYTES;
use crate::pages::Pages;
use crate::segment::{FRAME_HEAD_BYTES, Position, new_frame};
use crate::slices::{Left, SliceWriter, Slices};
use accolade_engine::error::in_full;

/// Files that the partitions of one node share.
#[derive(Debug)]
pub struct Backing {
    /// The log's segments, to read records by place.
    pub log: Arc<Slices>,
    /// The journal's segments, to read outcomes by place.
    pub journal: Arc<Slices>,
    /// Dead letters with their bytes, by place.
    pub dead_letters: Arc<Slices>,
    /// Sealed ids.
    pub lookup: Lookup,
    /// Rows of paged tables.
    pub pages: Pages,
    /// The journal's segment in which the last checkpoint ends.
    journal_covered: AtomicU64,
    /// The same of the dead letters.
    dead_letters_covered: AtomicU64,
    /// From this segment on the log may be cut when the directory is opened.
    log_cut_from: AtomicU64,
    first_partition: u16,
    writers: Mutex<Writers>,
    /// The journal's segment, and how far it was synced between checkpoints.
    journal_synced: Mutex<(u64, u64)>,
}

#[derive(Debug)]
struct Writers {
    journal: SliceWriter,
    dead_letters: SliceWriter,
    /// The next batch that the journal does not have, by partition.
    journal_next: Vec<u64>,
    dead_next: Vec<u64>,
    left: Vec<Left>,
    /// Why a write has failed, or one is under way: where the writers stand then nobody may name.
    broken: Option<String>,
}

impl Writers {
    fn sound(&self) -> Result<()> {
        match &self.broken {
            None => Ok(()),
            Some(why) => {
                let what = "an earlier write of the journal or the dead letters has failed";
                Err(StorageError::other(what, io::Error::other(why.clone())))
            }
        }
    }

    fn append(&mut self, time: Timestamp, store: &mut NodeStore) -> Result<()> {
        if !store.slices.is_empty() {
            self.left.extend(self.journal.append(time, 0, &mut store.journal)?);
        }
        if !store.dead_slices.is_empty() {
            self.left.extend(self.dead_letters.append(time, 0, &mut store.dead_letters)?);
        }
        Ok(())
    }
}

/// Positions up to which the journal and the dead letters are covered by a checkpoint, and the files
/// to make durable for it.
#[derive(Debug)]
pub struct Covered {
    /// Where the journal ends.
    pub journal: Position,
    /// Where the dead letters end.
    pub dead_letters: Position,
    /// What is to be synced before the checkpoint is written.
    pub files: Vec<(String, Arc<dyn accolade_engine::disk::DiskFile>)>,
}

impl Backing {
    /// Joins the parts. `journal_next` and `dead_next`: the next batches that are not there yet, from
    /// `first_partition` on.
    pub fn new(
        first_partition: u16,
        log: Arc<Slices>,
        (journal, journal_writer, journal_next): (Arc<Slices>, SliceWriter, Vec<u64>),
        (dead_letters, dead_writer, dead_next): (Arc<Slices>, SliceWriter, Vec<u64>),
        (lookup, pages): (Lookup, Pages),
    ) -> Self {
        let writers = Writers {
            journal: journal_writer,
            dead_letters: dead_writer,
            journal_next,
            dead_next,
            left: Vec::new(),
            broken: None,
        };
        Self {
            log,
            journal,
            dead_letters,
            lookup,
            pages,
            journal_covered: AtomicU64::new(0),
            dead_letters_covered: AtomicU64::new(0),
            log_cut_from: AtomicU64::new(u64::MAX),
            first_partition,
            writers: Mutex::new(writers),
            journal_synced: Mutex::default(),
        }
    }

    fn writers(&self) -> MutexGuard<'_, Writers> {
        self.writers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where journal and dead letters stand now; refused once a write of them has failed.
    pub fn cover(&self) -> Result<Covered> {
        let mut writers = self.writers();
        writers.sound()?;
        let mut files = writers.journal.writer().to_sync();
        files.extend(writers.dead_letters.writer().to_sync());
        Ok(Covered {
            journal: writers.journal.position(),
            dead_letters: writers.dead_letters.position(),
            files,
        })
    }

    /// Makes the journal durable as far as it was written, where that is more than a step: what a checkpoint
    /// has to wait for stays little, and so does what the log's sync finds in front of it. A failure is final.
    pub fn sync_journal_in_steps(&self) -> Result<()> {
        let (at, path, file) = {
            let mut writers = self.writers();
            let writer = writers.journal.writer();
            (writer.position(), writer.path(), Arc::clone(writer.file()))
        };
        let mut synced = self.journal_synced.lock().unwrap_or_else(PoisonError::into_inner);
        let from = if synced.0 == at.sequence { synced.1 } else { 0 };
        if at.offset.saturating_sub(from) >= STEP_BYTES as u64 {
            file.sync().map_err(|source| StorageError::io(path, source))?;
            *synced = (at.sequence, at.offset);
        }
        Ok(())
    }

    /// Bytes that the journal's open segment and the one after it have allocated.
    pub fn open_bytes_allocated(&self) -> u64 {
        let mut writers = self.writers();
        let writer = writers.journal.writer();
        let (_, bytes) = writer.spare_wanted();
        if writer.wants_spare() { bytes } else { 2 * bytes }
    }

    /// A checkpoint is durable that covers the journal up to `journal`.
    pub fn covered(&self, journal: Position, dead_letters: Position) {
        self.journal_covered.fetch_max(journal.sequence, Ordering::Relaxed);
        self.dead_letters_covered.fetch_max(dead_letters.sequence, Ordering::Relaxed);
    }

    /// The segment of the dead letters in which the last checkpoint ends, which opening begins with.
    pub fn dead_letters_covered(&self) -> u64 {
        self.dead_letters_covered.load(Ordering::Relaxed)
    }

    /// The log is cut back to the checkpoint as the journal is, and that checkpoint ends in segment
    /// `sequence` of the log. Where this is never said, the log is cut nowhere.
    pub fn cut_log_from(&self, sequence: u64) {
        self.log_cut_from.store(sequence, Ordering::Relaxed);
    }

    /// The first segment of the log that may be cut when the directory is opened.
    pub fn log_cut_from(&self) -> u64 {
        self.log_cut_from.load(Ordering::Relaxed)
    }

    /// The next segment to be compressed. The journal is cut back to the checkpoint when the directory
    /// is opened, and a compressed segment cannot be cut: it waits for a checkpoint beyond it.
    pub fn next_to_pack(&self) -> Result<Option<(&Arc<Slices>, u64)>> {
        let covered = self.journal_covered.load(Ordering::Relaxed);
        for (slices, before) in [(&self.log, self.log_cut_from()), (&self.journal, covered)] {
            let plain = slices.closed().into_iter().find(|segment| !segment.packed);
            if let Some(plain) = plain.filter(|plain| plain.sequence < before) {
                return Ok(Some((slices, plain.sequence)));
            }
        }
        Ok(None)
    }

    /// Closed segments of log and journal that are not compressed.
    pub fn waiting_to_pack(&self) -> usize {
        let plain =
            |slices: &Slices| slices.closed().iter().filter(|closed| !closed.packed).count();
        plain(&self.log) + plain(&self.journal)
    }

    /// Segments that were left since the last time, to be closed in the background.
    pub fn take_left(&self) -> Vec<Left> {
        std::mem::take(&mut self.writers().left)
    }

    /// The sequence number and size of the journal's next segment, where it has to be allocated.
    pub fn journal_spare_wanted(&self) -> Option<(u64, u64)> {
        let mut writers = self.writers();
        let writer = writers.journal.writer();
        writer.wants_spare().then(|| writer.spare_wanted())
    }

    /// Gives the journal its next segment.
    pub fn give_journal_spare(
        &self,
        sequence: u64,
        file: Arc<dyn accolade_engine::disk::DiskFile>,
    ) {
        self.writers().journal.writer().give_spare(sequence, file);
    }

    /// Reads what became of the record at `place`; `None` where the journal has no such place.
    pub fn recorded<T>(
        &self,
        place: Place,
        read: impl FnOnce(&Recorded<'_>) -> T,
    ) -> Result<Option<T>> {
        let Some(bytes) = self.journal.read(place.partition, place.batch)? else { return Ok(None) };
        let slice = Slice::read_unchecked(&mut Cursor::new(&bytes, "slice"));
        let recorded = slice
            .and_then(|slice| Outcomes::read(&slice))
            .and_then(|outcomes| outcomes.at(place.slot));
        Ok(recorded.ok().map(|recorded| read(&recorded)))
    }

    /// Reads the record at `place` from the log; `None` where the log does not have it any more.
    pub fn record<T>(
        &self,
        place: Place,
        read: impl FnOnce(&Record<'_>) -> T,
    ) -> Result<Option<T>> {
        let Some(bytes) = self.log.read(place.partition, place.batch)? else { return Ok(None) };
        let Ok(slice) = Slice::read_unchecked(&mut Cursor::new(&bytes, "slice")) else {
            return Ok(None);
        };
        let before = place.slot.saturating_sub(1) as usize;
        Ok(slice
            .records()
            .nth(before)
            .and_then(std::result::Result::ok)
            .map(|record| read(&record)))
    }

    /// Reads the bytes of the dead letter at `place`.
    pub fn dead_letter<T>(
        &self,
        place: Place,
        read: impl FnOnce(&Record<'_>) -> T,
    ) -> Result<Option<T>> {
        let Some(bytes) = self.dead_letters.read(place.partition, place.batch)? else {
            return Ok(None);
        };
        let Ok(slice) = Slice::read_unchecked(&mut Cursor::new(&bytes, "slice")) else {
            return Ok(None);
        };
        let mut cursor = Cursor::new(slice.body, "dead letter");
        while let Ok(slot) = cursor.u32() {
            let Ok(record) = Record::read(&mut cursor) else { return Ok(None) };
            if slot == place.slot {
                return Ok(Some(read(&record)));
            }
        }
        Ok(None)
    }
}

/// The store of one fold thread: collects what it decided about the batches of one frame.
#[derive(Debug)]
pub struct NodeStore {
    backing: Arc<Backing>,
    journal: Vec<u8>,
    dead_letters: Vec<u8>,
    slices: Vec<(u16, u64)>,
    dead_slices: Vec<(u16, u64)>,
}

impl NodeStore {
    /// A store over the node's files.
    pub fn new(backing: Arc<Backing>) -> Self {
        let (journal, dead_letters) = (new_frame(0), new_frame(0));
        Self { backing, journal, dead_letters, slices: Vec::new(), dead_slices: Vec::new() }
    }

    /// The node's files.
    pub const fn backing(&self) -> &Arc<Backing> {
        &self.backing
    }

    /// Appends what was committed since the last time to the files, as one frame each. A failure is
    /// final: afterwards no checkpoint covers anything.
    pub fn flush(&mut self, time: Timestamp) -> Result<()> {
        if self.slices.is_empty() && self.dead_slices.is_empty() {
            return Ok(());
        }
        let backing = Arc::clone(&self.backing);
        let first = backing.first_partition;
        let mut writers = backing.writers();
        writers.sound()?;
        writers.broken = Some("a write of it was not ended".into());
        if let Err(error) = writers.append(time, self) {
            writers.broken = Some(in_full(&error));
            return Err(error);
        }
        writers.broken = None;
        for (partition, batch) in self.slices.drain(..) {
            writers.journal_next[usize::from(partition - first)] = batch + 1;
        }
        for (partition, batch) in self.dead_slices.drain(..) {
            writers.dead_next[usize::from(partition - first)] = batch + 1;
        }
        self.journal.truncate(FRAME_HEAD_BYTES);
        self.dead_letters.truncate(FRAME_HEAD_BYTES);
        Ok(())
    }
}

impl Store for NodeStore {
    fn earlier(
        &mut self,
        partition: u16,
        asks: &[Ask],
        found: &mut Vec<Option<Earlier>>,
    ) -> io::Result<()> {
        self.backing.lookup.earlier(partition, asks, found).map(drop)
    }

    fn outcome(&mut self, place: Place, read: &mut dyn FnMut(&Recorded<'_>)) -> io::Result<()> {
        let found = self.backing.recorded(place, |recorded| read(recorded))?;
        found.ok_or_else(|| {
            let what = format!("the journal has no outcome at {place:?}");
            io::Error::new(io::ErrorKind::NotFound, what)
        })
    }

    fn row(&mut self, partition: u16, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        self.backing.pages.row(partition, key)
    }

    fn rows(&mut self, partition: u16, key: &[u8], give: &mut GiveRow<'_>) -> io::Result<()> {
        for page in self.backing.pages.rows_from(partition, key) {
            let page = page?;
            let (_, key) = page.key.split_at(size_of::<u16>());
            if !give(key, &page.row)? {
                break;
            }
        }
        Ok(())
    }

    fn passed_over(&mut self, partition: u16, batch: u64) -> io::Result<Option<PassedOver>> {
        Ok(self.backing.passed_over(partition, batch)?)
    }

    fn commit(&mut self, folded: &Folded) -> std::result::Result<(), NotCommitted> {
        let at = usize::from(folded.partition - self.backing.first_partition);
        let (has_journal, has_letters) = {
            let writers = self.backing.writers();
            (folded.batch < writers.journal_next[at], folded.batch < writers.dead_next[at])
        };
        let (partition, batch) = (folded.partition, folded.batch);
        if has_journal {
            self.backing.compare(folded, has_letters)?;
        } else {
            folded.slice().write(&mut self.journal);
            self.slices.push((partition, batch));
        }
        if !has_letters && !folded.dead_letters.is_empty() {
            let body = letters_body(folded);
            letters_slice(folded, &body).write(&mut self.dead_letters);
            self.dead_slices.push((partition, batch));
        }
        Ok(())
    }
}
