//! Leaderboards while somebody watches them: all of it first, then what changes, in both forms.

use std::time::{Duration, Instant};

use accolade_server::roles::Role;
use accolade_server::{Front, Lent, Settings};
use accolade_wire::identity::partition_of;
use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tempfile::tempdir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use crate::cluster::fake::{A, B, Cluster};
use crate::harness::{Answer, Api, Ask, OPERATOR, PATIENCE, ask, finish, now_micros, time};
use crate::tournaments::{TOURNAMENTS, begin, bet, both, definition, heard, is, of, players, well};
use crate::wire::{Listener, rest_of};

/// An event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    name: String,
    id: String,
    data: Value,
}

/// Somebody who watches, and does with the rows what clients do.
pub(crate) struct Watching {
    body: BodyDataStream,
    rest: String,
    pub(crate) rows: Vec<Value>,
    own: Value,
    pub(crate) last_id: String,
}

/// Who, at which position, with which score.
pub(crate) type Place = (u64, String, f64);

impl Watching {
    fn of(body: Body) -> Self {
        let (body, rest) = (body.into_data_stream(), String::new());
        Self { body, rest, rows: Vec::new(), own: Value::Null, last_id: String::new() }
    }

    /// The next event; nothing at the end.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.rest.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.rest = rest;
                if !event.starts_with(':') {
                    return Some(self.take(&event));
                }
                continue;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.body.next()).await;
            let chunk = chunk.expect("something comes, or the end")?.unwrap();
            self.rest.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    fn take(&mut self, event: &str) -> Event {
        let field = |name: &str| {
            let mut found = event.lines().filter_map(|line| line.strip_prefix(name));
            found.next().unwrap_or_default().to_owned()
        };
        let data: Value = serde_json::from_str(&field("data: ")).unwrap();
        let event = Event { name: field("event: "), id: field("id: "), data };
        let rows = event.data["items"].as_array().cloned().unwrap_or_default();
        match &*event.name {
            "snapshot" => self.rows = rows,
            "change" => {
                let count = event.data["rows"].as_u64().unwrap();
                self.rows.resize(usize::try_from(count).unwrap(), Value::Null);
                for row in rows {
                    let at = usize::try_from(row["row"].as_u64().unwrap()).unwrap();
                    self.rows[at - 1] = row;
                }
            }
            _ => assert_eq!(event.id, "", "nobody comes back with it"),
        }
        if event.name == "own" {
            self.own.clone_from(&event.data);
        }
        if !event.id.is_empty() {
            self.last_id.clone_from(&event.id);
        }
        event
    }

    /// The next, which has this name.
    pub(crate) async fn expect(&mut self, name: &str) -> Value {
        let event = self.next().await.expect("another event");
        assert_eq!(event.name, name, "{event:?}");
        event.data
    }

    pub(crate) fn places(&self) -> Vec<Place> {
        let place = |row: &Value| {
            let player = row["playerId"].as_str().unwrap().to_owned();
            (row["position"].as_u64().unwrap(), player, row["score"].as_f64().unwrap())
        };
        self.rows.iter().map(place).collect()
    }

    /// Follows until the list is so.
    pub(crate) async fn until(&mut self, places: &[Place]) {
        while self.places() != places {
            let event = self.next().await;
            assert!(event.is_some(), "awaited: {places:?}; there is: {:?}", self.places());
        }
    }

    /// Follows until their own position is this.
    async fn until_at(&mut self, position: u64) {
        while self.own["position"] != position {
            let event = self.next().await;
            assert!(event.is_some(), "awaited: {position}; there is: {}", self.own);
        }
    }
}

fn stream_of(id: &str, query: &str) -> String {
    of(id, &format!("/leaderboard/stream{query}"))
}

pub(crate) async fn watch_by(api: &Api, request: Ask) -> Watching {
    let response = api.begin(request).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    Watching::of(response.into_body())
}

fn shows(api: &Api, request: Ask) -> Ask {
    request.header("authorization", &format!("Bearer {}", api.key))
}

