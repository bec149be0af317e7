//! A cursor goes on with its own query and with no other one.

use accolade_server::routes::{self, Audience, Listed};
use serde_json::json;

use super::world::World;
use super::{Counts, is};
use crate::harness::{Answer, Api, Ask, ask, wager};

/// What else a list may be asked, by the id of its route.
fn others(id: &str) -> &'static [&'static str] {
    match id {
        "getLedger" => &["order=asc", "kind=earned", "from=2020-01-01T00:00:00Z"],
        "listVersions"
        | "listRedemptions"
        | "listAdjustments"
        | "listSignals"
        | "getRewardStock"
        | "getTournamentResults"
        | "listOptIns" => &[],
        "findRedemptions" => &["state=reserved", "state=all", "from=2020-01-01T00:00:00Z"],
        "findAdjustments" => &["state=waiting", "state=all", "from=2020-01-01T00:00:00Z"],
        "listOpenSignals" => &["state=open"],
        "listTournaments" => &["state=scheduled"],
        "listDeadLetters" | "listLettersOfNobody" => &["state=open", "kind=wager"],
        "retryManyDeadLetters" | "discardManyDeadLetters" => &["reason=too_late", "kind=wager"],
        "retryManyLettersOfNobody" | "discardManyLettersOfNobody" => &["reason=malformed"],
        "listPlayerEvents" => &["outcome=counted", "kind=wager", "from=2020-01-01T00:00:00Z"],
        "listAudit" | "listWholeAudit" => &["kind=read", "outcome=ok", "route=getLedger"],
        other => panic!("the list `{other}` has no other queries: which filters has it?"),
    }
}

fn lists() -> impl Iterator<Item = Listed> {
    routes::list().into_iter().filter(|route| route.has_cursors)
}

/// A list, asked through a node.
struct List<'a> {
    world: &'a World,
    route: Listed,
    path: String,
}

impl List<'_> {
    fn request(&self, query: &str) -> Ask {
        // What changes is only tried.
        let dry = if self.route.method == "GET" { "" } else { "dryRun=true&" };
        let request = ask(self.route.method, &format!("{}?{dry}{query}", self.path));
        if self.route.has_body { request.json(&json!({ "why": "a test" })) } else { request }
    }

    async fn ask(&self, node: usize, query: &str) -> Answer {
        let api = self.world.api(node);
        let request = self.request(query);
        match self.route.audience {
            Audience::Socket => api.on_socket(request).await,
            _ => api.send(request).await,
        }
    }

    /// A cursor of the query.
    async fn cursor(&self, node: usize, query: &str) -> String {
        let answer = self.ask(node, &format!("limit=1&{query}")).await;
        assert_eq!(answer.status, 200, "{} {query}: {answer:?}", self.path);
        let next = answer.json["nextCursor"].as_str();
        next.unwrap_or_else(|| panic!("no second page of {}?{query}", self.path)).to_owned()
    }

    async fn refuses(&self, node: usize, query: &str, cursor: &str, about: &str) {
        let cursor: String = form_urlencoded::byte_serialize(cursor.as_bytes()).collect();
        let answer = self.ask(node, &format!("cursor={cursor}&{query}")).await;
        is(&answer, 400, "bad_cursor", &format!("{} with {about} `{cursor}`", self.path));
        assert!(answer.json["detail"].as_str().unwrap().contains("`cursor`"), "{answer:?}");
        self.world.check(self.route, &answer);
    }
}

#[tokio::test]
async fn a_cursor_belongs_to_its_query_embedded() {
    ask_all(&World::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_belongs_to_its_query_and_to_all_nodes_of_a_cluster() {
    ask_all(&World::clustered().await).await;
}

async fn ask_all(world: &World) {
    let mut counts = Counts::default();
    world.write_more().await;
    for node in world.nodes() {
        let path = |id| world.path(id, node).split('?').next().unwrap().to_owned();
        let list = |route: Listed| List { world, route, path: path(route.id) };
        let mut cursors = Vec::new();
        for route in lists() {
            cursors.push((route, list(route).cursor(node, "").await));
        }
        for (route, own) in &cursors {
            let list = list(*route);
            for through in world.nodes() {
                let answer = list.ask(through, &format!("limit=7&cursor={own}")).await;
                assert_eq!(answer.status, 200, "{}: {answer:?}", route.id);
                counts.add("of its own");
            }
            for (other, cursor) in cursors.iter().filter(|(other, _)| other.id != route.id) {
                list.refuses(node, "", cursor, other.id).await;
                counts.add("of another list");
            }
            for query in others(route.id) {
                list.refuses(node, query, own, "that of fewer filters").await;
                let cursor = list.cursor(node, query).await;
                list.refuses(node, "", &cursor, query).await;
                let answer = list.ask(node, &format!("{query}&cursor={cursor}")).await;
                assert_eq!(answer.status, 200, "{}: {answer:?}", route.id);
                counts.add("of another filter or order");
            }
            if route.path.contains("{playerId}") {
                let path = format!("/api/v1/players/{}/ledger", World::ANOTHER);
                let other = List { world, route: *route, path };
                other.refuses(node, "", own, "another player's").await;
                list.refuses(node, "", &other.cursor(node, "").await, "another player's").await;
                counts.add("of another player");
            }
            if route.audience == Audience::Everybody {
                let shown = format!("Bearer {}", world.other_key());
                let request = list.request(&format!("cursor={own}"));
                let request = request.header("authorization", &shown);
                let answer = world.api(node).send_bare(request).await;
                is(&answer, 400, "bad_cursor", &format!("{} of another operator", route.id));
                counts.add("of another operator");
            }
            for invented in ["", "c0", "0-1-1", "zzz", "\u{fc}\u{fc}", &"0".repeat(own.len())] {
                list.refuses(node, "", invented, "an invented").await;
                counts.add("invented");
            }
            for length in 0..own.len() {
                list.refuses(node, "", &own[..length], "a cut").await;
                counts.add("cut");
            }
            list.refuses(node, "", &format!("{own}0"), "a longer").await;
            for at in 0..own.len() {
                let mut bytes = own.clone().into_bytes();
                bytes[at] ^= 1 << (at % 7);
                let changed = String::from_utf8(bytes).unwrap();
                list.refuses(node, "", &changed, "a changed").await;
                counts.add("with one bit changed");
            }
        }
    }
    counts.print(world.form());
}

#[tokio::test]
async fn a_cursor_holds_over_a_restart() {
    let api = Api::start().await;
    for name in ["w1", "w2", "w3"] {
        api.wager(&wager(name, "p1")).await;
    }
    let first = api.get("/api/v1/players/p1/ledger?limit=1").await.json;
    let cursor = first["nextCursor"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/players/p1/ledger?cursor={cursor}");
    let before = api.get(&path).await;
    assert_eq!(before.json["items"].as_array().unwrap().len(), 2, "{before:?}");
    let api = api.restart(|_| ());
    assert_eq!(api.get(&path).await.json, before.json);
}
