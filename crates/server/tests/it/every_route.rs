//! Every route of the list, asked in both forms, and in a cluster through each node for what the other one has.
//!
//! A route that is added has no example in `world.rs`, and these tests fail until it has one.

mod cursors;
mod trail;
mod world;

use std::collections::BTreeMap;

use accolade_server::roles::{Role, Scope};
use accolade_server::routes::{self, Audience, Listed};
use serde_json::{Value, json};

use self::world::{World, bearer};
use crate::harness::{Answer, Api, ask};

const METHODS: [&str; 7] = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"];

fn of_operators() -> impl Iterator<Item = Listed> {
    let is_theirs =
        |route: &Listed| route.audience == Audience::Everybody && route.scope != Scope::Public;
    routes::list().into_iter().filter(is_theirs)
}

/// How often what was asked.
#[derive(Default)]
struct Counts(BTreeMap<&'static str, usize>);

impl Counts {
    fn add(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    #[expect(clippy::print_stdout, reason = "what was asked is worth knowing")]
    fn print(&self, form: &str) {
        println!("{form}: asked {:?}", self.0);
    }
}

fn is(answer: &Answer, status: u16, code: &str, about: &str) {
    assert_eq!(
        (answer.status.as_u16(), &answer.json["code"]),
        (status, &json!(code)),
        "{about}: {answer:?}"
    );
}

#[tokio::test]
async fn a_refused_request_changes_nothing_embedded() {
    refuse_all(&World::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_request_changes_nothing_in_a_cluster_through_either_node() {
    refuse_all(&World::clustered().await).await;
}

async fn refuse_all(world: &World) {
    let mut counts = Counts::default();
    let before = world.state().await;
    for node in world.nodes() {
        for route in of_operators() {
            refuse_credentials(world, node, route, &mut counts).await;
            refuse_bodies(world, node, route, &mut counts).await;
        }
        refuse_methods(world, node, &mut counts).await;
        refuse_strangers(world, node, &mut counts).await;
    }
    assert_eq!(world.state().await, before, "what was refused has left the log as it was");
    counts.print(world.form());
}

async fn refuse_credentials(world: &World, node: usize, route: Listed, counts: &mut Counts) {
    let api = world.api(node);
    let about = format!("{} through {node}", route.id);
    let wrong = [None, Some("Bearer acc_0000"), Some("Bearer "), Some("Basic YTpi"), Some("acc_")];
    for shown in wrong {
        let mut request = world.example(route.id, node);
        if let Some(shown) = shown {
            request = request.header("authorization", shown);
        }
        let answer = api.send_bare(request).await;
        is(&answer, 401, "unauthorized", &about);
        assert_eq!(answer.headers["www-authenticate"], "Bearer", "{about}");
        world.check(route, &answer);
        counts.add(if shown.is_none() { "without a credential" } else { "with a wrong one" });
    }
    let other = format!("Bearer {}", world.other_key());
    let request = world.example_with(route.id, node, "operatorId=operator-789");
    let answer = api.send_bare(request.header("authorization", &other)).await;
    is(&answer, 404, "not_found", &about);
    world.check(route, &answer);
    counts.add("with another operator's");
    for role in Role::ALL.into_iter().filter(|role| !role.scopes().has(route.scope)) {
        for shown in world.bearers(role, node) {
            let request = world.example(route.id, node);
            let answer = api.send_bare(request.header("authorization", &shown)).await;
            is(&answer, 403, "forbidden", &format!("{about} as {role:?}"));
            assert!(
                answer.json["detail"].as_str().unwrap().contains(route.scope.code()),
                "{about}"
            );
            world.check(route, &answer);
            counts.add("with a role that lacks the scope");
        }
    }
}

async fn refuse_bodies(world: &World, node: usize, route: Listed, counts: &mut Counts) {
    if !route.has_body {
        return;
    }
    let api = world.api(node);
    let path = world.path(route.id, node);
    for (content_type, body, status, code) in [
        ("text/plain", "{}", 415, "unsupported_media_type"),
        ("", "{}", 415, "unsupported_media_type"),
        ("application/json", "7", 400, "malformed"),
        ("application/json", "{\"why\"", 400, "malformed"),
        ("application/json", "", 400, "malformed"),
    ] {
        let answer = api.send(ask(route.method, &path).body(content_type, body)).await;
        is(&answer, status, code, &format!("{} with {content_type} {body}", route.id));
        world.check(route, &answer);
        counts.add("with a wrong type of body");
    }
}

async fn refuse_methods(world: &World, node: usize, counts: &mut Counts) {
    let api = world.api(node);
    let mut by_path: BTreeMap<&str, Vec<Listed>> = BTreeMap::new();
    for route in routes::list().into_iter().filter(|route| route.audience != Audience::Nodes) {
        by_path.entry(route.path).or_default().push(route);
    }
    for (path, routes) in by_path {
        let has = |method: &str| {
            let has_get = routes.iter().any(|route| route.method == "GET");
            routes.iter().any(|route| route.method == method) || method == "HEAD" && has_get
        };
        let is_local = routes[0].audience == Audience::Socket;
        let asked = path.replace(['{', '}'], "");
        let asked_by = |method: &&str| !has(method) && *method != "HEAD";
        for method in METHODS.into_iter().filter(asked_by) {
            let request = ask(method, &asked);
            let answer =
                if is_local { api.on_socket(request).await } else { api.send(request).await };
            assert_eq!(answer.status, 405, "{method} {path}");
            let allowed = answer.headers["allow"].to_str().unwrap();
            let expected = METHODS.into_iter().filter(|method| has(method));
            let mut allowed: Vec<_> = allowed.split(',').collect();
            let mut expected: Vec<_> = expected.collect();
            allowed.sort_unstable();
            expected.sort_unstable();
            assert_eq!(allowed, expected, "{path}");
            counts.add("with a wrong method");
        }
    }
}

/// What is the socket's or the nodes' is nobody else's.
async fn refuse_strangers(world: &World, node: usize, counts: &mut Counts) {
    let api = world.api(node);
    let admin = bearer(Role::Admin, node);
    for route in routes::list() {
        let asked = route.path.replace(['{', '}'], "");
        match route.audience {
            Audience::Everybody => continue,
            Audience::FirstStart => {
                let body = json!({ "operatorId": "somebody" });
                let answer = api.send(ask(route.method, &asked).json(&body)).await;
                is(&answer, 403, "forbidden", &asked);
                let answer = api.send_bare(ask(route.method, &asked).json(&body)).await;
                is(&answer, 401, "unauthorized", &asked);
                assert_eq!(api.on_socket(ask(route.method, &asked)).await.status, 404, "{asked}");
            }
            Audience::Socket => {
                let answer = api.send(ask(route.method, &asked)).await;
                assert_eq!(answer.status, 404, "{asked} by the network");
            }
            Audience::Nodes => {
                let answer = api.on_socket(ask(route.method, &asked)).await;
                assert_eq!(answer.status, 404, "{asked} by the socket");
                for shown in ["Bearer acc_0000", "Bearer ", &admin] {
                    let request = || ask(route.method, &asked).header("authorization", shown);
                    assert_eq!(api.send_bare(request()).await.status, 404, "{asked} {shown}");
                    if let Some(cluster) = world.cluster() {
                        let answer = cluster.at(node, request().whole().await).await;
                        is(&answer, 401, "unauthorized", &asked);
                    }
                }
            }
        }
        counts.add("from where it is not for");
    }
}

#[tokio::test]
async fn every_role_that_may_is_answered_embedded() {
    answer_all(&World::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_role_that_may_is_answered_in_a_cluster_through_either_node() {
    let world = World::clustered().await;
    answer_all(&world).await;
    let forwarded = world.forwarded();
    assert!(forwarded.iter().all(|count| *count > 20), "{forwarded:?}");
}

async fn answer_all(world: &World) {
    let mut counts = Counts::default();
    for node in world.nodes() {
        let api = world.api(node);
        for route in of_operators() {
            for role in Role::ALL.into_iter().filter(|role| role.scopes().has(route.scope)) {
                if role == Role::Administrator {
                    let request = world.example_for(role, route.id, node).await;
                    let request = request.header("x-accolade-operator", "operator-789");
                    succeeded(world, route, &api.on_socket(request).await, "by the socket");
                    counts.add("as a role that may");
                    continue;
                }
                for shown in world.bearers(role, node) {
                    let request = world.example_for(role, route.id, node).await;
                    let answer = api.send_bare(request.header("authorization", &shown)).await;
                    succeeded(world, route, &answer, &format!("{role:?}"));
                    counts.add("as a role that may");
                }
            }
        }
        for route in routes::list() {
            let (answer, what) = match (route.audience, route.scope) {
                (Audience::Everybody, Scope::Public) => {
                    (api.send_bare(world.example(route.id, node)).await, "what is public")
                }
                (Audience::Socket, _) => {
                    let request = world.example_for(Role::Administrator, route.id, node).await;
                    (api.on_socket(request).await, "by the socket")
                }
                (Audience::Nodes, _) => {
                    let Some(cluster) = world.cluster() else { continue };
                    (cluster.ask_as_node(node, world.example(route.id, node)).await, "as a node")
                }
                // `first_key.rs` asks it of a node that has no operator.
                (Audience::Everybody | Audience::FirstStart, _) => continue,
            };
            match route.id {
                // No partition stands here: the commands' tests make one stand.
                "skip" => is(&answer, 409, "not_standing_there", route.id),
                "makeFirstKey" => is(&answer, 409, "operator_exists", route.id),
                _ => succeeded(world, route, &answer, what),
            }
            counts.add(what);
        }
    }
    counts.print(world.form());
}

fn succeeded(world: &World, route: Listed, answer: &Answer, who: &str) {
    // What runs at this moment is asked by `simulations.rs` and `tournament_dry_runs.rs`.
    let is_well = if route.id.ends_with("Simulation") || route.id.contains("DryRun") {
        matches!(answer.status.as_u16(), 202 | 404 | 409)
    } else if route.id == "watchLive" {
        answer.status == 101
    } else if route.id == "leadToPortal" {
        answer.status == 308
    } else {
        answer.status.is_success()
    };
    assert!(is_well, "{} as {who}: {answer:?}", route.id);
    world.check(route, answer);
}

#[tokio::test]
async fn the_description_is_one_of_openapi_and_its_examples_fit_it() {
    let api = Api::start().await;
    let description = api.send_bare(ask("GET", "/api/v1/openapi.json")).await.json;
    let schema: Value = serde_json::from_str(include_str!("../openapi-3.1.schema.json")).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(&description)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let schemas = description["components"]["schemas"].as_object().unwrap();
    let mut examples = 0;
    for (name, schema) in schemas {
        let validator = world::validator(
            &description,
            &json!({ "$ref": format!("#/components/schemas/{name}") }),
        );
        let given = schema["examples"].as_array().into_iter().flatten();
        for example in given.chain(schema.get("example")) {
            let problems: Vec<_> =
                validator.iter_errors(example).map(|error| error.to_string()).collect();
            assert!(problems.is_empty(), "{name}: {problems:?}");
            examples += 1;
        }
    }
    assert!(examples >= 8, "{examples}");
}

#[tokio::test]
async fn what_the_description_does_not_allow_is_refused() {
    let api = Api::start().await;
    let description = api.send_bare(ask("GET", "/api/v1/openapi.json")).await.json;
    let key = |more: Value| {
        let mut key = json!({ "name": "the desk", "roles": ["support"] });
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        key
    };
    let many = vec!["10.0.0.1"; 101];
    let wrong = [
        ("keys", "NewKey", key(json!({ "name": "" }))),
        ("keys", "NewKey", key(json!({ "roles": [] }))),
        ("keys", "NewKey", key(json!({ "roles": ["king"] }))),
        ("keys", "NewKey", key(json!({ "roles": ["support", "support"] }))),
        ("keys", "NewKey", key(json!({ "until": "tomorrow" }))),
        ("keys", "NewKey", key(json!({ "until": "2999-01-01T00:00:00+01:00" }))),
        ("keys", "NewKey", key(json!({ "networks": many }))),
        ("keys", "NewKey", key(json!({ "roles": ["ingest"], "eventTypes": [""] }))),
        ("keys", "NewKey", key(json!({ "roles": ["player"], "playerId": "" }))),
        ("keys/first/rotate", "Rotation", json!({ "oldUntil": "later" })),
        ("player-tokens", "NewPlayerToken", json!({ "playerId": "" })),
        ("player-tokens", "NewPlayerToken", json!({ "playerId": "p", "validForSeconds": 0 })),
        ("player-tokens", "NewPlayerToken", json!({ "playerId": "p", "validForSeconds": 3601 })),
    ];
    for (path, schema, body) in wrong {
        let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
        assert!(!world::validator(&description, &schema).is_valid(&body), "{path}: {body}");
        let answer = api.post(&format!("/api/v1/{path}"), &body).await;
        is(&answer, 400, "malformed", &format!("{path}: {body}"));
    }
    let time = &description["components"]["schemas"]["Time"];
    let time = world::validator(&description, time);
    for (as_of, status) in [
        ("1970-01-01T00:00:00Z", 404),
        ("2026-11-20T10:30:00.123456789-00:00", 404),
        ("2026-11-20t10:30:00z", 404),
        ("1969-12-31T23:59:59Z", 400),
        ("2026-11-20T10:30:00+01:00", 400),
        ("2026-11-20", 400),
    ] {
        assert_eq!(time.is_valid(&json!(as_of)), status == 404, "{as_of}");
        let asked = as_of.replace('+', "%2B");
        let answer = api.get(&format!("/api/v1/players/nobody/balance?asOf={asked}")).await;
        assert_eq!(answer.status, status, "{as_of}: {answer:?}");
    }
}

#[tokio::test]
async fn what_is_no_id_of_a_request_is_described_as_what_is_let_in() {
    let api = Api::start().await;
    let description = api.send_bare(ask("GET", "/api/v1/openapi.json")).await.json;
    let given = &description["components"]["parameters"]["RequestId"]["schema"];
    let told = &description["components"]["headers"]["RequestId"]["schema"];
    let (given, told) =
        (world::validator(&description, given), world::validator(&description, told));
    for id in ["a b", "{}", &"0".repeat(129)] {
        assert!(given.is_valid(&json!(id)), "{id}");
        let answer = api.send(ask("GET", "/healthz").header("x-request-id", id)).await;
        assert_eq!(answer.status, 200);
        assert!(told.is_valid(&json!(answer.headers["x-request-id"].to_str().unwrap())), "{id}");
    }
}
