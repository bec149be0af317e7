//! Watchers of leaderboards that move, in a process of their own: how soon a change is on their screens, how often they are
//! told, and what they cost the node.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use accolade_domain::time::Timestamp;
use accolade_wire::timestamp;
use anyhow::Context;
use futures_util::{SinkExt, StreamExt};
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::Sizes;
use super::connection::Way;
use super::embedded::{Scratch, now, resident_bytes, run};
use super::http::{Asked, serve_freely};
use super::load::{Load, player_name};
use super::report::{Bar, Report};
use super::tournaments::begin_watched;

/// As many as the bar asks for, and what else a process has open.
const SOCKETS: u64 = 20_000;
const OTHERS: u64 = 1_500;
/// Of one player; a node lets a player have a few.
const OF_PLAYER: u64 = 15;
/// Leaderboards of P7, of which each socket watches one.
const BOARDS: u64 = 20;
/// Wagers a second, each of which counts in all of these.
const RATE: u64 = 1_000;
/// Of so many sockets one reads what it is told, and not only how much.
const SAMPLED: u64 = 20;
/// Sockets that take nothing.
const STALLED: u64 = 50;
/// How long all of them may take to be there.
const PATIENCE: Duration = Duration::from_mins(3);

/// As many sockets as the machine has.
pub(super) fn sockets() -> u64 {
    SOCKETS.min(crate::limits::open_max().saturating_sub(OTHERS))
}

/// P7: as many sockets as the machine has, over leaderboards that move.
pub(crate) fn watch(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let sockets = sockets();
    let scratch = Scratch::new(&sizes.dir, "p7")?;
    let served = serve_freely(&scratch.0, sockets as usize + 500)?;
    begin_watched(&served.node, BOARDS)?;
    let mut load = Load::new(7, sizes.players);
    run(&served.node, &mut load, 200_000, 20_000, 100, 0)?;
    // Leaderboards stand before anybody watches them.
    for number in 0..BOARDS {
        served.get(&format!("/api/v1/tournaments/race-{number}/leaderboard"))?;
    }
    let before = resident_bytes();
    let mut watchers = Watchers::come(served.address, sockets, BOARDS)?;
    let there = resident_bytes();
    watchers.begin()?;
    let wagers = run(&served.node, &mut load, RATE * sizes.steady_s, RATE, 5, 0)?;
    let seen = watchers.end()?;
    let bytes = resident_bytes().max(there).saturating_sub(before) as f64;
    let each = bytes / sockets as f64 / 1024.0;
    report.row("P7", "sockets", sockets as f64, "", None);
    report.row("P7", "lost", seen.lost as f64, "", Some(Bar::AtMost(0.0)));
    // 20,000 in 1 GiB.
    report.row("P7", "memory of each", each, "KiB", Some(Bar::AtMost(52.4)));
    seen.report("P7", "change to screen", report);
    let told = seen.messages as f64 / sockets as f64;
    report.row("P7", "messages of a watcher in a second", told / wagers.seconds, "", None);
    let bar = Some(Bar::AtMost(0.1));
    report.row("P7", "the same for each wager", told / wagers.events as f64, "", bar);
    report.row(
        "P7",
        "messages of all in a second",
        seen.messages as f64 / wagers.seconds,
        "",
        None,
    );
    report.row("P7", "bytes of a message", seen.bytes as f64 / seen.messages as f64, "", None);
    drop(watchers);
    served.stop()
}

/// What the watchers have seen.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Figures {
    pub(super) messages: u64,
    bytes: u64,
    /// Sockets that were closed.
    pub(super) lost: u64,
    /// From when a score was reached until it was read, in microseconds.
    p50: u64,
    p99: u64,
    p999: u64,
    worst: Worst,
}

/// The same of what was read in the second whose p99 is the greatest.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
struct Worst {
    p50: u64,
    p99: u64,
}

impl Figures {
    /// Adds how soon a change was on the screens.
    pub(super) fn report(&self, measure: &'static str, what: &str, report: &mut Report) {
        for (which, micros, bar) in [
            ("p50", self.p50, None),
            ("p99", self.p99, Some(Bar::AtMost(250.0))),
            ("p99.9", self.p999, None),
            ("worst second, p50", self.worst.p50, None),
            ("worst second, p99", self.worst.p99, None),
        ] {
            report.row(measure, format!("{what}, {which}"), micros as f64 / 1e3, "ms", bar);
        }
    }
}

