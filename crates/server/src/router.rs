//! Which path leads where, from the list of routes.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::ALLOW;
use axum::http::{HeaderValue, Method};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter};

use crate::arrival::{Arrival, Led};
use crate::call::{Call, Came};
use crate::cluster::{at_a_node, hear};
use crate::cors;
use crate::problem::{Problem, Refusal};
use crate::routes::{self, Audience, By, Route};
use crate::service::Service;
use crate::traffic::Unrouted;

/// The service as requests reach it.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    service: Service,
    came: Came,
}

const NO_SUCH_PATH: (Refusal, &str) =
    (Refusal::NotFound, "there is nothing at this path; `/api/docs` lists what there is");
const NO_SUCH_METHOD: (Refusal, &str) =
    (Refusal::MethodNotAllowed, "this path does not have this method; see `Allow`");

impl Door {
    /// Answers what has led to no route.
    async fn nowhere(
        &self,
        arrival: Arrival,
        template: &'static str,
        counted: &Unrouted,
        answer: Result<Response, Problem>,
    ) -> Response {
        counted.count();
        arrival.end(&self.service, Led::Nowhere(template), answer).await.0
    }
}

/// A route on its way into the router.
#[derive(Debug)]
pub(crate) struct Way {
    number: usize,
    route: &'static Route,
    others: MethodRouter<Door>,
}

impl Way {
    /// Has `handler` answer what the route lets in.
    pub(crate) fn to<H, F>(self, handler: H) -> MethodRouter<Door>
    where
        H: Fn(Call) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<Response, Problem>> + Send + 'static,
    {
        let Self { number, route, others } = self;
        let method = MethodFilter::try_from(route.method.clone()).expect("one that routers know");
        others.on(method, async move |State(door): State<Door>, request: Request| {
            let Door { service, came } = door;
            let mut arrival = Arrival::of(&service, &request);
            let answer =
                Call::answer(service.clone(), route, came, request, &mut arrival, handler).await;
            if let Err(problem) = &answer {
                debug_assert!(route.may_answer(problem.refusal), "{}: {problem:?}", route.id);
            }
            let (response, took) = arrival.end(&service, Led::To(route), answer).await;
            service.traffic.count(number, response.status(), took);
            response
        })
    }
}

/// What the network reaches: a credential says who asks.
pub fn api(service: Service) -> Router {
    let routes = routes::all()
        .filter(|(_, route)| matches!(route.audience, Audience::Everybody | Audience::FirstStart))
        .map(|(number, route)| (number, route, route.path.to_owned()));
    router(routes, Door { service, came: Came::ByNetwork })
}

/// What other nodes of a cluster reach, and nobody else: what only they ask each other, and what is forwarded to a
/// partition's owner, or to the node that has begun something.
pub fn nodes(service: Service) -> Router {
    let routes = routes::all().filter_map(|(number, route)| {
        let is_of_one_node = match route.by {
            By::Nothing | By::PlayerAnywhere => false,
            By::Player
            | By::DeadLetter
            | By::Delivery
            | By::Request
            | By::Reward
            | By::Tournament
            | By::Simulation => true,
        };
        let path = match route.audience {
            Audience::Nodes => route.path.to_owned(),
            Audience::Everybody if is_of_one_node => route.path.to_owned(),
            Audience::Socket if is_of_one_node => at_a_node(route.path),
            Audience::Everybody | Audience::Socket | Audience::FirstStart => return None,
        };
        Some((number, route, path))
    });
    let door = Door { service: service.clone(), came: Came::Forwarded };
    router(routes, door).layer(from_fn_with_state(service, hear))
}

/// What the local socket reaches: the same, and what only whoever runs the node may do. A header names
/// the operator.
pub fn local(service: Service) -> Router {
    let routes = routes::all()
        .filter(|(_, route)| matches!(route.audience, Audience::Everybody | Audience::Socket))
        .map(|(number, route)| (number, route, route.path.to_owned()));
    router(routes, Door { service: service.clone(), came: Came::BySocket })
}

fn router(routes: impl Iterator<Item = (usize, &'static Route, String)>, door: Door) -> Router {
    let mut paths: BTreeMap<String, (Vec<&'static Route>, MethodRouter<Door>)> = BTreeMap::new();
    for (number, route, path) in routes {
        let (alike, others) = paths.entry(path).or_default();
        alike.push(route);
        let way = Way { number, route, others: std::mem::take(others) };
        *others = (route.handler)(way);
    }
    let mut router = Router::new();
    for (path, (routes, way)) in paths {
        let template = routes[0].path;
        let passed = Unrouted::preflight(template);
        let refused = Unrouted::refused(template, NO_SUCH_METHOD.0);
        let allowed = allowed(&routes);
        let no_such_method = async move |State(door): State<Door>, request: Request| {
            let arrival = Arrival::of(&door.service, &request);
            let passing =
                cors::preflight(&door.service, &routes, request.method(), request.headers());
            drop(request);
            if let Some(passing) = passing {
                return door.nowhere(arrival, template, &passed, Ok(passing)).await;
            }
            let (refusal, detail) = NO_SUCH_METHOD;
            let problem = Problem::new(refusal, detail);
            let mut response = door.nowhere(arrival, template, &refused, Err(problem)).await;
            response.headers_mut().insert(ALLOW, allowed);
            response
        };
        router = router.route(&path, way.fallback(no_such_method));
    }
    let refused = Unrouted::refused("none", NO_SUCH_PATH.0);
    let no_such_path = async move |State(door): State<Door>, request: Request| {
        let arrival = Arrival::of(&door.service, &request);
        drop(request);
        let (refusal, detail) = NO_SUCH_PATH;
        door.nowhere(arrival, "none", &refused, Err(Problem::new(refusal, detail))).await
    };
    router.fallback(no_such_path).with_state(door)
}

/// The header that says which methods a path has.
fn allowed(routes: &[&Route]) -> HeaderValue {
    let methods: Vec<&Method> = routes.iter().map(|route| &route.method).collect();
    let head = methods.contains(&&Method::GET).then_some("HEAD");
    let methods: Vec<&str> = methods.into_iter().map(Method::as_str).chain(head).collect();
    HeaderValue::try_from(methods.join(",")).expect("methods are ASCII")
}
