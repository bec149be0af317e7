//! The port to object storage: whole objects under keys such as `p0007/journal/000000000012.0-4096`.

use std::fmt;
use std::io;
use std::ops::Range;

/// A bucket, or a folder that several machines share. What was put is durable, and is replaced never.
pub trait Objects: fmt::Debug + Send + Sync {
    /// Puts an object; it is there whole or not at all. Putting the same bytes again is no error.
    fn put(&self, key: &str, bytes: Vec<u8>) -> io::Result<()>;
    /// Reads a part of an object; `NotFound` where there is none, `UnexpectedEof` where it ends before.
    fn get(&self, key: &str, bytes: Range<u64>) -> io::Result<Vec<u8>>;
    /// Reads a whole object; `NotFound` where there is none.
    fn get_all(&self, key: &str) -> io::Result<Vec<u8>>;
    /// All objects whose key begins with `prefix`, in any order. Only the sweeper lists, and a person
    /// who restores.
    fn list(&self, prefix: &str) -> io::Result<Vec<Object>>;
    /// Removes an object; no error where there is none.
    fn remove(&self, key: &str) -> io::Result<()>;
}

/// An object, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// When it was put, in microseconds since 1970 by the store's clock.
    pub put_at: i64,
}
