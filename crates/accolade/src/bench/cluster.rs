//! Benchmarks of the cluster form: a node of this process over the broker and the object storage that a
//! configuration names. Each has topics, objects and a data directory of its own.

mod kafka;
mod processors;
mod projection;
mod takeover;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use accolade_cluster::ClusterNode;
use accolade_domain::amount::Points;
use accolade_domain::outcome::Outcome;
use accolade_engine::feed::Feed as _;
use accolade_engine::intake::{Caller, Intake as _, Refused, Submission};
use accolade_kafka::config::KafkaConfig;
use accolade_storage::host::Host;
use anyhow::{Context, bail};
use hdrhistogram::Histogram;
use metrics_exporter_prometheus::PrometheusHandle;

use self::kafka::{BalancesReader, OnTheirWay, Sender};
use self::processors::Processors;
use super::Sizes;
use super::embedded::{Scratch, now, prepare, resident_bytes};
use super::load::{Load, PLAIN, Pace};
use super::measures::Measure;
use super::redeeming;
use super::report::{Bar, Report};
use crate::config::Config;
use crate::hosting::{Form, Hosted};

/// Every measure of a cluster, in an order in which none disturbs the next.
pub(crate) const ALL: [Measure; 6] = [
    ("P9", balances_out),
    ("P9-outputs", everything_out),
    ("P9-100", hundred_partitions),
    ("P13", takeover::measure),
    ("P16", latency),
    ("P17", projection::measure),
];

/// What the bar of P9 is for.
const PARTITIONS: u16 = 16;
const BALANCES: &str = "loyalty.balances";
const OUTPUTS: &str = "loyalty.eligible,loyalty.calculated,loyalty.balances";
/// What a report says of the form.
pub(crate) fn form(replication: u16) -> String {
    let (_, client) = rdkafka::util::get_rdkafka_version();
    format!(
        "cluster: {replication} replicas, all acknowledge; Kafka syncs later; librdkafka {client}"
    )
}

/// How long a node may take to own what it is to own, or to work off what waits.
const PATIENCE: Duration = Duration::from_mins(10);

/// A node of this process in a cluster of its own.
pub(crate) struct Cluster {
    pub(crate) node: Arc<ClusterNode>,
    pub(crate) kafka: KafkaConfig,
    pub(crate) processors: Processors,
    /// What is before the names of all its topics.
    pub(crate) prefix: String,
    /// Where its checkpoints go.
    pub(crate) ship_to: String,
    pub(crate) scratch: Scratch,
    pub(crate) runtime: tokio::runtime::Runtime,
    hosted: Hosted,
    metrics: PrometheusHandle,
}

/// What a node has done since its process began.
#[derive(Debug, Clone, Copy, Default)]
struct Done {
    folded: u64,
    published: u64,
    not_shipped: u64,
}

impl Cluster {
    /// Makes a cluster with `partitions` and the output topics `outputs`, and joins it.
    pub(crate) fn start(
        sizes: &Sizes,
        name: &str,
        partitions: u16,
        outputs: &str,
    ) -> anyhow::Result<Self> {
        static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
        let mut config = Config::load(&sizes.cluster.place)?;
        let scratch = Scratch::new(&sizes.dir, name)?;
        let prefix = format!("bench-{name}-{}-{}.", std::process::id(), now().micros());
        let ship_to = config.ship.to.take().context("`ship.to` is not set")?;
        let ship_to = format!("{}/{prefix}", ship_to.trim_end_matches('/'));
        config.data_dir = scratch.0.join("first");
        config.node.partitions = partitions;
        let cluster = &mut config.cluster;
        cluster.topic_prefix.clone_from(&prefix);
        outputs.clone_into(&mut cluster.outputs);
        cluster.name = Some("first".into());
        // Nobody asks this node: it has the load.
        cluster.address = Some("http://127.0.0.1:1".into());
        let joining = config.joining()?.context("`cluster.brokers` is not set")?;
        let kafka = joining.kafka.clone();
        let metrics = match METRICS.get() {
            Some(metrics) => metrics.clone(),
            None => METRICS
                .get_or_init(|| crate::hosting::metrics().expect("metrics are set up once"))
                .clone(),
        };
        let objects = config.objects(&ship_to)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let joined = crate::cluster::join(joining, objects, config.settings(), metrics.clone());
        let hosted = runtime.block_on(joined)?;
        let Form::Cluster { node, .. } = &hosted.form else { bail!("the node is of a cluster") };
        let node = Arc::clone(node);
        let mut processors = Processors::default();
        for (name, address) in [
            ("Kafka's broker", Some(kafka.brokers.as_str())),
            ("object storage", config.ship.endpoint.as_deref()),
        ] {
            if let Some(port) = address.and_then(port_of) {
                processors.add_service(name, port);
            }
        }
        let cluster =
            Self { node, kafka, processors, prefix, ship_to, scratch, runtime, hosted, metrics };
        cluster.until("all partitions are here", || {
            cluster.node.status().partitions_here.len() == usize::from(partitions)
        })?;
        prepare(&*cluster.node, PLAIN)?;
        Ok(cluster)
    }

