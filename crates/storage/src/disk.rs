//! The data directory on a real disk.

use std::fs::{File, OpenOptions};
use std::io;
use std::num::NonZeroU64;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use accolade_engine::disk::{Disk, DiskFile};
use rustix::fs::{Advice, FallocateFlags, FlockOperation, fadvise, flock};

use crate::error::StorageError;
use crate::removing;

/// A folder of the operating system.
#[derive(Debug, Clone)]
pub struct RealDisk {
    root: PathBuf,
}

impl RealDisk {
    /// The data directory at `root`, created if it does not exist.
    pub fn open(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        std::fs::create_dir_all(&root)?;
        Ok(Self { root })
    }

    /// The data directory's path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Goes on removing what an earlier process has removed in part; for whoever has the directory alone.
    pub fn go_on_removing(&self) -> io::Result<()> {
        removing::go_on(&self.root)
    }

    fn folder(&self, path: &str) -> PathBuf {
        let path = self.root.join(path);
        path.parent().unwrap_or(&self.root).to_path_buf()
    }
}

impl Disk for RealDisk {
    fn create(&self, path: &str, allocate: u64) -> io::Result<Arc<dyn DiskFile>> {
        std::fs::create_dir_all(self.folder(path))?;
        let path = self.root.join(path);
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        if allocate > 0
            && let Err(error) = rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, allocate)
        {
            // Where a file system cannot allocate ahead, it allocates while writing.
            if error != rustix::io::Errno::OPNOTSUPP {
                std::fs::remove_file(&path)?;
                return Err(error.into());
            }
        }
        Ok(RealFile::noted(file, path))
    }

    fn open(&self, path: &str) -> io::Result<Arc<dyn DiskFile>> {
        let path = self.root.join(path);
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        Ok(RealFile::noted(file, path))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let entries = match std::fs::read_dir(self.root.join(folder)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        removing::remove(&self.root, path)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let (from, to) = (self.root.join(from), self.root.join(to));
        let mut readers = removing::readers();
        std::fs::rename(&from, &to)?;
        readers.rename(&from, to);
        Ok(())
    }

    fn sync_dir(&self, folder: &str) -> io::Result<()> {
        let path = self.root.join(folder);
        if !path.exists() {
            std::fs::create_dir_all(&path)?;
            File::open(path.parent().unwrap_or(&self.root))?.sync_all()?;
        }
        File::open(path)?.sync_all()
    }
}

#[derive(Debug)]
struct RealFile(Arc<File>);

impl RealFile {
    fn noted(file: File, path: PathBuf) -> Arc<dyn DiskFile> {
        let file = Arc::new(file);
        removing::readers().add(path, &file);
        Arc::new(Self(file))
    }
}

impl DiskFile for RealFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn len(&self) -> io::Result<u64> {
        self.0.metadata().map(|metadata| metadata.len())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn expect_scattered_reads(&self) {
        // A file system that takes no advice reads as it always does.
        fadvise(&self.0, 0, None, Advice::Random).ok();
    }

    fn will_read(&self, offset: u64, length: u64) {
        fadvise(&self.0, offset, NonZeroU64::new(length), Advice::WillNeed).ok();
    }
}

/// Bytes that the file system of `path` has free for this process.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    let room = rustix::fs::statvfs(path)?;
    Ok(room.f_bavail.saturating_mul(room.f_frsize))
}

/// Takes the directory for this process until the file is dropped.
pub fn lock_directory(data_dir: &Path) -> crate::error::Result<File> {
    let io = |source| StorageError::io("LOCK", source);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(data_dir.join("LOCK"))
        .map_err(io)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| StorageError::InUse(data_dir.to_path_buf()))?;
    Ok(file)
}
