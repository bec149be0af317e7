//! Pieces of files in bounded memory: the one that was not asked for the longest goes first.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct Lru<N> {
    bytes_max: u64,
    bytes: u64,
    clock: u64,
    by_name: HashMap<N, Piece>,
    by_age: BTreeMap<u64, N>,
}

#[derive(Debug)]
struct Piece {
    bytes: Arc<[u8]>,
    used_at: u64,
}

impl<N: Clone + Eq + Hash> Lru<N> {
    /// Nothing yet, and up to `bytes_max`.
    pub(crate) fn new(bytes_max: u64) -> Self {
        let (by_name, by_age) = (HashMap::new(), BTreeMap::new());
        Self { bytes_max, bytes: 0, clock: 0, by_name, by_age }
    }

    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn has(&self, name: &N) -> bool {
        self.by_name.contains_key(name)
    }

    pub(crate) fn get(&mut self, name: &N) -> Option<Arc<[u8]>> {
        let piece = self.by_name.get_mut(name)?;
        self.clock += 1;
        let name = self.by_age.remove(&piece.used_at).expect("what has a name has an age");
        piece.used_at = self.clock;
        self.by_age.insert(self.clock, name);
        Some(Arc::clone(&piece.bytes))
    }

    pub(crate) fn put(&mut self, name: N, bytes: Arc<[u8]>) {
        self.clock += 1;
        self.bytes += bytes.len() as u64;
        let piece = Piece { bytes, used_at: self.clock };
        if let Some(had) = self.by_name.insert(name.clone(), piece) {
            self.bytes -= had.bytes.len() as u64;
            self.by_age.remove(&had.used_at);
        }
        self.by_age.insert(self.clock, name);
        while self.bytes > self.bytes_max
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            let gone = self.by_name.remove(&oldest);
            self.bytes -= gone.map_or(0, |gone| gone.bytes.len() as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_of_late_stays_and_no_more_is_kept_than_may_be() {
        let mut pieces = Lru::new(300);
        for name in 0..100_u32 {
            pieces.put(name, vec![0; 90].into());
            assert!(pieces.get(&0).is_some(), "{name}");
            assert!(pieces.bytes() <= 300);
        }
        assert!(pieces.has(&99) && pieces.has(&98) && !pieces.has(&97));
        pieces.put(0, vec![1; 10].into());
        assert_eq!(pieces.get(&0).as_deref(), Some(&[1; 10][..]));
        assert_eq!(pieces.bytes(), 190);
        pieces.put(200, vec![0; 301].into());
        assert_eq!(pieces.bytes(), 0, "what is larger than all of it is not kept");
    }
}
