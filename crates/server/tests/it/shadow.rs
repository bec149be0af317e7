//! Tournaments beside another system's: staff alone see them, nobody is paid, and lists are compared; in both forms.

use std::time::{Duration, Instant};

use accolade_server::Lent;
use accolade_server::roles::Role;
use serde_json::{Value, json};

use crate::harness::{Answer, Api, Ask, OPERATOR, PATIENCE, ask, void};
use crate::live::refused;
use crate::prizes::{self, hash_of, prize_entries, settled, states};
use crate::tournaments::{TOURNAMENTS, begin, bet, both, definition, heard, is, of, players, well};

/// Lends both nodes a token of a player's.
fn lend(nodes: [&Api; 2], player: &str) {
    for node in nodes {
        let (role, operators) = (Role::Player, vec![OPERATOR.to_owned()]);
        let lent = Lent { role, operators, player: Some(player.to_owned()) };
        node.service.lend("a-player", lent);
    }
}

/// As the player, with an id that makes answers the same.
fn as_player(request: Ask) -> Ask {
    request.header("authorization", "Bearer a-player").header("x-request-id", "the-same")
}

/// What a player or a stranger asks is answered as if the tournament had never been.
async fn is_hidden(node: &Api, player: &str) {
    for what in ["", "/leaderboard", "/leaderboard/stream", "/results"] {
        let [shadow, nothing] = ["race", "nothing"].map(|id| ask("GET", &of(id, what)));
        let shadow = refused(node, as_player(shadow)).await;
        is(&shadow, 404, "not_found");
        assert_eq!(shadow.json, refused(node, as_player(nothing)).await.json, "{what}");
    }
    let all = well(node.send_bare(as_player(ask("GET", TOURNAMENTS))).await);
    assert_eq!(all["items"], json!([]));
    let joins = |id: &str| {
        let path = format!("/api/v1/players/{player}/tournaments");
        as_player(ask("PUT", &path).json(&json!({ "tournamentId": id, "optIn": "in" })))
    };
    let refused_to_join = node.send_bare(joins("race")).await;
    assert_eq!(refused_to_join.pointers(), ["/tournamentId"], "{refused_to_join:?}");
    assert_eq!(refused_to_join.json, node.send_bare(joins("nothing")).await.json);
    for what in ["", "/leaderboard", "/leaderboard/stream"] {
        let path = format!("/api/v1/public/tournaments/race{what}?operatorId={OPERATOR}");
        is(&refused(node, ask("GET", &path)).await, 404, "not_found");
    }
}

