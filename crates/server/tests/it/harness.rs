//! A node in a directory of its own, and requests to its router.

use std::fmt::Debug;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use accolade_domain::amount::Points;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::behaviour::Behaviour;
use accolade_engine::feed::Feed;
use accolade_engine::intake::{Caller, Intake, Refused, Submission};
use accolade_server::{Peer, Service, Settings};
use accolade_storage::node::{Node, NodeOptions};
use accolade_storage::slices::{ClosedSegment, Slices};
use accolade_wire::bytes::Cursor;
use accolade_wire::control::Control;
use accolade_wire::record::{Kind, Record, Slice, Source};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use http_body_util::BodyExt;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

/// How long anything is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Looks until there is what is awaited, and returns it. `look` says what is there instead.
pub(crate) fn until<T, Instead: Debug>(
    awaited: &str,
    mut look: impl FnMut() -> Result<T, Instead>,
) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        match look() {
            Ok(found) => return found,
            Err(instead) if Instant::now() > until => {
                panic!("awaited: {awaited}; there is: {instead:?}")
            }
            Err(_) => std::thread::yield_now(),
        }
    }
}

/// Closed segments, once all of them are compressed.
pub(crate) fn compressed(log: &Slices) -> Vec<ClosedSegment> {
    until("that all is compressed", || {
        let closed = log.closed();
        if closed.iter().all(|segment| segment.packed) { Ok(closed) } else { Err(closed) }
    })
}

/// The operator that most tests ask as.
pub(crate) const OPERATOR: &str = "operator-789";

/// A flat program: a tenth of a point for each euro on slots.
pub(crate) const PROGRAM: &str = "\
currency: EUR
timezone: Europe/Malta
eligibility: { minWager: 1.00, segments: { deny: [self-excluded] } }
earning:
  multipliers: { slots: 0.1, default: 0 }
  caps: [ { points: 5000, per: day } ]
rates: { USD: 0.92 }
tests:
  - wager: { gameCategory: slots, wagerAmount: 100.00 }
    points: 10.00
";

pub(crate) fn recorder() -> PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| PrometheusBuilder::new().install_recorder().unwrap()).clone()
}

/// Says when a record is folded.
#[derive(Debug)]
struct Folded(std::sync::Mutex<Option<tokio::sync::oneshot::Sender<()>>>);

impl Caller for Folded {
    fn durable(&self) {}

    fn refused(&self, why: Refused) {
        panic!("the node refuses: {why}");
    }

    fn applied(&self, _: usize, _: &Outcome, _: Option<Points>) {
        // What is for all partitions is applied in each.
        if let Some(sender) = self.0.lock().unwrap().take() {
            sender.send(()).unwrap();
        }
    }
}

pub(crate) struct Api {
    pub(crate) service: Service,
    pub(crate) node: Arc<Node>,
    pub(crate) router: Router,
    pub(crate) local: Router,
    /// The key of [`OPERATOR`].
    pub(crate) key: String,
    directory: Option<TempDir>,
}

impl Drop for Api {
    fn drop(&mut self) {
        let stopped = self.node.stop();
        if !std::thread::panicking() {
            stopped.unwrap();
        }
    }
}

/// Starts a node with small files and four partitions.
pub(crate) fn start_node(directory: &Path, adjust: impl FnOnce(&mut NodeOptions)) -> Arc<Node> {
    // A node counts with what is there when it starts.
    recorder();
    let mut options = NodeOptions::new(directory);
    options.files.partitions = 4;
    options.files.log_segment_bytes = 1 << 20;
    options.files.journal_segment_bytes = 1 << 20;
    options.files.segment_bytes = 1 << 18;
    options.folds = 1;
    options.free_bytes_min = 0;
    adjust(&mut options);
    Arc::new(Node::start(options).unwrap())
}

impl Api {
    /// A node with [`OPERATOR`] and no program.
    pub(crate) async fn without_program() -> Self {
        Self::with_limits(Settings::default(), 0).await
    }

    /// A node of a release that knows these behaviours, with [`OPERATOR`] and no program.
    pub(crate) async fn knowing(behaviours: &'static [Behaviour]) -> Self {
        let mut api = Self::open(tempfile::tempdir().unwrap(), Settings::default(), |options| {
            options.behaviours = behaviours;
        });
        api.key = api.add_operator(OPERATOR, 0).await;
        api
    }

    /// A node with [`OPERATOR`] and [`PROGRAM`], in force since 2020.
    pub(crate) async fn start() -> Self {
        Self::without_program().await.with_program().await
    }

