//! The first hundred of leaderboards, of tournaments and of games.

use accolade_domain::games::{Occurrence, Period};
use accolade_domain::ranking::{Standing, Ties, listed};
use accolade_domain::time::{DAY_MICROS, Timestamp, ZoneOffsets};
use accolade_engine::intake::Intake;
use accolade_engine::rules::tournaments::standing::standing;
use accolade_postgres::rebuild;
use accolade_postgres::sink::start;
use accolade_wire::timestamp;
use accolade_wire::tournament::{Fill, Mode, Stage, TiesBy, TournamentTerms};

use crate::house::{House, OPERATORS, now, void};
use crate::races::race;
use crate::tables::{Tables, caught_up, until};

/// Has a player score in a game.
fn score(house: &House, operator: &str, player: &str, id: &str, score: i64, at: Timestamp) {
    let at = timestamp::write(at);
    let event = format!(
        r#"{{"event_id":"{id}","event_type":"player_score","player_id":"{player}","game_id":"reels",
        "timestamp":"{at}","data":{{"score":{score}}}}}"#
    );
    house.play(operator, player, &event);
}

/// The rows of a leaderboard: rank, player, score and events.
fn rows(tables: &Tables, of: &str) -> Vec<String> {
    let rows = tables.query(&format!(
        "SELECT concat_ws(' ', rank, player_id, trim_scale(score), events) FROM {{s}}.leaderboards
         WHERE {of} ORDER BY rank, player_id"
    ));
    rows.iter().map(|row| row.get(0)).collect()
}

fn of_race(operator: &str, tournament: &str) -> String {
    format!(
        "operator_id = '{operator}' AND tournament_id = '{tournament}' AND period = 'tournament'"
    )
}

fn of_reels(operator: &str, period: &str) -> String {
    format!("operator_id = '{operator}' AND game_id = 'reels' AND period = '{period}'")
}

/// The same as the node has it, of all players of an operator.
fn expected(
    house: &House,
    operator: &str,
    ties: Ties,
    of: impl Fn(&accolade_engine::partition::Partition, u32, u32) -> Option<Standing>,
) -> Vec<String> {
    let rules = house.node.rules();
    let number = rules.operator(operator).unwrap().number;
    let mut all: Vec<(Standing, String)> = Vec::new();
    for partition in 0..house.node.partitions() {
        house.node.read(partition, |partition| {
            for (ordinal, player) in (0..).zip(partition.players().all()) {
                if partition.exclusion(ordinal).is_some() {
                    continue;
                }
                all.extend(of(partition, number, ordinal).map(|it| (it, player.name.to_string())));
            }
        });
    }
    all.sort_by(|(one, _), (next, _)| listed(ties, one, next));
    let position = |standing: &Standing| {
        all.iter().filter(|(other, _)| other.score > standing.score).count() + 1
    };
    let lines = all.iter().enumerate().take(100).map(|(at, (standing, player))| {
        let rank = if ties == Ties::Shared { position(standing) } else { at + 1 };
        (rank, player.clone(), format!("{rank} {player} {} {}", standing.score, standing.events))
    });
    let mut lines: Vec<_> = lines.collect();
    lines.sort();
    lines.into_iter().map(|(.., line)| line).collect()
}

fn are_exactly(tables: &Tables, house: &House, tournaments: &[&str]) {
    let rules = house.node.rules();
    for operator in OPERATORS {
        let known = rules.operator(operator).unwrap();
        for id in tournaments {
            let Some(tournament) = known.tournaments.get(id) else { continue };
            let expected =
                expected(house, operator, tournament.decides().ties, |it, number, player| {
                    it.standing(number, tournament, player)
                });
            assert_eq!(rows(tables, &of_race(operator, id)), expected, "{operator} {id}");
        }
        for (period, code) in
            [(Period::Daily, "daily"), (Period::Weekly, "weekly"), (Period::AllTime, "alltime")]
        {
            let present: Occurrence = period.of(ZoneOffsets::default().day(now())).unwrap();
            let ties = standing().decides().ties;
            let expected = expected(house, operator, ties, |it, number, player| {
                it.standing_in_game(number, "reels", present, player)
            });
            assert_eq!(rows(tables, &of_reels(operator, code)), expected, "{operator} {code}");
        }
    }
}

