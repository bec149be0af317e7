//! Money, rates and points: exact decimals in fixed point, each with its unit in its name.

use std::fmt;

use crate::wide::Wide;

/// Decimal places of an [`Amount`].
pub const AMOUNT_DECIMALS: u32 = 18;
/// Decimal places of a [`Rate`].
pub const RATE_DECIMALS: u32 = 8;

/// A sum of money, never negative, in units of 10^-18 of its currency.
///
/// Stakes go up to 10^12, so every valid amount fits with room to spare.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(u128);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The greatest stake: 10^12 units of the currency.
    pub const MAX: Self = Self(1_000_000_000_000 * 1_000_000_000_000_000_000);

    /// Takes a number of 10^-18ths; `None` beyond [`Amount::MAX`].
    pub const fn from_atto(atto: u128) -> Option<Self> {
        if atto <= Self::MAX.0 { Some(Self(atto)) } else { None }
    }

    /// The amount in 10^-18ths.
    pub const fn atto(self) -> u128 {
        self.0
    }

    /// Reads a JSON number such as `100.00` or `1e2`.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let value = parse_decimal(text, AMOUNT_DECIMALS)?;
        Self::from_atto(value).ok_or(DecimalError::TooLarge)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_decimal(f, self.0, AMOUNT_DECIMALS, 2)
    }
}

/// A multiplier or a rate between currencies, never negative, in units of 10^-8.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u64);

impl Rate {
    /// Zero: earns nothing.
    pub const ZERO: Self = Self(0);
    /// One: changes nothing.
    pub const ONE: Self = Self(100_000_000);
    /// The greatest rate: 10^10.
    pub const MAX: Self = Self(1_000_000_000_000_000_000);

    /// Takes a number of 10^-8ths; `None` beyond [`Rate::MAX`].
    pub const fn from_units(units: u64) -> Option<Self> {
        if units <= Self::MAX.0 { Some(Self(units)) } else { None }
    }

    /// The rate in 10^-8ths.
    pub const fn units(self) -> u64 {
        self.0
    }

    /// Reads a decimal such as `0.92` or `61000`.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let value = parse_decimal(text, RATE_DECIMALS)?;
        u64::try_from(value).ok().and_then(Self::from_units).ok_or(DecimalError::TooLarge)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_decimal(f, u128::from(self.0), RATE_DECIMALS, 0)
    }
}

/// A product of rates, exact, however many decimals it has: what one unit of stake earns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Multiplier {
    /// Without zeros at the end.
    mantissa: Wide,
    decimals: u32,
}

impl Multiplier {
    /// One: changes nothing.
    pub const ONE: Self = Self { mantissa: Wide::ONE, decimals: 0 };

    /// The product; `None` where it has more digits than 256 bits hold.
    pub fn times(self, factor: Factor) -> Option<Self> {
        if factor == Factor::ONE {
            return Some(self);
        }
        if factor.mantissa == 0 {
            return Some(Self { mantissa: Wide::ZERO, decimals: 0 });
        }
        let mantissa = self.mantissa.times(factor.mantissa)?;
        Some(Self { mantissa, decimals: self.decimals + u32::from(factor.decimals) }.shortest())
    }

    /// Zeros appear at the end where a factor of 5 meets one of 2.
    fn shortest(mut self) -> Self {
        while self.decimals > 0
            && self.mantissa.is_even()
            && let (shorter, 0) = self.mantissa.div_rem(10)
        {
            self = Self { mantissa: shorter, decimals: self.decimals - 1 };
        }
        self
    }

    /// The digits, and how many of them are decimals.
    pub(crate) const fn digits(self) -> (Wide, u32) {
        (self.mantissa, self.decimals)
    }
}

impl fmt::Display for Multiplier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = self.decimals as usize;
        let mut figures = self.mantissa.to_string();
        if figures.len() <= decimals {
            figures.insert_str(0, &"0".repeat(decimals + 1 - figures.len()));
        }
        let (whole, fraction) = figures.split_at(figures.len() - decimals);
        f.write_str(whole)?;
        if fraction.is_empty() { Ok(()) } else { write!(f, ".{fraction}") }
    }
}

/// A rate, or a product of few, without zeros at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Factor {
    mantissa: u128,
    decimals: u8,
}

impl Factor {
    /// One: changes nothing.
    pub const ONE: Self = Self { mantissa: 1, decimals: 0 };

    /// Takes digits, and how many of them are decimals.
    pub const fn new(mut mantissa: u128, mut decimals: u8) -> Self {
        while decimals > 0 && mantissa.is_multiple_of(10) {
            mantissa = mantissa.div_euclid(10);
            decimals -= 1;
        }
        Self { mantissa, decimals }
    }

    /// The digits.
    pub const fn mantissa(self) -> u128 {
        self.mantissa
    }

    /// How many of the digits are decimals.
    pub const fn decimals(self) -> u8 {
        self.decimals
    }