/// Waits until nothing is under way: nothing waits for anybody.
async fn is_through(api: &Api, id: &str) {
    let until = Instant::now() + PATIENCE;
    loop {
        let answer = api.post(&of(id, "/resettle"), &json!({ "why": "a test" })).await;
        if answer.json["code"] == "nothing_late" {
            return;
        }
        is(&answer, 409, "prizes_under_way");
        assert!(Instant::now() < until, "nothing is to be under way: {answer:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn staff_alone_see_a_shadow_and_it_says_what_it_would_have_paid() {
    both(async |api, other| {
        let terms = json!({
            "mode": "shadow", "approval": true, "public": true, "publicPositions": 6,
            "prizes": [
                { "from": 1, "points": 300 },
                { "from": 2, "to": 3, "pool": 100.01 },
                { "from": 4, "thing": { "kind": "voucher", "name": "a cup of tea" } },
            ],
        });
        prizes::begin(api, other, "race", terms).await;
        let players = players();
        for (number, player) in (1_u32..).zip(&players) {
            bet(api, &format!("w{number}"), player, f64::from(100 * number)).await;
        }
        lend([api, other], &players[7]);
        for node in [api, other] {
            is_hidden(node, &players[7]).await;
            let board = well(node.get(&of("race", "/leaderboard")).await);
            assert_eq!(
                json!([board["players"], board["items"][0]["playerId"]]),
                json!([8, players[7]])
            );
            assert_eq!(well(node.get(&of("race", "")).await)["mode"], "shadow");
        }

        let has_all = |it: &Value| it["items"].as_array().is_some_and(|items| items.len() == 6);
        let results = settled(api, "race", has_all).await;
        let expected =
            [(1, 7, 300.0), (2, 6, 50.01), (3, 5, 50.0), (4, 4, 0.0), (5, 3, 0.0), (6, 2, 0.0)];
        let expected = expected.map(|(place, player, points)| {
            (place, players[player].clone(), json!(points), "none".to_owned())
        });
        assert_eq!(states(&results), expected);
        let said = ["state", "mode", "players", "things", "paidAt", "approvedAt"];
        assert_eq!(
            json!(said.map(|name| results[name].clone())),
            json!(["final", "shadow", 8, 1, null, null])
        );
        assert_eq!(results["points"].to_string(), "400.01", "so much it would have cost");
        assert_eq!(results["items"][3]["thing"]["name"], "a cup of tea");
        let race = well(api.get(&of("race", "")).await);
        assert_eq!(results["hash"], hash_of(&results, &race));

        is_through(api, "race").await;
        heard(api, other, "race").await;
        is(&other.post(&of("race", "/approve"), &json!({})).await, 409, "prize_closed");
        let paid = json!({ "tournamentId": "race", "place": 4, "state": "paid", "why": "by post" });
        let path = format!("/api/v1/players/{}/prizes", players[4]);
        is(&other.post(&path, &paid).await, 409, "prize_closed");
        for node in [api, other] {
            is_hidden(node, &players[7]).await;
            for player in &players {
                assert_eq!(prize_entries(node, player).await, Vec::<Value>::new(), "{player}");
            }
            let results = well(node.get(&of("race", "/results")).await);
            let items = results["items"].as_array().unwrap();
            assert!(items.iter().all(|item| item["paid"] == 0.0), "{results}");
            let summary = well(node.get("/api/v1/summary").await);
            let prizes = &summary["items"].as_array().unwrap().last().unwrap()["prizes"];
            assert_eq!(json!([prizes["paid"], prizes["processing"]]), json!([0, 0]));
        }
    })
    .await;
}

#[tokio::test]
async fn a_shadow_is_settled_again_and_held_against_what_would_have_been_won() {
    both(async |api, other| {
        let prizes = json!([{ "from": 1, "points": 300 }, { "from": 2, "points": 100 }]);
        prizes::begin(api, other, "race", json!({ "mode": "shadow", "prizes": prizes })).await;
        let [anna, bert, ..] = &players();
        bet(api, "w1", anna, 200.0).await;
        bet(api, "w2", bert, 100.0).await;
        let has = |version: u64, places: usize| {
            move |it: &Value| {
                let items = it["items"].as_array().map_or(0, Vec::len);
                it["version"] == version && items == places
            }
        };
        settled(api, "race", has(1, 2)).await;
        is_through(api, "race").await;
        api.wager(&void("w1", anna)).await;
        let why = json!({ "why": "a cheat", "takeBack": true });
        let dry = well(api.post(&of("race", "/resettle?dryRun=true"), &why).await);
        let said = ["changed", "more", "less"].map(|name| dry[name].to_string());
        assert_eq!(said, ["2", "200.0", "300.0"], "{dry}");
        well(api.post(&of("race", "/resettle"), &why).await);
        let results = settled(api, "race", has(2, 1)).await;
        assert_eq!(states(&results), [(1, bert.clone(), json!(300.0), "none".to_owned())]);
        assert_eq!(json!([results["former"], results["paidAt"]]), json!([0, null]));
        is_through(api, "race").await;
        for player in [anna, bert] {
            assert_eq!(prize_entries(other, player).await, Vec::<Value>::new(), "{player}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_the_mode_may_not_be_is_refused_by_its_field() {
    let api = Api::start().await;
    let refused = |answer: &Answer, pointer: &str| {
        is(answer, 400, "malformed");
        assert_eq!(answer.json["errors"][0]["pointer"], pointer, "{answer:?}");
    };
    for (pointer, more) in [
        ("/mode", json!({ "mode": "dark" })),
        ("/mode", json!({ "mode": true })),
        ("/optIn", json!({ "mode": "shadow", "optIn": true })),
        ("/optIn", json!({ "mode": "shadow", "optIn": true, "participantsMax": 5 })),
        ("/participantsMax", json!({ "mode": "shadow", "participantsMax": 5 })),
    ] {
        refused(&api.post(TOURNAMENTS, &definition("race", more)).await, pointer);
    }
    let made = well(api.post(TOURNAMENTS, &definition("race", json!({}))).await);
    assert_eq!(made["mode"], "live");
    let say = async |mode: &str| {
        api.send(ask("PATCH", &of("race", "")).json(&json!({ "mode": mode }))).await
    };
    assert_eq!(well(say("shadow").await)["mode"], "shadow");
    well(api.post(&of("race", "/schedule"), &json!({})).await);
    refused(&say("live").await, "/mode");
    assert_eq!(well(say("shadow").await)["mode"], "shadow", "it is that already");
    let validated =
        api.post(&of("validate", ""), &definition("x", json!({ "mode": "shadow" }))).await;
    assert_eq!(well(validated)["state"], "valid");
}

fn comparison(id: &str) -> String {
    of(id, "/comparison")
}

#[tokio::test]
async fn a_list_is_compared_with_the_leaderboard_line_by_line() {
    both(async |api, other| {
        begin(api, "race", json!({})).await;
        heard(api, other, "race").await;
        let players = players();
        for (number, player) in (1_u32..).zip(&players[..6]) {
            bet(api, &format!("w{number}"), player, f64::from(10 * number)).await;
        }
        let [p0, p1, p2, p3, p4, p5, ..] = &players;
        let list = json!({ "places": [
            { "playerId": "nobody", "position": 5, "score": 1 },
            { "playerId": p5, "position": 1, "score": 60.00 },
            { "playerId": p3, "position": 2, "score": 40.5 },
            { "playerId": p4, "position": 3, "score": 50 },
            { "playerId": p2, "position": 4, "score": null },
        ] });
        let line = |player: &str, here: Value, there: Value, score: Value, listed: Value| {
            json!({
                "playerId": player, "position": here, "listedPosition": there, "score": score, "listedScore": listed
            })
        };
        let nothing = Value::Null;
        let expected = json!({
            "tournamentId": "race", "operatorId": OPERATOR, "mode": "live", "state": "live", "isFinal": false,
            "players": 6, "listed": 5, "samePosition": 2, "moved": 2, "onlyHere": 2, "onlyThere": 1,
            "sameScore": 2, "otherScore": 1, "largestMove": 1,
            "items": [
                line(p4, json!(2), json!(3), json!(50), json!(50)),
                line(p3, json!(3), json!(2), json!(40), json!(40.5)),
                line(p1, json!(5), nothing.clone(), json!(20), nothing.clone()),
                line("nobody", nothing.clone(), json!(5), nothing.clone(), json!(1)),
                line(p0, json!(6), nothing.clone(), json!(10), nothing.clone()),
            ],
        });
        for node in [api, other] {
            assert_eq!(well(node.post(&comparison("race"), &list).await), expected);
        }

        // Who is far behind is found as well as the first.
        for number in 0..110 {
            bet(api, &format!("more-{number}"), &format!("more-{number}"), 5.0).await;
        }
        let last = json!({ "places": [{ "playerId": "more-109", "position": 1, "score": 5 }] });
        for node in [api, other] {
            let found = well(node.post(&comparison("race"), &last).await);
            let counts = ["players", "moved", "onlyHere", "onlyThere", "sameScore", "largestMove"];
            let counts = counts.map(|name| found[name].as_u64().unwrap());
            assert_eq!(counts, [116, 1, 115, 0, 1, 115]);
            let items = found["items"].as_array().unwrap();
            assert_eq!((items.len(), &items[0]["playerId"]), (100, &json!(p5)));
        }
    })
    .await;
}

#[tokio::test]
async fn a_comparison_is_for_staff_and_says_what_is_wrong_with_a_list() {
    let api = Api::start().await;
    well(api.post(TOURNAMENTS, &definition("draft", json!({ "mode": "shadow" }))).await);
    let none = json!({ "places": [] });
    let empty = well(api.post(&comparison("draft"), &none).await);
    assert_eq!(json!([empty["mode"], empty["players"], empty["items"]]), json!(["shadow", 0, []]));
    is(&api.post(&comparison("nothing"), &none).await, 404, "not_found");
    let twice = json!({ "places": [
        { "playerId": "p1", "position": 1 }, { "playerId": "p2", "position": 2 }, { "playerId": "p1", "position": 3 },
    ] });
    for (body, pointer) in [
        (json!({}), "/places"),
        (json!({ "places": [{ "playerId": "p1" }] }), "/places/0/position"),
        (twice, "/places/2/playerId"),
    ] {
        let answer = api.post(&comparison("draft"), &body).await;
        is(&answer, 400, "malformed");
        assert_eq!(answer.pointers(), [pointer]);
    }
    lend([&api, &api], "p1");
    let asked = as_player(ask("POST", &comparison("draft")).json(&none));
    is(&api.send_bare(asked).await, 403, "forbidden");
}
