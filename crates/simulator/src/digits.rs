//! Whole numbers as decimal digits, multiplied and rounded as on paper: slow, and plainly right.

use std::cmp::Ordering;

/// A whole number's decimal digits, the lowest first, without leading zeros; none for 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digits(Vec<u8>);

/// How a number is rounded to fewer places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelRounding {
    /// What is cut off is forgotten.
    Down,
    /// From a half on, up.
    HalfUp,
    /// Beyond a half, up; at a half, to the even neighbour.
    HalfEven,
}

impl Digits {
    /// The digits of `value`.
    pub fn of(value: u128) -> Self {
        Self::trimmed(value.to_string().bytes().rev().map(|digit| digit - b'0').collect())
    }

    /// The product of both.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        let mut columns = vec![0_u32; self.0.len() + other.0.len() + 1];
        for (i, a) in self.0.iter().enumerate() {
            for (j, b) in other.0.iter().enumerate() {
                columns[i + j] += u32::from(*a) * u32::from(*b);
            }
        }
        Self::carried(columns)
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let digit = |of: &Self, at: usize| u32::from(of.0.get(at).copied().unwrap_or(0));
        let places = self.0.len().max(other.0.len()) + 1;
        Self::carried((0..places).map(|at| digit(self, at) + digit(other, at)).collect())
    }

    /// The difference, and whether it is below zero.
    #[must_use]
    pub fn less(&self, other: &Self) -> (Self, bool) {
        if self < other {
            return (other.less(self).0, true);
        }
        let digit = |of: &Self, at: usize| of.0.get(at).copied().unwrap_or(0);
        let (mut digits, mut borrowed) = (Vec::new(), 0);
        for at in 0..self.0.len() {
            let taken = digit(other, at) + borrowed;
            let own = digit(self, at);
            borrowed = u8::from(own < taken);
            digits.push(own + 10 * borrowed - taken);
        }
        (Self::trimmed(digits), false)
    }

    /// The number and how many decimals it has, where `decimals` of its digits are some, and zeros at the end
    /// are left out.
    #[must_use]
    pub fn without_zeros(&self, decimals: usize) -> (Self, usize) {
        let zeros = self.0.iter().take(decimals).take_while(|digit| **digit == 0).count();
        let zeros = if self.0.is_empty() { decimals } else { zeros };
        (Self(self.0.iter().skip(zeros).copied().collect()), decimals - zeros)
    }

    /// Whether so many bits hold the number.
    pub fn fits(&self, bits: usize) -> bool {
        let two = Self::of(2);
        *self < (0..bits).fold(Self::of(1), |power, _| power.times(&two))
    }

    /// The number with `places` zeros behind it.
    #[must_use]
    pub fn shifted_up(&self, places: usize) -> Self {
        Self::trimmed([vec![0; places], self.0.clone()].concat())
    }

    /// The number without its last `places` digits, rounded.
    #[must_use]
    pub fn shifted_down(&self, places: usize, rounding: ModelRounding) -> Self {
        let digit = |at: usize| self.0.get(at).copied().unwrap_or(0);
        let first_cut = if places == 0 { 0 } else { digit(places - 1) };
        let more_behind = (0..places.saturating_sub(1)).any(|at| digit(at) != 0);
        let odd = digit(places) % 2 == 1;
        let up = match rounding {
            ModelRounding::Down => false,
            ModelRounding::HalfUp => first_cut >= 5,
            ModelRounding::HalfEven => first_cut > 5 || (first_cut == 5 && (more_behind || odd)),
        };
        let mut columns: Vec<u32> = self.0.iter().skip(places).copied().map(u32::from).collect();
        columns.push(0);
        columns[0] += u32::from(up);
        Self::carried(columns)
    }

    /// The number, if 128 bits hold it.
    pub fn value(&self) -> Option<u128> {
        self.0
            .iter()
            .rev()
            .try_fold(0_u128, |value, digit| value.checked_mul(10)?.checked_add(u128::from(*digit)))
    }

    fn carried(columns: Vec<u32>) -> Self {
        let (mut digits, mut carry) = (Vec::new(), 0);
        for column in columns {
            let sum = column + carry;
            digits.push(u8::try_from(sum % 10).expect("one digit"));
            carry = sum / 10;
        }
        assert_eq!(carry, 0, "there is a column for the last carry");
        Self::trimmed(digits)
    }

    fn trimmed(mut digits: Vec<u8>) -> Self {
        while digits.last() == Some(&0) {
            digits.pop();
        }
        Self(digits)
    }
}

