//! When days begin, where clocks are set at midnight.

use accolade_domain::civil::begin_of_day;
use accolade_domain::time::{DAY_MICROS, Timestamp, ZoneOffsets};
use expect_test::{Expect, expect};

use crate::zones::{NAMES, date, shown, zone};

/// Writes down at which moment each day begins, and what clocks show then and a moment before.
fn check(name: &str, days: &[&str], expected: Expect) {
    let zone = zone(name);
    let line = |day: &&str| {
        let begins = begin_of_day(date(day).to_day(), &zone);
        let utc = &shown(begins, &ZoneOffsets::default())[4..];
        let before = shown(begins.plus_micros(-1), &zone);
        format!("{day}  {utc}Z  {}, before it {before}\n", shown(begins, &zone))
    };
    expected.assert_eq(&days.iter().map(line).collect::<String>());
}

#[test]
fn a_day_without_a_midnight_begins_with_what_the_clock_is_set_to() {
    check(
        "America/Santiago",
        &["2024-09-07", "2024-09-08", "2024-09-09"],
        expect![[r#"
        2024-09-07  2024-09-07 04:00Z  Sat 2024-09-07 00:00, before it Fri 2024-09-06 23:59
        2024-09-08  2024-09-08 04:00Z  Sun 2024-09-08 01:00, before it Sat 2024-09-07 23:59
        2024-09-09  2024-09-09 03:00Z  Mon 2024-09-09 00:00, before it Sun 2024-09-08 23:59
    "#]],
    );
    check(
        "Asia/Beirut",
        &["2024-03-30", "2024-03-31", "2024-04-01"],
        expect![[r#"
        2024-03-30  2024-03-29 22:00Z  Sat 2024-03-30 00:00, before it Fri 2024-03-29 23:59
        2024-03-31  2024-03-30 22:00Z  Sun 2024-03-31 01:00, before it Sat 2024-03-30 23:59
        2024-04-01  2024-03-31 21:00Z  Mon 2024-04-01 00:00, before it Sun 2024-03-31 23:59
    "#]],
    );
    check(
        "Africa/Cairo",
        &["2024-04-26", "2010-04-30", "2010-09-10"],
        expect![[r#"
        2024-04-26  2024-04-25 22:00Z  Fri 2024-04-26 01:00, before it Thu 2024-04-25 23:59
        2010-04-30  2010-04-29 22:00Z  Fri 2010-04-30 01:00, before it Thu 2010-04-29 23:59
        2010-09-10  2010-09-09 22:00Z  Fri 2010-09-10 01:00, before it Thu 2010-09-09 23:59
    "#]],
    );
    check(
        "Asia/Kathmandu",
        &["1985-12-31", "1986-01-01", "1986-01-02"],
        expect![[r#"
        1985-12-31  1985-12-30 18:30Z  Tue 1985-12-31 00:00, before it Mon 1985-12-30 23:59
        1986-01-01  1985-12-31 18:30Z  Wed 1986-01-01 00:15, before it Tue 1985-12-31 23:59
        1986-01-02  1986-01-01 18:15Z  Thu 1986-01-02 00:00, before it Wed 1986-01-01 23:59
    "#]],
    );
}

#[test]
fn a_day_whose_last_hour_comes_twice_ends_after_the_second() {
    check(
        "America/Santiago",
        &["2024-04-06", "2024-04-07"],
        expect![[r#"
        2024-04-06  2024-04-06 03:00Z  Sat 2024-04-06 00:00, before it Fri 2024-04-05 23:59
        2024-04-07  2024-04-07 04:00Z  Sun 2024-04-07 00:00, before it Sat 2024-04-06 23:59
    "#]],
    );
    check(
        "Asia/Beirut",
        &["2024-10-26", "2024-10-27"],
        expect![[r#"
        2024-10-26  2024-10-25 21:00Z  Sat 2024-10-26 00:00, before it Fri 2024-10-25 23:59
        2024-10-27  2024-10-26 22:00Z  Sun 2024-10-27 00:00, before it Sat 2024-10-26 23:59
    "#]],
    );
    check(
        "Africa/Cairo",
        &["2010-08-11", "2010-10-01", "2024-11-01"],
        expect![[r#"
        2010-08-11  2010-08-10 22:00Z  Wed 2010-08-11 00:00, before it Tue 2010-08-10 23:59
        2010-10-01  2010-09-30 22:00Z  Fri 2010-10-01 00:00, before it Thu 2010-09-30 23:59
        2024-11-01  2024-10-31 22:00Z  Fri 2024-11-01 00:00, before it Thu 2024-10-31 23:59
    "#]],
    );
}

#[test]
fn clocks_that_are_set_at_night_leave_midnight_alone() {
    check(
        "Europe/Malta",
        &["2024-03-31", "2024-04-01", "2024-10-27", "2024-10-28"],
        expect![[r#"
            2024-03-31  2024-03-30 23:00Z  Sun 2024-03-31 00:00, before it Sat 2024-03-30 23:59
            2024-04-01  2024-03-31 22:00Z  Mon 2024-04-01 00:00, before it Sun 2024-03-31 23:59
            2024-10-27  2024-10-26 22:00Z  Sun 2024-10-27 00:00, before it Sat 2024-10-26 23:59
            2024-10-28  2024-10-27 23:00Z  Mon 2024-10-28 00:00, before it Sun 2024-10-27 23:59
        "#]],
    );
}

#[test]
fn a_day_that_was_left_out_begins_with_the_next() {
    check(
        "Pacific/Apia",
        &["2011-12-29", "2011-12-30", "2011-12-31", "2012-01-01"],
        expect![[r#"
            2011-12-29  2011-12-29 10:00Z  Thu 2011-12-29 00:00, before it Wed 2011-12-28 23:59
            2011-12-30  2011-12-30 10:00Z  Sat 2011-12-31 00:00, before it Thu 2011-12-29 23:59
            2011-12-31  2011-12-30 10:00Z  Sat 2011-12-31 00:00, before it Thu 2011-12-29 23:59
            2012-01-01  2011-12-31 10:00Z  Sun 2012-01-01 00:00, before it Sat 2011-12-31 23:59
        "#]],
    );
}

#[test]
fn a_midnight_that_comes_twice_begins_the_day_the_first_time() {
    // A minute after midnight, clocks go back by an hour, as they did in America/St_Johns.
    let midnight = 10 * DAY_MICROS + 9_000_000_000;
    let minute_after = Timestamp::from_micros(midnight + 60_000_000);
    let zone = ZoneOffsets(vec![(Timestamp::default(), -9_000), (minute_after, -12_600)]);
    let day = zone.day(Timestamp::from_micros(midnight));
    assert_eq!(begin_of_day(day, &zone), Timestamp::from_micros(midnight));
    assert!(zone.day(minute_after) < day, "the day before goes on");
}

#[test]
fn days_follow_one_another_in_every_zone() {
    for name in NAMES {
        let zone = zone(name);
        let (first, last) = (date("1984-12-31").to_day(), date("2026-12-31").to_day());
        let mut before = begin_of_day(first, &zone);
        for day in first.0 + 1..=last.0 {
            let day = accolade_domain::time::Day(day);
            let begins = begin_of_day(day, &zone);
            let is_left_out = name == "Pacific/Apia" && day == date("2011-12-31").to_day();
            assert_eq!(before < begins, !is_left_out, "{name} {day:?}");
            assert!(begins.micros() - before.micros() <= 25 * 3_600_000_000, "{name} {day:?}");
            assert!(
                zone.day(begins) >= day && zone.day(begins.plus_micros(-1)) < day,
                "{name} {day:?}"
            );
            before = begins;
        }
    }
}
