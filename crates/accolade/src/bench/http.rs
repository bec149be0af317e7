//! Benchmarks over HTTP on loopback: the server on one runtime, its clients on another.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use accolade_server::roles::Role;
use accolade_server::{Bounds, Front, Lent, Service, Settings, Tls, TlsFiles};
use accolade_storage::node::Node;
use axum::Router;
use hdrhistogram::Histogram;
use rustix::fs::Advice;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::net::unix::pipe;

use super::Sizes;
use super::connection::{Certified, Connection, Way};
use super::embedded::{Scratch, now, run, start};
use super::load::{Load, OPERATOR, Random, player_name};
use super::measures::options;
use super::report::{Bar, Report};

pub(super) const KEY: &str = "acc_bench";
/// Clients of the measures that send one event a request.
const CLIENTS: u64 = 128;

/// A node with its server on a loopback port.
pub(crate) struct Served {
    pub(crate) node: Arc<Node>,
    pub(super) address: SocketAddr,
    routes: Router,
    runtime: tokio::runtime::Runtime,
    accepting: tokio::task::JoinHandle<std::io::Result<()>>,
    over: tokio::sync::oneshot::Sender<()>,
}

impl Served {
    /// Asks once over a connection of its own: in how many milliseconds the answer was there, and what it says.
    pub(crate) fn get(&self, path: &str) -> anyhow::Result<(f64, String)> {
        self.ask(&Asked { path: path.to_owned(), ..Asked::default() })
    }

    /// The same, with a body.
    pub(super) fn ask(&self, asked: &Asked) -> anyhow::Result<(f64, String)> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut connection = self.in_clear().connect(None).await?;
            let began = Instant::now();
            let status = connection.ask(asked).await?;
            let took = began.elapsed().as_secs_f64() * 1e3;
            let path = &asked.path;
            anyhow::ensure!((200..300).contains(&status), "`{path}` is answered with {status}");
            Ok((took, connection.body()?))
        })
    }

    /// How long each of `count` newcomers waited for a connection and an answer.
    pub(super) fn newcomers(&self, count: usize) -> anyhow::Result<Histogram<u64>> {
        let mut waited = Histogram::new_with_bounds(1, 600_000_000, 3)?;
        for _ in 0..count {
            let began = Instant::now();
            self.get("/healthz")?;
            waited.saturating_record(began.elapsed().as_micros() as u64);
        }
        Ok(waited)
    }

    /// The way to it over HTTP/1.1.
    pub(super) const fn in_clear(&self) -> Way {
        Way::InClear(self.address)
    }

    /// The way to its routes without a connection.
    pub(super) fn in_process(&self) -> Way {
        Way::InProcess(self.routes.clone())
    }

    /// Closes the server, then the node.
    pub(crate) fn stop(self) -> anyhow::Result<()> {
        drop(self.routes);
        drop(self.over);
        self.runtime.block_on(self.accepting)??;
        self.runtime.shutdown_timeout(Duration::from_secs(5));
        self.node.stop()?;
        Ok(())
    }
}

pub(crate) fn serve(data_dir: &Path) -> anyhow::Result<Served> {
    serve_behind(data_dir, None)
}

fn serve_behind(data_dir: &Path, tls: Option<TlsFiles>) -> anyhow::Result<Served> {
    let tls = tls.map(Tls::new).transpose()?;
    let bounds = Bounds::within(crate::limits::open_max());
    serve_as(data_dir, Settings::default(), Front { bounds, tls, ..Front::default() })
}

/// For so many connections at once, whose operator may ask as often as it wants.
pub(super) fn serve_freely(data_dir: &Path, connections_max: usize) -> anyhow::Result<Served> {
    let bounds = Bounds::of_connections(connections_max);
    let settings =
        Settings { asks_per_second: 0, watchers_max: connections_max, ..Settings::default() };
    serve_as(data_dir, settings, Front { bounds, ..Front::default() })
}

