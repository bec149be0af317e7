//! Tokens that were checked, so that the next request with one costs a hash. Bounded, and the longest unused go first.

use std::collections::HashMap;
use std::sync::Arc;

use accolade_domain::time::Timestamp;
use sha2::{Digest, Sha256};

use crate::principal::Principal;

/// Tokens of each of two ages.
const TOKENS_MAX: usize = 4_096;

/// What is kept of a token: not itself.
pub(super) type Hash = [u8; 32];

/// A token that was checked.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    /// From when on it is checked again.
    pub(super) until: Timestamp,
    /// By which keys.
    pub(super) keys: u64,
    /// Whose it is, for different operators.
    pub(super) principals: Arc<[Arc<Principal>]>,
}

/// Two tables: one that was not used while the other filled is dropped with its table.
#[derive(Debug, Default)]
pub(super) struct Recent {
    young: HashMap<Hash, Checked>,
    old: HashMap<Hash, Checked>,
}

pub(super) fn hash(token: &str) -> Hash {
    Sha256::digest(token.as_bytes()).into()
}

impl Recent {
    /// What is known of a token that was checked by the keys of this number.
    pub(super) fn get(&mut self, hash: &Hash, keys: u64, now: Timestamp) -> Option<Checked> {
        let holds = |checked: &Checked| checked.keys == keys && now < checked.until;
        if let Some(checked) = self.young.get(hash) {
            return holds(checked).then(|| checked.clone());
        }
        let checked = self.old.remove(hash).filter(holds)?;
        self.put(*hash, checked.clone());
        Some(checked)
    }

    pub(super) fn put(&mut self, hash: Hash, checked: Checked) {
        if self.young.len() >= TOKENS_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(hash, checked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_for_as_long_as_it_is_used_and_holds() {
        let mut recent = Recent::default();
        let of = |number: usize| hash(&number.to_string());
        let checked =
            || Checked { until: Timestamp::from_micros(10), keys: 1, principals: Arc::new([]) };
        recent.put(of(0), checked());
        let mut is_known =
            |keys, now| recent.get(&of(0), keys, Timestamp::from_micros(now)).is_some();
        assert!(is_known(1, 9) && !is_known(1, 10) && !is_known(2, 9));
        for number in 1..10 * TOKENS_MAX {
            recent.put(of(number), checked());
            assert!(recent.get(&of(0), 1, Timestamp::from_micros(1)).is_some(), "{number}");
        }
        assert!(recent.get(&of(1), 1, Timestamp::from_micros(1)).is_none());
        assert!(recent.young.len() + recent.old.len() <= 2 * TOKENS_MAX);
    }
}
