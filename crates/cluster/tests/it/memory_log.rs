//! The ordered log in memory, shared by the nodes of a test, with the faults of a network.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use accolade_domain::time::Timestamp;
use accolade_engine::contract::intake::Failing;
use accolade_engine::intake::Refused;
use accolade_engine::ordered::{
    AppendFailed, Appended, Event, LogFailed, OrderedLog, Owner, Place, Reads, Submitted,
};
use accolade_wire::bytes::Cursor;
use accolade_wire::order::{Offsets, Order, SourceTopic};
use accolade_wire::record::Record;

#[derive(Debug, Default)]
struct Topics {
    orders: Vec<Vec<(Vec<u8>, Timestamp)>>,
    /// What retention has removed from each order.
    order_starts: Vec<i64>,
    sources: BTreeMap<(SourceTopic, u16), Vec<Vec<u8>>>,
    /// What retention has removed from sources.
    source_starts: BTreeMap<(SourceTopic, u16), i64>,
    owners: Vec<Owner>,
    members: BTreeSet<String>,
    traces: Vec<String>,
    generation: u64,
}

/// The brokers of a test.
#[derive(Debug)]
pub(crate) struct Brokers {
    partitions: u16,
    topics: Mutex<Topics>,
    changed: Condvar,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
}

impl Brokers {
    pub(crate) fn new(partitions: u16) -> Arc<Self> {
        let count = usize::from(partitions);
        let topics = Topics {
            orders: vec![Vec::new(); count],
            order_starts: vec![0; count],
            ..Topics::default()
        };
        Arc::new(Self { partitions, topics: Mutex::new(topics), changed: Condvar::new() })
    }

    /// The log as a node sees it.
    pub(crate) fn log(self: &Arc<Self>, node: &str) -> Arc<MemoryLog> {
        let (writes, written) = mpsc::channel::<Write>();
        let log = Arc::new(MemoryLog {
            brokers: Arc::clone(self),
            node: node.to_owned(),
            is_cut: AtomicBool::new(false),
            loses_acknowledgements: AtomicBool::new(false),
            intake: Mutex::new(Failing::Not),
            unwritable: Mutex::default(),
            following: Mutex::default(),
            control_at: AtomicI64::new(0),
            owners_at: AtomicI64::new(0),
            generation: AtomicI64::new(-1),
            writes,
        });
        let writing = Arc::downgrade(&log);
        std::thread::spawn(move || {
            while let Ok(write) = written.recv() {
                let Some(log) = writing.upgrade() else { return };
                log.write(write);
            }
        });
        self.join(node);
        log
    }

    pub(crate) fn join(&self, node: &str) {
        let mut topics = lock(&self.topics);
        topics.members.insert(node.to_owned());
        topics.generation += 1;
        self.changed.notify_all();
    }

    /// The group's coordinator takes a node for dead.
    pub(crate) fn expire(&self, node: &str) {
        let mut topics = lock(&self.topics);
        topics.members.remove(node);
        topics.generation += 1;
        self.changed.notify_all();
    }

    /// Every order of a partition, for a reader of its own.
    pub(crate) fn orders(&self, partition: u16) -> Vec<Vec<u8>> {
        let topics = lock(&self.topics);
        topics.orders[usize::from(partition)].iter().map(|(bytes, _)| bytes.clone()).collect()
    }

    /// The checkpoint that the last owner of a partition has announced.
    pub(crate) fn checkpoint(&self, partition: u16) -> Option<String> {
        let topics = lock(&self.topics);
        let last = topics.owners.iter().rfind(|owner| owner.partition == partition)?;
        (!last.checkpoint.is_empty()).then(|| last.checkpoint.clone())
    }

    /// The last checkpoint that a partition's order names.
    pub(crate) fn named(&self, partition: u16) -> String {
        let orders = self.orders(partition);
        let names = orders.iter().map(|order| match Order::read(order).unwrap() {
            Order::Claim(claim) => claim.checkpoint,
            Order::Batch(batch) => batch.checkpoint,
        });
        names.max().unwrap_or_default()
    }

    /// How many claims a partition's order has.
    pub(crate) fn claims(&self, partition: u16) -> usize {
        let orders = self.orders(partition);
        orders.iter().filter(|order| matches!(Order::read(order), Ok(Order::Claim(_)))).count()
    }

    /// The records of a source.
    pub(crate) fn source(&self, source: SourceTopic, partition: u16) -> Vec<Vec<u8>> {
        lock(&self.topics).sources.get(&(source, partition)).cloned().unwrap_or_default()
    }

