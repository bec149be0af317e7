//! Decimals of queries: exact, or rounded as the name says, or refused.

use accolade_domain::amount::{Amount, Rate};
use accolade_domain::query::decimal::{Decimal, Failure};
use proptest::prelude::*;

fn number(text: &str) -> Decimal {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let units: i128 = format!("{whole}{fraction}").parse().unwrap();
    Decimal::from_units(sign * units, u32::try_from(fraction.len()).unwrap()).unwrap()
}

fn any_decimal() -> impl Strategy<Value = Decimal> {
    let units = (any::<i128>(), 0..127_u32).prop_map(|(units, shift)| units >> shift);
    (units, 0..=26_u32).prop_map(|(units, decimals)| Decimal::from_units(units, decimals).unwrap())
}

#[test]
fn the_greatest_stake_at_the_greatest_rate_is_exact() {
    let product = Decimal::converted(Amount::MAX, Rate::MAX);
    assert_eq!(product.to_string(), format!("1{}", "0".repeat(22)));
    let atto = Amount::from_atto(1).unwrap();
    let least = Decimal::converted(atto, Rate::from_units(1).unwrap());
    assert_eq!(least.to_string(), format!("0.{}1", "0".repeat(25)));
    assert_eq!(product.plus(least).unwrap().minus(product), Ok(least));
}

#[test]
fn quotients_have_18_decimals_and_round_half_away_from_zero() {
    for (a, b, expected) in [
        ("1", "3", "0.333333333333333333"),
        ("2", "3", "0.666666666666666667"),
        ("-2", "3", "-0.666666666666666667"),
        ("1", "-8", "-0.125"),
        ("0.000000000000000001", "2", "0.000000000000000001"),
        ("0.000000000000000001", "3", "0"),
        ("10.00", "0.0000000001", "100000000000"),
    ] {
        assert_eq!(number(a).divided_half_away(number(b)).unwrap().to_string(), expected);
    }
}

#[test]
fn rounding_goes_where_its_name_says() {
    for (text, half_away, floor, ceiling) in [
        ("2.5", "3", "2", "3"),
        ("-2.5", "-3", "-3", "-2"),
        ("2.4999", "2", "2", "3"),
        ("-0.4", "0", "-1", "0"),
        ("-0.5", "-1", "-1", "0"),
        ("7", "7", "7", "7"),
    ] {
        let number = number(text);
        assert_eq!(number.rounded_half_away(0).unwrap().to_string(), half_away, "{text}");
        assert_eq!(number.floor().unwrap().to_string(), floor, "{text}");
        assert_eq!(number.ceiling().unwrap().to_string(), ceiling, "{text}");
    }
    assert_eq!(number("1.005").rounded_half_away(2).unwrap().to_string(), "1.01");
}

#[test]
fn what_does_not_fit_is_a_failure_and_never_wraps() {
    let great = Decimal::from_units(i128::MAX, 0).unwrap();
    let square = great.times(great).unwrap();
    assert_eq!(square.times(great), Err(Failure::OutOfRange));
    let fourfold = square.plus(square).and_then(|twice| twice.plus(twice));
    assert_eq!(fourfold.and_then(|four| four.plus(square)), Err(Failure::OutOfRange));
    assert_eq!(great.divided_half_away(Decimal::ZERO), Err(Failure::DivisionByZero));
    assert_eq!(great.remainder(Decimal::ZERO), Err(Failure::DivisionByZero));
}

#[test]
fn great_amounts_of_many_decimals_can_be_divided() {
    let great = Decimal::converted(Amount::MAX, Rate::from_units(12_345_679).unwrap());
    let least = Decimal::converted(Amount::from_atto(3).unwrap(), Rate::from_units(7).unwrap());
    let stake = great.plus(least).unwrap();
    assert_eq!(stake.divided_half_away(stake).unwrap().to_string(), "1");
    let twice = stake.plus(stake).unwrap();
    assert_eq!(stake.divided_half_away(twice).unwrap().to_string(), "0.5");
}

proptest! {
    #[test]
    fn a_sum_less_one_part_is_the_other(a in any_decimal(), b in any_decimal()) {
        prop_assert_eq!(a.plus(b).unwrap().minus(b).unwrap(), a);
    }

    #[test]
    fn a_product_divided_by_one_factor_is_the_other(
        a in -1_000_000_000_000_000_i64..1_000_000_000_000_000,
        b in any_decimal(),
    ) {
        prop_assume!(b != Decimal::ZERO);
        let a = Decimal::from_units(a.into(), 9).unwrap();
        prop_assert_eq!(a.times(b).unwrap().divided_half_away(b).unwrap(), a);
    }

    #[test]
    fn order_is_the_sign_of_the_difference(a in any_decimal(), b in any_decimal()) {
        prop_assert_eq!(a.cmp(&b), a.minus(b).unwrap().cmp(&Decimal::ZERO));
    }

    #[test]
    fn small_numbers_compute_as_whole_numbers_do(a in any::<i64>(), b in any::<i64>()) {
        let (a, b) = (i128::from(a), i128::from(b));
        let of = |units| Decimal::from_units(units, 0).unwrap();
        prop_assert_eq!(of(a).plus(of(b)).unwrap(), of(a + b));
        prop_assert_eq!(of(a).times(of(b)).unwrap(), of(a * b));
        prop_assert_eq!(of(a).cmp(&of(b)), a.cmp(&b));
        prop_assert_eq!(of(a).to_string(), a.to_string());
        if b != 0 {
            prop_assert_eq!(of(a).remainder(of(b)).unwrap(), of(a % b));
        }
    }

    #[test]
    fn a_quotient_is_within_half_a_unit_of_the_truth(a in any::<i64>(), b in any::<i64>()) {
        prop_assume!(b != 0);
        let (a, b) = (number(&a.to_string()), number(&b.to_string()));
        let back = a.divided_half_away(b).unwrap().times(b).unwrap();
        let twice = back.minus(a).unwrap().absolute().times(number("2")).unwrap();
        let unit = number("0.000000000000000001");
        prop_assert!(twice <= unit.times(b.absolute()).unwrap());
    }

    #[test]
    fn floor_and_ceiling_enclose_a_number(a in any_decimal()) {
        let (floor, ceiling) = (a.floor().unwrap(), a.ceiling().unwrap());
        prop_assert!(floor <= a && a <= ceiling);
        prop_assert!(ceiling.minus(floor).unwrap() <= number("1"));
    }
}
