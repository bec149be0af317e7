//! The description is that of the routes, and the page stands alone.

use serde_json::Value;

use crate::harness::{Api, ask};

#[tokio::test]
async fn the_description_has_the_methods_of_every_route_and_no_others() {
    let api = Api::start().await;
    let description = api.send_bare(ask("GET", "/api/v1/openapi.json")).await.json;
    assert_eq!(description["openapi"], "3.1.0");
    for (path, methods) in description["paths"].as_object().unwrap() {
        let asked = path.replace(['{', '}'], "");
        let answer = api.send(ask("OPTIONS", &asked)).await;
        assert_eq!(answer.status, 405, "{path} is not a route");
        let allowed = answer.headers["allow"].to_str().unwrap();
        let mut allowed: Vec<_> =
            allowed.split(',').filter(|method| *method != "HEAD").map(str::to_lowercase).collect();
        let mut described: Vec<_> = methods.as_object().unwrap().keys().cloned().collect();
        allowed.sort();
        described.sort();
        assert_eq!(described, allowed, "{path}");
    }
}

#[tokio::test]
async fn every_reference_of_the_description_leads_somewhere() {
    let api = Api::start().await;
    let description = api.send_bare(ask("GET", "/api/v1/openapi.json")).await.json;
    let mut found = 0;
    check_references(&description, &description, &mut found);
    assert!(found > 50);
}

fn check_references(value: &Value, root: &Value, found: &mut usize) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(root.pointer(pointer).is_some(), "{reference}");
                *found += 1;
            }
            fields.values().for_each(|value| check_references(value, root, found));
        }
        Value::Array(items) => items.iter().for_each(|item| check_references(item, root, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_page_is_whole_and_its_policy_lets_nothing_in_from_elsewhere() {
    let api = Api::start().await;
    let page = api.send_bare(ask("GET", "/api/docs")).await;
    assert_eq!(page.status, 200);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'; script-src 'self';"), "{policy}");
    assert!(!policy.contains("http") && !page.text.contains("http"), "{}", page.text);
    let files = page.text.split('"').filter(|text| text.starts_with("docs/"));
    let files: Vec<_> = files.map(|file| format!("/api/{file}")).collect();
    assert!(files.len() >= 6, "{files:?}");
    for file in &files {
        let begun = api.begin(ask("GET", file)).await;
        assert_eq!(begun.status(), 200, "{file}");
    }
    for script in page.text.split("<script").skip(1) {
        assert!(script.trim_start().starts_with("src="), "none stands in the page: {script}");
    }
    let settings = api.send_bare(ask("GET", "/api/docs/swagger-initializer.js")).await.text;
    let says = |what: &str| settings.contains(what);
    assert!(says("\"url\": \"v1/openapi.json\"") && !says("\"urls\""), "{settings}");
    assert!(says("\"validatorUrl\": \"none\""), "{settings}");
    assert!(!settings.contains("http"), "{settings}");
    assert_eq!(api.send_bare(ask("GET", "/api/docs/nothing.js")).await.status, 404);
}

#[tokio::test]
async fn health_and_metrics_are_open_and_name_no_player() {
    let api = Api::start().await;
    api.wager(&crate::harness::wager("w1", "a-very-particular-player")).await;
    assert_eq!(api.send_bare(ask("GET", "/healthz")).await.text, "ok\n");
    let ready = api.send_bare(ask("GET", "/readyz")).await;
    assert_eq!(ready.json["ready"], true);
    let metrics = api.send_bare(ask("GET", "/metrics")).await.text;
    for name in [
        "accolade_intake_total{kind=\"wager\",outcome=\"accepted\"}",
        "accolade_players ",
        "accolade_dead_letters_open{reason=\"too_late\"}",
        "accolade_log_commit_seconds",
        "accolade_ready ",
    ] {
        assert!(metrics.contains(name), "{name} is missing:\n{metrics}");
    }
    assert!(!metrics.contains("particular"));
}
