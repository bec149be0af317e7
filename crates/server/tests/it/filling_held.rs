//! Tournaments that are filled where something is in the way, and beside others.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cluster::fake::{A, B, Cluster};
use crate::filling::filled;
use crate::harness::{Api, PATIENCE, compressed, now_micros, time, void, wager};
use crate::prizes::settled;
use crate::tournaments::{TOURNAMENTS, bet, both, heard, of, players, well};

const SUM: &str = "SELECT playerId, SUM(wagerAmount) AS score FROM wagers WHERE wagerAmount >= 1 GROUP BY playerId";
const SOON_MICROS: i64 = 2_000_000;
const HOUR_MICROS: i64 = 3_600_000_000;

/// Makes a tournament and schedules it, which may have begun.
async fn schedule(api: &Api, id: &str, (starts, ends): (i64, i64)) -> Value {
    let body = json!({
        "id": id, "name": format!("the {id}"), "query": SUM, "graceSeconds": 0,
        "publicPositions": 100, "starts": time(starts), "ends": time(ends),
    });
    let made = api.post(TOURNAMENTS, &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    well(api.post(&of(id, "/schedule"), &json!({})).await)
}

async fn after(micros: i64) {
    while now_micros() <= micros {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until a tournament says why it is not filled.
async fn why_not(api: &Api, id: &str) -> String {
    let until = Instant::now() + PATIENCE;
    loop {
        let found = well(api.get(&of(id, "")).await);
        assert_eq!(found["state"], "filling", "{found}");
        if let Some(why) = found["filling"]["why"].as_str() {
            return why.to_owned();
        }
        assert!(Instant::now() < until, "a reason is awaited: {found}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn board(api: &Api, id: &str) -> Value {
    well(api.get(&of(id, "/leaderboard?top=100")).await)["items"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_ones_and_short_ones_that_are_scheduled_together_are_all_filled() {
    both(async |api, other| {
        let begin = now_micros();
        for (number, player) in (1_u32..).zip(&players()) {
            bet(api, &format!("w{number}"), player, f64::from(number)).await;
        }
        let ends = begin + HOUR_MICROS;
        // The longest first, so that the others would wait behind it.
        let days = [6, 5, 4, 3, 2, 1, 0];
        let id = |days: i64| format!("since-{days}");
        for days in days {
            schedule(api, &id(days), (begin - days * 24 * HOUR_MICROS, ends)).await;
        }
        for days in days {
            filled(api, &id(days)).await;
            filled(other, &id(days)).await;
            let found = board(other, &id(days)).await;
            assert_eq!(found, board(api, &id(0)).await, "{days}");
            assert_eq!(found.as_array().unwrap().len(), players().len());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_does_not_answer_is_named_and_holds_up_nothing_for_good() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    let begin = now_micros();
    for (number, player) in (1_u32..).zip(&players()) {
        bet(a, &format!("w{number}"), player, f64::from(number)).await;
    }
    for node in [A, B] {
        cluster.set_owner(node, 3, None);
    }
    assert_eq!(schedule(a, "race", (begin, begin + HOUR_MICROS)).await["state"], "filling");
    cluster.agree().await;
    for api in [a, b] {
        assert!(why_not(api, "race").await.contains("on its way"));
    }
    for node in [A, B] {
        cluster.set_owner(node, 3, Some(B));
    }
    for api in [a, b] {
        filled(api, "race").await;
        assert_eq!(board(api, "race").await.as_array().unwrap().len(), players().len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_waits_until_a_busy_node_takes_it_in_and_is_not_read_again() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    let begin = now_micros();
    bet(a, "w1", &players()[3], 5.0).await;
    cluster.set_busy(true);
    assert_eq!(schedule(a, "race", (begin, begin + HOUR_MICROS)).await["state"], "filling");
    // More often than it is tried where anything else is in the way.
    let until = Instant::now() + PATIENCE;
    while cluster.refused().len() < 12 {
        assert!(Instant::now() < until, "it is sent again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(why_not(a, "race").await.contains("more waits for the node than fits"));
    cluster.set_busy(false);
    for api in [a, b] {
        filled(api, "race").await;
        assert_eq!(board(api, "race").await[0]["score"].as_f64(), Some(5.0));
    }
    let id = |records: &Vec<u8>| {
        let text = String::from_utf8_lossy(records);
        let (_, id) = text.split_once("\"fill ").unwrap();
        id.split('"').next().unwrap().to_owned()
    };
    let ids: BTreeSet<String> = cluster.refused().iter().map(id).collect();
    assert_eq!(ids.len(), 1, "the same is sent: {ids:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_log_does_not_have_is_said_as_long_as_it_is_filled() {
    let api = Api::start().await.restart(|options| options.files.log_segment_bytes = 1 << 16);
    let log = &api.node.backing().log;
    let (until, mut round) = (Instant::now() + PATIENCE, 0);
    while log.closed().len() < 3 {
        assert!(Instant::now() < until, "three segments are awaited: {:?}", log.closed());
        let some = (0..100).map(|item| wager(&format!("{round}-{item}"), "p2"));
        let answer = api.post("/api/v1/wagers?wait=applied", &some.collect()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        round += 1;
    }
    // Nothing reads it any more to compress it.
    log.remove(compressed(log)[1].sequence).unwrap();
    let now = now_micros();
    schedule(&api, "race", (now - 60_000_000, now + HOUR_MICROS)).await;
    assert!(why_not(&api, "race").await.contains("begins within the period: begin at 20"));
    let why = json!({ "why": "it is told from the bills" });
    assert_eq!(well(api.post(&of("race", "/cancel"), &why).await)["state"], "cancelled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_voided_after_the_close_while_it_is_filled_is_remarked() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    let starts = now_micros() + SOON_MICROS;
    let ends = starts + 5 * SOON_MICROS;
    schedule(a, "there", (starts, ends)).await;
    heard(a, b, "there").await;
    after(starts).await;
    let players = players();
    for (number, player) in (1_u32..).zip(&players) {
        bet(a, &format!("w{number}"), player, f64::from(10 * number)).await;
    }
    // As long as nobody has one of the partitions it is filled.
    for node in [A, B] {
        cluster.set_owner(node, 3, None);
    }
    assert_eq!(schedule(a, "late", (starts, ends)).await["state"], "filling");
    // One before the close is taken back, one after it is a remark.
    assert_eq!(b.wager(&void("w1", &players[0])).await["outcome"], "voided");
    after(ends).await;
    assert_eq!(b.wager(&void("w2", &players[1])).await["outcome"], "voided");
    for node in [A, B] {
        cluster.set_owner(node, 3, Some(B));
    }
    filled(a, "late").await;
    let there = settled(a, "there", |_| true).await;
    let late = settled(a, "late", |_| true).await;
    let lines = |results: &Value| {
        let names = ["position", "playerId", "score", "events"];
        let items = results["items"].as_array().unwrap().iter();
        json!(items.map(|it| names.map(|name| it[name].clone())).collect::<Vec<_>>())
    };
    assert_eq!(lines(&late), lines(&there));
    let remarks = |results: &Value| {
        let names = ["kind", "id", "playerId", "delta", "score", "timestamp", "cameAt"];
        let items = results["remarks"]["items"].as_array().unwrap().iter();
        items.map(|it| json!(names.map(|name| it[name].clone()))).collect::<Vec<_>>()
    };
    assert_eq!(remarks(&late), remarks(&there));
    assert_eq!(late["remarks"]["voids"], there["remarks"]["voids"]);
    assert!(remarks(&late).iter().any(|it| it[1] == "w2"), "{late}");
}
