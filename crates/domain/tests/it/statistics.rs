//! What is counted of a player's game events.

use accolade_domain::event::GameEvent;
use accolade_domain::statistics::{PAIRS_MAX, Statistics, TYPES_MAX};
use accolade_domain::time::Timestamp;
use expect_test::{Expect, expect};

fn event<'a>(id: &'a str, event_type: &'a str, game_id: &'a str, second: i64) -> GameEvent<'a> {
    let (event_id, event_type, game_id) = (id.into(), event_type.into(), game_id.into());
    let at = Timestamp::from_micros(second * 1_000_000);
    GameEvent { event_id, event_type, player_id: "anna".into(), game_id, at, data: None }
}

/// Counts events, each on a line: its id, its type, its game, and at which second it happened.
fn check(scenario: &str, counted: Expect) {
    let lines = scenario.lines().map(str::split_whitespace).map(Vec::from_iter);
    let events = lines.filter(|words| !words.is_empty());
    let events: Vec<_> = events
        .map(|words| event(words[0], words[1], words[2], words[3].parse().unwrap()))
        .collect();
    let mut statistics = Statistics::default();
    for event in &events {
        statistics.count(event);
    }
    counted.assert_eq(&words(&statistics));
}

fn words(statistics: &Statistics<'_>) -> String {
    let Statistics { total, types, games, pairs, last } = statistics;
    let of_types = types.iter().map(|(name, count)| format!("{count} {name}\n"));
    let of_pairs = pairs.iter().map(|pair| {
        let (game, name) = (games[pair.game], types[pair.of_type].0);
        format!("{} {name} in {game}\n", pair.count)
    });
    let counted: String = of_types.chain(of_pairs).collect();
    let last = last.expect("something was counted");
    let second = last.at.micros() / 1_000_000;
    let last = format!("{} {} in {} at {second}", last.event_id, last.event_type, last.game_id);
    format!("{total} events\n{counted}last {last}\n")
}

#[test]
fn events_are_counted_by_type_and_by_game_and_type() {
    check(
        "
        e1 player_score reels 1
        e2 player_score tower 2
        e3 quest_completed reels 3
        e4 player_score reels 4
        ",
        expect![[r"
            4 events
            3 player_score
            1 quest_completed
            2 player_score in reels
            1 player_score in tower
            1 quest_completed in reels
            last e4 player_score in reels at 4
        "]],
    );
}

#[test]
fn the_last_event_is_the_newest_by_its_own_time_and_of_one_moment_the_later_in_the_log() {
    check(
        "
        e1 player_score reels 5
        e2 level_up reels 5
        e3 player_score tower 4
        ",
        expect![[r"
            3 events
            2 player_score
            1 level_up
            1 player_score in reels
            1 level_up in reels
            1 player_score in tower
            last e2 level_up in reels at 5
        "]],
    );
}

#[test]
fn a_type_beyond_the_last_is_in_the_sum_alone_and_one_that_is_there_still_counts() {
    let names: Vec<_> = (0..=TYPES_MAX).map(|number| format!("type-{number}")).collect();
    let events: Vec<_> = names.iter().map(|name| event("e", name, "reels", 1)).collect();
    let mut statistics = Statistics::default();
    let counted: Vec<_> = events.iter().map(|event| statistics.count(event)).collect();
    let (beyond, within) = counted.split_last().unwrap();
    assert_eq!((*beyond, within.iter().all(|count| *count == Some(1))), (None, true));
    assert_eq!(statistics.count(&events[0]), Some(2));
    assert_eq!((statistics.total, statistics.types.len()), (TYPES_MAX as u64 + 2, TYPES_MAX));
    assert_eq!((statistics.other_types(), statistics.other_games()), (1, 1));
    assert_eq!(statistics.games, ["reels"]);
}

#[test]
fn a_game_beyond_the_last_pair_is_in_the_sums_alone_and_a_pair_that_is_there_still_counts() {
    let names: Vec<_> = (0..=PAIRS_MAX).map(|number| format!("game-{number}")).collect();
    let events: Vec<_> = names.iter().map(|name| event("e", "player_score", name, 1)).collect();
    let mut statistics = Statistics::default();
    for event in events.iter().chain([&events[7]]) {
        statistics.count(event);
    }
    let all = PAIRS_MAX as u64 + 2;
    assert_eq!((statistics.total, statistics.types[0]), (all, ("player_score", all)));
    assert_eq!((statistics.games.len(), statistics.pairs.len()), (PAIRS_MAX, PAIRS_MAX));
    assert_eq!((statistics.pairs[7].count, statistics.pairs[8].count), (2, 1));
    assert_eq!((statistics.other_types(), statistics.other_games()), (0, 1));
}
