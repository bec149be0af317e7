//! The command line, with the help that teaches it.

use std::convert::Infallible;
use std::path::PathBuf;

use accolade_wire::secret::Secret;
use clap::{Args, Parser, Subcommand};

use crate::{
    audit, behaviour, bench, completions, config, contexts, dead_letters, demo, doctor, explain,
    ingest, operator, program, restore, roles, serve, status, topic,
};

/// Loyalty points from wagers, exactly once, with a ledger that can be proved.
#[derive(Debug, Parser)]
#[command(
    version,
    long_about = "\
Accolade turns wagers and game events into loyalty points, exactly once, and keeps a ledger that can \
be proved to anyone afterwards. One process, one data directory, nothing else to install.

To see it at work:
  accolade demo

To start with your own:
  accolade serve                                     # in one terminal
  accolade operator add operator-789                 # in another; prints the API key, once
  accolade program publish my-program.yaml --operator operator-789 --why \"the first one\"
  accolade ingest wagers.ndjson
  accolade explain WAGER_ID",
    after_help = "\
Which node: `--url`, `--context` or `--data-dir` says so; else ACCOLADE_URL, ACCOLADE_CONTEXT or \
ACCOLADE_DATA_DIR, the first that is set; else the context that `accolade context use` has named; else the \
data directory ./accolade-data. A node elsewhere is asked by its API with a key. One of this machine is asked \
through the socket in its data directory, and a stopped one is opened for as long as the command takes.

Ends with 0 where all is well, 1 where the answer is no (refused, not found, a check failed, a node unwell), 2 \
where the command line is wrong, and 3 where nobody could be asked (no node, no answer in time, no TLS, 5xx).",
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Arguments {
    /// Where the node is.
    #[command(flatten)]
    pub(crate) place: Where,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Which node, and how it is configured.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Where {
    /// The data directory of the node [default: ./accolade-data]
    #[arg(long, global = true, env = "ACCOLADE_DATA_DIR", value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// A configuration file; `accolade config template` prints one
    #[arg(long, global = true, env = "ACCOLADE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A node elsewhere, such as `https://points.example:8080` [env: `ACCOLADE_URL`]
    #[arg(long, global = true, value_name = "URL", conflicts_with = "context")]
    pub(crate) url: Option<String>,
    /// What opens it; others on this machine may see it here, unlike in a file or in `ACCOLADE_KEY`
    #[arg(long, global = true, value_name = "KEY", conflicts_with = "key_file", value_parser = secret)]
    pub(crate) key: Option<Secret>,
    /// A file with the key [env: `ACCOLADE_KEY_FILE`]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// The authorities of its certificate, as PEM [default: this machine's] [env: `ACCOLADE_CA`]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// A node elsewhere by the name of its context; `local` for the one of this machine [env: `ACCOLADE_CONTEXT`]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Whether the command line names the data directory or the configuration.
    #[arg(skip)]
    pub(crate) is_here: bool,
}

#[expect(clippy::unnecessary_wraps, reason = "clap asks so")]
fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
}

/// The commands, in the order in which a newcomer meets them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a node with sample operators and players, and watch it
    Demo(demo::Arguments),
    /// Run a node: HTTP API, log, fold and ledger in one process
    Serve(serve::Arguments),
    /// Add, list, pause and resume operators
    Operator(operator::Arguments),
    /// Make, list, rotate and revoke the API keys of an operator
    Key(crate::key::Arguments),
    /// Make, list, change, try and remove the webhooks of an operator
    Webhook(crate::webhook::Arguments),
    /// Add, list, change, withdraw and stock what points are redeemed for
    Reward(crate::reward::Arguments),
    /// Make, schedule, end and cancel tournaments, and show who is at which position
    Tournament(crate::tournament::Arguments),
    /// Show who is at which position in a game
    Game(crate::game::Arguments),
    /// Show a player's account, redeem points, adjust balances, exclude players
    Player(crate::player::Arguments),
    /// List players' signals, release and take points that are held for them
    Signal(crate::signal::Arguments),
    /// Say what an operator's players earned, spent and still have
    Summary(crate::summary::Arguments),
    /// Take the ledger of all of an operator's players out
    Ledger(crate::ledger::Arguments),
    /// Say which role may ask which route of the API
    Roles(roles::Arguments),
    /// Check, publish, compare and show loyalty programs
    Program(program::Arguments),
    /// Load wagers or game events from a file
    Ingest(ingest::Arguments),
    /// Say why a wager earned what it did, or nothing
    Explain(explain::Arguments),
    /// Read what a node puts out, such as `loyalty.balances`
    Topic(topic::Arguments),
    /// Prove that every balance is what the ledger says
    Audit(audit::Arguments),
    /// Look whether everything is there that a node needs, and say what to do
    Doctor(doctor::Arguments),
    /// Say how a node is
    Status(status::Arguments),
    /// See, repair, retry and give up what could not be processed
    DeadLetters(dead_letters::Arguments),
    /// Let a partition that stands pass over the input that stopped it
    Skip(status::SkipArguments),
    /// Say by which behaviour the fold decides, or switch to another
    Behaviour(behaviour::Arguments),
    /// Look at what follows the journal (topics, SQL tables, Redis), or have it written anew
    #[cfg(any(feature = "postgres", feature = "redis"))]
    Projection(crate::projection::Arguments),
    /// Bring a node back from where its checkpoints were shipped
    Restore(restore::Arguments),
    /// Bring an embedded node's state into a new cluster
    #[cfg(feature = "cluster")]
    Cluster(crate::adopt::Arguments),
    /// Name nodes elsewhere, with the keys that open them, and say which one commands are for
    Context(contexts::Arguments),
    /// Print, check and show the configuration of a node
    Config(config::Arguments),
    /// Print what a shell needs to complete this command line
    Completions(completions::Arguments),
    /// Measure the bars on this machine
    Bench(bench::Arguments),
}

impl Command {
    /// Why it is of this machine alone, if it is.
    pub(crate) const fn only_here(&self) -> Option<&'static str> {
        match self {
            Self::Demo(_) => Some("starts a node of its own"),
            Self::Serve(_) => Some("runs a node on this machine"),
            Self::Doctor(_) => Some("looks at this machine: run it where the node is to run"),
            #[cfg(any(feature = "postgres", feature = "redis"))]
            Self::Projection(_) => {
                Some("asks the database that the configuration of the node names")
            }
            Self::Restore(_) => Some("brings a data directory of this machine back"),
            #[cfg(feature = "cluster")]
            Self::Cluster(_) => Some("reads a data directory of this machine"),
            Self::Config(_) => Some("reads the configuration of a node of this machine"),
            Self::Bench(_) => Some("measures this machine"),
            Self::Operator(_)
            | Self::Key(_)
            | Self::Webhook(_)
            | Self::Reward(_)
            | Self::Tournament(_)
            | Self::Game(_)
            | Self::Player(_)
            | Self::Signal(_)
            | Self::Summary(_)
            | Self::Ledger(_)
            | Self::Roles(_)
            | Self::Program(_)
            | Self::Ingest(_)
            | Self::Explain(_)
            | Self::Topic(_)
            | Self::Audit(_)
            | Self::Status(_)
            | Self::DeadLetters(_)
            | Self::Skip(_)
            | Self::Behaviour(_)
            | Self::Context(_)
            | Self::Completions(_) => None,
        }
    }
}
