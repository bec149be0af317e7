//! Dead letters that no key reaches: whoever runs the node sees to them.

use std::time::{Duration, Instant};

use accolade_wire::record::Kind;
use serde_json::{Value, json};

use crate::harness::{Answer, Api, OPERATOR, PATIENCE, ask, game_event, wager};

async fn listed(api: &Api) -> Vec<Value> {
    let list = api.on_socket(ask("GET", "/local/dead-letters?state=open")).await;
    assert_eq!(list.status, 200, "{list:?}");
    list.json["items"].as_array().unwrap().clone()
}

async fn of_the_operator(api: &Api) -> Vec<Value> {
    api.get("/api/v1/dead-letters?state=open").await.json["items"].as_array().unwrap().clone()
}

fn path_of(letter: &Value) -> String {
    format!("/local/dead-letters/{}", letter["id"].as_str().unwrap())
}

async fn on_socket(api: &Api, method: &str, path: &str, body: &Value) -> Answer {
    api.on_socket(ask(method, path).json(body)).await
}

/// Waits until an event has counted: a released letter travels to its partition.
async fn counts(api: &Api, path: &str) {
    let until = Instant::now() + PATIENCE;
    loop {
        let told = api.get(path).await.json;
        if told["outcome"] == "counted" {
            return;
        }
        assert!(Instant::now() < until, "awaited: {path} counts; there is: {told}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_wager_without_a_header_is_a_dead_letter_of_the_operator_that_it_names() {
    let api = Api::start().await;
    let other = api.add_operator("operator-555", 0).await;
    let body = json!({ "wagerId": "w1", "playerId": "p1", "operatorId": OPERATOR }).to_string();
    api.take_from_kafka(Kind::Wager, "", body.as_bytes(), "p1").await;
    // What a wager names wins over a header, as it does where the wager counts.
    let named = json!({ "wagerId": "w2", "operatorId": "operator-555" }).to_string();
    api.take_from_kafka(Kind::Wager, OPERATOR, named.as_bytes(), "p1").await;
    let own = of_the_operator(&api).await;
    assert_eq!(own.len(), 1, "{own:?}");
    assert_eq!(own[0]["original"], body);
    assert_eq!(listed(&api).await, [] as [Value; 0]);
    let bearer = format!("Bearer {other}");
    let theirs = ask("GET", "/api/v1/dead-letters").header("authorization", &bearer);
    let theirs = api.send_bare(theirs).await.json;
    assert_eq!(theirs["items"][0]["original"], named, "{theirs}");
    // Neither reaches the other's, nor learns that it is there.
    let path = format!("/api/v1/dead-letters/{}", own[0]["id"].as_str().unwrap());
    for (method, path) in [
        ("GET", path.clone()),
        ("PATCH", path.clone()),
        ("POST", format!("{path}/retry")),
        ("GET", "/api/v1/events/w1".to_owned()),
    ] {
        let asked = ask(method, &path).header("authorization", &bearer).json(&json!({}));
        assert_eq!(api.send_bare(asked).await.status, 404, "{method} {path}");
    }
    let repaired = json!({ "original": wager("w1", "p1").to_string() });
    assert_eq!(api.send(ask("PATCH", &path).json(&repaired)).await.status, 200);
    assert_eq!(api.send(ask("POST", &format!("{path}/retry"))).await.status, 200);
    counts(&api, "/api/v1/wagers/w1/explanation").await;
}

#[tokio::test]
async fn what_names_nobody_who_is_known_is_reached_by_whoever_runs_the_node_alone() {
    let api = Api::start().await;
    let unknown = json!({ "wagerId": "w1", "operatorId": "operator-556" }).to_string();
    let bodies: [&[u8]; 3] = [unknown.as_bytes(), b"not JSON \xff", b"{}"];
    for body in bodies {
        api.take_from_kafka(Kind::Wager, "", body, "p1").await;
    }
    api.take_from_kafka(Kind::GameEvent, "", b"{}", "p1").await;
    let own = format!("{{\"operatorId\":\"{OPERATOR}\"}}");
    api.take_from_kafka(Kind::Wager, "", own.as_bytes(), "p1").await;
    let letters = listed(&api).await;
    let originals: Vec<_> = letters.iter().map(|letter| &letter["original"]).collect();
    assert_eq!(originals, [&*unknown, "not JSON \u{fffd}", "{}", "{}"]);
    assert_eq!(letters[0]["operatorId"], "operator-556");
    assert_eq!(letters[1]["originalHex"], "6e6f74204a534f4e20ff");
    assert!(of_the_operator(&api).await.iter().all(|letter| letter["original"] == *own));
    for letter in &letters {
        let id = letter["id"].as_str().unwrap();
        assert_eq!(api.get(&format!("/api/v1/dead-letters/{id}")).await.status, 404);
        assert_eq!(api.get(&format!("/local/dead-letters/{id}")).await.status, 404);
        let retry = ask("POST", &format!("/api/v1/dead-letters/{id}/retry"));
        assert_eq!(api.send(retry).await.status, 404);
        let seen = api.on_socket(ask("GET", &path_of(letter))).await;
        assert_eq!(seen.json, *letter);
    }

    // A wager must name an operator that is known, and a game event is given one.
    let mut good = wager("w1", "p1");
    good["operatorId"] = "operator-556".into();
    let repair = |letter: &Value, body: Value| on_socket_patch(&api, path_of(letter), body);
    let wrong = repair(&letters[0], json!({ "original": good.to_string() })).await;
    assert_eq!((wrong.status.as_u16(), wrong.pointers()), (422, vec!["/operatorId"]));
    let wrong = repair(&letters[0], json!({ "original": "{}", "operatorId": OPERATOR })).await;
    assert_eq!((wrong.status.as_u16(), wrong.pointers()), (400, vec!["/operatorId"]));
    let event = game_event(Some("e1"), "p1").to_string();
    let wrong = repair(&letters[3], json!({ "original": event })).await;
    assert_eq!((wrong.status.as_u16(), wrong.pointers()), (422, vec!["/operatorId"]));

    good["operatorId"] = OPERATOR.into();
    let dry = on_socket(
        &api,
        "PATCH",
        &format!("{}?dryRun=true", path_of(&letters[0])),
        &json!({ "original": good.to_string() }),
    )
    .await;
    assert_eq!(
        (&dry.json["original"], &dry.json["dryRun"]),
        (&json!(good.to_string()), &json!(true))
    );
    assert_eq!(listed(&api).await, letters, "nothing was changed");
    for (letter, body) in [
        (&letters[0], json!({ "original": good.to_string() })),
        (&letters[3], json!({ "original": event, "operatorId": OPERATOR })),
    ] {
        let repaired = repair(letter, body).await;
        assert_eq!(repaired.json["state"], "open", "{repaired:?}");
        let released =
            on_socket(&api, "POST", &format!("{}/retry", path_of(letter)), &json!({})).await;
        assert_eq!(released.json["state"], "released", "{released:?}");
    }
    let why = json!({ "why": "nobody knows" });
    for letter in &letters[1..3] {
        let discarded =
            on_socket(&api, "POST", &format!("{}/discard", path_of(letter)), &why).await;
        assert_eq!(discarded.json["state"], "discarded", "{discarded:?}");
    }
    for path in ["/api/v1/events/w1", "/api/v1/events/e1"] {
        counts(&api, path).await;
    }
    assert_eq!(listed(&api).await, [] as [Value; 0]);
}

async fn on_socket_patch(api: &Api, path: String, body: Value) -> Answer {
    on_socket(api, "PATCH", &path, &body).await
}
