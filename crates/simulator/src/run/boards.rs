//! Leaderboards as nodes have them: one of each partition, which follows what changes, put together as whoever answers does
//! it.

use std::collections::BTreeMap;

use accolade_domain::ranking::{Leaderboard, Standing, Ties, listed};
use accolade_engine::board::{Of, PartBoard};
use accolade_engine::partition::Partition;
use accolade_engine::rules::tournaments::Tournament;
use accolade_wire::tournament::results::RankedLine;

/// What one partition has of a leaderboard.
#[derive(Debug)]
pub(crate) struct Part {
    board: PartBoard,
    names: Vec<String>,
    /// Whether no position changes here any more.
    pub(crate) is_final: bool,
    /// Whether all scores are there.
    pub(crate) is_kept: bool,
}

impl Part {
    pub(crate) fn of(partition: &Partition, operator: u32, tournament: &Tournament) -> Self {
        let board = made(partition, &Of { operator, tournament, settlement: 0, game: None });
        let names = partition.players().all().iter().map(|it| it.name.to_string()).collect();
        let is_kept = partition.time() < tournament.kept_until();
        Self { board, names, is_final: partition.is_final(tournament), is_kept }
    }

    fn board(&self) -> &Leaderboard {
        self.board.board()
    }
}

fn made(partition: &Partition, of: &Of<'_>) -> PartBoard {
    let mut board = PartBoard::begun(of, partition);
    let (mut from, at_once) = (0, 2);
    while board.look(of, partition, from, at_once) {
        from += at_once;
    }
    board
}

/// All partitions together: a position is one more than the sum of those who are ahead in each.
pub(crate) fn together(ties: Ties, parts: &[Part]) -> Vec<RankedLine> {
    let lines = |part: &Part| -> Vec<(Standing, String)> {
        let lines = part.board().from(1);
        lines.map(|line| (*line.standing, part.names[line.player as usize].clone())).collect()
    };
    let mut all: Vec<_> = parts.iter().flat_map(lines).collect();
    all.sort_by(|(a, _), (b, _)| listed(ties, a, b));
    let standings: Vec<_> = all.iter().map(|(standing, _)| *standing).collect();
    (0..all.len()).for_each(|at| near(ties, parts, &standings, at));
    let ranked = all.into_iter().map(|(standing, player)| {
        let Standing { score, events, .. } = standing;
        let ahead: u64 = parts.iter().map(|part| part.board().ahead(&standing)).sum();
        RankedLine { position: ahead + 1, player, score, events }
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

/// Leaderboards that follow partitions, whoever folds them.
#[derive(Debug, Default)]
pub(crate) struct Followed(BTreeMap<(u32, u32, u16), (PartBoard, u64)>);

impl Followed {
    /// Brings those of a partition up to date, and compares them with the scores as they are; says how many have gone on
    /// from where they were.
    pub(crate) fn follow(&mut self, partition: &Partition) -> u64 {
        let mut gone_on = 0;
        let batch = partition.next_batch() - 1;
        for operator in partition.rules().operators() {
            for tournament in operator.tournaments.all() {
                let key = (operator.number, tournament.number, partition.number());
                let known = self.0.remove(&key);
                // Scores are let go of at some time, and whoever takes over may be behind.
                let known = known
                    .filter(|(_, at)| *at <= batch && partition.time() < tournament.kept_until());
                let (operator, settlement) = (operator.number, 0);
                let of = Of { operator, tournament, settlement, game: None };
                let mut board = made(partition, &of);
                if let Some((mut followed, _)) = known
                    && followed.follow(&of, partition)
                {
                    gone_on += 1;
                    let is_same = followed.board().from(1).eq(board.board().from(1));
                    assert!(is_same, "the leaderboard of {key:?} has not followed");
                    board = followed;
                }
                self.0.insert(key, (board, batch));
            }
        }
        gone_on
    }
}
