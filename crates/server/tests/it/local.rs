//! The local routes: operators, files, topics and the audit.

use serde_json::{Value, json};

use crate::harness::{Api, OPERATOR, ask, days_ago, finish, game_event, void, wager};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn operators_are_added_once_and_listed() {
    let api = Api::start().await;
    let key = api.add_operator("operator-555", 100).await;
    assert!(key.starts_with("acc_") && key.len() == 76, "{key}");
    let again = ask("POST", "/local/operators").json(&json!({ "operatorId": "operator-555" }));
    assert_eq!(api.on_socket(again).await.status, 409);
    let unknown = ask("POST", "/local/operators").json(&json!({ "operator": "x" }));
    assert_eq!(api.on_socket(unknown).await.status, 400);
    let empty = ask("POST", "/local/operators").json(&json!({ "operatorId": "" }));
    assert_eq!(api.on_socket(empty).await.pointers(), ["/operatorId"]);
    let list = api.on_socket(ask("GET", "/local/operators")).await;
    let expected = json!({ "items": [
        { "operatorId": "operator-555", "number": 2, "eventsPerSecond": 100, "programVersion": null },
        { "operatorId": OPERATOR, "number": 1, "eventsPerSecond": 0, "programVersion": 1 },
    ]});
    assert_eq!(list.json, expected);
    assert!(!list.text.contains("hash"), "a key's hash is nobody's business");
}

#[tokio::test]
async fn the_socket_names_the_operator_by_a_header() {
    let api = Api::start().await;
    api.wager(&wager("w1", "p1")).await;
    let balance = || ask("GET", "/api/v1/players/p1/balance");
    let named = api.on_socket(balance().header("x-accolade-operator", OPERATOR)).await;
    assert_eq!(named.status, 200);
    assert_eq!(api.on_socket(balance()).await.status, 400);
    assert_eq!(api.on_socket(balance().header("x-accolade-operator", "nobody")).await.status, 404);
    let on_network = balance().header("x-accolade-operator", OPERATOR);
    assert_eq!(api.send_bare(on_network).await.status, 401, "the header means nothing there");
}

#[tokio::test]
async fn a_status_says_how_the_node_is() {
    let api = Api::start().await;
    let status = api.on_socket(ask("GET", "/local/status")).await.json;
    assert_eq!((&status["partitions"], &status["operators"]), (&json!(4), &json!(1)));
    assert_eq!(status["standing"], json!([]));
    let skip = ask("POST", "/local/skip")
        .json(&json!({ "partition": 0, "batch": 1, "slot": 1, "who": "me" }));
    let answer = api.on_socket(skip).await;
    assert_eq!((answer.status.as_u16(), &answer.json["code"]), (409, &json!("not_standing_there")));
}

#[tokio::test]
async fn a_file_may_hold_wagers_of_many_operators_and_the_fold_refuses_unknown_ones() {
    let api = Api::start().await;
    let mut stranger = wager("w2", "p1");
    stranger["operatorId"] = "nobody".into();
    let body = format!("{}\n{stranger}\n{}\n", wager("w1", "p1"), json!({ "wagerId": "w3" }));
    let answer =
        api.on_socket(ask("POST", "/local/ingest?kind=wagers&wait=applied").lines(&body)).await;
    assert_eq!(answer.json["accepted"], 2);
    assert_eq!(answer.json["rejected"][0]["index"], 2);
    assert_eq!(answer.json["results"][0]["outcome"], "counted");
    assert_eq!(answer.json["results"][1]["reason"], "operator_unknown");
    assert_eq!(api.get("/api/v1/events/w1").await.json["source"], "file");

    let events =
        ask("POST", "/local/ingest?kind=events").lines(&game_event(Some("e1"), "p1").to_string());
    assert_eq!(api.on_socket(events).await.status, 400, "somebody must say whose they are");
    let events = ask("POST", "/local/ingest?kind=events&wait=applied")
        .header("x-accolade-operator", OPERATOR)
        .lines(&game_event(Some("e1"), "p1").to_string());
    assert_eq!(api.on_socket(events).await.json["accepted"], 1);
}

