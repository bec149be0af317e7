//! Benchmarks over HTTP on loopback: the server on one runtime, its clients on another.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use accolade_server::roles::Role;
use accolade_server::{Bounds, Front, Lent, Service, Settings};
use accolade_storage::node::Node;
use anyhow::Context;
use hdrhistogram::Histogram;
use rustix::fs::Advice;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::net::{TcpListener, TcpStream};

use super::Sizes;
use super::embedded::{Scratch, now, run, start};
use super::load::{Load, OPERATOR, Random};
use super::measures::options;
use super::report::{Bar, Report};

const KEY: &str = "acc_bench";

/// A node with its server on a loopback port.
pub(crate) struct Served {
    pub(crate) node: Arc<Node>,
    address: SocketAddr,
    runtime: tokio::runtime::Runtime,
    accepting: tokio::task::JoinHandle<std::io::Result<()>>,
    over: tokio::sync::oneshot::Sender<()>,
}

impl Served {
    /// Closes the server, then the node.
    pub(crate) fn stop(self) -> anyhow::Result<()> {
        drop(self.over);
        self.runtime.block_on(self.accepting)??;
        self.runtime.shutdown_timeout(Duration::from_secs(5));
        self.node.stop()?;
        Ok(())
    }
}

pub(crate) fn serve(data_dir: &Path) -> anyhow::Result<Served> {
    let node = Arc::new(start(options(data_dir))?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
    let service = Service::new(Arc::clone(&node), Settings::default(), metrics);
    let (role, operators) = (Role::Admin, vec![OPERATOR.to_owned()]);
    service.lend(KEY, Lent { role, operators, player: None });
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let router = accolade_server::api(service);
    let (over, is_over) = tokio::sync::oneshot::channel::<()>();
    let until = async { drop(is_over.await) };
    let front = Front { bounds: Bounds::within(crate::limits::open_max()), ..Front::default() };
    let accepting = runtime.spawn(accolade_server::serve_tcp(listener, router, front, until));
    Ok(Served { node, address, runtime, accepting, over })
}

impl Served {
    /// Asks once over a connection of its own: in how many milliseconds the answer was there, and what it says.
    pub(crate) fn get(&self, path: &str) -> anyhow::Result<(f64, String)> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {KEY}\r\n\r\n"
        );
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            let (mut answer, began) = (Vec::new(), Instant::now());
            stream.write_all(request.as_bytes()).await?;
            let status = read_answer(&mut stream, &mut answer).await?;
            let took = began.elapsed().as_secs_f64() * 1e3;
            anyhow::ensure!(status == 200, "`{path}` is answered with {status}");
            let text = String::from_utf8(answer)?;
            let (_, body) = text.split_once("\r\n\r\n").context("no body")?;
            Ok((took, body.to_owned()))
        })
    }
}

/// What a client does next.
trait Ask: Send + 'static {
    /// Writes the next request into `request`.
    fn next(&mut self, request: &mut Vec<u8>);
}

fn put_post(request: &mut Vec<u8>, path: &str, content_type: &str, body: &[u8]) {
    request.clear();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {KEY}\r\n\
         content-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    request.extend_from_slice(head.as_bytes());
    request.extend_from_slice(body);
}

struct OneWager(Load);

impl Ask for OneWager {
    fn next(&mut self, request: &mut Vec<u8>) {
        put_post(request, "/api/v1/wagers", "application/json", self.0.wager(now()));
    }
}

const BATCH: usize = 1_000;

struct Batch(Load, Vec<u8>);

impl Ask for Batch {
    fn next(&mut self, request: &mut Vec<u8>) {
        self.1.clear();
        let at = now();
        for _ in 0..BATCH {
            self.1.extend_from_slice(self.0.wager(at));
            self.1.push(b'\n');
        }
        put_post(request, "/api/v1/wagers", "application/x-ndjson", &self.1);
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
    fn next(&mut self, request: &mut Vec<u8>) {
        drop_cached(&self.cold);
        let player = self.random.below(self.players);
        let what = if self.random.below(2) == 0 { "balance" } else { "ledger?limit=50" };
        request.clear();
        request.extend_from_slice(
            format!(
                "GET /api/v1/players/player-{player:08}/{what} HTTP/1.1\r\nhost: localhost\r\n\
                 authorization: Bearer {KEY}\r\n\r\n"
            )
            .as_bytes(),
        );
    }
}

/// What clients have seen.
struct Seen {
    latencies: Histogram<u64>,
    answered: u64,
    failed: u64,
    seconds: f64,
}

/// Sends `rate` requests a second over `asks.len()` connections for `seconds`, by the clock; latencies
/// count from the intended sending.
fn clients(
    address: SocketAddr,
    asks: Vec<Box<dyn Ask>>,
    rate: u64,
    seconds: u64,
) -> anyhow::Result<Seen> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let began = Instant::now() + Duration::from_millis(50);
    let connections = asks.len() as u64;
    runtime.block_on(async move {
        let mut tasks = Vec::new();
        for (number, ask) in (0_u32..).zip(asks) {
            let each = (rate * seconds).div_ceil(connections);
            let gap = Duration::from_nanos(1_000_000_000 * connections / rate);
            let first = began + gap.mul_f64(f64::from(number) / connections as f64);
            tasks.push(tokio::spawn(client(address, ask, first, gap, each)));
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
    address: SocketAddr,
    mut ask: Box<dyn Ask>,
    first: Instant,
    gap: Duration,
    count: u64,
) -> anyhow::Result<(Histogram<u64>, u64)> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut latencies = Histogram::new_with_bounds(1, 600_000_000, 3)?;
    let (mut request, mut answer) = (Vec::new(), Vec::with_capacity(4096));
    let mut failed = 0;
    let mut timer = Timer::new()?;
    for number in 0..count {
        let intended = first + gap * u32::try_from(number)?;
        ask.next(&mut request);
        timer.until(intended).await?;
        stream.write_all(&request).await?;
        let status = read_answer(&mut stream, &mut answer).await?;
        if status == 200 || status == 404 {
            latencies.saturating_record(intended.elapsed().as_micros() as u64);
        } else {
            failed += 1;
        }
    }
    Ok((latencies, failed))
}

async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> anyhow::Result<u16> {
    answer.clear();
    loop {
        anyhow::ensure!(stream.read_buf(answer).await? > 0, "the server closed the connection");
        let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let words = std::str::from_utf8(&answer[..head])?;
        let status = words.get(9..12).context("no status")?.parse()?;
        let length: usize = words
            .lines()
            .find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            })
            .unwrap_or(0);
        while answer.len() < head + 4 + length {
            anyhow::ensure!(stream.read_buf(answer).await? > 0, "the server closed the connection");
        }
        return Ok(status);
    }
}

