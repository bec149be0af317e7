//! What a credential is told of itself.

use accolade_server::Lent;
use accolade_server::roles::Role;
use serde_json::{Value, json};

use crate::harness::{Answer, Api, OPERATOR, ask, now_micros, time};

const WHO: &str = "/api/v1/whoami";

async fn who(api: &Api, shown: &str) -> Answer {
    let answer =
        api.send_bare(ask("GET", WHO).header("authorization", &format!("Bearer {shown}"))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.headers["cache-control"], "no-store");
    answer
}

#[tokio::test]
async fn a_key_learns_its_operator_its_roles_and_when_it_ends() {
    let api = Api::start().await;
    let until = time(now_micros() + 86_400_000_000);
    let key = json!({ "name": "the desk", "roles": ["support", "auditor"], "until": until });
    let made = api.post("/api/v1/keys", &key).await.json;
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let told = who(&api, secret).await.json;
    assert_eq!(
        json!([told["operatorId"], told["keyId"], told["credential"], told["playerId"]]),
        json!([OPERATOR, id, "api_key", null])
    );
    assert_eq!(told["subject"], format!("the key {id} of {OPERATOR}"));
    assert_eq!((&told["roles"], &told["until"]), (&json!(["support", "auditor"]), &made["until"]));
    let scopes: Vec<&str> =
        told["scopes"].as_array().unwrap().iter().map(|scope| scope.as_str().unwrap()).collect();
    assert!(scopes.contains(&"self:read") && scopes.contains(&"audit:read"), "{scopes:?}");
    assert!(!scopes.contains(&"keys:write"), "{scopes:?}");

    // Rotated, the secret before ends sooner than the key.
    let sooner = time(now_micros() + 3_600_000_000);
    let path = format!("/api/v1/keys/{id}/rotate");
    let rotated = api.post(&path, &json!({ "oldUntil": sooner })).await.json;
    assert_eq!(who(&api, secret).await.json["until"], rotated["oldUntil"]);
    let newer = rotated["secret"].as_str().unwrap();
    assert_eq!(who(&api, newer).await.json["until"], made["until"]);
    assert_eq!(who(&api, &api.key).await.json["until"], Value::Null);
}

#[tokio::test]
async fn a_player_s_token_learns_whose_it_is() {
    let api = Api::start().await;
    let signed = api.post("/api/v1/player-tokens", &json!({ "playerId": "p1" })).await.json;
    let told = who(&api, signed["token"].as_str().unwrap()).await.json;
    assert_eq!(
        json!([told["playerId"], told["credential"], told["roles"], told["keyId"]]),
        json!(["p1", "player_token", ["player"], null])
    );
    assert_eq!((&told["until"], &told["scopes"]), (&signed["until"], &signed["scopes"]));
}

#[tokio::test]
async fn who_has_several_operators_says_for_which() {
    let api = Api::start().await;
    api.add_operator("operator-555", 0).await;
    let operators = vec![OPERATOR.to_owned(), "operator-555".to_owned()];
    api.service.lend("both", Lent { role: Role::Auditor, operators, player: None });
    let unnamed = api.send_bare(ask("GET", WHO).header("authorization", "Bearer both")).await;
    assert_eq!((unnamed.status.as_u16(), &unnamed.json["code"]), (400, &json!("bad_query")));
    let named = ask("GET", &format!("{WHO}?operatorId=operator-555"));
    let named = api.send_bare(named.header("authorization", "Bearer both")).await;
    assert_eq!(named.json["operatorId"], "operator-555");
}

#[tokio::test]
async fn whoever_runs_the_node_is_told_so_by_the_socket() {
    let api = Api::start().await;
    let told = api.on_socket(ask("GET", WHO).header("x-accolade-operator", OPERATOR)).await.json;
    assert_eq!(
        json!([told["credential"], told["roles"], told["operatorId"], told["until"]]),
        json!(["socket", ["administrator"], OPERATOR, null])
    );
}
