//! Paged tables: rows in sorted runs, the newest first, and how runs are merged.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use accolade_domain::time::Timestamp;
use accolade_engine::disk::Disk;
use accolade_engine::rules::Settings;
use accolade_engine::tables::{self, EndedRows};

use crate::error::StorageError;
use crate::run_files;

use self::run::{Page, PageRun, PageWriter, key_of, partition_of};

pub mod run;

/// Where the runs are.
pub const FOLDER: &str = "pages";
/// So many runs of a size are merged.
const MERGED_MIN: usize = 4;

/// All runs of paged rows.
#[derive(Debug)]
pub struct Pages {
    disk: Arc<dyn Disk>,
    /// The newest first: what it says of a row holds.
    runs: RwLock<Arc<Vec<Arc<PageRun>>>>,
    next_sequence: AtomicU64,
    /// Up to when a merge lets go of rows.
    horizon: Mutex<Option<(Timestamp, Settings)>>,
}

/// The path of a run.
pub(crate) fn path(sequence: u64) -> String {
    format!("{FOLDER}/{sequence:012}")
}

fn in_run(sequence: u64, error: io::Error) -> io::Error {
    run_files::in_run(&path(sequence), error)
}

/// A failure of the runs; it names the one that it is about.
pub const fn failed(source: io::Error) -> StorageError {
    StorageError::other("the paged rows could not be read or written", source)
}

impl Pages {
    /// Opens the runs that a checkpoint names, the newest first; every other run is removed.
    pub fn recover(disk: Arc<dyn Disk>, live: &[u64]) -> io::Result<Self> {
        run_files::remove_all_but(&*disk, FOLDER, |sequence| live.contains(&sequence))?;
        let open = |sequence: &u64| {
            let opened =
                disk.open_closed(&path(*sequence)).and_then(|file| PageRun::open(file, *sequence));
            opened.map(Arc::new).map_err(|error| in_run(*sequence, error))
        };
        let runs = live.iter().map(open).collect::<io::Result<_>>()?;
        let last = live.iter().copied().max().unwrap_or(0);
        Ok(Self {
            disk,
            runs: RwLock::new(Arc::new(runs)),
            next_sequence: AtomicU64::new(last + 1),
            horizon: Mutex::new(None),
        })
    }

