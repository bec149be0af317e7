//! Random conditions: about what wagers have, and often true.

use crate::input::{ModelClock, ModelCondition, ModelTerm, ModelText};
use crate::random::Random;

const COMPARISONS: [&str; 6] = ["=", "<>", "<", "<=", ">", ">="];
const TEXTS: [ModelText; 5] = [
    ModelText::GameId,
    ModelText::GameCategory,
    ModelText::PlayerSegment,
    ModelText::Jurisdiction,
    ModelText::Currency,
];
const DEPTH_MAX: usize = 3;

pub(super) fn condition(random: &mut Random) -> ModelCondition {
    of_depth(0, random)
}

fn of_depth(depth: usize, random: &mut Random) -> ModelCondition {
    let kinds = if depth < DEPTH_MAX { 10 } else { 7 };
    let several = |random: &mut Random| {
        let count = 2 + random.below(2);
        (0..count).map(|_| of_depth(depth + 1, random)).collect::<Vec<_>>()
    };
    match random.below(kinds) {
        0 | 1 => {
            let (one, by) = (term(depth, random), *random.pick(&COMPARISONS));
            ModelCondition::Compare(one, by, term(depth, random))
        }
        2 => {
            let [it, low, high] = [(); 3].map(|()| term(depth, random));
            ModelCondition::Between(it, low, high)
        }
        3 => {
            let words =
                ["slots", "table", "VIP", "regular", "Malta", "EUR", "holdem", "it's", "\u{e9}"];
            let count = 1 + random.below(4);
            let list = (0..count).map(|_| (*random.pick(&words)).to_owned()).collect();
            ModelCondition::In(*random.pick(&TEXTS), random.percent(40), list)
        }
        4 => {
            let patterns = ["s%", "%l%", "_a%", "%", "slots", "%-%", "___", "", "VI_", "%t%a%"];
            let pattern = (*random.pick(&patterns)).to_owned();
            ModelCondition::Like(*random.pick(&TEXTS), random.percent(30), pattern)
        }
        5 => ModelCondition::IsNull(*random.pick(&TEXTS), random.percent(60)),
        6 => {
            let (clock, most) = *random.pick(&[(ModelClock::Hour, 24), (ModelClock::Weekday, 7)]);
            let by = *random.pick(&COMPARISONS);
            ModelCondition::Clock(clock, by, random.between(0, most))
        }
        7 => ModelCondition::Not(Box::new(of_depth(depth + 1, random))),
        8 => ModelCondition::And(several(random)),
        _ => ModelCondition::Or(several(random)),
    }
}

pub(super) fn term(depth: usize, random: &mut Random) -> ModelTerm {
    let next = |random: &mut Random| Box::new(term(depth + 1, random));
    let kinds = if depth < DEPTH_MAX { 8 } else { 5 };
    match random.below(kinds) {
        0 | 1 => ModelTerm::Stake,
        2 => ModelTerm::Win,
        // Around the stakes of wagers.
        3 | 4 => ModelTerm::Literal(*random.pick(&[0, 1, 99, 100, 500, 1_000, 9_200, 10_000])),
        5 => ModelTerm::Plus(next(random), next(random)),
        6 => {
            let condition = Box::new(of_depth(depth + 1, random));
            ModelTerm::Case(condition, next(random), next(random))
        }
        _ => ModelTerm::Coalesce(next(random), next(random)),
    }
}
