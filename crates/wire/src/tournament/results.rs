//! What a tournament came to: who has which place, and what is won there.

use std::collections::BTreeMap;

use accolade_domain::amount::Points;
use accolade_domain::ranking::Score;
use accolade_domain::tournament::prizes::{Prizes, Won};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::prizes::prizes;
use super::{ResultsTerms, TournamentTerms};
use crate::hex::to_hex;

/// So many of the public positions are named in results, whether or not something is won there.
const PUBLIC_MAX: u32 = 1_000;
/// With what the hash of results begins.
const FORMAT: &str = "accolade results 1";

/// A player's line of a leaderboard on which no position changes any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankedLine {
    /// From 1; the same for players who share it.
    pub position: u64,
    /// The operator's own name for the player.
    pub player: String,
    /// The score.
    pub score: Score,
    /// How many events it is made of.
    pub events: u64,
}

/// All that is fixed of a tournament when it is settled.
#[derive(Debug)]
pub struct Results {
    /// What is said of it.
    pub terms: ResultsTerms,
    /// Every place that is named, from the first on.
    pub lines: Vec<ResultLine>,
}

/// A place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultLine {
    /// From 1; no two players have the same.
    pub place: u32,
    /// The position, which others may share.
    pub position: u64,
    /// Who has it.
    pub player: String,
    /// The score.
    pub score: Score,
    /// How many events it is made of.
    pub events: u64,
    /// How many points are won.
    pub points: Points,
    /// Which of the prizes is a thing that is won.
    pub thing: Option<u8>,
}

/// What there is to win in a tournament.
///
/// # Panics
///
/// If the terms are those of no tournament.
pub fn prizes_of(terms: &TournamentTerms) -> Prizes {
    prizes(&terms.prizes).expect("what is no tournament was never ordered")
}

/// How many places results name, of so many players who have a position.
pub fn named(terms: &TournamentTerms, prizes: &Prizes, players: u64) -> usize {
    let public = u64::from(terms.public_positions.min(PUBLIC_MAX)).min(players);
    let named = public.max(prizes.place_count(players).into());
    usize::try_from(named).expect("places are bounded")
}

impl Results {
    /// What a leaderboard that is final comes to: how many players have a position, and the first of them, as many as are
    /// [`named`] and all others that share the position of the last.
    pub fn of(
        terms: &TournamentTerms,
        prizes: &Prizes,
        players: u64,
        lines: Vec<RankedLine>,
    ) -> Self {
        let places = lines.iter().enumerate().map(|(at, line)| (line.position, at));
        let won = prizes.won(players, places).into_iter();
        let mut won: BTreeMap<usize, Won<usize>> = won.map(|won| (won.player, won)).collect();
        let lines = (1..).zip(lines).enumerate().map(|(at, (place, line))| {
            let RankedLine { position, player, score, events } = line;
            let won = won.remove(&at);
            let points = won.as_ref().map_or(Points::ZERO, |won| won.points);
            let thing = won.and_then(|won| won.thing);
            let thing = thing.map(|thing| u8::try_from(thing).expect("there are few prizes"));
            ResultLine { place, position, player, score, events, points, thing }
        });
        let lines: Vec<_> = lines.collect();
        let points = lines.iter().try_fold(Points::ZERO, |sum, line| sum.plus(line.points));
        let points = points.expect("all prizes cost no more than was checked");
        let count = |count: usize| u32::try_from(count).expect("places are bounded");
        let terms = ResultsTerms {
            players,
            lines: count(lines.len()),
            points: points.hundredths(),
            things: count(lines.iter().filter(|line| line.thing.is_some()).count()),
            hash: hash(terms, players, &lines),
        };
        Self { terms, lines }
    }
}

/// SHA-256, in hexadecimal, of one line of JSON for the tournament and one for each place, each a list with a line break at
/// its end: what is hashed, the operator, the tournament's id, query, start, end and ties, and how many players have a
/// position; then place, position, player, score, events, points and thing.
fn hash(terms: &TournamentTerms, players: u64, lines: &[ResultLine]) -> String {
    let TournamentTerms { operator, id, query, starts, ends, ties, .. } = terms;
    let mut hasher = Sha256::new();
    add(&mut hasher, &(FORMAT, operator, id, query, starts, ends, ties.name(), players));
    for ResultLine { place, position, player, score, events, points, thing } in lines {
        let (score, points) = (score.to_string(), points.to_string());
        add(&mut hasher, &(place, position, player, score, events, points, thing));
    }
    to_hex(&hasher.finalize())
}

fn add(hasher: &mut Sha256, line: &impl Serialize) {
    hasher.update(serde_json::to_vec(line).expect("a line is plain data"));
    hasher.update(b"\n");
}
