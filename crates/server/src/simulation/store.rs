//! What a simulated fold stands on: what it has decided itself, in memory.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use accolade_domain::ledger::Place;
use accolade_engine::store::{Ask, Earlier, Folded, GiveRow, NotCommitted, Store};
use accolade_storage::backing::{Backing, NodeStore};
use accolade_wire::journal::{Outcomes, PassedOver, Recorded};

/// Bytes of outcomes that one side of one partition may remember.
const BYTES_MAX: usize = 256 << 20;

/// What a fold has decided. Nothing of it is sealed, so no id and no row is anywhere but in the partition.
#[derive(Debug)]
pub(super) struct Remembered {
    backing: Arc<Backing>,
    batches: BTreeMap<u64, Folded>,
    bytes: usize,
}

impl Remembered {
    pub(super) const fn new(backing: Arc<Backing>) -> Self {
        Self { backing, batches: BTreeMap::new(), bytes: 0 }
    }
}

impl Store for Remembered {
    fn earlier(
        &mut self,
        _: u16,
        asks: &[Ask],
        found: &mut Vec<Option<Earlier>>,
    ) -> io::Result<()> {
        found.extend(asks.iter().map(|_| None));
        Ok(())
    }

    fn outcome(&mut self, place: Place, read: &mut dyn FnMut(&Recorded<'_>)) -> io::Result<()> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, format!("nothing at {place:?}"));
        let folded = self.batches.get(&place.batch).ok_or_else(missing)?;
        let recorded = Outcomes::read(&folded.slice()).and_then(|all| all.at(place.slot));
        read(&recorded.map_err(io::Error::other)?);
        Ok(())
    }

    fn row(&mut self, _: u16, _: &[u8]) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn rows(&mut self, _: u16, _: &[u8], _: &mut GiveRow<'_>) -> io::Result<()> {
        Ok(())
    }

    fn passed_over(&mut self, partition: u16, batch: u64) -> io::Result<Option<PassedOver>> {
        NodeStore::new(Arc::clone(&self.backing)).passed_over(partition, batch)
    }

    fn commit(&mut self, folded: &Folded) -> Result<(), NotCommitted> {
        let kept = Folded { dead_letters: Vec::new(), ..folded.clone() };
        self.bytes += kept.journal.len();
        if self.bytes > BYTES_MAX {
            let what = "the log has more of a partition than is simulated";
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, what).into());
        }
        self.batches.insert(folded.batch, kept);
        Ok(())
    }
}
