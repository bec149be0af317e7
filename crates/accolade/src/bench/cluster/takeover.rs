//! P13: a node is killed and its disk removed; another takes its partitions over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use accolade_storage::host::{Host, NotHere};
use anyhow::Context;
use hdrhistogram::Histogram;

use super::kafka::Sender;
use super::{Cluster, Told, ask};
use crate::bench::Sizes;
use crate::bench::embedded::now;
use crate::bench::load::Load;
use crate::bench::report::{Bar, Report};
use crate::config::Config;

const PARTITIONS: u16 = 16;
const RATE: u64 = 20_000;
/// The group waits for a node's heartbeat for so long.
const SESSION: Duration = Duration::from_secs(6);
/// Load before the kill, and after it.
const BEFORE: Duration = Duration::from_secs(20);
const AFTER: Duration = Duration::from_secs(25);
/// What of it counts as undisturbed: the last seconds before the kill.
const CALM: Duration = Duration::from_secs(8);

/// An answer.
#[derive(Debug, Clone, Copy)]
struct Answer {
    partition: u16,
    intended: Instant,
    came: Instant,
}

/// Another node, in a process of its own; killed when dropped.
struct Second {
    child: Child,
    data_dir: PathBuf,
}

impl Drop for Second {
    fn drop(&mut self) {
        // It may have been killed already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Second {
    fn start(sizes: &Sizes, cluster: &Cluster) -> anyhow::Result<Self> {
        let config = sizes.cluster.place.config.as_deref().map(Path::to_path_buf);
        let listen = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let data_dir = cluster.scratch.0.join("second");
        let log = std::fs::File::create(cluster.scratch.0.join("second.log"))?;
        let child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .args(config.iter().flat_map(|file| [Path::new("--config"), file]))
            .args(["--listen", &listen, "--data-dir"])
            .arg(&data_dir)
            .env("ACCOLADE_NODE", "second")
            .env("ACCOLADE_ADDRESS", "http://127.0.0.1:0")
            .env("ACCOLADE_TOPIC_PREFIX", &cluster.prefix)
            .env("ACCOLADE_PARTITIONS", PARTITIONS.to_string())
            .env("ACCOLADE_OUTPUTS", "loyalty.balances")
            .env("ACCOLADE_SHIP_TO", &cluster.ship_to)
            .env_remove("ACCOLADE_POSTGRES_URL")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("the second node did not start")?;
        Ok(Self { child, data_dir })
    }
}

/// P13: two nodes, one of which dies.
pub(crate) fn measure(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let ship_every = Config::load(&sizes.cluster.place)?.ship.every_seconds;
    let cluster = Cluster::start(sizes, "p13", PARTITIONS, "loyalty.balances")?;
    let mut second = Second::start(sizes, &cluster)?;
    let node = &cluster.node;
    let there = || {
        (0..PARTITIONS)
            .filter(|partition| matches!(node.whereabouts(*partition), Err(NotHere::At(_))))
            .collect::<Vec<_>>()
    };
    cluster.until("the second node has its share", || {
        there().len() == usize::from(PARTITIONS / 2)
            && node.status().partitions_here.len() == usize::from(PARTITIONS / 2)
    })?;
    let dead = there();
    let mut load = Load::new(10, sizes.players);
    let sender = Sender::new(&cluster.kafka)?;
    sender.send(&mut load, sizes.players, 50_000, |load, player| load.wager_of(player, now()));
    drop(sender);
    let answers = Arc::new(Mutex::new(Vec::<Answer>::new()));
    let heard = Arc::clone(&answers);
    let told: Arc<Told> = Arc::new(move |partition, intended| {
        let answer = Answer { partition, intended, came: Instant::now() };
        heard.lock().expect("nobody panics with it").push(answer);
    });
    // What was sent before is folded once a wager of each partition is answered.
    cluster.until("every account is there", || {
        answers.lock().expect("nobody panics with it").clear();
        let asked = ask(node, &mut load.clone(), 1_000, RATE, &told, &|_, _| {});
        std::thread::sleep(Duration::from_secs(1));
        let answered = answers.lock().expect("nobody panics with it").len();
        asked.is_ok() && answered == 1_000
    })?;
    answers.lock().expect("nobody panics with it").clear();
    let accounts = 2 * node.status().players;
    // All accounts are in checkpoints that were shipped.
    std::thread::sleep(Duration::from_secs(ship_every * 2 + 2));
    report.progress("the second node is to be killed");
    let count = RATE * (BEFORE + AFTER).as_secs();
    let (killed, submitted) = std::thread::scope(|scope| -> anyhow::Result<_> {
        let sending = std::thread::Builder::new().name("sending".into());
        let send = || ask(node, &mut load, count, RATE, &told, &|_, _| {});
        let sending = sending.spawn_scoped(scope, send)?;
        std::thread::sleep(BEFORE);
        second.child.kill()?;
        let killed = Instant::now();
        second.child.wait()?;
        std::fs::remove_dir_all(&second.data_dir)?;
        Ok((killed, sending.join().expect("the sender does not panic")?))
    })?;
    std::thread::sleep(Duration::from_secs(6));
    let answers = std::mem::take(&mut *answers.lock().expect("nobody panics with it"));
    let mut first: BTreeMap<u16, Instant> = BTreeMap::new();
    for answer in answers.iter().filter(|answer| answer.intended > killed) {
        let came = first.entry(answer.partition).or_insert(answer.came);
        *came = (*came).min(answer.came);
    }
    let back = dead.iter().map(|partition| first.get(partition).copied());
    let back: Option<Vec<Instant>> = back.collect();
    let back = back.context("a partition never answered again")?;
    let last = back.iter().max().copied().context("the second node had no partitions")?;
    let taken = last.saturating_duration_since(killed + SESSION).as_secs_f64();
    let what = format!("to every partition answering, {accounts} accounts, session's end on");
    report.row("P13", what, taken, "s", Some(Bar::AtMost(3.0)));
    report.row("P13", "the same from kill -9 on", (last - killed).as_secs_f64(), "s", None);
    let first_back = back.iter().min().copied().context("the second node had no partitions")?;
    report.row("P13", "the first of them", (first_back - killed).as_secs_f64(), "s", None);
    let others = |from: Instant, to: Instant| -> anyhow::Result<Histogram<u64>> {
        let mut latencies = Histogram::new_with_bounds(1, 600_000_000, 3)?;
        for answer in &answers {
            let is_within = answer.intended >= from && answer.intended < to;
            if is_within && !dead.contains(&answer.partition) {
                let took = answer.came - answer.intended;
                latencies.saturating_record(took.as_micros() as u64);
            }
        }
        Ok(latencies)
    };
    let calm = killed.checked_sub(CALM).context("the machine has just been started")?;
    report.latencies("P13", "the other's partitions before", &others(calm, killed)?, &[]);
    let session_ends = killed + SESSION;
    let waiting = others(killed, session_ends)?;
    report.latencies("P13", "the other's partitions until the session ends", &waiting, &[]);
    let taking = others(session_ends, last.max(session_ends) + Duration::from_secs(1))?;
    report.latencies("P13", "the other's partitions in the takeover", &taking, &[]);
    report.row("P13", "dropped", submitted.dropped as f64, "wagers", None);
    report.row("P13", "sender late at the most", submitted.late_max_ms, "ms", None);
    drop(second);
    cluster.stop()
}
