//! The rows of one table, all in memory, and swept with the cycle as accounts are.

use std::collections::{BTreeMap, BTreeSet};

use super::swept::{Swept, stretch_of};
use super::{Table, write_row};
use crate::pieces::Pieces;

/// The rows of a resident table.
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
    pub fn iter_from(&self, from: T::Key) -> impl Iterator<Item = (&T::Key, &T::Value)> {
        self.by_key.range(from..)
    }

    /// How many rows there are.
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

    pub(super) fn write_changed(&mut self, out: &mut Pieces, tag: u8, stretch: usize) -> bool {
        let changed = std::mem::take(&mut self.unwritten);
        for key in &changed {
            write_row::<T>(out.room(), tag, key, self.by_key.get(key));
        }
        let stretch = stretch_of(stretch.max(changed.len()), self.by_key.len());
        let write = |key: &_, value: &_| write_row::<T>(out.room(), tag, key, Some(value));
        self.swept.write(&self.by_key, stretch, write)
    }

    pub(super) fn write_all(&self, out: &mut Pieces, tag: u8) {
        for (key, value) in &self.by_key {
            write_row::<T>(out.room(), tag, key, Some(value));
        }
    }
}
