//! What an issuer answers at this moment, for whoever looks before tokens come.

use super::fetch::Way;
use super::keys::KeySet;
use super::terms::Trusted;
use super::{BadTrust, crypto};

/// The keys of an issuer, as it publishes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// How many there are.
    pub keys: usize,
    /// How many are for each of the algorithms that it is trusted with.
    pub usable: Vec<(String, usize)>,
    /// The algorithms that could be pinned for what there is.
    pub suited: Vec<&'static str>,
}

impl Trusted {
    /// Asks the issuer for its keys, by its discovery document, as a node does. Takes ten seconds at most.
    pub async fn examine(&self) -> Result<Published, String> {
        let way = Way::new(self).map_err(|bad: BadTrust| bad.to_string())?;
        let published = way.fetch().await?.keys;
        let keys = published.len();
        let set = KeySet::default().then(published).unwrap_or_default();
        let count = |name: &str| crypto::named(name).map_or(0, |algorithm| set.count(algorithm));
        let usable = self.algorithms.iter().map(|name| (name.clone(), count(name))).collect();
        let suited = crypto::NAMES.into_iter().filter(|name| count(name) > 0).collect();
        Ok(Published { keys, usable, suited })
    }
}
