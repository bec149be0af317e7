//! The same commands beside a running node and on a stopped one.

use std::collections::BTreeSet;

use expect_test::expect;

use crate::api::request;
use crate::harness::{Home, Serving, line_with};

const WAGERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/wagers.ndjson");

#[test]
fn commands_work_on_a_stopped_node() {
    tour(&Home::new(), "stopped");
}

#[test]
fn commands_work_beside_a_running_node() {
    let home = Home::new();
    let serving = home.serve(&[]);
    tour(&home, "running");
    let (code, log) = serving.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("everything answered is on disk"), "{log}");
    line_with(&home.run(&["audit", "verify"]).well(), "audit: ok");
}

fn keys(home: &Home) {
    let of = ["--operator", "operator-789"];
    let add = [&["key", "add", "the desk", "--role", "support"][..], &of].concat();
    let made = home.run(&add).well();
    let id = line_with(&made, "id ").trim_start_matches("id").trim().to_owned();
    assert!(line_with(&made, "secret ").contains("acc_"), "{made}");
    let rotated = home.run(&[&["key", "rotate", &id][..], &of].concat()).well();
    assert!(line_with(&rotated, "secret ").contains("acc_"), "{rotated}");
    home.run(&[&["key", "revoke", &id, "--yes"][..], &of].concat()).well();
    let listed = home.run(&[&["key", "list"][..], &of].concat()).well();
    assert!(line_with(&listed, "first ").contains("valid    admin"), "{listed}");
    assert!(line_with(&listed, &id).contains("revoked  support"), "{listed}");
    assert!(!listed.contains("acc_"), "{listed}");
    let unknown = home.run(&[&["key", "revoke", "nothing", "--yes"][..], &of].concat()).badly();
    assert!(unknown.contains("the key `nothing` was not revoked"), "{unknown}");

    home.run(&["operator", "pause", "operator-555", "--why", "a debt", "--yes"]).well();
    let listed = home.run(&["operator", "list"]).well();
    assert!(line_with(&listed, "operator-555").ends_with("5,000  paused"), "{listed}");
    home.run(&["operator", "resume", "operator-555"]).well();
}