    /// The product; `None` where it has more digits than 128 bits hold.
    pub const fn times(self, other: Self) -> Option<Self> {
        let (Some(mantissa), Some(decimals)) =
            (self.mantissa.checked_mul(other.mantissa), self.decimals.checked_add(other.decimals))
        else {
            return None;
        };
        Some(Self::new(mantissa, decimals))
    }
}

impl From<Rate> for Factor {
    fn from(rate: Rate) -> Self {
        // Each wager asks this four times, and 64 bits are divided many times faster than 128.
        let (mut units, mut decimals) = (rate.0, RATE_DECIMALS_U8);
        while decimals > 0 && units.is_multiple_of(10) {
            units = units.div_euclid(10);
            decimals -= 1;
        }
        Self { mantissa: u128::from(units), decimals }
    }
}

const RATE_DECIMALS_U8: u8 = 8;
const _: () = assert!(RATE_DECIMALS_U8 as u32 == RATE_DECIMALS);

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mantissa, decimals) = (Wide::product(self.mantissa, 1), u32::from(self.decimals));
        Multiplier { mantissa, decimals }.fmt(f)
    }
}

/// Loyalty points in hundredths. Signed: a voided wager may take an account below zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Points(i64);

impl Points {
    /// No points.
    pub const ZERO: Self = Self(0);
    /// The greatest number of points in one account or entry: 10^15.
    pub const MAX: Self = Self(100_000_000_000_000_000);

    /// Takes a number of hundredths; `None` beyond ±[`Points::MAX`].
    pub const fn from_hundredths(hundredths: i64) -> Option<Self> {
        if hundredths.unsigned_abs() <= Self::MAX.0.unsigned_abs() {
            Some(Self(hundredths))
        } else {
            None
        }
    }

    /// The points in hundredths.
    pub const fn hundredths(self) -> i64 {
        self.0
    }

    /// Adds; `None` where the sum does not fit.
    pub const fn plus(self, other: Self) -> Option<Self> {
        Self::from_hundredths(self.0 + other.0)
    }

    /// Subtracts; `None` where the difference does not fit.
    pub const fn minus(self, other: Self) -> Option<Self> {
        Self::from_hundredths(self.0 - other.0)
    }

    /// The same number of points, taken rather than given.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self(-self.0)
    }

    /// Reads a decimal of at most two places, such as `5000` or `12.50`.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let value = parse_decimal(text, 2)?;
        i64::try_from(value).ok().and_then(Self::from_hundredths).ok_or(DecimalError::TooLarge)
    }
}

impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 {
            f.write_str("-")?;
        }
        write_decimal(f, u128::from(self.0.unsigned_abs()), 2, 2)
    }
}

/// Why a text is not an acceptable decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecimalError {
    /// Not a number as JSON writes one.
    NotANumber,
    /// Below zero.
    Negative,
    /// More decimal places than the unit has.
    TooPrecise {
        /// Decimal places that are kept.
        decimals_max: u32,
    },
    /// Beyond the greatest value.
    TooLarge,
}

impl fmt::Display for DecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotANumber => f.write_str("expected a number"),
            Self::Negative => f.write_str("expected a number that is not negative"),
            Self::TooPrecise { decimals_max } => {
                write!(f, "expected at most {decimals_max} decimals")
            }
            Self::TooLarge => f.write_str("too large"),
        }
    }
}

impl std::error::Error for DecimalError {}

/// Reads an unsigned JSON number into units of 10^-`decimals`, exactly.
fn parse_decimal(text: &str, decimals: u32) -> Result<u128, DecimalError> {
    let bytes = text.as_bytes();
    if let Some(value) = parse_short(bytes, decimals) {
        return Ok(value);
    }
    let (negative, bytes) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, bytes),
    };
    let whole = digits(bytes);
    if whole == 0 || (whole > 1 && bytes[0] == b'0') {
        return Err(DecimalError::NotANumber);
    }
    let mut rest = &bytes[whole..];
    let mut fraction: &[u8] = &[];
    if let [b'.', after @ ..] = rest {
        let count = digits(after);
        if count == 0 {
            return Err(DecimalError::NotANumber);
        }
        (fraction, rest) = after.split_at(count);
    }
    let exponent = parse_exponent(rest)?;
    let significant = || bytes[..whole].iter().chain(fraction).map(|digit| digit - b'0');
    let mut value: u128 = 0;
    let mut trailing_zeros: i64 = 0;
    for digit in significant() {
        if digit == 0 {
            trailing_zeros += 1;
            continue;
        }
        let shift = u32::try_from(trailing_zeros + 1).unwrap_or(u32::MAX);
        if value > 0 || trailing_zeros == 0 {
            value = scale_up(value, shift).ok_or(DecimalError::TooLarge)?;
        }
        value = value.checked_add(u128::from(digit)).ok_or(DecimalError::TooLarge)?;
        trailing_zeros = 0;
    }
    if value == 0 {
        return Ok(0);
    }
    if negative {
        return Err(DecimalError::Negative);
    }
    let places = i64::try_from(fraction.len()).unwrap_or(i64::MAX) - trailing_zeros;
    let shift = i64::from(decimals) - places + exponent;
    match u32::try_from(shift) {
        Ok(shift) => scale_up(value, shift).ok_or(DecimalError::TooLarge),
        Err(_) if shift < 0 => Err(DecimalError::TooPrecise { decimals_max: decimals }),
        Err(_) => Err(DecimalError::TooLarge),
    }
}

