//! The machine's clock, beside those of others.

use std::time::{SystemTime, UNIX_EPOCH};

use accolade_domain::time::{DAY_MICROS, HOUR_MICROS, Timestamp};

use super::Findings;

const CHECK: &str = "clock";
const SECOND_MICROS: i64 = 1_000_000;
/// A node of a cluster stops where its clock is further from the brokers'.
const SKEW_MICROS_MAX: i64 = 2 * SECOND_MICROS;
/// Stores round what they say to whole seconds.
const STORE_MICROS: i64 = SECOND_MICROS;
/// Further behind the log than this, `accolade serve` does not start without a word from a person.
const BEHIND_MICROS_MAX: i64 = HOUR_MICROS;
/// Nor further ahead of it.
const AHEAD_MICROS_MAX: i64 = 31 * DAY_MICROS;

/// What other clocks have said.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    /// By the brokers' clock, when the last record was ordered; and what it was here when it was read.
    pub(super) ordered: Option<(i64, i64)>,
    /// By the bucket's clock, when an object was put; and what it was here just before and after.
    pub(super) put: Option<(i64, (i64, i64))>,
    /// The time of the embedded log's last frame.
    pub(super) logged: Option<i64>,
}

pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

fn in_words(micros: i64) -> String {
    accolade_wire::timestamp::write(Timestamp::from_micros(micros)).to_string()
}

fn seconds(micros: i64) -> i64 {
    micros.abs() / SECOND_MICROS
}

impl Clocks {
    pub(super) fn merge(&mut self, other: Self) {
        self.ordered = self.ordered.or(other.ordered);
        self.put = self.put.or(other.put);
        self.logged = self.logged.or(other.logged);
    }

    pub(super) fn examine(&self, findings: &mut Findings) {
        let compared = [self.with_log(findings), self.with_brokers(findings)].contains(&true)
            || self.with_bucket(findings);
        if !compared {
            findings.warning(
                CHECK,
                "it could not be compared: no record is young, and no bucket has a clock of its own",
                "see that the machine's clock is kept right, such as by `timedatectl` or `chronyc tracking`",
            );
        }
    }

    fn with_log(&self, findings: &mut Findings) -> bool {
        let Some(logged) = self.logged else { return false };
        let now = now();
        let found = format!(
            "here it is {}, the log's last record is of {}",
            in_words(now),
            in_words(logged)
        );
        if now < logged - BEHIND_MICROS_MAX || now > logged + AHEAD_MICROS_MAX {
            let mend = "set the clock right; if it is, start once with `accolade serve --accept-clock-step`";
            findings.error(CHECK, found, mend);
        } else {
            findings.ok(CHECK, found);
        }
        true
    }

    /// A record that is old says only that the clock is not behind it.
    fn with_brokers(&self, findings: &mut Findings) -> bool {
        let Some((ordered, here)) = self.ordered else { return false };
        let ahead = here - ordered;
        if ahead < -SKEW_MICROS_MAX {
            let found = format!("at least {} s behind the brokers' clock", seconds(ahead));
            findings.error(CHECK, found, "set the clock right: a node would stop at once");
            return true;
        }
        if ahead <= SKEW_MICROS_MAX {
            findings.ok(CHECK, "within two seconds of the brokers' clock");
            return true;
        }
        false
    }

    fn with_bucket(&self, findings: &mut Findings) -> bool {
        let Some((put, (before, after))) = self.put else { return false };
        let away = if put < before - STORE_MICROS {
            before - STORE_MICROS - put
        } else {
            (put - after).max(0)
        };
        if away > SKEW_MICROS_MAX {
            let way = if put < before { "ahead of" } else { "behind" };
            let found = format!("{} s {way} the bucket's clock", seconds(away));
            findings.warning(CHECK, found, "find out which of the two is wrong, and set it right");
        } else {
            findings.ok(CHECK, "within three seconds of the bucket's clock");
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    fn state(clocks: &Clocks) -> (State, String) {
        let mut findings = Findings::default();
        clocks.examine(&mut findings);
        let only = findings.0.pop().unwrap();
        assert!(findings.0.is_empty());
        (only.state, only.found)
    }

    #[test]
    fn a_young_record_proves_the_clock_and_one_of_the_future_disproves_it() {
        let at = |ordered| Clocks { ordered: Some((ordered, 100_000_000)), ..Clocks::default() };
        assert_eq!(state(&at(99_000_000)).0, State::Ok);
        let (is, found) = state(&at(107_000_000));
        assert_eq!((is, found.as_str()), (State::Error, "at least 7 s behind the brokers' clock"));
        assert_eq!(state(&at(50_000_000)).0, State::Warning, "it may be old, or the clock ahead");
    }

    #[test]
    fn a_bucket_is_asked_where_records_are_old() {
        let at = |put| Clocks {
            ordered: Some((1, 100_000_000)),
            put: Some((put, (100_000_000, 100_500_000))),
            ..Clocks::default()
        };
        assert_eq!(state(&at(99_000_000)).0, State::Ok, "a second is what it rounds");
        assert_eq!(state(&at(102_000_000)).0, State::Ok);
        assert_eq!(state(&at(90_000_000)).1, "9 s ahead of the bucket's clock");
        assert_eq!(state(&at(110_500_000)).1, "10 s behind the bucket's clock");
    }

    #[test]
    fn a_log_of_the_future_or_of_long_ago_needs_a_person() {
        let at = |before: i64| Clocks { logged: Some(now() - before), ..Clocks::default() };
        assert_eq!(state(&at(DAY_MICROS)).0, State::Ok);
        assert_eq!(state(&at(-2 * HOUR_MICROS)).0, State::Error);
        assert_eq!(state(&at(32 * DAY_MICROS)).0, State::Error);
    }
}
