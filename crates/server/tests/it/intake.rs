//! Taking in wagers and game events.

use accolade_server::Settings;
use serde_json::{Value, json};

use crate::harness::{Api, ask, game_event, pointers, until, void, wager};

#[tokio::test]
async fn a_single_wager_is_answered_with_its_id_once_it_is_durable() {
    let api = Api::start().await;
    let answer = api.post("/api/v1/wagers", &wager("w \"1\"", "p1")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text, r#"{"status":"success","event_id":"w \"1\""}"#);
}

#[tokio::test]
async fn who_waits_hears_points_and_balance_and_a_repeat_hears_the_first_outcome() {
    let api = Api::start().await;
    let mut first = wager("w1", "p1");
    let answer = api.post("/api/v1/wagers?wait=applied", &first).await;
    let expected = concat!(
        r#"{"status":"success","event_id":"w1","outcome":"counted","reason":null,"points":10.00,"#,
        r#""pointsBalance":10.00,"programVersion":1,"multiplier":0.1}"#
    );
    assert_eq!(answer.text, expected);

    api.wager(&wager("w2", "p1")).await;
    let repeat = api.wager(&first).await;
    assert_eq!(repeat["outcome"], "repeated");
    assert_eq!(repeat["points"], json!(10.0));
    assert_eq!(repeat["pointsBalance"], json!(20.0));

    first["wagerAmount"] = json!(101);
    let conflict = api.wager(&first).await;
    assert_eq!(
        (&conflict["outcome"], &conflict["reason"]),
        (&json!("dead_letter"), &json!("id_conflict"))
    );

    let mut small = wager("w3", "p1");
    small["wagerAmount"] = json!(0.5);
    let refused = api.wager(&small).await;
    assert_eq!(
        (&refused["outcome"], &refused["reason"]),
        (&json!("refused"), &json!("below_minimum"))
    );
    let again = api.wager(&small).await;
    assert_eq!(
        (&again["outcome"], &again["reason"]),
        (&json!("repeated"), &json!("below_minimum"))
    );
}

#[tokio::test]
async fn a_void_takes_back_what_the_wager_gave() {
    let api = Api::start().await;
    api.wager(&wager("w1", "p1")).await;
    let voided = api.wager(&void("w1", "p1")).await;
    assert_eq!(voided["outcome"], "voided");
    assert_eq!(voided["points"], json!(-10.0));
    assert_eq!(voided["pointsBalance"], json!(0.0));
}

#[tokio::test]
async fn one_bad_item_of_ten_thousand_is_rejected_alone() {
    let api = Api::start().await;
    let items: Vec<Value> = (0..10_000)
        .map(|number| {
            let mut wager = wager(&format!("w{number}"), &format!("p{}", number % 100));
            if number == 7_777 {
                wager["wagerAmount"] = json!("100.00");
            }
            wager
        })
        .collect();
    let lines: Vec<String> = items.iter().map(Value::to_string).collect();
    let answer = api.send(ask("POST", "/api/v1/wagers").lines(&lines.join("\n"))).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json["accepted"], 9_999);
    assert_eq!(answer.json["rejected"].as_array().unwrap().len(), 1);
    assert_eq!(answer.json["rejected"][0]["index"], 7_777);
    assert_eq!(pointers(&answer.json["rejected"][0]["problem"]), ["/wagerAmount"]);

    // The same as an array, waiting: everything is a repeat with its first outcome.
    let array = Value::Array(items);
    let answer = api.post("/api/v1/wagers?wait=applied", &array).await;
    let results = answer.json["results"].as_array().unwrap();
    assert_eq!(results.len(), 9_999);
    assert!(results.iter().all(|result| result["outcome"] == "repeated"));
    assert!(results.iter().all(|result| result["points"] == json!(10.0)));
    assert_eq!(results[7_777]["index"], 7_778);
    let balance = api.get("/api/v1/players/p1/balance").await;
    assert_eq!(balance.json["pointsBalance"], json!(1000.0));

    let mut more = array.as_array().unwrap().clone();
    more.push(wager("one too many", "p1"));
    let answer = api.post("/api/v1/wagers", &more.into()).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text.contains("at most 10000 items"), "{}", answer.text);
}

#[tokio::test]
async fn a_broken_line_rejects_itself_alone_and_blank_lines_have_no_index() {
    let api = Api::start().await;
    let (one, two) = (wager("w1", "p1"), wager("w2", "p1"));
    let body = format!("{one}\n\n{{\"wagerId\":\r\n  \n{two}");
    let answer = api.send(ask("POST", "/api/v1/wagers?wait=applied").lines(&body)).await;
    assert_eq!(answer.json["accepted"], 2);
    assert_eq!(answer.json["rejected"][0]["index"], 1);
    let indexes: Vec<_> =
        answer.json["results"].as_array().unwrap().iter().map(|item| &item["index"]).collect();
    assert_eq!(indexes, [0, 2]);
    let empty = api.send(ask("POST", "/api/v1/wagers").lines("\n")).await;
    assert_eq!(empty.json, json!({ "accepted": 0, "rejected": [] }));
}

#[tokio::test]
async fn an_array_of_one_is_still_many() {
    let api = Api::start().await;
    let answer = api.post("/api/v1/wagers", &json!([wager("w1", "p1")])).await;
    assert_eq!(answer.json, json!({ "accepted": 1, "rejected": [] }));
}

