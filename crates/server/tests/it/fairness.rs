//! What an operator with a limit is told.

use accolade_server::Settings;
use serde_json::{Value, json};

use crate::harness::{Api, OPERATOR, wager};

#[tokio::test]
async fn every_answer_to_events_of_a_limited_operator_tells_what_is_left() {
    let api = Api::with_limits(Settings::default(), 1_000).await;
    let batch = |count: usize| -> Value {
        (0..count).map(|number| wager(&format!("w{number}"), "p1")).collect()
    };
    let told = |answer: &crate::harness::Answer| {
        ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"]
            .map(|name| answer.headers[name].to_str().unwrap().parse::<u32>().unwrap())
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
