//! Opening a data directory: the last checkpoint, what it names, and where the log is replayed from.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_engine::checkpoint::Loader;
use accolade_engine::disk::{Disk, DiskFile};
use accolade_engine::partition::Partition;
use accolade_engine::rules::{BEHAVIOUR, Restoring, Rules};
use accolade_wire::bytes::{BadFormat, Cursor};
use accolade_wire::record::HAS_CONTROL;

use crate::backing::Backing;
use crate::checkpoint::{
    Checkpointer, MANIFEST, Manifest, RULES, Resumed, VALUES, bad_frame, read_ids,
};
use crate::error::{Result, StorageError};
use crate::frames;
use crate::log::{LogFrame, LogWriter, RANDOM_BYTES, each_slice};
use crate::lookup::{self, Lookup};
use crate::pages::{self, Pages};
use crate::segment::{BEGIN, COMMIT, Family, Position, Writer};
use crate::ship::is_unfinished;
use crate::slices::{SliceWriter, Slices};
use crate::table_cache::TableCache;

/// The format of data directories that this release writes.
pub const DATA_FORMAT: u32 = 1;
pub(crate) const FORMAT_FILE: &str = "FORMAT";
pub(crate) const FORMAT_WORDS: &str = "accolade data ";

/// Sizes of a data directory.
#[derive(Debug, Clone)]
pub struct Options {
    /// Partitions of a new directory; fixed afterwards.
    pub partitions: u16,
    /// The number of the first of them: 0 in the embedded form.
    pub first_partition: u16,
    /// Bytes of a segment of the log.
    pub log_segment_bytes: u64,
    /// Bytes of a segment of the journal.
    pub journal_segment_bytes: u64,
    /// Bytes of a segment of every other family.
    pub segment_bytes: u64,
    /// Bytes of memory for the filters of sealed ids; beyond it they are read from the disk.
    pub filter_bytes_max: u64,
    /// What is kept in memory of the tables and indexes of closed segments, of all directories that are
    /// opened with these.
    pub tables: TableCache,
}

/// A quarter of a small machine's memory.
const FILTER_BYTES_MAX: u64 = 1 << 30;

impl Options {
    /// Sizes of the home of one partition: a node has many of them.
    pub fn of_home() -> Self {
        Self {
            partitions: 1,
            first_partition: 0,
            log_segment_bytes: 32 << 20,
            journal_segment_bytes: 32 << 20,
            segment_bytes: 8 << 20,
            filter_bytes_max: FILTER_BYTES_MAX,
            tables: TableCache::default(),
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            partitions: 16,
            first_partition: 0,
            log_segment_bytes: 256 << 20,
            journal_segment_bytes: 256 << 20,
            segment_bytes: 64 << 20,
            filter_bytes_max: FILTER_BYTES_MAX,
            tables: TableCache::default(),
        }
    }
}

/// An opened data directory, at its last checkpoint.
#[derive(Debug)]
pub struct Opened {
    /// The partitions, as the checkpoint has them.
    pub partitions: Vec<Partition>,
    /// Journal, dead letters, lookup and paged rows.
    pub backing: Arc<Backing>,
    /// Takes new batches.
    pub log: LogWriter,
    /// Writes checkpoints.
    pub checkpointer: Checkpointer,
    /// From here on the log is replayed by [`replay`]; nothing where nothing is missing.
    pub replay_from: Option<Position>,
    /// The log is empty: genesis comes first.
    pub is_new: bool,
}

/// A frame of the state family.
struct StateFrame {
    number: u64,
    file: Arc<dyn DiskFile>,
    payload_at: u64,
    length: usize,
    of: Of,
}

/// Whose values a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Partition(u16),
    Rules,
}

impl StateFrame {
    /// Reads the first `length` bytes.
    fn read(&self, buffer: &mut Vec<u8>, length: usize) -> Result<()> {
        buffer.resize(length, 0);
        let read = self.file.read_at(buffer, self.payload_at);
        read.map_err(|source| StorageError::io(Family::State.folder(), source))
    }

    fn bad(&self) -> impl FnOnce(BadFormat) -> StorageError {
        bad_frame(Family::State, self.payload_at)
    }
}

/// Everything that the state family holds up to its last whole checkpoint.
#[derive(Default)]
pub(crate) struct States {
    end: Option<Position>,
    frames: Vec<StateFrame>,
    pub(crate) manifest: Option<Manifest>,
}

