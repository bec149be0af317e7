//! The time of the machine.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use accolade_domain::time::Timestamp;

use crate::driver::Now;

#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { started: Instant::now() }
    }

    pub(crate) fn passed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn at(&self) -> Now {
        Now { time: self.now(), passed: self.passed() }
    }

    #[expect(clippy::unused_self, reason = "it is read with the time that has passed")]
    pub(crate) fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}
