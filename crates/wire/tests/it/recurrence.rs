//! Tournaments that come again, as operators say it, beside another calendar.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use accolade_domain::time::{Timestamp, ZoneOffsets};
use accolade_domain::tournament::occurrences::Recurrence;
use accolade_wire::tournament::cron;
use accolade_wire::tournament::recurrence::RecurrenceTerms;
use expect_test::{Expect, expect};
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{ToSpan, civil};
use proptest::prelude::*;

/// Writes down when a tournament comes next in Malta, three times, or what is wrong with what is said.
fn check(terms: &[&str], expected: Expect) {
    let (zone, offsets) = zone("Europe/Malta");
    let mut transcript = String::new();
    for json in terms {
        writeln!(transcript, "> {json}").unwrap();
        let terms: RecurrenceTerms = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&terms).unwrap(), **json);
        match terms.recurrence() {
            Ok(recurrence) => {
                let mut at = micros(civil::date(2024, 3, 28).at(12, 0, 0, 0), &zone);
                for _ in 0..3 {
                    let next = recurrence.next_after(at, &offsets).unwrap();
                    let [starts, ends] = [next.starts, next.ends].map(|at| shown(at, &zone));
                    writeln!(transcript, "  {starts} to {ends}").unwrap();
                    at = next.starts;
                }
            }
            Err(problem) => writeln!(transcript, "  {problem}").unwrap(),
        }
    }
    expected.assert_eq(&transcript);
}

fn shown(at: Timestamp, zone: &TimeZone) -> String {
    let at = jiff::Timestamp::from_microsecond(at.micros()).unwrap();
    zone.to_datetime(at).strftime("%a %F %H:%M").to_string()
}

fn micros(at: DateTime, zone: &TimeZone) -> Timestamp {
    let at = zone.to_ambiguous_timestamp(at).compatible().unwrap();
    Timestamp::from_micros(at.as_microsecond())
}

/// A zone, and its offsets as they are resolved for a tournament.
fn zone(name: &str) -> (TimeZone, ZoneOffsets) {
    let zone = TimeZoneDatabase::bundled().get(name).unwrap();
    let start = jiff::Timestamp::UNIX_EPOCH;
    let first = (Timestamp::default(), zone.to_offset(start).seconds());
    let transitions =
        zone.following(start).take_while(|it| it.timestamp().as_second() < 4_000_000_000);
    let offsets = transitions
        .map(|it| (Timestamp::from_micros(it.timestamp().as_microsecond()), it.offset().seconds()));
    let offsets = std::iter::once(first).chain(offsets).collect();
    (zone, ZoneOffsets(offsets))
}

