use std::time::Duration;

use accolade_redis::inspect::inspect;
use accolade_redis::sink::start;
use redis::{Client, cmd};
use tokio::runtime::Runtime;

use crate::house::House;
use crate::keys::{Keys, caught_up, until};
use crate::own_server::OwnServer;

#[test]
fn a_cluster_of_servers_has_it_all_and_what_one_loses_is_written_again() {
    let servers = OwnServer::start_cluster(false);
    let url = servers.url();
    let (house, mut keys) = (House::with_races(), Keys::at(&url));
    keys.settings.pause = Duration::from_millis(5);
    house.load("before", 400, 60);
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    house.load("meanwhile", 200, 60);
    caught_up(&projection);
    keys.are_exactly(&house);
    let found = Runtime::new().unwrap().block_on(inspect(&keys.settings)).unwrap();
    assert_eq!(found.servers, Some(3), "{found:?}");

    // One is emptied.
    let first = url.split(',').next().unwrap();
    let mut one = Client::open(first).unwrap().get_connection().unwrap();
    cmd("FLUSHALL").exec(&mut one).unwrap();
    let mut number = 0;
    until("a server that has keys again", &projection, |projection| {
        number += 1;
        house.stake("house", "anna", &format!("flushed-{number}"), "1");
        let keys: u64 = cmd("DBSIZE")
            .query(&mut Client::open(first).unwrap().get_connection().unwrap())
            .unwrap();
        keys > 80 && projection.status().is_caught_up()
    });
    caught_up(&projection);
    keys.are_exactly(&house);

    // One is killed, and comes back empty.
    servers.run(&["cluster-kill", "2"]);
    house.load("away", 100, 60);
    until("a projection that waits", &projection, |projection| {
        !projection.status().trouble.is_empty()
    });
    servers.run(&["cluster-restart", "2"]);
    caught_up(&projection);
    keys.are_exactly(&house);
    drop(projection);
}
