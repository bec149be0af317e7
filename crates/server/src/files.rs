//! Files of the binary, which are the same for everybody and not sent again to whoever has them.

use accolade_wire::hex::to_hex;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use sha2::{Digest, Sha256};

/// Names a version of files. Weak, as a compressed file is the same file.
pub(crate) fn tag_of<'a>(contents: impl IntoIterator<Item = &'a [u8]>) -> HeaderValue {
    let mut hash = Sha256::new();
    for content in contents {
        hash.update((content.len() as u64).to_le_bytes());
        hash.update(content);
    }
    let tag = format!("W/\"{}\"", &to_hex(&hash.finalize())[..24]);
    HeaderValue::try_from(tag).expect("digits are ASCII")
}

/// Answers with what `send` makes of a version, or that there is nothing new to whoever has it.
pub(crate) fn versioned(
    asked: &HeaderMap,
    tag: &HeaderValue,
    fresh: &HeaderValue,
    send: impl FnOnce() -> Response,
) -> Response {
    let mut response = if is_known(asked, tag) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        send()
    };
    let headers = response.headers_mut();
    headers.insert(ETAG, tag.clone());
    headers.insert(CACHE_CONTROL, fresh.clone());
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Whether who asks has this version.
fn is_known(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    let known = asked.get_all(IF_NONE_MATCH).iter().filter_map(|known| known.to_str().ok());
    let mut tags = known.flat_map(|known| known.split(',')).map(str::trim);
    tags.any(|known| known == "*" || known.as_bytes() == tag.as_bytes())
}
