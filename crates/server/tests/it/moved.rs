//! Who moves on the leaderboard of a tournament is told of on a topic, in both forms.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use accolade_engine::contract::faulty::FAILS_AT_13;
use accolade_engine::partition::Partition;
use accolade_server::Settings;
use accolade_wire::bytes::Cursor;
use accolade_wire::identity::partition_of;
use accolade_wire::record::{Kind, Slice};
use serde_json::{Value, json};

use crate::cluster::fake::Cluster;
use crate::harness::{Api, OPERATOR, PATIENCE, ask, now_micros, time, wager};
use crate::tournaments::{begin, bet, heard, outcome_of_bet, players};

/// It is looked more often than each ten seconds.
pub(crate) fn settings() -> Settings {
    Settings { moves_every_ms: 200, ..Settings::default() }
}

async fn told(api: &Api) -> Vec<Value> {
    let path = "/local/topics/leaderboard.updates?from=earliest";
    let answer = api.on_socket(ask("GET", path)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What is told once there is so much of it.
pub(crate) async fn told_of(api: &Api, count: usize) -> Vec<Value> {
    let until = Instant::now() + PATIENCE;
    loop {
        let told = told(api).await;
        if told.len() >= count {
            return told;
        }
        assert!(Instant::now() < until, "{count} are to be told of: {told:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Players of three partitions overtake each other.
async fn moves_are_told_of(api: &Api, other: &Api) {
    // Of this one nobody is told.
    begin(api, "beside", json!({ "mode": "shadow" })).await;
    begin(api, "race", json!({})).await;
    heard(api, other, "race").await;
    let [anna, bert, cara, ..] = players();
    bet(api, "w1", &anna, 30.0).await;
    told_of(other, 1).await;
    bet(other, "w2", &bert, 20.0).await;
    told_of(api, 2).await;
    bet(other, "w3", &bert, 20.0).await;
    told_of(api, 3).await;
    // She was pushed down, and is back where it was told last that she is.
    bet(api, "w4", &anna, 30.0).await;
    bet(api, "w5", &cara, 10.0).await;
    for node in [api, other] {
        let lines = told_of(node, 4).await;
        let of = |line: &Value| {
            let value = &line["value"];
            json!([value["playerId"], value["oldPosition"], value["newPosition"], value["score"]])
        };
        let moves: Vec<_> = lines.iter().map(of).collect();
        let expected = [
            json!([anna, null, 1, 30]),
            json!([bert, null, 2, 20]),
            json!([bert, 2, 1, 40]),
            json!([cara, null, 3, 10]),
        ];
        assert_eq!(moves, expected);
        let mut ids = BTreeSet::new();
        for line in &lines {
            let value = &line["value"];
            assert_eq!((&line["key"], &value["tournamentId"]), (&json!("race"), &json!("race")));
            assert_eq!(value["operatorId"], OPERATOR);
            assert_eq!(
                (&line["topic"], &line["time"]),
                (&json!("leaderboard.updates"), &value["timestamp"])
            );
            // All of a tournament's are in the partition of its id.
            assert_eq!(line["partition"], partition_of("race", 4));
            let place = format!("{}-{}-", line["partition"], line["place"]["batch"]);
            let id = value["positionChangeId"].as_str().unwrap();
            assert!(id.starts_with(&place) && ids.insert(id), "{id}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_moves_is_on_a_topic_of_a_node() {
    let api = Api::with_limits(settings(), 0).await.with_program().await;
    moves_are_told_of(&api, &api).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_moves_is_on_a_topic_of_a_cluster_through_either_node() {
    let cluster = Cluster::with(settings).await;
    let [a, b] = cluster.both();
    moves_are_told_of(a, b).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gets_a_position_by_an_event_that_leaves_the_score_as_it_was_is_told_of() {
    let api = Api::with_limits(settings(), 0).await.with_program().await;
    let best = "SELECT playerId, MAX(wagerAmount) AS score FROM wagers GROUP BY playerId";
    begin(&api, "race", json!({ "query": best, "eventsMin": 2 })).await;
    let [anna, others @ .., _, _, _] = players();
    bet(&api, "w1", &anna, 30.0).await;
    for player in &others {
        bet(&api, &format!("{player}-1"), player, 10.0).await;
    }
    // By now each partition has come to a later time than that of her score: once these are told, so is all until then.
    for (count, player) in (1..).zip(&others) {
        bet(&api, &format!("{player}-2"), player, 20.0).await;
        told_of(&api, count).await;
    }
    bet(&api, "w2", &anna, 5.0).await;
    let lines = told_of(&api, others.len() + 1).await;
    let value = &lines[others.len()]["value"];
    let of = ["playerId", "oldPosition", "newPosition", "score"].map(|name| value[name].clone());
    assert_eq!(json!(of), json!([anna, null, 1, 30]));
}

/// How many pages that say who has moved were appended to a partition.
fn pages(api: &Api, partition: u16) -> usize {
    let others = (0..4).filter(|number| *number != partition);
    let end = others.map(|number| api.node.read(number, Partition::next_batch)).max().unwrap();
    let mut pages = 0;
    for batch in 1..end {
        let Some(log) = api.node.backing().log.read(partition, batch).unwrap() else { continue };
        let slice = Slice::read_unchecked(&mut Cursor::new(&log, "log")).unwrap();
        pages += slice
            .records()
            .map(Result::unwrap)
            .filter(|record| record.kind == Kind::Command)
            .filter(|record| String::from_utf8_lossy(record.body).contains("\"reached\""))
            .count();
    }
    pages
}

/// A wager of which a busy machine may say that it will count.
async fn bet_at_leisure(api: &Api, id: &str, player: &str, stake: f64) {
    let outcome = outcome_of_bet(api, id, player, stake).await;
    assert!(["counted", "accepted"].contains(&outcome.as_str().unwrap()), "{outcome}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_partition_stands_what_was_sent_is_not_sent_again() {
    let (home, settings) = (partition_of("race", 4), Settings { wait_ms: 200, ..settings() });
    let mut api = Api::open(tempfile::tempdir().unwrap(), settings, |options| {
        options.behaviours = FAILS_AT_13;
    });
    api.key = api.add_operator(OPERATOR, 0).await;
    let api = api.with_program().await;
    begin(&api, "race", json!({})).await;
    let is_home = |player: &String| partition_of(player, 4) == home;
    let (there, elsewhere): (Vec<_>, Vec<_>) = players().into_iter().partition(is_home);
    bet_at_leisure(&api, "w1", &elsewhere[0], 30.0).await;
    told_of(&api, 1).await;
    let before = pages(&api, home);
    assert!(before > 0, "what was told was sent");

    let mut bad = wager("bad", &there[0]);
    (bad["timestamp"], bad["wagerAmount"]) = (time(now_micros()).into(), json!(13.0));
    let answer = api.post("/api/v1/wagers?wait=applied", &bad).await;
    assert_eq!(answer.json["outcome"], "accepted", "it stands: {answer:?}");
    bet_at_leisure(&api, "w2", &elsewhere[1], 50.0).await;
    let until = Instant::now() + PATIENCE;
    while pages(&api, home) == before && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Time for it to be looked several times.
    for more in 3..13 {
        bet_at_leisure(&api, &format!("w{more}"), &elsewhere[1], 1.0).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(pages(&api, home), before + 1, "it is sent once");
}
