//! Two nodes that share the partitions of a cluster: any of them answers every request.

mod between;
pub(crate) mod fake;
mod simulations;
mod strangers;
mod takeovers;
mod trail;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use accolade_engine::behaviour::KNOWN;
use accolade_engine::contract::gifts::GIFTS_THIRD;
use accolade_server::Settings;
use accolade_wire::identity::partition_of;
use accolade_wire::record::Kind;
use serde_json::{Value, json};

use self::fake::{A, B, Cluster};
use crate::harness::{
    Answer, Api, Ask, OPERATOR, PATIENCE, PROGRAM, ask, days_ago, finish, game_event, wager,
};

/// Players of all partitions, two of each.
fn players() -> Vec<String> {
    let mut players = Vec::new();
    for partition in 0..4 {
        let names = (0..).map(|number| format!("player-{number}"));
        players.extend(names.filter(|name| partition_of(name, 4) == partition).take(2));
    }
    players
}

fn player_in(partition: u16) -> String {
    players().into_iter().find(|name| partition_of(name, 4) == partition).unwrap()
}

/// Each player has a wager of one id for all and one of their own, a game event and a dead letter.
async fn lived_in() -> Cluster {
    live_in(Cluster::start().await).await
}

async fn live_in(cluster: Cluster) -> Cluster {
    let mut wagers = Vec::new();
    for player in players() {
        wagers.push(wager("w-all", &player));
        wagers.push(wager(&format!("w-{player}"), &player));
        let mut late = wager(&format!("late-{player}"), &player);
        late["timestamp"] = days_ago(10).into();
        wagers.push(late);
    }
    let answer = cluster.a().post("/api/v1/wagers?wait=applied", &wagers.into()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let events: Vec<Value> =
        players().iter().map(|player| game_event(Some(&format!("e-{player}")), player)).collect();
    let answer = cluster.b().post("/api/v1/events?wait=applied", &events.into()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    cluster
}

async fn items(api: &Api, path: &str) -> Vec<Value> {
    let answer = api.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json["items"].as_array().unwrap().clone()
}

fn is_elsewhere(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.json["code"], "elsewhere");
    assert_eq!(answer.headers["retry-after"], "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_can_be_read_through_either_node() {
    let cluster = lived_in().await;
    let mut paths = vec![
        "/api/v1/wagers/w-all/explanation".to_owned(),
        "/api/v1/program".to_owned(),
        "/api/v1/program/versions".to_owned(),
        "/api/v1/program/versions/1".to_owned(),
        "/api/v1/program/versions/1/diff".to_owned(),
        "/api/v1/dead-letters?limit=500".to_owned(),
    ];
    for player in players() {
        paths.push(format!("/api/v1/players/{player}/balance"));
        paths.push(format!("/api/v1/players/{player}/balance?asOf=2030-01-01T00:00:00Z"));
        paths.push(format!("/api/v1/players/{player}/ledger?limit=1"));
        paths.push(format!("/api/v1/players/{player}/stats"));
        paths.push(format!("/api/v1/events/w-{player}"));
        paths.push(format!("/api/v1/events/e-{player}"));
        paths.push(format!("/api/v1/events/late-{player}"));
        paths.push(format!("/api/v1/wagers/late-{player}/explanation"));
        paths.push(format!("/api/v1/wagers/w-{player}/explanation"));
        paths.push(format!("/api/v1/wagers/w-all/explanation?playerId={player}"));
    }
    for letter in items(cluster.a(), "/api/v1/dead-letters").await {
        paths.push(format!("/api/v1/dead-letters/{}", letter["id"].as_str().unwrap()));
    }
    assert!(paths.len() > 60);
    for path in paths {
        let (a, b) = (cluster.a().get(&path).await, cluster.b().get(&path).await);
        assert_eq!(
            (a.status, b.status),
            (200.try_into().unwrap(), 200.try_into().unwrap()),
            "{path}"
        );
        assert_eq!(a.text, b.text, "{path}");
        assert_eq!(a.headers["content-type"], b.headers["content-type"], "{path}");
        assert_eq!(a.headers.get("etag"), b.headers.get("etag"), "{path}");
    }
    for player in players() {
        let balance = cluster.a().get(&format!("/api/v1/players/{player}/balance")).await;
        assert!(balance.text.contains("\"pointsBalance\":20.00"), "{balance:?}");
        let counted = cluster.a().get(&format!("/api/v1/players/{player}/stats")).await;
        assert_eq!(counted.json["lastEvent"]["eventId"], format!("e-{player}"), "{counted:?}");
    }
    for path in ["/api/v1/events/nobody", "/api/v1/wagers/nobody/explanation"] {
        assert_eq!(cluster.a().get(path).await.status, 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_that_many_players_share_is_told_of_all_of_them() {
    let cluster = lived_in().await;
    for api in cluster.both() {
        let told = api.get("/api/v1/wagers/w-all/explanation").await.json;
        let others = told["others"].as_array().unwrap();
        let mut seen: BTreeSet<&str> =
            others.iter().map(|other| other["playerId"].as_str().unwrap()).collect();
        seen.insert(told["playerId"].as_str().unwrap());
        assert_eq!((others.len(), seen.len()), (players().len() - 1, players().len()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_player_s_token_that_one_node_signs_opens_at_the_other() {
    let cluster = lived_in().await;
    for player in players() {
        let body = json!({ "playerId": player });
        let signed = cluster.a().post("/api/v1/player-tokens", &body).await;
        let bearer = format!("Bearer {}", signed.json["token"].as_str().unwrap());
        for api in cluster.both() {
            let balance = ask("GET", &format!("/api/v1/players/{player}/balance"));
            let answer = api.send_bare(balance.header("authorization", &bearer)).await;
            assert_eq!(answer.json["playerId"], *player, "{answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_opens_at_both_nodes_until_it_is_revoked_at_one() {
    let cluster = Cluster::start().await;
    let body = json!({ "name": "the desk", "roles": ["support"] });
    let made = cluster.a().post("/api/v1/keys", &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let bearer = format!("Bearer {}", made.json["secret"].as_str().unwrap());
    let becomes = async |status: u16| {
        for api in cluster.both() {
            let until = Instant::now() + PATIENCE;
            loop {
                let ask = ask("GET", "/api/v1/program").header("authorization", &bearer);
                let answer = api.send_bare(ask).await;
                if answer.status == status {
                    break;
                }
                assert!(Instant::now() < until, "{status} is awaited: {answer:?}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    };
    becomes(200).await;
    let path = format!("/api/v1/keys/{}", made.json["id"].as_str().unwrap());
    assert_eq!(cluster.b().send(ask("DELETE", &path)).await.status, 200);
    becomes(401).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_hears_of_records_wherever_they_are_folded_and_a_repeat_of_the_first() {
    let cluster = Cluster::start().await;
    let wagers: Value = players().iter().map(|player| wager("w1", player)).collect();
    for (api, outcome) in cluster.both().into_iter().zip(["counted", "repeated"]) {
        let answer = api.post("/api/v1/wagers?wait=applied", &wagers).await;
        let results = answer.json["results"].as_array().unwrap();
        assert_eq!(results.len(), players().len());
        for result in results {
            assert_eq!(result["outcome"], outcome, "{answer:?}");
            assert_eq!(
                (&result["points"], &result["pointsBalance"], &result["multiplier"]),
                (&json!(10.0), &json!(10.0), &json!(0.1)),
                "{answer:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_are_carried_out_through_either_node() {
    let cluster = lived_in().await;
    for partition in 0..4 {
        let player = player_in(partition);
        let path = format!("/api/v1/players/{player}/consent");
        for (api, says) in cluster.both().into_iter().zip(["out", "in"]) {
            let request = || ask("PUT", &path).json(&json!({ "consent": says }));
            for _ in 0..2 {
                let key = format!("{says}-{partition}");
                let answer = api.send(request().header("idempotency-key", &key)).await;
                assert_eq!(
                    (&answer.json["outcome"], &answer.json["consent"]),
                    (&json!("done"), &json!(says))
                );
            }
            let counted = api.wager(&wager(&format!("after-{says}"), &player)).await;
            let expected = if says == "in" { "counted" } else { "refused" };
            assert_eq!(counted["outcome"], expected, "{counted}");
        }
        // The same key for something else is noticed, whichever node it reaches.
        let other = ask("PUT", &path).json(&json!({ "consent": "out" }));
        let answer =
            cluster.a().send(other.header("idempotency-key", &format!("in-{partition}"))).await;
        assert_eq!(answer.json["code"], "idempotency_key_reused");
        // So is another player, whose partition another node may have.
        let another = player_in((partition + 1) % 4);
        let path = format!("/api/v1/players/{another}/consent");
        for api in cluster.both() {
            let other = ask("PUT", &path).json(&json!({ "consent": "in" }));
            let answer =
                api.send(other.header("idempotency-key", &format!("in-{partition}"))).await;
            assert_eq!(answer.json["code"], "idempotency_key_reused", "{answer:?}");
        }
    }
    for letter in items(cluster.a(), "/api/v1/dead-letters").await {
        let path = format!("/api/v1/dead-letters/{}", letter["id"].as_str().unwrap());
        let mut original: Value =
            serde_json::from_str(letter["original"].as_str().unwrap()).unwrap();
        original["wagerAmount"] = 50.into();
        let body = json!({ "original": original.to_string() });
        let repaired = cluster.b().send(ask("PATCH", &path).json(&body)).await;
        assert_eq!(repaired.json["original"], original.to_string(), "{repaired:?}");
        let player = original["playerId"].as_str().unwrap();
        let (way, state) = if player == player_in(partition_of(player, 4)) {
            ("retry", "released")
        } else {
            ("discard", "discarded")
        };
        let body = json!({ "why": "too old" });
        let done = cluster.a().post(&format!("{path}/{way}"), &body).await;
        assert_eq!((done.status.as_u16(), &done.json["state"]), (200, &json!(state)));
        assert_eq!(cluster.b().get(&path).await.json, done.json);
        let bad = cluster.b().send(ask("PATCH", &path).json(&json!({ "original": "{}" }))).await;
        assert_eq!(bad.status, 422, "problems of the owner come through: {bad:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_is_answered_by_the_owner_through_either_node_and_orders_nothing() {
    let cluster = lived_in().await;
    let [a, b] = cluster.both();
    let before = (a.batches().await, b.batches().await);
    let letters = items(cluster.a(), "/api/v1/dead-letters").await;
    for api in cluster.both() {
        for partition in 0..4 {
            let path = format!("/api/v1/players/{}/consent?dryRun=true", player_in(partition));
            let dry = api.send(ask("PUT", &path).json(&json!({ "consent": "out" }))).await;
            assert_eq!(
                (&dry.json["outcome"], &dry.json["dryRun"]),
                (&json!("done"), &json!(true)),
                "{dry:?}"
            );
        }
        for letter in &letters {
            let path = format!("/api/v1/dead-letters/{}", letter["id"].as_str().unwrap());
            let dry = api.send(ask("POST", &format!("{path}/retry?dryRun=true"))).await;
            assert_eq!(dry.json["state"], "released", "{dry:?}");
            assert_eq!(api.get(&path).await.json, *letter);
        }
        let body = json!({ "why": "more", "program": PROGRAM.replace("5000", "6000") });
        let publish = ask("POST", "/api/v1/program/versions?dryRun=true").json(&body);
        let dry = api.send(publish.header("if-match", "1")).await;
        assert_eq!((&dry.json["version"], &dry.json["dryRun"]), (&json!(2), &json!(true)));
    }
    assert_eq!((a.batches().await, b.batches().await), before);
    // Who cannot prove that a partition is its own says nothing about what would be there.
    cluster.cut_off(B, true);
    let path = format!("/api/v1/players/{}/consent?dryRun=true", player_in(3));
    for api in cluster.both() {
        is_elsewhere(&api.send(ask("PUT", &path).json(&json!({ "consent": "out" }))).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_one_node_publishes_is_the_other_s() {
    let cluster = lived_in().await;
    let [a, b] = cluster.both();
    let body = json!({ "why": "more", "program": PROGRAM.replace("5000", "6000") });
    let publish = |version: &str| {
        ask("POST", "/api/v1/program/versions").json(&body).header("if-match", version)
    };
    let published = b.send(publish("1")).await;
    assert_eq!(published.json["version"], 2, "{published:?}");
    assert_eq!(a.send(publish("1")).await.status, 412);
    assert_eq!(a.send(publish("2")).await.json["version"], 3);
    let why = json!({ "why": "as before" });
    let back = |dry: &str| {
        let path = format!("/api/v1/program/versions/1/rollback{dry}");
        ask("POST", &path).json(&why).header("if-match", "3")
    };
    let tried = b.send(back("?dryRun=true")).await;
    assert_eq!((&tried.json["version"], &tried.json["dryRun"]), (&json!(4), &json!(true)));
    let back = b.send(back("")).await;
    assert_eq!((back.status.as_u16(), &back.json["version"]), (201, &json!(4)), "{back:?}");
    let key = a.add_operator("operator-555", 0).await;
    let list = ask("GET", "/api/v1/dead-letters").header("authorization", &format!("Bearer {key}"));
    assert_eq!(a.send_bare(list).await.json["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn merged_lists_are_complete_and_in_order_page_by_page() {
    let cluster = lived_in().await;
    let all = items(cluster.a(), "/api/v1/dead-letters?limit=500").await;
    assert_eq!(all.len(), players().len());
    let place = |letter: &Value| -> Vec<u64> {
        letter["id"].as_str().unwrap().split('-').map(|part| part.parse().unwrap()).collect()
    };
    assert!(all.is_sorted_by_key(place), "{all:?}");
    for api in cluster.both() {
        for limit in 1..=9 {
            let (mut paged, mut cursor) = (Vec::new(), String::new());
            loop {
                let path = format!("/api/v1/dead-letters?state=open&limit={limit}{cursor}");
                let page = api.get(&path).await.json;
                let items = page["items"].as_array().unwrap();
                assert!(items.len() <= limit);
                paged.extend(items.iter().cloned());
                let Some(next) = page["nextCursor"].as_str() else { break };
                assert_eq!(items.len(), limit);
                cursor = format!("&cursor={next}");
            }
            assert_eq!(paged, all, "pages of {limit}");
        }
        assert_eq!(items(api, "/api/v1/dead-letters?state=discarded").await, [] as [Value; 0]);
        let counts = api.get("/api/v1/dead-letters/counts").await.json;
        let open = items(api, "/api/v1/dead-letters?state=open").await.len();
        assert_eq!(counts["open"], open, "{counts}");
        assert_eq!(counts["isComplete"], true);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merged_page_ends_where_a_node_has_looked_at_enough() {
    let looking = || Settings { letters_looked_at_max: 2, ..Settings::default() };
    let cluster = live_in(Cluster::with(looking).await).await;
    for api in cluster.both() {
        let (mut found, mut lengths, mut cursor) = (Vec::new(), Vec::new(), String::new());
        loop {
            let page = api.get(&format!("/api/v1/dead-letters?limit=500{cursor}")).await.json;
            let items = page["items"].as_array().unwrap();
            lengths.push(items.len());
            found.extend(items.iter().map(|letter| letter["id"].clone()));
            let Some(next) = page["nextCursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(found.len(), players().len(), "{lengths:?}");
        let distinct: BTreeSet<_> = found.iter().map(|id| id.as_str().unwrap()).collect();
        assert_eq!(distinct.len(), found.len(), "none comes twice");
        assert!(lengths.len() > 2, "{lengths:?}");
    }
}

async fn tail(api: &Api, topic: &str, query: &str) -> Vec<Value> {
    let answer = api.on_socket(ask("GET", &format!("/local/topics/{topic}?{query}"))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_have_the_records_of_all_partitions() {
    let cluster = lived_in().await;
    let [a, b] = cluster.both();
    let count = players().len();
    for (topic, expected) in [
        ("wager.events", 3 * count),
        ("player.events.raw", count),
        ("loyalty.eligible", 2 * count),
        ("loyalty.calculated", 2 * count),
        ("loyalty.balances", count),
        ("accolade.dead-letters", count),
    ] {
        let lines = tail(a, topic, "from=earliest").await;
        assert_eq!(lines.len(), expected, "{topic}");
        assert_eq!(tail(b, topic, "from=earliest").await, lines, "{topic}");
        assert_eq!(tail(a, topic, "from=earliest&limit=3").await, lines[..3], "{topic}");
        assert_eq!(tail(b, topic, "from=latest").await, [] as [Value; 0], "{topic}");
        if topic != "loyalty.balances" {
            let time = |line: &Value| line["time"].as_str().unwrap().to_owned();
            assert!(lines.is_sorted_by_key(time), "{topic}: {lines:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_followed_shows_what_comes_to_another_node() {
    let cluster = lived_in().await;
    let [a, b] = cluster.both();
    let count = players().len();
    let path = format!("/local/topics/loyalty.balances?follow=true&limit={count}");
    let begun = a.begin_on_socket(ask("GET", &path)).await;
    for player in players() {
        b.wager(&wager("w9", &player)).await;
    }
    let answer = finish(begun).await;
    let mut keys: Vec<String> = answer
        .text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| line["key"].as_str().unwrap().to_owned())
        .collect();
    keys.sort();
    let mut expected: Vec<String> =
        players().iter().map(|player| format!("{OPERATOR}/{player}")).collect();
    expected.sort();
    assert_eq!(keys, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audit_and_a_status_are_of_all_nodes() {
    let cluster = lived_in().await;
    for api in cluster.both() {
        let audit = api.on_socket(ask("GET", "/local/audit/verify")).await;
        let last: Value = serde_json::from_str(audit.text.lines().last().unwrap()).unwrap();
        let count = players().len();
        assert_eq!(
            (&last["result"], &last["entries"]),
            (&json!("ok"), &json!(2 * count)),
            "{last}"
        );
        assert_eq!(last["accounts"], count);
        let status = api.on_socket(ask("GET", "/local/status")).await.json;
        assert_eq!(status["players"], count);
        assert_eq!(status["betweenNodes"], "clear");
        let mut here = status["partitionsHere"].as_array().unwrap().clone();
        assert_eq!(here.len(), 2);
        let nodes = status["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), 1);
        here.extend(nodes[0]["partitionsHere"].as_array().unwrap().clone());
        here.sort_by_key(Value::as_u64);
        assert_eq!(Value::from(here), json!([0, 1, 2, 3]));
        let ready = api.send_bare(ask("GET", "/readyz")).await;
        assert_eq!((ready.status.as_u16(), &ready.json["partitionsHere"]), (200, &json!(2)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_local_socket_reaches_what_is_at_another_node() {
    let cluster = lived_in().await;
    for partition in 0..4 {
        let path = format!("/api/v1/players/{}/balance", player_in(partition));
        for api in cluster.both() {
            let request = ask("GET", &path).header("x-accolade-operator", OPERATOR);
            assert_eq!(api.on_socket(request).await.json["pointsBalance"], json!(20.0));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_local_socket_of_any_node_reaches_dead_letters_that_belong_to_nobody() {
    let cluster = lived_in().await;
    for (partition, api) in [(0, cluster.a()), (1, cluster.a()), (2, cluster.b()), (3, cluster.b())]
    {
        api.take_from_kafka(Kind::Wager, "", b"{}", &player_in(partition)).await;
    }
    let list = |api: &'static str| ask("GET", &format!("/local/dead-letters{api}"));
    let letters = cluster.a().on_socket(list("")).await.json;
    assert_eq!(letters["items"].as_array().unwrap().len(), 4, "{letters}");
    assert_eq!(cluster.b().on_socket(list("")).await.json, letters);
    for (letter, api) in
        letters["items"].as_array().unwrap().iter().zip(cluster.both().into_iter().cycle())
    {
        let id = letter["id"].as_str().unwrap();
        let path = format!("/local/dead-letters/{id}");
        for api in cluster.both() {
            assert_eq!(api.on_socket(ask("GET", &path)).await.json, *letter);
            assert_eq!(api.get(&format!("/api/v1/dead-letters/{id}")).await.status, 404);
            assert_eq!(api.get(&path).await.status, 404);
        }
        let discard = ask("POST", &format!("{path}/discard")).json(&json!({ "why": "empty" }));
        let discarded = api.on_socket(discard.header("idempotency-key", id)).await;
        assert_eq!(discarded.json["state"], "discarded", "{discarded:?}");
    }
    // The key that a node has remembered is the same request by whichever node it comes again.
    for api in cluster.both() {
        for letter in letters["items"].as_array().unwrap() {
            let id = letter["id"].as_str().unwrap();
            let path = format!("/local/dead-letters/{id}/discard");
            let discard = ask("POST", &path).json(&json!({ "why": "empty" }));
            let again = api.on_socket(discard.header("idempotency-key", id)).await;
            assert_eq!(again.json["state"], "discarded", "{again:?}");
        }
        let open = api.on_socket(list("?state=open")).await.json;
        assert_eq!(open["items"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_makes_one_hop_at_the_most() {
    let cluster = lived_in().await;
    let path = format!("/api/v1/players/{}/balance", player_in(3));
    // Each node takes the other for the owner.
    cluster.set_owner(B, 3, Some(A));
    is_elsewhere(&cluster.a().get(&path).await);
    assert_eq!(cluster.forwarded(), [0, 1]);
    cluster.set_owner(B, 3, Some(B));
    assert_eq!(cluster.a().get(&path).await.status, 200);
    assert_eq!(cluster.forwarded(), [0, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_on_its_way_is_waited_for_and_not_for_ever() {
    let cluster = lived_in().await;
    let path = format!("/api/v1/players/{}/balance", player_in(3));
    cluster.set_owner(A, 3, None);
    let before = cluster.unowned();
    let arrives = async {
        // The request has looked for it, and looks again.
        let until = Instant::now() + PATIENCE;
        while cluster.unowned() < before + 2 {
            assert!(Instant::now() < until, "nobody looks for the partition");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        cluster.set_owner(A, 3, Some(B));
    };
    let (answer, ()) = tokio::join!(cluster.a().get(&path), arrives);
    assert_eq!(answer.status, 200, "{answer:?}");
    cluster.set_owner(A, 3, None);
    let ready = cluster.a().send_bare(ask("GET", "/readyz")).await;
    assert_eq!(ready.status, 503);
    assert!(ready.text.contains("no_owner"), "{ready:?}");
    for path in [&*path, "/api/v1/dead-letters", "/api/v1/wagers/w-all/explanation"] {
        is_elsewhere(&cluster.a().get(path).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_cut_off_denies_nothing_and_is_not_ready() {
    let cluster = lived_in().await;
    let ready = || async {
        let answer = cluster.a().send_bare(ask("GET", "/readyz")).await;
        (answer.status.as_u16(), answer.text.contains("cut_off"))
    };
    assert_eq!(ready().await, (200, false));
    cluster.cut_off(A, true);
    assert_eq!(ready().await, (503, true));
    let nobody = (0..).map(|number| format!("nobody-{number}"));
    let nobody = nobody.take(99).find(|name| partition_of(name, 4) == 0).unwrap();
    let paths = [
        "/api/v1/events/nothing".to_owned(),
        "/api/v1/wagers/nothing/explanation".to_owned(),
        format!("/api/v1/players/{nobody}/balance"),
        "/api/v1/dead-letters/0-1-1".to_owned(),
        "/api/v1/dead-letters?state=discarded".to_owned(),
        "/api/v1/program/versions/9".to_owned(),
        "/api/v1/program/versions".to_owned(),
    ];
    for path in &paths {
        is_elsewhere(&cluster.a().get(path).await);
    }
    // Not even of its own partitions, to whoever asks another node.
    is_elsewhere(&cluster.b().get(&paths[0]).await);
    let key = ask("GET", "/api/v1/dead-letters").header("authorization", "Bearer new");
    is_elsewhere(&cluster.a().send_bare(key).await);
    cluster.cut_off(A, false);
    assert_eq!(ready().await, (200, false));
    for (at, path) in paths.iter().enumerate() {
        let expected =
            if path.ends_with("discarded") || path.ends_with("versions") { 200 } else { 404 };
        assert_eq!(cluster.a().get(path).await.status, expected, "{at}: {path}");
    }
    let key = ask("GET", "/api/v1/dead-letters").header("authorization", "Bearer new");
    assert_eq!(cluster.a().send_bare(key).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_the_log_does_not_acknowledge_is_answered_as_uncertain() {
    let cluster = lived_in().await;
    cluster.cut_off(A, true);
    let event = wager("w-uncertain", &player_in(0));
    for path in ["/api/v1/wagers", "/api/v1/wagers?wait=applied"] {
        let answer = cluster.a().post(path, &event).await;
        assert_eq!((answer.status.as_u16(), &answer.json["code"]), (503, &json!("uncertain")));
        assert_eq!(answer.headers["retry-after"], "1");
    }
    cluster.cut_off(A, false);
    let again = cluster.a().post("/api/v1/wagers?wait=applied", &event).await;
    assert_eq!(again.json["outcome"], "counted", "{again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_that_is_gone_is_an_error_that_passes() {
    let mut cluster = lived_in().await;
    cluster.disconnect_b().await;
    let theirs = player_in(2);
    for request in [
        ask("GET", &format!("/api/v1/players/{theirs}/balance")),
        ask("GET", &format!("/api/v1/players/{theirs}/ledger")),
        ask("PUT", &format!("/api/v1/players/{theirs}/consent")).json(&json!({ "consent": "in" })),
        ask("GET", "/api/v1/dead-letters/2-1-1"),
        ask("POST", "/api/v1/dead-letters/2-1-1/retry"),
        ask("GET", "/api/v1/dead-letters"),
        ask("GET", "/api/v1/events/w-all"),
        ask("GET", "/api/v1/wagers/w-all/explanation"),
    ] {
        let answered = tokio::time::timeout(PATIENCE, cluster.a().send(request)).await;
        is_elsewhere(&answered.expect("no request hangs"));
    }
    // What is here is still answered, and what can be taken in still is.
    let own = format!("/api/v1/players/{}/balance", player_in(0));
    assert_eq!(cluster.a().get(&own).await.status, 200);
    let taken = cluster.a().post("/api/v1/wagers", &wager("w-later", &theirs)).await;
    assert_eq!(taken.json["status"], "success");
    let status = cluster.a().on_socket(ask("GET", "/local/status")).await.json;
    assert!(status["nodes"][0]["error"].is_string(), "{status}");
}

#[tokio::test]
async fn the_trace_of_a_request_goes_with_its_records() {
    let cluster = Cluster::start().await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (number, given) in [trace, "not-a-trace", ""].into_iter().enumerate() {
        let event = wager(&format!("w-{number}"), "player-0");
        let request = ask("POST", "/api/v1/wagers").header("traceparent", given).json(&event);
        assert_eq!(cluster.a().send(request).await.status, 200);
    }
    assert_eq!(cluster.traces(), [trace]);
}

fn switch_to(number: u16) -> Ask {
    ask("POST", "/local/behaviour").json(&json!({ "number": number }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_behaviour_is_not_switched_to_while_a_node_does_not_know_it_or_cannot_be_asked() {
    let mut cluster = Cluster::knowing([GIFTS_THIRD, KNOWN]).await;
    let shown = cluster.a().on_socket(ask("GET", "/local/behaviour")).await.json;
    assert_eq!(
        (&shown["behaviour"], &shown["nodes"][0]),
        (&json!(2), &json!({ "behaviours": [1, 2, 3] }))
    );
    let b = shown["nodes"][1]["address"].as_str().unwrap().to_owned();
    assert_eq!(shown["nodes"][1]["behaviours"], json!([1, 2]));
    let refused = async |api: &Api, number: u16| {
        let answer = api.on_socket(switch_to(number)).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json["code"]),
            (409, &json!("behaviour_unknown"))
        );
        answer.json["detail"].as_str().unwrap().to_owned()
    };
    let every = "every node must know behaviour";
    assert_eq!(refused(cluster.a(), 3).await, format!("{every} 3: {b} knows 1, 2"));
    let said = refused(cluster.a(), 4).await;
    assert_eq!(said, format!("{every} 4: this node knows 1, 2, 3; {b} knows 1, 2"));
    let said = refused(cluster.b(), 3).await;
    assert!(said.starts_with(&format!("{every} 3: this node knows 1, 2")), "{said}");
    cluster.disconnect_b().await;
    let said = refused(cluster.a(), 3).await;
    assert!(said.starts_with(&format!("{every} 3: {b} cannot be asked (")), "{said}");
    cluster.set_owner(A, 2, None);
    is_elsewhere(&cluster.a().on_socket(switch_to(3)).await);
    let unknown = ask("POST", "/local/behaviour").json(&json!({ "behaviour": 3 }));
    assert_eq!(cluster.a().on_socket(unknown).await.status, 400);
    for api in cluster.both() {
        assert_eq!(api.node.rules().settings.behaviour, 2);
        assert_eq!(api.node.rules().applied, 3, "nothing was ordered");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_behaviour_that_all_nodes_know_is_switched_to_once() {
    let cluster = Cluster::knowing([GIFTS_THIRD; 2]).await;
    let dry = ask("POST", "/local/behaviour?dryRun=true").json(&json!({ "number": 3 }));
    let dry = cluster.b().on_socket(dry).await.json;
    assert_eq!((&dry["behaviour"], &dry["dryRun"]), (&json!(3), &json!(true)));
    assert_eq!(cluster.b().node.rules().settings.behaviour, 2);
    let switched = cluster.b().on_socket(switch_to(3)).await;
    assert_eq!((switched.status.as_u16(), &switched.json["behaviour"]), (200, &json!(3)));
    cluster.agree().await;
    for api in cluster.both() {
        assert_eq!(api.node.rules().settings.behaviour, 3);
        for number in [1, 2, 3] {
            let again = api.on_socket(switch_to(number)).await;
            assert_eq!((again.status.as_u16(), &again.json["code"]), (412, &json!("stale")));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_share_an_operator_s_limit() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    // At one event a second, a thousand at once are paid for in a thousand seconds.
    let key = a.add_operator("operator-555", 1).await;
    cluster.agree().await;
    let event = |id: usize| game_event(Some(&format!("e-{id}")), "player-0");
    let send = async |api: &Api, events: &Value| {
        let request = ask("POST", "/api/v1/events").json(events);
        api.send_bare(request.header("authorization", &format!("Bearer {key}"))).await
    };
    let until = Instant::now() + PATIENCE;
    let many: Value = (0..1_000).map(event).collect();
    while send(a, &many).await.status != 200 {
        assert!(Instant::now() < until, "the batch is not let through");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for number in 1_000.. {
        let answer = send(b, &event(number)).await;
        let wait = answer.headers.get("retry-after").map_or("0", |value| value.to_str().unwrap());
        if answer.status == 429 && wait.parse::<u64>().unwrap() > 500 {
            break;
        }
        assert!(Instant::now() < until, "the other node has not heard of it: {answer:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_used_at_one_node_was_used_for_all() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    let body = json!({ "name": "the desk", "roles": ["support"] });
    let made = a.post("/api/v1/keys", &body).await.json;
    cluster.agree().await;
    let bearer = format!("Bearer {}", made["secret"].as_str().unwrap());
    let used = ask("GET", "/api/v1/program").header("authorization", &bearer);
    assert_eq!(a.send_bare(used).await.status, 200);
    let until = Instant::now() + PATIENCE;
    loop {
        let keys = items(b, "/api/v1/keys").await;
        let key = keys.iter().find(|key| key["id"] == made["id"]).unwrap();
        if key["lastUsed"].is_string() {
            break;
        }
        assert!(Instant::now() < until, "the other node has not heard of it: {key}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_trails_of_both_nodes_are_one_list_through_either() {
    let cluster = lived_in().await;
    for player in players() {
        for api in cluster.both() {
            api.get(&format!("/api/v1/players/{player}/balance")).await;
        }
    }
    let path = "/api/v1/audit?route=getBalance";
    let whole = items(cluster.a(), &format!("{path}&limit=500")).await;
    assert_eq!(whole.len(), 16, "a forwarded request is put down once");
    let chains: BTreeSet<_> = whole.iter().map(|item| item["chain"].to_string()).collect();
    assert_eq!(chains.len(), 2);
    assert_eq!(items(cluster.b(), &format!("{path}&limit=500")).await, whole);
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        // Any node goes on where another has stopped.
        let api = cluster.both()[found.len() % 2];
        let page = api.get(&format!("{path}&limit=3{cursor}")).await;
        assert_eq!(page.status, 200, "{page:?}");
        found.extend(page.json["items"].as_array().unwrap().clone());
        let Some(next) = page.json["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found, whole);
}
