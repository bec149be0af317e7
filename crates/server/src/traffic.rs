//! Counts requests by route and status: by the route's template, never by the path that was asked.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::http::StatusCode;
use metrics::{Counter, Histogram, counter, histogram};

use crate::problem::Refusal;
use crate::routes::{self, Route};

const REQUESTS: &str = "accolade_http_requests_total";
const SECONDS: &str = "accolade_http_request_seconds";

/// The statuses that are told apart.
const STATUSES: [u16; 22] = [
    101, 200, 201, 202, 206, 304, 308, 400, 401, 403, 404, 405, 408, 409, 410, 412, 413, 415, 422,
    429, 500, 503,
];

/// The requests of all routes, in the order of their list.
#[derive(Debug)]
pub(crate) struct Traffic(Vec<OfRoute>);

struct OfRoute {
    route: &'static Route,
    /// Made, as all others, when the first is answered.
    seconds: OnceLock<Histogram>,
    /// The last counts all other statuses.
    by_status: [OnceLock<Counter>; STATUSES.len() + 1],
}

impl std::fmt::Debug for OfRoute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OfRoute").field("route", &self.route.id).finish_non_exhaustive()
    }
}

impl Traffic {
    /// The recorder is to be installed before.
    pub(crate) fn new() -> Self {
        let of_route = |(_, route): (usize, &'static Route)| OfRoute {
            route,
            seconds: OnceLock::new(),
            by_status: Default::default(),
        };
        Self(routes::all().map(of_route).collect())
    }

    /// Counts an answer of the route with this number.
    pub(crate) fn count(&self, number: usize, status: StatusCode, took: Duration) {
        let OfRoute { route, seconds, by_status } = &self.0[number];
        let make = || histogram!(SECONDS, "route" => route.path, "method" => route.method.as_str());
        seconds.get_or_init(make).record(took.as_secs_f64());
        let at = STATUSES.binary_search(&status.as_u16()).unwrap_or(STATUSES.len());
        let make = || {
            let status = STATUSES.get(at).map_or("other".into(), u16::to_string);
            counter!(REQUESTS, "route" => route.path, "method" => route.method.as_str(), "status" => status)
        };
        by_status[at].get_or_init(make).increment(1);
    }
}

/// Requests that have led to no route: of a path that has no such method, or of none.
#[derive(Clone)]
pub(crate) struct Unrouted {
    path: &'static str,
    method: &'static str,
    status: StatusCode,
    counter: Arc<OnceLock<Counter>>,
}

impl Unrouted {
    pub(crate) fn refused(path: &'static str, refusal: Refusal) -> Self {
        Self { path, method: "other", status: refusal.answer().0, counter: Arc::default() }
    }

    /// Preflights of browsers that were let pass.
    pub(crate) fn preflight(path: &'static str) -> Self {
        let (method, status) = ("OPTIONS", StatusCode::NO_CONTENT);
        Self { path, method, status, counter: Arc::default() }
    }

    pub(crate) fn count(&self) {
        let make = || {
            let status = self.status.as_str().to_owned();
            counter!(REQUESTS, "route" => self.path, "method" => self.method, "status" => status)
        };
        self.counter.get_or_init(make).increment(1);
    }
}
