//! Traces of requests, as a collector gets them: OTLP over HTTP, decoded by the protocol's own types.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use accolade_server::{Settings, TraceSettings, Traces};
use accolade_wire::hex::to_hex;
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;
use tokio::net::TcpListener;

use crate::cluster::fake::Cluster;
use crate::harness::{Answer, Api, Ask, PATIENCE, ask, recorder, wager};

const TRACE: [u8; 16] = [
    0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36,
];
const CALLER: [u8; 8] = [0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7];
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
const HOUR: Duration = Duration::from_hours(1);

/// A collector that keeps what it gets.
struct Collector {
    endpoint: String,
    spans: Arc<Mutex<Vec<Span>>>,
}

impl Collector {
    async fn start() -> Self {
        let spans = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&spans);
        let take = async move |headers: HeaderMap, body: Bytes| {
            assert_eq!(headers["content-type"], "application/x-protobuf");
            for resource in ExportTraceServiceRequest::decode(body).unwrap().resource_spans {
                let named = resource.resource.unwrap().attributes;
                assert!(named.iter().any(|attribute| attribute.key == "service.name"));
                let scopes = resource.scope_spans.into_iter();
                kept.lock().unwrap().extend(scopes.flat_map(|scope| scope.spans));
            }
            StatusCode::OK
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/v1/traces", post(take));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { endpoint, spans }
    }

    fn traces(&self, ratio: f64, slow: Duration) -> Traces {
        let endpoint = self.endpoint.clone();
        Traces::begin(&TraceSettings { endpoint, ratio, slow, spans_max: 1_000 }).unwrap()
    }

    fn take(&self) -> Vec<Span> {
        std::mem::take(&mut *self.spans.lock().unwrap())
    }
}

fn text<'a>(span: &'a Span, key: &str) -> Option<&'a str> {
    let found = span.attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        other => panic!("{other:?}"),
    }
}

fn traced(id: &str) -> Ask {
    let request = ask("POST", "/api/v1/wagers?wait=applied").json(&wager(id, "p1"));
    request.header("traceparent", TRACEPARENT).header("x-request-id", id)
}

/// The span of the request with this id, after checking that it leads from its caller to the log.
fn check_request<'a>(spans: &'a [Span], id: &str) -> &'a Span {
    let is_it = |span: &&Span| text(span, "accolade.request.id") == Some(id);
    let span = spans.iter().find(is_it).unwrap();
    assert_eq!((&*span.trace_id, &*span.parent_span_id), (&TRACE[..], &CALLER[..]));
    assert_eq!((&*span.name, span.kind), ("POST /api/v1/wagers", SpanKind::Server.into()));
    assert_eq!(text(span, "http.route"), Some("/api/v1/wagers"));
    assert_eq!(text(span, "accolade.operator"), Some("operator-789"));
    assert!(span.status.is_none() && span.start_time_unix_nano < span.end_time_unix_nano);
    let [link] = &span.links[..] else { panic!("{span:?}") };
    let commit = spans.iter().find(|commit| commit.span_id == link.span_id).unwrap();
    assert_eq!((&*commit.name, &commit.trace_id), ("log commit", &link.trace_id));
    assert!(commit.links.iter().any(|back| back.trace_id == TRACE), "and from there back");
    assert!(span.start_time_unix_nano <= commit.end_time_unix_nano);
    assert!(commit.end_time_unix_nano <= span.end_time_unix_nano);
    let fold = spans.iter().find(|fold| fold.parent_span_id == span.span_id).unwrap();
    assert_eq!((&*fold.name, &*fold.trace_id), ("fold", &TRACE[..]));
    span
}

