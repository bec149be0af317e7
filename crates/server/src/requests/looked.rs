//! What nodes have of a list of requests.

use std::io;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::cursor::put_together;

/// What one node has of a list, whose order is that of places `P`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Looked<P> {
    pub(super) found: Vec<Item<P>>,
    /// Up to where it has looked; nothing where it has seen all, or found enough.
    pub(super) to: Option<P>,
}

/// A request of a list, as it is answered.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Item<P> {
    pub(super) at: P,
    pub(super) request: Box<RawValue>,
}

/// Reads what another node has answered.
pub(super) fn read_looked<P: DeserializeOwned>(bytes: &[u8]) -> io::Result<Looked<P>> {
    Ok(serde_json::from_slice(bytes)?)
}

/// At most `limit` of what all nodes have, and where the list goes on.
pub(super) fn page_of<P: Ord + Copy>(
    looked: Vec<Looked<P>>,
    limit: usize,
) -> (Vec<Item<P>>, Option<P>) {
    let parts = looked.into_iter().map(|Looked { found, to }| (found, to));
    put_together(parts, limit, |item| item.at)
}
