//! What the API needs of the node.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use accolade_engine::partition::{Partition, Shared};
use accolade_engine::rules::Rules;
use accolade_storage::backing::Backing;
use accolade_storage::host::{Host, NotHere, Older};
use accolade_storage::node::Status;
use accolade_storage::run::RunEntry;
use accolade_storage::trail::Trail;
use accolade_wire::identity::IdKind;

use crate::node::{ClusterNode, lock};
use crate::seat::Seat;

impl Host for ClusterNode {
    fn whereabouts(&self, partition: u16) -> Result<(), NotHere> {
        self.inner.whereabouts(partition)
    }

    fn are_here(&self, partitions: &[u16]) -> Result<(), NotHere> {
        self.inner.are_here(partitions)
    }

    fn read(&self, partition: u16, read: &mut dyn FnMut(&Partition)) -> Result<(), NotHere> {
        self.inner.with_live(partition, |live| read(live.home.partition()))
    }

    fn read_unproven(
        &self,
        partition: u16,
        read: &mut dyn FnMut(&Partition),
    ) -> Result<(), NotHere> {
        self.inner.with_unproven(partition, |live| read(live.home.partition()))
    }

    fn changes(&self, partition: u16) -> Option<u64> {
        self.inner.changes.count(partition)
    }

    fn backing(&self, partition: u16) -> Result<Arc<Backing>, NotHere> {
        self.inner.with_live(partition, |live| Arc::clone(live.home.backing()))
    }

    fn older(
        &self,
        partition: u16,
        to: u64,
        goes_on: &mut dyn FnMut() -> std::io::Result<()>,
    ) -> std::io::Result<Option<Box<dyn Older>>> {
        self.inner.older(partition, to, goes_on)
    }

    fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    fn rules(&self) -> Arc<Rules> {
        self.inner.control.rules()
    }

    fn knows_rules(&self) -> bool {
        self.inner.knows_rules()
    }

    fn with_id(&self, operator: &str, kind: IdKind, id: &str) -> std::io::Result<Vec<RunEntry>> {
        let hash = self.rules().settings.hash_key.id(operator, kind, id);
        let mut found = Vec::new();
        for (number, seat) in (0..).zip(&self.inner.seats) {
            let backing = match &*lock(seat) {
                Seat::Live(live) => {
                    let entries = live.home.partition().ids().with_id(hash);
                    found
                        .extend(entries.map(|entry| RunEntry { partition: number, entry: *entry }));
                    Arc::clone(live.home.backing())
                }
                Seat::Empty | Seat::Taking => continue,
            };
            found.extend(backing.lookup.with_id(hash)?);
        }
        found.sort_by_key(|found| (found.partition, found.entry.batch, found.entry.slot));
        found.dedup_by_key(|found| (found.partition, found.entry.batch, found.entry.slot));
        Ok(found)
    }

    fn trail(&self) -> &Arc<Trail> {
        &self.trail
    }

    fn behaviours(&self) -> Vec<u16> {
        self.inner.shared.known()
    }

    fn status(&self) -> Status {
        let inner = &self.inner;
        let mut status = Status {
            lag_bytes: inner.inbox_bytes.load(Ordering::Relaxed),
            checkpointed_at: crate::checkpoints::last(inner),
            disk_full: inner.disk_full.load(Ordering::Relaxed),
            standing: inner.standing(),
            trail_failure: self.trail.failure(),
            fatal: inner.failure(),
            cut_off: inner.is_cut_off(),
            descriptors: inner.options.descriptors.counts(),
            ..Status::default()
        };
        for (partition, shown) in inner.all_shown() {
            status.partitions_here.push(partition);
            status.log_time = status.log_time.max(shown.time);
            status.players += shown.players;
            status.ids_in_memory += shown.ids_in_memory;
        }
        status
    }

    fn peers(&self) -> Vec<String> {
        self.inner.other_owners()
    }
}
