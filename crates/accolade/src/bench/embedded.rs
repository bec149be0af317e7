//! Benchmarks of the node in process: rate, latency, restart, replay, memory and disk.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use accolade_domain::amount::Points;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::intake::{Caller, Intake, Refused, Submission};
use accolade_storage::host::Host;
use accolade_storage::node::{Node, NodeOptions};
use accolade_wire::control::Control;
use accolade_wire::record::{Kind, Record, Source};
use anyhow::Context;
use hdrhistogram::Histogram;

use super::load::{Load, OPERATOR, PLAIN, Pace};

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(since.as_micros() as i64)
}

/// A caller that only counts.
#[derive(Debug)]
struct Counting {
    /// Records of each submission.
    chunk: u64,
    durable: AtomicU64,
    /// Those that were taken in, and refused after all.
    refused: AtomicU64,
}

impl Counting {
    /// How many are durable; fails where any were refused, since nobody would ever hear the rest.
    fn durable_so_far(&self) -> anyhow::Result<u64> {
        let refused = self.refused.load(Ordering::Relaxed);
        anyhow::ensure!(refused == 0, "the node refused {refused} events that it had taken in");
        Ok(self.durable.load(Ordering::Relaxed))
    }
}

impl Caller for Counting {
    fn durable(&self) {
        self.durable.fetch_add(self.chunk, Ordering::Relaxed);
    }
    fn refused(&self, _: Refused) {
        self.refused.fetch_add(self.chunk, Ordering::Relaxed);
    }
    fn applied(&self, _: usize, _: &Outcome, _: Option<Points>) {}
}

/// A caller that measures the time from the intended sending to the visible balance.
#[derive(Debug)]
struct Timing {
    counting: Arc<Counting>,
    intended: Instant,
    left: AtomicUsize,
    latencies: Arc<Mutex<Histogram<u64>>>,
}

impl Caller for Timing {
    fn durable(&self) {
        self.counting.durable();
    }
    fn refused(&self, why: Refused) {
        self.counting.refused(why);
    }
    fn applied(&self, _: usize, _: &Outcome, _: Option<Points>) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            let micros = self.intended.elapsed().as_micros() as u64;
            if let Ok(mut latencies) = self.latencies.lock() {
                latencies.saturating_record(micros);
            }
        }
    }
}

/// A caller that a thread waits for.
#[derive(Debug, Default)]
struct Waiting(Mutex<bool>, std::sync::Condvar);

impl Waiting {
    fn wait(&self) {
        let done = self.0.lock().expect("nobody panics with it");
        drop(self.1.wait_while(done, |done| !*done));
    }
    fn finish(&self) {
        *self.0.lock().expect("nobody panics with it") = true;
        self.1.notify_all();
    }
}

impl Caller for Waiting {
    fn durable(&self) {}
    fn refused(&self, _: Refused) {
        self.finish();
    }
    fn applied(&self, _: usize, _: &Outcome, _: Option<Points>) {
        self.finish();
    }
}

/// Has a control record carried out, and waits for it.
pub(crate) fn control(node: &dyn Host, control: &Control) -> anyhow::Result<()> {
    let body = serde_json::to_vec(control)?;
    let (kind, source, operator) = (Kind::Control, Source::Node, "");
    let mut records = Vec::new();
    Record { kind, source, operator, received_at: now(), origin: None, body: &body }
        .write(&mut records);
    let waiting = Arc::new(Waiting::default());
    let parts = vec![(None, records.len() as u32)];
    let caller = Arc::clone(&waiting) as Arc<dyn Caller>;
    node.submit(Submission {
        records,
        parts,
        known: Vec::new(),
        caller,
        wants_outcomes: true,
        taken_at: Instant::now(),
        trace: None,
    })?;
    waiting.wait();
    Ok(())
}

/// A node with the benchmark's operator and the plain program.
pub(crate) fn start(options: NodeOptions) -> anyhow::Result<Node> {
    start_by(options, PLAIN)
}

/// A node with the benchmark's operator and `program`.
pub(crate) fn start_by(options: NodeOptions, program: &str) -> anyhow::Result<Node> {
    let node = Node::start(options).context("the node did not start")?;
    prepare(&node, program)?;
    Ok(node)
}

/// Makes sure of the benchmark's operator and its program.
pub(crate) fn prepare(node: &dyn Host, program: &str) -> anyhow::Result<()> {
    if node.rules().operator(OPERATOR).is_none() {
        founding(program, now()).iter().try_for_each(|founded| control(node, founded))?;
    }
    Ok(())
}

/// What makes the benchmark's operator, and its program since ever.
pub(crate) fn founding(program: &str, at: Timestamp) -> [Control; 2] {
    let (operator, key_hash) = (OPERATOR.to_string(), String::new());
    let publish = Control::Publish {
        operator: OPERATOR.into(),
        edited_from: 0,
        effective_from: 0,
        why: "benchmark".into(),
        who: "accolade bench".into(),
        published_at: at.micros(),
        document: program.into(),
        zone: vec![(0, 3_600)],
    };
    [Control::Operator { operator, key_hash, events_per_second: 0 }, publish]
}

/// What a run at a rate, or as fast as it goes, has shown.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) events: u64,
    pub(crate) seconds: f64,
    /// Events that were durable at the end of each second.
    pub(crate) by_second: Vec<u64>,
    pub(crate) late_max_ms: f64,
    /// Events that the node refused as busy: open loop, they are lost to the figure.
    pub(crate) dropped: u64,
    pub(crate) latencies: Histogram<u64>,
}

