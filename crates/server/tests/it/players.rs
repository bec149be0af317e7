//! Balance, ledger, consent and explanation.

use serde_json::json;

use crate::harness::{Api, ask, now_micros, time, void, wager};

#[tokio::test]
async fn a_balance_is_exact_and_known_as_of_any_time() {
    let api = Api::start().await;
    assert_eq!(api.get("/api/v1/players/p1/balance").await.status, 404);
    let mut first = wager("w1", "p1");
    first["wagerAmount"] = json!(12.34);
    api.wager(&first).await;
    let between = api.get("/api/v1/players/p1/balance").await;
    let exact = r#""pointsBalance":1.23,"reserved":0.00,"available":1.23,"pending":0.00,"held":0.00,"owed":0.00"#;
    assert!(between.text.contains(exact), "{}", between.text);
    assert_eq!(between.json["lastWagerId"], "w1");
    assert_eq!(between.json["version"], 1);
    let at = between.json["lastUpdated"].as_str().unwrap().to_owned();
    api.wager(&wager("w2", "p1")).await;
    let then = api.get(&format!("/api/v1/players/p1/balance?asOf={at}")).await;
    assert!(then.text.contains(r#""pointsBalance":1.23,"#), "{}", then.text);
    assert_eq!(then.json["lastWagerId"], "w1");
    assert_eq!(then.json["version"], json!(null));
    let before = api.get("/api/v1/players/p1/balance?asOf=2020-01-01T00:00:00Z").await;
    assert!(before.text.contains(r#""pointsBalance":0.00,"#), "{}", before.text);
    let now = api.get(&format!("/api/v1/players/p1/balance?asOf={}", time(now_micros()))).await;
    assert!(now.text.contains(r#""pointsBalance":11.23,"#), "{}", now.text);
}

#[tokio::test]
async fn a_ledger_is_paged_in_both_directions_and_filtered() {
    let api = Api::start().await;
    for number in 1..=7 {
        api.wager(&wager(&format!("w{number}"), "p1")).await;
    }
    api.wager(&void("w3", "p1")).await;
    let sequences = |answer: &crate::harness::Answer| -> Vec<u64> {
        let items = answer.json["items"].as_array().unwrap();
        items.iter().map(|item| item["sequence"].as_u64().unwrap()).collect()
    };
    for (order, expected) in [("desc", [8, 7, 6, 5, 4, 3, 2, 1]), ("asc", [1, 2, 3, 4, 5, 6, 7, 8])]
    {
        let mut found = Vec::new();
        let mut path = format!("/api/v1/players/p1/ledger?limit=3&order={order}");
        loop {
            let page = api.get(&path).await;
            assert_eq!(page.status, 200, "{page:?}");
            found.extend(sequences(&page));
            let Some(cursor) = page.json["nextCursor"].as_str() else { break };
            path = format!("/api/v1/players/p1/ledger?limit=3&order={order}&cursor={cursor}");
        }
        assert_eq!(found, expected);
    }
    let voided = api.get("/api/v1/players/p1/ledger?kind=voided").await;
    assert_eq!(sequences(&voided), [8]);
    let entry = &voided.json["items"][0];
    assert_eq!(entry["points"], json!(-10.0));
    assert_eq!(entry["cause"], json!({ "type": "wager", "id": "w3" }));
    assert_eq!(entry["multiplier"], json!(null));
    let first = api.get("/api/v1/players/p1/ledger?order=asc&limit=1").await;
    let entry = &first.json["items"][0];
    assert_eq!(entry["kind"], "earned");
    assert_eq!(entry["programVersion"], 1);
    assert_eq!(entry["parts"], json!({ "base": 0.1, "tier": null, "promotions": [], "rate": 1 }));
    assert_eq!(entry["hash"].as_str().unwrap().len(), 64);
    assert_eq!(entry["place"]["number"], 0);

    let third = &api.get("/api/v1/players/p1/ledger?order=asc").await.json["items"][2];
    let at = third["recordTime"].as_str().unwrap();
    let from = api.get(&format!("/api/v1/players/p1/ledger?from={at}")).await;
    assert_eq!(sequences(&from), [8, 7, 6, 5, 4, 3]);
    let to = api.get(&format!("/api/v1/players/p1/ledger?to={at}&order=asc")).await;
    assert_eq!(sequences(&to), [1, 2]);
}

#[tokio::test]
async fn who_has_left_earns_nothing_until_they_come_back() {
    let api = Api::start().await;
    let consent =
        |said: &str| ask("PUT", "/api/v1/players/p1/consent").json(&json!({ "consent": said }));
    let said = async |player: &str| {
        let answer = api.get(&format!("/api/v1/players/{player}/consent")).await;
        (answer.status.as_u16(), answer.json["consent"].clone())
    };
    api.wager(&wager("w0", "p0")).await;
    assert_eq!(said("p0").await, (200, json!(null)));
    assert_eq!(said("p1").await.0, 404);
    let left = api.send(consent("out")).await;
    assert_eq!(said("p1").await, (200, json!("out")));
    assert_eq!(left.status, 200);
    assert_eq!(left.json["outcome"], "done");
    assert_eq!(api.get("/api/v1/players/p1/balance").await.status, 200, "it makes the account");
    let refused = api.wager(&wager("w1", "p1")).await;
    assert_eq!(refused["reason"], "no_consent");
    api.send(consent("in")).await;
    assert_eq!(said("p1").await, (200, json!("in")));
    assert_eq!(api.wager(&wager("w2", "p1")).await["outcome"], "counted");
    let wrong = api.send(consent("maybe")).await;
    assert_eq!((wrong.status.as_u16(), wrong.pointers()), (400, vec!["/consent"]));
}

#[tokio::test]
async fn an_idempotency_key_has_one_effect_and_one_request() {
    let api = Api::start().await;
    let consent = |said: &str, key: &str| {
        ask("PUT", "/api/v1/players/p1/consent")
            .header("idempotency-key", key)
            .json(&json!({ "consent": said }))
    };
    assert_eq!(api.send(consent("out", "k1")).await.status, 200);
    assert_eq!(api.send(consent("in", "k2")).await.status, 200);
    let again = api.send(consent("out", "k1")).await;
    assert_eq!((again.status.as_u16(), &again.json["consent"]), (200, &json!("out")));
    assert_eq!(
        api.wager(&wager("w1", "p1")).await["outcome"],
        "counted",
        "it had no second effect"
    );
    let other = api.send(consent("in", "k1")).await;
    assert_eq!(
        (other.status.as_u16(), &other.json["code"]),
        (422, &json!("idempotency_key_reused"))
    );
}

#[tokio::test]
async fn an_explanation_has_every_stage_in_order() {
    let api = Api::start().await;
    let mut dollars = wager("w1", "p1");
    dollars["currency"] = "USD".into();
    api.wager(&dollars).await;
    api.wager(&void("w1", "p1")).await;
    let told = api.get("/api/v1/wagers/w1/explanation").await;
    assert_eq!(told.status, 200, "{told:?}");
    assert_eq!(told.json["outcome"], "counted");
    assert_eq!(told.json["playerId"], "p1");
    assert!(
        told.text.contains(
            r#""points":9.20,"pointsBalance":9.20,"programVersion":1,"multiplier":0.092"#
        ),
        "{}",
        told.text
    );
    assert_eq!(told.json["caps"][0]["cut"], json!(0.0));
    let stages: Vec<(&str, &str)> = told.json["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| (stage["stage"].as_str().unwrap(), stage["result"].as_str().unwrap()))
        .collect();
    let expected = [
        ("received", "yes"),
        ("duplicate", "no"),
        ("eligible", "yes"),
        ("multiplier", "0.092"),
        ("caps", "0.00"),
        ("points", "9.20"),
        ("balance", "9.20"),
        ("voided", "-9.20"),
    ];
    assert_eq!(stages, expected);

    let mut excluded = wager("w2", "p1");
    excluded["playerSegment"] = "self-excluded".into();
    api.wager(&excluded).await;
    let told = api.get("/api/v1/wagers/w2/explanation").await;
    assert_eq!(told.json["reason"], "segment_denied");
    let last = told.json["stages"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["stage"], &last["result"]), (&json!("eligible"), &json!("no")));
    assert!(last["detail"].as_str().unwrap().contains("v1"), "{last}");
    assert_eq!(api.get("/api/v1/wagers/w3/explanation").await.status, 404);
}

#[tokio::test]
async fn one_id_of_two_players_is_told_apart_by_the_player() {
    let api = Api::start().await;
    api.wager(&wager("w1", "p1")).await;
    let mut other = wager("w1", "p2");
    other["wagerAmount"] = json!(50);
    api.wager(&other).await;
    for (player, points) in [("p1", 10.0), ("p2", 5.0)] {
        let told = api.get(&format!("/api/v1/wagers/w1/explanation?playerId={player}")).await;
        assert_eq!(
            (&told.json["playerId"], &told.json["points"]),
            (&json!(player), &json!(points))
        );
        assert_eq!(told.json["others"].as_array().unwrap().len(), 1);
    }
    assert_eq!(api.get("/api/v1/wagers/w1/explanation?playerId=p3").await.status, 404);
}
