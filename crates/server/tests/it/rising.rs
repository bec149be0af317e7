//! A player who rises: tiers and promotions from the program to the wager's explanation, in both forms.

use std::time::{Duration, Instant};

use accolade_engine::behaviour::FIRST;
use serde_json::{Value, json};

use crate::cluster::fake::Cluster;
use crate::harness::{Api, Ask, ask, void, wager};

/// Bronze, silver from 10.00, gold from 100.00; slots are doubled from 2020 on, and there is a bonus for each wager
/// in Malta. What has ended, or holds elsewhere, does not count.
const PROGRAM: &str = "\
currency: EUR
timezone: Europe/Malta
earning: { multipliers: { slots: 0.1 } }
tiers:
  window: { rolling: 30d }
  levels:
    - { name: bronze, from: 0 }
    - { name: silver, from: 10, multiplier: 1.5 }
    - { name: gold, from: 100, multiplier: 2 }
  grace: 10d
promotions:
  - { name: doubled, from: 2020-01-01T00:00:00Z, multiply: 2 }
  - { name: over, to: 2020-01-01T00:00:00Z, multiply: 100 }
  - { name: elsewhere, jurisdictions: [Ontario], multiply: 100 }
  - { name: welcome, every: { hours: [\"00:00-24:00\"] }, jurisdictions: [Malta], bonus: 0.50 }
";

fn publication() -> Ask {
    let body = json!({ "why": "rising", "program": PROGRAM });
    ask("POST", "/api/v1/program/versions").json(&body).header("if-match", "1")
}

async fn publish(api: &Api) {
    let published = api.send(publication()).await;
    assert_eq!(published.status, 201, "{published:?}");
}

fn staking(id: &str, stake: f64) -> Value {
    let mut wager = wager(id, "p1");
    wager["wagerAmount"] = json!(stake);
    wager
}

async fn balance(api: &Api) -> Value {
    let answer = api.get("/api/v1/players/p1/balance").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

/// Publishes through one node, plays through it, and reads through another.
async fn a_player_rises_and_sees_why(api: &Api, other: &Api) {
    publish(api).await;
    let first = api.wager(&staking("r1", 47.0)).await;
    assert_eq!(first["points"], json!(9.9), "{first}");
    assert_eq!(first["multiplier"], json!(0.2));
    let bronze = balance(other).await;
    assert_eq!((&bronze["tier"], &bronze["tierPoints"]), (&json!("bronze"), &json!(9.9)));
    assert_eq!(bronze["nextTier"], json!({ "name": "silver", "missingPoints": 0.1 }));
    // The one that crosses the line is judged by the tier before it.
    assert_eq!(api.wager(&staking("r2", 10.0)).await["points"], json!(2.5));
    let silver = balance(other).await;
    assert_eq!((&silver["tier"], &silver["tierPoints"]), (&json!("silver"), &json!(12.4)));
    assert_eq!(api.wager(&staking("r3", 10.0)).await["points"], json!(3.5));

    let explained = other.get("/api/v1/wagers/r3/explanation").await.json;
    let parts = json!({
        "base": 0.1, "rate": 1, "tier": { "name": "silver", "multiplier": 1.5 },
        "promotions": [
            { "name": "doubled", "multiply": 2, "bonus": 0.0 },
            { "name": "welcome", "multiply": 1, "bonus": 0.5 },
        ],
    });
    assert_eq!(explained["parts"], parts, "{explained}");
    let stage = |name: &str| {
        let stages = explained["stages"].as_array().unwrap();
        let stage = stages.iter().find(|stage| stage["stage"] == name).unwrap();
        (stage["result"].as_str().unwrap().to_owned(), stage["detail"].as_str().unwrap().to_owned())
    };
    let (multiplier, made_of) = stage("multiplier");
    assert_eq!(multiplier, "0.3");
    assert_eq!(made_of, "base 0.1 × rate 1 × tier silver 1.5 × promotion doubled 2");
    assert_eq!(stage("points").1, "stake × multiplier + promotion welcome 0.50, rounded, then cut");
    let ledger = other.get("/api/v1/players/p1/ledger?limit=1").await.json;
    let entry = &ledger["items"][0];
    assert_eq!((&entry["tier"], &entry["parts"]), (&json!("silver"), &parts));

    // A void takes its points out of the window; the level is kept for the grace.
    api.wager(&void("r1", "p1")).await;
    let kept = balance(other).await;
    assert_eq!((&kept["tier"], &kept["tierPoints"]), (&json!("silver"), &json!(6.0)));
    assert_eq!(api.wager(&staking("r4", 1000.0)).await["points"], json!(300.5));
    assert_eq!(balance(other).await["tier"], "gold");
    assert_eq!(balance(other).await["nextTier"], json!(null));
}

/// Points wait a day, and expire with the month that is two months later.
const WAITING: &str = "\
currency: EUR
earning: { multipliers: { slots: 0.1 } }
pending: { for: 24h }
expiry: { after: 2mo }
voids: pending
";

/// Publishes through one node, plays through it, and reads through another.
async fn points_wait_and_will_expire(api: &Api, other: &Api) {
    let body = json!({ "why": "waiting", "program": WAITING });
    let publish = ask("POST", "/api/v1/program/versions").json(&body).header("if-match", "1");
    assert_eq!(api.send(publish).await.status, 201);
    for (id, stake) in [("q1", 100.0), ("q2", 50.0)] {
        assert_eq!(api.wager(&staking(id, stake)).await["outcome"], "counted");
    }
    let waiting = balance(other).await;
    let of = |balance: &Value| {
        json!(["pointsBalance", "available", "pending", "owed"].map(|name| &balance[name]))
    };
    assert_eq!(of(&waiting), json!([15.0, 0.0, 15.0, 0.0]));
    let expiring = &waiting["expiring"];
    assert_eq!(expiring["points"], json!(15.0));
    let at = expiring["at"].as_str().unwrap();
    assert!(at.ends_with("-01T00:00:00Z"), "{at}");

    let voided = api.wager(&void("q1", "p1")).await;
    assert_eq!(voided["points"], json!(-10.0));
    let left = balance(other).await;
    assert_eq!(of(&left), json!([5.0, 0.0, 5.0, 0.0]));
    let ledger = other.get("/api/v1/players/p1/ledger").await.json;
    let lots = |number: usize| {
        let lots = &ledger["items"][number]["lots"];
        let lot = &lots["changed"][0];
        assert!(lot["maturesAt"].is_string(), "{ledger}");
        assert_eq!(lots["owed"], json!(0.0));
        lot["points"].clone()
    };
    assert_eq!(json!([lots(0), lots(1), lots(2)]), json!([-10.0, 5.0, 10.0]));
    let none = other.get("/api/v1/players/p1/ledger?kind=expired").await.json;
    assert_eq!(none["items"], json!([]));
}

#[tokio::test]
async fn points_wait_in_the_embedded_form() {
    let api = Api::start().await;
    points_wait_and_will_expire(&api, &api).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn points_wait_in_a_cluster_through_either_node() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    points_wait_and_will_expire(a, b).await;
}

#[tokio::test]
async fn a_player_rises_in_the_embedded_form() {
    let api = Api::start().await;
    a_player_rises_and_sees_why(&api, &api).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_player_rises_in_a_cluster_through_either_node() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    a_player_rises_and_sees_why(a, b).await;
}

#[tokio::test]
async fn a_program_that_brings_tiers_gives_each_player_one_by_what_was_earned_before() {
    let api = Api::start().await;
    api.wager(&staking("r1", 1000.0)).await;
    assert_eq!(balance(&api).await["tier"], json!(null));
    publish(&api).await;
    becomes_gold(&api).await;
}

/// A level comes with what was earned before, which is a hundred points.
async fn becomes_gold(api: &Api) {
    // It begins in the player's partition with the next batch there.
    let until = Instant::now() + Duration::from_secs(30);
    let mut risen = balance(api).await;
    while risen["tier"].is_null() && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(10)).await;
        risen = balance(api).await;
    }
    assert_eq!((&risen["tier"], &risen["tierPoints"]), (&json!("gold"), &json!(100.0)));
}

#[tokio::test]
async fn a_log_that_began_with_behaviour_1_has_tiers_once_it_is_switched_to_2() {
    let older = Api::knowing(&[FIRST]).await.with_program().await;
    older.wager(&staking("r1", 1000.0)).await;
    let api = older.restart(|_| ());
    let refused = api.send(publication()).await;
    assert_eq!((refused.status.as_u16(), refused.pointers()[0]), (422, "/program/tiers"));
    let schema = async || api.get("/api/v1/program/schema").await.json["properties"].clone();
    assert_eq!(schema().await["tiers"], json!(null));

    let switch = ask("POST", "/local/behaviour").json(&json!({ "number": 2 }));
    let switched = api.on_socket(switch).await;
    assert_eq!((switched.status.as_u16(), &switched.json["behaviour"]), (200, &json!(2)));
    publish(&api).await;
    assert!(schema().await["tiers"].is_object());
    becomes_gold(&api).await;
    let kept = balance(&api).await;
    assert_eq!((&kept["pointsBalance"], &kept["available"]), (&json!(100.0), &json!(100.0)));
}
