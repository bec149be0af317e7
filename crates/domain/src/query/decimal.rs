//! Exact decimals of 256 bits: a stake of 18 decimals times a rate of 8 has 26, and is compared as it is.
//!
//! A result is exact, or rounded by an operation that says so, or it is a [`Failure`]: never wrapped.

use std::cmp::Ordering;
use std::fmt;

use super::limbs::{self, Limbs};
use crate::amount::{AMOUNT_DECIMALS, Amount, RATE_DECIMALS, Rate};

/// Decimals of a quotient.
pub const QUOTIENT_DECIMALS: u32 = 18;
/// Greatest number of decimals of any value.
pub const DECIMALS_MAX: u32 = 76;

/// What 128 bits hold whatever they are.
pub const READ_FIGURES_MAX: usize = 38;
/// What an amount in the program's currency has.
pub const READ_DECIMALS_MAX: u32 = AMOUNT_DECIMALS + RATE_DECIMALS;

/// A number with a sign: magnitude × 10^-decimals. Equal values are equal whatever their decimals.
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    negative: bool,
    magnitude: Limbs,
    decimals: u32,
}

/// Why a calculation has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// A division by 0.
    DivisionByZero,
    /// The result, or an operand at the decimals of the other, has more than 256 bits, or the result more
    /// than [`DECIMALS_MAX`] decimals.
    OutOfRange,
}

impl Decimal {
    /// 0
    pub const ZERO: Self = Self { negative: false, magnitude: limbs::ZERO, decimals: 0 };

    /// `amount` at `rate`, exactly.
    pub fn converted(amount: Amount, rate: Rate) -> Self {
        let [low, high] = halves(amount.atto());
        let product = limbs::multiply([low, high, 0, 0], [rate.units(), 0, 0, 0]);
        let magnitude = limbs::narrow(product).expect("192 bits fit into 256");
        Self { negative: false, magnitude, decimals: AMOUNT_DECIMALS + RATE_DECIMALS }
    }

    /// The same with as many decimals as [converted](Self::converted) amounts have, where it fits.
    pub(super) fn like_amounts(self) -> Self {
        let decimals = AMOUNT_DECIMALS + RATE_DECIMALS;
        let more = decimals.saturating_sub(self.decimals);
        let raised = limbs::scale_up(self.magnitude, more);
        raised.map_or(self, |magnitude| Self { magnitude, decimals: self.decimals + more, ..self })
    }

