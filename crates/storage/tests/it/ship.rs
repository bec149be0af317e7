//! Shipping an embedded node's checkpoints, and bringing them back.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::contract;
use accolade_engine::disk::Disk;
use accolade_engine::objects::{Object, Objects};
use accolade_engine::partition::Partition;
use accolade_storage::disk::RealDisk;
use accolade_storage::error::StorageError;
use accolade_storage::node::{Node, NodeOptions, SHIPPED_KEYS, ShipOptions};
use accolade_storage::open;
use accolade_storage::ship::{
    BlockCache, Directory, Fetch, List, ListedFile, Piece, Sweeper, Swept, fetch, newest,
    read_shipped,
};

use crate::node::{balance, options, start, until, until_is, wager};

const HOUR: i64 = 3_600_000_000;

/// Objects in memory, with a clock of their own, which can go away for a while.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    objects: Mutex<BTreeMap<String, (Vec<u8>, i64)>>,
    pub(crate) clock: AtomicI64,
    pub(crate) reads: AtomicUsize,
    pub(crate) is_away: AtomicBool,
}

impl Memory {
    fn ask(&self, key: &str) -> io::Result<(Vec<u8>, i64)> {
        self.is_there()?;
        self.reads.fetch_add(1, Ordering::Relaxed);
        let found = self.objects.lock().unwrap().get(key).cloned();
        found.ok_or_else(|| io::Error::new(ErrorKind::NotFound, format!("there is no `{key}`")))
    }

    fn is_there(&self) -> io::Result<()> {
        if self.is_away.load(Ordering::Relaxed) {
            return Err(io::Error::new(ErrorKind::TimedOut, "the objects are away"));
        }
        Ok(())
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    /// What is there now.
    fn copy(&self) -> Self {
        let objects = Mutex::new(self.objects.lock().unwrap().clone());
        let clock = AtomicI64::new(self.clock.load(Ordering::Relaxed));
        Self { objects, clock, ..Self::default() }
    }

    pub(crate) fn flip(&self, key: &str, byte: usize) {
        self.objects.lock().unwrap().get_mut(key).unwrap().0[byte] ^= 1;
    }
}

impl Objects for Memory {
    fn put(&self, key: &str, bytes: Vec<u8>) -> io::Result<()> {
        self.is_there()?;
        let put_at = self.clock.fetch_add(1, Ordering::Relaxed) + 1;
        let had = self.objects.lock().unwrap().insert(key.to_owned(), (bytes.clone(), put_at));
        assert!(had.is_none_or(|(had, _)| had == bytes), "`{key}` is replaced by other bytes");
        Ok(())
    }

    fn get(&self, key: &str, range: Range<u64>) -> io::Result<Vec<u8>> {
        let (bytes, _) = self.ask(key)?;
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        bytes.get(range).map(<[u8]>::to_vec).ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }

    fn get_all(&self, key: &str) -> io::Result<Vec<u8>> {
        Ok(self.ask(key)?.0)
    }

    fn list(&self, prefix: &str) -> io::Result<Vec<Object>> {
        self.is_there()?;
        let objects = self.objects.lock().unwrap();
        let found = objects.iter().filter(|(key, _)| key.starts_with(prefix));
        Ok(found
            .map(|(key, (bytes, put_at))| Object {
                key: key.clone(),
                bytes: bytes.len() as u64,
                put_at: *put_at,
            })
            .collect())
    }

