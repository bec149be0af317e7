//! How far a round of the cyclic sweep has come in one table.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::checkpoint::ROUND_CHECKPOINTS_MAX;

/// How many of `len` rows a checkpoint sweeps at least.
pub(super) fn stretch_of(least: usize, len: usize) -> usize {
    least.max(len.div_ceil(ROUND_CHECKPOINTS_MAX))
}

/// How far a round has come.
#[derive(Debug)]
pub(super) enum Swept<K> {
    /// Nothing was written yet.
    Nothing,
    /// All rows up to a key.
    To(K),
    /// All.
    All,
}

impl<K: Ord + Clone> Swept<K> {
    /// Writes the next rows, `stretch` at most; says whether those were the last.
    pub(super) fn write<V>(
        &mut self,
        rows: &BTreeMap<K, V>,
        stretch: usize,
        mut write: impl FnMut(&K, &V),
    ) -> bool {
        let from = match self {
            Self::Nothing => Bound::Unbounded,
            Self::To(key) => Bound::Excluded(key.clone()),
            Self::All => return true,
        };
        let mut last = None;
        let mut rest = rows.range((from, Bound::Unbounded));
        for (key, value) in rest.by_ref().take(stretch) {
            write(key, value);
            last = Some(key);
        }
        let completed = rest.next().is_none();
        if completed {
            *self = Self::All;
        } else if let Some(key) = last {
            *self = Self::To(key.clone());
        }
        completed
    }
}