pub(crate) async fn watch(api: &Api, path: &str) -> Watching {
    watch_by(api, shows(api, ask("GET", path))).await
}

/// The answer to who is refused.
pub(crate) async fn refused(api: &Api, request: Ask) -> Answer {
    finish(api.begin(request).await).await
}

fn lend_player(api: &Api, player: &str) -> String {
    let operators = vec![OPERATOR.to_owned()];
    let lent = Lent { role: Role::Player, operators, player: Some(player.to_owned()) };
    let key = format!("lent-{player}");
    api.service.lend(&key, lent);
    key
}

pub(crate) fn place(position: u64, player: &str, score: f64) -> Place {
    (position, player.to_owned(), score)
}

#[tokio::test]
async fn whoever_watches_is_shown_all_of_it_and_then_what_changes() {
    both(async |api, other| {
        begin(api, "race", json!({})).await;
        let [a, b, c, d, ..] = players();
        for (id, player, stake) in [("w1", &a, 30.0), ("w2", &b, 20.0), ("w3", &c, 10.0)] {
            bet(api, id, player, stake).await;
        }
        let mut watching = watch(other, &stream_of("race", "")).await;
        let mut two = watch(other, &stream_of("race", "?top=2")).await;
        let snapshot = watching.expect("snapshot").await;
        let said = ["tournamentId", "operatorId", "state", "isFinal", "players"];
        assert_eq!(
            json!(said.map(|name| snapshot[name].clone())),
            json!(["race", OPERATOR, "live", false, 3])
        );
        let all = [place(1, &a, 30.0), place(2, &b, 20.0), place(3, &c, 10.0)];
        assert_eq!(watching.places(), all);
        assert_eq!(watching.rows[2]["events"], 1);
        two.until(&all[..2]).await;

        // Only rows that are others are told.
        bet(api, "w4", &c, 15.0).await;
        let change = watching.expect("change").await;
        let rows: Vec<_> =
            change["items"].as_array().unwrap().iter().map(|it| &it["row"]).collect();
        assert_eq!(json!([rows, change["rows"], change["players"]]), json!([[2, 3], 3, 3]));
        assert_eq!(watching.places(), [place(1, &a, 30.0), place(2, &c, 25.0), place(3, &b, 20.0)]);
        two.until(&[place(1, &a, 30.0), place(2, &c, 25.0)]).await;
        bet(other, "w5", &d, 5.0).await;
        let change = watching.expect("change").await;
        assert_eq!(json!([change["items"][0]["row"], change["rows"]]), json!([4, 4]));

        // Who watches the first two sees how many there are, and that those are the same.
        let change = two.expect("change").await;
        assert_eq!(json!([change["items"], change["players"]]), json!([[], 4]));
        for path in [stream_of("race", "?top=0"), stream_of("race", "?top=101")] {
            is(&refused(api, shows(api, ask("GET", &path))).await, 400, "bad_query");
        }
        let missing = stream_of("nothing", "");
        is(&refused(api, shows(api, ask("GET", &missing))).await, 404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn who_comes_back_goes_on_without_a_gap_or_with_all_of_it() {
    both(async |api, other| {
        begin(api, "race", json!({})).await;
        let [a, b, ..] = players();
        bet(api, "w1", &a, 10.0).await;
        let mut stays = watch(other, &stream_of("race", "")).await;
        let mut leaves = watch(other, &stream_of("race", "")).await;
        stays.expect("snapshot").await;
        leaves.expect("snapshot").await;
        let (last_id, rows) = (leaves.last_id.clone(), leaves.rows.clone());
        drop(leaves);
        bet(api, "w2", &b, 20.0).await;
        stays.until(&[place(1, &b, 20.0), place(2, &a, 10.0)]).await;
        bet(api, "w3", &a, 15.0).await;
        let now = [place(1, &a, 25.0), place(2, &b, 20.0)];
        stays.until(&now).await;

        let back =
            |id: &str| shows(other, ask("GET", &stream_of("race", ""))).header("last-event-id", id);
        let mut comes = watch_by(other, back(&last_id)).await;
        comes.rows = rows;
        comes.expect("change").await;
        comes.expect("change").await;
        assert_eq!((comes.places(), &comes.last_id), (now.to_vec(), &stays.last_id));
        for unknown in ["0", "nobody.0", &format!("{}0", stays.last_id)] {
            let mut comes = watch_by(other, back(unknown)).await;
            comes.expect("snapshot").await;
            assert_eq!(comes.places(), now, "{unknown}");
        }
        // Who has seen all hears what comes next.
        let mut comes = watch_by(other, back(&stays.last_id)).await;
        comes.rows.clone_from(&stays.rows);
        bet(api, "w4", &b, 30.0).await;
        comes.expect("change").await;
        assert_eq!(comes.places(), [place(1, &b, 50.0), place(2, &a, 25.0)]);
    })
    .await;
}

#[tokio::test]
async fn a_player_watches_what_is_public_with_masked_names_and_their_own_line() {
    both(async |api, other| {
        begin(api, "race", json!({ "publicPositions": 2, "masked": true })).await;
        well(api.post(TOURNAMENTS, &definition("secret", json!({}))).await);
        let players = players();
        for (number, player) in (1_u32..).zip(&players[..4]) {
            bet(api, &format!("w{number}"), player, f64::from(10 * number)).await;
        }
        let (own, nobody) = (&players[0], &players[7]);
        let asks = |key: &str, path: &str| {
            ask("GET", path).header("authorization", &format!("Bearer {key}"))
        };
        let path = stream_of("race", "");
        let key = lend_player(other, own);
        let mut watching = watch_by(other, asks(&key, &path)).await;
        watching.expect("snapshot").await;
        assert_eq!(watching.places(), [place(1, "pl***", 40.0), place(2, "pl***", 30.0)]);
        let line = watching.expect("own").await;
        let said = ["position", "score", "events", "percentile"].map(|name| line[name].clone());
        assert_eq!(json!(said), json!([4, 10, 1, 25]));
        let stranger = lend_player(other, nobody);
        let mut without = watch_by(other, asks(&stranger, &path)).await;
        without.expect("snapshot").await;
        assert_eq!(without.expect("own").await, Value::Null);

        bet(api, "w5", own, 100.0).await;
        watching.until(&[place(1, "pl***", 110.0), place(2, "pl***", 40.0)]).await;
        watching.until_at(1).await;
        let line = watching.own.clone();
        assert_eq!(line["score"], 110);

        // Staff see whole names, and any player's line.
        let mut staff = watch(other, &stream_of("race", &format!("?top=1&player={own}"))).await;
        staff.expect("snapshot").await;
        assert_eq!(staff.places(), [place(1, own, 110.0)]);
        assert_eq!(staff.expect("own").await, line);
        for bad in ["", "a%0Ab", &"x".repeat(129)] {
            let path = stream_of("race", &format!("?player={bad}"));
            is(&refused(other, shows(other, ask("GET", &path))).await, 400, "bad_query");
        }
        for path in [
            stream_of("race", &format!("?player={nobody}")),
            stream_of("secret", ""),
            stream_of("nothing", ""),
        ] {
            is(&refused(other, asks(&key, &path)).await, 404, "not_found");
        }
    })
    .await;
}

#[tokio::test]
async fn who_does_not_read_holds_nobody_up_and_then_sees_the_newest() {
    let api = Api::start().await;
    begin(&api, "race", json!({})).await;
    let [a, ..] = players();
    bet(&api, "w0", &a, 1.0).await;
    let path = stream_of("race", "");
    let (mut quick, mut slow) = (watch(&api, &path).await, watch(&api, &path).await);
    quick.expect("snapshot").await;
    slow.expect("snapshot").await;
    for number in 1_u32..=3 {
        bet(&api, &format!("w{number}"), &a, 1.0).await;
        quick.expect("change").await;
        assert_eq!(quick.places(), [place(1, &a, f64::from(number + 1))]);
    }
    slow.expect("snapshot").await;
    assert_eq!((slow.places(), &slow.last_id), (quick.places(), &quick.last_id));
    bet(&api, "w4", &a, 1.0).await;
    slow.expect("change").await;
    assert_eq!(slow.places(), [place(1, &a, 5.0)]);
}

#[tokio::test]
async fn a_peer_that_takes_nothing_of_a_stream_loses_its_connection_and_others_see_all() {
    let api = Api::start().await;
    begin(&api, "race", json!({})).await;
    let player = |number: u32| format!("player-{number}");
    for number in 0..100 {
        bet(&api, &format!("w{number}"), &player(number), 1.0).await;
    }
    let path = stream_of("race", "?top=100");
    let mut front = Front::default();
    front.bounds.stalled_ms = 200;
    let listener = Listener::start(api.router.clone(), front).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    let mut stalled = socket.connect(listener.address).await.unwrap();
    let head =
        format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n", api.key);
    stalled.write_all(head.as_bytes()).await.unwrap();
    let mut watching = watch(&api, &path).await;
    watching.expect("snapshot").await;
    let until = Instant::now() + PATIENCE;
    // Whoever has lost the connection hears of it when they say something.
    for round in 0.. {
        let first = player(99 - round % 100);
        bet(&api, &format!("more-{round}"), &first, f64::from(10 + round)).await;
        let change = watching.expect("change").await;
        assert_eq!(change["items"][0]["playerId"], json!(first));
        if stalled.write_all(b"\n").await.is_err() {
            break;
        }
        assert!(Instant::now() < until, "it is still connected after {round} rounds");
    }
}

#[tokio::test]
async fn owners_are_asked_once_for_all_who_watch_and_not_at_all_where_nobody_does() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    begin(a, "race", json!({})).await;
    let asked = || {
        let is_of_boards =
            |it: &axum::http::Request<_>| it.uri().path() == "/cluster/v1/leaderboard";
        cluster.tap(A).asked().into_iter().filter(is_of_boards).count()
    };
    asked();
    let path = stream_of("race", "");
    let mut watching = Vec::new();
    for _ in 0..50 {
        watching.push(watch(b, &path).await);
    }
    for one in &mut watching {
        one.expect("snapshot").await;
    }
    let (begun, _) = (Instant::now(), asked());
    let mut count = 0;
    while count < 4 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        count += asked();
        assert!(begun.elapsed() < PATIENCE, "{count}");
    }
    let most = usize::try_from(begun.elapsed().as_millis() / 250 + 2).unwrap();
    assert!(count <= most, "{count} within {:?}", begun.elapsed());
    drop(watching);
    let until = Instant::now() + PATIENCE;
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if asked() == 0 {
            break;
        }
        assert!(Instant::now() < until, "it is asked for nobody");
    }
    watch(b, &path).await.expect("snapshot").await;
}

#[tokio::test]
async fn an_owner_that_is_asked_for_some_partitions_answers_of_these_and_keeps_the_rest() {
    const PATH: &str = "/cluster/v1/leaderboard";
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    begin(a, "race", json!({})).await;
    for player in players() {
        bet(a, &format!("w-{player}"), &player, 10.0).await;
    }
    well(b.get(&of("race", "/leaderboard")).await);
    let asked = cluster.tap(A).asked().into_iter().find(|it| it.uri().path() == PATH).unwrap();
    let asked = asked.uri().path_and_query().unwrap().as_str().to_owned();
    let (question, _) = asked.split_once("&partitions=").unwrap();
    for (partitions, expected) in [("0,1", 4), ("1", 2), ("0", 2), ("0,1", 4)] {
        let path = format!("{question}&partitions={partitions}");
        let part = well(cluster.ask_as_node(A, ask("GET", &path)).await);
        assert_eq!(part["ranked"], json!(expected), "{partitions}: {part}");
        let top = part["top"].as_array().unwrap();
        let is_asked_for = |line: &Value| {
            let partition = partition_of(line["player"].as_str().unwrap(), 4).to_string();
            partitions.split(',').any(|asked| asked == partition)
        };
        assert!(top.len() == expected && top.iter().all(is_asked_for), "{partitions}: {part}");
    }
}

#[tokio::test]
async fn while_an_owner_cannot_be_asked_what_there_was_stays_and_then_comes_the_newest() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    begin(a, "race", json!({})).await;
    let [player, ..] = players();
    let partition = usize::from(partition_of(&player, 4));
    bet(a, "w1", &player, 10.0).await;
    let mut watching = watch(b, &stream_of("race", &format!("?player={player}"))).await;
    watching.until(&[place(1, &player, 10.0)]).await;
    watching.until_at(1).await;
    let before = cluster.unowned();
    cluster.set_owner(B, partition, None);
    let until = Instant::now() + PATIENCE;
    while cluster.unowned() == before {
        assert!(Instant::now() < until, "nobody asks for the owner");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bet(a, "w2", &player, 5.0).await;
    cluster.set_owner(B, partition, Some(A));
    watching.until(&[place(1, &player, 15.0)]).await;
    assert_eq!(watching.rows.len(), 1);
}

#[tokio::test]
async fn the_end_of_a_tournament_and_its_cancelling_end_the_streams() {
    both(async |api, other| {
        let starts = now_micros() + 1_000_000;
        let short = json!({
            "starts": time(starts), "ends": time(starts + 300_000), "graceSeconds": 0,
        });
        let made = api.post(TOURNAMENTS, &definition("short", short)).await;
        assert_eq!(made.status, 201, "{made:?}");
        well(api.post(&of("short", "/schedule"), &json!({})).await);
        let players = players();
        let path = stream_of("short", &format!("?player={}", players[0]));
        heard(api, other, "short").await;
        let mut watching = watch(other, &path).await;
        watching.expect("snapshot").await;
        let ends = async {
            let mut names = Vec::new();
            while let Some(event) = watching.next().await {
                names.push((event.name, event.data));
            }
            names
        };
        // The log's time is that of what comes.
        let passes = async {
            for number in 0.. {
                for (at, player) in players[..4].iter().enumerate() {
                    bet(api, &format!("w{number}-{at}"), player, 10.0).await;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let events = tokio::select! { events = ends => events, () = passes => unreachable!() };
        let (name, data) = events.last().unwrap();
        assert_eq!((&**name, data), ("final", &json!({})), "{events:?}");
        let last = events.iter().rev().find(|(name, _)| name == "change").unwrap();
        assert_eq!(json!([last.1["state"], last.1["isFinal"]]), json!(["final", true]));
        let mut late = watch(other, &path).await;
        assert_eq!(late.expect("snapshot").await["isFinal"], true);
        late.expect("own").await;
        late.expect("final").await;
        assert_eq!(late.next().await, None);

        begin(api, "race", json!({})).await;
        let mut watching = watch(other, &stream_of("race", "")).await;
        watching.expect("snapshot").await;
        well(api.post(&of("race", "/cancel"), &json!({ "why": "a mistake" })).await);
        assert_eq!(watching.expect("change").await["state"], "cancelled");
        watching.expect("final").await;
        assert_eq!(watching.next().await, None);
    })
    .await;
}

#[tokio::test]
async fn a_stream_ends_with_the_key_or_the_token_that_it_was_begun_with() {
    let settings = Settings { pulse_ms: 20, ..Settings::default() };
    let api = Api::with_limits(settings, 0).await.with_program().await;
    begin(&api, "race", json!({})).await;
    let path = stream_of("race", "");
    let made = api.post("/api/v1/keys", &json!({ "name": "a page", "roles": ["admin"] })).await;
    let made = well(made);
    let asks = |secret: &Value| {
        let shown = format!("Bearer {}", secret.as_str().unwrap());
        ask("GET", &path).header("authorization", &shown)
    };
    let token = json!({ "playerId": "anna", "validForSeconds": 3 });
    let token = well(api.post("/api/v1/player-tokens", &token).await);
    let mut by_token = watch_by(&api, asks(&token["token"])).await;
    let mut by_key = watch_by(&api, asks(&made["secret"])).await;
    let mut stays = watch(&api, &path).await;
    for one in [&mut by_token, &mut by_key, &mut stays] {
        one.expect("snapshot").await;
    }
    by_token.expect("own").await;
    assert_eq!(by_token.next().await, None);
    let id = made["id"].as_str().unwrap();
    well(api.send(ask("DELETE", &format!("/api/v1/keys/{id}"))).await);
    assert_eq!(by_key.next().await, None);
    bet(&api, "w1", "anna", 10.0).await;
    stays.expect("change").await;
}

#[tokio::test]
async fn there_are_so_many_streams_of_a_node_and_of_a_player_and_no_more() {
    let settings = Settings { watchers_max: 20, ..Settings::default() };
    let api = Api::with_limits(settings, 0).await.with_program().await;
    begin(&api, "race", json!({})).await;
    let path = stream_of("race", "");
    let keys = ["anna", "bert"].map(|player| lend_player(&api, player));
    let asks = |key: &str| ask("GET", &path).header("authorization", &format!("Bearer {key}"));
    let mut all = Vec::new();
    for _ in 0..16 {
        all.push(watch_by(&api, asks(&keys[0])).await);
    }
    is(&refused(&api, asks(&keys[0])).await, 503, "busy");
    for _ in 0..4 {
        all.push(watch_by(&api, asks(&keys[1])).await);
    }
    is(&refused(&api, asks(&keys[1])).await, 503, "busy");
    is(&refused(&api, asks(&api.key)).await, 503, "busy");
    all.truncate(4);
    for _ in 0..10 {
        all.push(watch_by(&api, asks(&api.key)).await);
    }
    is(&refused(&api, asks(&api.key)).await, 503, "busy");
    watch_by(&api, asks(&keys[0])).await.expect("snapshot").await;
}

#[tokio::test]
async fn a_node_that_stops_ends_its_streams_and_begins_no_others() {
    let api = Api::start().await;
    begin(&api, "race", json!({})).await;
    let path = stream_of("race", "");
    let listener = Listener::start(api.router.clone(), Front::default()).await;
    let mut stream = listener.connect().await;
    let head =
        format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n", api.key);
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains("event: snapshot") {
        assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "{answer:?}");
    }
    let head = String::from_utf8_lossy(&answer).to_lowercase();
    for header in ["cache-control: no-store", "x-accel-buffering: no"] {
        assert!(head.contains(header), "{head}");
    }
    api.service.retire();
    listener.stop().await;
    let rest = rest_of(stream).await;
    assert!(rest.ends_with("0\r\n\r\n"), "it ends as it should: {rest}");
    is(&refused(&api, shows(&api, ask("GET", &path))).await, 503, "stopping");
}

#[tokio::test]
async fn a_stream_that_is_read_after_the_node_was_restarted_begins_with_all_of_it() {
    let api = Api::open(tempdir().unwrap(), Settings::default(), |_| ());
    let key = api.add_operator(OPERATOR, 0).await;
    let mut api = api;
    api.key = key;
    let api = api.with_program().await;
    begin(&api, "race", json!({})).await;
    let [a, ..] = players();
    bet(&api, "w1", &a, 10.0).await;
    let path = stream_of("race", "");
    let mut before = watch(&api, &path).await;
    before.expect("snapshot").await;
    let last_id = before.last_id.clone();
    drop(before);
    let api = api.restart(|_| ());
    let back = shows(&api, ask("GET", &path)).header("last-event-id", &last_id);
    let mut after = watch_by(&api, back).await;
    after.expect("snapshot").await;
    assert_eq!(after.places(), [place(1, &a, 10.0)]);
}