#[test]
fn a_tournament_comes_again_as_its_operator_says() {
    check(
        &[
            r#"{"begins":{"daily":{"at":"02:30"}}}"#,
            r#"{"begins":{"daily":{"at":"18:00"}},"lasts":"1h30m"}"#,
            r#"{"begins":{"weekly":{"on":["sat"],"at":"00:00"}},"lasts":"2d"}"#,
            r#"{"begins":{"weekly":{"on":["tue","fri"],"at":"18:00"}},"lasts":"1d6h"}"#,
            r#"{"begins":{"monthly":{"day":31,"at":"00:00"}},"lasts":"36h"}"#,
            r#"{"begins":{"cron":"30 2 * * *"},"lasts":"45m"}"#,
            r#"{"begins":{"cron":"0 18 * * FRI-sun"}}"#,
            r#"{"begins":{"cron":"*/20 9-17/4 1,15 Jan-jun *"}}"#,
            r#"{"begins":{"cron":"0 0 13 * 5"}}"#,
            r#"{"begins":{"cron":"0 0 */2 * 5"}}"#,
            r#"{"begins":{"cron":"59 23 31 12 7"}}"#,
        ],
        expect![[r#"
            > {"begins":{"daily":{"at":"02:30"}}}
              Fri 2024-03-29 02:30 to Sat 2024-03-30 02:30
              Sat 2024-03-30 02:30 to Sun 2024-03-31 03:00
              Sun 2024-03-31 03:00 to Mon 2024-04-01 02:30
            > {"begins":{"daily":{"at":"18:00"}},"lasts":"1h30m"}
              Thu 2024-03-28 18:00 to Thu 2024-03-28 19:30
              Fri 2024-03-29 18:00 to Fri 2024-03-29 19:30
              Sat 2024-03-30 18:00 to Sat 2024-03-30 19:30
            > {"begins":{"weekly":{"on":["sat"],"at":"00:00"}},"lasts":"2d"}
              Sat 2024-03-30 00:00 to Mon 2024-04-01 00:00
              Sat 2024-04-06 00:00 to Mon 2024-04-08 00:00
              Sat 2024-04-13 00:00 to Mon 2024-04-15 00:00
            > {"begins":{"weekly":{"on":["tue","fri"],"at":"18:00"}},"lasts":"1d6h"}
              Fri 2024-03-29 18:00 to Sun 2024-03-31 00:00
              Tue 2024-04-02 18:00 to Thu 2024-04-04 00:00
              Fri 2024-04-05 18:00 to Sun 2024-04-07 00:00
            > {"begins":{"monthly":{"day":31,"at":"00:00"}},"lasts":"36h"}
              Sun 2024-03-31 00:00 to Mon 2024-04-01 13:00
              Tue 2024-04-30 00:00 to Wed 2024-05-01 12:00
              Fri 2024-05-31 00:00 to Sat 2024-06-01 12:00
            > {"begins":{"cron":"30 2 * * *"},"lasts":"45m"}
              Fri 2024-03-29 02:30 to Fri 2024-03-29 03:15
              Sat 2024-03-30 02:30 to Sat 2024-03-30 03:15
              Sun 2024-03-31 03:00 to Sun 2024-03-31 03:45
            > {"begins":{"cron":"0 18 * * FRI-sun"}}
              Fri 2024-03-29 18:00 to Sat 2024-03-30 18:00
              Sat 2024-03-30 18:00 to Sun 2024-03-31 18:00
              Sun 2024-03-31 18:00 to Fri 2024-04-05 18:00
            > {"begins":{"cron":"*/20 9-17/4 1,15 Jan-jun *"}}
              Mon 2024-04-01 09:00 to Mon 2024-04-01 09:20
              Mon 2024-04-01 09:20 to Mon 2024-04-01 09:40
              Mon 2024-04-01 09:40 to Mon 2024-04-01 13:00
            > {"begins":{"cron":"0 0 13 * 5"}}
              Fri 2024-03-29 00:00 to Fri 2024-04-05 00:00
              Fri 2024-04-05 00:00 to Fri 2024-04-12 00:00
              Fri 2024-04-12 00:00 to Sat 2024-04-13 00:00
            > {"begins":{"cron":"0 0 */2 * 5"}}
              Fri 2024-03-29 00:00 to Fri 2024-04-05 00:00
              Fri 2024-04-05 00:00 to Fri 2024-04-19 00:00
              Fri 2024-04-19 00:00 to Fri 2024-05-03 00:00
            > {"begins":{"cron":"59 23 31 12 7"}}
              Sun 2024-12-01 23:59 to Sun 2024-12-08 23:59
              Sun 2024-12-08 23:59 to Sun 2024-12-15 23:59
              Sun 2024-12-15 23:59 to Sun 2024-12-22 23:59
        "#]],
    );
}

#[test]
fn what_does_not_say_when_is_told() {
    check(
        &[
            r#"{"begins":{"daily":{"at":"24:00"}}}"#,
            r#"{"begins":{"daily":{"at":"6pm"}}}"#,
            r#"{"begins":{"weekly":{"on":[],"at":"00:00"}}}"#,
            r#"{"begins":{"weekly":{"on":["someday"],"at":"00:00"}}}"#,
            r#"{"begins":{"monthly":{"day":0,"at":"00:00"}}}"#,
            r#"{"begins":{"monthly":{"day":32,"at":"00:00"}}}"#,
            r#"{"begins":{"daily":{"at":"00:00"}},"lasts":"0d"}"#,
            r#"{"begins":{"daily":{"at":"00:00"}},"lasts":"367d"}"#,
            r#"{"begins":{"daily":{"at":"00:00"}},"lasts":"2h1d"}"#,
            r#"{"begins":{"daily":{"at":"00:00"}},"lasts":"d"}"#,
            r#"{"begins":{"daily":{"at":"00:00"}},"lasts":"-2h"}"#,
            r#"{"begins":{"daily":{"at":"00:00"}},"lasts":"99999999999h"}"#,
            r#"{"begins":{"cron":"0 0 30 2 *"}}"#,
            r#"{"begins":{"cron":"0 0 31 4,6,9,11 *"}}"#,
            r#"{"begins":{"cron":""}}"#,
            r#"{"begins":{"cron":"0 0 * *"}}"#,
            r#"{"begins":{"cron":"0 0 0 * * *"}}"#,
            r#"{"begins":{"cron":"@daily"}}"#,
            r#"{"begins":{"cron":"60 0 * * *"}}"#,
            r#"{"begins":{"cron":"0 24 * * *"}}"#,
            r#"{"begins":{"cron":"0 0 0 * *"}}"#,
            r#"{"begins":{"cron":"0 0 * 13 *"}}"#,
            r#"{"begins":{"cron":"0 0 * * 8"}}"#,
            r#"{"begins":{"cron":"0 0 mon * *"}}"#,
            r#"{"begins":{"cron":"0 0 L * *"}}"#,
            r#"{"begins":{"cron":"-1 0 * * *"}}"#,
            r#"{"begins":{"cron":"+1 0 * * *"}}"#,
            r#"{"begins":{"cron":"001 0 * * *"}}"#,
            r#"{"begins":{"cron":"5-1 0 * * *"}}"#,
            r#"{"begins":{"cron":"0 0 * * fri-mon"}}"#,
            r#"{"begins":{"cron":"*/0 0 * * *"}}"#,
            r#"{"begins":{"cron":"5/15 0 * * *"}}"#,
            r#"{"begins":{"cron":"1,,2 0 * * *"}}"#,
            r#"{"begins":{"cron":"*-5 0 * * *"}}"#,
            r#"{"begins":{"cron":"1-2-3 0 * * *"}}"#,
        ],
        expect![[r#"
            > {"begins":{"daily":{"at":"24:00"}}}
              `/begins/daily/at`: expected a time of the clock such as `18:00`
            > {"begins":{"daily":{"at":"6pm"}}}
              `/begins/daily/at`: expected a time of the clock such as `18:00`
            > {"begins":{"weekly":{"on":[],"at":"00:00"}}}
              `/begins/weekly/on`: expected days of the week such as `["sat", "sun"]`
            > {"begins":{"weekly":{"on":["someday"],"at":"00:00"}}}
              `/begins/weekly/on`: expected days of the week such as `["sat", "sun"]`
            > {"begins":{"monthly":{"day":0,"at":"00:00"}}}
              `/begins/monthly/day`: expected a day of the month from 1 to 31
            > {"begins":{"monthly":{"day":32,"at":"00:00"}}}
              `/begins/monthly/day`: expected a day of the month from 1 to 31
            > {"begins":{"daily":{"at":"00:00"}},"lasts":"0d"}
              `/lasts`: expected a length such as `2d`, `54h` or `1d12h30m`, at most `366d`
            > {"begins":{"daily":{"at":"00:00"}},"lasts":"367d"}
              `/lasts`: expected a length such as `2d`, `54h` or `1d12h30m`, at most `366d`
            > {"begins":{"daily":{"at":"00:00"}},"lasts":"2h1d"}
              `/lasts`: expected a length such as `2d`, `54h` or `1d12h30m`, at most `366d`
            > {"begins":{"daily":{"at":"00:00"}},"lasts":"d"}
              `/lasts`: expected a length such as `2d`, `54h` or `1d12h30m`, at most `366d`
            > {"begins":{"daily":{"at":"00:00"}},"lasts":"-2h"}
              `/lasts`: expected a length such as `2d`, `54h` or `1d12h30m`, at most `366d`
            > {"begins":{"daily":{"at":"00:00"}},"lasts":"99999999999h"}
              `/lasts`: expected a length such as `2d`, `54h` or `1d12h30m`, at most `366d`
            > {"begins":{"cron":"0 0 30 2 *"}}
              `/begins/cron`: expected a day that comes, found `0 0 30 2 *`
            > {"begins":{"cron":"0 0 31 4,6,9,11 *"}}
              `/begins/cron`: expected a day that comes, found `0 0 31 4,6,9,11 *`
            > {"begins":{"cron":""}}
              `/begins/cron`: expected five fields: minute, hour, day of the month, month, day of the week, found nothing
            > {"begins":{"cron":"0 0 * *"}}
              `/begins/cron`: expected five fields: minute, hour, day of the month, month, day of the week, found `0 0 * *`
            > {"begins":{"cron":"0 0 0 * * *"}}
              `/begins/cron`: expected five fields: minute, hour, day of the month, month, day of the week, found `0 0 0 * * *`
            > {"begins":{"cron":"@daily"}}
              `/begins/cron`: expected five fields: minute, hour, day of the month, month, day of the week, found `@daily`
            > {"begins":{"cron":"60 0 * * *"}}
              `/begins/cron`: expected a minute from 0 to 59, found `60`
            > {"begins":{"cron":"0 24 * * *"}}
              `/begins/cron`: expected an hour from 0 to 23, found `24`
            > {"begins":{"cron":"0 0 0 * *"}}
              `/begins/cron`: expected a day of the month from 1 to 31, found `0`
            > {"begins":{"cron":"0 0 * 13 *"}}
              `/begins/cron`: expected a month from 1 to 12 or from `jan` to `dec`, found `13`
            > {"begins":{"cron":"0 0 * * 8"}}
              `/begins/cron`: expected a day of the week from 0 to 7 or from `mon` to `sun`, found `8`
            > {"begins":{"cron":"0 0 mon * *"}}
              `/begins/cron`: expected a day of the month from 1 to 31, found `mon`
            > {"begins":{"cron":"0 0 L * *"}}
              `/begins/cron`: expected a day of the month from 1 to 31, found `L`
            > {"begins":{"cron":"-1 0 * * *"}}
              `/begins/cron`: expected a minute from 0 to 59, found nothing
            > {"begins":{"cron":"+1 0 * * *"}}
              `/begins/cron`: expected a minute from 0 to 59, found `+1`
            > {"begins":{"cron":"001 0 * * *"}}
              `/begins/cron`: expected a minute from 0 to 59, found `001`
            > {"begins":{"cron":"5-1 0 * * *"}}
              `/begins/cron`: expected a range that does not end before it begins, found `5-1`
            > {"begins":{"cron":"0 0 * * fri-mon"}}
              `/begins/cron`: expected a range that does not end before it begins, found `fri-mon`
            > {"begins":{"cron":"*/0 0 * * *"}}
              `/begins/cron`: expected a step of 1 or more after `/`, found `*/0`
            > {"begins":{"cron":"5/15 0 * * *"}}
              `/begins/cron`: expected a range before `/`, such as `5-59/15`, found `5/15`
            > {"begins":{"cron":"1,,2 0 * * *"}}
              `/begins/cron`: expected a minute from 0 to 59, found nothing
            > {"begins":{"cron":"*-5 0 * * *"}}
              `/begins/cron`: expected a minute from 0 to 59, found `*`
            > {"begins":{"cron":"1-2-3 0 * * *"}}
              `/begins/cron`: expected a minute from 0 to 59, found `2-3`
        "#]],
    );
}

#[test]
fn what_is_said_beside_it_is_not_read() {
    for json in [
        r#"{}"#,
        r#"{"begins":"daily"}"#,
        r#"{"begins":{"hourly":{"at":"00:00"}}}"#,
        r#"{"begins":{"daily":{"at":"00:00","on":["sat"]}}}"#,
        r#"{"begins":{"daily":{"at":"00:00"}},"until":"2024-12-31"}"#,
        r#"{"begins":{"daily":{"at":"00:00"},"cron":"0 0 * * *"}}"#,
    ] {
        assert!(serde_json::from_str::<RecurrenceTerms>(json).is_err(), "{json}");
    }
}

/// The first moment that shows a time of the clock, or else the one at which clocks are set forward over it.
fn first_moment(at: DateTime, zone: &TimeZone) -> Timestamp {
    let ambiguous = zone.to_ambiguous_timestamp(at);
    let moment = match ambiguous.offset() {
        AmbiguousOffset::Gap { after, .. } => {
            let before_change = after.to_timestamp(at).unwrap();
            zone.following(before_change).next().unwrap().timestamp()
        }
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
            ambiguous.earlier().unwrap()
        }
    };
    Timestamp::from_micros(moment.as_microsecond())
}

fn is_in_zone(date: Date, zone: &TimeZone) -> bool {
    let is_shown = |hour| {
        let offset = zone.to_ambiguous_timestamp(date.at(hour, 0, 0, 0)).offset();
        !matches!(offset, AmbiguousOffset::Gap { .. })
    };
    (0..24).any(is_shown)
}

/// Whether a time of the clock is said.
type Says = fn(DateTime) -> bool;

#[test]
fn occurrences_are_those_of_another_calendar_in_every_kind_of_zone() {
    let crons: [(&str, Says); 7] = [
        ("0 0 * * *", |at| at.hour() == 0 && at.minute() == 0),
        ("30 2 * * *", |at| at.hour() == 2 && at.minute() == 30),
        ("*/30 0-3 * * *", |at| at.hour() <= 3 && at.minute() % 30 == 0),
        ("15 23 * 3,10 sun", |at| {
            let is_sunday = at.weekday() == civil::Weekday::Sunday;
            at.hour() == 23 && at.minute() == 15 && [3, 10].contains(&at.month()) && is_sunday
        }),
        ("0 1 29 2 *", |at| {
            at.hour() == 1 && at.minute() == 0 && (at.month(), at.day()) == (2, 29)
        }),
        ("0 0 1 * mon", |at| {
            let is_monday = at.weekday() == civil::Weekday::Monday;
            at.hour() == 0 && at.minute() == 0 && (at.day() == 1 || is_monday)
        }),
        ("0 0 */10 * mon", |at| {
            let is_monday = at.weekday() == civil::Weekday::Monday;
            at.hour() == 0 && at.minute() == 0 && at.day() % 10 == 1 && is_monday
        }),
    ];
    for (name, years) in [
        ("UTC", 2023..2025),
        ("Europe/Malta", 2023..2026),
        ("America/Santiago", 2022..2026),
        ("America/Havana", 2023..2025),
        ("America/New_York", 2023..2025),
        ("Africa/Cairo", 2010..2012),
        ("Africa/Casablanca", 2023..2026),
        ("Asia/Beirut", 2023..2025),
        ("Asia/Kathmandu", 1985..1987),
        ("Asia/Tehran", 2021..2023),
        ("Australia/Lord_Howe", 2023..2025),
        ("Pacific/Apia", 2011..2013),
        ("Pacific/Kwajalein", 1993..1995),
    ] {
        let (zone, offsets) = zone(name);
        for (text, says) in crons {
            let recurrence = Recurrence { begins: cron::read(text).unwrap(), lasts: None };
            let first = civil::date(years.start, 1, 1);
            let days = first.series(1.day()).take_while(|date| date.year() < years.end);
            let mut expected = BTreeSet::new();
            for date in days.filter(|date| is_in_zone(*date, &zone)) {
                let quarters = (0..96_i8).map(|it| date.at(it / 4, it % 4 * 15, 0, 0));
                expected.extend(quarters.filter(|at| says(*at)).map(|at| first_moment(at, &zone)));
            }
            let mut at = first_moment(first.at(0, 0, 0, 0), &zone).plus_micros(-1);
            for starts in expected {
                let next = recurrence.next_after(at, &offsets).unwrap();
                let said = [next.starts, starts].map(|at| shown(at, &zone));
                assert_eq!(next.starts, starts, "`{text}` in {name}: {said:?}");
                at = next.starts;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_a_schedule_or_refused_in_few_words(
        text in prop_oneof![
            any::<String>(),
            r"([0-9*/,-]{1,5} ){4}[0-9a-z*/,-]{1,7}",
            r"([0-9*]{1,2}|\*/[1-9]|[1-9]-1[0-9](/2)?)( [1-9]| \*| 1-9){4}",
        ],
    ) {
        match cron::read(&text) {
            Ok(begins) => {
                let next = Recurrence { begins, lasts: None }.next_after(Timestamp::default(), &ZoneOffsets::default());
                prop_assert!(next.is_some(), "what never comes is refused");
            }
            Err(problem) => prop_assert!(problem.to_string().len() < 400, "{problem}"),
        }
    }

    #[test]
    fn a_field_has_the_numbers_that_its_parts_say(
        parts in prop::collection::vec((0..60_u8, 0..30_u8, 1..20_u8), 1..5),
        at in 0..60_u8,
    ) {
        let part = |(first, more, step): &(u8, u8, u8)| format!("{first}-{}/{step}", (first + more).min(59));
        let minutes: Vec<String> = parts.iter().map(part).collect();
        let begins = cron::read(&format!("{} 5 * * *", minutes.join(","))).unwrap();
        let says = |(first, more, step): &(u8, u8, u8)| {
            (*first..=(first + more).min(59)).contains(&at) && (at - first) % step == 0
        };
        let minute = 60_000_000;
        let moment = Timestamp::from_micros((5 * 60 + i64::from(at)) * minute);
        let next = Recurrence { begins, lasts: None }
            .next_after(moment.plus_micros(-1), &ZoneOffsets::default());
        prop_assert_eq!(next.is_some_and(|it| it.starts == moment), parts.iter().any(says));
    }
}
