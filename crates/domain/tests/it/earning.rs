//! What counts, what it earns, and how it is rounded and cut.

use accolade_domain::amount::{Amount, Points, Rate};
use accolade_domain::earning::{Decision, Standing, decide};
use accolade_domain::event::Wager;
use accolade_domain::program::{Program, Rounding};
use accolade_domain::promotion::{Promotion, When};
use accolade_domain::time::Timestamp;
use expect_test::expect;
use proptest::prelude::*;

use crate::scenario::check;

#[test]
fn a_games_own_multiplier_wins_over_its_categorys_and_that_over_the_default() {
    check(
        "
        program  slots x0.1, default x0.01, game slots-ultimate x0.12, game free x0
        wager  slots 100.00 EUR
        wager  slots 100.00 EUR game slots-ultimate
        wager  slots 100.00 EUR game free
        wager  bingo 100.00 EUR
        wager  Slots 100.00 EUR
        ",
        expect![[r#"
            slots 100.00 EUR                             +10.00 at x0.1
            slots 100.00 EUR game slots-ultimate         +12.00 at x0.12
            slots 100.00 EUR game free                   refused zero_multiplier
            bingo 100.00 EUR                             +1.00 at x0.01
            Slots 100.00 EUR                             +1.00 at x0.01
        "#]],
    );
}

#[test]
fn the_first_rule_that_says_no_is_the_reason() {
    check(
        "
        program  off, in Malta disabled, opt-in, deny player p1, deny bot, only slots, min 5
        wager  poker 1.00 XXX segment bot
        program  in Malta disabled, opt-in, deny player p1, deny bot, only slots, min 5
        wager  poker 1.00 XXX segment bot
        program  opt-in, deny player p1, deny bot, allow vip, only slots, min 5
        wager  poker 1.00 XXX segment bot
        consent in
        wager  poker 1.00 XXX segment bot
        wager  poker 1.00 XXX segment bot player p2
        wager  poker 1.00 XXX segment new player p2
        wager  poker 1.00 XXX segment vip player p2
        wager  slots 1.00 XXX segment vip player p2
        wager  slots 1.00 EUR segment vip player p2
        wager  slots 5.00 EUR segment vip player p2
        ",
        expect![[r#"
            poker 1.00 XXX segment bot                   refused mode_off
            poker 1.00 XXX segment bot                   refused jurisdiction_disabled
            poker 1.00 XXX segment bot                   refused no_consent
            poker 1.00 XXX segment bot                   refused player_denied
            poker 1.00 XXX segment bot player p2         refused segment_denied
            poker 1.00 XXX segment new player p2         refused segment_not_allowed
            poker 1.00 XXX segment vip player p2         refused category_not_eligible
            slots 1.00 XXX segment vip player p2         refused currency_unsupported
            slots 1.00 EUR segment vip player p2         refused below_minimum
            slots 5.00 EUR segment vip player p2         refused zero_multiplier
        "#]],
    );
}

#[test]
fn a_condition_is_asked_between_the_minimum_and_the_multiplier() {
    check(
        "
        program  min 5, where slots
        wager  poker 4.00 EUR
        wager  poker 5.00 XXX
        wager  poker 5.00 EUR
        wager  slots 5.00 EUR
        program  slots x1, poker x1, where slots, in Ontario where poker
        wager  slots 1.00 EUR
        wager  slots 1.00 EUR in Ontario
        wager  poker 1.00 EUR in Ontario
        ",
        expect![[r#"
            poker 4.00 EUR                               refused below_minimum
            poker 5.00 XXX                               refused currency_unsupported
            poker 5.00 EUR                               refused not_matched
            slots 5.00 EUR                               refused zero_multiplier
            slots 1.00 EUR                               +1.00 at x1
            slots 1.00 EUR in Ontario                    refused not_matched
            poker 1.00 EUR in Ontario                    +1.00 at x1
        "#]],
    );
}

#[test]
fn a_condition_that_cannot_be_computed_does_not_match() {
    check(
        "
        program  slots x1, where fails
        wager  slots 1.00 EUR
        program  slots x1, promotion double x2 where fails, promotion triple x3
        wager  slots 1.00 EUR
        ",
        expect![[r#"
            slots 1.00 EUR                               refused not_matched
            slots 1.00 EUR                               +3.00 at x3, triple
        "#]],
    );
}

#[test]
fn consent_is_the_players_word_and_else_the_programs() {
    check(
        "
        program  slots x1
        wager  slots 1.00 EUR
        consent out
        wager  slots 1.00 EUR
        program  slots x1, opt-in
        consent in
        wager  slots 1.00 EUR
        ",
        expect![[r#"
            slots 1.00 EUR                               +1.00 at x1
            slots 1.00 EUR                               refused no_consent
            slots 1.00 EUR                               +1.00 at x1
        "#]],
    );
}

#[test]
fn segments_are_refused_by_either_list_and_an_empty_one_restricts_nothing() {
    check(
        "
        program  slots x1, deny self-excluded bonus-abuser
        wager  slots 1.00 EUR
        wager  slots 1.00 EUR segment VIP
        wager  slots 1.00 EUR segment bonus-abuser
        wager  slots 1.00 EUR segment self-excluded
        program  slots x1, allow VIP gold
        wager  slots 1.00 EUR
        wager  slots 1.00 EUR segment gold
        wager  slots 1.00 EUR segment vip
        ",
        expect![[r#"
            slots 1.00 EUR                               +1.00 at x1
            slots 1.00 EUR segment VIP                   +1.00 at x1
            slots 1.00 EUR segment bonus-abuser          refused segment_denied
            slots 1.00 EUR segment self-excluded         refused segment_denied
            slots 1.00 EUR                               refused segment_not_allowed
            slots 1.00 EUR segment gold                  +1.00 at x1
            slots 1.00 EUR segment vip                   refused segment_not_allowed
        "#]],
    );
}

#[test]
fn a_jurisdiction_has_its_own_rules_and_the_others_have_the_programs() {
    check(
        "
        program  slots x0.1, min 1, in Ontario min 5, in Ontario slots x0.05, in Sweden disabled
        wager  slots 4.00 EUR in Malta
        wager  slots 4.00 EUR in Ontario
        wager  slots 5.00 EUR in Ontario
        wager  slots 4.00 EUR in Sweden
        wager  slots 4.00 EUR in Atlantis
        ",
        expect![[r#"
            slots 4.00 EUR in Malta                      +0.40 at x0.1
            slots 4.00 EUR in Ontario                    refused below_minimum
            slots 5.00 EUR in Ontario                    +0.25 at x0.05
            slots 4.00 EUR in Sweden                     refused jurisdiction_disabled
            slots 4.00 EUR in Atlantis                   +0.40 at x0.1
        "#]],
    );
}

#[test]
fn the_least_wager_is_compared_after_conversion_and_to_the_last_digit() {
    check(
        "
        program  slots x1, min 1.00, rate USD 0.92, rate BTC 61000, rate TINY 0.00000001
        wager  slots 1.00 EUR
        wager  slots 0.999999999999999999 EUR
        wager  slots 1.086956521739130434 USD
        wager  slots 1.086956521739130435 USD
        wager  slots 0.000016393442622950 BTC
        wager  slots 0.000016393442622951 BTC
        wager  slots 1000000000000 BTC
        wager  slots 99999999.999999 TINY
        wager  slots 100000000 TINY
        ",
        expect![[r#"
            slots 1.00 EUR                               +1.00 at x1
            slots 0.999999999999999999 EUR               refused below_minimum
            slots 1.086956521739130434 USD               refused below_minimum
            slots 1.086956521739130435 USD               +1.00 at x0.92
            slots 0.000016393442622950 BTC               refused below_minimum
            slots 0.000016393442622951 BTC               +1.00 at x61000
            slots 1000000000000 BTC                      out of range
            slots 99999999.999999 TINY                   refused below_minimum
            slots 100000000 TINY                         +1.00 at x0.00000001
        "#]],
    );
}

#[test]
fn a_stake_of_nothing_is_for_the_ladder_to_decide() {
    check(
        "
        program  slots x0.1
        wager  slots 0 EUR
        program  slots x0.1, min 0.01
        wager  slots 0 EUR
        program  slots x0
        wager  slots 0 EUR
        ",
        expect![[r#"
            slots 0 EUR                                  +0.00 at x0.1
            slots 0 EUR                                  refused below_minimum
            slots 0 EUR                                  refused zero_multiplier
        "#]],
    );
}

#[test]
fn points_are_rounded_once_at_the_end() {
    check(
        "
        program  slots x0.1, down
        wager  slots 0.09 EUR
        wager  slots 1.049999999999999999 EUR
        wager  slots 1.05 EUR
        wager  slots 1.15 EUR
        program  slots x0.1, half-up
        wager  slots 1.049999999999999999 EUR
        wager  slots 1.05 EUR
        wager  slots 1.15 EUR
        program  slots x0.1, half-even
        wager  slots 1.05 EUR
        wager  slots 1.050000000000000001 EUR
        wager  slots 1.15 EUR
        program  slots x0.005, rate USD 0.5, half-up
        wager  slots 1.99 USD
        wager  slots 2.00 USD
        ",
        expect![[r#"
            slots 0.09 EUR                               +0.00 at x0.1
            slots 1.049999999999999999 EUR               +0.10 at x0.1
            slots 1.05 EUR                               +0.10 at x0.1
            slots 1.15 EUR                               +0.11 at x0.1
            slots 1.049999999999999999 EUR               +0.10 at x0.1
            slots 1.05 EUR                               +0.11 at x0.1
            slots 1.15 EUR                               +0.12 at x0.1
            slots 1.05 EUR                               +0.10 at x0.1
            slots 1.050000000000000001 EUR               +0.11 at x0.1
            slots 1.15 EUR                               +0.12 at x0.1
            slots 1.99 USD                               +0.00 at x0.0025
            slots 2.00 USD                               +0.01 at x0.0025
        "#]],
    );
}

#[test]
fn points_are_exact_where_the_product_needs_256_bits() {
    check(
        "
        program  slots x0.99999999, rate BTC 61000.12345678, half-even
        wager  slots 1000000000 BTC
        wager  slots 123456789.123456789123456789 BTC
        program  slots x0.00000001, rate BIG 99999.99999999, half-up
        wager  slots 999999999999.999999999999999999 BIG
        program  slots x1000
        wager  slots 1000000000000 EUR
        wager  slots 999999999999.999999999999999999 EUR
        program  slots x1000, half-up
        wager  slots 999999999999.999999999999999999 EUR
        wager  slots 1000000000000.000000000000000000 EUR
        program  slots x1000.00000001
        wager  slots 1000000000000 EUR
        program  slots x10000000000, rate BIG 10000000000
        wager  slots 1000000000000 BIG
        ",
        expect![[r#"
            slots 1000000000 BTC                         +61000122846778.77 at x61000.1228467787654322
            slots 123456789.123456789123456789 BTC       +7530879302799.72 at x61000.1228467787654322
            slots 999999999999.999999999999999999 BIG    +1000000000.00 at x0.0009999999999999
            slots 1000000000000 EUR                      +1000000000000000.00 at x1000
            slots 999999999999.999999999999999999 EUR    +999999999999999.99 at x1000
            slots 999999999999.999999999999999999 EUR    +1000000000000000.00 at x1000
            slots 1000000000000.000000000000000000 EUR   +1000000000000000.00 at x1000
            slots 1000000000000 EUR                      out of range
            slots 1000000000000 BIG                      out of range
        "#]],
    );
}

#[test]
fn points_are_cut_to_what_is_left_of_the_wagers_own_day() {
    check(
        "
        program  slots x1, cap 50, zone 2
        wager  slots 30.00 EUR at 1
        wager  slots 30.00 EUR at 21
        wager  slots 30.00 EUR at 21
        wager  slots 30.00 EUR at 22
        wager  slots 0.004 EUR at 22
        wager  slots 30.00 EUR at 3
        program  slots x1, cap 10
        wager  slots 1.00 EUR at 3
        program  slots x1, cap 0
        wager  slots 1.00 EUR at 99
        ",
        expect![[r#"
            slots 30.00 EUR at 1                         +30.00 at x1, day 0, capped 0.00
            slots 30.00 EUR at 21                        +20.00 at x1, day 0, capped 10.00
            slots 30.00 EUR at 21                        +0.00 at x1, day 0, capped 30.00
            slots 30.00 EUR at 22                        +30.00 at x1, day 1, capped 0.00
            slots 0.004 EUR at 22                        +0.00 at x1, day 1, capped 0.00
            slots 30.00 EUR at 3                         +0.00 at x1, day 0, capped 30.00
            slots 1.00 EUR at 3                          +0.00 at x1, day 0, capped 1.00
            slots 1.00 EUR at 99                         +0.00 at x1, day 4, capped 1.00
        "#]],
    );
}

#[test]
fn a_day_of_which_nothing_is_known_any_more_is_too_old_for_a_cap_and_for_nothing_else() {
    check(
        "
        program  slots x1, cap 50
        wager  slots 30.00 EUR cap forgotten
        wager  poker 30.00 EUR cap forgotten
        program  slots x1
        wager  slots 30.00 EUR cap forgotten
        ",
        expect![[r#"
            slots 30.00 EUR cap forgotten                refused too_old_for_cap
            poker 30.00 EUR cap forgotten                refused zero_multiplier
            slots 30.00 EUR cap forgotten                +30.00 at x1
        "#]],
    );
}

#[test]
fn the_players_level_multiplies_and_one_that_the_program_does_not_know_does_not() {
    check(
        "
        program  slots x0.1, levels x1 x1.5 x2
        wager  slots 10.00 EUR
        wager  slots 10.00 EUR level 0
        wager  slots 10.00 EUR level 1
        wager  slots 10.00 EUR level 2
        program  slots x0.1
        wager  slots 10.00 EUR level 2
        ",
        expect![[r#"
            slots 10.00 EUR                              +1.00 at x0.1
            slots 10.00 EUR level 0                      +1.00 at x0.1
            slots 10.00 EUR level 1                      +1.50 at x0.15
            slots 10.00 EUR level 2                      +2.00 at x0.2
            slots 10.00 EUR level 2                      +1.00 at x0.1
        "#]],
    );
}

#[test]
fn a_result_that_does_not_fit_is_out_of_range_even_where_a_cap_would_cut_it() {
    check(
        "
        program  slots x10000, cap 50
        wager  slots 1000000000000 EUR
        ",
        expect![[r#"
            slots 1000000000000 EUR                      out of range
        "#]],
    );
}

/// Multiplies and divides decimal texts as on paper, and rounds by looking at the digits cut off.
fn points_on_paper(stake: u128, rates: [u64; 3], bonus: u128, rounding: Rounding) -> Vec<u8> {
    const CUT: usize = 18 + 3 * 8 - 2;
    let mut product = digits(stake);
    for factor in rates.map(|rate| digits(rate.into())) {
        let mut columns = vec![0_u32; product.len() + factor.len() + 1];
        for (i, a) in product.iter().enumerate() {
            for (j, b) in factor.iter().enumerate() {
                columns[i + j] += u32::from(*a) * u32::from(*b);
            }
        }
        product = carried(columns);
    }
    product.resize(product.len().max(CUT + 1), 0);
    let (cut, kept) = product.split_at(CUT);
    let mut sum: Vec<u32> = kept.iter().map(|digit| u32::from(*digit)).collect();
    sum.resize(sum.len().max(40) + 1, 0);
    for (at, digit) in digits(bonus).into_iter().enumerate() {
        sum[at] += u32::from(digit);
    }
    let mut sum: Vec<u32> = carried(sum).into_iter().map(u32::from).collect();
    let (last, before) = cut.split_last().unwrap();
    let beyond_half = *last > 5 || (*last == 5 && before.iter().any(|digit| *digit > 0));
    let half = *last == 5 && !beyond_half;
    sum[0] += u32::from(match rounding {
        Rounding::Down => false,
        Rounding::HalfUp => half || beyond_half,
        Rounding::HalfEven => beyond_half || (half && sum[0] % 2 == 1),
    });
    let mut points = carried(sum);
    while points.last() == Some(&0) {
        points.pop();
    }
    points
}

fn carried(mut columns: Vec<u32>) -> Vec<u8> {
    for at in 1..columns.len() {
        columns[at] += columns[at - 1] / 10;
        columns[at - 1] %= 10;
    }
    columns.into_iter().map(|digit| u8::try_from(digit).unwrap()).collect()
}

/// Decimal digits, lowest first, none for zero.
fn digits(number: u128) -> Vec<u8> {
    let text = if number == 0 { String::new() } else { number.to_string() };
    text.bytes().rev().map(|digit| digit - b'0').collect()
}

/// Numbers of every length up to `max`, round ones among them, for halves come from those.
fn up_to(max: u128) -> impl Strategy<Value = u128> {
    (1..=max, 0..39_u32, any::<bool>()).prop_map(|(number, places, round)| {
        let unit = 10_u128.saturating_pow(places);
        if round && unit <= number { number / unit * unit } else { (number / unit).max(1) }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn points_are_what_paper_says(
        stake in up_to(Amount::MAX.atto()),
        rate in up_to(Rate::MAX.units().into()),
        base in up_to(Rate::MAX.units().into()),
        multiply in up_to(1_000 * u128::from(Rate::ONE.units())),
        bonus in up_to(1_000_000),
        rounding in prop::sample::select(vec![Rounding::Down, Rounding::HalfUp, Rounding::HalfEven]),
    ) {
        let [rate, base, multiply] = [rate, base, multiply].map(|rate| u64::try_from(rate).unwrap());
        let mut program = Program::new("EUR");
        program.rates.insert("USD".into(), Rate::from_units(rate).unwrap());
        program.rules.earning.default_multiplier = Rate::from_units(base).unwrap();
        program.rules.earning.rounding = rounding;
        program.promotions = [Promotion {
            name: "p".into(),
            when: When::default(),
            jurisdictions: [].into(),
            condition: None,
            multiply: Rate::from_units(multiply).unwrap(),
            bonus: Points::from_hundredths(i64::try_from(bonus).unwrap()).unwrap(),
            budget: None,
        }]
        .into();
        let wager = Wager {
            wager_id: "w".into(),
            player_id: "p".into(),
            operator_id: "o".into(),
            game_id: "g".into(),
            game_category: "c".into(),
            stake: Amount::from_atto(stake).unwrap(),
            win: None,
            currency: "USD".into(),
            segment: None,
            jurisdiction: "j".into(),
            gaming_system: None,
sequence: None,
            at: Timestamp::default(),
        };
        let expected = points_on_paper(stake, [rate, base, multiply], bonus, rounding);
        match decide(&program, &wager, Standing::NEW) {
            Decision::Counted(earned) => {
                let hundredths = u128::try_from(earned.points.hundredths()).unwrap();
                prop_assert_eq!(digits(hundredths), expected);
            }
            Decision::OutOfRange => {
                let max = digits(u128::try_from(Points::MAX.hundredths()).unwrap());
                let longer = expected.len() > max.len();
                prop_assert!(longer || expected.iter().rev().gt(max.iter().rev()));
            }
            Decision::Refused(refusal) => prop_assert!(false, "refused: {}", refusal.code()),
        }
    }
}
