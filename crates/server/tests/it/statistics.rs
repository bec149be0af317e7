//! What is counted of a player's game events.

use serde_json::{Value, json};

use crate::cluster::fake::Cluster;
use crate::harness::{Api, ask, days_ago, game_event, now_micros, time, wager};

const STATISTICS: &str = "/api/v1/players/p1/stats";

/// An event of so many seconds ago.
fn event(id: &str, event_type: &str, game: &str, seconds: i64) -> Value {
    let mut event = game_event(Some(id), "p1");
    event["event_type"] = event_type.into();
    event["game_id"] = game.into();
    event["timestamp"] = time(now_micros() - seconds * 1_000_000).into();
    event
}

async fn take_in(api: &Api, events: Vec<Value>) {
    let answer = api.post("/api/v1/events?wait=applied", &events.into()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// The same is read at the other node.
async fn what_is_recorded_is_counted_by_type_and_game(api: &Api, other: &Api) {
    assert_eq!(other.get(STATISTICS).await.status, 404);
    api.wager(&wager("w1", "p1")).await;
    let none = other.get(STATISTICS).await.json;
    let nothing = json!({
        "playerId": "p1", "operatorId": "operator-789", "totalEvents": 0, "eventBreakdown": {},
        "otherTypes": 0, "games": [], "otherGames": 0, "lastEvent": null,
    });
    assert_eq!(none, nothing);
    let newest = event("e2", "player_score", "tower", 10);
    let mut late = event("e5", "level_up", "reels", 0);
    late["timestamp"] = days_ago(10).into();
    let events = vec![
        event("e1", "player_score", "reels", 20),
        newest.clone(),
        event("e3", "level_up", "tower", 30),
        event("e4", "player_score", "tower", 40),
        newest.clone(),
        late,
    ];
    take_in(api, events).await;
    let counted = other.get(STATISTICS).await.json;
    let expected = json!({
        "playerId": "p1", "operatorId": "operator-789", "totalEvents": 4,
        "eventBreakdown": { "level_up": 1, "player_score": 3 }, "otherTypes": 0,
        "games": [
            { "gameId": "reels", "totalEvents": 1, "eventBreakdown": { "player_score": 1 } },
            { "gameId": "tower", "totalEvents": 3, "eventBreakdown": { "level_up": 1, "player_score": 2 } },
        ],
        "otherGames": 0,
        "lastEvent": {
            "eventId": "e2", "eventType": "player_score", "gameId": "tower",
            "timestamp": newest["timestamp"],
        },
    });
    assert_eq!(counted, expected);
    let stranger = format!("Bearer {}", api.add_operator("operator-555", 0).await);
    let theirs = ask("GET", STATISTICS).header("authorization", &stranger);
    assert_eq!(other.send_bare(theirs).await.status, 404);
    let signed = api.post("/api/v1/player-tokens", &json!({ "playerId": "p1" })).await.json;
    let own = format!("Bearer {}", signed["token"].as_str().unwrap());
    let seen = other.send_bare(ask("GET", STATISTICS).header("authorization", &own)).await;
    assert_eq!(seen.json, expected);
}

#[tokio::test]
async fn what_is_recorded_is_counted_by_type_and_game_in_the_embedded_form() {
    let api = Api::start().await;
    what_is_recorded_is_counted_by_type_and_game(&api, &api).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_recorded_is_counted_by_type_and_game_in_a_cluster() {
    let cluster = Cluster::start().await;
    what_is_recorded_is_counted_by_type_and_game(cluster.a(), cluster.b()).await;
}

#[tokio::test]
async fn what_was_counted_is_there_after_a_restart_and_counts_on() {
    let api = Api::start().await;
    take_in(&api, vec![event("e1", "player_score", "reels", 20)]).await;
    let before = api.get(STATISTICS).await.json;
    let api = api.restart(|_| ());
    assert_eq!(api.get(STATISTICS).await.json, before);
    let again = event("e2", "player_score", "reels", 10);
    take_in(&api, vec![again.clone(), again]).await;
    assert_eq!(api.get(STATISTICS).await.json["totalEvents"], 2);
}

#[tokio::test]
async fn a_balance_does_not_change_by_an_event() {
    let api = Api::start().await;
    api.wager(&wager("w1", "p1")).await;
    let before = api.get("/api/v1/players/p1/balance").await.text;
    take_in(&api, vec![event("e1", "player_score", "reels", 20)]).await;
    assert_eq!(api.get("/api/v1/players/p1/balance").await.text, before);
}
