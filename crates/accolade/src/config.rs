//! The configuration: flags over environment over file over defaults.

mod check;
mod settings;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use accolade_engine::objects::Objects;
use accolade_server::{AccessLog, Oidc, Settings};
use accolade_storage::node::{NodeOptions, ShipOptions};
use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use confique::Config as _;
use serde::Deserialize;

use crate::Ended;
use crate::arguments::Where;
use crate::terminal::{note, printable, say};
use crate::{memory, objects};

/// Every setting of a node.
///
/// Each can also be given by the environment variable named beside it, which wins over this file;
/// flags of the command line win over both. Nothing here need be set.
#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct Config {
    /// The data directory. It is made where it is not there.
    #[config(env = "ACCOLADE_DATA_DIR", default = "./accolade-data")]
    pub(crate) data_dir: PathBuf,

    /// Address and port of the HTTP API. Beyond this machine, set `http.certificate_file`, or put a proxy
    /// in front.
    #[config(env = "ACCOLADE_LISTEN", default = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    /// Issuers whose access tokens (OIDC) are taken, the same in all nodes of a cluster. Each is a
    /// section `[[oidc]]`, with what its tokens may in sections `[[oidc.grants]]`, and with `[oidc.portal]` where staff sign
    /// in to the portal there: docs/api.md has an example.
    #[config(default = [])]
    pub(crate) oidc: Vec<accolade_server::Trusted>,

    #[config(nested)]
    pub(crate) node: NodeConfig,

    #[config(nested)]
    pub(crate) ship: ShipConfig,

    #[cfg(feature = "cluster")]
    #[config(nested)]
    pub(crate) cluster: crate::cluster_config::ClusterConfig,

    #[cfg(feature = "postgres")]
    #[config(nested)]
    pub(crate) postgres: crate::postgres_config::PostgresConfig,

    #[cfg(feature = "redis")]
    #[config(nested)]
    pub(crate) redis: crate::redis_config::RedisConfig,

    #[config(nested)]
    pub(crate) http: crate::http_config::HttpConfig,

    #[config(nested)]
    pub(crate) webhooks: crate::webhooks_config::WebhooksConfig,

    #[config(nested)]
    pub(crate) secrets: crate::webhooks_config::SecretsConfig,

    #[config(nested)]
    pub(crate) audit: crate::audit_config::AuditConfig,

    #[config(nested)]
    pub(crate) logs: LogsConfig,

    #[config(nested)]
    pub(crate) traces: crate::traces_config::TracesConfig,
}

/// How the node runs.
#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct NodeConfig {
    /// Partitions of a new data directory; fixed from then on.
    #[config(env = "ACCOLADE_PARTITIONS", default = 16)]
    pub(crate) partitions: u16,

    /// Threads that fold; 0 for one on each core.
    #[config(env = "ACCOLADE_FOLDS", default = 0)]
    pub(crate) folds: usize,

    /// Milliseconds between checkpoints of the state.
    #[config(env = "ACCOLADE_CHECKPOINT_EVERY_MS", default = 1000)]
    pub(crate) checkpoint_every_ms: u64,

    /// Days for which the log is kept. Balances and ledger are kept for ever.
    #[config(env = "ACCOLADE_LOG_DAYS", default = 7)]
    pub(crate) log_days: u32,

    /// Bytes up to which the log is kept, whatever its age; 0 for no such limit.
    #[config(env = "ACCOLADE_LOG_BYTES_MAX", default = 0)]
    pub(crate) log_bytes_max: u64,

    /// Bytes of a file of the log and of the journal, allocated ahead (256 MiB).
    #[config(env = "ACCOLADE_SEGMENT_BYTES", default = 268_435_456)]
    pub(crate) segment_bytes: u64,

    /// Nothing is taken in while the disk has fewer bytes free than this (1 GiB).
    #[config(env = "ACCOLADE_FREE_BYTES_MIN", default = 1_073_741_824)]
    pub(crate) free_bytes_min: u64,

    /// Bytes that wait for the disk, beyond which callers hear 503 (64 MiB).
    #[config(env = "ACCOLADE_QUEUE_BYTES_MAX", default = 67_108_864)]
    pub(crate) queue_bytes_max: usize,

    /// Bytes that are durable and not yet folded, beyond which callers hear 503 (256 MiB).
    #[config(env = "ACCOLADE_LAG_BYTES_MAX", default = 268_435_456)]
    pub(crate) lag_bytes_max: usize,

    /// Bytes of memory for the filters of ids, about two for each id, the newest first; what has no
    /// room is read from the disk. A quarter of the machine's memory where this is not set.
    #[config(env = "ACCOLADE_FILTER_BYTES_MAX")]
    pub(crate) filter_bytes_max: Option<u64>,
}

