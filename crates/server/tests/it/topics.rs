//! Staff follow topics over the network, and see which node has which partition, in both forms.

use std::time::Duration;

use axum::body::BodyDataStream;
use axum::response::Response;
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::cluster::fake::Cluster;
use crate::harness::{Api, ask, finish, wager};

const PATIENCE: Duration = Duration::from_mins(1);
const PLAYERS: usize = 8;

fn lines(text: &str) -> Vec<Value> {
    let lines = text.lines().filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Asks as whoever has a key.
fn of(key: &str, path: &str) -> crate::harness::Ask {
    ask("GET", path).header("authorization", &format!("Bearer {key}"))
}

async fn key_of(api: &Api, role: &str) -> (String, String) {
    let made = api.post("/api/v1/keys", &json!({ "name": role, "roles": [role] })).await;
    let text = |name: &str| made.json[name].as_str().unwrap().to_owned();
    (text("id"), text("secret"))
}

/// A stream that is read as it comes.
struct Stream(BodyDataStream);

impl Stream {
    fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/x-ndjson");
        Self(response.into_body().into_data_stream())
    }

    /// What comes next; empty at the end.
    async fn next(&mut self) -> Vec<u8> {
        let chunk = tokio::time::timeout(PATIENCE, self.0.next()).await;
        chunk.expect("something comes, or the end").map_or_else(Vec::new, |it| it.unwrap().to_vec())
    }

    async fn record(&mut self) -> Value {
        loop {
            let chunk = self.next().await;
            assert!(!chunk.is_empty(), "there is another record");
            if chunk != b"\n" {
                return serde_json::from_slice(&chunk).unwrap();
            }
        }
    }
}

/// Two operators have players of the same names; what is followed at one node comes to the other as well.
async fn an_operator_s_records_are_followed_and_no_other_s(api: &Api, other: &Api) {
    let (id, support) = key_of(api, "support").await;
    let theirs = api.add_operator("operator-555", 0).await;
    // The other node has heard of both.
    let until = tokio::time::Instant::now() + PATIENCE;
    for key in [&support, &theirs] {
        while other.send_bare(of(key, "/api/v1/topics")).await.status != 200 {
            assert!(tokio::time::Instant::now() < until, "the other node hears of the keys");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let names = other.send_bare(of(&support, "/api/v1/topics")).await.json;
    assert_eq!(names["items"].as_array().unwrap().len(), 12);

    let follow = of(&support, "/api/v1/topics/wager.events?follow=true");
    let mut followed = Stream::of(other.begin(follow).await);
    for player in 0..PLAYERS {
        let player = format!("p{player}");
        let mut of_theirs = wager(&format!("theirs-{player}"), &player);
        of_theirs["operatorId"] = "operator-555".into();
        let sent = ask("POST", "/api/v1/wagers?wait=applied").json(&of_theirs);
        let sent = sent.header("authorization", &format!("Bearer {theirs}"));
        assert_eq!(api.send_bare(sent).await.status, 200);
        api.wager(&wager(&format!("ours-{player}"), &player)).await;
    }
    let mut found = Vec::new();
    for _ in 0..PLAYERS {
        let record = followed.record().await;
        assert_eq!(record["topic"], "wager.events");
        found.push(record["value"]["wagerId"].as_str().unwrap().to_owned());
    }
    found.sort();
    let ours: Vec<_> = (0..PLAYERS).map(|player| format!("ours-p{player}")).collect();
    assert_eq!(found, ours, "all of their own, and nothing else");

    for (key, begins) in [(&support, "ours-"), (&theirs, "theirs-")] {
        let path = "/api/v1/topics/wager.events?from=earliest";
        let records = lines(&other.send_bare(of(key, path)).await.text);
        assert_eq!(records.len(), PLAYERS);
        for record in &records {
            assert!(record["value"]["wagerId"].as_str().unwrap().starts_with(begins), "{record}");
        }
        let some = other.send_bare(of(key, &format!("{path}&limit=3"))).await;
        assert_eq!(lines(&some.text), records[..3]);
    }
    let nothing = other.send_bare(of(&support, "/api/v1/topics/nothing")).await;
    assert_eq!(nothing.status, 404);
    let odd = other.send_bare(of(&support, "/api/v1/topics/wager.events?from=yesterday")).await;
    assert_eq!((odd.status.as_u16(), &odd.json["code"]), (400, &json!("bad_query")));

    // So many at a time, and others still have theirs.
    let mut more = Vec::new();
    for _ in 0..3 {
        let follow = of(&support, "/api/v1/topics/loyalty.balances?follow=true");
        more.push(Stream::of(other.begin(follow).await));
    }
    let beyond = other.send_bare(of(&support, "/api/v1/topics/wager.events")).await;
    assert_eq!((beyond.status.as_u16(), &beyond.json["code"]), (503, &json!("busy")));
    assert!(beyond.json["detail"].as_str().unwrap().contains('4'), "{beyond:?}");
    let of_others = other.send_bare(of(&theirs, "/api/v1/topics/wager.events")).await;
    assert_eq!(of_others.status, 200);

    // A key that is revoked follows nothing any more, and gives its places back.
    let revoked = api.send(ask("DELETE", &format!("/api/v1/keys/{id}"))).await;
    assert!(revoked.status.is_success(), "{revoked:?}");
    while !followed.next().await.is_empty() {}
    for mut stream in more {
        while !stream.next().await.is_empty() {}
    }
    let (_, product) = key_of(api, "product").await;
    assert_eq!(api.send_bare(of(&product, "/api/v1/topics/wager.events")).await.status, 403);
    let own = finish(other.begin(of(&theirs, "/api/v1/topics/wager.events")).await).await;
    assert_eq!((own.status.as_u16(), &*own.text), (200, ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_follow_a_topic_of_their_operator_alone() {
    let api = Api::start().await;
    an_operator_s_records_are_followed_and_no_other_s(&api, &api).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_follow_a_topic_through_any_node_of_a_cluster() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    an_operator_s_records_are_followed_and_no_other_s(a, b).await;
}

#[tokio::test]
async fn the_only_node_has_all_partitions() {
    let api = Api::start().await;
    let nodes = api.get("/api/v1/nodes").await.json;
    let count = nodes["partitions"].as_u64().unwrap();
    assert_eq!(nodes["items"].as_array().unwrap().len(), 1, "{nodes}");
    let this = &nodes["items"][0];
    assert_eq!((&this["isThis"], &this["address"]), (&json!(true), &Value::Null), "{nodes}");
    assert_eq!(this["status"]["partitionsHere"], json!((0..count).collect::<Vec<_>>()));
    assert_eq!(this["status"]["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_node_of_a_cluster_tells_who_has_which_partition() {
    let cluster = Cluster::start().await;
    for api in cluster.both() {
        let nodes = api.get("/api/v1/nodes").await.json;
        let items = nodes["items"].as_array().unwrap();
        let are_this: Vec<_> = items.iter().map(|node| node["isThis"].as_bool().unwrap()).collect();
        assert_eq!(are_this, [true, false], "{nodes}");
        let mut all: Vec<u64> = Vec::new();
        for node in items {
            let here = node["status"]["partitionsHere"].as_array().unwrap();
            assert!(!here.is_empty() && node["error"].is_null(), "{nodes}");
            all.extend(here.iter().map(|number| number.as_u64().unwrap()));
        }
        all.sort_unstable();
        let count = nodes["partitions"].as_u64().unwrap();
        assert_eq!(all, (0..count).collect::<Vec<_>>(), "each is at one node: {nodes}");
    }
}
