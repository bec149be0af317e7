//! What stands between strangers and the routes: who may connect, for how long, over what, and from where.
//!
//! A connection is *unasked* until its first request, *busy* while an answer is under way, and *idle* in
//! between. Whoever is not busy gives way to a newcomer, the longest waiting first.

mod answer;
mod gate;
mod line;
mod peer;
mod tls;
mod watched;

use std::fmt;
use std::time::Duration;

pub(crate) use self::answer::Taken;
pub(crate) use self::gate::{Closed, Gate, Place};
pub(crate) use self::line::{Line, Upgraded};
pub use self::peer::{BadProxies, Peer, Proxies};
pub(crate) use self::peer::{announced, network};
pub(crate) use self::tls::roots;
pub use self::tls::{BadTls, Tls, TlsFiles};
pub(crate) use self::watched::Watched;

/// What a listener lets strangers have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// Connections in all.
    pub connections_max: usize,
    /// Connections of one address; of one network of 64 bits with IPv6.
    pub by_address_max: usize,
    /// Connections that have not asked for anything yet.
    pub unasked_max: usize,
    /// How long the handshake of TLS may take, and a proxy's header.
    pub handshake_ms: u64,
    /// How long the head of a request may take, from its first byte; the first from the connection on.
    pub head_ms: u64,
    /// How long a connection stays between two requests.
    pub idle_ms: u64,
    /// How long a peer may leave an answer untaken.
    pub stalled_ms: u64,
    /// Bytes of a request's head.
    pub head_bytes_max: usize,
    /// Headers of a request.
    pub headers_max: usize,
    /// Requests at a time on one connection of HTTP/2.
    pub streams_max: u32,
    /// Requests that a peer of HTTP/2 may take back, or that are refused to it, before it loses its connection.
    pub resets_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self::of_connections(512)
    }
}

/// A bound that cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadBound {
    /// The field of [`Bounds`].
    pub field: &'static str,
    /// What it is.
    pub given: u64,
    /// The least and the greatest that it may be.
    pub expected: (u64, u64),
}

impl fmt::Display for BadBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, given, expected: (least, most) } = self;
        write!(f, "`{field}` is {given}: expected {least} to {most}")
    }
}

impl std::error::Error for BadBound {}

impl Bounds {
    /// The usual, for so many connections: half of them for one address, a quarter for whoever has not asked.
    pub fn of_connections(connections_max: usize) -> Self {
        Self {
            connections_max,
            by_address_max: (connections_max / 2).max(1),
            unasked_max: (connections_max / 4).max(1),
            handshake_ms: 10_000,
            head_ms: 10_000,
            idle_ms: 120_000,
            stalled_ms: 60_000,
            head_bytes_max: 64 << 10,
            headers_max: 100,
            streams_max: 128,
            resets_max: 64,
        }
    }

    /// The usual, for a process that may have so many descriptors: a half of them. Closed files have a quarter,
    /// and what the node writes, and its own connections, the last.
    pub fn within(descriptors: u64) -> Self {
        let half = usize::try_from(descriptors / 2).unwrap_or(usize::MAX);
        Self::of_connections(half.clamp(16, 32_768))
    }

    /// The usual of a cluster's nodes among themselves: an eighth of the descriptors, of which one address may have
    /// all.
    pub fn of_nodes(descriptors: u64) -> Self {
        let eighth = usize::try_from(descriptors / 8).unwrap_or(usize::MAX).clamp(16, 8_192);
        Self { by_address_max: eighth, ..Self::of_connections(eighth) }
    }

    /// Refuses what makes no sense.
    pub fn check(&self) -> Result<(), BadBound> {
        const DAY_MS: u64 = 86_400_000;
        let connections = (1, self.connections_max as u64);
        let checks = [
            ("connections_max", self.connections_max as u64, (1, 1 << 20)),
            ("by_address_max", self.by_address_max as u64, connections),
            ("unasked_max", self.unasked_max as u64, connections),
            ("handshake_ms", self.handshake_ms, (1, DAY_MS)),
            ("head_ms", self.head_ms, (1, DAY_MS)),
            ("idle_ms", self.idle_ms, (1, DAY_MS)),
            ("stalled_ms", self.stalled_ms, (1, DAY_MS)),
            // hyper reads no less at a time than the least of these.
            ("head_bytes_max", self.head_bytes_max as u64, (8 << 10, 1 << 20)),
            ("headers_max", self.headers_max as u64, (1, 1_000)),
            ("streams_max", u64::from(self.streams_max), (1, 10_000)),
            ("resets_max", self.resets_max as u64, (1, 10_000)),
        ];
        checks.into_iter().try_for_each(|(field, given, (least, most))| {
            let expected = (least, most);
            if (least..=most).contains(&given) {
                Ok(())
            } else {
                Err(BadBound { field, given, expected })
            }
        })
    }

    pub(crate) const fn handshake_time(&self) -> Duration {
        Duration::from_millis(self.handshake_ms)
    }
}

/// How a listener of TCP meets whoever connects.
#[derive(Debug, Clone, Default)]
pub struct Front {
    /// What strangers may have.
    pub bounds: Bounds,
    /// Certificates; nothing for connections in clear.
    pub tls: Option<Tls>,
    /// Whose word on the peer's address is taken.
    pub proxies: Proxies,
    /// Whom it is for.
    pub listener: Listener,
}

/// Whom a listener is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Listener {
    /// Whoever asks the API.
    #[default]
    Api,
    /// The other nodes of the cluster.
    Nodes,
}

impl Listener {
    /// Its name in metrics.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Nodes => "nodes",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Adjust = fn(&mut Bounds);

    #[test]
    fn a_bound_that_makes_no_sense_is_refused_by_its_name() {
        assert_eq!(Bounds::default().check(), Ok(()));
        assert_eq!(Bounds::within(64).check(), Ok(()));
        assert_eq!(Bounds::within(u64::MAX).check(), Ok(()));
        let bad: [(&str, Adjust); 6] = [
            ("`connections_max` is 0: expected 1 to 1048576", |bounds| bounds.connections_max = 0),
            ("`by_address_max` is 513: expected 1 to 512", |bounds| bounds.by_address_max = 513),
            ("`unasked_max` is 0: expected 1 to 512", |bounds| bounds.unasked_max = 0),
            ("`head_ms` is 0: expected 1 to 86400000", |bounds| bounds.head_ms = 0),
            ("`head_bytes_max` is 100: expected 8192 to 1048576", |bounds| {
                bounds.head_bytes_max = 100;
            }),
            ("`streams_max` is 0: expected 1 to 10000", |bounds| bounds.streams_max = 0),
        ];
        for (says, adjust) in bad {
            let mut bounds = Bounds::default();
            adjust(&mut bounds);
            assert_eq!(bounds.check().unwrap_err().to_string(), says);
        }
    }
}
