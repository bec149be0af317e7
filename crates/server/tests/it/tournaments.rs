//! Tournaments over HTTP: definitions, scores of players everywhere, and who is at which position, in both forms.

use std::collections::BTreeSet;
use std::time::Duration;

use accolade_server::Lent;
use accolade_server::roles::Role;
use accolade_wire::identity::partition_of;
use serde_json::{Value, json};

use crate::cluster::fake::Cluster;
use crate::harness::{Answer, Api, OPERATOR, ask, game_event, now_micros, time, wager};

pub(crate) const TOURNAMENTS: &str = "/api/v1/tournaments";
const SUM: &str = "SELECT playerId, SUM(wagerAmount) AS score FROM wagers GROUP BY playerId";
/// A tournament that is scheduled now begins so soon.
const SOON_MICROS: i64 = 1_000_000;

pub(crate) fn is(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status.as_u16(), &answer.json["code"]),
        (status, &json!(code)),
        "{answer:?}"
    );
}

pub(crate) fn well(answer: Answer) -> Value {
    assert!(answer.status.is_success(), "{answer:?}");
    answer.json
}

pub(crate) fn of(id: &str, what: &str) -> String {
    format!("{TOURNAMENTS}/{id}{what}")
}

/// A definition that begins soon.
pub(crate) fn definition(id: &str, more: Value) -> Value {
    let starts = now_micros() + SOON_MICROS;
    let mut body = json!({
        "id": id, "name": format!("the {id}"), "query": SUM, "starts": time(starts),
        "ends": time(starts + 3_600_000_000),
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// Makes a tournament, schedules it, and waits until it has begun.
pub(crate) async fn begin(api: &Api, id: &str, more: Value) {
    let made = api.post(TOURNAMENTS, &definition(id, more)).await;
    assert_eq!(made.status, 201, "{made:?}");
    well(api.post(&of(id, "/schedule"), &json!({})).await);
    while well(api.get(&of(id, "")).await)["state"] == "scheduled" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until a node has heard what another one knows of a tournament: that is a moment later.
pub(crate) async fn heard(api: &Api, other: &Api, id: &str) {
    while other.get(&of(id, "")).await.json != well(api.get(&of(id, "")).await) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) async fn bet(api: &Api, id: &str, player: &str, stake: f64) {
    assert_eq!(outcome_of_bet(api, id, player, stake).await, "counted");
}

/// What is answered to a wager of now.
pub(crate) async fn outcome_of_bet(api: &Api, id: &str, player: &str, stake: f64) -> Value {
    let mut wager = wager(id, player);
    wager["timestamp"] = time(now_micros()).into();
    wager["wagerAmount"] = json!(stake);
    api.wager(&wager).await["outcome"].clone()
}

/// Players of all four partitions.
pub(crate) fn players() -> [String; 8] {
    let mut names = (0..).map(|number| format!("player-{number}"));
    std::array::from_fn(|at| {
        names.find(|name| usize::from(partition_of(name, 4)) == at % 4).unwrap()
    })
}

pub(crate) fn lines(board: &Value) -> Vec<(u64, String, f64)> {
    let line = |line: &Value| {
        let player = line["playerId"].as_str().unwrap().to_owned();
        (line["position"].as_u64().unwrap(), player, line["score"].as_f64().unwrap())
    };
    board["items"].as_array().unwrap().iter().map(line).collect()
}

fn positions(board: &Value) -> Vec<u64> {
    lines(board).into_iter().map(|(position, ..)| position).collect()
}

pub(crate) async fn both(scenario: impl AsyncFn(&Api, &Api)) {
    let api = Api::start().await;
    scenario(&api, &api).await;
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    scenario(a, b).await;
}

#[tokio::test]
async fn a_tournament_goes_from_draft_to_its_end_and_says_at_each_step_what_it_is() {
    both(async |api, other| {
        let body = definition(
            "race",
            json!({
                "timezone": "Europe/Malta", "cap": 0.5, "capPerHour": 20, "capPerDay": 50,
                "ties": "shared", "masked": true,
            }),
        );
        let dry = api.post(&format!("{TOURNAMENTS}?dryRun=true"), &body).await;
        assert_eq!((dry.status.as_u16(), &dry.json["dryRun"]), (200, &json!(true)), "{dry:?}");
        let request = || ask("POST", TOURNAMENTS).json(&body).header("idempotency-key", "first");
        let added = api.send(request()).await;
        assert_eq!(added.status, 201, "{added:?}");
        let again = other.send(request()).await;
        assert_eq!((again.status.as_u16(), &again.json), (201, &added.json));
        is(&other.post(TOURNAMENTS, &body).await, 409, "tournament_exists");
        let made = added.json;
        let shown = ["tournamentId", "state", "timezone", "ties", "masked", "graceSeconds"];
        assert_eq!(
            json!(shown.map(|name| made[name].clone())),
            json!(["race", "draft", "Europe/Malta", "shared", true, 30])
        );
        let caps = ["cap", "capPerHour", "capPerDay"].map(|name| made[name].clone());
        assert_eq!(json!(caps), json!([0.5, 20, 50]));
        assert!(made["query"].as_str().unwrap().starts_with("SELECT playerId, SUM("), "{made}");
        let patch = |body: Value| ask("PATCH", &of("race", "")).json(&body);
        let changed = well(other.send(patch(json!({ "description": "of all slots" }))).await);
        assert_eq!(changed["description"], "of all slots");
        let scheduled = well(api.post(&of("race", "/schedule"), &json!({ "why": "a plan" })).await);
        assert_eq!(json!([scheduled["state"], scheduled["why"]]), json!(["scheduled", "a plan"]));
        heard(api, other, "race").await;
        let listed = well(other.get(&format!("{TOURNAMENTS}?state=scheduled")).await);
        assert_eq!(listed["items"], json!([scheduled]));
        is(
            &api.post(&of("race", "/end"), &json!({ "why": "x" })).await,
            409,
            "tournament_not_live",
        );
        while well(other.get(&of("race", "")).await)["state"] == "scheduled" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        is(&api.send(patch(json!({ "cap": 1 }))).await, 409, "tournament_began");
        assert_eq!(well(api.send(patch(json!({ "name": "b" }))).await)["name"], "b");
        let ended = well(other.post(&of("race", "/end"), &json!({ "why": "enough" })).await);
        assert!(ended["ends"].as_str() < made["ends"].as_str(), "{ended}");
        let gone = well(api.post(&of("race", "/cancel"), &json!({ "why": "a mistake" })).await);
        heard(api, other, "race").await;
        assert_eq!(gone["state"], "cancelled");
        assert_eq!(well(api.post(&of("race", "/cancel"), &json!({ "why": "x" })).await), gone);
        is(&other.send(patch(json!({ "name": "c" }))).await, 409, "tournament_over");
        let anew = other.post(TOURNAMENTS, &definition("race", json!({}))).await;
        assert_eq!((anew.status.as_u16(), &anew.json["state"]), (201, &json!("draft")));
        is(&api.get(&of("nothing", "")).await, 404, "not_found");
        is(&api.get(&of("nothing", "/leaderboard")).await, 404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn what_is_no_tournament_is_refused_with_its_field() {
    let api = Api::start().await;
    let query = |query: &str| json!({ "query": query });
    let wrong = [
        ("/name", json!({ "name": "" })),
        ("/name", json!({ "name": null })),
        ("/id", json!({ "id": "a/b" })),
        ("/id", json!({ "id": "validate" })),
        ("/query", query("SELECT")),
        ("/query", query("SELECT playerId, SUM(wagerAmont) FROM wagers GROUP BY playerId")),
        ("/score", query("SELECT * FROM wagers WHERE gameCategory = 'slots'")),
        ("/score", json!({ "score": "SUM(wagerAmount)" })),
        ("/starts", json!({ "starts": "soon" })),
        ("/starts", json!({ "starts": null })),
        ("/ends", json!({ "ends": "2020-01-01T00:00:00Z" })),
        ("/ends", json!({ "ends": "2090-01-01T00:00:00Z" })),
        ("/timezone", json!({ "timezone": "Mars/Olympus" })),
        ("/graceSeconds", json!({ "graceSeconds": 86_401 })),
        ("/cap", json!({ "cap": 0 })),
        ("/cap", json!({ "cap": "5" })),
        ("/capPerDay", json!({ "capPerDay": -1 })),
        ("/capPerHour", {
            let query = "SELECT playerId, MAX(wagerAmount) FROM wagers GROUP BY playerId";
            json!({ "query": query, "capPerHour": 5 })
        }),
        ("/ties", json!({ "ties": "last" })),
        ("/eventsMin", json!({ "eventsMin": -1 })),
        ("/publicPositions", json!({ "publicPositions": 0.5 })),
        ("/masked", json!({ "masked": "yes" })),
        ("/public", json!({ "public": 1 })),
        ("/id", json!({ "id": "widget.js" })),
        ("/nmae", json!({ "nmae": "a" })),
    ];
    for (pointer, change) in wrong {
        for path in [TOURNAMENTS, &of("validate", "")] {
            if pointer == "/id" && path != TOURNAMENTS {
                continue;
            }
            let answer = api.post(path, &definition("race", change.clone())).await;
            is(&answer, 400, "malformed");
            assert_eq!(answer.json["errors"][0]["pointer"], pointer, "{change}: {answer:?}");
        }
    }
    let misspelt = api
        .post(
            &of("validate", ""),
            &definition(
                "race",
                query("SELECT playerId, SUM(wagerAmont) FROM wagers GROUP BY playerId"),
            ),
        )
        .await;
    let detail = misspelt.json["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("line 1, column 22") && detail.contains("`wagerAmount`"), "{detail}");
    assert_eq!(well(api.get(TOURNAMENTS).await)["items"], json!([]));
    // What waits for its start is not moved into the past, where it would have to be filled.
    let ahead = definition("race", json!({ "starts": time(now_micros() + 1_800_000_000) }));
    well(api.post(TOURNAMENTS, &ahead).await);
    well(api.post(&of("race", "/schedule"), &json!({})).await);
    let past = json!({ "starts": time(now_micros() - 1) });
    let changed = api.send(ask("PATCH", &of("race", "")).json(&past)).await;
    is(&changed, 409, "tournament_past");
}

#[tokio::test]
async fn a_statement_of_ksqldb_scores_by_the_rule_that_goes_with_it() {
    let api = Api::start().await;
    let body = definition(
        "race",
        json!({
            "query": "CREATE STREAM tournament_123 AS SELECT playerId, wagerAmount, timestamp FROM wager_events \
                      WHERE gameCategory = 'slots' AND wagerAmount >= 10.00;",
            "score": "COUNT(*)",
        }),
    );
    let valid = well(api.post(&of("validate", ""), &body).await);
    let query = valid["query"].as_str().unwrap();
    assert!(query.contains("COUNT(*)") && query.contains("FROM wagers WHERE"), "{query}");
    assert_eq!(well(api.post(TOURNAMENTS, &body).await)["query"], query);
}

#[tokio::test]
async fn positions_are_of_the_players_of_all_partitions() {
    both(async |api, other| {
        begin(api, "race", json!({})).await;
        let players = players();
        for (number, player) in (1_u32..).zip(&players) {
            bet(api, &format!("w{number}"), player, f64::from(10 * number)).await;
        }
        let path = of("race", "/leaderboard");
        let board = well(other.get(&path).await);
        let places = (1..).zip((0..8).rev());
        let expected = places.map(|(position, at)| {
            let stake = u32::try_from(10 * (at + 1)).unwrap();
            (position, players[at].clone(), f64::from(stake))
        });
        let expected: Vec<_> = expected.collect();
        assert_eq!(lines(&board), expected);
        assert_eq!(json!([board["players"], board["isFinal"], board["state"]]), json!([8, false, "live"]));
        assert_eq!(board["items"][0]["percentile"], 100);
        assert_eq!(board["items"][7]["percentile"], 12);

        let see = async |node: &Api, query: &str| lines(&well(node.get(&format!("{path}?{query}")).await));
        assert_eq!(see(api, "top=3").await, expected[..3]);
        assert_eq!(see(api, "from=4&top=2").await, expected[3..5]);
        assert_eq!(see(other, "from=9").await, []);
        let around = format!("around={}&radius=2", players[5]);
        assert_eq!(see(api, &around).await, expected[0..5]);
        assert_eq!(see(other, &around).await, expected[0..5]);
        let some = format!("players={},{},nobody", players[0], players[7]);
        assert_eq!(see(other, &some).await, [expected[0].clone(), expected[7].clone()]);
        assert_eq!(see(other, "around=nobody").await, []);

        let why = well(other.get("/api/v1/wagers/w8/explanation").await);
        let counted = json!([{ "tournamentId": "race", "value": 80, "scoreDelta": 80, "score": 80 }]);
        assert_eq!(why["tournaments"], counted);

        // A void moves everybody behind, and another wager the first.
        let mut void = wager("w8", &players[7]);
        let fields = json!({ "type": "wager.voided", "reason": "a mistake", "timestamp": time(now_micros()) });
        void.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        assert_eq!(other.wager(&void).await["outcome"], "voided");
        assert_eq!(see(api, "top=1").await, [(1, players[6].clone(), 70.0)]);
        bet(other, "w9", &players[0], 65.0).await;
        let top = see(api, "top=2").await;
        assert_eq!(top, [(1, players[0].clone(), 75.0), (2, players[6].clone(), 70.0)]);
        let all = well(api.get(&path).await);
        assert_eq!(all["players"], 7);
    })
    .await;
}

#[tokio::test]
async fn players_who_are_tied_share_a_position_where_the_tournament_says_so() {
    both(async |api, other| {
        begin(api, "race", json!({ "ties": "shared" })).await;
        let players = players();
        let stakes = [50.0, 40.0, 40.0, 40.0, 30.0, 30.0, 20.0, 10.0];
        for (number, (player, stake)) in (1..).zip(players.iter().zip(stakes)) {
            bet(api, &format!("w{number}"), player, stake).await;
        }
        let path = of("race", "/leaderboard");
        let board = well(other.get(&path).await);
        assert_eq!(positions(&board), [1, 2, 2, 2, 5, 5, 7, 8]);
        let named: Vec<_> = lines(&board).into_iter().map(|(_, player, _)| player).collect();
        assert_eq!(named, players);
        let around = well(api.get(&format!("{path}?around={}&radius=1", players[4])).await);
        assert_eq!(positions(&around), [2, 5, 5]);
        let rest = well(other.get(&format!("{path}?from=4&top=3")).await);
        assert_eq!(positions(&rest), [2, 5, 5]);
    })
    .await;
}

#[tokio::test]
async fn a_player_sees_what_is_public_and_their_own_with_others_masked() {
    let api = Api::start().await;
    begin(&api, "race", json!({ "publicPositions": 2, "masked": true })).await;
    well(api.post(TOURNAMENTS, &definition("secret", json!({}))).await);
    let players = players();
    for (number, player) in (1_u32..).zip(&players) {
        bet(&api, &format!("w{number}"), player, f64::from(10 * number)).await;
    }
    let own = players[0].clone();
    let lent = Lent {
        role: Role::Player,
        operators: vec![OPERATOR.to_owned()],
        player: Some(own.clone()),
    };
    api.service.lend("a-player", lent);
    let see = async |query: &str| {
        let request = ask("GET", &of("race", &format!("/leaderboard{query}")));
        api.send_bare(request.header("authorization", "Bearer a-player")).await
    };
    let board = well(see("").await);
    assert_eq!(positions(&board), [1, 2, 8]);
    let names: BTreeSet<_> = lines(&board).into_iter().map(|(_, player, _)| player).collect();
    assert_eq!(names, BTreeSet::from(["pl***".to_owned(), own.clone()]));
    let around = well(see(&format!("?around={own}&radius=3")).await);
    assert_eq!(lines(&around), [(8, own.clone(), 10.0)]);
    is(&see(&format!("?around={}", players[1])).await, 404, "not_found");
    is(&see(&format!("?players={own},{}", players[1])).await, 404, "not_found");
    let shown = async |path: &str| {
        api.send_bare(ask("GET", path).header("authorization", "Bearer a-player")).await
    };
    let listed = well(shown(TOURNAMENTS).await);
    let ids: Vec<_> =
        listed["items"].as_array().unwrap().iter().map(|it| &it["tournamentId"]).collect();
    assert_eq!(json!(ids), json!(["race"]));
    assert_eq!(listed["items"][0]["changedBy"], Value::Null);
    is(&shown(&of("secret", "")).await, 404, "not_found");
    is(&shown(&of("secret", "/leaderboard")).await, 404, "not_found");
}

#[tokio::test]
async fn game_events_score_and_questions_that_make_no_sense_are_refused() {
    let api = Api::start().await;
    let query = "SELECT playerId, SUM(data.score) FROM game_events GROUP BY playerId";
    begin(&api, "quest", json!({ "query": query })).await;
    for (id, player) in [("e1", "anna"), ("e2", "bert"), ("e3", "bert")] {
        let mut event = game_event(Some(id), player);
        event["timestamp"] = time(now_micros()).into();
        event["data"] = json!({ "score": 7.25 });
        let answer = api.post("/api/v1/events?wait=applied", &event).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let path = of("quest", "/leaderboard");
    let board = well(api.get(&path).await);
    assert_eq!(lines(&board), [(1, "bert".into(), 14.5), (2, "anna".into(), 7.25)]);
    for query in [
        "top=0",
        "top=501",
        "from=0",
        "from=10001",
        "radius=3",
        "top=1&around=anna",
        "around=anna&players=bert",
        "players=",
        "players=a,,b",
        "around=anna&radius=101",
    ] {
        is(&api.get(&format!("{path}?{query}")).await, 400, "bad_query");
    }
}
