//! The trail as it is asked for: filters, pages, what is whose, and what happens where it cannot be written.

use std::future::poll_fn;
use std::ops::ControlFlow;
use std::task::Poll;

use accolade_server::roles::Role;
use accolade_server::{DeniedMax, Lent, Settings};
use accolade_wire::trail::{TrailKind, TrailRecord};
use serde_json::{Value, json};

use crate::harness::{Answer, Api, OPERATOR, ask, wager};

/// All records of a node, the oldest first.
pub(crate) async fn records(api: &Api) -> Vec<TrailRecord> {
    let trail = api.node.trail();
    let (sender, written) = tokio::sync::oneshot::channel();
    trail.after_all(Box::new(move |result| drop(sender.send(result))));
    written.await.unwrap().unwrap();
    let (mut records, mut before) = (Vec::new(), None);
    let mut each = |record: &TrailRecord| {
        records.push(record.clone());
        ControlFlow::Continue(())
    };
    let readable = trail.readable().0;
    while let accolade_storage::trail::Looked::To(at) =
        readable.newest_first(before, &mut each).unwrap()
    {
        before = Some(at);
    }
    records.reverse();
    records
}

async fn whole(api: &Api, query: &str) -> Answer {
    let answer = api.on_socket(ask("GET", &format!("/local/audit?{query}"))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

fn items(answer: &Answer) -> &Vec<Value> {
    answer.json["items"].as_array().unwrap()
}

fn fields<'a>(answer: &'a Answer, field: &str) -> Vec<&'a str> {
    items(answer).iter().map(|item| item[field].as_str().unwrap_or("")).collect()
}

/// A node with looks and changes of two people at three players.
async fn lived_in() -> Api {
    let api = Api::start().await;
    for player in ["p1", "p2", "p3"] {
        api.wager(&wager(&format!("w-{player}"), player)).await;
    }
    for role in [Role::Support, Role::Auditor, Role::Product] {
        let operators = vec![OPERATOR.to_owned()];
        api.service.lend(role.code(), Lent { role, operators, player: None });
    }
    for _ in 0..5 {
        for player in ["p1", "p2", "p3"] {
            send_as(&api, Role::Support, "GET", &format!("/api/v1/players/{player}/balance")).await;
            send_as(&api, Role::Auditor, "GET", &format!("/api/v1/players/{player}/ledger")).await;
        }
    }
    send_as(&api, Role::Support, "GET", "/api/v1/players/p9/balance").await;
    send_as(&api, Role::Product, "GET", "/api/v1/players/p1/balance").await;
    api
}

async fn send_as(api: &Api, role: Role, method: &str, path: &str) -> Answer {
    let shown = format!("Bearer {}", role.code());
    api.send_bare(ask(method, path).header("authorization", &shown)).await
}

