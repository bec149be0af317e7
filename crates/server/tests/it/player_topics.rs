//! What players reach and redeem is on topics, in both forms, whether wagers, commands or time have done it.

use std::time::{Duration, Instant};

use accolade_wire::identity::partition_of;
use serde_json::{Value, json};

use crate::cluster::fake::Cluster;
use crate::harness::{
    Api, OPERATOR, PATIENCE, ask, finish, game_event, now_micros, time, void, wager,
};
use crate::tournaments::{begin, bet, heard};

const PROGRAM: &str = "\
currency: EUR
earning: { multipliers: { slots: 0.1 } }
tiers:
  window: { rolling: 30d }
  levels:
    - { name: bronze, from: 0 }
    - { name: silver, from: 15 }
    - { name: gold, from: 30 }
";

/// One of each partition, so that some are at another node than the one that is asked.
fn players() -> Vec<String> {
    let of = |partition| {
        let mut names = (0..).map(|number| format!("player-{number}"));
        names.find(|name| partition_of(name, 4) == partition).unwrap()
    };
    (0..4).map(of).collect()
}

async fn tail(api: &Api, topic: &str) -> Vec<Value> {
    let answer = api.on_socket(ask("GET", &format!("/local/topics/{topic}?from=earliest"))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What is said of one player.
fn of<'a>(lines: &'a [Value], player: &str) -> Vec<&'a Value> {
    let its = lines.iter().filter(|line| line["key"] == player);
    its.map(|line| &line["value"]).collect()
}

async fn tiers(api: &Api, player: &str) -> Vec<Value> {
    let names =
        ["playerId", "operatorId", "tierBefore", "tierAfter", "tierPoints", "programVersion"];
    let lines = tail(api, "loyalty.tiers").await;
    of(&lines, player).iter().map(|value| json!(names.map(|name| &value[name]))).collect()
}

