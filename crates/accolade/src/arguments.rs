//! The command line, with the help that teaches it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{
    audit, behaviour, bench, config, dead_letters, demo, doctor, explain, ingest, operator,
    program, restore, serve, status, topic,
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
Every command works beside a running node, through the socket in its data directory, and on a stopped \
one, which it then opens for itself. It ends with 0 where all is well, with 1 where something failed or \
was refused, and with 2 where the command line itself is wrong.",
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
#[derive(Debug, Clone, Args)]
pub(crate) struct Where {
    /// The data directory of the node [default: ./accolade-data]
    #[arg(long, global = true, env = "ACCOLADE_DATA_DIR", value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// A configuration file; `accolade config template` prints one
    #[arg(long, global = true, env = "ACCOLADE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
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
    /// Say which role may ask which route of the API
    Roles,
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
    /// Look at the SQL projection, or have it written anew
    #[cfg(feature = "postgres")]
    Projection(crate::projection::Arguments),
    /// Bring a node back from where its checkpoints were shipped
    Restore(restore::Arguments),
    /// Bring an embedded node's state into a new cluster
    #[cfg(feature = "cluster")]
    Cluster(crate::adopt::Arguments),
    /// Print a configuration file with every setting and its default
    Config(config::Arguments),
    /// Measure the bars on this machine
    Bench(bench::Arguments),
}
