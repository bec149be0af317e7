//! Who owns which partition, as records of `accolade.owners`: the key is the partition, so that
//! compaction keeps the last announcement of each.
//!
//! Value: `format u8 = 1 · partition u16 · epoch u64 · node text · address text · checkpoint text`.

use accolade_engine::ordered::Owner;
use accolade_wire::bytes::{BadFormat, Cursor, put_text};

const FORMAT: u8 = 1;

/// The key of a partition's announcements.
pub(crate) const fn key(partition: u16) -> [u8; 2] {
    partition.to_be_bytes()
}

/// The value of an announcement.
pub(crate) fn write(owner: &Owner) -> Vec<u8> {
    let mut out = vec![FORMAT];
    out.extend_from_slice(&owner.partition.to_le_bytes());
    out.extend_from_slice(&owner.epoch.to_le_bytes());
    for text in [&owner.node, &owner.address, &owner.checkpoint] {
        put_text(&mut out, text);
    }
    out
}

/// Reads an announcement.
pub(crate) fn read(value: &[u8]) -> Result<Owner, BadFormat> {
    let mut cursor = Cursor::new(value, "announcement of an owner");
    cursor.format(FORMAT)?;
    let owner = Owner {
        partition: cursor.u16()?,
        epoch: cursor.u64()?,
        node: cursor.text()?.to_owned(),
        address: cursor.text()?.to_owned(),
        checkpoint: cursor.text()?.to_owned(),
    };
    if cursor.is_empty() { Ok(owner) } else { Err(cursor.bad()) }
}
