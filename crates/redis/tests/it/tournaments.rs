use accolade_redis::sink::start;
use accolade_wire::tournament::{Fill, Mode, Stage, TournamentTerms};
use redis::cmd;

use crate::house::{House, now, void};
use crate::keys::{Keys, caught_up, until};
use crate::races::{race, scored_by};

const DAY_SECONDS: i64 = 86_400;

fn line(player: &str, score: &str) -> (String, String) {
    (player.into(), score.into())
}

#[test]
fn a_leaderboard_is_what_the_node_has_and_who_has_no_position_leaves_it() {
    let (house, keys) = (House::open(), Keys::new());
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    let of_two = TournamentTerms { events_min: 2, ..race("house", "two") };
    house.begin(&[race("house", "race"), of_two.clone(), race("rival", "race")]);
    house.stake("house", "anna", "w1", "10.50");
    house.stake("house", "bert", "w1", "20");
    house.stake("rival", "anna", "w1", "30");
    house.stake("house", "anna", "w2", "4.25");
    caught_up(&projection);
    assert_eq!(keys.leaderboard("house", "race"), [line("bert", "20"), line("anna", "14.75")]);
    assert_eq!(keys.leaderboard("house", "two"), [line("anna", "14.75")]);
    assert_eq!(keys.leaderboard("rival", "race"), [line("anna", "30")]);
    let ends = (of_two.ends + 999_999).div_euclid(1_000_000);
    assert_eq!(keys.expires_at("house", "two"), ends + DAY_SECONDS);
    keys.are_exactly(&house);

    house.take("house", &[("anna", void("house", "anna", "w2").into())]);
    house.take("house", &[("bert", void("house", "bert", "w1").into())]);
    caught_up(&projection);
    assert_eq!(keys.leaderboard("house", "race"), [line("anna", "10.5")]);
    assert_eq!(keys.leaderboard("house", "two"), []);
    keys.are_exactly(&house);
}

#[test]
fn a_shadow_has_no_sorted_set() {
    let (house, keys) = (House::open(), Keys::new());
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    let beside = TournamentTerms { mode: Mode::Shadow, ..race("house", "beside") };
    house.begin(&[beside, race("house", "race")]);
    house.stake("house", "anna", "w1", "10.50");
    caught_up(&projection);
    assert_eq!(keys.leaderboard("house", "race"), [line("anna", "10.5")]);
    assert_eq!(keys.leaderboard("house", "beside"), []);
}

#[test]
fn who_is_excluded_leaves_the_sorted_sets_and_comes_back_with_the_score_that_there_is() {
    let (house, keys) = (House::open(), Keys::new());
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    house.begin(&[race("house", "race")]);
    for (player, stake) in [("anna", "20"), ("bert", "10"), ("cara", "5")] {
        house.stake("house", player, "w1", stake);
        house.play("house", player, &crate::races::played(player, "e", "player_score", now()));
    }
    house.stake("house", "anna", "w2", "1");
    caught_up(&projection);
    let all = [line("anna", "21"), line("bert", "10"), line("cara", "5")];
    assert_eq!(keys.leaderboard("house", "race"), all);
    house.exclude("house", "anna", None);
    caught_up(&projection);
    assert_eq!(keys.leaderboard("house", "race"), all[1..]);
    keys.are_exactly(&house);
    // What is taken back meanwhile does not bring the player back.
    house.take("house", &[("anna", void("house", "anna", "w2").into())]);
    caught_up(&projection);
    assert_eq!(keys.leaderboard("house", "race"), all[1..]);
    house.readmit("house", "anna");
    caught_up(&projection);
    let all = [line("anna", "20"), line("bert", "10"), line("cara", "5")];
    assert_eq!(keys.leaderboard("house", "race"), all);
    keys.are_exactly(&house);
    house.exclude("house", "bert", Some(now().plus_micros(500_000)));
    caught_up(&projection);
    assert_eq!(keys.leaderboard("house", "race").len(), 2);
    until("bert again", &projection, |_| keys.leaderboard("house", "race") == all);
    // What begins and ends while nobody follows is found by whoever begins.
    house.exclude("house", "bert", None);
    caught_up(&projection);
    projection.stop();
    house.readmit("house", "bert");
    house.exclude("house", "cara", None);
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    assert_eq!(keys.leaderboard("house", "race"), all[..2]);
    keys.are_exactly(&house);
}

#[test]
fn scores_beyond_what_a_double_tells_apart_are_near_and_never_in_another_order() {
    let (house, keys) = (House::open(), Keys::new());
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    house.begin(&[scored_by(
        "house",
        "score",
        "SELECT playerId, SUM(data.score) FROM game_events GROUP BY playerId",
    )]);
    let scores = [
        "0.000000000000000001",
        "70368744177663.98",
        "70368744177663.99",
        "90071992547409.91",
        "90071992547409.92",
        "-0.1",
    ];
    for (number, score) in scores.iter().enumerate() {
        let player = format!("player-{number}");
        let event = crate::races::played(&player, "e", "player_score", now());
        house.play(
            "house",
            &player,
            &event.replace("\"score\":1.5", &format!("\"score\":{score}")),
        );
    }
    caught_up(&projection);
    let found = keys.leaderboard("house", "score");
    let players: Vec<_> = found.iter().map(|(player, _)| &**player).collect();
    assert_eq!(players, ["player-4", "player-3", "player-2", "player-1", "player-0", "player-5"]);
    for (player, found) in found {
        let number: usize = player.trim_start_matches("player-").parse().unwrap();
        assert_eq!(found.parse::<f64>(), scores[number].parse::<f64>(), "{player}");
    }
}

