//! The journal of the embedded form's node, for publishers and projections.

use std::io;
use std::sync::Arc;

use accolade_domain::ledger::Place;
use accolade_engine::feed::{Feed, Known, Stands, tell};
use accolade_engine::intake::Intake;
use accolade_engine::partition::Partition;
use accolade_engine::players::Ordinal;
use accolade_engine::rules::Rules;
use accolade_engine::standings::Standings;
use accolade_wire::record::Record;

use crate::backing::NodeStore;
use crate::node::Node;

/// Players that are told before the fold may go on.
const TOLD_AT_ONCE: usize = 4_096;

impl Feed for Node {
    fn owned(&self) -> Vec<u16> {
        (0..self.partitions()).collect()
    }

    fn end(&self, partition: u16) -> Option<u64> {
        (partition < self.partitions()).then(|| self.read(partition, Partition::next_batch))
    }

    fn journal(&self, partition: u16, batch: u64) -> io::Result<Option<Vec<u8>>> {
        Ok(self.backing().journal.read(partition, batch)?)
    }

    fn records(&self, partition: u16, batch: u64) -> io::Result<Option<Vec<u8>>> {
        Ok(self.backing().log.read(partition, batch)?)
    }

    fn dead_letter(&self, place: Place, read: &mut dyn FnMut(&Record<'_>)) -> io::Result<bool> {
        Ok(self.backing().dead_letter(place, read)?.is_some())
    }

    fn subjects(&self, partition: u16, from: Ordinal, each: &mut dyn FnMut(Known<'_>)) {
        if partition >= self.partitions() {
            return;
        }
        let mut next = from;
        loop {
            let told = self.read(partition, |here| {
                let all = here.players().all();
                let left = all.len().saturating_sub(next as usize).min(TOLD_AT_ONCE);
                for player in all.iter_from(next as usize).take(left) {
                    let (operator, subject) = (player.operator, player.account.subject);
                    each(Known { ordinal: next, operator, player: &player.name.text(), subject });
                    next += 1;
                }
                left
            });
            if told < TOLD_AT_ONCE {
                return;
            }
        }
    }

    fn names(&self, partition: u16, ordinals: &[Ordinal], each: &mut dyn FnMut(Known<'_>)) -> bool {
        if partition >= self.partitions() {
            return false;
        }
        for some in ordinals.chunks(TOLD_AT_ONCE) {
            self.read(partition, |here| tell(here.players(), some, each));
        }
        true
    }

    fn standings(
        &self,
        partition: u16,
        from: Ordinal,
        count: usize,
        each: &mut dyn FnMut(&Stands<'_>),
    ) -> io::Result<Option<usize>> {
        if partition >= self.partitions() {
            return Ok(None);
        }
        let standings = self.read(partition, |here| Standings::of(here, from, count));
        standings.tell(&mut NodeStore::new(Arc::clone(self.backing())), each).map(Some)
    }

    fn scores(
        &self,
        partition: u16,
        from: Ordinal,
        count: usize,
        each: &mut dyn FnMut(&Stands<'_>),
    ) -> Option<usize> {
        let is_here = partition < self.partitions();
        let standings =
            is_here.then(|| self.read(partition, |here| Standings::of(here, from, count)));
        Some(standings?.tell_scores(each))
    }

    fn exclusions(&self, partition: u16, each: &mut dyn FnMut(Ordinal, bool)) -> bool {
        let is_here = partition < self.partitions();
        if is_here {
            self.read(partition, |here| {
                here.exclusions().for_each(|(player, holds)| each(player, holds));
            });
        }
        is_here
    }

    fn rules(&self) -> Arc<Rules> {
        Self::rules(self)
    }
}