/// Events that may be on their way to the disk where no rate is given.
const WINDOW: u64 = 100_000;
/// Bytes that may be durable and not folded where no rate is given.
const LAG_BYTES_MAX: usize = 100 << 20;

/// Sends `events` wagers, `rate` a second (open loop: by the clock, whatever comes back), or as fast as
/// the node takes them where `rate` is 0. One submission in `sampled` is timed to its visible balance.
pub(crate) fn run(
    node: &Node,
    load: &mut Load,
    events: u64,
    rate: u64,
    chunk: usize,
    sampled: u64,
) -> anyhow::Result<Run> {
    let (durable, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    let counting = Arc::new(Counting { chunk: chunk as u64, durable, refused });
    let latencies = Arc::new(Mutex::new(Histogram::new_with_bounds(1, 600_000_000, 3)?));
    let began = Instant::now();
    let mut pace = Pace::begin(rate);
    let mut by_second = Vec::new();
    let (mut sent, mut number, mut dropped) = (0_u64, 0_u64, 0_u64);
    while sent < events {
        let due = if rate > 0 {
            pace.wait(sent)
        } else {
            while sent - dropped - counting.durable_so_far()? > WINDOW
                || node.lag_bytes() > LAG_BYTES_MAX
            {
                std::thread::sleep(Duration::from_micros(300));
            }
            Instant::now()
        };
        let is_timed = sampled > 0 && number % sampled == 0;
        let caller: Arc<dyn Caller> = if is_timed {
            let (left, latencies) = (AtomicUsize::new(chunk), Arc::clone(&latencies));
            let counting = Arc::clone(&counting);
            Arc::new(Timing { counting, intended: due, left, latencies })
        } else {
            Arc::clone(&counting) as Arc<dyn Caller>
        };
        match submit(node, load, now(), chunk, due, caller, is_timed) {
            Ok(()) => {}
            Err(Refused::Busy) => dropped += chunk as u64,
            Err(other) => anyhow::bail!("the node refused: {other}"),
        }
        sent += chunk as u64;
        number += 1;
        while began.elapsed().as_secs() as usize > by_second.len() {
            by_second.push(counting.durable.load(Ordering::Relaxed));
        }
    }
    while counting.durable_so_far()? + dropped < sent || node.lag_bytes() > 0 {
        std::thread::sleep(Duration::from_micros(200));
    }
    let seconds = began.elapsed().as_secs_f64();
    let late_max_ms = pace.late_max_ms();
    let latencies = latencies.lock().expect("nobody panics with it").clone();
    Ok(Run { events: sent - dropped, seconds, by_second, late_max_ms, dropped, latencies })
}

/// Sends the next `chunk` wagers together, made at `at`, which were due at `due`.
pub(crate) fn submit(
    node: &Node,
    load: &mut Load,
    at: Timestamp,
    chunk: usize,
    due: Instant,
    caller: Arc<dyn Caller>,
    wants_outcomes: bool,
) -> Result<(), Refused> {
    let (partitions, key) = (node.partitions(), node.hash_key());
    let mut records = Vec::with_capacity(chunk * 360);
    let made = (0..chunk).map(|_| load.record(at, partitions, Some(&key), &mut records));
    let (parts, known) = made.unzip();
    let (taken_at, trace) = (due, None);
    node.submit(Submission { records, parts, known, caller, wants_outcomes, taken_at, trace })
}

/// Bytes of memory that the process holds.
pub(crate) fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * 4096
}

/// Bytes of each folder of a data directory, as allocated on disk.
pub(crate) fn disk_bytes(data_dir: &Path) -> Vec<(String, u64)> {
    use std::os::unix::fs::MetadataExt;
    fn below(path: &Path) -> u64 {
        let Ok(entries) = std::fs::read_dir(path) else { return 0 };
        entries
            .flatten()
            .map(|entry| match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => below(&entry.path()),
                Ok(metadata) => metadata.blocks() * 512,
                Err(_) => 0,
            })
            .sum()
    }
    let folders = ["log", "journal", "lookup", "pages", "state", "links", "dead-letters"];
    folders.iter().map(|name| ((*name).to_string(), below(&data_dir.join(name)))).collect()
}

/// A fresh directory for one benchmark, removed afterwards.
#[derive(Debug)]
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(parent: &Path, name: &str) -> anyhow::Result<Self> {
        let path = parent.join(format!("accolade-bench-{name}-{}", std::process::id()));
        if path.exists() {
            std::fs::remove_dir_all(&path)?;
        }
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_timed_is_counted_and_a_refusal_ends_the_run() {
        let (durable, refused) = (AtomicU64::new(0), AtomicU64::new(0));
        let counting = Arc::new(Counting { chunk: 10, durable, refused });
        let latencies = Histogram::new_with_bounds(1, 600_000_000, 3).unwrap();
        let timing = Timing {
            counting: Arc::clone(&counting),
            intended: Instant::now(),
            left: AtomicUsize::new(10),
            latencies: Arc::new(Mutex::new(latencies)),
        };
        counting.durable();
        timing.durable();
        assert_eq!(counting.durable_so_far().unwrap(), 20);
        timing.refused(Refused::Uncertain);
        let error = counting.durable_so_far().unwrap_err().to_string();
        assert_eq!(error, "the node refused 10 events that it had taken in");
    }
}
