//! Secrets, and the keys that are made of them, which are shown nowhere.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;

/// HMAC-SHA-256.
pub fn mac(key: &[u8], text: &[u8]) -> [u8; 32] {
    begin(key).chain_update(text).finalize().into_bytes().into()
}

fn begin(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("a key of any length will do")
}

/// A text that few may know. It is written nowhere: it has no `Display`, and its `Debug` shows stars.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(Box<str>);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text, for whoever needs it to prove something.
    pub const fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A key of signatures for one purpose. Those who share a secret have the same.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}

/// What proves that somebody who has the key has said something.
pub type Signature = [u8; 32];

impl Key {
    /// The key of `secret` for `purpose`. Who has it has neither the secret nor the key for anything else.
    pub fn of(secret: &Secret, purpose: &str) -> Self {
        Self(mac(secret.reveal().as_bytes(), purpose.as_bytes()))
    }

    /// Signs parts, each as it is: no others have the same signature, wherever they begin and end.
    pub fn sign<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> Signature {
        self.over(parts).finalize().into_bytes().into()
    }

    /// Whether these parts were signed. How long that takes says nothing about the signature.
    pub fn has_signed<'a>(
        &self,
        parts: impl IntoIterator<Item = &'a [u8]>,
        signature: &[u8],
    ) -> bool {
        self.over(parts).verify_slice(signature).is_ok()
    }

    fn over<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> Hmac<Sha256> {
        let mut mac = begin(&self.0);
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::to_hex;

    #[test]
    fn secrets_and_keys_are_shown_nowhere() {
        let secret = Secret::new("marker");
        let key = Key::of(&secret, "a purpose");
        assert_eq!(format!("{secret:?} {key:?}"), "*** Key(***)");
        assert_eq!(secret.reveal(), "marker");
    }

    #[test]
    fn a_mac_is_that_of_others() {
        // python3: hmac.new(bytes([1]) * 16, b"a", "sha256").hexdigest()
        assert_eq!(
            to_hex(&mac(&[1; 16], b"a")),
            "8cfa8b718b9eac480ae0b7db89b7a1e3ce6a5c0910be0cdf661a2b0f61f0daa4"
        );
    }

    #[test]
    fn a_signature_is_of_secret_purpose_and_each_part() {
        let secret = Secret::new("one");
        let key = Key::of(&secret, "a");
        let signature = key.sign([&b"ab"[..], b"c"]);
        assert!(key.has_signed([&b"ab"[..], b"c"], &signature));
        for parts in [&[&b"a"[..], b"bc"][..], &[b"abc"], &[b"ab", b"c", b""], &[b"ab"], &[]] {
            assert!(!key.has_signed(parts.iter().copied(), &signature), "{parts:?}");
        }
        assert!(!key.has_signed([&b"ab"[..], b"c"], &signature[..31]));
        for other in [Key::of(&secret, "b"), Key::of(&Secret::new("two"), "a")] {
            assert!(!other.has_signed([&b"ab"[..], b"c"], &signature));
        }
    }
}
