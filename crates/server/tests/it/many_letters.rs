//! What is done to many dead letters at once, and which of them a filter finds.

use std::collections::BTreeSet;

use accolade_server::Settings;
use accolade_wire::identity::partition_of;
use accolade_wire::record::Kind;
use serde_json::{Value, json};

use crate::cluster::fake::Cluster;
use crate::harness::{Answer, Api, OPERATOR, ask, days_ago, game_event, now_micros, time, wager};

const LIST: &str = "/api/v1/dead-letters";

/// A letter of each of these players, `each` times, that came too late.
async fn late(api: &Api, players: &[&str], each: usize) {
    for player in players {
        for number in 0..each {
            let mut late = wager(&format!("late-{player}-{number}"), player);
            late["timestamp"] = days_ago(10).into();
            assert_eq!(api.wager(&late).await["reason"], "too_late");
        }
    }
}

async fn ids(api: &Api, query: &str) -> BTreeSet<String> {
    let list = api.get(&format!("{LIST}?limit=500&{query}")).await;
    assert_eq!(list.status, 200, "{list:?}");
    ids_in(&list.json)
}

fn ids_in(answer: &Value) -> BTreeSet<String> {
    let items = answer["items"].as_array().unwrap().iter();
    items.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

async fn discard(api: &Api, query: &str) -> Answer {
    api.post(&format!("{LIST}/discard?{query}"), &json!({ "why": "a test" })).await
}

/// Matched, changed, and passed over.
fn counts(answer: &Answer) -> [u64; 3] {
    assert_eq!(answer.status, 200, "{answer:?}");
    ["matched", "changed", "passedOver"].map(|name| answer.json[name].as_u64().unwrap())
}

#[tokio::test]
async fn a_filter_finds_by_reason_kind_time_player_and_state() {
    let api = Api::start().await;
    late(&api, &["p1", "p2"], 2).await;
    let between = time(now_micros());
    let mut conflict = wager("w1", "p1");
    api.wager(&conflict).await;
    conflict["wagerAmount"] = json!(200);
    assert_eq!(api.wager(&conflict).await["reason"], "id_conflict");
    let mut event = game_event(Some("e1"), "p2");
    event["timestamp"] = days_ago(10).into();
    api.post("/api/v1/events?wait=applied", &event).await;
    api.take_from_kafka(Kind::Wager, OPERATOR, b"no JSON", "p1").await;
    let all = ids(&api, "").await;
    assert_eq!(all.len(), 7);
    let [late, conflicts] =
        [ids(&api, "reason=too_late").await, ids(&api, "reason=id_conflict").await];
    assert_eq!((late.len(), conflicts.len(), ids(&api, "reason=malformed").await.len()), (5, 1, 1));
    assert_eq!(ids(&api, "kind=game_event").await.len(), 1);
    assert_eq!(ids(&api, "kind=wager&reason=too_late").await.len(), 4);
    // What came from Kafka here says that it was received in 1970.
    let [before, after] =
        [ids(&api, &format!("to={between}")).await, ids(&api, &format!("from={between}")).await];
    assert_eq!((before.len(), after.len()), (5, 2));
    assert!(before.is_disjoint(&after));
    assert_eq!(ids(&api, "playerId=p1").await.len(), 3);
    assert_eq!(ids(&api, "playerId=p2").await.len(), 3);
    assert_eq!(ids(&api, "playerId=p2&kind=wager").await.len(), 2);
    assert_eq!(ids(&api, "playerId=nobody").await.len(), 0);
    assert_eq!(counts(&discard(&api, "reason=id_conflict").await), [1, 1, 0]);
    assert_eq!(ids(&api, "state=discarded").await, conflicts);
    for (query, word) in [
        ("reason=late", "`reason`"),
        ("kind=bet", "`kind`"),
        ("from=today", "`from`"),
        ("player=p1", "`player`"),
    ] {
        for answer in [api.get(&format!("{LIST}?{query}")).await, discard(&api, query).await] {
            assert_eq!((answer.status.as_u16(), &answer.json["code"]), (400, &json!("bad_query")));
            assert!(answer.json["detail"].as_str().unwrap().contains(word), "{answer:?}");
        }
    }
    let open = discard(&api, "state=open").await;
    assert_eq!(open.status, 400, "only those that are open can be closed");
}

#[tokio::test]
async fn a_player_is_found_page_by_page_where_many_letters_have_to_be_read() {
    let settings = Settings { letters_looked_at_max: 45, ..Settings::default() };
    let api = Api::with_limits(settings, 0).await.with_program().await;
    // Both in one partition, so that each letter of the one is read for the other.
    let mut names = (0..).map(|number| format!("other-{number}"));
    let other = names.find(|name| partition_of(name, 4) == partition_of("p1", 4)).unwrap();
    late(&api, &[&other, "p1", "p3"], 3).await;
    let (mut found, mut lengths, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = api.get(&format!("{LIST}?playerId=p1&limit=500{cursor}")).await;
        let items = page.json["items"].as_array().unwrap();
        lengths.push(items.len());
        found.extend(items.iter().cloned());
        let Some(next) = page.json["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(lengths.len() > 2 && lengths[0] == 0, "a page ends after three reads: {lengths:?}");
    assert!(found.iter().all(|letter| letter["original"].as_str().unwrap().contains("late-p1")));
}

#[tokio::test]
async fn many_are_given_up_in_steps_and_each_once() {
    let api = Api::start().await;
    late(&api, &["p1", "p2", "p3"], 4).await;
    let other = api.add_operator("operator-555", 0).await;
    let theirs = ask("POST", &format!("{LIST}/discard?reason=too_late"))
        .json(&json!({ "why": "not theirs" }))
        .header("authorization", &format!("Bearer {other}"));
    assert_eq!(counts(&api.send_bare(theirs).await), [0, 0, 0], "nobody reaches another's");
    let before = api.batches().await;
    let tried = discard(&api, "reason=too_late&limit=500&dryRun=true").await;
    assert_eq!((counts(&tried), &tried.json["dryRun"]), ([12, 12, 0], &json!(true)));
    assert_eq!(api.batches().await, before, "it was only tried");
    let all = ids(&api, "state=open").await;
    assert_eq!(ids_in(&tried.json), all);
    assert_eq!(api.post(&format!("{LIST}/discard"), &json!({})).await.pointers(), ["/why"]);

    let (mut done, mut sizes, mut cursor) = (BTreeSet::new(), Vec::new(), String::new());
    loop {
        let step = discard(&api, &format!("reason=too_late&limit=5{cursor}")).await;
        sizes.push(counts(&step)[1]);
        assert!(
            step.json["items"]
                .as_array()
                .unwrap()
                .iter()
                .all(|item| item["outcome"] == "discarded")
        );
        done.append(&mut ids_in(&step.json));
        let Some(next) = step.json["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!((done, sizes), (all.clone(), vec![5, 5, 2]));
    assert_eq!(ids(&api, "state=discarded").await, all);
    assert_eq!(counts(&discard(&api, "reason=too_late").await), [0, 0, 0], "nothing is left");
}

#[tokio::test]
async fn a_request_sent_again_with_its_key_has_the_same_answer_and_no_further_effect() {
    let api = Api::start().await;
    late(&api, &["p1", "p2"], 3).await;
    let first = ids(&api, "").await.into_iter().next().unwrap();
    let alone = json!({ "why": "alone" });
    assert_eq!(api.post(&format!("{LIST}/{first}/discard"), &alone).await.status, 200);
    let request = |query: &str| {
        let request = ask("POST", &format!("{LIST}/discard?{query}"));
        request.json(&json!({ "why": "a test" })).header("idempotency-key", "k1")
    };
    let done = api.send(request("limit=4")).await;
    assert_eq!(counts(&done), [4, 3, 1], "the one that was closed alone is passed over");
    let open = ids(&api, "state=open").await;
    assert_eq!(open.len(), 2);
    let again = api.send(request("limit=4")).await;
    assert_eq!(again.json, done.json);
    assert_eq!(ids(&api, "state=open").await, open);
    let other = api.send(request("limit=5")).await;
    assert_eq!(
        (other.status.as_u16(), &other.json["code"]),
        (422, &json!("idempotency_key_reused"))
    );
}

#[tokio::test]
async fn many_are_retried_at_once_and_each_counts_once() {
    let api = Api::start().await;
    late(&api, &["p1"], 3).await;
    let retry = || ask("POST", &format!("{LIST}/retry?playerId=p1"));
    assert_eq!(counts(&api.send(retry()).await), [3, 3, 0]);
    assert_eq!(counts(&api.send(retry()).await), [0, 0, 0]);
    crate::dead_letters::balance_becomes(&api, "p1", 30.0).await;
    let ledger = api.get("/api/v1/players/p1/ledger").await.json;
    assert_eq!(ledger["items"].as_array().unwrap().len(), 3);
    assert_eq!(ids(&api, "state=released").await.len(), 3);
}

#[tokio::test]
async fn those_of_nobody_are_closed_by_whoever_runs_the_node() {
    let api = Api::start().await;
    late(&api, &["p1"], 1).await;
    for player in ["p1", "p2", "p3"] {
        api.take_from_kafka(Kind::Wager, "", b"{}", player).await;
        let unknown = json!({ "wagerId": "w", "operatorId": "operator-556" }).to_string();
        api.take_from_kafka(Kind::Wager, "", unknown.as_bytes(), player).await;
    }
    let path = "/local/dead-letters/discard";
    let request = || ask("POST", path).json(&json!({ "why": "a producer's mistake" }));
    let done = api.on_socket(request().header("idempotency-key", "k1")).await;
    assert_eq!(counts(&done), [6, 6, 0]);
    assert_eq!(api.on_socket(request().header("idempotency-key", "k1")).await.json, done.json);
    let left = api.on_socket(ask("GET", "/local/dead-letters?state=open")).await;
    assert_eq!(left.json["items"], json!([]));
    assert_eq!(ids(&api, "state=open").await.len(), 1, "an operator's own are left alone");
}

#[tokio::test]
async fn the_trail_says_which_were_meant() {
    let api = Api::start().await;
    late(&api, &["p1"], 2).await;
    let query = "playerId=p1&reason=too_late&limit=7";
    assert_eq!(counts(&discard(&api, query).await), [2, 2, 0]);
    let page = api.get("/api/v1/audit?route=discardManyDeadLetters").await.json;
    let record = &page["items"][0];
    assert_eq!(
        (&record["name"], &record["playerId"]),
        (&json!("reason=too_late&limit=7"), &json!("p1")),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_of_all_owners_are_closed_through_any_node() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    let players: Vec<String> = (0..12).map(|number| format!("player-{number}")).collect();
    let partitions: BTreeSet<u16> = players.iter().map(|name| partition_of(name, 4)).collect();
    assert_eq!(partitions.len(), 4);
    let players: Vec<&str> = players.iter().map(|name| &**name).collect();
    late(a, &players, 2).await;
    let all = ids(a, "state=open").await;
    assert_eq!(all.len(), 24);
    let tried = discard(b, "limit=500&dryRun=true").await;
    assert_eq!((counts(&tried), ids_in(&tried.json)), ([24, 24, 0], all.clone()));
    let own = discard(b, "playerId=player-3").await;
    assert_eq!(counts(&own), [2, 2, 0]);
    let mut done = ids_in(&own.json);
    let mut cursor = String::new();
    for (step, api) in [a, b, a].into_iter().enumerate() {
        let request = || {
            let request = ask("POST", &format!("{LIST}/discard?reason=too_late&limit=9{cursor}"));
            let request = request.json(&json!({ "why": "a test" }));
            request.header("idempotency-key", &format!("step-{step}"))
        };
        let answer = api.send(request()).await;
        let other = if std::ptr::eq(api, a) { b } else { a };
        assert_eq!(other.send(request()).await.json, answer.json, "a key is every node's");
        assert!(counts(&answer)[0] > 0);
        done.append(&mut ids_in(&answer.json));
        match answer.json["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => cursor.clear(),
        }
    }
    assert_eq!((done, cursor), (all.clone(), String::new()));
    assert_eq!(ids(b, "state=discarded").await, all);
}
