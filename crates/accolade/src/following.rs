//! What follows the journal, as the node's status shows it.

use std::sync::Arc;

use accolade_engine::feed::Feed;
use accolade_projections::running::{Projection, Status};
use accolade_server::outlets::{Outlet, OutletState};

use crate::hosting::{Form, Hosted};

/// A projection that runs beside the node.
#[derive(Debug)]
pub(crate) struct Followed(pub(crate) Projection);

impl Outlet for Followed {
    fn state(&self) -> OutletState {
        let Status { is_connected, lag_batches, lag, records, refused, trouble, .. } =
            self.0.status();
        OutletState {
            name: self.0.name().into(),
            is_connected,
            lag_batches,
            lag_ms: u64::try_from(lag.as_millis()).unwrap_or(u64::MAX),
            records,
            lost: refused,
            trouble,
        }
    }

    fn set_gauges(&self) {
        self.0.set_gauges();
    }
}

/// The journal of a node.
pub(crate) fn feed(hosted: &Hosted) -> Arc<dyn Feed> {
    match &hosted.form {
        Form::Embedded(node) => Arc::clone(node) as Arc<dyn Feed>,
        #[cfg(feature = "cluster")]
        Form::Cluster { node, .. } => Arc::clone(node) as Arc<dyn Feed>,
    }
}