impl NodeConfig {
    fn filter_bytes_max(&self) -> u64 {
        self.filter_bytes_max.unwrap_or_else(memory::quarter)
    }
}

/// Where checkpoints are shipped, so that the loss of the disk loses seconds at most.
///
/// Credentials come from the environment, by the names of the store's own tools, such as
/// `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`; or the same with `_FILE` behind, such as
/// `AWS_SECRET_ACCESS_KEY_FILE`, which names a file that holds the value.
#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct ShipConfig {
    /// `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`, or a folder on another disk.
    /// Nothing is shipped where this is not set. Each data directory needs a place of its own.
    #[config(env = "ACCOLADE_SHIP_TO")]
    pub(crate) to: Option<String>,

    /// Seconds between two checkpoints that are shipped, and about what a lost disk loses.
    #[config(env = "ACCOLADE_SHIP_EVERY_SECONDS", default = 10)]
    pub(crate) every_seconds: u64,

    /// The address of an S3 server other than Amazon's, such as `http://127.0.0.1:9000`.
    #[config(env = "ACCOLADE_SHIP_ENDPOINT")]
    pub(crate) endpoint: Option<String>,

    /// The region of an S3 bucket.
    #[config(env = "ACCOLADE_SHIP_REGION")]
    pub(crate) region: Option<String>,
}

/// What the node says while it runs, on standard error.
#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct LogsConfig {
    /// `text`, `json`, or `auto`: text on a terminal, or else JSON.
    #[config(env = "ACCOLADE_LOG_FORMAT", default = "auto")]
    pub(crate) format: LogFormat,

    /// What is logged: `error`, `warn`, `info`, `debug`, or by module as `info,accolade_storage=debug`.
    #[config(env = "ACCOLADE_LOG", default = "info")]
    pub(crate) filter: String,

    /// Which requests have a line, at the target `accolade::access`: `all`, `off`, or `troubles`: those that
    /// the node failed (5xx) and those that were slow.
    #[config(env = "ACCOLADE_LOG_ACCESS", default = "troubles")]
    pub(crate) access: Access,

    /// Milliseconds from which on a request is slow.
    #[config(env = "ACCOLADE_LOG_SLOW_MS", default = 1000)]
    pub(crate) slow_ms: u64,
}

/// Which requests have a line in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Access {
    /// All.
    All,
    /// Those that went wrong or were slow.
    Troubles,
    /// None.
    Off,
}

