//! Points in time as text: RFC 3339, always in UTC.
//!
//! Days are counted by Howard Hinnant's `days_from_civil` and `civil_from_days`
//! (<https://howardhinnant.github.io/date_algorithms.html>).

use std::fmt;

use accolade_domain::time::{DAY_MICROS, Timestamp};

const SECOND_MICROS: i64 = 1_000_000;
/// Days from 0000-03-01, the beginning of Hinnant's calendar, to 1970-01-01.
const DAYS_BEFORE_1970: i64 = 719_468;
const DAYS_PER_ERA: i64 = 146_097;

/// Reads a time such as `2024-11-11T10:30:00.123Z`, from 1970 to 9999.
///
/// The offset is `Z` or zero; of at most nine decimals six are kept; a leap second is the last
/// microsecond before it. Anything else is `None`.
pub fn read(text: &str) -> Option<Timestamp> {
    let (date_and_time, rest) = text.as_bytes().split_first_chunk::<19>()?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T' | b't', clock @ ..] = date_and_time
    else {
        return None;
    };
    let [h1, h2, b':', n1, n2, b':', s1, s2] = clock else { return None };
    let year = pair(*y1, *y2)? * 100 + pair(*y3, *y4)?;
    let (month, day) = (pair(*m1, *m2)?, pair(*d1, *d2)?);
    let (hour, minute, second) = (pair(*h1, *h2)?, pair(*n1, *n2)?, pair(*s1, *s2)?);
    let (fraction_micros, offset) = read_fraction(rest)?;
    let leap = (hour, minute, second) == (23, 59, 60);
    let valid = year >= 1970
        && (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour <= 23
        && minute <= 59
        && (second <= 59 || leap)
        && matches!(offset, b"Z" | b"z" | b"+00:00" | b"-00:00");
    if !valid {
        return None;
    }
    let minutes = (days_since_1970(year, month, day) * 24 + hour) * 60 + minute;
    let micros = if leap {
        (minutes * 60 + 60) * SECOND_MICROS - 1
    } else {
        (minutes * 60 + second) * SECOND_MICROS + fraction_micros
    };
    Some(Timestamp::from_micros(micros))
}

/// Writes `at` with `Z`, and with three or six decimals where it has any.
pub fn write(at: Timestamp) -> impl fmt::Display {
    Rfc3339(at)
}

struct Rfc3339(Timestamp);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.micros();
        let (year, month, day) = civil(micros.div_euclid(DAY_MICROS));
        let of_day = micros.rem_euclid(DAY_MICROS);
        let (seconds, fraction) = (of_day / SECOND_MICROS, of_day % SECOND_MICROS);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match (fraction / 1_000, fraction % 1_000) {
            (0, 0) => f.write_str("Z"),
            (millis, 0) => write!(f, ".{millis:03}Z"),
            _ => write!(f, ".{fraction:06}Z"),
        }
    }
}

fn pair(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| i64::from(tens * 10 + ones))
}

/// The microseconds of a fraction, if `rest` begins with one, and what follows it.
fn read_fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.', after @ ..] = rest else { return Some((0, rest)) };
    let count = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&count) {
        return None;
    }
    let (figures, offset) = after.split_at(count);
    let padded = figures.iter().copied().chain([b'0'; 6]).take(6);
    let micros = padded.fold(0, |micros, figure| micros * 10 + i64::from(figure - b'0'));
    Some((micros, offset))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_PER_ERA + day_of_era - DAYS_BEFORE_1970
}

fn civil(days_since_1970: i64) -> (i64, i64, i64) {
    let days = days_since_1970 + DAYS_BEFORE_1970;
    let (era, day_of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}
