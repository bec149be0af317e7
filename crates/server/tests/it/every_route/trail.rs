//! Each request leaves what it has to in the trail: one record, or none but a count.

use accolade_server::roles::{Role, Scope};
use accolade_server::routes::{self, Audience, Listed};
use accolade_wire::trail::{TrailKind, TrailRecord};

use super::world::{World, bearer};
use super::{Counts, of_operators, succeeded};
use crate::cluster::fake::SECRET;
use crate::harness::ask;
use crate::trail::records;

/// What a request has to leave that is let in, by what everybody can know of its route.
fn expected(route: Listed, role: Role) -> Option<TrailKind> {
    let reads = matches!(route.method, "GET");
    match (route.scope.code(), route.audience) {
        ("program:read", _) if route.id == "getSimulation" => Some(TrailKind::Read),
        (
            "public" | "wagers:write" | "events:write" | "program:read" | "keys:read"
            | "webhooks:read" | "reports:read" | "nodes:read" | "rewards:read" | "tournaments:read"
            | "self:read",
            _,
        )
        | (_, Audience::Nodes) => None,
        ("player-tokens:sign", _) => Some(TrailKind::Read),
        _ if route.id == "ingest" => None,
        _ if !reads => Some(TrailKind::Change),
        _ if [
            "getStatus",
            "listOperators",
            "getBehaviour",
            "listTopics",
            "getTopics",
            "countDeadLetters",
        ]
        .contains(&route.id) =>
        {
            None
        }
        _ if role.is_of_one_player() => None,
        _ => Some(TrailKind::Read),
    }
}

/// Records of all nodes, each node's for itself.
async fn all(world: &World) -> Vec<Vec<TrailRecord>> {
    let mut all = Vec::new();
    for node in world.nodes() {
        let is_one = |record: &TrailRecord| {
            !matches!(record.entry.kind, TrailKind::Counted | TrailKind::DeniedCounted)
        };
        all.push(records(world.api(node)).await.into_iter().filter(is_one).collect());
    }
    all
}

/// The records that are new at `node`; elsewhere there are none.
async fn new(world: &World, node: usize, before: &[Vec<TrailRecord>]) -> Vec<TrailRecord> {
    let mut after = all(world).await;
    for (other, found) in after.iter().enumerate() {
        let is_asked = other == node;
        assert!(is_asked || found.len() == before[other].len(), "node {other} was not asked first");
    }
    after[node].drain(before[node].len()..).collect()
}

