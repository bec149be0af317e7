use std::time::Duration;

use accolade_redis::inspect::inspect;
use accolade_redis::rebuild;
use accolade_redis::settings::Settings;
use accolade_redis::sink::start;
use redis::cmd;
use tokio::runtime::Runtime;

use crate::house::House;
use crate::keys::{Keys, caught_up, until};
use crate::own_server::OwnServer;
use crate::races::race;
use crate::view::View;

#[test]
fn two_projections_of_the_same_partitions_end_with_what_is_right() {
    let (house, mut keys) = (House::with_races(), Keys::new());
    keys.settings.records_max = 40;
    keys.settings.pause = Duration::from_millis(1);
    house.load("before", 400, 60);
    let start = || start(keys.settings.clone(), house.feed()).unwrap();
    let racing = [start(), start(), start()];
    house.load("meanwhile", 600, 60);
    for projection in &racing {
        caught_up(projection);
        assert_eq!(projection.status().trouble, [""; 0]);
    }
    keys.are_exactly(&house);
}

#[test]
fn partitions_that_move_from_node_to_node_under_load_lose_nothing() {
    let (house, mut keys) = (House::with_races(), Keys::new());
    keys.settings.records_max = 40;
    keys.settings.pause = Duration::from_millis(1);
    let halves = [&[0_u16, 1][..], &[2, 3]];
    let nodes = halves.map(|half| View::of(&house, half));
    let started = nodes.clone().map(|node| start(keys.settings.clone(), node).unwrap());
    for round in 0..4 {
        std::thread::scope(|scope| {
            scope.spawn(|| house.load(&format!("moved-{round}"), 300, 60));
            let records = started[0].status().records;
            until("something written", &started[0], |one| one.status().records > records);
            // For a moment both believe that all is theirs.
            for node in &nodes {
                node.own(&[0, 1, 2, 3]);
            }
            house.load(&format!("both-{round}"), 40, 60);
            nodes[round % 2].own(halves[1]);
            nodes[1 - round % 2].own(halves[0]);
        });
    }
    started.iter().for_each(caught_up);
    keys.are_exactly(&house);
}

#[test]
fn a_server_that_is_killed_and_comes_back_is_brought_up_to_date() {
    let server = OwnServer::start(true);
    let (house, mut keys) = (House::with_races(), Keys::at(&server.url()));
    keys.settings.pause = Duration::from_millis(5);
    house.load("before", 300, 60);
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    for round in 0..3 {
        caught_up(&projection);
        house.load(&format!("loaded-{round}"), 200, 60);
        server.run(&["kill"]);
        // The node goes on, and the projection says how far it is behind.
        house.load(&format!("away-{round}"), 200, 60);
        until("a projection that says how far it is behind", &projection, |projection| {
            let status = projection.status();
            !status.is_connected
                && !status.trouble.is_empty()
                && status.lag_batches.is_some_and(|batches| batches > 0)
                && status.lag > Duration::ZERO
        });
        server.run(&["start"]);
    }
    caught_up(&projection);
    keys.are_exactly(&house);
    drop(projection);
}

#[test]
fn a_server_that_is_full_is_told_of_and_gone_on_with_when_it_is_not() {
    let server = OwnServer::start(false);
    let (house, keys) = (House::with_races(), Keys::at(&server.url()));
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    let limit = |bytes: u32| {
        keys.ask::<()>(0, cmd("CONFIG").arg("SET").arg("maxmemory").arg(bytes));
    };
    limit(1);
    house.load("full", 100, 20);
    until("a projection that says that memory is full", &projection, |projection| {
        projection.status().trouble.iter().any(|why| why.contains("OOM"))
    });
    limit(0);
    caught_up(&projection);
    keys.are_exactly(&house);
    drop(projection);
}

#[test]
fn whoever_is_not_let_in_is_told_so_and_the_password_is_shown_nowhere() {
    let server = OwnServer::new(false, false);
    let rights = "+@read +@write +@scripting +@connection +info";
    server.set(&format!(
        "requirepass other\nuser accolade on >se-cret ~* {rights}\nmaxmemory 100mb\nmaxmemory-policy allkeys-lru\n"
    ));
    server.run(&["start"]);
    let url = server.url().replace("redis://", "redis://accolade@");
    let (house, keys) = (House::with_races(), Keys::at(&url));
    house.load("before", 100, 20);
    for password in ["", "an-other-se-cret"] {
        let mut settings = keys.settings.clone();
        if !password.is_empty() {
            settings.set_password(password);
        }
        let projection = start(settings, house.feed()).unwrap();
        until("a projection that says who is not let in", &projection, |projection| {
            let status = projection.status();
            assert!(!status.is_connected, "{status:?}");
            let told = status.trouble.join(" ");
            assert!(!told.contains("se-cret"), "{told}");
            told.contains("uthentication")
        });
    }
    let mut settings = keys.settings.clone();
    settings.set_password("se-cret");
    let projection = start(settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    let found = Runtime::new().unwrap().block_on(inspect(&settings)).unwrap();
    assert!(found.may_evict(), "{found:?}");
    assert!(found.are_names_the_same && found.cluster.is_some(), "{found:?}");
    drop(projection);
}

#[test]
fn keys_of_another_cluster_and_keys_under_other_names_are_left_alone() {
    let (house, keys) = (House::with_races(), Keys::new());
    house.load("before", 100, 20);
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    let stands = |house: &House, settings: Settings, why: &str| {
        let projection = start(settings, house.feed()).unwrap();
        until("a projection that says whose keys they are", &projection, |projection| {
            projection.status().trouble.iter().any(|trouble| trouble.contains(why))
        });
    };
    let other = House::open();
    stands(&other, keys.settings.clone(), "belong to the cluster");
    let mut renamed = keys.settings.clone();
    renamed.names.prefix = format!("renamed-{}", renamed.names.prefix);
    stands(&house, renamed.clone(), "projection rebuild redis");
    keys.are_exactly(&house);
    projection.stop();

    Runtime::new().unwrap().block_on(rebuild::restart(&renamed)).unwrap();
    let projection = start(renamed.clone(), house.feed()).unwrap();
    caught_up(&projection);
    let renamed = Keys { settings: renamed, ..keys };
    renamed.are_exactly(&house);
    drop(projection);
}

#[test]
fn operators_whose_keys_would_be_the_same_are_told_so() {
    let (house, mut keys) = (House::open(), Keys::new());
    house.begin(&[race("house", "race")]);
    keys.settings.names.prefix = keys.settings.names.prefix.replace("{operator}:", "");
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    until("a projection that says what is missing", &projection, |projection| {
        projection.status().trouble.iter().any(|trouble| trouble.contains("`redis.prefix`"))
    });
}