    fn runs(&self) -> Arc<Vec<Arc<PageRun>>> {
        Arc::clone(&self.runs.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The runs that are asked, the newest first, for the checkpoint.
    pub fn live(&self) -> Vec<u64> {
        self.runs().iter().map(|run| run.sequence()).collect()
    }

    /// Every partition has come to `now` in a checkpoint that is durable: what does not count there any
    /// more nobody asks for again.
    pub fn set_horizon(&self, now: Timestamp, settings: &Settings) {
        let mut horizon = self.horizon.lock().unwrap_or_else(PoisonError::into_inner);
        *horizon = Some((now, settings.clone()));
    }

    /// The row of a partition as the newest run has it; `key` is that of [`EndedRows::each`].
    pub fn row(&self, partition: u16, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let key = key_of(partition, key);
        for run in self.runs().iter() {
            let found = run.get(&key).map_err(|error| in_run(run.sequence(), error))?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// All rows of a partition that are in runs; see [`Pages::rows_from`].
    pub fn rows(&self, partition: u16) -> impl Iterator<Item = io::Result<Page>> {
        self.rows_from(partition, &[])
    }

    /// The rows of a partition that are in runs from a key on, in the order of keys: `partition · tag · key`,
    /// and `format · value`.
    pub fn rows_from(
        &self,
        partition: u16,
        key: &[u8],
    ) -> impl Iterator<Item = io::Result<Page>> + use<> {
        let runs = self.runs();
        let sources = runs.iter().map(|run| run.from(&key_of(partition, key))).collect();
        Merge::new(sources).take_while(move |page| {
            page.as_ref().map_or(true, |page| partition_of(&page.key) == Some(partition))
        })
    }

    /// Writes the rows of ended intervals as one run, and asks it from now on. Partitions come in the order
    /// of their numbers.
    pub fn seal<'a>(
        &self,
        ended: impl Iterator<Item = (u16, &'a EndedRows)> + Clone,
    ) -> io::Result<()> {
        if ended.clone().all(|(_, rows)| rows.is_empty()) {
            return Ok(());
        }
        let (sequence, mut writer) = self.begin()?;
        for (partition, rows) in ended {
            rows.each(|key, row| writer.add(&key_of(partition, key), row))?;
        }
        self.finish(writer, sequence, &[])
    }

    /// Writes rows of a partition as one run, and asks it from now on; see [`EndedRows::each`].
    pub fn write_run<'a>(
        &self,
        partition: u16,
        rows: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    ) -> io::Result<()> {
        let (sequence, mut writer) = self.begin()?;
        for (key, row) in rows {
            writer.add(&key_of(partition, key), row)?;
        }
        self.finish(writer, sequence, &[])
    }

    /// Merges the newest runs, if enough of them are of a size; says whether it did.
    pub fn merge(&self) -> io::Result<bool> {
        let Some(merged) = self.to_merge() else { return Ok(false) };
        let horizon = self.horizon.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_oldest = self.runs().last().is_some_and(|last| is_in(&merged, last));
        let (sequence, mut writer) = self.begin()?;
        let sources = merged.iter().map(|run| run.from(&[])).collect();
        for page in Merge::new(sources) {
            let page = page?;
            let counts = || match &horizon {
                Some((now, settings)) => counts(&page, *now, settings),
                None => Ok(true),
            };
            // What was taken away has to be said for as long as an older run may know it.
            let is_gone = is_oldest && page.row == [0];
            if !is_gone && counts()? {
                writer.add(&page.key, &page.row)?;
            }
        }
        self.finish(writer, sequence, &merged)?;
        Ok(true)
    }

    /// The newest runs, as long as each is at most twice all newer ones together: what is merged lies
    /// between no others, so that the order of runs stays that of their age.
    fn to_merge(&self) -> Option<Vec<Arc<PageRun>>> {
        let mut newer = 0;
        let of_a_size = |run: &&Arc<PageRun>| {
            let is_one = newer == 0 || run.count() <= 2 * newer;
            newer += run.count();
            is_one
        };
        let runs: Vec<_> = self.runs().iter().take_while(of_a_size).cloned().collect();
        (runs.len() >= MERGED_MIN).then_some(runs)
    }

    fn begin(&self) -> io::Result<(u64, PageWriter)> {
        let sequence = self.next_sequence.fetch_add(1, Ordering::Relaxed);
        Ok((sequence, PageWriter::create(&*self.disk, &path(sequence))?))
    }

    /// Makes a run durable and puts it in the place of those that were merged, or before all others.
    fn finish(&self, writer: PageWriter, sequence: u64, gone: &[Arc<PageRun>]) -> io::Result<()> {
        writer.finish()?;
        self.disk.sync_dir(FOLDER)?;
        let run = Arc::new(PageRun::open(self.disk.open_closed(&path(sequence))?, sequence)?);
        let mut runs = self.runs.write().unwrap_or_else(PoisonError::into_inner);
        let mut next: Vec<_> = runs.iter().filter(|run| !is_in(gone, run)).cloned().collect();
        let at = gone.first().and_then(|first| runs.iter().position(|run| Arc::ptr_eq(run, first)));
        next.insert(at.unwrap_or(0), run);
        *runs = Arc::new(next);
        Ok(())
    }

    /// Removes runs that neither the newest checkpoint nor any reader needs.
    pub fn remove_dead(&self, named: &[u64]) -> io::Result<()> {
        // One of the last may be on its way to be asked.
        let end = self.next_sequence.load(Ordering::Relaxed).saturating_sub(8);
        let needed: BTreeSet<u64> = self.live().into_iter().chain(named.iter().copied()).collect();
        run_files::remove_dead(&*self.disk, FOLDER, end, |sequence| needed.contains(&sequence))
    }
}

/// Writes the rows of one partition as the only run of a fresh directory, and names it; nothing where there
/// are none. `newer` replaces what `pages` has.
pub(crate) fn write_only(
    disk: &dyn Disk,
    pages: &Pages,
    partition: u16,
    newer: &EndedRows,
) -> io::Result<Vec<u64>> {
    const ONLY: u64 = 1;
    let mut newest = Vec::new();
    newer.each(|key, row| {
        newest.push(Ok(Page { key: key_of(partition, key), row: row.to_vec() }));
        Ok::<_, io::Error>(())
    })?;
    let older = pages.rows(partition);
    let all = Merge::new(vec![Box::new(newest.into_iter()), Box::new(older)]);
    let mut kept = all.filter(|page| page.as_ref().map_or(true, |page| page.row != [0])).peekable();
    if kept.peek().is_none() {
        return Ok(Vec::new());
    }
    let mut writer = PageWriter::create(disk, &path(ONLY))?;
    for page in kept {
        let page = page?;
        writer.add(&page.key, &page.row)?;
    }
    writer.finish()?;
    disk.sync_dir(FOLDER)?;
    Ok(vec![ONLY])
}

fn is_in(runs: &[Arc<PageRun>], run: &Arc<PageRun>) -> bool {
    runs.iter().any(|one| Arc::ptr_eq(one, run))
}

fn counts(page: &Page, now: Timestamp, settings: &Settings) -> io::Result<bool> {
    let bad = || io::Error::new(ErrorKind::InvalidData, "a row of no paged table is in a run");
    let partition = partition_of(&page.key).ok_or_else(bad)?;
    let (_, key) = page.key.split_at(size_of::<u16>());
    tables::counts(key, &page.row, partition, now, settings).map_err(|_| bad())
}

type Source<'a> = Box<dyn Iterator<Item = io::Result<Page>> + 'a>;

/// The rows of several sources in the order of keys. Of those with one key the first source's holds.
struct Merge<'a> {
    sources: Vec<Source<'a>>,
    heads: Vec<Option<Page>>,
    failed: Option<io::Error>,
}

impl<'a> Merge<'a> {
    fn new(sources: Vec<Source<'a>>) -> Self {
        let heads = vec![None; sources.len()];
        let mut merge = Self { sources, heads, failed: None };
        for at in 0..merge.sources.len() {
            merge.advance(at);
        }
        merge
    }

    fn advance(&mut self, at: usize) -> Option<Page> {
        let next = match self.sources[at].next().transpose() {
            Ok(next) => next,
            Err(error) => {
                self.failed = Some(error);
                None
            }
        };
        std::mem::replace(&mut self.heads[at], next)
    }
}

impl Iterator for Merge<'_> {
    type Item = io::Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        let heads = self.heads.iter().enumerate();
        let first = heads.filter_map(|(at, head)| Some((at, &head.as_ref()?.key)));
        let next = first.min_by_key(|(_, key)| *key).map(|(at, _)| at);
        let page = next.and_then(|at| self.advance(at));
        if let Some(page) = &page {
            let has_older =
                |head: &Option<Page>| head.as_ref().is_some_and(|it| it.key == page.key);
            for at in 0..self.heads.len() {
                if has_older(&self.heads[at]) {
                    self.advance(at);
                }
            }
        }
        match self.failed.take() {
            Some(error) => {
                self.heads.fill(None);
                Some(Err(error))
            }
            None => page.map(Ok),
        }
    }
}