#[tokio::test]
async fn topics_are_derived_from_log_and_journal() {
    let api = Api::start().await;
    let mut dollars = wager("w1", "p1");
    dollars["currency"] = "USD".into();
    api.wager(&dollars).await;
    api.wager(&void("w1", "p1")).await;
    let mut late = wager("w2", "p2");
    late["timestamp"] = days_ago(10).into();
    api.wager(&late).await;
    api.post("/api/v1/events?wait=applied", &game_event(Some("e1"), "p2")).await;
    let names = api.on_socket(ask("GET", "/local/topics")).await.json;
    assert_eq!(names.as_array().unwrap().len(), 12);
    let topic = async |name: &str| {
        let path = format!("/local/topics/{name}?from=earliest");
        lines(&api.on_socket(ask("GET", &path)).await.text)
    };
    let wagers = topic("wager.events").await;
    assert_eq!(wagers.len(), 3);
    assert_eq!(wagers[0]["value"], dollars);
    assert_eq!((&wagers[0]["key"], &wagers[0]["topic"]), (&json!("p1"), &json!("wager.events")));
    let times: Vec<_> =
        wagers.iter().map(|line| line["time"].as_str().unwrap().to_owned()).collect();
    assert!(times.is_sorted(), "the oldest batch comes first: {times:?}");
    let eligible = topic("loyalty.eligible").await;
    assert_eq!(eligible.len(), 1);
    assert_eq!(eligible[0]["value"]["eligibilityRuleVersion"], "v1");
    assert_eq!(eligible[0]["value"]["wagerId"], "w1");
    let calculated = topic("loyalty.calculated").await;
    assert_eq!(calculated[0]["value"]["pointsEarned"], json!(9.2));
    assert_eq!(calculated[0]["value"]["multiplier"], json!(0.092));
    let events = topic("player.events.raw").await;
    assert_eq!(events[0]["value"]["event_id"], "e1");
    assert!(events[0]["value"]["ingested_at"].is_string());
    let dead = topic("accolade.dead-letters").await;
    assert_eq!((dead.len(), &dead[0]["value"]["reason"]), (1, &json!("too_late")));
    let balances = topic("loyalty.balances").await;
    assert_eq!(balances.len(), 1, "one for each account, the last");
    assert_eq!(balances[0]["key"], format!("{OPERATOR}/p1"));
    assert_eq!(balances[0]["value"]["pointsBalance"], json!(0.0));
    assert_eq!(balances[0]["value"]["version"], 2);

    let none =
        api.on_socket(ask("GET", "/local/topics/wager.events?from=earliest&operator=x")).await;
    assert_eq!(none.text, "");
    let latest = api.on_socket(ask("GET", "/local/topics/wager.events")).await;
    assert_eq!(latest.text, "");
    let two = api.on_socket(ask("GET", "/local/topics/wager.events?from=earliest&limit=2")).await;
    assert_eq!(lines(&two.text).len(), 2);
    assert_eq!(api.on_socket(ask("GET", "/local/topics/nothing")).await.status, 404);
}

#[tokio::test]
async fn a_topic_that_is_followed_shows_what_comes() {
    let api = Api::start().await;
    let follow = ask("GET", "/local/topics/loyalty.balances?follow=true&limit=2");
    // The stream begins at the latest when its answer does.
    let begun = api.begin_on_socket(follow).await;
    api.wager(&wager("w1", "p1")).await;
    api.wager(&wager("w2", "p2")).await;
    let followed = lines(&finish(begun).await.text);
    let keys: Vec<_> = followed.iter().map(|line| line["key"].as_str().unwrap()).collect();
    assert_eq!(keys, [format!("{OPERATOR}/p1"), format!("{OPERATOR}/p2")]);
}

#[tokio::test]
async fn an_audit_verifies_every_chain_and_sum() {
    let api = Api::start().await;
    for number in 0..50 {
        api.wager(&wager(&format!("w{number}"), &format!("p{}", number % 5))).await;
    }
    api.wager(&void("w7", "p2")).await;
    let told = lines(&api.on_socket(ask("GET", "/local/audit/verify")).await.text);
    assert!(told.len() > 1 && told[0]["progress"].is_object());
    let mut last = told.last().unwrap().clone();
    // The trail has its beginning, the operator and the program, and perhaps this request already.
    let trail_records = last.as_object_mut().unwrap().remove("trailRecords").unwrap();
    assert!((3..=4).contains(&trail_records.as_u64().unwrap()), "{trail_records}");
    assert_eq!(last, json!({ "result": "ok", "entries": 51, "accounts": 5 }));
}
