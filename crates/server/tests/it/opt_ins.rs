//! Tournaments to which players opt in, and their seats, in both forms.

use std::sync::{Arc, mpsc};

use accolade_server::Lent;
use accolade_server::roles::Role;
use accolade_wire::identity::partition_of;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Answer, Api, OPERATOR, PATIENCE, ask, now_micros, time};
use crate::tournaments::{TOURNAMENTS, bet, both, definition, heard, is, of, players, well};

pub(crate) fn opt_ins(player: &str) -> String {
    format!("/api/v1/players/{player}/tournaments")
}

pub(crate) async fn say(api: &Api, player: &str, tournament: &str, opt_in: &str) -> Answer {
    let body = json!({ "tournamentId": tournament, "optIn": opt_in });
    api.send(ask("PUT", &opt_ins(player)).json(&body)).await
}

/// A tournament that is scheduled, and whose start is far away or soon.
pub(crate) async fn schedule(api: &Api, other: &Api, id: &str, more: Value) {
    let made = api.post(TOURNAMENTS, &definition(id, more)).await;
    assert_eq!(made.status, 201, "{made:?}");
    well(api.post(&of(id, "/schedule"), &json!({})).await);
    heard(api, other, id).await;
}

pub(crate) fn later(more: Value) -> Value {
    let starts = now_micros() + 3_600_000_000;
    let mut body = json!({
        "optIn": true, "starts": time(starts), "ends": time(starts + 3_600_000_000),
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn live(api: &Api, id: &str) {
    while well(api.get(&of(id, "")).await)["state"] == "scheduled" {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn only_who_has_opted_in_is_on_the_leaderboard_with_what_came_after() {
    both(async |api, other| {
        schedule(api, other, "race", json!({ "optIn": true })).await;
        schedule(api, other, "open", json!({})).await;
        let players = players();
        let early = well(say(other, &players[0], "race", "in").await);
        let expected = json!({ "tournamentId": "race", "playerId": players[0], "state": "in" });
        assert_eq!(early, expected);
        assert_eq!(well(say(api, &players[0], "race", "in").await), expected, "twice is the same");
        live(api, "race").await;
        live(api, "open").await;
        for (number, player) in (1_u32..).zip(&players[..3]) {
            bet(api, &format!("w{number}"), player, f64::from(10 * number)).await;
        }
        well(say(other, &players[1], "race", "in").await);
        bet(other, "w9", &players[1], 5.0).await;
        let board = async |id: &str| {
            let board = well(other.get(&of(id, "/leaderboard")).await);
            let items = board["items"].as_array().unwrap().iter();
            json!(items.map(|it| json!([it["playerId"], it["score"]])).collect::<Vec<_>>())
        };
        assert_eq!(board("race").await, json!([[players[0], 10], [players[1], 5]]));
        assert_eq!(board("open").await.as_array().unwrap().len(), 3);
        let explained = well(api.get("/api/v1/wagers/w3/explanation").await);
        assert_eq!(explained["tournaments"].as_array().unwrap().len(), 1);
        is(&say(other, &players[1], "race", "out").await, 409, "tournament_began");
        is(&say(api, &players[2], "open", "in").await, 409, "no_opt_in");
        let patch = ask("PATCH", &of("race", "")).json(&json!({ "optIn": false }));
        is(&api.send(patch).await, 409, "opt_in_fixed");
    })
    .await;
}

#[tokio::test]
async fn an_opt_in_is_tried_taken_back_listed_and_refused_with_its_reason() {
    both(async |api, other| {
        let plan = api.post(TOURNAMENTS, &definition("plan", later(json!({})))).await;
        assert_eq!(plan.status, 201, "{plan:?}");
        for id in ["race", "week", "gone"] {
            schedule(api, other, id, later(json!({}))).await;
        }
        well(api.post(&of("gone", "/cancel"), &json!({ "why": "x" })).await);
        heard(api, other, "gone").await;
        let player = &players()[1];
        is(&other.get(&opt_ins(player)).await, 404, "not_found");
        let body = json!({ "tournamentId": "race", "optIn": "in" });
        let dry = ask("PUT", &format!("{}?dryRun=true", opt_ins(player))).json(&body);
        let dry = well(other.send(dry).await);
        assert_eq!(json!([dry["state"], dry["dryRun"]]), json!(["in", true]));
        is(&api.get(&opt_ins(player)).await, 404, "not_found");

        let keyed = || ask("PUT", &opt_ins(player)).json(&body).header("idempotency-key", "once");
        assert_eq!(well(api.send(keyed()).await)["state"], "in");
        assert_eq!(well(other.send(keyed()).await)["state"], "in");
        well(say(api, player, "week", "in").await);
        let first = well(other.get(&format!("{}?limit=1", opt_ins(player))).await);
        assert_eq!(first["items"][0]["tournamentId"], "week");
        let next = first["nextCursor"].as_str().unwrap();
        let rest = well(api.get(&format!("{}?limit=1&cursor={next}", opt_ins(player))).await);
        assert_eq!(
            rest["items"][0],
            json!({ "tournamentId": "race", "playerId": player, "state": "in" })
        );
        assert_eq!(rest["nextCursor"], Value::Null);
        for _ in 0..2 {
            assert_eq!(well(say(other, player, "week", "out").await)["state"], "out");
        }
        let left = well(api.get(&opt_ins(player)).await);
        assert_eq!(left["items"], rest["items"]);

        is(&say(api, player, "plan", "in").await, 409, "tournament_not_scheduled");
        is(&say(other, player, "gone", "in").await, 409, "tournament_over");
        is(&say(api, "a-stranger", "race", "out").await, 404, "not_found");
        let unknown = say(other, player, "nothing", "in").await;
        is(&unknown, 400, "malformed");
        assert_eq!(unknown.pointers(), ["/tournamentId"]);
        assert_eq!(say(api, player, "race", "maybe").await.pointers(), ["/optIn"]);
        let exclude = format!("/api/v1/players/{player}/self-exclusion");
        well(api.send(ask("PUT", &exclude).json(&json!({ "why": "a test" }))).await);
        is(&say(other, player, "week", "in").await, 409, "self_excluded");
        is(&api.get(&of("race", "/seats")).await, 409, "no_seats");
        is(&api.get(&of("nothing", "/seats")).await, 404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn a_player_s_token_opts_in_for_that_player_alone() {
    let api = Api::start().await;
    schedule(&api, &api, "race", later(json!({ "participantsMax": 3 }))).await;
    let plan = api.post(TOURNAMENTS, &definition("plan", later(json!({})))).await;
    assert_eq!(plan.status, 201, "{plan:?}");
    let (role, operators) = (Role::Player, vec![OPERATOR.to_owned()]);
    api.service.lend("anna", Lent { role, operators, player: Some("anna".into()) });
    let say = async |player: &str, tournament: &str| {
        let body = json!({ "tournamentId": tournament, "optIn": "in" });
        let request = ask("PUT", &opt_ins(player)).json(&body);
        api.send_bare(request.header("authorization", "Bearer anna")).await
    };
    assert_eq!(well(say("anna", "race").await)["state"], "in");
    is(&say("bert", "race").await, 404, "not_found");
    is(&say("anna", "plan").await, 400, "malformed");
    let see = async |path: &str| {
        api.send_bare(ask("GET", path).header("authorization", "Bearer anna")).await
    };
    assert_eq!(well(see(&opt_ins("anna")).await)["items"][0]["state"], "in");
    assert_eq!(well(see(&of("race", "/seats")).await)["left"], 2);
    is(&see(&of("plan", "/seats")).await, 404, "not_found");
    let put_down = well(api.get("/api/v1/audit?route=putOptIn").await);
    let first = put_down["items"].as_array().unwrap().last().unwrap();
    assert!(first.to_string().contains("anna"), "{first}");
}

pub(crate) async fn seats(api: &Api, id: &str) -> Value {
    let seats = well(api.get(&of(id, "/seats")).await);
    json!([seats["participantsMax"], seats["taken"], seats["left"]])
}

fn in_turn<'a>(number: usize, api: &'a Api, other: &'a Api) -> &'a Api {
    if number.is_multiple_of(2) { api } else { other }
}

/// 64 players at once ask for seats; returns those who got one.
async fn all_ask(api: &Api, other: &Api, id: &str) -> Vec<String> {
    let players: Vec<_> = (0..64).map(|number| format!("q{number}")).collect();
    let asked = players
        .iter()
        .enumerate()
        .map(async |(number, player)| say(in_turn(number, api, other), player, id, "in").await);
    let mut let_in = Vec::new();
    for (answer, player) in join_all(asked).await.into_iter().zip(&players) {
        if answer.status == 200 {
            assert_eq!(answer.json["state"], "in");
            let_in.push(player.clone());
        } else {
            is(&answer, 409, "tournament_full");
        }
    }
    let_in
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_64_players_gets_the_last_seat_and_gives_it_back_by_leaving() {
    both(async |api, other| {
        schedule(api, other, "last", later(json!({ "participantsMax": 1 }))).await;
        schedule(api, other, "few", later(json!({ "participantsMax": 5 }))).await;
        let let_in = all_ask(api, other, "last").await;
        let [winner] = &let_in[..] else { panic!("{let_in:?}") };
        for node in [api, other] {
            assert_eq!(seats(node, "last").await, json!([1, 1, 0]));
        }
        let loser = if winner == "q0" { "q1" } else { "q0" };
        let states = async |player: &str| {
            let listed = well(other.get(&opt_ins(player)).await);
            listed["items"][0]["state"].clone()
        };
        assert_eq!(states(winner).await, "in");
        assert_eq!(states(loser).await, "full");
        assert_eq!(well(say(other, winner, "last", "in").await)["state"], "in");
        is(&say(api, loser, "last", "in").await, 409, "tournament_full");
        assert_eq!(well(say(api, winner, "last", "out").await)["state"], "out");
        // The seat comes back by a message, which is there soon.
        let given_back = async {
            while seats(other, "last").await != json!([1, 0, 1]) {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, given_back).await.expect("it is given back");
        assert_eq!(well(say(other, loser, "last", "in").await)["state"], "in");
        assert_eq!(all_ask(api, other, "few").await.len(), 5);
        assert_eq!(seats(api, "few").await, json!([5, 5, 0]));
        let patch = |most: Value| {
            api.send(ask("PATCH", &of("few", "")).json(&json!({ "participantsMax": most })))
        };
        is(&patch(json!(4)).await, 409, "opt_in_fixed");
        well(patch(json!(7)).await);
        heard(api, other, "few").await;
        assert_eq!(all_ask(api, other, "few").await.len(), 7);
        assert_eq!(seats(other, "few").await, json!([7, 7, 0]));
    })
    .await;
}

#[tokio::test]
async fn who_is_in_is_so_after_a_restart() {
    let api = Api::start().await;
    schedule(&api, &api, "race", later(json!({ "participantsMax": 2 }))).await;
    well(say(&api, "p1", "race", "in").await);
    well(say(&api, "p2", "race", "in").await);
    is(&say(&api, "p3", "race", "in").await, 409, "tournament_full");
    let all = async |api: &Api| {
        let mut all = vec![seats(api, "race").await];
        for player in ["p1", "p2", "p3"] {
            all.push(well(api.get(&opt_ins(player)).await));
        }
        all
    };
    let before = all(&api).await;
    let api = api.restart(|_| ());
    assert_eq!(all(&api).await, before);
    is(&say(&api, "p3", "race", "in").await, 409, "tournament_full");
    assert_eq!(well(say(&api, "p1", "race", "in").await)["state"], "in");
}

#[tokio::test]
async fn whoever_waits_for_a_partition_that_is_at_work_holds_up_nobody_else() {
    let api = Api::start().await;
    let player = &players()[1];
    let mut ids = (0..).map(|number| format!("race-{number}"));
    let id = ids.find(|id| partition_of(id, 4) == 1).unwrap();
    schedule(&api, &api, &id, later(json!({ "participantsMax": 3 }))).await;
    well(say(&api, player, &id, "in").await);
    let exclusion = format!("/api/v1/players/{player}/self-exclusion");
    for path in [opt_ins(player), of(&id, "/seats"), exclusion] {
        let (begins, begun) = mpsc::channel();
        let (ends, ended) = mpsc::channel();
        let node = Arc::clone(&api.node);
        let at_work = std::thread::spawn(move || {
            node.read(1, |_| {
                begins.send(()).unwrap();
                ended.recv_timeout(PATIENCE)
            })
        });
        begun.recv().unwrap();
        // The runtime's one thread comes to the end of the work only if who asks leaves it.
        let (answer, told) = tokio::join!(api.get(&path), async { ends.send(()) });
        assert_eq!((told, at_work.join().unwrap()), (Ok(()), Ok(())), "{path}");
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

#[tokio::test]
async fn what_is_no_number_of_seats_is_refused_with_its_field() {
    let api = Api::start().await;
    let wrong = [
        ("/optIn", json!({ "optIn": "yes" })),
        ("/participantsMax", json!({ "optIn": true, "participantsMax": 0 })),
        ("/participantsMax", json!({ "optIn": true, "participantsMax": 1_000_001 })),
        ("/participantsMax", json!({ "optIn": true, "participantsMax": "5" })),
        ("/participantsMax", json!({ "participantsMax": 5 })),
    ];
    for (pointer, change) in wrong {
        let answer = api.post(TOURNAMENTS, &definition("race", change.clone())).await;
        is(&answer, 400, "malformed");
        assert_eq!(answer.json["errors"][0]["pointer"], pointer, "{change}: {answer:?}");
    }
    let good = json!({ "optIn": true, "participantsMax": 5 });
    let made = well(api.post(TOURNAMENTS, &definition("race", good)).await);
    assert_eq!(json!([made["optIn"], made["participantsMax"]]), json!([true, 5]));
    let patch = ask("PATCH", &of("race", "")).json(&json!({ "participantsMax": null }));
    assert_eq!(well(api.send(patch).await)["participantsMax"], Value::Null);
}
