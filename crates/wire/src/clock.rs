//! Days of the week and times of the clock, as documents write them.

use accolade_domain::civil::Weekday;

/// The days of the week by their names, as a week is written down.
pub(crate) const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// The day of the week of a name, whatever the case of its letters.
pub(crate) fn weekday(name: &str) -> Option<Weekday> {
    let found = WEEKDAYS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, weekday)| *weekday)
}

/// The minute of the day that `18:00` is; `24:00` is one as well.
pub(crate) fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two_figures = |text: &str| {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (two_figures(hour)?, two_figures(minute)?);
    (minute < 60).then_some(hour * 60 + minute)
}
