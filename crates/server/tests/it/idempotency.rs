//! A key stands for one request: whoever asks again is answered as the first time, and nothing happens twice.

use serde_json::{Value, json};

use crate::harness::{Answer, Api, Ask, OPERATOR, ask, days_ago, wager};

fn consent(player: &str, said: &str, key: &str) -> Ask {
    ask("PUT", &format!("/api/v1/players/{player}/consent"))
        .json(&json!({ "consent": said }))
        .header("idempotency-key", key)
}

fn is_reused(answer: &Answer) {
    let code = &answer.json["code"];
    assert_eq!((answer.status.as_u16(), code), (422, &json!("idempotency_key_reused")));
}

async fn takes_part(api: &Api, player: &str) -> bool {
    let id = format!("w-{}", uuid::Uuid::now_v7());
    api.wager(&wager(&id, player)).await["outcome"] == "counted"
}

#[tokio::test]
async fn a_key_that_was_used_before_a_restart_has_no_effect_for_other_players_or_contents() {
    let api = Api::start().await;
    // Players of all partitions, so that the key's home is another one than theirs.
    let players: Vec<_> = (0..12).map(|number| format!("p{number}")).collect();
    for player in &players {
        assert_eq!(api.send(consent(player, "out", &format!("k-{player}"))).await.status, 200);
    }
    let api = api.restart(|_| ());
    for (player, other) in players.iter().zip(players.iter().cycle().skip(1)) {
        let key = format!("k-{player}");
        is_reused(&api.send(consent(other, "in", &key)).await);
        is_reused(&api.send(consent(other, "out", &key)).await);
        is_reused(&api.send(consent(player, "in", &key)).await);
        let same = api.send(consent(player, "out", &key)).await;
        assert_eq!((same.status.as_u16(), &same.json["outcome"]), (200, &json!("done")));
    }
    for player in &players {
        assert!(!takes_part(&api, player).await, "{player}");
    }
}

#[tokio::test]
async fn a_key_belongs_to_operator_subject_and_route() {
    let api = Api::start().await;
    let other = api.add_operator("operator-555", 0).await;
    assert_eq!(api.send(consent("p1", "out", "k")).await.status, 200);
    let as_other = consent("p2", "in", "k").header("authorization", &format!("Bearer {other}"));
    assert_eq!(api.send_bare(as_other).await.status, 200, "another operator's");
    let desk = json!({ "name": "desk", "roles": ["support"] });
    let desk = ask("POST", "/api/v1/keys").json(&desk).header("idempotency-key", "k");
    let made = api.send(desk).await;
    assert_eq!(made.status, 201, "another route: {made:?}");
    let bearer = format!("Bearer {}", made.json["secret"].as_str().unwrap());
    let by_desk = consent("p2", "out", "k").header("authorization", &bearer);
    assert_eq!(api.send_bare(by_desk).await.status, 200, "another subject");
    is_reused(&api.send(consent("p2", "out", "k")).await);
}

#[tokio::test]
async fn the_same_request_at_the_same_time_has_one_effect_and_one_answer() {
    let api = Api::start().await;
    let mut late = wager("w1", "p1");
    late["timestamp"] = days_ago(10).into();
    api.wager(&late).await;
    let letters = api.get("/api/v1/dead-letters").await.json;
    let path = format!("/api/v1/dead-letters/{}", letters["items"][0]["id"].as_str().unwrap());
    let discard = || {
        let body = json!({ "why": "old" });
        api.send(ask("POST", &format!("{path}/discard")).json(&body).header("idempotency-key", "k"))
    };
    let (a, b, c, d) = tokio::join!(discard(), discard(), discard(), discard());
    let answers: [Answer; 4] = [a, b, c, d];
    for answer in &answers {
        assert_eq!((answer.status.as_u16(), &answer.json["state"]), (200, &json!("discarded")));
        assert_eq!(answer.text, answers[0].text);
    }
    let without = json!({ "why": "old" });
    let again = api.post(&format!("{path}/discard"), &without).await;
    assert_eq!(again.json["code"], "dead_letter_closed", "it was given up once");
}

#[tokio::test]
async fn a_publication_that_was_answered_to_nobody_is_answered_after_a_restart() {
    let api = Api::without_program().await;
    let program = crate::harness::PROGRAM;
    let publish = |why: &str| {
        let body: Value = json!({ "why": why, "program": program });
        ask("POST", "/api/v1/program/versions").json(&body).header("idempotency-key", "k")
    };
    let first = api.send(publish("one")).await;
    assert_eq!(first.status, 201, "{first:?}");
    let api = api.restart(|_| ());
    let again = api.send(publish("one")).await;
    assert_eq!((again.status, &again.json), (first.status, &first.json));
    is_reused(&api.send(publish("another")).await);
    let versions = api.get("/api/v1/program/versions").await;
    assert_eq!(versions.json["items"].as_array().unwrap().len(), 1, "{OPERATOR}");
}
