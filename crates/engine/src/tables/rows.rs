//! The rows of one table, all in memory, and swept with the cycle as accounts are.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use accolade_domain::time::Timestamp;

use super::swept::{Swept, stretch_of};
use super::{Table, write_row};
use crate::rules::Settings;

/// The rows of a table. Whoever asks for one of a dated table knows by its key whether it still counts.
#[derive(Debug)]
pub struct Rows<T: Table> {
    by_key: BTreeMap<T::Key, T::Value>,
    /// Keys whose rows no checkpoint has written.
    unwritten: BTreeSet<T::Key>,
    swept: Swept<T::Key>,
}

impl<T: Table> Default for Rows<T> {
    fn default() -> Self {
        Self { by_key: BTreeMap::new(), unwritten: BTreeSet::new(), swept: Swept::Nothing }
    }
}

impl<T: Table> Rows<T> {
    pub(super) fn restored(rows: BTreeMap<T::Key, Option<T::Value>>) -> Self {
        let by_key = rows.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        Self { by_key, ..Self::default() }
    }

    /// What a key holds.
    pub fn get(&self, key: &T::Key) -> Option<&T::Value> {
        self.by_key.get(key)
    }

    /// All rows, by key.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&T::Key, &T::Value)> {
        self.by_key.iter()
    }

    /// The rows from a key on.
    pub fn from(&self, from: Bound<&T::Key>) -> impl Iterator<Item = (&T::Key, &T::Value)> {
        self.by_key.range((from, Bound::Unbounded))
    }

    /// How many rows there are; of a dated table, those included that do not count any more.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    pub(super) fn replace(&mut self, key: &T::Key, value: Option<T::Value>) -> Option<T::Value> {
        self.unwritten.insert(key.clone());
        match value {
            Some(value) => self.by_key.insert(key.clone(), value),
            None => self.by_key.remove(key),
        }
    }

    pub(super) fn begin_round(&mut self) {
        self.swept = Swept::Nothing;
    }

    /// Lets go of rows that do not count at `now` any more. Those that older checkpoints still have are let
    /// go again when they are restored.
    pub(super) fn forget(&mut self, now: Timestamp, settings: &Settings) {
        self.by_key.retain(|key, value| counts::<T>(key, value, now, settings));
    }

    pub(super) fn write_changed(&mut self, out: &mut Vec<u8>, tag: u8, stretch: usize) -> bool {
        let changed = std::mem::take(&mut self.unwritten);
        for key in &changed {
            write_row::<T>(out, tag, key, self.by_key.get(key));
        }
        let stretch = stretch_of(stretch.max(changed.len()), self.by_key.len());
        let write = |key: &_, value: &_| write_row::<T>(out, tag, key, Some(value));
        self.swept.write(&self.by_key, stretch, write)
    }

    pub(super) fn write_all(&self, out: &mut Vec<u8>, tag: u8) {
        for (key, value) in &self.by_key {
            write_row::<T>(out, tag, key, Some(value));
        }
    }

    /// Appends the rows that count at `now`.
    pub(super) fn write_counting(
        &self,
        out: &mut Vec<u8>,
        tag: u8,
        now: Timestamp,
        settings: &Settings,
    ) {
        for (key, value) in &self.by_key {
            if counts::<T>(key, value, now, settings) {
                write_row::<T>(out, tag, key, Some(value));
            }
        }
    }
}

fn counts<T: Table>(key: &T::Key, value: &T::Value, now: Timestamp, settings: &Settings) -> bool {
    T::due(key, value, settings).is_none_or(|due| now < due)
}
