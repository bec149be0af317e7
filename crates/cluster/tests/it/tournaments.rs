//! Tournaments over takeovers: scores, opt-ins and seats are what they were, and go on.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use accolade_cluster::ClusterNode;
use accolade_domain::outcome::Outcome;
use accolade_domain::ranking::Ties;
use accolade_domain::time::Timestamp;
use accolade_domain::tournament::{OptIn, SCORE_ONE};
use accolade_engine::board::{Board, Of};
use accolade_engine::partition::Partition;
use accolade_engine::rules::tournaments::Tournament;
use accolade_storage::host::Host;
use accolade_wire::control::{Command, Control};
use accolade_wire::identity::partition_of;
use accolade_wire::record::Kind;
use accolade_wire::tournament::{Stage, TournamentTerms};

use crate::harness::{Cluster, Heard, now, submit, until, wager};

const PARTITIONS: u16 = 4;
const PLAYERS: usize = 24;
const TOURNAMENTS: usize = 10;
const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;

fn name(player: usize) -> String {
    format!("player-{player}")
}

/// Reads a partition at whichever of some nodes has it.
fn read(nodes: &[&ClusterNode], partition: u16, look: &mut dyn FnMut(&Partition)) {
    until(&format!("a node that has partition {partition}"), || {
        let is_read = nodes.iter().any(|node| node.read(partition, &mut *look).is_ok());
        if is_read { Ok(()) } else { Err("nobody has it") }
    });
}

fn tournament(partition: &Partition, id: &str) -> Option<Arc<Tournament>> {
    partition.rules().operator("house")?.tournaments.get(id).cloned()
}

fn terms(id: &str, query: &str, starts: i64) -> TournamentTerms {
    TournamentTerms {
        name: id.into(),
        query: query.into(),
        starts,
        ends: starts + HOUR,
        grace_seconds: 30,
        public_positions: 100,
        stage: Stage::Scheduled,
        who: "a test".into(),
        ..TournamentTerms::draft("house", id)
    }
}

/// Schedules a tournament, waits until all partitions know it, and returns its number.
fn schedule(nodes: &[&ClusterNode], terms: TournamentTerms) -> u32 {
    let id = terms.id.clone();
    let body = serde_json::to_vec(&Control::Tournament(terms)).unwrap();
    let heard = submit(nodes[0], None, Kind::Control, &body);
    let (outcome, _) = heard.outcome().expect("a control record is carried out");
    let Outcome::Done { made } = outcome else { panic!("{id}: {outcome:?}") };
    for number in 0..PARTITIONS {
        until(&format!("{id} in partition {number}"), || {
            let mut is_known = false;
            read(nodes, number, &mut |partition| is_known = tournament(partition, &id).is_some());
            if is_known { Ok(()) } else { Err("it is not known") }
        });
    }
    u32::try_from(made).unwrap()
}

/// What counts in one of the ten: stakes from so much on, summed up, the greatest, or how many.
fn query(number: usize) -> String {
    let score = ["SUM(wagerAmount)", "MAX(wagerAmount)", "COUNT(*)"][number % 3];
    format!(
        "SELECT playerId, {score} AS score FROM wagers WHERE wagerAmount >= {number} GROUP BY playerId"
    )
}

/// What one wager of a player is about.
const fn stake(round: usize, player: usize) -> usize {
    1 + (7 * player + 5 * round + player / 5) % 12
}

/// Each player stakes once, through a node.
fn play(node: &ClusterNode, round: usize) -> Vec<Arc<Heard>> {
    let wagers = (0..PLAYERS).map(|player| {
        let stake = format!("{}.00", stake(round, player));
        wager(node, &format!("w-{round}-{player}"), &name(player), &stake)
    });
    wagers.collect()
}

fn play_to_the_end(node: &ClusterNode, round: usize) {
    for (player, heard) in play(node, round).iter().enumerate() {
        assert!(heard.is_durable(), "wager {round} of player {player}");
    }
}

