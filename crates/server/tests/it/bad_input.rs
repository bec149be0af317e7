//! Bad input tried through the doors: an error that names the field, and nothing lost.

use axum::body::Body;
use serde_json::{Value, json};

use crate::harness::{Api, OPERATOR, ask, wager};

/// A wager with one field changed; nothing for a field that is left out.
fn with(field: &str, value: Option<&str>) -> String {
    let mut wager = wager("w1", "p1");
    match value {
        None => {
            wager.as_object_mut().unwrap().remove(field);
            wager.to_string()
        }
        Some(text) => {
            wager[field] = "HERE".into();
            wager.to_string().replace("\"HERE\"", text)
        }
    }
}

#[tokio::test]
async fn a_bad_field_of_a_wager_is_named() {
    let api = Api::start().await;
    let forty_digits = "1234567890123456789012345678901234567890";
    for (field, value) in [
        ("wagerId", None),
        ("wagerId", Some("7")),
        ("wagerId", Some(r#""""#)),
        ("wagerId", Some(r#""a\u0000b""#)),
        ("playerId", None),
        ("playerId", Some("null")),
        ("playerId", Some("{}")),
        ("operatorId", None),
        ("operatorId", Some(r#""somebody else""#)),
        ("gameId", Some("[]")),
        ("gameCategory", None),
        ("wagerAmount", None),
        ("wagerAmount", Some(r#""100.00""#)),
        ("wagerAmount", Some("-1")),
        ("wagerAmount", Some("true")),
        ("wagerAmount", Some(forty_digits)),
        ("wagerAmount", Some("1e400")),
        ("wagerAmount", Some("0.0000000000000000001")),
        ("winAmount", Some("-0.01")),
        ("currency", Some(r#""eur""#)),
        ("currency", Some(r#""EUROS AND CENTS""#)),
        ("jurisdiction", None),
        ("timestamp", None),
        ("timestamp", Some(r#""yesterday""#)),
        ("timestamp", Some(r#""1969-12-31T23:59:59Z""#)),
        ("timestamp", Some(r#""2024-02-30T00:00:00Z""#)),
        ("timestamp", Some(r#""2024-01-15T10:30:00+01:00""#)),
        ("timestamp", Some("1700000000")),
        ("sequence", Some("-1")),
        ("type", Some(r#""wager.lost""#)),
    ] {
        let body = with(field, value);
        let answer = api.send(ask("POST", "/api/v1/wagers").text(&body)).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.pointers(), [format!("/{field}")], "{body}");
        assert!(!answer.json["errors"][0]["detail"].as_str().unwrap().is_empty());
    }
    let twice =
        api.send(ask("POST", "/api/v1/wagers").text(r#"{"wagerId":"a","wagerId":"b"}"#)).await;
    assert_eq!((twice.status.as_u16(), twice.pointers()), (400, vec!["/wagerId"]));
    assert_eq!(api.get("/api/v1/events/w1").await.status, 404, "nothing of it was taken in");
}

#[tokio::test]
async fn all_bad_fields_are_named_at_once() {
    let api = Api::start().await;
    let answer =
        api.post("/api/v1/wagers", &json!({ "operatorId": OPERATOR, "wagerAmount": -1 })).await;
    let expected = [
        "/wagerId",
        "/playerId",
        "/gameId",
        "/gameCategory",
        "/wagerAmount",
        "/currency",
        "/jurisdiction",
        "/timestamp",
    ];
    assert_eq!(answer.pointers(), expected);
}

#[tokio::test]
async fn what_is_not_json_says_where_it_breaks() {
    let api = Api::start().await;
    let deep = format!("{}{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let wrong = with("wagerAmount", Some("NaN"));
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(70_000));
    for (body, words) in [
        ("", "expected an object or an array"),
        ("   ", "expected an object or an array"),
        ("hello", "expected an object or an array"),
        ("{", "expected a key in quotes"),
        ("{\"wagerId\":\"w1\"", "expected `,` or `}`"),
        ("{\"wagerId\":\"w1\"} x", "expected nothing more"),
        ("[{}", "expected `,` or `]`"),
        ("null", "expected an object or an array"),
        (&*wrong, "expected a value"),
        (&*deep, "expected"),
        (&*long, "expected at most 65536 bytes"),
    ] {
        let answer = api.send(ask("POST", "/api/v1/wagers").text(body)).await;
        let start = body.get(..40).unwrap_or(body);
        assert_eq!(answer.status, 400, "{start}");
        assert!(answer.text.contains(words), "{start}: {}", answer.text);
    }
    let not_utf8 = ask("POST", "/api/v1/wagers").body("application/json", vec![b'{', 0xff, b'}']);
    assert_eq!(api.send(not_utf8).await.status, 400);
}

#[tokio::test]
async fn other_content_types_are_refused() {
    let api = Api::start().await;
    let body = wager("w1", "p1").to_string();
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "application/cloudevents+xml", ""]
    {
        let answer = api.send(ask("POST", "/api/v1/wagers").body(content_type, body.clone())).await;
        assert_eq!(answer.status, 415, "{content_type}");
        assert!(answer.text.contains("application/x-ndjson"));
    }
    let with_charset = ask("POST", "/api/v1/wagers").body("application/json; charset=utf-8", body);
    assert_eq!(api.send(with_charset).await.status, 200);
}

#[tokio::test]
async fn a_body_of_a_gibibyte_is_refused_before_it_is_read() {
    let api = Api::start().await;
    for path in ["/api/v1/wagers", "/api/v1/events", "/api/v1/program/versions"] {
        let never = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
        let ask = ask("POST", path)
            .header("content-length", "1073741824")
            .body("application/json", Body::from_stream(never));
        let answer = api.send(ask).await;
        assert_eq!(answer.status, 413, "{path}");
        assert_eq!(answer.headers["connection"], "close");
    }
    // One that does not say how long it is stops at the limit.
    let chunks = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 1 << 20]));
    let endless = ask("POST", "/api/v1/wagers").body("application/json", Body::from_stream(chunks));
    assert_eq!(api.send(endless).await.status, 413);
}

#[tokio::test]
async fn dates_of_2099_and_1970_are_dead_letters_and_harm_nobody() {
    let api = Api::start().await;
    for (id, timestamp, reason) in [
        ("future", "2099-01-01T00:00:00Z", "in_future"),
        ("past", "1970-01-01T00:00:00Z", "too_late"),
    ] {
        let mut wager = wager(id, "p1");
        wager["timestamp"] = timestamp.into();
        let outcome = api.wager(&wager).await;
        assert_eq!(
            (&outcome["outcome"], &outcome["reason"]),
            (&json!("dead_letter"), &json!(reason))
        );
    }
    assert_eq!(api.wager(&wager("w1", "p1")).await["outcome"], "counted");
}

#[tokio::test]
async fn a_currency_without_a_rate_is_a_reason_and_no_error() {
    let api = Api::start().await;
    let mut wager = wager("w1", "p1");
    wager["currency"] = "XXX".into();
    assert_eq!(api.wager(&wager).await["reason"], "currency_unsupported");
}

#[tokio::test]
async fn a_bad_query_names_the_parameter() {
    let api = Api::start().await;
    api.wager(&wager("w1", "p1")).await;
    for (path, word) in [
        ("/api/v1/players/p1/ledger?limit=0", "`limit`"),
        ("/api/v1/players/p1/ledger?limit=501", "`limit`"),
        ("/api/v1/players/p1/ledger?limit=ten", "`limit`"),
        ("/api/v1/players/p1/ledger?limit=1&limit=2", "`limit`"),
        ("/api/v1/players/p1/ledger?limt=5", "`limt`"),
        ("/api/v1/players/p1/ledger?from=today", "`from`"),
        ("/api/v1/players/p1/ledger?kind=gift", "`kind`"),
        ("/api/v1/players/p1/ledger?order=up", "`order`"),
        ("/api/v1/players/p1/ledger?cursor=zzz", "`cursor`"),
        ("/api/v1/players/p1/balance?asOf=1", "`asOf`"),
        ("/api/v1/dead-letters?state=lost", "`state`"),
        ("/api/v1/dead-letters?cursor=zzz", "`cursor`"),
    ] {
        let answer = api.get(path).await;
        let code = if word == "`cursor`" { "bad_cursor" } else { "bad_query" };
        assert_eq!((answer.status.as_u16(), &answer.json["code"]), (400, &json!(code)), "{path}");
        assert!(answer.json["detail"].as_str().unwrap().contains(word), "{path}: {}", answer.text);
    }
    let answer = api.post("/api/v1/wagers?wait=forever", &wager("w2", "p1")).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn paths_and_methods_that_do_not_exist_are_problems_too() {
    let api = Api::start().await;
    assert_eq!(api.get("/api/v1/nothing").await.status, 404);
    assert_eq!(api.get("/local/status").await.status, 404, "the network does not reach it");
    let answer = api.send(ask("DELETE", "/api/v1/wagers")).await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.headers["allow"], "POST");
    assert_eq!(api.get("/api/v1/players/%ff/balance").await.status, 404);
}

fn publication(program: &str) -> Value {
    json!({ "why": "a test", "program": program })
}

#[tokio::test]
async fn a_bad_program_is_refused_with_line_column_and_what_was_expected() {
    let api = Api::without_program().await;
    for (program, pointer, line, word) in [
        (
            "currency: EUR\nearning:\n  multipliers: { slots: lots }\n",
            "/program/earning/multipliers/slots",
            3,
            "expected",
        ),
        (
            "currency: EUR\nearning: { multipliers: { slots: -1 } }\n",
            "/program/earning/multipliers/slots",
            2,
            "expected",
        ),
        (
            "currency: EUR\nearning: { multipliers: { slots: 0.123456789 } }\n",
            "/program/earning/multipliers/slots",
            2,
            "8",
        ),
        ("earning: {}\n", "/program", 1, "currency"),
        ("currency: EUR\ntimezone: Mars/Olympus\n", "/program/timezone", 2, "Mars/Olympus"),
        ("currency: EUR\nsurprise: 1\n", "/program/surprise", 2, "surprise"),
        ("currency: EUR\ncurrency: USD\n", "/program/currency", 2, "twice"),
        ("currency: EUR\ntiers: {}\n", "/program/tiers", 2, "`window` is missing"),
        (
            "currency: EUR\nredemption: { minPoints: 0 }\n",
            "/program/redemption/minPoints",
            2,
            "more than 0",
        ),
        ("currency: [\n", "/program", 2, ""),
        (
            "currency: EUR\ntests:\n  - { wager: { wagerAmount: 1 }, points: 5 }\n",
            "/program/tests/0",
            3,
            "the program gives",
        ),
    ] {
        let answer = api.post("/api/v1/program/versions", &publication(program)).await;
        assert_eq!(answer.status, 422, "{program}: {}", answer.text);
        let error = &answer.json["errors"][0];
        assert_eq!(error["pointer"], pointer, "{program}: {}", answer.text);
        assert_eq!(error["line"], line, "{program}: {}", answer.text);
        assert!(error["column"].is_u64());
        assert!(error["detail"].as_str().unwrap().contains(word), "{}", answer.text);
    }
    for (body, pointer) in [
        (json!({ "program": "currency: EUR" }), "/why"),
        (json!({ "why": " ", "program": "currency: EUR" }), "/why"),
        (json!({ "why": "x" }), "/program"),
        (json!({ "why": "x", "program": 7 }), "/program"),
        (
            json!({ "why": "x", "program": "currency: EUR", "effectiveFrom": "soon" }),
            "/effectiveFrom",
        ),
    ] {
        let answer = api.post("/api/v1/program/versions", &body).await;
        assert_eq!((answer.status.as_u16(), answer.pointers()), (400, vec![pointer]), "{body}");
    }
    let broken = api.send(ask("POST", "/api/v1/program/versions").text("{\"why\": ")).await;
    assert_eq!(broken.status, 400);
    assert_eq!(api.get("/api/v1/program").await.status, 404, "nothing was published");
}

#[tokio::test]
async fn lines_and_columns_of_a_program_given_as_an_object_are_those_of_the_body() {
    let api = Api::without_program().await;
    let body = "{\n  \"why\": \"é\",\n  \"program\": {\n    \"currency\": \"EUR\",\n    \"mode\": \"fast\"\n  }\n}";
    let answer = api.send(ask("POST", "/api/v1/program/versions").text(body)).await;
    let error = &answer.json["errors"][0];
    assert_eq!(error["pointer"], "/program/mode");
    assert_eq!((&error["line"], &error["column"]), (&json!(5), &json!(13)), "{}", answer.text);
}

#[tokio::test]
async fn what_is_wrong_is_named_and_shown_cut_however_long_it_is() {
    let api = Api::start().await;
    let long = "x".repeat(1_000_000);
    let key = json!({ "name": "desk", "roles": ["support"] });
    let rotate = format!(
        "/api/v1/keys/{}/rotate",
        api.post("/api/v1/keys", &key).await.json["id"].as_str().unwrap()
    );
    let hook = json!({ "url": "https://example.com/" });
    for (path, good, field) in [
        ("/api/v1/rewards", json!({ "name": "a", "points": 1, "kind": "b" }), "limit"),
        ("/api/v1/rewards", json!({ "name": "a", "points": 1, "kind": "b" }), "value"),
        ("/api/v1/rewards", json!({ "name": "a", "points": 1, "kind": "b" }), "tiers"),
        ("/api/v1/rewards", json!({ "name": "a", "points": 1, "kind": "b" }), "stocked"),
        ("/api/v1/keys", key.clone(), "roles"),
        ("/api/v1/keys", key, "until"),
        (&rotate, json!({}), "oldUntil"),
        ("/api/v1/webhooks", hook.clone(), "events"),
        ("/api/v1/webhooks", hook, "url"),
        ("/api/v1/player-tokens", json!({ "playerId": "p" }), "validForSeconds"),
        ("/api/v1/player-tokens", json!({}), "playerId"),
        ("/api/v1/players/p/consent", json!({}), "consent"),
    ] {
        let method = if path.ends_with("consent") { "PUT" } else { "POST" };
        let mut wrong = good.clone();
        wrong[field] = json!(long);
        let mut unknown = good;
        unknown[&long] = json!(1);
        for (body, pointer) in
            [(wrong, format!("/{field}")), (unknown, format!("/{}…", &long[..128]))]
        {
            let answer = api.send(ask(method, path).json(&body)).await;
            assert_eq!((answer.status.as_u16(), &answer.json["code"]), (400, &json!("malformed")));
            assert_eq!(answer.pointers(), [pointer], "{path}");
            assert!(answer.text.len() < 2_000, "{path}: {} bytes", answer.text.len());
            assert!(!answer.text.contains("invalid type"), "{answer:?}");
        }
    }
}
