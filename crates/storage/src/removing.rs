//! Large files are removed little by little: a file system that trims what is freed does so in front of every
//! sync, and for a whole segment that takes as long as fifty syncs.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

/// Where files wait that have been removed, within a data directory.
pub(crate) const FOLDER: &str = "removed";
/// A file of no more than this is removed at once.
const AT_ONCE_BYTES: u64 = 4 << 20;
/// What is freed in one go; as many times more as there are files behind, so that they never become many.
const STEP_BYTES: u64 = 2 << 20;
/// Between two steps.
const PAUSE: Duration = Duration::from_millis(10);
/// How often it is looked whether readers have gone, and how long they are waited for.
const LOOKS: (Duration, u32) = (Duration::from_millis(50), 200);

/// The files that this process has open, by path: whoever reads one has it whole, also when it was removed.
#[derive(Debug, Default)]
pub(crate) struct Readers {
    by_path: HashMap<PathBuf, Vec<Weak<File>>>,
    /// Entries beyond which those that nobody reads any more are let go of.
    prune_at: usize,
}

pub(crate) fn readers() -> MutexGuard<'static, Readers> {
    static READERS: OnceLock<Mutex<Readers>> = OnceLock::new();
    READERS.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

impl Readers {
    const FEW: usize = 1_024;

    /// Somebody has opened `path`.
    pub(crate) fn add(&mut self, path: PathBuf, file: &Arc<File>) {
        if self.by_path.len() > self.prune_at {
            self.by_path.retain(|_, files| files.iter().any(|file| file.strong_count() > 0));
            self.prune_at = (2 * self.by_path.len()).max(Self::FEW);
        }
        let files = self.by_path.entry(path).or_default();
        files.retain(|file| file.strong_count() > 0);
        files.push(Arc::downgrade(file));
    }

    /// The file has another name now, in place of what had it before.
    pub(crate) fn rename(&mut self, from: &Path, to: PathBuf) {
        let files = self.take(from);
        self.by_path.insert(to, files);
    }

    fn take(&mut self, path: &Path) -> Vec<Weak<File>> {
        self.by_path.remove(path).unwrap_or_default()
    }
}

/// Files that wait to be freed.
static BEHIND: AtomicU64 = AtomicU64::new(0);

/// A file that has lost its name.
#[derive(Debug)]
struct Removed {
    path: PathBuf,
    readers: Vec<Weak<File>>,
}

/// Removes `root/path`: its name is free at once, its bytes soon.
pub(crate) fn remove(root: &Path, path: &str) -> io::Result<()> {
    let from = root.join(path);
    let readers = readers().take(&from);
    if std::fs::metadata(&from)?.len() <= AT_ONCE_BYTES {
        return std::fs::remove_file(from);
    }
    std::fs::create_dir_all(root.join(FOLDER))?;
    let to = root.join(FOLDER).join(path.replace('/', "-"));
    std::fs::rename(from, &to)?;
    hand_over(Removed { path: to, readers })
}

/// Goes on with what an earlier process has left.
pub(crate) fn go_on(root: &Path) -> io::Result<()> {
    match std::fs::read_dir(root.join(FOLDER)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        entries => entries?
            .try_for_each(|entry| hand_over(Removed { path: entry?.path(), readers: Vec::new() })),
    }
}

fn hand_over(removed: Removed) -> io::Result<()> {
    static REMOVER: OnceLock<Option<Sender<Removed>>> = OnceLock::new();
    let start = || {
        let (sender, files) = channel();
        let thread = std::thread::Builder::new().name("removing".into());
        thread.spawn(move || run(&files)).ok().map(|_| sender)
    };
    let Some(remover) = REMOVER.get_or_init(start) else {
        return std::fs::remove_file(removed.path);
    };
    BEHIND.fetch_add(1, Ordering::Relaxed);
    remover.send(removed).or_else(|unsent| std::fs::remove_file(unsent.0.path))
}

fn run(files: &Receiver<Removed>) {
    while let Ok(removed) = files.recv() {
        BEHIND.fetch_sub(1, Ordering::Relaxed);
        let path = &removed.path;
        let shrunk = if removed.waits_for_readers() {
            OpenOptions::new().write(true).open(path).and_then(|file| shrink(&file))
        } else {
            Ok(())
        };
        // Whoever has removed the directory has removed the file.
        if let Err(error) = shrunk.and_then(|()| std::fs::remove_file(path))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %path.display(), "a file that is not needed stays");
        }
    }
}

impl Removed {
    /// Whether all who read it have gone; one who stays has the file whole, and it goes in one go.
    fn waits_for_readers(&self) -> bool {
        let (pause, looks) = LOOKS;
        let is_read = || self.readers.iter().any(|file| file.strong_count() > 0);
        for _ in 0..looks {
            if !is_read() {
                return true;
            }
            std::thread::sleep(pause);
        }
        false
    }
}

fn shrink(file: &File) -> io::Result<()> {
    let mut len = file.metadata()?.len();
    while len > STEP_BYTES {
        len = len.saturating_sub(STEP_BYTES * (1 + BEHIND.load(Ordering::Relaxed)));
        file.set_len(len)?;
        file.sync_data()?;
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use accolade_engine::disk::Disk;

    use super::*;
    use crate::disk::RealDisk;

    #[test]
    fn a_removed_file_loses_its_name_at_once_and_its_bytes_soon() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("log")).unwrap();
        let large = root.path().join("log/1");
        std::fs::write(&large, vec![7; 5 << 20]).unwrap();
        remove(root.path(), "log/1").unwrap();
        assert!(!large.exists());
        // What is left by a process that was killed.
        std::fs::write(root.path().join(FOLDER).join("log-2"), vec![7; 5 << 20]).unwrap();
        go_on(root.path()).unwrap();
        for _ in 0..1_000 {
            if std::fs::read_dir(root.path().join(FOLDER)).unwrap().next().is_none() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("what was removed is still there");
    }

    #[test]
    fn whoever_reads_a_file_has_it_whole_after_it_was_removed() {
        let root = tempfile::tempdir().unwrap();
        let disk = RealDisk::open(root.path()).unwrap();
        let file = disk.create("1.tmp", 0).unwrap();
        file.write_at(&vec![7; 5 << 20], 0).unwrap();
        disk.rename("1.tmp", "1").unwrap();
        disk.remove("1").unwrap();
        let mut byte = [0];
        for _ in 0..50 {
            file.read_at(&mut byte, (5 << 20) - 1).unwrap();
            std::thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(byte, [7]);
    }
}
