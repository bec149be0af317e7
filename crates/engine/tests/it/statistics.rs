//! What is counted of players' game events.

use std::fmt::Write as _;

use accolade_domain::ledger::Place;
use accolade_domain::statistics::{PAIRS_MAX, TYPES_MAX};
use accolade_engine::behaviour::{FIRST, KNOWN, SECOND};
use accolade_engine::tables::player_statistics::PackedStatistics;
use accolade_wire::notice::counted::{EVENT_COUNTED, EventCounted};
use accolade_wire::timestamp;
use expect_test::{Expect, expect};

use super::play::Play;

/// Plays a scenario, wherever intervals end, and compares what was counted of each player, and what was told of it.
fn check(begins: u16, scenario: &str, counted: Expect) {
    let played = |after_each: fn(&mut Play)| {
        let mut play = Play::beginning(begins, KNOWN);
        for line in scenario.lines().map(str::trim).filter(|line| !line.is_empty()) {
            play.line(line);
            after_each(&mut play);
        }
        counted_in(&mut play) + &told(&mut play)
    };
    let heard = played(|_| {});
    assert_eq!(played(Play::end_interval), heard, "with an interval for each line");
    counted.assert_eq(&heard);
}

fn statistics_of(play: &mut Play, player: u32) -> Option<PackedStatistics> {
    play.partition.tables().player_statistics.load(&player, 0, &mut play.store).unwrap()
}

fn counted_in(play: &mut Play) -> String {
    let mut heard = String::new();
    for player in 0..u32::try_from(play.partition.players().all().len()).unwrap() {
        let name = play.partition.players().get(player).name.text().into_owned();
        let Some(packed) = statistics_of(play, player) else {
            writeln!(heard, "{name} nothing").unwrap();
            continue;
        };
        let statistics = packed.unpack();
        write!(heard, "{name} {}", statistics.total).unwrap();
        for pair in &statistics.pairs {
            let (game, of_type) = (statistics.games[pair.game], statistics.types[pair.of_type].0);
            write!(heard, ", {} {of_type} in {game}", pair.count).unwrap();
        }
        let last = statistics.last.unwrap();
        writeln!(heard, ", last {} at {}", last.event_id, timestamp::write(last.at)).unwrap();
    }
    heard
}

/// What the journal tells of events that were counted.
fn told(play: &mut Play) -> String {
    let mut heard = String::new();
    for batch in 1..play.partition.next_batch() {
        for slot in 1..=play.folded(batch).count {
            let recorded = play.store.recorded(Place { partition: 0, batch, slot, number: 0 });
            for stored in recorded.unwrap().notices {
                if stored.notice.kind == EVENT_COUNTED {
                    let EventCounted { total, of_type, .. } =
                        EventCounted::read(&stored.notice.body).unwrap();
                    let (name, count) = of_type.unwrap();
                    writeln!(heard, "told {total}, {count} {name}").unwrap();
                }
            }
        }
    }
    heard
}

#[test]
fn each_event_that_is_recorded_counts_once_and_nothing_else_does() {
    check(
        SECOND.number,
        "
        played e1 anna player_score reels
        played e1 anna player_score reels
        played e2 anna player_score tower at -1h
        played e2 anna level_up tower at -1h
        played e3 anna level_up tower at -400h
        played e1 bert player_score reels
        wager w1 cara slots 10
        void w1 cara
        ",
        expect![[r#"
            anna 2, 1 player_score in reels, 1 player_score in tower, last e1 at 2024-11-11T10:00:00Z
            bert 1, 1 player_score in reels, last e1 at 2024-11-11T10:00:00Z
            cara nothing
            told 1, 1 player_score
            told 2, 2 player_score
            told 1, 1 player_score
        "#]],
    );
}

#[test]
fn a_letter_that_is_released_counts_when_it_is_accepted() {
    check(
        SECOND.number,
        "
        played e1 anna level_up tower at -400h
        release 3
        deliver
        release 3
        deliver
        ",
        expect![[r#"
            anna 1, 1 level_up in tower, last e1 at 2024-10-25T18:00:00Z
            told 1, 1 level_up
        "#]],
    );
}

#[test]
fn a_log_that_an_older_release_has_begun_counts_from_the_switch_on() {
    check(
        FIRST.number,
        r#"
        played e1 anna player_score reels
        control {"control":"behaviour","number":2}
        played e1 anna player_score reels
        played e2 anna player_score reels
        "#,
        expect![[r#"
            anna 1, 1 player_score in reels, last e2 at 2024-11-11T10:00:00Z
            told 1, 1 player_score
        "#]],
    );
}

#[test]
fn an_event_is_no_change_of_the_account() {
    let mut play = Play::beginning(SECOND.number, KNOWN);
    play.line("played e1 anna player_score reels");
    let account = |play: &Play| play.partition.players().get(0).account.clone();
    let before = account(&play);
    play.line("after 1h");
    play.line("played e2 anna player_score reels");
    assert_eq!(account(&play), before);
    assert_eq!(statistics_of(&mut play, 0).unwrap().unpack().total, 2);
}

#[test]
fn what_is_kept_of_a_player_stops_growing_whatever_comes() {
    let mut play = Play::beginning(SECOND.number, KNOWN);
    let kept = |play: &mut Play| {
        let statistics = statistics_of(play, 0).unwrap();
        let statistics = statistics.unpack();
        (statistics.types.len(), statistics.games.len(), statistics.pairs.len())
    };
    for number in 0..PAIRS_MAX + 10 {
        let event_type = number % (TYPES_MAX + 1);
        play.line(&format!("played e{number} anna type-{event_type} game-{number}"));
    }
    let full = kept(&mut play);
    for number in 0..20 {
        play.line(&format!("played f{number} anna new-{number} new-game-{number}"));
    }
    assert_eq!((full.0, full.2, kept(&mut play)), (TYPES_MAX, PAIRS_MAX, full));
    let statistics = statistics_of(&mut play, 0).unwrap();
    assert_eq!(statistics.unpack().total, PAIRS_MAX as u64 + 30);
}
