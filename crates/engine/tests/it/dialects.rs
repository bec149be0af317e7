//! What was ordered under an earlier behaviour is read as it was, however a later one reads.

use accolade_domain::event::Consent;
use accolade_domain::program::Mode;
use accolade_engine::behaviour::{Behaviour, FIRST};
use accolade_engine::rules::{Restoring, Snapshot};
use accolade_wire::bytes::Cursor;
use accolade_wire::dialect::trial;
use accolade_wire::record::Kind;

use super::play::Play;

const WITH_TRIAL: &[Behaviour] = &[FIRST, Behaviour { number: trial::BEHAVIOUR, ..FIRST }];
const SWITCH: &str = r#"{"control":"behaviour","number":60000}"#;
const PROGRAM: &str =
    r#"program {"currency":"EUR","earning":{"multipliers":{"slots":0.1,"poker":0.2,"default":0}}}"#;

fn play() -> Play {
    let mut play = Play::knowing(WITH_TRIAL);
    assert_eq!(play.line(PROGRAM), "made v1\n");
    play
}

fn switch(play: &mut Play) {
    assert_eq!(play.line(&format!("control {SWITCH}")), "made v60000\n");
}

#[test]
fn a_document_means_what_it_meant_under_the_behaviour_under_which_it_was_published() {
    let mut play = play();
    switch(&mut play);
    assert_eq!(play.line("wager w1 anna slots 10"), "+1.00 by v1  balance 1.00\n");
    assert_eq!(play.line(&format!("{PROGRAM} at +1h")), "made v2\n");
    play.line("after 2h");
    assert_eq!(play.line("wager w2 anna slots 10"), "refused mode_off  balance 1.00\n");
    assert_eq!(play.line("wager w3 anna slots 10 at -90m"), "+1.00 by v1  balance 2.00\n");

    let mut values = Vec::new();
    Snapshot::default()
        .write_changes(play.partition.rules(), &mut |value| values.extend_from_slice(value));
    let mut restoring = Restoring::default();
    restoring.read(&mut Cursor::new(&values, "rules")).unwrap();
    let rules = restoring.finish().unwrap();
    let versions = rules.operator("house").unwrap().versions.all();
    let modes: Vec<_> = versions.map(|version| version.program.program.mode).collect();
    assert_eq!(modes, [Mode::Live, Mode::Off]);
}

#[test]
fn an_event_and_a_command_are_read_by_the_behaviour_of_their_batch() {
    let mut play = play();
    assert_eq!(play.line("wager w1 anna cards 10"), "refused zero_multiplier  balance 0.00\n");
    let consent = |id: &str| {
        format!(r#"command {{"command":"consent","id":"{id}","playerId":"anna","joins":true}}"#)
    };
    let said = |play: &Play| play.partition.players().get(0).account.consent;
    play.line(&consent("c1"));
    assert_eq!(said(&play), Some(Consent::In));
    // The batch in which the switch stands is decided to its end as it was begun.
    let wager = |id: &str| {
        format!(
            r#"{{"wagerId":"{id}","playerId":"anna","operatorId":"house","gameId":"g",
            "gameCategory":"cards","wagerAmount":10,"currency":"EUR","jurisdiction":"Malta",
            "timestamp":"2024-11-11T10:00:00Z"}}"#
        )
    };
    let told = play.together(&[(Kind::Control, SWITCH), (Kind::Wager, &wager("w2"))]);
    assert_eq!(told, "made v60000\nrefused zero_multiplier  balance 0.00");
    assert_eq!(play.line("wager w3 anna cards 10"), "+2.00 by v1  balance 2.00\n");
    play.line(&consent("c2"));
    assert_eq!(said(&play), Some(Consent::Out));
}

#[test]
fn a_control_record_is_read_by_the_behaviour_in_force_before_it_whatever_its_batch() {
    let mut play = play();
    let operator = |name: &str| {
        format!(r#"{{"control":"operator","operator":"{name}","keyHash":"","eventsPerSecond":5}}"#)
    };
    let (before, after) = (operator("before"), operator("after"));
    play.together(&[(Kind::Control, &before), (Kind::Control, SWITCH), (Kind::Control, &after)]);
    let limit = |name: &str| play.partition.rules().operator(name).unwrap().events_per_second;
    assert_eq!([limit("before"), limit("after")], [5, 10]);
}

#[test]
fn an_id_is_compared_by_the_version_of_the_list_of_fields_that_it_was_stored_with() {
    let mut play = play();
    let event = |id: &str, what: &str| {
        format!(
            r#"{{"event_id":"{id}","event_type":"{what}","player_id":"anna","game_id":"g",
            "timestamp":"2024-11-11T10:00:00Z"}}"#
        )
    };
    let tell = |play: &mut Play, id: &str, what: &str| {
        let told = play.together(&[(Kind::GameEvent, &event(id, what))]);
        told.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
    };
    play.line("wager w1 anna slots 10");
    assert_eq!(tell(&mut play, "e1", "quest"), "counted balance 1.00");
    assert_eq!(tell(&mut play, "e1", "hello"), "dead letter id_conflict:");
    switch(&mut play);
    assert!(play.line("wager w1 anna slots 10").starts_with("repeats batch"));
    assert!(play.line("wager w1 anna slots 11").starts_with("dead letter id_conflict"));
    assert!(tell(&mut play, "e1", "hello").starts_with("repeats batch"), "it is read as `quest`");
    play.line("wager w2 anna slots 10");
    assert!(play.line("wager w2 anna slots 10").starts_with("repeats batch"));
    let mut versions: Vec<_> = play.partition.ids().iter().map(|id| id.content.version()).collect();
    versions.sort_unstable();
    assert_eq!(versions, [1, 1, trial::CONTENT], "w1, e1 and w2");
}