impl States {
    /// The frames with values of partitions, the newest first.
    fn of_partitions(&self) -> impl Iterator<Item = (u16, &StateFrame)> {
        self.frames.iter().rev().filter_map(|frame| match frame.of {
            Of::Partition(number) => Some((number, frame)),
            Of::Rules => None,
        })
    }

    /// The rules of the last checkpoint.
    fn rules(&self) -> Result<Rules> {
        let mut restoring = Restoring::default();
        let mut payload = Vec::new();
        for frame in self.frames.iter().rev().filter(|frame| frame.of == Of::Rules) {
            frame.read(&mut payload, frame.length)?;
            let mut cursor = Cursor::new(&payload[1..], "checkpoint's rules");
            restoring.read(&mut cursor).map_err(frame.bad())?;
        }
        let rules = restoring.finish().map_err(bad_frame(Family::State, 0))?;
        rules.check_known(BEHAVIOUR).map_err(StorageError::NewerRules)?;
        Ok(rules)
    }
}

/// Bytes of a frame of values in which its head ends.
const VALUES_HEAD_BYTES_MAX: usize = 64;

/// Before the first frame of a family.
pub(crate) const START: Position = Position { sequence: 0, offset: 0, next_frame: 1, checksum: 0 };

/// Opens the data directory on `disk`, and creates what a new one needs.
pub fn open(disk: &Arc<dyn Disk>, options: &Options) -> Result<Opened> {
    let states = read_states(&**disk)?;
    let manifest = states.manifest.clone();

    let tables = &options.tables;
    let log = Arc::new(Slices::new(Arc::clone(disk), Family::Log, RANDOM_BYTES, tables));
    let log_from = manifest.as_ref().map(|manifest| manifest.log_from);
    let log_synced = manifest.as_ref().map_or(0, |manifest| manifest.log_synced);
    let mut first_slices = 0;
    let mut log_time = Timestamp::default();
    let mut controls_ahead = Vec::new();
    let log_end = log.recover(log_from, log_synced, None, &mut |head, payload| {
        log_time = head.time;
        let (mut count, mut has_control) = (0, false);
        each_slice(payload, &mut |slice| {
            count += 1;
            has_control |= slice.flags & HAS_CONTROL != 0;
        })?;
        if head.number == 1 {
            first_slices = count;
        }
        if has_control {
            controls_ahead.push(LogFrame::read(head, payload, START)?);
        }
        Ok(())
    })?;
    if let Some(from) = log_from
        && !log.has_segment(from.sequence)
    {
        let what = "the checkpoint needs it, and it is not there";
        return Err(StorageError::damaged(Family::Log.path(from.sequence), 0, what));
    }
    if manifest.is_none()
        && let Some(first) = log.first_position()?
        && first.next_frame > 1
    {
        let what = "the log goes back to a checkpoint, and there is none";
        return Err(StorageError::damaged(Family::State.folder(), 0, what));
    }

    let count = match (&manifest, first_slices) {
        (Some(manifest), _) => manifest.needed_from.len(),
        (None, 0) => usize::from(options.partitions),
        (None, slices) => slices,
    };
    let count = u16::try_from(count).expect("partitions are counted in 16 bits");
    let first = options.first_partition;
    let (mut partitions, rules) = load_partitions(&**disk, &states, first..first + count)?;
    for frame in &controls_ahead {
        for slice in frame.slices() {
            partitions[usize::from(slice.partition - first)].read_ahead(&slice);
        }
    }

    let now_hour = log_time.hour();
    let held = Held { disk, options, states: &states, partitions: first..first + count };
    let backing = held.open_backing(&log, now_hour)?;
    let log_at = log_end.unwrap_or(START);
    let mut log_writer = SliceWriter::begin(Arc::clone(&log), log_at, options.log_segment_bytes)?;
    // A checkpoint may name the place of the first frame before there is one.
    log_writer.writer().sync()?;
    let log_from = match log_from {
        None => log.first_position()?,
        from => from,
    };

    let next_batches = partitions
        .iter()
        .map(|partition| {
            let logged = log.last_batch(partition.number()).map_or(1, |last| last + 1);
            logged.max(partition.next_batch())
        })
        .collect();
    let log_time = partitions.iter().map(Partition::time).fold(log_time, Timestamp::max);
    let checkpointer = held.begin_checkpointer(rules, log_from.unwrap_or(log_at))?;
    let replay_from = log_from.filter(|from| from.next_frame < log_at.next_frame);
    Ok(Opened {
        partitions,
        backing: Arc::new(backing),
        log: LogWriter::new(log_writer, next_batches, log_time),
        checkpointer,
        replay_from,
        // A checkpoint may have been written where the very first frame failed.
        is_new: log_at.next_frame == 1
            && manifest.as_ref().is_none_or(|manifest| manifest.log_from.next_frame == 1),
    })
}

