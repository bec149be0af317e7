//! A connection that goes on as something else than HTTP, such as a WebSocket.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::gate::{Asked, Closed, Conn};

/// The connection of a request that wants that; among the extensions of each that says so.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    conn: Arc<Conn>,
    stopped: watch::Receiver<bool>,
}

/// A connection that has gone on. It is busy until this is dropped, and whoever serves it waits for that.
#[derive(Debug)]
pub(crate) struct Upgraded {
    asked: Asked,
    stopped: watch::Receiver<bool>,
}

impl Line {
    pub(crate) const fn new(conn: Arc<Conn>, stopped: watch::Receiver<bool>) -> Self {
        Self { conn, stopped }
    }

    pub(crate) const fn conn(&self) -> &Arc<Conn> {
        &self.conn
    }

    /// Goes on with it; nothing where it is told to end.
    pub(crate) fn upgrade(self) -> Option<Upgraded> {
        let Self { conn, stopped } = self;
        let asked = conn.begin()?;
        conn.goes_on();
        Some(Upgraded { asked, stopped })
    }
}

impl Upgraded {
    /// Returns once it has to end: the node stops, or the peer takes nothing of what is written.
    pub(crate) async fn is_over(&mut self) -> Closed {
        tokio::select! {
            // Either way the listener has ended.
            _ = self.stopped.changed() => Closed::Stopping,
            why = self.asked.conn().overdue() => why,
        }
    }

    /// How long a peer may say nothing that is asked whether it is there.
    pub(crate) fn patience(&self) -> Duration {
        self.asked.conn().patience()
    }
}
