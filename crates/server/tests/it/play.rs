//! What whoever asks sees of a public tournament, in both forms, and the page and the widget that show it.

use accolade_server::Settings;
use axum::http::HeaderMap;
use serde_json::{Value, json};

use crate::cluster::fake::{A, Cluster};
use crate::harness::{Answer, Api, Ask, OPERATOR, ask};
use crate::live::{place, refused, watch_by};
use crate::tournaments::{TOURNAMENTS, begin, bet, both, definition, heard, is, of, players, well};

const PUBLIC: &str = "/api/v1/public/tournaments";
const FOREIGN: &str = "https://anywhere.example";

/// The address of something public of a tournament.
fn address(id: &str, what: &str) -> String {
    format!("{PUBLIC}/{id}{what}?operatorId={OPERATOR}")
}

fn stream_of(id: &str) -> String {
    address(id, "/leaderboard/stream")
}

/// Asks without a credential.
async fn see(api: &Api, path: &str) -> Answer {
    api.send_bare(ask("GET", path)).await
}

async fn set_public(api: &Api, id: &str, is_public: bool) {
    well(api.send(ask("PATCH", &of(id, "")).json(&json!({ "public": is_public }))).await);
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn whoever_asks_sees_the_public_positions_and_no_name_as_it_is() {
    both(async |api, other| {
        // Players are to see each other's names.
        begin(api, "race", json!({ "publicPositions": 2, "public": true, "why": "a plan" })).await;
        let players = players();
        for (number, player) in (1_u32..).zip(&players[..4]) {
            bet(api, &format!("w{number}"), player, f64::from(10 * number)).await;
        }
        heard(api, other, "race").await;
        let about = see(other, &address("race", "")).await;
        assert_eq!(header(&about.headers, "cache-control"), Some("public, max-age=1"));
        let about = well(about);
        let said: Vec<&String> = about.as_object().unwrap().keys().collect();
        let names = [
            "tournamentId",
            "operatorId",
            "name",
            "description",
            "state",
            "starts",
            "ends",
            "timezone",
            "publicPositions",
        ];
        assert_eq!(said.len(), names.len(), "{about}");
        assert!(names.iter().all(|name| about.get(name).is_some()), "{about}");
        assert_eq!(json!([about["state"], about["name"]]), json!(["live", "the race"]));

        let board = well(see(other, &address("race", "/leaderboard")).await);
        let line = |line: &Value| {
            json!([line["row"], line["position"], line["playerId"], line["score"], line["events"]])
        };
        let lines: Vec<Value> = board["items"].as_array().unwrap().iter().map(line).collect();
        assert_eq!(json!(lines), json!([[1, 1, "pl***", 40, 1], [2, 2, "pl***", 30, 1]]));
        assert_eq!(
            json!([board["players"], board["isFinal"], board["state"]]),
            json!([4, false, "live"])
        );
        let first = format!("{}&top=1", address("race", "/leaderboard"));
        assert_eq!(well(see(api, &first).await)["items"].as_array().unwrap().len(), 1);

        // A credential makes no other of who asks.
        let by_key = well(api.get(&address("race", "/leaderboard")).await);
        assert_eq!(by_key["items"], board["items"]);
        let forged = ask("GET", &address("race", "")).header("authorization", "Bearer acc_0000");
        assert_eq!(well(api.send_bare(forged).await), about);
        for wrong in ["&top=0", "&top=101", "&from=2", "&around=a", "&players=a"] {
            let path = format!("{}{wrong}", address("race", "/leaderboard"));
            is(&see(api, &path).await, 400, "bad_query");
        }
        for what in ["", "/leaderboard", "/leaderboard/stream"] {
            let nobody_s = see(api, &format!("{PUBLIC}/race{what}")).await;
            is(&nobody_s, 400, "bad_query");
            assert!(nobody_s.text.contains("`operatorId`"), "{nobody_s:?}");
        }
        // And what is not public asks for one as before.
        is(&see(api, &of("race", "/leaderboard")).await, 401, "unauthorized");
    })
    .await;
}

#[tokio::test]
async fn what_is_not_public_is_answered_as_what_never_was() {
    both(async |api, other| {
        let public = || json!({ "public": true });
        begin(api, "players-only", json!({})).await;
        well(api.post(TOURNAMENTS, &definition("draft", public())).await);
        well(api.post(TOURNAMENTS, &definition("gone", public())).await);
        well(api.post(&of("gone", "/schedule"), &json!({})).await);
        well(api.post(&of("gone", "/cancel"), &json!({ "why": "a mistake" })).await);
        begin(api, "race", public()).await;
        set_public(api, "race", false).await;
        heard(api, other, "race").await;
        for node in [api, other] {
            for what in ["", "/leaderboard", "/leaderboard/stream"] {
                let elsewhere = format!("{PUBLIC}/race{what}?operatorId=nobody");
                let paths = ["nothing", "players-only", "draft", "gone", "race"];
                let paths = paths.map(|id| address(id, what)).into_iter().chain([elsewhere]);
                let mut said = Vec::new();
                for path in paths {
                    let request = ask("GET", &path).header("x-request-id", "the-same");
                    let answer = refused(node, request.header("origin", FOREIGN)).await;
                    is(&answer, 404, "not_found");
                    let mut headers = answer.headers;
                    headers.remove("content-length");
                    said.push((answer.text, headers));
                }
                assert!(said.iter().all(|one| *one == said[0]), "{said:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_watches_a_public_tournament_sees_it_move_until_it_is_not_public_any_more() {
    both(async |api, other| {
        begin(api, "race", json!({ "publicPositions": 2, "public": true })).await;
        heard(api, other, "race").await;
        let [a, b, c, ..] = players();
        bet(api, "w1", &a, 10.0).await;
        bet(api, "w2", &b, 20.0).await;
        let mut watching = watch_by(other, ask("GET", &stream_of("race"))).await;
        watching.expect("snapshot").await;
        assert_eq!(watching.places(), [place(1, "pl***", 20.0), place(2, "pl***", 10.0)]);
        let (rows, last_id) = (watching.rows.clone(), watching.last_id.clone());
        bet(api, "w3", &c, 30.0).await;
        let now = [place(1, "pl***", 30.0), place(2, "pl***", 20.0)];
        watching.until(&now).await;
        let back = ask("GET", &stream_of("race")).header("last-event-id", &last_id);
        let mut comes = watch_by(other, back).await;
        comes.rows = rows;
        comes.expect("change").await;
        assert_eq!(comes.places(), now);

        // Players go on.
        let mut staff = watch_by(
            other,
            ask("GET", &of("race", "/leaderboard/stream"))
                .header("authorization", &format!("Bearer {}", other.key)),
        )
        .await;
        staff.expect("snapshot").await;
        set_public(api, "race", false).await;
        for one in [&mut watching, &mut comes] {
            assert_eq!(one.next().await, None);
        }
        is(&refused(api, ask("GET", &stream_of("race"))).await, 404, "not_found");
        bet(api, "w4", &c, 1.0).await;
        staff.until(&[place(1, &c, 31.0), place(2, &b, 20.0), place(3, &a, 10.0)]).await;
    })
    .await;
}

#[tokio::test]
async fn strangers_have_half_of_all_streams_and_an_address_a_part_of_that() {
    let settings = Settings { watchers_max: 32, ..Settings::default() };
    let api = Api::with_limits(settings, 0).await.with_program().await;
    begin(&api, "race", json!({ "public": true })).await;
    let from = |peer: &str| ask("GET", &stream_of("race")).from(peer);
    let mut all = Vec::new();
    for number in 0..8 {
        let peer = format!("192.0.2.{number}");
        for _ in 0..2 {
            all.push(watch_by(&api, from(&peer)).await);
        }
        is(&refused(&api, from(&peer)).await, 503, "busy");
    }
    is(&refused(&api, from("198.51.100.1")).await, 503, "busy");
    let asked = ask("GET", &address("race", "/leaderboard")).from("198.51.100.1");
    is(&api.send_bare(asked).await, 503, "busy");
    let by_key = ask("GET", &of("race", "/leaderboard/stream"))
        .header("authorization", &format!("Bearer {}", api.key));
    watch_by(&api, by_key).await.expect("snapshot").await;
    all.pop();
    watch_by(&api, from("198.51.100.1")).await.expect("snapshot").await;
}

#[tokio::test]
async fn an_address_asks_for_what_is_public_so_often_and_no_more() {
    let settings = Settings { strangers_per_second: 5, ..Settings::default() };
    let api = Api::with_limits(settings, 0).await.with_program().await;
    begin(&api, "race", json!({ "public": true })).await;
    let paths = [address("race", ""), address("race", "/leaderboard"), stream_of("race")];
    let busy = |at: usize| {
        let path = &paths[at % 3];
        ask("GET", path).from("192.0.2.1")
    };
    let mut limited = 0;
    for at in 0..30 {
        let answer = refused(&api, busy(at)).await;
        if answer.status == 429 {
            assert!(answer.headers.contains_key("retry-after"));
            limited += 1;
        } else {
            assert_eq!(answer.status, 200, "{answer:?}");
        }
    }
    assert!(limited > 0, "nothing was refused");
    well(api.send_bare(ask("GET", &paths[1]).from("192.0.2.2")).await);
}

#[tokio::test]
async fn owners_are_asked_no_more_often_for_many_who_ask_than_for_one_who_watches() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    begin(a, "race", json!({ "public": true })).await;
    heard(a, b, "race").await;
    let asked = || {
        let is_of_boards =
            |it: &axum::http::Request<_>| it.uri().path() == "/cluster/v1/leaderboard";
        cluster.tap(A).asked().into_iter().filter(is_of_boards).count()
    };
    let mut watching = watch_by(b, ask("GET", &stream_of("race"))).await;
    watching.expect("snapshot").await;
    let begun = std::time::Instant::now();
    asked();
    for _ in 0..200 {
        well(see(b, &address("race", "/leaderboard")).await);
    }
    let most = usize::try_from(begun.elapsed().as_millis() / 250 + 2).unwrap();
    let count = asked();
    assert!(count <= most, "{count} within {:?}", begun.elapsed());
}

#[tokio::test]
async fn pages_of_any_origin_read_what_is_public_and_send_no_credential() {
    let api = Api::start().await;
    begin(&api, "race", json!({ "public": true })).await;
    let paths = [
        address("race", ""),
        address("race", "/leaderboard"),
        stream_of("race"),
        address("nothing", ""),
        "/play/widget.js".to_owned(),
    ];
    for path in paths {
        let request = ask("GET", &path).header("origin", FOREIGN).header("cookie", "a=b");
        let Answer { headers, .. } = refused(&api, request).await;
        assert_eq!(header(&headers, "access-control-allow-origin"), Some("*"), "{path}");
        let reads = header(&headers, "access-control-expose-headers").unwrap();
        assert!(reads.contains("date") && reads.contains("retry-after"), "{reads}");
        assert!(!headers.contains_key("access-control-allow-credentials"), "{path}");
        // What is the same for all is kept once.
        let mut vary = headers.get_all("vary").iter();
        assert!(vary.all(|name| name == "accept-encoding"), "{path}: {headers:?}");
    }
    let preflight = |method: &str| -> Ask {
        let request = ask("OPTIONS", &stream_of("race")).header("origin", FOREIGN);
        request.header("access-control-request-method", method)
    };
    let passed = api.send_bare(preflight("GET")).await;
    assert_eq!(passed.status, 204);
    assert_eq!(header(&passed.headers, "access-control-allow-origin"), Some("*"));
    let sends = header(&passed.headers, "access-control-allow-headers").unwrap();
    assert!(sends.contains("last-event-id") && !sends.contains("authorization"), "{sends}");
    for method in ["POST", "DELETE"] {
        let answer = api.send_bare(preflight(method)).await;
        assert_eq!(answer.status, 405);
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn the_page_is_the_same_for_all_and_lets_nothing_in_from_elsewhere() {
    let api = Api::start().await;
    let page = see(&api, "/play/nothing?operatorId=nobody&lang=ar").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.text, see(&api, "/play/another").await.text);
    let policy = header(&page.headers, "content-security-policy").unwrap();
    for said in [
        "default-src 'none'",
        "script-src 'self';",
        "style-src 'self';",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ] {
        assert!(policy.contains(said), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    assert_eq!(header(&page.headers, "referrer-policy"), Some("no-referrer"));
    assert!(!page.text.contains("<style") && !page.text.contains(" style="), "{}", page.text);
    for script in page.text.split("<script").skip(1) {
        assert!(script.trim_start().starts_with("src="), "none stands in the page: {script}");
    }
    let named = page.text.split('"').filter(|text| text.contains(".js") || text.contains("page/"));
    let files: Vec<String> = named.map(|name| format!("/play/{name}")).collect();
    assert_eq!(files.len(), 4, "{files:?}");
    for file in &files {
        let answer = see(&api, file).await;
        assert_eq!(answer.status, 200, "{file}");
        assert_eq!(header(&answer.headers, "x-content-type-options"), Some("nosniff"));
        let elsewhere = answer.text.replace("http://www.w3.org/2000/svg", "");
        assert!(!elsewhere.contains("http"), "{file}");
        let tag = header(&answer.headers, "etag").unwrap();
        assert_eq!(Some(tag), header(&page.headers, "etag"), "one version of all");
        for known in [tag, &format!("\"other\", {tag}"), "*"] {
            let again = api.send_bare(ask("GET", file).header("if-none-match", known)).await;
            assert_eq!((again.status.as_u16(), &*again.text), (304, ""), "{file}");
            assert_eq!(header(&again.headers, "etag"), Some(tag));
        }
        let other = api.send_bare(ask("GET", file).header("if-none-match", "W/\"other\"")).await;
        assert_eq!(other.status, 200);
    }
    is(&see(&api, "/play/page/nothing.js").await, 404, "not_found");
}

#[tokio::test]
async fn the_widget_is_one_small_script() {
    let api = Api::start().await;
    let plain = see(&api, "/play/widget.js").await;
    assert_eq!(header(&plain.headers, "content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(header(&plain.headers, "cross-origin-resource-policy"), Some("cross-origin"));
    for part in ["dark.css", "widget.css"] {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../portal/play");
        let style = std::fs::read_to_string(format!("{folder}/{part}")).unwrap();
        assert!(!style.contains(['`', '\\']), "{part} stands in a text of the script");
        assert_eq!(style.matches("${").count(), style.matches("${DARK}").count(), "{part}");
    }
    let packed = api.begin(ask("GET", "/play/widget.js").header("accept-encoding", "gzip")).await;
    assert_eq!(header(packed.headers(), "content-encoding"), Some("gzip"));
    let bytes = axum::body::to_bytes(packed.into_body(), 1 << 20).await.unwrap();
    assert!(bytes.len() < 12 << 10, "{} bytes", bytes.len());
}
