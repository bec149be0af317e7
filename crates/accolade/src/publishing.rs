//! Publishes what was folded to the output topics, a transaction at a time.
//!
//! Where the node's copy of the log has a gap, records are read from Kafka again. Where they are gone from
//! there too, the partition stands, and says so: nothing is left out in silence.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use accolade_cluster::ClusterNode;
use accolade_domain::ledger::{Place, Subject};
use accolade_engine::feed::Feed;
use accolade_engine::ordered::LogFailed;
use accolade_engine::players::Ordinal;
use accolade_kafka::config::OutputTopic;
use accolade_kafka::outputs::{Lost, OutputRecord, OutputRecords, PublishFailed, Publisher, Taken};
use accolade_server::outlets::{Outlet, OutletState};
use accolade_server::outputs::{Aside, Topic, Wanted, outputs_of};
use accolade_wire::bytes::Cursor;
use accolade_wire::record::{Record, Slice};

/// The time between two transactions.
const EVERY: Duration = Duration::from_millis(20);
/// Before publishing is begun again after a failure.
const PAUSE: Duration = Duration::from_millis(200);
/// Bytes of outputs in one transaction, after which the rest waits for the next.
const BYTES_MAX: usize = 8 << 20;

/// Before a partition that stands is looked at again.
const STANDS: Duration = Duration::from_secs(10);

