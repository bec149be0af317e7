//! A condition in the program: whom it refuses, and how that is told.

use serde_json::json;

use crate::harness::{Answer, Api, ask, wager};

async fn publish(api: &Api, condition: &str) -> Answer {
    let program = format!(
        "{{currency: EUR, earning: {{multipliers: {{default: 1}}}}, eligibility: {{where: \"{condition}\"}}}}"
    );
    let body = json!({ "why": "no demo games", "program": program });
    let publish = ask("POST", "/api/v1/program/versions").json(&body);
    api.send(publish.header("if-match", "1")).await
}

#[tokio::test]
async fn a_wager_that_does_not_match_is_refused_and_told_why() {
    let api = Api::start().await;
    let wrong = publish(&api, "gameId <> 'demo-slot' AND wagerAmuont > 1").await;
    assert_eq!(
        (wrong.status.as_u16(), wrong.pointers()),
        (422, vec!["/program/eligibility/where"])
    );
    let detail = wrong.json["errors"][0]["detail"].as_str().unwrap();
    let place = "in the condition, line 1, column 27: expected a column, found `wagerAmuont`";
    assert!(detail.contains(place) && detail.ends_with("did you mean `wagerAmount`?"), "{detail}");

    assert_eq!(publish(&api, "gameId NOT LIKE 'demo-%'").await.status, 201);
    let mut demo = wager("c1", "p1");
    demo["gameId"] = json!("demo-slot");
    let refused = api.wager(&demo).await;
    assert_eq!(
        (&refused["outcome"], &refused["reason"]),
        (&json!("refused"), &json!("not_matched"))
    );
    assert_eq!(api.wager(&wager("c2", "p1")).await["points"], json!(100.0));

    let explained = api.get("/api/v1/wagers/c1/explanation").await.json;
    assert_eq!(explained["reason"], "not_matched", "{explained}");
    let sentence = "the wager does not match the program's condition";
    assert!(explained.to_string().contains(sentence), "{explained}");
}
