//! Simulations over partitions of which each node has some: what one folds for another, and what becomes of it where
//! partitions move and nodes go.

use std::time::{Duration, Instant};

use accolade_server::Settings;
use serde_json::{Value, json};

use super::between::Bend;
use super::fake::{A, B, Cluster};
use super::{is_elsewhere, player_in};
use crate::harness::{Api, OPERATOR, PATIENCE, ask, now_micros, time, wager};
use crate::simulations::{DRAFT, Form, Played, begin, ended, live};

/// A cluster in which players have played.
async fn played(settings: impl Fn() -> Settings) -> Played {
    let form = Form::Clustered(Box::new(Cluster::with(settings).await));
    live(form, false).await
}

async fn played_patiently() -> Played {
    played(|| Settings { simulation_patience_ms: 3_600_000, ..Settings::default() }).await
}

async fn played_impatiently() -> Played {
    played(|| Settings { simulation_patience_ms: 50, ..Settings::default() }).await
}

async fn begun(api: &Api, from: &str) -> String {
    let begun = begin(api, &json!({ "program": DRAFT, "from": from })).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    begun.json["id"].as_str().unwrap().to_owned()
}

fn is_whole(simulation: &Value) {
    assert_eq!(simulation["state"], "done", "{simulation}");
    let result = &simulation["result"];
    assert_eq!((&result["differing"], &result["records"]), (&json!(0), &json!(74)), "{result}");
}

fn has_failed(simulation: &Value, why: &str) {
    assert_eq!(simulation["state"], "failed", "{simulation}");
    assert!(simulation["why"].as_str().unwrap().contains(why), "{simulation}");
}

/// How often B was asked to fold since the last look.
fn asked_to_fold(cluster: &Cluster) -> usize {
    let asked = cluster.tap(B).asked();
    asked.iter().filter(|asked| asked.uri().path() == "/cluster/v1/simulations").count()
}

