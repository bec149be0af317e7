//! The catalogue of rewards, and stocks that are never oversold, in both forms.

use std::time::Duration;

use accolade_server::Lent;
use accolade_server::roles::Role;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::cluster::fake::Cluster;
use crate::harness::{Answer, Api, OPERATOR, ask, now_micros, time, wager};

/// What comes by a message is there sooner than this.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(5);

const REWARDS: &str = "/api/v1/rewards";

fn is(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status.as_u16(), &answer.json["code"]),
        (status, &json!(code)),
        "{answer:?}"
    );
}

fn of(reward: &str, what: &str) -> String {
    format!("{REWARDS}/{reward}{what}")
}

fn redemptions(player: &str) -> String {
    format!("/api/v1/players/{player}/redemptions")
}

fn well(answer: Answer) -> Value {
    assert!(answer.status.is_success(), "{answer:?}");
    answer.json
}

async fn add(api: &Api, id: &str, more: Value) -> Value {
    let mut body = json!({ "id": id, "name": format!("a {id}"), "points": 1, "kind": "thing" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    well(api.post(REWARDS, &body).await)
}

async fn restock(api: &Api, reward: &str, by: i64) -> Value {
    well(api.post(&of(reward, "/stock"), &json!({ "by": by, "why": "a test" })).await)
}

/// A wager, of whose stake a tenth is points.
async fn earn(api: &Api, player: &str, stake: f64) {
    let mut wager = wager(&format!("w-{player}"), player);
    wager["wagerAmount"] = json!(stake);
    assert_eq!(api.wager(&wager).await["outcome"], "counted");
}

async fn patch(api: &Api, reward: &str, body: &Value) -> Answer {
    api.send(ask("PATCH", &of(reward, "")).json(body)).await
}

/// Asks through one node, and reads through another.
async fn a_catalogue_is_what_was_said_of_it_last(api: &Api, other: &Api) {
    let body = json!({
        "id": "coin", "name": "A coin", "description": "Of its own chain.", "picture": "https://example.com/coin.png",
        "points": 12.5, "kind": "crypto", "value": { "amount": "0.000000000000000001", "currency": "ETH" },
        "from": "2026-01-01T00:00:00Z", "until": null, "tiers": ["gold"], "limit": { "count": 2, "per": "month" },
    });
    let dry = api.post(&format!("{REWARDS}?dryRun=true"), &body).await;
    assert_eq!((dry.status.as_u16(), &dry.json["dryRun"]), (200, &json!(true)), "{dry:?}");
    let request = || ask("POST", REWARDS).json(&body).header("idempotency-key", "first");
    let added = api.send(request()).await;
    assert_eq!(added.status, 201, "{added:?}");
    let mut expected = body.clone();
    let rest = json!({
        "segments": [], "jurisdictions": [], "stocked": false, "withdrawn": false,
    });
    expected.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    assert_eq!(added.json, expected);
    let again = other.send(request()).await;
    assert_eq!((again.status.as_u16(), &again.json), (201, &expected));
    is(&other.post(REWARDS, &body).await, 409, "reward_exists");
    let made = well(api.post(REWARDS, &json!({ "name": "b", "points": 1, "kind": "x" })).await);
    let listed = well(other.get(REWARDS).await);
    assert_eq!(listed["items"], json!([expected, made]));

    let changed = patch(other, "coin", &json!({ "points": 10, "value": null })).await.json;
    assert_eq!(json!([changed["points"], changed["value"]]), json!([10.0, null]));
    assert_eq!(changed["description"], expected["description"]);
    assert_eq!(well(api.get(&of("coin", "")).await), changed);
    let gone = patch(api, "coin", &json!({ "withdrawn": true })).await.json;
    assert_eq!(gone["withdrawn"], true);
    is(&patch(other, "coin", &json!({ "points": 11 })).await, 409, "reward_withdrawn");
    assert_eq!(patch(other, "coin", &json!({ "withdrawn": true })).await.json, gone);
    assert_eq!(well(other.get(REWARDS).await)["items"], json!([made]));
    let history = well(other.get(&of("coin", "/history")).await);
    let history = history["items"].as_array().unwrap();
    let said: Vec<_> = history.iter().map(|said| &said["reward"]).collect();
    assert_eq!(json!(said), json!([expected, changed, gone]));
    assert!(history.iter().all(|said| said["who"].is_string() && said["at"].is_string()));
    is(&api.get(&of("nothing", "")).await, 404, "not_found");
    is(&api.get(&of("nothing", "/stock")).await, 404, "not_found");
    is(&api.post(&of("nothing", "/stock"), &json!({ "by": 1 })).await, 404, "not_found");
}

async fn what_is_no_reward_is_refused_with_its_field(api: &Api, _: &Api) {
    let good = json!({ "id": "mug", "name": "a", "points": 1, "kind": "b" });
    let wrong = [
        ("/name", json!({ "name": "" })),
        ("/points", json!({ "points": 0 })),
        ("/points", json!({ "points": 1.001 })),
        ("/points", json!({ "points": "1" })),
        ("/id", json!({ "id": "a/b" })),
        ("/kind", json!({ "kind": "\u{7}" })),
        ("/picture", json!({ "picture": "http://example.com/a.png" })),
        ("/picture", json!({ "picture": "javascript:alert(1)" })),
        ("/value", json!({ "value": { "amount": "0.0000000000000000001", "currency": "ETH" } })),
        ("/value", json!({ "value": { "amount": "-1", "currency": "ETH" } })),
        ("/value", json!({ "value": "one" })),
        ("/value/amount", json!({ "value": { "amount": 1, "currency": "ETH" } })),
        ("/value/currency", json!({ "value": { "amount": "1" } })),
        ("/value/of", json!({ "value": { "amount": "1", "currency": "ETH", "of": "x" } })),
        ("/from", json!({ "from": "tomorrow" })),
        ("/until", json!({ "from": "2026-01-02T00:00:00Z", "until": "2026-01-02T00:00:00Z" })),
        ("/tiers/1", json!({ "tiers": ["a", "a"] })),
        ("/tiers", json!({ "tiers": "gold" })),
        ("/tiers", json!({ "tiers": vec!["a"; 101] })),
        ("/segments/0", json!({ "segments": [5] })),
        ("/limit", json!({ "limit": 5 })),
        ("/limit/count", json!({ "limit": { "count": 0, "per": "day" } })),
        ("/limit/count", json!({ "limit": { "per": "day" } })),
        ("/limit/per", json!({ "limit": { "count": 1, "per": "hour" } })),
        ("/limit/Per", json!({ "limit": { "count": 1, "Per": "day" } })),
        ("/stocked", json!({ "stocked": "yes" })),
        ("/nmae", json!({ "nmae": "a" })),
        ("/withdrawn", json!({ "withdrawn": true })),
    ];
    for (pointer, change) in wrong {
        let mut body = good.clone();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = api.post(REWARDS, &body).await;
        is(&answer, 400, "malformed");
        assert_eq!(answer.pointers(), [pointer], "{answer:?}");
    }
    is(&api.post(REWARDS, &json!({ "name": "a", "points": 1 })).await, 400, "malformed");
    let limit = json!({ "id": "mug", "name": "a", "points": 1, "kind": "b", "limit": 5 });
    let answer = api.post(REWARDS, &limit).await;
    let expected = "expected an object of `count`, `per`, found `5`";
    assert_eq!(answer.json["errors"], json!([{ "pointer": "/limit", "detail": expected }]));
    add(api, "cup", json!({})).await;
    is(&api.post(&of("cup", "/stock"), &json!({ "by": 1 })).await, 409, "not_stocked");
    let mut good = good;
    good["stocked"] = json!(true);
    well(api.post(REWARDS, &good).await);
    for by in [json!(0), json!(1.5), json!(1_000_000_001), Value::Null] {
        is(&api.post(&of("mug", "/stock"), &json!({ "by": by })).await, 400, "malformed");
    }
    is(&patch(api, "mug", &json!({ "id": "cup" })).await, 400, "malformed");
}

async fn a_reward_is_redeemed_by_whom_it_is_for(api: &Api, other: &Api) {
    earn(api, "p1", 100.0).await;
    let tomorrow = time(now_micros() + 86_400_000_000);
    add(api, "soon", json!({ "from": tomorrow })).await;
    add(api, "tiered", json!({ "tiers": ["gold"] })).await;
    add(api, "vip", json!({ "segments": ["vip"], "jurisdictions": ["Malta"] })).await;
    add(api, "gone", json!({})).await;
    patch(api, "gone", &json!({ "withdrawn": true })).await;
    add(api, "daily", json!({ "points": 2.5, "limit": { "count": 1, "per": "day" } })).await;
    let redeem = async |body: Value| other.post(&redemptions("p1"), &body).await;
    is(&redeem(json!({ "rewardId": "nothing" })).await, 422, "no_such_reward");
    is(&redeem(json!({ "rewardId": "gone" })).await, 409, "reward_withdrawn");
    is(&redeem(json!({ "rewardId": "soon" })).await, 409, "reward_not_valid");
    is(&redeem(json!({ "rewardId": "tiered" })).await, 409, "tier_not_entitled");
    is(&redeem(json!({ "rewardId": "vip" })).await, 409, "segment_not_entitled");
    let vip = json!({ "rewardId": "vip", "playerSegment": "vip", "jurisdiction": "Sweden" });
    is(&redeem(vip).await, 409, "jurisdiction_not_entitled");
    let vip = json!({ "rewardId": "vip", "playerSegment": "vip", "jurisdiction": "Malta" });
    assert_eq!(well(redeem(vip.clone()).await)["rewardId"], "vip");
    is(&redeem(json!({ "rewardId": "vip", "points": 1 })).await, 400, "malformed");
    let dry = format!("{}?dryRun=true", redemptions("p1"));
    let dry = well(api.post(&dry, &json!({ "rewardId": "daily" })).await);
    assert_eq!(json!([dry["state"], dry["points"]]), json!(["reserved", 2.5]));
    let made = well(redeem(json!({ "rewardId": "daily" })).await);
    assert_eq!(
        json!([made["state"], made["points"], made["item"], made["rewardId"]]),
        json!(["reserved", 2.5, "a daily", "daily"])
    );
    is(&redeem(json!({ "rewardId": "daily" })).await, 409, "reward_limit");
    let path = format!("/api/v1/redemptions/{}", made["id"].as_str().unwrap());
    let why = json!({ "why": "a test" });
    well(api.post(&format!("{path}/cancel"), &why).await);
    let second = well(redeem(json!({ "rewardId": "daily" })).await);
    let confirm = format!("/api/v1/redemptions/{}/confirm", second["id"].as_str().unwrap());
    well(api.send(ask("POST", &confirm)).await);
    is(&redeem(json!({ "rewardId": "daily" })).await, 409, "reward_limit");

    // A player sees the catalogue, and does not say what they are.
    let operators = vec![OPERATOR.to_owned()];
    let lent = Lent { role: Role::Player, operators, player: Some("p1".into()) };
    other.service.lend("anna", lent);
    let own = async |method, path: &str, body: &Value| {
        other.send_bare(ask(method, path).json(body).header("authorization", "Bearer anna")).await
    };
    let listed =
        well(other.send_bare(ask("GET", REWARDS).header("authorization", "Bearer anna")).await);
    assert_eq!(listed["items"].as_array().unwrap().len(), 4);
    is(&own("POST", &redemptions("p1"), &vip).await, 403, "forbidden");
    let own_vip = json!({ "rewardId": "vip" });
    is(&own("POST", &redemptions("p1"), &own_vip).await, 409, "segment_not_entitled");
    is(&own("POST", REWARDS, &json!({})).await, 403, "forbidden");
    is(&own("POST", &redemptions("p2"), &json!({ "rewardId": "daily" })).await, 404, "not_found");
}

/// The same request again has the same answer, also where it was refused after it was made.
async fn a_stock_is_put_in_taken_and_given_back(api: &Api, other: &Api) {
    earn(api, "p3", 100.0).await;
    add(api, "mug", json!({ "stocked": true })).await;
    let redeem = || {
        let body = json!({ "rewardId": "mug" });
        ask("POST", &redemptions("p3")).json(&body).header("idempotency-key", "none")
    };
    is(&api.send(redeem()).await, 409, "out_of_stock");
    assert_eq!(restock(other, "mug", 2).await["left"], 2);
    is(&other.send(redeem()).await, 409, "out_of_stock");
    let too_many = other.post(&of("mug", "/stock"), &json!({ "by": -3 })).await;
    is(&too_many, 409, "out_of_stock");
    let dry = api.post(&of("mug", "/stock?dryRun=true"), &json!({ "by": 5 })).await;
    assert_eq!(json!([dry.json["left"], dry.json["dryRun"]]), json!([7, true]), "{dry:?}");
    let body = json!({ "rewardId": "mug" });
    let made = well(other.post(&redemptions("p3"), &body).await);
    assert_eq!(made["state"], "reserved", "{made}");
    let path = format!("/api/v1/redemptions/{}", made["id"].as_str().unwrap());
    let stock = async || {
        let stock = well(api.get(&of("mug", "/stock")).await);
        json!([stock["put"], stock["taken"], stock["left"]])
    };
    assert_eq!(stock().await, json!([2, 1, 1]));
    assert_eq!(restock(api, "mug", -1).await["left"], 0);
    is(&api.post(&redemptions("p3"), &body).await, 409, "out_of_stock");
    well(api.post(&format!("{path}/cancel"), &json!({ "why": "a test" })).await);
    // It is given back by a message, which comes soon.
    let given_back = async {
        while stock().await != json!([1, 0, 1]) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(PATIENCE, given_back).await.expect("it is given back");
    let first = well(other.get(&of("mug", "/stock?limit=1")).await);
    assert_eq!(json!([first["items"][0]["by"], first["items"][0]["left"]]), json!([2, 2]));
    let next = format!("/stock?cursor={}", first["nextCursor"].as_str().unwrap());
    let rest = well(api.get(&of("mug", &next)).await);
    assert_eq!(json!([rest["items"][0]["by"], rest["items"][0]["why"]]), json!([-1, "a test"]));
    let listed = well(other.get(&redemptions("p3")).await);
    let states = listed["items"].as_array().unwrap().iter().map(|it| it["state"].clone());
    assert_eq!(states.collect::<Vec<_>>(), ["cancelled"; 3]);
    let balance = well(api.get("/api/v1/players/p3/balance").await);
    assert_eq!(balance["reserved"], json!(0.0));
}

fn in_turn<'a>(number: usize, api: &'a Api, other: &'a Api) -> &'a Api {
    if number.is_multiple_of(2) { api } else { other }
}

/// 64 at once, of points for one and a stock of one.
async fn one_player_gets_one_of_one(api: &Api, other: &Api) {
    earn(api, "p4", 10.0).await;
    let balance = well(api.get("/api/v1/players/p4/balance").await);
    add(api, "all", json!({ "stocked": true, "points": balance["pointsBalance"] })).await;
    restock(api, "all", 1).await;
    let (path, body) = (redemptions("p4"), json!({ "rewardId": "all" }));
    let asked = (0..64).map(|number| in_turn(number, api, other).post(&path, &body));
    let answers = join_all(asked).await;
    let made = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(made.map(|answer| &answer.json["state"]).collect::<Vec<_>>(), ["reserved"]);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        is(answer, 409, "insufficient_points");
    }
    let stock = well(other.get(&of("all", "/stock")).await);
    assert_eq!(json!([stock["taken"], stock["left"]]), json!([1, 0]));
}

/// 64 players at once, for the last one.
async fn one_of_many_players_gets_the_last(api: &Api, other: &Api) {
    let players: Vec<_> = (0..64).map(|number| format!("q{number}")).collect();
    let wagers = players.iter().map(|player| wager(&format!("w-{player}"), player)).collect();
    let taken_in = api.post("/api/v1/wagers?wait=applied", &Value::Array(wagers)).await;
    assert_eq!(taken_in.status, 200, "{taken_in:?}");
    add(api, "last", json!({ "stocked": true })).await;
    restock(other, "last", 1).await;
    let body = json!({ "rewardId": "last" });
    let asked = players.iter().enumerate().map(async |(number, player)| {
        in_turn(number, api, other).post(&redemptions(player), &body).await
    });
    let answers = join_all(asked).await;
    let made = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(made.map(|answer| &answer.json["state"]).collect::<Vec<_>>(), ["reserved"]);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        is(answer, 409, "out_of_stock");
    }
    let stock = well(other.get(&of("last", "/stock")).await);
    assert_eq!(json!([stock["put"], stock["taken"], stock["left"]]), json!([1, 1, 0]));
}

async fn play_all(api: &Api, other: &Api) {
    a_catalogue_is_what_was_said_of_it_last(api, other).await;
    what_is_no_reward_is_refused_with_its_field(api, other).await;
}

async fn redeem_all(api: &Api, other: &Api) {
    a_reward_is_redeemed_by_whom_it_is_for(api, other).await;
    a_stock_is_put_in_taken_and_given_back(api, other).await;
    one_player_gets_one_of_one(api, other).await;
    one_of_many_players_gets_the_last(api, other).await;
}

#[tokio::test]
async fn rewards_are_said_changed_and_withdrawn_in_the_embedded_form() {
    let api = Api::start().await;
    play_all(&api, &api).await;
}

#[tokio::test]
async fn rewards_are_redeemed_and_never_oversold_in_the_embedded_form() {
    let api = Api::start().await;
    redeem_all(&api, &api).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rewards_are_said_changed_and_withdrawn_in_a_cluster_through_either_node() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    play_all(a, b).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rewards_are_redeemed_and_never_oversold_in_a_cluster_through_either_node() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    redeem_all(a, b).await;
}

#[tokio::test]
async fn what_is_in_stock_is_so_after_a_restart() {
    let api = Api::start().await;
    earn(&api, "p1", 100.0).await;
    add(&api, "mug", json!({ "stocked": true })).await;
    restock(&api, "mug", 2).await;
    let made = well(api.post(&redemptions("p1"), &json!({ "rewardId": "mug" })).await);
    let before = well(api.get(&of("mug", "/stock")).await);
    let api = api.restart(|_| ());
    assert_eq!(well(api.get(&of("mug", "/stock")).await), before);
    let path = format!("/api/v1/redemptions/{}/confirm", made["id"].as_str().unwrap());
    assert_eq!(well(api.send(ask("POST", &path)).await)["state"], "confirmed");
}
