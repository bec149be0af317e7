//! A dry run of a tournament over a past period answers exactly what the tournament came to, in both forms.

use std::time::{Duration, Instant};

use accolade_server::Lent;
use accolade_server::roles::Role;
use serde_json::{Value, json};

use crate::harness::{
    Answer, Api, OPERATOR, PATIENCE, ask, compressed, game_event, now_micros, time, void, wager,
};
use crate::prizes::settled;
use crate::tournaments::{TOURNAMENTS, both, heard, is, of, players, well};

/// How long the tournaments of these tests last, and how soon they begin.
const SOON_MICROS: i64 = 1_500_000;
const LASTS_MICROS: i64 = 3_000_000;

const SUM: &str = "SELECT playerId, SUM(wagerAmount) AS score FROM wagers \
                   WHERE wagerAmount >= 1 AND gameCategory = 'slots' GROUP BY playerId";

/// Tournaments that overlap: each way to count, and each order of equals.
fn races() -> [(&'static str, Value); 6] {
    let prizes = json!([
        { "from": 1, "points": 300 },
        { "from": 2, "to": 4, "pool": 100.01 },
        { "topPercent": 75, "thing": {
            "kind": "voucher", "name": "a cup of tea", "value": { "amount": "2.50", "currency": "EUR" },
        } },
    ]);
    let of = |aggregate: &str, rest: &str| {
        format!("SELECT playerId, {aggregate} AS score FROM {rest} GROUP BY playerId")
    };
    let wagers = "wagers WHERE wagerAmount >= 1";
    let events = "game_events WHERE eventType = 'player_score'";
    [
        ("sum", json!({ "query": SUM, "prizes": prizes })),
        ("count", json!({ "query": of("COUNT(*)", wagers), "prizes": prizes, "ties": "shared" })),
        ("max", json!({ "query": of("MAX(wagerAmount)", wagers), "prizes": prizes, "cap": 250 })),
        ("min", json!({ "query": of("MIN(wagerAmount)", wagers), "ties": "mostEvents" })),
        ("avg", json!({ "query": of("AVG(winAmount)", wagers), "eventsMin": 2 })),
        ("games", json!({ "query": of("SUM(data.score)", events), "prizes": prizes })),
    ]
}

fn body(id: &str, more: &Value, starts: i64) -> Value {
    let mut body = json!({
        "id": id, "name": format!("the {id}"), "graceSeconds": 0, "publicPositions": 100,
        "starts": time(starts), "ends": time(starts + LASTS_MICROS),
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn bet(api: &Api, id: &str, player: &str, stake: f64, more: Value) -> Value {
    let mut wager = wager(id, player);
    wager["wagerAmount"] = json!(stake);
    wager["winAmount"] = json!(stake / 4.0);
    wager.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    api.wager(&wager).await
}

async fn exclude(api: &Api, player: &str, what: &str) {
    let path = format!("/api/v1/players/{player}/self-exclusion{what}");
    let method = if what.is_empty() { "PUT" } else { "POST" };
    let answer = api.send(ask(method, &path).json(&json!({ "why": "asked for it" }))).await;
    assert!(answer.status.is_success(), "{answer:?}");
}

/// What happens while they are live: ties, voids, repeats, exclusions, other currencies, and what does not count.
async fn play(api: &Api, other: &Api, starts: i64) {
    let players = players();
    let nothing = || json!({});
    for (number, player) in players.iter().enumerate() {
        // Two by two they have equal scores.
        let stake = 50.0 + 10.0 * f64::from(u32::try_from(number / 2).unwrap());
        bet(api, &format!("a-{number}"), player, stake, nothing()).await;
        bet(other, &format!("b-{number}"), player, 20.0, nothing()).await;
        let mut event = game_event(Some(&format!("e-{number}")), player);
        event["data"]["score"] = json!(100 * (number / 2));
        well(api.post("/api/v1/events?wait=applied", &event).await);
    }
    // What is best is voided, and what is best then, too.
    for stake in [400.0, 300.0, 120.0] {
        bet(api, &format!("best-{stake}"), &players[2], stake, nothing()).await;
    }
    for stake in ["400", "300"] {
        assert_eq!(
            other.wager(&void(&format!("best-{stake}"), &players[2])).await["outcome"],
            "voided"
        );
    }
    // A void comes first; a wager comes twice.
    api.wager(&void("early", &players[3])).await;
    assert_eq!(bet(api, "early", &players[3], 900.0, nothing()).await["reason"], "voided");
    let same = json!({ "timestamp": time(starts + 1) });
    for outcome in ["counted", "repeated"] {
        assert_eq!(bet(other, "same", &players[4], 7.0, same.clone()).await["outcome"], outcome);
    }
    // Nothing counts while a player is excluded.
    exclude(api, &players[5], "").await;
    assert_eq!(bet(api, "gone", &players[5], 800.0, nothing()).await["reason"], "self_excluded");
    let event = game_event(Some("gone"), &players[5]);
    well(api.post("/api/v1/events?wait=applied", &event).await);
    exclude(api, &players[5], "/lift").await;
    bet(api, "back", &players[5], 1.5, nothing()).await;
    exclude(other, &players[6], "").await;
    // Other currencies, known and not; another category; too little; too old.
    bet(api, "dollars", &players[7], 30.0, json!({ "currency": "USD" })).await;
    let unknown = bet(api, "yen", &players[7], 30.0, json!({ "currency": "JPY" })).await;
    assert_eq!(unknown["outcome"], "refused");
    bet(api, "cards", &players[0], 70.0, json!({ "gameCategory": "cards" })).await;
    bet(api, "little", &players[0], 0.5, nothing()).await;
    bet(api, "before", &players[0], 600.0, json!({ "timestamp": time(starts - 1) })).await;
}

pub(crate) async fn ended(api: &Api, id: &str) -> Value {
    let (path, until) = (format!("/api/v1/tournament-dry-runs/{id}"), Instant::now() + PATIENCE);
    loop {
        let dry_run = well(api.get(&path).await);
        if dry_run["state"] != "running" {
            return dry_run;
        }
        assert!(Instant::now() < until, "its end is awaited: {dry_run}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn begun(answer: &Answer) -> String {
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.json["id"].as_str().unwrap().to_owned()
}

/// What a dry run has found, asked of another node than the one that began it.
pub(crate) async fn found(api: &Api, other: &Api, path: &str, body: &Value) -> Value {
    let id = begun(&api.post(path, body).await);
    let dry_run = ended(other, &id).await;
    assert_eq!(dry_run["state"], "done", "{dry_run}");
    assert_eq!(dry_run["batches"], dry_run["batchesExpected"], "{dry_run}");
    dry_run["result"].clone()
}

/// What results and dry runs say alike of each place.
fn places(found: &Value) -> Vec<Value> {
    let names = ["place", "position", "playerId", "score", "events", "points", "thing"];
    let mut items = found["items"].as_array().unwrap().clone();
    for item in &mut items {
        if let Some(thing) = item["thing"].as_object_mut() {
            thing.retain(|name, _| name != "value");
        }
    }
    items.iter().map(|item| json!(names.map(|name| item[name].clone()))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_is_what_the_tournament_came_to() {
    both(async |api, other| {
        let starts = now_micros() + SOON_MICROS;
        let (from, to) = (time(starts), time(starts + LASTS_MICROS));
        for (id, more) in races() {
            let made = api.post(TOURNAMENTS, &body(id, &more, starts)).await;
            assert_eq!(made.status, 201, "{made:?}");
            well(api.post(&of(id, "/schedule"), &json!({})).await);
            heard(api, other, id).await;
        }
        while now_micros() <= starts {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        play(api, other, starts).await;
        assert!(now_micros() < starts + LASTS_MICROS, "the machine is too slow for this test");
        while now_micros() < starts + LASTS_MICROS {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for (id, more) in races() {
            let results = settled(api, id, |it| !it["paidAt"].is_null()).await;
            let period = json!({ "from": from, "to": to });
            let stood = found(other, api, &of(id, "/dry-run"), &period).await;
            assert_eq!(places(&stood), places(&results), "{id}");
            assert_eq!(stood["ranked"], results["players"], "{id}");
            assert_eq!(stood["cost"]["points"], results["points"], "{id}");
            let things = stood["cost"]["things"].as_array().unwrap();
            let count: u64 = things.iter().map(|it| it["count"].as_u64().unwrap()).sum();
            assert_eq!(json!(count), results["things"], "{id}");
            let mut draft = more;
            draft["name"] = json!("a draft");
            draft["graceSeconds"] = json!(0);
            let draft = json!({ "tournament": draft, "from": from, "to": to });
            let tried = found(api, other, &of("dry-run", ""), &draft).await;
            assert_eq!(tried, stood, "{id}");
        }
        counts_and_reasons(api, other, &json!({ "from": from, "to": to })).await;
    })
    .await;
}

async fn counts_and_reasons(api: &Api, other: &Api, period: &Value) {
    let sum = found(api, other, &of("sum", "/dry-run"), period).await;
    // Two of each player, three of which two are voided, the first of a repeat, `back` and `dollars`.
    let events = json!({
        "lookedAt": 28, "counted": 22, "takenBack": 2, "unmatched": 2, "withoutValue": 0,
        "repeated": 1, "excluded": 1, "voided": 1, "unknownCurrency": 1,
    });
    assert_eq!(sum["events"], events);
    assert_eq!(sum["players"], 8);
    let clauses: Vec<_> = sum["missed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (&it["eventId"], &it["clause"]))
        .collect();
    assert_eq!(
        json!(clauses),
        json!([["cards", "gameCategory = 'slots'"], ["little", "wagerAmount >= 1"]])
    );
    let matched = sum["matched"].as_array().unwrap();
    assert_eq!(
        json!([matched.len(), matched[0]["eventId"], matched[0]["value"]]),
        json!([10, "a-0", 50])
    );
    let games = found(api, other, &of("games", "/dry-run"), period).await;
    assert_eq!(json!([games["events"]["counted"], games["events"]["excluded"]]), json!([8, 1]));
}

#[tokio::test]
async fn a_sample_is_answered_at_once() {
    both(async |api, other| {
        let draft =
            json!({ "name": "a draft", "query": SUM, "prizes": [{ "from": 1, "points": 5 }] });
        let event = |id: &str, player: &str, stake: f64| {
            let mut wager = wager(id, player);
            wager["wagerAmount"] = json!(stake);
            wager
        };
        let mut dollars = event("w4", "p3", 100.0);
        dollars["currency"] = "USD".into();
        let events = json!([
            event("w1", "p1", 80.0),
            event("w2", "p2", 90.0),
            event("w2", "p2", 90.0),
            event("w3", "p1", 0.5),
            dollars,
            void("w2", "p2"),
            void("w5", "p2"),
            event("w5", "p2", 9.0),
        ]);
        let sample = json!({ "tournament": draft, "events": events });
        let answer = well(other.post(&of("dry-run", ""), &sample).await);
        let board: Vec<_> = answer["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| json!([it["playerId"], it["score"], it["points"]]))
            .collect();
        assert_eq!(json!(board), json!([["p3", 92, 5.0], ["p1", 80, 0.0]]));
        let events = &answer["events"];
        let names = ["lookedAt", "counted", "takenBack", "unmatched", "repeated", "voided"];
        assert_eq!(
            json!(names.map(|name| events[name].clone())),
            json!([6, 3, 1, 1, 1, 1]),
            "{events}"
        );
        assert_eq!(answer["missed"][0]["clause"], "wagerAmount >= 1");
        // The same of one that stands.
        let mut stands = draft.clone();
        stands["id"] = "stands".into();
        stands["starts"] = time(now_micros() + 3_600_000_000).into();
        stands["ends"] = time(now_micros() + 7_200_000_000).into();
        assert_eq!(api.post(TOURNAMENTS, &stands).await.status, 201);
        heard(api, other, "stands").await;
        let stood = well(
            other.post(&of("stands", "/dry-run"), &json!({ "events": sample["events"] })).await,
        );
        assert_eq!(stood, answer);
        // Of game events, with and without ids that came before.
        let query = "SELECT playerId, MAX(data.score) AS score FROM game_events GROUP BY playerId";
        let events = json!([game_event(Some("e1"), "p1"), game_event(Some("e1"), "p1")]);
        let sample = json!({ "tournament": { "name": "x", "query": query }, "events": events });
        let answer = well(api.post(&of("dry-run", ""), &sample).await);
        assert_eq!(
            json!([answer["items"][0]["score"], answer["events"]["repeated"]]),
            json!([1500, 1])
        );
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_tried_is_refused_by_the_field_or_says_why() {
    both(async |api, other| {
        let draft = json!({ "name": "a draft", "query": SUM });
        let (path, from) = (of("dry-run", ""), time(now_micros() - 1_000_000));
        let tried = |more: Value| {
            let mut body = json!({ "tournament": draft, "from": from });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let mut foreign = wager("w1", "p1");
        foreign["operatorId"] = "somebody".into();
        let (far, broken) = ("2999-01-01T00:00:00Z", json!({ "wagerId": "w1" }));
        let sample = |event: Value| json!({ "tournament": draft, "events": [event] });
        let query = |query: &str| tried(json!({ "tournament": { "name": "x", "query": query } }));
        for (body, pointer) in [
            (json!({ "tournament": draft }), "/from"),
            (json!({ "from": from }), "/tournament"),
            (tried(json!({ "to": far })), "/to"),
            (tried(json!({ "to": from })), "/to"),
            (tried(json!({ "from": "soon" })), "/from"),
            (tried(json!({ "events": [wager("w1", "p1")] })), "/events"),
            (tried(json!({ "until": far })), "/until"),
            (json!({ "tournament": draft, "events": [] }), "/events"),
            (json!({ "tournament": draft, "events": [7] }), "/events/0"),
            (json!({ "tournament": draft, "events": vec![wager("w", "p"); 1_001] }), "/events"),
            (sample(foreign), "/events/0/operatorId"),
            (sample(broken), "/events/0/playerId"),
            (tried(json!({ "tournament": { "query": SUM } })), "/tournament/name"),
            (tried(json!({ "tournament": { "name": "x" } })), "/tournament/query"),
            (query("SELECT playerId, SUM(stake) FROM wagers GROUP BY playerId"), "/tournament/query"),
            (query("SELECT * FROM wagers"), "/tournament/score"),
            (tried(json!({ "tournament": { "name": "x", "query": SUM, "prizes": [{}] } })), "/tournament/prizes/0"),
        ] {
            let answer = api.post(&path, &body).await;
            assert_eq!(answer.status, 400, "{body}: {answer:?}");
            assert_eq!(answer.pointers()[0], pointer, "{body}");
        }
        is(&api.post(&of("nobody", "/dry-run"), &json!({ "from": from })).await, 404, "not_found");
        let reserved = json!({
            "id": "dry-run", "name": "x", "query": SUM, "starts": far, "ends": "2999-01-02T00:00:00Z",
        });
        assert_eq!(api.post(TOURNAMENTS, &reserved).await.pointers(), ["/id"]);

        // It is the operator's alone, and nothing for players.
        let id = begun(&api.post(&path, &tried(json!({}))).await);
        assert_eq!(ended(other, &id).await["state"], "done");
        let dry_run = format!("/api/v1/tournament-dry-runs/{id}");
        let simulation = format!("/api/v1/program/simulations/{id}");
        for nobodys in ["/api/v1/tournament-dry-runs/none".to_owned(), simulation] {
            assert_eq!(api.get(&nobodys).await.status, 404, "{nobodys}");
        }
        let cancelled = well(other.send(ask("DELETE", &dry_run)).await);
        assert_eq!(cancelled["state"], "done", "it has ended");
        let (role, operators) = (Role::Player, vec![OPERATOR.to_owned()]);
        for node in [api, other] {
            let (operators, player) = (operators.clone(), Some("p1".to_owned()));
            node.service.lend("a-player", Lent { role, operators, player });
            let asked = ask("GET", &dry_run).header("authorization", "Bearer a-player");
            assert_eq!(node.send_bare(asked).await.status, 404);
        }
    })
    .await;
}

#[tokio::test]
async fn a_period_that_the_log_does_not_have_fails_and_says_from_when_on_it_has() {
    let api = Api::start().await.restart(|options| options.files.log_segment_bytes = 1 << 16);
    let log = &api.node.backing().log;
    let play = async |round: usize| {
        let some = (0..100).map(|item| wager(&format!("{round}-{item}"), "p2"));
        let answer = api.post("/api/v1/wagers?wait=applied", &some.collect()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    };
    let (until, mut round) = (Instant::now() + PATIENCE, 0);
    while log.closed().len() < 3 {
        assert!(Instant::now() < until, "three segments are awaited: {:?}", log.closed());
        play(round).await;
        round += 1;
    }
    let begins = time(now_micros() - 60_000_000);
    let draft = json!({ "name": "a draft", "query": SUM });
    let tried = json!({ "tournament": draft, "from": begins });
    let found = found(&api, &api, &of("dry-run", ""), &tried).await;
    assert_eq!(found["events"]["counted"], json!(100 * round), "{found}");
    // Nothing reads it any more to compress it.
    log.remove(compressed(log)[1].sequence).unwrap();
    let id = begun(&api.post(&of("dry-run", ""), &tried).await);
    let failed = ended(&api, &id).await;
    assert_eq!(failed["state"], "failed", "{failed}");
    let why = failed["why"].as_str().unwrap();
    assert!(why.contains("begins within the period: begin at 20"), "{failed}");
}
