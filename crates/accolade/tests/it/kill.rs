//! The real binary, killed with -9 under load again and again.
//!
//! Several connections send wagers and write down what was answered. After each kill, and over the
//! whole ledger at the end, every answered wager must have been counted exactly once, and one that
//! was never answered at most once.

mod settling;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use accolade_domain::amount::Points;
use accolade_domain::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::harness::{Home, Serving, line_with};

const OPERATOR: &str = "operator-789";
/// A stake of 10.00 gives one point.
const PROGRAM: &str = "currency: EUR\nearning: { multipliers: { default: 0.1 } }\n";
const CONNECTIONS: u64 = 6;
const PLAYERS_EACH: u64 = 12;
const BATCH: u64 = 20;
/// Players of each connection whose whole ledger is looked at after each kill.
const SAMPLE: usize = 2;
/// After so many kills every player's whole ledger is looked at, and others begin to play.
const ERA_KILLS: u64 = 25;

#[test]
#[ignore = "takes minutes; `make kill-test` runs it"]
#[expect(clippy::print_stdout, reason = "the seed, and how far it is, for whoever waits")]
fn nothing_answered_is_lost_and_nothing_counts_twice() {
    let kills = from_environment("ACCOLADE_KILLS").unwrap_or(50);
    let seed = from_environment("ACCOLADE_SEED").unwrap_or_else(|| now().micros().unsigned_abs());
    println!("{kills} kills, ACCOLADE_SEED={seed}");
    let mut random = Random(seed);
    let home = Home::new();
    let environment = [
        ("ACCOLADE_CHECKPOINT_EVERY_MS", "150"),
        ("ACCOLADE_SEGMENT_BYTES", "16000000"),
        ("ACCOLADE_LOG", "warn,accolade=info"),
    ];

    let mut serving = home.serve(&environment);
    let key = found(&home);
    let mut senders: Vec<Sender> =
        (0..CONNECTIONS).map(|number| Sender::new(number, random.bits(), &key)).collect();
    let began = Instant::now();
    for kill in 1..=kills {
        let pause = Duration::from_millis(50 + random.below(700));
        senders = send_until_killed(serving, senders, pause);
        serving = home.serve(&environment);
        let mut connection = Connection::open(&serving, &key).expect("the node listens");
        for sender in &mut senders {
            sender.resend_some(&mut connection);
            for _ in 0..SAMPLE {
                let player = sender.random.below(PLAYERS_EACH);
                sender.check(player, &mut connection);
            }
            if kill % ERA_KILLS == 0 || kill == kills {
                sender.settle(&mut connection);
            }
        }
        if kill % 10 == 0 || kill == kills {
            let of = |count: fn(&Sender) -> u64| senders.iter().map(count).sum::<u64>();
            println!(
                "{kill} kills in {} s: {} wagers answered, {} not, of which {} were sent again",
                began.elapsed().as_secs(),
                of(|sender| sender.answered),
                of(|sender| sender.broken_off),
                of(|sender| sender.resent)
            );
        }
    }

    let mut connection = Connection::open(&serving, &key).expect("the node listens");
    for sender in &senders {
        sender.check_settled(&mut connection);
    }
    drop(connection);
    assert_eq!(serving.stop().0, Some(0));
    let audit = home.run(&["audit", "verify"]).well();
    println!("{}", line_with(&audit, "audit: ok"));
}

pub(crate) fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Makes the operator; its key.
pub(crate) fn found(home: &Home) -> String {
    let added = home.run(&["operator", "add", OPERATOR]).well();
    let file = home.file("program.yaml", PROGRAM);
    let words = ["program", "publish", file.to_str().unwrap(), "--operator", OPERATOR];
    home.run(&[&words[..], &["--why", "a test", "--effective-from", "1 day ago"]].concat()).well();
    line_with(&added, "key ").trim_start_matches("key").trim().to_owned()
}

