//! Random tournaments: short ones that begin soon, so that a world sees their whole life.

use super::events::GAMES;
use super::{HOUR, SECOND, conditions};
use crate::calendar;
use crate::input::{
    ModelAggregate, ModelFill, ModelGames, ModelOf, ModelPlaces, ModelPrize, ModelQuery,
    ModelStage, ModelTerm, ModelTies, ModelTournament, ModelWin, ModelWorth, SCORE_ONE,
};
use crate::random::Random;

const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * HOUR;

const AGGREGATES: [ModelAggregate; 7] = [
    ModelAggregate::Sum,
    ModelAggregate::Sum,
    ModelAggregate::Greatest,
    ModelAggregate::Greatest,
    ModelAggregate::Least,
    ModelAggregate::Count,
    ModelAggregate::Average,
];
const TIES: [ModelTies; 4] =
    [ModelTies::First, ModelTies::MostEvents, ModelTies::FewestEvents, ModelTies::Shared];

/// What tournaments are like in one world.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "each says what it is of")]
pub(crate) struct Style {
    /// How many count game events, in a hundred.
    games_percent: u64,
    /// How many ask something of events, in a hundred.
    conditions_percent: u64,
    /// How many last for days, in a hundred.
    long_percent: u64,
}

impl Style {
    pub(crate) fn new(random: &mut Random) -> Self {
        Self {
            games_percent: *random.pick(&[0, 20, 60]),
            conditions_percent: *random.pick(&[0, 30, 80]),
            long_percent: *random.pick(&[40, 70, 95]),
        }
    }
}

/// A new tournament; now and then one that is none, or begins too late.
pub(crate) fn tournament(
    style: Style,
    id: String,
    edited_from: u32,
    now: i64,
    random: &mut Random,
) -> ModelTournament {
    let mut starts = now
        + match random.below(10) {
            0 => random.between(1, 2),
            1..=7 => random.between(1, 5 * SECOND),
            8 => random.between(1, 10 * MINUTE),
            _ => random.between(1, 3 * HOUR),
        };
    let lasts = if random.percent(style.long_percent) {
        random.between(HOUR, 8 * DAY)
    } else {
        *random.pick(&[1, SECOND, 30 * SECOND, 10 * MINUTE, HOUR])
    };
    if random.percent(4) {
        starts = now - random.between(0, HOUR);
    }
    let ends = if random.percent(2) { starts - random.between(0, 1) } else { starts + lasts };
    let caps = [5 * SCORE_ONE, SCORE_ONE / 2, 1, 1_000 * SCORE_ONE, 99 * SCORE_ONE];
    ModelTournament {
        name: format!("the {id}"),
        id,
        edited_from,
        query: query(style, random),
        starts,
        ends: if random.percent(1) { starts + 401 * DAY } else { ends },
        grace_seconds: *random.pick(&[0, 0, 1, 30, 600, 86_400]),
        zone: random.pick(&calendar::zones()).clone(),
        cap: random.percent(30).then(|| *random.pick(&caps)).filter(|_| !random.percent(2)),
        ties: *random.pick(&TIES),
        events_min: *random.pick(&[0, 0, 0, 1, 2, 3]),
        public_positions: *random.pick(&[0, 1, 2, 3, 100]),
        prizes: prizes(random),
        approval: random.percent(40),
        stage: if random.percent(25) { ModelStage::Draft } else { ModelStage::Scheduled },
        fill: None,
        results: None,
        again: None,
    }
}

/// The same, which has begun and is to be filled; now and then so that it cannot be.
pub(crate) fn begun(terms: ModelTournament, now: i64, random: &mut Random) -> ModelTournament {
    let ago = *random.pick(&[SECOND, 10 * MINUTE, HOUR, DAY, 6 * DAY]);
    let lasts = *random.pick(&[SECOND, MINUTE, 10 * MINUTE, HOUR, DAY, 3 * DAY]);
    let (stage, fill) = (ModelStage::Scheduled, Some(ModelFill::Reading));
    let (starts, ends) = (now - random.between(0, ago), now + lasts);
    let mut terms = ModelTournament { starts, ends, stage, fill, ..terms };
    match random.below(20) {
        0 => (terms.starts, terms.ends) = (now + 1, now + lasts + 1),
        1 => terms.ends = now,
        2 => terms.stage = ModelStage::Draft,
        3 => terms.fill = None,
        _ => {}
    }
    terms
}

/// What counts, and how.
pub(crate) fn query(style: Style, random: &mut Random) -> ModelQuery {
    let aggregate = *random.pick(&AGGREGATES);
    if random.percent(style.games_percent) {
        let asks = |random: &mut Random| random.percent(style.conditions_percent / 2);
        let types = asks(random).then(|| vec!["player_score".to_owned(), "gift".to_owned()]);
        let games = ModelGames {
            types: types.unwrap_or_default(),
            not_game: asks(random).then(|| (*random.pick(&GAMES)).to_owned()),
            least: asks(random).then(|| *random.pick(&[0, 1, 100, 200])),
            without: random.percent(30).then(|| *random.pick(&[0, 1, 7])),
            before: asks(random).then(|| random.between(1, 24)),
        };
        let times = *random.pick(&[1, 1, 1, 2, 1_000, 0, -1]);
        return ModelQuery { aggregate, of: ModelOf::Games(times, games) };
    }
    let worth = if aggregate == ModelAggregate::Count && random.percent(70) {
        ModelWorth::Each
    } else {
        let term = match random.below(8) {
            0..=4 => ModelTerm::Stake,
            5 => ModelTerm::Win,
            _ => conditions::term(1, random),
        };
        let (times, less) =
            (*random.pick(&[100, 100, 100, 200, 33, 0]), *random.pick(&[0, 0, 500]));
        ModelWorth::Line(term, times, less)
    };
    let asks = random.percent(style.conditions_percent);
    let condition = asks.then(|| conditions::condition(random));
    ModelQuery { aggregate, of: ModelOf::Wagers(worth, condition) }
}

/// What is won, mostly by a few places; now and then what is no list of prizes.
fn prizes(random: &mut Random) -> Vec<ModelPrize> {
    let (mut prizes, mut from, mut share) = (Vec::new(), 1, 0);
    for _ in 0..random.below(5) {
        let places = if random.percent(60) {
            let to = from + u32::try_from(random.below(3)).expect("a few");
            let first = from + u32::try_from(random.below(2)).expect("a few");
            from = to.max(first) + 1;
            ModelPlaces::Range(first, to.max(first))
        } else {
            share += *random.pick(&[1, 1_000, 2_500, 3_333, 5_000]);
            ModelPlaces::Top(if share > 10_000 && !random.percent(5) { 10_000 } else { share })
        };
        let win = match random.below(10) {
            0..=4 => ModelWin::Points(*random.pick(&[1, 100, 5_000, 12_345])),
            5..=7 => ModelWin::Pool(*random.pick(&[1, 100, 10_000, 99_999])),
            8 if random.percent(5) => ModelWin::Points(0),
            _ => ModelWin::Thing,
        };
        let again = ModelPrize { places, win };
        if prizes.iter().any(|other: &ModelPrize| other.places == places) && !random.percent(5) {
            continue;
        }
        prizes.push(again);
    }
    prizes
}
