//! A table whose newest rows are in memory, in front of sorted runs that the store holds.

use std::collections::{BTreeMap, BTreeSet};

use accolade_domain::time::Timestamp;

use super::swept::{Swept, stretch_of};
use super::{Table, write_row};
use crate::rules::Settings;

/// The rows of a table that are in memory. A row that was taken away stays there as `None`, since the
/// store may have an older one.
#[derive(Debug)]
pub struct Paged<T: Table> {
    rows: BTreeMap<T::Key, Option<T::Value>>,
    /// Keys whose rows no checkpoint has written.
    unwritten: BTreeSet<T::Key>,
    swept: Swept<T::Key>,
}

/// What is in memory of a row.
#[derive(Debug)]
pub(crate) enum InMemory<V> {
    /// The row, or that there is none any more.
    Row(Option<V>),
    /// Nothing: it is for the store to say.
    Nothing,
}

impl<T: Table> Default for Paged<T> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), unwritten: BTreeSet::new(), swept: Swept::Nothing }
    }
}

impl<T: Table> Paged<T> {
    pub(super) const fn restored(rows: BTreeMap<T::Key, Option<T::Value>>) -> Self {
        Self { rows, unwritten: BTreeSet::new(), swept: Swept::Nothing }
    }

    /// What a key holds, as far as that is in memory; `Some(None)` for surely nothing.
    pub fn get(&self, key: &T::Key) -> Option<Option<&T::Value>> {
        self.rows.get(key).map(Option::as_ref)
    }

    /// How many rows are in memory.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether none is in memory.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn replace(
        &mut self,
        key: &T::Key,
        value: InMemory<T::Value>,
    ) -> InMemory<T::Value> {
        self.unwritten.insert(key.clone());
        let before = match value {
            InMemory::Row(value) => self.rows.insert(key.clone(), value),
            InMemory::Nothing => self.rows.remove(key),
        };
        before.map_or(InMemory::Nothing, InMemory::Row)
    }

    /// Lets go of rows that do not count any more, and begins to sweep.
    pub(super) fn begin_round(&mut self, now: Timestamp, settings: &Settings) {
        let counts = |key: &_, value: &_| counts::<T>(key, value, now, settings);
        self.rows.retain(|key, value| value.as_ref().is_none_or(|value| counts(key, value)));
        self.swept = Swept::Nothing;
    }

    pub(super) fn write_changed(&mut self, out: &mut Vec<u8>, tag: u8, stretch: usize) -> bool {
        let changed = std::mem::take(&mut self.unwritten);
        for key in &changed {
            // What is not in memory is for the store to say.
            if let Some(value) = self.rows.get(key) {
                write_row::<T>(out, tag, key, value.as_ref());
            }
        }
        let stretch = stretch_of(stretch.max(changed.len()), self.rows.len());
        let write = |key: &_, value: &Option<_>| write_row::<T>(out, tag, key, value.as_ref());
        self.swept.write(&self.rows, stretch, write)
    }

    pub(super) fn write_all(
        &self,
        out: &mut Vec<u8>,
        tag: u8,
        now: Timestamp,
        settings: &Settings,
    ) {
        for (key, value) in &self.rows {
            if let Some(value) = value
                && counts::<T>(key, value, now, settings)
            {
                write_row::<T>(out, tag, key, Some(value));
            }
        }
    }
}

/// Whether a row still counts at `now`.
pub(crate) fn counts<T: Table>(
    key: &T::Key,
    value: &T::Value,
    now: Timestamp,
    settings: &Settings,
) -> bool {
    T::due(key, value, settings).is_none_or(|due| now < due)
}
