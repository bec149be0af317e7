//! The settings that make a node one of a cluster.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use accolade_cluster::ClusterOptions;
use accolade_kafka::config::{self as kafka, Certificate, KafkaConfig, Mechanism, Sasl, Security};
use accolade_server::outputs::{Topic, Wanted};
use accolade_server::{Tls, TlsFiles};
use accolade_wire::secret::Secret;
use anyhow::{Context, bail};
use tokio::net::TcpListener;

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

    /// Where other nodes reach this one, as `http://10.0.0.5:8081`: not the address of the API. `https://` with
    /// `node_certificate_file`. Port 0 takes a free one.
    #[config(env = "ACCOLADE_ADDRESS")]
    pub(crate) address: Option<String>,

    /// Address and port where it listens for them; those of `address` where this is not set.
    #[config(env = "ACCOLADE_CLUSTER_LISTEN")]
    pub(crate) listen: Option<SocketAddr>,

    /// By what nodes know each other, the same on all of them, of at least 16 characters. It is never sent.
    #[config(env = "ACCOLADE_CLUSTER_SECRET")]
    pub(crate) secret: Option<Secret>,

    /// A file with the secret, instead.
    #[config(env = "ACCOLADE_CLUSTER_SECRET_FILE")]
    pub(crate) secret_file: Option<PathBuf>,

    /// This node's certificate for other nodes, and those between it and its authority, as PEM: nodes then talk
    /// over TLS 1.3, each with a certificate for the host of its `address`. The files are read again when they change.
    #[config(env = "ACCOLADE_NODE_CERTIFICATE_FILE")]
    pub(crate) node_certificate_file: Option<PathBuf>,

    /// The certificate's key, as PEM.
    #[config(env = "ACCOLADE_NODE_KEY_FILE")]
    pub(crate) node_key_file: Option<PathBuf>,

    /// The authorities of all nodes' certificates, as PEM.
    #[config(env = "ACCOLADE_NODE_CA_FILE")]
    pub(crate) node_ca_file: Option<PathBuf>,

    /// Copies of each partition of the topics that are made.
    #[config(env = "ACCOLADE_REPLICATION", default = 3)]
    pub(crate) replication: u16,

    /// What comes before the names of all topics and of the group.
    #[config(env = "ACCOLADE_TOPIC_PREFIX", default = "")]
    pub(crate) topic_prefix: String,

    /// Output topics that are written, with commas between; `none` for none.
    #[config(
        env = "ACCOLADE_OUTPUTS",
        default = "loyalty.eligible,loyalty.calculated,loyalty.balances,loyalty.tiers,loyalty.redemptions,fraud.signals,tournament.eligible,tournament.scores,leaderboard.updates,accolade.dead-letters"
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
    pub(crate) sasl_password: Option<Secret>,

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
    /// By what nodes know each other.
    pub(crate) secret: Secret,
    /// Where this one listens for them.
    pub(crate) listen: SocketAddr,
    /// What it shows them; nothing where they talk in clear.
    pub(crate) tls: Option<Tls>,
    /// The output topics that are written; nothing for none.
    pub(crate) outputs: Option<Wanted>,
}

/// A value, or what its file holds.
fn secret(
    name: &str,
    value: Option<&Secret>,
    file: Option<&PathBuf>,
) -> anyhow::Result<Option<Secret>> {
    match (value, file) {
        (Some(_), Some(_)) => bail!("`{name}` and `{name}_file` are both set: one of them says it"),
        (Some(value), None) => Ok(Some(value.clone())),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("`{name}_file`: `{}`", file.display()))?;
            Ok(Some(Secret::new(text.trim_end())))
        }
        (None, None) => Ok(None),
    }
}

/// Where a node listens that is reached at `address`: everywhere at its port, if it has a name. Nothing where it is
/// no such address.
fn listen_at(address: &str) -> Option<SocketAddr> {
    let place = address.strip_prefix("http://").or_else(|| address.strip_prefix("https://"))?;
    if let Ok(listen) = place.parse() {
        return Some(listen);
    }
    let (host, port) = place.rsplit_once(':')?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_host = !host.is_empty() && host.bytes().all(is_name);
    is_host.then(|| port.parse().ok()).flatten().map(|port| (Ipv4Addr::UNSPECIFIED, port).into())
}

impl Joining {
    /// Listens for the other nodes, who are told of the port that was free where none is named.
    pub(crate) async fn listen(&mut self) -> anyhow::Result<TcpListener> {
        let at = self.listen;
        let listener = TcpListener::bind(at).await.with_context(|| {
            format!(
                "cannot listen on {at} for other nodes: `cluster.listen`, or else `cluster.address`, says where, \
                 which is not where the API is"
            )
        })?;
        let port = listener.local_addr()?.port();
        if let Some(host) = self.options.address.strip_suffix(":0") {
            self.options.address = format!("{host}:{port}");
        }
        Ok(listener)
    }
}

impl ClusterConfig {
    /// Where the node listens for others, if that is said anywhere.
    pub(crate) fn listens(&self) -> Option<SocketAddr> {
        self.listen.or_else(|| listen_at(self.address.as_deref()?))
    }

