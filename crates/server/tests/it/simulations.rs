//! A simulation answers exactly what a node would have counted that had had the draft from the start of the period.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cluster::fake::Cluster;
use crate::harness::{Answer, Api, PATIENCE, ask, now_micros, time, void, wager};

const FIRST: &str = "\
currency: EUR
timezone: Europe/Malta
earning: { multipliers: { slots: 0.1, table: 0.05 }, caps: [ { points: 60, per: day } ] }
tiers:
  window: { rolling: 30d }
  levels: [ { name: bronze, from: 0 }, { name: silver, from: 15, multiplier: 1.5 } ]
";
/// In force in the middle of the period; the simulation leaves it out.
const SECOND: &str = "currency: EUR\nearning: { multipliers: { slots: 3 } }\n";
const DRAFT: &str = "\
currency: EUR
timezone: Europe/Malta
eligibility: { segments: { deny: [watched] } }
earning: { multipliers: { slots: 0.05, table: 0.4 }, caps: [ { points: 90, per: day } ] }
tiers:
  window: { rolling: 30d }
  levels: [ { name: bronze, from: 0 }, { name: silver, from: 20, multiplier: 2 }, { name: gold, from: 50, multiplier: 3 } ]
promotions: [ { name: tables, multiply: 1.25, where: \"gameCategory = 'table'\" } ]
";
const PLAYERS: [&str; 6] = ["s1", "s2", "s3", "s4", "s5", "s6"];
const CATEGORIES: [&str; 3] = ["slots", "table", "poker"];

async fn publish(api: &Api, program: &str, edited_from: &str) {
    let body = json!({ "why": "a test", "program": program });
    let publish =
        ask("POST", "/api/v1/program/versions").json(&body).header("if-match", edited_from);
    assert_eq!(api.send(publish).await.status, 201);
}

/// Some wagers of each player; returns what became of each, by category.
async fn play(api: &Api, round: usize, at: Option<&str>) -> Vec<(String, String, Value)> {
    let mut played = Vec::new();
    for (index, player) in PLAYERS.into_iter().enumerate() {
        for number in 0..4 {
            let category = CATEGORIES[(index + number) % 3];
            let mut wager = wager(&format!("w-{round}-{number}"), player);
            wager["gameCategory"] = json!(category);
            wager["wagerAmount"] = json!(40 + 17 * index + 5 * number);
            wager["timestamp"] = at.map_or_else(|| time(now_micros()), str::to_owned).into();
            if index == 5 {
                wager["segment"] = json!("watched");
            }
            played.push((player.to_owned(), category.to_owned(), api.wager(&wager).await));
        }
    }
    played
}

/// Players earn, spend and lose points, before the period and in it.
struct Played {
    api: Api,
    from: String,
    in_period: Vec<(String, String, Value)>,
    voided: f64,
}

/// Lives through the same, with the draft in force from the start of the period where that is asked for.
async fn live(has_draft: bool) -> Played {
    let api = Api::start().await;
    publish(&api, FIRST, "1").await;
    play(&api, 0, None).await;
    let late = time(now_micros());
    let from = time(now_micros() + 1);
    if has_draft {
        publish(&api, DRAFT, "2").await;
    }
    let mut in_period = play(&api, 1, None).await;
    let spent = api.post("/api/v1/players/s1/redemptions", &json!({ "points": 5 })).await;
    let confirm = format!("/api/v1/redemptions/{}/confirm", spent.json["id"].as_str().unwrap());
    assert_eq!(api.send(ask("POST", &confirm)).await.status, 200);
    if !has_draft {
        publish(&api, SECOND, "2").await;
    }
    in_period.extend(play(&api, 2, None).await);
    // What comes late is judged by the rules of its time.
    in_period.extend(play(&api, 3, Some(&late)).await);
    let mut voided = 0.0;
    for player in ["s2", "s3"] {
        voided += api.wager(&void("w-1-0", player)).await["points"].as_f64().unwrap();
    }
    Played { api, from, in_period, voided }
}

async fn begin(api: &Api, body: &Value) -> Answer {
    api.post("/api/v1/program/simulations", body).await
}

async fn ended(api: &Api, id: &str) -> Value {
    let (path, until) = (format!("/api/v1/program/simulations/{id}"), Instant::now() + PATIENCE);
    loop {
        let answer = api.get(&path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        if answer.json["state"] != "running" {
            return answer.json;
        }
        assert!(Instant::now() < until, "its end is awaited: {answer:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn points(result: &Value) -> f64 {
    result["points"].as_f64().unwrap_or(0.0)
}

fn is_near(found: &Value, expected: f64, about: &str) {
    let found = found.as_f64().unwrap_or_else(|| panic!("{about}: {found}"));
    assert!((found - expected).abs() < 0.001, "{about}: {found} is not {expected}");
}

fn sum(played: &Played, of: impl Fn(&str, &str) -> bool) -> f64 {
    let own = played.in_period.iter().filter(|(player, category, _)| of(player, category));
    own.map(|(_, _, result)| points(result)).sum()
}

/// How many players stand at each tier.
async fn tiers(api: &Api) -> BTreeMap<String, u64> {
    let mut tiers = BTreeMap::new();
    for player in PLAYERS {
        let balance = api.get(&format!("/api/v1/players/{player}/balance")).await.json;
        if let Some(tier) = balance["tier"].as_str() {
            *tiers.entry(tier.to_owned()).or_default() += 1;
        }
    }
    tiers
}

#[tokio::test]
async fn a_simulation_is_what_a_node_would_have_counted_that_had_had_the_draft() {
    let (really, other) = (live(false).await, live(true).await);
    let api = &really.api;
    let before = api.next_batches().await;
    let body = json!({ "program": DRAFT, "from": really.from });
    let begun = begin(api, &body).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    let simulation = ended(api, begun.json["id"].as_str().unwrap()).await;
    assert_eq!(simulation["state"], "done", "{simulation}");
    assert_eq!(simulation["batches"], simulation["batchesExpected"]);
    let result = &simulation["result"];
    assert_eq!(result["differing"], 0, "{result}");
    assert_eq!(result["records"], json!(really.in_period.len() + 2));
    for (side, played) in [("was", &really), ("would", &other)] {
        let total = &result[side];
        is_near(&total["counted"]["points"], sum(played, |_, _| true), side);
        is_near(&total["voided"], played.voided, side);
        let counted =
            played.in_period.iter().filter(|(_, _, result)| result["outcome"] == "counted").count();
        assert_eq!(total["counted"]["wagers"], json!(counted), "{side}");
        for group in result["byCategory"].as_array().unwrap() {
            let name = group["name"].as_str().unwrap();
            is_near(&group[side]["points"], sum(played, |_, category| category == name), name);
        }
        // Nobody has points for poker.
        assert_eq!(result["byCategory"].as_array().unwrap().len(), CATEGORIES.len() - 1);
        let tiers = tiers(&played.api).await;
        for tier in result["tiers"].as_array().unwrap() {
            let name = tier["name"].as_str().unwrap();
            assert_eq!(tier[side], json!(tiers.get(name).copied().unwrap_or(0)), "{side} {name}");
        }
    }
    let was = sum(&really, |_, _| true);
    assert!((was - sum(&other, |_, _| true)).abs() > 1.0, "the draft makes a difference");
    let players: Vec<&Value> =
        ["gained", "lost"].into_iter().flat_map(|kind| result[kind].as_array().unwrap()).collect();
    assert!(!players.is_empty());
    for player in players {
        let name = player["playerId"].as_str().unwrap();
        if !["s2", "s3"].contains(&name) {
            is_near(&player["was"], sum(&really, |player, _| player == name), name);
            is_near(&player["would"], sum(&other, |player, _| player == name), name);
        }
    }
    assert_eq!(api.next_batches().await, before, "nothing was ordered");
    let versions = api.get("/api/v1/program/versions").await;
    assert_eq!(versions.json["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn what_cannot_be_simulated_is_refused_or_says_why() {
    let Played { api, from, .. } = live(false).await;
    for (body, pointer) in [
        (json!({ "program": DRAFT }), "/from"),
        (json!({ "program": DRAFT, "from": from, "to": "2999-01-01T00:00:00Z" }), "/to"),
        (json!({ "program": DRAFT, "from": from, "to": from }), "/to"),
        (json!({ "from": from }), "/program"),
    ] {
        let answer = begin(&api, &body).await;
        assert_eq!((answer.status.as_u16(), answer.pointers()), (400, vec![pointer]), "{body}");
    }
    let invalid = json!({ "program": "currency: EUR\nwhat: 1\n", "from": from });
    assert_eq!(begin(&api, &invalid).await.json["code"], "invalid");
    // Before anything was there, there was no operator.
    let early = json!({ "program": DRAFT, "from": "2020-01-01T00:00:00Z" });
    let begun = begin(&api, &early).await;
    let failed = ended(&api, begun.json["id"].as_str().unwrap()).await;
    assert_eq!(failed["state"], "failed", "{failed}");
    assert!(failed["why"].as_str().unwrap().contains("begins within the period"), "{failed}");
    let stranger = format!("Bearer {}", api.add_operator("operator-555", 0).await);
    let path = format!("/api/v1/program/simulations/{}", begun.json["id"].as_str().unwrap());
    let theirs = api.send_bare(ask("GET", &path).header("authorization", &stranger)).await;
    assert_eq!(theirs.status, 404);
}

#[tokio::test]
async fn whoever_may_not_see_players_sees_none() {
    let Played { api, from, .. } = live(false).await;
    let key = json!({ "name": "writer", "roles": ["product"] });
    let made = api.post("/api/v1/keys", &key).await;
    let product = format!("Bearer {}", made.json["secret"].as_str().unwrap());
    let begun = begin(&api, &json!({ "program": DRAFT, "from": from })).await;
    let id = begun.json["id"].as_str().unwrap();
    let seen = ended(&api, id).await;
    let players = |result: &Value| {
        let count = |kind: &str| result[kind].as_array().unwrap().len();
        count("gained") + count("lost")
    };
    assert!(players(&seen["result"]) > 0, "{seen}");
    let path = format!("/api/v1/program/simulations/{id}");
    let answer = api.send_bare(ask("GET", &path).header("authorization", &product)).await;
    let result = &answer.json["result"];
    assert_eq!(players(result), 0, "{answer:?}");
    assert_eq!(result["was"], seen["result"]["was"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_of_a_cluster_says_that_it_does_not_simulate() {
    let cluster = Cluster::start().await;
    let body = json!({ "program": DRAFT, "from": "2020-01-01T00:00:00Z" });
    for api in cluster.both() {
        let answer = begin(api, &body).await;
        assert_eq!((answer.status.as_u16(), &answer.json["code"]), (501, &json!("only_embedded")));
    }
}
