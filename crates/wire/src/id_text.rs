//! Identifiers on disk: a UUID in its usual spelling takes 17 bytes instead of 37.

use std::borrow::Cow;

use accolade_domain::text::{PackedId, uuid_bytes, uuid_text};

use crate::bytes::{BadFormat, Cursor};

/// Marks a UUID where otherwise the length of a text stands: no identifier is empty.
const UUID: u8 = 0;

/// Appends an identifier of 1 to 255 bytes.
pub fn put_id(out: &mut Vec<u8>, id: &str) {
    if let Some(uuid) = uuid_bytes(id.as_bytes()) {
        put_uuid(out, &uuid);
    } else {
        out.push(u8::try_from(id.len()).expect("an id has at most 128 bytes"));
        out.extend_from_slice(id.as_bytes());
    }
}

/// Reads what [`put_id`] wrote.
pub fn read_id<'a>(cursor: &mut Cursor<'a>) -> Result<Cow<'a, str>, BadFormat> {
    match cursor.u8()? {
        UUID => Ok(Cow::Owned(uuid_text(&cursor.array()?))),
        length => {
            let bytes = cursor.take(usize::from(length))?;
            std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| cursor.bad())
        }
    }
}

/// Appends an identifier that is kept packed, as [`put_id`] does.
pub fn put_packed_id(out: &mut Vec<u8>, id: &PackedId) {
    match id.uuid() {
        Some(uuid) => put_uuid(out, uuid),
        None => put_id(out, &id.text()),
    }
}

/// Reads what [`put_id`] wrote, to be kept packed.
pub fn read_packed_id(cursor: &mut Cursor<'_>) -> Result<PackedId, BadFormat> {
    if cursor.rest().first() == Some(&UUID) {
        cursor.u8()?;
        return cursor.array().map(PackedId::from_uuid);
    }
    read_id(cursor).map(|id| PackedId::from(&*id))
}

fn put_uuid(out: &mut Vec<u8>, uuid: &[u8; 16]) {
    out.push(UUID);
    out.extend_from_slice(uuid);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_read_as_written() {
        for (id, bytes) in [
            ("5b1c7c3e-6a53-4d7e-9f0a-0a6f8f0a2b11", 17),
            ("5B1C7C3E-6a53-4d7e-9f0a-0a6f8f0a2b11", 37),
            ("5b1c7c3e-6a53-4d7e-9f0a-0a6f8f0a2b1", 36),
            ("5b1c7c3e-6a534d7e-9f0a-0a6f8f0a2b110", 37),
            ("w", 2),
        ] {
            let mut out = Vec::new();
            put_id(&mut out, id);
            assert_eq!(out.len(), bytes);
            assert_eq!(read_id(&mut Cursor::new(&out, "id")).as_deref(), Ok(id));
            let packed = read_packed_id(&mut Cursor::new(&out, "id")).unwrap();
            assert_eq!(packed.text(), id);
            let mut again = Vec::new();
            put_packed_id(&mut again, &packed);
            assert_eq!(again, out);
        }
    }
}
