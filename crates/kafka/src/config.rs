//! How Kafka is reached, and what Accolade's topics are called.

use std::collections::BTreeMap;
use std::path::PathBuf;

use accolade_wire::order::SourceTopic;
use accolade_wire::secret::{Key, Secret};

use crate::error::OpenFailed;

/// What a node needs to know of Kafka. All nodes of a cluster must agree on `partitions`, `group` and
/// `topics`: records are read alike only then.
#[derive(Debug, Clone)]
pub struct KafkaConfig {
    /// Some brokers, as `host:port,host:port`.
    pub brokers: String,
    /// The node's name, unique in the cluster and the same after a restart.
    pub node: String,
    /// The group in which nodes share partitions.
    pub group: String,
    /// Partitions of every topic but those that have one; fixed when the topics are made.
    pub partitions: u16,
    /// Copies of each partition, where topics are created.
    pub replication: u16,
    /// The topics' names.
    pub topics: Topics,
    /// How connections are protected.
    pub security: Security,
    /// Signs and proves announcements of owners.
    pub announcing: Key,
    /// More settings of librdkafka; those that the exactness rests on cannot be changed by them.
    pub properties: BTreeMap<String, String>,
}

impl KafkaConfig {
    /// The configuration of `node` without protection, everything else as in the reference deployment; nodes
    /// believe what others announce that have the same `secret`.
    pub fn new(brokers: impl Into<String>, node: impl Into<String>, secret: &Secret) -> Self {
        Self {
            brokers: brokers.into(),
            node: node.into(),
            group: "accolade".into(),
            partitions: 16,
            replication: 3,
            topics: Topics::default(),
            security: Security::default(),
            announcing: Key::of(secret, "accolade owners: announcements"),
            properties: BTreeMap::new(),
        }
    }

    /// The group and all topics under `prefix`, such as `staging.`.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        self.group = format!("{prefix}{}", self.group);
        self.topics = self.topics.with_prefix(prefix);
        self
    }

    /// How many copies must have a record before it is acknowledged: one may always be missing.
    pub const fn min_in_sync(&self) -> u16 {
        if self.replication > 2 { self.replication - 1 } else { 1 }
    }

    /// The id under which `node` writes outputs in transactions.
    pub fn transactional_id(&self, node: &str) -> String {
        format!("{}{node}", self.transactional_ids())
    }

    /// What all nodes' such ids begin with.
    pub fn transactional_ids(&self) -> String {
        format!("{}-outputs-", self.group)
    }

    /// As whom the brokers know this node, unless they are told to name it otherwise.
    pub fn principal(&self) -> String {
        match (&self.security.sasl, &self.security.tls) {
            (Some(sasl), _) => format!("User:{}", sasl.user),
            (None, Some(Tls { certificate: Some(_), .. })) => {
                "User:SUBJECT-OF-ITS-CERTIFICATE".into()
            }
            (None, _) => "User:ANONYMOUS".into(),
        }
    }
}

/// The topics' names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics {
    /// Wagers and voids, that others produce too.
    pub wagers: Source,
    /// Game events, that others produce too.
    pub game_events: Source,
    /// Commands to one partition.
    pub commands: String,
    /// Control records.
    pub control: String,
    /// The order of all partitions.
    pub order: String,
    /// Who owns which partition.
    pub owners: String,
    /// What Accolade puts out, by [`OutputTopic`].
    pub outputs: [String; OutputTopic::ALL.len()],
}

/// A topic that others produce to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The topic's name.
    pub topic: String,
    /// The operator of messages without a header `operatorId`; empty for none.
    pub operator: String,
}

impl Source {
    fn new(topic: &str) -> Self {
        Self { topic: topic.into(), operator: String::new() }
    }
}

impl Default for Topics {
    fn default() -> Self {
        Self {
            wagers: Source::new("wager.events"),
            game_events: Source::new("player.events.raw"),
            commands: "accolade.commands".into(),
            control: "accolade.control".into(),
            order: "accolade.order".into(),
            owners: "accolade.owners".into(),
            outputs: OutputTopic::ALL.map(|output| output.default_name().into()),
        }
    }
}

