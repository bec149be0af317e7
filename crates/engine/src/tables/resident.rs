//! A table whose rows are all in memory, and swept with the cycle as accounts are.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::swept::{Swept, stretch_of};
use super::{Table, write_row};

/// The rows of a table.
#[derive(Debug)]
pub struct Resident<T: Table> {
    rows: BTreeMap<T::Key, T::Value>,
    /// Keys whose rows no checkpoint has written.
    unwritten: BTreeSet<T::Key>,
    swept: Swept<T::Key>,
}

impl<T: Table> Default for Resident<T> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), unwritten: BTreeSet::new(), swept: Swept::Nothing }
    }
}

impl<T: Table> Resident<T> {
    pub(super) fn restored(rows: BTreeMap<T::Key, Option<T::Value>>) -> Self {
        let rows = rows.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        Self { rows, ..Self::default() }
    }

    /// What a key holds.
    pub fn get(&self, key: &T::Key) -> Option<&T::Value> {
        self.rows.get(key)
    }

    /// All rows, by key.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&T::Key, &T::Value)> {
        self.rows.iter()
    }

    /// The rows from a key on.
    pub fn from(&self, from: Bound<&T::Key>) -> impl Iterator<Item = (&T::Key, &T::Value)> {
        self.rows.range((from, Bound::Unbounded))
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn replace(&mut self, key: &T::Key, value: Option<T::Value>) -> Option<T::Value> {
        self.unwritten.insert(key.clone());
        match value {
            Some(value) => self.rows.insert(key.clone(), value),
            None => self.rows.remove(key),
        }
    }

    pub(super) fn begin_round(&mut self) {
        self.swept = Swept::Nothing;
    }

    pub(super) fn write_changed(&mut self, out: &mut Vec<u8>, tag: u8, stretch: usize) -> bool {
        let changed = std::mem::take(&mut self.unwritten);
        for key in &changed {
            write_row::<T>(out, tag, key, self.rows.get(key));
        }
        let stretch = stretch_of(stretch.max(changed.len()), self.rows.len());
        let write = |key: &_, value: &_| write_row::<T>(out, tag, key, Some(value));
        self.swept.write(&self.rows, stretch, write)
    }

    pub(super) fn write_all(&self, out: &mut Vec<u8>, tag: u8) {
        for (key, value) in &self.rows {
            write_row::<T>(out, tag, key, Some(value));
        }
    }
}