/// A directory's partitions at its last checkpoint, and what they rest on besides the log.
pub(crate) struct Held<'a> {
    pub(crate) disk: &'a Arc<dyn Disk>,
    pub(crate) options: &'a Options,
    pub(crate) states: &'a States,
    pub(crate) partitions: Range<u16>,
}

impl Held<'_> {
    fn position(&self, of: fn(&Manifest) -> Position) -> Option<Position> {
        self.states.manifest.as_ref().map(of)
    }

    /// Journal and dead letters, the lookup, and paged rows.
    pub(crate) fn open_backing(&self, log: &Arc<Slices>, now_hour: i64) -> Result<Backing> {
        let Self { disk, options, .. } = self;
        let open = |family, at, beyond| {
            let slices = Slices::new(Arc::clone(disk), family, 0, &options.tables);
            open_slices(slices, (at, beyond), &self.partitions)
        };
        let journal = open(Family::Journal, self.position(|m| m.journal), Beyond::IsKept)?;
        let dead = open(Family::DeadLetters, self.position(|m| m.dead_letters), Beyond::IsCut)?;
        let manifest = self.states.manifest.as_ref();
        let sections = manifest.map_or(&[][..], |manifest| &manifest.sections);
        let limits = lookup::Limits::new(options.filter_bytes_max);
        let lookup = Lookup::recover(Arc::clone(disk), sections, now_hour, limits)
            .map_err(lookup::failed)?;
        let runs = manifest.map_or(&[][..], |manifest| &manifest.pages);
        let pages = Pages::recover(Arc::clone(disk), runs).map_err(pages::failed)?;
        let writer =
            |slices: &Arc<Slices>, end, bytes| SliceWriter::begin(Arc::clone(slices), end, bytes);
        let journal_writer = writer(&journal.0, journal.1, options.journal_segment_bytes)?;
        let dead_writer = writer(&dead.0, dead.1, options.segment_bytes)?;
        Ok(Backing::new(
            self.partitions.start,
            Arc::clone(log),
            (journal.0, journal_writer, journal.2),
            (dead.0, dead_writer, dead.2),
            (lookup, pages),
        ))
    }

    /// What writes the checkpoints after the last one; the log goes on at `folded_to`.
    pub(crate) fn begin_checkpointer(
        &self,
        rules: Arc<Rules>,
        folded_to: Position,
    ) -> Result<Checkpointer> {
        let plain = |family, at: Option<Position>| {
            let (disk, at) = (Arc::clone(self.disk), at.unwrap_or(START));
            Writer::begin(disk, family, at, self.options.segment_bytes)
        };
        let state = plain(Family::State, self.states.end)?;
        let first_state = state.position().sequence;
        let ids = plain(Family::Ids, self.position(|m| m.ids))?;
        let manifest = self.states.manifest.as_ref();
        let count = self.partitions.len();
        let resumed = Resumed {
            links: plain(Family::Links, self.position(|m| m.links))?,
            ids_from: manifest.map_or(ids.position().sequence, |m| m.ids_from),
            ids,
            first_partition: self.partitions.start,
            folded_to: vec![folded_to; count],
            needed_from: manifest
                .map_or_else(|| vec![first_state; count], |m| m.needed_from.clone()),
            paged_from: manifest.map_or_else(|| vec![0; count], |m| m.paged_from.clone()),
            rules_from: manifest.map_or(first_state, |m| m.rules_from),
            state,
            rules,
        };
        Ok(Checkpointer::new(Arc::clone(self.disk), resumed))
    }
}

/// Reads the frames of the log from `from` on, which were there when the directory was opened.
pub fn replay(
    log: &Slices,
    from: Position,
    each: &mut dyn FnMut(LogFrame) -> Result<()>,
) -> Result<()> {
    log.frames(from, &mut |head, after, payload| each(LogFrame::read(head, payload, *after)?))
}

