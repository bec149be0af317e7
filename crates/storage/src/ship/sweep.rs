//! Removing objects that no current list names.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use accolade_engine::objects::{Object, Objects};

use super::list::List;
use crate::error::{Result, StorageError};

/// An hour: a reader that uses an older list for less than this is never disturbed.
pub const GRACE_MICROS: i64 = 3_600_000_000;

/// Removes objects that have been named by no current list for a grace. There is one at a time.
///
/// It has no clock. The store's is read from the newest object, so that a store to which nothing is put
/// loses nothing.
#[derive(Debug)]
pub struct Sweeper {
    grace_micros: i64,
    unnamed: BTreeMap<String, Unnamed>,
}

/// An object that no list names.
#[derive(Debug, Clone, Copy)]
enum Unnamed {
    /// It was found when the store's clock stood here. That may have been long before: the clock stands still
    /// while nothing is put.
    Found(i64),
    /// It was found before this.
    Since(i64),
}

impl Unnamed {
    /// As of a sweep at `now`.
    const fn seen(self, now: i64) -> Self {
        match self {
            Self::Found(at) if at < now => Self::Since(now),
            _ => self,
        }
    }

    /// Whether it was surely found a grace before `now`.
    const fn is_over(self, grace_micros: i64, now: i64) -> bool {
        matches!(self, Self::Since(since) if now - since >= grace_micros)
    }
}

/// What a sweep has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Objects that are named.
    pub named: usize,
    /// Objects that are not named, and not removed yet.
    pub waiting: usize,
    /// Objects that were removed.
    pub removed: usize,
}

impl Default for Sweeper {
    fn default() -> Self {
        Self::new(GRACE_MICROS)
    }
}

impl Sweeper {
    /// A sweeper that has seen nothing yet.
    pub const fn new(grace_micros: i64) -> Self {
        Self { grace_micros, unnamed: BTreeMap::new() }
    }

    /// Sweeps the keys that begin with `prefix/`, or all for an empty prefix; `current` is the key of the
    /// latest list that is known. Lists that were put after it are taken for current as well: whoever
    /// looks here late must not take from others what they have named meanwhile.
    pub fn sweep(&mut self, objects: &dyn Objects, prefix: &str, current: &str) -> Result<Swept> {
        let io = |key: &str| {
            let key = key.to_owned();
            move |source| StorageError::io(key, source)
        };
        let prefix = match prefix.trim_end_matches('/') {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        let found = objects.list(&prefix).map_err(io(&prefix))?;
        let missing = || io(current)(io::ErrorKind::NotFound.into());
        let latest = found.iter().find(|object| object.key == current).ok_or_else(missing)?;
        let is_current = |object: &&Object| {
            object.put_at >= latest.put_at && List::parse_key(&object.key).is_some()
        };
        let mut named = BTreeSet::new();
        for object in found.iter().filter(is_current) {
            let written = objects.get_all(&object.key).map_err(io(&object.key))?;
            named.extend(List::read(&object.key, &written)?.keys());
            named.insert(object.key.clone());
        }
        let now = found.iter().map(|object| object.put_at).max().unwrap_or(0);
        let mut swept = Swept::default();
        let mut unnamed = BTreeMap::new();
        let ours =
            |object: &Object| List::parse_key(&object.key).is_some() || is_piece(&object.key);
        for Object { key, .. } in found.into_iter().filter(ours) {
            if named.contains(&key) {
                swept.named += 1;
                continue;
            }
            let known = self.unnamed.get(&key).map(|known| known.seen(now));
            let state = known.unwrap_or(Unnamed::Found(now));
            if state.is_over(self.grace_micros, now) {
                objects.remove(&key).map_err(io(&key))?;
                swept.removed += 1;
            } else {
                swept.waiting += 1;
                unnamed.insert(key, state);
            }
        }
        self.unnamed.retain(|key, _| !key.starts_with(&prefix));
        self.unnamed.append(&mut unnamed);
        Ok(swept)
    }
}

/// Whether a key looks as that of a piece: what else there is in a bucket is nobody's business here.
fn is_piece(key: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = || {
        let (front, serial) = key.rsplit_once('.')?;
        let (from, to) = front.rsplit_once('.')?.1.split_once('-')?;
        Some([serial, from, to])
    };
    parts().is_some_and(|parts| parts.into_iter().all(is_number))
}
