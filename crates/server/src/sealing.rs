//! The key of secrets that must be readable again, and what it has sealed.

use std::sync::{Arc, OnceLock};

use accolade_webhooks::sealing::SealingKey;

use crate::problem::{Problem, Refusal};
use crate::service::{Service, Settings};
use crate::submit::blocking;

/// The key that the embedded form has made itself.
#[derive(Debug, Default)]
pub(crate) struct Sealing(OnceLock<Arc<SealingKey>>);

impl Service {
    /// The key that is configured, or that of the data directory, which is made at first need. Nodes of a cluster have
    /// to be given one: each would make another. May read a file: not for a thread of the runtime.
    pub(crate) fn read_sealing_key(&self) -> Result<Arc<SealingKey>, Problem> {
        let Settings { sealing_key, data_dir, .. } = &self.settings;
        if let Some(key) = sealing_key.as_ref().or(self.sealing.0.get()) {
            return Ok(Arc::clone(key));
        }
        let Some(data_dir) = data_dir.as_ref().filter(|_| self.cluster.is_none()) else {
            let detail = "secrets are kept sealed, and this node has no key for that: set \
                          `secrets.key_file`, the same in all nodes, to a file that `openssl rand -base64 32` has made";
            return Err(Problem::new(Refusal::NoSecretsKey, detail));
        };
        let made = SealingKey::of_directory(data_dir).map_err(|error| {
            tracing::error!(%error, "the key of sealed secrets");
            Problem::new(Refusal::NoSecretsKey, "the key of sealed secrets cannot be read or kept")
        })?;
        Ok(Arc::clone(self.sealing.0.get_or_init(|| Arc::new(made))))
    }

    /// The same, for whoever waits.
    pub(crate) async fn sealing_key(&self) -> Result<Arc<SealingKey>, Problem> {
        let service = self.clone();
        blocking(move || service.read_sealing_key()).await?
    }
}
