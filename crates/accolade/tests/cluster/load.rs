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
use crate::outputs;
use crate::processes::{Cluster, OPERATOR, until};
use crate::tables::{self, Row};

const PLAYERS: u64 = 400;
/// Wagers in one request.
const BATCH: u64 = 100;
/// So many requests are on their way at the same time.
const SENDERS: u64 = 4;
/// So many more answers show that it goes on.
const MORE: u64 = 20;
/// Longer than the window in which wagers count.
const LATE: Duration = Duration::from_hours(10 * 24);

/// How many wagers are sent in a second.
fn rate() -> u64 {
    let rate = std::env::var("ACCOLADE_WAGERS_PER_SECOND");
    rate.map_or(5_000, |rate| rate.parse().expect("a number"))
}

/// A wager that counts.
#[derive(Debug)]
pub(crate) struct Wager {
    pub(crate) player: String,
    pub(crate) points: u32,
    pub(crate) at: String,
}

impl Wager {
    /// As it is sent: a stake of 10 gives a point.
    pub(crate) fn line(&self, id: &str) -> String {
        let Self { player, points, at } = self;
        format!(
            r#"{{"wagerId":"{id}","playerId":"{player}","operatorId":"{OPERATOR}","gameId":"g","gameCategory":"slots","wagerAmount":{}.00,"currency":"EUR","jurisdiction":"Malta","timestamp":"{at}"}}"#,
            points * 10
        )
    }
}

/// What the wagers so far must come to: each id counts once.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    /// Points and number of wagers, by player.
    players: BTreeMap<String, (u64, u64)>,
    /// What counts, by id.
    pub(crate) wagers: BTreeMap<String, Wager>,
    /// What comes too late to count: whose it is, by its line.
    pub(crate) late: BTreeMap<String, String>,
    requests: u64,
    repeats: u64,
    resent: u64,
}

/// Sends until it is told to end.
pub(crate) struct Load {
    round: String,
    began: Instant,
    stop: Arc<AtomicBool>,
    ports: Arc<Mutex<Vec<u16>>>,
    expected: Arc<Mutex<Expected>>,
    senders: Vec<JoinHandle<()>>,
}

/// So long ago, as events say it.
fn ago(time: Duration) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().checked_sub(time).unwrap();
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
        let (round, began) = (format!("{round}-"), Instant::now());
        Self { round, began, stop, ports, expected, senders }
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

    /// Waits until more is answered, and until what was answered so far is in the balances.
    #[expect(clippy::print_stdout, reason = "how long it took, for whoever waits")]
    pub(crate) fn goes_on(&self, cluster: &Cluster) {
        let requests = || self.expected.lock().unwrap().requests;
        let wanted = requests() + MORE;
        until("more is answered", || {
            let answered = requests();
            if answered >= wanted { Ok(()) } else { Err(format!("{answered} of {wanted}")) }
        });
        let players = self.expected.lock().unwrap().players.clone();
        let ports = self.ports.lock().unwrap().clone();
        for ((player, (points, _)), port) in players.iter().zip(ports.iter().cycle()) {
            wait_for_balance(cluster, *port, player, &|balance| {
                let whole = balance.split('.').next().and_then(|whole| whole.parse::<u64>().ok());
                whole.is_some_and(|whole| whole >= *points)
            });
        }
        println!("points go on after {} s", self.began.elapsed().as_secs());
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
        let Expected { wagers, late, repeats, resent, .. } = &*expected;
        let (count, late) = (wagers.len(), late.len());
        println!(
            "{count} wagers, {repeats} of them twice, {late} too late, {resent} requests sent again"
        );
        let running = cluster.running();
        for ((player, (points, _)), node) in expected.players.iter().zip(running.iter().cycle()) {
            let port = cluster.port(*node);
            wait_for_balance(cluster, port, player, &|balance| is_points(balance, *points));
        }
        let audit = cluster.command(running[0], &["audit", "verify"]);
        assert!(audit.contains("audit: ok"), "{audit}");
        outputs::check(cluster, round, &expected);
        if cluster.has_tables() {
            check_tables(cluster, round, &expected);
        }
    }
}