impl Topics {
    /// All names with `prefix` before them.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        let Self { wagers, game_events, commands, control, order, owners, outputs } = &mut self;
        let names = [&mut wagers.topic, &mut game_events.topic, commands, control, order, owners];
        for name in names.into_iter().chain(outputs) {
            name.insert_str(0, prefix);
        }
        self
    }

    /// The topic of a source.
    pub fn source(&self, source: SourceTopic) -> &str {
        match source {
            SourceTopic::Control => &self.control,
            SourceTopic::Commands => &self.commands,
            SourceTopic::Wagers => &self.wagers.topic,
            SourceTopic::GameEvents => &self.game_events.topic,
        }
    }

    /// The topic of an output.
    pub fn output(&self, output: OutputTopic) -> &str {
        &self.outputs[output as usize]
    }

    /// The operator of a source's messages that name none.
    pub(crate) fn operator(&self, source: SourceTopic) -> &str {
        match source {
            SourceTopic::Control | SourceTopic::Commands => "",
            SourceTopic::Wagers => &self.wagers.operator,
            SourceTopic::GameEvents => &self.game_events.operator,
        }
    }
}

/// What Accolade puts out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutputTopic {
    /// Wagers that count, with the version of the rules.
    Eligible = 0,
    /// What each wager gave.
    Calculated = 1,
    /// Balances, compacted.
    Balances = 2,
    /// What counts in a tournament.
    TournamentEligible = 3,
    /// Tournament scores, compacted.
    TournamentScores = 4,
    /// Changes of positions.
    LeaderboardUpdates = 5,
    /// Inputs that could not be processed.
    DeadLetters = 6,
    /// What of players' wagers looks like abuse.
    Signals = 7,
    /// Players who have another tier.
    Tiers = 8,
    /// What becomes of redemptions.
    Redemptions = 9,
}

impl OutputTopic {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Eligible,
        Self::Calculated,
        Self::Balances,
        Self::TournamentEligible,
        Self::TournamentScores,
        Self::LeaderboardUpdates,
        Self::DeadLetters,
        Self::Signals,
        Self::Tiers,
        Self::Redemptions,
    ];

    /// The name that a topic has unless it is configured.
    pub const fn default_name(self) -> &'static str {
        match self {
            Self::Eligible => "loyalty.eligible",
            Self::Calculated => "loyalty.calculated",
            Self::Balances => "loyalty.balances",
            Self::TournamentEligible => "tournament.eligible",
            Self::TournamentScores => "tournament.scores",
            Self::LeaderboardUpdates => "leaderboard.updates",
            Self::DeadLetters => "accolade.dead-letters",
            Self::Signals => "fraud.signals",
            Self::Tiers => "loyalty.tiers",
            Self::Redemptions => "loyalty.redemptions",
        }
    }
}

/// How connections to brokers are protected.
#[derive(Debug, Clone, Default)]
pub struct Security {
    /// Encryption, where the brokers want it.
    pub tls: Option<Tls>,
    /// Who the node is, where the brokers want to know.
    pub sasl: Option<Sasl>,
}

impl Security {
    /// The client would not say which file it cannot read.
    pub(crate) fn check_files(&self) -> Result<(), OpenFailed> {
        let Some(Tls { ca_file, certificate }) = &self.tls else { return Ok(()) };
        let own = certificate.as_ref();
        let files = [
            ("ca_file", ca_file.as_ref()),
            ("certificate_file", own.map(|own| &own.file)),
            ("key_file", own.map(|own| &own.key_file)),
        ];
        for (name, file) in files {
            let Some(file) = file else { continue };
            std::fs::read(file).map_err(|error| {
                OpenFailed::Config(format!("`{name}`: `{}`: {error}", file.display()))
            })?;
        }
        Ok(())
    }
}

/// Encryption of connections.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Certificates of the authorities that are trusted, as PEM; the system's where there is none.
    pub ca_file: Option<PathBuf>,
    /// The node's own certificate and its key, as PEM, where the brokers want one.
    pub certificate: Option<Certificate>,
}

/// A certificate of a client.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate's file.
    pub file: PathBuf,
    /// Its key's file.
    pub key_file: PathBuf,
}

/// A name and its proof.
#[derive(Debug, Clone)]
pub struct Sasl {
    /// How the password is proven.
    pub mechanism: Mechanism,
    /// The name.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// How a password is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// By saying it; only behind TLS.
    Plain,
    /// By a challenge.
    ScramSha256,
    /// By a challenge.
    ScramSha512,
}

impl Mechanism {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}
