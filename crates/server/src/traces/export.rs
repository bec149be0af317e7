//! Spans on their way to a collector: OTLP over HTTP, as protobuf, many at a time.
//!
//! A collector that does not take them loses them: they are not tried again, and nothing waits for it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, Request, Uri};
use http_body_util::{BodyExt, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use metrics::{Counter, counter};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use tokio::sync::{Notify, mpsc};

use super::span::text;

/// Spans that go out together.
const TOGETHER_MAX: usize = 512;
/// How long the first of them waits for others.
const GATHER_TIME: Duration = Duration::from_millis(500);
/// How long the collector may take.
const EXPORT_TIME: Duration = Duration::from_secs(5);
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Where traces are taken at an endpoint of OTLP.
pub(super) fn address(endpoint: &str) -> Option<Uri> {
    let uri: Uri = format!("{}/v1/traces", endpoint.trim_end_matches('/')).parse().ok()?;
    (uri.scheme_str() == Some("http") && uri.host().is_some()).then_some(uri)
}

/// Spans that ended so.
pub(super) fn spans(outcome: &'static str) -> Counter {
    counter!("accolade_trace_spans_total", "outcome" => outcome)
}

/// Exports until told to stop, and then what has come so far.
pub(super) async fn run(to: Uri, mut waiting: mpsc::Receiver<Span>, stop: Arc<Notify>) {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let (exported, dropped) = (spans("exported"), spans("dropped"));
    let (mut is_stopping, mut was_taken) = (false, true);
    let mut together = Vec::new();
    loop {
        let gathered = async {
            waiting.recv_many(&mut together, TOGETHER_MAX).await;
            let more = async {
                while !together.is_empty() && together.len() < TOGETHER_MAX {
                    let room = TOGETHER_MAX - together.len();
                    if waiting.recv_many(&mut together, room).await == 0 {
                        break;
                    }
                }
            };
            tokio::time::timeout(GATHER_TIME, more).await.ok();
        };
        if is_stopping {
            // Nothing comes after what there is.
            gathered.await;
        } else {
            tokio::select! {
                () = gathered => {}
                () = stop.notified() => {
                    is_stopping = true;
                    waiting.close();
                }
            }
        }
        if together.is_empty() {
            // Told to stop, or nobody is left who sends.
            if waiting.is_closed() && waiting.is_empty() {
                return;
            }
            continue;
        }
        let count = together.len() as u64;
        let sent =
            tokio::time::timeout(EXPORT_TIME, send(&client, &to, std::mem::take(&mut together)));
        let failure = sent.await.unwrap_or_else(|_| Err("it takes too long".into())).err();
        match &failure {
            None => exported.increment(count),
            Some(_) => dropped.increment(count),
        }
        if let Some(error) = failure.as_ref().filter(|_| was_taken) {
            tracing::warn!(error, %to, "the collector does not take traces: they are dropped until it does");
        }
        was_taken = failure.is_none();
    }
}

async fn send(
    client: &Client<HttpConnector, Body>,
    to: &Uri,
    spans: Vec<Span>,
) -> Result<(), String> {
    let scope = InstrumentationScope {
        name: "accolade".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        ..InstrumentationScope::default()
    };
    let attributes =
        vec![text("service.name", "accolade"), text("service.version", env!("CARGO_PKG_VERSION"))];
    let scope_spans = vec![ScopeSpans { scope: Some(scope), spans, ..ScopeSpans::default() }];
    let resource = Some(Resource { attributes, ..Resource::default() });
    let resource_spans = vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }];
    let body = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
    let request = Request::builder().method(Method::POST).uri(to);
    let request = request.header(CONTENT_TYPE, "application/x-protobuf").body(Body::from(body));
    let answer = client.request(request.map_err(|error| error.to_string())?).await;
    let answer = answer.map_err(|error| error.to_string())?;
    let status = answer.status();
    // Read to its end, so that the connection can be used again.
    Limited::new(answer.into_body(), ANSWER_BYTES_MAX)
        .collect()
        .await
        .map_err(|error| error.to_string())?;
    if status.is_success() { Ok(()) } else { Err(format!("it answered {status}")) }
}
