//! A rate limit counted in events: the generic cell rate algorithm (ITU-T I.371), with one second's
//! worth let through at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const SECOND_NANOS: u64 = 1_000_000_000;

/// One operator's limit.
#[derive(Debug)]
pub(crate) struct Limit {
    per_second: u32,
    since: Instant,
    /// When everything let through so far has been paid for, in nanoseconds after `since`.
    paid_at: AtomicU64,
}

/// A request that must wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exceeded {
    /// Events a second.
    pub(crate) limit: u32,
    /// Events that would be let through now.
    pub(crate) remaining: u32,
    /// When the same request would be let through.
    pub(crate) retry_after: Duration,
}

impl Exceeded {
    /// The wait in whole seconds, at least one.
    pub(crate) fn retry_after_s(&self) -> u64 {
        self.retry_after.as_millis().div_ceil(1_000).max(1).try_into().unwrap_or(u64::MAX)
    }
}

impl Limit {
    /// `per_second` is not 0.
    pub(crate) fn new(per_second: u32) -> Self {
        Self { per_second, since: Instant::now(), paid_at: AtomicU64::new(0) }
    }

    /// Lets `events` through now, or says when.
    pub(crate) fn take(&self, events: usize) -> Result<(), Exceeded> {
        self.take_at(events, u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// A request larger than a second's worth goes through once nothing is owed, and the next ones wait
    /// until it is paid for.
    fn take_at(&self, events: usize, now: u64) -> Result<(), Exceeded> {
        let price = SECOND_NANOS / u64::from(self.per_second);
        let cost = price.saturating_mul(events as u64);
        let owed_max = SECOND_NANOS.saturating_sub(cost);
        let taken = self.paid_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |paid_at| {
            let from = paid_at.max(now);
            (from - now <= owed_max).then(|| from.saturating_add(cost))
        });
        taken.map(drop).map_err(|paid_at| {
            let owed = paid_at.saturating_sub(now);
            let remaining = SECOND_NANOS.saturating_sub(owed) / price;
            Exceeded {
                limit: self.per_second,
                remaining: u32::try_from(remaining).unwrap_or(self.per_second),
                retry_after: Duration::from_nanos(owed - owed_max),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_s_worth_goes_through_at_once_and_then_one_after_the_other() {
        let limit = Limit::new(10);
        assert!((0..10).all(|_| limit.take_at(1, 0).is_ok()));
        let exceeded = limit.take_at(1, 0).unwrap_err();
        assert_eq!(exceeded.remaining, 0);
        assert_eq!(exceeded.retry_after, Duration::from_millis(100));
        assert_eq!(limit.take_at(1, 100_000_000), Ok(()));
        assert!(limit.take_at(1, 100_000_000).is_err());
    }

    #[test]
    fn a_request_beyond_a_second_s_worth_is_let_through_and_paid_for_afterwards() {
        let limit = Limit::new(10);
        assert_eq!(limit.take_at(25, 0), Ok(()));
        assert_eq!(limit.take_at(1, 0).unwrap_err().retry_after, Duration::from_millis(1_600));
        assert_eq!(limit.take_at(1, 1_600_000_000), Ok(()));
        assert!(limit.take_at(25, 1_600_000_000).is_err());
    }
}
