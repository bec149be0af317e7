//! Tournaments that had begun before they were scheduled come out as if they had been there.

use std::collections::BTreeMap;
use std::sync::Arc;

use accolade_domain::outcome::{Declined, Outcome};
use accolade_domain::packed_scores::filling_number;
use accolade_engine::behaviour::{KNOWN, SECOND};
use accolade_engine::contract::memory::MemoryStore;
use accolade_engine::judging::excluded::Excluded;
use accolade_engine::partition::Partition;
use accolade_engine::rules::tournaments::Tournament;
use accolade_engine::store::Folded;
use accolade_wire::control::{Command, Control, FillPage, PastDoes, PastEvent};
use accolade_wire::journal::Outcomes;
use accolade_wire::notice::scores::{SCORED, Scored};
use accolade_wire::record::Slice;
use accolade_wire::tournament::{Fill, Stage, TournamentTerms};
use proptest::prelude::*;

use super::lots::program;
use super::play::Play;

const SCORES: [&str; 6] = [
    "SUM(wagerAmount) FROM wagers WHERE wagerAmount >= 2",
    "COUNT(*) FROM wagers",
    "MAX(wagerAmount) FROM wagers",
    "MIN(wagerAmount) FROM wagers",
    "AVG(wagerAmount) FROM wagers",
    "SUM(data.score) FROM game_events",
];
const PLAYERS: [&str; 3] = ["anna", "bert", "cara"];
/// How long the tournaments last, in minutes from the beginning; they start after the first.
const ENDS: u32 = 10_000;

#[derive(Debug, Clone)]
enum Comes {
    Wager {
        player: usize,
        stake: u32,
        ago: u32,
    },
    /// Of a wager that may have come before.
    Void {
        of: usize,
    },
    Event {
        player: usize,
        score: u32,
    },
    Excluded {
        player: usize,
    },
}

fn comes() -> impl Strategy<Value = Comes> {
    prop_oneof![
        6 => (0..PLAYERS.len(), 1..6_u32, 0..90_u32)
            .prop_map(|(player, stake, ago)| Comes::Wager { player, stake, ago }),
        4 => (0..30_usize).prop_map(|of| Comes::Void { of }),
        2 => (0..PLAYERS.len(), 0..4_u32).prop_map(|(player, score)| Comes::Event { player, score }),
        1 => (0..PLAYERS.len()).prop_map(|player| Comes::Excluded { player }),
    ]
}

/// Two tournaments with the same terms: `there` is scheduled before anything comes, `late` afterwards.
struct World {
    play: Play,
    /// Whose the events of batches are, and their own time.
    whose: BTreeMap<u64, (&'static str, i64)>,
    wagers: Vec<&'static str>,
    events: usize,
    minutes: u32,
    commands: usize,
}

impl World {
    fn new(query: &str, more: &str) -> Self {
        let mut play = Play::beginning(SECOND.number, KNOWN);
        play.line(&program(""));
        play.line(&format!("tournament there +1m +{ENDS}m {query} {{{more}}}"));
        play.line("after 2m");
        let (whose, wagers) = (BTreeMap::new(), Vec::new());
        Self { play, whose, wagers, events: 0, minutes: 2, commands: 0 }
    }

