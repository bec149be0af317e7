//! A node that ships its checkpoints, loses its disk, and is brought back.

use std::path::Path;

use crate::harness::{Home, Serving, line_with, until};

const EVERY_SECOND: (&str, &str) = ("ACCOLADE_SHIP_EVERY_SECONDS", "1");

fn fill(home: &Home) {
    for (operator, program) in [("operator-789", "slots-house"), ("operator-555", "live-tables")] {
        home.run(&["operator", "add", operator]).well();
        let file = format!("examples/programs/{program}.yaml");
        let words = ["program", "publish", &file, "--operator", operator, "--why", "the first one"];
        home.run(&[&words[..], &["--effective-from", "7 days ago"]].concat()).well();
    }
    ingest(home);
}

fn ingest(home: &Home) -> String {
    home.run(&["ingest", "--shift-to-now", "examples/wagers.ndjson"]).well()
}

fn status(home: &Home) -> serde_json::Value {
    serde_json::from_str(&home.run(&["status", "--json"]).well()).unwrap()
}

/// Waits until everything that was answered so far is shipped.
fn shipped(home: &Home) -> String {
    let time =
        |value: &serde_json::Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let answered = time(&status(home)["logTime"]);
    until("a list that covers what was answered", || {
        let shipping = status(home)["shipping"].clone();
        assert!(shipping["failure"].is_null(), "{shipping}");
        let list = shipping["list"].as_str().unwrap().to_owned();
        let is_there = time(&shipping["covers"]) >= answered && !list.is_empty();
        if is_there { Ok(list) } else { Err((shipping, answered)) }
    })
}

fn balances(home: &Home) -> String {
    let topic = ["topic", "tail", "loyalty.balances", "--operator", "operator-789", "--json"];
    home.run(&topic).well()
}

/// Kills the node, and takes its disk.
fn lose(home: &Home, serving: Serving) {
    serving.kill();
    std::fs::remove_dir_all(home.data_dir()).unwrap();
}

#[test]
fn a_node_whose_disk_is_lost_is_restored_from_a_folder() {
    let (home, store) = (Home::new(), tempfile::tempdir().unwrap());
    let to = store.path().to_str().unwrap();
    check(&home, &[("ACCOLADE_SHIP_TO", to), EVERY_SECOND], to);
    assert!(store.path().join("node").is_dir());
}

#[test]
fn a_node_whose_disk_is_lost_is_restored_from_an_s3_server() {
    let home = Home::new();
    let given = |name: &str, or: &str| std::env::var(name).unwrap_or_else(|_| or.to_owned());
    let endpoint = given("ACCOLADE_TEST_S3", "http://127.0.0.1:19000");
    let access_key = given("ACCOLADE_TEST_S3_ACCESS_KEY", "accolade");
    let secret_key = given("ACCOLADE_TEST_S3_SECRET_KEY", "accolade-secret");
    let secret = home.file("secret", &format!("{secret_key}\n"));
    let run = tempfile::tempdir().unwrap();
    let run = run.path().file_name().and_then(std::ffi::OsStr::to_str).unwrap();
    let to = format!("s3://accolade/restore/{}", run.trim_start_matches('.'));
    let environment = [
        ("ACCOLADE_SHIP_TO", to.as_str()),
        EVERY_SECOND,
        ("ACCOLADE_SHIP_ENDPOINT", &endpoint),
        ("ACCOLADE_SHIP_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", &access_key),
        ("AWS_SECRET_ACCESS_KEY_FILE", secret.to_str().unwrap()),
    ];
    check(&home, &environment, &to);
}

fn check(home: &Home, environment: &[(&str, &str)], from: &str) {
    let serving = home.serve(environment);
    fill(home);
    let (list, expected) = (shipped(home), balances(home));
    line_with(&home.run(&["status"]).well(), "shipped up to");
    lose(home, serving);

    let restore = ["restore", "--from", from];
    let restored = home.run_with(&restore, environment).well();
    line_with(&restored, &list.replace("node/", "")[..16]);
    line_with(&restored, "everything that was answered up to");
    assert_eq!(balances(home), expected);
    line_with(&home.run(&["audit", "verify"]).well(), "audit: ok");

    let refused = home.run_with(&restore, environment).badly();
    assert!(refused.contains("is not empty"), "{refused}");

    // It goes on, ships to the same place, and can be lost again.
    let serving = home.serve(environment);
    line_with(&ingest(home), "repeated");
    assert_ne!(shipped(home), list);
    lose(home, serving);
    home.run_with(&restore, environment).well();
    line_with(&home.run(&["audit", "verify"]).well(), "audit: ok");
    assert_eq!(balances(home), expected);
}

#[test]
fn a_restore_that_cannot_be_says_why() {
    let (home, store) = (Home::new(), tempfile::tempdir().unwrap());
    let nowhere = home.run(&["restore"]).badly();
    assert!(nowhere.contains("--from"), "{nowhere}");
    let empty = home.run(&["restore", "--from", store.path().to_str().unwrap()]).badly();
    assert!(empty.contains("no checkpoints were shipped to"), "{empty}");
    assert!(!Path::new(&home.data_dir()).exists(), "nothing was made");
    let unknown = home.run(&["restore", "--from", "ftp://somewhere"]).badly();
    assert!(unknown.contains("ftp://somewhere"), "{unknown}");
}
