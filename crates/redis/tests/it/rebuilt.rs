use std::sync::Arc;
use std::time::Duration;

use accolade_engine::feed::Feed;
use accolade_engine::intake::Intake;
use accolade_projections::running::Projection;
use accolade_redis::rebuild;
use accolade_redis::sink::start;
use redis::cmd;
use tokio::runtime::Runtime;

use crate::house::House;
use crate::keys::{Keys, caught_up, until};
use crate::own_server::OwnServer;
use crate::view::View;

fn ends(house: &House) -> u64 {
    house.node.owned().iter().map(|partition| house.node.end(*partition).unwrap()).max().unwrap()
}

#[test]
fn what_is_flushed_under_load_is_there_again() {
    let server = OwnServer::start(false);
    let (house, mut keys) = (House::with_races(), Keys::at(&server.url()));
    keys.settings.pause = Duration::from_millis(5);
    house.load("before", 400, 60);
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    // All of it, leaderboards alone, statistics alone.
    for (round, (database, flush)) in
        [(0, "FLUSHALL"), (1, "FLUSHDB"), (0, "FLUSHDB")].into_iter().enumerate()
    {
        std::thread::scope(|scope| {
            scope.spawn(|| house.load(&format!("meanwhile-{round}"), 400, 60));
            let records = projection.status().records;
            until("something written", &projection, |projection| {
                projection.status().records > records
            });
            keys.ask::<()>(database, &cmd(flush));
        });
        // It is looked at once a second, when something is written.
        until("keys that are there again", &projection, |_| {
            house.stake("house", "anna", &format!("{round}-{}", ends(&house)), "1");
            let mark = keys.settings.names.progress.clone() + ":mark";
            keys.ask::<bool>(1, cmd("EXISTS").arg(mark))
        });
        caught_up(&projection);
        keys.are_exactly(&house);
    }
    drop(projection);
}

#[test]
fn a_server_that_comes_back_empty_is_filled_again() {
    let server = OwnServer::start(false);
    let (house, keys) = (House::with_races(), Keys::at(&server.url()));
    house.load("before", 300, 60);
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    server.run(&["kill"]);
    house.load("away", 100, 60);
    server.run(&["start"]);
    caught_up(&projection);
    keys.are_exactly(&house);
    drop(projection);
}

#[test]
fn nothing_of_a_journal_is_needed_that_is_not_there_any_more() {
    let (house, keys) = (House::with_races(), Keys::new());
    house.load("before", 300, 60);
    let feed = View::of(&house, &house.node.owned());
    feed.begin_at(ends(&house));
    let projection = start(keys.settings.clone(), Arc::clone(&feed) as _).unwrap();
    house.load("after", 200, 60);
    caught_up(&projection);
    keys.are_exactly(&house);
    projection.stop();

    // Whoever was away for too long begins anew, and what left meanwhile is not there.
    house.take("house", &[("player-0", crate::house::void("house", "player-0", "after-0").into())]);
    house.load("away", 200, 60);
    feed.begin_at(ends(&house));
    let projection = start(keys.settings.clone(), feed).unwrap();
    caught_up(&projection);
    keys.are_exactly(&house);
}

#[test]
fn a_node_that_was_restored_without_its_last_batches_does_not_mix_two_histories() {
    let house = House::with_races();
    house.load("first", 200, 20);
    let (house, restored, keys) = (house.copy(), house.copy(), Keys::new());
    house.load("lost", 200, 40);
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    keys.are_exactly(&house);
    projection.stop();
    for number in 0..40 {
        restored.load(&format!("other-{number}"), 20, 20);
    }
    let projection = start(keys.settings.clone(), restored.feed()).unwrap();
    caught_up(&projection);
    keys.are_exactly(&restored);
}

#[test]
fn a_rebuild_removes_what_does_not_belong_there() {
    let (house, keys) = (House::with_races(), Keys::new());
    house.load("before", 200, 20);
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    let names = &keys.settings.names;
    let board = names.leaderboard_of("house", "sum");
    keys.ask::<()>(1, cmd("ZADD").arg(&board).arg(1e9).arg("nobody"));
    let player = names.statistics_of("house", "player-1");
    keys.ask::<()>(0, cmd("HSET").arg(&player).arg("event_of_nobody").arg(1));
    let runtime = Runtime::new().unwrap();
    runtime.block_on(rebuild::restart(&keys.settings)).unwrap();
    let is_begun = |projection: &Projection| {
        // Whoever has nothing to write hears of it with the next batch.
        house.stake("house", "anna", &format!("w{}", ends(&house)), "1");
        let progress = runtime.block_on(rebuild::progress(&keys.settings)).unwrap();
        progress.len() == usize::from(house.node.partitions())
            && progress.iter().all(|one| one.next > 0 && one.trouble.is_none())
            && projection.status().is_caught_up()
    };
    until("all partitions written anew", &projection, is_begun);
    caught_up(&projection);
    keys.are_exactly(&house);
}
