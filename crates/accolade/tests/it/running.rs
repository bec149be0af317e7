//! A node that is started, stopped and killed, and the demonstration.

use crate::api::{get, request};
use crate::harness::{Home, line_with};

#[test]
fn what_a_killed_node_answered_is_there_when_it_comes_back() {
    let home = Home::new();
    let serving = home.serve(&[]);
    home.run(&["operator", "add", "operator-789"]).well();
    let words =
        ["program", "publish", "examples/programs/slots-house.yaml", "--operator", "operator-789"];
    home.run(&[&words[..], &["--why", "a test", "--effective-from", "7 days ago"]].concat()).well();
    home.run(&["ingest", "--shift-to-now", "examples/wagers.ndjson"]).well();
    let before = home.run(&["explain", "slots-1002"]).well();
    serving.kill();
    assert_eq!(home.run(&["explain", "slots-1002"]).well(), before);
    let serving = home.serve(&[]);
    assert_eq!(home.run(&["explain", "slots-1002"]).well(), before);
    assert_eq!(serving.stop().0, Some(0));
    line_with(&home.run(&["audit", "verify"]).well(), "audit: ok");
}

#[test]
fn the_first_start_prints_a_key_that_adds_one_operator_and_no_other_start_does() {
    let home = Home::new();
    let mut serving = home.serve(&[]);
    let line = serving.line();
    let key = line.trim_end().strip_prefix("first key  ").unwrap().to_owned();
    assert!(key.starts_with("acc_") && key.len() == 76, "{line}");
    let until = serving.line();
    assert!(until.contains("shown this once") && !until.contains('.'), "whole seconds: {until}");
    assert!(serving.line().contains("/api/v1/first-operator"));
    // What the crash leaves is all that there is.
    serving.kill();

    let serving = home.serve(&[]);
    let add = |id: &str| {
        let body = format!(r#"{{"operatorId":"{id}"}}"#);
        request(&serving, "POST", "/api/v1/first-operator", &key, &body)
    };
    let (status, body) = add("operator-789");
    assert_eq!(status, 201, "{body}");
    let added: serde_json::Value = serde_json::from_str(&body).unwrap();
    let keys = get(&serving, added["key"].as_str().unwrap(), "keys");
    assert_eq!(keys["items"][0]["id"], "first", "{keys}");
    let (status, body) = add("operator-555");
    assert!([401, 409].contains(&status), "{body}");
    line_with(
        &home.run(&["audit", "log", "--route", "addFirstOperator"]).well(),
        "the key of the first start",
    );
    line_with(&home.run(&["audit", "log", "--route", "makeFirstKey"]).well(), "the local socket");
    assert!(!home.run(&["operator", "list"]).well().contains("operator-555"));
    let (code, log) = serving.stop();
    assert_eq!(code, Some(0));
    assert!(!log.contains(&key), "no log has it");
    let kept = home.files_with(&key);
    assert!(kept.is_empty(), "a hash is all that is kept: {kept:?}");

    let mut serving = home.serve(&[]);
    assert_eq!(serving.rest(), "");
}

#[test]
fn a_first_start_prints_no_key_where_it_is_told_so_or_adds_an_operator_itself() {
    for (setting, printed) in [
        ("ACCOLADE_NO_FIRST_KEY", ""),
        ("ACCOLADE_FIRST_OPERATOR", "operator  true\nkey       acc_"),
    ] {
        let home = Home::new();
        let mut serving = home.serve(&[(setting, "true")]);
        let rest = serving.rest();
        assert!(rest.starts_with(printed) && !rest.contains("first key"), "{setting}: {rest}");
        assert_eq!(rest.is_empty(), printed.is_empty(), "{setting}: {rest}");
    }
}

#[test]
fn a_node_that_has_written_no_checkpoint_names_no_time_of_one() {
    let home = Home::new();
    let _serving = home.serve(&[]);
    let status = home.run(&["status", "--json"]).lines().remove(0);
    assert_eq!(status["checkpointedAt"], serde_json::Value::Null, "{status}");
    line_with(&home.run(&["status"]).well(), "none since the node started");
}

#[test]
fn settings_come_from_file_environment_and_flags_in_that_order() {
    let home = Home::new();
    let file = home.file("accolade.toml", "listen = \"203.0.113.1:1\"\n[node]\npartitions = 3\n");
    let config = [("ACCOLADE_CONFIG", file.to_str().unwrap()), ("ACCOLADE_FOLDS", "1")];
    // The flag of `serve` has won over the file, whose address is nobody's.
    let serving = home.serve(&config);
    assert!(serving.api.starts_with("http://127.0.0.1:"), "{}", serving.api);
    let status = home.run(&["status"]).well();
    assert_eq!(line_with(&status, "partitions"), "partitions    3");
}

#[test]
fn the_demonstration_ends_with_a_balance_and_an_audit() {
    let home = Home::new();
    let words = ["demo", "--seconds", "2", "--rate", "200", "--players", "50"];
    let shown = home.run(&[&words[..], &["--listen", "127.0.0.1:0"]].concat()).well();
    line_with(&shown, "/play/slots-race?operatorId=operator-789");
    line_with(&shown, "first balance");
    line_with(&shown, "wagers answered in");
    line_with(&shown, "audit: ok");
    // The same directory again: the operators are there already.
    let again = home.run(&[&words[..], &["--listen", "127.0.0.1:0"]].concat()).well();
    line_with(&again, "audit: ok");
}

#[test]
fn a_full_disk_is_said_and_all_is_well_after() {
    let home = Home::new();
    home.run(&["operator", "add", "operator-789"]).well();
    let serving = home.serve(&[("ACCOLADE_FREE_BYTES_MIN", "1000000000000000000")]);
    // The node looks at the disk on a thread of its own.
    let mut looks = (0..100).map(|_| home.run(&["status"]));
    let status = looks.find(|status| status.code == Some(1)).expect("the node says so");
    line_with(&status.out, "The disk is full");
    let complaint = home.run(&["operator", "add", "operator-555"]).unasked();
    assert!(complaint.contains("disk"), "{complaint}");
    assert_eq!(serving.stop().0, Some(0));
    home.run(&["operator", "add", "operator-555"]).well();
    home.run(&["status"]).well();
}
