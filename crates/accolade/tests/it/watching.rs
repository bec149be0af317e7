//! What those who watch a node see: its metrics, and how its process ends.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::harness::{Home, Serving, line_with};

const OPERATOR: &str = "operator-789";

/// The bodies of wagers: id, stake, and how many days ago.
fn wagers(home: &Home, wagers: &[(&str, &str, i64)]) {
    let line = |(id, stake, days_ago): &(&str, &str, i64)| {
        let at = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * days_ago);
        format!(
            r#"{{"wagerId":"{id}","playerId":"a-player","operatorId":"{OPERATOR}","gameId":"g","gameCategory":"slots","wagerAmount":{stake},"currency":"EUR","jurisdiction":"Malta","timestamp":"{at}"}}"#
        )
    };
    let lines: Vec<String> = wagers.iter().map(line).collect();
    let file = home.file("wagers.ndjson", &lines.join("\n"));
    home.run(&["ingest", file.to_str().unwrap()]).well();
}

fn found(home: &Home) {
    home.run(&["operator", "add", OPERATOR]).well();
    let program = "currency: EUR\neligibility: { minWager: 1.00 }\nearning: { multipliers: { default: 0.1 } }\n";
    let program = home.file("program.yaml", program);
    let words = ["program", "publish", program.to_str().unwrap(), "--operator", OPERATOR];
    home.run(&[&words[..], &["--why", "a test", "--effective-from", "20 days ago"]].concat())
        .well();
}

fn metrics(serving: &Serving) -> String {
    let mut stream = TcpStream::connect(serving.address()).unwrap();
    let ask = "GET /metrics HTTP/1.1\r\nHost: accolade\r\nConnection: close\r\n\r\n";
    stream.write_all(ask.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn every_record_is_counted_by_what_became_of_it() {
    let home = Home::new();
    let serving = home.serve(&[]);
    found(&home);
    wagers(&home, &[("w1", "10", 0), ("w2", "10", 0), ("w3", "0.5", 0), ("w4", "10", 9)]);
    wagers(&home, &[("w1", "10", 0), ("w2", "11", 0)]);
    let records = [
        ("wager", "counted", 2),
        ("wager", "refused", 1),
        ("wager", "repeated", 1),
        ("wager", "dead_letter", 2),
        ("wager", "voided", 0),
        ("game_event", "counted", 0),
        // The first record of the log, the first start's key, an operator and a program: once, not once in each
        // partition.
        ("control", "done", 4),
    ];
    let records = records.map(|(kind, outcome, count)| {
        format!(r#"accolade_records_total{{kind="{kind}",outcome="{outcome}"}} {count}"#)
    });
    let letters = [("too_late", 1), ("id_conflict", 1), ("skipped", 0)];
    let letters = letters.map(|(reason, count)| {
        format!(r#"accolade_dead_letters_total{{reason="{reason}"}} {count}"#)
    });
    let expected: Vec<String> = records.into_iter().chain(letters).collect();
    let is_so = |told: &str| expected.iter().all(|line| told.lines().any(|it| it == line));
    // A caller hears of its records a moment before they are counted.
    let mut looks = (0..100).map(|_| metrics(&serving));
    let told = looks.find(|told| is_so(told)).unwrap_or_else(|| metrics(&serving));
    assert!(is_so(&told), "{expected:#?} is not in\n{told}");
    assert!(!told.contains("a-player"), "no metric names a player");
    assert_eq!(serving.stop().0, Some(0));
}

#[test]
fn a_node_whose_directory_is_taken_away_ends_with_1_and_says_why() {
    let home = Home::new();
    let serving = home.serve(&[]);
    found(&home);
    wagers(&home, &[("w1", "10", 0)]);
    let elsewhere = home.data_dir().with_extension("away");
    std::fs::rename(home.data_dir(), &elsewhere).unwrap();
    let (code, log) = serving.ended();
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("the node failed"), "{log}");

    std::fs::remove_dir_all(home.data_dir()).ok();
    std::fs::rename(&elsewhere, home.data_dir()).unwrap();
    let explained = home.run(&["explain", "w1"]).well();
    assert_eq!(line_with(&explained, "outcome").trim(), "outcome     counted");
}