fn serve_as(data_dir: &Path, settings: Settings, front: Front) -> anyhow::Result<Served> {
    let node = Arc::new(start(options(data_dir))?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
    let service = Service::new(Arc::clone(&node), settings, metrics);
    let (role, operators) = (Role::Admin, vec![OPERATOR.to_owned()]);
    service.lend(KEY, Lent { role, operators, player: None });
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let router = accolade_server::api(service);
    let (over, is_over) = tokio::sync::oneshot::channel::<()>();
    let until = async { drop(is_over.await) };
    let accepting =
        runtime.spawn(accolade_server::serve_tcp(listener, router.clone(), front, until));
    Ok(Served { node, address, routes: router, runtime, accepting, over })
}

/// A request.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) content_type: &'static str,
    /// Nothing asks for something to be read.
    pub(super) body: Vec<u8>,
}

/// What a client does next.
pub(super) trait Ask: Send + 'static {
    /// Makes the next request of the last.
    fn next(&mut self, asked: &mut Asked);
}

pub(super) struct OneWager(Load);

impl Ask for OneWager {
    fn next(&mut self, asked: &mut Asked) {
        WAGERS.clone_into(&mut asked.path);
        asked.content_type = "application/json";
        self.0.wager(now()).clone_into(&mut asked.body);
    }
}

const WAGERS: &str = "/api/v1/wagers";
const BATCH: usize = 1_000;

struct Batch(Load);

impl Ask for Batch {
    fn next(&mut self, asked: &mut Asked) {
        WAGERS.clone_into(&mut asked.path);
        asked.content_type = "application/x-ndjson";
        asked.body.clear();
        let at = now();
        for _ in 0..BATCH {
            asked.body.extend_from_slice(self.0.wager(at));
            asked.body.push(b'\n');
        }
    }
}

/// Balances and pages of the ledger, of players who have some history.
struct Query {
    random: Random,
    players: u64,
    /// Files to drop from the page cache before each request.
    cold: Vec<std::fs::File>,
}

fn drop_cached(files: &[std::fs::File]) {
    for file in files {
        // Advice: where it is not taken, the figure is that of a warm file.
        let _advised = rustix::fs::fadvise(file, 0, None, Advice::DontNeed);
    }
}

impl Ask for Query {
    fn next(&mut self, asked: &mut Asked) {
        drop_cached(&self.cold);
        let player = self.random.below(self.players);
        let what = if self.random.below(2) == 0 { "balance" } else { "ledger?limit=50" };
        asked.path = format!("/api/v1/players/{}/{what}", player_name(player));
    }
}

/// What clients have seen.
pub(super) struct Seen {
    pub(super) latencies: Histogram<u64>,
    answered: u64,
    pub(super) failed: u64,
    seconds: f64,
}

impl Seen {
    /// Answers a second.
    pub(super) fn rate(&self) -> f64 {
        self.answered as f64 / self.seconds
    }
}

/// Sends `rate` requests a second of `asks.len()` clients for `seconds`, by the clock; latencies count from the
/// intended sending.
pub(super) fn clients(
    way: &Way,
    asks: Vec<Box<dyn Ask>>,
    rate: u64,
    seconds: u64,
) -> anyhow::Result<Seen> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let connections = asks.len() as u64;
    runtime.block_on(async move {
        let mut open = Vec::new();
        for _ in 0..asks.len() {
            open.push(way.connect(open.last()).await?);
        }
        let began = Instant::now() + Duration::from_millis(50);
        let mut tasks = Vec::new();
        for ((number, ask), connection) in (0_u32..).zip(asks).zip(open) {
            let each = (rate * seconds).div_ceil(connections);
            let gap = Duration::from_nanos(1_000_000_000 * connections / rate);
            let first = began + gap.mul_f64(f64::from(number) / connections as f64);
            tasks.push(tokio::spawn(client(connection, ask, first, gap, each)));
        }
        let mut latencies = Histogram::new_with_bounds(1, 600_000_000, 3)?;
        let mut failed = 0;
        for task in tasks {
            let (own, own_failed) = task.await??;
            latencies.add(own)?;
            failed += own_failed;
        }
        let (answered, seconds) = (latencies.len(), began.elapsed().as_secs_f64());
        Ok(Seen { latencies, answered, failed, seconds })
    })
}

