//! Bringing a shipped checkpoint back.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use accolade_engine::disk::{Disk, DiskFile};
use accolade_engine::objects::Objects;

use super::borrowed::{borrow, check_piece};
use super::cache::BlockCache;
use super::list::{List, ListedFile, Piece};
use super::shipped::{forget, read_shipped, remember, replace};
use crate::error::{Result, StorageError};
use crate::open::{DATA_FORMAT, FORMAT_FILE, FORMAT_WORDS};
use crate::packed::Packed;
use crate::pages;
use crate::pages::run::PageRun;
use crate::run;
use crate::segment::{Family, SEGMENT_HEAD_BYTES};
use crate::slices::PACKED_ENDING;
use crate::table_cache::TableCache;

/// Objects that are asked for at the same time.
const THREADS: usize = 8;
/// Hours of sealed ids that the fold asks for nearly every record.
const RECENT_HOURS: i64 = 26;
/// In the place of the data's format until everything is there.
const UNFINISHED_WORDS: &str = "accolade data that is being restored\n";
const UNFINISHED_FILE: &str = "FORMAT.tmp";

/// How a checkpoint is brought back.
pub struct Fetch<'a> {
    /// Whether older files are brought as well; or else they are borrowed.
    pub everything: bool,
    /// How many objects are asked for at the same time; with 1 it is done on this thread alone.
    pub threads: usize,
    /// Hears how many bytes have come, and of how many.
    pub progress: &'a (dyn Fn(u64, u64) + Sync),
}

impl std::fmt::Debug for Fetch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { everything, threads, .. } = self;
        f.debug_struct("Fetch").field("everything", everything).field("threads", threads).finish()
    }
}

impl Default for Fetch<'_> {
    /// What a start needs at once, several objects at a time, without a word.
    fn default() -> Self {
        Self { everything: false, threads: THREADS, progress: &|_, _| {} }
    }
}

/// Brings to `disk` what a start needs at once of the checkpoint with the list `name`, and borrows the
/// rest. A directory whose own the list is keeps what it has.
pub fn fetch(
    objects: &Arc<dyn Objects>,
    name: &str,
    disk: Arc<dyn Disk>,
    cache: &BlockCache,
) -> Result<(Arc<dyn Disk>, List)> {
    Fetch::default().fetch(objects, name, disk, cache)
}

/// The key of the newest list below `prefix`, by asking for all keys: for a person who restores.
pub fn newest(objects: &dyn Objects, prefix: &str) -> io::Result<Option<String>> {
    let objects = objects.list(prefix)?;
    let lists = objects.into_iter().filter_map(|object| {
        let (_, number) = List::parse_key(&object.key)?;
        Some((number, object.put_at, object.key))
    });
    Ok(lists.max().map(|(.., key)| key))
}

