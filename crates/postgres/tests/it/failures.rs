use std::time::Duration;

use accolade_postgres::error::Error;
use accolade_postgres::inspect::inspect;
use accolade_postgres::rebuild;
use accolade_postgres::settings::Settings;
use accolade_postgres::sink::start;
use tokio::runtime::Runtime;
use tokio_postgres::NoTls;

use crate::house::{House, wager};
use crate::own_server::OwnServer;
use crate::tables::{Tables, caught_up, until};

#[test]
fn a_connection_that_is_killed_again_and_again_costs_nothing_and_repeats_nothing() {
    let (house, mut tables) = (House::open(), Tables::new("killed"));
    tables.settings.records_max = 40;
    house.wagers("before", 1500, 60);
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    let killer = tables.connect();
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
    let mut killed = 0;
    let mut rows = 0;
    while killed < 12 {
        // Each time something was written since.
        until("more rows, or all", &projection, |projection| {
            let status = projection.status();
            status.is_connected && (status.records > rows || status.is_caught_up())
        });
        rows = projection.status().records;
        let ended = tables.wait(killer.query(sql, &[&tables.settings.schema])).unwrap();
        killed += ended.len();
        house.take("house", &[("anna", wager("house", "anna", &format!("k{killed}"), "5").into())]);
    }
    caught_up(&projection);
    tables.are_exactly(&house);
}

#[test]
fn two_projections_of_the_same_partitions_write_every_row_once() {
    let (house, tables) = (House::open(), Tables::new("racing"));
    house.wagers("before", 1200, 60);
    let start = || start(tables.settings.clone(), house.feed()).unwrap();
    let racing = [start(), start(), start()];
    house.wagers("meanwhile", 600, 60);
    for projection in &racing {
        caught_up(projection);
        assert_eq!(projection.status().trouble, [""; 0]);
    }
    tables.are_exactly(&house);
    let written: u64 = racing.iter().map(|projection| projection.status().records).sum();
    assert_eq!(written, u64::try_from(house.ledger().len()).unwrap());
}

#[test]
fn a_server_that_crashes_and_comes_back_is_brought_up_to_date() {
    let server = OwnServer::start();
    let (house, mut tables) = (House::open(), Tables::at(&server.url(), "crash"));
    tables.settings.records_max = 40;
    house.wagers("before", 1500, 60);
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    for round in 0..3 {
        let rows = projection.status().records;
        until("more than a hundred rows more, or all", &projection, |projection| {
            let status = projection.status();
            status.records > rows + 100 || status.is_caught_up()
        });
        server.run("stop-at-once");
        // The node goes on, and the projection says how far it is behind.
        house.wagers(&format!("away-{round}"), 200, 60);
        until("a projection that says how far it is behind", &projection, |projection| {
            let status = projection.status();
            !status.is_connected
                && !status.trouble.is_empty()
                && status.lag_batches.is_some_and(|batches| batches > 0)
                && status.lag > Duration::ZERO
        });
        server.run("start");
    }
    caught_up(&projection);
    tables.reconnect();
    tables.are_exactly(&house);
    assert_eq!(projection.status().trouble, [""; 0]);
    drop(projection);
    drop(tables);
}

#[test]
fn a_projection_that_stands_says_how_far_it_is_behind_what_is_folded_and_why() {
    let (house, tables) = (House::open(), Tables::new("stands"));
    house.wagers("before", 20, 5);
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    tables.run("ALTER TABLE {s}.dlq ADD CONSTRAINT nothing_bad CHECK (original_event <> 'bad')");
    house.take("house", &[("anna", b"bad".to_vec())]);
    house.wagers("after", 60, 5);
    let folded = |house: &House| -> u64 {
        let owned = house.feed().owned().into_iter();
        owned.map(|partition| house.feed().end(partition).unwrap()).sum()
    };
    let is_told = |one: &rebuild::Progress| {
        let trouble = one.trouble.as_deref().unwrap_or_default();
        one.next < one.journal_end && trouble.contains("nothing_bad")
    };
    let progress = || tables.wait(rebuild::progress(&tables.settings)).unwrap();
    until("a projection that says what is bad", &projection, |projection| {
        let told = progress();
        let ends: u64 = told.iter().map(|one| one.journal_end).sum();
        told.iter().any(is_told)
            && ends == folded(&house)
            && projection.status().trouble.iter().any(|why| why.contains("nothing_bad"))
    });
    tables.run("ALTER TABLE {s}.dlq DROP CONSTRAINT nothing_bad");
    caught_up(&projection);
    tables.are_exactly(&house);
    assert!(progress().iter().all(|one| one.trouble.is_none() && one.next == one.journal_end));
}

#[test]
fn a_node_that_was_restored_without_its_last_batches_does_not_mix_two_histories() {
    let house = House::open();
    house.wagers("first", 200, 20);
    let (house, restored, tables) = (house.copy(), house.copy(), Tables::new("restored"));
    house.wagers("lost", 200, 20);
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    projection.stop();
    let expected = (house.ledger(), house.balances());
    // As many batches as were lost, and more.
    for number in 0..40 {
        restored.wagers(&format!("other-{number}"), 20, 20);
    }
    let projection = start(tables.settings.clone(), restored.feed()).unwrap();
    until("a projection that asks for a rebuild", &projection, |projection| {
        projection.status().trouble.iter().any(|trouble| trouble.contains("projection rebuild"))
    });
    assert_eq!((tables.ledger(), tables.balances()), expected);
    tables.wait(rebuild::restart(&tables.settings)).unwrap();
    caught_up(&projection);
    tables.are_exactly(&restored);
}

#[test]
fn a_database_that_cannot_hold_every_name_is_refused_before_one_stops_it() {
    let (house, server) = (House::open(), OwnServer::start());
    let runtime = Runtime::new().unwrap();
    let latin = "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' \
                 LC_CTYPE 'C' OWNER accolade";
    runtime.block_on(async {
        let superuser = server.url().replace("accolade:", "postgres:");
        let (client, connection) = tokio_postgres::connect(&superuser, NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(latin).await.unwrap();
    });
    let url = server.url();
    let (server_url, _) = url.rsplit_once('/').unwrap();
    let settings = Settings::new(&format!("{server_url}/latin")).unwrap();
    house.take("house", &[("лев", wager("house", "лев", "w1", "10").into())]);
    let projection = start(settings.clone(), house.feed()).unwrap();
    until("a projection that names the encoding", &projection, |projection| {
        projection.status().trouble.iter().any(|trouble| trouble.contains("LATIN1"))
    });
    let inspected = runtime.block_on(inspect(&settings));
    assert!(matches!(inspected, Err(Error::Encoding(_))), "{inspected:?}");
}
