//! Each fault is seen by the cluster before the test goes on, and points go on, or begin again, before it
//! ends.

use std::time::Duration;

use crate::load::Load;
use crate::processes::{Cluster, until};
use crate::proxy::Way;

/// How often each fault is done.
fn rounds() -> u32 {
    std::env::var("ACCOLADE_ROUNDS").map_or(1, |rounds| rounds.parse().expect("a number"))
}

#[test]
#[ignore = "takes minutes and starts services; `make cluster-test` runs it"]
fn nodes_are_killed_and_balances_and_outputs_stay_exact() {
    let mut cluster = Cluster::start(1, 2);
    for round in 0..rounds() {
        let load = Load::begin(&cluster, &format!("kill{round}"));
        load.goes_on(&cluster);
        cluster.ships(1);
        let fetched = cluster.checkpoints_fetched(2);
        cluster.kill(1);
        load.to(&cluster);
        cluster.has_all(2);
        assert!(cluster.checkpoints_fetched(2) > fetched, "{}", cluster.log(2));
        load.goes_on(&cluster);
        cluster.node(1);
        cluster.have_shares();
        load.to(&cluster);
        load.goes_on(&cluster);
        load.end(&cluster);
    }
}

#[test]
#[ignore = "takes minutes and starts services; `make cluster-test` runs it"]
fn a_node_that_is_frozen_beyond_its_session_orders_nothing_more() {
    let cluster = Cluster::start(1, 2);
    for round in 0..rounds() {
        let load = Load::begin(&cluster, &format!("freeze{round}"));
        load.goes_on(&cluster);
        // Some requests are on their way to it.
        cluster.freeze(1);
        load.only(&cluster, &[2]);
        cluster.has_all(2);
        load.goes_on(&cluster);
        cluster.thaw(1);
        cluster.have_shares();
        load.to(&cluster);
        load.goes_on(&cluster);
        load.end(&cluster);
    }
}

#[test]
#[ignore = "takes minutes and starts services; `make cluster-test` runs it"]
fn a_cluster_grows_from_one_node_to_three_and_back_and_survives_a_lost_disk() {
    let mut cluster = Cluster::start(1, 1);
    for round in 0..rounds() {
        let load = Load::begin(&cluster, &format!("grow{round}"));
        load.goes_on(&cluster);
        cluster.node(2);
        cluster.node(3);
        cluster.have_shares();
        load.to(&cluster);
        load.goes_on(&cluster);
        load.only(&cluster, &[2, 3]);
        cluster.stop(1);
        cluster.lose_disk(1);
        cluster.have_shares();
        load.goes_on(&cluster);
        load.only(&cluster, &[2]);
        cluster.kill(3);
        cluster.has_all(2);
        load.goes_on(&cluster);
        cluster.ships(2);
        let fetched = cluster.checkpoints_fetched(1);
        cluster.node(1);
        cluster.have_shares();
        assert!(cluster.checkpoints_fetched(1) > fetched, "{}", cluster.log(1));
        load.only(&cluster, &[1]);
        cluster.stop(2);
        cluster.has_all(1);
        load.goes_on(&cluster);
        load.end(&cluster);
    }
}

#[test]
#[ignore = "takes minutes and starts services; `make cluster-test` runs it"]
fn object_storage_is_away_for_a_while_and_points_go_on() {
    let mut cluster = Cluster::start(1, 2);
    for round in 0..rounds() {
        let load = Load::begin(&cluster, &format!("bucket{round}"));
        load.goes_on(&cluster);
        let failures = cluster.ship_failures(1);
        cluster.service("s3.sh", &["stop"]);
        until("a checkpoint cannot be shipped", || {
            let now = cluster.ship_failures(1);
            if now > failures { Ok(()) } else { Err(now) }
        });
        load.goes_on(&cluster);
        cluster.service("s3.sh", &["start"]);
        cluster.ships(1);
        cluster.ships(2);
        cluster.kill(2);
        load.to(&cluster);
        cluster.has_all(1);
        load.goes_on(&cluster);
        cluster.node(2);
        cluster.have_shares();
        load.end(&cluster);
    }
}

#[test]
#[ignore = "takes minutes and starts services; `make cluster-test` runs it"]
fn brokers_die_stand_still_and_are_all_restarted() {
    let cluster = Cluster::start(3, 2);
    for round in 0..rounds() {
        let load = Load::begin(&cluster, &format!("broker{round}"));
        load.goes_on(&cluster);
        cluster.service("kafka.sh", &["kill", "1"]);
        load.goes_on(&cluster);
        cluster.service("kafka.sh", &["start", "1"]);
        load.goes_on(&cluster);
        cluster.service("kafka.sh", &["freeze", "2"]);
        load.goes_on(&cluster);
        cluster.service("kafka.sh", &["thaw", "2"]);
        cluster.service("kafka.sh", &["restart"]);
        load.goes_on(&cluster);
        load.end(&cluster);
    }
}

fn cut_beyond_the_session(way: Way) {
    let cluster = Cluster::with_proxy(1, 2);
    for round in 0..rounds() {
        let load = Load::begin(&cluster, &format!("cut{round}"));
        load.goes_on(&cluster);
        cluster.proxy().set(way);
        // Some requests to the node that is cut off are on their way.
        std::thread::sleep(Duration::from_millis(40));
        load.only(&cluster, &[2]);
        cluster.until_it_says(1, "that it is cut off", |status, told| {
            let reasons = told["reasons"].as_array().into_iter().flatten();
            let mut reasons = reasons.filter_map(|reason| reason.as_str());
            status == 503 && reasons.any(|reason| reason.starts_with("cut_off"))
        });
        cluster.has_all(2);
        load.goes_on(&cluster);
        cluster.proxy().set(Way::Open);
        cluster.have_shares();
        load.to(&cluster);
        load.goes_on(&cluster);
        load.end(&cluster);
    }
}

#[test]
#[ignore = "takes minutes and starts services; `make cluster-test` runs it"]
fn the_network_resets_all_connections_of_a_node_beyond_its_session() {
    cut_beyond_the_session(Way::Reset);
}

#[test]
#[ignore = "takes minutes and starts services; `make cluster-test` runs it"]
fn the_network_swallows_all_packets_of_a_node_beyond_its_session_and_brings_them_late() {
    cut_beyond_the_session(Way::Silent);
}

#[test]
#[ignore = "takes minutes and starts services; `make cluster-test` runs it"]
fn postgresql_crashes_while_points_go_on_and_its_tables_catch_up_exactly() {
    let cluster = Cluster::with_tables(1, 2);
    let is_in_trouble = |told: &serde_json::Value| {
        let mut outlets = told["outlets"].as_array().into_iter().flatten();
        let tables = outlets.find(|outlet| outlet["name"] == "postgres").expect("it has tables");
        tables["trouble"].as_array().is_some_and(|trouble| !trouble.is_empty())
    };
    for round in 0..rounds() {
        let load = Load::begin(&cluster, &format!("tables{round}"));
        load.goes_on(&cluster);
        cluster.service("postgres.sh", &["stop-at-once"]);
        for node in [1, 2] {
            let said = "that its tables are in trouble";
            cluster.until_it_says(node, said, |_, told| is_in_trouble(told));
        }
        load.goes_on(&cluster);
        cluster.service("postgres.sh", &["start"]);
        for node in [1, 2] {
            cluster.until_it_says(node, "that its tables are well", |_, told| !is_in_trouble(told));
        }
        load.goes_on(&cluster);
        load.end(&cluster);
    }
}
