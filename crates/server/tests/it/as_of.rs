//! A balance as of a time is what the balance was then, in both forms.

use serde_json::{Value, json};

use crate::cluster::fake::Cluster;
use crate::harness::{Api, ask, void, wager};

const BALANCE: &str = "/api/v1/players/p1/balance";

const FIRST: &str = "\
currency: EUR
earning: { multipliers: { slots: 0.1 } }
tiers:
  window: { rolling: 30d }
  grace: 5d
  levels: [{ name: bronze, from: 0 }, { name: silver, from: 15, multiplier: 2 }, { name: gold, from: 50 }]
voids: balance
expiry: { after: 12mo }
redemption: { minPoints: 5, holdFor: 1h }
";

const SECOND: &str = "\
currency: EUR
earning: { multipliers: { slots: 0.2 } }
tiers: { window: { calendar: year }, levels: [{ name: low, from: 0 }, { name: gold, from: 30 }] }
pending: { for: 48h }
voids: pending
redemption: { minPoints: 5, holdFor: 1h }
signals: [{ name: fast, kind: velocity, over: { wagers: 2, within: 1h }, hold: true }]
";

async fn publish(api: &Api, version: &str, program: &str) {
    let body = json!({ "why": "as of", "program": program });
    let publish = ask("POST", "/api/v1/program/versions").json(&body).header("if-match", version);
    assert_eq!(api.send(publish).await.status, 201);
}

async fn post(api: &Api, path: &str, body: &Value) -> Value {
    let answer = api.post(&format!("/api/v1/{path}"), body).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json
}

