//! A client that breaks every rule, on raw sockets: it never gets a 5xx nor anybody else's answer, and whoever comes
//! next is served.

use accolade_server::{Front, Settings};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use crate::harness::{Api, PATIENCE, wager};
use crate::wire::{Authority, Listener, rest_of};

/// A player of another operator.
const VICTIM: &str = "player-of-another";
/// What the client says after these is that there is no more.
const CUT: &str = "and then the end";
/// More than anybody reads as a head.
const MIB: usize = 1 << 20;

/// What the client sends, in parts with a pause between; and the statuses of what it may get, in their order.
struct Case {
    name: &'static str,
    parts: Vec<Vec<u8>>,
    statuses: &'static [u16],
}

/// Requests of a client that has a key.
struct Forge<'a> {
    key: &'a str,
}

impl Forge<'_> {
    fn head(&self, first: &str, fields: &str) -> Vec<u8> {
        format!("{first}\r\nhost: x\r\nauthorization: Bearer {}\r\n{fields}\r\n", self.key)
            .into_bytes()
    }

    fn get(&self, path: &str) -> Vec<u8> {
        self.head(&format!("GET {path} HTTP/1.1"), "connection: close\r\n")
    }

    /// A wager whose length is told by `fields`.
    fn post(&self, fields: &str, body: &[u8]) -> Vec<u8> {
        let fields = format!("content-type: application/json\r\nconnection: close\r\n{fields}");
        [self.head("POST /api/v1/wagers HTTP/1.1", &fields), body.to_vec()].concat()
    }

    fn smuggled() -> String {
        format!("GET /api/v1/players/{VICTIM}/balance HTTP/1.1\r\nhost: x\r\n\r\n")
    }

    fn cases(&self) -> Vec<Case> {
        let body = wager("h1", "p1").to_string().into_bytes();
        let length = body.len();
        let smuggled = Self::smuggled();
        let chunked = |chunks: &str| self.post("transfer-encoding: chunked\r\n", chunks.as_bytes());
        let one = |name, bytes: Vec<u8>, statuses| Case { name, parts: vec![bytes], statuses };
        let bare = |name, text: &str, statuses| one(name, text.as_bytes().to_vec(), statuses);
        let whole = self.post(&format!("content-length: {length}\r\n"), &body);
        let halves = whole.chunks(whole.len() / 7).map(<[u8]>::to_vec).collect();
        vec![
            Case { name: "a request in seven parts", parts: halves, statuses: &[200] },
            Case {
                name: "a head in parts of a byte",
                parts: self.get("/healthz").chunks(1).map(<[u8]>::to_vec).collect(),
                statuses: &[200],
            },
            one(
                "two lengths that differ",
                self.post(&format!("content-length: 5\r\ncontent-length: {length}\r\n"), &body),
                &[400],
            ),
            one(
                "two lengths in one field",
                self.post(&format!("content-length: 5, {length}\r\n"), &body),
                &[400],
            ),
            one("a negative length", self.post("content-length: -1\r\n", &body), &[400]),
            one("a length with a sign", self.post("content-length: +5\r\n", &body), &[400]),
            one(
                "a length beyond all numbers",
                self.post("content-length: 99999999999999999999999\r\n", &body),
                &[400],
            ),
            one(
                "a length beyond the limit",
                self.post("content-length: 9999999999\r\n", &body),
                &[413],
            ),
            one(
                "a length and chunks, with a request behind",
                self.post(
                    "content-length: 4\r\ntransfer-encoding: chunked\r\n",
                    format!("0\r\n\r\n{smuggled}").as_bytes(),
                ),
                &[400],
            ),
            one(
                "an encoding that is no chunks",
                self.post("transfer-encoding: chunked, identity\r\n", smuggled.as_bytes()),
                &[400],
            ),
            one(
                "an encoding with a tab in its name",
                self.post("transfer-encoding\t: chunked\r\n", smuggled.as_bytes()),
                &[400],
            ),
            one("a chunk of a huge size", chunked("fffffffffffffffff\r\nx"), &[400]),
            one("a chunk of 16 hex digits", chunked("ffffffffffffffff\r\nx"), &[408]),
            one("a chunk of a negative size", chunked("-1\r\nx\r\n0\r\n\r\n"), &[400]),
            one("a chunk of no size", chunked("\r\nx\r\n0\r\n\r\n"), &[400]),
            one("a chunk with a bare line feed", chunked("1\nx\n0\n\n"), &[400]),
            one("a chunk that is longer than it says", chunked("1\r\nxyz\r\n0\r\n\r\n"), &[400]),
            one(
                "an extension without end",
                chunked(&format!("1;{}\r\nx\r\n0\r\n\r\n", "a".repeat(MIB))),
                &[400],
            ),
            one("an extension", chunked("2;a=b\r\n[]\r\n0\r\n\r\n"), &[200]),
            one("chunks without the last, and then the end", chunked("2\r\n[]\r\n"), &[400]),
            one(
                "trailers without end",
                chunked(&format!("2\r\n[]\r\n0\r\n{}\r\n", "x: y\r\n".repeat(50_000))),
                &[400],
            ),
            one("an absolute path", self.get("http://other/healthz"), &[200]),
            one("a path of dots", self.get("/api/v1/../../healthz"), &[404]),
            one("a path of encoded dots", self.get("/api/v1/%2e%2e/%2e%2e/healthz"), &[404]),
            one("a path with two slashes", self.get("//healthz"), &[404]),
            one("a path with an encoded NUL", self.get("/api/v1/players/%00/balance"), &[404]),
            one(
                "a path with an encoded slash",
                self.get("/api/v1/players/p1%2f..%2fx/balance"),
                &[404],
            ),
            one("a path of bad UTF-8", self.get("/api/v1/players/%ff%fe/balance"), &[404]),
            one("another's player", self.get(&format!("/api/v1/players/{VICTIM}/balance")), &[404]),
            one(
                "another's operator",
                self.get(&format!("/api/v1/players/{VICTIM}/balance?operatorId=other")),
                &[404],
            ),
            bare("a NUL in the head", "GET /healthz HTTP/1.1\r\nhost: x\0y\r\n\r\n", &[400]),
            bare("a NUL in the path", "GET /heal\0thz HTTP/1.1\r\nhost: x\r\n\r\n", &[400]),
            bare("a bare carriage return", "GET /healthz HTTP/1.1\r\nx: a\rb\r\n\r\n", &[400]),
            bare("a folded field", "GET /healthz HTTP/1.1\r\nx: a\r\n b\r\n\r\n", &[400]),
            bare("a field without a name", "GET /healthz HTTP/1.1\r\n: a\r\n\r\n", &[400]),
            bare("a field without a colon", "GET /healthz HTTP/1.1\r\nhost\r\n\r\n", &[400]),
            one("a MiB of one field", self.head("GET / HTTP/1.1", &"x".repeat(MIB)), &[431]),
            one(
                "a MiB of fields",
                self.head("GET / HTTP/1.1", &"x: y\r\n".repeat(MIB / 6)),
                &[431],
            ),
            one("a MiB of path", self.get(&format!("/{}", "x".repeat(MIB))), &[431]),
            bare("a method that nobody knows", "BREW /healthz HTTP/1.1\r\n\r\n", &[405]),
            bare("a method that is none", "G@T /healthz HTTP/1.1\r\n\r\n", &[400]),
            bare("a method in small letters", "get /healthz HTTP/1.1\r\n\r\n", &[405]),
            bare("a tunnel", "CONNECT other:443 HTTP/1.1\r\nhost: other\r\n\r\n", &[404]),
            bare("the request before HTTP/1.0", "GET /healthz\r\n\r\n", &[400]),
            bare("a version that there is not", "GET /healthz HTTP/7.7\r\n\r\n", &[400]),
            bare("a preface of HTTP/2 and no more", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[]),
            one(
                "a preface and garbage",
                [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), vec![0xff; 4_096]].concat(),
                &[],
            ),
            one("garbage", (0..=255).cycle().take(4_096).collect(), &[400]),
            one(
                "garbage behind a good request",
                [self.head("GET /healthz HTTP/1.1", ""), vec![0; 512]].concat(),
                &[200, 400],
            ),
            one(
                "a request without a key behind one with a key",
                [self.head("GET /healthz HTTP/1.1", ""), smuggled.clone().into_bytes()].concat(),
                &[200, 401],
            ),
            one(
                "an expectation",
                self.post(&format!("content-length: {length}\r\nexpect: 100-continue\r\n"), &body),
                &[100, 200],
            ),
            one(
                "an expectation of what is too large",
                self.post("content-length: 9999999999\r\nexpect: 100-continue\r\n", b""),
                &[413],
            ),
            bare("nothing but line ends", "\r\n\r\n\r\n\r\n", &[]),
            one("nothing", Vec::new(), &[]),
            one(
                "half of a body, and then the end",
                self.post(&format!("content-length: {length}\r\n"), &body[..9]),
                &[400],
            ),
        ]
    }
}

