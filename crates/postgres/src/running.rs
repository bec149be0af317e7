//! The projection as it runs beside a node: a thread of its own that nothing waits for.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use accolade_engine::error::in_full;
use accolade_engine::feed::Feed;
use metrics::{counter, gauge};
use tokio::sync::watch;

use crate::group::{Positions, Reader, now, time_of};
use crate::session;
use crate::settings::Settings;

/// The first wait after an error, doubled with each further one.
const BACK_OFF: Duration = Duration::from_millis(100);
const BACK_OFF_MAX: Duration = Duration::from_secs(15);
/// What holds a partition up for less is a moment between the files of the journal.
const HELD_UP: Duration = Duration::from_secs(5);

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
    /// Whether the database answers.
    pub is_connected: bool,
    /// Batches of the partitions here that are folded and not in the tables; `None` as long as the
    /// database has not said where it stands.
    pub lag_batches: Option<u64>,
    /// The age of the oldest of them; the time since the start where they are not known.
    pub lag: Duration,
    /// Rows of the ledger that were written since the start.
    pub rows: u64,
    /// The next batch of each partition, as the database has it.
    pub progress: BTreeMap<u16, u64>,
    /// Why it does not go on at this moment.
    pub trouble: Option<String>,
}

impl Status {
    /// Whether everything that is folded is in the tables.
    pub fn is_caught_up(&self) -> bool {
        self.is_connected && self.lag_batches == Some(0) && self.trouble.is_none()
    }
}

/// What the thread and those who ask it share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) feed: Arc<dyn Feed>,
    began: Instant,
    now: Mutex<Now>,
}

#[derive(Debug, Default)]
struct Now {
    is_connected: bool,
    positions: Option<Positions>,
    rows: u64,
    /// Why the last connection ended, until something goes well again.
    error: Option<String>,
    held: BTreeMap<u16, (Instant, String)>,
    /// Something was written since the last error.
    went_well: bool,
}

/// A partition that is folded further than the tables come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Behind {
    pub(crate) partition: u16,
    /// The next batch.
    pub(crate) next: u64,
    /// The batch after the last one that was folded.
    pub(crate) end: u64,
    /// What keeps it from going on, if anything does.
    pub(crate) trouble: Option<String>,
}

impl Now {
    /// What holds partitions up for longer than a moment.
    fn standing(&self) -> BTreeMap<u16, String> {
        let held = self.held.iter().filter(|(_, (since, _))| since.elapsed() > HELD_UP);
        held.map(|(partition, (_, why))| (*partition, why.clone())).collect()
    }
}

impl Projection {
    /// Begins to project what `feed` has, from where the database stands.
    pub fn start(settings: Settings, feed: Arc<dyn Feed>) -> io::Result<Self> {
        let (began, now) = (Instant::now(), Mutex::default());
        let shared = Arc::new(Shared { settings, feed, began, now });
        let (stop, stopped) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let inner = Arc::clone(&shared);
        let run = move || runtime.block_on(run(inner, stopped));
        let thread = std::thread::Builder::new().name("postgres".into()).spawn(run)?;
        Ok(Self { shared, stop, thread: Mutex::new(Some(thread)) })
    }

    /// How it is. Reads a little of the journal where it lags.
    pub fn status(&self) -> Status {
        let mut status = self.shared.status();
        if self.thread().as_ref().is_some_and(JoinHandle::is_finished) {
            (status.is_connected, status.trouble) = (false, Some("it ended with a panic".into()));
        }
        status
    }

