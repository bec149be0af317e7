//! Who is excluded is on no leaderboard while that holds, in both forms.

use std::time::{Duration, Instant};

use accolade_server::roles::Role;
use accolade_server::{Lent, Settings};
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::harness::{Api, OPERATOR, PATIENCE, ask, game_event, now_micros, time};
use crate::live::{Place, place, watch};
use crate::prizes::{self, settled};
use crate::tournaments::{begin, bet, both, heard, lines, of, players, well};

/// Excludes a player, for ever or until a time.
async fn exclude(api: &Api, player: &str, until: Option<i64>) {
    let path = format!("/api/v1/players/{player}/self-exclusion");
    let mut body = json!({ "why": "asked for it" });
    if let Some(until) = until {
        body["until"] = time(until).into();
    }
    well(api.send(ask("PUT", &path).json(&body)).await);
}

async fn lift(api: &Api, player: &str) {
    let path = format!("/api/v1/players/{player}/self-exclusion/lift");
    well(api.post(&path, &json!({ "why": "a mistake" })).await);
}

async fn board(api: &Api, query: &str) -> Vec<Place> {
    lines(&well(api.get(&of("race", &format!("/leaderboard?{query}"))).await))
}

async fn game(api: &Api) -> Vec<Place> {
    lines(&well(api.get("/api/v1/games/game-001/leaderboard?period=allTime").await))
}

/// Four players of four partitions, who score.
async fn play(api: &Api) -> [String; 4] {
    let [a, b, c, d, ..] = players();
    let played = [a, b, c, d];
    for (player, stake) in played.iter().zip([30.0, 20.0, 10.0, 5.0]) {
        bet(api, &format!("w-{player}"), player, stake).await;
    }
    for (player, score) in [(&played[0], 7), (&played[1], 5)] {
        let mut event = game_event(Some(&format!("e-{player}")), player);
        event["data"] = json!({ "score": score });
        assert_eq!(api.post("/api/v1/events?wait=applied", &event).await.status, 200);
    }
    played
}

#[tokio::test]
async fn others_move_up_and_who_is_back_has_the_score_that_there_was() {
    both(async |api, other| {
        begin(api, "race", json!({})).await;
        heard(api, other, "race").await;
        let [a, b, c, d] = play(api).await;
        let all = [place(1, &a, 30.0), place(2, &b, 20.0), place(3, &c, 10.0), place(4, &d, 5.0)];
        let rest = [place(1, &b, 20.0), place(2, &c, 10.0), place(3, &d, 5.0)];
        let mut watching = watch(other, &of("race", "/leaderboard/stream")).await;
        watching.until(&all).await;
        exclude(api, &a, None).await;
        for node in [api, other] {
            assert_eq!(board(node, "top=10").await, rest);
            assert_eq!(board(node, &format!("players={a},{c}")).await, rest[1..2]);
            assert_eq!(board(node, &format!("around={b}&radius=1")).await, rest[..2]);
            assert_eq!(board(node, &format!("around={a}")).await, []);
            assert_eq!(game(node).await, [place(1, &b, 5.0)]);
        }
        watching.until(&rest).await;
        lift(other, &a).await;
        for node in [api, other] {
            assert_eq!(board(node, "top=10").await, all);
            assert_eq!(game(node).await, [place(1, &a, 7.0), place(2, &b, 5.0)]);
        }
        watching.until(&all).await;

        // It ends by itself, by the log's time.
        exclude(other, &a, Some(now_micros() + 700_000)).await;
        assert_eq!(board(api, "top=10").await, rest);
        watching.until(&rest).await;
        let until = Instant::now() + PATIENCE;
        while board(other, "top=10").await != all {
            assert!(Instant::now() < until, "it has not ended");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(game(api).await, [place(1, &a, 7.0), place(2, &b, 5.0)]);
        watching.until(&all).await;
    })
    .await;
}

#[tokio::test]
async fn a_final_leaderboard_does_not_show_them_and_nobody_moves_up() {
    both(async |api, other| {
        let prizes = json!([{ "from": 1, "to": 2, "points": 300 }]);
        let ends = time(now_micros() + 4_000_000);
        prizes::begin(api, other, "race", json!({ "prizes": prizes, "ends": ends })).await;
        let [a, b, c, d] = play(api).await;
        exclude(api, &a, None).await;
        assert_eq!(board(other, "top=2").await, [place(1, &b, 20.0), place(2, &c, 10.0)]);
        let results = settled(api, "race", |it| !it["paidAt"].is_null()).await;
        let states = results["items"].as_array().unwrap().iter().map(|it| it["state"].clone());
        assert_eq!(json!(states.take(2).collect::<Vec<_>>()), json!(["not_eligible", "paid"]));
        let shown = [place(2, &b, 20.0), place(3, &c, 10.0), place(4, &d, 5.0)];
        for node in [api, other] {
            let found = well(node.get(&of("race", "/leaderboard?top=10")).await);
            assert_eq!(json!([found["isFinal"], found["players"]]), json!([true, 4]));
            assert_eq!(lines(&found), shown);
            assert_eq!(board(node, &format!("players={a}")).await, []);
        }
        // Nor do results, to other players.
        let (role, operators) = (Role::Player, vec![OPERATOR.to_owned()]);
        api.service.lend("b-player", Lent { role, operators, player: Some(b.clone()) });
        let seen = ask("GET", &of("race", "/results")).header("authorization", "Bearer b-player");
        let seen = well(api.send_bare(seen).await);
        let seen = seen["items"].as_array().unwrap().iter().map(|it| &it["playerId"]);
        assert_eq!(json!(seen.collect::<Vec<_>>()), json!([b, c, d]));
        let mut watching = watch(other, &of("race", "/leaderboard/stream")).await;
        let snapshot = watching.expect("snapshot").await;
        assert_eq!((watching.places(), &snapshot["isFinal"]), (shown.to_vec(), &Value::Bool(true)));
        // As soon as it ends there is the line again.
        lift(api, &a).await;
        assert_eq!(board(other, "top=1").await, [place(1, &a, 30.0)]);
    })
    .await;
}

#[tokio::test]
async fn a_node_that_was_restarted_leaves_out_whom_it_has_left_out() {
    let mut api = Api::open(tempdir().unwrap(), Settings::default(), |_| ());
    api.key = api.add_operator(OPERATOR, 0).await;
    let api = api.with_program().await;
    begin(&api, "race", json!({})).await;
    let [a, b, c, d] = play(&api).await;
    exclude(&api, &a, None).await;
    exclude(&api, &c, Some(now_micros() + 3_600_000_000)).await;
    let rest = [place(1, &b, 20.0), place(2, &d, 5.0)];
    assert_eq!(board(&api, "top=10").await, rest);
    let api = api.restart(|_| ());
    assert_eq!(board(&api, "top=10").await, rest);
    assert_eq!(game(&api).await, [place(1, &b, 5.0)]);
    lift(&api, &c).await;
    let expected = [place(1, &b, 20.0), place(2, &c, 10.0), place(3, &d, 5.0)];
    assert_eq!(board(&api, "top=10").await, expected);
}
