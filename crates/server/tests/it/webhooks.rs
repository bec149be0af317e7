//! Webhooks of operators, in both forms: made, changed, tried and deleted.

mod receiver;
mod telling;

use std::sync::Arc;

use accolade_engine::behaviour::{FIRST, KNOWN};
use accolade_server::Settings;
use accolade_webhooks::addresses::Allowed;
use accolade_webhooks::sealing::SealingKey;
use accolade_webhooks::sending::Sender;
use accolade_webhooks::signing::SigningSecret;
use rustls::RootCertStore;
use serde_json::{Value, json};

use self::receiver::{Got, Receiver};
use crate::cluster::fake::Cluster;
use crate::harness::{Answer, Api, OPERATOR, PATIENCE, ask};

/// What sends to this machine, too.
pub(crate) fn settings() -> Settings {
    let allowed = Allowed(Box::new(["127.0.0.0/8".parse().unwrap()]));
    let key = SealingKey::read("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=").unwrap();
    Settings {
        webhooks: Sender::new(RootCertStore::empty(), allowed),
        sealing_key: Some(Arc::new(key)),
        ..Settings::default()
    }
}

/// A node of the embedded form.
async fn embedded(settings: Settings) -> Api {
    Api::with_limits(settings, 0).await.with_program().await
}

async fn clustered(settings: fn() -> Settings) -> Cluster {
    Cluster::knowing_with([KNOWN; 2], settings).await
}