impl Fetch<'_> {
    /// Brings back the checkpoint with the list `name`; see [`fetch`].
    pub fn fetch(
        &self,
        objects: &Arc<dyn Objects>,
        name: &str,
        disk: Arc<dyn Disk>,
        cache: &BlockCache,
    ) -> Result<(Arc<dyn Disk>, List)> {
        if let Some(shipped) = read_shipped(&*disk)?
            && shipped.list.name == name
            && !self.everything
        {
            let disk = borrow(objects, &shipped.list, disk, cache)?;
            return Ok((disk, shipped.list));
        }
        let written = objects.get_all(name).map_err(|source| StorageError::io(name, source))?;
        let list = List::read(name, &written)?;
        if list.data_format > DATA_FORMAT {
            return Err(StorageError::Newer { found: list.data_format, known: DATA_FORMAT });
        }
        forget(&*disk)?;
        clear(&*disk)?;
        if self.everything {
            begin_restore(&*disk)?;
        }
        let at_once = list.files.iter().filter(|(path, file)| {
            self.everything || is_needed_at_once(path, file, list.covers.hour())
        });
        self.bring(&**objects, &*disk, &at_once.collect::<Vec<_>>())?;
        remember(&*disk, name, &list, &written)?;
        if self.everything {
            write_format(&*disk, &format!("{FORMAT_WORDS}{}\n", list.data_format))?;
            return Ok((disk, list));
        }
        let local = Arc::clone(&disk);
        let disk = borrow(objects, &list, disk, cache)?;
        self.warm(&*disk, &*local, &list);
        Ok((disk, list))
    }

    /// Brings files whole, and makes them durable.
    fn bring(
        &self,
        objects: &dyn Objects,
        disk: &dyn Disk,
        files: &[(&String, &ListedFile)],
    ) -> Result<()> {
        let total = files.iter().map(|(_, file)| file.bytes).sum();
        let (done, targets): (_, Vec<Target<'_>>) = (
            AtomicU64::new(0),
            files.iter().map(|(path, file)| Target::new(path, file.pieces.len())).collect(),
        );
        let mut jobs = Vec::new();
        for (target, (_, file)) in targets.iter().zip(files) {
            jobs.extend(file.pieces.iter().map(|piece| (target, piece)));
        }
        (self.progress)(0, total);
        self.all(&jobs, &|(target, piece)| {
            let key = piece.key(target.path);
            let io = |source| StorageError::io(&key, source);
            let bytes = objects.get_all(&key).map_err(io)?;
            check_piece(&key, piece, &bytes).map_err(io)?;
            target.write(disk, piece, &bytes)?;
            let before = done.fetch_add(piece.bytes(), Ordering::Relaxed);
            (self.progress)(before + piece.bytes(), total);
            Ok(())
        })?;
        let folders: BTreeSet<&str> = files
            .iter()
            .filter_map(|(path, _)| path.rsplit_once('/'))
            .map(|split| split.0)
            .collect();
        for folder in folders.into_iter().chain(["lookup", ""]) {
            disk.sync_dir(folder).map_err(|source| StorageError::io(folder, source))?;
        }
        Ok(())
    }

    /// Reads of each borrowed file what opening the directory will ask of it, several at a time: one
    /// after the other would take long. What cannot be read will be missed then.
    fn warm(&self, disk: &dyn Disk, local: &dyn Disk, list: &List) {
        let is_borrowed = |(path, file): &(&String, &ListedFile)| {
            file.is_closed && local.open(path).is_err_and(|e| e.kind() == ErrorKind::NotFound)
        };
        let borrowed: Vec<&String> =
            list.files.iter().filter(is_borrowed).map(|(path, _)| path).collect();
        let warmed = self.all(&borrowed, &|path| {
            let read = disk.open(path).and_then(|file| touch(path, &file));
            if let Err(error) = read {
                tracing::warn!(path, %error, "a borrowed file cannot be read");
            }
            Ok(())
        });
        warmed.expect("nothing that fails here is an error");
    }

    /// Does all jobs, in order, several at a time, up to the first that fails.
    fn all<T: Sync>(&self, jobs: &[T], work: &(dyn Fn(&T) -> Result<()> + Sync)) -> Result<()> {
        if self.threads <= 1 {
            return jobs.iter().try_for_each(work);
        }
        let (next, has_failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let run = || -> Result<()> {
            while !has_failed.load(Ordering::Relaxed)
                && let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed))
            {
                work(job).inspect_err(|_| has_failed.store(true, Ordering::Relaxed))?;
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..self.threads.min(jobs.len())).map(|_| scope.spawn(run)).collect();
            let ended = threads.into_iter().map(|thread| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            // All of them, so that none is left running.
            ended.collect::<Vec<_>>().into_iter().collect()
        })
    }
}

/// A file that comes in pieces: made by the first, durable with the last.
#[derive(Debug)]
struct Target<'a> {
    path: &'a str,
    state: Mutex<(Option<Arc<dyn DiskFile>>, usize)>,
}

impl<'a> Target<'a> {
    fn new(path: &'a str, pieces: usize) -> Self {
        Self { path, state: Mutex::new((None, pieces)) }
    }

