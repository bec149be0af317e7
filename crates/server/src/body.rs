//! Reading the body of a request: within its limits, and within the room that all bodies share.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use accolade_wire::cloud_event::is_json;
use axum::body::{Body, HttpBody as _};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use bytes::{Buf, Bytes, BytesMut};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

use crate::cloud_events;
use crate::encoding::{Decoder, check_charset};
use crate::problem::{Problem, Refusal};
use crate::service::Service;

/// Bodies up to this length are not counted: connections bound their number.
pub(crate) const SMALL_BYTES: usize = 64 << 10;

/// The memory for large bodies.
#[derive(Debug)]
pub(crate) struct Room {
    bytes_max: usize,
    taken: AtomicUsize,
}

/// A part of the room, given back when dropped.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    room: &'a Room,
    bytes: usize,
}

impl Room {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, taken: AtomicUsize::new(0) }
    }

    fn hold(&self) -> Held<'_> {
        Held { room: self, bytes: 0 }
    }
}

impl Held<'_> {
    fn grow_to(&mut self, bytes: usize) -> Result<(), Problem> {
        let more = bytes.saturating_sub(self.bytes);
        let taken = self.room.taken.fetch_add(more, Ordering::Relaxed);
        self.bytes += more;
        if taken + more > self.room.bytes_max {
            let detail = "more large requests are under way than fit; nothing of this one was kept";
            return Err(Problem::new(Refusal::Busy, detail));
        }
        Ok(())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.room.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The content type that a request names, without its parameters.
pub(crate) fn essence_of(headers: &HeaderMap) -> &str {
    let named = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    named.split(';').next().unwrap_or("").trim()
}

/// What a body of JSON says that another node has sent.
pub(crate) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body)
        .map_err(|error| Problem::field(Refusal::Malformed, "", error.to_string()))
}

/// What a body of events is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// An object or an array.
    Json,
    /// An object on each line.
    Lines,
    /// An object that is a `CloudEvent`.
    CloudEvent,
    /// An array of these.
    CloudEvents,
    /// An object whose attributes, of a `CloudEvent`, are in the headers.
    Attributed,
}

impl Format {
    /// The format that the request names.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let essence = essence_of(headers);
        if cloud_events::is_binary(headers) && is_json(essence) {
            Ok(Self::Attributed)
        } else if essence.eq_ignore_ascii_case("application/json") {
            Ok(Self::Json)
        } else if essence.eq_ignore_ascii_case(cloud_events::ONE) {
            Ok(Self::CloudEvent)
        } else if essence.eq_ignore_ascii_case(cloud_events::BATCH) {
            Ok(Self::CloudEvents)
        } else if essence.eq_ignore_ascii_case("application/x-ndjson") {
            Ok(Self::Lines)
        } else {
            Err(Problem::new(
                Refusal::MediaType,
                format!(
                    "expected the content type `application/json`, `application/x-ndjson`, `{}` or `{}`, found \
                     `{essence}`",
                    cloud_events::ONE,
                    cloud_events::BATCH
                ),
            ))
        }
    }
}

impl Service {
    /// Reads a whole body, and decodes it. One that says it is too large is refused before it is read.
    pub(crate) async fn read_body<'s>(
        &'s self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<(Bytes, Held<'s>), Problem> {
        self.read_body_within(self.settings.body_bytes_max, headers, body).await
    }

    /// The same for a body of at most `max` bytes.
    pub(crate) async fn read_body_within<'s>(
        &'s self,
        max: usize,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<(Bytes, Held<'s>), Problem> {
        let named = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let expected = named.and_then(|length| length.parse().ok()).unwrap_or(0_usize);
        if expected > max {
            return Err(too_large(max));
        }
        let mut held = self.room.hold();
        if body.is_end_stream() {
            return Ok((Bytes::new(), held));
        }
        check_charset(headers)?;
        let decoder = Decoder::of(headers)?;
        if expected > SMALL_BYTES {
            held.grow_to(expected)?;
        }
        let patience = Duration::from_millis(self.settings.body_ms);
        let collecting = async {
            match decoder {
                None => collect(body, expected, max, &mut held).await,
                Some(decoder) => decode(decoder, body, max, &mut held).await,
            }
        };
        let read = tokio::time::timeout(patience, collecting).await;
        let bytes = read.unwrap_or_else(|_| {
            Err(Problem::new(Refusal::TooSlow, "the body did not arrive in time"))
        })?;
        Ok((bytes, held))
    }
}

fn too_large(max: usize) -> Problem {
    Problem::new(Refusal::TooLarge, format!("expected a body of at most {max} bytes"))
}

/// Collects what the body is once decoded; what comes out is bound as it comes.
async fn decode(
    mut decoder: Decoder,
    mut body: Body,
    max: usize,
    held: &mut Held<'_>,
) -> Result<Bytes, Problem> {
    let mut decoded = BytesMut::new();
    let mut fits = |decoded: &BytesMut| {
        if decoded.len() > max {
            return Err(too_large(max));
        }
        if decoded.len() > SMALL_BYTES { held.grow_to(decoded.len()) } else { Ok(()) }
    };
    while let Some(frame) = body.frame().await {
        let broken = |_| Problem::new(Refusal::Malformed, "the body broke off");
        let Ok(mut data) = frame.map_err(broken)?.into_data() else { continue };
        let mut has_more = false;
        while !data.is_empty() || has_more {
            let (read, more) = decoder.step(&data, &mut decoded)?;
            data.advance(read);
            has_more = more;
            fits(&decoded)?;
            // A few bytes may become many: others have their turn in between.
            tokio::task::consume_budget().await;
        }
    }
    decoder.finish(&mut decoded)?;
    fits(&decoded)?;
    Ok(decoded.freeze())
}

async fn collect(
    mut body: Body,
    expected: usize,
    max: usize,
    held: &mut Held<'_>,
) -> Result<Bytes, Problem> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let broken = |_| Problem::new(Refusal::Malformed, "the body broke off");
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        if first.is_empty() {
            first = data;
            continue;
        }
        if rest.is_empty() {
            rest.reserve(expected.max(first.len() + data.len()));
            rest.extend_from_slice(&first);
        }
        let length = rest.len() + data.len();
        if length > max {
            return Err(too_large(max));
        }
        if length > SMALL_BYTES {
            held.grow_to(length)?;
        }
        rest.extend_from_slice(&data);
    }
    if first.len() > max {
        return Err(too_large(max));
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}
