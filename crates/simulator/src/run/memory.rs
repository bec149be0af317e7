//! A store that keeps everything in maps: what the files are compared with.

use std::collections::BTreeMap;
use std::io;

use accolade_domain::ledger::Place;
use accolade_engine::store::{Ask, Earlier, Folded, Store};
use accolade_wire::journal::{Outcomes, Recorded};
use accolade_wire::record::Slice;

/// Everything that was ever committed. Ids are never sealed here, so none is ever asked for.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    pub(crate) batches: BTreeMap<(u16, u64), Folded>,
}

impl MemoryStore {
    /// What became of the record at `place`.
    pub(crate) fn recorded(&self, place: Place) -> Option<Recorded<'_>> {
        let folded = self.batches.get(&(place.partition, place.batch))?;
        let (partition, batch, count) = (folded.partition, folded.batch, folded.count);
        let slice = Slice { partition, batch, flags: 0, count, body: &folded.journal };
        Outcomes::read(&slice).and_then(|outcomes| outcomes.at(place.slot)).ok()
    }
}

impl Store for MemoryStore {
    fn earlier(
        &mut self,
        _: u16,
        asks: &[Ask],
        found: &mut Vec<Option<Earlier>>,
    ) -> io::Result<()> {
        found.resize(found.len() + asks.len(), None);
        Ok(())
    }

    fn outcome(&mut self, place: Place, read: &mut dyn FnMut(&Recorded<'_>)) -> io::Result<()> {
        read(&self.recorded(place).expect("only what was folded is asked for"));
        Ok(())
    }

    fn commit(&mut self, folded: &Folded) -> io::Result<()> {
        self.batches.insert((folded.partition, folded.batch), folded.clone());
        Ok(())
    }
}
