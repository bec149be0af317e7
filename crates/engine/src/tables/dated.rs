//! A table of which nothing fires: a row ceases to count when its time has come, and is let go some time
//! after. For many rows, of which a timer each would cost more than they do.

use std::collections::{BTreeMap, BTreeSet};

use accolade_domain::time::Timestamp;

use super::swept::{Swept, stretch_of};
use super::{Table, write_row};
use crate::rules::Settings;

/// The rows of a table. Whoever asks for one knows by its key whether it still counts.
#[derive(Debug)]
pub struct Dated<T: Table> {
    rows: BTreeMap<T::Key, T::Value>,
    /// Keys whose rows no checkpoint has written.
    unwritten: BTreeSet<T::Key>,
    swept: Swept<T::Key>,
}

impl<T: Table> Default for Dated<T> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), unwritten: BTreeSet::new(), swept: Swept::Nothing }
    }
}

impl<T: Table> Dated<T> {
    pub(super) fn restored(rows: BTreeMap<T::Key, Option<T::Value>>) -> Self {
        let rows = rows.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        Self { rows, ..Self::default() }
    }

    /// What a key holds.
    pub fn get(&self, key: &T::Key) -> Option<&T::Value> {
        self.rows.get(key)
    }

    /// How many rows there are, those included that do not count any more.
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

    /// Lets go of rows that do not count any more, and begins to sweep.
    pub(super) fn begin_round(&mut self, now: Timestamp, settings: &Settings) {
        self.rows.retain(|key, value| counts::<T>(key, value, now, settings));
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

    /// Appends the rows that count at `now`.
    pub(super) fn write_all(
        &self,
        out: &mut Vec<u8>,
        tag: u8,
        now: Timestamp,
        settings: &Settings,
    ) {
        for (key, value) in &self.rows {
            if counts::<T>(key, value, now, settings) {
                write_row::<T>(out, tag, key, Some(value));
            }
        }
    }
}

fn counts<T: Table>(key: &T::Key, value: &T::Value, now: Timestamp, settings: &Settings) -> bool {
    T::due(key, value, settings).is_none_or(|due| now < due)
}
