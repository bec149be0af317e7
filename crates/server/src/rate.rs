//! A rate limit counted in events: the generic cell rate algorithm (ITU-T I.371), with one second's
//! worth let through at once, and a debt that one request at a time may run up.
//!
//! A request of several events that finds too little room goes in all the same once no other has left a debt, and the
//! next ones wait until it is paid for. After a debt, small requests have as long again for themselves. Those that
//! were refused take turns by their size, of which a turn is kept until they should have come back. So neither a stream
//! of small requests nor large ones keep the others out.
//!
//! The nodes of a cluster share a limit: what others let through is charged here once they have told of it
//! (`cluster/sharing.rs`).

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::lock::lock;

const SECOND_NANOS: u64 = 1_000_000_000;
/// How long after its time a refused request keeps its turn.
const TURN_NANOS: u64 = 5 * SECOND_NANOS;

/// One operator's limit.
#[derive(Debug)]
pub(crate) struct Limit {
    per_second: u32,
    since: Instant,
    /// Into how many parts the limit is divided, of which one is here.
    parts: AtomicU32,
    /// Events that were let through here.
    total: AtomicU64,
    state: Mutex<State>,
}

/// Times are nanoseconds after `since`.
#[derive(Debug, Default)]
struct State {
    /// When everything let through so far has been paid for.
    paid_at: u64,
    /// When somebody may run up a debt again, though something is owed.
    debt_from: u64,
    /// The sizes (as logarithms) that were refused, in the order of their turns, and until when these are kept.
    turns: Vec<(u32, u64)>,
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
        let (parts, total) = (AtomicU32::new(1), AtomicU64::new(0));
        Self { per_second, since: Instant::now(), parts, total, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn price(&self) -> u64 {
        let parts = u64::from(self.parts.load(Ordering::Relaxed));
        (SECOND_NANOS * parts / u64::from(self.per_second)).max(1)
    }

    /// From now on, no more than one of so many parts of it is had here.
    pub(crate) fn is_one_of(&self, parts: u32) {
        self.parts.store(parts.max(1), Ordering::Relaxed);
    }

    /// How many events were let through here so far.
    pub(crate) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Pays for events that another node has let through: all of them, or a second's worth at the most.
    pub(crate) fn charge(&self, events: u64, all: bool) {
        self.charge_at(events, all, self.now());
    }

    fn charge_at(&self, events: u64, all: bool, now: u64) {
        let cost = (SECOND_NANOS / u64::from(self.per_second)).max(1).saturating_mul(events);
        let cost = if all { cost } else { cost.min(SECOND_NANOS) };
        let mut state = self.state();
        state.paid_at = state.paid_at.max(now).saturating_add(cost);
    }

    fn remaining(&self, owed: u64) -> u32 {
        let remaining = SECOND_NANOS.saturating_sub(owed) / self.price();
        u32::try_from(remaining).unwrap_or(u32::MAX).min(self.per_second)
    }

    /// Lets `events` through now, or says when.
    pub(crate) fn take(&self, events: usize) -> Result<(), Exceeded> {
        self.take_at(events, self.now())
    }

    fn take_at(&self, events: usize, now: u64) -> Result<(), Exceeded> {
        let cost = self.price().saturating_mul(events as u64);
        let size = events.max(1).ilog2();
        let mut state = self.state();
        state.turns.retain(|(_, until)| *until >= now);
        let owed = state.paid_at.saturating_sub(now);
        let fits = cost <= SECOND_NANOS.saturating_sub(owed);
        if fits || events > 1 && state.may_owe(size, owed, now) {
            state.paid_at = state.paid_at.max(now).saturating_add(cost);
            if !fits {
                let repaid_at = state.paid_at.saturating_sub(SECOND_NANOS);
                state.debt_from = repaid_at.saturating_add(cost);
            }
            state.turns.retain(|(other, _)| *other != size);
            self.total.fetch_add(events as u64, Ordering::Relaxed);
            return Ok(());
        }
        let retry_at = state.retry_at(events, cost);
        let until = retry_at.saturating_add(TURN_NANOS);
        match state.turns.iter_mut().find(|(other, _)| *other == size) {
            Some((_, kept)) => *kept = until,
            None if events > 1 => state.turns.push((size, until)),
            None => {}
        }
        Err(Exceeded {
            limit: self.per_second,
            remaining: self.remaining(owed),
            retry_after: Duration::from_nanos(retry_at.saturating_sub(now)),
        })
    }

    /// Tells how much is left, where nothing tells it yet.
    pub(crate) fn put_headers(&self, headers: &mut HeaderMap) {
        let owed = self.state().paid_at.saturating_sub(self.now());
        let told = [
            ("ratelimit-limit", u64::from(self.per_second)),
            ("ratelimit-remaining", u64::from(self.remaining(owed))),
            ("ratelimit-reset", owed.div_ceil(SECOND_NANOS)),
        ];
        for (name, value) in told {
            let name = HeaderName::from_static(name);
            headers.entry(name).or_insert_with(|| HeaderValue::from(value));
        }
    }
}

impl State {
    /// Whether a request that finds too little room goes in all the same.
    fn may_owe(&self, size: u32, owed: u64, now: u64) -> bool {
        let is_free = owed == 0 || owed <= SECOND_NANOS && now >= self.debt_from;
        is_free && self.turns.first().is_none_or(|(next, _)| *next == size)
    }

