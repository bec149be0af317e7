//! Tournaments of the house, and what is played in them.

use std::time::{Duration, Instant};

use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::intake::Intake;
use accolade_wire::control::{Command, Control};
use accolade_wire::timestamp;
use accolade_wire::tournament::{Fill, Stage, TournamentTerms};

use crate::house::{House, OPERATORS, PATIENCE, now, wager};

/// So long before its start a tournament is made; nothing can begin in the past.
const AHEAD_MICROS: i64 = 1_000_000;
const HOUR_MICROS: i64 = 3_600_000_000;

/// A tournament over wagers that begins in a moment.
pub(crate) fn race(operator: &str, id: &str) -> TournamentTerms {
    scored_by(operator, id, "SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId")
}

pub(crate) fn scored_by(operator: &str, id: &str, query: &str) -> TournamentTerms {
    let starts = now().micros() + AHEAD_MICROS;
    TournamentTerms {
        name: id.into(),
        query: query.into(),
        starts,
        ends: starts + HOUR_MICROS,
        grace_seconds: 30,
        zone: vec![(0, 0)],
        public_positions: 10,
        stage: Stage::Scheduled,
        who: "a test".into(),
        ..TournamentTerms::draft(operator, id)
    }
}

impl House {
    pub(crate) fn say(&self, terms: &TournamentTerms) {
        self.control(&Control::Tournament(terms.clone()));
    }

    /// Makes tournaments, and returns once all have begun.
    pub(crate) fn begin(&self, races: &[TournamentTerms]) {
        for terms in races {
            self.say(terms);
        }
        let begun = races.iter().map(|terms| terms.starts).max().unwrap_or_default();
        while now().micros() <= begun {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// With two tournaments of each operator that have begun.
    pub(crate) fn with_races() -> Self {
        let house = Self::open();
        let most = "SELECT playerId, MAX(wagerAmount) FROM wagers WHERE gameCategory = 'slots' GROUP BY playerId";
        let races =
            OPERATORS.map(|operator| [race(operator, "sum"), scored_by(operator, "most", most)]);
        house.begin(races.as_flattened());
        house
    }

    /// Says how far a tournament is filled, and returns once all partitions have heard it.
    pub(crate) fn fill(&self, terms: &TournamentTerms, edited_from: u32, fill: Fill) {
        self.say(&TournamentTerms { edited_from, fill: Some(fill), ..terms.clone() });
        let (rules, until) = (self.node.rules(), Instant::now() + PATIENCE);
        let operator = rules.operator(&terms.operator).unwrap();
        let tournament = operator.tournaments.get(&terms.id).unwrap();
        assert_eq!(tournament.terms().fill, Some(fill));
        let control = tournament.changed().control;
        for partition in 0..self.node.partitions() {
            while self.node.read(partition, |partition| partition.rules().applied) < control {
                assert!(Instant::now() < until, "partition {partition} is to hear of it");
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Has everything added up that waits of a player, which is little.
    pub(crate) fn add_up(&self, operator: &str, player: &str, tournament: &str) {
        let rules = self.node.rules();
        let known = rules.operator(operator).unwrap();
        let tournament = known.tournaments.get(tournament).unwrap().number;
        let (id, player_id) = (format!("fill-{}", now().micros()), player.into());
        let command = Command::CountFilled { id, player_id, tournament };
        let outcome = self.command(operator, player, &command);
        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    }

    /// Has a player stake something, and returns the id of the wager.
    pub(crate) fn stake(&self, operator: &str, player: &str, id: &str, stake: &str) {
        self.take(operator, &[(player, wager(operator, player, id, stake).into())]);
    }

    /// Has players of both operators play and stake, some of it voided.
    pub(crate) fn load(&self, name: &str, count: usize, players: usize) {
        self.wagers(name, count, players);
        for operator in OPERATORS {
            for number in 0..count / 20 {
                let player = format!("player-{}", number * 7919 % players);
                let id = format!("{name}-{number}");
                self.take(
                    operator,
                    &[(&player, crate::house::void(operator, &player, &id).into())],
                );
                self.play(operator, &player, &played(&player, &id, "player_score", now()));
            }
        }
    }
}

/// A game event.
pub(crate) fn played(player: &str, id: &str, event_type: &str, at: Timestamp) -> String {
    let at = timestamp::write(at);
    format!(
        r#"{{"event_id":"{id}","event_type":"{event_type}","player_id":"{player}","game_id":"reels",
        "timestamp":"{at}","data":{{"score":1.5}}}}"#
    )
}
