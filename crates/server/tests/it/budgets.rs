//! Budgets of promotions from the program to the wager's explanation, in both forms.

use std::time::{Duration, Instant};

use accolade_wire::identity::partition_of;
use serde_json::{Value, json};

use crate::cluster::fake::Cluster;
use crate::harness::{Api, ask, void, wager};

const PROGRAM: &str = "\
currency: EUR
earning: { multipliers: { slots: 0.1 } }
promotions:
  - { name: launch, bonus: 7, budget: { points: 100, perPlayer: 50 } }
  - { name: hello, bonus: 0.50, budget: { perPlayer: 1 } }
";

async fn publish(api: &Api) {
    let body = json!({ "why": "launch", "program": PROGRAM });
    let publish = ask("POST", "/api/v1/program/versions").json(&body).header("if-match", "1");
    assert_eq!(api.send(publish).await.status, 201);
}

async fn budget(api: &Api, promotion: &str) -> Value {
    let answer = api.get("/api/v1/program/budgets").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let items = answer.json["items"].as_array().unwrap();
    items.iter().find(|item| item["promotion"] == promotion).unwrap().clone()
}

async fn explained(api: &Api, id: &str) -> Value {
    api.get(&format!("/api/v1/wagers/{id}/explanation")).await.json
}

fn hundredths(points: &Value) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a few hundred points")]
    let hundredths = (points.as_f64().unwrap() * 100.0).round() as i64;
    hundredths
}

/// Players of the first so many of four partitions.
fn players(partitions: u16) -> Vec<String> {
    let names = (0..).map(|number| format!("p{number}"));
    names.filter(|name| partition_of(name, 4) < partitions).take(12).collect()
}

/// Plays through both nodes, and reads through either.
async fn a_budget_is_used_to_the_last_point_and_never_more(
    api: &Api,
    other: &Api,
    players: &[String],
) {
    publish(api).await;
    let untouched = json!({
        "promotion": "launch", "points": 100.0, "perPlayer": 50.0, "given": 0.0, "rest": 100.0
    });
    assert_eq!(budget(other, "launch").await, untouched);
    let until = Instant::now() + Duration::from_mins(1);
    let (mut earned, mut cut, mut whole) = (Vec::new(), None, None);
    let mut rounds = 0;
    while budget(other, "launch").await["rest"] != 0.0 {
        rounds += 1;
        assert!(Instant::now() < until, "{} after {earned:?}", budget(api, "launch").await);
        for (at, player) in players.iter().enumerate() {
            let id = format!("w-{at}-{rounds}");
            let through = if at % 2 == 0 { api } else { other };
            let mut wager = wager(&id, player);
            wager["wagerAmount"] = json!(1);
            let counted = through.wager(&wager).await;
            let points = hundredths(&counted["points"]);
            if points < 710 {
                cut.get_or_insert(id);
            } else {
                whole.get_or_insert((id, player));
            }
            earned.push(points);
        }
        let launch = hundredths(&budget(api, "launch").await["given"]);
        assert!(launch <= 10_000, "{launch}");
    }
    let hello = budget(api, "hello").await;
    assert_eq!(
        json!([hello["points"], hello["perPlayer"], hello["rest"]]),
        json!([null, 1.0, null])
    );
    let hello = hundredths(&hello["given"]);
    assert!(hello <= 1_200, "{hello}");
    // Each wager of 1.00 earns 0.10 without any promotion.
    let given: i64 = earned.iter().map(|points| points - 10).sum();
    assert_eq!(given, 10_000 + hello);

    let id = cut.expect("the last wagers got less");
    let why = explained(other, &id).await;
    assert_eq!(why["budgets"][0]["promotion"], "launch");
    let (given, cut) = (&why["budgets"][0]["given"], &why["budgets"][0]["cut"]);
    assert_eq!(hundredths(given) + hundredths(cut), 700, "{why}");
    let stages = why["stages"].as_array().unwrap();
    let stage = stages.iter().find(|stage| stage["stage"] == "budgets").unwrap();
    let words = format!("the budget of promotion launch gave {:.2}", given.as_f64().unwrap());
    assert!(stage["detail"].as_str().unwrap().starts_with(&words), "{stage}");

    // What a void gives back is there for the next wager of the partition.
    let (id, player) = whole.expect("there is enough for some wagers");
    let taken = hundredths(&explained(api, &id).await["budgets"][0]["given"]);
    assert_eq!(taken, 700);
    assert_eq!(api.wager(&void(&id, player)).await["outcome"], "voided");
    assert_eq!(hundredths(&budget(other, "launch").await["given"]), 10_000 - taken);
    let next = other.wager(&wager("w-next", player)).await;
    assert!(hundredths(&next["points"]) > 1_000, "{next}");
    assert!(hundredths(&budget(api, "launch").await["given"]) <= 10_000);
}

#[tokio::test]
async fn a_budget_is_kept_in_the_embedded_form() {
    let api = Api::start().await;
    a_budget_is_used_to_the_last_point_and_never_more(&api, &api, &players(4)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_is_kept_in_a_cluster_through_either_node() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    // The nodes of the test do not hear each other's messages: the players are those of one of them.
    a_budget_is_used_to_the_last_point_and_never_more(a, b, &players(2)).await;
}