    /// With [`PROGRAM`] besides.
    pub(crate) async fn with_program(self) -> Self {
        let api = self;
        let body =
            json!({ "effectiveFrom": "2020-01-01T00:00:00Z", "why": "first", "program": PROGRAM });
        let answer = api.post("/api/v1/program/versions", &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        api
    }

    pub(crate) async fn with_limits(settings: Settings, events_per_second: u32) -> Self {
        let mut api = Self::open(tempfile::tempdir().unwrap(), settings, |_| ());
        api.key = api.add_operator(OPERATOR, events_per_second).await;
        api
    }

    /// A node in a directory, as it is.
    pub(crate) fn open(
        directory: TempDir,
        settings: Settings,
        adjust: impl FnOnce(&mut NodeOptions),
    ) -> Self {
        let node = start_node(directory.path(), adjust);
        let service = Service::new(Arc::clone(&node), settings, recorder());
        Self::of(node, service, directory)
    }

    /// A node that runs, with what answers for it.
    pub(crate) fn of(node: Arc<Node>, service: Service, directory: TempDir) -> Self {
        Self {
            router: accolade_server::api(service.clone()),
            local: accolade_server::local(service.clone()),
            service,
            node,
            key: String::new(),
            directory: Some(directory),
        }
    }

    /// Where the node has its files.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.as_ref().unwrap().path()
    }

    /// Stops the node, and leaves its files.
    pub(crate) fn stop(mut self) -> TempDir {
        self.directory.take().unwrap()
    }

    /// Stops the node and starts it again.
    pub(crate) fn restart(self, adjust: impl FnOnce(&mut NodeOptions)) -> Self {
        let key = self.key.clone();
        let directory = self.stop();
        let mut api = Self::open(directory, Settings::default(), adjust);
        api.key = key;
        api
    }

