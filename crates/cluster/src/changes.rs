//! How often partitions have changed at this node, for whoever has taken over what one had and asks whether that is all.

use std::sync::atomic::{AtomicU64, Ordering};

/// By partition: odd while it changes and somebody may be told of it, and never again what it was. A partition that comes
/// back after another node had it has changed as well.
#[derive(Debug)]
pub(crate) struct Changes(Vec<AtomicU64>);

impl Changes {
    pub(crate) fn new(partitions: usize) -> Self {
        Self((0..partitions).map(|_| AtomicU64::new(0)).collect())
    }

    /// Whoever has the partition is about to change it.
    pub(crate) fn begin(&self, partition: u16) {
        self.0[usize::from(partition)].fetch_or(1, Ordering::AcqRel);
    }

    /// Whoever has the partition has changed it, and told of it; or has just come to have it.
    pub(crate) fn end(&self, partition: u16) {
        self.begin(partition);
        self.0[usize::from(partition)].fetch_add(1, Ordering::AcqRel);
    }

    /// Nothing while it changes.
    pub(crate) fn count(&self, partition: u16) -> Option<u64> {
        let count = self.0[usize::from(partition)].load(Ordering::Acquire);
        count.is_multiple_of(2).then_some(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_known_between_two_changes_and_never_comes_again() {
        let changes = Changes::new(2);
        let mut seen = vec![changes.count(0)];
        for _ in 0..3 {
            changes.begin(0);
            assert_eq!(changes.count(0), None);
            changes.end(0);
            seen.push(changes.count(0));
        }
        // It was another's meanwhile.
        changes.end(0);
        seen.push(changes.count(0));
        assert!(seen.iter().all(Option::is_some) && seen.is_sorted_by(|a, b| a < b), "{seen:?}");
        assert_eq!(changes.count(1), seen[0]);
    }
}