    /// A number as JSON writes it: of at most [`READ_FIGURES_MAX`] figures, at most
    /// [`READ_DECIMALS_MAX`] of them decimals; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (negative, number) = number.strip_prefix('-').map_or((false, number), |it| (true, it));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let figures = || whole.bytes().chain(fraction.bytes());
        if whole.is_empty() || !figures().all(|figure| figure.is_ascii_digit()) {
            return None;
        }
        let exponent: i16 = exponent.parse().ok()?;
        let decimals = i64::try_from(fraction.len()).ok()? - i64::from(exponent);
        let raised = usize::try_from(decimals.saturating_neg()).unwrap_or(0);
        let decimals = u32::try_from(decimals.max(0)).ok().filter(|it| *it <= READ_DECIMALS_MAX)?;
        let figures = figures().skip_while(|figure| *figure == b'0');
        let (mut units, mut count) = (0_i128, 0);
        for figure in figures {
            (units, count) = (units.checked_mul(10)? + i128::from(figure - b'0'), count + 1);
            if count > READ_FIGURES_MAX {
                return None;
            }
        }
        if units != 0 {
            let power = 10_i128.checked_pow(u32::try_from(raised).ok()?)?;
            units = units.checked_mul(power).filter(|units| *units < 10_i128.pow(38))?;
        }
        Self::from_units(if negative { -units } else { units }, decimals).ok()
    }

    /// `units` × 10^-`decimals`.
    pub fn from_units(units: i128, decimals: u32) -> Result<Self, Failure> {
        let [low, high] = halves(units.unsigned_abs());
        Self { negative: units < 0, magnitude: [low, high, 0, 0], decimals }.checked()
    }

    /// How many 10^-`decimals` it is, where it is so many exactly and they fit.
    pub fn units(self, decimals: u32) -> Option<i128> {
        let (cut, _, is_inexact) = self.cut(decimals);
        let raised = limbs::scale_up(cut.magnitude, decimals - cut.decimals)?;
        let [low, high, 0, 0] = raised else { return None };
        let units = i128::try_from(u128::from(high) << 64 | u128::from(low)).ok()?;
        (!is_inexact).then_some(if self.negative { -units } else { units })
    }

    /// The sum.
    pub fn plus(self, other: Self) -> Result<Self, Failure> {
        let (a, b, decimals) = aligned(self, other)?;
        let (negative, magnitude) = if self.negative == other.negative {
            (self.negative, limbs::add(a, b).ok_or(Failure::OutOfRange)?)
        } else if limbs::compare(&a, &b).is_ge() {
            (self.negative, limbs::subtract(a, b))
        } else {
            (other.negative, limbs::subtract(b, a))
        };
        Self { negative, magnitude, decimals }.checked()
    }

    /// The difference.
    pub fn minus(self, other: Self) -> Result<Self, Failure> {
        self.plus(other.negated())
    }

    /// The product.
    pub fn times(self, other: Self) -> Result<Self, Failure> {
        let mut product = limbs::multiply(self.magnitude, other.magnitude);
        let mut decimals = self.decimals + other.decimals;
        while decimals > 0 && (limbs::narrow(product).is_none() || decimals > DECIMALS_MAX) {
            let (shorter, rest) = limbs::div_rem_ten(product);
            if rest != 0 {
                return Err(Failure::OutOfRange);
            }
            (product, decimals) = (shorter, decimals - 1);
        }
        let magnitude = limbs::narrow(product).ok_or(Failure::OutOfRange)?;
        Self { negative: self.negative != other.negative, magnitude, decimals }.checked()
    }

    /// The quotient to [`QUOTIENT_DECIMALS`], half away from zero.
    pub fn divided_half_away(self, other: Self) -> Result<Self, Failure> {
        if other.is_zero() {
            return Err(Failure::DivisionByZero);
        }
        let (a, b) = (self.trimmed(), other.trimmed());
        let over = QUOTIENT_DECIMALS + b.decimals;
        let raised = limbs::scale_up(limbs::widen(a.magnitude), over.saturating_sub(a.decimals));
        let divisor = limbs::scale_up(b.magnitude, a.decimals.saturating_sub(over));
        let number = raised.ok_or(Failure::OutOfRange)?;
        let divisor = divisor.ok_or(Failure::OutOfRange)?;
        let (quotient, rest) = limbs::div_rem(number, divisor);
        let quotient = limbs::narrow(quotient).ok_or(Failure::OutOfRange)?;
        let is_up = limbs::compare(&rest, &limbs::subtract(divisor, rest)).is_ge();
        let step = [u64::from(is_up), 0, 0, 0];
        let magnitude = limbs::add(quotient, step).ok_or(Failure::OutOfRange)?;
        let negative = self.negative != other.negative;
        Self { negative, magnitude, decimals: QUOTIENT_DECIMALS }.checked()
    }

    /// What a division to a whole number leaves, with the sign of `self`, as SQL's `%`.
    pub fn remainder(self, other: Self) -> Result<Self, Failure> {
        if other.is_zero() {
            return Err(Failure::DivisionByZero);
        }
        let (a, b, decimals) = aligned(self, other)?;
        let (_, magnitude) = limbs::div_rem(limbs::widen(a), b);
        Self { negative: self.negative, magnitude, decimals }.checked()
    }

    /// The same with the other sign; 0 stays 0.
    #[must_use]
    pub fn negated(self) -> Self {
        Self { negative: !self.negative && !self.is_zero(), ..self }
    }

    /// The same without a sign.
    #[must_use]
    pub fn absolute(self) -> Self {
        Self { negative: false, ..self }
    }

    /// Rounded to `places` decimals, half away from zero.
    pub fn rounded_half_away(self, places: u32) -> Result<Self, Failure> {
        let (cut, highest_lost, _) = self.cut(places);
        if highest_lost >= 5 { cut.grown() } else { cut.checked() }
    }

    /// The greatest whole number that is not greater.
    pub fn floor(self) -> Result<Self, Failure> {
        let (cut, _, is_inexact) = self.cut(0);
        if is_inexact && self.negative { cut.grown() } else { cut.checked() }
    }

    /// The least whole number that is not less.
    pub fn ceiling(self) -> Result<Self, Failure> {
        Ok(self.negated().floor()?.negated())
    }

    fn is_zero(self) -> bool {
        self.magnitude == limbs::ZERO
    }

    /// Drops decimals after `places`; says the first that was lost, and whether any was not 0.
    fn cut(mut self, places: u32) -> (Self, u64, bool) {
        let (mut highest_lost, mut is_inexact) = (0, false);
        while self.decimals > places {
            let step = (self.decimals - places).min(limbs::POWER_MAX);
            let rest;
            (self.magnitude, rest) = limbs::div_rem_power(self.magnitude, step);
            highest_lost = rest.div_euclid(10_u64.pow(step - 1));
            is_inexact |= rest != 0;
            self.decimals -= step;
        }
        (self, highest_lost, is_inexact)
    }

    /// One unit of the last place further from zero, by the sign that the number had before it was cut.
    fn grown(self) -> Result<Self, Failure> {
        let magnitude = limbs::add(self.magnitude, [1, 0, 0, 0]).ok_or(Failure::OutOfRange)?;
        Ok(Self { magnitude, ..self })
    }

    fn trimmed(mut self) -> Self {
        while self.decimals > 0 {
            let (shorter, rest) = limbs::div_rem_ten(self.magnitude);
            if rest != 0 {
                break;
            }
            (self.magnitude, self.decimals) = (shorter, self.decimals - 1);
        }
        self
    }

    /// Within bounds, and 0 without a sign.
    fn checked(self) -> Result<Self, Failure> {
        if self.decimals > DECIMALS_MAX {
            return Err(Failure::OutOfRange);
        }
        Ok(Self { negative: self.negative && !self.is_zero(), ..self })
    }
}

