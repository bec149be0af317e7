//! Bodies that come compressed, well and badly.

use std::io::Write;

use accolade_server::Settings;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::harness::{Answer, Api, ask, wager};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

async fn send(api: &Api, encoding: &str, body: Vec<u8>) -> Answer {
    let ask = ask("POST", "/api/v1/wagers").header("content-encoding", encoding);
    api.send(ask.body("application/json", body)).await
}

#[tokio::test]
async fn compressed_wagers_are_taken_in_whole_in_parts_and_one_behind_the_other() {
    let api = Api::start().await;
    let many = |from: usize| {
        let wagers: Vec<_> =
            (from..from + 500).map(|number| wager(&format!("w{number}"), "p1")).collect();
        serde_json::to_vec(&wagers).unwrap()
    };
    for (from, encoding, body) in [
        (0, "gzip", gzip(&many(0))),
        (500, "zstd", zstd(&many(500))),
        (1_000, "GZIP", gzip(&many(1_000))),
    ] {
        let answer = send(&api, encoding, body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json["accepted"].as_u64()),
            (200, Some(500)),
            "{from}"
        );
    }
    let body = many(1_500);
    let (first, second) = body.split_at(7_000);
    for (encoding, of) in [("gzip", gzip as fn(&[u8]) -> Vec<u8>), ("zstd", zstd)] {
        let answer = send(&api, encoding, [of(first), of(second)].concat()).await;
        assert_eq!(answer.json["accepted"].as_u64(), Some(500), "{answer:?}");
    }
}

#[tokio::test]
async fn what_is_cut_or_followed_by_garbage_or_no_such_thing_is_refused_and_nothing_is_kept() {
    let api = Api::start().await;
    let body = serde_json::to_vec(&wager("w1", "p1")).unwrap();
    for (encoding, whole) in [("gzip", gzip(&body)), ("zstd", zstd(&body))] {
        for length in [1, 5, whole.len() / 2, whole.len() - 1] {
            let answer = send(&api, encoding, whole[..length].to_vec()).await;
            assert_eq!(answer.json["code"], "malformed", "{encoding} cut to {length}: {answer:?}");
        }
        let answer = send(&api, encoding, [&whole[..], b"garbage"].concat()).await;
        assert_eq!(answer.json["code"], "malformed", "{encoding}: {answer:?}");
        let mut bent = whole.clone();
        let at = whole.len() / 2;
        bent[at] ^= 0x55;
        let answer = send(&api, encoding, bent).await;
        assert_eq!(answer.status, 400, "{encoding}: {answer:?}");
        let answer = send(&api, encoding, body.clone()).await;
        assert_eq!(answer.json["code"], "malformed", "{encoding}: {answer:?}");
    }
    let balance = api.get("/api/v1/players/p1/balance").await;
    assert!(!balance.text.contains("10.00"), "{}", balance.text);
}

#[tokio::test]
async fn a_bomb_is_too_large_long_before_it_has_gone_off() {
    let settings = Settings { body_bytes_max: 1 << 20, ..Settings::default() };
    let api = Api::with_limits(settings, 0).await;
    let zeros = vec![b' '; 64 << 20];
    for (encoding, bomb) in [("gzip", gzip(&zeros)), ("zstd", zstd(&zeros))] {
        assert!(bomb.len() < 100_000);
        let answer = send(&api, encoding, bomb).await;
        assert_eq!(answer.json["code"], "too_large", "{encoding}: {answer:?}");
    }
    // A window of 128 MiB, before anything came out of it.
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.window_log(27).unwrap();
    encoder.write_all(&zeros).unwrap();
    let answer = send(&api, "zstd", encoder.finish().unwrap()).await;
    assert_eq!(answer.json["code"], "malformed", "{answer:?}");
}

#[tokio::test]
async fn other_encodings_and_charsets_are_refused_with_those_that_are_known() {
    let api = Api::start().await;
    let body = serde_json::to_vec(&wager("w1", "p1")).unwrap();
    for encoding in ["br", "deflate", "gzip, gzip", "gzip,zstd", "", "nonsense"] {
        let answer = send(&api, encoding, body.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.headers["accept-encoding"].as_bytes()),
            (415, b"gzip, zstd".as_slice()),
            "{encoding}"
        );
    }
    let of_charset = async |charset: &str| {
        let content_type = format!("application/json; charset={charset}");
        api.send(ask("POST", "/api/v1/wagers").body(&content_type, body.clone())).await
    };
    assert_eq!(of_charset("latin1").await.status, 415);
    assert_eq!(of_charset("\"UTF-8\"").await.status, 200);
    let answer = send(&api, "identity", body.clone()).await;
    assert_eq!(answer.status, 200);
    let answer = api.send(ask("POST", "/api/v1/wagers").body("text/plain", body)).await;
    assert_eq!(answer.status, 415);
    assert!(!answer.headers.contains_key("accept-encoding"), "the encoding was not the trouble");
}