#[tokio::test]
async fn records_are_found_by_who_whom_what_when_and_how_it_ended() {
    let api = lived_in().await;
    let all = api.get("/api/v1/audit?limit=500").await;
    let count = |query: &'static str| {
        let api = &api;
        async move {
            let answer = api.get(&format!("/api/v1/audit?limit=500&{query}")).await;
            assert_eq!(answer.status, 200, "{query}: {answer:?}");
            items(&answer).len()
        }
    };
    assert!(items(&all).len() > 30);
    let support = "subject=a+lent+key+of+the+role+support";
    assert_eq!(count(support).await, 16);
    assert_eq!(count("playerId=p2").await, 10);
    assert_eq!(count("playerId=p2&route=getBalance").await, 5);
    assert_eq!(count("about=p2").await, 10);
    assert_eq!(count("about=p2&route=getBalance").await, 5);
    assert_eq!(count("about=nothing").await, 0);
    assert_eq!(count("kind=denied").await, 1);
    assert_eq!(count("outcome=refused").await, 2);
    assert_eq!(count("outcome=failed").await, 0);
    assert_eq!(count("kind=change").await, 1, "the program");
    let times = fields(&all, "at");
    assert!(times.windows(2).all(|pair| pair[0] >= pair[1]), "{times:?}");
    let middle = times[10];
    let encoded = middle.replace(':', "%3A");
    let older = api.get(&format!("/api/v1/audit?limit=500&to={encoded}")).await;
    let younger = api.get(&format!("/api/v1/audit?limit=500&from={encoded}")).await;
    assert!(fields(&older, "at").iter().all(|at| *at < middle));
    assert!(fields(&younger, "at").iter().all(|at| *at >= middle));
    for query in ["kind=other", "outcome=good", "from=yesterday", "player=p1", "limit=0"] {
        let answer = api.get(&format!("/api/v1/audit?{query}")).await;
        assert_eq!((answer.status.as_u16(), &answer.json["code"]), (400, &json!("bad_query")));
    }
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_and_a_cursor_belongs_to_its_query() {
    let api = lived_in().await;
    let whole = api.get("/api/v1/audit?limit=500&kind=read").await;
    let expected: Vec<u64> =
        items(&whole).iter().map(|item| item["number"].as_u64().unwrap()).collect();
    let (mut found, mut cursor) = (Vec::new(), String::new());
    let first = loop {
        let answer = api.get(&format!("/api/v1/audit?limit=4&kind=read{cursor}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        found.extend(items(&answer).iter().map(|item| item["number"].as_u64().unwrap()));
        match answer.json["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break cursor,
        }
    };
    // Each look at the trail is a record itself, and younger than the page goes back.
    found.retain(|number| *number <= expected[0]);
    assert_eq!(found, expected);
    for query in ["kind=denied", "kind=read&playerId=p1"] {
        let answer = api.get(&format!("/api/v1/audit?{query}{first}")).await;
        assert_eq!((answer.status.as_u16(), &answer.json["code"]), (400, &json!("bad_cursor")));
    }
}

#[tokio::test]
async fn an_operator_sees_its_own_records_and_the_administrator_all() {
    let api = lived_in().await;
    let other = api.add_operator("operator-555", 0).await;
    let shown = format!("Bearer {other}");
    let get = |path: &str| ask("GET", path).header("authorization", &shown);
    api.send_bare(get("/api/v1/players/p1/balance")).await;
    let theirs = api.send_bare(get("/api/v1/audit?limit=500")).await;
    assert!(fields(&theirs, "operatorId").iter().all(|id| *id == "operator-555"), "{theirs:?}");
    assert_eq!(fields(&theirs, "route"), ["getBalance"]);
    let tried = api.send_bare(get(&format!("/api/v1/audit?operatorId={OPERATOR}"))).await;
    assert_eq!(tried.status, 404);
    api.send_bare(ask("GET", "/api/v1/players/p1/balance").from("192.0.2.9")).await;
    let all = whole(&api, "limit=500").await;
    let operators = fields(&all, "operatorId");
    for expected in ["", OPERATOR, "operator-555"] {
        assert!(operators.contains(&expected), "{expected} of {operators:?}");
    }
    assert_eq!(fields(&all, "kind").last(), Some(&"began"));
    let one = whole(&api, "limit=500&operatorId=operator-555").await;
    assert!(fields(&one, "operatorId").iter().all(|id| *id == "operator-555"));
    let nobody_s = whole(&api, "kind=denied&limit=1").await;
    assert_eq!(fields(&nobody_s, "peer"), ["192.0.2.9"]);
    for (role, status) in [(Role::Auditor, 200), (Role::Support, 403), (Role::Product, 403)] {
        assert_eq!(send_as(&api, role, "GET", "/api/v1/audit").await.status, status, "{role:?}");
    }
}

#[tokio::test]
async fn intake_and_what_a_player_sees_are_counts_that_survive_a_restart() {
    let api = Api::start().await;
    for number in 0..7 {
        api.wager(&wager(&format!("w-{number}"), "p1")).await;
    }
    let operators = vec![OPERATOR.to_owned()];
    let lent = Lent { role: Role::Player, operators, player: Some("p1".to_owned()) };
    api.service.lend("player", lent);
    for _ in 0..3 {
        send_as(&api, Role::Player, "GET", "/api/v1/players/p1/balance").await;
    }
    assert!(items(&whole(&api, "kind=counted").await).is_empty());
    api.service.finish_trail();
    let api = api.restart(|_| ());
    let counted = whole(&api, "kind=counted&limit=500").await;
    let of = |route: &str, status: u64| {
        let is_it = |item: &&Value| item["route"] == route && item["status"] == status;
        items(&counted).iter().find(is_it).map(|item| item["count"].clone())
    };
    assert_eq!(of("takeInWagers", 200), Some(json!(7)));
    assert_eq!(of("getBalance", 200), Some(json!(3)));
    assert!(fields(&counted, "playerId").iter().all(|player| player.is_empty()));
}

#[tokio::test]
async fn a_flood_of_refused_credentials_leaves_a_bounded_number_of_records() {
    let denied_max = DeniedMax { by_address: 5, in_all: 8 };
    let api = Api::with_limits(Settings { denied_max, ..Settings::default() }, 0).await;
    for number in 0..300 {
        let peer = format!("192.0.2.{}", number % 3);
        let shown = "Bearer acc_what_is_wrong";
        let request = ask("GET", "/api/v1/players/p1/balance").from(&peer);
        let answer = api.send_bare(request.header("authorization", shown)).await;
        assert_eq!(answer.status, 401);
    }
    api.service.finish_trail();
    let records = records(&api).await;
    let of = |kind| records.iter().filter(move |record| record.entry.kind == kind);
    assert_eq!(of(TrailKind::Denied).count(), 8);
    let counted: u64 = of(TrailKind::DeniedCounted).map(|record| record.entry.count).sum();
    assert_eq!((of(TrailKind::DeniedCounted).count(), counted), (3, 292));
}

/// Bends a byte of the trail's last segment, so that the next start finds it damaged.
fn bend(directory: &std::path::Path) {
    let folder = std::fs::read_dir(directory.join("audit/trail")).unwrap();
    let mut paths: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let last = paths.last().unwrap();
    let mut bytes = std::fs::read(last).unwrap();
    bytes[150] ^= 1;
    std::fs::write(last, bytes).unwrap();
}

#[tokio::test]
async fn where_the_trail_cannot_be_written_changes_are_refused_and_intake_goes_on() {
    let api = lived_in().await;
    records(&api).await;
    let directory = api.stop();
    bend(directory.path());
    let mut api = Api::open(directory, Settings::default(), |_| ());
    let operators = vec![OPERATOR.to_owned()];
    for (role, player) in [(Role::Admin, None), (Role::Player, Some("p1".to_owned()))] {
        api.service.lend(role.code(), Lent { role, operators: operators.clone(), player });
    }
    api.key = Role::Admin.code().to_owned();
    let consent = ask("PUT", "/api/v1/players/p1/consent").json(&json!({ "consent": "out" }));
    let refused = api.send(consent).await;
    assert_eq!((refused.status.as_u16(), &refused.json["code"]), (503, &json!("audit_failed")));
    assert!(refused.headers.contains_key("retry-after"));
    let look = api.get("/api/v1/players/p1/balance").await;
    assert_eq!((look.status.as_u16(), &look.json["code"]), (503, &json!("audit_failed")));
    let ready = api.send_bare(ask("GET", "/readyz")).await;
    assert_eq!(ready.status, 503);
    assert!(ready.text.contains("audit_failed") && ready.text.contains("is damaged"), "{ready:?}");
    assert_eq!(api.wager(&wager("w-after", "p1")).await["outcome"], "counted", "p1 is still in");
    let own = send_as(&api, Role::Player, "GET", "/api/v1/players/p1/balance").await;
    assert_eq!(own.status, 200);
    assert_eq!(api.get("/api/v1/program").await.status, 200);
}

#[tokio::test]
async fn a_bent_byte_of_the_trail_is_found_by_the_audit_and_its_record_named() {
    let api = lived_in().await;
    let verified = api.on_socket(ask("GET", "/local/audit/verify")).await;
    let last: Value = serde_json::from_str(verified.text.lines().last().unwrap()).unwrap();
    assert_eq!(last["result"], "ok", "{verified:?}");
    assert!(last["trailRecords"].as_u64().unwrap() > 30);
    let folder = api.directory().join("audit/trail");
    let path = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&path).unwrap();
    let number =
        records(&api).await.iter().position(|record| record.entry.player == "p3").unwrap() + 1;
    let place = bytes.windows(2).position(|window| window == b"p3").unwrap();
    bytes[place] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let verified = api.on_socket(ask("GET", "/local/audit/verify")).await;
    let last: Value = serde_json::from_str(verified.text.lines().last().unwrap()).unwrap();
    assert_eq!(last["result"], "failed", "{verified:?}");
    assert_eq!(last["firstFailure"]["record"]["number"], number, "{verified:?}");
}

#[tokio::test]
async fn a_change_that_was_answered_is_there_after_a_crash_and_whoever_hangs_up_is_put_down_too() {
    let api = Api::start().await;
    let made = api.post("/api/v1/keys", &json!({ "name": "n", "roles": ["support"] })).await;
    assert_eq!(made.status, 201);
    let (_, end) = api.node.trail().readable();
    let durable = records(&api).await;
    assert_eq!(durable.last().unwrap().entry.route, "makeKey");
    assert_eq!(end.unwrap().next, durable.len() as u64 + 1, "it was durable when it was answered");
    // Asked for, and not waited for.
    let key = json!({ "name": "another", "roles": ["support"] });
    let mut asking = Box::pin(api.post("/api/v1/keys", &key));
    let once = poll_fn(|context| Poll::Ready(asking.as_mut().poll(context).is_pending()));
    assert!(once.await, "it is begun, and not answered at once");
    drop(asking);
    let last = records(&api).await.pop().unwrap();
    assert_eq!((&*last.entry.route, &*last.entry.code), ("makeKey", "abandoned"));
}
