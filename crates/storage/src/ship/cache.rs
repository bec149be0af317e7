//! Blocks of objects that were read by range, in bounded memory.

use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use accolade_engine::objects::Objects;

use crate::lru::Lru;

/// Bytes that are read at a time at least: a slice and what stands beside it.
const BLOCK_BYTES: u64 = 64 << 10;
/// Bytes that are asked for at once at most.
const ASKED_BYTES_MAX: u64 = 8 << 20;
const BYTES_MAX: u64 = 256 << 20;

/// One cache for all borrowed files of a node; a clone is another handle to it.
#[derive(Debug, Clone)]
pub struct BlockCache(Arc<Mutex<Lru<BlockName>>>);

type BlockName = (Arc<str>, u64);

impl Default for BlockCache {
    /// A cache of 256 MiB.
    fn default() -> Self {
        Self::new(BYTES_MAX)
    }
}

impl BlockCache {
    /// A cache that holds up to `bytes_max`.
    pub fn new(bytes_max: u64) -> Self {
        Self(Arc::new(Mutex::new(Lru::new(bytes_max))))
    }

    /// Bytes that it holds.
    pub fn bytes(&self) -> u64 {
        self.blocks().bytes()
    }

    fn blocks(&self) -> MutexGuard<'_, Lru<BlockName>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fills `buffer` from `offset` of an object of `len` bytes. `check` is asked where the whole object
    /// was read at once.
    pub(super) fn read(
        &self,
        objects: &dyn Objects,
        key: &Arc<str>,
        len: u64,
        offset: u64,
        buffer: &mut [u8],
        check: &dyn Fn(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let end = offset + buffer.len() as u64;
        if end > len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut at = offset;
        while at < end {
            let number = at / BLOCK_BYTES;
            let block = match self.get(key, number) {
                Some(block) => block,
                None => self.ask(objects, key, len, number, end, check)?,
            };
            let within = (at % BLOCK_BYTES) as usize;
            let count = (block.len() - within).min((end - at) as usize);
            let into = (at - offset) as usize;
            buffer[into..into + count].copy_from_slice(&block[within..within + count]);
            at += count as u64;
        }
        Ok(())
    }

    fn get(&self, key: &Arc<str>, number: u64) -> Option<Arc<[u8]>> {
        self.blocks().get(&(Arc::clone(key), number))
    }

    /// Reads blocks from `number` on, up to the first that is here, or that `end` does not reach;
    /// returns the first.
    fn ask(
        &self,
        objects: &dyn Objects,
        key: &Arc<str>,
        len: u64,
        number: u64,
        end: u64,
        check: &dyn Fn(&[u8]) -> io::Result<()>,
    ) -> io::Result<Arc<[u8]>> {
        let last = (end - 1) / BLOCK_BYTES;
        let most = number + ASKED_BYTES_MAX / BLOCK_BYTES;
        let next = {
            let blocks = self.blocks();
            let has = |number: &u64| blocks.has(&(Arc::clone(key), *number));
            (number + 1..=last.min(most - 1)).find(has).unwrap_or((last + 1).min(most))
        };
        let range = number * BLOCK_BYTES..len.min(next * BLOCK_BYTES);
        let bytes = get(objects, key, &range)?;
        if range == (0..len) {
            check(&bytes)?;
        }
        let mut first = None;
        for (number, block) in (number..).zip(bytes.chunks(BLOCK_BYTES as usize)) {
            let block: Arc<[u8]> = block.into();
            first.get_or_insert_with(|| Arc::clone(&block));
            self.blocks().put((Arc::clone(key), number), block);
        }
        Ok(first.expect("at least one block was asked for"))
    }
}

fn get(objects: &dyn Objects, key: &str, range: &Range<u64>) -> io::Result<Vec<u8>> {
    let bytes = objects.get(key, range.clone())?;
    if bytes.len() as u64 != range.end - range.start {
        let what = format!("`{key}`: {} bytes came for {range:?}", bytes.len());
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    Ok(bytes)
}
