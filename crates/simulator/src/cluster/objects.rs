//! Object storage in memory, which may be away, and may do what it was asked and not say so.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use accolade_engine::objects::{Object, Objects};

use crate::random::Random;

/// A bucket; a clone is another handle to it.
#[derive(Debug, Clone)]
pub(super) struct SimulatedObjects(Arc<Mutex<Bucket>>);

#[derive(Debug)]
struct Bucket {
    objects: BTreeMap<String, Object>,
    bytes: BTreeMap<String, Vec<u8>>,
    random: Random,
    now: i64,
    away_until: i64,
    /// So many of a hundred requests fail.
    fails_percent: u64,
    is_calm: bool,
    failures: u64,
    /// Keys that were asked for and are not there.
    missing: Vec<String>,
}

impl SimulatedObjects {
    pub(super) fn new(random: Random) -> Self {
        Self(Arc::new(Mutex::new(Bucket {
            objects: BTreeMap::new(),
            bytes: BTreeMap::new(),
            random,
            now: 0,
            away_until: i64::MIN,
            fails_percent: 0,
            is_calm: false,
            failures: 0,
            missing: Vec::new(),
        })))
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_now(&self, now: i64) {
        self.bucket().now = now;
    }

    /// Nothing answers until `until`, and then so many of a hundred requests fail.
    pub(super) fn disturb(&self, until: i64, fails_percent: u64) {
        let mut bucket = self.bucket();
        bucket.away_until = until;
        bucket.fails_percent = fails_percent;
    }

    /// While it is calm nothing fails; says whether it was before.
    pub(super) fn set_calm(&self, is_calm: bool) -> bool {
        std::mem::replace(&mut self.bucket().is_calm, is_calm)
    }

    /// How many requests have failed without need.
    pub(super) fn failures(&self) -> u64 {
        self.bucket().failures
    }

    /// Keys that were asked for in vain since this was asked.
    pub(super) fn take_missing(&self) -> Vec<String> {
        std::mem::take(&mut self.bucket().missing)
    }

    pub(super) fn missing(&self) -> Vec<String> {
        self.bucket().missing.clone()
    }

    fn asked(&self) -> io::Result<MutexGuard<'_, Bucket>> {
        let mut bucket = self.bucket();
        let percent = bucket.fails_percent;
        let fails = bucket.now < bucket.away_until || bucket.random.percent(percent);
        if fails && !bucket.is_calm {
            bucket.failures += 1;
            return Err(ErrorKind::TimedOut.into());
        }
        Ok(bucket)
    }
}

impl Objects for SimulatedObjects {
    fn put(&self, key: &str, bytes: Vec<u8>) -> io::Result<()> {
        let mut bucket = self.asked()?;
        if let Some(before) = bucket.bytes.get(key) {
            assert!(*before == bytes, "the object `{key}` was put again with other bytes");
        }
        let object = Object { key: key.into(), bytes: bytes.len() as u64, put_at: bucket.now };
        bucket.objects.insert(key.to_owned(), object);
        bucket.bytes.insert(key.to_owned(), bytes);
        // It is there, and the answer is lost.
        let percent = bucket.fails_percent;
        if !bucket.is_calm && bucket.random.percent(percent) {
            bucket.failures += 1;
            return Err(ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }

    fn get(&self, key: &str, bytes: Range<u64>) -> io::Result<Vec<u8>> {
        let whole = self.get_all(key)?;
        let at = |offset| usize::try_from(offset).expect("objects are small");
        let range = at(bytes.start)..at(bytes.end);
        whole.get(range).map(<[u8]>::to_vec).ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }

    fn get_all(&self, key: &str) -> io::Result<Vec<u8>> {
        let mut bucket = self.asked()?;
        let found = bucket.bytes.get(key).cloned();
        if found.is_none() {
            bucket.missing.push(key.to_owned());
        }
        found.ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn list(&self, prefix: &str) -> io::Result<Vec<Object>> {
        let bucket = self.asked()?;
        let found = bucket.objects.values().filter(|object| object.key.starts_with(prefix));
        Ok(found.cloned().collect())
    }

    fn remove(&self, key: &str) -> io::Result<()> {
        let mut bucket = self.asked()?;
        bucket.objects.remove(key);
        bucket.bytes.remove(key);
        Ok(())
    }
}