/// Waits to the microsecond: the runtime's own timers wake up to two milliseconds late, which latencies
/// from the intended sending would count as the server's. The descriptor of a timer reads as a pipe does.
struct Timer(pipe::Receiver);

impl Timer {
    fn new() -> std::io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Self(pipe::Receiver::from_owned_fd_unchecked(timer)?))
    }

    async fn until(&mut self, due: Instant) -> anyhow::Result<()> {
        let early = due.saturating_duration_since(Instant::now());
        if early.is_zero() {
            return Ok(());
        }
        let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
        let once = Itimerspec { it_interval, it_value: Timespec::try_from(early)? };
        timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &once)?;
        self.0.read_u64_le().await?;
        Ok(())
    }
}

async fn client(
    mut connection: Connection,
    mut ask: Box<dyn Ask>,
    first: Instant,
    gap: Duration,
    count: u64,
) -> anyhow::Result<(Histogram<u64>, u64)> {
    let mut latencies = Histogram::new_with_bounds(1, 600_000_000, 3)?;
    let mut asked = Asked::default();
    let mut failed = 0;
    let mut timer = Timer::new()?;
    for number in 0..count {
        let intended = first + gap * u32::try_from(number)?;
        ask.next(&mut asked);
        timer.until(intended).await?;
        let status = connection.ask(&asked).await?;
        if status == 200 || status == 404 {
            latencies.saturating_record(intended.elapsed().as_micros() as u64);
        } else {
            failed += 1;
        }
    }
    Ok((latencies, failed))
}

pub(super) fn boxed<A: Ask>(count: u64, make: impl Fn(u64) -> A) -> Vec<Box<dyn Ask>> {
    (0..count).map(|number| Box::new(make(number)) as Box<dyn Ask>).collect()
}

/// P3: one event a request.
pub(crate) fn single(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let scratch = Scratch::new(&sizes.dir, "p3")?;
    let served = serve(&scratch.0)?;
    let wagers = |seed| wagers(seed, sizes.players);
    let in_clear = served.in_clear();
    clients(&in_clear, wagers(1_000), 5_000, 2)?;
    let calm = clients(&in_clear, wagers(2_000), 10_000, sizes.steady_s)?;
    report.latencies("P3", "answered durably at 10,000/s", &calm.latencies, &[(0.99, 5.0)]);
    let bar = Some(Bar::AtLeast(29_700.0));
    let busy = clients(&in_clear, wagers(3_000), 30_000, sizes.steady_s)?;
    report.row("P3", "one event a request", busy.rate(), "req/s", bar);
    report.latencies("P3", "answered durably at 30,000/s", &busy.latencies, &[]);
    report.row("P3", "not answered with 200", (calm.failed + busy.failed) as f64, "", None);
    served.stop()
}

/// P3 over TLS, with HTTP/1.1 and with HTTP/2.
pub(crate) fn over_tls(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let scratch = Scratch::new(&sizes.dir, "tls")?;
    let certified = Certified::new()?;
    let served = serve_behind(&scratch.0, Some(certified.files()))?;
    let address = served.address;
    let ways =
        [("HTTP/1.1", certified.over(address, false)?), ("HTTP/2", certified.over(address, true)?)];
    let wagers = |seed| wagers(seed, sizes.players);
    clients(&ways[0].1, wagers(1_000), 5_000, 2)?;
    for (seed, (name, way)) in (2_000..).step_by(1_000).zip(&ways) {
        let calm = clients(way, wagers(seed), 10_000, sizes.steady_s)?;
        report.latencies("tls", &format!("{name}, at 10,000/s"), &calm.latencies, &[]);
        let busy = clients(way, wagers(seed + 500), 30_000, sizes.steady_s)?;
        report.row("tls", format!("{name}, one event a request"), busy.rate(), "req/s", None);
        report.latencies("tls", &format!("{name}, at 30,000/s"), &busy.latencies, &[]);
        let failed = (calm.failed + busy.failed) as f64;
        report.row("tls", format!("{name}, not answered with 200"), failed, "", None);
    }
    served.stop()
}

