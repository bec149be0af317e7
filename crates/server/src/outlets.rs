//! What follows the fold and leaves the node: topics, and tables of a database. None of them holds intake
//! up; so a node that is well says of each how far it is behind, and what keeps it.

use std::fmt;
use std::sync::{Arc, Mutex};

use metrics::gauge;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::lock::lock;

/// Something that follows the fold.
pub trait Outlet: fmt::Debug + Send + Sync {
    /// How it is. May read a little from disk.
    fn state(&self) -> OutletState;
}

/// How an outlet is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Outlet)]
pub struct OutletState {
    /// What it is: `topics`, `postgres`.
    pub name: String,
    /// Batches that are folded here and have not left; nothing where it is not known.
    #[schema(required)]
    pub lag_batches: Option<u64>,
    /// Outputs that had to be left out since the start.
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

    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    pub(crate) fn set_gauges(&self) {
        for OutletState { name, lag_batches, trouble, .. } in self.states() {
            if let Some(batches) = lag_batches {
                gauge!("accolade_outlet_lag_batches", "outlet" => name.clone()).set(batches as f64);
            }
            gauge!("accolade_outlet_standing", "outlet" => name).set(trouble.len() as f64);
        }
    }
}
