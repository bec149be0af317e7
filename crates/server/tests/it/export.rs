//! What is taken out whole is what the API shows page by page, in both forms.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};

use axum::response::Response;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::cluster::fake::Cluster;
use crate::harness::{Api, ask, game_event, void, wager};

const PROGRAM: &str = "\
currency: EUR
earning: { multipliers: { slots: 0.1 } }
eligibility: { categories: [slots] }
adjustments: { approvalAbove: 50 }
signals: [ { name: often, kind: velocity, over: { wagers: 5, within: 12h } } ]
";

/// The last one is what a spreadsheet would take for a formula, with a column's end in it.
const PLAYERS: [&str; 5] = ["e1", "e2", "e3", "e4", "=e,5"];

fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn of_player(player: &str, what: &str) -> String {
    format!("/api/v1/players/{}/{what}", escaped(player))
}

async fn lived_in(api: &Api) {
    let body = json!({ "why": "export", "program": PROGRAM });
    let publish = ask("POST", "/api/v1/program/versions").json(&body).header("if-match", "1");
    assert_eq!(api.send(publish).await.status, 201);
    for player in PLAYERS {
        for number in 0..7 {
            let mut wager = wager(&format!("w-{number}"), player);
            if number == 3 {
                wager["gameCategory"] = json!("poker");
            }
            api.wager(&wager).await;
        }
        api.wager(&void("w-1", player)).await;
        let played = json!([game_event(Some("e-1"), player)]);
        assert_eq!(api.post("/api/v1/events?wait=applied", &played).await.status, 200);
        let redemptions = of_player(player, "redemptions");
        let spent = api.post(&redemptions, &json!({ "points": 20, "item": "a, \"b\"" })).await;
        let confirm = format!("/api/v1/redemptions/{}/confirm", spent.json["id"].as_str().unwrap());
        assert_eq!(api.send(ask("POST", &confirm)).await.status, 200);
        api.post(&redemptions, &json!({ "points": 5 })).await;
        for (points, why) in [(2, "=1+1"), (60, "a gift")] {
            let body = json!({ "points": points, "why": why });
            assert_eq!(api.post(&of_player(player, "adjustments"), &body).await.status, 200);
        }
    }
    let consent = ask("PUT", &of_player("e2", "consent")).json(&json!({ "consent": "in" }));
    assert_eq!(api.send(consent).await.status, 200);
}

/// Another operator's players have the same names.
async fn of_another_operator(api: &Api) -> String {
    let key = format!("Bearer {}", api.add_operator("operator-555", 0).await);
    for player in PLAYERS {
        let opening = ask("POST", &of_player(player, "opening")).json(&json!({ "points": 77 }));
        assert_eq!(api.send_bare(opening.header("authorization", &key)).await.status, 200);
    }
    key
}

async fn bytes(response: Response) -> Vec<u8> {
    assert_eq!(response.status(), 200);
    response.into_body().collect().await.unwrap().to_bytes().to_vec()
}

async fn taken_out(api: &Api, path: &str) -> Vec<u8> {
    let authorization = format!("Bearer {}", api.key);
    bytes(api.begin(ask("GET", path).header("authorization", &authorization)).await).await
}

/// The lines of each file of an archive.
fn unpacked(archive: Vec<u8>) -> BTreeMap<String, Vec<String>> {
    let mut zip = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut files = BTreeMap::new();
    for number in 0..zip.len() {
        let mut file = zip.by_index(number).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        let name = file.name().unwrap().into_owned();
        files.insert(name, text.lines().map(str::to_owned).collect());
    }
    files
}

fn values(lines: &[String]) -> Vec<Value> {
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn items(api: &Api, path: &str) -> Vec<Value> {
    api.get(path).await.json["items"].as_array().unwrap().clone()
}

/// The cells of a line of CSV.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut quoted, mut rest) = (vec![String::new()], false, line.chars().peekable());
    while let Some(next) = rest.next() {
        let cell = cells.last_mut().unwrap();
        match next {
            '"' if quoted && rest.peek() == Some(&'"') => cell.push(rest.next().unwrap()),
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => cell.push(other),
        }
    }
    cells
}

