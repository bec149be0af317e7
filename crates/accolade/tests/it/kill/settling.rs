//! A node that is killed again and again while it settles a tournament.

use std::collections::BTreeMap;
use std::time::Duration;

use accolade_domain::time::Timestamp;
use accolade_wire::timestamp;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::{Connection, OPERATOR, Page, Random, found, from_environment, hundredths, now};
use crate::harness::{Home, Serving, line_with, until};

/// More than one question to a leaderboard is answered with.
const PLAYERS: usize = 11_000;
const KILLS: usize = 12;
const JSON: &str = "application/json";
const LASTS_MICROS: i64 = 15_000_000;
/// So many wagers are voided once prizes are paid.
const LATE: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Results {
    version: u32,
    points: Box<RawValue>,
    paid_at: Option<String>,
    items: Vec<Winner>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Winner {
    place: usize,
    player_id: String,
    points: Box<RawValue>,
    paid: Box<RawValue>,
    state: String,
}

#[test]
#[ignore = "takes half a minute; `make kill-test` runs it"]
#[expect(clippy::print_stdout, reason = "the seed, for whoever wants the same again")]
fn each_prize_is_paid_once_however_often_the_node_is_killed_while_it_settles() {
    let seed = from_environment("ACCOLADE_SEED").unwrap_or_else(|| now().micros().unsigned_abs());
    println!("{KILLS} kills while a tournament is settled, ACCOLADE_SEED={seed}");
    let mut random = Random(seed);
    let home = Home::new();
    let environment = [("ACCOLADE_CHECKPOINT_EVERY_MS", "150")];
    let serving = home.serve(&environment);
    let key = found(&home);
    let ends = play(&serving, &key);
    serving.kill();
    while now() < ends {
        std::thread::sleep(Duration::from_millis(20));
    }
    let kill = |random: &mut Random| {
        for _ in 0..KILLS {
            let serving = home.serve(&environment);
            std::thread::sleep(Duration::from_millis(50 + random.below(900)));
            serving.kill();
        }
    };
    kill(&mut random);
    let serving = home.serve(&environment);
    let mut connection = Connection::open(&serving, &key).unwrap();
    check(&mut connection, 1);
    come_late(&mut connection);
    drop(connection);
    serving.kill();
    kill(&mut random);
    let serving = home.serve(&environment);
    let mut connection = Connection::open(&serving, &key).unwrap();
    check(&mut connection, 2);
    drop(connection);
    assert_eq!(serving.stop().0, Some(0));
    let audit = home.run(&["audit", "verify"]).well();
    println!("{}", line_with(&audit, "audit: ok"));
}

/// Waits until all prizes of a version of the results are paid, and looks whether everybody was given what is won, once.
fn check(connection: &mut Connection, version: u32) {
    let results = until("prizes that are all paid", || {
        let (status, body) = ask(connection, "/tournaments/race/results?limit=1");
        let results: Option<Results> =
            (status == 200).then(|| serde_json::from_str(&body).unwrap());
        let is_it = |results: &Results| results.version == version && results.paid_at.is_some();
        results.filter(is_it).ok_or(body)
    });
    let places = places(connection);
    assert_eq!(places.len(), PLAYERS);
    let mut won = 0;
    for (at, place) in places.values().enumerate() {
        // Those who have no place any more come last.
        let has_place = version == 1 || at < PLAYERS - LATE;
        let state = if has_place { "paid" } else { "none" };
        assert_eq!((place.place, &*place.state), (at + 1, state), "{}", place.player_id);
        let path = format!("/players/{}/ledger?kind=prize", place.player_id);
        let (_, body) = ask(connection, &path);
        let Page { items, .. } = serde_json::from_str(&body).unwrap();
        let paid: Vec<i64> = items.iter().map(|entry| hundredths(&entry.points)).collect();
        let (of_place, count) = (hundredths(&place.points), paid.len());
        assert!(1 <= count && count <= version as usize, "{}: {paid:?}", place.player_id);
        assert_eq!(paid.iter().sum::<i64>(), of_place, "{}", place.player_id);
        assert_eq!(hundredths(&place.paid), of_place, "{}", place.player_id);
        won += of_place;
    }
    assert_eq!(won, hundredths(&results.points));
}

/// The bets of the first are voided, and the tournament is to be settled again.
fn come_late(connection: &mut Connection) {
    let first = places(connection).into_values().take(LATE);
    let voids = first.map(|place| {
        let number = place.player_id.strip_prefix("player-").unwrap();
        json!({
            "type": "wager.voided", "wagerId": format!("w{number}"), "playerId": place.player_id,
            "operatorId": OPERATOR, "reason": "game fault",
            "timestamp": timestamp::write(now()).to_string(),
        })
    });
    let voids = voids.collect::<serde_json::Value>().to_string();
    let path = "/api/v1/wagers?wait=applied";
    let answer = connection.ask("POST", path, JSON, &voids).unwrap();
    assert_eq!(answer.0, 200, "{}", answer.1);
    let body = json!({ "why": "a cheat", "takeBack": true }).to_string();
    let path = "/api/v1/tournaments/race/resettle";
    let answer = connection.ask("POST", path, JSON, &body).unwrap();
    assert_eq!(answer.0, 200, "{}", answer.1);
}

/// Makes a tournament, in which every player wins something, and has them play; returns when it ends.
fn play(serving: &Serving, key: &str) -> Timestamp {
    let mut connection = Connection::open(serving, key).unwrap();
    let starts = now().plus_micros(1_000_000);
    let ends = starts.plus_micros(LASTS_MICROS);
    let [from, to] = [starts, ends].map(|at| timestamp::write(at).to_string());
    let body = json!({
        "id": "race", "name": "race", "starts": from, "ends": to, "graceSeconds": 0,
        "query": "SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId",
        "prizes": [{ "from": 1, "to": 100, "points": 5 }, { "topPercent": 100, "pool": 3000.01 }],
    });
    let path = "/api/v1/tournaments";
    let made = connection.ask("POST", path, JSON, &body.to_string()).unwrap();
    assert_eq!(made.0, 201, "{}", made.1);
    let path = "/api/v1/tournaments/race/schedule";
    assert_eq!(connection.ask("POST", path, JSON, "{}").unwrap().0, 200);
    while now() < starts {
        std::thread::sleep(Duration::from_millis(5));
    }
    let wager = |number: usize| {
        json!({
            "wagerId": format!("w{number}"), "playerId": format!("player-{number}"),
            "operatorId": OPERATOR, "gameId": "g", "gameCategory": "slots", "wagerAmount": 10,
            "currency": "EUR", "jurisdiction": "Malta",
            "timestamp": timestamp::write(now()).to_string(),
        })
    };
    let wagers: Vec<String> = (0..PLAYERS).map(|number| wager(number).to_string()).collect();
    for some in wagers.chunks(500) {
        let body = format!("[{}]", some.join(","));
        let path = "/api/v1/wagers?wait=applied";
        let answer = connection.ask("POST", path, JSON, &body).unwrap();
        assert!(answer.0 == 200 && now() < ends, "too slow, or {}", answer.1);
    }
    ends
}

/// What the node answers, once it may be asked so often.
fn ask(connection: &mut Connection, path: &str) -> (u16, String) {
    until("an answer that is no 429", || {
        let answer = connection.ask("GET", &format!("/api/v1{path}"), JSON, "").unwrap();
        if answer.0 == 429 { Err(answer) } else { Ok(answer) }
    })
}

fn places(connection: &mut Connection) -> BTreeMap<usize, Winner> {
    let mut places = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/tournaments/race/results?limit=500{cursor}");
        let results: Results = serde_json::from_str(&ask(connection, &path).1).unwrap();
        places.extend(results.items.into_iter().map(|place| (place.place, place)));
        let Some(next) = results.next_cursor else { return places };
        cursor = format!("&cursor={next}");
    }
}
