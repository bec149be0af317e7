//! The projections beside a node, and `accolade projection`.

#[cfg(feature = "redis")]
mod keys;
mod list;
mod status;
#[cfg(feature = "postgres")]
mod tables;

use std::sync::Arc;
use std::time::Duration;

use accolade_projections::running::{Projection, Status};
use accolade_server::outlets::Outlet;
use anyhow::bail;
use clap::{Args, Subcommand};
use tokio::net::UnixStream;

use crate::Ended;
use crate::arguments::Where;
use crate::config::Config;
use crate::following::Followed;
use crate::hosting::{Hosted, SOCKET_FILE};
use crate::terminal::{Interrupt, Sure, grouped, note, printable, progress as progress_bar, say};

/// The arguments of `accolade projection`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: ProjectionCommand,
}

#[derive(Debug, Subcommand)]
enum ProjectionCommand {
    /// List what follows the journal
    #[command(
        long_about = "Lists what is configured to follow the journal, topics, tables and Redis, with how far it is \
                      behind, over the nodes that run.",
        after_help = "Example:\n  accolade projection list --config accolade.toml"
    )]
    List {
        /// Print JSON, one of them a line
        #[arg(long)]
        json: bool,
    },
    /// Say how far all of them are, or one
    #[command(
        long_about = "Says how far each is behind, and asks the database and Redis how far each partition is, and \
                      how far nodes had folded it when they wrote last. Ends with 1 where something \
                      stands, which is told with the reason, or has not been written for a minute.",
        after_help = "Example:\n  accolade projection status --config accolade.toml"
    )]
    Status {
        /// One of those that `list` names
        name: Option<String>,
        /// Print JSON, one of them a line
        #[arg(long)]
        json: bool,
    },
    /// Empty the tables and write them anew from the journal, or Redis from the state
    #[command(
        long_about = "Empties all tables but those of dead letters and game events, and writes them anew from the journal's \
                      first batch; or, with `redis`, writes its keys anew from the state. Points go on meanwhile; readers see less until it is done. Where nodes run \
                      they do the work, and this command watches; it may be ended at any time. Where no \
                      node runs on the data directory, this command does it. Topics are not published \
                      anew: that would repeat every record to those who read them.",
        after_help = "Example:\n  accolade projection rebuild postgres --config accolade.toml --yes"
    )]
    Rebuild {
        /// One of those that `list` names
        #[arg(default_value = "postgres")]
        name: String,
        #[command(flatten)]
        sure: Sure,
    },
}

/// How far a partition is, as the place says that it is written to.
#[derive(Debug)]
struct Written {
    partition: u16,
    next: u64,
    journal_end: u64,
    trouble: Option<String>,
    batch_time: Option<String>,
    age: Duration,
}

impl Written {
    const fn is_at_the_end(&self) -> bool {
        self.next >= self.journal_end
    }
}

/// The projections that a configuration wants.
pub(crate) struct Wanted {
    #[cfg(feature = "postgres")]
    tables: Option<accolade_postgres::settings::Settings>,
    #[cfg(feature = "redis")]
    keys: Option<accolade_redis::settings::Settings>,
}

impl Wanted {
    /// Fails where a setting of one is wrong.
    pub(crate) fn by(config: &Config) -> anyhow::Result<Self> {
        Ok(Self {
            #[cfg(feature = "postgres")]
            tables: config.postgres.settings()?,
            #[cfg(feature = "redis")]
            keys: config.redis.settings()?,
        })
    }

    /// Begins to project what a node folds.
    pub(crate) fn begin(self, hosted: &Hosted) -> std::io::Result<Vec<Arc<Followed>>> {
        let mut begun = Vec::new();
        #[cfg(feature = "postgres")]
        if let Some(settings) = self.tables {
            begun.push(accolade_postgres::sink::start(settings, hosted.feed())?);
        }
        #[cfg(feature = "redis")]
        if let Some(settings) = self.keys {
            begun.push(accolade_redis::sink::start(settings, hosted.feed())?);
        }
        let begun: Vec<_> = begun.into_iter().map(|one| Arc::new(Followed(one))).collect();
        for one in &begun {
            hosted.service.add_outlet(Arc::clone(one) as Arc<dyn Outlet>);
        }
        Ok(begun)
    }
}

