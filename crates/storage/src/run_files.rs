//! What the folders of sealed runs have in common: files that are named by a sequence number, and that a
//! checkpoint names.

use std::io::{self, ErrorKind};

use accolade_engine::disk::Disk;

/// A run that a checkpoint names and that is not there is damage as any other.
pub(crate) fn in_run(path: &str, error: io::Error) -> io::Error {
    let kind = match error.kind() {
        ErrorKind::NotFound => ErrorKind::InvalidData,
        kind => kind,
    };
    io::Error::new(kind, format!("`{path}`: {error}"))
}

/// Removes every file of a folder that is opened but the runs that are live.
pub(crate) fn remove_all_but(
    disk: &dyn Disk,
    folder: &str,
    is_live: impl Fn(u64) -> bool,
) -> io::Result<()> {
    for name in disk.list(folder)? {
        if !name.parse().is_ok_and(&is_live) {
            disk.remove(&format!("{folder}/{name}"))?;
        }
    }
    Ok(())
}

/// Removes runs that nobody needs. Of those from `end` on that cannot be known yet.
pub(crate) fn remove_dead(
    disk: &dyn Disk,
    folder: &str,
    end: u64,
    is_needed: impl Fn(u64) -> bool,
) -> io::Result<()> {
    for name in disk.list(folder)? {
        if let Ok(sequence) = name.parse::<u64>()
            && sequence < end
            && !is_needed(sequence)
        {
            disk.remove(&format!("{folder}/{name}"))?;
        }
    }
    Ok(())
}
