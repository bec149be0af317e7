//! What the machine can do in this hour, measured without Accolade's own code: a figure of a shared machine says
//! something only beside it.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::hint::black_box;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use accolade_engine::disk::{Disk, DiskFile};
use accolade_storage::disk::RealDisk;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use siphasher::sip128::{Hasher128, SipHasher13 as SipHasher13x128};

use super::Sizes;
use super::embedded::{Scratch, now};
use super::load::Load;
use super::report::Report;

/// The name under which the figures stand.
pub(crate) const NAME: &str = "ref";
/// What the pipeline's row is called, followed by how many events went through.
const PIPELINE: &str = "bare pipeline";

/// Measures disk, memory, hashing, scanning, and a bare pipeline of all of them.
pub(crate) fn reference(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let (p50, p99) = super::report::fsync_micros(&sizes.dir)?;
    report.row(NAME, "durable write of 64 KiB, p50", p50 as f64 / 1e3, "ms", None);
    report.row(NAME, "durable write of 64 KiB, p99", p99 as f64 / 1e3, "ms", None);
    report.row(NAME, "memory, copied by one core", copied_gib_per_second(), "GiB/s", None);
    report.row(NAME, "SHA-256 of one core", hashed_mib_per_second(), "MiB/s", None);
    report.row(NAME, "JSON scanned by one core", scanned_mib_per_second(), "MiB/s", None);
    let events = sizes.burst.min(10_000_000);
    let rate = pipeline(sizes, events)?;
    let what = format!("{PIPELINE}, {} M wagers", events / 1_000_000);
    report.row(NAME, what, rate, "events/s", None);
    Ok(())
}

/// The rate of the bare pipeline, where it was measured in the same call.
pub(crate) fn pipeline_in(report: &Report) -> Option<f64> {
    report.figure(NAME, PIPELINE)
}

/// How many units a second `once` does, which says how many it did; for about a second.
fn rate(mut once: impl FnMut() -> usize) -> f64 {
    let began = Instant::now();
    let mut units = 0;
    while began.elapsed().as_secs_f64() < 1.0 {
        units += once();
    }
    units as f64 / began.elapsed().as_secs_f64()
}

/// Far more than the processor's caches hold.
const MEMORY_BYTES: usize = 256 << 20;

fn copied_gib_per_second() -> f64 {
    let from = vec![1_u8; MEMORY_BYTES];
    let mut to = vec![2_u8; MEMORY_BYTES];
    let copied = rate(|| {
        to.copy_from_slice(black_box(&from));
        black_box(&mut to).len()
    });
    copied / f64::from(1 << 30)
}

fn hashed_mib_per_second() -> f64 {
    let bytes = vec![7_u8; 1 << 20];
    let hashed = rate(|| {
        black_box(Sha256::digest(black_box(&bytes)));
        bytes.len()
    });
    hashed / f64::from(1 << 20)
}

fn scanned_mib_per_second() -> f64 {
    let mut load = Load::new(11, 1_000_000);
    let at = now();
    let wagers: Vec<Vec<u8>> = (0..1_000).map(|_| load.wager(at).to_vec()).collect();
    let scanned = rate(|| {
        for wager in &wagers {
            black_box(parse(wager));
        }
        wagers.iter().map(Vec::len).sum()
    });
    scanned / f64::from(1 << 20)
}

/// What the pipeline reads of a wager.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parsed<'a> {
    wager_id: &'a str,
    player_id: &'a str,
    operator_id: &'a str,
    game_id: &'a str,
    game_category: &'a str,
    wager_amount: f64,
    win_amount: f64,
    currency: &'a str,
    player_segment: &'a str,
    jurisdiction: &'a str,
    timestamp: &'a str,
}

fn parse(wager: &[u8]) -> Parsed<'_> {
    serde_json::from_slice(wager).expect("the load is valid")
}

/// Wagers one after the other, and where each stands, with the number of the fold that takes it.
#[derive(Debug, Default)]
struct Wagers {
    bytes: Vec<u8>,
    each: Vec<(usize, Range<usize>)>,
}

impl Wagers {
    fn add(&mut self, fold: usize, wager: &[u8]) {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(wager);
        self.each.push((fold, from..self.bytes.len()));
    }
}

/// As many folds as a node has on this machine.
fn fold_count() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Wagers that are made together.
const CHUNK: usize = 500;
/// Bytes that are made durable together, at the most.
const FRAME_BYTES: usize = 4 << 20;
/// The file is written over again from its beginning, so that no more disk is needed than this.
const FILE_BYTES: u64 = 1 << 30;
/// Chunks or frames that wait for the next thread.
const WAITING: usize = 8;

