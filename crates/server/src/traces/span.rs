//! The spans of a request that has ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use accolade_engine::intake::Commit;
use accolade_storage::random::random;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::span::{Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

use super::{Context, Followed, Traces};
use crate::request_id::RequestId;

/// How a request ended.
#[derive(Debug)]
pub(crate) struct Ended<'a> {
    pub(crate) id: &'a RequestId,
    pub(crate) method: &'static str,
    /// The template of its route: no name of anybody's.
    pub(crate) route: &'static str,
    pub(crate) begun: Instant,
    pub(crate) took: Duration,
    pub(crate) status: u16,
    /// The code of its problem.
    pub(crate) code: Option<&'a str>,
    pub(crate) operator: Option<&'a str>,
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

pub(super) fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

fn number(key: &str, value: usize) -> KeyValue {
    attribute(key, Value::IntValue(i64::try_from(value).unwrap_or(i64::MAX)))
}

impl Context {
    fn link(self) -> Link {
        let (trace_id, span_id) = (self.trace.to_vec(), self.span.to_vec());
        Link { trace_id, span_id, ..Link::default() }
    }
}

impl Traces {
    /// Tells of a request that has ended, where it is kept.
    pub(crate) fn tell(&self, followed: &Followed, ended: &Ended<'_>) {
        let has_failed = ended.status >= 500;
        if !followed.is_kept && !self.is_telling(ended.took, has_failed) {
            return;
        }
        let (commits, folded) = {
            let seen = followed.seen();
            (seen.commits.clone(), seen.folded)
        };
        let mut links = Vec::new();
        for commit in &commits {
            links.extend(self.tell_of_commit(commit, followed.context).map(Context::link));
        }
        if let (Some(commit), Some(folded)) = (commits.last(), folded) {
            self.send(self.span("fold", followed.context, commit.ended, folded));
        }
        let name = format!("{} {}", ended.method, ended.route);
        let mut attributes = vec![
            text("http.request.method", ended.method),
            text("http.route", ended.route),
            number("http.response.status_code", ended.status.into()),
            text("accolade.request.id", &ended.id.to_string()),
        ];
        attributes.extend(ended.code.map(|code| text("error.type", code)));
        attributes.extend(ended.operator.map(|operator| text("accolade.operator", operator)));
        let failed = || Status { code: StatusCode::Error.into(), ..Status::default() };
        let (begun, end) = (ended.begun, ended.begun + ended.took);
        self.send(Span {
            span_id: followed.context.span.to_vec(),
            parent_span_id: followed.parent.map_or_else(Vec::new, |parent| parent.to_vec()),
            kind: SpanKind::Server.into(),
            attributes,
            links,
            status: has_failed.then(failed),
            ..self.span(&name, followed.context, begun, end)
        });
    }

    /// The span of a write of the log, which the first who tells of it sends, linked to that request.
    fn tell_of_commit(&self, commit: &Arc<Commit>, by: Context) -> Option<Context> {
        let fresh: [u8; 24] = random().ok()?;
        let mut is_first = false;
        let ids = commit.ids.get_or_init(|| {
            is_first = true;
            fresh
        });
        let context = Context::of(ids);
        if is_first {
            self.send(Span {
                span_id: context.span.to_vec(),
                parent_span_id: Vec::new(),
                attributes: vec![number("accolade.records", commit.records)],
                links: vec![by.link()],
                ..self.span("log commit", context, commit.began, commit.ended)
            });
        }
        Some(context)
    }

    /// A span of its own within another.
    fn span(&self, name: &str, within: Context, began: Instant, ended: Instant) -> Span {
        let own: [u8; 8] = random().unwrap_or_default();
        Span {
            trace_id: within.trace.to_vec(),
            span_id: own.to_vec(),
            parent_span_id: within.span.to_vec(),
            name: name.into(),
            kind: SpanKind::Internal.into(),
            start_time_unix_nano: self.unix_nanos(began),
            end_time_unix_nano: self.unix_nanos(ended),
            ..Span::default()
        }
    }
}
