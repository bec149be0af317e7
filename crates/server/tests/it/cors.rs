//! Pages of browsers: those of origins that an operator allows, for what players and their apps need.

use accolade_server::routes::{self, Audience};
use axum::http::HeaderMap;
use serde_json::json;

use crate::harness::{Api, Ask, ask, game_event, wager};

const APP: &str = "https://app.example";
const OTHER: &str = "https://other.example";
const FOREIGN: &str = "https://evil.example";

fn preflight(path: &str, origin: &str, method: &str) -> Ask {
    ask("OPTIONS", path).header("origin", origin).header("access-control-request-method", method)
}

fn allowed(headers: &HeaderMap) -> Option<&str> {
    headers.get("access-control-allow-origin").map(|origin| origin.to_str().unwrap())
}

fn says_nothing_to_pages(headers: &HeaderMap) {
    let said: Vec<_> =
        headers.keys().filter(|name| name.as_str().starts_with("access-control")).collect();
    assert!(said.is_empty(), "{said:?}");
}

/// A key with these roles, for pages of these origins, and its id.
async fn key(api: &Api, role: &str, origins: &[&str]) -> (String, String) {
    let key = json!({ "name": "app", "roles": [role], "origins": origins });
    let made = api.post("/api/v1/keys", &key).await;
    assert_eq!(made.status, 201, "{made:?}");
    let text = |name: &str| made.json[name].as_str().unwrap().to_owned();
    (text("secret"), text("id"))
}

fn bearer(request: Ask, key: &str) -> Ask {
    request.header("authorization", &format!("Bearer {key}"))
}

#[tokio::test]
async fn a_preflight_passes_for_an_origin_that_some_key_has_and_a_route_of_players() {
    let api = Api::start().await;
    let events = "/api/v1/events";
    let refused = api.send_bare(preflight(events, APP, "POST")).await;
    assert_eq!(refused.status, 405, "nobody allows it");
    let (_, id) = key(&api, "ingest", &[APP]).await;
    for (path, method) in [(events, "POST"), ("/api/v1/players/p1/balance", "GET")] {
        let passed = api.send_bare(preflight(path, APP, method)).await;
        assert_eq!((passed.status.as_u16(), &*passed.text), (204, ""), "{path}");
        assert_eq!(allowed(&passed.headers), Some(APP));
        assert_eq!(passed.headers["access-control-allow-methods"], method);
        let sends = passed.headers["access-control-allow-headers"].to_str().unwrap();
        assert!(sends.contains("authorization") && sends.contains("content-type"), "{sends}");
        assert!(passed.headers["vary"].to_str().unwrap().contains("origin"));
        assert!(!passed.headers.contains_key("access-control-allow-credentials"));
    }
    let no_method = ask("OPTIONS", events).header("origin", APP);
    let no_origin = ask("OPTIONS", events).header("access-control-request-method", "POST");
    for request in [
        preflight(events, FOREIGN, "POST"),
        preflight(events, "null", "POST"),
        preflight(events, "*", "POST"),
        preflight(events, APP, "DELETE"),
        no_method,
        no_origin,
    ] {
        let answer = api.send_bare(request).await;
        assert_eq!(answer.status, 405);
        says_nothing_to_pages(&answer.headers);
    }
    api.send(ask("DELETE", &format!("/api/v1/keys/{id}"))).await;
    let refused = api.send_bare(preflight(events, APP, "POST")).await;
    assert_eq!(refused.status, 405, "the only key that allowed it was revoked");
}

#[tokio::test]
async fn a_route_of_staff_says_nothing_to_pages_whatever_they_ask() {
    let api = Api::start().await;
    let (admin, _) = key(&api, "admin", &[APP]).await;
    let staff = routes::list()
        .into_iter()
        .filter(|route| route.audience == Audience::Everybody && !route.scope.is_for_pages());
    let mut count = 0;
    for route in staff {
        let path = route.path.replace(['{', '}'], "");
        let answer = api.send_bare(preflight(&path, APP, route.method)).await;
        assert_eq!(answer.status, 405, "{path}");
        says_nothing_to_pages(&answer.headers);
        let request = ask(route.method, &path).header("origin", APP);
        says_nothing_to_pages(&api.send_bare(bearer(request, &admin)).await.headers);
        count += 1;
    }
    assert!(count > 15, "{count}");
}