/// Events a second through a pipeline without any rule: wagers are made; appended and synced; parsed; their ids
/// put into one map and their players' balances into another; and an entry is chained by SHA-256 for each.
fn pipeline(sizes: &Sizes, events: u64) -> anyhow::Result<f64> {
    let scratch = Scratch::new(&sizes.dir, "reference")?;
    let file = RealDisk::open(&scratch.0)?.create("frames", FILE_BYTES)?;
    let began = Instant::now();
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let (made, to_write) = sync_channel(WAITING);
        let (frames, to_fold): (Vec<_>, Vec<_>) =
            (0..fold_count()).map(|_| sync_channel::<Arc<Wagers>>(WAITING)).unzip();
        for (number, frames) in to_fold.into_iter().enumerate() {
            scope.spawn(move || fold(number, &frames));
        }
        let written = scope.spawn(move || write(&*file, &to_write, &frames));
        make(sizes.players, events, made);
        Ok(written.join().expect("the writer does not panic")?)
    })?;
    Ok(events as f64 / began.elapsed().as_secs_f64())
}

fn make(players: u64, events: u64, made: SyncSender<Wagers>) {
    let mut load = Load::new(12, players);
    let folds = fold_count();
    let mut left = events;
    while left > 0 {
        let mut chunk = Wagers::default();
        let at = now();
        for _ in 0..left.min(CHUNK as u64) {
            let (player, wager) = load.wager_with_player(at);
            chunk.add(player as usize % folds, wager);
        }
        left -= chunk.each.len() as u64;
        if made.send(chunk).is_err() {
            return;
        }
    }
}

fn write(
    file: &dyn DiskFile,
    made: &Receiver<Wagers>,
    folds: &[SyncSender<Arc<Wagers>>],
) -> std::io::Result<()> {
    let mut at = 0;
    while let Ok(mut frame) = made.recv() {
        while frame.bytes.len() < FRAME_BYTES
            && let Ok(more) = made.try_recv()
        {
            let before = frame.bytes.len();
            frame.bytes.extend_from_slice(&more.bytes);
            let moved = |(fold, range): (usize, Range<usize>)| {
                (fold, before + range.start..before + range.end)
            };
            frame.each.extend(more.each.into_iter().map(moved));
        }
        if at + frame.bytes.len() as u64 > FILE_BYTES {
            at = 0;
        }
        file.write_at(&frame.bytes, at)?;
        at += frame.bytes.len() as u64;
        file.sync()?;
        let frame = Arc::new(frame);
        for fold in folds {
            // A fold ends only with the frames.
            drop(fold.send(Arc::clone(&frame)));
        }
    }
    Ok(())
}

/// Keys of the maps are hashes already.
#[derive(Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are whole numbers");
    }
    fn write_u128(&mut self, hash: u128) {
        self.0 = hash as u64;
    }
}

type ByHash = BuildHasherDefault<Hashed>;

fn hash(text: &str) -> u128 {
    let mut hasher = SipHasher13x128::new_with_keys(1, 2);
    hasher.write(text.as_bytes());
    hasher.finish128().as_u128()
}

fn fold(number: usize, frames: &Receiver<Arc<Wagers>>) {
    let mut ids: HashSet<u128, ByHash> = HashSet::default();
    let mut balances: HashMap<u128, (i64, [u8; 32]), ByHash> = HashMap::default();
    while let Ok(frame) = frames.recv() {
        for (_, range) in frame.each.iter().filter(|(fold, _)| *fold == number) {
            let wager = parse(&frame.bytes[range.clone()]);
            let id = hash(wager.wager_id);
            if !ids.insert(id) {
                continue;
            }
            let points = (wager.wager_amount * 10.0) as i64;
            let (balance, head) = balances.entry(hash(wager.player_id)).or_default();
            *balance += points;
            let mut entry = Sha256::new();
            entry.update(*head);
            entry.update(id.to_le_bytes());
            entry.update(points.to_le_bytes());
            entry.update(balance.to_le_bytes());
            for text in [wager.operator_id, wager.game_id, wager.currency, wager.timestamp] {
                entry.update(text.as_bytes());
            }
            *head = entry.finalize().into();
            black_box((wager.game_category, wager.win_amount));
            black_box((wager.player_segment, wager.jurisdiction));
        }
    }
    black_box((ids.len(), balances.len()));
}