    /// The traces that records came with.
    pub(crate) fn traces(&self) -> Vec<String> {
        lock(&self.topics).traces.clone()
    }

    /// Somebody announces an owner.
    pub(crate) fn announce(&self, owner: Owner) {
        lock(&self.topics).owners.push(owner);
        self.changed.notify_all();
    }

    /// Somebody appends to the order.
    pub(crate) fn append(&self, partition: u16, order: &Order) {
        let mut bytes = Vec::new();
        order.write(&mut bytes);
        lock(&self.topics).orders[usize::from(partition)].push((bytes, now()));
    }

    /// A record arrives that another program has sent.
    pub(crate) fn add(&self, source: SourceTopic, partition: u16, record: Vec<u8>) {
        lock(&self.topics).sources.entry((source, partition)).or_default().push(record);
        self.changed.notify_all();
    }

    /// What a source has arrives once more, as from a producer that sends it again.
    pub(crate) fn repeat(&self, source: SourceTopic, partition: u16) {
        let mut topics = lock(&self.topics);
        let records = topics.sources.entry((source, partition)).or_default();
        records.extend_from_within(..);
        self.changed.notify_all();
    }

    /// A source has other records than it had.
    pub(crate) fn replace(&self, source: SourceTopic, partition: u16, records: Vec<Vec<u8>>) {
        lock(&self.topics).sources.insert((source, partition), records);
    }

    /// A source is removed and made again, with nothing in it.
    pub(crate) fn make_anew(&self, source: SourceTopic, partition: u16) {
        let mut topics = lock(&self.topics);
        topics.sources.remove(&(source, partition));
        topics.source_starts.remove(&(source, partition));
        self.changed.notify_all();
    }

    /// Retention removes the first records of a source.
    pub(crate) fn expire_source(&self, source: SourceTopic, partition: u16, count: usize) {
        let start = i64::try_from(count).unwrap();
        lock(&self.topics).source_starts.insert((source, partition), start);
    }

    /// The order loses its end, as one that was made anew has lost it.
    pub(crate) fn shorten_order(&self, partition: u16, length: usize) {
        lock(&self.topics).orders[usize::from(partition)].truncate(length);
    }

    /// Retention removes the order before an offset.
    pub(crate) fn cut_order(&self, partition: u16, before: i64) {
        lock(&self.topics).order_starts[usize::from(partition)] = before;
    }
}

/// What nobody can write at the moment, and what waits to be written there.
#[derive(Default)]
struct Unwritable {
    order: Option<u16>,
    waiting: Vec<Write>,
}

enum Write {
    Order { partition: u16, bytes: Vec<u8>, done: Appended },
    Source { source: SourceTopic, partition: u16, bytes: Vec<u8>, done: Submitted },
}

/// The log, seen from one node.
pub(crate) struct MemoryLog {
    brokers: Arc<Brokers>,
    node: String,
    is_cut: AtomicBool,
    loses_acknowledgements: AtomicBool,
    intake: Mutex<Failing>,
    unwritable: Mutex<Unwritable>,
    following: Mutex<BTreeMap<u16, Offsets>>,
    control_at: AtomicI64,
    owners_at: AtomicI64,
    generation: AtomicI64,
    writes: mpsc::Sender<Write>,
}

impl fmt::Debug for MemoryLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryLog").field("node", &self.node).finish_non_exhaustive()
    }
}

impl MemoryLog {
    /// The network between the node and the brokers is cut, or whole again.
    pub(crate) fn cut(&self, is_cut: bool) {
        self.is_cut.store(is_cut, Ordering::SeqCst);
        self.brokers.changed.notify_all();
    }

    /// Sources fail like this from now on.
    pub(crate) fn fail_intake(&self, failing: Failing) {
        *lock(&self.intake) = failing;
    }

    /// Writes arrive, and their acknowledgements do not.
    pub(crate) fn lose_acknowledgements(&self, loses: bool) {
        self.loses_acknowledgements.store(loses, Ordering::SeqCst);
    }

    /// Nothing is written to the order of a partition, and nothing refused.
    pub(crate) fn make_unwritable(&self, partition: u16) {
        lock(&self.unwritable).order = Some(partition);
    }

    /// What waits is written.
    pub(crate) fn make_writable(&self) {
        let waiting = {
            let mut unwritable = lock(&self.unwritable);
            unwritable.order = None;
            std::mem::take(&mut unwritable.waiting)
        };
        for write in waiting {
            self.writes.send(write).unwrap_or_else(|_| panic!("the log's thread runs"));
        }
    }

