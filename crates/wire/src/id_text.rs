//! Identifiers on disk: a UUID in its usual spelling takes 17 bytes instead of 37.

use std::borrow::Cow;

use crate::bytes::{BadFormat, Cursor};

/// Marks a UUID where otherwise the length of a text stands: no identifier is empty.
const UUID: u8 = 0;
const UUID_TEXT_BYTES: usize = 36;
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// Appends an identifier of 1 to 255 bytes.
pub fn put_id(out: &mut Vec<u8>, id: &str) {
    if let Some(uuid) = uuid_bytes(id.as_bytes()) {
        out.push(UUID);
        out.extend_from_slice(&uuid);
    } else {
        out.push(u8::try_from(id.len()).expect("an id has at most 128 bytes"));
        out.extend_from_slice(id.as_bytes());
    }
}

/// Reads what [`put_id`] wrote.
pub fn read_id<'a>(cursor: &mut Cursor<'a>) -> Result<Cow<'a, str>, BadFormat> {
    match cursor.u8()? {
        UUID => Ok(Cow::Owned(uuid_text(cursor.array()?))),
        length => {
            let bytes = cursor.take(usize::from(length))?;
            std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| cursor.bad())
        }
    }
}

/// The 16 bytes of a UUID in lower-case hexadecimal with hyphens; `None` for any other spelling.
fn uuid_bytes(text: &[u8]) -> Option<[u8; 16]> {
    let text: &[u8; UUID_TEXT_BYTES] = text.try_into().ok()?;
    if HYPHENS.iter().any(|at| text[*at] != b'-') {
        return None;
    }
    let mut uuid = [0; 16];
    let mut at = 0;
    for byte in &mut uuid {
        if text[at] == b'-' {
            at += 1;
        }
        *byte = nibble(text[at])? << 4 | nibble(text[at + 1])?;
        at += 2;
    }
    Some(uuid)
}

const fn nibble(figure: u8) -> Option<u8> {
    match figure {
        b'0'..=b'9' => Some(figure - b'0'),
        b'a'..=b'f' => Some(figure - b'a' + 10),
        _ => None,
    }
}

fn uuid_text(uuid: [u8; 16]) -> String {
    const FIGURES: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(UUID_TEXT_BYTES);
    for byte in uuid {
        if HYPHENS.contains(&text.len()) {
            text.push('-');
        }
        text.push(char::from(FIGURES[usize::from(byte >> 4)]));
        text.push(char::from(FIGURES[usize::from(byte & 15)]));
    }
    text
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
        }
    }
}