impl LogsConfig {
    fn access_log(&self) -> AccessLog {
        match self.access {
            Access::All => AccessLog::All,
            Access::Troubles => AccessLog::Troubles { slow: Duration::from_millis(self.slow_ms) },
            Access::Off => AccessLog::Off,
        }
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// Text on a terminal, or else JSON.
    Auto,
    /// Text.
    Text,
    /// JSON, one object a line.
    Json,
}

/// The arguments of `accolade config`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print a configuration file with every setting, its default and its environment variable
    #[command(after_help = "Example:\n  accolade config template > accolade.toml\n  \
                            accolade serve --config accolade.toml")]
    Template,
    /// Show every setting that is in force, and where it came from
    #[command(after_help = "Example:\n  accolade config show --config accolade.toml")]
    Show {
        /// Those with their defaults, and those that are not set, too
        #[arg(long)]
        all: bool,
        /// Print JSON, one setting a line
        #[arg(long)]
        json: bool,
    },
    /// Look whether a node could be started with this configuration; asks nobody, unlike `doctor`
    #[command(
        long_about = "Looks whether a node could be started with this configuration: whether each setting exists \
                      and makes sense, alone and beside the others, and whether it has an effect in this form of \
                      a node. All that is wrong is told at once, and ends it with 1. Nobody is asked: `accolade \
                      doctor` does that.",
        after_help = "Example:\n  accolade config check --config accolade.toml"
    )]
    Check {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

/// Runs `accolade config`.
pub(crate) fn run(place: &Where, arguments: &Arguments) -> anyhow::Result<Ended> {
    match arguments.command {
        ConfigCommand::Template => say(template())?,
        ConfigCommand::Show { all, json } => show(place, all, json)?,
        ConfigCommand::Check { json } => return check(place, json),
    }
    Ok(Ended::Well)
}

fn show(place: &Where, all: bool, json: bool) -> anyhow::Result<()> {
    // What cannot be read is not in force.
    Config::load(place)?;
    let settings = settings::all(place)?;
    for setting in settings.iter().filter(|setting| all || setting.origin.is_somebody()) {
        if json {
            say(setting.json())?;
            continue;
        }
        let value = setting.value.as_ref().map(|value| match value.as_str() {
            Some(text) => printable(text),
            None => value.to_string(),
        });
        let value = value.as_deref().unwrap_or("-");
        say(format_args!("{:<32} {value}  ({})", setting.name, setting.origin.words()))?;
    }
    if !all && !json {
        note("everything else has its default: `--all` shows it");
    }
    Ok(())
}

fn check(place: &Where, json: bool) -> anyhow::Result<Ended> {
    let (form, wrong) = match Config::load(place) {
        Ok(config) => {
            let form = if config.is_of_a_cluster() { "cluster" } else { "embedded" };
            (Some(form), check::examine(&config, &settings::all(place)?))
        }
        Err(error) => (None, vec![check::Wrong { setting: None, detail: format!("{error:#}") }]),
    };
    if json {
        let errors = wrong
            .iter()
            .map(|wrong| serde_json::json!({ "setting": wrong.setting, "detail": wrong.detail }));
        let errors: Vec<_> = errors.collect();
        say(serde_json::json!({ "ok": wrong.is_empty(), "form": form, "errors": errors }))?;
    } else {
        for wrong in &wrong {
            say(format_args!("error: {}", printable(&wrong.detail)))?;
        }
        if let Some(form) = form.filter(|_| wrong.is_empty()) {
            say(format_args!("ok: the configuration of a node of the {form} form"))?;
        }
    }
    Ok(if wrong.is_empty() { Ended::Well } else { Ended::Badly })
}

fn template() -> String {
    confique::toml::template::<Config>(confique::toml::FormatOptions::default())
}

impl Config {
    /// Reads the configuration for `place`.
    pub(crate) fn load(place: &Where) -> anyhow::Result<Self> {
        let mut builder = Self::builder().env();
        if let Some(file) = &place.config {
            // An optional file that is not there is silently nothing; one that was named must be there.
            std::fs::metadata(file)
                .with_context(|| format!("the configuration file `{}`", file.display()))?;
            builder = builder.file(file);
        }
        let mut config = builder.load().context("the configuration could not be read")?;
        if let Some(data_dir) = &place.data_dir {
            config.data_dir.clone_from(data_dir);
        }
        Ok(config)
    }

    /// Whether it is that of a node of a cluster.
    #[cfg(feature = "cluster")]
    pub(crate) const fn is_of_a_cluster(&self) -> bool {
        self.cluster.brokers.is_some()
    }

    /// Whether it is that of a node of a cluster.
    #[cfg(not(feature = "cluster"))]
    #[expect(clippy::unused_self, reason = "with the cluster form it is asked")]
    pub(crate) const fn is_of_a_cluster(&self) -> bool {
        false
    }

    /// How the node runs.
    pub(crate) fn node_options(&self) -> NodeOptions {
        let node = &self.node;
        let mut options = NodeOptions::new(&self.data_dir);
        options.files.partitions = node.partitions.max(1);
        options.files.log_segment_bytes = node.segment_bytes;
        options.files.journal_segment_bytes = node.segment_bytes;
        options.files.segment_bytes = node.segment_bytes / 4;
        options.files.filter_bytes_max = node.filter_bytes_max();
        options.folds = node.folds;
        options.checkpoint_every = Duration::from_millis(node.checkpoint_every_ms);
        options.log_days = node.log_days;
        options.log_bytes_max = node.log_bytes_max;
        options.audit_days = self.audit.days;
        options.free_bytes_min = node.free_bytes_min;
        options.queue_bytes_max = node.queue_bytes_max;
        options.lag_bytes_max = node.lag_bytes_max;
        options
    }

    /// Where checkpoints are shipped; nothing for nowhere.
    pub(crate) fn ship_options(&self) -> anyhow::Result<Option<ShipOptions>> {
        let Some(to) = &self.ship.to else { return Ok(None) };
        let every = Duration::from_secs(self.ship.every_seconds.max(1));
        Ok(Some(ShipOptions { objects: self.objects(to)?, every }))
    }

    /// The object storage at `url`.
    pub(crate) fn objects(&self, url: &str) -> anyhow::Result<Arc<dyn Objects>> {
        let ShipConfig { endpoint, region, .. } = &self.ship;
        objects::open(url, endpoint.as_deref(), region.as_deref())
    }

    /// What it takes to join a cluster; nothing for a node of the embedded form.
    #[cfg(feature = "cluster")]
    pub(crate) fn joining(&self) -> anyhow::Result<Option<crate::cluster_config::Joining>> {
        let every = Duration::from_secs(self.ship.every_seconds.max(1));
        let mut joining = self.cluster.joining(&self.data_dir, self.node.partitions, every)?;
        if let Some(joining) = &mut joining {
            joining.options.folds = self.node.folds;
            joining.options.audit_days = self.audit.days;
            joining.options.free_bytes_min = self.node.free_bytes_min;
            joining.options.filter_bytes_max = self.node.filter_bytes_max();
            joining.options.patience = Duration::from_millis(self.http.wait_ms);
        }
        Ok(joining)
    }

    /// What the HTTP API takes.
    pub(crate) fn settings(&self) -> Settings {
        let access_log = self.logs.access_log();
        self.audit.settings(Settings { access_log, ..self.http.settings() })
    }

    /// The same, with what sends webhooks and opens their secrets.
    pub(crate) fn settings_to_send(&self) -> anyhow::Result<Settings> {
        self.secrets.settings(self.webhooks.settings(self.settings())?)
    }

    /// The same, of a node that others reach: with the issuers whose tokens are taken, and telling who moves on leaderboards.
    pub(crate) fn settings_to_serve(&self) -> anyhow::Result<Settings> {
        self.audit.check()?;
        let (oidc, moves_every_ms) = (Oidc::new(&self.oidc)?, self.http.moves_every_ms);
        Ok(Settings { oidc, moves_every_ms, ..self.settings_to_send()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_a_configuration_of_nothing_but_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("accolade.toml");
        let uncommented: String = template()
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(setting) if setting.contains(" = ") && !setting.starts_with(' ') => setting,
                _ => line,
            })
            .fold(String::new(), |text, line| text + line + "\n");
        std::fs::write(&file, &uncommented).unwrap();
        let place = Where { config: Some(file), ..Where::default() };
        let read = Config::load(&place).unwrap();
        let defaults = Config::load(&Where::default()).unwrap();
        assert!(uncommented.contains("\npartitions = 16\n"), "{uncommented}");
        assert_eq!(format!("{read:?}"), format!("{defaults:?}"));
    }

    #[test]
    fn memory_for_filters_is_what_is_set() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("accolade.toml");
        std::fs::write(&file, "[node]\nfilter_bytes_max = 1000\n").unwrap();
        let config = Config::load(&Where { config: Some(file), ..Where::default() }).unwrap();
        assert_eq!(config.node_options().files.filter_bytes_max, 1_000);
    }

    #[test]
    fn who_moves_on_leaderboards_is_looked_for_as_often_as_is_set_and_not_at_all_at_0() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("accolade.toml");
        let every_ms = |text: &str| {
            std::fs::write(&file, text).unwrap();
            let config = Config::load(&Where { config: Some(file.clone()), ..Where::default() });
            config.unwrap().settings_to_serve().unwrap().moves_every_ms
        };
        assert_eq!(every_ms(""), accolade_server::MOVES_EVERY_MS);
        assert_eq!(every_ms("[http]\nmoves_every_ms = 60000\n"), 60_000);
        assert_eq!(every_ms("[http]\nmoves_every_ms = 0\n"), 0);
    }

    #[test]
    fn the_example_of_the_manual_is_a_configuration_and_what_makes_no_sense_is_refused_by_its_name()
    {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("accolade.toml");
        let manual = include_str!("../../../docs/api.md");
        let (_, example) = manual.split_once("```toml\n[[oidc]]").unwrap();
        let example = format!("[[oidc]]{}", example.split_once("```").unwrap().0);
        let read = |text: &str| {
            std::fs::write(&file, text).unwrap();
            Config::load(&Where { config: Some(file.clone()), ..Where::default() })
        };
        let config = read(&example).unwrap();
        assert_eq!((config.oidc.len(), config.oidc[0].grants.len()), (1, 2));
        let portal = config.oidc[0].portal.as_ref().unwrap();
        assert_eq!((&*portal.client_id, &*portal.scope), ("accolade-portal", "openid"));
        let refused = read(&example.replace("RS256", "HS256")).unwrap().settings_to_serve();
        let refused = format!("{:#}", refused.unwrap_err());
        assert!(refused.starts_with("`oidc[0].algorithms` has `HS256`: expected"), "{refused}");
        let misspelt = read(&example.replace("audience", "audiences")).unwrap_err();
        assert!(format!("{misspelt:#}").contains("audiences"), "{misspelt:#}");
    }

    #[test]
    fn a_setting_that_does_not_exist_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("accolade.toml");
        std::fs::write(&file, "[node]\npartition = 4\n").unwrap();
        let refused = Config::load(&Where { config: Some(file), ..Where::default() }).unwrap_err();
        assert!(format!("{refused:#}").contains("partition"), "{refused:#}");
    }

    #[cfg(all(feature = "cluster", feature = "postgres", feature = "redis"))]
    #[test]
    fn no_secret_of_the_configuration_is_ever_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("accolade.toml");
        let text = "
            [cluster]
            brokers = 'b:9092'
            name = 'n'
            address = 'http://127.0.0.1:0'
            secret = 'marker-of-the-cluster'
            sasl_mechanism = 'PLAIN'
            sasl_user = 'shown'
            sasl_password = 'marker-of-the-brokers'
            [postgres]
            url = 'postgres://anna:marker-of-the-tables@db/accolade'
            [redis]
            url = 'rediss://anna:marker-of-the-keys@cache'
            [secrets]
            key = 'marker-of-what-is-sealed'
        ";
        std::fs::write(&file, text).unwrap();
        let mut config = Config::load(&Where { config: Some(file), ..Where::default() }).unwrap();
        let (joining, tables) = (config.joining().unwrap(), config.postgres.settings().unwrap());
        let keys = config.redis.settings().unwrap();
        let by_value = format!("{config:#?} {joining:#?} {tables:#?} {keys:#?}");
        let secret_file = folder.path().join("secret");
        std::fs::write(&secret_file, "marker-of-the-file").unwrap();
        config.cluster.secret = None;
        config.cluster.secret_file = Some(secret_file);
        let joining = config.joining().unwrap().unwrap();
        assert_eq!(joining.secret.reveal(), "marker-of-the-file");
        let shown = format!("{by_value} {config:#?} {joining:#?}");
        assert!(shown.contains("shown") && shown.contains("***"), "{shown}");
        assert!(!shown.contains("marker"), "{shown}");
    }

    #[test]
    fn defaults_are_those_of_the_crates_below() {
        let config = Config::load(&Where::default()).unwrap();
        let mut options = NodeOptions::new(&config.data_dir);
        options.files.filter_bytes_max = memory::quarter();
        assert_eq!(format!("{:?}", config.node_options()), format!("{options:?}"));
        // It follows from how many connections this machine can have.
        let watchers_max = config.settings().watchers_max;
        let settings = Settings { watchers_max, ..Settings::default() };
        assert_eq!(format!("{:?}", config.settings()), format!("{settings:?}"));
    }
}