    /// What it takes to join the cluster; nothing for a node of the embedded form.
    pub(crate) fn joining(
        &self,
        data_dir: &Path,
        partitions: u16,
        ship_every: Duration,
    ) -> anyhow::Result<Option<Joining>> {
        let Some(brokers) = &self.brokers else { return Ok(None) };
        let missing =
            |name: &str| format!("`cluster.{name}` is not set: a node with brokers needs it");
        let name = self.name.clone().with_context(|| missing("name"))?;
        let address = self.address.clone().with_context(|| missing("address"))?;
        let secret = secret("cluster.secret", self.secret.as_ref(), self.secret_file.as_ref())?;
        let secret = secret.with_context(|| missing("secret"))?;
        let length = secret.reveal().len();
        if length < 16 {
            bail!("`cluster.secret` has {length} characters: expected at least 16");
        }
        let tls = self.node_tls()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let listen = listen_at(&address).filter(|_| address.starts_with(&format!("{scheme}://")));
        let listen = listen.with_context(|| {
            format!(
                "`cluster.address` is `{address}`: expected `{scheme}://host:port`, with `https` where \
                 `cluster.node_certificate_file` is set, and without it `http`"
            )
        })?;
        let listen = self.listen.unwrap_or(listen);
        let mut kafka = self.kafka(brokers, &name, &secret)?;
        kafka.partitions = partitions;
        let mut options = ClusterOptions::new(name, address, data_dir);
        options.checkpoint_every = ship_every;
        options.descriptors = crate::limits::descriptors();
        let outputs = self.outputs()?;
        Ok(Some(Joining { kafka, options, secret, listen, tls, outputs }))
    }

    /// What the node shows others, and asks of them.
    fn node_tls(&self) -> anyhow::Result<Option<Tls>> {
        let files = [&self.node_certificate_file, &self.node_key_file, &self.node_ca_file];
        if files.iter().all(|file| file.is_none()) {
            return Ok(None);
        }
        let names =
            "`cluster.node_certificate_file`, `cluster.node_key_file` and `cluster.node_ca_file`";
        let [Some(certificate), Some(key), client_ca @ Some(_)] = files.map(Option::clone) else {
            bail!("{names} belong together");
        };
        let tls = Tls::new(TlsFiles { certificate, key, client_ca });
        tls.with_context(|| format!("the files of {names}")).map(Some)
    }

    fn kafka(&self, brokers: &str, name: &str, secret: &Secret) -> anyhow::Result<KafkaConfig> {
        let mut kafka = KafkaConfig::new(brokers, name, secret).with_prefix(&self.topic_prefix);
        kafka.replication = self.replication.max(1);
        let tls = self.tls.then(|| -> anyhow::Result<kafka::Tls> {
            let certificate = match (&self.certificate_file, &self.key_file) {
                (Some(file), Some(key_file)) => {
                    Some(Certificate { file: file.clone(), key_file: key_file.clone() })
                }
                (None, None) => None,
                _ => bail!("`cluster.certificate_file` and `cluster.key_file` belong together"),
            };
            Ok(kafka::Tls { ca_file: self.ca_file.clone(), certificate })
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
            let name = name.trim();
            let topic = Topic::ALL.into_iter().find(|topic| topic.name() == name);
            wanted = wanted.and(topic.with_context(|| {
                let all = Topic::ALL.map(Topic::name).join(", ");
                format!(
                    "`cluster.outputs` names `{name}`: expected some of {all}, with commas between, or none"
                )
            })?);
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

#[cfg(test)]
mod tests {
    use confique::Config as _;

    use super::*;

    #[test]
    fn a_node_listens_where_it_is_reached() {
        let all = "0.0.0.0:8081";
        for (address, listen) in [
            ("http://10.0.0.5:8081", Some("10.0.0.5:8081")),
            ("http://[2001:db8::7]:8081", Some("[2001:db8::7]:8081")),
            ("http://node-1.example:8081", Some(all)),
            ("http://10.0.0.5", None),
            ("http://10.0.0.5:8081/", None),
            ("http://a/b:8081", None),
            ("http://:8081", None),
            ("10.0.0.5:8081", None),
            ("http://a:99999", None),
        ] {
            let listen = listen.map(|listen| listen.parse().unwrap());
            assert_eq!(listen_at(address), listen, "{address}");
        }
    }

    #[test]
    fn what_is_not_right_between_nodes_is_refused_by_its_name() {
        let refused = |settings: &str| {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("cluster.toml");
            let always = "brokers = 'b:9092'\nname = 'n'\nsecret = 'sixteen-at-least'\n";
            std::fs::write(&file, format!("{always}{settings}")).unwrap();
            let config = ClusterConfig::builder().file(&file).load().unwrap();
            let joining = config.joining(folder.path(), 1, Duration::from_secs(1));
            joining.map(|_| ()).map_err(|error| format!("{error:#}"))
        };
        assert_eq!(refused("address = 'http://10.0.0.5:8081'"), Ok(()));
        for (settings, says) in [
            ("", "`cluster.address` is not set"),
            ("address = 'https://10.0.0.5:8081'", "expected `http://host:port`"),
            ("address = '10.0.0.5:8081'", "expected `http://host:port`"),
            (
                "address = 'https://10.0.0.5:8081'\nnode_key_file = 'k'",
                "`cluster.node_certificate_file`, `cluster.node_key_file` and `cluster.node_ca_file` belong together",
            ),
            (
                "address = 'https://a:1'\nnode_key_file = 'k'\nnode_certificate_file = '/none/c'\n\
                 node_ca_file = '/none/a'",
                "`/none/a`: No such file",
            ),
        ] {
            let said = refused(settings).unwrap_err();
            assert!(said.contains(says), "{settings}: {said}");
        }
    }
}
