//! Publishes what was folded to the output topics, a transaction at a time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use accolade_cluster::ClusterNode;
use accolade_domain::ledger::{Place, Subject};
use accolade_engine::feed::Feed;
use accolade_engine::players::Ordinal;
use accolade_kafka::config::OutputTopic;
use accolade_kafka::outputs::{OutputRecord, OutputRecords, PublishFailed, Publisher, Taken};
use accolade_server::outputs::{Aside, Topic, Wanted, outputs_of};
use accolade_wire::bytes::Cursor;
use accolade_wire::record::{Record, Slice};

/// The time between two transactions.
const EVERY: Duration = Duration::from_millis(20);
/// Before publishing is begun again after a failure.
const PAUSE: Duration = Duration::from_millis(200);
/// Bytes of outputs in one transaction, after which the rest waits for the next.
const BYTES_MAX: usize = 8 << 20;

/// The thread that publishes.
#[derive(Debug)]
pub(crate) struct Publishing {
    stop: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Publishing {
    /// Begins to publish what `node` folds.
    pub(crate) fn start(
        publisher: Publisher,
        node: Arc<ClusterNode>,
        feed: Arc<dyn Feed>,
        wanted: Wanted,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let run = move || {
            Outputs {
                publisher,
                node,
                feed,
                wanted,
                next: BTreeMap::new(),
                turn: 0,
                records: OutputRecords::default(),
                names: Names::default(),
            }
            .run(&stopped);
        };
        let thread = std::thread::Builder::new().name("publishing".into()).spawn(run)?;
        Ok(Self { stop, thread: Mutex::new(Some(thread)) })
    }

    /// Publishes nothing more.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that publishes panicked");
        }
    }
}

struct Outputs {
    publisher: Publisher,
    node: Arc<ClusterNode>,
    feed: Arc<dyn Feed>,
    wanted: Wanted,
    /// The batch whose outputs leave next, by partition.
    next: BTreeMap<u16, u64>,
    /// The partition that comes first.
    turn: u16,
    records: OutputRecords,
    names: Names,
}

impl Outputs {
    fn run(mut self, stop: &AtomicBool) {
        let mut began = Instant::now();
        while !stop.load(Ordering::Acquire) {
            std::thread::sleep(EVERY.saturating_sub(began.elapsed()));
            began = Instant::now();
            if let Err(error) = self.publish() {
                tracing::debug!(%error, "outputs are begun again");
                self.next.clear();
                std::thread::sleep(PAUSE);
            }
        }
    }

    /// One transaction, if there is anything to publish.
    fn publish(&mut self) -> Result<(), PublishFailed> {
        let owned = self.feed.owned();
        if !self.next.keys().eq(&owned) {
            self.begin(&owned)?;
        }
        let mut records = std::mem::take(&mut self.records);
        records.truncate(0);
        let mut positions = Vec::new();
        for (partition, next) in self.next.range(self.turn..).chain(self.next.range(..self.turn)) {
            // Where more is due than leaves at once, each partition has its turn.
            if records.bytes() >= BYTES_MAX {
                self.turn = *partition;
                break;
            }
            let at = self.outputs_from(*partition, *next, &mut records);
            if at > *next {
                positions.push((*partition, at));
            }
        }
        if positions.is_empty() {
            return Ok(());
        }
        self.publisher.publish(&positions, &records)?;
        metrics::counter!("accolade_outputs_total").increment(records.len() as u64);
        self.records = records;
        for (partition, at) in positions {
            self.next.insert(partition, at);
            self.node.published(partition, at);
        }
        Ok(())
    }

    /// Adds the outputs of the batches from `next` on, as many as there are or leave at once; returns the
    /// batch after them.
    fn outputs_from(&self, partition: u16, next: u64, records: &mut OutputRecords) -> u64 {
        let end = self.feed.end(partition).unwrap_or(next);
        let mut at = next;
        while at < end && records.bytes() < BYTES_MAX {
            let whole = records.len();
            match self.outputs(partition, at, records) {
                Ok(true) => {}
                // The journal may be a moment behind.
                Ok(false) => break,
                Err(error) => {
                    records.truncate(whole);
                    tracing::error!(partition, batch = at, %error, "a batch has no outputs");
                    break;
                }
            }
            at += 1;
        }
        at
    }

