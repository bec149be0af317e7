//! The first control record of a node's or a cluster's life.

use accolade_engine::rules::BEHAVIOUR;
use accolade_wire::control::Control;

use crate::error::{Result, StorageError};

/// The body of a genesis record with a new id and a new key of the hashes.
pub fn body(partitions: u16) -> Result<Vec<u8>> {
    let control = Control::Genesis {
        cluster_id: hex(&random()?),
        partitions,
        hash_key: hex(&random()?),
        behaviour: BEHAVIOUR,
        window_hours: 168,
        recent_hours: 24,
    };
    Ok(serde_json::to_vec(&control).expect("a control record is plain data"))
}

fn random() -> Result<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        StorageError::other(
            "the system gave no random bytes",
            std::io::Error::other(error.to_string()),
        )
    })?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
