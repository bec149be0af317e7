//! Who owns which partition, as records of `accolade.owners`: the key is the partition, so that
//! compaction keeps the last announcement of each.
//!
//! Value: `format u8 = 2 · partition u16 · epoch u64 · node text · address text · checkpoint text · signature 32 bytes`.
//! Nodes send what their callers ask to the address that it names, so it is signed, with the topic's name: whoever
//! writes to the topic without the cluster's secret is not heard.

use accolade_engine::ordered::Owner;
use accolade_wire::bytes::{BadFormat, Cursor, put_text};
use accolade_wire::secret::{Key, Signature};

const FORMAT: u8 = 2;

/// The key of a partition's announcements.
pub(crate) const fn key(partition: u16) -> [u8; 2] {
    partition.to_be_bytes()
}

/// The value of an announcement in `topic`.
pub(crate) fn write(owner: &Owner, topic: &str, signing: &Key) -> Vec<u8> {
    let mut out = vec![FORMAT];
    out.extend_from_slice(&owner.partition.to_le_bytes());
    out.extend_from_slice(&owner.epoch.to_le_bytes());
    for text in [&owner.node, &owner.address, &owner.checkpoint] {
        put_text(&mut out, text);
    }
    let signature = signing.sign([topic.as_bytes(), &out]);
    out.extend_from_slice(&signature);
    out
}

/// Why an announcement is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unbelieved {
    /// It was not signed with the cluster's secret for this topic.
    #[error("it does not have the cluster's signature")]
    Unsigned,
    /// It stands under the key of another partition.
    #[error("it stands under the key of another partition")]
    Misplaced,
    /// It was signed, and is none.
    #[error(transparent)]
    Unreadable(#[from] BadFormat),
}

/// Reads an announcement that stands in `topic` under `at`.
pub(crate) fn read(
    at: Option<&[u8]>,
    value: &[u8],
    topic: &str,
    signing: &Key,
) -> Result<Owner, Unbelieved> {
    let (said, signature) =
        value.split_last_chunk::<{ size_of::<Signature>() }>().ok_or(Unbelieved::Unsigned)?;
    if !signing.has_signed([topic.as_bytes(), said], signature) {
        return Err(Unbelieved::Unsigned);
    }
    let mut cursor = Cursor::new(said, "announcement of an owner");
    cursor.format(FORMAT)?;
    let owner = Owner {
        partition: cursor.u16()?,
        epoch: cursor.u64()?,
        node: cursor.text()?.to_owned(),
        address: cursor.text()?.to_owned(),
        checkpoint: cursor.text()?.to_owned(),
    };
    if !cursor.is_empty() {
        return Err(cursor.bad().into());
    }
    if at != Some(&key(owner.partition)) {
        return Err(Unbelieved::Misplaced);
    }
    Ok(owner)
}

#[cfg(test)]
mod tests {
    use accolade_wire::secret::Secret;

    use super::*;

    const TOPIC: &str = "accolade.owners";

    fn signing(secret: &str) -> Key {
        Key::of(&Secret::new(secret), "announcements")
    }

    fn owner(address: &str) -> Owner {
        let (node, checkpoint) = ("node-1".into(), "list".into());
        Owner { partition: 3, epoch: 7, node, address: address.into(), checkpoint }
    }

    #[test]
    fn an_announcement_is_believed_of_who_has_the_secret_and_where_it_was_made() {
        let ours = signing("ours");
        let value = write(&owner("http://10.0.0.5:8081"), TOPIC, &ours);
        let at = key(3);
        let theirs = signing("theirs");
        assert_eq!(read(Some(&at), &value, TOPIC, &ours), Ok(owner("http://10.0.0.5:8081")));
        let unsigned = Err(Unbelieved::Unsigned);
        assert_eq!(read(Some(&at), &value, TOPIC, &theirs), unsigned);
        assert_eq!(read(Some(&at), &value, "staging.accolade.owners", &ours), unsigned);
        let misplaced = Err(Unbelieved::Misplaced);
        assert_eq!(read(Some(&key(4)), &value, TOPIC, &ours), misplaced);
        assert_eq!(read(None, &value, TOPIC, &ours), misplaced);
    }

    #[test]
    fn nothing_of_an_announcement_can_be_changed() {
        let ours = signing("ours");
        let value = write(&owner("http://10.0.0.5:8081"), TOPIC, &ours);
        for at in 0..value.len() {
            let mut bent = value.clone();
            bent[at] ^= 1;
            let read = read(Some(&key(3)), &bent, TOPIC, &ours);
            assert_eq!(read, Err(Unbelieved::Unsigned), "{at}");
        }
        for length in 0..value.len() {
            let read = read(Some(&key(3)), &value[..length], TOPIC, &ours);
            assert_eq!(read, Err(Unbelieved::Unsigned), "{length}");
        }
    }
}