    fn remove(&self, key: &str) -> io::Result<()> {
        self.is_there()?;
        self.objects.lock().unwrap().remove(key);
        Ok(())
    }
}

#[test]
fn a_folder_keeps_the_contract_of_objects() {
    let folder = tempfile::tempdir().unwrap();
    let objects = Directory::open(folder.path().join("deep/below")).unwrap();
    contract::objects::check(&objects, "p0007");
    assert_eq!(objects.get_all("../secret").unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(objects.put("a//b", vec![]).unwrap_err().kind(), ErrorKind::InvalidInput);
    contract::objects::check(&Memory::default(), "p0007");
}

fn a_list() -> List {
    let piece = |prefix: &str, serial, from, to| {
        let (prefix, checksum) = (Arc::from(prefix), 0xdead_beef);
        Piece { prefix, serial, from, to, checksum }
    };
    let file = |is_closed, newest_hour, pieces: Vec<Piece>| {
        let bytes = pieces.last().unwrap().to;
        ListedFile { bytes, is_closed, newest_hour, pieces }
    };
    let (one, two) = ("p0007/00000000000000000003", "p0007/00000000000000000005");
    let open = file(false, None, vec![piece(one, 7, 0, 300), piece(two, 9, 300, 100_000)]);
    List {
        name: format!("{two}/lists/000000000009"),
        number: 9,
        data_format: 1,
        made_at: Timestamp::from_micros(1_767_225_600_000_001),
        covers: Timestamp::from_micros(1_767_225_600_000_000),
        cursor: b"cursor".to_vec(),
        files: BTreeMap::from([
            ("journal/000000000012".into(), open),
            ("lookup/000000000003".into(), file(true, Some(-490_896), vec![piece(one, 1, 0, 16)])),
        ]),
    }
}

#[test]
fn a_list_is_read_as_it_was_written() {
    let list = a_list();
    let written = list.write();
    let hex = written.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let golden = include_str!("ship.golden");
    assert_eq!(hex, golden.trim(), "the format of lists has changed");
    assert_eq!(List::read(&list.name, &written).unwrap(), list);
    let keys: Vec<String> = list.keys().collect();
    assert_eq!(
        keys,
        [
            "p0007/00000000000000000003/journal/000000000012.0-300.7",
            "p0007/00000000000000000005/journal/000000000012.300-100000.9",
            "p0007/00000000000000000003/lookup/000000000003.0-16.1",
        ]
    );
    assert_eq!(List::parse_key(&list.name), Some(("p0007/00000000000000000005", 9)));
    for byte in 0..written.len() {
        let mut damaged = written.clone();
        damaged[byte] ^= 4;
        assert!(List::read("l", &damaged).is_err(), "byte {byte}");
        assert!(List::read("l", &written[..byte]).is_err(), "cut at {byte}");
    }
}

fn shipping(folder: &Path, objects: &Arc<dyn Objects>) -> NodeOptions {
    let mut options = options(folder);
    options.checkpoint_every = Duration::from_millis(20);
    options.seal_ids = 1_000;
    let every = Duration::from_millis(60);
    options.ship = Some(ShipOptions { objects: Arc::clone(objects), every });
    options
}

fn play(node: &Node, round: u64, wagers: u64) {
    // Sealing may be behind; then the node would refuse.
    until("few ids in memory", || match node.status().ids_in_memory {
        0..=2_000 => Ok(()),
        many => Err(many),
    });
    let heard: Vec<_> = (0..wagers)
        .map(|number| {
            wager(node, &format!("w{round}-{number}"), &format!("p{}", number % 20), "10.00")
        })
        .collect();
    for heard in heard {
        heard.outcome();
    }
}

/// Waits for a list that covers what was answered before.
fn shipped(node: &Node) -> String {
    let answered = node.status().log_time;
    until("a list that covers what was answered", || {
        let shipping = node.status().shipping.unwrap();
        let is_there = shipping.covers >= answered && !shipping.list.is_empty();
        if is_there { Ok(shipping.list) } else { Err((shipping, answered)) }
    })
}

fn balances(node: &Node) -> Vec<String> {
    (0..20).map(|player| balance(node, &format!("p{player}")).to_string()).collect()
}

/// Every outcome and ledger entry, by partition and batch.
fn journal(node: &Node) -> BTreeMap<(u16, u64), Vec<u8>> {
    let mut slices = BTreeMap::new();
    for partition in 0..4 {
        for batch in 1..node.read(partition, Partition::next_batch) {
            let slice = node.backing().journal.read(partition, batch).unwrap();
            slices.insert((partition, batch), slice.expect("every batch has a slice"));
        }
    }
    slices
}

fn restore(objects: &Arc<dyn Objects>, list: &str, folder: &Path) -> Result<List, StorageError> {
    let disk = Arc::new(RealDisk::open(folder).unwrap());
    let everything = Fetch { everything: true, ..Fetch::default() };
    everything.fetch(objects, list, disk, &BlockCache::default()).map(|(_, list)| list)
}

#[test]
fn a_node_whose_disk_is_lost_comes_back_as_it_was_shipped() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Arc::new(Memory::default());
    let objects: Arc<dyn Objects> = Arc::<Memory>::clone(&memory);
    let node = start(shipping(folder.path(), &objects));
    for round in 0..6 {
        play(&node, round, 400);
        shipped(&node);
    }
    let (list, expected, slices) = (shipped(&node), balances(&node), journal(&node));
    // From here on nothing is shipped that the restored node could know.
    let copied: Arc<dyn Objects> = Arc::new(memory.copy());
    play(&node, 7, 100);
    node.stop().unwrap();
    drop(folder);

    let again = tempfile::tempdir().unwrap();
    assert!(newest(&*copied, SHIPPED_KEYS).unwrap() >= Some(list));
    let list = newest(&*copied, SHIPPED_KEYS).unwrap().unwrap();
    let restored = restore(&copied, &list, again.path()).unwrap();
    assert!(restored.covers <= restored.made_at);
    let node = start(shipping(again.path(), &copied));
    assert_eq!(balances(&node), expected);
    let restored = journal(&node);
    for (place, slice) in slices {
        assert_eq!(restored.get(&place), Some(&slice), "{place:?}");
    }
    let (outcome, _) = wager(&node, "w0-7", "p7", "10.00").outcome();
    assert!(matches!(outcome, Outcome::Repeated { .. }), "{outcome:?}");
    // And it goes on from there, into the same folder.
    play(&node, 8, 400);
    let next = shipped(&node);
    assert_ne!(next, list);
    let expected = balances(&node);
    node.stop().unwrap();
    let third = tempfile::tempdir().unwrap();
    restore(&copied, &newest(&*copied, SHIPPED_KEYS).unwrap().unwrap(), third.path()).unwrap();
    let node = start(options(third.path()));
    assert_eq!(balances(&node), expected);
    node.stop().unwrap();
}

#[test]
fn every_list_that_was_shipped_is_a_node_that_opens() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Arc::new(Memory::default());
    let objects: Arc<dyn Objects> = Arc::<Memory>::clone(&memory);
    for life in 0..3 {
        let node = start(shipping(folder.path(), &objects));
        for round in 0..4 {
            play(&node, life * 10 + round, 150);
            shipped(&node);
        }
        node.stop().unwrap();
    }
    let lists: Vec<String> =
        memory.keys().into_iter().filter(|key| List::parse_key(key).is_some()).collect();
    assert!(lists.len() > 6, "{lists:?}");
    for list in lists {
        let again = tempfile::tempdir().unwrap();
        restore(&objects, &list, again.path()).unwrap();
        let node = Node::start(options(again.path())).unwrap();
        journal(&node);
        node.stop().unwrap();
    }
}