/// Folders survive a crash only once they were synced into their own.
fn prepare_folders(disk: &dyn Disk) -> Result<()> {
    let families =
        [Family::Log, Family::Journal, Family::DeadLetters, Family::State, Family::Links];
    let folders = families.map(Family::folder).into_iter();
    // Those above again: a process that was killed may have left folders that they do not hold yet.
    for folder in folders.chain([Family::Ids.folder(), "lookup", pages::FOLDER, ""]) {
        disk.sync_dir(folder).map_err(|source| StorageError::io(folder, source))?;
    }
    Ok(())
}

fn check_format(disk: &dyn Disk) -> Result<()> {
    let io = |source| StorageError::io(FORMAT_FILE, source);
    let file = match disk.open(FORMAT_FILE) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return write_format(disk),
        Err(error) => return Err(io(error)),
    };
    let mut bytes = vec![0; usize::try_from(file.len().map_err(io)?.min(64)).unwrap_or(64)];
    file.read_at(&mut bytes, 0).map_err(io)?;
    let words = String::from_utf8_lossy(&bytes);
    let found = words.strip_prefix(FORMAT_WORDS).and_then(|number| number.trim().parse().ok());
    match found {
        Some(DATA_FORMAT) => Ok(()),
        Some(found) if found > DATA_FORMAT => {
            Err(StorageError::Newer { found, known: DATA_FORMAT })
        }
        // A crash between creating and syncing it; anything else in the directory is checked anyway.
        None if words.trim_matches('\0').is_empty() => {
            disk.remove(FORMAT_FILE).map_err(io)?;
            write_format(disk)
        }
        _ => {
            let what = if is_unfinished(disk)? {
                "the directory was not restored to its end: restore it again"
            } else {
                "it does not name a format"
            };
            Err(StorageError::damaged(FORMAT_FILE, 0, what))
        }
    }
}

fn write_format(disk: &dyn Disk) -> Result<()> {
    let io = |source| StorageError::io(FORMAT_FILE, source);
    let unfinished = format!("{FORMAT_FILE}.tmp");
    match disk.remove(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
        _ => {}
    }
    let file = disk.create(&unfinished, 0).map_err(io)?;
    file.write_at(format!("{FORMAT_WORDS}{DATA_FORMAT}\n").as_bytes(), 0).map_err(io)?;
    file.sync().map_err(io)?;
    disk.rename(&unfinished, FORMAT_FILE).map_err(io)?;
    disk.sync_dir("").map_err(io)
}

/// Reads what the state family of a directory of this release holds.
pub(crate) fn read_states(disk: &dyn Disk) -> Result<States> {
    check_format(disk)?;
    prepare_folders(disk)?;
    let mut states = States::default();
    let mut open_group: Vec<StateFrame> = Vec::new();
    let end =
        frames::recover(disk, Family::State, 0, None, &mut |file, head, payload_at, payload| {
            let bad = bad_frame(Family::State, payload_at);
            let mut cursor = Cursor::new(payload, "checkpoint");
            let number = head.number;
            if head.flags & BEGIN != 0 {
                open_group.clear();
            }
            match cursor.u8() {
                Ok(VALUES) => {
                    let partition = cursor.u16().map_err(bad)?;
                    let (file, length) = (Arc::clone(file), payload.len());
                    let of = Of::Partition(partition);
                    open_group.push(StateFrame { number, file, payload_at, length, of });
                }
                Ok(RULES) => {
                    let (file, length) = (Arc::clone(file), payload.len());
                    let of = Of::Rules;
                    open_group.push(StateFrame { number, file, payload_at, length, of });
                }
                Ok(MANIFEST) if head.flags & COMMIT != 0 => {
                    let manifest = Manifest::read(&mut cursor).map_err(bad)?;
                    states.frames.append(&mut open_group);
                    states.manifest = Some(manifest);
                }
                _ => return Err(bad(cursor.bad())),
            }
            Ok(())
        })?;
    states.end = end;
    if let Some(manifest) = &states.manifest {
        let needed = manifest.state_from();
        let first = frames::list(disk, Family::State)?.first().copied();
        if first.is_none_or(|first| first > needed) {
            let what = "the checkpoint needs it, and it is not there";
            return Err(StorageError::damaged(Family::State.path(needed), 0, what));
        }
    }
    Ok(states)
}

