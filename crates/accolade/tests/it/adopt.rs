//! An embedded node's directory that becomes a cluster, over real brokers.

use std::path::Path;

use serde_json::Value;

use crate::api::{get, submit};
use crate::cluster::Cluster;
use crate::harness::{Home, Ran, Serving, line_with};

const PLAYERS: [&str; 3] = ["player-456", "player-457", "player-458"];

fn adopt(cluster: &Cluster, home: &Home) -> Ran {
    cluster.run(home, &["cluster", "adopt", home.data_dir().to_str().unwrap()])
}

/// Everything that the API says about players, dead letters and the program.
fn said(serving: &Serving, key: &str) -> Vec<Value> {
    let mut said = Vec::new();
    for player in PLAYERS {
        said.push(get(serving, key, &format!("players/{player}/balance")));
        said.push(get(serving, key, &format!("players/{player}/ledger?order=asc&limit=100")));
    }
    said.push(get(serving, key, "dead-letters"));
    said.push(get(serving, key, "program"));
    said
}

fn wager(id: &str, player: &str, amount: &str) -> String {
    let at = jiff::Timestamp::now();
    format!(
        r#"{{"wagerId":"{id}","playerId":"{player}","operatorId":"operator-789","gameId":"g","gameCategory":"slots","wagerAmount":{amount},"currency":"EUR","jurisdiction":"Malta","timestamp":"{at}"}}"#
    )
}

fn void(id: &str, player: &str) -> String {
    let at = jiff::Timestamp::now();
    format!(
        r#"{{"type":"wager.voided","wagerId":"{id}","playerId":"{player}","operatorId":"operator-789","reason":"r","timestamp":"{at}"}}"#
    )
}

/// Operators, programs, wagers, a void and a conflict; returns the key of the first operator.
fn fill(home: &Home, partitions: &str) -> String {
    let few = [("ACCOLADE_PARTITIONS", partitions)];
    let added = home.run_with(&["operator", "add", "operator-789"], &few).well();
    let key = added.split_whitespace().find(|word| word.starts_with("acc_")).unwrap().to_owned();
    home.run(&["operator", "add", "operator-555"]).well();
    for (operator, program) in [("operator-789", "slots-house"), ("operator-555", "live-tables")] {
        let file = format!("examples/programs/{program}.yaml");
        let words = ["program", "publish", &file, "--operator", operator, "--why", "the first one"];
        home.run(&[&words[..], &["--effective-from", "7 days ago"]].concat()).well();
    }
    home.run(&["ingest", "--shift-to-now", "examples/wagers.ndjson"]).well();
    key
}

