//! Keys: made, listed, rotated and revoked; what each bounds; and operators that are paused.

use serde_json::{Value, json};

use crate::harness::{Answer, Api, Ask, OPERATOR, ask, game_event, now_micros, time, wager};

const SECOND: i64 = 1_000_000;

async fn make(api: &Api, body: &Value) -> (String, String) {
    let answer = api.post("/api/v1/keys", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let text = |name: &str| answer.json[name].as_str().unwrap().to_owned();
    (text("id"), text("secret"))
}

async fn send_as(api: &Api, secret: &str, ask: Ask) -> Answer {
    api.send_bare(ask.header("authorization", &format!("Bearer {secret}"))).await
}

async fn status_of(api: &Api, secret: &str) -> u16 {
    send_as(api, secret, ask("GET", "/api/v1/program")).await.status.as_u16()
}

fn code(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.json["code"].as_str().unwrap())
}

fn support(name: &str) -> Value {
    json!({ "name": name, "roles": ["support"] })
}

#[tokio::test]
async fn a_key_is_shown_once_may_what_its_roles_may_and_is_listed_without_its_secret() {
    let api = Api::start().await;
    let (id, secret) = make(&api, &support("the desk")).await;
    assert!(secret.starts_with("acc_") && secret.len() == 76, "{secret}");
    assert_eq!(status_of(&api, &secret).await, 200);
    let publish = ask("POST", "/api/v1/program/versions").json(&json!({}));
    assert_eq!(code(&send_as(&api, &secret, publish).await), (403, "forbidden"));
    let keys = ask("GET", "/api/v1/keys");
    assert_eq!(code(&send_as(&api, &secret, keys).await), (403, "forbidden"), "only admins");

    let list = api.get("/api/v1/keys").await;
    let items = list.json["items"].as_array().unwrap();
    let ids: Vec<_> = items.iter().map(|key| key["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["first", &*id]);
    assert_eq!((&items[1]["name"], &items[1]["roles"]), (&json!("the desk"), &json!(["support"])));
    assert_eq!(items[1]["createdBy"], format!("the key first of {OPERATOR}"));
    assert_eq!(items[1]["lastUsed"].as_str().unwrap().len(), "2026-11-28T16:00:00Z".len());
    assert!(!list.text.contains(&secret[4..]) && !list.text.contains("hash"), "{}", list.text);
    let broken = &secret[..70];
    let answer = send_as(&api, broken, ask("GET", "/api/v1/program")).await;
    assert_eq!(answer.json["detail"], "the API key was not copied whole");
}

#[tokio::test]
async fn a_key_that_was_revoked_opens_nothing_also_after_a_restart() {
    let api = Api::start().await;
    let (id, secret) = make(&api, &support("lost")).await;
    let path = format!("/api/v1/keys/{id}");
    let dry = api.send(ask("DELETE", &format!("{path}?dryRun=true"))).await;
    assert_eq!((dry.status.as_u16(), &dry.json["dryRun"]), (200, &json!(true)));
    assert_eq!(status_of(&api, &secret).await, 200);
    for _ in 0..2 {
        let answer = api.send(ask("DELETE", &path)).await;
        assert_eq!(answer.json["revokedBy"], format!("the key first of {OPERATOR}"), "{answer:?}");
        assert_eq!(status_of(&api, &secret).await, 401);
    }
    let unknown = api.send(ask("DELETE", "/api/v1/keys/nothing")).await;
    assert_eq!(code(&unknown), (404, "not_found"));
    let api = api.restart(|_| ());
    assert_eq!(status_of(&api, &secret).await, 401);
    assert_eq!(code(&api.post(&format!("{path}/rotate"), &json!({})).await), (404, "not_found"));
    assert_eq!(api.send(ask("DELETE", "/api/v1/keys/first")).await.status, 200);
    assert_eq!(code(&api.get("/api/v1/program").await), (401, "unauthorized"));
}

#[tokio::test]
async fn a_key_that_was_rotated_opens_by_both_secrets_until_the_old_one_is_over() {
    let api = Api::start().await;
    let (id, old) = make(&api, &support("the desk")).await;
    let path = format!("/api/v1/keys/{id}/rotate");
    let answer = api.post(&path, &json!({})).await;
    let new = answer.json["secret"].as_str().unwrap().to_owned();
    assert_eq!((status_of(&api, &old).await, status_of(&api, &new).await), (200, 200));
    assert_eq!(answer.json["secrets"], 2, "{answer:?}");
    let over = json!({ "oldUntil": time(now_micros() - SECOND) });
    let newest = api.post(&path, &over).await.json["secret"].as_str().unwrap().to_owned();
    for (secret, status) in [(&old, 401), (&new, 401), (&newest, 200)] {
        assert_eq!(status_of(&api, secret).await, status);
    }
    let far = json!({ "oldUntil": "2999-01-01T00:00:00Z" });
    assert_eq!(api.post(&path, &far).await.pointers(), ["/oldUntil"]);
}

#[tokio::test]
async fn who_lost_the_answer_learns_that_the_key_was_made_and_not_its_secret() {
    let api = Api::start().await;
    let make = |name: &str| {
        ask("POST", "/api/v1/keys").json(&support(name)).header("idempotency-key", "k1")
    };
    let made = api.send(make("one")).await;
    let (id, secret) = (made.json["id"].clone(), made.json["secret"].as_str().unwrap());
    let api = api.restart(|_| ());
    let again = api.send(make("one")).await;
    assert_eq!((again.status.as_u16(), &again.json["id"]), (201, &id), "{again:?}");
    assert_eq!(again.json.get("secret"), None);
    let other = api.send(make("another")).await;
    assert_eq!(code(&other), (422, "idempotency_key_reused"));
    let rotate = || {
        let path = format!("/api/v1/keys/{}/rotate", id.as_str().unwrap());
        ask("POST", &path).json(&json!({})).header("idempotency-key", "k1")
    };
    let rotated = api.send(rotate()).await;
    assert!(rotated.json["secret"].is_string(), "a key of another route: {rotated:?}");
    let again = api.send(rotate()).await;
    assert_eq!((again.json.get("secret"), &again.json["secrets"]), (None, &json!(2)), "{again:?}");
    let keys = api.get("/api/v1/keys").await;
    assert_eq!(keys.json["items"].as_array().unwrap().len(), 2);
    assert_eq!(status_of(&api, secret).await, 200);
}

#[tokio::test]
async fn a_key_ends_at_its_time() {
    let api = Api::start().await;
    let until = |micros: i64| json!({ "name": "short", "roles": ["support"], "until": time(now_micros() + micros) });
    let past = api.post("/api/v1/keys", &until(-SECOND)).await;
    assert_eq!((past.status.as_u16(), past.pointers()), (400, vec!["/until"]));
    let (_, long) = make(&api, &until(3_600 * SECOND)).await;
    let (_, short) = make(&api, &until(SECOND / 5)).await;
    let over = std::time::Instant::now() + crate::harness::PATIENCE;
    while status_of(&api, &short).await == 200 {
        assert!(std::time::Instant::now() < over, "the key never ends");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!((status_of(&api, &short).await, status_of(&api, &long).await), (401, 200));
}

#[tokio::test]
async fn a_key_is_used_from_its_networks_alone() {
    let api = Api::start().await;
    let networks = json!(["10.1.0.0/16", "192.168.1.7", "fd00::/8"]);
    let body = json!({ "name": "inside", "roles": ["support"], "networks": networks });
    let (_, secret) = make(&api, &body).await;
    for (peer, status) in [
        ("10.1.2.3", 200),
        ("::ffff:10.1.2.3", 200),
        ("192.168.1.7", 200),
        ("fd12::1", 200),
        ("10.2.0.1", 403),
        ("192.168.1.8", 403),
        ("::1", 403),
    ] {
        let answer = send_as(&api, &secret, ask("GET", "/api/v1/program").from(peer)).await;
        assert_eq!(answer.status, status, "{peer}: {answer:?}");
    }
    assert_eq!(status_of(&api, &secret).await, 403, "nobody says from where");
}

#[tokio::test]
async fn a_key_of_an_app_sends_the_events_that_it_lists_for_its_player_from_its_origins() {
    let api = Api::start().await;
    let app = json!({
        "name": "the app", "roles": ["ingest"], "eventTypes": ["player_score"],
        "origins": ["https://app.example"], "playerId": "p1",
    });
    let (_, secret) = make(&api, &app).await;
    let send = |event: Value| ask("POST", "/api/v1/events?wait=applied").json(&event);
    let own = send(game_event(Some("e1"), "p1")).header("origin", "https://app.example");
    assert_eq!(send_as(&api, &secret, own).await.json["status"], "success");
    let elsewhere = send(game_event(Some("e2"), "p1")).header("origin", "https://evil.example");
    assert_eq!(code(&send_as(&api, &secret, elsewhere).await), (403, "forbidden"));
    let another = send(game_event(Some("e3"), "p2"));
    assert_eq!(code(&send_as(&api, &secret, another).await), (404, "not_found"));
    let mut unlisted = game_event(Some("e4"), "p1");
    unlisted["event_type"] = "jackpot".into();
    let refused = send_as(&api, &secret, send(unlisted.clone())).await;
    assert_eq!((code(&refused), refused.pointers()), ((403, "forbidden"), vec!["/event_type"]));
    let both = send_as(&api, &secret, send(json!([unlisted, game_event(Some("e5"), "p1")]))).await;
    let rejected = &both.json["rejected"][0];
    assert_eq!((&both.json["accepted"], &rejected["index"]), (&json!(1), &json!(0)), "{both:?}");
    assert_eq!(rejected["problem"]["code"], "forbidden");
    let wagers = ask("POST", "/api/v1/wagers").json(&wager("w1", "p1"));
    assert_eq!(code(&send_as(&api, &secret, wagers).await), (403, "forbidden"));
    for (id, status) in [("e1", 200), ("e2", 404), ("e3", 404), ("e4", 404), ("e5", 200)] {
        assert_eq!(api.get(&format!("/api/v1/events/{id}")).await.status, status, "{id}");
    }
}

#[tokio::test]
async fn a_key_that_makes_no_sense_is_refused_by_its_field() {
    let api = Api::start().await;
    let app = json!({ "name": "n", "roles": ["ingest"] });
    for (field, value, pointer) in [
        ("name", json!(""), "/name"),
        ("name", json!("a\nb"), "/name"),
        ("roles", json!([]), "/roles"),
        ("roles", json!(["ingest", "administrator"]), "/roles/1"),
        ("roles", json!(["admin", "admin"]), "/roles/1"),
        ("roles", json!(["player"]), "/playerId"),
        ("until", json!("tomorrow"), "/until"),
        ("networks", json!(["10.0.0.0/8", "10.0.0.0/33"]), "/networks/1"),
        ("eventTypes", json!([""]), "/eventTypes/0"),
        ("origins", json!(["https://app.example/"]), "/origins/0"),
        ("origins", json!(["app.example"]), "/origins/0"),
        ("playerId", json!(""), "/playerId"),
    ] {
        let mut body = app.clone();
        body[field] = value;
        let answer = api.post("/api/v1/keys", &body).await;
        assert_eq!((answer.status.as_u16(), answer.pointers()), (400, vec![pointer]), "{body}");
    }
    for (field, value) in [("playerId", json!("p1")), ("eventTypes", json!(["a"]))] {
        let mut body = support("n");
        body[field] = value;
        assert_eq!(api.post("/api/v1/keys", &body).await.status, 400, "{body}");
    }
    let unknown = json!({ "name": "n", "roles": ["support"], "secret": "acc_1" });
    assert_eq!(api.post("/api/v1/keys", &unknown).await.status, 400);
    let keys = api.get("/api/v1/keys").await;
    assert_eq!(keys.json["items"].as_array().unwrap().len(), 1, "none was made");
    let dry = api.post("/api/v1/keys?dryRun=true", &support("n")).await;
    assert_eq!((dry.json["dryRun"].clone(), dry.json.get("secret")), (json!(true), None));
    assert_eq!(api.get("/api/v1/keys").await.text, keys.text);
}

#[tokio::test]
async fn a_player_s_token_sees_that_player_until_its_key_is_revoked() {
    let api = Api::start().await;
    api.wager(&wager("w1", "p1")).await;
    api.wager(&wager("w2", "p2")).await;
    let app = json!({ "name": "backend", "roles": ["admin"] });
    let (id, secret) = make(&api, &app).await;
    let sign = |body: Value| ask("POST", "/api/v1/player-tokens").json(&body);
    let signed = send_as(&api, &secret, sign(json!({ "playerId": "p1" }))).await;
    assert_eq!(
        (signed.status.as_u16(), &signed.json["scopes"]),
        (
            200,
            &json!([
                "self:read",
                "players:read",
                "redemptions:reserve",
                "rewards:read",
                "tournaments:read",
                "tournaments:join"
            ])
        )
    );
    let token = signed.json["token"].as_str().unwrap().to_owned();
    let balance = async |token: &str, player: &str| {
        let path = format!("/api/v1/players/{player}/balance");
        send_as(&api, token, ask("GET", &path)).await.status.as_u16()
    };
    assert_eq!((balance(&token, "p1").await, balance(&token, "p2").await), (200, 404));
    let consent = ask("PUT", "/api/v1/players/p1/consent").json(&json!({ "consent": "in" }));
    assert_eq!(code(&send_as(&api, &token, consent).await), (403, "forbidden"));
    let more = sign(json!({ "playerId": "p2" }));
    assert_eq!(code(&send_as(&api, &token, more).await), (403, "forbidden"));
    let forged = token.replace("acp_7b", "acp_7d");
    assert_eq!(balance(&forged, "p1").await, 401);
    for (body, pointer) in [
        (json!({ "playerId": "" }), "/playerId"),
        (json!({ "playerId": "p1", "validForSeconds": 3_601 }), "/validForSeconds"),
        (json!({ "playerId": "p1", "validForSeconds": 0 }), "/validForSeconds"),
    ] {
        assert_eq!(send_as(&api, &secret, sign(body)).await.pointers(), [pointer]);
    }
    let short = sign(json!({ "playerId": "p1", "validForSeconds": 1 }));
    let short = send_as(&api, &secret, short).await.json["token"].as_str().unwrap().to_owned();
    let over = std::time::Instant::now() + crate::harness::PATIENCE;
    while balance(&short, "p1").await == 200 {
        assert!(std::time::Instant::now() < over, "the token never ends");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!((balance(&short, "p1").await, balance(&token, "p1").await), (401, 200));
    api.send(ask("DELETE", &format!("/api/v1/keys/{id}"))).await;
    assert_eq!(balance(&token, "p1").await, 401, "its key was revoked");
}

#[tokio::test]
async fn keys_of_another_operator_are_not_there() {
    let api = Api::start().await;
    let other = api.add_operator("operator-555", 0).await;
    let (id, secret) = make(&api, &support("ours")).await;
    let theirs = send_as(&api, &other, ask("GET", "/api/v1/keys")).await;
    assert_eq!(theirs.json["items"].as_array().unwrap().len(), 1);
    for (method, path) in [("DELETE", ""), ("POST", "/rotate")] {
        let ask = ask(method, &format!("/api/v1/keys/{id}{path}")).json(&json!({}));
        assert_eq!(code(&send_as(&api, &other, ask).await), (404, "not_found"));
    }
    assert_eq!(status_of(&api, &secret).await, 200);
}

#[tokio::test]
async fn a_paused_operator_sends_nothing_reads_everything_and_loses_nothing() {
    let api = Api::start().await;
    let other = api.add_operator("operator-555", 0).await;
    api.wager(&wager("w1", "p1")).await;
    let local = async |what: &str, body: Value| {
        let path = format!("/local/operators/{OPERATOR}/{what}");
        api.on_socket(ask("POST", &path).json(&body)).await
    };
    let dry = local("pause?dryRun=true", json!({ "why": "a test" })).await;
    assert_eq!(dry.json["paused"]["why"], "a test", "{dry:?}");
    assert_eq!(api.wager(&wager("w2", "p1")).await["outcome"], "counted");
    assert_eq!(local("pause", json!({ "why": "" })).await.pointers(), ["/why"]);
    for _ in 0..2 {
        let paused = local("pause", json!({ "why": "a debt" })).await;
        assert_eq!(
            (paused.status.as_u16(), &paused.json["paused"]["why"]),
            (200, &json!("a debt"))
        );
    }
    let api = api.restart(|_| ());
    let sends = [("wagers", wager("w3", "p1")), ("events", game_event(Some("e1"), "p1"))];
    for (to, body) in &sends {
        let path = format!("/api/v1/{to}");
        assert_eq!(code(&api.post(&path, body).await), (409, "operator_paused"));
        let bearer = format!("Bearer {other}");
        let theirs = ask("POST", &path).json(body).header("authorization", &bearer);
        assert_ne!(api.send_bare(theirs).await.json["code"], "operator_paused");
    }
    assert_eq!(api.get("/api/v1/players/p1/balance").await.json["pointsBalance"], json!(20.0));
    api.take_from_kafka(
        accolade_wire::record::Kind::Wager,
        "",
        wager("w4", "p1").to_string().as_bytes(),
        "p1",
    )
    .await;
    let told = api.get("/api/v1/wagers/w4/explanation").await;
    assert_eq!(told.json["outcome"], "counted", "what comes by Kafka is folded");
    let path = format!("/local/operators/{OPERATOR}/resume");
    let resumed = api.on_socket(ask("POST", &path).json(&json!({}))).await;
    assert_eq!((resumed.status.as_u16(), resumed.json.get("paused")), (200, None));
    assert_eq!(api.wager(&sends[0].1).await["outcome"], "counted");
    let unknown = ask("POST", "/local/operators/nobody/pause").json(&json!({ "why": "w" }));
    assert_eq!(api.on_socket(unknown).await.status, 404);
}
