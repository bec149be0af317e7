//! A node as another one sees it: some of its partitions, and a journal that may begin late.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use accolade_domain::ledger::Place;
use accolade_engine::feed::{Feed, Known, Stands};
use accolade_engine::players::Ordinal;
use accolade_engine::rules::Rules;
use accolade_storage::node::Node;
use accolade_wire::record::Record;

use crate::house::House;

#[derive(Debug)]
pub(crate) struct View {
    node: Arc<Node>,
    owned: Mutex<Vec<u16>>,
    first: AtomicU64,
}

impl View {
    pub(crate) fn of(house: &House, owned: &[u16]) -> Arc<Self> {
        let (node, owned) = (Arc::clone(&house.node), Mutex::new(owned.to_vec()));
        Arc::new(Self { node, owned, first: 0.into() })
    }

    /// Has the journal begin at a batch.
    pub(crate) fn begin_at(&self, first: u64) {
        self.first.store(first, Ordering::Relaxed);
    }

    /// Has it own other partitions.
    pub(crate) fn own(&self, owned: &[u16]) {
        *self.owned.lock().unwrap() = owned.to_vec();
    }

    fn is_here(&self, partition: u16) -> bool {
        self.owned.lock().unwrap().contains(&partition)
    }
}

impl Feed for View {
    fn owned(&self) -> Vec<u16> {
        self.owned.lock().unwrap().clone()
    }
    fn end(&self, partition: u16) -> Option<u64> {
        self.node.end(partition).filter(|_| self.is_here(partition))
    }
    fn journal(&self, partition: u16, batch: u64) -> io::Result<Option<Vec<u8>>> {
        if !self.is_here(partition) || batch < self.first.load(Ordering::Relaxed) {
            return Ok(None);
        }
        self.node.journal(partition, batch)
    }
    fn records(&self, _: u16, _: u64) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }
    fn dead_letter(&self, place: Place, read: &mut dyn FnMut(&Record<'_>)) -> io::Result<bool> {
        self.node.dead_letter(place, read)
    }
    fn subjects(&self, partition: u16, from: Ordinal, each: &mut dyn FnMut(Known<'_>)) {
        self.node.subjects(partition, from, each);
    }
    fn names(&self, partition: u16, of: &[Ordinal], each: &mut dyn FnMut(Known<'_>)) -> bool {
        self.is_here(partition) && self.node.names(partition, of, each)
    }
    fn standings(
        &self,
        partition: u16,
        from: Ordinal,
        count: usize,
        each: &mut dyn FnMut(&Stands<'_>),
    ) -> io::Result<Option<usize>> {
        if !self.is_here(partition) {
            return Ok(None);
        }
        self.node.standings(partition, from, count, each)
    }
    fn scores(
        &self,
        partition: u16,
        from: Ordinal,
        count: usize,
        each: &mut dyn FnMut(&Stands<'_>),
    ) -> Option<usize> {
        self.is_here(partition).then(|| self.node.scores(partition, from, count, each))?
    }
    fn exclusions(&self, partition: u16, each: &mut dyn FnMut(Ordinal, bool)) -> bool {
        self.is_here(partition) && self.node.exclusions(partition, each)
    }
    fn rules(&self) -> Arc<Rules> {
        self.node.rules()
    }
}
