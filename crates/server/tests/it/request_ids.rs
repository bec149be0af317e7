//! Every request has an id, which its answer, its problem and its line of the log have in common.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use accolade_server::{AccessLog, Settings};
use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

use crate::cluster::fake::{B, Cluster};
use crate::harness::{Answer, Api, Ask, ask, wager};

const X_REQUEST_ID: &str = "x-request-id";

/// The id of an answer, and of its problem where it is one.
fn id_of(answer: &Answer) -> String {
    let id = answer.headers[X_REQUEST_ID].to_str().unwrap().to_owned();
    if answer.json.get("code").is_some() {
        assert_eq!(answer.json["instance"], format!("urn:accolade:request:{id}"), "{answer:?}");
    }
    id
}

/// Requests that are answered, refused, and lead nowhere.
fn asked() -> [(u16, fn() -> Ask); 6] {
    [
        (200, || ask("POST", "/api/v1/wagers").json(&wager("w1", "p1"))),
        (400, || ask("POST", "/api/v1/wagers").text("{}")),
        (404, || ask("GET", "/api/v1/players/nobody/balance")),
        (200, || ask("GET", "/healthz")),
        (404, || ask("GET", "/no/such/path")),
        (405, || ask("DELETE", "/api/v1/wagers")),
    ]
}

#[tokio::test]
async fn every_answer_has_the_id_that_the_caller_gave_or_else_a_new_one() {
    let api = Api::start().await;
    let mut made = std::collections::BTreeSet::new();
    for (status, request) in asked() {
        let answer = api.send(request().header(X_REQUEST_ID, "shop-7/42")).await;
        assert_eq!((answer.status.as_u16(), &*id_of(&answer)), (status, "shop-7/42"));
        for bad in ["", "two words", "<script>", &"x".repeat(129)] {
            let answer = api.send(request().header(X_REQUEST_ID, bad)).await;
            assert_eq!(id_of(&answer).len(), 36, "{answer:?}");
        }
        assert!(made.insert(id_of(&api.send(request()).await)), "each is new");
    }
    let refused = api.send_bare(ask("GET", "/api/v1/program").header(X_REQUEST_ID, "a")).await;
    assert_eq!((refused.status.as_u16(), &*id_of(&refused)), (401, "a"));
    let local = api.on_socket(ask("GET", "/local/status").header(X_REQUEST_ID, "b")).await;
    assert_eq!(id_of(&local), "b");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_id_goes_along_to_the_node_that_answers() {
    let cluster = Cluster::start().await;
    for player in 0..8 {
        let path = format!("/api/v1/players/nobody-{player}/balance");
        for given in [Some("from-outside"), None] {
            let request = ask("GET", &path);
            let request = match given {
                Some(id) => request.header(X_REQUEST_ID, id),
                None => request,
            };
            // The problem is the owner's, and the header that of the node that was asked.
            let answer = cluster.b().send(request).await;
            assert_eq!(answer.status, 404);
            let id = id_of(&answer);
            assert!(given.is_none_or(|given| given == id), "{id}");
        }
    }
    let [a, b] = cluster.forwarded();
    assert!(a > 0 && b == 0, "some of them are the other node's, and {B} asked nobody: {a} {b}");
}

/// Lines of JSON that were logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Lines {
    fn take(&self) -> Vec<Value> {
        let text = String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.filter(|line: &Value| line["target"] == "accolade::access").collect()
    }
}

async fn logging(access_log: AccessLog) -> Api {
    let settings = Settings { access_log, bodies_bytes_max: 0, ..Settings::default() };
    Api::with_limits(settings, 0).await
}

fn listen() -> (Lines, tracing::subscriber::DefaultGuard) {
    let lines = Lines::default();
    let subscriber =
        tracing_subscriber::fmt().json().flatten_event(true).with_writer(lines.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    (lines, guard)
}

#[tokio::test]
async fn a_line_of_the_log_says_what_was_asked_and_by_whom_and_names_no_player() {
    let (lines, _listening) = listen();
    let api = logging(AccessLog::All).await;
    lines.take();
    for (_, request) in asked() {
        api.send(request().header(X_REQUEST_ID, "the-id")).await;
    }
    api.send_bare(ask("GET", "/api/v1/players/a-very-particular-player/ledger?limit=7")).await;
    let logged = lines.take();
    let brief: Vec<_> = logged
        .iter()
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap_or("-").to_owned();
            let [method, route, code] = ["method", "route", "code"].map(text);
            format!("{method} {route} {} {code} {}", line["status"], text("credential"))
        })
        .collect();
    assert_eq!(
        brief,
        [
            "POST /api/v1/wagers 200 - api_key",
            "POST /api/v1/wagers 400 malformed api_key",
            "GET /api/v1/players/{playerId}/balance 404 not_found api_key",
            "GET /healthz 200 - nothing",
            "other none 404 not_found -",
            "other /api/v1/wagers 405 method_not_allowed -",
            "GET /api/v1/players/{playerId}/ledger 401 unauthorized -",
        ]
    );
    let first = &logged[0];
    assert_eq!((&first["request"], &first["operator"]), (&"the-id".into(), &"operator-789".into()));
    assert!(first["micros"].as_u64().is_some() && first["bytes"].as_u64() > Some(10), "{first}");
    assert!(first["key"].is_string() && first["version"] == "HTTP/1.1", "{first}");
    for line in logged {
        let line = line.to_string();
        assert!(!line.contains("nobody") && !line.contains("particular"), "{line}");
    }
}

#[tokio::test]
async fn what_the_node_failed_and_what_was_slow_is_logged_unless_nothing_is() {
    let (lines, _listening) = listen();
    let logged = async |access_log| {
        let api = logging(access_log).await;
        lines.take();
        for (_, request) in asked() {
            api.send(request()).await;
        }
        let large = format!("[{}]", " ".repeat(100_000));
        let busy = ask("POST", "/api/v1/wagers").text(&large).header("content-length", "100002");
        let busy = api.send(busy).await;
        assert_eq!(busy.status, 503, "there is room for no large body");
        let lines = lines.take();
        lines.iter().map(|line| line["status"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let an_hour = Duration::from_hours(1);
    assert_eq!(logged(AccessLog::Troubles { slow: an_hour }).await, [503]);
    assert_eq!(logged(AccessLog::Troubles { slow: Duration::ZERO }).await.len(), 7);
    assert_eq!(logged(AccessLog::Off).await, [0; 0]);
}
