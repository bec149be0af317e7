//! Where webhooks may go, whom they trust, and by what their secrets are sealed.

use std::path::PathBuf;
use std::sync::Arc;

use accolade_server::Settings;
use accolade_webhooks::addresses::Allowed;
use accolade_webhooks::sealing::SealingKey;
use accolade_webhooks::sending::Sender;
use accolade_wire::secret::Secret;
use anyhow::{Context, bail};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Webhooks: operators are told of what happens, at addresses that they name.
#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct WebhooksConfig {
    /// Networks that messages may go to beside the public internet, such as `10.1.0.0/16`, with commas between; to
    /// these over `http`, too. Whoever makes a webhook reaches what is there.
    #[config(env = "ACCOLADE_WEBHOOKS_ALLOWED_NETWORKS", default = "")]
    pub(crate) allowed_networks: String,

    /// Authorities of receivers, as PEM; those that this machine knows where this is not set.
    #[config(env = "ACCOLADE_WEBHOOKS_CA_FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// The key by which secrets are sealed that must be readable again, such as those of webhooks.
#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct SecretsConfig {
    /// The key, as `openssl rand -base64 32` makes one, the same in all nodes of a cluster. The embedded form makes
    /// one in its data directory where neither this nor a file is set.
    #[config(env = "ACCOLADE_SECRETS_KEY")]
    pub(crate) key: Option<Secret>,

    /// A file with the key, instead.
    #[config(env = "ACCOLADE_SECRETS_KEY_FILE")]
    pub(crate) key_file: Option<PathBuf>,
}

impl WebhooksConfig {
    /// Puts into `settings` what sends.
    pub(crate) fn settings(&self, settings: Settings) -> anyhow::Result<Settings> {
        Ok(Settings { webhooks: Sender::new(self.roots()?, self.allowed()?), ..settings })
    }

    fn allowed(&self) -> anyhow::Result<Allowed> {
        let networks =
            self.allowed_networks.split(',').map(str::trim).filter(|text| !text.is_empty());
        let read = |text: &str| {
            text.parse().with_context(|| {
                format!("`webhooks.allowed_networks` has `{text}`: expected a network such as 10.1.0.0/16")
            })
        };
        Ok(Allowed(networks.map(read).collect::<anyhow::Result<_>>()?))
    }

    fn roots(&self) -> anyhow::Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        let Some(file) = &self.ca_file else {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            return Ok(roots);
        };
        let context = || format!("`webhooks.ca_file`: `{}`", file.display());
        for certificate in CertificateDer::pem_file_iter(file).with_context(context)? {
            roots.add(certificate.with_context(context)?).with_context(context)?;
        }
        if roots.is_empty() {
            bail!("{} has no certificate", context());
        }
        Ok(roots)
    }
}

impl SecretsConfig {
    /// Puts into `settings` the key that is set.
    pub(crate) fn settings(&self, settings: Settings) -> anyhow::Result<Settings> {
        let text = match (&self.key, &self.key_file) {
            (None, None) => return Ok(settings),
            (Some(_), Some(_)) => {
                bail!("`secrets.key` and `secrets.key_file` are both set: one of them says it")
            }
            (Some(key), None) => key.clone(),
            (None, Some(file)) => {
                let context = || format!("`secrets.key_file`: `{}`", file.display());
                Secret::new(std::fs::read_to_string(file).with_context(context)?)
            }
        };
        let key = SealingKey::read(text.reveal()).context("`secrets.key`")?;
        Ok(Settings { sealing_key: Some(Arc::new(key)), ..settings })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhooks(allowed_networks: &str) -> WebhooksConfig {
        WebhooksConfig { allowed_networks: allowed_networks.into(), ca_file: None }
    }

    #[test]
    fn networks_are_read_and_what_is_none_is_named() {
        let allowed = webhooks(" 10.1.0.0/16, fd00::/8 ").allowed().unwrap();
        assert!(allowed.names("10.1.2.3".parse().unwrap()));
        assert_eq!(webhooks("").allowed().unwrap(), Allowed::default());
        let refused = webhooks("10.1.0.0/16,everything").allowed().unwrap_err();
        assert!(refused.to_string().starts_with("`webhooks.allowed_networks` has `everything`"));
    }

    #[test]
    fn a_key_is_set_once_and_is_of_32_bytes() {
        let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, format!("{key}\n")).unwrap();
        let config = |key: Option<&str>, key_file: Option<&PathBuf>| {
            let config = SecretsConfig { key: key.map(Secret::new), key_file: key_file.cloned() };
            config.settings(Settings::default()).map(|settings| settings.sealing_key)
        };
        assert!(config(None, None).unwrap().is_none());
        let [by_value, by_file] =
            [config(Some(key), None), config(None, Some(&file))].map(|key| key.unwrap().unwrap());
        let sealed = by_value.seal("p", b"s").unwrap();
        assert_eq!(by_file.open("p", &sealed).unwrap(), b"s");
        assert!(!format!("{by_value:?}").contains("MDEy"));
        config(Some(key), Some(&file)).unwrap_err();
        let short = config(Some("c2hvcnQ="), None).unwrap_err();
        assert!(format!("{short:#}").contains("openssl rand -base64 32"), "{short:#}");
    }
}
