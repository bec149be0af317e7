//! The SQL projection beside a node, and `accolade projection`.

mod list;
mod status;

use std::sync::Arc;
use std::time::Duration;

use accolade_postgres::rebuild;
use accolade_postgres::settings::Settings;
use accolade_postgres::sink;
use accolade_server::outlets::Outlet;
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use tokio::net::UnixStream;

use crate::Ended;
use crate::arguments::Where;
use crate::config::Config;
use crate::following::Followed;
use crate::hosting::{Hosted, SOCKET_FILE, no_metrics};
use crate::terminal::{Interrupt, Sure, grouped, note, printable, progress, say};

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
        long_about = "Lists what is configured to follow the journal, topics and tables, with how far it is \
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
        long_about = "Says how far each is behind, and asks the database how far each partition is, and \
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
    /// Empty the tables and write them anew from the journal
    #[command(
        long_about = "Empties all tables but those of dead letters and game events, and writes them anew from the journal's \
                      first batch. Points go on meanwhile; readers see fewer rows until it is done. Where nodes run \
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

/// Begins to project what a node folds.
pub(crate) fn begin(settings: Settings, hosted: &Hosted) -> std::io::Result<Arc<Followed>> {
    let tables = Arc::new(Followed(sink::start(settings, hosted.feed())?));
    hosted.service.add_outlet(Arc::clone(&tables) as Arc<dyn Outlet>);
    Ok(tables)
}

/// Runs `accolade projection`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    let config = Config::load(place)?;
    if list::names(&config)?.is_empty() {
        bail!("nothing follows the journal: `postgres.url` is not set, and no topics are written");
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
            let settings = settings(&config)?;
            check_name(&config, &name)?;
            sure.ask(
                "empty all tables but those of dead letters and game events, and write them anew from the journal",
            )?;
            rebuild(&config, settings).await
        }
    }
}

fn settings(config: &Config) -> anyhow::Result<Settings> {
    let settings = config.postgres.settings()?;
    settings.context("`postgres.url` is not set: there is no projection of that kind")
}

fn check_name(config: &Config, name: &str) -> anyhow::Result<()> {
    let names = list::names(config)?;
    if names.contains(&name) {
        return Ok(());
    }
    let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    bail!("`{name}` is no projection of this configuration: it has {known}");
}

async fn rebuild(config: &Config, settings: Settings) -> anyhow::Result<Ended> {
    let socket = config.data_dir.join(SOCKET_FILE);
    if is_of_a_cluster(config) || UnixStream::connect(&socket).await.is_ok() {
        rebuild::restart(&settings).await?;
        note(
            "all tables but those of dead letters and game events are empty; whichever nodes run write them anew",
        );
        return watch(&settings).await;
    }
    if !config.data_dir.join("FORMAT").exists() {
        bail!(
            "there is no data directory `{}`: name another with `--data-dir`",
            config.data_dir.display()
        );
    }
    let hosted = Hosted::start(config.node_options(), config.settings(), no_metrics()).await?;
    let done = by_ourselves(&hosted, settings).await;
    let stopped = hosted.stop().await;
    done.and_then(|ended| stopped.map(|()| ended))
}

#[cfg(feature = "cluster")]
const fn is_of_a_cluster(config: &Config) -> bool {
    config.cluster.brokers.is_some()
}

#[cfg(not(feature = "cluster"))]
const fn is_of_a_cluster(_: &Config) -> bool {
    false
}

/// Watches the node at work, by what the tables say.
async fn watch(settings: &Settings) -> anyhow::Result<Ended> {
    let interrupt = Interrupt::watch();
    let bar = progress(Some(1), "batches");
    loop {
        let partitions = rebuild::progress(settings).await?;
        let next = partitions.iter().map(|one| one.next).sum();
        bar.set_length(partitions.iter().map(|one| one.journal_end.max(one.next)).sum());
        bar.set_position(next);
        let is_done = |one: &rebuild::Progress| one.next > 1 && one.next >= one.journal_end;
        if partitions.iter().all(is_done) {
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

/// Projects in this process until everything is written.
async fn by_ourselves(hosted: &Hosted, settings: Settings) -> anyhow::Result<Ended> {
    let interrupt = Interrupt::watch();
    rebuild::restart(&settings).await?;
    let projection = sink::start(settings, hosted.feed())?;
    let bar = progress(Some(1), "batches left to write");
    let mut troubles: Vec<String> = Vec::new();
    loop {
        let status = projection.status();
        let caught_up = status.is_caught_up();
        if let Some(left) = status.lag_batches {
            bar.set_length(bar.length().unwrap_or(0).max(left));
            bar.set_position(left);
        }
        for trouble in status.trouble.iter().filter(|trouble| !troubles.contains(trouble)) {
            note(format_args!("it waits: {}", printable(trouble)));
        }
        troubles = status.trouble;
        if caught_up {
            bar.finish_and_clear();
            say(format_args!("rebuilt: {} rows of the ledger", grouped(status.records)))?;
            return Ok(Ended::Well);
        }
        if interrupt.has_come() {
            bar.finish_and_clear();
            note("ended before all was written; the next node goes on from there");
            return Ok(Ended::Badly);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
