//! The rows of a paged table. What changed in this interval is in memory, and so is what changed in the one
//! before until it stands in a run; everything older is asked of the store.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_wire::bytes::Cursor;

use super::swept::{Swept, stretch_of};
use super::{Paged, Table, put_row_value, read_row_value, write_row};
use crate::rules::Settings;
use crate::store::Store;

/// Rows by key that changed in an interval; `None` where one was taken away.
pub(super) type Changed<T> = BTreeMap<<T as Table>::Key, Option<<T as Table>::Value>>;

/// What the present interval holds of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Held<V> {
    /// The row.
    Row(V),
    /// It was taken away.
    NoRow,
    /// Nothing: it is as it was before the interval.
    AsBefore,
}

/// The rows of a table that are in memory.
#[derive(Debug)]
pub struct PagedRows<T: Table> {
    tag: u8,
    changed: Changed<T>,
    /// Keys of changed rows that no checkpoint has written.
    unwritten: BTreeSet<T::Key>,
    swept: Swept<T::Key>,
    /// Those of the interval before, which are being written as a run.
    ended: Option<Arc<Changed<T>>>,
    ended_swept: Swept<T::Key>,
}

impl<T: Paged> PagedRows<T> {
    pub(super) const fn new(tag: u8) -> Self {
        Self {
            tag,
            changed: BTreeMap::new(),
            unwritten: BTreeSet::new(),
            swept: Swept::Nothing,
            ended: None,
            ended_swept: Swept::All,
        }
    }

    pub(super) fn restored(tag: u8, changed: Changed<T>) -> Self {
        Self { changed, ..Self::new(tag) }
    }

    /// What a key holds.
    ///
    /// # Errors
    ///
    /// If the store fails, or has something else than a row of this table.
    pub fn load(
        &self,
        key: &T::Key,
        partition: u16,
        store: &mut impl Store,
    ) -> io::Result<Option<T::Value>> {
        let ended = || self.ended.as_ref()?.get(key);
        if let Some(held) = self.changed.get(key).or_else(ended) {
            return Ok(held.clone());
        }
        let mut named = vec![self.tag];
        T::put_key(&mut named, key);
        let Some(row) = store.row(partition, &named)? else { return Ok(None) };
        let mut cursor = Cursor::new(&row, "row in a sorted run");
        read_row_value::<T>(&mut cursor, partition)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// How many rows have changed in this interval.
    pub fn len(&self) -> usize {
        self.changed.len()
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty()
    }

    pub(super) fn replace(&mut self, key: &T::Key, held: Held<T::Value>) -> Held<T::Value> {
        self.unwritten.insert(key.clone());
        let before = match held {
            Held::Row(value) => self.changed.insert(key.clone(), Some(value)),
            Held::NoRow => self.changed.insert(key.clone(), None),
            Held::AsBefore => self.changed.remove(key),
        };
        match before {
            Some(Some(value)) => Held::Row(value),
            Some(None) => Held::NoRow,
            None => Held::AsBefore,
        }
    }

    /// Lets go of rows that do not count at `now` any more as well. Those that older checkpoints still have
    /// are let go again when they are restored.
    pub(super) fn begin_round(&mut self, now: Timestamp, settings: &Settings) {
        self.changed.retain(|key, _| counts::<T>(key, now, settings));
        self.swept = Swept::Nothing;
        self.ended_swept = Swept::Nothing;
    }

    pub(super) fn write_changed(&mut self, out: &mut Vec<u8>, stretch: usize) -> bool {
        let unwritten = std::mem::take(&mut self.unwritten);
        let tag = self.tag;
        let mut write = |key: &_, value: &Option<_>| write_row::<T>(out, tag, key, value.as_ref());
        for key in &unwritten {
            if let Some(value) = self.changed.get(key) {
                write(key, value);
            }
        }
        let stretch = stretch.max(unwritten.len());
        let len = self.changed.len();
        let mut completed = self.swept.write(&self.changed, stretch_of(stretch, len), &mut write);
        if let Some(ended) = &self.ended {
            let stretch = stretch_of(stretch, ended.len());
            completed &= self.ended_swept.write(ended, stretch, &mut write);
        }
        completed
    }

    /// Every row that is in memory.
    pub(super) fn all(&self) -> Changed<T> {
        let mut all = self.ended.as_deref().cloned().unwrap_or_default();
        all.extend(self.changed.iter().map(|(key, value)| (key.clone(), value.clone())));
        all
    }

    pub(super) fn end_interval(&mut self) -> Arc<Changed<T>> {
        assert!(self.ended.is_none(), "one interval is written as a run at a time");
        assert!(self.unwritten.is_empty(), "an interval ends with a checkpoint");
        let ended = Arc::new(std::mem::take(&mut self.changed));
        self.ended = Some(Arc::clone(&ended));
        // What changes from now on is written because it did.
        self.ended_swept = std::mem::replace(&mut self.swept, Swept::All);
        ended
    }

    pub(super) fn let_go_of_ended(&mut self) {
        self.ended = None;
    }
}

/// Gives each row as a run has it.
pub(super) fn each<T: Table, E>(
    rows: &Changed<T>,
    tag: u8,
    give: &mut impl FnMut(&[u8], &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let (mut key, mut row) = (Vec::new(), Vec::new());
    for (of, value) in rows {
        key.clear();
        row.clear();
        key.push(tag);
        T::put_key(&mut key, of);
        put_row_value::<T>(&mut row, value.as_ref());
        give(&key, &row)?;
    }
    Ok(())
}

pub(super) fn counts<T: Paged>(key: &T::Key, now: Timestamp, settings: &Settings) -> bool {
    T::ends(key, settings).is_none_or(|ends| now < ends)
}
