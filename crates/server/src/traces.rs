//! Traces of requests (OpenTelemetry): a span for each request that is kept, one for the write of the log that made it
//! durable, which many requests share and to which each is linked, and one until it was folded, where the request waited.
//! There is none for an event.
//!
//! Which are kept: a share of all, by the trace's id, so that others who keep the same share keep the same traces; and
//! whatever failed or was slow, which only its end tells. So spans are made at the end.

mod export;
mod span;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use accolade_engine::intake::Commit;
use accolade_storage::random::random;
use accolade_wire::hex::{from_hex, to_hex};
use axum::http::HeaderMap;
use metrics::Counter;
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use crate::lock::lock;

pub(crate) use self::span::Ended;

/// Writes of the log that are told of for one request.
const COMMITS_MAX: usize = 4;

/// Where traces go, and which.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceSettings {
    /// A collector's address for OTLP over HTTP, such as `http://127.0.0.1:4318`.
    pub endpoint: String,
    /// The share of requests that is kept whatever becomes of them, from 0 to 1.
    pub ratio: f64,
    /// From when on a request is slow, and kept.
    pub slow: Duration,
    /// Spans that wait for the collector; what is beyond is dropped and counted.
    pub spans_max: usize,
}

/// Settings that make no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadTraces {
    /// No address of HTTP.
    Endpoint(String),
    /// No share.
    Ratio,
    /// Nothing may wait.
    SpansMax,
}

impl fmt::Display for BadTraces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint(given) => write!(
                f,
                "`traces.endpoint` is `{given}`: expected an address such as http://127.0.0.1:4318, of a collector \
                 in reach without TLS"
            ),
            Self::Ratio => f.write_str("`traces.ratio`: expected a number from 0 to 1"),
            Self::SpansMax => f.write_str("`traces.spans_max` is 0: expected at least 1"),
        }
    }
}

impl std::error::Error for BadTraces {}

/// The way of traces out of the process. Cheap to clone.
#[derive(Clone)]
pub struct Traces(Arc<Inner>);

struct Inner {
    /// Of the first eight bytes of a trace's id: those below are kept.
    kept_below: u64,
    slow: Duration,
    /// The same moment by both clocks.
    since: (Instant, SystemTime),
    spans: mpsc::Sender<Span>,
    dropped: Counter,
    stop: Arc<Notify>,
    exporting: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traces").finish_non_exhaustive()
    }
}