#[tokio::test]
async fn a_request_s_span_leads_from_its_caller_to_the_write_that_made_it_durable() {
    let collector = Collector::start().await;
    let traces = collector.traces(1.0, HOUR);
    let settings = Settings { traces: Some(traces.clone()), ..Settings::default() };
    let api = Api::with_limits(settings, 0).await.with_program().await;
    assert_eq!(api.send(traced("w1")).await.status, 200);
    assert_eq!(
        api.send(ask("GET", "/api/v1/players/a-very-particular-player/balance")).await.status,
        404
    );
    traces.end(PATIENCE).await;
    let spans = collector.take();
    check_request(&spans, "w1");
    let other =
        spans.iter().find(|span| span.name.starts_with("GET /api/v1/players/{playerId}")).unwrap();
    assert_eq!(text(other, "error.type"), Some("not_found"));
    assert!(
        other.parent_span_id.is_empty() && other.trace_id != TRACE && other.trace_id.len() == 16
    );
    assert!(!format!("{spans:?}").contains("particular"), "no span names a player");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_traced_in_a_cluster_through_either_node() {
    let collector = Collector::start().await;
    let traces = collector.traces(1.0, HOUR);
    let settings = || Settings { traces: Some(traces.clone()), ..Settings::default() };
    let cluster = Cluster::with(settings).await;
    for (api, id) in cluster.both().into_iter().zip(["w1", "w2"]) {
        assert_eq!(api.send(traced(id)).await.status, 200);
    }
    traces.end(PATIENCE).await;
    let spans = collector.take();
    let own = ["w1", "w2"].map(|id| check_request(&spans, id));
    for (span, carried) in own.into_iter().zip(cluster.traces().into_iter().rev().take(2).rev()) {
        let id = to_hex(&span.span_id);
        assert_eq!(carried, format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{id}-01"));
    }
}

#[tokio::test]
async fn what_failed_or_was_slow_is_kept_and_of_all_others_a_share() {
    let collector = Collector::start().await;
    let kept = async |ratio: f64, slow: Duration| {
        let traces = collector.traces(ratio, slow);
        let settings =
            Settings { traces: Some(traces.clone()), bodies_bytes_max: 0, ..Settings::default() };
        let api = Api::with_limits(settings, 0).await;
        assert_eq!(api.get("/api/v1/dead-letters").await.status, 200);
        let large = ask("POST", "/api/v1/wagers").text("[]").header("content-length", "100000");
        let busy: Answer = api.send(large).await;
        assert_eq!(busy.status, 503, "there is room for no large body");
        traces.end(PATIENCE).await;
        let mut names: Vec<_> = collector.take().into_iter().map(|span| span.name).collect();
        names.retain(|name| name.contains("/api/v1/"));
        names
    };
    assert_eq!(kept(0.0, HOUR).await, ["POST /api/v1/wagers"]);
    let both = ["GET /api/v1/dead-letters", "POST /api/v1/wagers"];
    assert_eq!(kept(0.0, Duration::ZERO).await, both);
    assert_eq!(kept(1.0, HOUR).await, both);
}

#[tokio::test]
async fn a_collector_that_is_away_or_answers_nothing_keeps_nobody_waiting() {
    // It accepts, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let away = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addresses = [silent.local_addr().unwrap(), away.local_addr().unwrap()];
    drop(away);
    let dropped = || {
        let text = recorder().render();
        let line = text
            .lines()
            .find(|line| line.starts_with("accolade_trace_spans_total{outcome=\"dropped\"}"));
        line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
    };
    for address in addresses {
        let endpoint = format!("http://{address}");
        let settings = TraceSettings { endpoint, ratio: 1.0, slow: HOUR, spans_max: 2 };
        let traces = Traces::begin(&settings).unwrap();
        let settings = Settings { traces: Some(traces.clone()), ..Settings::default() };
        let api = Api::with_limits(settings, 0).await;
        let before = dropped();
        for number in 0..600 {
            let answer = api.get("/api/v1/dead-letters").await;
            assert_eq!(answer.status, 200, "{number}");
        }
        tokio::time::timeout(PATIENCE, traces.end(Duration::from_millis(100))).await.unwrap();
        assert!(dropped() > before, "what found no room was counted");
    }
}
