use accolade_projections::sink::Sink;

use crate::house::{House, PARTITIONS, caught_up, player_of, until};
use crate::memory::{BYTES_MAX, Memory};

fn counts(memory: &Memory) -> Vec<usize> {
    (0..PARTITIONS).map(|partition| memory.count(&player_of(partition))).collect()
}

#[test]
fn a_record_that_is_refused_for_good_is_counted_and_nothing_else_is_left_out() {
    let (house, memory) = (House::open(), Memory::default());
    memory.with(|store| store.refuses.insert("ugly".into()));
    let projection = memory.start(&house);
    house.wagers("before", 3);
    house.wager("ugly", &player_of(1));
    house.wagers("after", 3);
    caught_up(&projection);
    let status = projection.status();
    assert_eq!((status.refused, status.records), (1, 24), "{status:?}");
    assert_eq!(counts(&memory), [6; 4]);
}

#[test]
fn a_partition_that_the_sink_refuses_stands_alone_and_goes_on_once_it_is_taken() {
    let (house, memory) = (House::open(), Memory::default());
    let projection = memory.start(&house);
    house.wagers("before", 3);
    caught_up(&projection);
    memory.with(|store| store.refuses_all_of.extend([1, 2]));
    house.wagers("while", 10);
    until("the others are written", &projection, || {
        let counts = counts(&memory);
        (counts[0], counts[3]) == (13, 13)
    });
    until("both are named", &projection, || {
        let trouble = projection.status().trouble;
        let names = |partition: u16| {
            let is_it = |why: &String| {
                why.starts_with(&format!("partition {partition}, batch "))
                    && why.ends_with("it does not like one of these")
            };
            trouble.iter().any(is_it)
        };
        trouble.len() == 2 && names(1) && names(2)
    });
    assert_eq!((memory.count(&player_of(1)), memory.count(&player_of(2))), (3, 3));
    assert!(projection.status().lag_batches.is_some_and(|lag| lag > 0));
    until("those who look from outside are told", &projection, || {
        memory.with(|store| {
            let told = store.reported.iter().filter(|one| one.trouble.is_some());
            told.map(|one| one.partition).eq([1, 2])
        })
    });
    memory.with(|store| store.refuses_all_of.clear());
    caught_up(&projection);
    assert_eq!(counts(&memory), [13; 4]);
}

#[test]
fn a_slow_sink_lags_by_what_it_has_not_written_and_holds_no_more_than_it_may() {
    let (house, memory) = (House::open(), Memory::default());
    let projection = memory.start(&house);
    caught_up(&projection);
    let written = house.folded();
    let (open, gate) = tokio::sync::watch::channel(false);
    memory.with(|store| store.gate = Some(gate));
    house.wagers("slow", 100);
    until("the lag is known", &projection, || {
        // Whoever folds writes batches of time as well.
        let before = house.folded();
        let lag = projection.status().lag_batches.unwrap();
        before - written <= lag && lag <= house.folded() - written
    });
    assert!(projection.status().lag > std::time::Duration::ZERO);
    assert_eq!(counts(&memory), [0; 4]);
    open.send_replace(true);
    caught_up(&projection);
    assert_eq!(counts(&memory), [100; 4]);
    let most = memory.with(|store| store.bytes_most);
    assert!((BYTES_MAX..BYTES_MAX + 100).contains(&most), "{most}");
}

#[test]
fn a_slow_sink_is_left_at_once_and_another_begins_where_it_was() {
    let (house, memory) = (House::open(), Memory::default());
    let (_open, gate) = tokio::sync::watch::channel(false);
    memory.with(|store| store.gate = Some(gate));
    let projection = memory.start(&house);
    house.wagers("first", 5);
    projection.stop();
    memory.with(|store| store.gate = None);
    let projection = memory.start(&house);
    caught_up(&projection);
    assert_eq!(counts(&memory), [5; 4]);
}

