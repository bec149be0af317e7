//! Whole numbers of 256 and 512 bits, lowest limb first: what exact decimals are computed with.

use std::cmp::Ordering;

/// A number of 256 bits.
pub(super) type Limbs = [u64; 4];
/// A number of 512 bits: any product of two [`Limbs`].
pub(super) type Double = [u64; 8];

pub(super) const ZERO: Limbs = [0; 4];

pub(super) fn compare<const N: usize>(a: &[u64; N], b: &[u64; N]) -> Ordering {
    a.iter().rev().cmp(b.iter().rev())
}

/// The sum, if it fits.
pub(super) fn add<const N: usize>(a: [u64; N], b: [u64; N]) -> Option<[u64; N]> {
    let mut sum = [0; N];
    let mut carry = false;
    for at in 0..N {
        (sum[at], carry) = a[at].carrying_add(b[at], carry);
    }
    if carry { None } else { Some(sum) }
}

/// The difference; wraps where `b` is the greater.
pub(super) fn subtract(a: Limbs, b: Limbs) -> Limbs {
    let mut difference = ZERO;
    let mut borrow = false;
    for at in 0..4 {
        (difference[at], borrow) = a[at].borrowing_sub(b[at], borrow);
    }
    difference
}

/// The product, exact.
pub(super) fn multiply(a: Limbs, b: Limbs) -> Double {
    let mut product = [0; 8];
    // Most numbers are of one limb or two.
    for (i, a) in a.into_iter().enumerate().filter(|(_, limb)| *limb != 0) {
        let mut carry = 0;
        for (j, b) in b.into_iter().enumerate() {
            (product[i + j], carry) = a.carrying_mul_add(b, product[i + j], carry);
        }
        product[i + 4] = carry;
    }
    product
}

/// Quotient and remainder by a divisor that must not be 0, one bit after the other.
pub(super) fn div_rem(number: Double, divisor: Limbs) -> (Double, Limbs) {
    let mut quotient = [0; 8];
    let mut rest = ZERO;
    for limb in (0..8).rev() {
        for bit in (0..64).rev() {
            let overflows = rest[3] >> 63 == 1;
            rest = doubled(rest, number[limb] >> bit & 1);
            if overflows || compare(&rest, &divisor).is_ge() {
                rest = subtract(rest, divisor);
                quotient[limb] |= 1 << bit;
            }
        }
    }
    (quotient, rest)
}

fn doubled(limbs: Limbs, lowest: u64) -> Limbs {
    let [a, b, c, d] = limbs;
    [a << 1 | lowest, b << 1 | a >> 63, c << 1 | b >> 63, d << 1 | c >> 63]
}

/// Quotient and remainder by ten.
pub(super) fn div_rem_ten<const N: usize>(mut number: [u64; N]) -> ([u64; N], u8) {
    let mut rest = 0_u128;
    for limb in number.iter_mut().rev() {
        let part = rest << 64 | u128::from(*limb);
        *limb = u64::try_from(part.div_euclid(10)).expect("the rest is below ten");
        rest = part.rem_euclid(10);
    }
    (number, u8::try_from(rest).expect("the rest is below ten"))
}

/// Quotient and remainder by 10^`power`, of at most [`POWER_MAX`].
pub(super) fn div_rem_power(mut number: Limbs, power: u32) -> (Limbs, u64) {
    let divisor = 10_u64.pow(power);
    let mut rest = 0;
    // Most numbers are of one limb or two.
    for limb in number.iter_mut().rev().skip_while(|limb| **limb == 0) {
        let part = u128::from(rest) << 64 | u128::from(*limb);
        let (quotient, left) = (part.div_euclid(divisor.into()), part.rem_euclid(divisor.into()));
        *limb = u64::try_from(quotient).expect("the rest is below the divisor");
        rest = u64::try_from(left).expect("the rest is below the divisor");
    }
    (number, rest)
}

/// The lower half, if the upper is empty.
pub(super) fn narrow(number: Double) -> Option<Limbs> {
    let [a, b, c, d, upper @ ..] = number;
    if upper == ZERO { Some([a, b, c, d]) } else { None }
}

pub(super) fn widen(number: Limbs) -> Double {
    let [a, b, c, d] = number;
    [a, b, c, d, 0, 0, 0, 0]
}

/// `number` × 10^`power`, if it fits.
pub(super) fn scale_up<const N: usize>(number: [u64; N], power: u32) -> Option<[u64; N]> {
    let (mut number, mut power) = (number, power);
    while power > 0 {
        let step = power.min(POWER_MAX);
        number = times(number, 10_u64.pow(step))?;
        power -= step;
    }
    Some(number)
}

/// The greatest power of ten that one limb holds.
pub(super) const POWER_MAX: u32 = u64::MAX.ilog10();

fn times<const N: usize>(mut number: [u64; N], factor: u64) -> Option<[u64; N]> {
    let mut carry = 0;
    for limb in &mut number {
        (*limb, carry) = limb.carrying_mul(factor, carry);
    }
    if carry == 0 { Some(number) } else { None }
}
