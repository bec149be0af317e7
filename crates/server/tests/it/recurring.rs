//! Recurring tournaments, forms and templates over HTTP, in both forms.

use std::collections::BTreeSet;
use std::time::Duration;

use accolade_server::Lent;
use accolade_server::roles::Role;
use serde_json::{Value, json};

use crate::harness::{Answer, Api, OPERATOR, ask, now_micros, time};
use crate::prizes::{prize_entries, settled, states};
use crate::tournaments::{TOURNAMENTS, bet, both, definition, heard, is, of, players, well};

const TEMPLATES: &str = "/api/v1/tournament-templates";

/// A series that takes place on each day in Tokyo, whose clocks are never set; the next time in twelve hours.
fn dash(more: Value) -> Value {
    let next = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(12);
    let at = next.in_tz("Asia/Tokyo").unwrap().strftime("%H:%M").to_string();
    let mut body = json!({
        "id": "dash", "name": "Daily dash", "timezone": "Asia/Tokyo", "graceSeconds": 0,
        "form": { "leastStake": 1 }, "recurs": { "daily": { "at": at } },
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn patch(api: &Api, id: &str, body: Value) -> Answer {
    api.send(ask("PATCH", &of(id, "")).json(&body)).await
}

async fn made_of(api: &Api, series: &str) -> Vec<Value> {
    let listed = well(api.get(&format!("{TOURNAMENTS}?series={series}&limit=500")).await);
    listed["items"].as_array().unwrap().clone()
}

/// Waits until so many occurrences of a series were made, and says which, oldest first.
async fn made(api: &Api, series: &str, count: usize) -> Vec<String> {
    loop {
        let made = made_of(api, series).await;
        if made.len() >= count {
            let ids = made.iter().rev().map(|it| it["tournamentId"].as_str().unwrap().to_owned());
            return ids.collect();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What the occurrences of a series are called that has yet to be made.
fn names(series: &Value) -> Vec<String> {
    let at = series["recurs"]["daily"]["at"].as_str().unwrap();
    let now = jiff::Timestamp::now().in_tz("Asia/Tokyo").unwrap();
    let is_today = *now.strftime("%H:%M").to_string() < *at;
    let first = if is_today { now } else { now.tomorrow().unwrap() };
    let days = (0..5).map(|days| first.date().checked_add(jiff::Span::new().days(days)).unwrap());
    days.map(|day| format!("dash-{day}")).collect()
}

fn ids(next: &Value) -> Vec<String> {
    let all = next.as_array().unwrap().iter();
    all.map(|it| it["tournamentId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn each_day_s_race_is_made_ahead_and_has_its_own_leaderboard_and_prizes() {
    both(async |api, other| {
        let prizes = json!([{ "from": 1, "points": 50 }]);
        let body = dash(json!({
            "prizes": prizes, "public": true, "capPerHour": 1_000, "capPerDay": 2_000, "cadence": "10s",
        }));
        let valid = well(other.post(&of("validate", ""), &body).await);
        let expected = names(&body);
        assert_eq!(ids(&valid["next"]), expected);
        let added = api.post(TOURNAMENTS, &body).await;
        assert_eq!(added.status, 201, "{added:?}");
        let shown = ["state", "starts", "ends", "series", "recurs"];
        let shown = json!(shown.map(|name| added.json[name].clone()));
        assert_eq!(shown, json!(["draft", null, null, null, body["recurs"]]));
        assert_eq!(ids(&added.json["next"]), expected);
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(made_of(other, "dash").await, Vec::<Value>::new(), "of a draft nothing is made");
        heard(api, other, "dash").await;
        let scheduled = well(other.post(&of("dash", "/schedule"), &json!({})).await);
        assert_eq!(scheduled["state"], "recurring");

        let made = made(api, "dash", 2).await;
        assert_eq!(made, expected[..2]);
        for id in &made {
            heard(api, other, id).await;
        }
        let series = well(other.get(&of("dash", "")).await);
        assert_eq!(ids(&series["next"]), expected);
        let is_made = |at: usize| series["next"][at]["isMade"].clone();
        assert_eq!([0, 1, 2].map(is_made), [true, true, false].map(Value::Bool));
        let first = well(other.get(&of(&made[0], "")).await);
        let same = ["name", "mode", "prizes", "query", "form", "public", "timezone", "capPerHour"];
        let same = same.into_iter().chain(["capPerDay", "cadence", "optIn", "participantsMax"]);
        for name in same {
            assert_eq!(first[name], series[name], "{name}");
        }
        let said = ["series", "state", "recurs", "changedBy"].map(|name| first[name].clone());
        assert_eq!(json!(said), json!(["dash", "scheduled", null, "accolade"]));
        assert_eq!(first["starts"], series["next"][0]["starts"]);
        let summary = well(api.get("/api/v1/summary").await);
        let counted = &summary["now"]["tournaments"];
        assert_eq!(json!([counted["recurring"], counted["scheduled"]]), json!([1, 2]));

        // A series is nothing that events count in.
        is(&api.get(&of("dash", "/leaderboard")).await, 404, "not_found");
        is(&api.get(&of("dash", "/leaderboard/stream")).await, 404, "not_found");
        is(&api.get(&of("dash", "/results")).await, 409, "tournament_not_settled");
        is(
            &api.post(&of("dash", "/end"), &json!({ "why": "x" })).await,
            409,
            "tournament_not_live",
        );
        is(&api.post(&of("dash", "/approve"), &json!({})).await, 409, "tournament_not_settled");
        let public = |id: &str| format!("/api/v1/public/tournaments/{id}?operatorId={OPERATOR}");
        is(&api.send_bare(ask("GET", &public("dash"))).await, 404, "not_found");
        well(api.send_bare(ask("GET", &public(&made[0]))).await);

        // Each is changed as any tournament, as long as it is not about to begin; then both begin at once.
        well(patch(api, &made[1], json!({ "form": { "leastStake": 100 } })).await);
        heard(api, other, &made[1]).await;
        let begins = now_micros() + 700_000;
        let players = players();
        for (id, starts, lasts) in [(&made[0], begins, 900_000), (&made[1], begins, 1_100_000)] {
            let window = json!({ "starts": time(starts), "ends": time(starts + lasts) });
            well(patch(api, id, window).await);
            heard(api, other, id).await;
        }
        while now_micros() < begins {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bet(api, "w1", &players[0], 10.0).await;
        bet(other, "w2", &players[1], 20.0).await;
        bet(api, "w3", &players[0], 100.0).await;
        let scores = async |id: &str| {
            let board = well(other.get(&of(id, "/leaderboard")).await);
            let lines = board["items"].as_array().unwrap().iter();
            lines.map(|it| (it["playerId"].clone(), it["score"].clone())).collect::<Vec<_>>()
        };
        let score = |player: usize, score: u32| (json!(players[player]), json!(score));
        assert_eq!(scores(&made[0]).await, [score(0, 110), score(1, 20)]);
        assert_eq!(scores(&made[1]).await, [score(0, 100)]);
        for id in &made {
            let results = settled(api, id, |it| !it["paidAt"].is_null()).await;
            let (place, player, points, state) = states(&results)[0].clone();
            assert_eq!(
                (place, player, points, &*state),
                (1, players[0].clone(), json!(50.0), "paid")
            );
        }
        let causes: BTreeSet<_> = prize_entries(other, &players[0])
            .await
            .iter()
            .map(|entry| entry["cause"]["id"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(causes, BTreeSet::from([made[0].clone(), made[1].clone()]));

        // What was made stays, and nothing is made any more.
        let gone = well(other.post(&of("dash", "/cancel"), &json!({ "why": "no more" })).await);
        assert_eq!((&gone["state"], &gone["next"]), (&json!("cancelled"), &json!([])));
        is(&patch(other, "dash", json!({ "name": "x" })).await, 409, "tournament_over");
        let left = made_of(other, "dash").await;
        let states: BTreeSet<_> = left.iter().map(|it| it["state"].to_string()).collect();
        assert!(
            states.is_subset(&["\"final\"", "\"scheduled\""].map(String::from).into()),
            "{states:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn what_was_made_is_not_made_again_after_a_restart() {
    let api = Api::start().await;
    well(api.post(TOURNAMENTS, &dash(json!({}))).await);
    well(api.post(&of("dash", "/schedule"), &json!({})).await);
    let before = made(&api, "dash", 2).await;
    let api = api.restart(|_| ());
    // It looks twice a second, and at once after a change.
    well(patch(&api, "dash", json!({ "name": "another" })).await);
    let other = dash(json!({ "id": "other" }));
    well(api.post(TOURNAMENTS, &other).await);
    well(api.post(&of("other", "/schedule"), &json!({})).await);
    assert_eq!(made(&api, "other", 2).await.len(), 2);
    assert_eq!(made(&api, "dash", 2).await, before);
    let named = made_of(&api, "dash").await.into_iter().map(|it| it["name"].clone());
    assert_eq!(named.collect::<Vec<_>>(), ["Daily dash"; 2], "what was made is as it was");
}

#[tokio::test]
async fn a_player_sees_what_takes_place_and_no_series() {
    let api = Api::start().await;
    well(api.post(TOURNAMENTS, &dash(json!({}))).await);
    well(api.post(&of("dash", "/schedule"), &json!({})).await);
    let made = made(&api, "dash", 2).await;
    let (role, operators) = (Role::Player, vec![OPERATOR.to_owned()]);
    api.service.lend("a-player", Lent { role, operators, player: Some("anna".to_owned()) });
    let shown = async |path: &str| {
        api.send_bare(ask("GET", path).header("authorization", "Bearer a-player")).await
    };
    let listed = well(shown(TOURNAMENTS).await);
    assert_eq!(ids(&listed["items"]), [made[1].clone(), made[0].clone()]);
    assert_eq!(listed["items"][0]["form"], Value::Null);
    is(&shown(&of("dash", "")).await, 404, "not_found");
    is(&shown(&of("dash", "/leaderboard")).await, 404, "not_found");
    let page = format!("{TOURNAMENTS}?series=dash&limit=1");
    let first = well(api.get(&page).await);
    let cursor = first["nextCursor"].as_str().unwrap();
    let rest = well(api.get(&format!("{page}&cursor={cursor}")).await);
    assert_eq!((ids(&rest["items"]), &rest["nextCursor"]), (vec![made[0].clone()], &Value::Null));
    assert_eq!(made_of(&api, "nothing").await, Vec::<Value>::new());
    assert_eq!(made_of(&api, &made[0]).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_form_writes_the_query_and_is_shown_where_it_does() {
    both(async |api, other| {
        let form = json!({
            "source": "wagers", "games": ["a", "b"], "categories": ["slots"], "leastStake": 10.5, "greatestStake": 1000,
            "segments": ["VIP"], "exceptJurisdictions": ["Ontario"], "players": ["p-1"], "onlyWinning": true,
            "score": "returns", "points": 0.5, "multipliers": { "a": 2, "it's": 1.5 },
        });
        let mut body = definition("race", json!({ "form": form }));
        body.as_object_mut().unwrap().remove("query");
        let query = "SELECT playerId, SUM((winAmount * 0.5) * CASE WHEN gameId = 'a' THEN 2 WHEN gameId = 'it''s' THEN 1.5 \
                     ELSE 1 END) AS score FROM wagers WHERE (gameId IN ('a', 'b')) AND (gameCategory = 'slots') AND \
                     (wagerAmount >= 10.5) AND (wagerAmount <= 1000) AND (playerSegment = 'VIP') AND \
                     (jurisdiction <> 'Ontario') AND (playerId = 'p-1') AND (winAmount > 0) GROUP BY playerId";
        let valid = well(other.post(&of("validate", ""), &body).await);
        assert_eq!((&valid["query"], &valid["next"]), (&json!(query), &json!([])));
        let added = well(api.post(TOURNAMENTS, &body).await);
        assert_eq!(added["query"], query);
        for (name, value) in form.as_object().unwrap() {
            let is_same = added["form"][name] == *value
                || added["form"][name].as_f64().is_some_and(|it| Some(it) == value.as_f64());
            let is_same = is_same || name == "multipliers" && added["form"][name]["it's"] == json!(1.5);
            assert!(is_same, "{name}: {}", added["form"]);
            assert_eq!(valid["form"][name], added["form"][name]);
        }
        heard(api, other, "race").await;
        // A query that a form writes is shown as the form, and any other as it is.
        let written = json!({ "query": "SELECT playerId, MAX(data.score) FROM player_events GROUP BY playerId" });
        let changed = well(patch(other, "race", written).await);
        let form = json!({ "source": "gameEvents", "score": "bestScore", "points": 1 });
        assert_eq!(changed["form"], form);
        let odd = json!({ "query": "SELECT playerId, MIN(wagerAmount) FROM wagers GROUP BY playerId" });
        assert_eq!(well(patch(api, "race", odd).await)["form"], Value::Null);
        let again = json!({ "form": { "source": "gameEvents", "eventTypes": ["player_score"], "score": "events" } });
        let changed = well(patch(other, "race", again).await);
        assert_eq!(
            changed["query"],
            "SELECT playerId, COUNT(*) AS score FROM game_events WHERE eventType = 'player_score' GROUP BY playerId"
        );
    })
    .await;
}

#[tokio::test]
async fn a_template_fills_in_what_is_not_said() {
    let api = Api::start().await;
    let listed = well(api.get(TEMPLATES).await);
    let templates = listed["items"].as_array().unwrap();
    assert_eq!(templates.len(), 4);
    for template in templates {
        let id = template["templateId"].as_str().unwrap();
        let body = json!({ "id": id, "template": id, "timezone": "Europe/Malta" });
        let added = well(api.post(TOURNAMENTS, &body).await);
        for name in ["name", "description", "form", "query", "recurs", "cap", "ties", "prizes"] {
            assert_eq!(added[name], template[name], "{id}: {name}");
        }
        assert_eq!(added["next"].as_array().unwrap().len(), 5, "{added}");
        // The same as if it were said.
        let mut said = template.clone();
        let fields = said.as_object_mut().unwrap();
        fields.remove("templateId");
        fields.remove("query");
        fields.retain(|_, value| !value.is_null());
        well(api.post(&of("validate", ""), &said).await);
    }
    let own = definition("own", json!({ "template": "daily-dash", "cap": null, "prizes": [] }));
    let added = well(api.post(TOURNAMENTS, &own).await);
    let said = ["name", "recurs", "cap", "prizes", "next"].map(|name| added[name].clone());
    assert_eq!(json!(said), json!(["the own", null, null, [], []]));
}

#[tokio::test]
async fn what_is_no_form_and_never_recurs_is_refused_with_its_field() {
    let api = Api::start().await;
    let form = |form: Value| json!({ "form": form });
    let recurs = |recurs: Value| json!({ "recurs": recurs });
    let wrong = [
        ("/form", form(json!("slots"))),
        ("/form/source", form(json!({ "source": "bets" }))),
        ("/form/game", form(json!({ "game": "a" }))),
        ("/form/games", form(json!({ "games": "a" }))),
        ("/form/games", form(json!({ "games": [""] }))),
        ("/form/games/0", form(json!({ "games": [5] }))),
        ("/form/leastStake", form(json!({ "leastStake": -1 }))),
        ("/form/leastStake", form(json!({ "leastStake": "5" }))),
        ("/form/greatestStake", form(json!({ "leastStake": 5, "greatestStake": 4 }))),
        ("/form/onlyWinning", form(json!({ "onlyWinning": 1 }))),
        ("/form/score", form(json!({ "score": "bestScore" }))),
        ("/form/points", form(json!({ "points": 0 }))),
        ("/form/points", form(json!({ "points": 0.000_000_001 }))),
        ("/form/multipliers", form(json!({ "multipliers": [] }))),
        ("/form/multipliers", form(json!({ "multipliers": { "a": 0 } }))),
        ("/form/multipliers/a~1b", form(json!({ "multipliers": { "a/b": "2" } }))),
        ("/form/multipliers/a", form(json!({ "multipliers": { "a": null } }))),
        ("/form/segments", form(json!({ "source": "gameEvents", "segments": ["VIP"] }))),
        ("/form/eventTypes", form(json!({ "eventTypes": ["player_score"] }))),
        (
            "/form",
            form(
                json!({ "players": (0..900).map(|it| format!("player-{it:08}")).collect::<Vec<_>>() }),
            ),
        ),
        ("/query", json!({ "query": "SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId" })),
        ("/score", json!({ "score": "COUNT(*)" })),
        ("/starts", json!({ "starts": "2040-01-01T00:00:00Z" })),
        ("/ends", json!({ "ends": "2040-01-01T00:00:00Z" })),
        ("/recurs", recurs(json!(5))),
        ("/recurs", recurs(json!({}))),
        ("/recurs", recurs(json!({ "lasts": "2d" }))),
        ("/recurs", recurs(json!({ "daily": { "at": "00:00" }, "cron": "0 0 * * *" }))),
        ("/recurs/daily", recurs(json!({ "daily": "00:00" }))),
        ("/recurs/daily/at", recurs(json!({ "daily": { "at": "24:00" } }))),
        ("/recurs/daily/at", recurs(json!({ "daily": {} }))),
        ("/recurs/weekly/on", recurs(json!({ "weekly": { "on": ["someday"], "at": "00:00" } }))),
        ("/recurs/weekly/on", recurs(json!({ "weekly": { "on": [], "at": "00:00" } }))),
        ("/recurs/weekly/on", recurs(json!({ "weekly": { "at": "00:00" } }))),
        ("/recurs/monthly/day", recurs(json!({ "monthly": { "day": 32, "at": "00:00" } }))),
        ("/recurs/monthly/at", recurs(json!({ "monthly": { "day": 31, "at": "noon" } }))),
        ("/recurs/cron", recurs(json!({ "cron": "0 0 30 2 *" }))),
        ("/recurs/cron", recurs(json!({ "cron": "* * * * *" }))),
        ("/recurs/lasts", recurs(json!({ "daily": { "at": "00:00" }, "lasts": "a day" }))),
        ("/recurs/yearly", recurs(json!({ "yearly": {} }))),
        ("/timezone", json!({ "timezone": "Mars/Olympus" })),
        ("/template", json!({ "template": "nothing" })),
        ("/id", json!({ "id": "x".repeat(49) })),
    ];
    for (pointer, change) in wrong {
        for path in [TOURNAMENTS, &of("validate", "")] {
            if pointer == "/id" && path != TOURNAMENTS {
                continue;
            }
            let answer = api.post(path, &dash(change.clone())).await;
            is(&answer, 400, "malformed");
            assert_eq!(answer.json["errors"][0]["pointer"], pointer, "{change}: {answer:?}");
        }
    }
    well(api.post(TOURNAMENTS, &dash(json!({}))).await);
    well(api.post(TOURNAMENTS, &definition("race", json!({}))).await);
    for (id, pointer, change) in [
        ("dash", "/starts", json!({ "starts": "2040-01-01T00:00:00Z" })),
        ("dash", "/template", json!({ "template": "daily-dash" })),
        ("dash", "/recurs/cron", recurs(json!({ "cron": "0" }))),
        ("race", "/recurs", recurs(json!({ "daily": { "at": "00:00" } }))),
    ] {
        let answer = patch(&api, id, change.clone()).await;
        is(&answer, 400, "malformed");
        assert_eq!(answer.json["errors"][0]["pointer"], pointer, "{change}: {answer:?}");
    }
}

#[tokio::test]
async fn a_series_is_neither_tried_nor_opted_in_to() {
    let api = Api::start().await;
    well(api.post(TOURNAMENTS, &dash(json!({ "optIn": true }))).await);
    well(api.post(&of("dash", "/schedule"), &json!({})).await);
    let from = time(now_micros() - 60_000_000);
    let tried = json!({ "from": from, "tournament": dash(json!({})) });
    let joins = json!({ "tournamentId": "dash", "optIn": "in" });
    for (answer, pointer) in [
        (api.post(&of("dry-run", ""), &tried).await, "/tournament/recurs"),
        (api.post(&of("dash", "/dry-run"), &json!({ "from": from })).await, "/recurs"),
        (
            api.send(ask("PUT", "/api/v1/players/anna/tournaments").json(&joins)).await,
            "/tournamentId",
        ),
    ] {
        is(&answer, 400, "malformed");
        assert_eq!(answer.json["errors"][0]["pointer"], pointer, "{answer:?}");
    }
    // What a template says besides when it recurs can be tried.
    let tried = json!({ "from": from, "tournament": { "template": "daily-dash" } });
    let begun = api.post(&of("dry-run", ""), &tried).await;
    assert_eq!(begun.status, 202, "{begun:?}");
}

#[tokio::test]
async fn all_series_of_an_operator_take_place_so_often_a_day() {
    let api = Api::start().await;
    for id in ["a", "b", "c", "d", "e"] {
        let hourly = json!({ "id": id, "recurs": { "cron": "0 * * * *" } });
        well(api.post(TOURNAMENTS, &dash(hourly)).await);
        let scheduled = api.post(&of(id, "/schedule"), &json!({})).await;
        if id == "e" {
            is(&scheduled, 409, "too_many_tournaments");
        } else {
            well(scheduled);
        }
    }
    // Each is made for two days, some at a time.
    let count = made(&api, "d", 40).await.len();
    assert!(count <= 50, "{count}");
    let changed = json!({ "recurs": { "daily": { "at": "18:00" }, "lasts": "2h" } });
    let changed = well(patch(&api, "d", changed).await);
    assert_eq!(changed["recurs"], json!({ "daily": { "at": "18:00" }, "lasts": "2h" }));
    well(patch(&api, "e", json!({ "recurs": { "daily": { "at": "18:00" } } })).await);
    well(api.post(&of("e", "/schedule"), &json!({})).await);
}
