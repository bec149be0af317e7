//! What webhooks are told of players, in both forms.

use std::io;
use std::sync::Arc;

use accolade_domain::ledger::Place;
use accolade_engine::feed::{Feed, Known};
use accolade_engine::players::Ordinal;
use accolade_engine::rules::Rules;
use accolade_storage::node::Node;
use accolade_webhooks::delivering::Delivering;
use accolade_wire::record::Record;
use serde_json::{Value, json};

use super::receiver::{Got, Receiver};
use super::{clustered, embedded, is_signed_by, items, make, once, settings};
use crate::harness::{Api, PATIENCE, ask, wager};

/// Bronze, with which everybody begins, silver from 10.00, gold from 100.00, and platinum from 1000.00.
const PROGRAM: &str = "\
currency: EUR
earning: { multipliers: { slots: 0.1 } }
tiers:
  window: { rolling: 30d }
  levels:
    - { name: bronze, from: 0 }
    - { name: silver, from: 10 }
    - { name: gold, from: 100 }
    - { name: platinum, from: 1000 }
";

async fn publish(api: &Api) {
    let body = json!({ "why": "rising", "program": PROGRAM });
    let publish = ask("POST", "/api/v1/program/versions").json(&body).header("if-match", "1");
    assert_eq!(api.send(publish).await.status, 201);
}

fn tell(api: &Api) -> Delivering {
    let feed = Arc::clone(&api.node) as Arc<dyn Feed>;
    api.service.tell_webhooks(feed).unwrap()
}

/// Stakes so much that the player has at least `points`.
async fn earn(api: &Api, id: &str, player: &str, points: f64) {
    let mut wager = wager(id, player);
    wager["wagerAmount"] = json!(points * 10.0);
    assert_eq!(api.wager(&wager).await["outcome"], "counted");
}

fn rise(player: &str, before: &str, after: &str) -> (String, Value, Value) {
    (player.into(), json!(before), json!(after))
}

/// The journal of a node of a cluster, which has half of the partitions.
#[derive(Debug)]
struct Half {
    node: Arc<Node>,
    own: [u16; 2],
}

impl Feed for Half {
    fn owned(&self) -> Vec<u16> {
        self.own.to_vec()
    }

    fn end(&self, partition: u16) -> Option<u64> {
        self.own.contains(&partition).then(|| self.node.end(partition))?
    }

    fn journal(&self, partition: u16, batch: u64) -> io::Result<Option<Vec<u8>>> {
        self.node.journal(partition, batch)
    }

    fn records(&self, partition: u16, batch: u64) -> io::Result<Option<Vec<u8>>> {
        self.node.records(partition, batch)
    }