/// Runs `accolade projection`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    let config = Config::load(place)?;
    if list::names(&config)?.is_empty() {
        bail!(
            "nothing follows the journal: neither `postgres.url` nor `redis.url` is set, and no topics are written"
        );
    }
    match arguments.command {
        ProjectionCommand::List { json } => {
            let all = list::all(place, &config).await?;
            if json {
                all.iter().try_for_each(|one| say(one.json()))?;
            } else {
                list::print(&all)?;
            }
            Ok(Ended::Well)
        }
        ProjectionCommand::Status { name, json } => {
            status::run(place, &config, name.as_deref(), json).await
        }
        ProjectionCommand::Rebuild { name, sure } => {
            #[cfg(feature = "cluster")]
            if name == accolade_kafka::sink::NAME {
                bail!("`{name}` is not rebuilt: {}", accolade_kafka::sink::NOT_ANEW);
            }
            rebuild(&config, &name, &sure).await
        }
    }
}

async fn rebuild(config: &Config, name: &str, sure: &Sure) -> anyhow::Result<Ended> {
    #[cfg(feature = "postgres")]
    if name == accolade_postgres::sink::NAME {
        return tables::rebuild(config, sure).await;
    }
    #[cfg(feature = "redis")]
    if name == accolade_redis::sink::NAME {
        return keys::rebuild(config, sure).await;
    }
    // Every one of them is above, so it says which there are.
    check_name(config, name)?;
    bail!("`{name}` is not rebuilt")
}

/// How far each partition is, where what is written to can say so.
async fn progress(config: &Config, name: &str) -> anyhow::Result<Option<Vec<Written>>> {
    #[cfg(feature = "postgres")]
    if name == accolade_postgres::sink::NAME {
        return tables::progress(config).await.map(Some);
    }
    #[cfg(feature = "redis")]
    if name == accolade_redis::sink::NAME {
        return keys::progress(config).await.map(Some);
    }
    Ok(None)
}

fn check_name(config: &Config, name: &str) -> anyhow::Result<()> {
    let names = list::names(config)?;
    if names.contains(&name) {
        return Ok(());
    }
    let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    bail!("`{name}` is no projection of this configuration: it has {known}");
}

/// Whether nodes do the work; where not, there must be a data directory.
async fn is_run_elsewhere(config: &Config) -> anyhow::Result<bool> {
    let socket = config.data_dir.join(SOCKET_FILE);
    if is_of_a_cluster(config) || UnixStream::connect(&socket).await.is_ok() {
        return Ok(true);
    }
    if !config.data_dir.join("FORMAT").exists() {
        bail!(
            "there is no data directory `{}`: name another with `--data-dir`",
            config.data_dir.display()
        );
    }
    Ok(false)
}

#[cfg(feature = "cluster")]
const fn is_of_a_cluster(config: &Config) -> bool {
    config.cluster.brokers.is_some()
}

#[cfg(not(feature = "cluster"))]
const fn is_of_a_cluster(_: &Config) -> bool {
    false
}

/// Watches nodes at work, by what was written.
async fn watch(
    progress_of: impl AsyncFn() -> anyhow::Result<Vec<Written>>,
    is_done: impl Fn(&[Written]) -> bool,
) -> anyhow::Result<Ended> {
    let interrupt = Interrupt::watch();
    let bar = progress_bar(Some(1), "batches");
    loop {
        let partitions = progress_of().await?;
        let next = partitions.iter().map(|one| one.next).sum();
        bar.set_length(partitions.iter().map(|one| one.journal_end.max(one.next)).sum());
        bar.set_position(next);
        if is_done(&partitions) {
            bar.finish_and_clear();
            say(format_args!("rebuilt: {} batches", grouped(next)))?;
            return Ok(Ended::Well);
        }
        if interrupt.has_come() {
            bar.finish_and_clear();
            note("the node goes on with it; `accolade projection status` says how far it is");
            return Ok(Ended::Badly);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Projects in this process until everything is written, and says what was.
async fn to_the_end(
    projection: &Projection,
    what: impl Fn(&Status) -> String,
) -> anyhow::Result<Ended> {
    let interrupt = Interrupt::watch();
    let bar = progress_bar(Some(1), "batches left to write");
    let mut troubles: Vec<String> = Vec::new();
    loop {
        let status = projection.status();
        if let Some(left) = status.lag_batches {
            bar.set_length(bar.length().unwrap_or(0).max(left));
            bar.set_position(left);
        }
        for trouble in status.trouble.iter().filter(|trouble| !troubles.contains(trouble)) {
            note(format_args!("it waits: {}", printable(trouble)));
        }
        if status.is_caught_up() {
            bar.finish_and_clear();
            say(format_args!("rebuilt: {}", what(&status)))?;
            return Ok(Ended::Well);
        }
        troubles = status.trouble;
        if interrupt.has_come() {
            bar.finish_and_clear();
            note("ended before all was written; the next node goes on from there");
            return Ok(Ended::Badly);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