    /// Ends the node, and removes what it has left.
    pub(crate) fn stop(self) -> anyhow::Result<()> {
        drop(self.node);
        self.runtime.block_on(self.hosted.stop())?;
        kafka::remove_topics(&self.kafka, &self.runtime)?;
        self.runtime.shutdown_timeout(Duration::from_secs(5));
        Ok(())
    }

    /// Waits for something that the node will come to.
    pub(crate) fn until(&self, what: &str, is_so: impl Fn() -> bool) -> anyhow::Result<()> {
        let began = Instant::now();
        while !is_so() {
            if let Some(failure) = self.node.failure() {
                bail!("the node failed: {failure}");
            }
            if began.elapsed() > PATIENCE {
                bail!("waited in vain until {what}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Batches of all partitions that are folded.
    fn batches(&self) -> u64 {
        (0..self.kafka.partitions).filter_map(|partition| self.node.end(partition)).sum()
    }

    fn done(&self) -> Done {
        let text = self.metrics.render();
        let counter = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.strip_prefix(name));
            lines.find_map(|rest| rest.trim().parse().ok()).unwrap_or(0)
        };
        Done {
            folded: counter("accolade_folded_records_total "),
            published: counter("accolade_projection_records_total{projection=\"kafka\"} "),
            not_shipped: counter("accolade_ship_failures_total "),
        }
    }
}

/// The port of `host:port`, `http://host:port/…` or the first of several.
pub(crate) fn port_of(address: &str) -> Option<u16> {
    let host = address.split("://").last()?.split(['/', ',']).next()?;
    host.rsplit_once(':')?.1.parse().ok()
}

/// P9: balances out.
fn balances_out(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    carried(sizes, report, "balances out", sizes.cluster.partitions, BALANCES, 150_000)
}

/// P9: with all three outputs.
fn everything_out(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    carried(sizes, report, "three outputs", sizes.cluster.partitions, OUTPUTS, 100_000)
}

/// P9 over a hundred partitions, which has no bar.
fn hundred_partitions(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    carried(sizes, report, "balances out", 100, BALANCES, 150_000)
}

/// P9: wagers produced to Kafka at a rate, folded and published by one node.
fn carried(
    sizes: &Sizes,
    report: &mut Report,
    what: &str,
    partitions: u16,
    outputs: &str,
    bar: u64,
) -> anyhow::Result<()> {
    let mut cluster = Cluster::start(sizes, "p9", partitions, outputs)?;
    let rate = sizes.cluster.rate.unwrap_or(bar);
    let kafka = cluster.kafka.clone();
    let sender = cluster.processors.of_load(|| Sender::new(&kafka))?;
    let mut load = Load::new(8, sizes.players);
    let (before, spent) = (cluster.done(), cluster.processors.spent());
    let mut by_second = Vec::new();
    let mut checkpoint_age = 0.0_f64;
    let mut at_end = Done::default();
    let batches = cluster.batches();
    let began = Instant::now();
    let is_over = AtomicBool::new(false);
    let (sent, folded_s, published_s, last) = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Acquire) {
                let due = began + Duration::from_secs(by_second.len() as u64 + 1);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                by_second.push(cluster.done());
                let status = cluster.node.status();
                if status.checkpointed_at.micros() > 0 {
                    let age = status.log_time.micros() - status.checkpointed_at.micros();
                    checkpoint_age = checkpoint_age.max(age as f64 / 1e6);
                }
            }
        });
        let count = rate * sizes.cluster.carried_s;
        let sent = sender.send(&mut load, count, rate, kafka::any);
        at_end = cluster.done();
        is_over.store(true, Ordering::Release);
        let all = before.folded + sent.acknowledged;
        cluster.until("all is folded", || cluster.done().folded >= all)?;
        let folded_s = began.elapsed().as_secs_f64();
        // What was folded is counted before its outputs leave, and every one of them soon does.
        let (mut last, mut published_s) = (cluster.done().published, began.elapsed());
        while began.elapsed() < published_s + Duration::from_secs(2) {
            std::thread::sleep(Duration::from_millis(5));
            let now = cluster.done().published;
            if now > last {
                (last, published_s) = (now, began.elapsed());
            }
        }
        anyhow::Ok((sent, folded_s, published_s.as_secs_f64(), last))
    })?;
    let events = sent.acknowledged;
    let over = |count: u64, seconds: f64| count as f64 / seconds;
    report.row(
        "P9",
        format!("{partitions} partitions, {what}: offered"),
        rate as f64,
        "wagers/s",
        None,
    );
    report.row("P9", "  not taken by Kafka", sent.dropped as f64, "wagers", None);
    report.row("P9", "  sender late at the most", sent.late_max_ms, "ms", None);
    report.row("P9", "  acknowledged by Kafka", over(events, sent.seconds), "wagers/s", None);
    let folded = at_end.folded - before.folded;
    report.row("P9", "  folded meanwhile", over(folded, sent.seconds), "wagers/s", None);
    let published = at_end.published - before.published;
    report.row("P9", "  published meanwhile", over(published, sent.seconds), "records/s", None);
    let lag = events.saturating_sub(folded);
    report.row("P9", "  not folded when sending ended", lag as f64, "wagers", None);
    let lag = last - at_end.published;
    report.row("P9", "  not published when sending ended", lag as f64, "records", None);
    let batches = over(events, (cluster.batches() - batches).max(1) as f64);
    report.row("P9", "  wagers in a batch of the order", batches, "", None);
    report.row("P9", "  all folded after", folded_s - sent.seconds, "s", None);
    report.row("P9", "  all published after", published_s - sent.seconds, "s", None);
    let bar = (partitions == PARTITIONS).then_some(Bar::AtLeast(bar as f64 * 0.995));
    let what = "  carried: folded and published, the last one included";
    report.row("P9", what, over(events, folded_s.max(published_s)), "wagers/s", bar);
    let share = over(last - before.published, events as f64);
    report.row("P9", "  outputs for each wager", share, "records", None);
    let third = (by_second.len() / 3).max(1);
    let of = |seconds: &[Done]| match seconds {
        [first, .., last] => over(last.folded - first.folded, (seconds.len() - 1) as f64),
        _ => 0.0,
    };
    let flat = of(&by_second[by_second.len() - third..]) / of(&by_second[..third]).max(1.0);
    report.row("P9", "  last third to first", flat, "", Some(Bar::AtLeast(0.8)));
    let not_shipped = cluster.done().not_shipped - before.not_shipped;
    let none = Some(Bar::AtMost(0.0));
    report.row("P9", "  checkpoints not shipped", not_shipped as f64, "", none);
    report.row("P9", "  latest checkpoint's age at the most", checkpoint_age, "s", None);
    report.row("P9", "  memory", resident_bytes() as f64 / f64::from(1 << 20), "MiB", None);
    cluster.processors.report("P9", &spent, events, report);
    drop(sender);
    cluster.stop()
}

