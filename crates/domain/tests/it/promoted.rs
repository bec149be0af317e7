//! What promotions make of a wager.

use expect_test::expect;

use crate::scenario::check;

#[test]
fn promotions_that_hold_together_multiply_and_add_each_by_name() {
    check(
        "
        program  slots x0.1, promotion double x2 from 10 to 20, promotion launch +5 from 15, promotion half x0.5 to 5
        wager  slots 10.00 EUR at 9
        wager  slots 10.00 EUR at 10
        wager  slots 10.00 EUR at 15
        wager  slots 10.00 EUR at 20
        wager  slots 10.00 EUR at 4
        ",
        expect![[r#"
            slots 10.00 EUR at 9                         +1.00 at x0.1
            slots 10.00 EUR at 10                        +2.00 at x0.2, double
            slots 10.00 EUR at 15                        +7.00 at x0.2, double, launch
            slots 10.00 EUR at 20                        +6.00 at x0.1, launch
            slots 10.00 EUR at 4                         +0.50 at x0.05, half
        "#]],
    );
}

#[test]
fn of_promotions_of_which_only_the_first_counts_the_order_of_the_document_decides() {
    check(
        "
        program  slots x0.1, promotion double x2 from 10, promotion triple x3, first promotion
        wager  slots 10.00 EUR at 9
        wager  slots 10.00 EUR at 10
        ",
        expect![[r#"
            slots 10.00 EUR at 9                         +3.00 at x0.3, triple
            slots 10.00 EUR at 10                        +2.00 at x0.2, double
        "#]],
    );
}

#[test]
fn a_promotion_of_a_jurisdiction_counts_nowhere_else() {
    check(
        "
        program  slots x0.1, promotion double x2 in Malta, promotion bonus +0.01 in Ontario
        wager  slots 10.00 EUR in Malta
        wager  slots 10.00 EUR in Ontario
        wager  slots 10.00 EUR in Sweden
        ",
        expect![[r#"
            slots 10.00 EUR in Malta                     +2.00 at x0.2, double
            slots 10.00 EUR in Ontario                   +1.01 at x0.1, bonus
            slots 10.00 EUR in Sweden                    +1.00 at x0.1
        "#]],
    );
}

#[test]
fn a_promotion_with_a_condition_counts_where_it_is_true_and_else_makes_room_for_the_next() {
    check(
        "
        program  slots x0.1, poker x0.1, promotion double x2 where slots, promotion triple x3 from 10
        wager  slots 10.00 EUR
        wager  poker 10.00 EUR
        wager  slots 10.00 EUR at 10
        program  slots x0.1, poker x0.1, promotion double x2 where slots, promotion triple x3, first promotion
        wager  slots 10.00 EUR
        wager  poker 10.00 EUR
        ",
        expect![[r#"
            slots 10.00 EUR                              +2.00 at x0.2, double
            poker 10.00 EUR                              +1.00 at x0.1
            slots 10.00 EUR at 10                        +6.00 at x0.6, double, triple
            slots 10.00 EUR                              +2.00 at x0.2, double
            poker 10.00 EUR                              +3.00 at x0.3, triple
        "#]],
    );
}

#[test]
fn what_is_added_is_not_multiplied_and_is_cut_by_the_cap_like_all_else() {
    check(
        "
        program  slots x0.1, cap 8, promotion double x2, promotion launch +5
        wager  slots 10.00 EUR
        wager  slots 10.00 EUR
        ",
        expect![[r#"
            slots 10.00 EUR                              +7.00 at x0.2, double, launch, day 0, capped 0.00
            slots 10.00 EUR                              +1.00 at x0.2, double, launch, day 0, capped 6.00
        "#]],
    );
}

#[test]
fn a_half_goes_to_the_even_neighbour_of_the_sum() {
    check(
        "
        program  slots x0.001, half-even, promotion odd +0.01
        wager  slots 5.00 EUR
        wager  slots 15.00 EUR
        program  slots x0.001, half-even
        wager  slots 5.00 EUR
        wager  slots 15.00 EUR
        ",
        expect![[r#"
            slots 5.00 EUR                               +0.02 at x0.001, odd
            slots 15.00 EUR                              +0.02 at x0.001, odd
            slots 5.00 EUR                               +0.00 at x0.001
            slots 15.00 EUR                              +0.02 at x0.001
        "#]],
    );
}

#[test]
fn a_wager_that_earns_nothing_gets_no_bonus_either() {
    check(
        "
        program  slots x0.1, min 5, promotion launch +5
        wager  slots 4.99 EUR
        wager  poker 10.00 EUR
        ",
        expect![[r#"
            slots 4.99 EUR                               refused below_minimum
            poker 10.00 EUR                              refused zero_multiplier
        "#]],
    );
}

#[test]
fn a_product_with_more_digits_than_are_kept_is_out_of_range_and_not_wrapped() {
    check(
        "
        program  slots x1, promotion a x123.45678901, promotion b x123.45678901
        wager  slots 1.00 EUR
        program  slots x1, promotion a x123.45678901, promotion b x123.45678901, promotion c x123.45678901, promotion d x123.45678901
        wager  slots 1.00 EUR
        ",
        expect![[r#"
            slots 1.00 EUR                               +15241.57 at x15241.5787526596567801, a, b
            slots 1.00 EUR                               out of range
        "#]],
    );
}
