//! What nodes have found of a tournament in a period, and what is put together of it.

use std::cmp::Ordering;

use accolade_domain::ledger::Place;
use accolade_domain::ranking::{Score, Standing, Ties, listed};
use accolade_domain::time::Timestamp;
use accolade_engine::judging::{Looked, Verdict, Why};
use serde::{Deserialize, Serialize};

use crate::leaderboards::asked::Line;

/// Positions of the leaderboard that are shown.
pub(super) const LINES_MAX: usize = 100;
/// Events that are shown which count, and which narrowly do not.
pub(super) const SEEN_MAX: usize = 10;

/// What the partitions of a node have found.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::simulation) struct Board {
    /// Whether equal scores share a position, and how else they are told apart.
    #[serde(with = "ties_by")]
    ties: Ties,
    pub(super) counts: Counts,
    /// Players of whom an event counts.
    pub(super) players: u64,
    /// Those who have a position.
    pub(super) ranked: u64,
    /// The first of them, in their order.
    lines: Vec<Line>,
    /// Further ones with the score of the last of these.
    tied: u64,
    matched: Vec<Seen>,
    missed: Vec<Seen>,
}

/// How many events there were, and why some of them do not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Counts {
    pub(super) looked: u64,
    pub(super) counted: u64,
    pub(super) taken_back: u64,
    pub(super) unmatched: u64,
    pub(super) valueless: u64,
    pub(super) repeated: u64,
    pub(super) excluded: u64,
    pub(super) voided: u64,
    pub(super) currency: u64,
}

impl Counts {
    /// One more does not count.
    pub(super) const fn add(&mut self, why: Why) {
        *match why {
            Why::Condition(_) => &mut self.unmatched,
            Why::Value => &mut self.valueless,
            Why::Repeated => &mut self.repeated,
            Why::Excluded => &mut self.excluded,
            Why::Voided => &mut self.voided,
            Why::Currency => &mut self.currency,
        } += 1;
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        let Self { looked, counted, taken_back, unmatched, valueless, .. } = other;
        let Self { repeated, excluded, voided, currency, .. } = other;
        self.looked += looked;
        self.counted += counted;
        self.taken_back += taken_back;
        self.unmatched += unmatched;
        self.valueless += valueless;
        self.repeated += repeated;
        self.excluded += excluded;
        self.voided += voided;
        self.currency += currency;
    }
}

/// An event that is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seen {
    /// When it was decided, in microseconds since 1970, and where: the first ones come first.
    order: (i64, u16, u64, u32),
    pub(super) id: String,
    pub(super) player: String,
    at: i64,
    /// What it counts, in 10^-18, as a text: 128 bits are no number of JSON.
    value: Option<String>,
    /// What alone has refused it.
    pub(super) clause: Option<String>,
}

impl Seen {
    fn of(looked: &Looked<'_>, now: Timestamp, place: Place) -> Self {
        let Looked { id, player, at, .. } = *looked;
        let order = (now.micros(), place.partition, place.batch, place.slot);
        let (id, player, at) = (id.to_owned(), player.to_owned(), at.micros());
        Self { order, id, player, at, value: None, clause: None }
    }

    pub(super) fn matched(looked: &Looked<'_>, now: Timestamp, place: Place) -> Self {
        let value = match looked.verdict {
            Verdict::Counts(Score(value)) => Some(value.to_string()),
            Verdict::Not(_) => None,
        };
        Self { value, ..Self::of(looked, now, place) }
    }

    pub(super) fn missed(
        looked: &Looked<'_>,
        clause: String,
        now: Timestamp,
        place: Place,
    ) -> Self {
        Self { clause: Some(clause), ..Self::of(looked, now, place) }
    }

    pub(super) const fn at(&self) -> Timestamp {
        Timestamp::from_micros(self.at)
    }

    pub(super) fn value(&self) -> Score {
        let value = self.value.as_deref().and_then(|value| value.parse().ok());
        Score(value.unwrap_or_default())
    }
}

/// The first of those that were seen.
fn first(mut seen: Vec<Seen>) -> Vec<Seen> {
    seen.sort_by_key(|seen| seen.order);
    seen.truncate(SEEN_MAX);
    seen
}

impl Board {
    /// What some players have come to, of whom `players` have anything that counts.
    pub(super) fn of(
        ties: Ties,
        (counts, players): (Counts, u64),
        standings: Vec<(&str, Standing)>,
        (matched, missed): (Vec<Seen>, Vec<Seen>),
    ) -> Self {
        let ranked = standings.len() as u64;
        let (lines, tied) =
            first_lines(standings, |one, other| listed(ties, &one.1, &other.1), |it| it.1.score);
        let lines = lines.into_iter().map(|(player, standing)| {
            let player = player.into();
            Line { player, standing, is_hidden: false }
        });
        let (lines, matched, missed) = (lines.collect(), first(matched), first(missed));
        Self { ties, counts, players, ranked, lines, tied, matched, missed }
    }

