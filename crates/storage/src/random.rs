//! Random bytes of the operating system.

use std::io;

use crate::error::{Result, StorageError};

/// Random bytes that nobody can foresee.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        StorageError::other("the system gave no random bytes", io::Error::other(error.to_string()))
    })?;
    Ok(bytes)
}
