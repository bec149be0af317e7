//! A store that keeps everything in memory: for tests, and what files are compared with.

use std::collections::BTreeMap;
use std::io;

use accolade_domain::ledger::Place;
use accolade_wire::journal::{Outcomes, PassedOver, Recorded};

use crate::ids::IdEntry;
use crate::store::{Ask, Earlier, Folded, GiveRow, NotCommitted, Store};

/// Everything that was ever committed.
#[derive(Debug, Default)]
pub struct MemoryStore {
    /// What was folded, by partition and batch.
    pub batches: BTreeMap<(u16, u64), Folded>,
    /// Sealed ids, with their partition.
    pub sealed: Vec<(u16, IdEntry)>,
    /// Rows of paged tables, by partition and key.
    pub rows: BTreeMap<(u16, Vec<u8>), Vec<u8>>,
    /// What is said of an id that was never sealed.
    pub otherwise: Option<Earlier>,
}

impl MemoryStore {
    /// What became of the record at `place`.
    pub fn recorded(&self, place: Place) -> Option<Recorded<'_>> {
        let folded = self.batches.get(&(place.partition, place.batch))?;
        Outcomes::read(&folded.slice()).and_then(|outcomes| outcomes.at(place.slot)).ok()
    }

    fn newest(&self, partition: u16, ask: &Ask) -> Option<Earlier> {
        let is_asked = |(of, id): &&(u16, IdEntry)| {
            (*of, id.id, id.player) == (partition, ask.id, ask.player)
                && ask.hours.include(id.hour)
                && id.batch < ask.before_batch
        };
        let asked = self.sealed.iter().filter(is_asked);
        let newest = asked.max_by_key(|(_, id)| (id.batch, id.slot))?.1;
        Some(Earlier { batch: newest.batch, slot: newest.slot, content: newest.content })
    }
}

impl Store for MemoryStore {
    fn earlier(
        &mut self,
        partition: u16,
        asks: &[Ask],
        found: &mut Vec<Option<Earlier>>,
    ) -> io::Result<()> {
        found.extend(asks.iter().map(|ask| self.newest(partition, ask).or(self.otherwise)));
        Ok(())
    }

    fn outcome(&mut self, place: Place, read: &mut dyn FnMut(&Recorded<'_>)) -> io::Result<()> {
        read(&self.recorded(place).ok_or(io::ErrorKind::NotFound)?);
        Ok(())
    }

    fn row(&mut self, partition: u16, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        Ok(self.rows.get(&(partition, key.to_vec())).cloned())
    }

    fn rows(&mut self, partition: u16, key: &[u8], give: &mut GiveRow<'_>) -> io::Result<()> {
        for ((of, key), row) in self.rows.range((partition, key.to_vec())..) {
            if *of != partition || !give(key, row)? {
                break;
            }
        }
        Ok(())
    }

    fn passed_over(&mut self, partition: u16, batch: u64) -> io::Result<Option<PassedOver>> {
        let kept = self.batches.get(&(partition, batch));
        let read = kept.map(|kept| PassedOver::read(&kept.slice())).transpose();
        read.map_err(|bad| io::Error::new(io::ErrorKind::InvalidData, bad))
    }

    fn commit(&mut self, folded: &Folded) -> Result<(), NotCommitted> {
        let kept = self.batches.entry((folded.partition, folded.batch));
        let kept = kept.or_insert_with(|| folded.clone());
        folded.difference(kept).map_or(Ok(()), |difference| Err(NotCommitted::Differs(difference)))
    }
}