impl Traces {
    /// Begins to export, within the runtime that it is called in.
    pub fn begin(settings: &TraceSettings) -> Result<Self, BadTraces> {
        let TraceSettings { endpoint, ratio, slow, spans_max } = settings;
        if !(0.0..=1.0).contains(ratio) {
            return Err(BadTraces::Ratio);
        }
        if *spans_max == 0 {
            return Err(BadTraces::SpansMax);
        }
        let to = export::address(endpoint).ok_or_else(|| BadTraces::Endpoint(endpoint.clone()))?;
        let (spans, waiting) = mpsc::channel(*spans_max);
        let stop = Arc::new(Notify::new());
        let exporting = tokio::spawn(export::run(to, waiting, Arc::clone(&stop)));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of all numbers, and the cast saturates"
        )]
        let kept_below = (*ratio * u64::MAX as f64) as u64;
        Ok(Self(Arc::new(Inner {
            kept_below,
            slow: *slow,
            since: (Instant::now(), SystemTime::now()),
            spans,
            dropped: export::spans("dropped"),
            stop,
            exporting: Mutex::new(Some(exporting)),
        })))
    }

    /// Exports what waits, for as long as `patience` at the most, and then no more.
    pub async fn end(&self, patience: Duration) {
        self.0.stop.notify_one();
        let exporting = lock(&self.0.exporting).take();
        if let Some(mut exporting) = exporting
            && tokio::time::timeout(patience, &mut exporting).await.is_err()
        {
            exporting.abort();
            tracing::warn!("the last traces were not taken in time");
        }
    }

    /// Follows a request, in the trace that its `traceparent` names or in a new one.
    pub(crate) fn follow(&self, headers: &HeaderMap) -> Option<Arc<Followed>> {
        let fresh = Context::of(&random().ok()?);
        let given = traceparent(headers).and_then(Context::read);
        let trace = given.map_or(fresh.trace, |given| given.trace);
        let context = Context { trace, ..fresh };
        // Of a UUID that orders by time, the first bytes are the same for long: the last are taken.
        let (_, chance) = context.trace.split_last_chunk().expect("16 bytes hold 8");
        let is_kept =
            u64::from_be_bytes(*chance) < self.0.kept_below || self.0.kept_below == u64::MAX;
        let parent = given.map(|given| given.span);
        Some(Arc::new(Followed { context, parent, is_kept, seen: Mutex::default() }))
    }

    /// Whether something that took so long and ended so is kept though it was not to be.
    pub(crate) fn is_telling(&self, took: Duration, has_failed: bool) -> bool {
        has_failed || took >= self.0.slow
    }

    /// Queues a span; one that has no room is dropped.
    fn send(&self, span: Span) {
        if self.0.spans.try_send(span).is_err() {
            self.0.dropped.increment(1);
        }
    }

    /// A moment, in nanoseconds since 1970.
    fn unix_nanos(&self, at: Instant) -> u64 {
        let (instant, time) = self.0.since;
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let at = match at.checked_duration_since(instant) {
            Some(after) => since + after,
            None => since.saturating_sub(instant.duration_since(at)),
        };
        u64::try_from(at.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A place in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Context {
    trace: [u8; 16],
    span: [u8; 8],
}

impl Context {
    /// By the ids of a trace and of a span, one after the other.
    fn of(ids: &[u8; 24]) -> Self {
        let (trace, span) = ids.split_at(16);
        let is_whole = "24 are 16 and 8";
        Self { trace: trace.try_into().expect(is_whole), span: span.try_into().expect(is_whole) }
    }

    /// Of a `traceparent` that is well-formed; zeros are none.
    fn read(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.split('-').skip(1);
        let context = Self { trace: from_hex(parts.next()?)?, span: from_hex(parts.next()?)? };
        (context.trace != [0; 16] && context.span != [0; 8]).then_some(context)
    }
}

/// A request that is followed from when it came.
#[derive(Debug)]
pub(crate) struct Followed {
    context: Context,
    parent: Option<[u8; 8]>,
    /// Whatever becomes of it.
    is_kept: bool,
    seen: Mutex<Seen>,
}

/// What was seen on the way.
#[derive(Debug, Default)]
struct Seen {
    commits: Vec<Arc<Commit>>,
    folded: Option<Instant>,
}

impl Followed {
    /// As the header `traceparent` has it, for those further on.
    pub(crate) fn traceparent(&self) -> String {
        let Context { trace, span } = self.context;
        format!("00-{}-{}-{:02x}", to_hex(&trace), to_hex(&span), u8::from(self.is_kept))
    }

    /// The id of the trace.
    pub(crate) fn id(&self) -> String {
        to_hex(&self.context.trace)
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        lock(&self.seen)
    }

    /// Its records are durable by this write.
    pub(crate) fn was_committed(&self, commit: &Arc<Commit>) {
        let mut seen = self.seen();
        if seen.commits.len() < COMMITS_MAX {
            seen.commits.push(Arc::clone(commit));
        }
    }

    /// All its records are folded.
    pub(crate) fn was_folded(&self) {
        self.seen().folded = Some(Instant::now());
    }
}

/// The `traceparent` of a request, by W3C Trace Context; one that is malformed is none.
pub(crate) fn traceparent(headers: &HeaderMap) -> Option<&str> {
    let trace = headers.get("traceparent")?.to_str().ok()?;
    let is_hex = |part: &str, length| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let mut parts = trace.split('-');
    let is_whole =
        [2, 32, 16, 2].iter().all(|length| parts.next().is_some_and(|part| is_hex(part, *length)));
    (is_whole && parts.next().is_none()).then_some(trace)
}
