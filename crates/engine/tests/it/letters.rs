use accolade_domain::outcome::Outcome;
use accolade_domain::refusal::DeadReason;
use accolade_engine::tables::dead_letters::DeadLetterState;
use accolade_wire::control::Command;
use accolade_wire::identity::IdKind;
use accolade_wire::journal::Outcomes;
use accolade_wire::record::Kind;

use super::play::Play;

const PROGRAM: &str = r#"program {"currency":"EUR","earning":{"multipliers":{"slots":0.1}}}"#;

/// Plays with every row in memory, and with an interval that ends after each line.
fn both(play: impl Fn(&mut Play, &dyn Fn(&mut Play, &str))) {
    for ends in [false, true] {
        let line = |play: &mut Play, line: &str| {
            play.line(line);
            if ends {
                play.end_interval();
            }
        };
        let mut playing = Play::new();
        line(&mut playing, PROGRAM);
        play(&mut playing, &line);
    }
}

fn open(play: &Play) -> Vec<(&'static str, u64)> {
    let Some(totals) = play.partition.tables().letter_totals.get(&()) else { return Vec::new() };
    let counts = DeadReason::ALL.map(|reason| (reason.code(), totals.open(reason)));
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// How many timers have fired in the batches from `batch` on.
fn fired(play: &Play, batch: u64) -> Vec<u32> {
    let batches = play.store.batches.range((0, batch)..);
    let fired = batches.map(|(_, folded)| {
        let recorded = Outcomes::read(&folded.slice()).unwrap().at(0).unwrap();
        match recorded.outcome {
            Outcome::Time { fired } => fired,
            other => panic!("{other:?}"),
        }
    });
    fired.collect()
}

#[test]
fn a_dead_letter_is_found_by_its_event_whatever_becomes_of_it_until_it_is_forgotten() {
    both(|play, line| {
        line(play, "wager w1 anna slots 20 at -200h");
        line(play, "wager w2 anna slots 20");
        let key = play.partition.rules().settings.hash_key;
        let states = |play: &mut Play, operator, kind, id| -> Vec<DeadLetterState> {
            let letters = play.letters_of(key.id(operator, kind, id));
            letters.into_iter().map(|letter| letter.state).collect()
        };
        assert_eq!(states(play, "house", IdKind::Wager, "w1"), [DeadLetterState::Open]);
        for (operator, kind, id) in [
            ("house", IdKind::Void, "w1"),
            ("house", IdKind::Wager, "w2"),
            ("other", IdKind::Wager, "w1"),
        ] {
            assert_eq!(states(play, operator, kind, id), []);
        }
        line(play, "discard 4");
        assert_eq!(states(play, "house", IdKind::Wager, "w1"), [DeadLetterState::Discarded]);
        line(play, "after 719h");
        assert_eq!(states(play, "house", IdKind::Wager, "w1").len(), 1);
        line(play, "after 2h");
        assert_eq!(states(play, "house", IdKind::Wager, "w1"), []);
        assert_eq!(play.letters(), []);
        assert_eq!(play.partition.next_due(), None);
    });
}

#[test]
fn those_of_one_event_come_newest_first() {
    both(|play, line| {
        for _ in 0..3 {
            line(play, "wager w1 anna slots 20 at -200h");
            line(play, "wager w2 anna slots 20 at -200h");
        }
        let event = play.partition.rules().settings.hash_key.id("house", IdKind::Wager, "w1");
        let batches: Vec<_> =
            play.letters_of(event).iter().map(|letter| letter.bytes_at.batch).collect();
        assert_eq!(batches, [8, 6, 4]);
    });
}

#[test]
fn open_letters_are_counted_by_their_reason_until_they_are_closed_or_end() {
    both(|play, line| {
        assert_eq!(open(play), []);
        for id in ["w1", "w2", "w3"] {
            line(play, &format!("wager {id} anna slots 20 at -200h"));
        }
        line(play, "after 1h");
        line(play, "bytes nothing");
        assert_eq!(open(play), [("malformed", 1), ("too_late", 3)]);
        line(play, "discard 4");
        line(play, "discard 4");
        line(play, "release 5");
        assert_eq!(open(play), [("malformed", 1), ("too_late", 1)]);
        line(play, "after 719h");
        line(play, "after 2h");
        assert_eq!(open(play), []);
        assert_eq!(play.partition.tables().letter_totals.len(), 0);
        line(play, "wager w4 anna slots 20 at -200h");
        assert_eq!(open(play), [("too_late", 1)]);
    });
}

#[test]
fn a_letter_and_each_id_that_finds_it_have_a_timer() {
    both(|play, line| {
        line(play, "wager w1 anna slots 20 at -200h");
        line(play, "bytes nothing");
        let wager = |id: &str| {
            format!(
                r#"{{"wagerId":"{id}","playerId":"anna","operatorId":"house","gameId":"g",
                "gameCategory":"slots","wagerAmount":20,"currency":"EUR","jurisdiction":"Malta",
                "timestamp":"2026-01-01T00:00:00Z"}}"#
            )
        };
        for (number, original) in [wager("w1"), wager("w7"), wager("w7")].into_iter().enumerate() {
            let id = format!("r{number}");
            let command = Command::Repair { id, dead_letter: (4, 1), original, operator: None };
            let command = serde_json::to_string(&command).unwrap();
            line(play, &format!("command {}", command.replace('\n', " ")));
        }
        assert_eq!(play.letters().iter().map(|(_, it)| it.found_by).collect::<Vec<_>>(), [2, 0]);
        let batch = play.partition.next_batch();
        line(play, "after 30d");
        assert_eq!(fired(play, batch), [4], "two letters, and w1 and w7");
    });
}

#[test]
fn a_flood_of_letters_ends_so_many_in_a_batch_and_one_that_is_asked_for_at_once() {
    both(|play, line| {
        let old = |number: usize| {
            format!(
                r#"{{"wagerId":"w{number}","playerId":"anna","operatorId":"house","gameId":"g",
                "gameCategory":"slots","wagerAmount":20,"currency":"EUR","jurisdiction":"Malta",
                "timestamp":"2020-01-01T00:00:00Z"}}"#
            )
        };
        let flood: Vec<_> = (0..2_500).map(old).collect();
        let flood: Vec<_> = flood.iter().map(|body| (Kind::Wager, &**body)).collect();
        play.together(&flood);
        assert_eq!(open(play), [("too_late", 2_500)]);
        line(play, "after 719h");
        let batch = play.partition.next_batch();
        line(play, "after 1h");
        let discard =
            Command::Discard { id: "d1".into(), dead_letter: (4, 2_200), why: "w".into() };
        // Ends here, in its own slot, and so does not fire.
        let heard = play.together(&[(Kind::Command, &serde_json::to_string(&discard).unwrap())]);
        assert_eq!(heard, "declined no_such_dead_letter");
        assert_eq!(open(play), [("too_late", 499)]);
        for _ in 0..4 {
            line(play, "after 1m");
        }
        assert_eq!(open(play), []);
        assert_eq!(fired(play, batch), [1_000, 1_000, 1_000, 1_000, 999, 0]);
    });
}