fn boxed<A: Ask>(count: u64, make: impl Fn(u64) -> A) -> Vec<Box<dyn Ask>> {
    (0..count).map(|number| Box::new(make(number)) as Box<dyn Ask>).collect()
}

/// P3: one event a request.
pub(crate) fn single(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let scratch = Scratch::new(&sizes.dir, "p3")?;
    let served = serve(&scratch.0)?;
    let wagers = |seed| boxed(128, move |number| OneWager(Load::new(seed + number, sizes.players)));
    clients(served.address, wagers(1_000), 5_000, 2)?;
    let calm = clients(served.address, wagers(2_000), 10_000, sizes.steady_s)?;
    report.latencies("P3", "answered durably at 10,000/s", &calm.latencies, &[(0.99, 5.0)]);
    let bar = Some(Bar::AtLeast(29_700.0));
    let busy = clients(served.address, wagers(3_000), 30_000, sizes.steady_s)?;
    report.row("P3", "one event a request", busy.answered as f64 / busy.seconds, "req/s", bar);
    report.latencies("P3", "answered durably at 30,000/s", &busy.latencies, &[]);
    report.row("P3", "not answered with 200", (calm.failed + busy.failed) as f64, "", None);
    served.stop()
}

/// P4: NDJSON batches of a thousand.
pub(crate) fn batches(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let scratch = Scratch::new(&sizes.dir, "p4")?;
    let served = serve(&scratch.0)?;
    let make = |number| Batch(Load::new(4_000 + number, sizes.players), Vec::new());
    let seen = clients(served.address, boxed(8, make), 200, sizes.steady_s)?;
    let rate = seen.answered as f64 * BATCH as f64 / seen.seconds;
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

/// P6: balances and ledgers while 50,000 wagers a second come in.
pub(crate) fn queries(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let scratch = Scratch::new(&sizes.dir, "p6")?;
    let served = serve(&scratch.0)?;
    let history = sizes.burst.min(5_000_000);
    run(&served.node, &mut Load::new(8, sizes.players), history, 0, 500, 0)?;
    let stop = Arc::new(AtomicBool::new(false));
    let (node, stopped, players) = (Arc::clone(&served.node), Arc::clone(&stop), sizes.players);
    let background = std::thread::spawn(move || -> anyhow::Result<()> {
        let mut load = Load::new(9, players);
        while !stopped.load(Ordering::Relaxed) {
            run(&node, &mut load, 50_000, 50_000, 25, 0)?;
        }
        Ok(())
    });
    let some = sizes.players / 20;
    let query = move |seed: u64, cold: Vec<std::fs::File>| Query {
        random: Random::new(seed),
        players: some,
        cold,
    };
    let closed = |entry: &std::fs::DirEntry| entry.path().extension().is_some();
    let (address, steady_s) = (served.address, sizes.steady_s);
    let warm = boxed(16, |number| query(number + 1, Vec::new()));
    let warm = clients(address, warm, 1_000, steady_s)?;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(scratch.0.join("journal"))? {
        let entry = entry?;
        if closed(&entry) {
            files.push(std::fs::File::open(entry.path())?);
        }
    }
    // The first time takes as long as ten requests.
    drop_cached(&files);
    let cold = clients(address, vec![Box::new(query(20, files))], 100, steady_s)?;
    stop.store(true, Ordering::Relaxed);
    background.join().map_err(|_| anyhow::anyhow!("the load panicked"))??;
    report.latencies("P6", "balances and ledger pages", &warm.latencies, &[(0.99, 5.0)]);
    report.latencies("P6", "the same, closed files cold", &cold.latencies, &[(0.99, 20.0)]);
    let failed = (warm.failed + cold.failed) as f64;
    report.row("P6", "not answered with 200 or 404", failed, "", None);
    served.stop()
}