fn code(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.json["code"].as_str().unwrap())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn make(api: &Api, body: &Value) -> (String, String) {
    let made = api.post("/api/v1/webhooks", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    (text(&made.json["id"]), text(&made.json["secret"]))
}

async fn items(api: &Api) -> Vec<Value> {
    api.get("/api/v1/webhooks").await.json["items"].as_array().unwrap().clone()
}

/// Has a node list webhooks until it knows what another one was told; that is a moment away.
async fn once(api: &Api, is_it: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        let listed = items(api).await;
        if is_it(&listed) {
            return listed;
        }
        assert!(std::time::Instant::now() < until, "there is: {listed:?}");
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

/// Whether a message is signed by a secret.
fn is_signed_by(got: &Got, secret: &str) -> bool {
    let timestamp = got.header("webhook-timestamp").parse().unwrap();
    let expected = SigningSecret::read(secret).unwrap();
    let expected = expected.sign(got.header("webhook-id"), timestamp, got.body.as_bytes());
    got.header("webhook-signature").split(' ').any(|signature| signature == expected)
}

/// Makes, changes, tries, rotates and deletes a webhook through one node, and looks through another.
async fn a_webhook_lives(api: &Api, other: &Api) {
    let mut receiver = Receiver::answering(204).await;
    let body =
        json!({ "url": receiver.url(), "events": ["tier.changed"], "description": "the desk" });
    let (id, secret) = make(api, &body).await;
    assert!(secret.starts_with("whsec_"), "{secret}");
    let listed = once(other, |listed| !listed.is_empty()).await;
    let first = &listed[0];
    assert_eq!((&first["id"], &first["url"]), (&json!(id), &body["url"]), "{first}");
    assert_eq!((&first["events"], &first["enabled"]), (&json!(["tier.changed"]), &json!(true)));
    assert_eq!(first["createdBy"], format!("the key first of {OPERATOR}"));

    let test = format!("/api/v1/webhooks/{id}/test");
    let tried = other.send(ask("POST", &test)).await;
    let expected = json!([true, 204, null]);
    let of = |tried: &Answer| json!(["taken", "status", "failure"].map(|name| &tried.json[name]));
    assert_eq!(of(&tried), expected, "{tried:?}");
    let got = receiver.next().await;
    assert_eq!(got.header("webhook-id"), tried.json["messageId"]);
    assert!(is_signed_by(&got, &secret));
    let told: Value = serde_json::from_str(&got.body).unwrap();
    assert_eq!(
        (&told["type"], &told["data"]),
        (&json!("webhook.test"), &json!({ "webhookId": id }))
    );

    let rotated = api.post(&format!("/api/v1/webhooks/{id}/rotate"), &json!({})).await;
    let newer = text(&rotated.json["secret"]);
    assert!(rotated.json["oldSecretUntil"].is_string(), "{rotated:?}");
    once(other, |listed| listed[0]["oldSecretUntil"].is_string()).await;
    other.send(ask("POST", &test)).await;
    let got = receiver.next().await;
    assert!(is_signed_by(&got, &secret) && is_signed_by(&got, &newer), "both sign for a while");
    let over = json!({ "oldUntil": "2020-01-01T00:00:00Z" });
    let rotated = api.post(&format!("/api/v1/webhooks/{id}/rotate"), &over).await;
    let newest = text(&rotated.json["secret"]);
    assert_eq!(rotated.json["oldSecretUntil"], json!(null));
    once(other, |listed| listed[0]["oldSecretUntil"].is_null()).await;
    other.send(ask("POST", &test)).await;
    let got = receiver.next().await;
    assert!(is_signed_by(&got, &newest));
    assert!(!is_signed_by(&got, &newer) && !is_signed_by(&got, &secret), "they are over");

    let path = format!("/api/v1/webhooks/{id}");
    let off = api.send(ask("PATCH", &path).json(&json!({ "enabled": false }))).await;
    let why = format!("disabled by the key first of {OPERATOR}");
    assert_eq!((&off.json["enabled"], &off.json["disabledWhy"]), (&json!(false), &json!(why)));
    let on = other.send(ask("PATCH", &path).json(&json!({ "enabled": true, "events": [] }))).await;
    let told = json!(["enabled", "events", "description"].map(|name| &on.json[name]));
    assert_eq!(told, json!([true, [], "the desk"]));

    for _ in 0..2 {
        assert_eq!(api.send(ask("DELETE", &path)).await.status, 200);
        once(other, <[Value]>::is_empty).await;
        assert_eq!(code(&other.send(ask("POST", &test)).await), (404, "not_found"));
        let change = ask("PATCH", &path).json(&json!({ "enabled": true }));
        assert_eq!(code(&other.send(change).await), (404, "not_found"));
    }
}

#[tokio::test]
async fn a_webhook_lives_in_the_embedded_form() {
    let api = embedded(settings()).await;
    a_webhook_lives(&api, &api).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_lives_in_a_cluster_through_either_node() {
    let cluster = clustered(settings).await;
    let [a, b] = cluster.both();
    a_webhook_lives(a, b).await;
    a_webhook_lives(b, a).await;
}

#[tokio::test]
async fn of_what_a_receiver_says_only_the_status_is_told() {
    let api = embedded(settings()).await;
    let receiver = Receiver::answering(500).await;
    let (id, _) = make(&api, &json!({ "url": receiver.url() })).await;
    let tried = api.send(ask("POST", &format!("/api/v1/webhooks/{id}/test"))).await;
    let expected = json!({ "taken": false, "status": 500, "failure": null });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&tried.json[name], value, "{tried:?}");
    }
    assert!(!tried.text.contains(receiver::SAID), "{}", tried.text);
    drop(receiver);
    let gone = api.send(ask("POST", &format!("/api/v1/webhooks/{id}/test"))).await;
    assert_eq!(
        (&gone.json["status"], &gone.json["failure"]),
        (&json!(null), &json!("not_connected"))
    );
}

#[tokio::test]
async fn a_webhook_goes_to_no_address_that_is_not_of_the_public_internet() {
    let strict = Settings { webhooks: Sender::default(), ..settings() };
    let api = embedded(strict).await;
    for url in [
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[64:ff9b::a00:1]/",
        "https://0.0.0.0/",
        "https://[::]/",
        "http://example.com/",
        "https://user:word@example.com/",
        "gopher://example.com/",
        "example.com",
        "",
    ] {
        let refused = api.post("/api/v1/webhooks", &json!({ "url": url })).await;
        assert_eq!(
            (code(&refused), refused.pointers()),
            ((400, "malformed"), vec!["/url"]),
            "{url}"
        );
    }
    // Who is behind a name is seen when something is sent.
    let (id, _) = make(&api, &json!({ "url": "https://localhost:1/" })).await;
    let tried = api.send(ask("POST", &format!("/api/v1/webhooks/{id}/test"))).await;
    assert_eq!(tried.json["failure"], "forbidden_address");
    let change = ask("PATCH", &format!("/api/v1/webhooks/{id}"))
        .json(&json!({ "url": "https://10.0.0.1/" }));
    assert_eq!(api.send(change).await.pointers(), ["/url"]);
}

#[tokio::test]
async fn what_a_webhook_says_is_checked_and_what_comes_again_is_made_once() {
    let api = embedded(settings()).await;
    let url = "https://example.com/hooks";
    for (pointer, body) in [
        ("/events/0", json!({ "url": url, "events": ["tier"] })),
        ("/events/1", json!({ "url": url, "events": ["tier.changed", "tier.changed"] })),
        ("/description", json!({ "url": url, "description": "a".repeat(513) })),
    ] {
        assert_eq!(api.post("/api/v1/webhooks", &body).await.pointers(), [pointer]);
    }
    let dry = api.post("/api/v1/webhooks?dryRun=true", &json!({ "url": url })).await;
    assert_eq!((dry.status.as_u16(), &dry.json["dryRun"]), (200, &json!(true)), "{dry:?}");
    assert_eq!(dry.json.get("secret"), None);
    assert_eq!(items(&api).await, [] as [Value; 0]);
    let make = |url: &str| {
        let make = ask("POST", "/api/v1/webhooks").json(&json!({ "url": url }));
        make.header("idempotency-key", "k1")
    };
    let made = api.send(make(url)).await;
    assert!(made.json["secret"].is_string());
    let again = api.send(make(url)).await;
    assert_eq!((again.status.as_u16(), &again.json["id"]), (201, &made.json["id"]));
    assert_eq!(again.json.get("secret"), None);
    let other = api.send(make("https://example.com/other")).await;
    assert_eq!(code(&other), (422, "idempotency_key_reused"));
    assert_eq!(items(&api).await.len(), 1);
    let id = text(&made.json["id"]);
    let rotate = || {
        let rotate = ask("POST", &format!("/api/v1/webhooks/{id}/rotate")).json(&json!({}));
        rotate.header("idempotency-key", "k1")
    };
    let (first, second) = (api.send(rotate()).await, api.send(rotate()).await);
    assert!(first.json["secret"].is_string() && second.json.get("secret").is_none(), "{second:?}");
    let far = json!({ "oldUntil": "2999-01-01T00:00:00Z" });
    let far = api.post(&format!("/api/v1/webhooks/{id}/rotate"), &far).await;
    assert_eq!(far.pointers(), ["/oldUntil"]);
}

#[tokio::test]
async fn a_webhook_is_the_same_after_a_restart_under_the_key_of_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let own = || Settings { sealing_key: None, ..settings() };
    let with = |directory: &tempfile::TempDir| Settings {
        data_dir: Some(directory.path().to_owned()),
        ..own()
    };
    let first = with(&directory);
    let mut api = Api::open(directory, first, |_| ());
    api.key = api.add_operator(OPERATOR, 0).await;
    let mut receiver = Receiver::answering(200).await;
    let (id, secret) = make(&api, &json!({ "url": receiver.url() })).await;
    let key = api.key.clone();
    let directory = api.stop();
    let again = with(&directory);
    let mut api = Api::open(directory, again, |_| ());
    api.key = key;
    let tried = api.send(ask("POST", &format!("/api/v1/webhooks/{id}/test"))).await;
    assert_eq!(tried.json["taken"], true, "{tried:?}");
    assert!(is_signed_by(&receiver.next().await, &secret));
    let (key, directory) = (api.key.clone(), api.stop());
    // What is on the disk is sealed.
    let bare = SigningSecret::read(&secret).unwrap();
    for file in std::fs::read_dir(directory.path().join("log")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(32).any(|window| window == bare.bytes()));
    }
    let other = SealingKey::read("YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODk=").unwrap();
    let settings = Settings { sealing_key: Some(Arc::new(other)), ..own() };
    let mut api = Api::open(directory, settings, |_| ());
    api.key = key;
    let tried = api.send(ask("POST", &format!("/api/v1/webhooks/{id}/test"))).await;
    assert_eq!(code(&tried), (409, "no_secrets_key"), "{tried:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_of_a_cluster_have_to_be_given_a_key() {
    let cluster = clustered(|| Settings { sealing_key: None, ..settings() }).await;
    let [a, _] = cluster.both();
    let refused = a.post("/api/v1/webhooks", &json!({ "url": "https://example.com/" })).await;
    assert_eq!(code(&refused), (409, "no_secrets_key"));
    assert!(text(&refused.json["detail"]).contains("`secrets.key_file`"), "{refused:?}");
}

