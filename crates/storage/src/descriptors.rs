//! Closed files are opened when they are read, and only so many are open at a time, however many there are.

use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use accolade_engine::disk::{Disk, DiskFile};

/// Descriptors for closed files of all data directories of a process; a clone is another handle to them.
///
/// At most so many are open, and one for each thread that reads at this moment; a file that was removed
/// while somebody held it stays open until nobody does.
#[derive(Debug, Clone)]
pub struct Descriptors(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: u64,
    open_max: usize,
    /// The files that are open, roughly from the one that was not read for the longest.
    open: Mutex<VecDeque<Weak<ClosedFile>>>,
    opens: AtomicU64,
    reads: AtomicU64,
}

/// What became of the descriptors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Descriptors that the process may have, for whatever it is; 0 where nobody has said.
    pub limit: u64,
    /// Closed files that are open.
    pub open: usize,
    /// So many may be.
    pub open_max: usize,
    /// How often one was opened.
    pub opens: u64,
    /// How often one was read, or asked anything.
    pub reads: u64,
}

impl Default for Descriptors {
    /// As many as fit the smallest limit that systems have, 1,024.
    fn default() -> Self {
        Self::new(Self::OPEN_MAX)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Descriptors {
    const OPEN_MAX: usize = 256;
    const OPEN_MIN: usize = 16;

    /// Up to `open_max` descriptors; at least one.
    pub fn new(open_max: usize) -> Self {
        Self::of(0, open_max.max(1))
    }

    fn of(limit: u64, open_max: usize) -> Self {
        let (open, opens, reads) = (Mutex::default(), AtomicU64::new(0), AtomicU64::new(0));
        Self(Arc::new(Shared { limit, open_max, open, opens, reads }))
    }

    /// A quarter of what the process may have: connections need the rest.
    pub fn within(limit: u64) -> Self {
        let quarter = usize::try_from(limit / 4).unwrap_or(usize::MAX);
        // More would only fill the kernel's tables.
        Self::of(limit, quarter.clamp(Self::OPEN_MIN, 16 * Self::OPEN_MAX))
    }

    /// `disk`, with its closed files opened on demand.
    pub fn over(&self, disk: Arc<dyn Disk>) -> Arc<dyn Disk> {
        Arc::new(OnDemand { disk, descriptors: self.clone(), held: Arc::default() })
    }

    /// What became of them.
    pub fn counts(&self) -> Counts {
        let Shared { limit, open_max, open, opens, reads } = &*self.0;
        Counts {
            limit: *limit,
            open: lock(open).iter().filter(|file| file.strong_count() > 0).count(),
            open_max: *open_max,
            opens: opens.load(Ordering::Relaxed),
            reads: reads.load(Ordering::Relaxed),
        }
    }

    /// Closes files until one more may be opened. One that was read since the last look gets another
    /// chance, and so does one that is being opened or loses its name.
    fn make_room(&self) {
        for chances_left in (0..=2 * self.0.open_max).rev() {
            let oldest = {
                let mut open = lock(&self.0.open);
                if open.len() < self.0.open_max {
                    return;
                }
                open.pop_front()
            };
            let Some(file) = oldest.and_then(|file| file.upgrade()) else { continue };
            let stays = file.was_read.swap(false, Ordering::Relaxed) && chances_left > 0;
            if stays || !file.let_go() {
                self.note(&file);
            }
        }
    }

    fn note(&self, file: &Arc<ClosedFile>) {
        lock(&self.0.open).push_back(Arc::downgrade(file));
    }
}

/// Closed files that somebody holds, by path: whoever asks for one again gets the same.
type Held = Arc<Mutex<HashMap<String, Weak<ClosedFile>>>>;

#[derive(Debug)]
struct OnDemand {
    disk: Arc<dyn Disk>,
    descriptors: Descriptors,
    held: Held,
}

impl OnDemand {
    fn file(&self, path: &str) -> Arc<ClosedFile> {
        let mut held = lock(&self.held);
        if let Some(file) = held.get(path).and_then(Weak::upgrade) {
            return file;
        }
        let file = Arc::new_cyclic(|itself| ClosedFile {
            itself: itself.clone(),
            path: path.to_owned(),
            disk: Arc::clone(&self.disk),
            descriptors: self.descriptors.clone(),
            held: Arc::clone(&self.held),
            descriptor: Mutex::default(),
            was_read: AtomicBool::new(false),
            is_scattered: AtomicBool::new(false),
        });
        held.insert(path.to_owned(), Arc::downgrade(&file));
        file
    }

    /// Does what takes the name `path` from its file. Whoever holds the file goes on reading it; whoever
    /// asks for the name meanwhile waits.
    fn unname(&self, path: &str, act: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let file = self.file(path);
        let mut descriptor = lock(&file.descriptor);
        if Arc::strong_count(&file) > 1 && descriptor.file.is_none() {
            match file.open() {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                opened => descriptor.file = Some(opened?),
            }
        }
        act()?;
        descriptor.stays = descriptor.file.is_some();
        lock(&self.held).remove(path);
        Ok(())
    }
}

impl Disk for OnDemand {
    fn create(&self, path: &str, allocate: u64) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.create(path, allocate)
    }

    fn open(&self, path: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.open(path)
    }

    fn open_closed(&self, path: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.file(path);
        file.descriptor()?;
        Ok(file)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.disk.list(folder)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.unname(path, || self.disk.remove(path))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        if from == to {
            return self.disk.rename(from, to);
        }
        self.unname(to, || self.unname(from, || self.disk.rename(from, to)))
    }

    fn sync_dir(&self, folder: &str) -> io::Result<()> {
        self.disk.sync_dir(folder)
    }
}

#[derive(Debug)]
struct ClosedFile {
    itself: Weak<Self>,
    path: String,
    disk: Arc<dyn Disk>,
    descriptors: Descriptors,
    held: Held,
    descriptor: Mutex<Descriptor>,
    was_read: AtomicBool,
    is_scattered: AtomicBool,
}

#[derive(Debug, Default)]
struct Descriptor {
    file: Option<Arc<dyn DiskFile>>,
    /// The name is gone, and it could not be opened again.
    stays: bool,
}

impl ClosedFile {
    /// The file, open: it stays so for as long as the caller keeps it.
    fn descriptor(&self) -> io::Result<Arc<dyn DiskFile>> {
        self.descriptors.0.reads.fetch_add(1, Ordering::Relaxed);
        let file = {
            let mut descriptor = lock(&self.descriptor);
            if let Some(file) = &descriptor.file {
                self.was_read.store(true, Ordering::Relaxed);
                return Ok(Arc::clone(file));
            }
            Arc::clone(descriptor.file.insert(self.open()?))
        };
        if let Some(itself) = self.itself.upgrade() {
            self.descriptors.note(&itself);
        }
        Ok(file)
    }