    fn comes(&mut self, comes: &Comes, passes: u32) {
        let (batch, now) = (self.play.partition.next_batch(), self.play.now());
        match *comes {
            Comes::Wager { player, stake, ago } => {
                let (number, player) = (self.wagers.len() + 1, PLAYERS[player]);
                let at = now.plus_micros(-i64::from(ago) * 60_000_000).micros();
                self.whose.insert(batch, (player, at));
                self.play.line(&format!("wager w{number} {player} slots {stake} at -{ago}m"));
                self.wagers.push(player);
            }
            Comes::Void { of } if of < self.wagers.len() => {
                self.whose.insert(batch, (self.wagers[of], now.micros()));
                self.play.line(&format!("void w{} {}", of + 1, self.wagers[of]));
            }
            Comes::Void { .. } => {}
            Comes::Event { player, score } => {
                self.events += 1;
                self.whose.insert(batch, (PLAYERS[player], now.micros()));
                let (number, player) = (self.events, PLAYERS[player]);
                self.play.line(&format!(r#"event e{number} {player} {{"score":{score}}}"#));
            }
            Comes::Excluded { player } => {
                self.play.line(&format!("exclude {} 3m", PLAYERS[player]));
            }
        }
        self.minutes += passes;
        self.play.line(&format!("after {passes}m"));
    }

    fn schedule(&mut self, query: &str, more: &str) -> String {
        let (starts, ends) = (self.minutes - 1, ENDS - self.minutes);
        let more = [more, r#""fill":"reading""#].into_iter().filter(|it| !it.is_empty());
        let more: Vec<_> = more.collect();
        let line = format!("tournament late -{starts}m +{ends}m {query} {{{}}}", more.join(","));
        self.play.line(&line)
    }

    fn tournament(&self, id: &str) -> Arc<Tournament> {
        Arc::clone(self.play.tournaments().get(id).unwrap())
    }

    fn say(&mut self, fill: Fill) {
        let late = self.tournament("late");
        let edited_from = late.edited_from();
        let terms = TournamentTerms { fill: Some(fill), edited_from, ..(**late.terms()).clone() };
        self.play.control(&Control::Tournament(terms));
    }

    /// What the tournament that was there has counted so far, event by event.
    fn past(&self) -> Vec<(&'static str, PastEvent)> {
        let (mut past, number) = (Vec::new(), self.tournament("there").number);
        for folded in self.play.store.batches.values() {
            let Folded { partition, batch, count, ref journal, .. } = *folded;
            let slice = Slice { partition, batch, flags: 0, count, body: journal };
            for recorded in Outcomes::read(&slice).unwrap() {
                let recorded = recorded.unwrap();
                let notices = recorded.notices.iter().filter(|it| it.notice.kind == SCORED);
                for line in notices.flat_map(|it| Scored::read(&it.notice.body).unwrap().lines) {
                    if line.tournament != number {
                        continue;
                    }
                    let (player, at) = self.whose[&batch];
                    let does = match recorded.outcome {
                        Outcome::Voided { wager: Some(wager), .. } => {
                            PastDoes::Voids { wager: (wager.batch, wager.slot) }
                        }
                        _ => PastDoes::Counts { value: line.value.0.to_string(), at },
                    };
                    let (slot, now) = (recorded.place.slot, recorded.time.micros());
                    past.push((player, PastEvent { batch, slot, now, does }));
                }
            }
        }
        past
    }

    fn tell(&mut self, player: &str, events: Vec<PastEvent>) {
        self.commands += 1;
        let (id, player_id) = (format!("fill {}", self.commands), player.into());
        let tournament = self.tournament("late").number;
        self.play.command(&Command::Fill(FillPage { id, player_id, tournament, events }));
    }

    fn add_up(&mut self, player: &str) {
        self.commands += 1;
        let (id, player_id) = (format!("fill {}", self.commands), player.into());
        let tournament = self.tournament("late").number;
        self.play.command(&Command::CountFilled { id, player_id, tournament });
    }

    fn waits(&self, player: &str) -> bool {
        let number = filling_number(self.tournament("late").number);
        let players = self.play.partition.players().all();
        let own = players.iter().find(|it| it.name.to_string() == player);
        own.is_some_and(|it| it.scores.of(number).is_some())
    }

    /// How everybody stands.
    fn stand(&self, id: &str) -> Vec<Option<accolade_domain::ranking::Standing>> {
        let tournament = self.tournament(id);
        let players = 0..u32::try_from(self.play.partition.players().all().len()).unwrap();
        players.map(|player| self.play.partition.standing(1, &tournament, player)).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn a_tournament_that_is_filled_comes_out_as_if_it_had_been_there(
        score in 0..SCORES.len(),
        caps in any::<bool>(),
        before in prop::collection::vec((comes(), 0..12_u32), 0..40),
        while_read in prop::collection::vec((comes(), 0..3_u32), 0..20),
        while_counted in prop::collection::vec((comes(), 0..3_u32, 0..PLAYERS.len()), 0..20),
        after in prop::collection::vec((comes(), 0..12_u32), 0..20),
        page in 1..4_usize,
        end_intervals in any::<bool>(),
    ) {
        let query = format!("SELECT playerId, {} GROUP BY playerId", SCORES[score]);
        let query = query.replacen("FROM", "AS score FROM", 1);
        let is_summed = [0, 1, 5].contains(&score);
        let caps = if caps && is_summed {
            r#""capPerHour":"6000000000000000000","capPerDay":"15000000000000000000""#
        } else {
            ""
        };
        let mut world = World::new(&query, caps);
        for (comes, passes) in &before {
            world.comes(comes, *passes);
        }
        let past = world.past();
        let said = world.schedule(&query, caps);
        prop_assert_eq!(said.trim(), "made v2");
        // Told in any order, and some of it twice.
        let mut told = past.rchunks(page);
        for (comes, passes) in &while_read {
            for (player, event) in told.next().unwrap_or_default() {
                world.tell(player, vec![event.clone()]);
                world.tell(player, vec![event.clone()]);
            }
            world.comes(comes, *passes);
            if end_intervals {
                world.play.end_interval();
            }
        }
        for player in PLAYERS {
            let left: Vec<_> = told.clone().flatten().filter(|(of, _)| *of == player).collect();
            let left: Vec<_> = left.into_iter().map(|(_, event)| event.clone()).collect();
            if !left.is_empty() {
                world.tell(player, left);
            }
        }
        prop_assert!(world.stand("late").iter().all(Option::is_none), "it is not filled yet");
        world.say(Fill::Counting);
        for (comes, passes, player) in &while_counted {
            world.comes(comes, *passes);
            world.add_up(PLAYERS[*player]);
            if end_intervals {
                world.play.end_interval();
            }
        }
        for player in PLAYERS {
            let mut times = 0;
            while world.waits(player) {
                world.add_up(player);
                times += 1;
                prop_assert!(times < 200, "it has an end");
            }
        }
        world.say(Fill::Done);
        prop_assert_eq!(world.tournament("late").terms().fill, Some(Fill::Done));
        prop_assert_eq!(world.stand("late"), world.stand("there"));
        for (comes, passes) in &after {
            world.comes(comes, *passes);
            prop_assert_eq!(world.stand("late"), world.stand("there"));
        }
        let values = world.play.partition.values();
        let (mut other, mut store) = (Partition::new(0), MemoryStore::default());
        world.play.again(&mut other, KNOWN, &mut store, &mut Vec::new()).unwrap();
        prop_assert!(other.values() == values);
    }
}

#[test]
fn what_cannot_be_filled_is_refused_and_what_is_filled_goes_on_as_it_is() {
    let query = "SELECT playerId, COUNT(*) AS score FROM wagers GROUP BY playerId";
    let mut world = World::new(query, "");
    let wager = Comes::Wager { player: 0, stake: 5, ago: 0 };
    world.comes(&wager, 1);
    let says = |world: &mut World, line: &str| world.play.line(line).trim().to_owned();
    let past = format!("tournament past -2m +2h {query}");
    assert_eq!(says(&mut world, &past), "declined tournament_past");
    let told = format!(r#"{past} {{"fill":"reading","optIn":true}}"#);
    assert_eq!(says(&mut world, &told), "declined malformed");
    let over = format!(r#"tournament past -2m -1m {query} {{"fill":"reading"}}"#);
    assert_eq!(says(&mut world, &over), "declined tournament_past");
    let ahead = format!(r#"tournament past +2m +1h {query} {{"fill":"reading"}}"#);
    assert_eq!(says(&mut world, &ahead), "declined tournament_past");
    assert_eq!(world.schedule(query, "").trim(), "made v2");
    // It ends as it was said, and is settled once it is filled.
    let terms = (**world.tournament("late").terms()).clone();
    let edited_from = world.tournament("late").edited_from();
    let mut shorter = TournamentTerms { edited_from, ..terms.clone() };
    shorter.ends -= 60_000_000;
    world.play.control(&Control::Tournament(shorter));
    let skipped = TournamentTerms { fill: Some(Fill::Done), edited_from, ..terms.clone() };
    world.play.control(&Control::Tournament(skipped));
    assert_eq!(*world.tournament("late").terms(), Arc::new(terms));
    world.play.line(&format!("after {ENDS}m"));
    world.play.line("settled late");
    assert!(!world.tournament("late").is_settled());
    // Nothing is told once all of it was.
    let past = world.past();
    world.say(Fill::Counting);
    world.tell("anna", past.iter().map(|(_, event)| event.clone()).collect());
    assert!(!world.waits("anna"));
    world.say(Fill::Done);
    world.play.line("settled late");
    assert!(world.tournament("late").is_settled());
}

#[test]
fn what_is_over_before_it_is_filled_can_be_cancelled() {
    let query = "SELECT playerId, COUNT(*) AS score FROM wagers GROUP BY playerId";
    let mut world = World::new(query, "");
    assert_eq!(world.schedule(query, "").trim(), "made v2");
    world.play.line(&format!("after {ENDS}m"));
    for (id, is_cancelled) in [("there", false), ("late", true)] {
        let tournament = world.tournament(id);
        let (stage, edited_from) = (Stage::Cancelled, tournament.edited_from());
        let terms = TournamentTerms { stage, edited_from, ..(**tournament.terms()).clone() };
        world.play.control(&Control::Tournament(terms));
        assert_eq!(world.tournament(id).is_cancelled(), is_cancelled, "{id}");
    }
}

#[test]
fn what_comes_late_while_it_is_filled_is_remarked_and_counted_apart() {
    for score in SCORES {
        let query = format!("SELECT playerId, {score} GROUP BY playerId");
        let query = query.replacen("FROM", "AS score FROM", 1);
        let mut world = World::new(&query, "");
        let wager = |player, stake, ago| Comes::Wager { player, stake, ago };
        let event = Comes::Event { player: 0, score: 2 };
        for comes in [wager(0, 5, 0), wager(0, 4, 0), wager(1, 3, 0), event] {
            world.comes(&comes, 1);
        }
        let past = world.past();
        assert_eq!(world.schedule(&query, "").trim(), "made v2");
        for (player, event) in past {
            world.tell(player, vec![event]);
        }
        world.play.line(&format!("after {ENDS}m"));
        for comes in [wager(0, 3, 60), Comes::Void { of: 0 }, wager(2, 2, 60)] {
            world.comes(&comes, 1);
        }
        world.say(Fill::Counting);
        world.comes(&Comes::Void { of: 4 }, 1);
        for player in PLAYERS {
            let mut times = 0;
            while world.waits(player) {
                world.add_up(player);
                times += 1;
                assert!(times < 20, "it has an end");
            }
        }
        world.say(Fill::Done);
        assert_eq!(world.tournament("late").terms().fill, Some(Fill::Done));
        let same = |world: &mut World| {
            assert_eq!(world.stand("late"), world.stand("there"), "{score}");
            let apart = ["late", "there"].map(|id| {
                let number = world.tournament(id).number;
                let players = world.play.partition.players().all().iter();
                players.map(|it| it.scores.settled(number, 1)).collect::<Vec<_>>()
            });
            assert_eq!(apart[0], apart[1], "{score}");
            // Before its last line there is what has become of events.
            let remarks = ["late", "there"].map(|id| {
                let told = world.play.line(&format!("remarks {id}"));
                told.lines().last().unwrap_or_default().to_owned()
            });
            assert_eq!(remarks[0], remarks[1], "{score}");
            remarks[0].clone()
        };
        let remarks = same(&mut world);
        let is_of_wagers = score.ends_with("FROM wagers");
        assert!(!is_of_wagers || remarks.contains("2 wagers, 2 voids"), "{score}: {remarks}");
        // Of one that came in time, and of one that was late.
        for of in [1, 3] {
            world.comes(&Comes::Void { of }, 1);
            same(&mut world);
        }
    }
}

#[test]
fn nothing_is_added_up_once_what_events_count_is_not_kept_any_more() {
    let query = "SELECT playerId, COUNT(*) AS score FROM wagers GROUP BY playerId";
    let mut world = World::new(query, "");
    world.comes(&Comes::Wager { player: 0, stake: 5, ago: 0 }, 1);
    let past = world.past();
    assert_eq!(world.schedule(query, "").trim(), "made v2");
    for (player, event) in past {
        world.tell(player, vec![event]);
    }
    world.say(Fill::Counting);
    world.play.line(&format!("after {}m", ENDS + 8 * 24 * 60));
    world.add_up("anna");
    let declined = Outcome::Declined { why: Declined::TournamentOver };
    assert_eq!(world.play.outcomes.last(), Some(&declined));
    assert!(world.waits("anna"), "half of it is not added up");
    let late = world.tournament("late");
    let (stage, edited_from) = (Stage::Cancelled, late.edited_from());
    let terms = TournamentTerms { stage, edited_from, ..(**late.terms()).clone() };
    world.play.control(&Control::Tournament(terms));
    assert!(world.tournament("late").is_cancelled());
}

#[test]
fn an_exclusion_that_began_while_events_came_that_are_read_is_known_from_where_it_stands() {
    let query = "SELECT playerId, SUM(data.score) AS score FROM game_events GROUP BY playerId";
    let mut world = World::new(query, "");
    world.comes(&Comes::Event { player: 0, score: 2 }, 1);
    let began = world.play.now();
    world.comes(&Comes::Excluded { player: 0 }, 0);
    // Of its own batch it is not known which events came before it.
    for (begins, is_known) in [(began, false), (began.plus_micros(1), true)] {
        let mut excluded = Excluded::default();
        excluded.add_state(&world.play.partition, 1, begins);
        assert_eq!(excluded.holds("anna", began), is_known);
        assert!(!excluded.holds("bert", began));
    }
}

#[test]
fn a_draft_whose_time_has_passed_is_not_final_and_may_begin_yet() {
    let query = "SELECT playerId, COUNT(*) AS score FROM wagers GROUP BY playerId";
    let mut world = World::new(query, "");
    world.play.line(&format!(r#"tournament plan +1m +2m {query} {{"stage":"draft"}}"#));
    world.play.line("after 1h");
    world.comes(&Comes::Wager { player: 0, stake: 5, ago: 0 }, 1);
    assert!(!world.play.partition.is_final(&world.tournament("plan")));
    world.play.line(&format!(r#"tournament plan -5m +1h {query} {{"fill":"reading"}}"#));
    assert!(world.tournament("plan").is_filling());
    assert!(!world.play.partition.is_final(&world.tournament("plan")));
}
