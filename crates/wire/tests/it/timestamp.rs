//! Times as text, against jiff.

use accolade_domain::time::Timestamp;
use accolade_wire::timestamp::{read, write};
use proptest::prelude::*;

const YEAR_10000_MICROS: i64 = 253_402_300_800_000_000;

fn micros(text: &str) -> Option<i64> {
    read(text).map(Timestamp::micros)
}

#[test]
fn every_spelling_of_utc_is_read() {
    for (text, expected) in [
        ("1970-01-01T00:00:00Z", 0),
        ("2024-11-11T10:30:00Z", 1_731_321_000_000_000),
        ("2024-11-11t10:30:00z", 1_731_321_000_000_000),
        ("2024-11-11T10:30:00+00:00", 1_731_321_000_000_000),
        ("2024-11-11T10:30:00-00:00", 1_731_321_000_000_000),
        ("2024-11-11T10:30:00.5Z", 1_731_321_000_500_000),
        ("2024-11-11T10:30:00.123456789+00:00", 1_731_321_000_123_456),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000_000),
        ("2000-02-29T00:00:00Z", 951_782_400_000_000),
        ("2016-12-31T23:59:60Z", 1_483_228_799_999_999),
        ("2016-12-31T23:59:60.5Z", 1_483_228_799_999_999),
        ("9999-12-31T23:59:59.999999Z", YEAR_10000_MICROS - 1),
    ] {
        assert_eq!(micros(text), Some(expected), "{text}");
    }
}

#[test]
fn what_is_not_a_time_in_utc_is_refused() {
    for text in [
        "",
        "2024-11-11",
        "2024-11-11T10:30:00",
        "2024-11-11 10:30:00Z",
        "2024-11-11T10:30Z",
        "2024-11-11T10:30:00+01:00",
        "2024-11-11T10:30:00+0000",
        "2024-11-11T10:30:00+00",
        "2024-11-11T10:30:00.Z",
        "2024-11-11T10:30:00,5Z",
        "2024-11-11T10:30:00.1234567890Z",
        "2024-11-11T10:30:00ZZ",
        "2024-11-11T10:30:00Z ",
        " 2024-11-11T10:30:00Z",
        "2024-11-11T24:00:00Z",
        "2024-11-11T10:60:00Z",
        "2024-11-11T10:30:60Z",
        "2024-11-11T10:30:61Z",
        "2024-00-11T10:30:00Z",
        "2024-13-11T10:30:00Z",
        "2024-11-00T10:30:00Z",
        "2024-11-31T10:30:00Z",
        "2023-02-29T10:30:00Z",
        "2100-02-29T10:30:00Z",
        "1969-12-31T23:59:59Z",
        "0000-01-01T00:00:00Z",
        "+2024-11-11T10:30:00Z",
        "12024-11-11T10:30:00Z",
        "2O24-11-11T10:30:00Z",
        "2024-11-11T10:30:0\u{e9}Z",
        "1731321000",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn only_needed_decimals_are_written() {
    for (micros, expected) in [
        (0, "1970-01-01T00:00:00Z"),
        (1_731_321_000_500_000, "2024-11-11T10:30:00.500Z"),
        (1_731_321_000_000_001, "2024-11-11T10:30:00.000001Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
    ] {
        assert_eq!(write(Timestamp::from_micros(micros)).to_string(), expected);
    }
}

#[test]
fn the_ends_of_the_range_are_written_too() {
    for micros in [i64::MIN, i64::MAX] {
        assert!(write(Timestamp::from_micros(micros)).to_string().ends_with('Z'));
    }
}

#[test]
fn every_day_until_2400_is_the_day_that_jiff_knows() {
    let mut day = jiff::civil::date(1970, 1, 1);
    for days in 0..157_000 {
        let at = Timestamp::from_micros(days * accolade_domain::time::DAY_MICROS);
        let text = format!("{day}T00:00:00Z");
        assert_eq!(write(at).to_string(), text);
        assert_eq!(read(&text), Some(at));
        day = day.tomorrow().unwrap();
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(micros in 0..YEAR_10000_MICROS, round in 0..3) {
        let unit = [1, 1_000, 1_000_000][usize::try_from(round).unwrap()];
        let at = Timestamp::from_micros(micros / unit * unit);
        let text = write(at).to_string();
        prop_assert_eq!(read(&text), Some(at));
        let jiff: jiff::Timestamp = text.parse().unwrap();
        prop_assert_eq!(jiff.as_microsecond(), at.micros());
    }

    #[test]
    fn what_is_read_is_what_jiff_reads(text in "(1970|20[0-9]{2}|[2-9][0-9]{3})-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-5][0-9](\\.[0-9]{1,6})?(Z|\\+00:00)") {
        let jiff = text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond);
        prop_assert_eq!(micros(&text), jiff);
    }
}