    fn bounds(&self, source: SourceTopic, partition: u16) -> Range<i64> {
        let partition = if source == SourceTopic::Control { 0 } else { partition };
        let topics = lock(&self.brokers.topics);
        let at = (source, partition);
        let start = topics.source_starts.get(&at).copied().unwrap_or(0);
        start..i64::try_from(topics.sources.get(&at).map_or(0, Vec::len)).unwrap()
    }

    fn check(&self) -> Result<(), LogFailed> {
        if self.is_cut.load(Ordering::SeqCst) {
            return Err(LogFailed::Unavailable("the network is cut".into()));
        }
        Ok(())
    }

    fn write(&self, write: Write) {
        if let Write::Order { partition, .. } = write {
            let mut unwritable = lock(&self.unwritable);
            if unwritable.order == Some(partition) {
                unwritable.waiting.push(write);
                return;
            }
        }
        let is_cut = self.is_cut.load(Ordering::SeqCst);
        let loses = self.loses_acknowledgements.load(Ordering::SeqCst);
        match write {
            Write::Order { partition, bytes, done } => {
                if is_cut {
                    done(Err(AppendFailed("the network is cut".into())));
                    return;
                }
                let time = now();
                let offset = {
                    let mut topics = lock(&self.brokers.topics);
                    let order = &mut topics.orders[usize::from(partition)];
                    order.push((bytes, time));
                    i64::try_from(order.len()).unwrap() - 1
                };
                if loses {
                    done(Err(AppendFailed("no acknowledgement".into())));
                } else {
                    done(Ok(Place { offset, time: Some(time) }));
                }
            }
            Write::Source { source, partition, bytes, done } => {
                if is_cut {
                    done(Err(Refused::Uncertain));
                    return;
                }
                let offset = {
                    let mut topics = lock(&self.brokers.topics);
                    let records = topics.sources.entry((source, partition)).or_default();
                    records.push(bytes);
                    i64::try_from(records.len()).unwrap() - 1
                };
                self.brokers.changed.notify_all();
                let is_heard = *lock(&self.intake) != Failing::Unacknowledged;
                done(if is_heard { Ok(offset) } else { Err(Refused::Uncertain) });
            }
        }
    }
}

fn read(bytes: &[u8]) -> Record<'_> {
    Record::read(&mut Cursor::new(bytes, "record")).unwrap()
}

impl Reads for MemoryLog {
    fn order_range(&self, partition: u16) -> Result<Range<i64>, LogFailed> {
        self.check()?;
        let topics = lock(&self.brokers.topics);
        let at = usize::from(partition);
        Ok(topics.order_starts[at]..i64::try_from(topics.orders[at].len()).unwrap())
    }

    fn read_order(
        &self,
        partition: u16,
        offsets: Range<i64>,
        each: &mut dyn FnMut(i64, &[u8]) -> Result<(), LogFailed>,
    ) -> Result<(), LogFailed> {
        self.check()?;
        if offsets.start < lock(&self.brokers.topics).order_starts[usize::from(partition)] {
            return Err(LogFailed::Gone(format!("offset {} of the order", offsets.start)));
        }
        let orders = self.brokers.orders(partition);
        for offset in offsets {
            each(offset, &orders[usize::try_from(offset).unwrap()])?;
        }
        Ok(())
    }

    fn source_starts(&self, partition: u16) -> Result<Offsets, LogFailed> {
        self.check()?;
        Ok(SourceTopic::ALL.map(|source| self.bounds(source, partition).start))
    }

    fn check_sources(&self, partition: u16, next: &Offsets) -> Result<(), LogFailed> {
        self.check()?;
        for source in SourceTopic::ALL {
            let (has, next) = (self.bounds(source, partition), next[source as usize]);
            if next < has.start || next > has.end {
                return Err(LogFailed::Gone(format!("{source:?} has {has:?}, and not {next}")));
            }
        }
        Ok(())
    }

    fn read_source(
        &self,
        source: SourceTopic,
        partition: u16,
        offsets: Range<i64>,
        each: &mut dyn FnMut(i64, &Record<'_>) -> Result<(), LogFailed>,
    ) -> Result<(), LogFailed> {
        self.check()?;
        let has = self.bounds(source, partition);
        if offsets.start < has.start || offsets.end > has.end {
            return Err(LogFailed::Gone(format!("{source:?} has {has:?}, and not {offsets:?}")));
        }
        let records = self.brokers.source(source, partition);
        for offset in offsets {
            each(offset, &read(&records[usize::try_from(offset).unwrap()]))?;
        }
        Ok(())
    }
}

impl OrderedLog for MemoryLog {
    fn partitions(&self) -> u16 {
        self.brokers.partitions
    }

