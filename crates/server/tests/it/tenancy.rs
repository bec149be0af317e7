//! No route shows, or changes, anything of another operator's.

use serde_json::{Value, json};

use crate::harness::{Api, Ask, PROGRAM, ask, days_ago, game_event, wager};

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// Every described operation but the open ones, with ids of the first operator's things filled in.
async fn operations(api: &Api) -> Vec<(String, String)> {
    let letter = api.get("/api/v1/dead-letters").await.json["items"][0]["id"].clone();
    let key = api.get("/api/v1/keys").await.json["items"][1]["id"].clone();
    let description = api.send_bare(ask("GET", "/api/v1/openapi.json")).await.json;
    let mut operations = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        let path = path
            .replace("{eventId}", "e1")
            .replace("{wagerId}", "w1")
            .replace("{playerId}", "p1")
            .replace("{rewardId}", "ours")
            .replace("{tournamentId}", "ours")
            .replace("{gameId}", "game-001")
            .replace("{topic}", "wager.events")
            .replace("{version}", "1")
            .replace("{keyId}", key.as_str().unwrap())
            .replace("{id}", letter.as_str().unwrap());
        for method in METHODS.iter().filter(|method| methods.get(method).is_some()) {
            if methods[method]["security"] != json!([]) {
                operations.push((method.to_uppercase(), path.clone()));
            }
        }
    }
    operations
}

fn body_for(path: &str) -> Value {
    match path {
        "/api/v1/wagers" => wager("w1", "p1"),
        "/api/v1/events" => game_event(Some("e1"), "p1"),
        "/api/v1/program/versions" => json!({ "why": "theirs", "program": PROGRAM }),
        "/api/v1/keys" => json!({ "name": "theirs", "roles": ["auditor"] }),
        "/api/v1/player-tokens" => json!({ "playerId": "p1" }),
        "/api/v1/webhooks" => json!({ "url": "https://example.com/theirs" }),
        "/api/v1/rewards" => json!({ "name": "theirs", "points": 1, "kind": "thing" }),
        "/api/v1/tournaments" | "/api/v1/tournaments/validate" => tournament("theirs"),
        "/api/v1/tournaments/dry-run" => {
            json!({ "tournament": tournament("theirs"), "from": days_ago(1) })
        }
        path if path.ends_with("/comparison") => {
            json!({ "places": [{ "playerId": "p1", "position": 1 }] })
        }
        path if path.ends_with("/prizes") => {
            json!({ "tournamentId": "ours", "place": 1, "state": "paid", "why": "theirs" })
        }
        path if path.starts_with("/api/v1/players/") && path.ends_with("/tournaments") => {
            json!({ "tournamentId": "ours", "optIn": "in" })
        }
        path if path.contains("/rewards/") => json!({}),
        path if path.contains("/webhooks/") || path.ends_with("/rotate") => json!({}),
        path if path.ends_with("/consent") => json!({ "consent": "out" }),
        path if path.contains("/dead-letters/") && !path.ends_with("/discard") => {
            json!({ "original": wager("w9", "p1").to_string() })
        }
        _ => json!({ "why": "theirs" }),
    }
}

fn tournament(id: &str) -> Value {
    json!({
        "id": id, "name": id, "starts": "2040-01-01T00:00:00Z", "ends": "2040-01-02T00:00:00Z",
        "query": "SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId",
    })
}

async fn prepared() -> Api {
    let api = Api::with_limits(crate::webhooks::settings(), 0).await.with_program().await;
    api.wager(&wager("w1", "p1")).await;
    api.post("/api/v1/events?wait=applied", &game_event(Some("e1"), "p1")).await;
    api.post("/api/v1/events?wait=applied", &game_event(Some("e2"), "ours")).await;
    let mut late = wager("w2", "p1");
    late["timestamp"] = days_ago(10).into();
    api.wager(&late).await;
    let key = json!({ "name": "ours", "roles": ["support"] });
    assert_eq!(api.post("/api/v1/keys", &key).await.status, 201);
    let webhook = json!({ "url": "https://example.com/ours" });
    assert_eq!(api.post("/api/v1/webhooks", &webhook).await.status, 201);
    let reward = json!({ "id": "ours", "name": "ours", "points": 1, "kind": "thing" });
    assert_eq!(api.post("/api/v1/rewards", &reward).await.status, 201);
    assert_eq!(api.post("/api/v1/tournaments", &tournament("ours")).await.status, 201);
    api
}

#[tokio::test]
async fn every_route_wants_a_key_that_is_known() {
    let api = prepared().await;
    let operations = operations(&api).await;
    assert!(operations.len() > 15, "{operations:?}");
    for (method, path) in operations {
        let keys =
            [None, Some("Bearer acc_0000"), Some("Bearer "), Some("Basic YTpi"), Some("acc_")];
        for key in keys {
            let mut request: Ask = ask(&method, &path).json(&body_for(&path));
            if let Some(key) = key {
                request = request.header("authorization", key);
            }
            let answer = api.send_bare(request).await;
            assert_eq!(answer.status, 401, "{method} {path} with {key:?}");
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
        }
    }
}