/// Score and events by player, of all rounds so far.
fn naive(number: usize, rounds: usize) -> BTreeMap<String, (i128, u64)> {
    let mut scores = BTreeMap::new();
    for (round, player) in (0..rounds).flat_map(|round| (0..PLAYERS).map(move |it| (round, it))) {
        let stake = stake(round, player);
        if stake < number {
            continue;
        }
        let value = i128::try_from(stake).unwrap() * SCORE_ONE;
        let (score, events) = scores.entry(name(player)).or_insert((0, 0));
        *score = match number % 3 {
            0 => *score + value,
            1 => value.max(*score),
            _ => *score + SCORE_ONE,
        };
        *events += 1;
    }
    scores
}

/// The whole leaderboard, as nodes put it together: players with score, events, and when they reached it.
fn board(nodes: &[&ClusterNode], id: &str) -> Vec<(String, i128, u64, Timestamp)> {
    let mut board = Board::new(Ties::First, PARTITIONS);
    let mut names = BTreeMap::new();
    for number in 0..PARTITIONS {
        read(nodes, number, &mut |partition| {
            let tournament = tournament(partition, id).expect("all partitions know it");
            let of = Of { operator: 1, tournament: &tournament, settlement: 0, game: None };
            board.begin(&of, partition);
            board.look(&of, partition, 0, usize::MAX);
            for (ordinal, _) in (0..).zip(partition.players().all()) {
                let name = partition.players().get(ordinal).name.to_string();
                names.insert(board.number_of(number, ordinal), name);
            }
        });
    }
    let lines = board.board().from(1).map(|line| {
        let standing = line.standing;
        let name = names[&line.player].clone();
        (name, standing.score.0, standing.events, standing.changed_at)
    });
    lines.collect()
}

/// Waits until all ten leaderboards are a plain sort of everything that was played.
fn are_exact(nodes: &[&ClusterNode], rounds: usize) {
    for number in 0..TOURNAMENTS {
        let expected = naive(number, rounds);
        let lines = until(&format!("all scores of tournament {number}"), || {
            let lines = board(nodes, &format!("t{number}"));
            let scores =
                lines.iter().map(|(name, score, events, _)| (name.clone(), (*score, *events)));
            let scores: BTreeMap<_, _> = scores.collect();
            if scores == expected { Ok(lines) } else { Err(lines) }
        });
        assert_eq!(lines.len(), expected.len());
        let order: Vec<_> =
            lines.iter().map(|(_, score, _, reached)| (Reverse(*score), *reached)).collect();
        assert!(order.is_sorted(), "tournament {number}: {lines:?}");
    }
}

#[test]
fn ten_live_tournaments_are_exact_after_nodes_have_died_in_their_middle() {
    let cluster = Cluster::new(PARTITIONS);
    let one = cluster.start("one");
    cluster.open_house();
    let two = cluster.start("two");
    let starts = now().micros() + 5 * SECOND;
    for number in 0..TOURNAMENTS {
        schedule(&[&one, &two], terms(&format!("t{number}"), &query(number), starts));
    }
    while now().micros() <= starts {
        std::thread::sleep(Duration::from_millis(10));
    }
    for round in 0..3 {
        play_to_the_end(if round == 1 { &two } else { &one }, round);
    }
    are_exact(&[&one, &two], 3);
    // Nobody hears what becomes of these, so they are sent again; meanwhile others go on.
    play(&one, 3);
    std::thread::scope(|scope| {
        let going_on = scope.spawn(|| (4..8).for_each(|round| play_to_the_end(&two, round)));
        cluster.kill("one");
        going_on.join().unwrap();
    });
    play_to_the_end(&two, 3);
    are_exact(&[&two], 8);
    let one = cluster.start("one");
    play(&two, 8);
    cluster.kill("two");
    play_to_the_end(&one, 8);
    play_to_the_end(&one, 9);
    are_exact(&[&one], 10);
}

/// Says whether a player takes part.
fn opt_in(node: &ClusterNode, tournament: u32, player: &str, id: &str, joins: bool) -> Arc<Heard> {
    let (id, player_id, who) = (id.to_owned(), player.to_owned(), "a test".to_owned());
    let body =
        serde_json::to_vec(&Command::OptIn { id, player_id, tournament, joins, who }).unwrap();
    submit(node, Some(partition_of(player, PARTITIONS)), Kind::Command, &body)
}

