//! A leaderboard on which no position changes any more, from the first position on as far as somebody needs it.

use std::sync::Arc;

use accolade_domain::ranking::{Ties, listed};
use accolade_engine::rules::tournaments::Tournament;
use accolade_wire::tournament::results::RankedLine;

use super::asked::{Asked, LINES_MAX, Line};
use super::positioned;
use crate::problem::Problem;
use crate::service::Service;

/// A leaderboard that is final.
#[derive(Debug)]
pub(crate) struct Whole {
    /// How many players have a position.
    pub(crate) players: u64,
    /// The first of them, in the order in which they are listed.
    pub(crate) lines: Vec<RankedLine>,
}

impl Service {
    /// As many lines as `count` says of the players who have a position, and all further ones that share the position of
    /// the last, where the tournament is settled so many times again. Where they are to be final, nothing while positions
    /// may change.
    pub(crate) async fn whole_board(
        &self,
        operator: u32,
        tournament: &Arc<Tournament>,
        settlement: u32,
        is_final: bool,
        count: impl Fn(u64) -> usize,
    ) -> Result<Option<Whole>, Problem> {
        let (ties, number) = (tournament.decides().ties, tournament.number);
        let of = Asked { operator, tournament: number, ..Asked::default() };
        let asked = Asked { settlement: Some(settlement), ..of };
        let part = asked.ask(self, ties).await?;
        if is_final && !part.is_over {
            return Ok(None);
        }
        let players = part.ranked;
        let count = count(players);
        let top = count.min(LINES_MAX);
        let mut lines = Asked { top, ..asked.clone() }.ask(self, ties).await?.top;
        while let Some(last) = lines.last().filter(|_| !reaches(ties, &lines, count)) {
            let last = last.standing;
            let asked = Asked { standings: vec![last], radius: LINES_MAX, ..asked.clone() };
            let near = asked.ask(self, ties).await?.near.into_iter().next().unwrap_or_default();
            let is_next = |line: &Line| listed(ties, &line.standing, &last).is_gt();
            let before = lines.len();
            lines.extend(near.lines.into_iter().filter(is_next));
            if lines.len() == before {
                break;
            }
        }
        lines.truncate(end(ties, &lines, count));
        let lines = positioned(ties, lines).into_iter().map(|(position, line)| {
            let Line { player, standing, .. } = line;
            RankedLine { position, player, score: standing.score, events: standing.events }
        });
        Ok(Some(Whole { players, lines: lines.collect() }))
    }
}

/// Whether lines go as far as so many, and to the end of the position of the last of those.
fn reaches(ties: Ties, lines: &[Line], count: usize) -> bool {
    lines.len() >= count && (ties != Ties::Shared || end(ties, lines, count) < lines.len())
}

/// Where so many lines end, and those that share the position of the last of them.
fn end(ties: Ties, lines: &[Line], count: usize) -> usize {
    let Some(last) = count.checked_sub(1).and_then(|last| lines.get(last)) else {
        return count.min(lines.len());
    };
    if ties != Ties::Shared {
        return count;
    }
    let score = last.standing.score;
    let shared = lines[count..].iter().take_while(|line| line.standing.score == score);
    count + shared.count()
}

#[cfg(test)]
mod tests {
    use accolade_domain::ledger::{Place, Subject};
    use accolade_domain::ranking::{Score, Standing};
    use accolade_domain::time::Timestamp;

    use super::*;

    fn lines(scores: &[i128]) -> Vec<Line> {
        let line = |score: &i128| Line {
            player: String::new(),
            standing: Standing {
                score: Score(*score),
                events: 1,
                changed_at: Timestamp::default(),
                changed_by: Place::default(),
                subject: Subject([0; 16]),
            },
            is_hidden: false,
        };
        scores.iter().map(line).collect()
    }

    #[test]
    fn those_who_share_the_last_position_belong_to_it() {
        let all = lines(&[9, 7, 7, 7, 3]);
        assert_eq!(
            [0, 1, 2, 4, 5, 9].map(|count| end(Ties::Shared, &all, count)),
            [0, 1, 4, 4, 5, 5]
        );
        assert_eq!(
            [0, 1, 2, 4, 5, 9].map(|count| end(Ties::First, &all, count)),
            [0, 1, 2, 4, 5, 5]
        );
        // Whoever comes behind the last line that is known might share its position.
        assert!(!reaches(Ties::Shared, &all[..4], 2) && reaches(Ties::Shared, &all, 2));
        assert!(reaches(Ties::First, &all[..4], 4) && !reaches(Ties::First, &all, 6));
    }
}
