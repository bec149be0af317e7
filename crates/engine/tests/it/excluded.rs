//! Leaderboards without those who are excluded: what sorting everybody else by hand gives, at every step.

use std::cmp::Reverse;
use std::sync::Arc;

use accolade_domain::games::Occurrence;
use accolade_domain::tournament::SCORE_ONE;
use accolade_engine::behaviour::{KNOWN, SECOND};
use accolade_engine::board::{Board, Of};
use accolade_engine::contract::memory::MemoryStore;
use accolade_engine::partition::Partition;
use accolade_engine::rules::tournaments::Tournament;
use accolade_engine::rules::tournaments::standing::standing;
use proptest::prelude::*;

use crate::play::Play;

const PROGRAM: &str = r#"program {"currency":"EUR","earning":{"multipliers":{"slots":0.1}}}"#;
const RACE: &str =
    "tournament race +1h +9h SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId";
const PLAYERS: [&str; 4] = ["anna", "bert", "cara", "dora"];
const HOUR_MICROS: i64 = 3_600_000_000;

fn begun() -> Play {
    let mut play = Play::beginning(SECOND.number, KNOWN);
    for line in [PROGRAM, RACE, "after 1h"] {
        play.line(line);
    }
    play
}

fn race(play: &Play) -> Arc<Tournament> {
    Arc::clone(play.tournaments().get("race").unwrap())
}

fn of_race(tournament: &Tournament) -> Of<'_> {
    Of { operator: 1, tournament, settlement: 0, game: None }
}

fn of_game() -> Of<'static> {
    let game = Some(("g", Occurrence::ALL_TIME));
    Of { operator: 1, tournament: standing(), settlement: 0, game }
}

fn made(of: &Of<'_>, partition: &Partition) -> Board {
    let mut board = Board::begun(of, partition, 1);
    board.look(of, partition, 0, usize::MAX);
    board
}

type Lines = Vec<(u64, String, i128)>;

fn lines(board: &Board, partition: &Partition) -> Lines {
    let name = |player| partition.players().get(player).name.to_string();
    let lines = board.board().from(1);
    lines.map(|it| (it.position, name(it.player), it.standing.score.0 / SCORE_ONE)).collect()
}

fn shown(play: &Play) -> String {
    let race = race(play);
    let lines = lines(&made(&of_race(&race), &play.partition), &play.partition);
    let lines = lines.iter().map(|(position, name, score)| format!("{position}. {name} {score}"));
    lines.collect::<Vec<_>>().join("  ")
}

#[test]
fn who_is_excluded_is_left_out_until_it_ends_and_keeps_the_place_of_a_final_leaderboard() {
    let mut play = begun();
    for line in ["wager w1 anna slots 9", "wager w2 bert slots 5", "wager w3 cara slots 3"] {
        play.line(line);
    }
    assert_eq!(shown(&play), "1. anna 9  2. bert 5  3. cara 3");
    play.line("exclude anna 2h");
    play.line("wager w4 anna slots 100");
    assert_eq!(shown(&play), "1. bert 5  2. cara 3");
    play.line("after 2h");
    assert_eq!(shown(&play), "1. anna 9  2. bert 5  3. cara 3");
    play.line("exclude bert");
    play.line("void w1 anna");
    assert_eq!(shown(&play), "1. cara 3");
    play.line("readmit bert");
    assert_eq!(shown(&play), "1. bert 5  2. cara 3");
    play.line("exclude bert");
    play.line("after 7h");
    let race = race(&play);
    assert!(play.partition.is_final(&race));
    assert_eq!(shown(&play), "1. bert 5  2. cara 3");
}

#[derive(Debug, Clone, Copy)]
enum Action {
    Stake(i128),
    Score(i128),
    Void(usize),
    /// For so many hours, or for ever.
    Exclude(Option<u8>),
    Readmit,
    Wait,
    EndInterval,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => (1_i128..5).prop_map(Action::Stake),
        2 => (1_i128..5).prop_map(Action::Score),
        1 => any::<usize>().prop_map(Action::Void),
        3 => prop::option::weighted(0.8, 1_u8..5).prop_map(Action::Exclude),
        1 => Just(Action::Readmit),
        2 => Just(Action::Wait),
        1 => Just(Action::EndInterval),
    ]
}

/// What a player has come to, and the batch that last changed it.
#[derive(Debug, Default, Clone, Copy)]
struct Came {
    score: i128,
    events: u32,
    batch: u64,
}

impl Came {
    fn add(&mut self, score: i128, events: i32, batch: u64) {
        self.score += score;
        self.events = self.events.checked_add_signed(events).unwrap();
        self.batch = batch;
    }
}

