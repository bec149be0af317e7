//! What an operator with a limit is told.

use accolade_server::Settings;
use serde_json::{Value, json};

use crate::cluster::fake::Cluster;
use crate::harness::{Answer, Api, OPERATOR, ask, wager};

#[tokio::test]
async fn every_answer_to_events_of_a_limited_operator_tells_what_is_left() {
    let api = Api::with_limits(Settings::default(), 1_000).await;
    let batch = |count: usize| -> Value {
        (0..count).map(|number| wager(&format!("w{number}"), "p1")).collect()
    };
    let answer = api.post("/api/v1/wagers", &batch(400)).await;
    let [limit, remaining, _] = told(&answer);
    assert_eq!((answer.status.as_u16(), limit), (200, 1_000));
    assert!((600..1_000).contains(&remaining), "{remaining}");
    let answer = api.post("/api/v1/wagers", &json!({ "operatorId": OPERATOR })).await;
    assert_eq!(answer.status, 400);
    assert_eq!(told(&answer)[0], 1_000);
    // A debt, and after it nothing goes in.
    assert_eq!(api.post("/api/v1/wagers", &batch(3_000)).await.status, 200);
    let answer = api.post("/api/v1/wagers", &batch(2)).await;
    assert_eq!((answer.status.as_u16(), told(&answer)[1]), (429, 0));
    assert!(answer.headers.contains_key("retry-after"));
}

fn told(answer: &Answer) -> [u64; 3] {
    ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"]
        .map(|name| answer.headers[name].to_str().unwrap().parse().unwrap())
}

/// Asks until it is too much, and returns how often that was answered, and the refusal.
async fn asked_too_often(ask: impl AsyncFn() -> Answer) -> (usize, Answer) {
    for count in 0.. {
        let answer = ask().await;
        if answer.status == 429 {
            assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
            return (count, answer);
        }
        assert!(count < 10_000, "nothing is refused");
    }
    unreachable!("it counts for ever")
}

#[tokio::test]
async fn what_an_operator_asks_has_a_limit_of_its_own_and_every_answer_tells_of_it() {
    let settings = Settings { asks_per_second: 20, ..Settings::default() };
    let api = Api::with_limits(settings, 1_000).await;
    let (count, refused) = asked_too_often(async || {
        let answer = api.get("/api/v1/dead-letters").await;
        assert_eq!(told(&answer)[0], 20, "{answer:?}");
        answer
    })
    .await;
    assert!(count >= 20, "{count}");
    assert!(refused.json["detail"].as_str().unwrap().contains("ask 20 times"), "{refused:?}");
    let sent = api.post("/api/v1/wagers", &wager("w1", "p1")).await;
    assert_eq!(
        (sent.status.as_u16(), told(&sent)[0]),
        (200, 1_000),
        "what is sent is another limit"
    );
    let key = api.add_operator("other", 0).await;
    let bearer = format!("Bearer {key}");
    let other = ask("GET", "/api/v1/dead-letters").header("authorization", &bearer);
    assert_eq!(api.send_bare(other).await.status, 200, "and so is another operator's");
    let local = ask("GET", "/api/v1/dead-letters").header("x-accolade-operator", OPERATOR);
    assert_eq!(api.on_socket(local).await.status, 200, "whoever runs the node has none");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_counts_at_the_node_that_was_asked_and_not_again_where_it_is_answered() {
    let settings = || Settings { asks_per_second: 30, ..Settings::default() };
    let cluster = Cluster::with(settings).await;
    let (count, _) =
        asked_too_often(async || cluster.b().get("/api/v1/players/nobody/balance").await).await;
    assert!(count >= 30, "{count}");
    let answer = cluster.a().get("/api/v1/players/nobody/balance").await;
    assert_eq!((answer.status.as_u16(), told(&answer)[0]), (404, 30));
    assert!(told(&answer)[1] >= 28, "only this one has counted here: {answer:?}");
}

#[tokio::test]
async fn whoever_shows_no_known_credential_is_bounded_by_address_and_probes_are_not() {
    let settings = Settings { strangers_per_second: 10, ..Settings::default() };
    let api = Api::with_limits(settings, 0).await;
    let guess = || ask("GET", "/api/v1/program").header("authorization", "Bearer acc_guess");
    let (count, refused) = asked_too_often(async || {
        let answer = api.send_bare(guess().from("192.0.2.7")).await;
        assert!(answer.status == 401 || answer.status == 429, "{answer:?}");
        answer
    })
    .await;
    assert!(count >= 10 && told(&refused)[0] == 10, "{count} {refused:?}");
    let (public, _) =
        asked_too_often(async || api.send_bare(ask("GET", "/metrics").from("198.51.100.9")).await)
            .await;
    assert!(public >= 10, "{public}");
    for path in ["/healthz", "/readyz"] {
        let answer = api.send_bare(ask("GET", path).from("192.0.2.7")).await;
        assert_eq!(answer.status, 200, "a probe of the same address: {answer:?}");
    }
    let known = ask("GET", "/api/v1/dead-letters").from("192.0.2.7");
    assert_eq!(api.send(known).await.status, 200, "whoever is known is no stranger");
}
