//! Wagers raise signals, their points are held, and people decide about them, in both forms.

use serde_json::{Value, json};

use crate::cluster::fake::Cluster;
use crate::harness::{Answer, Api, ask, wager};

/// From the third wager on points are held; a stake of more than ten times the mean is only told of.
const PROGRAM: &str = "\
currency: EUR
earning: { multipliers: { slots: 0.1 } }
signals:
  - { name: often, kind: velocity, over: { wagers: 2, within: 12h }, hold: true }
  - { name: jump, kind: stakeJump, over: { times: 10, after: 1 } }
";

async fn get(api: &Api, path: &str) -> Value {
    let answer = api.get(path).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

fn is(answer: &Answer, status: u16, code: &str) {
    let found = (answer.status.as_u16(), &answer.json["code"]);
    assert_eq!(found, (status, &json!(code)), "{answer:?}");
}

async fn points(api: &Api, player: &str) -> Value {
    let balance = get(api, &format!("/api/v1/players/{player}/balance")).await;
    json!(["pointsBalance", "available", "pending", "held"].map(|name| &balance[name]))
}

/// Asks through one node, and reads through another.
async fn wagers_are_held_until_a_person_decides(api: &Api, other: &Api) {
    let body = json!({ "why": "abuse", "program": PROGRAM });
    let publish = ask("POST", "/api/v1/program/versions").json(&body).header("if-match", "1");
    assert_eq!(api.send(publish).await.status, 201);
    for (number, stake) in [10, 101, 20, 30].into_iter().enumerate() {
        let mut wager = wager(&format!("w-{number}"), "p1");
        wager["wagerAmount"] = json!(stake);
        assert_eq!(api.wager(&wager).await["outcome"], "counted");
    }
    assert_eq!(points(other, "p1").await, json!([16.1, 11.1, 0.0, 5.0]));

    let listed = get(other, "/api/v1/players/p1/signals").await;
    let [jump, third, fourth] = &listed["items"].as_array().unwrap()[..] else {
        panic!("three are raised: {listed}")
    };
    assert_eq!(
        json!([jump["state"], jump["wagerId"], jump["points"], jump["by"]]),
        json!(["noted", "w-1", 0.0, null])
    );
    assert_eq!(
        jump["signals"],
        json!([{ "name": "jump", "kind": "stakeJump", "observed": 10.1, "line": 10 }])
    );
    assert_eq!(
        json!([third["state"], third["wagerId"], third["points"], third["closedAt"]]),
        json!(["open", "w-2", 2.0, null])
    );
    let open = get(other, "/api/v1/signals?state=open").await;
    assert_eq!(open["items"], json!([third, fourth]));
    is(&api.get("/api/v1/signals?state=taken").await, 400, "bad_query");
    let first = get(api, "/api/v1/players/p1/signals?limit=2").await;
    assert_eq!(first["items"], json!([jump, third]));

    let topic = "/local/topics/fraud.signals?from=earliest";
    let told = other.on_socket(ask("GET", topic)).await.text;
    let told: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<&Value> = told.iter().map(|line| &line["value"]["signalId"]).collect();
    assert_eq!(ids, [jump, third, fourth].map(|signal| &signal["id"]));
    let (key, value) = (&told[0]["key"], &told[0]["value"]);
    assert_eq!(json!([key, value["playerId"]]), json!(["p1", "p1"]));
    for (name, shown) in [
        ("wagerId", "wagerId"),
        ("state", "state"),
        ("points", "points"),
        ("signals", "signals"),
        ("wageredAt", "wageredAt"),
        ("timestamp", "raisedAt"),
        ("programVersion", "programVersion"),
    ] {
        assert_eq!(value[name], jump[shown], "{name}");
    }

    let of = |signal: &Value, what: &str| {
        format!("/api/v1/signals/{}{what}", signal["id"].as_str().unwrap())
    };
    assert_eq!(get(api, &of(third, "")).await, *third);
    is(&api.post(&of(third, "/release"), &json!({})).await, 400, "malformed");
    let why = json!({ "why": "looked at it" });
    let dry = api.post(&of(third, "/release?dryRun=true"), &why).await.json;
    assert_eq!(
        json!([dry["state"], dry["why"], dry["dryRun"]]),
        json!(["released", "looked at it", true])
    );
    let released = other.post(&of(third, "/release"), &why).await;
    assert_eq!((released.status.as_u16(), &released.json["state"]), (200, &json!("released")));
    assert_eq!(released.json["why"], "looked at it");
    assert!(released.json["by"].is_string(), "{released:?}");
    assert_eq!(api.post(&of(third, "/release"), &why).await.json, released.json);
    is(&api.post(&of(third, "/take"), &why).await, 409, "signal_closed");
    is(&api.post(&of(jump, "/take"), &why).await, 409, "signal_closed");
    is(&api.post("/api/v1/signals/0-0-1-1/take", &why).await, 404, "not_found");
    assert_eq!(points(other, "p1").await, json!([16.1, 13.1, 0.0, 3.0]));

    let taken = api.post(&of(fourth, "/take"), &why).await;
    assert_eq!((taken.status.as_u16(), &taken.json["state"]), (200, &json!("taken")));
    assert_eq!(points(other, "p1").await, json!([13.1, 13.1, 0.0, 0.0]));
    let ledger = get(other, "/api/v1/players/p1/ledger?kind=adjusted").await;
    let entry = &ledger["items"][0];
    assert_eq!(entry["cause"], json!({ "type": "signal", "id": fourth["id"] }));
    assert_eq!(json!([entry["points"], entry["lots"]["changed"][0]["held"]]), json!([-3.0, true]));
    assert_eq!(get(api, "/api/v1/signals").await["items"], json!([]));
    for node in [api, other] {
        let told = node.on_socket(ask("GET", topic)).await.text;
        let told = told.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let decided = told
            .skip(3)
            .map(|line| json!([line["key"], line["value"]["signalId"], line["value"]["state"]]));
        let expected = json!([["p1", third["id"], "released"], ["p1", fourth["id"], "taken"]]);
        assert_eq!(json!(decided.collect::<Vec<_>>()), expected);
    }
}

/// An operator's own model says what it has found.
async fn signals_are_raised_from_outside(api: &Api, other: &Api) {
    let mut staked = wager("w-out", "p2");
    staked["wagerAmount"] = json!(100);
    assert_eq!(api.wager(&staked).await["outcome"], "counted");
    let signals = "/api/v1/players/p2/signals";
    let body = json!({ "name": "ring", "wagerId": "w-out", "hold": true, "why": "score 0.97" });
    for (bad, pointer) in [
        (json!({ "why": "x" }), "/name"),
        (json!({ "name": "ring" }), "/why"),
        (json!({ "name": "ring", "why": "x", "hold": true }), "/wagerId"),
        (json!({ "name": "ring", "why": "x", "wagerId": "w", "hold": "yes" }), "/hold"),
    ] {
        let refused = api.post(signals, &bad).await;
        assert_eq!((refused.status.as_u16(), refused.pointers()), (400, vec![pointer]));
    }
    is(&api.post("/api/v1/players/nobody/signals", &body).await, 404, "not_found");
    let unknown = json!({ "name": "ring", "wagerId": "w-0", "why": "x" });
    is(&api.post(signals, &unknown).await, 404, "not_found");
    let dry = api.post(&format!("{signals}?dryRun=true"), &body).await.json;
    assert_eq!(json!([dry["id"], dry["state"], dry["dryRun"]]), json!([null, "open", true]));
    let noted = json!({ "name": "ring", "why": "score 0.5" });
    let dry = api.post(&format!("{signals}?dryRun=true"), &noted).await.json;
    assert_eq!(json!([dry["state"], dry["wagerId"]]), json!(["noted", null]));
    assert_eq!(points(other, "p2").await, json!([10.0, 10.0, 0.0, 0.0]));

    let raised = other.post(signals, &body).await;
    assert_eq!(raised.status, 200, "{raised:?}");
    let raised = raised.json;
    assert_eq!(
        json!([
            raised["state"],
            raised["wagerId"],
            raised["points"],
            raised["raisedWhy"],
            raised["why"]
        ]),
        json!(["open", "w-out", 10.0, "score 0.97", null])
    );
    assert_eq!(
        raised["signals"],
        json!([{ "name": "ring", "kind": "outside", "observed": 0, "line": 0 }])
    );
    assert!(raised["raisedBy"].is_string(), "{raised}");
    assert_eq!(points(api, "p2").await, json!([10.0, 0.0, 0.0, 10.0]));
    assert_eq!(get(api, "/api/v1/signals?state=open").await["items"], json!([raised]));
    let noted = api.post(signals, &json!({ "name": "seen", "why": "before" })).await.json;
    assert_eq!(json!([noted["state"], noted["points"]]), json!(["noted", 0.0]));
    let listed = get(other, signals).await;
    assert_eq!(listed["items"], json!([raised, noted]));

    let why = json!({ "why": "looked at it" });
    let take = format!("/api/v1/signals/{}/take", raised["id"].as_str().unwrap());
    let taken = api.post(&take, &why).await.json;
    assert_eq!(json!([taken["state"], taken["why"]]), json!(["taken", "looked at it"]));
    assert_eq!(points(other, "p2").await, json!([0.0, 0.0, 0.0, 0.0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_holds_the_points_of_wagers_that_look_like_abuse() {
    let api = Api::start().await;
    wagers_are_held_until_a_person_decides(&api, &api).await;
    signals_are_raised_from_outside(&api, &api).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_does_so_through_either_node() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    wagers_are_held_until_a_person_decides(a, b).await;
    signals_are_raised_from_outside(a, b).await;
}