/// The statuses of the answers, in their order.
fn statuses(answers: &str) -> Vec<u16> {
    let lines = answers.match_indices("HTTP/1.1 ").map(|(at, found)| at + found.len());
    lines.filter_map(|at| answers.get(at..at + 3)?.parse().ok()).collect()
}

/// Sends the parts, and returns all that comes until the other side is done.
async fn attack(mut stream: impl AsyncRead + AsyncWrite + Unpin, case: &Case) -> String {
    for part in &case.parts {
        // Whoever is refused early may have closed before all was sent.
        if stream.write_all(part).await.is_err() || stream.flush().await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    if case.name.ends_with(CUT) {
        stream.shutdown().await.ok();
    }
    rest_of(stream).await
}

/// A refusal may be lost with a connection that breaks because more was sent than is read; nothing else may come
/// instead.
fn is_as_expected(case: &Case, seen: &[u16]) -> bool {
    let may_be_lost = case.statuses.iter().all(|status| *status >= 400);
    seen == case.statuses || seen.is_empty() && may_be_lost
}

async fn scene() -> (Api, Listener, Authority, Listener) {
    let settings = Settings { body_ms: 2_000, ..Settings::default() };
    let mut api = Api::with_limits(settings, 0).await.with_program().await;
    let other = api.add_operator("other", 0).await;
    let own = std::mem::replace(&mut api.key, other);
    let mut foreign = wager("v1", VICTIM);
    foreign["operatorId"] = json!("other");
    let answer = api.post("/api/v1/wagers?wait=applied", &foreign).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    api.key = own;
    api.wager(&wager("w1", "p1")).await;
    let mut front = Front::default();
    (front.bounds.head_ms, front.bounds.idle_ms) = (1_000, 1_000);
    let authority = Authority::new();
    let secure = Front { tls: authority.front().tls, ..front.clone() };
    let in_clear = Listener::start(api.router.clone(), front).await;
    let over_tls = Listener::start(api.router.clone(), secure).await;
    (api, in_clear, authority, over_tls)
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the figures, for whoever asks for them")]
async fn whatever_is_sent_is_refused_or_answered_for_whoever_sent_it() {
    let (api, in_clear, authority, over_tls) = scene().await;
    let cases = Forge { key: &api.key }.cases();
    let (mut failures, mut count) = (Vec::new(), 0);
    for case in &cases {
        let plain = attack(in_clear.connect().await, case).await;
        let stream = authority.connect(&over_tls, None, "http/1.1").await.unwrap();
        let secret = attack(stream, case).await;
        for (way, answers) in [("in clear", plain), ("over TLS", secret)] {
            count += 1;
            let seen = statuses(&answers);
            if !is_as_expected(case, &seen) || answers.contains(VICTIM) {
                failures.push(format!("{} {way}: {seen:?}: {answers:.200}", case.name));
            }
            let honest = in_clear.exchange(&honest(&api.key)).await;
            assert!(honest.contains("\"playerId\":\"p1\""), "after {}: {honest}", case.name);
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    println!("{count} hostile exchanges, {} cases in clear and over TLS", cases.len());
}

fn honest(key: &str) -> Vec<u8> {
    Forge { key }.get("/api/v1/players/p1/balance")
}

#[tokio::test]
async fn many_players_asked_for_at_once_get_their_own_answers_over_http_2() {
    let (api, in_clear, authority, over_tls) = scene().await;
    for number in 0..20 {
        api.wager(&wager(&format!("m{number}"), &format!("m{number}"))).await;
    }
    let streams = authority.connect(&over_tls, None, "h2").await.unwrap();
    let (sender, connection) = h2::client::handshake(streams).await.unwrap();
    let driven = tokio::spawn(connection);
    let asks = (0..100).map(|number| {
        let player = format!("m{}", number % 20);
        let path = format!("https://localhost/api/v1/players/{player}/balance");
        let request = axum::http::Request::get(path)
            .header("authorization", format!("Bearer {}", api.key))
            .body(())
            .unwrap();
        let sender = sender.clone();
        async move {
            let (answer, mut stream) =
                sender.ready().await.unwrap().send_request(request, true).unwrap();
            if number % 7 == 3 {
                stream.send_reset(h2::Reason::CANCEL);
                return;
            }
            let mut body = answer.await.unwrap().into_body();
            let mut bytes = Vec::new();
            while let Some(data) = body.data().await {
                bytes.extend_from_slice(&data.unwrap());
            }
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains(&format!("\"playerId\":\"{player}\"")), "{player}: {text}");
        }
    });
    tokio::time::timeout(PATIENCE, futures_util::future::join_all(asks)).await.unwrap();
    driven.abort();
    let honest = in_clear.exchange(&honest(&api.key)).await;
    assert!(honest.contains("\"playerId\":\"p1\""), "{honest}");
}
