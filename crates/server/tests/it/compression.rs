//! Answers go out compressed to those who ask for it, and as they are to all others.

use std::io::Read;

use axum::body::Bytes;
use axum::http::HeaderMap;
use flate2::read::GzDecoder;
use http_body_util::BodyExt;
use serde_json::Value;

use crate::cluster::fake::Cluster;
use crate::harness::{Api, Ask, ask, wager};

const LEDGER: &str = "/api/v1/players/p1/ledger?limit=100";

async fn bytes_of(api: &Api, asked: Ask) -> (HeaderMap, Bytes) {
    let asked = asked.header("authorization", &format!("Bearer {}", api.key));
    let response = api.begin(asked).await;
    assert_eq!(response.status(), 200);
    let headers = response.headers().clone();
    (headers, response.into_body().collect().await.unwrap().to_bytes())
}

fn decoded(headers: &HeaderMap, bytes: &[u8]) -> Vec<u8> {
    match headers.get("content-encoding").map(|coding| coding.to_str().unwrap()) {
        None => bytes.to_vec(),
        Some("zstd") => zstd::stream::decode_all(bytes).unwrap(),
        Some("gzip") => {
            let mut plain = Vec::new();
            GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
            plain
        }
        Some(other) => panic!("{other} was not asked for"),
    }
}

async fn send_wagers(api: &Api, player: &str) {
    let wagers: Vec<Value> = (0..100).map(|id| wager(&format!("w{id}"), player)).collect();
    let sent = api.post("/api/v1/wagers?wait=applied", &wagers.into()).await;
    assert_eq!(sent.json["accepted"], 100, "{sent:?}");
}

#[tokio::test]
async fn a_long_answer_is_compressed_as_the_caller_likes_it_and_says_the_same() {
    let api = Api::start().await;
    send_wagers(&api, "p1").await;
    let (headers, plain) = bytes_of(&api, ask("GET", LEDGER)).await;
    assert!(plain.len() > 32_768 && !headers.contains_key("content-encoding"), "{}", plain.len());
    let varies: Vec<_> = headers.get_all("vary").iter().collect();
    assert_eq!(varies, ["origin", "accept-encoding"], "a cache has to keep them apart");
    for (likes, coding) in [
        ("gzip", Some("gzip")),
        ("gzip;q=0.5, zstd", Some("zstd")),
        ("br, deflate", None),
        ("identity, *;q=0", None),
    ] {
        for path in [LEDGER, "/api/v1/players/p1/ledger?limit=3"] {
            let (_, plain) = bytes_of(&api, ask("GET", path)).await;
            let (headers, bytes) =
                bytes_of(&api, ask("GET", path).header("accept-encoding", likes)).await;
            let named = headers.get("content-encoding").map(|named| named.to_str().unwrap());
            assert_eq!(named, coding, "{likes}");
            assert_eq!(coding.is_some(), bytes.len() < plain.len(), "{likes}: {}", bytes.len());
            assert_eq!(decoded(&headers, &bytes), plain, "{likes}");
        }
    }
}

#[tokio::test]
async fn a_short_answer_and_one_that_is_no_text_stay_as_they_are() {
    let api = Api::start().await;
    api.wager(&wager("w1", "p1")).await;
    for path in ["/api/v1/players/p1/balance", "/healthz", "/api/docs/favicon-32x32.png"] {
        let liking = ask("GET", path).header("accept-encoding", "gzip, zstd");
        let (headers, bytes) = bytes_of(&api, liking).await;
        assert!(!headers.contains_key("content-encoding"), "{path}: {headers:?}");
        assert_eq!(bytes, bytes_of(&api, ask("GET", path)).await.1, "{path}");
    }
}

#[tokio::test]
async fn the_description_and_its_page_are_compressed_too() {
    let api = Api::start().await;
    for path in ["/api/v1/openapi.json", "/api/docs/swagger-ui-bundle.js", "/api/docs"] {
        let (_, plain) = bytes_of(&api, ask("GET", path)).await;
        for likes in ["gzip", "zstd", "zstd"] {
            let (headers, bytes) =
                bytes_of(&api, ask("GET", path).header("accept-encoding", likes)).await;
            // The page itself is short.
            assert_eq!(headers.contains_key("content-encoding"), plain.len() > 1_024, "{path}");
            assert!(decoded(&headers, &bytes) == plain, "{path} as {likes}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_another_node_is_compressed_by_the_one_that_was_asked() {
    let cluster = Cluster::start().await;
    for player in ["p1", "p2", "p3", "p4", "p5", "p6"] {
        send_wagers(cluster.a(), player).await;
        let path = format!("/api/v1/players/{player}/ledger?limit=100");
        for api in cluster.both() {
            let (_, plain) = bytes_of(api, ask("GET", &path)).await;
            let (headers, bytes) =
                bytes_of(api, ask("GET", &path).header("accept-encoding", "gzip")).await;
            assert_eq!(headers["content-encoding"], "gzip");
            let named = headers.get("content-length").map(|length| length.to_str().unwrap());
            assert!(named.is_none_or(|length| length == bytes.len().to_string()), "{headers:?}");
            assert_eq!(decoded(&headers, &bytes), plain);
        }
    }
    let [a, b] = cluster.forwarded();
    assert!(a > 0 && b > 0, "{a} {b}");
}
