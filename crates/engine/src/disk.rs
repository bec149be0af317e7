//! The port to files. Errors are values; nothing is mapped into memory.

use std::fmt;
use std::io;
use std::sync::Arc;

/// A data directory. Paths are relative to it, such as `log/00000001`.
///
/// Names survive a crash of the machine only after [`Disk::sync_dir`] on their folder; a file's
/// content only after [`DiskFile::sync`]. What was not synced may survive in part, torn or not at
/// all, in any order.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Creates a file that must not exist, with `allocate` bytes reserved that read as zeros.
    fn create(&self, path: &str, allocate: u64) -> io::Result<Arc<dyn DiskFile>>;
    /// Opens a file that exists, for reading and writing.
    fn open(&self, path: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Opens a file that nobody writes any more, for reading. Of these there are as many as years, so a disk
    /// may close one that nobody reads at the moment and open it again. As every open file, it stays readable
    /// when it loses its name.
    fn open_closed(&self, path: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.open(path)
    }
    /// The names in a folder, sorted; none if the folder does not exist.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;
    /// Removes a file.
    fn remove(&self, path: &str) -> io::Result<()>;
    /// Gives a file another name in the same folder, replacing what was there, atomically.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Makes the names in a folder durable; creates the folder if it does not exist.
    fn sync_dir(&self, folder: &str) -> io::Result<()>;
}

/// One open file.
pub trait DiskFile: fmt::Debug + Send + Sync {
    /// Fills `buffer` from `offset`; `UnexpectedEof` where the file ends before.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
    /// Writes all of `bytes` at `offset`, extending the file where needed.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Makes content and length durable. A failure is final: the caller must stop, never retry.
    fn sync(&self) -> io::Result<()>;
    /// The length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Cuts or extends the file to `len` bytes.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Says that from now on reads will be here and there, and what lies around them is not wanted.
    /// Advice: by default nothing comes of it.
    fn expect_scattered_reads(&self) {}
    /// Says that these bytes will be read soon, so that fetching them may begin. Advice: by default
    /// nothing comes of it.
    fn will_read(&self, _offset: u64, _length: u64) {}
    /// Whether the file has no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}