    /// Adds what other partitions have found.
    pub(in crate::simulation) fn add(&mut self, other: Self) {
        let Self { ties, counts, players, ranked, lines, tied, matched, missed } = other;
        self.counts.add_all(&counts);
        self.players += players;
        self.ranked += ranked;
        let last = |lines: &[Line], tied: u64| Some((lines.last()?.standing.score, tied));
        let beyond = [last(&self.lines, self.tied), last(&lines, tied)];
        let mut all = std::mem::take(&mut self.lines);
        all.extend(lines);
        let compare = |one: &Line, other: &Line| listed(ties, &one.standing, &other.standing);
        let (lines, more) = first_lines(all, compare, |line| line.standing.score);
        let shown_last = lines.last().map(|line| line.standing.score);
        let beyond = beyond.into_iter().flatten();
        let beyond = beyond.filter(|(score, _)| Some(*score) == shown_last).map(|(_, tied)| tied);
        (self.lines, self.tied) = (lines, more + beyond.sum::<u64>());
        self.matched.extend(matched);
        self.missed.extend(missed);
        self.matched = first(std::mem::take(&mut self.matched));
        self.missed = first(std::mem::take(&mut self.missed));
    }

    /// The lines that are shown with their positions, and how many further players share that of the last.
    pub(super) fn into_lines(self) -> (Vec<(u64, Line)>, u64, [Vec<Seen>; 2]) {
        let tied = if self.ties == Ties::Shared { self.tied } else { 0 };
        let lines = crate::leaderboards::positioned(self.ties, self.lines);
        (lines, tied, [self.matched, self.missed])
    }
}

/// The first lines in an order, and how many of the others have the score of the last of them.
fn first_lines<T>(
    mut all: Vec<T>,
    compare: impl Fn(&T, &T) -> Ordering,
    score: impl Fn(&T) -> Score,
) -> (Vec<T>, u64) {
    let mut tied = 0;
    if all.len() > LINES_MAX {
        let (_, last, others) = all.select_nth_unstable_by(LINES_MAX - 1, &compare);
        let last = score(last);
        tied = others.iter().filter(|line| score(line) == last).count() as u64;
        all.truncate(LINES_MAX);
    }
    all.sort_unstable_by(&compare);
    (all, tied)
}

mod ties_by {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Ties;

    const ALL: [Ties; 4] = [Ties::First, Ties::MostEvents, Ties::FewestEvents, Ties::Shared];

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this")]
    pub(super) fn serialize<S: Serializer>(ties: &Ties, to: S) -> Result<S::Ok, S::Error> {
        let at = ALL.iter().position(|other| other == ties).expect("all are there");
        to.serialize_u8(u8::try_from(at).expect("there are few"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Ties, D::Error> {
        let at = u8::deserialize(from)?;
        ALL.get(usize::from(at)).copied().ok_or_else(|| D::Error::custom("no such order"))
    }
}

#[cfg(test)]
mod tests {
    use accolade_domain::ledger::Subject;

    use super::*;

    fn standing(score: i128, batch: u64) -> Standing {
        let changed_by = Place { partition: 1, batch, slot: 1, number: 0 };
        let (changed_at, subject) = (Timestamp::default(), Subject([0; 16]));
        Standing { score: Score(score), events: 1, changed_at, changed_by, subject }
    }

    fn board(ties: Ties, scores: impl Iterator<Item = (u64, i128)>) -> Board {
        let all = scores.map(|(batch, score)| ("p", standing(score, batch))).collect();
        Board::of(ties, (Counts::default(), 0), all, (Vec::new(), Vec::new()))
    }

    #[test]
    fn parts_put_together_are_the_whole_with_all_who_share_the_last_position() {
        for ties in [Ties::Shared, Ties::First] {
            for scores in [7, 60, 1_000] {
                let score = |at: u64| (at, i128::from(at * 31 % scores));
                for count in [3, 99, 100, 101, 500] {
                    let whole = board(ties, (0..count).map(score));
                    let mut parts = board(ties, (0..count).step_by(3).map(score));
                    parts.add(board(ties, (1..count).step_by(3).map(score)));
                    parts.add(board(ties, (2..count).step_by(3).map(score)));
                    assert_eq!(parts, whole, "{ties:?} {scores} {count}");
                    assert_eq!(whole.ranked, count);
                    let last = whole.lines.last().unwrap().standing.score;
                    let listed = whole.lines.iter().filter(|it| it.standing.score == last).count();
                    let all = (0..count).filter(|at| score(*at).1 == last.0).count();
                    assert_eq!(listed as u64 + whole.tied, all as u64);
                }
            }
        }
    }
}
