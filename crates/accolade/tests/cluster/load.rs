//! Wagers at a steady rate, and a second opinion on what they come to.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use accolade_domain::time::Timestamp;
use serde_json::Value;

use crate::http::request;
use crate::processes::{Cluster, OPERATOR, PATIENCE};
use crate::tables::{self, Row};

const PLAYERS: u64 = 400;
/// Wagers in one request.
const BATCH: u64 = 100;
/// Requests a second: 5,000 wagers.
const EVERY: Duration = Duration::from_millis(20);
/// So many requests are on their way at the same time.
const SENDERS: u64 = 4;

/// What the wagers so far must come to: a stake of 10 gives a point, each id counts once.
#[derive(Debug, Default)]
struct Expected {
    /// Points and number of wagers, by player.
    players: BTreeMap<String, (u64, u64)>,
    wagers: u64,
    repeats: u64,
    resent: u64,
}

/// Sends until it is told to end.
pub(crate) struct Load {
    round: String,
    stop: Arc<AtomicBool>,
    ports: Arc<Mutex<Vec<u16>>>,
    expected: Arc<Mutex<Expected>>,
    senders: Vec<JoinHandle<()>>,
}

fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let micros = i64::try_from(since.as_micros()).unwrap();
    accolade_wire::timestamp::write(Timestamp::from_micros(micros)).to_string()
}

impl Load {
    /// Begins to send to the nodes that run.
    pub(crate) fn begin(cluster: &Cluster, round: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let running = cluster.running();
        let ports = running.iter().map(|node| cluster.port(*node)).collect();
        let ports = Arc::new(Mutex::new(ports));
        let expected = Arc::new(Mutex::new(Expected::default()));
        let senders = (0..SENDERS)
            .map(|sender| {
                let (stop, ports) = (Arc::clone(&stop), Arc::clone(&ports));
                let (expected, key) = (Arc::clone(&expected), cluster.key.clone());
                let round = format!("{round}-{sender}");
                std::thread::spawn(move || send(&round, sender, &key, &stop, &ports, &expected))
            })
            .collect();
        Self { round: format!("{round}-"), stop, ports, expected, senders }
    }

    /// From now on wagers go to the nodes that run now.
    pub(crate) fn to(&self, cluster: &Cluster) {
        let running = cluster.running();
        *self.ports.lock().unwrap() = running.iter().map(|node| cluster.port(*node)).collect();
    }

    /// From now on wagers go to these nodes.
    pub(crate) fn only(&self, cluster: &Cluster, nodes: &[u16]) {
        *self.ports.lock().unwrap() = nodes.iter().map(|node| cluster.port(*node)).collect();
    }

    /// Waits until what was answered so far is in the balances.
    pub(crate) fn is_folded(&self, cluster: &Cluster) {
        let players = self.expected.lock().unwrap().players.clone();
        let running = cluster.running();
        let until = Instant::now() + PATIENCE;
        for (number, (player, (points, _))) in players.iter().enumerate() {
            let port = cluster.port(running[number % running.len()]);
            let reached = |balance: &str| {
                let whole = balance.split('.').next().and_then(|whole| whole.parse::<u64>().ok());
                whole.is_some_and(|whole| whole >= *points)
            };
            wait_for_balance(cluster, port, player, until, &reached);
        }
    }

    /// Ends sending once everything was answered, and compares what came of it with what had to.
    #[expect(clippy::print_stdout, reason = "how much was sent, for whoever waits")]
    pub(crate) fn end(self, cluster: &Cluster) {
        self.stop.store(true, Ordering::SeqCst);
        for sender in self.senders {
            sender.join().unwrap();
        }
        cluster.wait_until_owned();
        let (expected, round) = (self.expected.lock().unwrap(), &self.round);
        let Expected { wagers, repeats, resent, .. } = &*expected;
        println!("{wagers} wagers, {repeats} of them twice, {resent} requests sent again");
        let running = cluster.running();
        let until = Instant::now() + PATIENCE;
        for (number, (player, (points, _))) in expected.players.iter().enumerate() {
            let port = cluster.port(running[number % running.len()]);
            let reached = |balance: &str| is_points(balance, *points);
            wait_for_balance(cluster, port, player, until, &reached);
        }
        let audit = cluster.command(running[0], &["audit", "verify"]);
        assert!(audit.contains("audit: ok"), "{audit}");
        check_outputs(cluster, &expected, until);
        if cluster.has_tables() {
            check_tables(cluster, round, &expected, until);
        }
    }
}