    /// Adds an operator and returns its key.
    pub(crate) async fn add_operator(&self, id: &str, events_per_second: u32) -> String {
        let body = json!({ "operatorId": id, "eventsPerSecond": events_per_second });
        let answer = self.on_socket(ask("POST", "/local/operators").json(&body)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json["key"].as_str().unwrap().to_owned()
    }

    /// Sends a request as [`OPERATOR`].
    pub(crate) async fn send(&self, ask: Ask) -> Answer {
        let authorization = format!("Bearer {}", self.key);
        self.send_bare(ask.header("authorization", &authorization)).await
    }

    /// Sends a request as it is.
    pub(crate) async fn send_bare(&self, ask: Ask) -> Answer {
        answer_of(self.router.clone(), ask).await
    }

    /// Sends a request as it is, and returns once the answer has begun.
    pub(crate) async fn begin(&self, ask: Ask) -> Response {
        begin(self.router.clone(), ask).await
    }

    /// Sends a request to the local socket's router.
    pub(crate) async fn on_socket(&self, ask: Ask) -> Answer {
        answer_of(self.local.clone(), ask).await
    }

    /// Sends a request to the local socket's router, and returns once the answer has begun.
    pub(crate) async fn begin_on_socket(&self, ask: Ask) -> Response {
        begin(self.local.clone(), ask).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(ask("GET", path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(ask("POST", path).json(body)).await
    }

    /// How many batches of each partition have records, once all have heard of the same control records: time passes
    /// without any.
    pub(crate) async fn batches(&self) -> [u64; 4] {
        let until = Instant::now() + PATIENCE;
        loop {
            let seen = [0, 1, 2, 3].map(|number| {
                self.node.read(number, |state| (state.rules().applied, state.next_batch()))
            });
            let heard = seen.iter().all(|(applied, _)| *applied == seen[0].0);
            let counted =
                [0, 1, 2, 3].map(|number| self.counted(number, seen[usize::from(number)].1));
            if heard && counted.iter().all(Option::is_some) {
                return counted.map(Option::unwrap_or_default);
            }
            assert!(Instant::now() < until, "awaited: the same rules in all; there is: {seen:?}");
            tokio::task::yield_now().await;
        }
    }

    /// How many batches of a partition before one have records; nothing as long as the journal lacks one.
    fn counted(&self, partition: u16, before: u64) -> Option<u64> {
        let mut counted = 0;
        for batch in 1..before {
            let journal = self.node.journal(partition, batch).unwrap()?;
            let slice = Slice::read_unchecked(&mut Cursor::new(&journal, "journal")).unwrap();
            counted += u64::from(slice.count > 0);
        }
        Some(counted)
    }

    /// Takes in a record as one of Kafka would come, in the partition of `player`, and returns what became
    /// of it once it is folded.
    pub(crate) async fn take_from_kafka(
        &self,
        kind: Kind,
        operator: &str,
        body: &[u8],
        player: &str,
    ) {
        let partition = accolade_wire::identity::partition_of(player, 4);
        self.take(kind, Source::Kafka, operator, body, Some(partition)).await;
    }

    /// Publishes a document as [`OPERATOR`], as a release did that checked less.
    pub(crate) async fn publish_unchecked(&self, document: &str, edited_from: u32) {
        let control = Control::Publish {
            operator: OPERATOR.to_owned(),
            edited_from,
            effective_from: now_micros(),
            why: "unchecked".to_owned(),
            who: "a test".to_owned(),
            published_at: now_micros(),
            document: document.to_owned(),
            zone: Vec::new(),
        };
        let body = serde_json::to_vec(&control).unwrap();
        self.take(Kind::Control, Source::Http, "", &body, None).await;
        self.batches().await;
    }

    async fn take(
        &self,
        kind: Kind,
        source: Source,
        operator: &str,
        body: &[u8],
        partition: Option<u16>,
    ) {
        let (received_at, origin) = (Timestamp::default(), None);
        let mut records = Vec::new();
        Record { kind, source, operator, received_at, origin, body }.write(&mut records);
        let parts = vec![(partition, u32::try_from(records.len()).unwrap())];
        let (sender, folded) = tokio::sync::oneshot::channel();
        let caller = Arc::new(Folded(std::sync::Mutex::new(Some(sender))));
        let taken_at = Instant::now();
        let (wants_outcomes, trace) = (true, None);
        self.node
            .submit(Submission {
                records,
                parts,
                known: Vec::new(),
                caller,
                wants_outcomes,
                taken_at,
                trace,
            })
            .unwrap();
        folded.await.unwrap();
    }

    /// Sends one wager, waits, and returns what became of it.
    pub(crate) async fn wager(&self, wager: &Value) -> Value {
        let answer = self.post("/api/v1/wagers?wait=applied", wager).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json
    }
}

async fn begin(router: Router, ask: Ask) -> Response {
    router.oneshot(ask.request.body(ask.body).unwrap()).await.unwrap()
}

async fn answer_of(router: Router, ask: Ask) -> Answer {
    finish(begin(router, ask).await).await
}

/// The whole answer.
pub(crate) async fn finish(response: Response) -> Answer {
    let (status, headers) = (response.status(), response.headers().clone());
    let is_endless = headers.get("content-type").is_some_and(|it| it == "text/event-stream");
    let mut body = response.into_body();
    let bytes = if is_endless {
        // As much as is there at first.
        body.frame().await.unwrap().unwrap().into_data().unwrap()
    } else {
        body.collect().await.unwrap().to_bytes()
    };
    // Between nodes some answers are bytes.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let json = serde_json::from_str(&text).unwrap_or(Value::Null);
    let is_readiness = json.get("ready").is_some();
    if (status.is_client_error() || status.is_server_error()) && !is_readiness {
        assert_eq!(headers["content-type"], "application/problem+json", "{text}");
        assert_eq!(json["status"], status.as_u16());
    }
    Answer { status, headers, text, json }
}

/// A request.
pub(crate) struct Ask {
    request: axum::http::request::Builder,
    body: Body,
}

pub(crate) fn ask(method: &str, path: &str) -> Ask {
    let method: Method = method.parse().unwrap();
    Ask { request: Request::builder().method(method).uri(path), body: Body::empty() }
}

impl Ask {
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }

    pub(crate) fn body(self, content_type: &str, body: impl Into<Body>) -> Self {
        Self { body: body.into(), ..self.header("content-type", content_type) }
    }

    /// As the handshake of a WebSocket.
    pub(crate) fn upgrading(self) -> Self {
        // Nothing comes of it where there is no connection.
        let upgrade = hyper::upgrade::on(Request::new(()));
        let asked = Self { request: self.request.extension(upgrade), ..self };
        asked
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    }

    /// From this address.
    pub(crate) fn from(self, peer: &str) -> Self {
        let peer = Peer(peer.parse().unwrap());
        Self { request: self.request.extension(peer), ..self }
    }

    /// As a request with its whole body.
    pub(crate) async fn whole(self) -> Request<Bytes> {
        let body = self.body.collect().await.unwrap().to_bytes();
        self.request.body(body).unwrap()
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub(crate) fn text(self, body: &str) -> Self {
        self.body("application/json", body.to_owned())
    }

    pub(crate) fn lines(self, body: &str) -> Self {
        self.body("application/x-ndjson", body.to_owned())
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Answer {
    /// The pointers of a problem's errors.
    pub(crate) fn pointers(&self) -> Vec<&str> {
        pointers(&self.json)
    }
}

pub(crate) fn pointers(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect()
}

/// A time as RFC 3339.
pub(crate) fn time(micros: i64) -> String {
    accolade_wire::timestamp::write(Timestamp::from_micros(micros)).to_string()
}

pub(crate) fn now_micros() -> i64 {
    let since: Duration = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_micros()).unwrap()
}

pub(crate) fn days_ago(days: i64) -> String {
    time(now_micros() - days * 86_400_000_000)
}

/// A wager of a hundred euros on slots, now: worth 10.00 points.
pub(crate) fn wager(id: &str, player: &str) -> Value {
    json!({
        "wagerId": id, "playerId": player, "operatorId": OPERATOR, "gameId": "slots-ultimate",
        "gameCategory": "slots", "wagerAmount": 100, "currency": "EUR", "jurisdiction": "Malta",
        "timestamp": time(now_micros()),
    })
}

pub(crate) fn void(id: &str, player: &str) -> Value {
    json!({
        "type": "wager.voided", "wagerId": id, "playerId": player, "operatorId": OPERATOR,
        "reason": "game fault", "timestamp": time(now_micros()),
    })
}

pub(crate) fn game_event(id: Option<&str>, player: &str) -> Value {
    let mut event = json!({
        "event_type": "player_score", "player_id": player, "game_id": "game-001",
        "timestamp": time(now_micros()), "data": { "score": 1500 },
    });
    if let Some(id) = id {
        event["event_id"] = id.into();
    }
    event
}
