//! What follows the journal, as the node's status shows it.

use accolade_projections::running::{Projection, Status};
use accolade_server::outlets::{Outlet, OutletState};

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