/// Sends with all connections at once, and kills the node after `pause`.
fn send_until_killed(serving: Serving, senders: Vec<Sender>, pause: Duration) -> Vec<Sender> {
    let is_killed = AtomicBool::new(false);
    let is_killed = &is_killed;
    std::thread::scope(|scope| {
        let threads: Vec<_> = senders
            .into_iter()
            .map(|mut sender| {
                let connection = Connection::open(&serving, &sender.key).expect("the node listens");
                scope.spawn(move || {
                    sender.send_until_broken(connection);
                    assert!(is_killed.load(Ordering::SeqCst), "broken off before the kill");
                    sender
                })
            })
            .collect();
        std::thread::sleep(pause);
        is_killed.store(true, Ordering::SeqCst);
        serving.kill();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// What a sender knows of a wager.
#[derive(Debug, Clone)]
struct Sent {
    player: u64,
    /// Points that it must give.
    points: i64,
    body: String,
    is_answered: bool,
}

/// A player who has stopped playing.
#[derive(Debug)]
struct Settled {
    player: String,
    sum: i64,
    entries: u64,
}

/// One connection with players of its own, and its record of what was answered.
#[derive(Debug)]
struct Sender {
    number: u64,
    key: String,
    random: Random,
    era: u64,
    made: u64,
    answered: u64,
    broken_off: u64,
    resent: u64,
    wagers: BTreeMap<String, Sent>,
    settled: Vec<Settled>,
    /// Ids that have not been answered, of which some are sent again.
    open: BTreeSet<String>,
}

impl Sender {
    fn new(number: u64, seed: u64, key: &str) -> Self {
        Self {
            number,
            key: key.to_owned(),
            random: Random(seed),
            era: 0,
            made: 0,
            answered: 0,
            broken_off: 0,
            resent: 0,
            wagers: BTreeMap::new(),
            settled: Vec::new(),
            open: BTreeSet::new(),
        }
    }

    fn player(&self, player: u64) -> String {
        format!("player-{}-{}-{player}", self.number, self.era)
    }

    /// Makes a wager that has not been answered.
    fn make(&mut self) -> String {
        let id = format!("wager-{}-{}", self.number, self.made);
        self.made += 1;
        let player = self.random.below(PLAYERS_EACH);
        let points = 1 + i64::try_from(self.random.below(50)).unwrap();
        let at = accolade_wire::timestamp::write(now());
        let body = format!(
            r#"{{"wagerId":"{id}","playerId":"{}","operatorId":"{OPERATOR}","gameId":"g","gameCategory":"slots","wagerAmount":{}.00,"currency":"EUR","jurisdiction":"Malta","timestamp":"{at}"}}"#,
            self.player(player),
            points * 10
        );
        self.wagers.insert(id.clone(), Sent { player, points, body, is_answered: false });
        self.open.insert(id.clone());
        id
    }

    fn is_answered(&mut self, id: &str) {
        let sent = self.wagers.get_mut(id).expect("it was sent");
        sent.is_answered = true;
        sent.body = String::new();
        self.open.remove(id);
        self.answered += 1;
    }

    fn send_until_broken(&mut self, mut connection: Connection) {
        loop {
            let is_batch = self.random.below(4) == 0;
            let count = if is_batch { BATCH } else { 1 };
            let ids: Vec<String> = (0..count).map(|_| self.make()).collect();
            let bodies = ids.iter().map(|id| format!("{}\n", self.wagers[id].body));
            let body: String = bodies.collect();
            let kind = if is_batch { "application/x-ndjson" } else { "application/json" };
            let wait = if self.random.below(2) == 0 { "?wait=applied" } else { "" };
            match connection.ask("POST", &format!("/api/v1/wagers{wait}"), kind, &body) {
                Some((200, answer)) => {
                    if is_batch {
                        let many: Many = serde_json::from_str(&answer).unwrap();
                        assert_eq!(many.accepted, BATCH, "{answer}");
                    }
                    for id in &ids {
                        self.is_answered(id);
                    }
                }
                Some((503, _)) => {}
                Some((status, answer)) => panic!("{status}: {answer}"),
                None => {
                    self.broken_off += count;
                    return;
                }
            }
        }
    }

    /// Sends about half of what was not answered again: it counts now, or has counted before.
    fn resend_some(&mut self, connection: &mut Connection) {
        let open: Vec<String> = self.open.iter().cloned().collect();
        for id in open {
            if self.random.below(2) == 0 {
                continue;
            }
            let Sent { body, points, .. } = self.wagers[&id].clone();
            let path = "/api/v1/wagers?wait=applied";
            let (status, answer) =
                connection.ask("POST", path, "application/json", &body).expect("the node is there");
            assert_eq!(status, 200, "{answer}");
            let outcome: Outcome = serde_json::from_str(&answer).unwrap();
            assert!(matches!(&*outcome.outcome, "counted" | "repeated"), "{id}: {answer}");
            assert_eq!(
                hundredths(&outcome.points.expect("there are points")),
                points * 100,
                "{id}: {answer}"
            );
            self.is_answered(&id);
            self.resent += 1;
        }
    }

    /// Looks at the whole ledger of every player, for the last time; what was not answered until now
    /// will not be sent again.
    fn settle(&mut self, connection: &mut Connection) {
        for player in 0..PLAYERS_EACH {
            let (sum, entries) = self.check(player, connection);
            self.settled.push(Settled { player: self.player(player), sum, entries });
        }
        self.wagers.clear();
        self.open.clear();
        self.era += 1;
    }

    /// Long after they have stopped playing, nothing has changed for these players.
    fn check_settled(&self, connection: &mut Connection) {
        for Settled { player, sum, entries } in &self.settled {
            let path = format!("/api/v1/players/{player}/ledger?limit=1");
            let (_, answer) = connection.ask("GET", &path, "", "").expect("the node is there");
            let page: Option<Page> = serde_json::from_str(&answer).ok();
            let newest = page.and_then(|page| page.items.into_iter().next());
            let found = newest.map(|entry| (hundredths(&entry.balance_after), entry.sequence));
            assert_eq!(found.unwrap_or_default(), (*sum, *entries), "{player}: {answer}");
        }
    }

    /// Walks the ledger of one player: every answered wager is in it once, no other twice, and the
    /// balance is their sum. That sum, and the number of entries.
    fn check(&self, player: u64, connection: &mut Connection) -> (i64, u64) {
        let name = self.player(player);
        let mut counted = BTreeSet::new();
        let (mut sum, mut newest) = (0, None);
        let mut cursor = String::new();
        loop {
            let path = format!("/api/v1/players/{name}/ledger?limit=500{cursor}");
            let (status, answer) = connection.ask("GET", &path, "", "").expect("the node is there");
            if status == 404 {
                break;
            }
            assert_eq!(status, 200, "{answer}");
            let page: Page = serde_json::from_str(&answer).unwrap();
            for entry in page.items {
                newest.get_or_insert(hundredths(&entry.balance_after));
                let id = entry.cause.id;
                let sent = self.wagers.get(&id).unwrap_or_else(|| panic!("{id} was never sent"));
                assert_eq!(hundredths(&entry.points), sent.points * 100, "{id}");
                assert_eq!(sent.player, player, "{id} is another player's");
                sum += sent.points * 100;
                assert!(counted.insert(id.clone()), "{id} counts twice");
            }
            match page.next_cursor {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let of_player = self.wagers.iter().filter(|(_, sent)| sent.player == player);
        for (id, _) in of_player.filter(|(_, sent)| sent.is_answered) {
            assert!(counted.contains(id), "{id} was answered and is not counted");
        }
        if let Some(newest) = newest {
            assert_eq!(newest, sum, "{name}: the newest entry's balance");
            let path = format!("/api/v1/players/{name}/balance");
            let (_, answer) = connection.ask("GET", &path, "", "").expect("the node is there");
            let balance: Balance = serde_json::from_str(&answer).unwrap();
            assert_eq!(hundredths(&balance.points_balance), sum, "{name}: {answer}");
        }
        (sum, counted.len() as u64)
    }
}

#[derive(Deserialize)]
struct Many {
    accepted: u64,
}

#[derive(Deserialize)]
struct Outcome {
    outcome: String,
    points: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Balance {
    points_balance: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page {
    pub(crate) items: Vec<Entry>,
    pub(crate) next_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    sequence: u64,
    pub(crate) points: Box<RawValue>,
    balance_after: Box<RawValue>,
    cause: Cause,
}

#[derive(Deserialize)]
struct Cause {
    id: String,
}

/// Hundredths of a point.
pub(crate) fn hundredths(points: &RawValue) -> i64 {
    let (sign, points) = match points.get().strip_prefix('-') {
        Some(taken) => (-1, taken),
        None => (1, points.get()),
    };
    sign * Points::parse(points).unwrap().hundredths()
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_micros(since.as_micros().try_into().unwrap())
}

/// A connection that is kept open, and is told nothing it did not read itself.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    key: String,
}

impl Connection {
    pub(crate) fn open(serving: &Serving, key: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(serving.address())?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self { stream: BufReader::new(stream), key: key.to_owned() })
    }

    /// Status and body; nothing where the connection breaks before the whole answer is read.
    pub(crate) fn ask(
        &mut self,
        method: &str,
        path: &str,
        kind: &str,
        body: &str,
    ) -> Option<(u16, String)> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: accolade\r\nAuthorization: Bearer {}\r\n\
             Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            self.key,
            body.len()
        );
        self.stream.get_mut().write_all(head.as_bytes()).ok()?;
        let status = self.line()?.split(' ').nth(1)?.parse().ok()?;
        let mut length = 0;
        loop {
            let line = self.line()?.to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            assert!(!line.starts_with("transfer-encoding"), "answers here have a length");
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).ok()?;
        Some((status, String::from_utf8(body).ok()?))
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
        // Without its end it was cut off.
        line.strip_suffix("\r\n").map(str::to_owned)
    }
}

/// `SplitMix64` (<https://prng.di.unimi.it/splitmix64.c>).
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.bits() % end
    }
}
