//! A request that was let in, as handlers get it; and the way in, the same for all routes.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Request};
use axum::http::header::{AUTHORIZATION, ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

use crate::arrival::Arrival;
use crate::cluster::{Asking, Carrying, Onward};
use crate::connection::Peer;
use crate::live;
use crate::parameters::{DRY_RUN, OPERATOR_ID, Parameters};
use crate::player_tokens;
use crate::principal::{Credential, Known, Principal};
use crate::problem::{Problem, Refusal};
use crate::request_id::RequestId;
use crate::roles::Scope;
use crate::routes::{Audience, By, Effect, Route};
use crate::secret;
use crate::service::{Service, now};
use crate::traces::Followed;
use crate::trail::Seen;

/// The header that names the operator on the local socket.
pub(crate) const OPERATOR_HEADER: &str = "x-accolade-operator";

/// By which way a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came {
    ByNetwork,
    BySocket,
    /// From another node, which has signed it and what it tells of whoever asks.
    Forwarded,
}

/// A request that was let in.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) service: Service,
    pub(crate) route: &'static Route,
    /// The id of the request.
    pub(crate) id: RequestId,
    /// It, where it is followed.
    pub(crate) followed: Option<Arc<Followed>>,
    /// Who asks.
    pub(crate) principal: Arc<Principal>,
    operator: Option<Arc<Known>>,
    name: String,
    pub(crate) parameters: Parameters,
    pub(crate) parts: Parts,
    pub(crate) body: Body,
}

impl Call {
    /// Lets a request in that its route admits, and answers it: here, or by the node that has its partition.
    pub(crate) async fn answer<F>(
        service: Service,
        route: &'static Route,
        came: Came,
        request: Request,
        arrival: &mut Arrival,
        handle: impl FnOnce(Self) -> F,
    ) -> Result<Response, Problem>
    where
        F: Future<Output = Result<Response, Problem>>,
    {
        let (parts, body) = request.into_parts();
        let (id, peer) = (arrival.id.clone(), peer_of(&parts));
        let mut seen = Seen::new(service.clone(), route, came, id, peer);
        let answer = Self::let_in(service, route, (parts, body), arrival, &mut seen, handle).await;
        seen.tell(answer).await
    }

    /// What [`Call::answer`] does, with what is to be put down as far as it is known.
    async fn let_in<F>(
        service: Service,
        route: &'static Route,
        (mut parts, body): (Parts, Body),
        arrival: &mut Arrival,
        seen: &mut Seen,
        handle: impl FnOnce(Self) -> F,
    ) -> Result<Response, Problem>
    where
        F: Future<Output = Result<Response, Problem>>,
    {
        let (came, peer) = (seen.came, peer_of(&parts));
        let principal = service.principal(route, came, &parts).await;
        let is_stranger = principal.as_ref().map_or(true, |principal| principal.is_nobody());
        if is_stranger && !route.is_a_probe() && came == Came::ByNetwork {
            service.strangers.take(peer).map_err(|exceeded| {
                let limit = exceeded.limit;
                let detail =
                    format!("an address may ask {limit} times a second without a known credential");
                Problem::too_often(exceeded, detail)
            })?;
        }
        let principal = principal?;
        arrival.principal = Some(Arc::clone(&principal));
        seen.principal = Some(Arc::clone(&principal));
        if came != Came::Forwarded {
            let origin =
                parts.headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
            principal.bounds.admit(peer, origin)?;
        }
        principal.needs(route.scope)?;
        let (parameters, operator) = if route.scope == Scope::Public {
            let query = parts.uri.query().filter(|_| !route.query.is_empty());
            (Parameters::read(query, route)?, None)
        } else {
            let parameters = Parameters::read(parts.uri.query(), route)?;
            let is_an_operator_s = route.audience == Audience::Everybody;
            let operator = is_an_operator_s
                .then(|| service.operator_of(&principal, &parameters, &parts.headers));
            (parameters, operator.transpose()?)
        };
        arrival.operator.clone_from(&operator);
        seen.operator.clone_from(&operator);
        seen.asks(&parameters);
        arrival.is_limited = came == Came::ByNetwork;
        if let Some(operator) = operator.as_ref().filter(|_| came == Came::ByNetwork)
            && route.effect != Effect::TakesIn
        {
            operator.asks()?;
        }
        route.takes.check(&parts.headers)?;
        let name = if route.is_named() { name_of(&mut parts).await? } else { String::new() };
        if route.is_named() {
            seen.name.clone_from(&name);
        }
        match (route.by, route.effect) {
            (By::Player | By::PlayerAnywhere, _) => principal.names(&name)?,
            // What is taken in names its players item by item.
            (By::Nothing, Effect::TakesIn) => {}
            // The catalogue is the same for all players; of leaderboards and credentials each is shown their own part.
            _ if matches!(
                route.scope,
                Scope::SelfRead | Scope::RewardsRead | Scope::TournamentsRead
            ) => {}
            (
                By::Nothing
                | By::DeadLetter
                | By::Delivery
                | By::Request
                | By::Reward
                | By::Tournament
                | By::Simulation,
                _,
            ) => {
                principal.names("")?;
            }
        }
        seen.lets_in()?;
        let asking = Asking { came, id: &arrival.id, principal: &principal };
        let (parts, body) = match service.carry(route, asking, &name, parts, body).await? {
            Carrying::Here(parts, body) => (parts, body),
            Carrying::Done(response) => return Ok(response),
        };
        let reading = operator.as_ref().filter(|_| route.effect.leaves_all());
        let _share = match reading.map(|operator| operator.number) {
            Some(operator) => Some(service.shares.take(operator).await?),
            None => None,
        };
        let (id, followed) = (arrival.id.clone(), arrival.followed.clone());
        let call = Self {
            service,
            route,
            id,
            followed,
            principal,
            operator,
            name,
            parameters,
            parts,
            body,
        };
        handle(call).await
    }

