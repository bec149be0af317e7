//! Settling tournaments over HTTP: results, prizes, and what becomes of them, in both forms.

use std::time::{Duration, Instant};

use accolade_engine::contract::faulty::FAILS_AT_13;
use accolade_server::roles::Role;
use accolade_server::{Lent, Settings};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{Api, OPERATOR, PATIENCE, ask, now_micros, time, wager};
use crate::tournaments::{TOURNAMENTS, bet, both, heard, is, of, players, well};

/// How long the tournaments of these tests last, and how soon they begin.
const SOON_MICROS: i64 = 700_000;
const LASTS_MICROS: i64 = 900_000;

/// Makes a tournament that begins soon and ends soon after, and waits until it is live.
pub(crate) async fn begin(api: &Api, other: &Api, id: &str, more: Value) {
    let starts = now_micros() + SOON_MICROS;
    let mut body = json!({
        "id": id, "name": format!("the {id}"), "graceSeconds": 0, "starts": time(starts),
        "ends": time(starts + LASTS_MICROS),
        "query": "SELECT playerId, SUM(wagerAmount) AS score FROM wagers WHERE wagerAmount >= 1 GROUP BY playerId",
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = api.post(TOURNAMENTS, &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    well(api.post(&of(id, "/schedule"), &json!({})).await);
    heard(api, other, id).await;
    while well(api.get(&of(id, "")).await)["state"] == "scheduled" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until the results say so, while time passes in every partition.
pub(crate) async fn settled(api: &Api, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let players = players();
    for number in 0.. {
        for (at, player) in players[..4].iter().enumerate() {
            let mut late = wager(&format!("{id}-late-{number}-{at}"), player);
            late["timestamp"] = time(now_micros()).into();
            // Too small for points, and to score: balances and positions stay as they are.
            late["wagerAmount"] = json!(0.001);
            api.post("/api/v1/wagers?wait=applied", &late).await;
        }
        let results = api.get(&of(id, "/results")).await;
        if results.status == 200 && is_so(&results.json) {
            return results.json;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    unreachable!("it is awaited for ever")
}

pub(crate) fn states(results: &Value) -> Vec<(u64, String, Value, String)> {
    let line = |line: &Value| {
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        (line["place"].as_u64().unwrap(), text("playerId"), line["points"].clone(), text("state"))
    };
    results["items"].as_array().unwrap().iter().map(line).collect()
}

pub(crate) async fn prize_entries(api: &Api, player: &str) -> Vec<Value> {
    let ledger = well(api.get(&format!("/api/v1/players/{player}/ledger?kind=prize")).await);
    ledger["items"].as_array().unwrap().clone()
}

/// The hash as the documentation says that it is made; every thing is the third prize.
pub(crate) fn hash_of(results: &Value, terms: &Value) -> String {
    let micros = |name: &str| {
        let at: jiff::Timestamp = results[name].as_str().unwrap().parse().unwrap();
        at.as_microsecond()
    };
    let mut hasher = Sha256::new();
    let mut add = |line: Value| hasher.update(format!("{line}\n"));
    let mut first = vec![
        json!("accolade results 1"),
        results["operatorId"].clone(),
        results["tournamentId"].clone(),
        terms["query"].clone(),
        json!(micros("starts")),
        json!(micros("ends")),
        terms["ties"].clone(),
        results["players"].clone(),
    ];
    if results["version"] != 1 {
        first[0] = json!("accolade results 2");
        let again = results["version"].as_u64().unwrap() - 1;
        first.extend([json!(again), results["previousHash"].clone()]);
    }
    add(json!(first));
    for item in results["items"].as_array().unwrap() {
        let text = |name: &str| item[name].to_string();
        // Numbers are written as they are, digit by digit.
        let (score, points) = (text("score"), text("points"));
        let trimmed = |text: &str| text.strip_suffix(".0").unwrap_or(text).to_owned();
        let points = format!("{:.2}", points.parse::<f64>().unwrap());
        let thing = if item["thing"].is_null() { Value::Null } else { json!(2) };
        add(json!([
            item["place"],
            item["position"].as_u64().unwrap_or(0),
            item["playerId"],
            trimmed(&score),
            item["events"],
            points,
            thing
        ]));
    }
    accolade_wire::hex::to_hex(&hasher.finalize())
}

fn three_prizes() -> Value {
    json!([
        { "from": 1, "points": 300 },
        { "from": 2, "to": 3, "pool": 100.01 },
        { "topPercent": 50, "thing": { "kind": "voucher", "name": "a cup of tea" } },
    ])
}

#[tokio::test]
async fn each_prize_is_paid_once_when_a_tournament_is_over_in_every_partition() {
    both(async |api, other| {
        begin(api, other, "race", json!({ "prizes": three_prizes(), "publicPositions": 6 })).await;
        let players = players();
        for (number, player) in (1_u32..).zip(&players) {
            bet(api, &format!("w{number}"), player, f64::from(100 * number)).await;
        }
        is(&other.get(&of("race", "/results")).await, 409, "tournament_not_settled");
        let results = settled(api, "race", |it| !it["paidAt"].is_null()).await;
        let expected = [
            (1, &players[7], json!(300.0), "paid"),
            (2, &players[6], json!(50.01), "paid"),
            (3, &players[5], json!(50.0), "paid"),
            (4, &players[4], json!(0.0), "processing"),
            (5, &players[3], json!(0.0), "none"),
            (6, &players[2], json!(0.0), "none"),
        ];
        let expected: Vec<_> = expected
            .map(|(place, player, points, state)| (place, player.clone(), points, state.to_owned()))
            .into();
        assert_eq!(states(&results), expected);
        assert_eq!(results["items"][3]["thing"], json!({ "kind": "voucher", "name": "a cup of tea" }));
        let said = ["state", "players", "places", "things", "approval", "approvedBy"];
        assert_eq!(
            json!(said.map(|name| results[name].clone())),
            json!(["final", 8, 6, 1, false, null])
        );
        assert_eq!(results["points"].to_string(), "400.01");
        let race = well(api.get(&of("race", "")).await);
        assert_eq!(results["hash"], hash_of(&results, &race));

        for (player, points) in [(7, 300.0), (6, 50.01), (5, 50.0)] {
            let player = &players[player];
            for node in [api, other] {
                let [entry] = &prize_entries(node, player).await[..] else { panic!("{player}") };
                assert_eq!(entry["points"], json!(points));
                assert_eq!(entry["cause"], json!({ "type": "tournament", "id": "race" }));
            }
        }
        for player in &players[..5] {
            assert_eq!(prize_entries(api, player).await, Vec::<Value>::new(), "{player}");
        }
        // Both nodes say the same, page by page.
        heard(api, other, "race").await;
        let first = well(other.get(&of("race", "/results?limit=4")).await);
        let cursor = first["nextCursor"].as_str().unwrap();
        let rest = well(other.get(&of("race", &format!("/results?limit=4&cursor={cursor}"))).await);
        let both_pages = [states(&first), states(&rest)].concat();
        assert_eq!((both_pages, &rest["nextCursor"]), (expected, &Value::Null));

        let summary = well(other.get("/api/v1/summary").await);
        let prizes = &summary["items"].as_array().unwrap().last().unwrap()["prizes"];
        assert_eq!(json!([prizes["paid"], prizes["processing"]]), json!([3, 1]));

        // Whoever hands things out says what has become of them.
        let prizes = |player: &str| format!("/api/v1/players/{player}/prizes");
        let say = |place: u32, state: &str| {
            json!({ "tournamentId": "race", "place": place, "state": state, "why": "by post" })
        };
        let fulfil = async |node: &Api, player: usize, place, state: &str| {
            node.post(&prizes(&players[player]), &say(place, state)).await
        };
        let failed = well(fulfil(other, 4, 4, "failed").await);
        assert_eq!(json!([failed["state"], failed["playerId"]]), json!(["failed", players[4]]));
        is(&fulfil(api, 4, 4, "paid").await, 409, "prize_closed");
        well(fulfil(api, 4, 4, "retrying").await);
        well(fulfil(other, 4, 4, "paid").await);
        well(fulfil(api, 4, 4, "paid").await);
        is(&fulfil(api, 7, 1, "failed").await, 409, "prize_closed");
        is(&fulfil(api, 3, 4, "paid").await, 404, "no_such_prize");
        is(&fulfil(api, 4, 9, "paid").await, 404, "no_such_prize");
        let told = well(other.get(&of("race", "/results")).await);
        let told = &told["items"][3];
        assert_eq!(json!([told["state"], told["why"]]), json!(["paid", "by post"]));
        is(&api.post(&of("race", "/approve"), &json!({})).await, 409, "prize_closed");
        let patch = ask("PATCH", &of("race", "")).json(&json!({ "name": "x" }));
        is(&api.send(patch).await, 409, "tournament_over");
        is(&api.post(&of("race", "/cancel"), &json!({ "why": "x" })).await, 409, "tournament_over");
    })
    .await;
}

#[tokio::test]
async fn nothing_is_paid_before_it_is_approved_and_who_is_disqualified_wins_nothing() {
    both(async |api, other| {
        let terms = json!({ "prizes": [{ "from": 1, "to": 3, "points": 50 }], "approval": true, "ties": "shared" });
        begin(api, other, "race", terms).await;
        let players = players();
        for (number, (player, stake)) in (1..).zip(players.iter().zip([500.0, 400.0, 400.0, 300.0])) {
            bet(other, &format!("w{number}"), player, stake).await;
        }
        is(&api.post(&of("race", "/approve"), &json!({})).await, 409, "tournament_not_settled");
        let waits = |it: &Value| it["items"].as_array().is_some_and(|items| items.len() == 4);
        let results = settled(api, "race", waits).await;
        let positions: Vec<_> = results["items"].as_array().unwrap().iter().map(|it| &it["position"]).collect();
        assert_eq!(json!(positions), json!([1, 2, 2, 4]));
        let waiting: Vec<_> = states(&results).into_iter().map(|(.., state)| state).collect();
        let waits = "awaiting_approval";
        assert_eq!(waiting, [waits, waits, waits, "none"]);
        let places: std::collections::BTreeMap<_, _> =
            states(&results).into_iter().map(|(place, player, ..)| (player, place)).collect();
        let change = json!({
            "tournamentId": "race", "place": places[&players[1]], "state": "not_eligible", "why": "two accounts"
        });
        let path = format!("/api/v1/players/{}/prizes", players[1]);
        let dry = well(other.post(&format!("{path}?dryRun=true"), &change).await);
        assert_eq!(dry["dryRun"], true);
        well(other.post(&path, &change).await);
        assert_eq!(prize_entries(api, &players[0]).await, Vec::<Value>::new());

        let yes = json!({ "why": "all is well" });
        let approve = of("race", "/approve");
        heard(api, other, "race").await;
        let (one, two) = tokio::join!(api.post(&approve, &yes), other.post(&approve, &yes));
        for answer in [one, two] {
            assert_eq!(well(answer)["state"], "final");
        }
        let results = settled(api, "race", |it| !it["paidAt"].is_null()).await;
        well(other.post(&approve, &yes).await);
        for (at, state) in [(0, "paid"), (1, "not_eligible"), (2, "paid")] {
            let player = &players[at];
            let line = states(&results).into_iter().find(|(_, name, ..)| name == player).unwrap();
            assert_eq!(line.3, state, "{player}");
            let paid = prize_entries(other, player).await.len();
            assert_eq!(paid, usize::from(state == "paid"), "{player}");
        }
        assert!(!results["approvedBy"].is_null() && !results["approvedAt"].is_null(), "{results}");
    })
    .await;
}

#[tokio::test]
async fn a_prize_that_cannot_be_paid_yet_holds_up_those_of_no_other_tournament() {
    // What becomes of a prize is waited for longer than this test takes.
    let settings = Settings { wait_ms: 600_000, ..Settings::default() };
    let mut api = Api::open(tempfile::tempdir().unwrap(), settings, |options| {
        options.behaviours = FAILS_AT_13;
    });
    api.key = api.add_operator(OPERATOR, 0).await;
    let api = api.with_program().await;
    let players = players();
    for (id, place) in [("one", 1), ("two", 2)] {
        let prizes = json!([{ "from": place, "to": place, "points": 5 }]);
        begin(&api, &api, id, json!({ "prizes": prizes, "approval": true })).await;
        bet(&api, &format!("{id}-first"), &players[1], 500.0).await;
        bet(&api, &format!("{id}-second"), &players[2], 400.0).await;
    }
    for id in ["one", "two"] {
        settled(&api, id, |it| it["items"].as_array().is_some_and(|items| items.len() == 2)).await;
    }
    // From here on the partition of the first stands.
    let mut bad = wager("bad", &players[1]);
    (bad["timestamp"], bad["wagerAmount"]) = (time(now_micros()).into(), json!(13.0));
    well(api.post("/api/v1/wagers", &bad).await);
    for id in ["one", "two"] {
        well(api.post(&of(id, "/approve"), &json!({ "why": "all is well" })).await);
    }
    let until = Instant::now() + PATIENCE;
    while well(api.get(&of("two", "/results")).await)["paidAt"].is_null() {
        assert!(Instant::now() < until, "the second waits for nobody");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(prize_entries(&api, &players[2]).await.len(), 1);
    assert_eq!(well(api.get(&of("one", "/results")).await)["paidAt"], Value::Null);
}

#[tokio::test]
async fn a_player_sees_the_public_places_and_their_own() {
    let api = Api::start().await;
    let terms = json!({
        "prizes": [{ "from": 1, "to": 4, "points": 5 }], "publicPositions": 2, "masked": true
    });
    begin(&api, &api, "race", terms).await;
    let players = players();
    for (number, player) in (1_u32..).zip(&players[..5]) {
        bet(&api, &format!("w{number}"), player, f64::from(10 * number)).await;
    }
    settled(&api, "race", |it| !it["paidAt"].is_null()).await;
    let own = players[1].clone();
    let (role, operators) = (Role::Player, vec![OPERATOR.to_owned()]);
    api.service.lend("a-player", Lent { role, operators, player: Some(own.clone()) });
    let shown = async |path: &str| {
        api.send_bare(ask("GET", path).header("authorization", "Bearer a-player")).await
    };
    let seen = states(&well(shown(&of("race", "/results")).await));
    let seen: Vec<_> = seen.into_iter().map(|(place, player, ..)| (place, player)).collect();
    assert_eq!(seen, [(1, "pl***".to_owned()), (2, "pl***".to_owned()), (4, own)]);
}

#[tokio::test]
async fn what_is_no_prize_is_refused_with_its_field() {
    let api = Api::start().await;
    let wrong = [
        ("/prizes", json!(5)),
        ("/prizes/0", json!([5])),
        ("/prizes/0", json!([{ "points": 5 }])),
        ("/prizes/0", json!([{ "from": 1 }])),
        ("/prizes/0", json!([{ "from": 1, "topPercent": 5, "points": 5 }])),
        ("/prizes/0", json!([{ "from": 1, "points": 5, "pool": 5 }])),
        ("/prizes/0/from", json!([{ "from": 0, "points": 5 }])),
        ("/prizes/0/topPercent", json!([{ "topPercent": 100.01, "points": 5 }])),
        ("/prizes/0/points", json!([{ "from": 1, "points": -5 }])),
        ("/prizes/0/points", json!([{ "from": 1, "points": 0.001 }])),
        ("/prizes/0/place", json!([{ "place": 1, "points": 5 }])),
        ("/prizes/0", json!([{ "from": 3, "to": 2, "points": 5 }])),
        ("/prizes/1", json!([{ "from": 1, "to": 3, "points": 5 }, { "from": 3, "points": 5 }])),
        ("/prizes/0/thing/name", json!([{ "from": 1, "thing": { "kind": "a", "name": "" } }])),
        (
            "/prizes/0/thing/value",
            json!([{ "from": 1, "thing": { "kind": "a", "name": "b", "value": { "amount": "0", "currency": "EUR" } } }]),
        ),
    ];
    for (pointer, prizes) in wrong {
        let body = crate::tournaments::definition("race", json!({ "prizes": prizes }));
        let answer = api.post(TOURNAMENTS, &body).await;
        is(&answer, 400, "malformed");
        assert_eq!(answer.json["errors"][0]["pointer"], pointer, "{prizes}: {answer:?}");
    }
    let body = crate::tournaments::definition("race", json!({ "prizes": three_prizes() }));
    let made = api.post(TOURNAMENTS, &body).await;
    let shown = json!([
        { "from": 1, "to": 1, "points": 300.0 },
        { "from": 2, "to": 3, "pool": 100.01 },
        { "topPercent": 50.0, "thing": { "kind": "voucher", "name": "a cup of tea" } },
    ]);
    assert_eq!(well(made)["prizes"], shown);
}
