//! Tournaments that come again, through every change of clocks.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

use accolade_domain::civil::{Date, Local, Weekday, begin_of_day};
use accolade_domain::time::{Day, Timestamp, ZoneOffsets};
use accolade_domain::tournament::occurrences::{
    Cron, LENGTH_DAYS_MAX, Length, Numbers, Recurrence, Schedule,
};
use expect_test::{Expect, expect};
use proptest::prelude::*;

use crate::zones::{shown, utc, zone};

const HOUR: i64 = 3_600_000_000;

fn until_next(begins: Option<Schedule>) -> Recurrence {
    Recurrence { begins: begins.unwrap(), lasts: None }
}

/// Every hour, minute and month, on every day.
fn every_minute() -> Cron {
    Cron {
        minutes: Numbers::from(0..=59),
        hours: Numbers::from(0..=23),
        days: Numbers::from(1..=31),
        months: Numbers::from(1..=12),
        weekdays: Numbers::from(0..=6),
        either: false,
    }
}

fn one(number: u8) -> Numbers {
    Numbers::from(number..=number)
}

/// Writes down the occurrences after a moment: what clocks show when they begin, and how long they last.
fn check(recurrence: &Recurrence, name: &str, after: &str, count: usize, expected: Expect) {
    let zone = zone(name);
    let mut at = utc(after);
    let mut transcript = String::new();
    for _ in 0..count {
        let next = recurrence.next_after(at, &zone).unwrap();
        assert_eq!(recurrence.at(next.starts, &zone), Some(next));
        assert_eq!(recurrence.at(next.ends.plus_micros(-1), &zone), Some(next));
        let minutes = (next.ends.micros() - next.starts.micros()) / 60_000_000;
        let (hours, minutes) = (minutes / 60, minutes % 60);
        writeln!(transcript, "{} for {hours}:{minutes:02}", shown(next.starts, &zone)).unwrap();
        at = next.starts;
    }
    expected.assert_eq(&transcript);
}

