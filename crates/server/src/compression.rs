//! Answers that go out compressed, to those who ask for it, where that is worth it.
//!
//! An `ETag` stays as it is: it names a version of a program, and not bytes.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Mutex;

use axum::body::{Body, HttpBody as _};
use axum::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;

use crate::lock::lock;
use crate::submit::blocking;

/// What is shorter goes out as it is.
const BYTES_MIN: u64 = 1 << 10;
/// What is longer is compressed by a thread of its own.
const AT_ONCE_BYTES: usize = 32 << 10;

/// How much is done for it.
#[derive(Debug, Clone, Copy)]
enum Effort {
    /// Little, for what is made for one answer.
    Once,
    /// Much, for what is made once for all.
    ForAll,
}

impl Effort {
    const fn gzip(self) -> Compression {
        Compression::new(match self {
            Self::Once => 1,
            Self::ForAll => 6,
        })
    }

    const fn zstd(self) -> i32 {
        match self {
            Self::Once => 1,
            Self::ForAll => 9,
        }
    }
}

/// A coding of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Coding {
    Gzip,
    Zstd,
}

impl Coding {
    const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// The one that `accepted`, an `Accept-Encoding`, likes best; nothing where it likes none, or none better.
    fn liked_by(accepted: &HeaderValue) -> Option<Self> {
        let (mut gzip, mut zstd, mut identity, mut others) = (None, None, None, None);
        for part in accepted.to_str().ok()?.split(',') {
            let (name, weight) = part.split_once(';').unwrap_or((part, ""));
            let weight = weight.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.parse().ok());
            let weight = weight.filter(|weight: &f32| (0.0..=1.0).contains(weight)).or(Some(0.0));
            match name.trim().to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => gzip = weight,
                "zstd" => zstd = weight,
                "identity" => identity = weight,
                "*" => others = weight,
                _ => {}
            }
        }
        let weight_of = |named: Option<f32>| named.or(others).unwrap_or(0.0);
        let (gzip, zstd, least) = (weight_of(gzip), weight_of(zstd), identity.unwrap_or(0.0));
        match (gzip > 0.0 && gzip >= least, zstd > 0.0 && zstd >= least) {
            (true, true) => Some(if gzip > zstd { Self::Gzip } else { Self::Zstd }),
            (true, false) => Some(Self::Gzip),
            (false, true) => Some(Self::Zstd),
            (false, false) => None,
        }
    }

    fn compress(self, bytes: &[u8], effort: Effort) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip => {
                let room = Vec::with_capacity(bytes.len() / 4);
                let mut encoder = GzEncoder::new(room, effort.gzip());
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Self::Zstd => zstd::bulk::compress(bytes, effort.zstd()),
        }
    }
}

/// Compresses an answer, where the request's `Accept-Encoding` likes that. Streams go out as they are.
pub(crate) async fn compressed(response: Response, accepted: Option<&HeaderValue>) -> Response {
    let length = response.body().size_hint().exact().unwrap_or(0);
    if length < BYTES_MIN || !is_worth_it(&response) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    parts.headers.append(VARY, HeaderValue::from_static("accept-encoding"));
    let Some(coding) = accepted.and_then(Coding::liked_by) else {
        return Response::from_parts(parts, body);
    };
    let Ok(plain) = body.collect().await else {
        unreachable!("a body of known length is in memory")
    };
    let plain = plain.to_bytes();
    let work = {
        let plain = plain.clone();
        move || coding.compress(&plain, Effort::Once).ok()
    };
    let made =
        if plain.len() <= AT_ONCE_BYTES { work() } else { blocking(work).await.ok().flatten() };
    match made {
        // Where there is no thread for it, it goes out as it is.
        None => Response::from_parts(parts, Body::from(plain)),
        Some(made) => {
            name(&mut parts.headers, coding);
            Response::from_parts(parts, Body::from(made))
        }
    }
}

fn name(headers: &mut HeaderMap, coding: Coding) {
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
}

fn is_worth_it(response: &Response) -> bool {
    let headers = response.headers();
    let content_type = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let essence = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    let is_text = essence.starts_with(b"text/") && essence != b"text/event-stream";
    let is_json = essence.ends_with(b"json");
    (is_text || is_json)
        && response.status() != StatusCode::PARTIAL_CONTENT
        && !headers.contains_key(CONTENT_ENCODING)
        && response.extensions().get::<Chosen>().is_none()
}

/// Says of an answer that its coding was chosen already.
#[derive(Debug, Clone, Copy)]
struct Chosen;

/// Puts what was compressed before into an answer, as `asked` likes it: `of` a coding, or as it is where that is empty.
pub(crate) fn choose(
    asked: &HeaderMap,
    answer: &mut Response,
    of: impl FnOnce(Coding) -> &'static [u8],
) {
    answer.extensions_mut().insert(Chosen);
    let Some(coding) = asked.get(ACCEPT_ENCODING).and_then(Coding::liked_by) else { return };
    let made = of(coding);
    if !made.is_empty() {
        *answer.body_mut() = Body::from(made);
        name(answer.headers_mut(), coding);
    }
}

/// What is the same for everybody, compressed once for each coding.
#[derive(Debug)]
pub(crate) struct Kept(Mutex<BTreeMap<(String, Coding), Bytes>>);

impl Kept {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// Puts the content of this name into an answer, as `asked` likes it. There are few names.
    pub(crate) fn compress(
        &self,
        of: &str,
        content: &[u8],
        asked: &HeaderMap,
        answer: &mut Response,
    ) {
        debug_assert!(!answer.headers().contains_key(ETAG), "these have no versions");
        let coding = asked.get(ACCEPT_ENCODING).and_then(Coding::liked_by);
        let Some(coding) = coding.filter(|_| is_worth_it(answer)) else { return };
        let mut kept = lock(&self.0);
        let made = kept.entry((of.to_owned(), coding));
        let made = made
            .or_insert_with(|| coding.compress(content, Effort::ForAll).unwrap_or_default().into());
        if made.is_empty() {
            return;
        }
        *answer.body_mut() = Body::from(made.clone());
        answer.headers_mut().append(VARY, HeaderValue::from_static("accept-encoding"));
        name(answer.headers_mut(), coding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coding_is_the_one_that_is_liked_best() {
        let liked = |accepted: &str| Coding::liked_by(&accepted.parse().unwrap());
        for (accepted, coding) in [
            ("gzip", Some(Coding::Gzip)),
            ("gzip, deflate, br, zstd", Some(Coding::Zstd)),
            ("GZIP;q=1.0, zstd;q=0.5", Some(Coding::Gzip)),
            ("zstd;q=0, gzip;q=0.1", Some(Coding::Gzip)),
            ("*", Some(Coding::Zstd)),
            ("zstd;q=0, *;q=0.3", Some(Coding::Gzip)),
            ("identity, gzip;q=0.5", None),
            ("identity;q=0.5, gzip;q=0.5", Some(Coding::Gzip)),
            ("br", None),
            ("", None),
            ("gzip;q=0", None),
            ("gzip;q=x", None),
            ("gzip;q=NaN", None),
        ] {
            assert_eq!(liked(accepted), coding, "{accepted}");
        }
    }
}
