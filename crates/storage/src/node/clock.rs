//! The log's clock: the machine's, but for steps that no person has confirmed.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use accolade_domain::time::{DAY_MICROS, HOUR_MICROS, Timestamp};

use crate::error::{Result, StorageError};

/// A step larger than this is not followed while the node runs.
const STEP_MICROS_MAX: i64 = HOUR_MICROS;
/// A log that stood still longer than this was perhaps opened under a wrong clock.
const AWAY_MICROS_MAX: i64 = 31 * DAY_MICROS;

/// Tells the time for the log.
#[derive(Debug)]
pub(super) struct LogClock {
    started: Instant,
    offset_micros: i64,
}

fn wall() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

fn in_words(micros: i64) -> String {
    accolade_wire::timestamp::write(Timestamp::from_micros(micros)).to_string()
}

impl LogClock {
    /// Starts beside a log whose last frame has the time `log`.
    pub(super) fn start(log: Timestamp, accept_step: bool) -> Result<Self> {
        let now = wall();
        let log = log.micros();
        let is_step = log != 0 && (now < log - STEP_MICROS_MAX || now > log + AWAY_MICROS_MAX);
        if is_step && !accept_step {
            return Err(StorageError::ClockStep { now: in_words(now), log: in_words(log) });
        }
        Ok(Self { started: Instant::now(), offset_micros: now })
    }

    /// The time, and whether the machine's clock has made a step that is not followed.
    pub(super) fn now(&mut self) -> (Timestamp, bool) {
        let elapsed = i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
        let expected = self.offset_micros + elapsed;
        let now = wall();
        if (now - expected).abs() > STEP_MICROS_MAX {
            return (Timestamp::from_micros(expected), true);
        }
        self.offset_micros += now - expected;
        (Timestamp::from_micros(now), false)
    }
}
