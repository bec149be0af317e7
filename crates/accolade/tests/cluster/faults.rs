use std::time::Duration;

use crate::load::Load;
use crate::processes::Cluster;
use crate::proxy::Way;

/// How often each fault is done.
fn rounds() -> u32 {
    std::env::var("ACCOLADE_ROUNDS").map_or(1, |rounds| rounds.parse().expect("a number"))
}

/// Longer than the time after which the group takes a silent node for dead.
const BEYOND_THE_SESSION: Duration = Duration::from_secs(14);

fn seconds(count: u64) {
    std::thread::sleep(Duration::from_secs(count));
}

#[test]
#[ignore = "takes minutes and starts services; `make cluster-test` runs it"]
fn nodes_are_killed_and_balances_and_outputs_stay_exact() {
    let mut cluster = Cluster::start(1, 2);
    for round in 0..rounds() {
        let load = Load::begin(&cluster, &format!("kill{round}"));
        seconds(3);
        cluster.kill(1);
        load.to(&cluster);
        seconds(10);
        cluster.node(1);
        seconds(4);
        load.to(&cluster);
        seconds(3);
        load.end(&cluster);
    }
}

#[test]
#[ignore = "takes minutes and starts services; `make cluster-test` runs it"]
fn a_node_that_is_frozen_beyond_its_session_orders_nothing_more() {
    let cluster = Cluster::start(1, 2);
    for round in 0..rounds() {
        let load = Load::begin(&cluster, &format!("freeze{round}"));
        seconds(3);
        load.only(&cluster, &[2]);
        cluster.freeze(1);
        std::thread::sleep(BEYOND_THE_SESSION);
        cluster.thaw(1);
        load.to(&cluster);
        seconds(6);
        load.end(&cluster);
    }
}

#[test]
#[ignore = "takes minutes and starts services; `make cluster-test` runs it"]
fn a_cluster_grows_from_one_node_to_three_and_back_and_survives_a_lost_disk() {
    let mut cluster = Cluster::start(1, 1);
    for round in 0..rounds() {
        let load = Load::begin(&cluster, &format!("grow{round}"));
        seconds(2);
        cluster.node(2);
        cluster.node(3);
        seconds(8);
        load.to(&cluster);
        seconds(3);
        load.only(&cluster, &[2, 3]);
        cluster.stop(1);
        cluster.lose_disk(1);
        seconds(3);
        cluster.kill(3);
        load.only(&cluster, &[2]);
        seconds(10);
        cluster.node(1);
        seconds(8);
        load.only(&cluster, &[1]);
        cluster.stop(2);
        seconds(3);
        load.end(&cluster);
    }
}

#[test]
#[ignore = "takes minutes and starts services; `make cluster-test` runs it"]
fn object_storage_is_away_for_a_while_and_points_go_on() {
    let mut cluster = Cluster::start(1, 2);
    for round in 0..rounds() {
        let load = Load::begin(&cluster, &format!("bucket{round}"));
        seconds(3);
        cluster.service("s3.sh", &["stop"]);
        seconds(12);
        cluster.service("s3.sh", &["start"]);
        seconds(6);
        cluster.kill(2);
        load.to(&cluster);
        seconds(10);
        cluster.node(2);
        seconds(3);
        load.end(&cluster);
    }
}

#[test]
#[ignore = "takes minutes and starts services; `make cluster-test` runs it"]
fn brokers_die_stand_still_and_are_all_restarted() {
    let cluster = Cluster::start(3, 2);
    for round in 0..rounds() {
        let load = Load::begin(&cluster, &format!("broker{round}"));
        seconds(3);
        cluster.service("kafka.sh", &["kill", "1"]);
        seconds(15);
        cluster.service("kafka.sh", &["start", "1"]);
        seconds(5);
        cluster.service("kafka.sh", &["freeze", "2"]);
        seconds(15);
        cluster.service("kafka.sh", &["thaw", "2"]);
        seconds(5);
        cluster.service("kafka.sh", &["restart"]);
        seconds(5);
        load.end(&cluster);
    }
}

fn cut_beyond_the_session(way: Way) {
    let cluster = Cluster::with_proxy(1, 2);
    for round in 0..rounds() {
        let load = Load::begin(&cluster, &format!("cut{round}"));
        seconds(3);
        cluster.proxy().set(way);
        // Some requests to the node that is cut off are on their way.
        std::thread::sleep(Duration::from_millis(40));
        load.only(&cluster, &[2]);
        std::thread::sleep(BEYOND_THE_SESSION);
        cluster.proxy().set(Way::Open);
        load.to(&cluster);
        seconds(6);
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
    for round in 0..rounds() {
        let load = Load::begin(&cluster, &format!("tables{round}"));
        seconds(3);
        cluster.service("postgres.sh", &["stop-at-once"]);
        seconds(10);
        load.is_folded(&cluster);
        cluster.service("postgres.sh", &["start"]);
        seconds(5);
        load.end(&cluster);
    }
}
