//! In which hour each key was used last, as far as this node has seen, or others have told it.
//!
//! It is kept beside the log: the first use of an hour would else be a write, and nobody decides by it. What a
//! crash loses is the last minute.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use accolade_domain::time::{HOUR_MICROS, Timestamp};

use crate::lock::lock;

/// In the data directory: lines of operator, key and hour, all of them numbers.
const FILE: &str = "keys-used";

/// When a key was used last.
#[derive(Debug)]
pub(crate) struct Used {
    /// The hour since 1970; 0 for never.
    hour: AtomicI64,
    is_new: Arc<AtomicBool>,
}

impl Used {
    /// The key is used now.
    pub(crate) fn note(&self, now: Timestamp) {
        self.note_hour(now.hour());
    }

    /// It was used in this hour since 1970, here or elsewhere.
    pub(crate) fn note_hour(&self, hour: i64) {
        if self.hour.load(Ordering::Relaxed) < hour {
            self.hour.store(hour, Ordering::Relaxed);
            self.is_new.store(true, Ordering::Relaxed);
        }
    }
}

type Table = HashMap<(u32, u32), Arc<Used>>;

/// All keys that were asked for, by the numbers of operator and key.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    table: Mutex<Table>,
    is_new: Arc<AtomicBool>,
}

impl Uses {
    fn lock(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }

    /// Those of a key.
    pub(crate) fn of(&self, operator: u32, key: u32) -> Arc<Used> {
        let mut table = self.lock();
        let (hour, is_new) = (AtomicI64::new(0), &self.is_new);
        let used = table.entry((operator, key));
        let used = used.or_insert_with(|| Arc::new(Used { hour, is_new: Arc::clone(is_new) }));
        Arc::clone(used)
    }

    /// The beginning of the hour of a key's last use.
    pub(crate) fn last(&self, operator: u32, key: u32) -> Option<Timestamp> {
        let hour = self.lock().get(&(operator, key))?.hour.load(Ordering::Relaxed);
        (hour > 0).then(|| Timestamp::from_micros(hour * HOUR_MICROS))
    }

    /// Operator, key and hour of those that were used in an hour or after it.
    pub(crate) fn since(&self, hour: i64) -> Vec<(u32, u32, i64)> {
        let table = self.lock();
        let used = table
            .iter()
            .map(|((operator, key), used)| (*operator, *key, used.hour.load(Ordering::Relaxed)));
        used.filter(|(.., last)| *last >= hour.max(1)).collect()
    }

    /// Reads what a process before has seen. What cannot be read counts as never.
    pub(crate) fn read(&self, data_dir: &Path) {
        let Ok(text) = std::fs::read_to_string(data_dir.join(FILE)) else { return };
        for line in text.lines() {
            let mut numbers = line.split(' ').map(str::parse::<i64>);
            let mut next = || numbers.next()?.ok();
            if let (Some(operator), Some(key), Some(hour)) = (next(), next(), next())
                && let (Ok(operator), Ok(key)) = (operator.try_into(), key.try_into())
            {
                self.of(operator, key).hour.fetch_max(hour, Ordering::Relaxed);
            }
        }
    }

    /// Writes what is new, if anything is.
    pub(crate) fn write(&self, data_dir: &Path) {
        if !self.is_new.swap(false, Ordering::Relaxed) {
            return;
        }
        let line = |((operator, key), used): (&(u32, u32), &Arc<Used>)| {
            format!("{operator} {key} {}\n", used.hour.load(Ordering::Relaxed))
        };
        let text: String = self.lock().iter().map(line).collect();
        let (file, next) = (data_dir.join(FILE), data_dir.join(format!("{FILE}.next")));
        let written = std::fs::write(&next, text).and_then(|()| std::fs::rename(&next, &file));
        if let Err(error) = written {
            tracing::warn!(%error, "when keys were used last could not be written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_is_known_to_the_hour_and_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let uses = Uses::default();
        assert_eq!(uses.last(1, 2), None);
        let key = uses.of(1, 2);
        uses.write(folder.path());
        assert!(!folder.path().join(FILE).exists(), "nothing is new");
        key.note(Timestamp::from_micros(5 * HOUR_MICROS + 7));
        key.note(Timestamp::from_micros(4 * HOUR_MICROS));
        let hour = Some(Timestamp::from_micros(5 * HOUR_MICROS));
        assert_eq!((uses.last(1, 2), uses.last(1, 3)), (hour, None));
        uses.write(folder.path());
        let after = Uses::default();
        after.read(folder.path());
        assert_eq!((after.last(1, 2), after.last(2, 1)), (hour, None));
    }
}
