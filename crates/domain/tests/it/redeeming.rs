//! Terms of redemption, and what it and others are called.

use accolade_domain::amount::Points;
use accolade_domain::redemption::{HOLD_MINUTES_MAX, HoldFor, RedemptionState, Terms};

use crate::zones::utc;

#[test]
fn points_are_held_for_a_minute_up_to_thirty_days() {
    assert_eq!((HoldFor::new(0), HoldFor::new(HOLD_MINUTES_MAX + 1)), (None, None));
    let until = |minutes| HoldFor::new(minutes).unwrap().until(utc("2024-01-15 10:00"));
    assert_eq!(until(1), utc("2024-01-15 10:01"));
    assert_eq!(until(HOLD_MINUTES_MAX), utc("2024-02-14 10:00"));
}

#[test]
fn where_a_program_says_nothing_a_hundredth_is_held_for_a_quarter_of_an_hour() {
    let Terms { min_points, hold_for } = Terms::default();
    assert_eq!(min_points, Points::parse("0.01").unwrap());
    assert_eq!(hold_for.until(utc("2024-01-15 10:00")), utc("2024-01-15 10:15"));
}

#[test]
fn states_of_redemptions_have_stable_codes() {
    let codes = RedemptionState::ALL.map(RedemptionState::code);
    assert_eq!(codes, ["reserved", "confirmed", "cancelled", "lapsed", "requested"]);
}
