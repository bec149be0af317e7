//! Who moves on the leaderboard of a tournament is told of on a topic, in both forms.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use accolade_server::Settings;
use accolade_wire::identity::partition_of;
use serde_json::{Value, json};

use crate::cluster::fake::Cluster;
use crate::harness::{Api, OPERATOR, PATIENCE, ask};
use crate::tournaments::{begin, bet, heard, players};

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
