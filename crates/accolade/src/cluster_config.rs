//! The settings that make a node one of a cluster.

use std::path::{Path, PathBuf};
use std::time::Duration;

use accolade_cluster::ClusterOptions;
use accolade_kafka::config::{Certificate, KafkaConfig, Mechanism, Sasl, Security, Tls};
use accolade_server::outputs::Wanted;
use anyhow::{Context, bail};

/// The cluster form: Kafka orders, this node folds its share of the partitions.
///
/// A node is one of a cluster where `brokers` is set; it then needs `name`, `address`, a secret, and with
/// `ship.to` a place for checkpoints that all nodes have in common. `docs/cluster.md` says more.
#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct ClusterConfig {
    /// Some of Kafka's brokers, as `host:port,host:port`.
    #[config(env = "ACCOLADE_BROKERS")]
    pub(crate) brokers: Option<String>,

    /// This node's name, which no other has and which stays when it restarts.
    #[config(env = "ACCOLADE_NODE")]
    pub(crate) name: Option<String>,

    /// Where other nodes reach this one's API, as `http://10.0.0.5:8080`.
    #[config(env = "ACCOLADE_ADDRESS")]
    pub(crate) address: Option<String>,

    /// What nodes show each other, the same on all of them, of at least 16 characters.
    #[config(env = "ACCOLADE_CLUSTER_SECRET")]
    pub(crate) secret: Option<String>,

    /// A file with the secret, instead.
    #[config(env = "ACCOLADE_CLUSTER_SECRET_FILE")]
    pub(crate) secret_file: Option<PathBuf>,

    /// Copies of each partition of the topics that are made.
    #[config(env = "ACCOLADE_REPLICATION", default = 3)]
    pub(crate) replication: u16,

    /// What comes before the names of all topics and of the group.
    #[config(env = "ACCOLADE_TOPIC_PREFIX", default = "")]
    pub(crate) topic_prefix: String,

    /// Output topics that are written, with commas between; `none` for none.
    #[config(
        env = "ACCOLADE_OUTPUTS",
        default = "loyalty.eligible,loyalty.calculated,loyalty.balances,accolade.dead-letters"
    )]
    pub(crate) outputs: String,

    /// How a password is proven to the brokers: `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.
    #[config(env = "ACCOLADE_SASL_MECHANISM")]
    pub(crate) sasl_mechanism: Option<String>,

    /// The name that the brokers know.
    #[config(env = "ACCOLADE_SASL_USER")]
    pub(crate) sasl_user: Option<String>,

    /// Its password.
    #[config(env = "ACCOLADE_SASL_PASSWORD")]
    pub(crate) sasl_password: Option<String>,

    /// A file with the password, instead.
    #[config(env = "ACCOLADE_SASL_PASSWORD_FILE")]
    pub(crate) sasl_password_file: Option<PathBuf>,

    /// Whether connections to the brokers are encrypted.
    #[config(env = "ACCOLADE_KAFKA_TLS", default = false)]
    pub(crate) tls: bool,

    /// Certificates of the authorities that are trusted, as PEM; the system's where there is none.
    #[config(env = "ACCOLADE_KAFKA_CA_FILE")]
    pub(crate) ca_file: Option<PathBuf>,

    /// This node's own certificate, as PEM, where the brokers want one.
    #[config(env = "ACCOLADE_KAFKA_CERTIFICATE_FILE")]
    pub(crate) certificate_file: Option<PathBuf>,

    /// The certificate's key, as PEM.
    #[config(env = "ACCOLADE_KAFKA_KEY_FILE")]
    pub(crate) key_file: Option<PathBuf>,
}

/// A cluster's settings, checked.
#[derive(Debug)]
pub(crate) struct Joining {
    /// How Kafka is reached.
    pub(crate) kafka: KafkaConfig,
    /// How the node runs.
    pub(crate) options: ClusterOptions,
    /// What nodes show each other.
    pub(crate) secret: String,
    /// The output topics that are written; nothing for none.
    pub(crate) outputs: Option<Wanted>,
}