/// The process of the watchers; they go with it.
pub(super) struct Watchers {
    child: Child,
    says: ChildStdin,
    told: BufReader<ChildStdout>,
}

impl Watchers {
    /// Returns once all of them see something of the first `boards` tournaments that are watched.
    pub(super) fn come(to: SocketAddr, sockets: u64, boards: u64) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["bench", "--watchers", &to.to_string()])
            .args(["--events", &sockets.to_string(), "--boards", &boards.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let says = child.stdin.take().context("no input")?;
        let told = BufReader::new(child.stdout.take().context("no output")?);
        let mut watchers = Self { child, says, told };
        let line = watchers.line()?;
        anyhow::ensure!(line == "here", "the watchers did not come: `{line}`");
        Ok(watchers)
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        self.told.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// From now on they count.
    pub(super) fn begin(&mut self) -> anyhow::Result<()> {
        Ok(writeln!(self.says, "begin")?)
    }

    pub(super) fn end(&mut self) -> anyhow::Result<Figures> {
        writeln!(self.says, "end")?;
        Ok(serde_json::from_str(&self.line()?)?)
    }
}

impl Drop for Watchers {
    fn drop(&mut self) {
        // They may have ended by themselves.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What is counted.
struct Counts {
    there: u64,
    messages: u64,
    bytes: u64,
    lost: u64,
    waits: Waits,
}

/// How long changes took to a screen, in microseconds.
struct Waits {
    all: Histogram<u64>,
    /// Those of the last second, and its number since the beginning.
    last: Histogram<u64>,
    second: u64,
    began: Instant,
    worst: Worst,
}

impl Waits {
    fn begin() -> anyhow::Result<Self> {
        let all = Histogram::<u64>::new_with_bounds(1, 600_000_000, 3)?;
        let (last, worst) = (all.clone(), Worst::default());
        Ok(Self { all, last, second: 0, began: Instant::now(), worst })
    }

    fn add(&mut self, micros: u64) {
        let second = self.began.elapsed().as_secs();
        if second != self.second {
            self.worst = self.worst();
            self.last.reset();
            self.second = second;
        }
        self.all.saturating_record(micros);
        self.last.saturating_record(micros);
    }

    /// Of the last second, or of the worst before it.
    fn worst(&self) -> Worst {
        let at = |quantile| self.last.value_at_quantile(quantile);
        let last = Worst { p50: at(0.5), p99: at(0.99) };
        if last.p99 > self.worst.p99 { last } else { self.worst }
    }
}

type Shared = Arc<Mutex<Counts>>;
type Socket = WebSocketStream<TcpStream>;

fn with<T>(counts: &Shared, work: impl FnOnce(&mut Counts) -> T) -> T {
    work(&mut counts.lock().expect("nobody panics with it"))
}

/// Is the watchers, until told to end.
pub(crate) fn be(to: SocketAddr, sockets: u64, boards: u64) -> anyhow::Result<()> {
    crate::limits::raise();
    let waits = Waits::begin()?;
    let counts = Counts { there: 0, messages: 0, bytes: 0, lost: 0, waits };
    let counts = Arc::new(Mutex::new(counts));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let come = tokio::time::timeout(PATIENCE, come(to, sockets, boards, &counts));
        let _stalled = come.await.context("the watchers are too slow")??;
        writeln!(std::io::stdout(), "here")?;
        let mut lines = said();
        while let Some(line) = lines.recv().await {
            if line == "end" {
                break;
            }
            let waits = Waits::begin()?;
            with(&counts, |counts| (counts.messages, counts.bytes, counts.waits) = (0, 0, waits));
        }
        let figures = with(&counts, |counts| {
            let at = |quantile| counts.waits.all.value_at_quantile(quantile);
            let (p50, p99, p999, worst) = (at(0.5), at(0.99), at(0.999), counts.waits.worst());
            let Counts { messages, bytes, lost, .. } = *counts;
            Figures { messages, bytes, lost, p50, p99, p999, worst }
        });
        writeln!(std::io::stdout(), "{}", serde_json::to_string(&figures)?)?;
        Ok(())
    })
}

/// The lines that whoever has begun this process says.
fn said() -> tokio::sync::mpsc::UnboundedReceiver<String> {
    let (sender, lines) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// Connects all of them, and waits until each sees something but for those that take nothing, which are returned.
async fn come(
    to: SocketAddr,
    sockets: u64,
    boards: u64,
    counts: &Shared,
) -> anyhow::Result<Vec<Socket>> {
    let mut token = String::new();
    let mut stalled = Vec::new();
    for number in 0..sockets {
        if number % OF_PLAYER == 0 {
            token = token_of(to, number / OF_PLAYER).await?;
        }
        let takes_nothing = number < STALLED;
        let board = format!("race-{}", number % boards);
        let stream = connect(number, to, &board, takes_nothing, &token).await?;
        if takes_nothing {
            stalled.push(stream);
            continue;
        }
        let counts = Arc::clone(counts);
        tokio::spawn(async move {
            follow(stream, number % SAMPLED == 0, &counts).await;
            with(&counts, |counts| counts.lost += 1);
        });
    }
    while with(counts, |counts| counts.there) < sockets - STALLED.min(sockets) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(stalled)
}

async fn token_of(to: SocketAddr, player: u64) -> anyhow::Result<String> {
    let mut connection = Way::InClear(to).connect(None).await?;
    let body = json!({ "playerId": player_name(player), "validForSeconds": 3_600 }).to_string();
    let path = "/api/v1/player-tokens".to_owned();
    let asked = Asked { path, content_type: "application/json", body: body.into_bytes() };
    let status = connection.ask(&asked).await?;
    let answer: serde_json::Value = serde_json::from_str(&connection.body()?)?;
    let token = answer["token"].as_str().with_context(|| format!("no token but {status}"))?;
    Ok(token.to_owned())
}

/// Connects from one of the addresses that loopback has, as a page does, and wants to watch a leaderboard.
async fn connect(
    number: u64,
    to: SocketAddr,
    board: &str,
    takes_nothing: bool,
    token: &str,
) -> anyhow::Result<Socket> {
    let socket = TcpSocket::new_v4()?;
    let [high, low] = ((number % 1_000 + 2) as u16).to_be_bytes();
    socket.bind(SocketAddr::from(([127, 0, high + 1, low], 0)))?;
    if takes_nothing {
        socket.set_recv_buffer_size(4 << 10)?;
    }
    let stream = socket.connect(to).await?;
    let mut request = format!("ws://{to}/api/v1/live").into_client_request()?;
    let offered = format!("accolade, bearer.{token}").parse()?;
    request.headers_mut().insert("sec-websocket-protocol", offered);
    let config = WebSocketConfig::default().read_buffer_size(4 << 10).write_buffer_size(0);
    let (mut stream, _) = client_async_with_config(request, stream, Some(config)).await?;
    let said =
        json!({ "type": "subscribe", "id": "b", "to": "leaderboard", "tournamentId": board });
    stream.send(Message::text(said.to_string())).await?;
    Ok(stream)
}

/// Follows until the socket is closed.
async fn follow(mut stream: Socket, is_sampled: bool, counts: &Shared) {
    let mut newest = 0;
    while let Some(Ok(message)) = stream.next().await {
        let Message::Text(text) = message else { continue };
        let at = now().micros();
        let is_first = text.contains(r#""type":"snapshot""#) && newest == 0;
        let reached = if is_sampled || is_first { reached(&text) } else { Vec::new() };
        with(counts, |counts| {
            counts.there += u64::from(is_first);
            if text.contains(r#""data":"#) {
                counts.messages += 1;
                counts.bytes += text.len() as u64;
            }
            for reached in reached.iter().filter(|reached| **reached > newest && newest > 0) {
                counts.waits.add(at.saturating_sub(*reached).max(1) as u64);
            }
        });
        newest = reached.into_iter().fold(newest.max(i64::from(is_first)), i64::max);
    }
}

/// When the scores of a message were reached.
fn reached(text: &str) -> Vec<i64> {
    let times = text.split(r#""reachedAt":""#).skip(1);
    let times = times.filter_map(|rest| timestamp::read(rest.split('"').next()?));
    times.map(Timestamp::micros).collect()
}
