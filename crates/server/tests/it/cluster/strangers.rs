//! Strangers between nodes: who is none is not heard, wherever it asks and whatever it has seen.

use accolade_server::TlsFiles;
use accolade_wire::hex::to_hex;
use axum::http::Request;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::between::{Bend, Signer};
use super::fake::{A, B, Cluster, SECRET};
use super::{is_elsewhere, live_in, lived_in, player_in};
use crate::harness::{Answer, Api, OPERATOR, ask, now_micros};
use crate::wire::{Authority, Listener, exchange};

fn is_unauthorized(answer: &Answer, about: &str) {
    assert_eq!(
        (answer.status.as_u16(), &answer.json["code"]),
        (401, &json!("unauthorized")),
        "{about}: {answer:?}"
    );
}

/// Where B has a player, and where A would ask it.
fn theirs() -> String {
    format!("/api/v1/players/{}/balance", player_in(3))
}

/// A principal with all rights, as a node tells it.
fn told(credential: &str) -> String {
    let told = json!({
        "subject": "a stranger", "operators": [OPERATOR], "scopes": ["players:read", "players:write"],
        "player": null, "key": null, "credential": credential, "peer": null,
    });
    to_hex(told.to_string().as_bytes())
}

/// What A forwards to B.
async fn captured(cluster: &Cluster) -> Request<Bytes> {
    cluster.tap(B).asked();
    let path = format!("/api/v1/players/{}/consent", player_in(3));
    let consent = ask("PUT", &path).json(&json!({ "consent": "out" }));
    let answer = cluster.a().send(consent.header("idempotency-key", "k")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let asked = cluster.tap(B).asked().into_iter().find(|asked| asked.method() == "PUT");
    asked.expect("it was forwarded")
}

fn copy_of(request: &Request<Bytes>) -> Request<Bytes> {
    let mut copy = Request::new(request.body().clone());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    copy.headers_mut().clone_from(request.headers());
    copy
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_the_secret_nor_a_credential_is_ever_sent_to_another_node() {
    let cluster = lived_in().await;
    let [a, b] = cluster.both();
    for partition in 0..4 {
        let player = player_in(partition);
        for api in [a, b] {
            let token = api.post("/api/v1/player-tokens", &json!({ "playerId": player })).await;
            let token = token.json["token"].as_str().unwrap().to_owned();
            let path = format!("/api/v1/players/{player}/balance");
            let by_token = ask("GET", &path).header("authorization", &format!("Bearer {token}"));
            assert_eq!(api.send_bare(by_token).await.status, 200);
            let by_socket = ask("GET", &path).header("x-accolade-operator", OPERATOR);
            assert_eq!(api.on_socket(by_socket).await.status, 200);
            assert_eq!(api.get(&path).await.status, 200);
            assert_eq!(api.get("/api/v1/dead-letters").await.status, 200);
            let audit = api.on_socket(ask("GET", "/local/audit/verify")).await;
            assert!(audit.text.contains("\"result\":\"ok\""), "{audit:?}");
        }
    }
    let mut seen = 0;
    for asked in [A, B].into_iter().flat_map(|node| cluster.tap(node).asked()) {
        let said = format!("{asked:?} {}", String::from_utf8_lossy(asked.body()));
        assert!(!asked.headers().contains_key("authorization"), "{said}");
        let hex = |text: &str| to_hex(text.as_bytes());
        for hidden in [SECRET, &a.key, "acp_", &hex(SECRET), &hex(&a.key), &hex("acp_")] {
            assert!(!said.contains(hidden), "{said}");
        }
        seen += 1;
    }
    assert!(seen >= 30, "{seen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_was_captured_is_of_no_use_to_whoever_has_it() {
    let cluster = lived_in().await;
    let captured = captured(&cluster).await;
    let before = (cluster.a().batches().await, cluster.b().batches().await);
    let nodes = [(B, "the same node"), (A, "another node")];
    for (node, about) in nodes {
        is_unauthorized(&cluster.at(node, copy_of(&captured)).await, about);
    }
    // As it would be if it had never arrived.
    let fresh = || async {
        let path = captured.uri().path();
        let consent = ask("PUT", path).json(&json!({ "consent": "in" }));
        let consent = consent.header("x-accolade-principal", &told("apiKey"));
        Signer::new(SECRET).sign(cluster.address(B), consent).await
    };
    let mut other = fresh().await;
    *other.body_mut() = Bytes::from_static(b"{\"consent\":\"no\"}");
    is_unauthorized(&cluster.at(B, other).await, "another body");
    let mut other = fresh().await;
    *other.uri_mut() = theirs().replace("balance", "consent?dryRun=true").parse().unwrap();
    is_unauthorized(&cluster.at(B, other).await, "another path");
    let mut other = fresh().await;
    other.headers_mut().insert("x-accolade-principal", told("socket").parse().unwrap());
    is_unauthorized(&cluster.at(B, other).await, "another principal");
    let mut other = fresh().await;
    other.headers_mut().insert("x-accolade-operator", OPERATOR.parse().unwrap());
    is_unauthorized(&cluster.at(B, other).await, "another header");
    is_unauthorized(&cluster.at(A, fresh().await).await, "the other node");
    let late = ask("GET", &theirs()).header("x-accolade-principal", &told("apiKey"));
    let ms = now_micros() / 1_000 - 60_000;
    let late = Signer::new(SECRET).sign_at(cluster.address(B), late, ms).await;
    is_unauthorized(&cluster.at(B, late).await, "later");
    assert_eq!((cluster.a().batches().await, cluster.b().batches().await), before);
    // What was asked is itself right.
    let request = fresh().await;
    let again = copy_of(&request);
    assert_eq!(cluster.at(B, request).await.status, 200);
    is_unauthorized(&cluster.at(B, again).await, "once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_without_the_secret_passes_for_a_node() {
    let cluster = lived_in().await;
    let other = cluster.a().add_operator("operator-555", 0).await;
    cluster.agree().await;
    let captured = captured(&cluster).await;
    let admin = format!("Bearer {}", cluster.a().key);
    for (node, api) in [A, B].into_iter().zip(cluster.both()) {
        for key in [None, Some(&*admin), Some(&format!("Bearer {SECRET}")), Some(SECRET)] {
            for asked in [&*theirs(), "/cluster/v1/status", "/cluster/v1/dead-letters/3-1-1", "/"] {
                let mut request = ask("GET", asked).header("x-accolade-operator", OPERATOR);
                request = request.header("x-accolade-principal", &told("socket"));
                if let Some(key) = key {
                    request = request.header("authorization", key);
                }
                let answer = cluster.at(node, request.whole().await).await;
                is_unauthorized(&answer, &format!("{asked} with {key:?}"));
                assert!(!answer.headers.contains_key("x-accolade-signature"), "{answer:?}");
            }
        }
        let request = ask("GET", &theirs()).header("x-accolade-principal", &told("apiKey"));
        let request =
            Signer::new("another-secret-of-16").sign(cluster.address(node), request).await;
        is_unauthorized(&cluster.at(node, request).await, "another secret");
        // The public address believes nothing of it, and has nothing of what only nodes ask.
        let shown = |name: &str| captured.headers()[name].to_str().unwrap();
        let forwarded = |key: Option<&str>| {
            let request = ask("GET", &theirs()).header("x-accolade-operator", OPERATOR);
            let request = request.header("x-accolade-forwarded", SECRET);
            let request = request.header("x-accolade-signature", shown("x-accolade-signature"));
            let request = request.header("x-accolade-principal", shown("x-accolade-principal"));
            match key {
                Some(key) => request.header("authorization", &format!("Bearer {key}")),
                None => request,
            }
        };
        is_unauthorized(&api.send_bare(forwarded(None)).await, "forwarded to the public address");
        assert_eq!(api.send_bare(forwarded(Some(&other))).await.status, 404);
        let asked = ask("GET", "/cluster/v1/status");
        let asked = Signer::new(SECRET).sign(cluster.address(node), asked).await;
        let signature = asked.headers()["x-accolade-signature"].to_str().unwrap();
        let asked = ask("GET", "/cluster/v1/status").header("x-accolade-signature", signature);
        assert_eq!(api.send(asked).await.status, 404);
        // A node tells who asks.
        let request = Signer::new(SECRET).sign(cluster.address(node), ask("GET", &theirs())).await;
        is_unauthorized(&cluster.at(node, request).await, "nobody asks");
        let known = cluster.ask_as_node(node, ask("GET", "/cluster/v1/status")).await;
        assert_eq!(known.status, 200);
        assert!(known.headers.contains_key("x-accolade-signature"));
    }
    let alone = Api::start().await;
    assert_eq!(alone.get("/cluster/v1/status").await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_was_bent_on_its_way_is_no_answer() {
    let cluster = lived_in().await;
    let bends =
        [Bend::Body, Bend::Status, Bend::Header, Bend::MoreHeaders, Bend::Unsigned, Bend::Before];
    for bend in bends {
        if matches!(bend, Bend::Before) {
            // What B has answered before is of this player as well.
            cluster.tap(B).bend(Some(Bend::Unsigned));
            is_elsewhere(&cluster.a().get(&theirs()).await);
        }
        cluster.tap(B).bend(Some(bend));
        is_elsewhere(&cluster.a().get(&theirs()).await);
        cluster.tap(B).bend(None);
        assert_eq!(cluster.a().get(&theirs()).await.json["pointsBalance"], json!(20.0));
        if matches!(bend, Bend::Body | Bend::Unsigned) {
            cluster.tap(B).bend(Some(bend));
            is_elsewhere(&cluster.a().get("/api/v1/dead-letters").await);
            let audit = cluster.a().on_socket(ask("GET", "/local/audit/verify")).await;
            assert!(!audit.text.contains("\"result\":\"ok\""), "{bend:?}: {audit:?}");
            cluster.tap(B).bend(None);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_another_secret_is_none_and_hears_of_nobody() {
    let cluster = Cluster::of_secrets([SECRET, "another-secret-of-16"]).await;
    is_elsewhere(&cluster.a().get(&theirs()).await);
    is_elsewhere(&cluster.b().get(&format!("/api/v1/players/{}/balance", player_in(0))).await);
    let status = cluster.a().on_socket(ask("GET", "/local/status")).await.json;
    let said = status["nodes"][0]["error"].as_str().unwrap();
    assert!(said.contains("has not the cluster's signature"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_principal_may_do_at_the_owner_what_it_may_at_the_node_that_it_asked_and_no_more() {
    let cluster = lived_in().await;
    let key = json!({ "name": "near", "roles": ["support"], "networks": ["192.0.2.0/24"] });
    let made = cluster.a().post("/api/v1/keys", &key).await.json;
    let near = format!("Bearer {}", made["secret"].as_str().unwrap());
    cluster.agree().await;
    for api in cluster.both() {
        for partition in [0, 3] {
            let path = format!("/api/v1/players/{}/balance", player_in(partition));
            let from = |peer: &str| ask("GET", &path).from(peer).header("authorization", &near);
            // Where it was used is judged by the node that was asked.
            assert_eq!(api.send_bare(from("192.0.2.7")).await.status, 200);
            assert_eq!(api.send_bare(from("198.51.100.7")).await.status, 403);
        }
    }
    // A node that has not heard that a key was revoked is not believed by one that has.
    let id = made["id"].as_str().unwrap();
    let mut told: Value = json!({
        "subject": "s", "operators": [OPERATOR], "scopes": ["players:read"], "player": null,
        "key": id, "credential": "apiKey", "peer": "192.0.2.7",
    });
    let asked = async |told: &Value| {
        let told = to_hex(told.to_string().as_bytes());
        let request = ask("GET", &theirs()).header("x-accolade-principal", &told);
        cluster.ask_as_node(B, request).await.status.as_u16()
    };
    assert_eq!(asked(&told).await, 200);
    let revoked = cluster.b().send(ask("DELETE", &format!("/api/v1/keys/{id}"))).await;
    assert_eq!(revoked.status, 200, "{revoked:?}");
    cluster.agree().await;
    assert_eq!(asked(&told).await, 401);
    // One that this node has yet to hear of is believed, an operator that it has yet to hear of is waited for.
    told["key"] = "new".into();
    assert_eq!(asked(&told).await, 200);
    told["operators"] = json!(["new"]);
    assert_eq!(asked(&told).await, 503);
    told["operators"] = Value::Null;
    assert_eq!(asked(&told).await, 400, "all operators are the socket's alone");
    told["operators"] = json!([OPERATOR]);
    told["scopes"] = json!(["players:write", "of a later release"]);
    assert_eq!(asked(&told).await, 403);
    told["scopes"] = json!(["players:read"]);
    told["player"] = "another".into();
    assert_eq!(asked(&told).await, 404);
}

/// Files of nodes that know each other by `authority`.
fn files(authority: &Authority, name: &str) -> TlsFiles {
    TlsFiles { client_ca: Some(authority.file()), ..authority.sign(name) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_of_one_authority_talk_over_tls_and_their_api_speaks_it_too() {
    let authority = Authority::new();
    let cluster = Cluster::over_tls([files(&authority, "a"), files(&authority, "b")]).await;
    let cluster = live_in(cluster).await;
    assert_eq!(cluster.a().get(&theirs()).await.json["pointsBalance"], json!(20.0));
    let audit = cluster.a().on_socket(ask("GET", "/local/audit/verify")).await;
    assert!(audit.text.contains("\"result\":\"ok\""), "{audit:?}");
    let status = cluster.a().on_socket(ask("GET", "/local/status")).await.json;
    assert_eq!(
        (&status["betweenNodes"], &status["nodes"][0]["error"]),
        (&json!("tls"), &Value::Null)
    );
    // Clients of the API need no certificate.
    let api = Listener::start(cluster.a().router.clone(), authority.front()).await;
    let stream = authority.connect(&api, None, "http/1.1").await.unwrap();
    let request = format!(
        "GET {} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
        theirs(),
        cluster.a().key
    );
    let answer = exchange(stream, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("20.00"), "{answer}");
    // Whoever has no certificate does not get as far as asking, nor in clear.
    cluster.tap(B).asked();
    let at = cluster.address(B).trim_start_matches("https://").to_owned();
    let asked = format!("GET {} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", theirs());
    let stranger = authority.client(None, "http/1.1");
    let stream = TcpStream::connect(&at).await.unwrap();
    if let Ok(stream) = stranger.connect("localhost".try_into().unwrap(), stream).await {
        assert!(!exchange(stream, asked.as_bytes()).await.contains("HTTP"));
    }
    let in_clear = exchange(TcpStream::connect(&at).await.unwrap(), asked.as_bytes()).await;
    assert!(!in_clear.contains("HTTP"), "{in_clear}");
    let is_a_stranger_s =
        |request: &Request<Bytes>| !request.headers().contains_key("x-accolade-signature");
    assert!(!cluster.tap(B).asked().iter().any(is_a_stranger_s));
    api.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_a_certificate_of_another_authority_is_none() {
    let [ours, theirs_authority] = [Authority::new(), Authority::new()];
    let cluster = Cluster::over_tls([files(&ours, "a"), files(&theirs_authority, "b")]).await;
    for (api, partition) in cluster.both().into_iter().zip([3, 0]) {
        let path = format!("/api/v1/players/{}/balance", player_in(partition));
        is_elsewhere(&api.get(&path).await);
    }
    for node in [A, B] {
        assert!(cluster.tap(node).asked().is_empty(), "nothing was sent");
    }
}
