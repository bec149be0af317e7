//! Lookup and deduplication: all sealed runs, how they are merged, and what of them is in memory.

mod index;
mod merging;
mod spans;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use accolade_engine::disk::Disk;
use accolade_engine::ids::IdTable;
use accolade_engine::store::{Ask, Earlier};
use accolade_wire::identity::IdHash;

pub use self::index::{Effort, Resident};
use self::index::{Index, Live};
use self::merging::{Merging, to_merge};
use crate::error::StorageError;
use crate::run::{self, RunEntry, RunWriter, Section};
use crate::run_files;

const FOLDER: &str = "lookup";
/// Hours after their end in which repeats still come often: whoever opens a directory needs their filters at
/// once.
const RECENT_HOURS: i64 = 26;
/// Names a section for the checkpoint: file and number.
pub type SectionName = (u64, u32);

/// How much of anything there is at a time.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of filters in memory.
    pub filter_bytes_max: u64,
    /// Ids of a section that is merged of others: what it takes on the disk is needed twice meanwhile.
    pub merged_ids_max: u64,
    /// Ids that are merged in one step, after which they are made durable.
    pub step_ids: u64,
}

impl Limits {
    /// 11 GB of a merged section, written in steps of 11 MB.
    pub const fn new(filter_bytes_max: u64) -> Self {
        Self { filter_bytes_max, merged_ids_max: 1 << 28, step_ids: 1 << 18 }
    }
}

/// All sealed runs.
#[derive(Debug)]
pub struct Lookup {
    disk: Arc<dyn Disk>,
    limits: Limits,
    /// The hour of the newest batch that was seen.
    now_hour: AtomicI64,
    index: RwLock<Arc<Index>>,
    /// Held by whoever makes the next index of the present one.
    changing: Mutex<()>,
    sequences: Mutex<Sequences>,
    merging: Mutex<Option<Merging>>,
}

/// The names of runs.
#[derive(Debug)]
struct Sequences {
    next: u64,
    /// Those that are being written, or are on their way to be asked.
    written: BTreeSet<u64>,
}

/// The path of a run.
pub(crate) fn path(sequence: u64) -> String {
    format!("{FOLDER}/{sequence:012}")
}

fn in_run(sequence: u64, error: io::Error) -> io::Error {
    run_files::in_run(&path(sequence), error)
}