impl From<u64> for Decimal {
    fn from(number: u64) -> Self {
        let [low, high] = halves(number.into());
        Self { negative: false, magnitude: [low, high, 0, 0], decimals: 0 }
    }
}

/// Both magnitudes at the same number of decimals.
fn aligned(a: Decimal, b: Decimal) -> Result<(Limbs, Limbs, u32), Failure> {
    raised(a, b).or_else(|| raised(a.trimmed(), b.trimmed())).ok_or(Failure::OutOfRange)
}

fn raised(a: Decimal, b: Decimal) -> Option<(Limbs, Limbs, u32)> {
    let decimals = a.decimals.max(b.decimals);
    let upper = limbs::scale_up(a.magnitude, decimals - a.decimals)?;
    Some((upper, limbs::scale_up(b.magnitude, decimals - b.decimals)?, decimals))
}

/// Of two magnitudes the one that cannot be raised to the other's decimals is the greater: the other fits.
fn compare_magnitudes(a: Decimal, b: Decimal) -> Ordering {
    let decimals = a.decimals.max(b.decimals);
    let upper = limbs::scale_up(a.magnitude, decimals - a.decimals);
    let lower = limbs::scale_up(b.magnitude, decimals - b.decimals);
    match (upper, lower) {
        (Some(a), Some(b)) => limbs::compare(&a, &b),
        (None, _) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => compare_magnitudes(*self, *other),
            (true, true) => compare_magnitudes(*other, *self),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Decimal {}

impl fmt::Display for Decimal {
    /// Without trailing zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trimmed = self.trimmed();
        let mut figures = Vec::new();
        let mut rest = trimmed.magnitude;
        while rest != limbs::ZERO || figures.len() <= trimmed.decimals as usize {
            let (shorter, digit) = limbs::div_rem_ten(rest);
            figures.push(char::from(b'0' + digit));
            rest = shorter;
        }
        let figures: String = figures.into_iter().rev().collect();
        let (whole, fraction) = figures.split_at(figures.len() - trimmed.decimals as usize);
        let sign = if self.negative { "-" } else { "" };
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{point}{fraction}")
    }
}

fn halves(number: u128) -> [u64; 2] {
    let low = u64::try_from(number & u128::from(u64::MAX)).expect("a masked limb fits");
    [low, u64::try_from(number >> 64).expect("a shifted limb fits")]
}
