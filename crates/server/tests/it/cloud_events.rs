//! `CloudEvents` in all modes become the plain events that they are about.

use serde_json::{Value, json};

use crate::cluster::fake::Cluster;
use crate::harness::{Answer, Api, Ask, ask, game_event, pointers, wager};

const ONE: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";

fn cloud_event(id: &str, event_type: &str, data: &Value) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "//shop.example/eu", "type": event_type,
        "datacontenttype": "application/json", "comexampleextension": 7, "data": data,
    })
}

fn without(mut event: Value, names: &[&str]) -> Value {
    for name in names {
        event.as_object_mut().unwrap().remove(*name);
    }
    event
}

async fn send(api: &Api, path: &str, content_type: &str, body: &Value) -> Answer {
    api.send(ask("POST", path).body(content_type, body.to_string())).await
}

/// The event as the log has it.
async fn original(api: &Api, id: &str) -> Value {
    let path = format!("/api/v1/events/{}", id.replace('/', "%2F").replace('|', "%7C"));
    let answer = api.get(&path).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json["event"].clone()
}

#[tokio::test]
async fn every_mode_takes_in_the_event_that_is_inside() {
    every_mode(&Api::start().await, "p1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mode_takes_in_the_event_that_is_inside_in_a_cluster() {
    let cluster = Cluster::start().await;
    for (api, player) in cluster.both().into_iter().zip(["p1", "p2"]) {
        every_mode(api, player).await;
    }
}

async fn every_mode(api: &Api, player: &str) {
    let path = "/api/v1/wagers?wait=applied";
    let one = cloud_event("1", "shop.wager.placed", &wager(&format!("w1-{player}"), player));
    let answer = send(api, path, ONE, &one).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json["outcome"]),
        (200, &json!("counted")),
        "{answer:?}"
    );
    assert_eq!(answer.json["event_id"], format!("w1-{player}"));
    let again = api.post(path, &wager(&format!("w1-{player}"), player)).await;
    assert_eq!(again.json["outcome"], "repeated", "it was the plain event: {again:?}");

    let batch = json!([
        cloud_event("2", "wager.placed", &wager(&format!("w2-{player}"), player)),
        cloud_event("3", "wager.placed", &wager(&format!("w3-{player}"), player)),
    ]);
    let answer = send(api, path, BATCH, &batch).await;
    assert_eq!((answer.status.as_u16(), &answer.json["accepted"]), (200, &json!(2)), "{answer:?}");

    let attributed = ask("POST", path)
        .json(&wager(&format!("w4-{player}"), player))
        .header("ce-specversion", "1.0")
        .header("ce-id", "4")
        .header("ce-source", "//shop.example/eu")
        .header("ce-type", "wager.placed");
    let answer = api.send(attributed).await;
    assert_eq!(answer.json["outcome"], "counted", "{answer:?}");
    let balance = api.get(&format!("/api/v1/players/{player}/balance")).await;
    assert!(balance.text.contains("\"pointsBalance\":40.00"), "{balance:?}");
}

#[tokio::test]
async fn what_an_event_lacks_comes_from_the_attributes_and_its_source_is_part_of_its_id() {
    let api = Api::start().await;
    let path = "/api/v1/events?wait=applied";
    let bare = without(game_event(None, "p1"), &["event_type", "timestamp"]);
    let mut event = cloud_event("7", "quest.completed", &bare);
    event["time"] = game_event(None, "p1")["timestamp"].clone();
    for (source, outcome) in [("//a", "counted"), ("//b", "counted"), ("//a", "repeated")] {
        event["source"] = source.into();
        let answer = send(&api, path, ONE, &event).await;
        assert_eq!(answer.json["event_id"], format!("{source}|7"), "{answer:?}");
        assert_eq!(answer.json["outcome"], outcome, "{source}");
    }
    let kept = original(&api, "//a|7").await;
    assert_eq!(kept["event_type"], "quest.completed", "{kept}");
    assert_eq!((&kept["timestamp"], &kept["specversion"]), (&event["time"], &Value::Null));

    let headers = |request: Ask| {
        request
            .header("ce-specversion", "1.0")
            .header("ce-id", "n%C3%A4chste")
            .header("ce-source", "//c")
            .header("ce-type", "quest.completed")
            .header("ce-time", event["time"].as_str().unwrap())
    };
    let answer = api.send(headers(ask("POST", path)).json(&bare)).await;
    assert_eq!(answer.json["event_id"], "//c|n\u{e4}chste", "{answer:?}");
    let answer = api.send(headers(ask("POST", path)).json(&json!([bare]))).await;
    assert_eq!(answer.json["code"], "malformed", "{answer:?}");
    assert!(answer.json["detail"].as_str().unwrap().contains("one CloudEvent"), "{answer:?}");
}

#[tokio::test]
async fn errors_point_into_the_cloud_event_and_one_of_a_batch_fails_alone() {
    let api = Api::start().await;
    let good = cloud_event("1", "wager.placed", &wager("w1", "p1"));
    let mut amount = wager("w2", "p1");
    amount["wagerAmount"] = "100".into();
    let mut other = wager("w3", "p1");
    other["operatorId"] = "another".into();
    let mut old = good.clone();
    old["specversion"] = "0.3".into();
    let untyped = cloud_event("4", "something.else", &wager("w4", "p1"));
    let bytes = without(good.clone(), &["data"]);
    let batch = json!([
        good,
        cloud_event("2", "wager.placed", &amount),
        cloud_event("3", "wager.placed", &other),
        old,
        untyped,
        bytes,
        7,
    ]);
    let answer = send(&api, "/api/v1/wagers", BATCH, &batch).await;
    assert_eq!((answer.status.as_u16(), &answer.json["accepted"]), (200, &json!(1)), "{answer:?}");
    let rejected: Vec<_> = answer.json["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rejected| (rejected["index"].as_u64().unwrap(), pointers(&rejected["problem"])))
        .collect();
    assert_eq!(
        rejected,
        [
            (1, vec!["/data/wagerAmount"]),
            (2, vec!["/data/operatorId"]),
            (3, vec!["/specversion"]),
            (4, vec!["/type"]),
            (5, vec!["/data"]),
            (6, vec![""]),
        ]
    );
    let alone = send(&api, "/api/v1/wagers", ONE, &batch[1]).await;
    assert_eq!((alone.status.as_u16(), alone.pointers()), (400, vec!["/data/wagerAmount"]));
    assert!(alone.json["detail"].as_str().unwrap().starts_with("`/data/wagerAmount`: "));
    for (content_type, body) in [(ONE, &batch), (BATCH, &batch[0])] {
        let answer = send(&api, "/api/v1/wagers", content_type, body).await;
        assert_eq!((answer.status.as_u16(), answer.pointers()), (400, vec![""]), "{answer:?}");
    }
    let headless = ask("POST", "/api/v1/wagers").json(&wager("w5", "p1"));
    let headless = headless.header("ce-specversion", "1.0").header("ce-id", "%zz");
    let answer = api.send(headless).await;
    assert_eq!((answer.status.as_u16(), &answer.json["code"]), (400, &json!("bad_header")));
    let detail = answer.json["detail"].as_str().unwrap();
    for name in ["`ce-id`", "`ce-source`", "`ce-type`"] {
        assert!(detail.contains(name), "{detail}");
    }
}
