//! Roles: what a credential may, and what one player's reaches.

use accolade_server::Lent;
use accolade_server::roles::Role;
use serde_json::json;

use crate::harness::{Answer, Api, Ask, OPERATOR, ask, game_event, wager};

/// A node where each role has a key of its name.
async fn with_roles() -> Api {
    let api = Api::start().await;
    for role in Role::ALL {
        let player = role.is_of_one_player().then(|| "p1".to_owned());
        let operators = vec![OPERATOR.to_owned()];
        api.service.lend(role.code(), Lent { role, operators, player });
    }
    api.wager(&wager("w1", "p1")).await;
    api.wager(&wager("w2", "p2")).await;
    api
}

async fn send_as(api: &Api, role: Role, ask: Ask) -> Answer {
    api.send_bare(ask.header("authorization", &format!("Bearer {}", role.code()))).await
}

#[tokio::test]
async fn a_credential_hears_which_scope_it_lacks() {
    let api = with_roles().await;
    let consent = ask("PUT", "/api/v1/players/p1/consent").json(&json!({ "consent": "out" }));
    let answer = send_as(&api, Role::Auditor, consent).await;
    assert_eq!((answer.status.as_u16(), &answer.json["code"]), (403, &json!("forbidden")));
    assert_eq!(answer.json["detail"], "the credential lacks the scope `players:write`");
    let challenge = "Bearer error=\"insufficient_scope\", scope=\"players:write\"";
    assert_eq!(answer.headers["www-authenticate"], challenge);
    let balance = send_as(&api, Role::Auditor, ask("GET", "/api/v1/players/p1/balance")).await;
    assert_eq!(balance.json["pointsBalance"], json!(10.0));
    assert_eq!(api.wager(&wager("w3", "p1")).await["outcome"], "counted", "p1 is still in");
}

#[tokio::test]
async fn a_player_sees_what_is_its_own_and_nothing_of_others() {
    let api = with_roles().await;
    for (player, status) in [("p1", 200), ("p2", 404), ("nobody", 404)] {
        for what in ["balance", "ledger"] {
            let path = format!("/api/v1/players/{player}/{what}");
            assert_eq!(
                send_as(&api, Role::Player, ask("GET", &path)).await.status,
                status,
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn an_app_of_players_sends_events_of_its_own_player_alone() {
    let api = with_roles().await;
    let send = |event| ask("POST", "/api/v1/events?wait=applied").json(&event);
    let own = send_as(&api, Role::Ingest, send(game_event(Some("e1"), "p1"))).await;
    assert_eq!(own.json["status"], "success", "{own:?}");
    let another = send_as(&api, Role::Ingest, send(game_event(Some("e2"), "p2"))).await;
    assert_eq!((another.status.as_u16(), &another.json["code"]), (404, &json!("not_found")));
    let both = json!([game_event(Some("e3"), "p2"), game_event(Some("e4"), "p1")]);
    let both = send_as(&api, Role::Ingest, send(both)).await;
    assert_eq!(
        (&both.json["accepted"], &both.json["rejected"][0]["index"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(both.json["rejected"][0]["problem"]["code"], "not_found");
    for (id, status) in [("e1", 200), ("e2", 404), ("e3", 404), ("e4", 200)] {
        assert_eq!(api.get(&format!("/api/v1/events/{id}")).await.status, status, "{id}");
    }
}

#[tokio::test]
async fn who_acts_for_several_operators_names_one() {
    let api = with_roles().await;
    api.add_operator("operator-555", 0).await;
    let operators = vec![OPERATOR.to_owned(), "operator-555".to_owned()];
    api.service.lend("both", Lent { role: Role::Auditor, operators, player: None });
    let balance = async |query: &str| {
        let path = format!("/api/v1/players/p1/balance{query}");
        api.send_bare(ask("GET", &path).header("authorization", "Bearer both")).await
    };
    let unnamed = balance("").await;
    assert_eq!((unnamed.status.as_u16(), &unnamed.json["code"]), (400, &json!("bad_query")));
    assert_eq!(balance(&format!("?operatorId={OPERATOR}")).await.json["operatorId"], OPERATOR);
    assert_eq!(balance("?operatorId=operator-555").await.status, 404, "they have no such player");
    assert_eq!(balance("?operatorId=somebody").await.status, 404);
}

#[tokio::test]
async fn requests_are_counted_by_the_template_of_their_route() {
    let api = with_roles().await;
    api.get("/api/v1/players/a-particular-player/balance").await;
    api.send_bare(ask("GET", "/api/v1/players/a-particular-player/balance")).await;
    api.send(ask("DELETE", "/api/v1/wagers")).await;
    api.get("/a-particular-path").await;
    let metrics = api.send_bare(ask("GET", "/metrics")).await.text;
    let balance = "route=\"/api/v1/players/{playerId}/balance\"";
    for line in [
        format!("accolade_http_requests_total{{{balance},method=\"GET\",status=\"404\"}}"),
        format!("accolade_http_requests_total{{{balance},method=\"GET\",status=\"401\"}}"),
        format!("accolade_http_request_seconds_count{{{balance},method=\"GET\"}}"),
        "accolade_http_requests_total{route=\"/api/v1/wagers\",method=\"other\",status=\"405\"}"
            .into(),
        "accolade_http_requests_total{route=\"none\",method=\"other\",status=\"404\"}".into(),
    ] {
        assert!(metrics.contains(&line), "{line} is missing:\n{metrics}");
    }
    assert!(!metrics.contains("particular"));
}
