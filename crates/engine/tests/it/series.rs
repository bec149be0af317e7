//! Tournaments that come again: which occurrences are made when, and what each comes to.

use std::fmt::Write as _;

use accolade_domain::outcome::{Declined, Outcome};
use accolade_domain::time::{DAY_MICROS, Timestamp, ZoneOffsets};
use accolade_engine::behaviour::{KNOWN, SECOND};
use accolade_engine::rules::tournaments::series::{SERIES_ID_BYTES_MAX, TIMES_A_DAY_MAX};
use accolade_wire::control::Control;
use accolade_wire::timestamp;
use accolade_wire::tournament::recurrence::{Begins, RecurrenceTerms};
use accolade_wire::tournament::{Cadence, Mode, Stage, TournamentTerms};
use expect_test::{Expect, expect};

use super::lots::program;
use super::play::{Play, hours};

const SUM: &str = "SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId";

fn at(text: &str) -> Timestamp {
    timestamp::read(text).unwrap()
}

/// The zones of these tests, with the changes of their clocks while they take place.
fn zone(name: &str) -> ZoneOffsets {
    let offsets: &[(&str, i32)] = match name {
        "UTC" => &[("1970-01-01T00:00:00Z", 0)],
        "Europe/Berlin" => &[
            ("2024-10-27T01:00:00Z", 3_600),
            ("2025-03-30T01:00:00Z", 7_200),
            ("2025-10-26T01:00:00Z", 3_600),
            ("2026-03-29T01:00:00Z", 7_200),
        ],
        "Pacific/Auckland" => &[
            ("2024-09-28T14:00:00Z", 46_800),
            ("2025-04-05T14:00:00Z", 43_200),
            ("2025-09-27T14:00:00Z", 46_800),
        ],
        other => panic!("no zone `{other}`"),
    };
    ZoneOffsets(offsets.iter().map(|(from, offset)| (at(from), *offset)).collect())
}

/// A partition in which series take place, and whoever makes their occurrences.
struct World {
    play: Play,
    told: String,
}

impl World {
    fn new() -> Self {
        let mut play = Play::beginning(SECOND.number, KNOWN);
        play.line(&program(""));
        Self { play, told: String::new() }
    }

    /// Lets time pass up to a moment.
    fn until(&mut self, moment: &str) {
        let seconds = (at(moment).micros() - self.play.now().micros()).div_euclid(1_000_000);
        self.play.line(&format!("after {seconds}s"));
        assert_eq!(self.play.now(), at(moment));
    }

    fn terms(&self, id: &str, timezone: &str, recurs: &str) -> TournamentTerms {
        let known = self.play.tournaments().get(id);
        TournamentTerms {
            edited_from: known.filter(|it| !it.is_cancelled()).map_or(0, |it| it.edited_from()),
            name: id.into(),
            query: SUM.into(),
            grace_seconds: 30,
            timezone: timezone.into(),
            recurs: Some(serde_json::from_str(recurs).unwrap()),
            public_positions: 100,
            stage: Stage::Scheduled,
            who: "somebody".into(),
            ..TournamentTerms::draft("house", id)
        }
    }

    fn say(&mut self, terms: TournamentTerms) -> Outcome {
        self.play.control(&Control::Tournament(terms));
        self.play.outcomes.last().unwrap().clone()
    }

    fn series(&mut self, id: &str, timezone: &str, recurs: &str) {
        let said = self.say(self.terms(id, timezone, recurs));
        assert!(matches!(said, Outcome::Done { .. }), "{said:?}");
    }

    /// What is to be made now of all series.
    fn due(&self) -> Vec<TournamentTerms> {
        let (tournaments, now) = (self.play.tournaments(), self.play.now());
        let mut due = Vec::new();
        for series in tournaments.series() {
            let (terms, zone) = (series.terms(), zone(&series.terms().timezone));
            let coming = tournaments.coming(series.number, terms, &zone, now);
            let now_due = coming.take_while(|coming| coming.due() <= now);
            due.extend(now_due.map(|coming| series.occurrence(&coming, &zone, "a node")));
        }
        due
    }

    /// Makes what is due, and tells of it by the clock of UTC.
    fn make(&mut self) {
        for terms in self.due() {
            let [starts, ends] = [terms.starts, terms.ends].map(|it| {
                let text = timestamp::write(Timestamp::from_micros(it)).to_string();
                text.replace(":00Z", "").replace('T', " ")
            });
            writeln!(self.told, "{}  {starts} to {ends}", terms.id).unwrap();
            let said = self.say(terms);
            assert!(matches!(said, Outcome::Done { .. }), "{said:?}");
        }
        assert_eq!(self.due(), [], "nothing is made twice");
    }

