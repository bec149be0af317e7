//! A request from when it came until it is answered: its id, and what the access log says about it.
//!
//! A line names the route's template and never the path, and of who asked the credential and the operator: no player, no
//! address, nothing that somebody wrote.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::HttpBody as _;
use axum::extract::Request;
use axum::http::header::{ACCEPT_ENCODING, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, Version};
use axum::response::Response;

use crate::compression::compressed;
use crate::cors;
use crate::principal::{Known, Principal};
use crate::problem::Problem;
use crate::request_id::{RequestId, X_REQUEST_ID};
use crate::routes::Route;
use crate::service::Service;
use crate::traces::{Ended, Followed};

/// Which requests have a line in the log, at the target `accolade::access`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessLog {
    /// None.
    Off,
    /// Those that the node failed (5xx), and those that took as long as this.
    Troubles {
        /// From when on a request is slow.
        slow: Duration,
    },
    /// All.
    All,
}

impl Default for AccessLog {
    fn default() -> Self {
        Self::Troubles { slow: Duration::from_secs(1) }
    }
}

/// A request that is under way.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) id: RequestId,
    /// Nothing where it is not traced.
    pub(crate) followed: Option<Arc<Followed>>,
    begun: Instant,
    version: Version,
    /// Its `Accept-Encoding`.
    accepts: Option<HeaderValue>,
    /// The page that asks, where one does.
    origin: Option<HeaderValue>,
    /// Who asks, once it is known.
    pub(crate) principal: Option<Arc<Principal>>,
    /// The operator that it is for, once it is known.
    pub(crate) operator: Option<Arc<Known>>,
    /// Whether it counts for the operator's limits, and the answer tells of them.
    pub(crate) is_limited: bool,
}

/// Where a request has led.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Led {
    /// To a route.
    To(&'static Route),
    /// To none: the path of this template does not have the method, or there is no such path.
    Nowhere(&'static str),
}

impl Led {
    /// The method and the template, as logs and traces name them.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::To(route) => (route.method.as_str(), route.path),
            Self::Nowhere(template) => ("other", template),
        }
    }
}

impl Arrival {
    pub(crate) fn of(service: &Service, request: &Request) -> Self {
        let traces = service.settings.traces.as_ref();
        Self {
            id: RequestId::of(request.headers()),
            followed: traces.and_then(|traces| traces.follow(request.headers())),
            begun: Instant::now(),
            version: request.version(),
            accepts: request.headers().get(ACCEPT_ENCODING).cloned(),
            origin: request.headers().get(ORIGIN).cloned(),
            principal: None,
            operator: None,
            is_limited: false,
        }
    }

    /// Makes an answer of what came out, and puts it down.
    pub(crate) async fn end(
        self,
        service: &Service,
        led: Led,
        answer: Result<Response, Problem>,
    ) -> (Response, Duration) {
        let mut code = None;
        let mut response = answer.unwrap_or_else(|problem| {
            if let Some(cause) = problem.cause() {
                let error: &(dyn std::error::Error + 'static) = cause;
                tracing::error!(error, request = %self.id, "a request could not be answered");
            }
            code = Some(problem.refusal.answer().1);
            problem.respond(&self.id)
        });
        if let Led::To(route) = led {
            self.complete(service, route, response.headers_mut());
        }
        response.headers_mut().insert(X_REQUEST_ID, self.id.header());
        let response = compressed(response, self.accepts.as_ref()).await;
        let took = self.begun.elapsed();
        if let (Some(traces), Some(followed)) = (&service.settings.traces, &self.followed) {
            let (method, route) = led.names();
            let Self { id, begun, .. } = &self;
            let operator = self.operator.as_deref().map(|operator| &*operator.id);
            let (begun, status) = (*begun, response.status().as_u16());
            traces
                .tell(followed, &Ended { id, method, route, begun, took, status, code, operator });
        }
        let is_put_down = match service.settings.access_log {
            AccessLog::Off => false,
            AccessLog::Troubles { slow } => took >= slow || response.status().is_server_error(),
            AccessLog::All => true,
        };
        if is_put_down {
            self.put_down(led, &response, code, took);
        }
        (response, took)
    }

    /// Adds what the answers of a route have in common.
    fn complete(&self, service: &Service, route: &Route, headers: &mut HeaderMap) {
        let operator = self.operator.as_ref().filter(|_| self.is_limited);
        if let Some(limit) = operator.and_then(|operator| operator.limit_of(route.effect)) {
            limit.put_headers(headers);
        }
        cors::put(service, route, self.principal.as_deref(), self.origin.as_ref(), headers);
    }

    fn put_down(&self, led: Led, response: &Response, code: Option<&str>, took: Duration) {
        let principal = self.principal.as_deref();
        let key = principal.and_then(|principal| principal.key.as_ref());
        let (method, template) = led.names();
        tracing::info!(
            target: "accolade::access",
            request = %self.id,
            method,
            route = template,
            status = response.status().as_u16(),
            code,
            micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            bytes = response.body().size_hint().exact(),
            credential = principal.map(|principal| principal.credential.code()),
            key = key.map(|key| &*key.id),
            operator = self.operator.as_deref().map(|operator| &*operator.id),
            version = ?self.version,
            trace = self.followed.as_ref().map(|followed| followed.id()),
            "answered"
        );
    }
}
