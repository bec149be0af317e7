//! When promotions hold, minute by minute.

use std::fmt::Write as _;

use accolade_domain::amount::{Points, Rate};
use accolade_domain::civil::{Date, Weekday};
use accolade_domain::promotion::{Dates, Every, Hours, Promotion, Weekdays, When};
use accolade_domain::time::{DAY_MICROS, Day, Timestamp, ZoneOffsets};
use expect_test::{Expect, expect};
use proptest::prelude::*;

use crate::zones::{self, minutes, shown, utc};

const MINUTE_MICROS: i64 = 60_000_000;

/// Writes down from when to when it holds, by the clock on the wall, and for how long.
fn check(zone: &str, every: &str, period: (&str, &str), expected: Expect) {
    let zone = zones::zone(zone);
    let when = When { every: Some(read(every)), ..When::default() };
    let mut transcript = String::new();
    let mut since = None;
    let (from, to) = (utc(period.0), utc(period.1));
    for minute in 0..=(to.micros() - from.micros()) / MINUTE_MICROS {
        let at = from.plus_micros(minute * MINUTE_MICROS);
        match (since, when.holds(at, &zone)) {
            (None, true) => since = Some(at),
            (Some(began), false) => {
                let (began_shown, ended_shown) = (shown(began, &zone), shown(at, &zone));
                let lasted = (at.micros() - began.micros()) / MINUTE_MICROS;
                let (hours, minutes) = (lasted / 60, lasted % 60);
                writeln!(transcript, "{began_shown} to {ended_shown}, {hours}:{minutes:02}")
                    .unwrap();
                since = None;
            }
            _ => {}
        }
    }
    assert_eq!(since, None, "the period ends in the middle");
    expected.assert_eq(&transcript);
}

/// Reads `days fri sat, hours 22:00-02:00, dates 1 last 12-24`.
fn read(text: &str) -> Every {
    let mut every = Every::default();
    for clause in text.split(", ") {
        let words: Vec<&str> = clause.split(' ').collect();
        match words.as_slice() {
            ["days", days @ ..] => every.days = days.iter().map(|day| weekday(day)).collect(),
            ["hours", hours @ ..] => {
                every.hours = hours
                    .iter()
                    .map(|hours| {
                        let (from, to) = hours.split_once('-').unwrap();
                        Hours::between(minutes(from), minutes(to)).unwrap()
                    })
                    .collect();
            }
            ["dates", dates @ ..] => dates.iter().for_each(|date| add(&mut every.dates, date)),
            _ => panic!("unknown clause `{clause}`"),
        }
    }
    every
}

fn weekday(text: &str) -> Weekday {
    let matches = |day: &Weekday| format!("{day:?}").to_lowercase().starts_with(text);
    Weekday::ALL.into_iter().find(matches).unwrap()
}

fn add(dates: &mut Dates, text: &str) {
    let is_date = match text.split_once('-') {
        Some((month, day)) => dates.add_yearly(month.parse().unwrap(), day.parse().unwrap()),
        None if text == "last" => {
            dates.add_last_of_months();
            true
        }
        None => dates.add_monthly(text.parse().unwrap()),
    };
    assert!(is_date, "{text}");
}