#[tokio::test]
async fn a_request_is_judged_by_the_origins_of_its_own_credential() {
    let api = Api::start().await;
    let (app, _) = key(&api, "ingest", &[APP]).await;
    let (free, _) = key(&api, "ingest", &[]).await;
    key(&api, "ingest", &[OTHER]).await;
    let event = game_event(None, "p1");
    let send = async |key: &str, origin: Option<&str>| {
        let request = bearer(ask("POST", "/api/v1/events").json(&event), key);
        api.send_bare(match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        })
        .await
    };
    let answer = send(&app, Some(APP)).await;
    assert_eq!((answer.status.as_u16(), allowed(&answer.headers)), (200, Some(APP)));
    let reads = answer.headers["access-control-expose-headers"].to_str().unwrap();
    for header in ["x-request-id", "retry-after", "ratelimit-limit", "etag"] {
        assert!(reads.contains(header), "{reads}");
    }
    assert_eq!(answer.headers["vary"], "origin");
    // Another key's page is let ask, by the preflight, and not answered.
    for origin in [OTHER, FOREIGN, "null"] {
        let answer = send(&app, Some(origin)).await;
        assert_eq!((answer.status.as_u16(), allowed(&answer.headers)), (403, None), "{origin}");
    }
    let answer = send(&app, None).await;
    assert_eq!((answer.status.as_u16(), allowed(&answer.headers)), (200, None));
    // A key without origins is for no page: a browser keeps the answer from it.
    let answer = send(&free, Some(APP)).await;
    assert_eq!((answer.status.as_u16(), allowed(&answer.headers)), (200, None));
    // That a credential is over, a page may learn.
    let answer = send("acc_0000", Some(APP)).await;
    assert_eq!((answer.status.as_u16(), allowed(&answer.headers)), (401, Some(APP)));
    let answer = send("acc_0000", Some(FOREIGN)).await;
    assert_eq!((answer.status.as_u16(), allowed(&answer.headers)), (401, None));
}

#[tokio::test]
async fn a_player_s_token_is_for_the_pages_of_the_key_that_signed_it() {
    let api = Api::start().await;
    api.wager(&wager("w1", "p1")).await;
    let (signer, _) = key(&api, "admin", &[APP]).await;
    let token = async |key: &str| {
        let request = ask("POST", "/api/v1/player-tokens").json(&json!({ "playerId": "p1" }));
        let answer = api.send_bare(bearer(request, key)).await;
        answer.json["token"].as_str().unwrap().to_owned()
    };
    let read = async |token: &str, origin: &str| {
        let request = ask("GET", "/api/v1/players/p1/balance").header("origin", origin);
        let answer = api.send_bare(bearer(request, token)).await;
        (answer.status.as_u16(), allowed(&answer.headers).map(str::to_owned))
    };
    let of_app = token(&signer).await;
    assert_eq!(read(&of_app, APP).await, (200, Some(APP.to_owned())));
    assert_eq!(read(&of_app, FOREIGN).await, (403, None));
    let of_nobody = token(&api.key).await;
    assert_eq!(read(&of_nobody, APP).await, (200, None));
}

#[tokio::test]
async fn what_is_anybody_s_is_read_by_pages_of_origins_that_some_key_has() {
    let api = Api::start().await;
    key(&api, "ingest", &[APP]).await;
    for (origin, may_read) in [(APP, Some(APP)), (FOREIGN, None)] {
        let answer = api.send_bare(ask("GET", "/healthz").header("origin", origin)).await;
        assert_eq!((answer.status.as_u16(), allowed(&answer.headers)), (200, may_read));
    }
    let answer = api.send_bare(ask("GET", "/healthz")).await;
    assert_eq!(answer.headers["vary"], "origin", "a cache has to keep them apart");
}