#[tokio::test]
async fn every_route_hides_another_operator_s_things() {
    let api = prepared().await;
    let other = api.add_operator("operator-555", 0).await;
    let authorization = format!("Bearer {other}");
    let before = everything(&api).await;
    for (method, path) in operations(&api).await {
        // What was taken in is asked for next: it is to be there by then.
        let takes_in = method == "POST" && path == "/api/v1/events";
        let asked = if takes_in { format!("{path}?wait=applied") } else { path.clone() };
        let request =
            ask(&method, &asked).json(&body_for(&path)).header("authorization", &authorization);
        let answer = api.send_bare(request).await;
        match (&*method, &*path) {
            // Their own things: lists are empty, an own event is an own event, an own player an own player.
            (
                "GET",
                "/api/v1/program/versions"
                | "/api/v1/dead-letters"
                | "/api/v1/redemptions"
                | "/api/v1/adjustments"
                | "/api/v1/signals",
            ) => {
                assert_eq!(answer.json["items"], json!([]), "{path}");
            }
            ("GET", "/api/v1/dead-letters/counts") => assert_eq!(answer.json["open"], 0),
            ("POST", "/api/v1/dead-letters/retry" | "/api/v1/dead-letters/discard") => {
                assert_eq!((answer.status.as_u16(), &answer.json["matched"]), (200, &json!(0)));
            }
            ("POST", "/api/v1/wagers") => {
                assert_eq!((answer.status.as_u16(), answer.pointers()), (400, vec!["/operatorId"]));
            }
            ("POST", "/api/v1/program/versions") => assert_eq!(answer.json["version"], 1),
            ("GET", "/api/v1/audit") => {
                let records = answer.json["items"].as_array().unwrap();
                assert!(records.iter().all(|record| record["operatorId"] == "operator-555"));
            }
            (
                "GET" | "POST",
                "/api/v1/keys"
                | "/api/v1/webhooks"
                | "/api/v1/rewards"
                | "/api/v1/tournaments"
                | "/api/v1/tournaments/validate"
                | "/api/v1/tournaments/dry-run"
                | "/api/v1/tournament-templates"
                | "/api/v1/topics"
                // Of their own players, whatever the game is called.
                | "/api/v1/games/game-001/leaderboard",
            ) => {
                assert!(answer.status.is_success() && !answer.text.contains("ours"), "{answer:?}");
            }
            // Nothing comes where there is nothing from now on; `topics.rs` says whose records come.
            ("GET", "/api/v1/topics/wager.events") => {
                assert_eq!((answer.status.as_u16(), &*answer.text), (200, ""));
            }
            // Nodes are nobody's alone.
            ("GET", "/api/v1/nodes") => assert_eq!(answer.status, 200),
            ("GET", "/api/v1/summary") => {
                assert_eq!(answer.json["operatorId"], "operator-555");
                assert_eq!(answer.json["now"]["liability"], json!(0.0));
            }
            ("GET", "/api/v1/summary/totals") => {
                assert_eq!(answer.json["operatorId"], "operator-555");
                assert_eq!(answer.json["wagersCounted"], 0);
            }
            ("POST", "/api/v1/player-tokens") | ("GET", "/api/v1/whoami") => {
                assert_eq!(answer.json["operatorId"], "operator-555");
            }
            ("POST", "/api/v1/events") | ("PUT", "/api/v1/players/p1/consent") => {
                assert_eq!(answer.status, 200);
            }
            // Published just before by the one who asks.
            (_, path) if path.starts_with("/api/v1/program") => {
                assert!(!answer.text.contains("\"first\""), "{method} {path}: {}", answer.text);
            }
            // Their own player of the same name, once the consent has made one.
            (_, path) if path.starts_with("/api/v1/players/p1/") => {
                let status = answer.status.as_u16();
                assert!(matches!(status, 200 | 400 | 404 | 409), "{path}: {answer:?}");
                // An archive is compressed: any two letters may stand in it.
                let is_archive = path.ends_with("/export");
                assert!(is_archive || !answer.text.contains("w1"), "{path}: {}", answer.text);
            }
            // Their own things are watched, once there is a socket.
            ("GET", "/api/v1/live") => assert_eq!(answer.json["code"], "bad_header"),
            // Which time is not said here; `export.rs` says it.
            ("GET", "/api/v1/ledger") => assert_eq!(answer.json["code"], "bad_query"),
            ("GET", "/api/v1/events/e1") => assert_eq!(answer.json["event"]["event_id"], "e1"),
            _ => assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text),
        }
        let named = format!("{path}?operatorId=operator-789");
        let request =
            ask(&method, &named).json(&body_for(&path)).header("authorization", &authorization);
        assert_eq!(api.send_bare(request).await.status, 404, "{method} {named}");
    }
    assert_eq!(everything(&api).await, before, "nothing of the first operator's has changed");
    assert_eq!(api.wager(&wager("w3", "p1")).await["outcome"], "counted");
}

async fn everything(api: &Api) -> Vec<String> {
    let mut seen = Vec::new();
    for path in [
        "/api/v1/players/p1/balance",
        "/api/v1/players/p1/ledger",
        "/api/v1/dead-letters",
        "/api/v1/dead-letters/counts",
        "/api/v1/program",
        "/api/v1/program/versions",
        "/api/v1/wagers/w1/explanation",
        "/api/v1/events/e1",
        "/api/v1/rewards/ours/history",
        "/api/v1/rewards/ours/stock",
        "/api/v1/tournaments/ours",
        "/api/v1/games/game-001/leaderboard?period=allTime",
    ] {
        let answer = api.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        seen.push(answer.text);
    }
    seen
}
