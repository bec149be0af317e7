//! Whole numbers of 256 bits: just what one exact product and one division need.

use std::fmt;

/// An unsigned number of 256 bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Wide {
    high: u128,
    low: u128,
}

impl Wide {
    /// Zero.
    pub(crate) const ZERO: Self = Self { high: 0, low: 0 };
    /// One.
    pub(crate) const ONE: Self = Self { high: 0, low: 1 };

    /// The product of two numbers, exact.
    pub(crate) fn product(a: u128, b: u128) -> Self {
        let (low, high) = a.carrying_mul(b, 0);
        Self { high, low }
    }

    /// Quotient and remainder of a division by `divisor`, which must not be 0.
    ///
    /// Schoolbook, one limb of 64 bits after the other.
    #[must_use]
    pub(crate) fn div_rem(self, divisor: u64) -> (Self, u64) {
        if self.high == 0 {
            let divisor = u128::from(divisor);
            let low = self.low.div_euclid(divisor);
            return (Self { high: 0, low }, low_limb(self.low.rem_euclid(divisor)));
        }
        let (high, rest) = div_rem_limbs(self.high, divisor, 0);
        let (low, rest) = div_rem_limbs(self.low, divisor, rest);
        (Self { high, low }, rest)
    }

    /// Whether a division by 2 leaves nothing over.
    pub(crate) const fn is_even(self) -> bool {
        self.low & 1 == 0
    }

    /// The number times another one; `None` beyond 256 bits.
    pub(crate) fn times(self, factor: u128) -> Option<Self> {
        let Self { high, low } = Self::product(self.low, factor);
        let high = self.high.checked_mul(factor)?.checked_add(high)?;
        Some(Self { high, low })
    }

    /// The number, if it fits into 128 bits.
    pub(crate) fn narrow(self) -> Option<u128> {
        if self.high == 0 { Some(self.low) } else { None }
    }
}

impl fmt::Display for Wide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LIMB: u64 = 10_u64.pow(19);
        let (more, last) = self.div_rem(LIMB);
        if more == Self::ZERO { write!(f, "{last}") } else { write!(f, "{more}{last:019}") }
    }
}

/// Divides `rest` × 2^128 + `number` by `divisor`, where `rest` is less than `divisor`.
fn div_rem_limbs(number: u128, divisor: u64, rest: u64) -> (u128, u64) {
    let (upper, rest) = div_rem_limb(rest, low_limb(number >> 64), divisor);
    let (lower, rest) = div_rem_limb(rest, low_limb(number), divisor);
    (u128::from(upper) << 64 | u128::from(lower), rest)
}

/// Divides `rest` × 2^64 + `limb` by `divisor`; with `rest` below `divisor` both results fit.
fn div_rem_limb(rest: u64, limb: u64, divisor: u64) -> (u64, u64) {
    let number = u128::from(rest) << 64 | u128::from(limb);
    let divisor = u128::from(divisor);
    (low_limb(number.div_euclid(divisor)), low_limb(number.rem_euclid(divisor)))
}

fn low_limb(number: u128) -> u64 {
    u64::try_from(number & u128::from(u64::MAX)).expect("a masked limb fits")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Decimal digits, lowest first: arithmetic as it is done on paper.
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Paper(Vec<u8>);

    impl Paper {
        fn of(number: u128) -> Self {
            Self(number.to_string().bytes().rev().map(|digit| digit - b'0').collect()).trimmed()
        }

        /// Puts a number together again from its halves, digit by digit.
        fn of_wide(wide: Wide) -> Self {
            let halves = Self::of(1 << 127).times(&Self::of(2));
            Self::of(wide.high).times(&halves).plus(&Self::of(wide.low))
        }

        fn trimmed(mut self) -> Self {
            while self.0.last() == Some(&0) {
                self.0.pop();
            }
            self
        }

        fn carried(columns: Vec<u32>) -> Self {
            let mut carry = 0;
            let mut digits = Vec::new();
            for column in columns.into_iter().chain([0; 8]) {
                let sum = column + carry;
                digits.push(u8::try_from(sum.rem_euclid(10)).expect("a digit fits"));
                carry = sum.div_euclid(10);
            }
            Self(digits).trimmed()
        }

        fn times(&self, other: &Self) -> Self {
            let mut columns = vec![0; self.0.len() + other.0.len()];
            for (i, a) in self.0.iter().enumerate() {
                for (j, b) in other.0.iter().enumerate() {
                    columns[i + j] += u32::from(*a) * u32::from(*b);
                }
            }
            Self::carried(columns)
        }

        fn plus(&self, other: &Self) -> Self {
            let digit = |number: &Self, at| u32::from(number.0.get(at).copied().unwrap_or(0));
            let len = self.0.len().max(other.0.len());
            Self::carried((0..len).map(|at| digit(self, at) + digit(other, at)).collect())
        }
    }

    /// Numbers of every length, not only long ones.
    fn number() -> impl Strategy<Value = u128> {
        (any::<u128>(), 0..128_u32).prop_map(|(number, shift)| number >> shift)
    }

    proptest! {
        #[test]
        fn a_product_is_what_paper_says(a in number(), b in number()) {
            let expected = Paper::of(a).times(&Paper::of(b));
            prop_assert_eq!(Paper::of_wide(Wide::product(a, b)), expected);
        }

        #[test]
        fn quotient_times_divisor_plus_rest_is_the_number(
            a in number(),
            b in number(),
            divisor in 1..=u64::MAX,
        ) {
            let (quotient, rest) = Wide::product(a, b).div_rem(divisor);
            prop_assert!(rest < divisor);
            let back = Paper::of_wide(quotient).times(&Paper::of(divisor.into()));
            let back = back.plus(&Paper::of(rest.into()));
            prop_assert_eq!(back, Paper::of(a).times(&Paper::of(b)));
        }

        #[test]
        fn three_factors_give_what_paper_says_as_far_as_they_fit(
            a in number(),
            b in number(),
            c in number(),
        ) {
            let expected = Paper::of(a).times(&Paper::of(b)).times(&Paper::of(c));
            let most = Paper::of_wide(Wide { high: u128::MAX, low: u128::MAX });
            let fits = (expected.0.len(), expected.0.iter().rev().collect::<Vec<_>>())
                <= (most.0.len(), most.0.iter().rev().collect());
            let product = Wide::product(a, b).times(c);
            prop_assert_eq!(product.map(Paper::of_wide), fits.then_some(expected));
        }

        #[test]
        fn a_number_is_narrow_exactly_when_it_fits(a in number(), b in number()) {
            prop_assert_eq!(Wide::product(a, b).narrow(), a.checked_mul(b));
        }
    }
}
