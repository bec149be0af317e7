//! Which path leads where, from the list of routes.

use std::collections::BTreeMap;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::ALLOW;
use axum::http::{HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter};

use crate::call::{Call, Came};
use crate::cluster::at_a_node;
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
            let begun = Instant::now();
            let Door { service, came } = door;
            let answer = Call::answer(service.clone(), route, came, request, handler).await;
            let response = answer.unwrap_or_else(|problem| {
                debug_assert!(route.may_answer(problem.refusal), "{}: {problem:?}", route.id);
                problem.into_response()
            });
            service.traffic.count(number, response.status(), begun.elapsed());
            response
        })
    }
}

/// What the network reaches: a credential says who asks. In a cluster, also what only nodes ask each other, with the
/// cluster's secret.
pub fn api(service: Service) -> Router {
    let has_nodes = service.cluster.is_some();
    let routes = routes::all().filter_map(|(number, route)| {
        let path = match (route.audience, route.by) {
            (Audience::Everybody, _) => route.path.to_owned(),
            (Audience::Nodes, _) if has_nodes => route.path.to_owned(),
            (Audience::Socket, By::Player | By::DeadLetter) if has_nodes => at_a_node(route.path),
            (Audience::Socket | Audience::Nodes, _) => return None,
        };
        Some((number, route, path))
    });
    router(routes, Door { service: service.clone(), came: Came::ByNetwork })
}

/// What the local socket reaches: the same, and what only whoever runs the node may do. A header names
/// the operator.
pub fn local(service: Service) -> Router {
    let routes = routes::all()
        .filter(|(_, route)| route.audience != Audience::Nodes)
        .map(|(number, route)| (number, route, route.path.to_owned()));
    router(routes, Door { service: service.clone(), came: Came::BySocket })
}

fn router(routes: impl Iterator<Item = (usize, &'static Route, String)>, door: Door) -> Router {
    let mut paths: BTreeMap<String, (&'static str, Vec<Method>, MethodRouter<Door>)> =
        BTreeMap::new();
    for (number, route, path) in routes {
        let (_, methods, others) =
            paths.entry(path).or_insert_with(|| (route.path, Vec::new(), MethodRouter::new()));
        methods.push(route.method.clone());
        let way = Way { number, route, others: std::mem::take(others) };
        *others = (route.handler)(way);
    }
    let mut router = Router::new();
    for (path, (template, methods, way)) in paths {
        let refused = Unrouted::new(template, Refusal::MethodNotAllowed);
        let allowed = allowed(&methods);
        let no_such_method = async move || no_such_method(&refused, allowed);
        router = router.route(&path, way.fallback(no_such_method));
    }
    let refused = Unrouted::new("none", Refusal::NotFound);
    router.fallback(async move || no_such_path(&refused)).with_state(door)
}

/// The header that says which methods a path has.
fn allowed(methods: &[Method]) -> HeaderValue {
    let head = methods.contains(&Method::GET).then_some("HEAD");
    let methods: Vec<&str> = methods.iter().map(Method::as_str).chain(head).collect();
    HeaderValue::try_from(methods.join(",")).expect("methods are ASCII")
}

fn no_such_path(refused: &Unrouted) -> Response {
    refused.count();
    let detail = "there is nothing at this path; `/api/docs` lists what there is";
    Problem::new(Refusal::NotFound, detail).into_response()
}

fn no_such_method(refused: &Unrouted, allowed: HeaderValue) -> Response {
    refused.count();
    let detail = "this path does not have this method; see `Allow`";
    let mut response = Problem::new(Refusal::MethodNotAllowed, detail).into_response();
    response.headers_mut().insert(ALLOW, allowed);
    response
}