    fn open(&self) -> io::Result<Arc<dyn DiskFile>> {
        self.descriptors.make_room();
        let file = self.disk.open(&self.path)?;
        self.descriptors.0.opens.fetch_add(1, Ordering::Relaxed);
        if self.is_scattered.load(Ordering::Relaxed) {
            file.expect_scattered_reads();
        }
        Ok(file)
    }

    /// Closes it, unless it stays open; says whether it was not being opened at the moment. Whoever asks has a
    /// file of their own locked, and so waits for no other.
    fn let_go(&self) -> bool {
        let Ok(mut descriptor) = self.descriptor.try_lock() else { return false };
        if !descriptor.stays {
            descriptor.file = None;
        }
        true
    }

    fn read_only<T>(&self) -> io::Result<T> {
        let what = format!("`{}` is closed, and not written", self.path);
        Err(io::Error::new(ErrorKind::Unsupported, what))
    }
}

impl Drop for ClosedFile {
    fn drop(&mut self) {
        let mut held = lock(&self.held);
        if held.get(&self.path).is_some_and(|file| file.ptr_eq(&self.itself)) {
            held.remove(&self.path);
        }
    }
}

impl DiskFile for ClosedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.descriptor()?.read_at(buffer, offset)
    }

    fn write_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        self.read_only()
    }

    fn sync(&self) -> io::Result<()> {
        self.read_only()
    }

    fn len(&self) -> io::Result<u64> {
        self.descriptor()?.len()
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        self.read_only()
    }

    fn expect_scattered_reads(&self) {
        if !self.is_scattered.swap(true, Ordering::Relaxed)
            && let Some(file) = &lock(&self.descriptor).file
        {
            file.expect_scattered_reads();
        }
    }

    fn will_read(&self, offset: u64, length: u64) {
        // Whoever reads will hear of what is wrong.
        if let Ok(file) = self.descriptor() {
            file.will_read(offset, length);
        }
    }
}

#[cfg(test)]
mod tests;