/// A node's objects after some rounds, and its files.
fn played(rounds: u64) -> (Arc<Memory>, Arc<dyn Objects>, tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let memory = Arc::new(Memory::default());
    let objects: Arc<dyn Objects> = Arc::<Memory>::clone(&memory);
    let node = start(shipping(folder.path(), &objects));
    for round in 0..rounds {
        play(&node, round, 400);
    }
    shipped(&node);
    node.stop().unwrap();
    let list = newest(&*memory, SHIPPED_KEYS).unwrap().unwrap();
    (memory, objects, folder, list)
}

#[test]
fn older_files_are_borrowed_and_read_as_the_originals() {
    let (memory, objects, folder, list) = played(20);
    let again = tempfile::tempdir().unwrap();
    let local: Arc<dyn Disk> = Arc::new(RealDisk::open(again.path()).unwrap());
    let cache = BlockCache::new(200_000);
    let (disk, list) = fetch(&objects, &list, local, &cache).unwrap();
    let borrowed: Vec<_> =
        list.files.keys().filter(|path| !again.path().join(path).exists()).collect();
    assert!(borrowed.iter().any(|path| path.starts_with("journal/")), "{borrowed:?}");
    let (theirs, ours) = {
        let original: Arc<dyn Disk> = Arc::new(RealDisk::open(folder.path()).unwrap());
        let files = options(folder.path()).files;
        (open::open(&original, &files).unwrap(), open::open(&disk, &files).unwrap())
    };
    for (partition, of) in (0..4).zip(&theirs.partitions) {
        for batch in 1..of.next_batch() {
            let expected = theirs.backing.journal.read(partition, batch).unwrap();
            assert_eq!(ours.backing.journal.read(partition, batch).unwrap(), expected);
        }
    }
    assert!(cache.bytes() > 0 && cache.bytes() <= 200_000);

    let path = borrowed.iter().find(|path| path.starts_with("journal/")).unwrap();
    let file = disk.open(path).unwrap();
    assert_eq!(file.write_at(&[1], 0).unwrap_err().kind(), ErrorKind::ReadOnlyFilesystem);
    assert_eq!(
        file.read_at(&mut [0; 2], file.len().unwrap() - 1).unwrap_err().kind(),
        ErrorKind::UnexpectedEof
    );
    let objects_before = memory.keys();
    let (folder, name) = path.rsplit_once('/').unwrap();
    assert!(disk.list(folder).unwrap().iter().any(|found| found == name));
    disk.remove(path).unwrap();
    assert!(!disk.list(folder).unwrap().iter().any(|found| found == name));
    assert_eq!(disk.open(path).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(memory.keys(), objects_before);
}

#[test]
fn a_borrowed_object_that_is_gone_or_damaged_is_an_error_and_heals_by_itself() {
    let (memory, objects, _folder, list) = played(20);
    let again = tempfile::tempdir().unwrap();
    let local: Arc<dyn Disk> = Arc::new(RealDisk::open(again.path()).unwrap());
    let cache = BlockCache::new(0);
    let (disk, list) = fetch(&objects, &list, local, &cache).unwrap();
    let is_borrowed = |path: &&String| !again.path().join(path).exists();
    // A small one is read whole, and so checked.
    let size = |path: &&String| list.files[*path].pieces[0].bytes();
    let path = list.files.keys().filter(is_borrowed).min_by_key(size).unwrap();
    let key = list.files[path].pieces[0].key(path);
    let read = || disk.open(path).unwrap().read_at(&mut [0; 64], 0);
    read().unwrap();
    memory.flip(&key, 100);
    let damaged = read().unwrap_err();
    assert_eq!(damaged.kind(), ErrorKind::InvalidData);
    assert!(damaged.to_string().contains(&key), "{damaged}");
    memory.flip(&key, 100);
    memory.is_away.store(true, Ordering::Relaxed);
    assert_eq!(read().unwrap_err().kind(), ErrorKind::TimedOut);
    memory.is_away.store(false, Ordering::Relaxed);
    read().unwrap();
    memory.remove(&key).unwrap();
    let gone = read().unwrap_err();
    assert!(gone.kind() == ErrorKind::InvalidData && gone.to_string().contains(path), "{gone}");
}

#[test]
fn a_piece_that_is_not_what_was_uploaded_is_not_restored() {
    let (memory, objects, _folder, list) = played(2);
    let read = List::read(&list, &objects.get_all(&list).unwrap()).unwrap();
    for key in read.keys() {
        memory.flip(&key, 40);
        let again = tempfile::tempdir().unwrap();
        let refused = restore(&objects, &list, again.path()).unwrap_err();
        assert!(refused.to_string().contains(&key), "{refused}");
        memory.flip(&key, 40);
        // What is half restored is not opened, and may be restored again.
        let not_opened = Node::start(options(again.path())).unwrap_err();
        assert!(matches!(not_opened, StorageError::Damaged { .. }), "{not_opened}");
        restore(&objects, &list, again.path()).unwrap();
        Node::start(options(again.path())).unwrap().stop().unwrap();
    }
}

#[test]
fn whoever_keeps_the_disk_fetches_nothing() {
    let (memory, objects, folder, list) = played(3);
    let reads = memory.reads.load(Ordering::Relaxed);
    let local: Arc<dyn Disk> = Arc::new(RealDisk::open(folder.path()).unwrap());
    assert!(read_shipped(&*local).unwrap().unwrap().knows(&list));
    let (_, own) = fetch(&objects, &list, local, &BlockCache::default()).unwrap();
    assert_eq!(own.name, list);
    assert_eq!(memory.reads.load(Ordering::Relaxed), reads);
}

#[test]
fn many_small_pieces_do_not_stay_many() {
    let (_, objects, _folder, list) = played(30);
    let list = List::read(&list, &objects.get_all(&list).unwrap()).unwrap();
    for (path, file) in &list.files {
        let pieces = file.pieces.len();
        // Doubling from some hundred bytes to the segments' 64 KiB.
        assert!(pieces <= 12, "`{path}` has {pieces} pieces: {:?}", file.pieces);
        assert!(!path.contains(".zst") || pieces == 1);
    }
}

#[test]
fn the_node_goes_on_while_the_objects_are_away() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Arc::new(Memory::default());
    let objects: Arc<dyn Objects> = Arc::<Memory>::clone(&memory);
    memory.is_away.store(true, Ordering::Relaxed);
    let node = start(shipping(folder.path(), &objects));
    let failing = |failing: bool| {
        let fails = || node.status().shipping.unwrap().failure.is_some();
        until_is("whether shipping fails", failing, fails);
    };
    failing(true);
    play(&node, 1, 200);
    memory.is_away.store(false, Ordering::Relaxed);
    shipped(&node);
    failing(false);
    memory.is_away.store(true, Ordering::Relaxed);
    failing(true);
    play(&node, 2, 200);
    let failure = node.status().shipping.unwrap().failure.unwrap();
    assert!(failure.contains("the objects are away"), "{failure}");
    memory.is_away.store(false, Ordering::Relaxed);
    shipped(&node);
    let expected = balances(&node);
    node.stop().unwrap();
    let again = tempfile::tempdir().unwrap();
    let list = newest(&*memory, SHIPPED_KEYS).unwrap().unwrap();
    restore(&objects, &list, again.path()).unwrap();
    let node = Node::start(options(again.path())).unwrap();
    assert_eq!(balances(&node), expected);
    node.stop().unwrap();
}