/// The second opinion.
#[derive(Debug, Default)]
struct ByHand {
    race: [Came; PLAYERS.len()],
    game: [Came; PLAYERS.len()],
    /// Until when each is excluded.
    until: [i64; PLAYERS.len()],
    staked: Vec<(usize, i128, bool)>,
}

impl ByHand {
    fn is_excluded(&self, player: usize, now: i64) -> bool {
        now < self.until[player]
    }

    fn lines(came: &[Came], leaves_out: impl Fn(usize) -> bool) -> Lines {
        let all = came.iter().enumerate();
        let all = all.filter(|(player, came)| came.events > 0 && !leaves_out(*player));
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|(_, came)| (Reverse(came.score), came.batch));
        let line = |(at, (player, came)): (usize, (usize, &Came))| {
            (at as u64 + 1, PLAYERS[player].to_owned(), came.score)
        };
        all.into_iter().enumerate().map(line).collect()
    }

    /// Does it, and says by which line.
    fn act(&mut self, play: &Play, step: usize, player: usize, action: Action) -> Option<String> {
        let (name, now) = (PLAYERS[player], play.now().micros());
        let (batch, race) = (play.partition.next_batch(), race(play));
        let is_open = now < race.terms().ends;
        let is_out = self.is_excluded(player, now);
        Some(match action {
            Action::Stake(stake) => {
                let id = self.staked.len();
                let counts = is_open && !is_out;
                self.staked.push((player, stake, !counts));
                if counts {
                    self.race[player].add(stake, 1, batch);
                }
                format!("wager w{id} {name} slots {stake}")
            }
            Action::Score(score) => {
                if !is_out {
                    self.game[player].add(score, 1, batch);
                }
                format!(r#"event e{step} {name} {{"score":{score}}}"#)
            }
            Action::Void(index) => {
                let at = index % self.staked.len().max(1);
                let (player, stake, is_gone) = *self.staked.get(at)?;
                if !is_gone && is_open {
                    self.race[player].add(-stake, -1, batch);
                    self.staked[at].2 = true;
                }
                format!("void w{at} {}", PLAYERS[player])
            }
            Action::Exclude(hours) => {
                let until = hours.map_or(i64::MAX, |hours| now + i64::from(hours) * HOUR_MICROS);
                self.until[player] = self.until[player].max(until);
                let span = hours.map(|hours| format!("{hours}h")).unwrap_or_default();
                format!("exclude {name} {span}")
            }
            Action::Readmit => {
                self.until[player] = self.until[player].min(now);
                format!("readmit {name}")
            }
            // Never to the moment of the end.
            Action::Wait => "after 70m".into(),
            Action::EndInterval => return None,
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn positions_are_those_of_everybody_else_at_every_step(
        steps in prop::collection::vec((0..PLAYERS.len(), action(), any::<bool>()), 1..60),
    ) {
        let mut play = begun();
        let mut by_hand = ByHand::default();
        let tournament = race(&play);
        let ofs = [of_race(&tournament), of_game()];
        let mut followed = ofs.map(|of| made(&of, &play.partition));
        for (step, (player, action, follows)) in steps.iter().enumerate() {
            match by_hand.act(&play, step, *player, *action) {
                Some(line) => drop(play.line(&line)),
                None => play.end_interval(),
            }
            let now = play.now().micros();
            let is_final = play.partition.is_final(&tournament);
            let leaves_out = |player| by_hand.is_excluded(player, now);
            let expected = [
                ByHand::lines(&by_hand.race, |player| !is_final && leaves_out(player)),
                ByHand::lines(&by_hand.game, leaves_out),
            ];
            for ((of, board), expected) in ofs.iter().zip(&mut followed).zip(&expected) {
                prop_assert_eq!(&lines(&made(of, &play.partition), &play.partition), expected);
                if *follows {
                    prop_assert!(board.follow(of, &play.partition));
                    prop_assert_eq!(&lines(board, &play.partition), expected);
                }
            }
        }
        // Whoever folds it all again shows the same, and what has followed one copy goes on with the other.
        let (mut other, mut store) = (Partition::new(0), MemoryStore::default());
        play.again(&mut other, KNOWN, &mut store, &mut Vec::new()).unwrap();
        for (of, board) in ofs.iter().zip(&mut followed) {
            let expected = lines(&made(of, &play.partition), &play.partition);
            prop_assert_eq!(&lines(&made(of, &other), &other), &expected);
            prop_assert!(board.follow(of, &other));
            prop_assert_eq!(&lines(board, &other), &expected);
        }
    }
}