/// A failure of the sealed ids; it names the run where it is about one.
pub(crate) const fn failed(source: io::Error) -> StorageError {
    StorageError::other("the sealed ids could not be read or written", source)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lookup {
    /// Opens the sections that a checkpoint names; every other run is removed. Filters of the newest are
    /// kept in memory as far as `limits` let them: those of the recent hours from the beginning, others by
    /// and by.
    pub fn recover(
        disk: Arc<dyn Disk>,
        live: &[SectionName],
        now_hour: i64,
        limits: Limits,
    ) -> io::Result<Self> {
        let mut by_file: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
        for (sequence, number) in live {
            by_file.entry(*sequence).or_default().insert(*number);
        }
        run_files::remove_all_but(&*disk, FOLDER, |sequence| by_file.contains_key(&sequence))?;
        let mut sections = Vec::new();
        for (sequence, numbers) in &by_file {
            let opened = open_run(&*disk, *sequence, &|number| numbers.contains(&number))?;
            sections.extend(opened);
        }
        let last = by_file.keys().next_back().copied().unwrap_or(0);
        let is_recent = |section: &Section| section.to() >= now_hour - RECENT_HOURS;
        let index = Index::new(sections, limits.filter_bytes_max, &is_recent)?;
        Ok(Self {
            disk,
            limits,
            now_hour: AtomicI64::new(now_hour),
            index: RwLock::new(Arc::new(index)),
            changing: Mutex::new(()),
            sequences: Mutex::new(Sequences { next: last + 1, written: BTreeSet::new() }),
            merging: Mutex::new(None),
        })
    }

    fn index(&self) -> Arc<Index> {
        Arc::clone(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The sections that are asked at this moment, the newest first.
    pub fn sections(&self) -> Vec<Arc<Section>> {
        self.index().sections().cloned().collect()
    }

    /// The names of all live sections, for the checkpoint.
    pub fn live(&self) -> Vec<SectionName> {
        self.index().sections().map(|section| (section.sequence, section.number)).collect()
    }

    /// What is in memory.
    pub fn resident(&self) -> Resident {
        self.index().resident()
    }

    /// Moves the time by which hours are recent.
    pub fn set_now_hour(&self, hour: i64) {
        self.now_hour.fetch_max(hour, Ordering::Relaxed);
    }

    fn now_hour(&self) -> i64 {
        self.now_hour.load(Ordering::Relaxed)
    }

    /// Appends to `found`, for each ask, the newest occurrence in the partition; says what it cost.
    pub fn earlier(
        &self,
        partition: u16,
        asks: &[Ask],
        found: &mut Vec<Option<Earlier>>,
    ) -> io::Result<Effort> {
        let from = found.len();
        found.resize(from + asks.len(), None);
        self.index().earlier(partition, asks, &mut found[from..])
    }

    /// Every sealed occurrence of an id, in all hours.
    pub fn with_id(&self, id: IdHash) -> io::Result<Vec<RunEntry>> {
        self.index().with_id(id)
    }

    /// Writes the ended intervals of partitions as one run, and asks it from now on.
    pub fn seal(&self, tables: &[(u16, Arc<IdTable>)]) -> io::Result<()> {
        let all = tables.iter().flat_map(|(partition, table)| {
            let partition = *partition;
            table.iter().map(move |entry| RunEntry { partition, entry: *entry })
        });
        self.write_run(all)
    }

    /// Writes ids as one run, in a section for each hour, or for each longer span that has settled, and
    /// asks it from now on.
    pub fn write_run(&self, entries: impl Iterator<Item = RunEntry>) -> io::Result<()> {
        let mut by_span: BTreeMap<spans::Span, Vec<RunEntry>> = BTreeMap::new();
        let now_hour = self.now_hour();
        for entry in entries {
            by_span.entry(spans::of_hour(entry.entry.hour, now_hour)).or_default().push(entry);
        }
        if by_span.is_empty() {
            return Ok(());
        }
        let sequence = self.begin_run();
        let mut writer = RunWriter::create(&*self.disk, &path(sequence))?;
        for (span, mut entries) in by_span {
            run::sort(&mut entries);
            writer.section(span, &entries)?;
        }
        writer.finish()?;
        self.replace(&[], sequence)
    }

    fn begin_run(&self) -> u64 {
        let mut sequences = lock(&self.sequences);
        let sequence = sequences.next;
        sequences.next += 1;
        sequences.written.insert(sequence);
        sequence
    }

    /// Does the next piece of what keeps asks cheap: reads a filter for which there is room in memory, or
    /// merges some ids. Says whether there was anything to do.
    pub fn tidy(&self) -> io::Result<bool> {
        if let Some(section) = self.index().next_to_load() {
            self.change(|live| live, &|other| other.sequence == section.sequence)?;
            return Ok(true);
        }
        let mut merging = lock(&self.merging);
        let mut under_way = match merging.take() {
            Some(under_way) => under_way,
            None => match self.begin_merging()? {
                Some(begun) => begun,
                None => return Ok(false),
            },
        };
        if under_way.step(self.limits.step_ids)? {
            *merging = Some(under_way);
            return Ok(true);
        }
        let (merged, sequence) = (std::mem::take(&mut under_way.merged), under_way.sequence);
        under_way.finish()?;
        self.replace(&merged, sequence)?;
        Ok(true)
    }

    fn begin_merging(&self) -> io::Result<Option<Merging>> {
        let index = self.index();
        let found = to_merge(index.sections(), self.now_hour(), self.limits.merged_ids_max);
        let Some((span, merged)) = found else { return Ok(None) };
        let sequence = self.begin_run();
        Merging::begin((&*self.disk, &path(sequence)), sequence, span, merged).map(Some)
    }

    /// Asks the run `sequence`, which is written, instead of what is `gone`.
    fn replace(&self, gone: &[Arc<Section>], sequence: u64) -> io::Result<()> {
        self.disk.sync_dir(FOLDER)?;
        let opened = open_run(&*self.disk, sequence, &|_| true)?;
        let is_gone = |live: &Live| gone.iter().any(|gone| Arc::ptr_eq(gone, &live.section));
        let change = |mut live: Vec<Live>| {
            live.retain(|live| !is_gone(live));
            live.extend(opened);
            live
        };
        self.change(change, &|section| section.sequence == sequence)?;
        lock(&self.sequences).written.remove(&sequence);
        Ok(())
    }

    /// Asks what `change` makes of the present sections. Those of which `at_once` says so have their filter
    /// in memory then, if there is room for it.
    fn change(
        &self,
        change: impl FnOnce(Vec<Live>) -> Vec<Live>,
        at_once: &dyn Fn(&Section) -> bool,
    ) -> io::Result<()> {
        let _changing = lock(&self.changing);
        let live = change(self.index().live().to_vec());
        let next = Arc::new(Index::new(live, self.limits.filter_bytes_max, at_once)?);
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    /// Removes runs of which neither the newest checkpoint nor any reader needs a section.
    pub fn remove_dead(&self, named: &[SectionName]) -> io::Result<()> {
        let mut needed: BTreeSet<u64> = named.iter().map(|(sequence, _)| *sequence).collect();
        // In this order: a run that is asked next is among those that are written now.
        let next = {
            let sequences = lock(&self.sequences);
            needed.extend(&sequences.written);
            sequences.next
        };
        needed.extend(self.index().sections().map(|section| section.sequence));
        run_files::remove_dead(&*self.disk, FOLDER, next, |sequence| needed.contains(&sequence))
    }
}

fn open_run(
    disk: &dyn Disk,
    sequence: u64,
    wanted: &dyn Fn(u32) -> bool,
) -> io::Result<impl Iterator<Item = Live> + use<>> {
    let file = disk.open_closed(&path(sequence));
    let opened = file.and_then(|file| run::open(&file, sequence, wanted));
    let opened = opened.map_err(|error| in_run(sequence, error))?;
    Ok(opened.into_iter().map(|section| Live::new(Arc::new(section))))
}
