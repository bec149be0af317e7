//! Finds positions in a list by the hash of what stands there, in eight bytes for each.

use hashbrown::HashTable;

/// Positions by hash. Of a hash 32 bits are kept, enough to place an entry again when the table grows
/// and to pass over nearly all others; whoever asks compares what stands in the position.
#[derive(Debug, Clone, Default)]
pub(crate) struct ByHash(HashTable<(u32, u32)>);

const fn part(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// The table wants entropy at both ends of 64 bits.
fn spread(part: u32) -> u64 {
    u64::from(part).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl ByHash {
    pub(crate) fn insert(&mut self, hash: u64, at: u32) {
        let part = part(hash);
        self.0.insert_unique(spread(part), (part, at), |(part, _)| spread(*part));
    }

    /// Takes a position away that was inserted under `hash`.
    pub(crate) fn remove(&mut self, hash: u64, at: u32) {
        let part = part(hash);
        if let Ok(entry) = self.0.find_entry(spread(part), |entry| *entry == (part, at)) {
            entry.remove();
        }
    }

    /// The position under `hash` that `is_it` accepts.
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let part = part(hash);
        let found = self.0.find(spread(part), |(other, at)| *other == part && is_it(*at));
        found.map(|(_, at)| *at)
    }

    /// Every position that may have `hash`.
    pub(crate) fn all(&self, hash: u64) -> impl Iterator<Item = u32> {
        let part = part(hash);
        let same = self.0.iter_hash(spread(part)).filter(move |(other, _)| *other == part);
        same.map(|(_, at)| *at)
    }

    /// Makes room for `more` positions.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.0.reserve(more, |(part, _)| spread(*part));
    }
}