fn tour(home: &Home, node: &str) {
    let added = home.run(&["operator", "add", "operator-789"]).well();
    let key = line_with(&added, "key ").trim_start_matches("key").trim();
    assert!(key.starts_with("acc_") && key.len() > 40, "{added}");
    home.run(&["operator", "add", "operator-555", "--events-per-second", "5000"]).well();
    for (operator, program) in [("operator-789", "slots-house"), ("operator-555", "live-tables")] {
        let file = format!("examples/programs/{program}.yaml");
        let words = ["program", "publish", &file, "--operator", operator, "--why", "the first one"];
        home.run(&[&words[..], &["--effective-from", "7 days ago"]].concat()).well();
    }
    expect![[r#"
        operator      program  events a second
        operator-555  v1       5,000
        operator-789  v1       no limit
    "#]]
    .assert_eq(&home.run(&["operator", "list"]).well());

    keys(home);

    expect![[r#"
        in force   behaviour 2
        this node  knows 1, 2
    "#]]
    .assert_eq(&home.run(&["behaviour", "show"]).well());
    let refused = home.run(&["behaviour", "switch", "3", "--yes"]).badly();
    let expected = "every node must know behaviour 3: this node knows 1, 2";
    assert!(refused.contains(expected), "{refused}");

    // All of one day, so that the cap of a day is the same whenever this runs: the last day whose ten
    // o'clock, when the samples were placed, has come. So none is older than the 24 hours in which a
    // repeat with another timestamp is recognised.
    let wagers = std::fs::read_to_string(WAGERS).unwrap();
    let ten_hours_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(10);
    let of_one_day = wagers.replace("2026-11-20", &ten_hours_ago.to_string()[..10]);
    let of_one_day = home.file("wagers.ndjson", &of_one_day);
    let loaded = home.run(&["ingest", of_one_day.to_str().unwrap()]).well();
    let loaded: Vec<&str> = loaded.lines().skip(1).collect();
    expect![[r#"
                    40  accepted, and on disk
        what became of them
                    22  counted, 7592.69 points
                     4  refused: below_minimum, first in line 7
                     2  refused: category_not_eligible, first in line 12
                     3  refused: currency_unsupported, first in line 11
                     1  refused: jurisdiction_disabled, first in line 8
                     3  refused: segment_denied, first in line 9
                     1  refused: voided, first in line 33
                     1  repeated
                     3  voided, -11.19 points"#]]
    .assert_eq(&loaded.join("\n"));
    let events = ["ingest", "--events", "--operator", "operator-789", "--shift-to-now"];
    home.run(&[&events[..], &["examples/events.ndjson"]].concat()).well();
    let counted = home.run(&["player", "stats", "player-456", "--operator", "operator-789"]).well();
    let (last, counted): (Vec<_>, Vec<_>) =
        counted.lines().partition(|line| line.starts_with("last "));
    assert!(last[0].starts_with("last    player_score in slots-ultimate at "), "{last:?}");
    expect![[r#"
        events  5
        type    player_level_up  1
        type    player_score  3
        type    quest_completed  1
        game    slots-ultimate  5"#]]
    .assert_eq(&counted.join("\n"));

    // With other timestamps they are the same wagers.
    let again = home.run_with_input(&["ingest", "--shift-to-now", "-"], &wagers).well();
    let again: Vec<&str> = again.lines().skip(1).collect();
    expect![[r#"
                    40  accepted, and on disk
        what became of them
                    26  repeated
                     4  repeated: below_minimum, first in line 7
                     2  repeated: category_not_eligible, first in line 12
                     3  repeated: currency_unsupported, first in line 11
                     1  repeated: jurisdiction_disabled, first in line 8
                     3  repeated: segment_denied, first in line 9
                     1  repeated: voided, first in line 33"#]]
    .assert_eq(&again.join("\n"));

    let explained = home.run(&["explain", "slots-1002"]).well();
    assert_eq!(line_with(&explained, "outcome").trim(), "outcome     counted");
    assert_eq!(line_with(&explained, "  points      ").trim(), "points      11.04");
    line_with(&explained, "eligible");
    let refused = home.run(&["explain", "slots-1010", "--operator", "operator-789"]).well();
    assert_eq!(line_with(&refused, "outcome").trim(), "outcome     refused (below_minimum)");
    let nobody = home.run(&["explain", "no-such-wager"]).badly();
    assert!(nobody.contains("none of the 2 operators has a wager `no-such-wager`"), "{nobody}");

    tails(home);
    line_with(&home.run(&["audit", "verify"]).well(), "audit: ok");
    let status = home.run(&["status"]).well();
    assert!(line_with(&status, "node").contains(node), "{status}");
    assert_eq!(line_with(&status, "operators"), "operators     2");

    let shown = home.run(&["program", "show", "--operator", "operator-789"]).well();
    let shown = home.file("shown.yaml", &shown);
    let words = ["program", "diff", "examples/programs/slots-house.yaml", shown.to_str().unwrap()];
    assert_eq!(home.run(&words).well(), "no difference\n");
}

fn tails(home: &Home) {
    let topics = home.run(&["topic", "list"]).well();
    line_with(&topics, "loyalty.balances");
    let tail = ["topic", "tail", "loyalty.balances", "--operator", "operator-789", "--json"];
    let lines = home.run(&tail).well();
    let mut keys = BTreeSet::new();
    for line in lines.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(record["value"]["operatorId"], "operator-789", "{line}");
        keys.insert(record["key"].as_str().unwrap().to_owned());
    }
    assert!(keys.contains("operator-789/player-456"), "{keys:?}");
    let readable = home.run(&["topic", "tail", "loyalty.calculated", "--limit", "3"]).well();
    assert_eq!(readable.lines().count(), 3, "{readable}");
    let unknown = home.run(&["topic", "tail", "loyalty.unknown"]).badly();
    line_with(&unknown, "`loyalty.unknown` is no topic: `accolade topic list` names them");
}

#[test]
fn the_first_start_prints_the_key_of_its_operator_once() {
    let home = Home::new();
    let first = [("ACCOLADE_FIRST_OPERATOR", "operator-789")];
    let mut serving = home.serve(&first);
    assert_eq!(serving.line(), "operator  operator-789\n");
    let line = serving.line();
    let key = line.trim_start_matches("key").trim().to_owned();
    let status = |serving: &Serving, key: &str| request(serving, "GET", "/api/v1/keys", key, "").0;
    assert_eq!((status(&serving, &key), status(&serving, "acc_0")), (200, 401), "{line}");
    serving.stop();
    let mut again = home.serve(&first);
    assert_eq!(status(&again, &key), 200);
    assert_eq!(again.rest(), "", "no other start does");
}