    fn dead_letter(&self, place: Place, read: &mut dyn FnMut(&Record<'_>)) -> io::Result<bool> {
        self.node.dead_letter(place, read)
    }

    fn subjects(&self, partition: u16, from: Ordinal, each: &mut dyn FnMut(Known<'_>)) {
        self.node.subjects(partition, from, each);
    }

    fn names(&self, partition: u16, ordinals: &[Ordinal], each: &mut dyn FnMut(Known<'_>)) -> bool {
        self.node.names(partition, ordinals, each)
    }

    fn rules(&self) -> Arc<Rules> {
        Feed::rules(&*self.node)
    }
}

/// Makes a webhook through one node, and plays through another.
async fn players_rise(api: &Api, other: &Api) {
    publish(api).await;
    let mut receiver = Receiver::answering(200).await;
    let (_, secret) =
        make(api, &json!({ "url": receiver.url(), "events": ["tier.changed"] })).await;
    once(other, |listed| !listed.is_empty()).await;
    // Of either half of the partitions.
    let players = ["player-0", "player-1", "player-2", "player-3"];
    for player in players {
        earn(other, &format!("{player}-1"), player, 20.0).await;
        earn(other, &format!("{player}-2"), player, 200.0).await;
        earn(other, &format!("{player}-3"), player, 2000.0).await;
    }
    let mut told = Vec::new();
    while told.len() < players.len() * 3 {
        let got = receiver.next().await;
        assert!(is_signed_by(&got, &secret));
        told.push(got);
    }
    let ids: std::collections::BTreeSet<_> =
        told.iter().map(|got| got.header("webhook-id").to_owned()).collect();
    assert_eq!(ids.len(), told.len(), "each once");
    let body = |got: &Got| serde_json::from_str::<Value>(&got.body).unwrap();
    for player in players {
        let of_player = told.iter().map(body).filter(|told| told["data"]["playerId"] == player);
        let tiers: Vec<Value> = of_player.map(|told| told["data"]["after"].clone()).collect();
        assert_eq!(tiers, ["silver", "gold", "platinum"], "{player}, in order");
    }
    let gold = told.iter().map(body).find(|told| told["data"]["after"] == "gold").unwrap();
    assert_eq!(
        (&gold["type"], &gold["data"]["before"]),
        (&json!("tier.changed"), &json!("silver"))
    );
    assert_eq!(gold["data"]["tierPoints"], json!(220.0), "{gold}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_change_of_a_webhook_says_holds_for_all_that_happens_after_its_answer() {
    let api = embedded(settings()).await;
    let telling = tell(&api);
    publish(&api).await;
    let mut receiver = Receiver::answering(200).await;
    let (id, _) = make(&api, &json!({ "url": receiver.url() })).await;
    for number in 0..8 {
        let over = json!({ "oldUntil": "2020-01-01T00:00:00Z" });
        let rotated = api.post(&format!("/api/v1/webhooks/{id}/rotate"), &over).await;
        earn(&api, &format!("w-{number}"), &format!("player-{number}"), 20.0).await;
        let got = receiver.next().await;
        assert!(is_signed_by(&got, rotated.json["secret"].as_str().unwrap()), "{number}");
    }
    // Another one hears of it when both have read it.
    let mut witness = Receiver::answering(200).await;
    make(&api, &json!({ "url": witness.url() })).await;
    let change = ask("PATCH", &format!("/api/v1/webhooks/{id}"));
    let changed = api.send(change.json(&json!({ "events": ["points.expired"] }))).await;
    assert_eq!(changed.json["events"], json!(["points.expired"]), "{changed:?}");
    earn(&api, "anna-1", "anna", 20.0).await;
    assert_eq!(witness.next_tier().await, rise("anna", "bronze", "silver"));
    assert!(receiver.is_idle());
    telling.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_told_who_rises_in_the_embedded_form() {
    let api = embedded(settings()).await;
    let telling = tell(&api);
    players_rise(&api, &api).await;
    telling.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_told_by_each_node_of_a_cluster_of_its_own_partitions() {
    let cluster = clustered(settings).await;
    let [a, b] = cluster.both();
    let telling = [(a, [0, 1]), (b, [2, 3])].map(|(api, own)| {
        let feed = Arc::new(Half { node: Arc::clone(&api.node), own });
        api.service.tell_webhooks(feed).unwrap()
    });
    players_rise(a, b).await;
    telling.iter().for_each(Delivering::stop);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_receiver_missed_it_is_told_once_it_is_back_also_after_a_restart() {
    let api = embedded(settings()).await;
    publish(&api).await;
    let telling = tell(&api);
    let (mut dead, mut well) = (Receiver::answering(503).await, Receiver::answering(200).await);
    for receiver in [&dead, &well] {
        make(&api, &json!({ "url": receiver.url() })).await;
    }
    earn(&api, "w1", "p1", 20.0).await;
    let silver = rise("p1", "bronze", "silver");
    assert_eq!(dead.next_tier().await, silver);
    assert_eq!(well.next_tier().await, silver);
    earn(&api, "w2", "p1", 200.0).await;
    let gold = rise("p1", "silver", "gold");
    assert_eq!(well.next_tier().await, gold, "a dead one holds up no other");
    earn(&api, "w3", "p2", 20.0).await;
    let other = rise("p2", "bronze", "silver");
    assert_eq!(well.next_tier().await, other);
    assert_eq!(dead.next_tier().await, other, "a player holds up no other");
    telling.stop();
    let key = api.key.clone();
    let mut api = Api::open(api.stop(), settings(), |_| ());
    api.key = key;
    dead.answer(200);
    let telling = tell(&api);
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(dead.next_tier().await);
    }
    let of_first: Vec<_> = told.iter().filter(|(player, ..)| player == "p1").cloned().collect();
    assert_eq!(of_first, [silver, gold], "in order, each once more");
    assert!(told.contains(&other));
    earn(&api, "w4", "p1", 2000.0).await;
    let platinum = rise("p1", "gold", "platinum");
    assert_eq!(well.next_tier().await, platinum, "nothing that it had taken before comes again");
    assert_eq!(dead.next_tier().await, platinum);
    telling.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_over_is_disabled_and_told_what_it_missed_once_it_is_enabled() {
    let api = embedded(settings()).await;
    publish(&api).await;
    let telling = tell(&api);
    let mut receiver = Receiver::answering(410).await;
    let (id, _) = make(&api, &json!({ "url": receiver.url() })).await;
    earn(&api, "w1", "p1", 20.0).await;
    let silver = rise("p1", "bronze", "silver");
    assert_eq!(receiver.next_tier().await, silver);
    let listed = once(&api, |listed| listed[0]["enabled"] == false).await;
    let why = "the receiver has answered 410: it wants nothing more";
    assert_eq!(
        (&listed[0]["disabledWhy"], &listed[0]["changedBy"]),
        (&json!(why), &json!("the node"))
    );
    earn(&api, "w2", "p1", 200.0).await;
    receiver.answer(200);
    let on = ask("PATCH", &format!("/api/v1/webhooks/{id}")).json(&json!({ "enabled": true }));
    assert_eq!(api.send(on).await.status, 200);
    assert_eq!(receiver.next_tier().await, silver);
    assert_eq!(receiver.next_tier().await, rise("p1", "silver", "gold"));
    assert_eq!(items(&api).await[0]["disabledWhy"], json!(null));
    telling.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_told_what_it_lists_of_its_own_operator() {
    let api = embedded(settings()).await;
    publish(&api).await;
    let telling = tell(&api);
    let (mut listed, mut others) = (Receiver::answering(200).await, Receiver::answering(200).await);
    make(&api, &json!({ "url": others.url(), "events": ["points.expired"] })).await;
    make(&api, &json!({ "url": listed.url(), "events": ["tier.changed"] })).await;
    let other = format!("Bearer {}", api.add_operator("operator-2", 0).await);
    let body = json!({ "url": others.url() });
    let made = ask("POST", "/api/v1/webhooks").json(&body).header("authorization", &other);
    assert_eq!(api.send_bare(made).await.status, 201);
    for number in 0..3 {
        earn(&api, &format!("w{number}"), &format!("p{number}"), 20.0).await;
    }
    for _ in 0..3 {
        listed.next_tier().await;
    }
    telling.stop();
    assert!(others.is_idle());
}

/// Plays, and looks at deliveries through one node that another one may have made.
async fn deliveries_are_listed_and_sent_again(api: &Api, other: &Api) {
    publish(api).await;
    let (mut well, mut poor) = (Receiver::answering(200).await, Receiver::answering(503).await);
    let (well_id, secret) = make(api, &json!({ "url": well.url() })).await;
    let (poor_id, _) = make(api, &json!({ "url": poor.url() })).await;
    once(other, |listed| listed.len() == 2).await;
    let players = ["player-0", "player-1", "player-2", "player-3"];
    for player in players {
        earn(other, player, player, 20.0).await;
    }
    let of = |id: &str| format!("/api/v1/webhooks/{id}/deliveries");
    let all = listed(other, &of(&well_id), players.len()).await;
    let mut told = Vec::new();
    for _ in players {
        told.push(well.next().await);
        poor.next().await;
    }
    for delivery in &all {
        let of = json!(["type", "state", "attempts", "status"].map(|name| &delivery[name]));
        assert_eq!(of, json!(["tier.changed", "delivered", 1, 200]), "{delivery}");
    }
    let failing = listed(other, &of(&poor_id), players.len()).await;
    assert_eq!(json!([failing[0]["state"], failing[0]["status"]]), json!(["failing", 503]));
    assert!(failing[0]["nextAttemptAt"].is_string(), "{failing:?}");
    assert_eq!(
        other.get(&format!("{}?limit=1", of(&poor_id))).await.json["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    for delivery in all {
        let id = delivery["id"].as_str().unwrap();
        let path = format!("/api/v1/webhooks/deliveries/{id}/resend");
        let dry = other.send(ask("POST", &format!("{path}?dryRun=true"))).await;
        assert_eq!(dry.json["messageId"], delivery["messageId"], "{dry:?}");
        let sent = other.send(ask("POST", &path)).await;
        assert_eq!(
            (&sent.json["taken"], &sent.json["messageId"]),
            (&json!(true), &delivery["messageId"])
        );
        let again = well.next().await;
        let first = told.iter().find(|got| got.header("webhook-id") == again.header("webhook-id"));
        assert_eq!(again.body, first.unwrap().body, "the same bytes");
        assert!(is_signed_by(&again, &secret));
        // What is no place of anything, or of another webhook.
        let place = id.split_once('-').unwrap().1;
        for wrong in [format!("9-{place}"), id.replace(place, "0-999999-1-0"), format!("{id}0")] {
            let path = format!("/api/v1/webhooks/deliveries/{wrong}/resend");
            assert_eq!(other.send(ask("POST", &path)).await.status, 404, "{wrong}");
        }
    }
    let nothing = other.get("/api/v1/webhooks/hook-nothing/deliveries").await;
    assert_eq!(nothing.status, 404);
}

/// The deliveries of a webhook, once there are so many; the state has them a second later at the most.
async fn listed(api: &Api, path: &str, count: usize) -> Vec<Value> {
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        let items = api.get(path).await.json["items"].as_array().unwrap().clone();
        if items.len() == count {
            return items;
        }
        assert!(std::time::Instant::now() < until, "there is: {items:?}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_are_listed_and_sent_again_in_the_embedded_form() {
    let api = embedded(settings()).await;
    let telling = tell(&api);
    deliveries_are_listed_and_sent_again(&api, &api).await;
    telling.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_are_listed_and_sent_again_in_a_cluster_through_either_node() {
    let cluster = clustered(settings).await;
    let [a, b] = cluster.both();
    let telling = [(a, [0, 1]), (b, [2, 3])].map(|(api, own)| {
        let feed = Arc::new(Half { node: Arc::clone(&api.node), own });
        api.service.tell_webhooks(feed).unwrap()
    });
    deliveries_are_listed_and_sent_again(a, b).await;
    telling.iter().for_each(Delivering::stop);
}
