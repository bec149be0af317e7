//! What follows the fold and leaves the node: topics, tables of a database, keys of Redis. None of them holds intake
//! up; so a node that is well says of each how far it is behind, and what keeps it.

use std::fmt;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::lock::lock;

/// Something that follows the fold.
pub trait Outlet: fmt::Debug + Send + Sync {
    /// How it is. May read a little from disk.
    fn state(&self) -> OutletState;

    /// Sets its gauges, for whoever reads metrics next.
    fn set_gauges(&self);
}

/// How an outlet is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Outlet)]
pub struct OutletState {
    /// What it is: `kafka` for the output topics, `postgres`, `redis`.
    pub name: String,
    /// Whether that answers.
    #[serde(default)]
    pub is_connected: bool,
    /// Batches that are folded here and have not left; nothing where it is not known.
    #[schema(required)]
    pub lag_batches: Option<u64>,
    /// The age of the oldest of them, in milliseconds; the time since the start where they are not known.
    #[serde(default)]
    pub lag_ms: u64,
    /// Records that have left since the start: messages, rows of the ledger, scores and hashes.
    #[serde(default)]
    pub records: u64,
    /// Records that were refused for good since the start, and left out.
    pub lost: u64,
    /// What keeps all of it, or one partition, from going on.
    pub trouble: Vec<String>,
}

/// All outlets of a node.
#[derive(Debug, Default)]
pub(crate) struct Outlets(Mutex<Vec<Arc<dyn Outlet>>>);

impl Outlets {
    pub(crate) fn add(&self, outlet: Arc<dyn Outlet>) {
        lock(&self.0).push(outlet);
    }

    /// How they are; not for a thread of the runtime.
    pub(crate) fn states(&self) -> Vec<OutletState> {
        let all = lock(&self.0).clone();
        all.iter().map(|outlet| outlet.state()).collect()
    }

    pub(crate) fn set_gauges(&self) {
        let all = lock(&self.0).clone();
        for outlet in all {
            outlet.set_gauges();
        }
    }
}