#[test]
fn a_folder_with_anothers_checkpoints_is_left_alone() {
    let (memory, objects, _folder, _) = played(2);
    let keys = memory.keys();
    let other = tempfile::tempdir().unwrap();
    let node = start(shipping(other.path(), &objects));
    let failure = until("a failure to ship", || {
        let shipping = node.status().shipping.unwrap();
        shipping.failure.clone().ok_or(shipping)
    });
    assert!(failure.contains("of another data directory"), "{failure}");
    node.stop().unwrap();
    assert_eq!(memory.keys(), keys);
}

#[test]
fn what_no_list_names_goes_after_a_grace_and_nothing_else() {
    let (memory, objects, folder, old) = played(4);
    memory.put("node/readme.txt", b"of somebody else".to_vec()).unwrap();
    let named = |list: &str| -> Vec<String> {
        let list = List::read(list, &objects.get_all(list).unwrap()).unwrap();
        list.keys().chain([list.name.clone()]).collect()
    };
    let of_old = named(&old);
    let mut sweeper = Sweeper::new(HOUR);
    let first = sweeper.sweep(&*memory, SHIPPED_KEYS, &old).unwrap();
    assert!(first.named == of_old.len() && first.waiting > 0 && first.removed == 0, "{first:?}");

    memory.clock.fetch_add(2 * HOUR, Ordering::Relaxed);
    let node = start(shipping(folder.path(), &objects));
    for round in 10..20 {
        play(&node, round, 400);
    }
    shipped(&node);
    node.stop().unwrap();
    let new = newest(&*memory, SHIPPED_KEYS).unwrap().unwrap();

    // Who still reads by the old list has an hour from now on, however old its objects are; and who
    // believes that the old list is the latest takes nothing from the new one.
    // And the store's clock may have stood still when it was found that nothing names an object.
    let second = sweeper.sweep(&*memory, SHIPPED_KEYS, &old).unwrap();
    assert!(second.removed == 0 && second.waiting >= first.waiting, "{second:?}");
    for key in of_old.iter().chain(&named(&new)) {
        assert!(memory.keys().contains(key), "{key}");
    }
    sweeper.sweep(&*memory, SHIPPED_KEYS, &new).unwrap();
    assert!(of_old.iter().all(|key| memory.keys().contains(key)));

    memory.clock.fetch_add(HOUR, Ordering::Relaxed);
    memory.put("node/clock.txt", vec![]).unwrap();
    let third = sweeper.sweep(&*memory, SHIPPED_KEYS, &new).unwrap();
    assert!(third.removed >= first.waiting, "{third:?}");
    assert!(of_old.iter().all(|key| memory.keys().contains(key)));

    memory.clock.fetch_add(HOUR, Ordering::Relaxed);
    memory.remove("node/clock.txt").unwrap();
    memory.put("node/clock.txt", vec![]).unwrap();
    let last = sweeper.sweep(&*memory, SHIPPED_KEYS, &new).unwrap();
    assert_eq!((last.named, last.waiting), (named(&new).len(), 0));
    let mut left = named(&new);
    left.extend(["node/readme.txt".to_owned(), "node/clock.txt".to_owned()]);
    left.sort();
    assert_eq!(memory.keys(), left);
    let nothing = sweeper.sweep(&*memory, SHIPPED_KEYS, &new).unwrap();
    assert_eq!(nothing, Swept { named: named(&new).len(), waiting: 0, removed: 0 });
    sweeper.sweep(&*memory, SHIPPED_KEYS, &old).unwrap_err();
}
