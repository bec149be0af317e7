//! The keys of an issuer, and which of them a token may be signed by.

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};

/// All keys that an issuer has published last.
#[derive(Debug, Default)]
pub(super) struct KeySet {
    /// Another one for other keys.
    pub(super) number: u64,
    published: Vec<Jwk>,
}

impl KeySet {
    /// The set after this one, which is the same where the keys are.
    pub(super) fn then(&self, published: Vec<Jwk>) -> Option<Self> {
        let is_new = self.published != published;
        is_new.then(|| Self { number: self.number + 1, published })
    }

    /// The key by which a token says that it is signed; a token that names none is signed by the only one there is.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<DecodingKey> {
        let is_it = |key: &&Jwk| match id {
            Some(id) => key.common.key_id.as_deref() == Some(id),
            None => true,
        };
        let mut found = self.published.iter().filter(is_it).filter(|key| fits(key, algorithm));
        match (found.next(), found.next()) {
            (Some(only), None) => DecodingKey::from_jwk(only).ok(),
            (None, _) | (Some(_), Some(_)) => None,
        }
    }

    /// How many keys are for signatures of this algorithm.
    pub(super) fn count(&self, algorithm: Algorithm) -> usize {
        let can_be_read = |key: &&Jwk| DecodingKey::from_jwk(key).is_ok();
        let fitting = self.published.iter().filter(|key| fits(key, algorithm));
        fitting.filter(can_be_read).count()
    }
}

/// Whether a key is for signatures of this algorithm, by all that it says.
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let is_of_kind = match &key.algorithm {
        AlgorithmParameters::RSA(_) => algorithm.family() == AlgorithmFamily::Rsa,
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => algorithm == Algorithm::ES256,
            EllipticCurve::P384 => algorithm == Algorithm::ES384,
            _ => false,
        },
        AlgorithmParameters::OctetKeyPair(key) => {
            key.curve == EllipticCurve::Ed25519 && algorithm == Algorithm::EdDSA
        }
        // A secret is no public key, whatever it is published for.
        _ => false,
    };
    let common = &key.common;
    let is_for_it = common.key_algorithm.is_none_or(|named| named == KeyAlgorithm::from(algorithm));
    let is_for_signatures =
        common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature);
    let verifies = common
        .key_operations
        .as_ref()
        .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    is_of_kind && is_for_it && is_for_signatures && verifies
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn set(keys: &[Value]) -> KeySet {
        let keys = keys.iter().map(|key| serde_json::from_value(key.clone()).unwrap()).collect();
        KeySet::default().then(keys).unwrap()
    }

    fn rsa(id: &str) -> Value {
        json!({ "kty": "RSA", "kid": id, "n": "AQAB", "e": "AQAB" })
    }

    fn with(mut key: Value, field: &str, value: Value) -> Value {
        key[field] = value;
        key
    }

    #[test]
    fn a_key_is_found_by_its_id_and_only_for_what_it_is_for() {
        use Algorithm as A;
        let ec = json!({ "kty": "EC", "crv": "P-256", "kid": "ec", "x": "AQAB", "y": "AQAB" });
        let ed = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": "AQAB" });
        let secret = json!({ "kty": "oct", "kid": "secret", "k": "AQAB" });
        let keys = set(&[
            rsa("rsa"),
            ec,
            ed,
            secret,
            with(rsa("for PS256"), "alg", "PS256".into()),
            with(rsa("for secrets"), "use", "enc".into()),
            with(rsa("signs"), "key_ops", json!(["sign"])),
        ]);
        for (id, algorithms) in [
            ("rsa", &[A::RS256, A::RS384, A::RS512, A::PS256, A::PS384, A::PS512][..]),
            ("ec", &[A::ES256]),
            ("ed", &[A::EdDSA]),
            ("secret", &[]),
            ("for PS256", &[A::PS256]),
            ("for secrets", &[]),
            ("signs", &[]),
            ("unknown", &[]),
        ] {
            for algorithm in [
                A::HS256,
                A::HS384,
                A::HS512,
                A::RS256,
                A::RS384,
                A::RS512,
                A::PS256,
                A::PS384,
                A::PS512,
                A::ES256,
                A::ES384,
                A::EdDSA,
            ] {
                let is_found = keys.find(Some(id), algorithm).is_some();
                assert_eq!(is_found, algorithms.contains(&algorithm), "{id} {algorithm:?}");
            }
        }
    }

    #[test]
    fn a_token_that_names_no_key_is_signed_by_the_only_one_or_by_none() {
        assert!(set(&[rsa("a")]).find(None, Algorithm::RS256).is_some());
        assert!(set(&[rsa("a"), rsa("b")]).find(None, Algorithm::RS256).is_none());
        assert!(set(&[rsa("a"), rsa("a")]).find(Some("a"), Algorithm::RS256).is_none());
    }

    #[test]
    fn the_same_keys_are_the_same_set() {
        let keys = set(&[rsa("a")]);
        assert!(keys.then(keys.published.clone()).is_none());
        assert_eq!(keys.then(Vec::new()).map(|next| next.number), Some(2));
    }
}