#[test]
fn the_first_hundred_of_all_partitions_have_their_ranks() {
    let (house, tables) = (House::open(), Tables::new("leaders"));
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    let shared = TournamentTerms { ties: TiesBy::Shared, ..race("house", "shared") };
    let most = TournamentTerms { ties: TiesBy::MostEvents, ..race("house", "most") };
    let beside = TournamentTerms { mode: Mode::Shadow, ..race("house", "beside") };
    house.begin(&[race("house", "race"), shared, most, beside, race("rival", "race")]);
    let races = ["race", "shared", "most"];
    for (player, id, stake) in
        [("anna", "w1", "20"), ("bert", "w2", "10"), ("bert", "w3", "10"), ("cara", "w4", "30.5")]
    {
        house.stake("house", player, id, stake);
    }
    score(&house, "house", "anna", "e1", 5, now());
    score(&house, "house", "bert", "e2", 7, now());
    score(&house, "rival", "anna", "e1", -1, now());
    caught_up(&projection);
    assert_eq!(
        rows(&tables, &of_race("house", "race")),
        ["1 cara 30.5 1", "2 anna 20 1", "3 bert 20 2"]
    );
    assert_eq!(
        rows(&tables, &of_race("house", "shared")),
        ["1 cara 30.5 1", "2 anna 20 1", "2 bert 20 2"]
    );
    assert_eq!(
        rows(&tables, &of_race("house", "most")),
        ["1 cara 30.5 1", "2 bert 20 2", "3 anna 20 1"]
    );
    assert_eq!(rows(&tables, &of_race("house", "beside")), [""; 0], "of a shadow there is none");
    assert_eq!(rows(&tables, &of_reels("house", "daily")), ["1 bert 7 1", "2 anna 5 1"]);
    assert_eq!(rows(&tables, &of_reels("rival", "alltime")), ["1 anna -1 1"]);
    are_exactly(&tables, &house, &races);
    let shape =
        "SELECT count(*) FROM {s}.leaderboards WHERE (tournament_id IS NULL) = (game_id IS NULL)
                 OR updated_at NOT BETWEEN now() - interval '1 minute' AND now()";
    assert_eq!(tables.count(shape), 0);

    house.take("house", &[("cara", void("house", "cara", "w4").into())]);
    for number in 0..150_i64 {
        let player = format!("player-{number}");
        score(&house, "house", &player, "more", number * 7919 % 60, now());
    }
    caught_up(&projection);
    assert_eq!(rows(&tables, &of_race("house", "race")), ["1 anna 20 1", "2 bert 20 2"]);
    assert_eq!(rows(&tables, &of_reels("house", "weekly")).len(), 100);
    are_exactly(&tables, &house, &races);

    // Whoever begins anew comes to the same, and so does a rebuild.
    projection.stop();
    score(&house, "house", "anna", "e3", 1_000, now());
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    are_exactly(&tables, &house, &races);
    tables.wait(rebuild::restart(&tables.settings)).unwrap();
    score(&house, "house", "anna", "e4", 1, now());
    until("the ranks again", &projection, |projection| {
        projection.status().is_caught_up()
            && rows(&tables, &of_reels("house", "daily")).len() == 100
    });
    are_exactly(&tables, &house, &races);
}

#[test]
fn who_is_excluded_has_no_rank_while_that_holds() {
    let (house, tables) = (House::open(), Tables::new("leaders_excluded"));
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    house.begin(&[race("house", "race")]);
    for (player, id, stake) in [("anna", "w1", "20"), ("bert", "w2", "10"), ("cara", "w3", "5")] {
        house.stake("house", player, id, stake);
        score(&house, "house", player, "e1", 1, now());
    }
    caught_up(&projection);
    let all = ["1 anna 20 1", "2 bert 10 1", "3 cara 5 1"];
    assert_eq!(rows(&tables, &of_race("house", "race")), all);
    house.exclude("house", "anna", None);
    caught_up(&projection);
    assert_eq!(rows(&tables, &of_race("house", "race")), ["1 bert 10 1", "2 cara 5 1"]);
    are_exactly(&tables, &house, &["race"]);
    // One that ends by time alone is seen with the next batch.
    house.exclude("house", "bert", Some(now().plus_micros(500_000)));
    caught_up(&projection);
    assert_eq!(rows(&tables, &of_race("house", "race")), ["1 cara 5 1"]);
    until("bert again", &projection, |_| rows(&tables, &of_race("house", "race")).len() == 2);
    // What ends while nobody follows is found by whoever begins.
    projection.stop();
    house.readmit("house", "anna");
    house.exclude("house", "cara", None);
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    assert_eq!(rows(&tables, &of_race("house", "race")), all[..2]);
    are_exactly(&tables, &house, &["race"]);
}