#[test]
fn a_sink_that_is_away_for_long_gets_all_of_it_once_and_its_lag_is_known_meanwhile() {
    let (house, memory) = (House::open(), Memory::default());
    let projection = memory.start(&house);
    house.wagers("before", 2);
    caught_up(&projection);
    memory.with(|store| store.is_away = true);
    let (before, asked) = (house.folded(), memory.with(|store| store.asked));
    house.wagers("away", 200);
    until("it is tried again and again", &projection, || {
        memory.with(|store| store.asked > asked + 3)
    });
    let status = projection.status();
    assert!(!status.is_connected && status.trouble == ["it is away"], "{status:?}");
    assert!(
        status.lag_batches.unwrap() >= 200
            && status.lag_batches.unwrap() <= house.folded() - before + 4
    );
    memory.with(|store| store.is_away = false);
    house.wagers("back", 2);
    caught_up(&projection);
    assert_eq!(counts(&memory), [204; 4]);
    assert_eq!(projection.status().trouble, [""; 0]);
}

#[test]
fn a_rebuild_while_records_come_gives_each_once() {
    let (house, memory) = (House::open(), Memory::default());
    let (projection, other) = (memory.start(&house), memory.start(&house));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for round in 0..5 {
        house.wagers(&format!("round-{round}"), 10);
        runtime.block_on(memory.clone().rebuild()).unwrap();
        house.wagers(&format!("then-{round}"), 10);
    }
    // Of a rebuild whoever has nothing to write hears with the next batch.
    until("all is there again", &projection, || counts(&memory) == [100; 4]);
    caught_up(&projection);
    caught_up(&other);
    assert_eq!(counts(&memory), [100; 4]);
}

#[test]
fn a_partition_whose_journal_cannot_be_read_stands_and_disturbs_no_other() {
    let (house, memory) = (House::open(), Memory::default());
    house.journal.unreadable.lock().unwrap().insert(2);
    let projection = memory.start(&house);
    house.wagers("w", 10);
    let told = "partition 2, batch 1: the journal cannot be read: a bad sector";
    until("it is named", &projection, || projection.status().trouble == [told]);
    until("the others are written", &projection, || {
        let counts = counts(&memory);
        counts == [10, 10, 0, 10]
    });
    house.journal.unreadable.lock().unwrap().clear();
    caught_up(&projection);
    assert_eq!(counts(&memory), [10; 4]);
}

#[test]
fn a_partition_that_goes_and_comes_back_goes_on_where_it_was() {
    let (house, memory) = (House::open(), Memory::default());
    let projection = memory.start(&house);
    house.wagers("before", 3);
    caught_up(&projection);
    *house.journal.owned.lock().unwrap() = vec![0, 1];
    house.wagers("gone", 3);
    until("those here are written", &projection, || counts(&memory) == [6, 6, 3, 3]);
    *house.journal.owned.lock().unwrap() = (0..PARTITIONS).collect();
    caught_up(&projection);
    assert_eq!(counts(&memory), [6; 4]);
}

#[test]
fn whoever_is_erased_is_named_no_more_from_the_next_batch_on() {
    let (house, memory) = (House::open(), Memory::default());
    let projection = memory.start(&house);
    house.wagers("before", 3);
    caught_up(&projection);
    house.journal.erased.lock().unwrap().insert(player_of(0));
    house.wagers("after", 2);
    caught_up(&projection);
    assert_eq!((memory.count(&player_of(0)), memory.count("(erased)")), (3, 2));
    assert_eq!(memory.count(&player_of(1)), 5);
}

#[test]
fn a_sink_that_panics_says_so_and_the_node_goes_on() {
    let (house, memory) = (House::open(), Memory::default());
    memory.with(|store| store.panics = true);
    let projection = memory.start(&house);
    house.wagers("w", 1);
    until("it has ended", &projection, || {
        projection.status().trouble.first().is_some_and(|why| why == "it ended with a panic")
    });
    house.wagers("on", 1);
}