#[tokio::test]
async fn every_change_and_every_look_at_a_player_is_one_record_embedded() {
    put_all_down(&World::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_and_every_look_at_a_player_is_one_record_of_the_node_that_was_asked() {
    put_all_down(&World::clustered().await).await;
}

async fn put_all_down(world: &World) {
    let mut counts = Counts::default();
    for node in world.nodes() {
        let api = world.api(node);
        for route in of_operators() {
            for role in Role::ALL.into_iter().filter(|role| role.scopes().has(route.scope)) {
                let request = world.example_for(role, route.id, node).await.from("192.0.2.7");
                let before = all(world).await;
                let answer = if role == Role::Administrator {
                    api.on_socket(request.header("x-accolade-operator", "operator-789")).await
                } else {
                    let shown = bearer(role, node);
                    api.send_bare(request.header("authorization", &shown)).await
                };
                succeeded(world, route, &answer, role.code());
                let found = new(world, node, &before).await;
                let about = format!("{} as {role:?}: {found:?}", route.id);
                let kinds: Vec<_> = found.iter().map(|record| record.entry.kind).collect();
                assert_eq!(kinds, Vec::from_iter(expected(route, role)), "{about}");
                counts.add(found.first().map_or("counted", |record| record.entry.kind.code()));
                for TrailRecord { entry, .. } in found {
                    let request_id = answer.headers["x-request-id"].to_str().unwrap();
                    assert_eq!(
                        (&*entry.operator, &*entry.route, &*entry.method, entry.count),
                        ("operator-789", route.id, route.method, 1),
                        "{about}"
                    );
                    assert_eq!(
                        (entry.status, &*entry.request_id, &*entry.peer),
                        (answer.status.as_u16(), request_id, "192.0.2.7"),
                        "{about}"
                    );
                    let credential = if role == Role::Administrator { "socket" } else { "api_key" };
                    assert_eq!(entry.credential, credential, "{about}");
                    assert!(!entry.subject.is_empty(), "{about}");
                    let names_a_player = route.path.contains("{playerId}")
                        || ["signPlayerToken", "explainWager"].contains(&route.id)
                        || ["/redemptions/{id}", "/adjustments/{id}", "/signals/{id}"]
                            .iter()
                            .any(|one| route.path.contains(one));
                    assert_eq!(names_a_player, entry.player.starts_with("player-"), "{about}");
                }
            }
        }
        for route in routes::list() {
            let is_s = route.audience;
            if is_s == Audience::FirstStart
                || is_s == Audience::Everybody && route.scope != Scope::Public
                || is_s == Audience::Nodes && world.cluster().is_none()
            {
                continue;
            }
            let request = world.example_for(Role::Administrator, route.id, node).await;
            let before = all(world).await;
            let answer = match (is_s, world.cluster()) {
                (Audience::Nodes, Some(cluster)) => cluster.ask_as_node(node, request).await,
                (Audience::Socket, _) => api.on_socket(request).await,
                _ => api.send_bare(request).await,
            };
            let found = new(world, node, &before).await;
            let kinds: Vec<_> = found.iter().map(|record| record.entry.kind).collect();
            let about = format!("{}: {answer:?} {found:?}", route.id);
            assert_eq!(kinds, Vec::from_iter(expected(route, Role::Administrator)), "{about}");
            counts.add("of the node");
        }
        refuse_all(world, node, &mut counts).await;
    }
    no_secrets(world).await;
    counts.print(world.form());
}

/// What is turned away is put down with who asked, where that is known.
async fn refuse_all(world: &World, node: usize, counts: &mut Counts) {
    let api = world.api(node);
    for (number, route) in of_operators().enumerate() {
        let peer = format!("192.0.2.{}", 100 + number);
        let before = all(world).await;
        let nobody = world.example(route.id, node).from(&peer);
        assert_eq!(api.send_bare(nobody).await.status, 401);
        let wrong = world.example(route.id, node).from(&peer);
        let wrong = wrong.header("authorization", "Bearer acc_0123456789");
        assert_eq!(api.send_bare(wrong).await.status, 401);
        let other = format!("Bearer {}", world.other_key());
        let another_s = world.example_with(route.id, node, "operatorId=operator-789").from(&peer);
        assert_eq!(api.send_bare(another_s.header("authorization", &other)).await.status, 404);
        let mut statuses = vec![401, 401, 404];
        let lacks = Role::ALL.into_iter().find(|role| !role.scopes().has(route.scope));
        if let Some(role) = lacks {
            let request = world.example(route.id, node).from(&peer);
            let answer = api.send_bare(request.header("authorization", &bearer(role, node))).await;
            assert_eq!(answer.status, 403);
            statuses.push(403);
        }
        let found = new(world, node, &before).await;
        let told: Vec<_> = found.iter().map(|record| record.entry.status).collect();
        assert_eq!(told, statuses, "{}", route.id);
        for TrailRecord { entry, .. } in found {
            assert_eq!(
                (entry.kind, &*entry.route, &*entry.peer),
                (TrailKind::Denied, route.id, &*peer)
            );
            let operator = match entry.status {
                401 => "",
                404 => "operator-555",
                _ => "operator-789",
            };
            assert_eq!(entry.operator, operator, "{entry:?}");
            counts.add("denied");
        }
    }
}

async fn no_secrets(world: &World) {
    let api = world.api(0);
    for secret in [world.other_key(), "acp_7b7d_00", "acc_ half of one"] {
        let path = format!("/api/v1/players/{}/balance", secret.replace(' ', "%20"));
        let request = ask("GET", &path).header("x-request-id", &secret.replace(' ', "-"));
        api.send(request).await;
    }
    let text = format!("{:?}", all(world).await);
    let mut secrets = vec!["acc_".to_owned(), "acp_".to_owned(), SECRET.to_owned()];
    for node in world.nodes() {
        let of = |role| bearer(role, node).replace("Bearer ", "");
        // The player's key is called as a player is.
        let roles = Role::ALL.into_iter().filter(|role| *role != Role::Player);
        secrets.extend(roles.map(of));
    }
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret}");
    }
    assert!(text.contains("(a secret)"));
}
