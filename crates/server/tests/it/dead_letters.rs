//! The life of a dead letter.

use std::time::Instant;

use serde_json::{Value, json};

use crate::harness::{Api, PATIENCE, ask, days_ago, wager};

async fn only_letter(api: &Api) -> Value {
    let list = api.get("/api/v1/dead-letters?state=open").await;
    assert_eq!(list.status, 200, "{list:?}");
    let items = list.json["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{list:?}");
    items[0].clone()
}

/// Waits until the player has this balance: a released letter travels to its partition.
async fn balance_becomes(api: &Api, player: &str, points: f64) {
    let until = Instant::now() + PATIENCE;
    loop {
        let balance = api.get(&format!("/api/v1/players/{player}/balance")).await.json;
        if balance["pointsBalance"] == json!(points) {
            return;
        }
        assert!(Instant::now() < until, "awaited: {points} of {player}; there is: {balance}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_wager_that_was_too_late_can_be_retried_and_counts_once() {
    let api = Api::start().await;
    let mut late = wager("w1", "p1");
    late["timestamp"] = days_ago(10).into();
    assert_eq!(api.wager(&late).await["reason"], "too_late");
    let letter = only_letter(&api).await;
    assert_eq!(letter["reason"], "too_late");
    assert_eq!(letter["stage"], "admit");
    assert_eq!(letter["original"], late.to_string());
    let path = format!("/api/v1/dead-letters/{}", letter["id"].as_str().unwrap());
    assert_eq!(api.get(&path).await.json, letter);

    let retried =
        api.send(ask("POST", &format!("{path}/retry")).header("idempotency-key", "k1")).await;
    assert_eq!((retried.status.as_u16(), &retried.json["state"]), (200, &json!("released")));
    balance_becomes(&api, "p1", 10.0).await;
    let again =
        api.send(ask("POST", &format!("{path}/retry")).header("idempotency-key", "k1")).await;
    assert_eq!((again.status.as_u16(), &again.json["state"]), (200, &json!("released")));
    let other = api.send(ask("POST", &format!("{path}/retry"))).await;
    assert_eq!((other.status.as_u16(), &other.json["code"]), (409, &json!("dead_letter_closed")));
    let told = api.get("/api/v1/wagers/w1/explanation").await;
    assert_eq!(told.json["outcome"], "counted");
    assert_eq!(
        api.get("/api/v1/players/p1/ledger").await.json["items"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn a_conflicting_id_can_be_repaired_and_retried_for_another_player() {
    let api = Api::start().await;
    api.wager(&wager("w1", "p1")).await;
    let mut conflict = wager("w1", "p1");
    conflict["wagerAmount"] = json!(200);
    assert_eq!(api.wager(&conflict).await["reason"], "id_conflict");
    let letter = only_letter(&api).await;
    let path = format!("/api/v1/dead-letters/{}", letter["id"].as_str().unwrap());
    let repair = |original: &str| ask("PATCH", &path).json(&json!({ "original": original }));

    conflict["wagerAmount"] = json!(-1);
    let wrong = api.send(repair(&conflict.to_string())).await;
    assert_eq!((wrong.status.as_u16(), wrong.pointers()), (422, vec!["/wagerAmount"]));
    assert_eq!(api.send(repair("not an event")).await.status, 422);
    conflict["wagerAmount"] = json!(200);
    conflict["operatorId"] = "operator-555".into();
    let foreign = api.send(repair(&conflict.to_string())).await;
    assert_eq!((foreign.status.as_u16(), foreign.pointers()), (422, vec!["/operatorId"]));
    let missing = api.send(ask("PATCH", &path).json(&json!({}))).await;
    assert_eq!((missing.status.as_u16(), missing.pointers()), (400, vec!["/original"]));

    let mut repaired = wager("w1-repaired", "p-of-another-partition");
    repaired["wagerAmount"] = json!(200);
    let answer = api.send(repair(&repaired.to_string())).await;
    assert_eq!((answer.status.as_u16(), &answer.json["state"]), (200, &json!("open")));
    assert_eq!(answer.json["original"], repaired.to_string());
    assert_eq!(api.send(ask("POST", &format!("{path}/retry"))).await.status, 200);
    balance_becomes(&api, "p-of-another-partition", 20.0).await;
    balance_becomes(&api, "p1", 10.0).await;
}

#[tokio::test]
async fn a_dead_letter_can_be_given_up_with_a_reason() {
    let api = Api::start().await;
    let mut late = wager("w1", "p1");
    late["timestamp"] = days_ago(10).into();
    api.wager(&late).await;
    let id = only_letter(&api).await["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/dead-letters/{id}");
    let without = api.post(&format!("{path}/discard"), &json!({})).await;
    assert_eq!((without.status.as_u16(), without.pointers()), (400, vec!["/why"]));
    let discarded = api.post(&format!("{path}/discard"), &json!({ "why": "a test system" })).await;
    assert_eq!(discarded.json["state"], "discarded");
    assert_eq!(api.send(ask("POST", &format!("{path}/retry"))).await.status, 409);
    assert_eq!(api.get("/api/v1/dead-letters?state=open").await.json["items"], json!([]));
}

#[tokio::test]
async fn dead_letters_are_paged() {
    let api = Api::start().await;
    for number in 0..5 {
        let mut late = wager(&format!("w{number}"), &format!("p{number}"));
        late["timestamp"] = days_ago(10).into();
        api.wager(&late).await;
    }
    let mut found = std::collections::BTreeSet::new();
    let mut path = "/api/v1/dead-letters?limit=2".to_owned();
    loop {
        let page = api.get(&path).await;
        for item in page.json["items"].as_array().unwrap() {
            assert!(found.insert(item["id"].as_str().unwrap().to_owned()));
        }
        let Some(cursor) = page.json["nextCursor"].as_str() else { break };
        path = format!("/api/v1/dead-letters?limit=2&cursor={cursor}");
    }
    assert_eq!(found.len(), 5);
    for id in ["1-2", "x", "0-1-1-1", "9-1-1", "00-1-1", "0-1-1"] {
        assert_eq!(api.get(&format!("/api/v1/dead-letters/{id}")).await.status, 404, "{id}");
    }
}