async fn balance(api: &Api, query: &str) -> Value {
    let answer = api.get(&format!("{BALANCE}{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

/// What a balance says, whenever it is asked.
fn lasting(mut balance: Value) -> Value {
    for name in ["asOf", "version", "lastUpdated"] {
        balance.as_object_mut().unwrap().remove(name);
    }
    balance
}

fn id(made: &Value) -> &str {
    made["id"].as_str().unwrap()
}

/// Balances as they are, each with the time at which it became so.
#[derive(Default)]
struct Seen(Vec<(String, Value)>);

impl Seen {
    async fn look(&mut self, api: &Api) {
        let now = balance(api, "").await;
        self.0.push((now["lastUpdated"].as_str().unwrap().to_owned(), lasting(now)));
    }

    async fn are_as_of_their_times(&self, api: &Api) {
        for (at, seen) in &self.0 {
            let then = balance(api, &format!("?asOf={at}")).await;
            assert_eq!(json!([then["asOf"], then["version"]]), json!([at, null]));
            assert_eq!(lasting(then), *seen, "as of {at}");
        }
    }
}

async fn earn(api: &Api, seen: &mut Seen, id: &str, stake: f64) {
    let mut wager = wager(id, "p1");
    wager["wagerAmount"] = json!(stake);
    assert_eq!(api.wager(&wager).await["outcome"], "counted");
    seen.look(api).await;
}

async fn take_back(api: &Api, seen: &mut Seen, id: &str) {
    assert_eq!(api.wager(&void(id, "p1")).await["outcome"], "voided");
    seen.look(api).await;
}

/// Asks through one node, and reads through another.
async fn a_balance_is_known_as_of_any_time(api: &Api, other: &Api) -> Seen {
    let (why, mut seen) = (json!({ "why": "a reason" }), Seen::default());
    publish(api, "1", FIRST).await;
    for (wager, stake) in [("w1", 100.0), ("w2", 100.0), ("w3", 60.0)] {
        earn(api, &mut seen, wager, stake).await;
    }
    let reserve = json!({ "points": 20, "item": "spins" });
    let first = post(api, "players/p1/redemptions", &reserve).await;
    seen.look(api).await;
    let second = post(api, "players/p1/redemptions", &json!({ "points": 6 })).await;
    seen.look(api).await;
    post(api, &format!("redemptions/{}/cancel", id(&second)), &why).await;
    seen.look(api).await;
    let raise = json!({ "name": "model", "wagerId": "w3", "hold": true, "why": "odd" });
    let raised = post(api, "players/p1/signals", &raise).await;
    seen.look(api).await;
    take_back(api, &mut seen, "w1").await;
    post(api, &format!("signals/{}/release", id(&raised)), &why).await;
    seen.look(api).await;
    let confirm = format!("/api/v1/redemptions/{}/confirm", id(&first));
    assert_eq!(api.send(ask("POST", &confirm)).await.status, 200);
    seen.look(api).await;

    publish(api, "2", SECOND).await;
    earn(api, &mut seen, "w4", 100.0).await;
    earn(api, &mut seen, "w5", 50.0).await;
    post(api, "players/p1/adjustments", &json!({ "points": 7.5, "why": "a gift" })).await;
    seen.look(api).await;
    earn(api, &mut seen, "w6", 70.0).await;
    let open = other.get("/api/v1/players/p1/signals").await.json;
    let held = open["items"].as_array().unwrap().iter().find(|item| item["state"] == "open");
    post(api, &format!("signals/{}/take", id(held.unwrap())), &why).await;
    seen.look(api).await;
    // Of the first nothing is left, and for the last nothing is pending any more: they leave no entries.
    for wager in ["w6", "w5", "w4", "w2"] {
        take_back(api, &mut seen, wager).await;
    }
    let opening = json!({ "points": 300 });
    post(api, "players/p1/opening", &opening).await;
    seen.look(api).await;

    seen.are_as_of_their_times(other).await;
    let tiers = seen.0.iter().map(|(_, balance)| balance["tier"].as_str().unwrap());
    let tiers: std::collections::BTreeSet<_> = tiers.collect();
    assert_eq!(tiers, ["bronze", "gold", "low", "silver"].into());
    let ever = |name: &str| seen.0.iter().any(|(_, balance)| balance[name] != json!(0.0));
    for name in ["reserved", "pending", "held", "owed", "expiring"] {
        assert!(ever(name), "{name}");
    }
    let to_come = balance(other, "?asOf=2100-01-01T00:00:00Z").await;
    assert_eq!(lasting(to_come), seen.0.last().unwrap().1);
    let before = balance(other, "?asOf=2021-01-01T00:00:00Z").await;
    assert_eq!(
        json!([before["pointsBalance"], before["available"], before["tier"]]),
        json!([0.0, 0.0, null])
    );
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_knows_a_balance_as_of_any_time() {
    let api = Api::start().await;
    let seen = a_balance_is_known_as_of_any_time(&api, &api).await;
    // So it does when what is kept lies on the disk.
    seen.are_as_of_their_times(&api.restart(|_| ())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_does_so_through_either_node() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    a_balance_is_known_as_of_any_time(a, b).await;
}

/// Beyond so many entries only the balance is known of the past.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_very_long_past_only_the_balance_is_told() {
    let api = Api::start().await;
    let wagers = |from: usize| {
        let wagers = (from..from + 5_001).map(|number| {
            let mut wager = wager(&format!("w{number}"), "p1");
            wager["wagerAmount"] = json!(1);
            wager
        });
        Value::Array(wagers.collect())
    };
    for from in [0, 5_001] {
        let answer = api.post("/api/v1/wagers?wait=applied", &wagers(from)).await;
        assert_eq!(answer.json["accepted"], 5_001, "{answer:?}");
    }
    let now = balance(&api, "").await;
    assert_eq!(now["pointsBalance"], json!(1_000.2));
    let page = api.get("/api/v1/players/p1/ledger?order=asc&limit=1").await.json;
    let at = page["items"][0]["recordTime"].as_str().unwrap();
    let then = balance(&api, &format!("?asOf={at}")).await;
    assert_ne!(then["pointsBalance"], now["pointsBalance"]);
    assert_eq!(json!([then["available"], then["owed"]]), json!([null, null]));
    let present = balance(&api, "?asOf=2100-01-01T00:00:00Z").await;
    assert_eq!(lasting(present), lasting(now));
}