/// What has become of a player's opt-in.
fn state(nodes: &[&ClusterNode], tournament: u32, player: &str) -> Option<OptIn> {
    let mut state = None;
    read(nodes, partition_of(player, PARTITIONS), &mut |partition| {
        let key = partition.rules().settings.hash_key;
        let found = partition.players().find_by_name(&key, 1, player);
        let tally = found.and_then(|it| partition.players().get(it).scores.of(tournament));
        state = tally.and_then(|tally| tally.opt_in);
    });
    state
}

/// Waits until all who have asked have their answer, and returns who is in.
fn who_is_in(nodes: &[&ClusterNode], tournament: u32, players: usize) -> BTreeSet<String> {
    let mut players_in = BTreeSet::new();
    for player in (0..players).map(name) {
        until(&format!("an answer to {player}"), || match state(nodes, tournament, &player) {
            Some(OptIn::In) => {
                players_in.insert(player.clone());
                Ok(())
            }
            Some(OptIn::Full) => Ok(()),
            waits @ (Some(OptIn::Requested) | None) => Err(waits),
        });
    }
    players_in
}

#[test]
fn seats_are_neither_lost_nor_given_twice_where_nodes_die() {
    const SEATS: u32 = 5;
    const ASK: usize = 16;
    let cluster = Cluster::new(PARTITIONS);
    let one = cluster.start("one");
    cluster.open_house();
    let two = cluster.start("two");
    let query = "SELECT playerId, COUNT(*) AS score FROM wagers GROUP BY playerId";
    let few = terms("few", query, now().micros() + HOUR);
    let few = TournamentTerms { opt_in: true, participants_max: Some(SEATS), ..few };
    let few = schedule(&[&one, &two], few);
    for player in 0..3 {
        assert!(opt_in(&one, few, &name(player), &format!("first-{player}"), true).is_durable());
    }
    let first = who_is_in(&[&one, &two], few, 3);
    assert_eq!(first.len(), 3);
    // The others ask in the moment in which their node dies, and again where nobody may have heard them.
    let ask = |node: &ClusterNode| -> Vec<_> {
        let asked = (3..ASK).map(|it| opt_in(node, few, &name(it), &format!("then-{it}"), true));
        asked.collect()
    };
    ask(&one);
    cluster.kill("one");
    assert!(ask(&two).iter().all(|heard| heard.is_durable()));
    let all = who_is_in(&[&two], few, ASK);
    assert_eq!(u32::try_from(all.len()), Ok(SEATS), "{all:?}");
    assert!(all.is_superset(&first), "{all:?}");
    // A seat that comes back is another's, and the next one has none.
    assert!(opt_in(&two, few, &name(0), "leaves", false).is_durable());
    until("the end of an opt-in", || match state(&[&two], few, &name(0)) {
        None => Ok(()),
        there => Err(there),
    });
    let others: Vec<_> = (3..ASK).map(name).filter(|player| !all.contains(player)).collect();
    let mut asks = 0;
    until("a seat that has come back", || {
        asks += 1;
        opt_in(&two, few, &others[0], &format!("again-{asks}"), true).outcome();
        let answer = until("an answer", || match state(&[&two], few, &others[0]) {
            Some(answer @ (OptIn::In | OptIn::Full)) => Ok(answer),
            waits => Err(waits),
        });
        if answer == OptIn::In { Ok(()) } else { Err(answer) }
    });
    let one = cluster.start("one");
    opt_in(&two, few, &others[1], "too-late", true);
    cluster.kill("two");
    assert!(opt_in(&one, few, &others[1], "too-late", true).outcome().is_some());
    let mut expected = all;
    expected.remove(&name(0));
    expected.insert(others[0].clone());
    let found =
        until("an answer to whoever is too late", || match state(&[&one], few, &others[1]) {
            Some(OptIn::Full) => Ok((1..ASK).map(name).collect::<Vec<_>>()),
            other => Err(other),
        });
    let found = found.into_iter().filter(|it| state(&[&one], few, it) == Some(OptIn::In));
    assert_eq!(found.collect::<BTreeSet<_>>(), expected);
}
