//! Signatures by Standard Webhooks (<https://www.standardwebhooks.com>, scheme `v1`): HMAC-SHA-256 of
//! `id.timestamp.body`, one for each live secret.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac::{HMAC_SHA256, Key, sign};

/// What a secret of a receiver begins with.
pub const PREFIX: &str = "whsec_";
/// Bytes of a new secret.
pub const BYTES: usize = 32;

/// The secret that an endpoint's messages are signed with. It is written nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(Box<[u8]>);

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningSecret(***)")
    }
}

impl SigningSecret {
    /// A new one, of random bytes.
    pub fn of(random: [u8; BYTES]) -> Self {
        Self(random.into())
    }

    /// The one that a text shows.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?;
        Some(Self(bytes.into()))
    }

    /// The one that [`SigningSecret::bytes`] gave.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// What it is made of, to be sealed.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As its receiver is shown it, once.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// The signature of a message that is sent at `timestamp`, in seconds since 1970.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut text = format!("{id}.{timestamp}.").into_bytes();
        text.extend_from_slice(body);
        let signature = sign(&Key::new(HMAC_SHA256, &self.0), &text);
        format!("v1,{}", STANDARD.encode(signature))
    }
}

/// The header `webhook-signature`: one for each of `secrets`, so that a receiver who knows either is content.
pub fn signatures(secrets: &[SigningSecret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let all: Vec<_> = secrets.iter().map(|secret| secret.sign(id, timestamp, body)).collect();
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_specification() {
        // The example of the specification's libraries.
        let shown = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let secret = SigningSecret::read(shown).unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(secret.reveal(), shown);
    }

    #[test]
    fn each_live_secret_signs_and_none_is_printed() {
        let secrets = [1, 2].map(|byte| SigningSecret::of([byte; BYTES]));
        let both = signatures(&secrets, "m", 1, b"{}");
        let each = secrets.each_ref().map(|secret| secret.sign("m", 1, b"{}"));
        assert_eq!(both, each.join(" "));
        assert_ne!(each[0], each[1]);
        assert_eq!(format!("{:?}", secrets[0]), "SigningSecret(***)");
    }

    #[test]
    fn a_signature_covers_id_time_and_body() {
        let secret = SigningSecret::of([7; BYTES]);
        let signature = secret.sign("m", 12, b"{}");
        for other in
            [secret.sign("n", 12, b"{}"), secret.sign("m", 13, b"{}"), secret.sign("m", 12, b"{ }")]
        {
            assert_ne!(other, signature);
        }
    }
}