async fn is_asked_again(cluster: &Cluster) {
    let (until, mut times) = (Instant::now() + PATIENCE, 0);
    while times < 2 {
        assert!(Instant::now() < until, "awaited: B is asked again; it was asked {times} times");
        tokio::time::sleep(Duration::from_millis(5)).await;
        times += asked_to_fold(cluster);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn simulations_of_both_nodes_at_once_fold_in_turns_and_find_the_same() {
    let Played { form, from, .. } = played_patiently().await;
    let ids = [begun(form.api(A), &from).await, begun(form.api(B), &from).await];
    let of_a = ended(form.api(B), &ids[A]).await;
    let of_b = ended(form.api(A), &ids[B]).await;
    is_whole(&of_a);
    assert_eq!(of_a["result"], of_b["result"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_waits_for_a_partition_is_cancelled_through_either_node() {
    let Played { form, from, .. } = played_patiently().await;
    let cluster = form.cluster();
    for asked in [A, B] {
        cluster.set_owner(A, 2, None);
        let id = begun(form.api(A), &from).await;
        let another = begin(form.api(A), &json!({ "program": DRAFT, "from": from })).await;
        assert_eq!(another.json["code"], "simulation_runs", "{another:?}");
        let path = format!("/api/v1/program/simulations/{id}");
        let cancelled = form.api(asked).send(ask("DELETE", &path)).await;
        assert_eq!(cancelled.status, 200, "{cancelled:?}");
        let end = ended(form.api(1 - asked), &id).await;
        assert_eq!((&end["state"], &end["result"]), (&json!("cancelled"), &Value::Null));
        cluster.set_owner(A, 2, Some(B));
        is_whole(&ended(form.api(asked), &begun(form.api(A), &from).await).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_that_is_on_its_way_is_folded_where_it_arrives() {
    let Played { form, from, .. } = played_patiently().await;
    let cluster = form.cluster();
    cluster.set_owner(B, 3, None);
    asked_to_fold(cluster);
    let id = begun(form.api(A), &from).await;
    // One of them is for the other partition.
    is_asked_again(cluster).await;
    is_asked_again(cluster).await;
    cluster.set_owner(B, 3, Some(B));
    is_whole(&ended(form.api(A), &id).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_breaks_off_or_is_nobody_s_is_asked_for_again() {
    let Played { form, from, .. } = played_patiently().await;
    let cluster = form.cluster();
    for bend in [Bend::Unsigned, Bend::Status] {
        asked_to_fold(cluster);
        cluster.tap(B).bend(Some(bend));
        let id = begun(form.api(A), &from).await;
        is_asked_again(cluster).await;
        cluster.tap(B).bend(None);
        is_whole(&ended(form.api(A), &id).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_a_node_does_not_have_itself_are_folded_as_the_log_has_them() {
    let Played { form, from, .. } = played_patiently().await;
    let cluster = form.cluster();
    let (until, mut round) = (Instant::now() + PATIENCE, 0);
    let to = loop {
        let fill = (0..100).map(|item| wager(&format!("fill-{round}-{item}"), &player_in(3)));
        let answer = form.api(A).post("/api/v1/wagers?wait=applied", &fill.collect()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        if form.api(B).node.backing().log.closed().len() > 1 {
            break time(now_micros());
        }
        assert!(Instant::now() < until, "two segments are awaited");
        round += 1;
    };
    let body = json!({ "program": DRAFT, "from": from, "to": to });
    let simulated = async || {
        let begun = begin(form.api(A), &body).await;
        ended(form.api(B), begun.json["id"].as_str().unwrap()).await
    };
    let before = simulated().await;
    assert!(cluster.forget_records(B) > 1);
    let after = simulated().await;
    assert_eq!((&before["state"], &before["result"]["differing"]), (&json!("done"), &json!(0)));
    assert_eq!((&after["result"], &after["batches"]), (&before["result"], &before["batches"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fold_that_is_never_ended_is_begun_five_times_and_no_more() {
    let Played { form, from, .. } = played_patiently().await;
    let cluster = form.cluster();
    asked_to_fold(cluster);
    cluster.tap(B).bend(Some(Bend::Cut));
    let id = begun(form.api(A), &from).await;
    has_failed(&ended(form.api(A), &id).await, "partition 2 could not be folded to its end");
    assert_eq!(asked_to_fold(cluster), 5);
    cluster.tap(B).bend(None);
    is_whole(&ended(form.api(A), &begun(form.api(A), &from).await).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_gone_ends_the_simulation_and_not_its_node() {
    let Played { form, from, .. } = played_impatiently().await;
    let Form::Clustered(mut cluster) = form else { panic!("it is a cluster") };
    let of_b = begun(cluster.b(), &from).await;
    is_whole(&ended(cluster.a(), &of_b).await);
    cluster.disconnect_b().await;
    let id = begun(cluster.a(), &from).await;
    let end = ended(cluster.a(), &id).await;
    has_failed(&end, "partition 2 could not be folded to its end: the node that has it");
    let away = cluster.a().get(&format!("/api/v1/program/simulations/{of_b}")).await;
    is_elsewhere(&away);
    // Another runs after it.
    let again = begun(cluster.a(), &from).await;
    has_failed(&ended(cluster.a(), &again).await, "partition 2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_folds_for_another_what_it_has_and_says_what_it_cannot() {
    let Played { form, .. } = played_impatiently().await;
    let cluster = form.cluster();
    let question = |partition: u64, operator: &str| {
        json!({
            "partition": partition, "operatorId": operator, "from": 1, "to": i64::MAX,
            "document": "{\"currency\":\"EUR\"}", "zone": [],
        })
    };
    let asked = async |body: &Value| {
        cluster.ask_as_node(B, ask("POST", "/cluster/v1/simulations").json(body)).await
    };
    let told = async |operator: &str| {
        let answer = asked(&question(2, operator)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        // Signed line by line.
        let lines: Vec<&str> = answer.text.lines().map(|line| &line[64..]).collect();
        assert_eq!(lines.last(), Some(&""), "it is whole: {answer:?}");
        let end: Value = serde_json::from_str(lines[lines.len() - 2]).unwrap();
        end
    };
    assert!(told(OPERATOR).await["tooEarly"].as_i64().unwrap() > 1);
    assert!(told("nobody").await["tooEarly"].as_i64().unwrap() > 1);
    is_elsewhere(&asked(&question(0, OPERATOR)).await);
    let mut more = question(2, OPERATOR);
    more["more"] = 1.into();
    for body in [question(4, OPERATOR), question(70_000, OPERATOR), json!({}), json!([]), more] {
        let answer = asked(&body).await;
        assert_eq!((answer.status.as_u16(), &answer.json["code"]), (400, &json!("malformed")));
    }
    cluster.cut_off(B, true);
    is_elsewhere(&asked(&question(2, OPERATOR)).await);
}
