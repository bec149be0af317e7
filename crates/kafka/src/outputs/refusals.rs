//! Records that brokers refuse for good: which they are, and how to leave them out and nothing else.
//!
//! Brokers judge whole batches, which the client makes of whatever waits for one partition. So a refused
//! batch is sent again in halves until the record that is at fault stands alone; and where it is the
//! batches that are too large for a topic, all of them are made smaller.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{DeliveryResult, ProducerContext};

use crate::clients::Reports;
use crate::config::OutputTopic;

/// Whether the same record will be refused again, whenever it is sent.
pub(super) const fn is_for_good(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::MessageSizeTooLarge
            | RDKafkaErrorCode::MessageBatchTooLarge
            | RDKafkaErrorCode::InvalidMessageSize
            | RDKafkaErrorCode::InvalidRecord
    )
}

/// Notes which records brokers have refused for good.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<BTreeMap<usize, RDKafkaErrorCode>>);

impl Refusals {
    fn all(&self) -> MutexGuard<'_, BTreeMap<usize, RDKafkaErrorCode>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those since this was asked last, by the number that they were sent with.
    pub(super) fn take(&self) -> BTreeMap<usize, RDKafkaErrorCode> {
        std::mem::take(&mut *self.all())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all().is_empty()
    }
}

impl ClientContext for Refusals {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        Reports.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        Reports.error(error, reason);
    }
}

impl ProducerContext for Refusals {
    type DeliveryOpaque = usize;

    /// Any other failure than a refusal fails the transaction's commit.
    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        if let Err((error, _)) = result
            && let Some(code) = error.rdkafka_error_code().filter(|code| is_for_good(*code))
        {
            self.all().insert(number, code);
        }
    }
}

/// So many pauses fit into a transaction.
const APART_MAX: usize = 32;

/// How records are sent: which not at all, and which only once those before them have arrived.
#[derive(Debug, Default)]
pub(super) struct Plan {
    lost: BTreeMap<usize, RDKafkaErrorCode>,
    apart: BTreeSet<usize>,
}

impl Plan {
    pub(super) fn leaves_out(&self, number: usize) -> bool {
        self.lost.contains_key(&number)
    }

    pub(super) fn sends_apart(&self, number: usize) -> bool {
        self.apart.contains(&number)
    }

    /// A record is left out from now on.
    pub(super) fn lose(&mut self, number: usize, code: RDKafkaErrorCode) {
        self.lost.insert(number, code);
    }

    /// Those that were left out.
    pub(super) fn lost(self) -> BTreeMap<usize, RDKafkaErrorCode> {
        self.lost
    }

    /// Records were refused: one that was alone in its batch is left out, others go in two halves. Says
    /// whether batches are to be made smaller instead.
    pub(super) fn learn(
        &mut self,
        refused: BTreeMap<usize, RDKafkaErrorCode>,
        place_of: impl Fn(usize) -> (OutputTopic, u16),
    ) -> bool {
        let mut batches: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (number, code) in refused {
            let (topic, partition) = place_of(number);
            batches.entry((topic, partition)).or_default().push((number, code));
        }
        for batch in batches.into_values() {
            match &batch[..] {
                [(number, code)] => {
                    self.lose(*number, *code);
                    self.apart.clear();
                }
                several => {
                    self.apart.insert(several[several.len() / 2].0);
                }
            }
        }
        let are_too_large = self.apart.len() > APART_MAX;
        if are_too_large {
            self.apart.clear();
        }
        are_too_large
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: usize = 500;
    const TOO_LARGE: RDKafkaErrorCode = RDKafkaErrorCode::MessageSizeTooLarge;

    /// The batch that a broker refuses which takes none of more than `limit` records, and none with one of
    /// `bad` in it, of a client that puts at most `size` into each.
    fn refused(
        plan: &Plan,
        size: usize,
        limit: usize,
        bad: &[usize],
    ) -> BTreeMap<usize, RDKafkaErrorCode> {
        let mut batches = vec![BTreeMap::new()];
        for number in 0..COUNT {
            if plan.sends_apart(number) || batches.last().is_some_and(|last| last.len() == size) {
                batches.push(BTreeMap::new());
            }
            if !plan.leaves_out(number) {
                batches.last_mut().unwrap().insert(number, TOO_LARGE);
            }
        }
        let is_refused = |batch: &BTreeMap<usize, _>| {
            batch.len() > limit || batch.keys().any(|number| bad.contains(number))
        };
        batches.into_iter().find(is_refused).unwrap_or_default()
    }

    #[test]
    fn exactly_those_are_left_out_that_are_refused_alone() {
        for bad in [&[][..], &[0], &[499], &[0, 1, 2], &[7, 250, 251, 499]] {
            for limit in [COUNT, 100, 10, 1] {
                let (mut plan, mut size) = (Plan::default(), COUNT);
                for tries in 0.. {
                    assert!(tries < 1_000, "{bad:?}, {limit}: {plan:?}");
                    let found = refused(&plan, size, limit, bad);
                    if found.is_empty() {
                        break;
                    }
                    if plan.learn(found, |_| (OutputTopic::Balances, 0)) {
                        size /= 2;
                    }
                    assert!(plan.apart.len() <= APART_MAX);
                }
                assert_eq!(plan.lost().into_keys().collect::<Vec<_>>(), bad);
            }
        }
    }
}