/// Clients that send one wager after the other.
pub(super) fn wagers(seed: u64, players: u64) -> Vec<Box<dyn Ask>> {
    boxed(CLIENTS, move |number| OneWager(Load::new(seed + number, players)))
}

/// P4: NDJSON batches of a thousand.
pub(crate) fn batches(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let scratch = Scratch::new(&sizes.dir, "p4")?;
    let served = serve(&scratch.0)?;
    let make = |number| Batch(Load::new(4_000 + number, sizes.players));
    let seen = clients(&served.in_clear(), boxed(8, make), 200, sizes.steady_s)?;
    let rate = seen.rate() * BATCH as f64;
    report.row(
        "P4",
        "NDJSON, 1,000 wagers a request",
        rate,
        "events/s",
        Some(Bar::AtLeast(198_000.0)),
    );
    report.latencies("P4", "answered durably", &seen.latencies, &[]);
    report.row("P4", "not answered with 200", seen.failed as f64, "", None);
    served.stop()
}

/// 50,000 wagers a second beside whatever is measured.
pub(super) struct Background {
    stop: Arc<AtomicBool>,
    sending: JoinHandle<anyhow::Result<()>>,
}

impl Background {
    pub(super) fn begin(node: &Arc<Node>, mut load: Load) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (node, stopped) = (Arc::clone(node), Arc::clone(&stop));
        let sending = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                run(&node, &mut load, 50_000, 50_000, 25, 0)?;
            }
            Ok(())
        });
        Self { stop, sending }
    }

    pub(super) fn end(self) -> anyhow::Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        self.sending.join().map_err(|_| anyhow::anyhow!("the load panicked"))?
    }
}

/// P6: balances and ledgers while 50,000 wagers a second come in.
pub(crate) fn queries(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let scratch = Scratch::new(&sizes.dir, "p6")?;
    let served = serve(&scratch.0)?;
    let history = sizes.burst.min(5_000_000);
    run(&served.node, &mut Load::new(8, sizes.players), history, 0, 500, 0)?;
    let background = Background::begin(&served.node, Load::new(9, sizes.players));
    let some = sizes.players / 20;
    let query = move |seed: u64, cold: Vec<std::fs::File>| Query {
        random: Random::new(seed),
        players: some,
        cold,
    };
    let closed = |entry: &std::fs::DirEntry| entry.path().extension().is_some();
    let (in_clear, steady_s) = (served.in_clear(), sizes.steady_s);
    let warm = boxed(16, |number| query(number + 1, Vec::new()));
    let warm = clients(&in_clear, warm, 1_000, steady_s)?;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(scratch.0.join("journal"))? {
        let entry = entry?;
        if closed(&entry) {
            files.push(std::fs::File::open(entry.path())?);
        }
    }
    // The first time takes as long as ten requests.
    drop_cached(&files);
    let cold = clients(&in_clear, vec![Box::new(query(20, files))], 100, steady_s)?;
    background.end()?;
    report.latencies("P6", "balances and ledger pages", &warm.latencies, &[(0.99, 5.0)]);
    report.latencies("P6", "the same, closed files cold", &cold.latencies, &[(0.99, 20.0)]);
    let failed = (warm.failed + cold.failed) as f64;
    report.row("P6", "not answered with 200 or 404", failed, "", None);
    served.stop()
}
