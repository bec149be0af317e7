//! What the nodes of a cluster ask each other: each has some of the partitions, and any of them answers
//! every request.
//!
//! What concerns one partition is forwarded to its owner, once. What concerns several is asked of
//! their owners and put together here, whole or not at all. Nodes have an address of their own for each other, where
//! nothing is heard that none of them has signed.

pub(crate) mod ask;
pub(crate) mod batches;
mod between;
mod connector;
mod forward;
mod gather;
pub(crate) mod names;
mod neighbours;
mod onward;
pub(crate) mod sharing;
mod signed;
mod told;

use std::sync::Arc;
use std::time::Duration;

use accolade_storage::host::{NotHere, Outcomes};
use tokio::time::Instant;

pub(crate) use self::neighbours::Lines;
pub use self::neighbours::{BadSecret, Neighbours};

pub(crate) use self::batches::{Batch, Stretch, first_at, time_in, time_of_batch};
pub(crate) use self::between::hear;
pub(crate) use self::forward::{Asking, Carrying, at_a_node, unreachable};
pub(crate) use self::gather::partitions_text;
pub(crate) use self::names::Names;
pub(crate) use self::onward::Onward;
pub(crate) use self::told::{put_told, read_told};

use crate::problem::Problem;
use crate::service::Service;

/// How long a request waits for a partition that is on its way from one node to another.
const OWNER_PATIENCE: Duration = Duration::from_secs(2);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What a service needs besides its own node.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    /// The way to the other nodes.
    pub(crate) neighbours: Neighbours,
    /// What other nodes ask this one.
    pub(crate) outcomes: Arc<dyn Outcomes>,
}

/// Where a partition is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Where {
    /// Here.
    Here,
    /// At the node that answers at this address.
    At(String),
}

impl Service {
    /// Where a partition is; waits a while for one that is nowhere.
    pub(crate) async fn find(&self, partition: u16) -> Result<Where, Problem> {
        let until = Instant::now() + OWNER_PATIENCE;
        loop {
            match self.host.whereabouts(partition) {
                Ok(()) => return Ok(Where::Here),
                Err(NotHere::At(address)) => return Ok(Where::At(address)),
                Err(nowhere @ NotHere::Nowhere) if Instant::now() > until => {
                    return Err(nowhere.into());
                }
                Err(NotHere::Nowhere) => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    /// The way to the other nodes. A host that has neighbours is never served without it.
    pub(crate) fn neighbours(&self) -> Result<&Neighbours, Problem> {
        let cluster = self.cluster.as_ref().ok_or(NotHere::Nowhere)?;
        Ok(&cluster.neighbours)
    }
}