#[tokio::test]
async fn webhooks_come_with_behaviour_2() {
    let api = Api::knowing(&[FIRST]).await;
    let refused = api.post("/api/v1/webhooks", &json!({ "url": "https://example.com/" })).await;
    assert_eq!(code(&refused), (409, "behaviour_earlier"), "{refused:?}");
    assert!(text(&refused.json["detail"]).contains("`accolade behaviour switch 2`"));
}

#[tokio::test]
async fn a_webhook_of_another_operator_is_not_there() {
    let api = embedded(settings()).await;
    let (id, _) = make(&api, &json!({ "url": "https://example.com/" })).await;
    let other = format!("Bearer {}", api.add_operator("operator-2", 0).await);
    let path = format!("/api/v1/webhooks/{id}");
    for request in [
        ask("PATCH", &path).json(&json!({ "enabled": false })),
        ask("DELETE", &path),
        ask("POST", &format!("{path}/test")),
        ask("POST", &format!("{path}/rotate")).json(&json!({})),
    ] {
        let answer = api.send_bare(request.header("authorization", &other)).await;
        assert_eq!(code(&answer), (404, "not_found"));
    }
    let listed =
        api.send_bare(ask("GET", "/api/v1/webhooks").header("authorization", &other)).await;
    assert_eq!(listed.json["items"], json!([]));
    assert_eq!(items(&api).await.len(), 1);
}
