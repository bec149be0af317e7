//! A dry run says what would become of a change, and changes nothing.

use accolade_engine::partition::Partition;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Answer, Api, PATIENCE, PROGRAM, ask, days_ago, now_micros, time, wager};

/// What is in the log and in the state, as far as the API shows it.
async fn everything(api: &Api) -> Vec<String> {
    let mut seen = Vec::new();
    for path in [
        "/api/v1/dead-letters",
        "/api/v1/program/versions",
        "/api/v1/players/p1/balance",
        "/api/v1/players/new/balance",
    ] {
        // So that problems are the same.
        let request = ask("GET", path).header("x-request-id", "seen");
        seen.push(api.send(request).await.text);
    }
    seen.push(format!("{:?}", batches_at_rest(api).await));
    seen.push(api.on_socket(ask("GET", "/local/operators")).await.text);
    seen
}

/// The next batches, once time alone makes no more of them: it does for a moment after a version was published.
async fn batches_at_rest(api: &Api) -> [u64; 4] {
    let next = || [0, 1, 2, 3].map(|number| api.node.read(number, Partition::next_batch));
    let (until, mut seen) = (Instant::now() + PATIENCE, next());
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let before = std::mem::replace(&mut seen, next());
        if before == seen {
            return seen;
        }
        assert!(Instant::now() < until, "rest is awaited: {seen:?}");
    }
}

/// `answer` without what says that it is one of a dry run.
fn but_for_dry_run(mut answer: Value) -> Value {
    assert_eq!(answer.as_object_mut().unwrap().remove("dryRun"), Some(json!(true)), "{answer}");
    answer
}

fn says_nothing_of_a_dry_run(answer: &Answer) {
    assert!(answer.json.get("dryRun").is_none(), "{answer:?}");
}

#[tokio::test]
async fn a_dry_run_answers_as_the_change_does_and_changes_nothing() {
    let api = Api::start().await;
    let mut late = wager("w1", "p1");
    late["timestamp"] = days_ago(10).into();
    api.wager(&late).await;
    let list = api.get("/api/v1/dead-letters").await.json;
    let letter = format!("/api/v1/dead-letters/{}", list["items"][0]["id"].as_str().unwrap());
    late["timestamp"] = time(now_micros()).into();
    let repaired = json!({ "original": late.to_string() });
    for (method, path, body) in [
        ("PUT", "/api/v1/players/new/consent".to_owned(), json!({ "consent": "out" })),
        ("PATCH", letter.clone(), repaired),
        ("POST", format!("{letter}/retry"), json!({})),
    ] {
        let before = everything(&api).await;
        let dry = api.send(ask(method, &format!("{path}?dryRun=true")).json(&body)).await;
        assert_eq!(dry.status, 200, "{method} {path}: {dry:?}");
        assert_eq!(everything(&api).await, before, "{method} {path}");
        let real = api.send(ask(method, &format!("{path}?dryRun=false")).json(&body)).await;
        says_nothing_of_a_dry_run(&real);
        assert_eq!(but_for_dry_run(dry.json), real.json, "{method} {path}");
        assert_ne!(everything(&api).await, before, "{method} {path}");
    }
    // What is refused as a change is refused as a dry run, with the same problem.
    let why = json!({ "why": "released before" });
    let discard = format!("{letter}/discard");
    let closed = |path: &str| ask("POST", path).json(&why).header("x-request-id", "again");
    let dry = api.send(closed(&format!("{discard}?dryRun=true"))).await;
    assert_eq!(dry.json["code"], "dead_letter_closed", "{dry:?}");
    assert_eq!(dry.json, api.send(closed(&discard)).await.json);
}

#[tokio::test]
async fn a_dry_run_of_giving_a_letter_up_shows_it_given_up() {
    let api = Api::start().await;
    let mut late = wager("w1", "p1");
    late["timestamp"] = days_ago(10).into();
    api.wager(&late).await;
    let list = api.get("/api/v1/dead-letters").await.json;
    let letter = format!("/api/v1/dead-letters/{}", list["items"][0]["id"].as_str().unwrap());
    let why = json!({ "why": "a test system" });
    let dry = api.post(&format!("{letter}/discard?dryRun=true"), &why).await;
    assert_eq!((&dry.json["state"], &dry.json["dryRun"]), (&json!("discarded"), &json!(true)));
    assert_eq!(api.get(&letter).await.json["state"], "open");
    let without = api.post(&format!("{letter}/discard?dryRun=true"), &json!({})).await;
    assert_eq!((without.status.as_u16(), without.pointers()), (400, vec!["/why"]));
}

