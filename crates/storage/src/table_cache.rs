//! Pages of the tables and indexes of closed segments, and blocks that were read in part, in bounded memory.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::lru::Lru;

const BYTES_MAX: u64 = 64 << 20;

/// One cache for all closed segments of a node; a clone is another handle to it.
#[derive(Debug, Clone)]
pub struct TableCache(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    pages: Mutex<Lru<Name>>,
    /// Whole replays go through these, and are not to drive out the pages.
    blocks: Mutex<Lru<Name>>,
    next_owner: AtomicU64,
}

/// Whose page or block, and which.
type Name = (u64, u64);

impl Default for TableCache {
    /// A cache of 64 MiB.
    fn default() -> Self {
        Self::new(BYTES_MAX)
    }
}

fn lock(pieces: &Mutex<Lru<Name>>) -> MutexGuard<'_, Lru<Name>> {
    pieces.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TableCache {
    /// A cache that holds up to `bytes_max`, a quarter of it in blocks.
    pub fn new(bytes_max: u64) -> Self {
        let blocks_max = bytes_max / 4;
        Self(Arc::new(Shared {
            pages: Mutex::new(Lru::new(bytes_max - blocks_max)),
            blocks: Mutex::new(Lru::new(blocks_max)),
            next_owner: AtomicU64::new(0),
        }))
    }

    /// Bytes that it holds.
    pub fn bytes(&self) -> u64 {
        lock(&self.0.pages).bytes() + lock(&self.0.blocks).bytes()
    }

    /// The name of someone who has pages.
    pub(crate) fn owner(&self) -> u64 {
        self.0.next_owner.fetch_add(1, Ordering::Relaxed)
    }

    /// A page, which is read where it is not here.
    pub(crate) fn page<E>(
        &self,
        owner: u64,
        number: u64,
        read: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Arc<[u8]>, E> {
        if let Some(page) = lock(&self.0.pages).get(&(owner, number)) {
            return Ok(page);
        }
        // Nobody waits while a page is read.
        let page: Arc<[u8]> = read()?.into();
        lock(&self.0.pages).put((owner, number), Arc::clone(&page));
        Ok(page)
    }

    pub(crate) fn block(&self, owner: u64, number: u64) -> Option<Arc<[u8]>> {
        lock(&self.0.blocks).get(&(owner, number))
    }

    pub(crate) fn put_block(&self, owner: u64, number: u64, block: &[u8]) {
        lock(&self.0.blocks).put((owner, number), block.into());
    }
}
