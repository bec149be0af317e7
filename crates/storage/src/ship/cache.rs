//! Blocks of objects that were read by range, in bounded memory.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use accolade_engine::objects::Objects;

/// Bytes that are read at a time at least: a slice and what stands beside it.
const BLOCK_BYTES: u64 = 64 << 10;
/// Bytes that are asked for at once at most.
const ASKED_BYTES_MAX: u64 = 8 << 20;
const BYTES_MAX: u64 = 256 << 20;

/// One cache for all borrowed files of a node; a clone is another handle to it.
#[derive(Debug, Clone)]
pub struct BlockCache(Arc<Mutex<Blocks>>);

#[derive(Debug)]
struct Blocks {
    bytes_max: u64,
    bytes: u64,
    clock: u64,
    by_name: HashMap<BlockName, Block>,
    by_age: BTreeMap<u64, BlockName>,
}

type BlockName = (Arc<str>, u64);

#[derive(Debug)]
struct Block {
    bytes: Arc<[u8]>,
    used_at: u64,
}

impl Default for BlockCache {
    /// A cache of 256 MiB.
    fn default() -> Self {
        Self::new(BYTES_MAX)
    }
}

impl BlockCache {
    /// A cache that holds up to `bytes_max`.
    pub fn new(bytes_max: u64) -> Self {
        let (by_name, by_age) = (HashMap::new(), BTreeMap::new());
        Self(Arc::new(Mutex::new(Blocks { bytes_max, bytes: 0, clock: 0, by_name, by_age })))
    }

    /// Bytes that it holds.
    pub fn bytes(&self) -> u64 {
        self.blocks().bytes
    }

    fn blocks(&self) -> MutexGuard<'_, Blocks> {
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
        let mut guard = self.blocks();
        let blocks = &mut *guard;
        let name = (Arc::clone(key), number);
        let block = blocks.by_name.get_mut(&name)?;
        blocks.clock += 1;
        blocks.by_age.remove(&block.used_at);
        block.used_at = blocks.clock;
        blocks.by_age.insert(blocks.clock, name);
        Some(Arc::clone(&block.bytes))
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
            let has = |number: &u64| blocks.by_name.contains_key(&(Arc::clone(key), *number));
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

impl Blocks {
    fn put(&mut self, name: BlockName, bytes: Arc<[u8]>) {
        self.clock += 1;
        self.bytes += bytes.len() as u64;
        let block = Block { bytes, used_at: self.clock };
        if let Some(had) = self.by_name.insert(name.clone(), block) {
            self.bytes -= had.bytes.len() as u64;
            self.by_age.remove(&had.used_at);
        }
        self.by_age.insert(self.clock, name);
        while self.bytes > self.bytes_max
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            let gone = self.by_name.remove(&oldest);
            self.bytes -= gone.map_or(0, |gone| gone.bytes.len() as u64);
        }
    }
}