#[test]
fn a_weekend_is_from_midnight_to_midnight_whatever_clocks_do() {
    check(
        "Europe/Malta",
        "days sat sun",
        ("2024-03-22 12:00", "2024-04-02 12:00"),
        expect![[r#"
            Sat 2024-03-23 00:00 to Mon 2024-03-25 00:00, 48:00
            Sat 2024-03-30 00:00 to Mon 2024-04-01 00:00, 47:00
        "#]],
    );
    check(
        "Europe/Malta",
        "days sat sun",
        ("2024-10-25 12:00", "2024-10-29 12:00"),
        expect![[r#"
            Sat 2024-10-26 00:00 to Mon 2024-10-28 00:00, 49:00
        "#]],
    );
    check(
        "America/Santiago",
        "days sat sun",
        ("2024-04-05 12:00", "2024-04-09 12:00"),
        expect![[r#"
            Sat 2024-04-06 00:00 to Mon 2024-04-08 00:00, 49:00
        "#]],
    );
    check(
        "America/Santiago",
        "days sun",
        ("2024-09-06 12:00", "2024-09-10 12:00"),
        expect![[r#"
            Sun 2024-09-08 01:00 to Mon 2024-09-09 00:00, 23:00
        "#]],
    );
    check(
        "Asia/Beirut",
        "days sun",
        ("2024-03-30 12:00", "2024-04-02 12:00"),
        expect![[r#"
        Sun 2024-03-31 01:00 to Mon 2024-04-01 00:00, 23:00
    "#]],
    );
    check(
        "Africa/Cairo",
        "days fri",
        ("2010-04-28 12:00", "2010-05-02 12:00"),
        expect![[r#"
        Fri 2010-04-30 01:00 to Sat 2010-05-01 00:00, 23:00
    "#]],
    );
}

#[test]
fn a_day_that_was_left_out_has_no_promotion() {
    check(
        "Pacific/Apia",
        "days fri",
        ("2011-12-20 12:00", "2012-01-09 12:00"),
        expect![[r#"
        Fri 2011-12-23 00:00 to Sat 2011-12-24 00:00, 24:00
        Fri 2012-01-06 00:00 to Sat 2012-01-07 00:00, 24:00
    "#]],
    );
    check(
        "Pacific/Apia",
        "dates 30",
        ("2011-11-01 12:00", "2012-02-20 12:00"),
        expect![[r#"
        Wed 2011-11-30 00:00 to Thu 2011-12-01 00:00, 24:00
        Mon 2012-01-30 00:00 to Tue 2012-01-31 00:00, 24:00
    "#]],
    );
}

#[test]
fn hours_over_midnight_belong_to_the_day_on_which_they_began() {
    let every = "days fri, hours 22:00-02:00";
    check(
        "Europe/Malta",
        every,
        ("2024-11-13 12:00", "2024-11-24 12:00"),
        expect![[r#"
        Fri 2024-11-15 22:00 to Sat 2024-11-16 02:00, 4:00
        Fri 2024-11-22 22:00 to Sat 2024-11-23 02:00, 4:00
    "#]],
    );
    let every = "dates 12-31, hours 20:00-06:00";
    check(
        "Europe/Malta",
        every,
        ("2023-12-20 12:00", "2025-01-10 12:00"),
        expect![[r#"
        Sun 2023-12-31 20:00 to Mon 2024-01-01 06:00, 10:00
        Tue 2024-12-31 20:00 to Wed 2025-01-01 06:00, 10:00
    "#]],
    );
}

#[test]
fn hours_over_a_midnight_that_clocks_leave_out_or_come_back_to() {
    let every = "days sat, hours 23:00-02:00";
    check(
        "America/Santiago",
        every,
        ("2024-09-06 12:00", "2024-09-10 12:00"),
        expect![[r#"
        Sat 2024-09-07 23:00 to Sun 2024-09-08 02:00, 2:00
    "#]],
    );
    check(
        "America/Santiago",
        every,
        ("2024-04-05 12:00", "2024-04-09 12:00"),
        expect![[r#"
        Sat 2024-04-06 23:00 to Sun 2024-04-07 02:00, 4:00
    "#]],
    );
    check(
        "Asia/Beirut",
        every,
        ("2024-10-25 12:00", "2024-10-29 12:00"),
        expect![[r#"
        Sat 2024-10-26 23:00 to Sun 2024-10-27 02:00, 4:00
    "#]],
    );
    let every = "days tue, hours 22:30-00:30";
    check(
        "Africa/Cairo",
        every,
        ("2010-08-09 12:00", "2010-08-13 12:00"),
        expect![[r#"
        Tue 2010-08-10 22:30 to Wed 2010-08-11 00:30, 3:00
    "#]],
    );
}

#[test]
fn hours_over_a_day_that_was_left_out_began_on_the_last_that_was_not() {
    let period = ("2011-12-28 12:00", "2012-01-02 12:00");
    check(
        "Pacific/Apia",
        "days thu, hours 22:00-02:00",
        period,
        expect![[r#"
        Thu 2011-12-29 22:00 to Sat 2011-12-31 02:00, 4:00
    "#]],
    );
    check("Pacific/Apia", "days fri, hours 22:00-02:00", period, expect![[r#""#]]);
}

#[test]
fn an_hour_that_comes_twice_counts_twice_and_one_left_out_does_not_come() {
    let every = "hours 02:00-03:00";
    check(
        "Europe/Malta",
        every,
        ("2024-03-29 12:00", "2024-04-01 12:00"),
        expect![[r#"
        Sat 2024-03-30 02:00 to Sat 2024-03-30 03:00, 1:00
        Mon 2024-04-01 02:00 to Mon 2024-04-01 03:00, 1:00
    "#]],
    );
    check(
        "Europe/Malta",
        every,
        ("2024-10-26 12:00", "2024-10-28 12:00"),
        expect![[r#"
        Sun 2024-10-27 02:00 to Sun 2024-10-27 03:00, 2:00
        Mon 2024-10-28 02:00 to Mon 2024-10-28 03:00, 1:00
    "#]],
    );
    let every = "hours 00:00-00:30";
    check(
        "Asia/Kathmandu",
        every,
        ("1985-12-30 12:00", "1986-01-02 12:00"),
        expect![[r#"
        Tue 1985-12-31 00:00 to Tue 1985-12-31 00:30, 0:30
        Wed 1986-01-01 00:15 to Wed 1986-01-01 00:30, 0:15
        Thu 1986-01-02 00:00 to Thu 1986-01-02 00:30, 0:30
    "#]],
    );
    check(
        "Asia/Beirut",
        every,
        ("2024-03-29 12:00", "2024-04-01 12:00"),
        expect![[r#"
        Sat 2024-03-30 00:00 to Sat 2024-03-30 00:30, 0:30
        Mon 2024-04-01 00:00 to Mon 2024-04-01 00:30, 0:30
    "#]],
    );
}

#[test]
fn hours_that_end_when_they_begin_last_a_day() {
    let every = "days mon, hours 18:00-18:00";
    check(
        "Europe/Malta",
        every,
        ("2024-11-10 12:00", "2024-11-13 12:00"),
        expect![[r#"
        Mon 2024-11-11 18:00 to Tue 2024-11-12 18:00, 24:00
    "#]],
    );
    let every = "days mon, hours 00:00-24:00";
    check(
        "Europe/Malta",
        every,
        ("2024-11-10 12:00", "2024-11-13 12:00"),
        expect![[r#"
        Mon 2024-11-11 00:00 to Tue 2024-11-12 00:00, 24:00
    "#]],
    );
    let every = "days mon, hours 00:00-00:00";
    check(
        "Europe/Malta",
        every,
        ("2024-11-10 12:00", "2024-11-13 12:00"),
        expect![[r#"
        Mon 2024-11-11 00:00 to Tue 2024-11-12 00:00, 24:00
    "#]],
    );
}

#[test]
fn hours_may_overlap_and_one_of_them_is_enough() {
    let every = "days tue, hours 08:00-10:00 09:00-11:00 20:00-21:00";
    check(
        "Europe/Malta",
        every,
        ("2024-11-10 12:00", "2024-11-13 12:00"),
        expect![[r#"
        Tue 2024-11-12 08:00 to Tue 2024-11-12 11:00, 3:00
        Tue 2024-11-12 20:00 to Tue 2024-11-12 21:00, 1:00
    "#]],
    );
    let every = "days tue wed, hours 22:00-02:00 23:00-01:00 01:30-03:00";
    check(
        "Europe/Malta",
        every,
        ("2024-11-11 12:00", "2024-11-15 12:00"),
        expect![[r#"
        Tue 2024-11-12 01:30 to Tue 2024-11-12 03:00, 1:30
        Tue 2024-11-12 22:00 to Wed 2024-11-13 03:00, 5:00
        Wed 2024-11-13 22:00 to Thu 2024-11-14 02:00, 4:00
    "#]],
    );
}

#[test]
fn dates_come_each_month_that_has_them_or_each_year() {
    let year = ("2023-12-25 12:00", "2025-01-10 12:00");
    check(
        "Europe/Malta",
        "dates 31",
        year,
        expect![[r#"
        Sun 2023-12-31 00:00 to Mon 2024-01-01 00:00, 24:00
        Wed 2024-01-31 00:00 to Thu 2024-02-01 00:00, 24:00
        Sun 2024-03-31 00:00 to Mon 2024-04-01 00:00, 23:00
        Fri 2024-05-31 00:00 to Sat 2024-06-01 00:00, 24:00
        Wed 2024-07-31 00:00 to Thu 2024-08-01 00:00, 24:00
        Sat 2024-08-31 00:00 to Sun 2024-09-01 00:00, 24:00
        Thu 2024-10-31 00:00 to Fri 2024-11-01 00:00, 24:00
        Tue 2024-12-31 00:00 to Wed 2025-01-01 00:00, 24:00
    "#]],
    );
    check(
        "Europe/Malta",
        "dates last",
        year,
        expect![[r#"
        Sun 2023-12-31 00:00 to Mon 2024-01-01 00:00, 24:00
        Wed 2024-01-31 00:00 to Thu 2024-02-01 00:00, 24:00
        Thu 2024-02-29 00:00 to Fri 2024-03-01 00:00, 24:00
        Sun 2024-03-31 00:00 to Mon 2024-04-01 00:00, 23:00
        Tue 2024-04-30 00:00 to Wed 2024-05-01 00:00, 24:00
        Fri 2024-05-31 00:00 to Sat 2024-06-01 00:00, 24:00
        Sun 2024-06-30 00:00 to Mon 2024-07-01 00:00, 24:00
        Wed 2024-07-31 00:00 to Thu 2024-08-01 00:00, 24:00
        Sat 2024-08-31 00:00 to Sun 2024-09-01 00:00, 24:00
        Mon 2024-09-30 00:00 to Tue 2024-10-01 00:00, 24:00
        Thu 2024-10-31 00:00 to Fri 2024-11-01 00:00, 24:00
        Sat 2024-11-30 00:00 to Sun 2024-12-01 00:00, 24:00
        Tue 2024-12-31 00:00 to Wed 2025-01-01 00:00, 24:00
    "#]],
    );
    check(
        "Europe/Malta",
        "dates 12-24 12-26 02-29",
        year,
        expect![[r#"
        Tue 2023-12-26 00:00 to Wed 2023-12-27 00:00, 24:00
        Thu 2024-02-29 00:00 to Fri 2024-03-01 00:00, 24:00
        Tue 2024-12-24 00:00 to Wed 2024-12-25 00:00, 24:00
        Thu 2024-12-26 00:00 to Fri 2024-12-27 00:00, 24:00
    "#]],
    );
    check(
        "Europe/Malta",
        "dates 13, days fri",
        year,
        expect![[r#"
        Fri 2024-09-13 00:00 to Sat 2024-09-14 00:00, 24:00
        Fri 2024-12-13 00:00 to Sat 2024-12-14 00:00, 24:00
    "#]],
    );
}

#[test]
fn a_promotion_holds_from_its_first_moment_and_no_longer_at_its_last() {
    let (from, to) = (utc("2024-11-15 00:00"), utc("2024-11-18 00:00"));
    let when = When { from: Some(from), to: Some(to), every: None };
    let zone = zones::zone("Europe/Malta");
    let holds = |when: &When, at: Timestamp| when.holds(at, &zone);
    assert!(!holds(&when, from.plus_micros(-1)) && holds(&when, from));
    assert!(holds(&when, to.plus_micros(-1)) && !holds(&when, to));
    let open = When { to: None, ..when.clone() };
    assert!(holds(&open, to) && !holds(&open, from.plus_micros(-1)));
    let mondays = When { every: Some(read("days mon")), ..when };
    assert!(!holds(&mondays, from), "a Friday");
    assert!(holds(&mondays, utc("2024-11-17 23:00")), "Monday in Malta");
    assert!(!holds(&mondays, to), "Monday, and over");
    assert!(
        holds(&When::default(), to) && holds(&When::default(), Timestamp::from_micros(i64::MIN))
    );
}

#[test]
fn a_promotion_without_jurisdictions_holds_in_all() {
    let promotion = |names: &[&str]| Promotion {
        name: "launch".into(),
        when: When { to: Some(utc("2024-11-18 00:00")), ..When::default() },
        jurisdictions: names.iter().map(|name| Box::from(*name)).collect(),
        condition: None,
        multiply: Rate::ONE,
        bonus: Points::parse("5").unwrap(),
        budget: None,
    };
    let zone = ZoneOffsets::default();
    let (during, after) = (utc("2024-11-17 00:00"), utc("2024-11-18 00:00"));
    let everywhere = promotion(&[]);
    assert!(everywhere.holds(during, "Malta", &zone) && !everywhere.holds(after, "Malta", &zone));
    let two = promotion(&["Malta", "Ontario"]);
    assert!(two.holds(during, "Malta", &zone) && two.holds(during, "Ontario", &zone));
    assert!(!two.holds(during, "malta", &zone), "names match exactly");
    assert!(!two.holds(after, "Malta", &zone));
}

#[test]
fn what_no_day_or_year_has_is_not_taken() {
    assert!(Hours::between(1440, 10).is_none() && Hours::between(10, 1441).is_none());
    assert!(Hours::between(1439, 1440).is_some());
    let mut dates = Dates::default();
    assert!(!dates.add_monthly(0) && !dates.add_monthly(32) && !dates.add_monthly(255));
    assert!(!dates.add_yearly(2, 30) && !dates.add_yearly(0, 1) && !dates.add_yearly(13, 1));
    assert!(dates.is_empty());
    assert!(dates.add_yearly(2, 29) && !dates.is_empty());
}

#[test]
fn a_date_that_is_named_twice_is_one() {
    let mut once = Dates::default();
    add(&mut once, "last");
    add(&mut once, "12-24");
    add(&mut once, "13");
    let mut twice = once;
    for date in ["last", "12-24", "13"] {
        add(&mut twice, date);
    }
    assert_eq!(twice, once);
    let friday = |count| std::iter::repeat_n(Weekday::Friday, count).collect::<Weekdays>();
    assert_eq!(friday(2), friday(1));
}

/// Everything as lists, asked by looking at each.
#[derive(Debug, Clone)]
struct Slow {
    days: Vec<Weekday>,
    hours: Vec<(u16, u16)>,
    monthly: Vec<u8>,
    last: bool,
    yearly: Vec<(u8, u8)>,
}

impl Slow {
    fn every(&self) -> Every {
        let mut dates = Dates::default();
        self.monthly.iter().for_each(|day| assert!(dates.add_monthly(*day)));
        self.yearly.iter().for_each(|(month, day)| assert!(dates.add_yearly(*month, *day)));
        if self.last {
            dates.add_last_of_months();
        }
        let hours = self.hours.iter().map(|(from, to)| Hours::between(*from, *to).unwrap());
        Every { days: self.days.iter().copied().collect(), hours: hours.collect(), dates }
    }

    /// Goes back from `at` by minutes of the clock until the hours began.
    fn holds(&self, at: Timestamp, zone: &ZoneOffsets) -> bool {
        let (day, minute) = local(at, zone);
        if self.hours.is_empty() {
            return self.admits(day);
        }
        self.hours.iter().any(|(from, to)| {
            let end = if to <= from { to + 1440 } else { *to };
            if (*from..end).contains(&minute) {
                return self.admits(day);
            }
            (*from..end).contains(&(minute + 1440)) && self.admits(day_before(at, day, zone))
        })
    }

    fn admits(&self, day: Day) -> bool {
        let date = Date::of(day);
        let is_last = Date::of(Day(day.0 + 1)).day_of_month() == 1;
        let has_dates = self.last || !self.monthly.is_empty() || !self.yearly.is_empty();
        let is_date = self.monthly.contains(&date.day_of_month())
            || self.yearly.contains(&(date.month(), date.day_of_month()))
            || self.last && is_last;
        (self.days.is_empty() || self.days.contains(&Weekday::of(day))) && (!has_dates || is_date)
    }
}

fn local(at: Timestamp, zone: &ZoneOffsets) -> (Day, u16) {
    let begun = zone.0.iter().rev().find(|(from, _)| *from <= at).or(zone.0.first());
    let local = at.micros() + begun.map_or(0, |(_, offset)| i64::from(*offset) * 1_000_000);
    let minute = local.rem_euclid(DAY_MICROS) / MINUTE_MICROS;
    (Day(i32::try_from(local.div_euclid(DAY_MICROS)).unwrap()), u16::try_from(minute).unwrap())
}

/// Goes back by quarters of an hour until it is an earlier day.
fn day_before(at: Timestamp, day: Day, zone: &ZoneOffsets) -> Day {
    let back = (1..).map(|quarter| local(at.plus_micros(-quarter * 15 * MINUTE_MICROS), zone).0);
    back.into_iter().find(|earlier| *earlier < day).unwrap()
}

fn slow() -> impl Strategy<Value = Slow> {
    let weekday = (0..7_usize).prop_map(|number| Weekday::ALL[number]);
    let yearly = (1..=12_u8, 1..=29_u8);
    (
        prop::collection::vec(weekday, 0..4),
        prop::collection::vec((0..1440_u16, 0..=1440_u16), 0..4),
        prop::collection::vec(1..=31_u8, 0..8),
        any::<bool>(),
        prop::collection::vec(yearly, 0..8),
    )
        .prop_map(|(days, hours, monthly, last, yearly)| Slow {
            days,
            hours,
            monthly,
            last,
            yearly,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn what_recurs_holds_as_by_looking_at_each(
        slow in slow(),
        name in 0..zones::NAMES.len(),
        near in any::<prop::sample::Index>(),
        quarters in prop::collection::vec(-300..300_i64, 1..40),
    ) {
        let zone = zones::zone(zones::NAMES[name]);
        let every = When { every: Some(slow.every()), ..When::default() };
        let (change, _) = zone.0[near.index(zone.0.len())];
        for quarter in quarters {
            let at = change.plus_micros(quarter * 15 * MINUTE_MICROS);
            prop_assert_eq!(every.holds(at, &zone), slow.holds(at, &zone), "{}", shown(at, &zone));
        }
    }

    #[test]
    fn no_time_or_zone_is_too_far_out(
        slow in slow(),
        at in any::<i64>(),
        mut offsets in prop::collection::vec((any::<i64>(), any::<i32>()), 0..5),
    ) {
        offsets.sort_unstable();
        let offsets = offsets.into_iter().map(|(at, offset)| (Timestamp::from_micros(at), offset));
        let when = When { every: Some(slow.every()), ..When::default() };
        let _ = when.holds(Timestamp::from_micros(at), &ZoneOffsets(offsets.collect()));
    }
}