#[tokio::test]
async fn a_dry_run_remembers_no_key_and_heeds_those_that_are_remembered() {
    let api = Api::start().await;
    let path = "/api/v1/players/p1/consent";
    let consent = |path: &str, said: &str| {
        ask("PUT", path).json(&json!({ "consent": said })).header("idempotency-key", "k1")
    };
    let dry = format!("{path}?dryRun=true");
    for said in ["in", "out"] {
        assert_eq!(api.send(consent(&dry, said)).await.status, 200, "no key is remembered");
    }
    assert_eq!(api.send(consent(path, "in")).await.status, 200);
    let other = api.send(consent(&dry, "out")).await;
    assert_eq!(other.json["code"], "idempotency_key_reused", "{other:?}");
    assert_eq!(api.send(consent(&dry, "in")).await.json["outcome"], "done");
}

#[tokio::test]
async fn a_version_that_would_be_published_or_withdrawn_is_shown() {
    let api = Api::start().await;
    let tomorrow = time(now_micros() + 86_400_000_000);
    let program = PROGRAM.replace("minWager: 1.00", "minWager: 2.00");
    let body = json!({ "why": "what if", "program": program, "effectiveFrom": tomorrow });
    let path = "/api/v1/program/versions";
    let publish =
        |path: &str, version: &str| ask("POST", path).json(&body).header("if-match", version);
    let before = everything(&api).await;
    let dry = api.send(publish(&format!("{path}?dryRun=true"), "1")).await;
    assert_eq!(dry.status, 200, "{dry:?}");
    assert_eq!(everything(&api).await, before);
    let mut dry = but_for_dry_run(dry.json);
    assert_eq!(dry["changes"][0]["pointer"], "/eligibility/minWager");
    assert_eq!(dry["valid"], true);
    let mut real = api.send(publish(path, "1")).await.json;
    for answer in [&mut dry, &mut real] {
        let answer = answer.as_object_mut().unwrap();
        for name in ["changes", "valid", "publishedAt"] {
            answer.remove(name);
        }
    }
    assert_eq!((&dry, &dry["version"]), (&real, &json!(2)));
    for version in ["1", "3"] {
        let stale = api.send(publish(&format!("{path}?dryRun=true"), version)).await;
        assert_eq!(stale.json["code"], "stale", "{stale:?}");
    }

    let why = json!({ "why": "changed our minds" });
    let withdraw = |version: u32, dry: &str| format!("{path}/{version}/withdraw{dry}");
    let before = everything(&api).await;
    let dry = api.post(&withdraw(2, "?dryRun=true"), &why).await;
    assert_eq!(everything(&api).await, before);
    let real = api.post(&withdraw(2, ""), &why).await;
    assert_eq!(
        (&but_for_dry_run(dry.json), &real.json["state"]),
        (&real.json, &json!("withdrawn"))
    );
    let begun = api.post(&withdraw(1, "?dryRun=true"), &why).await;
    assert_eq!(begun.json["code"], "not_scheduled", "{begun:?}");
}

#[tokio::test]
async fn what_the_local_socket_does_can_be_tried_too() {
    let api = Api::start().await;
    let before = everything(&api).await;
    let add =
        |id: &str| ask("POST", "/local/operators?dryRun=true").json(&json!({ "operatorId": id }));
    let added = api.on_socket(add("operator-555")).await;
    assert_eq!(
        (added.status.as_u16(), &added.json),
        (200, &json!({ "operatorId": "operator-555", "dryRun": true }))
    );
    assert_eq!(api.on_socket(add("operator-789")).await.json["code"], "operator_exists");
    let skip = json!({ "partition": 0, "batch": 1, "slot": 1, "who": "anna" });
    let skipped = api.on_socket(ask("POST", "/local/skip?dryRun=true").json(&skip)).await;
    assert_eq!(skipped.json["code"], "not_standing_there", "{skipped:?}");
    assert_eq!(everything(&api).await, before);
}

#[tokio::test]
async fn a_dry_run_is_asked_for_by_true_or_false_and_nothing_else() {
    let api = Api::start().await;
    for (method, path) in [
        ("PUT", "/api/v1/players/p1/consent"),
        ("POST", "/api/v1/program/versions"),
        ("POST", "/api/v1/program/versions/1/withdraw"),
        ("POST", "/api/v1/program/versions/1/rollback"),
        ("PATCH", "/api/v1/dead-letters/0-1-1"),
        ("POST", "/api/v1/dead-letters/0-1-1/retry"),
        ("POST", "/api/v1/dead-letters/0-1-1/discard"),
    ] {
        for wrong in ["1", "", "yes"] {
            let path = format!("{path}?dryRun={wrong}");
            let answer = api.send(ask(method, &path).json(&json!({}))).await;
            assert_eq!(answer.json["code"], "bad_query", "{method} {path}: {answer:?}");
            let detail = answer.json["detail"].as_str().unwrap();
            assert!(detail.starts_with("`dryRun`: expected `true` or `false`"), "{detail}");
        }
    }
}
