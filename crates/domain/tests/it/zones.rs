//! Zones whose clocks have done what clocks can do, and times as texts.
//!
//! Offsets are those of the tz database 2025b, as `zdump -V -c 2010,2026 Europe/Malta` prints them: for
//! some years of each zone, and before the first change by what held then.

use accolade_domain::civil::{Date, Local, Weekday};
use accolade_domain::time::{DAY_MICROS, Timestamp, ZoneOffsets};

/// When a zone's offset changed, in UTC, and to how many minutes east of it.
type Changes = &'static [(&'static str, i32)];

/// Sets its clocks at 02:00 and 03:00.
const MALTA: Changes = &[
    ("2023-01-01 00:00", 60),
    ("2023-03-26 01:00", 120),
    ("2023-10-29 01:00", 60),
    ("2024-03-31 01:00", 120),
    ("2024-10-27 01:00", 60),
    ("2025-03-30 01:00", 120),
    ("2025-10-26 01:00", 60),
];

/// Goes forward from midnight to 01:00, and back from midnight to 23:00 of the same day.
const SANTIAGO: Changes = &[
    ("2021-01-01 00:00", -180),
    ("2021-04-04 03:00", -240),
    ("2021-09-05 04:00", -180),
    ("2022-04-03 03:00", -240),
    ("2022-09-11 04:00", -180),
    ("2023-04-02 03:00", -240),
    ("2023-09-03 04:00", -180),
    ("2024-04-07 03:00", -240),
    ("2024-09-08 04:00", -180),
    ("2025-04-06 03:00", -240),
    ("2025-09-07 04:00", -180),
];

/// As Santiago, on the other side of the equator.
const BEIRUT: Changes = &[
    ("2022-01-01 00:00", 120),
    ("2022-03-26 22:00", 180),
    ("2022-10-29 21:00", 120),
    ("2023-03-25 22:00", 180),
    ("2023-10-28 21:00", 120),
    ("2024-03-30 22:00", 180),
    ("2024-10-26 21:00", 120),
];

/// Four changes in a year, and none in others.
const CAIRO: Changes = &[
    ("2010-01-01 00:00", 120),
    ("2010-04-29 22:00", 180),
    ("2010-08-10 21:00", 120),
    ("2010-09-09 22:00", 180),
    ("2010-09-30 21:00", 120),
    ("2014-05-15 22:00", 180),
    ("2014-06-26 21:00", 120),
    ("2014-07-31 22:00", 180),
    ("2014-09-25 21:00", 120),
    ("2023-04-27 22:00", 180),
    ("2023-10-26 21:00", 120),
    ("2024-04-25 22:00", 180),
    ("2024-10-31 21:00", 120),
];

/// Left out 2011-12-30.
const APIA: Changes = &[
    ("2010-01-01 00:00", -660),
    ("2010-09-26 11:00", -600),
    ("2011-04-02 14:00", -660),
    ("2011-09-24 14:00", -600),
    ("2011-12-30 10:00", 840),
    ("2012-03-31 14:00", 780),
    ("2012-09-29 14:00", 840),
];

/// Left out a quarter of an hour after midnight of a year's first day.
const KATHMANDU: Changes = &[("1985-01-01 00:00", 330), ("1985-12-31 18:30", 345)];

pub(crate) const NAMES: [&str; 6] = [
    "Europe/Malta",
    "America/Santiago",
    "Asia/Beirut",
    "Africa/Cairo",
    "Pacific/Apia",
    "Asia/Kathmandu",
];

pub(crate) fn zone(name: &str) -> ZoneOffsets {
    let changes = match name {
        "Europe/Malta" => MALTA,
        "America/Santiago" => SANTIAGO,
        "Asia/Beirut" => BEIRUT,
        "Africa/Cairo" => CAIRO,
        "Pacific/Apia" => APIA,
        "Asia/Kathmandu" => KATHMANDU,
        _ => panic!("no zone `{name}`"),
    };
    ZoneOffsets(changes.iter().map(|(from, minutes)| (utc(from), minutes * 60)).collect())
}

/// Reads `2024-03-31`.
pub(crate) fn date(text: &str) -> Date {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.try_into().unwrap();
    Date::new(year.parse().unwrap(), month.parse().unwrap(), day.parse().unwrap()).unwrap()
}

/// Reads `02:30` as minutes.
pub(crate) fn minutes(text: &str) -> u16 {
    let (hour, minute) = text.split_once(':').unwrap();
    hour.parse::<u16>().unwrap() * 60 + minute.parse::<u16>().unwrap()
}

/// Reads `2024-03-31 00:59`, in UTC.
pub(crate) fn utc(text: &str) -> Timestamp {
    let (of_day, of_clock) = text.split_once(' ').unwrap();
    let day = i64::from(date(of_day).to_day().0) * DAY_MICROS;
    Timestamp::from_micros(day).plus_micros(i64::from(minutes(of_clock)) * 60_000_000)
}

/// What calendar and clock show: `Sun 2024-03-31 03:00`.
pub(crate) fn shown(at: Timestamp, zone: &ZoneOffsets) -> String {
    let local = Local::at(at, zone);
    let weekday = format!("{:?}", Weekday::of(local.day));
    let date = Date::of(local.day);
    let (year, month, day) = (date.year(), date.month(), date.day_of_month());
    let (hour, minute) = (local.minute() / 60, local.minute() % 60);
    format!("{} {year}-{month:02}-{day:02} {hour:02}:{minute:02}", &weekday[..3])
}
