//! Leaderboards of games in the fold: what counts on which, for how long, and of how many games.

use std::cmp::Reverse;

use accolade_domain::games::{GAMES_MAX, Measure, Occurrence, Period};
use accolade_domain::packed_games::PackedGames;
use accolade_domain::time::{Day, Timestamp, ZoneOffsets};
use accolade_engine::behaviour::{KNOWN, SECOND};
use accolade_engine::board::{Board, Of};
use accolade_engine::contract::memory::MemoryStore;
use accolade_engine::partition::Partition;
use accolade_engine::rules::tournaments::standing::standing;
use accolade_wire::journal::Recorded;
use accolade_wire::notice::games::{GAME_SCORED, GameScored};
use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::play::Play;
use super::settling;

/// Plays a scenario and compares its transcript, with what is told of scores in games.
fn check(scenario: &str, transcript: Expect) {
    settling::check(scenario, told_in, transcript);
}

fn told_in(recorded: &Recorded<'_>) -> Vec<String> {
    let scored = recorded.notices.iter().filter(|stored| stored.notice.kind == GAME_SCORED);
    let scored = scored.map(|stored| GameScored::read(&stored.notice.body).unwrap());
    let told = scored.map(|GameScored { game, value, lines }| {
        let lines = lines.iter().map(|line| {
            let period = line.occurrence.period().code();
            format!("{period} {} of {}", line.score, line.events)
        });
        format!("{value} in {game}: {}", lines.collect::<Vec<_>>().join(", "))
    });
    told.collect()
}

fn games(play: &Play, player: u32) -> &PackedGames {
    &play.partition.players().get(player).games
}

