//! Tournaments that are scheduled after they have begun come out as if they had been there, in both forms.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cluster::fake::Cluster;
use crate::harness::{Api, PATIENCE, ask, game_event, now_micros, time, void, wager};
use crate::prizes::settled;
use crate::tournaments::{TOURNAMENTS, both, heard, is, of, players, well};

const SOON_MICROS: i64 = 2_000_000;

/// Each way to count.
fn races() -> [(&'static str, Value); 6] {
    let of = |aggregate: &str, rest: &str| {
        json!(format!("SELECT playerId, {aggregate} AS score FROM {rest} GROUP BY playerId"))
    };
    let wagers = "wagers WHERE wagerAmount >= 1";
    let events = "game_events WHERE eventType = 'player_score'";
    let prizes = json!([{ "from": 1, "points": 300 }, { "from": 2, "to": 5, "pool": 100.01 }]);
    [
        ("sum", json!({ "query": of("SUM(wagerAmount)", wagers), "prizes": prizes })),
        (
            "capped",
            json!({
                "query": of("SUM(wagerAmount)", wagers), "capPerHour": 150, "capPerDay": 170,
                "cap": 100, "ties": "shared", "prizes": prizes,
            }),
        ),
        ("max", json!({ "query": of("MAX(wagerAmount)", wagers), "prizes": prizes })),
        ("min", json!({ "query": of("MIN(wagerAmount)", wagers), "ties": "mostEvents" })),
        ("avg", json!({ "query": of("AVG(wagerAmount)", wagers), "eventsMin": 2 })),
        ("games", json!({ "query": of("SUM(data.score)", events), "prizes": prizes })),
    ]
}

async fn make(api: &Api, id: &str, more: &Value, (starts, ends): (i64, i64)) {
    let mut body = json!({
        "id": id, "name": format!("the {id}"), "graceSeconds": 0, "publicPositions": 100,
        "starts": time(starts), "ends": time(ends),
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = api.post(TOURNAMENTS, &body).await;
    assert_eq!(made.status, 201, "{made:?}");
}

async fn schedule(api: &Api, id: &str) -> Value {
    well(api.post(&of(id, "/schedule"), &json!({})).await)
}

/// Waits until it is filled.
pub(crate) async fn filled(api: &Api, id: &str) {
    let until = Instant::now() + PATIENCE;
    loop {
        let found = well(api.get(&of(id, "")).await);
        if found["state"] != "filling" {
            assert_eq!(found["filling"], Value::Null);
            return;
        }
        assert!(Instant::now() < until, "it is to be filled: {found}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn bet(api: &Api, id: &str, player: &str, stake: f64) {
    let mut wager = wager(id, player);
    wager["wagerAmount"] = json!(stake);
    api.wager(&wager).await;
}

/// A round of what may happen: equal scores, voids of the best and of what came before, exclusions.
async fn play(api: &Api, other: &Api, round: usize) {
    let players = players();
    for (number, player) in players.iter().enumerate() {
        let stake = 50.0 + 10.0 * f64::from(u32::try_from(number / 2).unwrap());
        bet(api, &format!("{round}-a-{number}"), player, stake).await;
        bet(other, &format!("{round}-b-{number}"), player, 20.0).await;
        let mut event = game_event(Some(&format!("{round}-e-{number}")), player);
        event["data"]["score"] = json!(100 * (number / 2));
        well(api.post("/api/v1/events?wait=applied", &event).await);
    }
    for stake in [400.0, 300.0, 120.0] {
        bet(api, &format!("{round}-best-{stake}"), &players[2], stake).await;
    }
    other.wager(&void(&format!("{round}-best-400"), &players[2])).await;
    // What the round before has counted.
    if let Some(before) = round.checked_sub(1) {
        api.wager(&void(&format!("{before}-best-300"), &players[2])).await;
        api.wager(&void(&format!("{before}-b-{round}"), &players[round])).await;
    }
    let why = json!({ "why": "asked for it" });
    let path = format!("/api/v1/players/{}/self-exclusion", players[5]);
    assert!(api.send(ask("PUT", &path).json(&why)).await.status.is_success());
    bet(api, &format!("{round}-gone"), &players[5], 800.0).await;
    let event = game_event(Some(&format!("{round}-gone")), &players[5]);
    well(api.post("/api/v1/events?wait=applied", &event).await);
    assert!(api.post(&format!("{path}/lift"), &why).await.status.is_success());
}

/// All that a leaderboard says of each position.
async fn board(api: &Api, id: &str) -> Value {
    well(api.get(&of(id, "/leaderboard?top=100")).await)["items"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tournament_that_begins_in_the_past_is_as_if_it_had_been_there() {
    both(async |api, other| {
        let starts = now_micros() + SOON_MICROS;
        let window = (starts, starts + 3_600_000_000);
        for (id, more) in races() {
            make(api, id, &more, window).await;
            schedule(api, id).await;
            heard(api, other, id).await;
        }
        while now_micros() <= starts {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        play(api, other, 0).await;
        play(api, other, 1).await;
        let late = |id: &str| format!("late-{id}");
        for (id, more) in races() {
            make(other, &late(id), &more, window).await;
            assert_eq!(schedule(other, &late(id)).await["state"], "filling");
        }
        play(other, api, 2).await;
        for (id, _) in races() {
            filled(api, &late(id)).await;
            filled(other, &late(id)).await;
        }
        for (id, _) in races() {
            assert_eq!(board(api, &late(id)).await, board(other, id).await, "{id}");
        }
        // What came before can be voided afterwards, and goes on to count.
        play(api, other, 3).await;
        for (id, _) in races() {
            assert_eq!(board(other, &late(id)).await, board(api, id).await, "{id}");
        }
        // Leaderboards of before are not known.
        let past =
            api.get(&of("late-sum", &format!("/leaderboard?asOf={}", time(starts + 1)))).await;
        is(&past, 410, "gone");
        let ends = now_micros() + 6_000_000;
        for (id, _) in races() {
            for id in [id.to_owned(), late(id)] {
                let end = json!({ "at": time(ends), "why": "enough" });
                well(api.post(&of(&id, "/end"), &end).await);
            }
        }
        let all = |results: &Value| {
            let names = ["place", "position", "playerId", "score", "events", "points"];
            let items = results["items"].as_array().unwrap().iter();
            json!(items.map(|it| names.map(|name| it[name].clone())).collect::<Vec<_>>())
        };
        for (id, _) in races() {
            let there = settled(api, id, |it| !it["paidAt"].is_null()).await;
            let late = settled(api, &late(id), |it| !it["paidAt"].is_null()).await;
            assert_eq!(all(&late), all(&there), "{id}");
            assert_eq!(late["players"], there["players"], "{id}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_in_the_middle_loses_nothing() {
    let mut api = Api::start().await;
    let starts = now_micros() + SOON_MICROS;
    let window = (starts, starts + 3_600_000_000);
    for (id, more) in races() {
        make(&api, id, &more, window).await;
        schedule(&api, id).await;
    }
    while now_micros() <= starts {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    play(&api, &api, 0).await;
    for (id, more) in races() {
        make(&api, &format!("late-{id}"), &more, window).await;
        schedule(&api, &format!("late-{id}")).await;
    }
    // Wherever it is by then.
    for round in 1..4 {
        api = api.restart(|_| ());
        play(&api, &api, round).await;
    }
    for (id, _) in races() {
        filled(&api, &format!("late-{id}")).await;
        assert_eq!(board(&api, &format!("late-{id}")).await, board(&api, id).await, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_filled_is_refused_by_the_field() {
    both(async |api, _| {
        let now = now_micros();
        let sum = races()[0].1.clone();
        let refused = async |id: &str, more: Value, window: (i64, i64), pointer: &str| {
            let mut body = sum.clone();
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            make(api, id, &body, window).await;
            let answer = api.post(&of(id, "/schedule"), &json!({})).await;
            assert_eq!(answer.status, 400, "{id}: {answer:?}");
            assert_eq!(answer.pointers(), [pointer], "{id}");
            answer
        };
        let hour = 3_600_000_000;
        refused("opt-in", json!({ "optIn": true }), (now - hour, now + hour), "/starts").await;
        refused("over", json!({}), (now - 2 * hour, now - hour), "/ends").await;
        let far = refused("far", json!({}), (now - 8 * 24 * hour, now + hour), "/starts").await;
        assert!(far.json["errors"][0]["detail"].as_str().unwrap().contains("or later"), "{far:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_filled_says_so_and_can_be_cancelled() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    let now = now_micros();
    bet(a, "w1", &players()[0], 5.0).await;
    // One partition is nobody's, so nobody reads it.
    cluster.set_owner(0, 3, None);
    cluster.set_owner(1, 3, None);
    make(a, "race", &races()[0].1, (now - 60_000_000, now + 3_600_000_000)).await;
    assert_eq!(schedule(a, "race").await["state"], "filling");
    is(&a.get(&of("race", "/leaderboard")).await, 409, "tournament_filling");
    let listed = well(a.get(&format!("{TOURNAMENTS}?state=filling")).await);
    assert_eq!(listed["items"][0]["tournamentId"], "race");
    let why = json!({ "why": "a mistake" });
    assert_eq!(well(a.post(&of("race", "/cancel"), &why).await)["state"], "cancelled");
    heard(a, b, "race").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_filled_for_a_while_is_filled_once_it_can() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    let now = now_micros();
    let players = players();
    for (number, player) in players.iter().enumerate() {
        bet(a, &format!("w{number}"), player, 5.0).await;
    }
    for node in 0..2 {
        cluster.set_owner(node, 3, None);
    }
    let window = (now - 60_000_000, now + 3_600_000_000);
    make(a, "race", &races()[0].1, window).await;
    assert_eq!(schedule(a, "race").await["state"], "filling");
    // Somebody has asked for it in vain.
    let before = cluster.unowned();
    let until = Instant::now() + PATIENCE;
    while cluster.unowned() == before {
        assert!(Instant::now() < until, "all partitions are asked");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(well(a.get(&of("race", "")).await)["state"], "filling");
    for node in 0..2 {
        cluster.set_owner(node, 3, Some(1));
    }
    for api in [a, b] {
        filled(api, "race").await;
        let board = board(api, "race").await;
        let scores: Vec<_> =
            board.as_array().unwrap().iter().map(|it| it["score"].as_f64()).collect();
        assert_eq!(scores, vec![Some(5.0); players.len()]);
    }
}