#[tokio::test]
async fn a_game_event_without_an_id_gets_one_and_can_be_found_by_it() {
    let api = Api::start().await;
    let answer = api.post("/api/v1/events?wait=applied", &game_event(None, "p1")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json["outcome"], "counted");
    let id = answer.json["event_id"].as_str().unwrap();
    let found = api.get(&format!("/api/v1/events/{id}")).await;
    assert_eq!(found.status, 200, "{found:?}");
    assert_eq!(found.json["kind"], "game_event");
    assert_eq!(found.json["event"]["event_id"], id);
    assert_eq!(found.json["event"]["data"], json!({ "score": 1500 }));

    let named = api.post("/api/v1/events", &game_event(Some("e1"), "p1")).await;
    assert_eq!(named.json, json!({ "status": "success", "event_id": "e1" }));
}

#[tokio::test]
async fn an_event_is_found_with_its_bytes_as_they_came() {
    let api = Api::start().await;
    let raw = wager("w1", "p1").to_string().replace("100,", "1.00e2, \"extra\": [1.50],");
    api.send(ask("POST", "/api/v1/wagers?wait=applied").text(&raw)).await;
    api.wager(&void("w1", "p1")).await;
    let found = api.get("/api/v1/events/w1").await;
    assert!(found.text.contains(&raw), "{}", found.text);
    assert_eq!(found.json["outcome"], "counted");
    assert_eq!(found.json["source"], "http");
    assert_eq!(found.json["others"][0]["kind"], "void");
    assert_eq!(api.get("/api/v1/events/w2").await.status, 404);
}

#[tokio::test]
async fn more_than_the_limit_waits_and_is_told_how_long() {
    let api = Api::with_limits(Settings::default(), 5).await;
    // Far more than a second's worth goes through once, and then nothing until it is paid for.
    let items =
        json!((0..500).map(|number| wager(&format!("w{number}"), "p1")).collect::<Vec<_>>());
    assert_eq!(api.post("/api/v1/wagers?wait=applied", &items).await.status, 200);
    let answer = api.post("/api/v1/wagers", &wager("w500", "p1")).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.json["type"], "urn:accolade:problem:rate_limited");
    let number = |name: &str| answer.headers[name].to_str().unwrap().parse::<u64>().unwrap();
    assert!((1..=100).contains(&number("retry-after")));
    assert_eq!(number("ratelimit-reset"), number("retry-after"));
    assert_eq!((number("ratelimit-limit"), number("ratelimit-remaining")), (5, 0));
    assert_eq!(api.get("/api/v1/players/p1/balance").await.status, 200, "reads are not counted");
}

#[tokio::test]
async fn a_node_that_has_stopped_takes_nothing_in() {
    let api = Api::start().await;
    api.service.retire();
    let ready = api.send_bare(ask("GET", "/readyz")).await;
    assert_eq!((ready.status.as_u16(), &ready.json["reasons"]), (503, &json!(["stopping"])));
    api.node.stop().unwrap();
    let answer = api.post("/api/v1/wagers", &wager("w1", "p1")).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json["code"], "stopping");
    assert_eq!(answer.headers["retry-after"], "1");
}

#[tokio::test]
async fn a_full_disk_takes_nothing_in_and_can_still_be_read() {
    let api = Api::start().await;
    api.wager(&wager("w1", "p1")).await;
    let api = api.restart(|options| options.free_bytes_min = u64::MAX);
    until("a disk that is full", || {
        let status = api.node.status();
        if status.disk_full { Ok(()) } else { Err(Box::new(status)) }
    });
    let answer = api.post("/api/v1/wagers", &wager("w2", "p1")).await;
    assert_eq!((answer.status.as_u16(), &answer.json["code"]), (503, &json!("disk_full")));
    assert!(answer.headers.contains_key("retry-after"));
    let ready = api.send_bare(ask("GET", "/readyz")).await;
    assert!(ready.json["reasons"][0].as_str().unwrap().starts_with("disk_full"), "{ready:?}");
    assert_eq!(api.get("/api/v1/players/p1/balance").await.json["pointsBalance"], json!(10.0));
    let api = api.restart(|_| ());
    assert_eq!(api.wager(&wager("w2", "p1")).await["pointsBalance"], json!(20.0));
}

#[tokio::test]
async fn an_event_outlives_its_bytes() {
    let api = Api::start().await.restart(|options| {
        options.files.log_segment_bytes = 1 << 16;
        options.log_bytes_max = 1;
        options.checkpoint_every = std::time::Duration::from_millis(20);
    });
    api.wager(&wager("w1", "p1")).await;
    let mut number = 0;
    let gone = loop {
        let filler: Vec<Value> =
            (0..100).map(|item| wager(&format!("filler-{number}-{item}"), "p2")).collect();
        api.post("/api/v1/wagers?wait=applied", &filler.into()).await;
        let found = api.get("/api/v1/events/w1").await;
        if found.status != 200 {
            break found;
        }
        number += 1;
        assert!(number < 500, "the log keeps everything");
    };
    assert_eq!((gone.status.as_u16(), &gone.json["code"]), (410, &json!("gone")));
    assert_eq!(gone.json["outcome"]["outcome"], "counted");
    assert_eq!(gone.json["outcome"]["points"], json!(10.0));
    let told = api.get("/api/v1/wagers/w1/explanation").await;
    assert_eq!((&told.json["outcome"], &told.json["playerId"]), (&json!("counted"), &json!(null)));
    let ledger = api.get("/api/v1/players/p1/ledger").await;
    assert_eq!(ledger.json["items"][0]["cause"]["id"], "w1");
}