/// The lines of a table by the names of their columns.
fn table(lines: &[String]) -> Vec<BTreeMap<String, String>> {
    let head = cells(&lines[0]);
    let row = |line: &String| {
        let cells = cells(line);
        assert_eq!(cells.len(), head.len(), "{line}");
        head.iter().cloned().zip(cells).collect()
    };
    lines[1..].iter().map(row).collect()
}

async fn an_archive_has_what_lists_show(api: &Api, other: &Api) {
    lived_in(api).await;
    let stranger = of_another_operator(api).await;
    for player in PLAYERS {
        for node in [api, other] {
            let mut files = unpacked(taken_out(node, &of_player(player, "export")).await);
            let manifest = values(&files.remove("manifest.json").unwrap()).remove(0);
            let counts: BTreeMap<&String, usize> =
                files.iter().map(|(name, lines)| (name, lines.len())).collect();
            assert_eq!(
                manifest,
                json!({ "playerId": player, "operatorId": "operator-789", "lines": counts })
            );
            let ledger = items(node, &of_player(player, "ledger?order=asc&limit=500")).await;
            assert_eq!(values(&files["ledger.ndjson"]), ledger);
            for what in ["redemptions", "adjustments", "signals"] {
                let shown = items(node, &of_player(player, what)).await;
                assert_ne!(shown, [] as [Value; 0], "{what}");
                assert_eq!(values(&files[&format!("{what}.ndjson")]), shown, "{what}");
                let rows = table(&files[&format!("{what}.csv")]);
                let ids: Vec<_> = rows.iter().map(|row| json!(row["id"])).collect();
                assert_eq!(ids, shown.iter().map(|item| item["id"].clone()).collect::<Vec<_>>());
            }
            let told = values(&files["player.json"]).remove(0);
            let balance = node.get(&of_player(player, "balance")).await.json;
            assert_eq!(told["balance"], balance);
            assert_eq!(told["consent"], if player == "e2" { json!("in") } else { Value::Null });
            assert_eq!(told["selfExclusion"]["isExcluded"], false);
            let statistics = node.get(&of_player(player, "stats")).await.json;
            assert_eq!(told["statistics"], statistics);
            assert_eq!(statistics["totalEvents"], 1);
            let events = values(&files["events.ndjson"]);
            let told = |event: &Value| json!([event["eventId"], event["kind"], event["outcome"]]);
            let mut expected: Vec<_> = (0..7)
                .map(|number| {
                    let outcome = if number == 3 { "refused" } else { "counted" };
                    json!([format!("w-{number}"), "wager", outcome])
                })
                .collect();
            expected.push(json!(["w-1", "void", "voided"]));
            expected.push(json!(["e-1", "game_event", "counted"]));
            assert_eq!(events.iter().map(told).collect::<Vec<_>>(), expected);
            let mut of_player = events.iter().map(|event| &event["event"]);
            let is_theirs =
                |event: &Value| event["playerId"] == player || event["player_id"] == player;
            assert!(of_player.all(is_theirs));
            let adjusted = table(&files["adjustments.csv"]);
            assert_eq!((&*adjusted[0]["why"], &*adjusted[1]["why"]), ("'=1+1", "a gift"));
            assert_eq!(table(&files["redemptions.csv"])[0]["item"], "a, \"b\"");
            assert_eq!(table(&files["ledger.csv"]).len(), ledger.len());
        }
    }
    for node in [api, other] {
        let unknown = node.get(&of_player("nobody", "export")).await;
        assert_eq!((unknown.status.as_u16(), &unknown.json["code"]), (404, &json!("not_found")));
        let request = ask("GET", &of_player("e1", "export")).header("authorization", &stranger);
        let theirs = unpacked(bytes(node.begin(request).await).await);
        assert_eq!(theirs["ledger.ndjson"].len(), 1, "the opening balance alone");
        assert!(theirs["events.ndjson"].is_empty());
    }
}

