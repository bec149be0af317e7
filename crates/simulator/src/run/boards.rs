//! Leaderboards as nodes have them: one of each partition, which follows what changes, put together as whoever answers does
//! it.

use std::collections::BTreeMap;

use accolade_domain::ranking::{Leaderboard, Line, Standing, Ties, listed};
use accolade_engine::board::{Board, Of};
use accolade_engine::partition::Partition;
use accolade_engine::rules::tournaments::Tournament;
use accolade_wire::tournament::results::RankedLine;

/// No world has more partitions.
const PARTITIONS_MAX: u16 = 64;

/// What one partition has of a leaderboard.
#[derive(Debug)]
pub(crate) struct Part {
    board: Board,
    names: Vec<String>,
    /// Whether no position changes here any more.
    pub(crate) is_final: bool,
    /// Whether all scores are there.
    pub(crate) is_kept: bool,
}

impl Part {
    pub(crate) fn of(partition: &Partition, operator: u32, tournament: &Tournament) -> Self {
        let settlement = tournament.settlement();
        let board = made(partition, &Of { operator, tournament, settlement, game: None });
        let names = partition.players().all().iter().map(|it| it.name.to_string()).collect();
        let is_kept = tournament.keeps_scores(partition.time());
        Self { board, names, is_final: partition.is_final(tournament), is_kept }
    }

    fn board(&self) -> &Leaderboard {
        self.board.board()
    }
}

fn made(partition: &Partition, of: &Of<'_>) -> Board {
    let mut board = Board::begun(of, partition, PARTITIONS_MAX);
    look(&mut board, of, partition);
    board
}

fn look(board: &mut Board, of: &Of<'_>, partition: &Partition) {
    let (mut from, at_once) = (0, 2);
    while board.look(of, partition, from, at_once) {
        from += at_once;
    }
}

/// All partitions together: a position is one more than the sum of those who are ahead in each.
pub(crate) fn together(ties: Ties, parts: &[Part]) -> Vec<RankedLine> {
    let line = |(position, standing, player)| {
        let Standing { score, events, .. } = standing;
        RankedLine { position, player, score, events }
    };
    ranked(ties, parts).into_iter().map(line).collect()
}

/// Positions, how they stand, and who.
pub(crate) fn ranked(ties: Ties, parts: &[Part]) -> Vec<(u64, Standing, String)> {
    let lines = |part: &Part| -> Vec<(Standing, String)> {
        let lines = part.board().from(1);
        lines
            .map(|line| {
                (*line.standing, part.names[part.board.who(line.player).1 as usize].clone())
            })
            .collect()
    };
    let mut all: Vec<_> = parts.iter().flat_map(lines).collect();
    all.sort_by(|(a, _), (b, _)| listed(ties, a, b));
    let standings: Vec<_> = all.iter().map(|(standing, _)| *standing).collect();
    (0..all.len()).for_each(|at| near(ties, parts, &standings, at));
    let ranked = all.into_iter().map(|(standing, player)| {
        let ahead: u64 = parts.iter().map(|part| part.board().ahead(&standing)).sum();
        (ahead + 1, standing, player)
    });
    ranked.collect()
}

/// Who is near a player is near that player's standing in each part.
fn near(ties: Ties, parts: &[Part], all: &[Standing], at: usize) {
    const RADIUS: usize = 1;
    let standing = &all[at];
    let lines = |part: &Part| -> Vec<Standing> {
        part.board().near(standing, RADIUS, RADIUS + 1).map(|line| *line.standing).collect()
    };
    let mut found: Vec<_> = parts.iter().flat_map(lines).collect();
    found.sort_by(|a, b| listed(ties, a, b));
    let before = found.partition_point(|it| listed(ties, it, standing).is_lt());
    found.truncate(before + RADIUS + 1);
    found.drain(..before.saturating_sub(RADIUS));
    let expected = &all[at.saturating_sub(RADIUS)..all.len().min(at + RADIUS + 1)];
    assert_eq!(found, expected, "who is near {standing:?}");
}

/// Leaderboards that follow all partitions together, whoever folds them.
#[derive(Debug, Default)]
pub(crate) struct Followed(BTreeMap<(u32, u32, u32), Following>);

/// A leaderboard, and to which batch of each partition it has come.
type Following = (Board, BTreeMap<u16, u64>);

impl Followed {
    /// Brings those of a partition up to date, and compares them with the scores as they are; says how many have gone on
    /// from where they were.
    pub(crate) fn follow(&mut self, partition: &Partition) -> u64 {
        let mut gone_on = 0;
        let (number, batch) = (partition.number(), partition.next_batch() - 1);
        for operator in partition.rules().operators() {
            for tournament in operator.tournaments.all() {
                let key = (operator.number, tournament.number, tournament.settlement());
                let (operator, settlement) = (operator.number, tournament.settlement());
                let of = Of { operator, tournament, settlement, game: None };
                let made = made(partition, &of);
                let new = || (Board::new(made.ties(), PARTITIONS_MAX), BTreeMap::new());
                let (board, batches) = self.0.entry(key).or_insert_with(new);
                // Scores are let go of at some time, and whoever takes over may be behind.
                // Another copy has not come to where one stands within a batch.
                let seen = batch + u64::from(partition.stands());
                let is_known = batches.insert(number, seen).is_some_and(|at| at <= batch)
                    && tournament.keeps_scores(partition.time());
                if is_known && board.follow(&of, partition) {
                    gone_on += 1;
                } else {
                    board.begin(&of, partition);
                    look(board, &of, partition);
                }
                let is_own = |line: &Line<'_>| board.who(line.player).0 == number;
                let line = |it: Line<'_>| (it.player, *it.standing);
                let own: Vec<_> = board.board().from(1).filter(is_own).map(line).collect();
                let anew: Vec<_> = made.board().from(1).map(line).collect();
                assert_eq!(
                    own, anew,
                    "the leaderboard of {key:?} as it follows partition {number}"
                );
            }
        }
        gone_on
    }
}
