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
/// With what that begins of a tournament that was settled again.
const FORMAT_AGAIN: &str = "accolade results 2";

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
    /// Every place that is named, from the first on; behind the last those who [were](Before) named before, are not
    /// any more, and of whom something has to be known.
    pub lines: Vec<ResultLine>,
}

/// A place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultLine {
    /// From 1; no two players have the same.
    pub place: u32,
    /// The position, which others may share; 0 for a player who has no place any more.
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
    /// The place that the player had when the tournament was settled before; 0 for none.
    pub before: u32,
}

/// What a tournament came to when it was settled before.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// The hash of those results.
    pub hash: &'a str,
    /// Every place that they name.
    pub places: &'a [PlaceBefore],
}

/// A place that results name which were fixed before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceBefore {
    /// The place.
    pub place: u32,
    /// Who had it.
    pub player: String,
    /// What became of it has to be known from then on: the player was given something, or refused by a person.
    pub goes_on: bool,
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
    /// [`named`] and all others that share the position of the last. `before` is what it came to when it was settled before.
    pub fn of(
        terms: &TournamentTerms,
        prizes: &Prizes,
        players: u64,
        lines: Vec<RankedLine>,
        before: Option<Before<'_>>,
    ) -> Self {
        let places = lines.iter().enumerate().map(|(at, line)| (line.position, at));
        let won = prizes.won(players, places).into_iter();
        let mut won: BTreeMap<usize, Won<usize>> = won.map(|won| (won.player, won)).collect();
        let places_before = before.iter().flat_map(|before| before.places);
        let mut earlier: BTreeMap<&str, &PlaceBefore> =
            places_before.map(|before| (&*before.player, before)).collect();
        let lines = (1..).zip(lines).enumerate().map(|(at, (place, line))| {
            let RankedLine { position, player, score, events } = line;
            let before = earlier.remove(&*player).map_or(0, |before| before.place);
            let won = won.remove(&at);
            let points = won.as_ref().map_or(Points::ZERO, |won| won.points);
            let thing = won.and_then(|won| won.thing);
            let thing = thing.map(|thing| u8::try_from(thing).expect("there are few prizes"));
            ResultLine { place, position, player, score, events, points, thing, before }
        });
        let mut lines: Vec<_> = lines.collect();
        let count = |count: usize| u32::try_from(count).expect("places are bounded");
        let named = count(lines.len());
        let mut former: Vec<_> = earlier.into_values().filter(|before| before.goes_on).collect();
        former.sort_unstable_by_key(|before| before.place);
        lines.extend((named + 1..).zip(&former).map(|(place, before)| before.former(place)));
        let points = lines.iter().try_fold(Points::ZERO, |sum, line| sum.plus(line.points));
        let points = points.expect("all prizes cost no more than was checked");
        let terms = ResultsTerms {
            players,
            lines: named,
            points: points.hundredths(),
            things: count(lines.iter().filter(|line| line.thing.is_some()).count()),
            former: count(former.len()),
            hash: hash(terms, players, &lines, before.as_ref().map(|before| before.hash)),
        };
        Self { terms, lines }
    }
}

impl PlaceBefore {
    fn former(&self, place: u32) -> ResultLine {
        ResultLine {
            place,
            position: 0,
            player: self.player.clone(),
            score: Score::default(),
            events: 0,
            points: Points::ZERO,
            thing: None,
            before: self.place,
        }
    }
}

/// SHA-256, in hexadecimal, of one line of JSON for the tournament and one for each place, each a list with a line break at
/// its end: what is hashed, the operator, the tournament's id, query, start, end and ties, and how many players have a
/// position; where it was settled again, how often and the hash before that; then place, position, player, score, events,
/// points and thing.
fn hash(
    terms: &TournamentTerms,
    players: u64,
    lines: &[ResultLine],
    before: Option<&str>,
) -> String {
    let TournamentTerms { operator, id, query, starts, ends, ties, .. } = terms;
    let mut hasher = Sha256::new();
    let ties = ties.name();
    match before {
        None => add(&mut hasher, &(FORMAT, operator, id, query, starts, ends, ties, players)),
        Some(before) => {
            let times = terms.settlement();
            let of =
                (FORMAT_AGAIN, operator, id, query, starts, ends, ties, players, times, before);
            add(&mut hasher, &of);
        }
    }
    for ResultLine { place, position, player, score, events, points, thing, .. } in lines {
        let (score, points) = (score.to_string(), points.to_string());
        add(&mut hasher, &(place, position, player, score, events, points, thing));
    }
    to_hex(&hasher.finalize())
}

fn add(hasher: &mut Sha256, line: &impl Serialize) {
    hasher.update(serde_json::to_vec(line).expect("a line is plain data"));
    hasher.update(b"\n");
}