/// Digits that fit in 64 bits whatever they are.
const SHORT_DIGITS: usize = 19;

const POWERS_OF_TEN: [u64; SHORT_DIGITS + 1] = {
    let mut powers = [1; SHORT_DIGITS + 1];
    let mut at = 1;
    while at <= SHORT_DIGITS {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// Reads what nearly every number is: a few digits with a point at most. `None` for whatever else it is.
fn parse_short(bytes: &[u8], decimals: u32) -> Option<u128> {
    let has_leading_zero = matches!(bytes, [b'0', b'0'..=b'9', ..]);
    if bytes.len() > SHORT_DIGITS || has_leading_zero {
        return None;
    }
    let mut value = 0_u64;
    let mut point = None;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' => value = value * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() && at > 0 => point = Some(at),
            _ => return None,
        }
    }
    let places = match point {
        Some(at) if at + 1 < bytes.len() => bytes.len() - at - 1,
        None if !bytes.is_empty() => 0,
        Some(_) | None => return None,
    };
    let shift = (decimals as usize).checked_sub(places)?;
    Some(u128::from(value) * u128::from(*POWERS_OF_TEN.get(shift)?))
}

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Beyond this every non-zero number is too large or too precise anyway.
const FAR: i64 = 1_000_000;

fn parse_exponent(rest: &[u8]) -> Result<i64, DecimalError> {
    let rest = match rest {
        [] => return Ok(0),
        [b'e' | b'E', rest @ ..] => rest,
        _ => return Err(DecimalError::NotANumber),
    };
    let (negative, figures) = match rest {
        [b'-', figures @ ..] => (true, figures),
        [b'+', figures @ ..] | figures => (false, figures),
    };
    if figures.is_empty() || digits(figures) != figures.len() {
        return Err(DecimalError::NotANumber);
    }
    let size =
        figures.iter().fold(0_i64, |size, digit| (size * 10 + i64::from(digit - b'0')).min(FAR));
    Ok(if negative { -size } else { size })
}

fn scale_up(value: u128, decimals: u32) -> Option<u128> {
    value.checked_mul(10_u128.checked_pow(decimals)?)
}

/// Writes `value` × 10^-`decimals` without trailing zeros, but with at least `places_min` places.
fn write_decimal(
    f: &mut fmt::Formatter<'_>,
    value: u128,
    decimals: u32,
    places_min: usize,
) -> fmt::Result {
    let unit = 10_u128.pow(decimals);
    let (whole, fraction) = (value.div_euclid(unit), value.rem_euclid(unit));
    let width = decimals as usize;
    let figures = format!("{fraction:0width$}");
    let kept = figures.trim_end_matches('0').len().max(places_min);
    if kept == 0 { write!(f, "{whole}") } else { write!(f, "{whole}.{}", &figures[..kept]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly_in_every_spelling() {
        for (text, expected) in [
            ("100.00", "100.00"),
            ("1e2", "100.00"),
            ("1E+2", "100.00"),
            ("0.000000000000000001", "0.000000000000000001"),
            ("1.50000000000000000000000000", "1.50"),
            ("0", "0.00"),
            ("-0", "0.00"),
            ("0.0e999999999999", "0.00"),
            ("10000e-4", "1.00"),
            ("1000000000000", "1000000000000.00"),
        ] {
            assert_eq!(Amount::parse(text).map(|amount| amount.to_string()), Ok(expected.into()));
        }
    }

    #[test]
    fn what_is_not_an_amount_says_why() {
        for (text, expected) in [
            ("", DecimalError::NotANumber),
            ("NaN", DecimalError::NotANumber),
            ("01", DecimalError::NotANumber),
            ("1.", DecimalError::NotANumber),
            (".5", DecimalError::NotANumber),
            ("1e", DecimalError::NotANumber),
            ("+1", DecimalError::NotANumber),
            ("-1", DecimalError::Negative),
            ("0.0000000000000000001", DecimalError::TooPrecise { decimals_max: 18 }),
            ("1000000000000.01", DecimalError::TooLarge),
            ("1e4000000000", DecimalError::TooLarge),
            ("1234567890123456789012345678901234567890", DecimalError::TooLarge),
        ] {
            assert_eq!(Amount::parse(text), Err(expected), "{text}");
        }
    }
}