    /// The operator that it is for.
    pub(crate) fn operator(&self) -> Arc<Known> {
        Arc::clone(self.operator.as_ref().expect("what everybody may ask is of an operator"))
    }

    /// The operator that a request of no route of an operator's names all the same.
    pub(crate) fn named_operator(&self) -> Result<Arc<Known>, Problem> {
        self.service.operator_of(&self.principal, &self.parameters, &self.parts.headers)
    }

    /// The part of the path that varies.
    pub(crate) fn name(&self) -> String {
        self.name.clone()
    }

    /// Whether nothing is to be changed.
    pub(crate) fn is_dry(&self) -> Result<bool, Problem> {
        self.parameters.switch(DRY_RUN)
    }
}

/// Where the request comes from, where it came over the network.
pub(crate) fn peer_of(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<Peer>().map(|peer| peer.0)
}

/// What [`Service::lets_in_again`] needs of a request: copies, since whoever has one header of a request keeps all of the
/// bytes that were read with it.
pub(crate) fn of_long_answers(parts: &Parts) -> Parts {
    let (mut kept, ()) = Request::new(()).into_parts();
    for name in [AUTHORIZATION, ORIGIN, SEC_WEBSOCKET_PROTOCOL] {
        for value in parts.headers.get_all(&name) {
            let copy = HeaderValue::from_bytes(value.as_bytes()).expect("it was one before");
            kept.headers.append(name.clone(), copy);
        }
    }
    kept.uri = parts.uri.to_string().parse().expect("it was one before");
    if let Some(peer) = parts.extensions.get::<Peer>() {
        kept.extensions.insert(*peer);
    }
    kept
}

async fn name_of(parts: &mut Parts) -> Result<String, Problem> {
    let name = Path::<String>::from_request_parts(parts, &()).await;
    name.map(|Path(name)| name).map_err(|_| Problem::not_found("thing"))
}