/// Asks until the balance is as it should be.
fn wait_for_balance(
    cluster: &Cluster,
    port: u16,
    player: &str,
    until: Instant,
    is_right: &dyn Fn(&str) -> bool,
) {
    let path = format!("/api/v1/players/{player}/balance");
    loop {
        let answer = request(port, "GET", &path, &cluster.key, b"");
        let found = answer.as_ref().ok().filter(|(status, _)| *status == 200);
        let found: Option<Value> = found.and_then(|(_, body)| serde_json::from_str(body).ok());
        let balance = found.map(|found| found["pointsBalance"].to_string());
        if balance.is_some_and(|balance| is_right(&balance)) {
            return;
        }
        assert!(Instant::now() < until, "{player} at {port}: {answer:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The tables have each player of a round with its balance, and each wager in the ledger once.
fn check_tables(cluster: &Cluster, round: &str, expected: &Expected, until: Instant) {
    let right = |player: &str, row: &Row| {
        let Some((points, wagers)) = expected.players.get(player) else { return false };
        let counts = [row.version, row.entries, row.sequences, row.wagers, row.last];
        counts == [*wagers; 5]
            && is_points(&row.balance, *points)
            && is_points(&row.points, *points)
    };
    loop {
        let mut rows = tables::read(cluster);
        rows.retain(|player, _| player.starts_with(round));
        let wrong = rows.iter().find(|(player, row)| !right(player, row));
        if wrong.is_none() && rows.len() == expected.players.len() {
            return;
        }
        let (found, of) = (rows.len(), expected.players.len());
        assert!(Instant::now() < until, "the tables have {found} of {of} players; {wrong:?}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Whether a JSON number is this many whole points, however many zeros it is written with.
fn is_points(number: &str, points: u64) -> bool {
    let (whole, rest) = number.split_once('.').unwrap_or((number, ""));
    whole == points.to_string() && rest.bytes().all(|figure| figure == b'0')
}

/// A reader of what is committed sees every change of a balance once, in order, and each wager once.
fn check_outputs(cluster: &Cluster, expected: &Expected, until: Instant) {
    loop {
        let mut players: BTreeMap<String, (u64, String)> = BTreeMap::new();
        let mut wrong = None;
        for line in cluster.output("loyalty.balances") {
            let value: Value = serde_json::from_str(&line).unwrap();
            let player = value["playerId"].as_str().unwrap().to_owned();
            let version = value["version"].as_u64().unwrap();
            let last = players.entry(player.clone()).or_default();
            if version != last.0 + 1 {
                wrong = Some(format!("{player}: version {version} after {}", last.0));
            }
            *last = (version, value["pointsBalance"].to_string());
        }
        assert!(wrong.is_none(), "{wrong:?}");
        let is_whole = expected.players.iter().all(|(player, (points, wagers))| {
            players
                .get(player)
                .is_some_and(|(version, balance)| version == wagers && is_points(balance, *points))
        });
        if is_whole {
            return;
        }
        assert!(Instant::now() < until, "the outputs do not catch up");
    }
}

/// One of several threads that send.
fn send(
    round: &str,
    sender: u64,
    key: &str,
    stop: &AtomicBool,
    ports: &Mutex<Vec<u16>>,
    expected: &Mutex<Expected>,
) {
    let mut next = 0_u64;
    let mut due = Instant::now();
    while !stop.load(Ordering::SeqCst) {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        due += EVERY * u32::try_from(SENDERS).unwrap();
        let mut body = String::new();
        let mut given = Vec::new();
        let at = now();
        for number in next..next + BATCH {
            let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
            // Each sender has players of its own; some wagers come a second time.
            let player = format!("{round}-p{}", mixed % (PLAYERS / SENDERS));
            let points = 1 + mixed % 7;
            let is_twice = mixed % 31 == 0;
            let line = format!(
                r#"{{"wagerId":"{round}-{number}","playerId":"{player}","operatorId":"{OPERATOR}","gameId":"g","gameCategory":"slots","wagerAmount":{},"currency":"EUR","jurisdiction":"Malta","timestamp":"{at}"}}"#,
                points * 10
            );
            for _ in 0..=u64::from(is_twice) {
                writeln!(body, "{line}").unwrap();
            }
            given.push((player, points, is_twice));
        }
        next += BATCH;
        let mut tries = 0;
        let until = Instant::now() + PATIENCE;
        loop {
            let port = {
                let ports = ports.lock().unwrap();
                ports[usize::try_from(sender + next / BATCH + tries).unwrap() % ports.len()]
            };
            let answer = request(port, "POST", "/api/v1/wagers", key, body.as_bytes());
            match answer {
                Ok((200, text)) if text.contains("\"rejected\":[]") => break,
                Ok((status, text)) if status < 500 && status != 429 => {
                    panic!("a request was refused: {status} {text}")
                }
                Ok(_) | Err(_) => {
                    assert!(Instant::now() < until, "nobody answers");
                    tries += 1;
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
        }
        let mut expected = expected.lock().unwrap();
        expected.wagers += BATCH;
        expected.resent += tries;
        for (player, points, is_twice) in given {
            let (sum, count) = expected.players.entry(player).or_default();
            *sum += points;
            *count += 1;
            expected.repeats += u64::from(is_twice);
        }
    }
}
