//! A journal that cannot be written, and a checkpoint at the same moment.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use accolade_engine::disk::{Disk, DiskFile};
use accolade_storage::disk::RealDisk;
use accolade_storage::home::Home;

use super::{Embedded, SEVEN, check_same, checkpoint, feed, fold, goes_on_at, options, seven};

/// A disk on which writes to the journal fail once it is broken: all of them, or those of the head of
/// a segment alone.
#[derive(Debug)]
struct Breaking {
    disk: RealDisk,
    breaks_heads_alone: bool,
    is_broken: Arc<AtomicBool>,
}

#[derive(Debug)]
struct BreakingFile {
    file: Arc<dyn DiskFile>,
    breaks_heads_alone: bool,
    is_broken: Arc<AtomicBool>,
}

impl Breaking {
    fn wrapped(&self, path: &str, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        if !path.starts_with("journal/") {
            return file;
        }
        let (breaks_heads_alone, is_broken) =
            (self.breaks_heads_alone, Arc::clone(&self.is_broken));
        Arc::new(BreakingFile { file, breaks_heads_alone, is_broken })
    }
}

impl Disk for Breaking {
    fn create(&self, path: &str, allocate: u64) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.wrapped(path, self.disk.create(path, allocate)?))
    }

    fn open(&self, path: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.wrapped(path, self.disk.open(path)?))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.disk.list(folder)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn sync_dir(&self, folder: &str) -> io::Result<()> {
        self.disk.sync_dir(folder)
    }
}

impl DiskFile for BreakingFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let is_met = offset == 0 || !self.breaks_heads_alone;
        if is_met && self.is_broken.load(Ordering::Relaxed) {
            return Err(io::Error::other("the disk is broken"));
        }
        self.file.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }
}

#[test]
fn a_checkpoint_never_names_an_end_of_the_journal_that_was_not_written() {
    let node = Embedded::folded(60);
    for breaks_heads_alone in [false, true] {
        for is_taken_first in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let disk = RealDisk::open(folder.path()).unwrap();
            let is_broken = Arc::new(AtomicBool::new(false));
            let breaking = Breaking { disk, breaks_heads_alone, is_broken: Arc::clone(&is_broken) };
            let mut home = Home::open(Arc::new(breaking), SEVEN, &options()).unwrap();
            let mut checkpointer = home.take_checkpointer();
            feed(&mut home, &node, 20);
            checkpoint(&mut home, &mut checkpointer, false);
            feed(&mut home, &node, 22);

            let before = is_taken_first.then(|| home.take_part(false).unwrap());
            is_broken.store(true, Ordering::Relaxed);
            let failed = (22..node.frames.len()).find(|at| fold(&mut home, &node, *at).is_err());
            assert!(failed.is_some(), "a segment of the journal holds a few batches");
            if let Some(part) = before.or_else(|| home.take_part(false)) {
                let refused = checkpointer.write(part, home.partition().time()).unwrap_err();
                let refused = accolade_storage::error::in_full(&refused);
                assert!(refused.contains("the disk is broken"), "{refused}");
            }
            drop((home, checkpointer));

            let mut home = seven(folder.path());
            assert_eq!(goes_on_at(&home), 20);
            feed(&mut home, &node, node.frames.len());
            check_same(&home, &node);
        }
    }
}