impl Service {
    /// Who asks, by what the request shows, or by what the node has told that it came to.
    async fn principal(
        &self,
        route: &Route,
        came: Came,
        parts: &Parts,
    ) -> Result<Arc<Principal>, Problem> {
        let credentials = &self.credentials;
        let unauthorized = |detail| Problem::new(Refusal::Unauthorized, detail);
        if route.scope == Scope::Public {
            return Ok(Arc::clone(&credentials.nobody));
        }
        match came {
            Came::BySocket => return Ok(Arc::clone(&credentials.socket)),
            Came::Forwarded if route.audience == Audience::Nodes => {
                return Ok(Arc::clone(&credentials.node));
            }
            Came::Forwarded => {
                let told = parts.extensions.get::<Onward>();
                return self.principal_of(told.ok_or_else(|| unauthorized("nobody asks"))?);
            }
            Came::ByNetwork => {}
        }
        let shown = shown(&parts.headers).or_else(|| {
            // A page can say nothing else to a socket. What is kept for long does not go there.
            let token = live::offered(&parts.headers).filter(|_| route.is_a_socket())?;
            (player_tokens::is_one(token) || self.settings.oidc.is_one(token)).then_some(token)
        });
        match route.audience {
            Audience::Socket | Audience::Nodes => {
                Err(unauthorized("the network does not ask this"))
            }
            Audience::Everybody | Audience::FirstStart => {
                let detail = "expected `Authorization: Bearer` with an API key or a token";
                let shown = shown.ok_or_else(|| unauthorized(detail))?;
                let now = now();
                let takes_tokens = route.audience == Audience::Everybody;
                if takes_tokens && player_tokens::is_one(shown) {
                    return self.player_of(shown, now).ok_or_else(|| {
                        self.unless_unknown(unauthorized("the player's token is over or not ours"))
                    });
                }
                if takes_tokens && self.settings.oidc.is_one(shown) {
                    return self.bearer_of_token(shown, &parts.uri).await;
                }
                let found = credentials.principal(&*self.host, shown, now).ok_or_else(|| {
                    self.unless_unknown(unauthorized(if secret::is_broken(shown) {
                        "the API key was not copied whole"
                    } else {
                        "the API key is not known here, or is over"
                    }))
                })?;
                if let Some(used) = found.key.as_ref().and_then(|key| key.used.as_ref()) {
                    used.note(now);
                }
                Ok(found)
            }
        }
    }

    /// Whether who was let in would be let in again: for long answers, which neither a key that was revoked nor a token
    /// that is over may go on with.
    pub(crate) async fn lets_in_again(
        &self,
        route: &Route,
        parts: &Parts,
        before: &Principal,
        operator: &Known,
    ) -> bool {
        // What is public says itself when it is not any more.
        if before.credential == Credential::Socket || route.scope == Scope::Public {
            return true;
        }
        let origin = parts.headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
        match self.principal(route, Came::ByNetwork, parts).await {
            Ok(now) => {
                now.player == before.player
                    && now.needs(route.scope).is_ok()
                    && now.operator(Some(&operator.id)).is_ok()
                    && now.bounds.admit(peer_of(parts), origin).is_ok()
            }
            // What cannot be found out at the moment is found out the next time.
            Err(problem) => problem.refusal != Refusal::Unauthorized,
        }
    }

    /// The operator that a request is for: of those of its principal, or, on the socket, the one that the header
    /// names.
    fn operator_of(
        &self,
        principal: &Principal,
        parameters: &Parameters,
        headers: &HeaderMap,
    ) -> Result<Arc<Known>, Problem> {
        let chosen = parameters.text(OPERATOR_ID);
        if principal.credential != Credential::Socket {
            return principal.operator(chosen);
        }
        let named = headers.get(OPERATOR_HEADER).map(HeaderValue::as_bytes);
        let named = named.and_then(|name| std::str::from_utf8(name).ok()).ok_or_else(|| {
            let detail = format!("expected the header `{OPERATOR_HEADER}` with an operator");
            Problem::new(Refusal::BadHeader, detail)
        })?;
        let unknown = || Problem::not_found("operator");
        if chosen.is_some_and(|chosen| chosen != named) {
            return Err(unknown());
        }
        let found = self.credentials.operator(&*self.host, named);
        found.ok_or_else(|| self.unless_unknown(unknown()))
    }
}

/// The credential that a request shows.
fn shown(headers: &HeaderMap) -> Option<&str> {
    let (scheme, shown) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| shown.trim())
}