/// The thread that publishes.
#[derive(Debug)]
pub(crate) struct Publishing {
    stop: Arc<AtomicBool>,
    progress: Arc<Mutex<Progress>>,
    feed: Arc<dyn Feed>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// How far publishing is.
#[derive(Debug, Default)]
struct Progress {
    /// The batch whose outputs leave next, by partition.
    next: BTreeMap<u16, u64>,
    /// Why partitions stand, and since when nobody has looked again.
    standing: BTreeMap<u16, (Instant, String)>,
    /// Why nothing leaves at all.
    failure: Option<String>,
    /// Records that brokers have refused for good.
    lost: u64,
}

/// Where outputs go.
trait Publish: Send {
    fn begin(&mut self, taken: &[Taken<'_>]) -> Result<Vec<u64>, PublishFailed>;

    fn publish(
        &mut self,
        positions: &[(u16, u64)],
        records: &OutputRecords,
    ) -> Result<Vec<Lost>, PublishFailed>;
}

impl Publish for Publisher {
    fn begin(&mut self, taken: &[Taken<'_>]) -> Result<Vec<u64>, PublishFailed> {
        Self::begin(self, taken)
    }

    fn publish(
        &mut self,
        positions: &[(u16, u64)],
        records: &OutputRecords,
    ) -> Result<Vec<Lost>, PublishFailed> {
        Self::publish(self, positions, records)
    }
}

/// Who has the partitions.
trait Owner: Send + Sync {
    fn former_owner(&self, partition: u16) -> Option<String>;
    fn first_batch(&self, partition: u16) -> Option<u64>;
    fn published(&self, partition: u16, next_batch: u64);
    fn reread(&self, partition: u16, batch: u64) -> Result<Vec<u8>, LogFailed>;
}

impl Owner for ClusterNode {
    fn former_owner(&self, partition: u16) -> Option<String> {
        self.former_owner(partition)
    }

    fn first_batch(&self, partition: u16) -> Option<u64> {
        self.first_batch(partition)
    }

    fn published(&self, partition: u16, next_batch: u64) {
        self.published(partition, next_batch);
    }

    fn reread(&self, partition: u16, batch: u64) -> Result<Vec<u8>, LogFailed> {
        self.reread(partition, batch)
    }
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
        let outputs = Outputs::new(Box::new(publisher), node, Arc::clone(&feed), wanted);
        let progress = Arc::clone(&outputs.progress);
        let run = move || outputs.run(&stopped);
        let thread = std::thread::Builder::new().name("publishing".into()).spawn(run)?;
        Ok(Self { stop, progress, feed, thread: Mutex::new(Some(thread)) })
    }

    /// Publishes nothing more.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        let thread = lock(&self.thread).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that publishes panicked");
        }
    }
}

impl Outlet for Publishing {
    fn state(&self) -> OutletState {
        let progress = lock(&self.progress);
        let lag = self.feed.owned().into_iter().map(|partition| {
            let next = progress.next.get(&partition)?;
            Some(self.feed.end(partition)?.saturating_sub(*next))
        });
        let standing = progress.standing.iter();
        let standing =
            standing.map(|(partition, (_, why))| format!("partition {partition}, {why}"));
        OutletState {
            name: "kafka".into(),
            is_connected: progress.failure.is_none(),
            lag_batches: lag.sum(),
            lag_ms: 0,
            records: 0,
            lost: progress.lost,
            trouble: progress.failure.iter().cloned().chain(standing).collect(),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    fn set_gauges(&self) {
        let OutletState { name, lag_batches, trouble, .. } = self.state();
        if let Some(batches) = lag_batches {
            metrics::gauge!("accolade_projection_lag_batches", "projection" => name.clone())
                .set(batches as f64);
        }
        metrics::gauge!("accolade_projection_standing", "projection" => name)
            .set(trouble.len() as f64);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Outputs {
    publisher: Box<dyn Publish>,
    node: Arc<dyn Owner>,
    feed: Arc<dyn Feed>,
    wanted: Wanted,
    progress: Arc<Mutex<Progress>>,
    /// The batch whose outputs leave next, by partition.
    next: BTreeMap<u16, u64>,
    /// The partition that comes first.
    turn: u16,
    records: OutputRecords,
    names: Names,
}

impl Outputs {
    fn new(
        publisher: Box<dyn Publish>,
        node: Arc<dyn Owner>,
        feed: Arc<dyn Feed>,
        wanted: Wanted,
    ) -> Self {
        Self {
            publisher,
            node,
            feed,
            wanted,
            progress: Arc::default(),
            next: BTreeMap::new(),
            turn: 0,
            records: OutputRecords::default(),
            names: Names::default(),
        }
    }

    fn run(mut self, stop: &AtomicBool) {
        let mut began = Instant::now();
        while !stop.load(Ordering::Acquire) {
            std::thread::sleep(EVERY.saturating_sub(began.elapsed()));
            began = Instant::now();
            let published = self.publish();
            self.note(published.as_ref().err());
            if let Err(error) = published {
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
        let lost = self.publisher.publish(&positions, &records)?;
        let left = records.len() - lost.len();
        metrics::counter!("accolade_outputs_total").increment(left as u64);
        self.tell_lost(&lost);
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
        if self.was_just_looked_at(partition) {
            return at;
        }
        while at < end && records.bytes() < BYTES_MAX {
            let whole = records.len();
            match self.outputs(partition, at, records) {
                Ok(true) => self.stands(partition, None),
                // The journal may be a moment behind.
                Ok(false) => break,
                Err(error) => {
                    records.truncate(whole);
                    self.stands(partition, Some(format!("batch {at}: {error:#}")));
                    break;
                }
            }
            at += 1;
        }
        at
    }

    /// Whether a partition stands for a reason that a moment does not change.
    fn was_just_looked_at(&self, partition: u16) -> bool {
        let progress = lock(&self.progress);
        progress.standing.get(&partition).is_some_and(|(at, _)| at.elapsed() < STANDS)
    }

    fn stands(&self, partition: u16, why: Option<String>) {
        let mut progress = lock(&self.progress);
        let Some(why) = why else {
            if progress.standing.remove(&partition).is_some() {
                tracing::info!(partition, "its outputs leave again");
            }
            return;
        };
        let before = progress.standing.insert(partition, (Instant::now(), why.clone()));
        if before.is_none_or(|(_, before)| before != why) {
            tracing::error!(partition, why, "no outputs leave any more; points go on");
        }
    }

    /// Shows how far publishing is, and why nothing leaves.
    fn note(&self, failed: Option<&PublishFailed>) {
        let mut progress = lock(&self.progress);
        progress.failure = failed.map(ToString::to_string);
        if failed.is_none() {
            progress.next.clone_from(&self.next);
            progress.standing.retain(|partition, _| self.next.contains_key(partition));
        }
    }

    /// Whoever reads a topic misses these, so it is said of each.
    fn tell_lost(&self, lost: &[Lost]) {
        lock(&self.progress).lost += lost.len() as u64;
        for Lost { topic, partition, batch, bytes, why } in lost {
            tracing::error!(
                ?topic,
                partition,
                batch,
                bytes,
                why,
                "an output is refused for good and was left out"
            );
        }
        metrics::counter!("accolade_outputs_lost_total").increment(lost.len() as u64);
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
        let whole = records.len();
        let copied = self.feed.records(partition, batch).unwrap_or_else(|error| {
            tracing::warn!(partition, batch, %error, "the copy of the log cannot be read");
            None
        });
        let has_all = match self.derive(&journal, copied.as_deref(), records) {
            Ok(missing) => missing == 0,
            Err(error) => {
                tracing::warn!(partition, batch, %error, "the copy of the log does not fit");
                false
            }
        };
        if !has_all {
            records.truncate(whole);
            let reread = self.node.reread(partition, batch)?;
            self.derive(&journal, Some(&reread), records)?;
            tracing::info!(partition, batch, "records were read from Kafka again");
            metrics::counter!("accolade_outputs_reread_total").increment(1);
        }
        Ok(true)
    }

    /// Adds the outputs that `log` has the records of, or the journal alone tells; returns how many
    /// records have others.
    fn derive(
        &self,
        journal: &Slice<'_>,
        log: Option<&[u8]>,
        records: &mut OutputRecords,
    ) -> anyhow::Result<u32> {
        let read = |bytes| Slice::read_unchecked(&mut Cursor::new(bytes, "slice"));
        let log = log.map(read).transpose()?;
        let aside = BesideLog { feed: &*self.feed, names: &self.names };
        let missing = outputs_of(journal, log.as_ref(), self.wanted, &aside, &mut |output| {
            let (topic, partition, batch) =
                (topic_of(output.topic), output.place.partition, output.place.batch);
            let (key, value) = (output.key.as_bytes(), output.value);
            records.push(&OutputRecord { topic, partition, batch, key, value });
        })?;
        Ok(missing)
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
        let mut all = lock(&self.names.0);
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
        self.feed.dead_letter(place, read).unwrap_or_else(|error| {
            tracing::warn!(?place, %error, "a dead letter cannot be read");
            false
        })
    }
}

#[cfg(test)]
mod tests;
