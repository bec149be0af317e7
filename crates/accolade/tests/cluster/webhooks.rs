//! Webhooks while their partitions' node is killed: what has happened is told in its order, and none of it is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::http::request;
use crate::processes::{Cluster, OPERATOR, until};

/// Everybody begins with bronze.
const PROGRAM: &str = "\
currency: EUR
earning: { multipliers: { default: 0.1 } }
tiers:
  window: { rolling: 30d }
  levels: [ { name: bronze, from: 0 }, { name: silver, from: 10 }, { name: gold, from: 100 }, { name: platinum, from: 1000 } ]
";
const PLAYERS: usize = 24;
/// With each of these stakes a player rises.
const STAKES: [u32; 3] = [200, 2_000, 20_000];

/// A receiver of messages, which is away at times.
struct Receiver {
    address: SocketAddr,
    is_away: Arc<AtomicBool>,
    /// Ids and bodies of what it has taken, in the order in which it came.
    taken: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Receiver {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (is_away, taken) = (Arc::<AtomicBool>::default(), Arc::<Mutex<Vec<_>>>::default());
        let (away, took) = (Arc::clone(&is_away), Arc::clone(&taken));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (away, took) = (Arc::clone(&away), Arc::clone(&took));
                std::thread::spawn(move || take(stream.unwrap(), &away, &took));
            }
        });
        Self { address, is_away, taken }
    }

    fn be_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
    }

    /// Waits until it has taken so many different messages.
    fn has(&self, count: usize) {
        until(&format!("{count} messages"), || {
            let taken = self.taken.lock().unwrap();
            let ids: BTreeSet<&String> = taken.iter().map(|(id, _)| id).collect();
            if ids.len() == count { Ok(()) } else { Err(ids.len()) }
        });
    }
}

fn take(stream: TcpStream, is_away: &AtomicBool, taken: &Mutex<Vec<(String, Value)>>) {
    let mut reader = BufReader::new(&stream);
    let (mut id, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        // Whoever was killed says no more.
        let Ok(1..) = reader.read_line(&mut line) else { return };
        match line.trim_end().split_once(": ") {
            Some(("webhook-id", value)) => value.clone_into(&mut id),
            Some(("content-length", value)) => length = value.parse().unwrap(),
            _ if line == "\r\n" => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let is_away = is_away.load(Ordering::SeqCst);
    if !is_away {
        taken.lock().unwrap().push((id, serde_json::from_slice(&body).unwrap()));
    }
    let status = if is_away { "503 Away" } else { "204 Taken" };
    (&stream).write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes()).ok();
}

/// Has all players rise once more, by whichever node answers.
fn rise(cluster: &Cluster, level: usize) {
    for player in 0..PLAYERS {
        let now = jiff::Timestamp::now();
        let wager = json!({
            "wagerId": format!("{player}-{level}"), "playerId": format!("player-{player}"),
            "operatorId": OPERATOR, "gameId": "g", "gameCategory": "slots",
            "wagerAmount": STAKES[level], "currency": "EUR", "jurisdiction": "Malta",
            "timestamp": format!("{now:.3}"),
        });
        let body = wager.to_string();
        until("a node that takes a wager", || {
            let mut answers = Vec::new();
            for node in cluster.running() {
                let path = "/api/v1/wagers?wait=applied";
                let answer =
                    request(cluster.port(node), "POST", path, &cluster.key, body.as_bytes());
                match answer {
                    Ok((200, told)) if told.contains("\"counted\"") => return Ok(()),
                    // By a request before, whose answer came sooner than the outcome, or never.
                    Ok((200, told)) if told.contains("\"repeated\"") => return Ok(()),
                    answer => answers.push(format!("{answer:?}")),
                }
            }
            Err(answers)
        });
    }
}

#[test]
#[ignore = "takes minutes and starts services; `make cluster-test` runs it"]
fn webhooks_are_told_everything_in_order_while_a_node_is_killed_and_their_receiver_is_away() {
    let mut cluster = Cluster::start(1, 2);
    cluster.publish(PROGRAM, &[]);
    let receiver = Receiver::start();
    let address = format!("http://{}/", receiver.address);
    cluster.command(1, &["webhook", "add", &address, "--operator", OPERATOR]);
    rise(&cluster, 0);
    receiver.has(PLAYERS);
    receiver.be_away(true);
    rise(&cluster, 1);
    cluster.kill(1);
    cluster.has_all(2);
    receiver.be_away(false);
    rise(&cluster, 2);
    cluster.node(1);
    cluster.have_shares();
    receiver.has(PLAYERS * STAKES.len());
    let taken = receiver.taken.lock().unwrap();
    let mut ids = BTreeSet::new();
    let mut tiers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (_, body) in taken.iter().filter(|(id, _)| ids.insert(id)) {
        assert_eq!(body["type"], "tier.changed");
        let [player, after] =
            ["playerId", "after"].map(|name| body["data"][name].as_str().unwrap());
        tiers.entry(player).or_default().push(after);
    }
    assert_eq!(tiers.len(), PLAYERS);
    for (player, tiers) in tiers {
        assert_eq!(tiers, ["silver", "gold", "platinum"], "{player}");
    }
}