#[test]
fn what_is_cancelled_has_no_leaderboard_and_its_id_may_be_anothers() {
    let (house, keys) = (House::open(), Keys::new());
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    let first = race("house", "race");
    house.begin(std::slice::from_ref(&first));
    house.stake("house", "anna", "w1", "10");
    caught_up(&projection);
    assert_eq!(keys.leaderboard("house", "race"), [line("anna", "10")]);
    let cancelled = TournamentTerms { edited_from: 1, stage: Stage::Cancelled, ..first };
    house.say(&cancelled);
    caught_up(&projection);
    until("no leaderboard", &projection, |_| keys.leaderboard("house", "race").is_empty());

    house.begin(&[race("house", "race")]);
    house.stake("house", "bert", "w2", "20");
    caught_up(&projection);
    assert_eq!(keys.leaderboard("house", "race"), [line("bert", "20")]);
    // Who comes later finds both.
    projection.stop();
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    house.stake("house", "bert", "w3", "1");
    caught_up(&projection);
    assert_eq!(keys.leaderboard("house", "race"), [line("bert", "21")]);
}

#[test]
fn what_is_filled_has_a_leaderboard_once_that_is_done() {
    let (house, keys) = (House::open(), Keys::new());
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    let starts = now().micros() - 60_000_000;
    let late = TournamentTerms { starts, ..race("house", "race") };
    house.fill(&late, 0, Fill::Reading);
    house.stake("house", "anna", "w1", "10");
    house.stake("house", "bert", "w1", "20");
    house.fill(&late, 1, Fill::Counting);
    // Nothing of hers waits, so it counts at once.
    house.stake("house", "cara", "w1", "5");
    house.add_up("house", "anna", "race");
    caught_up(&projection);
    assert_eq!(keys.leaderboard("house", "race"), []);
    house.add_up("house", "bert", "race");
    house.fill(&late, 2, Fill::Done);
    let all = [line("bert", "20"), line("anna", "10"), line("cara", "5")];
    until("all of it", &projection, |_| keys.leaderboard("house", "race") == all);
    caught_up(&projection);
    keys.are_exactly(&house);
    // It goes on like any other.
    house.stake("house", "cara", "w2", "7.5");
    house.take("house", &[("bert", void("house", "bert", "w1").into())]);
    caught_up(&projection);
    let all = [line("cara", "12.5"), line("anna", "10")];
    assert_eq!(keys.leaderboard("house", "race"), all);
    keys.are_exactly(&house);
}

#[test]
fn what_was_filled_while_nobody_wrote_is_there_when_somebody_does() {
    let (house, keys) = (House::open(), Keys::new());
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    let starts = now().micros() - 60_000_000;
    let [late, gone] = ["late", "gone"].map(|id| TournamentTerms { starts, ..race("house", id) });
    for terms in [&late, &gone] {
        house.fill(terms, 0, Fill::Reading);
    }
    house.stake("house", "anna", "w1", "10");
    house.stake("house", "bert", "w1", "20");
    for terms in [&late, &gone] {
        house.fill(terms, 1, Fill::Counting);
        house.add_up("house", "anna", &terms.id);
    }
    caught_up(&projection);
    projection.stop();
    for terms in [&late, &gone] {
        house.add_up("house", "bert", &terms.id);
        house.fill(terms, 2, Fill::Done);
    }
    let fill = Some(Fill::Done);
    let cancelled = TournamentTerms { edited_from: 3, stage: Stage::Cancelled, fill, ..gone };
    house.say(&cancelled);
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    let all = [line("bert", "20"), line("anna", "10")];
    until("all of it", &projection, |_| keys.leaderboard("house", "late") == all);
    caught_up(&projection);
    assert_eq!(keys.leaderboard("house", "gone"), []);
    keys.are_exactly(&house);
}

#[test]
fn what_was_cancelled_while_nobody_wrote_is_gone_when_somebody_does() {
    let (house, keys) = (House::open(), Keys::new());
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    let (gone, left) = (race("house", "gone"), race("house", "left"));
    house.begin(&[gone.clone(), left.clone()]);
    house.stake("house", "anna", "w1", "10");
    caught_up(&projection);
    projection.stop();
    house.say(&TournamentTerms { edited_from: 1, stage: Stage::Cancelled, ..gone });
    let earlier =
        TournamentTerms { edited_from: 1, ends: left.ends - 1_800_000_000, ..left.clone() };
    house.say(&earlier);
    house.stake("house", "anna", "w2", "5");
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    assert_eq!(keys.leaderboard("house", "gone"), []);
    assert_eq!(keys.leaderboard("house", "left"), [line("anna", "15")]);
    // What nothing was written to is told of its end as well.
    let ends = (left.ends + 999_999).div_euclid(1_000_000);
    let expires_at = || keys.expires_at("house", "left");
    assert_eq!(expires_at(), ends + DAY_SECONDS - 1_800);
}

#[test]
fn a_key_that_somebody_else_has_taken_stops_nothing_else() {
    let (house, keys) = (House::open(), Keys::new());
    house.begin(&[race("house", "taken"), race("house", "race")]);
    // What lies there at first goes.
    let taken = keys.settings.names.leaderboard_of("house", "taken");
    let put = || keys.ask::<()>(1, cmd("SET").arg(&taken).arg("something else"));
    put();
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    house.stake("house", "anna", "w1", "10");
    caught_up(&projection);
    assert_eq!(keys.leaderboard("house", "taken"), [line("anna", "10")]);
    assert_eq!(projection.status().refused, 0);
    put();
    house.stake("house", "anna", "w2", "10");
    caught_up(&projection);
    assert_eq!(keys.leaderboard("house", "race"), [line("anna", "20")]);
    assert_eq!(projection.status().refused, 1);
}