/// The rows of a ledger, without the last that says how many there are.
async fn ledger(api: &Api, query: &str) -> Vec<BTreeMap<String, String>> {
    let text = taken_out(api, &format!("/api/v1/ledger?{query}")).await;
    let lines: Vec<String> = String::from_utf8(text).unwrap().lines().map(str::to_owned).collect();
    let mut rows = table(&lines);
    let end = rows.pop().unwrap();
    assert_eq!((&*end["kind"], &*end["sequence"]), ("end", &*rows.len().to_string()));
    rows
}

async fn a_ledger_has_each_entry_of_its_time_once(api: &Api, other: &Api) {
    lived_in(api).await;
    of_another_operator(api).await;
    let mut expected = BTreeMap::new();
    for player in PLAYERS {
        for entry in items(api, &of_player(player, "ledger?limit=500")).await {
            // What a spreadsheet would take for a formula has an apostrophe before it.
            let shown = if player.starts_with('=') { format!("'{player}") } else { player.into() };
            let hash = entry["hash"].as_str().unwrap().to_owned();
            let time = entry["recordTime"].as_str().unwrap().to_owned();
            let points = entry["points"].as_f64().unwrap();
            expected.insert(hash, (time, shown, entry["sequence"].to_string(), points));
        }
    }
    let times: BTreeSet<&String> = expected.values().map(|(time, ..)| time).collect();
    let times: Vec<_> = times.into_iter().collect();
    let (first, middle, last) = (times[0], times[times.len() / 2], times[times.len() - 1]);
    for node in [api, other] {
        for (from, to) in [
            ("1970-01-01T00:00:00Z", None),
            (middle, None),
            (first, Some(middle)),
            (middle, Some(last)),
            (first, Some(first)),
            ("2999-01-01T00:00:00Z", None),
        ] {
            let query = match to {
                Some(to) => format!("from={}&to={}", escaped(from), escaped(to)),
                None => format!("from={}", escaped(from)),
            };
            let rows = ledger(node, &query).await;
            let found: BTreeMap<_, _> = rows
                .iter()
                .map(|row| {
                    let points: f64 = row["points"].parse().unwrap();
                    let told = (&row["recordTime"], &row["playerId"], &row["sequence"], points);
                    (&row["hash"], told)
                })
                .collect();
            assert_eq!(found.len(), rows.len(), "{query}: none twice");
            let is_within = |time: &str| time >= from && to.is_none_or(|to| time < &**to);
            let wanted: BTreeMap<_, _> = expected
                .iter()
                .filter(|(_, (time, ..))| is_within(time))
                .map(|(hash, (time, player, sequence, points))| {
                    (hash, (time, player, sequence, *points))
                })
                .collect();
            assert_eq!(found, wanted, "{query}");
        }
        let without = node.get("/api/v1/ledger").await;
        assert_eq!((without.status.as_u16(), &without.json["code"]), (400, &json!("bad_query")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_player_and_a_ledger_are_taken_out_in_the_embedded_form() {
    let api = Api::start().await;
    an_archive_has_what_lists_show(&api, &api).await;
    let api = Api::start().await;
    a_ledger_has_each_entry_of_its_time_once(&api, &api).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_player_and_a_ledger_are_taken_out_in_a_cluster_through_either_node() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    an_archive_has_what_lists_show(a, b).await;
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    a_ledger_has_each_entry_of_its_time_once(a, b).await;
}

/// An owner that is away while it tells breaks the answer off, and no end is made up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_told_to_its_end_breaks_off() {
    let cluster = Cluster::start().await;
    lived_in(cluster.a()).await;
    cluster.cut_off(crate::cluster::fake::B, true);
    let authorization = format!("Bearer {}", cluster.a().key);
    let from = "/api/v1/ledger?from=1970-01-01T00:00:00Z";
    let request = ask("GET", from).header("authorization", &authorization);
    let response = cluster.a().begin(request).await;
    assert!(response.status() != 200 || response.into_body().collect().await.is_err());
}
