//! The first control record of a node's or a cluster's life.

use accolade_wire::control::Control;
use accolade_wire::hex::to_hex;

use crate::error::Result;
use crate::random::random;

/// The body of a genesis record with a new id and a new key of the hashes; what follows is decided by `behaviour`.
pub fn body(partitions: u16, behaviour: u16) -> Result<Vec<u8>> {
    let control = Control::Genesis {
        cluster_id: to_hex(&random::<16>()?),
        partitions,
        hash_key: to_hex(&random::<16>()?),
        behaviour,
        window_hours: 168,
        recent_hours: 24,
    };
    Ok(serde_json::to_vec(&control).expect("a control record is plain data"))
}
