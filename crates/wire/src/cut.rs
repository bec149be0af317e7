//! What comes from outside and is too large for where it goes: its beginning, its length and its hash.

use std::borrow::Cow;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// The least that a text can be cut to: its length and its hash take most of that.
pub const CUT_BYTES_MIN: usize = 128;

/// `text` as it is, or, where it has more than `bytes_max` bytes, as much of its beginning as leaves
/// room for its length in bytes and the SHA-256 of the whole.
///
/// # Panics
///
/// If `bytes_max` is less than [`CUT_BYTES_MIN`].
pub fn cut(text: &str, bytes_max: usize) -> Cow<'_, str> {
    assert!(bytes_max >= CUT_BYTES_MIN, "there is no room for a length and a hash");
    if text.len() <= bytes_max {
        return Cow::Borrowed(text);
    }
    let whole = format!("… ({} bytes, SHA-256 {})", text.len(), sha256(text.as_bytes()));
    let end = text.floor_char_boundary(bytes_max - whole.len());
    Cow::Owned(format!("{}{whole}", &text[..end]))
}

/// The SHA-256 of `bytes` in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes everything");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_as_it_is() {
        let text = "x".repeat(CUT_BYTES_MIN);
        assert_eq!(cut(&text, CUT_BYTES_MIN), text);
        assert_eq!(cut("", 200), "");
    }

    #[test]
    fn what_is_too_long_says_how_long_it_was_and_what_hash_it_had() {
        let text = "é".repeat(3_000);
        let cut = cut(&text, 256);
        assert!((254..=256).contains(&cut.len()), "{}", cut.len());
        assert!(cut.starts_with("ééé"), "{cut}");
        assert!(cut.ends_with(&format!("… (6000 bytes, SHA-256 {})", sha256(text.as_bytes()))));
        assert_eq!(
            sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn texts_that_differ_behind_the_cut_stay_apart() {
        let text = "x".repeat(5_000);
        assert_ne!(cut(&format!("{text}a"), 256), cut(&format!("{text}b"), 256));
        let longest = "x".repeat(CUT_BYTES_MIN + 1);
        assert!(cut(&longest, CUT_BYTES_MIN).len() <= CUT_BYTES_MIN);
    }
}
