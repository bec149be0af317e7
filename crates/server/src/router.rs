//! Which path leads where.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post, put};

use crate::cluster::{self, By, at_owner};
use crate::problem::{Problem, Refusal};
use crate::service::Service;
use crate::tenant::{Administrator, Door, Tenant};
use crate::{
    audit, behaviour, dead_letters, description, explanation, health, host, intake, lookup,
    players, program, topics,
};

fn shared() -> [(&'static str, MethodRouter<Door>); 18] {
    [
        ("/api/v1/wagers", post(intake::wagers)),
        ("/api/v1/events", post(intake::events)),
        ("/api/v1/events/{eventId}", get(lookup::event)),
        ("/api/v1/wagers/{wagerId}/explanation", get(explanation::explanation)),
        ("/api/v1/program", get(program::current)),
        ("/api/v1/program/schema", get(program::schema)),
        ("/api/v1/program/versions", get(program::versions).post(program::publish)),
        ("/api/v1/program/versions/{version}", get(program::version)),
        ("/api/v1/program/versions/{version}/diff", get(program::diff)),
        ("/api/v1/program/versions/{version}/withdraw", post(program::withdraw)),
        ("/api/v1/dead-letters", get(dead_letters::list::<Tenant>)),
        ("/api/v1/openapi.json", get(description::openapi)),
        ("/api/docs", get(description::page)),
        ("/api/docs/page.js", get(description::script)),
        ("/api/docs/page.css", get(description::style)),
        ("/healthz", get(health::healthz)),
        ("/readyz", get(health::readyz)),
        ("/metrics", get(health::metrics)),
    ]
}

/// Each concerns one partition, and is carried out where that is.
fn of_a_partition() -> [(&'static str, By, MethodRouter<Door>); 6] {
    let letter = get(dead_letters::get::<Tenant>).patch(dead_letters::repair::<Tenant>);
    [
        ("/api/v1/players/{playerId}/balance", By::Player, get(players::balance)),
        ("/api/v1/players/{playerId}/ledger", By::Player, get(players::ledger)),
        ("/api/v1/players/{playerId}/consent", By::Player, put(players::consent)),
        ("/api/v1/dead-letters/{id}", By::DeadLetter, letter),
        ("/api/v1/dead-letters/{id}/retry", By::DeadLetter, post(dead_letters::retry::<Tenant>)),
        (
            "/api/v1/dead-letters/{id}/discard",
            By::DeadLetter,
            post(dead_letters::discard::<Tenant>),
        ),
    ]
}

/// Dead letters of whichever operator, or of none: on the local socket, and from node to node.
fn of_any_letter(is_local: bool) -> [(&'static str, By, MethodRouter<Door>); 3] {
    let [letter, retry, discard] = if is_local {
        [
            "/local/dead-letters/{id}",
            "/local/dead-letters/{id}/retry",
            "/local/dead-letters/{id}/discard",
        ]
    } else {
        [
            "/cluster/v1/dead-letters/{id}",
            "/cluster/v1/dead-letters/{id}/retry",
            "/cluster/v1/dead-letters/{id}/discard",
        ]
    };
    let ways = get(dead_letters::get::<Administrator>).patch(dead_letters::repair::<Administrator>);
    [
        (letter, By::AnyDeadLetter, ways),
        (retry, By::AnyDeadLetter, post(dead_letters::retry::<Administrator>)),
        (discard, By::AnyDeadLetter, post(dead_letters::discard::<Administrator>)),
    ]
}

fn for_the_socket_only() -> [(&'static str, MethodRouter<Door>); 9] {
    [
        ("/local/status", get(host::status)),
        ("/local/operators", get(host::operators).post(host::add_operator)),
        ("/local/behaviour", get(behaviour::show).post(behaviour::switch)),
        ("/local/skip", post(host::skip)),
        ("/local/dead-letters", get(dead_letters::list::<Administrator>)),
        ("/local/ingest", post(host::ingest)),
        ("/local/topics", get(topics::names)),
        ("/local/topics/{name}", get(topics::tail)),
        ("/local/audit/verify", get(audit::verify)),
    ]
}

/// What the network reaches: an API key names the operator. In a cluster, also what only nodes ask each
/// other, with the cluster's secret.
pub fn api(service: Service) -> Router {
    let of_nodes = service.cluster.is_some().then(cluster::routes);
    let routes = shared().into_iter().chain(of_nodes.into_iter().flatten());
    router(routes, Door { service, is_local: false })
}

/// What the local socket reaches: the same, and what only whoever runs the node may do. A header names
/// the operator.
pub fn local(service: Service) -> Router {
    let routes = shared().into_iter().chain(for_the_socket_only());
    router(routes, Door { service, is_local: true })
}

fn router(
    routes: impl IntoIterator<Item = (&'static str, MethodRouter<Door>)>,
    door: Door,
) -> Router {
    let mut router = Router::new();
    let has_nodes = door.service.cluster.is_some();
    let any_letter = (door.is_local || has_nodes).then(|| of_any_letter(door.is_local));
    for (path, by, way) in of_a_partition().into_iter().chain(any_letter.into_iter().flatten()) {
        let way = match door.service.cluster {
            None => way,
            Some(_) => way.route_layer(from_fn_with_state((door.clone(), by), at_owner)),
        };
        router = router.route(path, way);
    }
    let router = routes.into_iter().fold(router, |router, (path, way)| router.route(path, way));
    router.fallback(no_such_path).method_not_allowed_fallback(no_such_method).with_state(door)
}

async fn no_such_path() -> Problem {
    Problem::new(
        Refusal::NotFound,
        "there is nothing at this path; `/api/docs` lists what there is",
    )
}

async fn no_such_method() -> Problem {
    Problem::new(Refusal::MethodNotAllowed, "this path does not have this method; see `Allow`")
}
