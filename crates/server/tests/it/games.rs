//! Leaderboards of games over HTTP, in both forms.

use serde_json::{Value, json};

use crate::harness::{Api, PATIENCE, ask, game_event, now_micros, time, wager};
use crate::tournaments::{both, is, players, well};

const DAY_MICROS: i64 = 86_400_000_000;

/// An event of a player who scores now.
fn score(id: &str, player: &str, game: &str, score: f64) -> Value {
    let mut event = game_event(Some(id), player);
    event["game_id"] = game.into();
    event["data"] = json!({ "score": score });
    event["timestamp"] = time(now_micros()).into();
    event
}

async fn take_in(api: &Api, events: Vec<Value>) {
    let answer = api.post("/api/v1/events?wait=applied", &events.into()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn path(game: &str, query: &str) -> String {
    let game: String = form_urlencoded::byte_serialize(game.as_bytes()).collect();
    format!("/api/v1/games/{}/leaderboard{query}", game.replace('+', "%20"))
}

fn lines(board: &Value) -> Vec<(u64, &str, f64, u64)> {
    let line = |line: &'_ Value| (line["position"].as_u64(), line["events"].as_u64());
    let items = board["items"].as_array().unwrap().iter();
    let lines = items.map(|item| {
        let (position, events) = line(item);
        let player = item["playerId"].as_str().unwrap();
        (position.unwrap(), player, item["score"].as_f64().unwrap(), events.unwrap())
    });
    lines.collect()
}

/// The game's leaderboard of all time, which no midnight ends within a test.
async fn all_time(api: &Api, game: &str, query: &str) -> Value {
    well(api.get(&path(game, &format!("?period=allTime{query}"))).await)
}

#[tokio::test]
async fn players_of_all_partitions_are_on_the_leaderboards_of_their_game() {
    both(async |api, other| {
        let names = players();
        let nobody = all_time(other, "reels", "").await;
        assert_eq!((&nobody["players"], lines(&nobody)), (&json!(0), vec![]));
        let events = names.iter().zip(1..).map(|(name, number)| {
            score(&format!("e-{name}"), name, "reels", f64::from(number) + 0.5)
        });
        take_in(api, events.collect()).await;
        take_in(api, vec![score("tower", &names[0], "tower", 100.0)]).await;
        let board = all_time(other, "reels", "&top=3").await;
        let first: [&str; 3] = [&names[7], &names[6], &names[5]];
        let expected = vec![(1, first[0], 8.5, 1), (2, first[1], 7.5, 1), (3, first[2], 6.5, 1)];
        assert_eq!((&board["players"], lines(&board)), (&json!(8), expected));
        let none: Option<Value> = None;
        let shown = ["gameId", "operatorId", "period", "starts", "ends"];
        assert_eq!(
            json!(shown.map(|name| board[name].clone())),
            json!(["reels", "operator-789", "allTime", none, none])
        );
        // What changes is in the next answer, at either node, and a repeat changes nothing.
        let more = score("more", &names[0], "reels", 7.0);
        take_in(other, vec![more.clone(), more]).await;
        for node in [api, other] {
            let around = all_time(node, "reels", &format!("&around={}&radius=1", names[0])).await;
            let expected =
                vec![(1, first[0], 8.5, 1), (2, &*names[0], 8.5, 2), (3, first[1], 7.5, 1)];
            assert_eq!(lines(&around), expected);
        }
        let named = all_time(api, "reels", &format!("&players={},nobody", names[1])).await;
        assert_eq!(lines(&named), [(8, &*names[1], 2.5, 1)]);
        let rest = all_time(api, "reels", "&from=8").await;
        assert_eq!(lines(&rest), lines(&named));
        let tower = all_time(other, "tower", "").await;
        assert_eq!(lines(&tower), [(1, &*names[0], 100.0, 1)]);
    })
    .await;
}

/// A moment of the answer.
fn moment(board: &Value, name: &str) -> i64 {
    accolade_wire::timestamp::read(board[name].as_str().unwrap()).unwrap().micros()
}

/// The day of a zone that is not far from UTC, of which this is the first moment.
fn day_from(first: i64) -> i64 {
    (first + DAY_MICROS / 2).div_euclid(DAY_MICROS)
}

#[tokio::test]
async fn each_day_and_each_week_has_its_own_in_the_operator_s_zone() {
    both(async |api, other| {
        let game = "Lucky/7 \u{e9}";
        let nobody = well(api.get(&path(game, "")).await);
        assert_eq!((&nobody["period"], &nobody["gameId"]), (&json!("daily"), &json!(game)));
        let first = moment(&nobody, "starts");
        let (mut today, mut before) = (score("e1", "p1", game, 5.0), score("e2", "p2", game, 9.0));
        today["timestamp"] = time(first).into();
        before["timestamp"] = time(first - 1).into();
        take_in(api, vec![today, before]).await;
        let days = [(day_from(first), (1, "p1", 5.0, 1)), (day_from(first) - 1, (1, "p2", 9.0, 1))];
        for (day, expected) in days {
            let date = &time(day * DAY_MICROS)[..10];
            let daily = well(other.get(&path(game, &format!("?date={date}"))).await);
            assert_eq!(lines(&daily), [expected]);
            assert_eq!(day_from(moment(&daily, "starts")), day);
            assert_eq!(day_from(moment(&daily, "ends")), day + 1);
            let weekly = path(game, &format!("?period=weekly&date={date}"));
            let weekly = well(other.get(&weekly).await);
            assert!(lines(&weekly).iter().any(|line| line.1 == expected.1), "{weekly}");
            let [monday, next] = ["starts", "ends"].map(|name| day_from(moment(&weekly, name)));
            // 1970 began with a Thursday.
            assert_eq!((next - monday, (monday + 3).rem_euclid(7)), (7, 0));
            assert!((monday..next).contains(&day));
        }
        let all = all_time(other, game, "").await;
        assert_eq!(lines(&all), [(1, "p2", 9.0, 1), (2, "p1", 5.0, 1)]);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let api = Api::start().await;
    for (query, expected) in [
        ("?period=hourly", "`period`: expected `daily` or `weekly` or `allTime`, found `hourly`"),
        ("?period=allTime&date=2024-11-11", "`date` goes with a `period` of `daily` or `weekly`"),
        (
            "?date=2024-11-11",
            "`date`: a day is kept for two days after its end, and a week for two weeks",
        ),
        ("?date=2999-11-11", "`date`: expected today or a day before"),
        ("?date=today", "`date`: expected a day such as `2026-11-29`, found `today`"),
        ("?top=0", "`top`: expected 1 to 500, found `0`"),
        ("?radius=1", "`radius` goes with `around`"),
        (
            "?top=1&players=p1",
            "`top` and `from`, `around` and `players` are three questions: ask one",
        ),
    ] {
        let answer = api.get(&path("reels", query)).await;
        is(&answer, 400, "bad_query");
        assert_eq!(answer.json["detail"], expected, "{query}");
    }
    is(&api.get(&path(&"x".repeat(129), "")).await, 404, "not_found");
}

#[tokio::test]
async fn a_player_sees_the_public_positions_and_their_own() {
    let api = Api::start().await;
    let events = (0..102).map(|number| {
        score(&format!("e{number}"), &format!("p{number}"), "reels", 200.0 - f64::from(number))
    });
    take_in(&api, events.collect()).await;
    let signed = api.post("/api/v1/player-tokens", &json!({ "playerId": "p101" })).await.json;
    let own = format!("Bearer {}", signed["token"].as_str().unwrap());
    let seen = async |query: &str| {
        let path = path("reels", &format!("?period=allTime&{query}"));
        api.send_bare(ask("GET", &path).header("authorization", &own)).await
    };
    let top = well(seen("top=500").await);
    let positions: Vec<_> = lines(&top).iter().map(|line| line.0).collect();
    assert_eq!(positions, (1..=100).chain([102]).collect::<Vec<_>>());
    let around = well(seen("around=p101").await);
    assert_eq!(lines(&around).last(), Some(&(102, "p101", 99.0, 1)));
    is(&seen("around=p1").await, 404, "not_found");
}

/// Publishes another version of the program, and waits until events in all partitions are decided by it.
async fn publish(api: &Api, other: &Api, version: &str, measures: &str) {
    let program = format!("currency: EUR\ngameLeaderboards: {measures}\n");
    let body = json!({ "why": "a contest", "program": program });
    let publish = ask("POST", "/api/v1/program/versions").json(&body).header("if-match", version);
    let published = api.send(publish).await;
    assert_eq!(published.status, 201, "{published:?}");
    for (name, node) in players().iter().zip([api, other].into_iter().cycle()) {
        // It says which version it is decided by.
        let is_decided_by_it = async {
            for number in 0.. {
                let mut wager = wager(&format!("{name}-{version}-{number}"), name);
                wager["timestamp"] = time(now_micros()).into();
                if node.wager(&wager).await["programVersion"] == published.json["version"] {
                    break;
                }
            }
        };
        tokio::time::timeout(PATIENCE, is_decided_by_it).await.unwrap();
    }
}

#[tokio::test]
async fn a_game_goes_by_the_greatest_or_the_last_score_where_the_program_says_so() {
    both(async |api, other| {
        let names = players();
        let by = async |game: &str| {
            let board = all_time(other, game, "").await;
            assert_eq!(board["gameId"], game);
            board["measure"].clone()
        };
        assert_eq!(by("tower").await, "sum");
        publish(api, other, "1", "{ tower: max, quiz: last }").await;
        let scored = async |round: &str, game: &str, scores: [f64; 3]| {
            let events = names
                .iter()
                .zip(scores)
                .map(|(name, value)| score(&format!("{game}-{round}-{name}"), name, game, value));
            take_in(api, events.collect()).await;
        };
        for game in ["tower", "quiz", "reels"] {
            scored("first", game, [5.0, 9.0, 7.0]).await;
            scored("second", game, [8.0, 2.0, 10.0]).await;
        }
        assert_eq!(
            [by("tower").await, by("quiz").await, by("reels").await],
            ["max", "last", "sum"]
        );
        let [a, b, c] = [&*names[0], &*names[1], &*names[2]];
        for node in [api, other] {
            let tower = all_time(node, "tower", "").await;
            assert_eq!(lines(&tower), [(1, c, 10.0, 2), (2, b, 9.0, 2), (3, a, 8.0, 2)]);
            let quiz = all_time(node, "quiz", "").await;
            assert_eq!(lines(&quiz), [(1, c, 10.0, 2), (2, a, 8.0, 2), (3, b, 2.0, 2)]);
            let reels = all_time(node, "reels", "").await;
            assert_eq!(lines(&reels), [(1, c, 17.0, 2), (2, a, 13.0, 2), (3, b, 11.0, 2)]);
        }
        // Another measure goes on from what is there.
        publish(other, api, "2", "{ reels: max, quiz: max }").await;
        for game in ["tower", "quiz", "reels"] {
            scored("third", game, [1.0, 1.0, 18.0]).await;
        }
        let tower = all_time(api, "tower", "").await;
        assert_eq!(lines(&tower), [(1, c, 28.0, 3), (2, b, 10.0, 3), (3, a, 9.0, 3)]);
        let quiz = all_time(api, "quiz", "").await;
        assert_eq!(lines(&quiz), [(1, c, 18.0, 3), (2, a, 8.0, 3), (3, b, 2.0, 3)]);
        let reels = all_time(other, "reels", "").await;
        assert_eq!(lines(&reels), [(1, c, 18.0, 3), (2, a, 13.0, 3), (3, b, 11.0, 3)]);
    })
    .await;
}

#[tokio::test]
async fn scores_are_there_after_a_restart_and_go_on() {
    let api = Api::start().await;
    take_in(&api, vec![score("e1", "p1", "reels", 5.0), score("e2", "p2", "reels", 6.0)]).await;
    let before = all_time(&api, "reels", "").await;
    let api = api.restart(|_| ());
    assert_eq!(all_time(&api, "reels", "").await, before);
    take_in(&api, vec![score("e3", "p1", "reels", 5.0)]).await;
    assert_eq!(lines(&all_time(&api, "reels", "").await), [(1, "p1", 10.0, 2), (2, "p2", 6.0, 1)]);
}

#[tokio::test]
async fn whoever_is_on_the_leaderboards_of_as_many_games_as_may_be_is_counted() {
    let api = Api::start().await;
    let events =
        (0..102).map(|number| score(&format!("e{number}"), "p1", &format!("game-{number}"), 1.0));
    take_in(&api, events.collect()).await;
    // Of the day, of the week and of all time. Other nodes of this process say theirs by the same name.
    let expected = "accolade_game_scores_left_out 6";
    let is_told = async {
        while !api.send_bare(ask("GET", "/metrics")).await.text.contains(expected) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, is_told).await.unwrap();
    assert_eq!(all_time(&api, "game-99", "").await["players"], 1);
    assert_eq!(all_time(&api, "game-100", "").await["players"], 0);
    assert_eq!(api.get("/api/v1/players/p1/stats").await.json["totalEvents"], 102);
}
