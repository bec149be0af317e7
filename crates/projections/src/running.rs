//! A projection as it runs beside a node: a thread of its own that nothing waits for.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use accolade_engine::feed::Feed;
use metrics::{counter, gauge};
use tokio::sync::watch;

use crate::following::Following;
use crate::position::age_of;
use crate::sink::{Behind, Positions, Refused, Sink};
use crate::standing::Standing;

/// A running projection. It ends with [`Projection::stop`], or when it is dropped.
#[derive(Debug)]
pub struct Projection {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// How a projection is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether the sink answers.
    pub is_connected: bool,
    /// Batches of the partitions here that are folded and not written; `None` as long as the sink has not
    /// said where it stands.
    pub lag_batches: Option<u64>,
    /// The age of the oldest of them; the time since the start where they are not known.
    pub lag: Duration,
    /// Records of the sink that were written since the start.
    pub records: u64,
    /// Records that the sink has refused for good since the start.
    pub refused: u64,
    /// The next batch of each partition, as the sink has it.
    pub progress: BTreeMap<u16, u64>,
    /// Why it does not go on at this moment: as a whole, or one partition.
    pub trouble: Vec<String>,
}

impl Status {
    /// Whether everything that is folded is written.
    pub fn is_caught_up(&self) -> bool {
        self.is_connected && self.lag_batches == Some(0) && self.trouble.is_empty()
    }
}

/// What the thread and those who ask it share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) name: &'static str,
    pub(crate) feed: Arc<dyn Feed>,
    began: Instant,
    now: Mutex<Now>,
}

#[derive(Debug, Default)]
struct Now {
    is_connected: bool,
    positions: Option<Positions>,
    records: u64,
    refused: u64,
    /// Why nothing was written when it was last tried, until something goes well again.
    error: Option<String>,
    standing: Standing,
    /// Something was written since the last error.
    went_well: bool,
}

impl Projection {
    /// Begins to write to `sink` what `feed` has, from where the sink stands. `name` is what people call it.
    pub fn start<S: Sink>(name: &'static str, sink: S, feed: Arc<dyn Feed>) -> io::Result<Self> {
        let (began, now) = (Instant::now(), Mutex::default());
        let shared = Arc::new(Shared { name, feed, began, now });
        let (stop, mut stopped) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let inner = Arc::clone(&shared);
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    // An error says that whoever could tell is gone.
                    _ = stopped.wait_for(|stopped| *stopped) => {}
                    () = Following::new(sink, inner).run() => {}
                }
            });
        };
        let thread = std::thread::Builder::new().name(name.into()).spawn(run)?;
        Ok(Self { shared, stop, thread: Mutex::new(Some(thread)) })
    }

    /// What people call it.
    pub fn name(&self) -> &'static str {
        self.shared.name
    }

    /// How it is. Reads a little of the journal where it lags.
    pub fn status(&self) -> Status {
        let mut status = self.shared.status();
        if self.thread().as_ref().is_some_and(JoinHandle::is_finished) {
            status.is_connected = false;
            status.trouble.insert(0, "it ended with a panic".into());
        }
        status
    }

    /// Sets `accolade_projection_*` to how it is, for whoever reads metrics next.
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    pub fn set_gauges(&self) {
        let Status { is_connected, lag_batches, lag, trouble, .. } = self.status();
        let name = self.shared.name;
        gauge!("accolade_projection_lag_seconds", "projection" => name).set(lag.as_secs_f64());
        if let Some(batches) = lag_batches {
            gauge!("accolade_projection_lag_batches", "projection" => name).set(batches as f64);
        }
        let connected = f64::from(u8::from(is_connected));
        gauge!("accolade_projection_connected", "projection" => name).set(connected);
        gauge!("accolade_projection_standing", "projection" => name).set(trouble.len() as f64);
    }

    /// Ends at once, or as soon as the sink can be left. What was not committed is written again by whoever
    /// comes next.
    pub fn stop(&self) {
        self.stop.send_replace(true);
        let thread = self.thread().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!(projection = self.shared.name, "the projection ended with a panic");
        }
    }

    fn thread(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Projection {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sink has said where it stands.
    pub(crate) fn stands_at(&self, positions: &Positions) {
        let mut now = self.now();
        if !now.is_connected {
            tracing::info!(projection = self.name, "the projection is connected");
        }
        now.is_connected = true;
        now.positions = Some(positions.clone());
    }

    /// It stands there now, with as many records more.
    pub(crate) fn progressed(&self, positions: &Positions, records: u64, refused: &[Refused]) {
        for Refused { partition, batch, what, why } in refused {
            let projection = self.name;
            tracing::error!(
                projection,
                partition,
                batch,
                what,
                why,
                "a record is refused for good and was left out"
            );
        }
        let lost = refused.len() as u64;
        counter!("accolade_projection_records_total", "projection" => self.name).increment(records);
        counter!("accolade_projection_refused_total", "projection" => self.name).increment(lost);
        let mut now = self.now();
        now.positions = Some(positions.clone());
        now.records += records;
        now.refused += lost;
        (now.went_well, now.error) = (true, None);
    }

    /// Everything that can be written is.
    pub(crate) fn has_nothing_to_do(&self) {
        self.now().error = None;
    }

    /// Looks at what holds partitions, or changes it.
    pub(crate) fn standing<T>(&self, with: impl FnOnce(&mut Standing) -> T) -> T {
        with(&mut self.now().standing)
    }

    /// Nothing can be written for now; says whether anything went well before.
    pub(crate) fn failed(&self, error: String) -> bool {
        let mut now = self.now();
        now.is_connected = false;
        now.error = Some(error);
        std::mem::take(&mut now.went_well)
    }

    /// Partitions that are folded further than they are written: how far both are, and what keeps them.
    pub(crate) fn behind(&self) -> Vec<Behind> {
        let (positions, error, standing) = {
            let now = self.now();
            let Some(positions) = now.positions.clone() else { return Vec::new() };
            (positions, now.error.clone(), now.standing.shown())
        };
        let owned = self.feed.owned().into_iter();
        let behind = owned.filter_map(|partition| {
            let next = positions.get(&partition)?.next;
            let end = self.feed.end(partition).filter(|end| *end > next)?;
            let trouble = standing.get(&partition).cloned().or_else(|| error.clone());
            Some(Behind { partition, next, end, trouble })
        });
        behind.collect()
    }

    fn status(&self) -> Status {
        let mut status = {
            let now = self.now();
            let standing = now.standing.shown().into_iter();
            let standing = standing.map(|(partition, why)| format!("partition {partition}, {why}"));
            let positions = now.positions.iter().flatten();
            Status {
                is_connected: now.is_connected,
                lag_batches: now.positions.as_ref().map(|_| 0),
                lag: self.began.elapsed(),
                records: now.records,
                refused: now.refused,
                progress: positions.map(|(partition, at)| (*partition, at.next)).collect(),
                trouble: now.error.clone().into_iter().chain(standing).collect(),
            }
        };
        let Some(lag_batches) = &mut status.lag_batches else { return status };
        status.lag = Duration::ZERO;
        for partition in self.feed.owned() {
            let next = status.progress.get(&partition).copied().unwrap_or(1);
            let end = self.feed.end(partition).unwrap_or(next);
            if next < end {
                *lag_batches += end - next;
                status.lag = status.lag.max(age_of(&*self.feed, partition, next));
            }
        }
        status
    }
}