/// Makes the directory's partitions from their checkpoints; and the newest rules that any has.
pub(crate) fn load_partitions(
    disk: &dyn Disk,
    states: &States,
    numbers: Range<u16>,
) -> Result<(Vec<Partition>, Arc<Rules>)> {
    if let Some((other, frame)) = states.of_partitions().find(|(of, _)| !numbers.contains(of)) {
        let what = format!("it holds partition {other}, which is not expected here");
        return Err(StorageError::damaged(Family::State.folder(), frame.payload_at, what));
    }
    let first = numbers.start;
    let mut loaders: Vec<Loader> = numbers.map(Loader::new).collect();
    let Some(manifest) = &states.manifest else {
        for family in [Family::Links, Family::Ids] {
            for sequence in frames::list(disk, family)? {
                frames::remove(disk, family, sequence)?;
            }
        }
        return finish(loaders, Arc::default());
    };
    let mut payload = Vec::new();
    for (number, frame) in states.of_partitions() {
        let loader = &mut loaders[usize::from(number - first)];
        if loader.head().is_none() {
            frame.read(&mut payload, frame.length.min(VALUES_HEAD_BYTES_MAX))?;
            let mut cursor = Cursor::new(&payload[3..], "checkpoint");
            loader.peek_head(&mut cursor).map_err(frame.bad())?;
        }
    }
    let rules = Arc::new(states.rules()?);
    let key = rules.settings.hash_key;
    frames::recover(disk, Family::Links, 0, Some(manifest.links), &mut |_, _, at, payload| {
        let bad = bad_frame(Family::Links, at);
        let mut cursor = Cursor::new(payload, "links");
        let mut read = || {
            while !cursor.is_empty() {
                let number = cursor.u16()?;
                loaders[usize::from(number - first)].read_links(&mut cursor, &key)?;
            }
            Ok(())
        };
        read().map_err(bad)
    })?;
    for (number, frame) in states.of_partitions() {
        frame.read(&mut payload, frame.length)?;
        let mut cursor = Cursor::new(&payload[3..], "checkpoint");
        let at = usize::from(number - first);
        let in_runs = manifest.paged_from.get(at).is_some_and(|from| frame.number < *from);
        loaders[at].read_values(&mut cursor, in_runs).map_err(frame.bad())?;
    }
    let (mut partitions, newest) = finish(loaders, rules)?;
    let until = Some(manifest.ids);
    frames::recover(disk, Family::Ids, manifest.ids_from, until, &mut |_, _, at, payload| {
        read_ids(payload, &mut |partition, id| {
            let partition = &mut partitions[usize::from(partition - first)];
            // A partition that stood was not in the checkpoint that wrote its ids: a replay of these
            // batches occupies them again.
            if id.batch < partition.next_batch() {
                partition.ids_mut().restore(id);
            }
        })
        .map_err(bad_frame(Family::Ids, at))
    })?;
    Ok((partitions, newest))
}

fn finish(loaders: Vec<Loader>, newest: Arc<Rules>) -> Result<(Vec<Partition>, Arc<Rules>)> {
    let mut by_number = BTreeMap::from([(newest.applied, Arc::clone(&newest))]);
    let mut partitions = Vec::with_capacity(loaders.len());
    for loader in loaders {
        let applied = loader.head().map_or(0, |head| head.applied);
        let rules = by_number.entry(applied).or_insert_with(|| Arc::new(newest.as_of(applied)));
        let partition = loader.finish(Arc::clone(rules));
        partitions.push(partition.map_err(bad_frame(Family::State, 0))?);
    }
    Ok((partitions, newest))
}

/// What becomes of whole frames beyond the checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beyond {
    IsCut,
    /// They say what came of batches that are about to be folded again.
    IsKept,
}

/// Opens journal or dead letters at the checkpoint: segments, end, and the next batch of each partition.
fn open_slices(
    slices: Slices,
    (at, beyond): (Option<Position>, Beyond),
    numbers: &Range<u16>,
) -> Result<(Arc<Slices>, Position, Vec<u64>)> {
    let slices = Arc::new(slices);
    let at = at.unwrap_or(START);
    let until = (beyond == Beyond::IsCut).then_some(at);
    let end = slices.recover(Some(at), at.next_frame - 1, until, &mut |_, _| Ok(()))?;
    let next = numbers
        .clone()
        .map(|partition| slices.last_batch(partition).map_or(1, |last| last + 1))
        .collect();
    Ok((slices, end.unwrap_or(at), next))
}
