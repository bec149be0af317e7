//! The data of a game event as a plain value, and the ways to write it.

use std::collections::BTreeMap;

use crate::message::text;
use crate::random::Random;

/// A value; equal ones say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelData {
    /// Nothing.
    Null,
    /// Yes or no.
    Truth(bool),
    /// A number.
    Number(ModelNumber),
    /// A text.
    Text(String),
    /// Values in their order.
    List(Vec<Self>),
    /// Values by name.
    Fields(BTreeMap<String, Self>),
}

/// `figures` × 10^`exponent`. The last figure is not 0, so that equal numbers look the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelNumber {
    is_negative: bool,
    figures: u64,
    exponent: i64,
}

impl ModelNumber {
    /// `figures` × 10^`exponent`, below zero if so said.
    pub fn new(is_negative: bool, mut figures: u64, mut exponent: i64) -> Self {
        if figures == 0 {
            return Self { is_negative: false, figures, exponent: 0 };
        }
        while figures.is_multiple_of(10) {
            figures /= 10;
            exponent += 1;
        }
        Self { is_negative, figures, exponent }
    }
}

impl ModelData {
    /// The value without those of its fields that are null, however deep.
    #[must_use]
    pub fn known(&self) -> Self {
        match self {
            Self::Null | Self::Truth(_) | Self::Number(_) | Self::Text(_) => self.clone(),
            Self::List(list) => Self::List(list.iter().map(Self::known).collect()),
            Self::Fields(fields) => {
                let fields = fields.iter().filter(|(_, value)| **value != Self::Null);
                Self::Fields(fields.map(|(name, value)| (name.clone(), value.known())).collect())
            }
        }
    }

    /// The number in the field `score`, also as a text, as units and how many of their digits are decimals; nothing where
    /// there is none, or one that no tournament counts.
    pub fn score(&self) -> Option<(i128, usize)> {
        let Self::Fields(fields) = self else { return None };
        match fields.get("score")? {
            Self::Number(number) => number.units(),
            Self::Text(text) => text.parse().ok().map(|whole| (whole, 0)),
            Self::Null | Self::Truth(_) | Self::List(_) | Self::Fields(_) => None,
        }
    }

    /// The value as JSON, in one of its spellings.
    pub fn spelled(&self, random: &mut Random) -> String {
        let space = *random.pick(&["", "", " ", "\n\t"]);
        match self {
            Self::Null => "null".into(),
            Self::Truth(truth) => truth.to_string(),
            Self::Number(number) => number.spelled(random),
            Self::Text(value) => text(value, random),
            Self::List(list) => {
                let list: Vec<_> = list.iter().map(|value| value.spelled(random)).collect();
                format!("[{space}{}{space}]", list.join(&format!("{space},")))
            }
            Self::Fields(fields) => {
                let mut fields: Vec<_> = fields
                    .iter()
                    .map(|(name, value)| {
                        format!("{}{space}:{}", text(name, random), value.spelled(random))
                    })
                    .collect();
                random.shuffle(&mut fields);
                format!("{{{space}{}{space}}}", fields.join(&format!(",{space}")))
            }
        }
    }
}

impl ModelNumber {
    /// Units, and how many of their digits are decimals, where those are not too many.
    fn units(self) -> Option<(i128, usize)> {
        let units = i128::from(self.figures) * if self.is_negative { -1 } else { 1 };
        match self.exponent {
            0..=15 => {
                let zeros = 10_i128.pow(u32::try_from(self.exponent).expect("a few"));
                Some((units * zeros, 0))
            }
            -22..0 => Some((units, usize::try_from(-self.exponent).expect("a few"))),
            _ => None,
        }
    }

    fn spelled(self, random: &mut Random) -> String {
        let sign = match self.figures {
            0 => *random.pick(&["", "-"]),
            _ if self.is_negative => "-",
            _ => "",
        };
        let more_zeros = random.index(4);
        let exponent = self.exponent - i64::try_from(more_zeros).expect("a few");
        let mut figures = format!("{}{}", self.figures, "0".repeat(more_zeros));
        if self.figures == 0 {
            figures = (*random.pick(&["0", "0.0", "0e7", "0.00E-2"])).into();
        } else if (0..20).contains(&exponent) && random.percent(70) {
            figures.push_str(&"0".repeat(usize::try_from(exponent).expect("a few")));
            figures += *random.pick(&["", ".0", "e0", ".00E+0"]);
        } else if (-20..0).contains(&exponent) && random.percent(70) {
            let decimals = usize::try_from(-exponent).expect("a few");
            figures = format!("{figures:0>width$}", width = decimals + 1);
            figures.insert(figures.len() - decimals, '.');
        } else {
            let after = random.index(figures.len());
            let exponent = exponent + i64::try_from(after).expect("a few");
            if after > 0 {
                figures.insert(figures.len() - after, '.');
            }
            let sign = if exponent < 0 { "-" } else { *random.pick(&["", "+"]) };
            let e = random.pick(&["e", "E", "e", "E"]);
            let zeros = random.pick(&["", "0"]);
            figures = format!("{figures}{e}{sign}{zeros}{}", exponent.unsigned_abs());
        }
        format!("{sign}{figures}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_number_has_many_spellings_and_one_value() {
        let mut random = Random::new(1);
        for (number, expected) in [
            (ModelNumber::new(false, 1_500, 0), ["1500", "1500.0", "15e2", "1.5E+3"]),
            (ModelNumber::new(true, 25, -3), ["-0.025", "-0.0250", "-25e-3", "-2.5E-02"]),
            (ModelNumber::new(false, 0, 9), ["0", "-0", "0.0", "-0e7"]),
            (
                ModelNumber::new(false, 1, 999_999_999),
                ["1e999999999", "10E+999999998", "1.0e0999999999", "100e999999997"],
            ),
        ] {
            let spellings: BTreeSet<_> = (0..2_000).map(|_| number.spelled(&mut random)).collect();
            for spelling in expected {
                assert!(spellings.contains(spelling), "{spelling} in {spellings:?}");
            }
            for spelling in spellings.iter().filter(|it| it.len() < 100 && !it.contains("99")) {
                let (given, meant): (f64, f64) =
                    (spelling.parse().expect("a number"), expected[0].parse().expect("a number"));
                assert!((given - meant).abs() < 1e-9, "{spelling} is {}", expected[0]);
            }
        }
    }
}
