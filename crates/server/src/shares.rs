//! Threads that read or work for long, shared so that nobody takes them all: a partition that stands holds whoever
//! asks it, and its operator's requests are refused before they hold everybody's threads.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::lock::lock;
use crate::problem::{Problem, Refusal};

/// Requests of one operator that read at a time.
const OF_OPERATOR_MAX: usize = 64;
/// How long another waits for one of them to end.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many more requests of each operator may read.
#[derive(Debug, Default)]
pub(crate) struct Shares(Mutex<HashMap<u32, Arc<Semaphore>>>);

impl Shares {
    /// A share for one more request of the operator, given back when dropped.
    pub(crate) async fn take(&self, operator: u32) -> Result<OwnedSemaphorePermit, Problem> {
        let left = {
            let mut all = lock(&self.0);
            let left = all.entry(operator);
            Arc::clone(left.or_insert_with(|| Arc::new(Semaphore::new(OF_OPERATOR_MAX))))
        };
        let share = tokio::time::timeout(PATIENCE, left.acquire_owned()).await;
        share.ok().and_then(Result::ok).ok_or_else(|| {
            let detail = "more requests of this operator wait for an answer than may: ask again";
            Problem::new(Refusal::Busy, detail)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_operator_s_requests_take_nothing_of_another_s() {
        let shares = Shares::default();
        let mut held = Vec::new();
        for _ in 0..OF_OPERATOR_MAX {
            held.push(shares.take(1).await.unwrap());
        }
        assert_eq!(shares.take(1).await.unwrap_err().refusal, Refusal::Busy);
        assert!(shares.take(2).await.is_ok());
        held.pop();
        assert!(shares.take(1).await.is_ok());
    }
}
