//! Which pages of browsers may ask, and read the answers (CORS).
//!
//! An operator says so by the origins of its keys. A preflight shows no credential, so it is let pass for every origin
//! that some key has; the request behind it is judged by its own. Routes that are only for staff say nothing to pages,
//! and `*` is said of what is public by the operator's choice alone, where no credential is looked at.

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;

use crate::principal::Principal;
use crate::routes::Route;
use crate::service::Service;

/// What a page may send beside what any may.
const SENDS: &str = "authorization, content-type, idempotency-key, if-match, last-event-id, traceparent, x-request-id";
/// What it may read of an answer.
const READS: &str = "date, etag, ratelimit-limit, ratelimit-remaining, ratelimit-reset, retry-after, www-authenticate, \
                     x-request-id";
/// What a page of any origin may send for what is public.
const SENDS_PUBLICLY: &str = "last-event-id, traceparent, x-request-id";
/// How long a browser may remember a preflight, in seconds.
const REMEMBERED_S: &str = "600";

/// Every page, and no credential.
static ANY: HeaderValue = HeaderValue::from_static("*");

/// Tells a browser whether the page of `origin` may read the answer to a request of `principal`, who may be unknown.
pub(crate) fn put(
    service: &Service,
    route: &Route,
    principal: Option<&Principal>,
    origin: Option<&HeaderValue>,
    headers: &mut HeaderMap,
) {
    if route.is_for_any_page() {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY.clone());
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(READS));
        return;
    }
    if !route.scope.is_for_pages() || origin.is_none() && route.method != Method::GET {
        return;
    }
    headers.append(VARY, HeaderValue::from_static("origin"));
    let Some(origin) = origin else { return };
    let Ok(text) = origin.to_str() else { return };
    let is_allowed = match principal {
        // A page is to learn that its credential is over, say.
        None => service.credentials.is_origin_of_some(text),
        Some(nobody) if nobody.is_nobody() => service.credentials.is_origin_of_some(text),
        Some(principal) => principal.bounds.allow(text),
    };
    if is_allowed {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(READS));
    }
}

/// The answer to a preflight for a path with these routes; nothing where the request is none, or is not let pass.
pub(crate) fn preflight(
    service: &Service,
    routes: &[&Route],
    method: &Method,
    asked: &HeaderMap,
) -> Option<Response> {
    let wanted = asked.get(ACCESS_CONTROL_REQUEST_METHOD).filter(|_| *method == Method::OPTIONS)?;
    let origin = asked.get(ORIGIN)?;
    let route =
        routes.iter().find(|route| wanted.as_bytes() == route.method.as_str().as_bytes())?;
    let (is_let_pass, origin, sends) = if route.is_for_any_page() {
        (true, &ANY, SENDS_PUBLICLY)
    } else {
        let is_some_key_s = service.credentials.is_origin_of_some(origin.to_str().ok()?);
        (route.scope.is_for_pages() && is_some_key_s, origin, SENDS)
    };
    is_let_pass.then(|| {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, wanted.clone());
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(sends));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(REMEMBERED_S));
        headers.insert(VARY, HeaderValue::from_static("origin, access-control-request-method"));
        response
    })
}
