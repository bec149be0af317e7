//! A release that knows two behaviours: the first decides as it always did, and the log says from where on
//! the second does.

use std::borrow::Cow;

use accolade_domain::amount::Points;
use accolade_domain::outcome::Outcome;
use accolade_engine::apply::{Input, Loaded, apply};
use accolade_engine::behaviour::{Behaviour, FIRST, KNOWN, newest};
use accolade_engine::contract::faulty::FAILS_AT_13;
use accolade_engine::rules::{BEHAVIOUR, Rules};
use accolade_engine::step::{NewNotice, Step};
use accolade_wire::journal::Outcomes;
use accolade_wire::record::{Kind, Slice};

use super::play::Play;

/// Every wager that earns something earns 1.00 more, and the player hears of it.
const SECOND: Behaviour = Behaviour { number: 2, apply: apply_second, ..FIRST };

fn apply_second<'a>(rules: &Rules, loaded: &Loaded<'_>, input: &Input<'a>) -> Step<'a> {
    let mut step = apply(rules, loaded, input);
    if matches!(step.outcome, Outcome::Counted { .. })
        && let Some(mut more) = step.entries.last().cloned()
    {
        more.points = Points::from_hundredths(100).expect("few points");
        more.balance_after = more.balance_after.plus(more.points).expect("few points");
        step.entries.push(more);
        step.notices.push(NewNotice { kind: 7, body: Cow::Borrowed(b"bonus") });
    }
    step
}

const BOTH: &[Behaviour] = &[FIRST, SECOND];

const LINES: [&str; 8] = [
    r#"program {"currency":"EUR","earning":{"multipliers":{"slots":0.1},"caps":[{"points":15,"per":"day"}]}}"#,
    "wager w1 anna slots 100",
    "wager w2 anna slots 100 at -30h",
    "void w1 anna",
    "void w9 bert",
    "wager w3 bert slots 20 at -200h",
    "release 8",
    "after 8d",
];

#[test]
fn a_log_of_the_first_behaviour_gives_the_same_bytes_where_the_second_is_known() {
    let played = |behaviours| {
        let mut play = Play::knowing(behaviours);
        for line in LINES {
            play.line(line);
        }
        (play.store.batches, play.partition.values())
    };
    assert_eq!(played(BOTH), played(&[FIRST]));
}

#[test]
fn a_control_record_switches_and_every_batch_after_it_is_decided_anew() {
    let mut play = Play::knowing(BOTH);
    play.line(LINES[0]);
    play.line("wager w1 anna slots 10");
    assert_eq!(play.line(r#"control {"control":"behaviour","number":2}"#), "made v2\n");
    let said = play.line("wager w2 anna slots 10");
    assert_eq!(said, "+1.00 by v1  balance 3.00\n");
    let behaviours: Vec<u16> = play.store.batches.values().map(behaviour_of).collect();
    assert_eq!(behaviours, [1, 1, 1, 1, 1, 2]);
    let folded = play.folded(6);
    let slice =
        Slice { partition: 0, batch: 6, flags: 0, count: folded.count, body: &folded.journal };
    let recorded = Outcomes::read(&slice).unwrap().at(1).unwrap();
    let entries: Vec<_> = recorded
        .entries
        .iter()
        .map(|stored| (stored.entry.place.number, stored.entry.points.hundredths()))
        .collect();
    assert_eq!(entries, [(0, 100), (1, 100)]);
    assert_eq!(recorded.entries[1].entry.previous, Some(recorded.entries[0].entry.place));
    let heard: Vec<_> = recorded
        .notices
        .iter()
        .map(|stored| (stored.place.number, stored.notice.kind, &*stored.notice.body))
        .collect();
    assert_eq!(heard, [(2, 7, &b"bonus"[..])]);
}

fn behaviour_of(folded: &accolade_engine::store::Folded) -> u16 {
    let (partition, batch, count) = (folded.partition, folded.batch, folded.count);
    let slice = Slice { partition, batch, flags: 0, count, body: &folded.journal };
    Outcomes::read(&slice).unwrap().behaviour
}

#[test]
fn a_batch_that_was_begun_by_the_first_is_decided_by_it_to_its_end() {
    const FAILS_AND_SECOND: &[Behaviour] = &[FAILS_AT_13[0], SECOND];
    let mut play = Play::knowing(FAILS_AND_SECOND);
    play.line(LINES[0]);
    let at = "2024-11-11T10:00:00Z";
    let wager = |id: &str, stake: u32| {
        format!(
            r#"{{"wagerId":"{id}","playerId":"anna","operatorId":"house","gameId":"g",
            "gameCategory":"slots","wagerAmount":{stake},"currency":"EUR",
            "jurisdiction":"Malta","timestamp":"{at}"}}"#
        )
    };
    let switch = r#"{"control":"behaviour","number":2}"#;
    let (bad, good) = (wager("w1", 13), wager("w2", 10));
    let said = play.together(&[(Kind::Control, switch), (Kind::Wager, &bad), (Kind::Wager, &good)]);
    assert!(said.ends_with("stands at batch 4: a stake of 13"), "{said}");
    let said = play.line("skip 4 2");
    assert!(said.contains("+1.00 by v1  balance 1.00"), "{said}");
    assert_eq!(behaviour_of(play.folded(4)), 1);
    assert_eq!(behaviour_of(play.folded(5)), 2);
}

#[test]
fn a_release_that_does_not_know_the_second_stands_where_it_begins() {
    let mut play = Play::knowing(&[FIRST]);
    play.line(LINES[0]);
    let said = play.line(r#"control {"control":"behaviour","number":2}"#);
    assert!(said.contains("behaviour 2 is not known to this release"), "{said}");
    assert!(play.line("skip 4").contains("stands at batch 4"), "it cannot be skipped");
}

#[test]
fn a_command_that_only_a_newer_release_knows_stands_until_it_is_skipped() {
    let mut play = Play::knowing(&[FIRST]);
    let said = play.line(r#"command {"command":"gamble","id":"c"}"#);
    assert!(said.contains("the command `gamble` is not known to this release"), "{said}");
    let said = play.line("skip 3");
    assert!(said.starts_with("dead letter skipped"), "{said}");
}

#[test]
fn nobody_sees_what_is_overdue_though_few_timers_fire_in_a_batch() {
    const ONE_AT_A_TIME: &[Behaviour] = &[Behaviour { fired_max: 1, ..FIRST }];
    let mut play = Play::knowing(ONE_AT_A_TIME);
    for line in [LINES[0], "void w1 anna", "void w2 anna", "void w3 anna", "after 8d"] {
        play.line(line);
    }
    assert_eq!(play.partition.tables().markers.len(), 2, "one has fired");
    assert_eq!(play.line("wager w3 anna slots 10"), "+1.00 by v1  balance 1.00\n");
    assert!(play.partition.tables().markers.is_empty(), "one by time, and one by its wager");
}

#[test]
fn the_newest_behaviour_that_the_fold_knows_is_the_one_that_control_records_are_known_up_to() {
    assert_eq!(newest(KNOWN), BEHAVIOUR);
    assert!(KNOWN.iter().map(|behaviour| behaviour.number).eq(FIRST.number..=BEHAVIOUR));
}
