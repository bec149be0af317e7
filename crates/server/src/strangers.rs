//! A rate limit by address for whoever shows no credential that is known: what is public, and what is refused.
//!
//! Addresses share a table of fixed size by a hash that nobody can foresee. Two that meet in it share a limit; a probe of
//! health is never refused, so it does not suffer.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::rate::Exceeded;

const SECOND_NANOS: u64 = 1_000_000_000;
const SLOTS: usize = 4_096;

/// When what each address has asked is paid for, in nanoseconds after `since`.
#[derive(Debug)]
pub(crate) struct Strangers {
    /// 0 for no limit.
    per_second: u32,
    since: Instant,
    hasher: RandomState,
    paid_at: Box<[AtomicU64]>,
}

impl Strangers {
    pub(crate) fn new(per_second: u32) -> Self {
        let paid_at = std::iter::repeat_with(AtomicU64::default).take(SLOTS).collect();
        Self { per_second, since: Instant::now(), hasher: RandomState::new(), paid_at }
    }

    /// Lets one more request of an address through now, or says when; of no address always.
    pub(crate) fn take(&self, from: Option<IpAddr>) -> Result<(), Exceeded> {
        let now = u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        from.map_or(Ok(()), |from| self.take_at(from, now))
    }

    fn take_at(&self, from: IpAddr, now: u64) -> Result<(), Exceeded> {
        if self.per_second == 0 {
            return Ok(());
        }
        let price = (SECOND_NANOS / u64::from(self.per_second)).max(1);
        let slot = usize::try_from(self.hasher.hash_one(network_of(from)) % SLOTS as u64);
        let slot = &self.paid_at[slot.expect("there are fewer slots than numbers")];
        let most = now.saturating_add(SECOND_NANOS);
        let paid = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |paid_at| {
            Some(paid_at.max(now).saturating_add(price)).filter(|paid_at| *paid_at <= most)
        });
        paid.map(drop).map_err(|paid_at| Exceeded {
            limit: self.per_second,
            remaining: 0,
            retry_after: Duration::from_nanos(paid_at.saturating_add(price).saturating_sub(most)),
        })
    }
}

/// The address; of IPv6 the network of 64 bits, of which somebody usually has all.
pub(crate) fn network_of(from: IpAddr) -> u64 {
    match from.to_canonical() {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => (address.to_bits() >> 64) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_rate_and_takes_little_of_anybody_else_s() {
        let strangers = Strangers::new(10);
        let from = |address: &str| address.parse::<IpAddr>().unwrap();
        let busy = from("192.0.2.1");
        assert!((0..10).all(|_| strangers.take_at(busy, 0).is_ok()));
        let exceeded = strangers.take_at(busy, 0).unwrap_err();
        assert_eq!((exceeded.limit, exceeded.retry_after), (10, Duration::from_millis(100)));
        assert!(strangers.take_at(busy, SECOND_NANOS / 10).is_ok());
        assert!(strangers.take_at(from("::ffff:192.0.2.1"), SECOND_NANOS / 10).is_err());
        let others = (0..100_u8).map(|last| IpAddr::from([198, 51, 100, last]));
        let refused = others.filter(|other| strangers.take_at(*other, 0).is_err()).count();
        assert!(refused < 3, "few meet in a table of thousands: {refused}");
        // All of a /64 are one; who has asked before is not to be met.
        let strangers = Strangers::new(10);
        for last in 0..10 {
            assert!(strangers.take_at(from(&format!("2001:db8::{last}")), 0).is_ok());
        }
        assert!(strangers.take_at(from("2001:db8::ffff"), 0).is_err());
        assert!(Strangers::new(0).take_at(busy, 0).is_ok());
        assert!(strangers.take(None).is_ok());
    }
}
