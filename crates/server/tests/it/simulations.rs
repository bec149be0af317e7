//! A simulation answers exactly what a node would have counted that had had the draft from the start of the period.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cluster::fake::{A, B, Cluster};
use crate::harness::{Answer, Api, PATIENCE, ask, now_micros, time, void, wager};

const FIRST: &str = "\
currency: EUR
timezone: Europe/Malta
earning: { multipliers: { slots: 0.1, table: 0.05 }, caps: [ { points: 60, per: day } ] }
tiers:
  window: { rolling: 30d }
  levels: [ { name: bronze, from: 0 }, { name: silver, from: 15, multiplier: 1.5 } ]
";
/// In force in the middle of the period; the simulation leaves it out.
const SECOND: &str = "currency: EUR\nearning: { multipliers: { slots: 3 } }\n";
pub(crate) const DRAFT: &str = "\
currency: EUR
timezone: Europe/Malta
eligibility: { segments: { deny: [watched] } }
earning: { multipliers: { slots: 0.05, table: 0.4 }, caps: [ { points: 90, per: day } ] }
tiers:
  window: { rolling: 30d }
  levels: [ { name: bronze, from: 0 }, { name: silver, from: 20, multiplier: 2 }, { name: gold, from: 50, multiplier: 3 } ]
promotions: [ { name: tables, multiply: 1.25, where: \"gameCategory = 'table'\" } ]
";
const PLAYERS: [&str; 6] = ["s1", "s2", "s3", "s4", "s5", "s6"];
const CATEGORIES: [&str; 3] = ["slots", "table", "poker"];

/// One node, or two of a cluster.
pub(crate) enum Form {
    Embedded(Box<Api>),
    Clustered(Box<Cluster>),
}

impl Form {
    pub(crate) async fn embedded() -> Self {
        Self::Embedded(Box::new(Api::start().await))
    }

    pub(crate) async fn clustered() -> Self {
        Self::Clustered(Box::new(Cluster::start().await))
    }

    /// Each of the nodes, by turns.
    pub(crate) const fn api(&self, number: usize) -> &Api {
        match self {
            Self::Embedded(api) => api,
            Self::Clustered(cluster) => cluster.both()[number % 2],
        }
    }

    pub(crate) fn cluster(&self) -> &Cluster {
        let Self::Clustered(cluster) = self else { panic!("it is one node") };
        cluster
    }

    async fn agree(&self) {
        if let Self::Clustered(cluster) = self {
            cluster.agree().await;
        }
    }

    async fn batches(&self) -> [[u64; 4]; 2] {
        [self.api(A).batches().await, self.api(B).batches().await]
    }
}

async fn publish(form: &Form, program: &str, edited_from: &str) {
    let body = json!({ "why": "a test", "program": program });
    let publish =
        ask("POST", "/api/v1/program/versions").json(&body).header("if-match", edited_from);
    assert_eq!(form.api(B).send(publish).await.status, 201);
    form.agree().await;
}

/// Some wagers of each player; returns what became of each, by category.
async fn play(form: &Form, round: usize, at: Option<&str>) -> Vec<(String, String, Value)> {
    let mut played = Vec::new();
    for (index, player) in PLAYERS.into_iter().enumerate() {
        for number in 0..4 {
            let category = CATEGORIES[(index + number) % 3];
            let mut wager = wager(&format!("w-{round}-{number}"), player);
            wager["gameCategory"] = json!(category);
            wager["wagerAmount"] = json!(40 + 17 * index + 5 * number);
            wager["timestamp"] = at.map_or_else(|| time(now_micros()), str::to_owned).into();
            if index == 5 {
                wager["segment"] = json!("watched");
            }
            let result = form.api(number).wager(&wager).await;
            played.push((player.to_owned(), category.to_owned(), result));
        }
    }
    played
}

/// Players earn, spend and lose points, before the period and in it.
pub(crate) struct Played {
    pub(crate) form: Form,
    pub(crate) from: String,
    in_period: Vec<(String, String, Value)>,
    voided: f64,
}

/// Lives through the same, with the draft in force from the start of the period where that is asked for.
pub(crate) async fn live(form: Form, has_draft: bool) -> Played {
    publish(&form, FIRST, "1").await;
    play(&form, 0, None).await;
    let late = time(now_micros());
    let from = time(now_micros() + 1);
    if has_draft {
        publish(&form, DRAFT, "2").await;
    }
    let mut in_period = play(&form, 1, None).await;
    let spent = form.api(A).post("/api/v1/players/s1/redemptions", &json!({ "points": 5 })).await;
    let confirm = format!("/api/v1/redemptions/{}/confirm", spent.json["id"].as_str().unwrap());
    assert_eq!(form.api(B).send(ask("POST", &confirm)).await.status, 200);
    if !has_draft {
        publish(&form, SECOND, "2").await;
    }
    in_period.extend(play(&form, 2, None).await);
    // What comes late is judged by the rules of its time.
    in_period.extend(play(&form, 3, Some(&late)).await);
    let mut voided = 0.0;
    for player in ["s2", "s3"] {
        let void = form.api(A).wager(&void("w-1-0", player)).await;
        voided += void["points"].as_f64().unwrap();
    }
    Played { form, from, in_period, voided }
}

pub(crate) async fn begin(api: &Api, body: &Value) -> Answer {
    api.post("/api/v1/program/simulations", body).await
}

pub(crate) async fn ended(api: &Api, id: &str) -> Value {
    let (path, until) = (format!("/api/v1/program/simulations/{id}"), Instant::now() + PATIENCE);
    loop {
        let answer = api.get(&path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        if answer.json["state"] != "running" {
            return answer.json;
        }
        assert!(Instant::now() < until, "its end is awaited: {answer:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn points(result: &Value) -> f64 {
    result["points"].as_f64().unwrap_or(0.0)
}

fn is_near(found: &Value, expected: f64, about: &str) {
    let found = found.as_f64().unwrap_or_else(|| panic!("{about}: {found}"));
    assert!((found - expected).abs() < 0.001, "{about}: {found} is not {expected}");
}

fn sum(played: &Played, of: impl Fn(&str, &str) -> bool) -> f64 {
    let own = played.in_period.iter().filter(|(player, category, _)| of(player, category));
    own.map(|(_, _, result)| points(result)).sum()
}

/// How many players stand at each tier.
async fn tiers(form: &Form) -> BTreeMap<String, u64> {
    let mut tiers = BTreeMap::new();
    for player in PLAYERS {
        let balance = form.api(A).get(&format!("/api/v1/players/{player}/balance")).await.json;
        if let Some(tier) = balance["tier"].as_str() {
            *tiers.entry(tier.to_owned()).or_default() += 1;
        }
    }
    tiers
}

#[tokio::test]
async fn a_simulation_is_what_a_node_would_have_counted_that_had_had_the_draft() {
    is_exact(Form::embedded().await, Form::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_so_it_is_where_each_of_two_nodes_has_some_of_the_partitions() {
    is_exact(Form::clustered().await, Form::clustered().await).await;
}

async fn is_exact(really: Form, other: Form) {
    let (really, other) = (live(really, false).await, live(other, true).await);
    let form = &really.form;
    let before = form.batches().await;
    let body = json!({ "program": DRAFT, "from": really.from });
    let begun = begin(form.api(A), &body).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    // Any node tells of it.
    let simulation = ended(form.api(B), begun.json["id"].as_str().unwrap()).await;
    assert_eq!(simulation["state"], "done", "{simulation}");
    assert_eq!(simulation["batches"], simulation["batchesExpected"]);
    let result = &simulation["result"];
    assert_eq!(result["differing"], 0, "{result}");
    assert_eq!(result["records"], json!(really.in_period.len() + 2));
    for (side, played) in [("was", &really), ("would", &other)] {
        let total = &result[side];
        is_near(&total["counted"]["points"], sum(played, |_, _| true), side);
        is_near(&total["voided"], played.voided, side);
        let counted =
            played.in_period.iter().filter(|(_, _, result)| result["outcome"] == "counted").count();
        assert_eq!(total["counted"]["wagers"], json!(counted), "{side}");
        for group in result["byCategory"].as_array().unwrap() {
            let name = group["name"].as_str().unwrap();
            is_near(&group[side]["points"], sum(played, |_, category| category == name), name);
        }
        // Nobody has points for poker.
        assert_eq!(result["byCategory"].as_array().unwrap().len(), CATEGORIES.len() - 1);
        let tiers = tiers(&played.form).await;
        for tier in result["tiers"].as_array().unwrap() {
            let name = tier["name"].as_str().unwrap();
            assert_eq!(tier[side], json!(tiers.get(name).copied().unwrap_or(0)), "{side} {name}");
        }
    }
    let was = sum(&really, |_, _| true);
    assert!((was - sum(&other, |_, _| true)).abs() > 1.0, "the draft makes a difference");
    let players: Vec<&Value> =
        ["gained", "lost"].into_iter().flat_map(|kind| result[kind].as_array().unwrap()).collect();
    assert!(!players.is_empty());
    for player in players {
        let name = player["playerId"].as_str().unwrap();
        if !["s2", "s3"].contains(&name) {
            is_near(&player["was"], sum(&really, |player, _| player == name), name);
            is_near(&player["would"], sum(&other, |player, _| player == name), name);
        }
    }
    assert_eq!(form.batches().await, before, "nothing was ordered");
    let versions = form.api(A).get("/api/v1/program/versions").await;
    assert_eq!(versions.json["items"].as_array().unwrap().len(), 3);
}

/// The draft takes the place of what was published last, in the batch before the period.
async fn begins_after_a_publication(form: Form) {
    publish(&form, FIRST, "1").await;
    play(&form, 0, None).await;
    publish(&form, SECOND, "2").await;
    let from = time(now_micros() + 1);
    let played = play(&form, 1, None).await.len();
    let body = json!({ "program": DRAFT, "from": from });
    let begun = begin(form.api(A), &body).await;
    let simulated = ended(form.api(A), begun.json["id"].as_str().unwrap()).await;
    let result = &simulated["result"];
    assert_eq!(
        (&simulated["state"], &result["differing"]),
        (&json!("done"), &json!(0)),
        "{simulated}"
    );
    assert_eq!(result["records"], json!(played), "{simulated}");
}

#[tokio::test]
async fn a_period_may_begin_right_after_a_publication() {
    begins_after_a_publication(Form::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_so_it_may_in_a_cluster() {
    begins_after_a_publication(Form::clustered().await).await;
}

#[tokio::test]
async fn what_cannot_be_simulated_is_refused_or_says_why() {
    refuses(Form::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_so_do_the_nodes_of_a_cluster() {
    refuses(Form::clustered().await).await;
}

async fn refuses(form: Form) {
    let Played { form, from, .. } = live(form, false).await;
    let (api, other) = (form.api(A), form.api(B));
    for (body, pointer) in [
        (json!({ "program": DRAFT }), "/from"),
        (json!({ "program": DRAFT, "from": from, "to": "2999-01-01T00:00:00Z" }), "/to"),
        (json!({ "program": DRAFT, "from": from, "to": from }), "/to"),
        (json!({ "from": from }), "/program"),
    ] {
        let answer = begin(api, &body).await;
        assert_eq!((answer.status.as_u16(), answer.pointers()), (400, vec![pointer]), "{body}");
    }
    let invalid = json!({ "program": "currency: EUR\nwhat: 1\n", "from": from });
    assert_eq!(begin(api, &invalid).await.json["code"], "invalid");
    // Before anything was there, there was no operator.
    let early = json!({ "program": DRAFT, "from": "2020-01-01T00:00:00Z" });
    let begun = begin(api, &early).await;
    let failed = ended(other, begun.json["id"].as_str().unwrap()).await;
    assert_eq!(failed["state"], "failed", "{failed}");
    assert!(failed["why"].as_str().unwrap().contains("begins within the period"), "{failed}");
    // Each partition says from when on it has everything.
    let (mut tried, mut partitions) = (failed, 0);
    while let Some(since) = tried["logSince"].as_str().map(str::to_owned) {
        partitions += 1;
        assert!(partitions <= 4, "{tried}");
        let begun = begin(api, &json!({ "program": DRAFT, "from": since })).await;
        tried = ended(other, begun.json["id"].as_str().unwrap()).await;
    }
    assert_eq!(tried["state"], "done", "{tried}");
    let stranger = format!("Bearer {}", api.add_operator("operator-555", 0).await);
    form.agree().await;
    let path = format!("/api/v1/program/simulations/{}", begun.json["id"].as_str().unwrap());
    for api in [api, other] {
        let theirs = api.send_bare(ask("GET", &path).header("authorization", &stranger)).await;
        assert_eq!(theirs.status, 404);
        for nobodys in ["none", "00000000-0", "00000000-0000-7000-8000-000000000000"] {
            let path = format!("/api/v1/program/simulations/{nobodys}");
            assert_eq!(api.get(&path).await.status, 404, "{nobodys}");
        }
    }
}

#[tokio::test]
async fn whoever_may_not_see_players_sees_none() {
    hides_players(Form::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_sees_none_through_another_node() {
    hides_players(Form::clustered().await).await;
}

async fn hides_players(form: Form) {
    let Played { form, from, .. } = live(form, false).await;
    let key = json!({ "name": "writer", "roles": ["product"] });
    let made = form.api(A).post("/api/v1/keys", &key).await;
    form.agree().await;
    let product = format!("Bearer {}", made.json["secret"].as_str().unwrap());
    let begun = begin(form.api(B), &json!({ "program": DRAFT, "from": from })).await;
    let id = begun.json["id"].as_str().unwrap();
    let seen = ended(form.api(A), id).await;
    let players = |result: &Value| {
        let count = |kind: &str| result[kind].as_array().unwrap().len();
        count("gained") + count("lost")
    };
    assert!(players(&seen["result"]) > 0, "{seen}");
    let path = format!("/api/v1/program/simulations/{id}");
    for number in [A, B] {
        let asked = ask("GET", &path).header("authorization", &product);
        let answer = form.api(number).send_bare(asked).await;
        let result = &answer.json["result"];
        assert_eq!(players(result), 0, "{answer:?}");
        assert_eq!(result["was"], seen["result"]["was"]);
    }
}

#[tokio::test]
async fn a_log_that_lacks_some_batches_is_folded_from_behind_them() {
    let api = Api::start().await.restart(|options| options.files.log_segment_bytes = 1 << 16);
    let log = &api.node.backing().log;
    let play = async |round: usize| {
        // So little that no round comes to the cap of a day.
        let some = (0..100).map(|item| {
            let mut wager = wager(&format!("{round}-{item}"), "p2");
            wager["wagerAmount"] = json!(1);
            wager
        });
        let answer = api.post("/api/v1/wagers?wait=applied", &some.collect()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    };
    play(0).await;
    let before = time(now_micros() + 1);
    let (until, mut round) = (Instant::now() + PATIENCE, 1);
    while log.closed().len() < 3 {
        assert!(Instant::now() < until, "three segments are awaited: {:?}", log.closed());
        play(round).await;
        round += 1;
    }
    log.remove(log.closed()[1].sequence).unwrap();
    let behind = time(now_micros() + 1);
    api.wager(&wager("last", "p2")).await;
    let simulated = async |from: &str| {
        let begun = begin(&api, &json!({ "program": DRAFT, "from": from })).await;
        ended(&api, begun.json["id"].as_str().unwrap()).await
    };
    let done = simulated(&behind).await;
    assert_eq!(done["state"], "done", "{done}");
    let result = &done["result"];
    assert_eq!((&result["records"], &result["differing"]), (&json!(1), &json!(0)), "{done}");
    // What lacks is not taken for nothing.
    let failed = simulated(&before).await;
    assert_eq!(failed["state"], "failed", "{failed}");
    assert!(failed["why"].as_str().unwrap().contains("begins within the period"), "{failed}");
    // Whoever then begins when it says has all of it.
    let done = simulated(failed["logSince"].as_str().unwrap()).await;
    assert_eq!((&done["state"], &done["logSince"]), (&json!("done"), &Value::Null), "{done}");
}