    /// Finds out where to go on, after partitions have come or gone.
    fn begin(&mut self, owned: &[u16]) -> Result<(), PublishFailed> {
        let former: Vec<_> = owned.iter().map(|at| self.node.former_owner(*at)).collect();
        let taken: Vec<_> = owned
            .iter()
            .zip(&former)
            .map(|(partition, former)| Taken {
                partition: *partition,
                start: self.node.first_batch(*partition).unwrap_or(1),
                former: former.as_deref(),
            })
            .collect();
        let next = self.publisher.begin(&taken)?;
        for (partition, next) in owned.iter().zip(&next) {
            self.node.published(*partition, *next);
        }
        self.next = owned.iter().copied().zip(next).collect();
        Ok(())
    }

    /// Adds the outputs of a batch, and says whether the journal has it.
    fn outputs(
        &self,
        partition: u16,
        batch: u64,
        records: &mut OutputRecords,
    ) -> anyhow::Result<bool> {
        let Some(journal) = self.feed.journal(partition, batch)? else { return Ok(false) };
        let journal = Slice::read_unchecked(&mut Cursor::new(&journal, "slice"))?;
        if journal.count == 0 {
            return Ok(true);
        }
        let bytes = self.feed.records(partition, batch)?;
        let log = match &bytes {
            Some(bytes) => Some(Slice::read_unchecked(&mut Cursor::new(bytes, "slice"))?),
            None => None,
        };
        let aside = BesideLog { feed: &*self.feed, names: &self.names };
        let missing = outputs_of(&journal, log.as_ref(), self.wanted, &aside, &mut |output| {
            let (key, value) = (output.key.as_bytes(), output.value);
            records.push(&OutputRecord { topic: topic_of(output.topic), partition, key, value });
        })?;
        if missing > 0 {
            tracing::warn!(partition, batch, missing, "outputs without their records are left out");
            metrics::counter!("accolade_outputs_missing_total").increment(u64::from(missing));
        }
        Ok(true)
    }
}

const fn topic_of(topic: Topic) -> OutputTopic {
    match topic {
        Topic::Eligible => OutputTopic::Eligible,
        Topic::Calculated => OutputTopic::Calculated,
        Topic::Balances => OutputTopic::Balances,
        Topic::DeadLetters => OutputTopic::DeadLetters,
    }
}

/// Who stands behind subjects, as far as anybody asked.
#[derive(Debug, Default)]
struct Names(Mutex<BTreeMap<u16, NamesOfOne>>);

/// Those of one partition: the next ordinal to ask from, and operator and player by subject.
type NamesOfOne = (Ordinal, BTreeMap<Subject, (u32, String)>);

/// What helps where records are not at hand.
struct BesideLog<'a> {
    feed: &'a dyn Feed,
    names: &'a Names,
}

impl Aside for BesideLog<'_> {
    fn player(&self, partition: u16, operator: u32, subject: Subject) -> Option<(String, String)> {
        let mut all = self.names.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (from, known) = all.entry(partition).or_default();
        if !known.contains_key(&subject) {
            let mut next = *from;
            self.feed.subjects(partition, *from, &mut |player| {
                known.insert(player.subject, (player.operator, player.player.to_owned()));
                next = player.ordinal + 1;
            });
            *from = next;
        }
        let (_, player) = known.get(&subject).filter(|(other, _)| *other == operator)?;
        let id = self.feed.rules().operator_numbered(operator)?.id.to_string();
        Some((id, player.clone()))
    }

    fn dead_letter(&self, place: Place, read: &mut dyn FnMut(&Record<'_>)) -> bool {
        self.feed.dead_letter(place, read).unwrap_or(false)
    }
}
