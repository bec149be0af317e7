//! The journal of the partitions that are here, for publishers and projections.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use accolade_domain::ledger::Place;
use accolade_engine::feed::{Feed, Known, Stands, tell};
use accolade_engine::ordered::LogFailed;
use accolade_engine::players::Ordinal;
use accolade_engine::rules::Rules;
use accolade_engine::standings::Standings;
use accolade_storage::backing::{Backing, NodeStore};
use accolade_storage::host::NotHere;
use accolade_wire::record::Record;

use crate::node::{ClusterNode, lock};
use crate::seat::Seat;

impl ClusterNode {
    fn files(&self, partition: u16) -> Option<Arc<Backing>> {
        self.inner.shown(partition).map(|shown| Arc::clone(&shown.files))
    }
}

impl Feed for ClusterNode {
    fn owned(&self) -> Vec<u16> {
        (0..self.inner.log.partitions())
            .filter(|partition| self.files(*partition).is_some())
            .collect()
    }

    fn end(&self, partition: u16) -> Option<u64> {
        self.inner.shown(partition).map(|shown| shown.end.load(Ordering::Acquire))
    }

    fn journal(&self, partition: u16, batch: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(backing) = self.files(partition) else { return Ok(None) };
        Ok(backing.journal.read(partition, batch)?)
    }

    fn records(&self, partition: u16, batch: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(backing) = self.files(partition) else { return Ok(None) };
        Ok(backing.log.read(partition, batch)?)
    }

    fn reread(&self, partition: u16, batch: u64) -> Result<Vec<u8>, LogFailed> {
        Self::reread(self, partition, batch)
    }

    fn dead_letter(&self, place: Place, read: &mut dyn FnMut(&Record<'_>)) -> io::Result<bool> {
        let Some(backing) = self.files(place.partition) else { return Ok(false) };
        Ok(backing.dead_letter(place, read)?.is_some())
    }

    fn subjects(&self, partition: u16, from: Ordinal, each: &mut dyn FnMut(Known<'_>)) {
        let read: Result<(), NotHere> = self.inner.with_live(partition, |live| {
            let players = live.home.partition().players();
            for ordinal in from.. {
                let Some(player) = players.all().get(ordinal as usize) else { break };
                let (operator, subject) = (player.operator, player.account.subject);
                each(Known { ordinal, operator, player: &player.name.text(), subject });
            }
        });
        if let Err(not_here) = read {
            tracing::debug!(partition, %not_here, "its subjects are not here");
        }
    }

    fn names(&self, partition: u16, ordinals: &[Ordinal], each: &mut dyn FnMut(Known<'_>)) -> bool {
        // A name does not change with the owner, so nothing is to be proven.
        let seat = lock(&self.inner.seats[usize::from(partition)]);
        let Seat::Live(live) = &*seat else { return false };
        tell(live.home.partition().players(), ordinals, each);
        true
    }

    fn standings(
        &self,
        partition: u16,
        from: Ordinal,
        count: usize,
        each: &mut dyn FnMut(&Stands<'_>),
    ) -> io::Result<Option<usize>> {
        let found = self.inner.with_live(partition, |live| {
            let standings = Standings::of(live.home.partition(), from, count);
            (standings, Arc::clone(live.home.backing()))
        });
        let Ok((standings, backing)) = found else { return Ok(None) };
        standings.tell(&mut NodeStore::new(backing), each).map(Some)
    }

    fn scores(
        &self,
        partition: u16,
        from: Ordinal,
        count: usize,
        each: &mut dyn FnMut(&Stands<'_>),
    ) -> Option<usize> {
        let found = self
            .inner
            .with_live(partition, |live| Standings::of(live.home.partition(), from, count));
        Some(found.ok()?.tell_scores(each))
    }

    fn exclusions(&self, partition: u16, each: &mut dyn FnMut(Ordinal, bool)) -> bool {
        let told = self.inner.with_live(partition, |live| {
            let all = live.home.partition().exclusions();
            all.for_each(|(player, holds)| each(player, holds));
        });
        told.is_ok()
    }

    fn rules(&self) -> Arc<Rules> {
        self.inner.control.rules()
    }
}
