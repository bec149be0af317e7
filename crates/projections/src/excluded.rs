//! Who is excluded, for projections of leaderboards. An exclusion may end by time alone, which is no batch of the journal, so the
//! node is asked.

use std::collections::BTreeMap;

use accolade_engine::feed::Feed;
use accolade_engine::players::Ordinal;

/// Who is excluded of each partition, and who was once.
#[derive(Debug, Default)]
pub struct Excluded(BTreeMap<u16, BTreeMap<Ordinal, bool>>);

impl Excluded {
    /// Whether a player is excluded, as far as was looked.
    pub fn holds(&self, partition: u16, player: Ordinal) -> bool {
        self.0.get(&partition).and_then(|known| known.get(&player)).is_some_and(|holds| *holds)
    }

    /// Looks anew, and returns those of whom it is not as it was, `count` at most: the first time all who are excluded, or
    /// were once. Others are for the next look.
    pub fn look(&mut self, feed: &dyn Feed, partition: u16, count: usize) -> Vec<Ordinal> {
        let known = self.0.entry(partition).or_default();
        let mut changed = Vec::new();
        feed.exclusions(partition, &mut |player, holds| {
            if changed.len() < count && known.get(&player) != Some(&holds) {
                known.insert(player, holds);
                changed.push(player);
            }
        });
        changed
    }

    /// All of a partition is to be looked at again.
    pub fn forget(&mut self, partition: u16) {
        self.0.remove(&partition);
    }
}
