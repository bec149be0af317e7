//! A disk on which writes to one folder fail once it is told so.

use std::io;
use std::sync::{Arc, Mutex};

use accolade_engine::disk::{Disk, DiskFile};
use accolade_storage::disk::RealDisk;

/// What becomes of writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writes {
    Work,
    Fail,
    /// They arrive, and cannot be made durable.
    FailToSync,
    /// Those of the head of a segment fail.
    FailAtHeads,
    /// There is no room.
    AreTooMany,
    Panic,
}

/// A real disk whose writes below a folder do what they are told to.
#[derive(Debug, Clone)]
pub(crate) struct Breaking {
    disk: Arc<RealDisk>,
    folder: &'static str,
    writes: Arc<Mutex<Writes>>,
}

#[derive(Debug)]
struct BreakingFile {
    file: Arc<dyn DiskFile>,
    writes: Arc<Mutex<Writes>>,
}

impl Breaking {
    pub(crate) fn new(disk: RealDisk, folder: &'static str) -> Self {
        Self { disk: Arc::new(disk), folder, writes: Arc::new(Mutex::new(Writes::Work)) }
    }

    pub(crate) fn set(&self, writes: Writes) {
        *self.writes.lock().unwrap() = writes;
    }

    fn wrapped(&self, path: &str, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        if !path.starts_with(self.folder) {
            return file;
        }
        Arc::new(BreakingFile { file, writes: Arc::clone(&self.writes) })
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
        let writes = *self.writes.lock().unwrap();
        match writes {
            Writes::FailAtHeads if offset > 0 => {}
            Writes::Work | Writes::FailToSync => {}
            Writes::Fail | Writes::FailAtHeads => {
                return Err(io::Error::other("the disk is broken"));
            }
            Writes::AreTooMany => return Err(io::ErrorKind::StorageFull.into()),
            Writes::Panic => panic!("the disk has a bug"),
        }
        self.file.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        if *self.writes.lock().unwrap() == Writes::FailToSync {
            return Err(io::Error::other("the disk is broken"));
        }
        self.file.sync()
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }
}
