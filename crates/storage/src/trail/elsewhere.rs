//! Chains in the object storage: those of other nodes, and of disks that were lost.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use accolade_domain::time::Timestamp;
use accolade_engine::objects::Objects;

use super::Readable;
use crate::driver::lock;
use crate::ship::{BlockCache, List, remote};

/// The keys of all chains begin with this.
const KEYS: &str = "trail";
/// How long a look at the object storage counts.
const LOOKED_FOR: Duration = Duration::from_secs(30);
/// Bytes of chains elsewhere that are kept in memory.
const CACHE_BYTES: u64 = 32 << 20;

/// By chain, the key of its newest list and when that was put.
pub type Lists = BTreeMap<u64, (String, i64)>;

/// With what the keys of a chain begin.
pub(super) fn chain_prefix(chain: u64) -> String {
    format!("{KEYS}/{chain:016x}")
}

/// The newest list of each chain that was shipped.
pub fn lists(objects: &dyn Objects) -> io::Result<Lists> {
    let mut newest: BTreeMap<u64, (u64, i64, String)> = BTreeMap::new();
    for object in objects.list(&format!("{KEYS}/"))? {
        let chain = || {
            let (prefix, number) = List::parse_key(&object.key)?;
            let chain = prefix.strip_prefix(KEYS)?.strip_prefix('/')?.split('/').next()?;
            Some((u64::from_str_radix(chain, 16).ok()?, number))
        };
        let Some((chain, number)) = chain() else { continue };
        let found = (number, object.put_at, object.key);
        let known = newest.entry(chain).or_default();
        *known = std::mem::take(known).max(found);
    }
    Ok(newest.into_iter().map(|(chain, (_, put_at, key))| (chain, (key, put_at))).collect())
}

/// A chain that was shipped.
#[derive(Debug, Clone)]
pub struct Shipped {
    /// Which chain.
    pub chain: u64,
    /// The node that wrote it.
    pub node: String,
    /// The time of its last record that was shipped.
    pub covers: Timestamp,
    /// Its records, as far as they were shipped.
    pub readable: Readable,
}

/// What the object storage has of chains.
#[derive(Debug)]
pub struct Elsewhere {
    objects: Option<Arc<dyn Objects>>,
    cache: BlockCache,
    looked: Mutex<Option<(Instant, Vec<Shipped>)>>,
}

impl Elsewhere {
    pub(super) fn new(objects: Option<Arc<dyn Objects>>) -> Self {
        Self { objects, cache: BlockCache::new(CACHE_BYTES), looked: Mutex::default() }
    }

    /// All chains that were shipped but for those that are `known`. May be half a minute old.
    pub fn chains(&self, known: &[u64]) -> io::Result<Vec<Shipped>> {
        let Some(objects) = &self.objects else { return Ok(Vec::new()) };
        let mut looked = lock(&self.looked);
        let chains = match &*looked {
            Some((at, chains)) if at.elapsed() < LOOKED_FOR => chains.clone(),
            _ => {
                let chains = self.look(objects)?;
                *looked = Some((Instant::now(), chains.clone()));
                chains
            }
        };
        Ok(chains.into_iter().filter(|shipped| !known.contains(&shipped.chain)).collect())
    }

    fn look(&self, objects: &Arc<dyn Objects>) -> io::Result<Vec<Shipped>> {
        let shipped = |(chain, (key, _)): (u64, (String, i64))| {
            let list = List::read(&key, &objects.get_all(&key)?)?;
            let node = String::from_utf8_lossy(&list.cursor).into_owned();
            let disk = remote(objects, &list, &self.cache);
            let readable = Readable { disk, durable: None };
            Ok(Shipped { chain, node, covers: list.covers, readable })
        };
        lists(&**objects)?.into_iter().map(shipped).collect()
    }
}