    /// When a request that was refused goes in, if no other is before it.
    fn retry_at(&self, events: usize, cost: u64) -> u64 {
        let fits_at = self.paid_at.saturating_sub(SECOND_NANOS.saturating_sub(cost));
        if events == 1 {
            return fits_at;
        }
        let may_owe_at =
            self.paid_at.min(self.debt_from.max(self.paid_at.saturating_sub(SECOND_NANOS)));
        if cost <= SECOND_NANOS { fits_at.min(may_owe_at) } else { may_owe_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: u64 = 1_000_000;

    #[test]
    fn a_second_s_worth_goes_through_at_once_and_then_one_after_the_other() {
        let limit = Limit::new(10);
        assert!((0..10).all(|_| limit.take_at(1, 0).is_ok()));
        let exceeded = limit.take_at(1, 0).unwrap_err();
        assert_eq!(exceeded.remaining, 0);
        assert_eq!(exceeded.retry_after, Duration::from_millis(100));
        assert_eq!(limit.take_at(1, 100 * MILLI), Ok(()));
        assert!(limit.take_at(1, 100 * MILLI).is_err());
    }

    #[test]
    fn a_request_beyond_a_second_s_worth_is_let_through_and_paid_for_afterwards() {
        let limit = Limit::new(10);
        assert_eq!(limit.take_at(25, 0), Ok(()));
        assert_eq!(limit.take_at(1, 0).unwrap_err().retry_after, Duration::from_millis(1_600));
        assert_eq!(limit.take_at(1, 1_600 * MILLI), Ok(()));
        assert!(limit.take_at(25, 1_600 * MILLI).is_err());
    }

    #[test]
    fn whoever_sends_large_requests_alone_has_the_whole_rate() {
        let limit = Limit::new(1_000);
        let (mut now, mut sent) = (0, 0);
        while now < 100 * SECOND_NANOS {
            match limit.take_at(5_000, now) {
                Ok(()) => sent += 5_000,
                Err(exceeded) => now += u64::try_from(exceeded.retry_after.as_nanos()).unwrap(),
            }
        }
        assert_eq!(sent, 100_000);
    }

    /// Senders of requests of different sizes, each of which comes back when it is told to.
    fn run(sizes: &[usize], seconds: u64) -> Vec<(u64, u64)> {
        let limit = Limit::new(1_000);
        let mut senders: Vec<_> = sizes.iter().map(|_| (0_u64, 0_u64, 0_u64)).collect();
        let mut through = vec![(0_u64, 0_u64); sizes.len()];
        for now in (0..seconds * 2_000).map(|tick| tick * MILLI / 2) {
            for ((sender, size), (events, longest)) in
                senders.iter_mut().zip(sizes).zip(&mut through)
            {
                let (next, since, _) = sender;
                if *next > now {
                    continue;
                }
                match limit.take_at(*size, now) {
                    Ok(()) => {
                        *events += *size as u64;
                        *longest = (*longest).max(now - *since);
                        *since = now;
                    }
                    // A small one asks again at once, whatever it is told.
                    Err(_) if *size == 1 => {}
                    Err(exceeded) => *next = now + exceeded.retry_after_s() * SECOND_NANOS,
                }
            }
        }
        through
    }

    #[test]
    fn a_large_batch_gets_through_beside_any_stream_of_small_ones_and_they_beside_it() {
        let seconds = 120;
        for sizes in [&[1, 500][..], &[1, 1, 1, 3_000], &[1, 100, 100, 5_000], &[50, 60, 2_000]] {
            let through = run(sizes, seconds);
            let all: u64 = through.iter().map(|(events, _)| events).sum();
            let largest = *sizes.iter().max().unwrap() as u64;
            assert!(all <= 1_000 * (seconds + 1) + largest, "{sizes:?}: {through:?}");
            // Twice what it costs itself, what was owed before it, and the whole seconds of `Retry-After`.
            let patience = (2 * largest / 1_000 + 5) * SECOND_NANOS;
            let (events, longest) = through[sizes.len() - 1];
            assert!(events > 0 && longest < patience, "{sizes:?}: {through:?}");
            for size in sizes {
                // Of those who ask for the same, who is first is first.
                let alike = through.iter().zip(sizes).filter(|(_, other)| *other == size);
                let events: u64 = alike.map(|((events, _), _)| events).sum();
                assert!(events >= 1_000, "{size} of {sizes:?}: {through:?}");
            }
        }
    }

    /// Nodes of which each is asked for events without a pause, and which tell each other every quarter of a second.
    fn shared(nodes: usize, busy: usize, seconds: u64) -> (u64, u64) {
        let limits: Vec<_> = (0..nodes).map(|_| Limit::new(1_000)).collect();
        let mut told = vec![0; nodes];
        let (mut through, mut in_the_first) = (0, 0);
        for tick in 0..seconds * 1_000 {
            let now = tick * MILLI;
            for limit in &limits[..busy] {
                while limit.take_at(1, now).is_ok() {
                    through += 1;
                }
            }
            if tick % 250 == 249 {
                for (at, told) in told.iter_mut().enumerate() {
                    let since = limits[at].total() - *told;
                    *told += since;
                    let others = limits.iter().enumerate().filter(|(other, _)| *other != at);
                    others.for_each(|(_, other)| other.charge_at(since, true, now));
                }
            }
            if tick == 999 {
                in_the_first = through;
            }
        }
        (through, in_the_first)
    }

    #[test]
    fn nodes_that_tell_each_other_let_through_what_one_would_and_a_second_s_worth_each() {
        for nodes in 1..=5 {
            for busy in 1..=nodes {
                let (through, in_the_first) = shared(nodes, busy, 60);
                let most = 1_000 * 60 + 1_250 * busy as u64;
                assert!((59_000..=most).contains(&through), "{busy} of {nodes}: {through}");
                assert!(
                    in_the_first <= 1_250 * busy as u64 + 1_000,
                    "{busy} of {nodes}: {in_the_first}"
                );
            }
        }
    }

    #[test]
    fn a_node_that_does_not_hear_the_others_has_its_part() {
        let limit = Limit::new(1_000);
        limit.is_one_of(4);
        assert!((0..250).all(|_| limit.take_at(1, 0).is_ok()));
        assert!(limit.take_at(1, 0).is_err());
        assert!((0..250).all(|_| limit.take_at(1, SECOND_NANOS).is_ok()));
        assert!(limit.take_at(1, SECOND_NANOS).is_err());
        limit.is_one_of(1);
        assert!((0..1_000).all(|_| limit.take_at(1, 3 * SECOND_NANOS).is_ok()));
        // What was used while nobody told is not all paid for afterwards.
        limit.charge_at(1_000_000, false, 4 * SECOND_NANOS);
        assert_eq!(limit.take_at(1, 5 * SECOND_NANOS), Ok(()));
        limit.charge_at(2_000, true, 5 * SECOND_NANOS);
        let exceeded = limit.take_at(1, 5 * SECOND_NANOS).unwrap_err();
        assert_eq!(exceeded.retry_after_s(), 2);
    }
}