#[test]
fn a_daily_tournament_has_one_occurrence_on_each_day_of_malta() {
    let daily = until_next(Schedule::daily(0));
    check(
        &daily,
        "Europe/Malta",
        "2024-03-29 12:00",
        4,
        expect![[r#"
        Sat 2024-03-30 00:00 for 24:00
        Sun 2024-03-31 00:00 for 23:00
        Mon 2024-04-01 00:00 for 24:00
        Tue 2024-04-02 00:00 for 24:00
    "#]],
    );
    check(
        &daily,
        "Europe/Malta",
        "2024-10-25 12:00",
        4,
        expect![[r#"
        Sat 2024-10-26 00:00 for 24:00
        Sun 2024-10-27 00:00 for 25:00
        Mon 2024-10-28 00:00 for 24:00
        Tue 2024-10-29 00:00 for 24:00
    "#]],
    );
}

#[test]
fn a_time_that_clocks_leave_out_comes_after_the_gap_and_one_that_they_show_twice_comes_once() {
    let half_past_two = Cron { minutes: one(30), hours: one(2), ..every_minute() };
    let half_past_two = until_next(Schedule::cron(&half_past_two));
    check(
        &half_past_two,
        "Europe/Malta",
        "2024-03-29 12:00",
        4,
        expect![[r#"
        Sat 2024-03-30 02:30 for 23:30
        Sun 2024-03-31 03:00 for 23:30
        Mon 2024-04-01 02:30 for 24:00
        Tue 2024-04-02 02:30 for 24:00
    "#]],
    );
    check(
        &half_past_two,
        "Europe/Malta",
        "2024-10-25 12:00",
        4,
        expect![[r#"
        Sat 2024-10-26 02:30 for 24:00
        Sun 2024-10-27 02:30 for 25:00
        Mon 2024-10-28 02:30 for 24:00
        Tue 2024-10-29 02:30 for 24:00
    "#]],
    );
}

#[test]
fn a_day_of_santiago_without_a_midnight_begins_its_occurrence_with_itself() {
    let midnight = Cron { minutes: one(0), hours: one(0), ..every_minute() };
    let midnight = until_next(Schedule::cron(&midnight));
    check(
        &midnight,
        "America/Santiago",
        "2024-09-06 12:00",
        4,
        expect![[r#"
        Sat 2024-09-07 00:00 for 24:00
        Sun 2024-09-08 01:00 for 23:00
        Mon 2024-09-09 00:00 for 24:00
        Tue 2024-09-10 00:00 for 24:00
    "#]],
    );
    check(
        &midnight,
        "America/Santiago",
        "2024-04-05 12:00",
        4,
        expect![[r#"
        Sat 2024-04-06 00:00 for 25:00
        Sun 2024-04-07 00:00 for 24:00
        Mon 2024-04-08 00:00 for 24:00
        Tue 2024-04-09 00:00 for 24:00
    "#]],
    );
}

#[test]
fn times_that_come_to_one_moment_are_one_occurrence() {
    let quarters = Cron {
        minutes: [0, 15, 30, 45].into_iter().collect(),
        hours: Numbers::from(1..=3),
        ..every_minute()
    };
    check(
        &until_next(Schedule::cron(&quarters)),
        "Europe/Malta",
        "2024-03-31 00:15",
        4,
        expect![[r#"
            Sun 2024-03-31 01:30 for 0:15
            Sun 2024-03-31 01:45 for 0:15
            Sun 2024-03-31 03:00 for 0:15
            Sun 2024-03-31 03:15 for 0:15
        "#]],
    );
    check(
        &until_next(Schedule::cron(&quarters)),
        "Europe/Malta",
        "2024-10-27 00:15",
        4,
        expect![[r#"
            Sun 2024-10-27 02:30 for 0:15
            Sun 2024-10-27 02:45 for 1:15
            Sun 2024-10-27 03:00 for 0:15
            Sun 2024-10-27 03:15 for 0:15
        "#]],
    );
}

#[test]
fn a_day_that_a_zone_leaves_out_has_no_occurrence() {
    let daily = until_next(Schedule::daily(18 * 60));
    check(
        &daily,
        "Pacific/Apia",
        "2011-12-28 12:00",
        3,
        expect![[r#"
        Wed 2011-12-28 18:00 for 24:00
        Thu 2011-12-29 18:00 for 24:00
        Sat 2011-12-31 18:00 for 24:00
    "#]],
    );
}

#[test]
fn a_month_that_has_no_such_day_has_its_last_but_by_cron_it_is_left_out() {
    let monthly = until_next(Schedule::monthly(31, 0));
    check(
        &monthly,
        "Europe/Malta",
        "2024-01-15 00:00",
        4,
        expect![[r#"
        Wed 2024-01-31 00:00 for 696:00
        Thu 2024-02-29 00:00 for 744:00
        Sun 2024-03-31 00:00 for 719:00
        Tue 2024-04-30 00:00 for 744:00
    "#]],
    );
    let of_cron = Cron { days: one(31), minutes: one(0), hours: one(0), ..every_minute() };
    check(
        &until_next(Schedule::cron(&of_cron)),
        "Europe/Malta",
        "2024-01-15 00:00",
        4,
        expect![[r#"
            Wed 2024-01-31 00:00 for 1440:00
            Sun 2024-03-31 00:00 for 1463:00
            Fri 2024-05-31 00:00 for 1464:00
            Wed 2024-07-31 00:00 for 744:00
        "#]],
    );
    let last_but_two = until_next(Schedule::monthly(29, 0));
    check(
        &last_but_two,
        "Europe/Malta",
        "2023-01-30 00:00",
        2,
        expect![[r#"
        Tue 2023-02-28 00:00 for 695:00
        Wed 2023-03-29 00:00 for 744:00
    "#]],
    );
    check(
        &last_but_two,
        "Europe/Malta",
        "2024-01-30 00:00",
        2,
        expect![[r#"
        Thu 2024-02-29 00:00 for 696:00
        Fri 2024-03-29 00:00 for 743:00
    "#]],
    );
}

#[test]
fn a_leap_day_comes_every_fourth_year_and_on_a_sunday_every_28_years() {
    let leap_day =
        Cron { days: one(29), months: one(2), minutes: one(0), hours: one(0), ..every_minute() };
    check(
        &until_next(Schedule::cron(&leap_day)),
        "Europe/Malta",
        "2023-06-01 00:00",
        2,
        expect![[r#"
            Thu 2024-02-29 00:00 for 35064:00
            Tue 2028-02-29 00:00 for 35064:00
        "#]],
    );
    let on_sunday = Cron { weekdays: one(0), ..leap_day };
    check(
        &until_next(Schedule::cron(&on_sunday)),
        "Europe/Malta",
        "2023-06-01 00:00",
        2,
        expect![[r#"
            Sun 2032-02-29 00:00 for 245448:00
            Sun 2060-02-29 00:00 for 245448:00
        "#]],
    );
    // The year 2100 has no leap day.
    check(
        &until_next(Schedule::cron(&on_sunday)),
        "Europe/Malta",
        "2090-06-01 00:00",
        1,
        expect![[r#"
            Sun 2128-02-29 00:00 for 245448:00
        "#]],
    );
}

#[test]
fn a_day_of_the_month_or_of_the_week_is_enough_where_cron_says_so() {
    let thirteenth =
        Cron { days: one(13), weekdays: one(5), minutes: one(0), hours: one(0), ..every_minute() };
    check(
        &until_next(Schedule::cron(&thirteenth)),
        "Europe/Malta",
        "2024-08-14 00:00",
        2,
        expect![[r#"
            Fri 2024-09-13 00:00 for 2185:00
            Fri 2024-12-13 00:00 for 4367:00
        "#]],
    );
    let either = Cron { either: true, ..thirteenth };
    check(
        &until_next(Schedule::cron(&either)),
        "Europe/Malta",
        "2024-08-14 00:00",
        5,
        expect![[r#"
        Fri 2024-08-16 00:00 for 168:00
        Fri 2024-08-23 00:00 for 168:00
        Fri 2024-08-30 00:00 for 168:00
        Fri 2024-09-06 00:00 for 168:00
        Fri 2024-09-13 00:00 for 168:00
    "#]],
    );
}

#[test]
fn a_weekend_ends_when_clocks_show_its_end_however_they_were_set() {
    let begins = Schedule::weekly([Weekday::Saturday], 0).unwrap();
    let by_calendar = Recurrence { begins: begins.clone(), lasts: Length::new(2, 0) };
    check(
        &by_calendar,
        "Europe/Malta",
        "2024-03-20 00:00",
        3,
        expect![[r#"
        Sat 2024-03-23 00:00 for 48:00
        Sat 2024-03-30 00:00 for 47:00
        Sat 2024-04-06 00:00 for 48:00
    "#]],
    );
    let by_stopwatch = Recurrence { begins, lasts: Length::new(0, 48 * HOUR) };
    check(
        &by_stopwatch,
        "Europe/Malta",
        "2024-03-20 00:00",
        3,
        expect![[r#"
        Sat 2024-03-23 00:00 for 48:00
        Sat 2024-03-30 00:00 for 48:00
        Sat 2024-04-06 00:00 for 48:00
    "#]],
    );
    let zone = zone("Europe/Malta");
    let at = |moment: &str| by_calendar.at(utc(moment), &zone).map(|it| shown(it.starts, &zone));
    assert_eq!(at("2024-03-22 22:59"), None);
    assert_eq!(at("2024-03-22 23:00").unwrap(), "Sat 2024-03-23 00:00");
    assert_eq!(at("2024-03-24 22:59").unwrap(), "Sat 2024-03-23 00:00");
    assert_eq!(at("2024-03-24 23:00"), None);
}

#[test]
fn an_occurrence_ends_where_the_next_begins_however_long_it_was_to_last() {
    let long = Recurrence { begins: Schedule::daily(60).unwrap(), lasts: Length::new(3, HOUR) };
    check(
        &long,
        "Europe/Malta",
        "2024-06-01 00:00",
        2,
        expect![[r#"
        Sun 2024-06-02 01:00 for 24:00
        Mon 2024-06-03 01:00 for 24:00
    "#]],
    );
}

#[test]
fn an_occurrence_whose_end_is_left_out_with_its_beginning_lasts_until_the_next() {
    let thursdays = Schedule::weekly([Weekday::Thursday], 19 * 60).unwrap();
    let recurrence = Recurrence { begins: thursdays, lasts: Length::new(1, 0) };
    // From 18:00 on the Thursday that 1970 begins with to 20:00 on the Friday.
    let change = Timestamp::from_micros(18 * HOUR);
    let zone = ZoneOffsets(vec![(Timestamp::default(), 0), (change, 26 * 3_600)]);
    let next = recurrence.next_after(Timestamp::default(), &zone).unwrap();
    assert_eq!(
        (next.starts, shown(next.starts, &zone)),
        (change, "Fri 1970-01-02 20:00".to_owned())
    );
    assert_eq!(shown(next.ends, &zone), "Thu 1970-01-08 19:00");
}

#[test]
fn numbers_are_taken_once_and_up_to_63() {
    let all = |numbers: Numbers| (0..=u8::MAX).filter(|it| numbers.has(*it)).collect::<Vec<_>>();
    assert_eq!(all([5, 7, 5, 64, 255].into_iter().collect()), [5, 7]);
    assert_eq!(all(Numbers::from(61..=70)), [61, 62, 63]);
    assert_eq!(all(Numbers::from(63..=63)), [63]);
    assert_eq!(
        [RangeInclusive::new(64, 70), RangeInclusive::new(7, 5)]
            .map(|range| all(Numbers::from(range))),
        [[0; 0]; 2]
    );
}

#[test]
fn what_never_comes_is_no_schedule() {
    let never = [
        Cron { days: one(30), months: one(2), ..every_minute() },
        Cron { days: one(31), months: [2, 4, 6, 9, 11].into_iter().collect(), ..every_minute() },
        Cron { minutes: Numbers::default(), ..every_minute() },
        Cron { minutes: one(60), ..every_minute() },
        Cron { hours: Numbers::from(0..=24), ..every_minute() },
        Cron { days: Numbers::from(0..=5), ..every_minute() },
        Cron { months: one(13), ..every_minute() },
        Cron { weekdays: one(7), ..every_minute() },
    ];
    for cron in never {
        assert_eq!(Schedule::cron(&cron), None, "{cron:?}");
    }
    assert!(Schedule::cron(&Cron { days: one(29), months: one(2), ..every_minute() }).is_some());
    assert_eq!(Schedule::daily(1_440), None);
    assert_eq!(Schedule::weekly([], 0), None);
    assert_eq!([0, 32].map(|day| Schedule::monthly(day, 0)), [None, None]);
    assert_eq!([Length::new(0, 0), Length::new(0, -1), Length::new(1, -1)], [None; 3]);
    assert_eq!(Length::new(LENGTH_DAYS_MAX, 1), None);
    assert!(Length::new(LENGTH_DAYS_MAX, 0).is_some());
}

#[test]
fn time_begins_with_a_next_occurrence_and_ends_without_one() {
    let daily = until_next(Schedule::daily(0));
    let monthly = until_next(Schedule::monthly(31, 0));
    for zone in [ZoneOffsets::default(), zone("Pacific/Apia")] {
        for recurrence in [&daily, &monthly] {
            assert_eq!(recurrence.next_after(Timestamp::from_micros(i64::MAX), &zone), None);
            let first = recurrence.next_after(Timestamp::from_micros(i64::MIN), &zone);
            assert!(first.is_some_and(|it| it.starts < it.ends));
        }
    }
}

/// What a cron says, as lists.
#[derive(Debug, Clone)]
struct Lists {
    minutes: Vec<u8>,
    hours: Vec<u8>,
    days: Vec<u8>,
    months: Vec<u8>,
    weekdays: Vec<u8>,
    either: bool,
}

impl Lists {
    fn cron(&self) -> Cron {
        let of = |list: &[u8]| list.iter().copied().collect::<Numbers>();
        Cron {
            minutes: of(&self.minutes),
            hours: of(&self.hours),
            days: of(&self.days),
            months: of(&self.months),
            weekdays: of(&self.weekdays),
            either: self.either,
        }
    }

    fn has(&self, day: Day, minute: u16) -> bool {
        let date = Date::of(day);
        let is_day = self.days.contains(&date.day_of_month());
        let is_weekday = self.weekdays.contains(&(Weekday::of(day) as u8));
        let is_said = if self.either { is_day || is_weekday } else { is_day && is_weekday };
        let (hour, minute) = (minute / 60, minute % 60);
        let has = |list: &[u8], number: u16| list.iter().any(|it| u16::from(*it) == number);
        is_said
            && self.months.contains(&date.month())
            && has(&self.hours, hour)
            && has(&self.minutes, minute)
    }
}

fn lists() -> impl Strategy<Value = Lists> {
    let some = |numbers: Vec<u8>| {
        let count = numbers.len();
        prop_oneof![
            2 => Just(numbers.clone()),
            3 => prop::sample::subsequence(numbers, 1..=count.min(5)),
        ]
    };
    (
        some(vec![0, 15, 30, 45]),
        some((0..24).collect()),
        some((1..=31).collect()),
        some((1..=12).collect()),
        some((0..7).collect()),
        any::<bool>(),
    )
        .prop_map(|(minutes, hours, days, months, weekdays, either)| Lists {
            minutes,
            hours,
            days,
            months,
            weekdays,
            either,
        })
}

const QUARTER: i64 = 900_000_000;

fn quarter(number: i64) -> Timestamp {
    Timestamp::from_micros(number * QUARTER)
}

/// A zone whose clocks are set by quarters of an hour, over midnight, twice a day or by a whole day.
fn some_zone() -> impl Strategy<Value = ZoneOffsets> {
    prop::collection::vec((1..400_i64, -104..=104_i32), 0..10).prop_map(|changes| {
        let mut at = -300;
        let offsets = changes.into_iter().map(|(after, offset)| {
            at += after;
            (quarter(at), offset * 900)
        });
        ZoneOffsets(offsets.collect())
    })
}

/// Every beginning in a stretch of time, by looking at every quarter of an hour of every day.
fn slowly(lists: &Lists, zone: &ZoneOffsets) -> BTreeSet<Timestamp> {
    let moments: Vec<(Local, Timestamp)> =
        (-1_500..6_000).map(quarter).map(|at| (Local::at(at, zone), at)).collect();
    let mut begins = BTreeSet::new();
    for day in (-12..60).map(Day) {
        if zone.day(begin_of_day(day, zone)) != day {
            continue;
        }
        for minute in (0..96).map(|quarter| quarter * 15).filter(|it| lists.has(day, *it)) {
            let slot = Local::by_clock(day, minute);
            begins.extend(moments.iter().find(|(shown, _)| *shown >= slot).map(|(_, at)| *at));
        }
    }
    begins
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn occurrences_follow_one_another_as_all_that_were_found_slowly(
        lists in lists(),
        zone in some_zone(),
        moments in prop::collection::vec((-400..4_000_i64, -1..=1_i64), 1..20),
    ) {
        let Some(begins) = Schedule::cron(&lists.cron()) else { return Ok(()) };
        let recurrence = Recurrence { begins, lasts: None };
        let all = slowly(&lists, &zone);
        for (number, micros) in moments {
            let at = quarter(number).plus_micros(micros);
            let next = recurrence.next_after(at, &zone);
            let mut after = all.range(at.plus_micros(1)..);
            let expected = after.next();
            if let Some(expected) = expected {
                prop_assert_eq!(next.map(|it| it.starts), Some(*expected));
                if let Some(ends) = after.next() {
                    prop_assert_eq!(next.map(|it| it.ends), Some(*ends));
                }
            } else {
                prop_assert!(next.is_none_or(|it| it.starts > quarter(4_000)));
            }
            if let (Some(starts), Some(ends)) = (all.range(..=at).next_back(), expected) {
                let on = recurrence.at(at, &zone);
                prop_assert_eq!(on.map(|it| (it.starts, it.ends)), Some((*starts, *ends)));
            }
        }
    }

    #[test]
    fn an_occurrence_is_on_from_its_first_moment_up_to_its_end_and_no_two_are_at_once(
        lists in lists(),
        zone in some_zone(),
        days in 0..4_u16,
        quarters in 0..200_i64,
        at in -300..3_000_i64,
    ) {
        let begins = Schedule::cron(&lists.cron());
        let (Some(begins), Some(lasts)) = (begins, Length::new(days, quarters * QUARTER)) else {
            return Ok(());
        };
        let times_a_day = begins.times_a_day();
        prop_assert_eq!(times_a_day as usize, lists.minutes.len() * lists.hours.len());
        let recurrence = Recurrence { begins: begins.clone(), lasts: Some(lasts) };
        let whole = Recurrence { begins, lasts: None };
        let mut at = quarter(at);
        let mut shown: Option<Local> = None;
        for _ in 0..8 {
            let (next, until_next) = (recurrence.next_after(at, &zone), whole.next_after(at, &zone));
            prop_assert_eq!(next.is_some(), until_next.is_some());
            let (Some(next), Some(until_next)) = (next, until_next) else { break };
            prop_assert_eq!(next.starts, until_next.starts);
            prop_assert!(next.starts > at && next.starts < next.ends && next.ends <= until_next.ends);
            for on in [next.starts, next.ends.plus_micros(-1)] {
                prop_assert_eq!(recurrence.at(on, &zone), Some(next));
            }
            let following = recurrence.at(next.ends, &zone);
            prop_assert!(following.is_none_or(|it| it.starts == next.ends));
            // What they are called by is later for each, whatever clocks do.
            prop_assert!(shown.is_none_or(|before| before < next.shown));
            prop_assert!(shown.is_none_or(|before| times_a_day > 1 || before.day < next.shown.day));
            (at, shown) = (next.starts, Some(next.shown));
        }
    }
}