/// Tiers come to a player's partition with a batch of its own.
async fn has_a_tier(api: &Api, player: &str) {
    let until = Instant::now() + PATIENCE;
    let balance = format!("/api/v1/players/{player}/balance");
    while api.get(&balance).await.json["tier"].is_null() {
        assert!(Instant::now() < until, "no tier");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A wager that is worth 20.00 points.
async fn stake(api: &Api, id: &str, player: &str) {
    let mut staked = wager(id, player);
    staked["wagerAmount"] = json!(200);
    assert_eq!(api.wager(&staked).await["points"], json!(20.0));
}

/// A program brings tiers, which is by time, and a wager crosses a line.
async fn tiers_are_told_of(api: &Api, other: &Api) {
    for player in players() {
        stake(api, &format!("w-{player}"), &player).await;
    }
    let body = json!({ "why": "tiers", "program": PROGRAM });
    let publish = ask("POST", "/api/v1/program/versions").json(&body).header("if-match", "1");
    assert_eq!(api.send(publish).await.status, 201);
    for player in players() {
        has_a_tier(api, &player).await;
        stake(other, &format!("w-more-{player}"), &player).await;
        let expected = [
            json!([player, OPERATOR, null, "silver", 20.0, 2]),
            json!([player, OPERATOR, "silver", "gold", 40.0, 2]),
        ];
        for node in [api, other] {
            assert_eq!(tiers(node, &player).await, expected);
        }
    }
    let lines = tail(other, "loyalty.tiers").await;
    assert_eq!(lines.len(), 8);
    for line in &lines {
        let place = &line["place"];
        let [partition, batch, slot, number] =
            ["partition", "batch", "slot", "number"].map(|name| place[name].as_u64().unwrap());
        let id = format!("{partition}-{batch}-{slot}-{number}");
        assert_eq!(
            (&line["value"]["tierChangeId"], &line["value"]["changedAt"]),
            (&json!(id), &line["time"])
        );
        assert_eq!(line["value"]["day"], line["time"].as_str().unwrap()[..10]);
    }
}

async fn redemptions_are_told_of(api: &Api, other: &Api) {
    for player in players() {
        let redemptions = format!("/api/v1/players/{player}/redemptions");
        let reserve = async |points: u32| {
            let body = json!({ "points": points, "item": format!("a gift for {points}") });
            let reserved = api.post(&redemptions, &body).await;
            assert_eq!(reserved.status, 200, "{reserved:?}");
            reserved.json
        };
        let [spent, kept] = [reserve(5).await, reserve(6).await];
        let path = |redemption: &Value, what: &str| {
            format!("/api/v1/redemptions/{}/{what}", redemption["id"].as_str().unwrap())
        };
        let follow = "/local/topics/loyalty.balances?follow=true&limit=1";
        let balances = [
            api.begin_on_socket(ask("GET", follow)).await,
            other.begin_on_socket(ask("GET", follow)).await,
        ];
        assert_eq!(other.send(ask("POST", &path(&spent, "confirm"))).await.status, 200);
        for begun in balances {
            let line: Value = serde_json::from_str(&finish(begun).await.text).unwrap();
            assert_eq!(line["key"], format!("{OPERATOR}/{player}"));
            assert_eq!(line["value"]["pointsBalance"], json!(35.0));
        }
        let why = json!({ "why": "changed their mind" });
        assert_eq!(api.post(&path(&kept, "cancel"), &why).await.status, 200);
        for node in [api, other] {
            let lines = tail(node, "loyalty.redemptions").await;
            let told = of(&lines, &player);
            let states: Vec<_> =
                told.iter().map(|value| json!([value["redemptionId"], value["state"]])).collect();
            let expected = [
                (&spent, "reserved"),
                (&kept, "reserved"),
                (&spent, "confirmed"),
                (&kept, "cancelled"),
            ];
            assert_eq!(
                states,
                expected.map(|(redemption, state)| json!([redemption["id"], state]))
            );
            for name in ["playerId", "operatorId", "points", "item", "rewardId", "holdUntil"] {
                assert_eq!(told[0][name], spent[name], "{name}");
            }
            assert_eq!(
                (&told[0]["at"], &told[0]["timestamp"]),
                (&spent["reservedAt"], &spent["reservedAt"])
            );
        }
    }
}

/// Wagers, their void and game events count in tournaments.
async fn scores_are_told_of(api: &Api, other: &Api) {
    let best = "SELECT playerId, MAX(wagerAmount) FROM wagers GROUP BY playerId";
    let played = "SELECT playerId, SUM(data.score) FROM game_events GROUP BY playerId";
    begin(api, "best", json!({ "query": best })).await;
    begin(api, "played", json!({ "query": played })).await;
    heard(api, other, "played").await;
    for player in players() {
        let id = |what: &str| format!("{what}-{player}");
        bet(api, &id("t1"), &player, 20.0).await;
        bet(other, &id("t2"), &player, 10.0).await;
        assert_eq!(api.wager(&void(&id("t1"), &player)).await["outcome"], "voided");
        let mut event = game_event(Some(&id("e")), &player);
        event["timestamp"] = time(now_micros()).into();
        event["data"] = json!({ "score": 2.5 });
        let sent = other.post("/api/v1/events?wait=applied", &event).await;
        assert_eq!(sent.status, 200, "{sent:?}");
        for node in [api, other] {
            let lines = tail(node, "tournament.eligible").await;
            let told = of(&lines, &player);
            let told: Vec<_> = told
                .iter()
                .map(|it| {
                    json!([it["tournamentId"], it["wagerId"], it["eventId"], it["scoreDelta"]])
                })
                .collect();
            let expected = [
                json!(["best", id("t1"), null, 20]),
                json!(["best", id("t2"), null, 0]),
                json!(["best", id("t1"), null, -10]),
                json!(["played", null, id("e"), 2.5]),
            ];
            assert_eq!(told, expected);
            let lines = tail(node, "tournament.scores").await;
            let key = format!("{OPERATOR}/best/{player}");
            let told: Vec<_> = lines.iter().filter(|line| line["key"] == *key).collect();
            let scores: Vec<_> = told.iter().map(|line| line["value"]["score"].clone()).collect();
            assert_eq!(json!(scores), json!([20, 20, 10]));
            let [first, second, third] = told[..] else { panic!("{told:?}") };
            let reached = |line: &Value| {
                let tie_break = &line["value"]["tieBreak"];
                json!([tie_break["reachedAt"], tie_break["batch"], tie_break["events"]])
            };
            let at =
                |line: &Value, events: u64| json!([line["time"], line["place"]["batch"], events]);
            assert_eq!(reached(first), at(first, 1));
            assert_eq!(reached(second), at(first, 2), "it is as it was");
            assert_eq!(reached(third), at(third, 1));
            assert_eq!(third["value"]["version"], third["place"]["batch"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_counts_in_tournaments_is_on_topics_of_a_node() {
    let api = Api::start().await;
    scores_are_told_of(&api, &api).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_counts_in_tournaments_is_on_topics_of_a_cluster_through_either_node() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    scores_are_told_of(a, b).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_becomes_of_players_is_on_topics_of_a_node() {
    let api = Api::start().await;
    tiers_are_told_of(&api, &api).await;
    redemptions_are_told_of(&api, &api).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_becomes_of_players_is_on_topics_of_a_cluster_through_either_node() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    tiers_are_told_of(a, b).await;
    redemptions_are_told_of(a, b).await;
}
