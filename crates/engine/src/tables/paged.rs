//! The rows of a paged table. What changed in this interval is in memory, and so is what changed in the one
//! before until it stands in a run; everything older is asked of the store.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Bound;
use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor};

use super::swept::{Swept, stretch_of};
use super::{Paged, Table, put_row_value, read_row_value, write_row};
use crate::pieces::Pieces;
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
    /// That of the changed rows together.
    weight: usize,
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
            weight: 0,
            unwritten: BTreeSet::new(),
            swept: Swept::Nothing,
            ended: None,
            ended_swept: Swept::All,
        }
    }

    pub(super) fn restored(tag: u8, changed: Changed<T>) -> Self {
        let weight = changed.values().map(|value| weight_of::<T>(value.as_ref())).sum();
        Self { changed, weight, ..Self::new(tag) }
    }

    /// What memory holds of a key's row.
    pub fn held(&self, key: &T::Key) -> Held<T::Value> {
        let ended = || self.ended.as_ref()?.get(key);
        match self.changed.get(key).or_else(ended) {
            Some(Some(value)) => Held::Row(value.clone()),
            Some(None) => Held::NoRow,
            None => Held::AsBefore,
        }
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
        match self.held(key) {
            Held::Row(value) => Ok(Some(value)),
            Held::NoRow => Ok(None),
            Held::AsBefore => {
                let mut named = vec![self.tag];
                T::put_key(&mut named, key);
                let Some(row) = store.row(partition, &named)? else { return Ok(None) };
                read_row::<T>(&row, partition)
            }
        }
    }

    /// What memory holds of the rows from a key on, of which `count` are to be looked at.
    pub fn excerpt(&self, from: Bound<&T::Key>, count: usize) -> Excerpt<T> {
        let mut newer = BTreeMap::new();
        for rows in self.ended.as_deref().into_iter().chain([&self.changed]) {
            let rows = rows.range((from, Bound::Unbounded)).take(count);
            newer.extend(rows.map(|(key, value)| (key.clone(), value.clone())));
        }
        Excerpt { tag: self.tag, from: from.cloned(), newer, count }
    }

    /// How many ids take as much memory as the rows that have changed in this interval.
    pub fn weight(&self) -> usize {
        self.weight
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
        let next = match held {
            Held::Row(value) => Some(Some(value)),
            Held::NoRow => Some(None),
            Held::AsBefore => None,
        };
        let weight = |value: &Option<Option<T::Value>>| {
            value.as_ref().map_or(0, |value| weight_of::<T>(value.as_ref()))
        };
        self.weight += weight(&next);
        let before = match next {
            Some(next) => self.changed.insert(key.clone(), next),
            None => self.changed.remove(key),
        };
        self.weight -= weight(&before);
        match before {
            Some(Some(value)) => Held::Row(value),
            Some(None) => Held::NoRow,
            None => Held::AsBefore,
        }
    }

    /// Lets go of rows that do not count at `now` any more as well. Those that older checkpoints still have
    /// are let go again when they are restored.
    pub(super) fn begin_round(&mut self, now: Timestamp, settings: &Settings) {
        let weight = &mut self.weight;
        self.changed.retain(|key, value| {
            let is_kept = counts::<T>(key, value.as_ref(), now, settings);
            *weight -= if is_kept { 0 } else { weight_of::<T>(value.as_ref()) };
            is_kept
        });
        self.swept = Swept::Nothing;
        self.ended_swept = Swept::Nothing;
    }

    pub(super) fn write_changed(&mut self, out: &mut Pieces, stretch: usize) -> bool {
        let unwritten = std::mem::take(&mut self.unwritten);
        let tag = self.tag;
        let mut write =
            |key: &_, value: &Option<_>| write_row::<T>(out.room(), tag, key, value.as_ref());
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
        self.weight = 0;
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

pub(super) fn counts<T: Paged>(
    key: &T::Key,
    value: Option<&T::Value>,
    now: Timestamp,
    settings: &Settings,
) -> bool {
    T::ends(key, value, settings).is_none_or(|ends| now < ends)
}

/// What was taken away has to be remembered too.
fn weight_of<T: Paged>(value: Option<&T::Value>) -> usize {
    value.map_or(1, T::weight)
}

fn read_row<T: Table>(row: &[u8], partition: u16) -> io::Result<Option<T::Value>> {
    let mut cursor = Cursor::new(row, "row in a sorted run");
    read_row_value::<T>(&mut cursor, partition).map_err(invalid)
}

fn invalid(bad: BadFormat) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, bad)
}

/// What memory holds of the rows of a table from a key on. The rest is read of the store beside it, also while
/// the partition goes on: a row is then as it was at one moment or a later one.
#[derive(Debug)]
pub struct Excerpt<T: Table> {
    tag: u8,
    from: Bound<T::Key>,
    newer: Changed<T>,
    count: usize,
}

/// The next rows of a table.
#[derive(Debug)]
pub struct Stretch<T: Table> {
    /// They, in the order of keys.
    pub rows: Vec<(T::Key, T::Value)>,
    /// The last that was looked at, be it that it was taken away, where there may be more behind it.
    pub to: Option<T::Key>,
}

impl<T: Table> Stretch<T> {
    /// Looks at a row; says whether there is to be another one.
    fn look(&mut self, key: T::Key, value: Option<T::Value>, left: &mut usize) -> bool {
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.to = Some(key.clone());
        }
        self.rows.extend(value.map(|value| (key, value)));
        *left > 0
    }
}

impl<T: Paged> Excerpt<T> {
    /// The rows that are to be looked at.
    ///
    /// # Errors
    ///
    /// If the store fails, or has something else than rows of this table.
    pub fn read(self, partition: u16, store: &mut impl Store) -> io::Result<Stretch<T>> {
        let Self { tag, from, newer, count } = self;
        let mut newer = newer.into_iter().peekable();
        let mut stretch = Stretch { rows: Vec::new(), to: None };
        let mut left = count;
        let mut first = vec![tag];
        let after = match &from {
            Bound::Included(key) | Bound::Excluded(key) => {
                T::put_key(&mut first, key);
                Some(key).filter(|_| matches!(from, Bound::Excluded(_)))
            }
            Bound::Unbounded => None,
        };
        store.rows(partition, &first, &mut |named, row| {
            let Some((_, named)) = named.split_first().filter(|(of, _)| **of == tag) else {
                return Ok(false);
            };
            let mut cursor = Cursor::new(named, "key of a row");
            let key = T::read_key(&mut cursor, partition).map_err(invalid)?;
            if after == Some(&key) {
                return Ok(true);
            }
            while let Some((newer, value)) = newer.next_if(|(newer, _)| *newer < key) {
                if !stretch.look(newer, value, &mut left) {
                    return Ok(false);
                }
            }
            let value = match newer.next_if(|(newer, _)| *newer == key) {
                Some((_, value)) => value,
                None => read_row::<T>(row, partition)?,
            };
            Ok(stretch.look(key, value, &mut left))
        })?;
        while left > 0
            && let Some((key, value)) = newer.next()
        {
            stretch.look(key, value, &mut left);
        }
        Ok(stretch)
    }
}