    fn submit(
        &self,
        source: SourceTopic,
        partition: u16,
        record: &Record<'_>,
        trace: Option<&str>,
        done: Submitted,
    ) -> Result<(), Refused> {
        {
            let mut failing = lock(&self.intake);
            match *failing {
                Failing::AtOnce => return Err(Refused::Busy),
                Failing::InTheMiddle => *failing = Failing::AtOnce,
                Failing::Not | Failing::Unacknowledged => {}
            }
        }
        lock(&self.brokers.topics).traces.extend(trace.map(str::to_owned));
        let mut bytes = Vec::new();
        record.write(&mut bytes);
        let write = Write::Source { source, partition, bytes, done };
        self.writes.send(write).map_err(|_| Refused::Stopping)
    }

    fn append(&self, partition: u16, record: &[u8], done: Appended) {
        let write = Write::Order { partition, bytes: record.to_vec(), done };
        self.writes.send(write).unwrap();
    }

    fn follow(&self, partition: u16, from: Offsets) -> Result<(), LogFailed> {
        lock(&self.following).insert(partition, from);
        Ok(())
    }

    fn leave(&self, partition: u16) {
        lock(&self.following).remove(&partition);
    }

    fn hear(&self, patience: Duration, hear: &mut dyn FnMut(Event<'_>)) -> Result<(), LogFailed> {
        if self.check().is_err() {
            std::thread::sleep(patience);
            return self.check();
        }
        let mut anything = false;
        let (generation, members, control, owners, news, lost) = {
            let topics = lock(&self.brokers.topics);
            let from = usize::try_from(self.control_at.load(Ordering::SeqCst)).unwrap();
            let control = topics
                .sources
                .get(&(SourceTopic::Control, 0))
                .map_or_else(Vec::new, |records| records[from..].to_vec());
            let owners_from = usize::try_from(self.owners_at.load(Ordering::SeqCst)).unwrap();
            let owners = topics.owners[owners_from..].to_vec();
            let (mut news, mut lost) = (Vec::new(), Vec::new());
            for (partition, offsets) in lock(&self.following).iter_mut() {
                for source in &SourceTopic::ALL[1..] {
                    let next = &mut offsets[*source as usize];
                    let records = topics.sources.get(&(*source, *partition));
                    let records = records.map_or(&[][..], Vec::as_slice);
                    if usize::try_from(*next).unwrap() > records.len() {
                        lost.push((*partition, *source, *next));
                        continue;
                    }
                    for bytes in &records[usize::try_from(*next).unwrap()..] {
                        news.push((*partition, *source, *next, bytes.clone()));
                        *next += 1;
                    }
                }
            }
            (topics.generation, topics.members.clone(), control, owners, news, lost)
        };
        for (partition, source, next) in lost {
            let what = format!("{source:?} ends before {next}: it was made anew");
            hear(Event::Lost { partition, source, what });
        }
        let generation = i64::try_from(generation).unwrap();
        if self.generation.swap(generation, Ordering::SeqCst) != generation {
            let at = members.iter().position(|member| *member == self.node);
            let own: Vec<u16> = (0..self.brokers.partitions)
                .filter(|partition| {
                    at.is_some_and(|at| usize::from(*partition) % members.len() == at)
                })
                .collect();
            hear(Event::Assigned(&own));
            anything = true;
        }
        for bytes in control {
            let offset = self.control_at.fetch_add(1, Ordering::SeqCst);
            hear(Event::Control { offset, record: read(&bytes) });
            anything = true;
        }
        for owner in owners {
            self.owners_at.fetch_add(1, Ordering::SeqCst);
            hear(Event::Owner(owner));
            anything = true;
        }
        for (partition, source, offset, bytes) in news {
            let expected = offset;
            hear(Event::Record { partition, source, expected, offset, record: read(&bytes) });
            anything = true;
        }
        if !anything {
            let topics = lock(&self.brokers.topics);
            drop(self.brokers.changed.wait_timeout(topics, patience));
        }
        Ok(())
    }

    fn control_end(&self) -> Result<i64, LogFailed> {
        self.check()?;
        Ok(i64::try_from(self.brokers.source(SourceTopic::Control, 0).len()).unwrap())
    }

    fn announce(&self, owner: &Owner) {
        if self.check().is_ok() {
            lock(&self.brokers.topics).owners.push(owner.clone());
            self.brokers.changed.notify_all();
        }
    }

    fn resign(&self) {
        self.brokers.expire(&self.node);
    }
}
