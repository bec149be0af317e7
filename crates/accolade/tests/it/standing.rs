//! A partition that stands, and the commands that get it going again.
//!
//! No input is known at which the rules of the binary fail. So the node is one of this process, with a
//! rule that does, and the binary finds it by its socket, as it finds any.

use std::sync::Arc;

use accolade_engine::contract::faulty::FAILS_AT_13;
use accolade_server::{Service, Settings, local, serve_unix};
use accolade_storage::node::{Node, NodeOptions};
use accolade_wire::identity::partition_of;
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::harness::{Home, line_with, until};

const OPERATOR: &str = "operator-789";
const PARTITIONS: u16 = 4;

fn node(home: &Home) -> Arc<Node> {
    let mut options = NodeOptions::new(home.data_dir());
    options.files.partitions = PARTITIONS;
    options.files.log_segment_bytes = 1 << 20;
    options.files.journal_segment_bytes = 1 << 20;
    options.free_bytes_min = 0;
    options.behaviours = FAILS_AT_13;
    Arc::new(Node::start(options).unwrap())
}

fn wager(home: &Home, id: &str, player: &str, stake: &str) -> String {
    let now = jiff::Timestamp::now();
    let wager = format!(
        r#"{{"wagerId":"{id}","playerId":"{player}","operatorId":"{OPERATOR}","gameId":"g","gameCategory":"slots","wagerAmount":{stake},"currency":"EUR","jurisdiction":"Malta","timestamp":"{now}"}}"#
    );
    let file = home.file("wager.ndjson", &wager);
    home.run(&["ingest", file.to_str().unwrap()]).well()
}

#[test]
fn a_partition_that_stands_is_named_and_goes_on_when_it_is_told_to() {
    let home = Home::new();
    let node = node(&home);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    let settings = Settings { wait_ms: 1_000, ..Settings::default() };
    let router = local(Service::new(Arc::clone(&node), settings, metrics));
    let socket = home.data_dir().join("accolade.sock");
    let path = socket.clone();
    runtime.spawn(async move { serve_unix(&path, router, std::future::pending()).await });
    until("a socket", || if socket.exists() { Ok(()) } else { Err("none") });
    home.run(&["operator", "add", OPERATOR]).well();
    let program = "currency: EUR\nearning: { multipliers: { default: 0.1 } }\n";
    let program = home.file("program.yaml", program);
    let words = ["program", "publish", program.to_str().unwrap(), "--operator", OPERATOR];
    home.run(&[&words[..], &["--why", "a test", "--effective-from", "1 day ago"]].concat()).well();

    // The first partition is the one whose outcome a control record's caller hears.
    for number in 0..PARTITIONS {
        let mut players = (0..).map(|n| format!("player-{n}"));
        let player = players.find(|name| partition_of(name, PARTITIONS) == number).unwrap();
        line_with(&home.run(&["status"]).well(), "running");
        wager(&home, &format!("bad-{number}"), &player, "13.00");
        let behind = wager(&home, &format!("behind-{number}"), &player, "10.00");
        assert!(!behind.contains("counted"), "{behind}");

        let status = home.run(&["status"]);
        assert_eq!(status.code, Some(1), "{status:?}");
        line_with(&status.out, &format!("Partition {number} stands: a stake of 13"));
        let told = line_with(&status.out, "accolade skip");
        let place = told.split_once("skip ").unwrap().1.split_once('`').unwrap().0;
        let elsewhere = home.run(&["skip", "3-1-1", "--who", "anna", "--yes"]).badly();
        assert!(elsewhere.contains("stand"), "{elsewhere}");
        let skipped = home.run(&["skip", place, "--who", "anna", "--yes"]).well();
        assert!(skipped.contains(&format!("partition {number} goes on")), "{skipped}");
        assert!(skipped.contains(place), "{skipped}");

        // What comes in while it catches up is answered before it is folded.
        wager(&home, &format!("after-{number}"), &player, "10.00");
        for id in [format!("behind-{number}"), format!("after-{number}")] {
            let mut looks = (0..100).map(|_| home.run(&["explain", &id]));
            let explained = looks.find(|explained| explained.code == Some(0)).unwrap().out;
            assert_eq!(line_with(&explained, "outcome").trim(), "outcome     counted");
        }
        let letters = home.run(&["topic", "tail", "accolade.dead-letters", "--json"]).well();
        let letter = line_with(&letters, &format!("bad-{number}"));
        assert!(letter.contains(r#""reason":"skipped""#) && letter.contains(place), "{letter}");
        home.run(&["skip", place, "--yes"]).badly();
    }
    line_with(&home.run(&["audit", "verify"]).well(), "audit: ok");
    node.stop().unwrap();
}