/// Hears what became of a wager: its partition, and when it was to be sent.
pub(crate) type Told = dyn Fn(u16, Instant) + Send + Sync;

/// A caller that tells of each answer.
struct Asked {
    intended: Instant,
    partitions: Vec<u16>,
    told: Arc<Told>,
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asked").field("partitions", &self.partitions).finish_non_exhaustive()
    }
}

impl Caller for Asked {
    fn durable(&self) {}
    fn refused(&self, _: Refused) {}
    fn applied(&self, index: usize, _: &Outcome, _: Option<Points>) {
        (self.told)(self.partitions[index], self.intended);
    }
}

/// Wagers in one submission.
const TOGETHER: u64 = 10;

/// What was submitted.
#[derive(Debug)]
pub(crate) struct Submitted {
    pub(crate) dropped: u64,
    pub(crate) late_max_ms: f64,
}

/// Submits `count` wagers, `rate` a second, open loop, and has `told` hear of each answer. `sending` sees
/// each wager before.
pub(crate) fn ask(
    node: &ClusterNode,
    load: &mut Load,
    count: u64,
    rate: u64,
    told: &Arc<Told>,
    sending: &dyn Fn(&[u8], Instant),
) -> anyhow::Result<Submitted> {
    let mut pace = Pace::begin(rate);
    let mut dropped = 0;
    for number in 0..count.div_ceil(TOGETHER) {
        let intended = pace.wait(number * TOGETHER);
        let mut records = Vec::with_capacity(TOGETHER as usize * 360);
        let at = now();
        let parts: Vec<_> = (0..TOGETHER)
            .map(|_| {
                let (part, _) = load.record(at, node.partitions(), None, &mut records);
                sending(load.last(), intended);
                part
            })
            .collect();
        let partitions = parts.iter().filter_map(|(partition, _)| *partition).collect();
        let caller = Arc::new(Asked { intended, partitions, told: Arc::clone(told) });
        let wants_outcomes = true;
        let submission = Submission {
            records,
            parts,
            known: Vec::new(),
            caller,
            wants_outcomes,
            taken_at: intended,
            trace: None,
        };
        match node.submit(submission) {
            Ok(()) => {}
            Err(Refused::Busy) => dropped += TOGETHER,
            Err(other) => {
                let why = node.failure().unwrap_or_default();
                bail!("the node refused: {other} {why}");
            }
        }
    }
    Ok(Submitted { dropped, late_max_ms: pace.late_max_ms() })
}