    /// Ends at once. What was not committed is written again by whoever comes next.
    pub fn stop(&self) {
        self.stop.send_replace(true);
        let thread = self.thread().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the projection ended with a panic");
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

async fn run(shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let told = async {
        // An error says that whoever could tell is gone.
        drop(stopped.wait_for(|stopped| *stopped).await);
    };
    tokio::select! {
        () = told => {}
        () = project(&shared) => {}
        () = measure(&shared) => {}
    }
}

async fn project(shared: &Shared) {
    let mut reader = Reader::new(Arc::clone(&shared.feed));
    let mut back_off = BACK_OFF;
    loop {
        let Err(error) = session::run(shared, &mut reader).await;
        if shared.failed(in_full(&error)) {
            back_off = BACK_OFF;
        }
        let error = in_full(&error);
        tracing::warn!(error, back_off_ms = back_off.as_millis(), "the projection waits");
        tokio::time::sleep(back_off).await;
        back_off = (back_off * 2).min(BACK_OFF_MAX);
    }
}

async fn measure(shared: &Shared) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    loop {
        tick.tick().await;
        let status = shared.status();
        gauge!("accolade_projection_lag_seconds", "projection" => "postgres")
            .set(status.lag.as_secs_f64());
        if let Some(batches) = status.lag_batches {
            // A gauge is a float, and counts this high well enough.
            let batches = f64::from(u32::try_from(batches).unwrap_or(u32::MAX));
            gauge!("accolade_projection_lag_batches", "projection" => "postgres").set(batches);
        }
        gauge!("accolade_projection_connected", "projection" => "postgres")
            .set(f64::from(u8::from(status.is_connected)));
        counter!("accolade_projection_rows_total", "projection" => "postgres")
            .absolute(status.rows);
    }
}

impl Shared {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The database has said where it stands.
    pub(crate) fn connected(&self, positions: &Positions) {
        let mut now = self.now();
        now.is_connected = true;
        now.positions = Some(positions.clone());
    }

    /// It stands there now, with as many rows more.
    pub(crate) fn progressed(&self, positions: &Positions, rows: u64) {
        let mut now = self.now();
        now.positions = Some(positions.clone());
        now.rows += rows;
        (now.went_well, now.error) = (true, None);
    }

    /// Everything that can be written is.
    pub(crate) fn has_nothing_to_do(&self) {
        self.now().error = None;
    }

    /// What keeps partitions from going on, each by its own reason.
    pub(crate) fn held_by(&self, held: BTreeMap<u16, String>) {
        let mut now = self.now();
        let mut before = std::mem::take(&mut now.held);
        let since = |(partition, why): (u16, String)| {
            let same = before.remove(&partition).filter(|(_, before)| *before == why);
            (partition, same.unwrap_or_else(|| (Instant::now(), why)))
        };
        now.held = held.into_iter().map(since).collect();
    }

    /// Partitions that are folded further than the tables come: how far both are, and what keeps them.
    pub(crate) fn behind(&self) -> Vec<Behind> {
        let (positions, error, standing) = {
            let now = self.now();
            let Some(positions) = now.positions.clone() else { return Vec::new() };
            (positions, now.error.clone(), now.standing())
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

    /// The connection is over; says whether anything went well before.
    fn failed(&self, error: String) -> bool {
        let mut now = self.now();
        now.is_connected = false;
        now.error = Some(error);
        std::mem::take(&mut now.went_well)
    }

    fn status(&self) -> Status {
        let mut status = {
            let now = self.now();
            let trouble = now.error.clone().or_else(|| {
                let standing = now.standing().into_iter();
                let words =
                    standing.map(|(partition, why)| format!("partition {partition}, {why}"));
                words.reduce(|before, next| format!("{before}; {next}"))
            });
            let positions = now.positions.iter().flatten();
            Status {
                is_connected: now.is_connected,
                lag_batches: now.positions.as_ref().map(|_| 0),
                lag: self.began.elapsed(),
                rows: now.rows,
                progress: positions.map(|(partition, at)| (*partition, at.next)).collect(),
                trouble,
            }
        };
        let Some(lag_batches) = &mut status.lag_batches else { return status };
        status.lag = Duration::ZERO;
        for partition in self.feed.owned() {
            let next = status.progress.get(&partition).copied().unwrap_or(1);
            let end = self.feed.end(partition).unwrap_or(next);
            if next < end {
                *lag_batches += end - next;
                status.lag = status.lag.max(self.age_of(partition, next));
            }
        }
        status
    }

    fn age_of(&self, partition: u16, batch: u64) -> Duration {
        // Why it cannot be read, the projection itself says.
        let Ok(Some(time)) = time_of(&*self.feed, partition, batch) else { return Duration::ZERO };
        let micros = now().micros().saturating_sub(time.micros());
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }
}
