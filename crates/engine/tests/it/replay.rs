//! Batches that are folded again: what comes of them is what came of them first, or the partition stands.

use accolade_engine::behaviour::{Behaviour, KNOWN};
use accolade_engine::contract;
use accolade_engine::contract::faulty::CHANGED_AT_20;
use accolade_engine::contract::memory::MemoryStore;
use accolade_engine::ids::IdEntry;
use accolade_engine::partition::{Partition, Stopped};

use super::faults::BEHAVIOURS;
use super::play::Play;

const PROGRAM: &str = r#"program {"currency":"EUR","earning":{"multipliers":{"slots":0.1}}}"#;

/// What failed is mended.
const MENDED: &[Behaviour] = KNOWN;

struct InMemory(MemoryStore);

impl contract::store::UnderTest for InMemory {
    type Store = MemoryStore;

    fn store(&mut self) -> &mut MemoryStore {
        &mut self.0
    }

    fn seal(&mut self, partition: u16, ids: &[IdEntry]) {
        self.0.sealed.extend(ids.iter().map(|id| (partition, *id)));
    }

    fn seal_rows(&mut self, partition: u16, rows: &[(Vec<u8>, Vec<u8>)]) {
        self.0.rows.extend(rows.iter().map(|(key, row)| ((partition, key.clone()), row.clone())));
    }

    fn settle(&mut self) {}
}

#[test]
fn the_store_in_memory_keeps_the_contract() {
    contract::store::check(&mut InMemory(MemoryStore::default()));
}

fn played(lines: &[&str]) -> Play {
    let mut play = Play::new();
    for line in lines {
        play.line(line);
    }
    play
}

fn state(partition: &Partition) -> Vec<u8> {
    partition.values()
}

/// Everything is folded again by `behaviours`, over `store`, and is the same.
fn is_the_same(play: &Play, behaviours: &'static [Behaviour], mut store: MemoryStore) {
    let mut partition = Partition::new(0);
    play.again(&mut partition, behaviours, &mut store, &mut Vec::new()).unwrap();
    assert_eq!(state(&partition), state(&play.partition));
    assert_eq!(store.batches, play.store.batches);
}

fn kept(play: &Play) -> MemoryStore {
    MemoryStore { batches: play.store.batches.clone(), ..MemoryStore::default() }
}

#[test]
fn a_batch_that_is_not_what_it_was_stands_and_names_place_and_difference() {
    let play = played(&[
        PROGRAM,
        "wager w1 anna slots 10",
        "wager w2 anna slots 20",
        "wager w3 anna slots 30",
    ]);
    is_the_same(&play, MENDED, kept(&play));
    let (mut partition, mut store) = (Partition::new(0), kept(&play));
    let mut outcomes = Vec::new();
    let mut told = Vec::new();
    for _ in 0..2 {
        let stopped =
            play.again(&mut partition, CHANGED_AT_20, &mut store, &mut outcomes).unwrap_err();
        let Stopped::Bug { place, message } = stopped else { panic!("{stopped}") };
        assert_eq!((place.batch, place.slot), (5, 1));
        let what = "the outcome is `Recorded` now, and was `Counted { version: 1, points: ";
        assert!(message.starts_with(what), "{message}");
        assert!(partition.stands());
        told.push(outcomes.len());
    }
    assert_eq!(told, [5, 5], "no record is folded a second time");
    assert_eq!(store.batches, play.store.batches);
}

#[test]
fn a_record_that_was_skipped_stays_so_where_the_rule_does_not_fail_any_more() {
    let play = played(&[
        PROGRAM,
        "wager w1 anna slots 10",
        "wager w2 anna slots 13",
        "wager w3 anna slots 30",
        "skip 5",
        "wager w4 anna slots 10",
    ]);
    for behaviours in [MENDED, BEHAVIOURS] {
        is_the_same(&play, behaviours, kept(&play));
        is_the_same(&play, behaviours, MemoryStore::default());
    }
}

#[test]
fn a_timer_that_was_passed_over_stays_so_where_it_does_not_fail_any_more() {
    let play =
        played(&[PROGRAM, "void w1 anna", "void w2 bug", "void w3 bert", "after 8d", "skip 7 0"]);
    assert!(!play.partition.stands());
    is_the_same(&play, MENDED, kept(&play));
    is_the_same(&play, BEHAVIOURS, kept(&play));
    is_the_same(&play, BEHAVIOURS, MemoryStore::default());
}

#[test]
fn a_skip_that_came_when_its_place_was_folded_does_nothing() {
    let play = played(&[PROGRAM, "wager w1 anna slots 10", "skip 4", "wager w2 anna slots 10"]);
    is_the_same(&play, MENDED, kept(&play));
}

#[test]
fn a_control_record_is_passed_over_only_where_it_fails() {
    // Every other partition would carry it out.
    let play = played(&[PROGRAM, "skip 3"]);
    is_the_same(&play, MENDED, MemoryStore::default());
}

#[test]
fn redemptions_and_stocks_are_the_same_wherever_between_two_messages_a_node_has_died() {
    let lines = [
        PROGRAM,
        "wager w1 anna slots 1000",
        r#"reward mug 10 {"stocked":true}"#,
        "restock mug 1",
        "redeem anna mug",
        "redeem anna mug",
        "deliver",
        "deliver",
        "deliver",
        "cancel 1",
        "deliver",
        "after 20m",
    ];
    for end in 5..=lines.len() {
        let play = played(&lines[..end]);
        is_the_same(&play, BEHAVIOURS, MemoryStore::default());
    }
}
