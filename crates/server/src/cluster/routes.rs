//! The routes that only nodes ask, with the cluster's secret.

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::routing::{MethodRouter, get, post};

use super::{ask, batches};
use crate::problem::{Problem, Refusal};
use crate::tenant::Door;
use crate::{audit, dead_letters, host, lookup, topics};

/// What is under `/cluster/v1`.
pub(crate) fn routes() -> [(&'static str, MethodRouter<Door>); 8] {
    [
        ("/cluster/v1/outcomes", post(ask::outcomes)),
        ("/cluster/v1/recorded", post(ask::recorded)),
        ("/cluster/v1/occurrences", get(lookup::occurrences)),
        ("/cluster/v1/dead-letters", get(dead_letters::found)),
        ("/cluster/v1/batches", get(batches::batches)),
        ("/cluster/v1/balances", get(topics::balances)),
        ("/cluster/v1/audit/verify", get(audit::verify_here)),
        ("/cluster/v1/status", get(host::own_status)),
    ]
}

/// Another node of the cluster asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Neighbour;

impl FromRequestParts<Door> for Neighbour {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Problem> {
        let shown = parts.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let secret = shown.and_then(|shown| shown.strip_prefix(b"Bearer "));
        let neighbours = door.service.neighbours()?;
        if secret.is_some_and(|secret| neighbours.is_secret(secret)) {
            return Ok(Self);
        }
        Err(Problem::new(Refusal::Unauthorized, "expected the cluster's secret"))
    }
}
