//! What the owner of a partition does, one step at a time: orders and folds, takes a partition over,
//! keeps checkpoints. No thread, no waiting, no clock and no randomness is here: whoever drives says when,
//! and what time it is. A node drives from threads, the simulator from a seed.

pub mod keeper;
pub mod seat;
pub mod takeover;

use std::time::Duration;

use accolade_domain::time::Timestamp;

/// This moment.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// The time of the machine's clock, which may be set.
    pub time: Timestamp,
    /// How much time has passed since some moment before the driver began, whatever the clock says.
    pub passed: Duration,
}
