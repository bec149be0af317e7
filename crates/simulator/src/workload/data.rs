//! Random data of game events: small, so that two of them are often the same.

use std::collections::BTreeMap;

use crate::data::{ModelData, ModelNumber};
use crate::random::Random;

const NAMES: [&str; 4] = ["score", "level", "a\"/b", "\u{e9}\u{1f3b2}"];
const DEPTH_MAX: usize = 3;

/// An object.
pub(super) fn data(random: &mut Random) -> ModelData {
    fields(0, random)
}

/// Changes one thing in an object, or nothing that counts.
pub(super) fn change(data: &mut ModelData, random: &mut Random) {
    if let ModelData::Fields(fields) = data {
        fields.insert((*random.pick(&NAMES)).into(), value(1, random));
    }
}

fn value(depth: usize, random: &mut Random) -> ModelData {
    let kinds = if depth < DEPTH_MAX { 8 } else { 6 };
    match random.below(kinds) {
        0 => ModelData::Null,
        1 => ModelData::Truth(random.percent(50)),
        2 => ModelData::Text((*random.pick(&["", "1", "A/b", NAMES[3]])).into()),
        6 => ModelData::List((0..random.below(3)).map(|_| value(depth + 1, random)).collect()),
        7 => fields(depth, random),
        _ => ModelData::Number(number(random)),
    }
}

fn fields(depth: usize, random: &mut Random) -> ModelData {
    let fields =
        (0..random.below(4)).map(|_| ((*random.pick(&NAMES)).to_owned(), value(depth + 1, random)));
    ModelData::Fields(fields.collect::<BTreeMap<_, _>>())
}

fn number(random: &mut Random) -> ModelNumber {
    let figures = *random.pick(&[0, 1, 1, 15, 1_500, u64::MAX]);
    let exponent = *random.pick(&[0, 0, 1, 2, -2, -19, 999_999_999, -999_999_999, i64::MAX / 2]);
    ModelNumber::new(random.percent(20), figures, exponent)
}