fn listed(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_cluster_answers_as_the_directory_did_and_goes_on() {
    let (home, cluster) = (Home::new(), Cluster::new("4"));
    let key = fill(&home, "4");
    let serving = home.serve(&[]);
    let counted = submit(&serving, &key, &wager("before-1", PLAYERS[0], "30.00"));
    assert_eq!(counted["outcome"], "counted", "{counted}");
    submit(&serving, &key, &wager("before-2", PLAYERS[1], "40.00"));
    assert_eq!(submit(&serving, &key, &void("before-2", PLAYERS[1]))["outcome"], "voided");
    let conflict = submit(&serving, &key, &wager("before-1", PLAYERS[0], "31.00"));
    assert_eq!(conflict["outcome"], "dead_letter", "{conflict}");
    let before = said(&serving, &key);
    let log = ["audit", "log", "--json", "--limit", "1000"];
    let trail = home.run(&log).lines();
    let in_use = adopt(&cluster, &home).badly();
    assert!(in_use.contains("stop it first"), "{in_use}");
    serving.kill();

    let adopted = adopt(&cluster, &home);
    assert!(adopted.err.contains("partition 3 of 4: "), "{}", adopted.err);
    let adopted = adopted.well();
    line_with(&adopted, "4 partitions, ");
    line_with(&adopted, "2 operators, 5 control records");
    line_with(&adopted, "the audit trail up to");
    assert_eq!(listed(&cluster.data_dir()), ["LOCK"], "what was written on the way is gone");

    let serving = cluster.serve(&home);
    assert_eq!(said(&serving, &key), before);
    let (chain, last) = (&trail[0]["chain"], trail[0]["number"].as_u64());
    let listed = cluster.run(&home, &log).lines();
    let is_old = |record: &&Value| &record["chain"] == chain && record["number"].as_u64() <= last;
    let adopted: Vec<_> = listed.iter().filter(is_old).collect();
    assert_eq!(adopted, trail.iter().collect::<Vec<_>>());
    assert!(listed.iter().any(|record| record["node"] == "node-1"), "{listed:?}");
    let repeat = submit(&serving, &key, &wager("before-1", PLAYERS[0], "30.00"));
    assert_eq!(repeat["outcome"], "repeated", "{repeat}");
    assert_eq!(repeat["points"], counted["points"]);
    let again = cluster.run(&home, &["ingest", "--shift-to-now", "examples/wagers.ndjson"]).well();
    line_with(&again, "repeated");
    assert_eq!(said(&serving, &key)[..6], before[..6]);

    // A stake of 30.00 gives three points, which are added to the chain.
    let more = submit(&serving, &key, &wager("after-1", PLAYERS[0], "30.00"));
    assert_eq!(more["outcome"], "counted", "{more}");
    let (then, now) = (before[0].clone(), get(&serving, &key, "players/player-456/balance"));
    let points = |balance: &Value| balance["pointsBalance"].as_f64().unwrap();
    assert!((points(&now) - points(&then) - 3.0).abs() < 0.001, "{then} and {now}");
    assert_eq!(submit(&serving, &key, &void("before-1", PLAYERS[0]))["outcome"], "voided");
    line_with(&cluster.run(&home, &["audit", "verify"]).well(), "audit: ok");
    assert_eq!(serving.stop().0, Some(0));

    let refused = adopt(&cluster, &home).badly();
    assert!(refused.contains("the cluster is in use"), "{refused}");
    // What the cluster has is what it had.
    std::fs::remove_dir_all(cluster.data_dir()).unwrap();
    let serving = cluster.serve(&home);
    line_with(&cluster.run(&home, &["audit", "verify"]).well(), "audit: ok");
    let back = get(&serving, &key, "players/player-456/balance");
    assert_eq!(back["pointsBalance"], then["pointsBalance"], "three were earned and three voided");
}

#[test]
fn an_adoption_that_was_interrupted_is_run_again_and_another_is_refused() {
    let (home, cluster) = (Home::new(), Cluster::new("2"));
    let key = fill(&home, "2");
    let few = Cluster { folder: tempfile::tempdir().unwrap(), partitions: "3" };
    let other_number = adopt(&few, &home).badly();
    assert!(other_number.contains("set `partitions = 2`"), "{other_number}");

    // Nothing can be put where a file is in the way.
    std::fs::create_dir_all(cluster.objects()).unwrap();
    let in_the_way = cluster.objects().join("p0001");
    std::fs::write(&in_the_way, "").unwrap();
    let interrupted = adopt(&cluster, &home).badly();
    assert!(interrupted.contains("partition 1 could not be shipped"), "{interrupted}");
    std::fs::remove_file(&in_the_way).unwrap();
    // The embedded node may even have gone on meanwhile.
    let serving = home.serve(&[]);
    submit(&serving, &key, &wager("meanwhile", PLAYERS[0], "30.00"));
    let before = said(&serving, &key);
    assert_eq!(serving.stop().0, Some(0));
    adopt(&cluster, &home).well();
    let again = adopt(&cluster, &home).badly();
    assert!(again.contains("has adopted the directory already"), "{again}");

    let (other, same_topics) = (Home::new(), Cluster { partitions: "3", ..cluster });
    fill(&other, "3");
    let refused = adopt(&same_topics, &other).badly();
    assert!(refused.contains("partitions 2, and needs 3"), "{refused}");
    let cluster = Cluster { partitions: "2", ..same_topics };
    let other = Home::new();
    fill(&other, "2");
    let refused = adopt(&cluster, &other).badly();
    assert!(refused.contains("`accolade.control` has 5 records"), "{refused}");

    assert_eq!(said(&cluster.serve(&home), &key), before);
}

#[test]
fn an_adoption_that_cannot_be_says_why() {
    let (home, cluster) = (Home::new(), Cluster::new("2"));
    let missing = adopt(&cluster, &home).badly();
    assert!(missing.contains("there is no data directory"), "{missing}");
    fill(&home, "2");
    let directory = home.data_dir();
    let words = ["cluster", "adopt", directory.to_str().unwrap()];
    let alone = home.run(&words).badly();
    assert!(alone.contains("--config cluster.toml"), "{alone}");
    let mut environment = cluster.environment();
    environment[0].1 = directory.display().to_string();
    let environment: Vec<_> = environment.iter().map(|(name, v)| (*name, &**v)).collect();
    let same = home.run_with(&words, &environment).badly();
    assert!(same.contains("needs one of its own"), "{same}");
}
