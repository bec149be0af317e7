//! Dates and time zones, counted day by day: slow, and plainly right.

use crate::input::ModelZone;

const DAY_MICROS: i64 = 86_400_000_000;
const HOUR_S: i64 = 3_600;
const YEARS: std::ops::Range<i64> = 2023..2032;

/// Days from 1970-01-01 to a date.
pub fn days_since_1970(year: i64, month: usize, day: i64) -> i64 {
    let years: i64 = (1970..year).map(|year| month_days(year).iter().sum::<i64>()).sum();
    years + month_days(year)[..month - 1].iter().sum::<i64>() + day - 1
}

fn month_days(year: i64) -> [i64; 12] {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

/// The year, the month (from 1) and the day of the month of a day from 1970-01-01.
pub fn date(days_since_1970: i64) -> (i64, usize, i64) {
    let mut days = days_since_1970;
    let (mut year, mut month) = (1970, 0);
    while days >= month_days(year)[month] {
        days -= month_days(year)[month];
        (year, month) = if month == 11 { (year + 1, 0) } else { (year, month + 1) };
    }
    (year, month + 1, days + 1)
}

/// The day of the week of a day from 1970-01-01, which was a Thursday: 0 is Monday.
pub const fn weekday(days_since_1970: i64) -> i64 {
    (days_since_1970 + 3).rem_euclid(7)
}

/// Writes a time as RFC 3339 with `decimals` places, which must be enough for it, and an offset.
pub fn rfc3339(micros: i64, decimals: usize, offset: &str) -> String {
    let (year, month, day) = date(micros.div_euclid(DAY_MICROS));
    let of_day = micros.rem_euclid(DAY_MICROS);
    let (seconds, fraction) = (of_day / 1_000_000, of_day % 1_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if decimals > 0 {
        let figures = format!("{fraction:06}000");
        text.push('.');
        text.push_str(&figures[..decimals]);
    }
    text + offset
}

/// The zones that programs use: all sides of UTC, half hours, and clocks that change.
pub fn zones() -> Vec<ModelZone> {
    vec![
        zone("UTC", 0, vec![]),
        zone("Asia/Kolkata", 5 * HOUR_S + HOUR_S / 2, vec![]),
        zone(
            "Europe/Malta",
            HOUR_S,
            changes(|year| {
                let (spring, autumn) = (last_sunday(year, 3), last_sunday(year, 10));
                [(spring * 24 + 1, 2 * HOUR_S), (autumn * 24 + 1, HOUR_S)]
            }),
        ),
        zone(
            "America/Toronto",
            -5 * HOUR_S,
            changes(|year| {
                let (spring, autumn) = (first_sunday(year, 3) + 7, first_sunday(year, 11));
                [(spring * 24 + 7, -4 * HOUR_S), (autumn * 24 + 6, -5 * HOUR_S)]
            }),
        ),
        zone(
            "Pacific/Auckland",
            13 * HOUR_S,
            changes(|year| {
                let (autumn, spring) = (first_sunday(year, 4), last_sunday(year, 9));
                [(autumn * 24 - 10, 12 * HOUR_S), (spring * 24 - 10, 13 * HOUR_S)]
            }),
        ),
    ]
}

/// Moments at which something happens to somebody's clock or calendar.
pub fn turning_points() -> Vec<i64> {
    let mut points: Vec<i64> = zones()
        .iter()
        .flat_map(|zone| zone.offsets.iter().map(|(from, _)| *from))
        .filter(|from| (2024..2026).any(|year| year_contains(year, *from)))
        .collect();
    points.extend(
        [days_since_1970(2024, 2, 29), days_since_1970(2025, 1, 1)].map(|day| day * DAY_MICROS),
    );
    points
}

fn year_contains(year: i64, at: i64) -> bool {
    let [begin, end] = [year, year + 1].map(|year| days_since_1970(year, 1, 1) * DAY_MICROS);
    (begin..end).contains(&at)
}

fn zone(name: &str, standard_s: i64, changes: Vec<(i64, i64)>) -> ModelZone {
    let offset = |seconds: i64| i32::try_from(seconds).expect("less than a day");
    let change = |(hour, seconds): (i64, i64)| (hour * HOUR_S * 1_000_000, offset(seconds));
    let mut offsets = vec![(0, offset(standard_s))];
    offsets.extend(changes.into_iter().map(change));
    ModelZone { name: name.into(), offsets }
}

fn changes(of_year: impl Fn(i64) -> [(i64, i64); 2]) -> Vec<(i64, i64)> {
    YEARS.flat_map(of_year).collect()
}

fn first_sunday(year: i64, month: usize) -> i64 {
    let first = days_since_1970(year, month, 1);
    (first..first + 7).find(|day| weekday(*day) == 6).expect("each week has one")
}

fn last_sunday(year: i64, month: usize) -> i64 {
    let days = month_days(year)[month - 1];
    let first = first_sunday(year, month);
    if first + 28 < days_since_1970(year, month, 1) + days { first + 28 } else { first + 21 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_calendars_have_them() {
        for (micros, decimals, expected) in [
            (0, 0, "1970-01-01T00:00:00Z"),
            (1_709_251_199_999_999, 6, "2024-02-29T23:59:59.999999Z"),
            (1_709_251_200_000_000, 3, "2024-03-01T00:00:00.000Z"),
            (1_735_689_599_500_000, 9, "2024-12-31T23:59:59.500000000Z"),
        ] {
            assert_eq!(rfc3339(micros, decimals, "Z"), expected);
        }
    }

    /// From the IANA database.
    #[test]
    fn clocks_change_when_the_law_says() {
        let changes = |name: &str| -> Vec<(i64, i32)> {
            let zone = zones().into_iter().find(|zone| zone.name == name).unwrap();
            let of_2024 = |(from, _): &(i64, i32)| year_contains(2024, *from);
            zone.offsets.into_iter().filter(of_2024).map(|(at, s)| (at / 1_000_000, s)).collect()
        };
        assert_eq!(changes("Europe/Malta"), [(1_711_846_800, 7200), (1_729_990_800, 3600)]);
        assert_eq!(changes("America/Toronto"), [(1_710_054_000, -14400), (1_730_613_600, -18000)]);
        assert_eq!(changes("Pacific/Auckland"), [(1_712_412_000, 43200), (1_727_532_000, 46800)]);
    }
}
