//! The life of a dead letter.

use std::time::Instant;

use accolade_domain::refusal::DeadReason;
use accolade_server::Settings;
use accolade_wire::record::Kind;
use serde_json::{Value, json};

use crate::harness::{Answer, Api, OPERATOR, PATIENCE, ask, days_ago, until, void, wager};

async fn only_letter(api: &Api) -> Value {
    let list = api.get("/api/v1/dead-letters?state=open").await;
    assert_eq!(list.status, 200, "{list:?}");
    let items = list.json["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{list:?}");
    items[0].clone()
}

/// Waits until the player has this balance: a released letter travels to its partition.
pub(crate) async fn balance_becomes(api: &Api, player: &str, points: f64) {
    let until = Instant::now() + PATIENCE;
    loop {
        let balance = api.get(&format!("/api/v1/players/{player}/balance")).await.json;
        if balance["pointsBalance"] == json!(points) {
            return;
        }
        assert!(Instant::now() < until, "awaited: {points} of {player}; there is: {balance}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_wager_that_was_too_late_can_be_retried_and_counts_once() {
    let api = Api::start().await;
    let mut late = wager("w1", "p1");
    late["timestamp"] = days_ago(10).into();
    assert_eq!(api.wager(&late).await["reason"], "too_late");
    let letter = only_letter(&api).await;
    assert_eq!(letter["reason"], "too_late");
    assert_eq!(letter["stage"], "admit");
    assert_eq!(letter["original"], late.to_string());
    let path = format!("/api/v1/dead-letters/{}", letter["id"].as_str().unwrap());
    assert_eq!(api.get(&path).await.json, letter);

    let retried =
        api.send(ask("POST", &format!("{path}/retry")).header("idempotency-key", "k1")).await;
    assert_eq!((retried.status.as_u16(), &retried.json["state"]), (200, &json!("released")));
    balance_becomes(&api, "p1", 10.0).await;
    let again =
        api.send(ask("POST", &format!("{path}/retry")).header("idempotency-key", "k1")).await;
    assert_eq!((again.status.as_u16(), &again.json["state"]), (200, &json!("released")));
    let other = api.send(ask("POST", &format!("{path}/retry"))).await;
    assert_eq!((other.status.as_u16(), &other.json["code"]), (409, &json!("dead_letter_closed")));
    let told = api.get("/api/v1/wagers/w1/explanation").await;
    assert_eq!(told.json["outcome"], "counted");
    assert_eq!(
        api.get("/api/v1/players/p1/ledger").await.json["items"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn a_conflicting_id_can_be_repaired_and_retried_for_another_player() {
    let api = Api::start().await;
    api.wager(&wager("w1", "p1")).await;
    let mut conflict = wager("w1", "p1");
    conflict["wagerAmount"] = json!(200);
    assert_eq!(api.wager(&conflict).await["reason"], "id_conflict");
    let letter = only_letter(&api).await;
    let path = format!("/api/v1/dead-letters/{}", letter["id"].as_str().unwrap());
    let repair = |original: &str| ask("PATCH", &path).json(&json!({ "original": original }));

    conflict["wagerAmount"] = json!(-1);
    let wrong = api.send(repair(&conflict.to_string())).await;
    assert_eq!((wrong.status.as_u16(), wrong.pointers()), (422, vec!["/wagerAmount"]));
    assert_eq!(api.send(repair("not an event")).await.status, 422);
    conflict["wagerAmount"] = json!(200);
    conflict["operatorId"] = "operator-555".into();
    let foreign = api.send(repair(&conflict.to_string())).await;
    assert_eq!((foreign.status.as_u16(), foreign.pointers()), (422, vec!["/operatorId"]));
    let missing = api.send(ask("PATCH", &path).json(&json!({}))).await;
    assert_eq!((missing.status.as_u16(), missing.pointers()), (400, vec!["/original"]));

    let mut repaired = wager("w1-repaired", "p-of-another-partition");
    repaired["wagerAmount"] = json!(200);
    let answer = api.send(repair(&repaired.to_string())).await;
    assert_eq!((answer.status.as_u16(), &answer.json["state"]), (200, &json!("open")));
    assert_eq!(answer.json["original"], repaired.to_string());
    assert_eq!(api.send(ask("POST", &format!("{path}/retry"))).await.status, 200);
    balance_becomes(&api, "p-of-another-partition", 20.0).await;
    balance_becomes(&api, "p1", 10.0).await;
}

#[tokio::test]
async fn a_dead_letter_can_be_given_up_with_a_reason() {
    let api = Api::start().await;
    let mut late = wager("w1", "p1");
    late["timestamp"] = days_ago(10).into();
    api.wager(&late).await;
    let id = only_letter(&api).await["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/dead-letters/{id}");
    let without = api.post(&format!("{path}/discard"), &json!({})).await;
    assert_eq!((without.status.as_u16(), without.pointers()), (400, vec!["/why"]));
    let discarded = api.post(&format!("{path}/discard"), &json!({ "why": "a test system" })).await;
    assert_eq!(discarded.json["state"], "discarded");
    assert_eq!(api.send(ask("POST", &format!("{path}/retry"))).await.status, 409);
    assert_eq!(api.get("/api/v1/dead-letters?state=open").await.json["items"], json!([]));
}

#[tokio::test]
async fn dead_letters_are_paged() {
    let api = Api::start().await;
    for number in 0..5 {
        let mut late = wager(&format!("w{number}"), &format!("p{number}"));
        late["timestamp"] = days_ago(10).into();
        api.wager(&late).await;
    }
    let mut found = std::collections::BTreeSet::new();
    let mut path = "/api/v1/dead-letters?limit=2".to_owned();
    loop {
        let page = api.get(&path).await;
        for item in page.json["items"].as_array().unwrap() {
            assert!(found.insert(item["id"].as_str().unwrap().to_owned()));
        }
        let Some(cursor) = page.json["nextCursor"].as_str() else { break };
        path = format!("/api/v1/dead-letters?limit=2&cursor={cursor}");
    }
    assert_eq!(found.len(), 5);
    for id in ["1-2", "x", "0-1-1-1", "9-1-1", "00-1-1", "0-1-1"] {
        assert_eq!(api.get(&format!("/api/v1/dead-letters/{id}")).await.status, 404, "{id}");
    }
}

/// What both ways of asking for an event say of it.
async fn told_of(api: &Api, id: &str) -> [Answer; 2] {
    [
        api.get(&format!("/api/v1/wagers/{id}/explanation")).await,
        api.get(&format!("/api/v1/events/{id}")).await,
    ]
}

#[tokio::test]
async fn a_dead_letter_is_found_by_its_event_s_id_with_reason_and_time() {
    let api = Api::start().await;
    let mut late = wager("w1", "p1");
    late["timestamp"] = days_ago(10).into();
    api.wager(&late).await;
    let letter = only_letter(&api).await;
    let told = told_of(&api, "w1").await;
    for told in &told {
        assert_eq!(told.status, 200, "{told:?}");
        let told = &told.json;
        for name in ["reason", "detail"] {
            assert_eq!(told[name], letter[name], "{told}");
            assert_eq!(told["deadLetters"][0][name], letter[name], "{told}");
        }
        assert_eq!(told["outcome"], "dead_letter");
        let letters = told["deadLetters"].as_array().unwrap();
        assert_eq!(letters.len(), 1);
        assert_eq!((&letters[0]["id"], &letters[0]["state"]), (&letter["id"], &json!("open")));
        assert_eq!(
            (&letters[0]["since"], &letters[0]["kind"]),
            (&told["recordedAt"], &json!("wager"))
        );
    }
    let [explanation, event] = told;
    assert_eq!((&explanation.json["playerId"], &event.json["event"]), (&json!("p1"), &late));
    assert_eq!(explanation.json["stages"][1]["stage"], "dead_letter");
    let of = |player| format!("/api/v1/wagers/w1/explanation?playerId={player}");
    assert_eq!(api.get(&of("p1")).await.json, explanation.json);
    assert_eq!(api.get(&of("p2")).await.status, 404);
    // Another operator's stays unknown.
    let other = format!("Bearer {}", api.add_operator("operator-555", 0).await);
    for path in ["/api/v1/wagers/w1/explanation", "/api/v1/events/w1"] {
        let asked = api.send_bare(ask("GET", path).header("authorization", &other)).await;
        assert_eq!(asked.status, 404, "{asked:?}");
    }
    let path = format!("/api/v1/dead-letters/{}", letter["id"].as_str().unwrap());
    api.post(&format!("{path}/discard"), &json!({ "why": "a test" })).await;
    for api in [&api.restart(|_| ())] {
        for told in told_of(api, "w1").await {
            assert_eq!(told.json["deadLetters"][0]["state"], "discarded", "{told:?}");
        }
    }
}

#[tokio::test]
async fn a_wager_that_counted_is_told_and_its_dead_letters_besides() {
    let api = Api::start().await;
    api.wager(&wager("w1", "p1")).await;
    let mut conflict = wager("w1", "p1");
    conflict["wagerAmount"] = json!(200);
    api.wager(&conflict).await;
    let mut gone = void("w1", "p1");
    gone["timestamp"] = days_ago(10).into();
    api.wager(&gone).await;
    for told in told_of(&api, "w1").await {
        assert_eq!(
            (&told.json["outcome"], &told.json["points"]),
            (&json!("counted"), &json!(10.0))
        );
        let letters = told.json["deadLetters"].as_array().unwrap();
        let said: Vec<_> =
            letters.iter().map(|letter| [&letter["kind"], &letter["reason"]]).collect();
        assert_eq!(
            said,
            [[&json!("wager"), &json!("id_conflict")], [&json!("void"), &json!("too_late")]],
            "{told:?}"
        );
        assert!(told.json.get("others").is_none(), "{told:?}");
    }
    assert!(told_of(&api, "w2").await.iter().all(|told| told.status == 404));
}

#[tokio::test]
async fn a_repaired_letter_is_found_by_both_ids_and_a_released_one_is_told_as_counted() {
    let api = Api::start().await;
    let mut late = wager("w1", "p1");
    late["timestamp"] = days_ago(10).into();
    api.wager(&late).await;
    let letter = only_letter(&api).await;
    let path = format!("/api/v1/dead-letters/{}", letter["id"].as_str().unwrap());
    let repaired = json!({ "original": wager("w1-repaired", "p1").to_string() });
    assert_eq!(api.send(ask("PATCH", &path).json(&repaired)).await.status, 200);
    for id in ["w1", "w1-repaired"] {
        for told in told_of(&api, id).await {
            assert_eq!(told.json["deadLetters"][0]["id"], letter["id"], "{told:?}");
        }
    }
    assert_eq!(api.send(ask("POST", &format!("{path}/retry"))).await.status, 200);
    balance_becomes(&api, "p1", 10.0).await;
    for told in told_of(&api, "w1-repaired").await {
        assert_eq!(told.json["outcome"], "counted", "{told:?}");
        assert_eq!(told.json["deadLetters"][0]["state"], "released");
    }
}

#[tokio::test]
async fn a_malformed_event_is_found_by_its_id_where_that_can_be_read() {
    let api = Api::start().await;
    let bodies = [
        json!({ "wagerId": "w1", "operatorId": OPERATOR, "playerId": "p1" }).to_string(),
        json!({ "wagerId": 7, "operatorId": OPERATOR }).to_string(),
        "not JSON".to_owned(),
    ];
    for body in bodies {
        api.take_from_kafka(Kind::Wager, OPERATOR, body.as_bytes(), "p1").await;
    }
    for told in told_of(&api, "w1").await {
        assert_eq!(
            (&told.json["outcome"], &told.json["reason"]),
            (&json!("dead_letter"), &json!("malformed"))
        );
    }
    let rows: usize = (0..4)
        .map(|number| api.node.read(number, |state| state.tables().letters_by_event.len()))
        .sum();
    assert_eq!(rows, 1, "what has no readable id is found by none");
}

async fn late(api: &Api, number: usize) {
    let mut late = wager(&format!("w{number}"), &format!("p{number}"));
    late["timestamp"] = days_ago(10).into();
    assert_eq!(api.wager(&late).await["reason"], "too_late");
}

/// Follows a list to its end: how many items each page has, and all of them.
async fn pages(api: &Api, query: &str) -> (Vec<usize>, Vec<Value>) {
    let (mut lengths, mut all, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = api.get(&format!("/api/v1/dead-letters?{query}{cursor}")).await.json;
        let items = page["items"].as_array().unwrap();
        lengths.push(items.len());
        all.extend(items.iter().cloned());
        let Some(next) = page["nextCursor"].as_str() else { return (lengths, all) };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn a_page_ends_where_enough_letters_were_looked_at_and_the_next_goes_on() {
    let settings = Settings { letters_looked_at_max: 3, ..Settings::default() };
    let api = Api::with_limits(settings, 0).await.with_program().await;
    for number in 0..20 {
        late(&api, number).await;
    }
    let (lengths, all) = pages(&api, "limit=2").await;
    assert_eq!(all.len(), 20);
    assert!(lengths.iter().all(|length| *length <= 2), "{lengths:?}");
    let (_, ordered) = pages(&api, "limit=500").await;
    assert_eq!(all, ordered, "nothing twice, nothing left out");
    let id = all[19]["id"].as_str().unwrap();
    let path = format!("/api/v1/dead-letters/{id}/discard");
    assert_eq!(api.post(&path, &json!({ "why": "a test" })).await.status, 200);
    let (lengths, discarded) = pages(&api, "state=discarded").await;
    assert_eq!(discarded.iter().map(|letter| &letter["id"]).collect::<Vec<_>>(), [&all[19]["id"]]);
    assert!(lengths.len() > 3 && lengths[0] == 0, "pages with nothing but a cursor: {lengths:?}");
    let counts = counts(&api).await;
    assert_eq!(counts["isComplete"], false, "what was not looked at may be more: {counts}");
    assert!(counts["open"].as_u64().unwrap() < 19, "{counts}");
}

async fn counts(api: &Api) -> Value {
    let answer = api.get("/api/v1/dead-letters/counts").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

#[tokio::test]
async fn open_letters_are_counted_by_their_reasons() {
    let api = Api::start().await;
    let none = json!({ "malformed": 0, "in_future": 0, "too_late": 0, "id_conflict": 0, "out_of_range": 0, "skipped": 0, "wrong_partition": 0 });
    assert_eq!(counts(&api).await, json!({ "open": 0, "byReason": none, "isComplete": true }));
    for number in 0..3 {
        late(&api, number).await;
    }
    let mut ahead = wager("w-ahead", "p1");
    ahead["timestamp"] = "2040-01-01T00:00:00Z".into();
    assert_eq!(api.wager(&ahead).await["reason"], "in_future");
    let mut some = none.clone();
    (some["too_late"], some["in_future"]) = (3.into(), 1.into());
    assert_eq!(counts(&api).await, json!({ "open": 4, "byReason": some, "isComplete": true }));

    let path = "/api/v1/dead-letters/discard?reason=too_late&limit=2";
    assert_eq!(api.post(path, &json!({ "why": "a test" })).await.json["changed"], 2);
    some["too_late"] = 1.into();
    assert_eq!(counts(&api).await, json!({ "open": 2, "byReason": some, "isComplete": true }));
}

/// Waits until no row of a letter is in memory.
fn all_in_runs(api: &Api) {
    until("letters that lie in runs", || {
        let of = |number| {
            api.node.read(number, |state| {
                let tables = state.tables();
                tables.dead_letters.len() + tables.letters_by_event.len()
            })
        };
        let rows: usize = (0..4).map(of).sum();
        if rows == 0 && !api.node.backing().pages.live().is_empty() { Ok(()) } else { Err(rows) }
    });
}

fn open_in_totals(api: &Api) -> u64 {
    let of = |number| {
        api.node.read(number, |state| {
            let totals = state.tables().letter_totals.get(&());
            totals.map_or(0, |totals| totals.open(DeadReason::TooLate))
        })
    };
    (0..4).map(of).sum()
}

#[tokio::test]
async fn letters_that_lie_in_runs_are_listed_found_changed_and_counted_as_all_are() {
    let api = Api::start().await.restart(|options| options.seal_ids = 1);
    for number in 0..12 {
        late(&api, number).await;
    }
    all_in_runs(&api);
    let (_, all) = pages(&api, "limit=5").await;
    assert_eq!(all.len(), 12);
    for letter in &all {
        let path = format!("/api/v1/dead-letters/{}", letter["id"].as_str().unwrap());
        assert_eq!(api.get(&path).await.json, *letter);
    }
    for told in told_of(&api, "w7").await {
        assert_eq!(told.json["outcome"], "dead_letter", "{told:?}");
    }
    let path = |at: usize| format!("/api/v1/dead-letters/{}", all[at]["id"].as_str().unwrap());
    let original = wager("w-repaired", "p-repaired").to_string();
    let repaired = api.send(ask("PATCH", &path(0)).json(&json!({ "original": original }))).await;
    assert_eq!(repaired.status, 200, "{repaired:?}");
    assert_eq!(api.send(ask("POST", &format!("{}/retry", path(0)))).await.status, 200);
    balance_becomes(&api, "p-repaired", 10.0).await;
    let discarded = api.post(&format!("{}/discard", path(5)), &json!({ "why": "a test" })).await;
    assert_eq!(discarded.status, 200, "{discarded:?}");
    all_in_runs(&api);
    for api in [&api.restart(|options| options.seal_ids = 1)] {
        let closed = api.post(&format!("{}/discard", path(0)), &json!({ "why": "again" })).await;
        assert_eq!(closed.json["code"], "dead_letter_closed", "{closed:?}");
        for (state, count) in [("released", 1), ("discarded", 1), ("open", 10)] {
            let (_, found) = pages(api, &format!("state={state}&limit=3")).await;
            assert_eq!(found.len(), count, "{state}");
        }
        assert_eq!(open_in_totals(api), 10);
        assert_eq!(counts(api).await["open"], 10);
    }
}
