use accolade_domain::games::Period;
use accolade_domain::time::{DAY_MICROS, Timestamp};
use accolade_projections::running::Projection;
use accolade_redis::sink::start;
use redis::cmd;

use crate::house::{House, now};
use crate::keys::{Keys, caught_up};
use crate::races::played;

const DAY_SECONDS: i64 = 86_400;

fn line(player: &str, score: &str) -> (String, String) {
    (player.into(), score.into())
}

/// A player scores in a game.
fn score(house: &House, (player, id): (&str, &str), game: &str, score: &str, at: Timestamp) {
    let event = played(player, id, "player_score", at);
    let event = event.replace("\"score\":1.5", &format!("\"score\":{score}"));
    assert!(event.contains("\"reels\""), "{event}");
    house.play("house", player, &event.replace("\"reels\"", &format!("\"{game}\"")));
}

fn board(keys: &Keys, game: &str, period: Period) -> Vec<(String, String)> {
    keys.sorted(&keys.settings.names.game_leaderboard_of("house", game, period))
}

fn expires_at(keys: &Keys, period: Period) -> i64 {
    let key = keys.settings.names.game_leaderboard_of("house", "reels", period);
    keys.ask(1, cmd("EXPIRETIME").arg(key))
}

fn started(house: &House, keys: &Keys) -> Projection {
    start(keys.settings.clone(), house.feed()).unwrap()
}

#[test]
fn a_game_has_sorted_sets_of_the_present_day_of_the_week_and_of_all_time() {
    let (house, keys) = (House::open(), Keys::new());
    let projection = started(&house, &keys);
    let moment = now();
    let today = moment.micros().div_euclid(DAY_MICROS);
    let yesterday = Timestamp::from_micros(today * DAY_MICROS - 1);
    score(&house, ("anna", "e1"), "reels", "10.25", moment);
    score(&house, ("bert", "e1"), "reels", "20", moment);
    score(&house, ("anna", "e2"), "reels", "30", yesterday);
    score(&house, ("anna", "e3"), "a:{b} *", "7", moment);
    caught_up(&projection);
    assert_eq!(board(&keys, "reels", Period::Daily), [line("bert", "20"), line("anna", "10.25")]);
    let all_time = [line("anna", "40.25"), line("bert", "20")];
    assert_eq!(board(&keys, "reels", Period::AllTime), all_time);
    // 1970 began with a Thursday.
    let is_monday = (today + 3).rem_euclid(7) == 0;
    let days = if is_monday { Period::Daily } else { Period::AllTime };
    assert_eq!(board(&keys, "reels", Period::Weekly), board(&keys, "reels", days));
    assert_eq!(board(&keys, "a:{b} *", Period::Daily), [line("anna", "7")]);
    let tomorrow = today + 1;
    assert_eq!(expires_at(&keys, Period::Daily), tomorrow * DAY_SECONDS);
    let monday = today + 7 - (today + 3).rem_euclid(7);
    assert_eq!(expires_at(&keys, Period::Weekly), monday * DAY_SECONDS);
    let never = -1;
    assert_eq!(expires_at(&keys, Period::AllTime), never);
    keys.are_exactly(&house);
    // Whoever begins anew comes to the same, of the state.
    projection.stop();
    keys.ask::<()>(1, cmd("DEL").arg(keys.settings.names.progress.clone() + ":mark"));
    keys.ask::<()>(
        1,
        cmd("DEL").arg(keys.settings.names.game_leaderboard_of("house", "reels", Period::AllTime)),
    );
    let projection = started(&house, &keys);
    caught_up(&projection);
    keys.are_exactly(&house);
}

#[test]
fn the_first_score_of_a_day_takes_the_place_of_the_day_before() {
    let (house, keys) = (House::open(), Keys::new());
    let projection = started(&house, &keys);
    score(&house, ("anna", "e1"), "reels", "10", now());
    caught_up(&projection);
    // As it would have been left a day ago, if it had not expired.
    let daily = keys.settings.names.game_leaderboard_of("house", "reels", Period::Daily);
    let beside = format!("{}:*:{daily}", keys.settings.names.progress.replace(['[', ']'], "?"));
    let remembered: Vec<String> = keys.ask(1, cmd("KEYS").arg(beside));
    assert_eq!(remembered.len(), 1, "{remembered:?}");
    let number: u32 = keys.ask(1, cmd("HGET").arg(&remembered[0]).arg("tournament"));
    let before = number - 2;
    keys.ask::<()>(1, cmd("HSET").arg(&remembered[0]).arg("tournament").arg(before));
    keys.ask::<()>(1, cmd("ZADD").arg(&daily).arg(99).arg("of yesterday"));
    score(&house, ("bert", "e1"), "reels", "20", now());
    caught_up(&projection);
    assert_eq!(board(&keys, "reels", Period::Daily), [line("bert", "20")]);
    assert_eq!(board(&keys, "reels", Period::AllTime), [line("bert", "20"), line("anna", "10")]);
}
