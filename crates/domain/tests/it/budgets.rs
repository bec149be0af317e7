//! What budgets of promotions let a wager have.

use accolade_domain::amount::Points;
use accolade_domain::budget::Budget;
use expect_test::expect;

use crate::scenario::check;

#[test]
fn a_budget_gives_until_it_is_used_up_and_never_more() {
    check(
        "
        program  slots x0.1, promotion launch +5 budget 12
        wager  slots 10.00 EUR player a
        wager  slots 10.00 EUR player b
        wager  slots 10.00 EUR player a
        wager  slots 10.00 EUR player c
        ",
        expect![[r#"
            slots 10.00 EUR player a                     +6.00 at x0.1, launch, launch gave 5.00 and lacked 0.00
            slots 10.00 EUR player b                     +6.00 at x0.1, launch, launch gave 5.00 and lacked 0.00
            slots 10.00 EUR player a                     +3.00 at x0.1, launch, launch gave 2.00 and lacked 3.00
            slots 10.00 EUR player c                     +1.00 at x0.1, launch gave 0.00 and lacked 5.00
        "#]],
    );
}

#[test]
fn a_player_gets_no_more_than_a_players_part() {
    check(
        "
        program  slots x0.1, promotion launch +5 budget 100 each 8
        wager  slots 10.00 EUR player a
        wager  slots 10.00 EUR player a
        wager  slots 10.00 EUR player a
        wager  slots 10.00 EUR player b
        program  slots x0.1, promotion launch +5 each 8
        wager  slots 10.00 EUR player b
        wager  slots 10.00 EUR player c
        ",
        expect![[r#"
            slots 10.00 EUR player a                     +6.00 at x0.1, launch, launch gave 5.00 and lacked 0.00
            slots 10.00 EUR player a                     +4.00 at x0.1, launch, launch gave 3.00 and lacked 2.00
            slots 10.00 EUR player a                     +1.00 at x0.1, launch gave 0.00 and lacked 5.00
            slots 10.00 EUR player b                     +6.00 at x0.1, launch, launch gave 5.00 and lacked 0.00
            slots 10.00 EUR player b                     +4.00 at x0.1, launch, launch gave 3.00 and lacked 2.00
            slots 10.00 EUR player c                     +6.00 at x0.1, launch, launch gave 5.00 and lacked 0.00
        "#]],
    );
}

#[test]
fn a_budget_of_which_nothing_was_said_yet_is_whole() {
    check(
        "
        program  slots x0.1, promotion launch +5 budget 12 each 2
        wager  slots 10.00 EUR rests unsaid
        program  slots x0.1, promotion launch +5 budget 3
        wager  slots 10.00 EUR rests unsaid
        ",
        expect![[r#"
            slots 10.00 EUR rests unsaid                 +3.00 at x0.1, launch, launch gave 2.00 and lacked 3.00
            slots 10.00 EUR rests unsaid                 +4.00 at x0.1, launch, launch gave 3.00 and lacked 2.00
        "#]],
    );
    let points = |hundredths| Points::from_hundredths(hundredths);
    let whole = |points, per_player| Budget { points, per_player }.whole();
    assert_eq!(Some(whole(points(5), None)), points(5));
    assert_eq!(Some(whole(None, points(5))), points(5));
    assert_eq!(Some(whole(points(5), points(6))), points(5));
    assert_eq!(Some(whole(points(6), points(5))), points(5));
}

#[test]
fn what_a_promotion_gives_is_what_the_wager_earns_more_with_it_than_without() {
    check(
        "
        program  slots x0.1, promotion double x2 budget 100, promotion triple x3, promotion launch +5
        wager  slots 10.00 EUR
        program  slots x0.1, promotion double x2, promotion triple x3 budget 100, promotion launch +5 budget 100
        wager  slots 10.00 EUR
        program  slots x0.1, promotion double x2 budget 100, promotion triple x3 budget 100
        wager  slots 10.00 EUR
        ",
        expect![[r#"
            slots 10.00 EUR                              +11.00 at x0.6, double, triple, launch, double gave 3.00 and lacked 0.00
            slots 10.00 EUR                              +11.00 at x0.6, double, triple, launch, triple gave 4.00 and lacked 0.00, launch gave 5.00 and lacked 0.00
            slots 10.00 EUR                              +6.00 at x0.6, double, triple, double gave 1.00 and lacked 0.00, triple gave 4.00 and lacked 0.00
        "#]],
    );
}

#[test]
fn one_whose_budget_is_used_up_does_not_count_and_those_after_it_do() {
    check(
        "
        program  slots x0.1, promotion double x2 budget 1.50, promotion triple x3 budget 100
        wager  slots 10.00 EUR
        wager  slots 10.00 EUR
        wager  slots 10.00 EUR
        ",
        expect![[r#"
            slots 10.00 EUR                              +6.00 at x0.6, double, triple, double gave 1.00 and lacked 0.00, triple gave 4.00 and lacked 0.00
            slots 10.00 EUR                              +5.50 at x0.6, double, triple, double gave 0.50 and lacked 0.50, triple gave 4.00 and lacked 0.00
            slots 10.00 EUR                              +3.00 at x0.3, triple, double gave 0.00 and lacked 1.00, triple gave 2.00 and lacked 0.00
        "#]],
    );
}

#[test]
fn of_promotions_of_which_only_the_first_counts_the_next_does_once_a_budget_is_used_up() {
    check(
        "
        program  slots x0.1, promotion triple x3 budget 3, promotion double x2, first promotion
        wager  slots 10.00 EUR
        wager  slots 10.00 EUR
        wager  slots 10.00 EUR
        program  slots x0.1, promotion launch +5 budget 7, promotion triple x3 budget 7, first promotion
        wager  slots 10.00 EUR player b
        wager  slots 10.00 EUR player b
        wager  slots 10.00 EUR player b
        ",
        expect![[r#"
            slots 10.00 EUR                              +3.00 at x0.3, triple, triple gave 2.00 and lacked 0.00
            slots 10.00 EUR                              +2.00 at x0.3, triple, triple gave 1.00 and lacked 1.00
            slots 10.00 EUR                              +2.00 at x0.2, double, triple gave 0.00 and lacked 2.00
            slots 10.00 EUR player b                     +6.00 at x0.1, launch, launch gave 5.00 and lacked 0.00
            slots 10.00 EUR player b                     +3.00 at x0.1, launch, launch gave 2.00 and lacked 3.00
            slots 10.00 EUR player b                     +3.00 at x0.3, triple, launch gave 0.00 and lacked 5.00, triple gave 2.00 and lacked 0.00
        "#]],
    );
}

#[test]
fn a_cap_takes_what_promotions_gave_first_and_the_last_that_is_listed_before_the_others() {
    check(
        "
        program  slots x1, cap 17, promotion launch +5 budget 100, promotion more +3 budget 100
        wager  slots 10.00 EUR
        program  slots x1, cap 33, promotion launch +5 budget 100, promotion more +3 budget 100
        wager  slots 10.00 EUR
        program  slots x1, cap 34, promotion launch +5 budget 100, promotion more +3 budget 100
        wager  slots 10.00 EUR
        wager  slots 10.00 EUR
        ",
        expect![[r#"
            slots 10.00 EUR                              +17.00 at x1, launch, more, day 0, capped 1.00, launch gave 5.00 and lacked 0.00, more gave 2.00 and lacked 0.00
            slots 10.00 EUR                              +16.00 at x1, launch, more, day 0, capped 2.00, launch gave 5.00 and lacked 0.00, more gave 1.00 and lacked 0.00
            slots 10.00 EUR                              +1.00 at x1, launch, more, day 0, capped 17.00, launch gave 0.00 and lacked 0.00, more gave 0.00 and lacked 0.00
            slots 10.00 EUR                              +0.00 at x1, launch, more, day 0, capped 18.00, launch gave 0.00 and lacked 0.00, more gave 0.00 and lacked 0.00
        "#]],
    );
}

#[test]
fn what_a_cap_has_taken_stays_in_the_budget() {
    check(
        "
        program  slots x1, cap 12, promotion launch +5 budget 6
        wager  slots 10.00 EUR at 1
        wager  slots 10.00 EUR at 25
        wager  slots 10.00 EUR at 49
        ",
        expect![[r#"
            slots 10.00 EUR at 1                         +12.00 at x1, launch, day 0, capped 3.00, launch gave 2.00 and lacked 0.00
            slots 10.00 EUR at 25                        +12.00 at x1, launch, day 1, capped 2.00, launch gave 2.00 and lacked 1.00
            slots 10.00 EUR at 49                        +12.00 at x1, launch, day 2, capped 0.00, launch gave 2.00 and lacked 3.00
        "#]],
    );
}

#[test]
fn each_step_is_rounded_as_the_program_says() {
    check(
        "
        program  slots x0.001, half-up, promotion most x1.5 budget 0.03, promotion double x2 budget 1
        wager  slots 15.00 EUR
        wager  slots 15.00 EUR
        wager  slots 15.00 EUR
        wager  slots 15.00 EUR
        wager  slots 15.00 EUR
        ",
        expect![[r#"
            slots 15.00 EUR                              +0.05 at x0.003, most, double, most gave 0.00 and lacked 0.00, double gave 0.03 and lacked 0.00
            slots 15.00 EUR                              +0.05 at x0.003, most, double, most gave 0.00 and lacked 0.00, double gave 0.03 and lacked 0.00
            slots 15.00 EUR                              +0.05 at x0.003, most, double, most gave 0.00 and lacked 0.00, double gave 0.03 and lacked 0.00
            slots 15.00 EUR                              +0.05 at x0.003, most, double, most gave 0.00 and lacked 0.00, double gave 0.03 and lacked 0.00
            slots 15.00 EUR                              +0.05 at x0.003, most, double, most gave 0.00 and lacked 0.00, double gave 0.03 and lacked 0.00
        "#]],
    );
}

#[test]
fn what_would_be_out_of_range_is_so_whatever_a_budget_has_left() {
    check(
        "
        program  slots x1, promotion huge x10000000000 budget 1
        wager  slots 1000000.00 EUR
        wager  slots 100000.00 EUR
        wager  slots 1000000.00 EUR
        ",
        expect![[r#"
            slots 1000000.00 EUR                         out of range
            slots 100000.00 EUR                          +100001.00 at x10000000000, huge, huge gave 1.00 and lacked 999999999899999.00
            slots 1000000.00 EUR                         +1000000.00 at x1, huge gave 0.00 and lacked 0.00
        "#]],
    );
}
