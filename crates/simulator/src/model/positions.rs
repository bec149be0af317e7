//! Telling who has moved on a leaderboard, as the rule book says it: all pages that were taken in are kept, and what was told is
//! worked out anew of them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{Expected, Model, ModelOutcome, expected, refused};
use crate::input::{ModelPage, ModelPageLine};

/// So long after the close it is told of.
const TOLD: i64 = 7 * super::DAY;

/// A page that was taken in, and until when its rows are kept.
#[derive(Debug, Clone)]
struct Taken {
    page: ModelPage,
    until: i64,
}

/// What was told of the tournaments that are at home in a partition.
#[derive(Debug, Clone, Default)]
pub(super) struct ToldPositions {
    pages: BTreeMap<(String, u32), Vec<Taken>>,
    moves: BTreeMap<String, Vec<ModelPositionMove>>,
}

/// Somebody stands elsewhere than was told last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the notice")]
pub struct ModelPositionMove {
    pub tournament: u32,
    pub before: Option<u64>,
    pub after: u64,
    pub score: i128,
}

/// How far it is told who has moved in a tournament.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ModelToldUpTo {
    /// How many pages have told of it.
    pub revision: u64,
    /// All were told of whose scores have changed before then.
    pub all: i64,
    /// The look of which more pages are to come.
    pub look: Option<i64>,
}

impl ToldPositions {
    /// Pages of which something is known still.
    fn known(&self, operator: &str, number: u32, now: i64) -> &[Taken] {
        let pages = self.pages.get(&(operator.to_owned(), number)).map_or(&[][..], Vec::as_slice);
        // What came later is kept as long at least.
        if pages.last().is_some_and(|last| now < last.until) { pages } else { &[] }
    }

    fn up_to(&self, operator: &str, number: u32, now: i64) -> ModelToldUpTo {
        let pages = self.known(operator, number, now);
        let whole = pages.iter().filter(|taken| taken.page.is_last);
        ModelToldUpTo {
            revision: pages.len() as u64,
            all: whole.map(|taken| taken.page.at).max().unwrap_or_default().max(0),
            look: pages.last().filter(|it| !it.page.is_last).map(|it| it.page.look),
        }
    }

    /// Where each was told last: the first that was heard of the newest score.
    fn stand(&self, operator: &str, number: u32, now: i64) -> BTreeMap<&str, &ModelPageLine> {
        let pages = self.known(operator, number, now);
        let pages = pages.iter().filter(|taken| now < taken.until);
        let lines = pages.flat_map(|taken| &taken.page.lines).enumerate();
        let mut newest: BTreeMap<&str, (i64, Reverse<usize>, &ModelPageLine)> = BTreeMap::new();
        for (at, line) in lines {
            let this = (line.reached, Reverse(at), line);
            let known = newest.entry(&line.subject).or_insert(this);
            if (this.0, this.1) > (known.0, known.1) {
                *known = this;
            }
        }
        newest.into_iter().map(|(subject, (.., line))| (subject, line)).collect()
    }
}

impl Model {
    /// How far it is told here who has moved in a tournament.
    pub fn told_up_to(&self, operator: &str, number: u32, now: i64) -> ModelToldUpTo {
        self.told_positions.up_to(operator, number, now)
    }

    /// Where players of a tournament were told last, and by which score, by their subjects.
    pub fn told_positions(&self, operator: &str, number: u32, now: i64) -> Vec<(&str, u64, i64)> {
        let all = self.told_positions.stand(operator, number, now).into_iter();
        all.map(|(subject, line)| (subject, line.position, line.reached)).collect()
    }

    /// All that was told here of who has moved, by subject.
    pub fn position_moves(&self) -> &BTreeMap<String, Vec<ModelPositionMove>> {
        &self.told_positions.moves
    }

    /// Whoever looks at a leaderboard says where those stand whose scores have changed.
    pub fn moved(&mut self, partition: u16, operator: &str, page: &ModelPage) -> Expected {
        match self.take_page(operator, page, self.batch_times[&partition]) {
            Ok(()) => expected(ModelOutcome::Counted, None),
            Err(why) => refused(why, None, None),
        }
    }

    fn take_page(
        &mut self,
        operator: &str,
        page: &ModelPage,
        now: i64,
    ) -> Result<(), &'static str> {
        if !self.operators.contains_key(operator) {
            return Err("operator_unknown");
        }
        let terms = self.tournament(operator, page.tournament);
        let terms = terms.filter(|terms| terms.stage.takes_place() && !terms.is_filling());
        let closes = self.last_close(operator, page.tournament);
        let until = terms.and(closes).ok_or("stale")? + TOLD;
        if now >= until {
            return Err("tournament_over");
        }
        let so_far = self.told_up_to(operator, page.tournament, now);
        let goes_on = match page.page {
            1 => page.after == so_far.all,
            _ => so_far.look == Some(page.look),
        };
        if page.revision != so_far.revision + 1 || !goes_on {
            return Err("stale");
        }
        let before = self.told_positions.stand(operator, page.tournament, now);
        let mut moves = Vec::new();
        for line in &page.lines {
            let known = before.get(&*line.subject);
            let is_new = known.is_none_or(|known| line.reached > known.reached);
            let last = known.map(|known| known.position);
            if is_new && last != Some(line.position) {
                let (tournament, after) = (page.tournament, line.position);
                let moved =
                    ModelPositionMove { tournament, before: last, after, score: line.score };
                moves.push((line.subject.clone(), moved));
            }
        }
        let told = &mut self.told_positions;
        for (subject, moved) in moves {
            told.moves.entry(subject).or_default().push(moved);
        }
        let key = (operator.to_owned(), page.tournament);
        let pages = told.pages.entry(key).or_default();
        pages.retain(|_| so_far.revision > 0);
        pages.push(Taken { page: page.clone(), until });
        Ok(())
    }
}