#[test]
fn what_is_filled_has_rows_once_that_is_done() {
    let (house, tables) = (House::open(), Tables::new("leaders_filled"));
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
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
    assert_eq!(rows(&tables, &of_race("house", "race")), [""; 0]);
    house.add_up("house", "bert", "race");
    house.fill(&late, 2, Fill::Done);
    let all = ["1 bert 20 1", "2 anna 10 1", "3 cara 5 1"];
    until("all of it", &projection, |_| rows(&tables, &of_race("house", "race")) == all);
    are_exactly(&tables, &house, &["race"]);
}

#[test]
fn a_tournament_begins_without_the_rows_of_another_that_had_its_id() {
    let (house, tables) = (House::open(), Tables::new("leaders_anew"));
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    let first = race("house", "again");
    house.begin(std::slice::from_ref(&first));
    house.stake("house", "anna", "w1", "20");
    caught_up(&projection);
    assert_eq!(rows(&tables, &of_race("house", "again")), ["1 anna 20 1"]);
    house.say(&TournamentTerms { edited_from: 1, stage: Stage::Cancelled, ..first });
    house.begin(&[race("house", "again")]);
    until("no rows", &projection, |_| rows(&tables, &of_race("house", "again")).is_empty());
}

#[test]
fn a_shadow_and_what_was_made_while_nobody_followed_begin_without_them_too() {
    let (house, tables) = (House::open(), Tables::new("leaders_shadow"));
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    let first = ["again", "beside"].map(|id| race("house", id));
    house.begin(&first);
    house.stake("house", "anna", "w1", "20");
    caught_up(&projection);
    let of = ["again", "beside"].map(|id| of_race("house", id));
    for of in &of {
        assert_eq!(rows(&tables, of), ["1 anna 20 1"]);
    }
    projection.stop();
    for terms in first {
        house.say(&TournamentTerms { edited_from: 1, stage: Stage::Cancelled, ..terms });
    }
    let beside = TournamentTerms { mode: Mode::Shadow, ..race("house", "beside") };
    house.begin(&[race("house", "again"), beside]);
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    until("no rows", &projection, |_| of.iter().all(|of| rows(&tables, of).is_empty()));
    house.stake("house", "bert", "w2", "10");
    caught_up(&projection);
    assert_eq!(rows(&tables, &of[0]), ["1 bert 10 1"]);
    assert_eq!(rows(&tables, &of[1]), [""; 0], "of a shadow there is none");
    are_exactly(&tables, &house, &["again"]);
}

#[test]
fn what_does_not_take_place_or_is_over_has_no_rows() {
    let (house, tables) = (House::open(), Tables::new("leaders_gone"));
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    let gone = race("house", "gone");
    house.begin(std::slice::from_ref(&gone));
    house.stake("house", "anna", "w1", "20");
    let today = now().micros().div_euclid(DAY_MICROS);
    let yesterday = Timestamp::from_micros(today * DAY_MICROS - 1);
    score(&house, "house", "anna", "e1", 5, yesterday);
    caught_up(&projection);
    assert_eq!(rows(&tables, &of_race("house", "gone")), ["1 anna 20 1"]);
    assert_eq!(rows(&tables, &of_reels("house", "daily")), [""; 0]);
    assert_eq!(rows(&tables, &of_reels("house", "alltime")), ["1 anna 5 1"]);
    house.say(&TournamentTerms { edited_from: 1, stage: Stage::Cancelled, ..gone });
    until("no rows", &projection, |_| rows(&tables, &of_race("house", "gone")).is_empty());
    // Its id may be another's by then.
    house.begin(&[race("house", "gone")]);
    house.stake("house", "bert", "w2", "10");
    caught_up(&projection);
    assert_eq!(rows(&tables, &of_race("house", "gone")), ["1 bert 10 1"]);
    are_exactly(&tables, &house, &["gone"]);
    // A day that has ended is not seen, and goes with the next look.
    score(&house, "house", "anna", "e2", 3, now());
    caught_up(&projection);
    assert_eq!(rows(&tables, &of_reels("house", "daily")), ["1 anna 3 1"]);
    tables.run("SET ROLE accolade_writer");
    let over = "UPDATE {s}.leaderboards_by_partition SET expires_at = now() WHERE period = 'daily'";
    tables.run(over);
    tables.run("RESET ROLE");
    assert_eq!(rows(&tables, &of_reels("house", "daily")), [""; 0]);
    score(&house, "house", "anna", "e3", 3, yesterday);
    caught_up(&projection);
    let left = "SELECT count(*) FROM {s}.leaderboards_by_partition WHERE expires_at <= now()";
    assert_eq!(tables.count(left), 0);
    assert_eq!(rows(&tables, &of_reels("house", "alltime")), ["1 anna 11 3"]);
}
