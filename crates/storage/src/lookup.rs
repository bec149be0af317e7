//! Lookup and deduplication: all sealed runs, and how they are merged.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use accolade_engine::disk::Disk;
use accolade_engine::ids::IdTable;
use accolade_engine::store::{Ask, Earlier};
use accolade_wire::identity::IdHash;

use crate::error::StorageError;
use crate::run::{self, RunEntry, RunWriter, Section};
use crate::run_files;

const FOLDER: &str = "lookup";
/// So many sections of one hour that are of a size are merged.
const MERGED_MIN: usize = 4;
/// Hours after their end in which repeats still come often, so that filters stay in memory.
const RESIDENT_HOURS: i64 = 26;
/// Hours after which an hour's sections become one, whatever their sizes.
const SETTLED_HOURS: i64 = 2;

/// Names a section for the checkpoint: file and number.
pub type SectionName = (u64, u32);

/// All sealed runs.
#[derive(Debug)]
pub struct Lookup {
    disk: Arc<dyn Disk>,
    sections: RwLock<Arc<Vec<Arc<Section>>>>,
    next_sequence: AtomicU64,
    /// The hour of the newest batch that was seen.
    now_hour: AtomicI64,
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

impl Lookup {
    /// Opens the sections that a checkpoint names; every other run is removed.
    pub fn recover(disk: Arc<dyn Disk>, live: &[SectionName], now_hour: i64) -> io::Result<Self> {
        let mut by_file: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
        for (sequence, number) in live {
            by_file.entry(*sequence).or_default().insert(*number);
        }
        run_files::remove_all_but(&*disk, FOLDER, |sequence| by_file.contains_key(&sequence))?;
        let mut sections = Vec::new();
        for (sequence, numbers) in &by_file {
            let file = disk.open(&path(*sequence)).map_err(|error| in_run(*sequence, error))?;
            let resident = |hour| hour >= now_hour - RESIDENT_HOURS;
            let opened =
                run::open(&file, *sequence, &|number| numbers.contains(&number), &resident)
                    .map_err(|error| in_run(*sequence, error))?;
            sections.extend(opened.into_iter().map(Arc::new));
        }
        let last = by_file.keys().next_back().copied().unwrap_or(0);
        Ok(Self {
            disk,
            sections: RwLock::new(Arc::new(sections)),
            next_sequence: AtomicU64::new(last + 1),
            now_hour: AtomicI64::new(now_hour),
        })
    }

