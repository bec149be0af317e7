//! A request from when it came until it is answered: its id, and what the access log says about it.
//!
//! A line names the route's template and never the path, and of who asked the credential and the operator: no player, no
//! address, nothing that somebody wrote.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::HttpBody as _;
use axum::extract::Request;
use axum::http::Version;
use axum::response::Response;

use crate::principal::{Known, Principal};
use crate::problem::Problem;
use crate::request_id::{RequestId, X_REQUEST_ID};
use crate::routes::{Effect, Route};

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
    begun: Instant,
    version: Version,
    /// Who asks, once it is known.
    pub(crate) principal: Option<Arc<Principal>>,
    /// The operator that it is for, once it is known.
    pub(crate) operator: Option<Arc<Known>>,
}

/// Where a request has led.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Led {
    pub(crate) method: &'static str,
    pub(crate) template: &'static str,
    /// Nothing where it has led nowhere.
    pub(crate) effect: Option<Effect>,
}

impl Led {
    pub(crate) fn to(route: &'static Route) -> Self {
        Self { method: route.method.as_str(), template: route.path, effect: Some(route.effect) }
    }

    /// To no route: `template` has no such method, or there is none.
    pub(crate) const fn nowhere(template: &'static str) -> Self {
        Self { method: "other", template, effect: None }
    }
}

impl Arrival {
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            id: RequestId::of(request.headers()),
            begun: Instant::now(),
            version: request.version(),
            principal: None,
            operator: None,
        }
    }

    /// Makes an answer of what came out, and puts it down.
    pub(crate) fn end(
        self,
        led: Led,
        log: AccessLog,
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
        let took = self.begun.elapsed();
        let is_put_down = match log {
            AccessLog::Off => false,
            AccessLog::Troubles { slow } => took >= slow || response.status().is_server_error(),
            AccessLog::All => true,
        };
        if is_put_down {
            self.put_down(led, &response, code, took);
        }
        let limit = self.operator.as_ref().and_then(|operator| operator.limit.as_ref());
        if let Some(limit) = limit.filter(|_| led.effect == Some(Effect::TakesIn)) {
            limit.put_headers(response.headers_mut());
        }
        response.headers_mut().insert(X_REQUEST_ID, self.id.header());
        (response, took)
    }

    fn put_down(&self, led: Led, response: &Response, code: Option<&str>, took: Duration) {
        let principal = self.principal.as_deref();
        let key = principal.and_then(|principal| principal.key.as_ref());
        tracing::info!(
            target: "accolade::access",
            request = %self.id,
            method = led.method,
            route = led.template,
            status = response.status().as_u16(),
            code,
            micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            bytes = response.body().size_hint().exact(),
            credential = principal.map(|principal| principal.credential.code()),
            key = key.map(|key| &*key.id),
            operator = self.operator.as_deref().map(|operator| &*operator.id),
            version = ?self.version,
            "answered"
        );
    }
}
