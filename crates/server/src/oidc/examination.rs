//! What an issuer answers at this moment, for whoever looks before tokens come.

use super::fetch::{Fetched, Way};
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
    /// Whether staff can sign in there, as far as it says so: it names where browsers go, and where codes become tokens.
    pub signs_in: bool,
}

impl Trusted {
    /// Asks the issuer for its keys and addresses, by its discovery document, as a node does. Takes ten seconds at most.
    pub async fn examine(&self) -> Result<Published, String> {
        let way = Way::new(self).map_err(|bad: BadTrust| bad.to_string())?;
        let Fetched { keys: published, endpoints } = way.fetch().await?;
        let keys = published.len();
        let set = KeySet::default().then(published).unwrap_or_default();
        let count = |name: &str| crypto::named(name).map_or(0, |algorithm| set.count(algorithm));
        let usable = self.algorithms.iter().map(|name| (name.clone(), count(name))).collect();
        let suited = crypto::NAMES.into_iter().filter(|name| count(name) > 0).collect();
        let signs_in = endpoints.authorization.is_some() && endpoints.token.is_some();
        Ok(Published { keys, usable, suited, signs_in })
    }
}
