//! Decimals that stay exact in JSON: they are texts, since readers of JSON take a number for a float.

use std::fmt;

use accolade_domain::amount::{Amount, DecimalError, Rate};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A decimal that is written as a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exact<T>(pub T);

/// What can be read from a decimal.
pub trait FromDecimal: Sized {
    /// Reads a decimal as JSON writes it.
    fn parse(text: &str) -> Result<Self, DecimalError>;
}

impl FromDecimal for Amount {
    fn parse(text: &str) -> Result<Self, DecimalError> {
        Self::parse(text)
    }
}

impl FromDecimal for Rate {
    fn parse(text: &str) -> Result<Self, DecimalError> {
        Self::parse(text)
    }
}

impl<T: fmt::Display> fmt::Display for Exact<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: fmt::Display> Serialize for Exact<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de, T: FromDecimal> Deserialize<'de> for Exact<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        T::parse(&text).map(Self).map_err(de::Error::custom)
    }
}
