//! What is watched over a WebSocket, through connections of its own, in both forms.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use accolade_server::{Front, Settings};
use accolade_wire::trail::TrailKind;
use axum::Router;
use futures_util::{FutureExt, SinkExt, StreamExt};
use hyper::header::HeaderValue;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::cluster::fake::{A, Cluster};
use crate::harness::{Api, OPERATOR, PATIENCE, ask, now_micros, time};
use crate::live::{place, refused, watch};
use crate::tournaments::{TOURNAMENTS, begin, bet, both, definition, heard, is, of, players, well};
use crate::trail::records;
use crate::wire::{Authority, Listener};

/// A client with its socket.
struct Client<S = TcpStream> {
    stream: WebSocketStream<S>,
    /// The rows of each list that is watched.
    lists: BTreeMap<String, Vec<Value>>,
    /// How many of these are over.
    finals: usize,
}

/// Connects as whoever sends these headers; a problem's status and code where that is refused.
async fn connect_over<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    headers: &[(&'static str, &str)],
) -> Result<Client<S>, u16> {
    let mut request = "ws://localhost/api/v1/live".into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
    }
    match client_async(request, stream).await {
        Ok((stream, answer)) => {
            let asks = request_protocol(headers);
            let agreed = answer.headers().get("sec-websocket-protocol");
            assert_eq!(agreed.map(|it| it.to_str().unwrap()), asks.then_some("accolade"));
            Ok(Client { stream, lists: BTreeMap::new(), finals: 0 })
        }
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

fn request_protocol(headers: &[(&'static str, &str)]) -> bool {
    headers.iter().any(|(name, _)| *name == "sec-websocket-protocol")
}

async fn listen(api: &Api) -> Listener {
    Listener::start(api.router.clone(), Front::default()).await
}

async fn connect(to: &Listener, key: &str) -> Client {
    let shown = format!("Bearer {key}");
    connect_over(to.connect().await, &[("authorization", &shown)]).await.unwrap()
}

/// As a page does, with a token.
async fn connect_as_page(to: &Listener, token: &str) -> Result<Client, u16> {
    let offered = format!("accolade, bearer.{token}");
    connect_over(to.connect().await, &[("sec-websocket-protocol", &offered)]).await
}

async fn token(api: &Api, player: &str, seconds: u32) -> String {
    let body = json!({ "playerId": player, "validForSeconds": seconds });
    let token = well(api.post("/api/v1/player-tokens", &body).await);
    token["token"].as_str().unwrap().to_owned()
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    async fn say(&mut self, what: &Value) {
        self.stream.send(Message::text(what.to_string())).await.unwrap();
    }

    /// The next message that is no ping; the code with which it was closed where it was.
    async fn next(&mut self) -> Result<Value, Option<CloseCode>> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.stream.next()).await;
            match message.expect("something comes, or the end") {
                Some(Ok(Message::Text(text))) => {
                    let said: Value = serde_json::from_str(&text).unwrap();
                    self.take(&said);
                    return Ok(said);
                }
                Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| frame.code)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// Does with rows what clients do.
    fn take(&mut self, said: &Value) {
        self.finals += usize::from(said["type"] == "final");
        let rows = said["data"]["items"].as_array().cloned();
        let Some(rows) = rows else { return };
        let list = self.lists.entry(said["id"].as_str().unwrap().to_owned()).or_default();
        if said["type"] == "snapshot" {
            *list = rows;
            return;
        }
        list.resize(usize::try_from(said["data"]["rows"].as_u64().unwrap()).unwrap(), Value::Null);
        for row in rows {
            let at = usize::try_from(row["row"].as_u64().unwrap()).unwrap();
            list[at - 1] = row;
        }
    }

    fn places(&self, id: &str) -> Vec<(u64, String, f64)> {
        let place = |row: &Value| {
            let player = row["playerId"].as_str().unwrap().to_owned();
            (row["position"].as_u64().unwrap(), player, row["score"].as_f64().unwrap())
        };
        self.lists.get(id).map(|rows| rows.iter().map(place).collect()).unwrap_or_default()
    }

    /// Wants to watch something, and is heard.
    async fn subscribe(&mut self, id: &str, more: Value) {
        let mut said = json!({ "type": "subscribe", "id": id });
        said.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.say(&said).await;
        while self.next().await.unwrap() != json!({ "id": id, "type": "subscribed" }) {}
    }

    /// The next of these names.
    async fn expect(&mut self, id: &str, kind: &str) -> Value {
        let said = self.next().await.unwrap();
        assert_eq!(json!([said["id"], said["type"]]), json!([id, kind]), "{said}");
        said
    }

    /// Follows until a list is so.
    async fn until(&mut self, id: &str, places: &[(u64, String, f64)]) {
        while self.places(id) != places {
            self.next().await.unwrap();
        }
    }

    /// Follows until something of this id is so, and returns the message that said it.
    async fn until_so(&mut self, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        loop {
            let said = self.next().await.unwrap();
            if said["id"] == id && is_so(&said["data"]) {
                return said;
            }
        }
    }

    /// The problem of what was said.
    async fn refused(&mut self, what: &Value) -> Value {
        self.say(what).await;
        loop {
            let said = self.next().await.unwrap();
            if said["type"] == "error" {
                assert_eq!(said["id"], what["id"], "{said}");
                return said["problem"].clone();
            }
        }
    }

    /// The code with which it is closed.
    async fn closed(&mut self) -> Option<CloseCode> {
        loop {
            if let Err(code) = self.next().await {
                return code;
            }
        }
    }
}

fn board(tournament: &str, more: Value) -> Value {
    let mut said = json!({ "to": "leaderboard", "tournamentId": tournament });
    said.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    said
}

#[tokio::test]
async fn several_things_are_watched_over_one_connection() {
    both(async |api, other| {
        begin(api, "race", json!({})).await;
        let [a, b, c, d, ..] = players();
        for (id, player, stake) in [("w1", &a, 30.0), ("w2", &b, 20.0), ("w3", &c, 10.0)] {
            bet(api, id, player, stake).await;
        }
        heard(api, other, "race").await;
        let listener = listen(other).await;
        let mut client = connect(&listener, &api.key).await;
        client.subscribe("all", board("race", json!({}))).await;
        let snapshot = client.expect("all", "snapshot").await;
        let said = ["tournamentId", "operatorId", "state", "isFinal", "players"];
        assert_eq!(
            json!(said.map(|name| snapshot["data"][name].clone())),
            json!(["race", OPERATOR, "live", false, 3])
        );
        assert_eq!(snapshot["number"], 0);
        let all = [place(1, &a, 30.0), place(2, &b, 20.0), place(3, &c, 10.0)];
        assert_eq!(client.places("all"), all);
        client.subscribe("two", board("race", json!({ "top": 2 }))).await;
        client.until("two", &all[..2]).await;
        client.subscribe("near", board("race", json!({ "around": c, "radius": 1 }))).await;
        client.until("near", &all[1..]).await;
        client.subscribe("some", board("race", json!({ "players": [c, a, d] }))).await;
        client.until("some", &[all[0].clone(), all[2].clone()]).await;
        client
            .subscribe("own", json!({ "to": "position", "tournamentId": "race", "playerId": d }))
            .await;
        assert_eq!(client.expect("own", "snapshot").await["data"], Value::Null);
        client.subscribe("points", json!({ "to": "balance", "playerId": c })).await;
        let balance = client.until_so("points", |data| data["playerId"] == json!(c)).await;
        let seen = well(api.get(&format!("/api/v1/players/{c}/balance")).await);
        assert_eq!((&balance["data"], &balance["type"]), (&seen, &json!("snapshot")));
        client.subscribe("none", json!({ "to": "balance", "playerId": d })).await;
        assert_eq!(client.expect("none", "snapshot").await["data"], Value::Null);

        // Each hears of what it sees.
        bet(api, "w4", &d, 25.0).await;
        let line = client.until_so("own", |data| data["position"] == 2).await;
        assert_eq!(json!([line["type"], line["number"]]), json!(["change", 1]));
        let now = [place(1, &a, 30.0), place(2, &d, 25.0), place(3, &b, 20.0), place(4, &c, 10.0)];
        client.until("all", &now).await;
        client.until("near", &now[2..]).await;
        client.until("two", &now[..2]).await;
        client.until("some", &[now[0].clone(), now[1].clone(), now[3].clone()]).await;
        bet(other, "w5", &d, 100.0).await;
        client.until_so("none", |data| data["pointsBalance"] == json!(12.5)).await;
        client.until("two", &[place(1, &d, 125.0), place(2, &a, 30.0)]).await;

        // Of what is not watched any more nothing is heard.
        client.say(&json!({ "type": "unsubscribe", "id": "two" })).await;
        while client.next().await.unwrap() != json!({ "id": "two", "type": "unsubscribed" }) {}
        bet(api, "w6", &c, 500.0).await;
        loop {
            let said = client.next().await.unwrap();
            assert_ne!(said["id"], "two", "{said}");
            if client.places("near").first() == Some(&place(1, &c, 510.0)) {
                break;
            }
        }
        drop(client);
        listener.stop().await;
    })
    .await;
}

#[tokio::test]
async fn who_comes_back_goes_on_from_what_was_seen_last() {
    both(async |api, other| {
        begin(api, "race", json!({})).await;
        let [a, b, ..] = players();
        bet(api, "w1", &a, 10.0).await;
        heard(api, other, "race").await;
        let listener = listen(other).await;
        let mut stays = connect(&listener, &api.key).await;
        stays.subscribe("1", board("race", json!({}))).await;
        let before = stays.expect("1", "snapshot").await["resume"].clone();
        stays.subscribe("p", json!({ "to": "balance", "playerId": a })).await;
        let balance = stays.expect("p", "snapshot").await["resume"].clone();
        bet(api, "w2", &b, 20.0).await;
        stays.until("1", &[place(1, &b, 20.0), place(2, &a, 10.0)]).await;
        bet(api, "w3", &b, 20.0).await;
        let now = stays.until_so("1", |data| data["items"][0]["score"] == 40).await;

        let mut comes = connect(&listener, &api.key).await;
        comes.lists.insert("x".into(), vec![json!({ "row": 1 })]);
        comes.subscribe("x", board("race", json!({ "resume": before }))).await;
        for number in [1, 2] {
            assert_eq!(comes.expect("x", "change").await["number"], number);
        }
        assert_eq!(comes.places("x"), stays.places("1"));
        // What was seen is not told again, of a list as of a value; what comes next is.
        comes.subscribe("y", board("race", json!({ "resume": now["resume"] }))).await;
        let resumed = json!({ "to": "balance", "playerId": a, "resume": balance });
        comes.subscribe("z", resumed).await;
        for unknown in ["x.1", &format!("{}0", now["resume"].as_str().unwrap())] {
            comes.subscribe(unknown, board("race", json!({ "resume": unknown }))).await;
            comes.expect(unknown, "snapshot").await;
        }
        comes
            .subscribe("n", json!({ "to": "balance", "playerId": a, "resume": "0000000000000000" }))
            .await;
        comes.expect("n", "snapshot").await;
        bet(api, "w4", &a, 10.0).await;
        let mut told = Vec::new();
        while told.len() < 2 {
            let said = comes.next().await.unwrap();
            if said["id"] == "y" || said["id"] == "z" {
                assert_eq!(said["type"], "change", "{said}");
                told.push(said["id"].clone());
            }
        }
        drop((comes, stays));
        listener.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_player_s_token_sees_its_player_alone_and_comes_by_a_protocol() {
    both(async |api, other| {
        begin(api, "beside", json!({ "mode": "shadow", "public": true })).await;
        begin(api, "race", json!({ "publicPositions": 1, "masked": true })).await;
        well(api.post(TOURNAMENTS, &definition("secret", json!({}))).await);
        let [a, b, c, ..] = players();
        for (id, player, stake) in [("w1", &a, 30.0), ("w2", &b, 20.0), ("w3", &c, 10.0)] {
            bet(api, id, player, stake).await;
        }
        heard(api, other, "secret").await;
        let listener = listen(other).await;
        let own = token(api, &c, 900).await;
        let mut client = connect_as_page(&listener, &own).await.unwrap();
        client.subscribe("top", board("race", json!({}))).await;
        client.until("top", &[place(1, "pl***", 30.0)]).await;
        // Those near who are not public are nobody's to see.
        client.subscribe("near", board("race", json!({ "around": c, "radius": 2 }))).await;
        client.until("near", &[place(1, "pl***", 30.0), place(3, &c, 10.0)]).await;
        client.subscribe("me", json!({ "to": "position", "tournamentId": "race" })).await;
        client.until_so("me", |data| data["position"] == 3).await;
        client.subscribe("points", json!({ "to": "balance" })).await;
        client.until_so("points", |data| data["playerId"] == json!(c)).await;

        for (what, code, pointer) in [
            (json!({ "to": "balance", "playerId": a }), "not_found", "/playerId"),
            (
                json!({ "to": "position", "tournamentId": "race", "playerId": a }),
                "not_found",
                "/playerId",
            ),
            (board("race", json!({ "around": a })), "not_found", "/around"),
            (board("race", json!({ "players": [a, c] })), "not_found", "/players"),
            (board("secret", json!({})), "not_found", "/tournamentId"),
            (board("beside", json!({})), "not_found", "/tournamentId"),
            (json!({ "to": "position", "tournamentId": "beside" }), "not_found", "/tournamentId"),
            (board("nothing", json!({})), "not_found", "/tournamentId"),
            (board("race", json!({ "top": 0 })), "malformed", "/top"),
            (json!({ "to": "points" }), "malformed", "/to"),
            (json!({ "id": "me", "to": "balance" }), "malformed", "/id"),
        ] {
            let mut said = json!({ "type": "subscribe", "id": "bad" });
            said.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
            let problem = client.refused(&said).await;
            let told = [&problem["code"], &problem["errors"][0]["pointer"]];
            assert_eq!(json!(told), json!([code, pointer]), "{said}");
        }
        let unknown = client.refused(&json!({ "type": "unsubscribe", "id": "bad" })).await;
        assert_eq!(unknown["errors"][0]["pointer"], "/id");
        assert_eq!(client.refused(&json!([1])).await["code"], "malformed");
        // The connection has lost nothing by that.
        bet(api, "w4", &c, 100.0).await;
        client.until_so("me", |data| data["position"] == 1).await;
        client.until("near", &[place(1, &c, 110.0)]).await;

        assert_eq!(connect_as_page(&listener, "acp_00_00").await.err(), Some(401));
        assert_eq!(
            connect_as_page(&listener, &api.key).await.err(),
            Some(401),
            "keys do not go there"
        );
        for offered in [format!("bearer.{own}"), format!("accolades, bearer.{own}")] {
            let headers = [("sec-websocket-protocol", &*offered)];
            assert_eq!(connect_over(listener.connect().await, &headers).await.err(), Some(400));
        }
        drop(client);
        listener.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_look_at_a_player_s_balance_is_put_down_and_wants_the_right_to() {
    let api = Api::start().await;
    bet(&api, "w1", "anna", 10.0).await;
    let listener = listen(&api).await;
    let product = json!({ "name": "the team", "roles": ["product"] });
    let product = well(api.post("/api/v1/keys", &product).await);
    let mut may_not = connect(&listener, product["secret"].as_str().unwrap()).await;
    let said = json!({ "type": "subscribe", "id": "1", "to": "balance", "playerId": "anna" });
    let problem = may_not.refused(&said).await;
    assert_eq!(problem["code"], "forbidden", "{problem}");
    let mut may = connect(&listener, &api.key).await;
    may.subscribe("1", json!({ "to": "balance", "playerId": "anna" })).await;
    may.expect("1", "snapshot").await;
    let own = token(&api, "anna", 900).await;
    let mut own = connect_as_page(&listener, &own).await.unwrap();
    own.subscribe("1", json!({ "to": "balance" })).await;
    own.expect("1", "snapshot").await;
    let looks = records(&api).await.into_iter().map(|record| record.entry);
    let looks: Vec<_> = looks
        .filter(|entry| entry.player == "anna" && entry.route == "getBalance")
        .filter(|entry| entry.kind != TrailKind::Counted)
        .map(|entry| (entry.kind, entry.status))
        .collect();
    assert_eq!(looks, [(TrailKind::Denied, 403), (TrailKind::Read, 200)]);
}

#[tokio::test]
async fn who_does_not_read_holds_nobody_up_and_loses_the_connection() {
    let api = Api::start().await;
    begin(&api, "race", json!({})).await;
    let player = |number: u32| format!("player-{number}");
    for number in 0..100 {
        bet(&api, &format!("w{number}"), &player(number), 1.0).await;
    }
    let mut front = Front::default();
    front.bounds.stalled_ms = 200;
    let listener = Listener::start(api.router.clone(), front).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    let stream = socket.connect(listener.address).await.unwrap();
    let shown = format!("Bearer {}", api.key);
    let headers = [("authorization", &*shown)];
    let mut stalled = connect_over(stream, &headers).await.unwrap();
    let all = board("race", json!({ "top": 100 }));
    stalled.subscribe("1", all.clone()).await;
    let mut quick = connect(&listener, &api.key).await;
    quick.subscribe("1", all).await;
    quick.expect("1", "snapshot").await;
    let until = Instant::now() + PATIENCE;
    // Whoever has lost the connection hears of it when they say something.
    for round in 0.. {
        let first = player(99 - round % 100);
        bet(&api, &format!("more-{round}"), &first, f64::from(10 + round)).await;
        let change = quick.expect("1", "change").await;
        assert_eq!(change["data"]["items"][0]["playerId"], json!(first));
        if stalled.stream.get_mut().write_all(b"\x89\x80\0\0\0\0").await.is_err() {
            break;
        }
        assert!(Instant::now() < until, "it is still connected after {round} rounds");
    }
}

#[tokio::test]
async fn a_slow_client_gets_the_newest_and_no_queue() {
    let api = Api::start().await;
    begin(&api, "race", json!({})).await;
    let listener = listen(&api).await;
    let mut quick = connect(&listener, &api.key).await;
    quick.subscribe("1", board("race", json!({}))).await;
    quick.expect("1", "snapshot").await;
    // A client that is not let in yet has seen nothing, whatever happens meanwhile.
    for number in 1_u32..=3 {
        bet(&api, &format!("w{number}"), "anna", 1.0).await;
        quick.expect("1", "change").await;
    }
    let mut late = connect(&listener, &api.key).await;
    late.subscribe("1", board("race", json!({}))).await;
    let snapshot = late.expect("1", "snapshot").await;
    assert_eq!((snapshot["number"].clone(), late.places("1")), (json!(3), quick.places("1")));
}

#[tokio::test]
async fn a_socket_ends_with_its_credential_and_with_the_node_and_says_so() {
    let settings = Settings { pulse_ms: 50, ..Settings::default() };
    let api = Api::with_limits(settings, 0).await.with_program().await;
    begin(&api, "race", json!({})).await;
    let listener = listen(&api).await;
    let made = api.post("/api/v1/keys", &json!({ "name": "a page", "roles": ["admin"] })).await;
    let made = well(made);
    let mut by_key = connect(&listener, made["secret"].as_str().unwrap()).await;
    by_key.subscribe("1", board("race", json!({}))).await;
    let short = token(&api, "anna", 3).await;
    let mut by_token = connect_as_page(&listener, &short).await.unwrap();
    by_token.subscribe("1", board("race", json!({}))).await;
    let mut stays = connect(&listener, &api.key).await;
    stays.subscribe("1", board("race", json!({}))).await;
    stays.expect("1", "snapshot").await;
    let nothing = connect(&listener, &api.key).await;

    assert_eq!(by_token.closed().await, Some(CloseCode::Policy));
    let id = made["id"].as_str().unwrap();
    well(api.send(ask("DELETE", &format!("/api/v1/keys/{id}"))).await);
    assert_eq!(by_key.closed().await, Some(CloseCode::Policy));
    bet(&api, "w1", "anna", 10.0).await;
    stays.expect("1", "change").await;

    api.service.retire();
    let mut ending = [stays, nothing];
    let stop = tokio::spawn(listener.stop());
    for client in &mut ending {
        assert_eq!(client.closed().await, Some(CloseCode::Away));
    }
    // Whoever serves the connections waits for their end.
    stop.await.unwrap();
    is(&refused(&api, shows(&api).upgrading()).await, 503, "stopping");
}

fn shows(api: &Api) -> crate::harness::Ask {
    ask("GET", "/api/v1/live").header("authorization", &format!("Bearer {}", api.key))
}

#[tokio::test]
async fn what_no_client_says_ends_its_connection_alone() {
    let api = Api::start().await;
    begin(&api, "race", json!({})).await;
    let listener = listen(&api).await;
    let mut stays = connect(&listener, &api.key).await;
    let mut binary = connect(&listener, &api.key).await;
    binary.stream.send(Message::binary(b"{}".to_vec())).await.unwrap();
    assert_eq!(binary.closed().await, Some(CloseCode::Unsupported));
    let mut long = connect(&listener, &api.key).await;
    long.say(&json!({ "type": "x".repeat(5_000) })).await;
    assert_eq!(long.closed().await, Some(CloseCode::Size));
    let mut longer = connect(&listener, &api.key).await;
    longer.say(&json!({ "type": "x".repeat(50_000) })).await;
    longer.closed().await;
    let mut many = connect(&listener, &api.key).await;
    for _ in 0..300 {
        if many.stream.send(Message::text("{}")).await.is_err() {
            break;
        }
    }
    assert_eq!(many.closed().await, Some(CloseCode::Policy));
    let mut leaves = connect(&listener, &api.key).await;
    leaves.stream.close(None).await.unwrap();
    assert!(leaves.closed().await.is_none_or(|code| code == CloseCode::Status));
    for number in 0..32 {
        stays.subscribe(&number.to_string(), board("race", json!({ "top": 1 + number }))).await;
    }
    let more =
        json!({ "type": "subscribe", "id": "x", "to": "leaderboard", "tournamentId": "race" });
    assert_eq!(stays.refused(&more).await["code"], "busy");
    is(&refused(&api, shows(&api)).await, 400, "bad_header");
}

#[tokio::test]
async fn sockets_and_streams_have_their_places_together() {
    let settings = Settings { watchers_max: 20, ..Settings::default() };
    let api = Api::with_limits(settings, 0).await.with_program().await;
    begin(&api, "race", json!({})).await;
    let listener = listen(&api).await;
    let own = token(&api, "anna", 900).await;
    let mut all = Vec::new();
    for _ in 0..16 {
        all.push(connect_as_page(&listener, &own).await.unwrap());
    }
    assert_eq!(connect_as_page(&listener, &own).await.err(), Some(503));
    let path = of("race", "/leaderboard/stream");
    let _streams = [watch(&api, &path).await, watch(&api, &path).await];
    let _sockets = [connect(&listener, &api.key).await, connect(&listener, &api.key).await];
    is(&refused(&api, shows(&api).upgrading()).await, 503, "busy");
    drop(all);
    // Their places are free a moment later.
    let until = Instant::now() + PATIENCE;
    while connect_as_page(&listener, &own).await.is_err() {
        assert!(Instant::now() < until, "no place is free again");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_tournament_says_how_often_it_is_told_of_and_its_end_is_told_at_once() {
    both(async |api, other| {
        let ends = time(now_micros() + 8_000_000);
        let terms = json!({ "cadence": "1m", "ends": ends, "graceSeconds": 0 });
        begin(api, "slow", terms).await;
        heard(api, other, "slow").await;
        assert_eq!(well(api.get(&of("slow", "")).await)["cadence"], "1m");
        let listener = listen(other).await;
        let mut client = connect(&listener, &api.key).await;
        client.subscribe("1", board("slow", json!({}))).await;
        client.expect("1", "snapshot").await;
        let mut stream = watch(other, &of("slow", "/leaderboard/stream")).await;
        stream.expect("snapshot").await;
        bet(api, "w1", "anna", 10.0).await;
        // Whoever begins to watch something else sees it as it is, and nobody else hears of it.
        client.subscribe("2", board("slow", json!({ "top": 9 }))).await;
        client.expect("2", "snapshot").await;
        assert_eq!(client.places("2"), [place(1, "anna", 10.0)]);
        let said = client.next().now_or_never();
        assert!(said.is_none(), "told before its time: {said:?}");
        client.until("1", &[place(1, "anna", 10.0)]).await;
        stream.until(&[place(1, "anna", 10.0)]).await;
        while client.finals < 2 {
            client.next().await.unwrap();
        }
        while stream.next().await.is_some() {}

        for bad in [json!("often"), json!(10)] {
            let body = definition("bad", json!({ "cadence": bad }));
            let answer = api.post(TOURNAMENTS, &body).await;
            assert_eq!((answer.status.as_u16(), answer.pointers()), (400, vec!["/cadence"]));
        }
        drop(client);
        listener.stop().await;
    })
    .await;
}

#[tokio::test]
async fn owners_are_asked_once_for_all_who_watch_by_whichever_way() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    begin(a, "race", json!({})).await;
    heard(a, b, "race").await;
    let asked = |path: &str| {
        cluster.tap(A).asked().into_iter().filter(|it| it.uri().path() == path).count()
    };
    let listener = listen(b).await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = connect(&listener, &a.key).await;
        client.subscribe("1", board("race", json!({}))).await;
        client.expect("1", "snapshot").await;
        clients.push(client);
    }
    let mut stream = watch(b, &of("race", "/leaderboard/stream")).await;
    stream.expect("snapshot").await;
    asked("/");
    let [anna, ..] = players();
    for round in 1_u32..=4 {
        bet(a, &format!("w{round}"), &anna, 1.0).await;
        let now = [place(1, &anna, f64::from(round))];
        for client in &mut clients {
            client.until("1", &now).await;
        }
        stream.until(&now).await;
    }
    let looks = asked("/cluster/v1/leaderboard");
    assert!(looks > 0 && looks < 20 * 4, "{looks} questions");
    drop((clients, stream));
    listener.stop().await;
}

#[tokio::test]
async fn a_socket_goes_over_tls_as_well() {
    let api = Api::start().await;
    begin(&api, "race", json!({})).await;
    let authority = Authority::new();
    let listener = Listener::start(api.router.clone(), authority.front()).await;
    let stream = authority.connect(&listener, None, "http/1.1").await.unwrap();
    let shown = format!("Bearer {}", api.key);
    let headers = [("authorization", &*shown)];
    let mut client = connect_over(stream, &headers).await.unwrap();
    client.subscribe("1", board("race", json!({}))).await;
    client.expect("1", "snapshot").await;
    bet(&api, "w1", "anna", 10.0).await;
    client.until("1", &[place(1, "anna", 10.0)]).await;
    drop(client);
    listener.stop().await;
}

#[tokio::test]
async fn the_local_socket_has_it_too() {
    let api = Api::start().await;
    begin(&api, "race", json!({})).await;
    let local: Router = api.local.clone();
    let listener = Listener::start(local, Front::default()).await;
    let headers = [("x-accolade-operator", OPERATOR)];
    let mut client = connect_over(listener.connect().await, &headers).await.unwrap();
    client.subscribe("1", board("race", json!({}))).await;
    client.expect("1", "snapshot").await;
    drop(client);
    listener.stop().await;
}