/// P16: wager to answer, and to a reader of committed balances.
fn latency(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    const RATE: u64 = 20_000;
    let mut cluster = Cluster::start(sizes, "p16", sizes.cluster.partitions, BALANCES)?;
    let on_their_way = Arc::new(OnTheirWay::default());
    let (kafka, sent) = (cluster.kafka.clone(), Arc::clone(&on_their_way));
    let reader = cluster.processors.of_load(|| BalancesReader::start(&kafka, sent))?;
    let mut load = Load::new(9, sizes.players);
    let node = &cluster.node;
    let nothing: Arc<Told> = Arc::new(|_, _| {});
    ask(node, &mut load, RATE * 5, RATE, &nothing, &|_, _| {})?;
    let answers = Arc::new(Mutex::new(Histogram::<u64>::new_with_bounds(1, 600_000_000, 3)?));
    let heard = Arc::clone(&answers);
    let told: Arc<Told> = Arc::new(move |_, intended| {
        let micros = intended.elapsed().as_micros() as u64;
        heard.lock().expect("nobody panics with it").saturating_record(micros);
    });
    let spent = cluster.processors.spent();
    let count = RATE * sizes.cluster.latency_s;
    let sending = |wager: &[u8], intended| on_their_way.add(wager, intended);
    // The same players, again from the first on.
    let mut redeemers = Load::new(9, sizes.players);
    let wagers = || ask(node, &mut load, count, RATE, &told, &sending);
    let (submitted, redeemed) = redeeming::beside(&**node, &mut redeemers, wagers)?;
    std::thread::sleep(Duration::from_secs(6));
    let seen = reader.end()?;
    let answers = answers.lock().expect("nobody panics with it").clone();
    let partitions = sizes.cluster.partitions;
    let what = format!("{partitions} partitions, 20,000/s: wager to answer");
    report.latencies("P16", &what, &answers, &[(0.99, 20.0)]);
    let what = "wager to a read_committed reader of balances";
    report.latencies("P16", what, &seen, &[(0.99, 60.0)]);
    redeemed.report("P16", &answers, report);
    let unanswered = (count - submitted.dropped).saturating_sub(answers.len());
    let none = Some(Bar::AtMost(0.0));
    report.row("P16", "dropped", submitted.dropped as f64, "wagers", none);
    report.row("P16", "not answered", unanswered as f64, "wagers", none);
    let share = seen.len() as f64 / count as f64;
    report.row("P16", "balances seen for each wager", share, "", None);
    report.row("P16", "sender late at the most", submitted.late_max_ms, "ms", None);
    cluster.processors.report("P16", &spent, count, report);
    cluster.stop()
}
