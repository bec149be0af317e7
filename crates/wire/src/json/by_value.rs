//! Values as a hash sees them: the same value gives the same bytes, whatever its spelling.
//!
//! Keys stand in any order; a field that is null is as one that is absent; texts are what their escapes
//! mean; numbers are exact, of any length and any exponent: `1500`, `1500.0` and `1.5e3` are one, and so
//! are `0` and `-0`. The work is linear in the bytes, and nothing is sorted or kept: an object is the sum
//! of the hashes of its fields. They are keyed, so nobody can choose fields whose sums meet.

use std::hash::Hasher as _;

use siphasher::sip::SipHasher13;

use super::{Broken, Flaw, Scanner};

/// No byte of UTF-8: ends a text.
pub(crate) const END: u8 = 0xff;
/// Exponents of so many figures, and what a text's length adds to them, fit 64 bits by far.
const SHORT_FIGURES: usize = 17;

/// Puts the whole document `text` into `out`; `hasher` is one that has the key and nothing else.
pub(crate) fn put(text: &str, hasher: &SipHasher13, out: &mut SipHasher13) -> Result<(), Broken> {
    let mut scanner = Scanner::new(text);
    put_value(&mut scanner, hasher, out)?;
    match scanner.next() {
        None => Ok(()),
        Some(_) => Err(scanner.broken(Flaw::End)),
    }
}

/// Recursive through objects and arrays, which the scanner bounds.
fn put_value(
    scanner: &mut Scanner<'_>,
    hasher: &SipHasher13,
    out: &mut SipHasher13,
) -> Result<(), Broken> {
    match scanner.next() {
        Some(b'"') => {
            out.write(b"\"");
            put_text(&scanner.string()?, out);
        }
        Some(b'-' | b'0'..=b'9') => put_number(scanner.number()?, out),
        Some(b'{') => {
            let mut sum = 0_u64;
            scanner.items(b'}', Flaw::FieldEnd, |scanner| {
                sum = sum.wrapping_add(field(scanner, hasher)?);
                Ok(())
            })?;
            out.write(b"{");
            out.write(&sum.to_le_bytes());
        }
        Some(b'[') => {
            out.write(b"[");
            scanner.items(b']', Flaw::ElementEnd, |scanner| put_value(scanner, hasher, out))?;
            out.write(b"]");
        }
        // `true`, `false` and `null` begin each with a letter of its own.
        other => {
            scanner.value()?;
            out.write(other.as_slice());
        }
    }
    Ok(())
}

fn put_text(text: &str, out: &mut SipHasher13) {
    out.write(text.as_bytes());
    out.write(&[END]);
}

/// The hash of a field; 0, which changes no sum, for one that is null.
fn field(scanner: &mut Scanner<'_>, hasher: &SipHasher13) -> Result<u64, Broken> {
    if scanner.peek() != Some(b'"') {
        return Err(scanner.broken(Flaw::Key));
    }
    let mut out = *hasher;
    put_text(&scanner.string()?, &mut out);
    scanner.colon()?;
    let is_null = scanner.next() == Some(b'n');
    put_value(scanner, hasher, &mut out)?;
    Ok(if is_null { 0 } else { out.finish() })
}

/// Puts the figures of a number without the zeros around them, and how far before them its point stands.
fn put_number(text: &str, out: &mut SipHasher13) {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (b"-", rest),
        None => (b"+", text),
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, ""));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let before = if fraction.is_empty() { whole.trim_end_matches('0') } else { whole };
    let after = if whole.is_empty() { fraction.trim_start_matches('0') } else { fraction };
    if before.is_empty() && after.is_empty() {
        out.write(b"0");
        return;
    }
    out.write(sign);
    out.write(before.as_bytes());
    out.write(after.as_bytes());
    let length = |text: &str| i64::try_from(text.len()).expect("a text fits in memory");
    put_exponent(exponent, length(whole) + length(after) - length(fraction), out);
}

/// Puts the sum of `exponent` and `point`.
fn put_exponent(exponent: &str, point: i64, out: &mut SipHasher13) {
    let (is_negative, figures) = match exponent.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, exponent.trim_start_matches('+')),
    };
    let figures = figures.trim_start_matches('0').as_bytes();
    if figures.len() > SHORT_FIGURES {
        return put_long_exponent(is_negative, figures, point, out);
    }
    let exponent = number(figures.iter().map(|figure| figure - b'0'));
    put_short_exponent(if is_negative { point - exponent } else { point + exponent }, out);
}

fn put_short_exponent(sum: i64, out: &mut SipHasher13) {
    out.write(b"e");
    out.write(&sum.to_le_bytes());
}

/// Adds as on paper. The exponent is far greater than `point`, so the sum has its sign.
#[cold]
fn put_long_exponent(is_negative: bool, figures: &[u8], point: i64, out: &mut SipHasher13) {
    let mut carry = if is_negative { -point } else { point };
    let mut sum: Vec<u8> = figures.iter().map(|figure| figure - b'0').collect();
    for figure in sum.iter_mut().rev() {
        carry += i64::from(*figure);
        *figure = u8::try_from(carry.rem_euclid(10)).expect("one figure");
        carry = carry.div_euclid(10);
    }
    sum.insert(0, u8::try_from(carry).expect("one figure, since the exponent is greater"));
    let zeros = sum.iter().take_while(|figure| **figure == 0).count();
    let figures = &sum[zeros..];
    if figures.len() <= SHORT_FIGURES + 1 {
        let sum = number(figures.iter().copied());
        return put_short_exponent(if is_negative { -sum } else { sum }, out);
    }
    out.write(if is_negative { b"-" } else { b"+" });
    out.write(figures);
    out.write(&[END]);
}

/// The number of at most 18 figures.
fn number(figures: impl Iterator<Item = u8>) -> i64 {
    figures.fold(0, |number, figure| number * 10 + i64::from(figure))
}
