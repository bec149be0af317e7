//! What partitions say to each other about the budget of a promotion.
//!
//! Its home has what nobody holds of it, and each partition a share. Points on their way are in nobody's hands; so in
//! whatever order these arrive, once each, no more is held than the budget has.

use serde::{Deserialize, Serialize};

/// One thing that is said, as a message from one partition to another; points are in hundredths, above 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Says {
    /// To the home: a share is short of so many points.
    Asks {
        /// What the wager that was short would have had.
        points: i64,
    },
    /// From the home: so many points are added to the share.
    Grants {
        /// How many.
        points: i64,
    },
    /// From the home: what is left of the share is needed elsewhere.
    Recalls,
    /// To the home: so many points are held no more.
    Returns {
        /// How many.
        points: i64,
    },
}