impl Ord for Digits {
    fn cmp(&self, other: &Self) -> Ordering {
        let highest_first = || self.0.iter().rev().cmp(other.0.iter().rev());
        self.0.len().cmp(&other.0.len()).then_with(highest_first)
    }
}

impl PartialOrd for Digits {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn small_products_are_those_of_the_machine() {
        let mut random = Random::new(3);
        for _ in 0..1_000 {
            let [a, b] = [(); 2].map(|()| u128::from(random.bits() >> random.below(64)));
            let product = Digits::of(a).times(&Digits::of(b));
            assert_eq!(product, Digits::of(a * b));
            assert_eq!(product.value(), Some(a * b));
            assert_eq!(Digits::of(a).plus(&Digits::of(b)), Digits::of(a + b));
            assert_eq!(Digits::of(a).cmp(&Digits::of(b)), a.cmp(&b));
            assert_eq!(Digits::of(a).less(&Digits::of(b)), (Digits::of(a.abs_diff(b)), a < b));
            assert_eq!(
                product.shifted_down(7, ModelRounding::Down),
                Digits::of(a * b / 10_000_000)
            );
            assert_eq!(Digits::of(a).shifted_up(5), Digits::of(a * 100_000));
        }
    }

    #[test]
    fn great_products_are_exact() {
        let nines = Digits::of(10_u128.pow(38) - 1);
        let square: Vec<u8> = [&[1][..], &[0; 37], &[8], &[9; 37]].concat();
        assert_eq!(nines.times(&nines), Digits(square));
        assert_eq!(nines.times(&nines).value(), None);
    }

    #[test]
    fn a_number_is_held_by_its_bits_and_no_fewer() {
        let most = Digits::of(u128::MAX);
        assert!(most.fits(128) && !most.fits(127));
        let next = most.plus(&Digits::of(1));
        assert!(next.fits(129) && !next.fits(128));
        assert_eq!((most.value(), next.value()), (Some(u128::MAX), None));
    }

    #[test]
    fn zeros_at_the_end_say_nothing_behind_the_point() {
        for (value, decimals, shortest) in [
            (1_500, 2, (15, 0)),
            (1_500, 1, (150, 0)),
            (1_050, 3, (105, 2)),
            (105, 2, (105, 2)),
            (0, 8, (0, 0)),
        ] {
            let (digits, left) = Digits::of(value).without_zeros(decimals);
            assert_eq!((digits.value().unwrap(), left), shortest, "{value}");
        }
    }

    #[test]
    fn rounding_looks_at_what_is_cut_off() {
        use ModelRounding::{Down, HalfEven, HalfUp};
        for (value, down, half_up, half_even) in [
            (12_49, 12, 12, 12),
            (12_50, 12, 13, 12),
            (12_51, 12, 13, 13),
            (13_50, 13, 14, 14),
            (99_99, 99, 100, 100),
            (50, 0, 1, 0),
            (7, 0, 0, 0),
            (0, 0, 0, 0),
        ] {
            let rounded = |rounding| Digits::of(value).shifted_down(2, rounding).value().unwrap();
            assert_eq!(
                [Down, HalfUp, HalfEven].map(rounded),
                [down, half_up, half_even],
                "{value}"
            );
        }
    }
}