/// A value, or what its file holds.
fn secret(
    name: &str,
    value: Option<&String>,
    file: Option<&PathBuf>,
) -> anyhow::Result<Option<String>> {
    match (value, file) {
        (Some(_), Some(_)) => bail!("`{name}` and `{name}_file` are both set: one of them says it"),
        (Some(value), None) => Ok(Some(value.clone())),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("`{name}_file`: `{}`", file.display()))?;
            Ok(Some(text.trim_end().to_owned()))
        }
        (None, None) => Ok(None),
    }
}

impl ClusterConfig {
    /// What it takes to join the cluster; nothing for a node of the embedded form.
    pub(crate) fn joining(
        &self,
        data_dir: &Path,
        partitions: u16,
        ship_every: Duration,
    ) -> anyhow::Result<Option<Joining>> {
        let Some(brokers) = &self.brokers else { return Ok(None) };
        let needed = |name: &str, value: &Option<String>| {
            value.clone().with_context(|| {
                format!("`cluster.{name}` is not set: a node with brokers needs it")
            })
        };
        let name = needed("name", &self.name)?;
        let address = needed("address", &self.address)?;
        let secret = secret("cluster.secret", self.secret.as_ref(), self.secret_file.as_ref())?;
        let secret = needed("secret", &secret)?;
        if secret.len() < 16 {
            bail!("`cluster.secret` has {} characters: expected at least 16", secret.len());
        }
        if !address.starts_with("http://") {
            bail!("`cluster.address` is `{address}`: expected `http://host:port`");
        }
        let mut kafka = self.kafka(brokers, &name)?;
        kafka.partitions = partitions;
        let mut options = ClusterOptions::new(name, address, data_dir);
        options.checkpoint_every = ship_every;
        options.descriptors = crate::limits::descriptors();
        let outputs = self.outputs()?;
        Ok(Some(Joining { kafka, options, secret, outputs }))
    }

    fn kafka(&self, brokers: &str, name: &str) -> anyhow::Result<KafkaConfig> {
        let mut kafka = KafkaConfig::new(brokers, name).with_prefix(&self.topic_prefix);
        kafka.replication = self.replication.max(1);
        let tls = self.tls.then(|| -> anyhow::Result<Tls> {
            let certificate = match (&self.certificate_file, &self.key_file) {
                (Some(file), Some(key_file)) => {
                    Some(Certificate { file: file.clone(), key_file: key_file.clone() })
                }
                (None, None) => None,
                _ => bail!("`cluster.certificate_file` and `cluster.key_file` belong together"),
            };
            Ok(Tls { ca_file: self.ca_file.clone(), certificate })
        });
        let sasl = match &self.sasl_mechanism {
            None => None,
            Some(mechanism) => Some(self.sasl(mechanism)?),
        };
        kafka.security = Security { tls: tls.transpose()?, sasl };
        Ok(kafka)
    }

    fn outputs(&self) -> anyhow::Result<Option<Wanted>> {
        if self.outputs == "none" {
            return Ok(None);
        }
        let mut wanted = Wanted::default();
        for name in self.outputs.split(',') {
            match name.trim() {
                "loyalty.eligible" => wanted.eligible = true,
                "loyalty.calculated" => wanted.calculated = true,
                "loyalty.balances" => wanted.balances = true,
                "accolade.dead-letters" => wanted.dead_letters = true,
                other => bail!(
                    "`cluster.outputs` names `{other}`: expected loyalty.eligible, loyalty.calculated, \
                     loyalty.balances or accolade.dead-letters, with commas between, or none"
                ),
            }
        }
        Ok(Some(wanted))
    }

    fn sasl(&self, mechanism: &str) -> anyhow::Result<Sasl> {
        let mechanism = match mechanism {
            "PLAIN" => Mechanism::Plain,
            "SCRAM-SHA-256" => Mechanism::ScramSha256,
            "SCRAM-SHA-512" => Mechanism::ScramSha512,
            other => bail!(
                "`cluster.sasl_mechanism` is `{other}`: expected PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
            ),
        };
        let (value, file) = (self.sasl_password.as_ref(), self.sasl_password_file.as_ref());
        let password = secret("cluster.sasl_password", value, file)?;
        let password = password.context("`cluster.sasl_password` is not set")?;
        let user = self.sasl_user.clone().context("`cluster.sasl_user` is not set")?;
        Ok(Sasl { mechanism, user, password })
    }
}
