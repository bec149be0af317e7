//! Requests about one partition, at its owner.

use std::time::Duration;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{
    ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, IF_MATCH, TRANSFER_ENCODING,
};
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderName, Response, Uri};
use axum::middleware::Next;
use axum::response::IntoResponse;

use accolade_storage::host::NotHere;
use accolade_wire::identity::partition_of;

use super::Where;
use super::neighbours::FORWARDED_HEADER;
use crate::dead_letters::place_of;
use crate::parameters::Named;
use crate::problem::{Problem, Refusal};
use crate::service::Service;
use crate::tenant::{Administrator, Door, OPERATOR_HEADER};

/// Before the paths of the local socket.
const LOCAL: &str = "/local/";
/// Before those that only nodes ask.
const OF_NODES: &str = "/cluster/v1/";

/// How much longer an owner may take than a request may wait for outcomes.
const SLACK: Duration = Duration::from_secs(5);

/// What goes along with a request; the rest is between a client and its node.
const HEADERS: [HeaderName; 5] =
    [ACCEPT, AUTHORIZATION, CONTENT_TYPE, IF_MATCH, HeaderName::from_static("idempotency-key")];

/// What names the partition in the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// A player's id.
    Player,
    /// A dead letter's id.
    DeadLetter,
    /// The same, of whichever operator, or of none: for whoever runs the node.
    AnyDeadLetter,
}

impl By {
    /// Nobody but operators and whoever runs the node makes nodes talk to each other.
    fn admit(self, door: &Door, parts: &Parts) -> Result<(), Problem> {
        match self {
            Self::Player | Self::DeadLetter => door.tenant(parts).map(drop),
            Self::AnyDeadLetter => Administrator::of(door, parts).map(drop),
        }
    }
}

/// Another node has forwarded this request, and has proven that it is one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forwarded;

/// Carries a request out where its partition is here, or else forwards it to the owner, once.
pub(crate) async fn at_owner(
    State((door, by)): State<(Door, By)>,
    request: Request,
    next: Next,
) -> axum::response::Response {
    match carry_out(&door, by, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn carry_out(
    door: &Door,
    by: By,
    request: Request,
    next: Next,
) -> Result<axum::response::Response, Problem> {
    let service = &door.service;
    let (mut parts, body) = request.into_parts();
    let is_forwarded = service.is_forwarded(&parts)?;
    if is_forwarded {
        parts.extensions.insert(Forwarded);
    }
    by.admit(door, &parts)?;
    let Named(name) = Named::from_request_parts(&mut parts, &()).await?;
    let partition = match by {
        By::Player => Some(partition_of(&name, service.partitions())),
        By::DeadLetter | By::AnyDeadLetter => place_of(&name).map(|place| place.partition),
    };
    let Some(partition) = partition.filter(|partition| *partition < service.partitions()) else {
        return Ok(next.run(Request::from_parts(parts, body)).await);
    };
    match service.find(partition).await? {
        Where::Here => Ok(next.run(Request::from_parts(parts, body)).await),
        // The other node was wrong about this one: it will hear of the new owner.
        Where::At(_) if is_forwarded => Err(NotHere::Nowhere.into()),
        Where::At(address) => {
            let (body, _held) = service.read_body(&parts.headers, body).await?;
            let mut onward = axum::http::Request::new(());
            *onward.method_mut() = parts.method;
            *onward.uri_mut() = at_a_node(parts.uri);
            let operator = door.is_local.then_some(HeaderName::from_static(OPERATOR_HEADER));
            for name in HEADERS.into_iter().chain(operator) {
                if let Some(value) = parts.headers.get(&name) {
                    onward.headers_mut().insert(name, value.clone());
                }
            }
            let patience = Duration::from_millis(service.settings.wait_ms) + SLACK;
            let answer = service.neighbours()?.forward(&address, onward, body, patience).await;
            let mut answer = answer.map_err(|error| unreachable(&address, &error))?;
            answer.headers_mut().remove(CONNECTION);
            answer.headers_mut().remove(TRANSFER_ENCODING);
            Ok(Response::map(answer, axum::body::Body::from))
        }
    }
}

/// Where a node answers what came by the local socket.
fn at_a_node(uri: Uri) -> Uri {
    let onward = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    match onward.strip_prefix(LOCAL) {
        Some(rest) => format!("{OF_NODES}{rest}").try_into().expect("a path was one before"),
        None => uri,
    }
}

/// The owner of a partition does not answer; another will take its place, or it comes back.
pub(crate) fn unreachable(address: &str, error: &std::io::Error) -> Problem {
    tracing::warn!(address, %error, "another node cannot be asked");
    Problem::new(Refusal::Elsewhere, "the node that has the partition cannot be reached: ask again")
}

impl Service {
    /// Whether another node has forwarded the request; refuses one who only says so.
    fn is_forwarded(&self, parts: &Parts) -> Result<bool, Problem> {
        let Some(shown) = parts.headers.get(FORWARDED_HEADER) else { return Ok(false) };
        if self.neighbours()?.is_secret(shown.as_bytes()) {
            return Ok(true);
        }
        let detail = "`x-accolade-forwarded` does not have the cluster's secret";
        Err(Problem::new(Refusal::Unauthorized, detail))
    }
}