    /// Lets so many steps pass, and makes what is due after each.
    fn pass(&mut self, steps: usize, step: &str) {
        for _ in 0..steps {
            self.play.line(&format!("after {step}"));
            self.make();
        }
    }

    fn tells(&mut self, expected: Expect) {
        expected.assert_eq(&std::mem::take(&mut self.told));
    }

    fn board(&mut self, id: &str) -> String {
        self.play.line(&format!("board {id}")).trim().to_owned()
    }
}

const WEEKEND: &str = r#"{"begins":{"weekly":{"on":["sat"],"at":"00:00"}},"lasts":"2d"}"#;

#[test]
fn a_weekend_race_of_berlin_has_an_hour_less_in_spring_and_one_more_in_autumn() {
    let mut world = World::new();
    world.until("2025-03-17T12:00:00Z");
    world.series("race", "Europe/Berlin", WEEKEND);
    world.pass(20, "1d");
    world.tells(expect![[r#"
        race-2025-03-22  2025-03-21 23:00 to 2025-03-23 23:00
        race-2025-03-29  2025-03-28 23:00 to 2025-03-30 22:00
        race-2025-04-05  2025-04-04 22:00 to 2025-04-06 22:00
    "#]]);
    world.until("2025-10-20T12:00:00Z");
    world.make();
    world.pass(14, "1d");
    world.tells(expect![[r#"
        race-2025-10-25  2025-10-24 22:00 to 2025-10-26 23:00
        race-2025-11-01  2025-10-31 23:00 to 2025-11-02 23:00
    "#]]);
}

#[test]
fn a_race_of_a_time_that_clocks_leave_out_or_show_twice_takes_place_once_on_each_day() {
    let mut world = World::new();
    world.until("2025-03-26T12:00:00Z");
    world.series("night", "Europe/Berlin", r#"{"begins":{"daily":{"at":"02:30"}}}"#);
    world.pass(4, "1d");
    world.tells(expect![[r#"
        night-2025-03-28  2025-03-28 01:30 to 2025-03-29 01:30
        night-2025-03-29  2025-03-29 01:30 to 2025-03-30 01:00
        night-2025-03-30  2025-03-30 01:00 to 2025-03-31 00:30
        night-2025-03-31  2025-03-31 00:30 to 2025-04-01 00:30
        night-2025-04-01  2025-04-01 00:30 to 2025-04-02 00:30
    "#]]);
    world.until("2025-10-23T12:00:00Z");
    world.make();
    world.pass(3, "1d");
    world.tells(expect![[r#"
        night-2025-10-24  2025-10-24 00:30 to 2025-10-25 00:30
        night-2025-10-25  2025-10-25 00:30 to 2025-10-26 00:30
        night-2025-10-26  2025-10-26 00:30 to 2025-10-27 01:30
        night-2025-10-27  2025-10-27 01:30 to 2025-10-28 01:30
        night-2025-10-28  2025-10-28 01:30 to 2025-10-29 01:30
    "#]]);
}

#[test]
fn a_month_without_a_31st_has_its_race_on_its_last_day() {
    let mut world = World::new();
    world.until("2025-01-01T00:00:00Z");
    let recurs = r#"{"begins":{"monthly":{"day":31,"at":"18:00"}},"lasts":"6h"}"#;
    world.series("last", "Europe/Berlin", recurs);
    world.pass(130, "1d");
    world.tells(expect![[r#"
        last-2025-01-31  2025-01-31 17:00 to 2025-01-31 23:00
        last-2025-02-28  2025-02-28 17:00 to 2025-02-28 23:00
        last-2025-03-31  2025-03-31 16:00 to 2025-03-31 22:00
        last-2025-04-30  2025-04-30 16:00 to 2025-04-30 22:00
    "#]]);
}

#[test]
fn each_day_is_the_operator_s_wherever_that_is() {
    let mut world = World::new();
    world.until("2025-04-02T20:00:00Z");
    world.series("dash", "Pacific/Auckland", r#"{"begins":{"daily":{"at":"00:00"}}}"#);
    world.pass(4, "1d");
    world.tells(expect![[r#"
        dash-2025-04-05  2025-04-04 11:00 to 2025-04-05 11:00
        dash-2025-04-06  2025-04-05 11:00 to 2025-04-06 12:00
        dash-2025-04-07  2025-04-06 12:00 to 2025-04-07 12:00
        dash-2025-04-08  2025-04-07 12:00 to 2025-04-08 12:00
        dash-2025-04-09  2025-04-08 12:00 to 2025-04-09 12:00
    "#]]);
}

#[test]
fn of_several_a_day_each_has_its_time_in_its_name() {
    let mut world = World::new();
    world.until("2025-03-28T20:00:00Z");
    let recurs = r#"{"begins":{"cron":"30 1,2,18 * * *"},"lasts":"1h"}"#;
    world.series("sprint", "Europe/Berlin", recurs);
    world.pass(1, "1h");
    world.tells(expect![[r#"
        sprint-2025-03-29-0130  2025-03-29 00:30 to 2025-03-29 01:30
        sprint-2025-03-29-0230  2025-03-29 01:30 to 2025-03-29 02:30
        sprint-2025-03-29-1830  2025-03-29 17:30 to 2025-03-29 18:30
        sprint-2025-03-30-0130  2025-03-30 00:30 to 2025-03-30 01:00
        sprint-2025-03-30-0230  2025-03-30 01:00 to 2025-03-30 02:00
        sprint-2025-03-30-1830  2025-03-30 16:30 to 2025-03-30 17:30
    "#]]);
}

#[test]
fn each_occurrence_has_its_own_scores_and_the_series_has_none() {
    let mut world = World::new();
    world.until("2025-06-01T12:00:00Z");
    world.series("dash", "UTC", r#"{"begins":{"daily":{"at":"00:00"}},"lasts":"20h"}"#);
    world.make();
    let wager = |world: &mut World, id: &str, player: &str, stake: u32| {
        world.play.line(&format!("wager {id} {player} slots {stake}"));
    };
    wager(&mut world, "w1", "anna", 5);
    world.until("2025-06-02T00:00:00Z");
    wager(&mut world, "w2", "anna", 10);
    wager(&mut world, "w3", "bert", 20);
    // Between two there is none.
    world.until("2025-06-02T21:00:00Z");
    wager(&mut world, "w4", "anna", 100);
    world.until("2025-06-03T01:00:00Z");
    world.make();
    wager(&mut world, "w5", "anna", 30);
    world.play.line("void w3 bert");
    let boards = ["dash-2025-06-02", "dash-2025-06-03", "dash"].map(|id| world.board(id));
    assert_eq!(boards, ["1. bert 20  2. anna 10", "1. anna 30", "nobody"]);
}

#[test]
fn an_occurrence_is_what_its_series_says() {
    let mut world = World::new();
    world.until("2025-06-01T12:00:00Z");
    let said = TournamentTerms {
        cap: Some(7),
        cap_per_hour: Some(8),
        cap_per_day: Some(9),
        cadence: Cadence::TenSeconds,
        approval: true,
        public: true,
        opt_in: true,
        participants_max: Some(3),
        ..world.terms("dash", "UTC", r#"{"begins":{"daily":{"at":"00:00"}}}"#)
    };
    assert!(matches!(world.say(said.clone()), Outcome::Done { .. }));
    let due = world.due();
    assert_eq!(due.len(), 2);
    for made in due {
        let expected = TournamentTerms {
            id: made.id.clone(),
            starts: made.starts,
            ends: made.ends,
            zone: made.zone.clone(),
            recurs: None,
            series: made.series,
            who: "a node".into(),
            ..said.clone()
        };
        assert!(made.series.is_some());
        assert_eq!(made, expected);
    }
}

#[test]
fn the_mode_of_a_series_is_that_of_the_occurrences_that_are_yet_to_be_made() {
    let mut world = World::new();
    world.until("2025-06-01T12:00:00Z");
    let daily = r#"{"begins":{"daily":{"at":"00:00"}}}"#;
    let terms = TournamentTerms { mode: Mode::Shadow, ..world.terms("dash", "UTC", daily) };
    assert!(matches!(world.say(terms), Outcome::Done { .. }));
    assert_eq!(world.due().len(), 2);
    assert!(world.due().iter().all(TournamentTerms::is_shadow));
    world.make();
    world.series("dash", "UTC", daily);
    world.until("2025-06-03T12:00:00Z");
    let due = world.due();
    assert_eq!(due.len(), 2);
    assert!(!due.iter().any(TournamentTerms::is_shadow));
    // One that was made stays what it is.
    let made = world.play.tournaments().get("dash-2025-06-03").unwrap();
    let live = TournamentTerms {
        mode: Mode::Live,
        edited_from: made.edited_from(),
        ..(**made.terms()).clone()
    };
    assert!(made.is_shadow());
    let said = world.say(live);
    assert!(matches!(said, Outcome::Declined { .. }), "{said:?}");
}

#[test]
fn a_node_that_was_away_makes_nothing_of_the_past() {
    let mut world = World::new();
    world.until("2025-06-01T12:00:00Z");
    world.series("dash", "UTC", r#"{"begins":{"daily":{"at":"00:00"}}}"#);
    world.make();
    world.until("2025-06-20T12:00:00Z");
    world.make();
    world.tells(expect![[r#"
        dash-2025-06-02  2025-06-02 00:00 to 2025-06-03 00:00
        dash-2025-06-03  2025-06-03 00:00 to 2025-06-04 00:00
        dash-2025-06-21  2025-06-21 00:00 to 2025-06-22 00:00
        dash-2025-06-22  2025-06-22 00:00 to 2025-06-23 00:00
    "#]]);
}

#[test]
fn of_two_who_make_an_occurrence_the_second_is_refused() {
    let mut world = World::new();
    world.series("race", "UTC", r#"{"begins":{"daily":{"at":"00:00"}}}"#);
    let due = world.due();
    for terms in &due {
        assert!(matches!(world.say(terms.clone()), Outcome::Done { .. }));
        assert_eq!(world.say(terms.clone()), Outcome::Declined { why: Declined::Stale });
    }
    assert_eq!(due.len(), 2);
    // One that was cancelled is not made again.
    let of = world.play.tournaments().get(&due[0].id).unwrap();
    let cancelled = TournamentTerms {
        edited_from: of.edited_from(),
        stage: Stage::Cancelled,
        ..(**of.terms()).clone()
    };
    assert!(matches!(world.say(cancelled), Outcome::Done { .. }));
    assert_eq!(world.due(), []);
    assert_eq!(world.say(due[0].clone()), Outcome::Declined { why: Declined::Stale });
}

#[test]
fn whoever_has_not_heard_of_a_change_makes_nothing() {
    let mut world = World::new();
    world.series("race", "UTC", r#"{"begins":{"daily":{"at":"00:00"}}}"#);
    let before = world.due();
    let mut changed = world.terms("race", "UTC", r#"{"begins":{"daily":{"at":"06:00"}}}"#);
    changed.name = "another".into();
    assert!(matches!(world.say(changed), Outcome::Done { .. }));
    let stale = Outcome::Declined { why: Declined::Stale };
    assert_eq!(world.say(before[0].clone()), stale);
    world.make();
    let cancelled = TournamentTerms {
        stage: Stage::Cancelled,
        ..world.terms("race", "UTC", r#"{"begins":{"daily":{"at":"06:00"}}}"#)
    };
    world.play.line("after 1d");
    let due = world.due();
    assert_eq!(due.len(), 1);
    assert!(matches!(world.say(cancelled.clone()), Outcome::Done { .. }));
    assert_eq!(world.due(), []);
    assert_eq!(world.say(due[0].clone()), stale);
    assert_eq!(
        world.say(TournamentTerms { edited_from: 3, ..cancelled }),
        Outcome::Declined { why: Declined::TournamentOver }
    );
    // Those that were made stay, and one of the same name goes on after them.
    world.series("race", "UTC", r#"{"begins":{"daily":{"at":"06:00"}}}"#);
    world.make();
    world.tells(expect![[r#"
        race-2024-11-12  2024-11-12 06:00 to 2024-11-13 06:00
        race-2024-11-13  2024-11-13 06:00 to 2024-11-14 06:00
        race-2024-11-14  2024-11-14 06:00 to 2024-11-15 06:00
    "#]]);
}

#[test]
fn a_change_is_one_of_what_was_not_made_and_no_two_take_place_at_once() {
    let mut world = World::new();
    world.until("2025-06-02T12:00:00Z");
    world.series(
        "race",
        "UTC",
        r#"{"begins":{"weekly":{"on":["wed"],"at":"00:00"}},"lasts":"3d"}"#,
    );
    world.make();
    world.series("race", "UTC", r#"{"begins":{"daily":{"at":"12:00"}},"lasts":"6h"}"#);
    world.pass(5, "1d");
    world.tells(expect![[r#"
        race-2025-06-04  2025-06-04 00:00 to 2025-06-07 00:00
        race-2025-06-07  2025-06-07 12:00 to 2025-06-07 18:00
        race-2025-06-08  2025-06-08 12:00 to 2025-06-08 18:00
        race-2025-06-09  2025-06-09 12:00 to 2025-06-09 18:00
    "#]]);
}

#[test]
fn an_id_that_stands_for_something_else_is_left_out() {
    let mut world = World::new();
    world.until("2025-06-01T12:00:00Z");
    world.play.line(&format!("tournament dash-2025-06-02 +1h +2h {SUM}"));
    world.series("dash", "UTC", r#"{"begins":{"daily":{"at":"00:00"}}}"#);
    world.make();
    world.tells(expect![[r#"
        dash-2025-06-03  2025-06-03 00:00 to 2025-06-04 00:00
    "#]]);
}

#[test]
fn what_lasts_until_the_next_begins_lasts_no_longer_than_a_tournament_may() {
    let mut world = World::new();
    world.series("leap", "UTC", r#"{"begins":{"cron":"0 0 29 2 *"}}"#);
    let tournaments = world.play.tournaments();
    let series = tournaments.get("leap").unwrap();
    let (terms, zone) = (series.terms(), zone("UTC"));
    let mut coming = tournaments.coming(series.number, terms, &zone, world.play.now());
    let next = coming.next().unwrap();
    assert_eq!(next.id, "leap-2028-02-29");
    assert_eq!(next.ends.micros() - next.starts.micros(), 400 * DAY_MICROS);
}

#[test]
fn all_series_together_take_place_so_often_and_none_is_what_only_a_tournament_may_be() {
    let mut world = World::new();
    let hourly = r#"{"begins":{"cron":"0 * * * *"}}"#;
    for id in ["a", "b", "c", "d"] {
        world.series(id, "UTC", hourly);
    }
    let too_many = Outcome::Declined { why: Declined::TooManyTournaments };
    let draft = TournamentTerms { stage: Stage::Draft, ..world.terms("e", "UTC", hourly) };
    assert!(matches!(world.say(draft), Outcome::Done { .. }));
    assert_eq!(world.say(world.terms("e", "UTC", hourly)), too_many);
    assert_eq!(TIMES_A_DAY_MAX, 100);
    world.series("e", "UTC", r#"{"begins":{"cron":"0 0,6,12,18 * * *"}}"#);
    assert_eq!(
        world.say(world.terms("f", "UTC", r#"{"begins":{"daily":{"at":"00:00"}}}"#)),
        too_many
    );
    let cancelled = TournamentTerms { stage: Stage::Cancelled, ..world.terms("a", "UTC", hourly) };
    assert!(matches!(world.say(cancelled), Outcome::Done { .. }));
    world.series("f", "UTC", hourly);

    let weekly = |on: Vec<String>| {
        let begins = Begins::Weekly { on, at: "00:00".into() };
        Some(RecurrenceTerms { begins, lasts: None })
    };
    let wrong: [fn(&mut TournamentTerms); 8] = [
        |it| it.starts = 1,
        |it| it.ends = 1,
        |it| it.zone = vec![(0, 0)],
        |it| it.id = "x".repeat(SERIES_ID_BYTES_MAX + 1),
        |it| it.stage = Stage::Settled,
        |it| it.recurs = None,
        |it| it.recurs.as_mut().unwrap().lasts = Some("367d".into()),
        |it| it.recurs.as_mut().unwrap().begins = Begins::Cron("*/10 * * * *".into()),
    ];
    let malformed = Outcome::Declined { why: Declined::Malformed };
    for (number, change) in wrong.into_iter().enumerate() {
        let mut terms = TournamentTerms { stage: Stage::Draft, ..world.terms("g", "UTC", hourly) };
        change(&mut terms);
        assert_eq!(world.say(terms), malformed, "{number}");
    }
    for on in [Vec::new(), vec!["mon".to_owned(); 8]] {
        let terms = TournamentTerms { recurs: weekly(on), ..world.terms("g", "UTC", hourly) };
        assert_eq!(world.say(terms), malformed);
    }
    // A series never becomes a tournament that takes place once.
    let once = TournamentTerms {
        recurs: None,
        starts: world.play.now().micros() + hours("1h"),
        ends: world.play.now().micros() + hours("2h"),
        ..world.terms("f", "UTC", hourly)
    };
    assert_eq!(world.say(once), malformed);
}
