//! Requests about one partition, at its owner, and those about what one node has, there.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{ACCEPT, CONNECTION, CONTENT_TYPE, DATE, IF_MATCH, TRANSFER_ENCODING};
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderName, Response};

use accolade_engine::tables::requests::RequestKey;
use accolade_storage::host::NotHere;
use accolade_wire::identity::partition_of;

use super::Where;
use super::onward::{Onward, PRINCIPAL, take_about};
use crate::call::{Came, OPERATOR_HEADER, peer_of};
use crate::dead_letters::place_of;
use crate::principal::Principal;
use crate::problem::{Problem, Refusal};
use crate::request_id::{RequestId, X_REQUEST_ID};
use crate::routes::{By, Route};
use crate::service::Service;
use crate::webhooks::deliveries::delivery_of;

/// Before the paths of the local socket.
const LOCAL: &str = "/local/";
/// Before those that only nodes ask.
const OF_NODES: &str = "/cluster/v1/";

/// How much longer an owner may take than a request may wait for outcomes.
const SLACK: Duration = Duration::from_secs(5);

/// What goes along with a request; the rest, its credential above all, is between a client and its node.
const HEADERS: [HeaderName; 4] =
    [ACCEPT, CONTENT_TYPE, IF_MATCH, HeaderName::from_static("idempotency-key")];

/// Where a request is carried out.
#[derive(Debug)]
pub(crate) enum Carrying {
    /// Here.
    Here(Parts, Body),
    /// It was, by another node.
    Done(axum::response::Response),
}

/// Who asks, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) came: Came,
    pub(crate) id: &'a RequestId,
    pub(crate) principal: &'a Principal,
}

impl Service {
    /// Carries a request out where its partition is here, or else forwards it to the owner, once.
    pub(crate) async fn carry(
        &self,
        route: &Route,
        asking: Asking<'_>,
        name: &str,
        parts: Parts,
        body: Body,
    ) -> Result<Carrying, Problem> {
        let partition = match route.by {
            _ if self.cluster.is_none() => None,
            By::Nothing | By::PlayerAnywhere => None,
            By::Simulation => {
                let keeper = self.keeper_of(name).filter(|_| asking.came != Came::Forwarded);
                let Some(address) = keeper else { return Ok(Carrying::Here(parts, body)) };
                return self.forward(&address, asking, parts, body).await.map(Carrying::Done);
            }
            By::Player | By::Reward | By::Tournament => Some(partition_of(name, self.partitions())),
            By::DeadLetter => place_of(name).map(|place| place.partition),
            By::Delivery => delivery_of(name).map(|(_, place)| place.partition),
            By::Request => RequestKey::read_id(name).map(|key| key.place.partition),
        };
        let Some(partition) = partition.filter(|partition| *partition < self.partitions()) else {
            return Ok(Carrying::Here(parts, body));
        };
        match self.find(partition).await? {
            Where::Here => Ok(Carrying::Here(parts, body)),
            // The other node was wrong about this one: it will hear of the new owner.
            Where::At(_) if asking.came == Came::Forwarded => Err(NotHere::Nowhere.into()),
            Where::At(address) => {
                self.forward(&address, asking, parts, body).await.map(Carrying::Done)
            }
        }
    }

    async fn forward(
        &self,
        address: &str,
        asking: Asking<'_>,
        parts: Parts,
        body: Body,
    ) -> Result<axum::response::Response, Problem> {
        let (body, _held) = self.read_body(&parts.headers, body).await?;
        let mut onward = axum::http::Request::new(body);
        *onward.method_mut() = parts.method.clone();
        let path = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        *onward.uri_mut() = at_a_node(path).try_into().expect("a path was one before");
        let operator =
            (asking.came == Came::BySocket).then_some(HeaderName::from_static(OPERATOR_HEADER));
        for name in HEADERS.into_iter().chain(operator) {
            if let Some(value) = parts.headers.get(&name) {
                onward.headers_mut().insert(name, value.clone());
            }
        }
        onward.headers_mut().insert(X_REQUEST_ID, asking.id.header());
        let told = Onward::of(asking.principal, peer_of(&parts));
        onward.headers_mut().insert(PRINCIPAL, told.write());
        let patience = Duration::from_millis(self.settings.wait_ms) + SLACK;
        let answer = self.neighbours()?.forward(address, onward, patience).await;
        let mut answer = answer.map_err(|error| unreachable(address, &error))?;
        for name in [CONNECTION, DATE, TRANSFER_ENCODING] {
            answer.headers_mut().remove(name);
        }
        take_about(&mut answer);
        Ok(Response::map(answer, Body::from))
    }
}

/// Where a node answers what came by the local socket.
pub(crate) fn at_a_node(path: &str) -> String {
    match path.strip_prefix(LOCAL) {
        Some(rest) => format!("{OF_NODES}{rest}"),
        None => path.to_owned(),
    }
}

/// The owner of a partition does not answer; another will take its place, or it comes back.
pub(crate) fn unreachable(address: &str, error: &std::io::Error) -> Problem {
    tracing::warn!(address, %error, "another node cannot be asked");
    Problem::new(Refusal::Elsewhere, "the node that has it cannot be reached: ask again")
}
