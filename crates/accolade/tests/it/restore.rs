//! A node that ships its checkpoints, loses its disk, and is brought back.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::api::request;
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

fn status(home: &Home) -> Value {
    serde_json::from_str(&home.run(&["status", "--json"]).well()).unwrap()
}

/// Waits until everything that was answered so far is shipped.
fn shipped(home: &Home) -> String {
    let time = |value: &Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
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

/// Records of the trail, the newest first, by filters.
fn log(home: &Home, filters: &[&str]) -> Vec<Value> {
    home.run(&[&["audit", "log", "--json", "--limit", "10000"], filters].concat()).lines()
}

/// The first file below `folder` whose bytes contain `text`.
fn file_with(folder: &Path, text: &str) -> PathBuf {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if place_of(&std::fs::read(&path).unwrap(), text).is_some() {
                found.push(path);
            }
        }
    }
    found.into_iter().min().unwrap()
}

fn place_of(bytes: &[u8], text: &str) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text.as_bytes())
}

#[test]
fn a_restored_node_has_its_trail_and_a_restore_that_broke_off_at_it_is_run_again() {
    let (home, store) = (Home::new(), tempfile::tempdir().unwrap());
    // Once, when the node ends.
    let to = [
        ("ACCOLADE_SHIP_TO", store.path().to_str().unwrap()),
        ("ACCOLADE_SHIP_EVERY_SECONDS", "3600"),
    ];
    let added = home.run_with(&["operator", "add", "operator-1"], &to).well();
    let key = added.split_whitespace().find(|word| word.starts_with("acc_")).unwrap();
    home.run_with(&["operator", "add", "operator-2"], &to).well();
    let serving = home.serve(&to);
    // More than two pages of them.
    for number in 0..1_100 {
        let path = format!("/api/v1/players/player-{number:04}/balance");
        assert_eq!(request(&serving, "GET", &path, key, "").0, 404);
    }
    assert_eq!(serving.stop().0, Some(0));
    let before = log(&home, &[]);
    let last = before[0]["number"].clone();
    std::fs::remove_dir_all(home.data_dir()).unwrap();

    // A part of what was shipped of the trail is away.
    let away = file_with(&store.path().join("trail"), "player-0700");
    std::fs::rename(&away, store.path().join("away")).unwrap();
    let restore = ["restore", "--from", store.path().to_str().unwrap()];
    for _ in 0..2 {
        let broken_off = home.run(&restore).badly();
        assert!(broken_off.contains("the audit trail was not restored"), "{broken_off}");
    }
    let unfinished = home.run(&["status"]).unasked();
    assert!(unfinished.contains("restore it again"), "{unfinished}");
    std::fs::rename(store.path().join("away"), &away).unwrap();
    line_with(&home.run(&restore).well(), "the audit trail is there up to");
    assert!(home.run(&restore).badly().contains("is not empty"));

    let after = log(&home, &[]);
    let kept: Vec<_> =
        after.iter().filter(|record| record["number"].as_u64() <= last.as_u64()).collect();
    assert_eq!(kept, before.iter().collect::<Vec<_>>());
    assert_eq!(log(&home, &["--operator", "operator-1", "--route", "getBalance"]).len(), 1_100);
    let one = log(&home, &["--player", "player-0700"]);
    assert_eq!((one.len(), &one[0]["status"]), (1, &Value::from(404)));
    let operators = log(&home, &["--kind", "change", "--route", "addOperator"]);
    assert_eq!(operators.len(), 2, "{operators:?}");
    assert!(log(&home, &["--to", "2020-01-01T00:00:00Z"]).is_empty());
    let few = home.run(&["audit", "log", "--player", "player-0700"]).well();
    line_with(line_with(&few, "getBalance"), "player-0700");

    line_with(&home.run(&["audit", "verify"]).well(), "every chain whole");
    let path = file_with(&home.data_dir().join("audit"), "player-0700");
    let mut bytes = std::fs::read(&path).unwrap();
    let place = place_of(&bytes, "player-0700").unwrap();
    bytes[place] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let ran = home.run(&["audit", "verify"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let named = line_with(&ran.out, "  record").to_owned();
    assert_eq!(named.split_whitespace().last().unwrap(), one[0]["number"].to_string());
}