#[test]
fn a_game_has_a_leaderboard_of_the_day_of_the_week_and_of_all_time() {
    check(
        r#"
        played e1 anna player_score reels {"score":10}
        played e2 bert quest_completed reels {"score":7.5}
        played e3 bert boss_defeated reels {"score":"2.5"}
        played e4 cara achievement_unlocked tower {"score":1}
        scores reels daily
        scores tower daily
        scores caves daily
        after 1d
        played e5 bert player_score reels {"score":1}
        scores reels daily
        scores reels daily at -1d
        scores reels weekly
        after 6d
        played e6 anna player_score reels {"score":3}
        scores reels daily
        scores reels weekly
        scores reels weekly at -1d
        scores reels allTime
        "#,
        expect![[r#"
            played e1 anna player_score reels counted  balance 0.00
                                             10 in reels: daily 10 of 1, weekly 10 of 1, allTime 10 of 1
            played e2 bert quest_completed reels counted  balance 0.00
                                             7.5 in reels: daily 7.5 of 1, weekly 7.5 of 1, allTime 7.5 of 1
            played e3 bert boss_defeated reels counted  balance 0.00
                                             2.5 in reels: daily 10 of 2, weekly 10 of 2, allTime 10 of 2
            played e4 cara achievement_unlocked tower counted  balance 0.00
                                             1 in tower: daily 1 of 1, weekly 1 of 1, allTime 1 of 1
            scores reels daily               1. anna 10  2. bert 10
            scores tower daily               1. cara 1
            scores caves daily               nobody
            after 1d                         
            played e5 bert player_score reels counted  balance 0.00
                                             1 in reels: daily 1 of 1, weekly 11 of 3, allTime 11 of 3
            scores reels daily               1. bert 1
            scores reels daily at -1d        1. anna 10  2. bert 10
            scores reels weekly              1. bert 11  2. anna 10
            after 6d                         
            played e6 anna player_score reels counted  balance 0.00
                                             3 in reels: daily 3 of 1, weekly 3 of 1, allTime 13 of 2
            scores reels daily               1. anna 3
            scores reels weekly              1. anna 3
            scores reels weekly at -1d       1. bert 11  2. anna 10
            scores reels allTime             1. anna 13  2. bert 11
        "#]],
    );
}

#[test]
fn what_has_no_score_or_is_another_event_counts_nothing() {
    check(
        r#"
        played e1 anna player_score reels
        played e2 anna player_score reels {"level":3}
        played e3 anna player_score reels {"score":null}
        played e4 anna player_score reels {"score":"many"}
        played e5 anna player_score reels {"score":[5]}
        played e6 anna player_score reels {"score":1e16}
        played e7 anna player_level_up reels {"score":5}
        wager w1 anna slots 10
        played e8 anna player_score reels {"score":-2}
        played e8 anna player_score reels {"score":-2}
        scores reels allTime
        "#,
        expect![[r#"
            played e1 anna player_score reels counted  balance 0.00
            played e2 anna player_score reels counted  balance 0.00
            played e3 anna player_score reels counted  balance 0.00
            played e4 anna player_score reels counted  balance 0.00
            played e5 anna player_score reels counted  balance 0.00
            played e6 anna player_score reels counted  balance 0.00
            played e7 anna player_level_up reels counted  balance 0.00
            wager w1 anna slots 10           refused no_program  balance 0.00
            played e8 anna player_score reels counted  balance 0.00
                                             -2 in reels: daily -2 of 1, weekly -2 of 1, allTime -2 of 1
            played e8 anna player_score reels repeats batch 11  balance 0.00
            scores reels allTime             1. anna -2
        "#]],
    );
}

#[test]
fn an_event_counts_in_the_day_of_its_own_time_for_as_long_as_that_is_kept() {
    check(
        r#"
        played e1 anna player_score reels {"score":1} at -11h
        scores reels daily
        scores reels daily at -11h
        scores reels weekly
        played e2 anna player_score reels {"score":2} at -4d
        played e3 anna player_score reels {"score":4} at -80h
        played e4 anna player_score reels {"score":8} at -167h
        scores reels weekly at -1d
        scores reels allTime
        "#,
        expect![[r#"
            played e1 anna player_score reels counted  balance 0.00
                                             1 in reels: daily 1 of 1, weekly 1 of 1, allTime 1 of 1
            scores reels daily               nobody
            scores reels daily at -11h       1. anna 1
            scores reels weekly              nobody
            played e2 anna player_score reels counted  balance 0.00
                                             2 in reels: weekly 3 of 2, allTime 3 of 2
            played e3 anna player_score reels counted  balance 0.00
                                             4 in reels: daily 4 of 1, weekly 7 of 3, allTime 7 of 3
            played e4 anna player_score reels counted  balance 0.00
                                             8 in reels: weekly 15 of 4, allTime 15 of 4
            scores reels weekly at -1d       1. anna 15
            scores reels allTime             1. anna 15
        "#]],
    );
}

#[test]
fn days_are_those_of_the_program_that_applies_to_the_event() {
    // Fourteen hours ahead of UTC it is Tuesday already, and from the second version on twelve hours behind, where it is still Sunday.
    let publish = |edited_from: u32, from: i64, offset: i64| {
        let document = r#"{\"currency\":\"EUR\",\"earning\":{\"multipliers\":{\"slots\":1}}}"#;
        format!(
            r#"control {{"control":"publish","operator":"house","editedFrom":{edited_from},"effectiveFrom":{from},"why":"","who":"","publishedAt":0,"document":"{document}","zone":[[0,{offset}]]}}"#
        )
    };
    let (first, second) = (publish(0, 0, 50_400), publish(1, 1_731_319_260_000_000, -43_200));
    check(
        &format!(
            r#"
        {first}
        {second}
        played e1 anna player_score reels {{"score":1}}
        after 1m
        played e2 bert player_score reels {{"score":2}}
        scores reels daily at 24h
        scores reels daily
        scores reels daily at -24h
        scores reels weekly
        scores reels weekly at -24h
        "#
        ),
        expect![[r#"
            control                          made v1
            control                          made v2
            played e1 anna player_score reels counted  balance 0.00
                                             1 in reels: daily 1 of 1, weekly 1 of 1, allTime 1 of 1
            after 1m                         
            played e2 bert player_score reels counted  balance 0.00
                                             2 in reels: daily 2 of 1, weekly 2 of 1, allTime 2 of 1
            scores reels daily at 24h        1. anna 1
            scores reels daily               nobody
            scores reels daily at -24h       1. bert 2
            scores reels weekly              1. anna 1
            scores reels weekly at -24h      1. bert 2
        "#]],
    );
}

#[test]
fn equal_scores_are_in_the_order_in_which_they_were_reached() {
    check(
        r#"
        played e1 anna player_score reels {"score":5}
        played e2 bert player_score reels {"score":6}
        played e3 anna player_score reels {"score":1}
        played e4 bert player_score reels {"score":0}
        scores reels daily
        "#,
        expect![[r#"
            played e1 anna player_score reels counted  balance 0.00
                                             5 in reels: daily 5 of 1, weekly 5 of 1, allTime 5 of 1
            played e2 bert player_score reels counted  balance 0.00
                                             6 in reels: daily 6 of 1, weekly 6 of 1, allTime 6 of 1
            played e3 anna player_score reels counted  balance 0.00
                                             1 in reels: daily 6 of 2, weekly 6 of 2, allTime 6 of 2
            played e4 bert player_score reels counted  balance 0.00
                                             0 in reels: daily 6 of 2, weekly 6 of 2, allTime 6 of 2
            scores reels daily               1. bert 6  2. anna 6
        "#]],
    );
}

#[test]
fn an_excluded_player_scores_nothing_as_in_tournaments() {
    check(
        r#"
        played e1 anna player_score reels {"score":5}
        exclude anna 1d
        played e2 anna player_score reels {"score":5}
        scores reels daily
        readmit anna
        played e3 anna player_score reels {"score":5}
        scores reels daily
        "#,
        expect![[r#"
            played e1 anna player_score reels counted  balance 0.00
                                             5 in reels: daily 5 of 1, weekly 5 of 1, allTime 5 of 1
            exclude anna 1d                  done  balance 0.00
            played e2 anna player_score reels counted  balance 0.00
            scores reels daily               nobody
            readmit anna                     done  balance 0.00
            played e3 anna player_score reels counted  balance 0.00
                                             5 in reels: daily 10 of 2, weekly 10 of 2, allTime 10 of 2
            scores reels daily               1. anna 10
        "#]],
    );
}

#[test]
fn a_letter_that_is_released_after_its_day_counts_in_all_time() {
    check(
        r#"
        played e1 anna player_score reels {"score":5} at -600h
        release 3
        deliver
        scores reels allTime
        "#,
        expect![[r#"
            played e1 anna player_score reels dead letter too_late: the event is older than the window in which repeats are recognised
            release 3                        done
            deliver                          counted  balance 0.00
                                             5 in reels: allTime 5 of 1
            scores reels allTime             1. anna 5
        "#]],
    );
}

#[test]
fn a_log_that_an_older_release_has_begun_scores_from_the_switch_on() {
    check(
        r#"
        played e1 anna player_score reels {"score":5}
        control {"control":"behaviour","number":2}
        played e2 anna player_score reels {"score":7}
        scores reels daily
        "#,
        expect![[r#"
            played e1 anna player_score reels counted  balance 0.00
            control                          made v2
            played e2 anna player_score reels counted  balance 0.00
                                             7 in reels: daily 7 of 1, weekly 7 of 1, allTime 7 of 1
            scores reels daily               1. anna 7
        "#]],
    );
}

#[test]
fn a_score_is_no_change_of_the_account() {
    let mut play = Play::beginning(SECOND.number, KNOWN);
    play.line("played e1 anna player_score reels");
    let before = play.partition.players().get(0).account.clone();
    play.line(r#"played e2 anna player_score reels {"score":5}"#);
    assert_eq!(play.partition.players().get(0).account, before);
}

#[test]
fn a_player_is_on_leaderboards_of_so_many_games_and_begins_anew_with_each_day() {
    let mut play = Play::beginning(SECOND.number, KNOWN);
    let score = |play: &mut Play, game: usize, number: usize| {
        let event = format!("e{number} anna player_score game-{game}");
        play.line(&format!(r#"played {event} {{"score":1}}"#));
    };
    for game in 0..GAMES_MAX + 3 {
        score(&mut play, game, game);
    }
    assert_eq!(games(&play, 0).all().count(), GAMES_MAX);
    assert_eq!(play.partition.left_out_of_games(), 3 * 3);
    // What is there goes on, and so does everybody else.
    score(&mut play, 5, 1_000);
    play.line(r#"played f1 bert player_score game-101 {"score":1}"#);
    assert_eq!(play.line("scores game-5 daily"), "1. anna 2\n");
    assert_eq!(play.line("scores game-101 daily"), "1. bert 1\n");
    play.line("after 1d");
    score(&mut play, 102, 1_001);
    assert_eq!(play.line("scores game-102 daily"), "1. anna 1\n");
    assert_eq!(play.line("scores game-102 weekly"), "nobody\n");
    assert_eq!(play.line("scores game-102 allTime"), "nobody\n");
}

#[test]
fn days_and_weeks_that_are_over_are_no_part_of_the_state() {
    let mut play = Play::beginning(SECOND.number, KNOWN);
    play.line(r#"played e1 anna player_score reels {"score":5}"#);
    play.line(r#"played e2 bert player_score tower {"score":5}"#);
    let today = ZoneOffsets::default().day(play.now());
    let tallies = |play: &Play| {
        let games = games(play, 0);
        Period::ALL.map(|period| games.of("reels", period.of(today).unwrap()).is_some())
    };
    play.line("after 3d");
    play.line(r#"played e3 anna player_score reels {"score":1}"#);
    assert_eq!(tallies(&play), [true, true, true]);
    play.line("after 1d");
    play.end_interval();
    play.end_interval();
    assert_eq!(tallies(&play), [false, true, true]);
    play.line("after 17d");
    // One that never writes a checkpoint keeps the same, and says the same.
    let kept = play.partition.values();
    for _ in 0..3 {
        play.end_interval();
    }
    assert_eq!(tallies(&play), [false, true, true]);
    play.line("after 1d");
    let later = play.partition.values();
    assert!(later != kept);
    for _ in 0..3 {
        play.end_interval();
    }
    assert_eq!(tallies(&play), [false, false, true]);
    let (mut other, mut store) = (Partition::new(0), MemoryStore::default());
    play.again(&mut other, KNOWN, &mut store, &mut Vec::new()).unwrap();
    assert!(other.players().get(0).games != *games(&play, 0));
    assert!(other.values() == play.partition.values() && play.partition.values() == later);
}

#[test]
fn a_leaderboard_follows_what_changes_in_its_game() {
    let mut play = Play::beginning(SECOND.number, KNOWN);
    let week = Period::Weekly.of(ZoneOffsets::default().day(play.now())).unwrap();
    let of = Of { operator: 1, tournament: standing(), settlement: 0, game: Some(("reels", week)) };
    let mut board = Board::begun(&of, &play.partition, 1);
    play.line(r#"played e1 anna player_score reels {"score":5}"#);
    play.line(r#"played e2 bert player_score tower {"score":9}"#);
    play.line(r#"played e3 cara player_score reels {"score":7}"#);
    assert!(board.follow(&of, &play.partition));
    let lines = |board: &Board| {
        board.board().from(1).map(|line| (line.position, line.player)).collect::<Vec<_>>()
    };
    assert_eq!(lines(&board), [(1, 2), (2, 0)]);
    play.line(r#"played e4 anna player_score reels {"score":3}"#);
    assert!(board.follow(&of, &play.partition));
    assert_eq!(lines(&board), [(1, 0), (2, 2)]);
    assert!(!of.is_final_at(u64::MAX, Timestamp::from_micros(i64::MAX)));
    let of_another = Of { operator: 2, ..of };
    let mut other = Board::begun(&of_another, &play.partition, 1);
    assert!(!other.look(&of_another, &play.partition, 0, usize::MAX));
    assert!(other.board().is_empty());
}

/// Publishes a program that says what leaderboards of games make of scores, from a moment on.
fn measured(edited_from: u32, from: i64, measures: &str) -> String {
    let document = format!(r#"{{"currency":"EUR","gameLeaderboards":{measures}}}"#);
    let document = serde_json::Value::from(document);
    format!(
        r#"control {{"control":"publish","operator":"house","editedFrom":{edited_from},"effectiveFrom":{from},"why":"","who":"","publishedAt":0,"document":{document},"zone":[]}}"#
    )
}

#[test]
fn a_game_may_go_by_the_greatest_or_the_last_score() {
    check(
        &format!(
            r#"
        {}
        played e1 anna player_score reels {{"score":10}}
        played e2 anna player_score reels {{"score":4}}
        played e3 bert player_score reels {{"score":10}}
        played e4 cara player_score reels {{"score":-5}}
        played e5 anna player_score quiz {{"score":9}}
        played e6 anna player_score quiz {{"score":3}}
        played e7 bert player_score quiz {{"score":3}}
        played e8 anna player_score quiz {{"score":3}}
        played e9 anna player_score tower {{"score":1}}
        played f1 anna player_score tower {{"score":2}}
        scores reels daily
        scores quiz weekly
        scores tower allTime
        "#,
            measured(0, 0, r#"{"reels":"max","quiz":"last"}"#)
        ),
        expect![[r#"
            control                          made v1
            played e1 anna player_score reels counted  balance 0.00
                                             10 in reels: daily 10 of 1, weekly 10 of 1, allTime 10 of 1
            played e2 anna player_score reels counted  balance 0.00
                                             4 in reels: daily 10 of 2, weekly 10 of 2, allTime 10 of 2
            played e3 bert player_score reels counted  balance 0.00
                                             10 in reels: daily 10 of 1, weekly 10 of 1, allTime 10 of 1
            played e4 cara player_score reels counted  balance 0.00
                                             -5 in reels: daily -5 of 1, weekly -5 of 1, allTime -5 of 1
            played e5 anna player_score quiz counted  balance 0.00
                                             9 in quiz: daily 9 of 1, weekly 9 of 1, allTime 9 of 1
            played e6 anna player_score quiz counted  balance 0.00
                                             3 in quiz: daily 3 of 2, weekly 3 of 2, allTime 3 of 2
            played e7 bert player_score quiz counted  balance 0.00
                                             3 in quiz: daily 3 of 1, weekly 3 of 1, allTime 3 of 1
            played e8 anna player_score quiz counted  balance 0.00
                                             3 in quiz: daily 3 of 3, weekly 3 of 3, allTime 3 of 3
            played e9 anna player_score tower counted  balance 0.00
                                             1 in tower: daily 1 of 1, weekly 1 of 1, allTime 1 of 1
            played f1 anna player_score tower counted  balance 0.00
                                             2 in tower: daily 3 of 2, weekly 3 of 2, allTime 3 of 2
            scores reels daily               1. anna 10  2. bert 10  3. cara -5
            scores quiz weekly               1. anna 3  2. bert 3
            scores tower allTime             1. anna 3
        "#]],
    );
}

#[test]
fn another_measure_goes_on_from_scores_as_they_stand_by_the_event_s_own_time() {
    let mut play = Play::beginning(SECOND.number, KNOWN);
    let score = |play: &mut Play, event: &str, score: i64, at: &str| {
        play.line(&format!(r#"played {event} anna player_score reels {{"score":{score}}}{at}"#));
        play.line("scores reels daily")
    };
    assert_eq!(score(&mut play, "e1", 6, ""), "1. anna 6\n");
    assert_eq!(score(&mut play, "e2", 6, ""), "1. anna 12\n");
    let later = play.now().plus_micros(60_000_000).micros();
    play.line(&measured(0, later, r#"{"reels":"max"}"#));
    assert_eq!(score(&mut play, "e3", 1, ""), "1. anna 13\n");
    play.line("after 1m");
    assert_eq!(score(&mut play, "e4", 9, ""), "1. anna 13\n");
    assert_eq!(score(&mut play, "e5", 20, ""), "1. anna 20\n");
    // What comes late is of the time at which it was played.
    assert_eq!(score(&mut play, "e6", 2, " at -1m"), "1. anna 22\n");
    play.line(&measured(1, later, r#"{"reels":"last"}"#));
    assert_eq!(play.line("scores reels daily"), "1. anna 22\n");
    assert_eq!(score(&mut play, "e7", 2, ""), "1. anna 2\n");
}

const PLAYERS: [&str; 3] = ["anna", "bert", "cara"];
const GAMES: [&str; 2] = ["reels", "tower"];

/// An event as the model keeps it.
struct Scored {
    player: usize,
    game: usize,
    score: i64,
    day: Day,
    measure: Measure,
}

/// A leaderboard, made of all its events in their order.
fn naive(events: &[Scored], game: usize, occurrence: Occurrence) -> String {
    let period = occurrence.period();
    let is_in = |event: &&Scored| event.game == game && period.of(event.day) == Some(occurrence);
    let mut stands: [Option<(i64, usize)>; 3] = [None; 3];
    for (index, event) in events.iter().filter(is_in).enumerate() {
        let stand = &mut stands[event.player];
        let before = stand.map(|(score, _)| score);
        let score = match (before, event.measure) {
            (None, _) | (Some(_), Measure::Last) => event.score,
            (Some(before), Measure::Sum) => before + event.score,
            (Some(before), Measure::Max) => before.max(event.score),
        };
        if before != Some(score) {
            *stand = Some((score, index));
        }
    }
    let mut ranked: Vec<_> = stands.into_iter().zip(PLAYERS).collect();
    ranked.retain(|(stand, _)| stand.is_some());
    ranked.sort_by_key(|(stand, _)| stand.map(|(score, reached)| (Reverse(score), reached)));
    let lines = ranked.iter().zip(1..).map(|((stand, player), position)| {
        let (score, _) = stand.unwrap();
        format!("{position}. {player} {score}")
    });
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() { "nobody\n".into() } else { lines.join("  ") + "\n" }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn leaderboards_are_what_a_plain_list_of_events_comes_to(
        steps in prop::collection::vec(
            (0..9_u32, 0..3_usize, 0..2_usize, -4..5_i64, 0..20_i64, 0..9_u32), 1..50,
        ),
    ) {
        let mut play = Play::beginning(SECOND.number, KNOWN);
        let mut events = Vec::new();
        let mut said: Vec<(Timestamp, [Measure; 2])> = Vec::new();
        for (number, (kind, player, game, score, ago, passes)) in steps.into_iter().enumerate() {
            if passes > 0 {
                play.line(&format!("after {passes}h"));
            }
            match kind {
                0 | 1 => {
                    let of_other = Measure::ALL[usize::try_from(ago % 3).unwrap()];
                    let measures = [Measure::ALL[player], of_other];
                    let document = GAMES.iter().zip(measures);
                    let document = document.map(|(game, it)| format!(r#""{game}":"{}""#, it.code()));
                    let document = document.collect::<Vec<_>>().join(",");
                    let edited_from = u32::try_from(said.len()).unwrap();
                    let now = play.now();
                    let made = play.line(&measured(edited_from, now.micros(), &format!("{{{document}}}")));
                    prop_assert_eq!(made, format!("made v{}\n", edited_from + 1));
                    said.push((now, measures));
                }
                2 => play.end_interval(),
                _ => {
                    let at = play.now().plus_micros(-ago * 3_600_000_000);
                    let in_force = said.iter().rev().find(|(from, _)| *from <= at);
                    let measure = in_force.map_or(Measure::Sum, |(_, measures)| measures[game]);
                    let day = ZoneOffsets::default().day(at);
                    events.push(Scored { player, game, score, day, measure });
                    let late = if ago > 0 { format!(" at -{ago}h") } else { String::new() };
                    let (player, game) = (PLAYERS[player], GAMES[game]);
                    play.line(&format!(
                        r#"played e{number} {player} player_score {game} {{"score":{score}}}{late}"#
                    ));
                }
            }
            let today = ZoneOffsets::default().day(play.now());
            for (index, game) in GAMES.into_iter().enumerate() {
                for period in Period::ALL {
                    let shown = play.line(&format!("scores {game} {}", period.code()));
                    let occurrence = period.of(today).unwrap();
                    prop_assert_eq!(shown, naive(&events, index, occurrence));
                }
            }
        }
        let values = play.partition.values();
        let (mut other, mut store) = (Partition::new(0), MemoryStore::default());
        play.again(&mut other, KNOWN, &mut store, &mut Vec::new()).unwrap();
        prop_assert!(other.values() == values);
    }
}
