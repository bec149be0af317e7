//! Identifiers as accounts keep them: up to 38 bytes lie where the account lies, so that reading one
//! costs no further access to memory.

use std::fmt;
use std::ops::Deref;

const INLINE_BYTES: usize = 38;

/// A text that never changes, in 40 bytes unless it is longer than 38.
#[derive(Clone, PartialEq, Eq)]
pub struct ShortText(Content);

#[derive(Clone, PartialEq, Eq)]
enum Content {
    Inline { length: u8, bytes: [u8; INLINE_BYTES] },
    Long(Box<str>),
}

impl ShortText {
    /// The text's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Content::Inline { length, bytes } => &bytes[..usize::from(*length)],
            Content::Long(text) => text.as_bytes(),
        }
    }
}

impl From<&str> for ShortText {
    fn from(text: &str) -> Self {
        let mut bytes = [0; INLINE_BYTES];
        match (u8::try_from(text.len()), bytes.get_mut(..text.len())) {
            (Ok(length), Some(part)) => {
                part.copy_from_slice(text.as_bytes());
                Self(Content::Inline { length, bytes })
            }
            _ => Self(Content::Long(text.into())),
        }
    }
}

impl Deref for ShortText {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Content::Inline { .. } => {
                std::str::from_utf8(self.as_bytes()).expect("it was made from a text")
            }
            Content::Long(text) => text,
        }
    }
}

impl fmt::Display for ShortText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for ShortText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_given_back_as_it_was() {
        for (twos, ones) in [(0, 0), (0, 1), (18, 0), (18, 1), (19, 0), (19, 1), (64, 0)] {
            let text = "é".repeat(twos) + &"x".repeat(ones);
            assert_eq!(&*ShortText::from(&*text), text);
        }
        assert_eq!(size_of::<ShortText>(), 40);
    }
}
