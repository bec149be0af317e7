//! Secrets of API keys: how they look, and what is kept of them.

use accolade_wire::hex::to_hex;
use accolade_wire::identity::HashKey;
use accolade_wire::secret::mac;

/// What a scanner of sources looks for.
const PREFIX: &str = "acc_";
const RANDOM_FIGURES: usize = 64;
const CHECKSUM_FIGURES: usize = 8;

/// What is kept of a secret.
pub(crate) type Hash = [u8; 32];

/// A secret of 256 random bits, as text: it says by a checksum that it is one.
pub(crate) fn of(random: [u8; 32]) -> String {
    let text = format!("{PREFIX}{}", to_hex(&random));
    let checksum = checksum(&text);
    text + &checksum
}

fn checksum(text: &str) -> String {
    format!("{:08x}", crc32c::crc32c(text.as_bytes()))
}

/// Whether a text looks like a secret, whole or not, or like a player's token.
pub(crate) fn may_be_one(text: &str) -> bool {
    text.contains(PREFIX) || text.contains(crate::player_tokens::PREFIX)
}

/// Whether a text looks like a secret and is none.
pub(crate) fn is_broken(text: &str) -> bool {
    text.starts_with(PREFIX) && !is_one(text)
}

fn is_one(text: &str) -> bool {
    let whole = PREFIX.len() + RANDOM_FIGURES + CHECKSUM_FIGURES;
    text.len() == whole
        && text.starts_with(PREFIX)
        && text
            .split_at_checked(whole - CHECKSUM_FIGURES)
            .is_some_and(|(secret, end)| checksum(secret) == end)
}

/// The keyed hash of a secret.
pub(crate) fn hash(key: &HashKey, secret: &str) -> Hash {
    mac(&key.0, secret.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_told_from_what_is_none() {
        let secret = of([7; 32]);
        assert!(is_one(&secret) && secret.starts_with("acc_0707"), "{secret}");
        let others = [
            secret.replace("07", "08"),
            secret[..secret.len() - 1].to_owned(),
            format!("{secret}0"),
            secret.replace("acc_", "abc_"),
            secret.to_uppercase(),
            "acc_".to_owned(),
            "\u{e9}".repeat(38),
            String::new(),
        ];
        for other in others {
            assert!(!is_one(&other), "{other}");
            assert_eq!(is_broken(&other), other.starts_with("acc_"), "{other}");
        }
    }

    #[test]
    fn the_hash_depends_on_the_cluster_and_on_all_of_the_secret() {
        let hashes = [
            hash(&HashKey([1; 16]), "a"),
            hash(&HashKey([2; 16]), "a"),
            hash(&HashKey([1; 16]), "b"),
        ];
        assert!(hashes[0] != hashes[1] && hashes[0] != hashes[2]);
        // python3: hmac.new(bytes([1]) * 16, b"a", "sha256").hexdigest()
        assert_eq!(
            to_hex(&hashes[0]),
            "8cfa8b718b9eac480ae0b7db89b7a1e3ce6a5c0910be0cdf661a2b0f61f0daa4"
        );
    }
}