    /// The sections that are asked at this moment.
    pub fn sections(&self) -> Arc<Vec<Arc<Section>>> {
        Arc::clone(&self.sections.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The names of all live sections, for the checkpoint.
    pub fn live(&self) -> Vec<SectionName> {
        self.sections().iter().map(|section| (section.sequence, section.number)).collect()
    }

    /// Moves the time by which hours are recent.
    pub fn set_now_hour(&self, hour: i64) {
        self.now_hour.fetch_max(hour, Ordering::Relaxed);
    }

    /// Appends to `found`, for each ask, the newest occurrence in the partition.
    pub fn earlier(
        &self,
        partition: u16,
        asks: &[Ask],
        found: &mut Vec<Option<Earlier>>,
    ) -> io::Result<()> {
        let from = found.len();
        found.resize(from + asks.len(), None);
        let mut buffer = Vec::new();
        for section in self.sections().iter() {
            section
                .earlier(partition, asks, &mut found[from..], &mut buffer)
                .map_err(|error| in_run(section.sequence, error))?;
        }
        Ok(())
    }

    /// Every sealed occurrence of an id, in all hours.
    pub fn with_id(&self, id: IdHash) -> io::Result<Vec<RunEntry>> {
        let mut found = Vec::new();
        let mut buffer = Vec::new();
        for section in self.sections().iter() {
            section.each(id, &mut buffer, &mut |partition, entry| {
                found.push(RunEntry { partition, entry: *entry });
            })?;
        }
        Ok(found)
    }

    /// Writes the ended intervals of partitions as one run, and asks it from now on.
    pub fn seal(&self, tables: &[(u16, Arc<IdTable>)]) -> io::Result<()> {
        let mut by_hour: BTreeMap<i64, Vec<RunEntry>> = BTreeMap::new();
        for (partition, table) in tables {
            for entry in table.iter() {
                let entry = RunEntry { partition: *partition, entry: *entry };
                by_hour.entry(entry.entry.hour).or_default().push(entry);
            }
        }
        self.write_run(by_hour)
    }

    /// Writes ids as one run, and asks it from now on.
    pub fn write_run(&self, by_hour: BTreeMap<i64, Vec<RunEntry>>) -> io::Result<()> {
        if by_hour.is_empty() {
            return Ok(());
        }
        let sequence = self.next_sequence.fetch_add(1, Ordering::Relaxed);
        let mut writer = RunWriter::create(&*self.disk, &path(sequence))?;
        for (hour, mut entries) in by_hour {
            run::sort(&mut entries);
            writer.section(hour, entries.len() as u64, entries.into_iter().map(Ok))?;
        }
        writer.finish()?;
        self.disk.sync_dir(FOLDER)?;
        self.replace(&[], sequence)
    }

    /// Merges the sections of one hour, if any hour has enough of them; says whether it did.
    pub fn merge(&self) -> io::Result<bool> {
        let Some(merged) = self.to_merge() else { return Ok(false) };
        let (hour, count) = (merged[0].hour(), merged.iter().map(|section| section.count()).sum());
        let sequence = self.next_sequence.fetch_add(1, Ordering::Relaxed);
        let mut writer = RunWriter::create(&*self.disk, &path(sequence))?;
        writer.section(hour, count, Merge::new(&merged)?)?;
        writer.finish()?;
        self.disk.sync_dir(FOLDER)?;
        self.replace(&merged, sequence)?;
        Ok(true)
    }

    /// The smallest sections of an hour, as long as each is at most twice all smaller ones together.
    fn to_merge(&self) -> Option<Vec<Arc<Section>>> {
        let mut by_hour: BTreeMap<i64, Vec<Arc<Section>>> = BTreeMap::new();
        for section in self.sections().iter() {
            by_hour.entry(section.hour()).or_default().push(Arc::clone(section));
        }
        let settled = self.now_hour.load(Ordering::Relaxed) - SETTLED_HOURS;
        by_hour.into_iter().rev().find_map(|(hour, mut sections)| {
            if hour < settled {
                return (sections.len() > 1).then_some(sections);
            }
            sections.sort_by_key(|section| section.count());
            let mut smaller = 0;
            let of_a_size = sections.iter().position(|section| {
                let is_larger = smaller > 0 && section.count() > 2 * smaller;
                smaller += section.count();
                is_larger
            });
            sections.truncate(of_a_size.unwrap_or(sections.len()));
            (sections.len() >= MERGED_MIN).then_some(sections)
        })
    }

    fn replace(&self, gone: &[Arc<Section>], sequence: u64) -> io::Result<()> {
        let file = self.disk.open(&path(sequence))?;
        let oldest = self.now_hour.load(Ordering::Relaxed) - RESIDENT_HOURS;
        let opened = run::open(&file, sequence, &|_| true, &|hour| hour >= oldest)?;
        let mut sections = self.sections.write().unwrap_or_else(PoisonError::into_inner);
        let is_gone = |section: &Arc<Section>| gone.iter().any(|gone| Arc::ptr_eq(gone, section));
        let mut next: Vec<_> =
            sections.iter().filter(|section| !is_gone(section)).cloned().collect();
        next.extend(opened.into_iter().map(Arc::new));
        next.sort_by_key(|section| std::cmp::Reverse(section.hour()));
        *sections = Arc::new(next);
        Ok(())
    }

    /// Removes runs of which neither the newest checkpoint nor any reader needs a section.
    pub fn remove_dead(&self, named: &[SectionName]) -> io::Result<()> {
        let named: BTreeSet<u64> = named.iter().map(|(sequence, _)| *sequence).collect();
        let next = self.next_sequence.load(Ordering::Relaxed);
        let live: BTreeSet<u64> = self.sections().iter().map(|section| section.sequence).collect();
        let is_needed = |sequence| named.contains(&sequence) || live.contains(&sequence);
        run_files::remove_dead(&*self.disk, FOLDER, next, is_needed)
    }
}

/// The entries of several sections, in order.
pub(crate) struct Merge<'a> {
    sources: Vec<Box<dyn Iterator<Item = io::Result<RunEntry>> + 'a>>,
    heads: Vec<Option<RunEntry>>,
}

impl<'a> Merge<'a> {
    pub(crate) fn new(sections: &'a [Arc<Section>]) -> io::Result<Self> {
        let mut merge = Self { sources: Vec::new(), heads: Vec::new() };
        for section in sections {
            let mut source = section.entries();
            merge.heads.push(source.next().transpose()?);
            merge.sources.push(Box::new(source));
        }
        Ok(merge)
    }
}

impl Iterator for Merge<'_> {
    type Item = io::Result<RunEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        let heads = self.heads.iter().enumerate();
        let (at, next) = heads
            .filter_map(|(at, head)| head.map(|head| (at, head)))
            .min_by_key(|(_, head)| head.entry.id)?;
        match self.sources[at].next().transpose() {
            Ok(head) => self.heads[at] = head,
            Err(error) => return Some(Err(error)),
        }
        Some(Ok(next))
    }
}
