//! The key that the first start prints.

use accolade_server::Settings;
use accolade_server::roles::Scope;
use accolade_server::routes::{self, Audience};
use accolade_wire::trail::TrailKind;
use serde_json::json;

use crate::harness::{Answer, Api, Ask, ask};
use crate::trail::records;

/// A node that nobody has used.
fn empty() -> Api {
    Api::open(tempfile::tempdir().unwrap(), Settings::default(), |_| ())
}

async fn make(api: &Api) -> Answer {
    api.on_socket(ask("POST", "/local/first-key")).await
}

async fn key_of(api: &Api) -> String {
    let made = make(api).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json["key"].as_str().unwrap().to_owned()
}

fn add(key: &str, operator: &str) -> Ask {
    ask("POST", "/api/v1/first-operator")
        .json(&json!({ "operatorId": operator }))
        .header("authorization", &format!("Bearer {key}"))
}

/// Unknown, or refused with what to do instead: where the node has not looked at the rules yet, the fold decides.
fn is_turned_away(answer: &Answer) -> bool {
    let detail = answer.json["detail"].as_str().unwrap_or_default();
    match answer.status.as_u16() {
        401 => true,
        409 => ["`accolade operator add ID`", "`POST /api/v1/keys`"]
            .iter()
            .all(|it| detail.contains(it)),
        _ => false,
    }
}

#[tokio::test]
async fn it_adds_the_first_operator_and_opens_nothing_from_then_on() {
    let api = empty();
    let key = key_of(&api).await;
    let added = api.send_bare(add(&key, "house")).await;
    assert_eq!((added.status.as_u16(), &added.json["operatorId"]), (201, &json!("house")));
    let operator_key = added.json["key"].as_str().unwrap().to_owned();
    let keys =
        ask("GET", "/api/v1/keys").header("authorization", &format!("Bearer {operator_key}"));
    assert_eq!(api.send_bare(keys).await.status, 200);
    let before = api.batches().await;
    for _ in 0..2 {
        let answer = api.send_bare(add(&key, "casino")).await;
        assert!(is_turned_away(&answer), "{answer:?}");
    }
    let api = api.restart(|_| ());
    assert_eq!(api.send_bare(add(&key, "casino")).await.status, 401);
    assert_eq!(make(&api).await.json["code"], "operator_exists");
    let list = api.on_socket(ask("GET", "/local/operators")).await;
    assert_eq!(list.json["items"].as_array().unwrap().len(), 1, "{list:?} {before:?}");
}

#[tokio::test]
async fn it_is_made_once_and_what_makes_and_uses_it_is_in_the_trail_without_it() {
    let api = empty();
    let dry = api.on_socket(ask("POST", "/local/first-key?dryRun=true")).await;
    assert_eq!((dry.status.as_u16(), dry.json.get("key")), (200, None), "{dry:?}");
    let until = dry.json["until"].as_str().unwrap();
    assert!(!until.contains('.'), "people read it: {until}");
    let key = key_of(&api).await;
    assert_eq!(make(&api).await.json["code"], "key_exists");
    let api = api.restart(|_| ());
    assert_eq!(make(&api).await.json["code"], "key_exists");
    assert_eq!(api.send_bare(add(&key, "house")).await.status, 201);
    let changes: Vec<_> = records(&api)
        .await
        .into_iter()
        .filter(|record| record.entry.kind == TrailKind::Change && record.entry.status == 201)
        .map(|record| record.entry)
        .collect();
    let told: Vec<_> = changes.iter().map(|it| (&*it.route, &*it.subject, &*it.key)).collect();
    assert_eq!(
        told,
        [
            ("makeFirstKey", "the local socket", ""),
            ("addFirstOperator", "the key of the first start", "first-start"),
        ]
    );
    assert!(!format!("{changes:?}").contains(&key));
}

#[tokio::test]
async fn it_opens_no_other_route() {
    let api = empty();
    let authorization = format!("Bearer {}", key_of(&api).await);
    let mut asked = 0;
    for route in routes::list() {
        if route.audience != Audience::Everybody || route.scope == Scope::Public {
            continue;
        }
        let path = route.path.replace(['{', '}'], "");
        let request = ask(route.method, &path).header("authorization", &authorization);
        let answer = api.send_bare(request).await;
        assert_eq!((answer.status.as_u16(), &answer.json["code"]), (403, &json!("forbidden")));
        asked += 1;
    }
    assert!(asked > 20, "{asked}");
    let local = ask("POST", "/local/operators").json(&json!({ "operatorId": "house" }));
    let answer = api.send_bare(local.header("authorization", &authorization)).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn of_several_that_add_by_it_at_once_one_does() {
    let api = empty();
    let key = key_of(&api).await;
    let ids: Vec<_> = (0..8).map(|number| format!("house-{number}")).collect();
    let answers =
        futures_util::future::join_all(ids.iter().map(|id| api.send_bare(add(&key, id)))).await;
    let added = answers.iter().filter(|answer| answer.status == 201).count();
    let refused = answers.iter().filter(|answer| is_turned_away(answer)).count();
    assert_eq!((added, refused), (1, 7), "{answers:?}");
    let list = api.on_socket(ask("GET", "/local/operators")).await;
    assert_eq!(list.json["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_operator_that_comes_another_way_ends_it_too() {
    let api = empty();
    let key = key_of(&api).await;
    api.add_operator("house", 0).await;
    let answer = api.send_bare(add(&key, "casino")).await;
    assert!(is_turned_away(&answer), "{answer:?}");
}