    fn write(&self, disk: &dyn Disk, piece: &Piece, bytes: &[u8]) -> Result<()> {
        let io = |source| StorageError::io(self.path, source);
        let file = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let file = match state.0.take() {
                None => disk.create(self.path, 0).map_err(io)?,
                Some(file) => file,
            };
            state.0 = Some(Arc::clone(&file));
            file
        };
        file.write_at(bytes, piece.from).map_err(io)?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.1 -= 1;
        if state.1 == 0 {
            state.0 = None;
            file.sync().map_err(io)?;
        }
        Ok(())
    }
}

/// State, links and recent ids whole; what is still written; and of the sealed ids those that the fold
/// asks all the time. The log goes on where it ends, and is replayed.
fn is_needed_at_once(path: &str, file: &ListedFile, hour: i64) -> bool {
    let is_of =
        |family: Family| path.rsplit_once('/').is_some_and(|(folder, _)| folder == family.folder());
    if is_of(Family::Journal) || is_of(Family::DeadLetters) {
        return !file.is_closed;
    }
    if path.starts_with(pages::FOLDER) {
        return false;
    }
    file.newest_hour.is_none_or(|newest| newest >= hour - RECENT_HOURS)
}

fn touch(path: &str, file: &Arc<dyn DiskFile>) -> io::Result<()> {
    let mut byte = [0];
    if path.ends_with(PACKED_ENDING) {
        let packed = Packed::open(Arc::clone(file), &TableCache::default())?;
        packed.read_at(&mut byte, 0)?;
        return packed.read_at(&mut byte, packed.raw_len().saturating_sub(1));
    }
    if path.starts_with(Family::Journal.folder()) || path.starts_with(Family::DeadLetters.folder())
    {
        file.read_at(&mut byte, SEGMENT_HEAD_BYTES - 1)?;
        return file.read_at(&mut byte, file.len()?.saturating_sub(1));
    }
    if path.starts_with(pages::FOLDER) {
        return PageRun::open(Arc::clone(file), 0).map(drop);
    }
    run::open(file, 0, &|_| true).map(drop)
}

/// Removes what an earlier life or an unfinished fetch has left.
fn clear(disk: &dyn Disk) -> Result<()> {
    let families = [
        Family::Log,
        Family::Journal,
        Family::DeadLetters,
        Family::State,
        Family::Links,
        Family::Ids,
        Family::Trail,
    ];
    for folder in families.map(Family::folder).into_iter().chain(["lookup", pages::FOLDER]) {
        let io = |source| StorageError::io(folder, source);
        let names = disk.list(folder).map_err(io)?;
        names.iter().try_for_each(|name| disk.remove(&format!("{folder}/{name}"))).map_err(io)?;
        if !names.is_empty() {
            disk.sync_dir(folder).map_err(io)?;
        }
    }
    Ok(())
}

fn write_format(disk: &dyn Disk, words: &str) -> Result<()> {
    replace(disk, FORMAT_FILE, UNFINISHED_FILE, words.as_bytes())
        .map_err(|source| StorageError::io(FORMAT_FILE, source))
}

/// Says in the directory that not everything is there yet: until a fetch of everything has come to its end there, nobody
/// opens it.
pub fn begin_restore(disk: &dyn Disk) -> Result<()> {
    write_format(disk, UNFINISHED_WORDS)
}

/// Whether a fetch of everything has begun in this directory and not come to its end.
pub fn is_unfinished(disk: &dyn Disk) -> Result<bool> {
    let io = |source| StorageError::io(FORMAT_FILE, source);
    let file = match disk.open(FORMAT_FILE) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        file => file.map_err(io)?,
    };
    let mut words = vec![0; file.len().map_err(io)?.min(64) as usize];
    file.read_at(&mut words, 0).map_err(io)?;
    Ok(words == UNFINISHED_WORDS.as_bytes())
}