/// Asks until the balance is as it should be.
fn wait_for_balance(cluster: &Cluster, port: u16, player: &str, is_right: &dyn Fn(&str) -> bool) {
    let path = format!("/api/v1/players/{player}/balance");
    until(&format!("the balance of {player} at {port}"), || {
        let answer = request(port, "GET", &path, &cluster.key, b"");
        let found = answer.as_ref().ok().filter(|(status, _)| *status == 200);
        let found: Option<Value> = found.and_then(|(_, body)| serde_json::from_str(body).ok());
        let balance = found.map(|found| found["pointsBalance"].to_string());
        if balance.is_some_and(|balance| is_right(&balance)) { Ok(()) } else { Err(answer) }
    });
}

/// The tables have each player of a round with its balance, and each wager in the ledger once.
fn check_tables(cluster: &Cluster, round: &str, expected: &Expected) {
    let right = |player: &str, row: &Row| {
        let Some((points, wagers)) = expected.players.get(player) else { return false };
        let counts = [row.version, row.entries, row.sequences, row.wagers, row.last];
        counts == [*wagers; 5]
            && is_points(&row.balance, *points)
            && is_points(&row.points, *points)
    };
    until(&format!("{} right players in the tables", expected.players.len()), || {
        let mut rows = tables::read(cluster);
        rows.retain(|player, _| player.starts_with(round));
        let wrong = rows.iter().find(|(player, row)| !right(player, row));
        if wrong.is_none() && rows.len() == expected.players.len() {
            return Ok(());
        }
        Err(format!("{} rows, of which {wrong:?}", rows.len()))
    });
}

/// Whether a JSON number is this many whole points, however many zeros it is written with.
fn is_points(number: &str, points: u64) -> bool {
    let (whole, rest) = number.split_once('.').unwrap_or((number, ""));
    whole == points.to_string() && rest.bytes().all(|figure| figure == b'0')
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
    let every = Duration::from_micros(1_000_000 * BATCH * SENDERS / rate());
    let mut next = 0_u64;
    let mut due = Instant::now();
    while !stop.load(Ordering::SeqCst) {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        due += every;
        let mut body = String::new();
        let (mut given, mut late, mut repeats) = (Vec::new(), Vec::new(), 0);
        let (at, long_ago) = (ago(Duration::ZERO), ago(LATE));
        for number in next..next + BATCH {
            let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
            // Each sender has players of its own; some wagers come a second time.
            let player = format!("{round}-p{}", mixed % (PLAYERS / SENDERS));
            let points = 1 + u32::try_from(mixed % 7).unwrap();
            let (is_twice, is_late) = (mixed % 31 == 0, mixed % 97 == 1);
            let at = if is_late { &long_ago } else { &at };
            let wager = Wager { player, points, at: at.clone() };
            let id = format!("{round}-{number}");
            let line = wager.line(&id);
            writeln!(body, "{line}").unwrap();
            if is_late {
                late.push((line, wager.player));
                continue;
            }
            if is_twice {
                writeln!(body, "{line}").unwrap();
                repeats += 1;
            }
            given.push((id, wager));
        }
        next += BATCH;
        let mut tries = 0;
        until("somebody answers", || {
            let port = {
                let ports = ports.lock().unwrap();
                ports[usize::try_from(sender + next / BATCH + tries).unwrap() % ports.len()]
            };
            tries += 1;
            match request(port, "POST", "/api/v1/wagers", key, body.as_bytes()) {
                Ok((200, text)) if text.contains("\"rejected\":[]") => Ok(()),
                Ok((status, text)) if status < 500 && status != 429 => {
                    panic!("a request was refused: {status} {text}")
                }
                otherwise => Err(otherwise),
            }
        });
        let mut expected = expected.lock().unwrap();
        expected.requests += 1;
        expected.resent += tries - 1;
        expected.repeats += repeats;
        for (id, wager) in given {
            let (sum, count) = expected.players.entry(wager.player.clone()).or_default();
            *sum += u64::from(wager.points);
            *count += 1;
            expected.wagers.insert(id, wager);
        }
        expected.late.extend(late);
    }
}
