//! Identifiers as accounts keep them: nearly all lie where the account lies, so that reading one costs
//! no further access to memory.

use std::borrow::Cow;
use std::fmt;

/// An identifier that never changes, in 24 bytes: a UUID as its 16 bytes, any other up to 22.
#[derive(Clone, PartialEq, Eq)]
pub struct PackedId(Packed);

const PACKED_BYTES: usize = 22;

#[derive(Clone, PartialEq, Eq)]
enum Packed {
    Uuid([u8; 16]),
    Inline { length: u8, bytes: [u8; PACKED_BYTES] },
    Long(Box<str>),
}

impl PackedId {
    /// The identifier that is spelled as the usual text of a UUID.
    pub const fn from_uuid(uuid: [u8; 16]) -> Self {
        Self(Packed::Uuid(uuid))
    }

    /// The 16 bytes, where it is a UUID.
    pub const fn uuid(&self) -> Option<&[u8; 16]> {
        match &self.0 {
            Packed::Uuid(uuid) => Some(uuid),
            Packed::Inline { .. } | Packed::Long(_) => None,
        }
    }

    /// Whether it is spelled like this.
    pub fn is(&self, text: &str) -> bool {
        match &self.0 {
            Packed::Uuid(uuid) => uuid_bytes(text.as_bytes()).is_some_and(|other| other == *uuid),
            Packed::Inline { length, bytes } => bytes[..usize::from(*length)] == *text.as_bytes(),
            Packed::Long(long) => **long == *text,
        }
    }

    /// The identifier as it was spelled.
    pub fn text(&self) -> Cow<'_, str> {
        match &self.0 {
            Packed::Uuid(uuid) => Cow::Owned(uuid_text(uuid)),
            Packed::Inline { length, bytes } => {
                let text = std::str::from_utf8(&bytes[..usize::from(*length)]);
                Cow::Borrowed(text.expect("it was made from a text"))
            }
            Packed::Long(text) => Cow::Borrowed(text),
        }
    }
}

impl From<&str> for PackedId {
    fn from(text: &str) -> Self {
        if let Some(uuid) = uuid_bytes(text.as_bytes()) {
            return Self::from_uuid(uuid);
        }
        let mut bytes = [0; PACKED_BYTES];
        match (u8::try_from(text.len()), bytes.get_mut(..text.len())) {
            (Ok(length), Some(part)) => {
                part.copy_from_slice(text.as_bytes());
                Self(Packed::Inline { length, bytes })
            }
            _ => Self(Packed::Long(text.into())),
        }
    }
}

impl fmt::Display for PackedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for PackedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text(), f)
    }
}

const UUID_TEXT_BYTES: usize = 36;
const HYPHENS: [usize; 4] = [8, 13, 18, 23];
/// Where the two figures of each byte stand.
const FIGURES_AT: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const FIGURES: &[u8; 16] = b"0123456789abcdef";
const NO_FIGURE: u8 = 0xff;

/// The value of each byte as a figure.
const VALUES: [u8; 256] = {
    let mut values = [NO_FIGURE; 256];
    let mut value = 0;
    while value < 16 {
        values[FIGURES[value as usize] as usize] = value;
        value += 1;
    }
    values
};

/// The 16 bytes of a UUID in lower-case hexadecimal with hyphens; `None` for any other spelling.
pub fn uuid_bytes(text: &[u8]) -> Option<[u8; 16]> {
    let text: &[u8; UUID_TEXT_BYTES] = text.try_into().ok()?;
    if HYPHENS.iter().any(|at| text[*at] != b'-') {
        return None;
    }
    let mut uuid = [0; 16];
    let mut all = 0;
    for (byte, at) in uuid.iter_mut().zip(FIGURES_AT) {
        let (high, low) = (VALUES[usize::from(text[at])], VALUES[usize::from(text[at + 1])]);
        all |= high | low;
        *byte = high << 4 | low;
    }
    (all != NO_FIGURE).then_some(uuid)
}

/// The text of a UUID, in lower-case hexadecimal with hyphens.
pub fn uuid_text(uuid: &[u8; 16]) -> String {
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
    fn every_identifier_is_given_back_as_it_was_spelled() {
        for (id, is_uuid) in [
            ("5b1c7c3e-6a53-4d7e-9f0a-0a6f8f0a2b11", true),
            ("00000000-0000-0000-0000-000000000000", true),
            ("5B1C7C3E-6a53-4d7e-9f0a-0a6f8f0a2b11", false),
            ("5b1c7c3e-6a53-4d7e-9f0a-0a6f8f0a2b1g", false),
            ("5b1c7c3e-6a53-4d7e-9f0a-0a6f8f0a2b1", false),
            ("5b1c7c3e-6a534d7e-9f0a-0a6f8f0a2b110", false),
            ("w", false),
            ("twenty-two bytes, or é", false),
            ("twenty-three bytes, or é", false),
        ] {
            let packed = PackedId::from(id);
            assert_eq!(packed.text(), id);
            assert!(packed.is(id) && !packed.is("v") && !packed.is(&format!("{id} ")));
            assert_eq!(packed.uuid().is_some(), is_uuid, "{id}");
        }
        assert_eq!(size_of::<Option<PackedId>>(), 24);
    }
}
